/* What a client or a worker has to say to the socket calls that libgearman makes in a call. */
#ifndef GCFFI_IO_H
#define GCFFI_IO_H

#include <poll.h>

#include "conn.h"

struct gcffi_scope;

/* May libgearman connect? GCFFI_CONNECT_PRETEND: it is told that it has, and nothing is opened. */
typedef enum { GCFFI_CONNECT_REFUSE, GCFFI_CONNECT, GCFFI_CONNECT_PRETEND } gcffi_verdict;

/* A hook that is NULL does what libgearman asks for. */
typedef struct gcffi_io {
  gcffi_audience audience; /* which packets may come in */
  void (*before_poll)(void *self, struct gcffi_scope *scope, struct pollfd *fds, nfds_t count);
  gcffi_verdict (*connecting)(void *self, gcffi_conn *conn);
  void (*disconnected)(void *self, gcffi_conn *conn);
  ssize_t (*send)(void *self, struct gcffi_scope *scope, gcffi_conn *conn, const void *data, size_t size, int flags);
  ssize_t (*recv)(void *self, struct gcffi_scope *scope, gcffi_conn *conn, void *data, size_t size, int flags);
} gcffi_io;

#endif
