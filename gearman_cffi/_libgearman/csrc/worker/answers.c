/* The answers that a worker's servers owe it: to its requests for jobs, and to the results that it has sent. */
#include "worker.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The answer to a request for a job is to come over this connection. If there is no memory, stop() does not wait for it. */
void gcffi_worker_await_answer(gcffi_worker *worker, gcffi_conn *conn) {
  size_t i = 0;
  conn->carries = worker;
  while (i < worker->asked_count && worker->asked[i] != conn->fd) {
    i++;
  }
  if (i == worker->asked_count) {
    int *more = realloc(worker->asked, (i + 1) * sizeof *more);
    if (more) {
      more[i] = conn->fd;
      worker->asked = more;
      worker->asked_count++;
    }
  }
}

/* Over a connection that libgearman takes over: another worker of libgearman's has asked. */
void gcffi_worker_note_late(gcffi_worker *worker, gcffi_conn *conn) {
  conn->grab = GCFFI_GRAB_LATE;
  conn->may_reject = true;
  gcffi_worker_await_answer(worker, conn);
}

/* How many servers are connected that were asked for a job. address: only there; NULL for anywhere. */
static size_t count_connected(const gcffi_worker *worker, const gcffi_address *address) {
  size_t count = 0;
  for (size_t i = 0; i < worker->asked_count; i++) {
    const gcffi_conn *conn = gcffi_conn_of(worker->asked[i]);
    count += conn && conn->carries == worker && (!address || gcffi_address_is(&conn->address, address));
  }
  return count;
}

size_t gcffi_worker_count_connected(const gcffi_worker *worker) { return count_connected(worker, NULL); }

bool gcffi_worker_is_connected(const gcffi_worker *worker) { return gcffi_worker_count_connected(worker) > 0; }

bool gcffi_worker_is_connected_to(const gcffi_worker *worker, const gcffi_address *address) {
  return count_connected(worker, address) > 0;
}

/* libgearman's worker is replaced. */
void gcffi_worker_await_none(gcffi_worker *worker) {
  for (size_t i = 0; i < worker->asked_count; i++) {
    gcffi_conn *conn = gcffi_conn_of(worker->asked[i]);
    if (conn && conn->carries == worker) {
      conn->carries = NULL;
    }
  }
  worker->asked_count = 0;
}

/* Whether a server may be about to assign a job. */
bool gcffi_worker_awaits_answer(const gcffi_worker *worker) {
  for (size_t i = 0; i < worker->asked_count; i++) {
    const gcffi_conn *conn = gcffi_conn_of(worker->asked[i]);
    if (conn && conn->carries == worker && conn->grab != GCFFI_GRAB_ANSWERED) {
      return true;
    }
  }
  return worker->kept_count > 0;
}

/* Whether a server has rejected the answer to a job since the last time that this was asked. Sets the error. */
bool gcffi_worker_was_rejected(gcffi_worker *worker) {
  bool was_rejected = false;
  for (size_t i = 0; i < worker->asked_count; i++) {
    gcffi_conn *conn = gcffi_conn_of(worker->asked[i]);
    if (conn && conn->carries == worker && conn->was_rejected) {
      conn->was_rejected = false;
      was_rejected = true;
    }
  }
  if (!was_rejected) {
    return false;
  }
  worker->has_error = true;
  strcpy(worker->error, "gearman_worker_grab_job(GEARMAN_UNEXPECTED_PACKET) unexpected packet:GEARMAN_ERROR");
  return true;
}

/* Whether something else has come than packets that only wake the worker up. */
static bool has_more_than_noops(const gcffi_conn *conn) {
  unsigned char bytes[64 * GCFFI_HEAD];
  size_t at = 0, begun = conn->in.head_size % GCFFI_HEAD;
  memcpy(bytes, conn->in.head, begun);
  ssize_t more = recv(conn->fd, bytes + begun, sizeof bytes - begun, MSG_PEEK | MSG_DONTWAIT);
  size_t size = more > 0 ? begun + (size_t)more : 0;
  while (!conn->in.rest && size - at >= GCFFI_HEAD && gcffi_is_noop(bytes + at, GCFFI_HEAD)) {
    at += GCFFI_HEAD;
  }
  return more == 0 || size - at >= (conn->in.rest ? 1 : GCFFI_HEAD);
}

/* Whether a late answer is there. Then no other server is asked: libgearman would stay with it as long as it has jobs. */
bool gcffi_worker_has_late_answer(const gcffi_worker *worker) {
  bool any = false;
  for (size_t i = 0; i < worker->asked_count && !any; i++) {
    const gcffi_conn *conn = gcffi_conn_of(worker->asked[i]);
    any = conn && conn->carries == worker && conn->grab == GCFFI_GRAB_LATE && has_more_than_noops(conn);
  }
  return any;
}
