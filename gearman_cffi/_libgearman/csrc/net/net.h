/* Between the files of net/. */
#ifndef GCFFI_NET_H
#define GCFFI_NET_H

#include "hooks.h"

/* A function of ours in place of one that libgearman imports; the last has no name. */
typedef enum { GCFFI_OTHER = 0, GCFFI_POLL = 1, GCFFI_SEND = 2, GCFFI_RECV = 4, GCFFI_STRNCMP = 8 } gcffi_import;
typedef struct gcffi_replacement {
  const char *name;
  void *ours;
  gcffi_import what;
} gcffi_replacement;
extern const gcffi_replacement gcffi_replacements[];

ssize_t gcffi_inbound_nothing(gcffi_conn *conn, void *data, size_t size);
ssize_t gcffi_inbound_recv(gcffi_call *call, gcffi_conn *conn, void *data, size_t size, int flags);

/* handles.c, in this order for each packet. */
size_t gcffi_handle_room(const gcffi_conn *conn, size_t size);
void gcffi_handle_expect(gcffi_conn *conn, unsigned char *last);
void gcffi_handle_begin(gcffi_conn *conn, unsigned char *at);
void gcffi_handle_replace_error(gcffi_conn *conn, unsigned char *head, const unsigned char *end);
bool gcffi_handle_end(gcffi_conn *conn, unsigned char *at, const unsigned char *end);
bool gcffi_handle_is_prefix(const char *task, const char *packet, size_t size);

#endif
