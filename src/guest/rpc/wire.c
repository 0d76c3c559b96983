/* wire.c: RPC sessions over frames (base/frame.h): a session is the stream of an event, or of a FETCH. See rpc.h.
 *
 * What a turn's work wrote goes out at the turn's end, so that many small messages share a frame; the first ones go
 * along in the FETCH. What has no credit waits.
 */
#include <stdlib.h>
#include <string.h>

#include "base/errors.h"
#include "guest/host.h"
#include "guest/rpc/rpc.h"
#include "guest/rpc/web.h"

enum { ACKNOWLEDGE = STREAM_WINDOW / 4 };

struct wire {
  struct session *session;
  uint32_t stream, credit, owed; /* bytes that we may send; bytes that came and were not acknowledged */
  bool unopened;                 /* the FETCH is to be sent */
  bool over;                     /* nothing is to be sent any more */
  struct buf in;                 /* a message that came in part */
};

static struct table wires;     /* by stream */
static struct session **dirty; /* those with something to do at the turn's end, each once */
static uint32_t dirty_count, dirty_room;
static struct {
  uint32_t stream;
  JSValue list;
} ahead = {0, JS_UNDEFINED}; /* channels that came before the frame that they belong to */

static const struct carrier wire_carrier;

/* ---- life ---- */

static struct session *wire_new(uint32_t stream, JSValueConst event, bool server) {
  struct wire *w = calloc(1, sizeof *w);
  struct session *s = w ? session_new(&binary_codec, &wire_carrier, w, event) : NULL;
  if (!s || table_put(&wires, stream, w)) {
    if (s) session_release(s);
    free(w);
    return NULL;
  }
  *w = (struct wire){.session = s, .stream = stream, .credit = STREAM_WINDOW, .unopened = !server};
  buf_init(&w->in, RPC_MESSAGE_MAX);
  s->server = server;
  return s;
}

static void on_close(struct session *s) {
  struct wire *w = s->link;
  table_remove(&wires, w->stream);
  if (!s->server && !w->unopened && !w->over) {
    struct frame_header h = {.type = FRAME_CANCEL, .stream = w->stream};
    host_send(&h, sizeof h);
  }
  for (uint32_t i = 0; i < dirty_count && s->dirty; i++)
    if (dirty[i] == s) dirty[i] = NULL;
  buf_free(&w->in);
  free(w);
  s->link = NULL;
  session_release(s);
}

static void on_dirty(struct session *s) {
  if (dirty_count == dirty_room) {
    uint32_t room = dirty_room ? 2 * dirty_room : 16;
    struct session **more = realloc(dirty, room * sizeof *more);
    if (!more) return; /* what it has to say waits until it is dirty again */
    dirty = more;
    dirty_room = room;
  }
  s->dirty = true;
  dirty[dirty_count++] = s;
}

static const struct carrier wire_carrier = {on_dirty, on_close};

/* ---- out ---- */

static struct buf frame; /* one at a time */

static size_t frame_begin(uint8_t type, uint32_t stream) {
  bool has_props = type == FRAME_FETCH || type == FRAME_MAKE;
  buf_init(&frame, sizeof(struct frame_header) + (has_props ? EVENT_MAX : FRAME_PAYLOAD_MAX));
  return buf_frame_begin(&frame, type, 0, 0, stream);
}

static int frame_send(size_t mark, uint8_t flags) {
  bool bad = frame.bad;
  if (!bad) out_pieces(&frame, mark, flags);
  buf_free(&frame);
  return bad ? -1 : 0;
}

/* The channels of an array, as CAPS frames. */
static void send_channels(uint32_t stream, JSValueConst channels, struct wire *w) {
  JSValue *list;
  uint32_t n = JS_IsObject(channels) ? engine_array(channels, &list) : 0;
  for (uint32_t at = 0; at < n;) {
    uint32_t count = n - at < CAPS_MAX ? n - at : CAPS_MAX;
    size_t mark = frame_begin(FRAME_CAPS, stream);
    for (uint32_t i = 0; i < count; i++) {
      uint32_t number = 0;
      JS_ToUint32(guest.ctx, &number, list[at + i]);
      buf_put_u32(&frame, number);
    }
    at += count;
    uint32_t cost = 4 * count + MESSAGE_COST;
    if (w) w->credit = w->credit > cost ? w->credit - cost : 0;
    frame_send(mark, 0);
  }
}

