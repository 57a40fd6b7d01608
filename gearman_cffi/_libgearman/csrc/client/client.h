/* Clients, their tasks, and what comes back for them. */
#ifndef GCFFI_CLIENT_H
#define GCFFI_CLIENT_H

#include "hooks.h"
#include "opening.h"

/* ----------------------------------------------------------------------------------------- replies */

/* What one call brings back. The caller owns it, so that no other call of the same client can change it. */
struct gcffi_reply {
  char handle[GEARMAN_JOB_HANDLE_SIZE];
  size_t handle_size;
  char *data;  /* the result, or with GEARMAN_WORK_EXCEPTION its text; malloc()ed */
  size_t size;
  char *error; /* libgearman's text if the call failed, otherwise NULL; malloc()ed */
  size_t room;
  uint32_t numerator;
  uint32_t denominator;
  bool known;
  bool running;
  bool finished;
  gearman_return_t rc;
  size_t *remaining; /* how many tasks of the same call are not answered yet */
  gcffi_loop *loop;  /* of a gcffi_loop_job: whom to tell; otherwise NULL */
};

/* ------------------------------------------------------------------------------------ submissions */

/* A job, or a request for a status, as it is passed to libgearman. */
typedef struct gcffi_submission {
  int kind;
  const char *name;     /* of the function; for the two kinds of requests the handle or the key */
  const char *unique;   /* NULL or empty for none */
  const void *workload; /* NULL for an empty one that libgearman accepts */
  size_t size;
  int64_t epoch; /* before this time, in seconds since 1970, a background job is not run; 0 for no such time */
} gcffi_submission;

/* -------------------------------------------------------------------------------- for event loops */

/* A job that an event loop waits for; see event_loop.c. */
struct gcffi_loop_job {
  gcffi_reply reply; /* first */
  int64_t id;        /* the caller's number for it */
  gcffi_task *task;  /* NULL once libgearman has freed its own */
  bool is_watched;
  gcffi_loop_job *next; /* that has ended */
};

/* A packet for a watched job. */
struct gcffi_loop_update {
  int64_t id;
  int event; /* GCFFI_CREATED to GCFFI_STATUS */
  uint32_t numerator, denominator;
  char handle[GEARMAN_JOB_HANDLE_SIZE];
  char *data;
  size_t size;
  gcffi_loop_update *next;
};

/* A descriptor to watch. events: of poll(). */
struct gcffi_loop_fd {
  int fd;
  int events;
  unsigned serial; /* of the connection: another one may get the same descriptor */
};

/* What a turn leaves for the event loop. */
struct gcffi_loop {
  gcffi_loop_job *ended, *last_ended;
  gcffi_loop_update *updates, *last_update;
  size_t left; /* jobs without an answer */
  gcffi_loop_fd *fds;
  size_t count, room;
  bool fds_changed;
  bool is_opening; /* its connection: nothing was sent yet */
  int wait_ms; /* until the next turn, even if nothing is ready before; -1 for no limit */
};

/* ------------------------------------------------------------------------------------------- client */

enum { GCFFI_UNIQUE_TEXT = 37, GCFFI_ENTROPY = 256, GCFFI_SKIPPED = 32 };

typedef struct gcffi_server {
  char *host; /* NULL for libgearman's default */
  in_port_t port;
} gcffi_server;

typedef struct gcffi_left_out gcffi_left_out;

/* Has a callback stopped the run? Then libgearman delivers the packet again in the next one. */
typedef enum { GCFFI_RUNNING, GCFFI_PAUSED_BY_CODE, GCFFI_PAUSED_BY_EXCEPTION } gcffi_paused;

/* Do its connections ask for the exceptions of workers? Wanted: they were asked for when no connection could be closed.
 * By us: libgearman would wait while it connects and asks; see opening.c. */
typedef enum {
  GCFFI_EXCEPTIONS_OFF,
  GCFFI_EXCEPTIONS_WANTED,
  GCFFI_EXCEPTIONS_ON,
  GCFFI_EXCEPTIONS_BY_US,
} gcffi_exceptions;

/* What is wrong with its connections; see recover.c. */
typedef enum { GCFFI_CONNS_GOOD, GCFFI_CONNS_MISCOUNTED, GCFFI_CONNS_UNUSABLE } gcffi_health;

