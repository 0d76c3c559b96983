/* test_jail.c: the jail itself: what is offered is applied, a step that fails refuses (RED-TEAM N12), nothing is
 * inherited (N3), limits hold (N9).
 *
 * Cells here are this program again, started by jail_spawn. What the system offers is found at run time, so the tests
 * pass as root, as a user, and where there are no namespaces; and each also runs with less than what is offered.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "jail_harness.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const char *const namespace_names[] = {"user", "pid", "net", "mnt", "ipc", "uts", "cgroup"};

/* ---- in the cell ---- */

static void attack_wait(const long *a) {
  (void)a;
  harness_say("in\n");
  for (;;) ppoll(NULL, 0, NULL, NULL);
}

static void attack_descriptors(const long *a) {
  (void)a;
  for (int fd = 0; fd < 5000; fd++) {
    struct pollfd p = {.fd = fd};
    if (poll(&p, 1, 0) < 0 || !(p.revents & POLLNVAL)) harness_say("%d ", fd);
  }
}

static void *thread_wait(void *arg) {
  ppoll(NULL, 0, NULL, NULL);
  return arg;
}

static void attack_threads(const long *a) {
  pthread_attr_t attr;
  pthread_t thread;
  int count = 1, error;
  (void)a;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, 65536);
  while ((error = pthread_create(&thread, &attr, thread_wait, NULL)) == 0 && count < 5000) count++;
  harness_say("%d %d ", count, error);
}

static void attack_memory(const long *a) {
  int count = 0;
  (void)a;
  while (count < 4096 &&
         mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED)
    count++;
  harness_say("%d ", count);
}

static void attack_environment(const long *a) {
  (void)a;
  harness_say("%s ", getenv("MAYFLY_TEST_SECRET") ? "secret" : "nothing");
}

static void attack_pid(const long *a) {
  (void)a;
  harness_say("%d ", (int)getpid());
}

static void attack_open(const long *a) {
  (void)a;
  syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY, 0);
  syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static const struct attack attacks[] = {
    {"wait", attack_wait},     {"descriptors", attack_descriptors}, {"threads", attack_threads},
    {"memory", attack_memory}, {"environment", attack_environment}, {"pid", attack_pid},
    {"open", attack_open},     {"namespaces", attack_pid},
};

static void say_namespaces(void) {
  for (size_t i = 0; i < COUNT(namespace_names); i++) {
    char path[64], link[64] = "";
    snprintf(path, sizeof path, "/proc/self/ns/%s", namespace_names[i]);
    if (readlink(path, link, sizeof link - 1) < 0) _exit(96);
    harness_say("%s\n", link);
  }
}

/* Only some steps, and then what those alone should stop: files and, where Landlock knows them, ports. */
static void say_reach(unsigned steps) {
  char err[256];
  struct jail_context context = {.offered = steps};
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int directory = open("/proc", O_RDONLY | O_DIRECTORY);
  close(directory);
  if (jail_apply(jail_plan, JAIL_PLAN_ROWS, &context, err, sizeof err) < 0) {
    harness_say("%s", err);
    _exit(EXIT_REFUSED);
  }
  harness_say("before %d, ", directory >= 0);
  harness_say("open %d, ", open("/proc", O_RDONLY | O_DIRECTORY) < 0 ? errno : 0);
  int s = socket(AF_INET, SOCK_STREAM, 0);
  harness_say("connect %d", connect(s, (struct sockaddr *)&to, sizeof to) < 0 ? errno : 0);
  _exit(0);
}

static void before_jail(const char *name) {
  if (!strcmp(name, "namespaces")) say_namespaces();
  if (!strcmp(name, "root alone")) say_reach(JAIL_ROOT);
  if (!strcmp(name, "landlock alone")) say_reach(JAIL_LANDLOCK | JAIL_PRIVILEGES);
}

/* ---- the tests ---- */

