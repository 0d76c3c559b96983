/* web_session.c: the sessions of Cap'n Web: what two peers hold of each other, and their messages. See web.h.
 *
 * Ids as the sender of a message sees them: 0 is each side's main object, a push takes the pusher's next positive one,
 * what is put into values takes its next negative one. None is used twice.
 */
#include "guest/rpc/web_session.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct web_export {
  struct cap *cap; /* a use */
  double count;    /* how often it was introduced */
  bool pulled, released_when_told;
  JSValue readable; /* of a pipe, until it is taken; else undefined */
};

/* What the peer has, or owes. */
struct web_import {
  struct cap cap;
  struct web_session *session; /* memory */
  int32_t id;
  uint32_t introduced; /* how often, to be released; 0: it was */
  bool main, pulled, disposed, listed;
  struct cap *resolution;   /* a use */
  JSValue promise, resolve; /* of whom waits for it; undefined: nobody */
  JSValue broken;           /* array of indices of the session's callbacks; undefined: none */
};

static struct web_session *first; /* of all in use */
static const struct cap_type import_type;
static const struct hook_type import_memory;
static struct buf spare; /* for messages */

static uint32_t key_of(int32_t id) { return (uint32_t)id ^ 0x80000000u; }
static void *find(const struct table *t, int32_t id) { return id == INT32_MIN ? NULL : table_get(t, key_of(id)); }

/* ---- messages out */

