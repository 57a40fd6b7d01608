/* Taking a job without running it. After some answers libgearman crashes if it is asked again (Q15): the worker is
 * broken. */
#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>

/* If waits can be aborted, the worker stays in blocking mode. Asked in steps, libgearman would be left in a state in which
 * the next request crashes, after each answer that there is no job. */
static gearman_job_st *grab(gcffi_worker *worker, gcffi_call *call, bool in_steps, gearman_return_t *rc) {
  if (!in_steps && !worker->non_blocking) {
    gearman_worker_remove_options(worker->st, GEARMAN_WORKER_NON_BLOCKING);
  }
  gearman_job_st *job = gearman_worker_grab_job(worker->st, NULL, rc);
  while (in_steps && !job && *rc == GEARMAN_IO_WAIT && (*rc = gcffi_worker_wait_io(worker, call)) == GEARMAN_SUCCESS) {
    job = gearman_worker_grab_job(worker->st, NULL, rc);
  }
  gearman_worker_add_options(worker->st, GEARMAN_WORKER_NON_BLOCKING);
  return job;
}

/* Of a connection that is being opened libgearman learns in no other way that it is open. */
static void peek(gcffi_worker *worker, gcffi_call *call) {
  if (gcffi_waits_are_ours()) {
    worker->pollset.worker = worker->st;
    gcffi_pollset_peek(call, &worker->pollset);
  }
}

static int poll_connections(void *self, gcffi_call *call, struct pollfd *fds, nfds_t count, int timeout_ms) {
  gcffi_ignore_wakeup_pipe(self, fds, count);
  return gcffi_worker_poll(self, call, fds, count, timeout_ms);
}

static const gcffi_io grab_io = {
    .audience = GCFFI_TO_BOTH,
    .grants_exceptions = true,
    .poll = poll_connections,
    .connecting = gcffi_worker_connecting,
    .disconnected = gcffi_worker_disconnected,
    .send = gcffi_worker_send,
};

static ssize_t withhold(void *self, gcffi_call *call, gcffi_conn *conn, const void *data, size_t size, int flags) {
  (void)self, (void)call, (void)data, (void)flags;
  conn->grab = conn->grab == GCFFI_GRAB_ANSWERED ? GCFFI_GRAB_WITHHELD : conn->grab;
  return (ssize_t)size;
}

static ssize_t receive_nothing(void *self, gcffi_call *call, gcffi_conn *conn, void *data, size_t size, int flags) {
  (void)self, (void)call, (void)conn, (void)data, (void)size, (void)flags;
  return errno = EAGAIN, -1;
}

static gcffi_verdict refuse(void *self, gcffi_conn *conn) {
  (void)self, (void)conn;
  return GCFFI_CONNECT_REFUSE;
}

static const gcffi_io silent_io = {
    .audience = GCFFI_TO_WORKERS, .connecting = refuse, .send = withhold, .recv = receive_nothing};

/* After a job libgearman is in the middle of a search, at the server of that job, and would be broken at its end. If that
 * closed its connections, a server that stands still would assign a job in vain. So a worker of several servers ends the
 * search without sending anything, and the next one begins with that server. */
static void end_search(gcffi_worker *worker, gcffi_call *call) {
  if (worker->resume_fd >= 0 && worker->phase == GCFFI_SEARCHING) {
    call->io = &silent_io;
    gearman_return_t rc = gearman_worker_work(worker->st);
    gcffi_worker_set_phase(worker, rc == GEARMAN_NO_JOBS ? GCFFI_AT_START : gcffi_phase_after(rc));
  }
}

/* With the one search that a call makes, in blocking mode another one when a connection is open. */
static gearman_job_st *search(gcffi_worker *worker, gcffi_call *call, gearman_return_t *rc) {
  bool waits = !worker->non_blocking, in_steps = waits && !gcffi_waits_are_ours();
  gcffi_phase before = worker->phase;
  gearman_job_st *st = grab(worker, call, in_steps, rc);
  while (!st && waits && *rc == GEARMAN_COULD_NOT_CONNECT && gcffi_worker_is_connecting(worker) &&
         gcffi_worker_wait_for_connection(worker, call) == GEARMAN_SUCCESS) {
    st = grab(worker, call, in_steps, rc);
  }
  if (!st && (*rc == GEARMAN_NO_JOBS || *rc == GEARMAN_COULD_NOT_CONNECT)) {
    gcffi_worker_end_offers(worker);
  }
  if (*rc == GEARMAN_COULD_NOT_CONNECT && worker->phase != GCFFI_BROKEN) { /* when it connects to no server */
    gcffi_worker_retry_now(worker);
  }
  bool was_at_start = before == GCFFI_AT_START, no_job = !st && *rc == GEARMAN_NO_JOBS;
  bool goes_on = *rc == GEARMAN_UNEXPECTED_PACKET && waits && before < GCFFI_WAITING; /* a late answer is rejected */
  gcffi_worker_set_phase(worker, no_job ? GCFFI_AT_START : goes_on ? before : gcffi_phase_after(*rc));
  if ((gcffi_breaks_worker(*rc) && !goes_on) || (no_job && (!was_at_start || in_steps || !waits))) {
    gcffi_worker_set_phase(worker, GCFFI_BROKEN);
  }
  return st;
}

