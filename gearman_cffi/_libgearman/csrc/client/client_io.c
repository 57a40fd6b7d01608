/* A client's connections: how far submission may run ahead of the server's answers, and what follows when one ends.
 *
 * libgearman finds the task of an answer by a walk over all that are outstanding (Q28). With its own small socket buffer it
 * cannot send many jobs before it has to read; without that limit (intercept.c) it would send ten thousand, and then
 * walk over thousands for every answer. So nothing more is sent over a connection with some hundred unacknowledged jobs.
 * Jobs that the server has acknowledged and not finished do not count: their number is the workers' matter.
 *
 * Q06: when libgearman cannot send a task to a server, it resets its count of that server's jobs and then counts this one as
 * acknowledged. If it reached the server a moment later, it would take each answer for that of the next task. Within a run
 * it passes the task on to another server by itself, so nobody could intervene: an address whose connection has ended
 * is skipped, as if nobody listened there, until the client has new connections. */
#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

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
static void before_poll(void *self, gcffi_call *call, struct pollfd *fds, nfds_t count) {
  (void)call;
  for (nfds_t i = 0; i < count; i++) {
    if (is_full(self, gcffi_conn_of(fds[i].fd))) {
      fds[i].events = POLLIN;
    }
  }
}

/* The connection carries tasks even if sending fails: its loss is then that of a task. */
static ssize_t send_tasks(void *self, gcffi_call *call, gcffi_conn *conn, const void *data, size_t size, int flags) {
  (void)call;
  gcffi_client *client = self;
  if (is_full(client, conn)) {
    return errno = EAGAIN, -1;
  }
  conn->carries = client;
  conn->fixes_work_fail = client->exceptions != GCFFI_EXCEPTIONS_ON;
  client->sent_fd = conn->fd;
  return send(conn->fd, data, size, flags);
}

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

/* Q30: the loss of a connection that carries no tasks ends no call. */
static void disconnected(void *self, gcffi_conn *conn) {
  gcffi_client *client = self;
  client->task_conn_lost = client->task_conn_lost || conn->carries == client;
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
    .before_poll = before_poll,
    .connecting = connecting,
    .disconnected = disconnected,
    .send = send_tasks,
};
