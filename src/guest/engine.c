/* engine.c: QuickJS-ng, and the functions of engine.h that need its insides.
 *
 * Objects of the image are immortal: their reference counts are not kept. Otherwise a look at a prototype or a call of
 * a built-in would write to its page, and a small run would dirty as many pages for counts as for everything else. The
 * engine's one macro for the count, JS_REF_COUNT, is replaced by the one below: whatever lies below engine_image_end
 * counts in one common word that never comes near zero. So nothing that the engine allocates after the image was taken
 * may lie below it: see isolate_malloc and fresh_arenas.
 *
 * A frame is an object, or none, that follows the code that is running (AsyncLocalStorage keeps its values there): each
 * job runs in the frame in which it was made, and a promise's reaction in the one in which then() or await asked for
 * it. The engine has no hook for await, so its jobs and reactions are given a field, and the places that make, run and
 * free them call the functions below. Nothing but a null pointer is written where no frame was ever set.
 *
 * The stacks of errors are written by engine_stack.h in place of the engine's own function, with the receiver noted in
 * each of the engine's stack frames, and the place of a call as V8 has it.
 *
 * scripts/patch-engine.mjs makes these replacements and stops the build when the source is not as expected.
 */

#include <ctype.h>
#include <malloc.h>

#include "guest/engine.h"

static uintptr_t engine_image_end; /* 0 until the image is taken */
static int engine_immortal = 1 << 30;
#define ENGINE_REF_COUNT(p) (*((uintptr_t)(p) < engine_image_end ? &engine_immortal : &js_rc(p)->ref_count))

static JSObject *engine_frame; /* the one of the running code; owned */
static JSObject *engine_hold_frame(void);
static void engine_drop_frame(JSRuntime *rt, JSObject *frame);
static void engine_mark_frame(JSRuntime *rt, JSObject *frame, JS_MarkFunc *mark_func);
static void engine_swap_frame(JSRuntime *rt, JSObject *frame);
static int engine_enqueue(JSContext *ctx, JSJobFunc *job, int argc, JSValueConst *argv, JSObject *frame);

static JSValue engine_no_private(JSContext *ctx, JSAtom name);
static void engine_no_brand(JSContext *ctx);
static uint32_t engine_mix(uint32_t h);
static bool engine_json_inside(JSValueConst stack, JSValueConst object);
static JSValue engine_json_number(const uint8_t *from, const uint8_t *end);
static int engine_json_put(JSContext *ctx, JSValueConst object, JSAtom name, JSValue v);
static bool engine_function_properties(JSContext *ctx, JSValue f, JSAtom name, int length);
static void engine_mark_shapes(JSRuntime *rt, JSContext *ctx, JS_MarkFunc *mark_func);
static void engine_free_shapes(JSContext *ctx);
static void engine_not_new(JSContext *ctx);

static char *engine_source(JSContext *ctx, const char *text, int *length);
static bool engine_importing; /* import() is looking for its module */

static JSValue engine_template_concat(JSContext *ctx);

static void build_backtrace(JSContext *ctx, JSValueConst error, JSValueConst above, const char *file, int line,
                            int column, int flags);

/* Whether what ends here, in a text from `start`, is a name, and no private one: for the parser's idea of where a call
 * is. */
static bool engine_ends_name(const uint8_t *start, const uint8_t *end) {
  const uint8_t *p = end;
  while (p > start && (p[-1] == '_' || p[-1] == '$' || p[-1] >= 0x80 || isalnum(p[-1]))) p--;
  return p < end && (p == start || p[-1] != '#');
}

#include "quickjs.c" /* as patched */

/* What puts the parts of a template together: a function that no Worker reaches. Borrowed. */
static JSValue engine_template_concat(JSContext *ctx) {
  if (!JS_IsObject(ctx->engine_concat)) ctx->engine_concat = JS_NewCFunction(ctx, js_string_concat, "concat", 1);
  return ctx->engine_concat;
}

#include "guest/engine_stack.h"

static bool of_image(const void *p) { return (uintptr_t)p < engine_image_end; }

/* The engine's memory after the image was taken lies above it, even where the image's own has been freed. */
static void *isolate_malloc(void *opaque, size_t size) {
  void *p = malloc(size);
  while (p && of_image(p)) p = malloc(size);
  return p;
}

static void *isolate_calloc(void *opaque, size_t count, size_t size) {
  void *p = size && count > SIZE_MAX / size ? NULL : isolate_malloc(opaque, count * size);
  if (p) memset(p, 0, count * size);
  return p;
}

static void isolate_free(void *opaque, void *p) {
  if (!of_image(p)) free(p);
}

static void *isolate_realloc(void *opaque, void *p, size_t size) {
  if (!p) return isolate_malloc(opaque, size);
  size_t had = malloc_usable_size(p);
  void *q = of_image(p) ? p : realloc(p, size);
  if (!q || !of_image(q)) return q;
  void *outside = isolate_malloc(opaque, size);
  if (outside) memcpy(outside, q, had < size ? had : size);
  return outside;
}

