/* Running a client's tasks.
 *
 * Everything goes through add_task and gearman_client_run_tasks() with the client set to non-blocking, so
 * that the one place that waits is ours (gcffi_wait_client): gearman_client_do() and gearman_client_job_status()
 * may wait on an idle server's socket while the run_single lies unread on another, and cannot be resumed.
 *
 * libgearman's own counts of new and running tasks go wrong when a task is freed early, so the ends of the
 * loops below are counted here. */
#define _GNU_SOURCE
#include "client.h"

#include <string.h>

/* A packet's size has 32 bits; the names before the data need room too. */
#define MOST_DATA ((size_t)UINT32_MAX - 8192)

/* Runs until *left, the number of tasks that are waited for, is 0. */
gearman_return_t gcffi_client_run_tasks(gcffi_client *client, gcffi_call *call, const size_t *left, gcffi_wait_mode mode) {
  gearman_return_t rc;
  if (client->servers_missing && (rc = gcffi_client_readd_servers(client)) != GEARMAN_SUCCESS) {
    return rc;
  }
  bool held = client->raised || client->stopped;
  client->has_error = client->raised = client->stopped = client->task_conn_lost = false;
  call->io = &gcffi_client_io;
  call->self = client;
  gcffi_fail_send_errors(client);
  gcffi_client_recover(client, held);
  for (;;) {
    rc = gearman_client_run_tasks(client->st);
    if (rc == GEARMAN_TIMEOUT && !client->stopped) {
      client->torn = true; /* while a connection was opened: an run_single may still come */
    }
    if (*left == 0) {
      rc = GEARMAN_SUCCESS;
      break;
    }
    if (rc == GEARMAN_LOST_CONNECTION && !client->task_conn_lost && !client->stopped && gcffi_waits_are_ours()) {
      continue; /* a server that does not work for us went away */
    }
    client->has_send_errors = !client->stopped && rc != GEARMAN_IO_WAIT && rc != GEARMAN_SUCCESS;
    if (client->raised || client->stopped || call->interrupted || client->has_send_errors) {
      gcffi_fail_send_errors(client);
      break;
    }
    if (mode == GCFFI_STEP) {
      rc = GEARMAN_IO_WAIT;
      break;
    }
    call->poll_once = mode == GCFFI_POLL_ONCE;
    rc = gcffi_client_wait_above(client, call, client->expected);
    client->expected = 0;
    call->poll_once = false; /* libgearman's own waits, to connect, are waits */
    if (rc != GEARMAN_SUCCESS) {
      rc = mode == GCFFI_POLL_ONCE ? GEARMAN_IO_WAIT : rc;
      break;
    }
  }
  if (held && !client->raised && !client->stopped && gcffi_is_rejection(rc)) {
    gcffi_client_replace(client); /* libgearman would go on from the packet that was held back, and is gone */
  }
  if (client->orphans) {
    gcffi_free_orphans(client, client->task_conn_lost);
  }
  return rc;
}

typedef gearman_task_st *add_job(gearman_client_st *, gearman_task_st *, void *, const char *, const char *,
                                 const void *, size_t, gearman_return_t *);

static gearman_task_st *add(gcffi_task *task, const char *name, const char *unique, const void *workload,
                            size_t size, gearman_return_t *rc) {
  static add_job *const submit[] = {
      gearman_client_add_task_low,            gearman_client_add_task,
      gearman_client_add_task_high,           gearman_client_add_task_low_background,
      gearman_client_add_task_background,     gearman_client_add_task_high_background,
  };
  gcffi_client *client = task->client;
  char text[GCFFI_UNIQUE_TEXT];
  gearman_task_st *st = NULL;
  client->has_error = false;
  if (size > MOST_DATA) {
    *rc = GEARMAN_DATA_TOO_LARGE; /* libgearman would write a part of the size */
  } else if (task->kind == GCFFI_JOB_STATUS) {
    st = gearman_client_add_task_status(client->st, NULL, task, name, rc);
  } else if (task->kind == GCFFI_UNIQUE_STATUS) {
    st = gearman_client_add_task_status_by_unique(client->st, NULL, name, rc);
    gearman_task_set_context(st, task);
  } else {
    unique = gcffi_unique_key(client, unique, text);
    st = submit[task->kind](client->st, NULL, task, name, unique, workload, size, rc);
  }
  if (st) {
    gcffi_task_link(task, st);
  } else {
    gcffi_task_release(task);
  }
  return st;
}

/* Adds a task of our own. libgearman's is freed with its end, ours with libgearman's. */
gearman_return_t gcffi_add_reply_task(gcffi_client *client, int kind, const char *name, const char *unique,
                               const void *workload, size_t size, gcffi_reply *reply) {
  gearman_return_t rc = GEARMAN_MEMORY_ALLOCATION_FAILURE;
  gcffi_task *task = gcffi_task_new(client, kind, reply);
  if (task && add(task, name, unique, workload, size, &rc)) {
    task->in_use = false;
  }
  return rc;
}

