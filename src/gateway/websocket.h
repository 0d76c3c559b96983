/* websocket.h: the WebSocket protocol (RFC 6455) on one connection: bytes to messages and back. Framing and masks are
 * wslay's; the rules of messages are here: the order of pieces, UTF-8, sizes, close codes.
 *
 * It owns no socket. The owner gives it what came, and sends what it finds in `out`. The first broken rule writes a
 * close frame that says why, and nothing is taken any more. No extension is ever agreed on.
 * The owner's functions are called from websocket_take only.
 */
#ifndef MAYFLY_GATEWAY_WEBSOCKET_H
#define MAYFLY_GATEWAY_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/layer.h"
#if LAYER < LAYER_GATEWAY
#error "websocket.h belongs to the gateway"
#endif

struct websocket;

enum websocket_side { WEBSOCKET_SERVER, WEBSOCKET_CLIENT };
enum { WEBSOCKET_KEY = 24, WEBSOCKET_ACCEPT = 28 }; /* characters */

struct websocket_owner {
  void *arg;
  void (*message)(void *arg, const uint8_t *bytes, size_t length, uint8_t flags); /* a piece; FRAME_TEXT, FRAME_MORE */
  void (*closed)(void *arg, unsigned code, const uint8_t *reason, size_t length); /* the peer will say nothing more */
};

/* `piece`: FRAME_PAYLOAD_MAX bytes of scratch, shared by all that are never in websocket_take at the same time; both
 * bufs stay the owner's. NULL: out of memory. */
struct websocket *websocket_new(enum websocket_side side, uint64_t message_max, struct buf *out, struct buf *piece,
                                const struct websocket_owner *owner);
void websocket_free(struct websocket **ws);

/* Takes bytes as far as `credit` (as in frame.h) for messages reaches; it may hold a few thousand more, which come out
 * when it is called again, with none. How many were taken, or -1: the peer broke a rule, websocket_error says which.
 * Nothing is taken after the peer's close. */
ssize_t websocket_take(struct websocket *ws, const uint8_t *bytes, size_t length, uint32_t credit);
/* It holds bytes that wait for credit. */
bool websocket_holds(const struct websocket *ws);
/* As a Worker is told of it. */
void websocket_error(const struct websocket *ws, char *text, size_t size);

/* After a close was sent these send nothing. */
void websocket_message(struct websocket *ws, const uint8_t *bytes, size_t length, uint8_t flags);
void websocket_close(struct websocket *ws, unsigned code, const uint8_t *reason, size_t length);
void websocket_ping(struct websocket *ws);
bool websocket_sent_close(const struct websocket *ws);
bool websocket_got_close(const struct websocket *ws);

/* Sec-WebSocket-Accept for a Sec-WebSocket-Key. `out` has room for WEBSOCKET_ACCEPT characters and a NUL. */
void websocket_accept_key(char *out, const char *key, size_t length);

#endif
