/* hook.c: what all kinds of hooks need: boxes, errors, disposal. See rpc.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "guest/rpc/rpc.h"
#include "guest/rpc/web.h"

JSValue rpc_hooks[RPC_HOOK_COUNT];
static JSClassID box_class, released_class;
static struct hook **to_release; /* of boxes that the collector took */
static uint32_t release_count, release_room;
static JSAtom dispose_name; /* Symbol.dispose */

JSValue rpc_hook_call(enum rpc_hook which, int argc, JSValueConst *argv) {
  return JS_Call(guest.ctx, rpc_hooks[which], JS_UNDEFINED, argc, argv);
}

void rpc_enter(JSValueConst event) {
  if (JS_IsObject(event)) JS_FreeValue(guest.ctx, rpc_hook_call(RPC_enter, 1, &event));
}

int rpc_throw(enum rpc_error kind, const char *format, ...) {
  char text[2048];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  JSValue argv[] = {JS_NewInt32(guest.ctx, kind), JS_NewString(guest.ctx, text)};
  JS_FreeValue(guest.ctx, rpc_hook_call(RPC_fail, 2, (JSValueConst *)argv));
  JS_FreeValue(guest.ctx, argv[1]);
  return -1;
}

/* ---- boxes ---- */

static void box_finalize(JSRuntime *rt, JSValueConst v) {
  (void)rt;
  struct hook *h = JS_GetOpaque(v, box_class);
  if (h) hook_abandon(h);
}

JSValue hook_box(struct hook *h) {
  JSValue v = JS_NewObjectClass(guest.ctx, box_class);
  if (JS_IsException(v))
    hook_abandon(h);
  else
    JS_SetOpaque(v, h);
  return v;
}

/* Disposal may run anything, and the collector is no place for that. */
static void released_finalize(JSRuntime *rt, JSValueConst v) {
  struct hook *h = JS_GetOpaque(v, released_class);
  if (!h) return;
  if (release_count == release_room) {
    uint32_t room = release_room ? 2 * release_room : 16;
    struct hook **more = realloc(to_release, room * sizeof *more);
    if (!more) {
      hook_abandon(h);
      return;
    }
    to_release = more;
    release_room = room;
  }
  to_release[release_count++] = h;
}

JSValue hook_box_released(struct hook *h) {
  JSValue v = JS_NewObjectClass(guest.ctx, released_class);
  if (JS_IsException(v))
    hook_release(h);
  else
    JS_SetOpaque(v, h);
  return v;
}

bool hooks_release(void) {
  bool any = release_count > 0;
  while (release_count) hook_release(to_release[--release_count]);
  return any;
}

struct hook *hook_of_box(JSValueConst box) {
  struct hook *h = JS_GetOpaque(box, box_class);
  return h ? h : JS_GetOpaque(box, released_class);
}

void box_empty(JSValueConst box) {
  if (JS_IsObject(box)) JS_SetOpaque(box, NULL);
}

/* ---- errors ---- */

struct error_hook {
  struct hook hook;
  JSValue error;
};

static struct hook *error_call(struct hook *h, const struct path *path, const struct arguments *a) {
  stubs_dispose(a->owned);
  return hook_hold(h);
}

static JSValue error_pull(struct hook *h) {
  return JS_Throw(guest.ctx, JS_DupValue(guest.ctx, ((struct error_hook *)h)->error));
}

static void error_release(struct hook *h) {
  JS_FreeValue(guest.ctx, ((struct error_hook *)h)->error);
  js_free(guest.ctx, h);
}

static const struct hook_type error_type = {error_call, error_pull, error_release, error_release};

/* For when there is no memory for an error. */
static struct hook *out_of_memory(void) {
  static struct error_hook hook = {{&error_type, 1}, JS_UNDEFINED};
  return hook_hold(&hook.hook);
}

struct hook *hook_error(JSValue error) {
  struct error_hook *h = js_malloc(guest.ctx, sizeof *h);
  if (!h) {
    JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
    JS_FreeValue(guest.ctx, error);
    return out_of_memory();
  }
  *h = (struct error_hook){{&error_type, 1}, error};
  return &h->hook;
}

