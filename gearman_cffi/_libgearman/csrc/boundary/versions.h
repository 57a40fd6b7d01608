/*
 * Functions that some libgearman declares but does not export, or that some versions lack.
 *
 * As weak references they bind at load time where the loaded library has them; where it has not, their address is
 * NULL, so that one binary serves every libgearman from 1.1.19 on. Test the address before calling.
 * The prototypes repeat libgearman's own: the compiler refuses them where they differ.
 */
#ifndef GEARMAN_CFFI_OPTIONAL_H
#define GEARMAN_CFFI_OPTIONAL_H

#include <libgearman-1.0/gearman.h>

/* Declared by 1.x, exported from 2.0.0 on. */
#pragma weak gearman_worker_set_ssl
void gearman_worker_set_ssl(gearman_worker_st *worker, bool ssl, const char *ca_file, const char *certificate,
                            const char *key_file);

/* Declared by every version up to 2.2.0, defined by none. */
#pragma weak gearman_worker_shutdown_handle
gearman_id_t gearman_worker_shutdown_handle(gearman_worker_st *self);

/* Defined by every version, but hidden where the library is built with symbol visibility, as distributions do. */
#pragma weak gearman_client_namespace
const char *gearman_client_namespace(gearman_client_st *self);

#endif
