/* Makes every connection that is opened from now on ask for the exceptions of workers. libgearman remembers a request
 * only when every server has granted it, so it is shown one that does, without a network: see stand_ins.c. */
#define _GNU_SOURCE
#include "glue.h"

const char gcffi_granted[GCFFI_GRANTED] = {"\0RES\0\0\0\x1b\0\0\0\x0a" "exceptions"}; /* OPTION_RES with ten bytes */

/* Drops all connections. */
void gcffi_rehearse_exceptions(gcffi_client *client) {
  gcffi_scope scope;
  if (!gcffi_is_interposed()) {
    return;
  }
  gcffi_drop_connections(client);
  gcffi_enter(&scope, -1);
  scope.rehearsal = true;
  gearman_client_add_server(client->st, "127.0.0.1", 4730);
  client->exceptions = gearman_client_set_server_option(client->st, "exceptions", sizeof "exceptions" - 1);
  gcffi_leave(&scope);
  gcffi_restore_servers(client);
}

void gcffi_await_exceptions(gcffi_client *client) {
  if (!client->exceptions && !client->tasks) {
    gcffi_keep_error(client);
    gcffi_rehearse_exceptions(client);
  }
}

int gcffi_client_expect_exceptions(gcffi_client *client) {
  int rc = gcffi_take(&client->guard);
  if (rc == 0) {
    gcffi_await_exceptions(client);
    gcffi_give_back(&client->guard);
  }
  return rc;
}
