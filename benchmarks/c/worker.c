/* worker WORK PORT JOBS WARMUP: executes jobs as a C program would.
 *
 * WORK is echo, which returns the workload, or drain, which returns "ok" and waits after the warm-up. It is measured
 * from the start of the last warm-up job to the start of the last job. */
#include "bench.h"

static long jobs, warmup, seen;
static int drains;
static struct meter meter;

static void count(void)
{
  seen++;
  if (seen == warmup) {
    say_ready();
    if (drains)
      await_go();
    begin(&meter);
  } else if (seen == warmup + jobs) {
    finish(&meter);
  }
}

static gearman_return_t answer(gearman_job_st *job, void *context)
{
  (void)context;
  count();
  if (drains)
    return gearman_job_send_complete(job, "ok", 2);
  return gearman_job_send_complete(job, gearman_job_workload(job), gearman_job_workload_size(job));
}

int main(int argc, char **argv)
{
  check(argc == 5, "usage: worker WORK PORT JOBS WARMUP");
  drains = strcmp(argv[1], "drain") == 0;
  jobs = atol(argv[3]);
  warmup = atol(argv[4]);
  gearman_worker_st *worker = gearman_worker_create(NULL);
  gearman_function_t function = gearman_function_create(answer);
  check(gearman_success(gearman_worker_add_server(worker, "127.0.0.1", (in_port_t)atoi(argv[2]))), "add_server");
  check(gearman_success(gearman_worker_define_function(worker, FUNCTION, strlen(FUNCTION), function, 0, NULL)),
        "gearman_worker_define_function");
  while (seen < warmup + jobs)
    check(gearman_success(gearman_worker_work(worker)), "gearman_worker_work");
  report(&meter, jobs, NULL);
  return 0;
}