static gearman_return_t run_single(gcffi_client *client, gcffi_call *call, gcffi_task *task) {
  gcffi_reply *reply = task->reply;
  size_t left = 1;
  reply->remaining = &left;
  if (task->kind < GCFFI_LOW_BACKGROUND && client->pending == 0 && client->orphans == 0) {
    client->expected = client->created_size; /* do not wake up for JOB_CREATED alone */
  }
  gearman_return_t rc = gcffi_client_run_tasks(client, call, &left, GCFFI_BLOCK);
  client->expected = 0;
  gcffi_abandon_task(client, task, rc);
  if (reply->handle_size) {
    client->created_size = GCFFI_HEAD + (int)reply->handle_size;
  }
  return reply->finished ? reply->rc : rc;
}

/* Shows a packet that a callback has held back once more: as long as it is held, libgearman takes no other task, and a task
 * that is added could not be taken back. */
static gearman_return_t redeliver_paused(gcffi_client *client, gcffi_call *call) {
  if (client->pending == 0 || !(client->stopped || client->raised)) {
    return GEARMAN_SUCCESS;
  }
  gearman_return_t rc = gcffi_client_run_tasks(client, call, &client->pending, GCFFI_STEP);
  return client->raised || client->stopped ? rc : GEARMAN_SUCCESS;
}

/* gearman_client_do_background() has an error of its own for an empty name, which a task would not be given. */
static gearman_return_t reject_nameless(gcffi_client *client, int kind, const char *function) {
  if (kind < GCFFI_LOW_BACKGROUND || kind >= GCFFI_JOB_STATUS || *function) {
    return GEARMAN_SUCCESS;
  }
  client->has_error = true;
  strcpy(client->error, "_client_do_background(GEARMAN_INVALID_ARGUMENT) function argument was empty");
  return GEARMAN_INVALID_ARGUMENT;
}

/* A job, or for the last two kinds the question for the status of one. Returns a return code, or why the call is refused.
 * The reply is complete before the client is free for another thread. */
int gcffi_client_do(gcffi_client *client, int kind, const char *function, const char *unique, const void *workload,
                    size_t size, int64_t timeout_ms, gcffi_reply *reply) {
  gcffi_call call;
  int refused = gcffi_call_begin(&call, &client->guard, timeout_ms);
  if (refused) {
    return refused;
  }
  gcffi_before_adding(client);
  gcffi_reply_clear(reply);
  gearman_return_t rc = reject_nameless(client, kind, function);
  rc = rc ? rc : redeliver_paused(client, &call);
  if (rc == GEARMAN_SUCCESS) {
    gcffi_task *task = gcffi_task_new(client, kind, reply);
    rc = GEARMAN_MEMORY_ALLOCATION_FAILURE;
    rc = task && add(task, function, unique, workload, size, &rc) ? run_single(client, &call, task) : rc;
  }
  if (rc != GEARMAN_SUCCESS) {
    const char *error = gcffi_client_error(client);
    reply->error = error ? strdup(error) : NULL;
  }
  return gcffi_call_end(&call, (int)rc);
}

/* rc: a return code, or why the call is refused. */
gcffi_task *gcffi_client_add_task(gcffi_client *client, int kind, int64_t id, unsigned callbacks, const char *name,
                                  const char *unique, const void *workload, size_t size, int *rc) {
  bool taken;
  gearman_return_t added = GEARMAN_MEMORY_ALLOCATION_FAILURE;
  *rc = gcffi_guard_acquire_reentrant(&client->guard, &taken);
  if (*rc) {
    return NULL;
  }
  if (taken) { /* and so no call uses the connections */
    gcffi_before_adding(client);
  }
  gcffi_task *task = gcffi_task_new(client, kind, NULL);
  if (task && add(task, name, unique, workload, size, &added)) {
    task->id = id;
    task->callbacks = callbacks;
    client->pending++;
  } else {
    task = NULL;
  }
  if (taken) {
    gcffi_guard_release(&client->guard);
  }
  *rc = (int)added;
  return task;
}

static gearman_return_t run_all(gcffi_client *client, gcffi_call *call) {
  if (client->pending == 0) {
    gearman_return_t rc = client->lost_tasks ? GEARMAN_LOST_CONNECTION : GEARMAN_SUCCESS;
    client->lost_tasks = 0;
    return rc;
  }
  if (client->server_count == 0) { /* libgearman would take a task off its counts, and not submit it later */
    client->has_error = true;
    strcpy(client->error, "_client_run_task(GEARMAN_NO_SERVERS) no servers provided");
    return GEARMAN_NO_SERVERS;
  }
  bool one_step = client->options & GEARMAN_CLIENT_NON_BLOCKING;
  gearman_return_t rc = gcffi_client_run_tasks(client, call, &client->pending, one_step ? GCFFI_STEP : GCFFI_BLOCK);
  if (rc == GEARMAN_SUCCESS && client->lost_tasks) {
    client->lost_tasks = 0;
    rc = GEARMAN_LOST_CONNECTION;
  }
  return rc;
}

int gcffi_client_run(gcffi_client *client, int64_t timeout_ms) {
  gcffi_call call;
  int rc = gcffi_call_begin(&call, &client->guard, timeout_ms);
  if (rc == 0) {
    rc = gcffi_call_end(&call, (int)run_all(client, &call));
  }
  return rc;
}
