/* Waiting for one server's answer in recv(), without a poll() before it.
 *
 * A client that has sent a job reads from one connection next, and nothing else can happen meanwhile. So the poll() before
 * is left out, its descriptor shown as ready, and the recv() that libgearman makes then waits on a socket that is
 * blocking; all else that is sent and received does not wait (intercept.c). The timeout that ends a wait for a look at
 * the signals (wait.c) stays set on the socket, where it costs nothing.
 *
 * That recv() also knows how much is worth waking up for. A job in the foreground is named by its server at once and
 * answered later, and nobody asks for the name before that: with SO_RCVLOWAT just above the size of the name's packet the
 * process sleeps through it, which spares a change of processes for each job. Where no more than the name comes until the
 * timeout, the wait goes on in poll(), which any byte ends.
 *
 * A worker that has asked a server for a job reads the answer next, which comes at once: there libgearman's first recv()
 * waits, which would find nothing otherwise and be followed by a poll() and another one.
 *
 * Linux only: elsewhere these options mean less. */
#define _GNU_SOURCE
#include "glue.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#ifdef __linux__

static bool make_blocking(gcffi_conn *conn) {
  struct timeval patience = {.tv_usec = GCFFI_LOOK_AGAIN_AFTER / 1000};
  int flags = conn->is_blocking ? 0 : fcntl(conn->fd, F_GETFL);
  conn->is_blocking = conn->is_blocking || (flags >= 0 && gcffi_sees_all_data() &&
      setsockopt(conn->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
      fcntl(conn->fd, F_SETFL, flags & ~O_NONBLOCK) == 0);
  return conn->is_blocking;
}

static void set_lowat(gcffi_conn *conn, int least) {
  least = least > conn->unread ? least : conn->unread + 1;
  if (conn->lowat != least && setsockopt(conn->fd, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least) == 0) {
    conn->lowat = least;
  }
}

/* A client has one connection at most that wakes up for less than any byte. */
static void wake_up_at(gcffi_client *client, gcffi_conn *conn, int least) {
  if (client->lowat_fd != conn->fd) {
    gcffi_wake_up_at_once(client);
    client->lowat_fd = conn->fd;
  }
  set_lowat(conn, least);
}

static bool has_time(int64_t limit) {
  return limit == GCFFI_NEVER || limit - gcffi_now() > 2 * GCFFI_LOOK_AGAIN_AFTER;
}

/* Whether the server has closed its side: nothing more will come. */
bool gcffi_has_ended(int fd) {
  struct pollfd connection = {.fd = fd, .events = POLLRDHUP};
  return poll(&connection, 1, 0) == 1;
}

/* Ends no wait before more has come than what was left unread. */
void gcffi_await_more(gcffi_scope *scope, gcffi_conn *conn, ssize_t unread) {
  if (conn->unread != unread) {
    conn->unread = (int)unread;
    wake_up_at(scope->client, conn, 1);
  }
}

static bool can_be_left(const gcffi_scope *scope, const gcffi_conn *conn, const struct pollfd *fds, nfds_t count) {
  return scope->receives && count == 1 && conn && conn->carries == scope->client && fds->events == POLLIN && !scope->awaits && !scope->looks;
}

/* Whether a client's wait can be left to the recv() after it. Not twice: something else must have come between them.
 * Not after a recv() that has waited for nothing, and not where time is short. */
bool gcffi_leave_to_receive(gcffi_scope *scope, gcffi_conn *conn, struct pollfd *fds, nfds_t count, int64_t limit) {
  scope->awaits = can_be_left(scope, conn, fds, count) && has_time(limit) && make_blocking(conn);
  if (scope->awaits) {
    wake_up_at(scope->client, conn, scope->expects > 1 ? scope->expects : 1);
    scope->until = limit;
    fds->revents = POLLIN;
  } else {
    gcffi_wake_up_at_once(scope->client);
  }
  scope->expects = 0;
  return scope->awaits;
}

/* A worker has sent something. The server answers at once where that was the question for a job. Of several servers this is
 * done for one: to make sockets ready in turn would cost more than it spares. */
void gcffi_leave_answer_to_receive(gcffi_scope *scope, gcffi_conn *conn) {
  gcffi_worker *worker = scope->worker;
  if (scope->receives) {
    worker->recv_fd = worker->recv_fd < 0 ? conn->fd : worker->recv_fd;
    scope->awaits = worker->recv_fd == conn->fd && has_time(scope->deadline) && make_blocking(conn);
    scope->until = scope->deadline;
  }
}

/* recv() for libgearman, which waits if that was left to it. Where a signal or the timeout ends it early, libgearman waits
 * once more, and a look at the signals comes first. */
ssize_t gcffi_receive_directly(gcffi_scope *scope, const gcffi_conn *conn, void *data, size_t size, int flags) {
  if (!scope->awaits || !conn->is_blocking) {
    return recv(conn->fd, data, size, flags | MSG_DONTWAIT);
  }
  scope->awaits = false;
  if (scope->looks) {
    return errno = EAGAIN, -1;
  }
  ssize_t got = recv(conn->fd, data, size, flags);
  scope->looks = got < 0 || (got > 0 && got < conn->lowat);
  if (scope->worker && gcffi_is_noop(data, got)) {
    scope->awaits = true; /* what woke the worker up, and made it ask; the answer is still to come */
  } else if (got > 0) {
    scope->until = GCFFI_NEVER; /* the next wait is another one */
  }
  if (got < 0 && errno == EINTR) {
    errno = EAGAIN; /* libgearman would begin again */
  }
  return got;
}

/* For waits that are poll()'s. */
void gcffi_wake_up_at_once(gcffi_client *client) {
  gcffi_conn *conn = gcffi_conn_of(client->lowat_fd);
  if (conn && conn->carries == client) {
    set_lowat(conn, 1);
  }
  client->lowat_fd = -1;
}

#else

bool gcffi_has_ended(int fd) {
  struct pollfd connection = {.fd = fd};
  return poll(&connection, 1, 0) == 1;
}

void gcffi_await_more(gcffi_scope *scope, gcffi_conn *conn, ssize_t unread) { (void)scope, (void)conn, (void)unread; }

bool gcffi_leave_to_receive(gcffi_scope *scope, gcffi_conn *conn, struct pollfd *fds, nfds_t count, int64_t limit) {
  (void)scope, (void)conn, (void)fds, (void)count, (void)limit;
  return false;
}

void gcffi_leave_answer_to_receive(gcffi_scope *scope, gcffi_conn *conn) { (void)scope, (void)conn; }

ssize_t gcffi_receive_directly(gcffi_scope *scope, const gcffi_conn *conn, void *data, size_t size, int flags) {
  (void)scope;
  return recv(conn->fd, data, size, flags);
}

void gcffi_wake_up_at_once(gcffi_client *client) { (void)client; }

#endif
