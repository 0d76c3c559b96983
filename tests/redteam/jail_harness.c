/* jail_harness.c: see jail_harness.h. */
#include "jail_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { HARNESS_FDS = CELL_FD_LAST + 1 };

void harness_say(const char *format, ...) {
  char text[1024];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (write(CELL_FD_GATEWAY, text, (size_t)n) != n) _exit(99);
}

void harness_signals_default(void) {
  const int caught[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGABRT, SIGPIPE};
  for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++) signal(caught[i], SIG_DFL);
}

void harness_refuse_call(long number) {
  struct sock_filter program[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)number},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  struct sock_fprog filter = {.len = sizeof program / sizeof program[0], .filter = program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
    _exit(98);
}

static int sealed_memory(void) {
  int fd = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd >= 0 && ftruncate(fd, 65536) == 0 &&
      fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
    return fd;
  return -1;
}

/* A cell's descriptors, `report` as the one to write to. */
static void descriptors_open(int fds[HARNESS_FDS], int report) {
  for (int i = 0; i < HARNESS_FDS; i++) fds[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
  close(fds[CELL_FD_WAKE]), close(fds[CELL_FD_GATEWAY]), close(fds[CELL_FD_IMAGE]);
  fds[CELL_FD_WAKE] = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
  fds[CELL_FD_GATEWAY] = report;
  fds[CELL_FD_IMAGE] = sealed_memory();
  for (int i = 0; i < HARNESS_FDS; i++) assert_true(fds[i] >= 0);
}

static void descriptors_close(const int fds[HARNESS_FDS]) {
  for (int i = 0; i < HARNESS_FDS; i++) close(fds[i]);
}

/* What jail_spawn does for a cell, in a child that was only forked. */
static void descriptors_arrange(const int fds[HARNESS_FDS], int parent) {
  int high[HARNESS_FDS];
  int high_parent = fcntl(parent, F_DUPFD, 64);
  for (int i = 0; i < HARNESS_FDS; i++) high[i] = fcntl(fds[i], F_DUPFD, 64);
#ifdef MAYFLY_ASAN
  high[2] = fcntl(2, F_DUPFD, 64); /* for reports */
#endif
  for (int i = 0; i < HARNESS_FDS; i++) dup2(high[i], i);
  dup2(high_parent, JAIL_FD_PARENT);
}

unsigned harness_offered(void) {
  char missing[512];
  return jail_offered(missing, sizeof missing);
}

struct outcome harness_await(pid_t pid, int reading) {
  struct outcome o = {.status = -1};
  ssize_t n;
  while ((n = read(reading, o.text + o.length, sizeof o.text - 1 - o.length)) > 0) o.length += (size_t)n;
  close(reading);
  assert_int_equal(waitpid(pid, &o.status, 0), pid);
  return o;
}

static _Noreturn void attack_run(attack_function *attack, const long *arguments) {
  attack(arguments);
  harness_say("alive");
  _exit(0);
}

static _Noreturn void child_run(const int fds[HARNESS_FDS], int parent, void (*prepare)(long), long argument,
                                unsigned offered, attack_function *attack, const long *arguments) {
  char err[256];
  harness_signals_default();
  descriptors_arrange(fds, parent);
  if (prepare) prepare(argument);
  if (jail_enter(offered, 0, err, sizeof err) == 0) attack_run(attack, arguments);
  harness_say("%s", err);
  _exit(EXIT_REFUSED);
}

struct outcome harness_prepared(void (*prepare)(long), long argument, unsigned offered, attack_function *attack,
                                const long *arguments) {
  int fds[HARNESS_FDS], p[2];
  assert_int_equal(pipe2(p, O_CLOEXEC), 0);
  int parent = (int)syscall(SYS_pidfd_open, getpid(), 0);
  descriptors_open(fds, p[1]);
  pid_t pid = fork();
  if (pid == 0) child_run(fds, parent, prepare, argument, offered, attack, arguments);
  assert_true(pid > 0);
  descriptors_close(fds);
  close(parent);
  return harness_await(pid, p[0]);
}

struct outcome harness_jailed(attack_function *attack, const long *arguments) {
  return harness_prepared(NULL, 0, harness_offered() & HARNESS_FORKED, attack, arguments);
}

pid_t harness_cell_start(const char *name, unsigned offered, uint64_t memory_max, int *reading) {
  int fds[HARNESS_FDS], p[2];
  char mask[16], memory[24], err[256] = "";
  assert_int_equal(pipe2(p, O_CLOEXEC), 0);
  descriptors_open(fds, p[1]);
  snprintf(mask, sizeof mask, "%u", offered);
  snprintf(memory, sizeof memory, "%llu", (unsigned long long)memory_max);
  char *argv[] = {(char[]){CELL_ARGV0}, strdup(name), mask, memory, NULL};
  pid_t pid = jail_spawn("/proc/self/exe", argv, fds, HARNESS_FDS, offered, err, sizeof err);
  free(argv[1]);
  descriptors_close(fds);
  if (pid < 0) fail_msg("jail_spawn: %s", err);
  *reading = p[0];
  return pid;
}

struct outcome harness_celled(const char *name, unsigned offered, uint64_t memory_max) {
  int reading;
  pid_t pid = harness_cell_start(name, offered, memory_max, &reading);
  return harness_await(pid, reading);
}

int harness_cell_main(char **argv, const struct attack *table, size_t count, void (*before)(const char *name)) {
  char err[256];
  harness_signals_default();
  if (before) before(argv[1]);
  if (jail_enter((unsigned)strtoul(argv[2], NULL, 10), strtoull(argv[3], NULL, 10), err, sizeof err) < 0) {
    harness_say("%s", err);
    _exit(EXIT_REFUSED);
  }
  for (size_t i = 0; i < count; i++)
    if (!strcmp(table[i].name, argv[1])) attack_run(table[i].run, NULL);
  _exit(97);
}

bool harness_killed(const struct outcome *o) { return WIFSIGNALED(o->status) && WTERMSIG(o->status) == SIGSYS; }

bool harness_survived(const struct outcome *o) {
  return WIFEXITED(o->status) && WEXITSTATUS(o->status) == 0 && o->length >= 5 &&
         !strcmp(o->text + o->length - 5, "alive");
}

void harness_assert_killed(const char *what, const struct outcome *o) {
  if (!harness_killed(o)) fail_msg("%s: status %#x, wrote \"%s\"", what, (unsigned)o->status, o->text);
}
