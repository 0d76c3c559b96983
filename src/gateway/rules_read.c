/* rules_read.c: rules out of JSON; see rules.h. A table says what each member of a rule may be. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/frame.h"
#include "gateway/httptext.h"
#include "gateway/rules.h"

enum { VALUE_MAX = 8192 };

static int wrong(char *err, const char *format, const char *what) {
  snprintf(err, RULE_ERROR, format, what);
  return -1;
}

static const char *kind_of(const json_t *value) {
  switch (json_typeof(value)) {
    case JSON_OBJECT:
      return "an object";
    case JSON_ARRAY:
      return "an array";
    case JSON_STRING:
      return "a string";
    case JSON_TRUE:
    case JSON_FALSE:
      return "a boolean";
    case JSON_NULL:
      return "null";
    default:
      return "a number";
  }
}

/* A string of 1 to `most` bytes; NULL: it is none. */
static const char *text_of(const json_t *value, const char *key, size_t most, char *err) {
  const char *text = json_string_value(value);
  size_t n = json_string_length(value);
  if (!text)
    snprintf(err, RULE_ERROR, "%s must be a string, not %s", key, kind_of(value));
  else if (!n || n > most)
    snprintf(err, RULE_ERROR, "%s must have 1 to %zu characters", key, most);
  else if (strlen(text) != n)
    snprintf(err, RULE_ERROR, "%s must not contain a NUL character", key);
  else
    return text;
  return NULL;
}

static int replace(char **field, char *owned, char *err) {
  free(*field);
  *field = owned;
  return owned ? 0 : wrong(err, "%s", "out of memory");
}

static bool is_host(const char *host) {
  if (!strcmp(host, "*")) return true;
  if (!strncmp(host, "*.", 2)) host += 2;
  size_t n = strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.:");
  return n && !host[n] && host[0] != '.';
}

static int set_host(struct rule *rule, const json_t *value, char *err) {
  const char *text = text_of(value, "host", RULE_HOST_MAX, err);
  if (!text) return -1;
  if (replace(&rule->host, rules_host(text), err)) return -1;
  if (is_host(rule->host) && (strcmp(rule->host, "*") || !strcmp(text, "*"))) return 0;
  return wrong(err, "host must be a name or an address, perhaps with \"*.\" before it, or \"*\"; not \"%.80s\"", text);
}

static int set_cidr(struct rule *rule, const json_t *value, char *err) {
  const char *text = text_of(value, "cidr", 100, err);
  uint16_t port = rule->range.port;
  if (!text) return -1;
  const char *why = netpolicy_parse(&rule->range, text);
  rule->range.port = port;
  rule->has_cidr = true;
  if (why) snprintf(err, RULE_ERROR, "cidr \"%s\" %s; write it as \"10.1.0.0/16\" or \"fd00::/8\"", text, why);
  return why ? -1 : 0;
}

static int set_port(struct rule *rule, const json_t *value, char *err) {
  json_int_t n = json_integer_value(value);
  if (!json_is_integer(value) || n < 1 || n > 65535) {
    if (!json_is_number(value)) return wrong(err, "port must be a number, not %s", kind_of(value));
    return wrong(err, "port must be a whole number from 1 to 65535%s", "");
  }
  rule->range.port = (uint16_t)n;
  return 0;
}

static void free_list(char ***list, size_t *count) {
  for (size_t i = 0; i < *count; i++) free((*list)[i]);
  free(*list);
  *list = NULL;
  *count = 0;
}

static int add_method(struct rule *rule, const json_t *value, char *err) {
  const char *text = text_of(value, "a method", RULE_METHOD_MAX, err);
  if (!text) return -1;
  if (!http_is_token(text, strlen(text))) return wrong(err, "\"%.40s\" is no method", text);
  char *copy = strdup(text);
  if (!copy) return wrong(err, "%s", "out of memory");
  for (char *c = copy; *c; c++) *c = (char)toupper((unsigned char)*c);
  rule->methods[rule->method_count++] = copy;
  return 0;
}

