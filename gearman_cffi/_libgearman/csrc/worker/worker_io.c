/* A worker's hooks: what it has announced, and results that go out with the request for the next job (cork).
 *
 * Each packet that goes out by itself wakes the server up, and costs the worker, in whose time the kernel delivers it,
 * as much as everything else about a small job. A worker that asks for the next job at once lets the kernel keep the
 * result back until then (MSG_MORE). A wait or the end of the call uncorks it. Without the cork draining a queue costs
 * the worker 29 % more CPU, and gearmand 40 % more. */
#define _GNU_SOURCE
#include "worker.h"
#include "versions.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

/* A worker announces its functions first, and then asks for a job. Q21: over a connection that was first used for
 * something else libgearman never announces them. */
static void note_sent(gcffi_worker *worker, gcffi_conn *conn, bool asks, bool announces) {
  worker->has_sent = true;
  worker->is_announcing = (worker->is_announcing || announces) && !asks;
  if (conn->is_new) {
    conn->is_new = false;
    worker->unannounced_fd = conn->fd;
  }
  if (worker->unannounced_fd == conn->fd && (announces || asks)) {
    worker->unannounced_fd = -1;
  }
}

#ifndef MSG_MORE
#define MSG_MORE 0
#endif

static int cork(gcffi_worker *worker, int fd) {
  if (!MSG_MORE || !worker->keep_working || gcffi_is_stopped(worker)) {
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

/* A worker that leaves neither asks for a job nor wants to be woken up for one. A search that begins with the server of
 * grabJob()'s last job, or a late answer, asks no other server. */
static bool is_withheld(const gcffi_worker *worker, gcffi_conn *conn, unsigned char command) {
  if (!gcffi_is_grab(command)) {
    return worker->is_leaving && command == GEARMAN_COMMAND_PRE_SLEEP;
  }
  bool is_turn_of_other = worker->resume_fd >= 0 && worker->resume_fd != conn->fd;
  bool withheld = worker->is_leaving || is_turn_of_other || gcffi_worker_has_late_answer(worker);
  conn->grab = withheld ? GCFFI_GRAB_WITHHELD : conn->grab;
  return withheld;
}

#define LATE_AFTER_NS 500000000LL

/* A server rejects what is sent for a job after its time limit, which is a second at least, and begins before the job
 * arrives. Of a job of grab it is not known how long it took. */
static bool may_be_late(const gcffi_worker *worker, const gcffi_call *call) {
  return call->kind == GCFFI_CALL_SENDS &&
         (!worker->job.st || gcffi_now() - worker->job.begun >= LATE_AFTER_NS);
}

ssize_t gcffi_worker_send(void *self, gcffi_call *call, gcffi_conn *conn, const void *data, size_t size, int flags) {
  gcffi_worker *worker = self;
  if (is_withheld(worker, conn, gcffi_bare_command(data, size))) {
    return GCFFI_HEAD;
  }
  bool asks = gcffi_ends_with_grab(data, size), announces = gcffi_announces_functions(data, size);
  gcffi_worker_uncork(worker, conn->fd);
  if (conn->is_new) {
    gcffi_send_identifier(worker, conn->fd, data, size);
  }
  note_sent(worker, conn, asks, announces);
  conn->may_reject = conn->may_reject || may_be_late(worker, call);
  ssize_t sent = worker->queues_sends
                     ? gcffi_worker_send_or_queue(worker, conn, data, size, flags)
                     : send(conn->fd, data, size, flags | (worker->may_cork ? cork(worker, conn->fd) : 0));
  if (asks && sent == (ssize_t)size) {
    worker->asked_fd = conn->fd;
    worker->patience_until = worker->server_count > 1 ? gcffi_now() + GCFFI_PATIENCE_NS : GCFFI_NEVER;
    worker->resume_fd = -1;
    gcffi_worker_await_answer(worker, conn);
    gcffi_worker_expect_answer(worker, call, conn);
  }
  return sent;
}

/* No server is connected: waits until one is, or no connection is being opened any more, or for stop(). */
gearman_return_t gcffi_worker_wait_for_connection(gcffi_worker *worker, gcffi_call *call) {
  gcffi_pollset *pollset = &worker->pollset;
  int64_t limit = gcffi_limit(call, gearman_worker_timeout(worker->st));
  bool is_stopped, is_open, is_over;
  do {
    pollset->count = 0;
    gcffi_pollset_add(pollset, gearman_worker_id(worker->st).read_fd, call->kind == GCFFI_CALL_RUNS ? POLLIN : 0);
    int64_t until = gcffi_sooner(limit, gcffi_worker_watch_attempts(worker));
    int ready = gcffi_call_wait_until(call, pollset->fds, pollset->count, until);
    is_stopped = ready > 0 && gcffi_any_ready(pollset->fds, 1);
    is_over = ready < 0 || call->state != GCFFI_GOES_ON || (ready == 0 && gcffi_is_over(limit));
    is_open = gcffi_worker_offer_attempts(worker);
  } while (!is_stopped && !is_open && !is_over && gcffi_worker_is_connecting(worker));
  if (is_over) {
    call->state = call->state == GCFFI_GOES_ON ? GCFFI_TIMED_OUT : call->state;
    return GEARMAN_TIMEOUT;
  }
  return is_stopped ? GEARMAN_SHUTDOWN_GRACEFUL : GEARMAN_SUCCESS;
}

/* gcffi_pollset_wait() with patience, until then. */
static void wait_patiently(gcffi_worker *worker, gcffi_call *call, int64_t until) {
  gcffi_pollset *pollset = &worker->pollset;
  call->pollset = pollset;
  pollset->ready = gcffi_worker_wait_patiently(worker, call, pollset->fds, pollset->count, until);
  pollset->error = errno;
  call->pollset = NULL;
  if (!pollset->ready && until == pollset->deadline) {
    gcffi_pollset_wait(call, pollset, until); /* which ends the call */
  }
}

/* Between two searches for a job a connection that is opened ends the wait too, and nothing that becomes of others. */
static gearman_return_t wait_for_all(gcffi_worker *worker, gcffi_call *call) {
  gcffi_pollset *pollset = &worker->pollset;
  bool is_between = worker->phase < GCFFI_SEARCHING || worker->phase == GCFFI_BROKEN;
  bool watches = is_between && gcffi_worker_is_connecting(worker), is_open = false;
  nfds_t own;
  do {
    gearman_return_t rc = gcffi_pollset_collect(call, pollset);
    if (rc != GEARMAN_IO_WAIT) {
      bool waits = rc == GEARMAN_NO_ACTIVE_FDS && watches && !gcffi_worker_is_connected(worker);
      return waits ? gcffi_worker_wait_for_connection(worker, call) : rc;
    }
    own = pollset->count;
    wait_patiently(worker, call, gcffi_sooner(pollset->deadline, watches ? gcffi_worker_watch_attempts(worker) : GCFFI_NEVER));
    is_open = watches && gcffi_worker_offer_attempts(worker);
  } while (pollset->ready >= 0 && call->state == GCFFI_GOES_ON && !is_open && !gcffi_any_ready(pollset->fds, own));
  return is_open && !gcffi_any_ready(pollset->fds, own) ? GEARMAN_SUCCESS : gcffi_pollset_feed(call, pollset);
}

/* libgearman returns GEARMAN_NO_JOBS even if no server is connected. */
gearman_return_t gcffi_worker_unless_connecting(gcffi_worker *worker, gearman_return_t did) {
  if (did != GEARMAN_NO_JOBS || !gcffi_worker_is_connecting(worker) || gcffi_worker_is_connected(worker)) {
    return did;
  }
  worker->has_error = true;
  strcpy(worker->error, gearman_strerror(GEARMAN_UNKNOWN_STATE)); /* the text of libgearman's own IO_WAIT */
  return GEARMAN_IO_WAIT;
}

gearman_return_t gcffi_worker_wait_io(gcffi_worker *worker, gcffi_call *call) {
  worker->pollset.worker = worker->st;
  worker->pollset.ends_on_signal = (gearman_worker_options(worker->st) & (int)GCFFI_WORKER_STOPS_ON_SIGNAL) != 0;
  return gcffi_waits_are_ours() ? wait_for_all(worker, call) : gcffi_wait(call, &worker->pollset);
}

/* poll() for libgearman, with patience. */
int gcffi_worker_poll(gcffi_worker *worker, gcffi_call *call, struct pollfd *fds, nfds_t count, int timeout_ms) {
  if (call->pollset) {
    return gcffi_call_poll(call, fds, count, timeout_ms);
  }
  int64_t limit = gcffi_limit(call, timeout_ms);
  int ready = gcffi_worker_wait_patiently(worker, call, fds, count, limit);
  return ready ? ready : gcffi_call_wait(call, fds, count, limit); /* which ends the call */
}

/* An idle worker does not wake up because a connection could be written to. */
static int poll_connections(void *self, gcffi_call *call, struct pollfd *fds, nfds_t count, int timeout_ms) {
  gcffi_worker *worker = self;
  for (nfds_t i = 0; worker->is_idle && i < count; i++) {
    fds[i].events = POLLIN;
  }
  if (call->kind != GCFFI_CALL_RUNS || worker->is_leaving) {
    gcffi_ignore_wakeup_pipe(worker, fds, count);
  }
  gcffi_worker_uncork(worker, -1);
  return gcffi_worker_poll(worker, call, fds, count, timeout_ms);
}

static void forget(gcffi_worker *worker, const gcffi_conn *conn) {
  worker->asked_fd = worker->asked_fd == conn->fd ? -1 : worker->asked_fd;
  worker->recv_fd = worker->recv_fd == conn->fd ? -1 : worker->recv_fd;
  worker->corked_fd = worker->corked_fd == conn->fd ? -1 : worker->corked_fd;
  worker->unannounced_fd = worker->unannounced_fd == conn->fd ? -1 : worker->unannounced_fd;
  worker->resume_fd = worker->resume_fd == conn->fd ? -1 : worker->resume_fd;
}

gcffi_verdict gcffi_worker_connecting(void *self, gcffi_conn *conn) {
  gcffi_worker *worker = self;
  if (worker->phase == GCFFI_BROKEN) {
    return GCFFI_CONNECT_REFUSE;
  }
  forget(worker, conn);
  gcffi_verdict verdict = gcffi_worker_connect(worker, conn);
  worker->is_announcing = worker->is_announcing || verdict == GCFFI_CONNECT || verdict == GCFFI_CONNECT_IS_OPEN;
  return verdict;
}

void gcffi_worker_disconnected(void *self, gcffi_conn *conn) {
  gcffi_worker *worker = self;
  if (gcffi_conn_is_truncated(conn)) {
    gcffi_worker_set_phase(worker, GCFFI_BROKEN);
  }
  forget(worker, conn);
}

const gcffi_io gcffi_worker_io = {
    .audience = GCFFI_TO_WORKERS,
    .removes_rejections = true,
    .grants_exceptions = true,
    .poll = poll_connections,
    .connecting = gcffi_worker_connecting,
    .disconnected = gcffi_worker_disconnected,
    .send = gcffi_worker_send,
    .recv = gcffi_worker_recv,
};
