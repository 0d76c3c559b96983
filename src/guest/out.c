/* out.c: frames from the guest, as functions for the platform's JavaScript.
 *
 * Each builds its frame in one buffer, whose size is bounded, so a frame that would be too long is an exception in the
 * guest and never a lie to the host. Bodies are cut into frames here; keeping to the stream's credit is the
 * platform's affair (worker/bodies.js), and a guest that does not is thrown away by the gateway.
 */
#include <string.h>

#include "base/errors.h"
#include "guest/guest.h"
#include "guest/host.h"
#include "guest/rpc/rpc.h"

enum { LOG_MAX = 16 * 1024, STACK_TEXT_MAX = 8 * 1024, MESSAGE_MAX = 16 * 1024, THROWN_MAX = 32 * 1024 };

static struct buf out;

enum { FRAME_MAX = sizeof(struct frame_header) + FRAME_PAYLOAD_MAX };

static size_t begin(uint8_t type, uint32_t stream) {
  buf_clear(&out);
  out.max = FRAME_MAX;
  return buf_frame_begin(&out, type, 0, 0, stream);
}

static JSValue too_long(JSContext *ctx) {
  return JS_ThrowRangeError(ctx, "Headers and other metadata of a request or response are limited to 64 KiB.");
}

static JSValue finish(JSContext *ctx, size_t mark, uint8_t flags) {
  buf_frame_end(&out, mark);
  if (out.bad) return too_long(ctx);
  ((struct frame_header *)(out.data + mark))->flags = flags;
  host_send(out.data, (uint32_t)out.len);
  return JS_UNDEFINED;
}

/* Each piece's header is written over what went before it. */
void out_pieces(struct buf *b, size_t mark, uint8_t flags) {
  struct frame_header h;
  memcpy(&h, b->data + mark, sizeof h);
  size_t at = mark + sizeof h;
  do {
    h.length = frame_piece(b->len - at);
    h.flags = at + h.length < b->len ? FRAME_MORE : flags;
    memcpy(b->data + at - sizeof h, &h, sizeof h);
    host_send(b->data + at - sizeof h, (uint32_t)(sizeof h + h.length));
  } while ((at += h.length) < b->len);
}

/* A FETCH, with so many bytes of props and cf in it. */
static size_t fetch_begin(uint32_t stream) {
  size_t mark = begin(FRAME_FETCH, stream);
  out.max = sizeof(struct frame_header) + EVENT_MAX;
  return mark;
}

static bool fetch_fits(size_t extra) { return !out.bad && out.len - extra <= FRAME_MAX; }

static JSValue fetch_finish(JSContext *ctx, size_t mark, uint8_t flags) {
  if (out.len <= FRAME_MAX) return finish(ctx, mark, flags);
  out_pieces(&out, mark, flags);
  buf_shrink(&out, FRAME_MAX);
  return JS_UNDEFINED;
}

static uint32_t stream_arg(JSContext *ctx, JSValueConst v) {
  uint32_t n = 0;
  JS_ToUint32(ctx, &n, v);
  return n;
}

/* A string as UTF-8, cut to `most` bytes. -1: exception. */
static int put_text(JSContext *ctx, JSValueConst v, size_t most) {
  size_t n;
  const char *s = JS_ToCStringLen(ctx, &n, v);
  if (!s) return -1;
  buf_put_str(&out, s, n < most ? n : most);
  JS_FreeCString(ctx, s);
  return 0;
}

/* [name, value, name, value, …] */
static int put_headers(JSContext *ctx, JSValueConst list) {
  int64_t n;
  if (JS_GetLength(ctx, list, &n) < 0) return -1;
  buf_put_u16(&out, (uint16_t)(n / 2));
  if (n / 2 > UINT16_MAX) out.bad = true;
  for (int64_t i = 0; i < n && !out.bad; i++) {
    JSValue v = JS_GetPropertyUint32(ctx, list, (uint32_t)i);
    int r = JS_IsException(v) ? -1 : put_text(ctx, v, SIZE_MAX);
    JS_FreeValue(ctx, v);
    if (r) return -1;
  }
  return 0;
}

