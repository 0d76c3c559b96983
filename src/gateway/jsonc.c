/* jsonc.c: see jsonc.h. Two passes of our own around jansson's: the first blanks what JSON does not have, the second
 * walks text that is known to be valid and notes where things stand. */
#include "gateway/jsonc.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct blanker {
  char *text;
  size_t length, at;
  char last, before; /* the last two significant bytes */
  size_t comma;      /* where the last comma stands */
  unsigned depth;
  const char *error;
};

static void blank(struct blanker *b, size_t from, size_t to) {
  for (size_t i = from; i < to; i++)
    if (b->text[i] != '\n' && b->text[i] != '\r') b->text[i] = ' ';
}

static void skip_string(struct blanker *b) {
  size_t i = b->at + 1;
  while (i < b->length && b->text[i] != '"' && b->text[i] != '\n') i += b->text[i] == '\\' ? 2 : 1;
  b->at = i < b->length ? i + 1 : b->length;
}

static bool blank_comment(struct blanker *b) {
  size_t from = b->at, i = from + 2;
  char kind = from + 1 < b->length ? b->text[from + 1] : 0;
  if (kind == '/') {
    while (i < b->length && b->text[i] != '\n') i++;
  } else if (kind == '*') {
    while (i + 1 < b->length && !(b->text[i] == '*' && b->text[i + 1] == '/')) i++;
    if (i + 1 >= b->length) {
      b->error = "this comment is never closed; end it with */";
      return false;
    }
    i += 2;
  } else {
    b->error = "a single '/' is neither a comment nor JSON";
    return false;
  }
  blank(b, from, i);
  b->at = i;
  return true;
}

static bool nest(struct blanker *b, char c) {
  if (c == '{' || c == '[') {
    if (++b->depth > JSONC_DEPTH_MAX) b->error = "nested too deeply";
  } else if (c == '}' || c == ']') {
    if (b->last == ',' && !strchr("{[,", b->before)) b->text[b->comma] = ' ';
    if (b->depth) b->depth--;
  }
  return !b->error;
}

static bool blank_next(struct blanker *b) {
  char c = b->text[b->at];
  if (c == '/') return blank_comment(b);
  if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
    b->at++;
    return true;
  }
  if (!nest(b, c)) return false;
  if (c == ',') b->comma = b->at;
  b->before = b->last;
  b->last = c;
  if (c == '"')
    skip_string(b);
  else
    b->at++;
  return true;
}

static const char *blank_all(struct jsonc *doc, size_t *where) {
  /* before: a comma first of all is never a trailing one */
  struct blanker b = {.text = doc->text, .length = doc->length, .last = '{', .before = '{'};
  if (b.length >= 3 && !memcmp(b.text, "\xef\xbb\xbf", 3)) blank(&b, 0, 3);
  while (b.at < b.length && blank_next(&b)) continue;
  *where = b.at;
  return b.error;
}

/* jansson points behind the text that it names in its message; a reader wants the beginning. */
static size_t error_place(const json_error_t *e, size_t length) {
  size_t at = e->position > 0 ? (size_t)e->position : 0;
  const char *near = strstr(e->text, " near '");
  if (near && strlen(near) > 8) {
    size_t n = strlen(near) - 8;
    at = n < at ? at - n : 0;
  }
  return at < length ? at : length;
}

static int check(const struct jsonc *doc, size_t *where, char *err, size_t err_size) {
  json_error_t e;
  json_t *root = json_loadb(doc->text, doc->length, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &e);
  if (!root) {
    *where = error_place(&e, doc->length);
    if (*where >= doc->length && json_error_code(&e) != json_error_out_of_memory)
      snprintf(err, err_size, "not valid JSON: it ends too early");
    else
      snprintf(err, err_size, "not valid JSON: %s", e.text);
    return -1;
  }
  json_decref(root);
  return 0;
}

static uint32_t add_node(struct jsonc *doc, struct jsonc_node node) {
  if (doc->count == doc->room) {
    uint32_t room = doc->room ? doc->room * 2 : 64;
    struct jsonc_node *p = realloc(doc->nodes, room * sizeof *p);
    if (!p) return UINT32_MAX;
    doc->nodes = p;
    doc->room = room;
  }
  doc->nodes[doc->count] = node;
  return doc->count++;
}

static size_t skip_space(const struct jsonc *doc, size_t at) {
  while (at < doc->length && strchr(" \t\r\n", doc->text[at])) at++;
  return at;
}

