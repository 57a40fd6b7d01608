/* A result that goes out with the question for the next job.
 *
 * Each packet that goes out by itself wakes the server up, and costs the worker, in whose time the kernel delivers it, as
 * much as all else that a small job needs. A worker that asks for the next job at once has the kernel hold the result
 * back until then (MSG_MORE). Whatever comes between, a wait or the end of the call, sends it off. */
#define _GNU_SOURCE
#include "glue.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#ifdef MSG_MORE

/* The flag for sending a result, where it may be held back. */
int gcffi_hold(gcffi_worker *worker, int fd) {
  if (!worker->goes_on || __atomic_load_n(&worker->stop, __ATOMIC_SEQ_CST)) {
    return 0;
  }
  worker->held = fd + 1;
  return MSG_MORE;
}

/* Before something is sent over this connection, which takes what is held back there with it; -1 for a wait. */
void gcffi_send_off(gcffi_worker *worker, int fd) {
  int on = 1;
  if (worker->held && worker->held != fd + 1) {
    setsockopt(worker->held - 1, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  worker->held = 0;
}

#else

int gcffi_hold(gcffi_worker *worker, int fd) {
  (void)worker, (void)fd;
  return 0;
}

void gcffi_send_off(gcffi_worker *worker, int fd) { (void)worker, (void)fd; }

#endif
