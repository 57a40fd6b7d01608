/* Taking a job without running it.
 *
 * When gearman_worker_grab_job() goes on where grab_job or work have come back before, with a job for instance, and then
 * reports that there is none, libgearman crashes when it is asked again: it goes on from a connection that it no longer
 * has. Such a worker is spent; see replace.c. */
#define _GNU_SOURCE
#include "glue.h"

/* Whether libgearman crashes when it goes on after a packet that it has refused: the answer to a job whose time was over,
 * and what comes from a server that is no gearmand. */
bool gcffi_spends(gearman_return_t rc) {
  switch (rc) {
  case GEARMAN_UNEXPECTED_PACKET:
  case GEARMAN_INVALID_PACKET:
  case GEARMAN_INVALID_COMMAND:
  case GEARMAN_INVALID_MAGIC:
  case GEARMAN_TOO_MANY_ARGS:
  case GEARMAN_MEMORY_ALLOCATION_FAILURE: return true;
  default: return false;
  }
}

/* Whether libgearman goes on from where it was: it has not come to the end of its search, and has begun one. */
bool gcffi_leaves_search(gearman_return_t rc) {
  return rc != GEARMAN_NO_JOBS && rc != GEARMAN_NO_SERVERS && rc != GEARMAN_NO_REGISTERED_FUNCTIONS;
}

/* Where waits can be ended in good order the worker stays in blocking mode: asked in steps, it is left in the state in
 * which it crashes by every answer that there is no job. */
static gearman_job_st *grab(gcffi_worker *worker, bool in_steps, gearman_return_t *rc) {
  if (!in_steps && !worker->non_blocking) {
    gearman_worker_remove_options(worker->st, GEARMAN_WORKER_NON_BLOCKING);
  }
  gearman_job_st *job = gearman_worker_grab_job(worker->st, NULL, rc);
  while (in_steps && !job && *rc == GEARMAN_IO_WAIT && (*rc = gcffi_worker_pause(worker->st)) == GEARMAN_SUCCESS) {
    job = gearman_worker_grab_job(worker->st, NULL, rc);
  }
  gearman_worker_add_options(worker->st, GEARMAN_WORKER_NON_BLOCKING);
  return job;
}

/* What wait() would tell libgearman, without waiting: of a connection that is being opened it learns in no other way that
 * it is open. */
static void glance(gcffi_worker *worker, gcffi_scope *scope) {
  if (gcffi_is_interposed()) {
    scope->glances = true;
    gcffi_worker_pause(worker->st);
    scope->glances = false;
  }
}

static void before_poll(void *self, gcffi_scope *scope, struct pollfd *fds, nfds_t count) {
  (void)scope;
  gcffi_ignore_wakeup_pipe(self, fds, count);
}

static gcffi_verdict connecting(void *self, gcffi_conn *conn) {
  (void)conn;
  return ((gcffi_worker *)self)->spent ? GCFFI_CONNECT_REFUSE : GCFFI_CONNECT;
}

static void disconnected(void *self, gcffi_conn *conn) {
  gcffi_worker *worker = self;
  worker->spent = worker->spent || gcffi_conn_is_truncated(conn);
}

static const gcffi_io grab_io = {
    .audience = GCFFI_TO_BOTH, .before_poll = before_poll, .connecting = connecting, .disconnected = disconnected};

static gearman_job_st *renew_and_grab(gcffi_worker *worker, gcffi_scope *scope, gearman_return_t *rc) {
  worker->failed = false;
  if ((*rc = gcffi_worker_renew(worker)) != GEARMAN_SUCCESS) {
    return NULL;
  }
  bool waits = !worker->non_blocking;
  bool in_steps = waits && !gcffi_is_interposed();
  scope->exchange = true;
  scope->io = &grab_io;
  scope->self = worker;
  worker->asked = true;
  if (!waits) {
    glance(worker, scope);
  }
  gearman_job_st *st = grab(worker, in_steps, rc);
  bool was_under_way = worker->under_way;
  worker->under_way = st || *rc != GEARMAN_NO_JOBS;
  worker->searching = gcffi_leaves_search(*rc);
  worker->spent = worker->spent || gcffi_spends(*rc) ||
                  (*rc == GEARMAN_NO_JOBS && (was_under_way || in_steps || !waits));
  if (!st && scope->timed_out) {
    *rc = GEARMAN_TIMEOUT; /* in place of what another server has answered */
  }
  return st;
}

/* Asks every server once. Waits for their answers, not for a job. job: memory of the caller's, which gets one with a st. */
int gcffi_worker_grab(gcffi_worker *worker, gcffi_job *job) {
  gcffi_scope scope;
  gearman_return_t grabbed;
  int rc = gcffi_begin_in_callback(&scope, &worker->guard, -1);
  if (rc) {
    return rc;
  }
  gcffi_job_init(job, worker, renew_and_grab(worker, &scope, &grabbed));
  if (job->st) {
    __atomic_add_fetch(&worker->grabbed, 1, __ATOMIC_SEQ_CST);
  }
  return gcffi_end_call(&scope, (int)grabbed);
}

/* Python lets go of a job of grab; unanswered, the server keeps it as running until the worker goes away. Where another
 * thread uses the worker, that frees the job in the end; a forked child frees nothing. The garbage collector may have
 * closed the worker before. */
void gcffi_job_drop(gcffi_job *job) {
  gcffi_worker *worker = job->worker;
  gearman_job_st *st = job->st;
  gcffi_job_init(job, worker, NULL); /* what was collected with it may still ask */
  if (!st || gcffi_check_alive(worker) == GCFFI_INHERITED) {
    return;
  }
  bool taken;
  bool elsewhere = gcffi_take_within(&worker->guard, &taken) == GCFFI_ELSEWHERE;
  size_t left = __atomic_sub_fetch(&worker->grabbed, 1, __ATOMIC_SEQ_CST);
  if (!elsewhere) {
    gcffi_scope scope;
    gcffi_enter(&scope, -1);
    gearman_job_free(st);
    gcffi_free_retired(worker);
    gcffi_leave(&scope);
  }
  if (taken) {
    gcffi_give_back(&worker->guard);
  }
  if (!elsewhere && left == 0 && worker->released) {
    gcffi_worker_close(worker);
  }
}
