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
#include <sys/stat.h>
#include <time.h>

int64_t gcffi_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
}

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

static int64_t sooner(int64_t limit, int64_t after) {
  int64_t until = gcffi_now() + after;
  return until < limit ? until : limit;
}

/* No other thread can take a signal. Nobody starts one either while this one waits. */
static bool is_alone(void) {
  struct stat threads;
  return stat("/proc/self/task", &threads) == 0 && threads.st_nlink == 3; /* ".", ".." and its own */
}

/* Polls with signals held back from Python's last look until poll() is entered, so that none falls between, but one that
 * another thread takes in place of this one. Hence patience, and a first look in which none is held back: whoever sees what
 * a handler does may send the next signal at once. */
static int poll_after_looking(gcffi_scope *scope, struct pollfd *fds, nfds_t count, int64_t limit, int64_t patience) {
  sigset_t all, before;
  bool alone = is_alone();
  if (!alone && gcffi_let_signals_in(scope)) {
    return 0;
  }
  int64_t until = alone ? limit : sooner(limit, patience);
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
  return gcffi_poll_until(fds, count, handles_signals ? sooner(limit, GCFFI_LOOK_AGAIN_AFTER) : limit, NULL);
}

/* Until something has come, or the wait is given up. Signal handlers run meanwhile. */
static int wait_and_look(gcffi_scope *scope, struct pollfd *fds, nfds_t count, int64_t limit) {
  bool handles_signals = gcffi_handles_signals(), looks = scope->looks && handles_signals;
  int64_t patience = GCFFI_LOOK_AGAIN_AFTER;
  scope->looks = false;
  for (;;) {
    int ready = looks ? poll_after_looking(scope, fds, count, limit, patience)
                      : poll_for_a_while(fds, count, handles_signals, limit);
    bool signalled = ready < 0 && errno == EINTR;
    if (ready > 0 || (ready < 0 && !signalled)) {
      return ready;
    }
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
    patience = looks && !signalled ? GCFFI_LOOK_ONCE_MORE_AFTER : GCFFI_LOOK_AGAIN_AFTER;
    looks = handles_signals && !signalled;
  }
}

/* poll() for libgearman, or for us, in a call. timeout: libgearman's own, in ms. */
int gcffi_poll(gcffi_scope *scope, struct pollfd *fds, nfds_t count, int timeout) {
  int64_t limit = scope->deadline;
  if (timeout >= 0 && limit == GCFFI_NEVER && !scope->patient) {
    limit = gcffi_now() + timeout * 1000000LL;
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
  return wait_and_look(scope, fds, count, limit);
}

/* Sleeps until ms have passed or the descriptor is ready. Whether the scope has no time left, or a handler raised. */
bool gcffi_nap(gcffi_scope *scope, struct pollfd *wake_up, int ms) {
  int64_t deadline = scope->deadline, end = gcffi_now() + ms * 1000000LL;
  scope->deadline = end < deadline ? end : deadline;
  gcffi_poll(scope, wake_up, 1, -1);
  scope->deadline = deadline;
  scope->timed_out = scope->deadline != GCFFI_NEVER && gcffi_now() >= scope->deadline;
  return scope->timed_out || scope->interrupted;
}
