/* redact.c: see redact.h. Each secret is looked for with the algorithm of Knuth, Morris and Pratt, whose state is how
 * much of the secret the last bytes are: the longest of these is what must be held back. */
#include "gateway/redact.h"

#include <stdlib.h>
#include <string.h>

enum { SECRETS_MAX = 256, BYTES_MAX = 1 << 20 };

struct secret {
  uint8_t *bytes;
  size_t length, at; /* at: so many of its bytes are the last that came */
  size_t *shorter;   /* of its first i + 1 bytes: the longest beginning that is also their end, but not all of them */
};

struct redact {
  struct secret list[SECRETS_MAX];
  size_t count;
  struct buf held;  /* not shown yet */
  struct buf shown; /* for the caller */
};

struct redact *redact_new(void) {
  struct redact *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  buf_init(&r->held, BYTES_MAX);
  buf_init(&r->shown, BYTES_MAX);
  return r;
}

void redact_free(struct redact **redact) {
  struct redact *r = *redact;
  if (!r) return;
  for (size_t i = 0; i < r->count; i++) {
    free(r->list[i].bytes);
    free(r->list[i].shorter);
  }
  buf_free(&r->held);
  buf_free(&r->shown);
  free(r);
  *redact = NULL;
}

static size_t step(const struct secret *s, size_t at, uint8_t byte) {
  while (at && (at == s->length || s->bytes[at] != byte)) at = s->shorter[at - 1];
  return s->bytes[at] == byte ? at + 1 : 0;
}

static int add(struct redact *r, const char *text, size_t length) {
  if (length < REDACT_SHORTEST) return 0;
  if (r->count == SECRETS_MAX) return -1;
  struct secret *s = &r->list[r->count++];
  s->length = length;
  s->bytes = malloc(length);
  s->shorter = calloc(length, sizeof *s->shorter);
  if (!s->bytes || !s->shorter) return -1;
  memcpy(s->bytes, text, length);
  for (size_t i = 1; i < length; i++) s->shorter[i] = step(s, s->shorter[i - 1], s->bytes[i]);
  return 0;
}

/* A header's value is sent without the blanks around it. */
int redact_add(struct redact *r, const char *value) {
  size_t n = strlen(value);
  while (n && (*value == ' ' || *value == '\t')) value++, n--;
  while (n && (value[n - 1] == ' ' || value[n - 1] == '\t')) n--;
  if (add(r, value, n)) return -1;
  const char *space = memchr(value, ' ', n);
  if (!space) return 0;
  size_t rest = n - (size_t)(space - value);
  while (rest && *space == ' ') space++, rest--;
  return add(r, space, rest);
}

/* From `from` on the bytes are new. */
static void search(struct redact *r, uint8_t *bytes, size_t from, size_t length) {
  for (size_t i = from; i < length; i++) {
    uint8_t byte = bytes[i];
    for (size_t k = 0; k < r->count; k++) {
      struct secret *s = &r->list[k];
      s->at = step(s, s->at, byte);
      if (s->at == s->length) memset(bytes + i + 1 - s->length, '*', s->length);
    }
  }
}

static void forget(struct redact *r) {
  for (size_t k = 0; k < r->count; k++) r->list[k].at = 0;
}

void redact_whole(struct redact *r, uint8_t *bytes, size_t length) {
  forget(r);
  search(r, bytes, 0, length);
  forget(r);
}

size_t redact_held(const struct redact *r) { return r->held.len; }

/* A secret that is whole was blotted out, but its end may be the beginning of another: that much is held back. */
static size_t longest(const struct redact *r) {
  size_t n = 0;
  for (size_t k = 0; k < r->count; k++) {
    const struct secret *s = &r->list[k];
    size_t at = s->at == s->length ? s->shorter[s->at - 1] : s->at;
    if (at > n) n = at;
  }
  return n;
}

const struct buf *redact_take(struct redact *r, const void *bytes, size_t length) {
  size_t before = r->held.len;
  buf_put(&r->held, bytes, length);
  if (r->held.bad) return NULL;
  search(r, r->held.data, before, r->held.len);
  size_t keep = longest(r), show = r->held.len - keep;
  buf_clear(&r->shown);
  buf_put(&r->shown, r->held.data, show);
  buf_drop_front(&r->held, show);
  return r->shown.bad || r->held.bad ? NULL : &r->shown;
}

const struct buf *redact_end(struct redact *r) {
  forget(r);
  return &r->held;
}
