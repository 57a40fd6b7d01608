/* Which connections carry a client's tasks, and how far submission may run ahead of the server's answers.
 *
 * libgearman finds the task of an answer by walking over all that are outstanding. With its own small socket buffer it
 * cannot send many jobs before it has to read; without that limit (stand_ins.c) it would send ten thousand, and then
 * walk over thousands for every answer. So nothing more is sent on a connection on which some hundred jobs wait to
 * be named. How many have been named and are not done does not count: that is for the workers to decide. */
#define _GNU_SOURCE
#include "glue.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum { MOST_UNNAMED = 200 };

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

bool gcffi_names(unsigned char command) {
  return command == GEARMAN_COMMAND_JOB_CREATED || command == GEARMAN_COMMAND_ERROR;
}

/* The size of what follows a packet's head. */
size_t gcffi_data_size(const unsigned char *head) {
  return (size_t)head[8] << 24 | (size_t)head[9] << 16 | (size_t)head[10] << 8 | head[11];
}

/* Whether a packet can begin so. A negative command libgearman would look up before its table. */
static bool may_be_head(const unsigned char *head, size_t known) {
  return head[0] == 0 && (known <= 4 || head[4] <= 0x7f);
}

/* Goes on over the packets in a part of their stream, and adds those that count. Returns how much of it are packets: less
 * where something begins that is none. */
size_t gcffi_walk(gcffi_place *place, const void *data, size_t size, bool (*counts)(unsigned char command), int *count) {
  const unsigned char *bytes = data;
  size_t n;
  for (size_t at = 0; at < size; at += n) {
    n = place->rest ? place->rest : GCFFI_HEAD - place->head_size;
    n = n < size - at ? n : size - at;
    if (place->rest) {
      place->rest -= n;
      continue;
    }
    const unsigned char *head = bytes + at;
    if (n < GCFFI_HEAD) { /* a part of one */
      memcpy(place->head + place->head_size, head, n);
      head = place->head;
    }
    if (!may_be_head(head, place->head_size + n)) {
      place->foreign = true;
      return at;
    }
    place->head_size += n;
    if (place->head_size == GCFFI_HEAD) {
      place->rest = gcffi_data_size(head);
      place->head_size = 0;
      *count += counts(head[GCFFI_COMMAND]);
    }
  }
  return size;
}

gcffi_carrier *gcffi_carrier_of(gcffi_client *client, int fd) {
  for (int i = 0; i < client->carrier_count; i++) {
    if (client->carriers[i].socket.fd == fd) {
      return &client->carriers[i];
    }
  }
  return NULL;
}

/* The jobs of a load are few, and answered in the order of libgearman's list. */
static bool must_wait(const gcffi_client *client, const gcffi_carrier *carrier) {
  return carrier && carrier->unnamed >= MOST_UNNAMED && !client->load_left;
}

/* The connection counts as a carrier also where the sending fails: its loss is then that of a task. */
ssize_t gcffi_send_in_turn(gcffi_client *client, int fd, const void *data, size_t size, int flags) {
  gcffi_carrier *carrier = gcffi_carrier_of(client, fd);
  if (!carrier && client->carrier_count < GCFFI_CARRIERS) {
    carrier = &client->carriers[client->carrier_count++];
    *carrier = (gcffi_carrier){.socket = {.fd = fd, .least = 1}, .incoming = gcffi_incoming(fd)};
  }
  if (must_wait(client, carrier)) {
    return errno = EAGAIN, -1;
  }
  ssize_t sent = send(fd, data, size, flags);
  if (carrier && sent > 0 && carrier->incoming) { /* otherwise nobody would see what comes back */
    gcffi_walk(&carrier->sent, data, (size_t)sent, submits, &carrier->unnamed);
  }
  return sent;
}

/* Where it is the server's turn, that the connection could be written to is no news. */
void gcffi_await_turn(const gcffi_scope *scope, struct pollfd *fds, nfds_t count) {
  for (nfds_t i = 0; scope->client && i < count; i++) {
    if (must_wait(scope->client, gcffi_carrier_of(scope->client, fds[i].fd))) {
      fds[i].events = POLLIN;
    }
  }
}

/* What is known of an earlier connection with the same descriptor does not hold for a new one. */
void gcffi_opened(gcffi_client *client, int fd) {
  gcffi_carrier *carrier = gcffi_carrier_of(client, fd);
  if (carrier) {
    *carrier = client->carriers[--client->carrier_count];
  }
}

void gcffi_closed(gcffi_client *client, int fd) {
  gcffi_carrier *carrier = gcffi_carrier_of(client, fd);
  /* Where the table is full, it may be one of those left out. */
  client->carrier_lost = client->carrier_lost || carrier || client->carrier_count == GCFFI_CARRIERS;
  client->torn = client->torn || client->carrier_lost;
  client->miscounted = true;
  gcffi_leave_out(client, fd);
  if (carrier) {
    *carrier = client->carriers[--client->carrier_count];
  }
}
