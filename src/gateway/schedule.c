/* schedule.c: see schedule.h. */
#include "gateway/schedule.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/config.h"
#include "gateway/log.h"
#include "gateway/registry.h"

enum {
  MINUTE_MS = 60000,
  CATCH_UP = 5,  /* minutes that are made up for */
  SET_BACK = 60, /* minutes: a clock set back by more is believed */
  RUNS_MAX = 256,
};

struct schedule_run {
  struct schedule *schedule;
  struct schedule_run *next, *prev;
  unsigned references; /* the exchange's, and that of who starts it */
  const char *worker;  /* its name */
  struct exchange *exchange;
};

void schedule_event(struct buf *event, int64_t time_ms, const char *cron, size_t length) {
  char time[24];
  snprintf(time, sizeof time, "%" PRId64, time_ms);
  buf_put_u8(event, EVENT_SCHEDULED);
  for (int i = 0; i < 4; i++) buf_put_u32(event, 0); /* processor time, flags, entrypoint, props */
  buf_put_cstr(event, time);
  buf_put_str(event, cron, length);
  buf_put_u16(event, 0);
  buf_put_u64(event, 0);
}

/* ---- one event ---- */

static void run_free(struct schedule_run *run) {
  struct schedule *s = run->schedule;
  if (run->next) run->next->prev = run->prev;
  if (run->prev)
    run->prev->next = run->next;
  else
    s->runs = run->next;
  s->run_count--;
  free(run);
}

static int on_head(void *arg, const uint8_t *payload, size_t length, uint8_t flags) {
  (void)arg, (void)payload, (void)length;
  return flags & FRAME_HAS_BODY ? -1 : 0; /* what it threw it has logged */
}

static void on_failed(void *arg, const struct failure *why) {
  failure_log(((const struct schedule_run *)arg)->worker, "scheduled(): ", why);
}

static void on_released(void *arg) {
  struct schedule_run *run = arg;
  if (!--run->references) run_free(run);
}

static const struct exchange_client client = {.head = on_head, .failed = on_failed, .released = on_released};

static struct schedule_run *run_new(struct schedule *s, const struct worker *w) {
  struct schedule_run *run = s->run_count < RUNS_MAX ? calloc(1, sizeof *run) : NULL;
  if (!run) return NULL;
  *run = (struct schedule_run){.schedule = s, .next = s->runs, .references = 2, .worker = w->name};
  if (s->runs) s->runs->prev = run;
  s->runs = run;
  s->run_count++;
  return run;
}

static void begin(struct schedule *s, struct worker *w, const struct config_cron *cron, uint64_t minute) {
  struct schedule_run *run = run_new(s, w);
  struct buf event;
  buf_init(&event, FRAME_PAYLOAD_MAX);
  schedule_event(&event, (int64_t)(minute * MINUTE_MS), cron->text, strlen(cron->text));
  bool started = run && !event.bad &&
                 !exchange_start_client(s->registry, w, &client, run, &run->exchange, event.data, event.len, FRAME_END);
  buf_free(&event);
  if (!started) log_line("Worker %s: \"%s\" is left out: too many events at once", w->name, cron->text);
  if (!run) return;
  if (!started) run->references--;
  on_released(run);
}

/* ---- the clock ---- */

static void look(struct schedule *s, uint64_t minute) {
  const struct registry *r = s->registry;
  for (uint32_t i = 0; i < r->host_count; i++)
    for (size_t k = 0; k < r->config->workers[i].cron_count; k++) {
      const struct config_cron *cron = &r->config->workers[i].crons[k];
      if (cron_fits(&cron->cron, minute)) begin(s, r->hosts[i].worker, cron, minute);
    }
}

void schedule_tick(struct schedule *s, uint64_t now_ms) {
  uint64_t minute = now_ms / MINUTE_MS;
  if (minute + SET_BACK < s->minute) s->minute = minute;
  if (minute > s->minute + CATCH_UP) {
    log_line("%" PRIu64 " minutes passed unseen; what was scheduled in them is left out",
             minute - s->minute - CATCH_UP);
    s->minute = minute - CATCH_UP;
  }
  while (s->minute < minute) look(s, ++s->minute);
}

static int set_timer(struct schedule *s, uint64_t now_ms) {
  return loop_timer_set(s->registry->loop, &s->timer, MINUTE_MS - now_ms % MINUTE_MS);
}

static void on_timer(void *arg) {
  struct schedule *s = arg;
  uint64_t now = wall_clock_ms();
  set_timer(s, now);
  schedule_tick(s, now);
}

int schedule_start(struct schedule *s, struct registry *registry) {
  uint64_t now = wall_clock_ms();
  size_t count = 0;
  *s = (struct schedule){.registry = registry, .minute = now / MINUTE_MS, .timer = {.fire = on_timer, .arg = s}};
  for (size_t i = 0; i < registry->config->worker_count; i++) count += registry->config->workers[i].cron_count;
  return count ? set_timer(s, now) : 0;
}

void schedule_stop(struct schedule *s) {
  if (s->registry) loop_timer_clear(s->registry->loop, &s->timer);
}

void schedule_free(struct schedule *s) {
  schedule_stop(s);
  while (s->runs) {
    if (s->runs->exchange) exchange_cancel(s->runs->exchange);
    run_free(s->runs);
  }
}
