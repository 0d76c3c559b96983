/* upgrade.c: a connection that becomes a WebSocket: the handshake (RFC 6455, 4.2), then messages under credit both
 * ways.
 *
 * The request goes to the Worker like any other; its answer with status 101 makes the connection OPEN. From then on the
 * client's frames become MESSAGE and SHUT, the Worker's become frames. The exchange is over when both sides have
 * closed; a client that breaks a rule, or goes away, ends its own connection only.
 */
#include <stdio.h>
#include <string.h>

#include "gateway/connection.h"
#include "gateway/registry.h"

enum { CODE_GOING_AWAY = 1001, CODE_INTERNAL = 1011 };

static void put(struct buf *b, const char *text) { buf_put(b, text, strlen(text)); }

/* ---- the handshake ---- */

static void add_header(struct connection *c, const char *name, const char *value) {
  buf_put_cstr(&c->headers, name);
  buf_put_cstr(&c->headers, value);
  c->headers_kept++;
}

int upgrade_check(struct connection *c) {
  if (c->parser.method != HTTP_GET || c->encodings || (c->lengths && c->parser.content_length)) return 400;
  if (!c->upgrade.version13) return 426;
  if (!c->upgrade.key_length) return 400;
  add_header(c, "connection", "Upgrade"); /* so it is a header for this connection only, the Worker looks for it */
  add_header(c, "upgrade", "websocket");
  return 0;
}

static void on_message(void *arg, const uint8_t *bytes, size_t length, uint8_t flags) {
  struct connection *c = arg;
  if (c->exchange) exchange_message(c->exchange, bytes, length, flags);
}

static void on_closed(void *arg, unsigned code, const uint8_t *reason, size_t length) {
  struct connection *c = arg;
  if (c->exchange) exchange_shut(c->exchange, code, reason, length);
  connection_mark(c);
}

static int put_answer(struct connection *c, const uint8_t *payload, size_t length) {
  char accept[WEBSOCKET_ACCEPT + 1];
  size_t n;
  struct reader r = reader_over(payload, length);
  read_u16(&r);
  read_str_borrow(&r, &n);
  websocket_accept_key(accept, c->upgrade.key, c->upgrade.key_length);
  put(&c->out,
      "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ");
  put(&c->out, accept);
  put(&c->out, "\r\n");
  if (response_headers(c, &r)) return -1;
  put(&c->out, "\r\n");
  return 0;
}

int upgrade_begin(struct connection *c, const uint8_t *payload, size_t length) {
  const struct websocket_owner owner = {.arg = c, .message = on_message, .closed = on_closed};
  uint64_t most = (uint64_t)http_limit(c->http, LIMIT_MESSAGE_MB) << 20;
  if (!c->upgrade.asked || !c->received || put_answer(c, payload, length)) return -1;
  c->websocket = websocket_new(WEBSOCKET_SERVER, most, &c->out, &c->http->piece, &owner);
  if (!c->websocket) return -1;
  c->headed = true;
  c->keep = c->pinged = false;
  c->state = CONNECTION_OPEN;
  if (c->http->draining) upgrade_drain(c);
  return 0;
}

/* ---- towards the client ---- */

void upgrade_message(struct connection *c, const uint8_t *bytes, size_t length, uint8_t flags) {
  websocket_message(c->websocket, bytes, length, flags);
  c->owed += (uint32_t)length + MESSAGE_COST;
}

void upgrade_shut(struct connection *c, unsigned code, const uint8_t *reason, size_t length) {
  websocket_close(c->websocket, code, reason, length);
}

void upgrade_failed(struct connection *c, const struct failure *why) {
  bool thrown = why->code == ERROR_THROWN || why->code >= ERROR_CODES;
  const char *reason = thrown ? "" : error_message(why->code);
  websocket_close(c->websocket, CODE_INTERNAL, (const uint8_t *)reason, strlen(reason));
}

void upgrade_drain(struct connection *c) {
  static const char reason[] = "the server is going away";
  websocket_close(c->websocket, CODE_GOING_AWAY, (const uint8_t *)reason, sizeof reason - 1);
  connection_mark(c);
}

/* ---- from the client ---- */

static void broken(struct connection *c) {
  char text[256];
  websocket_error(c->websocket, text, sizeof text);
  exchange_break(c->exchange, text);
}

ssize_t upgrade_parse(struct connection *c, const uint8_t *bytes, size_t length) {
  enum { OUT_FULL = 2 * STREAM_WINDOW }; /* a client that reads nothing is not answered its pings for ever */
  if (!c->exchange) return (ssize_t)length;
  if (c->out.len - c->out_at > OUT_FULL) return 0;
  size_t before = c->out.len;
  ssize_t n = websocket_take(c->websocket, bytes, length, exchange_request_credit(c->exchange));
  if (n < 0 && c->exchange) broken(c);
  if (c->out.len != before) connection_mark(c); /* a pong, or a close */
  return n < 0 ? (ssize_t)length : n;
}

bool upgrade_quiet(struct connection *c) {
  bool our_turn = c->left.len || websocket_holds(c->websocket);
  if (our_turn) return true;
  if (c->pinged || websocket_sent_close(c->websocket)) return false;
  websocket_ping(c->websocket);
  c->pinged = true;
  connection_mark(c);
  return true;
}
