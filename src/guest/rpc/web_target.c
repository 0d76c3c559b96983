/* web_target.c: values and targets as caps, and where a path in a value leads. See web.h. */
#include <math.h>
#include <string.h>

#include "guest/rpc/web.h"

/* ---- paths in values */

static int instance_property(JSValueConst name) {
  const char *text = JS_ToCString(guest.ctx, name);
  rpc_throw(RPC_TYPE_ERROR,
            "Attempted to access property '%s', which is an instance property of the RpcTarget. To avoid leaking "
            "private internals, instance properties cannot be accessed over RPC. If you want to make this property "
            "available over RPC, define it as a method or getter on the class, instead of an instance property.",
            text ? text : "");
  JS_FreeCString(guest.ctx, text);
  return -1;
}

static JSValue path_text(const struct web_path *path, uint32_t count) {
  JSValue text = JS_NewStringLen(guest.ctx, NULL, 0);
  for (uint32_t i = 0; i < count; i++) {
    if (i) text = engine_concat(guest.ctx, text, JS_NewString(guest.ctx, "."));
    text = engine_concat(guest.ctx, text, JS_ToString(guest.ctx, path->parts[i]));
  }
  return text;
}

static int unsupported(const struct web_path *path, uint32_t at) {
  if (at == 0) {
    JS_ThrowTypeError(guest.ctx, "RPC stub points at a non-serializable type.");
    return -1;
  }
  JSValue prefix = path_text(path, at);
  const char *text = JS_ToCString(guest.ctx, prefix);
  rpc_throw(RPC_TYPE_ERROR, "'%s' is not a serializable type, so property %s cannot be accessed.", text ? text : "",
            text ? text : "");
  JS_FreeCString(guest.ctx, text);
  JS_FreeValue(guest.ctx, prefix);
  return -1;
}

/* A member that the object itself has; else undefined. With `refuse`: the reverse. */
static JSValue member(JSValueConst v, JSValueConst name, bool refuse) {
  JSAtom atom = JS_ValueToAtom(guest.ctx, name);
  int has = JS_GetOwnProperty(guest.ctx, NULL, v, atom);
  JSValue found = JS_UNDEFINED;
  if (has < 0 || (has && refuse && instance_property(name)))
    found = JS_EXCEPTION;
  else if (has || refuse)
    found = JS_GetProperty(guest.ctx, v, atom);
  JS_FreeAtom(guest.ctx, atom);
  return found;
}

static JSValue element(JSValueConst v, JSValueConst index) {
  double d;
  if (!JS_IsNumber(index) || JS_ToFloat64(guest.ctx, &d, index) || d != floor(d) || d < 0) return JS_UNDEFINED;
  if (d > UINT32_MAX - 1) return JS_UNDEFINED;
  return JS_GetPropertyUint32(guest.ctx, v, (uint32_t)d);
}

static int stop_at(struct followed *out, JSValueConst stub, const struct web_path *path, uint32_t at) {
  struct web_path before;
  struct cap *c = web_stub_cap(stub, &before);
  if (!c) return -1;
  uint32_t left = path->count - at;
  out->rest = js_malloc(guest.ctx, (before.count + left + 1) * sizeof *out->rest);
  if (!out->rest) return -1;
  for (uint32_t i = 0; i < before.count; i++) out->rest[out->rest_count++] = JS_DupValue(guest.ctx, before.parts[i]);
  for (uint32_t i = at; i < path->count; i++) out->rest[out->rest_count++] = JS_DupValue(guest.ctx, path->parts[i]);
  out->cap = cap_use(c);
  return 0;
}

/* One step. 1: the path ends at a stub. */
static int step(struct followed *out, const struct web_path *path, uint32_t i) {
  JSValueConst name = path->parts[i];
  JSValue next = JS_UNDEFINED;
  if (!web_is_common(name)) switch (web_type_of(out->value)) {
      case WEB_OBJECT:
      case WEB_FUNCTION:
        next = member(out->value, name, false);
        break;
      case WEB_ARRAY:
        next = element(out->value, name);
        break;
      case WEB_TARGET:
      case WEB_THENABLE:
        next = member(out->value, name, true);
        out->owner = NULL;
        break;
      case WEB_STUB:
      case WEB_PROMISE:
        return stop_at(out, out->value, path, i) ? -1 : 1;
      case WEB_UNDEFINED: {
        const char *text = JS_ToCString(guest.ctx, name);
        rpc_throw(RPC_TYPE_ERROR, "Cannot read properties of undefined (reading '%s')", text ? text : "");
        JS_FreeCString(guest.ctx, text);
        return -1;
      }
      case WEB_UNSUPPORTED:
        return unsupported(path, i);
      default:
        break;
    }
  if (JS_IsException(next)) return -1;
  JS_FreeValue(guest.ctx, out->parent);
  out->parent = out->value;
  out->value = next;
  return 0;
}

