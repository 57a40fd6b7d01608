/* The context of a libgearman task, and where its packets go.
 *
 * All tasks have the same callbacks. A task of our own (do*, jobStatus, batches) fills its caller's gcffi_reply; a
 * packet for one of the user's goes to Python if a callback was set. libgearman frees tasks at times of its own: see
 * on_task_freed(). */
#define _GNU_SOURCE
#include "client.h"

#include <stdlib.h>
#include <string.h>

/* --------------------------------------------------------------------------------- libgearman's hooks */

static bool ends(const gcffi_task *task, int event) {
  switch (event) {
  case GCFFI_CREATED: return task->kind >= GCFFI_LOW_BACKGROUND && task->kind < GCFFI_JOB_STATUS;
  case GCFFI_STATUS: return task->kind >= GCFFI_JOB_STATUS;
  default: return event >= GCFFI_COMPLETE;
  }
}

static bool have_same_job(const gcffi_task *one, const gcffi_task *other) {
  return one->has_key && other->has_key &&
         strcmp(gearman_task_job_handle(one->st), gearman_task_job_handle(other->st)) == 0;
}

/* Q46: of several tasks with the same job, libgearman gives every packet to the same one. The server sends each packet
 * once for each of them: so they take turns. */
static gcffi_task *task_of_update(gcffi_task *task) {
  gcffi_task *next = task;
  for (gcffi_task *other = task->client->tasks; other; other = other->next) {
    bool awaits = other->updated < next->updated && other->state != GCFFI_TASK_ENDED;
    if (awaits && have_same_job(other, task)) {
      next = other;
    }
  }
  next->updated = ++task->client->shared_updates;
  return next;
}

/* Numbers of a status stand in libgearman's task, where a callback reads them; a packet's data is passed to it. */
static bool takes_turns(const gcffi_task *task, int event) {
  bool is_paused = !task->reply && task->client->paused == GCFFI_PAUSED_BY_EXCEPTION;
  bool is_part = event == GCFFI_DATA || event == GCFFI_WARNING;
  return task->has_key && !is_paused && (is_part || (event == GCFFI_STATUS && !task->callbacks));
}

/* After a callback has raised, the packets that follow are paused: libgearman delivers them again in the next run. */
static gearman_return_t deliver(gearman_task_st *st, int event) {
  gcffi_task *task = gearman_task_context(st);
  gcffi_client *client = task->client;
  if (task->state == GCFFI_TASK_ADDED) {
    task->state = GCFFI_TASK_ANSWERED;
  }
  if (event == GCFFI_EXCEPTION && gearman_task_data_size(st) == 0) {
    event = GCFFI_FAIL; /* Q10: an exception has a text, so this is the WORK_FAIL that inbound.c has changed */
  }
  if (takes_turns(task, event)) {
    task = task_of_update(task);
  }
  if (task->state == GCFFI_TASK_ORPHANED || task->reply) {
    return task->state == GCFFI_TASK_ORPHANED ? GEARMAN_SUCCESS : gcffi_task_reply(task, st, event);
  }
  if (task->callbacks & (1u << event)) {
    if (client->paused == GCFFI_PAUSED_BY_EXCEPTION) {
      return GEARMAN_PAUSE;
    }
    gcffi_block_if_finalizing();
    client->guard.in_callback = true;
    int rc = gcffi_on_task(client->owner, task->id, event, gearman_task_data(st), gearman_task_data_size(st));
    client->guard.in_callback = false;
    if (rc == GCFFI_E_EXCEPTION) {
      client->paused = GCFFI_PAUSED_BY_EXCEPTION;
      gcffi_call_note_exception();
    } else if (rc != GEARMAN_SUCCESS) {
      client->paused = GCFFI_PAUSED_BY_CODE;
      return (gearman_return_t)rc;
    }
  }
  if (ends(task, event) && task->state != GCFFI_TASK_ENDED) {
    task->state = GCFFI_TASK_ENDED;
    client->pending--;
  }
  return GEARMAN_SUCCESS;
}

