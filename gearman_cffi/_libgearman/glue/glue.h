/* The C half of the boundary: what Python would have to do between two calls of libgearman, done in one.
 *
 * ownership.c  who may use a client or a worker: one thread at a time, never a forked child
 * wait.c       scopes, and the poll() that lets Python's signal handlers run
 * slices.c     waiting where poll() cannot be replaced
 * interpose.c  points libgearman's own imports at wait.c
 * unique.c     the unique key of a job that was given none
 * mend.c       a packet of gearmand's that libgearman does not recognize
 * servers.c    a client's servers
 * flow.c       which connections carry a client's tasks, and how far submission may run ahead of the answers
 * client.c     a client's life
 * run.c        adding and running tasks: do*, jobStatus, addTask* and runTasks
 * bulk.c       many background jobs at once
 * together.c   waiting for several clients
 * exchange.c   asking every server something: ping, options
 * giving_up.c  letting go of a task before its end
 * tasks.c      what hangs on a task, and where its packets go
 * reply.c      what the packets of a task of our own leave behind
 * worker.c     the work loop
 * functions.c  a worker's servers and functions
 * job.c        what a job brings and sends
 * grab.c       taking a job without running it
 *
 * Every call into libgearman that can wait is made inside a gcffi_scope of the calling thread, and what Python calls
 * begins with gcffi_begin(): where that refuses the object, its answer goes back to Python in the return code's place. */
#ifndef GCFFI_GLUE_H
#define GCFFI_GLUE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <libgearman-1.0/gearman.h>

/* ---------------------------------------------------------------------------------------- ownership */

/* In place of a return code: the call was refused, or a callback raised. */
enum { GCFFI_RAISED = INT32_MIN, GCFFI_CLOSED, GCFFI_INHERITED, GCFFI_CALLING, GCFFI_ELSEWHERE, GCFFI_LEAST_CODE };

/* The head of a client and of a worker. */
typedef struct gcffi_guard {
  unsigned process;    /* how many forks lie between the first process and the one that made the object */
  unsigned long owner; /* the thread whose call is running, or 0; atomic */
  bool closed;         /* the garbage collector has freed what is libgearman's */
} gcffi_guard;

extern unsigned gcffi_process;

int gcffi_take(gcffi_guard *guard);
int gcffi_take_within(gcffi_guard *guard, bool *taken);
void gcffi_give_back(gcffi_guard *guard);
int gcffi_check(const void *object);
int gcffi_check_alive(const void *object);
int gcffi_check_idle(const void *object);
bool gcffi_is_inherited_object(const void *object);

/* ------------------------------------------------------------------------------------------ waiting */

/* The descriptors of several clients; see together.c. */
typedef struct gcffi_gathering {
  struct pollfd *fds;
  nfds_t count;
} gcffi_gathering;

typedef struct gcffi_scope {
  struct gcffi_scope *outer;
  gcffi_guard *guard; /* taken by this call */
  int64_t deadline;  /* CLOCK_MONOTONIC in ns at which the whole call gives up; GCFFI_NEVER for none */
  bool exchange;     /* a request whose answer must be read: giving up drops the connection */
  bool patient;      /* libgearman goes on after its own timeout here, so only a signal may end the wait */
  bool interrupted;  /* a Python signal handler raised */
  bool timed_out;
  bool sent;         /* something was sent, so a server was connected */
  bool idle;         /* a worker waits for a job */
  bool rehearsal;    /* the server's part is played by interpose.c */
  bool no_environment;
  unsigned process; /* how many forks lie between the first process and the one that entered */
  unsigned polled;  /* how many descriptors the wait that was given up had */
  struct gcffi_client *client; /* whose tasks are being run, if any */
  struct gcffi_worker *worker; /* whose jobs */
  gcffi_gathering *gathering;  /* descriptors are gathered in place of a wait */
} gcffi_scope;

#define GCFFI_NEVER INT64_MAX

