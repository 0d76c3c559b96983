/* utf8.c: see utf8.h. */
#include "gateway/utf8.h"

#include <string.h>

static bool begin(struct utf8 *u, uint8_t b) {
  u->low = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : 0x80;
  u->high = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : 0xBF;
  u->need = b >= 0xF0 ? 3 : b >= 0xE0 ? 2 : 1;
  return b >= 0xC2 && b <= 0xF4;
}

static size_t skip_ascii(const uint8_t *bytes, size_t length) {
  size_t at = 0;
  uint64_t eight;
  for (; at + sizeof eight <= length; at += sizeof eight) {
    memcpy(&eight, bytes + at, sizeof eight);
    if (eight & 0x8080808080808080u) break;
  }
  while (at < length && bytes[at] < 0x80) at++;
  return at;
}

bool utf8_take(struct utf8 *u, const uint8_t *bytes, size_t length) {
  for (size_t at = 0; at < length; at++) {
    if (!u->need) at += skip_ascii(bytes + at, length - at);
    if (at == length) break;
    if (!u->need) {
      if (!begin(u, bytes[at])) return false;
      continue;
    }
    if (bytes[at] < u->low || bytes[at] > u->high) return false;
    u->low = 0x80;
    u->high = 0xBF;
    u->need--;
  }
  return true;
}

bool utf8_is_whole(const struct utf8 *u) { return !u->need; }

size_t utf8_character(const char *bytes, size_t length) {
  struct utf8 u = {0};
  for (size_t n = 0; n < 4 && n < length; n++) {
    if (!utf8_take(&u, (const uint8_t *)bytes + n, 1)) return 0;
    if (utf8_is_whole(&u)) return n + 1;
  }
  return 0;
}
