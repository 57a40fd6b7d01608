enum { GCFFI_CREATED, GCFFI_DATA, GCFFI_WARNING, GCFFI_STATUS, GCFFI_COMPLETE, GCFFI_EXCEPTION, GCFFI_FAIL };
enum {
  GCFFI_LOW, GCFFI_NORMAL, GCFFI_HIGH,
  GCFFI_LOW_BACKGROUND, GCFFI_NORMAL_BACKGROUND, GCFFI_HIGH_BACKGROUND,
  GCFFI_JOB_STATUS, GCFFI_UNIQUE_STATUS
};
#define GCFFI_RAISED ...
enum { GCFFI_SEND_DATA, GCFFI_SEND_WARNING, GCFFI_SEND_COMPLETE, GCFFI_SEND_EXCEPTION, GCFFI_SEND_FAIL };

bool gcffi_init(void);
bool gcffi_set_main_thread(unsigned long ident);
void gcffi_end(void);
void gcffi_forked(void);
bool gcffi_is_calling(void);
bool gcffi_is_interposed(void);
bool gcffi_has_tls(void);
bool gcffi_has(const char *name);

typedef struct {
  char handle[...];
  char *data;
  size_t size;
  uint32_t numerator;
  uint32_t denominator;
  bool known;
  bool running;
  bool finished;
  int rc;
  ...;
} gcffi_reply;
void gcffi_reply_reset(gcffi_reply *reply);
gcffi_reply *gcffi_reply_new(void);
void gcffi_reply_drop_data(gcffi_reply *reply);
void gcffi_reply_free(gcffi_reply *reply);

typedef struct {
  gearman_client_st *st;
  void *owner;
  size_t pending;
  bool raised;
  ...;
} gcffi_client;
typedef struct {
  gearman_task_st *st;
  gcffi_client *client;
  int64_t id;
  bool finished;
  ...;
} gcffi_task;
gcffi_client *gcffi_client_create(bool from_environment);
gcffi_client *gcffi_client_clone(gcffi_client *from);
void gcffi_client_set_ssl(gcffi_client *client, bool ssl, const char *ca_file, const char *certificate,
                          const char *key_file);
void gcffi_client_finish(bool *closed, gcffi_client *client);
const char *gcffi_client_error(gcffi_client *client);
int gcffi_client_add_server(gcffi_client *client, const char *host, in_port_t port);
int gcffi_client_add_servers(gcffi_client *client, const char *servers);
int gcffi_client_do(gcffi_client *client, int kind, const char *function, const char *unique, const void *workload,
                    size_t size, int64_t timeout_ms, gcffi_reply *reply);
int gcffi_client_status(gcffi_client *client, int kind, const char *name, int64_t timeout_ms, gcffi_reply *reply);
int gcffi_client_run(gcffi_client *client, int64_t timeout_ms);
int gcffi_client_wait(gcffi_client *client);
int gcffi_client_echo(gcffi_client *client, const void *data, size_t size);
void gcffi_client_expect_exceptions(gcffi_client *client);
bool gcffi_client_request_option(gcffi_client *client, const char *option, size_t size);
gcffi_task *gcffi_client_add_task(gcffi_client *client, int kind, int64_t id, unsigned callbacks, const char *name,
                                  const char *unique, const void *workload, size_t size, gearman_return_t *rc);
gcffi_task *gcffi_client_next_dead(gcffi_client *client);
void gcffi_task_release(gcffi_task *task);
size_t gcffi_task_fetch(gcffi_task *task, void *into, size_t size);

typedef struct {
  gearman_worker_st *st;
  ...;
} gcffi_worker;
gcffi_worker *gcffi_worker_create(void);
gcffi_worker *gcffi_worker_clone(gcffi_worker *from);
void gcffi_worker_finish(bool *closed, gcffi_worker *worker);
const char *gcffi_worker_error(gcffi_worker *worker);
int gcffi_worker_add_server(gcffi_worker *worker, const char *host, in_port_t port);
int gcffi_worker_add_servers(gcffi_worker *worker, const char *servers);
int gcffi_worker_add_function(gcffi_worker *worker, const char *name, size_t size, uint32_t timeout, void *context);
int gcffi_worker_work(gcffi_worker *worker);
int gcffi_worker_announce(gcffi_worker *worker);
int gcffi_worker_set_identifier(gcffi_worker *worker, const char *id, size_t size);
gearman_job_st *gcffi_worker_grab(gcffi_worker *worker, gearman_return_t *rc);
void gcffi_worker_job_left(gcffi_worker *worker);
void gcffi_worker_job_gone(gcffi_worker *worker, gearman_job_st *job);
int gcffi_worker_wait(gcffi_worker *worker);
int gcffi_worker_echo(gcffi_worker *worker, const void *data, size_t size);
bool gcffi_worker_request_option(gcffi_worker *worker, const char *option, size_t size);
void gcffi_worker_stop(gcffi_worker *worker);
int gcffi_job_send(gearman_job_st *job, int what, const void *data, size_t size);
int gcffi_job_send_status(gearman_job_st *job, uint32_t numerator, uint32_t denominator);

extern "Python+C" int gcffi_on_signals(void);
extern "Python+C" int gcffi_on_task(gcffi_task *task, int event);
extern "Python+C" int gcffi_on_job(gearman_job_st *job, void *context);
