/* Small servers and clients that show defects of libgearman, one function each. Usage of the programs: PROGRAM Q08 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libgearman-1.0/gearman.h>

/* A packet of a server: the type, and data of up to 255 bytes with its size. */
#define PACKET(type, size, data) "\0RES\0\0\0" type "\0\0\0" size data
#define CREATED PACKET("\x08", "\x05", "H:x:1")
#define SEND(fd, bytes) send(fd, bytes, sizeof bytes - 1, MSG_NOSIGNAL)

/* Reads one request. Returns its command, or 0 at the end of the connection. */
static inline int request(int fd, char *data, size_t room) {
  unsigned char head[12];
  if (recv(fd, head, 12, MSG_WAITALL) != 12) {
    return 0;
  }
  size_t size = (size_t)head[8] << 24 | (size_t)head[9] << 16 | (size_t)head[10] << 8 | head[11];
  for (char byte; size && recv(fd, &byte, 1, 0) == 1; size--) {
    if (room > 1) {
      *data++ = byte ? byte : '|';
      room--;
    }
  }
  if (room) {
    *data = '\0';
  }
  return head[7];
}

static inline int skip(int fd, int command) {
  for (int got; (got = request(fd, NULL, 0));) {
    if (got == command) {
      return got;
    }
  }
  return 0;
}

/* Serves each connection in a process of its own, with its number from 1. Returns the port. */
static inline in_port_t server(void (*serve)(int fd, int number)) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  bind(listener, (struct sockaddr *)&address, size);
  listen(listener, 10);
  getsockname(listener, (struct sockaddr *)&address, &size);
  fflush(stdout);
  pid_t parent = getpid();
  if (fork() == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    if (getppid() != parent) {
      _exit(0);
    }
    for (int number = 1;; number++) {
      int fd = accept(listener, NULL, NULL);
      if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(fd, number);
        fflush(stdout);
        _exit(0);
      }
      close(fd);
    }
  }
  close(listener);
  return ntohs(address.sin_port);
}

static inline gearman_client_st *client(in_port_t port, int timeout) {
  gearman_client_st *made = gearman_client_create(NULL);
  gearman_client_add_server(made, "127.0.0.1", port);
  gearman_client_set_timeout(made, timeout);
  return made;
}

static inline gearman_worker_st *worker(in_port_t port, int timeout) {
  gearman_worker_st *made = gearman_worker_create(NULL);
  gearman_worker_add_server(made, "127.0.0.1", port);
  gearman_worker_set_timeout(made, timeout);
  return made;
}

static inline gearman_return_t run_job(gearman_client_st *at) {
  size_t size;
  gearman_return_t rc;
  free(gearman_client_do(at, "f", NULL, "x", 1, &size, &rc));
  return rc;
}

#define SAY(...) (printf(__VA_ARGS__), putchar('\n'), fflush(stdout))

typedef struct {
  const char *id;
  void (*show)(void);
} reproduction;

/* In a process of its own, for at most four seconds. */
static inline int reproduce(const reproduction *all, const char *id) {
  int status;
  for (; all->id && strcmp(all->id, id) != 0; all++) {
  }
  if (!all->id) {
    return 2;
  }
  pid_t child = fork();
  if (child == 0) {
    alarm(4);
    all->show();
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) {
    SAY(WTERMSIG(status) == SIGALRM ? "hangs" : "crashes");
  }
  return 0;
}
