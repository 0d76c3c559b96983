/* stub.c: hooks as a Worker sees them: the classes RpcStub, RpcPromise, RpcProperty, Fetcher (a service stub) and
 * LoopbackServiceStub (a member of ctx.exports). See rpc.h.
 *
 * Every name that a stub's prototypes do not have is a property: an RpcProperty, which knows its parent and its name
 * and becomes a message when it is called or awaited. Only `then` is none, but on promises and properties: else
 * everything would look like a promise.
 */
#include <string.h>

#include "guest/rpc/rpc.h"

struct stub {
  enum stub_kind kind;
  bool disposed;
  uint16_t depth;    /* names between it and its root */
  struct hook *hook; /* of a stub or promise */
  JSValue parent;    /* of a property: the stub it is of; of a service or loopback: what the platform knows of it */
  JSAtom name;       /* of a property */
  JSValue pulled;    /* of a promise: the one that is waited for */
};

static JSClassID class_id[STUB_KINDS];
static JSAtom then_name, to_json_name;

static struct stub *stub_of(JSValueConst v) {
  for (int i = 0; i < STUB_KINDS; i++) {
    struct stub *s = JS_GetOpaque(v, class_id[i]);
    if (s) return s;
  }
  return NULL;
}

int stub_kind(JSValueConst v) {
  struct stub *s = JS_IsObject(v) ? stub_of(v) : NULL;
  return s ? (int)s->kind : -1;
}

static void stub_finalize(JSRuntime *rt, JSValueConst v) {
  struct stub *s = stub_of(v);
  if (!s) return;
  if (s->hook) hook_abandon(s->hook);
  JS_FreeValueRT(rt, s->parent);
  JS_FreeValueRT(rt, s->pulled);
  JS_FreeAtomRT(rt, s->name);
  js_free_rt(rt, s);
}

static void stub_mark(JSRuntime *rt, JSValueConst v, JS_MarkFunc *mark) {
  struct stub *s = stub_of(v);
  if (!s) return;
  JS_MarkValue(rt, s->parent, mark);
  JS_MarkValue(rt, s->pulled, mark);
}

static JSValue make(JSValue object, struct stub with) {
  struct stub *s = JS_IsException(object) ? NULL : js_malloc(guest.ctx, sizeof *s);
  if (!s) {
    if (with.hook) hook_release(with.hook);
    JS_FreeValue(guest.ctx, with.parent);
    JS_FreeAtom(guest.ctx, with.name);
    JS_FreeValue(guest.ctx, object);
    return JS_EXCEPTION;
  }
  *s = with;
  s->pulled = JS_UNDEFINED;
  JS_SetOpaque(object, s);
  if (s->kind != STUB_SERVICE) JS_SetConstructorBit(guest.ctx, object, true); /* `new` is a call like any */
  return object;
}

JSValue stub_new(enum stub_kind kind, struct hook *h) {
  return make(JS_NewObjectClass(guest.ctx, class_id[kind]),
              (struct stub){.kind = kind, .hook = h, .parent = JS_UNDEFINED, .name = JS_ATOM_NULL});
}

/* ---- properties ---- */

static JSValue property(JSValueConst parent, const struct stub *s, JSAtom name) {
  if (s->depth > RPC_PATH_MAX)
    return JS_ThrowTypeError(guest.ctx, "RPC pipelined property path is too deep (max %d).", RPC_PATH_MAX);
  struct stub with = {.kind = STUB_PROPERTY,
                      .depth = (uint16_t)(s->depth + 1),
                      .parent = JS_DupValue(guest.ctx, parent),
                      .name = JS_DupAtom(guest.ctx, name)};
  return make(JS_NewObjectClass(guest.ctx, class_id[STUB_PROPERTY]), with);
}

static bool services_are_bare; /* by the Worker's compatibility date: no properties but their methods */

static bool is_bare(const struct stub *s) { return services_are_bare && s->kind == STUB_SERVICE; }

