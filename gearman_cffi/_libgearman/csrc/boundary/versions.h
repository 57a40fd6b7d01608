/* What the libgearman that was loaded has, so that one binary serves every version from 1.1.19 on.
 *
 * Functions that some versions lack, or declare and do not export, are weak references: their address is NULL then, so
 * test it before a call. The prototypes repeat libgearman's own: the compiler refuses them if they differ. */
#ifndef GCFFI_VERSIONS_H
#define GCFFI_VERSIONS_H

#include <stdbool.h>

#include <libgearman-1.0/gearman.h>

/* Set once, when the module is loaded (got.c). */
typedef struct {
  bool waits_are_ours;   /* its poll() is ours */
  bool all_io_is_ours;   /* all that it sends and receives without TLS goes through our functions */
  bool handles_are_ours; /* handles are compared by ours as well */
  bool compares_prefixes; /* Q41. Nothing says so but that it is 2.0: its version may be empty, or a commit */
  bool has_tls;
} gcffi_loaded;

extern gcffi_loaded gcffi_library;

/* GEARMAN_CLIENT/WORKER_STOP_WAIT_ON_SIGNAL, which 1.x has no names for and never reports. */
enum { GCFFI_CLIENT_STOPS_ON_SIGNAL = 1 << 10, GCFFI_WORKER_STOPS_ON_SIGNAL = 1 << 13 };

/* Declared by 1.x, exported from 2.0.0 on. */
#pragma weak gearman_worker_set_ssl
void gearman_worker_set_ssl(gearman_worker_st *worker, bool ssl, const char *ca_file, const char *certificate,
                            const char *key_file);

/* Declared by every version up to 2.2.0, defined by none. */
#pragma weak gearman_worker_shutdown_handle
gearman_id_t gearman_worker_shutdown_handle(gearman_worker_st *self);

/* Defined by every version, but hidden if the library is built with symbol visibility, as distributions do. */
#pragma weak gearman_client_namespace
const char *gearman_client_namespace(gearman_client_st *self);

#endif
