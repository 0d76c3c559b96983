/* websocket.c: see websocket.h. */
#include "gateway/websocket.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <wslay/wslay.h>

#include "base/frame.h"
#include "gateway/exchange.h"
#include "gateway/utf8.h"

enum {
  WEBSOCKET_MAGIC = 0x54534257,
  TAKEN_AT_ONCE = 4096, /* what wslay hands out at most; looked at so that no piece goes beyond its credit */
  CONTROL_MAX = 125,
  CODE_PROTOCOL = 1002,
  CODE_NOT_UTF8 = 1007,
  CODE_TOO_BIG = 1009,
};

struct websocket {
  uint32_t magic;
  enum websocket_side side;
  wslay_frame_context_ptr frames;
  struct websocket_owner owner;
  struct buf *out, *piece;
  uint64_t message_max, message_bytes; /* of the message that is coming */
  uint64_t frame_left;                 /* bytes of the frame that is coming */
  uint8_t opcode;                      /* of it */
  bool fin, in_frame;
  bool in_message, text; /* a message is coming; it is text */
  struct utf8 utf8;      /* of it */
  uint8_t control[CONTROL_MAX];
  size_t control_length;
  bool out_message; /* a message is on its way out */
  bool sent_close, got_close;
  const uint8_t *in; /* what websocket_take was given, and how much is left of it */
  size_t in_left;
  uint32_t credit;
  bool holds;
  unsigned error_code; /* 0: none */
  char error[160];
};

/* ---- wslay's ends ---- */

static ssize_t on_recv(uint8_t *to, size_t length, int flags, void *arg) {
  struct websocket *ws = arg;
  (void)flags;
  if (!ws->in_left) return -1;
  size_t n = length < ws->in_left ? length : ws->in_left;
  memcpy(to, ws->in, n);
  ws->in += n;
  ws->in_left -= n;
  return (ssize_t)n;
}

static ssize_t on_send(const uint8_t *from, size_t length, int flags, void *arg) {
  struct websocket *ws = arg;
  (void)flags;
  buf_put(ws->out, from, length);
  return ws->out->bad ? -1 : (ssize_t)length;
}

static int on_mask(uint8_t *to, size_t length, void *arg) {
  (void)arg;
  return getrandom(to, length, 0) == (ssize_t)length ? 0 : -1;
}

/* ---- life ---- */

struct websocket *websocket_new(enum websocket_side side, uint64_t message_max, struct buf *out, struct buf *piece,
                                const struct websocket_owner *owner) {
  static const struct wslay_frame_callbacks callbacks = {on_send, on_recv, on_mask};
  struct websocket *ws = calloc(1, sizeof *ws);
  if (!ws) return NULL;
  *ws = (struct websocket){.magic = WEBSOCKET_MAGIC, .side = side, .owner = *owner, .out = out, .piece = piece};
  ws->message_max = message_max;
  if (!wslay_frame_context_init(&ws->frames, &callbacks, ws)) return ws;
  free(ws);
  return NULL;
}

void websocket_free(struct websocket **ws) {
  if (!*ws) return;
  wslay_frame_context_free((*ws)->frames);
  (*ws)->magic = 0;
  free(*ws);
  *ws = NULL;
}

/* ---- sending ---- */

static void send_frame(struct websocket *ws, uint8_t opcode, bool fin, const uint8_t *bytes, size_t length) {
  struct wslay_frame_iocb io = {.fin = fin,
                                .opcode = opcode,
                                .payload_length = length,
                                .mask = ws->side == WEBSOCKET_CLIENT,
                                .data = bytes,
                                .data_length = length};
  ssize_t n;
  do {
    n = wslay_frame_send(ws->frames, &io);
    if (n < 0) break;
    io.data += n;
    io.data_length -= (size_t)n;
  } while (io.data_length);
  if (n < 0) ws->out->bad = true; /* no memory, or no mask: the owner gives the connection up */
}

void websocket_message(struct websocket *ws, const uint8_t *bytes, size_t length, uint8_t flags) {
  if (ws->sent_close) return;
  uint8_t opcode = ws->out_message      ? WSLAY_CONTINUATION_FRAME
                   : flags & FRAME_TEXT ? WSLAY_TEXT_FRAME
                                        : WSLAY_BINARY_FRAME;
  ws->out_message = flags & FRAME_MORE;
  send_frame(ws, opcode, !ws->out_message, bytes, length);
}