static struct { JSAtom channel, limits, entrypoint, props, channels; } names; /* of what a service stub leads to */

static uint32_t number_of(JSValueConst target, JSAtom name) {
  uint32_t n = 0;
  JSValue v = JS_GetProperty(guest.ctx, target, name);
  JS_ToUint32(guest.ctx, &n, v);
  JS_FreeValue(guest.ctx, v);
  return n;
}

/* The FETCH, with as much of the messages as it holds. */
static void send_open(struct wire *w) {
  struct session *s = w->session;
  JSContext *ctx = guest.ctx;
  size_t n = 0, length = 0;
  JSValue entrypoint = JS_GetProperty(ctx, s->keep, names.entrypoint),
          props = JS_GetProperty(ctx, s->keep, names.props);
  JSValue channels = JS_GetProperty(ctx, s->keep, names.channels);
  const char *name = JS_ToCStringLen(ctx, &n, entrypoint);
  const uint8_t *p = JS_IsUndefined(props) ? NULL : JS_GetArrayBuffer(ctx, &length, props);
  bool inline_messages = !JS_IsObject(s->channels_out);
  send_channels(w->stream, channels, NULL);
  size_t mark = frame_begin(FRAME_FETCH, w->stream);
  buf_put_u32(&frame, number_of(s->keep, names.channel));
  buf_put_u8(&frame, EVENT_RPC);
  JSValue limits = JS_GetProperty(ctx, s->keep, names.limits);
  out_limits(&frame, limits, 0);
  JS_FreeValue(ctx, limits);
  buf_put_str(&frame, name, n < ENTRYPOINT_MAX ? n : ENTRYPOINT_MAX);
  buf_put_str(&frame, p, length);
  size_t most = sizeof(struct frame_header) + FRAME_PAYLOAD_MAX, room = frame.len < most ? most - frame.len : 0,
         now = s->out.len < room ? s->out.len : room;
  if (frame.bad || !inline_messages) now = 0;
  buf_put(&frame, s->out.data, now);
  bool bad = frame_send(mark, FRAME_ASKS);
  w->unopened = false;
  if (!bad) buf_drop_front(&s->out, now);
  JS_FreeCString(ctx, name);
  JS_FreeValue(ctx, entrypoint);
  JS_FreeValue(ctx, props);
  JS_FreeValue(ctx, channels);
  if (!bad) return;
  w->over = true;
  JS_ThrowOutOfMemory(ctx);
  session_close(s, JS_GetException(ctx));
}

static void send_messages(struct wire *w) {
  struct session *s = w->session;
  if (JS_IsObject(s->channels_out)) {
    JSValue channels = s->channels_out;
    s->channels_out = JS_UNDEFINED;
    send_channels(w->stream, channels, w);
    JS_FreeValue(guest.ctx, channels);
  }
  while (s->out.len && w->credit > MESSAGE_COST) {
    size_t most = w->credit - MESSAGE_COST < FRAME_PAYLOAD_MAX ? w->credit - MESSAGE_COST : FRAME_PAYLOAD_MAX;
    size_t n = s->out.len < most ? s->out.len : most;
    size_t mark = frame_begin(FRAME_MESSAGE, w->stream);
    buf_put(&frame, s->out.data, n);
    if (frame_send(mark, !s->server && s->waiting ? FRAME_ASKS : 0)) return; /* out of memory: tried again later */
    w->credit -= (uint32_t)n + MESSAGE_COST;
    buf_drop_front(&s->out, n);
  }
}

static void flush(struct session *s) {
  struct wire *w = s->link;
  s->dirty = false;
  session_hold(s);
  if (!s->server) session_check(s);
  if (!s->closed && w->unopened) send_open(w);
  if (!s->closed) send_messages(w);
  if (s->server && !s->out.len) session_check(s); /* what it has to say was said */
  session_release(s);
}

