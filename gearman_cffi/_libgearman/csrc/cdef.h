enum { GCFFI_CREATED, GCFFI_DATA, GCFFI_WARNING, GCFFI_STATUS, GCFFI_COMPLETE, GCFFI_EXCEPTION, GCFFI_FAIL };
enum {
  GCFFI_LOW, GCFFI_NORMAL, GCFFI_HIGH,
  GCFFI_LOW_BACKGROUND, GCFFI_NORMAL_BACKGROUND, GCFFI_HIGH_BACKGROUND,
  GCFFI_JOB_STATUS, GCFFI_UNIQUE_STATUS
};
enum { GCFFI_RAISED, GCFFI_CLOSED, GCFFI_INHERITED, GCFFI_CALLING, GCFFI_ELSEWHERE, GCFFI_ANNOUNCES, GCFFI_LEAST_CODE, ... };
enum { GCFFI_SEND_DATA, GCFFI_SEND_WARNING, GCFFI_SEND_COMPLETE, GCFFI_SEND_EXCEPTION, GCFFI_SEND_FAIL };
enum { GCFFI_JOB_RESULT, GCFFI_JOB_ANSWERED, GCFFI_JOB_RETURNED, GCFFI_JOB_RAISED, GCFFI_JOB_INTERRUPTED };

bool gcffi_init(void);
bool gcffi_set_main_thread(unsigned long ident);
void gcffi_end(void);
void gcffi_forked(void);
bool gcffi_is_interposed(void);
bool gcffi_has_tls(void);
bool gcffi_has(const char *name);

int gcffi_check(const void *object);
int gcffi_check_alive(const void *object);
int gcffi_check_idle(const void *object);

typedef struct {
  char handle[...];
  size_t handle_size;
  char *data;
  size_t size;
  char *error;
  uint32_t numerator;
  uint32_t denominator;
  bool known;
  bool running;
  ...;
} gcffi_reply;
void gcffi_reply_clear(gcffi_reply *reply);

typedef struct {
  gearman_client_st *st;
  void *owner;
  unsigned options;
  ...;
} gcffi_client;
typedef struct {
  gearman_task_st *st;
  char *data;
  ...;
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
int gcffi_client_request_option(gcffi_client *client, const char *option, size_t size);
gcffi_task *gcffi_client_add_task(gcffi_client *client, int kind, int64_t id, unsigned callbacks, const char *name,
                                  const char *unique, const void *workload, size_t size, int *rc);
int gcffi_client_load(gcffi_client *client, size_t count, const uint8_t *kinds, const char *names, const char *uniques,
                      const char *workloads, const uint64_t *sizes, bool newest_first);
int gcffi_client_run_load(gcffi_client *client, bool waits, int64_t timeout_ms);
int64_t gcffi_client_unload(gcffi_client *client, size_t count, int rc, char *handles, int *codes);
int gcffi_wait_for_any(gcffi_client **clients, size_t count, int64_t timeout_ms);
size_t gcffi_client_dead(gcffi_client *client, int64_t *ids, size_t room);
void gcffi_client_bury(gcffi_client *client, int64_t first, size_t count);
int64_t gcffi_task_packet(const gcffi_client *client, const gcffi_task *task);
int64_t gcffi_task_fetch(gcffi_client *client, gcffi_task *task, void *into, size_t size);

typedef struct gcffi_worker gcffi_worker;
typedef struct {
  gearman_job_st *st;
  gcffi_worker *worker;
  const char *handle, *unique;
  char *workload;
  size_t size;
  const char *result;
  size_t result_size;
  int rc;
  ...;
} gcffi_job;
struct gcffi_worker {
  gearman_worker_st *st;
  bool non_blocking;
  size_t id_size;
  bool announces_first;
  bool awaits_answers;
  bool goes_on;
  bool removing;
  ...;
};
bool gcffi_worker_open(gcffi_worker *worker, bool from_environment);
bool gcffi_worker_open_like(gcffi_worker *worker, const gcffi_worker *from);
void gcffi_worker_close(gcffi_worker *worker);
int gcffi_worker_set_ssl(gcffi_worker *worker, bool ssl, const char *ca_file, const char *certificate,
                         const char *key_file);
const char *gcffi_worker_error(gcffi_worker *worker);
int gcffi_worker_add_server(gcffi_worker *worker, const char *host, in_port_t port);
int gcffi_worker_add_servers(gcffi_worker *worker, const char *servers);
int gcffi_worker_add_function(gcffi_worker *worker, const char *name, size_t size, uint32_t timeout, void *context);
int gcffi_worker_register(gcffi_worker *worker, const char *name, uint32_t timeout);
int gcffi_worker_unregister(gcffi_worker *worker, const char *name);
int gcffi_worker_unregister_all(gcffi_worker *worker);
int gcffi_worker_work(gcffi_worker *worker, bool keep_working, int *outcome);
int gcffi_worker_announce(gcffi_worker *worker, int *outcome);
int gcffi_worker_set_identifier(gcffi_worker *worker, const char *id, size_t size);
int gcffi_worker_grab(gcffi_worker *worker, gcffi_job *job);
int gcffi_worker_wait(gcffi_worker *worker);
int gcffi_worker_echo(gcffi_worker *worker, const void *data, size_t size);
int gcffi_worker_request_option(gcffi_worker *worker, const char *option, size_t size);
void gcffi_worker_stop(gcffi_worker *worker);
int gcffi_job_send(gcffi_job *job, int what, const void *data, size_t size);
int gcffi_job_send_status(gcffi_job *job, uint32_t numerator, uint32_t denominator);
void gcffi_job_drop(gcffi_job *job);

extern "Python+C" int gcffi_on_signals(void);
extern "Python+C" int gcffi_on_task(void *owner, int64_t task, int event);
extern "Python+C" int gcffi_on_job(void *context, gcffi_job *job);
