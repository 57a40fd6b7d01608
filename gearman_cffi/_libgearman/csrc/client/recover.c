/* After a task or a connection was given up: libgearman has no way to cancel a task, and a task that is simply freed
 * makes a later call spin, wait for ever or read freed memory (Q05). */
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

/* Frees the tasks that were sent, except one: without their connections they cannot be answered. Returns how many of
 * them are the user's. */
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

/* Q05: freeing a task that was never sent leaves libgearman's count of new tasks too high. Run without servers, it
 * takes a new task off its counts. That closes all connections; tasks that were sent over them would point at freed
 * memory. */
static void cancel_unsent(gcffi_client *client, gcffi_task *task) {
  gcffi_keep_error(client);
  client->lost_tasks += free_sent(client, task);
  gcffi_client_disconnect_all(client);
  gearman_client_run_tasks(client->st);
  gearman_task_free(task->st);
  gcffi_client_readd_servers(client);
}

/* Another libgearman client in place of this one, with new connections: while the workload of an abandoned task is
 * still being sent, libgearman starts no new task. */
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

/* Unusable: tasks that were sent over a lost connection stay in libgearman's list, and it would take answers to others
 * for theirs. Miscounted (Q06): the next job would get another one's handle. Without a connection nothing was sent.
 * is_paused: libgearman still points at the connection of a packet that a callback has paused. */
static __attribute__((noinline)) void recover(gcffi_client *client, bool is_paused) {
  bool is_unusable = client->health == GCFFI_CONNS_UNUSABLE;
  if (is_unusable && is_paused) {
    gcffi_client_replace(client);
  } else if (is_unusable || (!is_paused && (!client->connections || !has_sent(client)))) {
    size_t lost = free_sent(client, NULL);
    /* The call that lost its only server has reported it. */
    client->lost_tasks += client->server_count > 1 || !is_unusable ? lost : 0;
    gcffi_client_disconnect_all(client);
    gcffi_client_readd_servers(client);
  }
}

/* Before anything is sent or received: replaces connections that cannot be trusted. */
void gcffi_client_recover(gcffi_client *client, bool is_paused) {
  if (client->health != GCFFI_CONNS_GOOD) {
    recover(client, is_paused);
  }
}

/* A server that answers within this time does so however short a timeout is. */
#define SILENT_NS 100000000LL

/* Has the server not answered anything for some time? */
bool gcffi_is_silent(const gcffi_client *client) {
  const gcffi_conn *conn = gcffi_conn_of(client->sent_fd);
  return conn && conn->carries == client && conn->silent_since && gcffi_is_over(conn->silent_since + SILENT_NS);
}

/* After a timeout. If the server is silent, the next calls use new connections, and prefer another server. True if so.
 * Tasks that are pending at the only server are waited for. */
bool gcffi_leave_out_silent(gcffi_client *client) {
  if (!gcffi_is_silent(client) || (client->server_count < 2 && client->pending)) {
    return false;
  }
  if (client->server_count > 1) {
    gcffi_left_out_add(client->left_out, gcffi_conn_of(client->sent_fd));
  }
  gcffi_client_worsen(client, GCFFI_CONNS_UNUSABLE);
  return true;
}

int gcffi_client_leave_out_silent(gcffi_client *client, bool *is_silent) {
  int refused = gcffi_guard_acquire(&client->guard);
  if (refused == 0) {
    *is_silent = gcffi_leave_out_silent(client);
    gcffi_guard_release(&client->guard);
  }
  return refused;
}

/* Takes new connections, if a server that is connected is left out now, or one that was left out may be tried again. */
void gcffi_choose_servers_again(gcffi_client *client) {
  bool has_grown = gcffi_left_out_has_grown(client->left_out, &client->left_out_seen);
  bool is_over = client->left_out_until != GCFFI_NEVER && gcffi_now() >= client->left_out_until;
  if (has_grown || is_over) {
    gcffi_client_worsen(client, GCFFI_CONNS_MISCOUNTED);
  }
}

/* If nothing else could be connected to. Returns false if no server was left out, or something was sent to another one. */
bool gcffi_client_try_left_out(gcffi_client *client) {
  if (client->left_out_until == GCFFI_NEVER || has_sent(client)) {
    return false;
  }
  gcffi_left_out_clear(client->left_out);
  gcffi_client_disconnect_all(client);
  return gcffi_client_readd_servers(client) == GEARMAN_SUCCESS;
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

/* Ends the tasks that could not be sent, except those in use. libgearman would end them in its next run, and then go on
 * from the task that it has freed. After a callback has raised they wait for the next run. */
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

/* Q46: of a job that other tasks have too, packets keep coming for this one. */
static bool is_needed(const gcffi_task *task) { return task->has_key || !is_acknowledged(task); }

/* Frees the orphans that libgearman does not need any more, or whose connection is gone. */
void gcffi_free_orphans(gcffi_client *client, bool connection_lost) {
  gcffi_task *next;
  for (gcffi_task *task = client->tasks; task && client->orphans; task = next) {
    next = task->next;
    if (task->state == GCFFI_TASK_ORPHANED && in_state(task, "WORK") && (connection_lost || !is_needed(task))) {
      gearman_task_free(task->st);
    }
  }
}

/* True if the rejected job may be another task's: libgearman does not say which, and those that were sent before come
 * first. Then this one's acknowledgement is still to come. */
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

/* Releases a task of ours, answered or not. libgearman counts acknowledgements, so a task that is abandoned before its
 * own comes stays as an orphan until then; so does one whose workload is still being sent, into which the connection
 * points. */
void gcffi_abandon_task(gcffi_client *client, gcffi_task *task, gearman_return_t rc) {
  if (task->st && !task->reply->finished) {
    if (client->paused) { /* rc is what a callback has returned */
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
      /* only tasks that nobody waits for were lost with the connections */
    } else if (in_state(task, "SUBMIT") || (in_state(task, "WORK") && !connection_lost && !is_acknowledged(task))) {
      task->state = GCFFI_TASK_ORPHANED;
      client->orphans++;
    }
  }
  gcffi_task_release(task);
}

/* The same without closing a connection, for a task among others of an event loop. One that was not sent yet is sent. */
void gcffi_orphan_task(gcffi_client *client, gcffi_task *task) {
  if (in_state(task, "WORK") && !is_needed(task)) {
    gcffi_task_release(task);
  } else {
    task->reply = NULL;
    task->state = GCFFI_TASK_ORPHANED;
    client->orphans++;
  }
}
