/* A client's servers, stored beside libgearman's own list, so that recover.c can add them again. */
#define _GNU_SOURCE
#include "client.h"

#include <stdlib.h>
#include <string.h>

static gearman_return_t remember(const char *host, in_port_t port, void *context) {
  gcffi_client *client = context;
  gcffi_server *more = realloc(client->servers, (client->server_count + 1) * sizeof *more);
  if (!more) {
    return GEARMAN_MEMORY_ALLOCATION_FAILURE;
  }
  client->servers = more;
  more += client->server_count;
  *more = (gcffi_server){.host = host ? strdup(host) : NULL, .port = port};
  if (host && !more->host) {
    return GEARMAN_MEMORY_ALLOCATION_FAILURE;
  }
  client->server_count++;
  return GEARMAN_SUCCESS;
}

static gearman_return_t add(const char *host, in_port_t port, void *context) {
  gcffi_client *client = context;
  gearman_return_t rc = gearman_client_add_server(client->st, host, port);
  return rc == GEARMAN_SUCCESS ? remember(host, port, context) : rc;
}

int gcffi_client_add_server(gcffi_client *client, const char *host, in_port_t port) {
  gcffi_call call;
  int rc = gcffi_call_begin_in_callback(&call, &client->guard, -1);
  if (rc == 0) {
    client->has_error = false;
    rc = gcffi_call_end(&call, (int)add(host, port, client));
  }
  return rc;
}

int gcffi_client_add_servers(gcffi_client *client, const char *servers) {
  gcffi_call call;
  int rc = gcffi_call_begin_in_callback(&call, &client->guard, -1);
  if (rc == 0) {
    client->has_error = false;
    rc = gcffi_call_end(&call, (int)gearman_parse_servers(servers, add, client));
  }
  return rc;
}

/* gearman_client_create() has added them already. */
gearman_return_t gcffi_remember_environment(gcffi_client *client) {
  const char *servers = getenv("GEARMAN_SERVERS");
  return servers ? gearman_parse_servers(servers, remember, client) : GEARMAN_SUCCESS;
}

/* rotation: how many of them to move to the end, so that another one is the first to be submitted to. */
gearman_return_t gcffi_copy_servers(gcffi_client *client, const gcffi_client *from, size_t rotation) {
  gearman_return_t rc = GEARMAN_SUCCESS;
  for (size_t i = 0; i < from->server_count && rc == GEARMAN_SUCCESS; i++) {
    const gcffi_server *server = &from->servers[(i + rotation) % from->server_count];
    rc = remember(server->host, server->port, client);
  }
  return rc;
}

void gcffi_forget_servers(gcffi_client *client) {
  for (size_t i = 0; i < client->server_count; i++) {
    free(client->servers[i].host);
  }
  free(client->servers);
}

/* Adds all servers to libgearman again, in their order. Host names are looked up again. */
gearman_return_t gcffi_client_readd_servers(gcffi_client *client) {
  gearman_client_remove_servers(client->st);
  client->reply_pending = false;
  for (size_t i = 0; i < client->server_count; i++) {
    gearman_return_t rc = gearman_client_add_server(client->st, client->servers[i].host, client->servers[i].port);
    if (rc != GEARMAN_SUCCESS) {
      client->servers_missing = true;
      return rc;
    }
  }
  client->servers_missing = false;
  return GEARMAN_SUCCESS;
}

void gcffi_client_worsen(gcffi_client *client, gcffi_health health) {
  client->health = health > client->health ? health : client->health;
}

/* All connections are closed: forget what was wrong with them. */
void gcffi_client_mark_good(gcffi_client *client) {
  client->health = GCFFI_CONNS_GOOD;
  client->skipped_count = client->connections = 0;
  client->left_out_until = GCFFI_NEVER;
}

/* Leaves libgearman without servers; see gcffi_client_readd_servers(). */
void gcffi_client_disconnect_all(gcffi_client *client) {
  gcffi_call call;
  gcffi_call_push(&call, -1);
  gearman_client_remove_servers(client->st);
  gcffi_call_pop(&call);
  gcffi_client_mark_good(client);
}
