/* What was sent over a connection and the kernel does not take, because the server does not read.
 *
 * TCP gives a connection up if nothing goes out for 30 s (tcp.c). Then the rest is lost. */
#define _GNU_SOURCE
#include "send_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* NULL if there is no memory. */
gcffi_send_queue *gcffi_send_queue_open(void) {
  gcffi_send_queue *queue = calloc(1, sizeof *queue);
  if (queue) {
    queue->users = 1;
  }
  return queue;
}

/* For another connection with the same socket. */
gcffi_send_queue *gcffi_send_queue_share(gcffi_send_queue *queue) {
  if (queue) {
    queue->users++;
  }
  return queue;
}

void gcffi_send_queue_close(gcffi_send_queue *queue) {
  if (queue && --queue->users == 0) {
    free(queue->bytes);
    free(queue);
  }
}

static void clear(gcffi_send_queue *queue) {
  free(queue->bytes);
  queue->bytes = NULL;
  queue->begin = queue->end = queue->room = 0;
}

/* libgearman learns of it when it receives. */
static void give_up(gcffi_send_queue *queue, int fd) {
  queue->is_lost = true;
  clear(queue);
  shutdown(fd, SHUT_RDWR);
}

static bool append(gcffi_send_queue *queue, const char *data, size_t size) {
  size_t queued = gcffi_send_queue_size(queue);
  if (queue->room - queue->end < size) {
    memmove(queue->bytes, queue->bytes + queue->begin, queued);
    queue->begin = 0;
    queue->end = queued;
  }
  if (queue->room - queue->end < size) {
    size_t room = queued + size > 2 * queue->room ? queued + size : 2 * queue->room;
    char *more = realloc(queue->bytes, room);
    if (!more) {
      return false;
    }
    queue->bytes = more;
    queue->room = room;
  }
  memcpy(queue->bytes + queue->end, data, size);
  queue->end += size;
  return true;
}

/* send() that queues what the kernel does not take. So it returns size, or -1 if the connection is lost. */
ssize_t gcffi_send_queue_send(gcffi_send_queue *queue, int fd, const void *data, size_t size, int flags) {
  if (queue->is_lost) {
    return errno = ECONNRESET, -1;
  }
  ssize_t moved = gcffi_send_queue_size(queue) ? 0 : send(fd, data, size, flags | MSG_DONTWAIT);
  if (moved < 0 && errno != EAGAIN && errno != EINTR) {
    return -1;
  }
  size_t sent = moved < 0 ? 0 : (size_t)moved;
  queue->sent += sent;
  if (sent < size && !append(queue, (const char *)data + sent, size - sent)) {
    give_up(queue, fd);
    return errno = ECONNRESET, -1;
  }
  return (ssize_t)size;
}

/* Sends what the kernel takes now. */
void gcffi_send_queue_flush(gcffi_send_queue *queue, int fd) {
  size_t size = gcffi_send_queue_size(queue);
  ssize_t moved = size ? send(fd, queue->bytes + queue->begin, size, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
  if (moved < 0 && errno != EAGAIN && errno != EINTR) {
    give_up(queue, fd);
  }
  if (moved > 0) {
    queue->begin += (size_t)moved;
    queue->sent += (size_t)moved;
  }
  if (moved > 0 && (size_t)moved == size) {
    clear(queue);
  }
}
