/* response.c: what goes out on a connection: a HEAD frame as an HTTP head, bodies under credit, errors as answers. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gateway/connection.h"
#include "gateway/httptext.h"
#include "gateway/log.h"
#include "gateway/registry.h"

static const char *reason(int status) {
  static const struct {
    int status;
    const char *text;
  } reasons[] = {{200, "OK"},
                 {201, "Created"},
                 {202, "Accepted"},
                 {204, "No Content"},
                 {206, "Partial Content"},
                 {301, "Moved Permanently"},
                 {302, "Found"},
                 {303, "See Other"},
                 {304, "Not Modified"},
                 {307, "Temporary Redirect"},
                 {308, "Permanent Redirect"},
                 {400, "Bad Request"},
                 {401, "Unauthorized"},
                 {403, "Forbidden"},
                 {404, "Not Found"},
                 {405, "Method Not Allowed"},
                 {408, "Request Timeout"},
                 {409, "Conflict"},
                 {410, "Gone"},
                 {413, "Content Too Large"},
                 {414, "URI Too Long"},
                 {417, "Expectation Failed"},
                 {418, "I'm a teapot"},
                 {422, "Unprocessable Content"},
                 {426, "Upgrade Required"},
                 {429, "Too Many Requests"},
                 {431, "Request Header Fields Too Large"},
                 {500, "Internal Server Error"},
                 {501, "Not Implemented"},
                 {502, "Bad Gateway"},
                 {503, "Service Unavailable"},
                 {504, "Gateway Timeout"},
                 {505, "HTTP Version Not Supported"}};
  for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
    if (reasons[i].status == status) return reasons[i].text;
  return "Unknown";
}

static void put(struct buf *b, const char *text) { buf_put(b, text, strlen(text)); }

static void put_number(struct buf *b, const char *before, uint64_t n, const char *after) {
  char text[20];
  size_t at = sizeof text;
  do text[--at] = (char)('0' + n % 10);
  while (n /= 10);
  put(b, before);
  buf_put(b, text + at, sizeof text - at);
  put(b, after);
}

static void put_date(struct connection *c) {
  struct http *http = c->http;
  uint64_t second = loop_now(http->loop) / 1000;
  if (second != http->date_second || !http->date[0]) {
    struct tm tm;
    time_t now = time(NULL);
    gmtime_r(&now, &tm);
    strftime(http->date, sizeof http->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    http->date_second = second;
  }
  put(&c->out, "date: ");
  put(&c->out, http->date);
  put(&c->out, "\r\n");
}

static void put_connection(struct connection *c) {
  if (c->http->draining) c->keep = false;
  if (!c->keep)
    put(&c->out, "connection: close\r\n");
  else if (!c->parser.http_minor)
    put(&c->out, "connection: keep-alive\r\n");
}

/* ---- answers of our own ---- */

void response_plain(struct connection *c, int status, const char *header, const char *text, size_t length, bool close) {
  c->headed = c->answered = true;
  if (close) c->keep = false;
  put_number(&c->out, "HTTP/1.1 ", (uint64_t)status, " ");
  put(&c->out, reason(status));
  put(&c->out, "\r\ncontent-type: text/plain;charset=UTF-8\r\n");
  if (header) put(&c->out, header);
  put_number(&c->out, "content-length: ", length, "\r\n");
  put_date(c);
  put_connection(c);
  put(&c->out, "\r\n");
  if (c->parser.method != HTTP_HEAD || c->refused) buf_put(&c->out, text, length);
  connection_mark(c);
}

void response_refuse(struct connection *c, int status) {
  char text[64];
  int n = snprintf(text, sizeof text, "%s\n", reason(status));
  if (c->headed)
    c->gone = true; /* amid an answer there is nothing left to say */
  else
    response_plain(c, status, status == 426 ? "sec-websocket-version: 13\r\n" : NULL, text, (size_t)n, true);
  connection_mark(c);
}

/* ---- the Worker's head ---- */

struct head {
  unsigned status;
  const char *text; /* status text, borrowed */
  size_t text_length;
  uint64_t length;     /* UINT64_MAX: unknown */
  const uint8_t *body; /* inline, borrowed */
  size_t body_length;
  bool has_body, end, dated;
  const char *said; /* the Worker's own content-length, borrowed */
  size_t said_length;
};

