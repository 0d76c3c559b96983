/* jsontext.c: see jsontext.h. */
#include "gateway/jsontext.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "gateway/utf8.h"

void json_put(struct buf *out, const char *text) { buf_put(out, text, strlen(text)); }

/* Controls, those of C1, DEL and the two line separators of Unicode are escaped too: a line stays one, and no terminal
 * is driven. */
static size_t escape(char (*out)[8], const char *text, size_t length) {
  unsigned char c = (unsigned char)text[0], d = length > 1 ? (unsigned char)text[1] : 0;
  unsigned code = 0;
  if (c == '"' || c == '\\') return (size_t)snprintf(*out, sizeof *out, "\\%c", c);
  if (c == '\n') return (size_t)snprintf(*out, sizeof *out, "\\n");
  if (c < 0x20 || c == 0x7f) code = c;
  if (length == 2 && c == 0xc2 && d < 0xa0) code = d;
  if (length == 3 && c == 0xe2 && d == 0x80 && ((unsigned char)text[2] & 0xfe) == 0xa8)
    code = 0x2000u + ((unsigned char)text[2] & 0x3fu);
  if (code || !c) return (size_t)snprintf(*out, sizeof *out, "\\u%04x", code);
  memcpy(*out, text, length);
  return length;
}

void json_put_cut(struct buf *out, const char *text, size_t length, size_t most) {
  char one[8];
  buf_put_u8(out, '"');
  for (size_t i = 0; i < length;) {
    size_t n = utf8_character(text + i, length - i);
    size_t written = n ? escape(&one, text + i, n) : (size_t)snprintf(one, sizeof one, "\xef\xbf\xbd");
    if (written > most) break;
    most -= written;
    buf_put(out, one, written);
    i += n ? n : 1;
  }
  buf_put_u8(out, '"');
}

void json_put_string(struct buf *out, const char *text, size_t length) { json_put_cut(out, text, length, SIZE_MAX); }
