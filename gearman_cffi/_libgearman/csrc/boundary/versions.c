/* What the libgearman that was loaded has. */
#include "versions.h"

#include <string.h>

#include "api.h"

gcffi_loaded gcffi_library;

/* Otherwise waits are made in slices (pollset.c). */
bool gcffi_waits_are_ours(void) { return gcffi_library.waits_are_ours; }

/* Q41: answers would go to other jobs. */
bool gcffi_is_unsafe(void) { return gcffi_library.compares_prefixes && !gcffi_library.handles_are_ours; }

bool gcffi_has_tls(void) { return gcffi_library.has_tls; }

bool gcffi_has(const char *name) {
  const struct {
    const char *name;
    bool there;
  } optional[] = {
      {"gearman_client_namespace", gearman_client_namespace != NULL},
      {"gearman_worker_set_ssl", gearman_worker_set_ssl != NULL},
      {"gearman_worker_shutdown_handle", gearman_worker_shutdown_handle != NULL},
  };
  for (size_t i = 0; i < sizeof optional / sizeof *optional; i++) {
    if (strcmp(name, optional[i].name) == 0) {
      return optional[i].there;
    }
  }
  return false;
}
