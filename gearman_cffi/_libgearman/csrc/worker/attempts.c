/* Connections that a worker opens while it serves other servers.
 *
 * libgearman stays with one server until the connection is open or has failed. So the worker connects a socket of its
 * own, tells libgearman that the server cannot be reached, and puts the open connection into the place of libgearman's
 * when it tries that server again, as it does in each search for a job. */
#define _GNU_SOURCE
#include "versions.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* After a connection that was not open in time the next one begins this much later. */
#define RETRY_NS 1000000000LL
#define SILENT_RETRY_NS 5000000000LL /* after one that stopped answering */
#define FORGET_NS 60000000000LL      /* an address that was not tried for so long after that */

/* One for each address of a server. */
struct gcffi_attempt {
  gcffi_address address;
  int fd; /* of the connection, or -1 */
  bool is_open;
  bool is_only;     /* its server has no other address */
  bool has_failed;  /* and libgearman does not know it yet */
  bool is_slow;     /* the last one was not open within GCFFI_PATIENCE_NS: the next one is not waited for */
  bool was_offered; /* libgearman knows that it is open: what it does not take in its next search it does not need */
  bool owes_answer; /* the server does, to a worker of libgearman's that was replaced */
  gcffi_send_queue *queue; /* of that connection, or NULL */
  int64_t begun;
  int64_t until; /* when it fails, if it is not open */
  int64_t retry_at;
  int64_t failed_at; /* the last one; 0 if it has not failed */
};

/* --------------------------------------------------------------------------------- one connection */

#ifdef SOCK_CLOEXEC
static int new_socket(int family) { return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }
static bool replace_fd(int fd, int by) { return dup3(by, fd, O_CLOEXEC) == fd; }
#else
static int new_socket(int family) {
  int fd = socket(family, SOCK_STREAM, 0);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}
static bool replace_fd(int fd, int by) { return dup2(by, fd) == fd && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0; }
#endif

static bool is_opening(const gcffi_attempt *attempt) { return attempt->fd >= 0 && !attempt->is_open; }

static void end(gcffi_worker *worker, gcffi_attempt *attempt) {
  if (attempt->fd >= 0) {
    close(attempt->fd);
  }
  attempt->fd = -1;
  gcffi_send_queue_close(attempt->queue);
  attempt->queue = NULL;
  worker->kept_count -= attempt->owes_answer;
  attempt->is_open = attempt->was_offered = attempt->owes_answer = false;
}

static void fail(gcffi_worker *worker, gcffi_attempt *attempt) {
  end(worker, attempt);
  attempt->has_failed = true;
  attempt->failed_at = gcffi_now();
  attempt->retry_at = attempt->is_slow ? gcffi_now() + RETRY_NS : 0;
}

/* With the options that libgearman sets. */
static bool begin(gcffi_worker *worker, gcffi_attempt *attempt) {
  const struct sockaddr *address = (const struct sockaddr *)attempt->address.bytes;
  int on = 1, fd = new_socket(address->sa_family);
  if (fd < 0) {
    return false;
  }
  attempt->fd = fd;
  attempt->begun = gcffi_now();
  attempt->until = gcffi_after_ms(worker->connect_timeout);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  if (connect(fd, address, (socklen_t)attempt->address.size) == 0 || errno == EINPROGRESS) {
    return true;
  }
  fail(worker, attempt);
  return false;
}

/* A call that does not wait learns of a refused connection after the next wait, as PHP does. */
static bool shows_refusal(const gcffi_worker *worker, const gcffi_attempt *attempt) {
  struct pollfd polled = {.fd = attempt->fd};
  return worker->may_wait || !is_opening(attempt) || gcffi_is_over(attempt->until) || poll(&polled, 1, 0) == 0;
}

/* Whether it is open by now, has failed, or is late. */
static void look(gcffi_worker *worker, gcffi_attempt *attempt) {
  if (!is_opening(attempt)) {
    return;
  }
  struct pollfd polled = {.fd = attempt->fd, .events = POLLOUT};
  bool has_ended = poll(&polled, 1, 0) == 1;
  attempt->is_open = has_ended && !(polled.revents & (POLLERR | POLLHUP | POLLNVAL));
  bool is_late = !attempt->is_open && gcffi_is_over(attempt->until);
  attempt->is_slow = attempt->is_slow || is_late || (!attempt->is_open && gcffi_is_over(attempt->begun + GCFFI_PATIENCE_NS));
  if (is_late || (has_ended && !attempt->is_open)) {
    fail(worker, attempt);
  }
}

