/* Everything that waits for libgearman's connections waits in three parts: libgearman says what it waits for, the
 * caller waits, and libgearman gets to know what has become ready.
 *
 * libgearman 1.1.20 has no function for that. But its gearman_client_wait() calls poll(), which is ours: with a pollset
 * in the call it stores the descriptors, or says which are ready, and returns at once. If poll() cannot be replaced
 * (got.c), libgearman waits by itself, in slices between which Python's signal handlers run (Q01). */
#include "call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_MS 50 /* only here: a wait in our own poll() goes by GCFFI_SIGNAL_RECHECK_NS (call.h) */

static gearman_return_t lib_wait(const gcffi_pollset *pollset) {
  return pollset->worker ? gearman_worker_wait(pollset->worker) : gearman_client_wait(pollset->client);
}

static void set_timeout(const gcffi_pollset *pollset, int ms) {
  if (pollset->worker) {
    gearman_worker_set_timeout(pollset->worker, ms);
  } else {
    gearman_client_set_timeout(pollset->client, ms);
  }
}

static gearman_return_t use(gcffi_call *call, gcffi_pollset *pollset, gcffi_pollset_use use) {
  pollset->use = use;
  call->pollset = pollset;
  gearman_return_t rc = lib_wait(pollset);
  call->pollset = NULL;
  return rc;
}

/* GEARMAN_IO_WAIT if there is something to wait for. */
gearman_return_t gcffi_pollset_collect(gcffi_call *call, gcffi_pollset *pollset) {
  gearman_return_t rc = use(call, pollset, GCFFI_COLLECT);
  return rc == GEARMAN_SUCCESS ? GEARMAN_IO_WAIT : rc;
}

/* How many are ready. 0: the time is over, or a signal handler raised. */
int gcffi_pollset_wait(gcffi_call *call, gcffi_pollset *pollset, int64_t until) {
  call->pollset = pollset;
  pollset->ready = gcffi_call_wait(call, pollset->fds, pollset->count, until);
  pollset->error = errno;
  call->pollset = NULL;
  return pollset->ready;
}

gearman_return_t gcffi_pollset_feed(gcffi_call *call, gcffi_pollset *pollset) { return use(call, pollset, GCFFI_FEED); }

/* Shows libgearman what is ready now, without a wait. GEARMAN_TIMEOUT if nothing is ready. */
gearman_return_t gcffi_pollset_peek(gcffi_call *call, gcffi_pollset *pollset) { return use(call, pollset, GCFFI_PEEK); }

/* Returns what poll() does with something ready, though no descriptor is marked: after a 0, libgearman's error text would be
 * that of a timeout. */
static int store(gcffi_pollset *pollset, struct pollfd *fds, nfds_t count) {
  struct pollfd *stored = realloc(pollset->fds, count * sizeof *stored);
  if (!stored) {
    return errno = ENOMEM, -1;
  }
  for (nfds_t i = 0; i < count; i++) {
    fds[i].revents = 0;
  }
  pollset->fds = memcpy(stored, fds, count * sizeof *fds);
  pollset->count = count;
  return 1;
}

/* A descriptor that is not libgearman's, behind those that are. If there is no memory it is not waited for. */
void gcffi_pollset_add(gcffi_pollset *pollset, int fd, short events) {
  struct pollfd *more = realloc(pollset->fds, (pollset->count + 1) * sizeof *more);
  if (more) {
    more[pollset->count++] = (struct pollfd){.fd = fd, .events = events};
    pollset->fds = more;
  }
}

bool gcffi_any_ready(const struct pollfd *fds, nfds_t count) {
  nfds_t i = 0;
  while (i < count && !fds[i].revents) {
    i++;
  }
  return i < count;
}

/* Several pollsets in one: each is appended, and after the wait each gets its part, in the same order. If there is no memory it
 * is not waited for. */
void gcffi_pollset_append(gcffi_pollset *all, const gcffi_pollset *part) {
  for (nfds_t i = 0; i < part->count; i++) {
    gcffi_pollset_add(all, part->fds[i].fd, part->fds[i].events);
  }
}

