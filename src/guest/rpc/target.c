/* target.c: values of this isolate as hooks: which of their members can be reached from outside, calls, and what calls
 * return. See rpc.h; the rules are those of Workers RPC.
 *
 * What can be called into ("receivers"): instances of RpcTarget and of a Worker's entrypoint classes, with the members
 * of their prototypes only; plain objects and functions, with their own properties only; stubs, which are asked in
 * turn.
 */
#include <math.h>
#include <string.h>

#include "guest/rpc/rpc.h"
#include "guest/rpc/web.h"

struct target {
  struct hook hook;
  enum value_kind kind;
  JSValue event, value;
  JSValue owned;        /* the stubs of the arguments that it was made from; once it is delivered, those in it */
  JSValue env, context; /* of a handler */
};

static JSValue target_prototype = JS_UNDEFINED;      /* RpcTarget's */
static JSValue entrypoint_prototypes = JS_UNDEFINED; /* an array */
static JSValue object_prototype = JS_UNDEFINED;
static JSAtom proto_name;

/* ---- receivers ---- */

static bool same(JSValueConst a, JSValueConst b) { return JS_IsStrictEqual(guest.ctx, a, b); }

static bool is_entrypoint(JSValueConst prototype) {
  JSValue *list;
  uint32_t n = engine_array(entrypoint_prototypes, &list);
  for (uint32_t i = 0; i < n; i++)
    if (same(prototype, list[i])) return true;
  return false;
}

/* By the chain of prototypes, which a proxy makes up. */
static int by_prototypes(JSValueConst v) {
  enum { CHAIN_MAX = 1000 };
  JSValue at = JS_DupValue(guest.ctx, v);
  int found = RECEIVER_NONE;
  for (int i = 0; i < CHAIN_MAX && found == RECEIVER_NONE; i++) {
    JSValue next = JS_GetPrototype(guest.ctx, at);
    JS_FreeValue(guest.ctx, at);
    at = next;
    if (JS_IsException(at)) return -1;
    if (!JS_IsObject(at)) break;
    if (i == 0 && same(at, object_prototype)) found = RECEIVER_PLAIN;
    if (same(at, target_prototype)) found = RECEIVER_CLASS;
    if (is_entrypoint(at)) found = RECEIVER_ENTRYPOINT;
  }
  JS_FreeValue(guest.ctx, at);
  return found;
}

int receiver_of(JSValueConst v) {
  if (!JS_IsObject(v)) return RECEIVER_NONE;
  if (stub_kind(v) >= 0) return RECEIVER_STUB;
  if (web_stub_kind(v) != WEB_NO_STUB) return RECEIVER_CLASS;
  enum engine_class class = engine_class(guest.ctx, v);
  if (class == CLASS_FUNCTION) return RECEIVER_FUNCTION;
  if (class == CLASS_PROXY) {
    int found = by_prototypes(v);
    return found == RECEIVER_NONE && JS_IsFunction(guest.ctx, v) ? RECEIVER_FUNCTION : found;
  }
  if (class != CLASS_OBJECT) return RECEIVER_NONE;
  return engine_has_class(guest.ctx, v, true) ? by_prototypes(v) : RECEIVER_PLAIN;
}

/* ---- members ---- */

static JSValue no_such_method(JSAtom name) {
  const char *text = JS_AtomToCString(guest.ctx, name);
  JS_ThrowTypeError(guest.ctx, "The RPC receiver does not implement the method \"%s\".", text ? text : "");
  JS_FreeCString(guest.ctx, text);
  return JS_EXCEPTION;
}

static bool is_reserved(JSAtom name, enum receiver receiver) {
  static const char *const reserved[] = {"dup",   "constructor",      "fetch",          "connect",
                                         "alarm", "webSocketMessage", "webSocketClose", "webSocketError"};
  const char *text = JS_AtomToCString(guest.ctx, name);
  size_t count = receiver == RECEIVER_ENTRYPOINT ? sizeof reserved / sizeof *reserved : 2;
  bool found = false;
  for (size_t i = 0; text && i < count && !found; i++) found = !strcmp(text, reserved[i]);
  if (found) JS_ThrowTypeError(guest.ctx, "'%s' is a reserved method and cannot be called over RPC.", text);
  JS_FreeCString(guest.ctx, text);
  return found;
}

