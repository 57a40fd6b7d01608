/* Stopping a worker from outside: a flag that work() checks between jobs, and libgearman's wake-up pipe, which ends its
 * wait for one. Q17: libgearman puts the byte back that it reads from that pipe. */
#define _GNU_SOURCE
#include "worker.h"

#include <poll.h>
#include <sched.h>
#include <unistd.h>

static int pipe_of(const gcffi_worker *worker) { return gearman_worker_id(worker->st).read_fd; }

/* No signal handler of Python's runs while it is locked. */
static void lock(gcffi_worker *worker) {
  while (__atomic_exchange_n(&worker->stop_lock, 1, __ATOMIC_ACQUIRE)) {
    sched_yield();
  }
}

static void unlock(gcffi_worker *worker) { __atomic_store_n(&worker->stop_lock, 0, __ATOMIC_RELEASE); }

static void wake_up(const gcffi_worker *worker) { gearman_kill(gearman_worker_id(worker->st), GEARMAN_SIGNAL_INTERRUPT); }

bool gcffi_is_stopped(const gcffi_worker *worker) { return __atomic_load_n(&worker->stop, __ATOMIC_SEQ_CST) != 0; }

/* May be called from a signal handler and from any thread. While the worker runs a job, the flag is enough. */
void gcffi_worker_stop(gcffi_worker *worker) {
  __atomic_store_n(&worker->stop, 1, __ATOMIC_SEQ_CST);
  if (!__atomic_load_n(&worker->job.st, __ATOMIC_SEQ_CST)) {
    lock(worker);
    wake_up(worker);
    unlock(worker);
  }
}

/* Replaces libgearman's worker, and returns the one before: nobody writes to its pipe any more, so that it may be
 * closed. */
gearman_worker_st *gcffi_swap_worker(gcffi_worker *worker, gearman_worker_st *st) {
  lock(worker);
  gearman_worker_st *before = worker->st;
  gcffi_drain_wakeup_pipe(worker);
  worker->st = st;
  if (gcffi_is_stopped(worker)) {
    wake_up(worker);
  }
  unlock(worker);
  return before;
}

/* After a wait that the pipe has ended, perhaps for a stop() that had its effect before. */
void gcffi_drain_wakeup_pipe(const gcffi_worker *worker) {
  struct pollfd pipe = {.fd = pipe_of(worker), .events = POLLIN};
  char byte;
  while (poll(&pipe, 1, 0) == 1 && (pipe.revents & POLLIN) && read(pipe.fd, &byte, 1) == 1) {
  }
}

void gcffi_consume_stop(gcffi_worker *worker) {
  __atomic_store_n(&worker->stop, 0, __ATOMIC_SEQ_CST);
  gcffi_drain_wakeup_pipe(worker);
}

/* While something is sent or a job is received: libgearman would end that in the middle. */
void gcffi_ignore_wakeup_pipe(const gcffi_worker *worker, struct pollfd *fds, nfds_t count) {
  for (nfds_t i = 0; i < count; i++) {
    fds[i].events = fds[i].fd == pipe_of(worker) ? 0 : fds[i].events;
  }
}
