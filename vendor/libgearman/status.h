enum gearman_status_version_t {
    GEARMAN_STATUS_V1,
    ...
};

struct gearman_status_t {
    ...;
};

gearman_return_t gearman_status_return(const struct gearman_status_t arg);
bool gearman_status_is_known(const struct gearman_status_t arg);
bool gearman_status_is_running(const struct gearman_status_t arg);
uint32_t gearman_status_numerator(const struct gearman_status_t arg);
uint32_t gearman_status_denominator(const struct gearman_status_t arg);
