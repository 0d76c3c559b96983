/* clone_read.c: values in, from another isolate's bytes; see clone.h. */
#include "guest/clone_parts.h"

#include <stdlib.h>
#include <string.h>

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
  JSValue text = JS_NewStringLen(r->ctx, p, n), convert = JS_GetPropertyStr(r->ctx, clone_host.makers, "BigInt");
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
  return JS_GetPropertyStr(r->ctx, clone_host.makers, use);
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
          list = aggregate ? JS_GetPropertyStr(r->ctx, clone_host.makers, "none") : JS_UNDEFINED;
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
  JSValue v = JS_Call(r->ctx, r->more ? r->more->in : clone_host.in, JS_UNDEFINED, 1, (JSValueConst *)&made);
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
