/* The interpreter's lock, for a worker beside threads that compute.
 *
 * cffi lends the lock out while C runs. A thread that computes takes it then, and gives it back after its switch interval
 * of 5 ms: when the worker's function is entered and once more when work() returns, for each job. So a worker that had to
 * wait for the lock has a turn afterwards that is as long, in which it keeps the lock: it sends the result, comes back to
 * Python, asks for the next job, and looks a moment for the answer, and only then lends it out. A worker that gets the lock
 * at once, because nobody computes, has no turn, and lends it out as ever.
 *
 * It is kept by C only: while Python runs, and in the calls that it makes, nothing is different. What may block for longer
 * lends it out first: poll() and recv() here, getaddrinfo() in stand_ins.c. */
#include <Python.h>

#include "glue.h"

#define LONG_WAIT 1000000LL    /* ns; a thread that is about to wait gives the lock back sooner */
#define LONGEST_TURN 5000000LL /* ns; others may wait for the lock than those who held it */
#define MOMENT 200000LL        /* ns; in which a server that is near answers */

static _Thread_local bool has_lock; /* C has it, and not Python */
static _Thread_local int64_t turn;  /* when it ends; 0 for none */

static bool is_my_turn(void) {
  if (turn && gcffi_now() >= turn) {
    turn = 0;
  }
  return turn != 0;
}

static void take(void) {
  gcffi_before_python();
  int64_t before = gcffi_now();
  PyGILState_Ensure();
  int64_t now = gcffi_now(), waited = now - before;
  if (waited >= LONG_WAIT && gcffi_is_interposed()) {
    turn = now + (waited < LONGEST_TURN ? waited : LONGEST_TURN);
  }
  has_lock = true;
}

/* At the beginning of a call, which has just let go of the lock: who waits for it has not woken up yet. */
void gcffi_keep_lock(void) {
  if (is_my_turn()) {
    take();
  }
}

/* Before what may block, and at the end of a call. */
void gcffi_lend_lock(void) {
  if (has_lock) {
    has_lock = false;
    PyGILState_Release(PyGILState_UNLOCKED);
  }
}

/* What stands for gcffi_on_job() in C. */
int gcffi_run_job(void *context, gcffi_job *job) {
  if (!has_lock) {
    take();
  }
  has_lock = false;
  int ended = gcffi_on_job(context, job);
  has_lock = true;
  if (!is_my_turn()) {
    gcffi_lend_lock();
  }
  return ended;
}

/* Between the parts of a large packet, which may come for longer than a turn lasts. */
void gcffi_keep_to_turn(void) {
  if (has_lock && !is_my_turn()) {
    gcffi_lend_lock();
  }
}

/* Before a wait: what has come in a moment, as poll() tells. Where nothing has, the lock is lent out. */
int gcffi_has_come(gcffi_scope *scope, struct pollfd *fds, nfds_t count) {
  int ready = has_lock && is_my_turn() ? gcffi_poll_until(fds, count, gcffi_now() + MOMENT, NULL) : 0;
  if (ready <= 0) {
    scope->looks = scope->looks || ready < 0; /* at a signal */
    gcffi_lend_lock();
  }
  return ready > 0 ? ready : 0;
}
