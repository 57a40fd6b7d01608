enum gearman_task_attr_kind_t {
    GEARMAN_TASK_ATTR_FOREGROUND,
    GEARMAN_TASK_ATTR_BACKGROUND,
    GEARMAN_TASK_ATTR_EPOCH,
    ...
};

struct gearman_task_attr_t {
    enum gearman_task_attr_kind_t kind;
    gearman_job_priority_t priority;
    ...;
};

gearman_task_st *gearman_next(gearman_task_st *task);
gearman_task_attr_t gearman_task_attr_init(gearman_job_priority_t priority);
gearman_task_attr_t gearman_task_attr_init_epoch(time_t epoch, gearman_job_priority_t priority);
gearman_task_attr_t gearman_task_attr_init_background(gearman_job_priority_t priority);
