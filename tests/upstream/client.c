/* Defects of libgearman's client. Each function prints what happens; the comment says what should. */
#include "reproduce.h"

/* Q01: a signal must be able to end a wait. */
static void silent(int fd, int number) {
  (void)number;
  skip(fd, 0);
}
static void on_signal(int number) { (void)number; }
static void Q01(void) {
  struct sigaction without_restart = {.sa_handler = on_signal};
  pid_t waits = fork();
  if (waits == 0) {
    sigaction(SIGUSR1, &without_restart, NULL);
    run_job(client(server(silent), 60000));
    _exit(0);
  }
  sleep(1);
  kill(waits, SIGUSR1);
  sleep(1);
  SAY(waitpid(waits, NULL, WNOHANG) == 0 ? "still waits after a signal" : "returns");
  kill(waits, SIGKILL);
}

/* Q02, Q03: the kernel's buffers should be left alone, and close() should not wait. */
static void echoes(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_ECHO_REQ);
  SEND(fd, PACKET("\x11", "\x01", "x"));
  skip(fd, 0);
}
static int connected(void) {
  gearman_client_echo(client(server(echoes), 2000), "x", 1);
  for (int fd = 3; fd < 50; fd++) {
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && size == sizeof peer) {
      return fd;
    }
  }
  return -1;
}
static void Q02(void) {
  int bytes;
  socklen_t size = sizeof bytes;
  getsockopt(connected(), SOL_SOCKET, SO_SNDBUF, &bytes, &size);
  SAY("send buffer: %d bytes", bytes); /* Linux shows twice what was set */
}
static void Q03(void) {
  struct linger linger;
  socklen_t size = sizeof linger;
  getsockopt(connected(), SOL_SOCKET, SO_LINGER, &linger, &size);
  SAY("lingers: %d for %d s", linger.l_onoff, linger.l_linger);
}

/* Q05: a task that was freed before it ended must not count any more. */
static void completes(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_SUBMIT_JOB);
  SEND(fd, CREATED PACKET("\x0d", "\x07", "H:x:1\0y"));
  skip(fd, 0);
}
static void Q05(void) {
  gearman_return_t rc;
  gearman_client_st *at = client(server(completes), 2000);
  gearman_task_st *freed = gearman_client_add_task(at, NULL, NULL, "f", NULL, "x", 1, &rc);
  gearman_client_add_task(at, NULL, NULL, "f", NULL, "x", 1, &rc);
  gearman_task_free(freed);
  SAY("%s", gearman_strerror(gearman_client_run_tasks(at)));
}

/* Q07: after a connection that ended within a packet, the next job must get its own result. */
static void cuts(int fd, int number) {
  static char part[50000];
  skip(fd, GEARMAN_COMMAND_SUBMIT_JOB);
  if (number == 1) {
    SEND(fd, CREATED "\0RES\0\0\0\x0d\0\0\xea\x66" "H:x:1\0");
    send(fd, part, sizeof part, MSG_NOSIGNAL);
    usleep(100000);
  } else {
    SEND(fd, CREATED PACKET("\x0d", "\x26", "H:x:1\0yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"));
    skip(fd, 0);
  }
}
static void Q07(void) {
  gearman_client_st *at = client(server(cuts), 1000);
  for (int i = 0; i < 3; i++) {
    SAY("%s", gearman_strerror(run_job(at)));
  }
}

/* Q08: a line of text without a blank must be refused. */
static void says_ok(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_SUBMIT_JOB);
  SEND(fd, "OK\n");
  skip(fd, 0);
}
static void Q08(void) { SAY("%s", gearman_strerror(run_job(client(server(says_ok), 1000)))); }

/* Q09: so must a packet with a negative command. */
static void negative(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_SUBMIT_JOB);
  SEND(fd, "\0RES\xff\0\0\x1f\0\0\0\x02" "ab");
  skip(fd, 0);
}
static void Q09(void) { SAY("%s", gearman_strerror(run_job(client(server(negative), 1000)))); }

/* Q10: gearmand sends this when a worker raises; the job must end. */
static void fails(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_SUBMIT_JOB);
  SEND(fd, CREATED PACKET("\x0e", "\x06", "H:x:1\0"));
  skip(fd, 0);
}
static void Q10(void) { SAY("%s", gearman_strerror(run_job(client(server(fails), 1000)))); }

/* Q11: an option that one server has granted must be asked for again over a new connection to it. */
static void grants_once(int fd, int number) {
  char data[100];
  for (int command; (command = request(fd, data, sizeof data));) {
    if (number == 2) {
      SAY("asked over the new connection: %s", command == GEARMAN_COMMAND_OPTION_REQ ? data : "nothing");
      return;
    }
    SEND(fd, PACKET("\x1b", "\x0a", "exceptions"));
    return;
  }
}
static void Q11(void) {
  gearman_client_st *at = client(1, 1000); /* nobody listens there */
  gearman_client_add_server(at, "127.0.0.1", server(grants_once));
  gearman_client_set_server_option(at, "exceptions", 10);
  for (int i = 0; i < 3; i++) {
    run_job(at);
  }
}

