/* config.c: see config.h. What each key of the configuration means: tables whose rows name the function that reads the
 * key's value. How tables are read is config_reading.h's affair. */
#include "gateway/config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/config_reading.h"

#define STANDARD_NAME "worker"
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
                                            "services",
                                            "site",
                                            "streaming_tail_consumers",
                                            "tail_consumers",
                                            "text_blobs",
                                            "triggers",
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

static void replace(char **field, char *owned) {
  free(*field);
  *field = owned;
}

static void read_name(struct reading *r, uint32_t node) {
  char *name = reading_string(r, node, "name");
  if (!name) return;
  size_t allowed = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
  if (name[allowed] || allowed > 63) {
    reading_error(r, reading_at(r, node), "name must be at most 63 letters, digits, '-' and '_'");
    free(name);
    return;
  }
  replace(&r->config->name, name);
}

static void read_main(struct reading *r, uint32_t node) {
  r->has_main = true;
  char *main_file = reading_string(r, node, "main");
  if (!main_file) return;
  if (main_file[0] == '/') {
    reading_error(r, reading_at(r, node), "main must be a path relative to the configuration, not %s", main_file);
    free(main_file);
    return;
  }
  replace(&r->config->main, main_file);
}

static bool is_date(const char *s) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (int i = 0; i < 10; i++)
    if (i == 4 || i == 7 ? s[i] != '-' : s[i] < '0' || s[i] > '9') return false;
  if (s[10]) return false;
  int year = atoi(s), month = atoi(s + 5), day = atoi(s + 8);
  if (month < 1 || month > 12 || day < 1) return false;
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= days[month - 1] + (leap && month == 2);
}

static void read_date(struct reading *r, uint32_t node) {
  r->has_date = true;
  char *date = reading_string(r, node, "compatibility_date");
  if (!date) return;
  if (!is_date(date)) {
    reading_error(r, reading_at(r, node), "compatibility_date must be a date, written YYYY-MM-DD, not \"%s\"", date);
    free(date);
    return;
  }
  replace(&r->config->compatibility_date, date);
}

static void read_flags(struct reading *r, uint32_t node) {
  struct config *c = r->config;
  if (!reading_expect(r, node, '[', "compatibility_flags")) return;
  c->compatibility_flags = calloc(reading_count(r, node) + 1, sizeof(char *));
  if (!c->compatibility_flags) {
    reading_no_memory(r);
    return;
  }
  for (uint32_t i = jsonc_first(&r->doc, node); i; i = jsonc_next(&r->doc, i)) {
    char *flag = reading_string(r, i, "an entry of compatibility_flags");
    if (flag) c->compatibility_flags[c->flag_count++] = flag;
  }
}

static void read_vars(struct reading *r, uint32_t node) {
  if (!reading_expect(r, node, '{', "vars")) return;
  json_decref(reading_members(r, node));
  const struct jsonc_node *n = &r->doc.nodes[node];
  char *text = strndup(r->doc.text + n->at, n->end - n->at);
  if (!text)
    reading_no_memory(r);
  else
    replace(&r->config->vars_json, text);
}

/* worker_loaders */

static void read_binding(struct reading *r, uint32_t node) {
  struct config *c = r->config;
  r->has_binding = true;
  char *binding = reading_string(r, node, "binding");
  for (size_t i = 0; binding && i < c->loader_count; i++) {
    if (strcmp(c->loaders[i].binding, binding)) continue;
    reading_error(r, reading_at(r, node), "two worker_loaders have the binding \"%s\"; give each its own", binding);
    free(binding);
    binding = NULL;
  }
  c->loaders[c->loader_count].binding = binding;
}

static void read_loader_id(struct reading *r, uint32_t node) {
  r->config->loaders[r->config->loader_count].id = reading_string(r, node, "id");
}

static void read_loader(struct reading *r, uint32_t node) {
  static const struct key keys[] = {{"binding", read_binding}, {"id", read_loader_id}};
  static const struct table table = {" in worker_loaders", keys, 2, NULL, 0};
  if (!reading_expect(r, node, '{', "an entry of worker_loaders")) return;
  r->has_binding = false;
  reading_object(r, node, &table);
  if (!r->has_binding)
    reading_error(r, reading_at(r, node), "an entry of worker_loaders needs \"binding\", the loader's name in env");
  struct config_loader *l = &r->config->loaders[r->config->loader_count];
  if (l->binding) {
    r->config->loader_count++;
  } else {
    free(l->id);
    l->id = NULL;
  }
}