/* The best that there is, and all that a system might offer less. Returns how many. */
static size_t sets_of_steps(unsigned sets[5]) {
  unsigned all = harness_offered(), inner = JAIL_USER | JAIL_NAMESPACES | JAIL_ROOT;
  size_t n = 0;
  sets[n++] = all;
  sets[n++] = all & ~(unsigned)JAIL_ROOT;
  if (geteuid() == 0) sets[n++] = all & ~(unsigned)JAIL_USER;
  sets[n++] = all & ~inner;
  sets[n++] = JAIL_ALWAYS;
  return n;
}

static void shut_with_whatever_is_offered(void **state) {
  (void)state;
  unsigned sets[5];
  for (size_t n = sets_of_steps(sets); n-- > 0;) {
    struct outcome o = harness_celled("pid", sets[n], 0);
    assert_true(harness_survived(&o));
    assert_int_equal(atoi(o.text) == 1, (sets[n] & JAIL_NAMESPACES) != 0);
    o = harness_celled("open", sets[n], 0);
    harness_assert_killed("openat or socket", &o);
  }
}

static void namespaces_are_new(void **state) {
  (void)state;
  unsigned sets[5];
  for (size_t n = sets_of_steps(sets); n-- > 0;) {
    struct outcome o = harness_celled("namespaces", sets[n], 0);
    char *line = o.text;
    for (size_t i = 0; i < COUNT(namespace_names); i++) {
      char path[64], link[64] = "";
      snprintf(path, sizeof path, "/proc/self/ns/%s", namespace_names[i]);
      assert_true(readlink(path, link, sizeof link - 1) > 0);
      char *end = strchr(line, '\n');
      assert_non_null(end);
      *end = 0;
      unsigned step = i == 0 ? JAIL_USER : JAIL_NAMESPACES;
      assert_int_equal(strcmp(line, link) != 0, (sets[n] & step) != 0);
      line = end + 1;
    }
  }
}

/* The value of a line of /proc/PID/status, up to its end. */
static void status_value(pid_t pid, const char *key, char *out, size_t size) {
  char path[64], line[512];
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  FILE *f = fopen(path, "re");
  assert_non_null(f);
  out[0] = 0;
  while (fgets(line, sizeof line, f))
    if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':') {
      line[strcspn(line, "\n")] = 0;
      snprintf(out, size, "%s", line + strlen(key) + 2);
    }
  fclose(f);
}

static void assert_status(pid_t pid, const char *key, const char *expected) {
  char value[256];
  status_value(pid, key, value, sizeof value);
  if (strcmp(value, expected) != 0) fail_msg("%s: %s, expected %s", key, value, expected);
}

/* From /proc/PID/limits, which anybody may read: "Max open files   8   8   files". */
static void assert_limit(pid_t pid, const char *name, unsigned long most) {
  char path[64], line[256];
  unsigned long soft = ~0ul, hard = ~0ul;
  snprintf(path, sizeof path, "/proc/%d/limits", (int)pid);
  FILE *f = fopen(path, "re");
  assert_non_null(f);
  while (fgets(line, sizeof line, f))
    if (!strncmp(line, name, strlen(name))) assert_int_equal(sscanf(line + strlen(name), "%lu %lu", &soft, &hard), 2);
  fclose(f);
  if (soft > most || hard > most) fail_msg("%s: %lu, %lu", name, soft, hard);
}

static void assert_identity(pid_t pid, unsigned offered) {
  char ids[64];
  unsigned id = offered & JAIL_NOBODY ? JAIL_ID_NOBODY : geteuid();
  unsigned group = offered & JAIL_NOBODY ? JAIL_ID_NOBODY : getegid();
  snprintf(ids, sizeof ids, "%u\t%u\t%u\t%u", id, id, id, id);
  assert_status(pid, "Uid", ids);
  snprintf(ids, sizeof ids, "%u\t%u\t%u\t%u", group, group, group, group);
  assert_status(pid, "Gid", ids);
  if (offered & JAIL_NOBODY) assert_status(pid, "Groups", " ");
}

