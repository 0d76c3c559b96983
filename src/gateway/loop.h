/* loop.h: the gateway's one event loop: epoll, timers, and work at the end of every turn.
 *
 * A turn: wait, call the watches that are ready, fire the timers that are due, run the hooks in the order in which they
 * were added. Hooks are where what a turn produced is handed on in one go (rings published, answers sent); a hook that
 * returns true has more to do, and the next turn does not wait.
 * Invariants: watches, timers and hooks are embedded in their owners, who remove them before they die; removing one is
 * allowed in any callback, also of one that is due in the same turn. Time is monotonic, in ms, read once a turn.
 * One thread.
 */
#ifndef MAYFLY_GATEWAY_LOOP_H
#define MAYFLY_GATEWAY_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/layer.h"
#if LAYER < LAYER_GATEWAY
#error "loop.h belongs to the gateway"
#endif

struct loop;

struct loop_watch {
  int fd; /* not owned */
  uint32_t events;
  void (*ready)(void *arg, uint32_t events);
  void *arg;
};

struct loop_timer {
  void (*fire)(void *arg);
  void *arg;
  uint64_t at_ms;
  size_t place; /* in the heap, plus one; 0: not set */
};

typedef bool loop_hook(void *arg);

int loop_new(struct loop **out, char *err, size_t err_size);
void loop_free(struct loop **loop);
/* Until loop_stop. 0, or -1: epoll failed. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
uint64_t loop_now(const struct loop *loop);
/* Of the wall clock, which may jump: ms since 1970. */
uint64_t wall_clock_ms(void);

/* 0, or -1 with errno. `events` are epoll's. */
int loop_watch(struct loop *loop, struct loop_watch *watch, uint32_t events);
int loop_rewatch(struct loop *loop, struct loop_watch *watch, uint32_t events);
void loop_unwatch(struct loop *loop, struct loop_watch *watch);

/* Sets (or moves) a timer. Memory for it was reserved when it was first set: -1 can only come then. */
int loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t in_ms);
void loop_timer_clear(struct loop *loop, struct loop_timer *timer);

int loop_hook_add(struct loop *loop, loop_hook *run, void *arg);

#endif
