/* turn.h: what a runner does with one isolate. All are called with the cell's lock held, and return with it held, but
 * let go of it in between. */
#ifndef MAYFLY_CELL_TURN_H
#define MAYFLY_CELL_TURN_H

#include <stdint.h>

struct cell;
struct isolate;
struct runner;

/* One turn: the frames go in, what the guest sends goes out, and the isolate is put where it belongs afterwards. */
void turn_run(struct runner *me, struct isolate *isolate, uint64_t now_ns);
/* An isolate that rests: its slot gives back what it does not need. */
void turn_tend(struct runner *me, struct isolate *isolate, uint64_t now_ns);
/* Resets one slot of an isolate that is gone. */
void turn_sweep(struct cell *cell);

#endif
