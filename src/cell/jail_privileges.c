/* jail_privileges.c: who the cell is, and what it may do as that: nobody, nothing.
 *
 * Raw system calls, because libc's setres*id() and setgroups() are meant for processes with threads, and run in a
 * forked child here too (jail_offered.c).
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cell/jail_plan.h"

#define BITS_LOCKED                                                                                \
  (SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED | \
   SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

static int capabilities_get(struct __user_cap_data_struct data[2]) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  return (int)syscall(SYS_capget, &head, data);
}

static int capabilities_set(struct __user_cap_data_struct data[2]) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  return (int)syscall(SYS_capset, &head, data);
}

/* A directory has one link from each subdirectory, one from its parent and one from itself. */
int jail_privileges_alone(const struct jail_context *context, char *err, size_t err_size) {
  (void)context;
  struct stat tasks;
  if (stat("/proc/self/task", &tasks) < 0) return jail_fail(err, err_size, "/proc/self/task");
  if (tasks.st_nlink == 3) return 0;
  snprintf(err, err_size, "%lu threads have been started already", (unsigned long)tasks.st_nlink - 2);
  return -1;
}

/* Root without a user namespace: to another id for good, keeping the capabilities for jail_privileges_drop to drop.
 * With one, jail_spawn has mapped the id already. */
int jail_privileges_nobody(const struct jail_context *context, char *err, size_t err_size) {
  struct __user_cap_data_struct caps[2];
  if (context->offered & JAIL_USER) return 0;
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) return jail_fail(err, err_size, "PR_SET_KEEPCAPS");
  if (syscall(SYS_setgroups, 0, NULL) < 0) return jail_fail(err, err_size, "setgroups");
  if (syscall(SYS_setresgid, JAIL_ID_NOBODY, JAIL_ID_NOBODY, JAIL_ID_NOBODY) < 0)
    return jail_fail(err, err_size, "setresgid");
  if (syscall(SYS_setresuid, JAIL_ID_NOBODY, JAIL_ID_NOBODY, JAIL_ID_NOBODY) < 0)
    return jail_fail(err, err_size, "setresuid");
  if (capabilities_get(caps) < 0) return jail_fail(err, err_size, "capget");
  caps[0].effective = caps[0].permitted;
  caps[1].effective = caps[1].permitted;
  if (capabilities_set(caps) < 0) return jail_fail(err, err_size, "capset");
  return 0;
}

/* What could come back through exec. Needs CAP_SETPCAP; a process without it has nothing that could come back. */
static int privileges_drop_for_good(char *err, size_t err_size) {
  for (unsigned long cap = 0; cap < 64; cap++)
    if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
      if (errno == EINVAL && cap > CAP_SETPCAP) break; /* past the kernel's last */
      return jail_fail(err, err_size, "PR_CAPBSET_DROP");
    }
  if (prctl(PR_SET_SECUREBITS, BITS_LOCKED, 0, 0, 0) < 0) return jail_fail(err, err_size, "PR_SET_SECUREBITS");
  return 0;
}

static int privileges_verify(char *err, size_t err_size) {
  struct __user_cap_data_struct caps[2];
  if (capabilities_get(caps) < 0) return jail_fail(err, err_size, "capget");
  unsigned left = caps[0].effective | caps[0].permitted | caps[0].inheritable | caps[1].effective | caps[1].permitted |
                  caps[1].inheritable;
  bool open = left || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0;
  if (open) snprintf(err, err_size, "the kernel did not do as it said");
  return open ? -1 : 0;
}

int jail_privileges_drop(const struct jail_context *context, char *err, size_t err_size) {
  (void)context;
  struct __user_cap_data_struct caps[2];
  if (personality(PER_LINUX) < 0) return jail_fail(err, err_size, "personality"); /* e.g. READ_IMPLIES_EXEC */
  if (capabilities_get(caps) < 0) return jail_fail(err, err_size, "capget");
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) return jail_fail(err, err_size, "PR_CAP_AMBIENT");
  if (caps[0].effective & (1u << CAP_SETPCAP) && privileges_drop_for_good(err, err_size) < 0) return -1;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return jail_fail(err, err_size, "PR_SET_NO_NEW_PRIVS");
  struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
  if (capabilities_set(none) < 0) return jail_fail(err, err_size, "capset");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return jail_fail(err, err_size, "PR_SET_DUMPABLE");
  return privileges_verify(err, err_size);
}