struct hook *hook_failed(void) {
  return hook_error(JS_GetException(guest.ctx));
}

/* ---- disposal ---- */

void stubs_dispose(JSValue owned) {
  JSValue *list;
  uint32_t n = JS_IsObject(owned) ? engine_array(owned, &list) : 0;
  for (uint32_t i = 0; i < n; i++) stub_dispose(list[i]);
  JS_FreeValue(guest.ctx, owned);
}

JSValue promise_then(JSValueConst promise, JSValue fulfilled, JSValue rejected) {
  JSValue r = JS_PromiseThen(guest.ctx, promise, fulfilled, rejected);
  JS_FreeValue(guest.ctx, fulfilled);
  JS_FreeValue(guest.ctx, rejected);
  return r;
}

JSValue hook_promise(struct hook *h) {
  JSValue v = h->type->pull(h);
  bool failed = JS_IsException(v);
  if (!failed && JS_IsPromise(v)) return v;
  if (failed) v = JS_GetException(guest.ctx);
  JSValue promise = JS_NewSettledPromise(guest.ctx, failed, v);
  JS_FreeValue(guest.ctx, v);
  return promise;
}

static JSValue disposer_of(JSValueConst value) { return JS_GetProperty(guest.ctx, value, dispose_name); }

bool has_disposer(JSValueConst value) {
  if (!JS_IsObject(value)) return false;
  JSValue f = disposer_of(value);
  if (JS_IsException(f)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  bool has = JS_IsFunction(guest.ctx, f);
  JS_FreeValue(guest.ctx, f);
  return has;
}

int put_disposer(JSValueConst value, JSValue f) {
  JS_DefinePropertyValueStr(guest.ctx, f, "name", JS_NewString(guest.ctx, ""), JS_PROP_CONFIGURABLE);
  return JS_DefinePropertyValue(guest.ctx, value, dispose_name, f, JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE) < 0 ? -1
                                                                                                                : 0;
}

/* (event, value): calls its disposer */
static JSValue dispose_job(JSContext *ctx, int argc, JSValueConst *argv) {
  rpc_enter(argv[0]);
  JSValue f = disposer_of(argv[1]), r = JS_UNDEFINED;
  if (JS_IsFunction(ctx, f)) r = JS_Call(ctx, f, argv[1], 0, NULL);
  JS_FreeValue(ctx, f);
  return r;
}

void dispose_later(JSValueConst event, JSValueConst value) {
  if (!has_disposer(value)) return;
  JSValueConst argv[] = {event, value};
  JS_EnqueueJob(guest.ctx, dispose_job, 2, argv);
}

/* hooks({enter, current, …}, Symbol.dispose) */
static JSValue native_hooks(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  static const char *const names[] = {
#define HOOK(name) #name,
      RPC_HOOKS(HOOK)
#undef HOOK
  };
  for (int i = 0; i < RPC_HOOK_COUNT; i++) {
    rpc_hooks[i] = JS_GetPropertyStr(ctx, argv[0], names[i]);
    if (!JS_IsFunction(ctx, rpc_hooks[i])) return JS_ThrowTypeError(ctx, "no hook \"%s\"", names[i]);
  }
  dispose_name = JS_ValueToAtom(ctx, argv[1]);
  return JS_UNDEFINED;
}

void rpc_init(JSContext *ctx, JSValueConst native) {
  static const JSClassDef definition = {"RPC box", .finalizer = box_finalize};
  static const JSClassDef released_definition = {"RPC box", .finalizer = released_finalize};
  JS_NewClassID(guest.rt, &box_class);
  JS_NewClass(guest.rt, box_class, &definition);
  JS_NewClassID(guest.rt, &released_class);
  JS_NewClass(guest.rt, released_class, &released_definition);
  JS_SetPropertyStr(ctx, native, "rpcHooks", JS_NewCFunction(ctx, native_hooks, "rpcHooks", 2));
  stub_init(ctx, native);
  target_init(ctx, native);
  binary_init(ctx, native);
  stream_init(ctx, native);
  wire_init(ctx, native);
  web_session_init(ctx, native);
}
