struct gearman_actions_t {
    gearman_workload_fn *workload_fn;
    gearman_created_fn *created_fn;
    gearman_data_fn *data_fn;
    gearman_warning_fn *warning_fn;
    gearman_universal_status_fn *status_fn;
    gearman_complete_fn *complete_fn;
    gearman_exception_fn *exception_fn;
    gearman_fail_fn *fail_fn;
    ...;
};
