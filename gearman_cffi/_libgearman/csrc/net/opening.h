/* The time limit for opening a connection; see opening.c. */
#ifndef GCFFI_OPENING_H
#define GCFFI_OPENING_H

#include "call.h"
#include "conn.h"

/* OPTION_RES for the exceptions of workers. */
enum { GCFFI_GRANTED = 22 };
extern const char gcffi_granted[GCFFI_GRANTED];

void gcffi_opening_begin(gcffi_conn *conn, gcffi_first first, int64_t until);
void gcffi_opening_give_up(const struct pollfd *fds, nfds_t count);
int64_t gcffi_opening_until(const struct pollfd *fds, nfds_t count);
int gcffi_opening_poll(gcffi_call *call, struct pollfd *fds, nfds_t count, int timeout_ms);
bool gcffi_asks_for_exceptions(const void *data, size_t size);
bool gcffi_opening_has_asked(gcffi_conn *conn, const void *data, size_t size);

#endif
