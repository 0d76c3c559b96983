/* shifted_clock.c: the wall clock, shifted by CLOCK_SHIFT_MS; to be preloaded. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *out) {
  static int (*real)(clockid_t, struct timespec *);
  const char *shift = getenv("CLOCK_SHIFT_MS");
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
  int rc = real(clock, out);
  if (rc || clock != CLOCK_REALTIME || !shift) return rc;
  long long ns = atoll(shift) * 1000000 + out->tv_nsec;
  out->tv_sec += (time_t)(ns / 1000000000);
  out->tv_nsec = (long)(ns % 1000000000);
  return 0;
}
