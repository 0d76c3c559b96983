/* web_session.c: the sessions of Cap'n Web: what two peers hold of each other, and what they say of it. See web.h.
 *
 * Ids as the sender of a message sees them: 0 is each side's main object, a push takes the pusher's next positive one,
 * what is put into values takes its next negative one. None is used twice.
 */
#include <math.h>

#include "guest/rpc/web_session.h"

static const struct cap_type import_type;
static const struct hook_type import_memory;
static struct buf spare; /* for messages */

/* ---- messages out */

struct sink web_message(struct web_session *s) {
  struct sink out;
  sink_init(&out, s->level);
  if (s->level == LEVEL_STRING && spare.cap) {
    out.text = spare;
    spare = (struct buf){0};
    buf_clear(&out.text);
  }
  sink_open(&out, '[');
  return out;
}

void web_message_end(struct sink *out) {
  enum { KEPT = 64 * 1024 };
  if (out->level == LEVEL_STRING && !spare.cap && out->text.cap <= KEPT) {
    spare = out->text;
    buf_init(&out->text, 1);
  }
  sink_free(out);
}

/* (box of a session, error): a job */
static JSValue abort_job(JSContext *ctx, int argc, JSValueConst *argv) {
  struct web_session *s = web_session_of(argv[0]);
  rpc_enter(s->event);
  web_abort(s, JS_DupValue(ctx, argv[1]), false);
  return JS_UNDEFINED;
}

static JSValue session_box_of(struct web_session *s) { return hook_box(hook_hold(&s->memory)); }

/* (error) with data [box]: sending failed later */
static JSValue on_send_failed(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic,
                              JSValueConst *data) {
  web_abort(web_session_of(data[0]), JS_DupValue(ctx, argc ? argv[0] : JS_UNDEFINED), false);
  return JS_UNDEFINED;
}

static void watch(struct web_session *s, JSValueConst sent) {
  if (!JS_IsPromise(sent)) return;
  JSValue box = session_box_of(s);
  JSValue f = JS_NewCFunctionData(guest.ctx, on_send_failed, 1, 0, 1, (JSValueConst *)&box);
  JS_FreeValue(guest.ctx, box);
  JS_FreeValue(guest.ctx, promise_then(sent, JS_UNDEFINED, f));
}

/* What the transport's send() returned; it may have thrown. */
static void sent(struct web_session *s, JSValue r) {
  if (JS_IsException(r)) {
    JSValue argv[] = {session_box_of(s), JS_GetException(guest.ctx)};
    JS_EnqueueJob(guest.ctx, abort_job, 2, (JSValueConst *)argv);
    JS_FreeValue(guest.ctx, argv[0]);
    JS_FreeValue(guest.ctx, argv[1]);
  } else {
    watch(s, r);
  }
  JS_FreeValue(guest.ctx, r);
}

void web_transmit(struct web_session *s, struct sink *out) {
  if (s->socket) {
    socket_send(s->socket, out->text.data, out->text.len, true);
    return;
  }
  if (s->batch) {
    batch_send(s, out->text.data, out->text.len);
    return;
  }
  JSValue message = sink_value(out);
  sent(s, JS_IsException(message) ? message : JS_Call(guest.ctx, s->send, JS_UNDEFINED, 1, (JSValueConst *)&message));
  JS_FreeValue(guest.ctx, message);
}

void web_send(struct web_session *s, struct sink *out) {
  sink_close(out, ']');
  if (!s->aborted) web_transmit(s, out);
  web_message_end(out);
}

static void send_numbers(struct web_session *s, const char *what, int32_t id, int64_t n) {
  struct sink out = web_message(s);
  sink_cstr(&out, what);
  sink_int(&out, id);
  if (n >= 0) sink_int(&out, n);
  web_send(s, &out);
}

/* ---- exports */

