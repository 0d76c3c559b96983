/* buf.c: see buf.h. */
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#include "base/frame.h"

void buf_init(struct buf *b, size_t max) { *b = (struct buf){.max = max}; }

void buf_free(struct buf *b) {
  free(b->data);
  *b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b) {
  b->len = 0;
  b->bad = false;
}

void buf_shrink(struct buf *b, size_t to) {
  if (b->cap > to) {
    free(b->data);
    b->data = NULL;
    b->cap = 0;
  }
  buf_clear(b);
}

static bool grow(struct buf *b, size_t need) {
  size_t cap = b->cap ? b->cap : 256;
  while (cap < need) cap *= 2;
  if (cap > b->max) cap = b->max;
  uint8_t *p = realloc(b->data, cap);
  if (!p) return false;
  b->data = p;
  b->cap = cap;
  return true;
}

uint8_t *buf_room(struct buf *b, size_t n) {
  if (b->bad) return NULL;
  if (n > b->max - b->len || (b->len + n > b->cap && !grow(b, b->len + n))) {
    b->bad = true;
    return NULL;
  }
  uint8_t *p = b->data + b->len;
  b->len += n;
  return p;
}

void buf_put(struct buf *b, const void *p, size_t n) {
  if (!n) return;
  uint8_t *to = buf_room(b, n);
  if (to) memcpy(to, p, n);
}

void buf_put_u8(struct buf *b, uint8_t v) { buf_put(b, &v, 1); }
void buf_put_u16(struct buf *b, uint16_t v) { buf_put(b, &v, 2); }
void buf_put_u32(struct buf *b, uint32_t v) { buf_put(b, &v, 4); }
void buf_put_u64(struct buf *b, uint64_t v) { buf_put(b, &v, 8); }

void buf_put_str(struct buf *b, const void *p, size_t n) {
  if (n > UINT32_MAX) {
    b->bad = true;
    return;
  }
  buf_put_u32(b, (uint32_t)n);
  buf_put(b, p, n);
}

void buf_put_cstr(struct buf *b, const char *s) { buf_put_str(b, s, strlen(s)); }

void buf_drop_front(struct buf *b, size_t n) {
  if (n > b->len) n = b->len;
  if (n && b->len > n) memmove(b->data, b->data + n, b->len - n);
  b->len -= n;
}

size_t buf_frame_begin(struct buf *b, uint8_t type, uint8_t flags, uint32_t isolate, uint32_t stream) {
  struct frame_header h = {.type = type, .flags = flags, .isolate = isolate, .stream = stream};
  size_t mark = b->len;
  buf_put(b, &h, sizeof h);
  return mark;
}

void buf_frame_end(struct buf *b, size_t mark) {
  if (b->bad) return;
  size_t n = b->len - mark - sizeof(struct frame_header);
  if (n > FRAME_PAYLOAD_MAX) {
    b->bad = true;
    return;
  }
  uint32_t length = (uint32_t)n;
  memcpy(b->data + mark + offsetof(struct frame_header, length), &length, sizeof length);
}

struct reader reader_over(const void *p, size_t n) {
  return (struct reader){.p = p, .left = n};
}

const uint8_t *read_bytes_borrow(struct reader *r, size_t n) {
  if (r->bad || n > r->left) {
    r->bad = true;
    r->left = 0;
    return NULL;
  }
  const uint8_t *p = r->p;
  r->p += n;
  r->left -= n;
  return p;
}

static uint64_t read_le(struct reader *r, size_t n) {
  uint64_t v = 0;
  const uint8_t *p = read_bytes_borrow(r, n);
  if (p) memcpy(&v, p, n);
  return v;
}

uint8_t read_u8(struct reader *r) { return (uint8_t)read_le(r, 1); }
uint16_t read_u16(struct reader *r) { return (uint16_t)read_le(r, 2); }
uint32_t read_u32(struct reader *r) { return (uint32_t)read_le(r, 4); }
uint64_t read_u64(struct reader *r) { return read_le(r, 8); }

const char *read_str_borrow(struct reader *r, size_t *n) {
  *n = read_u32(r);
  const uint8_t *p = read_bytes_borrow(r, *n);
  if (p) return (const char *)p;
  *n = 0;
  return "";
}
