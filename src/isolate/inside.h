/* inside.h: what the files of src/isolate share and nobody else includes.
 *
 * rt.c     what code made by wasm2c calls: traps, growth, tables, function types
 * host.c   the guest's imports; crypto*.c the one for cryptography
 * trap.c   signal handlers, and the one way out of a turn that does not return
 * lane.c   threads and turns
 *
 * The rule that they keep together: lane->in_guest is set exactly while the lane may be left by a signal. Whoever runs
 * host code on a lane in a turn calls host_enter before it touches anything and host_leave after it is done.
 */
#ifndef MAYFLY_ISOLATE_INSIDE_H
#define MAYFLY_ISOLATE_INSIDE_H

#include "engine.h"
#include "isolate/lane.h"

#define LANE_MAGIC 0x4c414e45u
#define LANE_SIGNAL SIGUSR2       /* lane_kill's */
enum { HOST_STACK = 256 * 1024 }; /* stack that a host function must find */

/* The lane of this thread, or NULL. Read in signal handlers, hence initial-exec: no allocation on first use. */
extern _Thread_local struct lane *lane_here __attribute__((tls_model("initial-exec")));

/* rt.c: types of the module, once per process. 0, or -1: too many or too long. */
int rt_setup(void);

/* trap.c */
int trap_setup(char *err, size_t err_size);
_Noreturn void trap_leave(struct lane *lane, enum turn_end end, const char *why); /* why: static text */
void trap_check(struct lane *lane);         /* leaves if this turn was killed; only with in_guest set */
bool trap_pending(const struct lane *lane); /* this turn was killed and shall end at the next trap_check */

/* host.c */
void host_enter(struct lane *lane);
void host_leave(struct lane *lane);
/* What the guest means by this pointer; leaves the turn if any of the bytes is not in its memory. */
uint8_t *host_range(struct lane *lane, uint32_t at, uint32_t length);

/* lane.c: runs body with the lane inside slot; however it ends, the lane is whole afterwards. */
typedef void lane_body(struct lane *lane, void *arg);
enum turn_end lane_run(struct lane *lane, struct slot *slot, lane_body *body, void *arg);
/* A lane without an image, whose instance's memory is left in *blank, which becomes the caller's. */
int lane_enter_blank(struct lane **out, struct slot *blank, uint32_t limit_pages, char *err, size_t err_size);

#endif