static int set_methods(struct rule *rule, const json_t *value, char *err) {
  size_t count = json_array_size(value);
  if (!json_is_array(value)) return wrong(err, "methods must be an array, not %s", kind_of(value));
  if (!count || count > RULE_METHODS_MAX) return wrong(err, "methods must be 1 to 16 names%s", "");
  free_list(&rule->methods, &rule->method_count);
  rule->methods = calloc(count, sizeof *rule->methods);
  if (!rule->methods) return wrong(err, "%s", "out of memory");
  for (size_t i = 0; i < count; i++)
    if (add_method(rule, json_array_get(value, i), err)) return -1;
  return 0;
}

static int set_path(struct rule *rule, const json_t *value, char *err) {
  const char *text = text_of(value, "path", RULE_PATH_MAX, err);
  if (!text) return -1;
  if (text[0] != '/' && text[0] != '*') return wrong(err, "path must begin with \"/\", not \"%.80s\"", text);
  if (strpbrk(text, "?#")) return wrong(err, "path must be without a query: \"%.80s\"", text);
  return replace(&rule->path, strdup(text), err);
}

static int set_scheme(struct rule *rule, const json_t *value, char *err) {
  const char *text = text_of(value, "scheme", 100, err);
  if (!text) return -1;
  if (strcmp(text, "http") && strcmp(text, "https"))
    return wrong(err, "scheme must be \"http\" or \"https\", not \"%.80s\"", text);
  return replace(&rule->scheme, strdup(text), err);
}

