/* Who may use an object, and waiting: for both clients and workers. */
#ifndef GCFFI_WAITING_H
#define GCFFI_WAITING_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <libgearman-1.0/gearman.h>

#include "hooks.h"

/* ---------------------------------------------------------------------------------------- ownership */

/* In place of a return code: a callback of the call raised, or the call was refused. The last one: a worker is first to
 * announce what has become of its functions. */
enum {
  GCFFI_RAISED = INT32_MIN, GCFFI_CLOSED, GCFFI_INHERITED, GCFFI_CALLING, GCFFI_ELSEWHERE, GCFFI_ANNOUNCES,
  GCFFI_LEAST_CODE
};

/* The head of a client and of a worker. */
typedef struct gcffi_guard {
  unsigned process;    /* how many forks lie between the first process and the one that made the object */
  unsigned long owner; /* the thread whose call is running, or 0; atomic */
  bool in_callback;    /* its call runs a callback in Python, which may make some calls */
  bool closed;         /* the garbage collector has freed what is libgearman's */
} gcffi_guard;

extern unsigned gcffi_process;

int gcffi_take(gcffi_guard *guard);
int gcffi_take_within(gcffi_guard *guard, bool *taken);
int gcffi_take_in_callback(gcffi_guard *guard, bool *taken);
void gcffi_give_back(gcffi_guard *guard);
int gcffi_check(const void *object);
int gcffi_check_alive(const void *object);
int gcffi_check_idle(const void *object);

/* ------------------------------------------------------------------------------------------ waiting */

/* The descriptors of several clients; see wait_for_any.c. */
typedef struct gcffi_gathering {
  struct pollfd *fds;
  nfds_t count;
} gcffi_gathering;

typedef struct gcffi_scope {
  struct gcffi_scope *outer;
  gcffi_guard *guard; /* of the object that is called */
  bool taken;         /* this call has taken it; otherwise it is nested in one that has */
  bool in_callback;   /* of the guard, to be put back at the end */
  int64_t deadline;  /* CLOCK_MONOTONIC in ns at which the whole call gives up; GCFFI_NEVER for none */
  bool exchange;     /* a request whose answer must be read: giving up drops the connection */
  bool patient;      /* libgearman goes on after its own timeout here, so only a signal may end the wait */
  bool interrupted;  /* a Python signal handler raised, or forked */
  bool raised;       /* a callback in Python did, which has kept its exception */
  bool timed_out;
  bool looks;        /* the next wait begins with a look at the signals */
  bool glances;      /* the wait looks what is there, and does not wait */
  bool no_environment;
  unsigned process; /* how many forks lie between the first process and the one that entered */
  const gcffi_io *io; /* the hooks of the client or worker, if any */
  void *self;         /* the object that they get */
  gcffi_gathering *gathering;  /* descriptors are gathered in place of a wait */
} gcffi_scope;

#define GCFFI_NEVER INT64_MAX

/* A function of ours in place of one that libgearman imports, the last without a name. what: one of these, or 0. */
enum { GCFFI_POLL = 1, GCFFI_SEND = 2, GCFFI_RECV = 4 };
typedef struct gcffi_replacement {
  const char *name;
  void *ours;
  int what;
} gcffi_replacement;
extern const gcffi_replacement gcffi_replacements[];

/* A signal that arrives between Python's last look and the start of poll() does not interrupt it. A wait that has lasted
 * this long in ns, since its start or the last signal, therefore looks once more, with signals held back until poll() is
 * entered. Those go to another thread meanwhile, if there is one, and end no poll() here: hence not sooner, and hence one
 * more look then, and one each second. */
#define GCFFI_LOOK_AGAIN_AFTER 50000000LL
#define GCFFI_LOOK_ONCE_MORE_AFTER 1000000000LL

void gcffi_enter(gcffi_scope *scope, int64_t timeout_ms);
int gcffi_begin(gcffi_scope *scope, gcffi_guard *guard, int64_t timeout_ms);
int gcffi_begin_within(gcffi_scope *scope, gcffi_guard *guard, int64_t timeout_ms);
int gcffi_begin_in_callback(gcffi_scope *scope, gcffi_guard *guard, int64_t timeout_ms);
void gcffi_leave(gcffi_scope *scope);
int gcffi_end_call(gcffi_scope *scope, int rc);
void gcffi_note_raised(void);
bool gcffi_let_signals_in(gcffi_scope *scope);
void gcffi_set_deadline(gcffi_scope *scope, int64_t timeout_ms);
gcffi_scope *gcffi_current_scope(void);
bool gcffi_interpose(void);
bool gcffi_nap(gcffi_scope *scope, struct pollfd *wake_up, int ms);
int gcffi_poll(gcffi_scope *scope, struct pollfd *fds, nfds_t count, int timeout);
ssize_t gcffi_receive(gcffi_scope *scope, gcffi_conn *conn, void *data, size_t size, int flags);
int gcffi_poll_until(struct pollfd *fds, nfds_t count, int64_t until, const sigset_t *mask);
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
bool gcffi_is_inherited(const gcffi_scope *scope);
bool gcffi_is_interposed(void);
bool gcffi_sees_all_data(void);
bool gcffi_has_tls(void);
bool gcffi_has(const char *name);

#endif
