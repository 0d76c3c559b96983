/* rules.c: which rule fits; see rules.h.
 *
 * Headers that a rule adds are secrets as a rule. Without "scheme" they go over https, and over http only to this
 * machine, as browsers see it (localhost, 127.0.0.0/8, ::1): else whoever may ask for http:// could read them on the
 * way. */
#include "gateway/rules.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/httptext.h"

/* ---- forms ---- */

/* A run of digits and dots, or of what IPv6 addresses are made of, in the form that inet_ntop gives it. */
static bool to_usual_form(char *out, const char *host) {
  unsigned char address[16];
  if (inet_pton(AF_INET, host, address) == 1) return inet_ntop(AF_INET, address, out, INET6_ADDRSTRLEN);
  if (inet_pton(AF_INET6, host, address) == 1) return inet_ntop(AF_INET6, address, out, INET6_ADDRSTRLEN);
  return false;
}

char *rules_host(const char *host) {
  char address[INET6_ADDRSTRLEN];
  size_t n = strlen(host);
  if (n > 1 && host[0] == '[' && host[n - 1] == ']') host++, n -= 2;
  if (n > 1 && host[n - 1] == '.') n--;
  char *copy = strndup(host, n);
  if (!copy) return NULL;
  for (char *c = copy; *c; c++) *c = (char)tolower((unsigned char)*c);
  if (!to_usual_form(address, copy)) return copy;
  free(copy);
  return strdup(address);
}

/* A NUL cannot stand in the result, and no rule names one: it stays a code. */
char *rules_decode(const char *path) {
  char *out = malloc(strlen(path) + 1), *to = out;
  if (!out) return NULL;
  for (; *path; path++) {
    char c = *path;
    int high = c == '%' ? http_hex(path[1]) : -1, low = high < 0 ? -1 : http_hex(path[2]);
    if (low >= 0 && (high || low)) {
      c = (char)(16 * high + low);
      path += 2;
    }
    if (c == '\\') c = '/';
    if (c != '/' || to == out || to[-1] != '/') *to++ = c;
  }
  *to = 0;
  return out;
}

bool rules_climbs(const char *decoded) {
  for (const char *at = decoded; (at = strstr(at, "/.")); at++) {
    size_t n = at[2] == '.' ? 3 : 2;
    if (!at[n] || at[n] == '/') return true;
  }
  return false;
}

char *rules_walk(const char *decoded) {
  char *out = malloc(strlen(decoded) + 2), *to = out;
  if (!out) return NULL;
  for (const char *at = decoded; *at; at += strcspn(at, "/")) {
    if (*at == '/') at++;
    size_t n = strcspn(at, "/");
    bool up = n == 2 && !memcmp(at, "..", 2), nowhere = up || (n == 1 && *at == '.');
    if (up)
      while (to > out && *--to != '/') continue;
    if (!nowhere || !at[n]) *to++ = '/';
    if (!nowhere) to = mempcpy(to, at, n);
  }
  *to = 0;
  return out;
}

/* Each part between stars is looked for after the one before it: the first place is as good as any. */
bool rules_glob(const char *pattern, const char *text) {
  const char *star = strchr(pattern, '*');
  if (!star) return !strcmp(pattern, text);
  size_t n = (size_t)(star - pattern), left = strlen(text);
  if (left < n || memcmp(pattern, text, n) != 0) return false;
  text += n;
  left -= n;
  for (const char *part = star + 1; (star = strchr(part, '*')); part = star + 1) {
    const char *found = memmem(text, left, part, (size_t)(star - part));
    if (!found) return false;
    found += star - part;
    left -= (size_t)(found - text);
    text = found;
  }
  const char *last = strrchr(pattern, '*') + 1;
  n = strlen(last);
  return left >= n && !memcmp(text + left - n, last, n);
}

/* ---- one rule ---- */

static bool fits_host(const struct rule *rule, const char *host) {
  if (!rule->host || !strcmp(rule->host, "*")) return true;
  if (rule->host[0] != '*') return !strcmp(rule->host, host);
  size_t n = strlen(rule->host + 1), m = strlen(host);
  return m > n && !strcmp(host + m - n, rule->host + 1);
}

