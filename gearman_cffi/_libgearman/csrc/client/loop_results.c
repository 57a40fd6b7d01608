/* What has come for the jobs of an event loop, until Python has read it. */
#include "client.h"

#include <stdlib.h>
#include <string.h>

/* The job has ended. Called once for each. */
void gcffi_loop_end(gcffi_loop *loop, gcffi_reply *reply) {
  gcffi_loop_job *job = (gcffi_loop_job *)reply;
  *(loop->ended ? &loop->last_ended->next : &loop->ended) = job;
  loop->last_ended = job;
}

/* Stores a packet for whoever watches the job. Without memory for it the update is left out. */
void gcffi_loop_update_job(gcffi_loop *loop, gcffi_reply *reply, gearman_task_st *st, int event) {
  const gcffi_loop_job *job = (gcffi_loop_job *)reply;
  size_t size = event == GCFFI_DATA || event == GCFFI_WARNING ? gearman_task_data_size(st) : 0;
  gcffi_loop_update *update = job->is_watched ? calloc(1, sizeof *update + size) : NULL;
  if (!update) {
    return;
  }
  update->id = job->id;
  update->event = event;
  update->numerator = gearman_task_numerator(st);
  update->denominator = gearman_task_denominator(st);
  strncpy(update->handle, gearman_task_job_handle(st), sizeof update->handle - 1);
  update->data = (char *)(update + 1);
  update->size = size;
  if (size) {
    memcpy(update->data, gearman_task_data(st), size);
  }
  *(loop->updates ? &loop->last_update->next : &loop->updates) = update;
  loop->last_update = update;
}

/* Frees what has come. */
void gcffi_loop_clear(gcffi_loop *loop) {
  while (loop->updates) {
    gcffi_loop_update *update = loop->updates;
    loop->updates = update->next;
    free(update);
  }
  while (loop->ended) {
    gcffi_loop_job *job = loop->ended;
    loop->ended = job->next;
    free(job->reply.data);
    free(job->reply.error);
    free(job);
  }
}
