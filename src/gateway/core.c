/* core.c: see core.h. */
#include "gateway/core.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "gateway/hostworker.h"
#include "gateway/log.h"

void core_stop(struct core *core, int status) {
  core->status = status;
  loop_stop(core->loop);
}

/* ---- the Worker's start ---- */

static void on_host_loaded(void *arg, const struct worker *worker, const struct failure *error) {
  struct core *core = arg;
  if (!error) {
    core->loaded = true;
    core->owner.loaded(core->owner.arg);
    return;
  }
  char text[4096], which[128] = "";
  if (core->config->worker_count > 1) snprintf(which, sizeof which, " %s", worker->name);
  snprintf(text, sizeof text, "the Worker%s does not start: %.*s: %.*s", which, (int)error->name_length, error->name,
           (int)error->message_length, error->message);
  log_error("mayfly", text, strlen(text), error->stack, error->stack_length);
  core_stop(core, 1);
}

static void on_cells_ready(void *arg) {
  struct core *core = arg;
  if (core->started) return; /* a cell was replaced */
  core->started = true;
  core->registry.host_loaded = on_host_loaded;
  core->registry.host_loaded_arg = core;
  registry_start(&core->registry);
}

static void on_cells_failed(void *arg) {
  log_line("a cell did not start");
  core_stop(arg, 1);
}

static void on_frame(void *arg, struct isolate *isolate, const struct frame_header *h, uint8_t *payload) {
  struct core *core = arg;
  registry_frame(&core->registry, isolate, h, payload);
}

static void on_lost(void *arg, struct isolate *isolate) {
  struct core *core = arg;
  registry_lost(&core->registry, isolate);
}

/* The channels to its services. */
static int add_services(struct registry *r, struct host *host, const struct config_worker *w) {
  for (size_t i = 0; i < w->service_count; i++) {
    const struct config_service *s = &w->services[i];
    const char *entrypoint = s->entrypoint ? s->entrypoint : "", *props = s->props_json ? s->props_json : "";
    struct entry_text text = {entrypoint, props, strlen(entrypoint), strlen(props)};
    struct entry *entry = entry_new(r->hosts[s->worker].worker, &text, NULL);
    int rc = entry ? caps_add(&host->services, entry) : -1;
    entry_release(entry);
    if (rc) return -1;
  }
  return 0;
}

static int read_worker(struct core *core, uint32_t which, char *err, size_t err_size) {
  const struct config_worker *w = &core->config->workers[which];
  struct host *host = &core->registry.hosts[which];
  host->loader_family = calloc(w->loader_count + 1, sizeof *host->loader_family);
  if (!host->loader_family || add_services(&core->registry, host, w)) {
    snprintf(err, err_size, "out of memory");
    return -1;
  }
  hostworker_families(host->loader_family, core->config, which);
  host->loader_count = (uint32_t)w->loader_count;
  return hostworker_read(&host->code, core->config, which, err, err_size);
}

static int read_workers(struct core *core, char *err, size_t err_size) {
  uint32_t count = (uint32_t)core->config->worker_count;
  if (registry_hosts(&core->registry, count)) {
    snprintf(err, err_size, "out of memory");
    return -1;
  }
  for (uint32_t i = 0; i < count; i++)
    if (read_worker(core, i, err, err_size)) return -1;
  return 0;
}

/* ---- signals ---- */

static void on_signal(void *arg, uint32_t events) {
  struct core *core = arg;
  struct signalfd_siginfo info;
  (void)events;
  if (read(core->signals, &info, sizeof info) == sizeof info) core->owner.signal(core->owner.arg);
}

static int watch_signals(struct core *core) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  signal(SIGPIPE, SIG_IGN);
  if (sigprocmask(SIG_BLOCK, &set, &core->old_mask)) return -1;
  core->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (core->signals < 0) return -1;
  core->signal_watch = (struct loop_watch){.fd = core->signals, .ready = on_signal, .arg = core};
  return loop_watch(core->loop, &core->signal_watch, EPOLLIN);
}

/* ---- life ---- */

int core_new(struct core *core, const struct config *config, const struct core_owner *owner, char *err,
             size_t err_size) {
  *core = (struct core){.config = config, .owner = *owner, .signals = -1, .status = 1};
  sigprocmask(SIG_BLOCK, NULL, &core->old_mask);
  if (loop_new(&core->loop, err, err_size)) return -1;
  registry_init(&core->registry, core->loop, config);
  core->registry.outbound = core->outbound = outbound_new(&core->registry, core->loop, config);
  if (!core->outbound) {
    snprintf(err, err_size, "out of memory");
    return -1;
  }
  if (!watch_signals(core)) return 0;
  snprintf(err, err_size, "cannot watch signals: %s", strerror(errno));
  return -1;
}

int core_start(struct core *core, const struct gateway_options *options, unsigned dynamic_cells, loop_hook *flush,
               void *flush_arg, char *err, size_t err_size) {
  struct cells_options cells = {.dynamic = dynamic_cells, .lanes = options->lanes, .sandbox = options->sandbox};
  struct cells_owner owner = {
      .arg = core, .frame = on_frame, .lost = on_lost, .ready = on_cells_ready, .failed = on_cells_failed};
  core->registry.trace_rpc = options->trace_rpc;
  if (read_workers(core, err, err_size)) return -1;
  if (cells_new(&core->cells, core->loop, &cells, &owner, err, err_size)) return -1;
  core->registry.cells = core->cells;
  if (!loop_hook_add(core->loop, cells_read, core->cells) && !loop_hook_add(core->loop, flush, flush_arg) &&
      !loop_hook_add(core->loop, outbound_flush, core->outbound) &&
      !loop_hook_add(core->loop, cells_publish, core->cells))
    return 0;
  snprintf(err, err_size, "too many hooks");
  return -1;
}

unsigned core_cells_needed(const struct config *config) {
  for (size_t i = 0; i < config->worker_count; i++)
    if (config->workers[i].loader_count) return 1;
  return 0;
}

int core_run(struct core *core) {
  if (!loop_run(core->loop)) return core->status;
  log_line("the event loop failed: %s", strerror(errno));
  return 1;
}

void core_free(struct core *core) {
  if (core->loop) registry_free(&core->registry);
  outbound_free(&core->outbound);
  cells_free(&core->cells);
  if (core->signals >= 0) close(core->signals);
  loop_free(&core->loop);
  sigprocmask(SIG_SETMASK, &core->old_mask, NULL);
}
