/* The clock of all deadlines, and poll() until one of them. */
#define _GNU_SOURCE
#include "call.h"

#include <time.h>

int64_t gcffi_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
}

#ifdef __APPLE__
/* Without ppoll() a signal in the instant before poll() is seen at the next event. */
static int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *left, const sigset_t *mask) {
  (void)mask;
  return poll(fds, count, left ? (int)(left->tv_sec * 1000 + (left->tv_nsec + 999999) / 1000000) : -1);
}
#endif

/* mask: the signals that are blocked meanwhile; NULL for no change. */
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
