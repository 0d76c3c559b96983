/* test_jail_calls.c: native code inside a cell tries every system call (RED-TEAM N1, N2, N4, N7, N8, N10).
 *
 * The lists of what lives are written here a second time, not read from the filter's table: a row added there without
 * thought fails here.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "jail_harness.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define THREAD 0x3d0f00L /* the flags of pthread_create, as strace shows them */

static void attack_call(const long *a) { syscall(a[0], a[1], a[2], a[3], a[4], a[5], a[6]); }

/* Lives whatever its arguments are. */
static bool lives_always(long number) {
  static const long calls[] = {
      SYS_futex,
      SYS_ppoll,
      SYS_poll,
      SYS_clock_gettime,
      SYS_clock_nanosleep,
      SYS_nanosleep,
      SYS_sched_yield,
      SYS_restart_syscall,
      SYS_munmap,
      SYS_brk,
      SYS_getrandom,
      SYS_rt_sigprocmask,
      SYS_rt_sigaction,
      SYS_sigaltstack,
      SYS_getpid,
      SYS_gettid,
      SYS_clone3,
      SYS_set_robust_list,
      SYS_rseq,
      SYS_sched_getaffinity,
#ifdef MAYFLY_ASAN
      SYS_open,
      SYS_openat,
      SYS_readlink,
      SYS_readlinkat,
      SYS_access,
      SYS_ioctl,
      SYS_getrlimit,
      SYS_getrusage,
#endif
  };
  for (size_t i = 0; i < COUNT(calls); i++)
    if (calls[i] == number) return true;
  return false;
}

/* Two numbers that a kernel since 6.11 keeps for its own probes, and since 6.14 shows to no filter: elsewhere than in
 * the kernel's trampoline the first kills with SIGILL, the second does nothing. */
static bool is_probe(long number, const struct outcome *o) {
  if (number == 335) return WIFSIGNALED(o->status) && WTERMSIG(o->status) == SIGILL;
  return number == 336 && harness_survived(o);
}

static bool outcome_is_right(long number, const struct outcome *o) {
  if (number == SYS_exit || number == SYS_exit_group) return WIFEXITED(o->status) && WEXITSTATUS(o->status) == 255;
  if (number == SYS_rt_sigreturn) return WIFSIGNALED(o->status) && WTERMSIG(o->status) == SIGSEGV;
  return lives_always(number) ? harness_survived(o) : harness_killed(o) || is_probe(number, o);
}

static void sweep(long from, long to) {
  for (long number = from; number <= to; number++) {
    struct outcome o = harness_jailed(attack_call, (long[]){number, -1, -1, -1, -1, -1, -1});
    if (!outcome_is_right(number, &o))
      fail_msg("system call %#lx: status %#x, wrote \"%s\"", number, (unsigned)o.status, o.text);
  }
}

/* N1 */
static void every_number(void **state) {
  (void)state;
  sweep(0, 600);
  sweep(0x7fffffff, 0x7fffffff);
  sweep(-1, -1);
}

static void x32_numbers(void **state) {
  (void)state;
  sweep(0x40000000, 0x40000010);
  sweep(0x40000000 + SYS_execve, 0x40000000 + SYS_execve);
  sweep(0x40000000 + 512, 0x40000000 + 547);
}

static void attack_int80(const long *a) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(a[0]), "b"(-1L), "c"(-1L), "d"(-1L), "S"(-1L), "D"(-1L) : "memory");
}

/* SIGSEGV where the kernel was built without 32-bit system calls. */
static void int_80(void **state) {
  (void)state;
  for (long number = 0; number < 40; number++) {
    struct outcome o = harness_jailed(attack_int80, &number);
    bool dead = harness_killed(&o) || (WIFSIGNALED(o.status) && WTERMSIG(o.status) == SIGSEGV);
    if (!dead) fail_msg("int 0x80 with %ld: status %#x", number, (unsigned)o.status);
  }
}

struct trial {
  const char *what;
  bool lives;
  long call[7];
};

static void try_all(const struct trial *trials, size_t count) {
  for (const struct trial *t = trials; t < trials + count; t++) {
    struct outcome o = harness_jailed(attack_call, t->call);
    if (t->lives ? !harness_survived(&o) : !harness_killed(&o))
      fail_msg("%s: status %#x, wrote \"%s\"", t->what, (unsigned)o.status, o.text);
  }
}

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define HIGH (1L << 32)

