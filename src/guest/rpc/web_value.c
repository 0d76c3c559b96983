/* web_value.c: what kinds of values Cap'n Web knows, and payloads. See web.h. */
#include "guest/rpc/web.h"

static JSValue web_hooks[WEB_HOOK_COUNT];
static JSAtom dup_name, dispose_name;

JSValue web_hook_call(enum web_hook which, int argc, JSValueConst *argv) {
  return JS_Call(guest.ctx, web_hooks[which], JS_UNDEFINED, argc, argv);
}

/* ---- kinds of values */

/* The prototypes that the platform gives, in this order (worker/capnweb.js). */
static const uint8_t kinds[] = {
    WEB_OBJECT,   WEB_FUNCTION, WEB_FUNCTION, WEB_ARRAY,   WEB_DATE,     WEB_BYTES, WEB_WRITABLE,
    WEB_READABLE, WEB_URL,      WEB_HEADERS,  WEB_REQUEST, WEB_RESPONSE, WEB_BLOB,  WEB_TARGET,
    WEB_THENABLE, WEB_THENABLE, WEB_BYTES,    WEB_BYTES,   WEB_BYTES,    WEB_BYTES, WEB_BYTES,
    WEB_BYTES,    WEB_BYTES,    WEB_BYTES,    WEB_BYTES,   WEB_BYTES,    WEB_BYTES, WEB_BYTES,
};
enum { KINDS = sizeof kinds, OBJECT_KIND = 0 };
static JSValue prototypes[KINDS];
static JSValue buffer_prototype; /* Node's Buffer, when there is one */
static JSValue target_prototype, service_prototype, error_prototype;

static bool same(JSValueConst a, JSValueConst b) { return JS_VALUE_GET_PTR(a) == JS_VALUE_GET_PTR(b); }

