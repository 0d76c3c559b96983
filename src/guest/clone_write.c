/* clone_write.c: values out; see clone.h. */
#include "guest/clone_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEEN_BUCKETS_MIN = 64 };

/* Objects already written, by address, each with a reference, since a getter's value may have no other one and its
 * address would be used again: open addressing, grown at half full. */
struct seen {
  void **key;
  uint32_t *number, cap, count;
};

struct writer {
  JSContext *ctx;
  struct buf *out;
  const struct clone_more *more; /* or NULL */
  struct seen seen;
};

static int put_value(struct writer *w, JSValueConst v);

static int data_clone_error(JSContext *ctx, const char *what) {
  JS_ThrowDOMException(ctx, "DataCloneError", "%s", what);
  return -1;
}

static uint32_t seen_slot(const struct seen *s, void *p) {
  uint32_t i = (uint32_t)((uintptr_t)p >> 3) * 2654435761u & (s->cap - 1);
  while (s->key[i] && s->key[i] != p) i = (i + 1) & (s->cap - 1);
  return i;
}

static bool seen_grow(struct seen *s) {
  struct seen bigger = {.cap = s->cap ? s->cap * 2 : SEEN_BUCKETS_MIN, .count = s->count};
  bigger.key = calloc(bigger.cap, sizeof *bigger.key);
  bigger.number = malloc(bigger.cap * sizeof *bigger.number);
  if (!bigger.key || !bigger.number) {
    free(bigger.key);
    free(bigger.number);
    return false;
  }
  for (uint32_t i = 0; i < s->cap; i++) {
    if (!s->key[i]) continue;
    uint32_t to = seen_slot(&bigger, s->key[i]);
    bigger.key[to] = s->key[i];
    bigger.number[to] = s->number[i];
  }
  free(s->key);
  free(s->number);
  *s = bigger;
  return true;
}

/* 1: written before, and a reference was put; 0: noted, go on; -1: out of memory. */
static int seen_before(struct writer *w, JSValueConst v) {
  struct seen *s = &w->seen;
  void *p = JS_VALUE_GET_PTR(v);
  if (s->count * 2 >= s->cap && !seen_grow(s)) {
    JS_ThrowOutOfMemory(w->ctx);
    return -1;
  }
  uint32_t i = seen_slot(s, p);
  if (s->key[i]) {
    buf_put_u8(w->out, T_REF);
    buf_put_u32(w->out, s->number[i]);
    return 1;
  }
  s->key[i] = JS_VALUE_GET_PTR(JS_DupValue(w->ctx, v));
  s->number[i] = s->count++;
  return 0;
}

static int put_string(struct writer *w, JSValueConst v) {
  const uint8_t *p;
  size_t n;
  JSValue flat;
  if (engine_latin1(w->ctx, v, &flat, &p, &n)) {
    buf_put_u8(w->out, T_LATIN1);
    buf_put_str(w->out, p, n);
    JS_FreeValue(w->ctx, flat);
    return 0;
  }
  JS_FreeValue(w->ctx, flat);
  const uint16_t *wide = JS_ToCStringLenUTF16(w->ctx, &n, v);
  if (!wide) return -1;
  buf_put_u8(w->out, T_UTF16);
  buf_put_str(w->out, wide, n * 2);
  JS_FreeCStringUTF16(w->ctx, wide);
  return 0;
}

static int put_bigint(struct writer *w, JSValueConst v) {
  size_t n;
  const char *s = JS_ToCStringLen(w->ctx, &n, v);
  if (!s) return -1;
  buf_put_u8(w->out, T_BIGINT);
  buf_put_str(w->out, s, n);
  JS_FreeCString(w->ctx, s);
  return 0;
}

static int put_property(struct writer *w, JSValueConst object, JSAtom atom) {
  JSValue key = JS_AtomToString(w->ctx, atom), value = JS_GetProperty(w->ctx, object, atom);
  int r = JS_IsException(key) || JS_IsException(value) || put_value(w, key) || put_value(w, value) ? -1 : 0;
  JS_FreeValue(w->ctx, key);
  JS_FreeValue(w->ctx, value);
  return r;
}

