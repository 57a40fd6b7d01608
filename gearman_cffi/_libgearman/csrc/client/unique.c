/* The unique key of a job that has none: a random UUID, made in the process (Q26). */
#define _GNU_SOURCE
#include "client.h"

#include <string.h>
#include <unistd.h>

#ifdef __APPLE__
#include <sys/random.h>
#endif

/* The two hexadecimal digits of each byte. */
#define PAIRS(high) \
  #high "0", #high "1", #high "2", #high "3", #high "4", #high "5", #high "6", #high "7", \
  #high "8", #high "9", #high "a", #high "b", #high "c", #high "d", #high "e", #high "f"
static const char pairs[256][3] = {PAIRS(0), PAIRS(1), PAIRS(2), PAIRS(3), PAIRS(4), PAIRS(5), PAIRS(6), PAIRS(7),
                                   PAIRS(8), PAIRS(9), PAIRS(a), PAIRS(b), PAIRS(c), PAIRS(d), PAIRS(e), PAIRS(f)};
/* Where the digits of each byte stand. */
static const unsigned char places[16] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};

const char *gcffi_unique_key(gcffi_client *client, const char *given, char text[GCFFI_UNIQUE_TEXT]) {
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
  for (int i = 0; i < 16; i++) {
    memcpy(text + places[i], pairs[random[i]], 2);
  }
  text[8] = text[13] = text[18] = text[23] = '-';
  text[GCFFI_UNIQUE_TEXT - 1] = '\0';
  memset(random, 0, 16);
  return text;
}
