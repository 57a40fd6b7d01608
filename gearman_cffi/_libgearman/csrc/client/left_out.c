/* Servers that did not answer in time. They are left out for a while, so that the next calls do not wait for them again;
 * unless no other one can be reached. A client and the clones of it have one list. */
#include "client.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define LEFT_OUT_NS 30000000000LL /* docs/how-to/failover.md names it */

enum { MOST = 16 };

struct gcffi_left_out {
  pthread_mutex_t lock; /* the clones may be used in several threads */
  int users;
  unsigned changes;
  struct {
    gcffi_address address;
    int64_t until;
  } servers[MOST];
};

/* Another user of this list; NULL: of a new one. Returns NULL if there is no memory. */
gcffi_left_out *gcffi_left_out_join(gcffi_left_out *list) {
  if (!list && (list = calloc(1, sizeof *list))) {
    pthread_mutex_init(&list->lock, NULL);
  }
  if (list) {
    pthread_mutex_lock(&list->lock);
    list->users++;
    pthread_mutex_unlock(&list->lock);
  }
  return list;
}

void gcffi_left_out_leave(gcffi_left_out *list) {
  if (!list) {
    return;
  }
  pthread_mutex_lock(&list->lock);
  bool is_last = --list->users == 0;
  pthread_mutex_unlock(&list->lock);
  if (is_last) {
    free(list);
  }
}

/* From now on. One that is in the list already stays there longer. */
void gcffi_left_out_add(gcffi_left_out *list, const gcffi_conn *conn) {
  if (!list || !conn->address.size) {
    return;
  }
  int at = 0;
  pthread_mutex_lock(&list->lock);
  for (int i = 0; i < MOST; i++) {
    bool is_same = gcffi_address_is(&list->servers[i].address, &conn->address), is_older = list->servers[i].until < list->servers[at].until;
    at = is_same || is_older ? i : at;
    if (is_same) {
      break;
    }
  }
  list->servers[at].address = conn->address;
  list->servers[at].until = gcffi_now() + LEFT_OUT_NS;
  __atomic_add_fetch(&list->changes, 1, __ATOMIC_RELEASE);
  pthread_mutex_unlock(&list->lock);
}

/* Until when this one is; 0 if it is not. */
int64_t gcffi_left_out_until(gcffi_left_out *list, const gcffi_conn *conn) {
  int64_t until = 0;
  if (list) {
    pthread_mutex_lock(&list->lock);
    for (int i = 0; i < MOST; i++) {
      until = gcffi_address_is(&list->servers[i].address, &conn->address) ? list->servers[i].until : until;
    }
    pthread_mutex_unlock(&list->lock);
  }
  return until && gcffi_now() < until ? until : 0;
}

/* Has a server been added? *seen: how many had been at the last look. */
bool gcffi_left_out_has_grown(gcffi_left_out *list, unsigned *seen) {
  unsigned changes = list ? __atomic_load_n(&list->changes, __ATOMIC_ACQUIRE) : 0;
  bool has_grown = changes != *seen;
  *seen = changes;
  return has_grown;
}

void gcffi_left_out_clear(gcffi_left_out *list) {
  if (list) {
    pthread_mutex_lock(&list->lock);
    memset(list->servers, 0, sizeof list->servers);
    pthread_mutex_unlock(&list->lock);
  }
}

/* A connection has ended: was it because opening it took too long? */
void gcffi_leave_out_late(gcffi_client *client, const gcffi_conn *conn) {
  if (conn->opening == GCFFI_NOT_OPENED && client->server_count > 1) {
    gcffi_left_out_add(client->left_out, conn);
    client->late_servers++;
  }
}