void gcffi_enter(gcffi_scope *scope, int64_t timeout_ms);
int gcffi_begin(gcffi_scope *scope, gcffi_guard *guard, int64_t timeout_ms);
int gcffi_begin_within(gcffi_scope *scope, gcffi_guard *guard, int64_t timeout_ms);
void gcffi_leave(gcffi_scope *scope);
void gcffi_set_deadline(gcffi_scope *scope, int64_t timeout_ms);
gcffi_scope *gcffi_current_scope(void);
bool gcffi_interpose(void);
void gcffi_timeout_text(const gcffi_scope *scope, bool has_pipe, char *text, size_t size);
bool gcffi_nap(gcffi_scope *scope, struct pollfd *wake_up, int ms);
int gcffi_poll(struct pollfd *fds, nfds_t count, int timeout);
int gcffi_gather(gcffi_gathering *all, const struct pollfd *fds, nfds_t count);
gearman_return_t gcffi_client_pause(gearman_client_st *st);
gearman_return_t gcffi_worker_pause(gearman_worker_st *st);
bool gcffi_set_main_thread(unsigned long ident);
void gcffi_end(void);
void gcffi_before_python(void);
bool gcffi_handles_signals(void);
int64_t gcffi_now(void);
bool gcffi_init(void);
void gcffi_forked(void);
bool gcffi_is_calling(void);
bool gcffi_is_inherited(const gcffi_scope *scope);
bool gcffi_is_interposed(void);
bool gcffi_has_tls(void);
bool gcffi_has(const char *name);

/* ----------------------------------------------------------------------------------------- replies */

enum { GCFFI_CREATED, GCFFI_DATA, GCFFI_WARNING, GCFFI_STATUS, GCFFI_COMPLETE, GCFFI_EXCEPTION, GCFFI_FAIL };

/* Kinds of task: the six ways to submit, in the order foreground low/normal/high, background the same. */
enum {
  GCFFI_LOW, GCFFI_NORMAL, GCFFI_HIGH,
  GCFFI_LOW_BACKGROUND, GCFFI_NORMAL_BACKGROUND, GCFFI_HIGH_BACKGROUND,
  GCFFI_JOB_STATUS, GCFFI_UNIQUE_STATUS
};

typedef struct gcffi_reply {
  char handle[GEARMAN_JOB_HANDLE_SIZE];
  char *data; /* the result, or with GEARMAN_WORK_EXCEPTION its text; malloc()ed */
  size_t size;
  size_t room;
  uint32_t numerator;
  uint32_t denominator;
  bool known;
  bool running;
  bool finished;
  gearman_return_t rc;
  size_t *unanswered; /* how many tasks of the same call are still to be answered */
} gcffi_reply;

/* ------------------------------------------------------------------------------------------- client */

#define GCFFI_UNIQUE_TEXT 37
#define GCFFI_ENTROPY 256
#define GCFFI_CARRIERS 16

typedef struct gcffi_server {
  char *host; /* NULL for libgearman's default */
  in_port_t port;
} gcffi_server;

/* Where in a connection's packets the next byte is; see mend.c. */
typedef struct gcffi_stream {
  int fd;
  size_t rest; /* bytes of the current packet that are still to come */
} gcffi_stream;

/* Where in a stream of packets the next byte is; see flow.c. */
typedef struct gcffi_place {
  size_t rest;            /* bytes of the current packet that are still to come */
  unsigned char head[12]; /* what has come of the next packet's head */
  size_t head_size;
} gcffi_place;

/* A connection on which tasks were sent. */
typedef struct gcffi_carrier {
  int fd;
  int unnamed; /* jobs that were sent to the server and that it has not named yet */
  gcffi_place sent, received;
} gcffi_carrier;

typedef struct gcffi_client {
  gcffi_guard guard; /* first: see ownership.c */
  gearman_client_st *st;
  void *owner;              /* ffi.new_handle() of the Python object that takes the tasks' packets */
  gcffi_reply reply;        /* of the last do* or jobStatus */
  struct gcffi_task *tasks; /* all that libgearman has not freed, newest first */
  struct gcffi_task *dead;  /* the user's tasks that libgearman has freed, for Python to forget; newest first */
  size_t pending;           /* the user's tasks that have not ended */
  size_t lost;              /* the user's tasks that went down with their connection */
  size_t adrift;            /* tasks that were given up before the server named their job */
  gcffi_reply *load;        /* of jobs that were submitted together; see bulk.c */
  size_t load_size, load_left;
  bool raised;              /* a callback raised: hold back the packets that follow */
  bool exceptions;          /* every connection asks for the exceptions of workers */
  bool stopped;             /* a callback returned a code that stops the run */
  bool servers_missing;     /* a server could not be put back in its place */
  bool unsent;              /* tasks may be left that could not be sent; see giving_up.c */
  bool unanswered;          /* an answer that nobody waits for may still come */
  bool carrier_lost;        /* a connection that carried tasks was closed */
  pid_t pid;
  gcffi_server *servers;
  size_t server_count;
  const char *ssl_files[3]; /* kept alive by the Python owner */
  gcffi_stream streams[GCFFI_CARRIERS];
  gcffi_carrier carriers[GCFFI_CARRIERS];
  int carrier_count;
  bool failed; /* error holds a text that a later step of the same call has overwritten in libgearman */
  char error[GEARMAN_MAX_ERROR_SIZE];
  unsigned char entropy[GCFFI_ENTROPY];
  size_t entropy_left;
} gcffi_client;

