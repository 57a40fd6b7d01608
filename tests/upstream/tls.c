/* Defects of a libgearman that was built with OpenSSL. Usage: tls PORT CA CERTIFICATE KEY; prints how a job ends.
 *
 * Q34: with a file that is no certificate the process must not end.
 * Q42: sleep 60 | openssl s_server -quiet -accept PORT -cert FOREIGN.pem -key FOREIGN.key: a certificate that CA has not
 * signed must be refused, and s_server must not print the job.
 * Q43: kill this s_server with SIGKILL while the job waits: the process must not crash.
 * Q44: nc -l PORT, which is silent: the timeout of two seconds must end the call, and no CPU must be busy. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <libgearman-1.0/gearman.h>

int main(int count, char **arguments) {
  size_t size;
  gearman_return_t rc;
  if (count != 5) {
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  gearman_client_st *client = gearman_client_create(NULL);
  gearman_client_set_ssl(client, true, arguments[2], arguments[3], arguments[4]);
  gearman_client_add_server(client, "127.0.0.1", (in_port_t)atoi(arguments[1]));
  gearman_client_set_timeout(client, 2000);
  free(gearman_client_do(client, "f", NULL, "x", 1, &size, &rc));
  printf("%s\n", gearman_strerror(rc));
  return 0;
}
