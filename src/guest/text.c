/* text.c: UTF-8 both ways and structured clone, for the platform. */
#include <stdlib.h>
#include <string.h>

#include "guest/guest.h"

/* The engine writes a lone surrogate as three bytes ED A0..BF xx; a USVString has U+FFFD there, also three bytes. */
static void replace_surrogates(uint8_t *p, size_t n) {
  for (uint8_t *end = p + n; (p = memchr(p, 0xED, (size_t)(end - p))) && end - p >= 3; p++)
    if (p[1] >= 0xA0) memcpy(p, "\xEF\xBF\xBD", 3);
}

static JSValue utf8_encode(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t n;
  const char *s = JS_ToCStringLen(ctx, &n, argv[0]);
  if (!s) return JS_EXCEPTION;
  JSValue a = JS_NewUint8ArrayCopy(ctx, (const uint8_t *)s, n);
  JS_FreeCString(ctx, s);
  uint8_t *p = JS_IsException(a) ? NULL : JS_GetUint8Array(ctx, &n, a);
  if (p) replace_surrogates(p, n);
  return a;
}

/* How many bytes of s (well-formed UTF-8, n bytes) fit `room` without cutting a character; *units: UTF-16 units. */
static size_t fit(const uint8_t *s, size_t n, size_t room, uint32_t *units) {
  size_t at = 0;
  *units = 0;
  while (at < n) {
    size_t w = s[at] < 0x80 ? 1 : s[at] < 0xE0 ? 2 : s[at] < 0xF0 ? 3 : 4;
    if (at + w > room) break;
    at += w;
    *units += w == 4 ? 2 : 1;
  }
  return at;
}

static JSValue utf8_encode_into(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t n, room;
  uint32_t units;
  const char *s = JS_ToCStringLen(ctx, &n, argv[0]);
  if (!s) return JS_EXCEPTION;
  uint8_t *to = JS_GetUint8Array(ctx, &room, argv[1]);
  size_t take = fit((const uint8_t *)s, n, to ? room : 0, &units);
  if (to) {
    memcpy(to, s, take);
    replace_surrogates(to, take);
  }
  JS_FreeCString(ctx, s);
  JSValue pair[] = {JS_NewUint32(ctx, units), JS_NewUint32(ctx, (uint32_t)take)};
  return JS_NewArrayFrom(ctx, 2, pair);
}

/* Length of the well-formed sequence at p, or minus the length of the maximal ill-formed prefix to replace
 * (Encoding standard, UTF-8 decoder; Unicode's table 3-7). */
static int sequence(const uint8_t *p, size_t left) {
  uint8_t b = p[0], low = 0x80, high = 0xBF;
  int need = b < 0x80 ? 0 : b >= 0xC2 && b <= 0xDF ? 1 : b >= 0xE0 && b <= 0xEF ? 2 : b >= 0xF0 && b <= 0xF4 ? 3 : -1;
  if (need < 0) return -1;
  if (b == 0xE0) low = 0xA0;
  if (b == 0xED) high = 0x9F;
  if (b == 0xF0) low = 0x90;
  if (b == 0xF4) high = 0x8F;
  for (int i = 1; i <= need; i++) {
    if ((size_t)i >= left || p[i] < low || p[i] > high) return -i;
    low = 0x80;
    high = 0xBF;
  }
  return need + 1;
}

/* Offset of the first ill-formed sequence, or n. */
static size_t well_formed(const uint8_t *p, size_t n) {
  size_t at = 0;
  while (at < n) {
    int w = p[at] < 0x80 ? 1 : sequence(p + at, n - at);
    if (w < 0) break;
    at += (size_t)w;
  }
  return at;
}

