/* bytes.c: bytes as text and text as bytes in the encodings of Node's Buffer, searches in bytes.
 *
 * Text that cannot be bytes is not an error here: what is no digit of base64 is skipped and hex ends at the first pair
 * that is none, as in Node.
 */
#include <stdlib.h>
#include <string.h>

#include "guest/guest.h"

/* In the order of Node's own numbers, which its library uses. */
enum encoding { ASCII, UTF8, BASE64, UTF16LE, LATIN1, HEX, BUFFER, BASE64URL };

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* A number between 0 and most; what is no number is `otherwise`. Runs no code of the Worker's. */
static size_t bound(JSContext *ctx, JSValueConst v, size_t most, size_t otherwise) {
  double d;
  if (!JS_IsNumber(v) || JS_ToFloat64(ctx, &d, v)) return otherwise;
  return d >= (double)most ? most : d > 0 ? (size_t)d : 0;
}

/* A part of a Uint8Array. The bounds that a Worker gave are held to its length. */
static const uint8_t *part(JSContext *ctx, JSValueConst array, JSValueConst from, JSValueConst to, size_t *n) {
  size_t length = 0;
  const uint8_t *p = JS_GetUint8Array(ctx, &length, array);
  if (JS_HasException(ctx)) return NULL;
  size_t start = bound(ctx, from, length, 0), end = bound(ctx, to, length, length);
  *n = end > start ? end - start : 0;
  return p ? p + start : (const uint8_t *)"";
}

static size_t put_base64(char *out, const uint8_t *p, size_t n, const char *digits, bool pad) {
  char *to = out;
  for (; n >= 3; p += 3, n -= 3) {
    *to++ = digits[p[0] >> 2];
    *to++ = digits[(p[0] & 3) << 4 | p[1] >> 4];
    *to++ = digits[(p[1] & 15) << 2 | p[2] >> 6];
    *to++ = digits[p[2] & 63];
  }
  if (n) {
    *to++ = digits[p[0] >> 2];
    *to++ = digits[(p[0] & 3) << 4 | (n == 2 ? p[1] >> 4 : 0)];
    if (n == 2) *to++ = digits[(p[1] & 15) << 2];
    for (size_t i = n; pad && i < 3; i++) *to++ = '=';
  }
  return (size_t)(to - out);
}

static size_t put_hex(char *out, const uint8_t *p, size_t n) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < n; i++) {
    out[2 * i] = digits[p[i] >> 4];
    out[2 * i + 1] = digits[p[i] & 15];
  }
  return 2 * n;
}

static size_t put_ascii(char *out, const uint8_t *p, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = (char)(p[i] & 0x7F);
  return n;
}

static JSValue utf16_text(JSContext *ctx, const uint8_t *p, size_t n) {
  uint16_t *units = js_malloc(ctx, n + 2);
  if (!units) return JS_EXCEPTION;
  memcpy(units, p, n & ~(size_t)1);
  JSValue v = JS_NewStringUTF16(ctx, units, n / 2);
  js_free(ctx, units);
  return v;
}

/* bytesToText(Uint8Array, encoding, start, end) */
static JSValue bytes_to_text(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t n;
  int32_t encoding;
  const uint8_t *p = part(ctx, argv[0], argv[2], argv[3], &n);
  if (!p || JS_ToInt32(ctx, &encoding, argv[1])) return JS_EXCEPTION;
  if (encoding == UTF8 || encoding == BUFFER) return text_decode_utf8(ctx, p, n);
  if (encoding == UTF16LE) return utf16_text(ctx, p, n);
  if (encoding == LATIN1) return engine_new_latin1(ctx, p, n);
  if (n > INT32_MAX / 2) return JS_ThrowRangeError(ctx, "Invalid string length");
  char *text = js_malloc(ctx, n * 2 + 4);
  if (!text) return JS_EXCEPTION;
  size_t length = encoding == HEX         ? put_hex(text, p, n)
                  : encoding == ASCII     ? put_ascii(text, p, n)
                  : encoding == BASE64URL ? put_base64(text, p, n, base64url_digits, false)
                                          : put_base64(text, p, n, base64_digits, true);
  JSValue v = engine_new_latin1(ctx, (const uint8_t *)text, length);
  js_free(ctx, text);
  return v;
}

static int base64_value(unsigned c) {
  if (c >= 'A' && c <= 'Z') return (int)c - 'A';
  if (c >= 'a' && c <= 'z') return (int)c - 'a' + 26;
  if (c >= '0' && c <= '9') return (int)c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  return c == '/' || c == '_' ? 63 : -1;
}

static size_t take_base64(uint8_t *to, size_t room, const uint16_t *s, size_t n) {
  uint32_t bits = 0;
  int have = 0;
  size_t at = 0;
  for (size_t i = 0; i < n && s[i] != '=' && at < room; i++) {
    int digit = base64_value(s[i]);
    if (digit < 0) continue;
    bits = bits << 6 | (uint32_t)digit;
    have += 6;
    if (have < 8) continue;
    have -= 8;
    to[at++] = (uint8_t)(bits >> have);
  }
  return at;
}

static int hex_value(unsigned c) {
  if (c >= '0' && c <= '9') return (int)c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? (int)c - 'a' + 10 : -1;
}

