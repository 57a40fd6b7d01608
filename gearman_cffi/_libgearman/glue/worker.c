/* The work loop.
 *
 * gearman_worker_work() runs in non-blocking mode here and the waits between its steps are ours: in blocking
 * mode libgearman 1.1.20 frees the job it is about to receive when a timeout strikes in the middle of an
 * exchange, and a wait that ends early would send the request for a job again. */
#define _GNU_SOURCE
#include "glue.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

gcffi_worker *gcffi_worker_create(void) {
  gcffi_worker *worker = calloc(1, sizeof *worker);
  if (!worker) {
    return NULL;
  }
  worker->pid = getpid();
  worker->st = gearman_worker_create(NULL); /* NULL also when GEARMAN_SERVERS names an unknown host */
  if (!worker->st) {
    free(worker);
    return NULL;
  }
  return worker;
}

/* In a forked child nothing is freed: closing would shut down the parent's connections. Jobs of grab that are still held
 * keep the worker; the garbage collector ends what it finds together in any order. */
void gcffi_worker_free(gcffi_worker *worker) {
  if (worker && __atomic_load_n(&worker->grabbed, __ATOMIC_SEQ_CST)) {
    worker->released = true;
  } else if (worker && worker->pid == getpid()) {
    gcffi_scope scope; /* not that of a client whose callback this is */
    gcffi_enter(&scope, -1);
    gearman_worker_free(worker->st);
    for (size_t i = 0; i < worker->retired_count; i++) {
      gearman_worker_free(worker->retired[i]);
    }
    gcffi_leave(&scope);
    free(worker->retired);
    free(worker);
  }
}

void gcffi_worker_finish(bool *closed, gcffi_worker *worker) {
  *closed = true;
  gcffi_worker_free(worker);
}

const char *gcffi_worker_error(gcffi_worker *worker) {
  return worker->failed ? worker->error : gearman_worker_error(worker->st);
}

static void keep_error(gcffi_worker *worker) {
  const char *text = gearman_worker_error(worker->st);
  worker->error[0] = '\0';
  if (text) {
    strncpy(worker->error, text, sizeof worker->error - 1);
  }
}

gearman_return_t gcffi_worker_add_server(gcffi_worker *worker, const char *host, in_port_t port) {
  worker->failed = false;
  return gearman_worker_add_server(worker->st, host, port);
}

gearman_return_t gcffi_worker_add_servers(gcffi_worker *worker, const char *servers) {
  worker->failed = false;
  return gearman_worker_add_servers(worker->st, servers);
}

static gearman_return_t run_job(gearman_job_st *job, void *context) {
  gcffi_before_python();
  return (gearman_return_t)gcffi_on_job(job, context);
}

gearman_return_t gcffi_worker_add_function(gcffi_worker *worker, const char *name, size_t size,
                                           uint32_t timeout, void *context) {
  worker->failed = false;
  if (size == 0) {
    return gearman_worker_register(worker->st, name, timeout); /* refuses it with the extension's text */
  }
  return gearman_worker_define_function(worker->st, name, size, gearman_function_create_v2(run_job), timeout,
                                        context);
}

/* ---------------------------------------------------------------------------------------- stopping */

/* May be called from a signal handler and from any thread. */
void gcffi_worker_stop(gcffi_worker *worker) {
  __atomic_store_n(&worker->stop, 1, __ATOMIC_SEQ_CST);
  gearman_kill(gearman_worker_id(worker->st), GEARMAN_SIGNAL_INTERRUPT);
}

/* libgearman puts back the byte that it reads from its wake-up pipe, so the pipe would end every later wait. */
static bool take_stop(gcffi_worker *worker) {
  struct pollfd pipe = {.fd = gearman_worker_id(worker->st).read_fd, .events = POLLIN};
  char byte;
  if (!__atomic_exchange_n(&worker->stop, 0, __ATOMIC_SEQ_CST)) {
    return false;
  }
  while (poll(&pipe, 1, 0) == 1 && (pipe.revents & POLLIN) && read(pipe.fd, &byte, 1) == 1) {
  }
  return true;
}

/* ---------------------------------------------------------------------------------------- the loop */

#define FIRST_NAP_MS 50
#define LONGEST_NAP_MS 1000

static bool returns_on_timeout(gcffi_worker *worker) {
  return (gearman_worker_options(worker->st) & GEARMAN_WORKER_TIMEOUT_RETURN) != 0;
}

/* With no server connected there is nothing to wait for. One more round then, for a server that went away and is
 * back already; when that ends the same way, none can be reached. A worker with a timeout that has lost its servers
 * keeps trying until that time is over; libgearman's blocking mode waits for its end. */
