/* What stands in for a few of libgearman's imports; see interpose.c. Outside a scope they behave as the originals do.
 *
 * poll: see wait.c. send, shutdown: see flow.c; libgearman reports the loss of any connection as if it were that
 * of the task that is waited for.
 *
 * getenv: a client may be made without the servers of GEARMAN_SERVERS.
 *
 * send, recv: never wait, also where the socket is blocking (direct.c); libgearman's own are not.
 *
 * connect, send, recv: in a rehearsal (rehearsal.c) the server's part is played here, without a network. recv also
 * mends a packet of gearmand's (mend.c).
 *
 * setsockopt: libgearman asks for 32 KiB socket buffers (GEARMAN_DEFAULT_SOCKET_SEND_SIZE). On loopback one
 * segment then fills the buffer and every segment waits for a delayed acknowledgement: 1 MiB takes 0.6 s.
 * Left alone, the kernel sizes the buffers by itself. It also asks for a close() that waits up to ten seconds for a
 * server that does not read (SO_LINGER); without it, what was sent is delivered as well. */
#define _GNU_SOURCE
#include "glue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int (*real_setsockopt)(int, int, int, const void *, socklen_t) = setsockopt;

static int our_setsockopt(int fd, int level, int option, const void *value, socklen_t size) {
  bool unwanted = level == SOL_SOCKET && (option == SO_SNDBUF || option == SO_RCVBUF || option == SO_LINGER);
  if (unwanted && gcffi_current_scope()) {
    return 0;
  }
  return real_setsockopt(fd, level, option, value, size);
}

static ssize_t (*real_send)(int, const void *, size_t, int) = send;

static ssize_t our_send(int fd, const void *data, size_t size, int flags) {
  gcffi_scope *scope = gcffi_current_scope();
  flags |= MSG_DONTWAIT; /* see recv_wait.c */
  if (!scope) {
    return real_send(fd, data, size, flags);
  }
  if (scope->rehearsal) {
    return (ssize_t)size;
  }
  if (gcffi_is_inherited(scope)) {
    return errno = EPIPE, -1;
  }
  scope->sent = true;
  gcffi_conn *conn = gcffi_conn_of(fd);
  ssize_t sent = scope->client   ? gcffi_client_send(scope->client, conn, fd, data, size, flags)
                 : scope->worker ? gcffi_worker_send(scope->worker, scope, conn, fd, data, size, flags)
                                 : real_send(fd, data, size, flags);
  if (conn && sent > 0) {
    gcffi_conn_sent(conn, data, (size_t)sent);
  }
  return sent;
}

static int (*real_connect)(int, const struct sockaddr *, socklen_t) = connect;

static bool may_connect(gcffi_scope *scope, int fd, const struct sockaddr *address, socklen_t size) {
  if (gcffi_is_inherited(scope) || gcffi_is_torn(scope)) {
    return false;
  }
  if (scope->client) {
    return gcffi_client_connects(scope->client, fd, address, size);
  }
  if (scope->worker) {
    gcffi_worker_connects(scope->worker, fd);
  }
  return gcffi_conn_open(fd, NULL, address, size);
}

static int our_connect(int fd, const struct sockaddr *address, socklen_t size) {
  gcffi_scope *scope = gcffi_current_scope();
  if (scope && scope->rehearsal) {
    return 0;
  }
  if (scope && !may_connect(scope, fd, address, size)) {
    return errno = ECONNREFUSED, -1;
  }
  return real_connect(fd, address, size);
}

static ssize_t (*real_recv)(int, void *, size_t, int) = recv;

static ssize_t our_recv(int fd, void *data, size_t size, int flags) {
  gcffi_scope *scope = gcffi_current_scope();
  if (!scope) {
    return real_recv(fd, data, size, flags | MSG_DONTWAIT);
  }
  if (scope->rehearsal) {
    size = size < sizeof gcffi_granted - 1 ? size : sizeof gcffi_granted - 1;
    memcpy(data, gcffi_granted, size);
    return (ssize_t)size;
  }
  if (gcffi_is_inherited(scope)) {
    return 0;
  }
  gcffi_conn *conn = gcffi_conn_of(fd);
  return conn ? gcffi_receive(scope, conn, data, size, flags) : real_recv(fd, data, size, flags | MSG_DONTWAIT);
}

static char *(*real_getenv)(const char *) = getenv;

static char *our_getenv(const char *name) {
  gcffi_scope *scope = gcffi_current_scope();
  return scope && scope->no_environment ? NULL : real_getenv(name);
}

static int (*real_shutdown)(int, int) = shutdown;

static int our_shutdown(int fd, int how) {
  gcffi_scope *scope = gcffi_current_scope();
  if (scope) {
    gcffi_conn *conn = gcffi_conn_of(fd);
    gcffi_end_incoming(scope, conn);
    if (scope->client) {
      gcffi_client_disconnected(scope->client, conn);
    } else if (scope->worker) {
      gcffi_worker_disconnected(scope->worker, fd);
    }
    if (conn) {
      conn->open = false;
    }
  }
  return gcffi_is_inherited(scope) ? 0 : real_shutdown(fd, how);
}

const gcffi_stand_in gcffi_stand_ins[] = {
    {"poll", (void *)gcffi_poll, GCFFI_POLL},
    {"__poll_chk", (void *)gcffi_poll, GCFFI_POLL}, /* what a fortified build calls; its one argument more is ignored */
    {"setsockopt", (void *)our_setsockopt, 0},
    {"connect", (void *)our_connect, 0},
    {"getenv", (void *)our_getenv, 0},
    {"secure_getenv", (void *)our_getenv, 0},
    {"send", (void *)our_send, GCFFI_SEND},
    {"recv", (void *)our_recv, GCFFI_RECV},
    {"shutdown", (void *)our_shutdown, 0},
    {NULL, NULL, 0},
};