static size_t take_hex(uint8_t *to, size_t room, const uint16_t *s, size_t n) {
  size_t at = 0;
  for (; at < room && 2 * at + 1 < n; at++) {
    int high = hex_value(s[2 * at]), low = hex_value(s[2 * at + 1]);
    if (high < 0 || low < 0) break;
    to[at] = (uint8_t)(high << 4 | low);
  }
  return at;
}

static size_t take_utf16(uint8_t *to, size_t room, const uint16_t *s, size_t n) {
  size_t bytes = n * 2 < room ? n * 2 : room & ~(size_t)1;
  memcpy(to, s, bytes);
  return bytes;
}

static size_t take_latin1(uint8_t *to, size_t room, const uint16_t *s, size_t n) {
  if (n > room) n = room;
  for (size_t i = 0; i < n; i++) to[i] = (uint8_t)s[i];
  return n;
}

static size_t take_utf8(JSContext *ctx, uint8_t *to, size_t room, JSValueConst string) {
  size_t n, taken = 0;
  const char *s = JS_ToCStringLen(ctx, &n, string);
  if (s) taken = text_fit_utf8(to, room, s, n);
  JS_FreeCString(ctx, s);
  return taken;
}

/* textToBytes(string, encoding, Uint8Array, offset, length) -> how many bytes it wrote */
static JSValue text_to_bytes(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t n, room, wrote;
  int32_t encoding;
  if (JS_ToInt32(ctx, &encoding, argv[1])) return JS_EXCEPTION;
  const uint16_t *s = JS_ToCStringLenUTF16(ctx, &n, argv[0]);
  if (!s) return JS_EXCEPTION;
  uint8_t *to = JS_GetUint8Array(ctx, &room, argv[2]);
  if (!to) {
    JS_FreeCStringUTF16(ctx, s);
    return JS_HasException(ctx) ? JS_EXCEPTION : JS_NewInt32(ctx, 0);
  }
  size_t offset = bound(ctx, argv[3], room, 0);
  to += offset;
  room = bound(ctx, argv[4], room - offset, room - offset);
  wrote = encoding == UTF8 || encoding == BUFFER        ? take_utf8(ctx, to, room, argv[0])
          : encoding == HEX                             ? take_hex(to, room, s, n)
          : encoding == UTF16LE                         ? take_utf16(to, room, s, n)
          : encoding == BASE64 || encoding == BASE64URL ? take_base64(to, room, s, n)
                                                        : take_latin1(to, room, s, n);
  JS_FreeCStringUTF16(ctx, s);
  return JS_NewInt64(ctx, (int64_t)wrote);
}

/* utf8Length(string) */
static JSValue utf8_length(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t n;
  const char *s = JS_ToCStringLen(ctx, &n, argv[0]);
  if (!s) return JS_EXCEPTION;
  JS_FreeCString(ctx, s);
  return JS_NewInt64(ctx, (int64_t)n);
}

/* compareBytes(a, b) -> -1, 0, 1 */
static JSValue compare_bytes(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t n, m;
  const uint8_t *a = part(ctx, argv[0], JS_UNDEFINED, JS_UNDEFINED, &n),
                *b = part(ctx, argv[1], JS_UNDEFINED, JS_UNDEFINED, &m);
  if (!a || !b) return JS_EXCEPTION;
  int r = memcmp(a, b, n < m ? n : m);
  return JS_NewInt32(ctx, r ? (r < 0 ? -1 : 1) : (n > m) - (n < m));
}

/* findBytes(haystack, needle, from, forward, step) -> offset or -1. `from` is an offset within the haystack. */
static JSValue find_bytes(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t n, m;
  int32_t step;
  const uint8_t *p = part(ctx, argv[0], JS_UNDEFINED, JS_UNDEFINED, &n),
                *q = part(ctx, argv[1], JS_UNDEFINED, JS_UNDEFINED, &m);
  bool forward = JS_ToBool(ctx, argv[3]);
  if (!p || !q || JS_ToInt32(ctx, &step, argv[4])) return JS_EXCEPTION;
  if (m > n || step < 1) return JS_NewInt32(ctx, -1);
  int64_t last = (int64_t)(n - m), from = (int64_t)bound(ctx, argv[2], n, 0);
  if (!forward && from > last) from = last;
  for (int64_t at = from; at >= 0 && at <= last; at += forward ? 1 : -1)
    if (at % step == 0 && !memcmp(p + at, q, m)) return JS_NewInt64(ctx, at);
  return JS_NewInt32(ctx, -1);
}

void bytes_init(JSContext *ctx, JSValueConst native) {
  JS_SetPropertyStr(ctx, native, "bytesToText", JS_NewCFunction(ctx, bytes_to_text, "bytesToText", 4));
  JS_SetPropertyStr(ctx, native, "textToBytes", JS_NewCFunction(ctx, text_to_bytes, "textToBytes", 5));
  JS_SetPropertyStr(ctx, native, "utf8Length", JS_NewCFunction(ctx, utf8_length, "utf8Length", 1));
  JS_SetPropertyStr(ctx, native, "compareBytes", JS_NewCFunction(ctx, compare_bytes, "compareBytes", 2));
  JS_SetPropertyStr(ctx, native, "findBytes", JS_NewCFunction(ctx, find_bytes, "findBytes", 5));
}
