/* Running a client's tasks: do*, jobStatus, addTask* and runTasks.
 *
 * Everything goes through add_task and gearman_client_run_tasks(), in non-blocking mode, so that the waits are ours
 * (Q04). libgearman's own counts of new and running tasks go wrong when a task is freed early (Q05): the ends of the
 * loops below are counted here. */
#define _GNU_SOURCE
#include "client.h"

#include <string.h>

/* Q32: a packet's size has 32 bits; the names before the data need room too. */
#define MOST_DATA ((size_t)UINT32_MAX - 8192)

/* Q30: a server that does not work for us went away. Or all were tried but those that are left out. */
static bool may_go_on(gcffi_client *client, gearman_return_t rc) {
  bool is_harmless = rc == GEARMAN_LOST_CONNECTION && !client->task_conn_lost && gcffi_waits_are_ours();
  return client->paused != GCFFI_PAUSED_BY_CODE &&
         (is_harmless || (rc == GEARMAN_COULD_NOT_CONNECT && gcffi_client_try_left_out(client)));
}

/* One step: sends and receives what is possible now. True if *left, the number of tasks that are waited for, is not 0
 * and something must become ready first: gcffi_pollset_collect() says what, and gcffi_pollset_feed() before the next
 * step says that it is. Otherwise *rc says how the run ended. */
bool gcffi_client_step(gcffi_client *client, gcffi_call *call, const size_t *left, gearman_return_t *rc) {
  do {
    *rc = gearman_client_run_tasks(client->st);
    gcffi_end_delayed(client);
    if (*rc == GEARMAN_TIMEOUT && client->paused != GCFFI_PAUSED_BY_CODE) {
      gcffi_client_worsen(client, GCFFI_CONNS_UNUSABLE); /* while a connection was opened: an answer may still come */
    }
    if (*left == 0) {
      *rc = GEARMAN_SUCCESS;
      return false;
    }
  } while (may_go_on(client, *rc));
  client->has_send_errors = client->paused != GCFFI_PAUSED_BY_CODE && *rc != GEARMAN_IO_WAIT && *rc != GEARMAN_SUCCESS;
  bool ends = client->paused || call->state == GCFFI_INTERRUPTED || client->has_send_errors;
  if (ends) {
    gcffi_fail_send_errors(client);
  }
  return !ends;
}

/* Sleeps through JOB_CREATED, of this size, until signals are checked again: it may be all that comes. */
static gearman_return_t wait_for_answer(gcffi_client *client, gcffi_call *call, int created_size) {
  gcffi_pollset *pollset = gcffi_client_pollset(client);
  gearman_return_t rc = gcffi_pollset_collect(call, pollset);
  if (rc != GEARMAN_IO_WAIT) {
    return rc;
  }
  int64_t recheck = gcffi_now() + GCFFI_SIGNAL_RECHECK_NS;
  if (recheck < pollset->deadline) {
    gcffi_client_set_lowat(client, created_size);
    pollset->ready = gcffi_call_wait_until(call, pollset->fds, pollset->count, recheck);
    if (pollset->ready) {
      return gcffi_pollset_feed(call, pollset);
    }
    call->check_signals_first = true;
  }
  gcffi_client_reset_lowat(client);
  gcffi_pollset_wait(call, pollset, pollset->deadline);
  return gcffi_pollset_feed(call, pollset);
}

static gearman_return_t wait_io(gcffi_client *client, gcffi_call *call, gcffi_wait_mode mode) {
  int expected = client->expected;
  client->expected = 0;
  if (mode == GCFFI_POLL_ONCE && gcffi_waits_are_ours()) {
    gcffi_client_reset_lowat(client);
    return gcffi_pollset_peek(call, gcffi_client_pollset(client));
  }
  return expected && gcffi_waits_are_ours() ? wait_for_answer(client, call, expected) : gcffi_client_wait_io(client, call);
}

/* How long a step that does not wait may receive: whoever steps the client has other things to do. */
#define STEP_NS 5000000LL