/* Names that the Worker does not decide: the framing, and what concerns this connection only. */
static bool is_ours(struct head *head, const char *name, size_t n, const char *value, size_t v) {
  static const char *const ours[] = {
      "connection",        "keep-alive",           "proxy-connection",        "te", "trailer", "upgrade",
      "transfer-encoding", "sec-websocket-accept", "sec-websocket-extensions"};
  if (http_is(name, n, "date")) head->dated = true;
  if (http_is(name, n, "content-length")) {
    head->said = value;
    head->said_length = v;
    return true;
  }
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
    if (http_is(name, n, ours[i])) return true;
  return false;
}

static int put_headers(struct connection *c, struct head *head, struct reader *r) {
  uint16_t count = read_u16(r);
  if (count > http_limit(c->http, LIMIT_HEADERS)) return -1;
  for (unsigned i = 0; i < count && !r->bad; i++) {
    size_t n, v;
    const char *name = read_str_borrow(r, &n), *value = read_str_borrow(r, &v);
    if (!http_is_token(name, n) || !http_is_value(value, v)) return -1;
    if (is_ours(head, name, n, value, v)) continue;
    buf_put(&c->out, name, n);
    buf_put(&c->out, ": ", 2);
    buf_put(&c->out, value, v);
    buf_put(&c->out, "\r\n", 2);
  }
  return r->bad ? -1 : 0;
}

int response_headers(struct connection *c, struct reader *r) {
  struct head head = {0};
  return put_headers(c, &head, r);
}

/* How the client learns where the body ends. */
static void put_framing(struct connection *c, const struct head *head) {
  uint64_t length = head->has_body ? head->length : 0;
  if (head->end && head->has_body) length = head->body_length;
  c->bodyless = c->parser.method == HTTP_HEAD || head->status == 204 || head->status == 304;
  if (head->status == 204 || head->status == 304) return;
  if (c->bodyless && !head->has_body && head->said) {
    if (!http_is_number(head->said, head->said_length)) return;
    put(&c->out, "content-length: ");
    buf_put(&c->out, head->said, head->said_length);
    put(&c->out, "\r\n");
  } else if (length != UINT64_MAX) {
    put_number(&c->out, "content-length: ", length, "\r\n");
    c->counted = true;
    c->answer_left = length;
  } else if (c->parser.http_minor) {
    put(&c->out, "transfer-encoding: chunked\r\n");
    c->chunked = true;
  } else {
    c->keep = false; /* HTTP/1.0: the end of the connection is the end of the body */
    c->by_close = true;
  }
}

static int put_head(struct connection *c, struct head *head, struct reader *r) {
  head->status = read_u16(r);
  head->text = read_str_borrow(r, &head->text_length);
  if (head->status < 200 || head->status > 999 || !http_is_value(head->text, head->text_length)) return -1;
  put_number(&c->out, "HTTP/1.1 ", head->status, " ");
  if (head->text_length)
    buf_put(&c->out, head->text, head->text_length);
  else
    put(&c->out, reason((int)head->status));
  put(&c->out, "\r\n");
  if (put_headers(c, head, r)) return -1;
  head->length = read_u64(r);
  head->body = r->p;
  head->body_length = r->left;
  if (r->bad) return -1;
  put_framing(c, head);
  if (!head->dated) put_date(c);
  put_connection(c);
  put(&c->out, "\r\n");
  return 0;
}

/* ---- the body ---- */

static void put_chunk(struct connection *c, const uint8_t *bytes, size_t n) {
  char size[20];
  int digits = snprintf(size, sizeof size, "%zx\r\n", n);
  buf_put(&c->out, size, (size_t)digits);
  buf_put(&c->out, bytes, n);
  buf_put(&c->out, "\r\n", 2);
}

/* A body of another length than announced: the client must not take it for a whole one. */
static bool is_wrong_length(struct connection *c, size_t n, bool end) {
  if (!c->counted || c->bodyless) return false;
  if (n > c->answer_left) return true;
  c->answer_left -= n;
  return end && c->answer_left;
}

