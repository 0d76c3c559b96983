/* clone.c: see clone.h. */
#include "guest/clone.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One byte before each value. Objects are numbered in the order in which they start; T_REF names one. */
enum tag {
  T_UNDEFINED = 1,
  T_NULL,
  T_TRUE,
  T_FALSE,
  T_INT,
  T_DOUBLE,
  T_BIGINT, /* str, decimal */
  T_LATIN1,
  T_UTF16,
  T_REF,
  T_OBJECT, /* u32 count, then key (a string value), value */
  T_ARRAY,  /* u32 length, then as T_OBJECT */
  T_DENSE,  /* u32 length, then each value */
  T_DATE,
  T_REGEXP,
  T_MAP,
  T_SET,
  T_BUFFER,
  T_VIEW,  /* i8 kind, u8 tracks length, buffer (a value), u32 offset, u32 count of elements */
  T_ERROR, /* name, message, stack, u8 has cause, cause, u8 has errors, errors, then as T_OBJECT; by RPC cause and
              errors are properties like any */
  T_BOX,
  T_HOST,      /* an object of the platform: a value from which the platform makes it again */
  T_RESIZABLE, /* as T_BUFFER, then u32 the most bytes that it may have */
  T_MORE,      /* as clone_more has it */
};

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

/* Not what an error has by itself, which its head says or the receiver makes. */
static bool of_errors(struct writer *w, JSAtom name, bool enumerable) {
  static const char *const always[] = {"message", "stack"}, *const hidden[] = {"fileName", "lineNumber",
                                                                               "columnNumber"};
  const char *text = JS_AtomToCString(w->ctx, name);
  bool found = false;
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

static JSValue host_out, host_in; /* (object) -> value or undefined; (value) -> object */
static JSValue makers;            /* of what the language has constructors for */

void clone_hooks(JSContext *ctx, JSValueConst out, JSValueConst in, JSValueConst constructors) {
  makers = JS_DupValue(ctx, constructors);
  host_out = JS_DupValue(ctx, out);
  host_in = JS_DupValue(ctx, in);
}

/* 1: an object of the platform, written; 0: it is none; -1: exception. */
static int put_host(struct writer *w, JSValueConst v) {
  JSValue made = JS_Call(w->ctx, w->more ? w->more->out : host_out, JS_UNDEFINED, 1, &v);
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
  if (class != CLASS_FUNCTION) return refuse_object(w, v);
  JSValue text_of = JS_GetPropertyStr(w->ctx, makers, "text"), s = JS_Call(w->ctx, text_of, JS_UNDEFINED, 1, &v);
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

/* ---- reading ---- */

struct reading {
  JSContext *ctx;
  const struct clone_more *more; /* or NULL */
  struct reader *in;
  JSValue *object; /* by number; owned references */
  uint32_t count, cap;
};

static JSValue get_value(struct reading *r);

static JSValue malformed(struct reading *r) {
  r->in->bad = true;
  return JS_ThrowDOMException(r->ctx, "DataCloneError", "The serialized value is malformed.");
}

/* Notes a new object under the next number; takes over nothing. False: out of memory. */
static bool note(struct reading *r, JSValueConst v) {
  if (r->count == r->cap) {
    uint32_t cap = r->cap ? r->cap * 2 : 16;
    JSValue *bigger = realloc(r->object, cap * sizeof *bigger);
    if (!bigger) return false;
    r->object = bigger;
    r->cap = cap;
  }
  r->object[r->count++] = JS_DupValue(r->ctx, v);
  return true;
}

static JSValue noted(struct reading *r, JSValue v) {
  if (JS_IsException(v) || note(r, v)) return v;
  JS_FreeValue(r->ctx, v);
  return JS_ThrowOutOfMemory(r->ctx);
}

static JSValue get_string(struct reading *r, uint8_t tag) {
  size_t n;
  const char *p = read_str_borrow(r->in, &n);
  if (r->in->bad || (tag == T_UTF16 && n % 2)) return malformed(r);
  if (tag == T_LATIN1) return engine_new_latin1(r->ctx, (const uint8_t *)p, n);
  uint16_t *copy = js_malloc(r->ctx, n + 2); /* the bytes may be unaligned */
  if (!copy) return JS_EXCEPTION;
  memcpy(copy, p, n);
  JSValue v = JS_NewStringUTF16(r->ctx, copy, n / 2);
  js_free(r->ctx, copy);
  return v;
}

static JSValue get_plain_string(struct reading *r) {
  uint8_t tag = read_u8(r->in);
  return tag == T_LATIN1 || tag == T_UTF16 ? get_string(r, tag) : malformed(r);
}

static JSValue get_bigint(struct reading *r) {
  size_t n;
  const char *p = read_str_borrow(r->in, &n);
  if (r->in->bad || n > (1 << 24)) return malformed(r);
  for (size_t i = 0; i < n; i++)
    if ((p[i] < '0' || p[i] > '9') && !(i == 0 && p[i] == '-' && n > 1)) return malformed(r);
  JSValue text = JS_NewStringLen(r->ctx, p, n), convert = JS_GetPropertyStr(r->ctx, makers, "BigInt");
  JSValue v = JS_Call(r->ctx, convert, JS_UNDEFINED, 1, (JSValueConst *)&text);
  JS_FreeValue(r->ctx, convert);
  JS_FreeValue(r->ctx, text);
  return v;
}

static int get_properties(struct reading *r, JSValueConst o) {
  uint32_t n = read_u32(r->in);
  for (uint32_t i = 0; i < n && !r->in->bad; i++) {
    JSValue key = get_plain_string(r);
    if (JS_IsException(key)) return -1;
    JSAtom atom = JS_ValueToAtom(r->ctx, key);
    JS_FreeValue(r->ctx, key);
    JSValue value = get_value(r);
    int set = JS_IsException(value) ? -1 : JS_DefinePropertyValue(r->ctx, o, atom, value, JS_PROP_C_W_E);
    JS_FreeAtom(r->ctx, atom);
    if (set < 0) return -1;
  }
  return r->in->bad ? -1 : 0;
}

static int get_items(struct reading *r, JSValueConst a, uint32_t n) {
  for (uint32_t i = 0; i < n && !r->in->bad; i++) {
    JSValue item = get_value(r);
    if (JS_IsException(item) || JS_DefinePropertyValueUint32(r->ctx, a, i, item, JS_PROP_C_W_E) < 0) return -1;
  }
  return r->in->bad ? -1 : 0;
}

static JSValue get_array(struct reading *r, uint8_t tag) {
  uint32_t n = read_u32(r->in);
  JSValue a = noted(r, JS_NewArray(r->ctx));
  if (JS_IsException(a)) return a;
  int bad = tag == T_DENSE ? get_items(r, a, n) : JS_SetLength(r->ctx, a, n) < 0 || get_properties(r, a);
  if (!bad) return a;
  JS_FreeValue(r->ctx, a);
  return JS_HasException(r->ctx) ? JS_EXCEPTION : malformed(r);
}

static JSValue get_object(struct reading *r) {
  JSValue o = noted(r, JS_NewObject(r->ctx));
  if (JS_IsException(o) || !get_properties(r, o)) return o;
  JS_FreeValue(r->ctx, o);
  return JS_HasException(r->ctx) ? JS_EXCEPTION : malformed(r);
}

static JSValue get_entries(struct reading *r, bool set) {
  uint32_t n = read_u32(r->in);
  if (!set && n % 2) return malformed(r);
  JSValue m = noted(r, engine_new_map(r->ctx, set));
  bool bad = JS_IsException(m);
  for (uint32_t i = 0; i < n && !bad && !r->in->bad; i += set ? 1 : 2) {
    JSValue key = get_value(r), value = set || JS_IsException(key) ? JS_UNDEFINED : get_value(r);
    bad = JS_IsException(key) || JS_IsException(value) || engine_map_put(r->ctx, m, key, value);
    JS_FreeValue(r->ctx, key);
    JS_FreeValue(r->ctx, value);
  }
  if (!bad && !r->in->bad) return m;
  JS_FreeValue(r->ctx, m);
  return JS_HasException(r->ctx) ? JS_EXCEPTION : malformed(r);
}

static JSValue get_buffer(struct reading *r) {
  size_t n;
  const char *p = read_str_borrow(r->in, &n);
  if (r->in->bad) return malformed(r);
  return noted(r, JS_NewArrayBufferCopy(r->ctx, (const uint8_t *)p, n));
}

static JSValue get_resizable(struct reading *r) {
  size_t n;
  const char *p = read_str_borrow(r->in, &n);
  uint32_t max = read_u32(r->in);
  if (r->in->bad || max < n) return malformed(r);
  return noted(r, engine_new_resizable(r->ctx, (const uint8_t *)p, n, max));
}

static JSValue get_view(struct reading *r) {
  int kind = (int8_t)read_u8(r->in);
  bool tracks = read_u8(r->in);
  if (r->in->bad || kind < -1 || kind > JS_TYPED_ARRAY_FLOAT64) return malformed(r);
  uint32_t number = r->count;
  if (!note(r, JS_UNDEFINED)) return JS_ThrowOutOfMemory(r->ctx); /* the view has the number before its buffer's */
  JSValue buffer = get_value(r);
  uint32_t offset = read_u32(r->in), count = read_u32(r->in);
  JSValue v = JS_EXCEPTION;
  if (!JS_IsException(buffer))
    v = r->in->bad || !JS_IsArrayBuffer(buffer) ? malformed(r)
                                                : engine_new_view(r->ctx, kind, buffer, offset, count, tracks);
  JS_FreeValue(r->ctx, buffer);
  if (!JS_IsException(v)) r->object[number] = JS_DupValue(r->ctx, v);
  return v;
}

static JSValue error_constructor(struct reading *r, JSValueConst name) {
  static const char *const known[] = {"EvalError", "RangeError", "ReferenceError", "SyntaxError",
                                      "TypeError", "URIError",   "AggregateError", "SuppressedError"};
  const char *text = JS_ToCString(r->ctx, name), *use = "Error";
  for (size_t i = 0; text && i < sizeof known / sizeof *known; i++)
    if (!strcmp(text, known[i])) use = known[i];
  JS_FreeCString(r->ctx, text);
  return JS_GetPropertyStr(r->ctx, makers, use);
}

static int get_own(struct reading *r, JSValueConst e, const char *name) {
  if (!read_u8(r->in)) return 0;
  JSValue value = get_value(r);
  if (JS_IsException(value)) return -1;
  return JS_DefinePropertyValueStr(r->ctx, e, name, value, JS_PROP_C_W_E & ~JS_PROP_ENUMERABLE) < 0 ? -1 : 0;
}

/* An error of one of the language's own kinds. */
static JSValue make_error(struct reading *r, JSValueConst name, JSValueConst message) {
  const char *text = JS_ToCString(r->ctx, name);
  bool aggregate = text && !strcmp(text, "AggregateError"), suppressed = text && !strcmp(text, "SuppressedError");
  JS_FreeCString(r->ctx, text);
  JSValue ctor = error_constructor(r, name),
          list = aggregate ? JS_GetPropertyStr(r->ctx, makers, "none") : JS_UNDEFINED;
  JSValueConst args[] = {list, JS_UNDEFINED, message};
  if (aggregate) args[1] = message;
  JSValue e = aggregate || suppressed ? JS_CallConstructor(r->ctx, ctor, suppressed ? 3 : 2, args)
                                      : JS_CallConstructor(r->ctx, ctor, 1, &message);
  JS_FreeValue(r->ctx, ctor);
  JS_FreeValue(r->ctx, list);
  if (r->more && (aggregate || suppressed)) { /* these come as properties, or not at all */
    static const char *const own[] = {"errors", "error", "suppressed"};
    for (size_t i = 0; i < sizeof own / sizeof *own && !JS_IsException(e); i++) {
      JSAtom atom = JS_NewAtom(r->ctx, own[i]);
      JS_DeleteProperty(r->ctx, e, atom, 0);
      JS_FreeAtom(r->ctx, atom);
    }
  }
  return e;
}

static JSValue get_error(struct reading *r) {
  uint32_t number = r->count;
  if (!note(r, JS_UNDEFINED)) return JS_ThrowOutOfMemory(r->ctx);
  JSValue name = get_plain_string(r);
  JSValue message = JS_IsException(name) ? JS_EXCEPTION : get_plain_string(r);
  JSValue stack = JS_IsException(message) ? JS_EXCEPTION : get_plain_string(r), e = JS_EXCEPTION;
  if (!JS_IsException(stack)) e = make_error(r, name, message);
  if (!JS_IsException(e)) {
    r->object[number] = JS_DupValue(r->ctx, e);
    if (!r->more)
      JS_DefinePropertyValueStr(r->ctx, e, "stack", JS_DupValue(r->ctx, stack), JS_PROP_C_W_E & ~JS_PROP_ENUMERABLE);
    if (get_own(r, e, "cause") || get_own(r, e, "errors") || get_properties(r, e)) {
      JS_FreeValue(r->ctx, e);
      e = JS_EXCEPTION;
    }
  }
  JS_FreeValue(r->ctx, name);
  JS_FreeValue(r->ctx, message);
  JS_FreeValue(r->ctx, stack);
  return e;
}

static JSValue get_regexp(struct reading *r) {
  JSValue source = get_plain_string(r), flags = JS_IsException(source) ? JS_EXCEPTION : get_plain_string(r);
  JSValue v = JS_IsException(flags) ? JS_EXCEPTION : noted(r, engine_new_regexp(r->ctx, source, flags));
  JS_FreeValue(r->ctx, source);
  JS_FreeValue(r->ctx, flags);
  return v;
}

static double get_double(struct reading *r) {
  uint64_t bits = read_u64(r->in);
  double d;
  memcpy(&d, &bits, 8);
  return d;
}

static JSValue get_box(struct reading *r) {
  uint32_t number = r->count;
  if (!note(r, JS_UNDEFINED)) return JS_ThrowOutOfMemory(r->ctx);
  JSValue inner = get_value(r);
  if (JS_IsException(inner)) return inner;
  JSValue v = JS_IsObject(inner) || JS_IsUndefined(inner) || JS_IsNull(inner)
                  ? (JS_FreeValue(r->ctx, inner), malformed(r))
                  : engine_box(r->ctx, inner);
  if (!JS_IsException(v)) r->object[number] = JS_DupValue(r->ctx, v);
  return v;
}

static JSValue get_reference(struct reading *r) {
  uint32_t n = read_u32(r->in);
  if (r->in->bad || n >= r->count || JS_IsUndefined(r->object[n])) return malformed(r);
  return JS_DupValue(r->ctx, r->object[n]);
}

static JSValue get_host(struct reading *r) {
  uint32_t number = r->count;
  if (!note(r, JS_UNDEFINED)) return JS_ThrowOutOfMemory(r->ctx);
  JSValue made = get_value(r);
  if (JS_IsException(made)) return made;
  JSValue v = JS_Call(r->ctx, r->more ? r->more->in : host_in, JS_UNDEFINED, 1, (JSValueConst *)&made);
  JS_FreeValue(r->ctx, made);
  if (!JS_IsException(v)) r->object[number] = JS_DupValue(r->ctx, v);
  return v;
}

static JSValue get_more(struct reading *r) {
  return r->more && r->more->get ? noted(r, r->more->get(r->more->arg, r->in)) : malformed(r);
}

static JSValue get_value(struct reading *r) {
  if (engine_stack_full(r->ctx)) return JS_ThrowRangeError(r->ctx, "Maximum call stack size exceeded");
  uint8_t tag = read_u8(r->in);
  if (r->in->bad) return malformed(r);
  switch (tag) {
    case T_UNDEFINED:
      return JS_UNDEFINED;
    case T_NULL:
      return JS_NULL;
    case T_TRUE:
      return JS_TRUE;
    case T_FALSE:
      return JS_FALSE;
    case T_INT:
      return JS_NewInt32(r->ctx, (int32_t)read_u32(r->in));
    case T_DOUBLE:
      return JS_NewFloat64(r->ctx, get_double(r));
    case T_BIGINT:
      return get_bigint(r);
    case T_LATIN1:
    case T_UTF16:
      return get_string(r, tag);
    case T_REF:
      return get_reference(r);
    case T_OBJECT:
      return get_object(r);
    case T_ARRAY:
    case T_DENSE:
      return get_array(r, tag);
    case T_DATE:
      return noted(r, JS_NewDate(r->ctx, get_double(r)));
    case T_REGEXP:
      return get_regexp(r);
    case T_MAP:
      return get_entries(r, false);
    case T_SET:
      return get_entries(r, true);
    case T_BUFFER:
      return get_buffer(r);
    case T_RESIZABLE:
      return get_resizable(r);
    case T_VIEW:
      return get_view(r);
    case T_ERROR:
      return get_error(r);
    case T_BOX:
      return get_box(r);
    case T_HOST:
      return get_host(r);
    case T_MORE:
      return get_more(r);
    default:
      return malformed(r);
  }
}

JSValue clone_read(JSContext *ctx, struct reader *in, const struct clone_more *more) {
  struct reading r = {.ctx = ctx, .in = in, .more = more};
  JSValue v = get_value(&r);
  for (uint32_t i = 0; i < r.count; i++) JS_FreeValue(ctx, r.object[i]);
  free(r.object);
  if (in->bad && !JS_IsException(v)) {
    JS_FreeValue(ctx, v);
    return malformed(&r);
  }
  return v;
}
