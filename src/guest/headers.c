/* headers.c: the class Headers, over a list (lists.h). What is called for every header is here; iteration and the rest
 * is in web/headers.js, which also fills a new list from what a Worker gave (`fill`). */
#include "guest/guest.h"
#include "guest/lists.h"

struct headers {
  JSValue list;
  bool immutable;
};

static JSClassID headers_class;
static JSValue fill; /* (list, init), throws when init is nothing that can be headers */

static void headers_finalize(JSRuntime *rt, JSValueConst v) {
  struct headers *h = JS_GetOpaque(v, headers_class);
  if (h) JS_FreeValueRT(rt, h->list);
  js_free_rt(rt, h);
}

static void headers_mark(JSRuntime *rt, JSValueConst v, JS_MarkFunc *mark) {
  struct headers *h = JS_GetOpaque(v, headers_class);
  if (h) JS_MarkValue(rt, h->list, mark);
}

/* Takes the object and the list over. */
static JSValue make(JSContext *ctx, JSValue object, JSValue list, bool immutable) {
  struct headers *h = JS_IsException(object) || JS_IsException(list) ? NULL : js_malloc(ctx, sizeof *h);
  if (!h) {
    JS_FreeValue(ctx, object);
    JS_FreeValue(ctx, list);
    return JS_EXCEPTION;
  }
  *h = (struct headers){.list = list, .immutable = immutable};
  JS_SetOpaque(object, h);
  return object;
}

static JSValue construct(JSContext *ctx, JSValueConst new_target, int argc, JSValueConst *argv) {
  if (JS_IsUndefined(new_target))
    return JS_ThrowTypeError(ctx,
                             "Failed to construct 'Headers': Please use the 'new' operator, this object "
                             "constructor cannot be called as a function.");
  JSValue list = JS_NewArray(ctx);
  if (argc > 0 && !JS_IsUndefined(argv[0])) {
    JSValueConst args[] = {list, argv[0]};
    JSValue r = JS_Call(ctx, fill, JS_UNDEFINED, 2, args);
    if (JS_IsException(r)) JS_FreeValue(ctx, list), list = r;
  }
  return make(ctx, engine_create(ctx, new_target, headers_class), list, false);
}

enum method { GET, HAS, APPEND, SET, DELETE };
static const struct {
  const char *name;
  int arguments;
  bool changes;
} methods[] = {
    [GET] = {"get", 1, false}, [HAS] = {"has", 1, false},      [APPEND] = {"append", 2, true},
    [SET] = {"set", 2, true},  [DELETE] = {"delete", 1, true},
};

static JSValue read_or_delete(JSContext *ctx, struct headers *h, enum method which, JSValueConst given) {
  JSValue name = header_name(ctx, given), r = JS_UNDEFINED;
  if (JS_IsException(name)) return name;
  if (which == GET)
    r = list_get(ctx, h->list, name);
  else if (which == HAS)
    r = JS_NewBool(ctx, list_has(ctx, h->list, name));
  else if (list_delete(ctx, h->list, name))
    r = JS_EXCEPTION;
  JS_FreeValue(ctx, name);
  return r;
}

/* Both become strings first, then the value is checked, then the name. */
static JSValue change(JSContext *ctx, struct headers *h, enum method which, JSValueConst *argv) {
  JSValue text = JS_ToString(ctx, argv[0]), value = JS_IsException(text) ? text : header_value(ctx, argv[1]);
  JSValue name = JS_IsException(value) ? value : header_name(ctx, text);
  JS_FreeValue(ctx, text);
  if (JS_IsException(name)) {
    JS_FreeValue(ctx, value);
    return name;
  }
  return (which == SET ? list_set : list_append)(ctx, h->list, name, value) ? JS_EXCEPTION : JS_UNDEFINED;
}

static JSValue method(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int which) {
  struct headers *h = JS_GetOpaque(this, headers_class);
  if (!h) return engine_illegal_invocation(ctx), JS_EXCEPTION;
  if (argc < methods[which].arguments)
    return JS_ThrowTypeError(ctx, "Failed to execute '%s' on 'Headers': parameter %d is not of type 'string'.",
                             methods[which].name, argc + 1);
  if (methods[which].changes && h->immutable) return JS_ThrowTypeError(ctx, "Can't modify immutable headers.");
  if (which == SET || which == APPEND) return change(ctx, h, (enum method)which, argv);
  return read_or_delete(ctx, h, (enum method)which, argv[0]);
}

/* headersNew(list, immutable): over this very list */
static JSValue native_new(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return make(ctx, JS_NewObjectClass(ctx, headers_class), JS_DupValue(ctx, argv[0]), JS_ToBool(ctx, argv[1]));
}

/* illegalInvocation(): throws */
static JSValue native_illegal(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return engine_illegal_invocation(ctx), JS_EXCEPTION;
}

/* headersList(value) -> its list, shared and not copied; null when it is no Headers */
static JSValue native_list(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct headers *h = JS_GetOpaque(argv[0], headers_class);
  return h ? JS_DupValue(ctx, h->list) : JS_NULL;
}

static JSValue native_immutable(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct headers *h = JS_GetOpaque(argv[0], headers_class);
  return JS_NewBool(ctx, h && h->immutable);
}

/* headersClass(fill) -> the constructor */
static JSValue native_class(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  static const JSClassDef definition = {"Headers", .finalizer = headers_finalize, .gc_mark = headers_mark};
  JS_NewClassID(guest.rt, &headers_class);
  if (JS_NewClass(guest.rt, headers_class, &definition)) return JS_EXCEPTION;
  fill = JS_DupValue(ctx, argv[0]);
  JSValue prototype = JS_NewObject(ctx);
  for (int i = GET; i <= DELETE; i++) {
    JSValue f = JS_NewCFunctionMagic(ctx, method, methods[i].name, methods[i].arguments, JS_CFUNC_generic_magic, i);
    JS_SetPropertyStr(ctx, prototype, methods[i].name, f);
  }
  JSValue constructor = JS_NewCFunction2(ctx, construct, "Headers", 0, JS_CFUNC_constructor_or_func, 0);
  JS_SetConstructor(ctx, constructor, prototype);
  JS_SetClassProto(ctx, headers_class, prototype);
  return constructor;
}

void headers_init(JSContext *ctx, JSValueConst native) {
  JS_SetPropertyStr(ctx, native, "headersClass", JS_NewCFunction(ctx, native_class, "headersClass", 1));
  JS_SetPropertyStr(ctx, native, "headersNew", JS_NewCFunction(ctx, native_new, "headersNew", 2));
  JS_SetPropertyStr(ctx, native, "illegalInvocation", JS_NewCFunction(ctx, native_illegal, "illegalInvocation", 0));
  JS_SetPropertyStr(ctx, native, "headersList", JS_NewCFunction(ctx, native_list, "headersList", 1));
  JS_SetPropertyStr(ctx, native, "headersImmutable", JS_NewCFunction(ctx, native_immutable, "headersImmutable", 1));
}
