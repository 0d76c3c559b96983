/* jail.h: the process sandbox of a cell, as a plan that is printed, tested and then applied.
 *
 * Always: no_new_privs, rlimits, not dumpable, no descriptors but the link's, death with the parent, seccomp with an
 * allow-list and default kill. Where the system offers them: user, pid, net, mount, ipc (and uts, cgroup) namespaces
 * and Landlock. What the system does not offer is named in one warning, and refused under SANDBOX_STRICT. A step that
 * is offered and fails makes the cell refuse to start, with the step's name and the reason.
 *
 * One file per mechanism: jail_spawn.c (namespaces, made by the gateway when it starts the process), jail_limits.c,
 * jail_landlock.c, jail_seccomp.c (one ordered table, a reason on each line).
 */
#ifndef MAYFLY_CELL_JAIL_H
#define MAYFLY_CELL_JAIL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/layer.h"
#if LAYER < LAYER_CELL
#error "jail.h belongs to the cell layer"
#endif

enum sandbox_mode { SANDBOX_AUTO, SANDBOX_STRICT };

enum jail_step {
  JAIL_NAMESPACES = 1, /* user, pid, net, mount, ipc, uts */
  JAIL_PARENT = 2,     /* PR_SET_PDEATHSIG, and the parent still lives */
  JAIL_PRIVILEGES = 4, /* no_new_privs, all capabilities dropped, not dumpable */
  JAIL_DESCRIPTORS = 8,
  JAIL_RLIMITS = 16,
  JAIL_LANDLOCK = 32,
  JAIL_SECCOMP = 64,
};

/* In the gateway. What this system offers: a set of jail_step, found by trying in a child, once. `missing` gets a
 * sentence that names what is not offered and why (empty: all is there). */
unsigned jail_offered(char *missing, size_t missing_size);

/* In the gateway: starts `path` with argv as a child in fresh namespaces (those in `offered`), with descriptor fds[i]
 * as number i, and no other. The child's pid, or -1 with a message. The child dies with the gateway. */
pid_t jail_spawn(const char *path, char *const argv[], const int *fds, int fd_count, unsigned offered, char *err,
                 size_t err_size);

/* In the cell, before the first guest byte: the rest of the plan. 0, or -1 with "step: reason" in err. */
int jail_enter(unsigned offered, uint64_t memory_max, char *err, size_t err_size);

/* The plan as text, one step a line, for --sandbox=print and the tests. */
void jail_describe(unsigned offered, char *out, size_t out_size);

#endif