/* N2, N7: both sides of each check */
static void memory_arguments(void **state) {
  (void)state;
  static char page[8192] __attribute__((aligned(4096)));
  long p = (long)page;
  const struct trial trials[] = {
      {"anonymous memory", true, {SYS_mmap, 0, 4096, RW, ANON | MAP_NORESERVE, -1, 0}},
      {"the image, private", true, {SYS_mmap, 0, 4096, RW, MAP_PRIVATE, CELL_FD_IMAGE, 0}},
      {"mmap PROT_EXEC", false, {SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, ANON, -1, 0}},
      {"mmap an unknown protection", false, {SYS_mmap, 0, 4096, RW | HIGH, ANON, -1, 0}},
      {"mmap shared", false, {SYS_mmap, 0, 4096, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0}},
      {"mmap shared and validated", false, {SYS_mmap, 0, 4096, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0}},
      {"mmap low addresses", false, {SYS_mmap, 0, 4096, RW, ANON | MAP_32BIT, -1, 0}},
      {"mmap huge pages", false, {SYS_mmap, 0, 4096, RW, ANON | MAP_HUGETLB, -1, 0}},
      {"mmap growing down", false, {SYS_mmap, 0, 4096, RW, ANON | MAP_GROWSDOWN, -1, 0}},
      {"mmap unknown flags", false, {SYS_mmap, 0, 4096, RW, ANON | HIGH, -1, 0}},
      {"the image, executable", false, {SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, CELL_FD_IMAGE, 0}},
      {"the image, shared", false, {SYS_mmap, 0, 4096, PROT_READ, MAP_SHARED, CELL_FD_IMAGE, 0}},
      {"another descriptor", false, {SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE, CELL_FD_LINK, 0}},
      {"mprotect", true, {SYS_mprotect, p, 4096, RW, 0, 0, 0}},
      {"mprotect PROT_EXEC", false, {SYS_mprotect, p, 4096, PROT_READ | PROT_EXEC, 0, 0, 0}},
      {"mprotect PROT_EXEC alone", false, {SYS_mprotect, p, 4096, PROT_EXEC, 0, 0, 0}},
      {"mprotect the code itself",
       false,
       {SYS_mprotect, (long)memory_arguments & -4096, 4096, RW | PROT_EXEC, 0, 0, 0}},
      {"mprotect PROT_GROWSDOWN", false, {SYS_mprotect, p, 4096, RW | PROT_GROWSDOWN, 0, 0, 0}},
      {"pkey_mprotect", false, {SYS_pkey_mprotect, p, 4096, RW, -1, 0, 0}},
      {"pkey_alloc", false, {SYS_pkey_alloc, 0, 0, 0, 0, 0, 0}},
      {"mremap", true, {SYS_mremap, p, 4096, 4096, MREMAP_MAYMOVE, 0, 0}},
      {"mremap to a place", false, {SYS_mremap, p, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, p + 4096, 0}},
      {"mremap and keep", false, {SYS_mremap, p, 4096, 4096, MREMAP_MAYMOVE | 4, 0, 0}},
      {"remap_file_pages", false, {SYS_remap_file_pages, p, 4096, 0, 0, 0, 0}},
      {"madvise", true, {SYS_madvise, p, 4096, MADV_DONTNEED, 0, 0, 0}},
      {"madvise MADV_REMOVE", false, {SYS_madvise, p, 4096, MADV_REMOVE, 0, 0, 0}},
      {"madvise MADV_HWPOISON", false, {SYS_madvise, p, 4096, MADV_HWPOISON, 0, 0, 0}},
      {"madvise MADV_MERGEABLE", false, {SYS_madvise, p, 4096, MADV_MERGEABLE, 0, 0, 0}},
      {"memfd_create", false, {SYS_memfd_create, (long)"x", 0, 0, 0, 0, 0}},
      {"memfd_secret", false, {SYS_memfd_secret, 0, 0, 0, 0, 0, 0}},
      {"mlock", false, {SYS_mlock, p, 4096, 0, 0, 0, 0}},
  };
  try_all(trials, COUNT(trials));
}