int web_follow(JSValueConst value, struct payload *owner, const struct web_path *path, struct followed *out) {
  *out = (struct followed){.value = JS_DupValue(guest.ctx, value), .parent = JS_UNDEFINED, .owner = owner};
  int r = 0;
  for (uint32_t i = 0; i < path->count && !r; i++) r = step(out, path, i);
  if (!r && web_stub_kind(out->value) == WEB_RPC_PROMISE) r = stop_at(out, out->value, path, path->count);
  return r < 0 ? -1 : 0;
}

void followed_free(struct followed *f) {
  if (f->cap) cap_release(f->cap);
  for (uint32_t i = 0; i < f->rest_count; i++) JS_FreeValue(guest.ctx, f->rest[i]);
  js_free(guest.ctx, f->rest);
  JS_FreeValue(guest.ctx, f->value);
  JS_FreeValue(guest.ctx, f->parent);
}

/* ---- values and targets as caps */

static struct cap *not_a_function(const struct web_path *path) {
  JSValue text = path_text(path, path->count);
  const char *name = JS_ToCString(guest.ctx, text);
  rpc_throw(RPC_TYPE_ERROR, "'%s' is not a function.", name ? name : "");
  JS_FreeCString(guest.ctx, name);
  JS_FreeValue(guest.ctx, text);
  return failed_cap();
}

/* Peers can make promises for each other. */
static bool endless(void) {
  if (!engine_stack_full(guest.ctx)) return false;
  JS_ThrowRangeError(guest.ctx, "Maximum call stack size exceeded");
  return true;
}

static bool has_then(JSValueConst v) {
  JSAtom name = JS_NewAtom(guest.ctx, "then");
  bool has = JS_HasProperty(guest.ctx, v, name) > 0;
  JS_FreeAtom(guest.ctx, name);
  return has;
}

/* A call or read on a value. */
static struct cap *call_value(struct cap *self, JSValueConst value, struct payload *owner, const struct web_path *path,
                              struct payload *arguments) {
  struct followed f;
  struct cap *r;
  if (endless()) {
    payload_free(arguments);
    return failed_cap();
  }
  if (!arguments && !path->count && !owner) {
    if (has_then(value)) return cap_use(self);
    JS_ThrowPlainError(guest.ctx, "Can't dup an RpcTarget stub as a promise.");
    return failed_cap();
  }
  if (web_follow(value, owner, path, &f)) {
    r = failed_cap();
    payload_free(arguments);
  } else if (f.cap) {
    r = f.cap->type->call(f.cap, &(struct web_path){(JSValueConst *)f.rest, f.rest_count}, arguments);
    if (!r) r = failed_cap();
  } else if (!arguments) {
    r = web_copy(f.value, f.owner);
    if (!r) r = failed_cap();
  } else if (!JS_IsFunction(guest.ctx, f.value)) {
    payload_free(arguments);
    r = not_a_function(path);
  } else {
    r = deliver_call(f.value, f.parent, arguments);
  }
  followed_free(&f);
  return r;
}

static struct cap *map_value(JSValueConst value, struct payload *owner, const struct web_path *path,
                             struct captures *captures, JSValueConst instructions) {
  struct followed f;
  struct cap *r;
  if (endless()) {
    captures_free(captures);
    return failed_cap();
  }
  if (web_follow(value, owner, path, &f)) {
    r = failed_cap();
    captures_free(captures);
  } else if (f.cap) {
    r = f.cap->type->map(f.cap, &(struct web_path){(JSValueConst *)f.rest, f.rest_count}, captures, instructions);
    if (!r) r = failed_cap();
  } else {
    r = map_apply(&f, captures, instructions);
  }
  followed_free(&f);
  return r;
}

static struct cap *itself(struct cap *c) { return c; }
static JSValue never(struct cap *c) { return JS_ThrowInternalError(guest.ctx, "a value is waited for"); }

struct value {
  struct cap cap;
  struct payload *payload;
};

static struct cap *value_call(struct cap *c, const struct web_path *path, struct payload *arguments) {
  struct payload *p = ((struct value *)c)->payload;
  return call_value(c, p->value, p, path, arguments);
}
static struct cap *value_map(struct cap *c, const struct web_path *path, struct captures *captures, JSValueConst f) {
  struct payload *p = ((struct value *)c)->payload;
  return map_value(p->value, p, path, captures, f);
}
static void value_dispose(struct cap *c) { payload_dispose(((struct value *)c)->payload); }
static void value_broken(struct cap *c, JSValueConst callback) {
  struct web_path path;
  struct payload *p = ((struct value *)c)->payload;
  if (web_stub_kind(p->value) == WEB_NO_STUB || endless()) return;
  struct cap *inner = web_stub_cap(p->value, &path);
  if (inner)
    inner->type->broken(inner, callback);
  else
    JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
}
static void value_free(struct hook *h) {
  payload_abandon(((struct value *)h)->payload);
  js_free(guest.ctx, h);
}
static const struct hook_type value_memory = {.release = value_free, .abandon = value_free};
static const char used_disposed[] = "Attempted to use an RPC StubHook after it was disposed.";
static const struct cap_type value_type = {value_call,    value_map,    itself,       never,
                                           value_dispose, value_broken, used_disposed};

