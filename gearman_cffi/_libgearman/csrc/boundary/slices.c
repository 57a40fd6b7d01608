/* Waits of clients and workers. In slices if poll() cannot be replaced (got.c): then signal handlers run between them. */
#include "call.h"

#define SLICE_MS 50

/* GEARMAN_CLIENT/WORKER_STOP_WAIT_ON_SIGNAL: from 2.0 on a signal ends the wait. 1.x has no names for them, and ignores them. */
#define CLIENT_STOPS_ON_SIGNAL ((gearman_client_options_t)(1 << 10))
#define WORKER_STOPS_ON_SIGNAL ((gearman_worker_options_t)(1 << 13))

/* Python's handlers run at the end of a slice, or at once if a signal ends it. Nothing is sent for that. */
static gearman_return_t in_slices(void *st, gearman_return_t (*wait)(void *), int timeout,
                                  void (*set_timeout)(void *, int)) {
  gcffi_call *call = gcffi_current_call();
  int64_t limit = call->deadline;
  if (limit == GCFFI_NEVER && timeout >= 0) {
    limit = gcffi_now() + timeout * 1000000LL;
  }
  gearman_return_t rc;
  do {
    int64_t left = limit == GCFFI_NEVER ? SLICE_MS : (limit - gcffi_now()) / 1000000LL + 1;
    set_timeout(st, left < 0 ? 0 : left > SLICE_MS ? SLICE_MS : (int)left);
    rc = wait(st);
    rc = rc == GEARMAN_IO_WAIT ? GEARMAN_TIMEOUT : rc; /* a signal ended it */
    if (rc == GEARMAN_TIMEOUT && gcffi_is_main_thread()) {
      gcffi_run_signal_handlers(call);
    }
    call->timed_out = limit != GCFFI_NEVER && gcffi_now() >= limit;
  } while (rc == GEARMAN_TIMEOUT && !call->interrupted && !call->timed_out);
  set_timeout(st, timeout);
  return rc;
}

static gearman_return_t wait_client(void *st) { return gearman_client_wait(st); }
static gearman_return_t wait_worker(void *st) { return gearman_worker_wait(st); }
static void set_client(void *st, int timeout) { gearman_client_set_timeout(st, timeout); }
static void set_worker(void *st, int timeout) { gearman_worker_set_timeout(st, timeout); }

gearman_return_t gcffi_wait_client(gearman_client_st *st) {
  if (gcffi_waits_are_ours()) {
    return gearman_client_wait(st);
  }
  gearman_client_add_options(st, CLIENT_STOPS_ON_SIGNAL);
  gearman_return_t rc = in_slices(st, wait_client, gearman_client_timeout(st), set_client);
  gearman_client_remove_options(st, CLIENT_STOPS_ON_SIGNAL);
  return rc;
}

gearman_return_t gcffi_wait_worker(gearman_worker_st *st) {
  if (gcffi_waits_are_ours()) {
    return gearman_worker_wait(st);
  }
  bool returns_on_timeout = (gearman_worker_options(st) & GEARMAN_WORKER_TIMEOUT_RETURN) != 0;
  int timeout = returns_on_timeout ? gearman_worker_timeout(st) : -1;
  gearman_worker_add_options(st, WORKER_STOPS_ON_SIGNAL);
  gearman_return_t rc = in_slices(st, wait_worker, timeout, set_worker);
  gearman_worker_remove_options(st, WORKER_STOPS_ON_SIGNAL);
  if (!returns_on_timeout) {
    gearman_worker_remove_options(st, GEARMAN_WORKER_TIMEOUT_RETURN);
  }
  return rc;
}