static void put_length(JSContext *ctx, JSValueConst v) {
  int64_t n = -1;
  JS_ToInt64(ctx, &n, v);
  buf_put_u64(&out, n < 0 ? UINT64_MAX : (uint64_t)n);
}

/* The body that goes along with a head, right behind its content length: all of it, or as much as fits the frame. Sets
 * *flags; *rest is what did not fit (a Uint8Array) or undefined. `open` says that more will follow in any case. -1:
 * exception. */
static int put_inline(JSContext *ctx, JSValueConst body, bool open, uint8_t *flags, JSValue *rest) {
  size_t n = 0, room = out.len < FRAME_MAX ? FRAME_MAX - out.len : 0;
  const uint8_t *p = NULL;
  const char *s = NULL;
  JSValue bytes = JS_UNDEFINED;
  *rest = JS_UNDEFINED;
  if (JS_IsNull(body)) {
    if (open) *flags |= FRAME_HAS_BODY;
    return 0;
  }
  *flags |= FRAME_HAS_BODY;
  if (JS_IsString(body))
    s = JS_ToCStringLen(ctx, &n, body), p = (const uint8_t *)s;
  else
    p = JS_GetUint8Array(ctx, &n, body);
  if (!p && JS_HasException(ctx)) return -1;
  size_t now = n < room ? n : room;
  uint64_t length = n; /* known, whatever the platform said, when this is all of it */
  if (!open && !out.bad) memcpy(out.data + out.len - sizeof length, &length, sizeof length);
  buf_put(&out, p, now);
  if (now < n)
    bytes = JS_NewUint8ArrayCopy(ctx, p + now, n - now);
  else if (!open)
    *flags |= FRAME_END;
  JS_FreeCString(ctx, s);
  *rest = bytes;
  return JS_IsException(bytes) ? -1 : 0;
}

/* head(stream, status, statusText, headers, length, body: null|string|Uint8Array, open) -> what did not fit */
static JSValue out_head(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  uint8_t flags = 0;
  JSValue rest;
  size_t mark = begin(FRAME_HEAD, stream_arg(ctx, argv[0]));
  buf_put_u16(&out, (uint16_t)stream_arg(ctx, argv[1]));
  if (put_text(ctx, argv[2], ENTRYPOINT_MAX) || put_headers(ctx, argv[3])) return JS_EXCEPTION;
  put_length(ctx, argv[4]);
  if (out.bad) return finish(ctx, mark, flags);
  if (put_inline(ctx, argv[5], JS_ToBool(ctx, argv[6]), &flags, &rest)) return JS_EXCEPTION;
  finish(ctx, mark, flags);
  return rest;
}

void out_limits(struct buf *b, JSValueConst limits, uint32_t flags) {
  JSValue *list;
  uint32_t n = JS_IsObject(limits) ? engine_array(limits, &list) : 0, values[3] = {0};
  for (uint32_t i = 0; i < n && i < 3; i++) JS_ToUint32(guest.ctx, &values[i], list[i]);
  bool more = values[1] || values[2];
  buf_put_u32(b, values[0]);
  buf_put_u32(b, flags | (more ? EVENT_LIMITS : 0u));
  if (!more) return;
  buf_put_u32(b, values[1]);
  buf_put_u32(b, values[2]);
}

/* Where a FETCH goes, with what, and what it may take there: (channel, limits, entrypoint, props). *extra: bytes of
 * the props. -1: exception. */