static void read_loaders(struct reading *r, uint32_t node) {
  if (!reading_expect(r, node, '[', "worker_loaders")) return;
  r->config->loaders = calloc(reading_count(r, node) + 1, sizeof *r->config->loaders);
  if (!r->config->loaders) {
    reading_no_memory(r);
    return;
  }
  for (uint32_t i = jsonc_first(&r->doc, node); i; i = jsonc_next(&r->doc, i)) read_loader(r, i);
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
      replace(&r->config->ip, copy);
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

/* outbound */

static void read_cidr(struct reading *r, uint32_t node) {
  struct netpolicy_range *range = &r->config->outbound_allowed[r->config->outbound_allowed_count];
  uint16_t port = range->port;
  char *cidr = reading_string(r, node, "cidr");
  r->has_cidr = true;
  if (!cidr) return;
  const char *wrong = netpolicy_parse(range, cidr);
  if (wrong)
    reading_error(r, reading_at(r, node), "cidr \"%s\" %s; write it as \"10.1.0.0/16\" or \"fd00::/8\"", cidr, wrong);
  range->port = port;
  free(cidr);
}

static void read_allowed_port(struct reading *r, uint32_t node) {
  int64_t port = reading_number(r, node, "port", 1, 65535, "");
  if (port > 0) r->config->outbound_allowed[r->config->outbound_allowed_count].port = (uint16_t)port;
}

static void read_allowed(struct reading *r, uint32_t node) {
  static const struct key keys[] = {{"cidr", read_cidr}, {"port", read_allowed_port}};
  static const struct table table = {" in outbound.allow", keys, 2, NULL, 0};
  if (!reading_expect(r, node, '{', "an entry of outbound.allow")) return;
  r->has_cidr = false;
  reading_object(r, node, &table);
  if (!r->has_cidr)
    reading_error(r, reading_at(r, node),
                  "an entry of outbound.allow needs \"cidr\", the addresses that may be reached");
  r->config->outbound_allowed_count++;
}

static void read_allow(struct reading *r, uint32_t node) {
  if (!reading_expect(r, node, '[', "outbound.allow")) return;
  r->config->outbound_allowed = calloc(reading_count(r, node) + 1, sizeof *r->config->outbound_allowed);
  if (!r->config->outbound_allowed) {
    reading_no_memory(r);
    return;
  }
  for (uint32_t i = jsonc_first(&r->doc, node); i; i = jsonc_next(&r->doc, i)) read_allowed(r, i);
}

static void read_outbound(struct reading *r, uint32_t node) {
  static const struct key keys[] = {{"allow", read_allow}};
  static const struct table table = {" in outbound", keys, 1, NULL, 0};
  if (reading_expect(r, node, '{', "outbound")) reading_object(r, node, &table);
}

/* The whole */

static const struct key top_keys[] = {
    {"$schema", NULL},
    {"name", read_name},
    {"main", read_main},
    {"compatibility_date", read_date},
    {"compatibility_flags", read_flags},
    {"vars", read_vars},
    {"worker_loaders", read_loaders},
    {"limits", read_limits},
    {"outbound", read_outbound},
    {"dev", read_dev},
};
static const struct table top_table = {"", top_keys, sizeof top_keys / sizeof *top_keys, wrangler_keys,
                                       sizeof wrangler_keys / sizeof *wrangler_keys};

/* A binding and a variable of the same name would hide each other. */
static void check_bindings(struct reading *r) {
  json_t *vars = r->config->loader_count && r->config->vars_json
                     ? json_loads(r->config->vars_json, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL)
                     : NULL;
  for (size_t i = 0; vars && i < r->config->loader_count; i++)
    if (json_object_get(vars, r->config->loaders[i].binding))
      reading_error(r, reading_at(r, 0), "\"%s\" is both in vars and in worker_loaders; rename one",
                    r->config->loaders[i].binding);
  json_decref(vars);
}

static void read_document(struct reading *r) {
  if (!reading_expect(r, 0, '{', "the configuration")) return;
  reading_object(r, 0, &top_table);
  if (!r->has_main)
    reading_error(r, reading_at(r, 0), "\"main\" is missing; add \"main\": \"index.js\", the file of the Worker");
  if (!r->has_date)
    reading_error(r, reading_at(r, 0),
                  "\"compatibility_date\" is missing; add today's date, as \"compatibility_date\": \"2026-11-01\"");
  check_bindings(r);
}

static int directory_of(struct config *c, const char *path) {
  const char *slash = strrchr(path, '/');
  c->path = strdup(path);
  c->directory = !slash ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
  return c->path && c->directory ? 0 : -1;
}

static int fill_defaults(struct config *c) {
  if (!c->name) c->name = strdup(STANDARD_NAME);
  if (!c->ip) c->ip = strdup(STANDARD_IP);
  if (!c->vars_json) c->vars_json = strdup("{}");
  return c->name && c->ip && c->vars_json ? 0 : -1;
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
  if (directory_of(out, path)) {
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

void config_free(struct config *c) {
  free(c->path);
  free(c->directory);
  free(c->name);
  free(c->main);
  free(c->compatibility_date);
  for (size_t i = 0; i < c->flag_count; i++) free(c->compatibility_flags[i]);
  free(c->compatibility_flags);
  free(c->vars_json);
  for (size_t i = 0; i < c->loader_count; i++) {
    free(c->loaders[i].binding);
    free(c->loaders[i].id);
  }
  free(c->loaders);
  free(c->outbound_allowed);
  free(c->ip);
  *c = (struct config){0};
}