/* Is it the name of an array's element? */
static bool is_index(const char *name) {
  enum { DIGITS_MAX = 10 };
  size_t n = strspn(name, "0123456789");
  return n && n <= DIGITS_MAX && !name[n] && (name[0] != '0' || n == 1) && strtoull(name, NULL, 10) < UINT32_MAX;
}

/* Not what an error has by itself, which its head says or the receiver makes; nor what is not sent of errors. */
static bool of_errors(struct writer *w, JSAtom name, bool enumerable) {
  static const char *const always[] = {"message", "stack", "__proto__"};
  static const char *const hidden[] = {"fileName", "lineNumber", "columnNumber"};
  const char *text = JS_AtomToCString(w->ctx, name);
  bool found = text && is_index(text);
  for (size_t i = 0; text && i < sizeof always / sizeof *always; i++) found |= !strcmp(text, always[i]);
  for (size_t i = 0; text && !enumerable && i < sizeof hidden / sizeof *hidden; i++) found |= !strcmp(text, hidden[i]);
  JS_FreeCString(w->ctx, text);
  return found;
}

/* Own string-keyed properties, as they are when they are reached (a getter may remove a later one): the enumerable
 * ones, or those of an error. */
static int put_some(struct writer *w, JSValueConst v, bool error) {
  JSPropertyEnum *tab;
  uint32_t n, written = 0;
  int which = JS_GPN_STRING_MASK | (error ? JS_GPN_SET_ENUM : JS_GPN_ENUM_ONLY);
  if (JS_GetOwnPropertyNames(w->ctx, &tab, &n, v, which) < 0) return -1;
  size_t mark = w->out->len;
  int r = 0;
  buf_put_u32(w->out, 0);
  for (uint32_t i = 0; i < n && !r; i++) {
    if (error && of_errors(w, tab[i].atom, tab[i].is_enumerable)) continue;
    r = JS_GetOwnProperty(w->ctx, NULL, v, tab[i].atom);
    if (r <= 0) continue;
    r = put_property(w, v, tab[i].atom);
    written++;
  }
  JS_FreePropertyEnum(w->ctx, tab, n);
  if (!w->out->bad) memcpy(w->out->data + mark, &written, sizeof written);
  return r;
}

static int put_properties(struct writer *w, JSValueConst v) { return put_some(w, v, false); }

static int put_array(struct writer *w, JSValueConst v) {
  JSPropertyEnum *tab;
  uint32_t n;
  int64_t length;
  if (JS_GetLength(w->ctx, v, &length) < 0) return -1;
  if (JS_GetOwnPropertyNames(w->ctx, &tab, &n, v, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY) < 0) return -1;
  JS_FreePropertyEnum(w->ctx, tab, n);
  if (n != length) {
    buf_put_u8(w->out, T_ARRAY);
    buf_put_u32(w->out, (uint32_t)length);
    return put_properties(w, v);
  }
  buf_put_u8(w->out, T_DENSE);
  buf_put_u32(w->out, n);
  for (uint32_t i = 0; i < n; i++) {
    JSValue item = JS_GetPropertyUint32(w->ctx, v, i);
    int r = JS_IsException(item) ? -1 : put_value(w, item);
    JS_FreeValue(w->ctx, item);
    if (r) return -1;
  }
  return 0;
}

static int put_named(struct writer *w, JSValueConst v, const char *name, const char *fallback) {
  JSValue p = JS_GetPropertyStr(w->ctx, v, name);
  if (JS_IsException(p)) return -1;
  bool none = JS_IsUndefined(p) || (w->more && !JS_IsString(p));
  JSValue s = none ? JS_NewString(w->ctx, fallback) : JS_ToString(w->ctx, p);
  int r = JS_IsException(s) ? -1 : put_string(w, s);
  JS_FreeValue(w->ctx, s);
  JS_FreeValue(w->ctx, p);
  return r;
}