static int put_target(JSContext *ctx, enum event_kind kind, JSValueConst *argv, uint32_t flags, size_t *extra) {
  size_t n = 0;
  buf_put_u32(&out, stream_arg(ctx, argv[0]));
  buf_put_u8(&out, (uint8_t)kind);
  out_limits(&out, argv[1], flags);
  if (put_text(ctx, argv[2], 1024)) return -1;
  const uint8_t *props = JS_IsUndefined(argv[3]) ? NULL : JS_GetArrayBuffer(ctx, &n, argv[3]);
  buf_put_str(&out, props, n);
  *extra = n;
  return 0;
}

/* Adds its bytes to *extra. -1: exception. */
static int put_cf(JSContext *ctx, JSValueConst cf, size_t *extra) {
  size_t n;
  const char *s = JS_ToCStringLen(ctx, &n, cf);
  if (!s) return -1;
  if (n <= CF_MAX) buf_put_str(&out, s, n);
  JS_FreeCString(ctx, s);
  *extra += n;
  return n <= CF_MAX ? 0 : (JS_ThrowRangeError(ctx, "The cf of a request is limited to 1 MiB."), -1);
}

/* fetch(stream, channel, limits: [cpuMs, wallMs, subRequests]|null, entrypoint, props: ArrayBuffer|undefined, method,
 *       url, headers, length, body, open, flags: enum event_flag, cf: its text|undefined) */
static JSValue out_fetch(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  uint8_t flags = 0;
  JSValue rest;
  size_t mark = fetch_begin(stream_arg(ctx, argv[0])), extra;
  bool has_cf = !JS_IsUndefined(argv[12]);
  uint32_t event_flags = stream_arg(ctx, argv[11]) | (has_cf ? EVENT_CF : 0u);
  if (put_target(ctx, EVENT_FETCH, argv + 1, event_flags, &extra)) return JS_EXCEPTION;
  if (put_text(ctx, argv[5], 64) || put_text(ctx, argv[6], SIZE_MAX) || put_headers(ctx, argv[7])) return JS_EXCEPTION;
  if (has_cf && put_cf(ctx, argv[12], &extra)) return JS_EXCEPTION;
  put_length(ctx, argv[8]);
  if (!fetch_fits(extra)) return too_long(ctx);
  if (put_inline(ctx, argv[9], JS_ToBool(ctx, argv[10]), &flags, &rest)) return JS_EXCEPTION;
  fetch_finish(ctx, mark, flags);
  return rest;
}

/* scheduled(stream, channel, limits, entrypoint, props, time, cron): the first as fetch() has them */
static JSValue out_scheduled(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t mark = fetch_begin(stream_arg(ctx, argv[0])), extra;
  if (put_target(ctx, EVENT_SCHEDULED, argv + 1, 0, &extra)) return JS_EXCEPTION;
  if (put_text(ctx, argv[5], 64) || put_text(ctx, argv[6], SIZE_MAX)) return JS_EXCEPTION;
  buf_put_u16(&out, 0);
  buf_put_u64(&out, 0);
  return fetch_fits(extra) ? fetch_finish(ctx, mark, FRAME_END) : too_long(ctx);
}

/* body(stream, Uint8Array, offset, length, end) */
static JSValue out_body(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t n;
  uint32_t stream = stream_arg(ctx, argv[0]), offset = stream_arg(ctx, argv[2]), length = stream_arg(ctx, argv[3]);
  const uint8_t *p = JS_GetUint8Array(ctx, &n, argv[1]);
  if (!p && JS_HasException(ctx)) return JS_EXCEPTION;
  if (offset > n || length > n - offset) return JS_ThrowRangeError(ctx, "body: out of range");
  bool end = JS_ToBool(ctx, argv[4]);
  do {
    uint32_t piece = length < FRAME_PAYLOAD_MAX ? length : FRAME_PAYLOAD_MAX;
    size_t mark = begin(FRAME_BODY, stream);
    buf_put(&out, p + offset, piece);
    offset += piece;
    length -= piece;
    finish(ctx, mark, end && !length ? FRAME_END : 0);
  } while (length);
  return JS_UNDEFINED;
}

