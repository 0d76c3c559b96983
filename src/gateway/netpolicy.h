/* netpolicy.h: which addresses a sandbox's requests may reach.
 *
 * Pure functions over a table (netpolicy.c). Asked about the address that is about to be connected to, never about a
 * name or a URL: spellings, redirects and name servers that change their minds have no say then. Only public addresses
 * may be reached, and what the operator's rules name besides (rules.h). An address that embeds an IPv4 one is judged by
 * that too.
 */
#ifndef MAYFLY_GATEWAY_NETPOLICY_H
#define MAYFLY_GATEWAY_NETPOLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/layer.h"
#if LAYER < LAYER_GATEWAY
#error "netpolicy.h belongs to the gateway"
#endif

struct sockaddr;
struct sockaddr_storage;

struct netpolicy_range {
  uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d; bits after the prefix are 0 */
  uint8_t prefix;      /* of 128 bits */
  uint16_t port;       /* 0: any */
};

/* "192.0.2.0/24", "fd00::/8"; without a prefix: that one address. Port 0. NULL, or what is wrong with it. */
const char *netpolicy_parse(struct netpolicy_range *out, const char *cidr);
/* NULL: it is public; otherwise why not, a phrase that begins "it is ". */
const char *netpolicy_refuses(const struct sockaddr *to);
bool netpolicy_contains(const struct netpolicy_range *range, const struct sockaddr *to);
/* An address written as inet_ntop does. False: it is none. */
bool netpolicy_address(struct sockaddr_storage *out, const char *text, uint16_t port);
/* "192.0.2.1 port 80"; "[2001:db8::1] port 80". */
void netpolicy_print(char *out, size_t size, const struct sockaddr *to);

#endif
