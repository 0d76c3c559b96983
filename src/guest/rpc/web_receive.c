/* web_receive.c: what a session of Cap'n Web hears: messages, and the answers that they ask for. See web.h.
 *
 * The peer may be hostile: whatever is not as it should be ends the session.
 */
#include <math.h>
#include <string.h>

#include "guest/rpc/web_session.h"

/* ---- answers */

void web_pull_done(struct web_session *s) {
  if (--s->pulls || !JS_IsObject(s->drained[0])) return;
  JS_FreeValue(guest.ctx, JS_Call(guest.ctx, s->drained[1], JS_UNDEFINED, 0, NULL));
}

static int send_settled(struct web_session *s, const char *what, int32_t id, JSValueConst v, struct payload *p) {
  struct exporter to = web_exporting(s);
  struct sink out = web_message(s);
  sink_cstr(&out, what);
  sink_int(&out, id);
  int bad = web_write(&out, &to, v, p);
  if (!bad)
    web_send(s, &out);
  else
    web_message_end(&out);
  return bad;
}

static void reject(struct web_session *s, int32_t id) {
  JSValue error = JS_GetException(guest.ctx);
  if (s->aborted) {
    JS_FreeValue(guest.ctx, error);
    return;
  }
  int bad = send_settled(s, "reject", id, error, NULL);
  JS_FreeValue(guest.ctx, error);
  if (!bad) return;
  error = JS_GetException(guest.ctx);
  bad = send_settled(s, "reject", id, error, NULL);
  JS_FreeValue(guest.ctx, error);
  if (bad) web_abort(s, JS_GetException(guest.ctx), true);
}

enum { HOPS_MAX = 1000 }; /* promises that are promises */

/* Sends what the cap has become. False: it waits for *wait. `c` is followed. */
static bool try_answer(struct web_session *s, int32_t id, struct cap **c, JSValue *wait) {
  for (int hops = 0;; hops++) {
    struct cap *final = (*c)->type->final(*c);
    struct web_path path;
    *wait = JS_UNDEFINED;
    if (!final) {
      *wait = (*c)->type->when(*c);
      if (!JS_IsException(*wait)) return false;
      reject(s, id);
      return true;
    }
    JSValueConst error = cap_error(final);
    struct payload *p = cap_payload(final);
    if (hops < HOPS_MAX && JS_IsUninitialized(error) && p && web_stub_kind(p->value) == WEB_RPC_PROMISE &&
        !web_is_own(s, *c)) {
      struct cap *inner = web_stub_cap(p->value, &path);
      if (inner && !path.count) {
        cap_use(inner);
        cap_release(*c);
        *c = inner;
        continue;
      }
    }
    if (!JS_IsUninitialized(error))
      JS_Throw(guest.ctx, JS_DupValue(guest.ctx, error));
    else if (!p)
      not_a_value(final);
    if (!p || send_settled(s, "resolve", id, p->value, p)) reject(s, id);
    return true;
  }
}

struct answering {
  struct hook memory;
  struct web_session *session; /* memory */
  struct cap *cap;             /* a use */
  int32_t id;
  bool release;
};

static void answering_free(struct hook *h) {
  struct answering *a = (struct answering *)h;
  if (a->cap) cap_abandon(a->cap);
  hook_release(&a->session->memory);
  js_free(guest.ctx, a);
}
static const struct hook_type answering_memory = {.release = answering_free, .abandon = answering_free};

