struct gearman_allocator_t {
    gearman_calloc_fn *calloc;
    gearman_free_fn *free;
    gearman_malloc_fn *malloc;
    gearman_realloc_fn *realloc;
    void *context;
    ...;
};
