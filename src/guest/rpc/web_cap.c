/* web_cap.c: caps that wait or failed, and how calls and values are delivered. See web.h. */
#include "guest/rpc/web.h"

void cap_init(struct cap *c, const struct hook_type *memory, const struct cap_type *type) {
  *c = (struct cap){{memory, 1}, type, 1};
}

void cap_release(struct cap *c) {
  if (!--c->uses) c->type->dispose(c);
  hook_release(&c->memory);
}

void cap_abandon(struct cap *c) {
  c->uses--;
  hook_release(&c->memory);
}

struct cap *cap_dup(struct cap *c) {
  return cap_use(c);
}

void captures_free(struct captures *c) {
  for (uint32_t i = 0; i < c->count; i++) cap_release(c->caps[i]);
  js_free(guest.ctx, c->caps);
  *c = (struct captures){NULL, 0};
}

void captures_abandon(struct captures *c) {
  for (uint32_t i = 0; i < c->count; i++) cap_abandon(c->caps[i]);
  js_free(guest.ctx, c->caps);
  *c = (struct captures){NULL, 0};
}

static void no_dispose(struct cap *c) { (void)c; }

JSValue promise_of(JSValueConst v) {
  JSValue functions[2];
  if (JS_IsPromise(v)) return JS_DupValue(guest.ctx, v);
  JSValue promise = JS_NewPromiseCapability(guest.ctx, functions);
  if (JS_IsException(promise)) return promise;
  JS_FreeValue(guest.ctx, JS_Call(guest.ctx, functions[0], JS_UNDEFINED, 1, &v));
  JS_FreeValue(guest.ctx, functions[0]);
  JS_FreeValue(guest.ctx, functions[1]);
  return promise;
}

/* ---- errors */

struct error {
  struct cap cap;
  JSValue error;
};

