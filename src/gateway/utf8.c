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

/* In order. Unicode's property Default_Ignorable_Code_Point, without the variation selectors that emoji have
 * (U+FE00-FE0F), and U+2028, U+2029, U+FFF9-FFFB. */
static const struct {
  uint32_t first, last;
} deceiving[] = {
    {0xad, 0xad},     {0x34f, 0x34f},     {0x61c, 0x61c},     {0x115f, 0x1160},   {0x17b4, 0x17b5}, {0x180b, 0x180f},
    {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfeff, 0xfeff}, {0xffa0, 0xffa0},
    {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

uint32_t utf8_deceives(const char *character, size_t length) {
  static const uint8_t begins[] = {0, 0x7f, 0x1f, 0x0f, 0x07}; /* bits of the first byte that count */
  if (length < 2 || length > 4) return 0;
  uint32_t code = (uint8_t)character[0] & begins[length];
  for (size_t i = 1; i < length; i++) code = code << 6 | ((uint8_t)character[i] & 0x3fu);
  for (size_t i = 0; i < sizeof deceiving / sizeof *deceiving && deceiving[i].first <= code; i++)
    if (code <= deceiving[i].last) return code;
  return 0;
}

size_t utf8_character(const char *bytes, size_t length) {
  struct utf8 u = {0};
  for (size_t n = 0; n < 4 && n < length; n++) {
    if (!utf8_take(&u, (const uint8_t *)bytes + n, 1)) return 0;
    if (utf8_is_whole(&u)) return n + 1;
  }
  return 0;
}
