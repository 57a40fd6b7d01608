/* client WORK PORT JOBS WARMUP PAYLOAD [WINDOW or THREADS]: submits jobs as a C program would. */
#include "bench.h"

#include <pthread.h>

struct task {
  gearman_client_st *client;
  const char *work, *payload;
  size_t size;
  long first, window;
  int is_serialized; /* for a worker with a serializer: the answer may have another length */
  double *latencies;
};

static size_t answered;
static long named;
static char (*handles)[GEARMAN_JOB_HANDLE_SIZE];

static gearman_client_st *connected(int port)
{
  gearman_client_st *client = gearman_client_create(NULL);
  check(client && gearman_success(gearman_client_add_server(client, "127.0.0.1", (in_port_t)port)), "add_server");
  return client;
}

static void echo(const struct task *task, long jobs)
{
  char key[KEY_SIZE];
  for (long i = 0; i < jobs; i++) {
    double began = seconds_of(CLOCK_MONOTONIC);
    size_t size;
    gearman_return_t rc;
    snprintf(key, sizeof key, "bench-%ld", task->first + i);
    void *answer = gearman_client_do(task->client, FUNCTION, key, task->payload, task->size, &size, &rc);
    check(gearman_success(rc) && (task->is_serialized ? size > 0 : size == task->size), "gearman_client_do");
    free(answer);
    if (task->latencies)
      task->latencies[i] = seconds_of(CLOCK_MONOTONIC) - began;
  }
}

static void background(const struct task *task, long jobs, int with_key)
{
  char key[KEY_SIZE];
  gearman_job_handle_t handle;
  for (long i = 0; i < jobs; i++) {
    if (with_key)
      snprintf(key, sizeof key, "bench-%ld", task->first + i);
    check(gearman_success(gearman_client_do_background(task->client, FUNCTION, with_key ? key : NULL, task->payload,
                                                       task->size, handle)),
          "gearman_client_do_background");
  }
}

static gearman_return_t on_complete(gearman_task_st *task)
{
  if (gearman_task_data(task))
    answered += gearman_task_data_size(task);
  return GEARMAN_SUCCESS;
}

/* All jobs in one run, or in windows: libgearman's list of tasks is as long as the batch. */
static void batch(const struct task *task, long jobs)
{
  char key[KEY_SIZE];
  gearman_return_t rc;
  gearman_client_add_options(task->client, GEARMAN_CLIENT_FREE_TASKS);
  gearman_client_set_complete_fn(task->client, on_complete);
  answered = 0;
  for (long i = 0; i < jobs; i++) {
    snprintf(key, sizeof key, "bench-%ld", task->first + i);
    gearman_client_add_task(task->client, NULL, NULL, FUNCTION, key, task->payload, task->size, &rc);
    check(gearman_success(rc), "gearman_client_add_task");
    if (task->window && (i + 1) % task->window == 0)
      check(gearman_success(gearman_client_run_tasks(task->client)), "gearman_client_run_tasks");
  }
  check(gearman_success(gearman_client_run_tasks(task->client)), "gearman_client_run_tasks");
  check(answered == task->size * (size_t)jobs, "counting the answers");
}

static gearman_return_t on_created(gearman_task_st *task)
{
  strcpy(handles[named++], gearman_task_job_handle(task));
  return GEARMAN_SUCCESS;
}

static void bulk(const struct task *task, long jobs)
{
  char key[KEY_SIZE];
  gearman_return_t rc;
  gearman_client_add_options(task->client, GEARMAN_CLIENT_FREE_TASKS);
  gearman_client_set_created_fn(task->client, on_created);
  free(handles);
  handles = malloc(sizeof *handles * (size_t)(jobs + 1));
  named = 0;
  for (long i = 0; i < jobs;) {
    for (long end = i + task->window < jobs ? i + task->window : jobs; i < end; i++) {
      snprintf(key, sizeof key, "bench-%ld", task->first + i);
      gearman_client_add_task_background(task->client, NULL, NULL, FUNCTION, key, task->payload, task->size, &rc);
      check(gearman_success(rc), "gearman_client_add_task_background");
    }
    check(gearman_success(gearman_client_run_tasks(task->client)), "gearman_client_run_tasks");
  }
  check(named == jobs, "counting the handles");
}

static void run(const struct task *task, long jobs)
{
  if (strcmp(task->work, "echo") == 0)
    echo(task, jobs);
  else if (strcmp(task->work, "background") == 0)
    background(task, jobs, 1);
  else if (strcmp(task->work, "background-no-key") == 0)
    background(task, jobs, 0);
  else if (strcmp(task->work, "batch") == 0)
    batch(task, jobs);
  else if (strcmp(task->work, "bulk") == 0)
    bulk(task, jobs);
  else
    check(0, task->work);
}

/* ---------------------------------------------------------------------------------- threads */

struct thread {
  pthread_t id;
  struct task task;
  long jobs, warmup;
  pthread_barrier_t *gate;
};

static void *in_thread(void *argument)
{
  struct thread *thread = argument;
  run(&thread->task, thread->warmup);
  thread->task.first += thread->warmup;
  pthread_barrier_wait(thread->gate);
  pthread_barrier_wait(thread->gate);
  run(&thread->task, thread->jobs);
  return NULL;
}

static void run_threads(const struct task *task, int port, long jobs, long warmup, long count)
{
  struct thread *threads = calloc((size_t)count, sizeof *threads);
  struct meter meter;
  pthread_barrier_t gate;
  pthread_barrier_init(&gate, NULL, (unsigned)count + 1);
  for (long i = 0; i < count; i++) {
    threads[i] = (struct thread){.task = *task, .jobs = jobs / count, .warmup = warmup / count, .gate = &gate};
    threads[i].task.client = connected(port);
    threads[i].task.first = i * (jobs + warmup);
    check(pthread_create(&threads[i].id, NULL, in_thread, &threads[i]) == 0, "pthread_create");
  }
  pthread_barrier_wait(&gate);
  say_ready();
  await_go();
  begin(&meter);
  pthread_barrier_wait(&gate);
  for (long i = 0; i < count; i++)
    pthread_join(threads[i].id, NULL);
  finish(&meter);
  report(&meter, jobs / count * count, NULL);
}

int main(int argc, char **argv)
{
  check(argc >= 6, "usage: client WORK PORT JOBS WARMUP PAYLOAD [WINDOW or THREADS]");
  const char *work = argv[1];
  int port = atoi(argv[2]);
  long jobs = atol(argv[3]), warmup = atol(argv[4]), extra = argc > 6 ? atol(argv[6]) : 0;
  int is_serialized = !is_number(argv[5]);
  const char *first = is_serialized ? argv[5] : "warm-up"; /* a large payload would count as memory before the measured part */
  struct task task = {.work = work, .window = extra, .payload = first, .size = strlen(first)};
  struct meter meter;
  task.is_serialized = is_serialized;
  if (strncmp(work, "threads-", 8) == 0) {
    task.work = work + 8;
    task.payload = payload_of(argv[5], &task.size);
    run_threads(&task, port, jobs, warmup, extra);
    return 0;
  }
  task.client = connected(port);
  if (warmup)
    run(&task, warmup);
  task.first = warmup;
  if (strcmp(work, "echo") == 0)
    task.latencies = calloc((size_t)jobs, sizeof *task.latencies);
  say_ready();
  await_go();
  begin(&meter);
  task.payload = payload_of(argv[5], &task.size);
  run(&task, jobs);
  finish(&meter);
  report(&meter, jobs, task.latencies);
  return 0;
}
