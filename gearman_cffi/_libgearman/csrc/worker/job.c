/* A job that Python owns: what it brings, and what is sent for it. */
#define _GNU_SOURCE
#include "worker.h"

#include <stdlib.h>

void gcffi_job_init(gcffi_job *job, gcffi_worker *worker, gearman_job_st *st) {
  *job = (gcffi_job){.st = st, .worker = worker};
  if (st) {
    job->workload = (char *)gearman_job_workload(st);
    job->size = gearman_job_workload_size(st);
    job->begun = gcffi_now();
  }
}

/* True in a signal handler that runs in the middle of a packet: libgearman would go on with that one. */
static bool is_sending(const gcffi_worker *worker) {
  const gcffi_call *call = gcffi_current_call;
  while (call && !(call->kind == GCFFI_CALL_SENDS && call->io == &gcffi_worker_io && call->self == worker)) {
    call = call->outer;
  }
  return call != NULL;
}

/* Over another connection the server would take the handle for that of another job, if it knows it at all. */
static bool has_lost_connection(const gcffi_job *job) {
  return job->conn.conn && !gcffi_conn_at(&job->conn);
}

/* Q29: libgearman sends again after every timeout. So only a signal ends the wait, and with it the connection: half a
 * packet is never followed by another one. */
static int begin(gcffi_call *call, gcffi_job *job) {
  if (!job || !job->st) {
    return GEARMAN_INVALID_ARGUMENT;
  }
  if (job->connection_broken || has_lost_connection(job)) {
    return GEARMAN_LOST_CONNECTION;
  }
  if (is_sending(job->worker)) {
    return GEARMAN_SEND_IN_PROGRESS;
  }
  int refused = gcffi_call_begin_reentrant(call, &job->worker->guard, -1);
  if (refused == 0) {
    call->kind = GCFFI_CALL_SENDS;
    call->io = &gcffi_worker_io;
    call->self = job->worker;
  }
  return refused;
}

static gearman_return_t send_packet(gearman_job_st *st, int what, const void *data, size_t size) {
  switch (what) {
  case GCFFI_SEND_DATA: return gearman_job_send_data(st, data, size);
  case GCFFI_SEND_WARNING: return gearman_job_send_warning(st, data, size);
  case GCFFI_SEND_COMPLETE: return gearman_job_send_complete(st, data, size);
  case GCFFI_SEND_EXCEPTION: return gearman_job_send_exception(st, data, size);
  default: return gearman_job_send_fail(st);
  }
}

static int send_in_call(gcffi_call *call, gcffi_job *job, int what, const void *data, size_t size) {
  int rc = (int)send_packet(job->st, what, data, size);
  job->answered = job->answered || (rc == 0 && what >= GCFFI_SEND_COMPLETE);
  job->connection_broken = call->state == GCFFI_INTERRUPTED;
  return gcffi_job_note_queued(job, rc);
}

int gcffi_job_send(gcffi_job *job, int what, const void *data, size_t size) {
  gcffi_call call;
  int refused = begin(&call, job);
  return refused ? refused : gcffi_call_end(&call, send_in_call(&call, job, what, data, size));
}

/* Its result, sent from C: a worker that keeps working may cork it. */
int gcffi_job_complete(gcffi_job *job, const void *data, size_t size) {
  gcffi_call call;
  int rc = begin(&call, job);
  if (rc == 0) {
    job->worker->may_cork = true;
    rc = send_in_call(&call, job, GCFFI_SEND_COMPLETE, data, size);
    job->worker->may_cork = false;
    gcffi_call_pop(&call);
  }
  return rc;
}

int gcffi_job_send_status(gcffi_job *job, uint32_t numerator, uint32_t denominator) {
  gcffi_call call;
  int rc = begin(&call, job);
  if (rc == 0) {
    rc = (int)gearman_job_send_status(job->st, numerator, denominator);
    job->connection_broken = call.state == GCFFI_INTERRUPTED;
    rc = gcffi_call_end(&call, gcffi_job_note_queued(job, rc));
  }
  return rc;
}
