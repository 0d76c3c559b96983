/* outbound_request.c: an EVENT as a request of libcurl's: URL, head and body. The EVENT was written by a guest, which
 * may have been taken over: every part is checked here, and what frames the request on its connection is libcurl's to
 * say. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/httptext.h"
#include "gateway/outbound_parts.h"

enum { LINE_MAX_BYTES = FRAME_PAYLOAD_MAX };

/* ---- the body ---- */

/* Bytes that libcurl has taken are kept as long as they are few: it may have to send them again on another connection.
 */
static void trim(struct outbound_request *r) {
  if (r->upload_at < UPLOAD_KEEP) return;
  buf_drop_front(&r->upload, r->upload_at);
  r->upload_high -= r->upload_at;
  r->upload_at = 0;
  r->upload_trimmed = true;
}

static void note_taken(struct outbound_request *r) {
  if (r->upload_at <= r->upload_high) return;
  size_t taken = r->upload_at - r->upload_high, without = taken < r->upload_free ? taken : r->upload_free;
  r->upload_high = r->upload_at;
  r->upload_free -= without;
  r->upload_owed += (uint32_t)(taken - without);
  if (r->upload_owed < STREAM_WINDOW / 4 || r->upload_end || !r->exchange) return;
  uint32_t bytes = r->upload_owed;
  r->upload_owed = 0;
  outbound_tell(r, FRAME_WINDOW, 0, &bytes, sizeof bytes);
}

static bool is_wrong_length(const struct outbound_request *r) {
  if (r->upload_length == UINT64_MAX) return false;
  return r->upload_total > r->upload_length || (r->upload_end && r->upload_total != r->upload_length);
}

size_t outbound_read_upload(char *to, size_t size, size_t count, void *arg) {
  struct outbound_request *r = arg;
  size_t room = size * count, n = r->upload.len - r->upload_at;
  if (!r->exchange || r->upload.bad || is_wrong_length(r)) return CURL_READFUNC_ABORT;
  if (!n && r->upload_end) return 0;
  if (!n) {
    r->upload_paused = true;
    return CURL_READFUNC_PAUSE;
  }
  if (n > room) n = room;
  memcpy(to, r->upload.data + r->upload_at, n);
  r->upload_at += n;
  r->sent_bytes += n;
  outbound_moved(r);
  note_taken(r);
  trim(r);
  return n;
}

static int on_seek(void *arg, curl_off_t offset, int origin) {
  struct outbound_request *r = arg;
  if (origin != SEEK_SET || r->upload_trimmed || offset < 0 || (uint64_t)offset > r->upload.len)
    return CURL_SEEKFUNC_CANTSEEK;
  r->upload_at = (size_t)offset;
  return CURL_SEEKFUNC_OK;
}

void outbound_upload(struct outbound_request *r, const uint8_t *bytes, size_t length, bool end) {
  buf_put(&r->upload, bytes, length);
  r->upload_total += length;
  r->upload_end = end;
  outbound_mark(r);
}

/* ---- the head ---- */

static bool is_ours(const char *name, size_t n) {
  static const char *const ours[] = {
      "host",    "content-length", "transfer-encoding", "connection", "keep-alive",      "te",
      "trailer", "upgrade",        "http2-settings",    "expect",     "proxy-connection"};
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
    if (http_is(name, n, ours[i])) return true;
  return false;
}

static int put_line(struct outbound_request *r, const char *line) {
  struct curl_slist *longer = r->outbound->curl->slist_append(r->headers, line);
  if (!longer) return -1;
  r->headers = longer;
  return 0;
}

/* libcurl takes "name;" for a header without a value, and "name:" for one that is not to be sent. */
int outbound_put_header(struct outbound_request *r, const char *name, size_t n, const char *value, size_t v) {
  static char line[LINE_MAX_BYTES + 4];
  while (v && (*value == ' ' || *value == '\t')) value++, v--;
  if (n > LINE_MAX_BYTES || v > LINE_MAX_BYTES - n) return -1;
  snprintf(line, sizeof line, v ? "%.*s: %.*s" : "%.*s;", (int)n, name, (int)v, value);
  return put_line(r, line);
}

static const char *build_headers(struct outbound_request *r, struct reader *in) {
  bool accept = false;
  for (unsigned i = read_u16(in); i && !in->bad; i--) {
    size_t n, v;
    const char *name = read_str_borrow(in, &n), *value = read_str_borrow(in, &v);
    if (!http_is_token(name, n) || !http_is_value(value, v)) return "a header is not valid";
    if (http_is(name, n, "upgrade") && http_is(value, v, "websocket")) r->upgrade = true;
    if (is_ours(name, n) || outbound_replaces(r, name, n)) continue;
    if (r->outbound->config->outbound.proxy && http_is(name, n, "proxy-authorization"))
      continue; /* what our proxy is told is ours */
    accept |= http_is(name, n, "accept");
    if (outbound_put_header(r, name, n, value, v)) return "out of memory";
  }
  for (unsigned i = 0; i < r->adding_count; i++)
    for (size_t k = 0; k < r->adding[i]->header_count; k++)
      accept |= http_is("accept", 6, r->adding[i]->headers[k].name);
  if (outbound_add_headers(r)) return "out of memory";
  if (r->redact && r->upgrade) return "a WebSocket cannot be redacted";
  if ((!accept && put_line(r, "Accept:")) || put_line(r, "Expect:")) return "out of memory";
  return NULL;
}