/* For a short time: most servers answer at once. */
static void wait_for(gcffi_attempt *attempt) {
  gcffi_call *call = gcffi_current_call;
  struct pollfd opening = {.fd = attempt->fd, .events = POLLOUT};
  int64_t until = gcffi_sooner(gcffi_now() + GCFFI_PATIENCE_NS, attempt->until);
  gcffi_call_wait_until(call, &opening, 1, gcffi_sooner(until, call->deadline));
}

static bool put_in_place(gcffi_worker *worker, gcffi_attempt *attempt, gcffi_conn *conn) {
  bool is_in_place = replace_fd(conn->fd, attempt->fd);
  if (is_in_place && attempt->owes_answer) {
    gcffi_worker_note_late(worker, conn);
    gcffi_worker_add_queue(worker, conn, gcffi_send_queue_share(attempt->queue));
  }
  attempt->is_slow = false;
  attempt->retry_at = attempt->failed_at = 0;
  end(worker, attempt);
  gcffi_tcp_is_open(conn->fd);
  return is_in_place;
}

/* ------------------------------------------------------------------------------------ all of them */

static bool is_forgotten(const gcffi_attempt *attempt) {
  return attempt->fd < 0 && gcffi_is_over(attempt->retry_at + FORGET_NS) &&
         gcffi_is_over(attempt->failed_at + FORGET_NS);
}

/* Returns NULL if there is no memory. */
static gcffi_attempt *attempt_at(gcffi_worker *worker, const gcffi_address *address) {
  gcffi_attempt *unused = NULL;
  for (size_t i = 0; i < worker->attempt_count; i++) {
    gcffi_attempt *attempt = &worker->attempts[i];
    if (gcffi_address_is(&attempt->address, address)) {
      return attempt;
    }
    unused = is_forgotten(attempt) ? attempt : unused;
  }
  if (!unused) {
    gcffi_attempt *more = realloc(worker->attempts, (worker->attempt_count + 1) * sizeof *more);
    if (!more) {
      return NULL;
    }
    worker->attempts = more;
    unused = more + worker->attempt_count++;
  }
  *unused = (gcffi_attempt){.fd = -1, .address = *address};
  return unused;
}

/* While it searches for jobs at other servers libgearman stays with a server's only address, so that it does not look the
 * name up in each search. */
static gcffi_verdict try_later(const gcffi_worker *worker, const gcffi_attempt *attempt) {
  return attempt->is_only && gcffi_worker_is_connected(worker) ? GCFFI_CONNECT_LATER : GCFFI_CONNECT_REFUSE;
}

/* Each failure once: the server may have another address now. */
static gcffi_verdict tell_failure(gcffi_attempt *attempt) {
  attempt->has_failed = false;
  return GCFFI_CONNECT_REFUSE;
}

/* For the hook "connecting". */
gcffi_verdict gcffi_worker_connect(gcffi_worker *worker, gcffi_conn *conn) {
  bool may_connect_later = conn->address.size && gcffi_waits_are_ours();
  gcffi_attempt *attempt = may_connect_later ? attempt_at(worker, &conn->address) : NULL;
  if (!attempt) {
    return worker->is_leaving ? GCFFI_CONNECT_REFUSE : GCFFI_CONNECT;
  }
  if (worker->is_leaving && !attempt->owes_answer) {
    return GCFFI_CONNECT_REFUSE;
  }
  attempt->is_only = attempt->is_only || conn->is_only_address;
  if (!shows_refusal(worker, attempt)) {
    return try_later(worker, attempt);
  }
  look(worker, attempt);
  if (attempt->fd < 0) {
    if (attempt->has_failed) {
      return tell_failure(attempt);
    }
    if (!gcffi_is_over(attempt->retry_at)) {
      return try_later(worker, attempt);
    }
    if (!begin(worker, attempt)) {
      return tell_failure(attempt);
    }
    if (worker->may_wait && !attempt->is_slow) {
      wait_for(attempt);
    }
    if (!shows_refusal(worker, attempt)) {
      return try_later(worker, attempt);
    }
    look(worker, attempt);
  }
  if (attempt->is_open) {
    return put_in_place(worker, attempt, conn) ? GCFFI_CONNECT_IS_OPEN : GCFFI_CONNECT_REFUSE;
  }
  return attempt->has_failed ? tell_failure(attempt) : try_later(worker, attempt);
}

