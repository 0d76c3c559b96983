/* core.h: the state that the threads of a cell share.
 *
 *     runner threads (runner.c)  poll the link, run isolates in their lanes, put out what came of it
 *     the main thread (monitor.c) ends turns that used up their processor time, and lets another runner take over
 *                                 when the others have been busy for too long
 *
 * Invariants
 *   - `lock` protects everything here but what is marked otherwise. It is never held while a guest runs, while a slot
 *     is reset or while the ring to the gateway is waited for. Order: out_lock, then lock; pool_lock alone.
 *   - An isolate is in one place: READY (in the ready queue), RUNNING (at one runner, which alone touches its slot),
 *     or IDLE. Its frames go out before it leaves RUNNING, so they keep their order.
 *   - CLOSE takes an isolate out of the table at once; if it is RUNNING, its runner throws it away afterwards.
 *   - `running` counts runners that are in a turn and not slow; it never exceeds `active_max`.
 *   - At most one runner sleeps on the wake descriptor (`polling`); it has room to run what it finds. All others wait
 *     on `idle`. Whoever holds `lock` may take frames from the ring.
 */
#ifndef MAYFLY_CELL_CORE_H
#define MAYFLY_CELL_CORE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ring.h"
#include "base/spin.h"
#include "cell/isolates.h"
#include "cell/wakes.h"
#include "isolate/image.h"
#include "isolate/lane.h"
#include "isolate/slot.h"

enum { RUNNERS_MAX = 64 };

struct runner {
  struct cell *cell;
  bool used;         /* this entry has a thread */
  struct lane *lane; /* NULL until the thread has made it */
  pthread_t thread;
  struct isolate *isolate; /* what it runs, or NULL */
  struct buf in;           /* frames of the turn; the runner's own */
  uint64_t started_ns;     /* of the turn, monotonic */
  uint64_t allow_ns;       /* processor time that the turn may use */
  uint64_t cpu_base_ns;    /* the thread's processor time when it was last read, at cpu_read_ns (monotonic) */
  uint64_t cpu_read_ns;
  uint64_t started_turns; /* cell->turns then */
  bool slow;              /* in this turn for longer than a tick: somebody else has taken its place */
  bool demoted;           /* its thread has a low priority for good, and ends after the turn */
  bool surplus;           /* its thread ends: there are enough */
  atomic_bool ended;
};

struct cell {
  uint32_t magic;
  const struct image *image;
  int wake_fd;
  unsigned active_max; /* runners that may be in a turn at once, slow ones not counted */

  pthread_mutex_t pool_lock;
  struct slot_pool *pool;

  pthread_mutex_t out_lock;
  struct ring to_gateway; /* under out_lock */

  pthread_mutex_t lock;
  struct ring to_cell;
  uint8_t *payload; /* FRAME_PAYLOAD_MAX bytes, for ring_get */
  struct isolates isolates;
  struct isolate *ready_first, *ready_last;
  struct wakes wakes;
  struct slot *garbage; /* slots of isolates that are gone, to be reset when there is nothing better to do */
  unsigned garbage_count;

  struct runner runners[RUNNERS_MAX];
  unsigned runner_count, running, idle_count;
  pthread_cond_t idle;
  bool polling;
  struct spin spin;       /* of the poller */
  uint64_t poll_until_ns; /* when the poller will wake up by itself */
  uint64_t turn_usual_ns; /* how long turns took lately */
  uint64_t turns;         /* ever begun */

  pthread_cond_t monitor;
  bool monitor_sleeps;
  atomic_bool stop;
  char reason[160]; /* why it stopped; empty: it was asked to */
};

/* A cell without threads over a link. `memory` is ring_link_size() bytes, shared with the gateway; none of what is
 * passed in is owned. 0, or -1 with a message in err. */
int cell_new(struct cell **out, const struct image *image, void *memory, int wake_fd, int gateway_fd, unsigned lanes,
             char *err, size_t err_size);
/* Starts the runners and is the monitor until cell_stop. Returns 0, or -1: something was wrong, see cell->reason. */
int cell_run(struct cell *cell);
/* From any thread, under the lock. The first reason stands; NULL: no fault. */
void cell_stop(struct cell *cell, const char *reason);
/* After cell_run, when all runners are out of their turns. */
void cell_free(struct cell **cell);

uint64_t cell_now_ns(void); /* CLOCK_MONOTONIC */

/* ready queue; under lock */
void cell_push_ready(struct cell *cell, struct isolate *isolate);
struct isolate *cell_pop_ready(struct cell *cell);
/* Puts the slot of an isolate, if it has one, on the garbage list; under lock. */
void cell_discard_slot(struct cell *cell, struct isolate *isolate);
/* Of an isolate that is gone, and its record back; under lock. */
void cell_discard(struct cell *cell, struct isolate **isolate);

#endif
