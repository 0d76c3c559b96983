/* json.c: what Cap'n Web sends: values as JSON text, or (MessagePort) as a tree of values that can be cloned. See
 * web.h; the forms are those of the npm package `capnweb`. */
#include <math.h>
#include <string.h>

#include "guest/rpc/web.h"

static JSValue hole_prototype; /* {value}: in what the platform says an object is */

/* ---- values */

static bool is_text(const struct sink *s) { return s->level == LEVEL_STRING; }

struct writing {
  struct sink *out;
  const struct exporter *to;
  struct payload *p;
  int32_t *exported;
  uint32_t count, room;
  bool in_blob; /* its content is written */
};

static int write_value(struct writing *w, JSValueConst v, int depth);

static int put_tagged(struct writing *w, const char *tag, int32_t id) {
  sink_open(w->out, '[');
  sink_cstr(w->out, tag);
  sink_int(w->out, id);
  sink_close(w->out, ']');
  return 0;
}

/* Takes the use over. */
static int put_export(struct writing *w, const char *tag, struct cap *c) {
  int32_t id;
  if (!c) return -1;
  if (w->count == w->room) {
    uint32_t room = w->room ? 2 * w->room : 8;
    int32_t *more = js_realloc(guest.ctx, w->exported, room * sizeof *more);
    if (!more) {
      cap_release(c);
      return -1;
    }
    w->exported = more;
    w->room = room;
  }
  if (w->to->export(w->to->arg, c, !strcmp(tag, "promise"), &id)) return -1;
  w->exported[w->count++] = id;
  return put_tagged(w, tag, id);
}

static int no_session(const char *what) {
  JS_ThrowPlainError(guest.ctx, "Can't serialize %s in this context.", what);
  return -1;
}

static int put_own_stub(struct writing *w, JSValueConst v) {
  bool promise = web_stub_kind(v) == WEB_RPC_PROMISE;
  struct web_path path;
  int32_t id;
  if (!w->p) return no_session("RPC stubs");
  struct cap *c = web_stub_cap(v, &path);
  if (!c) return -1;
  int theirs = w->to->import(w->to->arg, c, &id);
  if (theirs < 0) return -1;
  if (!theirs) return put_export(w, promise ? "promise" : "export", promise ? cap_read(c, &path) : cap_dup(c));
  sink_open(w->out, '[');
  sink_cstr(w->out, promise ? "pipeline" : "import");
  sink_int(w->out, id);
  if (path.count) sink_path(w->out, &path);
  sink_close(w->out, ']');
  return 0;
}

static int put_pipe(struct writing *w, JSValueConst stream) {
  int32_t id;
  if (!w->p && !w->in_blob) return no_session("ReadableStream");
  if (w->to->pipe(w->to->arg, stream, &id)) return -1;
  return put_tagged(w, "readable", id);
}

static int put_array(struct writing *w, JSValueConst v, int depth) {
  int64_t n;
  if (JS_GetLength(guest.ctx, v, &n)) return -1;
  sink_open(w->out, '[');
  int bad = 0;
  for (int64_t i = 0; i < n && !bad; i++) {
    JSValue element = JS_GetPropertyInt64(guest.ctx, v, i);
    bad = JS_IsException(element) ? -1 : write_value(w, element, depth);
    JS_FreeValue(guest.ctx, element);
  }
  sink_close(w->out, ']');
  return bad;
}

/* An object's members, each by `put`. */
static int put_object(struct writing *w, JSValueConst v, int depth, int (*put)(struct writing *, JSValueConst, int)) {
  JSPropertyEnum *names;
  uint32_t n;
  if (JS_GetOwnPropertyNames(guest.ctx, &names, &n, v, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY)) return -1;
  sink_open(w->out, '{');
  int bad = 0;
  for (uint32_t i = 0; i < n && !bad; i++) {
    JSValue member = JS_GetProperty(guest.ctx, v, names[i].atom);
    if (!JS_IsException(member)) sink_key(w->out, names[i].atom);
    bad = JS_IsException(member) ? -1 : put(w, member, depth);
    JS_FreeValue(guest.ctx, member);
  }
  sink_close(w->out, '}');
  JS_FreePropertyEnum(guest.ctx, names, n);
  return bad;
}