static void answered(struct web_session *s, int32_t id, bool release) {
  if (!s->aborted && release && web_export_release(s, id, 1)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  web_pull_done(s);
}

static void wait_for(JSValue wait, JSValueConst box);

/* (): with data [box of an answering] */
static JSValue on_answer(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic,
                         JSValueConst *data) {
  struct answering *a = (struct answering *)hook_of_box(data[0]);
  struct web_session *s = a->session;
  JSValue wait;
  if (!s->aborted && !try_answer(s, a->id, &a->cap, &wait)) {
    wait_for(wait, data[0]);
    return JS_UNDEFINED;
  }
  struct cap *c = a->cap;
  a->cap = NULL;
  answered(s, a->id, a->release);
  cap_release(c);
  return JS_UNDEFINED;
}

static void wait_for(JSValue wait, JSValueConst box) {
  JSValue f = JS_NewCFunctionData(guest.ctx, on_answer, 0, 0, 1, &box);
  JS_FreeValue(guest.ctx, promise_then(wait, f, JS_UNDEFINED));
  JS_FreeValue(guest.ctx, wait);
}

void web_answer(struct web_session *s, int32_t id, struct web_export *e) {
  JSValue wait;
  if (e->pulled) return;
  e->pulled = true;
  bool release = e->released_when_told;
  struct cap *c = cap_use(e->cap);
  s->pulls++;
  if (try_answer(s, id, &c, &wait)) {
    cap_release(c);
    answered(s, id, release);
    return;
  }
  struct answering *a = js_malloc(guest.ctx, sizeof *a);
  if (!a) {
    JS_FreeValue(guest.ctx, wait);
    cap_release(c);
    reject(s, id);
    answered(s, id, release);
    return;
  }
  *a = (struct answering){{&answering_memory, 1}, (struct web_session *)hook_hold(&s->memory), c, id, release};
  JSValue box = hook_box(&a->memory);
  wait_for(wait, box);
  JS_FreeValue(guest.ctx, box);
}

/* ---- messages in; each 0, 1: malformed, or -1: exception */

static int take_push(struct web_session *s, JSValue *e, uint32_t n, bool stream) {
  struct importer from = web_importing(s);
  bool other;
  if (n < 2) return 1;
  struct cap *c = web_read_call(&from, e[1], &other);
  if (other) {
    struct payload *p = web_read(&from, JS_DupValue(guest.ctx, e[1]));
    c = p ? value_cap(p) : NULL;
  }
  if (!c) return -1;
  if (s->aborted) { /* by what was called */
    cap_release(c);
    return 0;
  }
  if (s->next_taken == INT32_MAX) {
    cap_release(c);
    JS_ThrowRangeError(guest.ctx, "Too many calls were made in this RPC session.");
    return -1;
  }
  int32_t id = s->next_taken++;
  struct web_export *made = web_export_put(s, id, c);
  if (!made) return -1;
  made->released_when_told = stream;
  if (stream) web_answer(s, id, made);
  return 0;
}

static int take_pipe(struct web_session *s) {
  JSValue ends = web_hook_call(WEB_HOOK_pipe, 0, NULL), *list;
  if (JS_IsException(ends)) return -1;
  engine_array(ends, &list);
  struct cap *c = target_cap(list[0], TARGET_WRITABLE);
  struct web_export *made = c ? web_export_put(s, s->next_taken, c) : NULL;
  if (made) {
    s->next_taken++;
    made->readable = JS_DupValue(guest.ctx, list[1]);
  }
  JS_FreeValue(guest.ctx, ends);
  return made ? 0 : -1;
}

/* An id that is in no table: 0 is none of these */
static int32_t id_of(JSValueConst v) {
  double d = 0;
  JS_ToFloat64(guest.ctx, &d, v);
  return d == floor(d) && d <= INT32_MAX && d > INT32_MIN ? (int32_t)d : INT32_MIN;
}

static int no_such_export(JSValueConst id) {
  const char *text = JS_ToCString(guest.ctx, id);
  JS_ThrowPlainError(guest.ctx, "no such export ID: %s", text ? text : "");
  JS_FreeCString(guest.ctx, text);
  return -1;
}

static int take_pull(struct web_session *s, JSValueConst id) {
  struct web_export *e = web_find(&s->exports, id_of(id));
  if (!e) return no_such_export(id);
  web_answer(s, id_of(id), e);
  return 0;
}

static int take_release(struct web_session *s, JSValueConst id, JSValueConst count) {
  double n = 0;
  JS_ToFloat64(guest.ctx, &n, count);
  return web_find(&s->exports, id_of(id)) ? web_export_release(s, id_of(id), n) : no_such_export(id);
}

static int take_settled(struct web_session *s, JSValue *e, bool failed) {
  struct web_import *i = web_find(&s->imports, id_of(e[1]));
  struct importer from = web_importing(s);
  if (!i && failed) return 0;
  if (i) hook_hold(&i->cap.memory);
  struct payload *p = web_read(&from, JS_DupValue(guest.ctx, e[2]));
  if (!p) {
    if (i) hook_release(&i->cap.memory);
    return -1;
  }
  if (!i) {
    payload_free(p);
    return 0;
  }
  if (failed) {
    JSValue error = JS_DupValue(guest.ctx, p->value);
    payload_free(p);
    web_import_resolve(i, error_cap(error));
  } else {
    struct cap *c = value_cap(p);
    web_import_resolve(i, c ? c : failed_cap());
  }
  if (!i->introduced && i->listed) web_import_unlist(i); /* of a stream */
  hook_release(&i->cap.memory);
  return 0;
}

static int take_abort(struct web_session *s, JSValueConst v) {
  struct importer from = web_importing(s);
  struct payload *p = web_read(&from, JS_DupValue(guest.ctx, v));
  if (!p) return -1;
  JSValue why = JS_DupValue(guest.ctx, p->value);
  payload_free(p);
  web_abort(s, why, false);
  return 0;
}

static bool is(JSValueConst v, const char *text) {
  struct engine_text t;
  if (!JS_IsString(v)) return false;
  JSValue flat = engine_text(guest.ctx, v, &t);
  bool same = !JS_IsException(flat) && t.narrow && t.length == strlen(text) && !memcmp(t.narrow, text, t.length);
  JS_FreeValue(guest.ctx, flat);
  return same;
}

static int take(struct web_session *s, JSValueConst message) {
  JSValue *e;
  uint32_t n = engine_class(guest.ctx, message) == CLASS_ARRAY ? engine_array(message, &e) : 0;
  if (!n) return 1;
  bool id = n > 1 && JS_IsNumber(e[1]);
  if (is(e[0], "push")) return take_push(s, e, n, false);
  if (is(e[0], "pull")) return id ? take_pull(s, e[1]) : 1;
  if (is(e[0], "release")) return id && n > 2 && JS_IsNumber(e[2]) ? take_release(s, e[1], e[2]) : 1;
  if (is(e[0], "resolve")) return id && n > 2 ? take_settled(s, e, false) : 1;
  if (is(e[0], "reject")) return id && n > 2 ? take_settled(s, e, true) : 1;
  if (is(e[0], "stream")) return take_push(s, e, n, true);
  if (is(e[0], "pipe")) return take_pipe(s);
  return is(e[0], "abort") ? take_abort(s, n > 1 ? e[1] : JS_UNDEFINED) : 1;
}

static void bad_message(JSValueConst message) {
  JSValue json = JS_JSONStringify(guest.ctx, message, JS_UNDEFINED, JS_UNDEFINED);
  if (JS_IsException(json)) return;
  JS_ThrowPlainError(guest.ctx, "%s", "");
  JSValue error = JS_GetException(guest.ctx);
  JSValue text = JS_IsUndefined(json) ? JS_NewString(guest.ctx, "undefined") : json;
  JS_DefinePropertyValueStr(guest.ctx, error, "message",
                            engine_concat(guest.ctx, JS_NewString(guest.ctx, "bad RPC message: "), text),
                            JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
  JS_Throw(guest.ctx, error);
}

void web_receive(struct web_session *s, JSValue message) {
  hook_hold(&s->memory);
  rpc_enter(s->event);
  int r = s->aborted ? 0 : JS_IsException(message) ? -1 : take(s, message);
  if (r > 0) bad_message(message);
  if (r) web_abort(s, JS_GetException(guest.ctx), true);
  JS_FreeValue(guest.ctx, message);
  hook_release(&s->memory);
}

uint64_t web_units(const char *text, size_t n) {
  uint64_t count = 0;
  for (size_t i = 0; i < n; i++) count += ((uint8_t)text[i] & 0xc0) != 0x80 ? 1 + ((uint8_t)text[i] >= 0xf0) : 0;
  return count;
}

void web_too_long(struct web_session *s) {
  JS_ThrowTypeError(guest.ctx, "Incoming message exceeds maximum size of %.0f UTF-16 code units.", s->message_max);
  web_receive(s, JS_EXCEPTION);
}

/* ["pull",N] and ["release",N,N], which are half of all that comes, need no parser. */
static const char *digits(const char *p, int32_t *n) {
  const char *from = p;
  bool minus = *p == '-';
  p += minus;
  for (*n = 0; *p >= '0' && *p <= '9' && p - from < 9; p++) *n = *n * 10 + (*p - '0');
  if (minus) *n = -*n;
  return p > from + minus ? p : NULL;
}

static bool take_short(struct web_session *s, const char *text, size_t n, int *r) {
  int32_t id, count;
  const char *p;
  if (n > 8 && !memcmp(text, "[\"pull\",", 8)) {
    p = digits(text + 8, &id);
    if (!p || p != text + n - 1 || *p != ']') return false;
    *r = take_pull(s, JS_NewInt32(guest.ctx, id));
    return true;
  }
  if (n < 11 || memcmp(text, "[\"release\",", 11) != 0) return false;
  p = digits(text + 11, &id);
  if (!p || *p != ',') return false;
  p = digits(p + 1, &count);
  if (!p || p != text + n - 1 || *p != ']') return false;
  *r = take_release(s, JS_NewInt32(guest.ctx, id), JS_NewInt32(guest.ctx, count));
  return true;
}

void web_receive_text(struct web_session *s, const char *text, size_t n) {
  int r = 0;
  if (s->aborted) return;
  if ((double)n > s->message_max && (double)web_units(text, n) > s->message_max) {
    web_too_long(s);
    return;
  }
  hook_hold(&s->memory);
  rpc_enter(s->event);
  if (!take_short(s, text, n, &r))
    web_receive(s, JS_ParseJSON(guest.ctx, text, n, "message"));
  else if (r)
    web_abort(s, JS_GetException(guest.ctx), true);
  hook_release(&s->memory);
}
