/* engine.h: what the guest needs from inside QuickJS that its public header does not offer.
 *
 * engine.c compiles the engine's source together with these few functions, changed in a few places
 * (engine.c). Each says why the public API would not do.
 */
#ifndef MAYFLY_GUEST_ENGINE_H
#define MAYFLY_GUEST_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

enum engine_class {
  CLASS_OTHER, /* not serializable, or a class of ours */
  CLASS_OBJECT,
  CLASS_ARRAY,
  CLASS_ERROR,
  CLASS_NUMBER,
  CLASS_STRING,
  CLASS_BOOLEAN,
  CLASS_BIGINT,
  CLASS_DATE,
  CLASS_REGEXP,
  CLASS_ARRAY_BUFFER,
  CLASS_TYPED_ARRAY,
  CLASS_DATA_VIEW,
  CLASS_MAP,
  CLASS_SET,
  CLASS_FUNCTION,
  CLASS_PROXY,
};

/* The runtime, with an allocator that keeps an isolate's memory apart from the image's. */
JSRuntime *engine_new_runtime(void);
/* First thing in a new context: errors get their stacks as V8 writes them (engine_stack.h). */
void engine_init_stacks(JSContext *ctx);
/* Before the image is taken: makes the built-ins that the engine makes on first use; collects garbage; takes what
 * is left out of the collector's list, so that a collection in an isolate walks (and dirties) only what the isolate
 * made; makes all that exists immortal; refuses code generation from strings from now on.
 * NULL, or what in the image depends on the hash seed. */
const char *engine_seal(JSContext *ctx);
/* Before engine_seal: objects built as the sample was will be built fast. */
void engine_keep_shapes(JSContext *ctx, JSValueConst sample);
/* After the copy: new state for Math.random and new seed for the hash tables of Map and Set, which must be empty: 0
 * leaves it as it is. */
void engine_reseed(JSContext *ctx, uint64_t random_state, uint32_t hash_seed);
uint32_t engine_hash_seed(JSContext *ctx);

/* The frame of the running code, an object or undefined: engine.c says what it is. Free what get returns. */
JSValue engine_get_frame(JSContext *ctx);
void engine_set_frame(JSContext *ctx, JSValueConst frame);

/* The module loader may compile although eval may not. */
JSValue engine_compile_module(JSContext *ctx, const char *source, size_t length, const char *name);
/* Loads, links and evaluates a module and what it imports. The promise of the evaluation, which for modules without
 * top-level await is settled at once, so that nobody need wait for it; or an exception. */
JSValue engine_import(JSContext *ctx, const char *name, JSModuleDef **module);
/* The namespace of a module that require() asks for, evaluated. An exception: it threw, it awaits at top level, or it
 * imports one that is being evaluated. */
JSValue engine_require(JSContext *ctx, const char *name);
/* Sloppy code, evaluated although eval may not: its value. `line` is the number of its first. */
JSValue engine_eval_script(JSContext *ctx, const char *source, size_t length, const char *name, int line);
/* Asked by what resolves a specifier: whether it comes from import(), not from an import declaration. */
bool engine_take_importing(void);
/* The bytes of a string whose characters all fit a byte, as HTTP headers do. False: not such a string (or not one at
 * all). The bytes live as long as *flat, which the caller frees in any case. */
bool engine_latin1(JSContext *ctx, JSValueConst v, JSValue *flat, const uint8_t **p, size_t *n);
JSValue engine_new_latin1(JSContext *ctx, const uint8_t *p, size_t n);

/* A string's characters, flat, whatever their width. The caller frees the returned value, which holds them. */
struct engine_text {
  const uint8_t *narrow; /* NULL: wide */
  const uint16_t *wide;
  uint32_t length;
};
JSValue engine_text(JSContext *ctx, JSValueConst string, struct engine_text *out);
static inline uint32_t engine_char(const struct engine_text *t, uint32_t i) {
  return t->narrow ? t->narrow[i] : t->wide[i];
}
/* Part of a flat string; itself when that is all of it. */
JSValue engine_substring(JSContext *ctx, JSValueConst flat, uint32_t from, uint32_t to);
/* Takes both over. */
JSValue engine_concat(JSContext *ctx, JSValue a, JSValue b);

