/* config_worker.c: the keys of a Worker: the configuration's own, and those of "workers"; see config.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/config_worker.h"

#define STANDARD_NAME "worker"

void config_read_name(struct reading *r, uint32_t node) {
  r->has_name = true;
  char *name = reading_string(r, node, "name");
  if (!name) return;
  size_t allowed = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
  if (name[allowed] || allowed > 63) {
    reading_error(r, reading_at(r, node), "name must be at most 63 letters, digits, '-' and '_'");
    free(name);
    return;
  }
  config_replace(&r->worker->name, name);
}

void config_read_main(struct reading *r, uint32_t node) {
  r->has_main = true;
  char *main_file = reading_string(r, node, "main");
  if (!main_file) return;
  if (main_file[0] == '/') {
    reading_error(r, reading_at(r, node), "main must be a path relative to the configuration, not %s", main_file);
    free(main_file);
    return;
  }
  config_replace(&r->worker->main, main_file);
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

void config_read_date(struct reading *r, uint32_t node) {
  r->has_date = true;
  char *date = reading_string(r, node, "compatibility_date");
  if (!date) return;
  if (!is_date(date)) {
    reading_error(r, reading_at(r, node), "compatibility_date must be a date, written YYYY-MM-DD, not \"%s\"", date);
    free(date);
    return;
  }
  config_replace(&r->worker->compatibility_date, date);
}

void config_read_flags(struct reading *r, uint32_t node) {
  struct config_worker *c = r->worker;
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

void config_read_vars(struct reading *r, uint32_t node) {
  if (!reading_expect(r, node, '{', "vars")) return;
  json_decref(reading_members(r, node));
  const struct jsonc_node *n = &r->doc.nodes[node];
  char *text = strndup(r->doc.text + n->at, n->end - n->at);
  if (!text)
    reading_no_memory(r);
  else
    config_replace(&r->worker->vars_json, text);
}

/* worker_loaders */

static void read_binding(struct reading *r, uint32_t node) {
  struct config_worker *c = r->worker;
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
  r->worker->loaders[r->worker->loader_count].id = reading_string(r, node, "id");
}

static void read_loader(struct reading *r, uint32_t node) {
  static const struct key keys[] = {{"binding", read_binding}, {"id", read_loader_id}};
  static const struct table table = {" in worker_loaders", keys, 2, NULL, 0};
  if (!reading_expect(r, node, '{', "an entry of worker_loaders")) return;
  r->has_binding = false;
  reading_object(r, node, &table);
  if (!r->has_binding)
    reading_error(r, reading_at(r, node), "an entry of worker_loaders needs \"binding\", the loader's name in env");
  struct config_loader *l = &r->worker->loaders[r->worker->loader_count];
  if (l->binding) {
    r->worker->loader_count++;
  } else {
    free(l->id);
    l->id = NULL;
  }
}

void config_read_loaders(struct reading *r, uint32_t node) {
  if (!reading_expect(r, node, '[', "worker_loaders")) return;
  r->worker->loaders = calloc(reading_count(r, node) + 1, sizeof *r->worker->loaders);
  if (!r->worker->loaders) {
    reading_no_memory(r);
    return;
  }
  for (uint32_t i = jsonc_first(&r->doc, node); i; i = jsonc_next(&r->doc, i)) read_loader(r, i);
}

/* services */

/* One string of an entry; `field` is where it goes. */
static void read_into(struct reading *r, uint32_t node, char **field, const char *what) {
  char *text = reading_string(r, node, what);
  if (text) config_replace(field, text);
}

static struct config_service *service_amid(struct reading *r) { return &r->worker->services[r->worker->service_count]; }

static void read_service_binding(struct reading *r, uint32_t node) {
  r->has_binding = true;
  read_into(r, node, &service_amid(r)->binding, "binding");
  service_amid(r)->binding_at = reading_at(r, node);
}

static void read_service_name(struct reading *r, uint32_t node) {
  r->has_service = true;
  read_into(r, node, &service_amid(r)->service, "service");
  service_amid(r)->service_at = reading_at(r, node);
}

static void read_entrypoint(struct reading *r, uint32_t node) {
  read_into(r, node, &service_amid(r)->entrypoint, "entrypoint");
}

