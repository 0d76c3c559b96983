/* trap.c: the signal handlers of a cell, and the one way out of a turn that does not return.
 *
 * A fault is the guest's only if it happens on a lane's thread, in a turn, and at an address in that lane's slot or
 * stack guard (RED-TEAM, mistake 3). Then it is one of
 *   the first write to a read-only page   slot_fault opens the page, the instruction runs again. Host code that copies
 *                                         into the guest's memory may do this too
 *   out of bounds, native stack, SIGFPE   the turn is left, if the lane is in the guest
 * Anything else is a bug of ours or an attack that got out: the process says so and dies by the signal.
 *
 * The handlers run with no signal blocked and leave by siglongjmp to a buffer that holds no mask, so nothing has to be
 * unblocked afterwards. They may nest: a kill that comes in the middle of slot_fault finds in_guest clear.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "isolate/inside.h"

static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE};
enum { FAULT_SIGNALS = sizeof fault_signals / sizeof fault_signals[0] };
static struct sigaction before[FAULT_SIGNALS]; /* what a fault that is not ours goes to */
static int setup_error;
static pthread_once_t setup_once = PTHREAD_ONCE_INIT;

_Noreturn void trap_leave(struct lane *lane, enum turn_end end, const char *why) {
  lane->end = end;
  lane->why = why;
  siglongjmp(lane->leave, 1);
}

bool trap_pending(const struct lane *lane) {
  uint64_t turn = atomic_load(&lane->current);
  return turn && atomic_load(&lane->kill) >> 8 == turn;
}

void trap_check(struct lane *lane) {
  if (trap_pending(lane)) trap_leave(lane, (enum turn_end)(atomic_load(&lane->kill) & 255), "killed");
}

static size_t put_text(char *to, const char *text) {
  size_t n = strlen(text);
  memcpy(to, text, n);
  return n;
}

static size_t put_hex(char *to, uintptr_t value) {
  size_t n = put_text(to, "0x");
  for (int shift = 60; shift >= 0; shift -= 4) to[n++] = "0123456789abcdef"[(value >> shift) & 15];
  return n;
}

/* stdio is not for signal handlers. */
static void tell(int sig, const siginfo_t *info, const ucontext_t *context) {
  char line[160];
  size_t n = put_text(line, "mayfly: fault outside the guest: ");
  n += put_text(line + n, sig == SIGSEGV ? "SIGSEGV" : sig == SIGBUS ? "SIGBUS" : "SIGFPE");
  n += put_text(line + n, " at ");
  n += put_hex(line + n, (uintptr_t)info->si_addr);
  n += put_text(line + n, ", instruction ");
  n += put_hex(line + n, (uintptr_t)context->uc_mcontext.gregs[REG_RIP]);
  line[n++] = '\n';
  if (write(STDERR_FILENO, line, n) < 0) return; /* the log may be closed; nothing to be done */
}

/* Back to what was there before us (a sanitizer's report, or death); returning runs the instruction again. */
static void die(int sig, const siginfo_t *info, const ucontext_t *context) {
  tell(sig, info, context);
  for (int i = 0; i < FAULT_SIGNALS; i++) {
    if (fault_signals[i] != sig) continue;
    if (before[i].sa_handler == SIG_IGN) before[i].sa_handler = SIG_DFL;
    sigaction(sig, &before[i], NULL);
  }
  if (info->si_code <= 0) syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), sig); /* sent by somebody: no rerun */
}

static bool mend(struct lane *lane, uintptr_t address) {
  sig_atomic_t guest = lane->in_guest;
  lane->in_guest = 0;
  atomic_signal_fence(memory_order_seq_cst);
  bool mended = slot_fault(lane->slot, address);
  atomic_signal_fence(memory_order_seq_cst);
  lane->in_guest = guest;
  return mended;
}

static void on_fault(int sig, siginfo_t *info, void *context) {
  int saved = errno;
  struct lane *lane = lane_here;
  uintptr_t address = (uintptr_t)info->si_addr;
  if (info->si_code <= 0 || !lane || !lane->slot) {
    die(sig, info, context);
  } else if (sig != SIGFPE && address - (uintptr_t)lane->slot->base < SLOT_RESERVE) {
    if (mend(lane, address)) {
      if (lane->in_guest) trap_check(lane);
    } else if (lane->in_guest) {
      trap_leave(lane, TURN_TRAP, "memory access out of bounds");
    } else {
      die(sig, info, context);
    }
  } else if (lane->in_guest && sig == SIGFPE) {
    trap_leave(lane, TURN_TRAP, "arithmetic exception");
  } else if (lane->in_guest && address >= lane->guard && address < lane->guard + LANE_GUARD) {
    trap_leave(lane, TURN_STACK, "native stack exhausted");
  } else {
    die(sig, info, context);
  }
  errno = saved;
}

static void on_kill(int sig) {
  struct lane *lane = lane_here;
  (void)sig;
  if (lane && lane->in_guest) trap_check(lane);
}

static void setup(void) {
  struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  struct sigaction kill = {.sa_handler = on_kill, .sa_flags = SA_ONSTACK | SA_NODEFER | SA_RESTART};
  for (int i = 0; i < FAULT_SIGNALS; i++) {
    if (sigaction(fault_signals[i], &fault, &before[i])) setup_error = errno;
  }
  if (sigaction(LANE_SIGNAL, &kill, NULL)) setup_error = errno;
}

int trap_setup(char *err, size_t err_size) {
  pthread_once(&setup_once, setup);
  if (!setup_error) return 0;
  snprintf(err, err_size, "signal handlers: %s", strerror(setup_error));
  return -1;
}
