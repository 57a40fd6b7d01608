/* Defects of libgearman's worker. Each function prints what happens; the comment says what should. */
#include "reproduce.h"

#define NO_JOB PACKET("\x0a", "\0", "")
#define JOB PACKET("\x1f", "\x0b", "H:x:1\0f\0u\0x") /* JOB_ASSIGN_UNIQ */

static void *done(gearman_job_st *job, void *context, size_t *size, gearman_return_t *rc) {
  (void)job, (void)context;
  *size = 0;
  *rc = GEARMAN_SUCCESS;
  return NULL;
}

static gearman_worker_st *registered(in_port_t port, int timeout, gearman_worker_fn *function) {
  gearman_worker_st *made = worker(port, timeout);
  gearman_worker_remove_options(made, GEARMAN_WORKER_GRAB_ALL);
  gearman_worker_add_options(made, GEARMAN_WORKER_GRAB_UNIQ);
  gearman_worker_add_function(made, "f", 0, function, NULL);
  return made;
}

static const char *name_of(int command) {
  switch (command) {
  case GEARMAN_COMMAND_CAN_DO: return "CAN_DO";
  case GEARMAN_COMMAND_CANT_DO: return "CANT_DO";
  case GEARMAN_COMMAND_RESET_ABILITIES: return "RESET_ABILITIES";
  case GEARMAN_COMMAND_SET_CLIENT_ID: return "SET_CLIENT_ID";
  case GEARMAN_COMMAND_ECHO_REQ: return "ECHO_REQ";
  case GEARMAN_COMMAND_WORK_FAIL: return "WORK_FAIL";
  default: return "";
  }
}

/* Says what comes, and has no job. */
static void says(int fd, int number) {
  char data[300];
  for (int command; (command = request(fd, data, sizeof data));) {
    if (*name_of(command)) {
      SAY("connection %d: %s %s", number, name_of(command), command == GEARMAN_COMMAND_ECHO_REQ ? "" : data);
    }
    if (command == GEARMAN_COMMAND_ECHO_REQ) {
      SEND(fd, PACKET("\x11", "\x01", "x"));
    } else if (command == GEARMAN_COMMAND_GRAB_JOB_UNIQ) {
      SEND(fd, NO_JOB);
    }
  }
}

/* Q15: a grab after "no job" must ask again. */
static void one_job(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_GRAB_JOB_UNIQ);
  SEND(fd, JOB);
  while (skip(fd, GEARMAN_COMMAND_GRAB_JOB_UNIQ)) {
    SEND(fd, NO_JOB);
  }
}
static void Q15(void) {
  gearman_return_t rc;
  gearman_worker_st *at = registered(server(one_job), 300, done);
  gearman_worker_add_options(at, GEARMAN_WORKER_NON_BLOCKING);
  for (int i = 0; i < 20; i++) {
    gearman_worker_grab_job(at, NULL, &rc);
    gearman_worker_wait(at);
  }
  SAY("%s", gearman_strerror(rc));
}

/* Q16: a timeout while a job is received must not lose it. */
static void slow_job(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_GRAB_JOB_UNIQ);
  SEND(fd, "\0RES\0\0\0\x1f\0\0\0\x2a" "H:x:1\0f\0u\0" "half of it");
  sleep(1);
  SEND(fd, "and the other half of it");
  SAY("%s", skip(fd, GEARMAN_COMMAND_WORK_COMPLETE) ? "the job is done" : "the job is lost");
}
static void Q16(void) {
  gearman_worker_st *at = registered(server(slow_job), 300, done);
  for (int i = 0; i < 6; i++) {
    gearman_worker_work(at);
  }
}

/* Q17: after one call that was ended by gearman_kill(), the next must wait again. */
static void Q17(void) {
  gearman_worker_st *at = registered(server(says), 300, done);
  gearman_worker_work(at);
  gearman_kill(gearman_worker_id(at), GEARMAN_INTERRUPT);
  for (int i = 0; i < 3; i++) {
    SAY("%s", gearman_strerror(gearman_worker_work(at)));
  }
}