static JSValue get_property(JSContext *ctx, JSValueConst v, JSAtom name, JSValueConst receiver) {
  struct stub *s = stub_of(v);
  JSValue prototype = JS_GetPrototype(ctx, v), found = JS_UNDEFINED;
  int has = JS_IsObject(prototype) ? JS_HasProperty(ctx, prototype, name) : 0;
  if (has > 0) found = engine_get_for(ctx, prototype, name, receiver);
  JS_FreeValue(ctx, prototype);
  if (has) return has < 0 ? JS_EXCEPTION : found;
  if (!s || name == then_name || !engine_is_name(ctx, name) || is_bare(s)) return JS_UNDEFINED;
  if (s->kind == STUB_SERVICE && name == to_json_name)
    return JS_UNDEFINED; /* V8's JSON does not see properties either */
  return property(v, s, name);
}

static int has_property(JSContext *ctx, JSValueConst v, JSAtom name) {
  JSValue prototype = JS_GetPrototype(ctx, v);
  int has = JS_GetOwnProperty(ctx, NULL, v, name);
  if (!has && JS_IsObject(prototype)) has = JS_HasProperty(ctx, prototype, name);
  JS_FreeValue(ctx, prototype);
  if (has) return has;
  const struct stub *s = stub_of(v);
  return s && !is_bare(s) && name != then_name && engine_is_name(ctx, name);
}

/* The root of a chain of properties, and its names. -1: exception. */
static const struct stub *root_of(const struct stub *s, JSAtom *names, uint32_t *count, JSValueConst *root) {
  *count = s->depth;
  for (uint32_t i = s->depth; i > 0; i--) {
    names[i - 1] = s->name;
    *root = s->parent;
    s = stub_of(s->parent);
  }
  return s;
}

static struct hook *disposed(const struct stub *s) {
  JS_ThrowPlainError(guest.ctx, "RPC %s used after being disposed.", s->kind == STUB_PROMISE ? "promise" : "stub");
  return hook_failed();
}

/* A call or read on what the stub stands for. */
static struct hook *stub_use(JSValueConst v, const struct stub *s, const struct arguments *a) {
  JSAtom names[RPC_PATH_MAX + 1];
  struct path path = {names, 0};
  JSValueConst at = v;
  const struct stub *root = root_of(s, names, &path.count, &at);
  if (path.count > RPC_PATH_MAX) {
    JS_ThrowTypeError(guest.ctx, "RPC pipelined property path is too deep (max %d).", RPC_PATH_MAX);
    return hook_failed();
  }
  if (root->disposed) return disposed(root);
  if (root->hook) return hook_call(root->hook, &path, a);
  struct hook *main = wire_connect(at);
  struct hook *r = hook_call(main, &path, a);
  hook_release(main);
  return r;
}

/* The methods that a service stub has itself. */
static bool is_own_method(const struct path *path) {
  if (path->count != 1) return false;
  const char *name = JS_AtomToCString(guest.ctx, path->names[0]);
  bool is = name && (!strcmp(name, "fetch") || !strcmp(name, "connect"));
  JS_FreeCString(guest.ctx, name);
  return is;
}

struct hook *stub_call(JSValueConst v, const struct path *path, const struct arguments *a) {
  const struct stub *s = stub_of(v);
  struct hook *on;
  if (s->kind != STUB_SERVICE) {
    on = stub_hook(v);
    if (!on) on = hook_failed();
  } else if (!is_read(a) && is_own_method(path)) {
    JSValue result = JS_Invoke(guest.ctx, v, path->names[0], a->count, a->values);
    return result_hook(JS_UNDEFINED, result, a->owned);
  } else {
    on = wire_connect(v);
  }
  struct hook *r = hook_call(on, path, a);
  hook_release(on);
  return r;
}

struct hook *stub_hook(JSValueConst v) {
  const struct stub *s = stub_of(v);
  if (s->kind == STUB_PROPERTY) {
    struct arguments read = {-1, NULL, JS_UNDEFINED};
    return stub_use(v, s, &read);
  }
  if (s->hook && !s->disposed) return hook_check(s->hook) ? NULL : hook_hold(s->hook);
  JS_ThrowPlainError(guest.ctx, "RPC %s used after being disposed.", s->kind == STUB_PROMISE ? "promise" : "stub");
  return NULL;
}

const struct hook *stub_peek(JSValueConst v) {
  const struct stub *s = stub_of(v);
  return s && !s->disposed ? s->hook : NULL;
}

