/* outbound_audit.c: the line of the log that each request to the network has when it is over: who, what, by which rule,
 * what came of it. Whatever a Worker or an upstream chose in it is bounded; the log escapes it. Nothing secret: no
 * userinfo, no values of the query unless the operator wants them, no headers. */
#include <stdio.h>
#include <string.h>

#include "gateway/isolate.h"
#include "gateway/log.h"
#include "gateway/outbound_parts.h"

enum { PATH_MOST = 1024, QUERY_MOST = 512, URL_MOST = PATH_MOST + QUERY_MOST + 600 };
#define CUT "\xe2\x80\xa6" /* an ellipsis */

void outbound_audit_begin(struct outbound_request *r) {
  const struct worker *w = r->isolate->worker;
  r->began_at = loop_now(r->outbound->loop);
  r->worker_id = w->id;
  r->worker_length = w->name_length < sizeof r->worker ? w->name_length : sizeof r->worker;
  memcpy(r->worker, w->name, r->worker_length);
}

static void put_some(struct buf *out, const char *text, size_t length, size_t most) {
  buf_put(out, text, length < most ? length : most);
  if (length > most) buf_put(out, CUT, sizeof CUT - 1);
}

/* "a=1&b&c=" as "a=…&…&c=". */
static void put_names(struct buf *out, const char *query) {
  size_t begin = out->len;
  while (*query && out->len - begin < QUERY_MOST) {
    size_t n = strcspn(query, "&"), name = strcspn(query, "=&");
    if (name < n) put_some(out, query, name + 1, QUERY_MOST / 4);
    if (name == n ? n : name + 1 < n) buf_put(out, CUT, sizeof CUT - 1);
    query += n;
    if (*query == '&') buf_put(out, query++, 1);
  }
  if (*query) buf_put(out, CUT, sizeof CUT - 1);
}

static void put_query(struct outbound_request *r, struct buf *out) {
  const struct curl_functions *curl = r->outbound->curl;
  char *query = NULL;
  if (!r->url || curl->url_get(r->url, CURLUPART_QUERY, &query, 0)) return;
  buf_put(out, "?", 1);
  if (r->outbound->config->outbound.log_query)
    put_some(out, query, strlen(query), QUERY_MOST);
  else
    put_names(out, query);
  curl->free(query);
}

static void put_url(struct outbound_request *r, struct buf *out) {
  const struct rule_request *q = &r->asked;
  bool v6 = strchr(q->host, ':'), usual = q->port == (!strcmp(q->scheme, "https") ? 443 : 80);
  char start[400];
  int n = snprintf(start, sizeof start, v6 ? "%s://[%.255s]" : "%s://%.255s", q->scheme, q->host);
  buf_put(out, start, (size_t)n);
  if (!usual || !q->path) {
    n = snprintf(start, sizeof start, ":%u", q->port);
    buf_put(out, start, (size_t)n);
  }
  if (!q->path) return;
  put_some(out, q->path, strlen(q->path), PATH_MOST);
  put_query(r, out);
}

void outbound_audit(struct outbound_request *r, const char *error) {
  enum config_log wanted = r->outbound->config->outbound.log;
  bool refused = r->refused || r->forbidden;
  struct buf url;
  if (wanted == CONFIG_LOG_NONE || (wanted == CONFIG_LOG_REFUSED && !refused) || !r->asked.host) return;
  buf_init(&url, URL_MOST);
  put_url(r, &url);
  buf_put(&url, "", 1);
  const struct log_outbound line = {
      .worker = {.name = r->worker, .name_length = r->worker_length, .id = r->worker_id},
      .method = r->method,
      .url = url.bad ? "" : (const char *)url.data,
      .rule = r->rule,
      .error = refused ? "refused" : error,
      .status = r->headed ? r->status : 0,
      .sent = r->sent_bytes,
      .received = r->received_bytes,
      .ms = loop_now(r->outbound->loop) - r->began_at,
  };
  log_outbound(&line);
  buf_free(&url);
}
