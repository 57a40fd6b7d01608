/* A worker's life and its work loop: gearman_worker_work() in non-blocking mode, with our waits between its steps
 * (Q16). */
#define _GNU_SOURCE
#include "worker.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* False also if GEARMAN_SERVERS names an unknown host. The memory is the caller's. */
bool gcffi_worker_open(gcffi_worker *worker, bool from_environment) {
  gcffi_call call;
  *worker = GCFFI_NEW_WORKER;
  gcffi_call_push(&call, -1);
  call.kind = from_environment ? GCFFI_CALL_RUNS : GCFFI_CALL_CREATES;
  worker->st = gearman_worker_create(NULL);
  worker->owned = calloc(1, sizeof *worker->owned);
  worker->server_count = from_environment ? gcffi_count_servers(getenv("GEARMAN_SERVERS")) : 0;
  gcffi_call_pop(&call);
  if (worker->st && !from_environment) {
    gearman_worker_remove_servers(worker->st); /* if getenv() could not be replaced */
  }
  gearman_worker_add_options(worker->st, GEARMAN_WORKER_NON_BLOCKING);
  return worker->st && worker->owned;
}

static void free_all(gcffi_worker *worker) {
  gcffi_free_worker(worker->st);
  gcffi_free_replaced(worker);
  free(worker->replaced);
  free(worker->owned);
  free(worker->function_names);
  free(worker->asked);
  free(worker->queues);
  gcffi_worker_drop_attempts(worker);
  free(worker->pollset.fds);
}

/* In a forked child nothing is freed: closing would shut down the parent's connections. Jobs of grab that Python still
 * owns keep the worker: the garbage collector may close the worker before them. */
void gcffi_worker_close(gcffi_worker *worker) {
  worker->guard.closed = true;
  if (__atomic_load_n(&worker->grabbed, __ATOMIC_SEQ_CST)) {
    worker->close_when_jobs_gone = true;
  } else if (worker->pid == getpid()) {
    free_all(worker);
  }
}

const char *gcffi_worker_error(gcffi_worker *worker) {
  return worker->has_error ? worker->error : gearman_worker_error(worker->st);
}

static void keep_error(gcffi_worker *worker) {
  const char *text = gearman_worker_error(worker->st);
  size_t size = text ? strnlen(text, sizeof worker->error - 1) : 0; /* no strncpy(), which would fill up the rest */
  memcpy(worker->error, text ? text : "", size);
  worker->error[size] = '\0';
}

/* ---------------------------------------------------------------------------------------- the loop */

#define FIRST_PAUSE_MS 50
#define LONGEST_PAUSE_MS 1000

static bool returns_on_timeout(gcffi_worker *worker) {
  return (gearman_worker_options(worker->st) & GEARMAN_WORKER_TIMEOUT_RETURN) != 0;
}

/* unannounced_fd: a connection over which something else than the functions was sent was given up while it was opened. */
void gcffi_worker_note_step(gcffi_worker *worker, gearman_return_t rc) {
  bool was_searching = worker->phase >= GCFFI_SEARCHING;
  worker->functions_added = worker->functions_added && was_searching;
  worker->functions_removed = worker->functions_removed && (was_searching || rc == GEARMAN_NO_SERVERS);
  gcffi_worker_set_phase(worker, gcffi_phase_after(rc));
  if (gcffi_breaks_worker(rc) || (worker->unannounced_fd >= 0 && rc != GEARMAN_IO_WAIT)) {
    gcffi_worker_set_phase(worker, GCFFI_BROKEN);
  }
  if (rc == GEARMAN_NO_JOBS) {
    gcffi_worker_end_offers(worker);
  }
}

/* A job may change the worker's functions, and with that replace the libgearman worker that runs it. */
static gearman_return_t step(gcffi_worker *worker) {
  gearman_worker_st *st = worker->st;
  gearman_return_t rc = gearman_worker_work(st);
  if (worker->st == st) {
    gcffi_worker_note_step(worker, rc);
  } else {
    gcffi_free_replaced(worker);
  }
  return rc;
}

#define LEAVE_NS 2000000000LL

/* After stop(): what the worker has asked for is answered first, and its job is done: else the server would take the job
 * for one whose worker has died. */