/* The elements of an array without holes, in place: valid until it is changed. 0: none, or no such array. */
uint32_t engine_array(JSValueConst v, JSValue **values);
/* Define the element after the last (the value is taken over), or drop those from `count` on. -1: exception. */
int engine_array_push(JSContext *ctx, JSValueConst array, JSValue v);
int engine_array_truncate(JSContext *ctx, JSValueConst array, uint32_t count);
/* A promise that nobody but engine_promise_settle() settles. It takes what it is resolved with as resolve() does. */
JSValue engine_promise(JSContext *ctx);
void engine_promise_settle(JSContext *ctx, JSValueConst promise, JSValueConst value, bool failed);
/* A new object of the class, with the prototype that `new_target` wants. */
JSValue engine_create(JSContext *ctx, JSValueConst new_target, JSClassID class_id);

/* A symbol as an object. */
bool engine_is_symbol(JSValueConst object);
/* The name of the class that the engine made an object as ("Map Iterator"); undefined for what is no object. */
JSValue engine_class_name(JSContext *ctx, JSValueConst v);
/* Target and handler of a proxy, both null when it is revoked; false: not a proxy. Free both. */
bool engine_proxy(JSContext *ctx, JSValueConst v, JSValue *target, JSValue *handler);
/* What an iterator of a Map or Set would still give, without moving it: an array of keys, of values, or of keys and
 * values in turn (*pairs). Undefined: no such iterator. */
JSValue engine_preview(JSContext *ctx, JSValueConst v, bool *pairs);
enum engine_class engine_class(JSContext *ctx, JSValueConst v);
/* Has this plain object a prototype that is not Object.prototype? When it has none: `none`. */
bool engine_has_class(JSContext *ctx, JSValueConst v, bool none);
/* The value inside a Number, String, Boolean or BigInt object. Free it. */
JSValue engine_unbox(JSContext *ctx, JSValueConst v);
JSValue engine_box(JSContext *ctx, JSValue primitive);
double engine_date(JSContext *ctx, JSValueConst v);
/* Source and flags without calling the (replaceable) getters. Free both. */
int engine_regexp(JSContext *ctx, JSValueConst v, JSValue *source, JSValue *flags);
JSValue engine_new_regexp(JSContext *ctx, JSValueConst source, JSValueConst flags);
/* All entries of a Map (key, value, key, …) or Set (key, …) as a new array of values, each to be freed. */
int engine_entries(JSContext *ctx, JSValueConst v, JSValue **out, uint32_t *count);
JSValue engine_new_map(JSContext *ctx, bool set);
int engine_map_put(JSContext *ctx, JSValueConst map, JSValueConst key, JSValueConst value);
/* What an object or its chain has as `constructor`, or as its tag, where that is data; undefined where it is not. */
JSValue engine_data(JSContext *ctx, JSValueConst v, bool tag);
/* maxByteLength of an ArrayBuffer; -1: it cannot be resized. A new one that can, with a copy of these bytes. */
int64_t engine_buffer_max(JSValueConst buffer);
JSValue engine_new_resizable(JSContext *ctx, const uint8_t *p, size_t n, uint32_t max);
/* Kind (JSTypedArrayEnum, or -1: DataView), buffer (not owned), byte offset and byte length of a view. */
int engine_view(JSContext *ctx, JSValueConst v, int *kind, JSValueConst *buffer, size_t *offset, size_t *length,
                bool *tracks_length);
JSValue engine_new_view(JSContext *ctx, int kind, JSValueConst buffer, size_t offset, size_t count, bool tracks);
/* A property of one object as another's: getters see the receiver. */
JSValue engine_get_for(JSContext *ctx, JSValueConst object, JSAtom name, JSValueConst receiver);
/* Is the atom a string, and not an index of an array's element? */
bool engine_is_name(JSContext *ctx, JSAtom atom);
/* Throws what workerd does when a method is called on an object that is not of its class. -1. */
int engine_illegal_invocation(JSContext *ctx);
/* True when the C stack is nearly used up: recursive C code of ours must stop with a RangeError. */
bool engine_stack_full(JSContext *ctx);

#endif
