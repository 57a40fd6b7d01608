/* The one wait: signal handlers of Python run in it, and it ends at the call's deadline (PEP 475; Q01).
 *
 * On a signal the wait goes on with the time that is left, so nothing is sent twice and nothing is unwound. Only a
 * handler that raises, or the deadline, ends it. */
#define _GNU_SOURCE
#include "call.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>

static bool closes_on_abort(const gcffi_call *call) {
  return call->kind == GCFFI_CALL_ASKS || call->kind == GCFFI_CALL_SENDS;
}

/* Ends the wait. If the answer must be read, it would be taken for that of the next request: so the connections are
 * shut down, libgearman reads an end of file, and closes them in good order. */
static int abort_wait(const gcffi_call *call, struct pollfd *fds, nfds_t count) {
  if (!closes_on_abort(call)) {
    return 0;
  }
  int ended = 0;
  for (nfds_t i = 0; i < count; i++) {
    fds[i].revents = 0;
    if (gcffi_call_is_forked(call) || shutdown(fds[i].fd, SHUT_RDWR) == 0 || errno == ENOTCONN) {
      fds[i].revents = POLLHUP;
      ended++;
    }
  }
  return ended;
}

/* True if a handler raised. */
bool gcffi_run_signal_handlers(gcffi_call *call) {
  if (gcffi_on_signals() == 0) {
    return false;
  }
  call->state = GCFFI_INTERRUPTED;
  call->raised = true;
  return true;
}

/* The process has one thread, so a signal interrupts this poll(). */
static bool is_only_thread(void) {
  struct stat threads;
  return stat("/proc/self/task", &threads) == 0 && threads.st_nlink == 3; /* ".", ".." and its own */
}

/* Blocks signals from Python's check until poll() has begun, so that none falls between. Pending handlers run before
 * they are blocked too: the first handler may be what triggers the next signal. */
static int check_signals_and_poll(gcffi_call *call, struct pollfd *fds, nfds_t count, int64_t limit, int64_t recheck) {
  sigset_t all, before;
  bool alone = is_only_thread();
  if (!alone && gcffi_run_signal_handlers(call)) {
    return 0;
  }
  int64_t until = alone ? limit : gcffi_sooner(limit, gcffi_now() + recheck);
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  int ready = gcffi_run_signal_handlers(call) ? 0 : gcffi_poll_until(fds, count, until, &before);
  int saved = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = saved;
  return ready;
}

/* poll() until then, with Python's signal handlers. Returns as poll() does; 0: the time is over, or a handler raised. */
static int poll_with_signals(gcffi_call *call, struct pollfd *fds, nfds_t count, int64_t until) {
  gcffi_gil_release_before_wait(call, fds, count);
  bool handles_signals = gcffi_is_main_thread(), checks = call->check_signals_first && handles_signals;
  int64_t recheck = GCFFI_SIGNAL_RECHECK_NS;
  call->check_signals_first = false;
  for (;;) {
    int ready = checks ? check_signals_and_poll(call, fds, count, until, recheck)
                       : gcffi_poll_until(fds, count, handles_signals ? gcffi_sooner(until, gcffi_now() + recheck) : until, NULL);
    bool signalled = ready < 0 && errno == EINTR;
    if (ready > 0 || (ready < 0 && !signalled)) {
      return ready;
    }
    if (signalled && handles_signals) {
      gcffi_run_signal_handlers(call);
    }
    if (call->state == GCFFI_INTERRUPTED || (until != GCFFI_NEVER && gcffi_now() >= until)) {
      return 0;
    }
    if (signalled && call->pollset && call->pollset->ends_on_signal) {
      return ready;
    }
    recheck = checks && !signalled ? GCFFI_SIGNAL_RECHECK_LONG_NS : GCFFI_SIGNAL_RECHECK_NS;
    checks = handles_signals && !signalled;
  }
}

/* When a wait ends by itself. timeout_ms: libgearman's own, which the call's deadline replaces. */
int64_t gcffi_limit(const gcffi_call *call, int timeout_ms) {
  bool counts = timeout_ms >= 0 && call->deadline == GCFFI_NEVER && call->kind != GCFFI_CALL_SENDS;
  return counts ? gcffi_now() + timeout_ms * 1000000LL : call->deadline;
}

static bool may_wait(gcffi_call *call) {
  if (gcffi_call_is_forked(call)) {
    call->state = GCFFI_INTERRUPTED;
  }
  return call->state == GCFFI_GOES_ON || (call->state == GCFFI_TIMED_OUT && !closes_on_abort(call));
}

/* Waits until something is ready, and returns as poll() does; does not change the call's state when the time is over. */
int gcffi_call_wait_until(gcffi_call *call, struct pollfd *fds, nfds_t count, int64_t until) {
  return may_wait(call) ? poll_with_signals(call, fds, count, until) : 0;
}

/* The same for libgearman. 0: the call's state says why. After the call's deadline nothing counts as ready: otherwise a
 * server that never stops sending would keep the call going. */
int gcffi_call_wait(gcffi_call *call, struct pollfd *fds, nfds_t count, int64_t until) {
  if (may_wait(call)) {
    int ready = gcffi_call_is_late(call) ? 0 : poll_with_signals(call, fds, count, until);
    if (ready) {
      return ready;
    }
    call->state = call->state == GCFFI_INTERRUPTED ? GCFFI_INTERRUPTED : GCFFI_TIMED_OUT;
  }
  return abort_wait(call, fds, count); /* after which libgearman may try the host's next address */
}

/* Sleeps for this time, or until the descriptor is ready. True if the call's time is over, or a handler raised. */
bool gcffi_sleep_interruptibly(gcffi_call *call, struct pollfd *wake_up, int ms) {
  gcffi_call_wait_until(call, wake_up, 1, gcffi_sooner(gcffi_after_ms(ms), call->deadline));
  return call->state != GCFFI_GOES_ON || gcffi_call_is_late(call);
}