static int put_number(struct writing *w, JSValueConst v) {
  double d = 0;
  if (JS_VALUE_GET_TAG(v) != JS_TAG_INT) JS_ToFloat64(guest.ctx, &d, v);
  if (isfinite(d) || w->out->level == LEVEL_CLONABLE) {
    sink_plain(w->out, v);
    return 0;
  }
  sink_open(w->out, '[');
  sink_cstr(w->out, isnan(d) ? "nan" : d > 0 ? "inf" : "-inf");
  sink_close(w->out, ']');
  return 0;
}

static int put_bigint(struct writing *w, JSValueConst v) {
  if (w->out->level == LEVEL_CLONABLE) {
    sink_put(w->out, JS_DupValue(guest.ctx, v));
    return 0;
  }
  JSValue text = JS_ToString(guest.ctx, v);
  if (JS_IsException(text)) return -1;
  sink_open(w->out, '[');
  sink_cstr(w->out, "bigint");
  sink_string(w->out, text);
  sink_close(w->out, ']');
  JS_FreeValue(guest.ctx, text);
  return 0;
}

static int put_date(struct writing *w, JSValueConst v) {
  double time = engine_date(guest.ctx, v);
  if (w->out->level == LEVEL_CLONABLE) {
    sink_put(w->out, JS_DupValue(guest.ctx, v));
    return 0;
  }
  JSValue number = isnan(time) ? JS_NULL : JS_NewFloat64(guest.ctx, time);
  sink_open(w->out, '[');
  sink_cstr(w->out, "date");
  sink_plain(w->out, number);
  sink_close(w->out, ']');
  return 0;
}

/* ---- bytes */

static void put_base64(struct buf *b, const uint8_t *p, size_t n) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint8_t *to = buf_room(b, (n * 4 + 2) / 3);
  if (!to) return;
  for (size_t i = 0; i < n; i += 3) {
    size_t have = n - i < 3 ? n - i : 3;
    uint32_t bits = (uint32_t)p[i] << 16 | (have > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (have > 2 ? p[i + 2] : 0);
    for (size_t k = 0; k <= have; k++) *to++ = (uint8_t)digits[bits >> (18 - 6 * k) & 63];
  }
}

/* What bytes are called that are no Uint8Array; by JSTypedArrayEnum. */
static const char *view_name(int kind) {
  switch (kind) {
    case -1:
      return "DataView";
    case JS_TYPED_ARRAY_UINT8C:
      return "Uint8ClampedArray";
    case JS_TYPED_ARRAY_INT8:
      return "Int8Array";
    case JS_TYPED_ARRAY_INT16:
      return "Int16Array";
    case JS_TYPED_ARRAY_UINT16:
      return "Uint16Array";
    case JS_TYPED_ARRAY_INT32:
      return "Int32Array";
    case JS_TYPED_ARRAY_UINT32:
      return "Uint32Array";
    case JS_TYPED_ARRAY_BIG_INT64:
      return "BigInt64Array";
    case JS_TYPED_ARRAY_BIG_UINT64:
      return "BigUint64Array";
    case JS_TYPED_ARRAY_FLOAT32:
      return "Float32Array";
    case JS_TYPED_ARRAY_FLOAT64:
      return "Float64Array";
    default:
      return NULL;
  }
}

