/* Asking every server something and reading its answer: ping and options. libgearman takes the next packet that comes
 * for the answer (Q12): if something else may still come, the query has connections of its own. */
#define _GNU_SOURCE
#include "client.h"
#include "worker.h"

#include <stdio.h>
#include <string.h>

typedef gearman_return_t request(void *st, const void *data, size_t size);

static gearman_return_t client_echo(void *st, const void *data, size_t size) { return gearman_client_echo(st, data, size); }
static gearman_return_t worker_echo(void *st, const void *data, size_t size) { return gearman_worker_echo(st, data, size); }
static gearman_return_t client_option(void *st, const void *name, size_t size) {
  return gearman_client_set_server_option(st, name, size) ? GEARMAN_SUCCESS : GEARMAN_INVALID_SERVER_OPTION;
}
static gearman_return_t worker_option(void *st, const void *name, size_t size) {
  return gearman_worker_set_server_option(st, name, size) ? GEARMAN_SUCCESS : GEARMAN_INVALID_SERVER_OPTION;
}

/* What the hooks of one query see. */
typedef struct {
  const gcffi_worker *worker; /* whose stop() does not end it; NULL for a client */
  gcffi_client *client;       /* or whose it is */
  bool sets_option;           /* opening a connection includes its answer */
  unsigned polled;            /* descriptors of its last wait */
  bool is_truncated;          /* a connection has ended within a packet */
} query;

static int poll_connections(void *self, gcffi_call *call, struct pollfd *fds, nfds_t count, int timeout_ms) {
  query *asked = self;
  asked->polled = (unsigned)count;
  if (asked->worker) {
    gcffi_ignore_wakeup_pipe(asked->worker, fds, count);
  }
  return gcffi_opening_poll(call, fds, count, timeout_ms);
}

static gcffi_verdict connecting(void *self, gcffi_conn *conn) {
  const query *asked = self;
  if (asked->is_truncated) {
    return GCFFI_CONNECT_REFUSE;
  }
  int64_t limit_ms = asked->client ? asked->client->connect_ms : GCFFI_CONNECT_TIMEOUT_MS;
  gcffi_opening_begin(conn, asked->sets_option ? GCFFI_FIRST_AWAITS : GCFFI_FIRST_NOTHING, gcffi_after_ms(limit_ms));
  return GCFFI_CONNECT;
}

static void disconnected(void *self, gcffi_conn *conn) {
  query *asked = self;
  asked->is_truncated = asked->is_truncated || gcffi_conn_is_truncated(conn);
  if (asked->client) {
    gcffi_leave_out_late(asked->client, conn);
  }
}

static const gcffi_io query_io = {
    .audience = GCFFI_TO_BOTH, .poll = poll_connections, .connecting = connecting, .disconnected = disconnected};

/* Within a call, whose connections are shut down if it is aborted. */
static void begin(gcffi_call *call, query *asked) {
  call->kind = GCFFI_CALL_ASKS;
  call->io = &query_io;
  call->self = asked;
}

/* libgearman's own text for a wait that was too long, if ending it has put another one in its place. */
static void timeout_text(const query *asked, char *text, size_t size) {
  bool has_pipe = asked->worker;
  snprintf(text, size,
           "gearman_wait(GEARMAN_TIMEOUT) timeout reached, %u servers were poll(), no servers were available, pipe:%s",
           asked->polled - has_pipe, has_pipe ? "true" : "false");
}

/* Sets the error. apart: the query had connections of its own, and text is the error of their object. */
static bool end(gcffi_call *call, const query *asked, const char *text, bool apart, char *error) {
  call->io = NULL;
  if (call->state == GCFFI_TIMED_OUT) {
    timeout_text(asked, error, GEARMAN_MAX_ERROR_SIZE);
  } else if (apart) {
    strncpy(error, text ? text : "", GEARMAN_MAX_ERROR_SIZE - 1);
  }
  return call->state == GCFFI_TIMED_OUT || apart;
}

static gearman_return_t ask_and_wait(gcffi_client *client, request *ask, const void *data, size_t size) {
  if (!(client->options & GEARMAN_CLIENT_NON_BLOCKING)) {
    gearman_client_remove_options(client->st, GEARMAN_CLIENT_NON_BLOCKING);
  }
  gearman_return_t rc = ask(client->st, data, size);
  gearman_client_add_options(client->st, GEARMAN_CLIENT_NON_BLOCKING);
  return rc;
}