static gearman_job_st *replace_and_grab(gcffi_worker *worker, gcffi_call *call, gearman_return_t *rc) {
  worker->has_error = false;
  if (gcffi_worker_was_rejected(worker)) {
    *rc = GEARMAN_UNEXPECTED_PACKET;
    return NULL;
  }
  if ((*rc = gcffi_worker_replace_if_broken(worker)) != GEARMAN_SUCCESS) {
    return NULL;
  }
  bool waits = !worker->non_blocking;
  gcffi_io io = grab_io;
  io.removes_rejections = !waits;
  call->kind = GCFFI_CALL_ASKS;
  call->self = worker;
  end_search(worker, call);
  call->io = &io;
  gcffi_call_set_deadline(call, gearman_worker_timeout(worker->st));
  worker->job_may_come = true;
  if (!waits) {
    peek(worker, call);
  }
  worker->may_wait = waits;
  worker->recv_mode = GCFFI_RECV_NEVER_BLOCKS;
  gcffi_worker_check_patience(worker);
  gearman_job_st *st = search(worker, call, rc);
  if (gcffi_phase_after(*rc) != GCFFI_SEARCHING && gcffi_worker_was_rejected(worker)) {
    *rc = GEARMAN_UNEXPECTED_PACKET;
  }
  worker->resume_fd = st && worker->server_count > 1 ? worker->asked_fd : -1;
  if (!st && call->state == GCFFI_TIMED_OUT) {
    *rc = GEARMAN_TIMEOUT; /* in place of another server's answer */
  }
  *rc = waits ? *rc : gcffi_worker_unless_connecting(worker, *rc);
  call->io = NULL;
  return st;
}

/* Asks every server once, and waits for their answers, not for a job. job: the caller's memory; without a job its st is
 * NULL. */
int gcffi_worker_grab(gcffi_worker *worker, gcffi_job *job) {
  gcffi_call call;
  gearman_return_t grabbed;
  int rc = gcffi_call_begin_in_callback(&call, &worker->guard, -1);
  if (rc) {
    return rc;
  }
  gcffi_job_init(job, worker, replace_and_grab(worker, &call, &grabbed));
  if (job->st) {
    gcffi_job_own(job);
  }
  return gcffi_call_end(&call, (int)grabbed);
}

/* Python gets the job, and gives it back to gcffi_job_drop(). */
void gcffi_job_own(gcffi_job *job) {
  job->owned = job->worker->owned;
  __atomic_add_fetch(job->owned, 1, __ATOMIC_SEQ_CST);
  __atomic_add_fetch(&job->worker->grabbed, 1, __ATOMIC_SEQ_CST);
}

/* Python releases a job of grab. Without an answer it counts as running until the worker disconnects. If another thread
 * uses the worker, the job is freed with it; a forked child frees nothing. The worker may be closed already. */
void gcffi_job_drop(gcffi_job *job) {
  gcffi_worker *worker = job->worker;
  gearman_job_st *st = job->st;
  size_t *owned = job->owned;
  gcffi_job_init(job, worker, NULL); /* an object that is collected with it may still ask */
  if (!st || gcffi_guard_check_process(worker) == GCFFI_E_FORKED) {
    return;
  }
  bool acquired;
  bool elsewhere = gcffi_guard_acquire_reentrant(&worker->guard, &acquired) == GCFFI_E_OTHER_THREAD;
  gcffi_call call;
  gcffi_call_push(&call, -1);
  if (!elsewhere) {
    gearman_job_free(st);
  }
  __atomic_sub_fetch(owned, 1, __ATOMIC_SEQ_CST);
  size_t left = __atomic_sub_fetch(&worker->grabbed, 1, __ATOMIC_SEQ_CST);
  if (!elsewhere) {
    gcffi_free_replaced(worker);
  }
  gcffi_call_pop(&call);
  if (acquired) {
    gcffi_guard_release(&worker->guard);
  }
  if (!elsewhere && left == 0 && worker->close_when_jobs_gone) {
    gcffi_worker_close(worker);
  }
}
