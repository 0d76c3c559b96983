/* config_reading.c: see config_reading.h. */
#include "gateway/config_reading.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Messages */

static void vmessage(const struct reading *r, size_t at, char *out, size_t size, const char *format, va_list args) {
  unsigned line, column;
  jsonc_place(r->text, r->doc.length, at, &line, &column);
  int n = snprintf(out, size, "%s:%u:%u: ", r->path, line, column);
  if (n > 0 && (size_t)n < size) vsnprintf(out + n, size - (size_t)n, format, args);
}

static void add_error(struct reading *r, const char *line) {
  if (r->err_length < r->err_size) {
    int n = snprintf(r->err + r->err_length, r->err_size - r->err_length, "%s%s", r->failed ? "\n" : "", line);
    if (n > 0) r->err_length += (size_t)n;
  }
  r->failed = true;
}

void reading_error(struct reading *r, size_t at, const char *format, ...) {
  char line[512];
  va_list args;
  va_start(args, format);
  vmessage(r, at, line, sizeof line, format, args);
  va_end(args);
  add_error(r, line);
}

__attribute__((format(printf, 3, 4))) static void warn_at(struct reading *r, size_t at, const char *format, ...) {
  if (!r->warn) return;
  char line[512];
  va_list args;
  va_start(args, format);
  vmessage(r, at, line, sizeof line, format, args);
  va_end(args);
  r->warn(r->warn_arg, line);
}

void reading_no_memory(struct reading *r) { reading_error(r, 0, "out of memory"); }

size_t reading_at(const struct reading *r, uint32_t node) { return r->doc.nodes[node].at; }

static const char *kind_name(char kind) {
  switch (kind) {
    case '{':
      return "an object";
    case '[':
      return "an array";
    case '"':
      return "a string";
    case 't':
    case 'f':
      return "a boolean";
    case 'n':
      return "null";
    default:
      return "a number";
  }
}

bool reading_expect(struct reading *r, uint32_t node, char kind, const char *what) {
  char found = jsonc_kind(&r->doc, node);
  if (found == kind) return true;
  reading_error(r, reading_at(r, node), "%s must be %s, not %s", what, kind_name(kind), kind_name(found));
  return false;
}

/* The nearest known name */

static size_t smallest(size_t a, size_t b, size_t c) {
  size_t m = a < b ? a : b;
  return m < c ? m : c;
}

/* Edits that turn one name into the other; names are short. */
static size_t distance(const char *a, const char *b) {
  size_t row[64], n = strlen(a), m = strlen(b);
  if (n >= 64 || m >= 64) return SIZE_MAX;
  for (size_t j = 0; j <= m; j++) row[j] = j;
  for (size_t i = 1; i <= n; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= m; j++) {
      size_t kept = row[j];
      row[j] = smallest(row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
      diagonal = kept;
    }
  }
  return row[m];
}

static void keep_nearer(const char **best, size_t *best_distance, const char *name, const char *candidate) {
  size_t d = distance(name, candidate);
  if (d >= *best_distance) return;
  *best = candidate;
  *best_distance = d;
}

/* Objects by table */

static bool contains(const char *const *names, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (!strcmp(names[i], name)) return true;
  return false;
}

static void unknown_key(struct reading *r, const struct table *t, const struct jsonc_node *n) {
  if (contains(t->ignored, t->ignored_count, n->key)) {
    warn_at(r, n->key_at, "\"%s\"%s is not supported yet and was ignored", n->key, t->where);
    return;
  }
  const char *best = NULL;
  size_t d = strlen(n->key) / 3 + 2; /* farther than this is no typing mistake */
  for (size_t i = 0; i < t->key_count; i++) keep_nearer(&best, &d, n->key, t->keys[i].name);
  for (size_t i = 0; i < t->ignored_count; i++) keep_nearer(&best, &d, n->key, t->ignored[i]);
  if (best)
    warn_at(r, n->key_at, "unknown key \"%s\"%s was ignored; did you mean \"%s\"?", n->key, t->where, best);
  else
    warn_at(r, n->key_at, "unknown key \"%s\"%s was ignored", n->key, t->where);
}

static void read_member(struct reading *r, const struct table *t, uint32_t node) {
  const struct jsonc_node *n = &r->doc.nodes[node];
  for (size_t i = 0; i < t->key_count; i++) {
    if (strcmp(t->keys[i].name, n->key)) continue;
    if (t->keys[i].read) t->keys[i].read(r, node);
    return;
  }
  unknown_key(r, t, n);
}

json_t *reading_members(struct reading *r, uint32_t object) {
  json_t *last = json_object();
  for (uint32_t i = jsonc_first(&r->doc, object); last && i; i = jsonc_next(&r->doc, i)) {
    const struct jsonc_node *n = &r->doc.nodes[i];
    if (json_object_get(last, n->key)) warn_at(r, n->key_at, "duplicate key \"%s\": the last one counts", n->key);
    if (json_object_set_new(last, n->key, json_integer(i))) {
      json_decref(last);
      last = NULL;
    }
  }
  if (!last) reading_no_memory(r);
  return last;
}

void reading_object(struct reading *r, uint32_t object, const struct table *t) {
  json_t *last = reading_members(r, object);
  for (uint32_t i = jsonc_first(&r->doc, object); last && i; i = jsonc_next(&r->doc, i))
    if (json_integer_value(json_object_get(last, r->doc.nodes[i].key)) == i) read_member(r, t, i);
  json_decref(last);
}

/* Values */

char *reading_string(struct reading *r, uint32_t node, const char *what) {
  if (!reading_expect(r, node, '"', what)) return NULL;
  json_t *value = jsonc_value(&r->doc, node);
  char *copy = NULL;
  if (!value)
    reading_no_memory(r);
  else if (json_string_length(value) == 0)
    reading_error(r, reading_at(r, node), "%s must not be empty", what);
  else if (strlen(json_string_value(value)) != json_string_length(value))
    reading_error(r, reading_at(r, node), "%s must not contain a NUL character", what);
  else if (!(copy = strdup(json_string_value(value))))
    reading_no_memory(r);
  json_decref(value);
  return copy;
}

int64_t reading_number(struct reading *r, uint32_t node, const char *what, uint32_t low, uint32_t high,
                       const char *unit) {
  char kind = jsonc_kind(&r->doc, node);
  if (strchr("{[\"tfn", kind)) {
    reading_error(r, reading_at(r, node), "%s must be a number, not %s", what, kind_name(kind));
    return -1;
  }
  json_t *value = jsonc_value(&r->doc, node); /* NULL: too large for an integer */
  int64_t n = json_is_integer(value) ? json_integer_value(value) : -1;
  json_decref(value);
  if (n >= low && n <= high) return n;
  reading_error(r, reading_at(r, node), "%s must be a whole number from %u to %u%s%s", what, low, high,
                *unit ? " " : "", unit);
  return -1;
}

size_t reading_count(const struct reading *r, uint32_t node) {
  size_t n = 0;
  for (uint32_t i = jsonc_first(&r->doc, node); i; i = jsonc_next(&r->doc, i)) n++;
  return n;
}
