/* outbound_answer.c: what an upstream answers: its head as a HEAD frame, its body within the exchange's credit, its
 * end.
 *
 * The HEAD is kept back until the bytes at hand are read, so that a small body travels in it. */
#include <stdio.h>
#include <string.h>

#include "gateway/httptext.h"
#include "gateway/outbound_parts.h"
#include "gateway/registry.h"

enum { STATUS_AT = 0, SLACK = 16 };

static uint32_t limit(const struct outbound_request *r, enum limit_id id) {
  return r->outbound->config->limits.value[id];
}

static int bad(struct outbound_request *r, const char *why) {
  if (!r->bad) r->bad = why;
  return -1;
}

/* ---- the head, line by line ---- */

/* "HTTP/1.1 200 OK": a new head; the one before it was informational. */
static int begin_head(struct outbound_request *r, const char *line, size_t n) {
  const char *space = memchr(line, ' ', n);
  size_t left = space ? n - (size_t)(space - line) - 1 : 0;
  if (left < 3 || !http_is_number(space + 1, 3)) return bad(r, "its status line is not valid");
  const char *text = left > 4 ? space + 5 : "";
  size_t length = left > 4 ? left - 4 : 0;
  r->status = (unsigned)http_number(space + 1, 3);
  if (r->status < 100 || !http_is_value(text, length)) return bad(r, "its status line is not valid");
  buf_clear(&r->head);
  buf_put_u16(&r->head, (uint16_t)r->status);
  buf_put_str(&r->head, text, length);
  r->count_at = r->head.len;
  buf_put_u16(&r->head, 0);
  r->header_count = 0;
  r->has_length = r->coded = false;
  return 0;
}

/* Of codings libcurl takes off chunks alone. */
static int note_coding(struct outbound_request *r, const char *value, size_t v) {
  if (r->coded || !http_is(value, v, "chunked")) return bad(r, "its transfer-encoding is not known");
  r->coded = true;
  return 0;
}

static int note_header(struct outbound_request *r, const char *name, size_t n, const char *value, size_t v) {
  bool coding = http_is(name, n, "content-encoding");
  r->unbroken = coding || http_is(name, n, "transfer-encoding") || http_is(name, n, "content-length");
  if (http_is(name, n, "transfer-encoding")) return note_coding(r, value, v);
  if (r->redact && coding && !http_is(value, v, "identity"))
    return bad(r, "its answer is compressed, and so cannot be redacted");
  if (!http_is(name, n, "content-length")) return 0;
  if (!http_is_number(value, v) || (r->has_length && r->length != http_number(value, v)))
    return bad(r, "its content-length is not valid");
  r->has_length = true;
  r->length = http_number(value, v);
  return 0;
}

static void trim(const char **text, size_t *n) {
  while (*n && (**text == ' ' || **text == '\t')) ++*text, --*n;
  while (*n && ((*text)[*n - 1] == ' ' || (*text)[*n - 1] == '\t')) --*n;
}

static int add_header(struct outbound_request *r, const char *line, size_t n) {
  const char *colon = memchr(line, ':', n), *value = colon ? colon + 1 : NULL;
  size_t name_length = colon ? (size_t)(colon - line) : 0, v = colon ? n - name_length - 1 : 0;
  if (!colon || !http_is_token(line, name_length)) return bad(r, "one of its headers is not valid");
  trim(&value, &v);
  if (!http_is_value(value, v)) return bad(r, "one of its headers is not valid");
  if (++r->header_count > limit(r, LIMIT_HEADERS)) return bad(r, "it has too many headers");
  buf_put_str(&r->head, line, name_length);
  r->value_at = r->head.len;
  buf_put_str(&r->head, value, v);
  return note_header(r, line, name_length, value, v);
}

/* A line that begins with a space goes on with the value before it (RFC 9112, 5.2). */
static int continue_header(struct outbound_request *r, const char *line, size_t n) {
  if (!r->header_count || r->unbroken) return bad(r, "one of its headers is not valid");
  trim(&line, &n);
  if (!http_is_value(line, n)) return bad(r, "one of its headers is not valid");
  if (r->head.len > r->value_at + sizeof(uint32_t)) buf_put(&r->head, " ", 1);
  buf_put(&r->head, line, n);
  uint32_t length = (uint32_t)(r->head.len - r->value_at - sizeof length);
  if (!r->head.bad) memcpy(r->head.data + r->value_at, &length, sizeof length);
  return 0;
}