struct cap *value_cap(struct payload *p) {
  struct value *v = p ? js_malloc(guest.ctx, sizeof *v) : NULL;
  if (!v) {
    payload_free(p);
    return NULL;
  }
  cap_init(&v->cap, &value_memory, &value_type);
  v->payload = p;
  return &v->cap;
}

struct payload *cap_payload(struct cap *c) {
  return c->type == &value_type ? ((struct value *)c)->payload : NULL;
}

/* ---- targets */

struct target {
  struct cap cap;
  JSValue object;
  enum target_kind kind;
  struct cap *resolved; /* of a thenable, once somebody waits for it */
};

static bool is_text(JSValueConst v, const char *text) {
  const char *s = JS_IsString(v) ? JS_ToCString(guest.ctx, v) : NULL;
  bool is = s && !strcmp(s, text);
  JS_FreeCString(guest.ctx, s);
  return is;
}

/* Of a WritableStream only its methods can be used. */
static struct cap *only_methods(const struct web_path *path, struct payload *arguments) {
  static const char *const methods[] = {"write", "close", "abort"};
  const char *name = path->count == 1 && JS_IsString(path->parts[0]) ? JS_ToCString(guest.ctx, path->parts[0]) : NULL;
  bool is_call = arguments, known = false;
  for (int i = 0; name && i < 3; i++) known |= !strcmp(name, methods[i]);
  if (is_call && known) {
    JS_FreeCString(guest.ctx, name);
    return NULL;
  }
  payload_free(arguments);
  if (!is_call)
    JS_ThrowPlainError(guest.ctx, "Cannot access properties on a WritableStream stub");
  else if (name)
    rpc_throw(RPC_ERROR, "Unknown WritableStream method: %s", name);
  else
    JS_ThrowPlainError(guest.ctx, "WritableStream stub only supports direct method calls");
  JS_FreeCString(guest.ctx, name);
  return failed_cap();
}

static struct cap *web_target_call(struct cap *c, const struct web_path *path, struct payload *arguments) {
  struct target *t = (struct target *)c;
  struct cap *refused = t->kind == TARGET_WRITABLE ? only_methods(path, arguments) : NULL;
  if (refused) return refused;
  if (t->kind == TARGET_WRITABLE) arguments->chunk = is_text(path->parts[0], "write");
  return call_value(c, t->object, NULL, path, arguments);
}
static struct cap *web_target_map(struct cap *c, const struct web_path *path, struct captures *captures,
                                  JSValueConst f) {
  if (((struct target *)c)->kind == TARGET_WRITABLE) {
    captures_free(captures);
    JS_ThrowPlainError(guest.ctx, "Cannot use map() on a WritableStream");
    return failed_cap();
  }
  return map_value(((struct target *)c)->object, NULL, path, captures, f);
}
static struct cap *web_target_final(struct cap *c) {
  struct target *t = (struct target *)c;
  if (t->kind != TARGET_THENABLE) return c;
  return t->resolved ? t->resolved->type->final(t->resolved) : NULL;
}
static JSValue web_target_when(struct cap *c) {
  struct target *t = (struct target *)c;
  if (!t->resolved) {
    t->resolved = promise_cap(promise_of(t->object), true, NULL);
    if (!t->resolved) return JS_EXCEPTION;
  }
  return t->resolved->type->when(t->resolved);
}
static void web_target_dispose(struct cap *c) { web_call_disposer(((struct target *)c)->object); }
static void web_target_broken(struct cap *c, JSValueConst callback) {
  struct target *t = (struct target *)c;
  if (t->kind != TARGET_THENABLE) return;
  JSValue when = web_target_when(c);
  if (JS_IsException(when))
    JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  else if (t->resolved)
    t->resolved->type->broken(t->resolved, callback);
  JS_FreeValue(guest.ctx, when);
}
static void web_target_free(struct hook *h) {
  struct target *t = (struct target *)h;
  if (t->resolved) cap_abandon(t->resolved);
  JS_FreeValue(guest.ctx, t->object);
  js_free(guest.ctx, h);
}
static const struct hook_type target_memory = {.release = web_target_free, .abandon = web_target_free};
static const struct cap_type target_type = {web_target_call,    web_target_map,    web_target_final, web_target_when,
                                            web_target_dispose, web_target_broken, used_disposed};

int not_a_value(struct cap *c) {
  bool writable = c->type == &target_type && ((struct target *)c)->kind == TARGET_WRITABLE;
  JS_ThrowPlainError(guest.ctx,
                     writable ? "Cannot pull a WritableStream stub" : "Tried to resolve a non-promise stub.");
  return -1;
}

struct cap *target_cap(JSValueConst object, enum target_kind kind) {
  struct target *t = js_malloc(guest.ctx, sizeof *t);
  if (!t) return NULL;
  cap_init(&t->cap, &target_memory, &target_type);
  t->object = JS_DupValue(guest.ctx, object);
  t->kind = kind;
  t->resolved = NULL;
  return &t->cap;
}
