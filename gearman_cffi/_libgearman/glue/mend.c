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

enum { HEAD = 12, COMMAND = 7, WORK_FAIL = 14, WORK_EXCEPTION = 25 };

static size_t packet_size(const unsigned char *head) {
  uint32_t data = (uint32_t)head[8] << 24 | (uint32_t)head[9] << 16 | (uint32_t)head[10] << 8 | head[11];
  return HEAD + (size_t)data;
}

/* How much of n bytes, which begin with a packet's head, can be taken; what of the last packet is still to come. */
static size_t takable(unsigned char *bytes, size_t n, size_t *rest, bool mend) {
  size_t at = 0;
  *rest = 0;
  while (at + HEAD <= n && memcmp(bytes + at, "\0RES", 4) == 0) {
    unsigned char *head = bytes + at;
    size_t size = packet_size(head);
    bool whole = at + size <= n;
    if (head[COMMAND] == WORK_FAIL && size > HEAD && size < 2 * GEARMAN_JOB_HANDLE_SIZE) {
      if (!whole) {
        return at;
      }
      if (mend && head[size - 1] == '\0') {
        head[COMMAND] = WORK_EXCEPTION;
      }
    }
    if (!whole) {
      *rest = at + size - n;
      return n;
    }
    at += size;
  }
  return at + HEAD <= n ? n : at; /* what is no packet is libgearman's to complain of */
}

static gcffi_stream *stream_of(gcffi_client *client, int fd) {
  gcffi_stream *unused = &client->streams[0];
  for (int i = 0; i < GCFFI_CARRIERS; i++) {
    if (client->streams[i].fd == fd) {
      return &client->streams[i];
    }
    if (client->streams[i].fd == 0) {
      unused = &client->streams[i];
    }
  }
  *unused = (gcffi_stream){.fd = fd};
  return unused;
}

ssize_t gcffi_receive_mended(gcffi_client *client, int fd, void *data, size_t size, int flags) {
  gcffi_stream *stream = stream_of(client, fd);
  if (stream->rest == 0) {
    ssize_t seen = recv(fd, data, size, flags | MSG_PEEK);
    if (seen <= 0) {
      return seen;
    }
    size = takable(data, (size_t)seen, &stream->rest, false);
    if (size == 0) {
      errno = EAGAIN; /* the rest of a head, or of a short packet, is on its way */
      return -1;
    }
    ssize_t got = recv(fd, data, size, flags);
    if (got > 0) {
      takable(data, (size_t)got, &stream->rest, true);
    }
    return got;
  }
  ssize_t got = recv(fd, data, size < stream->rest ? size : stream->rest, flags);
  if (got > 0) {
    stream->rest -= (size_t)got;
  }
  return got;
}

void gcffi_stream_closed(gcffi_client *client, int fd) {
  for (int i = 0; i < GCFFI_CARRIERS; i++) {
    if (client->streams[i].fd == fd) {
      client->streams[i] = (gcffi_stream){0};
    }
  }
}
