/* A client's hooks: how far submission may run ahead of the server's answers, and what follows when a connection ends. */
#define _GNU_SOURCE
#include "client.h"
#include "versions.h"

#include <errno.h>
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
  return gcffi_opening_poll(call, fds, count, timeout_ms);
}

/* Q30: a connection carries tasks even if sending fails: its loss is then that of a task. */
static ssize_t send_tasks(void *self, gcffi_call *call, gcffi_conn *conn, const void *data, size_t size, int flags) {
  (void)call;
  gcffi_client *client = self;
  if (is_full(client, conn)) {
    return errno = EAGAIN, -1;
  }
  conn->carries = client;
  conn->fixes_work_fail = client->exceptions < GCFFI_EXCEPTIONS_ON && !gcffi_library.compares_prefixes;
  conn->marks_rejections = client->loop.left > 0 && gcffi_library.all_io_is_ours;
  client->sent_fd = conn->fd;
  if (gcffi_opening_has_asked(conn, data, size)) {
    return (ssize_t)size;
  }
  conn->silent_since = conn->silent_since ? conn->silent_since : gcffi_now();
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
  ssize_t got = recv(conn->fd, data, size, flags | MSG_DONTWAIT);
  conn->silent_since = got > 0 ? 0 : conn->silent_since;
  return got;
}

/* Q06: after a connection is lost, libgearman counts wrongly over the next one to the same address. Within a run it
 * tries the next server by itself: so the address is skipped, as if nobody listened, until all connections are new. */
static bool is_skipped(const gcffi_client *client, const gcffi_conn *conn) {
  for (int i = 0; i < client->skipped_count; i++) {
    if (gcffi_address_is(&client->skipped[i], &conn->address)) {
      return true;
    }
  }
  return false;
}

static void skip(gcffi_client *client, const gcffi_conn *conn) {
  if (conn->address.size && client->skipped_count < GCFFI_SKIPPED && !is_skipped(client, conn)) {
    client->skipped[client->skipped_count++] = conn->address;
  }
}

/* A server that is left out is skipped until it may be tried again, which needs new connections then. */
static bool is_left_out(gcffi_client *client, const gcffi_conn *conn) {
  int64_t until = gcffi_left_out_until(client->left_out, conn);
  if (until) {
    client->left_out_until = gcffi_sooner(until, client->left_out_until);
    skip(client, conn);
  }
  return until;
}

/* One server must not take the time of the next ones: each gets an equal share of what is left for the call. */
static int64_t open_until(const gcffi_client *client) {
  int64_t now = gcffi_now(), deadline = gcffi_current_call->deadline, until = gcffi_after_ms(client->connect_ms);
  int64_t untried = (int64_t)client->server_count - client->late_servers;
  int64_t share = deadline == GCFFI_NEVER || untried < 2 ? GCFFI_NEVER : now + (deadline - now) / untried;
  return gcffi_sooner(share, until);
}

static gcffi_first first_question(const gcffi_client *client) {
  bool asks = client->exceptions == GCFFI_EXCEPTIONS_ON && !gearman_client_has_option(client->st, GEARMAN_CLIENT_SSL) &&
              gcffi_library.all_io_is_ours;
  return client->exceptions == GCFFI_EXCEPTIONS_BY_US ? GCFFI_FIRST_ASKS_ALONE : asks ? GCFFI_FIRST_ASKS : GCFFI_FIRST_NOTHING;
}

static gcffi_verdict connecting(void *self, gcffi_conn *conn) {
  gcffi_client *client = self;
  bool is_unusable = client->health == GCFFI_CONNS_UNUSABLE;
  if (!is_unusable && is_left_out(client, conn)) {
    return GCFFI_CONNECT_REFUSE;
  }
  if (is_unusable || is_skipped(client, conn)) {
    gcffi_client_worsen(client, GCFFI_CONNS_MISCOUNTED);
    return GCFFI_CONNECT_REFUSE;
  }
  conn->opener = client;
  client->connections++;
  gcffi_opening_begin(conn, first_question(client), open_until(client));
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
  gcffi_leave_out_late(client, conn);
  skip(client, conn);
}

const gcffi_io gcffi_client_io = {
    .audience = GCFFI_TO_CLIENTS,
    .poll = poll_connections,
    .connecting = connecting,
    .disconnected = disconnected,
    .send = send_tasks,
    .recv = receive,
};