/* Q12: a packet for a job must not be taken for the answer to a ping. */
static void late(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_SUBMIT_JOB);
  SEND(fd, CREATED);
  skip(fd, GEARMAN_COMMAND_ECHO_REQ);
  SEND(fd, PACKET("\x0d", "\x0a", "H:x:1\0late") PACKET("\x11", "\x01", "x"));
  skip(fd, 0);
}
static void Q12(void) {
  gearman_client_st *at = client(server(late), 300);
  run_job(at);
  SAY("ping: %s", gearman_strerror(gearman_client_echo(at, "x", 1)));
}

/* Q13: an exception of an unbuffered task must have its data. */
static void raises(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_SUBMIT_JOB);
  SEND(fd, CREATED PACKET("\x19", "\x08", "H:x:1\0no"));
  skip(fd, 0);
}
static void Q13(void) {
  gearman_client_st *at = client(server(raises), 1000);
  gearman_client_add_options(at, GEARMAN_CLIENT_UNBUFFERED_RESULT);
  SAY("%s", gearman_strerror(run_job(at)));
}

/* Q14: a clone must have the servers in the same order. */
static void says_first(int fd, int number) {
  (void)number;
  if (skip(fd, GEARMAN_COMMAND_SUBMIT_JOB_BG)) {
    SAY("the first server");
  }
}
static void says_second(int fd, int number) {
  (void)number;
  if (skip(fd, GEARMAN_COMMAND_SUBMIT_JOB_BG)) {
    SAY("the second server");
  }
}
static void Q14(void) {
  gearman_job_handle_t handle;
  gearman_client_st *at = client(server(says_first), 300);
  gearman_client_add_server(at, "127.0.0.1", server(says_second));
  gearman_client_do_background(at, "f", NULL, "x", 1, handle);
  gearman_client_do_background(gearman_client_clone(NULL, at), "f", NULL, "x", 1, handle);
}

/* Q23: after a status by unique key, the next job must get its handle. */
static void knows_nothing(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_GET_STATUS_UNIQUE);
  SEND(fd, PACKET("\x2a", "\x0a", "u\0" "0\0" "0\0" "0\0" "0\0"));
  skip(fd, GEARMAN_COMMAND_SUBMIT_JOB);
  SEND(fd, CREATED PACKET("\x0d", "\x07", "H:x:1\0y"));
  skip(fd, 0);
}
static void Q23(void) {
  gearman_client_st *at = client(server(knows_nothing), 1000);
  gearman_client_unique_status(at, "u", 1);
  SAY("the next job: %s", gearman_strerror(run_job(at)));
}

/* Q24: the status of a job with a long handle must be found. */
#define LONG_HANDLE "H:0123456789012345678901234567890123456789012345678901234567890123"
static void knows_long_handle(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_GET_STATUS);
  SEND(fd, PACKET("\x14", "\x4a", LONG_HANDLE "\0" "1\0" "1\0" "1\0" "2"));
  skip(fd, 0);
}
static void Q24(void) {
  SAY("%s", gearman_strerror(gearman_client_job_status(client(server(knows_long_handle), 1000), LONG_HANDLE, NULL, NULL, NULL, NULL)));
}

/* Q25: a key of 64 bytes must be sent whole, or refused. */
static void says_unique(int fd, int number) {
  char data[200];
  (void)number;
  request(fd, data, sizeof data);
  SAY("%zu bytes of the key came", strcspn(data + 2, "|"));
}
static void Q25(void) {
  gearman_job_handle_t handle;
  char unique[65] = "";
  gearman_client_do_background(client(server(says_unique), 300), "f", memset(unique, 'u', 64), "x", 1, handle);
}

/* Q27: tasks should be submitted in their order. */
static void says_workloads(int fd, int number) {
  char data[200];
  (void)number;
  for (int i = 0; i < 2 && request(fd, data, sizeof data); i++) {
    SAY("%s", data);
  }
}
static void Q27(void) {
  gearman_return_t rc;
  gearman_client_st *at = client(server(says_workloads), 300);
  gearman_client_add_task_background(at, NULL, NULL, "f", "u", "first", 5, &rc);
  gearman_client_add_task_background(at, NULL, NULL, "f", "u", "second", 6, &rc);
  gearman_client_run_tasks(at);
}