/* Before the first step: the hooks, and connections that can be used. */
gearman_return_t gcffi_prepare_run(gcffi_client *client, gcffi_call *call, gcffi_wait_mode mode) {
  gearman_return_t rc;
  if (client->servers_missing && (rc = gcffi_client_readd_servers(client)) != GEARMAN_SUCCESS) {
    return rc;
  }
  bool was_paused = client->paused;
  client->paused = GCFFI_RUNNING;
  client->has_error = client->task_conn_lost = false;
  call->io = &gcffi_client_io;
  call->self = client;
  gcffi_fail_send_errors(client);
  gcffi_choose_servers_again(client);
  gcffi_client_recover(client, was_paused);
  client->step_deadline = mode == GCFFI_BLOCK ? GCFFI_NEVER : gcffi_now() + STEP_NS;
  return GEARMAN_SUCCESS;
}

/* Runs until *left is 0, a callback stops it, or a wait ends without anything ready. */
gearman_return_t gcffi_client_run_tasks(gcffi_client *client, gcffi_call *call, const size_t *left, gcffi_wait_mode mode) {
  bool was_paused = client->paused;
  gearman_return_t waited = GEARMAN_SUCCESS, rc = gcffi_prepare_run(client, call, mode);
  if (rc != GEARMAN_SUCCESS) {
    return rc;
  }
  while (waited == GEARMAN_SUCCESS && gcffi_client_step(client, call, left, &rc)) {
    bool ends = mode == GCFFI_STEP || (mode == GCFFI_POLL_ONCE && gcffi_now() >= client->step_deadline);
    waited = ends ? GEARMAN_IO_WAIT : wait_io(client, call, mode);
    rc = mode == GCFFI_BLOCK ? waited : GEARMAN_IO_WAIT;
  }
  if (was_paused && !client->paused && gcffi_is_rejection(rc)) {
    gcffi_client_replace(client); /* Q31: libgearman would go on from the packet that was paused, and is gone */
  }
  if (client->orphans) {
    gcffi_free_orphans(client, client->task_conn_lost);
  }
  return rc;
}

typedef gearman_task_st *add_job(gearman_client_st *, gearman_task_st *, void *, const char *, const char *,
                                 const void *, size_t, gearman_return_t *);

static gearman_task_st *add(gcffi_task *task, const gcffi_submission *job, gearman_return_t *rc) {
  static add_job *const submit[] = {
      gearman_client_add_task_low,            gearman_client_add_task,
      gearman_client_add_task_high,           gearman_client_add_task_low_background,
      gearman_client_add_task_background,     gearman_client_add_task_high_background,
  };
  gcffi_client *client = task->client;
  char text[GCFFI_UNIQUE_TEXT];
  gearman_task_st *st = NULL;
  client->has_error = false;
  if (job->size > MOST_DATA) {
    *rc = GEARMAN_DATA_TOO_LARGE; /* Q32 */
  } else if (task->kind == GCFFI_JOB_STATUS) {
    st = gearman_client_add_task_status(client->st, NULL, task, job->name, rc);
    if (st) {
      gcffi_handle_mark((char *)gearman_task_job_handle(st)); /* Q40 */
    }
  } else if (task->kind == GCFFI_UNIQUE_STATUS) {
    st = gearman_client_add_task_status_by_unique(client->st, NULL, job->name, rc);
    gearman_task_set_context(st, task);
  } else {
    const char *unique = gcffi_unique_key(client, job->unique, text);
    st = job->epoch ? gcffi_execute(task, job, unique, rc)
                    : submit[task->kind](client->st, NULL, task, job->name, unique, job->workload, job->size, rc);
  }
  if (st) {
    gcffi_task_link(task, st);
  } else {
    gcffi_task_release(task);
  }
  return st;
}

/* Adds a task of our own. libgearman frees its task when it ends, and ours with it. A delayed job is sent at once: its
 * caller has called gcffi_prepare_run(). */
