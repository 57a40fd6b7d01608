/* What comes back for a task of our own: do*, jobStatus and batches. */
#define _GNU_SOURCE
#include "client.h"

#include <stdlib.h>
#include <string.h>

void gcffi_reply_clear(gcffi_reply *reply) {
  free(reply->data);
  free(reply->error);
  *reply = (gcffi_reply){.rc = GEARMAN_SUCCESS};
}

/* Parts of a result whose end did not come. */
void gcffi_reply_drop_data(gcffi_reply *reply) {
  free(reply->data);
  reply->data = NULL;
  reply->size = reply->room = 0;
}

/* Adds the packet's data. That of a single packet is not copied. */
static gearman_return_t collect(gcffi_reply *reply, gearman_task_st *st) {
  size_t size = gearman_task_data_size(st);
  if (size == 0) {
    return GEARMAN_SUCCESS;
  }
  if (reply->size == 0) {
    free(reply->data);
    reply->data = gearman_task_take_data(st, &size);
    reply->size = reply->room = reply->data ? size : 0;
    return GEARMAN_SUCCESS;
  }
  if (reply->room - reply->size < size) {
    size_t room = reply->size + size + reply->size / 2;
    char *more = realloc(reply->data, room);
    if (!more) {
      return GEARMAN_MEMORY_ALLOCATION_FAILURE;
    }
    reply->data = more;
    reply->room = room;
  }
  memcpy(reply->data + reply->size, gearman_task_data(st), size);
  reply->size += size;
  return GEARMAN_SUCCESS;
}

gearman_return_t gcffi_reply_finish(gcffi_reply *reply, gearman_return_t rc) {
  if (!reply->finished) {
    reply->rc = rc;
    reply->finished = true;
    --*reply->remaining;
    if (reply->loop) {
      gcffi_loop_end(reply->loop, reply);
    }
  }
  return GEARMAN_SUCCESS;
}

/* A job that the server has rejected has the server's error, with a mark, in place of a handle: see inbound.c. */
static gearman_return_t created(gcffi_reply *reply, bool is_background) {
  gearman_return_t rejection = reply->loop ? gcffi_handle_rejection(reply->handle) : GEARMAN_SUCCESS;
  return is_background || rejection ? gcffi_reply_finish(reply, rejection) : GEARMAN_SUCCESS;
}

void gcffi_reply_set_handle(gcffi_reply *reply, const char *handle) {
  reply->handle_size = strnlen(handle, sizeof reply->handle - 1);
  memcpy(reply->handle, handle, reply->handle_size);
  reply->handle[reply->handle_size] = '\0';
}

gearman_return_t gcffi_task_reply(gcffi_task *task, gearman_task_st *st, int event) {
  gcffi_reply *reply = task->reply;
  if (reply->loop && event < GCFFI_COMPLETE) {
    gcffi_loop_update_job(reply->loop, reply, st, event);
  }
  switch (event) {
  case GCFFI_CREATED:
    gcffi_reply_set_handle(reply, gearman_task_job_handle(st));
    return created(reply, task->kind >= GCFFI_LOW_BACKGROUND);
  case GCFFI_DATA:
    return collect(reply, st);
  case GCFFI_STATUS:
    reply->known = gearman_task_is_known(st);
    reply->running = gearman_task_is_running(st);
    reply->numerator = gearman_task_numerator(st);
    reply->denominator = gearman_task_denominator(st);
    return task->kind >= GCFFI_JOB_STATUS ? gcffi_reply_finish(reply, GEARMAN_SUCCESS) : GEARMAN_SUCCESS;
  case GCFFI_COMPLETE:
    gcffi_reply_finish(reply, GEARMAN_SUCCESS);
    return collect(reply, st);
  case GCFFI_EXCEPTION:
    reply->size = 0; /* what came before is not part of the exception's text */
    gcffi_reply_finish(reply, GEARMAN_WORK_EXCEPTION);
    return collect(reply, st);
  case GCFFI_FAIL:
    reply->size = 0;
    return gcffi_reply_finish(reply, GEARMAN_WORK_FAIL);
  default:
    return GEARMAN_SUCCESS;
  }
}
