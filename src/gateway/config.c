/* config.c: see config.h. What each key of the configuration means: tables whose rows name the function that reads the
 * key's value. How tables are read is config_reading.h's affair. */
#include "gateway/config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/config_outbound.h"
#include "gateway/config_worker.h"

#define STANDARD_IP "127.0.0.1"
#define STANDARD_PORT 8787

/* Keys of Wrangler's configuration that say something which Mayfly does not act on. */
static const char *const wrangler_keys[] = {"account_id",
                                            "ai",
                                            "ai_search",
                                            "alias",
                                            "analytics_engine_datasets",
                                            "assets",
                                            "base_dir",
                                            "browser",
                                            "build",
                                            "cloudchamber",
                                            "compliance_region",
                                            "containers",
                                            "d1_databases",
                                            "data_blobs",
                                            "define",
                                            "dispatch_namespaces",
                                            "durable_objects",
                                            "env",
                                            "find_additional_modules",
                                            "first_party_worker",
                                            "hyperdrive",
                                            "images",
                                            "jsx_factory",
                                            "jsx_fragment",
                                            "keep_names",
                                            "keep_vars",
                                            "kv_namespaces",
                                            "legacy_env",
                                            "logfwdr",
                                            "logpush",
                                            "media",
                                            "migrations",
                                            "minify",
                                            "mtls_certificates",
                                            "no_bundle",
                                            "observability",
                                            "pages_build_output_dir",
                                            "pipelines",
                                            "placement",
                                            "preserve_file_names",
                                            "preview_urls",
                                            "previews",
                                            "python_modules",
                                            "queues",
                                            "r2_buckets",
                                            "ratelimits",
                                            "route",
                                            "routes",
                                            "rules",
                                            "secrets",
                                            "secrets_store_secrets",
                                            "send_email",
                                            "send_metrics",
                                            "site",
                                            "streaming_tail_consumers",
                                            "tail_consumers",
                                            "text_blobs",
                                            "tsconfig",
                                            "unsafe",
                                            "unsafe_hello_world",
                                            "upload_source_maps",
                                            "vectorize",
                                            "version_metadata",
                                            "vpc_networks",
                                            "vpc_services",
                                            "wasm_modules",
                                            "workers_dev",
                                            "workflows"};
static const char *const wrangler_dev_keys[] = {"local_protocol",   "upstream_protocol", "host",
                                                "inspector_port",   "inspector_ip",      "enable_containers",
                                                "container_engine", "generate_types"};

/* Values */

void config_replace(char **field, char *owned) {
  free(*field);
  *field = owned;
}

/* limits and dev */

static void read_limit(struct reading *r, uint32_t node) {
  const char *key = r->doc.nodes[node].key;
  for (size_t i = 0; i < LIMIT_COUNT; i++) {
    const struct limit_row *row = &limit_table[i];
    if (strcmp(row->key, key)) continue;
    char what[64];
    snprintf(what, sizeof what, "limits.%s", key);
    int64_t n = reading_number(r, node, what, row->smallest, row->largest, row->unit);
    if (n >= 0) r->config->limits.value[i] = (uint32_t)n;
  }
}

static void read_limits(struct reading *r, uint32_t node) {
  struct key keys[LIMIT_COUNT];
  for (size_t i = 0; i < LIMIT_COUNT; i++) keys[i] = (struct key){limit_table[i].key, read_limit};
  struct table table = {" in limits", keys, LIMIT_COUNT, NULL, 0};
  if (reading_expect(r, node, '{', "limits")) reading_object(r, node, &table);
}

static void read_ip(struct reading *r, uint32_t node) {
  char *ip = reading_string(r, node, "dev.ip");
  if (!ip) return;
  unsigned char address[sizeof(struct in6_addr)];
  const char *meant = !strcmp(ip, "localhost") ? "127.0.0.1" : !strcmp(ip, "*") ? "0.0.0.0" : ip;
  if (inet_pton(AF_INET, meant, address) == 1 || inet_pton(AF_INET6, meant, address) == 1) {
    char *copy = strdup(meant);
    if (copy)
      config_replace(&r->config->ip, copy);
    else
      reading_no_memory(r);
  } else {
    reading_error(r, reading_at(r, node), "dev.ip must be an IPv4 or IPv6 address, \"localhost\" or \"*\", not \"%s\"",
                  ip);
  }
  free(ip);
}

static void read_port(struct reading *r, uint32_t node) {
  int64_t port = reading_number(r, node, "dev.port", 0, 65535, "");
  if (port >= 0) r->config->port = (uint16_t)port;
}

static void read_dev(struct reading *r, uint32_t node) {
  static const struct key keys[] = {{"ip", read_ip}, {"port", read_port}};
  static const struct table table = {" in dev", keys, 2, wrangler_dev_keys,
                                     sizeof wrangler_dev_keys / sizeof *wrangler_dev_keys};
  if (reading_expect(r, node, '{', "dev")) reading_object(r, node, &table);
}

/* rpc */

const char *config_rpc_path(struct config *c, const char *path) {
  if (path[0] != '/' || path[strcspn(path, "?# ")]) return "must be a path that begins with '/', as \"/rpc\"";
  char *copy = strdup(path);
  if (!copy) return "does not fit into memory";
  config_replace(&c->rpc.path, copy);
  return NULL;
}

