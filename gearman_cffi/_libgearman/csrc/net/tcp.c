/* How long TCP waits for a host that answers nothing over an open connection. libgearman leaves that to the system: hours.
 * TCP_USER_TIMEOUT bounds it in the kernel, so that an idle worker does not wake up for it. */
#define _GNU_SOURCE
#include "net.h"

#include <netinet/tcp.h>
#include <unistd.h>

static int tcp_timeout = 30000; /* ms; 0: the system's settings */

void gcffi_set_tcp_timeout(int ms) { tcp_timeout = ms; }

static void set(int fd, int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof value); }

/* A host that is gone is noticed after this time: by data that it does not acknowledge, or else by probes, which begin
 * after half of it. */
void gcffi_tcp_is_open(int fd) {
#ifdef TCP_USER_TIMEOUT
  set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, tcp_timeout);
  if (tcp_timeout) {
    int seconds = (tcp_timeout + 999) / 1000, probe = seconds / 6 ? seconds / 6 : 1;
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds / 2 ? seconds / 2 : 1);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, probe);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  }
#else
  (void)fd;
#endif
}
