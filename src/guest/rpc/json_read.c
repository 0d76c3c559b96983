/* json_read.c: what Cap'n Web receives: expressions, parsed already, become values; arrays and objects are changed in
 * place. See web.h. What comes is a peer's: anything that is not as it should be is an exception, and the session ends.
 */
#include <stdio.h>
#include <string.h>

#include "guest/rpc/web.h"

struct reading {
  const struct importer *from;
  struct payload *p;
};

static JSValue error_types; /* null-prototype object: name -> constructor */
static JSValue bigint_function;

static JSValue read_value(struct reading *r, JSValueConst v, JSValueConst parent, JSValueConst key, uint32_t depth);

static const struct {
  const char *name;
  int kind; /* JSTypedArrayEnum; -1: DataView; -2: ArrayBuffer */
  uint8_t size;
} containers[] = {
    {"ArrayBuffer", -2, 1},
    {"DataView", -1, 1},
    {"Int8Array", JS_TYPED_ARRAY_INT8, 1},
    {"Uint8Array", JS_TYPED_ARRAY_UINT8, 1},
    {"Uint8ClampedArray", JS_TYPED_ARRAY_UINT8C, 1},
    {"Int16Array", JS_TYPED_ARRAY_INT16, 2},
    {"Uint16Array", JS_TYPED_ARRAY_UINT16, 2},
    {"Int32Array", JS_TYPED_ARRAY_INT32, 4},
    {"Uint32Array", JS_TYPED_ARRAY_UINT32, 4},
    {"BigInt64Array", JS_TYPED_ARRAY_BIG_INT64, 8},
    {"BigUint64Array", JS_TYPED_ARRAY_BIG_UINT64, 8},
    {"Float32Array", JS_TYPED_ARRAY_FLOAT32, 4},
    {"Float64Array", JS_TYPED_ARRAY_FLOAT64, 8},
};

/* ---- errors */

