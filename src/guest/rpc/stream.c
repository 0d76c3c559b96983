/* stream.c: streams in RPC values: where a stream's chunks go (outlets) and where they arrive (sinks). See rpc.h.
 *
 * A ReadableStream goes as a pipe: its sender writes what it reads into the pipe, whose other end is the receiver's
 * stream. A WritableStream goes as a sink that its sender offers. Both are written to by the same three methods; a
 * write is answered when its chunk was taken, and what is not answered yet is bounded by the outlet's window.
 */
#include <stdlib.h>
#include <string.h>

#include "guest/host.h"
#include "guest/rpc/rpc.h"

enum method { WRITE, CLOSE, ABORT, GONE }; /* as rpc_streams.js has them; GONE: nobody can write any more */
static const char *const method_names[] = {"write", "close", "abort"};
enum told { ROOM, TAKEN, CLOSED, FAILED }; /* what an outlet's owner hears */

/* ---- windows: as Cap'n Web's ---- */

enum { WINDOW_FIRST = 256 << 10, WINDOW_MIN = 64 << 10 };

struct flow {
  double window, most, round_trip; /* bytes, bytes, ms: the shortest seen */
  uint64_t in_flight, delivered;
  bool starting;
};

static bool has_room(const struct flow *f) { return (double)f->in_flight < f->window; }

/* The window is what arrives within a round trip, and some more, so that it can be seen whether more would. */
static void flow_taken(struct flow *f, const struct sent *sent) {
  double took = host_now() - sent->at;
  f->in_flight -= sent->size;
  f->delivered += sent->size;
  if (took <= 0) return;
  if (!f->round_trip || took < f->round_trip) f->round_trip = took;
  double target = (double)(f->delivered - sent->delivered) / took * f->round_trip * (f->starting ? 2 : 1.25);
  if (target <= f->window) {
    f->starting = false;
    if (target < f->window * 0.9) target = f->window * 0.9;
    if (sent->window > f->window) return; /* it shrank since then already */
  }
  f->window = target > f->most ? f->most : target < WINDOW_MIN ? WINDOW_MIN : target;
}

/* ---- outlets ---- */

struct outlet {
  struct hook hook;
  struct session *session; /* a reference */
  struct hook *to;         /* what is written to; NULL: it is over */
  JSValue told;            /* function (what, value) */
  uint32_t *holds;         /* which of the session's counts it is in, or NULL */
  struct flow flow;
  bool each, full; /* the owner hears of each write; waits for room */
  bool closing;    /* the last write is on its way */
};

struct outlet *outlet_hold(struct outlet *o) {
  hook_hold(&o->hook);
  return o;
}

void outlet_release(struct outlet *o) { hook_release(&o->hook); }

/* Nothing more is written; the peer hears that it is over. */
static void outlet_end(struct outlet *o) {
  struct hook *to = o->to;
  JSValue told = o->told;
  if (!to) return;
  o->to = NULL;
  o->told = JS_UNDEFINED;
  if (o->holds) --*o->holds;
  import_tell(to, NULL);
  hook_release(to);
  session_dirty(o->session); /* it may have been all that held it */
  JS_FreeValue(guest.ctx, told);
}

static void outlet_free(struct hook *h) {
  struct outlet *o = (struct outlet *)h;
  h->references++; /* while it ends */
  outlet_end(o);
  session_release(o->session);
  js_free(guest.ctx, o);
}

/* Collected: it stays until the session ends, when it fails. */
static void outlet_abandon(struct hook *h) {
  if (!((struct outlet *)h)->to) outlet_free(h);
}

static const struct hook_type outlet_type = {.release = outlet_free, .abandon = outlet_abandon};