static void assert_powerless(pid_t pid, unsigned offered) {
  const char *const none = "0000000000000000";
  const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapAmb", "SigBlk", "SigIgn"};
  for (size_t i = 0; i < COUNT(sets); i++) assert_status(pid, sets[i], none);
  if (offered & JAIL_USER || geteuid() == 0) assert_status(pid, "CapBnd", none);
  assert_status(pid, "NoNewPrivs", "1");
  assert_status(pid, "Seccomp", "2");
  assert_status(pid, "Threads", "1");
  assert_limit(pid, "Max core file size", 0);
  assert_limit(pid, "Max file size", 0);
  assert_limit(pid, "Max open files", JAIL_FD_PARENT + 1);
  assert_limit(pid, "Max processes", offered & JAIL_USER ? 256 : 4096);
  assert_limit(pid, "Max locked memory", 0);
}

/* Seen from outside, while it lives. The gateway blocks and ignores signals; the cell must not. */
static void powerless_from_outside(void **state) {
  (void)state;
  unsigned sets[5];
  sigset_t block, old;
  sigemptyset(&block);
  sigaddset(&block, SIGTERM);
  sigprocmask(SIG_BLOCK, &block, &old);
  signal(SIGPIPE, SIG_IGN);
  bool grouped = geteuid() == 0 && setgroups(1, (gid_t[]){12345}) == 0; /* something to drop; refused in a container */
  for (size_t n = sets_of_steps(sets); n-- > 0;) {
    char in[8];
    int reading;
    pid_t pid = harness_cell_start("wait", sets[n], 0, &reading);
    assert_int_equal(read(reading, in, sizeof in), 3);
    assert_identity(pid, sets[n]);
    assert_powerless(pid, sets[n]);
    assert_status(pid, "Name", CELL_ARGV0);
    assert_int_equal(getsid(pid), pid);
    kill(pid, SIGKILL);
    struct outcome o = harness_await(pid, reading);
    assert_int_equal(WTERMSIG(o.status), SIGKILL);
  }
  if (grouped) assert_int_equal(setgroups(0, NULL), 0);
  signal(SIGPIPE, SIG_DFL);
  sigprocmask(SIG_SETMASK, &old, NULL);
}

/* Each of these two holds without the other, and without seccomp. */
static void root_alone_hides_files(void **state) {
  (void)state;
  if (!(harness_offered() & JAIL_ROOT)) return; /* nothing to hold: jail_offered says so, and `missing` names it */
  struct outcome o = harness_celled("root alone", harness_offered(), 0);
  int before = 0, error = 0, connected = 0;
  assert_int_equal(sscanf(o.text, "before %d, open %d, connect %d", &before, &error, &connected), 3);
  assert_int_equal(before, 1);
  assert_int_equal(error, ENOENT);
  assert_int_equal(connected, ENETUNREACH);
}

static void landlock_alone_closes_files(void **state) {
  (void)state;
  if (!(harness_offered() & JAIL_LANDLOCK)) return;
  struct outcome o = harness_celled("landlock alone", harness_offered(), 0);
  int before = 0, error = 0, connected = 0;
  assert_int_equal(sscanf(o.text, "before %d, open %d, connect %d", &before, &error, &connected), 3);
  assert_int_equal(before, 1);
  assert_int_equal(error, EACCES);
  if (jail_landlock_version() >= 4) assert_int_equal(connected, EACCES);
}

/* N3 */
static void only_the_links_descriptors(void **state) {
  (void)state;
  int leaked[40];
  for (size_t i = 0; i < COUNT(leaked); i++) leaked[i] = fcntl(0, F_DUPFD, (int)i * 20);
  struct outcome o = harness_celled("descriptors", harness_offered(), 0);
  for (size_t i = 0; i < COUNT(leaked); i++) close(leaked[i]);
  assert_string_equal(o.text, "0 1 2 3 4 5 6 alive");
  o = harness_jailed(attack_descriptors, NULL);
  assert_string_equal(o.text, "0 1 2 3 4 5 6 alive");
}

#ifndef MAYFLY_ASAN /* a sanitizer keeps its log, and reserves more memory than any limit */
static void log_to_pipe(long unused) {
  (void)unused;
  dup2(CELL_FD_GATEWAY, 2);
}

