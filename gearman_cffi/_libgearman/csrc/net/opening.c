/* Opening a connection takes limited time: connecting, and if the client asks for the exceptions of workers, the answer to
 * that too. To libgearman a server that is late looks like one that cannot be reached, so it tries the next one.
 *
 * libgearman asks by itself when it is connected, and waits inside for the answer. So the question is sent ahead, and
 * libgearman sees the connection as connected when the answer is there. */
#include "opening.h"

#include <string.h>
#include <sys/socket.h>

#include <libgearman-1.0/gearman.h>

static const char question[] = {"\0REQ\0\0\0\x1a\0\0\0\x0a" "exceptions"}; /* OPTION_REQ */
enum { QUESTION = sizeof question - 1 };
const char gcffi_granted[GCFFI_GRANTED] = {"\0RES\0\0\0\x1b\0\0\0\x0a" "exceptions"};

/* until: the time at which opening it fails; GCFFI_NEVER for none. */
void gcffi_opening_begin(gcffi_conn *conn, gcffi_first first, int64_t until) {
  conn->opening = GCFFI_CONNECTING;
  conn->first = first;
  conn->open_until = until;
}

/* The answer to what libgearman has asked has begun. */
static bool is_answered(const gcffi_conn *conn) { return conn->out.head_size && !conn->queries; }

static bool is_opening(gcffi_conn *conn) {
  if (conn && conn->opening == GCFFI_AWAITING && is_answered(conn)) {
    conn->opening = GCFFI_OPEN;
  }
  switch (conn ? conn->opening : GCFFI_OPEN) {
  case GCFFI_CONNECTING:
  case GCFFI_ASKING:
  case GCFFI_AWAITING: return true;
  default: return false;
  }
}

/* When the first of these connections is late; GCFFI_NEVER if none is being opened. */
int64_t gcffi_opening_until(const struct pollfd *fds, nfds_t count) {
  int64_t until = GCFFI_NEVER;
  for (nfds_t i = 0; i < count; i++) {
    gcffi_conn *conn = gcffi_conn_of(fds[i].fd);
    until = is_opening(conn) ? gcffi_sooner(until, conn->open_until) : until;
  }
  return until;
}

/* Those of these connections that are being opened are late from now on. */
void gcffi_opening_give_up(const struct pollfd *fds, nfds_t count) {
  for (nfds_t i = 0; i < count; i++) {
    gcffi_conn *conn = gcffi_conn_of(fds[i].fd);
    if (is_opening(conn)) {
      conn->open_until = 0;
    }
  }
}

/* Returns how many are being opened. */
static int prepare(struct pollfd *fds, nfds_t count) {
  int opening = 0;
  for (nfds_t i = 0; i < count; i++) {
    gcffi_conn *conn = gcffi_conn_of(fds[i].fd);
    if (is_opening(conn)) {
      fds[i].events = conn->opening == GCFFI_ASKING ? POLLIN : fds[i].events;
      opening++;
    }
  }
  return opening;
}

/* If it cannot be sent, libgearman finds out. */
static bool ask(gcffi_conn *conn) {
  conn->has_asked = send(conn->fd, question, QUESTION, MSG_DONTWAIT | MSG_NOSIGNAL) == QUESTION;
  if (conn->has_asked) {
    gcffi_conn_set_lowat(conn, GCFFI_GRANTED);
  }
  return conn->has_asked;
}

/* libgearman sees neither the question nor the answer. */
static bool ask_alone(gcffi_conn *conn) {
  bool has_asked = ask(conn);
  conn->has_asked = false;
  if (has_asked) {
    gcffi_conn_sent(conn, question, QUESTION);
    conn->removes_answer = true;
  }
  return has_asked;
}

