/* Connections that a worker of several servers opens while it serves the others.
 *
 * libgearman stays with one server until the connection is open or has failed. So the worker connects a socket of its
 * own, tells libgearman that the server cannot be reached, and puts the open connection into the place of libgearman's
 * when it tries that server again, as it does in each search for a job. */
#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* After a connection that was not open in time the next one begins this much later. */
#define RETRY_NS 1000000000LL
#define SILENT_RETRY_NS 5000000000LL /* after one that answers nothing, each of which costs GCFFI_PATIENCE_NS */

struct gcffi_attempt {
  size_t address_size;
  unsigned char address[sizeof(struct sockaddr_in6)];
  int fd;           /* of the connection that is being opened, or -1 */
  bool is_slow;     /* the last one was not open within GCFFI_PATIENCE_NS: the next one is not waited for */
  bool was_offered; /* it is open, and libgearman has searched since: it needs it no more */
  int64_t retry_at;
};

/* Once for each address. NULL if there is no memory. */
static gcffi_attempt *attempt_for(gcffi_worker *worker, const gcffi_conn *conn) {
  for (size_t i = 0; i < worker->attempt_count; i++) {
    gcffi_attempt *known = &worker->attempts[i];
    if (known->address_size == conn->address_size && memcmp(known->address, conn->address, conn->address_size) == 0) {
      return known;
    }
  }
  gcffi_attempt *more = realloc(worker->attempts, (worker->attempt_count + 1) * sizeof *more);
  if (!more) {
    return NULL;
  }
  worker->attempts = more;
  more += worker->attempt_count++;
  *more = (gcffi_attempt){.fd = -1, .address_size = conn->address_size};
  memcpy(more->address, conn->address, conn->address_size);
  return more;
}

static void give_up(gcffi_attempt *attempt) {
  close(attempt->fd);
  attempt->fd = -1;
  attempt->was_offered = false;
  attempt->retry_at = attempt->is_slow ? gcffi_now() + RETRY_NS : 0;
}

/* With the options that libgearman sets. */
static bool begin(gcffi_attempt *attempt, const gcffi_worker *worker) {
  const struct sockaddr *address = (const struct sockaddr *)attempt->address;
  int on = 1, fd = socket(address->sa_family, SOCK_STREAM, 0);
  if (fd < 0) {
    return false;
  }
  attempt->fd = fd;
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  gcffi_tcp_opens(fd, worker->connect_timeout);
  if (connect(fd, address, (socklen_t)attempt->address_size) == 0 || errno == EINPROGRESS) {
    return true;
  }
  give_up(attempt);
  return false;
}

/* Whether it has ended; then, whether it is open. */
static bool has_ended(const gcffi_attempt *attempt, bool *is_open) {
  struct pollfd polled = {.fd = attempt->fd, .events = POLLOUT};
  bool ended = poll(&polled, 1, 0) != 0;
  *is_open = ended && !(polled.revents & (POLLERR | POLLHUP | POLLNVAL));
  return ended;
}

static bool put_in_place(gcffi_attempt *attempt, int fd) {
  bool is_in_place = dup2(attempt->fd, fd) == fd && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
  attempt->is_slow = false;
  give_up(attempt);
  gcffi_tcp_is_open(fd);
  return is_in_place;
}

/* For the hook "connecting". With one server libgearman connects by itself: there is nothing else to do. */
gcffi_verdict gcffi_worker_connect(gcffi_worker *worker, gcffi_conn *conn) {
  gcffi_attempt *attempt = worker->server_count > 1 && conn->address_size ? attempt_for(worker, conn) : NULL;
  conn->connect_timeout = worker->connect_timeout;
  if (!attempt) {
    return GCFFI_CONNECT;
  }
  if (attempt->fd < 0) {
    if (gcffi_now() < attempt->retry_at) {
      return GCFFI_CONNECT_LATER;
    }
    if (!begin(attempt, worker)) {
      return GCFFI_CONNECT_REFUSE;
    }
    if (worker->may_wait && !attempt->is_slow) {
      struct pollfd opening = {.fd = attempt->fd, .events = POLLOUT};
      gcffi_call *call = gcffi_current_call;
      int64_t until = gcffi_now() + GCFFI_PATIENCE_NS;
      gcffi_call_wait_until(call, &opening, 1, until < call->deadline ? until : call->deadline);
    }
  }
  bool is_open;
  if (!has_ended(attempt, &is_open)) {
    attempt->is_slow = true;
    return GCFFI_CONNECT_LATER;
  }
  if (is_open) {
    return put_in_place(attempt, conn->fd) ? GCFFI_CONNECT_IS_OPEN : GCFFI_CONNECT_REFUSE;
  }
  give_up(attempt);
  return GCFFI_CONNECT_REFUSE;
}

/* A server that is connected and answers nothing: libgearman tries it again later. */
void gcffi_worker_postpone(gcffi_worker *worker, const gcffi_conn *conn) {
  gcffi_attempt *attempt = conn->address_size ? attempt_for(worker, conn) : NULL;
  if (attempt) {
    attempt->retry_at = gcffi_now() + SILENT_RETRY_NS;
  }
}

/* Whether a connection is being opened. */
bool gcffi_worker_is_connecting(const gcffi_worker *worker) {
  for (size_t i = 0; i < worker->attempt_count; i++) {
    if (worker->attempts[i].fd >= 0) {
      return true;
    }
  }
  return false;
}

/* Adds them to what the worker waits for. */
void gcffi_worker_watch_attempts(gcffi_worker *worker) {
  for (size_t i = 0; i < worker->attempt_count; i++) {
    gcffi_attempt *attempt = &worker->attempts[i];
    if (attempt->fd >= 0 && attempt->was_offered) {
      give_up(attempt); /* another address of that server is connected */
    }
    if (attempt->fd >= 0) {
      gcffi_pollset_add(&worker->pollset, attempt->fd, POLLOUT);
    }
  }
}

/* After the wait: whether a connection is open. Those that have failed are tried again later. */
bool gcffi_worker_offer_attempts(gcffi_worker *worker) {
  bool any = false, is_open;
  for (size_t i = 0; i < worker->attempt_count; i++) {
    gcffi_attempt *attempt = &worker->attempts[i];
    if (attempt->fd >= 0 && has_ended(attempt, &is_open)) {
      attempt->was_offered = is_open;
      any = any || is_open;
      if (!is_open) {
        give_up(attempt);
      }
    }
  }
  return any;
}

void gcffi_worker_drop_attempts(gcffi_worker *worker) {
  for (size_t i = 0; i < worker->attempt_count; i++) {
    if (worker->attempts[i].fd >= 0) {
      close(worker->attempts[i].fd);
    }
  }
  free(worker->attempts);
}
