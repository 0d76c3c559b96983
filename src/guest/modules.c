/* modules.c: the modules of the Worker's code, and how imports find them.
 *
 * A specifier is resolved like a path, against the folder of the module that imports it ("./b.js", "../c.js", "b.js"
 * all name files of the Worker, as in workerd). What the Worker has not may be a module of the platform
 * ("cloudflare:workers", "capnweb"), which the platform gives as an object of exports. Only for what is "node:path" and
 * is called "path" it is asked first. CommonJS modules are run by the platform (worker/commonjs.js).
 */
#include <stdlib.h>
#include <string.h>

#include "guest/guest.h"
#include "guest/rpc/rpc.h"

struct module {
  const char *name; /* not NUL-terminated */
  size_t name_length;
  const uint8_t *content;
  size_t length;
  uint8_t kind; /* enum module_kind */
};

static struct module *modules;
static uint32_t module_count, module_cap;
static bool some_were_cleaned; /* names: only then can two be the same */

static bool clean_path(char *path);

/* Most names are their own path. */
static bool is_clean(const char *name, size_t n) {
  if (n && (*name == '.' || *name == '/' || name[n - 1] == '/')) return false;
  for (size_t i = 1; i < n; i++)
    if (name[i - 1] == '/' && (name[i] == '.' || name[i] == '/')) return false;
  return true;
}

/* The path that a name stands for; the name itself, which no import leads to, when that is above the root. */
static const char *path_of(const char *name, size_t *length) {
  char *path = is_clean(name, *length) ? NULL : malloc(*length + 1);
  if (!path) return name;
  memcpy(path, name, *length);
  path[*length] = 0;
  if (!clean_path(path)) {
    free(path);
    return name;
  }
  some_were_cleaned = true;
  *length = strlen(path);
  return path;
}

bool modules_add(uint8_t kind, const char *name, size_t name_length, const uint8_t *content, size_t length) {
  name = path_of(name, &name_length);
  if (module_count == module_cap) {
    uint32_t cap = module_cap ? module_cap * 2 : 4;
    struct module *bigger = realloc(modules, cap * sizeof *bigger);
    if (!bigger) return false;
    modules = bigger;
    module_cap = cap;
  }
  modules[module_count++] =
      (struct module){.name = name, .name_length = name_length, .content = content, .length = length, .kind = kind};
  return true;
}

static const struct module *find(const char *name) {
  size_t n = strlen(name);
  for (uint32_t i = 0; i < module_count; i++)
    if (modules[i].name_length == n && !memcmp(modules[i].name, name, n)) return &modules[i];
  return NULL;
}

/* Removes ".", "name/.." and slashes that separate nothing from the path in place. False: it leads above the root. */
static bool clean_path(char *path) {
  char *to = path;
  for (char *from = path; *from;) {
    char *end = from + strcspn(from, "/");
    size_t n = (size_t)(end - from);
    bool up = n == 2 && !memcmp(from, "..", 2), none = n == 0 || (n == 1 && *from == '.');
    if (up) {
      if (to == path) return false;
      to--;
      while (to > path && to[-1] != '/') to--;
    } else if (!none) {
      memmove(to, from, n);
      to += n;
      if (*end) *to++ = '/';
    }
    from = *end ? end + 1 : end;
  }
  if (to > path && to[-1] == '/') to--;
  *to = 0;
  return true;
}

static bool has_scheme(const char *s) {
  size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789+-.");
  return n && s[n] == ':';
}

/* A property of what the platform has under this name; undefined when it has nothing. */
static JSValue of_platform(JSContext *ctx, const char *name, const char *property) {
  JSValue text = JS_NewString(ctx, name);
  JSValue found = JS_Call(ctx, guest.handler[HANDLER_module], JS_UNDEFINED, 1, (JSValueConst *)&text);
  JSValue value = JS_IsObject(found) ? JS_GetPropertyStr(ctx, found, property) : JS_DupValue(ctx, found);
  JS_FreeValue(ctx, found);
  JS_FreeValue(ctx, text);
  return value;
}

/* The platform's own name for a specifier, to be freed with js_free; NULL: it has no such module, or an exception. */
static char *name_of_platform(JSContext *ctx, const char *specifier) {
  JSValue v = of_platform(ctx, specifier, "name");
  size_t n;
  const char *s = JS_IsString(v) ? JS_ToCStringLen(ctx, &n, v) : NULL;
  char *name = s ? js_strndup(ctx, s, n) : NULL;
  JS_FreeCString(ctx, s);
  JS_FreeValue(ctx, v);
  return name;
}