JSRuntime *engine_new_runtime(void) {
  static const JSMallocFunctions functions = {isolate_calloc, isolate_malloc, isolate_free, isolate_realloc,
                                              (size_t(*)(const void *))malloc_usable_size};
  return JS_NewRuntime2(&functions, NULL);
}

/* A function's source text for its toString(); none for what is in the image. */
static char *engine_source(JSContext *ctx, const char *text, int *length) {
  if (!engine_image_end) *length = 0;
  return js_strndup(ctx, text, (size_t)*length);
}

/* One more reference to the current frame. */
static inline JSObject *engine_hold_frame(void) {
  if (unlikely(engine_frame != NULL)) js_dup(JS_MKPTR(JS_TAG_OBJECT, engine_frame));
  return engine_frame;
}

static inline void engine_drop_frame(JSRuntime *rt, JSObject *frame) {
  if (unlikely(frame != NULL)) JS_FreeValueRT(rt, JS_MKPTR(JS_TAG_OBJECT, frame));
}

static inline void engine_mark_frame(JSRuntime *rt, JSObject *frame, JS_MarkFunc *mark_func) {
  if (unlikely(frame != NULL)) JS_MarkValue(rt, JS_MKPTR(JS_TAG_OBJECT, frame), mark_func);
}

/* Makes a frame the current one, and takes the reference over. */
static inline void engine_swap_frame(JSRuntime *rt, JSObject *frame) {
  JSObject *before = engine_frame;
  if (likely(before == NULL && frame == NULL)) return;
  engine_frame = frame;
  engine_drop_frame(rt, before);
}

/* A job that will run in this frame. */
static int engine_enqueue(JSContext *ctx, JSJobFunc *job, int argc, JSValueConst *argv, JSObject *frame) {
  JSObject *current = engine_frame;
  engine_frame = frame;
  int r = JS_EnqueueJob(ctx, job, argc, argv);
  engine_frame = current;
  return r;
}

JSValue engine_get_frame(JSContext *ctx) {
  JSObject *frame = engine_hold_frame();
  return frame ? JS_MKPTR(JS_TAG_OBJECT, frame) : JS_UNDEFINED;
}

void engine_set_frame(JSContext *ctx, JSValueConst frame) {
  JSValue held = JS_IsObject(frame) ? js_dup(frame) : JS_UNDEFINED;
  engine_swap_frame(ctx->rt, JS_IsObject(held) ? JS_VALUE_GET_OBJ(held) : NULL);
}

static struct list_head sealed; /* GC objects of the image, out of the collector's sight */

static bool depends_on_seed(JSGCObjectHeader *gp) {
  if (JS_GC_TYPE(gp) != JS_GC_OBJ_TYPE_JS_OBJECT) return false;
  JSObject *p = (JSObject *)gp;
  if (p->class_id < JS_CLASS_MAP || p->class_id > JS_CLASS_WEAKSET) return false;
  return p->u.map_state && p->u.map_state->record_count > 0;
}

static JSValue throw_eval(JSContext *ctx, const char *format, ...) {
  va_list args;
  va_start(args, format);
  JSValue error = JS_MakeError(ctx, JS_EVAL_ERROR, true, format, args);
  va_end(args);
  return JS_Throw(ctx, error);
}

static JSValue refuse_eval(JSContext *ctx, JSValueConst this_obj, const char *input, size_t length,
                           const char *filename, int line, int flags, int scope) {
  return throw_eval(ctx, "Code generation from strings disallowed for this context");
}

/* The engine makes its built-in functions on first use. In an isolate that would be work and written pages at every
 * start; in the image it is done once. */
static void make_builtins(JSContext *ctx, JSObject *p) {
  for (int i = 0; i < p->shape->prop_count; i++) {
    JSShapeProperty *prs = &get_shape_prop(p->shape)[i];
    if ((prs->flags & JS_PROP_TMASK) != JS_PROP_AUTOINIT) continue;
    if (js_autoinit_get_id(&p->prop[i]) != JS_AUTOINIT_ID_PROP) continue;
    if (JS_AutoInitProperty(ctx, p, prs->atom, &p->prop[i], prs)) JS_FreeValue(ctx, JS_GetException(ctx));
  }
}

/* The engine finds the shape of an object under construction by its properties so far, but frees the shapes that no
 * object has: the second instance of a class builds its whole chain of shapes again, with a reallocation at each
 * growth. So for each sample one object per prefix of its properties is made and never freed, all with room for the
 * last. */
static JSValue samples[64];
static int sample_count;

void engine_keep_shapes(JSContext *ctx, JSValueConst sample) {
  if (sample_count < (int)countof(samples) && JS_IsObject(sample)) samples[sample_count++] = js_dup(sample);
}

