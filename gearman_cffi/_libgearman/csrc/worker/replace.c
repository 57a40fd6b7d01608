/* What breaks a libgearman worker, another one in its place, and clones. */
#define _GNU_SOURCE
#include "worker.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Q15: whether libgearman crashes if it goes on after this, a packet that it has refused. */
bool gcffi_breaks_worker(gearman_return_t rc) {
  switch (rc) {
  case GEARMAN_UNEXPECTED_PACKET:
  case GEARMAN_INVALID_PACKET:
  case GEARMAN_INVALID_COMMAND:
  case GEARMAN_INVALID_MAGIC:
  case GEARMAN_TOO_MANY_ARGS:
  case GEARMAN_MEMORY_ALLOCATION_FAILURE: return true;
  default: return false;
  }
}

/* Where libgearman is in its search for a job after this. */
gcffi_phase gcffi_phase_after(gearman_return_t rc) {
  switch (rc) {
  case GEARMAN_NO_JOBS:
  case GEARMAN_NO_SERVERS:
  case GEARMAN_NO_REGISTERED_FUNCTIONS: return GCFFI_LEFT_START;
  case GEARMAN_IO_WAIT: return GCFFI_WAITING;
  default: return GCFFI_SEARCHING;
  }
}

/* A broken worker stays broken until it is replaced. */
void gcffi_worker_set_phase(gcffi_worker *worker, gcffi_phase phase) {
  worker->phase = worker->phase == GCFFI_BROKEN ? GCFFI_BROKEN : phase;
}

/* Q18: the connections first, because one may still receive into a job. In a nested call, so that closing them is not
 * counted as a loss, neither for the worker nor for a client whose callback this is. */
void gcffi_free_worker(gearman_worker_st *st) {
  gcffi_call call;
  gcffi_call_push(&call, -1);
  gearman_worker_remove_servers(st);
  gearman_worker_free(st);
  gcffi_call_pop(&call);
}

/* Q14: gearman_worker_clone() reverses servers and functions. */
static gearman_worker_st *clone_of(gearman_worker_st *from) {
  gearman_worker_st *reversed = gearman_worker_clone(NULL, from);
  gearman_worker_st *st = reversed ? gearman_worker_clone(NULL, reversed) : NULL;
  gearman_worker_free(reversed);
  if (st) {
    gearman_worker_options_t options = gearman_worker_options(from);
    gearman_worker_add_options(st, GEARMAN_WORKER_NON_BLOCKING);
    /* A clone asks for jobs as a new worker does, whatever its options are. How a worker asks depends on which option was
     * changed last, which they do not show: one whose only option is GRAB_ALL asks without keys from now on. */
    if (!(options & GEARMAN_WORKER_GRAB_ALL)) {
      gearman_worker_remove_options(st, GEARMAN_WORKER_GRAB_ALL);
      gearman_worker_add_options(st, options & GEARMAN_WORKER_GRAB_UNIQ);
    } else if (!(options & GEARMAN_WORKER_GRAB_UNIQ)) {
      gearman_worker_remove_options(st, GEARMAN_WORKER_GRAB_UNIQ);
    }
  }
  return st;
}

/* Before a function is registered. False if there is no memory. */
bool gcffi_remember_function(gcffi_worker *worker, const char *name) {
  size_t size = strlen(name) + 1;
  const char *end = worker->function_names + worker->function_names_size;
  for (const char *known = worker->function_names; known < end; known += strlen(known) + 1) {
    if (strcmp(known, name) == 0) {
      return true;
    }
  }
  char *more = realloc(worker->function_names, worker->function_names_size + size);
  if (more) {
    memcpy(more + worker->function_names_size, name, size);
    worker->function_names = more;
    worker->function_names_size += size;
  }
  return more;
}

/* Q19: a clone has functions that were unregistered and not announced as such. */
static void forget_functions(const gcffi_worker *worker, gearman_worker_st *clone) {
  const char *end = worker->function_names + worker->function_names_size;
  for (const char *name = worker->function_names; name < end; name += strlen(name) + 1) {
    if (!gearman_worker_function_exist(worker->st, name, strlen(name))) {
      gearman_worker_unregister(clone, name);
    }
  }
}

