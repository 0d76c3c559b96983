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

/* At boot: what turns an object of the platform into a value (undefined: it is none), and back. */
void clone_hooks(JSContext *ctx, JSValueConst out, JSValueConst in);
/* 0, or -1 with an exception pending. */
int clone_write(JSContext *ctx, struct buf *out, JSValueConst value);
JSValue clone_read(JSContext *ctx, struct reader *in);

#endif