static void keep_prefixes(JSContext *ctx, const JSShape *like) {
  int hash_size = JS_PROP_INITIAL_HASH_SIZE;
  while (hash_size < like->prop_count) hash_size *= 2;
  JSShape *empty = js_new_shape2(ctx, like->proto, hash_size, max_int(like->prop_count, JS_PROP_INITIAL_SIZE));
  for (int count = 0; empty && count <= like->prop_count; count++) {
    JSValue o = JS_NewObjectFromShape(ctx, js_dup_shape(empty), JS_CLASS_OBJECT, NULL);
    for (int i = 0; JS_IsObject(o) && i < count; i++) {
      const JSShapeProperty *prs = &get_shape_prop((JSShape *)like)[i];
      JSProperty *pr = add_property(ctx, JS_VALUE_GET_OBJ(o), prs->atom, prs->flags);
      if (pr) *pr = (JSProperty){.u.value = JS_UNDEFINED};
    }
  }
}

/* The shape of functions with nothing but their length and their name, by their prototype, which is that of functions,
 * of async ones, of generators or of async generators. */
static JSShape *function_shape(JSContext *ctx, JSObject *proto) {
  static const JSShapeProperty both[] = {{.atom = JS_ATOM_length, .flags = JS_PROP_CONFIGURABLE},
                                         {.atom = JS_ATOM_name, .flags = JS_PROP_CONFIGURABLE}};
  for (size_t i = 0; i < countof(ctx->function_shapes); i++) {
    JSShape **sh = &ctx->function_shapes[i];
    if (!*sh && !engine_image_end) *sh = js_new_shape_with2(ctx, proto, countof(both), both);
    if (!*sh || (*sh)->proto == proto) return *sh;
  }
  return NULL;
}

static void engine_mark_shapes(JSRuntime *rt, JSContext *ctx, JS_MarkFunc *mark_func) {
  for (size_t i = 0; i < countof(ctx->function_shapes) && ctx->function_shapes[i]; i++)
    mark_func(rt, &ctx->function_shapes[i]->header);
}

static void engine_free_shapes(JSContext *ctx) {
  for (size_t i = 0; i < countof(ctx->function_shapes); i++) js_free_shape_null(ctx->rt, ctx->function_shapes[i]);
}

/* Gives a new function its length and its name. False: that is to be done in the usual way. */
static bool engine_function_properties(JSContext *ctx, JSValue f, JSAtom name, int length) {
  JSObject *p = JS_VALUE_GET_OBJ(f);
  JSShape *before = p->shape, *sh = before->prop_count ? NULL : function_shape(ctx, before->proto);
  if (!sh || before->prop_size < sh->prop_size) return false;
  p->shape = js_dup_shape(sh);
  js_free_shape(ctx->rt, before);
  p->prop[0].u.value = js_int32(length);
  p->prop[1].u.value = JS_AtomToString(ctx, name);
  return true;
}

static void keep_shapes(JSContext *ctx) {
  for (int i = 0; i < sample_count; i++) {
    keep_prefixes(ctx, JS_VALUE_GET_OBJ(samples[i])->shape);
    JS_FreeValue(ctx, samples[i]);
  }
  sample_count = 0;
}

/* Free chunks that the boot left between others: taken and never given back, so that what an isolate allocates lies
 * together at the end of the heap. They are zeroed, so that whole pages of them take no room in the image, and no
 * isolate ever touches them. Returns where the end begins: no gap is as large as TOP, so that much comes from there.
 * All of the end is zeroed when it is free again: of what lies in it the allocator, dlmalloc, reads nothing.
 * A memset of memory that nobody looks at would be left out by the compiler. */
static uint8_t *drain_heap(void) {
  enum { TOP = 1 << 20, WASM_PAGE = 1 << 16 };
  uint8_t *top = malloc(TOP);
  free(top);
  for (size_t size = 1 << 20; size >= 8; size -= size > 4096 ? size / 8 : 8) {
    for (;;) {
      uint8_t *p = malloc(size);
      if (!p) break;
      if (p >= top) {
        free(p);
        break;
      }
      explicit_bzero(p, size);
    }
  }
  explicit_bzero(top, __builtin_wasm_memory_size(0) * WASM_PAGE - (size_t)top);
  return top;
}

/* New small blocks come from new arenas, one page each, side by side above the image, and never from gaps in it: the
 * image's arenas leave the lists, and count so many used blocks that they are neither full nor empty again. One block
 * of each new arena stays taken, so that one that an isolate empties is not returned to the heap. */
static void fresh_arenas(JSRuntime *rt) {
  enum { NEVER_FULL_OR_EMPTY = 0x4000 };
  struct list_head *el;
  for (int i = 0; i < JS_ARENA_BLOCK_SIZE_COUNT; i++) {
    init_list_head(&rt->arena_state.free_arena_list[i]);
    list_for_each(el, &rt->arena_state.arena_list[i]) {
      JSArena *ar = list_entry(el, JSArena, link);
      init_list_head(&ar->free_link);
      ar->n_used_blocks += NEVER_FULL_OR_EMPTY;
    }
  }
  engine_image_end = (uintptr_t)drain_heap();
  for (int i = 0; i < JS_ARENA_BLOCK_SIZE_COUNT; i++)
    js_arena_malloc(rt, arena_block_sizes[i] - sizeof(JSMallocBlockHeader));
}

