typedef char gearman_job_handle_t[...];
