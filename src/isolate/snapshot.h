/* snapshot.h: what an isolate's memory has beyond the image, to begin other isolates with.
 *
 * A snapshot is taken between turns, when the stack is empty, and never changes. It is pages and nothing else: whoever
 * begins with one has the state of the isolate that it was taken of, its random numbers included, and must be told to
 * draw new ones (frame.h: SEED).
 *
 * Threads: counted by reference, from any thread. Taking and putting are done by the one thread that has the slot.
 */
#ifndef MAYFLY_ISOLATE_SNAPSHOT_H
#define MAYFLY_ISOLATE_SNAPSHOT_H

#include "isolate/slot.h"

struct snapshot;

/* Of a slot of a pool. NULL: out of memory. */
struct snapshot *snapshot_take(const struct slot *slot);
struct snapshot *snapshot_share(struct snapshot *snapshot);
void snapshot_release(struct snapshot **snapshot);
/* Into a slot that was just taken from the same pool. 0, or -1: the slot may not have so much memory, or the kernel
 * refuses; it may be given back then. */
int snapshot_put(const struct snapshot *snapshot, struct slot *slot);

#endif