/* ---- channels that hooks hold ---- */

static struct table held; /* channel -> how many */
static uint32_t *unheld;  /* none holds them, as far as is known */
static uint32_t unheld_count, unheld_room;

void wire_hold(uint32_t channel) {
  uintptr_t n = (uintptr_t)table_get(&held, channel);
  if (n) table_remove(&held, channel);
  table_put(&held, channel, (void *)(n + 1)); /* without memory for it the channel is not released */
}

void wire_release(uint32_t channel) {
  uintptr_t n = (uintptr_t)table_get(&held, channel);
  if (!n) return;
  table_remove(&held, channel);
  if (n > 1) {
    table_put(&held, channel, (void *)(n - 1));
    return;
  }
  if (unheld_count == unheld_room) {
    uint32_t room = unheld_room ? 2 * unheld_room : 16;
    uint32_t *more = realloc(unheld, room * sizeof *more);
    if (!more) return;
    unheld = more;
    unheld_room = room;
  }
  unheld[unheld_count++] = channel;
}

/* holdsChannel(channel) */
static JSValue native_holds(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t channel = 0;
  JS_ToUint32(ctx, &channel, argv[0]);
  return JS_NewBool(ctx, channel && table_get(&held, channel));
}

/* After everything that names them was sent. */
static void release_unheld(void) {
  for (uint32_t i = 0; i < unheld_count; i++)
    if (!table_get(&held, unheld[i])) frame_send(frame_begin(FRAME_RELEASE, unheld[i]), 0);
  unheld_count = 0;
}

void wire_flush(void) {
  for (uint32_t i = 0; i < dirty_count; i++)
    if (dirty[i]) flush(dirty[i]); /* which may make more of them dirty, behind */
  dirty_count = 0;
  release_unheld();
}

/* ---- in ---- */

/* The peer broke the rules, or what it sent could not be dealt with. */
static void broke(struct wire *w) {
  struct session *s = w->session;
  JSValue error = JS_GetException(guest.ctx);
  JSValueConst argv[] = {s->event, error};
  session_hold(s);
  if (s->server) rpc_hook_call(RPC_broke, 2, argv);
  session_close(s, error);
  session_release(s);
}

/* Deals with the messages that are whole; how many bytes they were. */
static size_t take_messages(struct wire *w, const uint8_t *p, size_t n) {
  struct session *s = w->session;
  size_t at = 0, need;
  while (!s->closed && (need = binary_need(p + at, n - at)) != 0) {
    if (need > RPC_MESSAGE_MAX) {
      JS_ThrowRangeError(guest.ctx, "An RPC message is too large.");
      broke(w);
      return n;
    }
    if (need > n - at) break;
    if (binary_message(s, p + at, need)) {
      broke(w);
      return n;
    }
    at += need;
  }
  return s->closed ? n : at;
}

static void take(struct wire *w, const uint8_t *p, size_t n) {
  struct session *s = session_hold(w->session);
  bool ready = s->served || !s->server;
  size_t used = ready && n && !w->in.len ? take_messages(w, p, n) : 0;
  if (!s->closed && used < n) buf_put(&w->in, p + used, n - used);
  if (!s->closed && w->in.bad) {
    JS_ThrowRangeError(guest.ctx, "An RPC message is too large.");
    broke(w);
  }
  if (!s->closed && ready && used == 0 && w->in.len) {
    used = take_messages(w, w->in.data, w->in.len);
    if (!s->closed) buf_drop_front(&w->in, used);
  }
  session_release(s);
}

void wire_acknowledge(uint32_t stream, uint32_t *owed, uint32_t cost) {
  *owed += cost;
  if (*owed < ACKNOWLEDGE) return;
  struct {
    struct frame_header h;
    uint32_t bytes;
  } window = {{.length = sizeof(uint32_t), .type = FRAME_WINDOW, .stream = stream}, *owed};
  *owed = 0;
  host_send(&window, sizeof window);
}

