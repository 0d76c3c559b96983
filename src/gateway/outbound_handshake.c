/* outbound_handshake.c: how a connection to the network is asked to become a WebSocket (RFC 6455, 4.1), and the answer,
 * which is an ordinary one when the server does not want to.
 *
 * The request's target and headers are what a guest chose and outbound_request.c checked; the answer's lines are judged
 * by the same rules as those that libcurl reads (outbound_answer.c).
 */
#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>

#include "gateway/httptext.h"
#include "gateway/outbound_parts.h"

#define REFUSED "Server failed WebSocket handshake: "
enum { KEY_BYTES = 16, BAD_GATEWAY = 502 };

static void put(struct outbound_websocket *ws, const char *text) { buf_put(&ws->out, text, strlen(text)); }

/* ---- asking ---- */

/* Nothing that ends a target or a line. */
static bool is_plain(const char *text) {
  for (; *text; text++)
    if (*text == ' ' || *text == '\t') return false;
  return true;
}

/* A part of the URL, after `before`. One that is absent is nothing. */
static int put_part(struct outbound_websocket *ws, const char *before, CURLUPart part) {
  const struct curl_functions *curl = ws->request->outbound->curl;
  char *text = NULL;
  CURLUcode e = curl->url_get(ws->request->url, part, &text, part == CURLUPART_PORT ? CURLU_NO_DEFAULT_PORT : 0);
  if (e) return e == CURLUE_NO_QUERY || e == CURLUE_NO_PORT ? 0 : -1;
  bool ok = is_plain(text) && http_is_value(text, strlen(text));
  put(ws, before);
  put(ws, text);
  curl->free(text);
  return ok ? 0 : -1;
}

static bool is_ours(const char *name, size_t n) {
  static const char *const ours[] = {"sec-websocket-key", "sec-websocket-version", "sec-websocket-accept",
                                     "sec-websocket-extensions"};
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
    if (http_is(name, n, ours[i])) return true;
  return false;
}

/* A line as outbound_request.c made it for libcurl: "name: value", "name;" or, for one that is not to be sent, "name:".
 */
static void put_header(struct outbound_websocket *ws, const char *line) {
  size_t n = strcspn(line, ":;");
  if (is_ours(line, n) || !strcmp(line + n, ":")) return;
  buf_put(&ws->out, line, n);
  put(ws, ":");
  put(ws, line + n + 1);
  put(ws, "\r\n");
}

static int put_key(struct outbound_websocket *ws) {
  unsigned char bytes[KEY_BYTES];
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) return -1;
  EVP_EncodeBlock((unsigned char *)ws->key, bytes, sizeof bytes);
  put(ws, "Sec-WebSocket-Key: ");
  put(ws, ws->key);
  put(ws, "\r\n");
  return 0;
}