static struct cap *error_call(struct cap *c, const struct web_path *path, struct payload *arguments) {
  payload_free(arguments);
  return cap_use(c);
}
static struct cap *error_map(struct cap *c, const struct web_path *path, struct captures *captures, JSValueConst f) {
  captures_free(captures);
  return cap_use(c);
}
static struct cap *itself(struct cap *c) { return c; }
static JSValue never(struct cap *c) { return JS_ThrowInternalError(guest.ctx, "an error is waited for"); }
static void error_broken(struct cap *c, JSValueConst callback) {
  JSValue r = JS_Call(guest.ctx, callback, JS_UNDEFINED, 1, (JSValueConst *)&((struct error *)c)->error);
  if (JS_IsException(r)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  JS_FreeValue(guest.ctx, r);
}
static void error_free(struct hook *h) {
  JS_FreeValue(guest.ctx, ((struct error *)h)->error);
  js_free(guest.ctx, h);
}
static const struct hook_type error_memory = {.release = error_free, .abandon = error_free};
static const struct cap_type error_type = {error_call, error_map, itself, never, no_dispose, error_broken, NULL};

static struct cap *out_of_memory(void) {
  static struct error none = {{{&error_memory, 1}, &error_type, 1}, JS_UNDEFINED};
  return cap_use(&none.cap);
}

struct cap *error_cap(JSValue error) {
  struct error *e = js_malloc(guest.ctx, sizeof *e);
  if (!e) {
    JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
    JS_FreeValue(guest.ctx, error);
    return out_of_memory();
  }
  cap_init(&e->cap, &error_memory, &error_type);
  e->error = error;
  return &e->cap;
}

struct cap *failed_cap(void) {
  return error_cap(JS_GetException(guest.ctx));
}

JSValueConst cap_error(struct cap *c) { return c->type == &error_type ? ((struct error *)c)->error : JS_UNINITIALIZED; }

/* ---- promises */

struct promise {
  struct cap cap;
  bool result;
  JSValue settled;           /* a promise, fulfilled when `resolution` is there */
  struct cap *resolution;    /* a use */
  struct payload *arguments; /* go when it is */
};

/* (value) with data [box of the promise]; magic: it was rejected */
static JSValue on_settled(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int rejected,
                          JSValueConst *data) {
  struct promise *p = (struct promise *)cap_of_box(data[0]);
  struct payload *arguments = p->arguments;
  struct cap *c = NULL;
  p->arguments = NULL;
  if (rejected)
    c = error_cap(JS_DupValue(ctx, argv[0]));
  else if (p->result)
    c = value_cap(payload_new(JS_DupValue(ctx, argv[0]), PAYLOAD_RETURN));
  else if (cap_of_box(argv[0]))
    c = cap_of_box(argv[0]); /* the box's use is ours now */
  if (rejected)
    payload_free(arguments);
  else
    payload_used(arguments);
  p->resolution = c ? c : failed_cap();
  if (!rejected && !p->result && c) hook_hold(&c->memory);
  return JS_UNDEFINED;
}

static struct cap *promise_call(struct cap *c, const struct web_path *path, struct payload *arguments) {
  struct promise *p = (struct promise *)c;
  if (p->resolution) return p->resolution->type->call(p->resolution, path, arguments);
  return call_later(c, path, arguments);
}
static struct cap *promise_map(struct cap *c, const struct web_path *path, struct captures *captures, JSValueConst f) {
  struct promise *p = (struct promise *)c;
  if (p->resolution) return p->resolution->type->map(p->resolution, path, captures, f);
  return map_later(c, path, captures, f);
}
static struct cap *promise_final(struct cap *c) {
  struct promise *p = (struct promise *)c;
  return p->resolution ? p->resolution->type->final(p->resolution) : NULL;
}
static JSValue promise_when(struct cap *c) {
  struct promise *p = (struct promise *)c;
  return p->resolution ? p->resolution->type->when(p->resolution) : JS_DupValue(guest.ctx, p->settled);
}

/* (): the promise in data[0] is settled, and disposed */
static JSValue on_disposed(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic,
                           JSValueConst *data) {
  struct promise *p = (struct promise *)cap_of_box(data[0]);
  struct cap *c = p->resolution;
  if (!c) return JS_UNDEFINED;
  JS_ThrowPlainError(ctx, "Attempted to use an RPC StubHook after it was disposed.");
  p->resolution = failed_cap();
  cap_release(c);
  return JS_UNDEFINED;
}

/* What was asked of it before comes first. */
static void promise_dispose(struct cap *c) {
  struct promise *p = (struct promise *)c;
  JSValue box = cap_box(c);
  JSValue f = JS_NewCFunctionData(guest.ctx, on_disposed, 0, 0, 1, (JSValueConst *)&box);
  JS_FreeValue(guest.ctx, box);
  JS_FreeValue(guest.ctx, promise_then(p->settled, f, JS_UNDEFINED));
}

/* (): the promise in data[0] is settled: data[1] is told when what it became breaks */
static JSValue on_broken(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic,
                         JSValueConst *data) {
  struct promise *p = (struct promise *)cap_of_box(data[0]);
  if (p->resolution) p->resolution->type->broken(p->resolution, data[1]);
  return JS_HasException(ctx) ? JS_EXCEPTION : JS_UNDEFINED;
}
static void promise_broken(struct cap *c, JSValueConst callback) {
  struct promise *p = (struct promise *)c;
  if (p->resolution) {
    p->resolution->type->broken(p->resolution, callback);
    return;
  }
  JSValue data[] = {cap_box(c), JS_DupValue(guest.ctx, callback)};
  JSValue f = JS_NewCFunctionData(guest.ctx, on_broken, 0, 0, 2, (JSValueConst *)data);
  JS_FreeValue(guest.ctx, promise_then(p->settled, f, JS_UNDEFINED));
  JS_FreeValue(guest.ctx, data[0]);
  JS_FreeValue(guest.ctx, data[1]);
}
static void promise_free(struct hook *h) {
  struct promise *p = (struct promise *)h;
  if (p->resolution) cap_abandon(p->resolution);
  payload_abandon(p->arguments);
  JS_FreeValue(guest.ctx, p->settled);
  js_free(guest.ctx, h);
}
static const struct hook_type promise_memory = {.release = promise_free, .abandon = promise_free};
static const struct cap_type promise_type = {promise_call,    promise_map,    promise_final, promise_when,
                                             promise_dispose, promise_broken, NULL};

struct cap *promise_cap(JSValue promise, bool result, struct payload *arguments) {
  struct promise *p = JS_IsException(promise) ? NULL : js_malloc(guest.ctx, sizeof *p);
  if (!p) {
    payload_free(arguments);
    JS_FreeValue(guest.ctx, promise);
    return failed_cap();
  }
  cap_init(&p->cap, &promise_memory, &promise_type);
  p->result = result;
  p->resolution = NULL;
  p->arguments = arguments;
  JSValue box = cap_box(&p->cap);
  JSValue good = JS_NewCFunctionData(guest.ctx, on_settled, 1, 0, 1, (JSValueConst *)&box);
  JSValue bad = JS_NewCFunctionData(guest.ctx, on_settled, 1, 1, 1, (JSValueConst *)&box);
  JS_FreeValue(guest.ctx, box);
  p->settled = promise_then(promise, good, bad);
  JS_FreeValue(guest.ctx, promise);
  return &p->cap;
}

/* A use as the result of a function that a promise of caps waits for. */
static JSValue hand_over(struct cap *c) {
  if (!c) return JS_EXCEPTION;
  JSValue box = cap_box(c);
  hook_release(&c->memory); /* the box has it; the use goes along */
  return box;
}

/* ---- what waits */

/* Something to be done when a cap is there. */
struct waiting {
  struct hook memory;
  struct cap *on; /* its memory */
  JSValue *parts; /* the path */
  uint32_t count;
  struct payload *arguments; /* NULL: a read */
  struct captures captures;
  JSValue function; /* of deliver_call; or instructions */
  JSValue self;
  bool map;
};

static void waiting_free(struct hook *h) {
  struct waiting *w = (struct waiting *)h;
  for (uint32_t i = 0; i < w->count; i++) JS_FreeValue(guest.ctx, w->parts[i]);
  js_free(guest.ctx, w->parts);
  payload_abandon(w->arguments);
  captures_abandon(&w->captures);
  JS_FreeValue(guest.ctx, w->function);
  JS_FreeValue(guest.ctx, w->self);
  if (w->on) hook_release(&w->on->memory);
  js_free(guest.ctx, w);
}
static const struct hook_type waiting_memory = {.release = waiting_free, .abandon = waiting_free};

static struct waiting *waiting_new(struct cap *on, const struct web_path *path, struct payload *arguments) {
  struct waiting *w = js_malloc(guest.ctx, sizeof *w);
  if (!w) {
    payload_free(arguments);
    return NULL;
  }
  *w = (struct waiting){
      .memory = {&waiting_memory, 1}, .arguments = arguments, .function = JS_UNDEFINED, .self = JS_UNDEFINED};
  if (on) w->on = (struct cap *)hook_hold(&on->memory);
  if (!path || !path->count) return w;
  w->parts = js_malloc(guest.ctx, path->count * sizeof *w->parts);
  if (!w->parts) {
    waiting_free(&w->memory);
    return NULL;
  }
  for (; w->count < path->count; w->count++) w->parts[w->count] = JS_DupValue(guest.ctx, path->parts[w->count]);
  return w;
}

/* (): the cap that data[0] waits for is settled: its call is made */
static JSValue on_called(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic,
                         JSValueConst *data) {
  struct waiting *w = (struct waiting *)hook_of_box(data[0]);
  struct payload *arguments = w->arguments;
  struct promise *p = (struct promise *)w->on;
  struct web_path path = {(JSValueConst *)w->parts, w->count};
  w->arguments = NULL;
  struct cap *to = p->resolution;
  if (!w->map) return hand_over(to->type->call(to, &path, arguments));
  return hand_over(to->type->map(to, &path, &w->captures, w->function));
}

static struct cap *later(struct cap *c, struct waiting *w) {
  if (!w) return failed_cap();
  JSValue box = hook_box(&w->memory);
  JSValue f = JS_NewCFunctionData(guest.ctx, on_called, 0, 0, 1, (JSValueConst *)&box);
  JS_FreeValue(guest.ctx, box);
  return promise_cap(promise_then(((struct promise *)c)->settled, f, JS_UNDEFINED), false, NULL);
}

struct cap *call_later(struct cap *c, const struct web_path *path, struct payload *arguments) {
  if (arguments && payload_copy(arguments)) {
    payload_free(arguments);
    return NULL;
  }
  return later(c, waiting_new(c, path, arguments));
}

struct cap *map_later(struct cap *c, const struct web_path *path, struct captures *captures,
                      JSValueConst instructions) {
  struct waiting *w = waiting_new(c, path, NULL);
  if (!w) {
    captures_free(captures);
    return failed_cap();
  }
  w->map = true;
  w->captures = *captures;
  *captures = (struct captures){NULL, 0};
  w->function = JS_DupValue(guest.ctx, instructions);
  return later(c, w);
}

/* ---- calls */

static bool is_thenable(JSValueConst v) {
  if (!JS_IsObject(v)) return false;
  if (JS_IsPromise(v)) return true;
  if (web_stub_kind(v) == WEB_RPC_STUB) return false;
  JSValue then = JS_GetPropertyStr(guest.ctx, v, "then");
  if (JS_IsException(then)) return true; /* the promise made of it fails with this */
  bool is = JS_IsFunction(guest.ctx, then);
  JS_FreeValue(guest.ctx, then);
  return is;
}

static struct cap *invoke(JSValueConst function, JSValueConst self, struct payload *arguments) {
  JSValue *values;
  uint32_t n = engine_array(arguments->value, &values);
  if (arguments->chunk && n) payload_give_disposer(arguments, values[0]);
  /* the array may be changed by the function: its values stay */
  JSValue list = JS_DupValue(guest.ctx, arguments->value);
  JSValue r = JS_Call(guest.ctx, function, self, (int)n, (JSValueConst *)values);
  JS_FreeValue(guest.ctx, list);
  if (JS_IsException(r)) {
    struct cap *failed = failed_cap();
    payload_free(arguments);
    return failed;
  }
  if (web_stub_kind(r) != WEB_RPC_PROMISE && is_thenable(r)) {
    if (JS_HasException(guest.ctx)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
    JSValue promise = promise_of(r);
    JS_FreeValue(guest.ctx, r);
    return promise_cap(promise, true, arguments);
  }
  struct cap *c = value_cap(payload_new(r, PAYLOAD_RETURN));
  payload_used(arguments);
  return c ? c : failed_cap();
}

/* (): what the arguments in data[0] waited for may be there */
static JSValue on_arguments(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic,
                            JSValueConst *data) {
  struct waiting *w = (struct waiting *)hook_of_box(data[0]);
  JSValue wait;
  int r = payload_settle(w->arguments, &wait);
  struct payload *arguments = w->arguments;
  if (r < 0) {
    JSValue error = JS_GetException(ctx);
    payload_dispose(arguments);
    return JS_Throw(ctx, error);
  }
  if (r > 0) {
    JSValue f = JS_NewCFunctionData(ctx, on_arguments, 0, 0, 1, data);
    JSValue next = promise_then(wait, f, JS_UNDEFINED);
    JS_FreeValue(ctx, wait);
    return next;
  }
  w->arguments = NULL;
  return hand_over(invoke(w->function, w->self, arguments));
}

struct cap *deliver_call(JSValueConst function, JSValueConst self, struct payload *arguments) {
  JSValue wait;
  int r = payload_settle(arguments, &wait);
  if (r < 0) {
    struct cap *failed = failed_cap();
    payload_free(arguments);
    return failed;
  }
  if (!r) return invoke(function, self, arguments);
  struct waiting *w = waiting_new(NULL, NULL, arguments);
  if (!w) {
    JS_FreeValue(guest.ctx, wait);
    return failed_cap();
  }
  w->function = JS_DupValue(guest.ctx, function);
  w->self = JS_DupValue(guest.ctx, self);
  JSValue box = hook_box(&w->memory);
  JSValue f = JS_NewCFunctionData(guest.ctx, on_arguments, 0, 0, 1, (JSValueConst *)&box);
  JS_FreeValue(guest.ctx, box);
  JSValue called = promise_then(wait, f, JS_UNDEFINED);
  JS_FreeValue(guest.ctx, wait);
  return promise_cap(called, false, NULL);
}

/* ---- values for the Worker */

static JSValue on_ready(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic, JSValueConst *data);

/* The value, or (*wait) a promise to wait for. */
static JSValue try_deliver(struct cap *c, JSValue *wait) {
  struct cap *final = c->type->final(c);
  *wait = JS_UNDEFINED;
  if (!final) {
    *wait = c->type->when(c);
    return JS_IsException(*wait) ? JS_EXCEPTION : JS_UNDEFINED;
  }
  JSValueConst error = cap_error(final);
  if (!JS_IsUninitialized(error)) return JS_Throw(guest.ctx, JS_DupValue(guest.ctx, error));
  struct payload *p = cap_payload(final);
  if (!p) return not_a_value(final), JS_EXCEPTION;
  int r = payload_settle(p, wait);
  if (r < 0) {
    JSValue why = JS_GetException(guest.ctx);
    payload_dispose(p);
    return JS_Throw(guest.ctx, why);
  }
  if (r) return JS_UNDEFINED;
  payload_give_disposer(p, p->value);
  return JS_DupValue(guest.ctx, p->value);
}

static JSValue after(JSValue wait, struct cap *c) {
  JSValue box = cap_box(c);
  JSValue f = JS_NewCFunctionData(guest.ctx, on_ready, 0, 0, 1, (JSValueConst *)&box);
  JS_FreeValue(guest.ctx, box);
  JSValue r = promise_then(wait, f, JS_UNDEFINED);
  JS_FreeValue(guest.ctx, wait);
  return r;
}

static JSValue on_ready(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic,
                        JSValueConst *data) {
  struct cap *c = cap_of_box(data[0]);
  JSValue wait, v = try_deliver(c, &wait);
  return JS_IsObject(wait) ? after(wait, c) : v;
}

JSValue cap_deliver(struct cap *c) {
  JSValue wait, v = try_deliver(c, &wait);
  if (JS_IsObject(wait)) return after(wait, c);
  bool failed = JS_IsException(v);
  if (failed) v = JS_GetException(guest.ctx);
  JSValue promise = JS_NewSettledPromise(guest.ctx, failed, v);
  JS_FreeValue(guest.ctx, v);
  return promise;
}
