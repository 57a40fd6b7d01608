enum gearman_function_kind_t {
    GEARMAN_WORKER_FUNCTION_NULL,
    GEARMAN_WORKER_FUNCTION_V1,
    GEARMAN_WORKER_FUNCTION_V2,
    GEARMAN_WORKER_FUNCTION_PARTITION,
    ...
};

struct gearman_function_t {
    ...;
};
typedef struct gearman_function_t gearman_function_t;
