/* Servers that a client leaves alone until its connections are made anew.
 *
 * When libgearman cannot send a task to a server, it begins to count that server's jobs anew and then counts this one as named.
 * Were the server reached a moment later, each of its answers would be taken for the next task's. Within a run the
 * task goes on to another server without a word, so that nobody could intervene: an address whose connection has ended is
 * refused from then on, as if nobody listened there, and the other servers have the tasks. */
#define _GNU_SOURCE
#include "glue.h"

#include <string.h>

static bool is_of(const gcffi_address *known, const struct sockaddr *address, size_t size) {
  return known->size == size && memcmp(known->bytes, address, size) == 0;
}

/* The client connects. False where it must not; an address for which there is no room, and one of a kind that is unknown, is
 * not remembered. */
bool gcffi_may_connect(gcffi_client *client, int fd, const struct sockaddr *address, size_t size) {
  gcffi_address *known = client->addresses, *end = known + client->address_count;
  while (known < end && !is_of(known, address, size)) {
    known++;
  }
  if (known == end) {
    if (size > sizeof known->bytes || client->address_count == GCFFI_ADDRESSES) {
      return true;
    }
    client->address_count++;
    *known = (gcffi_address){.size = size};
    memcpy(known->bytes, address, size);
  }
  known->fd = fd;
  return !known->left_out;
}

void gcffi_leave_out(gcffi_client *client, int fd) {
  for (int i = 0; i < client->address_count; i++) {
    gcffi_address *known = &client->addresses[i];
    if (known->fd == fd) {
      known->left_out = true;
      known->fd = -1;
    }
  }
}

/* Also one that is being opened. */
bool gcffi_has_connection(const gcffi_client *client) {
  for (int i = 0; i < client->address_count; i++) {
    if (client->addresses[i].fd >= 0) {
      return true;
    }
  }
  return false;
}