/* Q28: twice as many tasks should take about twice as much CPU. */
static void answers_all(int fd, int number) {
  char handle[30], data[60];
  (void)number;
  int count = 0;
  for (; request(fd, data, sizeof data) == GEARMAN_COMMAND_SUBMIT_JOB && strcmp(data, "f|u|last") != 0; count++) {
  }
  for (int what = GEARMAN_COMMAND_JOB_CREATED; what; what = what == GEARMAN_COMMAND_JOB_CREATED ? GEARMAN_COMMAND_WORK_COMPLETE : 0) {
    for (int i = 0; i <= count; i++) {
      int size = snprintf(handle, sizeof handle, "H:x:%06d", i) + (what != GEARMAN_COMMAND_JOB_CREATED);
      unsigned char head[12] = {0, 'R', 'E', 'S', 0, 0, 0, (unsigned char)what, 0, 0, 0, (unsigned char)size};
      send(fd, head, 12, MSG_NOSIGNAL | MSG_MORE);
      send(fd, handle, (size_t)size, MSG_NOSIGNAL);
    }
  }
  skip(fd, 0);
}
static double seconds_for(int count) {
  struct timespec begin, end;
  gearman_return_t rc;
  gearman_client_st *at = client(server(answers_all), 60000);
  gearman_client_add_options(at, GEARMAN_CLIENT_FREE_TASKS);
  for (int i = 0; i < count; i++) {
    bool is_last = gearman_version()[0] == '1' ? i == 0 : i == count - 1; /* Q27 */
    gearman_client_add_task(at, NULL, NULL, "f", "u", is_last ? "last" : "x", is_last ? 4 : 1, &rc);
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
  gearman_client_run_tasks(at);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
  return (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
}
static void Q28(void) {
  double one = seconds_for(1500), two = seconds_for(6000);
  SAY("four times as many tasks take %s as long", two > 8 * one ? "more than eight times" : "up to eight times");
}

/* Q30: the end of another server's connection must not end the call. */
static void pings_and_leaves(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_ECHO_REQ);
  SEND(fd, PACKET("\x11", "\x01", "x"));
  usleep(500000);
}
static void answers_later(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_ECHO_REQ);
  SEND(fd, PACKET("\x11", "\x01", "x"));
  skip(fd, GEARMAN_COMMAND_SUBMIT_JOB);
  SEND(fd, CREATED);
  sleep(1);
  SEND(fd, PACKET("\x0d", "\x07", "H:x:1\0y"));
  skip(fd, 0);
}
static void Q30(void) {
  gearman_return_t rc;
  gearman_client_st *at = client(server(pings_and_leaves), 3000);
  gearman_client_add_server(at, "127.0.0.1", server(answers_later));
  gearman_client_echo(at, "x", 1);
  gearman_client_add_task(at, NULL, NULL, "f", NULL, "x", 1, &rc);
  SAY("%s", gearman_strerror(gearman_client_run_tasks(at)));
}

/* Q33: without TLS support, gearman_client_set_ssl() must fail. */
static void says_first_byte(int fd, int number) {
  char byte = 1;
  (void)number;
  recv(fd, &byte, 1, 0);
  SAY(byte == 0 ? "plain text" : "encrypted");
}
static void Q33(void) {
  gearman_client_st *at = client(server(says_first_byte), 300);
  gearman_client_set_ssl(at, true, NULL, NULL, NULL);
  run_job(at);
}

/* Q35: a client that is given its servers should be able to have only those. */
static void Q35(void) {
  char servers[50];
  snprintf(servers, sizeof servers, "127.0.0.1:%d", server(completes));
  setenv("GEARMAN_SERVERS", servers, 1);
  SAY("%s", gearman_strerror(run_job(client(1, 1000)))); /* nobody listens there */
}

/* Q40: what comes for a job and the answer to the request for its status must each go to their own task, in any order. */
#define JOB_ENDS PACKET("\x0d", "\x07", "H:x:1\0y")
#define STATUS PACKET("\x14", "\x0d", "H:x:1\0" "1\0" "1\0" "1\0" "2")
static void job_ends_first(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_SUBMIT_JOB);
  SEND(fd, CREATED);
  skip(fd, GEARMAN_COMMAND_GET_STATUS);
  SEND(fd, JOB_ENDS STATUS);
  skip(fd, 0);
}
static void status_comes_first(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_SUBMIT_JOB);
  SEND(fd, CREATED);
  skip(fd, GEARMAN_COMMAND_GET_STATUS);
  SEND(fd, STATUS JOB_ENDS);
  skip(fd, 0);
}
static gearman_return_t asks(gearman_task_st *task) {
  gearman_return_t rc;
  gearman_client_add_task_status(gearman_task_context(task), NULL, NULL, gearman_task_job_handle(task), &rc);
  return GEARMAN_SUCCESS;
}
static void ask_for_own_job(const char *when, void (*serve)(int fd, int number)) {
  gearman_return_t rc;
  gearman_client_st *at = client(server(serve), 1000);
  gearman_client_set_created_fn(at, asks);
  gearman_client_add_task(at, NULL, at, "f", NULL, "x", 1, &rc);
  SAY("%s: %s", when, gearman_strerror(gearman_client_run_tasks(at)));
}
static void Q40(void) {
  ask_for_own_job("the job ends first", job_ends_first);
  ask_for_own_job("the status comes first", status_comes_first);
}

