/* jail.h: the process sandbox of a cell, as a plan that is printed, tested and then applied.
 *
 * Always: no_new_privs, rlimits, not dumpable, no descriptors but the link's, death with the parent, seccomp with an
 * allow-list and default kill. Where the system offers them: user, pid, net, mount, ipc (and uts, cgroup) namespaces,
 * an empty root directory, an identity that owns nothing, and Landlock. What the system does not offer is named in one
 * warning, and refused under SANDBOX_STRICT. A step that is offered and fails makes the cell refuse to start, with the
 * step's name and the reason.
 *
 * One file per mechanism: jail.c (the plan), jail_spawn.c (namespaces, made by the gateway when it starts the process),
 * jail_offered.c, jail_root.c, jail_limits.c, jail_privileges.c, jail_landlock.c, jail_seccomp.c (one ordered table, a
 * reason on each line). jail_plan.h is what they share.
 *
 * Invariants. jail_enter is called by the only thread of the cell, since most of what it does binds one thread and
 * those that it starts later; it checks that. The gateway calls jail_spawn from a thread that lives as long as the
 * gateway does, since the kernel's "death of the parent" is the death of that thread.
 */
#ifndef MAYFLY_CELL_JAIL_H
#define MAYFLY_CELL_JAIL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/layer.h"
#include "cell/cell.h"

enum sandbox_mode { SANDBOX_AUTO, SANDBOX_STRICT };

enum jail_step {
  JAIL_NAMESPACES = 1, /* pid, net, mount, ipc, uts, cgroup */
  JAIL_PARENT = 2,     /* PR_SET_PDEATHSIG, and the parent still lives */
  JAIL_PRIVILEGES = 4, /* no_new_privs, all capabilities dropped, not dumpable */
  JAIL_DESCRIPTORS = 8,
  JAIL_RLIMITS = 16,
  JAIL_LANDLOCK = 32,
  JAIL_SECCOMP = 64,
  JAIL_USER = 128,   /* a user namespace: what root can do in it ends at its border */
  JAIL_NOBODY = 256, /* only when the gateway is root: cells run as uid and gid 65534 */
  JAIL_ROOT = 512,   /* an empty, read-only root directory */
};
#define JAIL_ALWAYS (JAIL_PARENT | JAIL_PRIVILEGES | JAIL_DESCRIPTORS | JAIL_RLIMITS | JAIL_SECCOMP)

/* A pidfd of the gateway, beside the descriptors of cell.h: how a cell in its own pid namespace, where the parent has
 * no number, sees that the parent lives. Put there by jail_spawn, closed by jail_enter. */
enum { JAIL_FD_PARENT = CELL_FD_LAST + 1 };

/* In the gateway. What this system offers: a set of jail_step, found by trying in a child, once. `missing` gets a
 * sentence that names what is not offered and why (empty: all is there); 1024 bytes hold it. */
unsigned jail_offered(char *missing, size_t missing_size);

/* In the gateway: starts `path` with argv as a child in fresh namespaces (those in `offered`), with descriptor fds[i]
 * as number i (at most CELL_FD_LAST + 1 of them), JAIL_FD_PARENT, no other, and an empty environment. The child's pid,
 * or -1 with a message. The child dies with the gateway. Returns when the new program image is in place (about a
 * millisecond). The child is in a session of its own, so a terminal's signals do not reach it. */
pid_t jail_spawn(const char *path, char *const argv[], const int *fds, int fd_count, unsigned offered, char *err,
                 size_t err_size);

/* In the cell, before the first guest byte: the rest of the plan. 0, or -1 with "step: reason" in err. Afterwards
 * descriptor 2 is what 0 is. memory_max: bytes of private writable mappings that the cell may have from then on
 * (RLIMIT_DATA: address space that may be written, used or not); 0: as many as the gateway. */
int jail_enter(unsigned offered, uint64_t memory_max, char *err, size_t err_size);

/* The plan as text, one step a line, then one system call a line; for `mayfly sandbox` and the tests. */
void jail_describe(unsigned offered, char *out, size_t out_size);

#endif