/* "tcp://HOST:PORT" or "tls://HOST:PORT", as libcurl may have it. */
static const char *tunnel_url(char *out, size_t size, struct outbound_request *r, const char *url, size_t n) {
  r->tls = n > 6 && !memcmp(url, "tls://", 6);
  if (!r->tls && (n <= 6 || memcmp(url, "tcp://", 6) != 0)) return "its method cannot be used";
  snprintf(out, size, "http://%.*s/", (int)(n - 6), url + 6);
  return NULL;
}

/* http or https, without what does not go over the wire or would become a header. */
static const char *build_url(struct outbound_request *r, const char *url, size_t n) {
  const struct curl_functions *curl = r->outbound->curl;
  char *text = strndup(url, n), *scheme = NULL;
  r->url = curl->url();
  if (!text || !r->url) {
    free(text);
    return "out of memory";
  }
  bool ok = strlen(text) == n && !curl->url_set(r->url, CURLUPART_URL, text, CURLU_PATH_AS_IS) &&
            !curl->url_set(r->url, CURLUPART_USER, NULL, 0) && !curl->url_set(r->url, CURLUPART_PASSWORD, NULL, 0) &&
            !curl->url_set(r->url, CURLUPART_FRAGMENT, NULL, 0) &&
            !curl->url_get(r->url, CURLUPART_SCHEME, &scheme, 0) &&
            (!strcmp(scheme, "http") || !strcmp(scheme, "https"));
  free(text);
  curl->free(scheme);
  return ok ? NULL : "its URL cannot be used";
}

static bool is(const char *text, const char *word) { return !strcmp(text, word); }

/* A request without a body still says so where one would be expected. */
static void build_method(struct outbound_request *r, const char *method, bool has_body) {
  const struct curl_functions *curl = r->outbound->curl;
  bool bare = is(method, "GET") || is(method, "HEAD");
  curl->easy_setopt(r->easy, CURLOPT_CUSTOMREQUEST, method);
  r->bodyless = is(method, "HEAD");
  if (has_body || !bare) {
    curl->easy_setopt(r->easy, CURLOPT_UPLOAD, 1L);
    curl->easy_setopt(r->easy, CURLOPT_INFILESIZE_LARGE,
                      r->upload_length == UINT64_MAX ? (curl_off_t)-1 : (curl_off_t)r->upload_length);
  }
  if (r->bodyless) curl->easy_setopt(r->easy, CURLOPT_NOBODY, 1L);
}

static const char *read_method(char *out, struct reader *in) {
  size_t n;
  const char *method = read_str_borrow(in, &n);
  if (!http_is_token(method, n) || n >= METHOD_MAX) return "its method cannot be used";
  memcpy(out, method, n);
  out[n] = 0;
  return NULL;
}

const char *outbound_build(struct outbound_request *r, const uint8_t *event, size_t length, uint8_t flags) {
  const struct curl_functions *curl = r->outbound->curl;
  struct reader in = reader_over(event, length);
  size_t n;
  read_u8(&in);  /* kind */
  read_u32(&in); /* processor time */
  uint32_t event_flags = read_u32(&in);
  r->redirected = event_flags & EVENT_REDIRECTED;
  read_str_borrow(&in, &n); /* entrypoint and props: the network has none */
  read_str_borrow(&in, &n);
  char connection[400];
  const char *why = read_method(r->method, &in), *url = read_str_borrow(&in, &n);
  r->tunnel = is(r->method, "CONNECT");
  if (!why && r->tunnel && !(why = tunnel_url(connection, sizeof connection, r, url, n))) n = strlen(url = connection);
  if (!why) why = build_url(r, url, n);
  if (!why) why = outbound_ask(r);
  if (!why && !outbound_judge(r)) return "";
  if (!why) why = build_headers(r, &in);
  if (event_flags & EVENT_CF) read_str_borrow(&in, &n);
  uint64_t announced = read_u64(&in);
  if (why || in.bad) return why ? why : "it is not well formed";
  r->upgrade |= r->tunnel;
  bool has_body = flags & FRAME_HAS_BODY;
  r->upload_end = !has_body || (flags & FRAME_END);
  r->upload_length = r->upload_end ? in.left : announced <= INT64_MAX ? announced : UINT64_MAX;
  r->upload_free = in.left;
  r->upload_total = in.left;
  buf_put(&r->upload, in.p, in.left);
  build_method(r, r->method, has_body);
  curl->easy_setopt(r->easy, CURLOPT_CURLU, r->url);
  curl->easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers);
  curl->easy_setopt(r->easy, CURLOPT_READFUNCTION, outbound_read_upload);
  curl->easy_setopt(r->easy, CURLOPT_READDATA, r);
  curl->easy_setopt(r->easy, CURLOPT_SEEKFUNCTION, on_seek);
  curl->easy_setopt(r->easy, CURLOPT_SEEKDATA, r);
  return r->upload.bad ? "out of memory" : NULL;
}
