/* What comes in over each connection, followed from packet to packet, and what of it libgearman must not see.
 *
 * - What no gearmand sends: it crashes at a line without a blank (Q08), and uses the arguments of an earlier packet (Q37).
 * - WORK_FAIL with a NUL after the handle, which 1.x does not recognize (Q10): becomes WORK_EXCEPTION without a text.
 * - ERROR for the late answer of a worker, after which it crashes (Q15), while the next job is on its way: is removed.
 * - ERROR for a job of an event loop, after which libgearman does not say whose: becomes that job's JOB_CREATED, with the
 *   error and a mark in place of the handle; see handles.c.
 * - Handles that it would take for those of other jobs; see handles.c. */
#define _GNU_SOURCE
#include "net.h"
#include "opening.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* In place of the packet: a line that libgearman refuses, or a reset if it has the beginning of the packet. */
static ssize_t show_refusal(const gcffi_conn *conn, void *data, size_t size) {
  static const char line[] = "? ?\n";
  if (conn->inbound == GCFFI_INBOUND_BROKEN_PACKET || size < sizeof line - 1) {
    return errno = ECONNRESET, -1;
  }
  memcpy(data, line, sizeof line - 1);
  return sizeof line - 1;
}

/* In place of the answer to a question that was not sent. */
static ssize_t show_option(gcffi_conn *conn, void *data, size_t size) {
  conn->shows_option = false;
  if (size < GCFFI_GRANTED) {
    return errno = ECONNRESET, -1;
  }
  memcpy(data, gcffi_granted, GCFFI_GRANTED);
  return GCFFI_GRANTED;
}

/* In place of an answer that does not come. */
static ssize_t show_no_job(gcffi_conn *conn, void *data) {
  static const unsigned char no_job[GCFFI_HEAD] = {0, 'R', 'E', 'S', 0, 0, 0, GEARMAN_COMMAND_NO_JOB};
  conn->grab = conn->grab == GCFFI_GRAB_LATE ? GCFFI_GRAB_LATE : GCFFI_GRAB_ANSWERED;
  return memcpy(data, no_job, GCFFI_HEAD), GCFFI_HEAD;
}

/* recv() for libgearman, or as the client or worker has it. */
static ssize_t receive(gcffi_call *call, gcffi_conn *conn, void *data, size_t size, int flags) {
  return call->io && call->io->recv ? call->io->recv(call->self, call, conn, data, size, flags)
                                      : recv(conn->fd, data, size, flags | MSG_DONTWAIT);
}

/* Q10: how many of the bytes, which begin with a packet's head, may be shown: no WORK_FAIL before its end has come. */
static size_t whole_packets(unsigned char *bytes, size_t n) {
  size_t at = 0;
  while (at + GCFFI_HEAD <= n && memcmp(bytes + at, "\0RES", 4) == 0) {
    unsigned char *head = bytes + at;
    size_t size = GCFFI_HEAD + gcffi_packet_data_size(head);
    bool whole = at + size <= n;
    if (head[GCFFI_COMMAND] == GEARMAN_COMMAND_WORK_FAIL && size > GCFFI_HEAD && size < GCFFI_PARTIAL) {
      if (!whole) {
        return at;
      }
      if (head[size - 1] == '\0') {
        head[GCFFI_COMMAND] = GEARMAN_COMMAND_WORK_EXCEPTION;
      }
    }
    if (!whole) {
      return n;
    }
    at += size;
  }
  bool not_a_packet = at < n && (bytes[at] != 0 || at + GCFFI_HEAD <= n);
  return not_a_packet ? n : at;
}

/* Stores what cannot be shown yet. It must not stay in the kernel: a byte may hold a buffer there that is so large that
 * the server cannot send the rest. libgearman asks for more than that between packets. */
static ssize_t receive_fixing_work_fail(gcffi_call *call, gcffi_conn *conn, unsigned char *data, size_t size, int flags) {
  size_t rest = conn->in.rest;
  if (rest || size <= GCFFI_PARTIAL) {
    return receive(call, conn, data, rest && rest < size ? rest : size, flags);
  }
  memcpy(data, conn->partial, conn->partial_size);
  ssize_t got = receive(call, conn, data + conn->partial_size, size - conn->partial_size, flags);
  if (got < 0) {
    return got;
  }
  size_t all = conn->partial_size + (size_t)got;
  size_t shown = got ? whole_packets(data, all) : all;
  conn->partial_size = all - shown;
  memcpy(conn->partial, data + shown, conn->partial_size);
  return shown || !got ? (ssize_t)shown : (errno = EAGAIN, -1);
}

/* A complete head. False if no gearmand sends such a packet here. */
static bool accept_head(gcffi_conn *conn, gcffi_audience audience) {
  if (!gcffi_stream_is_response_to(&conn->in, audience)) {
    return false;
  }
  bool answers_query = conn->queries > 0;
  switch (conn->in.head[GCFFI_COMMAND]) {
  case GEARMAN_COMMAND_JOB_CREATED:
    conn->unacknowledged--;
    return true;
  case GEARMAN_COMMAND_ERROR: /* a server answers in the order in which it was asked */
    conn->queries -= answers_query;
    conn->unacknowledged -= !answers_query;
    return true;
  case GEARMAN_COMMAND_NO_JOB:
  case GEARMAN_COMMAND_JOB_ASSIGN:
  case GEARMAN_COMMAND_JOB_ASSIGN_UNIQ:
  case GEARMAN_COMMAND_JOB_ASSIGN_ALL:
    conn->grab = GCFFI_GRAB_ANSWERED;
    conn->may_reject = false;
    return true;
  case GEARMAN_COMMAND_ECHO_RES:
    answers_query = answers_query && !conn->removes_answer; /* which is OPTION_RES: libgearman would see this packet */
    /* fall through */
  case GEARMAN_COMMAND_OPTION_RES:
    conn->queries -= answers_query;
    return answers_query;
  default: return true;
  }
}