/* What hangs on a libgearman task as its context. The user's tasks live on in client->dead until Python has forgotten
 * them; one of our own until its caller has let go of it too. */
typedef struct gcffi_task {
  gearman_task_st *st; /* NULL once libgearman has freed the task */
  char *data;          /* of the packet that is being delivered; NULL where it is not buffered */
  size_t size;
  gcffi_client *client;
  gcffi_reply *reply;  /* where a task of our own leaves its answer; NULL for the user's tasks */
  struct gcffi_task *next, *previous; /* in client->tasks */
  struct gcffi_task *next_dead;
  int64_t id;         /* the user's tasks: from 1; tasks of our own: 0 */
  unsigned callbacks; /* 1 << event for each callback that was set when the task was added */
  unsigned char kind;
  bool held;     /* by its caller */
  bool answered; /* a packet has come for it */
  bool finished;
  bool adrift;
} gcffi_task;

/* A job of a load, with the sizes of its parts. */
typedef struct gcffi_loaded {
  uint32_t kind, name_size, unique_size, size;
} gcffi_loaded;

bool gcffi_client_open(gcffi_client *client, bool from_environment);
bool gcffi_client_open_like(gcffi_client *client, const gcffi_client *from, size_t rotation);
void gcffi_client_close(gcffi_client *client);
int gcffi_client_set_ssl(gcffi_client *client, bool ssl, const char *ca_file, const char *certificate,
                         const char *key_file);
const char *gcffi_client_error(gcffi_client *client);
int gcffi_client_add_server(gcffi_client *client, const char *host, in_port_t port);
int gcffi_client_add_servers(gcffi_client *client, const char *servers);
int gcffi_client_do(gcffi_client *client, int kind, const char *function, const char *unique, const void *workload,
                    size_t size, int64_t timeout_ms);
int gcffi_client_run(gcffi_client *client, int64_t timeout_ms);
int gcffi_client_wait(gcffi_client *client);
int gcffi_client_echo(gcffi_client *client, const void *data, size_t size);
int gcffi_client_expect_exceptions(gcffi_client *client);
void gcffi_await_exceptions(gcffi_client *client);
void gcffi_rehearse_exceptions(gcffi_client *client);
int gcffi_client_request_option(gcffi_client *client, const char *option, size_t size);
gcffi_task *gcffi_client_add_task(gcffi_client *client, int kind, int64_t id, unsigned callbacks,
                                  const char *name, const char *unique, const void *workload, size_t size, int *rc);
int gcffi_client_load(gcffi_client *client, size_t count, const char *block, const gcffi_loaded *jobs,
                      bool newest_first);
int gcffi_client_run_load(gcffi_client *client, bool waits, int64_t timeout_ms);
int64_t gcffi_client_unload(gcffi_client *client, int rc, char *handles, int *codes);
int gcffi_wait_for_any(gcffi_client **clients, size_t count, int64_t timeout_ms);
size_t gcffi_client_dead(gcffi_client *client, int64_t *ids, size_t room);
void gcffi_client_bury(gcffi_client *client, int64_t first, size_t count);
void gcffi_free_dead(gcffi_client *client, size_t count);

/* between the files of the client */
bool gcffi_client_furnish(gcffi_client *client, const gcffi_client *like);
void gcffi_keep_error(gcffi_client *client);
gearman_return_t gcffi_restore_servers(gcffi_client *client);
gearman_return_t gcffi_remember_environment(gcffi_client *client);
gearman_return_t gcffi_copy_servers(gcffi_client *client, const gcffi_client *from, size_t rotation);
void gcffi_forget_servers(gcffi_client *client);
ssize_t gcffi_receive_mended(gcffi_client *client, int fd, void *data, size_t size, int flags);
void gcffi_stream_closed(gcffi_client *client, int fd);
void gcffi_closed(gcffi_client *client, int fd);

ssize_t gcffi_send_in_turn(gcffi_client *client, int fd, const void *data, size_t size, int flags);
void gcffi_received(gcffi_client *client, int fd, const void *data, size_t size);
void gcffi_await_turn(const gcffi_scope *scope, struct pollfd *fds, nfds_t count);

