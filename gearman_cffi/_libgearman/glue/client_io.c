/* A client's connections: how far submission may run ahead of the server's answers, and what follows when one ends.
 *
 * libgearman finds the task of an answer by a walk over all that are outstanding. With its own small socket buffer it
 * cannot send many jobs before it has to read; without that limit (intercept.c) it would send ten thousand, and then
 * walk over thousands for every answer. So nothing more is sent over a connection with some hundred unacknowledged jobs.
 * Jobs that the server has acknowledged and not finished do not count: their number is the workers' matter.
 *
 * When libgearman cannot send a task to a server, it resets its count of that server's jobs and then counts this one as
 * acknowledged. If it reached the server a moment later, it would take each answer for that of the next task. Within a run
 * it passes the task on to another server by itself, so nobody could intervene: an address whose connection has ended
 * is skipped, as if nobody listened there, until the client has new connections. */
#define _GNU_SOURCE
#include "glue.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum { MOST_UNACKNOWLEDGED = 200 };

/* The jobs of a batch are few, and answered in the order of libgearman's list. */
static bool is_full(const gcffi_client *client, const gcffi_conn *conn) {
  return conn && conn->carries == client && conn->unacknowledged >= MOST_UNACKNOWLEDGED && !client->load_left;
}

/* The connection carries tasks even if sending fails: its loss is then that of a task. */
ssize_t gcffi_client_send(gcffi_client *client, gcffi_conn *conn, int fd, const void *data, size_t size, int flags) {
  if (is_full(client, conn)) {
    return errno = EAGAIN, -1;
  }
  if (conn) {
    conn->carries = client;
  }
  return send(fd, data, size, flags);
}

/* Does not wake up because a connection at its limit could be written to. */
void gcffi_client_before_poll(const gcffi_client *client, const gcffi_conn *conn, struct pollfd *fd) {
  if (is_full(client, conn)) {
    fd->events = POLLIN;
  }
}

static bool is_skipped(const gcffi_client *client, const void *address, size_t size) {
  for (int i = 0; i < client->skipped_count; i++) {
    const gcffi_address *skipped = &client->skipped[i];
    if (skipped->size == size && memcmp(skipped->bytes, address, size) == 0) {
      return true;
    }
  }
  return false;
}

/* False if the client must not connect to this address now. */
bool gcffi_client_connects(gcffi_client *client, int fd, const struct sockaddr *address, size_t size) {
  if (is_skipped(client, address, size) || !gcffi_conn_open(fd, client, address, size)) {
    return false;
  }
  client->connections++;
  return true;
}

/* conn: NULL if it was not opened in a call. */
void gcffi_client_disconnected(gcffi_client *client, const gcffi_conn *conn) {
  client->miscounted = true;
  if (!conn) {
    return;
  }
  client->carrier_lost = client->carrier_lost || conn->carries == client;
  client->torn = client->torn || client->carrier_lost;
  client->connections -= conn->opener == client && client->connections;
  if (conn->address_size && client->skipped_count < GCFFI_SKIPPED &&
      !is_skipped(client, conn->address, conn->address_size)) {
    gcffi_address *skipped = &client->skipped[client->skipped_count++];
    skipped->size = conn->address_size;
    memcpy(skipped->bytes, conn->address, conn->address_size);
  }
}
