/* lists.c: flat lists, and what a header's name and value may be (Fetch standard, "header name", "header value"). */
#include "guest/lists.h"

#include <string.h>

#include "guest/guest.h"

static bool same(JSContext *ctx, JSValueConst a, JSValueConst b) {
  return JS_VALUE_GET_PTR(a) == JS_VALUE_GET_PTR(b) || JS_IsStrictEqual(ctx, a, b);
}

static JSValue join(JSContext *ctx, JSValue a, JSValueConst b) {
  return engine_concat(ctx, engine_concat(ctx, a, JS_NewString(ctx, ", ")), JS_DupValue(ctx, b));
}

JSValue list_get(JSContext *ctx, JSValueConst list, JSValueConst name) {
  JSValue *v, found = JS_NULL;
  uint32_t n = engine_array(list, &v);
  for (uint32_t i = 0; i + 1 < n; i += 2) {
    if (!same(ctx, v[i], name)) continue;
    found = JS_IsNull(found) ? JS_DupValue(ctx, v[i + 1]) : join(ctx, found, v[i + 1]);
  }
  return found;
}

bool list_has(JSContext *ctx, JSValueConst list, JSValueConst name) {
  JSValue *v;
  uint32_t n = engine_array(list, &v);
  for (uint32_t i = 0; i + 1 < n; i += 2)
    if (same(ctx, v[i], name)) return true;
  return false;
}

int list_append(JSContext *ctx, JSValueConst list, JSValue name, JSValue value) {
  if (!engine_array_push(ctx, list, name)) return engine_array_push(ctx, list, value);
  JS_FreeValue(ctx, value);
  return -1;
}

/* From entry `from` on, without those of that name. */
static void drop(JSContext *ctx, JSValueConst list, JSValueConst name, uint32_t from) {
  JSValue *v;
  uint32_t n = engine_array(list, &v), to = from;
  for (uint32_t i = from; i + 1 < n; i += 2) {
    if (same(ctx, v[i], name)) continue;
    if (to != i) {
      JSValue pair[2] = {v[to], v[to + 1]};
      v[to] = v[i], v[to + 1] = v[i + 1];
      v[i] = pair[0], v[i + 1] = pair[1];
    }
    to += 2;
  }
  if (to < n) engine_array_truncate(ctx, list, to);
}

int list_delete(JSContext *ctx, JSValueConst list, JSValueConst name) {
  drop(ctx, list, name, 0);
  return 0;
}

int list_set(JSContext *ctx, JSValueConst list, JSValue name, JSValue value) {
  JSValue *v;
  uint32_t n = engine_array(list, &v), i = 0;
  while (i + 1 < n && !same(ctx, v[i], name)) i += 2;
  if (i + 1 >= n) return list_append(ctx, list, name, value);
  JSValue old = v[i + 1];
  v[i + 1] = value;
  drop(ctx, list, name, i + 2);
  JS_FreeValue(ctx, old);
  JS_FreeValue(ctx, name);
  return 0;
}

/* ---- headers ---- */

/* By character: what it is in lower case when a header's name may have it (RFC 9110, "token"), else 0. */
static uint8_t token(uint8_t c) {
  if (c >= 'A' && c <= 'Z') return (uint8_t)(c + 32);
  if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) return c;
  return c && strchr("!#$%&'*+-.^_`|~", c) ? c : 0;
}

static uint8_t tokens[256]; /* of token(), made at boot */

static JSValue lower_case(JSContext *ctx, JSValue name, const uint8_t *p, size_t n) {
  uint8_t small[256], *to = n <= sizeof small ? small : js_malloc(ctx, n);
  if (!to) return JS_EXCEPTION;
  for (size_t i = 0; i < n; i++) to[i] = tokens[p[i]];
  JSValue lower = engine_new_latin1(ctx, to, n);
  if (to != small) js_free(ctx, to);
  JS_FreeValue(ctx, name);
  return lower;
}