static gcffi_opening after_connecting(gcffi_conn *conn) {
  switch (conn->first) {
  case GCFFI_FIRST_ASKS: return ask(conn) ? GCFFI_ASKING : GCFFI_OPEN;
  case GCFFI_FIRST_ASKS_ALONE: return ask_alone(conn) ? GCFFI_ASKING : GCFFI_OPEN;
  case GCFFI_FIRST_AWAITS: return GCFFI_AWAITING;
  default: return GCFFI_OPEN;
  }
}

/* revents: what poll() has found. Returns what libgearman may see of that. */
static int advance_one(gcffi_conn *conn, int revents, bool is_late) {
  if (is_late && (!revents || conn->opening == GCFFI_AWAITING)) {
    conn->opening = GCFFI_NOT_OPENED;
    shutdown(conn->fd, SHUT_RDWR);
    return POLLHUP;
  }
  if (!revents || conn->opening == GCFFI_AWAITING || (revents & (POLLERR | POLLHUP | POLLNVAL))) {
    return revents; /* after an error libgearman tries the next address */
  }
  if (conn->opening == GCFFI_ASKING) {
    conn->opening = GCFFI_OPEN;
    gcffi_conn_set_lowat(conn, 1);
    return POLLOUT;
  }
  conn->opening = after_connecting(conn);
  return conn->opening == GCFFI_ASKING ? 0 : revents;
}

/* Returns how many are ready for libgearman. */
static int advance(struct pollfd *fds, nfds_t count) {
  int ready = 0;
  int64_t now = gcffi_now();
  for (nfds_t i = 0; i < count; i++) {
    gcffi_conn *conn = gcffi_conn_of(fds[i].fd);
    if (is_opening(conn)) {
      fds[i].revents = (short)advance_one(conn, fds[i].revents, now >= conn->open_until);
    }
    ready += fds[i].revents != 0;
  }
  return ready;
}

static int wait_for_some(gcffi_call *call, struct pollfd *fds, nfds_t count, int64_t limit) {
  for (;;) {
    prepare(fds, count);
    int ready = gcffi_call_wait_until(call, fds, count, gcffi_sooner(limit, gcffi_opening_until(fds, count)));
    int shown = ready < 0 ? ready : advance(fds, count);
    if (shown) {
      return shown;
    }
    if (call->state != GCFFI_GOES_ON || (limit != GCFFI_NEVER && gcffi_now() >= limit)) {
      return gcffi_call_wait(call, fds, count, limit); /* which ends the call */
    }
  }
}

/* poll() for libgearman in a call that may open connections. Those of a forked child are its parent's. */
int gcffi_opening_poll(gcffi_call *call, struct pollfd *fds, nfds_t count, int timeout_ms) {
  gcffi_pollset *pollset = call->pollset;
  if (gcffi_call_is_forked(call) || !prepare(fds, count)) {
    return gcffi_call_poll(call, fds, count, timeout_ms);
  }
  if (!pollset) {
    return wait_for_some(call, fds, count, gcffi_limit(call, timeout_ms));
  }
  int ready = gcffi_call_poll(call, fds, count, timeout_ms);
  if (pollset->use == GCFFI_COLLECT) {
    pollset->deadline = gcffi_sooner(pollset->deadline, gcffi_opening_until(fds, count));
    return ready;
  }
  int shown = ready < 0 ? ready : advance(fds, count);
  if (shown && call->state == GCFFI_TIMED_OUT && !gcffi_call_is_late(call)) {
    call->state = GCFFI_GOES_ON; /* only opening a connection took too long */
  }
  return shown ? shown : ready; /* woken up for nothing that libgearman may see, if some are ready */
}

bool gcffi_asks_for_exceptions(const void *data, size_t size) {
  return size == QUESTION && memcmp(data, question, size) == 0;
}

/* True if libgearman is about to ask what has been asked already. */
bool gcffi_opening_has_asked(gcffi_conn *conn, const void *data, size_t size) {
  bool has_asked = conn->has_asked && gcffi_asks_for_exceptions(data, size);
  conn->has_asked = conn->has_asked && !has_asked;
  return has_asked;
}
