/* jsontext.c: see jsontext.h. */
#include "gateway/jsontext.h"

#include <stdint.h>
#include <string.h>

#include "gateway/utf8.h"

void json_put(struct buf *out, const char *text) { buf_put(out, text, strlen(text)); }

enum { ESCAPE_MAX = 12 };

static size_t escape_unit(char *out, uint32_t code) {
  static const char digits[] = "0123456789abcdef";
  const char text[] = {
      '\\', 'u', digits[code >> 12 & 15], digits[code >> 8 & 15], digits[code >> 4 & 15], digits[code & 15]};
  memcpy(out, text, sizeof text);
  return sizeof text;
}

/* What is beyond 16 bits is a pair of surrogates. */
static size_t escape_code(char (*out)[ESCAPE_MAX], uint32_t code) {
  if (code < 0x10000) return escape_unit(*out, code);
  size_t n = escape_unit(*out, 0xd800 + ((code - 0x10000) >> 10));
  return n + escape_unit(*out + n, 0xdc00 + (code & 0x3ff));
}

/* Controls, those of C1, DEL, and what deceives are escaped too: a line stays one, no terminal is driven, and what is
 * read is what is there. */
static size_t escape(char (*out)[ESCAPE_MAX], const char *text, size_t length) {
  unsigned char c = (unsigned char)text[0], d = length > 1 ? (unsigned char)text[1] : 0;
  if (c == '"' || c == '\\' || c == '\n') {
    (*out)[0] = '\\';
    (*out)[1] = c == '\n' ? 'n' : (char)c;
    return 2;
  }
  if (c < 0x20 || c == 0x7f) return escape_code(out, c);
  if (length == 2 && c == 0xc2 && d < 0xa0) return escape_code(out, d);
  uint32_t code = utf8_deceives(text, length);
  if (code) return escape_code(out, code);
  memcpy(*out, text, length);
  return length;
}

/* How much from here on needs no escape. */
static size_t plain(const char *text, size_t length) {
  size_t n = 0;
  while (n < length && text[n] >= ' ' && text[n] < 0x7f && text[n] != '"' && text[n] != '\\') n++;
  return n;
}

void json_put_cut(struct buf *out, const char *text, size_t length, size_t most) {
  static const char unknown[] = "\xef\xbf\xbd";
  char one[ESCAPE_MAX];
  buf_put_u8(out, '"');
  for (size_t i = 0; i < length && !out->bad;) {
    size_t run = plain(text + i, length - i);
    if (run > most) run = most;
    buf_put(out, text + i, run);
    most -= run;
    if ((i += run) == length) break;
    size_t n = utf8_character(text + i, length - i), written = n ? escape(&one, text + i, n) : sizeof unknown - 1;
    if (written > most) break;
    most -= written;
    buf_put(out, n ? one : unknown, written);
    i += n ? n : 1;
  }
  buf_put_u8(out, '"');
}

void json_put_string(struct buf *out, const char *text, size_t length) { json_put_cut(out, text, length, SIZE_MAX); }