JSValue header_name(JSContext *ctx, JSValueConst name) {
  JSValue text = JS_IsString(name) ? JS_DupValue(ctx, name) : JS_ToString(ctx, name), flat;
  const uint8_t *p;
  size_t n;
  if (JS_IsException(text)) return text;
  bool ok = engine_latin1(ctx, text, &flat, &p, &n), lower = true;
  JS_FreeValue(ctx, text);
  for (size_t i = 0; ok && i < n; i++) {
    ok = tokens[p[i]] != 0;
    lower = lower && tokens[p[i]] == p[i];
  }
  if (ok) return lower ? flat : lower_case(ctx, flat, p, n);
  JS_FreeValue(ctx, flat);
  return JS_ThrowTypeError(ctx, "Invalid header name.");
}

static bool is_space(uint32_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

JSValue header_value(JSContext *ctx, JSValueConst value) {
  JSValue text = JS_IsString(value) ? JS_DupValue(ctx, value) : JS_ToString(ctx, value), flat;
  if (JS_IsException(text)) return text;
  struct engine_text t;
  flat = engine_text(ctx, text, &t);
  JS_FreeValue(ctx, text);
  if (JS_IsException(flat)) return flat;
  uint32_t from = 0, to = t.length;
  while (from < to && is_space(engine_char(&t, from))) from++;
  while (to > from && is_space(engine_char(&t, to - 1))) to--;
  for (uint32_t i = from; i < to; i++) {
    uint32_t c = engine_char(&t, i);
    if (c > '\r' || (c != 0 && c != '\r' && c != '\n')) continue;
    JS_FreeValue(ctx, flat);
    return JS_ThrowTypeError(ctx, "Invalid header value.");
  }
  JSValue trimmed = engine_substring(ctx, flat, from, to);
  JS_FreeValue(ctx, flat);
  return trimmed;
}

/* ---- for the platform ---- */

static JSValue native_get(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return list_get(ctx, argv[0], argv[1]);
}

static JSValue native_has(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return JS_NewBool(ctx, list_has(ctx, argv[0], argv[1]));
}

static JSValue native_append(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  int r = list_append(ctx, argv[0], JS_DupValue(ctx, argv[1]), JS_DupValue(ctx, argv[2]));
  return r ? JS_EXCEPTION : JS_UNDEFINED;
}

static JSValue native_set(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  int r = list_set(ctx, argv[0], JS_DupValue(ctx, argv[1]), JS_DupValue(ctx, argv[2]));
  return r ? JS_EXCEPTION : JS_UNDEFINED;
}

static JSValue native_delete(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return list_delete(ctx, argv[0], argv[1]) ? JS_EXCEPTION : JS_UNDEFINED;
}

static JSValue native_name(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return header_name(ctx, argv[0]);
}

static JSValue native_value(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return header_value(ctx, argv[0]);
}

void lists_init(JSContext *ctx, JSValueConst native) {
  for (int c = 0; c < 256; c++) tokens[c] = token((uint8_t)c);
  JS_SetPropertyStr(ctx, native, "listGet", JS_NewCFunction(ctx, native_get, "listGet", 2));
  JS_SetPropertyStr(ctx, native, "listHas", JS_NewCFunction(ctx, native_has, "listHas", 2));
  JS_SetPropertyStr(ctx, native, "listAppend", JS_NewCFunction(ctx, native_append, "listAppend", 3));
  JS_SetPropertyStr(ctx, native, "listSet", JS_NewCFunction(ctx, native_set, "listSet", 3));
  JS_SetPropertyStr(ctx, native, "listDelete", JS_NewCFunction(ctx, native_delete, "listDelete", 2));
  JS_SetPropertyStr(ctx, native, "headerName", JS_NewCFunction(ctx, native_name, "headerName", 1));
  JS_SetPropertyStr(ctx, native, "headerValue", JS_NewCFunction(ctx, native_value, "headerValue", 1));
}
