/* jail_landlock.c: an empty set of rules for everything that this kernel's Landlock can rule.
 *
 * The constants are here, not from the system's header, which is often older than the running kernel. A kernel that
 * knows more than this table rules at least this much.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cell/jail_plan.h"

enum { LANDLOCK_ASK_VERSION = 1 };

/* struct landlock_ruleset_attr, as of version 6 */
struct landlock_rules {
  uint64_t files, net, scope;
};

struct landlock_row {
  int version; /* from which on the kernel knows it */
  struct landlock_rules rules;
  size_t size; /* of the kernel's struct */
};

static const struct landlock_row landlock_table[] = {
    {1, {0x1fff, 0, 0}, 8},      /* execute, write, read, list, remove and make, each kind */
    {2, {0x3fff, 0, 0}, 8},      /* link and rename across directories */
    {3, {0x7fff, 0, 0}, 8},      /* truncate */
    {4, {0x7fff, 0x3, 0}, 16},   /* bind and connect TCP */
    {5, {0xffff, 0x3, 0}, 16},   /* ioctl on devices */
    {6, {0xffff, 0x3, 0x3}, 24}, /* abstract unix sockets, signals */
};

int jail_landlock_version(void) { return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_ASK_VERSION); }

int jail_landlock_enter(const struct jail_context *context, char *err, size_t err_size) {
  (void)context;
  const struct landlock_row *row = NULL;
  int version = jail_landlock_version();
  for (size_t i = 0; i < sizeof landlock_table / sizeof landlock_table[0]; i++)
    if (landlock_table[i].version <= version) row = &landlock_table[i];
  if (!row) return jail_fail(err, err_size, "its version");
  int fd = (int)syscall(SYS_landlock_create_ruleset, &row->rules, row->size, 0);
  if (fd < 0) return jail_fail(err, err_size, "landlock_create_ruleset");
  int status = (int)syscall(SYS_landlock_restrict_self, fd, 0);
  if (status < 0) jail_fail(err, err_size, "landlock_restrict_self");
  close(fd);
  return status < 0 ? -1 : 0;
}