const char *engine_seal(JSContext *ctx) {
  JSRuntime *rt = ctx->rt;
  struct list_head *el, *next;
  list_for_each(el, &rt->gc_obj_list) { /* what it makes is appended, and visited too */
    JSGCObjectHeader *gp = list_entry(el, JSGCObjectHeader, link);
    if (JS_GC_TYPE(gp) == JS_GC_OBJ_TYPE_JS_OBJECT) make_builtins(ctx, (JSObject *)gp);
  }
  JS_RunGC(rt);
  list_for_each(el, &rt->gc_obj_list) {
    if (depends_on_seed(list_entry(el, JSGCObjectHeader, link)))
      return "a Map, Set or WeakMap in the image is not empty";
  }
  keep_shapes(ctx); /* after the last collection: their properties have no values to mark */
  init_list_head(&sealed);
  list_for_each_safe(el, next, &rt->gc_obj_list) {
    list_del(el);
    list_add_tail(el, &sealed);
  }
  fresh_arenas(rt);
  /* The collector's threshold follows what the isolate allocates, not the megabytes of the image; the rest stands for
   * image blocks that an isolate may yet free. */
  rt->malloc_state.malloc_size = 256 * 1024;
  rt->malloc_gc_threshold = 512 * 1024;
  ctx->eval_internal = refuse_eval;
  return NULL;
}

void engine_reseed(JSContext *ctx, uint64_t random_state, uint32_t hash_seed) {
  ctx->random_state = random_state ? random_state : 1;
  if (hash_seed) ctx->hash_seed = hash_seed;
}

uint32_t engine_hash_seed(JSContext *ctx) { return ctx->hash_seed; }

JSValue engine_compile_module(JSContext *ctx, const char *source, size_t length, const char *name) {
  JS_FreeValueRT(ctx->rt, ctx->error_back_trace);
  ctx->error_back_trace = JS_UNDEFINED;
  return __JS_EvalInternal(ctx, ctx->global_obj, source, length, name, 1,
                           JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY, -1);
}

bool engine_take_importing(void) {
  bool importing = engine_importing;
  engine_importing = false;
  return importing;
}

JSValue engine_import(JSContext *ctx, const char *name, JSModuleDef **module) {
  *module = js_host_resolve_imported_module(ctx, "", name, JS_UNDEFINED);
  if (!*module) return JS_EXCEPTION;
  if (js_resolve_module(ctx, *module) < 0) {
    js_free_modules(ctx, JS_FREE_MODULE_NOT_RESOLVED);
    return JS_EXCEPTION;
  }
  return JS_EvalFunction(ctx, JS_NewModuleValue(ctx, *module));
}

JSValue engine_eval_script(JSContext *ctx, const char *source, size_t length, const char *name, int line) {
  JS_FreeValueRT(ctx->rt, ctx->error_back_trace);
  ctx->error_back_trace = JS_UNDEFINED;
  return __JS_EvalInternal(ctx, ctx->global_obj, source, length, name, line, JS_EVAL_TYPE_GLOBAL, -1);
}

/* A module that is being evaluated among those that this one imports, directly or not. Modules that were not linked or
 * evaluated yet have no use for dfs_index: it marks those that were looked at in this search. */
static JSModuleDef *find_evaluating(JSModuleDef *m, int search) {
  if (m->status == JS_MODULE_STATUS_EVALUATING) return m;
  if (m->status > JS_MODULE_STATUS_LINKED || m->dfs_index == search) return NULL;
  m->dfs_index = search;
  for (int i = 0; i < m->req_module_entries_count; i++) {
    JSModuleDef *found = find_evaluating(m->req_module_entries[i].module, search);
    if (found) return found;
  }
  return NULL;
}

static JSValue settled_namespace(JSContext *ctx, JSModuleDef *m, JSValue promise) {
  if (JS_IsException(promise)) return promise;
  JSPromiseStateEnum state = JS_PromiseState(ctx, promise);
  JS_PromiseMarkAsHandled(ctx, promise);
  JSValue r = state == JS_PROMISE_FULFILLED ? JS_GetModuleNamespace(ctx, m)
              : state == JS_PROMISE_REJECTED
                  ? JS_Throw(ctx, JS_PromiseResult(ctx, promise))
                  : JS_ThrowPlainError(ctx, "Top-level await in module is not permitted at this time.");
  JS_FreeValue(ctx, promise);
  return r;
}

JSValue engine_require(JSContext *ctx, const char *name) {
  static int search = 0;
  JSModuleDef *m = js_host_resolve_imported_module(ctx, "", name, JS_UNDEFINED);
  if (!m) return JS_EXCEPTION;
  if (js_resolve_module(ctx, m) < 0) {
    js_free_modules(ctx, JS_FREE_MODULE_NOT_RESOLVED);
    return JS_EXCEPTION;
  }
  if (m->status == JS_MODULE_STATUS_EVALUATING) return JS_GetModuleNamespace(ctx, m);
  const JSModuleDef *busy = find_evaluating(m, --search);
  if (busy) {
    const char *whose = JS_AtomToCString(ctx, busy->module_name);
    JS_ThrowPlainError(ctx, "Circular dependency when resolving module: %s", whose ? whose : "?");
    JS_FreeCString(ctx, whose);
    return JS_EXCEPTION;
  }
  return settled_namespace(ctx, m, JS_EvalFunction(ctx, JS_NewModuleValue(ctx, m)));
}

