/* Delayed jobs. libgearman has no function that adds a task for one: gearman_execute() adds it and takes a step at once.
 * It sets none of our callbacks, and libgearman never frees the task. */
#include "client.h"

#include <string.h>

/* After gcffi_prepare_run(), in the same call. Returns NULL if the job was not sent: *rc says why. */
gearman_task_st *gcffi_execute(gcffi_task *task, const gcffi_submission *job, const char *unique, gearman_return_t *rc) {
  gcffi_client *client = task->client;
  gearman_task_attr_t when = gearman_task_attr_init_epoch((time_t)job->epoch, GEARMAN_JOB_PRIORITY_NORMAL);
  gearman_argument_t workload = gearman_argument_make(NULL, 0, job->workload, job->size);
  gearman_task_st *st = gearman_execute(client->st, job->name, strlen(job->name), unique, unique ? strlen(unique) : 0,
                                        &when, &workload, task);
  if (!st) {
    *rc = gearman_client_error_code(client->st);
    return NULL;
  }
  if (strcmp(gearman_task_strstate(st), "GEARMAN_TASK_STATE_FAIL") == 0) { /* the step has lost the connection */
    *rc = gearman_task_return(st);
    gcffi_client_worsen(client, *rc == GEARMAN_TIMEOUT ? GCFFI_CONNS_UNUSABLE : GCFFI_CONNS_MISCOUNTED);
    gearman_task_free(st);
    return NULL;
  }
  *rc = GEARMAN_SUCCESS;
  task->is_delayed = true;
  client->delayed++;
  return st;
}

/* After a step: ends the tasks whose jobs the server has acknowledged. */
void gcffi_end_delayed(gcffi_client *client) {
  gcffi_task *next;
  for (gcffi_task *task = client->tasks; task && client->delayed; task = next) {
    next = task->next;
    if (task->is_delayed && gearman_task_job_handle(task->st)[0]) {
      gcffi_task_end_delayed(task);
    }
  }
}
