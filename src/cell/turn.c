/* turn.c: see turn.h.
 *
 * Processor time is read from the thread's clock, which costs a system call, only when it matters: a turn shorter
 * than TURN_SHORT_NS is charged its wall time, which is at least as much; and the reading that a longer turn is
 * measured from may be CPU_FRESH_NS old. */
#include "cell/turn.h"

#include <math.h>
#include <time.h>

#include "cell/core.h"
#include "cell/output.h"
#include "cell/runner.h"
#include "isolate/snapshot.h"

#define TURN_SHORT_NS 100000u
#define CPU_FRESH_NS 200000u
#define HANDOVER_NS 60000u        /* turns that usually take longer than this are worth waking another poller for */
#define KEEP_AFTER_NS 3000000000u /* an isolate that lives for so long gets a kept slot */
#define LONGEST_WAKE_MS 4e12      /* the year 2096; beyond: never */

enum {
  USAGE_STEP = 64 * 1024,     /* told when the memory changed by more than this */
  USAGE_STEP_FRESH = 1 << 20, /* the same, as long as the isolate may be thrown away in a moment */
  OUT_KEEP = 256 * 1024,      /* bytes of buffer that a runner keeps from turn to turn */
  GARBAGE_MAX = 2,            /* slots waiting for their reset before one is reset on the way */
};

/* What the lock protects and the turn needs, and what comes of it. */
struct result {
  enum turn_end end;
  enum error_code code; /* when end is not TURN_OK */
  const char *detail;
  uint64_t used_ns, wall_ns, end_ns;
  uint32_t done;
  bool loaded;
  double wake_ms;
};

static int64_t wall_clock_ns(void) {
  struct timespec ts;
  clock_gettime(CLOCK_REALTIME, &ts);
  return ts.tv_sec * (int64_t)1000000000 + ts.tv_nsec;
}

/* Under the lock. */
static void begin(struct runner *me, struct isolate *isolate, uint64_t now) {
  struct cell *cell = me->cell;
  isolates_unrest(&cell->isolates, isolate);
  wakes_drop(&cell->wakes, isolate);
  buf_clear(&me->in);
  isolate_take(&cell->isolates, isolate, &me->in);
  isolate->state = ISOLATE_RUNNING;
  if (now - me->cpu_read_ns > CPU_FRESH_NS) {
    me->cpu_base_ns = lane_cpu_ns(me->lane);
    me->cpu_read_ns = now;
  }
  me->isolate = isolate;
  me->started_ns = now;
  me->started_turns = ++cell->turns;
  me->allow_ns = isolate_allowance(isolate);
  me->slow = false;
  cell->running++;
  if (cell->monitor_sleeps) pthread_cond_signal(&cell->monitor);
  if (cell->ready_first || (!cell->polling && cell->turn_usual_ns > HANDOVER_NS)) runner_call(cell);
}

/* Under the lock: the isolate goes to where it belongs, or away. */
static void settle(struct runner *me, struct isolate *isolate, bool dead, double wake_ms) {
  struct cell *cell = me->cell;
  me->isolate = NULL;
  if (!me->slow) cell->running--;
  me->slow = false;
  if (dead || isolate->closed) {
    isolates_remove(&cell->isolates, isolate);
    cell_discard(cell, &isolate);
    return;
  }
  isolate->wake_ms = wake_ms;
  if (wake_ms < LONGEST_WAKE_MS && (isolate->events || isolate->loading)) {
    int64_t due = (int64_t)ceil(fmax(wake_ms, 0)) * 1000000 - isolate->clock_ns;
    if (!wakes_set(&cell->wakes, isolate, due > 0 ? (uint64_t)due : 0)) cell_stop(cell, "out of memory");
    if (cell->polling && isolate->due_ns < cell->poll_until_ns) runner_call(cell);
  }
  isolate->state = ISOLATE_IDLE;
  if (isolate_has_frames(isolate) || isolate->flooded) cell_push_ready(cell, isolate);
}

static void sweep(struct cell *cell, struct slot *slot) {
  slot_reset(slot);
  pthread_mutex_lock(&cell->pool_lock);
  slot_give(cell->pool, &slot);
  pthread_mutex_unlock(&cell->pool_lock);
}

static struct slot *pop_garbage(struct cell *cell) {
  struct slot *slot = cell->garbage;
  if (!slot) return NULL;
  cell->garbage = slot->next;
  cell->garbage_count--;
  slot->next = NULL;
  return slot;
}

