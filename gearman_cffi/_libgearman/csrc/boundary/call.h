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
int gcffi_guard_acquire_reentrant(gcffi_guard *guard, bool *acquired);
int gcffi_guard_acquire_in_callback(gcffi_guard *guard, bool *acquired);
void gcffi_guard_release(gcffi_guard *guard);

/* -------------------------------------------------------------------------------------------- call.c */

/* Has the call acquired its object, or is it nested in one that has? Then its end restores guard->in_callback. */
typedef enum { GCFFI_NESTED, GCFFI_NESTED_IN_CALLBACK, GCFFI_ACQUIRED } gcffi_nesting;

/* What aborting a wait does to the connections, and whose timeouts end one. */
typedef enum {
  GCFFI_CALL_RUNS,    /* libgearman can go on later: nothing */
  GCFFI_CALL_ASKS,    /* the answer must be read: closes them */
  GCFFI_CALL_SENDS,   /* the same, and libgearman goes on after its own timeout, so only a signal ends the wait */
  GCFFI_CALL_CREATES, /* does not wait, and ignores GEARMAN_SERVERS */
} gcffi_call_kind;

/* Why the call's waits end at once from now on. */
typedef enum {
  GCFFI_GOES_ON,
  GCFFI_TIMED_OUT,
  GCFFI_INTERRUPTED, /* a Python signal handler raised, or forked */
} gcffi_call_state;

typedef struct gcffi_call {
  struct gcffi_call *outer;
  gcffi_guard *guard;        /* of the object that is called, or NULL */
  gcffi_nesting nesting;
  gcffi_call_kind kind;
  gcffi_call_state state;
  unsigned process;          /* how many forks lie between the first process and the one that began the call */
  int64_t deadline;          /* of the whole call, CLOCK_MONOTONIC in ns; GCFFI_NEVER for none */
  bool raised;               /* Python has an exception to raise */
  bool check_signals_first;  /* before the next wait */
  const struct gcffi_io *io; /* the hooks of the client or worker, if any; see hooks.h */
  void *self;                /* the object that they get */
  struct gcffi_pollset *pollset; /* libgearman's poll() works on it, and does not wait */
} gcffi_call;

#define GCFFI_NEVER INT64_MAX

/* The innermost call of this thread, or NULL. */
extern _Thread_local gcffi_call *gcffi_current_call;

/* True in the child of a callback that forked: the connections are the parent's, so the rest of the call must neither
 * send a byte nor shut a connection down. */
static inline bool gcffi_call_is_forked(const gcffi_call *call) { return call && call->process != gcffi_process; }

int64_t gcffi_now(void);

/* A time from now on; negative for GCFFI_NEVER. */
static inline int64_t gcffi_after_ms(int64_t ms) { return ms < 0 ? GCFFI_NEVER : gcffi_now() + ms * 1000000LL; }

/* The earlier of two times. */
static inline int64_t gcffi_sooner(int64_t one, int64_t other) { return one < other ? one : other; }

static inline void gcffi_call_set_deadline(gcffi_call *call, int64_t timeout_ms) {
  call->deadline = gcffi_after_ms(timeout_ms);
}

/* True after this time. Reads the clock only if it is not GCFFI_NEVER. */
static inline bool gcffi_is_over(int64_t until) { return until != GCFFI_NEVER && gcffi_now() >= until; }

static inline bool gcffi_call_is_late(const gcffi_call *call) { return gcffi_is_over(call->deadline); }

void gcffi_call_push(gcffi_call *call, int64_t timeout_ms);
void gcffi_call_pop(gcffi_call *call);
int gcffi_call_begin(gcffi_call *call, gcffi_guard *guard, int64_t timeout_ms);
int gcffi_call_begin_reentrant(gcffi_call *call, gcffi_guard *guard, int64_t timeout_ms);
int gcffi_call_begin_in_callback(gcffi_call *call, gcffi_guard *guard, int64_t timeout_ms);
int gcffi_call_end(gcffi_call *call, int rc);
void gcffi_call_note_exception(void);
void gcffi_block_if_finalizing(void);
bool gcffi_is_main_thread(void);

/* ----------------------------------------------------------------------------------- clock.c, wait.c */

/* A signal that arrives between Python's check and the start of poll() does not interrupt it. So a wait that has lasted
 * this long in ns checks again, with signals blocked until poll() begins. Another thread may take those: hence a second
 * check, and one each second. */
#define GCFFI_SIGNAL_RECHECK_NS 50000000LL
#define GCFFI_SIGNAL_RECHECK_LONG_NS 1000000000LL

int64_t gcffi_limit(const gcffi_call *call, int timeout_ms);
int gcffi_poll_until(struct pollfd *fds, nfds_t count, int64_t until, const sigset_t *mask);
bool gcffi_run_signal_handlers(gcffi_call *call);
int gcffi_call_wait_until(gcffi_call *call, struct pollfd *fds, nfds_t count, int64_t until);
int gcffi_call_wait(gcffi_call *call, struct pollfd *fds, nfds_t count, int64_t until);
bool gcffi_sleep_interruptibly(gcffi_call *call, struct pollfd *wake_up, int ms);

/* Runs Python's signal handlers (callbacks.py): 0, or 1 if one raised. */
int gcffi_on_signals(void);

/* --------------------------------------------------------------------------------------------- gil.c */

void gcffi_gil_hold_in_timeslice(void);
void gcffi_gil_release(void);
void gcffi_gil_release_before_wait(gcffi_call *call, struct pollfd *fds, nfds_t count);
void gcffi_gil_enter_python(void);
void gcffi_gil_leave_python(void);

/* ----------------------------------------------------------------------------------------- pollset.c */

/* What libgearman's poll() does with a pollset. */
typedef enum {
  GCFFI_COLLECT, /* stores what to wait for; nothing is ready */
  GCFFI_FEED,    /* says what has become ready */
  GCFFI_PEEK,    /* says what is ready now */
} gcffi_pollset_use;

/* What a client or a worker waits for: descriptors with their events, until when; and what has become ready since. An
 * event loop may wait in place of gcffi_pollset_wait(), and one poll() for several clients. */
typedef struct gcffi_pollset {
  gearman_client_st *client; /* whose it is: one of these */
  gearman_worker_st *worker;
  struct pollfd *fds; /* malloc()ed */
  nfds_t count;
  int64_t deadline;
  int ready; /* as poll() returns it, with its errno */
  int error;
  bool ends_on_signal; /* even if no handler raises; libgearman's own option is set too */
  gcffi_pollset_use use;
} gcffi_pollset;

gearman_return_t gcffi_pollset_collect(gcffi_call *call, gcffi_pollset *pollset);
void gcffi_pollset_add(gcffi_pollset *pollset, int fd, short events);
bool gcffi_any_ready(const struct pollfd *fds, nfds_t count);
void gcffi_pollset_append(gcffi_pollset *all, const gcffi_pollset *part);
void gcffi_pollset_split(const gcffi_pollset *all, nfds_t *at, gcffi_pollset *part, int ready);
int gcffi_pollset_wait(gcffi_call *call, gcffi_pollset *pollset, int64_t until);
gearman_return_t gcffi_pollset_feed(gcffi_call *call, gcffi_pollset *pollset);
gearman_return_t gcffi_pollset_peek(gcffi_call *call, gcffi_pollset *pollset);
gearman_return_t gcffi_wait(gcffi_call *call, gcffi_pollset *pollset);
int gcffi_call_poll(gcffi_call *call, struct pollfd *fds, nfds_t count, int timeout_ms);

#endif
