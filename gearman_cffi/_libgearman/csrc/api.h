/* What Python calls. Read by C and, without the lines that begin with #, by cffi. */
#ifndef GCFFI_API_H
#define GCFFI_API_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct gcffi_reply gcffi_reply;
typedef struct gcffi_client gcffi_client;
typedef struct gcffi_task gcffi_task;
typedef struct gcffi_worker gcffi_worker;
typedef struct gcffi_job gcffi_job;
typedef struct gcffi_loop gcffi_loop;
typedef struct gcffi_loop_fd gcffi_loop_fd;
typedef struct gcffi_loop_job gcffi_loop_job;
typedef struct gcffi_loop_update gcffi_loop_update;

/* In place of a return code: a callback of the call raised an exception, or the call was refused because the object is
 * closed, another process's, busy in this thread or in another one, or must first announce what became of its
 * functions. */
enum {
  GCFFI_E_EXCEPTION = -2147483648, GCFFI_E_CLOSED, GCFFI_E_FORKED, GCFFI_E_REENTRANT, GCFFI_E_OTHER_THREAD,
  GCFFI_E_ANNOUNCE_FIRST, GCFFI_E_LIMIT
};

bool gcffi_init(void);
bool gcffi_set_main_thread(unsigned long ident);
void gcffi_finalize(void);
void gcffi_forked(void);
void gcffi_set_tcp_timeout(int ms);
bool gcffi_waits_are_ours(void);
bool gcffi_is_unsafe(void);
bool gcffi_has_tls(void);
bool gcffi_has(const char *name);

int gcffi_guard_check_thread(const void *object);
int gcffi_guard_check_process(const void *object);
int gcffi_guard_check_idle(const void *object);

/* What comes back for a task. */
enum { GCFFI_CREATED, GCFFI_DATA, GCFFI_WARNING, GCFFI_STATUS, GCFFI_COMPLETE, GCFFI_EXCEPTION, GCFFI_FAIL };

/* What gcffi_task_get() gets. */
enum { GCFFI_TASK_STATUS, GCFFI_TASK_FUNCTION, GCFFI_TASK_UNIQUE };

/* Kinds of task: the six ways to submit, and the two questions for a status. */
enum {
  GCFFI_LOW, GCFFI_NORMAL, GCFFI_HIGH,
  GCFFI_LOW_BACKGROUND, GCFFI_NORMAL_BACKGROUND, GCFFI_HIGH_BACKGROUND,
  GCFFI_JOB_STATUS, GCFFI_UNIQUE_STATUS
};

bool gcffi_client_open(gcffi_client *client, bool from_environment);
int gcffi_client_clone(gcffi_client *client, gcffi_client *from, size_t rotation);
void gcffi_client_close(gcffi_client *client);
int gcffi_client_set_connect_timeout(gcffi_client *client, int64_t timeout_ms);
const char *gcffi_client_error(gcffi_client *client);
int gcffi_client_add_server(gcffi_client *client, const char *host, in_port_t port);
int gcffi_client_add_servers(gcffi_client *client, const char *servers);
int gcffi_client_do(gcffi_client *client, int kind, const char *function, const char *unique, const void *workload,
                    size_t size, int64_t epoch, int64_t timeout_ms, gcffi_reply *reply);
int gcffi_client_run(gcffi_client *client, int64_t timeout_ms);
int gcffi_client_wait(gcffi_client *client);
int gcffi_client_echo(gcffi_client *client, const void *data, size_t size);
int gcffi_client_enable_exceptions(gcffi_client *client);
int gcffi_client_request_option(gcffi_client *client, const char *option, size_t size, bool *granted);
int gcffi_client_add_task(gcffi_client *client, int kind, int64_t id, unsigned callbacks, const char *name,
                          const char *unique, const void *workload, size_t size, gcffi_task **task);
int gcffi_client_batch_add(gcffi_client *client, size_t count, const uint8_t *kinds, const char *names,
                           const char *uniques, const char *workloads, const uint64_t *sizes, const int64_t *epochs,
                           bool newest_first, int64_t timeout_ms);
