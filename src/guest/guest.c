/* guest.c: the isolate's life: boot once for the image, then turns. See abi.h for the exports.
 *
 * A turn takes a run of frames from the host, hands each to the platform's handler for its type, and runs the
 * engine's job queue until it is empty before it looks at the next. The host checked the frames' headers; payloads
 * come from other isolates through the gateway and are read with the bounded reader only.
 */
#include "guest/guest.h"

#include <stdlib.h>
#include <string.h>

#include "guest/host.h"
#include "guest/rpc/rpc.h"
#include "guest/rpc/web.h"

enum {
  INBOX_SIZE = 128 * 1024,
  STACK_END = 1024,
  BOOT_ROOM_MAX = 2 << 20, /* leaves twice what the engine lets JavaScript have */
};

struct guest guest;
static uint8_t *inbox;       /* INBOX_SIZE bytes, for turns of ordinary size */
static uint8_t *large_inbox; /* for one bigger turn */

EXPORT("room") void *guest_room(uint32_t length);
EXPORT("boot") const char *guest_boot(const char *platform, uint32_t length);
EXPORT("turn") void guest_turn(const uint8_t *frames, uint32_t length);
EXPORT("hash_seed") uint32_t guest_hash_seed(void);

/* The source that boot evaluates is put where the stack (guest.mk: GUEST_STACK) would end, far from what booting uses
 * of it: in the heap it would leave a hole in the middle of the image. */
void *guest_room(uint32_t length) {
  if (!guest.ctx && length <= BOOT_ROOM_MAX) return (void *)(uintptr_t)STACK_END;
  if (length <= INBOX_SIZE && inbox) return inbox;
  free(large_inbox);
  large_inbox = malloc(length);
  return large_inbox;
}

uint32_t guest_hash_seed(void) { return engine_hash_seed(guest.ctx); }

static void report(JSValue error) {
  static bool reporting;
  if (!reporting) {
    reporting = true;
    JSValue r = JS_Call(guest.ctx, guest.handler[HANDLER_uncaught], JS_UNDEFINED, 1, (JSValueConst *)&error);
    if (JS_IsException(r)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
    JS_FreeValue(guest.ctx, r);
    reporting = false;
  }
  JS_FreeValue(guest.ctx, error);
}

bool guest_call(enum handler which, int argc, JSValue *argv) {
  bool failed = false, truth;
  for (int i = 0; i < argc; i++) failed |= JS_IsException(argv[i]);
  JSValue r =
      failed ? JS_EXCEPTION : JS_Call(guest.ctx, guest.handler[which], JS_UNDEFINED, argc, (JSValueConst *)argv);
  for (int i = 0; i < argc; i++) JS_FreeValue(guest.ctx, argv[i]);
  if (JS_IsException(r)) report(JS_GetException(guest.ctx));
  truth = JS_IsBool(r) && JS_VALUE_GET_BOOL(r);
  JS_FreeValue(guest.ctx, r);
  return truth;
}

static void run_jobs(void) {
  JSContext *c;
  int r;
  while ((r = JS_ExecutePendingJob(guest.rt, &c)) != 0)
    if (r < 0) report(JS_GetException(c));
}

static void on_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, bool handled, void *opaque) {
  (void)opaque;
  JSValue args[] = {JS_DupValue(ctx, promise), JS_DupValue(ctx, reason), JS_NewBool(ctx, handled)};
  guest_call(HANDLER_rejection, 3, args);
}

/* Name and message of what boot threw, for the person who builds the image. */
static const char *boot_error(void) {
  JSValue e = JS_GetException(guest.ctx), stack = JS_GetPropertyStr(guest.ctx, e, "stack");
  const char *message = JS_ToCString(guest.ctx, e), *where = JS_ToCString(guest.ctx, stack);
  static char text[1024];
  strncat(text, message ? message : "out of memory", 400);
  strncat(text, "\n", 2);
  strncat(text, where ? where : "", 500);
  return text;
}

static bool take_handlers(JSValueConst platform) {
  static const char *const names[] = {
#define HANDLER(name) #name,
      HANDLERS(HANDLER)
#undef HANDLER
  };
  for (int i = 0; i < HANDLER_COUNT; i++) {
    guest.handler[i] = JS_GetPropertyStr(guest.ctx, platform, names[i]);
    if (!JS_IsFunction(guest.ctx, guest.handler[i])) {
      JS_ThrowTypeError(guest.ctx, "the platform has no handler \"%s\"", names[i]);
      return false;
    }
  }
  return true;
}

static bool start_platform(const char *source, uint32_t length) {
  JSValue f = JS_Eval(guest.ctx, source, length, "mayfly:platform", JS_EVAL_TYPE_GLOBAL);
  if (JS_IsException(f)) return false;
  JSValue native = natives_new(guest.ctx);
  JSValue platform = JS_Call(guest.ctx, f, JS_UNDEFINED, 1, (JSValueConst *)&native);
  JS_FreeValue(guest.ctx, f);
  JS_FreeValue(guest.ctx, native);
  if (JS_IsException(platform)) return false;
  bool ok = take_handlers(platform);
  JS_FreeValue(guest.ctx, platform);
  return ok;
}