struct gcffi_client {
  gcffi_guard guard; /* first: see guard.c */
  gearman_client_st *st;
  void *owner;              /* ffi.new_handle() of the Python object that takes the tasks' packets */
  struct gcffi_task *tasks; /* all that libgearman has not freed, newest first */
  struct gcffi_task *task_cache; /* memory for the next ones */
  struct gcffi_task *freed; /* the user's tasks that libgearman has freed, for Python to forget; newest first */
  size_t pending;           /* the user's tasks that have not ended */
  size_t lost_tasks;        /* the user's tasks that were lost with their connection */
  size_t orphans;           /* abandoned tasks that libgearman still needs; see recover.c */
  size_t delayed;           /* tasks of delayed jobs, which libgearman does not free */
  gcffi_reply *batch;       /* of jobs that were submitted together; see batch.c */
  size_t batch_size, batch_left;
  unsigned shared_updates; /* how many have come for tasks that have a key; see task.c */
  gcffi_loop loop;          /* if an event loop drives it */
  unsigned options;         /* the user's; libgearman always has NON_BLOCKING, and never UNBUFFERED_RESULT */
  gcffi_pollset pollset;    /* what it waits for */
  gcffi_paused paused;
  gcffi_exceptions exceptions;
  gcffi_health health;      /* rises until it has new connections */
  bool servers_missing;     /* a server could not be added again */
  bool has_send_errors;     /* tasks may be left that could not be sent; see recover.c */
  bool reply_pending;       /* a reply may still come that nobody waits for */
  bool task_conn_lost;      /* a connection that carried tasks was closed */
  pid_t pid;
  gcffi_server *servers;
  size_t server_count;
  int connections;          /* that were opened in its runs */
  int sent_fd;              /* the one over which it has sent last */
  int lowat_fd;             /* the one that may sleep through some bytes, or -1; see low_water.c */
  int created_size;         /* the size of the last job's JOB_CREATED */
  int expected;             /* the next wait lasts until more bytes have come */
  int64_t step_deadline;    /* until when a step that does not wait receives; GCFFI_NEVER for any other */
  gcffi_address skipped[GCFFI_SKIPPED]; /* where it must not connect to now; see client_io.c */
  int skipped_count;
  gcffi_left_out *left_out; /* see left_out.c */
  unsigned left_out_seen;
  int64_t left_out_until;   /* when it may connect again to the first of those that it was refused */
  int64_t connect_ms;       /* how long opening a connection may take; -1 for no limit */
  int late_servers;         /* addresses that could not be opened in time in this call; a bulk call has clients of its own */
  bool has_error; /* error holds a text that a later step of the same call has overwritten in libgearman */
  char error[GEARMAN_MAX_ERROR_SIZE];
  unsigned char entropy[GCFFI_ENTROPY];
  size_t entropy_left;
};

/* The life of a task. Orphaned: abandoned, and still needed by libgearman. */
typedef enum { GCFFI_TASK_ADDED, GCFFI_TASK_ANSWERED, GCFFI_TASK_ENDED, GCFFI_TASK_ORPHANED } gcffi_task_state;

/* The context of a libgearman task. The user's tasks stay in client->freed until Python has forgotten them; one of our
 * own until its caller has released it too. */
struct gcffi_task {
  gearman_task_st *st; /* NULL once libgearman has freed the task */
  gcffi_client *client;
  gcffi_reply *reply;  /* where a task of our own leaves its answer; NULL for the user's tasks */
  struct gcffi_task *next, *previous; /* in client->tasks */
  struct gcffi_task *next_freed;
  int64_t id;         /* the user's tasks: from 1; tasks of our own: 0 */
  unsigned callbacks; /* 1 << event for each callback that was set when the task was added */
  unsigned char kind;
  bool in_use;      /* by its caller */
  bool is_delayed;  /* see delayed.c */
  bool has_key;     /* chosen by the caller: tasks with the same key have the same job */
  unsigned updated; /* if it has a key: which of the client's shared updates was its last one */
  gcffi_task_state state;
};

/* Something may still come over its connections that is not the answer to a query (Q12). */
static inline bool gcffi_needs_own_connections(const gcffi_client *client) {
  return client->tasks || client->reply_pending;
}

/* Takes a packet of the user's task: a return code, or GCFFI_E_EXCEPTION (callbacks.py). */
int gcffi_on_task(void *owner, int64_t task, int event, const char *data, size_t size);

/* client.c, error.c */
bool gcffi_client_copy_settings(gcffi_client *client, const gcffi_client *like);
void gcffi_free_client(gearman_client_st *st);
void gcffi_keep_error(gcffi_client *client);

