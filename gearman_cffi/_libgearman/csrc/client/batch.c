/* Many background jobs at once: added in one call, submitted together, and returned with their handles. */
#define _GNU_SOURCE
#include "client.h"

#include <stdlib.h>
#include <string.h>

/* Jobs without an answer are dropped with their connections: libgearman cannot cancel a task. */
static bool drop_batch(gcffi_client *client) {
  if (client->batch_left && !gcffi_client_replace(client)) {
    return false;
  }
  free(client->batch);
  client->batch = NULL;
  client->batch_size = client->batch_left = 0;
  return true;
}

static void add(gcffi_client *client, const gcffi_submission *job, gcffi_reply *reply) {
  reply->remaining = &client->batch_left;
  client->batch_left++;
  reply->rc = gcffi_add_reply_task(client, job, reply);
  if (reply->rc != GEARMAN_SUCCESS) {
    reply->finished = true;
    client->batch_left--;
  }
}

/* Delayed jobs are sent while they are added: in the order of submission. */
static gearman_return_t add_all(gcffi_client *client, gcffi_call *call, const gcffi_submission *jobs, size_t count,
                                bool newest_first) {
  bool is_prepared = false;
  for (size_t i = 0; i < count; i++) {
    if (jobs[i].epoch && !is_prepared) {
      gearman_return_t rc = gcffi_prepare_run(client, call, GCFFI_POLL_ONCE);
      if (rc != GEARMAN_SUCCESS) {
        return rc;
      }
      is_prepared = true;
    }
    if (jobs[i].epoch) {
      add(client, &jobs[i], &client->batch[i]);
    }
  }
  for (size_t n = 0; n < count; n++) {
    size_t i = newest_first ? count - 1 - n : n;
    if (!jobs[i].epoch) {
      add(client, &jobs[i], &client->batch[i]);
    }
  }
  return GEARMAN_SUCCESS;
}

static bool make_room(gcffi_client *client, size_t count, gcffi_submission **jobs) {
  *jobs = calloc(count, sizeof **jobs);
  client->batch = calloc(count, sizeof *client->batch);
  client->batch_size = *jobs && client->batch ? count : 0;
  return client->batch_size == count;
}

/* Adds the jobs; nothing is sent yet but delayed ones. Each column has a value for each job, in the order of submission:
 * names and unique keys end with a NUL, workloads have sizes. newest_first: libgearman submits in reverse order (Q27). */
int gcffi_client_batch_add(gcffi_client *client, size_t count, const uint8_t *kinds, const char *names,
                           const char *uniques, const char *workloads, const uint64_t *sizes, const int64_t *epochs,
                           bool newest_first, int64_t timeout_ms) {
  gcffi_submission *jobs = NULL;
  gcffi_call call;
  int rc = gcffi_call_begin(&call, &client->guard, timeout_ms);
  if (rc) {
    return rc;
  }
  gearman_client_add_options(client->st, GEARMAN_CLIENT_FREE_TASKS);
  gcffi_before_adding(client);
  if (!drop_batch(client) || !make_room(client, count, &jobs)) {
    rc = GEARMAN_MEMORY_ALLOCATION_FAILURE;
  }
  for (size_t i = 0; rc == 0 && i < count; i++) {
    jobs[i] = (gcffi_submission){kinds[i], names, uniques, sizes[i] ? workloads : NULL, sizes[i], epochs[i]};
    names += strlen(names) + 1;
    uniques += strlen(uniques) + 1;
    workloads += sizes[i];
  }
  rc = rc ? rc : (int)add_all(client, &call, jobs, count, newest_first);
  free(jobs);
  return gcffi_call_end(&call, rc);
}

/* Submits them. waits: until all are answered; otherwise sends and receives what is possible now. */
int gcffi_client_batch_run(gcffi_client *client, bool waits, int64_t timeout_ms) {
  gcffi_call call;
  int rc = gcffi_call_begin(&call, &client->guard, timeout_ms);
  if (rc == 0) {
    gcffi_wait_mode mode = waits ? GCFFI_BLOCK : GCFFI_POLL_ONCE;
    rc = client->batch_left ? (int)gcffi_client_run_tasks(client, &call, &client->batch_left, mode) : GEARMAN_SUCCESS;
    rc = gcffi_call_end(&call, rc);
  }
  return rc;
}

/* The results: handles, each followed by a NUL, with the size of all, and a return code for each job; rc for those
 * without an answer. The handles' room is GEARMAN_JOB_HANDLE_SIZE for each job. Returns 0, or why the call is refused. */
int gcffi_client_batch_results(gcffi_client *client, size_t count, int rc, char *handles, size_t *size, int *codes) {
  static const gcffi_reply no_reply; /* of those for which there was no memory */
  char *out = handles;
  int refused = gcffi_guard_acquire(&client->guard);
  if (refused) {
    return refused;
  }
  for (size_t i = 0; i < count; i++) {
    const gcffi_reply *reply = i < client->batch_size ? &client->batch[i] : &no_reply;
    memcpy(out, reply->handle, reply->handle_size);
    out += reply->handle_size;
    *out++ = '\0'; /* which no handle can contain */
    codes[i] = reply->finished ? (int)reply->rc : rc;
  }
  *size = (size_t)(out - handles);
  if (rc == GEARMAN_TIMEOUT) {
    gcffi_leave_out_silent(client);
  }
  drop_batch(client);
  gcffi_guard_release(&client->guard);
  return 0;
}
