enum gearman_client_t {
    GEARMAN_CLIENT_STATE_IDLE,
    GEARMAN_CLIENT_STATE_NEW,
    GEARMAN_CLIENT_STATE_SUBMIT,
    GEARMAN_CLIENT_STATE_PACKET,
    ...
};

gearman_client_st *gearman_client_create(gearman_client_st *client);
gearman_client_st *gearman_client_clone(gearman_client_st *client, const gearman_client_st *from);
void gearman_client_free(gearman_client_st *client);
const char *gearman_client_error(const gearman_client_st *client);
gearman_return_t gearman_client_error_code(const gearman_client_st *client);
int gearman_client_errno(const gearman_client_st *client);
gearman_client_options_t gearman_client_options(const gearman_client_st *client);
void gearman_client_set_options(gearman_client_st *client, gearman_client_options_t options);
void gearman_client_add_options(gearman_client_st *client, gearman_client_options_t options);
bool gearman_client_has_option(gearman_client_st *client, gearman_client_options_t option);
void gearman_client_remove_options(gearman_client_st *client, gearman_client_options_t options);
int gearman_client_timeout(gearman_client_st *client);
void gearman_client_set_timeout(gearman_client_st *client, int timeout);
void gearman_client_set_ssl(gearman_client_st *client, bool ssl, const char *ca_file, const char *certificate,
    const char *key_file);
void *gearman_client_context(const gearman_client_st *client);
void gearman_client_set_context(gearman_client_st *client, void *context);
void gearman_client_set_log_fn(gearman_client_st *client, gearman_log_fn *function, void *context,
    gearman_verbose_t verbose);
void gearman_client_set_workload_malloc_fn(gearman_client_st *client, gearman_malloc_fn *function,
    void *context);
void gearman_client_set_workload_free_fn(gearman_client_st *client, gearman_free_fn *function, void *context);
gearman_return_t gearman_client_set_memory_allocators(gearman_client_st *, gearman_malloc_fn *malloc_fn,
    gearman_free_fn *free_fn, gearman_realloc_fn *realloc_fn, gearman_calloc_fn *calloc_fn, void *context);
gearman_return_t gearman_client_add_server(gearman_client_st *client, const char *host, in_port_t port);
gearman_return_t gearman_client_add_servers(gearman_client_st *client, const char *servers);
void gearman_client_remove_servers(gearman_client_st *client);
gearman_return_t gearman_client_wait(gearman_client_st *client);
void *gearman_client_do(gearman_client_st *client, const char *function_name, const char *unique,
    const void *workload, size_t workload_size, size_t *result_size, gearman_return_t *ret_ptr);
void *gearman_client_do_high(gearman_client_st *client, const char *function_name, const char *unique,
    const void *workload, size_t workload_size, size_t *result_size, gearman_return_t *ret_ptr);
void *gearman_client_do_low(gearman_client_st *client, const char *function_name, const char *unique,
    const void *workload, size_t workload_size, size_t *result_size, gearman_return_t *ret_ptr);
const char *gearman_client_do_job_handle(gearman_client_st *client);
void gearman_client_do_status(gearman_client_st *client, uint32_t *numerator, uint32_t *denominator);
gearman_return_t gearman_client_do_background(gearman_client_st *client, const char *function_name,
    const char *unique, const void *workload, size_t workload_size, gearman_job_handle_t job_handle);
gearman_return_t gearman_client_do_high_background(gearman_client_st *client, const char *function_name,
    const char *unique, const void *workload, size_t workload_size, gearman_job_handle_t job_handle);
gearman_return_t gearman_client_do_low_background(gearman_client_st *client, const char *function_name,
    const char *unique, const void *workload, size_t workload_size, gearman_job_handle_t job_handle);
gearman_return_t gearman_client_job_status(gearman_client_st *client, const gearman_job_handle_t job_handle,
    bool *is_known, bool *is_running, uint32_t *numerator, uint32_t *denominator);
gearman_status_t gearman_client_unique_status(gearman_client_st *client, const char *unique,
    size_t unique_length);
gearman_task_st *gearman_client_add_task_status_by_unique(gearman_client_st *client,
    gearman_task_st *task_ptr, const char *unique_handle, gearman_return_t *ret_ptr);
gearman_return_t gearman_client_echo(gearman_client_st *client, const void *workload, size_t workload_size);
void gearman_client_task_free_all(gearman_client_st *client);
void gearman_client_set_task_context_free_fn(gearman_client_st *client,
    gearman_task_context_free_fn *function);
gearman_task_st *gearman_client_add_task(gearman_client_st *client, gearman_task_st *task, void *context,
    const char *function_name, const char *unique, const void *workload, size_t workload_size,
    gearman_return_t *ret_ptr);
gearman_task_st *gearman_client_add_task_high(gearman_client_st *client, gearman_task_st *task, void *context,
    const char *function_name, const char *unique, const void *workload, size_t workload_size,
    gearman_return_t *ret_ptr);
gearman_task_st *gearman_client_add_task_low(gearman_client_st *client, gearman_task_st *task, void *context,
    const char *function_name, const char *unique, const void *workload, size_t workload_size,
    gearman_return_t *ret_ptr);
gearman_task_st *gearman_client_add_task_background(gearman_client_st *client, gearman_task_st *task,
    void *context, const char *function_name, const char *unique, const void *workload, size_t workload_size,
    gearman_return_t *ret_ptr);
gearman_task_st *gearman_client_add_task_high_background(gearman_client_st *client, gearman_task_st *task,
    void *context, const char *function_name, const char *unique, const void *workload, size_t workload_size,
    gearman_return_t *ret_ptr);
gearman_task_st *gearman_client_add_task_low_background(gearman_client_st *client, gearman_task_st *task,
    void *context, const char *function_name, const char *unique, const void *workload, size_t workload_size,
    gearman_return_t *ret_ptr);
gearman_task_st *gearman_client_add_task_status(gearman_client_st *client, gearman_task_st *task,
    void *context, const char *job_handle, gearman_return_t *ret_ptr);
void gearman_client_set_workload_fn(gearman_client_st *client, gearman_workload_fn *function);
void gearman_client_set_created_fn(gearman_client_st *client, gearman_created_fn *function);
void gearman_client_set_data_fn(gearman_client_st *client, gearman_data_fn *function);
void gearman_client_set_warning_fn(gearman_client_st *client, gearman_warning_fn *function);
void gearman_client_set_status_fn(gearman_client_st *client, gearman_universal_status_fn *function);
void gearman_client_set_complete_fn(gearman_client_st *client, gearman_complete_fn *function);
void gearman_client_set_exception_fn(gearman_client_st *client, gearman_exception_fn *function);
void gearman_client_set_fail_fn(gearman_client_st *client, gearman_fail_fn *function);
void gearman_client_clear_fn(gearman_client_st *client);
gearman_return_t gearman_client_run_tasks(gearman_client_st *client);
bool gearman_client_compare(const gearman_client_st *first, const gearman_client_st *second);
bool gearman_client_set_server_option(gearman_client_st *self, const char *option_arg,
    size_t option_arg_size);
void gearman_client_set_namespace(gearman_client_st *self, const char *namespace_key,
    size_t namespace_key_size);
gearman_return_t gearman_client_set_identifier(gearman_client_st *client, const char *id, size_t id_size);
const char *gearman_client_namespace(gearman_client_st *self);
bool gearman_client_has_tasks(const gearman_client_st *client);
bool gearman_client_has_active_tasks(gearman_client_st *client);