gearman_return_t gcffi_add_reply_task(gcffi_client *client, const gcffi_submission *job, gcffi_reply *reply) {
  gearman_return_t rc = GEARMAN_MEMORY_ALLOCATION_FAILURE;
  gcffi_task *task = gcffi_task_new(client, job->kind, reply);
  if (task && add(task, job, &rc)) {
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
  if (!reply->finished) {
    gcffi_reply_drop_data(reply);
    if (rc == GEARMAN_TIMEOUT) {
      gcffi_leave_out_silent(client);
    }
  }
  return reply->finished ? reply->rc : rc;
}

/* Delivers a paused packet again: as long as it is paused, libgearman starts no other task, and a task that is added
 * could not be cancelled. */
static gearman_return_t redeliver_paused(gcffi_client *client, gcffi_call *call) {
  if (client->pending == 0 || !client->paused) {
    return GEARMAN_SUCCESS;
  }
  gearman_return_t rc = gcffi_client_run_tasks(client, call, &client->pending, GCFFI_STEP);
  return client->paused ? rc : GEARMAN_SUCCESS;
}

/* gearman_client_do_background() has its own error for an empty name. */
static gearman_return_t reject_nameless(gcffi_client *client, const gcffi_submission *job) {
  if (job->kind < GCFFI_LOW_BACKGROUND || job->kind >= GCFFI_JOB_STATUS || *job->name) {
    return GEARMAN_SUCCESS;
  }
  client->has_error = true;
  strcpy(client->error, "_client_do_background(GEARMAN_INVALID_ARGUMENT) function argument was empty");
  return GEARMAN_INVALID_ARGUMENT;
}

static gearman_return_t add_and_run(gcffi_client *client, gcffi_call *call, const gcffi_submission *job,
                                    gcffi_reply *reply) {
  gearman_return_t rc = reject_nameless(client, job);
  rc = rc ? rc : redeliver_paused(client, call);
  rc = rc || !job->epoch ? rc : gcffi_prepare_run(client, call, GCFFI_BLOCK);
  if (rc != GEARMAN_SUCCESS) {
    return rc;
  }
  rc = GEARMAN_MEMORY_ALLOCATION_FAILURE;
  gcffi_task *task = gcffi_task_new(client, job->kind, reply);
  return task && add(task, job, &rc) ? run_single(client, call, task) : rc;
}

/* Runs a job, or for the last two kinds asks for the status of one. Returns a return code, or why the call is refused.
 * The reply is complete before the client is free for another thread. epoch: as in gcffi_submission. */
int gcffi_client_do(gcffi_client *client, int kind, const char *function, const char *unique, const void *workload,
                    size_t size, int64_t epoch, int64_t timeout_ms, gcffi_reply *reply) {
  gcffi_call call;
  int refused = gcffi_call_begin(&call, &client->guard, timeout_ms);
  if (refused) {
    return refused;
  }
  client->late_servers = 0;
  gcffi_before_adding(client);
  gcffi_reply_clear(reply);
  gcffi_submission job = {kind, function, unique, workload, size, epoch};
  gearman_return_t rc = add_and_run(client, &call, &job, reply);
  if (rc != GEARMAN_SUCCESS) {
    const char *error = gcffi_client_error(client);
    reply->error = error ? strdup(error) : NULL;
  }
  return gcffi_call_end(&call, (int)rc);
}

/* task: where its caller finds it, as soon as another call may run it. Returns a return code, or why it is refused. */
int gcffi_client_add_task(gcffi_client *client, int kind, int64_t id, unsigned callbacks, const char *name,
                          const char *unique, const void *workload, size_t size, gcffi_task **task) {
  bool acquired;
  gearman_return_t rc = GEARMAN_MEMORY_ALLOCATION_FAILURE;
  int refused = gcffi_guard_acquire_reentrant(&client->guard, &acquired);
  if (refused) {
    return refused;
  }
  if (acquired) { /* no call is using the connections */
    gcffi_before_adding(client);
  }
  gcffi_submission job = {kind, name, unique, workload, size, 0};
  gcffi_task *added = gcffi_task_new(client, kind, NULL);
  if (added && add(added, &job, &rc)) {
    added->id = id;
    added->callbacks = callbacks;
    added->has_key = kind < GCFFI_LOW_BACKGROUND && unique && *unique;
    client->pending++;
    *task = added;
    rc = GEARMAN_SUCCESS;
  }
  if (acquired) {
    gcffi_guard_release(&client->guard);
  }
  return (int)rc;
}

static gearman_return_t run_all(gcffi_client *client, gcffi_call *call) {
  if (client->pending == 0) {
    gearman_return_t rc = client->lost_tasks ? GEARMAN_LOST_CONNECTION : GEARMAN_SUCCESS;
    client->lost_tasks = 0;
    return rc;
  }
  if (client->server_count == 0) { /* libgearman would take a task off its counts, and never submit it */
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
  bool is_per_wait = call->deadline == GCFFI_NEVER; /* a timeout of the mirror: the tasks go to the next server in the next run */
  if (rc == GEARMAN_TIMEOUT && is_per_wait && client->server_count > 1) {
    gcffi_opening_give_up(client->pollset.fds, client->pollset.count);
    gcffi_leave_out_silent(client);
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
