/* One record of each connection that libgearman opens in a call, found by its descriptor.
 *
 * One thread at a time uses a descriptor. The table grows by blocks, which are never freed. */
#include "conn.h"

#include <stdlib.h>
#include <string.h>

#include <libgearman-1.0/gearman.h>

#define BLOCK 256
#define BLOCKS 4096

static gcffi_conn *blocks[BLOCKS];
static unsigned serials; /* atomic */

static gcffi_conn *slot(int fd, bool make) {
  if (fd < 0 || fd >= BLOCK * BLOCKS) {
    return NULL;
  }
  gcffi_conn *none = NULL, *block = __atomic_load_n(&blocks[fd / BLOCK], __ATOMIC_ACQUIRE);
  if (!block && make && (block = calloc(BLOCK, sizeof *block)) &&
      !__atomic_compare_exchange_n(&blocks[fd / BLOCK], &none, block, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    free(block);
    block = none; /* another thread was faster */
  }
  return block ? &block[fd % BLOCK] : NULL;
}

/* NULL if no connection with this descriptor is open. */
gcffi_conn *gcffi_conn_of(int fd) {
  gcffi_conn *conn = slot(fd, false);
  return conn && conn->open ? conn : NULL;
}

gcffi_address gcffi_address_of(const struct sockaddr *address, size_t size) {
  gcffi_address stored = {.size = size <= sizeof stored.bytes ? size : 0};
  memcpy(stored.bytes, address, stored.size);
  return stored;
}

bool gcffi_address_is(const gcffi_address *one, const gcffi_address *other) {
  return one->size == other->size && memcmp(one->bytes, other->bytes, one->size) == 0;
}

/* Begins the record of a new connection. NULL if there is no memory for it. */
gcffi_conn *gcffi_conn_open(int fd, const struct sockaddr *address, size_t size) {
  gcffi_conn *conn = slot(fd, true);
  if (conn) {
    gcffi_send_queue_close(conn->queue); /* of one that was closed elsewhere */
    unsigned serial = __atomic_add_fetch(&serials, 1, __ATOMIC_RELAXED);
    *conn = (gcffi_conn){.fd = fd, .open = true, .serial = serial, .lowat = 1, .is_new = true};
    conn->address = gcffi_address_of(address, size);
  }
  return conn;
}

void gcffi_conn_close(gcffi_conn *conn) {
  if (conn) {
    conn->open = false;
    gcffi_send_queue_close(conn->queue);
    conn->queue = NULL;
  }
}

/* Q07: after a connection has ended within a packet, nothing may be received over a new one to the same server before
 * the client or worker has other connections. */
bool gcffi_conn_is_truncated(const gcffi_conn *conn) { return conn->in.rest != 0; }

/* A wait for the connection lasts until it can read as many bytes. */
void gcffi_conn_set_lowat(gcffi_conn *conn, int bytes) {
  if (conn->lowat != bytes && setsockopt(conn->fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes) == 0) {
    conn->lowat = bytes;
  }
}

/* Counts what the server owes an answer to. */
void gcffi_conn_sent(gcffi_conn *conn, const void *data, ssize_t size) {
  if (size <= 0) {
    return;
  }
  const unsigned char *at = data, *end = at + size;
  while (at < end) {
    if (gcffi_stream_advance(&conn->out, &at, end) == GCFFI_STREAM_HEAD) {
      unsigned char command = conn->out.head[GCFFI_COMMAND];
      conn->unacknowledged += gcffi_is_submission(command);
      conn->queries += command == GEARMAN_COMMAND_ECHO_REQ || command == GEARMAN_COMMAND_OPTION_REQ;
      conn->grab = gcffi_is_grab(command) && conn->grab == GCFFI_GRAB_ANSWERED ? GCFFI_GRAB_SENT : conn->grab;
    }
  }
}
