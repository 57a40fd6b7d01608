/* The C half of the boundary: what Python would have to do between two calls of libgearman, done in one.
 *
 * guard.c  who may use a client or a worker: one thread at a time, never a forked child
 * call.c      the scope of each call from Python, and who may not go on
 * wait.c       the poll() that lets Python's signal handlers run
 * recv_wait.c     waiting for one server's answer without poll()
 * slices.c     waiting where poll() cannot be replaced
 * got.c  points libgearman's own imports at intercept.c
 * intercept.c  what is called in their place
 * unique.c     the unique key of a job that was given none
 * inbound.c       a packet of gearmand's that libgearman does not recognize
 * servers.c    a client's servers
 * client_io.c       which connections carry a client's tasks, and how far submission may run ahead of the answers
 * client_io.c   servers that a client leaves alone until its connections are made anew
 * client.c     a client's life
 * run.c        adding and running tasks: do*, jobStatus, addTask* and runTasks
 * batch.c       many background jobs at once
 * wait_for_any.c   waiting for several clients
 * query.c   asking every server something: ping, options
 * recover.c  letting go of a task before its end
 * task.c      what hangs on a task, and where its packets go
 * reply.c      what the packets of a task of our own leave behind
 * worker.c     the work loop
 * stop.c       stopping a worker from outside
 * functions.c  a worker's servers and functions
 * identifier.c a worker's name at its servers
 * replace.c      clones of a worker, also in the place of one that libgearman cannot go on with
 * job.c        what a job brings and sends
 * worker_io.c       a result that goes out with the question for the next job
 * grab.c       taking a job without running it
 *
 * Every call into libgearman that can wait is made inside a gcffi_scope of the calling thread, and what Python calls
 * begins with gcffi_begin(): where that refuses the object, its answer goes back to Python in the return code's place. */
#ifndef GCFFI_GLUE_H
#define GCFFI_GLUE_H

#include "client.h"
#include "call.h"
#include "worker.h"

/* ------------------------------------------------------------- entry points in Python (callbacks.py) */

int gcffi_on_signals(void);                               /* 0, or 1 when a signal handler raised */
int gcffi_on_task(void *owner, int64_t task, int event);  /* a return code, or GCFFI_RAISED */
int gcffi_on_job(void *context, gcffi_job *job);          /* a GCFFI_JOB_... */

#endif