static void read_props(struct reading *r, uint32_t node) {
  if (!reading_expect(r, node, '{', "props")) return;
  json_decref(reading_members(r, node));
  const struct jsonc_node *n = &r->doc.nodes[node];
  char *text = strndup(r->doc.text + n->at, n->end - n->at);
  if (!text)
    reading_no_memory(r);
  else if (strlen(text) > CONFIG_PROPS_MAX)
    reading_error(r, n->at, "props are longer than %d bytes", CONFIG_PROPS_MAX);
  else
    config_replace(&service_amid(r)->props_json, strdup(text));
  free(text);
}

static void free_service(struct config_service *s) {
  free(s->binding);
  free(s->service);
  free(s->entrypoint);
  free(s->props_json);
  *s = (struct config_service){0};
}

static void read_service(struct reading *r, uint32_t node) {
  static const struct key keys[] = {{"binding", read_service_binding},
                                    {"service", read_service_name},
                                    {"entrypoint", read_entrypoint},
                                    {"props", read_props}};
  static const char *const ignored[] = {"environment", "remote"};
  static const struct table table = {" in services", keys, 4, ignored, 2};
  if (!reading_expect(r, node, '{', "an entry of services")) return;
  r->has_binding = r->has_service = false;
  reading_object(r, node, &table);
  if (!r->has_binding)
    reading_error(r, reading_at(r, node), "an entry of services needs \"binding\", the service's name in env");
  if (!r->has_service)
    reading_error(r, reading_at(r, node),
                  "an entry of services needs \"service\", the name of a Worker of this configuration");
  if (service_amid(r)->binding && service_amid(r)->service)
    r->worker->service_count++;
  else
    free_service(service_amid(r));
}

void config_read_services(struct reading *r, uint32_t node) {
  if (!reading_expect(r, node, '[', "services")) return;
  r->worker->services = calloc(reading_count(r, node) + 1, sizeof *r->worker->services);
  if (!r->worker->services) {
    reading_no_memory(r);
    return;
  }
  for (uint32_t i = jsonc_first(&r->doc, node); i; i = jsonc_next(&r->doc, i)) read_service(r, i);
}

/* workers */

static void read_one(struct reading *r, uint32_t node) {
  static const struct key keys[] = {CONFIG_WORKER_KEYS};
  static const struct table table = {" in workers", keys, sizeof keys / sizeof *keys, NULL, 0};
  if (!reading_expect(r, node, '{', "an entry of workers")) return;
  bool has_main = r->has_main, has_date = r->has_date;
  r->worker = &r->config->workers[r->config->worker_count++];
  r->worker->at = reading_at(r, node);
  r->has_main = r->has_name = false;
  reading_object(r, node, &table);
  if (!r->has_name)
    reading_error(r, reading_at(r, node), "an entry of workers needs \"name\", by which services lead to it");
  if (!r->has_main) reading_error(r, reading_at(r, node), "an entry of workers needs \"main\", the file of the Worker");
  r->has_main = has_main;
  r->has_date = has_date;
}

void config_read_workers(struct reading *r, uint32_t node) {
  struct config *c = r->config;
  size_t more = reading_count(r, node);
  if (!reading_expect(r, node, '[', "workers")) return;
  if (more > CONFIG_WORKERS_MAX) {
    reading_error(r, reading_at(r, node), "workers has more than %d entries", CONFIG_WORKERS_MAX);
    return;
  }
  struct config_worker *workers = realloc(c->workers, (1 + more) * sizeof *workers);
  if (!workers) {
    reading_no_memory(r);
    return;
  }
  memset(workers + 1, 0, more * sizeof *workers);
  c->workers = workers;
  for (uint32_t i = jsonc_first(&r->doc, node); i; i = jsonc_next(&r->doc, i)) read_one(r, i);
  r->worker = c->workers;
}

/* After all was read */

static void free_worker(struct config_worker *w);

void config_check_main(struct reading *r) {
  if (!r->has_main && r->config->rpc.path && r->config->worker_count == 1) { /* then there is none */
    free_worker(r->config->workers);
    r->config->worker_count = 0;
    return;
  }
  if (!r->has_main)
    reading_error(r, reading_at(r, 0), "\"main\" is missing; add \"main\": \"index.js\", the file of the Worker");
  if (!r->has_date)
    reading_error(r, reading_at(r, 0),
                  "\"compatibility_date\" is missing; add today's date, as \"compatibility_date\": \"2026-11-01\"");
}