void gcffi_task_fail(gcffi_task *task) {
  gearman_task_st *st = task->st;
  if (!task->reply) { /* one of ours stays without an answer */
    deliver(st, GCFFI_FAIL);
  }
  gearman_task_free(st);
}

void gcffi_task_end_delayed(gcffi_task *task) {
  gearman_task_st *st = task->st;
  deliver(st, GCFFI_CREATED);
  gearman_task_free(st);
}

static gearman_return_t on_created(gearman_task_st *st) { return deliver(st, GCFFI_CREATED); }
static gearman_return_t on_data(gearman_task_st *st) { return deliver(st, GCFFI_DATA); }
static gearman_return_t on_warning(gearman_task_st *st) { return deliver(st, GCFFI_WARNING); }
static gearman_return_t on_status(gearman_task_st *st) { return deliver(st, GCFFI_STATUS); }
static gearman_return_t on_complete(gearman_task_st *st) { return deliver(st, GCFFI_COMPLETE); }
static gearman_return_t on_exception(gearman_task_st *st) { return deliver(st, GCFFI_EXCEPTION); }
static gearman_return_t on_fail(gearman_task_st *st) { return deliver(st, GCFFI_FAIL); }

static void on_task_freed(gearman_task_st *st, void *context);

void gcffi_bind_actions(gearman_client_st *st) {
  gearman_client_set_created_fn(st, on_created);
  gearman_client_set_data_fn(st, on_data);
  gearman_client_set_warning_fn(st, on_warning);
  gearman_client_set_status_fn(st, on_status);
  gearman_client_set_complete_fn(st, on_complete);
  gearman_client_set_exception_fn(st, on_exception);
  gearman_client_set_fail_fn(st, on_fail);
  gearman_client_set_task_context_free_fn(st, on_task_freed);
}

static gearman_return_t copy_text(gcffi_reply *reply, const char *text) {
  reply->data = strdup(text ? text : "");
  reply->size = reply->data ? strlen(reply->data) : 0;
  return reply->data ? GEARMAN_SUCCESS : GEARMAN_MEMORY_ALLOCATION_FAILURE;
}

static void copy_status(gcffi_reply *reply, const gcffi_task *task) {
  gcffi_reply_set_handle(reply, gearman_task_job_handle(task->st));
  if (task->kind == GCFFI_JOB_STATUS) {
    gcffi_handle_unmark(reply->handle);
  }
  reply->known = gearman_task_is_known(task->st);
  reply->running = gearman_task_is_running(task->st);
  reply->numerator = gearman_task_numerator(task->st);
  reply->denominator = gearman_task_denominator(task->st);
}

static gearman_return_t get(const gcffi_task *task, int64_t id, int what, gcffi_reply *reply) {
  switch (task->id == id && task->st ? what : -1) {
  case GCFFI_TASK_STATUS: copy_status(reply, task); return GEARMAN_SUCCESS;
  case GCFFI_TASK_FUNCTION: return copy_text(reply, gearman_task_function_name(task->st));
  case GCFFI_TASK_UNIQUE: return copy_text(reply, gearman_task_unique(task->st));
  default: return GEARMAN_JOB_NOT_FOUND;
  }
}

/* Copies a part of a task into an empty reply. GEARMAN_JOB_NOT_FOUND: libgearman has freed the task. */
int gcffi_task_get(gcffi_client *client, gcffi_task *task, int64_t id, int what, gcffi_reply *reply) {
  bool acquired;
  int rc = gcffi_guard_acquire_reentrant(&client->guard, &acquired);
  if (rc == 0) {
    rc = (int)get(task, id, what, reply);
    if (acquired) {
      gcffi_guard_release(&client->guard);
    }
  }
  return rc;
}

/* -------------------------------------------------------------------------------- life of a gcffi_task */

