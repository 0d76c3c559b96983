/* outbound_rules.c: a request to the network before its rules: the operator's and those of its sandbox, all of which
 * must allow it. First without an address, then on the address of its connection, whether that is new (before anything
 * is sent) or was kept from another request, which may have been under other rules. Through a proxy there is no address
 * but one that the URL names. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/httptext.h"
#include "gateway/isolate.h"
#include "gateway/log.h"
#include "gateway/outbound_parts.h"

/* ---- what is asked ---- */

static char *part(struct outbound_request *r, CURLUPart which, unsigned flags) {
  char *text = NULL;
  return r->outbound->curl->url_get(r->url, which, &text, flags) ? NULL : text;
}

/* A name in any other form is none: libcurl would make another of it than rules have seen. */
static bool is_ascii(const char *host) {
  while (*host > ' ' && *host < 0x7f) host++;
  return !*host;
}

const char *outbound_ask(struct outbound_request *r) {
  const struct curl_functions *curl = r->outbound->curl;
  struct rule_request *q = &r->asked;
  char *host = part(r, CURLUPART_HOST, 0), *port = part(r, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  char *scheme = part(r, CURLUPART_SCHEME, 0);
  bool secure = scheme && !strcmp(scheme, "https");
  q->scheme = r->tunnel ? (r->tls ? "tls" : "tcp") : secure ? "https" : "http";
  if (!r->tunnel) q->path = part(r, CURLUPART_PATH, 0);
  q->host = host ? rules_host(host) : NULL;
  q->decoded = q->path ? rules_decode(q->path) : NULL;
  bool climbs = q->decoded && rules_climbs(q->decoded);
  q->walked = climbs ? rules_walk(q->decoded) : NULL;
  q->method = r->method;
  q->no_address = r->outbound->config->outbound.proxy;
  if (port) q->port = (uint16_t)strtoul(port, NULL, 10);
  curl->free(host);
  curl->free(port);
  curl->free(scheme);
  bool whole = q->host && (q->decoded || r->tunnel) && (q->walked || !climbs);
  return whole && is_ascii(q->host) && q->port ? NULL : "its URL cannot be used";
}

void outbound_unask(struct outbound_request *r) {
  const struct curl_functions *curl = r->outbound->curl;
  curl->free((char *)r->asked.path);
  free((char *)r->asked.host);
  free((char *)r->asked.decoded);
  free((char *)r->asked.walked);
  while (r->policy_count) rules_release(r->policies[--r->policy_count]);
}

/* ---- headers that rules add ---- */

bool outbound_replaces(const struct outbound_request *r, const char *name, size_t n) {
  /* a part of the answer, or another coding of it, could show a secret piece by piece */
  if (r->redact && (http_is(name, n, "accept-encoding") || http_is(name, n, "range") || http_is(name, n, "if-range")))
    return true;
  for (unsigned i = 0; i < r->adding_count; i++)
    for (size_t k = 0; k < r->adding[i]->header_count; k++)
      if (http_is(name, n, r->adding[i]->headers[k].name)) return true;
  return false;
}

int outbound_add_headers(struct outbound_request *r) {
  static const char coding[] = "accept-encoding", identity[] = "identity";
  for (unsigned i = 0; i < r->adding_count; i++)
    for (size_t k = 0; k < r->adding[i]->header_count; k++) {
      const struct rule_header *h = &r->adding[i]->headers[k];
      if (r->redact && http_is(h->name, strlen(h->name), coding)) continue;
      if (outbound_put_header(r, h->name, strlen(h->name), h->value, strlen(h->value))) return -1;
    }
  return r->redact ? outbound_put_header(r, coding, sizeof coding - 1, identity, sizeof identity - 1) : 0;
}

/* The rule that decided has headers, and the request gets them. -1: out of memory. */
static int note_headers(struct outbound_request *r, const struct rule *rule, bool redact) {
  r->adding[r->adding_count++] = rule;
  for (size_t k = 0; redact && k < rule->header_count; k++) {
    if (!r->redact && !(r->redact = redact_new())) return -1;
    if (redact_add(r->redact, rule->headers[k].value)) return -1;
  }
  return 0;
}

const char *outbound_refusal(const struct outbound_request *r) {
  for (unsigned i = 0; i < r->policy_count; i++)
    if (r->policies[i]->wrong) return r->policies[i]->wrong;
  return "";
}

/* ---- judging ---- */

static void log_refused(struct outbound_request *r, const struct sockaddr *to, const char *why) {
  char address[96];
  const struct isolate *isolate = r->isolate;
  netpolicy_print(address, sizeof address, to);
  if (isolate && worker_may_log(isolate->worker, sizeof address))
    log_line("Worker %s: refused to connect to %s (%.255s): %s", isolate->worker->name, address, r->asked.host, why);
}

/* The one that refuses, or of those that allow the sandbox's: it says more. */
static void name_rule(struct outbound_request *r, unsigned policy, const struct rules_verdict *v) {
  if (*v->name) snprintf(r->rule, sizeof r->rule, "%s.%s", policy ? "sandbox" : "config", v->name);
}

/* NULL: allowed. Else why not: of its address, or "". */
static const char *judge(struct outbound_request *r, const struct sockaddr *to) {
  r->rule[0] = 0;
  for (unsigned i = 0; i < r->policy_count; i++) {
    struct rules_verdict v = rules_judge(r->policies[i], &r->asked, to);
    if (!v.allowed) r->rule[0] = 0;
    name_rule(r, i, &v);
    if (!v.allowed) return v.why ? v.why : "";
  }
  return NULL;
}

/* After the first judgement: it decides about headers, for which no address is needed. */
static bool take_headers(struct outbound_request *r) {
  for (unsigned i = 0; i < r->policy_count && !r->redirected; i++) {
    struct rules_verdict v = rules_judge(r->policies[i], &r->asked, NULL);
    if (v.rule && v.rule->header_count && note_headers(r, v.rule, r->policies[i]->redact)) return false;
  }
  return true;
}

bool outbound_judge(struct outbound_request *r) {
  struct sockaddr_storage to;
  bool named = r->asked.no_address && netpolicy_address(&to, r->asked.host, r->asked.port);
  r->asked.no_address = r->asked.no_address && !named;
  const char *why = judge(r, named ? (struct sockaddr *)&to : NULL);
  if (!why) return take_headers(r);
  *(*why ? &r->refused : &r->forbidden) = true;
  if (*why) log_refused(r, (struct sockaddr *)&to, why);
  return false;
}

bool outbound_judge_address(struct outbound_request *r, const struct sockaddr *to) {
  char text[64];
  if (r->outbound->config->outbound.proxy) return true; /* the proxy's: the operator chose it */
  const char *why = judge(r, to);
  if (!why) return true;
  snprintf(text, sizeof text, *r->rule ? "rule %s" : "no rule allows it", r->rule);
  r->refused = true;
  log_refused(r, to, *why ? why : text);
  return false;
}

/* Its connection was made by another request. */
static bool is_kept(const struct outbound_request *r) {
  long made = 1;
  r->outbound->curl->easy_getinfo(r->easy, CURLINFO_NUM_CONNECTS, &made);
  return !made;
}

int outbound_judge_connection(void *arg, char *ip, char *own_ip, int port, int own_port) {
  struct outbound_request *r = arg;
  struct sockaddr_storage to;
  (void)own_ip;
  r->own_port = (uint16_t)own_port;
  if (is_kept(r) && !outbound_kept_is_clean(r->outbound, r->own_port)) {
    r->stale = true;
    return CURL_PREREQFUNC_ABORT;
  }
  if (r->outbound->config->outbound.proxy) return CURL_PREREQFUNC_OK;
  bool known = ip && netpolicy_address(&to, ip, (uint16_t)port);
  r->refused = false; /* another of its addresses was */
  return known && outbound_judge_address(r, (struct sockaddr *)&to) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}
