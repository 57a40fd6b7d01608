/* Gearman's packets, as far as they are read here. */
#include "packet.h"

#include <string.h>

#include <libgearman-1.0/gearman.h>

/* What a server sends: to whom, with how many NULs between its arguments at least, whether it is nothing but a head, or a
 * head and a handle. That must not be empty: libgearman would give the packet to the first task. */
typedef struct {
  unsigned char audience, separators;
  bool is_bare, is_handle;
} response;

static const response responses[GEARMAN_COMMAND_MAX] = {
    [GEARMAN_COMMAND_NOOP] = {GCFFI_TO_WORKERS, 0, true},
    [GEARMAN_COMMAND_JOB_CREATED] = {GCFFI_TO_CLIENTS, .is_handle = true},
    [GEARMAN_COMMAND_NO_JOB] = {GCFFI_TO_WORKERS, 0, true},
    [GEARMAN_COMMAND_JOB_ASSIGN] = {GCFFI_TO_WORKERS, 2, false},
    [GEARMAN_COMMAND_WORK_STATUS] = {GCFFI_TO_CLIENTS, 2, false},
    [GEARMAN_COMMAND_WORK_COMPLETE] = {GCFFI_TO_CLIENTS, 1, false},
    [GEARMAN_COMMAND_WORK_FAIL] = {GCFFI_TO_CLIENTS, .is_handle = true},
    [GEARMAN_COMMAND_ECHO_RES] = {GCFFI_TO_BOTH, 0, false},
    [GEARMAN_COMMAND_ERROR] = {GCFFI_TO_BOTH, 1, false},
    [GEARMAN_COMMAND_STATUS_RES] = {GCFFI_TO_CLIENTS, 4, false},
    [GEARMAN_COMMAND_WORK_EXCEPTION] = {GCFFI_TO_CLIENTS, 1, false},
    [GEARMAN_COMMAND_OPTION_RES] = {GCFFI_TO_BOTH, 0, false},
    [GEARMAN_COMMAND_WORK_DATA] = {GCFFI_TO_CLIENTS, 1, false},
    [GEARMAN_COMMAND_WORK_WARNING] = {GCFFI_TO_CLIENTS, 1, false},
    [GEARMAN_COMMAND_JOB_ASSIGN_UNIQ] = {GCFFI_TO_WORKERS, 3, false},
    [GEARMAN_COMMAND_JOB_ASSIGN_ALL] = {GCFFI_TO_WORKERS, 4, false},
    [GEARMAN_COMMAND_STATUS_RES_UNIQUE] = {GCFFI_TO_CLIENTS, 5, false},
};

static bool has_known_command(const unsigned char *head) {
  return memcmp(head + 4, "\0\0\0", 3) == 0 && head[GCFFI_COMMAND] < GEARMAN_COMMAND_MAX;
}

static bool has_magic(const unsigned char *head, const char *magic) { return memcmp(head + 1, magic, 3) == 0; }

/* How many bytes of the current packet have come. */
size_t gcffi_stream_come(const gcffi_stream *stream) {
  bool has_head = stream->head_size == GCFFI_HEAD;
  return stream->head_size + (has_head ? gcffi_packet_data_size(stream->head) - stream->rest : 0);
}

/* Moves *at on to the end of a head, of a packet, or of the data, whichever comes first. */
gcffi_stream_event gcffi_stream_advance(gcffi_stream *stream, const unsigned char **at, const unsigned char *end) {
  size_t size = (size_t)(end - *at), n;
  if (gcffi_stream_is_between_packets(stream)) {
    stream->head_size = 0;
    stream->packets++;
  }
  if (stream->head_size < GCFFI_HEAD) {
    n = GCFFI_HEAD - stream->head_size;
    n = n < size ? n : size;
    memcpy(stream->head + stream->head_size, *at, n);
    *at += n;
    stream->head_size += n;
    if (stream->head_size < GCFFI_HEAD) {
      return GCFFI_STREAM_GOES_ON;
    }
    stream->rest = gcffi_packet_data_size(stream->head);
    stream->separators = has_known_command(stream->head) ? responses[stream->head[GCFFI_COMMAND]].separators : 0;
    return GCFFI_STREAM_HEAD;
  }
  n = stream->rest < size ? stream->rest : size;
  const unsigned char *last = *at + n;
  for (const unsigned char *nul = *at; stream->separators && (nul = memchr(nul, '\0', (size_t)(last - nul))); nul++) {
    stream->separators--;
  }
  *at = last;
  stream->rest -= n;
  return !stream->rest && stream->separators ? GCFFI_STREAM_ARGUMENTS_MISSING : GCFFI_STREAM_GOES_ON;
}

/* Whether a gearmand may send a packet with this head, or libgearman refuses it by itself, with a better text. */
bool gcffi_stream_is_response_to(const gcffi_stream *stream, gcffi_audience audience) {
  const unsigned char *head = stream->head;
  if (!has_magic(head, "RES") || !has_known_command(head)) {
    return !has_magic(head, "REQ");
  }
  const response *known = &responses[head[GCFFI_COMMAND]];
  bool has_room = stream->rest >= known->separators && (stream->rest || !known->is_handle);
  return (known->audience & audience) && has_room && !(known->is_bare && stream->rest);
}

bool gcffi_is_submission(unsigned char command) {
  switch (command) {
  case GEARMAN_COMMAND_SUBMIT_JOB:
  case GEARMAN_COMMAND_SUBMIT_JOB_BG:
  case GEARMAN_COMMAND_SUBMIT_JOB_HIGH:
  case GEARMAN_COMMAND_SUBMIT_JOB_HIGH_BG:
  case GEARMAN_COMMAND_SUBMIT_JOB_LOW:
  case GEARMAN_COMMAND_SUBMIT_JOB_LOW_BG:
  case GEARMAN_COMMAND_SUBMIT_JOB_EPOCH: return true;
  default: return false;
  }
}

bool gcffi_is_grab(unsigned char command) {
  return command == GEARMAN_COMMAND_GRAB_JOB || command == GEARMAN_COMMAND_GRAB_JOB_UNIQ ||
         command == GEARMAN_COMMAND_GRAB_JOB_ALL;
}

/* Of a request that is nothing but a head. */
unsigned char gcffi_bare_command(const void *data, size_t size) {
  const unsigned char *packet = data;
  bool is_request = size == GCFFI_HEAD && memcmp(packet, "\0REQ\0\0\0", GCFFI_COMMAND) == 0;
  return is_request ? packet[GCFFI_COMMAND] : GEARMAN_COMMAND_TEXT;
}

bool gcffi_ends_with_grab(const void *data, size_t size) {
  const unsigned char *end = (const unsigned char *)data + size;
  return size >= GCFFI_HEAD && gcffi_is_grab(gcffi_bare_command(end - GCFFI_HEAD, GCFFI_HEAD));
}

bool gcffi_announces_functions(const void *data, size_t size) {
  switch (size < GCFFI_HEAD ? GEARMAN_COMMAND_TEXT : ((const unsigned char *)data)[GCFFI_COMMAND]) {
  case GEARMAN_COMMAND_CAN_DO:
  case GEARMAN_COMMAND_CAN_DO_TIMEOUT:
  case GEARMAN_COMMAND_CANT_DO:
  case GEARMAN_COMMAND_RESET_ABILITIES: return true;
  default: return false;
  }
}

bool gcffi_is_noop(const void *data, ssize_t size) {
  return size == GCFFI_HEAD && ((const unsigned char *)data)[GCFFI_COMMAND] == GEARMAN_COMMAND_NOOP;
}
