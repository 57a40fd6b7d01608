/* What only cffi can read: structs of which Python sees a part, and the callbacks that C calls in Python. */
struct gcffi_reply {
  char handle[...];
  size_t handle_size;
  char *data;
  size_t size;
  char *error;
  uint32_t numerator;
  uint32_t denominator;
  bool known;
  bool running;
  gearman_return_t rc;
  ...;
};
struct gcffi_loop_job {
  gcffi_reply reply;
  int64_t id;
  gcffi_loop_job *next;
  ...;
};
struct gcffi_loop_update {
  int64_t id;
  int event;
  uint32_t numerator;
  uint32_t denominator;
  char handle[...];
  char *data;
  size_t size;
  gcffi_loop_update *next;
  ...;
};
struct gcffi_loop_fd {
  int fd;
  int events;
  unsigned serial;
};
struct gcffi_loop {
  gcffi_loop_job *ended;
  gcffi_loop_update *updates;
  gcffi_loop_fd *fds;
  size_t count;
  bool fds_changed;
  bool is_opening;
  int wait_ms;
  ...;
};
struct gcffi_client {
  gearman_client_st *st;
  void *owner;
  unsigned options;
  size_t orphans;
  gcffi_loop loop;
  ...;
};
struct gcffi_task {
  ...;
};
struct gcffi_job {
  gearman_job_st *st;
  gcffi_worker *worker;
  char *workload;
  size_t size;
  const char *result;
  size_t result_size;
  int rc;
  ...;
};
struct gcffi_worker {
  gearman_worker_st *st;
  bool non_blocking;
  size_t id_size;
  bool register_after_announce;
  bool wait_for_grab_reply;
  bool keep_working;
  bool functions_removed;
  bool has_news;
  int connect_timeout;
  ...;
};

extern "Python+C" int gcffi_on_signals(void);
extern "Python+C" int gcffi_on_task(void *owner, int64_t task, int event, const char *data, size_t size);
extern "Python+C" int gcffi_on_job(void *context, gcffi_job *job);