static struct sink message_begin(struct web_session *s) {
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

static void message_end(struct sink *out) {
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

static void transmit(struct web_session *s, struct sink *out) {
  if (s->socket) {
    socket_send(s->socket, out->text.data, out->text.len, true);
    return;
  }
  JSValue message = sink_value(out);
  sent(s, JS_IsException(message) ? message : JS_Call(guest.ctx, s->send, JS_UNDEFINED, 1, (JSValueConst *)&message));
  JS_FreeValue(guest.ctx, message);
}

void web_send(struct web_session *s, struct sink *out) {
  sink_close(out, ']');
  if (!s->aborted) transmit(s, out);
  message_end(out);
}

static void send_numbers(struct web_session *s, const char *what, int32_t id, int64_t n) {
  struct sink out = message_begin(s);
  sink_cstr(&out, what);
  sink_int(&out, id);
  if (n >= 0) sink_int(&out, n);
  web_send(s, &out);
}

/* ---- exports */

static struct web_export *export_put(struct web_session *s, int32_t id, struct cap *c) {
  struct web_export *e = s->exports.count < RPC_ENTRIES_MAX ? js_malloc(guest.ctx, sizeof *e) : NULL;
  if (e) *e = (struct web_export){.cap = c, .count = 1, .readable = JS_UNDEFINED};
  if (e && !table_put(&s->exports, key_of(id), e)) return e;
  if (!JS_HasException(guest.ctx)) JS_ThrowRangeError(guest.ctx, "Too many objects were shared in this RPC session.");
  js_free(guest.ctx, e);
  cap_release(c);
  return NULL;
}

static void export_remove(struct web_session *s, int32_t id, struct web_export *e) {
  struct cap *c = e->cap;
  table_remove(&s->exports, key_of(id));
  if (!JS_IsUninitialized(cap_error(c))) table_remove(&s->errors, (uint32_t)(uintptr_t)c);
  JS_FreeValue(guest.ctx, e->readable);
  js_free(guest.ctx, e);
  cap_release(c);
}

static int release_export(struct web_session *s, int32_t id, double n) {
  struct web_export *e = find(&s->exports, id);
  if (!e) {
    JS_ThrowPlainError(guest.ctx, "no such export ID: %d", id);
    return -1;
  }
  if (e->count < n) {
    JS_ThrowPlainError(guest.ctx, "refcount would go negative: %g < %g", e->count, n);
    return -1;
  }
  e->count -= n;
  if (e->count == 0) export_remove(s, id, e);
  return 0;
}

static int rethrow_why(struct web_session *s) {
  JS_Throw(guest.ctx, JS_DupValue(guest.ctx, s->why));
  return -1;
}

static int is_own_import(struct web_session *s, struct cap *c) {
  struct web_import *i = (struct web_import *)c;
  return c->type == &import_type && i->session == s && !i->resolution;
}

static int exporter_imports(void *arg, struct cap *c, int32_t *id) {
  if (!is_own_import(arg, c)) return 0;
  *id = ((struct web_import *)c)->id;
  return 1;
}

static void answer(struct web_session *s, int32_t id, struct web_export *e);
static void pull_done(struct web_session *s);

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
  struct web_export *e = s->aborted ? NULL : find(&s->exports, id);
  rpc_enter(s->event);
  if (e) answer(s, id, e);
  pull_done(s);
  return JS_UNDEFINED;
}

static int exporter_exports(void *arg, struct cap *c, bool promise, int32_t *id) {
  struct web_session *s = arg;
  bool error = !JS_IsUninitialized(cap_error(c));
  uintptr_t known = error && !promise ? (uintptr_t)table_get(&s->errors, (uint32_t)(uintptr_t)c) : 0;
  struct web_export *e = known ? find(&s->exports, (int32_t)known) : NULL;
  if (s->aborted || s->next_export == INT32_MIN + 1) {
    cap_release(c);
    return rethrow_why(s);
  }
  if (e) {
    cap_release(c);
    e->count++;
    *id = (int32_t)known;
    return 0;
  }
  *id = s->next_export--;
  e = export_put(s, *id, c);
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
  if (!s->aborted && release_export(s, id, 1)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
}

static int exporter_sends_error(void *arg, JSValueConst error, JSValue *rewritten) {
  struct web_session *s = arg;
  if (!JS_IsFunction(guest.ctx, s->send_error)) return 0;
  *rewritten = JS_Call(guest.ctx, s->send_error, JS_UNDEFINED, 1, &error);
  return JS_IsException(*rewritten) ? -1 : 0;
}

/* ---- imports */

static struct web_import *import_new(struct web_session *s, int32_t id) {
  struct web_import *i = s->imports.count < RPC_ENTRIES_MAX ? js_malloc(guest.ctx, sizeof *i) : NULL;
  if (!i || table_put(&s->imports, key_of(id), i)) {
    js_free(guest.ctx, i);
    if (!JS_HasException(guest.ctx)) JS_ThrowRangeError(guest.ctx, "Too many objects are shared in this RPC session.");
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

static void unlist(struct web_import *i) {
  if (!i->listed) return;
  i->listed = false;
  table_remove(&i->session->imports, key_of(i->id));
  hook_release(&i->cap.memory);
}

static void send_release(struct web_import *i) {
  uint32_t n = i->introduced;
  i->introduced = 0;
  if (!n || i->session->aborted) return;
  send_numbers(i->session, "release", i->id, n);
  unlist(i);
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
static void import_resolve(struct web_import *i, struct cap *resolution) {
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

static void import_abort(struct web_import *i, JSValueConst error) {
  if (i->resolution) return;
  i->resolution = error_cap(JS_DupValue(guest.ctx, error));
  JS_FreeValue(guest.ctx, i->broken);
  i->broken = JS_UNDEFINED;
  wake(i);
}

static struct exporter exporting(struct web_session *s);

static void put_target(struct sink *out, const char *what, int32_t id, const struct web_path *path) {
  sink_open(out, '[');
  sink_cstr(out, what);
  sink_int(out, id);
  sink_path(out, path);
}

/* ["push"|"stream", ["pipeline", id, path, arguments?]]. The size of the message, or -1: exception. */
static int64_t send_use(struct web_session *s, const char *what, int32_t id, const struct web_path *path,
                        struct payload *arguments) {
  struct exporter to = exporting(s);
  struct sink out;
  if (s->aborted) return rethrow_why(s);
  out = message_begin(s);
  sink_cstr(&out, what);
  put_target(&out, "pipeline", id, path);
  int bad = arguments ? web_write_list(&out, &to, arguments->value, arguments) : 0;
  sink_close(&out, ']');
  int64_t size = (int64_t)out.text.len + 1;
  if (!bad) {
    web_send(s, &out);
    return size;
  }
  message_end(&out);
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
  struct web_import *made = bad ? NULL : import_new(s, s->next_call);
  if (!made) return NULL;
  s->next_call++;
  return &made->cap;
}

static struct cap *import_map(struct cap *c, const struct web_path *path, struct captures *captures,
                              JSValueConst instructions) {
  struct web_import *i = (struct web_import *)c;
  struct web_session *s = i->session;
  if (i->resolution) return i->resolution->type->map(i->resolution, path, captures, instructions);
  if (s->aborted) {
    captures_free(captures);
    return rethrow_why(s), NULL;
  }
  struct sink out = message_begin(s);
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
    message_end(&out);
    return NULL;
  }
  web_send(s, &out);
  struct web_import *made = import_new(s, s->next_call);
  if (!made) return NULL;
  s->next_call++;
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
  if (i->session->aborted) return rethrow_why(i->session), JS_EXCEPTION;
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
  import_abort(i, error);
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
  struct web_import *i = find(&s->imports, id);
  if (s->aborted) return rethrow_why(s), NULL;
  if (i && promise) {
    JS_ThrowPlainError(guest.ctx, "Bug in RPC system: The peer sent a promise reusing an existing export ID.");
    return failed_cap();
  }
  if (i) {
    i->introduced++;
    return cap_use(&i->cap);
  }
  i = import_new(s, id);
  if (!i) return NULL;
  i->pulled = promise;
  return &i->cap;
}

static struct cap *importer_names(void *arg, double id) {
  struct web_session *s = arg;
  if (id != floor(id) || id > INT32_MAX || id <= INT32_MIN) return NULL;
  struct web_export *e = find(&s->exports, (int32_t)id);
  return e ? e->cap : NULL;
}

static JSValue importer_readable(void *arg, int32_t id) {
  struct web_export *e = find(&((struct web_session *)arg)->exports, id);
  if (!e || !JS_IsObject(e->readable))
    return JS_ThrowPlainError(guest.ctx, "Export %d is not a pipe or its readable end was already consumed.", id);
  JSValue readable = e->readable;
  e->readable = JS_UNDEFINED;
  return readable;
}

static struct importer importing(struct web_session *s) {
  return (struct importer){
      s, importer_takes, importer_names, importer_readable, (uint32_t)s->depth_max, (uint32_t)s->bigint_max, s->level};
}

/* ---- streams */

static int exporter_pipes(void *arg, JSValueConst readable, int32_t *id) {
  struct web_session *s = arg;
  if (s->aborted) return rethrow_why(s);
  struct sink out = message_begin(s);
  sink_cstr(&out, "pipe");
  web_send(s, &out);
  *id = s->next_call;
  struct web_import *i = import_new(s, *id);
  if (!i) return -1;
  s->next_call++;
  JSValue stub = web_stub_new(&i->cap, false);
  if (JS_IsException(stub)) return -1;
  JSValueConst argv[] = {readable, stub};
  JSValue r = web_hook_call(WEB_HOOK_pump, 2, argv);
  JS_FreeValue(guest.ctx, stub);
  if (JS_IsException(r)) return -1;
  JS_FreeValue(guest.ctx, r);
  return 0;
}

static struct exporter exporting(struct web_session *s) {
  return (struct exporter){
      s, exporter_imports, exporter_exports, exporter_unexports, exporter_pipes, exporter_sends_error};
}

static JSValue pair(JSValue a, JSValue b) {
  JSValue made = JS_NewArray(guest.ctx);
  engine_array_push(guest.ctx, made, a);
  engine_array_push(guest.ctx, made, b);
  return made;
}

/* webStream(stub, method, [arguments]) -> [promise, size or -1]: a call whose result is pulled and released at once */
static JSValue native_stream(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
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
    return pair(promise, JS_NewInt32(ctx, -1));
  }
  int64_t size = send_use(i->session, "stream", i->id, &path, arguments);
  JSValue error = size < 0 ? JS_GetException(ctx) : JS_UNDEFINED;
  payload_free(arguments);
  if (size < 0) return JS_Throw(ctx, error);
  struct web_import *made = import_new(i->session, i->session->next_call);
  if (!made) return JS_EXCEPTION;
  i->session->next_call++;
  made->introduced = 0;
  made->pulled = true;
  JSValue promise = cap_deliver(&made->cap);
  cap_abandon(&made->cap);
  return pair(promise, JS_NewInt64(ctx, i->session->level == LEVEL_STRING ? size : -1));
}

/* ---- answers */

static void pull_done(struct web_session *s) {
  if (--s->pulls || !JS_IsObject(s->drained[0])) return;
  JS_FreeValue(guest.ctx, JS_Call(guest.ctx, s->drained[1], JS_UNDEFINED, 0, NULL));
}

static int send_settled(struct web_session *s, const char *what, int32_t id, JSValueConst v, struct payload *p) {
  struct exporter to = exporting(s);
  struct sink out = message_begin(s);
  sink_cstr(&out, what);
  sink_int(&out, id);
  int bad = web_write(&out, &to, v, p);
  if (!bad)
    web_send(s, &out);
  else
    message_end(&out);
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

/* Sends what the cap has become. False: it waits for *wait. `c` is followed. */
static bool try_answer(struct web_session *s, int32_t id, struct cap **c, JSValue *wait) {
  for (;;) {
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
    if (JS_IsUninitialized(error) && p && web_stub_kind(p->value) == WEB_RPC_PROMISE && !is_own_import(s, *c)) {
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
  if (!s->aborted && release && release_export(s, id, 1)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  pull_done(s);
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

static void answer(struct web_session *s, int32_t id, struct web_export *e) {
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
  struct importer from = importing(s);
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
  int32_t id = s->next_taken++;
  struct web_export *made = export_put(s, id, c);
  if (!made) return -1;
  made->released_when_told = stream;
  if (stream) answer(s, id, made);
  return 0;
}

static int take_pipe(struct web_session *s) {
  JSValue ends = web_hook_call(WEB_HOOK_pipe, 0, NULL), *list;
  if (JS_IsException(ends)) return -1;
  engine_array(ends, &list);
  struct cap *c = target_cap(list[0], TARGET_WRITABLE);
  struct web_export *made = c ? export_put(s, s->next_taken, c) : NULL;
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
  struct web_export *e = find(&s->exports, id_of(id));
  if (!e) return no_such_export(id);
  answer(s, id_of(id), e);
  return 0;
}

static int take_release(struct web_session *s, JSValueConst id, JSValueConst count) {
  double n = 0;
  JS_ToFloat64(guest.ctx, &n, count);
  return find(&s->exports, id_of(id)) ? release_export(s, id_of(id), n) : no_such_export(id);
}

static int take_settled(struct web_session *s, JSValue *e, bool failed) {
  struct web_import *i = find(&s->imports, id_of(e[1]));
  struct importer from = importing(s);
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
    import_resolve(i, error_cap(error));
  } else {
    struct cap *c = value_cap(p);
    import_resolve(i, c ? c : failed_cap());
  }
  if (!i->introduced && i->listed) unlist(i); /* of a stream */
  hook_release(&i->cap.memory);
  return 0;
}

static int take_abort(struct web_session *s, JSValueConst v) {
  struct importer from = importing(s);
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

/* UTF-16 units in UTF-8. */
static double units(const char *text, size_t n) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++) count += ((uint8_t)text[i] & 0xc0) != 0x80 ? 1 + ((uint8_t)text[i] >= 0xf0) : 0;
  return (double)count;
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
  if ((double)n > s->message_max && units(text, n) > s->message_max) {
    JS_ThrowTypeError(guest.ctx, "Incoming message exceeds maximum size of %.0f UTF-16 code units.", s->message_max);
    web_receive(s, JS_EXCEPTION);
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

/* ---- the end */

static void call_quietly(JSValueConst f, JSValueConst v) {
  if (!JS_IsFunction(guest.ctx, f)) return;
  JSValue r = JS_Call(guest.ctx, f, JS_UNDEFINED, 1, &v);
  if (JS_IsException(r)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  JS_FreeValue(guest.ctx, r);
}

static void send_abort(struct web_session *s, JSValueConst error) {
  struct exporter to = exporting(s);
  struct sink out = message_begin(s);
  sink_cstr(&out, "abort");
  if (web_write(&out, &to, error, NULL)) {
    JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
    message_end(&out);
  } else {
    sink_close(&out, ']');
    if (s->socket) {
      transmit(s, &out);
    } else {
      JSValue message = sink_value(&out);
      call_quietly(s->send, message);
      JS_FreeValue(guest.ctx, message);
    }
    message_end(&out);
  }
}

static void drop_tables(struct web_session *s, bool dispose) {
  struct web_import *i;
  struct web_export *e;
  for (uint32_t at = 0; (i = table_drain(&s->imports, &at));) {
    hook_hold(&i->cap.memory);
    unlist(i);
    if (dispose) import_abort(i, s->why);
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
  else if (first == s)
    first = s->next;
  if (s->next) s->next->prev = s->prev;
  s->next = s->prev = NULL;
}

/* Nothing of the event goes on: no code of the Worker runs for it any more. */
void web_session_end_all(JSValueConst event) {
  for (struct web_session *s = first, *next; s; s = next) {
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
    next = first; /* anything may have gone with it */
  }
}

static void web_session_free(struct hook *h) {
  struct web_session *s = (struct web_session *)h;
  JSContext *ctx = guest.ctx;
  unlink_session(s);
  hook_hold(h); /* what goes now refers to it */
  if (s->socket) socket_free(s->socket);
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
  s->next = first;
  if (first) first->prev = s;
  first = s;
  struct cap *main;
  if (JS_ToBool(ctx, argv[2])) {
    main = value_cap(payload_new(JS_DupValue(ctx, argv[1]), PAYLOAD_RETURN));
  } else {
    JS_ThrowPlainError(ctx, "This connection has no main object.");
    main = failed_cap();
  }
  struct web_import *i = main && export_put(s, 0, main) ? import_new(s, 0) : NULL;
  if (!i) {
    hook_release(&s->memory);
    return JS_EXCEPTION;
  }
  i->main = true;
  JSValue stub = web_stub_new(&i->cap, false);
  return pair(hook_box(&s->memory), stub);
}

/* webReceive(box, message) */
static JSValue native_receive(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct web_session *s = web_session_of(argv[0]);
  if (s->level != LEVEL_STRING) {
    web_receive(s, JS_DupValue(ctx, argv[1]));
    return JS_UNDEFINED;
  }
  size_t n;
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
      {"webStream", native_stream, 3},
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
}
