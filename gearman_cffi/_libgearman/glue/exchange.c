/* Asking every server something and reading its answer: ping and options.
 *
 * libgearman takes the next packet that arrives for the answer. On a connection on which something else is still to come
 * (the name or the result of a job that was given up, a job for a worker that was interrupted) that packet would be lost
 * and the next call would wait for it for ever. There the question is asked over connections of its own. */
#define _GNU_SOURCE
#include "glue.h"

#include <string.h>

/* Enters the scope of an exchange, whose connections are shut down where it is given up. */
static void enter(gcffi_scope *scope) {
  gcffi_enter(scope, -1);
  scope->exchange = true;
}

static void copy_error(char *into, const char *text) {
  strncpy(into, text ? text : "", GEARMAN_MAX_ERROR_SIZE - 1);
}

/* ------------------------------------------------------------------------------------------- client */

static gcffi_client *asking_client(gcffi_client *client) {
  return client->tasks || client->unanswered ? gcffi_client_clone(client) : client;
}

static void leave_client(gcffi_client *client, gcffi_client *asking, gcffi_scope *scope) {
  gcffi_leave(scope);
  if (scope->timed_out) {
    client->failed = true;
    gcffi_timeout_text(scope, false, client->error, sizeof client->error);
  } else if (asking != client) {
    client->failed = true;
    copy_error(client->error, gcffi_client_error(asking));
  }
  if (asking != client) {
    gcffi_client_free(asking);
  }
}

gearman_return_t gcffi_client_echo(gcffi_client *client, const void *data, size_t size) {
  gcffi_scope scope;
  gcffi_client *asking = asking_client(client);
  if (!asking) {
    return GEARMAN_MEMORY_ALLOCATION_FAILURE;
  }
  client->failed = false;
  enter(&scope);
  gearman_return_t rc = gearman_client_echo(asking->st, data, size);
  leave_client(client, asking, &scope);
  return scope.timed_out ? GEARMAN_TIMEOUT : rc;
}

bool gcffi_client_request_option(gcffi_client *client, const char *option, size_t size) {
  gcffi_scope scope;
  /* A connection that asks for the option when it is opened need not be asked again. */
  gcffi_client *asking = client->pending && !client->exceptions ? client : asking_client(client);
  if (!asking) {
    return false;
  }
  client->failed = false;
  enter(&scope);
  bool granted = gearman_client_set_server_option(asking->st, option, size);
  bool asked_itself = asking == client;
  leave_client(client, asking, &scope);
  if (granted && asked_itself) {
    client->exceptions = true; /* the one option there is */
  } else if (!client->exceptions) {
    if (granted) {
      gcffi_renew(client);
    }
    gcffi_client_expect_exceptions(client);
  }
  return granted;
}

/* ------------------------------------------------------------------------------------------- worker */

static gcffi_worker *asking_worker(gcffi_worker *worker) { return worker->asked ? gcffi_worker_clone(worker) : worker; }

static void leave_worker(gcffi_worker *worker, gcffi_worker *asking, gcffi_scope *scope) {
  gcffi_leave(scope);
  if (scope->timed_out) {
    worker->failed = true;
    gcffi_timeout_text(scope, true, worker->error, sizeof worker->error);
  } else if (asking != worker) {
    worker->failed = true;
    copy_error(worker->error, gcffi_worker_error(asking));
  }
  if (asking != worker) {
    gcffi_worker_free(asking);
  }
}

gearman_return_t gcffi_worker_echo(gcffi_worker *worker, const void *data, size_t size) {
  gcffi_scope scope;
  gcffi_worker *asking = asking_worker(worker);
  if (!asking) {
    return GEARMAN_MEMORY_ALLOCATION_FAILURE;
  }
  worker->failed = false;
  enter(&scope);
  gearman_return_t rc = gearman_worker_echo(asking->st, data, size);
  leave_worker(worker, asking, &scope);
  return scope.timed_out ? GEARMAN_TIMEOUT : rc;
}

bool gcffi_worker_request_option(gcffi_worker *worker, const char *option, size_t size) {
  gcffi_scope scope;
  gcffi_worker *asking = asking_worker(worker);
  if (!asking) {
    return false;
  }
  worker->failed = false;
  enter(&scope);
  bool granted = gearman_worker_set_server_option(asking->st, option, size);
  leave_worker(worker, asking, &scope);
  return granted;
}
