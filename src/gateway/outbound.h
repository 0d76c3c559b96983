/* outbound.h: what an isolate's channel 0 leads to: requests to the network, by libcurl on the gateway's loop.
 *
 * A request is the server of an exchange (exchange.h): it is told of body bytes, credit and cancellation in frames and
 * answers in frames. Bodies are passed on within the exchange's credit in both directions: a sandbox that does not read
 * stops the upstream's TCP connection, and an upstream that does not read stops the sandbox.
 * Invariants: libcurl's callbacks may speak to the exchange, the exchange never enters libcurl: what it brings is noted
 * and done in outbound_flush. Every request is judged by rules (rules.h) on the address that its connection was made
 * to, new or kept: so all share one pool of connections.
 * What an upstream sends is checked and bounded before it becomes a frame; bodies are passed on as they came, never
 * decoded here.
 * libcurl is loaded when the first request is made, so that a gateway without any, and every cell, does without it.
 */
#ifndef MAYFLY_GATEWAY_OUTBOUND_H
#define MAYFLY_GATEWAY_OUTBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/layer.h"
#include "gateway/config.h"
#include "gateway/loop.h"
#if LAYER < LAYER_GATEWAY
#error "outbound.h belongs to the gateway"
#endif

struct entry;
struct isolate;
struct outbound;
struct registry;

/* NULL: out of memory. The configuration is used as long as the result. */
struct outbound *outbound_new(struct registry *registry, struct loop *loop, const struct config *config);
/* Every request is given up, and with it its exchange. */
void outbound_stop(struct outbound *o);
/* The isolates must be gone. */
void outbound_free(struct outbound **outbound);
/* The request of a FETCH: the EVENT's payload and the frame's flags. Its outcome goes to the isolate, in any case.
 * `under`: an entry with rules that hold besides the operator's, and those that it is within; NULL: none. */
void outbound_fetch(struct outbound *o, struct isolate *caller, const struct entry *under, uint32_t stream,
                    const uint8_t *event, size_t length, uint8_t flags);
/* The isolate is no more; its requests were cancelled. */
void outbound_forget(struct outbound *o, struct isolate *isolate);
/* A hook of the loop. */
bool outbound_flush(void *outbound);

#endif
