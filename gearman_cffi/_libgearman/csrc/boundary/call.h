/* Python meets C: who may use an object, the call that is running, and its one wait. */
#ifndef GCFFI_CALL_H
#define GCFFI_CALL_H

#include <poll.h>
#include <signal.h>

#include <libgearman-1.0/gearman.h>

#include "api.h"

/* ------------------------------------------------------------------------------------------- guard.c */

/* The head of a client and of a worker. */
typedef struct gcffi_guard {
  unsigned process;    /* how many forks lie between the first process and the one that made the object */
  unsigned long owner; /* the thread whose call is running, or 0; atomic */
  bool in_callback;    /* its call runs a callback in Python, which may make some calls */
  bool closed;         /* the garbage collector has freed what is libgearman's */
} gcffi_guard;

extern unsigned gcffi_process;

int gcffi_guard_acquire(gcffi_guard *guard);
int gcffi_guard_acquire_reentrant(gcffi_guard *guard, bool *taken);
int gcffi_guard_acquire_in_callback(gcffi_guard *guard, bool *taken);
void gcffi_guard_release(gcffi_guard *guard);

/* -------------------------------------------------------------------------------------------- call.c */

/* Several clients' descriptors, collected for one poll(). */
typedef struct gcffi_pollset {
  struct pollfd *fds;
  nfds_t count;
} gcffi_pollset;

typedef struct gcffi_call {
  struct gcffi_call *outer;
  gcffi_guard *guard; /* of the object that is called */
  bool taken;         /* this call has taken it; otherwise it is nested in one that has */
  bool in_callback;   /* of the guard, to be put back at the end */
  unsigned process;   /* how many forks lie between the first process and the one that began the call */
  int64_t deadline;   /* CLOCK_MONOTONIC in ns at which the whole call ends; GCFFI_NEVER for none */
  bool close_on_abort;      /* the answer must be read: aborting the wait closes the connections */
  bool ignore_lib_timeout;  /* libgearman goes on after its own timeout here, so only a signal may end the wait */
  bool interrupted;         /* a Python signal handler raised, or forked */
  bool raised;              /* so did a callback: Python has an exception to raise */
  bool timed_out;
  bool check_signals_first; /* before the next wait */
  bool poll_once;           /* do not wait */
  bool ignore_environment;  /* no servers from GEARMAN_SERVERS */
  const struct gcffi_io *io; /* the hooks of the client or worker, if any; see hooks.h */
  void *self;                /* the object that they get */
  gcffi_pollset *pollset;    /* collect descriptors, and do not wait */
} gcffi_call;

#define GCFFI_NEVER INT64_MAX

void gcffi_call_push(gcffi_call *call, int64_t timeout_ms);
void gcffi_call_pop(gcffi_call *call);
int gcffi_call_begin(gcffi_call *call, gcffi_guard *guard, int64_t timeout_ms);
int gcffi_call_begin_reentrant(gcffi_call *call, gcffi_guard *guard, int64_t timeout_ms);
int gcffi_call_begin_in_callback(gcffi_call *call, gcffi_guard *guard, int64_t timeout_ms);
int gcffi_call_end(gcffi_call *call, int rc);
void gcffi_call_set_deadline(gcffi_call *call, int64_t timeout_ms);
void gcffi_call_note_exception(void);
bool gcffi_call_is_forked(const gcffi_call *call);
gcffi_call *gcffi_current_call(void);
void gcffi_block_if_finalizing(void);
bool gcffi_is_main_thread(void);

/* --------------------------------------------------------------------------- clock.c, wait.c, slices.c */

/* A signal that arrives between Python's check and the start of poll() does not interrupt it. So a wait that has lasted this
 * long in ns checks again, with signals blocked until poll() begins. Another thread may take those: hence a second check,
 * and one each second. */
#define GCFFI_SIGNAL_RECHECK_NS 50000000LL
#define GCFFI_SIGNAL_RECHECK_LONG_NS 1000000000LL

int64_t gcffi_now(void);
int gcffi_poll_until(struct pollfd *fds, nfds_t count, int64_t until, const sigset_t *mask);
bool gcffi_run_signal_handlers(gcffi_call *call);
int gcffi_call_poll(gcffi_call *call, struct pollfd *fds, nfds_t count, int timeout);
bool gcffi_sleep_interruptibly(gcffi_call *call, struct pollfd *wake_up, int ms);
gearman_return_t gcffi_wait_client(gearman_client_st *st);
gearman_return_t gcffi_wait_worker(gearman_worker_st *st);

/* Runs Python's signal handlers (callbacks.py): 0, or 1 if one raised. */
int gcffi_on_signals(void);

#endif
