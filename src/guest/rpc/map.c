/* map.c: map() of Cap'n Web: a function is called once, with a placeholder, and what it does with that is recorded as
 * instructions, which the other side runs on every element. See web.h.
 *
 * In instructions 0 is the input, k the result of instruction k, -k the capture k.
 */
#include "guest/rpc/web.h"

/* One function that is being recorded. It outlives that as long as its variables do. */
struct builder {
  struct hook memory;
  struct builder *parent; /* memory; of a map() inside of another */
  struct cap *subject;    /* a use; NULL: `outer` in the parent */
  int32_t outer;
  struct captures captures; /* of the outermost; uses */
  JSValue outer_captures;   /* of others: indices in the parent */
  struct cap **known;       /* memory; by capture */
  uint32_t count;
  JSValue instructions;
};

struct variable {
  struct cap cap;
  struct builder *builder; /* memory */
  int32_t index;
};

static struct builder *recording;
static const struct cap_type variable_type;

bool map_recording(void) { return recording != NULL; }

static void builder_free(struct hook *h) {
  struct builder *b = (struct builder *)h;
  if (b->parent) hook_release(&b->parent->memory);
  if (b->subject) cap_abandon(b->subject);
  captures_abandon(&b->captures);
  for (uint32_t i = 0; i < b->count; i++)
    if (b->known[i]) hook_release(&b->known[i]->memory);
  js_free(guest.ctx, b->known);
  JS_FreeValue(guest.ctx, b->outer_captures);
  JS_FreeValue(guest.ctx, b->instructions);
  js_free(guest.ctx, b);
}
static const struct hook_type builder_memory = {.release = builder_free, .abandon = builder_free};

/* ---- variables */

static struct cap *placeholder_used(void) {
  JS_ThrowPlainError(guest.ctx,
                     "Attempted to use an abstract placeholder from a mapper function. Please make sure your "
                     "map function has no side effects.");
  return NULL;
}

static struct cap *push_read(struct builder *b, struct cap *c, const struct web_path *path);

static struct cap *variable_call(struct cap *c, const struct web_path *path, struct payload *arguments) {
  if (arguments) {
    payload_free(arguments);
    return placeholder_used();
  }
  if (!path->count) return cap_use(c);
  return recording ? push_read(recording, c, path) : placeholder_used();
}
static struct cap *variable_map(struct cap *c, const struct web_path *path, struct captures *captures, JSValueConst f) {
  captures_free(captures);
  return placeholder_used();
}
static struct cap *variable_final(struct cap *c) { return NULL; }
static JSValue variable_when(struct cap *c) { return placeholder_used(), JS_EXCEPTION; }
static void variable_dispose(struct cap *c) { (void)c; }
static void variable_broken(struct cap *c, JSValueConst callback) { placeholder_used(); }
static void variable_free(struct hook *h) {
  hook_release(&((struct variable *)h)->builder->memory);
  js_free(guest.ctx, h);
}
static const struct hook_type variable_memory = {.release = variable_free, .abandon = variable_free};
static const struct cap_type variable_type = {
    variable_call, variable_map, variable_final, variable_when, variable_dispose, variable_broken, NULL};

static struct cap *variable_new(struct builder *b, int32_t index) {
  struct variable *v = js_malloc(guest.ctx, sizeof *v);
  if (!v) return NULL;
  cap_init(&v->cap, &variable_memory, &variable_type);
  hook_hold(&b->memory);
  v->builder = b;
  v->index = index;
  return &v->cap;
}

static int32_t instruction_count(const struct builder *b) {
  JSValue *list;
  return (int32_t)engine_array(b->instructions, &list);
}

/* ---- captures */

/* 0: exception. Else the (negative) index of a new capture of this cap. */
static int capture(struct builder *b, struct cap *c, bool fresh, int32_t *index);

static int capture_new(struct builder *b, struct cap *c, bool fresh, int32_t *index) {
  struct cap **known = js_realloc(guest.ctx, b->known, (b->count + 1) * sizeof *known);
  if (!known) return -1;
  b->known = known;
  if (b->parent) {
    int32_t outer;
    if (capture(b->parent, c, fresh, &outer)) return -1;
    if (engine_array_push(guest.ctx, b->outer_captures, JS_NewInt32(guest.ctx, outer))) return -1;
  } else {
    struct cap **caps = js_realloc(guest.ctx, b->captures.caps, (b->count + 1) * sizeof *caps);
    if (!caps) return -1;
    b->captures.caps = caps;
    caps[b->captures.count++] = cap_dup(c);
  }
  b->known[b->count++] = fresh ? NULL : (struct cap *)hook_hold(&c->memory);
  *index = -(int32_t)b->count;
  return 0;
}

