/* rules.h: what may go out: the operator's rules ("outbound" in the configuration), and those that a Worker puts its
 * sandboxes under (the module mayfly:outbound).
 *
 * A rule fits a request when all that it names does: host, port, scheme, method, path, and the address that is
 * connected to. In this order, the first that applies decides:
 *     1. a rule of `deny` fits: refused;
 *     2. a rule of `allow` that has headers fits: allowed, and the first such rule's headers are added;
 *     3. a rule of `allow` fits: allowed. In the operator's rules a rule without "cidr" fits public addresses only
 *        (netpolicy.h);
 *     4. the list is closed: refused. Else allowed; by the operator's rules to public addresses only.
 * The operator's list is closed by a rule without "cidr" in `allow`, or by "public": false; a sandbox's by having an
 * `allow`. A sandbox's rules can only take away: the operator's are asked too.
 *
 * A request is judged before anything is looked up, as far as it can be without an address, and again on the address of
 * its connection, whether that is new or was kept. Every hop of a redirect is a request of its own.
 * Hosts are compared in lower case without a last dot, addresses in their usual form. A path is compared as it is and
 * with its percent-codes decoded, so that no other spelling gets around a rule: a rule that allows must fit both, one
 * that denies either, or where ".." in it leads; and a path that leads through ".." fits no rule that allows a path.
 * Matching takes time linear in the length of the path.
 *
 * Rules are immutable and counted. They are made from JSON, which may come from a guest: everything is bounded.
 */
#ifndef MAYFLY_GATEWAY_RULES_H
#define MAYFLY_GATEWAY_RULES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/layer.h"
#include "gateway/netpolicy.h"
#if LAYER < LAYER_GATEWAY
#error "rules.h belongs to the gateway"
#endif

enum {
  RULES_MAX = 1000,          /* in a list */
  RULES_OF_SANDBOX_MAX = 64, /* the same, from a guest */
  RULE_HOST_MAX = 253,
  RULE_PATH_MAX = 1024,
  RULE_METHODS_MAX = 16,
  RULE_METHOD_MAX = 31,
  RULE_HEADERS_MAX = 16,
  RULE_ERROR = 256, /* enough for any message */
};

struct rule_header {
  char *name, *value;
};

struct rule {
  char *host;     /* NULL: any; "*.x": all below x */
  char *path;     /* NULL: any; '*' is any run of characters */
  char **methods; /* none: any */
  size_t method_count;
  char *scheme; /* NULL: any; but with headers: see rules.c */
  struct rule_header *headers;
  size_t header_count;
  struct netpolicy_range range; /* its port is the rule's, with or without a cidr */
  bool has_cidr;
};

struct rule_list {
  struct rule *list;
  size_t count;
};

struct rules {
  unsigned references;
  struct rule_list allow, deny;
  bool operators; /* addresses must be public, or named */
  bool closed, redact;
  char *wrong; /* why nothing may go out by them; NULL */
};

/* A request, as rules see it. Borrowed; host and path as rules_host and rules_path made them. */
struct rule_request {
  const char *scheme, *host, *method;
  const char *path, *decoded; /* NULL: it has none (a connection, not a request of HTTP) */
  const char *walked;         /* NULL: it does not climb */
  uint16_t port;
  bool no_address; /* nor ever will there be one (a proxy connects): rules with a cidr do not fit */
};

struct rules_verdict {
  bool allowed;
  const struct rule *rule; /* NULL: none decided */
  char name[24];           /* "allow[2]", "deny[0]"; "" */
  const char *why;         /* refused: "it is ...", of the address; NULL: of the rest */
};

/* `to` NULL: not known yet, and then "allowed" is "perhaps". */
struct rules_verdict rules_judge(const struct rules *rules, const struct rule_request *request,
                                 const struct sockaddr *to);

/* Lower case, no brackets, no last dot; an address in its usual form. NULL: out of memory. The caller's. */
char *rules_host(const char *host);
/* A path with percent-codes decoded and slashes that repeat as one. NULL: out of memory. The caller's. */
char *rules_decode(const char *path);
/* Whether "." or ".." are among its parts; and the path without them, where a server comes that follows them. */
bool rules_climbs(const char *decoded);
char *rules_walk(const char *decoded);
/* '*' is any run of characters. */
bool rules_glob(const char *pattern, const char *text);

/* ---- making them (rules_read.c) ---- */

struct rules *rules_new(bool operators);
void rules_hold(struct rules *rules);
void rules_release(struct rules *rules); /* or NULL */

/* Nothing goes out by them, for this reason. -1: out of memory. */
int rules_break(struct rules *rules, const char *why);

/* One member of a rule. 0; or -1 with what is wrong, a sentence without an end. */
int rule_set(struct rule *rule, const char *key, const json_t *value, char *err);
/* What the members together lack. `headers`: they may have some. */
int rule_check(const struct rule *rule, bool headers, char *err);
void rule_free(struct rule *rule);
/* From a guest: { allow, deny, redact }. NULL: out of memory. What is wrong with it is in `wrong`. */
struct rules *rules_from_guest(const void *text, size_t length);

#endif
