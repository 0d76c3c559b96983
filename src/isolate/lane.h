/* lane.h: a thread that enters isolates, one turn at a time.
 *
 * A lane is one OS thread with a big stack of its own (so that the engine's own stack check fires first), an
 * alternate signal stack, and one instance struct of the translated guest, whose function table points back to it.
 * To enter an isolate is to set that struct's memory, size and stack pointer to the slot's.
 *
 * A turn may be left at any instruction, because a guest owns nothing outside its memory: by a trap, by a fault
 * inside the slot's reservation or the lane's stack guard, by reaching the memory limit, or by lane_kill from another
 * thread. Host functions (send, now, random, wake) never hold a lock or a half-done update where that could strike:
 * the signal handler leaves only while `in_guest` is set, and otherwise sets a flag that is read on the way back in.
 * A fault anywhere else is a bug of ours: the process dies with a message (RED-TEAM G10).
 *
 * Errors: a lane function never exits; lane_turn reports how the turn ended.
 */
#ifndef MAYFLY_ISOLATE_LANE_H
#define MAYFLY_ISOLATE_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

struct lane {
  uint32_t magic;
  struct buf out;    /* frames that the guest sent in this turn, checked, isolate stamped; the caller takes them */
  double now_ms;     /* what now() answers; set by the caller before a turn */
  double wake_ms;    /* what the guest asked for; INFINITY: nothing. Carried in and out by the caller */
  uint32_t isolate;  /* stamped on every frame that the guest sends */
  char detail[128];  /* of TURN_TRAP and TURN_PROTOCOL */
  /* further fields: instance, stacks, jump buffer, kill flag */
};

/* Process-wide, once, before the first lane and before the sandbox closes: signal handlers, function types. */
int lane_setup(const struct image *image, char *err, size_t err_size);

/* Makes the calling thread a lane (its signal stack and instance). The thread must have been started by lane_thread,
 * which gives it the stack. *out is owned by the thread and freed by lane_leave. */
int lane_thread(void *(*run)(void *), void *arg, unsigned long *thread, char *err, size_t err_size);
int lane_enter(struct lane **out, const struct image *image, char *err, size_t err_size);
void lane_leave(struct lane **lane);

/* One turn of the isolate in `slot`: hands it `frames` (which stay the caller's), runs it until its job queue is
 * empty. On anything but TURN_OK the isolate must be thrown away with slot_give. */
enum turn_end lane_turn(struct lane *lane, struct slot *slot, const uint8_t *frames, size_t length);

/* From any thread: ends the turn that `lane` is in, if its number is still `turn`. Never blocks. */
void lane_kill(struct lane *lane, uint64_t turn, enum turn_end why);
/* The number of the turn that the lane is in now, 0 between turns; and the processor time of the lane's thread, ns. */
uint64_t lane_current(const struct lane *lane);
uint64_t lane_cpu_ns(const struct lane *lane);

#endif
