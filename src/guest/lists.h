/* lists.h: flat lists [name, value, name, value, …]: the form in which headers come and go, and what Headers,
 * URLSearchParams and FormData are. A list is a JavaScript array that no Worker ever sees, so that a message passed on
 * is never rebuilt; names of headers in it are lower case. lists.c works on lists, headers.c is the class Headers.
 */
#ifndef MAYFLY_GUEST_LISTS_H
#define MAYFLY_GUEST_LISTS_H

#include "guest/engine.h"

/* The values of the last entry by that name, or of all, joined with ", "; null: none. */
JSValue list_get(JSContext *ctx, JSValueConst list, JSValueConst name);
bool list_has(JSContext *ctx, JSValueConst list, JSValueConst name);
/* The following take `name` and `value` over. -1: exception. */
int list_append(JSContext *ctx, JSValueConst list, JSValue name, JSValue value);
int list_set(JSContext *ctx, JSValueConst list, JSValue name, JSValue value);
int list_delete(JSContext *ctx, JSValueConst list, JSValueConst name);

/* A header's name, in lower case; its value, without white space around it. Exception: not one. */
JSValue header_name(JSContext *ctx, JSValueConst name);
JSValue header_value(JSContext *ctx, JSValueConst value);

#endif