const char *guest_boot(const char *platform, uint32_t length) {
  guest.rt = engine_new_runtime();
  guest.ctx = guest.rt ? JS_NewContext(guest.rt) : NULL;
  inbox = malloc(INBOX_SIZE);
  if (!guest.ctx || !inbox) return "out of memory";
  engine_init_stacks(guest.ctx);
  JS_SetMaxStackSize(guest.rt, 1024 * 1024);
  JS_UpdateStackTop(guest.rt);
  JS_SetHostPromiseRejectionTracker(guest.rt, on_rejection, NULL);
  if (!start_platform(platform, length)) return boot_error();
  run_jobs();
  free(large_inbox);
  large_inbox = NULL;
  return engine_seal(guest.ctx);
}

static JSValue get_text(struct reader *r) {
  size_t n;
  const char *p = read_str_borrow(r, &n);
  return JS_NewStringLen(guest.ctx, p, n);
}

static JSValue get_rest(struct reader *r) { return JS_NewUint8ArrayCopy(guest.ctx, r->p, r->left); }

/* Header names arrive in any case; the platform wants them lower. */
static JSValue get_header_name(struct reader *r) {
  char lower[256];
  size_t n;
  const char *p = read_str_borrow(r, &n);
  if (n > sizeof lower) return JS_ThrowRangeError(guest.ctx, "header name too long");
  for (size_t i = 0; i < n; i++) lower[i] = (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i]);
  return engine_new_latin1(guest.ctx, (const uint8_t *)lower, n);
}

static JSValue get_headers(struct reader *r) {
  JSValue list = JS_NewArray(guest.ctx);
  uint32_t n = read_u16(r);
  for (uint32_t i = 0; i < n && !r->bad; i++) {
    JS_SetPropertyUint32(guest.ctx, list, 2 * i, get_header_name(r));
    JS_SetPropertyUint32(guest.ctx, list, 2 * i + 1, get_text(r));
  }
  return list;
}

static JSValue get_length(struct reader *r) {
  uint64_t n = read_u64(r);
  return n == UINT64_MAX ? JS_NewInt32(guest.ctx, -1) : JS_NewInt64(guest.ctx, (int64_t)n);
}

static JSValue stream_of(const struct frame_header *h) { return JS_NewUint32(guest.ctx, h->stream); }
static JSValue flag_of(const struct frame_header *h, int flag) { return JS_NewBool(guest.ctx, (h->flags & flag) != 0); }

static JSValue get_props(uint32_t stream, struct reader *r) {
  size_t n;
  const char *p = read_str_borrow(r, &n);
  if (!n) return JS_UNDEFINED;
  struct reader in = reader_over(p, n);
  JSValue channels = wire_channels(stream), props = props_read(&in, channels);
  JS_FreeValue(guest.ctx, channels);
  return props;
}

static void on_event(const struct frame_header *h, struct reader *r) {
  uint8_t kind = read_u8(r);
  uint32_t flags;
  if (kind == EVENT_RPC) {
    wire_event(h, r);
    return;
  }
  read_u32(r); /* processor time: the host's affair */
  flags = read_u32(r);
  JSValue args[11] = {stream_of(h)};
  args[1] = get_text(r);
  if (kind == EVENT_TEST) {
    guest_call(HANDLER_test, 2, args);
    return;
  }
  args[2] = get_props(h->stream, r);
  args[3] = get_text(r);
  args[4] = get_text(r);
  args[5] = get_headers(r);
  args[10] = flags & EVENT_CF ? get_text(r) : JS_UNDEFINED;
  args[6] = get_length(r);
  args[7] = get_rest(r);
  args[8] = flag_of(h, FRAME_HAS_BODY);
  args[9] = flag_of(h, FRAME_END);
  guest_call(kind == EVENT_TAIL ? HANDLER_tail : kind == EVENT_SCHEDULED ? HANDLER_scheduled : HANDLER_event, 11, args);
}

/* One that is longer than a frame comes in pieces, one event after the other. */
static void on_event_piece(const struct frame_header *h, struct reader *r) {
  static struct buf event = {.max = 2 * EVENT_MAX};
  if (!(h->flags & FRAME_MORE) && !event.len) {
    on_event(h, r);
    return;
  }
  buf_put(&event, r->p, r->left);
  if (event.bad) __builtin_trap();
  if (h->flags & FRAME_MORE) return;
  struct reader all = reader_over(event.data, event.len);
  on_event(h, &all);
  buf_free(&event);
}

static void on_head(const struct frame_header *h, struct reader *r) {
  JSValue args[8] = {stream_of(h), JS_NewInt32(guest.ctx, read_u16(r))};
  args[2] = get_text(r);
  args[3] = get_headers(r);
  args[4] = get_length(r);
  args[5] = get_rest(r);
  args[6] = flag_of(h, FRAME_HAS_BODY);
  args[7] = flag_of(h, FRAME_END);
  guest_call(HANDLER_head, 8, args);
}

