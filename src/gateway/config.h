/* config.h: wrangler.jsonc, and the limits that go with it.
 *
 * JSON with comments and trailing commas. Known keys: name, main, compatibility_date, compatibility_flags, vars,
 * worker_loaders [{binding, id}], services [{binding, service, entrypoint, props}], triggers.crons, workers [{the keys
 * so far}], limits (base/limits.def), outbound (config_outbound.c), rpc {path, origins, token_file, everywhere},
 * dev.ip, dev.port. Unknown keys get a warning with their line. Errors name the file, line and column, and what to do.
 */
#ifndef MAYFLY_GATEWAY_CONFIG_H
#define MAYFLY_GATEWAY_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/layer.h"
#include "base/limits.h"
#include "gateway/cron.h"
#include "gateway/rules.h"
#if LAYER < LAYER_GATEWAY
#error "config.h belongs to the gateway"
#endif

struct config_loader {
  char *binding, *id; /* id: NULL when absent; two bindings with one id share their Workers */
};

struct config_service {
  char *binding, *service;
  char *entrypoint, *props_json; /* NULL when absent */
  size_t worker;                 /* which one is meant */
  size_t binding_at, service_at; /* places, for messages */
};

struct config_cron {
  char *text;
  struct cron cron;
};

struct config_worker {
  char *name, *main;
  char *root; /* its modules are the files below it, and main is relative to it; NULL: the directory of main */
  char *compatibility_date;
  char **compatibility_flags;
  size_t flag_count;
  char *vars_json; /* the vars object as JSON text; "{}" when absent */
  struct config_loader *loaders;
  size_t loader_count;
  struct config_service *services;
  size_t service_count;
  struct config_cron *crons; /* when its scheduled() runs */
  size_t cron_count;
  size_t at; /* its place, for messages */
};

/* The runtime as a Cap'n Web object; edge.h. */
struct config_rpc {
  char *path; /* NULL: not offered */
  char **origins;
  size_t origin_count;
  char *token_file; /* relative to the configuration; NULL: none */
  bool everywhere;  /* on other addresses than loopback's too */
};

enum { CONFIG_WORKERS_MAX = 1000, CONFIG_CRONS_MAX = 100, CONFIG_PROPS_MAX = 32 << 10 };

/* Which requests to the network have a line in the log. */
enum config_log { CONFIG_LOG_ALL, CONFIG_LOG_REFUSED, CONFIG_LOG_NONE };

struct config_outbound {
  struct rules *rules;   /* a reference; NULL: as without any */
  char *proxy;           /* a URL; NULL: none */
  char *proxy_auth_file; /* NULL: none */
  char *proxy_auth;      /* user:password, of that file or of the environment (config_file.c); NULL: what the URL has */
  enum config_log log;
  bool log_query; /* with the values of its query */
};

struct config {
  char *path;                    /* of the configuration, for messages; NULL: none, all defaults */
  char *directory;               /* modules are found below it */
  struct config_worker *workers; /* the main one, then those of "workers" */
  size_t worker_count;           /* 0: none, rpc is all that is served */
  struct limits limits;
  struct config_outbound outbound;
  struct config_rpc rpc;
  char *ip;
  uint16_t port;
};

typedef void config_warn(void *arg, const char *message);

/* Reads DIR (its wrangler.jsonc, or wrangler.json) or a file, and checks that main exists (config_file.c). 0, or -1
 * with a message of one or more lines in err; then *out is empty. Warnings go to `warn` as whole sentences. All strings
 * of *out are owned by it. */
int config_read(struct config *out, const char *path, config_warn *warn, void *arg, char *err, size_t err_size);
/* The same from text; `path` is for messages and to find the directory. */
int config_parse(struct config *out, const char *path, const char *text, size_t length, config_warn *warn, void *arg,
                 char *err, size_t err_size);
/* What there is without a file: no Workers. 0, or -1: out of memory. */
int config_none(struct config *out);
/* "rpc": { "path": … } from elsewhere. NULL, or what is wrong with the path; out of memory is too. */
const char *config_rpc_path(struct config *c, const char *path);
void config_free(struct config *c);

#endif
