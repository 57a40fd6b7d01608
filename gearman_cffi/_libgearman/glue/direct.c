/* Waiting for one server's answer in recv(), without a poll() before it.
 *
 * A client that has sent a job reads from one connection next, and nothing else can happen meanwhile. So the poll() before
 * is left out, its descriptor shown as ready, and the recv() that libgearman makes then waits on a socket that is
 * blocking; all else that is sent and received does not wait (stand_ins.c). The timeout that ends a wait for a look at
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

static bool make_blocking(gcffi_socket *socket) {
  struct timeval patience = {.tv_usec = GCFFI_LOOK_AGAIN_AFTER / 1000};
  int flags = socket->blocks ? 0 : fcntl(socket->fd, F_GETFL);
  socket->blocks = socket->blocks || (flags >= 0 && gcffi_sees_all_data() &&
      setsockopt(socket->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
      fcntl(socket->fd, F_SETFL, flags & ~O_NONBLOCK) == 0);
  return socket->blocks;
}

static void wake_up_at(gcffi_socket *socket, int least) {
  least = least > socket->unread ? least : socket->unread + 1;
  if (socket->least != least && setsockopt(socket->fd, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least) == 0) {
    socket->least = least;
  }
}

static gcffi_socket *socket_of(gcffi_scope *scope, int fd) {
  gcffi_carrier *carrier = scope->client ? gcffi_carrier_of(scope->client, fd) : NULL;
  gcffi_socket *socket = carrier ? &carrier->socket : scope->worker ? &scope->worker->socket : NULL;
  return socket && socket->fd == fd ? socket : NULL;
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
void gcffi_await_more(gcffi_scope *scope, int fd, ssize_t unread) {
  gcffi_socket *socket = socket_of(scope, fd);
  if (socket) {
    socket->unread = (int)unread;
  }
}

static bool can_be_left(const gcffi_scope *scope, const struct pollfd *fds, nfds_t count) {
  return scope->receives && count == 1 && fds->events == POLLIN && !scope->awaits && !scope->looks;
}

/* Whether a client's wait can be left to the recv() after it. Not twice: something else must have come between them.
 * Not after a recv() that has waited for nothing, and not where time is short. */
bool gcffi_leave_to_receive(gcffi_scope *scope, struct pollfd *fds, nfds_t count, int64_t limit) {
  gcffi_socket *socket = can_be_left(scope, fds, count) ? socket_of(scope, fds->fd) : NULL;
  scope->awaits = socket && has_time(limit) && make_blocking(socket);
  if (scope->awaits) {
    wake_up_at(socket, scope->expects > 1 ? scope->expects : 1);
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
void gcffi_leave_answer_to_receive(gcffi_scope *scope, int fd, const void *sent, size_t size) {
  gcffi_socket *socket = &scope->worker->socket;
  if (scope->receives && gcffi_asks_for_a_job(sent, size)) {
    if (socket->fd != fd && !socket->blocks) {
      *socket = (gcffi_socket){.fd = fd, .least = 1};
    }
    scope->awaits = socket->fd == fd && has_time(scope->deadline) && make_blocking(socket);
    scope->until = scope->deadline;
  }
}

static bool is_noop(const unsigned char *packet, ssize_t size) {
  return size == GCFFI_HEAD && packet[GCFFI_COMMAND] == GEARMAN_COMMAND_NOOP;
}

/* recv() for libgearman, which waits if that was left to it. Where a signal or the timeout ends it early, libgearman waits
 * once more, and a look at the signals comes first. */
ssize_t gcffi_receive_directly(gcffi_scope *scope, int fd, void *data, size_t size, int flags) {
  gcffi_socket *socket = scope->awaits ? socket_of(scope, fd) : NULL;
  if (!socket) {
    return recv(fd, data, size, flags | MSG_DONTWAIT);
  }
  scope->awaits = false;
  struct pollfd connection = {.fd = fd, .events = POLLIN};
  if (!gcffi_has_come(scope, &connection, 1) && scope->looks) {
    return errno = EAGAIN, -1;
  }
  ssize_t got = recv(fd, data, size, flags);
  scope->looks = got < 0 || (got > 0 && got < socket->least);
  if (scope->worker && is_noop(data, got)) {
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
  for (int i = 0; i < client->carrier_count; i++) {
    wake_up_at(&client->carriers[i].socket, 1);
  }
}

#else

bool gcffi_has_ended(int fd) {
  struct pollfd connection = {.fd = fd};
  return poll(&connection, 1, 0) == 1;
}

void gcffi_await_more(gcffi_scope *scope, int fd, ssize_t unread) { (void)scope, (void)fd, (void)unread; }

bool gcffi_leave_to_receive(gcffi_scope *scope, struct pollfd *fds, nfds_t count, int64_t limit) {
  (void)scope, (void)fds, (void)count, (void)limit;
  return false;
}

void gcffi_leave_answer_to_receive(gcffi_scope *scope, int fd, const void *sent, size_t size) {
  (void)scope, (void)fd, (void)sent, (void)size;
}

ssize_t gcffi_receive_directly(gcffi_scope *scope, int fd, void *data, size_t size, int flags) {
  (void)scope;
  return recv(fd, data, size, flags);
}

void gcffi_wake_up_at_once(gcffi_client *client) { (void)client; }

#endif
