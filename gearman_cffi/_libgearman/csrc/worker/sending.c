/* Sending without a wait, for a worker that runs several jobs at once: a server that does not read must not keep it from
 * the jobs of other servers. What the kernel does not take is queued (net/send_queue.c), and sent while the worker waits. */
#include "worker.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

/* From now on the connection has this queue. If there is no memory it has none, and sending waits. */
void gcffi_worker_add_queue(gcffi_worker *worker, gcffi_conn *conn, gcffi_send_queue *queue) {
  size_t count = 0;
  for (size_t i = 0; i < worker->queue_count; i++) {
    if (gcffi_conn_at(&worker->queues[i])) {
      worker->queues[count++] = worker->queues[i];
    }
  }
  worker->queue_count = count;
  gcffi_conn_ref *more = realloc(worker->queues, (count + 1) * sizeof *more);
  if (!more || !queue) {
    gcffi_send_queue_close(queue);
    return;
  }
  conn->queue = queue;
  more[count] = (gcffi_conn_ref){conn, conn->serial};
  worker->queues = more;
  worker->queue_count++;
}

ssize_t gcffi_worker_send_or_queue(gcffi_worker *worker, gcffi_conn *conn, const void *data, size_t size, int flags) {
  if (!conn->queue) {
    gcffi_worker_add_queue(worker, conn, gcffi_send_queue_open());
  }
  return conn->queue ? gcffi_send_queue_send(conn->queue, conn->fd, data, size, flags) : send(conn->fd, data, size, flags);
}

/* Adds those that are not empty to what is waited for. */
void gcffi_worker_watch_queues(const gcffi_worker *worker, gcffi_pollset *pollset) {
  for (size_t i = 0; i < worker->queue_count; i++) {
    const gcffi_conn *conn = gcffi_conn_at(&worker->queues[i]);
    if (conn && gcffi_send_queue_size(conn->queue)) {
      gcffi_pollset_add(pollset, conn->fd, POLLOUT);
    }
  }
}

void gcffi_worker_flush_queues(gcffi_worker *worker) {
  for (size_t i = 0; i < worker->queue_count; i++) {
    gcffi_conn *conn = gcffi_conn_at(&worker->queues[i]);
    if (conn) {
      gcffi_send_queue_flush(conn->queue, conn->fd);
    }
  }
}

/* How many bytes its servers have not taken yet. */
size_t gcffi_worker_unsent(const gcffi_worker *worker) {
  size_t unsent = 0;
  for (size_t i = 0; i < worker->queue_count; i++) {
    const gcffi_conn *conn = gcffi_conn_at(&worker->queues[i]);
    unsent += conn ? gcffi_send_queue_size(conn->queue) : 0;
  }
  return unsent;
}

/* After a packet was sent for the job: its return code, or GEARMAN_IO_WAIT if it was queued. */
int gcffi_job_note_queued(gcffi_job *job, int rc) {
  const gcffi_conn *conn = gcffi_conn_at(&job->conn);
  if (rc != GEARMAN_SUCCESS || !conn || !conn->queue || !gcffi_send_queue_size(conn->queue)) {
    return rc;
  }
  job->queued_until = conn->queue->sent + gcffi_send_queue_size(conn->queue);
  return GEARMAN_IO_WAIT;
}

/* What has become of the last packet that was queued: GEARMAN_SUCCESS if it was sent, GEARMAN_IO_WAIT if not yet,
 * GEARMAN_LOST_CONNECTION. job: NULL after it was dropped. */
int gcffi_job_sent(const gcffi_job *job) {
  const gcffi_conn *conn = job ? gcffi_conn_at(&job->conn) : NULL;
  if (!conn || !conn->queue || conn->queue->is_lost) {
    return GEARMAN_LOST_CONNECTION;
  }
  return conn->queue->sent >= job->queued_until ? GEARMAN_SUCCESS : GEARMAN_IO_WAIT;
}
