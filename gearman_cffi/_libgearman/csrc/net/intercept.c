/* What libgearman calls in place of a few functions of the C library (see got.c). Outside our calls they do the same.
 *
 * Each looks the connection up once, and asks the hooks of the call that is running. */
#include "net.h"
#include "opening.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void note_open(const struct pollfd *polled) {
  gcffi_conn *conn = polled->revents & POLLOUT ? gcffi_conn_of(polled->fd) : NULL;
  if (conn && conn->is_connecting) {
    conn->is_connecting = false;
    gcffi_tcp_is_open(conn->fd);
  }
}

static int our_poll(struct pollfd *fds, nfds_t count, int timeout) {
  gcffi_call *call = gcffi_current_call;
  if (!call) {
    return poll(fds, count, timeout);
  }
  int ready = call->io && call->io->poll ? call->io->poll(call->self, call, fds, count, timeout)
                                         : gcffi_call_poll(call, fds, count, timeout);
  for (nfds_t i = 0; i < count; i++) {
    note_open(&fds[i]);
  }
  return ready;
}

/* What this thread's last look-up has found, if it is one address. */
static _Thread_local gcffi_address only_address;

/* May take long, and nothing can end it. So the deadline moves on meanwhile: a worker that looks the name of a lost server
 * up again and again still has time for the others. */
static int our_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                           struct addrinfo **found) {
  gcffi_call *call = gcffi_current_call;
  int64_t before = gcffi_now();
  gcffi_gil_release();
  int rc = getaddrinfo(host, service, hints, found);
  if (call && call->deadline != GCFFI_NEVER) {
    call->deadline += gcffi_now() - before;
  }
  bool is_only = rc == 0 && !(*found)->ai_next;
  only_address = is_only ? gcffi_address_of((*found)->ai_addr, (*found)->ai_addrlen) : (gcffi_address){.size = 0};
  return rc;
}

static int our_connect(int fd, const struct sockaddr *address, socklen_t size) {
  gcffi_call *call = gcffi_current_call;
  if (!call) {
    return connect(fd, address, size);
  }
  gcffi_conn *conn = gcffi_call_is_forked(call) ? NULL : gcffi_conn_open(fd, address, size);
  gcffi_verdict verdict = conn ? GCFFI_CONNECT : GCFFI_CONNECT_REFUSE;
  if (conn) {
    conn->is_only_address = gcffi_address_is(&conn->address, &only_address);
  }
  if (conn && call->io && call->io->connecting) {
    verdict = call->io->connecting(call->self, conn);
  }
  switch (verdict) {
  case GCFFI_CONNECT:
    conn->is_connecting = true;
    return connect(fd, address, size);
  case GCFFI_CONNECT_PRETEND: return 0;
  case GCFFI_CONNECT_IS_OPEN: return errno = EINPROGRESS, -1; /* as for each connection that does not block */
  default:
    gcffi_conn_close(conn);
    return errno = verdict == GCFFI_CONNECT_LATER ? EHOSTUNREACH : ECONNREFUSED, -1;
  }
}

/* libgearman sends and receives as long as it can. After the call's deadline it has to wait, which ends the call; and if
 * that closes the connections, they are closed. */
static ssize_t refuse_late(const gcffi_call *call, ssize_t closed) {
  bool is_closed = call->kind != GCFFI_CALL_RUNS && call->state != GCFFI_GOES_ON;
  errno = is_closed ? EPIPE : EAGAIN;
  return is_closed ? closed : -1;
}

/* A server that still owes the answer to a request for a job is not asked again, and needs not wake the worker up. */
static bool is_due_already(const gcffi_conn *conn, unsigned char command) {
  return (conn->grab != GCFFI_GRAB_ANSWERED && gcffi_is_grab(command)) ||
         (conn->grab == GCFFI_GRAB_LATE && command == GEARMAN_COMMAND_PRE_SLEEP);
}

/* Q45: for libgearman a connection that TCP has given up is not lost. */
static ssize_t as_lost(ssize_t moved) {
  if (moved < 0 && (errno == ETIMEDOUT || errno == EHOSTUNREACH || errno == ENETUNREACH)) {
    errno = ECONNRESET;
  }
  return moved;
}