/* message(stream, Uint8Array, offset, length, text, more): one frame */
static JSValue out_message(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t n;
  uint32_t stream = stream_arg(ctx, argv[0]), offset = stream_arg(ctx, argv[2]), length = stream_arg(ctx, argv[3]);
  const uint8_t *p = JS_GetUint8Array(ctx, &n, argv[1]);
  if (!p && JS_HasException(ctx)) return JS_EXCEPTION;
  if (offset > n || length > n - offset) return JS_ThrowRangeError(ctx, "message: out of range");
  size_t mark = begin(FRAME_MESSAGE, stream);
  buf_put(&out, p + offset, length);
  uint8_t text = JS_ToBool(ctx, argv[4]) ? FRAME_TEXT : 0, more = JS_ToBool(ctx, argv[5]) ? FRAME_MORE : 0;
  return finish(ctx, mark, text | more);
}

/* shut(stream, code, reason) */
static JSValue out_shut(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t n;
  const char *reason = JS_ToCStringLen(ctx, &n, argv[2]);
  if (!reason) return JS_EXCEPTION;
  size_t mark = begin(FRAME_SHUT, stream_arg(ctx, argv[0]));
  buf_put_u16(&out, (uint16_t)stream_arg(ctx, argv[1]));
  buf_put(&out, reason, n < SHUT_REASON_MAX ? n : SHUT_REASON_MAX);
  JS_FreeCString(ctx, reason);
  return finish(ctx, mark, 0);
}

static JSValue out_window(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t mark = begin(FRAME_WINDOW, stream_arg(ctx, argv[0]));
  buf_put_u32(&out, stream_arg(ctx, argv[1]));
  return finish(ctx, mark, 0);
}

static JSValue bare(JSContext *ctx, JSValueConst *argv, uint8_t type) {
  return finish(ctx, begin(type, stream_arg(ctx, argv[0])), 0);
}
static JSValue out_cancel(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return bare(ctx, argv, FRAME_CANCEL);
}
static JSValue out_done(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return bare(ctx, argv, FRAME_DONE);
}
static JSValue out_release(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return bare(ctx, argv, FRAME_RELEASE);
}

/* error(stream, code, name, message, stack, thrown, enum thrown_by) */
static JSValue out_error(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct buf thrown; /* written first, for it may run what belongs to a Worker */
  buf_init(&thrown, THROWN_MAX);
  bool told = thrown_write(&thrown, argv[5]);
  size_t mark = begin(FRAME_ERROR, stream_arg(ctx, argv[0]));
  buf_put_u8(&out, (uint8_t)stream_arg(ctx, argv[1]));
  if (put_text(ctx, argv[2], 256) || put_text(ctx, argv[3], MESSAGE_MAX) || put_text(ctx, argv[4], STACK_TEXT_MAX)) {
    buf_free(&thrown);
    return JS_EXCEPTION;
  }
  if (told) {
    buf_put_u8(&out, (uint8_t)stream_arg(ctx, argv[6]));
    buf_put(&out, thrown.data, thrown.len);
  }
  buf_free(&thrown);
  return finish(ctx, mark, 0);
}

/* loaded(): the modules ran; loaded(name, message, stack): they did not */
static JSValue out_loaded(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t mark = begin(FRAME_LOADED, 0);
  buf_put_u8(&out, argc < 3);
  if (argc >= 3) {
    buf_put_u8(&out, 0);
    if (put_text(ctx, argv[0], 256) || put_text(ctx, argv[1], MESSAGE_MAX) || put_text(ctx, argv[2], STACK_TEXT_MAX))
      return JS_EXCEPTION;
  }
  return finish(ctx, mark, 0);
}