bool engine_latin1(JSContext *ctx, JSValueConst v, JSValue *flat, const uint8_t **p, size_t *n) {
  *flat = JS_UNDEFINED;
  if (JS_VALUE_GET_TAG(v) == JS_TAG_STRING_ROPE)
    *flat = js_linearize_string_rope(ctx, v);
  else if (JS_VALUE_GET_TAG(v) == JS_TAG_STRING)
    *flat = js_dup(v);
  if (JS_VALUE_GET_TAG(*flat) != JS_TAG_STRING || JS_VALUE_GET_STRING(*flat)->is_wide_char) return false;
  *p = str8(JS_VALUE_GET_STRING(*flat));
  *n = JS_VALUE_GET_STRING(*flat)->len;
  return true;
}

JSValue engine_new_latin1(JSContext *ctx, const uint8_t *p, size_t n) {
  return js_new_string8_len(ctx, (const char *)p, (int)n);
}

JSValue engine_text(JSContext *ctx, JSValueConst string, struct engine_text *out) {
  JSValue flat =
      JS_VALUE_GET_TAG(string) == JS_TAG_STRING_ROPE ? js_linearize_string_rope(ctx, string) : js_dup(string);
  if (JS_IsException(flat)) return flat;
  JSString *s = JS_VALUE_GET_STRING(flat);
  *out = (struct engine_text){.length = s->len};
  if (s->is_wide_char)
    out->wide = str16(s);
  else
    out->narrow = str8(s);
  return flat;
}

JSValue engine_substring(JSContext *ctx, JSValueConst flat, uint32_t from, uint32_t to) {
  return js_sub_string(ctx, JS_VALUE_GET_STRING(flat), (int)from, (int)to);
}

JSValue engine_concat(JSContext *ctx, JSValue a, JSValue b) { return JS_ConcatString(ctx, a, b); }

uint32_t engine_array(JSValueConst v, JSValue **values) {
  JSObject *p = JS_VALUE_GET_TAG(v) == JS_TAG_OBJECT ? JS_VALUE_GET_OBJ(v) : NULL;
  if (!p || p->class_id != JS_CLASS_ARRAY || !p->fast_array) return 0;
  *values = p->u.array.u.values;
  return p->u.array.count;
}

int engine_array_push(JSContext *ctx, JSValueConst array, JSValue v) {
  if (JS_IsException(v)) return -1;
  return add_fast_array_element(ctx, JS_VALUE_GET_OBJ(array), v, JS_PROP_THROW) < 0 ? -1 : 0;
}

int engine_array_truncate(JSContext *ctx, JSValueConst array, uint32_t count) {
  return set_array_length(ctx, JS_VALUE_GET_OBJ(array), js_uint32(count), JS_PROP_THROW) < 0 ? -1 : 0;
}

JSValue engine_promise(JSContext *ctx) {
  JSValue promise = js_create_from_ctor(ctx, JS_UNDEFINED, JS_CLASS_PROMISE);
  JSPromiseData *s = JS_IsException(promise) ? NULL : js_mallocz(ctx, sizeof *s);
  if (!s) {
    JS_FreeValue(ctx, promise);
    return JS_EXCEPTION;
  }
  init_list_head(&s->promise_reactions[0]);
  init_list_head(&s->promise_reactions[1]);
  s->promise_result = JS_UNDEFINED;
  JS_SetOpaqueInternal(promise, s);
  return promise;
}

void engine_promise_settle(JSContext *ctx, JSValueConst promise, JSValueConst value, bool failed) {
  JSValue functions[2];
  if (failed || !JS_IsObject(value)) {
    fulfill_or_reject_promise(ctx, promise, value, failed);
  } else if (!js_create_resolving_functions(ctx, functions, promise)) { /* it may have a then() */
    JS_FreeValue(ctx, JS_Call(ctx, functions[0], JS_UNDEFINED, 1, &value));
    JS_FreeValue(ctx, functions[0]);
    JS_FreeValue(ctx, functions[1]);
  }
}

JSValue engine_create(JSContext *ctx, JSValueConst new_target, JSClassID class_id) {
  return js_create_from_ctor(ctx, new_target, (int)class_id);
}

