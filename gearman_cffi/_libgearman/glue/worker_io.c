/* A worker's connections: what it has told its servers, and results that go out with the request for the next job.
 *
 * Each packet that goes out by itself wakes the server up, and costs the worker, in whose time the kernel delivers it, as
 * much as everything else about a small job. A worker that asks for the next job at once has the kernel hold the result
 * back until then (MSG_MORE). A wait or the end of the call uncorks it. Without the cork draining a queue costs the worker
 * 29 % more CPU, and gearmand 40 % more. */
#define _GNU_SOURCE
#include "glue.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* A worker announces its functions first, and then asks for a job. Over a connection that was first used for something
 * else, its name for instance, libgearman would never announce them. */
static void note_sent(gcffi_worker *worker, gcffi_conn *conn, int fd, bool asks, bool announces) {
  worker->announces = (worker->announces || announces) && !asks;
  if (conn && conn->is_new) {
    conn->is_new = false;
    worker->unannounced_fd = fd;
  }
  if (worker->unannounced_fd == fd && (announces || asks)) {
    worker->unannounced_fd = -1;
  }
}

void gcffi_worker_connects(gcffi_worker *worker, int fd) {
  gcffi_worker_disconnected(worker, fd);
  worker->announces = true;
}

void gcffi_worker_disconnected(gcffi_worker *worker, int fd) {
  worker->recv_fd = worker->recv_fd == fd ? -1 : worker->recv_fd;
  worker->corked_fd = worker->corked_fd == fd ? -1 : worker->corked_fd;
  worker->unannounced_fd = worker->unannounced_fd == fd ? -1 : worker->unannounced_fd;
}

#ifndef MSG_MORE
#define MSG_MORE 0
#endif

static int cork(gcffi_worker *worker, int fd) {
  if (!MSG_MORE || !worker->goes_on || __atomic_load_n(&worker->stop, __ATOMIC_SEQ_CST)) {
    return 0;
  }
  worker->corked_fd = fd;
  return MSG_MORE;
}

/* Before a wait (fd -1), or before something is sent over this connection, which takes what is corked there with it. */
void gcffi_worker_uncork(gcffi_worker *worker, int fd) {
  int on = 1;
  if (worker->corked_fd >= 0 && worker->corked_fd != fd) {
    setsockopt(worker->corked_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  worker->corked_fd = -1;
}

ssize_t gcffi_worker_send(gcffi_worker *worker, gcffi_scope *scope, gcffi_conn *conn, int fd, const void *data, size_t size,
                          int flags) {
  bool asks = gcffi_ends_with_grab(data, size);
  gcffi_worker_uncork(worker, fd);
  if (conn && conn->is_new) {
    gcffi_send_identifier(worker, fd, data, size);
  }
  note_sent(worker, conn, fd, asks, gcffi_announces_functions(data, size));
  ssize_t sent = send(fd, data, size, flags | (scope->may_hold ? cork(worker, fd) : 0));
  if (conn && asks && sent == (ssize_t)size) {
    gcffi_leave_answer_to_receive(scope, conn);
  }
  return sent;
}