/* servers.c */
void gcffi_client_worsen(gcffi_client *client, gcffi_health health);
void gcffi_client_disconnect_all(gcffi_client *client);
void gcffi_client_mark_good(gcffi_client *client);
gearman_return_t gcffi_client_readd_servers(gcffi_client *client);
gearman_return_t gcffi_remember_environment(gcffi_client *client);
gearman_return_t gcffi_copy_servers(gcffi_client *client, const gcffi_client *from, size_t rotation);
void gcffi_forget_servers(gcffi_client *client);

/* exceptions.c */
void gcffi_preset_exceptions(gcffi_client *client);
void gcffi_preset_exceptions_if_idle(gcffi_client *client);

/* client_io.c, low_water.c */
extern const gcffi_io gcffi_client_io;
gcffi_pollset *gcffi_client_pollset(gcffi_client *client);
gearman_return_t gcffi_client_wait_io(gcffi_client *client, gcffi_call *call);
void gcffi_client_set_lowat(gcffi_client *client, int bytes);
void gcffi_client_reset_lowat(gcffi_client *client);

/* left_out.c */
gcffi_left_out *gcffi_left_out_join(gcffi_left_out *list);
void gcffi_left_out_leave(gcffi_left_out *list);
void gcffi_left_out_add(gcffi_left_out *list, const gcffi_conn *conn);
int64_t gcffi_left_out_until(gcffi_left_out *list, const gcffi_conn *conn);
bool gcffi_left_out_has_grown(gcffi_left_out *list, unsigned *seen);
void gcffi_left_out_clear(gcffi_left_out *list);
void gcffi_leave_out_late(gcffi_client *client, const gcffi_conn *conn);

/* unique.c */
const char *gcffi_unique_key(gcffi_client *client, const char *given, char text[GCFFI_UNIQUE_TEXT]);

/* task.c, reply.c */
void gcffi_bind_actions(gearman_client_st *st);
gcffi_task *gcffi_task_new(gcffi_client *client, int kind, gcffi_reply *reply);
void gcffi_task_link(gcffi_task *task, gearman_task_st *st);
void gcffi_task_release(gcffi_task *task);
void gcffi_task_fail(gcffi_task *task);
void gcffi_task_end_delayed(gcffi_task *task);
void gcffi_free_task_cache(gcffi_client *client);
void gcffi_free_freed(gcffi_client *client, size_t count);
gearman_return_t gcffi_reply_finish(gcffi_reply *reply, gearman_return_t rc);
void gcffi_reply_drop_data(gcffi_reply *reply);
void gcffi_reply_set_handle(gcffi_reply *reply, const char *handle);
gearman_return_t gcffi_task_reply(gcffi_task *task, gearman_task_st *st, int event);

/* delayed.c */
gearman_task_st *gcffi_execute(gcffi_task *task, const gcffi_submission *job, const char *unique, gearman_return_t *rc);
void gcffi_end_delayed(gcffi_client *client);

/* loop_results.c */
void gcffi_loop_end(gcffi_loop *loop, gcffi_reply *reply);
void gcffi_loop_update_job(gcffi_loop *loop, gcffi_reply *reply, gearman_task_st *st, int event);
void gcffi_loop_clear(gcffi_loop *loop);

/* recover.c */
bool gcffi_client_replace(gcffi_client *client);
bool gcffi_is_rejection(gearman_return_t rc);
void gcffi_before_adding(gcffi_client *client);
void gcffi_client_recover(gcffi_client *client, bool paused);
bool gcffi_is_silent(const gcffi_client *client);
bool gcffi_leave_out_silent(gcffi_client *client);
void gcffi_choose_servers_again(gcffi_client *client);
bool gcffi_client_try_left_out(gcffi_client *client);
void gcffi_fail_send_errors(gcffi_client *client);
void gcffi_free_orphans(gcffi_client *client, bool connection_lost);
void gcffi_orphan_task(gcffi_client *client, gcffi_task *task);
void gcffi_abandon_task(gcffi_client *client, gcffi_task *task, gearman_return_t rc);

/* run.c. One step, without a wait; steps as long as something is ready; or until all is done. */
typedef enum { GCFFI_STEP, GCFFI_POLL_ONCE, GCFFI_BLOCK } gcffi_wait_mode;
bool gcffi_client_step(gcffi_client *client, gcffi_call *call, const size_t *left, gearman_return_t *rc);
gearman_return_t gcffi_client_run_tasks(gcffi_client *client, gcffi_call *call, const size_t *left, gcffi_wait_mode mode);
gearman_return_t gcffi_prepare_run(gcffi_client *client, gcffi_call *call, gcffi_wait_mode mode);
gearman_return_t gcffi_add_reply_task(gcffi_client *client, const gcffi_submission *job, gcffi_reply *reply);

#endif