enum engine_class engine_class(JSContext *ctx, JSValueConst v) {
  if (JS_VALUE_GET_TAG(v) != JS_TAG_OBJECT) return CLASS_OTHER;
  JSClassID id = JS_VALUE_GET_OBJ(v)->class_id;
  if (id >= JS_CLASS_UINT8C_ARRAY && id <= JS_CLASS_FLOAT64_ARRAY) return CLASS_TYPED_ARRAY;
  switch (id) {
    case JS_CLASS_OBJECT:
      return CLASS_OBJECT;
    case JS_CLASS_ARRAY:
      return CLASS_ARRAY;
    case JS_CLASS_ERROR:
      return CLASS_ERROR;
    case JS_CLASS_NUMBER:
      return CLASS_NUMBER;
    case JS_CLASS_STRING:
      return CLASS_STRING;
    case JS_CLASS_BOOLEAN:
      return CLASS_BOOLEAN;
    case JS_CLASS_BIG_INT:
      return CLASS_BIGINT;
    case JS_CLASS_DATE:
      return CLASS_DATE;
    case JS_CLASS_REGEXP:
      return CLASS_REGEXP;
    case JS_CLASS_ARRAY_BUFFER:
      return CLASS_ARRAY_BUFFER;
    case JS_CLASS_DATAVIEW:
      return CLASS_DATA_VIEW;
    case JS_CLASS_MAP:
      return CLASS_MAP;
    case JS_CLASS_SET:
      return CLASS_SET;
    case JS_CLASS_PROXY:
      return CLASS_PROXY;
    default:
      return JS_IsFunction(ctx, v) && JS_GetClassID(v) < JS_CLASS_INIT_COUNT ? CLASS_FUNCTION : CLASS_OTHER;
  }
}

bool engine_is_symbol(JSValueConst object) { return JS_VALUE_GET_OBJ(object)->class_id == JS_CLASS_SYMBOL; }

JSValue engine_class_name(JSContext *ctx, JSValueConst v) {
  if (JS_VALUE_GET_TAG(v) != JS_TAG_OBJECT) return JS_UNDEFINED;
  JSClassID id = JS_VALUE_GET_OBJ(v)->class_id;
  return id == JS_CLASS_MODULE_NS ? JS_NewString(ctx, "Module")
                                  : JS_AtomToString(ctx, ctx->rt->class_array[id].class_name);
}

bool engine_proxy(JSContext *ctx, JSValueConst v, JSValue *target, JSValue *handler) {
  if (JS_VALUE_GET_TAG(v) != JS_TAG_OBJECT || JS_VALUE_GET_OBJ(v)->class_id != JS_CLASS_PROXY) return false;
  JSProxyData *s = JS_GetOpaque(v, JS_CLASS_PROXY);
  *target = s->is_revoked ? JS_NULL : js_dup(s->target);
  *handler = s->is_revoked ? JS_NULL : js_dup(s->handler);
  return true;
}

JSValue engine_preview(JSContext *ctx, JSValueConst v, bool *pairs) {
  if (JS_VALUE_GET_TAG(v) != JS_TAG_OBJECT) return JS_UNDEFINED;
  JSClassID id = JS_VALUE_GET_OBJ(v)->class_id;
  if (id != JS_CLASS_MAP_ITERATOR && id != JS_CLASS_SET_ITERATOR) return JS_UNDEFINED;
  JSMapIteratorData *it = JS_GetOpaque(v, id);
  JSValue list = JS_NewArray(ctx);
  uint32_t n = 0;
  *pairs = it->kind == JS_ITERATOR_KIND_KEY_AND_VALUE;
  if (JS_IsUndefined(it->obj) || JS_IsException(list)) return list;
  JSMapState *s = JS_VALUE_GET_OBJ(it->obj)->u.map_state;
  struct list_head *el = it->cur_record ? it->cur_record->link.next : s->records.next;
  for (; el != &s->records; el = el->next) {
    JSMapRecord *r = list_entry(el, JSMapRecord, link);
    if (r->empty) continue;
    JSValueConst value = id == JS_CLASS_SET_ITERATOR ? r->key : r->value;
    if (*pairs) JS_SetPropertyUint32(ctx, list, n++, js_dup(r->key));
    JS_SetPropertyUint32(ctx, list, n++, js_dup(it->kind == JS_ITERATOR_KIND_KEY ? r->key : value));
  }
  return list;
}

bool engine_has_class(JSContext *ctx, JSValueConst v, bool none) {
  JSObject *proto = JS_VALUE_GET_OBJ(v)->shape->proto;
  return !proto ? none : proto != JS_VALUE_GET_OBJ(ctx->class_proto[JS_CLASS_OBJECT]);
}

JSValue engine_get_for(JSContext *ctx, JSValueConst object, JSAtom name, JSValueConst receiver) {
  return JS_GetPropertyInternal(ctx, object, name, receiver, 0);
}

bool engine_is_name(JSContext *ctx, JSAtom atom) {
  return !__JS_AtomIsTaggedInt(atom) && ctx->rt->atom_array[atom]->atom_type == JS_ATOM_TYPE_STRING;
}

JSValue engine_unbox(JSContext *ctx, JSValueConst v) { return js_dup(JS_VALUE_GET_OBJ(v)->u.object_data); }

JSValue engine_box(JSContext *ctx, JSValue primitive) {
  JSValue o = JS_ToObject(ctx, primitive);
  JS_FreeValue(ctx, primitive);
  return o;
}

double engine_date(JSContext *ctx, JSValueConst v) {
  double d = NAN;
  JS_ToFloat64(ctx, &d, JS_VALUE_GET_OBJ(v)->u.object_data);
  return d;
}

