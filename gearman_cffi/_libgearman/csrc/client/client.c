/* A client's life: opening, settings, copies, closing. */
#define _GNU_SOURCE
#include "client.h"
#include "versions.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static gearman_client_st *new_client(bool from_environment) {
  gcffi_call call;
  gcffi_call_push(&call, -1);
  call.kind = from_environment ? GCFFI_CALL_RUNS : GCFFI_CALL_CREATES;
  gearman_client_st *st = gearman_client_create(NULL);
  gcffi_call_pop(&call);
  if (st && !from_environment) {
    gearman_client_remove_servers(st); /* if getenv() could not be replaced */
  }
  if (st) {
    gcffi_bind_actions(st);
    gearman_client_add_options(st, GEARMAN_CLIENT_FREE_TASKS | GEARMAN_CLIENT_NON_BLOCKING);
  }
  return st;
}

static void init(gcffi_client *client) {
  memset(client, 0, sizeof *client);
  client->guard.process = gcffi_process;
  client->pid = getpid();
  client->sent_fd = client->lowat_fd = -1;
  client->connect_ms = GCFFI_CONNECT_TIMEOUT_MS;
  client->left_out_until = GCFFI_NEVER;
}

/* False also if GEARMAN_SERVERS names an unknown host. The memory, here and below, is the caller's. */
bool gcffi_client_open(gcffi_client *client, bool from_environment) {
  init(client);
  client->st = new_client(from_environment);
  client->left_out = gcffi_left_out_join(NULL);
  return client->st && (!from_environment || gcffi_remember_environment(client) == GEARMAN_SUCCESS);
}

/* How long opening a connection may take, in ms; -1 for no limit. */
int gcffi_client_set_connect_timeout(gcffi_client *client, int64_t timeout_ms) {
  int refused = gcffi_guard_acquire(&client->guard);
  if (refused == 0) {
    client->connect_ms = timeout_ms;
    gcffi_guard_release(&client->guard);
  }
  return refused;
}

/* A libgearman client with the settings and servers of this one, and not by gearman_client_clone() (Q14). */
bool gcffi_client_copy_settings(gcffi_client *client, const gcffi_client *like) {
  gearman_client_st *st = new_client(false);
  if (!st) {
    return false;
  }
  client->st = st;
  client->exceptions = like->exceptions == GCFFI_EXCEPTIONS_ON ? GCFFI_EXCEPTIONS_OFF : like->exceptions;
  client->options = like->options;
  gcffi_client_readd_servers(client);
  if (like->exceptions == GCFFI_EXCEPTIONS_ON) {
    gcffi_preset_exceptions(client);
  }
  gearman_client_options_t options = gearman_client_options(like->st);
  gearman_client_set_options(st, options);
  gearman_client_set_timeout(st, gearman_client_timeout(like->st));
  return true;
}

/* In a nested call, so that closing connections is not counted as a loss. */
void gcffi_free_client(gearman_client_st *st) {
  gcffi_call call;
  gcffi_call_push(&call, -1);
  gearman_client_free(st);
  gcffi_call_pop(&call);
}

/* A client of its own with the same servers, options and timeout, and no tasks. Returns a return code, or why the call
 * is refused. */
int gcffi_client_clone(gcffi_client *client, gcffi_client *from, size_t rotation) {
  bool acquired;
  init(client);
  int rc = gcffi_guard_acquire_reentrant(&from->guard, &acquired);
  if (rc == 0) {
    client->left_out = gcffi_left_out_join(from->left_out);
    gcffi_left_out_has_grown(client->left_out, &client->left_out_seen);
    client->connect_ms = from->connect_ms;
    rc = (int)gcffi_copy_servers(client, from, rotation);
    if (rc == GEARMAN_SUCCESS && !gcffi_client_copy_settings(client, from)) {
      rc = GEARMAN_MEMORY_ALLOCATION_FAILURE;
    }
    if (acquired) {
      gcffi_guard_release(&from->guard);
    }
  }
  return rc;
}

/* In a forked child nothing is freed: closing would shut down the parent's connections. */
void gcffi_client_close(gcffi_client *client) {
  client->guard.closed = true;
  if (client->pid == getpid()) {
    gcffi_free_client(client->st);
    gcffi_free_freed(client, SIZE_MAX);
    gcffi_forget_servers(client);
    gcffi_left_out_leave(client->left_out);
    gcffi_loop_clear(&client->loop);
    free(client->loop.fds);
    free(client->batch);
    free(client->pollset.fds);
    gcffi_free_task_cache(client);
  }
}

int gcffi_client_wait(gcffi_client *client) {
  gcffi_call call;
  int rc = gcffi_call_begin(&call, &client->guard, -1);
  if (rc == 0) {
    client->has_error = false;
    call.io = &gcffi_client_io;
    call.self = client;
    client->pollset.ends_on_signal = (gearman_client_options(client->st) & (int)GCFFI_CLIENT_STOPS_ON_SIGNAL) != 0;
    rc = gcffi_call_end(&call, (int)gcffi_client_wait_io(client, &call));
    client->pollset.ends_on_signal = false; /* libgearman's runs go on after a signal */
  }
  return rc;
}
