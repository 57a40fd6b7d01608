/* The error text of a client's last call. */
#define _GNU_SOURCE
#include "client.h"

#include <string.h>

const char *gcffi_client_error(gcffi_client *client) {
  if (!client->has_error) {
    return gearman_client_error(client->st);
  }
  return client->error[0] ? client->error : NULL;
}

void gcffi_keep_error(gcffi_client *client) {
  const char *text = gearman_client_error(client->st);
  if (!client->has_error) {
    client->has_error = true;
    strncpy(client->error, text ? text : "", sizeof client->error - 1);
  }
}
