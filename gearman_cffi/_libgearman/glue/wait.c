/* Waiting so that Python stays in charge.
 *
 * libgearman waits in one place, in poll(), and starts it again when a signal interrupts it, so a Python
 * signal handler would not run before the answer comes. gcffi_poll() stands in for that poll() inside a
 * scope: on a signal it lets Python run its handlers and goes on with the time that is left, so nothing is
 * sent twice and nothing is unwound (PEP 475). Only when a handler raises, or the scope's time is up, does
 * it end the wait. Outside a scope it is poll(): other users of libgearman in the process see no change. */
#define _GNU_SOURCE
#include "glue.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

static _Thread_local gcffi_scope *current;
static pthread_t main_thread;
static int ending;

int64_t gcffi_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
}

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
  gcffi_forget_bell();
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

/* Begins a call from Python; 0, or why it is refused. The object is free again when the scope is left. */
int gcffi_begin(gcffi_scope *scope, gcffi_guard *guard, int64_t timeout_ms) {
  int refused = gcffi_take(guard);
  if (refused == 0) {
    gcffi_enter(scope, timeout_ms);
    scope->guard = guard;
  }
  return refused;
}

/* The same for a call that may be made in a callback of the object too. */
int gcffi_begin_within(gcffi_scope *scope, gcffi_guard *guard, int64_t timeout_ms) {
  bool taken;
  int refused = gcffi_take_within(guard, &taken);
  if (refused == 0) {
    gcffi_enter(scope, timeout_ms);
    scope->guard = taken ? guard : NULL;
  }
  return refused;
}

/* Ends a call from Python, which returns this. */
int gcffi_end_call(gcffi_scope *scope, int rc) {
  current = scope->outer;
  if (scope->guard) {
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

#ifdef __APPLE__
/* No ppoll() there: a signal in the instant before poll() is seen at the next event. */
static int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *left, const sigset_t *mask) {
  (void)mask;
  return poll(fds, count, left ? (int)(left->tv_sec * 1000 + (left->tv_nsec + 999999) / 1000000) : -1);
}
#endif

/* poll() until then at the latest, with another signal mask where there is one. */
int gcffi_poll_until(struct pollfd *fds, nfds_t count, int64_t until, const sigset_t *mask) {
  struct timespec left = {0, 0};
  if (until == GCFFI_NEVER) {
    return ppoll(fds, count, NULL, mask);
  }
  int64_t ns = until - gcffi_now();
  if (ns > 0) {
    left.tv_sec = (time_t)(ns / 1000000000LL);
    left.tv_nsec = (long)(ns % 1000000000LL);
  }
  return ppoll(fds, count, &left, mask);
}

/* Ends the wait. In an exchange the answer would be taken for that of the next request, so the connections
 * are shut down; libgearman then reads an end of file and closes them in good order. */
static int give_up(gcffi_scope *scope, struct pollfd *fds, nfds_t count) {
  scope->polled = (unsigned)count;
  if (!scope->exchange) {
    return 0;
  }
  int ended = 0;
  for (nfds_t i = 0; i < count; i++) {
    fds[i].revents = 0;
    if (gcffi_is_inherited(scope) || shutdown(fds[i].fd, SHUT_RDWR) == 0 || errno == ENOTCONN) {
      fds[i].revents = POLLHUP;
      ended++;
    }
  }
  return ended;
}

/* Lets Python run its signal handlers. Whether one has raised. */
bool gcffi_let_signals_in(gcffi_scope *scope) {
  scope->interrupted = gcffi_on_signals() != 0;
  scope->raised = scope->raised || scope->interrupted;
  return scope->interrupted;
}

/* Polls with signals held back from Python's last look until poll() is entered, so that none falls between. */
static int poll_after_looking(gcffi_scope *scope, struct pollfd *fds, nfds_t count, int64_t until) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  int ready = gcffi_let_signals_in(scope) ? 0 : gcffi_poll_until(fds, count, until, &before);
  int saved = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = saved;
  return ready;
}

