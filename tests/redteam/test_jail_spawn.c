/* test_jail_spawn.c: starting a cell: what fails refuses and leaves nobody behind (RED-TEAM N12), what the system does
 * not offer is named, and no cell outlives its gateway, whenever that is killed.
 *
 * Cells and gateways here are this program again.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "jail_harness.h"

#define ARGV0_OFFERED "ask-what-is-offered"

/* A gateway that cannot start a cell: says what jail_spawn says, and whether a child was left. */
static struct outcome spawn_refused(long number, const char *path, unsigned offered) {
  int p[2];
  assert_int_equal(pipe2(p, O_CLOEXEC), 0);
  pid_t pid = fork();
  if (pid == 0) {
    char err[256] = "";
    int fds[CELL_FD_LAST + 1] = {0, 0, 0, 0, 0, 0, 0};
    char *argv[] = {(char[]){CELL_ARGV0}, NULL};
    harness_signals_default();
    dup2(p[1], CELL_FD_GATEWAY);
    if (number >= 0) harness_refuse_call(number);
    if (jail_spawn(path, argv, fds, CELL_FD_LAST + 1, offered, err, sizeof err) >= 0) _exit(1);
    bool clean = waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
    harness_say("%s", err);
    _exit(clean ? 0 : 2);
  }
  close(p[1]);
  return harness_await(pid, p[0]);
}

static void assert_spawn_refused(long number, const char *path, unsigned offered, const char *expected) {
  struct outcome o = spawn_refused(number, path, offered);
  assert_int_equal(o.status, 0);
  if (strncmp(o.text, expected, strlen(expected)) != 0) fail_msg("expected \"%s\", got \"%s\"", expected, o.text);
}

static void spawn_refuses(void **state) {
  (void)state;
  const char *self = "/proc/self/exe";
  unsigned all = harness_offered();
  assert_spawn_refused(-1, "/nowhere/at/all", all, "/nowhere/at/all: No such file");
  assert_spawn_refused(-1, "/dev/null", all, "execveat: Permission denied");
  assert_spawn_refused(SYS_clone, self, all | JAIL_NAMESPACES, "namespaces: clone: Operation not permitted");
  assert_spawn_refused(SYS_clone, self, JAIL_ALWAYS, "clone: Operation not permitted");
  assert_spawn_refused(SYS_execveat, self, all, "execveat: Operation not permitted");
  assert_spawn_refused(SYS_prctl, self, all, "PR_SET_PDEATHSIG: Operation not permitted");
  assert_spawn_refused(SYS_close_range, self, all, "close_range: Operation not permitted");
  assert_spawn_refused(SYS_pidfd_open, self, all, "parent: pidfd_open: Operation not permitted");
  assert_spawn_refused(SYS_pipe2, self, all, "pipe2: Operation not permitted");
  if (all & JAIL_USER) assert_spawn_refused(SYS_setresuid, self, all, "setresuid: Operation not permitted");
}

/* jail_offered keeps its answer, so another system's is asked for in a new process. */
static _Noreturn void ask_what_is_offered(long refused) {
  char missing[1024] = "";
  harness_refuse_call(refused);
  unsigned offered = jail_offered(missing, sizeof missing);
  dprintf(1, "%u %s", offered, missing);
  _exit(0);
}

static void ask(long refused, unsigned *offered, char *missing, size_t size) {
  int p[2];
  char number[16];
  assert_int_equal(pipe2(p, O_CLOEXEC), 0);
  snprintf(number, sizeof number, "%ld", refused);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(p[1], 1);
    execl("/proc/self/exe", ARGV0_OFFERED, number, (char *)NULL);
    _exit(1);
  }
  close(p[1]);
  struct outcome o = harness_await(pid, p[0]);
  char *rest = strchr(o.text, ' ');
  assert_non_null(rest);
  *offered = (unsigned)strtoul(o.text, NULL, 10);
  snprintf(missing, size, "%s", rest + 1);
}