/* u8 whether the property is its own, then its value. */
static int put_own(struct writer *w, JSValueConst v, const char *name) {
  JSAtom atom = JS_NewAtom(w->ctx, name);
  int has = JS_GetOwnProperty(w->ctx, NULL, v, atom), r = has < 0 ? -1 : 0;
  buf_put_u8(w->out, has > 0);
  if (has > 0) {
    JSValue value = JS_GetProperty(w->ctx, v, atom);
    r = JS_IsException(value) ? -1 : put_value(w, value);
    JS_FreeValue(w->ctx, value);
  }
  JS_FreeAtom(w->ctx, atom);
  return r;
}

static int put_error(struct writer *w, JSValueConst v) {
  buf_put_u8(w->out, T_ERROR);
  if (put_named(w, v, "name", "Error") || put_named(w, v, "message", "")) return -1;
  if (w->more) { /* the receiver makes its own */
    buf_put_u8(w->out, T_LATIN1);
    buf_put_str(w->out, "", 0);
    buf_put_u16(w->out, 0);
    if (!w->more->bare_errors) return put_some(w, v, true);
    buf_put_u32(w->out, 0);
    return 0;
  }
  if (put_named(w, v, "stack", "")) return -1;
  return put_own(w, v, "cause") || put_own(w, v, "errors") || put_properties(w, v) ? -1 : 0;
}

static int put_entries(struct writer *w, JSValueConst v, enum tag tag) {
  JSValue *entries;
  uint32_t n;
  int r = 0;
  if (engine_entries(w->ctx, v, &entries, &n)) return -1;
  buf_put_u8(w->out, tag);
  buf_put_u32(w->out, n);
  for (uint32_t i = 0; i < n; i++) {
    if (!r) r = put_value(w, entries[i]);
    JS_FreeValue(w->ctx, entries[i]);
  }
  js_free(w->ctx, entries);
  return r;
}

static int put_regexp(struct writer *w, JSValueConst v) {
  JSValue source, flags;
  if (engine_regexp(w->ctx, v, &source, &flags)) return -1;
  buf_put_u8(w->out, T_REGEXP);
  int r = put_string(w, source) || put_string(w, flags) ? -1 : 0;
  JS_FreeValue(w->ctx, source);
  JS_FreeValue(w->ctx, flags);
  return r;
}

static int put_buffer(struct writer *w, JSValueConst v) {
  size_t n;
  const uint8_t *p = JS_GetArrayBuffer(w->ctx, &n, v);
  if (!p && JS_HasException(w->ctx)) {
    JS_FreeValue(w->ctx, JS_GetException(w->ctx));
    return data_clone_error(w->ctx, "An ArrayBuffer is detached and could not be cloned.");
  }
  int64_t max = engine_buffer_max(v);
  buf_put_u8(w->out, max < 0 ? T_BUFFER : T_RESIZABLE);
  buf_put_str(w->out, p, n);
  if (max >= 0) buf_put_u32(w->out, (uint32_t)max);
  return 0;
}

static int put_view(struct writer *w, JSValueConst v) {
  static const uint8_t size[] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 2, 4, 8};
  int kind;
  size_t offset, length;
  bool tracks;
  JSValueConst buffer;
  if (engine_view(w->ctx, v, &kind, &buffer, &offset, &length, &tracks))
    return data_clone_error(w->ctx, JS_GetTypedArrayType(v) < 0 ? "#<DataView> could not be cloned."
                                                                : "[object Object] could not be cloned.");
  buf_put_u8(w->out, T_VIEW);
  buf_put_u8(w->out, (uint8_t)kind);
  buf_put_u8(w->out, tracks);
  if (put_value(w, buffer)) return -1;
  buf_put_u32(w->out, (uint32_t)offset);
  buf_put_u32(w->out, (uint32_t)(kind < 0 ? length : length / size[kind]));
  return 0;
}

static int put_box(struct writer *w, JSValueConst v) {
  JSValue inner = engine_unbox(w->ctx, v);
  buf_put_u8(w->out, T_BOX);
  int r = put_value(w, inner);
  JS_FreeValue(w->ctx, inner);
  return r;
}