void websocket_close(struct websocket *ws, unsigned code, const uint8_t *reason, size_t length) {
  uint8_t payload[CONTROL_MAX] = {(uint8_t)(code >> 8), (uint8_t)code};
  if (ws->sent_close) return;
  if (length > SHUT_REASON_MAX) length = SHUT_REASON_MAX;
  memcpy(payload + 2, reason, length);
  send_frame(ws, WSLAY_CONNECTION_CLOSE, true, payload, code == SHUT_NO_CODE ? 0 : 2 + length);
  ws->sent_close = true;
}

void websocket_ping(struct websocket *ws) {
  if (!ws->sent_close) send_frame(ws, WSLAY_PING, true, (const uint8_t *)"", 0);
}

bool websocket_sent_close(const struct websocket *ws) { return ws->sent_close; }
bool websocket_got_close(const struct websocket *ws) { return ws->got_close; }

/* ---- taking ---- */

__attribute__((format(printf, 3, 4))) static bool refuse(struct websocket *ws, unsigned code, const char *why, ...) {
  va_list args;
  va_start(args, why);
  vsnprintf(ws->error, sizeof ws->error, why, args);
  va_end(args);
  ws->error_code = code;
  websocket_close(ws, code, (const uint8_t *)ws->error, strlen(ws->error));
  return false;
}

void websocket_error(const struct websocket *ws, char *text, size_t size) {
  snprintf(text, size, "WebSocket protocol error; protocolError.statusCode = %u; protocolError.description = %s",
           ws->error_code, ws->error);
}

static void hand_on(struct websocket *ws, bool more) {
  uint8_t flags = (uint8_t)((ws->text ? FRAME_TEXT : 0) | (more ? FRAME_MORE : 0));
  ws->credit -= (uint32_t)ws->piece->len + MESSAGE_COST;
  ws->owner.message(ws->owner.arg, ws->piece->data, ws->piece->len, flags);
  buf_clear(ws->piece);
}

static bool is_control(uint8_t opcode) { return opcode & 8; }

/* The head of a frame, as far as wslay does not check it. */
static bool begin_frame(struct websocket *ws, const struct wslay_frame_iocb *io) {
  ws->opcode = io->opcode;
  ws->fin = io->fin;
  ws->in_frame = true;
  ws->frame_left = io->payload_length;
  if (io->rsv & ~WSLAY_RSV1_BIT) return refuse(ws, CODE_PROTOCOL, "Received frame had RSV bits 2 or 3 set");
  if (io->rsv)
    return refuse(ws, CODE_PROTOCOL,
                  "Received a WebSocket frame whose compression bit was set, but the compression extension was not "
                  "negotiated for this connection.");
  if (io->mask != (ws->side == WEBSOCKET_SERVER))
    return refuse(ws, CODE_PROTOCOL, ws->side == WEBSOCKET_SERVER ? "Frame without a mask" : "Masked frame");
  if (is_control(io->opcode)) {
    ws->control_length = 0;
    return io->opcode <= WSLAY_PONG || refuse(ws, CODE_PROTOCOL, "Unknown opcode %d", io->opcode);
  }
  if (io->opcode > WSLAY_BINARY_FRAME) return refuse(ws, CODE_PROTOCOL, "Unknown opcode %d", io->opcode);
  if (io->opcode == WSLAY_CONTINUATION_FRAME && !ws->in_message)
    return refuse(ws, CODE_PROTOCOL, "Unexpected continuation frame");
  if (io->opcode != WSLAY_CONTINUATION_FRAME) {
    if (ws->in_message) return refuse(ws, CODE_PROTOCOL, "Missing continuation frame");
    ws->in_message = true;
    ws->text = io->opcode == WSLAY_TEXT_FRAME;
    ws->message_bytes = 0;
    ws->utf8 = (struct utf8){0};
  }
  uint64_t most = ws->message_max - ws->message_bytes;
  if (io->payload_length > most)
    return refuse(ws, CODE_TOO_BIG, "Message is too large: %" PRIu64 " > %" PRIu64, io->payload_length, most);
  ws->message_bytes += io->payload_length;
  return true;
}