static void on_message(struct wire *w, struct reader *r) {
  wire_acknowledge(w->stream, &w->owed, (uint32_t)r->left + MESSAGE_COST);
  rpc_enter(w->session->event);
  take(w, r->p, r->left);
}

static void on_channels(struct wire *w, struct reader *r) {
  struct session *s = w->session;
  uint32_t n = (uint32_t)r->left / 4;
  wire_acknowledge(w->stream, &w->owed, (uint32_t)r->left + MESSAGE_COST);
  uint32_t *all = realloc(s->channels_in, (s->channels_in_count + n) * sizeof *all);
  if (!all) return; /* its message will be malformed */
  for (uint32_t i = 0; i < n; i++) all[s->channels_in_count++] = read_u32(r);
  s->channels_in = all;
}

static JSValue read_error(struct reader *r) {
  size_t n[3];
  const char *text[3];
  read_u8(r);
  for (int i = 0; i < 3; i++) text[i] = read_str_borrow(r, &n[i]);
  JSValue argv[4];
  for (int i = 0; i < 3; i++) argv[i] = JS_NewStringLen(guest.ctx, text[i], n[i]);
  if (r->left) read_u8(r);
  argv[3] = thrown_read(r);
  JSValue e = rpc_hook_call(RPC_rebuild, 4, (JSValueConst *)argv);
  for (int i = 0; i < 4; i++) JS_FreeValue(guest.ctx, argv[i]);
  return JS_IsException(e) ? JS_GetException(guest.ctx) : e;
}

/* The callee is through, or broke, or (a server's session) the caller is gone. */
static void on_end(struct wire *w, const struct frame_header *h, struct reader *r) {
  struct session *s = session_hold(w->session);
  JSValue why = h->type == FRAME_ERROR ? read_error(r) : JS_UNDEFINED;
  if (h->type == FRAME_ERROR) s->broken = true;
  rpc_enter(s->event);
  w->over = true;
  session_close(s, why);
  if (s->server) JS_FreeValue(guest.ctx, rpc_hook_call(RPC_done, 1, (JSValueConst *)&s->event));
  session_release(s);
}

static void keep_ahead(const struct frame_header *h, struct reader *r) {
  if (ahead.stream != h->stream || !JS_IsObject(ahead.list)) {
    JS_FreeValue(guest.ctx, ahead.list);
    ahead.list = JS_NewArray(guest.ctx);
    ahead.stream = h->stream;
  }
  while (r->left >= 4) engine_array_push(guest.ctx, ahead.list, JS_NewUint32(guest.ctx, read_u32(r)));
}

JSValue wire_channels(uint32_t stream) {
  if (ahead.stream != stream) return JS_UNDEFINED;
  JSValue list = ahead.list;
  ahead.list = JS_UNDEFINED;
  return list;
}

bool wire_frame(const struct frame_header *h, struct reader *r) {
  struct wire *w = h->stream ? table_get(&wires, h->stream) : NULL;
  if (!w && h->type == FRAME_CAPS) {
    keep_ahead(h, r);
    return true;
  }
  if (!w) return false;
  switch (h->type) {
    case FRAME_MESSAGE:
      on_message(w, r);
      break;
    case FRAME_CAPS:
      on_channels(w, r);
      break;
    case FRAME_WINDOW:
      w->credit += read_u32(r);
      session_dirty(w->session);
      break;
    case FRAME_CANCEL:
    case FRAME_DONE:
    case FRAME_ERROR:
      on_end(w, h, r);
      break;
    default:
      break;
  }
  return true;
}

/* ---- opening ---- */

/* Where a FETCH to this service stub goes: {channel, limits, entrypoint, props, channels}. */
static JSValue opening_of(JSValueConst stub) {
  JSValue target = stub_target(stub);
  if (stub_kind(stub) == STUB_SERVICE) return target;
  JSValue opening = rpc_hook_call(RPC_loopback, 1, (JSValueConst *)&target);
  JS_FreeValue(guest.ctx, target);
  return opening;
}