int engine_regexp(JSContext *ctx, JSValueConst v, JSValue *source, JSValue *flags) {
  static const char letters[] = "gimsuydv"; /* in the order of libregexp's flag bits, see LRE_FLAG_* */
  JSRegExp *re = &JS_VALUE_GET_OBJ(v)->u.regexp;
  char text[16];
  int n = 0, bits = lre_get_flags(str8(re->bytecode));
  static const int flag[] = {LRE_FLAG_GLOBAL,  LRE_FLAG_IGNORECASE, LRE_FLAG_MULTILINE, LRE_FLAG_DOTALL,
                             LRE_FLAG_UNICODE, LRE_FLAG_STICKY,     LRE_FLAG_INDICES,   LRE_FLAG_UNICODE_SETS};
  for (int i = 0; i < 8; i++)
    if (bits & flag[i]) text[n++] = letters[i];
  *source = js_dup(JS_MKPTR(JS_TAG_STRING, re->pattern));
  *flags = JS_NewStringLen(ctx, text, (size_t)n);
  return JS_IsException(*flags) ? -1 : 0;
}

JSValue engine_new_regexp(JSContext *ctx, JSValueConst source, JSValueConst flags) {
  JSValue bytecode = ctx->compile_regexp ? ctx->compile_regexp(ctx, source, flags) : JS_EXCEPTION;
  if (JS_IsException(bytecode)) return bytecode;
  return js_regexp_constructor_internal(ctx, JS_UNDEFINED, JS_DupValue(ctx, source), bytecode);
}

/* ---- the wrong receiver, and classes called as functions: in workerd's words for the platform's, V8's for others ----
 */

/* Is the function that runs now one of the platform's? */
static bool in_platform(JSContext *ctx) {
  JSStackFrame *sf = ctx->rt->current_stack_frame;
  JSObject *p = sf && JS_VALUE_GET_TAG(sf->cur_func) == JS_TAG_OBJECT ? JS_VALUE_GET_OBJ(sf->cur_func) : NULL;
  return p && js_class_has_bytecode(p->class_id) && p->u.func.function_bytecode->filename == stack_platform_atom;
}

int engine_illegal_invocation(JSContext *ctx) {
  JS_ThrowTypeError(ctx,
                    "Illegal invocation: function called with incorrect `this` reference. See "
                    "https://developers.cloudflare.com/workers/observability/errors/"
                    "#illegal-invocation-errors for details.");
  return -1;
}

static JSValue engine_no_private(JSContext *ctx, JSAtom name) {
  if (in_platform(ctx)) {
    engine_illegal_invocation(ctx);
    return JS_EXCEPTION;
  }
  if (name == JS_ATOM_NULL) return JS_ThrowTypeErrorNotAnObject(ctx);
  return JS_ThrowTypeErrorAtom(ctx, "Cannot read private member %s from an object whose class did not declare it",
                               name);
}

/* Every bit of the result depends on every bit of h (the last steps of MurmurHash3, which is in the public domain). */
static uint32_t engine_mix(uint32_t h) {
  h = (h ^ h >> 16) * 0x85ebca6bu;
  h = (h ^ h >> 13) * 0xc2b2ae35u;
  return h ^ h >> 16;
}

/* Is the object one of those around it, which JSON.stringify keeps in an array of its own? */
static bool engine_json_inside(JSValueConst stack, JSValueConst object) {
  const JSObject *around = JS_VALUE_GET_OBJ(stack);
  for (uint32_t i = 0; i < around->u.array.count; i++)
    if (JS_VALUE_GET_OBJ(around->u.array.u.values[i]) == JS_VALUE_GET_OBJ(object)) return true;
  return false;
}

/* The number whose text this is. */
static JSValue engine_json_number(const uint8_t *from, const uint8_t *end) {
  const uint8_t *p = from + (*from == '-');
  int32_t n = 0;
  if (end - p <= 9) /* more digits may not fit */
    for (; p < end && *p >= '0' && *p <= '9'; p++) n = 10 * n + (*p - '0');
  if (p < end || (!n && *from == '-')) return js_float64(strtod((const char *)from, NULL));
  return js_int32(*from == '-' ? -n : n);
}

/* Puts it into a plain object which nobody has seen; the last one of a name counts. */
static int engine_json_put(JSContext *ctx, JSValueConst object, JSAtom name, JSValue v) {
  JSObject *o = JS_VALUE_GET_OBJ(object);
  JSProperty *property;
  if (find_own_property(&property, o, name)) {
    set_value(ctx, &property->u.value, v);
    return 0;
  }
  property = add_property(ctx, o, name, JS_PROP_C_W_E);
  if (!property) {
    JS_FreeValue(ctx, v);
    return -1;
  }
  property->u.value = v;
  return 0;
}

static void engine_no_brand(JSContext *ctx) {
  if (in_platform(ctx))
    engine_illegal_invocation(ctx);
  else
    JS_ThrowTypeError(ctx, "Object must be an instance of the class that declared the private method");
}