static JSValue throw_about(const char *what, JSValueConst v) {
  JSValue json = JS_JSONStringify(guest.ctx, v, JS_UNDEFINED, JS_UNDEFINED);
  size_t n = 0;
  const char *text = JS_IsException(json) ? NULL : JS_ToCStringLen(guest.ctx, &n, json);
  if (text) {
    JSValue message = engine_concat(guest.ctx, JS_NewString(guest.ctx, what), JS_NewStringLen(guest.ctx, text, n));
    JSValue error;
    JS_ThrowTypeError(guest.ctx, "%s", "");
    error = JS_GetException(guest.ctx);
    JS_DefinePropertyValueStr(guest.ctx, error, "message", message, JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
    JS_Throw(guest.ctx, error);
  }
  JS_FreeCString(guest.ctx, text);
  JS_FreeValue(guest.ctx, json);
  return JS_EXCEPTION;
}

static JSValue unknown_value(JSValueConst v) { return throw_about("unknown special value: ", v); }

static double number_of(JSValueConst v) {
  double d = 0;
  JS_ToFloat64(guest.ctx, &d, v);
  return d;
}

/* The id of what a peer gives. */
static struct cap *import_of(const struct importer *from, JSValueConst v, bool promise) {
  double id = number_of(v);
  if (id < 0 && id > INT32_MIN && id == (int32_t)id) return from->import(from->arg, (int32_t)id, promise);
  const char *text = JS_ToCString(guest.ctx, v);
  JS_ThrowTypeError(guest.ctx, "an object of the peer's own cannot have the id %s", text ? text : "");
  JS_FreeCString(guest.ctx, text);
  return NULL;
}

static struct cap *no_such_entry(JSValueConst id) {
  const char *text = JS_ToCString(guest.ctx, id);
  JS_ThrowPlainError(guest.ctx, "no such entry on exports table: %s", text ? text : "");
  JS_FreeCString(guest.ctx, text);
  return NULL;
}

static bool too_deep(const struct importer *from, uint32_t depth) {
  if (depth < from->depth_max && !engine_stack_full(guest.ctx)) return false;
  JS_ThrowTypeError(guest.ctx, "Deserialization exceeded maximum allowed message depth of %u.", from->depth_max);
  return true;
}

/* ---- data */

static int base64_digit(unsigned c) {
  if (c >= 'A' && c <= 'Z') return (int)c - 'A';
  if (c >= 'a' && c <= 'z') return (int)c - 'a' + 26;
  if (c >= '0' && c <= '9') return (int)c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* As Uint8Array.fromBase64() takes it. */
static JSValue read_base64(JSValueConst v) {
  struct engine_text t;
  JSValue flat = engine_text(guest.ctx, v, &t);
  if (JS_IsException(flat)) return flat;
  uint8_t *bytes = js_malloc(guest.ctx, t.length / 4 * 3 + 3);
  size_t n = 0;
  uint32_t bits = 0, count = 0, pads = 0;
  bool bad = false;
  for (uint32_t i = 0; bytes && i < t.length && !bad; i++) {
    uint32_t c = engine_char(&t, i);
    if (c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r') continue;
    int digit = base64_digit(c);
    if (c == '=' && count > 1 && pads < 4 - count)
      pads++;
    else if (digit < 0 || pads)
      bad = true;
    else if (bits = bits << 6 | (uint32_t)digit, ++count == 4)
      bytes[n++] = (uint8_t)(bits >> 16), bytes[n++] = (uint8_t)(bits >> 8), bytes[n++] = (uint8_t)bits, count = 0;
  }
  if (bytes && count == 2) bytes[n++] = (uint8_t)(bits >> 4);
  if (bytes && count == 3) bytes[n++] = (uint8_t)(bits >> 10), bytes[n++] = (uint8_t)(bits >> 2);
  if (count == 1 || (pads && pads != 4 - count)) bad = true;
  JS_FreeValue(guest.ctx, flat);
  JSValue made = !bytes ? JS_EXCEPTION
                 : bad  ? JS_ThrowSyntaxError(guest.ctx, "The base64 input is not correctly encoded.")
                        : JS_NewUint8ArrayCopy(guest.ctx, bytes, n);
  js_free(guest.ctx, bytes);
  return made;
}

static JSValue contain(JSValue bytes, JSValueConst marker) {
  int kind;
  JSValueConst buffer;
  size_t offset, length, n, i = 0;
  bool tracks;
  const char *name = JS_ToCStringLen(guest.ctx, &n, marker);
  JSValue made = JS_EXCEPTION;
  size_t count = sizeof containers / sizeof *containers;
  while (name && i < count && strcmp(name, containers[i].name) != 0) i++;
  if (name && i == count) {
    JS_ThrowTypeError(guest.ctx, "Unknown bytes type marker: %.64s", name);
  } else if (name && !engine_view(guest.ctx, bytes, &kind, &buffer, &offset, &length, &tracks)) {
    size_t whole, size = containers[i].size;
    const uint8_t *p = JS_GetArrayBuffer(guest.ctx, &whole, buffer);
    if (length % size) {
      JS_ThrowTypeError(guest.ctx, "Invalid byte length %u for %s; expected a multiple of %u", (unsigned)length, name,
                        (unsigned)size);
    } else {
      JSValue copy = JS_NewArrayBufferCopy(guest.ctx, length ? p + offset : (const uint8_t *)"", length);
      if (containers[i].kind == -2 || JS_IsException(copy)) {
        made = copy;
      } else {
        made = engine_new_view(guest.ctx, containers[i].kind, copy, 0, length / size, false);
        JS_FreeValue(guest.ctx, copy);
      }
    }
  }
  JS_FreeCString(guest.ctx, name);
  JS_FreeValue(guest.ctx, bytes);
  return made;
}

static bool is_bytes(JSValueConst v) {
  int kind = 0;
  JSValueConst buffer;
  size_t offset, length;
  bool tracks;
  return engine_class(guest.ctx, v) == CLASS_TYPED_ARRAY &&
         !engine_view(guest.ctx, v, &kind, &buffer, &offset, &length, &tracks) && kind == JS_TYPED_ARRAY_UINT8;
}

static JSValue read_bytes_of(JSValueConst whole, JSValue *e, uint32_t n) {
  JSValueConst first = n > 1 ? e[1] : JS_UNDEFINED;
  bool text = JS_IsString(first);
  JSValue bytes = is_bytes(first)      ? JS_DupValue(guest.ctx, first)
                  : JS_IsString(first) ? read_base64(first)
                                       : unknown_value(whole);
  if (JS_IsException(bytes) || (n == 2 && !text)) return bytes;
  if (n == 2) {
    JSValue buffer = web_hook_call(WEB_HOOK_buffer, 1, (JSValueConst *)&bytes);
    JS_FreeValue(guest.ctx, bytes);
    return buffer;
  }
  if (JS_IsString(e[2])) return contain(bytes, e[2]);
  JS_FreeValue(guest.ctx, bytes);
  const char *type = JS_IsNumber(e[2]) ? "number" : JS_IsBool(e[2]) ? "boolean" : "object";
  return JS_ThrowTypeError(guest.ctx, "Unknown bytes type marker type: %s", type);
}

static JSValue read_bigint(struct reading *r, JSValueConst digits) {
  struct engine_text t;
  JSValue flat = engine_text(guest.ctx, digits, &t);
  uint32_t n = JS_IsException(flat) ? 0 : t.length;
  JS_FreeValue(guest.ctx, flat);
  if (n > r->from->bigint_max)
    return JS_ThrowTypeError(guest.ctx, "Deserialized bigint exceeds maximum length of %u digits.",
                             r->from->bigint_max);
  return JS_Call(guest.ctx, bigint_function, JS_UNDEFINED, 1, &digits);
}

/* ---- errors as values */

static bool is_string_of(JSValueConst v, const char *text) {
  size_t n;
  const char *s = JS_IsString(v) ? JS_ToCStringLen(guest.ctx, &n, v) : NULL;
  bool is = s && n == strlen(text) && !memcmp(s, text, n);
  JS_FreeCString(guest.ctx, s);
  return is;
}

static bool is_plain_object(JSValueConst v) { return engine_class(guest.ctx, v) == CLASS_OBJECT; }

static int read_properties(struct reading *r, JSValueConst error, JSValueConst props, uint32_t depth) {
  JSPropertyEnum *names;
  uint32_t n;
  int bad = 0;
  if (JS_GetOwnPropertyNames(guest.ctx, &names, &n, props, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY)) return -1;
  for (uint32_t i = 0; i < n && !bad; i++) {
    JSAtom name = names[i].atom;
    JSValue key = JS_AtomToString(guest.ctx, name);
    if (is_string_of(key, "name") || is_string_of(key, "message") || is_string_of(key, "stack")) {
      JS_FreeValue(guest.ctx, key);
      continue;
    }
    JSValue v = JS_GetProperty(guest.ctx, props, name);
    JSValue made = read_value(r, v, error, key, depth + 1);
    JS_FreeValue(guest.ctx, v);
    if (JS_IsException(made))
      bad = -1;
    else if (web_is_common_atom(name) || is_string_of(key, "toJSON"))
      JS_FreeValue(guest.ctx, made);
    else
      bad = JS_SetProperty(guest.ctx, error, name, made) < 0 ? -1 : 0;
    JS_FreeValue(guest.ctx, key);
  }
  JS_FreePropertyEnum(guest.ctx, names, n);
  return bad;
}

static JSValue read_error(struct reading *r, JSValueConst whole, JSValue *e, uint32_t n, uint32_t depth) {
  if (n < 3 || !JS_IsString(e[1]) || !JS_IsString(e[2])) return unknown_value(whole);
  JSAtom name = JS_ValueToAtom(guest.ctx, e[1]);
  JSValue type = JS_GetProperty(guest.ctx, error_types, name), list = JS_NewArray(guest.ctx);
  JS_FreeAtom(guest.ctx, name);
  if (!JS_IsFunction(guest.ctx, type)) type = JS_GetPropertyStr(guest.ctx, error_types, "Error");
  bool aggregate = is_string_of(e[1], "AggregateError");
  JSValueConst argv[] = {aggregate ? list : e[2], e[2]};
  JSValue error = JS_CallConstructor(guest.ctx, type, aggregate ? 2 : 1, argv);
  JS_FreeValue(guest.ctx, type);
  JS_FreeValue(guest.ctx, list);
  if (JS_IsException(error)) return error;
  if (n > 3 && JS_IsString(e[3])) JS_SetPropertyStr(guest.ctx, error, "stack", JS_DupValue(guest.ctx, e[3]));
  if (n < 5) return error;
  if (!is_plain_object(e[4]))
    unknown_value(whole);
  else if (!read_properties(r, error, e[4], depth))
    return error;
  JS_FreeValue(guest.ctx, error);
  return JS_EXCEPTION;
}

/* ---- objects of the platform */

static JSValue make(const char *kind, JSValueConst a, JSValueConst b) {
  JSValue name = JS_NewString(guest.ctx, kind);
  JSValueConst argv[] = {name, a, b};
  JSValue v = web_hook_call(WEB_HOOK_in, 3, argv);
  JS_FreeValue(guest.ctx, name);
  return v;
}

static int read_member(struct reading *r, JSValueConst init, const char *name, uint32_t depth) {
  JSValue v = JS_GetPropertyStr(guest.ctx, init, name), key;
  if (JS_IsException(v)) return -1;
  if (!JS_ToBool(guest.ctx, v)) {
    JS_FreeValue(guest.ctx, v);
    return 0;
  }
  key = JS_NewString(guest.ctx, name);
  JSValue made = read_value(r, v, init, key, depth + 1);
  JS_FreeValue(guest.ctx, v);
  JS_FreeValue(guest.ctx, key);
  if (JS_IsException(made)) return -1;
  return JS_DefinePropertyValueStr(guest.ctx, init, name, made, JS_PROP_C_W_E) < 0 ? -1 : 0;
}

static JSValue read_request(struct reading *r, JSValueConst whole, JSValue *e, uint32_t n, uint32_t depth) {
  if (n != 3 || !JS_IsString(e[1]) || !is_plain_object(e[2])) return unknown_value(whole);
  if (read_member(r, e[2], "body", depth) || read_member(r, e[2], "signal", depth)) return JS_EXCEPTION;
  return make("request", e[1], e[2]);
}

static JSValue read_response(struct reading *r, JSValueConst whole, JSValue *e, uint32_t n, JSValueConst parent,
                             JSValueConst key, uint32_t depth) {
  if (n != 3) return unknown_value(whole);
  JSValue body = read_value(r, e[1], parent, key, depth + 1);
  if (JS_IsException(body)) return body;
  JSValue made = is_plain_object(e[2]) ? make("response", body, e[2]) : unknown_value(whole);
  JS_FreeValue(guest.ctx, body);
  return made;
}

/* Puts a promise of the cap (a use) at this place. */
static JSValue own_promise(struct reading *r, struct cap *c, JSValueConst parent, JSValueConst key) {
  JSValue promise = c ? web_stub_new(c, true) : JS_EXCEPTION;
  if (JS_IsException(promise) || !payload_own_promise(r->p, parent, key, promise)) return promise;
  JS_FreeValue(guest.ctx, promise);
  return JS_EXCEPTION;
}

static JSValue own_stub(struct reading *r, struct cap *c, bool promise) {
  JSValue stub = c ? web_stub_new(c, promise) : JS_EXCEPTION;
  if (JS_IsException(stub) || !payload_own_stub(r->p, stub)) return stub;
  JS_FreeValue(guest.ctx, stub);
  return JS_EXCEPTION;
}

static JSValue read_blob(struct reading *r, JSValueConst whole, JSValue *e, uint32_t n, JSValueConst parent,
                         JSValueConst key, uint32_t depth) {
  if (n != 3 || !JS_IsString(e[1])) return unknown_value(whole);
  JSValue content = read_value(r, e[2], parent, key, depth + 1);
  if (JS_IsException(content)) return content;
  JSValue promise = make("blob", e[1], content);
  JS_FreeValue(guest.ctx, content);
  return JS_IsException(promise) ? promise : own_promise(r, promise_cap(promise, true, NULL), parent, key);
}

/* ---- caps */

static bool is_path(JSValueConst v) {
  JSValue *parts;
  if (engine_class(guest.ctx, v) != CLASS_ARRAY) return false;
  uint32_t n = engine_array(v, &parts);
  for (uint32_t i = 0; i < n; i++)
    if (!JS_IsString(parts[i]) && !JS_IsNumber(parts[i])) return false;
  return true;
}

static struct payload *read_arguments(const struct importer *from, JSValueConst list, uint32_t depth) {
  struct payload *p = payload_new(JS_DupValue(guest.ctx, list), PAYLOAD_OWNED);
  struct reading r = {from, p};
  JSValue *e;
  if (!p) return NULL;
  uint32_t n = engine_array(list, &e);
  if (too_deep(from, depth + !!n)) {
    payload_free(p);
    return NULL;
  }
  for (uint32_t i = 0; i < n; i++) {
    if (JS_IsObject(e[i])) {
      JSValue v = read_value(&r, e[i], list, JS_NewUint32(guest.ctx, i), depth + 1);
      if (JS_IsException(v)) {
        payload_free(p);
        return NULL;
      }
      engine_array(list, &e);
      JS_FreeValue(guest.ctx, e[i]);
      e[i] = v;
    }
  }
  return p;
}

/* ["import"|"pipeline", id, path?, arguments?]. NULL and *malformed: it is none. */
static struct cap *read_use(const struct importer *from, JSValue *e, uint32_t n, bool promise, uint32_t depth,
                            bool *malformed) {
  JSValue *parts = NULL;
  *malformed = n < 2 || n > 4 || !JS_IsNumber(e[1]);
  if (*malformed) return NULL;
  struct cap *c = from->named(from->arg, number_of(e[1]));
  if (!c) return JS_HasException(guest.ctx) ? NULL : no_such_entry(e[1]);
  struct web_path path = {NULL, 0};
  if (n == 2) return promise ? cap_read(c, &path) : cap_dup(c);
  *malformed = !is_path(e[2]) || (n == 4 && engine_class(guest.ctx, e[3]) != CLASS_ARRAY);
  if (*malformed) return NULL;
  path.count = engine_array(e[2], &parts);
  path.parts = (JSValueConst *)parts;
  if (n == 3) return cap_read(c, &path);
  hook_hold(&c->memory); /* what the arguments call may release it */
  struct payload *arguments = read_arguments(from, e[3], depth);
  struct cap *made = arguments ? c->type->call(c, &path, arguments) : NULL;
  hook_release(&c->memory);
  return made;
}

static int read_capture(const struct importer *from, JSValueConst v, struct captures *into) {
  JSValue *e;
  uint32_t n = JS_IsObject(v) ? engine_array(v, &e) : 0;
  bool export = n == 2 && is_string_of(e[0], "export"), import = n == 2 && is_string_of(e[0], "import");
  if (!(export || import) || !JS_IsNumber(e[1])) {
    throw_about("unknown map capture: ", v);
    return -1;
  }
  struct cap *c = export ? import_of(from, e[1], false) : from->named(from->arg, number_of(e[1]));
  if (!c && !JS_HasException(guest.ctx)) no_such_entry(e[1]);
  if (!c) return -1;
  into->caps[into->count++] = export ? c : cap_dup(c);
  return 0;
}

static struct cap *read_remap(const struct importer *from, JSValue *e, uint32_t n, bool *malformed) {
  JSValue *list, *parts;
  struct captures captures = {NULL, 0};
  *malformed = n != 5 || !JS_IsNumber(e[1]) || engine_class(guest.ctx, e[2]) != CLASS_ARRAY ||
               engine_class(guest.ctx, e[3]) != CLASS_ARRAY || engine_class(guest.ctx, e[4]) != CLASS_ARRAY;
  if (*malformed) return NULL;
  struct cap *c = from->named(from->arg, number_of(e[1]));
  if (!c) return JS_HasException(guest.ctx) ? NULL : no_such_entry(e[1]);
  *malformed = !is_path(e[2]);
  if (*malformed) return NULL;
  uint32_t count = engine_array(e[3], &list);
  captures.caps = js_malloc(guest.ctx, (count + 1) * sizeof *captures.caps);
  if (!captures.caps) return NULL;
  for (uint32_t i = 0; i < count; i++)
    if (read_capture(from, list[i], &captures)) {
      captures_free(&captures);
      return NULL;
    }
  uint32_t length = engine_array(e[2], &parts);
  return c->type->map(c, &(struct web_path){(JSValueConst *)parts, length}, &captures, e[4]);
}

struct cap *web_read_call(const struct importer *from, JSValueConst expression, bool *other) {
  JSValue *e;
  uint32_t n = JS_IsObject(expression) ? engine_array(expression, &e) : 0;
  bool promise = n > 1 && is_string_of(e[0], "pipeline");
  *other = !promise;
  return promise ? read_use(from, e, n, true, 0, other) : NULL;
}

static JSValue read_export(struct reading *r, JSValueConst id, bool promise, JSValueConst parent, JSValueConst key) {
  struct cap *c = import_of(r->from, id, promise);
  return promise ? own_promise(r, c, parent, key) : own_stub(r, c, false);
}

static JSValue read_writable(struct reading *r, JSValueConst id) {
  JSValue stub = own_stub(r, import_of(r->from, id, false), false);
  if (JS_IsException(stub)) return stub;
  JSValue stream = web_hook_call(WEB_HOOK_writable, 1, (JSValueConst *)&stub);
  JS_FreeValue(guest.ctx, stub);
  return stream;
}

static JSValue no_such_pipe(JSValueConst id) {
  const char *text = JS_ToCString(guest.ctx, id);
  JS_ThrowPlainError(guest.ctx, "Export %s is not a pipe or its readable end was already consumed.", text ? text : "");
  JS_FreeCString(guest.ctx, text);
  return JS_EXCEPTION;
}

static JSValue read_readable(struct reading *r, JSValueConst id) {
  double d = number_of(id);
  bool known = d >= 0 && d < INT32_MAX && d == (int32_t)d;
  JSValue stream = known ? r->from->readable(r->from->arg, (int32_t)d) : no_such_pipe(id);
  if (JS_IsException(stream) || !payload_own_stub(r->p, stream)) return stream;
  JS_FreeValue(guest.ctx, stream);
  return JS_EXCEPTION;
}

/* ---- everything */

enum tag {
  TAG_BIGINT,
  TAG_DATE,
  TAG_BYTES,
  TAG_ERROR,
  TAG_UNDEFINED,
  TAG_INF,
  TAG_MINUS_INF,
  TAG_NAN,
  TAG_URL,
  TAG_HEADERS,
  TAG_REQUEST,
  TAG_RESPONSE,
  TAG_BLOB,
  TAG_IMPORT,
  TAG_PIPELINE,
  TAG_REMAP,
  TAG_EXPORT,
  TAG_PROMISE,
  TAG_WRITABLE,
  TAG_READABLE,
  TAG_NONE
};

static enum tag tag_of(JSValueConst v) {
  static const char *const names[] = {"bigint",   "date",  "bytes",   "error",   "undefined", "inf",     "-inf",
                                      "nan",      "url",   "headers", "request", "response",  "blob",    "import",
                                      "pipeline", "remap", "export",  "promise", "writable",  "readable"};
  struct engine_text t;
  enum tag found = TAG_NONE;
  if (!JS_IsString(v)) return TAG_NONE;
  JSValue flat = engine_text(guest.ctx, v, &t);
  for (int i = 0; !JS_IsException(flat) && t.narrow && i < TAG_NONE && found == TAG_NONE; i++)
    if (t.length == strlen(names[i]) && !memcmp(t.narrow, names[i], t.length)) found = (enum tag)i;
  JS_FreeValue(guest.ctx, flat);
  return found;
}

static JSValue read_special(struct reading *r, JSValueConst v, JSValueConst parent, JSValueConst key, uint32_t depth) {
  JSValue *e = NULL;
  uint32_t n = engine_array(v, &e);
  enum tag tag = n ? tag_of(e[0]) : TAG_NONE;
  bool number = n > 1 && JS_IsNumber(e[1]), string = n > 1 && JS_IsString(e[1]), malformed = false;
  struct cap *c;
  switch (tag) {
    case TAG_BIGINT:
      return string ? read_bigint(r, e[1]) : unknown_value(v);
    case TAG_DATE:
      if (number) return JS_NewDate(guest.ctx, number_of(e[1]));
      return n > 1 && JS_IsNull(e[1]) ? JS_NewDate(guest.ctx, __builtin_nan("")) : unknown_value(v);
    case TAG_BYTES:
      return read_bytes_of(v, e, n);
    case TAG_ERROR:
      return read_error(r, v, e, n, depth);
    case TAG_UNDEFINED:
      return n == 1 ? JS_UNDEFINED : unknown_value(v);
    case TAG_INF:
      return JS_NewFloat64(guest.ctx, __builtin_inf());
    case TAG_MINUS_INF:
      return JS_NewFloat64(guest.ctx, -__builtin_inf());
    case TAG_NAN:
      return JS_NewFloat64(guest.ctx, __builtin_nan(""));
    case TAG_URL:
      return n == 2 && string ? make("url", e[1], JS_UNDEFINED) : unknown_value(v);
    case TAG_HEADERS:
      return n == 2 && engine_class(guest.ctx, e[1]) == CLASS_ARRAY ? make("headers", e[1], JS_UNDEFINED)
                                                                    : unknown_value(v);
    case TAG_REQUEST:
      return read_request(r, v, e, n, depth);
    case TAG_RESPONSE:
      return read_response(r, v, e, n, parent, key, depth);
    case TAG_BLOB:
      return read_blob(r, v, e, n, parent, key, depth);
    case TAG_IMPORT:
    case TAG_PIPELINE:
      c = read_use(r->from, e, n, tag == TAG_PIPELINE, depth, &malformed);
      if (malformed) return unknown_value(v);
      return tag == TAG_PIPELINE ? own_promise(r, c, parent, key) : own_stub(r, c, true);
    case TAG_REMAP:
      c = read_remap(r->from, e, n, &malformed);
      return malformed ? unknown_value(v) : own_promise(r, c, parent, key);
    case TAG_EXPORT:
    case TAG_PROMISE:
      return number ? read_export(r, e[1], tag == TAG_PROMISE, parent, key) : unknown_value(v);
    case TAG_WRITABLE:
      return number ? read_writable(r, e[1]) : unknown_value(v);
    case TAG_READABLE:
      return number ? read_readable(r, e[1]) : unknown_value(v);
    default:
      return unknown_value(v);
  }
}

static JSValue read_elements(struct reading *r, JSValueConst list, uint32_t depth) {
  JSValue *e;
  uint32_t n = engine_array(list, &e);
  if (n && too_deep(r->from, depth + 1)) return JS_EXCEPTION;
  for (uint32_t i = 0; i < n; i++) {
    if (!JS_IsObject(e[i])) continue;
    JSValue v = read_value(r, e[i], list, JS_NewUint32(guest.ctx, i), depth + 1);
    if (JS_IsException(v)) return v;
    engine_array(list, &e);
    JSValue old = e[i];
    e[i] = v;
    JS_FreeValue(guest.ctx, old);
  }
  return JS_DupValue(guest.ctx, list);
}

static JSValue read_members(struct reading *r, JSValueConst v, uint32_t depth) {
  JSPropertyEnum *names;
  uint32_t n;
  if (JS_GetOwnPropertyNames(guest.ctx, &names, &n, v, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY)) return JS_EXCEPTION;
  bool bad = n && too_deep(r->from, depth + 1);
  for (uint32_t i = 0; i < n && !bad; i++) {
    JSAtom name = names[i].atom;
    JSValue key = JS_AtomToString(guest.ctx, name), member = JS_GetProperty(guest.ctx, v, name), made = member;
    if (JS_IsObject(member)) {
      made = read_value(r, member, v, key, depth + 1);
      JS_FreeValue(guest.ctx, member);
      bad = JS_IsException(made);
    }
    if (bad || web_is_common_atom(name) || is_string_of(key, "toJSON")) {
      JS_FreeValue(guest.ctx, made);
      if (!bad) JS_DeleteProperty(guest.ctx, v, name, 0);
    } else if (JS_IsObject(member) || !JS_IsObject(made)) {
      bad = JS_DefinePropertyValue(guest.ctx, v, name, made, JS_PROP_C_W_E) < 0;
    } else {
      JS_FreeValue(guest.ctx, made);
    }
    JS_FreeValue(guest.ctx, key);
  }
  JS_FreePropertyEnum(guest.ctx, names, n);
  return bad ? JS_EXCEPTION : JS_DupValue(guest.ctx, v);
}

static JSValue read_value(struct reading *r, JSValueConst v, JSValueConst parent, JSValueConst key, uint32_t depth) {
  JSValue *e;
  if (too_deep(r->from, depth)) return JS_EXCEPTION;
  if (!JS_IsObject(v)) return JS_DupValue(guest.ctx, v);
  enum engine_class class = engine_class(guest.ctx, v);
  if (class == CLASS_DATE && r->from->level == LEVEL_CLONABLE) return JS_DupValue(guest.ctx, v);
  if (class != CLASS_ARRAY) return read_members(r, v, depth);
  if (engine_array(v, &e) == 1 && engine_class(guest.ctx, e[0]) == CLASS_ARRAY) return read_elements(r, e[0], depth);
  return read_special(r, v, parent, key, depth);
}

struct payload *web_read(const struct importer *from, JSValue value) {
  struct payload *p = payload_new(JS_UNDEFINED, PAYLOAD_OWNED);
  struct reading r = {from, p};
  if (p) p->value = read_value(&r, value, JS_UNDEFINED, JS_UNDEFINED, 0);
  JS_FreeValue(guest.ctx, value);
  if (!p || !JS_IsException(p->value)) return p;
  JSValue error = JS_GetException(guest.ctx);
  p->value = JS_UNDEFINED;
  payload_free(p);
  JS_Throw(guest.ctx, error);
  return NULL;
}

/* webErrors({Error, …}, BigInt) */
static JSValue native_errors(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  error_types = JS_DupValue(ctx, argv[0]);
  bigint_function = JS_DupValue(ctx, argv[1]);
  return JS_UNDEFINED;
}

void web_read_init(JSContext *ctx, JSValueConst native) {
  JS_SetPropertyStr(ctx, native, "webErrors", JS_NewCFunction(ctx, native_errors, "webErrors", 2));
}