gcffi_task *gcffi_task_new(gcffi_client *client, int kind, gcffi_reply *reply) {
  gcffi_task *task = client->task_cache;
  if (task) {
    client->task_cache = task->next;
  } else {
    task = malloc(sizeof *task);
  }
  if (task) {
    *task = (gcffi_task){.client = client, .kind = (unsigned char)kind, .reply = reply, .in_use = reply != NULL};
  }
  return task;
}

/* The memory stays the client's: another thread may be about to read the task, and finds that it is not the same any
 * more. */
static void drop(gcffi_task *task) {
  gcffi_client *client = task->client;
  *task = (gcffi_task){.client = client, .next = client->task_cache};
  client->task_cache = task;
}

/* Frees the memory of tasks that are used no more. */
void gcffi_free_task_cache(gcffi_client *client) {
  while (client->task_cache) {
    gcffi_task *task = client->task_cache;
    client->task_cache = task->next;
    free(task);
  }
}

void gcffi_task_link(gcffi_task *task, gearman_task_st *st) {
  gcffi_client *client = task->client;
  task->st = st;
  task->next = client->tasks;
  if (client->tasks) {
    client->tasks->previous = task;
  }
  client->tasks = task;
}

static void unlink_task(gcffi_task *task) {
  gcffi_client *client = task->client;
  if (task->previous) {
    task->previous->next = task->next;
  } else if (client->tasks == task) {
    client->tasks = task->next;
  }
  if (task->next) {
    task->next->previous = task->previous;
  }
  task->next = task->previous = NULL;
}

static void on_task_freed(gearman_task_st *st, void *context) {
  (void)st;
  gcffi_task *task = context;
  gcffi_client *client = task->client;
  unlink_task(task);
  task->st = NULL;
  client->delayed -= task->is_delayed;
  if (task->state == GCFFI_TASK_ORPHANED) {
    client->orphans--;
  }
  if (task->reply && task->reply->loop) { /* with its connection, unless it was answered */
    ((gcffi_loop_job *)task->reply)->task = NULL;
    gcffi_reply_finish(task->reply, GEARMAN_LOST_CONNECTION);
  }
  if (!task->id) {
    if (!task->in_use) {
      drop(task);
    }
    return;
  }
  if (task->state != GCFFI_TASK_ENDED) {
    task->state = GCFFI_TASK_ENDED;
    client->pending--;
  }
  task->next_freed = client->freed;
  client->freed = task;
}

/* Releases a task of our own. libgearman still needs an orphan. */
void gcffi_task_release(gcffi_task *task) {
  task->in_use = false;
  task->reply = NULL;
  if (!task->st) {
    drop(task);
  } else if (task->state != GCFFI_TASK_ORPHANED) {
    gearman_task_free(task->st);
  }
}

/* The ids of tasks that libgearman has freed, for Python to forget. Returns how many were written: none while another
 * thread uses the client. */
size_t gcffi_client_freed_tasks(gcffi_client *client, int64_t *ids, size_t room) {
  bool acquired;
  size_t count = 0;
  if (gcffi_guard_acquire_reentrant(&client->guard, &acquired)) {
    return 0;
  }
  for (const gcffi_task *task = client->freed; task && count < room; task = task->next_freed) {
    ids[count++] = task->id;
  }
  if (acquired) {
    gcffi_guard_release(&client->guard);
  }
  return count;
}

void gcffi_free_freed(gcffi_client *client, size_t count) {
  while (client->freed && count--) {
    gcffi_task *task = client->freed;
    client->freed = task->next_freed;
    drop(task);
  }
}

/* Python has forgotten as many of them, beginning with this one. If that is not the first any more, a signal handler or
 * another thread has used the client meanwhile, and they are reported again. */
void gcffi_client_release_freed(gcffi_client *client, int64_t first, size_t count) {
  bool acquired;
  if (gcffi_guard_acquire_reentrant(&client->guard, &acquired)) {
    return;
  }
  if (client->freed && client->freed->id == first) {
    gcffi_free_freed(client, count);
  }
  if (acquired) {
    gcffi_guard_release(&client->guard);
  }
}