struct web_export *web_export_put(struct web_session *s, int32_t id, struct cap *c) {
  struct web_export *e = s->exports.count < RPC_ENTRIES_MAX ? js_malloc(guest.ctx, sizeof *e) : NULL;
  if (e) *e = (struct web_export){.cap = c, .count = 1, .readable = JS_UNDEFINED};
  if (e && !table_put(&s->exports, web_key(id), e)) return e;
  if (!JS_HasException(guest.ctx)) JS_ThrowRangeError(guest.ctx, "Too many objects were shared in this RPC session.");
  js_free(guest.ctx, e);
  cap_release(c);
  return NULL;
}

static void export_remove(struct web_session *s, int32_t id, struct web_export *e) {
  struct cap *c = e->cap;
  table_remove(&s->exports, web_key(id));
  if (!JS_IsUninitialized(cap_error(c))) table_remove(&s->errors, (uint32_t)(uintptr_t)c);
  JS_FreeValue(guest.ctx, e->readable);
  js_free(guest.ctx, e);
  cap_release(c);
}

int web_export_release(struct web_session *s, int32_t id, double n) {
  struct web_export *e = web_find(&s->exports, id);
  if (!e) {
    JS_ThrowPlainError(guest.ctx, "no such export ID: %d", id);
    return -1;
  }
  if (e->count < n) {
    const char *have = JS_ToCString(guest.ctx, JS_NewFloat64(guest.ctx, e->count));
    const char *less = JS_ToCString(guest.ctx, JS_NewFloat64(guest.ctx, n));
    JS_ThrowPlainError(guest.ctx, "refcount would go negative: %s < %s", have ? have : "", less ? less : "");
    JS_FreeCString(guest.ctx, have);
    JS_FreeCString(guest.ctx, less);
    return -1;
  }
  e->count -= n;
  if (e->count == 0) export_remove(s, id, e);
  return 0;
}

int web_rethrow(struct web_session *s) {
  JS_Throw(guest.ctx, JS_DupValue(guest.ctx, s->why));
  return -1;
}

int web_is_own(struct web_session *s, struct cap *c) {
  struct web_import *i = (struct web_import *)c;
  return c->type == &import_type && i->session == s && !i->resolution;
}

static int exporter_imports(void *arg, struct cap *c, int32_t *id) {
  if (!web_is_own(arg, c)) return 0;
  *id = ((struct web_import *)c)->id;
  return 1;
}

/* (box of a session, id, turns): a promise that was sent is resolved, so many jobs later; that is when the package
 * does it */
static JSValue answer_job(JSContext *ctx, int argc, JSValueConst *argv) {
  struct web_session *s = web_session_of(argv[0]);
  int32_t turns = JS_VALUE_GET_INT(argv[2]);
  if (turns) {
    JSValueConst again[] = {argv[0], argv[1], JS_NewInt32(ctx, turns - 1)};
    JS_EnqueueJob(ctx, answer_job, 3, again);
    return JS_UNDEFINED;
  }
  int32_t id = JS_VALUE_GET_INT(argv[1]);
  struct web_export *e = s->aborted ? NULL : web_find(&s->exports, id);
  rpc_enter(s->event);
  if (e) web_answer(s, id, e);
  web_pull_done(s);
  return JS_UNDEFINED;
}

static int exporter_exports(void *arg, struct cap *c, bool promise, int32_t *id) {
  struct web_session *s = arg;
  bool error = !JS_IsUninitialized(cap_error(c));
  uintptr_t known = error && !promise ? (uintptr_t)table_get(&s->errors, (uint32_t)(uintptr_t)c) : 0;
  struct web_export *e = known ? web_find(&s->exports, (int32_t)known) : NULL;
  if (s->aborted || s->next_export == INT32_MIN + 1) {
    cap_release(c);
    return web_rethrow(s);
  }
  if (e) {
    cap_release(c);
    e->count++;
    *id = (int32_t)known;
    return 0;
  }
  *id = s->next_export--;
  e = web_export_put(s, *id, c);
  if (!e) return -1;
  if (error && !known) table_put(&s->errors, (uint32_t)(uintptr_t)c, (void *)(uintptr_t)*id);
  if (!promise) return 0;
  JSValueConst argv[] = {session_box_of(s), JS_NewInt32(guest.ctx, *id), JS_NewInt32(guest.ctx, 1)};
  JS_EnqueueJob(guest.ctx, answer_job, 3, argv);
  s->pulls++; /* as if it had been pulled already */
  JS_FreeValue(guest.ctx, (JSValue)argv[0]);
  return 0;
}

