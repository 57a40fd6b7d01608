void *gearman_aggegator_context(gearman_aggregator_st *self);
