/* Makes every connection that is opened from now on ask for the exceptions of workers. libgearman remembers a request
 * only when every server has granted it, so it is shown one that does. Where recv() is replaced the server's part is played
 * in its place, without a network (stand_ins.c); elsewhere by a thread, at a socket of its own. */
#define _GNU_SOURCE
#include "glue.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 1000

const char gcffi_granted[GCFFI_GRANTED] = "\0RES\0\0\0\x1b\0\0\0\x0a" "exceptions"; /* OPTION_RES with ten bytes */

static bool ask(gcffi_client *client, in_port_t port) {
  gearman_client_remove_options(client->st, GEARMAN_CLIENT_NON_BLOCKING);
  bool granted = gearman_client_add_server(client->st, "127.0.0.1", port) == GEARMAN_SUCCESS &&
                 gearman_client_set_server_option(client->st, "exceptions", sizeof "exceptions" - 1);
  gearman_client_add_options(client->st, GEARMAN_CLIENT_NON_BLOCKING);
  return granted;
}

/* Grants what the one that connects will ask for, and waits until it goes away. */
static void *play_server(void *argument) {
  struct pollfd caller = {.fd = *(int *)argument, .events = POLLIN};
  char asked[64];
  if (poll(&caller, 1, PATIENCE_MS) == 1) {
    int fd = accept(caller.fd, NULL, NULL);
    send(fd, gcffi_granted, sizeof gcffi_granted, 0);
    while (recv(fd, asked, sizeof asked, 0) > 0) {
    }
    close(fd);
  }
  return NULL;
}

/* A listening socket; its port, or 0. */
static in_port_t listen_at(int fd) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  bool listens = fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
                 bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0 &&
                 getsockname(fd, (struct sockaddr *)&address, &size) == 0;
  return listens ? ntohs(address.sin_port) : 0;
}

static bool start(pthread_t *server, int *fd) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  bool started = pthread_create(server, NULL, play_server, fd) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

static bool ask_thread(gcffi_client *client) {
  pthread_t server;
  bool granted = false;
  int timeout = gearman_client_timeout(client->st), fd = socket(AF_INET, SOCK_STREAM, 0);
  in_port_t port = listen_at(fd);
  if (port && start(&server, &fd)) {
    gearman_client_set_timeout(client->st, PATIENCE_MS);
    granted = ask(client, port);
    gearman_client_remove_servers(client->st); /* which ends the connection, and so the thread */
    gearman_client_set_timeout(client->st, timeout);
    pthread_join(server, NULL);
  }
  if (fd >= 0) {
    close(fd);
  }
  return granted;
}

/* Drops all connections. */
void gcffi_rehearse_exceptions(gcffi_client *client) {
  gcffi_scope scope;
  gearman_client_remove_servers(client->st);
  gcffi_enter(&scope, -1);
  if (gcffi_is_interposed()) {
    scope.rehearsal = true;
    client->exceptions = ask(client, 4730);
  } else {
    client->exceptions = ask_thread(client);
  }
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
    client->shows_exceptions = true;
    gcffi_give_back(&client->guard);
  }
  return rc;
}