static char *joined(JSContext *ctx, const char *base, const char *specifier) {
  const char *slash = strrchr(base, '/');
  bool absolute = specifier[0] == '/' || has_scheme(specifier);
  size_t folder = slash && !absolute ? (size_t)(slash - base) + 1 : 0, n = strlen(specifier);
  char *name = js_malloc(ctx, folder + n + 1);
  if (!name) return NULL;
  memcpy(name, base, folder);
  memcpy(name + folder, specifier, n + 1);
  return name;
}

/* Who imports a module is in the message as workerd has it. */
static char *refuse(JSContext *ctx, char *name, const char *base, const char *specifier, bool importing) {
  bool by_whom = *base && !importing;
  if (!name)
    rpc_throw(RPC_TYPE_ERROR, "Invalid module specifier \"%s\".%s%s%s", specifier,
              by_whom ? "\n  imported from \"" : "", by_whom ? base : "", by_whom ? "\"." : "");
  else
    rpc_throw(RPC_ERROR, "No such module \"%s\".%s%s%s", name, by_whom ? "\n  imported from \"" : "",
              by_whom ? base : "", by_whom ? "\"" : "");
  js_free(ctx, name);
  return NULL;
}

static char *resolve(JSContext *ctx, const char *base, const char *specifier, bool importing) {
  char *platform = NULL;
  if (*base && *specifier != '.' && *specifier != '/' && !has_scheme(specifier)) {
    platform = name_of_platform(ctx, specifier);
    if ((platform && has_scheme(platform)) || JS_HasException(ctx)) return platform;
  }
  char *name = joined(ctx, base, specifier);
  bool above = name && !clean_path(name);
  if (!name || above || find(name)) {
    js_free(ctx, platform);
    if (!above) return name;
    js_free(ctx, name);
    return refuse(ctx, NULL, base, specifier, importing);
  }
  if (!platform) platform = name_of_platform(ctx, name);
  if (!platform && !JS_HasException(ctx)) return refuse(ctx, name, base, specifier, importing);
  js_free(ctx, name);
  return platform;
}

static char *normalize(JSContext *ctx, const char *base, const char *specifier, void *opaque) {
  (void)opaque;
  return resolve(ctx, base, specifier, engine_take_importing());
}

/* No import attribute is known, as in workerd. */
static int check_attributes(JSContext *ctx, void *opaque, JSValueConst attributes) {
  (void)opaque;
  JSPropertyEnum *tab;
  uint32_t n;
  if (JS_GetOwnPropertyNames(ctx, &tab, &n, attributes, JS_GPN_STRING_MASK) < 0) return -1;
  JS_FreePropertyEnum(ctx, tab, n);
  if (n) JS_ThrowPlainError(ctx, "Unrecognized import attributes specified");
  return n ? -1 : 0;
}

static int set_exports(JSContext *ctx, JSModuleDef *m) {
  JSValue values = JS_GetModulePrivateValue(ctx, m);
  JSPropertyEnum *tab;
  uint32_t n;
  int r = JS_GetOwnPropertyNames(ctx, &tab, &n, values, JS_GPN_STRING_MASK);
  for (uint32_t i = 0; r >= 0 && i < n; i++) {
    const char *name = JS_AtomToCString(ctx, tab[i].atom);
    if (!name || JS_SetModuleExport(ctx, m, name, JS_GetProperty(ctx, values, tab[i].atom)) < 0) r = -1;
    JS_FreeCString(ctx, name);
  }
  if (r >= 0) JS_FreePropertyEnum(ctx, tab, n);
  JS_FreeValue(ctx, values);
  return r < 0 ? -1 : 0;
}

/* A module whose exports are the own properties of `values`, which it takes over. */
static JSModuleDef *synthetic(JSContext *ctx, const char *name, JSValue values) {
  JSPropertyEnum *tab;
  uint32_t n;
  if (JS_IsException(values)) return NULL;
  JSModuleDef *m = JS_NewCModule(ctx, name, set_exports);
  if (!m || JS_GetOwnPropertyNames(ctx, &tab, &n, values, JS_GPN_STRING_MASK) < 0) {
    JS_FreeValue(ctx, values);
    return NULL;
  }
  for (uint32_t i = 0; i < n; i++) {
    const char *export_name = JS_AtomToCString(ctx, tab[i].atom);
    if (export_name) JS_AddModuleExport(ctx, m, export_name);
    JS_FreeCString(ctx, export_name);
  }
  JS_FreePropertyEnum(ctx, tab, n);
  JS_SetModulePrivateValue(ctx, m, values);
  return m;
}

