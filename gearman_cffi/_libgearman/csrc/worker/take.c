/* Taking jobs that Python runs by itself, several at once.
 *
 * gearman_worker_work() runs a job before it asks for the next one. gearman_worker_grab_job() does not, but neither asks to be
 * woken up nor survives its own answers (Q15). Both go on with the same search. So work() does all of it except receive a
 * job: where one comes it sees nothing, and grab_job() receives it. */
#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

static bool assigns_job(unsigned char command) {
  return command == GEARMAN_COMMAND_JOB_ASSIGN || command == GEARMAN_COMMAND_JOB_ASSIGN_UNIQ ||
         command == GEARMAN_COMMAND_JOB_ASSIGN_ALL;
}

/* Receives no more than the head or the rest of one packet, and nothing of a job but its head. */
static ssize_t receive_but_jobs(void *self, gcffi_call *call, gcffi_conn *conn, void *data, size_t size, int flags) {
  gcffi_worker *worker = self;
  const gcffi_stream *in = &conn->in;
  size_t most = in->rest ? in->rest : GCFFI_HEAD - in->head_size % GCFFI_HEAD;
  (void)call;
  if (in->rest && assigns_job(in->head[GCFFI_COMMAND])) {
    worker->job_conn = conn;
    return errno = EAGAIN, -1;
  }
  return recv(conn->fd, data, most < size ? most : size, flags | MSG_DONTWAIT);
}

static ssize_t receive_job_from(void *self, gcffi_call *call, gcffi_conn *conn, void *data, size_t size, int flags) {
  gcffi_worker *worker = self;
  (void)call;
  worker->job_conn = conn;
  return recv(conn->fd, data, size, flags | MSG_DONTWAIT);
}

/* After a job that was lost libgearman goes on to the next server. If that answers at once, it is left in a state in which it
 * crashes. */
static gearman_job_st *receive_job(gcffi_worker *worker, gearman_return_t *rc) {
  gearman_job_st *job = gearman_worker_grab_job(worker->st, NULL, rc);
  gcffi_worker_note_step(worker, *rc);
  if (!job && *rc != GEARMAN_IO_WAIT) {
    gcffi_worker_set_phase(worker, GCFFI_BROKEN);
  }
  return job;
}

/* Sending for another job has lost the connection over which libgearman waits for an answer (Q15): it has no job any more to
 * receive into, and goes on to receive. */
static void note_lost_answer(gcffi_worker *worker, gearman_return_t rc) {
  if (rc == GEARMAN_NOT_CONNECTED) {
    gcffi_worker_set_phase(worker, GCFFI_BROKEN);
  }
}

static gearman_job_st *step(gcffi_worker *worker, gcffi_call *call, gearman_return_t *rc) {
  gearman_job_st *job = NULL;
  gcffi_io io = gcffi_worker_io;
  call->io = &io;
  io.recv = receive_but_jobs;
  worker->job_conn = NULL;
  *rc = gearman_worker_work(worker->st);
  gcffi_worker_note_step(worker, *rc);
  note_lost_answer(worker, *rc);
  if (worker->job_conn) {
    io.recv = receive_job_from;
    job = receive_job(worker, rc);
  }
  call->io = &gcffi_worker_io;
  return job;
}

/* libgearman reports "no jobs" also if no server is connected. */
static gearman_return_t unless_unconnected(gcffi_worker *worker, gcffi_call *call) {
  worker->pollset.worker = worker->st;
  if (gcffi_pollset_collect(call, &worker->pollset) != GEARMAN_NO_ACTIVE_FDS) {
    return GEARMAN_NO_JOBS;
  }
  return gcffi_worker_is_connecting(worker) ? GEARMAN_IO_WAIT : GEARMAN_COULD_NOT_CONNECT;
}

static gearman_return_t has_left(const gcffi_worker *worker) {
  return gcffi_worker_awaits_answer(worker) ? GEARMAN_IO_WAIT : GEARMAN_SHUTDOWN_GRACEFUL;
}

static gearman_job_st *take(gcffi_worker *worker, gcffi_call *call, bool leaves, gearman_return_t *rc) {
  gearman_job_st *job = NULL;
  if (gcffi_worker_was_rejected(worker)) {
    *rc = GEARMAN_UNEXPECTED_PACKET;
    return NULL;
  }
  if (leaves && (*rc = has_left(worker)) == GEARMAN_SHUTDOWN_GRACEFUL) {
    return NULL;
  }
  if ((*rc = gcffi_worker_replace_if_broken(worker)) != GEARMAN_SUCCESS) {
    return NULL;
  }
  gcffi_worker_check_patience(worker);
  worker->is_leaving = leaves;
  do {
    job = step(worker, call, rc);
  } while (*rc == GEARMAN_NO_JOBS && worker->functions_added && !leaves); /* they are not announced yet */
  worker->is_leaving = false;
  if (*rc == GEARMAN_NO_JOBS) {
    *rc = leaves ? has_left(worker) : unless_unconnected(worker, call);
  }
  return job;
}

