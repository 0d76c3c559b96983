/* outbound_websocket.c: a connection to the network that is, or is to become, a WebSocket, or is a Worker's by itself
 * (a tunnel, outbound_tunnel.c): libcurl made it (names, policy, TLS) and now only carries bytes; the rest happens
 * here, once a turn, in outbound_websocket_flush.
 *
 * The watch is edge-triggered, and everything is read and written until libcurl says that it would have to wait: what
 * TLS has decrypted already wakes nobody, and a handshake within TLS may make reading wait for writing. A turn reads a
 * bounded amount, so that no server keeps the loop to itself.
 * When the answer is not 101 it goes to the Worker as that of any request. A server that breaks a rule of WebSockets is
 * told so as far as that takes no waiting; then the connection ends, as it does when both directions are closed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "gateway/outbound_parts.h"

enum { READS = 16, OUT_KEEP = 4096 };

/* ---- the connection ---- */

static void on_ready(void *arg, uint32_t events) {
  struct outbound_websocket *ws = arg;
  (void)events; /* what it is good for shows when it is tried */
  ws->readable = true;
  outbound_mark(ws->request);
}

static void on_again(void *arg) {
  struct outbound_websocket *ws = arg;
  outbound_mark(ws->request);
}

static int connect_watch(struct outbound_websocket *ws) {
  struct outbound_request *r = ws->request;
  curl_socket_t fd = CURL_SOCKET_BAD;
  if (r->outbound->curl->easy_getinfo(r->easy, CURLINFO_ACTIVESOCKET, &fd) || fd == CURL_SOCKET_BAD) return -1;
  struct loop_watch watch = {.fd = fd, .ready = on_ready, .arg = ws};
  ws->watch = watch;
  if (!loop_watch(r->outbound->loop, &ws->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) return 0;
  ws->watch.arg = NULL;
  return -1;
}

/* The next bytes to send are in `sending`. False: there are none. */
static bool has_sending(struct outbound_websocket *ws) {
  if (ws->sent_at < ws->sending.len) return true;
  struct buf sent = ws->sending;
  buf_shrink(&sent, OUT_KEEP);
  ws->sending = ws->out;
  ws->out = sent;
  ws->sent_at = 0;
  return ws->sending.len;
}

static void send_out(struct outbound_websocket *ws) {
  struct outbound_request *r = ws->request;
  while (!ws->deaf && has_sending(ws)) {
    const uint8_t *from = ws->sending.data + ws->sent_at;
    size_t n = 0;
    CURLcode e = r->outbound->curl->easy_send(r->easy, from, ws->sending.len - ws->sent_at, &n);
    if (e == CURLE_AGAIN) return;
    if (e) ws->deaf = true;
    if (n) outbound_moved(r);
    r->sent_bytes += n;
    ws->sent_at += n;
  }
  if (!ws->deaf) return;
  buf_clear(&ws->out);
  buf_clear(&ws->sending);
  ws->sent_at = 0;
}

static void grant(struct outbound_websocket *ws) {
  if (ws->owed < STREAM_WINDOW / 4 || outbound_unsent(ws) || ws->deaf) return;
  uint32_t bytes = ws->owed;
  ws->owed = 0;
  outbound_tell(ws->request, FRAME_WINDOW, 0, &bytes, sizeof bytes);
}

int outbound_websocket_begin(struct outbound_request *r) {
  struct outbound_websocket *ws = calloc(1, sizeof *ws);
  if (!ws) return -1;
  ws->request = r;
  ws->again = (struct loop_timer){.fire = on_again, .arg = ws};
  buf_init(&ws->out, 4 * STREAM_WINDOW);
  buf_init(&ws->sending, 4 * STREAM_WINDOW);
  struct buf *of_head[] = {&ws->line, &ws->upgrade, &ws->accept};
  for (size_t i = 0; i < sizeof of_head / sizeof *of_head; i++)
    buf_init(of_head[i], (size_t)r->outbound->config->limits.value[LIMIT_OUTBOUND_HEAD_KB] << 10);
  buf_init(&ws->left, SOCKET_PIECE);
  r->websocket = ws;
  if (connect_watch(ws) || (!r->tunnel && outbound_handshake_ask(ws))) return -1;
  if (r->tunnel)
    outbound_tunnel_begin(ws);
  else
    outbound_handshake_expect(ws);
  outbound_moved(r);
  send_out(ws); /* at once: so the connection is in use in the eyes of libcurl */
  outbound_mark(r);
  return 0;
}

static void free_head(struct outbound_websocket *ws) {
  buf_free(&ws->line);
  buf_free(&ws->upgrade);
  buf_free(&ws->accept);
}

void outbound_websocket_free(struct outbound_websocket **websocket) {
  struct outbound_websocket *ws = *websocket;
  if (!ws) return;
  struct loop *loop = ws->request->outbound->loop;
  if (ws->watch.arg) loop_unwatch(loop, &ws->watch);
  loop_timer_clear(loop, &ws->again);
  websocket_free(&ws->frames);
  tls_free(&ws->tls);
  buf_free(&ws->out);
  buf_free(&ws->sending);
  free_head(ws);
  buf_free(&ws->left);
  free(ws);
  *websocket = NULL;
}

/* ---- from the server ---- */

static void on_message(void *arg, const uint8_t *bytes, size_t length, uint8_t flags) {
  struct outbound_request *r = arg;
  r->credit -= (uint32_t)length + MESSAGE_COST;
  outbound_tell(r, FRAME_MESSAGE, flags, bytes, length);
}

static void on_closed(void *arg, unsigned code, const uint8_t *reason, size_t length) {
  uint8_t payload[2 + SHUT_REASON_MAX] = {(uint8_t)code, (uint8_t)(code >> 8)};
  if (length > SHUT_REASON_MAX) length = SHUT_REASON_MAX;
  memcpy(payload + 2, reason, length);
  outbound_tell(arg, FRAME_SHUT, 0, payload, 2 + length);
}

static void end(struct outbound_websocket *ws, enum error_code code, const char *message) {
  struct buf *error = &ws->request->error;
  if (!error->len) error_payload_verbatim(error, code, message);
  ws->over = true;
}

/* The answer was 101. */
static void open_socket(struct outbound_websocket *ws) {
  struct outbound_request *r = ws->request;
  const struct websocket_owner owner = {.arg = r, .message = on_message, .closed = on_closed};
  uint64_t most = (uint64_t)r->outbound->config->limits.value[LIMIT_MESSAGE_MB] << 20;
  ws->frames = websocket_new(WEBSOCKET_CLIENT, most, &ws->out, &r->outbound->piece, &owner);
  if (!ws->frames) {
    r->headed = false;
    ws->result = CURLE_OUT_OF_MEMORY;
    ws->over = true;
    return;
  }
  free_head(ws);
  outbound_send_head(r, true);
  r->credit = STREAM_WINDOW;
}

static void take_frames(struct outbound_websocket *ws, const uint8_t *bytes, size_t length, bool kept) {
  char text[256];
  ssize_t n = websocket_take(ws->frames, bytes, length, ws->request->credit);
  if (n < 0) {
    websocket_error(ws->frames, text, sizeof text);
    end(ws, ERROR_SOCKET, text);
  } else if (kept) {
    buf_drop_front(&ws->left, (size_t)n);
    if (!ws->left.len) buf_shrink(&ws->left, 0);
  } else {
    buf_put(&ws->left, bytes + n, length - (size_t)n);
  }
}

static void take(struct outbound_websocket *ws, const uint8_t *bytes, size_t length) {
  size_t n = 0;
  if (ws->request->tunnel) {
    outbound_tunnel_take(ws, bytes, length);
    return;
  }
  if (!ws->frames) {
    n = outbound_handshake_take(ws, bytes, length);
    if (!ws->request->headed || ws->request->status != HEAD_SOCKET || ws->over) return;
    open_socket(ws);
  }
  if (!ws->over) take_frames(ws, bytes + n, length - n, false);
}

static void on_eof(struct outbound_websocket *ws, CURLcode e) {
  if (ws->request->tunnel)
    outbound_tunnel_eof(ws, e);
  else if (!ws->frames)
    outbound_handshake_eof(ws);
  else
    end(ws, ERROR_THROWN, "");
}

/* It waits for the Worker's credit: for a piece of an ordinary body, or for messages. */
static bool waits_for_credit(const struct outbound_websocket *ws) {
  if (ws->request->tunnel) return !outbound_tunnel_may_read(ws);
  if (!ws->frames) return ws->request->credit < SOCKET_PIECE;
  return !websocket_got_close(ws->frames) && (ws->left.len || websocket_holds(ws->frames));
}

static bool may_read(const struct outbound_websocket *ws) {
  if (ws->over || !ws->readable || waits_for_credit(ws)) return false;
  return !ws->frames || (!websocket_got_close(ws->frames) && outbound_unsent(ws) < SOCKET_FULL);
}

static void receive(struct outbound_websocket *ws) {
  static uint8_t bytes[SOCKET_PIECE];
  struct outbound_request *r = ws->request;
  if (ws->frames && !websocket_got_close(ws->frames)) take_frames(ws, ws->left.data, ws->left.len, true);
  for (int i = 0; may_read(ws); i++) {
    size_t n = 0;
    if (i == READS) {
      if (loop_timer_set(r->outbound->loop, &ws->again, 0)) end(ws, ERROR_THROWN, "");
      return;
    }
    CURLcode e = r->outbound->curl->easy_recv(r->easy, bytes, sizeof bytes, &n);
    if (e == CURLE_AGAIN) {
      ws->readable = false;
    } else if (e || !n) {
      on_eof(ws, e);
    } else {
      outbound_moved(r);
      if (ws->frames) r->received_bytes += n;
      ws->pinged = false;
      take(ws, bytes, n);
    }
  }
}

/* ---- from the Worker ---- */

void outbound_websocket_message(struct outbound_request *r, const uint8_t *bytes, size_t length, uint8_t flags) {
  struct outbound_websocket *ws = r->websocket;
  if (!ws || !ws->frames) return;
  ws->owed += (uint32_t)length + MESSAGE_COST;
  if (!ws->deaf) websocket_message(ws->frames, bytes, length, flags);
}

void outbound_websocket_shut(struct outbound_request *r, unsigned code, const uint8_t *reason, size_t length) {
  struct outbound_websocket *ws = r->websocket;
  if (ws && ws->frames) websocket_close(ws->frames, code, reason, length);
}

/* ---- once a turn ---- */

static bool is_closed(const struct outbound_websocket *ws) {
  if (ws->request->tunnel) return outbound_tunnel_over(ws);
  return ws->frames && websocket_got_close(ws->frames) && websocket_sent_close(ws->frames) && !outbound_unsent(ws);
}

void outbound_websocket_flush(struct outbound_request *r) {
  struct outbound_websocket *ws = r->websocket;
  if (r->tunnel) outbound_tunnel_fill(ws);
  send_out(ws);
  if (r->tunnel) outbound_tunnel_shut(ws);
  receive(ws);
  if (ws->out.len) send_out(ws);
  if (ws->out.bad || ws->left.bad) end(ws, ERROR_THROWN, "");
  if (ws->over || is_closed(ws)) {
    outbound_end(r, ws->result);
    return;
  }
  grant(ws);
  if (r->headed && !r->sent) outbound_send_head(r, false);
  r->paused = waits_for_credit(ws);
}

void outbound_tunnel_send(struct outbound_request *r) {
  outbound_tunnel_fill(r->websocket);
  send_out(r->websocket);
}

bool outbound_websocket_quiet(struct outbound_request *r) {
  struct outbound_websocket *ws = r->websocket;
  if (r->tunnel)
    return !outbound_tunnel_shakes(ws); /* its silence is the Worker's affair; TCP notices a peer that is gone */
  if (!ws->frames || ws->pinged || websocket_sent_close(ws->frames) || websocket_got_close(ws->frames)) return false;
  websocket_ping(ws->frames);
  ws->pinged = true;
  outbound_mark(r);
  return true;
}