static void read_rpc_path(struct reading *r, uint32_t node) {
  char *path = reading_string(r, node, "rpc.path");
  const char *wrong = path ? config_rpc_path(r->config, path) : NULL;
  if (wrong) reading_error(r, reading_at(r, node), "rpc.path %s", wrong);
  free(path);
}

static void read_origins(struct reading *r, uint32_t node) {
  struct config_rpc *rpc = &r->config->rpc;
  if (!reading_expect(r, node, '[', "rpc.origins")) return;
  rpc->origins = calloc(reading_count(r, node) + 1, sizeof *rpc->origins);
  if (!rpc->origins) {
    reading_no_memory(r);
    return;
  }
  for (uint32_t i = jsonc_first(&r->doc, node); i; i = jsonc_next(&r->doc, i)) {
    char *origin = reading_string(r, i, "an entry of rpc.origins");
    if (origin) rpc->origins[rpc->origin_count++] = origin;
  }
}

/* Files are named relative to the configuration. */
char *config_beside(const struct config *c, const char *file) {
  char *path = NULL;
  if (file[0] == '/') return strdup(file);
  return asprintf(&path, "%s/%s", c->directory, file) < 0 ? NULL : path;
}

static void read_token_file(struct reading *r, uint32_t node) {
  char *file = reading_string(r, node, "rpc.token_file");
  char *path = file ? config_beside(r->config, file) : NULL;
  if (file && !path) reading_no_memory(r);
  if (path) config_replace(&r->config->rpc.token_file, path);
  free(file);
}

static void read_everywhere(struct reading *r, uint32_t node) {
  char kind = jsonc_kind(&r->doc, node);
  if (kind == 't' || kind == 'f')
    r->config->rpc.everywhere = kind == 't';
  else
    reading_error(r, reading_at(r, node), "rpc.everywhere must be true or false");
}

static void read_rpc(struct reading *r, uint32_t node) {
  static const struct key keys[] = {{"path", read_rpc_path},
                                    {"origins", read_origins},
                                    {"token_file", read_token_file},
                                    {"everywhere", read_everywhere}};
  static const struct table table = {" in rpc", keys, 4, NULL, 0};
  if (!reading_expect(r, node, '{', "rpc")) return;
  bool failed = r->failed;
  reading_object(r, node, &table);
  if (!r->config->rpc.path && r->failed == failed)
    reading_error(r, reading_at(r, node), "rpc needs \"path\", where it is offered; write \"path\": \"/rpc\"");
}

static void free_rpc(struct config_rpc *rpc) {
  free(rpc->path);
  free(rpc->token_file);
  for (size_t i = 0; i < rpc->origin_count; i++) free(rpc->origins[i]);
  free(rpc->origins);
}

/* The whole */

static const struct key top_keys[] = {
    {"$schema", NULL},
    CONFIG_WORKER_KEYS,
    {"workers", config_read_workers},
    {"limits", read_limits},
    {"outbound", config_read_outbound},
    {"rpc", read_rpc},
    {"dev", read_dev},
};
static const struct table top_table = {"", top_keys, sizeof top_keys / sizeof *top_keys, wrangler_keys,
                                       sizeof wrangler_keys / sizeof *wrangler_keys};

static void read_document(struct reading *r) {
  if (!reading_expect(r, 0, '{', "the configuration")) return;
  reading_object(r, 0, &top_table);
  config_check_main(r);
  config_check_workers(r);
}

static int directory_of(struct config *c, const char *path) {
  const char *slash = strrchr(path, '/');
  c->path = strdup(path);
  c->directory = !slash ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
  return c->path && c->directory ? 0 : -1;
}

static int fill_defaults(struct config *c) {
  if (!c->ip) c->ip = strdup(STANDARD_IP);
  return c->ip ? 0 : -1;
}

int config_parse(struct config *out, const char *path, const char *text, size_t length, config_warn *warn, void *arg,
                 char *err, size_t err_size) {
  *out = (struct config){.port = STANDARD_PORT};
  limits_standard(&out->limits);
  struct reading r = {
      .config = out, .path = path, .text = text, .warn = warn, .warn_arg = arg, .err = err, .err_size = err_size};
  size_t where;
  char why[256];
  err[0] = 0;
  r.worker = out->workers = calloc(1, sizeof *out->workers);
  out->worker_count = r.worker != NULL;
  if (!r.worker || directory_of(out, path)) {
    reading_no_memory(&r);
  } else if (jsonc_read(&r.doc, text, length, &where, why, sizeof why)) {
    unsigned line, column;
    jsonc_place(text, length, where, &line, &column);
    snprintf(err, err_size, "%s:%u:%u: %s", path, line, column, why);
    r.failed = true;
  } else {
    read_document(&r);
    if (!r.failed && fill_defaults(out)) reading_no_memory(&r);
  }
  jsonc_free(&r.doc);
  if (!r.failed) return 0;
  config_free(out);
  return -1;
}

int config_none(struct config *out) {
  *out = (struct config){.port = STANDARD_PORT};
  limits_standard(&out->limits);
  return fill_defaults(out);
}

void config_free(struct config *c) {
  free(c->path);
  free(c->directory);
  config_free_workers(c);
  config_free_outbound(c);
  free_rpc(&c->rpc);
  free(c->ip);
  *c = (struct config){0};
}
