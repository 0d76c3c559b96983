/* runner.c: see runner.h. One runner after another is the poller: it takes frames from the link, runs what they wake,
 * and others help only when there is more than one thing to do. So a cell with little work stays on one thread, and
 * an event costs no switch between threads. */
#include "cell/runner.h"

#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cell/core.h"
#include "cell/route.h"
#include "cell/turn.h"

enum { GARBAGE_MUST = 16 }; /* slots waiting for their reset before that comes first */
#define REST_NS 1000000000u /* an isolate that had nothing to do for so long has its slot tended */

static void kick_poller(const struct cell *cell) {
  uint64_t one = 1;
  if (write(cell->wake_fd, &one, sizeof one) < 0) return; /* a full eventfd is awake already */
}

void runner_call(struct cell *cell) {
  if (cell->running >= cell->active_max) return;
  if (cell->idle_count)
    pthread_cond_signal(&cell->idle);
  else if (cell->polling)
    kick_poller(cell);
}

static void ready_the_due(struct cell *cell, uint64_t now) {
  struct isolate *isolate;
  while ((isolate = wakes_pop(&cell->wakes, now)))
    if (isolate->state == ISOLATE_IDLE) cell_push_ready(cell, isolate);
}

/* The isolate whose slot is to be tended now, or NULL; *next_ns: when to look again. */
static struct isolate *rested(struct cell *cell, uint64_t now, uint64_t *next_ns) {
  struct isolate *oldest = cell->isolates.rest_oldest;
  *next_ns = oldest ? oldest->rest_ns + REST_NS : UINT64_MAX;
  return *next_ns <= now ? oldest : NULL;
}

static void sleep_until(struct cell *cell, uint64_t until_ns) {
  struct pollfd p = {.fd = cell->wake_fd, .events = POLLIN};
  uint64_t now = cell_now_ns(), left = until_ns > now ? until_ns - now : 0;
  struct timespec ts = {.tv_sec = (time_t)(left / 1000000000u), .tv_nsec = (long)(left % 1000000000u)};
  if (ppoll(&p, 1, until_ns == UINT64_MAX ? NULL : &ts, NULL) == 1 && (p.revents & POLLIN)) {
    uint64_t count;
    if (read(cell->wake_fd, &count, sizeof count) < 0) return; /* nothing lost: the ring is looked at anyway */
  }
}

/* True: there is something to do. */
static bool look_longer(struct cell *cell) {
  while (cell->spin.until_ns) {
    bool found = ring_waiting(&cell->to_cell) || cell->ready_first;
    if (found) spin_found(&cell->spin);
    if (found || atomic_load(&cell->stop)) return true;
    pthread_mutex_unlock(&cell->lock);
    sched_yield();
    pthread_mutex_lock(&cell->lock);
    spin_more(&cell->spin);
  }
  return false;
}

static void poll_link(struct cell *cell, uint64_t until_ns) {
  cell->polling = true;
  cell->poll_until_ns = until_ns;
  if (!look_longer(cell) && ring_consumer_may_sleep(&cell->to_cell)) {
    pthread_mutex_unlock(&cell->lock);
    sleep_until(cell, until_ns);
    pthread_mutex_lock(&cell->lock);
    ring_consumer_awake(&cell->to_cell);
  }
  cell->polling = false;
}

/* Waits to be called. More threads than can be of use end here. */
static void wait_idle(struct runner *me) {
  struct cell *cell = me->cell;
  me->surplus = cell->idle_count > cell->active_max;
  if (me->surplus) return;
  cell->idle_count++;
  pthread_cond_wait(&cell->idle, &cell->lock);
  cell->idle_count--;
}

static void step(struct runner *me) {
  struct cell *cell = me->cell;
  uint64_t now = cell_now_ns(), next_rest;
  route_drain(cell);
  if (atomic_load(&cell->stop)) return;
  ready_the_due(cell, now);
  if (cell->garbage_count > GARBAGE_MUST) turn_sweep(cell);
  bool may_run = cell->running < cell->active_max;
  struct isolate *isolate = may_run ? cell_pop_ready(cell) : NULL;
  if (isolate) {
    turn_run(me, isolate, now);
  } else if (cell->garbage) {
    turn_sweep(cell);
  } else if (may_run && (isolate = rested(cell, now, &next_rest))) {
    turn_tend(me, isolate, now);
  } else if (may_run && !cell->polling) {
    uint64_t next_wake = wakes_next_ns(&cell->wakes);
    poll_link(cell, next_wake < next_rest ? next_wake : next_rest);
  } else {
    wait_idle(me);
  }
}

static void *runner_main(void *arg) {
  struct runner *me = arg;
  struct cell *cell = me->cell;
  struct lane *lane = NULL;
  char err[160] = "";
  int failed = lane_enter(&lane, cell->image, err, sizeof err);
  pthread_mutex_lock(&cell->lock);
  if (failed) cell_stop(cell, err);
  me->lane = lane;
  while (!atomic_load(&cell->stop) && !me->demoted && !me->surplus) step(me);
  if (cell->ready_first) runner_call(cell); /* what came for an isolate during this thread's last turn */
  me->lane = NULL;
  pthread_mutex_unlock(&cell->lock);
  if (lane) lane_leave(&lane);
  buf_free(&me->in);
  atomic_store(&me->ended, true);
  return NULL;
}

int runner_start(struct cell *cell, char *err, size_t err_size) {
  runner_reap(cell);
  struct runner *me = cell->runners;
  while (me < cell->runners + RUNNERS_MAX && me->used) me++;
  if (me == cell->runners + RUNNERS_MAX) {
    snprintf(err, err_size, "no more than %d threads", RUNNERS_MAX);
    return -1;
  }
  *me = (struct runner){.cell = cell, .used = true};
  buf_init(&me->in, ISOLATE_INBOX_MAX);
  if (lane_thread(runner_main, me, &me->thread, err, err_size)) {
    me->used = false;
    return -1;
  }
  cell->runner_count++;
  return 0;
}

void runner_reap(struct cell *cell) {
  for (struct runner *runner = cell->runners; runner < cell->runners + RUNNERS_MAX; runner++) {
    if (!runner->used || !atomic_load(&runner->ended)) continue;
    pthread_join(runner->thread, NULL);
    runner->used = false;
    cell->runner_count--;
  }
}
