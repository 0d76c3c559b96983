/* web_life.c: how sessions of Cap'n Web begin and end, and what of them the platform's JavaScript uses. See web.h. */
#include "guest/rpc/web_session.h"

static struct web_session *web_sessions; /* of all in use */

/* ---- the end */

static void call_quietly(JSValueConst f, JSValueConst v) {
  if (!JS_IsFunction(guest.ctx, f)) return;
  JSValue r = JS_Call(guest.ctx, f, JS_UNDEFINED, 1, &v);
  if (JS_IsException(r)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  JS_FreeValue(guest.ctx, r);
}

static void send_abort(struct web_session *s, JSValueConst error) {
  struct exporter to = web_exporting(s);
  struct sink out = web_message(s);
  sink_cstr(&out, "abort");
  if (web_write(&out, &to, error, NULL)) {
    JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
    web_message_end(&out);
  } else {
    sink_close(&out, ']');
    if (s->socket || s->batch) {
      web_transmit(s, &out);
    } else {
      JSValue message = sink_value(&out);
      call_quietly(s->send, message);
      JS_FreeValue(guest.ctx, message);
    }
    web_message_end(&out);
  }
}

static void drop_tables(struct web_session *s, bool dispose) {
  struct web_import *i;
  struct web_export *e;
  for (uint32_t at = 0; (i = table_drain(&s->imports, &at));) {
    hook_hold(&i->cap.memory);
    web_import_unlist(i);
    if (dispose) web_import_abort(i, s->why);
    hook_release(&i->cap.memory);
  }
  for (uint32_t at = 0; (e = table_drain(&s->exports, &at));) {
    struct cap *c = e->cap;
    table_remove(&s->exports, s->exports.entries[at - 1].key);
    JS_FreeValue(guest.ctx, e->readable);
    js_free(guest.ctx, e);
    if (dispose)
      cap_release(c);
    else
      cap_abandon(c);
  }
  table_free(&s->errors);
}

void web_abort(struct web_session *s, JSValue error, bool tell) {
  JSValue *callbacks;
  if (s->aborted) {
    JS_FreeValue(guest.ctx, error);
    return;
  }
  hook_hold(&s->memory);
  if (tell) send_abort(s, error);
  s->aborted = true;
  s->why = JS_IsUndefined(error) ? JS_NewString(guest.ctx, "undefined") : error;
  if (JS_IsObject(s->drained[0])) call_quietly(s->drained[2], s->why);
  if (s->socket) socket_shut(s->socket);
  call_quietly(s->abort, s->why);
  JSValue broken = s->broken;
  s->broken = JS_UNDEFINED;
  uint32_t n = JS_IsObject(broken) ? engine_array(broken, &callbacks) : 0;
  for (uint32_t i = 0; i < n; i++) call_quietly(callbacks[i], s->why);
  JS_FreeValue(guest.ctx, broken);
  s->last_imports = s->imports.count;
  s->last_exports = s->exports.count;
  drop_tables(s, true);
  hook_release(&s->memory);
}

static void unlink_session(struct web_session *s) {
  if (s->prev)
    s->prev->next = s->next;
  else if (web_sessions == s)
    web_sessions = s->next;
  if (s->next) s->next->prev = s->prev;
  s->next = s->prev = NULL;
}

/* Nothing of the event goes on: no code of the Worker runs for it any more. */
void web_session_end_all(JSValueConst event) {
  for (struct web_session *s = web_sessions, *next; s; s = next) {
    next = s->next;
    if (!JS_IsStrictEqual(guest.ctx, s->event, event)) continue;
    hook_hold(&s->memory);
    unlink_session(s);
    if (!s->aborted) {
      s->aborted = true;
      JS_ThrowPlainError(guest.ctx, "The execution context which hosts this callback is no longer running.");
      s->why = JS_GetException(guest.ctx);
    }
    if (s->socket) socket_free(s->socket);
    s->socket = NULL;
    drop_tables(s, false);
    hook_release(&s->memory);
    next = web_sessions; /* anything may have gone with it */
  }
}

static void web_session_free(struct hook *h) {
  struct web_session *s = (struct web_session *)h;
  JSContext *ctx = guest.ctx;
  unlink_session(s);
  hook_hold(h); /* what goes now refers to it */
  if (s->socket) socket_free(s->socket);
  batch_free(s);
  s->aborted = true;
  drop_tables(s, false);
  table_free(&s->exports);
  table_free(&s->imports);
  JS_FreeValue(ctx, s->event);
  JS_FreeValue(ctx, s->send);
  JS_FreeValue(ctx, s->abort);
  JS_FreeValue(ctx, s->send_error);
  for (int i = 0; i < 3; i++) JS_FreeValue(ctx, s->drained[i]);
  JS_FreeValue(ctx, s->broken);
  JS_FreeValue(ctx, s->why);
  js_free(ctx, s);
}
static const struct hook_type session_memory = {.release = web_session_free, .abandon = web_session_free};

/* ---- for the platform */

struct web_session *web_session_of(JSValueConst box) {
  return (struct web_session *)hook_of_box(box);
}

static double limit(JSValueConst options, const char *name, double otherwise) {
  double d = otherwise;
  JSValue v = JS_IsObject(options) ? JS_GetPropertyStr(guest.ctx, options, name) : JS_UNDEFINED;
  if (JS_IsNumber(v)) JS_ToFloat64(guest.ctx, &d, v);
  JS_FreeValue(guest.ctx, v);
  return d >= 0 ? d < UINT32_MAX ? d : UINT32_MAX : 0;
}

/* webSession(event, main, hasMain, level, send, abort, onSendError, limits) -> box */
static JSValue native_session(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct web_session *s = js_malloc(ctx, sizeof *s);
  if (!s) return JS_EXCEPTION;
  int32_t level = 0;
  JS_ToInt32(ctx, &level, argv[3]);
  *s = (struct web_session){.memory = {&session_memory, 1},
                            .event = JS_DupValue(ctx, argv[0]),
                            .send = JS_DupValue(ctx, argv[4]),
                            .abort = JS_DupValue(ctx, argv[5]),
                            .send_error = JS_DupValue(ctx, argv[6]),
                            .level = (enum web_level)level,
                            .next_call = 1,
                            .next_taken = 1,
                            .next_export = -1,
                            .drained = {JS_UNDEFINED, JS_UNDEFINED, JS_UNDEFINED},
                            .broken = JS_UNDEFINED,
                            .why = JS_UNDEFINED,
                            .message_max = limit(argv[7], "maxMessageSize", WEB_MESSAGE_MAX),
                            .depth_max = limit(argv[7], "maxDepth", WEB_DEPTH_MAX),
                            .bigint_max = limit(argv[7], "maxBigIntDigits", WEB_BIGINT_MAX)};
  s->next = web_sessions;
  if (web_sessions) web_sessions->prev = s;
  web_sessions = s;
  struct cap *main;
  if (JS_ToBool(ctx, argv[2])) {
    main = value_cap(payload_new(JS_DupValue(ctx, argv[1]), PAYLOAD_RETURN));
  } else {
    JS_ThrowPlainError(ctx, "This connection has no main object.");
    main = failed_cap();
  }
  struct web_import *i = main && web_export_put(s, 0, main) ? web_import_new(s, 0) : NULL;
  if (!i) {
    hook_release(&s->memory);
    return JS_EXCEPTION;
  }
  i->main = true;
  JSValue stub = web_stub_new(&i->cap, false);
  return web_pair(hook_box(&s->memory), stub);
}

/* webReceive(box, message) */
static JSValue native_receive(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct web_session *s = web_session_of(argv[0]);
  if (s->level != LEVEL_STRING) {
    web_receive(s, JS_DupValue(ctx, argv[1]));
    return JS_UNDEFINED;
  }
  size_t n;
  int64_t units = 0;
  if (JS_IsString(argv[1]) && !JS_GetLength(ctx, argv[1], &units) && (double)units > s->message_max) {
    if (!s->aborted) web_too_long(s);
    return JS_UNDEFINED;
  }
  const char *text = JS_ToCStringLen(ctx, &n, argv[1]);
  if (!text) return JS_EXCEPTION;
  web_receive_text(s, text, n);
  JS_FreeCString(ctx, text);
  return JS_UNDEFINED;
}

/* webAbort(box, error, tell) */
static JSValue native_abort(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  web_abort(web_session_of(argv[0]), JS_DupValue(ctx, argv[1]), JS_ToBool(ctx, argv[2]));
  return JS_UNDEFINED;
}

/* webAborted(box) */
static JSValue native_aborted(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return JS_NewBool(ctx, web_session_of(argv[0])->aborted);
}

/* webStats(box) -> {imports, exports} */
static JSValue native_stats(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct web_session *s = web_session_of(argv[0]);
  JSValue made = JS_NewObject(ctx);
  uint32_t imports = s->aborted ? s->last_imports : s->imports.count;
  uint32_t exports = s->aborted ? s->last_exports : s->exports.count;
  JS_DefinePropertyValueStr(ctx, made, "imports", JS_NewUint32(ctx, imports), JS_PROP_C_W_E);
  JS_DefinePropertyValueStr(ctx, made, "exports", JS_NewUint32(ctx, exports), JS_PROP_C_W_E);
  return made;
}

/* webDrain(box) -> a promise: all that the peer pulled has been answered */
static JSValue native_drain(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct web_session *s = web_session_of(argv[0]);
  if (s->aborted) return JS_NewSettledPromise(ctx, true, s->why);
  if (!s->pulls) return JS_NewSettledPromise(ctx, false, JS_UNDEFINED);
  for (int i = 0; i < 3; i++) JS_FreeValue(ctx, s->drained[i]);
  s->drained[0] = JS_NewPromiseCapability(ctx, s->drained + 1);
  return JS_DupValue(ctx, s->drained[0]);
}

static int no_caps_import(void *arg, struct cap *c, int32_t *id) { return 0; }
static int no_caps(void *arg, struct cap *c, bool promise, int32_t *id) {
  cap_release(c);
  JS_ThrowPlainError(guest.ctx, "Cannot serialize RPC stubs without an RPC session.");
  return -1;
}
static void no_unexport(void *arg, int32_t id) { (void)arg, (void)id; }
static int no_pipe(void *arg, JSValueConst readable, int32_t *id) {
  JS_ThrowPlainError(guest.ctx, "Cannot create pipes without an RPC session.");
  return -1;
}
static struct cap *no_import(void *arg, int32_t id, bool promise) {
  JS_ThrowPlainError(guest.ctx, "Cannot deserialize RPC stubs without an RPC session.");
  return NULL;
}
static struct cap *no_named(void *arg, double id) { return NULL; }
static JSValue no_readable(void *arg, int32_t id) {
  return JS_ThrowPlainError(guest.ctx, "Cannot retrieve pipe readable without an RPC session.");
}

/* serialize(value) -> string */
static JSValue native_serialize(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct exporter to = {NULL, no_caps_import, no_caps, no_unexport, no_pipe, NULL};
  struct sink out;
  sink_init(&out, LEVEL_STRING);
  JSValue text = web_write(&out, &to, argv[0], NULL) ? JS_EXCEPTION : sink_value(&out);
  sink_free(&out);
  return text;
}

/* deserialize(string) */
static JSValue native_deserialize(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct importer from = {NULL, no_import, no_named, no_readable, WEB_DEPTH_MAX, WEB_BIGINT_MAX, LEVEL_STRING};
  size_t n;
  const char *text = JS_ToCStringLen(ctx, &n, argv[0]);
  JSValue tree = text ? JS_ParseJSON(ctx, text, n, "message") : JS_EXCEPTION;
  JS_FreeCString(ctx, text);
  struct payload *p = JS_IsException(tree) ? NULL : web_read(&from, tree);
  if (!p) return JS_EXCEPTION;
  JSValue v = JS_DupValue(ctx, p->value);
  payload_free(p);
  return v;
}

void web_session_init(JSContext *ctx, JSValueConst native) {
  static const struct {
    const char *name;
    JSCFunction *f;
    int arguments;
  } table[] = {
      {"webSession", native_session, 8},
      {"webReceive", native_receive, 2},
      {"webAbort", native_abort, 3},
      {"webAborted", native_aborted, 1},
      {"webStats", native_stats, 1},
      {"webDrain", native_drain, 1},
      {"webStream", native_web_stream, 3},
      {"webSerialize", native_serialize, 1},
      {"webDeserialize", native_deserialize, 1},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    JS_SetPropertyStr(ctx, native, table[i].name, JS_NewCFunction(ctx, table[i].f, table[i].name, table[i].arguments));
  web_value_init(ctx, native);
  web_stub_init(ctx, native);
  web_json_init(ctx, native);
  web_read_init(ctx, native);
  web_socket_init(ctx, native);
  web_batch_init(ctx, native);
}
