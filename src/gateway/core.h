/* core.h: what `mayfly serve` and `mayfly run` have in common: loop, signals, cells, registry, the Workers' start. */
#ifndef MAYFLY_GATEWAY_CORE_H
#define MAYFLY_GATEWAY_CORE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/layer.h"
#include "gateway/cells.h"
#include "gateway/gateway.h"
#include "gateway/loop.h"
#include "gateway/outbound.h"
#include "gateway/registry.h"
#if LAYER < LAYER_GATEWAY
#error "core.h belongs to the gateway"
#endif

struct core_owner {
  void *arg;
  void (*loaded)(void *arg); /* the Workers serve; once */
  void (*signal)(void *arg); /* SIGINT or SIGTERM */
};

struct core {
  const struct config *config;
  struct core_owner owner;
  struct loop *loop;
  struct cells *cells;
  struct outbound *outbound;
  struct registry registry;
  int signals;
  struct loop_watch signal_watch;
  sigset_t old_mask;
  bool started, loaded;
  int status;
};

int core_new(struct core *core, const struct config *config, const struct core_owner *owner, char *err,
             size_t err_size);
/* Reads the Workers, starts the cells; `flush` is run in each turn between reading from the cells and publishing to
 * them. */
int core_start(struct core *core, const struct gateway_options *options, unsigned dynamic_cells, loop_hook *flush,
               void *flush_arg, char *err, size_t err_size);
/* Dynamic cells, where few requests are made: none when nothing can be loaded. */
unsigned core_cells_needed(const struct config *config);
/* Until core_stop; the status given there, or 1. */
int core_run(struct core *core);
void core_stop(struct core *core, int status);
/* Isolates, cells, loop; what else uses the registry must be gone. Safe after a core_new that failed. */
void core_free(struct core *core);

#endif