static void descriptor_arguments(void **state) {
  (void)state;
  static char bytes[64];
  static struct iovec vector = {bytes, 1};
  long b = (long)bytes, v = (long)&vector;
  const struct trial trials[] = {
      {"read the wake-up", true, {SYS_read, CELL_FD_WAKE, b, 8, 0, 0, 0}},
      {"read 0", false, {SYS_read, 0, b, 8, 0, 0, 0}},
      {"read the image", false, {SYS_read, CELL_FD_IMAGE, b, 8, 0, 0, 0}},
      {"read the gateway's wake-up", false, {SYS_read, CELL_FD_GATEWAY, b, 8, 0, 0, 0}},
      {"write to the gateway's wake-up", true, {SYS_write, CELL_FD_GATEWAY, b, 1, 0, 0, 0}},
      {"write to 2", true, {SYS_write, 2, b, 0, 0, 0, 0}},
      {"write to 0", false, {SYS_write, 0, b, 1, 0, 0, 0}},
      {"write to 1", false, {SYS_write, 1, b, 1, 0, 0, 0}},
      {"write to the link", false, {SYS_write, CELL_FD_LINK, b, 1, 0, 0, 0}},
      {"write to the image", false, {SYS_write, CELL_FD_IMAGE, b, 1, 0, 0, 0}},
      {"writev to the gateway", false, {SYS_writev, CELL_FD_GATEWAY, v, 1, 0, 0, 0}},
      {"pread", false, {SYS_pread64, CELL_FD_WAKE, b, 8, 0, 0, 0}},
      {"dup", false, {SYS_dup, CELL_FD_WAKE, 0, 0, 0, 0, 0}},
      {"fcntl F_DUPFD", false, {SYS_fcntl, CELL_FD_WAKE, F_DUPFD, 0, 0, 0, 0}},
      {"ftruncate the link", false, {SYS_ftruncate, CELL_FD_LINK, 0, 0, 0, 0, 0}},
      {"sendmsg", false, {SYS_sendmsg, CELL_FD_GATEWAY, 0, 0, 0, 0, 0}},
      {"recvmsg", false, {SYS_recvmsg, CELL_FD_WAKE, 0, 0, 0, 0, 0}},
      {"pidfd_getfd", false, {SYS_pidfd_getfd, CELL_FD_WAKE, 0, 0, 0, 0, 0}},
  };
  try_all(trials, COUNT(trials));
}

static void process_arguments(void **state) {
  (void)state;
  static struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
  const struct trial trials[] = {
      {"fork", false, {SYS_fork, 0, 0, 0, 0, 0, 0}},
      {"vfork", false, {SYS_vfork, 0, 0, 0, 0, 0, 0}},
      {"clone as fork", false, {SYS_clone, SIGCHLD, 0, 0, 0, 0, 0}},
      {"clone that shares memory", false, {SYS_clone, CLONE_VM | SIGCHLD, 0, 0, 0, 0, 0}},
      {"clone, not a thread", false, {SYS_clone, THREAD & ~CLONE_THREAD, 0, 0, 0, 0, 0}},
      {"clone, traced", false, {SYS_clone, THREAD | CLONE_PTRACE, 0, 0, 0, 0, 0}},
      {"clone into a user namespace", false, {SYS_clone, THREAD | CLONE_NEWUSER, 0, 0, 0, 0, 0}},
      {"clone into a time namespace", false, {SYS_clone, CLONE_NEWTIME, 0, 0, 0, 0, 0}},
      {"clone with high flags", false, {SYS_clone, THREAD | HIGH, 0, 0, 0, 0, 0}},
      {"clone3, which fails", true, {SYS_clone3, (long)&args, sizeof args, 0, 0, 0, 0}},
      {"lower itself", true, {SYS_setpriority, PRIO_PROCESS, 0, 19, 0, 0, 0}},
      {"reprioritise the parent", false, {SYS_setpriority, PRIO_PROCESS, getpid(), 19, 0, 0, 0}},
      {"reprioritise init", false, {SYS_setpriority, PRIO_PROCESS, 1, 19, 0, 0, 0}},
      {"reprioritise the group", false, {SYS_setpriority, PRIO_PGRP, 0, 19, 0, 0, 0}},
      {"reprioritise the user", false, {SYS_setpriority, PRIO_USER, 0, 19, 0, 0, 0}},
      {"sched_setscheduler", false, {SYS_sched_setscheduler, 0, SCHED_IDLE, 0, 0, 0, 0}},
      {"sched_setaffinity", false, {SYS_sched_setaffinity, getpid(), 0, 0, 0, 0, 0}},
      {"prlimit of the parent", false, {SYS_prlimit64, getpid(), RLIMIT_NOFILE, 0, 0, 0, 0}},
      /* N8 */
      {"tgkill the parent", false, {SYS_tgkill, getpid(), getpid(), 0, 0, 0, 0}},
      {"tgkill anybody", false, {SYS_tgkill, -1, getpid(), 0, 0, 0, 0}},
      {"tkill the parent", false, {SYS_tkill, getpid(), 0, 0, 0, 0, 0}},
      {"kill the parent", false, {SYS_kill, getpid(), 0, 0, 0, 0, 0}},
      {"kill everybody", false, {SYS_kill, -1, 0, 0, 0, 0, 0}},
      {"kill the group", false, {SYS_kill, 0, 0, 0, 0, 0, 0}},
      {"queue a signal", false, {SYS_rt_sigqueueinfo, getpid(), 0, 0, 0, 0, 0}},
      {"queue a signal to a thread", false, {SYS_rt_tgsigqueueinfo, getpid(), getpid(), 0, 0, 0, 0}},
      {"pidfd_open", false, {SYS_pidfd_open, getpid(), 0, 0, 0, 0, 0}},
      {"pidfd_send_signal", false, {SYS_pidfd_send_signal, CELL_FD_WAKE, 0, 0, 0, 0, 0}},
  };
  try_all(trials, COUNT(trials));
}

