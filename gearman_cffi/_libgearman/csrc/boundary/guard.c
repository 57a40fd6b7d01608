/* Who may use a client or a worker: one thread at a time, and only the process that made it.
 *
 * libgearman's objects are not thread-safe, and a forked child that closes an inherited connection shuts it down for the
 * parent. An object is taken and given back inside one call from Python, so that no signal handler that raises can
 * come between and leave it taken for ever. The memory is Python's: what the collector has closed can still be asked. */
#define _GNU_SOURCE
#include "glue.h"

#include <pthread.h>

unsigned gcffi_process;

/* For what other threads may do beside a call, and a child process may not. */
int gcffi_check_alive(const void *object) {
  const gcffi_guard *guard = object;
  return guard->process != gcffi_process ? GCFFI_INHERITED : guard->closed ? GCFFI_CLOSED : 0;
}

/* For a call that waits for nothing: not beside another thread's call. */
int gcffi_check(const void *object) {
  const gcffi_guard *guard = object;
  unsigned long owner = __atomic_load_n(&guard->owner, __ATOMIC_ACQUIRE);
  int refused = gcffi_check_alive(guard);
  return refused ? refused : owner && owner != (unsigned long)pthread_self() ? GCFFI_ELSEWHERE : 0;
}

/* For what Python does by itself while no call runs, or in a callback of the object. */
int gcffi_check_idle(const void *object) {
  const gcffi_guard *guard = object;
  int refused = gcffi_check(guard);
  if (refused || !__atomic_load_n(&guard->owner, __ATOMIC_ACQUIRE)) {
    return refused;
  }
  return guard->in_callback ? 0 : GCFFI_CALLING;
}

/* For a call beside which there may be no other; 0, or why it is refused. */
int gcffi_take(gcffi_guard *guard) {
  unsigned long owner = 0, thread = (unsigned long)pthread_self();
  int refused = gcffi_check_alive(guard);
  if (refused) {
    return refused;
  }
  if (!__atomic_compare_exchange_n(&guard->owner, &owner, thread, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
    return owner == thread ? GCFFI_CALLING : GCFFI_ELSEWHERE;
  }
  return 0;
}

/* For one that a callback of the object may make as well, but not a signal handler while C waits. */
int gcffi_take_in_callback(gcffi_guard *guard, bool *taken) {
  int refused = gcffi_take(guard);
  *taken = refused == 0;
  return refused == GCFFI_CALLING && guard->in_callback ? 0 : refused;
}

/* For one that a callback of the object and a signal handler may make as well. */
int gcffi_take_within(gcffi_guard *guard, bool *taken) {
  int refused = gcffi_take(guard);
  *taken = refused == 0;
  return refused == GCFFI_CALLING ? 0 : refused;
}

void gcffi_give_back(gcffi_guard *guard) { __atomic_store_n(&guard->owner, 0, __ATOMIC_RELEASE); }