/* Never waits: a worker's socket may be blocking (recv_wait.c), and libgearman counts on one that is not. */
static ssize_t our_send(int fd, const void *data, size_t size, int flags) {
  gcffi_call *call = gcffi_current_call;
  gcffi_conn *conn = call ? gcffi_conn_of(fd) : NULL;
  flags |= MSG_DONTWAIT;
  if (gcffi_call_is_forked(call)) {
    return errno = EPIPE, -1;
  }
  if (!conn) {
    return send(fd, data, size, flags);
  }
  if (is_due_already(conn, gcffi_bare_command(data, size))) {
    return GCFFI_HEAD;
  }
  if (call->io && call->io->grants_exceptions && gcffi_asks_for_exceptions(data, size)) {
    conn->shows_option = true;
    return (ssize_t)size;
  }
  if (gcffi_call_is_late(call)) {
    return refuse_late(call, -1);
  }
  ssize_t sent = call->io && call->io->send ? call->io->send(call->self, call, conn, data, size, flags)
                                              : send(fd, data, size, flags);
  gcffi_conn_sent(conn, data, sent);
  conn->received = 0;
  return as_lost(sent);
}

#define LARGEST_RECV_WITH_GIL (1 << 20)
#define LARGEST_RECV (1 << 22)

/* libgearman receives as long as something comes, and a wait checks no signals if something is there already. So after
 * this many times it has to wait, and the wait checks. Then stop() is obeyed too. */
enum { MOST_RECEIVED = 64 };

static bool must_wait(gcffi_call *call, gcffi_conn *conn) {
  if (conn->received < MOST_RECEIVED) {
    return false;
  }
  conn->received = 0;
  call->check_signals_first = true;
  return true;
}

static ssize_t our_recv(int fd, void *data, size_t size, int flags) {
  gcffi_call *call = gcffi_current_call;
  gcffi_conn *conn = call ? gcffi_conn_of(fd) : NULL;
  if (gcffi_call_is_forked(call)) {
    return 0;
  }
  if (size > LARGEST_RECV_WITH_GIL) {
    gcffi_gil_release(); /* recv() goes on as long as the server sends */
  }
  if (!conn) {
    return recv(fd, data, size, flags | MSG_DONTWAIT);
  }
  if (gcffi_call_is_late(call)) {
    return refuse_late(call, 0);
  }
  if (must_wait(call, conn)) {
    return gcffi_inbound_nothing(conn, data, size);
  }
  ssize_t got = gcffi_inbound_recv(call, conn, data, size < LARGEST_RECV ? size : LARGEST_RECV, flags);
  conn->received += got > 0;
  return as_lost(got);
}

/* Q30: libgearman reports the loss of any connection as if it were that of the task it waits for. */
static int our_shutdown(int fd, int how) {
  gcffi_call *call = gcffi_current_call;
  gcffi_conn *conn = call ? gcffi_conn_of(fd) : NULL;
  if (conn && call->io && call->io->disconnected) {
    call->io->disconnected(call->self, conn);
  }
  gcffi_conn_close(conn);
  return gcffi_call_is_forked(call) || (conn && conn->is_kept) ? 0 : shutdown(fd, how);
}

/* Socket buffers of 32 KiB (Q02), and a close() that waits ten seconds (Q03). */
static int our_setsockopt(int fd, int level, int option, const void *value, socklen_t size) {
  bool unwanted = level == SOL_SOCKET && (option == SO_SNDBUF || option == SO_RCVBUF || option == SO_LINGER);
  return unwanted && gcffi_current_call ? 0 : setsockopt(fd, level, option, value, size);
}

/* Q35: a client or worker may be made without the servers of GEARMAN_SERVERS. */
static char *our_getenv(const char *name) {
  gcffi_call *call = gcffi_current_call;
  return call && call->kind == GCFFI_CALL_CREATES ? NULL : getenv(name);
}

/* Q41: libgearman 2.0 compares the beginnings of handles. */
static int our_strncmp(const char *a, const char *b, size_t size) {
  return gcffi_current_call && gcffi_handle_is_prefix(a, b, size) ? 1 : strncmp(a, b, size);
}

const gcffi_replacement gcffi_replacements[] = {
    {"poll", (void *)our_poll, GCFFI_POLL},
    {"__poll_chk", (void *)our_poll, GCFFI_POLL}, /* of a fortified build; one more argument, which is ignored */
    {"getaddrinfo", (void *)our_getaddrinfo, GCFFI_OTHER},
    {"connect", (void *)our_connect, GCFFI_OTHER},
    {"send", (void *)our_send, GCFFI_SEND},
    {"recv", (void *)our_recv, GCFFI_RECV},
    {"shutdown", (void *)our_shutdown, GCFFI_OTHER},
    {"setsockopt", (void *)our_setsockopt, GCFFI_OTHER},
    {"getenv", (void *)our_getenv, GCFFI_OTHER},
    {"secure_getenv", (void *)our_getenv, GCFFI_OTHER},
    {"strncmp", (void *)our_strncmp, GCFFI_STRNCMP},
    {NULL, NULL, GCFFI_OTHER},
};