static JSModuleDef *with_default(JSContext *ctx, const char *name, JSValue value) {
  if (JS_IsException(value)) return NULL;
  JSValue values = JS_NewObject(ctx);
  JS_SetPropertyStr(ctx, values, "default", value);
  return synthetic(ctx, name, values);
}

static JSModuleDef *compile(JSContext *ctx, const struct module *m, const char *name) {
  char *source = js_malloc(ctx, m->length + 1); /* the engine wants a NUL after it */
  if (!source) return NULL;
  memcpy(source, m->content, m->length);
  source[m->length] = 0;
  JSValue v = engine_compile_module(ctx, source, m->length, name);
  js_free(ctx, source);
  if (JS_IsException(v)) return NULL;
  JSModuleDef *def = JS_VALUE_GET_PTR(v); /* the context owns its modules; the value is one more reference */
  JS_FreeValue(ctx, v);
  return def;
}

static JSValue parse_json(JSContext *ctx, const struct module *m, const char *name) {
  char *text = js_malloc(ctx, m->length + 1);
  if (!text) return JS_EXCEPTION;
  memcpy(text, m->content, m->length);
  text[m->length] = 0;
  JSValue v = JS_ParseJSON(ctx, text, m->length, name);
  js_free(ctx, text);
  return v;
}

/* What a module that is no code is. */
static JSValue value_of(JSContext *ctx, const struct module *m, const char *name) {
  if (m->kind == MODULE_TEXT) return JS_NewStringLen(ctx, (const char *)m->content, m->length);
  if (m->kind == MODULE_DATA) return JS_NewArrayBufferCopy(ctx, m->content, m->length);
  return parse_json(ctx, m, name);
}

/* ---- CommonJS: worker/commonjs.js runs them ---- */

static int set_commonjs(JSContext *ctx, JSModuleDef *def) {
  JSAtom atom = JS_GetModuleName(ctx, def);
  JSValue name = JS_AtomToString(ctx, atom);
  JSValue value = JS_Call(ctx, guest.handler[HANDLER_commonjs], JS_UNDEFINED, 1, (JSValueConst *)&name);
  JS_FreeValue(ctx, name);
  JS_FreeAtom(ctx, atom);
  return JS_IsException(value) ? -1 : JS_SetModuleExport(ctx, def, "default", value);
}

static JSModuleDef *load_commonjs(JSContext *ctx, const char *name) {
  JSModuleDef *def = JS_NewCModule(ctx, name, set_commonjs);
  if (def && JS_AddModuleExport(ctx, def, "default") < 0) return NULL;
  return def;
}

static const struct module *find_value(JSContext *ctx, JSValueConst name, const char **text) {
  *text = JS_ToCString(ctx, name);
  return *text ? find(*text) : NULL;
}

/* moduleResolve(base, specifier) -> name */
static JSValue native_resolve(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  const char *base = JS_ToCString(ctx, argv[0]), *specifier = base ? JS_ToCString(ctx, argv[1]) : NULL;
  char *name = specifier ? resolve(ctx, base, specifier, true) : NULL;
  JSValue r = name ? JS_NewString(ctx, name) : JS_EXCEPTION;
  js_free(ctx, name);
  JS_FreeCString(ctx, specifier);
  JS_FreeCString(ctx, base);
  return r;
}

/* moduleKind(name) -> enum module_kind, 0: the Worker has none of this name */
static JSValue native_kind(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  const char *name;
  const struct module *m = find_value(ctx, argv[0], &name);
  JSValue r = name ? JS_NewInt32(ctx, m ? m->kind : 0) : JS_EXCEPTION;
  JS_FreeCString(ctx, name);
  return r;
}

/* moduleFunction(name) -> function (module, exports, require, __filename, __dirname) of a CommonJS module */
static JSValue native_function(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  static const char head[] = "(function (module, exports, require, __filename, __dirname) {\n", tail[] = "\n})";
  const char *name;
  const struct module *m = find_value(ctx, argv[0], &name);
  struct buf source;
  buf_init(&source, SIZE_MAX / 2);
  if (m) {
    buf_put(&source, head, sizeof head - 1);
    size_t at = source.len;
    buf_put(&source, m->content, m->length);
    if (!source.bad && m->length > 1 && !memcmp(m->content, "#!", 2)) memcpy(source.data + at, "//", 2);
    buf_put(&source, tail, sizeof tail); /* the engine wants a NUL after it */
  }
  JSValue r = !m           ? JS_EXCEPTION
              : source.bad ? JS_ThrowOutOfMemory(ctx)
                           : engine_eval_script(ctx, (char *)source.data, source.len - 1, name, 0);
  buf_free(&source);
  JS_FreeCString(ctx, name);
  return r;
}