static void tell(struct outlet *o, enum told what, JSValueConst value) {
  if (!JS_IsFunction(guest.ctx, o->told)) return;
  JSValue told = JS_DupValue(guest.ctx, o->told);
  JSValueConst argv[] = {JS_NewInt32(guest.ctx, what), value};
  JSValue r = JS_Call(guest.ctx, told, JS_UNDEFINED, 2, argv);
  if (JS_IsException(r)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  JS_FreeValue(guest.ctx, r);
  JS_FreeValue(guest.ctx, told);
}

void outlet_failed(struct outlet *o, JSValueConst why) {
  if (!o->to) return;
  outlet_hold(o);
  tell(o, FAILED, why);
  outlet_end(o);
  outlet_release(o);
}

void outlet_answered(struct outlet *o, const struct sent *sent, JSValueConst value, bool failed) {
  if (!o->to) return;
  outlet_hold(o);
  flow_taken(&o->flow, sent);
  if (failed) {
    outlet_failed(o, value);
  } else if (o->closing && !o->flow.in_flight) {
    tell(o, CLOSED, JS_UNDEFINED);
    outlet_end(o);
  } else {
    if (o->each) tell(o, TAKEN, JS_UNDEFINED);
    if (o->full && has_room(&o->flow)) {
      o->full = false;
      tell(o, ROOM, JS_UNDEFINED);
    }
  }
  outlet_release(o);
}

static struct outlet *outlet_new(struct session *s, JSValueConst told) {
  struct outlet *o = js_malloc(guest.ctx, sizeof *o);
  if (!o) return NULL;
  *o = (struct outlet){.hook = {&outlet_type, 1},
                       .session = session_hold(s),
                       .told = JS_DupValue(guest.ctx, told),
                       .flow = {.window = WINDOW_FIRST, .most = s->codec->window_max, .starting = true}};
  return o;
}

static struct outlet *outlet_of(JSValueConst box) {
  struct hook *h = hook_of_box(box);
  return h && h->type == &outlet_type ? (struct outlet *)h : NULL;
}

/* A method of what is written to, by a stream's call. -1: exception. */
static int put(struct outlet *o, enum method method, JSValueConst value) {
  JSAtom name = JS_NewAtom(guest.ctx, method_names[method]);
  struct path path = {&name, 1};
  struct arguments a = {JS_IsUndefined(value) ? 0 : 1, &value, JS_UNDEFINED};
  struct sent sent = {.at = host_now(), .window = o->flow.window, .delivered = o->flow.delivered};
  int bad = import_write(o->to, &path, &a, o, &sent);
  if (!bad) o->flow.in_flight += sent.size;
  JS_FreeAtom(guest.ctx, name);
  return bad;
}

/* ---- sinks ---- */

struct sink {
  struct hook hook;
  JSValue event, object;
};

static const struct hook_type sink_type;

static JSValue sink_do(struct sink *s, enum method method, JSValueConst value, int32_t id) {
  JSValueConst argv[] = {s->object, JS_NewInt32(guest.ctx, method), value, JS_NewInt32(guest.ctx, id)};
  return rpc_hook_call(RPC_sink, 4, argv);
}

static JSValue sink_invoke(struct sink *s, const struct path *path, const struct arguments *a, int32_t id) {
  const char *name = path->count == 1 && !is_read(a) ? JS_AtomToCString(guest.ctx, path->names[0]) : NULL;
  int method = WRITE;
  while (name && method < GONE && strcmp(name, method_names[method]) != 0) method++;
  JSValue r = !name || method == GONE ? JS_ThrowTypeError(guest.ctx, "A stream can be written, closed and aborted.")
                                      : sink_do(s, method, a->count ? a->values[0] : JS_UNDEFINED, id);
  JS_FreeCString(guest.ctx, name);
  return r;
}

static struct hook *sink_call(struct hook *h, const struct path *path, const struct arguments *a) {
  struct sink *s = (struct sink *)h;
  JSValue event = JS_DupValue(guest.ctx, s->event);
  struct hook *r = result_hook(event, sink_invoke(s, path, a, 0), JS_UNDEFINED);
  JS_FreeValue(guest.ctx, a->owned); /* with the chunk */
  JS_FreeValue(guest.ctx, event);
  return r;
}

bool sink_write(struct hook *h, const struct path *path, const struct arguments *a, int32_t id, struct hook **r) {
  struct sink *s = (struct sink *)h;
  if (h->type != &sink_type) return false;
  JSValue v = sink_invoke(s, path, a, id);
  JS_FreeValue(guest.ctx, a->owned);
  if (JS_IsBool(v))
    *r = NULL;
  else
    *r = result_hook(s->event, v, JS_UNDEFINED);
  return true;
}

static JSValue sink_pull(struct hook *h) { return JS_UNDEFINED; }

static void sink_release(struct hook *h) {
  struct sink *s = (struct sink *)h;
  h->references++; /* while it is told */
  JSValue r = sink_do(s, GONE, JS_NewBool(guest.ctx, session_broken), 0);
  if (JS_IsException(r)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  JS_FreeValue(guest.ctx, r);
  JS_FreeValue(guest.ctx, s->event);
  JS_FreeValue(guest.ctx, s->object);
  js_free(guest.ctx, s);
}

static const struct hook_type sink_type = {sink_call, sink_pull, sink_release, sink_release};

struct hook *sink_hook(JSValueConst event, JSValue object) {
  struct sink *s = js_malloc(guest.ctx, sizeof *s);
  if (!s) {
    JS_FreeValue(guest.ctx, object);
    return hook_failed();
  }
  *s = (struct sink){{&sink_type, 1}, JS_DupValue(guest.ctx, event), object};
  return &s->hook;
}

/* ---- for the platform ---- */

static JSValue outside(JSContext *ctx) {
  return JS_ThrowDOMException(ctx, "DataCloneError", "Streams can only be serialized for RPC.");
}

/* rpcPipe(told, signal) -> [id, outlet]: while a value is written. A signal's waits for nothing of the event's. */
static JSValue native_pipe(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct session *s = session_writing;
  int32_t id;
  if (!s) return outside(ctx);
  struct outlet *o = outlet_new(s, argv[0]);
  if (!o) return JS_EXCEPTION;
  o->to = session_pipe(s, o, &id);
  if (!o->to) return outlet_release(o), JS_EXCEPTION;
  o->holds = JS_ToBool(ctx, argv[1]) ? &s->signals : &s->pipes;
  ++*o->holds;
  JSValue made = JS_NewArray(ctx);
  engine_array_push(ctx, made, JS_NewInt32(ctx, id));
  engine_array_push(ctx, made, hook_box(&o->hook));
  return made;
}

/* rpcOffer(object) -> id of a sink: while a value is written */
static JSValue native_offer(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  bool theirs;
  if (!session_writing) return outside(ctx);
  struct hook *sink = sink_hook(session_writing->event, JS_DupValue(ctx, argv[0]));
  int32_t id = session_export(session_writing, sink, &theirs);
  return id ? JS_NewInt32(ctx, id) : JS_EXCEPTION;
}

/* rpcInlet(id, object) -> session: the object is the other end of the peer's pipe; while a value is read */
static JSValue native_inlet(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct session *s = session_reading;
  int32_t id;
  if (!s) return outside(ctx);
  if (JS_ToInt32(ctx, &id, argv[0])) return JS_EXCEPTION;
  if (id != s->next_taken || session_piped(s, JS_DupValue(ctx, argv[1])))
    return JS_HasException(ctx) ? JS_EXCEPTION : JS_ThrowTypeError(ctx, "A stream has the wrong number.");
  return session_box(s);
}

/* rpcOutlet(id, told) -> outlet to the peer's sink: while a value is read. Its owner hears of each write. */
static JSValue native_outlet(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct session *s = session_reading;
  int32_t id;
  if (!s) return outside(ctx);
  if (JS_ToInt32(ctx, &id, argv[0])) return JS_EXCEPTION;
  struct hook *to = session_import(s, id);
  if (!to) return JS_EXCEPTION;
  struct outlet *o = outlet_new(s, argv[1]);
  if (!o || !import_tell(to, o)) {
    hook_release(to);
    if (!o) return JS_EXCEPTION;
    outlet_release(o);
    return JS_ThrowTypeError(ctx, "A stream came twice.");
  }
  o->to = to;
  o->each = true;
  return hook_box(&o->hook);
}

/* rpcWrite(outlet, value, from, to) -> is there room for more? With `from`: these bytes of a Uint8Array. */
static JSValue native_write(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct outlet *o = outlet_of(argv[0]);
  size_t n = 0;
  uint32_t from = 0, to = 0;
  JSValue value = JS_UNDEFINED;
  if (!o || !o->to) return JS_FALSE;
  if (JS_IsUndefined(argv[2])) {
    value = JS_DupValue(ctx, argv[1]);
  } else {
    uint8_t *p = JS_GetUint8Array(ctx, &n, argv[1]);
    JS_ToUint32(ctx, &from, argv[2]);
    JS_ToUint32(ctx, &to, argv[3]);
    if (!p || from > to || to > n) return JS_ThrowRangeError(ctx, "no such bytes");
    n = to - from;
    value = JS_NewArrayBuffer(ctx, p + from, n, 0, NULL, NULL, false); /* borrowed: it is written at once */
  }
  int bad = JS_IsException(value) ? -1 : put(o, WRITE, value);
  JS_FreeValue(ctx, value);
  if (bad) return JS_EXCEPTION;
  o->full = !has_room(&o->flow);
  return JS_NewBool(ctx, !o->full);
}

/* rpcClose(outlet): CLOSED is told when all was taken */
static JSValue native_close(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct outlet *o = outlet_of(argv[0]);
  if (!o || !o->to) return JS_UNDEFINED;
  if (put(o, CLOSE, JS_UNDEFINED)) return JS_EXCEPTION;
  o->closing = true;
  return JS_UNDEFINED;
}

/* rpcAbort(outlet, reason): nothing is told any more */
static JSValue native_abort(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct outlet *o = outlet_of(argv[0]);
  if (!o || !o->to) return JS_UNDEFINED;
  int bad = put(o, ABORT, argv[1]);
  outlet_hold(o);
  outlet_end(o);
  outlet_release(o);
  return bad ? JS_EXCEPTION : JS_UNDEFINED;
}

/* rpcAnswer(session, id, value, failed): of a write that a sink did not answer at once, or of a pipe nobody reads */
static JSValue native_answer(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  int32_t id;
  if (JS_ToInt32(ctx, &id, argv[1])) return JS_EXCEPTION;
  session_answer(session_of_box(argv[0]), id, argv[2], JS_ToBool(ctx, argv[3]));
  return JS_UNDEFINED;
}

/* rpcWriting() -> is a value written for a session? */
static JSValue native_writing(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return JS_NewBool(ctx, session_writing != NULL);
}

void stream_init(JSContext *ctx, JSValueConst native) {
  static const struct {
    const char *name;
    JSCFunction *f;
    int arguments;
  } table[] = {
      {"rpcPipe", native_pipe, 2},     {"rpcOffer", native_offer, 1},     {"rpcInlet", native_inlet, 2},
      {"rpcOutlet", native_outlet, 2}, {"rpcWrite", native_write, 4},     {"rpcClose", native_close, 1},
      {"rpcAbort", native_abort, 2},   {"rpcWriting", native_writing, 0}, {"rpcAnswer", native_answer, 4},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    JS_SetPropertyStr(ctx, native, table[i].name, JS_NewCFunction(ctx, table[i].f, table[i].name, table[i].arguments));
}
