/* edge.h: the runtime itself as a Cap'n Web object (docs/rpc.md): which requests are for it, and the Worker that
 * answers.
 *
 * The Worker is built into the program (src/edge). Each connection has one of its own, a WORKER_EDGE with an isolate in
 * the trusted cell: a WebSocket, or one request with a batch of calls. It ends with its request, whatever its isolate
 * says (registry.h), and takes along the Workers that it loaded and the entries that lead to it.
 * It knows the token, and so nobody else has to: the gateway checks only where a request comes from.
 */
#ifndef MAYFLY_GATEWAY_EDGE_H
#define MAYFLY_GATEWAY_EDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/layer.h"
#include "gateway/config.h"
#if LAYER < LAYER_GATEWAY
#error "edge.h belongs to the gateway"
#endif

struct edge;
struct registry;
struct worker;

/* Reads the token, or makes one and prints it. `config->rpc` names the rest and stays the caller's; `ip` is what is
 * listened on. 0, or -1 with a message. */
int edge_new(struct edge **out, const struct config *config, const char *ip, char *err, size_t err_size);
void edge_free(struct edge **edge);

/* Is a request with this target (as in its first line) for it? */
bool edge_wants(const struct edge *edge, const char *target, size_t length);
/* May a browser's page of this origin make it? */
bool edge_allows(const struct edge *edge, const char *origin, size_t length);
/* The Worker for one request: a reference. NULL: out of memory. */
struct worker *edge_worker(struct registry *r);

#endif
