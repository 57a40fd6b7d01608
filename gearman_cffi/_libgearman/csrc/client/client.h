/* Clients, their tasks, and what comes back for them. */
#ifndef GCFFI_CLIENT_H
#define GCFFI_CLIENT_H

#include "call.h"

/* ----------------------------------------------------------------------------------------- replies */

enum { GCFFI_CREATED, GCFFI_DATA, GCFFI_WARNING, GCFFI_STATUS, GCFFI_COMPLETE, GCFFI_EXCEPTION, GCFFI_FAIL };

/* Kinds of task: the six ways to submit, in the order foreground low/normal/high, background the same. */
enum {
  GCFFI_LOW, GCFFI_NORMAL, GCFFI_HIGH,
  GCFFI_LOW_BACKGROUND, GCFFI_NORMAL_BACKGROUND, GCFFI_HIGH_BACKGROUND,
  GCFFI_JOB_STATUS, GCFFI_UNIQUE_STATUS
};

/* What one call brings back. The caller owns it, so that no other call of the same client can change it. */
typedef struct gcffi_reply {
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
  size_t *unanswered; /* how many tasks of the same call are still to be answered */
} gcffi_reply;

/* ------------------------------------------------------------------------------------------- client */

#define GCFFI_UNIQUE_TEXT 37
#define GCFFI_ENTROPY 256

typedef struct gcffi_server {
  char *host; /* NULL for libgearman's default */
  in_port_t port;
} gcffi_server;

/* Where it is not to connect to; see client_io.c. */
#define GCFFI_SKIPPED 32
typedef struct gcffi_address {
  size_t size;
  unsigned char bytes[sizeof(struct sockaddr_in6)];
} gcffi_address;

typedef struct gcffi_client {
  gcffi_guard guard; /* first: see guard.c */
  gearman_client_st *st;
  void *owner;              /* ffi.new_handle() of the Python object that takes the tasks' packets */
  struct gcffi_task *tasks; /* all that libgearman has not freed, newest first */
  struct gcffi_task *spare; /* memory for the next one */
  struct gcffi_task *dead;  /* the user's tasks that libgearman has freed, for Python to forget; newest first */
  size_t pending;           /* the user's tasks that have not ended */
  size_t lost;              /* the user's tasks that went down with their connection */
  size_t adrift;            /* tasks that were given up before the server named their job */
  gcffi_reply *load;        /* of jobs that were submitted together; see batch.c */
  size_t load_size, load_left;
  unsigned options;         /* the user's that libgearman is not told: it always has NON_BLOCKING, never UNBUFFERED_RESULT */
  bool raised;              /* a callback raised: hold back the packets that follow */
  bool exceptions;          /* every connection asks for the exceptions of workers */
  bool wants_exceptions;    /* they were asked for while they could not be awaited */
  bool stopped;             /* a callback returned a code that stops the run */
  bool servers_missing;     /* a server could not be put back in its place */
  bool torn, miscounted;    /* connections are not to be trusted; see recover.c */
  bool unsent;              /* tasks may be left that could not be sent; see recover.c */
  bool unanswered;          /* an answer that nobody waits for may still come */
  bool carrier_lost;        /* a connection that carried tasks was closed */
  pid_t pid;
  gcffi_server *servers;
  size_t server_count;
  const char *ssl_files[3]; /* kept alive by the Python owner */
  int connections; /* that were opened in its runs */
  int sent_fd;     /* the one over which it has sent last */
  int lowat_fd;    /* the one that may sleep through some bytes, or -1; see low_water.c */
  gcffi_address skipped[GCFFI_SKIPPED];
  int skipped_count;
  int created_size; /* the size of the last job's JOB_CREATED */
  int expected;     /* the wait that comes next lasts until more bytes have come */
  bool failed; /* error holds a text that a later step of the same call has overwritten in libgearman */
  char error[GEARMAN_MAX_ERROR_SIZE];
  unsigned char entropy[GCFFI_ENTROPY];
  size_t entropy_left;
} gcffi_client;

