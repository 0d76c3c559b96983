/* code.c: a Worker's code as it crosses, the worker_code of frame.h: read from LOAD, written for CODE.
 *
 * What LOAD brings was written by the gateway or, for a dynamic Worker, by its parent, which this isolate need not
 * trust: everything is read with the bounded reader, and the buffer stays for the isolate's life because module names
 * and contents point into it.
 */
#include <stdlib.h>
#include <string.h>

#include "guest/guest.h"
#include "guest/host.h"
#include "guest/rpc/rpc.h"

enum {
  CODE_SIZE_MAX = 64 << 20,            /* of all modules; Cloudflare's figure, and the largest LIMIT_CODE_MB */
  ENV_SIZE_MAX = 1 << 20,              /* of env, serialized; likewise */
  CODE_MAX = CODE_SIZE_MAX + (8 << 20) /* with names and what is around them */
};

static struct buf load = {.max = CODE_MAX};

static JSValue get_str(struct reader *r) {
  size_t n;
  const char *p = read_str_borrow(r, &n);
  return JS_NewStringLen(guest.ctx, p, n);
}

static JSValue get_flags(struct reader *r) {
  JSValue list = JS_NewArray(guest.ctx);
  uint32_t n = read_u16(r);
  for (uint32_t i = 0; i < n && !r->bad; i++) JS_SetPropertyUint32(guest.ctx, list, i, get_str(r));
  return list;
}

static bool get_modules(struct reader *r) {
  uint32_t n = read_u32(r);
  for (uint32_t i = 0; i < n && !r->bad; i++) {
    size_t name_length, length;
    uint8_t kind = read_u8(r);
    const char *name = read_str_borrow(r, &name_length), *content = read_str_borrow(r, &length);
    if (!r->bad && !modules_add(kind, name, name_length, (const uint8_t *)content, length)) return false;
  }
  return !r->bad;
}

static JSValue get_json(const char *p, size_t n) {
  char *text = malloc(n + 1);
  if (!text) return JS_ThrowOutOfMemory(guest.ctx);
  memcpy(text, p, n);
  text[n] = 0;
  JSValue v = JS_ParseJSON(guest.ctx, text, n, "env");
  free(text);
  return v;
}

static JSValue get_env(struct reader *r) {
  size_t n;
  uint8_t form = read_u8(r);
  const char *p = read_str_borrow(r, &n);
  if (form == ENV_JSON) return get_json(p, n);
  if (!n) return JS_NewObject(guest.ctx);
  struct reader in = reader_over(p, n);
  JSValue channels = wire_channels(0), env = plain_read(&in, channels);
  JS_FreeValue(guest.ctx, channels);
  return env;
}

static JSValue get_bindings(struct reader *r) {
  JSValue list = JS_NewArray(guest.ctx);
  uint32_t n = read_u16(r);
  for (uint32_t i = 0; i < n && !r->bad; i++) {
    JS_SetPropertyUint32(guest.ctx, list, 3 * i, JS_NewInt32(guest.ctx, read_u8(r)));
    JS_SetPropertyUint32(guest.ctx, list, 3 * i + 1, get_str(r));
    JS_SetPropertyUint32(guest.ctx, list, 3 * i + 2, JS_NewUint32(guest.ctx, read_u32(r)));
  }
  return list;
}

/* The whole code is here: modules into the module table, the rest to the platform. */
static void read_code(void) {
  struct reader r = reader_over(load.data, load.len);
  if (read_u32(&r) != WORKER_CODE_MAGIC) r.bad = true;
  guest.stack_kb = read_u32(&r);
  if (guest.stack_kb) JS_SetMaxStackSize(guest.rt, (size_t)guest.stack_kb * 1024);
  JS_UpdateStackTop(guest.rt);
  JSValue args[7];
  args[4] = get_str(&r);   /* compatibility date */
  args[5] = get_flags(&r); /* compatibility flags */
  args[0] = get_str(&r);   /* main module */
  bool modules = get_modules(&r);
  args[6] = JS_NewBool(guest.ctx, r.left && r.p[0] == ENV_CLONE); /* it is another Worker's */
  args[1] = get_env(&r);
  args[2] = get_bindings(&r);
  args[3] = JS_NewInt32(guest.ctx, read_u8(&r));
  if (!modules || r.bad) {
    JS_FreeValue(guest.ctx, args[1]);
    args[1] = JS_ThrowInternalError(guest.ctx, "the Worker's code is malformed");
  }
  if (JS_IsException(args[1])) { /* then there is no main module, and this is why */
    JS_FreeValue(guest.ctx, args[0]);
    args[0] = JS_UNDEFINED;
    args[1] = JS_GetException(guest.ctx);
  }
  guest_call(HANDLER_load, 7, args);
}

