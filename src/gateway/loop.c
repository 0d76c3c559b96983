/* loop.c: see loop.h. Timers are a binary heap whose entries know their place, so that clearing one is cheap. */
#include "gateway/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 128, HOOKS_MAX = 8 };

struct loop {
  int epoll;
  bool stop;
  uint64_t now;
  struct epoll_event batch[BATCH];
  int batch_at, batch_count;
  struct loop_timer **heap;
  size_t timers, heap_cap;
  struct {
    loop_hook *run;
    void *arg;
  } hooks[HOOKS_MAX];
  int hook_count;
};

static uint64_t clock_ms(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t monotonic_ms(void) { return clock_ms(CLOCK_MONOTONIC); }
uint64_t wall_clock_ms(void) { return clock_ms(CLOCK_REALTIME); }

int loop_new(struct loop **out, char *err, size_t err_size) {
  struct loop *loop = calloc(1, sizeof *loop);
  if (loop) loop->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (!loop || loop->epoll < 0) {
    snprintf(err, err_size, "cannot make an event loop: %s", strerror(errno));
    free(loop);
    return -1;
  }
  loop->now = monotonic_ms();
  *out = loop;
  return 0;
}

void loop_free(struct loop **loop) {
  if (!*loop) return;
  close((*loop)->epoll);
  free((*loop)->heap);
  free(*loop);
  *loop = NULL;
}

void loop_stop(struct loop *loop) { loop->stop = true; }
uint64_t loop_now(const struct loop *loop) { return loop->now; }

/* ---- watches ---- */

static int control(struct loop *loop, int how, struct loop_watch *watch, uint32_t events) {
  struct epoll_event e = {.events = events, .data.ptr = watch};
  watch->events = events;
  return epoll_ctl(loop->epoll, how, watch->fd, &e);
}

int loop_watch(struct loop *loop, struct loop_watch *watch, uint32_t events) {
  return control(loop, EPOLL_CTL_ADD, watch, events);
}

int loop_rewatch(struct loop *loop, struct loop_watch *watch, uint32_t events) {
  return watch->events == events ? 0 : control(loop, EPOLL_CTL_MOD, watch, events);
}

void loop_unwatch(struct loop *loop, struct loop_watch *watch) {
  control(loop, EPOLL_CTL_DEL, watch, 0);
  for (int i = loop->batch_at; i < loop->batch_count; i++)
    if (loop->batch[i].data.ptr == watch) loop->batch[i].data.ptr = NULL;
}

/* ---- timers ---- */

static void heap_put(struct loop *loop, size_t i, struct loop_timer *t) {
  loop->heap[i] = t;
  t->place = i + 1;
}

static void sift_up(struct loop *loop, size_t i) {
  struct loop_timer *t = loop->heap[i];
  for (; i && loop->heap[(i - 1) / 2]->at_ms > t->at_ms; i = (i - 1) / 2) heap_put(loop, i, loop->heap[(i - 1) / 2]);
  heap_put(loop, i, t);
}

static void sift_down(struct loop *loop, size_t i) {
  struct loop_timer *t = loop->heap[i];
  for (size_t child; (child = 2 * i + 1) < loop->timers; i = child) {
    if (child + 1 < loop->timers && loop->heap[child + 1]->at_ms < loop->heap[child]->at_ms) child++;
    if (loop->heap[child]->at_ms >= t->at_ms) break;
    heap_put(loop, i, loop->heap[child]);
  }
  heap_put(loop, i, t);
}

static int heap_grow(struct loop *loop) {
  size_t cap = loop->heap_cap ? 2 * loop->heap_cap : 64;
  struct loop_timer **heap = realloc(loop->heap, cap * sizeof *heap);
  if (!heap) return -1;
  loop->heap = heap;
  loop->heap_cap = cap;
  return 0;
}

int loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t in_ms) {
  timer->at_ms = loop->now + in_ms;
  if (!timer->place) {
    if (loop->timers == loop->heap_cap && heap_grow(loop)) return -1;
    heap_put(loop, loop->timers++, timer);
  }
  sift_up(loop, timer->place - 1);
  sift_down(loop, timer->place - 1);
  return 0;
}

void loop_timer_clear(struct loop *loop, struct loop_timer *timer) {
  if (!timer->place) return;
  size_t i = timer->place - 1;
  timer->place = 0;
  struct loop_timer *last = loop->heap[--loop->timers];
  if (last == timer) return;
  heap_put(loop, i, last);
  sift_up(loop, i);
  sift_down(loop, last->place - 1);
}

static void fire_due(struct loop *loop) {
  while (loop->timers && loop->heap[0]->at_ms <= loop->now) {
    struct loop_timer *t = loop->heap[0];
    loop_timer_clear(loop, t);
    t->fire(t->arg);
  }
}

static int wait_ms(const struct loop *loop) {
  if (!loop->timers) return -1;
  uint64_t at = loop->heap[0]->at_ms;
  if (at <= loop->now) return 0;
  return at - loop->now > 3600000 ? 3600000 : (int)(at - loop->now);
}

/* ---- turns ---- */

int loop_hook_add(struct loop *loop, loop_hook *run, void *arg) {
  if (loop->hook_count == HOOKS_MAX) return -1;
  loop->hooks[loop->hook_count].run = run;
  loop->hooks[loop->hook_count++].arg = arg;
  return 0;
}

static bool run_hooks(struct loop *loop) {
  bool more = false;
  for (int i = 0; i < loop->hook_count; i++) more |= loop->hooks[i].run(loop->hooks[i].arg);
  return more;
}

static int turn(struct loop *loop, bool wait) {
  int n = epoll_wait(loop->epoll, loop->batch, BATCH, wait ? wait_ms(loop) : 0);
  if (n < 0 && errno != EINTR) return -1;
  loop->now = monotonic_ms();
  loop->batch_count = n < 0 ? 0 : n;
  for (loop->batch_at = 0; loop->batch_at < loop->batch_count;) {
    struct epoll_event e = loop->batch[loop->batch_at++];
    struct loop_watch *w = e.data.ptr;
    if (w) w->ready(w->arg, e.events);
  }
  fire_due(loop);
  return 0;
}

int loop_run(struct loop *loop) {
  bool more = true;
  loop->stop = false;
  while (!loop->stop) {
    if (turn(loop, !more)) return -1;
    more = run_hooks(loop);
  }
  return 0;
}