/* at: where the part begins; then, where the next one does. */
void gcffi_pollset_split(const gcffi_pollset *all, nfds_t *at, gcffi_pollset *part, int ready) {
  for (nfds_t i = 0; i < part->count && *at < all->count; i++) {
    part->fds[i].revents = all->fds[(*at)++].revents;
  }
  part->ready = ready;
  part->error = errno;
}

static int feed(const gcffi_pollset *pollset, struct pollfd *fds, nfds_t count) {
  int ready = 0;
  for (nfds_t i = 0; i < count; i++) {
    fds[i].revents = i < pollset->count && pollset->fds[i].fd == fds[i].fd ? pollset->fds[i].revents : 0;
    ready += fds[i].revents != 0;
  }
  errno = pollset->error;
  return pollset->ready < 0 ? pollset->ready : ready;
}

/* poll() for libgearman: with a pollset it does not wait. */
int gcffi_call_poll(gcffi_call *call, struct pollfd *fds, nfds_t count, int timeout_ms) {
  gcffi_pollset *pollset = call->pollset;
  if (!pollset) {
    return gcffi_call_wait(call, fds, count, gcffi_limit(call, timeout_ms));
  }
  switch (pollset->use) {
  case GCFFI_COLLECT:
    pollset->deadline = gcffi_limit(call, timeout_ms);
    return store(pollset, fds, count);
  case GCFFI_FEED: return feed(pollset, fds, count);
  default: return poll(fds, count, 0);
  }
}

/* Python's handlers run at the end of a slice. Nothing is sent for that. */
static gearman_return_t wait_in_slices(gcffi_call *call, const gcffi_pollset *pollset, int timeout_ms) {
  int64_t limit = gcffi_limit(call, timeout_ms);
  gearman_return_t rc;
  do {
    int64_t left = limit == GCFFI_NEVER ? SLICE_MS : (limit - gcffi_now()) / 1000000LL + 1;
    set_timeout(pollset, left < 0 ? 0 : left > SLICE_MS ? SLICE_MS : (int)left);
    rc = lib_wait(pollset);
    if (rc == GEARMAN_TIMEOUT && gcffi_is_main_thread()) {
      gcffi_run_signal_handlers(call);
    }
    if (call->state != GCFFI_INTERRUPTED) {
      call->state = limit != GCFFI_NEVER && gcffi_now() >= limit ? GCFFI_TIMED_OUT : GCFFI_GOES_ON;
    }
  } while (rc == GEARMAN_TIMEOUT && call->state == GCFFI_GOES_ON);
  set_timeout(pollset, timeout_ms);
  return rc;
}

static gearman_return_t wait_for_client(gcffi_call *call, const gcffi_pollset *pollset) {
  return wait_in_slices(call, pollset, gearman_client_timeout(pollset->client));
}

static gearman_return_t wait_for_worker(gcffi_call *call, const gcffi_pollset *pollset) {
  gearman_worker_st *worker = pollset->worker;
  bool returns_on_timeout = gearman_worker_options(worker) & GEARMAN_WORKER_TIMEOUT_RETURN;
  gearman_return_t rc = wait_in_slices(call, pollset, returns_on_timeout ? gearman_worker_timeout(worker) : -1);
  if (!returns_on_timeout) {
    gearman_worker_remove_options(worker, GEARMAN_WORKER_TIMEOUT_RETURN);
  }
  return rc;
}

/* All three parts. Returns what libgearman's wait returns. */
gearman_return_t gcffi_wait(gcffi_call *call, gcffi_pollset *pollset) {
  if (!gcffi_waits_are_ours()) {
    return pollset->worker ? wait_for_worker(call, pollset) : wait_for_client(call, pollset);
  }
  gearman_return_t rc = gcffi_pollset_collect(call, pollset);
  if (rc != GEARMAN_IO_WAIT) {
    return rc;
  }
  gcffi_pollset_wait(call, pollset, pollset->deadline);
  return gcffi_pollset_feed(call, pollset);
}
