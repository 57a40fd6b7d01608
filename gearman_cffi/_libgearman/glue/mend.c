/* A client that has not asked for the exceptions of workers is sent a WORK_FAIL in their place, and gearmand 1.1.20
 * leaves a NUL after the handle in it. libgearman then takes the packet for one of another client, and waits for
 * ever. Turned into a WORK_EXCEPTION, of which that form is a correct one, it is recognized; tasks.c knows one without a
 * text for what it is.
 *
 * So that no packet's head is passed on before its end can be seen, what is there is looked at first and then taken up
 * to the last whole packet or head. Only clients without exceptions pay for it. */
#define _GNU_SOURCE
#include "glue.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum { WORK_FAIL = 14, WORK_EXCEPTION = 25 };

/* How much of n bytes, which begin with a packet's head, can be taken. mend: they have been. */
static size_t takable(unsigned char *bytes, size_t n, bool mend) {
  size_t at = 0;
  while (at + GCFFI_HEAD <= n && memcmp(bytes + at, "\0RES", 4) == 0) {
    unsigned char *head = bytes + at;
    size_t size = GCFFI_HEAD + gcffi_data_size(head);
    bool whole = at + size <= n;
    if (head[GCFFI_COMMAND] == WORK_FAIL && size > GCFFI_HEAD && size < 2 * GEARMAN_JOB_HANDLE_SIZE) {
      if (!whole) {
        return at;
      }
      if (mend && head[size - 1] == '\0') {
        head[GCFFI_COMMAND] = WORK_EXCEPTION;
      }
    }
    if (!whole) {
      return n;
    }
    at += size;
  }
  bool is_none = at < n && (bytes[at] != 0 || at + GCFFI_HEAD <= n);
  return is_none ? n : at; /* what is no packet is not mended */
}

/* recv() on a connection whose packets have been followed up to this place. */
ssize_t gcffi_receive_mended(gcffi_scope *scope, const gcffi_place *place, int fd, void *data, size_t size,
                             int flags) {
  if (place->rest) {
    return gcffi_receive_directly(scope, fd, data, size < place->rest ? size : place->rest, flags);
  }
  ssize_t seen = gcffi_receive_directly(scope, fd, data, size, flags | MSG_PEEK);
  if (seen <= 0) {
    return seen;
  }
  gcffi_await_more(scope, fd, 0);
  size = takable(data, (size_t)seen, false);
  if (size == 0 && !gcffi_has_ended(fd)) {
    gcffi_await_more(scope, fd, seen); /* the rest of a head, or of a short packet, is on its way */
    errno = EAGAIN;
    return -1;
  }
  size = size ? size : (size_t)seen;
  ssize_t got = gcffi_receive_directly(scope, fd, data, size, flags);
  if (got > 0) {
    takable(data, (size_t)got, true);
  }
  return got;
}
