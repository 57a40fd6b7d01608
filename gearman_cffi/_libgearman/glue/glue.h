/* The C half of the boundary: what Python would have to do between two calls of libgearman, done in one.
 *
 * ownership.c  who may use a client or a worker: one thread at a time, never a forked child
 * scope.c      the scope of each call from Python, and who may not go on
 * wait.c       the poll() that lets Python's signal handlers run
 * direct.c     waiting for one server's answer without poll()
 * slices.c     waiting where poll() cannot be replaced
 * interpose.c  points libgearman's own imports at stand_ins.c
 * stand_ins.c  what is called in their place
 * unique.c     the unique key of a job that was given none
 * mend.c       a packet of gearmand's that libgearman does not recognize
 * servers.c    a client's servers
 * flow.c       which connections carry a client's tasks, and how far submission may run ahead of the answers
 * left_out.c   servers that a client leaves alone until its connections are made anew
 * client.c     a client's life
 * run.c        adding and running tasks: do*, jobStatus, addTask* and runTasks
 * bulk.c       many background jobs at once
 * together.c   waiting for several clients
 * exchange.c   asking every server something: ping, options
 * giving_up.c  letting go of a task before its end
 * tasks.c      what hangs on a task, and where its packets go
 * reply.c      what the packets of a task of our own leave behind
 * worker.c     the work loop
 * stop.c       stopping a worker from outside
 * functions.c  a worker's servers and functions
 * identifier.c a worker's name at its servers
 * renew.c      clones of a worker, also in the place of one that libgearman cannot go on with
 * job.c        what a job brings and sends
 * hold.c       a result that goes out with the question for the next job
 * grab.c       taking a job without running it
 *
 * Every call into libgearman that can wait is made inside a gcffi_scope of the calling thread, and what Python calls
 * begins with gcffi_begin(): where that refuses the object, its answer goes back to Python in the return code's place. */
#ifndef GCFFI_GLUE_H
#define GCFFI_GLUE_H

#include "client.h"
#include "waiting.h"
#include "worker.h"

/* ------------------------------------------------------------- entry points in Python (callbacks.py) */

int gcffi_on_signals(void);                               /* 0, or 1 when a signal handler raised */
int gcffi_on_task(void *owner, int64_t task, int event);  /* a return code, or GCFFI_RAISED */
int gcffi_on_job(void *context, gcffi_job *job);          /* a GCFFI_JOB_... */

#endif
