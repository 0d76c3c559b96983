/* natives.c: the object through which the platform's JavaScript reaches the guest's C. It is an argument of the
 * platform's one function and is never visible to a Worker. */
#include <math.h>
#include <string.h>

#include "guest/abi.h"
#include "guest/guest.h"
#include "guest/host.h"
#include "guest/rpc/rpc.h"

static JSValue native_now(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return JS_NewFloat64(ctx, host_now());
}

static JSValue native_wake(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  double at;
  if (JS_ToFloat64(ctx, &at, argv[0])) return JS_EXCEPTION;
  host_wake(at);
  return JS_UNDEFINED;
}

/* Fills a Uint8Array. */
static JSValue native_random(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t n;
  uint8_t *p = JS_GetUint8Array(ctx, &n, argv[0]);
  if (!p && n) return JS_EXCEPTION;
  for (size_t at = 0; at < n; at += GUEST_RANDOM_MAX)
    host_random(p + at, (uint32_t)(n - at < GUEST_RANDOM_MAX ? n - at : GUEST_RANDOM_MAX));
  return JS_UNDEFINED;
}

/* frame() -> the current one; enter(frame) -> the one before */
static JSValue native_frame(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return engine_get_frame(ctx);
}

static JSValue native_enter(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  JSValue before = engine_get_frame(ctx);
  engine_set_frame(ctx, argv[0]);
  return before;
}

/* At boot only: objects like these will be made in every isolate. */
static JSValue native_samples(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  for (int i = 0; i < argc; i++) engine_keep_shapes(ctx, argv[i]);
  return JS_UNDEFINED;
}

JSValue natives_new(JSContext *ctx) {
  JSValue native = JS_NewObject(ctx);
  JS_SetPropertyStr(ctx, native, "now", JS_NewCFunction(ctx, native_now, "now", 0));
  JS_SetPropertyStr(ctx, native, "wake", JS_NewCFunction(ctx, native_wake, "wake", 1));
  JS_SetPropertyStr(ctx, native, "random", JS_NewCFunction(ctx, native_random, "random", 1));
  JS_SetPropertyStr(ctx, native, "frame", JS_NewCFunction(ctx, native_frame, "frame", 0));
  JS_SetPropertyStr(ctx, native, "enter", JS_NewCFunction(ctx, native_enter, "enter", 1));
  JS_SetPropertyStr(ctx, native, "samples", JS_NewCFunction(ctx, native_samples, "samples", 0));
  text_init(ctx, native);
  encodings_init(ctx, native);
  zlib_init(ctx, native);
  brotli_init(ctx, native);
  bytes_init(ctx, native);
  values_init(ctx, native);
  lists_init(ctx, native);
  headers_init(ctx, native);
  out_init(ctx, native);
  modules_init(ctx, native);
  code_init(ctx, native);
  crypto_init(ctx, native);
  collate_init(ctx, native);
  url_init(ctx, native);
  url_pattern_init(ctx, native);
  rpc_init(ctx, native);
  return native;
}
