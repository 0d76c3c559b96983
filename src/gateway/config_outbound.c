/* config_outbound.c: see config_outbound.h. A member of a rule that nobody knows is an error and not a warning: without
 * it the rule would fit more than was meant. */
#include "gateway/config_outbound.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/config_worker.h"

enum { PROXY_MAX = 2048 };

static struct config_outbound *of(struct reading *r) { return &r->config->outbound; }

/* ---- rules ---- */

static void read_member(struct reading *r, struct rule *rule, uint32_t node) {
  char err[RULE_ERROR];
  json_t *value = jsonc_value(&r->doc, node);
  if (!value)
    reading_error(r, reading_at(r, node), "%s cannot be read", r->doc.nodes[node].key);
  else if (rule_set(rule, r->doc.nodes[node].key, value, err))
    reading_error(r, reading_at(r, node), "%s", err);
  json_decref(value);
}

static void read_rule(struct reading *r, struct rule *rule, uint32_t node, const char *what) {
  char err[RULE_ERROR];
  size_t before = r->err_length;
  if (!reading_expect(r, node, '{', what)) return;
  json_t *last = reading_members(r, node);
  for (uint32_t i = jsonc_first(&r->doc, node); last && i; i = jsonc_next(&r->doc, i))
    if (json_integer_value(json_object_get(last, r->doc.nodes[i].key)) == i) read_member(r, rule, i);
  json_decref(last);
  if (r->err_length == before && rule_check(rule, false, err)) reading_error(r, reading_at(r, node), "%s", err);
}

static void read_list(struct reading *r, uint32_t node, struct rule_list *list, const char *name, const char *what) {
  if (!reading_expect(r, node, '[', name)) return;
  size_t count = reading_count(r, node);
  if (count > RULES_MAX) {
    reading_error(r, reading_at(r, node), "%s has more than %d rules", name, RULES_MAX);
    return;
  }
  list->list = calloc(count + 1, sizeof *list->list);
  if (!list->list) {
    reading_no_memory(r);
    return;
  }
  for (uint32_t i = jsonc_first(&r->doc, node); i; i = jsonc_next(&r->doc, i))
    read_rule(r, &list->list[list->count++], i, what);
}

static void read_allow(struct reading *r, uint32_t node) {
  struct rules *rules = of(r)->rules;
  read_list(r, node, &rules->allow, "outbound.allow", "an entry of outbound.allow");
}

static void read_deny(struct reading *r, uint32_t node) {
  struct rules *rules = of(r)->rules;
  read_list(r, node, &rules->deny, "outbound.deny", "an entry of outbound.deny");
}

/* ---- the rest ---- */

static bool read_flag(struct reading *r, uint32_t node, const char *what, bool otherwise) {
  char kind = jsonc_kind(&r->doc, node);
  if (kind == 't' || kind == 'f') return kind == 't';
  reading_error(r, reading_at(r, node), "%s must be true or false", what);
  return otherwise;
}

/* As a rule that fits everything at public addresses, or the want of one. */
static void read_public(struct reading *r, uint32_t node) {
  r->outbound_public = read_flag(r, node, "outbound.public", true) ? 1 : -1;
}

static void read_log_query(struct reading *r, uint32_t node) {
  of(r)->log_query = read_flag(r, node, "outbound.log_query", false);
}

static void read_log(struct reading *r, uint32_t node) {
  static const char *const names[] = {"all", "refused", "none"};
  char *text = reading_string(r, node, "outbound.log");
  size_t i = 0;
  if (!text) return;
  while (i < sizeof names / sizeof *names && strcmp(names[i], text)) i++;
  if (i < sizeof names / sizeof *names)
    of(r)->log = (enum config_log)i;
  else
    reading_error(r, reading_at(r, node), "outbound.log must be \"all\", \"refused\" or \"none\", not \"%s\"", text);
  free(text);
}

static bool is_proxy(const char *text) {
  static const char *const schemes[] = {"http://", "https://", "socks5://", "socks5h://"};
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
    if (!strncmp(text, schemes[i], strlen(schemes[i]))) return strlen(text) > strlen(schemes[i]);
  return false;
}

static void read_proxy(struct reading *r, uint32_t node) {
  char *text = reading_string(r, node, "outbound.proxy");
  if (!text) return;
  if (is_proxy(text) && strlen(text) <= PROXY_MAX) {
    free(of(r)->proxy);
    of(r)->proxy = text;
    return;
  }
  reading_error(r, reading_at(r, node), "outbound.proxy must be a URL of the scheme http, https, socks5 or socks5h");
  free(text);
}

static void read_proxy_auth_file(struct reading *r, uint32_t node) {
  char *file = reading_string(r, node, "outbound.proxy_auth_file");
  char *path = file ? config_beside(r->config, file) : NULL;
  if (file && !path) reading_no_memory(r);
  if (path) config_replace(&of(r)->proxy_auth_file, path);
  free(file);
}

/* A rule without addresses closes the list. */
static bool is_closed(const struct rules *rules, int public) {
  if (public) return public < 0;
  for (size_t i = 0; i < rules->allow.count; i++)
    if (!rules->allow.list[i].has_cidr) return true;
  return false;
}

void config_read_outbound(struct reading *r, uint32_t node) {
  static const struct key keys[] = {{"allow", read_allow},
                                    {"deny", read_deny},
                                    {"public", read_public},
                                    {"log", read_log},
                                    {"log_query", read_log_query},
                                    {"proxy", read_proxy},
                                    {"proxy_auth_file", read_proxy_auth_file}};
  static const struct table table = {" in outbound", keys, sizeof keys / sizeof *keys, NULL, 0};
  if (!reading_expect(r, node, '{', "outbound")) return;
  of(r)->rules = rules_new(true);
  if (!of(r)->rules) {
    reading_no_memory(r);
    return;
  }
  r->outbound_public = 0;
  reading_object(r, node, &table);
  of(r)->rules->closed = is_closed(of(r)->rules, r->outbound_public);
}

void config_free_outbound(struct config *c) {
  rules_release(c->outbound.rules);
  free(c->outbound.proxy);
  free(c->outbound.proxy_auth_file);
  free(c->outbound.proxy_auth);
}
