/* Who may use a client or a worker: one thread at a time, and only the process that made it.
 *
 * libgearman's objects are not thread-safe, and a forked child that closes an inherited connection shuts it down for
 * the parent. One call from Python acquires and releases an object, so that no signal handler that raises can leave it
 * acquired for ever. The memory is Python's: an object that the collector has closed can still be asked. */
#include "call.h"

#include <pthread.h>

unsigned gcffi_process;

/* For what other threads may do during a call, and a child process may not. */
int gcffi_guard_check_process(const void *object) {
  const gcffi_guard *guard = object;
  return guard->process != gcffi_process ? GCFFI_E_FORKED : guard->closed ? GCFFI_E_CLOSED : 0;
}

/* For what does not wait: not during another thread's call. */
int gcffi_guard_check_thread(const void *object) {
  const gcffi_guard *guard = object;
  unsigned long owner = __atomic_load_n(&guard->owner, __ATOMIC_ACQUIRE);
  int refused = gcffi_guard_check_process(guard);
  return refused ? refused : owner && owner != (unsigned long)pthread_self() ? GCFFI_E_OTHER_THREAD : 0;
}

/* For what Python does by itself: not during a call, unless in a callback of it. */
int gcffi_guard_check_idle(const void *object) {
  const gcffi_guard *guard = object;
  int refused = gcffi_guard_check_thread(guard);
  if (refused || !__atomic_load_n(&guard->owner, __ATOMIC_ACQUIRE)) {
    return refused;
  }
  return guard->in_callback ? 0 : GCFFI_E_REENTRANT;
}

/* For a call during which no other may run. 0, or why it is refused. */
int gcffi_guard_acquire(gcffi_guard *guard) {
  unsigned long owner = 0, thread = (unsigned long)pthread_self();
  int refused = gcffi_guard_check_process(guard);
  if (refused) {
    return refused;
  }
  if (!__atomic_compare_exchange_n(&guard->owner, &owner, thread, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
    return owner == thread ? GCFFI_E_REENTRANT : GCFFI_E_OTHER_THREAD;
  }
  return 0;
}

/* For a call that a callback of the object may make as well, but no signal handler during a wait. */
int gcffi_guard_acquire_in_callback(gcffi_guard *guard, bool *acquired) {
  int refused = gcffi_guard_acquire(guard);
  *acquired = refused == 0;
  return refused == GCFFI_E_REENTRANT && guard->in_callback ? 0 : refused;
}

/* For a call that a callback of the object and a signal handler may make as well. */
int gcffi_guard_acquire_reentrant(gcffi_guard *guard, bool *acquired) {
  int refused = gcffi_guard_acquire(guard);
  *acquired = refused == 0;
  return refused == GCFFI_E_REENTRANT ? 0 : refused;
}

void gcffi_guard_release(gcffi_guard *guard) { __atomic_store_n(&guard->owner, 0, __ATOMIC_RELEASE); }