struct hook *wire_connect(JSValueConst stub) {
  JSValue event = rpc_hook_call(RPC_owner, 0, NULL);
  if (JS_IsException(event)) return hook_failed();
  JSValue opening = opening_of(stub),
          number = JS_IsException(opening) ? opening : rpc_hook_call(RPC_connect, 1, (JSValueConst *)&opening);
  uint32_t stream = 0;
  if (!JS_IsException(number)) JS_ToUint32(guest.ctx, &stream, number);
  struct session *s = JS_IsException(number) ? NULL : wire_new(stream, event, false);
  JS_FreeValue(guest.ctx, event);
  if (!s) {
    if (!JS_HasException(guest.ctx)) JS_ThrowOutOfMemory(guest.ctx);
    JS_FreeValue(guest.ctx, opening);
    return hook_failed();
  }
  s->keep = opening;
  return session_main(s);
}

void wire_event(const struct frame_header *h, struct reader *r) {
  size_t n;
  JSContext *ctx = guest.ctx;
  read_u32(r);
  read_u32(r);
  const char *p = read_str_borrow(r, &n);
  JSValue stream = JS_NewUint32(ctx, h->stream), argv[] = {JS_UNDEFINED, JS_NewStringLen(ctx, p, n), JS_UNDEFINED};
  p = read_str_borrow(r, &n);
  struct reader props = reader_over(p, n);
  JSValue channels = wire_channels(h->stream);
  if (n) argv[2] = props_read(&props, channels);
  if (JS_IsException(argv[2])) argv[2] = (JS_FreeValue(ctx, JS_GetException(ctx)), JS_UNDEFINED);
  JS_FreeValue(ctx, channels);
  argv[0] = rpc_hook_call(RPC_event, 1, (JSValueConst *)&stream);
  struct session *s = JS_IsException(argv[0]) ? NULL : wire_new(h->stream, argv[0], true);
  if (!s) goto out;
  take(s->link, r->p, r->left); /* kept until it is served */
  JS_FreeValue(ctx, rpc_hook_call(RPC_begin, 3, (JSValueConst *)argv));
out:
  for (int i = 0; i < 3; i++) JS_FreeValue(ctx, argv[i]);
}

/* ---- for the platform ---- */

/* rpcServe(stream, target, handler, env, ctx): the main object of an event's session */
static JSValue native_serve(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t stream = 0;
  JS_ToUint32(ctx, &stream, argv[0]);
  struct wire *w = stream ? table_get(&wires, stream) : NULL;
  if (!w) return JS_UNDEFINED;
  struct session *s = session_hold(w->session);
  struct hook *h = target_hook(s->event, JS_DupValue(ctx, argv[1]), VALUE_INSTANCE, JS_UNDEFINED);
  if (JS_ToBool(ctx, argv[2])) target_set_handler(h, argv[3], argv[4]);
  session_serve(s, h);
  take(w, NULL, 0);
  session_dirty(s);
  session_release(s);
  return JS_UNDEFINED;
}

/* rpcRefuse(stream, error): the event has no main object; every call gets the error */
static JSValue native_refuse(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t stream = 0;
  JS_ToUint32(ctx, &stream, argv[0]);
  struct wire *w = stream ? table_get(&wires, stream) : NULL;
  if (!w) return JS_UNDEFINED;
  struct session *s = session_hold(w->session);
  session_serve(s, hook_error(JS_DupValue(ctx, argv[1])));
  take(w, NULL, 0);
  session_dirty(s);
  session_release(s);
  return JS_UNDEFINED;
}

/* rpcShare(): events may use each other's sessions */
static JSValue native_share(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  sessions_share();
  return JS_UNDEFINED;
}

/* rpcEnd(event, stream, others): the session that it serves ends and, if there are others, all of its */
static JSValue native_end(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t stream = 0;
  JS_ToUint32(ctx, &stream, argv[1]);
  struct wire *w = stream ? table_get(&wires, stream) : NULL;
  if (w) session_close(w->session, JS_UNDEFINED);
  if (JS_ToBool(ctx, argv[2])) {
    session_end_all(argv[0]);
    web_session_end_all(argv[0]);
  }
  return JS_UNDEFINED;
}