static int capture(struct builder *b, struct cap *c, bool fresh, int32_t *index) {
  struct variable *v = (struct variable *)c;
  if (c->type == &variable_type && v->builder == b) {
    *index = v->index;
    return 0;
  }
  for (uint32_t i = 0; i < b->count && (!fresh || c->type == &variable_type); i++)
    if (b->known[i] == c) {
      *index = -(int32_t)i - 1;
      return 0;
    }
  return capture_new(b, c, fresh && c->type != &variable_type, index);
}

/* ---- values in instructions */

static int map_import(void *arg, struct cap *c, int32_t *id) { return capture(arg, c, false, id) ? -1 : 1; }
static int map_export(void *arg, struct cap *c, bool promise, int32_t *id) {
  cap_release(c);
  JS_ThrowPlainError(guest.ctx,
                     "Can't construct an RpcTarget or RPC callback inside a mapper function. Try creating a "
                     "new RpcStub outside the callback first, then using it inside the callback.");
  return -1;
}
static void map_unexport(void *arg, int32_t id) { (void)arg, (void)id; }
static int map_pipe(void *arg, JSValueConst readable, int32_t *id) {
  JS_ThrowPlainError(guest.ctx, "Cannot send ReadableStream inside a mapper function.");
  return -1;
}

static struct exporter exporter_of(struct builder *b) {
  return (struct exporter){b, map_import, map_export, map_unexport, map_pipe, NULL};
}

static JSValue path_array(const struct web_path *path) {
  JSValue list = JS_NewArray(guest.ctx);
  for (uint32_t i = 0; i < path->count; i++) engine_array_push(guest.ctx, list, JS_DupValue(guest.ctx, path->parts[i]));
  return list;
}

/* ["pipeline", subject, path, arguments?] is the next instruction; arguments (taken over) undefined: a read. */
static struct cap *push_use(struct builder *b, struct cap *c, const struct web_path *path, JSValue arguments) {
  int32_t subject;
  JSValue made = JS_NewArray(guest.ctx);
  if (capture(b, c, true, &subject)) {
    JS_FreeValue(guest.ctx, arguments);
    JS_FreeValue(guest.ctx, made);
    return NULL;
  }
  engine_array_push(guest.ctx, made, JS_NewString(guest.ctx, "pipeline"));
  engine_array_push(guest.ctx, made, JS_NewInt32(guest.ctx, subject));
  engine_array_push(guest.ctx, made, path_array(path));
  if (!JS_IsUndefined(arguments)) engine_array_push(guest.ctx, made, arguments);
  if (engine_array_push(guest.ctx, b->instructions, made)) return NULL;
  return variable_new(b, instruction_count(b));
}

static struct cap *push_read(struct builder *b, struct cap *c, const struct web_path *path) {
  return push_use(b, c, path, JS_UNDEFINED);
}

struct cap *map_call(struct cap *c, const struct web_path *path, struct payload *arguments) {
  struct sink out;
  struct exporter to = exporter_of(recording);
  sink_init(&out, LEVEL_JSON);
  int bad = web_write_list(&out, &to, arguments->value, arguments);
  JSValue list = bad ? JS_EXCEPTION : sink_value(&out);
  sink_free(&out);
  payload_free(arguments);
  return JS_IsException(list) ? NULL : push_use(recording, c, path, list);
}

/* ---- recording */

static struct builder *builder_new(struct cap *subject) {
  struct builder *b = js_malloc(guest.ctx, sizeof *b);
  if (!b) return NULL;
  *b = (struct builder){.memory = {&builder_memory, 1}};
  b->instructions = JS_NewArray(guest.ctx);
  b->outer_captures = JS_NewArray(guest.ctx);
  if (recording) {
    b->parent = (struct builder *)hook_hold(&recording->memory);
    if (!capture(recording, subject, false, &b->outer)) return b;
    hook_release(&b->memory);
    return NULL;
  }
  b->subject = cap_use(subject);
  return b;
}

/* What the function returned is the last instruction. */
static int push_result(struct builder *b, JSValueConst result) {
  struct sink out;
  struct exporter to = exporter_of(b);
  struct payload *p = payload_new(JS_DupValue(guest.ctx, result), PAYLOAD_RETURN);
  if (!p) return -1;
  sink_init(&out, LEVEL_JSON);
  int bad = web_write(&out, &to, p->value, p);
  JSValue made = bad ? JS_EXCEPTION : sink_value(&out);
  sink_free(&out);
  payload_free(p);
  return JS_IsException(made) ? -1 : engine_array_push(guest.ctx, b->instructions, made);
}

