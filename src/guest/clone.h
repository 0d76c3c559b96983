/* clone.h: structured clone as bytes, the form in which values cross between isolates.
 *
 * The walk is the structured clone algorithm (HTML, section 2.7, StructuredSerializeInternal): primitives, boxed
 * primitives, Date, RegExp, Map, Set, ArrayBuffer and views, errors, arrays with holes and extra properties, plain
 * objects; cycles and shared references keep their identity. Objects of the platform are turned into values and back by
 * its two hooks (web/clone.js). Anything else is a DataCloneError.
 * The reader takes bytes from another isolate, which may be hostile: it checks every length and reference, and at
 * worst fails or spends this isolate's own memory.
 */
#ifndef MAYFLY_GUEST_CLONE_H
#define MAYFLY_GUEST_CLONE_H

#include "base/buf.h"
#include "guest/engine.h"

/* At boot: what turns an object of the platform into a value (undefined: it is none), and back; and what the language
 * had: constructors by name, `none`, which iterates over nothing, and `text`, the source of a function. */
void clone_hooks(JSContext *ctx, JSValueConst out, JSValueConst in, JSValueConst makers);
/* What values may hold besides data, and what is different about them, when they cross by RPC (rpc/binary.c). */
struct clone_more {
  /* An object that is not plain data: 1: its form was written; 0: it is nothing of this kind; -1: exception. */
  int (*put)(void *arg, struct buf *out, JSValueConst v);
  JSValue (*get)(void *arg, struct reader *in);
  JSValueConst out, in; /* in the place of the hooks above */
  void *arg;
  bool plain;       /* nothing but what structuredClone() takes: `put` is not asked */
  bool bare_errors; /* errors have no properties of their own */
};

/* 0, or -1 with an exception pending. `more` may be NULL. */
int clone_write(JSContext *ctx, struct buf *out, JSValueConst value, const struct clone_more *more);
/* An array of these values. */
int clone_write_list(JSContext *ctx, struct buf *out, int count, JSValueConst *values, const struct clone_more *more);
JSValue clone_read(JSContext *ctx, struct reader *in, const struct clone_more *more);

#endif
