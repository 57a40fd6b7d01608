/* Gearman's packets, as far as they are read here. Knows nothing of the other files. */
#ifndef GCFFI_PACKET_H
#define GCFFI_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The size of a packet's head, and where the command stands in it. */
enum { GCFFI_HEAD = 12, GCFFI_COMMAND = 7 };

/* Whom a server sends a packet to. */
typedef enum { GCFFI_TO_NOBODY = 0, GCFFI_TO_CLIENTS = 1, GCFFI_TO_WORKERS = 2, GCFFI_TO_BOTH = 3 } gcffi_audience;

/* Where in a stream of packets the next byte is. */
typedef struct gcffi_stream {
  unsigned char head[GCFFI_HEAD]; /* of the current packet */
  size_t head_size;               /* how much of it has come */
  size_t rest;                    /* bytes that are still to come after the head */
  unsigned packets;               /* that have begun */
  unsigned separators;            /* NULs between arguments that are still to come */
} gcffi_stream;

typedef enum {
  GCFFI_STREAM_GOES_ON,
  GCFFI_STREAM_HEAD,              /* a head has become complete */
  GCFFI_STREAM_ARGUMENTS_MISSING, /* a packet has ended before its arguments did */
} gcffi_stream_event;

static inline size_t gcffi_packet_data_size(const unsigned char *head) {
  return (size_t)head[8] << 24 | (size_t)head[9] << 16 | (size_t)head[10] << 8 | head[11];
}

static inline bool gcffi_stream_is_between_packets(const gcffi_stream *stream) {
  return !stream->rest && (stream->head_size == 0 || stream->head_size == GCFFI_HEAD);
}

/* Whether libgearman survives what has come of a head. Q09: it looks up a negative command in front of its table. */
static inline bool gcffi_stream_may_be_packet(const gcffi_stream *stream) {
  return stream->head[0] == 0 && (stream->head_size <= 4 || stream->head[4] <= 0x7f);
}

size_t gcffi_stream_come(const gcffi_stream *stream);
gcffi_stream_event gcffi_stream_advance(gcffi_stream *stream, const unsigned char **at, const unsigned char *end);
bool gcffi_stream_is_response_to(const gcffi_stream *stream, gcffi_audience audience);

bool gcffi_is_submission(unsigned char command);
bool gcffi_is_grab(unsigned char command);
unsigned char gcffi_bare_command(const void *data, size_t size);
bool gcffi_ends_with_grab(const void *data, size_t size);
bool gcffi_announces_functions(const void *data, size_t size);
bool gcffi_is_noop(const void *data, ssize_t size);

#endif