void turn_sweep(struct cell *cell) {
  struct slot *slot = pop_garbage(cell);
  pthread_mutex_unlock(&cell->lock);
  if (slot) sweep(cell, slot);
  pthread_mutex_lock(&cell->lock);
}

static struct slot *take_slot(struct cell *cell, const struct isolate *isolate) {
  pthread_mutex_lock(&cell->pool_lock);
  struct slot *slot = slot_take(cell->pool, isolate->kept, isolate->limit_pages);
  pthread_mutex_unlock(&cell->pool_lock);
  return slot;
}

/* Not under the lock. Resetting garbage first keeps the slots in use few, and their pages in the caches. */
static bool find_slot(struct cell *cell, struct isolate *isolate, unsigned garbage_max) {
  for (;;) {
    pthread_mutex_lock(&cell->lock);
    struct slot *old = cell->garbage_count > garbage_max ? pop_garbage(cell) : NULL;
    pthread_mutex_unlock(&cell->lock);
    if (!old) break;
    sweep(cell, old);
  }
  isolate->slot = take_slot(cell, isolate);
  return isolate->slot != NULL;
}

static void fail(struct result *r, enum turn_end end, enum error_code code, const char *detail) {
  r->end = end;
  r->code = code;
  r->detail = detail;
}

/* The memory that its first turn begins with. */
static bool begin_memory(struct cell *cell, struct isolate *isolate) {
  if (!find_slot(cell, isolate, GARBAGE_MAX) && !find_slot(cell, isolate, 0)) return false;
  bool filled = !isolate->snapshot || !snapshot_put(isolate->snapshot, isolate->slot);
  snapshot_release(&isolate->snapshot);
  return filled;
}

static bool prepare(struct runner *me, struct isolate *isolate, uint64_t now, struct result *r) {
  if (!isolate->slot && !begin_memory(me->cell, isolate)) {
    fail(r, TURN_MEMORY, ERROR_ISOLATES, "no room for another in this cell");
    return false;
  }
  if (!isolate->slot->kept && now - isolate->opened_ns > KEEP_AFTER_NS) slot_keep(isolate->slot);
  if (!isfinite(isolate->wake_ms)) isolate->clock_ns = wall_clock_ns() - (int64_t)now;
  me->lane->isolate = isolate->number;
  me->lane->wake_ms = isolate->wake_ms;
  me->lane->now_ms = floor((double)(((int64_t)now + isolate->clock_ns) / 1000000));
  return true;
}

static void name_failure(struct lane *lane, struct result *r) {
  static const enum error_code codes[] = {
      [TURN_CPU] = ERROR_CPU,   [TURN_MEMORY] = ERROR_MEMORY,     [TURN_STACK] = ERROR_TRAP,
      [TURN_TRAP] = ERROR_TRAP, [TURN_PROTOCOL] = ERROR_PROTOCOL,
  };
  if (r->end == TURN_OK || r->end == TURN_CLOSED) return;
  bool named = r->end == TURN_TRAP || r->end == TURN_PROTOCOL;
  fail(r, r->end, codes[r->end], r->end == TURN_STACK ? "stack" : named ? lane->detail : "");
}

/* What the turn used. Notes a reading of the thread's clock for the next turn. */
static void measure(struct runner *me, struct result *r) {
  r->end_ns = cell_now_ns();
  r->wall_ns = r->used_ns = r->end_ns - me->started_ns;
  if (r->wall_ns < TURN_SHORT_NS) return;
  uint64_t cpu = lane_cpu_ns(me->lane), used = cpu - me->cpu_base_ns;
  if (used < r->used_ns) r->used_ns = used;
}

static void tell_usage(struct isolate *isolate, struct buf *out) {
  uint64_t bytes = slot_private_bytes(isolate->slot), told = isolate->told_bytes;
  uint64_t step = isolate->slot->kept ? USAGE_STEP : USAGE_STEP_FRESH;
  if ((bytes > told ? bytes - told : told - bytes) <= step) return;
  isolate->told_bytes = bytes;
  output_usage(out, isolate->number, bytes, isolate->cpu_ns);
}

/* What an event used must be known when it is DONE. */
static void tell_traced(struct isolate *isolate, const struct result *r, struct buf *out) {
  if (isolate->slot) isolate->told_bytes = slot_private_bytes(isolate->slot);
  output_usage_first(out, isolate->number, isolate->told_bytes, isolate->cpu_ns + r->used_ns);
}

/* Not under the lock. A gateway that was told DEAD may use the index again at once, so the isolate leaves the table
 * before. */