static bool take_message(struct websocket *ws, const uint8_t *bytes, size_t n) {
  bool last = ws->fin && !ws->frame_left;
  if (ws->text && (!utf8_take(&ws->utf8, bytes, n) || (last && !utf8_is_whole(&ws->utf8))))
    return refuse(ws, CODE_NOT_UTF8, "Text that is not UTF-8");
  buf_put(ws->piece, bytes, n);
  if (last) {
    ws->in_message = false;
    hand_on(ws, false);
  } else if (ws->piece->len + TAKEN_AT_ONCE > FRAME_PAYLOAD_MAX) {
    hand_on(ws, true);
  }
  return true;
}

static bool take_close(struct websocket *ws) {
  unsigned code = SHUT_NO_CODE;
  struct utf8 utf8 = {0};
  const uint8_t *reason = ws->control + 2;
  size_t length = ws->control_length > 2 ? ws->control_length - 2 : 0;
  if (ws->control_length == 1) return refuse(ws, CODE_PROTOCOL, "Close frame with half a code");
  if (ws->control_length) {
    code = (unsigned)ws->control[0] << 8 | ws->control[1];
    if (code == SHUT_NO_CODE || !exchange_may_shut_with(code))
      return refuse(ws, CODE_PROTOCOL, "Close frame with a code that is not allowed");
    if (!utf8_take(&utf8, reason, length) || !utf8_is_whole(&utf8))
      return refuse(ws, CODE_NOT_UTF8, "Close frame with a reason that is not UTF-8");
  }
  if (ws->in_message) return refuse(ws, CODE_PROTOCOL, "Close frame amid a message");
  ws->got_close = true;
  ws->owner.closed(ws->owner.arg, code, reason, length);
  return true;
}

static bool take_control(struct websocket *ws, const uint8_t *bytes, size_t n) {
  memcpy(ws->control + ws->control_length, bytes, n); /* wslay refuses longer ones */
  ws->control_length += n;
  if (ws->frame_left) return true;
  if (ws->opcode == WSLAY_PING && !ws->sent_close) send_frame(ws, WSLAY_PONG, true, ws->control, ws->control_length);
  return ws->opcode != WSLAY_CONNECTION_CLOSE || take_close(ws);
}

/* One step. False: nothing more to take now. */
static bool take_some(struct websocket *ws) {
  struct wslay_frame_iocb io;
  ssize_t n = wslay_frame_recv(ws->frames, &io);
  if (n == WSLAY_ERR_PROTO) return refuse(ws, CODE_PROTOCOL, "Malformed frame");
  if (n < 0) return false;
  if (!ws->in_frame && !begin_frame(ws, &io)) return false;
  ws->frame_left -= (uint64_t)n;
  if (!ws->frame_left) ws->in_frame = false;
  return is_control(ws->opcode) ? take_control(ws, io.data, (size_t)n) : take_message(ws, io.data, (size_t)n);
}

static bool has_credit(const struct websocket *ws) {
  return ws->piece->len + TAKEN_AT_ONCE + MESSAGE_COST <= ws->credit;
}

ssize_t websocket_take(struct websocket *ws, const uint8_t *bytes, size_t length, uint32_t credit) {
  ws->in = bytes;
  ws->in_left = length;
  ws->credit = credit;
  buf_clear(ws->piece);
  while (has_credit(ws) && !ws->got_close && take_some(ws)) continue;
  ws->holds = !has_credit(ws);
  if (ws->piece->len && !ws->error_code) hand_on(ws, true);
  if (ws->piece->bad) ws->out->bad = true;
  if (ws->got_close) ws->in_left = 0;
  ws->in = NULL;
  return ws->error_code ? -1 : (ssize_t)(length - ws->in_left);
}

bool websocket_holds(const struct websocket *ws) { return ws->holds; }

/* ---- the handshake ---- */

void websocket_accept_key(char *out, const char *key, size_t length) {
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char text[128 + sizeof guid], digest[EVP_MAX_MD_SIZE];
  unsigned digest_length = 0;
  if (length > 128) length = 128;
  memcpy(text, key, length);
  memcpy(text + length, guid, sizeof guid - 1);
  EVP_Digest(text, length + sizeof guid - 1, digest, &digest_length, EVP_sha1(), NULL);
  EVP_EncodeBlock((unsigned char *)out, digest, 20);
}
