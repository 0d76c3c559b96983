/* request.c: what comes on a connection: llhttp's callbacks, the checks that it does not make, and the EVENT.
 *
 * The head is collected in the form in which the EVENT carries it. The EVENT is kept back until the bytes at hand are
 * parsed, so that a small body travels in it. The body's bytes are fed to the parser only as far as the callee has
 * granted, so what it hands out can always be sent on.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>

#include "gateway/connection.h"
#include "gateway/edge.h"
#include "gateway/registry.h"

static struct connection *of(llhttp_t *parser) { return parser->data; }

static int refuse(struct connection *c, int status) {
  if (!c->refused) c->refused = status;
  return -1;
}

void request_begin(struct connection *c) {
  buf_shrink(&c->target, 4096);
  buf_shrink(&c->headers, 4096);
  c->in_name = false;
  c->head_bytes = 0;
  c->header_count = c->headers_kept = 0;
  c->hosts = c->lengths = c->encodings = 0;
  c->host_bad = c->encoding_bad = c->expects_continue = c->expects_odd = false;
  c->origins = 0;
  c->rpc = c->scheduled = false;
  c->body_bytes = 0;
  c->upgrade.asked = c->upgrade.version13 = false;
  c->upgrade.key_length = 0;
  c->building = c->has_body = c->received = false;
  c->headed = c->answered = c->chunked = c->bodyless = c->by_close = c->counted = false;
  c->owed = 0;
  c->state = CONNECTION_HEAD;
}

/* ---- the head ---- */

static int count_head(struct connection *c, size_t n) {
  c->head_bytes += (uint32_t)n;
  return c->head_bytes > http_limit(c->http, LIMIT_HEAD_KB) << 10 ? refuse(c, 431) : 0;
}

static int on_url(llhttp_t *parser, const char *at, size_t n) {
  struct connection *c = of(parser);
  if (count_head(c, n)) return refuse(c, 414);
  buf_put(&c->target, at, n);
  return c->target.bad ? refuse(c, 431) : 0;
}

static void close_string(struct connection *c, size_t at) {
  uint32_t n = (uint32_t)(c->headers.len - at - sizeof n);
  memcpy(c->headers.data + at, &n, sizeof n);
}

static int on_name(llhttp_t *parser, const char *at, size_t n) {
  struct connection *c = of(parser);
  if (!c->in_name) {
    c->in_name = true;
    c->name_at = c->headers.len;
    buf_put_u32(&c->headers, 0);
    if (++c->header_count > http_limit(c->http, LIMIT_HEADERS)) return refuse(c, 431);
  }
  if (count_head(c, n)) return -1;
  buf_put(&c->headers, at, n);
  return c->headers.bad ? refuse(c, 431) : 0;
}

static int on_name_complete(llhttp_t *parser) {
  struct connection *c = of(parser);
  c->in_name = false;
  close_string(c, c->name_at);
  c->value_at = c->headers.len;
  buf_put_u32(&c->headers, 0);
  return c->headers.bad ? refuse(c, 431) : 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t n) {
  struct connection *c = of(parser);
  if (count_head(c, n + 4)) return -1;
  buf_put(&c->headers, at, n);
  return c->headers.bad ? refuse(c, 431) : 0;
}

static bool is(const char *text, size_t length, const char *word) {
  return length == strlen(word) && !strncasecmp(text, word, length);
}

/* What would change the URL's meaning when put into one. */
static bool is_bad_host(const char *host, size_t n) {
  for (size_t i = 0; i < n; i++)
    if ((unsigned char)host[i] <= ' ' || (unsigned char)host[i] >= 0x7f || strchr("/?#@\\<>\"^`{|}", host[i]))
      return true;
  return n == 0;
}

/* What a WebSocket's handshake says. */
static void note_upgrade(struct connection *c, const char *name, size_t n, const char *value, size_t v) {
  if (is(name, n, "upgrade")) {
    c->upgrade.asked = is(value, v, "websocket");
  } else if (is(name, n, "sec-websocket-version")) {
    c->upgrade.version13 = is(value, v, "13");
  } else if (is(name, n, "sec-websocket-key") && v <= KEY_MAX) {
    c->upgrade.key_length = (uint8_t)v;
    memcpy(c->upgrade.key, value, v);
  }
}

