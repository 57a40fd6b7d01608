/* A worker waits for the answer to its request for a job in recv(), without a poll() before it.
 *
 * The answer comes at once. libgearman's first recv() would find nothing, a poll() and a second recv() would follow. So
 * the socket is made blocking, with a timeout after which signals are checked; everything else that is sent and
 * received over it does not wait (intercept.c). Measured for a Worker that drains a queue: 9 % of the CPU of worker and
 * gearmand together, and 9 % more jobs a second. Linux only: elsewhere these options mean less. */
#define _GNU_SOURCE
#include "versions.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

#ifdef __linux__

static bool make_blocking(gcffi_conn *conn) {
  struct timeval timeout = {.tv_usec = GCFFI_SIGNAL_RECHECK_NS / 1000};
  int flags = conn->is_blocking ? 0 : fcntl(conn->fd, F_GETFL);
  conn->is_blocking = conn->is_blocking || (flags >= 0 && gcffi_library.all_io_is_ours &&
      setsockopt(conn->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0 &&
      fcntl(conn->fd, F_SETFL, flags & ~O_NONBLOCK) == 0);
  return conn->is_blocking;
}

static bool has_time(const gcffi_call *call) {
  return call->deadline == GCFFI_NEVER || call->deadline - gcffi_now() > 2 * GCFFI_SIGNAL_RECHECK_NS;
}

/* The worker has asked for a job. Of several servers one is waited for so: to make sockets ready in turn would cost
 * more than it saves. */
void gcffi_worker_expect_answer(gcffi_worker *worker, const gcffi_call *call, gcffi_conn *conn) {
  worker->recv_fd = worker->recv_fd < 0 ? conn->fd : worker->recv_fd;
  if (worker->recv_mode != GCFFI_RECV_NEVER_BLOCKS) {
    bool blocks = worker->recv_fd == conn->fd && has_time(call) && make_blocking(conn);
    worker->recv_mode = blocks ? GCFFI_RECV_BLOCKS : GCFFI_RECV_MAY_BLOCK;
  }
}

/* If a signal or the timeout ends it early, libgearman waits in poll(), which checks for signals first. */
ssize_t gcffi_worker_recv(void *self, gcffi_call *call, gcffi_conn *conn, void *data, size_t size, int flags) {
  gcffi_worker *worker = self;
  if (worker->recv_mode != GCFFI_RECV_BLOCKS || !conn->is_blocking) {
    return recv(conn->fd, data, size, flags | MSG_DONTWAIT);
  }
  struct pollfd connection = {.fd = conn->fd, .events = POLLIN};
  gcffi_gil_release_before_wait(call, &connection, 1);
  worker->recv_mode = GCFFI_RECV_MAY_BLOCK;
  if (call->check_signals_first) {
    return errno = EAGAIN, -1;
  }
  ssize_t got = recv(conn->fd, data, size, flags);
  call->check_signals_first = got < 0;
  if (gcffi_is_noop(data, got)) {
    worker->recv_mode = GCFFI_RECV_BLOCKS; /* it woke the worker up, which asked; the answer is still to come */
  }
  if (got < 0 && errno == EINTR) {
    errno = EAGAIN; /* libgearman would begin again */
  }
  return got;
}

#else

void gcffi_worker_expect_answer(gcffi_worker *worker, const gcffi_call *call, gcffi_conn *conn) {
  (void)worker, (void)call, (void)conn;
}

ssize_t gcffi_worker_recv(void *self, gcffi_call *call, gcffi_conn *conn, void *data, size_t size, int flags) {
  (void)self, (void)call;
  return recv(conn->fd, data, size, flags | MSG_DONTWAIT);
}

#endif