/* N2: all options of prctl but the thread's name, among them PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP */
static void prctl_options(void **state) {
  (void)state;
  for (long option = 0; option <= 80; option++) {
    struct outcome o = harness_jailed(attack_call, (long[]){SYS_prctl, option, (long)"x", 0, 0, 0, 0});
    if (option == PR_SET_NAME ? !harness_survived(&o) : !harness_killed(&o))
      fail_msg("prctl option %ld: status %#x", option, (unsigned)o.status);
  }
}

#ifdef MAYFLY_ASAN
#define OPEN_LIVES true /* refused with EACCES, see the sanitizers' rows */
#else
#define OPEN_LIVES false
#endif

/* N4, N10, with arguments that would work outside */
static void reach_out(void **state) {
  (void)state;
  static char bytes[64];
  static struct iovec here = {bytes, 8}, there = {bytes, 8};
  static char *const argv[] = {NULL};
  long b = (long)bytes;
  const struct trial trials[] = {
      {"ptrace PTRACE_TRACEME", false, {SYS_ptrace, PTRACE_TRACEME, 0, 0, 0, 0, 0}},
      {"ptrace the parent", false, {SYS_ptrace, PTRACE_SEIZE, getpid(), 0, 0, 0, 0}},
      {"process_vm_readv", false, {SYS_process_vm_readv, getpid(), (long)&here, 1, (long)&there, 1, 0}},
      {"process_vm_writev", false, {SYS_process_vm_writev, getpid(), (long)&here, 1, (long)&there, 1, 0}},
      {"process_madvise", false, {SYS_process_madvise, CELL_FD_WAKE, (long)&here, 1, MADV_PAGEOUT, 0, 0}},
      {"/proc/self/mem", OPEN_LIVES, {SYS_openat, AT_FDCWD, (long)"/proc/self/mem", O_RDWR, 0, 0, 0}},
      {"openat2", false, {SYS_openat2, AT_FDCWD, (long)"/", b, 24, 0, 0}},
      {"creat", false, {SYS_creat, (long)"/tmp/x", 0600, 0, 0, 0, 0}},
      {"io_uring_setup", false, {SYS_io_uring_setup, 1, b, 0, 0, 0, 0}},
      {"userfaultfd", false, {SYS_userfaultfd, 0, 0, 0, 0, 0, 0}},
      {"perf_event_open", false, {SYS_perf_event_open, b, 0, -1, -1, 0, 0}},
      {"bpf", false, {SYS_bpf, 0, b, 48, 0, 0, 0}},
      {"keyctl", false, {SYS_keyctl, 0, -3, 0, 0, 0, 0}},
      {"add_key", false, {SYS_add_key, (long)"user", (long)"k", b, 1, -3, 0}},
      {"execve", false, {SYS_execve, (long)"/proc/self/exe", (long)argv, (long)argv, 0, 0, 0}},
      {"execveat", false, {SYS_execveat, CELL_FD_IMAGE, (long)"", (long)argv, (long)argv, AT_EMPTY_PATH, 0}},
      {"unshare CLONE_NEWUSER", false, {SYS_unshare, CLONE_NEWUSER, 0, 0, 0, 0, 0}},
      {"unshare CLONE_NEWNET", false, {SYS_unshare, CLONE_NEWNET, 0, 0, 0, 0, 0}},
      {"setns", false, {SYS_setns, CELL_FD_WAKE, 0, 0, 0, 0, 0}},
      {"mount", false, {SYS_mount, (long)"x", (long)"/", (long)"tmpfs", 0, 0, 0}},
      {"chroot", false, {SYS_chroot, (long)"/", 0, 0, 0, 0, 0}},
      {"setresuid", false, {SYS_setresuid, 0, 0, 0, 0, 0, 0}},
      {"capset", false, {SYS_capset, b, b, 0, 0, 0, 0}},
      {"personality", false, {SYS_personality, 0x0400000, 0, 0, 0, 0, 0}},
      {"seccomp", false, {SYS_seccomp, 2, 0, 0, 0, 0, 0}},
      {"socket AF_INET", false, {SYS_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0}},
      {"socket AF_INET, datagrams", false, {SYS_socket, AF_INET, SOCK_DGRAM, 0, 0, 0, 0}},
      {"socket AF_UNIX", false, {SYS_socket, AF_UNIX, SOCK_STREAM, 0, 0, 0, 0}},
      {"socket AF_VSOCK", false, {SYS_socket, AF_VSOCK, SOCK_STREAM, 0, 0, 0, 0}},
      {"socket AF_NETLINK", false, {SYS_socket, AF_NETLINK, SOCK_RAW, 0, 0, 0, 0}},
      {"socketpair", false, {SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, b, 0, 0}},
      {"shmget", false, {SYS_shmget, 1, 4096, 01600, 0, 0, 0}},
      {"timer_create", false, {SYS_timer_create, 0, 0, b, 0, 0, 0}},
      {"modify_ldt", false, {SYS_modify_ldt, 0, b, 8, 0, 0, 0}},
      {"arch_prctl", false, {SYS_arch_prctl, 0x1002, 0, 0, 0, 0, 0}},
      {"ioctl", OPEN_LIVES, {SYS_ioctl, CELL_FD_WAKE, 0x5401, b, 0, 0, 0}},
  };
  try_all(trials, COUNT(trials));
}

