/* Workers and their jobs. */
#ifndef GCFFI_WORKER_H
#define GCFFI_WORKER_H

#include "call.h"

/* A job in Python's hands. */
typedef struct gcffi_job {
  gearman_job_st *st; /* NULL when it is over */
  struct gcffi_worker *worker;
  const char *handle, *unique;
  char *workload;
  size_t size;
  const char *result; /* left by Python for C to send */
  size_t result_size;
  int rc;        /* how it ends, for work(): a return code */
  bool answered; /* its end was sent */
  bool cut;      /* a packet was sent in part, and its connection is gone */
} gcffi_job;

typedef struct gcffi_worker {
  gcffi_guard guard; /* first: see guard.c */
  gearman_worker_st *st;
  gcffi_job job; /* the one that work() runs */
  int refused;         /* why its result was not taken */
  bool non_blocking;   /* the user's option: libgearman's worker always has it, but for the calls that wait */
  bool goes_on;        /* work() runs one job after the other; also Python may say no */
  char id[GEARMAN_MAX_IDENTIFIER]; /* see identifier.c */
  size_t id_size;
  int corked_fd;       /* the connection with a result that was held back, or -1; see worker_io.c */
  bool may_cork;       /* what is sent now is a result */
  int recv_fd;         /* the one in whose recv() it waits for an answer, or -1; see recv_wait.c */
  bool may_block_in_recv, recv_blocks; /* in this call; the next time */
  bool is_idle;        /* no server has a job for it */
  bool has_sent;       /* in this call: a server was connected */
  int unannounced_fd;  /* one over which something else than the functions was sent, or -1 */
  bool announces_first; /* Python has functions to register that wait for the others to be forgotten */
  bool awaits_answers; /* for the answer to the question for a job also where it is non-blocking */
  gearman_worker_st **retired; /* workers whose grabbed jobs are still held; see replace.c */
  size_t retired_count;
  size_t grabbed;              /* jobs of grab that are held; atomic */
  bool released;               /* to be freed with the last of them */
  char *names;                 /* of all functions that it has and had, each with a NUL */
  size_t names_size;
  bool under_way;              /* libgearman has left the state that it begins a search for a job in */
  bool announces;              /* it tells a server of its functions, and has not asked for a job since */
  bool searching;              /* libgearman goes on in the middle of its search: it was not told yet that there is no job */
  bool adding, removing;       /* functions were registered, unregistered since libgearman has begun a search */
  bool asked;                  /* a server may be about to send a job, or to wake the worker up */
  bool spent;                  /* st crashes when it is asked for another job */
  pid_t pid;
  int outcome; /* of the job that the last work() ran: a return code */
  int stop, stop_lock; /* set from other threads and signal handlers, hence atomic */
  bool failed; /* error holds a text that a later step of the same call has overwritten in libgearman */
  char error[GEARMAN_MAX_ERROR_SIZE];
} gcffi_worker;

#define GCFFI_NEW_WORKER                                                                                              \
  (gcffi_worker) {                                                                                                     \
    .guard = {.process = gcffi_process}, .pid = getpid(), .corked_fd = -1, .recv_fd = -1, .unannounced_fd = -1        \
  }

bool gcffi_worker_open(gcffi_worker *worker, bool from_environment);
bool gcffi_worker_open_like(gcffi_worker *worker, const gcffi_worker *from);
void gcffi_worker_close(gcffi_worker *worker);
int gcffi_worker_set_ssl(gcffi_worker *worker, bool ssl, const char *ca_file, const char *certificate,
                         const char *key_file);
int gcffi_worker_add_server(gcffi_worker *worker, const char *host, in_port_t port);
int gcffi_worker_add_servers(gcffi_worker *worker, const char *servers);
int gcffi_worker_add_function(gcffi_worker *worker, const char *name, size_t size, uint32_t timeout, void *context);
int gcffi_worker_register(gcffi_worker *worker, const char *name, uint32_t timeout);
int gcffi_worker_unregister(gcffi_worker *worker, const char *name);
int gcffi_worker_unregister_all(gcffi_worker *worker);
int gcffi_worker_work(gcffi_worker *worker, bool keep_working, int *outcome);
void gcffi_worker_uncork(gcffi_worker *worker, int fd);
extern const gcffi_io gcffi_worker_io;
void gcffi_worker_expect_answer(gcffi_worker *worker, const gcffi_scope *scope, gcffi_conn *conn);
ssize_t gcffi_worker_recv(void *self, gcffi_scope *scope, gcffi_conn *conn, void *data, size_t size, int flags);
int gcffi_worker_announce(gcffi_worker *worker, int *outcome);
int gcffi_worker_set_identifier(gcffi_worker *worker, const char *id, size_t size);
int gcffi_worker_grab(gcffi_worker *worker, gcffi_job *job);
gearman_return_t gcffi_worker_renew(gcffi_worker *worker);
void gcffi_free_retired(gcffi_worker *worker);
bool gcffi_remember_function(gcffi_worker *worker, const char *name);
bool gcffi_spends(gearman_return_t rc);
bool gcffi_leaves_search(gearman_return_t rc);
void gcffi_free_worker(gearman_worker_st *st);
void gcffi_send_identifier(gcffi_worker *worker, int fd, const void *data, size_t size);
int gcffi_worker_wait(gcffi_worker *worker);
int gcffi_worker_echo(gcffi_worker *worker, const void *data, size_t size);
int gcffi_worker_request_option(gcffi_worker *worker, const char *option, size_t size);
const char *gcffi_worker_error(gcffi_worker *worker);
void gcffi_worker_stop(gcffi_worker *worker);
gearman_worker_st *gcffi_replace(gcffi_worker *worker, gearman_worker_st *st);
bool gcffi_take_stop(gcffi_worker *worker);
void gcffi_empty_pipe(const gcffi_worker *worker);
void gcffi_ignore_wakeup_pipe(const gcffi_worker *worker, struct pollfd *fds, nfds_t count);

/* How a job ends that Python has run: C sends job->result; it was answered, and job->rc says how; it goes back to the server;
 * its function raised an exception, which was sent, or one that asks the process to end. */
enum { GCFFI_JOB_RESULT, GCFFI_JOB_ANSWERED, GCFFI_JOB_RETURNED, GCFFI_JOB_RAISED, GCFFI_JOB_INTERRUPTED };
enum { GCFFI_SEND_DATA, GCFFI_SEND_WARNING, GCFFI_SEND_COMPLETE, GCFFI_SEND_EXCEPTION, GCFFI_SEND_FAIL };
int gcffi_job_send(gcffi_job *job, int what, const void *data, size_t size);
int gcffi_job_send_status(gcffi_job *job, uint32_t numerator, uint32_t denominator);
int gcffi_job_complete(gcffi_job *job, const void *data, size_t size);
void gcffi_job_init(gcffi_job *job, struct gcffi_worker *worker, gearman_job_st *st);
void gcffi_job_drop(gcffi_job *job);

#endif
