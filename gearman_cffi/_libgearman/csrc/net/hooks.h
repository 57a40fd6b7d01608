/* The one table of hooks: what a client or a worker has to say to the socket calls that libgearman makes in a call. */
#ifndef GCFFI_HOOKS_H
#define GCFFI_HOOKS_H

#include "call.h"
#include "conn.h"

/* May libgearman connect? */
typedef enum {
  GCFFI_CONNECT_REFUSE,  /* it tries the server's next address; after the last one it looks the name up again */
  GCFFI_CONNECT,
  GCFFI_CONNECT_PRETEND, /* it sees success, and nothing is opened */
  GCFFI_CONNECT_LATER,   /* it tries this address again, in its next search */
  GCFFI_CONNECT_IS_OPEN, /* the hook has put an open connection into its place */
} gcffi_verdict;

/* Without a hook libgearman gets what it asks for. self: call->self. */
typedef struct gcffi_io {
  gcffi_audience audience; /* which packets may come in */
  bool removes_rejections; /* and not the ERROR for a worker's late answer; see inbound.c */
  bool grants_exceptions;  /* libgearman is not to ask the server for this option */
  int (*poll)(void *self, gcffi_call *call, struct pollfd *fds, nfds_t count, int timeout_ms);
  gcffi_verdict (*connecting)(void *self, gcffi_conn *conn);
  void (*disconnected)(void *self, gcffi_conn *conn);
  ssize_t (*send)(void *self, gcffi_call *call, gcffi_conn *conn, const void *data, size_t size, int flags);
  ssize_t (*recv)(void *self, gcffi_call *call, gcffi_conn *conn, void *data, size_t size, int flags);
} gcffi_io;

#endif