static enum web_type by_chain(JSValueConst v) {
  enum { CHAIN_MAX = 1000 };
  enum web_type found = WEB_UNSUPPORTED;
  JSValue at = JS_DupValue(guest.ctx, v);
  for (int i = 0; i < CHAIN_MAX && found == WEB_UNSUPPORTED; i++) {
    JSValue next = JS_GetPrototype(guest.ctx, at);
    JS_FreeValue(guest.ctx, at);
    at = next;
    if (!JS_IsObject(at)) break;
    if (same(at, target_prototype) || same(at, service_prototype)) found = WEB_TARGET;
    if (same(at, error_prototype)) found = WEB_ERROR;
  }
  if (JS_IsException(at)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  JS_FreeValue(guest.ctx, at);
  return found;
}

static enum web_type type_of_object(JSValueConst v) {
  enum web_stub_kind stub = web_stub_kind(v);
  if (stub != WEB_NO_STUB) return stub == WEB_RPC_STUB ? WEB_STUB : WEB_PROMISE;
  JSValue prototype = JS_GetPrototype(guest.ctx, v);
  enum web_type found = WEB_UNSUPPORTED;
  if (JS_IsException(prototype)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  if (JS_IsObject(prototype)) {
    for (int i = 0; i < KINDS && found == WEB_UNSUPPORTED; i++)
      if (same(prototype, prototypes[i])) found = (enum web_type)kinds[i];
    if (found == WEB_UNSUPPORTED && JS_IsObject(buffer_prototype) && same(prototype, buffer_prototype))
      found = WEB_BYTES;
    if (found == WEB_UNSUPPORTED) found = by_chain(v);
  }
  JS_FreeValue(guest.ctx, prototype);
  return found;
}

enum web_type web_type_of(JSValueConst v) {
  if (JS_IsObject(v)) return type_of_object(v);
  if (JS_IsNumber(v) || JS_IsString(v) || JS_IsBool(v) || JS_IsNull(v)) return WEB_PRIMITIVE;
  if (JS_IsUndefined(v)) return WEB_UNDEFINED;
  return JS_IsBigInt(v) ? WEB_BIGINT : WEB_UNSUPPORTED;
}

bool web_is_common_atom(JSAtom name) { return JS_HasProperty(guest.ctx, prototypes[OBJECT_KIND], name) > 0; }

bool web_is_common(JSValueConst name) {
  if (!JS_IsString(name)) return false;
  JSAtom atom = JS_ValueToAtom(guest.ctx, name);
  bool common = web_is_common_atom(atom);
  JS_FreeAtom(guest.ctx, atom);
  return common;
}

/* ---- payloads */

struct payload *payload_new(JSValue value, enum payload_source source) {
  struct payload *p = js_malloc(guest.ctx, sizeof *p);
  if (!p)
    JS_FreeValue(guest.ctx, value);
  else
    *p = (struct payload){.value = value, .source = source, .stubs = JS_UNDEFINED, .places = JS_UNDEFINED};
  return p;
}

static int push(JSValue *list, JSValueConst v) {
  if (!JS_IsObject(*list)) *list = JS_NewArray(guest.ctx);
  return engine_array_push(guest.ctx, *list, JS_DupValue(guest.ctx, v));
}

int payload_own_stub(struct payload *p, JSValueConst stub) { return push(&p->stubs, stub); }

int payload_own_place(struct payload *p, JSValueConst parent, JSValueConst key, JSValueConst promise) {
  return push(&p->places, parent) || push(&p->places, key) || push(&p->places, promise) ? -1 : 0;
}

int payload_own_promise(struct payload *p, JSValueConst parent, JSValueConst key, JSValueConst promise) {
  return push(&p->stubs, promise) || payload_own_place(p, parent, key, promise) ? -1 : 0;
}

void web_call_disposer(JSValueConst target) {
  JSValue f = JS_GetProperty(guest.ctx, target, dispose_name), r = JS_UNDEFINED;
  if (JS_IsFunction(guest.ctx, f)) r = JS_Call(guest.ctx, f, target, 0, NULL);
  if (JS_IsException(f) || JS_IsException(r)) {
    JSValue error = JS_GetException(guest.ctx);
    JS_FreeValue(guest.ctx, rpc_hook_call(RPC_uncaught, 1, (JSValueConst *)&error));
    JS_FreeValue(guest.ctx, error);
  }
  JS_FreeValue(guest.ctx, f);
  JS_FreeValue(guest.ctx, r);
}

static struct target_use *use_of(const struct payload *p, JSValueConst target) {
  for (uint32_t i = 0; i < p->target_count; i++)
    if (same(p->targets[i].object, target)) return &p->targets[i];
  return NULL;
}

static void forget_use(struct payload *p, struct target_use *use) {
  struct cap *c = use->cap;
  JSValue object = use->object;
  *use = p->targets[--p->target_count];
  cap_release(c);
  JS_FreeValue(guest.ctx, object);
}

static void drop_stream(JSValueConst stream) {
  JSValue r = web_hook_call(WEB_HOOK_drop, 1, &stream);
  if (JS_IsException(r)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  JS_FreeValue(guest.ctx, r);
}

static void dispose_in(struct payload *p, JSValueConst v, int depth);

static void dispose_members(struct payload *p, JSValueConst v, int depth) {
  JSPropertyEnum *names;
  uint32_t n;
  if (JS_GetOwnPropertyNames(guest.ctx, &names, &n, v, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY)) {
    JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
    return;
  }
  for (uint32_t i = 0; i < n; i++) {
    JSValue member = JS_GetProperty(guest.ctx, v, names[i].atom);
    if (JS_IsException(member))
      JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
    else if (JS_IsObject(member))
      dispose_in(p, member, depth + 1);
    JS_FreeValue(guest.ctx, member);
  }
  JS_FreePropertyEnum(guest.ctx, names, n);
}

static void dispose_target(struct payload *p, JSValueConst v) {
  struct target_use *use = use_of(p, v);
  if (use)
    forget_use(p, use);
  else
    web_call_disposer(v);
}

static void dispose_body(struct payload *p, JSValueConst v) {
  JSValue body = JS_GetPropertyStr(guest.ctx, v, "body");
  if (JS_IsException(body))
    JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  else if (JS_IsObject(body))
    dispose_in(p, body, 0);
  JS_FreeValue(guest.ctx, body);
}

/* What belongs to a value that a function returned. */
static void dispose_in(struct payload *p, JSValueConst v, int depth) {
  if (!JS_IsObject(v) || depth > 2 * WEB_DEPTH_MAX || engine_stack_full(guest.ctx)) return;
  switch (web_type_of(v)) {
    case WEB_OBJECT:
    case WEB_ARRAY:
      dispose_members(p, v, depth);
      break;
    case WEB_STUB:
    case WEB_PROMISE:
      web_stub_release(v);
      break;
    case WEB_FUNCTION:
    case WEB_TARGET:
      dispose_target(p, v);
      break;
    case WEB_REQUEST:
    case WEB_RESPONSE:
      dispose_body(p, v);
      break;
    case WEB_READABLE:
    case WEB_WRITABLE:
      if (use_of(p, v))
        forget_use(p, use_of(p, v));
      else
        drop_stream(v);
      break;
    default:
      break;
  }
}

void owned_dispose(JSValueConst stubs) {
  JSValue *list;
  if (!JS_IsObject(stubs)) return;
  for (uint32_t i = 0; i < engine_array(stubs, &list); i++) { /* disposers may do anything, this again included */
    JSValue one = JS_DupValue(guest.ctx, list[i]);
    if (web_stub_kind(one) != WEB_NO_STUB)
      web_stub_release(one);
    else
      drop_stream(one);
    JS_FreeValue(guest.ctx, one);
  }
  engine_array_truncate(guest.ctx, stubs, 0);
}

void payload_dispose(struct payload *p) {
  enum payload_source source = p->source;
  JSValue stubs = p->stubs, places = p->places;
  p->source = PAYLOAD_OWNED;
  p->stubs = p->places = JS_UNDEFINED;
  if (source == PAYLOAD_RETURN) dispose_in(p, p->value, 0);
  while (p->target_count) forget_use(p, p->targets);
  owned_dispose(stubs);
  JS_FreeValue(guest.ctx, stubs);
  JS_FreeValue(guest.ctx, places);
}

void payload_free(struct payload *p) {
  if (!p) return;
  payload_dispose(p);
  JS_FreeValue(guest.ctx, p->value);
  js_free(guest.ctx, p->targets);
  js_free(guest.ctx, p);
}

/* (): with data [the stubs that a payload owns]. The payload itself it does not hold: that has the value, which has it,
 * and no collector would see this. */
static JSValue on_dispose(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic,
                          JSValueConst *data) {
  owned_dispose(data[0]);
  return JS_UNDEFINED;
}

void payload_give_disposer(struct payload *p, JSValueConst object) {
  if (!JS_IsObject(object) || web_stub_kind(object) != WEB_NO_STUB || has_disposer(object)) return;
  JSValue f = JS_NewCFunctionData(guest.ctx, on_dispose, 0, 0, 1, (JSValueConst *)&p->stubs);
  if (put_disposer(object, f)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
}

void payload_used(struct payload *p) {
  JSValue *values;
  bool given = p && p->chunk && engine_array(p->value, &values) && JS_IsObject(values[0]) && JS_IsObject(p->stubs);
  if (given)
    payload_abandon(p);
  else
    payload_free(p);
}

void payload_abandon(struct payload *p) {
  if (!p) return;
  p->source = PAYLOAD_OWNED;
  JS_FreeValue(guest.ctx, p->stubs);
  JS_FreeValue(guest.ctx, p->places);
  JS_FreeValue(guest.ctx, p->value);
  while (p->target_count) {
    struct target_use *use = &p->targets[--p->target_count];
    cap_abandon(use->cap);
    JS_FreeValue(guest.ctx, use->object);
  }
  js_free(guest.ctx, p->targets);
  js_free(guest.ctx, p);
}

/* ---- targets in payloads */

/* An argument may say itself how it is duplicated. */
static JSValue duplicate(JSValueConst target) {
  JSValue dup = JS_GetProperty(guest.ctx, target, dup_name);
  if (JS_IsException(dup)) return dup;
  JSValue copy =
      JS_IsFunction(guest.ctx, dup) ? JS_Call(guest.ctx, dup, target, 0, NULL) : JS_DupValue(guest.ctx, target);
  JS_FreeValue(guest.ctx, dup);
  return copy;
}

static struct cap *cap_for(JSValueConst target) {
  enum web_type type = web_type_of(target);
  if (type != WEB_WRITABLE) return target_cap(target, type == WEB_THENABLE ? TARGET_THENABLE : TARGET_PLAIN);
  JSValue object = web_hook_call(WEB_HOOK_sink, 1, &target);
  struct cap *c = JS_IsException(object) ? NULL : target_cap(object, TARGET_WRITABLE);
  JS_FreeValue(guest.ctx, object);
  return c;
}

struct cap *payload_target(struct payload *p, JSValueConst target) {
  if (!p || p->source == PAYLOAD_OWNED) return cap_for(target);
  if (p->source == PAYLOAD_PARAMS) {
    bool dup = web_type_of(target) == WEB_TARGET || JS_IsFunction(guest.ctx, target);
    JSValue copy = dup ? duplicate(target) : JS_DupValue(guest.ctx, target);
    struct cap *c = NULL;
    if (JS_IsException(copy)) return NULL;
    if (JS_IsObject(copy))
      c = cap_for(copy);
    else
      JS_ThrowTypeError(guest.ctx, "dup() did not return an object.");
    JS_FreeValue(guest.ctx, copy);
    return c;
  }
  struct target_use *use = use_of(p, target);
  if (use) return cap_use(use->cap);
  struct cap *c = cap_for(target);
  if (!c) return NULL;
  use = js_realloc(guest.ctx, p->targets, (p->target_count + 1) * sizeof *use);
  if (!use) {
    cap_release(c);
    return NULL;
  }
  p->targets = use;
  p->targets[p->target_count++] = (struct target_use){JS_DupValue(guest.ctx, target), c};
  return cap_use(c);
}

/* ---- copies */

struct copying {
  struct payload *to;
  struct payload *from; /* whose stubs these are; NULL: nobody's */
  bool dup;
};

static JSValue copy(struct copying *c, JSValueConst v, JSValueConst parent, JSValueConst key);

static JSValue copy_array(struct copying *c, JSValueConst v) {
  int64_t n;
  JSValue made = JS_NewArray(guest.ctx);
  if (JS_GetLength(guest.ctx, v, &n)) goto failed;
  for (int64_t i = 0; i < n; i++) {
    JSValue element = JS_GetPropertyInt64(guest.ctx, v, i);
    JSValue to = JS_IsException(element) ? element : copy(c, element, made, JS_NewInt64(guest.ctx, i));
    if (!JS_IsException(element)) JS_FreeValue(guest.ctx, element);
    if (JS_IsException(to) || engine_array_push(guest.ctx, made, to)) goto failed;
  }
  return made;
failed:
  JS_FreeValue(guest.ctx, made);
  return JS_EXCEPTION;
}

static JSValue copy_object(struct copying *c, JSValueConst v) {
  JSPropertyEnum *names;
  uint32_t n;
  if (JS_GetOwnPropertyNames(guest.ctx, &names, &n, v, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY)) return JS_EXCEPTION;
  JSValue made = JS_NewObject(guest.ctx);
  bool bad = false;
  for (uint32_t i = 0; i < n && !bad; i++) {
    JSValue member = JS_GetProperty(guest.ctx, v, names[i].atom), to = member;
    if (JS_IsObject(member)) {
      JSValue key = JS_AtomToString(guest.ctx, names[i].atom);
      to = copy(c, member, made, key);
      JS_FreeValue(guest.ctx, key);
      JS_FreeValue(guest.ctx, member);
    }
    bad = JS_IsException(to) || JS_DefinePropertyValue(guest.ctx, made, names[i].atom, to, JS_PROP_C_W_E) < 0;
  }
  JS_FreePropertyEnum(guest.ctx, names, n);
  if (!bad) return made;
  JS_FreeValue(guest.ctx, made);
  return JS_EXCEPTION;
}

static JSValue own(struct copying *c, struct cap *cap, bool promise, JSValueConst parent, JSValueConst key) {
  JSValue stub = cap ? web_stub_new(cap, promise) : JS_EXCEPTION;
  if (JS_IsException(stub)) return stub;
  int bad = promise ? payload_own_promise(c->to, parent, key, stub) : payload_own_stub(c->to, stub);
  if (!bad) return stub;
  JS_FreeValue(guest.ctx, stub);
  return JS_EXCEPTION;
}

static JSValue copy_stub(struct copying *c, JSValueConst v, JSValueConst parent, JSValueConst key) {
  bool promise = web_stub_kind(v) == WEB_RPC_PROMISE;
  struct web_path path;
  if (c->dup) return own(c, web_stub_dup(v), promise, parent, key);
  struct cap *cap = web_stub_taken(v); /* it is twice in the value */
  if (cap) return own(c, cap_use(cap), promise, parent, key);
  cap = web_stub_cap(v, &path);
  if (!cap) return JS_EXCEPTION;
  cap = path.count ? cap_read(cap, &path) : web_stub_take(v);
  return own(c, cap, promise, parent, key);
}

static JSValue copy(struct copying *c, JSValueConst v, JSValueConst parent, JSValueConst key) {
  if (!JS_IsObject(v)) return JS_DupValue(guest.ctx, v);
  if (engine_stack_full(guest.ctx)) return JS_ThrowRangeError(guest.ctx, "Maximum call stack size exceeded");
  enum web_type type = web_type_of(v);
  struct cap *cap;
  switch (type) {
    case WEB_ARRAY:
      return copy_array(c, v);
    case WEB_OBJECT:
      return copy_object(c, v);
    case WEB_STUB:
    case WEB_PROMISE:
      return copy_stub(c, v, parent, key);
    case WEB_FUNCTION:
    case WEB_TARGET:
    case WEB_THENABLE:
      cap = payload_target(c->from, v);
      return own(c, cap, type == WEB_THENABLE, parent, key);
    case WEB_HEADERS:
    case WEB_REQUEST:
    case WEB_RESPONSE:
      return web_hook_call(WEB_HOOK_copy, 1, &v);
    case WEB_READABLE:
      return payload_own_stub(c->to, v) ? JS_EXCEPTION : JS_DupValue(guest.ctx, v);
    default:
      return JS_DupValue(guest.ctx, v);
  }
}

int payload_copy(struct payload *p) {
  if (p->source == PAYLOAD_OWNED) return 0;
  if (!JS_IsObject(p->value)) {
    p->source = PAYLOAD_OWNED;
    return 0;
  }
  struct payload *to = payload_new(JS_UNDEFINED, PAYLOAD_OWNED);
  if (!to) return -1;
  struct copying c = {to, p, p->source == PAYLOAD_PARAMS};
  JSValue v = copy(&c, p->value, JS_UNDEFINED, JS_UNDEFINED);
  if (JS_IsException(v)) {
    JSValue error = JS_GetException(guest.ctx);
    payload_free(to);
    JS_Throw(guest.ctx, error);
    return -1;
  }
  JS_FreeValue(guest.ctx, p->value);
  p->value = v;
  p->source = PAYLOAD_OWNED;
  p->stubs = to->stubs;
  p->places = to->places;
  to->stubs = to->places = JS_UNDEFINED;
  payload_free(to);
  while (p->target_count) forget_use(p, p->targets);
  return 0;
}

/* A value below another, with duplicates of what is in it. */
struct cap *web_copy(JSValueConst value, struct payload *owner) {
  struct payload *to = payload_new(JS_UNDEFINED, PAYLOAD_OWNED);
  if (!to) return NULL;
  struct copying c = {to, owner, true};
  to->value = copy(&c, value, JS_UNDEFINED, JS_UNDEFINED);
  if (!JS_IsException(to->value)) return value_cap(to);
  to->value = JS_UNDEFINED;
  JSValue error = JS_GetException(guest.ctx);
  payload_free(to);
  JS_Throw(guest.ctx, error);
  return NULL;
}

/* ---- promises in payloads */

static int settle_into(struct cap *c, JSValueConst parent, JSValueConst key, struct payload *top, JSValue *wait);

static int settle_promise(JSValueConst promise, JSValueConst parent, JSValueConst key, struct payload *top,
                          JSValue *wait) {
  struct web_path path;
  struct cap *c = web_stub_cap(promise, &path);
  return c ? settle_into(c, parent, key, top, wait) : -1;
}

/* The promises of `p`; what stands at the root of it is at (parent, key), undefined: it is the value of `top`. */
static int settle_places(struct payload *p, JSValueConst parent, JSValueConst key, struct payload *top, JSValue *wait) {
  JSValue *places;
  uint32_t n = JS_IsObject(p->places) ? engine_array(p->places, &places) : 0;
  int r = 0;
  for (uint32_t i = 0; i + 2 < n && r >= 0; i += 3) {
    bool root = JS_IsUndefined(places[i]);
    int one = settle_promise(places[i + 2], root ? parent : places[i], root ? key : places[i + 1], top, wait);
    r = one < 0 ? one : r | one;
    n = engine_array(p->places, &places);
  }
  return r;
}

static int settle_into(struct cap *c, JSValueConst parent, JSValueConst key, struct payload *top, JSValue *wait) {
  struct cap *final = c->type->final(c);
  if (engine_stack_full(guest.ctx)) { /* promises that hold each other */
    JS_ThrowRangeError(guest.ctx, "Maximum call stack size exceeded");
    return -1;
  }
  if (!final) {
    JSValue when = c->type->when(c);
    if (JS_IsException(when)) return -1;
    JS_FreeValue(guest.ctx, *wait);
    *wait = when;
    return 1;
  }
  JSValueConst error = cap_error(final);
  if (!JS_IsUninitialized(error)) {
    JS_Throw(guest.ctx, JS_DupValue(guest.ctx, error));
    return -1;
  }
  struct payload *p = cap_payload(final);
  if (!p) return not_a_value(final);
  if (payload_copy(p)) return -1;
  if (web_stub_kind(p->value) == WEB_RPC_PROMISE) return settle_promise(p->value, parent, key, top, wait);
  if (JS_IsUndefined(parent)) {
    JSValue old = top->value;
    top->value = JS_DupValue(guest.ctx, p->value);
    JS_FreeValue(guest.ctx, old);
  } else {
    JSAtom name = JS_ValueToAtom(guest.ctx, key);
    int r = JS_DefinePropertyValue(guest.ctx, parent, name, JS_DupValue(guest.ctx, p->value), JS_PROP_C_W_E);
    JS_FreeAtom(guest.ctx, name);
    if (r < 0) return -1;
  }
  return settle_places(p, parent, key, top, wait);
}

int payload_settle(struct payload *p, JSValue *wait) {
  *wait = JS_UNDEFINED;
  if (payload_copy(p)) return -1;
  int r = 0;
  if (web_stub_kind(p->value) == WEB_RPC_PROMISE)
    r = settle_promise(p->value, JS_UNDEFINED, JS_UNDEFINED, p, wait);
  else if (JS_IsObject(p->places))
    r = settle_places(p, JS_UNDEFINED, JS_UNDEFINED, p, wait);
  if (r == 1) return 1;
  JS_FreeValue(guest.ctx, *wait);
  *wait = JS_UNDEFINED;
  return r;
}

/* ---- for the platform */

/* webClasses([prototypes], RpcTarget.prototype, Fetcher.prototype, Error.prototype, {hooks}, Symbol.dispose) */
static JSValue native_classes(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  static const char *const names[] = {
#define HOOK(name) #name,
      WEB_HOOKS(HOOK)
#undef HOOK
  };
  for (uint32_t i = 0; i < KINDS; i++) {
    prototypes[i] = JS_GetPropertyUint32(ctx, argv[0], i);
    if (!JS_IsObject(prototypes[i])) return JS_ThrowTypeError(ctx, "no prototype %u", i);
  }
  target_prototype = JS_DupValue(ctx, argv[1]);
  service_prototype = JS_DupValue(ctx, argv[2]);
  error_prototype = JS_DupValue(ctx, argv[3]);
  buffer_prototype = JS_UNDEFINED;
  for (int i = 0; i < WEB_HOOK_COUNT; i++) {
    web_hooks[i] = JS_GetPropertyStr(ctx, argv[4], names[i]);
    if (!JS_IsFunction(ctx, web_hooks[i])) return JS_ThrowTypeError(ctx, "no hook \"%s\"", names[i]);
  }
  dispose_name = JS_ValueToAtom(ctx, argv[5]);
  dup_name = JS_NewAtom(ctx, "dup");
  return JS_UNDEFINED;
}

/* webBuffer(Buffer.prototype) */
static JSValue native_buffer(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  buffer_prototype = JS_DupValue(ctx, argv[0]);
  return JS_UNDEFINED;
}

void web_value_init(JSContext *ctx, JSValueConst native) {
  JS_SetPropertyStr(ctx, native, "webClasses", JS_NewCFunction(ctx, native_classes, "webClasses", 6));
  JS_SetPropertyStr(ctx, native, "webBuffer", JS_NewCFunction(ctx, native_buffer, "webBuffer", 1));
}
