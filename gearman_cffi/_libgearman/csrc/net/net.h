/* Between the files of net/. */
#ifndef GCFFI_NET_H
#define GCFFI_NET_H

#include "hooks.h"

/* A function of ours in place of one that libgearman imports; the last has no name. */
typedef enum { GCFFI_OTHER = 0, GCFFI_POLL = 1, GCFFI_SEND = 2, GCFFI_RECV = 4 } gcffi_import;
typedef struct gcffi_replacement {
  const char *name;
  void *ours;
  gcffi_import what;
} gcffi_replacement;
extern const gcffi_replacement gcffi_replacements[];

ssize_t gcffi_inbound_recv(gcffi_call *call, gcffi_conn *conn, void *data, size_t size, int flags);

#endif
