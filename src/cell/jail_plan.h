/* jail_plan.h: what the files of the jail share, and the tests with them.
 *
 * The plan is a constant array, so nothing at run time can take a step out of it; a test copies it, puts a failing
 * step in, and hands the copy to jail_apply.
 */
#ifndef MAYFLY_CELL_JAIL_PLAN_H
#define MAYFLY_CELL_JAIL_PLAN_H

#include <linux/filter.h>
#include <stdbool.h>

#include "cell/jail.h"

struct jail_context {
  unsigned offered; /* set of jail_step */
  uint64_t memory_max;
};

/* 0, or -1 with the reason (without the step's name) in err. */
typedef int jail_step_function(const struct jail_context *context, char *err, size_t err_size);

struct jail_row {
  unsigned step; /* one of enum jail_step; the row is left out when it is not offered */
  const char *name, *what;
  jail_step_function *apply;
};

enum { JAIL_PLAN_ROWS = 11 };
extern const struct jail_row jail_plan[JAIL_PLAN_ROWS];

int jail_apply(const struct jail_row *plan, size_t rows, const struct jail_context *context, char *err,
               size_t err_size);
/* "what: what errno means" in err; -1. Allocates nothing and takes no lock, so that a forked child may use it. */
int jail_fail(char *err, size_t err_size, const char *what);

enum { JAIL_ID_NOBODY = 65534, JAIL_THREADS = 256 };

jail_step_function jail_privileges_alone, jail_privileges_nobody, jail_privileges_drop;
jail_step_function jail_spawn_check_user, jail_spawn_check_pid, jail_spawn_parent;
jail_step_function jail_limits_descriptors, jail_limits_apply;
jail_step_function jail_root_enter, jail_landlock_enter, jail_seccomp_enter;

/* Tries the namespaces, the identity and the root of `offered` in a child. 0, or -1 with the reason. */
int jail_spawn_try(unsigned offered, char *err, size_t err_size);

/* The kernel's version of Landlock's interface, or -1 with errno. */
int jail_landlock_version(void);

/* One line of the filter: this system call, if all its checks hold, is let through or answered with an error. */
struct seccomp_check {
  uint8_t argument;
  bool own_pid; /* the value is the cell's pid */
  uint64_t mask,
      value; /* (argument & mask) == value; a mask below 2^32 is for an argument that the kernel takes as int */
};
struct seccomp_row {
  int number;
  const char *name, *why;
  int error;      /* errno to answer with; 0: let through */
  uint8_t checks; /* how many of check[] */
  struct seccomp_check check[3];
};
enum { SECCOMP_PROGRAM_MAX = 1024 };
extern const struct seccomp_row seccomp_table[];
extern const size_t seccomp_rows;
/* Instructions written to program[SECCOMP_PROGRAM_MAX], or -1: too long. */
int jail_seccomp_compile(struct sock_filter *program, uint32_t pid);

#endif