/* Calling a stub, promise or property: a call; LoopbackServiceStub: makes a service stub. */
static JSValue call(JSContext *ctx, JSValueConst f, JSValueConst this, int argc, JSValueConst *argv, int flags) {
  struct stub *s = stub_of(f);
  if (!s) return engine_illegal_invocation(ctx), JS_EXCEPTION;
  if (s->kind == STUB_LOOPBACK) {
    JSValueConst args[] = {s->parent, argc > 0 ? argv[0] : JS_UNDEFINED};
    return rpc_hook_call(RPC_make, 2, args);
  }
  struct arguments a = {argc, argv, JS_UNDEFINED};
  return stub_new(STUB_PROMISE, stub_use(f, s, &a));
}

/* ---- methods ---- */

static JSValue pulled(struct stub *s, JSValueConst this) {
  if (s->kind == STUB_PROPERTY) {
    struct arguments read = {-1, NULL, JS_UNDEFINED};
    struct hook *h = stub_use(this, s, &read);
    JSValue promise = hook_promise(h);
    hook_abandon(h); /* the result is the Worker's */
    return promise;
  }
  if (JS_IsUndefined(s->pulled)) {
    struct hook *h = s->hook && !s->disposed ? hook_hold(s->hook) : disposed(s);
    s->pulled = hook_promise(h);
    hook_release(h);
  }
  return JS_DupValue(guest.ctx, s->pulled);
}

static struct stub *promise_of(JSContext *ctx, JSValueConst this) {
  struct stub *s = stub_of(this);
  if (s && (s->kind == STUB_PROMISE || s->kind == STUB_PROPERTY)) return s;
  engine_illegal_invocation(ctx);
  return NULL;
}

enum { THEN, CATCH, FINALLY };
static const char *const method_names[] = {"then", "catch", "finally"};

static JSValue chained(JSContext *ctx, JSValueConst promise, int argc, JSValueConst *argv, int which) {
  if (which == CATCH) return promise_then(promise, JS_UNDEFINED, JS_DupValue(ctx, argv[0]));
  if (which == THEN)
    return promise_then(promise, JS_DupValue(ctx, argv[0]), argc > 1 ? JS_DupValue(ctx, argv[1]) : JS_UNDEFINED);
  JSAtom name = JS_NewAtom(ctx, method_names[which]);
  JSValue r = JS_Invoke(ctx, promise, name, 1, argv);
  JS_FreeAtom(ctx, name);
  return r;
}

static JSValue method(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int which) {
  struct stub *s = promise_of(ctx, this);
  if (!s) return JS_EXCEPTION;
  if (!JS_IsFunction(ctx, argv[0]))
    return JS_ThrowTypeError(ctx, "Failed to execute '%s' on '%s': parameter 1 is not of type 'Function'.",
                             method_names[which], s->kind == STUB_PROMISE ? "JsRpcPromise" : "JsRpcProperty");
  JSValue promise = pulled(s, this);
  if (JS_IsException(promise)) return promise;
  JSValue r = chained(ctx, promise, argc, argv, which);
  JS_FreeValue(ctx, promise);
  return r;
}

void stub_dispose(JSValueConst v) {
  struct stub *s = stub_of(v);
  if (!s || s->disposed || !s->hook) return;
  struct hook *h = s->hook;
  s->disposed = true;
  s->hook = NULL;
  hook_release(h);
}

static JSValue ignore(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic, JSValueConst *data) {
  return JS_UNDEFINED;
}

static JSValue dispose(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  int kind = stub_kind(this);
  if (kind != STUB_STUB && kind != STUB_PROMISE) return engine_illegal_invocation(ctx), JS_EXCEPTION;
  if (kind == STUB_PROMISE) { /* who awaits it later still gets what comes */
    struct stub *s = stub_of(this);
    if (s->hook && !s->disposed && JS_IsUndefined(s->pulled)) {
      JSValue promise = pulled(s, this), quiet = JS_NewCFunctionData(ctx, ignore, 0, 0, 0, NULL);
      JS_FreeValue(ctx, promise_then(promise, JS_UNDEFINED, quiet));
      JS_FreeValue(ctx, promise);
    }
  }
  stub_dispose(this);
  return JS_UNDEFINED;
}

