/* engine_stack.h: the stacks of errors, as V8 writes them. Part of engine.c, after the engine's own source: it takes
 * the place of the engine's build_backtrace (scripts/patch-engine.mjs).
 *
 *   Name: message
 *       at f (module.js:1:2)
 *       at Class.method (module.js:3:4)
 *       at async g (module.js:5:6)
 *
 * Message and frames are taken when the error is made, the name when the stack is first asked for, since most classes
 * of errors set it after super(). So the stack of an error is an own accessor, not enumerable, that replaces itself by
 * the text; what it was told at the start lies in the error's object_data: ": message" if there is one, and the frames.
 *
 * Frames of the platform's own JavaScript, and built-ins that it called, are left out: to a Worker they are not
 * JavaScript. Below the last frame follow the async functions that await it. Error.stackTraceLimit and
 * Error.prepareStackTrace are read as own properties that hold data; name and message of the error may be anything, so
 * reading them may run a Worker's code.
 */
enum { STACK_FRAMES_MAX = 256, STACK_ASYNC_HOPS_MAX = 1000, STACK_PROTOTYPES_MAX = 64 };

static JSAtom stack_limit_atom, stack_prepare_atom, stack_platform_atom; /* 0 without engine_init_stacks */
static JSValue stack_getter, stack_setter;

struct stack_trace {
  JSContext *ctx;
  DynBuf text;
  JSCallSiteData *site; /* room for `limit`, instead of text, for Error.prepareStackTrace; or NULL */
  uint32_t count, limit;
};

/* What an own property of an object holds, borrowed; undefined when it is absent or not data. */
static JSValueConst stack_own_data(JSObject *p, JSAtom name) {
  JSProperty *pr;
  JSShapeProperty *prs = find_own_property(&pr, p, name);
  return prs && (prs->flags & JS_PROP_TMASK) == JS_PROP_NORMAL ? pr->u.value : JS_UNDEFINED;
}

static JSValueConst stack_inherited_data(JSValueConst object, JSAtom name) {
  JSObject *p = JS_VALUE_GET_OBJ(object);
  for (int i = 0; p && i < STACK_PROTOTYPES_MAX && p->class_id != JS_CLASS_PROXY; i++, p = p->shape->proto) {
    JSValueConst v = stack_own_data(p, name);
    if (!JS_IsUndefined(v)) return v;
  }
  return JS_UNDEFINED;
}

static bool stack_put_string(struct stack_trace *t, JSValueConst v, const char *after) {
  size_t n = 0;
  const char *s = JS_IsString(v) ? JS_ToCStringLen(t->ctx, &n, v) : NULL;
  bool some = s && n > 0;
  if (some) {
    dbuf_put(&t->text, (const uint8_t *)s, n);
    dbuf_putstr(&t->text, after);
  }
  JS_FreeCString(t->ctx, s);
  return some;
}

/* Of a DOMException what it was made with: name and message are accessors, which a Worker may have replaced. */
static JSValue stack_header_part(JSContext *ctx, JSValueConst error, JSAtom name) {
  JSDOMExceptionData *made = JS_GetOpaque(error, JS_CLASS_DOM_EXCEPTION);
  if (made) return js_dup(name == JS_ATOM_name ? made->name : made->message);
  JSValue v = JS_GetProperty(ctx, error, name);
  if (JS_IsUndefined(v) && name == JS_ATOM_name) v = JS_AtomToString(ctx, JS_ATOM_Error);
  if (!JS_IsUndefined(v) && !JS_IsObject(v) && !JS_IsSymbol(v)) v = JS_ToStringFree(ctx, v);
  if (JS_IsException(v)) JS_FreeValue(ctx, JS_GetException(ctx));
  return v;
}

/* ": message" before the frames */
static void stack_put_message(struct stack_trace *t, JSValueConst error) {
  JSValue message = stack_header_part(t->ctx, error, JS_ATOM_message);
  if (JS_IsString(message) && !JS_IsEmptyString(message)) {
    dbuf_putstr(&t->text, ": ");
    stack_put_string(t, message, "");
  }
  JS_FreeValue(t->ctx, message);
}

