/* web_stub.c: the classes RpcStub and RpcPromise of the module `capnweb`. See web.h.
 *
 * A stub is a function whose every name that RpcPromise's prototypes do not have is a property: an RpcPromise with the
 * same cap and a longer path. It cannot be changed. It is no Symbol.dispose of its class, but each stub's own, unless
 * it is a property.
 */
#include <string.h>

#include "guest/rpc/web.h"

struct web_stub {
  struct cap *cap;  /* a use; a property: of its root's, through `root`. NULL: disposed, or taken */
  struct cap *used; /* memory: what it was before the payload that it came with was disposed; a property: its root's */
  JSValue root;     /* of a property: the stub that it is of */
  JSValue *parts;   /* its path */
  uint32_t count;
};

static JSClassID class_id[3]; /* by enum web_stub_kind */
static JSAtom dispose_name;
static JSValue promise_prototype;
static struct cap *disposed_cap;

static struct web_stub *stub_of(JSValueConst v) {
  struct web_stub *s = JS_GetOpaque(v, class_id[WEB_RPC_PROMISE]);
  return s ? s : JS_GetOpaque(v, class_id[WEB_RPC_STUB]);
}

enum web_stub_kind web_stub_kind(JSValueConst v) {
  if (!JS_IsObject(v)) return WEB_NO_STUB;
  if (JS_GetOpaque(v, class_id[WEB_RPC_STUB])) return WEB_RPC_STUB;
  return JS_GetOpaque(v, class_id[WEB_RPC_PROMISE]) ? WEB_RPC_PROMISE : WEB_NO_STUB;
}

static void web_stub_finalize(JSRuntime *rt, JSValueConst v) {
  struct web_stub *s = stub_of(v);
  if (!s) return;
  if (s->cap) cap_abandon(s->cap);
  if (s->used) hook_release(&s->used->memory);
  JS_FreeValueRT(rt, s->root);
  for (uint32_t i = 0; i < s->count; i++) JS_FreeValueRT(rt, s->parts[i]);
  js_free_rt(rt, s->parts);
  js_free_rt(rt, s);
}

static void web_stub_mark(JSRuntime *rt, JSValueConst v, JS_MarkFunc *mark) {
  struct web_stub *s = stub_of(v);
  if (s) JS_MarkValue(rt, s->root, mark);
}

static JSValue web_make(JSValue object, struct cap *c) {
  struct web_stub *s = JS_IsException(object) ? NULL : js_malloc(guest.ctx, sizeof *s);
  if (!s) {
    if (c) cap_release(c);
    JS_FreeValue(guest.ctx, object);
    return JS_EXCEPTION;
  }
  *s = (struct web_stub){.cap = c, .root = JS_UNDEFINED};
  JS_SetOpaque(object, s);
  JS_PreventExtensions(guest.ctx, object); /* its prototype stays, too */
  return object;
}

JSValue web_stub_new(struct cap *c, bool promise) {
  return web_make(JS_NewObjectClass(guest.ctx, class_id[promise ? WEB_RPC_PROMISE : WEB_RPC_STUB]), c);
}

/* The error that every disposed stub stands for: one, so that it has one id on the wire. */
static struct cap *the_disposed(void) {
  if (!disposed_cap) {
    JS_ThrowPlainError(guest.ctx, "Attempted to use RPC stub after it has been disposed.");
    disposed_cap = failed_cap();
  }
  return disposed_cap;
}

struct cap *web_stub_cap(JSValueConst v, struct web_path *path) {
  struct web_stub *s = stub_of(v), *root = JS_IsObject(s->root) ? stub_of(s->root) : s;
  *path = (struct web_path){(JSValueConst *)s->parts, s->count};
  if (root->cap) return root->cap;
  if (!s->used) return the_disposed();
  if (!s->used->type->disposed) return s->used;
  JS_ThrowPlainError(guest.ctx, "%s", s->used->type->disposed);
  return NULL;
}

struct cap *web_stub_dup(JSValueConst v) {
  struct web_path path;
  struct cap *c = web_stub_cap(v, &path);
  if (!c) return NULL;
  return web_stub_kind(v) == WEB_RPC_PROMISE ? cap_read(c, &path) : cap_dup(c);
}

struct cap *web_stub_take(JSValueConst v) {
  struct web_stub *s = stub_of(v);
  struct cap *c = s->cap;
  if (!c) return cap_use(the_disposed());
  s->cap = NULL;
  s->used = (struct cap *)hook_hold(&c->memory);
  return c;
}