static JSValue dup(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  if (stub_kind(this) != STUB_STUB) return engine_illegal_invocation(ctx), JS_EXCEPTION;
  struct hook *h = stub_hook(this);
  return h ? stub_new(STUB_STUB, h) : JS_EXCEPTION;
}

static JSValue illegal_constructor(JSContext *ctx, JSValueConst new_target, int argc, JSValueConst *argv) {
  return JS_ThrowTypeError(ctx, "Illegal constructor");
}

static JSValue construct_stub(JSContext *ctx, JSValueConst new_target, int argc, JSValueConst *argv) {
  if (JS_IsUndefined(new_target))
    return JS_ThrowTypeError(ctx,
                             "Failed to construct 'JsRpcStub': Please use the 'new' operator, this object "
                             "constructor cannot be called as a function.");
  if (argc < 1 || !JS_IsObject(argv[0]))
    return JS_ThrowTypeError(ctx, "Failed to construct 'JsRpcStub': constructor parameter 1 is not of type 'Object'.");
  int receiver = receiver_of(argv[0]);
  int kind = stub_kind(argv[0]);
  if (receiver < 0) return JS_EXCEPTION;
  if (receiver == RECEIVER_NONE || receiver == RECEIVER_ENTRYPOINT || (kind >= 0 && kind != STUB_STUB))
    return JS_ThrowTypeError(ctx, "RpcStubs can only wrap plain objects, functions, and RpcTarget derivatives.");
  JSValue event = rpc_hook_call(RPC_owner, 0, NULL);
  if (JS_IsException(event)) return event;
  struct hook *h = local_hook(event, target_hook(event, JS_DupValue(ctx, argv[0]), VALUE_TARGET, JS_UNDEFINED));
  JS_FreeValue(ctx, event);
  return make(engine_create(ctx, new_target, class_id[STUB_STUB]),
              (struct stub){.kind = STUB_STUB, .hook = h, .parent = JS_UNDEFINED, .name = JS_ATOM_NULL});
}

/* ---- a service stub as a hook ---- */

struct service_hook {
  struct hook hook;
  JSValue service;
  uint32_t channel;
};

static struct hook *service_call(struct hook *h, const struct path *path, const struct arguments *a) {
  return stub_call(((struct service_hook *)h)->service, path, a);
}

static JSValue service_pull(struct hook *h) { return stub_new(STUB_STUB, hook_hold(h)); }

static void service_free(struct hook *h) {
  wire_release(((struct service_hook *)h)->channel);
  JS_FreeValueRT(guest.rt, ((struct service_hook *)h)->service);
  js_free_rt(guest.rt, h);
}

static const struct hook_type service_type = {service_call, service_pull, service_free, service_free};

struct hook *service_hook(JSValue service, uint32_t channel) {
  struct service_hook *h = js_malloc(guest.ctx, sizeof *h);
  if (!h) return JS_FreeValue(guest.ctx, service), hook_failed();
  *h = (struct service_hook){{&service_type, 1}, service, channel};
  wire_hold(channel);
  return &h->hook;
}

JSValueConst service_of_hook(const struct hook *h) {
  return h->type == &service_type ? ((const struct service_hook *)h)->service : JS_UNDEFINED;
}

/* ---- the platform's ---- */

/* callable(service, channel) -> an RpcStub for it */
static JSValue native_callable(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t channel = 0;
  JS_ToUint32(ctx, &channel, argv[1]);
  return stub_new(STUB_STUB, service_hook(JS_DupValue(ctx, argv[0]), channel));
}

/* service(target) -> a Fetcher; loopback(what) -> a LoopbackServiceStub */
static JSValue native_make(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int kind) {
  struct stub with = {.kind = (enum stub_kind)kind, .parent = JS_DupValue(ctx, argv[0]), .name = JS_ATOM_NULL};
  return make(JS_NewObjectClass(ctx, class_id[kind]), with);
}

JSValue stub_target(JSValueConst v) {
  struct stub *s = JS_IsObject(v) ? stub_of(v) : NULL;
  bool has = s && (s->kind == STUB_SERVICE || s->kind == STUB_LOOPBACK);
  return has ? JS_DupValue(guest.ctx, s->parent) : JS_NULL;
}

