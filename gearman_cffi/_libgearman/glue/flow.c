/* Which connections carry a client's tasks, and how far submission may run ahead of the server's answers.
 *
 * libgearman finds the task of an answer by walking over all that are outstanding. With its own small socket buffer it
 * cannot send many jobs before it has to read; without that limit (interpose.c) it would send ten thousand, and then
 * walk over thousands for every answer. So no more is sent while some hundred jobs wait to be named. How many
 * have been named and are not done does not count: that is for the workers to decide. */
#define _GNU_SOURCE
#include "glue.h"

#include <string.h>

enum { HEAD = 12, COMMAND = 7, MOST_UNNAMED = 200 };

static bool submits(unsigned char command) {
  switch (command) {
  case GEARMAN_COMMAND_SUBMIT_JOB:
  case GEARMAN_COMMAND_SUBMIT_JOB_BG:
  case GEARMAN_COMMAND_SUBMIT_JOB_HIGH:
  case GEARMAN_COMMAND_SUBMIT_JOB_HIGH_BG:
  case GEARMAN_COMMAND_SUBMIT_JOB_LOW:
  case GEARMAN_COMMAND_SUBMIT_JOB_LOW_BG: return true;
  default: return false;
  }
}

bool gcffi_is_ahead(const gcffi_scope *scope) { return scope->client && scope->client->unnamed >= MOST_UNNAMED; }

static gcffi_carrier *carrier(gcffi_client *client, int fd) {
  for (int i = 0; i < client->carrier_count; i++) {
    if (client->carriers[i].fd == fd) {
      return &client->carriers[i];
    }
  }
  if (client->carrier_count == GCFFI_CARRIERS) {
    return NULL;
  }
  client->carriers[client->carrier_count] = (gcffi_carrier){.fd = fd};
  return &client->carriers[client->carrier_count++];
}

/* Counts the submissions in what was sent. */
void gcffi_sent(gcffi_client *client, int fd, const void *data, size_t size) {
  const unsigned char *bytes = data;
  gcffi_carrier *to = carrier(client, fd);
  while (to && size) {
    size_t n = to->rest ? to->rest : HEAD - to->head_size;
    n = n < size ? n : size;
    if (to->rest) {
      to->rest -= n;
    } else {
      memcpy(to->head + to->head_size, bytes, n);
      to->head_size += n;
    }
    if (to->head_size == HEAD) {
      const unsigned char *length = to->head + 8;
      to->rest = (size_t)length[0] << 24 | (size_t)length[1] << 16 | (size_t)length[2] << 8 | length[3];
      to->head_size = 0;
      client->unnamed += submits(to->head[COMMAND]);
    }
    bytes += n;
    size -= n;
  }
}

/* A task has an answer, or will not get one. */
void gcffi_answered(gcffi_task *task) {
  gcffi_client *client = task->client;
  if (!task->answered) {
    task->answered = true;
    client->unnamed -= client->unnamed > 0;
  }
}

void gcffi_closed(gcffi_client *client, int fd) {
  gcffi_stream_closed(client, fd);
  bool known = client->carrier_count == GCFFI_CARRIERS; /* the table is full: it may be one of those left out */
  for (int i = 0; i < client->carrier_count; i++) {
    if (client->carriers[i].fd == fd) {
      client->carriers[i] = client->carriers[--client->carrier_count];
      client->unnamed = 0; /* nothing may wait for answers that do not come any more */
      known = true;
      break;
    }
  }
  client->carrier_lost = client->carrier_lost || known;
}