/* True: the header ends here, between this client and us. */
static bool note_header(struct connection *c, const char *name, size_t n, const char *value, size_t v) {
  static const char *const hop[] = {"connection", "keep-alive", "proxy-connection", "te",
                                    "trailer",    "upgrade",    "http2-settings"};
  if (is(name, n, "host")) {
    c->hosts++;
    c->host_bad |= is_bad_host(value, v);
    c->host_at = c->value_at + sizeof(uint32_t);
    c->host_length = v;
  } else if (is(name, n, "origin")) {
    c->origins++;
    c->origin_at = c->value_at + sizeof(uint32_t);
    c->origin_length = v;
  } else if (is(name, n, "content-length")) {
    c->lengths++;
  } else if (is(name, n, "transfer-encoding")) {
    c->encodings++;
    c->encoding_bad |= !is(value, v, "chunked");
    return true;
  } else if (is(name, n, "expect")) {
    c->expects_continue |= is(value, v, "100-continue");
    c->expects_odd |= !is(value, v, "100-continue");
    return true;
  }
  for (size_t i = 0; i < sizeof hop / sizeof *hop; i++)
    if (is(name, n, hop[i])) return true;
  return false;
}

static int on_value_complete(llhttp_t *parser) {
  struct connection *c = of(parser);
  close_string(c, c->value_at);
  const char *name = (const char *)c->headers.data + c->name_at + sizeof(uint32_t);
  const char *value = (const char *)c->headers.data + c->value_at + sizeof(uint32_t);
  size_t n = c->value_at - c->name_at - sizeof(uint32_t), v = c->headers.len - c->value_at - sizeof(uint32_t);
  if (n == 7 || n > 16) note_upgrade(c, name, n, value, v);
  if (note_header(c, name, n, value, v))
    c->headers.len = c->name_at;
  else
    c->headers_kept++;
  return 0;
}

/* Who answers, and whether it may be asked: 0, or a status. */
static int find_worker(struct connection *c) {
  const struct registry *r = c->http->registry;
  c->rpc = r->edge && edge_wants(r->edge, (const char *)c->target.data, c->target.len);
  c->scheduled = !c->rpc && c->http->test_scheduled && r->host && scheduled_asked(c);
  if (!c->rpc) return r->host ? 0 : 404;
  const char *origin = (const char *)c->headers.data + c->origin_at;
  return !c->origins || (c->origins == 1 && edge_allows(r->edge, origin, c->origin_length)) ? 0 : 403;
}

static int check_head(struct connection *c) {
  const llhttp_t *p = &c->parser;
  if (p->http_major != 1 || p->http_minor > 1) return refuse(c, 505);
  if (c->hosts != 1 || c->host_bad) return refuse(c, 400);
  if (c->encodings && (c->encodings > 1 || c->encoding_bad || c->lengths || !p->http_minor)) return refuse(c, 400);
  if (p->method == HTTP_CONNECT) return refuse(c, 501);
  if (c->expects_odd) return refuse(c, 417);
  uint64_t most = (uint64_t)http_limit(c->http, LIMIT_BODY_MB) << 20;
  if (c->lengths && p->content_length > most) return refuse(c, 413);
  c->upgrade.asked = c->upgrade.asked && p->upgrade && p->http_minor;
  int status = find_worker(c);
  if (!status && c->upgrade.asked) status = upgrade_check(c);
  return status ? refuse(c, status) : 0;
}

/* ---- the EVENT ---- */

static bool starts(const struct buf *b, const char *with) {
  size_t n = strlen(with);
  return b->len >= n && !strncasecmp((const char *)b->data, with, n);
}

/* Origin form, asterisk form, or absolute form. */
static int put_url(struct connection *c, struct buf *event) {
  if (starts(&c->target, "http://") || starts(&c->target, "https://")) {
    buf_put_str(event, c->target.data, c->target.len);
    return 0;
  }
  bool asterisk = c->target.len == 1 && c->target.data[0] == '*';
  if (!asterisk && !starts(&c->target, "/")) return refuse(c, 400);
  buf_put_u32(event, (uint32_t)(7 + c->host_length + asterisk + c->target.len));
  buf_put(event, "http://", 7);
  buf_put(event, c->headers.data + c->host_at, c->host_length);
  buf_put(event, "/", asterisk);
  buf_put(event, c->target.data, c->target.len);
  return 0;
}

