/* process.c: see process.h. */
#include "gateway/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/ring.h"
#include "cell/cell.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

#define SELF "/proc/self/exe"

static int failed(const char *what, char *err, size_t err_size) {
  snprintf(err, err_size, "cannot start a cell: %s: %s", what, strerror(errno));
  return -1;
}

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

/* The child's pid under the descriptors given, a pidfd for it in *pidfd. */
static pid_t spawn(char *const argv[], int link, int wake, int notified, int image, unsigned offered, int *pidfd,
                   char *err, size_t err_size) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return failed("/dev/null", err, err_size);
  int fds[CELL_FD_LAST + 1] = {null, null, STDERR_FILENO};
  fds[CELL_FD_LINK] = link;
  fds[CELL_FD_WAKE] = wake;
  fds[CELL_FD_GATEWAY] = notified;
  fds[CELL_FD_IMAGE] = image;
  pid_t pid = jail_spawn(SELF, argv, fds, CELL_FD_LAST + 1, offered, err, err_size);
  close(null);
  if (pid < 0) return -1;
  *pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (*pidfd >= 0) return pid;
  failed("pidfd_open", err, err_size);
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  return -1;
}

/* A link: memory of fixed size that neither side can take away from under the other. */
static int make_link(void **memory) {
  int fd = memfd_create("mayfly-link", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return -1;
  *memory = MAP_FAILED;
  if (!ftruncate(fd, (off_t)ring_link_size()) && !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
    *memory = mmap(NULL, ring_link_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (*memory != MAP_FAILED) return fd;
  int saved = errno;
  close(fd);
  errno = saved;
  *memory = NULL;
  return -1;
}

int process_start(struct process *p, const struct process_plan *plan, char *err, size_t err_size) {
  char mask[16], lanes[16];
  snprintf(mask, sizeof mask, "%u", plan->offered);
  snprintf(lanes, sizeof lanes, "%u", plan->lanes);
  char *argv[] = {CELL_ARGV0, plan->sandbox == SANDBOX_STRICT ? "strict" : "auto", mask, lanes, NULL};
  *p = (struct process){.pid = -1, .pidfd = -1, .wake = -1, .notified = -1};
  int link = make_link(&p->memory);
  if (link < 0) return failed("its link", err, err_size);
  p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  p->notified = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (p->wake < 0 || p->notified < 0)
    failed("eventfd", err, err_size);
  else
    p->pid = spawn(argv, link, p->wake, p->notified, plan->image, plan->offered, &p->pidfd, err, err_size);
  close(link);
  if (p->pid < 0) process_unlink(p);
  return p->pid < 0 ? -1 : 0;
}

void process_kill(const struct process *p) {
  if (p->pidfd >= 0) syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0);
}

void process_unlink(struct process *p) {
  if (p->memory) munmap(p->memory, ring_link_size());
  p->memory = NULL;
  close_fd(&p->wake);
  close_fd(&p->notified);
}

void process_reap(struct process *p, char *how, size_t how_size) {
  siginfo_t info = {0};
  snprintf(how, how_size, "it ended");
  while (waitid((idtype_t)P_PIDFD, (id_t)p->pidfd, &info, WEXITED) && errno == EINTR) continue;
  if (info.si_code == CLD_EXITED)
    snprintf(how, how_size, "it exited with status %d", info.si_status);
  else if (info.si_pid)
    snprintf(how, how_size, "signal %d (%s)", info.si_status, strsignal(info.si_status));
  close_fd(&p->pidfd);
  p->pid = -1;
}

int process_open_image(char *err, size_t err_size) {
  int fd = open(SELF, O_RDONLY | O_CLOEXEC);
  return fd < 0 ? failed("the program's own file", err, err_size) : fd;
}