void code_piece(const struct frame_header *h, const uint8_t *payload) {
  buf_put(&load, payload, h->length);
  if (h->flags & FRAME_MORE) return;
  read_code();
}

/* ---- writing ---- */

static int put_str(JSContext *ctx, struct buf *b, JSValueConst v) {
  size_t n;
  const char *s = JS_ToCStringLen(ctx, &n, v);
  if (!s) return -1;
  buf_put_str(b, s, n);
  JS_FreeCString(ctx, s);
  return 0;
}

/* A module's content: a string, or a Uint8Array. Adds to `size`; what is too large together is only counted. */
static int put_content(JSContext *ctx, struct buf *b, JSValueConst v, uint64_t *size) {
  size_t n;
  const char *s = JS_IsString(v) ? JS_ToCStringLen(ctx, &n, v) : NULL;
  const void *p = JS_IsString(v) ? (const void *)s : JS_GetUint8Array(ctx, &n, v);
  if (!p && JS_HasException(ctx)) return -1;
  *size += n;
  if (*size <= CODE_SIZE_MAX) buf_put_str(b, p, n);
  JS_FreeCString(ctx, s);
  return 0;
}

static int put_item(JSContext *ctx, struct buf *b, JSValueConst list, uint32_t i,
                    int (*put)(JSContext *, struct buf *, JSValueConst)) {
  JSValue v = JS_GetPropertyUint32(ctx, list, i);
  int r = JS_IsException(v) ? -1 : put(ctx, b, v);
  JS_FreeValue(ctx, v);
  return r;
}

static int put_flags(JSContext *ctx, struct buf *b, JSValueConst list) {
  int64_t n;
  if (JS_GetLength(ctx, list, &n) < 0) return -1;
  buf_put_u16(b, (uint16_t)n);
  for (int64_t i = 0; i < n; i++)
    if (put_item(ctx, b, list, (uint32_t)i, put_str)) return -1;
  return 0;
}

/* [kind, name, content, kind, name, content, …] */
static int put_modules(JSContext *ctx, struct buf *b, JSValueConst list, uint64_t *size) {
  int64_t n;
  if (JS_GetLength(ctx, list, &n) < 0) return -1;
  buf_put_u32(b, (uint32_t)(n / 3));
  for (int64_t i = 0; i + 2 < n; i += 3) {
    uint32_t kind = 0;
    JSValue k = JS_GetPropertyUint32(ctx, list, (uint32_t)i);
    JS_ToUint32(ctx, &kind, k);
    JS_FreeValue(ctx, k);
    buf_put_u8(b, (uint8_t)kind);
    if (put_item(ctx, b, list, (uint32_t)i + 1, put_str)) return -1;
    JSValue content = JS_GetPropertyUint32(ctx, list, (uint32_t)i + 2);
    int r = put_content(ctx, b, content, size);
    JS_FreeValue(ctx, content);
    if (r) return -1;
  }
  return 0;
}

static int put_env(JSContext *ctx, struct buf *b, JSValueConst env, JSValueConst channels) {
  buf_put_u8(b, ENV_CLONE);
  size_t mark = b->len;
  buf_put_u32(b, 0);
  if (!JS_IsUndefined(env) && plain_write(b, env, channels)) return -1;
  size_t n = b->len - mark - sizeof(uint32_t);
  if (n > ENV_SIZE_MAX) {
    JS_ThrowPlainError(ctx, "Dynamic Worker env size (%u bytes) exceeds the maximum allowed size of %u bytes.",
                       (unsigned)n, (unsigned)ENV_SIZE_MAX);
    return -1;
  }
  uint32_t length = (uint32_t)n;
  if (!b->bad) memcpy(b->data + mark, &length, sizeof length);
  return 0;
}