static int build_event(struct connection *c) {
  struct buf *event = &c->http->event;
  buf_clear(event);
  if (c->scheduled) return scheduled_build(c, event) ? -1 : 0;
  buf_put_u8(event, EVENT_FETCH);
  buf_put_u32(event, 0);
  buf_put_u32(event, 0);
  buf_put_u32(event, 0); /* entrypoint: the default one */
  buf_put_u32(event, 0); /* no props */
  buf_put_cstr(event, llhttp_method_name(c->parser.method));
  if (put_url(c, event)) return -1;
  buf_put_u16(event, c->headers_kept);
  buf_put(event, c->headers.data, c->headers.len);
  buf_put_u64(event, c->encodings ? UINT64_MAX : c->lengths ? c->parser.content_length : 0);
  return event->bad ? refuse(c, 431) : 0;
}

static void send_event(struct connection *c, bool end) {
  struct http *http = c->http;
  c->building = false;
  uint8_t flags = (uint8_t)((c->has_body ? FRAME_HAS_BODY : 0) | (end ? FRAME_END : 0));
  struct worker *w = http->registry->host, *own = c->rpc ? edge_worker(http->registry) : NULL;
  if (c->rpc) w = own;
  const struct exchange_client *client = c->scheduled ? &scheduled_client : &response_client;
  if (!w || exchange_start_client(http->registry, w, client, c, &c->exchange, http->event.data, http->event.len, flags))
    response_plain(c, 503, NULL, "out of memory", 13, true);
  if (own) worker_release(own);
}

static int on_headers_complete(llhttp_t *parser) {
  struct connection *c = of(parser);
  if (check_head(c)) return -1;
  c->keep = llhttp_should_keep_alive(parser);
  c->has_body = c->encodings || (c->lengths && parser->content_length > 0);
  if (build_event(c)) return -1;
  c->building = true;
  c->state = CONNECTION_BUSY;
  c->deadline = UINT64_MAX;
  if (!c->expects_continue || !c->has_body || !parser->http_minor) return 0;
  buf_put(&c->out, "HTTP/1.1 100 Continue\r\n\r\n", 25);
  connection_mark(c);
  return 0;
}

/* ---- the body ---- */

static int on_body(llhttp_t *parser, const char *at, size_t n) {
  struct connection *c = of(parser);
  c->body_bytes += n;
  if (c->body_bytes > (uint64_t)http_limit(c->http, LIMIT_BODY_MB) << 20) return refuse(c, 413);
  if (!n) return 0;
  if (c->building && c->http->event.len + n <= FRAME_PAYLOAD_MAX) {
    buf_put(&c->http->event, at, n);
    return 0;
  }
  if (c->building) send_event(c, false);
  if (c->exchange) exchange_request_body(c->exchange, (const uint8_t *)at, n, false);
  return 0;
}

static int on_message_complete(llhttp_t *parser) {
  struct connection *c = of(parser);
  c->received = true;
  if (c->building)
    send_event(c, true);
  else if (c->exchange)
    exchange_request_body(c->exchange, NULL, 0, true);
  connection_mark(c);
  return HPE_PAUSED; /* the next request waits for its turn */
}

void request_settings(llhttp_settings_t *settings) {
  llhttp_settings_init(settings);
  settings->on_url = on_url;
  settings->on_header_field = on_name;
  settings->on_header_field_complete = on_name_complete;
  settings->on_header_value = on_value;
  settings->on_header_value_complete = on_value_complete;
  settings->on_headers_complete = on_headers_complete;
  settings->on_body = on_body;
  settings->on_message_complete = on_message_complete;
}

/* ---- feeding the parser ---- */

static size_t may_feed(const struct connection *c, size_t length) {
  if (!c->exchange || c->received) return length;
  uint32_t credit = exchange_request_credit(c->exchange);
  return length < credit ? length : credit;
}

static void resume(struct connection *c, enum llhttp_errno why) {
  if (why == HPE_PAUSED) llhttp_resume(&c->parser);
  if (why == HPE_PAUSED_UPGRADE) llhttp_resume_after_upgrade(&c->parser);
}

ssize_t request_parse(struct connection *c, const uint8_t *bytes, size_t length) {
  size_t taken = 0;
  while (taken < length && !c->received && !c->refused) {
    size_t n = may_feed(c, length - taken);
    if (!n) break;
    const char *at = (const char *)bytes + taken;
    resume(c, llhttp_get_errno(&c->parser));
    enum llhttp_errno e = llhttp_execute(&c->parser, at, n);
    if (e != HPE_OK) n = (size_t)(llhttp_get_error_pos(&c->parser) - at);
    taken += n;
    if (e != HPE_OK && e != HPE_PAUSED && e != HPE_PAUSED_UPGRADE) refuse(c, 400);
  }
  if (c->refused) c->building = false;
  if (c->building) send_event(c, false);
  return c->refused ? -1 : (ssize_t)taken;
}
