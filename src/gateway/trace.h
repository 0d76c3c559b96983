/* trace.h: what `mayfly serve --trace-rpc` prints: a line for each call of an RPC session.
 *
 *     rpc: CALLER -> WORKER#ENTRYPOINT: METHOD, N bytes there, N back, T ms: how it ended
 *
 * Of the messages that pass through (guest/rpc/binary.c) it reads the heads: whom a call names, what it is answered.
 * They are an isolate's, so nothing but the text of these lines depends on what they say, and what is kept is bounded.
 */
#ifndef MAYFLY_GATEWAY_TRACE_H
#define MAYFLY_GATEWAY_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/layer.h"
#if LAYER < LAYER_GATEWAY
#error "trace.h belongs to the gateway"
#endif

struct trace;
struct worker;

/* `from` NULL: a client. NULL: out of memory, nothing is traced. */
struct trace *trace_new(const struct worker *from, const struct worker *to, const char *entrypoint, size_t length);
/* Some bytes of the messages that one side sends. */
void trace_bytes(struct trace *t, bool from_callee, const uint8_t *p, size_t n);
/* How the calls ended that are not answered when it ends. The first one counts. */
void trace_outcome(struct trace *t, const char *text, size_t length);
/* The end of the session. NULL is allowed. */
void trace_free(struct trace *t);

#endif