/* Bindings and variables of one name would hide each other. */
static void check_bindings(struct reading *r, const struct config_worker *w) {
  json_t *vars = w->vars_json ? json_loads(w->vars_json, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL) : NULL;
  for (size_t i = 0; vars && i < w->loader_count; i++)
    if (json_object_get(vars, w->loaders[i].binding))
      reading_error(r, w->at, "\"%s\" is both in vars and in worker_loaders; rename one", w->loaders[i].binding);
  for (size_t i = 0; i < w->service_count; i++) {
    const struct config_service *s = &w->services[i];
    if (vars && json_object_get(vars, s->binding))
      reading_error(r, s->binding_at, "\"%s\" is both in vars and in services; rename one", s->binding);
    for (size_t k = 0; k < w->loader_count; k++)
      if (!strcmp(w->loaders[k].binding, s->binding))
        reading_error(r, s->binding_at, "\"%s\" is both in worker_loaders and in services; rename one", s->binding);
    for (size_t k = 0; k < i; k++)
      if (!strcmp(w->services[k].binding, s->binding))
        reading_error(r, s->binding_at, "two services have the binding \"%s\"; give each its own", s->binding);
  }
  json_decref(vars);
}

static void list_names(const struct config *c, char *out, size_t size) {
  size_t used = 0;
  for (size_t i = 0; i < c->worker_count && used < size; i++)
    used += (size_t)snprintf(out + used, size - used, "%s\"%s\"", i ? ", " : "", c->workers[i].name);
}

static void find_services(struct reading *r, struct config_worker *w) {
  const struct config *c = r->config;
  char names[256] = "";
  for (size_t i = 0; i < w->service_count; i++) {
    struct config_service *s = &w->services[i];
    while (s->worker < c->worker_count && strcmp(c->workers[s->worker].name, s->service) != 0) s->worker++;
    if (s->worker < c->worker_count) continue;
    list_names(c, names, sizeof names);
    reading_error(r, s->service_at,
                  "no Worker of this configuration is named \"%s\"; add it to \"workers\", or name one of %s",
                  s->service, names);
  }
}

static int copy_string(char **to, const char *from) {
  if (*to || !from) return 0;
  *to = strdup(from);
  return *to ? 0 : -1;
}

/* What a Worker of "workers" does not say is as the main one's. */
static int fill_worker(struct config_worker *w, const struct config_worker *first) {
  if (copy_string(&w->name, STANDARD_NAME) || copy_string(&w->vars_json, "{}") ||
      copy_string(&w->compatibility_date, first->compatibility_date))
    return -1;
  if (w->compatibility_flags || !first->flag_count) return 0;
  w->compatibility_flags = calloc(first->flag_count, sizeof *w->compatibility_flags);
  if (!w->compatibility_flags) return -1;
  for (; w->flag_count < first->flag_count; w->flag_count++)
    if (copy_string(&w->compatibility_flags[w->flag_count], first->compatibility_flags[w->flag_count])) return -1;
  return 0;
}

void config_check_workers(struct reading *r) {
  struct config *c = r->config;
  for (size_t i = 0; i < c->worker_count; i++)
    if (fill_worker(&c->workers[i], c->workers)) reading_no_memory(r);
  if (r->failed) return; /* a name may be missing */
  for (size_t i = 0; i < c->worker_count; i++) {
    for (size_t k = 0; k < i; k++)
      if (!strcmp(c->workers[k].name, c->workers[i].name))
        reading_error(r, c->workers[i].at, "two Workers have the name \"%s\"; give each its own", c->workers[i].name);
    check_bindings(r, &c->workers[i]);
    find_services(r, &c->workers[i]);
  }
}

static void free_worker(struct config_worker *w) {
  free(w->name);
  free(w->main);
  free(w->root);
  free(w->compatibility_date);
  for (size_t i = 0; i < w->flag_count; i++) free(w->compatibility_flags[i]);
  free(w->compatibility_flags);
  free(w->vars_json);
  for (size_t i = 0; i < w->loader_count; i++) {
    free(w->loaders[i].binding);
    free(w->loaders[i].id);
  }
  free(w->loaders);
  for (size_t i = 0; i < w->service_count; i++) free_service(&w->services[i]);
  free(w->services);
  config_free_crons(w);
}

void config_free_workers(struct config *c) {
  for (size_t i = 0; i < c->worker_count; i++) free_worker(&c->workers[i]);
  free(c->workers);
}
