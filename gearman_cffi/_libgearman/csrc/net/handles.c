/* Which task a packet is for. libgearman gives it to a task whose job handle it begins with; here two handles are
 * distinguished by their ends, and answers to a request for a status from other packets of the same job.
 *
 * Q41: from 2.0 on libgearman compares as many bytes as the task's handle has. The answer to job H:x:10 goes to job
 * H:x:1, and any to a task that has no handle yet. Its strncmp() is ours there.
 * Q40: no version looks at a packet's command: the first task that has the handle gets it. So the first byte of the handle is
 * changed in each STATUS_RES that comes in, and in the tasks that wait for one. */
#include "net.h"
#include "versions.h"

#include <limits.h>
#include <string.h>

#include <libgearman-1.0/gearman.h>

/* WORK_FAIL ends with the handle, and libgearman matches none that is longer than its tasks'. */
enum { LONGEST = 2 * GEARMAN_JOB_HANDLE_SIZE };

/* In the error of a rejected job, which takes the place of a handle: its first byte is changed, and so is what separates its
 * code from its text. */
enum { ERROR_MARK = 0x80, ERROR_SEPARATOR = 0x1f };

/* Each byte becomes another one, and none becomes a NUL. An empty handle has no byte to change. */
static void turn_first_byte(char *handle, int by) {
  if (gcffi_library.all_io_is_ours && *handle) {
    *handle = (char)(((unsigned char)*handle - 1 + by) % UCHAR_MAX + 1);
  }
}

/* Marks the handle of a STATUS_RES, or of a task that waits for one. */
void gcffi_handle_mark(char *handle) { turn_first_byte(handle, UCHAR_MAX / 2); }

void gcffi_handle_unmark(char *handle) { turn_first_byte(handle, UCHAR_MAX - UCHAR_MAX / 2); }

/* For strncmp() in a call. task: the handle of a task, and size how long it is, if libgearman 2.0 compares it with that of
 * a packet, which has a NUL behind it. Whether only the beginning is the same. */
bool gcffi_handle_is_prefix(const char *task, const char *packet, size_t size) {
  if (!gcffi_library.compares_prefixes) {
    return false;
  }
  return strnlen(task, size) == size && task[size] == '\0' && strncmp(task, packet, size) == 0 && packet[size];
}

/* How many bytes may be received, so that a NUL can be put behind the handle of each WORK_FAIL. */
size_t gcffi_handle_room(const gcffi_conn *conn, size_t size) {
  bool may_grow = gcffi_library.compares_prefixes && conn->in.rest < size;
  return may_grow && size > 1 ? size - size / (GCFFI_HEAD + 1) - 1 : size;
}

/* A head has come. last: its last byte, in libgearman's buffer. */
void gcffi_handle_expect(gcffi_conn *conn, unsigned char *last) {
  size_t rest = conn->in.rest;
  unsigned char command = conn->in.head[GCFFI_COMMAND];
  if (command == GEARMAN_COMMAND_STATUS_RES && rest) {
    conn->handle = GCFFI_HANDLE_TO_MARK;
  } else if (command == GEARMAN_COMMAND_WORK_FAIL && gcffi_library.compares_prefixes && rest && rest < LONGEST) {
    conn->handle = GCFFI_HANDLE_TO_END;
    ++*last;
  }
}

/* The next byte is the first of a packet's data. */
void gcffi_handle_begin(gcffi_conn *conn, unsigned char *at) {
  if (conn->handle == GCFFI_HANDLE_TO_MARK) {
    conn->handle = GCFFI_HANDLE_NONE;
    gcffi_handle_mark((char *)at);
  }
}

/* An ERROR becomes a JOB_CREATED, with its code and text as the handle. head: in libgearman's buffer, which ends at end. One
 * that has not come as a whole stays as it is: it ends all jobs of the client. */
void gcffi_handle_replace_error(gcffi_conn *conn, unsigned char *head, const unsigned char *end) {
  unsigned char *code = head + GCFFI_HEAD;
  bool is_whole = conn->in.rest && (size_t)(end - code) >= conn->in.rest;
  unsigned char *separator = is_whole && *code ? memchr(code, '\0', conn->in.rest) : NULL;
  if (separator) {
    head[GCFFI_COMMAND] = GEARMAN_COMMAND_JOB_CREATED;
    *separator = ERROR_SEPARATOR;
    *code ^= ERROR_MARK;
    conn->in.separators = 0;
  }
}

/* Whether a handle is the error of a job that the server has rejected; if so, makes it readable. */
gearman_return_t gcffi_handle_rejection(char *handle) {
  static const struct {
    const char *text;
    gearman_return_t rc;
  } codes[] = {{"JOB_QUEUE_FULL:", GEARMAN_JOB_QUEUE_FULL}, {"QUEUE_ERROR:", GEARMAN_QUEUE_ERROR}};
  char *separator = (unsigned char)*handle & ERROR_MARK ? strchr(handle, ERROR_SEPARATOR) : NULL;
  if (!separator) {
    return GEARMAN_SUCCESS;
  }
  *handle = (char)(*handle ^ ERROR_MARK);
  *separator = ':';
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    if (strncmp(handle, codes[i].text, strlen(codes[i].text)) == 0) {
      return codes[i].rc;
    }
  }
  return GEARMAN_SERVER_ERROR;
}

/* Puts a NUL behind a WORK_FAIL that ends here, before what follows it. True if the data has become longer by that. */
bool gcffi_handle_end(gcffi_conn *conn, unsigned char *at, const unsigned char *end) {
  if (conn->handle != GCFFI_HANDLE_TO_END || !gcffi_stream_is_between_packets(&conn->in)) {
    return false;
  }
  conn->handle = GCFFI_HANDLE_NONE;
  memmove(at + 1, at, (size_t)(end - at));
  *at = '\0';
  return true;
}