/* moduleRequire(name) -> the namespace of an ES module, which is evaluated if it was not yet */
static JSValue native_require(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  const char *name = JS_ToCString(ctx, argv[0]);
  JSValue r = name ? engine_require(ctx, name) : JS_EXCEPTION;
  JS_FreeCString(ctx, name);
  return r;
}

/* moduleValue(name) -> what text, data or JSON is */
static JSValue native_value(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  const char *name;
  const struct module *m = find_value(ctx, argv[0], &name);
  JSValue r = m ? value_of(ctx, m, name) : JS_EXCEPTION;
  JS_FreeCString(ctx, name);
  return r;
}

/* ---- */

static JSModuleDef *load(JSContext *ctx, const char *name, void *opaque, JSValueConst attributes) {
  (void)opaque;
  const struct module *m = find(name);
  if (!m) {
    JSValue values = of_platform(ctx, name, "exports");
    if (JS_IsObject(values)) return synthetic(ctx, name, values);
    if (!JS_IsException(values)) JS_ThrowPlainError(ctx, "No such module \"%s\".", name);
    return NULL;
  }
  switch (m->kind) {
    case MODULE_JS:
      return compile(ctx, m, name);
    case MODULE_CJS:
      return load_commonjs(ctx, name);
    default:
      return with_default(ctx, name, value_of(ctx, m, name));
  }
}

static JSModuleDef *main_module;

static int refuse_doubled(JSContext *ctx) {
  if (!some_were_cleaned) return 0;
  for (uint32_t i = 0; i < module_count; i++)
    for (uint32_t j = 0; j < i; j++)
      if (modules[i].name_length == modules[j].name_length &&
          !memcmp(modules[i].name, modules[j].name, modules[i].name_length))
        return rpc_throw(RPC_ERROR, "Module \"%.*s\" already added to bundle", (int)modules[i].name_length,
                         modules[i].name);
  return 0;
}

/* The path of the main module, which is there; to be freed with js_free; NULL: an exception. */
static char *main_path(JSContext *ctx, const char *name) {
  char *path = js_strdup(ctx, name), *platform = NULL;
  if (!path) return NULL;
  bool above = !clean_path(path);
  const struct module *m = above ? NULL : find(path);
  if (above)
    rpc_throw(RPC_TYPE_ERROR, "Invalid module specifier \"%s\".", name);
  else if (m && m->kind != MODULE_JS)
    JS_ThrowTypeError(ctx, "Main module must be an ES module.");
  else if (!m && !(platform = name_of_platform(ctx, path)) && !JS_HasException(ctx))
    rpc_throw(RPC_ERROR, "No such module: %s", *path ? path : ".");
  js_free(ctx, platform);
  if (!JS_HasException(ctx)) return path;
  js_free(ctx, path);
  return NULL;
}

/* import(name) -> the main module's namespace; or a promise, when it awaits at top level: see namespace() then */
static JSValue native_import(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  const char *name = JS_ToCString(ctx, argv[0]);
  char *path = name && !refuse_doubled(ctx) ? main_path(ctx, name) : NULL;
  JSValue promise = path ? engine_import(ctx, path, &main_module) : JS_EXCEPTION;
  js_free(ctx, path);
  JS_FreeCString(ctx, name);
  if (JS_IsException(promise)) return promise;
  JSPromiseStateEnum state = JS_PromiseState(ctx, promise);
  if (state == JS_PROMISE_PENDING) return promise;
  JSValue result = state == JS_PROMISE_FULFILLED ? JS_GetModuleNamespace(ctx, main_module)
                                                 : JS_Throw(ctx, JS_PromiseResult(ctx, promise));
  JS_PromiseMarkAsHandled(ctx, promise);
  JS_FreeValue(ctx, promise);
  return result;
}

static JSValue native_namespace(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  return JS_GetModuleNamespace(ctx, main_module);
}

void modules_init(JSContext *ctx, JSValueConst native) {
  JS_SetModuleLoaderFunc2(JS_GetRuntime(ctx), normalize, load, check_attributes, NULL);
  static const struct {
    const char *name;
    JSCFunction *f;
    int arguments;
  } table[] = {
      {"import", native_import, 1},     {"namespace", native_namespace, 0},     {"moduleResolve", native_resolve, 2},
      {"moduleKind", native_kind, 1},   {"moduleFunction", native_function, 1}, {"moduleRequire", native_require, 1},
      {"moduleValue", native_value, 1},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    JS_SetPropertyStr(ctx, native, table[i].name, JS_NewCFunction(ctx, table[i].f, table[i].name, table[i].arguments));
}
