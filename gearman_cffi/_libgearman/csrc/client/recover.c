/* Abandoning a task before its end. libgearman has no way to cancel one: its counts of tasks, its connections and the
 * server's answers stay as if the task were still there, and a task that is simply freed makes a later call spin, wait for
 * ever or read freed memory (Q05). */
#define _GNU_SOURCE
#include "client.h"

#include <string.h>

bool gcffi_is_rejection(gearman_return_t rc) {
  return rc == GEARMAN_QUEUE_ERROR || rc == GEARMAN_JOB_QUEUE_FULL || rc == GEARMAN_SERVER_ERROR;
}

static bool in_state(const gcffi_task *task, const char *name) {
  const char *state = gearman_task_strstate(task->st);
  return state && strcmp(state + sizeof "GEARMAN_TASK_STATE_" - 1, name) == 0;
}

static bool is_acknowledged(const gcffi_task *task) { return gearman_task_job_handle(task->st)[0] != '\0'; }

static bool is_sent(const gcffi_task *task) { return !in_state(task, "NEW") && !in_state(task, "FINISHED"); }

/* Frees the tasks that were sent, but for one: they cannot be answered any more when their connections go. How many of them
 * are the user's. */
static size_t free_sent(gcffi_client *client, const gcffi_task *but) {
  size_t lost = 0;
  gcffi_task *next;
  for (gcffi_task *task = client->tasks; task; task = next) {
    next = task->next;
    if (task != but && is_sent(task)) {
      lost += task->id ? 1 : 0;
      gearman_task_free(task->st);
    }
  }
  return lost;
}

/* A task that was never sent leaves libgearman's count of new tasks too high when it is freed, and run_tasks
 * would spin for ever. Run without servers, libgearman takes a new task off its counts. That drops all
 * connections, which libgearman has closed anyway when a task is still new after it was run; tasks that were
 * sent over them cannot be answered any more and would point at connections that are gone. */
static void cancel_unsent(gcffi_client *client, gcffi_task *task) {
  gcffi_keep_error(client);
  client->lost_tasks += free_sent(client, task);
  gcffi_client_disconnect_all(client);
  gearman_client_run_tasks(client->st);
  gearman_task_free(task->st);
  gcffi_client_readd_servers(client);
}

/* While a workload that was given up is still being sent, libgearman starts no new task. One that is given up then takes
 * the connections with it: libgearman would not start another one before that workload has gone out. */
bool gcffi_client_replace(gcffi_client *client) {
  gcffi_client before = *client;
  gcffi_keep_error(client);
  if (!gcffi_client_copy_settings(client, &before)) {
    return false;
  }
  for (gcffi_task *task = client->tasks; task; task = task->next) {
    client->lost_tasks += task->id && task->state != GCFFI_TASK_ENDED ? 1 : 0;
  }
  client->reply_pending = false;
  gcffi_client_mark_good(client);
  gcffi_free_client(before.st);
  return true;
}

static bool has_sent(const gcffi_client *client) {
  for (const gcffi_task *task = client->tasks; task; task = task->next) {
    if (is_sent(task)) {
      return true;
    }
  }
  return false;
}

/* Before anything is sent or received: goes on over new connections where the old ones are not to be trusted.
 *
 * torn: one that had carried tasks has ended. libgearman keeps those that it will not be answered for in its list, and
 * would take the answers to others for theirs; and how much had come of a packet, see conn.c.
 *
 * miscounted (Q06): where something cannot be sent, libgearman counts it as acknowledged. It has not counted the
 * question for a status as sent, and where the connection was lost or refused it has begun to count anew: the next job
 * on it would get another one's name, or none.
 *
 * Where there is no connection, what libgearman takes for sent lay in the buffer of one that could not be opened.
 *
 * held: a callback holds a packet back, and libgearman still points at its connection. */
static __attribute__((noinline)) void recover(gcffi_client *client, bool held) {
  bool is_unusable = client->health == GCFFI_CONNS_UNUSABLE;
  if (is_unusable && held) {
    gcffi_client_replace(client);
  } else if (is_unusable || (!held && (!client->connections || !has_sent(client)))) {
    size_t lost = free_sent(client, NULL);
    /* Of one server the program has been told. */
    client->lost_tasks += client->server_count > 1 || !is_unusable ? lost : 0;
    gcffi_client_disconnect_all(client);
    gcffi_client_readd_servers(client);
  }
}