/* The end of the value at `at`, in valid JSON. */
static size_t value_end(const struct jsonc *doc, size_t at) {
  struct blanker b = {.text = doc->text, .length = doc->length, .at = at};
  unsigned depth = 0;
  while (b.at < b.length) {
    char c = b.text[b.at];
    if (depth == 0 && b.at > at && strchr(",]} \t\r\n", c)) break;
    if (c == '"')
      skip_string(&b);
    else
      b.at++;
    depth += c == '{' || c == '[';
    depth -= c == '}' || c == ']';
    if (depth == 0 && strchr("\"}]", c)) break;
  }
  return b.at;
}

static char *decode_key(const struct jsonc *doc, size_t at, size_t end) {
  json_t *s = json_loadb(doc->text + at, end - at, JSON_DECODE_ANY, NULL);
  char *key = s ? strdup(json_string_value(s)) : NULL;
  json_decref(s);
  return key;
}

static int note_members(struct jsonc *doc, uint32_t parent);

static int note_member(struct jsonc *doc, uint32_t parent, size_t *at, uint32_t *previous) {
  struct jsonc_node node = {.key_at = *at, .at = *at, .depth = doc->nodes[parent].depth + 1};
  if (jsonc_kind(doc, parent) == '{') {
    size_t end = value_end(doc, *at);
    node.key = decode_key(doc, *at, end);
    if (!node.key) return -1;
    node.at = skip_space(doc, skip_space(doc, end) + 1);
  }
  node.end = value_end(doc, node.at);
  uint32_t me = add_node(doc, node);
  if (me == UINT32_MAX) {
    free(node.key);
    return -1;
  }
  if (*previous) doc->nodes[*previous].next = me;
  *previous = me;
  *at = skip_space(doc, node.end);
  if (*at < doc->length && doc->text[*at] == ',') *at = skip_space(doc, *at + 1);
  return note_members(doc, me);
}

static int note_members(struct jsonc *doc, uint32_t parent) {
  const struct jsonc_node *p = &doc->nodes[parent];
  if (!strchr("{[", doc->text[p->at]) || p->depth >= JSONC_NODE_DEPTH) return 0;
  size_t at = skip_space(doc, p->at + 1), end = p->end - 1;
  uint32_t previous = 0;
  while (at < end)
    if (note_member(doc, parent, &at, &previous)) return -1;
  return 0;
}

static int note_all(struct jsonc *doc) {
  size_t at = skip_space(doc, 0);
  if (add_node(doc, (struct jsonc_node){.key_at = at, .at = at, .end = value_end(doc, at)}) == UINT32_MAX) return -1;
  return note_members(doc, 0);
}

int jsonc_read(struct jsonc *out, const char *text, size_t length, size_t *where, char *err, size_t err_size) {
  *out = (struct jsonc){.length = length};
  *where = 0;
  if (length > JSONC_SIZE_MAX) {
    snprintf(err, err_size, "larger than %d bytes", JSONC_SIZE_MAX);
    return -1;
  }
  out->text = malloc(length + 1);
  if (!out->text) goto memory;
  memcpy(out->text, text, length);
  out->text[length] = 0;
  const char *wrong = blank_all(out, where);
  if (wrong) {
    snprintf(err, err_size, "%s", wrong);
    goto bad;
  }
  if (check(out, where, err, err_size)) goto bad;
  if (note_all(out) == 0) return 0;
memory:
  snprintf(err, err_size, "out of memory");
bad:
  jsonc_free(out);
  return -1;
}

void jsonc_free(struct jsonc *doc) {
  for (uint32_t i = 0; i < doc->count; i++) free(doc->nodes[i].key);
  free(doc->nodes);
  free(doc->text);
  *doc = (struct jsonc){0};
}

void jsonc_place(const char *text, size_t length, size_t at, unsigned *line, unsigned *column) {
  *line = *column = 1;
  for (size_t i = 0; i < at && i < length; i++) {
    if (text[i] == '\n') {
      ++*line;
      *column = 1;
    } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
      ++*column;
    }
  }
}

uint32_t jsonc_first(const struct jsonc *doc, uint32_t node) {
  uint32_t next = node + 1;
  return next < doc->count && doc->nodes[next].depth == doc->nodes[node].depth + 1 ? next : 0;
}

json_t *jsonc_value(const struct jsonc *doc, uint32_t node) {
  const struct jsonc_node *n = &doc->nodes[node];
  return json_loadb(doc->text + n->at, n->end - n->at, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}
