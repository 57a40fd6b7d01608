struct gearman_string_t {
    const char *c_str;
    size_t size;
};
