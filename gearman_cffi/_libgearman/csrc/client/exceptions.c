/* The option "exceptions": every connection asks for the exceptions of workers when it is opened. libgearman remembers
 * an option only if every server has granted it (Q11): so it is shown one that does, without a network. */
#define _GNU_SOURCE
#include "client.h"

#include <string.h>

static gcffi_verdict pretend_to_connect(void *self, gcffi_conn *conn) {
  (void)self, (void)conn;
  return GCFFI_CONNECT_PRETEND;
}

static ssize_t pretend_to_send(void *self, gcffi_call *call, gcffi_conn *conn, const void *data, size_t size, int flags) {
  (void)self, (void)call, (void)conn, (void)data, (void)flags;
  return (ssize_t)size;
}

static ssize_t receive_grant(void *self, gcffi_call *call, gcffi_conn *conn, void *data, size_t size, int flags) {
  (void)self, (void)call, (void)conn, (void)flags;
  size = size < GCFFI_GRANTED ? size : GCFFI_GRANTED;
  memcpy(data, gcffi_granted, size);
  return (ssize_t)size;
}

static const gcffi_io fake_server = {
    .audience = GCFFI_TO_BOTH,
    .connecting = pretend_to_connect,
    .send = pretend_to_send,
    .recv = receive_grant,
};

/* Drops all connections. */
void gcffi_preset_exceptions(gcffi_client *client) {
  gcffi_call call;
  if (!gcffi_waits_are_ours()) {
    return;
  }
  gcffi_client_disconnect_all(client);
  gcffi_call_push(&call, -1);
  call.io = &fake_server;
  gearman_client_add_server(client->st, "127.0.0.1", 4730);
  bool is_granted = gearman_client_set_server_option(client->st, "exceptions", sizeof "exceptions" - 1);
  client->exceptions = is_granted ? GCFFI_EXCEPTIONS_ON : GCFFI_EXCEPTIONS_OFF;
  gearman_client_remove_servers(client->st);
  gcffi_call_pop(&call);
  gcffi_client_readd_servers(client);
}

void gcffi_preset_exceptions_if_idle(gcffi_client *client) {
  if (client->exceptions != GCFFI_EXCEPTIONS_ON && !client->tasks) {
    gcffi_keep_error(client);
    gcffi_preset_exceptions(client);
  }
}

int gcffi_client_enable_exceptions(gcffi_client *client) {
  gcffi_call call;
  int rc = gcffi_call_begin(&call, &client->guard, -1);
  if (rc == 0) {
    gcffi_preset_exceptions_if_idle(client);
    rc = gcffi_call_end(&call, 0);
  }
  return rc;
}
