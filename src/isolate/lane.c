/* lane.c: threads, instances and turns.
 *
 * The instance struct that wasm2c makes holds the host pointer, the stack pointer, one memory and one table, and
 * nothing else (the assertion below): so setting memory and stack pointer is all that entering an isolate takes, and
 * no state of one isolate stays behind in the lane. Each lane instantiates for itself, in memory that is thrown away,
 * which gives it a table whose entries point to its own instance.
 *
 * A lane's stack is glibc's, with the size and guard that we ask for. Its bounds are reckoned from the first frame of
 * the thread, because asking glibc for them takes system calls that a locked-down cell does not have. glibc puts the
 * thread's own data, less than STACK_TOP, above that frame.
 */
#include "isolate/lane.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "isolate/crypto.h"
#include "isolate/inside.h"

struct instance_shape {
  void *host;
  uint32_t stack_pointer;
  wasm_rt_memory_t memory;
  wasm_rt_funcref_table_t table;
};
_Static_assert(sizeof(struct instance_shape) == sizeof(Z_engine_instance_t), "the guest has state that no turn sets");

enum {
  STACK_TOP = 64 * 1024,    /* at most so much of a stack lies above its first frame */
  STACK_NEAR = 256 * 1024,  /* below the running frame, left alone when the deep part is given back */
  SIGNAL_STACK = 256 * 1024 /* a page of it is its guard */
};

_Thread_local struct lane *lane_here;
static _Thread_local uintptr_t stack_first; /* the first frame's address; 0: not started by lane_thread */

struct start {
  void *(*run)(void *);
  void *arg;
};

int lane_setup(const struct image *image, char *err, size_t err_size) {
  if (image) crypto_setup(); /* a guest that boots may not ask for it */
  if (rt_setup()) {
    snprintf(err, err_size, "the guest has more function types than the run-time support takes");
    return -1;
  }
  return trap_setup(err, err_size);
}

/* ---- threads ---- */

static void *thread_main(void *arg) {
  struct start start = *(struct start *)arg;
  free(arg);
  stack_first = (uintptr_t)__builtin_frame_address(0);
  return start.run(start.arg);
}

int lane_thread(void *(*run)(void *), void *arg, unsigned long *thread, char *err, size_t err_size) {
  pthread_attr_t attr;
  struct start *start = malloc(sizeof *start);
  int wrong = start ? pthread_attr_init(&attr) : ENOMEM;
  if (!wrong) {
    *start = (struct start){run, arg};
    wrong = pthread_attr_setstacksize(&attr, LANE_STACK);
    if (!wrong) wrong = pthread_attr_setguardsize(&attr, LANE_GUARD);
    if (!wrong) wrong = pthread_create(thread, &attr, thread_main, start);
    pthread_attr_destroy(&attr);
  }
  if (!wrong) return 0;
  free(start);
  snprintf(err, err_size, "thread: %s", strerror(wrong));
  return -1;
}

