/* The scope of each call from Python, in the thread that makes it; and the threads and processes that may not go on.
 *
 * Scopes lie in each other: within a callback the program may call again, and a part of a call may have a scope of its own. */
#define _GNU_SOURCE
#include "glue.h"

#include <poll.h>
#include <pthread.h>

static _Thread_local gcffi_scope *current;
static pthread_t main_thread;
static int ending;

/* ident: as Python numbers threads, which is by pthread_self(). Only the first call counts: a subinterpreter has another
 * first thread, and no signal handlers. */
bool gcffi_set_main_thread(unsigned long ident) {
  static bool known;
  bool first = !known;
  if (first) {
    main_thread = (pthread_t)ident;
    known = true;
  }
  return first;
}

/* In a child process: the thread that forked is the one in which signal handlers run there. */
void gcffi_forked(void) {
  main_thread = pthread_self();
  gcffi_process++;
}

/* A callback has forked and its child has come back here: the connections are the parent's, and what is left of the
 * call has to end without a byte sent and without a connection shut down. */
bool gcffi_is_inherited(const gcffi_scope *scope) { return scope && scope->process != gcffi_process; }

/* Python is about to end. A daemon thread that came back into it later would find no interpreter, and crash. */
void gcffi_end(void) { __atomic_store_n(&ending, 1, __ATOMIC_SEQ_CST); }

/* Before each callback: stays here for good where there is soon no Python to call. */
void gcffi_before_python(void) {
  while (__atomic_load_n(&ending, __ATOMIC_SEQ_CST) && !pthread_equal(pthread_self(), main_thread)) {
    poll(NULL, 0, -1);
  }
}

bool gcffi_handles_signals(void) { return pthread_equal(pthread_self(), main_thread) != 0; }

void gcffi_enter(gcffi_scope *scope, int64_t timeout_ms) {
  *scope = (gcffi_scope){.outer = current, .process = gcffi_process};
  gcffi_set_deadline(scope, timeout_ms);
  current = scope;
}

/* timeout_ms: from now on; negative for none. */
void gcffi_set_deadline(gcffi_scope *scope, int64_t timeout_ms) {
  scope->deadline = timeout_ms < 0 ? GCFFI_NEVER : gcffi_now() + timeout_ms * 1000000LL;
}

static int begin(gcffi_scope *scope, gcffi_guard *guard, bool taken, int64_t timeout_ms) {
  gcffi_enter(scope, timeout_ms);
  scope->guard = guard;
  scope->taken = taken;
  scope->in_callback = guard->in_callback;
  guard->in_callback = false;
  return 0;
}

/* Begins a call from Python; 0, or why it is refused. The object is free again when the scope is left. */
int gcffi_begin(gcffi_scope *scope, gcffi_guard *guard, int64_t timeout_ms) {
  int refused = gcffi_take(guard);
  return refused ? refused : begin(scope, guard, true, timeout_ms);
}

/* The same for a call that may be made in a callback of the object and in a signal handler too. */
int gcffi_begin_within(gcffi_scope *scope, gcffi_guard *guard, int64_t timeout_ms) {
  bool taken;
  int refused = gcffi_take_within(guard, &taken);
  return refused ? refused : begin(scope, guard, taken, timeout_ms);
}

/* The same for a call that may be made in a callback of the object too. */
int gcffi_begin_in_callback(gcffi_scope *scope, gcffi_guard *guard, int64_t timeout_ms) {
  bool taken;
  int refused = gcffi_take_in_callback(guard, &taken);
  return refused ? refused : begin(scope, guard, taken, timeout_ms);
}

/* Ends a call from Python, which returns this. */
int gcffi_end_call(gcffi_scope *scope, int rc) {
  current = scope->outer;
  if (scope->guard) {
    scope->guard->in_callback = scope->in_callback;
  }
  if (scope->taken) {
    gcffi_give_back(scope->guard);
  }
  return scope->raised ? GCFFI_RAISED : rc;
}

/* A callback in Python has raised. */
void gcffi_note_raised(void) {
  if (current) {
    current->raised = true;
  }
}

/* Ends what is a part of a call, which then raises what was raised here. */
void gcffi_leave(gcffi_scope *scope) {
  if (gcffi_end_call(scope, 0) == GCFFI_RAISED) {
    gcffi_note_raised();
  }
}

gcffi_scope *gcffi_current_scope(void) { return current; }