/* rpcHung() -> events, or undefined */
static JSValue native_hung(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) { return sessions_hung(); }

/* rpcActive() */
static JSValue native_active(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return JS_NewBool(ctx, sessions_active());
}

/* plainWrite(value, channels, whether it is props) -> ArrayBuffer */
static JSValue native_plain(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct buf b;
  JSValue v;
  buf_init(&b, RPC_MESSAGE_MAX);
  if (plain_write(&b, argv[0], argv[1]))
    v = JS_EXCEPTION;
  else if (JS_ToBool(ctx, argv[2]) && b.len > PROPS_MAX)
    v = JS_ThrowRangeError(ctx, "The props of an entrypoint are limited to 1 MiB, but these have %u bytes.",
                           (unsigned)b.len);
  else
    v = JS_NewArrayBufferCopy(ctx, b.data, b.len);
  buf_free(&b);
  return v;
}

/* make(channel, entrypoint, props: ArrayBuffer, channels): MAKE, with the CAPS of its props */
static JSValue native_make(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t number = 0;
  size_t n, length = 0;
  JS_ToUint32(ctx, &number, argv[0]);
  const char *name = JS_ToCStringLen(ctx, &n, argv[1]);
  const uint8_t *p = JS_IsUndefined(argv[2]) ? NULL : JS_GetArrayBuffer(ctx, &length, argv[2]);
  if (!name) return JS_EXCEPTION;
  send_channels(number, argv[3], NULL);
  size_t mark = frame_begin(FRAME_MAKE, number);
  buf_put_str(&frame, name, n < ENTRYPOINT_MAX ? n : ENTRYPOINT_MAX);
  buf_put_str(&frame, p, length);
  JS_FreeCString(ctx, name);
  return frame_send(mark, 0) ? JS_ThrowOutOfMemory(ctx) : JS_UNDEFINED;
}

/* makeRules(channel, JSON): RULES. False: it is too long. */
static JSValue native_rules(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t number = 0;
  size_t n;
  JS_ToUint32(ctx, &number, argv[0]);
  const char *json = JS_ToCStringLen(ctx, &n, argv[1]);
  if (!json) return JS_EXCEPTION;
  bool fits = n <= OUTBOUND_RULES_MAX;
  if (fits) {
    size_t mark = frame_begin(FRAME_RULES, number);
    buf_put(&frame, json, n);
    fits = !frame_send(mark, 0);
  }
  JS_FreeCString(ctx, json);
  return JS_NewBool(ctx, fits);
}

void wire_send_channels(uint32_t stream, JSValueConst channels) { send_channels(stream, channels, NULL); }

/* sendChannels(stream, channels) */
static JSValue native_channels(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  uint32_t stream = 0;
  JS_ToUint32(ctx, &stream, argv[0]);
  send_channels(stream, argv[1], NULL);
  return JS_UNDEFINED;
}

void wire_init(JSContext *ctx, JSValueConst native) {
  static const struct {
    const char *name;
    JSCFunction *f;
    int arguments;
  } table[] = {
      {"rpcServe", native_serve, 5},     {"rpcRefuse", native_refuse, 2},      {"rpcEnd", native_end, 3},
      {"rpcHung", native_hung, 0},       {"rpcActive", native_active, 0},      {"plainWrite", native_plain, 3},
      {"make", native_make, 4},          {"sendChannels", native_channels, 2}, {"rpcShare", native_share, 0},
      {"holdsChannel", native_holds, 1}, {"makeRules", native_rules, 2},
  };
  names.channel = JS_NewAtom(ctx, "channel");
  names.limits = JS_NewAtom(ctx, "limits");
  names.entrypoint = JS_NewAtom(ctx, "entrypoint");
  names.props = JS_NewAtom(ctx, "props");
  names.channels = JS_NewAtom(ctx, "channels");
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    JS_SetPropertyStr(ctx, native, table[i].name, JS_NewCFunction(ctx, table[i].f, table[i].name, table[i].arguments));
}