static void what_is_not_offered_is_named(void **state) {
  (void)state;
  unsigned offered;
  char missing[1024];
  ask(SYS_clone, &offered, missing, sizeof missing);
  assert_int_equal(offered & (JAIL_USER | JAIL_NAMESPACES | JAIL_ROOT), 0);
  assert_int_equal(offered & JAIL_ALWAYS, JAIL_ALWAYS);
  assert_non_null(strstr(missing, "user namespace"));
  assert_non_null(strstr(missing, "namespaces: clone: Operation not permitted"));
  ask(SYS_landlock_create_ruleset, &offered, missing, sizeof missing);
  assert_int_equal(offered & JAIL_LANDLOCK, 0);
  assert_non_null(strstr(missing, "no Landlock (Operation not permitted)"));
  ask(SYS_pivot_root, &offered, missing, sizeof missing);
  assert_int_equal(offered & JAIL_ROOT, 0);
  assert_int_equal(offered | JAIL_ROOT, harness_offered() | JAIL_ROOT);
  if (harness_offered() & JAIL_ROOT) assert_non_null(strstr(missing, "root: pivot_root: Operation not permitted"));
}

/* Asks on the wake-up, which the test closes once the gateway is dead and reaped. The kernel has killed this process
 * before that, so it never gets to answer. */
static void attack_outlive(const long *a) {
  char byte;
  (void)a;
  harness_say("in\n");
  while (read(CELL_FD_WAKE, &byte, 1) > 0) continue;
  harness_say("orphan\n");
}

static const struct attack attacks[] = {{"outlive", attack_outlive}};

/* Starts cells that hold the write end of `report`, and waits to be killed. */
static _Noreturn void gateway_run(int report, int question) {
  char mask[16], err[256];
  int fds[CELL_FD_LAST + 1];
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  snprintf(mask, sizeof mask, "%u", harness_offered());
  char *argv[] = {(char[]){CELL_ARGV0}, (char[]){"outlive"}, mask, (char[]){"0"}, NULL};
  for (int i = 0; i <= CELL_FD_LAST; i++) fds[i] = null;
  fds[CELL_FD_GATEWAY] = report;
  fds[CELL_FD_WAKE] = question;
  for (int i = 0; i < 6; i++)
    if (jail_spawn("/proc/self/exe", argv, fds, CELL_FD_LAST + 1, harness_offered(), err, sizeof err) < 0) _exit(1);
  for (;;) pause();
}

/* How many cells said that they were in; the gateway is killed after `spin` steps, or (-1) at the first word of a
 * cell. Returns when nobody holds the report's end any more. */
static int kill_gateway_after(long spin) {
  int report[2], question[2], count = 0;
  char byte;
  assert_int_equal(pipe2(report, O_CLOEXEC) | pipe2(question, O_CLOEXEC), 0);
  pid_t pid = fork();
  if (pid == 0) {
    close(report[0]), close(question[1]);
    gateway_run(report[1], question[0]);
  }
  close(report[1]), close(question[0]);
  if (spin < 0) assert_int_equal(read(report[0], &byte, 1), 1);
  for (volatile long i = 0; i < spin; i++) continue;
  kill(pid, SIGKILL);
  assert_int_equal(waitpid(pid, NULL, 0), pid);
  close(question[1]);
  while (read(report[0], &byte, 1) > 0) {
    if (byte == 'o') fail_msg("a cell outlived its gateway, killed after %ld steps", spin);
    count += byte == '\n';
  }
  close(report[0]);
  while (waitpid(-1, NULL, 0) > 0) continue; /* the cells: theirs is a dead parent, so they became ours */
  assert_int_equal(errno, ECHILD);
  return count;
}

static void no_cell_outlives_its_gateway(void **state) {
  (void)state;
  harness_offered(); /* known before the gateways are forked */
  assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  for (int i = 0; i < 20; i++) assert_true(kill_gateway_after(-1) > 0);
  for (int i = 0; i < 120; i++) kill_gateway_after(i * 100000L);
}

int main(int argc, char **argv) {
  if (argc > 3 && !strcmp(argv[0], CELL_ARGV0)) return harness_cell_main(argv, attacks, 1, NULL);
  if (argc > 1 && !strcmp(argv[0], ARGV0_OFFERED)) ask_what_is_offered(atol(argv[1]));
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(spawn_refuses),
      cmocka_unit_test(what_is_not_offered_is_named),
      cmocka_unit_test(no_cell_outlives_its_gateway),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
