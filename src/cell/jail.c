/* jail.c: the plan of a cell's sandbox, in the order in which it is applied.
 *
 * The order matters: what reads /proc comes before the root is emptied; what needs capabilities before they are
 * dropped; the parent is watched after the last change of credentials, because such a change makes the kernel forget
 * the signal; Landlock needs no_new_privs; seccomp is last, because it forbids all of the above.
 */
#include "cell/jail_plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

const struct jail_row jail_plan[JAIL_PLAN_ROWS] = {
    {JAIL_PRIVILEGES, "threads", "no other thread that would stay outside", jail_privileges_alone},
    {JAIL_USER, "user", "user namespace that maps one id", jail_spawn_check_user},
    {JAIL_NAMESPACES, "namespaces", "pid, net, mount, ipc, uts and cgroup namespaces", jail_spawn_check_pid},
    {JAIL_DESCRIPTORS, "descriptors", "link, two wake-ups, the program's file; the log is closed",
     jail_limits_descriptors},
    {JAIL_RLIMITS, "limits", "no files, no core dumps, few descriptors and threads", jail_limits_apply},
    {JAIL_ROOT, "root", "empty read-only root directory", jail_root_enter},
    {JAIL_NOBODY, "identity", "uid and gid 65534, no groups", jail_privileges_nobody},
    {JAIL_PRIVILEGES, "privileges", "no capabilities, no_new_privs, not dumpable", jail_privileges_drop},
    {JAIL_PARENT, "parent", "killed when the gateway ends", jail_spawn_parent},
    {JAIL_LANDLOCK, "landlock", "no file, no port, no signal to others", jail_landlock_enter},
    {JAIL_SECCOMP, "seccomp", "the system calls below; any other kills", jail_seccomp_enter},
};

int jail_fail(char *err, size_t err_size, const char *what) {
  const char *reason = strerrordesc_np(errno);
  snprintf(err, err_size, "%s: %s", what, reason ? reason : "unknown error");
  return -1;
}

int jail_apply(const struct jail_row *plan, size_t rows, const struct jail_context *context, char *err,
               size_t err_size) {
  for (const struct jail_row *row = plan; row < plan + rows; row++) {
    if (!(row->step & context->offered)) continue;
    char reason[200] = "";
    if (row->apply(context, reason, sizeof reason) < 0) {
      snprintf(err, err_size, "%s: %s", row->name, reason);
      return -1;
    }
  }
  return 0;
}

int jail_enter(unsigned offered, uint64_t memory_max, char *err, size_t err_size) {
  struct jail_context context = {.offered = offered | JAIL_ALWAYS, .memory_max = memory_max};
  prctl(PR_SET_NAME, CELL_ARGV0, 0, 0, 0); /* what ps and top show; exec by descriptor leaves a number there */
  return jail_apply(jail_plan, JAIL_PLAN_ROWS, &context, err, err_size);
}

/* snprintf at *used, never past size. */
static void describe_line(char *out, size_t size, size_t *used, const char *name, const char *what, const char *note) {
  if (*used >= size) return;
  int n = snprintf(out + *used, size - *used, "%-18s %s%s\n", name, what, note);
  if (n > 0) *used += (size_t)n;
}

void jail_describe(unsigned offered, char *out, size_t out_size) {
  size_t used = 0;
  if (out_size) out[0] = 0;
  for (const struct jail_row *row = jail_plan; row < jail_plan + JAIL_PLAN_ROWS; row++) {
    bool there = row->step & (offered | JAIL_ALWAYS);
    describe_line(out, out_size, &used, row->name, row->what, there ? "" : " (not applied here)");
  }
  for (const struct seccomp_row *row = seccomp_table; row < seccomp_table + seccomp_rows; row++) {
    char name[40];
    snprintf(name, sizeof name, "  %s", row->name);
    describe_line(out, out_size, &used, name, row->why, row->error ? " (refused, not killed)" : "");
  }
}
