/* A server that stops answering, while others may have a job.
 *
 * libgearman asks one server after the other, and stays with the one that owes an answer. A worker of several servers
 * waits for it GCFFI_PATIENCE_NS. Then libgearman reads NO_JOB (inbound.c) and goes on, and the answer counts when it
 * comes: the connection stays open, so the job that the server has perhaps assigned is not lost.
 *
 * From a packet that has begun libgearman cannot turn away. It goes on as long as PROGRESS bytes of it, or its end, come
 * in the time that connecting may take. Then the connection is shut down. */
#include "worker.h"

#include <sys/socket.h>

enum { PROGRESS = 1024 };

/* The times at which the worker's patience ends; GCFFI_NEVER if there is nothing to wait for. */
typedef struct {
  int64_t answer; /* of the server that was asked last */
  int64_t packet; /* that is coming in */
} patience;

static patience patience_with(const gcffi_worker *worker, gcffi_conn *conn) {
  patience ends = {GCFFI_NEVER, GCFFI_NEVER};
  if (worker->server_count < 2 || !conn || conn->carries != worker) {
    return ends;
  }
  if (conn->fd == worker->asked_fd && conn->grab == GCFFI_GRAB_SENT && !conn->in.rest) {
    ends.answer = worker->patience_until;
  }
  if (!gcffi_stream_is_between_packets(&conn->in) && worker->connect_timeout >= 0) {
    gcffi_progress *progress = &conn->progress;
    size_t come = gcffi_stream_come(&conn->in);
    if (progress->packet != conn->in.packets || come - progress->come >= PROGRESS) {
      *progress = (gcffi_progress){conn->in.packets, come, gcffi_now()};
    }
    ends.packet = progress->since + worker->connect_timeout * 1000000LL;
  }
  return ends;
}

/* From a server whose time is over. Returns whether libgearman learns of it by receiving. */
static bool turn_away(gcffi_worker *worker, gcffi_conn *conn) {
  patience ends = patience_with(worker, conn);
  bool answers_late = gcffi_is_over(ends.answer), stands_still = gcffi_is_over(ends.packet);
  if (answers_late) {
    conn->grab = GCFFI_GRAB_LATE;
  }
  if (stands_still) {
    gcffi_worker_postpone(worker, conn);
    shutdown(conn->fd, SHUT_RDWR);
  }
  return answers_late || stands_still;
}

/* When its patience with the first of them ends; GCFFI_NEVER if it awaits nothing. */
int64_t gcffi_worker_patience(const gcffi_worker *worker) {
  int64_t until = GCFFI_NEVER;
  for (size_t i = 0; i < worker->asked_count; i++) {
    patience ends = patience_with(worker, gcffi_conn_of(worker->asked[i]));
    until = gcffi_sooner(until, gcffi_sooner(ends.answer, ends.packet));
  }
  return until;
}

/* Before a step of a worker that does not wait. */
void gcffi_worker_check_patience(gcffi_worker *worker) {
  for (size_t i = 0; i < worker->asked_count; i++) {
    turn_away(worker, gcffi_conn_of(worker->asked[i]));
  }
}

/* Returns how many of them look as if they could be read, because their time is over. */
static int turn_away_from_all(gcffi_worker *worker, struct pollfd *fds, nfds_t count) {
  int ready = 0;
  for (nfds_t i = 0; i < count; i++) {
    bool is_over = turn_away(worker, gcffi_conn_of(fds[i].fd));
    fds[i].revents = is_over ? POLLIN : 0;
    ready += is_over;
  }
  return ready;
}

/* gcffi_call_wait_until() with patience. Looks at the clock first: a server may send packets that are no answer. */
int gcffi_worker_wait_patiently(gcffi_worker *worker, gcffi_call *call, struct pollfd *fds, nfds_t count, int64_t until) {
  int ready = 0;
  while (!ready && call->state == GCFFI_GOES_ON && !gcffi_is_over(until)) {
    int64_t next = until;
    for (nfds_t i = 0; i < count; i++) {
      patience ends = patience_with(worker, gcffi_conn_of(fds[i].fd));
      next = gcffi_sooner(next, gcffi_sooner(ends.answer, ends.packet));
    }
    ready = next == until ? 0 : turn_away_from_all(worker, fds, count);
    ready = ready ? ready : gcffi_call_wait_until(call, fds, count, next);
  }
  return ready;
}
