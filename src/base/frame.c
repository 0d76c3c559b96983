/* frame.c: the static rules of frame.h as code. */
#include "base/frame.h"

#include <stddef.h>

static const struct {
  const char *name;
  uint8_t from;
  uint32_t smallest;
} table[FRAME_TYPE_LAST + 1] = {
#define FRAME(name, number, from, smallest) [number] = {#name, from, smallest},
    FRAME_TABLE(FRAME)
#undef FRAME
};

const char *frame_check(const struct frame_header *h, enum frame_from from) {
  if (h->type == 0 || h->type > FRAME_TYPE_LAST) return "unknown frame type";
  if (!(table[h->type].from & from)) return "frame type not allowed from this side";
  if (h->length > FRAME_PAYLOAD_MAX) return "frame too long";
  if (h->length < table[h->type].smallest) return "frame too short";
  if (h->zero || (h->flags & ~FRAME_FLAGS)) return "reserved bits set in a frame";
  return NULL;
}

const char *frame_name(unsigned type) { return type <= FRAME_TYPE_LAST && table[type].name ? table[type].name : "?"; }
