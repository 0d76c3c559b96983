/* json_sink.c: where what Cap'n Web sends goes: JSON text, or (MessagePort) a tree of values that can be cloned. See
 * web.h.
 */
#include <stdio.h>
#include <string.h>

#include "guest/rpc/web.h"

void sink_init(struct sink *s, enum web_level level) {
  *s = (struct sink){.level = level, .key = JS_UNDEFINED, .root = JS_UNDEFINED};
  buf_init(&s->text, 2 * (size_t)RPC_MESSAGE_MAX);
}

void sink_free(struct sink *s) {
  buf_free(&s->text);
  for (uint32_t i = 0; i < s->depth; i++) JS_FreeValue(guest.ctx, s->stack[i]);
  js_free(guest.ctx, s->stack);
  JS_FreeValue(guest.ctx, s->key);
  JS_FreeValue(guest.ctx, s->root);
}

static bool is_text(const struct sink *s) { return s->level == LEVEL_STRING; }

JSValue sink_value(struct sink *s) {
  if (s->bad) return JS_EXCEPTION;
  if (!is_text(s)) return JS_DupValue(guest.ctx, s->root);
  if (s->text.bad) return JS_ThrowOutOfMemory(guest.ctx);
  return JS_NewStringLen(guest.ctx, (const char *)s->text.data, s->text.len);
}

void sink_before(struct sink *s) {
  if (s->comma) buf_put_u8(&s->text, ',');
  s->comma = true;
}

/* Takes the value over. */
void sink_put(struct sink *s, JSValue v) {
  if (JS_IsException(v)) {
    s->bad = true;
    return;
  }
  if (!s->depth) {
    JS_FreeValue(guest.ctx, s->root);
    s->root = v;
    return;
  }
  JSValueConst in = s->stack[s->depth - 1];
  if (JS_IsUndefined(s->key)) {
    if (engine_array_push(guest.ctx, in, v)) s->bad = true;
    return;
  }
  JSAtom name = JS_ValueToAtom(guest.ctx, s->key);
  if (JS_DefinePropertyValue(guest.ctx, in, name, v, JS_PROP_C_W_E) < 0) s->bad = true;
  JS_FreeAtom(guest.ctx, name);
  JS_FreeValue(guest.ctx, s->key);
  s->key = JS_UNDEFINED;
}

void sink_open(struct sink *s, char bracket) {
  if (is_text(s)) {
    sink_before(s);
    buf_put_u8(&s->text, (uint8_t)bracket);
    s->comma = false;
    return;
  }
  if (s->depth == s->room) {
    uint32_t room = s->room ? 2 * s->room : 16;
    JSValue *more = js_realloc(guest.ctx, s->stack, room * sizeof *more);
    if (!more) {
      s->bad = true;
      return;
    }
    s->stack = more;
    s->room = room;
  }
  JSValue made = bracket == '[' ? JS_NewArray(guest.ctx) : JS_NewObject(guest.ctx);
  sink_put(s, JS_DupValue(guest.ctx, made));
  s->stack[s->depth++] = made;
}

void sink_close(struct sink *s, char bracket) {
  if (is_text(s)) {
    buf_put_u8(&s->text, (uint8_t)bracket);
    s->comma = true;
  } else if (s->depth) {
    JS_FreeValue(guest.ctx, s->stack[--s->depth]);
  }
}

static void put_utf8(struct buf *b, uint32_t c) {
  uint8_t bytes[4];
  size_t n;
  if (c < 0x80)
    bytes[0] = (uint8_t)c, n = 1;
  else if (c < 0x800)
    bytes[0] = (uint8_t)(0xc0 | c >> 6), n = 2;
  else if (c < 0x10000)
    bytes[0] = (uint8_t)(0xe0 | c >> 12), n = 3;
  else
    bytes[0] = (uint8_t)(0xf0 | c >> 18), n = 4;
  for (size_t i = 1; i < n; i++) bytes[i] = (uint8_t)(0x80 | (c >> 6 * (n - 1 - i) & 0x3f));
  buf_put(b, bytes, n);
}