/* It counts as disposed from now on. */
static void forget_used(struct web_stub *s) {
  struct cap *used = s->used;
  s->used = NULL;
  if (used) hook_release(&used->memory);
}

struct cap *web_stub_taken(JSValueConst v) {
  struct web_stub *s = stub_of(v);
  return !s->cap && !s->count && s->used && s->used->uses ? s->used : NULL;
}

void web_stub_release(JSValueConst v) {
  struct web_stub *s = stub_of(v);
  if (s && s->cap) cap_release(web_stub_take(v));
}

/* ---- properties */

/* `name` null: the same property again. */
static JSValue web_property(JSValueConst v, const struct web_stub *s, JSAtom name) {
  JSValue made = web_stub_new(NULL, true);
  if (JS_IsException(made)) return made;
  struct web_stub *p = stub_of(made);
  p->root = JS_DupValue(guest.ctx, JS_IsObject(s->root) ? s->root : v);
  p->used = s->cap ? s->cap : s->used;
  if (p->used) hook_hold(&p->used->memory);
  p->parts = js_malloc(guest.ctx, (s->count + 1) * sizeof *p->parts);
  if (!p->parts) {
    JS_FreeValue(guest.ctx, made);
    return JS_EXCEPTION;
  }
  for (; p->count < s->count; p->count++) p->parts[p->count] = JS_DupValue(guest.ctx, s->parts[p->count]);
  if (name != JS_ATOM_NULL) p->parts[p->count++] = JS_AtomToString(guest.ctx, name);
  return made;
}

static JSValue web_dispose(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic,
                           JSValueConst *data) {
  struct web_stub *s = stub_of(data[0]);
  struct cap *c = s->cap;
  s->cap = NULL;
  forget_used(s);
  if (c) cap_release(c);
  return JS_UNDEFINED;
}

static JSValue disposer_for(JSValueConst v) {
  JSValue f = JS_NewCFunctionData(guest.ctx, web_dispose, 0, 0, 1, &v);
  JS_DefinePropertyValueStr(guest.ctx, f, "name", JS_NewString(guest.ctx, ""), JS_PROP_CONFIGURABLE);
  return f;
}

static bool is_string(JSAtom name) {
  JSValue v = JS_AtomToValue(guest.ctx, name);
  bool is = JS_IsString(v);
  JS_FreeValue(guest.ctx, v);
  return is;
}

static JSValue web_get(JSContext *ctx, JSValueConst v, JSAtom name, JSValueConst receiver) {
  struct web_stub *s = stub_of(v);
  int known = JS_HasProperty(ctx, promise_prototype, name);
  if (known < 0) return JS_EXCEPTION;
  if (known) {
    JSValue prototype = JS_GetPrototype(ctx, v);
    JSValue found = engine_get_for(ctx, prototype, name, receiver);
    JS_FreeValue(ctx, prototype);
    return found;
  }
  if (name == dispose_name) return s->count ? JS_UNDEFINED : disposer_for(v);
  return is_string(name) ? web_property(v, s, name) : JS_UNDEFINED;
}

static int web_has(JSContext *ctx, JSValueConst v, JSAtom name) {
  int known = JS_HasProperty(ctx, promise_prototype, name);
  if (known < 0) return -1;
  if (known) {
    JSValue prototype = JS_GetPrototype(ctx, v);
    int has = JS_HasProperty(ctx, prototype, name);
    JS_FreeValue(ctx, prototype);
    return has;
  }
  if (name == dispose_name) return !stub_of(v)->count;
  return is_string(name);
}

static int web_get_own(JSContext *ctx, JSPropertyDescriptor *out, JSValueConst v, JSAtom name) { return 0; }
static int web_own_names(JSContext *ctx, JSPropertyEnum **names, uint32_t *count, JSValueConst v) {
  *names = NULL;
  *count = 0;
  return 0;
}
static int web_set(JSContext *ctx, JSValueConst v, JSAtom name, JSValueConst value, JSValueConst receiver, int flags) {
  JS_ThrowPlainError(ctx, "Can't assign properties on RPC stubs.");
  return -1;
}
static int web_define(JSContext *ctx, JSValueConst v, JSAtom name, JSValueConst value, JSValueConst getter,
                      JSValueConst setter, int flags) {
  JS_ThrowPlainError(ctx, "Can't define properties on RPC stubs.");
  return -1;
}
static int web_delete(JSContext *ctx, JSValueConst v, JSAtom name) {
  JS_ThrowPlainError(ctx, "Can't delete properties on RPC stubs.");
  return -1;
}

