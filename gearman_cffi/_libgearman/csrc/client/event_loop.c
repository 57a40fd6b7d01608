/* Jobs whose client an event loop drives: it registers the client's descriptors, calls gcffi_client_turn() when one of
 * them is ready, and finds in client->loop what has come. Nothing here waits, and nothing calls Python. */
#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------- jobs */

/* Frees what has come; Python has read it. libgearman may still have the task of a job that was rejected. */
void gcffi_client_release_ended(gcffi_client *client) {
  for (gcffi_loop_job *job = client->loop.ended; job; job = job->next) {
    if (job->task) {
      gcffi_task_release(job->task);
    }
  }
  gcffi_loop_clear(&client->loop);
}

/* Before the first turn. libgearman would wait for the answer to its own question for the exceptions of workers. */
int gcffi_client_prepare_turns(gcffi_client *client) {
  int refused = gcffi_guard_acquire(&client->guard);
  if (refused == 0) {
    client->exceptions = GCFFI_EXCEPTIONS_BY_US;
    gcffi_guard_release(&client->guard);
  }
  return refused;
}

static gearman_return_t add(gcffi_client *client, gcffi_call *call, const gcffi_submission *submission,
                            gcffi_loop_job *job) {
  gearman_return_t rc = submission->epoch ? gcffi_prepare_run(client, call, GCFFI_STEP) : GEARMAN_SUCCESS;
  job->reply.remaining = &client->loop.left;
  job->reply.loop = &client->loop;
  client->loop.left++;
  rc = rc ? rc : gcffi_add_reply_task(client, submission, &job->reply);
  if (job->reply.finished) { /* a delayed job's connection was lost while it was sent: the next turn says so */
    rc = GEARMAN_SUCCESS;
  } else if (rc == GEARMAN_SUCCESS) {
    job->task = client->tasks; /* the newest */
    job->task->has_key = submission->kind < GCFFI_LOW_BACKGROUND && *submission->unique;
  } else {
    client->loop.left--;
    free(job);
  }
  return rc;
}

/* Adds a job, or for the last two kinds a request for a status; the next turn sends it. id: the caller's number for it,
 * above 0. is_watched: keeps every packet that comes before its end. epoch: as in gcffi_submission. Returns a return
 * code, or why the call is refused. */
int gcffi_client_submit(gcffi_client *client, int kind, int64_t id, bool is_watched, const char *function,
                        const char *unique, const void *workload, size_t size, int64_t epoch) {
  gcffi_call call;
  int refused = gcffi_call_begin(&call, &client->guard, -1);
  if (refused) {
    return refused;
  }
  gearman_return_t rc = GEARMAN_MEMORY_ALLOCATION_FAILURE;
  gcffi_loop_job *job = calloc(1, sizeof *job);
  gcffi_before_adding(client);
  if (job) {
    job->id = id;
    job->is_watched = is_watched;
    rc = add(client, &call, &(gcffi_submission){kind, function, unique, workload, size, epoch}, job);
  }
  return gcffi_call_end(&call, (int)rc);
}

/* Forgets a job without an answer. libgearman cannot cancel a task: an answer that comes later is dropped, and a job that
 * is not sent yet is sent all the same. handle: gets the job's, if there is one; room for GEARMAN_JOB_HANDLE_SIZE. */
int gcffi_client_abandon(gcffi_client *client, int64_t id, char *handle) {
  gcffi_call call;
  int refused = gcffi_call_begin(&call, &client->guard, -1);
  if (refused) {
    return refused;
  }
  for (gcffi_task *task = client->tasks; task; task = task->next) {
    gcffi_loop_job *job = task->reply && task->reply->loop ? (gcffi_loop_job *)task->reply : NULL;
    if (job && job->id == id && !job->reply.finished) {
      client->loop.left--;
      client->reply_pending = true;
      job->reply.loop = NULL;
      memcpy(handle, job->reply.handle, sizeof job->reply.handle);
      gcffi_orphan_task(client, task);
      gcffi_reply_clear(&job->reply);
      free(job);
      break;
    }
  }
  return gcffi_call_end(&call, 0);
}

/* After a timeout: whether the server has not answered anything for some time. */
int gcffi_client_is_silent(gcffi_client *client, bool *is_silent) {
  int refused = gcffi_guard_acquire(&client->guard);
  if (refused == 0) {
    *is_silent = gcffi_is_silent(client);
    gcffi_guard_release(&client->guard);
  }
  return refused;
}

/* ------------------------------------------------------------------------------------------- turns */

/* A client without tasks reads nothing. Data is what nobody waits for: the descriptor is watched again with the next
 * job. */
static gearman_return_t check_idle(gcffi_client *client) {
  gcffi_loop *loop = &client->loop;
  for (size_t i = 0; i < loop->count; i++) {
    char byte;
    ssize_t got = recv(loop->fds[i].fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
      return GEARMAN_LOST_CONNECTION;
    }
    if (got > 0 && loop->fds[i].events) {
      loop->fds[i].events = 0;
      loop->fds_changed = true;
    }
  }
  return GEARMAN_SUCCESS;
}

/* Without tasks libgearman waits for nothing. The connections stay watched, so that a loss is noticed, and because an event
 * loop takes longer to begin and to end watching than to watch. */
