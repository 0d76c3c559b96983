/* values.c: what kind of value something is and what is inside, for those who show values: none of it runs the Worker's
 * code. */
#include "guest/guest.h"

/* classOf(value) -> "Map", "Map Iterator", "Proxy", …; undefined for what is no object */
static JSValue class_of(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return engine_class_name(ctx, argv[0]);
}

/* then(promise, fulfilled, rejected) -> a promise: then() of the language, without its species. */
static JSValue then(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return JS_PromiseThen(ctx, argv[0], argv[1], argv[2]);
}

/* promiseOf(value) -> the value, when it is a promise; else one that is resolved with it. */
static JSValue promise_of(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  if (JS_IsPromise(argv[0])) return JS_DupValue(ctx, argv[0]);
  return JS_NewSettledPromise(ctx, false, argv[0]);
}

/* promiseDetails(promise) -> [0 pending | 1 fulfilled | 2 rejected, result] */
static JSValue promise_details(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  JSPromiseStateEnum state = JS_PromiseState(ctx, argv[0]);
  if (state == JS_PROMISE_NOT_A_PROMISE) return JS_UNDEFINED;
  int number = state == JS_PROMISE_PENDING ? 0 : state == JS_PROMISE_FULFILLED ? 1 : 2;
  JSValue pair[] = {JS_NewInt32(ctx, number), JS_PromiseResult(ctx, argv[0])};
  return JS_NewArrayFrom(ctx, 2, pair);
}

/* proxyDetails(proxy) -> [target, handler]; undefined for what is no proxy */
static JSValue proxy_details(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  JSValue pair[2];
  return engine_proxy(ctx, argv[0], &pair[0], &pair[1]) ? JS_NewArrayFrom(ctx, 2, pair) : JS_UNDEFINED;
}

/* preview(iterator) -> [entries, whether in pairs] */
static JSValue preview(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  bool pairs = false;
  JSValue list = engine_preview(ctx, argv[0], &pairs);
  if (!JS_IsObject(list)) return list;
  JSValue pair[] = {list, JS_NewBool(ctx, pairs)};
  return JS_NewArrayFrom(ctx, 2, pair);
}

void values_init(JSContext *ctx, JSValueConst native) {
  JS_SetPropertyStr(ctx, native, "classOf", JS_NewCFunction(ctx, class_of, "classOf", 1));
  JS_SetPropertyStr(ctx, native, "then", JS_NewCFunction(ctx, then, "then", 3));
  JS_SetPropertyStr(ctx, native, "promiseOf", JS_NewCFunction(ctx, promise_of, "promiseOf", 1));
  JS_SetPropertyStr(ctx, native, "promiseDetails", JS_NewCFunction(ctx, promise_details, "promiseDetails", 1));
  JS_SetPropertyStr(ctx, native, "proxyDetails", JS_NewCFunction(ctx, proxy_details, "proxyDetails", 1));
  JS_SetPropertyStr(ctx, native, "preview", JS_NewCFunction(ctx, preview, "preview", 1));
}
