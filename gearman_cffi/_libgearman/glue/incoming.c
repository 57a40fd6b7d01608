/* What comes in over each connection, followed from packet to packet.
 *
 * libgearman takes what does not begin with a NUL for a line of gearmand's text protocol, and reads through a null pointer
 * when that has no blank in it: whoever connects to the port of another service by mistake would crash. In its place
 * libgearman is shown a line that it refuses. */
#define _GNU_SOURCE
#include "glue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 256
#define BLOCKS 4096

static gcffi_place *blocks[BLOCKS]; /* by descriptor; each is used by one thread at a time */

/* NULL where there is no memory, or no room: such a connection is not followed. */
gcffi_place *gcffi_incoming(int fd) {
  if (fd < 0 || fd >= BLOCK * BLOCKS) {
    return NULL;
  }
  gcffi_place *none = NULL, *block = __atomic_load_n(&blocks[fd / BLOCK], __ATOMIC_ACQUIRE);
  if (!block && (block = calloc(BLOCK, sizeof *block)) &&
      !__atomic_compare_exchange_n(&blocks[fd / BLOCK], &none, block, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    free(block);
    block = none; /* another thread was faster */
  }
  return block ? &block[fd % BLOCK] : NULL;
}

/* A new connection begins. */
void gcffi_begin_incoming(int fd) {
  gcffi_place *place = gcffi_incoming(fd);
  if (place) {
    *place = (gcffi_place){0};
  }
}

static ssize_t show_no_packet(void *data, size_t size) {
  static const char line[] = "? ?\n";
  if (size < sizeof line - 1) {
    return errno = ECONNRESET, -1;
  }
  memcpy(data, line, sizeof line - 1);
  return sizeof line - 1;
}

/* The connection ends. Where that is within a packet, libgearman 1.1.20 keeps how much of its data has come, and would write
 * the next packet of the connection behind memory that is as large as that packet. Nothing is received any more before it
 * has other connections. */
void gcffi_end_incoming(gcffi_scope *scope, int fd) {
  const gcffi_place *place = gcffi_incoming(fd);
  if (place && !place->rest) {
    return;
  }
  if (scope->client) {
    scope->client->torn = true;
  } else if (scope->worker) {
    scope->worker->spent = true;
  } else {
    scope->torn = true;
  }
}

bool gcffi_is_torn(const gcffi_scope *scope) {
  return scope->torn || (scope->client && scope->client->torn) || (scope->worker && scope->worker->spent);
}

ssize_t gcffi_receive(gcffi_scope *scope, int fd, void *data, size_t size, int flags) {
  gcffi_carrier *carrier = scope->client ? gcffi_carrier_of(scope->client, fd) : NULL;
  gcffi_place *place = carrier ? carrier->incoming : gcffi_incoming(fd);
  if (place && place->foreign) {
    return show_no_packet(data, size);
  }
  bool mends = carrier && place && !scope->client->exceptions;
  ssize_t got = mends ? gcffi_receive_mended(scope, place, fd, data, size, flags)
                      : gcffi_receive_directly(scope, fd, data, size, flags);
  if (place && got > 0) {
    int named = 0;
    got = (ssize_t)gcffi_walk(place, data, (size_t)got, gcffi_names, &named);
    if (carrier) {
      carrier->unnamed -= named;
    }
    return got ? got : show_no_packet(data, size);
  }
  return got;
}