/* The stack that signal handlers run on: the guest's own may be what overflowed. */
static int signals_enter(struct lane *lane) {
  void *p = mmap(NULL, SIGNAL_STACK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return -1;
  lane->signals = (stack_t){.ss_sp = (uint8_t *)p + IMAGE_PAGE, .ss_size = SIGNAL_STACK - IMAGE_PAGE};
  if (mprotect(lane->signals.ss_sp, lane->signals.ss_size, PROT_READ | PROT_WRITE)) return -1;
  if (sigaltstack(&lane->signals, &lane->signals_before)) return -1;
  sigset_t ours;
  sigemptyset(&ours);
  sigaddset(&ours, SIGSEGV);
  sigaddset(&ours, SIGBUS);
  sigaddset(&ours, SIGFPE);
  sigaddset(&ours, LANE_SIGNAL);
  return pthread_sigmask(SIG_UNBLOCK, &ours, NULL) ? -1 : 0;
}

static void signals_leave(struct lane *lane) {
  if (!lane->signals.ss_sp) return;
  sigaltstack(&lane->signals_before, NULL);
  munmap((uint8_t *)lane->signals.ss_sp - IMAGE_PAGE, SIGNAL_STACK);
}

/* ---- lanes ---- */

static void instantiate(struct lane *lane, void *arg) {
  (void)arg;
  host_enter(lane); /* this is host code; only a trap of its own may leave it */
  Z_engine_instantiate(lane->instance, (struct Z_mayfly_instance_t *)(void *)lane);
}

static int thread_bounds(struct lane *lane) {
  if (!stack_first) return -1;
  lane->stack = stack_first + STACK_TOP - LANE_STACK;
  lane->guard = lane->stack - LANE_GUARD;
  lane->thread = (int)syscall(SYS_gettid);
  return pthread_getcpuclockid(pthread_self(), &lane->clock) ? -1 : 0;
}

int lane_enter_blank(struct lane **out, struct slot *blank, uint32_t limit_pages, char *err, size_t err_size) {
  const char *step = "a lane is already here, or the thread is not lane_thread's";
  *blank = (struct slot){0};
  *out = NULL;
  struct lane *lane = lane_here ? NULL : calloc(1, sizeof *lane);
  if (!lane) goto fail;
  *lane = (struct lane){.magic = LANE_MAGIC, .wake_ms = INFINITY, .booting = true};
  buf_init(&lane->out, LANE_OUT_MAX);
  if (thread_bounds(lane)) goto fail;
  step = "no memory for a lane";
  lane->instance = calloc(1, sizeof *lane->instance);
  if (!lane->instance || slot_blank(blank, 0, limit_pages)) goto fail;
  step = "no stack for signals";
  if (signals_enter(lane)) goto fail;
  lane_here = lane;
  step = lane->detail;
  if (lane_run(lane, blank, instantiate, NULL) != TURN_OK) goto fail;
  *out = lane;
  return 0;
fail:
  snprintf(err, err_size, "lane: %s", step);
  slot_blank_free(blank);
  lane_leave(&lane);
  return -1;
}

int lane_enter(struct lane **out, const struct image *image, char *err, size_t err_size) {
  struct slot blank;
  if (lane_enter_blank(out, &blank, SLOT_PAGES_MAX, err, err_size)) return -1;
  slot_blank_free(&blank);
  (*out)->booting = false;
  (*out)->image = image;
  return 0;
}

void lane_leave(struct lane **lane) {
  struct lane *gone = *lane;
  *lane = NULL;
  if (!gone) return;
  lane_here = NULL;
  signals_leave(gone);
  if (gone->instance) Z_engine_free(gone->instance);
  free(gone->instance);
  buf_free(&gone->out);
  explicit_bzero(gone->pool, sizeof gone->pool);
  gone->magic = 0;
  free(gone);
}

/* ---- turns ---- */

static void begin(struct lane *lane, struct slot *slot) {
  wasm_rt_memory_t *memory = Z_engineZ_memory(lane->instance);
  memory->data = slot->base;
  memory->pages = slot->pages;
  memory->max_pages = SLOT_PAGES_MAX;
  memory->size = slot->pages * SLOT_PAGE;
  if (lane->image) *Z_engineZ___stack_pointer(lane->instance) = lane->image->stack_pointer;
  lane->slot = slot;
  lane->detail[0] = 0;
  atomic_store(&lane->current, ++lane->turns);
}

/* A turn that was left may have been deep in the stack; what it touched there goes back to the system. */
static void give_stack_back(const struct lane *lane) {
  uintptr_t low = (lane->stack + IMAGE_PAGE - 1) & ~(uintptr_t)(IMAGE_PAGE - 1);
  uintptr_t high = ((uintptr_t)__builtin_frame_address(0) - STACK_NEAR) & ~(uintptr_t)(IMAGE_PAGE - 1);
  if (low < high) madvise((void *)low, high - low, MADV_DONTNEED);
}

static enum turn_end finish(struct lane *lane, enum turn_end end) {
  atomic_store(&lane->current, 0);
  lane->slot = NULL;
  if (end == TURN_OK) return end;
  snprintf(lane->detail, sizeof lane->detail, "%s", lane->why);
  give_stack_back(lane);
  return end;
}

/* sigsetjmp may return more than once more: a kill may come between the jump and the clearing of in_guest. */
enum turn_end lane_run(struct lane *lane, struct slot *slot, lane_body *body, void *arg) {
  begin(lane, slot);
  if (sigsetjmp(lane->leave, 0)) {
    lane->in_guest = 0;
    atomic_signal_fence(memory_order_seq_cst);
    return finish(lane, lane->end);
  }
  host_leave(lane);
  body(lane, arg);
  lane->in_guest = 0;
  atomic_signal_fence(memory_order_seq_cst);
  return finish(lane, TURN_OK);
}

struct delivery {
  const uint8_t *frames;
  size_t length;
};

static void deliver(struct lane *lane, void *arg) {
  const struct delivery *delivery = arg;
  uint32_t at = 0, length = (uint32_t)delivery->length;
  if (length) {
    at = Z_engineZ_room(lane->instance, length);
    host_enter(lane);
    if (!at) trap_leave(lane, TURN_MEMORY, "no room for frames");
    if ((uint64_t)at + length > (uint64_t)lane->slot->pages * SLOT_PAGE) {
      trap_leave(lane, TURN_PROTOCOL, "room for frames outside memory");
    }
    memcpy(lane->slot->base + at, delivery->frames, length);
    host_leave(lane);
  }
  Z_engineZ_turn(lane->instance, at, length);
}

enum turn_end lane_turn(struct lane *lane, struct slot *slot, const uint8_t *frames, size_t length) {
  struct delivery delivery = {frames, length};
  if (length > INT32_MAX) {
    snprintf(lane->detail, sizeof lane->detail, "frames larger than memory");
    return TURN_MEMORY;
  }
  return lane_run(lane, slot, deliver, &delivery);
}

/* The first word for a turn stays; a word for an older turn never replaces one for a newer. Whoever put a word sends
 * the signal, and a signal without a word for the current turn does nothing. */
void lane_kill(struct lane *lane, uint64_t turn, enum turn_end why) {
  uint64_t word = turn << 8 | (uint64_t)why, old = atomic_load(&lane->kill);
  if (!turn || atomic_load(&lane->current) != turn) return;
  do {
    if (old >> 8 >= turn) return;
  } while (!atomic_compare_exchange_weak(&lane->kill, &old, word));
  syscall(SYS_tgkill, getpid(), lane->thread, LANE_SIGNAL);
}

uint64_t lane_current(const struct lane *lane) { return atomic_load(&lane->current); }

uint64_t lane_cpu_ns(const struct lane *lane) {
  struct timespec t;
  if (clock_gettime(lane->clock, &t)) return 0;
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