static void forget(struct cell *cell, struct isolate *isolate) {
  pthread_mutex_lock(&cell->lock);
  isolates_remove(&cell->isolates, isolate);
  pthread_mutex_unlock(&cell->lock);
}

/* Not under the lock. */
static void send_result(struct runner *me, struct isolate *isolate, struct result *r) {
  struct buf *out = &me->lane->out;
  if (r->end == TURN_CLOSED) {
    buf_clear(out);
  } else if (r->end == TURN_OK) {
    r->done = output_count(out, &r->loaded);
    if (isolate->traced)
      tell_traced(isolate, r, out);
    else
      tell_usage(isolate, out);
  } else {
    forget(me->cell, isolate);
    output_keep_logs(out);
    if (isolate->traced) tell_traced(isolate, r, out);
    output_dead(out, isolate->number, r->code, r->detail);
  }
  output_send(me->cell, out);
  if (out->cap > OUT_KEEP)
    buf_shrink(out, 0);
  else
    buf_clear(out);
}

/* A template that was loaded is nothing but a snapshot from now on. */
static void keep_template(struct isolate *isolate, const struct buf *out, struct result *r) {
  if (!isolate->template || r->end != TURN_OK || !output_loaded(out)) return;
  isolate->snapshot = snapshot_take(isolate->slot);
  if (!isolate->snapshot) fail(r, TURN_MEMORY, ERROR_ISOLATES, "no memory to keep its state in");
}

static void enter(struct runner *me, struct isolate *isolate, uint64_t now, struct result *r) {
  struct lane *lane = me->lane;
  buf_clear(&lane->out);
  if (r->end != TURN_OK) return;
  if (!me->allow_ns) {
    fail(r, TURN_CPU, ERROR_CPU, "");
  } else if (prepare(me, isolate, now, r)) {
    r->end = lane_turn(lane, isolate->slot, me->in.data, me->in.len);
    r->wake_ms = lane->wake_ms;
    name_failure(lane, r);
    keep_template(isolate, &lane->out, r);
    measure(me, r);
  }
}

/* Under the lock, after the turn. */
static void account(struct runner *me, struct isolate *isolate, const struct result *r) {
  struct cell *cell = me->cell;
  isolate_charge(isolate, r->used_ns, r->done, r->loaded);
  isolate->rest_ns = r->end_ns;
  cell->turn_usual_ns += r->wall_ns / 8 - cell->turn_usual_ns / 8;
  if (r->wall_ns >= TURN_SHORT_NS) me->cpu_read_ns = 0; /* read the thread's clock anew */
}

void turn_run(struct runner *me, struct isolate *isolate, uint64_t now) {
  struct cell *cell = me->cell;
  struct result r = {.wake_ms = INFINITY, .end_ns = now};
  begin(me, isolate, now);
  if (isolate->flooded) fail(&r, TURN_MEMORY, ERROR_MEMORY, "more frames waited for it than it may hold");
  if (isolate->orphan) fail(&r, TURN_MEMORY, ERROR_GONE, "what it was to be a copy of is gone");
  pthread_mutex_unlock(&cell->lock);
  enter(me, isolate, now, &r);
  send_result(me, isolate, &r);
  pthread_mutex_lock(&cell->lock);
  account(me, isolate, &r);
  bool dead = r.end != TURN_OK;
  if (isolate->template && isolate->snapshot) cell_discard_slot(cell, isolate);
  if (!dead && !isolate->closed) isolates_rest(&cell->isolates, isolate);
  settle(me, isolate, dead, r.wake_ms);
}

void turn_tend(struct runner *me, struct isolate *isolate, uint64_t now) {
  struct cell *cell = me->cell;
  isolates_unrest(&cell->isolates, isolate);
  if (isolate->state != ISOLATE_IDLE || !isolate->slot) return;
  isolate->state = ISOLATE_RUNNING;
  me->isolate = isolate;
  me->started_ns = now;
  me->allow_ns = UINT64_MAX;
  cell->running++;
  pthread_mutex_unlock(&cell->lock);
  struct slot *slot = isolate->slot;
  buf_clear(&me->lane->out);
  if (!slot->kept && now - isolate->opened_ns > KEEP_AFTER_NS) slot_keep(slot);
  bool kept = slot->kept;
  if (kept) slot_trim(slot);
  tell_usage(isolate, &me->lane->out);
  output_send(cell, &me->lane->out);
  pthread_mutex_lock(&cell->lock);
  isolate->rest_ns = now;
  if (!kept && !isolate->closed) isolates_rest(&cell->isolates, isolate);
  settle(me, isolate, false, isolate->wake_ms);
}
