/* Waiting in slices, where poll() cannot be replaced (got.c): signal handlers run between them. */
#define _GNU_SOURCE
#include "glue.h"

#define SLICE_MS 50

/* GEARMAN_CLIENT/WORKER_STOP_WAIT_ON_SIGNAL, which 1.x has no names for and ignores: from 2.0 on a signal ends the wait. */
#define CLIENT_STOPS_ON_SIGNAL ((gearman_client_options_t)(1 << 10))
#define WORKER_STOPS_ON_SIGNAL ((gearman_worker_options_t)(1 << 13))

/* Python's handlers then run at the end of a slice, or at once where a signal ends it. No packet is sent for it. */
static gearman_return_t in_slices(void *st, gearman_return_t (*wait)(void *), int timeout,
                                  void (*set_timeout)(void *, int)) {
  gcffi_scope *scope = gcffi_current_scope();
  int64_t limit = scope->deadline;
  if (limit == GCFFI_NEVER && timeout >= 0) {
    limit = gcffi_now() + timeout * 1000000LL;
  }
  gearman_return_t rc;
  do {
    int64_t left = limit == GCFFI_NEVER ? SLICE_MS : (limit - gcffi_now()) / 1000000LL + 1;
    set_timeout(st, left < 0 ? 0 : left > SLICE_MS ? SLICE_MS : (int)left);
    rc = wait(st);
    rc = rc == GEARMAN_IO_WAIT ? GEARMAN_TIMEOUT : rc; /* a signal has ended it */
    if (rc == GEARMAN_TIMEOUT && gcffi_handles_signals()) {
      gcffi_let_signals_in(scope);
    }
    scope->timed_out = limit != GCFFI_NEVER && gcffi_now() >= limit;
  } while (rc == GEARMAN_TIMEOUT && !scope->interrupted && !scope->timed_out);
  set_timeout(st, timeout);
  return rc;
}

static gearman_return_t wait_client(void *st) { return gearman_client_wait(st); }
static gearman_return_t wait_worker(void *st) { return gearman_worker_wait(st); }
static void set_client(void *st, int timeout) { gearman_client_set_timeout(st, timeout); }
static void set_worker(void *st, int timeout) { gearman_worker_set_timeout(st, timeout); }

gearman_return_t gcffi_client_pause(gearman_client_st *st) {
  if (gcffi_is_interposed()) {
    return gearman_client_wait(st);
  }
  gearman_client_add_options(st, CLIENT_STOPS_ON_SIGNAL);
  gearman_return_t rc = in_slices(st, wait_client, gearman_client_timeout(st), set_client);
  gearman_client_remove_options(st, CLIENT_STOPS_ON_SIGNAL);
  return rc;
}

gearman_return_t gcffi_worker_pause(gearman_worker_st *st) {
  if (gcffi_is_interposed()) {
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