/* The head is complete. */
static int end_head(struct outbound_request *r) {
  uint16_t count = (uint16_t)r->header_count;
  if (r->status < 200 && r->status != 101) return 0;
  if (r->status == 101 && !r->websocket) return bad(r, "it switches protocols without being asked to");
  if (r->head.bad) return bad(r, "its headers are too large");
  if (r->redact) redact_whole(r->redact, r->head.data, r->head.len);
  memcpy(r->head.data + r->count_at, &count, sizeof count);
  r->bodyless |= r->status == 101 || r->status == 204 || r->status == 205 || r->status == 304;
  buf_put_u64(&r->head, r->has_length && !r->coded ? r->length : UINT64_MAX);
  r->headed = true;
  outbound_mark(r);
  return 0;
}

int outbound_take_line(struct outbound_request *r, const char *line, size_t n) {
  r->head_bytes += n + SLACK;
  if (r->head_bytes > (size_t)limit(r, LIMIT_OUTBOUND_HEAD_KB) << 10) return bad(r, "its headers are too large");
  if (n && line[n - 1] == '\n') n--;
  if (n && line[n - 1] == '\r') n--;
  if (!n) return end_head(r);
  if (n > 5 && !memcmp(line, "HTTP/", 5)) return begin_head(r, line, n);
  return *line == ' ' || *line == '\t' ? continue_header(r, line, n) : add_header(r, line, n);
}

/* Nobody gets it, but it must come to an end. */
static int take_trailer(struct outbound_request *r, size_t n) {
  r->head_bytes += n + SLACK;
  return r->head_bytes > (size_t)limit(r, LIMIT_OUTBOUND_HEAD_KB) << 10 ? bad(r, "its headers are too large") : 0;
}

static size_t on_line(char *line, size_t size, size_t count, void *arg) {
  struct outbound_request *r = arg;
  size_t n = size * count;
  outbound_moved(r);
  if (!r->exchange) return 0;
  if (r->headed) return take_trailer(r, n) ? 0 : n;
  return outbound_take_line(r, line, n) ? 0 : n;
}

/* ---- the body ---- */

void outbound_send_head(struct outbound_request *r, bool end) {
  uint8_t flags = r->bodyless ? 0 : (uint8_t)(FRAME_HAS_BODY | (end ? FRAME_END : 0));
  r->sent = true;
  outbound_tell(r, FRAME_HEAD, flags, r->head.data, r->head.len);
  buf_free(&r->head);
}

/* What may be shown of it already goes on, within credit that is there for all of it. */
static size_t redacted_body(struct outbound_request *r, const char *bytes, size_t n) {
  const struct buf *shown = redact_take(r->redact, bytes, n);
  if (!shown) return 0;
  r->received_bytes += n;
  if (!r->sent) {
    buf_put(&r->head, shown->data, shown->len);
    return r->head.bad ? 0 : n;
  }
  r->credit -= (uint32_t)shown->len;
  if (shown->len) outbound_tell(r, FRAME_BODY, 0, shown->data, shown->len);
  return n;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg) {
  struct outbound_request *r = arg;
  size_t n = size * count, held = r->redact ? redact_held(r->redact) : 0;
  outbound_moved(r);
  if (!r->exchange || !r->headed) return 0;
  if (r->bodyless) return n;
  if (r->redact && (!r->sent ? r->head.len + held + n <= FRAME_PAYLOAD_MAX : r->credit >= held + n))
    return redacted_body(r, bytes, n);
  if (!r->sent && r->head.len + n <= FRAME_PAYLOAD_MAX) {
    buf_put(&r->head, bytes, n);
    r->received_bytes += n;
    return r->head.bad ? 0 : n;
  }
  if (!r->sent) outbound_send_head(r, false);
  if (r->credit < held + n || r->redact) {
    r->paused = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  r->credit -= (uint32_t)n;
  r->received_bytes += n;
  outbound_tell(r, FRAME_BODY, 0, bytes, n);
  return n;
}

int outbound_take_body(struct outbound_request *r, const char *bytes, size_t n) {
  return on_body((char *)bytes, 1, n, r) == n ? 0 : -1;
}

int outbound_expect_answer(struct outbound_request *r) {
  const struct curl_functions *curl = r->outbound->curl;
  buf_init(&r->head, FRAME_PAYLOAD_MAX);
  r->credit = STREAM_WINDOW;
  return curl->easy_setopt(r->easy, CURLOPT_HEADERFUNCTION, on_line) ||
                 curl->easy_setopt(r->easy, CURLOPT_HEADERDATA, r) ||
                 curl->easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, on_body) ||
                 curl->easy_setopt(r->easy, CURLOPT_WRITEDATA, r)
             ? -1
             : 0;
}

