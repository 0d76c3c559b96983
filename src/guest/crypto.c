/* crypto.c: native.crypto, the host's cryptography (abi.h) for the platform, and native.cryptoCodes, its numbers.
 *
 * Byte strings are read by the host where they lie. The platform gives what is right for an operation; a mistake in it
 * ends the isolate, so nothing is checked twice here.
 */
#include <stdlib.h>
#include <string.h>

#include "guest/guest.h"
#include "guest/host.h"

enum { SMALL = 2048 };

/* A Uint8Array, or undefined: no bytes. */
static bool get_bytes(JSContext *ctx, JSValueConst v, struct guest_bytes *bytes) {
  size_t n = 0;
  const uint8_t *p = NULL;
  if (!JS_IsUndefined(v)) {
    p = JS_GetUint8Array(ctx, &n, v);
    if (!p && JS_HasException(ctx)) return false;
  }
  *bytes = (struct guest_bytes){n ? (uint32_t)(uintptr_t)p : 0, (uint32_t)n};
  return true;
}

static void *resize_bytes(JSRuntime *rt, void *opaque, void *p, size_t n) { return js_realloc_rt(rt, p, n); }

static JSValue call_small(JSContext *ctx, struct guest_crypto *call) {
  uint8_t out[SMALL];
  call->out.at = (uint32_t)(uintptr_t)out;
  int32_t n = host_crypto(call);
  JSValue v = n < 0 ? JS_NewInt32(ctx, n) : JS_NewUint8ArrayCopy(ctx, out, (size_t)n);
  memset(out, 0, n < 0 ? sizeof out : (size_t)n); /* maybe a key */
  return v;
}

static JSValue call_large(JSContext *ctx, struct guest_crypto *call) {
  uint8_t *out = js_malloc(ctx, call->out.length);
  if (!out) return JS_EXCEPTION;
  call->out.at = (uint32_t)(uintptr_t)out;
  int32_t n = host_crypto(call);
  if (n < 0) {
    js_free(ctx, out);
    return JS_NewInt32(ctx, n);
  }
  if ((uint32_t)n < call->out.length) {
    uint8_t *less = js_realloc(ctx, out, n ? (size_t)n : 1);
    if (less) out = less;
  }
  return JS_NewUint8Array(ctx, out, (size_t)n, resize_bytes, NULL, false);
}

/* crypto(operation, a, b, c, room, key, data, aside, extra): the output as a Uint8Array, or a negative number: it
 * failed. Without room: the number that the host answers. */
static JSValue native_crypto(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct guest_crypto call;
  uint32_t *numbers[] = {&call.operation, &call.a, &call.b, &call.c, &call.out.length};
  struct guest_bytes *strings[] = {&call.key, &call.data, &call.aside, &call.extra};
  call.out.at = 0;
  for (int i = 0; i < 5; i++)
    if (JS_ToUint32(ctx, numbers[i], argv[i])) return JS_EXCEPTION;
  for (int i = 0; i < 4; i++)
    if (!get_bytes(ctx, argv[5 + i], strings[i])) return JS_EXCEPTION;
  if (!call.out.length) return JS_NewInt32(ctx, host_crypto(&call));
  return call.out.length <= SMALL ? call_small(ctx, &call) : call_large(ctx, &call);
}

/* Whether two Uint8Arrays of one length are equal, in a time that does not depend on where they differ. */
static JSValue same_bytes(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t n, m;
  const volatile uint8_t *p = JS_GetUint8Array(ctx, &n, argv[0]), *q = JS_GetUint8Array(ctx, &m, argv[1]);
  uint8_t differs = n != m;
  for (size_t i = 0; i < n && n == m; i++) differs |= p[i] ^ q[i];
  return JS_NewBool(ctx, !differs);
}

void crypto_init(JSContext *ctx, JSValueConst native) {
  JSValue codes = JS_NewObjectProto(ctx, JS_NULL);
#define OP(number, name) JS_SetPropertyStr(ctx, codes, #name, JS_NewInt32(ctx, number));
  GUEST_CRYPTO_OPERATIONS(OP)
#undef OP
  JS_SetPropertyStr(ctx, native, "cryptoCodes", codes);
  JS_SetPropertyStr(ctx, native, "crypto", JS_NewCFunction(ctx, native_crypto, "crypto", 9));
  JS_SetPropertyStr(ctx, native, "sameBytes", JS_NewCFunction(ctx, same_bytes, "sameBytes", 2));
}
