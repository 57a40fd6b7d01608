/* A worker's name at its servers, which gearadmin --workers shows. libgearman does not send it over a connection that
 * it opens again (Q38), so it is sent here, before anything else; not over TLS, where everything is encrypted before it
 * comes here. */
#define _GNU_SOURCE
#include "worker.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

/* data: what libgearman sends first over a connection that has just been opened, whose socket takes a packet at once. */
void gcffi_send_identifier(gcffi_worker *worker, int fd, const void *data, size_t size) {
  unsigned char packet[GCFFI_HEAD + GEARMAN_MAX_IDENTIFIER] = {0, 'R', 'E', 'Q', 0, 0, 0, GEARMAN_COMMAND_SET_CLIENT_ID};
  bool has_id = worker->id_size && (gearman_worker_options(worker->st) & GEARMAN_WORKER_IDENTIFIER);
  if (!has_id || (size >= GCFFI_HEAD && memcmp(data, packet, GCFFI_COMMAND + 1) == 0)) {
    return;
  }
  uint32_t length = htonl((uint32_t)worker->id_size);
  memcpy(packet + GCFFI_COMMAND + 1, &length, sizeof length);
  memcpy(packet + GCFFI_HEAD, worker->id, worker->id_size);
  size_t all = GCFFI_HEAD + worker->id_size;
  if (send(fd, packet, all, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)all) {
    gcffi_worker_set_phase(worker, GCFFI_BROKEN); /* another worker of libgearman's sends it by itself */
  }
}