/* A whole head. */
static bool is_rejection(const gcffi_conn *conn, const gcffi_io *io) {
  return io && io->removes_rejections && conn->queries == 0 && conn->in.head[GCFFI_COMMAND] == GEARMAN_COMMAND_ERROR;
}

/* A whole head. */
static bool is_hidden_answer(gcffi_conn *conn) {
  bool is_hidden = conn->removes_answer && conn->in.head[GCFFI_COMMAND] == GEARMAN_COMMAND_OPTION_RES;
  conn->removes_answer = conn->removes_answer && !is_hidden;
  return is_hidden;
}

/* A whole head: the server refuses a job of an event loop. libgearman counts acknowledgements, so it is the job that waits
 * for the next one. */
static bool refuses_job(const gcffi_conn *conn) {
  bool is_for_job = conn->marks_rejections && conn->queries == 0 && conn->unacknowledged > 0;
  return is_for_job && conn->in.head[GCFFI_COMMAND] == GEARMAN_COMMAND_ERROR;
}

/* How many of these bytes libgearman may see, after some were removed or added; see gcffi_handle_room(). */
static size_t accept_packets(gcffi_conn *conn, const gcffi_io *io, unsigned char *data, size_t size) {
  const unsigned char *at = data, *end = at + size;
  unsigned char *accepted = data;
  while (at < end) {
    const unsigned char *before = at;
    gcffi_handle_begin(conn, data + (at - data));
    bool between_packets = gcffi_stream_is_between_packets(&conn->in);
    gcffi_stream_event event = gcffi_stream_advance(&conn->in, &at, end);
    if (between_packets) {
      bool is_head = event == GCFFI_STREAM_HEAD, rejects = is_head && is_rejection(conn, io);
      conn->removes_packet = rejects || (is_head && is_hidden_answer(conn));
      conn->was_rejected = conn->was_rejected || rejects;
      if (is_head && refuses_job(conn)) {
        gcffi_handle_replace_error(conn, data + (at - data) - GCFFI_HEAD, end);
      }
    }
    if (event == GCFFI_STREAM_ARGUMENTS_MISSING ||
        (event == GCFFI_STREAM_HEAD && !accept_head(conn, io ? io->audience : GCFFI_TO_BOTH)) ||
        !gcffi_stream_may_be_packet(&conn->in)) {
      conn->inbound = between_packets ? GCFFI_INBOUND_NO_PACKET : GCFFI_INBOUND_BROKEN_PACKET;
      break;
    }
    if (event == GCFFI_STREAM_HEAD) {
      gcffi_handle_expect(conn, data + (at - data) - 1);
    }
    if (gcffi_handle_end(conn, data + (at - data), end)) {
      at++;
      end++;
    }
    if (!conn->removes_packet) {
      if (accepted != before) {
        memmove(accepted, before, (size_t)(at - before));
      }
      accepted += at - before;
    }
  }
  return (size_t)(accepted - data);
}

/* An ERROR that is removed ends the call; so the job that may follow it stays in the kernel until then. And between two
 * packets libgearman can turn away from a server that does not answer. */
static size_t room(const gcffi_conn *conn, size_t size) {
  const gcffi_stream *in = &conn->in;
  size_t most = in->rest ? in->rest : GCFFI_HEAD - in->head_size % GCFFI_HEAD;
  return (conn->may_reject || conn->grab == GCFFI_GRAB_LATE) && most < size ? most : gcffi_handle_room(conn, size);
}

/* Nothing can be received now; EAGAIN, or what libgearman reads in place of an answer that is late. */
ssize_t gcffi_inbound_nothing(gcffi_conn *conn, void *data, size_t size) {
  bool is_due = conn->grab >= GCFFI_GRAB_LATE && size >= GCFFI_HEAD && gcffi_stream_is_between_packets(&conn->in);
  return is_due ? show_no_job(conn, data) : (errno = EAGAIN, -1);
}

ssize_t gcffi_inbound_recv(gcffi_call *call, gcffi_conn *conn, void *data, size_t size, int flags) {
  if (conn->inbound != GCFFI_INBOUND_GOOD) {
    return show_refusal(conn, data, size);
  }
  if (conn->shows_option) {
    return show_option(conn, data, size);
  }
  ssize_t got = conn->fixes_work_fail ? receive_fixing_work_fail(call, conn, data, size, flags)
                                      : receive(call, conn, data, room(conn, size), flags);
  if (got > 0) {
    got = (ssize_t)accept_packets(conn, call->io, data, (size_t)got);
    return got ? got : conn->inbound == GCFFI_INBOUND_GOOD ? (errno = EAGAIN, -1) : show_refusal(conn, data, size);
  }
  return got < 0 && errno == EAGAIN ? gcffi_inbound_nothing(conn, data, size) : got;
}