/* ---- calls and methods */

static JSValue arguments_array(int argc, JSValueConst *argv) {
  JSValue list = JS_NewArray(guest.ctx);
  for (int i = 0; i < argc; i++) engine_array_push(guest.ctx, list, JS_DupValue(guest.ctx, argv[i]));
  return list;
}

static JSValue web_call(JSContext *ctx, JSValueConst f, JSValueConst this, int argc, JSValueConst *argv, int flags) {
  struct web_path path;
  if (!stub_of(f)) return JS_ThrowTypeError(ctx, "Illegal invocation");
  struct payload *arguments = payload_new(arguments_array(argc, argv), PAYLOAD_PARAMS);
  struct cap *c = arguments ? web_stub_cap(f, &path) : NULL;
  if (!c) {
    payload_free(arguments);
    return JS_EXCEPTION;
  }
  struct cap *r = map_recording() ? map_call(c, &path, arguments) : c->type->call(c, &path, arguments);
  return r ? web_stub_new(r, true) : JS_EXCEPTION;
}

static struct web_stub *this_stub(JSContext *ctx, JSValueConst this) {
  struct web_stub *s = JS_IsObject(this) ? stub_of(this) : NULL;
  if (!s) JS_ThrowTypeError(ctx, "Illegal invocation");
  return s;
}

/* What `then` waits for: a promise, never an exception but for `this`. */
static JSValue web_pulled(JSContext *ctx, JSValueConst this) {
  struct web_path path;
  if (!this_stub(ctx, this)) return JS_EXCEPTION;
  struct cap *c = web_stub_cap(this, &path), *read = NULL;
  if (c && path.count) c = read = cap_read(c, &path);
  if (!c) {
    struct cap *failed = failed_cap();
    JSValue promise = cap_deliver(failed);
    cap_release(failed);
    return promise;
  }
  JSValue promise = cap_deliver(c);
  if (read) cap_abandon(read); /* nobody can dispose it */
  return promise;
}

enum { WEB_THEN, WEB_CATCH, WEB_FINALLY };
static const char *const then_names[] = {"then", "catch", "finally"};

static JSValue web_method(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int which) {
  JSValue promise = web_pulled(ctx, this);
  if (JS_IsException(promise)) return promise;
  JSAtom name = JS_NewAtom(ctx, then_names[which]);
  JSValue r = JS_Invoke(ctx, promise, name, argc, argv);
  JS_FreeAtom(ctx, name);
  JS_FreeValue(ctx, promise);
  return r;
}

static JSValue web_dup(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  if (!this_stub(ctx, this)) return JS_EXCEPTION;
  struct cap *c = web_stub_dup(this);
  return c ? web_stub_new(c, false) : JS_EXCEPTION;
}

static JSValue web_on_broken(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct web_path path;
  if (!this_stub(ctx, this)) return JS_EXCEPTION;
  struct cap *c = web_stub_cap(this, &path);
  if (!c) {
    JS_FreeValue(ctx, JS_GetException(ctx)); /* what was disposed does not break */
    return JS_UNDEFINED;
  }
  c->type->broken(c, argv[0]);
  return JS_HasException(ctx) ? JS_EXCEPTION : JS_UNDEFINED;
}

static JSValue web_map(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct web_path path;
  if (!this_stub(ctx, this)) return JS_EXCEPTION;
  struct cap *c = web_stub_cap(this, &path);
  return c ? map_send(c, &path, argv[0]) : JS_EXCEPTION;
}

static JSValue web_text(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int promise) {
  return JS_NewString(ctx, promise ? "[object RpcPromise]" : "[object RpcStub]");
}

/* ---- constructors */

static JSValue web_construct_stub(JSContext *ctx, JSValueConst new_target, int argc, JSValueConst *argv) {
  JSValueConst v = argc ? argv[0] : JS_UNDEFINED;
  enum web_type type = web_type_of(v);
  struct cap *c;
  if (argc > 1 && JS_ToBool(ctx, argv[1]))
    return JS_ThrowTypeError(ctx, "RpcStub constructor expected one argument, received two.");
  if (type == WEB_TARGET || type == WEB_STUB || type == WEB_PROMISE || JS_IsFunction(ctx, v))
    c = target_cap(v, TARGET_PLAIN);
  else
    c = value_cap(payload_new(JS_DupValue(ctx, v), PAYLOAD_RETURN));
  return c ? web_make(engine_create(ctx, new_target, class_id[WEB_RPC_STUB]), c) : JS_EXCEPTION;
}

