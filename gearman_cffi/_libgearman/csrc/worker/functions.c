/* A worker's servers and functions, and running a function. Nothing here waits. */
#define _GNU_SOURCE
#include "worker.h"

#include <string.h>

/* A worker's function may call all of these too. */
static int begin(gcffi_call *call, gcffi_worker *worker) {
  int refused = gcffi_call_begin_in_callback(call, &worker->guard, -1);
  if (refused == 0) {
    worker->has_error = false;
  }
  return refused;
}

/* As libgearman reads such a list, at least: a name that is not known counts too. */
size_t gcffi_count_servers(const char *servers) {
  size_t count = servers != NULL;
  while (servers && (servers = strchr(servers, ','))) {
    servers++;
    count++;
  }
  return count;
}

int gcffi_worker_add_server(gcffi_worker *worker, const char *host, in_port_t port) {
  gcffi_call call;
  int refused = begin(&call, worker);
  if (refused) {
    return refused;
  }
  worker->server_count++;
  return gcffi_call_end(&call, (int)gearman_worker_add_server(worker->st, host, port));
}

int gcffi_worker_add_servers(gcffi_worker *worker, const char *servers) {
  gcffi_call call;
  int refused = begin(&call, worker);
  if (refused) {
    return refused;
  }
  worker->server_count += gcffi_count_servers(servers);
  return gcffi_call_end(&call, (int)gearman_worker_add_servers(worker->st, servers));
}

/* If it cannot be sent, the server gives the job to another worker. */
static int send_result(gcffi_worker *worker) {
  int rc = gcffi_job_complete(&worker->job, worker->job.result, worker->job.result_size);
  if (rc < 0) {
    worker->send_error = rc;
    rc = GEARMAN_WORK_ERROR;
  }
  return rc;
}

static void take_end(gcffi_worker *worker, int end) {
  switch (end) {
  case GCFFI_JOB_RESULT: worker->job.rc = send_result(worker); break;
  case GCFFI_JOB_RAISED: worker->job.rc = GEARMAN_WORK_EXCEPTION; break;
  case GCFFI_JOB_INTERRUPTED: worker->job.rc = GEARMAN_WORK_ERROR; break;
  default: break;
  }
  if (end >= GCFFI_JOB_RAISED) {
    gcffi_call_note_exception();
  }
}

/* libgearman completes a job whose function returns GEARMAN_SUCCESS. After GEARMAN_WORK_ERROR it closes the
 * connections, and the server gives the job to another worker. */
static gearman_return_t run_job(gearman_job_st *st, void *context) {
  gcffi_worker *worker = gcffi_current_call->self;
  gcffi_job_init(&worker->job, worker, st);
  worker->job_may_come = true; /* for what the function calls */
  gcffi_worker_set_phase(worker, GCFFI_SEARCHING);
  worker->guard.in_callback = true;
  gcffi_gil_enter_python();
  int end = gcffi_on_job(context, &worker->job);
  gcffi_gil_leave_python();
  worker->guard.in_callback = false;
  take_end(worker, end);
  worker->outcome = worker->job.rc;
  worker->job.st = NULL;
  bool returned = end == GCFFI_JOB_RETURNED || end == GCFFI_JOB_INTERRUPTED || !worker->job.answered;
  return returned ? GEARMAN_WORK_ERROR : GEARMAN_SUCCESS;
}

static gearman_return_t define(gcffi_worker *worker, const char *name, size_t size, uint32_t timeout, void *context) {
  gearman_function_t function = gearman_function_create_v2(run_job);
  return gearman_worker_define_function(worker->st, name, size, function, timeout, context);
}

static int begin_to_add(gcffi_call *call, gcffi_worker *worker, const char *name, gearman_return_t *rc) {
  int refused = begin(call, worker);
  if (refused == 0) {
    *rc = gcffi_remember_function(worker, name) ? GEARMAN_SUCCESS : GEARMAN_MEMORY_ALLOCATION_FAILURE;
  }
  return refused;
}

static int end_of_adding(gcffi_call *call, gcffi_worker *worker, gearman_return_t rc) {
  worker->functions_added = worker->functions_added || rc == GEARMAN_SUCCESS;
  return gcffi_call_end(call, (int)rc);
}

int gcffi_worker_add_function(gcffi_worker *worker, const char *name, size_t size, uint32_t timeout, void *context) {
  if (size == 0) {
    return gcffi_worker_register(worker, name, timeout); /* refuses it with the extension's text */
  }
  gcffi_call call;
  gearman_return_t rc;
  int refused = begin_to_add(&call, worker, name, &rc);
  return refused ? refused : end_of_adding(&call, worker, rc ? rc : define(worker, name, size, timeout, context));
}

int gcffi_worker_register(gcffi_worker *worker, const char *name, uint32_t timeout) {
  gcffi_call call;
  gearman_return_t rc;
  int refused = begin_to_add(&call, worker, name, &rc);
  rc = refused || rc ? rc : gearman_worker_register(worker->st, name, timeout);
  return refused ? refused : end_of_adding(&call, worker, rc);
}

/* Q39: in the middle of a search for a job, as it is while it runs one, libgearman would go on from a function that is
 * freed, or ask for jobs before it has announced the change. And a job of that function may be about to come. */
static int begin_to_remove(gcffi_call *call, gcffi_worker *worker, gearman_return_t *rc) {
  int refused = begin(call, worker);
  if (refused == 0) {
    bool must_replace = worker->phase >= GCFFI_SEARCHING || worker->is_announcing || gcffi_worker_awaits_answer(worker);
    *rc = must_replace ? gcffi_worker_replace(worker) : GEARMAN_SUCCESS;
  }
  return refused;
}

static int end_of_removing(gcffi_call *call, gcffi_worker *worker, gearman_return_t rc) {
  worker->functions_removed = worker->functions_removed || rc == GEARMAN_SUCCESS;
  return gcffi_call_end(call, (int)rc);
}

int gcffi_worker_unregister(gcffi_worker *worker, const char *name) {
  gcffi_call call;
  gearman_return_t rc;
  int refused = begin_to_remove(&call, worker, &rc);
  return refused ? refused : end_of_removing(&call, worker, rc ? rc : gearman_worker_unregister(worker->st, name));
}

int gcffi_worker_unregister_all(gcffi_worker *worker) {
  gcffi_call call;
  gearman_return_t rc;
  int refused = begin_to_remove(&call, worker, &rc);
  return refused ? refused : end_of_removing(&call, worker, rc ? rc : gearman_worker_unregister_all(worker->st));
}