int outbound_handshake_ask(struct outbound_websocket *ws) {
  if (put_part(ws, "GET ", CURLUPART_PATH) || put_part(ws, "?", CURLUPART_QUERY)) return -1;
  if (put_part(ws, " HTTP/1.1\r\nHost: ", CURLUPART_HOST) || put_part(ws, ":", CURLUPART_PORT)) return -1;
  put(ws, "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
  if (put_key(ws)) return -1;
  for (const struct curl_slist *line = ws->request->headers; line; line = line->next) put_header(ws, line->data);
  put(ws, "\r\n");
  return ws->out.bad ? -1 : 0;
}

/* ---- the answer, as llhttp sees it ---- */

static struct outbound_websocket *of(llhttp_t *parser) { return parser->data; }

static int bad(struct outbound_websocket *ws, const char *why) {
  if (!ws->request->bad) ws->request->bad = why;
  return -1;
}

static int on_text(llhttp_t *parser, const char *at, size_t n) {
  struct outbound_websocket *ws = of(parser);
  if (ws->request->headed) return 0; /* a trailer */
  buf_put(&ws->line, at, n);
  return ws->line.bad ? bad(ws, "its headers are too large") : 0;
}

static int take_line(struct outbound_websocket *ws) {
  int result = outbound_take_line(ws->request, (const char *)ws->line.data, ws->line.len);
  buf_clear(&ws->line);
  return result;
}

/* Where the status goes in a line that libcurl would have read. */
static const char status_line[] = "HTTP/1.1 000 ";
enum { STATUS_AT = 9 };

static int on_begin(llhttp_t *parser) { return on_text(parser, status_line, sizeof status_line - 1); }

static int on_status_complete(llhttp_t *parser) {
  struct outbound_websocket *ws = of(parser);
  unsigned status = parser->status_code;
  if (status > 999 || ws->line.len < sizeof status_line - 1) return bad(ws, "its status line is not valid");
  uint8_t *digits = ws->line.data + STATUS_AT;
  digits[0] = (uint8_t)('0' + status / 100);
  digits[1] = (uint8_t)('0' + status / 10 % 10);
  digits[2] = (uint8_t)('0' + status % 10);
  return take_line(ws);
}

static int on_name_complete(llhttp_t *parser) {
  struct outbound_websocket *ws = of(parser);
  ws->name_length = ws->line.len;
  return on_text(parser, ": ", 2);
}

static void keep(struct buf *b, const char *value, size_t n) {
  buf_clear(b);
  buf_put(b, value, n);
}

static int on_value_complete(llhttp_t *parser) {
  struct outbound_websocket *ws = of(parser);
  if (ws->request->headed) return 0;
  const char *name = (const char *)ws->line.data, *value = name + ws->name_length + 2;
  size_t n = ws->name_length, v = ws->line.len - n - 2;
  if (http_is(name, n, "upgrade")) keep(&ws->upgrade, value, v);
  if (http_is(name, n, "sec-websocket-accept")) keep(&ws->accept, value, v);
  if (http_is(name, n, "sec-websocket-extensions")) ws->extended = true;
  return take_line(ws);
}

/* An answer of our own, as workerd gives it: the server did not do what 101 means. */
static void refuse(struct outbound_websocket *ws, const char *why, const char *expected, const struct buf *got) {
  struct outbound_request *r = ws->request;
  struct buf body;
  buf_init(&body, FRAME_PAYLOAD_MAX);
  buf_put(&body, REFUSED, sizeof REFUSED - 1);
  buf_put(&body, why, strlen(why));
  if (expected) {
    buf_put(&body, ": expected '", 12);
    buf_put(&body, expected, strlen(expected));
    buf_put(&body, "', got '", 8);
    buf_put(&body, got->data, got->len);
    buf_put(&body, "'", 1);
  }
  buf_put(&body, ".", 1);
  buf_clear(&r->head);
  buf_put_u16(&r->head, BAD_GATEWAY);
  buf_put_cstr(&r->head, "Bad Gateway");
  buf_put_u16(&r->head, 0);
  buf_put_u64(&r->head, body.len);
  buf_put(&r->head, body.data, body.len);
  buf_free(&body);
  r->headed = ws->over = true;
}

/* Whether the answer 101 is one to this request. */
static bool check_switch(struct outbound_websocket *ws) {
  char expected[WEBSOCKET_ACCEPT + 1];
  websocket_accept_key(expected, ws->key, WEBSOCKET_KEY);
  if (!ws->upgrade.len)
    refuse(ws, "missing Upgrade header", NULL, NULL);
  else if (!http_is((const char *)ws->upgrade.data, ws->upgrade.len, "websocket"))
    refuse(ws, "incorrect Upgrade header", "websocket", &ws->upgrade);
  else if (!ws->accept.len)
    refuse(ws, "missing Sec-WebSocket-Accept header", NULL, NULL);
  else if (ws->accept.len != WEBSOCKET_ACCEPT || memcmp(ws->accept.data, expected, WEBSOCKET_ACCEPT) != 0)
    refuse(ws, "incorrect Sec-WebSocket-Accept header", expected, &ws->accept);
  else if (ws->extended)
    refuse(ws, "added Sec-WebSocket-Extensions when client did not offer any", NULL, NULL);
  return !ws->over;
}

/* As llhttp has it: 1: there is no body; 2: nor is what follows HTTP. */
static int on_headers_complete(llhttp_t *parser) {
  struct outbound_websocket *ws = of(parser);
  bool switches = parser->status_code == HEAD_SOCKET;
  if (switches && !check_switch(ws)) return HPE_PAUSED;
  buf_clear(&ws->line);
  if (take_line(ws)) return -1;
  return switches ? 2 : ws->request->bodyless ? 1 : 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t n) {
  return outbound_take_body(of(parser)->request, at, n);
}

static int on_complete(llhttp_t *parser) {
  struct outbound_websocket *ws = of(parser);
  if (!ws->request->headed || parser->status_code == HEAD_SOCKET) return 0;
  ws->over = true;
  return HPE_PAUSED;
}

void outbound_handshake_expect(struct outbound_websocket *ws) {
  static llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_message_begin = on_begin;
  settings.on_status = on_text;
  settings.on_status_complete = on_status_complete;
  settings.on_header_field = on_text;
  settings.on_header_field_complete = on_name_complete;
  settings.on_header_value = on_text;
  settings.on_header_value_complete = on_value_complete;
  settings.on_headers_complete = on_headers_complete;
  settings.on_body = on_body;
  settings.on_message_complete = on_complete;
  llhttp_init(&ws->parser, HTTP_RESPONSE, &settings);
  ws->parser.data = ws;
}

/* ---- feeding it ---- */

static void fail(struct outbound_websocket *ws) {
  bad(ws, "the answer is not valid HTTP");
  ws->result = CURLE_WEIRD_SERVER_REPLY;
  ws->over = true;
}

size_t outbound_handshake_take(struct outbound_websocket *ws, const uint8_t *bytes, size_t length) {
  struct outbound_request *r = ws->request;
  const char *at = (const char *)bytes;
  size_t most = (size_t)r->outbound->config->limits.value[LIMIT_OUTBOUND_HEAD_KB] << 10;
  enum llhttp_errno e = llhttp_execute(&ws->parser, at, length);
  if (e == HPE_PAUSED_UPGRADE) return (size_t)(llhttp_get_error_pos(&ws->parser) - at);
  if (!r->headed && (ws->fed += length) > most) bad(ws, "its headers are too large");
  if ((e != HPE_OK && e != HPE_PAUSED) || (r->bad && !ws->over)) fail(ws);
  return length;
}

void outbound_handshake_eof(struct outbound_websocket *ws) {
  if (!ws->over) llhttp_finish(&ws->parser); /* it may be the end of a body */
  if (!ws->over) ws->result = CURLE_RECV_ERROR;
  ws->over = true;
}