static void attack_log(const long *a) {
  (void)a;
  if (write(2, "leak", 4) != 4) _exit(1);
}

static void the_log_is_closed(void **state) {
  (void)state;
  unsigned offered = harness_offered() & HARNESS_FORKED;
  struct outcome o = harness_prepared(log_to_pipe, 0, offered, attack_log, NULL);
  assert_string_equal(o.text, "alive");
}

/* N9 */
static void memory_is_limited(void **state) {
  (void)state;
  struct outcome o = harness_celled("memory", harness_offered(), 256 << 20);
  assert_true(harness_survived(&o));
  assert_in_range(atoi(o.text), 64, 256);
}
#endif

/* N9. Without a user namespace the count is shared with whatever else the user runs; powerless_from_outside sees that
 * there is a limit. The kernel exempts its own root. */
static void threads_are_limited(void **state) {
  (void)state;
  int count = 0, error = 0;
  unsigned offered = harness_offered();
  if (!(offered & JAIL_USER) || (geteuid() == 0 && !(offered & JAIL_NOBODY))) return;
  struct outcome o = harness_celled("threads", offered, 0);
  assert_int_equal(sscanf(o.text, "%d %d", &count, &error), 2);
  assert_int_equal(error, EAGAIN);
  assert_int_equal(count, JAIL_THREADS);
}

static void no_environment(void **state) {
  (void)state;
  setenv("MAYFLY_TEST_SECRET", "1", 1);
  struct outcome o = harness_celled("environment", harness_offered(), 0);
  unsetenv("MAYFLY_TEST_SECRET");
  assert_string_equal(o.text, "nothing alive");
}

/* ---- N12 ---- */

static int applied;
static int step_works(const struct jail_context *context, char *err, size_t err_size) {
  (void)context, (void)err, (void)err_size;
  applied++;
  return 0;
}
static int step_fails(const struct jail_context *context, char *err, size_t err_size) {
  (void)context;
  snprintf(err, err_size, "out of luck");
  return -1;
}

static void any_step_that_fails_refuses(void **state) {
  (void)state;
  struct jail_context all = {.offered = ~0u};
  for (int failing = 0; failing < JAIL_PLAN_ROWS; failing++) {
    struct jail_row plan[JAIL_PLAN_ROWS];
    char err[256] = "", expected[256];
    memcpy(plan, jail_plan, sizeof plan);
    for (int i = 0; i < JAIL_PLAN_ROWS; i++) plan[i].apply = i == failing ? step_fails : step_works;
    applied = 0;
    assert_int_equal(jail_apply(plan, JAIL_PLAN_ROWS, &all, err, sizeof err), -1);
    snprintf(expected, sizeof expected, "%s: out of luck", jail_plan[failing].name);
    assert_string_equal(err, expected);
    assert_int_equal(applied, failing);
  }
}

static void prepare_thread(long unused) {
  pthread_t thread;
  (void)unused;
  if (pthread_create(&thread, NULL, thread_wait, NULL)) _exit(95);
}

static void prepare_dead_parent(long unused) {
  (void)unused;
  pid_t pid = fork();
  if (pid == 0) _exit(0);
  int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (dup2(pidfd, JAIL_FD_PARENT) < 0 || waitpid(pid, NULL, 0) != pid) _exit(95);
}

static void prepare_no_parent(long unused) {
  (void)unused;
  close(JAIL_FD_PARENT);
}

struct refusal {
  const char *step; /* what the message begins with */
  void (*prepare)(long);
  long argument;
  unsigned with, without;
};