/* A server has stopped answering: libgearman tries it again later. */
void gcffi_worker_postpone(gcffi_worker *worker, const gcffi_conn *conn) {
  gcffi_attempt *attempt = conn->address.size ? attempt_at(worker, &conn->address) : NULL;
  if (attempt) {
    attempt->retry_at = gcffi_now() + SILENT_RETRY_NS;
  }
}

/* No server can be reached, and the caller knows it: the next call tries them all. */
void gcffi_worker_retry_now(gcffi_worker *worker) {
  for (size_t i = 0; i < worker->attempt_count; i++) {
    worker->attempts[i].retry_at = 0;
  }
}

/* Whether a connection is being opened, or open and not in libgearman's hands. */
bool gcffi_worker_is_connecting(const gcffi_worker *worker) {
  size_t i = 0;
  while (i < worker->attempt_count && worker->attempts[i].fd < 0) {
    i++;
  }
  return i < worker->attempt_count;
}

/* Whether a connection to this address is being opened, and the one before has not failed. */
bool gcffi_worker_is_opening(const gcffi_worker *worker, const gcffi_address *address) {
  bool any = false;
  for (size_t i = 0; i < worker->attempt_count && !any; i++) {
    const gcffi_attempt *attempt = &worker->attempts[i];
    any = attempt->fd >= 0 && !attempt->failed_at && gcffi_address_is(&attempt->address, address);
  }
  return any;
}

/* Adds them to what the worker waits for. Returns when the first of them is late. */
int64_t gcffi_worker_watch_attempts(gcffi_worker *worker) {
  int64_t until = GCFFI_NEVER;
  for (size_t i = 0; i < worker->attempt_count; i++) {
    const gcffi_attempt *attempt = &worker->attempts[i];
    if (attempt->fd >= 0) {
      gcffi_pollset_add(&worker->pollset, attempt->fd, POLLOUT);
    }
    until = is_opening(attempt) ? gcffi_sooner(until, attempt->until) : until;
  }
  return until;
}

/* After the wait: whether a connection is open. */
bool gcffi_worker_offer_attempts(gcffi_worker *worker) {
  bool any = false;
  for (size_t i = 0; i < worker->attempt_count; i++) {
    gcffi_attempt *attempt = &worker->attempts[i];
    look(worker, attempt);
    attempt->was_offered = attempt->is_open;
    any = any || attempt->is_open;
  }
  return any;
}

/* After a search for a job that has come to all servers: what libgearman has not taken is a second address of a server. */
void gcffi_worker_end_offers(gcffi_worker *worker) {
  for (size_t i = 0; i < worker->attempt_count; i++) {
    if (worker->attempts[i].was_offered) {
      end(worker, &worker->attempts[i]);
    }
  }
}

void gcffi_worker_drop_attempts(gcffi_worker *worker) {
  for (size_t i = 0; i < worker->attempt_count; i++) {
    end(worker, &worker->attempts[i]);
    }
  free(worker->attempts);
}

/* ------------------------------------------------------------------- of a worker that is replaced */

/* Keeps a connection over which an answer is still to come. */
void gcffi_worker_keep_connection(gcffi_worker *worker, gcffi_conn *conn) {
  gcffi_attempt *attempt = conn->address.size ? attempt_at(worker, &conn->address) : NULL;
  int fd = attempt ? fcntl(conn->fd, F_DUPFD_CLOEXEC, 0) : -1;
  if (fd >= 0) {
    end(worker, attempt);
    attempt->fd = fd;
    attempt->queue = gcffi_send_queue_share(conn->queue);
    attempt->is_open = attempt->was_offered = attempt->owes_answer = conn->is_kept = true;
    worker->kept_count++;
  }
}
