struct gearman_argument_t {
    gearman_string_t name;
    gearman_string_t value;
};
