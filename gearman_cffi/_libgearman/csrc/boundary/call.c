/* The calls from Python that run in a thread, and the threads and processes that may not go on.
 *
 * Calls nest: a callback may call again, and a part of a call may push one of its own, with other hooks or none. */
#include "call.h"

#include <poll.h>
#include <pthread.h>

_Thread_local gcffi_call *gcffi_current_call;
static pthread_t main_thread;
static int ending;

/* ident: Python's number of the thread, which is its pthread_self(). Only the first call counts: a subinterpreter has
 * another main thread, and no signal handlers. */
bool gcffi_set_main_thread(unsigned long ident) {
  static bool known;
  bool first = !known;
  if (first) {
    main_thread = (pthread_t)ident;
    known = true;
  }
  return first;
}

/* In a child process: there the thread that forked runs the signal handlers. */
void gcffi_forked(void) {
  main_thread = pthread_self();
  gcffi_process++;
}

/* The interpreter is about to end. A daemon thread that entered it later would crash. */
void gcffi_finalize(void) { __atomic_store_n(&ending, 1, __ATOMIC_SEQ_CST); }

/* Before each callback: a thread stays here for ever if the interpreter is ending. */
void gcffi_block_if_finalizing(void) {
  while (__atomic_load_n(&ending, __ATOMIC_SEQ_CST) && !pthread_equal(pthread_self(), main_thread)) {
    poll(NULL, 0, -1);
  }
}

/* Signal handlers of Python run in the main thread. */
bool gcffi_is_main_thread(void) { return pthread_equal(pthread_self(), main_thread) != 0; }

void gcffi_call_push(gcffi_call *call, int64_t timeout_ms) {
  *call = (gcffi_call){.outer = gcffi_current_call, .process = gcffi_process};
  gcffi_call_set_deadline(call, timeout_ms);
  gcffi_current_call = call;
}

static int begin(gcffi_call *call, gcffi_guard *guard, bool acquired, int64_t timeout_ms) {
  gcffi_call_push(call, timeout_ms);
  call->guard = guard;
  call->nesting = acquired ? GCFFI_ACQUIRED : guard->in_callback ? GCFFI_NESTED_IN_CALLBACK : GCFFI_NESTED;
  guard->in_callback = false;
  return 0;
}

/* Begins a call from Python, which acquires the object until its end. 0, or why it is refused. */
int gcffi_call_begin(gcffi_call *call, gcffi_guard *guard, int64_t timeout_ms) {
  int refused = gcffi_guard_acquire(guard);
  return refused ? refused : begin(call, guard, true, timeout_ms);
}

/* The same for a call that a callback of the object and a signal handler may make too. */
int gcffi_call_begin_reentrant(gcffi_call *call, gcffi_guard *guard, int64_t timeout_ms) {
  bool acquired;
  int refused = gcffi_guard_acquire_reentrant(guard, &acquired);
  return refused ? refused : begin(call, guard, acquired, timeout_ms);
}

/* The same for a call that a callback of the object may make too. */
int gcffi_call_begin_in_callback(gcffi_call *call, gcffi_guard *guard, int64_t timeout_ms) {
  bool acquired;
  int refused = gcffi_guard_acquire_in_callback(guard, &acquired);
  return refused ? refused : begin(call, guard, acquired, timeout_ms);
}

/* Ends a call from Python. Returns what the call returns. */
int gcffi_call_end(gcffi_call *call, int rc) {
  gcffi_current_call = call->outer;
  if (call->guard) {
    call->guard->in_callback = call->nesting == GCFFI_NESTED_IN_CALLBACK;
  }
  if (call->nesting == GCFFI_ACQUIRED) {
    gcffi_guard_release(call->guard);
  }
  return call->raised ? GCFFI_E_EXCEPTION : rc;
}

/* A callback of Python's has raised. */
void gcffi_call_note_exception(void) {
  if (gcffi_current_call) {
    gcffi_current_call->raised = true;
  }
}

/* Ends a part of a call: what was raised in it is raised by the call. */
void gcffi_call_pop(gcffi_call *call) {
  if (gcffi_call_end(call, 0) == GCFFI_E_EXCEPTION) {
    gcffi_call_note_exception();
  }
}