/* get(stub, loader channel, name|null, fresh) */
static JSValue out_get(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t mark = begin(FRAME_GET, stream_arg(ctx, argv[0]));
  buf_put_u32(&out, stream_arg(ctx, argv[1]));
  buf_put_u8(&out, (uint8_t)((JS_IsNull(argv[2]) ? 0 : GET_NAMED) | (JS_ToBool(ctx, argv[3]) ? GET_FRESH : 0)));
  if (JS_IsNull(argv[2]))
    buf_put_u32(&out, 0);
  else if (put_text(ctx, argv[2], SIZE_MAX))
    return JS_EXCEPTION;
  return finish(ctx, mark, 0);
}

/* abort(reason): the isolate ends, and nothing of the Worker's runs before that */
static JSValue out_abort(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  enum { REASON_MAX = 1024 };
  size_t n, mark = begin(FRAME_ABORT, 0);
  const char *s = JS_ToCStringLen(ctx, &n, argv[0]);
  if (!s) return JS_EXCEPTION;
  buf_put(&out, s, n < REASON_MAX ? n : REASON_MAX);
  JS_FreeCString(ctx, s);
  JSValue sent = finish(ctx, mark, 0);
  if (JS_IsException(sent)) return sent;
  JS_ThrowInternalError(ctx, "The isolate was aborted.");
  JSValue error = JS_GetException(ctx);
  JS_SetUncatchableError(ctx, error);
  return JS_Throw(ctx, error);
}

/* log(level, text, stream): text is cut, values (level & LOG_VALUES) that are too long are left out */
static JSValue out_log(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t n;
  const char *s = JS_ToCStringLen(ctx, &n, argv[1]);
  if (!s) return JS_EXCEPTION;
  uint8_t level = (uint8_t)stream_arg(ctx, argv[0]);
  size_t mark = begin(FRAME_LOG, argc > 2 ? stream_arg(ctx, argv[2]) : 0);
  buf_put_u8(&out, level);
  if (level & LOG_VALUES)
    buf_put(&out, s, n < FRAME_PAYLOAD_MAX ? n : 0);
  else
    buf_put(&out, s, n < LOG_MAX ? n : LOG_MAX);
  JS_FreeCString(ctx, s);
  return finish(ctx, mark, 0);
}

/* exception(stream, name, message, stack): beside the answer of a traced event */
static JSValue out_exception(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t mark = begin(FRAME_LOG, stream_arg(ctx, argv[0]));
  buf_put_u8(&out, LOG_EXCEPTION);
  if (put_text(ctx, argv[1], 256) || put_text(ctx, argv[2], MESSAGE_MAX) || put_text(ctx, argv[3], STACK_TEXT_MAX))
    return JS_EXCEPTION;
  return finish(ctx, mark, 0);
}

void out_init(JSContext *ctx, JSValueConst native) {
  static const struct {
    const char *name;
    JSCFunction *f;
    int arguments;
  } table[] = {
      {"head", out_head, 7},           {"fetch", out_fetch, 13},    {"body", out_body, 5},
      {"window", out_window, 2},       {"cancel", out_cancel, 1},   {"done", out_done, 1},
      {"release", out_release, 1},     {"error", out_error, 7},     {"loaded", out_loaded, 0},
      {"abort", out_abort, 1},         {"get", out_get, 4},         {"log", out_log, 2},
      {"exception", out_exception, 4}, {"message", out_message, 6}, {"shut", out_shut, 3},
      {"scheduled", out_scheduled, 7},
  };
  buf_init(&out, FRAME_MAX);
  buf_room(&out, 4096); /* taken before the image, so that an ordinary frame allocates nothing */
  static const struct {
    const char *name;
    int code;
  } errors[] = {{"ERROR_SOCKET", ERROR_SOCKET},
                {"ERROR_CPU", ERROR_CPU},
                {"ERROR_MEMORY", ERROR_MEMORY},
                {"ERROR_WALL", ERROR_WALL}};
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    JS_SetPropertyStr(ctx, native, errors[i].name, JS_NewInt32(ctx, errors[i].code));
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    JS_SetPropertyStr(ctx, native, table[i].name, JS_NewCFunction(ctx, table[i].f, table[i].name, table[i].arguments));
}
