/* Workers and their jobs. */
#ifndef GCFFI_WORKER_H
#define GCFFI_WORKER_H

#include "hooks.h"

/* A job that Python owns. */
struct gcffi_job {
  gearman_job_st *st; /* NULL when it is over */
  gcffi_worker *worker;
  size_t *owned; /* of grab: the count of its libgearman worker's jobs; see gcffi_replaced */
  char *workload;
  size_t size;
  const char *result; /* left by Python for C to send */
  size_t result_size;
  int64_t begun;          /* when Python got it */
  int rc;                 /* how it ends, for work(): a return code */
  bool answered;          /* its end was sent */
  bool connection_broken; /* a packet was sent in part */
  gcffi_conn_ref conn;    /* of a job of take: where it came from */
  uint64_t queued_until;  /* in its send queue; see sending.c */
};

/* Where libgearman is in its search for a job: in the state in which it begins one, elsewhere, in the middle of one, in
 * the middle of one and of sending or receiving; or where it crashes if it is asked for another job. */
typedef enum { GCFFI_AT_START, GCFFI_LEFT_START, GCFFI_SEARCHING, GCFFI_WAITING, GCFFI_BROKEN } gcffi_phase;

/* May recv() wait for the answer to a request for a job? Does the next one? */
typedef enum { GCFFI_RECV_NEVER_BLOCKS, GCFFI_RECV_MAY_BLOCK, GCFFI_RECV_BLOCKS } gcffi_recv_mode;

/* How long a worker of several servers waits for one of them before it turns to the next one. */
#define GCFFI_PATIENCE_NS 200000000LL

typedef struct gcffi_attempt gcffi_attempt;

/* A libgearman worker that was replaced. It is freed when Python owns none of its jobs. */
typedef struct {
  gearman_worker_st *st;
  size_t *owned; /* malloc()ed, atomic */
} gcffi_replaced;

struct gcffi_worker {
  gcffi_guard guard; /* first: see guard.c */
  gearman_worker_st *st;
  gcffi_job job; /* the one that work() runs */
  gcffi_pollset pollset;  /* what it waits for */
  int send_error;         /* why its result was not sent */
  int outcome;            /* of the job that the last work() ran: a return code */
  bool non_blocking;      /* the user's option: libgearman's worker always has it, but for the calls that wait */
  bool keep_working;      /* work() runs one job after the other; also Python may say no */
  char id[GEARMAN_MAX_IDENTIFIER]; /* see identifier.c */
  size_t id_size;
  int corked_fd;          /* the connection with a corked result, or -1; see worker_io.c */
  bool may_cork;          /* what is sent now is a result */
  int asked_fd;           /* the connection over which it has last asked for a job, or -1 */
  bool queues_sends;      /* it does not wait until something is sent; see sending.c */
  gcffi_conn_ref *queues; /* the connections that have a send queue: malloc()ed */
  size_t queue_count;
  int *asked;             /* all of them: malloc()ed */
  size_t asked_count;
  int64_t patience_until; /* for the answer to the last one; see silent.c */
  size_t server_count;    /* as they were added */
  int connect_timeout;    /* ms */
  gcffi_attempt *attempts; /* to connect; see attempts.c */
  size_t attempt_count;
  size_t kept_count;      /* of those, connections over which an answer is to come */
  bool may_wait;          /* this call */
  gcffi_conn *job_conn;   /* over which a job comes, or NULL; see take.c */
  bool has_news;          /* something had come, or its time was over, when gcffi_wait_for_workers() returned */
  int64_t wait_until;     /* that time */
  nfds_t own_fds;         /* in its pollset, before those of connections that are opened */
  int resume_fd;          /* the connection of the job that grabJob() returned last: it is asked first; or -1 */
  int recv_fd;            /* the one in whose recv() it waits for an answer, or -1; see recv_wait.c */
  gcffi_recv_mode recv_mode;
  bool is_idle;           /* no server has a job for it */
  bool has_sent;          /* in this call: a server was connected */
  int unannounced_fd;     /* a connection over which something else than the functions was sent, or -1 */
  bool register_after_announce; /* Python has functions to register, after the others were unregistered at the servers */
  bool wait_for_grab_reply;     /* for the answer to the request for a job, even if it is non-blocking */
  gcffi_replaced *replaced; /* whose jobs are still in use; see replace.c */
  size_t replaced_count;
  size_t *owned;                /* jobs of grab of libgearman's worker that Python owns: malloc()ed, atomic */
  size_t grabbed;               /* the same, with those of replaced workers; atomic */
  bool close_when_jobs_gone;
  char *function_names;         /* of all functions that it has and had, each with a NUL */
  size_t function_names_size;
  bool is_announcing;           /* it announces its functions to a server, and has not asked for a job since */
  bool functions_added, functions_removed; /* since libgearman has begun a search */
  bool job_may_come;            /* a server may be about to send a job, or to wake the worker up */
  gcffi_phase phase;            /* of libgearman's search for a job */
  pid_t pid;
  bool is_leaving;     /* after stop() it asks for no job any more, and connects to no server */
  int stop, stop_lock; /* set from other threads and signal handlers, hence atomic */
  bool has_error; /* error holds a text that a later step of the same call has overwritten in libgearman */
  char error[GEARMAN_MAX_ERROR_SIZE];
};

#define GCFFI_NEW_WORKER                                                                                              \
  (gcffi_worker) {                                                                                                     \
    .guard = {.process = gcffi_process}, .pid = getpid(), .corked_fd = -1, .asked_fd = -1, .recv_fd = -1, .resume_fd = -1, .unannounced_fd = -1,       \
    .connect_timeout = GCFFI_CONNECT_TIMEOUT_MS                                                                       \
  }