static void on_body(const struct frame_header *h, struct reader *r) {
  JSValue args[] = {stream_of(h), get_rest(r), flag_of(h, FRAME_END)};
  guest_call(HANDLER_body, 3, args);
}

static void on_window(const struct frame_header *h, struct reader *r) {
  JSValue args[] = {stream_of(h), JS_NewUint32(guest.ctx, read_u32(r))};
  guest_call(HANDLER_window, 2, args);
}

static void on_message(const struct frame_header *h, struct reader *r) {
  JSValue args[] = {stream_of(h), get_rest(r), flag_of(h, FRAME_TEXT), flag_of(h, FRAME_MORE)};
  guest_call(HANDLER_message, 4, args);
}

static void on_shut(const struct frame_header *h, struct reader *r) {
  JSValue args[] = {stream_of(h), JS_NewInt32(guest.ctx, read_u16(r)), JS_UNDEFINED};
  args[2] = JS_NewStringLen(guest.ctx, (const char *)r->p, r->left);
  guest_call(HANDLER_shut, 3, args);
}

static void on_error(const struct frame_header *h, struct reader *r) {
  JSValue args[7] = {stream_of(h), JS_NewInt32(guest.ctx, read_u8(r))};
  for (int i = 2; i < 5; i++) args[i] = get_text(r);
  args[6] = JS_NewInt32(guest.ctx, r->left ? read_u8(r) : THROWN_BY_WORKER);
  args[5] = thrown_read(r);
  guest_call(HANDLER_error, 7, args);
}

static void on_log(const struct frame_header *h, struct reader *r) {
  JSValue args[4] = {stream_of(h), JS_NewInt32(guest.ctx, read_u8(r)), JS_NewInt64(guest.ctx, (int64_t)read_u64(r))};
  args[3] = JS_NewStringLen(guest.ctx, (const char *)r->p, r->left);
  guest_call(HANDLER_log, 4, args);
}

static void on_stream(const struct frame_header *h, enum handler which) {
  JSValue args[] = {stream_of(h)};
  guest_call(which, 1, args);
}

/* What the host starts has no frame, whatever the code that it called last left there. */
static void leave_frame(void) { engine_set_frame(guest.ctx, JS_UNDEFINED); }

/* hash_too: no Map or Set has anything in it yet. */
static void seed(bool hash_too) {
  struct {
    uint64_t random_state;
    uint32_t hash_seed;
  } s;
  host_random(&s, sizeof s);
  engine_reseed(guest.ctx, s.random_state, hash_too ? s.hash_seed | 1 : 0);
  guest.seeded = true;
}

static void dispatch(const struct frame_header *h, const uint8_t *payload) {
  struct reader r = reader_over(payload, h->length);
  bool is_session = h->type != FRAME_LOG && (web_frame(h, &r) || wire_frame(h, &r));
  switch (is_session ? 0 : h->type) {
    case FRAME_LOAD:
      code_piece(h, payload);
      break;
    case FRAME_EVENT:
      on_event_piece(h, &r);
      break;
    case FRAME_HEAD:
      on_head(h, &r);
      break;
    case FRAME_BODY:
      on_body(h, &r);
      break;
    case FRAME_WINDOW:
      on_window(h, &r);
      break;
    case FRAME_MESSAGE:
      on_message(h, &r);
      break;
    case FRAME_SHUT:
      on_shut(h, &r);
      break;
    case FRAME_ERROR:
      on_error(h, &r);
      break;
    case FRAME_LOG:
      on_log(h, &r);
      break;
    case FRAME_CANCEL:
      on_stream(h, HANDLER_cancel);
      break;
    case FRAME_SEED:
      seed(false);
      break;
    case FRAME_NEED:
      on_stream(h, HANDLER_need);
      break;
    default:
      break; /* a newer host: nothing that this guest knows how to do */
  }
  leave_frame();
  run_jobs();
}

void guest_turn(const uint8_t *frames, uint32_t length) {
  struct reader r = reader_over(frames, length);
  if (!guest.seeded) seed(true);
  JS_UpdateStackTop(guest.rt);
  while (!length && guest_call(HANDLER_timer, 0, NULL)) {
    leave_frame();
    run_jobs();
  }
  while (r.left) {
    struct frame_header h;
    const uint8_t *p = read_bytes_borrow(&r, sizeof h);
    if (!p) break;
    memcpy(&h, p, sizeof h);
    p = read_bytes_borrow(&r, h.length);
    if (p) dispatch(&h, p);
  }
  do { /* to send something may fail, and whoever waits for the answer is told so */
    while (guest_call(HANDLER_idle, 0, NULL)) {
      leave_frame();
      run_jobs();
    }
    leave_frame();
    run_jobs();
    while (hooks_release()) run_jobs();
    wire_flush();
    web_flush();
  } while (JS_IsJobPending(guest.rt));
  free(large_inbox);
  large_inbox = NULL;
}
