/* jail_root.c: an empty, read-only root directory.
 *
 * Needs a mount namespace of the cell's own and the capabilities in it. The program and its libraries are mapped by
 * then; afterwards no path leads anywhere.
 */
#include <errno.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cell/jail_plan.h"

/* The new root goes over a directory that every Linux system has, and is then swapped with the old one. */
#define ROOT_OVER "/proc"

int jail_root_enter(const struct jail_context *context, char *err, size_t err_size) {
  (void)context;
  const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return jail_fail(err, err_size, "making / private");
  if (mount("none", ROOT_OVER, "tmpfs", flags, "mode=0,size=4k,nr_inodes=2") < 0)
    return jail_fail(err, err_size, "mounting an empty directory");
  if (chdir(ROOT_OVER) < 0) return jail_fail(err, err_size, "chdir");
  if (syscall(SYS_pivot_root, ".", ".") < 0) return jail_fail(err, err_size, "pivot_root");
  if (umount2(".", MNT_DETACH) < 0) return jail_fail(err, err_size, "leaving the old root");
  if (chdir("/") < 0) return jail_fail(err, err_size, "chdir to the new root");
  return 0;
}
