/* jail_seccomp.c: which system calls a cell may make once it is shut: one ordered table, a reason on each line.
 *
 * Whatever is not in the table kills the process: every other number, x32 numbers, int 0x80. A row with checks lets
 * the call through only if all of them hold; two rows of one call are alternatives. Frequent calls come first; the
 * kernel keeps a bitmap of the numbers that are always let through, so those cost nothing.
 *
 * Pointers cannot be checked here, so no row relies on what one points to.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cell/jail_plan.h"

#ifndef __x86_64__
#error "the table of system calls is x86-64's; another processor gets its own file"
#endif

#define CALL(name) SYS_##name, #name
#define INT_IS(n, v) \
  { .argument = (n), .mask = 0xffffffff, .value = (v) }
#define INT_ONLY(n, bits) \
  { .argument = (n), .mask = (uint32_t) ~(uint32_t)(bits), .value = 0 }
#define LONG_IS(n, v) \
  { .argument = (n), .mask = ~(uint64_t)0, .value = (v) }
#define LONG_ONLY(n, bits) \
  { .argument = (n), .mask = ~(uint64_t)(bits), .value = 0 }
#define LONG_WITH(n, must, may) \
  { .argument = (n), .mask = ~(uint64_t)(may), .value = (must) }
#define OWN_PID(n) \
  { .argument = (n), .own_pid = true, .mask = 0xffffffff }

/* What glibc's pthread_create asks for, exactly: nothing that is not a thread of this process. */
#define THREAD_FLAGS                                                                                 \
  (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SIGHAND | CLONE_THREAD | CLONE_SETTLS | \
   CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
#define DATA (PROT_READ | PROT_WRITE)

const struct seccomp_row seccomp_table[] = {
    /* sleeping and waking */
    {CALL(futex), .why = "locks and condition variables between lanes"},
    {CALL(ppoll), .why = "sleep on the wake-up, with a time-out"},
    {CALL(poll), .why = "the same"},
    {CALL(read), .why = "empty the wake-up", .checks = 1, .check = {INT_IS(0, CELL_FD_WAKE)}},
    {CALL(write), .why = "wake the gateway", .checks = 1, .check = {INT_IS(0, CELL_FD_GATEWAY)}},
    {CALL(write), .why = "wake the own poller", .checks = 1, .check = {INT_IS(0, CELL_FD_WAKE)}},
    /* time */
    {CALL(clock_gettime), .why = "processor time of a lane; other clocks need no call"},
    {CALL(clock_nanosleep), .why = "the monitor's tick"},
    {CALL(nanosleep), .why = "the same"},
    {CALL(sched_yield), .why = "spin before sleeping"},
    {CALL(restart_syscall), .why = "the kernel's own, after a stop in the middle of a sleep"},
    /* memory: never executable, never shared */
    {CALL(mprotect), .why = "open and close pages of slots", .checks = 1, .check = {LONG_ONLY(2, DATA)}},
    {CALL(madvise), .why = "give pages back", .checks = 1, .check = {INT_IS(2, MADV_DONTNEED)}},
    {CALL(madvise), .why = "give pages back, later", .checks = 1, .check = {INT_IS(2, MADV_FREE)}},
    {CALL(madvise), .why = "small pages for slots", .checks = 1, .check = {INT_IS(2, MADV_NOHUGEPAGE)}},
    {CALL(madvise), .why = "large pages for heaps", .checks = 1, .check = {INT_IS(2, MADV_HUGEPAGE)}},
    {CALL(madvise), .why = "fault in a run at once", .checks = 1, .check = {INT_IS(2, MADV_POPULATE_WRITE)}},
    {CALL(mmap), .why = "private anonymous memory", .checks = 2,
     .check = {LONG_ONLY(2, DATA),
               LONG_WITH(3, MAP_PRIVATE | MAP_ANONYMOUS,
                         MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_NORESERVE | MAP_STACK | MAP_POPULATE)}},
    {CALL(mmap), .why = "the image, copy-on-write, when a slot is made anew", .checks = 3,
     .check = {LONG_ONLY(2, DATA), LONG_WITH(3, MAP_PRIVATE, MAP_FIXED | MAP_NORESERVE), LONG_IS(4, CELL_FD_IMAGE)}},
    {CALL(munmap), .why = "free a stack, a large buffer"},
    {CALL(mremap), .why = "grow a large buffer", .checks = 1, .check = {LONG_ONLY(3, MREMAP_MAYMOVE)}},
    {CALL(brk), .why = "malloc"},
    {CALL(getrandom), .why = "seeds of isolates, random() of guests"},
    /* signals, all of them within this process */
    {CALL(rt_sigreturn), .why = "return from a handler"},
    {CALL(rt_sigprocmask), .why = "after a turn was left from a handler"},
    {CALL(rt_sigaction), .why = "first pthread_create; default action before dying"},
    {CALL(sigaltstack), .why = "a lane's signal stack"},
    {CALL(tgkill), .why = "end a lane's turn; abort()", .checks = 1, .check = {OWN_PID(0)}},
    {CALL(getpid), .why = "for tgkill"},
    {CALL(gettid), .why = "for tgkill"},
    /* threads */
    {CALL(clone3), .why = "its flags lie behind a pointer: libc then uses clone", .error = ENOSYS},
    {CALL(clone), .why = "a lane's thread", .checks = 1, .check = {LONG_IS(0, THREAD_FLAGS)}},
    {CALL(set_robust_list), .why = "a thread's start"},
    {CALL(rseq), .why = "a thread's start"},
    {CALL(sched_getaffinity), .why = "malloc counts processors for its arenas"},
    {CALL(prctl), .why = "a thread's name", .checks = 1, .check = {INT_IS(0, PR_SET_NAME)}},
    {CALL(setpriority), .why = "a hog lowers itself", .checks = 2, .check = {INT_IS(0, PRIO_PROCESS), INT_IS(1, 0)}},
    {CALL(exit), .why = "end of a thread"},
    {CALL(exit_group), .why = "end of the cell"},
    /* a dying runtime's last words, into /dev/null */
    {CALL(write), .why = "abort's message", .checks = 1, .check = {INT_IS(0, 2)}},
    {CALL(writev), .why = "the same", .checks = 1, .check = {INT_IS(0, 2)}},
#ifdef MAYFLY_ASAN
    /* sanitizers look around before they report; they may fail, but should live to report */
    {CALL(madvise), .why = "sanitizer", .checks = 1, .check = {INT_IS(2, MADV_DONTDUMP)}},
    {CALL(open), .why = "sanitizer", .error = EACCES},
    {CALL(openat), .why = "sanitizer", .error = EACCES},
    {CALL(readlink), .why = "sanitizer", .error = EACCES},
    {CALL(readlinkat), .why = "sanitizer", .error = EACCES},
    {CALL(access), .why = "sanitizer", .error = EACCES},
    {CALL(ioctl), .why = "sanitizer", .error = ENOTTY},
    {CALL(getrlimit), .why = "sanitizer"},
    {CALL(getrusage), .why = "sanitizer"},
#endif
};
const size_t seccomp_rows = sizeof seccomp_table / sizeof seccomp_table[0];

/* The program under construction; it knows when it is full. */
struct assembler {
  struct sock_filter *program;
  int length;
  bool number_loaded; /* the accumulator holds the system call's number */
};

static void emit(struct assembler *a, uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false) {
  if (a->length < SECCOMP_PROGRAM_MAX) a->program[a->length] = (struct sock_filter){code, if_true, if_false, k};
  a->length++;
}

static void emit_load(struct assembler *a, size_t offset) { emit(a, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0); }
static void emit_return(struct assembler *a, uint32_t what) { emit(a, BPF_RET | BPF_K, what, 0, 0); }

/* Half an argument: falls through if it fits; the jump otherwise is set by emit_row. */
static void emit_half(struct assembler *a, size_t offset, uint32_t mask, uint32_t value) {
  if (!mask) return;
  emit_load(a, offset);
  if (mask != 0xffffffff) emit(a, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
  emit(a, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
}

static void emit_check(struct assembler *a, const struct seccomp_check *check, uint32_t pid) {
  size_t offset = offsetof(struct seccomp_data, args) + 8u * check->argument;
  uint64_t value = check->own_pid ? pid : check->value;
  emit_half(a, offset, (uint32_t)check->mask, (uint32_t)value);
  emit_half(a, offset + 4, (uint32_t)(check->mask >> 32), (uint32_t)(value >> 32));
}

static void emit_row(struct assembler *a, const struct seccomp_row *row, uint32_t pid) {
  if (!a->number_loaded) emit_load(a, offsetof(struct seccomp_data, nr));
  int start = a->length;
  emit(a, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->number, 0, 1);
  for (int i = 0; i < row->checks; i++) emit_check(a, &row->check[i], pid);
  emit_return(a, row->error ? SECCOMP_RET_ERRNO | (uint32_t)row->error : SECCOMP_RET_ALLOW);
  for (int i = start; i < a->length && i < SECCOMP_PROGRAM_MAX; i++) /* every "no" leads past the row */
    if (a->program[i].jf) a->program[i].jf = (uint8_t)(a->length - i - 1);
  a->number_loaded = row->checks == 0;
}

int jail_seccomp_compile(struct sock_filter *program, uint32_t pid) {
  struct assembler a = {.program = program};
  emit_load(&a, offsetof(struct seccomp_data, arch)); /* int 0x80 comes with another architecture's numbers */
  emit(&a, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
  emit_return(&a, SECCOMP_RET_KILL_PROCESS);
  for (const struct seccomp_row *row = seccomp_table; row < seccomp_table + seccomp_rows; row++) emit_row(&a, row, pid);
  emit_return(&a, SECCOMP_RET_KILL_PROCESS); /* x32 numbers too: they have bit 30 set, and no row has */
  return a.length <= SECCOMP_PROGRAM_MAX ? a.length : -1;
}

int jail_seccomp_enter(const struct jail_context *context, char *err, size_t err_size) {
  (void)context;
  struct sock_filter program[SECCOMP_PROGRAM_MAX];
  int length = jail_seccomp_compile(program, (uint32_t)getpid());
  if (length < 0) {
    snprintf(err, err_size, "the table is too long");
    return -1;
  }
  struct sock_fprog filter = {.len = (unsigned short)length, .filter = program};
  long status = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
  if (status < 0) return jail_fail(err, err_size, "SECCOMP_SET_MODE_FILTER");
  if (status > 0) {
    snprintf(err, err_size, "thread %ld could not be filtered", status);
    return -1;
  }
  return 0;
}