/* One round of the search, without a wait. job: as of gcffi_worker_grab(). leaves: asks for no job any more, and takes what a
 * server may still assign; GEARMAN_SHUTDOWN_GRACEFUL if none does. The worker's functions must have no callbacks. */
int gcffi_worker_take(gcffi_worker *worker, bool leaves, gcffi_job *job) {
  gcffi_call call;
  gearman_return_t rc;
  int refused = gcffi_call_begin(&call, &worker->guard, -1);
  if (refused) {
    return refused;
  }
  call.self = worker;
  call.io = &gcffi_worker_io;
  worker->has_error = worker->may_wait = worker->keep_working = false;
  worker->recv_mode = GCFFI_RECV_NEVER_BLOCKS;
  worker->resume_fd = -1;
  worker->job_may_come = worker->queues_sends = true;
  gcffi_job_init(job, worker, take(worker, &call, leaves, &rc));
  if (job->st) {
    job->conn = (gcffi_conn_ref){worker->job_conn, worker->job_conn->serial};
    gcffi_job_own(job);
  }
  return gcffi_call_end(&call, (int)rc);
}

/* ------------------------------------------------------------------------------- waiting for several workers */

typedef enum { COLLECT, FEED } use;

static gearman_return_t use_pollset(gcffi_worker *worker, use what) {
  gcffi_call call;
  gcffi_call_push(&call, -1);
  call.io = &gcffi_worker_io;
  call.self = worker;
  gcffi_pollset *pollset = &worker->pollset;
  gearman_return_t rc = what == COLLECT ? gcffi_pollset_collect(&call, pollset) : gcffi_pollset_feed(&call, pollset);
  gcffi_call_pop(&call);
  return rc;
}

static void collect(gcffi_worker *worker) {
  worker->wait_until = gcffi_worker_patience(worker);
  worker->pollset.worker = worker->st;
  worker->is_idle = worker->phase < GCFFI_SEARCHING;
  if (use_pollset(worker, COLLECT) == GEARMAN_NO_ACTIVE_FDS) {
    worker->pollset.count = 0;
  }
  worker->is_idle = false;
  worker->own_fds = worker->pollset.count;
  if (worker->phase < GCFFI_SEARCHING && gcffi_worker_is_connecting(worker)) {
    worker->wait_until = gcffi_sooner(worker->wait_until, gcffi_worker_watch_attempts(worker));
  }
}

static void feed(gcffi_worker *worker) {
  worker->has_news = worker->has_news || gcffi_any_ready(worker->pollset.fds, worker->pollset.count);
  if (worker->pollset.count > worker->own_fds) {
    gcffi_worker_offer_attempts(worker);
  }
  if (worker->own_fds) {
    worker->pollset.count = worker->own_fds;
    use_pollset(worker, FEED);
  }
}

static gearman_return_t wait_for_workers(gcffi_worker **workers, size_t count, size_t receiving, int wake_fd,
                                         gcffi_call *call) {
  gcffi_pollset all = {0};
  int64_t until = call->deadline;
  gcffi_pollset_add(&all, wake_fd, POLLIN);
  if (!all.count) {
    return GEARMAN_MEMORY_ALLOCATION_FAILURE;
  }
  for (size_t i = 0; i < receiving; i++) {
    collect(workers[i]);
    until = gcffi_sooner(until, workers[i]->wait_until);
    gcffi_pollset_append(&all, &workers[i]->pollset);
  }
  for (size_t i = 0; i < count; i++) {
    gcffi_worker_watch_queues(workers[i], &all);
  }
  int ready = gcffi_call_wait_until(call, all.fds, all.count, until);
  nfds_t at = 1;
  for (size_t i = 0; i < receiving; i++) {
    gcffi_pollset_split(&all, &at, &workers[i]->pollset, ready);
    workers[i]->has_news = gcffi_is_over(workers[i]->wait_until);
    if (ready > 0) {
      feed(workers[i]);
    }
  }
  for (size_t i = 0; i < count && ready > 0; i++) {
    gcffi_worker_flush_queues(workers[i]);
  }
  free(all.fds);
  return ready ? GEARMAN_SUCCESS : GEARMAN_TIMEOUT;
}

/* Waits until something has come for one of them, or the descriptor can be read. receiving: how many of them, from the first,
 * are to receive something; the others only send what is queued. */
int gcffi_wait_for_workers(gcffi_worker **workers, size_t count, size_t receiving, int wake_fd, int64_t timeout_ms) {
  gcffi_call call;
  size_t acquired = 0;
  int rc = 0;
  while (acquired < count && (rc = gcffi_guard_acquire(&workers[acquired]->guard)) == 0) {
    acquired++;
  }
  if (rc == 0) {
    gcffi_call_push(&call, timeout_ms);
    rc = gcffi_call_end(&call, (int)wait_for_workers(workers, count, receiving, wake_fd, &call));
  }
  while (acquired) {
    gcffi_guard_release(&workers[--acquired]->guard);
  }
  return rc;
}
