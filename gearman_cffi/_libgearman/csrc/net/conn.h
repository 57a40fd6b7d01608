/* One record of each connection that libgearman opens in a call, found by its descriptor. */
#ifndef GCFFI_CONN_H
#define GCFFI_CONN_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#include <libgearman-1.0/gearman.h>

#include "packet.h"
#include "send_queue.h"

/* What has come of a connection's packets. */
typedef enum {
  GCFFI_INBOUND_GOOD,
  GCFFI_INBOUND_NO_PACKET,     /* after a whole packet comes what no gearmand sends */
  GCFFI_INBOUND_BROKEN_PACKET, /* so does the rest of a packet of which libgearman has the beginning */
} gcffi_inbound;

/* What has become of a worker's request for a job, GRAB_JOB. */
typedef enum {
  GCFFI_GRAB_ANSWERED,
  GCFFI_GRAB_SENT,
  GCFFI_GRAB_LATE,     /* libgearman has read NO_JOB meanwhile; the answer is still to come */
  GCFFI_GRAB_WITHHELD, /* it was not sent: libgearman reads NO_JOB, unless something else has come */
} gcffi_grab;

/* How far the packet that is coming in had come, and since when it has not come on; see worker/silent.c. */
typedef struct {
  unsigned packet;
  size_t come;
  int64_t since;
} gcffi_progress;

/* What handles.c does with the handle of the packet that is coming in. */
typedef enum {
  GCFFI_HANDLE_NONE,
  GCFFI_HANDLE_TO_MARK, /* marks its first byte */
  GCFFI_HANDLE_TO_END,  /* puts a NUL behind it; the head has been changed for that */
} gcffi_handle;

/* How far opening a connection has come; see opening.c. */
typedef enum {
  GCFFI_OPEN,
  GCFFI_CONNECTING,
  GCFFI_ASKING,     /* it is connected, and the answer to the first question is to come; libgearman sees it connecting */
  GCFFI_AWAITING,   /* the same, and libgearman has asked */
  GCFFI_NOT_OPENED, /* in time */
} gcffi_opening;

/* What is part of opening it, besides connecting. */
typedef enum {
  GCFFI_FIRST_NOTHING,
  GCFFI_FIRST_ASKS,   /* for the exceptions of workers */
  GCFFI_FIRST_ASKS_ALONE, /* the same, and libgearman does not ask */
  GCFFI_FIRST_AWAITS, /* the first answer, of whatever libgearman asks */
} gcffi_first;

/* Of a server. size: 0 if it is of another family than these. */
typedef struct {
  size_t size;
  unsigned char bytes[sizeof(struct sockaddr_in6)];
} gcffi_address;

/* More than the packets have that libgearman must see whole; see inbound.c. */
enum { GCFFI_PARTIAL = 128 };

typedef struct gcffi_conn {
  int fd;
  bool open;
  bool is_connecting;  /* as far as libgearman knows */
  unsigned serial;     /* no other connection of the process has the same */
  const void *opener;  /* the client in whose call it was opened, or NULL; only compared */
  const void *carries; /* the client whose tasks, or the worker whose requests for jobs, were sent over it; only compared */
  bool fixes_work_fail; /* that client has not asked for the exceptions of workers; see inbound.c */
  gcffi_stream in, out;
  gcffi_send_queue *queue; /* or NULL */
  gcffi_inbound inbound;
  gcffi_handle handle;
  int unacknowledged; /* submitted jobs that the server has neither acknowledged (JOB_CREATED) nor rejected (ERROR) */
  int64_t silent_since; /* when a client's request was sent after which nothing has come; 0 if something has */
  int queries;        /* ECHO_REQ and OPTION_REQ without an answer */
  gcffi_grab grab;
  gcffi_progress progress;
  bool is_kept;       /* open when it is closed here: a worker takes it over; see worker/attempts.c */
  bool shows_option;  /* libgearman has asked for the exceptions of workers, and reads that they are granted */
  bool marks_rejections; /* ERROR in place of JOB_CREATED becomes one: an event loop's client; see inbound.c */
  bool removes_packet; /* libgearman does not see the packet that is coming in; see inbound.c */
  bool may_reject;     /* the worker's last answer to a job may be late; see inbound.c */
  bool was_rejected;   /* the server has rejected the worker's late answer to a job, by an ERROR that was removed */
  gcffi_opening opening;
  gcffi_first first;
  bool removes_answer; /* to what was asked for libgearman, which has not asked */
  bool has_asked;     /* for the exceptions of workers, before libgearman does; see opening.c */
  int64_t open_until; /* opening it fails then */
  bool is_new;        /* a worker has sent nothing over it yet */
  bool is_blocking;   /* in recv(), with a timeout; see recv_wait.c */
  int received;       /* how many times something has come since something was sent, or signals were checked */
  int lowat;          /* SO_RCVLOWAT */
  unsigned char partial[GCFFI_PARTIAL]; /* the beginning of a packet that libgearman must see whole */
  size_t partial_size;
  gcffi_address address;
  bool is_only_address; /* the look-up before has found no other one */
} gcffi_conn;

/* A connection that may have been closed since. */
typedef struct {
  gcffi_conn *conn;
  unsigned serial;
} gcffi_conn_ref;

/* NULL if it was closed. */
static inline gcffi_conn *gcffi_conn_at(const gcffi_conn_ref *ref) {
  return ref->conn && ref->conn->open && ref->conn->serial == ref->serial ? ref->conn : NULL;
}

/* How long opening a connection may take, by default. */
#define GCFFI_CONNECT_TIMEOUT_MS 5000

gcffi_address gcffi_address_of(const struct sockaddr *address, size_t size);
bool gcffi_address_is(const gcffi_address *one, const gcffi_address *other);
gcffi_conn *gcffi_conn_of(int fd);
gcffi_conn *gcffi_conn_open(int fd, const struct sockaddr *address, size_t size);
void gcffi_conn_close(gcffi_conn *conn);
bool gcffi_conn_is_truncated(const gcffi_conn *conn);
void gcffi_conn_sent(gcffi_conn *conn, const void *data, ssize_t size);
void gcffi_conn_set_lowat(gcffi_conn *conn, int bytes);

/* handles.c */
void gcffi_handle_mark(char *handle);
void gcffi_handle_unmark(char *handle);
gearman_return_t gcffi_handle_rejection(char *handle);

/* tcp.c */
void gcffi_tcp_is_open(int fd);

#endif
