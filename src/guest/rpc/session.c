/* session.c: what the two sides of an RPC session hold of each other. See rpc.h.
 *
 * Ids, as in Cap'n Web: 0 is the main object of each side. A call takes the caller's next positive id, under which the
 * result can be used at once; the objects and promises that a side puts into values take its next negative ones. An id
 * is never used again. Each side counts how often it introduced one; the other says how many of these it gives back.
 */
#include "guest/rpc/rpc.h"

#include <stdlib.h>

struct session *session_writing, *session_reading;
bool session_broken;

static const char context_gone[] = "The execution context which hosts this callback is no longer running.";

struct export {
  struct hook *hook;
  uint32_t count; /* how often it was introduced */
  bool asked;     /* the peer waits for its value */
  bool once;      /* a stream's: forgotten when it is answered */
  bool inlet;     /* the other end of a pipe of the peer's */
};

/* Something of the peer's, or the result of a call on it. */
struct import {
  struct hook hook;
  struct session *session; /* a reference */
  int32_t id;
  uint32_t introduced;
  bool listed; /* in the session's table: the peer holds it for us */
  bool asked, settled, failed;
  bool held;             /* settled, and the peer keeps what belongs to the result until it is released */
  bool given_up;         /* disposed before its result came */
  bool forgotten;        /* nobody here refers to it, and nobody disposed it */
  JSValue promise;       /* once somebody waits */
  JSValue result;        /* settled: the value or the error */
  JSValue stubs;         /* those in the value */
  struct outlet *outlet; /* of a pipe, a stream's call or a WritableStream: what is told of it */
  bool write;            /* a stream's call; the outlet is a reference */
  struct sent sent;
};

static const struct hook_type import_type;

static uint32_t key_of(int32_t id) { return (uint32_t)id ^ 0x80000000u; }
static void *find(const struct table *t, int32_t id) { return id == INT32_MIN ? NULL : table_get(t, key_of(id)); }

static struct session *first; /* of all that are not closed */

/* ---- life ---- */

struct session *session_new(const struct codec *codec, const struct carrier *carrier, void *link, JSValueConst event) {
  struct session *s = js_malloc(guest.ctx, sizeof *s);
  if (!s) return NULL;
  *s = (struct session){.codec = codec,
                        .carrier = carrier,
                        .link = link,
                        .event = JS_DupValue(guest.ctx, event),
                        .keep = JS_UNDEFINED,
                        .channels_out = JS_UNDEFINED,
                        .why = JS_UNDEFINED,
                        .next_call = 1,
                        .next_taken = 1,
                        .next_export = -1,
                        .references = 1};
  buf_init(&s->out, 2 * (size_t)RPC_MESSAGE_MAX);
  s->next = first;
  if (first) first->prev = s;
  first = s;
  return s;
}

void session_release(struct session *s) {
  if (--s->references) return;
  table_free(&s->exports);
  table_free(&s->imports);
  buf_free(&s->out);
  free(s->channels_in);
  JS_FreeValue(guest.ctx, s->event);
  JS_FreeValue(guest.ctx, s->keep);
  JS_FreeValue(guest.ctx, s->channels_out);
  JS_FreeValue(guest.ctx, s->why);
  js_free(guest.ctx, s);
}

void session_dirty(struct session *s) {
  if (!s->closed && !s->dirty) s->carrier->dirty(s);
}

/* ---- exports ---- */

static int export_put(struct session *s, int32_t id, struct hook *h, bool asked) {
  struct export *e = s->exports.count < RPC_ENTRIES_MAX ? js_malloc(guest.ctx, sizeof *e) : NULL;
  if (e) *e = (struct export){.hook = h, .count = 1, .asked = asked};
  if (e && !table_put(&s->exports, key_of(id), e)) return 0;
  if (!JS_HasException(guest.ctx)) JS_ThrowRangeError(guest.ctx, "Too many objects are shared in this RPC session.");
  js_free(guest.ctx, e);
  hook_release(h);
  return -1;
}

