/* jail_spawn.c: starts a process in namespaces of its own, tied to the life of its parent.
 *
 * The child is cloned straight into its namespaces and waits; the parent writes the id maps; the child takes the
 * mapped identity, arranges its descriptors and executes the program. Whatever fails in the child comes back as text
 * through a pipe that closes on exec.
 *
 * Between clone and exec the child is a copy of the gateway: it allocates nothing, takes no lock, and uses raw system
 * calls where libc's wrapper would care about threads. It cannot outlive the gateway: while it waits it sees the
 * pipe's end close; from then on the kernel kills it (PR_SET_PDEATHSIG), and since changes of identity and exec can
 * make the kernel forget that, the order is set anew after each, and the parent's pidfd looked at after setting it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cell/jail_plan.h"

#define SPAWN_NAMESPACES (CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

struct spawn {
  unsigned offered;
  int program;    /* -1: a trial, nothing is executed */
  int parent;     /* pidfd of the gateway */
  int go[2];      /* to the child: a byte when its ids are mapped */
  int failure[2]; /* from the child: why it failed; closed by exec */
  char *const *argv;
  const int *fds;
  int fd_count;
};

static void spawn_init(struct spawn *s, unsigned offered) {
  *s = (struct spawn){.offered = offered, .program = -1, .parent = -1, .go = {-1, -1}, .failure = {-1, -1}};
}

static void spawn_close(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static void spawn_free(struct spawn *s) {
  spawn_close(&s->program);
  spawn_close(&s->parent);
  for (int i = 0; i < 2; i++) spawn_close(&s->go[i]), spawn_close(&s->failure[i]);
}

static bool parent_lives(int pidfd) {
  struct pollfd p = {.fd = pidfd, .events = POLLIN};
  int n;
  do n = poll(&p, 1, 0);
  while (n < 0 && errno == EINTR);
  return n == 0;
}

/* In the child. Sets the signal first and looks then: whichever way the parent's end falls, it is noticed. */
static int parent_follow(int pidfd, char *err, size_t err_size) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) return jail_fail(err, err_size, "PR_SET_PDEATHSIG");
  if (parent_lives(pidfd)) return 0;
  snprintf(err, err_size, "the parent has ended, or is not known");
  return -1;
}

int jail_spawn_parent(const struct jail_context *context, char *err, size_t err_size) {
  (void)context;
  if (parent_follow(JAIL_FD_PARENT, err, err_size) < 0) return -1;
  close(JAIL_FD_PARENT);
  return 0;
}

int jail_spawn_check_pid(const struct jail_context *context, char *err, size_t err_size) {
  (void)context;
  if (getpid() == 1) return 0;
  snprintf(err, err_size, "not in a pid namespace of its own");
  return -1;
}

int jail_spawn_check_user(const struct jail_context *context, char *err, size_t err_size) {
  (void)context;
  char text[128];
  unsigned long inside = 1, outside = 0, count = 0;
  int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (n < 0) jail_fail(err, err_size, "/proc/self/uid_map");
  if (fd >= 0) close(fd);
  if (n < 0) return -1;
  text[n] = 0;
  int fields = sscanf(text, "%lu %lu %lu", &inside, &outside, &count);
  if (fields == 3 && inside == 0 && count == 1) return 0;
  snprintf(err, err_size, "not in a user namespace that maps one id");
  return -1;
}

/* Blocked and ignored signals survive exec; the gateway has some, perhaps also the two that the C library keeps for
 * itself and does not let signal() touch. */
