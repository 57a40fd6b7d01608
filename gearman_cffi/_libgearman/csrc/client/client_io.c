/* A client's hooks: how far submission may run ahead of the server's answers, and what follows when a connection ends. */
#define _GNU_SOURCE
#include "client.h"
#include "versions.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Q28: with large socket buffers libgearman would send ten thousand jobs before it reads, and search them all for every
 * answer. Acknowledged jobs do not count: how many there are depends on the workers. */
enum { MOST_UNACKNOWLEDGED = 200 };

/* The jobs of a batch are few, and answered in the order of libgearman's list. */
static bool is_full(const gcffi_client *client, const gcffi_conn *conn) {
  return conn && conn->carries == client && conn->unacknowledged >= MOST_UNACKNOWLEDGED && !client->batch_left;
}

gcffi_pollset *gcffi_client_pollset(gcffi_client *client) {
  client->pollset.client = client->st;
  return &client->pollset;
}

/* Waits for any byte. */
gearman_return_t gcffi_client_wait_io(gcffi_client *client, gcffi_call *call) {
  gcffi_client_reset_lowat(client);
  return gcffi_wait(call, gcffi_client_pollset(client));
}

/* Does not wake up because a connection at its limit could be written to. */
static int poll_connections(void *self, gcffi_call *call, struct pollfd *fds, nfds_t count, int timeout_ms) {
  for (nfds_t i = 0; i < count; i++) {
    if (is_full(self, gcffi_conn_of(fds[i].fd))) {
      fds[i].events = POLLIN;
    }
  }
  return gcffi_call_poll(call, fds, count, timeout_ms);
}

/* Q30: a connection carries tasks even if sending fails: its loss is then that of a task. */
static ssize_t send_tasks(void *self, gcffi_call *call, gcffi_conn *conn, const void *data, size_t size, int flags) {
  (void)call;
  gcffi_client *client = self;
  if (is_full(client, conn)) {
    return errno = EAGAIN, -1;
  }
  conn->carries = client;
  conn->fixes_work_fail = client->exceptions != GCFFI_EXCEPTIONS_ON && !gcffi_library.compares_prefixes;
  client->sent_fd = conn->fd;
  return send(conn->fd, data, size, flags);
}

/* libgearman receives as long as something comes. A step ends all the same, but not while libgearman waits for the
 * answer to a query: it would ask again at once. */
static ssize_t receive(void *self, gcffi_call *call, gcffi_conn *conn, void *data, size_t size, int flags) {
  (void)call;
  const gcffi_client *client = self;
  if (client->step_deadline != GCFFI_NEVER && !conn->queries && gcffi_now() >= client->step_deadline) {
    return errno = EAGAIN, -1;
  }
  return recv(conn->fd, data, size, flags | MSG_DONTWAIT);
}

/* Q06: after a connection is lost, libgearman counts wrongly over the next one to the same address. Within a run it
 * tries the next server by itself: so the address is skipped, as if nobody listened, until all connections are new. */
static bool is_skipped(const gcffi_client *client, const gcffi_conn *conn) {
  for (int i = 0; i < client->skipped_count; i++) {
    const gcffi_address *skipped = &client->skipped[i];
    if (skipped->size == conn->address_size && memcmp(skipped->bytes, conn->address, skipped->size) == 0) {
      return true;
    }
  }
  return false;
}

static gcffi_verdict connecting(void *self, gcffi_conn *conn) {
  gcffi_client *client = self;
  if (client->health == GCFFI_CONNS_UNUSABLE || is_skipped(client, conn)) {
    gcffi_client_worsen(client, GCFFI_CONNS_MISCOUNTED);
    return GCFFI_CONNECT_REFUSE;
  }
  conn->opener = client;
  client->connections++;
  return GCFFI_CONNECT;
}

/* OpenSSL sends by itself, so that under TLS nothing says what a connection carried. */
static bool carried_tasks(const gcffi_client *client, const gcffi_conn *conn) {
  return conn->carries == client || gearman_client_has_option(client->st, GEARMAN_CLIENT_SSL);
}

static void disconnected(void *self, gcffi_conn *conn) {
  gcffi_client *client = self;
  client->task_conn_lost = client->task_conn_lost || carried_tasks(client, conn);
  bool is_unusable = client->task_conn_lost || gcffi_conn_is_truncated(conn);
  gcffi_client_worsen(client, is_unusable ? GCFFI_CONNS_UNUSABLE : GCFFI_CONNS_MISCOUNTED);
  client->connections -= conn->opener == client && client->connections;
  if (conn->address_size && client->skipped_count < GCFFI_SKIPPED && !is_skipped(client, conn)) {
    gcffi_address *skipped = &client->skipped[client->skipped_count++];
    skipped->size = conn->address_size;
    memcpy(skipped->bytes, conn->address, conn->address_size);
  }
}

const gcffi_io gcffi_client_io = {
    .audience = GCFFI_TO_CLIENTS,
    .poll = poll_connections,
    .connecting = connecting,
    .disconnected = disconnected,
    .send = send_tasks,
    .recv = receive,
};