/* worker.c */
void gcffi_worker_note_step(gcffi_worker *worker, gearman_return_t rc);

/* Runs a function of Python's (callbacks.py): GCFFI_JOB_RESULT and so on. */
int gcffi_on_job(void *context, gcffi_job *job);

/* functions.c */
size_t gcffi_count_servers(const char *servers);

/* replace.c */
void gcffi_free_worker(gearman_worker_st *st);
void gcffi_worker_set_phase(gcffi_worker *worker, gcffi_phase phase);
gearman_return_t gcffi_worker_replace_if_broken(gcffi_worker *worker);
gearman_return_t gcffi_worker_replace(gcffi_worker *worker);
bool gcffi_worker_copy(gcffi_worker *worker, const gcffi_worker *from);
void gcffi_free_replaced(gcffi_worker *worker);
bool gcffi_remember_function(gcffi_worker *worker, const char *name);
bool gcffi_breaks_worker(gearman_return_t rc);
gcffi_phase gcffi_phase_after(gearman_return_t rc);

/* job.c */
void gcffi_job_init(gcffi_job *job, gcffi_worker *worker, gearman_job_st *st);
void gcffi_job_own(gcffi_job *job);
int gcffi_job_complete(gcffi_job *job, const void *data, size_t size);

/* answers.c */
void gcffi_worker_await_answer(gcffi_worker *worker, gcffi_conn *conn);
void gcffi_worker_note_late(gcffi_worker *worker, gcffi_conn *conn);
void gcffi_worker_await_none(gcffi_worker *worker);
bool gcffi_worker_is_connected(const gcffi_worker *worker);
bool gcffi_worker_is_connected_to(const gcffi_worker *worker, const gcffi_address *address);
bool gcffi_worker_awaits_answer(const gcffi_worker *worker);
bool gcffi_worker_has_late_answer(const gcffi_worker *worker);
bool gcffi_worker_was_rejected(gcffi_worker *worker);

/* worker_io.c, recv_wait.c, identifier.c. The hooks, which grab.c shares. */
extern const gcffi_io gcffi_worker_io;
gcffi_verdict gcffi_worker_connecting(void *self, gcffi_conn *conn);
void gcffi_worker_disconnected(void *self, gcffi_conn *conn);
ssize_t gcffi_worker_send(void *self, gcffi_call *call, gcffi_conn *conn, const void *data, size_t size, int flags);
gearman_return_t gcffi_worker_unless_connecting(gcffi_worker *worker, gearman_return_t did);
gearman_return_t gcffi_worker_wait_for_connection(gcffi_worker *worker, gcffi_call *call);
gearman_return_t gcffi_worker_wait_io(gcffi_worker *worker, gcffi_call *call);
void gcffi_worker_uncork(gcffi_worker *worker, int fd);
void gcffi_worker_expect_answer(gcffi_worker *worker, const gcffi_call *call, gcffi_conn *conn);
ssize_t gcffi_worker_recv(void *self, gcffi_call *call, gcffi_conn *conn, void *data, size_t size, int flags);
void gcffi_send_identifier(gcffi_worker *worker, int fd, const void *data, size_t size);

/* attempts.c, silent.c */
gcffi_verdict gcffi_worker_connect(gcffi_worker *worker, gcffi_conn *conn);
bool gcffi_worker_is_connecting(const gcffi_worker *worker);
bool gcffi_worker_is_opening(const gcffi_worker *worker, const gcffi_address *address);
int64_t gcffi_worker_watch_attempts(gcffi_worker *worker);
bool gcffi_worker_offer_attempts(gcffi_worker *worker);
void gcffi_worker_end_offers(gcffi_worker *worker);
void gcffi_worker_retry_now(gcffi_worker *worker);
void gcffi_worker_drop_attempts(gcffi_worker *worker);
void gcffi_worker_keep_connection(gcffi_worker *worker, gcffi_conn *conn);
int64_t gcffi_worker_patience(const gcffi_worker *worker);
void gcffi_worker_check_patience(gcffi_worker *worker);
void gcffi_worker_postpone(gcffi_worker *worker, const gcffi_conn *conn);
int gcffi_worker_poll(gcffi_worker *worker, gcffi_call *call, struct pollfd *fds, nfds_t count, int timeout_ms);
int gcffi_worker_wait_patiently(gcffi_worker *worker, gcffi_call *call, struct pollfd *fds, nfds_t count, int64_t until);

/* sending.c */
void gcffi_worker_add_queue(gcffi_worker *worker, gcffi_conn *conn, gcffi_send_queue *queue);
ssize_t gcffi_worker_send_or_queue(gcffi_worker *worker, gcffi_conn *conn, const void *data, size_t size, int flags);
void gcffi_worker_watch_queues(const gcffi_worker *worker, gcffi_pollset *pollset);
void gcffi_worker_flush_queues(gcffi_worker *worker);
int gcffi_job_note_queued(gcffi_job *job, int rc);

/* stop.c */
gearman_worker_st *gcffi_swap_worker(gcffi_worker *worker, gearman_worker_st *st);
bool gcffi_is_stopped(const gcffi_worker *worker);
void gcffi_consume_stop(gcffi_worker *worker);
void gcffi_drain_wakeup_pipe(const gcffi_worker *worker);
void gcffi_ignore_wakeup_pipe(const gcffi_worker *worker, struct pollfd *fds, nfds_t count);

#endif