/* Polls until it is time for another look. */
static int poll_for_a_while(struct pollfd *fds, nfds_t count, bool handles_signals, int64_t limit) {
  int ready;
  if (!handles_signals) {
    return gcffi_poll_until(fds, count, limit, NULL);
  }
  if (limit == GCFFI_NEVER && gcffi_poll_with_bell(fds, count, &ready)) {
    return ready;
  }
  int64_t look = gcffi_now() + GCFFI_LOOK_AGAIN_AFTER;
  return gcffi_poll_until(fds, count, look < limit ? look : limit, NULL);
}

int gcffi_poll(struct pollfd *fds, nfds_t count, int timeout) {
  gcffi_scope *scope = current;
  int64_t limit = GCFFI_NEVER;
  bool has_own = scope && (scope->patient || scope->deadline != GCFFI_NEVER); /* in place of libgearman's timeout */
  if (timeout >= 0 && !has_own) {
    limit = gcffi_now() + timeout * 1000000LL;
  }
  if (!scope) {
    return gcffi_poll_until(fds, count, limit, NULL);
  }
  for (nfds_t i = 0; scope->idle && i < count; i++) {
    fds[i].events = POLLIN; /* that it could write is no news */
  }
  gcffi_overhear_stop(scope, fds, count);
  gcffi_await_turn(scope, fds, count);
  if (scope->client && (scope->gathering || scope->glances)) {
    gcffi_wake_up_at_once(scope->client);
  }
  if (scope->gathering) {
    return gcffi_gather(scope->gathering, fds, count);
  }
  if (scope->glances) {
    return poll(fds, count, 0);
  }
  scope->interrupted = scope->interrupted || gcffi_is_inherited(scope);
  if (scope->interrupted || (scope->exchange && scope->timed_out)) {
    return give_up(scope, fds, count); /* libgearman tries the host's next address */
  }
  if (scope->deadline < limit) {
    limit = scope->deadline;
  }
  if (scope->looks && scope->until < limit) {
    limit = scope->until; /* the same wait goes on */
  }
  if (scope->client && gcffi_leave_to_receive(scope, fds, count, limit)) {
    return 1;
  }
  if (scope->worker) {
    gcffi_send_off(scope->worker, -1);
  }
  int ready = gcffi_has_come(scope, fds, count);
  if (ready > 0) {
    return ready;
  }
  bool handles_signals = gcffi_handles_signals();
  bool looks = scope->looks && handles_signals;
  ready = looks ? poll_after_looking(scope, fds, count, limit)
                : poll_for_a_while(fds, count, handles_signals, limit);
  scope->looks = false;
  while (ready <= 0) {
    if (ready < 0 && errno != EINTR) {
      return ready;
    }
    bool signalled = ready < 0;
    if (signalled && handles_signals) {
      gcffi_let_signals_in(scope);
    }
    if (scope->interrupted) {
      return give_up(scope, fds, count);
    }
    if (limit != GCFFI_NEVER && gcffi_now() >= limit) {
      scope->timed_out = true;
      return give_up(scope, fds, count);
    }
    ready = handles_signals && !signalled ? poll_after_looking(scope, fds, count, limit)
                                          : poll_for_a_while(fds, count, handles_signals, limit);
  }
  return ready;
}

/* Sleeps until ms have passed or the descriptor is ready. Whether the scope has no time left, or a handler raised. */
bool gcffi_nap(gcffi_scope *scope, struct pollfd *wake_up, int ms) {
  int64_t deadline = scope->deadline, end = gcffi_now() + ms * 1000000LL;
  scope->deadline = end < deadline ? end : deadline;
  gcffi_poll(wake_up, 1, -1);
  scope->deadline = deadline;
  scope->timed_out = scope->deadline != GCFFI_NEVER && gcffi_now() >= scope->deadline;
  return scope->timed_out || scope->interrupted;
}
