/* buf.h: the one writer and the one reader of wire bytes.
 *
 * A buf grows up to its max and then fails for good: the first failure sets `bad`, later puts do nothing, and the
 * caller looks once, at the end. A reader walks bytes that somebody else owns; it too goes bad once and then
 * returns zeros and empty ranges. Pointers that end in _borrow point into the reader's bytes.
 * Not thread-safe; no locks inside.
 */
#ifndef MAYFLY_BASE_BUF_H
#define MAYFLY_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame_header;

struct buf {
  uint8_t *data; /* owned */
  size_t len, cap, max;
  bool bad; /* out of memory, or past max */
};

void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b);
void buf_clear(struct buf *b);              /* empty again, not bad; keeps its memory */
void buf_shrink(struct buf *b, size_t to);  /* empty again; gives memory above `to` bytes back */
uint8_t *buf_room(struct buf *b, size_t n); /* n bytes appended, for the caller to fill; NULL: bad */
void buf_put(struct buf *b, const void *p, size_t n);
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_u16(struct buf *b, uint16_t v);
void buf_put_u32(struct buf *b, uint32_t v);
void buf_put_u64(struct buf *b, uint64_t v);
void buf_put_str(struct buf *b, const void *p, size_t n); /* u32 length, bytes */
void buf_put_cstr(struct buf *b, const char *s);
void buf_drop_front(struct buf *b, size_t n); /* the first n bytes are gone */

/* A frame written in place: begin, put the payload, end (which sets the length). One frame at a time per buf. */
size_t buf_frame_begin(struct buf *b, uint8_t type, uint8_t flags, uint32_t isolate, uint32_t stream);
void buf_frame_end(struct buf *b, size_t mark);

struct reader {
  const uint8_t *p;
  size_t left;
  bool bad;
};

struct reader reader_over(const void *p, size_t n);
uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
const uint8_t *read_bytes_borrow(struct reader *r, size_t n);
const char *read_str_borrow(struct reader *r, size_t *n); /* u32 length, bytes; not NUL-terminated; never NULL */

#endif