static void engine_not_new(JSContext *ctx) {
  const char *name = get_func_name(ctx, ctx->rt->current_stack_frame->cur_func);
  if (in_platform(ctx))
    JS_ThrowTypeError(ctx,
                      "Failed to construct '%s': Please use the 'new' operator, this object constructor cannot be "
                      "called as a function.",
                      name ? name : "");
  else
    JS_ThrowTypeError(ctx, "Class constructor %s cannot be invoked without 'new'", name ? name : "");
  JS_FreeCString(ctx, name);
}

int engine_entries(JSContext *ctx, JSValueConst v, JSValue **out, uint32_t *count) {
  JSObject *o = JS_VALUE_GET_OBJ(v);
  bool set = o->class_id == JS_CLASS_SET;
  JSMapState *s = o->u.map_state;
  struct list_head *el;
  uint32_t n = 0;
  JSValue *a = js_malloc(ctx, sizeof *a * ((size_t)s->record_count * (set ? 1 : 2) + 1));
  if (!a) return -1;
  list_for_each(el, &s->records) {
    JSMapRecord *r = list_entry(el, JSMapRecord, link);
    if (r->empty) continue;
    a[n++] = js_dup(r->key);
    if (!set) a[n++] = js_dup(r->value);
  }
  *out = a;
  *count = n;
  return 0;
}

JSValue engine_new_map(JSContext *ctx, bool set) {
  return js_map_constructor(ctx, JS_UNDEFINED, 0, NULL, set ? MAGIC_SET : 0);
}

int engine_map_put(JSContext *ctx, JSValueConst map, JSValueConst key, JSValueConst value) {
  bool set = JS_VALUE_GET_OBJ(map)->class_id == JS_CLASS_SET;
  JSValueConst args[2] = {key, value};
  JSValue r = js_map_set(ctx, map, set ? 1 : 2, args, set ? MAGIC_SET : 0);
  JS_FreeValue(ctx, r);
  return JS_IsException(r) ? -1 : 0;
}

JSValue engine_data(JSContext *ctx, JSValueConst v, bool tag) {
  JSAtom name = tag ? JS_ATOM_Symbol_toStringTag : JS_ATOM_constructor;
  JSValue found = JS_UNDEFINED;
  for (JSObject *p = JS_VALUE_GET_OBJ(v); p; p = p->shape->proto) {
    if (p->class_id == JS_CLASS_PROXY) p = JS_VALUE_GET_OBJ(ctx->class_proto[JS_CLASS_OBJECT]); /* its traps stay out */
    JSPropertyDescriptor d;
    int r = JS_GetOwnPropertyInternal(ctx, &d, p, name);
    if (r < 0) return JS_EXCEPTION;
    if (!r) continue;
    if (!(d.flags & JS_PROP_GETSET)) found = JS_DupValue(ctx, d.value);
    js_free_desc(ctx, &d);
    break;
  }
  return found;
}

int64_t engine_buffer_max(JSValueConst buffer) {
  const JSArrayBuffer *ab = JS_VALUE_GET_OBJ(buffer)->u.array_buffer;
  return ab->max_byte_length < 0 ? -1 : (int64_t)ab->max_byte_length;
}

JSValue engine_new_resizable(JSContext *ctx, const uint8_t *p, size_t n, uint32_t max) {
  uint64_t most = max;
  return js_array_buffer_constructor3(ctx, JS_UNDEFINED, n, &most, JS_CLASS_ARRAY_BUFFER, (uint8_t *)p,
                                      js_array_buffer_realloc, NULL, true);
}

int engine_view(JSContext *ctx, JSValueConst v, int *kind, JSValueConst *buffer, size_t *offset, size_t *length,
                bool *tracks_length) {
  JSObject *o = JS_VALUE_GET_OBJ(v);
  JSTypedArray *ta = o->u.typed_array;
  if (o->class_id == JS_CLASS_DATAVIEW) {
    JSArrayBuffer *ab = ta->buffer->u.array_buffer;
    if (ab->detached || dataview_is_oob(o)) return -1;
    *length = ta->track_rab ? (size_t)ab->byte_length - ta->offset : ta->length;
    *kind = -1;
  } else {
    if (typed_array_is_oob(o)) return -1;
    *length = (size_t)o->u.array.count << typed_array_size_log2(o->class_id);
    *kind = o->class_id - JS_CLASS_UINT8C_ARRAY;
  }
  *buffer = JS_MKPTR(JS_TAG_OBJECT, ta->buffer);
  *offset = ta->offset;
  *tracks_length = ta->track_rab;
  return 0;
}

JSValue engine_new_view(JSContext *ctx, int kind, JSValueConst buffer, size_t offset, size_t count, bool tracks) {
  JSValue args[3] = {JS_DupValue(ctx, buffer), JS_NewInt64(ctx, (int64_t)offset), JS_NewInt64(ctx, (int64_t)count)};
  JSValue v = kind < 0 ? js_dataview_constructor(ctx, JS_UNDEFINED, tracks ? 2 : 3, vc(args))
                       : JS_NewTypedArray(ctx, tracks ? 2 : 3, vc(args), (JSTypedArrayEnum)kind);
  JS_FreeValue(ctx, args[0]);
  return v;
}

bool engine_stack_full(JSContext *ctx) { return js_check_stack_overflow(ctx->rt, 8192); }