static JSValue web_construct_promise(JSContext *ctx, JSValueConst new_target, int argc, JSValueConst *argv) {
  JSValueConst v = argc ? argv[0] : JS_UNDEFINED;
  struct cap *c;
  struct web_path path;
  if (argc > 1 && !JS_IsUndefined(argv[1]))
    return JS_ThrowTypeError(ctx, "RpcPromise constructor expected one argument, received two.");
  if (web_stub_kind(v) == WEB_RPC_PROMISE) {
    c = web_stub_cap(v, &path);
    if (c && path.count) return web_property(v, stub_of(v), JS_ATOM_NULL);
    c = web_stub_take(v);
    forget_used(stub_of(v));
  } else if (web_type_of(v) == WEB_THENABLE) {
    c = target_cap(v, TARGET_THENABLE);
  } else {
    c = promise_cap(promise_of(v), true, NULL);
  }
  return c ? web_make(engine_create(ctx, new_target, class_id[WEB_RPC_PROMISE]), c) : JS_EXCEPTION;
}

static JSValue web_class(JSContext *ctx, enum web_stub_kind kind, JSCFunction *construct) {
  static JSClassExoticMethods exotic = {web_get_own, web_own_names, web_delete, web_define, web_has, web_get, web_set};
  const char *name = kind == WEB_RPC_STUB ? "RpcStub" : "RpcPromise";
  JSClassDef definition = {name, .finalizer = web_stub_finalize, .gc_mark = web_stub_mark, .exotic = &exotic,
                           .call = web_call};
  JS_NewClassID(guest.rt, &class_id[kind]);
  if (JS_NewClass(guest.rt, class_id[kind], &definition)) return JS_EXCEPTION;
  JSValue prototype = JS_NewObject(ctx);
  JSValue constructor = JS_NewCFunction2(ctx, construct, name, 2, JS_CFUNC_constructor, 0);
  JS_DefinePropertyValueStr(
      ctx, prototype, "toString",
      JS_NewCFunctionMagic(ctx, web_text, "toString", 0, JS_CFUNC_generic_magic, kind == WEB_RPC_PROMISE),
      JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
  JS_SetConstructor(ctx, constructor, prototype);
  JS_SetClassProto(ctx, class_id[kind], prototype);
  return constructor;
}

static void web_put(JSContext *ctx, JSValueConst prototype, const char *name, JSCFunction *f, int length) {
  JS_DefinePropertyValueStr(ctx, prototype, name, JS_NewCFunction(ctx, f, name, length),
                            JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
}

/* webStubs(Symbol.dispose) -> [RpcStub, RpcPromise] */
static JSValue native_stubs(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  JSValue made = JS_NewArray(ctx);
  JSValue stub = web_class(ctx, WEB_RPC_STUB, web_construct_stub);
  JSValue promise = web_class(ctx, WEB_RPC_PROMISE, web_construct_promise);
  JSValue stub_prototype = JS_GetPropertyStr(ctx, stub, "prototype");
  promise_prototype = JS_GetPropertyStr(ctx, promise, "prototype");
  dispose_name = JS_ValueToAtom(ctx, argv[0]);
  web_put(ctx, stub_prototype, "dup", web_dup, 0);
  web_put(ctx, stub_prototype, "onRpcBroken", web_on_broken, 1);
  web_put(ctx, stub_prototype, "map", web_map, 1);
  for (int i = WEB_THEN; i <= WEB_FINALLY; i++)
    JS_DefinePropertyValueStr(
        ctx, promise_prototype, then_names[i],
        JS_NewCFunctionMagic(ctx, web_method, then_names[i], i == WEB_THEN ? 2 : 1, JS_CFUNC_generic_magic, i),
        JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
  JS_FreeValue(ctx, stub_prototype);
  JS_SetPropertyUint32(ctx, made, 0, stub);
  JS_SetPropertyUint32(ctx, made, 1, promise);
  return made;
}

void web_stub_init(JSContext *ctx, JSValueConst native) {
  JS_SetPropertyStr(ctx, native, "webStubs", JS_NewCFunction(ctx, native_stubs, "webStubs", 1));
}
