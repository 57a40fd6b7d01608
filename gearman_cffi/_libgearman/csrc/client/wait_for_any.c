/* Waiting for several clients at once, each with connections of its own: one poll() for all their pollsets. */
#include "client.h"

#include <stdlib.h>
#include <string.h>

#define SLICE_MS 10

static gearman_return_t use(gcffi_client *client, gcffi_pollset_use use, int64_t timeout_ms) {
  gcffi_call call;
  gearman_return_t rc;
  gcffi_call_push(&call, timeout_ms);
  call.io = &gcffi_client_io;
  call.self = client;
  gcffi_client_reset_lowat(client);
  switch (use) {
  case GCFFI_COLLECT: rc = gcffi_pollset_collect(&call, gcffi_client_pollset(client)); break;
  case GCFFI_FEED: rc = gcffi_pollset_feed(&call, gcffi_client_pollset(client)); break;
  default: rc = gcffi_wait(&call, gcffi_client_pollset(client)); break;
  }
  gcffi_call_pop(&call);
  return rc;
}

static nfds_t join(gcffi_client **clients, size_t count, struct pollfd *all) {
  nfds_t total = 0;
  for (size_t i = 0; i < count; i++) {
    const gcffi_pollset *pollset = &clients[i]->pollset;
    if (all) {
      memcpy(all + total, pollset->fds, pollset->count * sizeof *all);
    }
    total += pollset->count;
  }
  return total;
}

static void split(gcffi_client **clients, size_t count, const struct pollfd *all, int ready) {
  for (size_t i = 0; i < count; i++) {
    gcffi_pollset *pollset = &clients[i]->pollset;
    memcpy(pollset->fds, all, pollset->count * sizeof *all);
    pollset->ready = ready;
    all += pollset->count;
  }
}

static bool is_opening_late(const gcffi_client *client) {
  int64_t until = gcffi_opening_until(client->pollset.fds, client->pollset.count);
  return until != GCFFI_NEVER && gcffi_now() >= until;
}

static gearman_return_t wait_for_any(gcffi_client **clients, size_t count, gcffi_call *call) {
  for (size_t i = 0; i < count; i++) {
    gearman_return_t rc = use(clients[i], GCFFI_COLLECT, -1);
    if (rc != GEARMAN_IO_WAIT) {
      return rc;
    }
  }
  nfds_t total = join(clients, count, NULL);
  struct pollfd *all = calloc(total + 1, sizeof *all);
  if (!all) {
    return GEARMAN_MEMORY_ALLOCATION_FAILURE;
  }
  join(clients, count, all);
  int64_t until = gcffi_opening_until(all, total);
  int ready = gcffi_call_wait_until(call, all, total, until < call->deadline ? until : call->deadline);
  split(clients, count, all, ready);
  for (size_t i = 0; i < count; i++) {
    if (ready > 0 || is_opening_late(clients[i])) {
      use(clients[i], GCFFI_FEED, -1);
      ready = 1;
    }
  }
  free(all);
  return ready || call->state == GCFFI_INTERRUPTED ? GEARMAN_SUCCESS : GEARMAN_TIMEOUT;
}

/* If poll() cannot be replaced, each client waits a moment. */
static gearman_return_t wait_in_turn(gcffi_client **clients, size_t count) {
  bool connected = true;
  for (size_t i = 0; i < count; i++) {
    connected = use(clients[i], GCFFI_PEEK, SLICE_MS) != GEARMAN_NO_ACTIVE_FDS && connected;
  }
  return connected ? GEARMAN_SUCCESS : GEARMAN_NO_ACTIVE_FDS;
}

/* Waits until something came for one of them. GEARMAN_NO_ACTIVE_FDS, without a wait, if one of them is not connected:
 * then there is something to try. */
int gcffi_wait_for_any(gcffi_client **clients, size_t count, int64_t timeout_ms) {
  gcffi_call call;
  size_t acquired = 0;
  int rc = 0;
  while (acquired < count && (rc = gcffi_guard_acquire(&clients[acquired]->guard)) == 0) {
    acquired++;
  }
  if (rc == 0) {
    gcffi_call_push(&call, timeout_ms);
    gearman_return_t waited = gcffi_waits_are_ours() ? wait_for_any(clients, count, &call) : wait_in_turn(clients, count);
    rc = gcffi_call_end(&call, (int)waited);
  }
  while (acquired) {
    gcffi_guard_release(&clients[--acquired]->guard);
  }
  return rc;
}