/* Q41: a late answer must not go to the next job. */
static void answers_late(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_SUBMIT_JOB);
  SEND(fd, CREATED);
  skip(fd, GEARMAN_COMMAND_SUBMIT_JOB);
  SEND(fd, PACKET("\x0d", "\x0a", "H:x:1\0late") PACKET("\x08", "\x06", "H:x:10") PACKET("\x0d", "\x0a", "H:x:10\0own"));
  skip(fd, 0);
}
static void Q41(void) {
  size_t size = 0;
  gearman_return_t rc;
  gearman_client_st *at = client(server(answers_late), 300);
  run_job(at);
  char *answer = gearman_client_do(at, "f", NULL, "x", 1, &size, &rc);
  SAY("the second job got: %.*s", (int)size, answer ? answer : "");
}

/* Q46: two tasks with one unique key have the same job. The server sends each packet twice, once for each of them. */
static void sends_twice(int fd, int number) {
  (void)number;
  for (int i = 0; i < 2; i++) {
    skip(fd, GEARMAN_COMMAND_SUBMIT_JOB);
    SEND(fd, CREATED);
  }
  SEND(fd, PACKET("\x1c", "\x0a", "H:x:1\0part") PACKET("\x1c", "\x0a", "H:x:1\0part"));
  SEND(fd, PACKET("\x0d", "\x07", "H:x:1\0y") PACKET("\x0d", "\x07", "H:x:1\0y"));
  skip(fd, 0);
}
static gearman_return_t count_part(gearman_task_st *task) {
  ++*(int *)gearman_task_context(task);
  return GEARMAN_SUCCESS;
}
static void Q46(void) {
  int parts[2] = {0, 0};
  gearman_return_t rc;
  gearman_client_st *at = client(server(sends_twice), 1000);
  gearman_client_set_data_fn(at, count_part);
  gearman_client_add_task(at, NULL, &parts[0], "f", "u", "x", 1, &rc);
  gearman_client_add_task(at, NULL, &parts[1], "f", "u", "x", 1, &rc);
  gearman_client_run_tasks(at);
  SAY("one task got %d of %d parts", parts[0] > parts[1] ? parts[0] : parts[1], parts[0] + parts[1]);
}

/* Q47: JOB_CREATED must go to the job, and not to the request for a status, which was added later. */
static void creates_late(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_SUBMIT_JOB);
  skip(fd, GEARMAN_COMMAND_GET_STATUS);
  SEND(fd, CREATED PACKET("\x14", "\x0d", "H:x:9\0" "0\0" "0\0" "0\0" "0") JOB_ENDS);
  skip(fd, 0);
}
static void Q47(void) {
  gearman_return_t rc;
  gearman_client_st *at = client(server(creates_late), 300);
  gearman_client_add_options(at, GEARMAN_CLIENT_NON_BLOCKING);
  gearman_client_add_task(at, NULL, NULL, "f", NULL, "x", 1, &rc);
  for (int i = 0; i < 3; i++) { /* connects, and sends the job */
    gearman_client_run_tasks(at);
    gearman_client_wait(at);
  }
  gearman_client_remove_options(at, GEARMAN_CLIENT_NON_BLOCKING);
  gearman_client_add_task_status(at, NULL, NULL, "H:x:9", &rc);
  SAY("%s", gearman_strerror(gearman_client_run_tasks(at)));
}

int main(int count, char **arguments) {
  static const reproduction all[] = {
      {"Q01", Q01}, {"Q02", Q02}, {"Q03", Q03}, {"Q05", Q05}, {"Q07", Q07}, {"Q08", Q08}, {"Q09", Q09}, {"Q10", Q10},
      {"Q11", Q11}, {"Q12", Q12}, {"Q13", Q13}, {"Q14", Q14}, {"Q23", Q23}, {"Q24", Q24}, {"Q25", Q25}, {"Q27", Q27}, {"Q28", Q28},
      {"Q30", Q30}, {"Q33", Q33}, {"Q35", Q35}, {"Q40", Q40}, {"Q41", Q41}, {"Q46", Q46}, {"Q47", Q47}, {NULL, NULL},
  };
  return count == 2 ? reproduce(all, arguments[1]) : 2;
}
