/* A server that was asked for a job and does not answer, while others may have one.
 *
 * libgearman asks one server after the other, and stays with the one that owes an answer. A worker of several servers
 * waits for it GCFFI_PATIENCE_NS. Then libgearman reads NO_JOB (inbound.c) and goes on, and the answer counts when it
 * comes: the connection stays open, so the job that the server has perhaps assigned is not lost. */
#include "worker.h"

/* The connection whose answer the worker waits for with patience, or NULL. */
static gcffi_conn *awaited(const gcffi_worker *worker) {
  gcffi_conn *conn = worker->server_count > 1 ? gcffi_conn_of(worker->asked_fd) : NULL;
  bool is_due = conn && conn->carries == worker && conn->grab == GCFFI_GRAB_SENT;
  return is_due && gcffi_stream_is_between_packets(&conn->in) ? conn : NULL;
}

/* Whether a late answer is there. Then no other server is asked: libgearman would stay with it as long as it has jobs. */
bool gcffi_worker_has_late_answer(const gcffi_worker *worker) {
  bool any = false;
  for (size_t i = 0; i < worker->asked_count && !any; i++) {
    const gcffi_conn *conn = gcffi_conn_of(worker->asked[i]);
    struct pollfd polled = {.fd = worker->asked[i], .events = POLLIN};
    any = conn && conn->carries == worker && conn->grab == GCFFI_GRAB_LATE && poll(&polled, 1, 0) == 1;
  }
  return any;
}

/* Until when it waits for that answer. */
int64_t gcffi_worker_patience(const gcffi_worker *worker) {
  return awaited(worker) ? worker->patience_until : GCFFI_NEVER;
}

/* Before a step of a worker that does not wait. */
void gcffi_worker_check_patience(const gcffi_worker *worker) {
  gcffi_conn *conn = awaited(worker);
  if (conn && gcffi_now() >= worker->patience_until) {
    conn->grab = GCFFI_GRAB_LATE;
  }
}

/* A connection over which a query is sent before anything else, such as the option "exceptions". */
static gcffi_conn *queried(const gcffi_worker *worker, const struct pollfd *fds, nfds_t count) {
  gcffi_conn *conn = NULL;
  for (nfds_t i = 0; worker->server_count > 1 && !(conn && conn->queries) && i < count; i++) {
    conn = gcffi_conn_of(fds[i].fd);
  }
  return conn && conn->queries ? conn : NULL;
}

/* gcffi_call_wait() within libgearman while a connection is set up: that of a silent server is closed. */
int gcffi_worker_wait_for_query(gcffi_worker *worker, gcffi_call *call, struct pollfd *fds, nfds_t count, int64_t until) {
  const gcffi_conn *conn = queried(worker, fds, count);
  int64_t patience = conn ? gcffi_now() + GCFFI_PATIENCE_NS : until;
  if (patience >= until) {
    return gcffi_worker_wait_patiently(worker, call, fds, count, until);
  }
  int ready = gcffi_call_wait_until(call, fds, count, patience);
  if (!ready && call->state == GCFFI_GOES_ON) {
    gcffi_worker_postpone(worker, conn);
    shutdown(conn->fd, SHUT_RDWR);
  }
  return ready ? ready : gcffi_call_wait(call, fds, count, until);
}

/* gcffi_call_wait() with patience: a silent server looks as if it could be read. */
int gcffi_worker_wait_patiently(gcffi_worker *worker, gcffi_call *call, struct pollfd *fds, nfds_t count, int64_t until) {
  gcffi_conn *conn = awaited(worker);
  if (!conn || worker->patience_until >= until) {
    return gcffi_call_wait(call, fds, count, until);
  }
  int ready = gcffi_call_wait_until(call, fds, count, worker->patience_until);
  if (ready) {
    return ready;
  }
  for (nfds_t i = 0; i < count && call->state == GCFFI_GOES_ON; i++) {
    if (fds[i].fd == conn->fd) {
      conn->grab = GCFFI_GRAB_LATE;
      fds[i].revents = POLLIN;
      return 1;
    }
  }
  return gcffi_call_wait(call, fds, count, until);
}