/* The stack from what stack_put_message began, which it takes over: as Error.prototype.toString. */
static JSValue stack_with_name(JSContext *ctx, JSValueConst error, JSValue rest) {
  JSValue name = stack_header_part(ctx, error, JS_ATOM_name);
  if (JS_IsString(name) && !JS_IsEmptyString(name)) return JS_ConcatString(ctx, name, rest);
  JS_FreeValue(ctx, name);
  size_t n;
  const char *s = JS_ToCStringLen(ctx, &n, rest), *from = s && *s == ':' ? s + 2 : s;
  JSValue stack = s ? JS_NewStringLen(ctx, from, n - (size_t)(from - s)) : JS_EXCEPTION;
  JS_FreeCString(ctx, s);
  JS_FreeValue(ctx, rest);
  return stack;
}

static JSValue get_stack(JSContext *ctx, JSValueConst this) {
  JSObject *p = JS_IsObject(this) ? JS_VALUE_GET_OBJ(this) : NULL;
  if (!p || p->class_id != JS_CLASS_ERROR || !JS_IsString(p->u.object_data)) return JS_UNDEFINED;
  JSValue stack = stack_with_name(ctx, this, js_dup(p->u.object_data));
  if (JS_IsException(stack)) return stack;
  JS_DefinePropertyValue(ctx, this, JS_ATOM_stack, js_dup(stack), JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
  return stack;
}

static JSValue set_stack(JSContext *ctx, JSValueConst this, JSValueConst value) {
  if (JS_IsObject(this) &&
      JS_DefinePropertyValue(ctx, this, JS_ATOM_stack, js_dup(value), JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE) < 0)
    return JS_EXCEPTION;
  return JS_UNDEFINED;
}

static JSFunctionBytecode *stack_bytecode(JSValueConst function) {
  JSObject *p = JS_VALUE_GET_OBJ(function);
  return js_class_has_bytecode(p->class_id) ? p->u.func.function_bytecode : NULL;
}

static bool stack_of_platform(const JSStackFrame *sf) {
  if (!engine_image_end) return false; /* who builds the image wants to see them */
  JSFunctionBytecode *b = sf && JS_IsObject(sf->cur_func) ? stack_bytecode(sf->cur_func) : NULL;
  return b && b->filename == stack_platform_atom;
}

static JSValueConst stack_name_of_class(JSContext *ctx, JSValueConst function) {
  return JS_IsFunction(ctx, function) ? stack_own_data(JS_VALUE_GET_OBJ(function), JS_ATOM_name) : JS_UNDEFINED;
}

static bool stack_is_class(JSValueConst function) {
  JSFunctionBytecode *b = stack_bytecode(function);
  return !b ? JS_VALUE_GET_OBJ(function)->is_constructor : b->source && !strncmp(b->source, "class", 5);
}

/* "Class." before the name of a method. Nothing when it was called on nothing, or for a getter or a private name. */
static void stack_put_receiver(struct stack_trace *t, JSValueConst on, const char *method) {
  JSContext *ctx = t->ctx;
  if (!strncmp(method, "get ", 4) || !strncmp(method, "set ", 4) || *method == '#') return;
  if (JS_IsString(on)) dbuf_putstr(&t->text, "String.");
  if (JS_IsNumber(on)) dbuf_putstr(&t->text, "Number.");
  if (!JS_IsObject(on) || JS_VALUE_GET_PTR(on) == JS_VALUE_GET_PTR(ctx->global_obj)) return;
  if (JS_IsFunction(ctx, on)) {
    if (!stack_is_class(on) || !stack_put_string(t, stack_name_of_class(ctx, on), "."))
      dbuf_putstr(&t->text, "Function.");
    return;
  }
  JSValueConst plain = stack_inherited_data(ctx->class_proto[JS_CLASS_OBJECT], JS_ATOM_constructor);
  JSValueConst ctor = stack_inherited_data(on, JS_ATOM_constructor);
  if (!js_same_value(ctx, ctor, plain) && stack_put_string(t, stack_name_of_class(ctx, ctor), ".")) return;
  JSValueConst tag = stack_inherited_data(on, JS_ATOM_Symbol_toStringTag);
  if (!stack_put_string(t, tag, ".")) dbuf_putstr(&t->text, "Object.");
}

static void stack_put_place(struct stack_trace *t, JSFunctionBytecode *b, const uint8_t *pc) {
  int column, line = find_line_num(t->ctx, b, pc ? (uint32_t)(pc - b->byte_code_buf - 1) : 0, &column);
  const char *file = b->filename ? JS_AtomToCString(t->ctx, b->filename) : NULL;
  dbuf_printf(&t->text, "%s:%d:%d", file ? file : "<anonymous>", line, column);
  JS_FreeCString(t->ctx, file);
}

static void stack_put_frame(struct stack_trace *t, const JSStackFrame *sf, bool async) {
  JSFunctionBytecode *b = stack_bytecode(sf->cur_func);
  const char *given = get_func_name(t->ctx, sf->cur_func), *name = given && *given != '<' ? given : "";
  dbuf_putstr(&t->text, async ? "\n    at async " : "\n    at ");
  bool bare = !*name && !sf->is_constructor;
  if (sf->is_constructor)
    dbuf_printf(&t->text, "new %s", *name ? name : "<anonymous>");
  else if (!bare) {
    stack_put_receiver(t, sf->called_on, name);
    dbuf_putstr(&t->text, name);
  }
  if (!bare) dbuf_putstr(&t->text, " (");
  if (b)
    stack_put_place(t, b, sf->cur_pc);
  else
    dbuf_putstr(&t->text, "<anonymous>");
  if (!bare) dbuf_putc(&t->text, ')');
  JS_FreeCString(t->ctx, given);
}

/* The platform's, a built-in that it called, perhaps through others (Function.prototype.call), or a template's. */
static bool stack_is_hidden(JSContext *ctx, const JSStackFrame *sf) {
  if (JS_VALUE_GET_PTR(sf->cur_func) == JS_VALUE_GET_PTR(engine_template_concat(ctx))) return true;
  while (sf && !stack_bytecode(sf->cur_func)) sf = sf->prev_frame;
  return !sf || stack_of_platform(sf);
}

static void stack_add(struct stack_trace *t, JSStackFrame *sf, bool async) {
  if (t->count >= t->limit || stack_is_hidden(t->ctx, sf)) return;
  if (t->site) {
    js_new_callsite_data(t->ctx, &t->site[t->count], sf);
    JS_FreeValue(t->ctx, t->site[t->count].func); /* code in strict mode is not handed out */
    t->site[t->count].func = JS_UNDEFINED;
  } else {
    stack_put_frame(t, sf, async);
  }
  t->count++;
}

/* The place in a source that could not be parsed; JSON has none. */
static void stack_add_place(struct stack_trace *t, const char *file, int line, int column) {
  if (t->count >= t->limit || !strcmp(file, "<input>")) return;
  if (t->site)
    js_new_callsite_data2(t->ctx, &t->site[t->count], file, line, column);
  else
    dbuf_printf(&t->text, "\n    at %s:%d:%d", file, line, column);
  t->count++;
}

/* The async function that awaits a promise, found through promises that follow it; NULL when there is none, or more
 * than one. */
static JSAsyncFunctionData *stack_awaiting(JSContext *ctx, JSValueConst promise) {
  for (int hops = 0; hops < STACK_ASYNC_HOPS_MAX; hops++) {
    JSPromiseData *s = JS_GetOpaque(promise, JS_CLASS_PROMISE);
    if (!s || s->promise_state != JS_PROMISE_PENDING || list_empty(&s->promise_reactions[0]) ||
        s->promise_reactions[0].next->next != &s->promise_reactions[0])
      return NULL;
    JSPromiseReactionData *reaction = list_entry(s->promise_reactions[0].next, JSPromiseReactionData, link);
    JSValueConst next = JS_IsFunction(ctx, reaction->handler) ? reaction->handler : reaction->resolving_funcs[0];
    if (!JS_IsObject(next)) return NULL;
    JSObject *p = JS_VALUE_GET_OBJ(next);
    if (p->class_id == JS_CLASS_ASYNC_FUNCTION_RESOLVE) return p->u.async_function_data;
    JSCFunctionDataRecord *data = JS_GetOpaque(next, JS_CLASS_C_FUNCTION_DATA);
    if (data && data->func == js_promise_all_resolve_element && JS_IsObject(data->data[3]))
      p = JS_VALUE_GET_OBJ(data->data[3]); /* the promise of Promise.all */
    if (p->class_id != JS_CLASS_PROMISE_RESOLVE_FUNCTION || !p->u.promise_function_data) return NULL;
    promise = p->u.promise_function_data->promise;
  }
  return NULL;
}

static void stack_add_awaiting(struct stack_trace *t, const JSStackFrame *last) {
  if (!last || !stack_bytecode(last->cur_func) || !last->cur_gc_obj || /* a built-in's frame has no such field set */
      JS_GC_TYPE(last->cur_gc_obj) != JS_GC_OBJ_TYPE_ASYNC_FUNCTION)
    return;
  JSAsyncFunctionData *s = (JSAsyncFunctionData *)last->cur_gc_obj;
  for (int hops = 0; hops < STACK_ASYNC_HOPS_MAX && t->count < t->limit; hops++) {
    if (!JS_IsObject(s->resolving_funcs[0])) return;
    JSObject *resolve = JS_VALUE_GET_OBJ(s->resolving_funcs[0]);
    if (resolve->class_id != JS_CLASS_PROMISE_RESOLVE_FUNCTION || !resolve->u.promise_function_data) return;
    s = stack_awaiting(t->ctx, resolve->u.promise_function_data->promise);
    if (!s || !s->is_active || !JS_IsObject(s->func_state.frame.cur_func)) return;
    stack_add(t, &s->func_state.frame, true);
  }
}

/* The frame below which a stack begins: the caller of `above`; for a constructor, of the class that is made. */
static JSStackFrame *stack_first(JSContext *ctx, JSValueConst above, bool skip_first) {
  JSStackFrame *sf = ctx->rt->current_stack_frame, *at;
  if (JS_IsFunction(ctx, above)) {
    while (sf && !js_same_value(ctx, sf->cur_func, above)) sf = sf->prev_frame;
    return sf ? sf->prev_frame : NULL;
  }
  if (!sf || !skip_first) return sf;
  if (!sf->is_constructor || !JS_IsObject(sf->called_on)) return sf->prev_frame; /* called_on: new.target */
  for (at = sf; at && !js_same_value(ctx, at->cur_func, sf->called_on); at = at->prev_frame) continue;
  return at ? at->prev_frame : NULL;
}

static void stack_add_frames(struct stack_trace *t, JSValueConst above, bool skip_first) {
  JSStackFrame *last = NULL;
  for (JSStackFrame *sf = stack_first(t->ctx, above, skip_first); sf; last = sf, sf = sf->prev_frame) {
    JSFunctionBytecode *b = stack_bytecode(sf->cur_func);
    stack_add(t, sf, false);
    if ((b && b->backtrace_barrier) || t->count >= t->limit) return;
  }
  stack_add_awaiting(t, last);
}

static JSValue stack_prepare(struct stack_trace *t, JSValueConst prepare, JSValueConst error) {
  JSValue sites = JS_NewArray(t->ctx);
  for (uint32_t i = 0; i < t->count; i++) {
    JSValue site = js_new_callsite(t->ctx, &t->site[i]);
    if (JS_IsException(site) || JS_DefinePropertyValueUint32(t->ctx, sites, i, site, JS_PROP_C_W_E) < 0) {
      JS_FreeValue(t->ctx, JS_GetException(t->ctx));
      JS_FreeValue(t->ctx, t->site[i].filename);
      JS_FreeValue(t->ctx, t->site[i].func_name);
    }
  }
  JSValueConst args[] = {error, sites};
  t->ctx->rt->in_build_stack_trace = true; /* errors that it makes itself get text */
  JSValue result = JS_Call(t->ctx, prepare, t->ctx->error_ctor, 2, args);
  t->ctx->rt->in_build_stack_trace = false;
  JS_FreeValue(t->ctx, sites);
  if (JS_IsException(result)) JS_FreeValue(t->ctx, JS_GetException(t->ctx));
  return JS_IsException(result) ? JS_UNDEFINED : result;
}

static JSValue stack_text(struct stack_trace *t) {
  JSValue text = dbuf_error(&t->text) ? JS_UNDEFINED : JS_NewStringLen(t->ctx, (char *)t->text.buf, t->text.size);
  if (JS_IsException(text)) JS_FreeValue(t->ctx, JS_GetException(t->ctx));
  return JS_IsException(text) ? JS_UNDEFINED : text;
}

/* *finished: the result is the stack and not what stack_with_name wants. */
static JSValue stack_capture(JSContext *ctx, JSValueConst error, JSValueConst above, const char *file, int line,
                             int column, int flags, bool *finished) {
  JSObject *ctor = JS_VALUE_GET_OBJ(ctx->error_ctor);
  JSValueConst limit = stack_limit_atom ? stack_own_data(ctor, stack_limit_atom) : JS_MKVAL(JS_TAG_INT, 10);
  JSValueConst prepare = stack_prepare_atom ? stack_own_data(ctor, stack_prepare_atom) : JS_UNDEFINED;
  double wanted;
  *finished = true;
  if (!JS_IsNumber(limit) || JS_ToFloat64(ctx, &wanted, limit)) return JS_UNDEFINED;
  struct stack_trace t = {.ctx = ctx, .limit = wanted >= STACK_FRAMES_MAX ? STACK_FRAMES_MAX : wanted > 0 ? wanted : 0};
  JSValue hold = js_dup(prepare); /* it may replace itself */
  if (JS_IsFunction(ctx, hold) && !ctx->rt->in_build_stack_trace)
    t.site = js_mallocz(ctx, sizeof *t.site * (t.limit + 1));
  js_dbuf_init(ctx, &t.text);
  if (!t.site) stack_put_message(&t, error);
  if (file) stack_add_place(&t, file, line, column);
  if (!file || !(flags & JS_BACKTRACE_FLAG_SINGLE_LEVEL))
    stack_add_frames(&t, above, flags & JS_BACKTRACE_FLAG_SKIP_FIRST_LEVEL);
  *finished = t.site != NULL;
  JSValue stack = t.site ? stack_prepare(&t, hold, error) : stack_text(&t);
  JS_FreeValue(ctx, hold);
  dbuf_free(&t.text);
  js_free(ctx, t.site);
  return stack;
}

/* Called by the engine with a new error, with one that is thrown, and for Error.captureStackTrace. */
static void build_backtrace(JSContext *ctx, JSValueConst error, JSValueConst above, const char *file, int line,
                            int column, int flags) {
  bool capture = flags & JS_BACKTRACE_FLAG_FILTER_FUNC, is_new = can_store_error_stack(error), finished;
  JS_FreeValue(ctx, ctx->error_back_trace);
  ctx->error_back_trace = JS_NULL; /* says to the engine that this throw has been looked at */
  if (JS_IsNull(ctx->error_ctor)) return;
  if (!capture && !is_new && !can_add_backtrace(error)) return;
  bool thrown = JS_HasException(ctx);
  JSValue object = js_dup(error), pending = thrown ? JS_GetException(ctx) : JS_UNDEFINED;
  JSValue stack = stack_capture(ctx, object, above, file, line, column, flags, &finished);
  if (is_new && !finished && JS_IsString(stack) && stack_limit_atom) {
    JS_VALUE_GET_OBJ(object)->u.object_data = stack;
    JS_DefineProperty(
        ctx, object, JS_ATOM_stack, JS_UNDEFINED, stack_getter, stack_setter,
        JS_PROP_HAS_GET | JS_PROP_HAS_SET | JS_PROP_CONFIGURABLE | JS_PROP_HAS_CONFIGURABLE | JS_PROP_HAS_ENUMERABLE);
  } else {
    if (is_new) JS_VALUE_GET_OBJ(object)->u.object_data = JS_TRUE; /* has had its stack */
    if (!finished && JS_IsString(stack)) stack = stack_with_name(ctx, object, stack);
    JS_DefinePropertyValue(ctx, object, JS_ATOM_stack, stack, JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
  }
  if (JS_HasException(ctx)) JS_FreeValue(ctx, JS_GetException(ctx));
  JS_FreeValue(ctx, object);
  if (thrown) JS_Throw(ctx, pending);
}

/* A CallSite as text: the frame without the class of a method. */
static JSValue site_to_string(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  JSCallSiteData *site = JS_GetOpaque2(ctx, this, JS_CLASS_CALL_SITE);
  if (!site) return JS_EXCEPTION;
  struct stack_trace t = {.ctx = ctx};
  js_dbuf_init(ctx, &t.text);
  if (site->constructor) dbuf_putstr(&t.text, "new ");
  bool named = stack_put_string(&t, site->func_name, " (");
  if (!stack_put_string(&t, site->filename, "")) dbuf_putstr(&t.text, "<anonymous>");
  if (!site->native) dbuf_printf(&t.text, ":%d:%d", site->line_num, site->col_num);
  if (named) dbuf_putc(&t.text, ')');
  JSValue text = stack_text(&t);
  dbuf_free(&t.text);
  return text;
}

enum site_answer { SITE_UNDEFINED, SITE_NULL, SITE_FALSE, SITE_TRUE };

static JSValue site_constant(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int answer) {
  return answer == SITE_UNDEFINED ? JS_UNDEFINED : answer == SITE_NULL ? JS_NULL : js_bool(answer == SITE_TRUE);
}

/* What V8's CallSite has besides the engine's own. */
static const JSCFunctionListEntry site_methods[] = {
    JS_CFUNC_DEF("toString", 0, site_to_string),
    JS_CFUNC_MAGIC_DEF("getScriptNameOrSourceURL", 0, js_callsite_getfield, offsetof(JSCallSiteData, filename)),
    JS_CFUNC_MAGIC_DEF("getThis", 0, site_constant, SITE_UNDEFINED),
    JS_CFUNC_MAGIC_DEF("getEvalOrigin", 0, site_constant, SITE_UNDEFINED),
    JS_CFUNC_MAGIC_DEF("getTypeName", 0, site_constant, SITE_NULL),
    JS_CFUNC_MAGIC_DEF("getMethodName", 0, site_constant, SITE_NULL),
    JS_CFUNC_MAGIC_DEF("getPromiseIndex", 0, site_constant, SITE_NULL),
    JS_CFUNC_MAGIC_DEF("isAsync", 0, site_constant, SITE_FALSE),
    JS_CFUNC_MAGIC_DEF("isEval", 0, site_constant, SITE_FALSE),
    JS_CFUNC_MAGIC_DEF("isPromiseAll", 0, site_constant, SITE_FALSE),
    JS_CFUNC_MAGIC_DEF("isToplevel", 0, site_constant, SITE_TRUE),
};

void engine_init_stacks(JSContext *ctx) {
  JSObject *ctor = JS_VALUE_GET_OBJ(ctx->error_ctor), *prototype = JS_VALUE_GET_OBJ(ctx->class_proto[JS_CLASS_ERROR]);
  JSCFunctionType get = {.getter = get_stack}, set = {.setter = set_stack};
  stack_limit_atom = JS_NewAtom(ctx, "stackTraceLimit");
  stack_prepare_atom = JS_NewAtom(ctx, "prepareStackTrace");
  stack_platform_atom = JS_NewAtom(ctx, "mayfly:platform");
  stack_getter = JS_NewCFunction2(ctx, get.generic, "stack", 0, JS_CFUNC_getter, 0);
  stack_setter = JS_NewCFunction2(ctx, set.generic, "stack", 1, JS_CFUNC_setter, 0);
  JS_SetPropertyFunctionList(ctx, ctx->class_proto[JS_CLASS_CALL_SITE], site_methods, countof(site_methods));
  delete_property(ctx, ctor, stack_limit_atom);
  delete_property(ctx, ctor, stack_prepare_atom);
  delete_property(ctx, prototype, JS_ATOM_stack);
  JS_DefinePropertyValue(ctx, ctx->error_ctor, stack_limit_atom, JS_NewInt32(ctx, 10), JS_PROP_C_W_E);
}
