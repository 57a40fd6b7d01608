/* The bell: what ends a wait of the main thread so that it looks for signals once more (see wait.c).
 *
 * A timeout of poll() is a timer that the kernel sets and removes with each wait, which costs more than twice of what one
 * more descriptor does. So the bell is a descriptor, set only after it has rung: it rings within every wait that lasts. */
#define _GNU_SOURCE
#include "glue.h"

#ifdef __linux__

#include <string.h>
#include <sys/timerfd.h>
#include <time.h>

#define MOST 16 /* descriptors of a wait; more is rare, and left to a timeout */

static int bell = -1;
static bool is_set;

/* Nothing is read from the descriptor, and it is never closed: where the program has closed all that it did not know, its
 * number may be another file's. */
static bool set(void) {
  struct itimerspec once = {.it_value = {.tv_nsec = GCFFI_LOOK_AGAIN_AFTER}};
  is_set = bell >= 0 && timerfd_settime(bell, 0, &once, NULL) == 0;
  if (!is_set) {
    bell = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    is_set = bell >= 0 && timerfd_settime(bell, 0, &once, NULL) == 0;
  }
  return is_set;
}

/* poll() without a timeout that the bell ends with *ready 0. False where there is none. */
bool gcffi_poll_with_bell(struct pollfd *fds, nfds_t count, int *ready) {
  struct pollfd all[MOST];
  if (count >= MOST || (!is_set && !set())) {
    return false;
  }
  memcpy(all, fds, count * sizeof *fds);
  all[count] = (struct pollfd){.fd = bell, .events = POLLIN};
  *ready = poll(all, count + 1, -1);
  if (*ready > 0 && all[count].revents) {
    is_set = false;
    (*ready)--;
  }
  memcpy(fds, all, count * sizeof *fds);
  return true;
}

/* In a child process, for which the same descriptor is the parent's bell. */
void gcffi_forget_bell(void) {
  bell = -1;
  is_set = false;
}

#else

bool gcffi_poll_with_bell(struct pollfd *fds, nfds_t count, int *ready) {
  (void)fds, (void)count, (void)ready;
  return false;
}

void gcffi_forget_bell(void) {}

#endif