static void child_reset_signals(void) {
  static const unsigned long standard[4]; /* struct sigaction of the kernel: SIG_DFL, no flags, no restorer, no mask */
  sigset_t none;
  for (int s = 1; s < NSIG; s++) syscall(SYS_rt_sigaction, s, standard, NULL, 8);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static int child_wait(struct spawn *s, char *err, size_t err_size) {
  char byte;
  ssize_t n;
  spawn_close(&s->go[1]);
  do n = read(s->go[0], &byte, 1);
  while (n < 0 && errno == EINTR);
  if (n == 1) return 0;
  snprintf(err, err_size, "the parent gave up");
  return -1;
}

/* Root of the new user namespace, which outside of it is nobody. */
static int child_identify(const struct spawn *s, char *err, size_t err_size) {
  if (!(s->offered & JAIL_USER)) return 0;
  if (s->offered & JAIL_NOBODY && syscall(SYS_setgroups, 0, NULL) < 0) return jail_fail(err, err_size, "setgroups");
  if (syscall(SYS_setresgid, 0, 0, 0) < 0) return jail_fail(err, err_size, "setresgid");
  if (syscall(SYS_setresuid, 0, 0, 0) < 0) return jail_fail(err, err_size, "setresuid");
  return 0;
}

/* All are copied above the numbers that will be used before any of those is written, so none is lost. */
static int child_arrange(struct spawn *s, char *err, size_t err_size) {
  int high[JAIL_FD_PARENT + 1];
  int count = s->fd_count;
  for (int i = 0; i <= count; i++) {
    high[i] = fcntl(i < count ? s->fds[i] : s->parent, F_DUPFD_CLOEXEC, JAIL_FD_PARENT + 1);
    if (high[i] < 0) return jail_fail(err, err_size, "descriptors");
  }
  s->program = fcntl(s->program, F_DUPFD_CLOEXEC, JAIL_FD_PARENT + 1);
  s->failure[1] = fcntl(s->failure[1], F_DUPFD_CLOEXEC, JAIL_FD_PARENT + 1);
  if (s->program < 0 || s->failure[1] < 0) return jail_fail(err, err_size, "descriptors");
  if (close_range(0, JAIL_FD_PARENT, 0) < 0) return jail_fail(err, err_size, "close_range");
  for (int i = 0; i <= count; i++)
    if (dup2(high[i], i < count ? i : JAIL_FD_PARENT) < 0) return jail_fail(err, err_size, "dup2");
  if (close_range(JAIL_FD_PARENT + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0) return jail_fail(err, err_size, "close_range");
  return 0;
}

static int child_execute(const struct spawn *s, char *err, size_t err_size) {
#ifdef MAYFLY_ASAN
  char *environment[] = {"ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0", NULL};
#else
  char *environment[] = {NULL}; /* the operator's environment holds secrets */
#endif
  syscall(SYS_execveat, s->program, "", s->argv, environment, AT_EMPTY_PATH);
  return jail_fail(err, err_size, "execveat");
}

/* What the cell will do after exec with the same capabilities, for jail_spawn_try. */
static int child_rehearse(const struct spawn *s, char *err, size_t err_size) {
  struct jail_context context = {.offered = s->offered & (JAIL_USER | JAIL_NAMESPACES | JAIL_ROOT | JAIL_NOBODY)};
  if (jail_apply(jail_plan, JAIL_PLAN_ROWS, &context, err, err_size) < 0) return -1;
  _exit(0);
}

/* Never returns: executes, or reports. */
static void child_run(struct spawn *s) {
  char err[256] = "";
  child_reset_signals();
  if (child_wait(s, err, sizeof err) < 0 || child_identify(s, err, sizeof err) < 0 ||
      parent_follow(s->parent, err, sizeof err) < 0)
    goto fail;
  setsid();
  if (s->program < 0) {
    child_rehearse(s, err, sizeof err);
    goto fail;
  }
  if (child_arrange(s, err, sizeof err) == 0) child_execute(s, err, sizeof err);
fail:
  if (write(s->failure[1], err, strlen(err)) < 0) _exit(126);
  _exit(127);
}

__attribute__((format(printf, 3, 4))) static int child_file(pid_t pid, const char *name, const char *format, ...) {
  char path[64], text[64];
  va_list args;
  va_start(args, format);
  int length = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t n = write(fd, text, (size_t)length);
  int saved = errno;
  close(fd);
  errno = saved;
  return n == length ? 0 : -1;
}

/* In the parent: root inside is nobody outside, or the parent's own id if it may not give another. */
static int child_map(const struct spawn *s, pid_t pid, char *err, size_t err_size) {
  bool nobody = s->offered & JAIL_NOBODY;
  if (!(s->offered & JAIL_USER)) return 0;
  if (!nobody && child_file(pid, "setgroups", "deny") < 0) return jail_fail(err, err_size, "setgroups");
  if (child_file(pid, "gid_map", "0 %u 1", nobody ? JAIL_ID_NOBODY : getegid()) < 0)
    return jail_fail(err, err_size, "gid_map");
  if (child_file(pid, "uid_map", "0 %u 1", nobody ? JAIL_ID_NOBODY : geteuid()) < 0)
    return jail_fail(err, err_size, "uid_map");
  return 0;
}

/* Waits for exec, or the end of a trial. What the child wrote until then is why it failed. */
static int child_hear(struct spawn *s, char *err, size_t err_size) {
  char text[256];
  size_t length = 0;
  ssize_t n;
  spawn_close(&s->failure[1]);
  do {
    n = read(s->failure[0], text + length, sizeof text - 1 - length);
    if (n > 0) length += (size_t)n;
  } while (n > 0 || (n < 0 && errno == EINTR));
  text[length] = 0;
  if (length) snprintf(err, err_size, "%s", text);
  return length ? -1 : 0;
}

/* When the machine runs out of memory, a cell goes before anything else. No step of the jail: where it is refused,
 * nothing is less shut. */
static void child_first_to_go(pid_t pid) { (void)!child_file(pid, "oom_score_adj", "1000"); }

static pid_t spawn_clone(unsigned offered) {
  unsigned long flags = SIGCHLD;
  if (offered & JAIL_USER) flags |= CLONE_NEWUSER;
  if (offered & JAIL_NAMESPACES) flags |= SPAWN_NAMESPACES;
  return (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
}

static void spawn_reap(pid_t pid) {
  kill(pid, SIGKILL);
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
}

/* The pid of a child that runs the program (or, in a trial, has ended well and is not yet reaped). */
static pid_t spawn_start(struct spawn *s, char *err, size_t err_size) {
  s->parent = (int)syscall(SYS_pidfd_open, getpid(), 0);
  if (s->parent < 0) return jail_fail(err, err_size, "parent: pidfd_open");
  if (pipe2(s->go, O_CLOEXEC) < 0 || pipe2(s->failure, O_CLOEXEC) < 0) return jail_fail(err, err_size, "pipe2");
  pid_t pid = spawn_clone(s->offered);
  if (pid < 0) return jail_fail(err, err_size, s->offered & JAIL_NAMESPACES ? "namespaces: clone" : "clone");
  if (pid == 0) child_run(s);
  child_first_to_go(pid);
  if (child_map(s, pid, err, err_size) < 0) goto fail;
  if (write(s->go[1], "", 1) != 1) {
    jail_fail(err, err_size, "pipe");
    goto fail;
  }
  if (child_hear(s, err, err_size) == 0) return pid;
fail:
  spawn_reap(pid);
  return -1;
}

int jail_spawn_try(unsigned offered, char *err, size_t err_size) {
  struct spawn s;
  int status = 0;
  spawn_init(&s, offered);
  pid_t pid = spawn_start(&s, err, err_size);
  if (pid > 0)
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  spawn_free(&s);
  if (pid < 0) return -1;
  if (status == 0) return 0;
  snprintf(err, err_size, "the trial was ended by signal %d", WTERMSIG(status));
  return -1;
}

pid_t jail_spawn(const char *path, char *const argv[], const int *fds, int fd_count, unsigned offered, char *err,
                 size_t err_size) {
  struct spawn s;
  pid_t pid = -1;
  spawn_init(&s, offered);
  s.argv = argv;
  s.fds = fds;
  s.fd_count = fd_count;
  if (fd_count < 0 || fd_count > JAIL_FD_PARENT) {
    snprintf(err, err_size, "%d descriptors: a cell takes at most %d", fd_count, (int)JAIL_FD_PARENT);
    return -1;
  }
  s.program = open(path, O_PATH | O_CLOEXEC);
  if (s.program < 0)
    jail_fail(err, err_size, path);
  else
    pid = spawn_start(&s, err, err_size);
  spawn_free(&s);
  return pid;
}
