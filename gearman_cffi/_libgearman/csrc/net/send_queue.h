/* What was sent over a connection and the kernel does not take; see send_queue.c. */
#ifndef GCFFI_SEND_QUEUE_H
#define GCFFI_SEND_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
  size_t users; /* connections that have the same socket; see worker/attempts.c */
  char *bytes;  /* malloc()ed */
  size_t begin, end, room;
  uint64_t sent; /* bytes that the kernel has taken */
  bool is_lost;  /* the rest was given up with the connection */
} gcffi_send_queue;

gcffi_send_queue *gcffi_send_queue_open(void);
gcffi_send_queue *gcffi_send_queue_share(gcffi_send_queue *queue);
void gcffi_send_queue_close(gcffi_send_queue *queue);
ssize_t gcffi_send_queue_send(gcffi_send_queue *queue, int fd, const void *data, size_t size, int flags);
void gcffi_send_queue_flush(gcffi_send_queue *queue, int fd);
static inline size_t gcffi_send_queue_size(const gcffi_send_queue *queue) { return queue->end - queue->begin; }

#endif
