/* utf8.h: is this UTF-8? Asked piece by piece (Unicode's table 3-7). Start with zeros. */
#ifndef MAYFLY_GATEWAY_UTF8_H
#define MAYFLY_GATEWAY_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/layer.h"
#if LAYER < LAYER_GATEWAY
#error "utf8.h belongs to the gateway"
#endif

struct utf8 {
  uint8_t need;      /* bytes that the character begun still wants */
  uint8_t low, high; /* where the next of them must be */
};

/* False: no text that goes on like this is UTF-8. */
bool utf8_take(struct utf8 *u, const uint8_t *bytes, size_t length);
/* No character is begun and not ended. */
bool utf8_is_whole(const struct utf8 *u);
/* Bytes of the character that these bytes begin with; 0: they begin with none. */
size_t utf8_character(const char *bytes, size_t length);
/* The code of a whole character that makes a reader see another text than there is: one that ends a line, turns the
 * direction of writing, or is not seen at all. 0: it is none of these. */
uint32_t utf8_deceives(const char *character, size_t length);

#endif