/* Q19: a clone must not have a function that was unregistered. */
static void Q19(void) {
  gearman_worker_st *at = registered(server(says), 300, done);
  gearman_worker_work(at);
  gearman_worker_unregister(at, "f");
  gearman_worker_work(gearman_worker_clone(NULL, at));
}

/* Q20: a function that is removed and added must be there afterwards: CANT_DO before CAN_DO. */
static void Q20(void) {
  gearman_worker_st *at = registered(server(says), 300, done);
  gearman_worker_work(at);
  gearman_worker_unregister(at, "f");
  gearman_worker_add_function(at, "f", 0, done, NULL);
  gearman_worker_work(at);
}

/* Q21: over a connection that a ping has opened again the functions must be announced. */
static void drops_first(int fd, int number) {
  if (number > 1) {
    says(fd, number);
  }
  skip(fd, GEARMAN_COMMAND_GRAB_JOB_UNIQ);
}
static void Q21(void) {
  gearman_worker_st *at = registered(server(drops_first), 300, done);
  gearman_worker_work(at);
  gearman_worker_echo(at, "x", 1);
  gearman_worker_echo(at, "x", 1);
  gearman_worker_work(at);
  SAY("end");
}

/* Q22: with a timeout of 0 a large result must be sent in several calls. */
static void takes_result(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_GRAB_JOB_UNIQ);
  SEND(fd, JOB);
  if (skip(fd, GEARMAN_COMMAND_WORK_COMPLETE)) {
    SAY("the result has come");
  }
}
static void *megabytes(gearman_job_st *job, void *context, size_t *size, gearman_return_t *rc) {
  (void)job, (void)context;
  *rc = GEARMAN_SUCCESS;
  return calloc(1, *size = 5000000);
}
static void Q22(void) {
  gearman_worker_st *at = registered(server(takes_result), 0, megabytes);
  for (int i = 0; i < 200; i++) {
    gearman_worker_work(at);
    usleep(10000);
  }
  SAY("end");
}

/* Q29: work() with a timeout must end, also while it sends. */
static void stops_reading(int fd, int number) {
  (void)number;
  skip(fd, GEARMAN_COMMAND_GRAB_JOB_UNIQ);
  SEND(fd, JOB);
  pause();
}
static void *large(gearman_job_st *job, void *context, size_t *size, gearman_return_t *rc) {
  (void)job, (void)context;
  *rc = GEARMAN_SUCCESS;
  return calloc(1, *size = 50000000);
}
static void Q29(void) { SAY("%s", gearman_strerror(gearman_worker_work(registered(server(stops_reading), 500, large)))); }

/* Q36: a work() that runs no job must not succeed. */
static void *fails(gearman_job_st *job, void *context, size_t *size, gearman_return_t *rc) {
  SAY("runs the job");
  done(job, context, size, rc);
  *rc = GEARMAN_WORK_FAIL;
  return NULL;
}
static void Q36(void) {
  gearman_worker_st *at = registered(server(one_job), 500, fails);
  for (int i = 0; i < 2; i++) {
    SAY("%s", gearman_strerror(gearman_worker_work(at)));
  }
}

/* Q38: a server must get the worker's name over a new connection too. */
static void Q38(void) {
  gearman_worker_st *at = registered(server(drops_first), 300, done);
  gearman_worker_set_identifier(at, "name", 4);
  for (int i = 0; i < 4; i++) {
    gearman_worker_work(at);
  }
}

int main(int count, char **arguments) {
  static const reproduction all[] = {
      {"Q15", Q15}, {"Q16", Q16}, {"Q17", Q17}, {"Q19", Q19}, {"Q20", Q20}, {"Q21", Q21},
      {"Q22", Q22}, {"Q29", Q29}, {"Q36", Q36}, {"Q38", Q38}, {NULL, NULL},
  };
  return count == 2 ? reproduce(all, arguments[1]) : 2;
}
