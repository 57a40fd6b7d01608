/* What the libgearman that was loaded has. Functions that not every version exports are weak references
 * (versions.h): in a library without them their address is NULL. */
#define _GNU_SOURCE
#include "glue.h"
#include "versions.h"

#include <string.h>

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