/* The real steps, with one of their system calls failing, or with something amiss. */
static void real_steps_refuse(void **state) {
  (void)state;
  const struct refusal refusals[] = {
      {"threads: 2 threads", prepare_thread, 0, 0, 0},
      {"threads: ", harness_refuse_call, SYS_newfstatat, 0, 0},
      {"user: not in a user namespace", NULL, 0, JAIL_USER, 0},
      {"namespaces: not in a pid namespace", NULL, 0, JAIL_NAMESPACES, 0},
      {"descriptors: close_range", harness_refuse_call, SYS_close_range, 0, 0},
      {"limits: core dumps", harness_refuse_call, SYS_prlimit64, 0, 0},
      {"root: ", harness_refuse_call, SYS_mount, JAIL_ROOT, 0},
      {"identity: ", harness_refuse_call, SYS_setgroups, JAIL_NOBODY, 0},
      {"identity: ", harness_refuse_call, SYS_setresuid, JAIL_NOBODY, 0},
      {"privileges: capset", harness_refuse_call, SYS_capset, 0, JAIL_NOBODY},
      {"privileges: personality", harness_refuse_call, SYS_personality, 0, 0},
      {"privileges: PR_", harness_refuse_call, SYS_prctl, 0, JAIL_NOBODY},
      {"parent: the parent has ended", prepare_dead_parent, 0, 0, 0},
      {"parent: the parent has ended, or is not known", prepare_no_parent, 0, 0, 0},
      {"parent: ", harness_refuse_call, SYS_poll, 0, 0},
      {"landlock: landlock_restrict_self", harness_refuse_call, SYS_landlock_restrict_self, JAIL_LANDLOCK, 0},
      {"seccomp: ", harness_refuse_call, SYS_seccomp, 0, 0},
  };
  char err[64];
  bool mapped = jail_spawn_check_user(NULL, err, sizeof err) == 0; /* this test itself: a container may look the same */
  for (const struct refusal *r = refusals; r < refusals + COUNT(refusals); r++) {
    if (r->with & JAIL_USER && mapped) continue;
    if (r->with & JAIL_LANDLOCK && !(harness_offered() & JAIL_LANDLOCK)) continue; /* then its first call fails */
    unsigned offered = ((harness_offered() & HARNESS_FORKED) | r->with) & ~r->without;
    struct outcome o = harness_prepared(r->prepare, r->argument, offered, attack_pid, NULL);
    bool refused = WIFEXITED(o.status) && WEXITSTATUS(o.status) == EXIT_REFUSED;
    if (!refused || strncmp(o.text, r->step, strlen(r->step)) != 0)
      fail_msg("expected \"%s\": status %#x, wrote \"%s\"", r->step, (unsigned)o.status, o.text);
  }
}

static void the_plan_as_text(void **state) {
  (void)state;
  char text[16384], small[100];
  jail_describe(harness_offered(), text, sizeof text);
  for (size_t i = 0; i < JAIL_PLAN_ROWS; i++) assert_non_null(strstr(text, jail_plan[i].name));
  for (size_t i = 0; i < seccomp_rows; i++) assert_non_null(strstr(text, seccomp_table[i].why));
  jail_describe(JAIL_ALWAYS, text, sizeof text);
  assert_non_null(strstr(text, "not applied here"));
  memset(small, 'x', sizeof small);
  jail_describe(JAIL_ALWAYS, small, sizeof small - 1);
  assert_int_equal(strlen(small), sizeof small - 2);
  assert_int_equal(small[sizeof small - 1], 'x');
}

int main(int argc, char **argv) {
  if (argc > 3 && !strcmp(argv[0], CELL_ARGV0)) return harness_cell_main(argv, attacks, COUNT(attacks), before_jail);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shut_with_whatever_is_offered),
      cmocka_unit_test(namespaces_are_new),
      cmocka_unit_test(powerless_from_outside),
      cmocka_unit_test(root_alone_hides_files),
      cmocka_unit_test(landlock_alone_closes_files),
      cmocka_unit_test(only_the_links_descriptors),
#ifndef MAYFLY_ASAN
      cmocka_unit_test(the_log_is_closed),
      cmocka_unit_test(memory_is_limited),
#endif
      cmocka_unit_test(threads_are_limited),
      cmocka_unit_test(no_environment),
      cmocka_unit_test(any_step_that_fails_refuses),
      cmocka_unit_test(real_steps_refuse),
      cmocka_unit_test(the_plan_as_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