void gcffi_client_recover(gcffi_client *client, bool held) {
  if (client->health != GCFFI_CONNS_GOOD) {
    recover(client, held);
  }
}

/* Before a task is added to a client that may have none. */
void gcffi_before_adding(gcffi_client *client) {
  if (!client->tasks) {
    gcffi_client_recover(client, false);
    if (client->exceptions == GCFFI_EXCEPTIONS_WANTED) {
      gcffi_preset_exceptions_if_idle(client);
    }
  }
}

/* Ends the tasks whose sending has failed, but for one that its caller holds. libgearman would do so when it is run
 * again, and then go on from the task that it has freed. A callback that has raised holds them back until then. */
void gcffi_fail_send_errors(gcffi_client *client) {
  if (client->paused == GCFFI_PAUSED_BY_EXCEPTION || !client->has_send_errors) {
    return;
  }
  gcffi_task *next;
  for (gcffi_task *task = client->tasks; task && client->paused != GCFFI_PAUSED_BY_EXCEPTION; task = next) {
    next = task->next;
    bool is_answered = task->state == GCFFI_TASK_ANSWERED || task->state == GCFFI_TASK_ENDED;
    if (!is_answered && !task->in_use && in_state(task, "FAIL")) {
      gcffi_client_worsen(client, GCFFI_CONNS_MISCOUNTED);
      gcffi_task_fail(task);
    }
  }
  client->has_send_errors = client->paused == GCFFI_PAUSED_BY_EXCEPTION;
}

/* Frees tasks of ours that have been named since, or whose connection is gone. */
void gcffi_free_orphans(gcffi_client *client, bool connection_lost) {
  gcffi_task *next;
  for (gcffi_task *task = client->tasks; task && client->orphans; task = next) {
    next = task->next;
    if (task->state == GCFFI_TASK_ORPHANED && in_state(task, "WORK") && (connection_lost || is_acknowledged(task))) {
      gearman_task_free(task->st);
    }
  }
}

/* Whether a job was refused that need not be this task's: libgearman does not say which, and whoever was sent before and
 * is not named yet comes first. Where it was another, the name of this one is still to come. */
static bool may_be_acknowledged(const gcffi_client *client, const gcffi_task *task, gearman_return_t rc) {
  if (!gcffi_is_rejection(rc)) {
    return false;
  }
  for (const gcffi_task *other = client->tasks; other; other = other->next) {
    bool waits = other->state == GCFFI_TASK_ADDED || (other->state == GCFFI_TASK_ORPHANED && !is_acknowledged(other));
    if (other != task && waits && !in_state(other, "NEW")) {
      return true;
    }
  }
  return false;
}

/* Lets go of a task of ours, answered or not. Connections count the jobs that the server has named, so a task
 * that is given up between its submission and its name is left adrift until the name comes; so is one
 * whose workload is still being sent, because the connection points into it. */
void gcffi_abandon_task(gcffi_client *client, gcffi_task *task, gearman_return_t rc) {
  if (task->st && !task->reply->finished) {
    if (client->paused) { /* by a callback: rc is what it has returned, or the step it was called in */
      rc = client->task_conn_lost ? GEARMAN_LOST_CONNECTION : GEARMAN_TIMEOUT;
    }
    client->reply_pending = true;
    if (in_state(task, "FAIL")) {
      gcffi_client_worsen(client, GCFFI_CONNS_MISCOUNTED);
    }
    bool undecided = may_be_acknowledged(client, task, rc);
    bool connection_lost = rc != GEARMAN_TIMEOUT && rc != GEARMAN_SUCCESS && !undecided;
    if (in_state(task, "NEW")) {
      if (rc == GEARMAN_NO_SERVERS) {
        gearman_task_free(task->st); /* libgearman has taken it off its counts */
      } else if (!gearman_client_has_option(client->st, GEARMAN_CLIENT_NO_NEW) || !gcffi_client_replace(client)) {
        cancel_unsent(client, task);
      }
    } else if (undecided && client->pending == 0 && gcffi_client_replace(client)) {
      /* only what nobody waits for went down with the connections */
    } else if (in_state(task, "SUBMIT") || (in_state(task, "WORK") && !connection_lost && !is_acknowledged(task))) {
      task->state = GCFFI_TASK_ORPHANED;
      client->orphans++;
    }
  }
  gcffi_task_release(task);
}