static gearman_return_t leave(gcffi_worker *worker, gcffi_call *call) {
  gearman_return_t did = GEARMAN_NO_JOBS;
  int64_t deadline = call->deadline;
  call->deadline = gcffi_now() + LEAVE_NS;
  worker->is_leaving = true;
  while (did == GEARMAN_NO_JOBS && gcffi_worker_replace_if_broken(worker) == GEARMAN_SUCCESS &&
         gcffi_worker_awaits_answer(worker)) {
    did = step(worker);
    if (did == GEARMAN_IO_WAIT || did == GEARMAN_NO_JOBS) {
      bool waits = gcffi_worker_awaits_answer(worker) && !gcffi_call_is_late(call);
      did = waits && gcffi_worker_wait_io(worker, call) == GEARMAN_SUCCESS ? GEARMAN_NO_JOBS : GEARMAN_SHUTDOWN_GRACEFUL;
    }
  }
  worker->is_leaving = false;
  call->deadline = deadline;
  if (did == GEARMAN_NO_JOBS || (did == GEARMAN_SHUTDOWN_GRACEFUL && call->state != GCFFI_INTERRUPTED)) {
    gcffi_consume_stop(worker);
    return GEARMAN_SHUTDOWN_GRACEFUL;
  }
  return did;
}

/* What a worker does that has lost all its servers: one more round, for a server that is back already. */
typedef struct {
  bool is_last;
  int pause; /* ms */
} retries;

/* No server is connected. A worker with a timeout tries again until that time is over, as in blocking mode. True if it
 * does; otherwise *rc is what work() returns. */
static bool tries_again(gcffi_worker *worker, gcffi_call *call, retries *tries, gearman_return_t *rc) {
  if (!tries->is_last) {
    return tries->is_last = true;
  }
  if (!worker->has_sent || !returns_on_timeout(worker)) {
    gcffi_worker_retry_now(worker);
    worker->has_error = true;
    *rc = GEARMAN_COULD_NOT_CONNECT;
    return false;
  }
  struct pollfd wake_up = {.fd = gearman_worker_id(worker->st).read_fd, .events = POLLIN};
  if (gcffi_sleep_interruptibly(call, &wake_up, tries->pause)) {
    worker->has_error = true;
    strcpy(worker->error, "gearman_worker_grab_job(GEARMAN_TIMEOUT) Option timeout return reached");
    *rc = GEARMAN_TIMEOUT;
    return false;
  }
  tries->pause = tries->pause < LONGEST_PAUSE_MS ? tries->pause * 2 : LONGEST_PAUSE_MS;
  return true;
}

/* After a step without a job. True if the worker goes on; otherwise *rc is what work() returns. */
static bool waits_for_next_step(gcffi_worker *worker, gcffi_call *call, bool is_idle, retries *tries, gearman_return_t *rc) {
  worker->has_error = false;
  keep_error(worker);
  worker->is_idle = is_idle;
  *rc = gcffi_worker_wait_io(worker, call);
  worker->is_idle = false;
  switch (*rc) {
  case GEARMAN_SUCCESS:
    tries->is_last = tries->is_last && !is_idle; /* idle, hence connected */
    return true;
  case GEARMAN_SHUTDOWN_GRACEFUL: gcffi_drain_wakeup_pipe(worker); return true;
  case GEARMAN_NO_ACTIVE_FDS: return tries_again(worker, call, tries, rc);
  default: return *rc == GEARMAN_TIMEOUT && call->state != GCFFI_INTERRUPTED && !returns_on_timeout(worker);
  }
}

static gearman_return_t work(gcffi_worker *worker, gcffi_call *call, bool waits) {
  retries tries = {.pause = FIRST_PAUSE_MS};
  if (gcffi_worker_was_rejected(worker)) {
    return GEARMAN_UNEXPECTED_PACKET; /* before the job that the last call ran */
  }
  for (;;) {
    if (gcffi_is_stopped(worker)) {
      return leave(worker, call);
    }
    gearman_return_t rc = gcffi_worker_replace_if_broken(worker);
    if (rc != GEARMAN_SUCCESS) {
      return rc;
    }
    gcffi_worker_check_patience(worker);
    gearman_return_t did = gcffi_worker_unless_connecting(worker, step(worker));
    if (did == GEARMAN_SHUTDOWN_GRACEFUL) {
      gcffi_drain_wakeup_pipe(worker);
      continue;
    }
    if (gcffi_phase_after(did) != GCFFI_SEARCHING && gcffi_worker_was_rejected(worker)) {
      return GEARMAN_UNEXPECTED_PACKET;
    }
    if (did == GEARMAN_NO_JOBS && worker->functions_added) {
      continue; /* the new functions are not announced yet */
    }
    if (!waits || call->state == GCFFI_INTERRUPTED || (did != GEARMAN_IO_WAIT && did != GEARMAN_NO_JOBS)) {
      return did;
    }
    if (!waits_for_next_step(worker, call, did == GEARMAN_NO_JOBS, &tries, &rc)) {
      return rc;
    }
  }
}

