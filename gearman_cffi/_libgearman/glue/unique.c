/* The unique key of a job that was given none: a random UUID. libgearman would ask libuuid, which asks a
 * daemon by socket for each job, and 1.1.20 leaves the key empty where it was built without libuuid. */
#define _GNU_SOURCE
#include "glue.h"

#include <string.h>
#include <unistd.h>

#ifdef __APPLE__
#include <sys/random.h>
#endif

const char *gcffi_unique(gcffi_client *client, const char *given, char text[GCFFI_UNIQUE_TEXT]) {
  static const char digits[] = "0123456789abcdef";
  if (given && *given) {
    return given;
  }
  if (client->entropy_left < 16) {
    if (getentropy(client->entropy, sizeof client->entropy) != 0) {
      return NULL; /* libgearman makes one */
    }
    client->entropy_left = sizeof client->entropy;
  }
  client->entropy_left -= 16;
  unsigned char *random = client->entropy + client->entropy_left;
  random[6] = (unsigned char)((random[6] & 0x0f) | 0x40); /* version 4 */
  random[8] = (unsigned char)((random[8] & 0x3f) | 0x80); /* variant 1 */
  char *out = text;
  for (int i = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      *out++ = '-';
    }
    *out++ = digits[random[i] >> 4];
    *out++ = digits[random[i] & 15];
  }
  *out = '\0';
  memset(random, 0, 16);
  return text;
}
