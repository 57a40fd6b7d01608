/* Stands before the system's libgearman (LD_PRELOAD) and pretends to be a later one: it exports what 2.0 brought, has a
 * version of LATER_VERSION, imports OpenSSL's functions, and gives packets to tasks as 2.0 does (Q41). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libgearman-1.0/gearman.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

const char *gearman_version(void) { return getenv("LATER_VERSION"); }

/* A library that was built with OpenSSL imports this. */
void SSL_new(void) __attribute__((weak));
void *imports_openssl(void) { return (void *)SSL_new; }

/* The library is known by where this function is. */
gearman_client_st *gearman_client_create(gearman_client_st *client) { return REAL(gearman_client_create)(client); }

void gearman_worker_set_ssl(gearman_worker_st *worker, bool ssl, const char *ca, const char *certificate, const char *key) {
  (void)worker, (void)ssl, (void)ca, (void)certificate, (void)key;
}

/* --------------------------------------------------------------------------- jobs and their packets, as 2.0 has them */

enum { HEAD = 12, MOST_TASKS = 16, HANDLE = 64 };
static char handles[MOST_TASKS][HANDLE];
static unsigned char buffer[8192], args[8192];
static size_t buffered;
static char seen[65536];

/* A line for each packet: the number of the task that got it, or -, the command, and what follows the handle. */
const char *packets_of_tasks(void) { return seen; }

static int task_of(size_t arg_size) {
  const char *arg = (char *)args + HEAD;
  for (int task = 0; task < MOST_TASKS; task++) {
    const char *handle = handles[task];
    if (strlen(handle) <= arg_size && strncmp(handle, arg, strlen(handle)) == 0) {
      return task;
    }
  }
  return -1;
}

/* libgearman copies the head and the arguments of a packet over those of the one before. */
static void take(size_t size) {
  static int created;
  bool has_data = buffer[7] != GEARMAN_COMMAND_WORK_FAIL && buffer[7] != GEARMAN_COMMAND_JOB_CREATED;
  size_t arg_size = has_data ? strlen((char *)buffer + HEAD) + 1 : size;
  memcpy(args, buffer, HEAD + arg_size);
  if (buffer[7] == GEARMAN_COMMAND_JOB_CREATED) {
    memcpy(handles[created++], buffer + HEAD, size);
    return;
  }
  int task = task_of(arg_size);
  sprintf(seen + strlen(seen), "%d %d %.*s\n", task, buffer[7], (int)(size - arg_size), buffer + HEAD + arg_size);
}

static void converse(int fd) {
  ssize_t got;
  while ((got = recv(fd, buffer + buffered, sizeof buffer - buffered, 0)) != 0) {
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    if (got < 0 && (errno != EAGAIN || poll(&readable, 1, 20000) <= 0)) {
      return;
    }
    buffered += got < 0 ? 0 : (size_t)got;
    size_t size;
    while (buffered >= HEAD && (size = buffer[10] << 8 | buffer[11]) + HEAD <= buffered) {
      take(size);
      buffered -= HEAD + size;
      memmove(buffer, buffer + HEAD + size, buffered);
    }
  }
}

/* LATER_TASKS jobs at the server with the port LATER_PORT, until it closes the connection. */
gearman_return_t gearman_client_run_tasks(gearman_client_st *client) {
  static const char job[] = "\0REQ\0\0\0\x07\0\0\0\x04" "f\0\0x";
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(getenv("LATER_PORT")))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  (void)client;
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
    for (int left = atoi(getenv("LATER_TASKS")); left; left--) {
      send(fd, job, sizeof job - 1, 0);
    }
    converse(fd);
  }
  return GEARMAN_ERRNO;
}