static int detached(void) {
  if (JS_HasException(guest.ctx)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  JS_ThrowTypeError(guest.ctx,
                    "Cannot perform Uint8Array.prototype.toBase64 on a detached or out-of-bounds ArrayBuffer");
  return -1;
}

static int put_bytes(struct writing *w, JSValueConst v) {
  int kind = 0;
  JSValueConst buffer = v;
  size_t offset = 0, length = 0, whole = 0;
  bool tracks;
  const char *name = "ArrayBuffer";
  bool view = engine_class(guest.ctx, v) != CLASS_ARRAY_BUFFER;
  if (view && engine_view(guest.ctx, v, &kind, &buffer, &offset, &length, &tracks)) return detached();
  const uint8_t *p = JS_GetArrayBuffer(guest.ctx, &whole, buffer);
  if (!p && JS_HasException(guest.ctx)) return detached();
  if (!view) length = whole;
  if (offset > whole || length > whole - offset) offset = length = 0;
  if (view) name = view_name(kind);
  sink_open(w->out, '[');
  sink_cstr(w->out, "bytes");
  if (is_text(w->out) || w->out->level == LEVEL_JSON) {
    struct buf text, *to = &w->out->text;
    if (!is_text(w->out)) buf_init(to = &text, RPC_MESSAGE_MAX * 2);
    if (is_text(w->out)) sink_before(w->out), buf_put_u8(to, '"');
    put_base64(to, p + offset, length);
    if (is_text(w->out))
      buf_put_u8(to, '"');
    else
      sink_put(w->out, JS_NewStringLen(guest.ctx, (const char *)text.data, text.len)), buf_free(&text);
  } else {
    sink_put(w->out, view && kind == JS_TYPED_ARRAY_UINT8 ? JS_DupValue(guest.ctx, v)
                                                          : JS_NewUint8ArrayCopy(guest.ctx, p + offset, length));
  }
  if (name) sink_cstr(w->out, name);
  sink_close(w->out, ']');
  return 0;
}

/* ---- errors */

/* A property of an error: left out when it cannot be written. */
static int put_property(struct writing *w, JSValueConst error, JSAtom name, bool *any, int depth) {
  JSValue v = JS_GetProperty(guest.ctx, error, name);
  struct sink one, *out = w->out;
  if (JS_IsException(v)) return -1;
  uint32_t count = w->count;
  sink_init(&one, out->level);
  w->out = &one;
  int bad = write_value(w, v, depth + 1) || one.bad || one.text.bad ? -1 : 0;
  w->out = out;
  JS_FreeValue(guest.ctx, v);
  if (bad) {
    JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
    while (w->count > count) w->to->unexport(w->to->arg, w->exported[--w->count]);
  } else {
    if (!*any) sink_open(out, '{');
    *any = true;
    sink_key(out, name);
    if (is_text(out))
      sink_before(out), buf_put(&out->text, one.text.data, one.text.len);
    else
      sink_put(out, JS_DupValue(guest.ctx, one.root));
  }
  sink_free(&one);
  return 0;
}

static bool atom_is(JSAtom atom, const char *text) {
  const char *name = JS_AtomToCString(guest.ctx, atom);
  bool is = name && !strcmp(name, text);
  JS_FreeCString(guest.ctx, name);
  return is;
}

/* Between its stack and itself: own properties, cause and errors. Whether there are any. */
static int put_properties(struct writing *w, JSValueConst e, bool *any, int depth) {
  JSPropertyEnum *names;
  uint32_t n;
  static const char *const extra[] = {"cause", "errors"};
  if (JS_GetOwnPropertyNames(guest.ctx, &names, &n, e, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY)) return -1;
  bool seen[2] = {false, false};
  int bad = 0;
  for (uint32_t i = 0; i < n && !bad; i++) {
    JSAtom name = names[i].atom;
    if (atom_is(name, "name") || atom_is(name, "message") || atom_is(name, "stack")) continue;
    for (int k = 0; k < 2; k++) seen[k] |= atom_is(name, extra[k]);
    bad = put_property(w, e, name, any, depth);
  }
  JS_FreePropertyEnum(guest.ctx, names, n);
  for (int k = 0; k < 2 && !bad; k++) {
    JSAtom name = JS_NewAtom(guest.ctx, extra[k]);
    bool has = !seen[k] && JS_HasProperty(guest.ctx, e, name) > 0;
    if (has && k == 1) { /* of an AggregateError only */
      JSValue kind = JS_GetPropertyStr(guest.ctx, e, "errors");
      has = !JS_IsException(kind) && engine_class(guest.ctx, kind) == CLASS_ARRAY &&
            engine_class(guest.ctx, e) == CLASS_ERROR;
      JS_FreeValue(guest.ctx, kind);
    }
    if (has) bad = put_property(w, e, name, any, depth);
    JS_FreeAtom(guest.ctx, name);
  }
  return bad;
}

/* What should be text, as JSON when it is not. */
static int put_text_of(struct writing *w, JSValueConst e, const char *name) {
  JSValue v = JS_GetPropertyStr(guest.ctx, e, name);
  if (JS_IsException(v)) return -1;
  if (!is_text(w->out) || JS_IsString(v)) {
    sink_plain(w->out, v);
    JS_FreeValue(guest.ctx, v);
    return 0;
  }
  JSValue json = JS_JSONStringify(guest.ctx, v, JS_UNDEFINED, JS_UNDEFINED);
  JS_FreeValue(guest.ctx, v);
  if (JS_IsException(json)) return -1;
  const char *text = JS_IsString(json) ? JS_ToCString(guest.ctx, json) : NULL;
  sink_literal(w->out, text ? text : "null");
  JS_FreeCString(guest.ctx, text);
  JS_FreeValue(guest.ctx, json);
  return 0;
}

static int put_error(struct writing *w, JSValueConst v, int depth) {
  JSValue rewritten = JS_UNDEFINED, stack = JS_UNDEFINED;
  if (w->to->send_error && w->to->send_error(w->to->arg, v, &rewritten)) return -1;
  JSValueConst e = JS_IsObject(rewritten) ? rewritten : v;
  if (JS_IsObject(rewritten)) stack = JS_GetPropertyStr(guest.ctx, rewritten, "stack");
  struct sink props, *out = w->out;
  bool any = false;
  sink_init(&props, out->level);
  w->out = &props;
  int bad = put_properties(w, e, &any, depth);
  w->out = out;
  if (any) sink_close(&props, '}');
  sink_open(out, '[');
  sink_cstr(out, "error");
  bad = bad || put_text_of(w, e, "name") || put_text_of(w, e, "message") ? -1 : 0;
  if (JS_IsString(stack) || any) sink_plain(out, JS_IsString(stack) ? stack : JS_NULL);
  if (any && is_text(out))
    sink_before(out), buf_put(&out->text, props.text.data, props.text.len);
  else if (any)
    sink_put(out, JS_DupValue(guest.ctx, props.root));
  sink_close(out, ']');
  sink_free(&props);
  JS_FreeValue(guest.ctx, stack);
  JS_FreeValue(guest.ctx, rewritten);
  return bad;
}

/* ---- objects of the platform */

static int put_raw(struct writing *w, JSValueConst v, int depth) {
  if (!JS_IsObject(v)) {
    sink_plain(w->out, JS_IsUndefined(v) ? JS_NULL : v);
    return 0;
  }
  if (depth > 2 * WEB_DEPTH_MAX || engine_stack_full(guest.ctx)) {
    JS_ThrowPlainError(guest.ctx, "Serialization exceeded maximum allowed depth. (Does the message contain cycles?)");
    return -1;
  }
  JSValue prototype = JS_GetPrototype(guest.ctx, v);
  bool hole = JS_IsObject(prototype) && JS_VALUE_GET_PTR(prototype) == JS_VALUE_GET_PTR(hole_prototype);
  JS_FreeValue(guest.ctx, prototype);
  if (hole) {
    JSValue inner = JS_GetPropertyStr(guest.ctx, v, "value");
    int bad = JS_IsException(inner) ? -1 : write_value(w, inner, depth + 1);
    JS_FreeValue(guest.ctx, inner);
    return bad;
  }
  if (engine_class(guest.ctx, v) != CLASS_ARRAY) return put_object(w, v, depth, put_raw);
  int64_t n;
  int bad = JS_GetLength(guest.ctx, v, &n);
  sink_open(w->out, '[');
  for (int64_t i = 0; i < n && !bad; i++) {
    JSValue element = JS_GetPropertyInt64(guest.ctx, v, i);
    bad = JS_IsException(element) ? -1 : put_raw(w, element, depth + 1);
    JS_FreeValue(guest.ctx, element);
  }
  sink_close(w->out, ']');
  return bad;
}

static int put_platform(struct writing *w, JSValueConst v, int depth) {
  JSValue form = web_hook_call(WEB_HOOK_out, 1, &v);
  if (JS_IsException(form)) return -1;
  w->in_blob = web_type_of(v) == WEB_BLOB;
  int bad = put_raw(w, form, depth);
  w->in_blob = false;
  JS_FreeValue(guest.ctx, form);
  return bad;
}

/* ---- all of them */

static int put_unsupported(JSValueConst v) {
  JSValue text = JS_IsSymbol(v) ? JS_EXCEPTION : JS_ToString(guest.ctx, v);
  const char *s = JS_IsException(text) ? NULL : JS_ToCString(guest.ctx, text);
  if (!s && JS_HasException(guest.ctx)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  rpc_throw(RPC_TYPE_ERROR, "Cannot serialize value: %s", s ? s : "(couldn't stringify value)");
  JS_FreeCString(guest.ctx, s);
  JS_FreeValue(guest.ctx, text);
  return -1;
}

static int put_target(struct writing *w, const char *tag, JSValueConst v) {
  if (!w->p) return no_session(!strcmp(tag, "writable") ? "WritableStream" : "RPC stubs");
  return put_export(w, tag, payload_target(w->p, v));
}

static int write_value(struct writing *w, JSValueConst v, int depth) {
  int bad;
  if (depth >= WEB_DEPTH_MAX || engine_stack_full(guest.ctx)) {
    JS_ThrowPlainError(guest.ctx, "Serialization exceeded maximum allowed depth. (Does the message contain cycles?)");
    return -1;
  }
  switch (web_type_of(v)) {
    case WEB_PRIMITIVE:
      if (JS_IsNumber(v)) return put_number(w, v);
      sink_plain(w->out, v);
      return 0;
    case WEB_UNDEFINED:
      if (w->out->level == LEVEL_CLONABLE) {
        sink_put(w->out, JS_UNDEFINED);
        return 0;
      }
      sink_open(w->out, '[');
      sink_cstr(w->out, "undefined");
      sink_close(w->out, ']');
      return 0;
    case WEB_BIGINT:
      return put_bigint(w, v);
    case WEB_OBJECT:
      return put_object(w, v, depth + 1, write_value);
    case WEB_ARRAY:
      sink_open(w->out, '[');
      bad = put_array(w, v, depth + 1);
      sink_close(w->out, ']');
      return bad;
    case WEB_DATE:
      return put_date(w, v);
    case WEB_BYTES:
      return put_bytes(w, v);
    case WEB_ERROR:
      return put_error(w, v, depth);
    case WEB_STUB:
    case WEB_PROMISE:
      return put_own_stub(w, v);
    case WEB_FUNCTION:
    case WEB_TARGET:
      return put_target(w, "export", v);
    case WEB_THENABLE:
      return put_target(w, "promise", v);
    case WEB_WRITABLE:
      return put_target(w, "writable", v);
    case WEB_READABLE:
      return put_pipe(w, v);
    case WEB_UNSUPPORTED:
      return put_unsupported(v);
    default:
      return put_platform(w, v, depth);
  }
}

static int finish(struct writing *w, int bad) {
  if (!bad && (w->out->bad || w->out->text.bad)) {
    if (!JS_HasException(guest.ctx)) JS_ThrowOutOfMemory(guest.ctx);
    bad = -1;
  }
  if (bad) {
    JSValue error = JS_GetException(guest.ctx);
    while (w->count) w->to->unexport(w->to->arg, w->exported[--w->count]);
    JS_Throw(guest.ctx, error);
  }
  js_free(guest.ctx, w->exported);
  return bad;
}

int web_write(struct sink *out, const struct exporter *to, JSValueConst value, struct payload *p) {
  struct writing w = {.out = out, .to = to, .p = p};
  return finish(&w, write_value(&w, value, 0));
}

int web_write_list(struct sink *out, const struct exporter *to, JSValueConst array, struct payload *p) {
  struct writing w = {.out = out, .to = to, .p = p};
  return finish(&w, put_array(&w, array, 1));
}

void sink_raw(struct sink *s, JSValueConst v) {
  struct writing w = {.out = s};
  if (put_raw(&w, v, 0)) s->bad = true;
}

/* webHole(prototype): of what stands for a value in the form of a platform's object */
static JSValue native_hole(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  hole_prototype = JS_DupValue(ctx, argv[0]);
  return JS_UNDEFINED;
}

void web_json_init(JSContext *ctx, JSValueConst native) {
  JS_SetPropertyStr(ctx, native, "webHole", JS_NewCFunction(ctx, native_hole, "webHole", 1));
}