static void exporter_unexports(void *arg, int32_t id) {
  struct web_session *s = arg;
  if (!s->aborted && web_export_release(s, id, 1)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
}

static int exporter_sends_error(void *arg, JSValueConst error, JSValue *rewritten) {
  struct web_session *s = arg;
  if (!JS_IsFunction(guest.ctx, s->send_error)) return 0;
  *rewritten = JS_Call(guest.ctx, s->send_error, JS_UNDEFINED, 1, &error);
  return JS_IsException(*rewritten) ? -1 : 0;
}

/* ---- imports */

/* Asked before anything is sent that the peer gives a number to. -1: exception. */
static int check_room(const struct web_session *s) {
  if (s->imports.count < RPC_ENTRIES_MAX && s->next_call < INT32_MAX) return 0;
  JS_ThrowRangeError(guest.ctx, "Too many objects are shared in this RPC session.");
  return -1;
}

struct web_import *web_import_new(struct web_session *s, int32_t id) {
  struct web_import *i = check_room(s) ? NULL : js_malloc(guest.ctx, sizeof *i);
  if (!i || table_put(&s->imports, web_key(id), i)) {
    js_free(guest.ctx, i);
    if (!JS_HasException(guest.ctx)) JS_ThrowOutOfMemory(guest.ctx);
    return NULL;
  }
  *i = (struct web_import){.session = (struct web_session *)hook_hold(&s->memory),
                           .id = id,
                           .introduced = 1,
                           .listed = true,
                           .promise = JS_UNDEFINED,
                           .resolve = JS_UNDEFINED,
                           .broken = JS_UNDEFINED};
  cap_init(&i->cap, &import_memory, &import_type);
  hook_hold(&i->cap.memory); /* the table's */
  return i;
}

static void web_import_free(struct hook *h) {
  struct web_import *i = (struct web_import *)h;
  if (i->resolution) cap_abandon(i->resolution);
  JS_FreeValue(guest.ctx, i->promise);
  JS_FreeValue(guest.ctx, i->resolve);
  JS_FreeValue(guest.ctx, i->broken);
  struct web_session *s = i->session;
  js_free(guest.ctx, i);
  hook_release(&s->memory);
}
static const struct hook_type import_memory = {.release = web_import_free, .abandon = web_import_free};

void web_import_unlist(struct web_import *i) {
  if (!i->listed) return;
  i->listed = false;
  table_remove(&i->session->imports, web_key(i->id));
  hook_release(&i->cap.memory);
}

static void send_release(struct web_import *i) {
  uint32_t n = i->introduced;
  i->introduced = 0;
  if (!n || i->session->aborted) return;
  send_numbers(i->session, "release", i->id, n);
  web_import_unlist(i);
}

static void wake(struct web_import *i) {
  JSValue f = i->resolve;
  i->resolve = JS_UNDEFINED;
  if (JS_IsFunction(guest.ctx, f)) JS_FreeValue(guest.ctx, JS_Call(guest.ctx, f, JS_UNDEFINED, 0, NULL));
  JS_FreeValue(guest.ctx, f);
}

/* Those who wanted to know when this breaks want it of what it became. */
static void move_broken(struct web_import *i) {
  JSValue list = i->broken, *indices, *callbacks;
  struct web_session *s = i->session;
  i->broken = JS_UNDEFINED;
  uint32_t n = JS_IsObject(list) ? engine_array(list, &indices) : 0;
  for (uint32_t k = 0; k < n; k++) {
    uint32_t at = (uint32_t)JS_VALUE_GET_INT(indices[k]);
    if (at >= engine_array(s->broken, &callbacks)) continue;
    JSValue callback = callbacks[at];
    callbacks[at] = JS_UNDEFINED;
    s->broken_at = at + 1;
    i->resolution->type->broken(i->resolution, callback);
    s->broken_at = 0;
    if (JS_HasException(guest.ctx)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
    JS_FreeValue(guest.ctx, callback);
  }
  JS_FreeValue(guest.ctx, list);
}

/* It has become this (a use, taken over). */
void web_import_resolve(struct web_import *i, struct cap *resolution) {
  if (i->disposed || i->resolution) {
    cap_release(resolution);
    return;
  }
  hook_hold(&i->cap.memory);
  i->resolution = resolution;
  send_release(i);
  move_broken(i);
  wake(i);
  hook_release(&i->cap.memory);
}

void web_import_abort(struct web_import *i, JSValueConst error) {
  if (i->resolution) return;
  i->resolution = error_cap(JS_DupValue(guest.ctx, error));
  JS_FreeValue(guest.ctx, i->broken);
  i->broken = JS_UNDEFINED;
  wake(i);
}

static void put_target(struct sink *out, const char *what, int32_t id, const struct web_path *path) {
  sink_open(out, '[');
  sink_cstr(out, what);
  sink_int(out, id);
  sink_path(out, path);
}

/* ["push"|"stream", ["pipeline", id, path, arguments?]]. The size of the message, or -1: exception. */
static int64_t send_use(struct web_session *s, const char *what, int32_t id, const struct web_path *path,
                        struct payload *arguments) {
  struct exporter to = web_exporting(s);
  struct sink out;
  if (s->aborted) return web_rethrow(s);
  if (check_room(s)) return -1;
  out = web_message(s);
  sink_cstr(&out, what);
  put_target(&out, "pipeline", id, path);
  int bad = arguments ? web_write_list(&out, &to, arguments->value, arguments) : 0;
  sink_close(&out, ']');
  int64_t size = (int64_t)out.text.len + 1;
  if (!bad) {
    web_send(s, &out);
    return size;
  }
  web_message_end(&out);
  return -1;
}

static struct cap *import_call(struct cap *c, const struct web_path *path, struct payload *arguments) {
  struct web_import *i = (struct web_import *)c;
  struct web_session *s = i->session;
  if (i->resolution) return i->resolution->type->call(i->resolution, path, arguments);
  int bad = send_use(s, "push", i->id, path, arguments) < 0 ? -1 : 0;
  JSValue error = bad ? JS_GetException(guest.ctx) : JS_UNDEFINED;
  payload_free(arguments);
  if (bad) JS_Throw(guest.ctx, error);
  struct web_import *made = bad ? NULL : web_import_new(s, s->next_call++);
  if (!made) return NULL;
  return &made->cap;
}

static struct cap *import_map(struct cap *c, const struct web_path *path, struct captures *captures,
                              JSValueConst instructions) {
  struct web_import *i = (struct web_import *)c;
  struct web_session *s = i->session;
  if (i->resolution) return i->resolution->type->map(i->resolution, path, captures, instructions);
  if (s->aborted || check_room(s)) {
    captures_free(captures);
    return s->aborted ? web_rethrow(s), NULL : NULL;
  }
  struct sink out = web_message(s);
  int32_t id;
  bool bad = false;
  sink_cstr(&out, "push");
  put_target(&out, "remap", i->id, path);
  sink_open(&out, '[');
  for (uint32_t k = 0; k < captures->count && !bad; k++) {
    struct cap *one = captures->caps[k];
    bool theirs = exporter_imports(s, one, &id);
    if (!theirs) bad = exporter_exports(s, cap_use(one), false, &id);
    sink_open(&out, '[');
    sink_cstr(&out, theirs ? "import" : "export");
    sink_int(&out, id);
    sink_close(&out, ']');
  }
  sink_close(&out, ']');
  sink_raw(&out, instructions);
  sink_close(&out, ']');
  captures_free(captures);
  if (bad || out.bad) {
    web_message_end(&out);
    return NULL;
  }
  web_send(s, &out);
  struct web_import *made = web_import_new(s, s->next_call++);
  if (!made) return NULL;
  return &made->cap;
}

static struct cap *import_final(struct cap *c) {
  struct web_import *i = (struct web_import *)c;
  return i->resolution ? i->resolution->type->final(i->resolution) : NULL;
}

static JSValue import_when(struct cap *c) {
  struct web_import *i = (struct web_import *)c;
  JSValue functions[2];
  if (i->resolution) return i->resolution->type->when(i->resolution);
  if (i->session->aborted) return web_rethrow(i->session), JS_EXCEPTION;
  if (!i->pulled) send_numbers(i->session, "pull", i->id, -1);
  i->pulled = true;
  if (JS_IsObject(i->promise)) return JS_DupValue(guest.ctx, i->promise);
  JSValue promise = JS_NewPromiseCapability(guest.ctx, functions);
  if (JS_IsException(promise)) return promise;
  JS_FreeValue(guest.ctx, functions[1]);
  i->promise = promise;
  i->resolve = functions[0];
  return JS_DupValue(guest.ctx, promise);
}

static void import_dispose(struct cap *c) {
  struct web_import *i = (struct web_import *)c;
  struct web_session *s = i->session;
  if (i->main) {
    JS_ThrowPlainError(guest.ctx, "RPC session was shut down by disposing the main stub");
    web_abort(s, JS_GetException(guest.ctx), false);
    return;
  }
  i->disposed = true;
  if (i->resolution) {
    cap_release(i->resolution);
    JS_ThrowPlainError(guest.ctx, "This RpcImportHook was already disposed.");
    i->resolution = failed_cap();
    return;
  }
  JS_ThrowPlainError(guest.ctx, "RPC was canceled because the RpcPromise was disposed.");
  JSValue error = JS_GetException(guest.ctx);
  web_import_abort(i, error);
  JS_FreeValue(guest.ctx, error);
  send_release(i);
}

static void import_broken(struct cap *c, JSValueConst callback) {
  struct web_import *i = (struct web_import *)c;
  struct web_session *s = i->session;
  JSValue *list;
  uint32_t at = s->broken_at;
  if (i->resolution) {
    i->resolution->type->broken(i->resolution, callback);
    return;
  }
  s->broken_at = 0;
  if (!JS_IsObject(s->broken)) s->broken = JS_NewArray(guest.ctx);
  if (!JS_IsObject(i->broken)) i->broken = JS_NewArray(guest.ctx);
  uint32_t n = engine_array(s->broken, &list);
  engine_array_push(guest.ctx, i->broken, JS_NewUint32(guest.ctx, at && at <= n ? at - 1 : n));
  if (at && at <= n)
    list[at - 1] = JS_DupValue(guest.ctx, callback);
  else
    engine_array_push(guest.ctx, s->broken, JS_DupValue(guest.ctx, callback));
}

static const struct cap_type import_type = {import_call,
                                            import_map,
                                            import_final,
                                            import_when,
                                            import_dispose,
                                            import_broken,
                                            "This RpcImportHook was already disposed."};

static struct cap *importer_takes(void *arg, int32_t id, bool promise) {
  struct web_session *s = arg;
  struct web_import *i = web_find(&s->imports, id);
  if (s->aborted) return web_rethrow(s), NULL;
  if (i && promise) {
    JS_ThrowPlainError(guest.ctx, "Bug in RPC system: The peer sent a promise reusing an existing export ID.");
    return failed_cap();
  }
  if (i) {
    i->introduced++;
    return cap_use(&i->cap);
  }
  i = web_import_new(s, id);
  if (!i) return NULL;
  i->pulled = promise;
  return &i->cap;
}

static struct cap *importer_names(void *arg, double id) {
  struct web_session *s = arg;
  if (id != floor(id) || id > INT32_MAX || id <= INT32_MIN) return NULL;
  struct web_export *e = web_find(&s->exports, (int32_t)id);
  return e ? e->cap : NULL;
}

static JSValue importer_readable(void *arg, int32_t id) {
  struct web_export *e = web_find(&((struct web_session *)arg)->exports, id);
  if (!e || !JS_IsObject(e->readable))
    return JS_ThrowPlainError(guest.ctx, "Export %d is not a pipe or its readable end was already consumed.", id);
  JSValue readable = e->readable;
  e->readable = JS_UNDEFINED;
  return readable;
}

struct importer web_importing(struct web_session *s) {
  return (struct importer){
      s, importer_takes, importer_names, importer_readable, (uint32_t)s->depth_max, (uint32_t)s->bigint_max, s->level};
}

/* ---- streams */

static int exporter_pipes(void *arg, JSValueConst readable, int32_t *id) {
  struct web_session *s = arg;
  if (s->aborted) return web_rethrow(s);
  if (check_room(s)) return -1;
  struct sink out = web_message(s);
  sink_cstr(&out, "pipe");
  web_send(s, &out);
  *id = s->next_call++;
  struct web_import *i = web_import_new(s, *id);
  if (!i) return -1;
  JSValue stub = web_stub_new(&i->cap, false);
  if (JS_IsException(stub)) return -1;
  JSValueConst argv[] = {readable, stub};
  JSValue r = web_hook_call(WEB_HOOK_pump, 2, argv);
  JS_FreeValue(guest.ctx, stub);
  if (JS_IsException(r)) return -1;
  JS_FreeValue(guest.ctx, r);
  return 0;
}

struct exporter web_exporting(struct web_session *s) {
  return (struct exporter){
      s, exporter_imports, exporter_exports, exporter_unexports, exporter_pipes, exporter_sends_error};
}

JSValue web_pair(JSValue a, JSValue b) {
  JSValue made = JS_NewArray(guest.ctx);
  engine_array_push(guest.ctx, made, a);
  engine_array_push(guest.ctx, made, b);
  return made;
}

/* webStream(stub, method, [arguments]) -> [promise, size or -1]: a call whose result is pulled and released at once */
JSValue native_web_stream(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct web_path before, path = {&argv[1], 1};
  struct cap *c = web_stub_cap(argv[0], &before);
  struct web_import *i = (struct web_import *)c;
  struct payload *arguments = c ? payload_new(JS_DupValue(ctx, argv[2]), PAYLOAD_PARAMS) : NULL;
  if (!arguments) return JS_EXCEPTION;
  if (c->type != &import_type || i->resolution) {
    struct cap *called = c->type->call(c, &path, arguments);
    if (!called) return JS_EXCEPTION;
    JSValue promise = cap_deliver(called);
    cap_abandon(called);
    return web_pair(promise, JS_NewInt32(ctx, -1));
  }
  int64_t size = send_use(i->session, "stream", i->id, &path, arguments);
  JSValue error = size < 0 ? JS_GetException(ctx) : JS_UNDEFINED;
  payload_free(arguments);
  if (size < 0) return JS_Throw(ctx, error);
  struct web_import *made = web_import_new(i->session, i->session->next_call++);
  if (!made) return JS_EXCEPTION;
  made->introduced = 0;
  made->pulled = true;
  JSValue promise = cap_deliver(&made->cap);
  cap_abandon(&made->cap);
  return web_pair(promise, JS_NewInt64(ctx, i->session->level == LEVEL_STRING ? size : -1));
}