/* What says how a request is framed, and where it goes, is not a rule's to say. */
static bool is_reserved(const char *name) {
  static const char *const names[] = {
      "host",    "content-length", "transfer-encoding", "connection", "keep-alive",      "te",
      "trailer", "upgrade",        "http2-settings",    "expect",     "proxy-connection"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (http_is(name, strlen(name), names[i])) return true;
  return !strncasecmp(name, "sec-websocket-", 14);
}

static int add_header(struct rule *rule, const char *name, const json_t *value, char *err) {
  const char *text = text_of(value, "a header", VALUE_MAX, err);
  struct rule_header *h = &rule->headers[rule->header_count];
  if (!text) return -1;
  if (!http_is_token(name, strlen(name)) || is_reserved(name)) return wrong(err, "\"%.80s\" cannot be added", name);
  if (!http_is_value(text, strlen(text))) return wrong(err, "the value of \"%.80s\" is not valid", name);
  rule->header_count++;
  h->name = strdup(name);
  h->value = strdup(text);
  return h->name && h->value ? 0 : wrong(err, "%s", "out of memory");
}

static int set_headers(struct rule *rule, const json_t *value, char *err) {
  const char *name;
  json_t *member, *object = (json_t *)value;
  size_t count = json_object_size(value);
  if (!json_is_object(value)) return wrong(err, "headers must be an object, not %s", kind_of(value));
  if (count > RULE_HEADERS_MAX) return wrong(err, "headers must be at most 16%s", "");
  rule->headers = calloc(count + 1, sizeof *rule->headers);
  if (!rule->headers) return wrong(err, "%s", "out of memory");
  json_object_foreach(object, name, member) if (add_header(rule, name, member, err)) return -1;
  return 0;
}

static const struct member {
  const char *key;
  int (*set)(struct rule *rule, const json_t *value, char *err);
} members[] = {{"host", set_host},       {"cidr", set_cidr}, {"port", set_port},      {"scheme", set_scheme},
               {"methods", set_methods}, {"path", set_path}, {"headers", set_headers}};

int rule_set(struct rule *rule, const char *key, const json_t *value, char *err) {
  for (size_t i = 0; i < sizeof members / sizeof *members; i++)
    if (!strcmp(members[i].key, key)) return members[i].set(rule, value, err);
  snprintf(err, RULE_ERROR, "a rule has no \"%.80s\"; it has host, cidr, port, scheme, methods, path", key);
  return -1;
}

int rule_check(const struct rule *rule, bool headers, char *err) {
  if (rule->header_count && !headers) return wrong(err, "%s cannot have \"headers\"", "a rule here");
  if (rule->header_count && rule->has_cidr)
    return wrong(err, "%s", "a rule with headers cannot have \"cidr\": they are added before there is an address");
  if (rule->host || rule->has_cidr || rule->range.port || rule->scheme || rule->method_count || rule->path) return 0;
  return wrong(err, "%s names nothing; \"host\": \"*\" is every host", "a rule");
}

void rule_free(struct rule *rule) {
  free(rule->host);
  free(rule->path);
  free(rule->scheme);
  free_list(&rule->methods, &rule->method_count);
  for (size_t i = 0; i < rule->header_count; i++) {
    free(rule->headers[i].name);
    free(rule->headers[i].value);
  }
  free(rule->headers);
  *rule = (struct rule){0};
}

/* ---- all of them ---- */

struct rules *rules_new(bool operators) {
  struct rules *rules = calloc(1, sizeof *rules);
  if (!rules) return NULL;
  rules->references = 1;
  rules->operators = operators;
  return rules;
}

void rules_hold(struct rules *rules) { rules->references++; }

static void list_free(struct rule_list *list) {
  for (size_t i = 0; i < list->count; i++) rule_free(&list->list[i]);
  free(list->list);
}

void rules_release(struct rules *rules) {
  if (!rules || --rules->references) return;
  list_free(&rules->allow);
  list_free(&rules->deny);
  free(rules->wrong);
  free(rules);
}

int rules_break(struct rules *rules, const char *why) {
  char *copy = rules->wrong ? rules->wrong : strdup(why);
  rules->wrong = copy;
  return copy ? 0 : -1;
}

static int read_rule(struct rule *rule, const json_t *value, bool headers, char *err) {
  const char *key;
  json_t *member, *object = (json_t *)value;
  if (!json_is_object(value)) return wrong(err, "a rule must be an object, not %s", kind_of(value));
  json_object_foreach(object, key, member) if (rule_set(rule, key, member, err)) return -1;
  return rule_check(rule, headers, err);
}

static int read_list(struct rule_list *out, const json_t *value, bool headers, char *err) {
  size_t count = json_array_size(value);
  if (!value) return 0;
  if (!json_is_array(value)) return wrong(err, "rules must be an array, not %s", kind_of(value));
  if (count > RULES_OF_SANDBOX_MAX) return wrong(err, "%s", "there are more than 64 rules in a list");
  out->list = calloc(count + 1, sizeof *out->list);
  if (!out->list) return wrong(err, "%s", "out of memory");
  for (size_t i = 0; i < count; i++) {
    out->count++;
    if (read_rule(&out->list[i], json_array_get(value, i), headers, err)) return -1;
  }
  return 0;
}

static int read_all(struct rules *rules, const json_t *value, char *err) {
  if (!json_is_object(value)) return wrong(err, "%s", "the rules cannot be read");
  rules->closed = json_object_get(value, "allow") != NULL;
  rules->redact = json_is_true(json_object_get(value, "redact"));
  if (read_list(&rules->allow, json_object_get(value, "allow"), true, err)) return -1;
  return read_list(&rules->deny, json_object_get(value, "deny"), false, err);
}

struct rules *rules_from_guest(const void *text, size_t length) {
  char err[RULE_ERROR];
  struct rules *rules = rules_new(false);
  if (!rules) return NULL;
  json_t *value = length <= OUTBOUND_RULES_MAX ? json_loadb(text, length, 0, NULL) : NULL;
  if (read_all(rules, value, err) && rules_break(rules, err)) {
    rules_release(rules);
    rules = NULL;
  }
  json_decref(value);
  return rules;
}