/* Methods have a case, which some servers do not mind. */
static bool fits_method(const struct rule *rule, const char *method, bool denies) {
  for (size_t i = 0; i < rule->method_count; i++)
    if (!(denies ? strcasecmp : strcmp)(rule->methods[i], method)) return true;
  return !rule->method_count;
}

static bool fits_path(const struct rule *rule, const struct rule_request *rq, bool denies) {
  if (!rule->path) return true;
  if (!rq->path) return denies && !strcmp(rule->path, "*");
  bool raw = rules_glob(rule->path, rq->path), decoded = rules_glob(rule->path, rq->decoded);
  if (!denies) return raw && decoded && !rq->walked;
  return raw || decoded || (rq->walked && rules_glob(rule->path, rq->walked));
}

static bool is_this_machine(const char *host) {
  unsigned char v4[4];
  size_t n = strlen(host);
  if (inet_pton(AF_INET, host, v4) == 1) return v4[0] == 127;
  return !strcmp(host, "::1") || !strcmp(host, "localhost") || (n > 10 && !strcmp(host + n - 10, ".localhost"));
}

static bool fits_scheme(const struct rule *rule, const struct rule_request *rq) {
  if (rule->scheme) return !strcmp(rule->scheme, rq->scheme);
  return !rule->header_count || !strcmp(rq->scheme, "https") ||
         (!strcmp(rq->scheme, "http") && is_this_machine(rq->host));
}

/* All but the address. */
static bool fits(const struct rule *rule, const struct rule_request *rq, bool denies) {
  return (!rule->range.port || rule->range.port == rq->port) && fits_scheme(rule, rq) && fits_host(rule, rq->host) &&
         fits_method(rule, rq->method, denies) && fits_path(rule, rq, denies);
}

/* ---- all of them ---- */

static struct rules_verdict verdict(bool allowed, const struct rule *rule, const char *list, size_t i) {
  struct rules_verdict v = {.allowed = allowed, .rule = rule};
  if (rule) snprintf(v.name, sizeof v.name, "%s[%zu]", list, i);
  return v;
}

static const struct rule *find_denying(const struct rules *rules, const struct rule_request *rq,
                                       const struct sockaddr *to) {
  for (size_t i = 0; i < rules->deny.count; i++) {
    const struct rule *rule = &rules->deny.list[i];
    if (rule->has_cidr && (!to || !netpolicy_contains(&rule->range, to))) continue;
    if (fits(rule, rq, true)) return rule;
  }
  return NULL;
}

static const struct rule *find_allowing(const struct rules *rules, const struct rule_request *rq,
                                        const struct sockaddr *to, bool headers) {
  for (size_t i = 0; i < rules->allow.count; i++) {
    const struct rule *rule = &rules->allow.list[i];
    if (headers && !rule->header_count) continue;
    if (rule->has_cidr && (rq->no_address || (to && !netpolicy_contains(&rule->range, to)))) continue;
    if (to && !rule->has_cidr && rules->operators && netpolicy_refuses(to)) continue;
    if (fits(rule, rq, false)) return rule;
  }
  return NULL;
}

struct rules_verdict rules_judge(const struct rules *rules, const struct rule_request *rq, const struct sockaddr *to) {
  if (rules->wrong) return verdict(false, NULL, NULL, 0);
  const struct rule *rule = find_denying(rules, rq, to);
  if (rule) return verdict(false, rule, "deny", (size_t)(rule - rules->deny.list));
  rule = find_allowing(rules, rq, to, true);
  if (!rule) rule = find_allowing(rules, rq, to, false);
  if (rule) return verdict(true, rule, "allow", (size_t)(rule - rules->allow.list));
  struct rules_verdict v = verdict(!rules->closed, NULL, NULL, 0);
  if (rules->operators && to) v.why = netpolicy_refuses(to);
  if (v.why) v.allowed = false;
  return v;
}