struct clone_host clone_host;

void clone_hooks(JSContext *ctx, JSValueConst out, JSValueConst in, JSValueConst makers) {
  clone_host = (struct clone_host){JS_DupValue(ctx, out), JS_DupValue(ctx, in), JS_DupValue(ctx, makers)};
}

/* 1: an object of the platform, written; 0: it is none; -1: exception. */
static int put_host(struct writer *w, JSValueConst v) {
  JSValue made = JS_Call(w->ctx, w->more ? w->more->out : clone_host.out, JS_UNDEFINED, 1, &v);
  if (JS_IsException(made)) return -1;
  if (JS_IsUndefined(made)) return 0;
  buf_put_u8(w->out, T_HOST);
  int r = put_value(w, made);
  JS_FreeValue(w->ctx, made);
  return r ? -1 : 1;
}

static int put_more(struct writer *w, JSValueConst v) {
  size_t mark = w->out->len;
  buf_put_u8(w->out, T_MORE);
  int put = w->more->put(w->more->arg, w->out, v);
  if (!put && !w->out->bad) w->out->len = mark;
  return put;
}

/* "#<Name>", as V8 writes it; "[object Tag]" where the constructor is no function, or is behind a getter, and of boxed
 * symbols. */
static int refuse_object(struct writer *w, JSValueConst v) {
  JSValue constructor = engine_data(w->ctx, v, false), name;
  bool named = JS_IsFunction(w->ctx, constructor) && !engine_is_symbol(v);
  name = named ? JS_GetPropertyStr(w->ctx, constructor, "name") : engine_data(w->ctx, v, true);
  const char *text = JS_IsString(name) ? JS_ToCString(w->ctx, name) : NULL;
  if (!JS_HasException(w->ctx))
    JS_ThrowDOMException(w->ctx, "DataCloneError",
                         named ? "#<%.200s> could not be cloned." : "[object %.200s] could not be cloned.",
                         text ? text : "Object");
  JS_FreeCString(w->ctx, text);
  JS_FreeValue(w->ctx, name);
  JS_FreeValue(w->ctx, constructor);
  return -1;
}

static int refuse(struct writer *w, JSValueConst v, enum engine_class class) {
  if (class != CLASS_FUNCTION && class != CLASS_PROXY) return refuse_object(w, v);
  JSValue text_of = JS_GetPropertyStr(w->ctx, clone_host.makers, class == CLASS_PROXY ? "proxyText" : "text"),
          s = JS_Call(w->ctx, text_of, JS_UNDEFINED, 1, &v);
  JS_FreeValue(w->ctx, text_of);
  const char *text = JS_IsException(s) ? NULL : JS_ToCString(w->ctx, s);
  if (text) JS_ThrowDOMException(w->ctx, "DataCloneError", "%.200s could not be cloned.", text);
  JS_FreeCString(w->ctx, text);
  JS_FreeValue(w->ctx, s);
  return -1;
}

static int refuse_symbol(JSContext *ctx, JSValueConst v) {
  JSAtom atom = JS_ValueToAtom(ctx, v);
  const char *text = JS_AtomToCString(ctx, atom);
  if (text) JS_ThrowDOMException(ctx, "DataCloneError", "Symbol(%.200s) could not be cloned.", text);
  JS_FreeCString(ctx, text);
  JS_FreeAtom(ctx, atom);
  return -1;
}