static void *thread_body(void *arg) {
  char *p = malloc(200000);
  if (p) memset(p, 1, 200000);
  p = realloc(p, 20000000);
  free(p);
  return p ? arg : NULL;
}

static void on_signal(int number) { (void)number; }

/* What a cell does all the time must not kill it: threads with malloc, sleeping, its own signals. */
static void attack_nothing(const long *a) {
  struct timespec t = {0, 1000};
  pthread_t thread;
  void *result = NULL;
  (void)a;
  for (int i = 0; i < 4; i++)
    if (pthread_create(&thread, NULL, thread_body, &t) || pthread_join(thread, &result) || !result) _exit(1);
  nanosleep(&t, NULL);
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  signal(SIGUSR1, on_signal);
  raise(SIGUSR1);
  if (pthread_kill(pthread_self(), SIGUSR1)) _exit(1);
}

static void everyday_life(void **state) {
  (void)state;
  struct outcome o = harness_jailed(attack_nothing, NULL);
  assert_string_equal(o.text, "alive");
  assert_true(harness_survived(&o));
}

static void attack_abort(const long *a) {
  (void)a;
  abort();
}

/* A bug of ours must not look like an attack in the operator's log. */
static void abort_is_an_abort(void **state) {
  (void)state;
  struct outcome o = harness_jailed(attack_abort, NULL);
  assert_true(WIFSIGNALED(o.status));
  assert_int_equal(WTERMSIG(o.status), SIGABRT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(everyday_life),
      cmocka_unit_test(abort_is_an_abort),
      cmocka_unit_test(every_number),
      cmocka_unit_test(x32_numbers),
      cmocka_unit_test(int_80),
      cmocka_unit_test(memory_arguments),
      cmocka_unit_test(descriptor_arguments),
      cmocka_unit_test(process_arguments),
      cmocka_unit_test(prctl_options),
      cmocka_unit_test(reach_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
