/* What the C programs share: arguments, measuring, the protocol with the runner, the printed figures.
 *
 * A program warms up, prints "ready", waits for a line, does its work and prints one line of JSON. */
#include <libgearman/gearman.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FUNCTION "bench"
#define KEY_SIZE 32

struct meter {
  double began, cpu_began, seconds, cpu;
  long base;
};

static inline void check(int ok, const char *what)
{
  if (!ok) {
    fprintf(stderr, "%s failed\n", what);
    exit(1);
  }
}

static inline double seconds_of(clockid_t clock)
{
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A field of /proc/self/status, converted from kB to bytes. */
static inline long memory(const char *field)
{
  char line[256];
  long kilobytes = 0;
  FILE *status = fopen("/proc/self/status", "r");
  check(status != NULL, "reading /proc/self/status");
  while (fgets(line, sizeof line, status))
    if (strncmp(line, field, strlen(field)) == 0)
      kilobytes = atol(line + strlen(field) + 1);
  fclose(status);
  return kilobytes * 1024;
}

static inline int is_number(const char *text)
{
  return strspn(text, "0123456789") == strlen(text);
}

/* That many bytes for a number, else the text itself. */
static inline char *payload_of(const char *text, size_t *size)
{
  if (!is_number(text)) {
    *size = strlen(text);
    return strdup(text);
  }
  *size = (size_t)atol(text);
  char *payload = malloc(*size + 1);
  check(payload != NULL, "malloc");
  memset(payload, 'x', *size);
  return payload;
}

static inline void say_ready(void)
{
  puts("ready");
  fflush(stdout);
}

static inline void await_go(void)
{
  char line[16];
  check(fgets(line, sizeof line, stdin) != NULL, "waiting for the runner");
}

static inline void begin(struct meter *meter)
{
  meter->base = memory("VmRSS:");
  meter->cpu_began = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  meter->began = seconds_of(CLOCK_MONOTONIC);
}

static inline void finish(struct meter *meter)
{
  meter->seconds = seconds_of(CLOCK_MONOTONIC) - meter->began;
  meter->cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - meter->cpu_began;
}

static inline int ascending(const void *one, const void *other)
{
  double difference = *(const double *)one - *(const double *)other;
  return (difference > 0) - (difference < 0);
}

/* latencies, in seconds, may be NULL. */
static inline void report(const struct meter *meter, long jobs, double *latencies)
{
  printf("{\"jobs\": %ld, \"seconds\": %.9f, \"cpu\": %.9f, \"base\": %ld, \"peak\": %ld", jobs, meter->seconds,
         meter->cpu, meter->base, memory("VmHWM:"));
  if (latencies) {
    qsort(latencies, (size_t)jobs, sizeof *latencies, ascending);
    printf(", \"p50\": %.9f, \"p99\": %.9f", latencies[jobs / 2], latencies[jobs * 99 / 100]);
  }
  puts("}");
  fflush(stdout);
}