static struct cap *nested(struct builder *b, const struct web_path *path) {
  JSValue made = JS_NewArray(guest.ctx), captures = JS_NewArray(guest.ctx), *outer;
  uint32_t n = engine_array(b->outer_captures, &outer);
  for (uint32_t i = 0; i < n; i++) {
    JSValue one = JS_NewArray(guest.ctx);
    engine_array_push(guest.ctx, one, JS_NewString(guest.ctx, "import"));
    engine_array_push(guest.ctx, one, JS_DupValue(guest.ctx, outer[i]));
    engine_array_push(guest.ctx, captures, one);
  }
  engine_array_push(guest.ctx, made, JS_NewString(guest.ctx, "remap"));
  engine_array_push(guest.ctx, made, JS_NewInt32(guest.ctx, b->outer));
  engine_array_push(guest.ctx, made, path_array(path));
  engine_array_push(guest.ctx, made, captures);
  engine_array_push(guest.ctx, made, JS_DupValue(guest.ctx, b->instructions));
  if (engine_array_push(guest.ctx, b->parent->instructions, made)) return NULL;
  return variable_new(b->parent, instruction_count(b->parent));
}

static struct cap *finish(struct builder *b, const struct web_path *path, JSValueConst result) {
  if (push_result(b, result)) return NULL;
  if (b->parent) return nested(b, path);
  struct captures captures = b->captures;
  b->captures = (struct captures){NULL, 0};
  return b->subject->type->map(b->subject, path, &captures, b->instructions);
}

JSValue map_send(struct cap *c, const struct web_path *path, JSValueConst function) {
  struct builder *b = builder_new(c), *before = recording;
  struct cap *input = b ? variable_new(b, 0) : NULL, *made = NULL;
  if (!input) {
    if (b) hook_release(&b->memory);
    return JS_EXCEPTION;
  }
  JSValue argument = web_stub_new(input, true);
  recording = b;
  JSValue result = JS_IsException(argument) ? JS_EXCEPTION
                                            : JS_Call(guest.ctx, function, JS_UNDEFINED, 1, (JSValueConst *)&argument);
  recording = before;
  if (!JS_IsException(result)) made = finish(b, path, result);
  JS_FreeValue(guest.ctx, result);
  JS_FreeValue(guest.ctx, argument);
  if (b->subject) cap_release(b->subject);
  b->subject = NULL;
  hook_release(&b->memory);
  return made ? web_stub_new(made, true) : JS_EXCEPTION;
}

/* ---- replay */

struct applied {
  struct captures *captures;
  struct cap **variables; /* uses */
  uint32_t count;
};

static struct cap *apply_import(void *arg, int32_t id, bool promise) {
  JS_ThrowPlainError(guest.ctx, "A mapper function cannot refer to exports.");
  return NULL;
}
static struct cap *apply_named(void *arg, double id) {
  struct applied *a = arg;
  if (id < 0) return -id <= a->captures->count && id == (int32_t)id ? a->captures->caps[(uint32_t)-id - 1] : NULL;
  return id < a->count && id == (uint32_t)id ? a->variables[(uint32_t)id] : NULL;
}
static JSValue apply_readable(void *arg, int32_t id) {
  return JS_ThrowPlainError(guest.ctx, "A mapper function cannot use pipe readables.");
}

/* A copy of parsed JSON, which reading changes in place. */
static JSValue copy_tree(JSValueConst v) {
  if (!JS_IsObject(v)) return JS_DupValue(guest.ctx, v);
  JSValue text = JS_JSONStringify(guest.ctx, v, JS_UNDEFINED, JS_UNDEFINED);
  size_t n;
  const char *s = JS_IsException(text) ? NULL : JS_ToCStringLen(guest.ctx, &n, text);
  JSValue copy = s ? JS_ParseJSON(guest.ctx, s, n, "instructions") : JS_EXCEPTION;
  JS_FreeCString(guest.ctx, s);
  JS_FreeValue(guest.ctx, text);
  return copy;
}