static bool keeps_watching(const gcffi_client *client) {
  const gcffi_loop *loop = &client->loop;
  bool keeps = !client->tasks;
  for (size_t i = 0; i < loop->count; i++) {
    const gcffi_conn *conn = gcffi_conn_of(loop->fds[i].fd);
    keeps = keeps && conn && conn->serial == loop->fds[i].serial && loop->fds[i].events == POLLIN;
  }
  return keeps;
}

/* Says which descriptors to watch, and for what. The numbers of closed ones are used again: hence the serials. */
static gearman_return_t watch(gcffi_client *client) {
  gcffi_loop *loop = &client->loop;
  const gcffi_pollset *pollset = &client->pollset;
  if (loop->room < pollset->count) {
    gcffi_loop_fd *more = realloc(loop->fds, pollset->count * sizeof *more);
    if (!more) {
      return GEARMAN_MEMORY_ALLOCATION_FAILURE;
    }
    loop->fds = more;
    loop->room = pollset->count;
  }
  loop->fds_changed = loop->fds_changed || loop->count != pollset->count;
  bool was_opening = loop->is_opening;
  loop->is_opening = false;
  for (size_t i = 0; i < pollset->count; i++) {
    const gcffi_conn *conn = gcffi_conn_of(pollset->fds[i].fd);
    gcffi_loop_fd now = {pollset->fds[i].fd, pollset->fds[i].events, conn ? conn->serial : 0};
    gcffi_loop_fd *before = &loop->fds[i];
    loop->fds_changed = loop->fds_changed || i >= loop->count || before->fd != now.fd ||
                        before->events != now.events || before->serial != now.serial;
    *before = now;
    loop->is_opening = loop->is_opening || (conn && conn->opening != GCFFI_OPEN);
  }
  loop->fds_changed = loop->fds_changed || loop->is_opening != was_opening;
  loop->count = pollset->count;
  return GEARMAN_SUCCESS;
}

/* The only job, if the next packet that anyone waits for is its answer: not the acknowledgement. See low_water.c. */
static bool may_sleep_through_created(const gcffi_client *client) {
  const gcffi_task *task = client->tasks;
  const gcffi_reply *reply = task && !task->next && client->pollset.count == 1 ? task->reply : NULL;
  return reply && reply->loop && !((const gcffi_loop_job *)reply)->is_watched && !reply->handle_size &&
         task->kind < GCFFI_LOW_BACKGROUND && client->created_size && client->pollset.fds[0].events == POLLIN &&
         client->loop.wait_ms < 0;
}

static int ms_until(int64_t time) {
  int64_t left = time == GCFFI_NEVER ? -1 : (time - gcffi_now()) / 1000000LL + 1;
  return time == GCFFI_NEVER ? -1 : left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static gearman_return_t turn(gcffi_client *client, gcffi_call *call, bool is_ready) {
  gcffi_loop *loop = &client->loop;
  gcffi_pollset *pollset = gcffi_client_pollset(client);
  if (is_ready && !client->tasks) {
    return check_idle(client);
  }
  call->io = &gcffi_client_io;
  call->self = client;
  gcffi_client_reset_lowat(client);
  if (is_ready) {
    gcffi_pollset_peek(call, pollset);
  }
  gearman_return_t rc = gcffi_client_run_tasks(client, call, &loop->left, GCFFI_STEP);
  if (rc != GEARMAN_IO_WAIT && rc != GEARMAN_SUCCESS) {
    return rc;
  }
  if (loop->ended && loop->ended->reply.handle_size) {
    client->created_size = GCFFI_HEAD + (int)loop->ended->reply.handle_size;
  }
  gearman_return_t collected = gcffi_pollset_collect(call, pollset);
  if (collected != GEARMAN_IO_WAIT) {
    pollset->count = 0;
  }
  loop->wait_ms = collected == GEARMAN_IO_WAIT ? ms_until(pollset->deadline) : -1;
  if (may_sleep_through_created(client)) {
    gcffi_client_set_lowat(client, client->created_size);
  }
  gearman_return_t watched = keeps_watching(client) ? GEARMAN_SUCCESS : watch(client);
  bool is_unconnected = pollset->count == 0 && client->tasks;
  return watched ? watched : is_unconnected ? GEARMAN_COULD_NOT_CONNECT : loop->left ? GEARMAN_IO_WAIT : GEARMAN_SUCCESS;
}

/* The client is of no more use: libgearman has lost a connection, or does not say whom an error is for. */
static void end_all(gcffi_client *client, gearman_return_t rc) {
  for (gcffi_task *task = client->tasks; task; task = task->next) {
    if (task->reply && task->reply->loop) {
      gcffi_reply_finish(task->reply, rc);
    }
  }
}

/* Sends and receives what is possible now. is_ready: a descriptor may be; otherwise only what was added is sent.
 * client->loop has what came, and the descriptors to watch. Returns GEARMAN_IO_WAIT if answers are to come, GEARMAN_SUCCESS
 * if none is; with any other code all jobs have ended with it, and the client must be closed. */
int gcffi_client_turn(gcffi_client *client, bool is_ready) {
  gcffi_call call;
  int rc = gcffi_call_begin(&call, &client->guard, -1);
  if (rc == 0) {
    client->loop.fds_changed = false;
    gearman_return_t done = turn(client, &call, is_ready);
    if (done != GEARMAN_IO_WAIT && done != GEARMAN_SUCCESS) {
      end_all(client, done);
    }
    rc = gcffi_call_end(&call, (int)done);
  }
  return rc;
}
