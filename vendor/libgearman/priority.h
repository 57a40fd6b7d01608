enum gearman_job_priority_t {
    GEARMAN_JOB_PRIORITY_HIGH,
    GEARMAN_JOB_PRIORITY_NORMAL,
    GEARMAN_JOB_PRIORITY_LOW,
    GEARMAN_JOB_PRIORITY_MAX,
    ...
};
typedef enum gearman_job_priority_t gearman_job_priority_t;