static int step(struct applied *a, const struct importer *from, JSValueConst instruction) {
  JSValue tree = copy_tree(instruction);
  if (JS_IsException(tree)) return -1;
  struct payload *p = web_read(from, tree);
  if (!p) return -1;
  struct cap *c = NULL;
  struct web_path path;
  if (web_stub_kind(p->value) != WEB_NO_STUB) {
    struct cap *inner = web_stub_cap(p->value, &path);
    c = inner ? cap_use(inner) : NULL;
    payload_free(p);
  } else {
    c = value_cap(p);
  }
  if (!c) return -1;
  a->variables[a->count++] = c;
  return 0;
}

/* Instructions on one value; a use. NULL: exception. */
static struct payload *apply_one(struct cap *input, struct captures *captures, JSValueConst instructions) {
  JSValue *list;
  uint32_t n = engine_array(instructions, &list);
  struct applied a = {captures, js_malloc(guest.ctx, (n + 1) * sizeof *a.variables), 0};
  struct importer from = {&a, apply_import, apply_named, apply_readable, WEB_DEPTH_MAX, WEB_BIGINT_MAX, LEVEL_STRING};
  struct payload *result = NULL;
  if (!a.variables) {
    cap_release(input);
    return NULL;
  }
  a.variables[a.count++] = input;
  int bad = 0;
  if (!n) JS_ThrowPlainError(guest.ctx, "Invalid empty mapper function."), bad = -1;
  for (uint32_t i = 0; i + 1 < n && !bad; i++) {
    bad = step(&a, &from, list[i]);
    n = engine_array(instructions, &list);
  }
  JSValue tree = bad ? JS_EXCEPTION : copy_tree(list[n - 1]);
  if (!JS_IsException(tree)) result = web_read(&from, tree);
  JSValue error = result ? JS_UNDEFINED : JS_GetException(guest.ctx);
  while (a.count) cap_release(a.variables[--a.count]);
  js_free(guest.ctx, a.variables);
  if (!result) JS_Throw(guest.ctx, error);
  return result;
}

/* Adds an element's result to the array's. */
static int gather(struct payload *all, struct payload *one) {
  JSValue *list;
  if (payload_copy(one)) return -1;
  uint32_t at = engine_array(all->value, &list), n = JS_IsObject(one->stubs) ? engine_array(one->stubs, &list) : 0;
  if (engine_array_push(guest.ctx, all->value, JS_DupValue(guest.ctx, one->value))) return -1;
  for (uint32_t i = 0; i < n; i++)
    if (payload_own_stub(all, list[i])) return -1;
  n = JS_IsObject(one->places) ? engine_array(one->places, &list) : 0;
  for (uint32_t i = 0; i + 2 < n; i += 3) {
    bool root = JS_IsUndefined(list[i]);
    JSValue index = JS_NewUint32(guest.ctx, at);
    if (payload_own_place(all, root ? (JSValueConst)all->value : list[i], root ? (JSValueConst)index : list[i + 1],
                          list[i + 2]))
      return -1;
  }
  JS_FreeValue(guest.ctx, one->stubs);
  one->stubs = JS_UNDEFINED; /* they are the whole's now */
  return 0;
}

static struct payload *apply_array(const struct followed *f, struct captures *captures, JSValueConst instructions) {
  struct payload *all = payload_new(JS_NewArray(guest.ctx), PAYLOAD_OWNED);
  int64_t n;
  int bad = !all || JS_GetLength(guest.ctx, f->value, &n) ? -1 : 0;
  for (int64_t i = 0; !bad && i < n; i++) {
    JSValue element = JS_GetPropertyInt64(guest.ctx, f->value, i);
    struct cap *input = JS_IsException(element) ? NULL : web_copy(element, f->owner);
    JS_FreeValue(guest.ctx, element);
    struct payload *one = input ? apply_one(input, captures, instructions) : NULL;
    bad = one ? gather(all, one) : -1;
    if (!bad || one) payload_free(one);
  }
  if (!bad) return all;
  JSValue error = JS_GetException(guest.ctx);
  payload_free(all);
  JS_Throw(guest.ctx, error);
  return NULL;
}

struct cap *map_apply(struct followed *f, struct captures *captures, JSValueConst instructions) {
  struct payload *p = NULL;
  if (web_type_of(f->value) == WEB_ARRAY) {
    p = apply_array(f, captures, instructions);
  } else if (JS_IsNull(f->value) || JS_IsUndefined(f->value)) {
    p = payload_new(JS_DupValue(guest.ctx, f->value), PAYLOAD_RETURN);
  } else {
    struct cap *input = web_copy(f->value, f->owner);
    if (input) p = apply_one(input, captures, instructions);
  }
  struct cap *c = p ? value_cap(p) : failed_cap();
  captures_free(captures);
  return c ? c : failed_cap();
}