static void send_pieces(uint32_t stub, const struct buf *b) {
  static uint8_t piece[sizeof(struct frame_header) + FRAME_PAYLOAD_MAX];
  size_t at = 0;
  do {
    size_t n = b->len - at < FRAME_PAYLOAD_MAX ? b->len - at : FRAME_PAYLOAD_MAX;
    struct frame_header h = {.length = (uint32_t)n, .type = FRAME_CODE, .stream = stub};
    h.flags = at + n < b->len ? FRAME_MORE : 0;
    memcpy(piece, &h, sizeof h);
    memcpy(piece + sizeof h, b->data + at, n);
    host_send(piece, (uint32_t)(sizeof h + n));
    at += n;
  } while (at < b->len);
}

enum {
  ARG_STUB,
  ARG_CPU,
  ARG_WALL,
  ARG_MEMORY,
  ARG_SUBREQUESTS,
  ARG_DATE,
  ARG_FLAGS,
  ARG_MAIN,
  ARG_MODULES,
  ARG_ENV,
  ARG_OUTBOUND,
  ARG_GIVEN,
  ARG_CHANNELS,
  ARG_COUNT
};

static int add_given(JSContext *ctx, JSValueConst channels, JSValueConst given) {
  int64_t n;
  if (JS_GetLength(ctx, given, &n) < 0) return -1;
  for (int64_t i = 0; i < n; i++) engine_array_push(ctx, channels, JS_GetPropertyInt64(ctx, given, i));
  return 0;
}

static int write_code(JSContext *ctx, struct buf *b, JSValueConst *argv) {
  uint32_t v;
  uint64_t code_size = 0;
  buf_put_u64(b, 0);
  for (int i = ARG_CPU; i <= ARG_SUBREQUESTS; i++) {
    if (JS_ToUint32(ctx, &v, argv[i])) return -1;
    buf_put_u32(b, v);
  }
  if (JS_ToUint32(ctx, &v, argv[ARG_OUTBOUND])) return -1;
  buf_put_u32(b, v);
  size_t mark = b->len;
  buf_put_u32(b, WORKER_CODE_MAGIC);
  buf_put_u32(b, guest.stack_kb);
  if (put_str(ctx, b, argv[ARG_DATE]) || put_flags(ctx, b, argv[ARG_FLAGS]) || put_str(ctx, b, argv[ARG_MAIN]) ||
      put_modules(ctx, b, argv[ARG_MODULES], &code_size))
    return -1;
  if (code_size > CODE_SIZE_MAX) {
    JS_ThrowPlainError(ctx, "Dynamic Worker code size (%llu bytes) exceeds the maximum allowed size of %u bytes.",
                       (unsigned long long)code_size, (unsigned)CODE_SIZE_MAX);
    return -1;
  }
  if (b->bad) return JS_ThrowOutOfMemory(ctx), -1;
  if (put_env(ctx, b, argv[ARG_ENV], argv[ARG_CHANNELS])) return -1;
  if (add_given(ctx, argv[ARG_CHANNELS], argv[ARG_GIVEN])) return -1;
  buf_put_u16(b, 0);
  buf_put_u8(b, (uint8_t)((v & OUTBOUND_MODE) | (v > OUTBOUND_MODE ? LOGS_AS_VALUES : 0)));
  uint64_t size = b->len - mark;
  if (!b->bad) memcpy(b->data, &size, sizeof size);
  return b->bad ? (JS_ThrowOutOfMemory(ctx), -1) : 0;
}

/* code(stub, cpuMs, wallMs, memoryMb, subRequests, date, flags, main, modules, env, outbound, given, channels):
 * outbound is as in CODE; the channels of env are added to `channels`, an array, and then those given: the tails', the
 * outbound's */
static JSValue native_code(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct buf b;
  uint32_t stub;
  if (argc < ARG_COUNT || JS_ToUint32(ctx, &stub, argv[ARG_STUB])) return JS_EXCEPTION;
  buf_init(&b, 2 * (size_t)CODE_MAX);
  int r = write_code(ctx, &b, argv);
  if (!r) wire_send_channels(stub, argv[ARG_CHANNELS]);
  if (!r) send_pieces(stub, &b);
  buf_free(&b);
  return r ? JS_EXCEPTION : JS_UNDEFINED;
}

void code_init(JSContext *ctx, JSValueConst native) {
  JS_SetPropertyStr(ctx, native, "code", JS_NewCFunction(ctx, native_code, "code", ARG_COUNT));
}