int gcffi_client_batch_run(gcffi_client *client, bool waits, int64_t timeout_ms);
int gcffi_client_batch_results(gcffi_client *client, size_t count, int rc, char *handles, size_t *size, int *codes);
int gcffi_client_leave_out_silent(gcffi_client *client, bool *is_silent);
int gcffi_client_prepare_turns(gcffi_client *client);
int gcffi_client_submit(gcffi_client *client, int kind, int64_t id, bool is_watched, const char *function,
                        const char *unique, const void *workload, size_t size, int64_t epoch);
int gcffi_client_abandon(gcffi_client *client, int64_t id, char *handle);
int gcffi_client_is_silent(gcffi_client *client, bool *is_silent);
int gcffi_client_turn(gcffi_client *client, bool is_ready);
void gcffi_client_release_ended(gcffi_client *client);
int gcffi_wait_for_any(gcffi_client **clients, size_t count, int64_t timeout_ms);
size_t gcffi_client_freed_tasks(gcffi_client *client, int64_t *ids, size_t room);
void gcffi_client_release_freed(gcffi_client *client, int64_t first, size_t count);
int gcffi_task_get(gcffi_client *client, gcffi_task *task, int64_t id, int what, gcffi_reply *reply);
void gcffi_reply_clear(gcffi_reply *reply);

/* How a job ends that Python has run: C sends job->result; it was answered, and job->rc says how; it goes back to the
 * server; its function raised an exception, which was sent, or one that asks the process to end. */
enum { GCFFI_JOB_RESULT, GCFFI_JOB_ANSWERED, GCFFI_JOB_RETURNED, GCFFI_JOB_RAISED, GCFFI_JOB_INTERRUPTED };

/* What gcffi_job_send() sends. */
enum { GCFFI_SEND_DATA, GCFFI_SEND_WARNING, GCFFI_SEND_COMPLETE, GCFFI_SEND_EXCEPTION, GCFFI_SEND_FAIL };

bool gcffi_worker_open(gcffi_worker *worker, bool from_environment);
int gcffi_worker_clone(gcffi_worker *worker, gcffi_worker *from);
void gcffi_worker_close(gcffi_worker *worker);
const char *gcffi_worker_error(gcffi_worker *worker);
int gcffi_worker_add_server(gcffi_worker *worker, const char *host, in_port_t port);
int gcffi_worker_add_servers(gcffi_worker *worker, const char *servers);

/* What a worker knows of one of its servers. Of several addresses the one with the least counts. */
enum { GCFFI_SERVER_CONNECTED, GCFFI_SERVER_UNKNOWN, GCFFI_SERVER_UNREACHABLE };
size_t gcffi_worker_count_connected(const gcffi_worker *worker);
int gcffi_worker_server_state(const gcffi_worker *worker, const char *host, in_port_t port);

int gcffi_worker_add_function(gcffi_worker *worker, const char *name, size_t size, uint32_t timeout, void *context);
int gcffi_worker_register(gcffi_worker *worker, const char *name, uint32_t timeout);
int gcffi_worker_unregister(gcffi_worker *worker, const char *name);
int gcffi_worker_unregister_all(gcffi_worker *worker);
int gcffi_worker_work(gcffi_worker *worker, bool keep_working, int *outcome);
int gcffi_worker_announce(gcffi_worker *worker, int *outcome);
int gcffi_worker_set_identifier(gcffi_worker *worker, const char *id, size_t size);
int gcffi_worker_grab(gcffi_worker *worker, gcffi_job *job);
int gcffi_worker_take(gcffi_worker *worker, bool leaves, gcffi_job *job);
int gcffi_worker_wait(gcffi_worker *worker);
int gcffi_wait_for_workers(gcffi_worker **workers, size_t count, size_t receiving, int wake_fd, int64_t timeout_ms);
size_t gcffi_worker_unsent(const gcffi_worker *worker);
int gcffi_worker_echo(gcffi_worker *worker, const void *data, size_t size);
int gcffi_worker_request_option(gcffi_worker *worker, const char *option, size_t size, bool *granted);
void gcffi_worker_stop(gcffi_worker *worker);
int gcffi_job_send(gcffi_job *job, int what, const void *data, size_t size);
int gcffi_job_send_status(gcffi_job *job, uint32_t numerator, uint32_t denominator);
int gcffi_job_sent(const gcffi_job *job);
void gcffi_job_drop(gcffi_job *job);

#endif
