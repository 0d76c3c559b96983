/* jail_harness.h: children in the jail of a cell, for the tests that attack it from inside.
 *
 * An attack is a function that runs after lock-down. Two ways to get there:
 *   jailed()   fork, then jail_enter without what needs a fresh process (namespaces, root): cheap, for sweeps
 *   celled()   jail_spawn of this same program, whole plan: what a real cell is. Its main() hands over to cell_attack()
 * Either way descriptor 5 (CELL_FD_GATEWAY), the one that a cell may write to, is a pipe to the test; 4 is an eventfd
 * and 6 a sealed memfd, as in a cell. An outcome is how the child ended and what it wrote.
 */
#ifndef MAYFLY_TESTS_REDTEAM_JAIL_HARNESS_H
#define MAYFLY_TESTS_REDTEAM_JAIL_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cell/jail_plan.h"

struct outcome {
  int status; /* of waitpid */
  size_t length;
  char text[4096]; /* what was written to descriptor 5; NUL-terminated */
};

typedef void attack_function(const long *arguments);

struct attack {
  const char *name;
  attack_function *run;
};

enum { EXIT_REFUSED = 2 }; /* jail_enter failed; its message is the text */

/* What fork alone can give. */
#define HARNESS_FORKED (~(unsigned)(JAIL_NAMESPACES | JAIL_USER | JAIL_ROOT))

/* Asserts that the trial itself succeeded; what this system offers. */
unsigned harness_offered(void);
struct outcome harness_jailed(attack_function *attack, const long *arguments);
/* `prepare` runs before jail_enter, in the child; `offered` is handed to it. */
struct outcome harness_prepared(void (*prepare)(long), long argument, unsigned offered, attack_function *attack,
                                const long *arguments);
/* A cell that runs attack `name` of the table given to harness_cell_main. */
struct outcome harness_celled(const char *name, unsigned offered, uint64_t memory_max);
/* The same, still running: its pid, and the pipe's read end. */
pid_t harness_cell_start(const char *name, unsigned offered, uint64_t memory_max, int *reading);
struct outcome harness_await(pid_t pid, int reading);
/* main() of a program that was started as a cell. before: called before jail_enter, or NULL. */
int harness_cell_main(char **argv, const struct attack *table, size_t count, void (*before)(const char *name));

void harness_say(const char *format, ...) __attribute__((format(printf, 1, 2))); /* in the child, to the test */
bool harness_killed(const struct outcome *o);                                    /* by seccomp */
bool harness_survived(const struct outcome *o);                                  /* said "alive", ended with 0 */
void harness_signals_default(void);                                              /* cmocka and sanitizers catch some */
void harness_refuse_call(long number); /* from now on this system call fails with EPERM in this process */
void harness_assert_killed(const char *what, const struct outcome *o);

#endif
