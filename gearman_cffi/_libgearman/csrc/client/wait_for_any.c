/* Waiting for several clients at once, each with connections of its own.
 *
 * libgearman waits for one. So each is asked to wait, and in place of the wait its descriptors are gathered
 * (gcffi_call_poll); then one poll() waits for all of them; then those on which something came are asked again, and see it. */
#define _GNU_SOURCE
#include "client.h"

#include <stdlib.h>

#define SLICE_MS 10

/* In place of a wait; how many are ready: none. */
int gcffi_pollset_add(gcffi_pollset *all, const struct pollfd *fds, nfds_t count) {
  struct pollfd *more = realloc(all->fds, (all->count + count) * sizeof *more);
  if (more) {
    all->fds = more;
    for (nfds_t i = 0; i < count; i++) {
      all->fds[all->count++] = fds[i];
    }
  }
  return 0;
}

static gearman_return_t see(gcffi_client *client, gcffi_pollset *all, int64_t timeout_ms) {
  gcffi_call call;
  gcffi_call_push(&call, timeout_ms);
  call.pollset = all;
  call.io = &gcffi_client_io;
  call.self = client;
  gearman_return_t rc = gcffi_client_wait_io(client);
  gcffi_call_pop(&call);
  return rc;
}

static int wait_for_any(gcffi_client **clients, size_t count, gcffi_call *call) {
  gcffi_pollset all = {0};
  bool connected = true;
  for (size_t i = 0; i < count; i++) {
    connected = see(clients[i], gcffi_waits_are_ours() ? &all : NULL, SLICE_MS) != GEARMAN_NO_ACTIVE_FDS && connected;
  }
  if (connected && gcffi_waits_are_ours() && gcffi_call_poll(call, all.fds, all.count, -1) > 0) {
    for (size_t i = 0; i < count; i++) {
      see(clients[i], NULL, 0);
    }
  }
  free(all.fds);
  return !connected ? GEARMAN_NO_ACTIVE_FDS : call->timed_out ? GEARMAN_TIMEOUT : GEARMAN_SUCCESS;
}

/* Waits until something came for one of them. GEARMAN_NO_ACTIVE_FDS, without a wait, where one of them is not connected:
 * there something is to be tried. */
int gcffi_wait_for_any(gcffi_client **clients, size_t count, int64_t timeout_ms) {
  gcffi_call call;
  size_t taken = 0;
  int rc = 0;
  while (taken < count && (rc = gcffi_guard_acquire(&clients[taken]->guard)) == 0) {
    taken++;
  }
  if (rc == 0) {
    gcffi_call_push(&call, timeout_ms);
    rc = gcffi_call_end(&call, wait_for_any(clients, count, &call));
  }
  while (taken) {
    gcffi_guard_release(&clients[--taken]->guard);
  }
  return rc;
}
