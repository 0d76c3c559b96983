/* jail_limits.c: how much of the machine a cell may take, and which descriptors it keeps.
 *
 * Limits are lowered, soft and hard alike, and never raised.
 */
#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cell/jail_plan.h"

struct limit_line {
  unsigned resource;
  rlim_t most;
  const char *name;
};

static int limits_lower(unsigned resource, rlim_t most) {
  struct rlimit now;
  if (getrlimit(resource, &now) < 0) return -1;
  if (now.rlim_max < most) most = now.rlim_max;
  return setrlimit(resource, &(struct rlimit){most, most});
}

/* Threads are counted per user, and per user namespace where there is one. Without it the count includes whatever else
 * runs under this user, so the limit cannot be tight. */
static rlim_t limits_threads(unsigned offered) { return offered & JAIL_USER ? JAIL_THREADS : 16 * JAIL_THREADS; }

/* AddressSanitizer's shadow is 16 TiB of writable mappings. */
static rlim_t limits_data(uint64_t memory_max) {
#ifdef MAYFLY_ASAN
  (void)memory_max;
  return RLIM_INFINITY;
#else
  return memory_max ? memory_max : RLIM_INFINITY;
#endif
}

int jail_limits_apply(const struct jail_context *context, char *err, size_t err_size) {
  const struct limit_line lines[] = {
      {RLIMIT_CORE, 0, "core dumps"},
      {RLIMIT_FSIZE, 0, "file size"},
      {RLIMIT_NOFILE, JAIL_FD_PARENT + 1, "descriptors"},
      {RLIMIT_NPROC, limits_threads(context->offered), "threads"},
      {RLIMIT_DATA, limits_data(context->memory_max), "memory"},
      {RLIMIT_MEMLOCK, 0, "locked memory"},
      {RLIMIT_MSGQUEUE, 0, "message queues"},
      {RLIMIT_NICE, 0, "priority"},
      {RLIMIT_RTPRIO, 0, "real-time priority"},
  };
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
    if (limits_lower(lines[i].resource, lines[i].most) < 0) return jail_fail(err, err_size, lines[i].name);
  return 0;
}

/* The log is replaced by /dev/null, which is what 0 is, so that a dying runtime's last words meet no closed door. A
 * sanitizer's report is worth more than that. */
int jail_limits_descriptors(const struct jail_context *context, char *err, size_t err_size) {
  (void)context;
#ifndef MAYFLY_ASAN
  if (dup2(0, 2) < 0) return jail_fail(err, err_size, "dup2 of descriptor 0");
#endif
  if (close_range(JAIL_FD_PARENT + 1, ~0U, 0) < 0) return jail_fail(err, err_size, "close_range");
  return 0;
}