gearman_return_t gcffi_run(gcffi_client *client, gcffi_scope *scope, const size_t *left, bool waits);
gearman_return_t gcffi_add_own(gcffi_client *client, int kind, const char *name, const char *unique,
                               const void *workload, size_t size, gcffi_reply *reply);
void gcffi_forget_load(gcffi_client *client);
bool gcffi_renew(gcffi_client *client);
void gcffi_fail_unsent(gcffi_client *client);
void gcffi_sweep_adrift(gcffi_client *client, bool connection_lost);
void gcffi_let_go(gcffi_client *client, gcffi_task *task, gearman_return_t rc);

void gcffi_bind_actions(gearman_client_st *st);
gcffi_task *gcffi_task_new(gcffi_client *client, int kind, gcffi_reply *reply);
void gcffi_task_link(gcffi_task *task, gearman_task_st *st);
void gcffi_task_discard(gcffi_task *task);
void gcffi_task_fail(gcffi_task *task);
int64_t gcffi_task_packet(const gcffi_client *client, const gcffi_task *task);
int64_t gcffi_task_fetch(gcffi_client *client, gcffi_task *task, void *into, size_t size);
void gcffi_reply_reset(gcffi_reply *reply);
void gcffi_reply_drop_data(gcffi_reply *reply);
gearman_return_t gcffi_answer(gcffi_task *task, gearman_task_st *st, int event);
size_t gcffi_fetch(gearman_task_st *st, char *into, size_t size);
void gcffi_skip_unread(gearman_task_st *st);

const char *gcffi_unique(gcffi_client *client, const char *given, char text[GCFFI_UNIQUE_TEXT]);

/* ------------------------------------------------------------------------------------------- worker */

/* A job in Python's hands. */
typedef struct gcffi_job {
  gearman_job_st *st; /* NULL when it is over */
  struct gcffi_worker *worker;
  char *workload;
  size_t size;
} gcffi_job;

typedef struct gcffi_worker {
  gcffi_guard guard; /* first: see ownership.c */
  gearman_worker_st *st;
  gcffi_job job; /* the one that work() runs */
  gearman_worker_st **retired; /* workers whose grabbed jobs are still held; see gcffi_worker_grab */
  size_t retired_count;
  size_t grabbed;              /* jobs of grab that are held; atomic */
  bool released;               /* to be freed with the last of them */
  bool has_grabbed;
  bool asked;                  /* a server may be about to send a job, or to wake the worker up */
  bool spent;                  /* st crashes when it is asked for another job */
  pid_t pid;
  int stop;    /* set from other threads and signal handlers, hence atomic */
  bool failed; /* error holds a text that a later step of the same call has overwritten in libgearman */
  char error[GEARMAN_MAX_ERROR_SIZE];
} gcffi_worker;

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
int gcffi_worker_work(gcffi_worker *worker);
int gcffi_worker_announce(gcffi_worker *worker);
int gcffi_worker_set_identifier(gcffi_worker *worker, const char *id, size_t size);
int gcffi_worker_grab(gcffi_worker *worker, gcffi_job *job);
gearman_return_t gcffi_worker_renew(gcffi_worker *worker);
int gcffi_worker_wait(gcffi_worker *worker);
int gcffi_worker_echo(gcffi_worker *worker, const void *data, size_t size);
int gcffi_worker_request_option(gcffi_worker *worker, const char *option, size_t size);
const char *gcffi_worker_error(gcffi_worker *worker);
void gcffi_worker_stop(gcffi_worker *worker);

enum { GCFFI_SEND_DATA, GCFFI_SEND_WARNING, GCFFI_SEND_COMPLETE, GCFFI_SEND_EXCEPTION, GCFFI_SEND_FAIL };
int gcffi_job_send(gcffi_job *job, int what, const void *data, size_t size);
int gcffi_job_send_status(gcffi_job *job, uint32_t numerator, uint32_t denominator);
void gcffi_job_init(gcffi_job *job, struct gcffi_worker *worker, gearman_job_st *st);
void gcffi_job_drop(gcffi_job *job);

/* ------------------------------------------------------------- entry points in Python (callbacks.py) */

int gcffi_on_signals(void);                               /* 0, or 1 when a signal handler raised */
int gcffi_on_task(void *owner, int64_t task, int event);  /* a return code, or GCFFI_RAISED */
/* A return code for libgearman's work loop. */
int gcffi_on_job(gcffi_job *job, void *context, char *workload, size_t size);

#endif