/* The target that a Fetcher or loopback was made with, or the Fetcher that an RpcStub stands for; null: neither. */
static JSValue native_target(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  const struct hook *h = stub_kind(argv[0]) == STUB_STUB ? stub_peek(argv[0]) : NULL;
  JSValueConst service = h ? service_of_hook(h) : JS_UNDEFINED;
  return stub_target(JS_IsUndefined(service) ? argv[0] : service);
}

/* stubKind(value) -> enum stub_kind or -1 */
static JSValue native_kind(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return JS_NewInt32(ctx, stub_kind(argv[0]));
}

static JSValue native_bare(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  services_are_bare = true;
  return JS_UNDEFINED;
}

static JSValue new_class(JSContext *ctx, enum stub_kind kind, const char *name, JSCFunction *construct, int arguments) {
  static JSClassExoticMethods exotic = {.get_property = get_property, .has_property = has_property};
  bool callable = kind != STUB_SERVICE;
  JSClassDef definition = {name, .finalizer = stub_finalize, .gc_mark = stub_mark, .exotic = &exotic,
                           .call = callable ? call : NULL};
  JS_NewClassID(guest.rt, &class_id[kind]);
  if (JS_NewClass(guest.rt, class_id[kind], &definition)) return JS_EXCEPTION;
  JSValue prototype = JS_NewObject(ctx);
  JSValue constructor = JS_NewCFunction2(ctx, construct, name, arguments, JS_CFUNC_constructor_or_func, 0);
  if (kind == STUB_PROMISE || kind == STUB_PROPERTY)
    for (int i = THEN; i <= FINALLY; i++)
      JS_SetPropertyStr(
          ctx, prototype, method_names[i],
          JS_NewCFunctionMagic(ctx, method, method_names[i], i == THEN ? 2 : 1, JS_CFUNC_generic_magic, i));
  if (kind == STUB_STUB) JS_SetPropertyStr(ctx, prototype, "dup", JS_NewCFunction(ctx, dup, "dup", 0));
  JS_SetConstructor(ctx, constructor, prototype);
  JS_SetClassProto(ctx, class_id[kind], prototype);
  return constructor;
}

/* stubClasses() -> {RpcStub, RpcPromise, RpcProperty, Fetcher, LoopbackServiceStub, dispose} */
static JSValue native_classes(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  static const char *const names[] = {"RpcStub", "RpcPromise", "RpcProperty", "Fetcher", "LoopbackServiceStub"};
  JSValue made = JS_NewObject(ctx);
  then_name = JS_NewAtom(ctx, "then");
  to_json_name = JS_NewAtom(ctx, "toJSON");
  for (int i = 0; i < STUB_KINDS; i++) {
    JSCFunction *construct = i == STUB_STUB ? construct_stub : illegal_constructor;
    JS_SetPropertyStr(ctx, made, names[i], new_class(ctx, (enum stub_kind)i, names[i], construct, i == STUB_STUB));
  }
  JS_SetPropertyStr(ctx, made, "dispose", JS_NewCFunction(ctx, dispose, "[Symbol.dispose]", 0));
  return made;
}

void stub_init(JSContext *ctx, JSValueConst native) {
  JS_SetPropertyStr(ctx, native, "stubClasses", JS_NewCFunction(ctx, native_classes, "stubClasses", 0));
  JS_SetPropertyStr(ctx, native, "service",
                    JS_NewCFunctionMagic(ctx, native_make, "service", 1, JS_CFUNC_generic_magic, STUB_SERVICE));
  JS_SetPropertyStr(ctx, native, "loopback",
                    JS_NewCFunctionMagic(ctx, native_make, "loopback", 1, JS_CFUNC_generic_magic, STUB_LOOPBACK));
  JS_SetPropertyStr(ctx, native, "callable", JS_NewCFunction(ctx, native_callable, "callable", 2));
  JS_SetPropertyStr(ctx, native, "stubTarget", JS_NewCFunction(ctx, native_target, "stubTarget", 1));
  JS_SetPropertyStr(ctx, native, "noProperties", JS_NewCFunction(ctx, native_bare, "noProperties", 0));
  JS_SetPropertyStr(ctx, native, "stubKind", JS_NewCFunction(ctx, native_kind, "stubKind", 1));
}
