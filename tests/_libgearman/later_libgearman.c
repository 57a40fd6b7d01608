/* Stands before the system's libgearman (LD_PRELOAD) and adds what 2.0 brought: TLS for workers, and waits that a signal
 * ends where the option is set. Everything else is the system's. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include <libgearman-1.0/gearman.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define CLIENT_STOP_WAIT_ON_SIGNAL (1 << 10)
#define WORKER_STOP_WAIT_ON_SIGNAL (1 << 13)

const char *gearman_version(void) { return "2.0.0"; }

/* -------------------------------------------------------------------------------------------------------------- TLS */

/* A library that was built with OpenSSL imports this. */
void SSL_new(void) __attribute__((weak));
void *imports_openssl(void) { return (void *)SSL_new; }

/* The library is known by where this function is. */
gearman_client_st *gearman_client_create(gearman_client_st *client) { return REAL(gearman_client_create)(client); }

static char tls[256];
const char *tls_of_worker(void) { return tls; }

void gearman_worker_set_ssl(gearman_worker_st *worker, bool ssl, const char *ca, const char *certificate, const char *key) {
  (void)worker;
  snprintf(tls, sizeof tls, "%d %s %s %s", ssl, ca, certificate, key);
}

/* ------------------------------------------------------------------------------------- waits that a signal ends */

static bool asked, ended;
static int waits_ended;
int waits_ended_by_signals(void) { return waits_ended; }

void gearman_client_add_options(gearman_client_st *client, gearman_client_options_t options) {
  asked = asked || (options & CLIENT_STOP_WAIT_ON_SIGNAL);
  REAL(gearman_client_add_options)(client, options);
}

void gearman_client_remove_options(gearman_client_st *client, gearman_client_options_t options) {
  asked = asked && !(options & CLIENT_STOP_WAIT_ON_SIGNAL);
  REAL(gearman_client_remove_options)(client, options);
}

void gearman_worker_add_options(gearman_worker_st *worker, gearman_worker_options_t options) {
  asked = asked || (options & WORKER_STOP_WAIT_ON_SIGNAL);
  REAL(gearman_worker_add_options)(worker, options);
}

void gearman_worker_remove_options(gearman_worker_st *worker, gearman_worker_options_t options) {
  asked = asked && !(options & WORKER_STOP_WAIT_ON_SIGNAL);
  REAL(gearman_worker_remove_options)(worker, options);
}

/* The system's libgearman would wait on after a signal; a poll that is in time for nothing makes it return. */
int poll(struct pollfd *fds, nfds_t count, int timeout) {
  int ready = REAL(poll)(fds, count, timeout);
  if (ready < 0 && errno == EINTR && asked) {
    ended = true;
    waits_ended++;
    return 0;
  }
  return ready;
}

static gearman_return_t outcome(gearman_return_t rc) {
  rc = ended ? GEARMAN_IO_WAIT : rc;
  ended = false;
  return rc;
}

gearman_return_t gearman_client_wait(gearman_client_st *client) { return outcome(REAL(gearman_client_wait)(client)); }
gearman_return_t gearman_worker_wait(gearman_worker_st *worker) { return outcome(REAL(gearman_worker_wait)(worker)); }