static gearman_return_t query_client(gcffi_client *client, gcffi_call *call, bool apart, request *ask, const void *data,
                                     size_t size) {
  gcffi_client other;
  query asked = {.client = client, .sets_option = ask == client_option};
  begin(call, &asked);
  client->has_error = false;
  if (!apart) {
    gcffi_client_recover(client, false);
    gcffi_client_reset_lowat(client);
    gearman_return_t rc = ask_and_wait(client, ask, data, size);
    if (asked.is_truncated) {
      gcffi_client_worsen(client, GCFFI_CONNS_UNUSABLE);
    }
    client->has_error = end(call, &asked, NULL, false, client->error);
    return rc;
  }
  gearman_return_t rc = gcffi_client_clone(&other, client, 0) == 0 ? ask_and_wait(&other, ask, data, size) : GEARMAN_MEMORY_ALLOCATION_FAILURE;
  client->has_error = end(call, &asked, gcffi_client_error(&other), true, client->error);
  gcffi_client_close(&other);
  return rc;
}

static gearman_return_t ask_worker_and_wait(gcffi_worker *worker, request *ask, const void *data, size_t size) {
  if (!worker->non_blocking) {
    gearman_worker_remove_options(worker->st, GEARMAN_WORKER_NON_BLOCKING);
  }
  gearman_return_t rc = ask(worker->st, data, size);
  gearman_worker_add_options(worker->st, GEARMAN_WORKER_NON_BLOCKING);
  return rc;
}

/* Not over the connections of a job that is running, which may ask too. */
static gearman_return_t query_worker(gcffi_worker *worker, gcffi_call *call, request *ask, const void *data, size_t size) {
  gcffi_worker other;
  query asked = {.worker = worker, .sets_option = ask == worker_option};
  begin(call, &asked);
  worker->has_error = false;
  if (!worker->job_may_come && worker->phase != GCFFI_BROKEN) {
    gearman_return_t rc = ask_worker_and_wait(worker, ask, data, size);
    if (asked.is_truncated) {
      gcffi_worker_set_phase(worker, GCFFI_BROKEN);
    }
    worker->has_error = end(call, &asked, NULL, false, worker->error);
    return rc;
  }
  gearman_return_t rc = gcffi_worker_copy(&other, worker) ? ask_worker_and_wait(&other, ask, data, size) : GEARMAN_MEMORY_ALLOCATION_FAILURE;
  worker->has_error = end(call, &asked, gcffi_worker_error(&other), true, worker->error);
  gcffi_worker_close(&other);
  return rc;
}

int gcffi_client_echo(gcffi_client *client, const void *data, size_t size) {
  gcffi_call call;
  int rc = gcffi_call_begin(&call, &client->guard, -1);
  if (rc == 0) {
    bool apart = gcffi_needs_own_connections(client);
    gearman_return_t answer = query_client(client, &call, apart, client_echo, data, size);
    rc = gcffi_call_end(&call, call.state == GCFFI_TIMED_OUT ? GEARMAN_TIMEOUT : (int)answer);
  }
  return rc;
}

int gcffi_worker_echo(gcffi_worker *worker, const void *data, size_t size) {
  gcffi_call call;
  int rc = gcffi_call_begin_in_callback(&call, &worker->guard, -1);
  if (rc == 0) {
    gearman_return_t answer = query_worker(worker, &call, worker_echo, data, size);
    rc = gcffi_call_end(&call, call.state == GCFFI_TIMED_OUT ? GEARMAN_TIMEOUT : (int)answer);
  }
  return rc;
}

/* granted: by every server. Returns 0, or why the call is refused. */
int gcffi_client_request_option(gcffi_client *client, const char *option, size_t size, bool *granted) {
  gcffi_call call;
  int refused = gcffi_call_begin(&call, &client->guard, -1);
  if (refused) {
    return refused;
  }
  /* A connection that asks for the option when it is opened need not ask again. One with a paused packet cannot:
   * libgearman would read the answer into that packet. */
  bool is_paused = client->pending && client->paused;
  bool is_on = client->exceptions == GCFFI_EXCEPTIONS_ON;
  bool apart = gcffi_needs_own_connections(client) && (is_paused || !client->pending || is_on);
  *granted = query_client(client, &call, apart, client_option, option, size) == GEARMAN_SUCCESS;
  if (*granted && !apart) {
    client->exceptions = GCFFI_EXCEPTIONS_ON; /* the one option there is */
  } else if (is_paused) {
    client->exceptions = is_on ? GCFFI_EXCEPTIONS_ON : GCFFI_EXCEPTIONS_WANTED;
  } else if (!is_on) {
    if (*granted) {
      gcffi_client_replace(client);
    }
    gcffi_preset_exceptions_if_idle(client);
  }
  return gcffi_call_end(&call, 0);
}

int gcffi_worker_request_option(gcffi_worker *worker, const char *option, size_t size, bool *granted) {
  gcffi_call call;
  int refused = gcffi_call_begin_in_callback(&call, &worker->guard, -1);
  if (refused) {
    return refused;
  }
  *granted = query_worker(worker, &call, worker_option, option, size) == GEARMAN_SUCCESS;
  return gcffi_call_end(&call, 0);
}
