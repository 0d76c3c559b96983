/* http.h: the HTTP/1.1 server: connections in, exchanges with the host Worker out. No other file knows the library.
 *
 * Refused here, before any Worker sees it: malformed heads, both length headers, an encoding that is not chunked, a
 * missing or odd Host (400); too much head (431) or body (413); too many connections (503). Slow and idle clients are
 * closed. Requests on one connection are answered in order, one at a time.
 * What a Worker answers is checked again: a name or value that would break the framing makes it an error.
 */
#ifndef MAYFLY_GATEWAY_HTTP_H
#define MAYFLY_GATEWAY_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/layer.h"
#include "gateway/loop.h"
#include "gateway/registry.h"
#if LAYER < LAYER_GATEWAY
#error "http.h belongs to the gateway"
#endif

struct http;

struct http_options {
  const char *ip;      /* numeric */
  uint16_t port;       /* 0: any */
  bool dev;            /* errors and stacks to the client */
  bool test_scheduled; /* see scheduled_request.c */
};

/* Binds the address. 0, or -1 with a message. Nothing is accepted yet. */
int http_new(struct http **out, struct registry *registry, const struct http_options *options, char *err,
             size_t err_size);
int http_accept(struct http *http);
/* "http://ADDR:PORT", with the real port. */
const char *http_address(const struct http *http);
/* Accepts no more; connections end with the request that they are at. */
void http_drain(struct http *http);
unsigned http_connections(const struct http *http);
void http_free(struct http **http);
/* The hook of the loop: answers are sent, next requests begun. */
bool http_flush(void *http);

#endif
