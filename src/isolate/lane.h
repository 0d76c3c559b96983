/* lane.h: a thread that enters isolates, one turn at a time.
 *
 * A lane is one OS thread with a big stack of its own (so that the engine's own stack check fires first), an
 * alternate signal stack, and one instance struct of the translated guest, whose function table points back to it.
 * To enter an isolate is to set that struct's memory, size and stack pointer to the slot's.
 *
 * A turn may be left at any instruction, because a guest owns nothing outside its memory: by a trap, by a fault
 * inside the slot's reservation or the lane's stack guard, by reaching the memory limit, or by lane_kill from another
 * thread. Host functions (send, now, random, wake, crypto) never hold a lock or a half-done update where that could
 * strike: the signal handler leaves only while `in_guest` is set, and a kill that comes while it is not is read on the
 * way back in. A fault anywhere else is a bug of ours: the process dies with a message (RED-TEAM G10).
 *
 * Errors: a lane function never exits; lane_turn reports how the turn ended.
 */
#ifndef MAYFLY_ISOLATE_LANE_H
#define MAYFLY_ISOLATE_LANE_H

#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "isolate/slot.h"

enum turn_end {
  TURN_OK,
  TURN_CPU,      /* lane_kill(TURN_CPU) */
  TURN_CLOSED,   /* lane_kill(TURN_CLOSED): the gateway threw the isolate away in the middle of a turn */
  TURN_MEMORY,   /* grew past its limit */
  TURN_STACK,    /* native stack exhausted (the engine's own check did not fire) */
  TURN_TRAP,     /* any other trap; lane->detail says which */
  TURN_PROTOCOL, /* a bad frame or pointer given to an import; lane->detail says what */
};

enum {
  LANE_STACK = 64 << 20,   /* of a lane's thread */
  LANE_GUARD = 1 << 20,    /* below it, inaccessible */
  LANE_OUT_MAX = 96 << 20, /* bytes that a guest may send in one turn */
};

struct Z_engine_instance_t;

struct lane {
  uint32_t magic;
  struct buf out;   /* frames that the guest sent in this turn, checked, isolate stamped; the caller takes them */
  double now_ms;    /* what now() answers; set by the caller before a turn */
  double wake_ms;   /* what the guest asked for, never NaN; INFINITY: nothing. Carried in and out by the caller */
  uint32_t isolate; /* stamped on every frame that the guest sends */
  char detail[128]; /* of any end but TURN_OK: a word or two for the log */

  /* The rest belongs to the files of this folder. */
  volatile sig_atomic_t in_guest; /* a signal handler may leave the turn now */
  bool booting;                   /* building an image: nothing random, no frames */
  enum turn_end end;              /* why the turn was left, set before the jump */
  const char *why;                /* static text that becomes detail */
  sigjmp_buf leave;
  struct slot *slot; /* entered now, or NULL; borrowed */
  const struct image *image;
  struct Z_engine_instance_t *instance;
  _Atomic uint64_t current;        /* number of the turn, 0 between turns */
  _Atomic uint64_t kill;           /* (turn << 8) | enum turn_end: that turn shall end */
  uint64_t turns;                  /* the last number given */
  uintptr_t guard;                 /* the lowest address that is surely in the stack's guard */
  uintptr_t stack;                 /* the lowest address that is surely in the stack */
  stack_t signals, signals_before; /* the alternate stacks: ours, and the one that it replaced */
  int thread;                      /* its thread id */
  clockid_t clock;                 /* its processor time */
  uint8_t pool[256];               /* random bytes not yet handed out: the last pool_left ones */
  uint32_t pool_left;
};

/* Process-wide, once, before the first lane and before the sandbox closes: signal handlers, function types, libcrypto.
 * Calling it again does nothing. image may be NULL where guests only boot. */
int lane_setup(const struct image *image, char *err, size_t err_size);

/* Starts a thread on which lane_enter works; the caller joins or detaches it. */
int lane_thread(void *(*run)(void *), void *arg, unsigned long *thread, char *err, size_t err_size);
/* Makes the calling thread a lane (its signal stack and instance). *out is owned by the thread and freed by
 * lane_leave. The image must outlive it. */
int lane_enter(struct lane **out, const struct image *image, char *err, size_t err_size);
void lane_leave(struct lane **lane);

/* One turn of the isolate in `slot`: hands it `frames` (which stay the caller's), runs it until its job queue is
 * empty. length 0: turn(0, 0). On anything but TURN_OK the isolate must be thrown away with slot_give.
 * Adds to lane->out, which the caller empties. */
enum turn_end lane_turn(struct lane *lane, struct slot *slot, const uint8_t *frames, size_t length);

/* From any thread: ends the turn that `lane` is in, if its number is still `turn`. Never blocks. The lane must not be
 * left meanwhile. */
void lane_kill(struct lane *lane, uint64_t turn, enum turn_end why);
/* The number of the turn that the lane is in now, 0 between turns; and the processor time of the lane's thread, ns. */
uint64_t lane_current(const struct lane *lane);
uint64_t lane_cpu_ns(const struct lane *lane);

#endif