static void export_remove(struct session *s, int32_t id, struct export *e) {
  struct hook *h = e->hook;
  if (e->inlet) s->inlets--;
  table_remove(&s->exports, key_of(id));
  js_free(guest.ctx, e);
  hook_release(h);
}

void session_serve(struct session *s, struct hook *main) {
  s->served = true;
  if (export_put(s, 0, main, false)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
}

struct hook *session_named(struct session *s, int32_t id) {
  struct export *e = find(&s->exports, id);
  if (e) return hook_hold(e->hook);
  JS_ThrowPlainError(guest.ctx, "no such entry on exports table: %d", id);
  return NULL;
}

int32_t session_export(struct session *s, struct hook *h, bool *theirs) {
  struct import *i = (struct import *)h;
  *theirs = h->type == &import_type && i->session == s && i->listed && !i->settled;
  if (*theirs) {
    int32_t id = i->id;
    hook_release(h);
    return id;
  }
  if (s->next_export == INT32_MIN + 1) {
    hook_release(h);
    JS_ThrowRangeError(guest.ctx, "Too many objects were shared in this RPC session.");
    return 0;
  }
  int32_t id = s->next_export--;
  return export_put(s, id, h, false) ? 0 : id;
}

/* ---- imports ---- */

static struct import *import_new(struct session *s, int32_t id, bool asked) {
  struct import *i = s->imports.count < RPC_ENTRIES_MAX ? js_malloc(guest.ctx, sizeof *i) : NULL;
  if (i && !table_put(&s->imports, key_of(id), i)) {
    *i = (struct import){.hook = {&import_type, 1},
                         .session = session_hold(s),
                         .id = id,
                         .introduced = 1,
                         .listed = true,
                         .asked = asked,
                         .promise = JS_UNDEFINED,
                         .result = JS_UNDEFINED,
                         .stubs = JS_UNDEFINED};
    if (asked) s->waiting++;
    return i;
  }
  js_free(guest.ctx, i);
  if (!JS_HasException(guest.ctx)) JS_ThrowRangeError(guest.ctx, "Too many objects are shared in this RPC session.");
  return NULL;
}

static void import_free(struct import *i) {
  JSContext *ctx = guest.ctx;
  struct session *s = i->session;
  JS_FreeValue(ctx, i->promise);
  JS_FreeValue(ctx, i->result);
  JS_FreeValue(ctx, i->stubs);
  js_free(ctx, i);
  session_release(s);
}

/* The peer need not hold it for us any more. */
static void give_back(struct import *i) {
  struct session *s = i->session;
  if (!i->listed) return;
  i->listed = false;
  table_remove(&s->imports, key_of(i->id));
  if (s->closed) return;
  if (s->codec->release(s, i->id, i->introduced)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  session_dirty(s);
}

/* Whoever has the result has it; a result that holds something of the peer's refers to the import by its disposer. */
static void drop_values(struct import *i) {
  JSValue values[] = {i->promise, i->stubs, i->failed ? JS_UNDEFINED : i->result};
  i->promise = i->stubs = JS_UNDEFINED;
  if (!i->failed) i->result = JS_UNDEFINED;
  for (size_t k = 0; k < sizeof values / sizeof *values; k++) JS_FreeValue(guest.ctx, values[k]);
}

/* What the result holds is given back; its stubs cannot be used any more. */
static void dispose_result(struct import *i) {
  JSValue stubs = i->stubs;
  i->stubs = JS_UNDEFINED;
  stubs_dispose(stubs);
  give_back(i);
  drop_values(i);
}

static JSValue on_dispose(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int held,
                          JSValueConst *data) {
  if (held) dispose_result((struct import *)hook_of_box(data[0]));
  return JS_UNDEFINED;
}

/* Gives a result its disposer. That of one which holds nothing of the peer's does nothing, and does not refer to the
 * import, which has the result: nothing would ever free the two. */
static void give_disposer(struct import *i, JSValueConst value) {
  if (!JS_IsObject(value) || stub_kind(value) >= 0) return;
  JSValue box = i->held ? hook_box(hook_hold(&i->hook)) : JS_UNDEFINED;
  JSValue f = JS_NewCFunctionData(guest.ctx, on_dispose, 0, i->held, i->held, (JSValueConst *)&box);
  JS_FreeValue(guest.ctx, box);
  if (put_disposer(value, f)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
}

/* Is it the event's? Events are objects. */
static bool is_of(const struct session *s, JSValueConst event) {
  return JS_VALUE_GET_PTR(s->event) == JS_VALUE_GET_PTR(event);
}

static bool shared;

void sessions_share(void) { shared = true; }

/* Only for what belongs to this event may it be used. -1: exception. */
static int check_event(const struct session *s, const char *what) {
  if (shared || !JS_IsObject(s->event)) return 0;
  JSValue current = rpc_hook_call(RPC_current, 0, NULL);
  if (JS_IsException(current)) return -1;
  bool same = is_of(s, current);
  JS_FreeValue(guest.ctx, current);
  if (same) return 0;
  return rpc_throw(
      RPC_ERROR,
      "Cannot perform I/O on behalf of a different request. I/O objects (such as streams, request/response "
      "bodies, and others) created in the context of one request handler cannot be accessed from a different "
      "request's handler. This is a limitation of Cloudflare Workers which allows us to improve overall "
      "performance. (I/O type: %s)",
      what);
}

int hook_check(const struct hook *h) {
  return h->type == &import_type ? check_event(((const struct import *)h)->session, "Client") : 0;
}

static JSValue gone_error(void) {
  JS_ThrowPlainError(guest.ctx, "%s", context_gone);
  return JS_GetException(guest.ctx);
}

static struct hook *gone(void) {
  JS_ThrowPlainError(guest.ctx, "%s", context_gone);
  return hook_failed();
}

static struct hook *import_call(struct hook *h, const struct path *path, const struct arguments *a) {
  struct import *i = (struct import *)h, *made = NULL;
  struct session *s = i->session;
  struct hook *r;
  if (check_event(s, i->id > 0 ? "Pipeline" : "Client"))
    r = hook_failed();
  else if (i->settled && i->failed)
    r = hook_error(JS_DupValue(guest.ctx, i->result));
  else if (i->settled && !i->held) {
    struct hook *local = target_hook(s->event, JS_DupValue(guest.ctx, i->result), VALUE_BORROWED, JS_UNDEFINED);
    r = hook_call(local, path, a);
    hook_release(local);
    return r;
  } else if (s->closed || !i->listed)
    r = gone();
  else if (s->codec->call(s, i->id, path, a) || !(made = import_new(s, s->next_call++, s->codec->asks)))
    r = hook_failed();
  else
    r = &made->hook;
  stubs_dispose(a->owned);
  session_dirty(s);
  return r;
}

static JSValue import_pull(struct hook *h) {
  struct import *i = (struct import *)h;
  struct session *s = i->session;
  if (JS_IsObject(i->promise)) return JS_DupValue(guest.ctx, i->promise);
  if (i->settled)
    return i->failed ? JS_Throw(guest.ctx, JS_DupValue(guest.ctx, i->result)) : JS_DupValue(guest.ctx, i->result);
  if (s->closed || !i->listed) return JS_ThrowPlainError(guest.ctx, "%s", context_gone);
  if (!i->asked && s->codec->pull(s, i->id)) return JS_EXCEPTION;
  if (!i->asked) s->waiting++;
  i->asked = true;
  session_dirty(s);
  JSValue promise = engine_promise(guest.ctx);
  if (JS_IsException(promise)) return JS_EXCEPTION;
  i->promise = promise;
  return JS_DupValue(guest.ctx, i->promise);
}

static bool awaits_answer(const struct import *i) {
  return i->listed && i->asked && !i->settled && !i->session->closed;
}

static void import_release(struct hook *h) {
  struct import *i = (struct import *)h;
  if (awaits_answer(i)) {
    i->given_up = true; /* who waits for it still gets it; it is disposed then */
    return;
  }
  dispose_result(i);
  import_free(i);
}

static void import_abandon(struct hook *h) {
  struct import *i = (struct import *)h;
  if (i->listed)
    i->forgotten = true; /* until the session ends, or its result needs nothing of the peer's */
  else
    import_free(i);
}

static const struct hook_type import_type = {import_call, import_pull, import_release, import_abandon};

struct hook *session_import(struct session *s, int32_t id) {
  struct import *i = find(&s->imports, id);
  if (id >= 0 || id == INT32_MIN) { /* the last has no place in a table */
    JS_ThrowTypeError(guest.ctx, "an object of the peer's own cannot have the id %d", id);
    return NULL;
  }
  if (!i) {
    i = import_new(s, id, false);
    return i ? &i->hook : NULL;
  }
  i->introduced++;
  if (i->forgotten) {
    i->forgotten = false;
    i->hook.references = 0;
  }
  return hook_hold(&i->hook);
}

struct hook *session_main(struct session *s) {
  struct import *i = import_new(s, 0, false);
  return i ? &i->hook : hook_failed();
}

static void tell_result(struct import *i) {
  if (JS_IsObject(i->promise)) engine_promise_settle(guest.ctx, i->promise, i->result, i->failed);
}

/* A stream's call is answered, or (broken) never will be. */
static void write_settled(struct import *i, JSValueConst value, bool failed) {
  struct outlet *o = i->outlet;
  i->listed = false;
  outlet_answered(o, &i->sent, value, failed);
  outlet_release(o);
  hook_abandon(&i->hook); /* the reference that the table had */
}

int session_settled(struct session *s, int32_t id, JSValue value, JSValue stubs, bool failed, bool holds) {
  struct import *i = find(&s->imports, id);
  if (i && i->write) {
    s->waiting--;
    table_remove(&s->imports, key_of(id));
    write_settled(i, value, failed);
    stubs_dispose(stubs);
    JS_FreeValue(guest.ctx, value);
    return 0;
  }
  if (i && i->outlet && failed) { /* nobody reads it any more */
    outlet_failed(i->outlet, value);
    JS_FreeValue(guest.ctx, value);
    return 0;
  }
  if (!i || !i->asked || i->settled) { /* nobody wants it any more */
    stubs_dispose(stubs);
    JS_FreeValue(guest.ctx, value);
    return 0;
  }
  hook_hold(&i->hook);
  s->waiting--;
  i->settled = true;
  i->failed = failed;
  i->held = holds && !failed && stub_kind(value) < 0; /* calls on a result that is a stub are calls on the stub */
  i->result = value;
  i->stubs = stubs;
  if (!failed) give_disposer(i, value);
  tell_result(i);
  if (!i->held) give_back(i);
  if (i->given_up) dispose_result(i);
  hook_abandon(&i->hook);
  return 0;
}

/* ---- streams ---- */

struct hook *session_pipe(struct session *s, struct outlet *o, int32_t *id) {
  struct import *i = import_new(s, s->next_call, false);
  if (!i) return NULL;
  i->outlet = o;
  *id = s->next_call++;
  return &i->hook;
}

void session_unpipe(struct session *s, int32_t from) {
  while (s->next_call > from) {
    struct import *i = find(&s->imports, --s->next_call);
    if (!i) continue;
    i->listed = false;
    table_remove(&s->imports, key_of(i->id));
    if (i->outlet) outlet_failed(i->outlet, JS_UNDEFINED);
  }
}

bool import_tell(struct hook *h, struct outlet *o) {
  struct import *i = (struct import *)h;
  if (h->type != &import_type || (i->outlet && o)) return false;
  i->outlet = o;
  return true;
}

int import_write(struct hook *h, const struct path *path, const struct arguments *a, struct outlet *o,
                 struct sent *sent) {
  struct import *i = (struct import *)h, *made;
  struct session *s = i->session;
  if (s->closed || !i->listed) return JS_ThrowPlainError(guest.ctx, "%s", context_gone), -1;
  size_t before = s->out.len;
  if (s->codec->stream(s, i->id, path, a)) return -1;
  sent->size = (uint32_t)(s->out.len - before);
  session_dirty(s);
  if (!(made = import_new(s, s->next_call++, true))) return -1;
  made->write = true;
  made->outlet = outlet_hold(o);
  made->sent = *sent;
  return 0;
}

int session_piped(struct session *s, JSValue object) {
  struct hook *sink = sink_hook(s->event, object);
  int32_t id = s->next_taken;
  if (id == INT32_MAX) return hook_release(sink), -1;
  if (export_put(s, id, sink, false)) return -1;
  ((struct export *)find(&s->exports, id))->inlet = true;
  s->inlets++;
  s->next_taken++;
  return 0;
}

/* ---- the peer's calls ---- */

static void answer(struct session *s, int32_t id, struct export *e);

int session_called(struct session *s, int32_t target, const struct path *path, const struct arguments *a, bool asked) {
  struct hook *on = session_named(s, target);
  int32_t id = s->next_taken;
  if (!on) {
    stubs_dispose(a->owned);
    return -1;
  }
  rpc_enter(s->event);
  struct hook *r = hook_call(on, path, a);
  hook_release(on);
  if (s->closed) { /* by the call */
    hook_release(r);
    return 0;
  }
  if (id == INT32_MAX || export_put(s, id, r, asked)) return -1;
  s->next_taken++;
  if (asked) answer(s, id, find(&s->exports, id));
  return 0;
}

int session_streamed(struct session *s, int32_t target, const struct path *path, const struct arguments *a) {
  struct hook *on = session_named(s, target), *r = NULL;
  int32_t id = s->next_taken;
  if (!on) {
    stubs_dispose(a->owned);
    return -1;
  }
  if (id == INT32_MAX) return hook_release(on), -1;
  s->next_taken++;
  rpc_enter(s->event);
  if (!sink_write(on, path, a, id, &r)) r = hook_call(on, path, a);
  hook_release(on);
  if (r && s->closed) return hook_release(r), 0;
  if (!r) return 0; /* it is answered later */
  if (export_put(s, id, r, true)) return -1;
  struct export *e = find(&s->exports, id);
  e->once = true;
  answer(s, id, e);
  return 0;
}

void session_answer(struct session *s, int32_t id, JSValueConst value, bool failed) {
  JSValue stubs = JS_UNDEFINED;
  if (s->closed) return;
  if (failed ? s->codec->reject(s, id, value) : s->codec->resolve(s, id, value, &stubs))
    JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  JS_FreeValue(guest.ctx, stubs);
  session_dirty(s);
}

int session_pulled(struct session *s, int32_t id) {
  struct export *e = find(&s->exports, id);
  if (!e) {
    JS_ThrowPlainError(guest.ctx, "no such export ID: %d", id);
    return -1;
  }
  if (e->asked) return 0;
  e->asked = true;
  answer(s, id, e);
  return 0;
}

/* The pending exception is the answer of export `id`; when it is about the value itself (unsent), then of all that is
 * called on it too. */
static void refuse(struct session *s, int32_t id, bool unsent) {
  JSValue error = JS_GetException(guest.ctx);
  struct export *e = unsent ? find(&s->exports, id) : NULL;
  if (e) e->hook = result_refused(e->hook, error);
  if (s->codec->reject(s, id, error)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  JS_FreeValue(guest.ctx, error);
}

/* The value of export `id` is there, or (failed) its error. */
static void deliver(struct session *s, int32_t id, JSValueConst value, bool failed) {
  JSValue stubs = JS_UNDEFINED;
  struct export *e = find(&s->exports, id);
  struct hook *h = e ? hook_hold(e->hook) : NULL;
  if (failed) JS_Throw(guest.ctx, JS_DupValue(guest.ctx, value));
  if (failed || s->codec->resolve(s, id, value, &stubs)) refuse(s, id, !failed);
  session_dirty(s);
  if ((e = find(&s->exports, id)) && e->once) export_remove(s, id, e);
  if (!h) {
    JS_FreeValue(guest.ctx, stubs);
    return;
  }
  result_delivered(h, stubs);
  hook_release(h);
}

static JSValue on_answer(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int failed,
                         JSValueConst *data) {
  struct session *s = session_of_box(data[0]);
  if (s->closed) return JS_UNDEFINED;
  s->pending--;
  deliver(s, JS_VALUE_GET_INT(data[1]), argv[0], failed);
  return JS_UNDEFINED;
}

static void answer_later(struct session *s, int32_t id, JSValueConst promise) {
  JSValue data[] = {session_box(s), JS_NewInt32(guest.ctx, id)};
  if (JS_IsException(data[0])) {
    refuse(s, id, false);
    return;
  }
  JSValue good = JS_NewCFunctionData(guest.ctx, on_answer, 1, 0, 2, (JSValueConst *)data);
  JSValue bad = JS_NewCFunctionData(guest.ctx, on_answer, 1, 1, 2, (JSValueConst *)data);
  JS_FreeValue(guest.ctx, data[0]);
  s->pending++;
  JS_FreeValue(guest.ctx, promise_then(promise, good, bad));
}

static void answer(struct session *s, int32_t id, struct export *e) {
  JSValue v = e->hook->type->pull(e->hook);
  if (!JS_IsException(v) && JS_IsPromise(v)) {
    answer_later(s, id, v);
  } else {
    bool failed = JS_IsException(v);
    if (failed) v = JS_GetException(guest.ctx);
    deliver(s, id, v, failed);
  }
  JS_FreeValue(guest.ctx, v);
}

int session_released(struct session *s, int32_t id, uint32_t count) {
  struct export *e = find(&s->exports, id);
  if (!e) {
    JS_ThrowPlainError(guest.ctx, "no such export ID: %d", id);
    return -1;
  }
  if (count > e->count) {
    JS_ThrowPlainError(guest.ctx, "refcount would go negative: %u < %u", e->count, count);
    return -1;
  }
  e->count -= count;
  if (!e->count) export_remove(s, id, e);
  session_dirty(s); /* it may have been the last */
  return 0;
}

/* ---- boxes, channels ---- */

struct holder {
  struct hook hook;
  struct session *session; /* a reference */
};

static void holder_free(struct hook *h) {
  session_release(((struct holder *)h)->session);
  js_free(guest.ctx, h);
}
static const struct hook_type holder_type = {.release = holder_free, .abandon = holder_free};

JSValue session_box(struct session *s) {
  struct holder *h = js_malloc(guest.ctx, sizeof *h);
  if (!h) return JS_EXCEPTION;
  *h = (struct holder){{&holder_type, 1}, session_hold(s)};
  return hook_box(&h->hook);
}

struct session *session_of_box(JSValueConst box) {
  return ((struct holder *)hook_of_box(box))->session;
}

int session_take_channels(struct session *s, JSValueConst channels) {
  JSValue *list;
  uint32_t n = JS_IsObject(channels) ? engine_array(channels, &list) : 0;
  if (!n) return 0;
  uint32_t *all = realloc(s->channels_in, (s->channels_in_count + n) * sizeof *all);
  if (!all) return JS_ThrowOutOfMemory(guest.ctx), -1;
  s->channels_in = all;
  for (uint32_t i = 0; i < n; i++) JS_ToUint32(guest.ctx, &all[s->channels_in_count++], list[i]);
  return 0;
}

/* ---- the end ---- */

static void break_import(struct import *i, JSValueConst why) {
  i->listed = false;
  if (i->write) {
    JSValue error = JS_IsUndefined(why) ? gone_error() : JS_DupValue(guest.ctx, why);
    write_settled(i, error, true);
    JS_FreeValue(guest.ctx, error);
    return;
  }
  bool waits = !i->settled && i->asked;
  if (!waits && !i->outlet) return;
  JSValue error = JS_IsUndefined(why) ? gone_error() : JS_DupValue(guest.ctx, why);
  if (waits) {
    i->settled = i->failed = true;
    i->result = JS_DupValue(guest.ctx, error);
    tell_result(i);
  }
  if (i->outlet) outlet_failed(i->outlet, error); /* may be the end of it */
  JS_FreeValue(guest.ctx, error);
}

void session_close(struct session *s, JSValue why) {
  struct import *i;
  struct export *e;
  if (s->closed) {
    JS_FreeValue(guest.ctx, why);
    return;
  }
  session_hold(s);
  *(s->prev ? &s->prev->next : &first) = s->next;
  if (s->next) s->next->prev = s->prev;
  s->closed = true;
  s->why = why;
  s->waiting = 0;
  for (uint32_t at = 0; (i = table_drain(&s->imports, &at));) {
    table_remove(&s->imports, key_of(i->id));
    hook_hold(&i->hook);
    break_import(i, why);
    drop_values(i);
    hook_abandon(&i->hook);
  }
  for (uint32_t at = 0; (e = table_drain(&s->exports, &at));) {
    struct hook *h = e->hook;
    table_remove(&s->exports, s->exports.entries[at - 1].key);
    js_free(guest.ctx, e);
    session_broken = s->broken;
    hook_release(h);
    session_broken = false;
  }
  s->carrier->close(s);
  session_release(s);
}

void session_end_all(JSValueConst event) {
  for (struct session *s = first; s;) {
    if (!is_of(s, event)) {
      s = s->next;
      continue;
    }
    session_close(s, JS_UNDEFINED);
    s = first; /* anything may have gone with it */
  }
}

/* May something still come by it for its event, besides new calls of the peer's? */
static bool is_active(const struct session *s) { return !s->local && (s->waiting || (!s->server && s->exports.count)); }

bool sessions_active(void) {
  for (const struct session *s = first; s; s = s->next)
    if (is_active(s)) return true;
  return false;
}

static bool hangs(const struct session *server) {
  if (!server->server || server->local || !(server->pending || server->pipes)) return false;
  if (server->exports.count > server->pending) return false;
  for (const struct session *s = first; s; s = s->next)
    if (is_active(s) && is_of(s, server->event)) return false;
  return true;
}

JSValue sessions_hung(void) {
  JSValue list = JS_UNDEFINED;
  for (const struct session *s = first; s; s = s->next) {
    if (!hangs(s)) continue;
    if (JS_IsUndefined(list)) list = JS_NewArray(guest.ctx);
    engine_array_push(guest.ctx, list, JS_DupValue(guest.ctx, s->event));
  }
  return list;
}

/* Is something of the peer's in use here? What was only forgotten is not, and what streams write to neither: they are
 * counted, or hold nothing. */
static bool uses_peer(const struct session *s) {
  const struct import *i;
  for (uint32_t at = 0; (i = table_next(&s->imports, &at));)
    if (!i->forgotten && !i->outlet) return true;
  return false;
}

void session_check(struct session *s) {
  if (s->closed) return;
  if (s->server) {
    if (s->local) return;
    bool held = s->exports.count > s->inlets || s->pending || s->pipes || s->signals || uses_peer(s);
    if (s->served && !held) rpc_hook_call(RPC_done, 1, (JSValueConst *)&s->event);
    return;
  }
  if (!s->imports.count && !s->exports.count) session_close(s, JS_UNDEFINED);
}
