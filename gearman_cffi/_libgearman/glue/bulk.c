/* Many background jobs at once: loaded into a client in one call, submitted together, and unloaded with their handles.
 *
 * The jobs stand one after another in one block: the name and the unique key, each with its NUL, then the workload. */
#define _GNU_SOURCE
#include "glue.h"

#include <stdlib.h>
#include <string.h>

/* What is left of a load goes with its connections: libgearman cannot withdraw a task. */
static bool drop_load(gcffi_client *client) {
  if (client->load_left && !gcffi_renew(client)) {
    return false;
  }
  free(client->load);
  client->load = NULL;
  client->load_size = client->load_left = 0;
  return true;
}

static size_t size_of(const gcffi_loaded *job) { return (size_t)job->name_size + job->unique_size + job->size; }

static void add(gcffi_client *client, const gcffi_loaded *job, const char *name, gcffi_reply *reply) {
  const char *unique = name + job->name_size;
  const char *workload = job->size ? unique + job->unique_size : NULL;
  reply->unanswered = &client->load_left;
  client->load_left++;
  reply->rc = gcffi_add_own(client, (int)job->kind, name, unique, workload, job->size, reply);
  if (reply->rc != GEARMAN_SUCCESS) {
    reply->finished = true;
    client->load_left--;
  }
}

/* libgearman 1.x submits what was added last first: the jobs are added backwards there. */
static gearman_return_t load(gcffi_client *client, size_t count, const char *block, const gcffi_loaded *jobs,
                             bool newest_first) {
  client->load = calloc(count, sizeof *client->load);
  if (!client->load) {
    return GEARMAN_MEMORY_ALLOCATION_FAILURE;
  }
  client->load_size = count;
  for (size_t i = 0; i < count; i++) {
    if (!newest_first) {
      add(client, &jobs[i], block, &client->load[i]);
    }
    block += size_of(&jobs[i]);
  }
  for (size_t i = count; newest_first && i-- > 0;) {
    block -= size_of(&jobs[i]);
    add(client, &jobs[i], block, &client->load[i]);
  }
  return GEARMAN_SUCCESS;
}

/* Adds the jobs; nothing is sent yet. */
int gcffi_client_load(gcffi_client *client, size_t count, const char *block, const gcffi_loaded *jobs,
                      bool newest_first) {
  int rc = gcffi_take(&client->guard);
  if (rc == 0) {
    rc = GEARMAN_MEMORY_ALLOCATION_FAILURE;
    if (drop_load(client)) {
      gearman_client_add_options(client->st, GEARMAN_CLIENT_FREE_TASKS);
      rc = (int)load(client, count, block, jobs, newest_first);
    }
    gcffi_give_back(&client->guard);
  }
  return rc;
}

/* Submits them. waits: until all are answered; otherwise sends and takes what is possible now. */
int gcffi_client_run_load(gcffi_client *client, bool waits, int64_t timeout_ms) {
  gcffi_scope scope;
  int rc = gcffi_begin(&scope, &client->guard, timeout_ms);
  if (rc == 0) {
    gcffi_patience patience = waits ? GCFFI_WAITS : GCFFI_GLANCES;
    rc = client->load_left ? (int)gcffi_run(client, &scope, &client->load_left, patience) : GEARMAN_SUCCESS;
    gcffi_leave(&scope);
  }
  return rc;
}

/* What became of them: handles, each followed by a newline, and the return code of each. Those without an answer have
 * failed with rc. Returns the size of the handles; their room is GEARMAN_JOB_HANDLE_SIZE for each job. */
int64_t gcffi_client_unload(gcffi_client *client, int rc, char *handles, int *codes) {
  char *out = handles;
  int refused = gcffi_take(&client->guard);
  if (refused) {
    return refused;
  }
  for (size_t i = 0; i < client->load_size; i++) {
    const gcffi_reply *reply = &client->load[i];
    memcpy(out, reply->handle, reply->handle_size);
    out += reply->handle_size;
    *out++ = '\n';
    codes[i] = reply->finished ? (int)reply->rc : rc;
  }
  drop_load(client);
  gcffi_give_back(&client->guard);
  return out - handles;
}
