/* outbound_rules.c: a request to the network before its rules: the operator's and those of its sandbox, all of which
 * must allow it. First without an address, then on the address of its connection, whether that is new (before anything
 * is sent) or was kept from another request, which may have been under other rules. Through a proxy there is no address
 * but one that the URL names. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/isolate.h"
#include "gateway/log.h"
#include "gateway/outbound_parts.h"

/* ---- what is asked ---- */

static char *part(struct outbound_request *r, CURLUPart which, unsigned flags) {
  char *text = NULL;
  return r->outbound->curl->url_get(r->url, which, &text, flags) ? NULL : text;
}

const char *outbound_ask(struct outbound_request *r) {
  const struct curl_functions *curl = r->outbound->curl;
  struct rule_request *q = &r->asked;
  char *host = part(r, CURLUPART_HOST, 0), *port = part(r, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  q->scheme = part(r, CURLUPART_SCHEME, 0);
  q->path = part(r, CURLUPART_PATH, 0);
  q->host = host ? rules_host(host) : NULL;
  q->decoded = q->path ? rules_decode(q->path) : NULL;
  q->method = r->method;
  q->no_address = r->outbound->config->outbound.proxy;
  if (port) q->port = (uint16_t)strtoul(port, NULL, 10);
  curl->free(host);
  curl->free(port);
  return q->scheme && q->host && q->decoded && q->port ? NULL : "its URL cannot be used";
}

void outbound_unask(struct outbound_request *r) {
  const struct curl_functions *curl = r->outbound->curl;
  curl->free((char *)r->asked.scheme);
  curl->free((char *)r->asked.path);
  free((char *)r->asked.host);
  free((char *)r->asked.decoded);
  while (r->policy_count) rules_release(r->policies[--r->policy_count]);
}

/* ---- judging ---- */

static void log_refused(struct outbound_request *r, const struct sockaddr *to, const char *why) {
  char address[96];
  const struct isolate *isolate = r->isolate;
  netpolicy_print(address, sizeof address, to);
  if (isolate && isolate_may_log(r->isolate, sizeof address))
    log_line("Worker %s: refused to connect to %s (%.255s): %s", isolate->worker->name, address, r->asked.host, why);
}

/* The one of the sandbox is named when there are several: it says more. */
static void name_rule(struct outbound_request *r, unsigned policy, const struct rules_verdict *v) {
  if (*v->name) snprintf(r->rule, sizeof r->rule, "%s.%s", policy ? "sandbox" : "config", v->name);
}

/* NULL: allowed. Else why not: of its address, or "". */
static const char *judge(struct outbound_request *r, const struct sockaddr *to) {
  r->rule[0] = 0;
  for (unsigned i = 0; i < r->policy_count; i++) {
    struct rules_verdict v = rules_judge(r->policies[i], &r->asked, to);
    name_rule(r, i, &v);
    if (!v.allowed) return v.why ? v.why : "";
  }
  return NULL;
}

bool outbound_judge(struct outbound_request *r) {
  struct sockaddr_storage to;
  bool named = r->asked.no_address && netpolicy_address(&to, r->asked.host, r->asked.port);
  r->asked.no_address = r->asked.no_address && !named;
  const char *why = judge(r, named ? (struct sockaddr *)&to : NULL);
  if (!why) return true;
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

int outbound_judge_connection(void *arg, char *ip, char *own_ip, int port, int own_port) {
  struct outbound_request *r = arg;
  struct sockaddr_storage to;
  (void)own_ip;
  (void)own_port;
  if (r->outbound->config->outbound.proxy) return CURL_PREREQFUNC_OK;
  bool known = ip && netpolicy_address(&to, ip, (uint16_t)port);
  return known && outbound_judge_address(r, (struct sockaddr *)&to) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}
