/* Which of a worker's servers can be reached. The worker knows it after a search for a job that has come to all of them. */
#define _GNU_SOURCE
#include "worker.h"

#include <netdb.h>
#include <stdio.h>

static int state_at(const gcffi_worker *worker, const gcffi_address *address) {
  if (gcffi_worker_is_connected_to(worker, address)) {
    return GCFFI_SERVER_CONNECTED;
  }
  return gcffi_worker_is_opening(worker, address) ? GCFFI_SERVER_UNKNOWN : GCFFI_SERVER_UNREACHABLE;
}

/* Looks the name up. A server with several addresses needs one that can be reached. */
int gcffi_worker_server_state(const gcffi_worker *worker, const char *host, in_port_t port) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
  char service[6];
  int state = GCFFI_SERVER_UNREACHABLE;
  if (!gcffi_waits_are_ours()) {
    return GCFFI_SERVER_UNKNOWN;
  }
  snprintf(service, sizeof service, "%hu", port);
  if (getaddrinfo(host, service, &hints, &found)) {
    return GCFFI_SERVER_UNREACHABLE;
  }
  for (struct addrinfo *each = found; each; each = each->ai_next) {
    gcffi_address address = gcffi_address_of(each->ai_addr, each->ai_addrlen);
    int its_state = address.size ? state_at(worker, &address) : GCFFI_SERVER_UNKNOWN;
    state = its_state < state ? its_state : state;
  }
  freeaddrinfo(found);
  return state;
}
