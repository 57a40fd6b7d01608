/* What a worker works for and what it can do: its servers and its functions. Nothing here waits. */
#define _GNU_SOURCE
#include "glue.h"
#include "optional.h"

#include <string.h>

static int begin(gcffi_worker *worker) {
  int refused = gcffi_take(&worker->guard);
  if (refused == 0) {
    worker->failed = false;
  }
  return refused;
}

static int end(gcffi_worker *worker, gearman_return_t rc) {
  gcffi_give_back(&worker->guard);
  return (int)rc;
}

int gcffi_worker_add_server(gcffi_worker *worker, const char *host, in_port_t port) {
  int refused = begin(worker);
  return refused ? refused : end(worker, gearman_worker_add_server(worker->st, host, port));
}

int gcffi_worker_add_servers(gcffi_worker *worker, const char *servers) {
  int refused = begin(worker);
  return refused ? refused : end(worker, gearman_worker_add_servers(worker->st, servers));
}

/* Where libgearman has it; see capabilities.c. */
int gcffi_worker_set_ssl(gcffi_worker *worker, bool ssl, const char *ca_file, const char *certificate,
                         const char *key_file) {
  int refused = begin(worker);
  if (refused == 0 && gearman_worker_set_ssl) {
    gearman_worker_set_ssl(worker->st, ssl, ca_file, certificate, key_file);
  }
  return refused ? refused : end(worker, GEARMAN_SUCCESS);
}

/* Where it cannot be sent, the server gives the job to another worker, if it lives. */
static int complete(gcffi_worker *worker, size_t size) {
  int rc = gcffi_job_complete(&worker->job, worker->result, size);
  if (rc < 0) {
    worker->refused = rc;
    rc = GEARMAN_WORK_ERROR;
  }
  return rc ? rc | GCFFI_UNANSWERED : GEARMAN_SUCCESS;
}

static gearman_return_t run_job(gearman_job_st *st, void *context) {
  gcffi_worker *worker = gcffi_current_scope()->worker;
  gcffi_job_init(&worker->job, worker, st);
  if (worker->job.size <= sizeof worker->workload) {
    memcpy(worker->workload, worker->job.workload ? worker->job.workload : "", worker->job.size);
  }
  int ended = gcffi_run_job(context, worker->job.size);
  if (ended >= 0) {
    ended = complete(worker, (size_t)ended);
  } else {
    ended = ~ended;
    if (ended & GCFFI_THREW) {
      gcffi_note_raised();
    }
    if (!worker->job.answered) { /* where a signal handler raised, for instance: libgearman would complete it */
      ended |= GCFFI_UNANSWERED;
    }
  }
  worker->job.st = NULL;
  worker->outcome = ended & ~(GCFFI_UNANSWERED | GCFFI_THREW);
  return ended & GCFFI_UNANSWERED ? GEARMAN_WORK_ERROR : GEARMAN_SUCCESS;
}

static gearman_return_t define(gcffi_worker *worker, const char *name, size_t size, uint32_t timeout, void *context) {
  gearman_function_t function = gearman_function_create_v2(run_job);
  return gearman_worker_define_function(worker->st, name, size, function, timeout, context);
}

static int begin_to_add(gcffi_worker *worker, const char *name, gearman_return_t *rc) {
  int refused = begin(worker);
  if (refused == 0) {
    *rc = gcffi_remember_function(worker, name) ? GEARMAN_SUCCESS : GEARMAN_MEMORY_ALLOCATION_FAILURE;
  }
  return refused;
}

static int end_of_adding(gcffi_worker *worker, gearman_return_t rc) {
  worker->adding = worker->adding || rc == GEARMAN_SUCCESS;
  return end(worker, rc);
}

int gcffi_worker_add_function(gcffi_worker *worker, const char *name, size_t size, uint32_t timeout, void *context) {
  if (size == 0) {
    return gcffi_worker_register(worker, name, timeout); /* refuses it with the extension's text */
  }
  gearman_return_t rc;
  int refused = begin_to_add(worker, name, &rc);
  return refused ? refused : end_of_adding(worker, rc ? rc : define(worker, name, size, timeout, context));
}

int gcffi_worker_register(gcffi_worker *worker, const char *name, uint32_t timeout) {
  gearman_return_t rc;
  int refused = begin_to_add(worker, name, &rc);
  return refused ? refused : end_of_adding(worker, rc ? rc : gearman_worker_register(worker->st, name, timeout));
}

/* libgearman must be about to begin a search for a job: in the middle of one it would go on from a function that is freed, or
 * ask for jobs before it has told the servers. */
static int begin_to_forget(gcffi_worker *worker, gearman_return_t *rc) {
  int refused = begin(worker);
  if (refused == 0) {
    worker->spent = worker->spent || worker->searching || worker->announces;
    *rc = gcffi_worker_renew(worker);
  }
  return refused;
}

static int end_of_forgetting(gcffi_worker *worker, gearman_return_t rc) {
  worker->removing = worker->removing || rc == GEARMAN_SUCCESS;
  return end(worker, rc);
}

int gcffi_worker_unregister(gcffi_worker *worker, const char *name) {
  gearman_return_t rc;
  int refused = begin_to_forget(worker, &rc);
  return refused ? refused : end_of_forgetting(worker, rc ? rc : gearman_worker_unregister(worker->st, name));
}

int gcffi_worker_unregister_all(gcffi_worker *worker) {
  gearman_return_t rc;
  int refused = begin_to_forget(worker, &rc);
  return refused ? refused : end_of_forgetting(worker, rc ? rc : gearman_worker_unregister_all(worker->st));
}