static void put_body(struct connection *c, const uint8_t *bytes, size_t n, bool end) {
  if (is_wrong_length(c, n, end)) {
    log_line("Worker %s: its answer's body is not as long as its content-length says", connection_worker(c));
    c->gone = true;
  } else if (!c->bodyless) {
    if (c->chunked && n)
      put_chunk(c, bytes, n);
    else
      buf_put(&c->out, bytes, n);
    if (c->chunked && end) buf_put(&c->out, "0\r\n\r\n", 5);
  }
  if (end) c->answered = true;
}

static void bad_answer(struct connection *c, size_t undo_to) {
  static const char text[] = "Internal Server Error";
  log_line("Worker %s: its answer is not valid HTTP", connection_worker(c));
  c->out.len = undo_to;
  response_plain(c, 500, NULL, text, sizeof text - 1, false);
}

static int on_head(void *arg, const uint8_t *payload, size_t length, uint8_t flags) {
  struct connection *c = arg;
  struct reader r = reader_over(payload, length);
  struct head head = {.has_body = flags & FRAME_HAS_BODY, .end = !(flags & FRAME_HAS_BODY) || (flags & FRAME_END)};
  size_t before = c->out.len;
  connection_mark(c);
  bool upgrade = length > 1 && payload[0] == HEAD_SOCKET && !payload[1];
  if (upgrade && !upgrade_begin(c, payload, length)) return 0;
  if (upgrade || put_head(c, &head, &r)) {
    bad_answer(c, before);
    return -1;
  }
  c->headed = true;
  put_body(c, head.body, head.body_length, head.end);
  if (c->answered || !c->bodyless) return 0;
  c->answered = true; /* nobody wants the rest */
  return -1;
}

static void on_body(void *arg, const uint8_t *bytes, size_t length, bool end) {
  struct connection *c = arg;
  put_body(c, bytes, length, end);
  c->owed += (uint32_t)length;
  connection_mark(c);
}

/* ---- errors ---- */

/* An error of the Worker's own, as against one of its surroundings. */
static bool is_thrown(const struct failure *why) { return why->code == ERROR_THROWN || why->code >= ERROR_CODES; }

static void answer_thrown(struct connection *c, const struct failure *why) {
  static const char text[] = "Internal Server Error";
  char shown[ERROR_TEXT_MAX];
  if (!c->http->dev) {
    response_plain(c, 500, NULL, text, sizeof text - 1, false);
    return;
  }
  int n = snprintf(shown, sizeof shown, "%.*s: %.*s\n%.*s", (int)why->name_length, why->name, (int)why->message_length,
                   why->message, (int)why->stack_length, why->stack);
  response_plain(c, 500, NULL, shown, n < (int)sizeof shown ? (size_t)n : sizeof shown - 1, false);
}

static void answer_limit(struct connection *c, const struct failure *why) {
  char header[512], message[384];
  log_escape(message, sizeof message, why->message, why->message_length, NULL);
  snprintf(header, sizeof header, "x-mayfly-error: %s\r\n", message);
  response_plain(c, 503, header, message, strlen(message), false);
}

static void on_failed(void *arg, const struct failure *why) {
  struct connection *c = arg;
  failure_log(connection_worker(c), "", why);
  if (c->websocket)
    upgrade_failed(c, why);
  else if (c->headed)
    c->gone = true; /* the client sees that the body was cut off */
  else if (is_thrown(why))
    answer_thrown(c, why);
  else
    answer_limit(c, why);
  connection_mark(c);
}

static void on_credit(void *arg, uint32_t bytes) {
  (void)bytes; /* the exchange keeps the account */
  connection_mark(arg);
}

static void on_message(void *arg, const uint8_t *bytes, size_t length, uint8_t flags) {
  upgrade_message(arg, bytes, length, flags);
  connection_mark(arg);
}

static void on_shut(void *arg, unsigned code, const uint8_t *reason, size_t length) {
  upgrade_shut(arg, code, reason, length);
  connection_mark(arg);
}

static void on_released(void *arg) { connection_mark(arg); }

const struct exchange_client response_client = {.head = on_head,
                                                .body = on_body,
                                                .failed = on_failed,
                                                .credit = on_credit,
                                                .message = on_message,
                                                .shut = on_shut,
                                                .released = on_released};