/* What hangs on a libgearman task as its context. The user's tasks live on in client->dead until Python has forgotten
 * them; one of our own until its caller has let go of it too. */
typedef struct gcffi_task {
  gearman_task_st *st; /* NULL once libgearman has freed the task */
  char *data;          /* of the packet that is being delivered; NULL where it is read in parts */
  size_t size;
  const char *parts;   /* the data where it is read in parts, of which so much was read */
  size_t fetched;
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

bool gcffi_client_open(gcffi_client *client, bool from_environment);
bool gcffi_client_open_like(gcffi_client *client, const gcffi_client *from, size_t rotation);
void gcffi_client_close(gcffi_client *client);
int gcffi_client_set_ssl(gcffi_client *client, bool ssl, const char *ca_file, const char *certificate,
                         const char *key_file);
const char *gcffi_client_error(gcffi_client *client);
int gcffi_client_add_server(gcffi_client *client, const char *host, in_port_t port);
int gcffi_client_add_servers(gcffi_client *client, const char *servers);
int gcffi_client_do(gcffi_client *client, int kind, const char *function, const char *unique, const void *workload,
                    size_t size, int64_t timeout_ms, gcffi_reply *reply);
int gcffi_client_run(gcffi_client *client, int64_t timeout_ms);
int gcffi_client_wait(gcffi_client *client);
int gcffi_client_echo(gcffi_client *client, const void *data, size_t size);
int gcffi_client_enable_exceptions(gcffi_client *client);
void gcffi_preset_exceptions_if_idle(gcffi_client *client);
void gcffi_preset_exceptions(gcffi_client *client);
int gcffi_client_request_option(gcffi_client *client, const char *option, size_t size);
gcffi_task *gcffi_client_add_task(gcffi_client *client, int kind, int64_t id, unsigned callbacks,
                                  const char *name, const char *unique, const void *workload, size_t size, int *rc);
int gcffi_client_load(gcffi_client *client, size_t count, const uint8_t *kinds, const char *names, const char *uniques,
                      const char *workloads, const uint64_t *sizes, bool newest_first);
int gcffi_client_run_load(gcffi_client *client, bool waits, int64_t timeout_ms);
int64_t gcffi_client_unload(gcffi_client *client, size_t count, int rc, char *handles, int *codes);
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
extern const gcffi_io gcffi_client_io;
gearman_return_t gcffi_client_wait_io(gcffi_client *client);
gearman_return_t gcffi_client_wait_above(gcffi_client *client, gcffi_scope *scope, int bytes);
void gcffi_client_reset_lowat(gcffi_client *client);
void gcffi_trust_connections(gcffi_client *client);

bool gcffi_is_refusal(gearman_return_t rc);
void gcffi_before_adding(gcffi_client *client);
void gcffi_mend(gcffi_client *client, bool held);
void gcffi_drop_connections(gcffi_client *client);
void gcffi_free_client(gearman_client_st *st);

/* Sends and takes what libgearman knows to be possible; or also what a glance at the connections shows; or all. */
typedef enum { GCFFI_ONE_STEP, GCFFI_GLANCES, GCFFI_WAITS } gcffi_patience;
gearman_return_t gcffi_run(gcffi_client *client, gcffi_scope *scope, const size_t *left, gcffi_patience patience);
gearman_return_t gcffi_add_own(gcffi_client *client, int kind, const char *name, const char *unique,
                               const void *workload, size_t size, gcffi_reply *reply);
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
void gcffi_reply_clear(gcffi_reply *reply);
gearman_return_t gcffi_answer(gcffi_task *task, gearman_task_st *st, int event);

const char *gcffi_unique(gcffi_client *client, const char *given, char text[GCFFI_UNIQUE_TEXT]);

#endif