static JSValue decode_repaired(JSContext *ctx, const uint8_t *p, size_t n) {
  struct buf b;
  buf_init(&b, n * 3 + 3);
  for (size_t at = 0; at < n;) {
    int w = sequence(p + at, n - at);
    if (w > 0) {
      buf_put(&b, p + at, (size_t)w);
    } else {
      buf_put(&b, "\xEF\xBF\xBD", 3);
      w = -w;
    }
    at += (size_t)w;
  }
  JSValue v = b.bad ? JS_ThrowOutOfMemory(ctx) : JS_NewStringLen(ctx, (const char *)b.data, b.len);
  buf_free(&b);
  return v;
}

JSValue text_decode_utf8(JSContext *ctx, const uint8_t *p, size_t n) {
  return well_formed(p, n) == n ? JS_NewStringLen(ctx, (const char *)p, n) : decode_repaired(ctx, p, n);
}

size_t text_fit_utf8(uint8_t *to, size_t room, const char *s, size_t n) {
  uint32_t units;
  size_t take = fit((const uint8_t *)s, n, room, &units);
  memcpy(to, s, take);
  replace_surrogates(to, take);
  return take;
}

static JSValue utf8_decode(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t n;
  const uint8_t *p = JS_GetUint8Array(ctx, &n, argv[0]);
  if (!p && JS_HasException(ctx)) return JS_EXCEPTION;
  bool fatal = JS_ToBool(ctx, argv[1]), keep_bom = JS_ToBool(ctx, argv[2]);
  if (!keep_bom && n >= 3 && !memcmp(p, "\xEF\xBB\xBF", 3)) p += 3, n -= 3;
  if (well_formed(p, n) == n) return JS_NewStringLen(ctx, (const char *)p, n);
  return fatal ? JS_ThrowTypeError(ctx, "Failed to decode input.") : decode_repaired(ctx, p, n);
}

/* latin1Decode(Uint8Array): each byte the character of its number */
static JSValue latin1_decode(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t n;
  const uint8_t *p = JS_GetUint8Array(ctx, &n, argv[0]);
  if (!p && JS_HasException(ctx)) return JS_EXCEPTION;
  return engine_new_latin1(ctx, p, n);
}

enum { CLONE_MAX = 256 << 20 };

static JSValue serialize(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct buf b;
  buf_init(&b, CLONE_MAX);
  JSValue v = clone_write(ctx, &b, argv[0], NULL) ? JS_EXCEPTION : JS_NewArrayBufferCopy(ctx, b.data, b.len);
  buf_free(&b);
  return v;
}

static JSValue deserialize(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t n;
  const uint8_t *p = JS_GetArrayBuffer(ctx, &n, argv[0]);
  if (!p) return JS_EXCEPTION;
  struct reader r = reader_over(p, n);
  return clone_read(ctx, &r, NULL);
}

static JSValue hooks(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  clone_hooks(ctx, argv[0], argv[1], argv[2]);
  return JS_UNDEFINED;
}

void text_init(JSContext *ctx, JSValueConst native) {
  JS_SetPropertyStr(ctx, native, "utf8Encode", JS_NewCFunction(ctx, utf8_encode, "utf8Encode", 1));
  JS_SetPropertyStr(ctx, native, "utf8EncodeInto", JS_NewCFunction(ctx, utf8_encode_into, "utf8EncodeInto", 2));
  JS_SetPropertyStr(ctx, native, "utf8Decode", JS_NewCFunction(ctx, utf8_decode, "utf8Decode", 3));
  JS_SetPropertyStr(ctx, native, "latin1Decode", JS_NewCFunction(ctx, latin1_decode, "latin1Decode", 1));
  JS_SetPropertyStr(ctx, native, "cloneHooks", JS_NewCFunction(ctx, hooks, "cloneHooks", 3));
  JS_SetPropertyStr(ctx, native, "serialize", JS_NewCFunction(ctx, serialize, "serialize", 1));
  JS_SetPropertyStr(ctx, native, "deserialize", JS_NewCFunction(ctx, deserialize, "deserialize", 1));
}
