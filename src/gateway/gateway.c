/* gateway.c: a whole gateway, from start to end, for `mayfly serve`; see gateway.h.
 *
 * The start is a chain: address bound, Worker read, cells started, (all READY) Worker loaded, requests
 * accepted. Whatever fails in it ends the loop with status 1, its reason printed. Afterwards only a signal ends it.
 */
#include "gateway/gateway.h"

#include <stdio.h>

#include "gateway/core.h"
#include "gateway/edge.h"
#include "gateway/http.h"
#include "gateway/log.h"
#include "gateway/schedule.h"

struct server {
  struct core core;
  struct http *http;
  struct schedule schedule;
  struct loop_timer drain;
  bool draining;
};

static void on_loaded(void *arg) {
  struct server *s = arg;
  if (http_accept(s->http) || schedule_start(&s->schedule, &s->core.registry)) {
    log_line("cannot accept connections");
    core_stop(&s->core, 1);
  } else {
    log_line("listening on %s", http_address(s->http));
  }
}

static void on_drain_over(void *arg) {
  struct server *s = arg;
  log_line("requests in progress are given up after %u ms", s->core.config->limits.value[LIMIT_DRAIN_MS]);
  core_stop(&s->core, 0);
}

/* The first signal drains, the second ends. */
static void on_signal(void *arg) {
  struct server *s = arg;
  if (s->draining || !s->core.loaded) {
    core_stop(&s->core, s->core.loaded ? 0 : 1);
    return;
  }
  s->draining = true;
  log_line("finishing the requests in progress");
  s->drain = (struct loop_timer){.fire = on_drain_over, .arg = s};
  if (loop_timer_set(s->core.loop, &s->drain, s->core.config->limits.value[LIMIT_DRAIN_MS])) core_stop(&s->core, 0);
  schedule_stop(&s->schedule);
  http_drain(s->http);
}

static bool check_drained(void *arg) {
  struct server *s = arg;
  if (s->draining && !http_connections(s->http) && !s->core.registry.exchanges) core_stop(&s->core, 0);
  return false;
}

/* Each isolate takes 4 of the 65,530 mappings and 8 GiB of the 128 TiB that a process may have. */
enum { CELL_ISOLATES = 15000 };

static int start(struct server *s, const struct config *config, const struct gateway_options *options) {
  char err[4096];
  struct http_options http = {
      .ip = options->ip ? options->ip : config->ip,
      .port = options->port >= 0 ? (uint16_t)options->port : config->port,
      .dev = options->dev,
      .test_scheduled = options->test_scheduled,
  };
  struct core_owner owner = {.arg = s, .loaded = on_loaded, .signal = on_signal};
  unsigned needed = 1 + (config->limits.value[LIMIT_ISOLATES] - 1) / CELL_ISOLATES;
  unsigned cells = options->cells > needed ? options->cells : needed;
  if (core_new(&s->core, config, &owner, err, sizeof err) ||
      (config->rpc.path && edge_new(&s->core.registry.edge, config, http.ip, err, sizeof err)) ||
      http_new(&s->http, &s->core.registry, &http, err, sizeof err) ||
      core_start(&s->core, options, cells, http_flush, s->http, err, sizeof err) ||
      loop_hook_add(s->core.loop, check_drained, s)) {
    log_line("%s", err);
    return -1;
  }
  return 0;
}

int gateway_serve(const struct config *config, const struct gateway_options *options) {
  struct server s = {.draining = false};
  int status = 1;
  log_as_json(options->log_json);
  if (!start(&s, config, options)) status = core_run(&s.core);
  schedule_free(&s.schedule);
  http_free(&s.http);
  if (s.core.loop) loop_timer_clear(s.core.loop, &s.drain);
  core_free(&s.core);
  return status;
}