static int put_object(struct writer *w, JSValueConst v) {
  int before = seen_before(w, v);
  if (before) return before < 0 ? -1 : 0;
  if (engine_stack_full(w->ctx)) {
    JS_ThrowRangeError(w->ctx, "Maximum call stack size exceeded");
    return -1;
  }
  enum engine_class class = engine_class(w->ctx, v);
  bool more = w->more && !w->more->plain;
  bool of_class = class == CLASS_OBJECT && engine_has_class(w->ctx, v, more);
  if (more && (of_class || class == CLASS_OTHER || class == CLASS_FUNCTION || class == CLASS_PROXY)) {
    int put = put_more(w, v);
    if (put) return put < 0 ? -1 : 0;
  }
  if (class == CLASS_OTHER || of_class) {
    int host = put_host(w, v);
    if (host) return host < 0 ? -1 : 0;
  }
  switch (class) {
    case CLASS_OBJECT:
      buf_put_u8(w->out, T_OBJECT);
      return put_properties(w, v);
    case CLASS_ARRAY:
      return put_array(w, v);
    case CLASS_ERROR:
      return put_error(w, v);
    case CLASS_NUMBER:
    case CLASS_STRING:
    case CLASS_BOOLEAN:
    case CLASS_BIGINT:
      return put_box(w, v);
    case CLASS_DATE: {
      uint64_t bits;
      double d = engine_date(w->ctx, v);
      memcpy(&bits, &d, 8);
      buf_put_u8(w->out, T_DATE);
      buf_put_u64(w->out, bits);
      return 0;
    }
    case CLASS_REGEXP:
      return put_regexp(w, v);
    case CLASS_ARRAY_BUFFER:
      return put_buffer(w, v);
    case CLASS_TYPED_ARRAY:
    case CLASS_DATA_VIEW:
      return put_view(w, v);
    case CLASS_MAP:
      return put_entries(w, v, T_MAP);
    case CLASS_SET:
      return put_entries(w, v, T_SET);
    default:
      return refuse(w, v, class);
  }
}

static int put_number(struct writer *w, JSValueConst v) {
  double d;
  uint64_t bits;
  JS_ToFloat64(w->ctx, &d, v);
  memcpy(&bits, &d, 8);
  buf_put_u8(w->out, T_DOUBLE);
  buf_put_u64(w->out, bits);
  return 0;
}

static int put_value(struct writer *w, JSValueConst v) {
  if (w->out->bad) return -1;
  switch (JS_VALUE_GET_NORM_TAG(v)) {
    case JS_TAG_UNDEFINED:
      buf_put_u8(w->out, T_UNDEFINED);
      return 0;
    case JS_TAG_NULL:
      buf_put_u8(w->out, T_NULL);
      return 0;
    case JS_TAG_BOOL:
      buf_put_u8(w->out, JS_VALUE_GET_BOOL(v) ? T_TRUE : T_FALSE);
      return 0;
    case JS_TAG_INT:
      buf_put_u8(w->out, T_INT);
      buf_put_u32(w->out, (uint32_t)JS_VALUE_GET_INT(v));
      return 0;
    case JS_TAG_FLOAT64:
      return put_number(w, v);
    case JS_TAG_OBJECT:
      return put_object(w, v);
    default:
      break;
  }
  if (JS_IsString(v)) return put_string(w, v);
  if (JS_IsBigInt(v)) return put_bigint(w, v);
  return refuse_symbol(w->ctx, v);
}

static int finish(struct writer *w, int r) {
  for (uint32_t i = 0; i < w->seen.cap; i++)
    if (w->seen.key[i]) JS_FreeValue(w->ctx, JS_MKPTR(JS_TAG_OBJECT, w->seen.key[i]));
  free(w->seen.key);
  free(w->seen.number);
  if (w->out->bad && !JS_HasException(w->ctx)) JS_ThrowRangeError(w->ctx, "The value is too large to be cloned.");
  return r || w->out->bad ? -1 : 0;
}

int clone_write(JSContext *ctx, struct buf *out, JSValueConst value, const struct clone_more *more) {
  struct writer w = {.ctx = ctx, .out = out, .more = more};
  return finish(&w, put_value(&w, value));
}

int clone_write_list(JSContext *ctx, struct buf *out, int count, JSValueConst *values, const struct clone_more *more) {
  struct writer w = {.ctx = ctx, .out = out, .more = more, .seen = {.count = 1}}; /* the list is the first object */
  int r = 0;
  buf_put_u8(out, T_DENSE);
  buf_put_u32(out, (uint32_t)count);
  for (int i = 0; i < count && !r; i++) r = put_value(&w, values[i]);
  return finish(&w, r);
}