/* ---- the end ---- */

/* What the Worker is told; NULL in *detail: as workerd says it. The operator's log has the rest. */
static enum error_code reason_for(const struct outbound_request *r, CURLcode result, const char **detail) {
  *detail = NULL;
  if (r->refused && (result == CURLE_COULDNT_CONNECT || result == CURLE_ABORTED_BY_CALLBACK)) return ERROR_ADDRESS;
  *detail = r->bad;
  if (r->bad) return ERROR_UPSTREAM;
  *detail = "nothing came for too long";
  if (r->too_idle) return ERROR_UPSTREAM;
  *detail = "the host is not known";
  if (result == CURLE_COULDNT_RESOLVE_HOST) return ERROR_UPSTREAM;
  *detail = "it took too long to connect";
  if (result == CURLE_OPERATION_TIMEDOUT) return ERROR_UPSTREAM;
  *detail = "the server's certificate is not trusted";
  if (result == CURLE_PEER_FAILED_VERIFICATION) return ERROR_UPSTREAM;
  *detail = "the body is not as long as announced";
  if (result == CURLE_ABORTED_BY_CALLBACK) return ERROR_UPSTREAM;
  *detail = "the answer is not valid HTTP";
  if (result == CURLE_WEIRD_SERVER_REPLY || result == CURLE_UNSUPPORTED_PROTOCOL) return ERROR_UPSTREAM;
  *detail = NULL;
  return ERROR_NETWORK;
}

static const char *why_failed(const struct outbound_request *r, CURLcode result) {
  const char *detail;
  reason_for(r, result, &detail);
  return detail ? detail : "the connection was lost";
}

static void tell_error(struct outbound_request *r, CURLcode result) {
  const char *detail;
  if (!r->error.len) {
    enum error_code code = reason_for(r, result, &detail);
    error_payload(&r->error, code, detail);
  }
  outbound_tell(r, FRAME_ERROR, 0, r->error.data, r->error.len);
}

/* The rest, that might have been the beginning of a secret. */
static void show_held(struct outbound_request *r) {
  const struct buf *held = redact_end(r->redact);
  if (!r->sent)
    buf_put(&r->head, held->data, held->len);
  else if (held->len)
    outbound_tell(r, FRAME_BODY, 0, held->data, held->len);
}

void outbound_conclude(struct outbound_request *r, CURLcode result) {
  bool failed = result != CURLE_OK || r->error.len || !r->headed;
  if (r->redact && r->headed && !r->bodyless && !r->cancelled) show_held(r);
  if (!r->cancelled) {
    if (failed && r->headed && !r->sent && !r->error.len) outbound_send_head(r, false); /* what came before the end */
    if (failed)
      tell_error(r, result);
    else if (!r->sent)
      outbound_send_head(r, true);
    else if (!r->bodyless && !r->ended)
      outbound_tell(r, FRAME_BODY, FRAME_END, NULL, 0);
  }
  outbound_tell(r, FRAME_DONE, 0, NULL, 0);
  outbound_audit(r, r->cancelled ? "canceled" : failed ? why_failed(r, result) : NULL);
  r->exchange = NULL;
}