static gearman_return_t replace_and_work(gcffi_worker *worker, gcffi_call *call) {
  gearman_return_t rc;
  bool waits = !worker->non_blocking;
  worker->has_error = false;
  gcffi_call_set_deadline(call, returns_on_timeout(worker) ? gearman_worker_timeout(worker->st) : -1);
  worker->may_wait = waits || worker->wait_for_grab_reply;
  worker->recv_mode = worker->may_wait ? GCFFI_RECV_MAY_BLOCK : GCFFI_RECV_NEVER_BLOCKS;
  worker->has_sent = false;
  rc = work(worker, call, waits);
  worker->job_may_come = rc != GEARMAN_NO_REGISTERED_FUNCTIONS; /* there is nothing that a server could send then */
  return rc;
}

static int begin(gcffi_call *call, gcffi_worker *worker) {
  int refused = gcffi_call_begin(call, &worker->guard, -1);
  if (refused == 0) {
    call->io = &gcffi_worker_io;
    call->self = worker;
    worker->may_wait = false;
    worker->resume_fd = -1;
    worker->recv_mode = GCFFI_RECV_NEVER_BLOCKS;
    worker->outcome = GEARMAN_SUCCESS;
    worker->send_error = 0;
    worker->keep_working = false;
    gcffi_gil_hold_in_timeslice();
  }
  return refused;
}

/* outcome: how the job ended that the call has run, SUCCESS if it ran none. */
static int end_call(gcffi_call *call, int rc, int *outcome) {
  gcffi_worker *worker = call->self;
  *outcome = worker->outcome;
  gcffi_worker_uncork(worker, -1);
  gcffi_gil_release();
  return gcffi_call_end(call, rc);
}

static int run_jobs(gcffi_worker *worker, gcffi_call *call, bool keep_working) {
  gearman_return_t rc;
  worker->keep_working = keep_working;
  do {
    if (worker->register_after_announce) {
      return GCFFI_E_ANNOUNCE_FIRST;
    }
    rc = replace_and_work(worker, call);
  } while (worker->keep_working && rc == GEARMAN_SUCCESS && worker->outcome == GEARMAN_SUCCESS && !worker->send_error &&
           call->state != GCFFI_INTERRUPTED);
  return worker->send_error ? worker->send_error : rc ? (int)rc : worker->outcome;
}

/* Waits for a job and runs it. keep_working: then the next one, until one fails, stop() is called, or
 * worker->keep_working is unset. */
int gcffi_worker_work(gcffi_worker *worker, bool keep_working, int *outcome) {
  gcffi_call call;
  int refused = begin(&call, worker);
  return refused ? refused : end_call(&call, run_jobs(worker, &call, keep_working), outcome);
}

static gearman_return_t replace_and_announce(gcffi_worker *worker) {
  gearman_return_t rc = gcffi_worker_replace_if_broken(worker);
  if (rc == GEARMAN_SUCCESS) {
    worker->job_may_come = true;
    rc = step(worker);
  }
  return rc;
}

/* One step without waiting: announces what was registered and unregistered, and may run a job. */
int gcffi_worker_announce(gcffi_worker *worker, int *outcome) {
  gcffi_call call;
  int rc = begin(&call, worker);
  if (rc == 0) {
    rc = (int)replace_and_announce(worker);
    rc = end_call(&call, worker->send_error ? worker->send_error : rc, outcome);
  }
  return rc;
}

int gcffi_worker_wait(gcffi_worker *worker) {
  gcffi_call call;
  int rc = gcffi_call_begin_in_callback(&call, &worker->guard, -1);
  if (rc == 0) {
    worker->has_error = false;
    call.io = &gcffi_worker_io;
    call.self = worker;
    rc = gcffi_call_end(&call, (int)gcffi_worker_wait_io(worker, &call));
  }
  return rc;
}

int gcffi_worker_set_identifier(gcffi_worker *worker, const char *id, size_t size) {
  gcffi_call call;
  int rc = gcffi_call_begin_in_callback(&call, &worker->guard, -1);
  if (rc) {
    return rc;
  }
  worker->has_error = false;
  call.io = &gcffi_worker_io;
  call.self = worker;
  rc = (int)gearman_worker_set_identifier(worker->st, id, size);
  if (rc == GEARMAN_SUCCESS) {
    memcpy(worker->id, id, size);
    worker->id_size = size;
  }
  if (worker->job_may_come && worker->unannounced_fd >= 0) {
    gcffi_worker_set_phase(worker, GCFFI_BROKEN);
  }
  return gcffi_call_end(&call, rc);
}
