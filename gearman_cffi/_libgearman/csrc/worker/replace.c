/* Clones of a worker, with connections of their own: for a program, and in the place of one that is spent. */
#define _GNU_SOURCE
#include "glue.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static gearman_worker_st *clone_of(gearman_worker_st *from) {
  gearman_worker_st *reversed = gearman_worker_clone(NULL, from); /* in the order of servers and functions */
  gearman_worker_st *st = reversed ? gearman_worker_clone(NULL, reversed) : NULL;
  gearman_worker_free(reversed);
  if (st) {
    gearman_worker_options_t options = gearman_worker_options(from);
    gearman_worker_add_options(st, GEARMAN_WORKER_NON_BLOCKING);
    if (!(options & GEARMAN_WORKER_GRAB_ALL) || !(options & GEARMAN_WORKER_GRAB_UNIQ)) {
      gearman_worker_remove_options(st, GEARMAN_WORKER_GRAB_ALL); /* a clone asks as a new worker does */
      gearman_worker_add_options(st, options & (GEARMAN_WORKER_GRAB_UNIQ));
    }
  }
  return st;
}

/* A function is about to be registered. False: without memory. */
bool gcffi_remember_function(gcffi_worker *worker, const char *name) {
  size_t size = strlen(name) + 1;
  for (const char *known = worker->names; known < worker->names + worker->names_size; known += strlen(known) + 1) {
    if (strcmp(known, name) == 0) {
      return true;
    }
  }
  char *more = realloc(worker->names, worker->names_size + size);
  if (more) {
    memcpy(more + worker->names_size, name, size);
    worker->names = more;
    worker->names_size += size;
  }
  return more;
}

/* A clone has the functions that were unregistered and whose servers were not told yet, as if they were not. */
static void forget_functions(const gcffi_worker *worker, gearman_worker_st *clone) {
  for (const char *name = worker->names; name < worker->names + worker->names_size; name += strlen(name) + 1) {
    if (!gearman_worker_function_exist(worker->st, name, strlen(name))) {
      gearman_worker_unregister(clone, name);
    }
  }
}

/* A worker of its own with the same servers, options and timeout. The functions, which are those of the other one, are
 * forgotten, and the servers told so: see NativeWorker. */
bool gcffi_worker_open_like(gcffi_worker *worker, const gcffi_worker *from) {
  *worker = GCFFI_NEW_WORKER;
  worker->st = clone_of(from->st);
  worker->non_blocking = from->non_blocking;
  memcpy(worker->id, from->id, from->id_size);
  worker->id_size = from->id_size;
  worker->names = malloc(from->names_size + 1);
  if (worker->st && worker->names) {
    memcpy(worker->names, from->names ? from->names : "", from->names_size);
    worker->names_size = from->names_size;
    gearman_worker_unregister_all(worker->st);
    worker->removing = true;
  }
  return worker->st && worker->names;
}

/* Frees the workers that were replaced, unless one of their jobs is still in use or running. */
void gcffi_free_retired(gcffi_worker *worker) {
  bool in_use = __atomic_load_n(&worker->grabbed, __ATOMIC_SEQ_CST) || worker->job.st;
  while (!in_use && worker->retired_count) {
    gcffi_free_worker(worker->retired[--worker->retired_count]);
  }
}

/* Before libgearman goes on: where it would crash, a clone goes on in its place. Jobs belong to their worker, so one whose
 * jobs are still held is kept until they are gone, and so is the one that runs a job. */
gearman_return_t gcffi_worker_renew(gcffi_worker *worker) {
  if (!worker->spent) {
    return GEARMAN_SUCCESS;
  }
  gearman_worker_st *st = clone_of(worker->st);
  gearman_worker_st **more = realloc(worker->retired, (worker->retired_count + 1) * sizeof *more);
  worker->retired = more ? more : worker->retired;
  if (!st || !more) {
    gearman_worker_free(st);
    return GEARMAN_MEMORY_ALLOCATION_FAILURE;
  }
  forget_functions(worker, st);
  st = gcffi_replace(worker, st);
  worker->retired[worker->retired_count++] = st;
  gcffi_free_retired(worker);
  worker->spent = worker->asked = worker->under_way = worker->searching = worker->announces = false;
  worker->unannounced_fd = -1;
  return GEARMAN_SUCCESS;
}