static void put_escaped(struct buf *b, uint32_t c) {
  static const char letters[] = "btnvfr"; /* from 8 on */
  char text[8];
  if (c == '"' || c == '\\')
    snprintf(text, sizeof text, "\\%c", (char)c);
  else if (c >= 8 && c <= 13 && c != 11)
    snprintf(text, sizeof text, "\\%c", letters[c - 8]);
  else
    snprintf(text, sizeof text, "\\u%04x", (unsigned)c);
  buf_put(b, text, strlen(text));
}

/* As JSON.stringify writes it. */
static void put_quoted(struct buf *b, JSValueConst v) {
  struct engine_text t;
  JSValue flat = engine_text(guest.ctx, v, &t);
  uint32_t from = 0;
  buf_put_u8(b, '"');
  for (uint32_t i = 0; !JS_IsException(flat) && i < t.length; i++) {
    uint32_t c = engine_char(&t, i), next = i + 1 < t.length ? engine_char(&t, i + 1) : 0;
    if (t.narrow && c >= 0x20 && c < 0x80 && c != '"' && c != '\\') continue;
    if (t.narrow) buf_put(b, t.narrow + from, i - from);
    if (c >= 0xd800 && c < 0xdc00 && next >= 0xdc00 && next < 0xe000)
      put_utf8(b, 0x10000 + ((c - 0xd800) << 10) + (next - 0xdc00)), i++;
    else if (c < 0x20 || c == '"' || c == '\\' || (c >= 0xd800 && c < 0xe000))
      put_escaped(b, c);
    else
      put_utf8(b, c);
    from = i + 1;
  }
  if (!JS_IsException(flat) && t.narrow) buf_put(b, t.narrow + from, t.length - from);
  buf_put_u8(b, '"');
  JS_FreeValue(guest.ctx, flat);
}

void sink_string(struct sink *s, JSValueConst v) {
  if (is_text(s))
    sink_before(s), put_quoted(&s->text, v);
  else
    sink_put(s, JS_DupValue(guest.ctx, v));
}

void sink_key(struct sink *s, JSAtom name) {
  JSValue text = JS_AtomToString(guest.ctx, name);
  if (is_text(s)) {
    sink_before(s);
    put_quoted(&s->text, text);
    buf_put_u8(&s->text, ':');
    s->comma = false;
    JS_FreeValue(guest.ctx, text);
  } else {
    JS_FreeValue(guest.ctx, s->key);
    s->key = text;
  }
}

void sink_literal(struct sink *s, const char *text) {
  sink_before(s);
  buf_put(&s->text, text, strlen(text));
}

void sink_cstr(struct sink *s, const char *text) {
  if (!is_text(s)) {
    sink_put(s, JS_NewString(guest.ctx, text));
    return;
  }
  sink_before(s);
  buf_put_u8(&s->text, '"');
  buf_put(&s->text, text, strlen(text));
  buf_put_u8(&s->text, '"');
}

void sink_int(struct sink *s, int64_t n) {
  char digits[24];
  char *at = digits + sizeof digits;
  uint64_t left = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
  if (!is_text(s)) {
    sink_put(s, JS_NewInt64(guest.ctx, n));
    return;
  }
  do *--at = (char)('0' + left % 10);
  while (left /= 10);
  if (n < 0) *--at = '-';
  sink_before(s);
  buf_put(&s->text, at, (size_t)(digits + sizeof digits - at));
}

/* A finite number, boolean, null or string. */
void sink_plain(struct sink *s, JSValueConst v) {
  if (JS_IsString(v)) {
    sink_string(s, v);
  } else if (!is_text(s)) {
    sink_put(s, JS_DupValue(guest.ctx, v));
  } else if (JS_IsBool(v)) {
    sink_literal(s, JS_VALUE_GET_BOOL(v) ? "true" : "false");
  } else if (JS_VALUE_GET_TAG(v) == JS_TAG_INT) {
    sink_int(s, JS_VALUE_GET_INT(v));
  } else if (JS_IsNumber(v)) {
    const char *text = JS_ToCString(guest.ctx, v);
    if (text) sink_literal(s, text);
    JS_FreeCString(guest.ctx, text);
  } else {
    sink_literal(s, "null");
  }
}

void sink_path(struct sink *s, const struct web_path *path) {
  sink_open(s, '[');
  for (uint32_t i = 0; i < path->count; i++) sink_plain(s, path->parts[i]);
  sink_close(s, ']');
}