/* Called while the other worker is in use by this thread. False if there is no memory. */
bool gcffi_worker_copy(gcffi_worker *worker, const gcffi_worker *from) {
  *worker = GCFFI_NEW_WORKER;
  worker->st = clone_of(from->st);
  worker->owned = calloc(1, sizeof *worker->owned);
  worker->non_blocking = from->non_blocking;
  worker->server_count = from->server_count;
  worker->connect_timeout = from->connect_timeout;
  memcpy(worker->id, from->id, from->id_size);
  worker->id_size = from->id_size;
  worker->function_names = malloc(from->function_names_size + 1);
  if (worker->st && worker->function_names) {
    memcpy(worker->function_names, from->function_names ? from->function_names : "", from->function_names_size);
    worker->function_names_size = from->function_names_size;
    gearman_worker_unregister_all(worker->st);
    worker->functions_removed = true;
  }
  return worker->st && worker->owned && worker->function_names;
}

/* A worker of its own with the same servers, options and timeout. The functions, which are those of the other one, are
 * unregistered, and its servers learn that: see NativeWorker. Returns a return code, or why the call is refused. */
int gcffi_worker_clone(gcffi_worker *worker, gcffi_worker *from) {
  bool acquired;
  int rc = gcffi_guard_acquire_in_callback(&from->guard, &acquired);
  if (rc == 0) {
    rc = gcffi_worker_copy(worker, from) ? GEARMAN_SUCCESS : GEARMAN_MEMORY_ALLOCATION_FAILURE;
    if (acquired) {
      gcffi_guard_release(&from->guard);
    }
  }
  return rc;
}

/* Frees the workers that were replaced, unless one of their jobs is still in use or running. */
void gcffi_free_replaced(gcffi_worker *worker) {
  size_t count = worker->replaced_count;
  worker->replaced_count = 0;
  for (size_t i = 0; i < count; i++) {
    gcffi_replaced one = worker->replaced[i];
    if (worker->job.st || __atomic_load_n(one.owned, __ATOMIC_SEQ_CST)) {
      worker->replaced[worker->replaced_count++] = one;
    } else {
      gcffi_free_worker(one.st);
      free(one.owned);
    }
  }
}

/* Whether the server's answer, perhaps a job, can be received by another worker: libgearman has no part of it. It would wait
 * for a server that does not read, as for one to which it connects. */
static bool owes_answer(const gcffi_worker *worker, const gcffi_conn *conn) {
  bool is_asked = conn->carries == worker && (conn->grab == GCFFI_GRAB_SENT || conn->grab == GCFFI_GRAB_LATE);
  bool reads = !conn->queue || !gcffi_send_queue_size(conn->queue);
  return is_asked && reads && conn->inbound == GCFFI_INBOUND_GOOD && gcffi_stream_is_between_packets(&conn->in) &&
         gcffi_stream_is_between_packets(&conn->out);
}

/* Before libgearman goes on: another worker takes the place of a broken one, and takes over the connections over which
 * an answer is to come. */
gearman_return_t gcffi_worker_replace_if_broken(gcffi_worker *worker) {
  if (worker->phase != GCFFI_BROKEN) {
    return GEARMAN_SUCCESS;
  }
  for (size_t i = 0; i < worker->asked_count && !worker->functions_removed; i++) {
    gcffi_conn *conn = gcffi_conn_of(worker->asked[i]);
    if (conn && owes_answer(worker, conn)) {
      gcffi_worker_keep_connection(worker, conn);
    }
  }
  return gcffi_worker_replace(worker);
}

/* Puts a clone in the place of libgearman's worker. Jobs belong to that, so if some are in use or running it is freed
 * later. Its servers give the jobs that they are about to assign to other workers. */
gearman_return_t gcffi_worker_replace(gcffi_worker *worker) {
  gearman_worker_st *st = clone_of(worker->st);
  size_t *owned = calloc(1, sizeof *owned);
  gcffi_replaced *more = realloc(worker->replaced, (worker->replaced_count + 1) * sizeof *more);
  worker->replaced = more ? more : worker->replaced;
  if (!st || !owned || !more) {
    gearman_worker_free(st);
    free(owned);
    return GEARMAN_MEMORY_ALLOCATION_FAILURE;
  }
  forget_functions(worker, st);
  st = gcffi_swap_worker(worker, st);
  worker->replaced[worker->replaced_count++] = (gcffi_replaced){.st = st, .owned = worker->owned};
  worker->owned = owned;
  gcffi_worker_await_none(worker);
  gcffi_free_replaced(worker);
  worker->phase = GCFFI_AT_START;
  worker->job_may_come = worker->is_announcing = false;
  worker->unannounced_fd = worker->asked_fd = worker->resume_fd = -1;
  return GEARMAN_SUCCESS;
}