/* Is it what every object has? */
static bool is_common(JSValueConst found, JSAtom name) {
  JSValue common = JS_GetProperty(guest.ctx, object_prototype, name);
  if (JS_IsException(common)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  bool is = !JS_IsUndefined(common) && !JS_IsException(common) && same(found, common);
  JS_FreeValue(guest.ctx, common);
  return is;
}

/* A member of an instance: of its class, and not what every object has. */
static JSValue class_member(JSValueConst v, JSAtom name) {
  if (name == proto_name) return no_such_method(name); /* of each object another one: its prototype */
  int own = JS_GetOwnProperty(guest.ctx, NULL, v, name);
  if (own) return own < 0 ? JS_EXCEPTION : no_such_method(name);
  JSValue found = JS_GetProperty(guest.ctx, v, name);
  if (JS_IsException(found) || !(JS_IsUndefined(found) || is_common(found, name))) return found;
  JS_FreeValue(guest.ctx, found);
  return no_such_method(name);
}

static JSValue own_member(JSValueConst v, JSAtom name) {
  int own = JS_GetOwnProperty(guest.ctx, NULL, v, name);
  if (own < 0) return JS_EXCEPTION;
  if (own) return JS_GetProperty(guest.ctx, v, name);
  if (engine_class(guest.ctx, v) != CLASS_PROXY || name == proto_name) return no_such_method(name);
  JSValue found = JS_GetProperty(guest.ctx, v, name); /* a proxy answers as it likes */
  if (JS_IsException(found) || !(JS_IsUndefined(found) || is_common(found, name))) return found;
  JS_FreeValue(guest.ctx, found);
  return no_such_method(name);
}

static JSValue member(JSValueConst v, enum receiver receiver, JSAtom name) {
  if (is_reserved(name, receiver)) return JS_EXCEPTION;
  return receiver == RECEIVER_PLAIN || receiver == RECEIVER_FUNCTION ? own_member(v, name) : class_member(v, name);
}

/* ---- calls ---- */

static JSValue not_a_function(const struct path *path) {
  char text[1024] = "(this)";
  size_t used = 0;
  for (uint32_t i = 0; i < path->count && used < sizeof text - 1; i++) {
    const char *name = JS_AtomToCString(guest.ctx, path->names[i]);
    int n = snprintf(text + used, sizeof text - used, "%s%s", i ? "." : "", name ? name : "");
    used += n < 0 ? 0 : (size_t)n;
    JS_FreeCString(guest.ctx, name);
  }
  return JS_ThrowTypeError(guest.ctx, "\"%s\" is not a function.", text);
}

static int check_handler(JSValueConst f, JSAtom name, int count) {
  double length;
  JSValue v = JS_GetPropertyStr(guest.ctx, f, "length");
  int bad = JS_ToFloat64(guest.ctx, &length, v);
  JS_FreeValue(guest.ctx, v);
  if (bad) return -1;
  const char *text = JS_AtomToCString(guest.ctx, name);
  if (!(length >= 0 && length <= 255))
    bad = rpc_throw(RPC_TYPE_ERROR, "RPC function has unreasonable length attribute: %g", length);
  else if (length > 3)
    bad =
        rpc_throw(RPC_TYPE_ERROR,
                  "Cannot call handler function \"%s\" over RPC because it has the wrong number of arguments. A simple "
                  "function handler can only be called over RPC if it has exactly the arguments (arg, env, ctx), where "
                  "only the first argument comes from the client. To support multi-argument RPC functions, use "
                  "class-based syntax (extending WorkerEntrypoint) instead.",
                  text ? text : "");
  else if (count != 1)
    bad =
        rpc_throw(RPC_TYPE_ERROR,
                  "Attempted to call RPC function \"%s\" with the wrong number of arguments. When calling a top-level "
                  "handler function that is not declared as part of a class, you must always send exactly one "
                  "argument. In order to support variable numbers of arguments, the server must use class-based "
                  "syntax (extending WorkerEntrypoint) instead.",
                  text ? text : "");
  JS_FreeCString(guest.ctx, text);
  return bad;
}

static JSValue invoke(const struct target *t, JSValueConst f, JSValueConst this, const struct path *path,
                      const struct arguments *a) {
  if (!JS_IsFunction(guest.ctx, f)) return not_a_function(path);
  if (t->kind != VALUE_HANDLER || path->count == 0) return JS_Call(guest.ctx, f, this, a->count, a->values);
  if (check_handler(f, path->names[path->count - 1], a->count)) return JS_EXCEPTION;
  JSValueConst argv[] = {a->values[0], t->env, t->context};
  return JS_Call(guest.ctx, f, this, 3, argv);
}

/* An entrypoint's constructor may return any object; a stub that `new RpcStub()` wrapped has no members. */
static int root_of(const struct target *t) {
  int receiver = receiver_of(t->value);
  if (t->kind == VALUE_INSTANCE && (receiver == RECEIVER_NONE || receiver == RECEIVER_PLAIN))
    return RECEIVER_ENTRYPOINT;
  return t->kind == VALUE_TARGET && receiver == RECEIVER_STUB ? RECEIVER_NONE : receiver;
}

static struct hook *target_call(struct hook *h, const struct path *path, const struct arguments *a) {
  struct target *t = (struct target *)h;
  JSValue event = JS_DupValue(guest.ctx, t->event), owned = a->owned, result = JS_EXCEPTION;
  JSValue at = JS_DupValue(guest.ctx, t->value), parent = JS_DupValue(guest.ctx, t->value);
  rpc_enter(event);
  uint32_t i = 0;
  for (; i < path->count; i++) {
    int receiver = i ? receiver_of(at) : root_of(t);
    if (receiver == RECEIVER_STUB) break;
    JSValue next = receiver < 0                ? JS_EXCEPTION
                   : receiver == RECEIVER_NONE ? no_such_method(path->names[i ? i - 1 : 0])
                                               : member(at, (enum receiver)receiver, path->names[i]);
    JS_FreeValue(guest.ctx, parent);
    parent = at;
    at = next;
    if (JS_IsException(at)) break;
  }
  struct hook *r = NULL;
  if (!JS_IsException(at) && receiver_of(at) == RECEIVER_STUB && (i < path->count || !is_read(a))) {
    struct path rest = {path->names + i, path->count - i};
    r = stub_call(at, &rest, a);
  } else if (!JS_IsException(at)) {
    result = is_read(a) ? JS_DupValue(guest.ctx, at) : invoke(t, at, parent, path, a);
  }
  if (!r) r = result_hook(event, result, owned);
  JS_FreeValue(guest.ctx, at);
  JS_FreeValue(guest.ctx, parent);
  JS_FreeValue(guest.ctx, event);
  return r;
}

static JSValue target_pull(struct hook *h) { return JS_DupValue(guest.ctx, ((struct target *)h)->value); }

static void target_free(struct target *t) {
  JS_FreeValue(guest.ctx, t->event);
  JS_FreeValue(guest.ctx, t->value);
  JS_FreeValue(guest.ctx, t->env);
  JS_FreeValue(guest.ctx, t->context);
  js_free(guest.ctx, t);
}

static void target_release(struct hook *h) {
  struct target *t = (struct target *)h;
  stubs_dispose(t->owned);
  t->owned = JS_UNDEFINED;
  if (t->kind == VALUE_TARGET || (t->kind == VALUE_RESULT && receiver_of(t->value) == RECEIVER_PLAIN))
    dispose_later(t->event, t->value);
  target_free(t);
}

static void target_abandon(struct hook *h) {
  struct target *t = (struct target *)h;
  JS_FreeValue(guest.ctx, t->owned);
  target_free(t);
}

static const struct hook_type target_type = {target_call, target_pull, target_release, target_abandon};

struct hook *target_hook(JSValueConst event, JSValue value, enum value_kind kind, JSValue owned) {
  struct target *t = js_malloc(guest.ctx, sizeof *t);
  if (!t) {
    stubs_dispose(owned);
    JS_FreeValue(guest.ctx, value);
    return hook_failed();
  }
  *t =
      (struct target){{&target_type, 1}, kind, JS_DupValue(guest.ctx, event), value, owned, JS_UNDEFINED, JS_UNDEFINED};
  return &t->hook;
}

void target_set_handler(struct hook *h, JSValueConst env, JSValueConst context) {
  struct target *t = (struct target *)h;
  if (h->type != &target_type) return;
  t->kind = VALUE_HANDLER;
  t->env = JS_DupValue(guest.ctx, env);
  t->context = JS_DupValue(guest.ctx, context);
}

/* ---- promises ---- */

struct deferred {
  struct hook hook;
  JSValue event, promise, owned;
  JSValue self;         /* a box for the promise's reactions, which do not keep it */
  struct hook *settled; /* when it is */
};

static const struct hook_type deferred_type;

/* (value) with data [box of the deferred, whether it was rejected] */
static JSValue on_settled(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic,
                          JSValueConst *data) {
  struct deferred *d = (struct deferred *)hook_of_box(data[0]);
  if (!d || d->settled) return JS_UNDEFINED;
  JSValue owned = d->owned;
  d->owned = JS_UNDEFINED;
  if (!magic) {
    d->settled = target_hook(d->event, JS_DupValue(ctx, argv[0]), VALUE_RESULT, owned);
  } else {
    stubs_dispose(owned);
    d->settled = hook_error(JS_DupValue(ctx, argv[0]));
  }
  return JS_UNDEFINED;
}

/* A call that was kept: data [unused, names, values or undefined for a read, owned] */
static JSValue replay(struct hook *h, JSValueConst *data) {
  JSValue *names, *values = NULL;
  uint32_t n = engine_array(data[1], &names), count = JS_IsUndefined(data[2]) ? 0 : engine_array(data[2], &values);
  JSAtom atoms[RPC_PATH_MAX];
  if (n > RPC_PATH_MAX) n = RPC_PATH_MAX;
  for (uint32_t i = 0; i < n; i++) atoms[i] = JS_ValueToAtom(guest.ctx, names[i]);
  struct arguments a = {JS_IsUndefined(data[2]) ? -1 : (int)count, (JSValueConst *)values,
                        JS_DupValue(guest.ctx, data[3])};
  struct hook *r = hook_call(h, &(struct path){atoms, n}, &a);
  for (uint32_t i = 0; i < n; i++) JS_FreeAtom(guest.ctx, atoms[i]);
  return hook_box(r);
}

/* The value of the deferred in data[0] is there. */
static JSValue on_ready(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic,
                        JSValueConst *data) {
  struct deferred *d = (struct deferred *)hook_of_box(data[0]);
  return d->settled ? replay(d->settled, data) : JS_ThrowInternalError(ctx, "a call before its value");
}

/* The box with the real hook is there. */
static JSValue on_box(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic, JSValueConst *data) {
  struct hook *h = hook_of_box(argv[0]);
  return h ? replay(h, data) : JS_ThrowInternalError(ctx, "a call of nothing");
}

static JSValue box_pull(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic,
                        JSValueConst *data) {
  struct hook *h = hook_of_box(argv[0]);
  return h ? h->type->pull(h) : JS_UNDEFINED;
}

/* ---- the hook of a call that waits for its receiver */

struct queued {
  struct hook hook;
  JSValue box; /* a promise of the box of the real hook */
  JSValue pulled;
};
static const struct hook_type queued_type;

static JSValue path_list(const struct path *path) {
  JSValue list = JS_NewArray(guest.ctx);
  for (uint32_t i = 0; i < path->count; i++)
    engine_array_push(guest.ctx, list, JS_AtomToString(guest.ctx, path->names[i]));
  return list;
}

static JSValue value_list(const struct arguments *a) {
  if (is_read(a)) return JS_UNDEFINED;
  JSValue list = JS_NewArray(guest.ctx);
  for (int i = 0; i < a->count; i++) engine_array_push(guest.ctx, list, JS_DupValue(guest.ctx, a->values[i]));
  return list;
}

static struct hook *queued_new(JSValue box) {
  struct queued *q = JS_IsException(box) ? NULL : js_malloc(guest.ctx, sizeof *q);
  if (!q) return JS_FreeValue(guest.ctx, box), hook_failed();
  *q = (struct queued){{&queued_type, 1}, box, JS_UNDEFINED};
  return &q->hook;
}

/* What is to be called when `promise` is there; `call` with this data: [first, names, values, owned]. */
static struct hook *when(JSValueConst promise, JSCFunctionData *call, JSValue first, const struct path *path,
                         const struct arguments *a) {
  JSValue data[] = {first, path_list(path), value_list(a), a->owned};
  JSValue f = JS_NewCFunctionData(guest.ctx, call, 1, 0, 4, (JSValueConst *)data);
  for (int i = 0; i < 4; i++) JS_FreeValue(guest.ctx, data[i]);
  return queued_new(promise_then(promise, f, JS_UNDEFINED));
}

static struct hook *deferred_call(struct hook *h, const struct path *path, const struct arguments *a) {
  struct deferred *d = (struct deferred *)h;
  if (d->settled) return hook_call(d->settled, path, a);
  return when(d->promise, on_ready, hook_box_released(hook_hold(h)), path, a);
}

static JSValue deferred_pull(struct hook *h) {
  struct deferred *d = (struct deferred *)h;
  return d->settled ? d->settled->type->pull(d->settled) : JS_DupValue(guest.ctx, d->promise);
}

static void deferred_free(struct deferred *d) {
  box_empty(d->self);
  JS_FreeValue(guest.ctx, d->self);
  JS_FreeValue(guest.ctx, d->event);
  JS_FreeValue(guest.ctx, d->promise);
  js_free(guest.ctx, d);
}

/* (value) data [owned]: what nobody wants any more */
static JSValue on_unwanted(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic,
                           JSValueConst *data) {
  if (!magic) hook_release(target_hook(data[0], JS_DupValue(ctx, argv[0]), VALUE_RESULT, JS_UNDEFINED));
  stubs_dispose(JS_DupValue(ctx, data[1]));
  return JS_UNDEFINED;
}

/* Given up before it is there: what comes is disposed. */
static void deferred_release(struct hook *h) {
  struct deferred *d = (struct deferred *)h;
  if (d->settled) {
    hook_release(d->settled);
  } else {
    JSValueConst data[] = {d->event, d->owned};
    JSValue good = JS_NewCFunctionData(guest.ctx, on_unwanted, 1, 0, 2, data);
    JSValue bad = JS_NewCFunctionData(guest.ctx, on_unwanted, 1, 1, 2, data);
    JS_FreeValue(guest.ctx, promise_then(d->promise, good, bad));
    JS_FreeValue(guest.ctx, d->owned);
  }
  deferred_free(d);
}

static void deferred_abandon(struct hook *h) {
  struct deferred *d = (struct deferred *)h;
  if (d->settled) hook_abandon(d->settled);
  JS_FreeValue(guest.ctx, d->owned);
  deferred_free(d);
}

static const struct hook_type deferred_type = {deferred_call, deferred_pull, deferred_release, deferred_abandon};

static struct hook *queued_call(struct hook *h, const struct path *path, const struct arguments *a) {
  return when(((struct queued *)h)->box, on_box, JS_UNDEFINED, path, a);
}

static JSValue queued_pull(struct hook *h) {
  struct queued *q = (struct queued *)h;
  if (JS_IsUndefined(q->pulled))
    q->pulled = promise_then(q->box, JS_NewCFunctionData(guest.ctx, box_pull, 1, 0, 0, NULL), JS_UNDEFINED);
  return JS_DupValue(guest.ctx, q->pulled);
}

/* (box): its hook is disposed */
static JSValue box_release(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic,
                           JSValueConst *data) {
  struct hook *h = hook_of_box(argv[0]);
  if (!h) return JS_UNDEFINED;
  box_empty(argv[0]);
  hook_release(h);
  return JS_UNDEFINED;
}

static void queued_free(struct queued *q) {
  JS_FreeValue(guest.ctx, q->box);
  JS_FreeValue(guest.ctx, q->pulled);
  js_free(guest.ctx, q);
}

static void queued_release(struct hook *h) {
  struct queued *q = (struct queued *)h;
  JSValue done = JS_NewCFunctionData(guest.ctx, box_release, 1, 0, 0, NULL);
  JSValue failed = JS_NewCFunctionData(guest.ctx, box_pull, 0, 0, 0, NULL);
  JS_FreeValue(guest.ctx, promise_then(q->box, done, failed));
  queued_free(q);
}

static void queued_abandon(struct hook *h) { queued_free((struct queued *)h); }

static const struct hook_type queued_type = {queued_call, queued_pull, queued_release, queued_abandon};

/* ---- results ---- */

static struct hook *deferred_new(JSValueConst event, JSValue promise, JSValue owned) {
  struct deferred *d = js_malloc(guest.ctx, sizeof *d);
  if (!d) {
    JS_FreeValue(guest.ctx, promise);
    stubs_dispose(owned);
    return hook_failed();
  }
  *d = (struct deferred){{&deferred_type, 1}, JS_DupValue(guest.ctx, event), promise, owned, hook_box(&d->hook), NULL};
  JSValue good = JS_NewCFunctionData(guest.ctx, on_settled, 1, 0, 1, (JSValueConst *)&d->self);
  JSValue bad = JS_NewCFunctionData(guest.ctx, on_settled, 1, 1, 1, (JSValueConst *)&d->self);
  JS_FreeValue(guest.ctx, promise_then(promise, good, bad));
  return &d->hook;
}

/* An object with a method `then`, other than a stub: it is resolved, as `await` does it. */
static bool is_thenable(JSValueConst value) {
  if (!JS_IsObject(value) || stub_kind(value) >= 0) return false;
  JSValue then = JS_GetPropertyStr(guest.ctx, value, "then");
  if (JS_IsException(then)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  bool is = JS_IsFunction(guest.ctx, then);
  JS_FreeValue(guest.ctx, then);
  return is;
}

/* A promise that is resolved with the value (taken over). */
static JSValue promise_for(JSValue value) {
  JSValue functions[2], promise = JS_NewPromiseCapability(guest.ctx, functions);
  if (!JS_IsException(promise)) {
    JS_FreeValue(guest.ctx, JS_Call(guest.ctx, functions[0], JS_UNDEFINED, 1, (JSValueConst *)&value));
    JS_FreeValue(guest.ctx, functions[0]);
    JS_FreeValue(guest.ctx, functions[1]);
  }
  JS_FreeValue(guest.ctx, value);
  return promise;
}

static bool contains(JSValueConst array, JSValueConst value) {
  JSValue *list;
  uint32_t n = JS_IsObject(array) ? engine_array(array, &list) : 0;
  for (uint32_t i = 0; i < n; i++)
    if (same(list[i], value)) return true;
  return false;
}

struct hook *result_hook(JSValueConst event, JSValue value, JSValue owned) {
  if (JS_IsException(value)) {
    struct hook *failed = hook_failed();
    stubs_dispose(owned);
    return failed;
  }
  if (JS_IsPromise(value)) return deferred_new(event, value, owned);
  if (is_thenable(value)) {
    JSValue promise = promise_for(value);
    if (!JS_IsException(promise)) return deferred_new(event, promise, owned);
    stubs_dispose(owned);
    return hook_failed();
  }
  int kind = stub_kind(value);
  if (kind == STUB_PROMISE || kind == STUB_PROPERTY) {
    struct hook *h = stub_hook(value);
    if (JS_IsUndefined(owned)) {
      JS_FreeValue(guest.ctx, value);
      return h ? h : hook_failed();
    }
    JSValue promise = h ? hook_promise(h) : JS_EXCEPTION;
    if (h) hook_release(h);
    JS_FreeValue(guest.ctx, value);
    if (!JS_IsException(promise)) return deferred_new(event, promise, owned);
    stubs_dispose(owned);
    return hook_failed();
  }
  if (kind == STUB_STUB && contains(owned, value)) { /* an argument: calls on the result still reach it */
    struct hook *h = stub_hook(value);
    JS_FreeValue(guest.ctx, value);
    value = h ? stub_new(STUB_STUB, h) : JS_EXCEPTION;
    if (JS_IsException(value)) {
      stubs_dispose(owned);
      return hook_failed();
    }
  }
  return target_hook(event, value, VALUE_RESULT, owned);
}

void result_delivered(struct hook *h, JSValue stubs) {
  struct deferred *d = (struct deferred *)h;
  if (h->type == &deferred_type && d->settled) h = d->settled;
  struct target *t = (struct target *)h;
  if (h->type != &target_type || t->kind != VALUE_RESULT) {
    JS_FreeValue(guest.ctx, stubs);
    return;
  }
  JSValue owned = t->owned;
  t->owned = stubs;
  stubs_dispose(owned);
}

struct hook *result_refused(struct hook *h, JSValueConst error) {
  struct deferred *d = (struct deferred *)h;
  struct hook *refused = hook_error(JS_DupValue(guest.ctx, error));
  if (h->type != &deferred_type || !d->settled) {
    hook_release(h);
    return refused;
  }
  struct hook *settled = d->settled;
  d->settled = refused;
  hook_release(settled);
  return h;
}

/* rpcClasses(RpcTarget.prototype, [prototypes of entrypoint classes], Object.prototype) */
static JSValue native_classes(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  target_prototype = JS_DupValue(ctx, argv[0]);
  entrypoint_prototypes = JS_DupValue(ctx, argv[1]);
  object_prototype = JS_DupValue(ctx, argv[2]);
  return JS_UNDEFINED;
}

void target_init(JSContext *ctx, JSValueConst native) {
  proto_name = JS_NewAtom(ctx, "__proto__");
  JS_SetPropertyStr(ctx, native, "rpcClasses", JS_NewCFunction(ctx, native_classes, "rpcClasses", 3));
}