static gearman_return_t work(gcffi_worker *worker, gcffi_scope *scope, bool waits) {
  struct pollfd wake_up = {.fd = gearman_worker_id(worker->st).read_fd, .events = POLLIN};
  bool last_try = false, was_connected = false;
  int nap = FIRST_NAP_MS;
  for (;;) {
    if (take_stop(worker)) {
      return GEARMAN_SHUTDOWN_GRACEFUL;
    }
    gearman_return_t step = gearman_worker_work(worker->st);
    if (!waits || scope->interrupted || (step != GEARMAN_IO_WAIT && step != GEARMAN_NO_JOBS)) {
      return step;
    }
    keep_error(worker);
    was_connected = was_connected || scope->sent;
    scope->idle = step == GEARMAN_NO_JOBS;
    gearman_return_t rc = gcffi_worker_pause(worker->st);
    scope->idle = false;
    if (rc == GEARMAN_NO_ACTIVE_FDS && last_try && was_connected && returns_on_timeout(worker)) {
      if (gcffi_nap(scope, &wake_up, nap)) {
        worker->failed = true;
        strcpy(worker->error, "gearman_worker_grab_job(GEARMAN_TIMEOUT) Option timeout return reached");
        return GEARMAN_TIMEOUT;
      }
      nap = nap < LONGEST_NAP_MS ? nap * 2 : LONGEST_NAP_MS;
    } else if (rc == GEARMAN_SUCCESS || rc == GEARMAN_SHUTDOWN_GRACEFUL) {
      last_try = last_try && step == GEARMAN_IO_WAIT; /* idle, hence connected */
    } else if (rc == GEARMAN_NO_ACTIVE_FDS && !last_try) {
      last_try = true;
    } else if (rc == GEARMAN_NO_ACTIVE_FDS) {
      worker->failed = true;
      return GEARMAN_COULD_NOT_CONNECT;
    } else if (rc != GEARMAN_TIMEOUT || scope->interrupted || returns_on_timeout(worker)) {
      return rc;
    }
  }
}

gearman_return_t gcffi_worker_work(gcffi_worker *worker) {
  gcffi_scope scope;
  gcffi_enter(&scope, -1);
  gearman_return_t renewed = gcffi_worker_renew(worker);
  gcffi_leave(&scope);
  bool waits = (gearman_worker_options(worker->st) & GEARMAN_WORKER_NON_BLOCKING) == 0;
  if (renewed != GEARMAN_SUCCESS) {
    return renewed;
  }
  worker->failed = false;
  gcffi_enter(&scope, returns_on_timeout(worker) ? gearman_worker_timeout(worker->st) : -1);
  gearman_worker_add_options(worker->st, GEARMAN_WORKER_NON_BLOCKING);
  gearman_return_t rc = work(worker, &scope, waits);
  worker->asked = rc != GEARMAN_NO_REGISTERED_FUNCTIONS; /* there is nothing that a server could send then */
  if (waits) {
    gearman_worker_remove_options(worker->st, GEARMAN_WORKER_NON_BLOCKING);
  }
  gcffi_leave(&scope);
  return rc;
}

/* One step without waiting: tells the servers what was registered and unregistered, and may run a job. */
gearman_return_t gcffi_worker_announce(gcffi_worker *worker) {
  worker->asked = true;
  gcffi_scope scope;
  gcffi_enter(&scope, -1);
  gearman_worker_add_options(worker->st, GEARMAN_WORKER_NON_BLOCKING);
  gearman_return_t rc = gearman_worker_work(worker->st);
  gearman_worker_remove_options(worker->st, GEARMAN_WORKER_NON_BLOCKING);
  gcffi_leave(&scope);
  return rc;
}

gearman_return_t gcffi_worker_set_identifier(gcffi_worker *worker, const char *id, size_t size) {
  gcffi_scope scope;
  worker->failed = false;
  gcffi_enter(&scope, -1);
  gearman_return_t rc = gearman_worker_set_identifier(worker->st, id, size);
  gcffi_leave(&scope);
  return rc;
}

gearman_return_t gcffi_worker_wait(gcffi_worker *worker) {
  gcffi_scope scope;
  worker->failed = false;
  gcffi_enter(&scope, -1);
  gearman_return_t rc = gcffi_worker_pause(worker->st);
  gcffi_leave(&scope);
  return rc;
}

/* ------------------------------------------------------------------------------------ what a job sends */

/* libgearman tries a job's packets again after every timeout: only a signal ends the wait, and with it the
 * connection, so that half a packet is never followed by another. */
static void enter_send(gcffi_scope *scope) {
  gcffi_enter(scope, -1);
  scope->exchange = scope->patient = true;
}

gearman_return_t gcffi_job_send(gearman_job_st *job, int what, const void *data, size_t size) {
  gcffi_scope scope;
  gearman_return_t rc;
  enter_send(&scope);
  switch (what) {
  case GCFFI_SEND_DATA: rc = gearman_job_send_data(job, data, size); break;
  case GCFFI_SEND_WARNING: rc = gearman_job_send_warning(job, data, size); break;
  case GCFFI_SEND_COMPLETE: rc = gearman_job_send_complete(job, data, size); break;
  case GCFFI_SEND_EXCEPTION: rc = gearman_job_send_exception(job, data, size); break;
  default: rc = gearman_job_send_fail(job); break;
  }
  gcffi_leave(&scope);
  return rc;
}

gearman_return_t gcffi_job_send_status(gearman_job_st *job, uint32_t numerator, uint32_t denominator) {
  gcffi_scope scope;
  enter_send(&scope);
  gearman_return_t rc = gearman_job_send_status(job, numerator, denominator);
  gcffi_leave(&scope);
  return rc;
}
