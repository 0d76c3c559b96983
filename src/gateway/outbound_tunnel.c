/* outbound_tunnel.c: a connection to the network that is a Worker's by itself (connect()): the request's body is what
 * is written to it, the answer's body what it sends, and each ends by itself. TLS on it, from the start or from the
 * middle on, is ours (tls.h). What carries the bytes is outbound_websocket.c.
 */
#include <string.h>
#include <sys/socket.h>

#include "gateway/httptext.h"
#include "gateway/outbound_parts.h"

enum { TLS_CREDIT = 4 * SOCKET_PIECE };

/* It is there: the answer's body is what comes. */
static void answer(struct outbound_request *r) {
  buf_clear(&r->head);
  buf_put_u16(&r->head, 200);
  buf_put_cstr(&r->head, "");
  buf_put_u16(&r->head, 0);
  buf_put_u64(&r->head, UINT64_MAX);
  r->status = 200;
  r->headed = true;
}

static void fail(struct outbound_websocket *ws, CURLcode why) {
  if (!ws->over) ws->result = why;
  ws->over = true;
}

/* ---- TLS ---- */

static bool shakes(const struct outbound_websocket *ws) { return ws->tls && tls_state(ws->tls) == TLS_SHAKES; }

static void on_handshake(struct outbound_websocket *ws, enum tls_state state) {
  if (state == TLS_UNTRUSTED)
    fail(ws, CURLE_PEER_FAILED_VERIFICATION);
  else if (state == TLS_FAILED)
    fail(ws, CURLE_SSL_CONNECT_ERROR);
  else if (state == TLS_OPEN && ws->request->headed)
    outbound_tell(ws->request, FRAME_MESSAGE, 0, NULL, 0);
  else if (state == TLS_OPEN)
    answer(ws->request);
}

static void begin_tls(struct outbound_websocket *ws, const char *host) {
  ws->tls = ws->request->ended ? NULL : tls_new(host);
  if (!ws->tls) {
    fail(ws, CURLE_SSL_CONNECT_ERROR);
    return;
  }
  on_handshake(ws, tls_in(ws->tls, NULL, 0));
  tls_out(ws->tls, &ws->out);
}

void outbound_tunnel_secure(struct outbound_request *r, const uint8_t *name, size_t length) {
  struct outbound_websocket *ws = r->websocket;
  if (!ws || ws->tls || ws->tls_name[0]) return;
  bool ok = length && length < sizeof ws->tls_name && http_is_value((const char *)name, length);
  if (ok)
    memcpy(ws->tls_name, name, length);
  else
    fail(ws, CURLE_SSL_CONNECT_ERROR);
}

/* ---- both ways ---- */

void outbound_tunnel_begin(struct outbound_websocket *ws) {
  if (ws->request->tls)
    begin_tls(ws, ws->request->asked.host);
  else
    answer(ws->request);
}

static void put(struct outbound_websocket *ws, const char *bytes, size_t n) {
  if (!ws->tls)
    buf_put(&ws->out, bytes, n);
  else if (tls_write(ws->tls, (const uint8_t *)bytes, n))
    fail(ws, CURLE_SEND_ERROR);
  else
    tls_out(ws->tls, &ws->out);
}

void outbound_tunnel_fill(struct outbound_websocket *ws) {
  static char bytes[SOCKET_PIECE];
  struct outbound_request *r = ws->request;
  r->upload_paused = false;
  while (!ws->over && !ws->shut && !shakes(ws) && !r->upload_paused && !ws->deaf && outbound_unsent(ws) < SOCKET_FULL) {
    size_t n = outbound_read_upload(bytes, 1, sizeof bytes, r);
    if (n == CURL_READFUNC_ABORT)
      ws->deaf = true;
    else if (!n)
      ws->shut = true;
    else if (n != CURL_READFUNC_PAUSE)
      put(ws, bytes, n);
  }
  if (ws->tls_name[0] && !ws->tls && !ws->over && r->upload_paused && !outbound_unsent(ws)) begin_tls(ws, ws->tls_name);
}

/* By libcurl, to the proxy: then only that could be ended for writing, and both ways with it. */
static bool is_encrypted(const struct outbound_websocket *ws) {
  const char *proxy = ws->request->outbound->config->outbound.proxy;
  return proxy && !strncmp(proxy, "https:", 6);
}

void outbound_tunnel_shut(struct outbound_websocket *ws) {
  if (!ws->shut || ws->told_end || outbound_unsent(ws) || ws->deaf) return;
  ws->told_end = true;
  if (!ws->tls) {
    if (!is_encrypted(ws)) shutdown(ws->watch.fd, SHUT_WR);
    return;
  }
  tls_end(ws->tls);
  tls_out(ws->tls, &ws->out);
}

/* The server sends nothing more; the other way goes on until the Worker ends it. */
static void got_end(struct outbound_websocket *ws) {
  struct outbound_request *r = ws->request;
  if (r->ended || ws->over) return;
  if (!r->sent) outbound_send_head(r, false);
  outbound_tell(r, FRAME_BODY, FRAME_END, NULL, 0);
  r->ended = true;
}

void outbound_tunnel_eof(struct outbound_websocket *ws, CURLcode e) {
  if (!e && ws->tls && !ws->request->ended) e = CURLE_RECV_ERROR;
  if (e && !ws->request->ended)
    fail(ws, e);
  else if (!e)
    got_end(ws);
}

static void take(struct outbound_websocket *ws, const uint8_t *bytes, size_t n) {
  if (outbound_take_body(ws->request, (const char *)bytes, n)) ws->over = true;
}

void outbound_tunnel_take(struct outbound_websocket *ws, const uint8_t *bytes, size_t length) {
  uint8_t plain[SOCKET_PIECE];
  int n = 0;
  if (!ws->tls) {
    take(ws, bytes, length);
    return;
  }
  bool shook = shakes(ws);
  enum tls_state state = tls_in(ws->tls, bytes, length);
  if (shook) on_handshake(ws, state);
  while (state == TLS_OPEN && !ws->over && (n = tls_read(ws->tls, plain, sizeof plain)) > 0) take(ws, plain, (size_t)n);
  tls_out(ws->tls, &ws->out);
  if (n == -1) got_end(ws);
  if (n == -2) fail(ws, CURLE_RECV_ERROR);
}

bool outbound_tunnel_may_read(const struct outbound_websocket *ws) {
  return !ws->request->ended && ws->request->credit >= (ws->tls ? TLS_CREDIT : SOCKET_PIECE);
}

bool outbound_tunnel_over(const struct outbound_websocket *ws) {
  return ws->request->ended && (ws->deaf || (ws->told_end && !outbound_unsent(ws)));
}

bool outbound_tunnel_shakes(const struct outbound_websocket *ws) { return shakes(ws); }
