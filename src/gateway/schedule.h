/* schedule.h: the scheduled() events of host Workers, at the minutes that their crons name.
 *
 * Once a minute the crons are looked at. Minutes that passed meanwhile are made up for, the last few of them; when the
 * clock was set back, none comes twice. Each event is one of its own, whatever became of those before; it is not tried
 * again. No more than RUNS_MAX are in progress at once. How they end is in the log when they fail.
 */
#ifndef MAYFLY_GATEWAY_SCHEDULE_H
#define MAYFLY_GATEWAY_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/layer.h"
#include "gateway/loop.h"
#if LAYER < LAYER_GATEWAY
#error "schedule.h belongs to the gateway"
#endif

struct config_cron;
struct registry;
struct schedule_run;

struct schedule {
  struct registry *registry;
  struct loop_timer timer;
  uint64_t minute;           /* the last one that was looked at, since 1970 */
  struct schedule_run *runs; /* in progress; owned */
  unsigned run_count;
};

/* The Workers serve. 0, or -1: out of memory. */
int schedule_start(struct schedule *s, struct registry *registry);
/* Looks at the minutes since the last time; ms since 1970. schedule_start does it once a minute. */
void schedule_tick(struct schedule *s, uint64_t now_ms);
/* No more begin. */
void schedule_stop(struct schedule *s);
/* And those in progress are given up; before the registry ends. Safe for one that was not started. */
void schedule_free(struct schedule *s);

/* The EVENT (frame.h) for a host Worker. */
void schedule_event(struct buf *event, int64_t time_ms, const char *cron, size_t length);

#endif
