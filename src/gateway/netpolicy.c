/* netpolicy.c: see netpolicy.h. The table is in order: the first row that contains an address decides. Its rows follow
 * IANA's registries of special-purpose IPv4 and IPv6 addresses (RFC 6890 and its updates). */
#include "gateway/netpolicy.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum verdict { REFUSE, PUBLIC, EMBEDS };

static const struct row {
  const char *cidr;
  enum verdict verdict;
  const char *why;
  uint8_t embedded_at; /* EMBEDS: the byte at which an IPv4 address is, which is judged in its place */
} table[] = {
    {"0.0.0.0/8", REFUSE, "it is unspecified or of this network", 0},
    {"10.0.0.0/8", REFUSE, "it is private", 0},
    {"100.64.0.0/10", REFUSE, "it is shared address space (carrier-grade NAT)", 0},
    {"127.0.0.0/8", REFUSE, "it is loopback", 0},
    {"168.63.129.16/32", REFUSE, "it is a cloud's metadata service", 0},
    {"169.254.0.0/16", REFUSE, "it is link-local, or a cloud's metadata service", 0},
    {"172.16.0.0/12", REFUSE, "it is private", 0},
    {"192.0.0.0/24", REFUSE, "it is reserved for protocols", 0},
    {"192.0.2.0/24", REFUSE, "it is for documentation", 0},
    {"192.88.99.0/24", REFUSE, "it is a 6to4 relay", 0},
    {"192.168.0.0/16", REFUSE, "it is private", 0},
    {"198.18.0.0/15", REFUSE, "it is for benchmarks", 0},
    {"198.51.100.0/24", REFUSE, "it is for documentation", 0},
    {"203.0.113.0/24", REFUSE, "it is for documentation", 0},
    {"224.0.0.0/4", REFUSE, "it is multicast", 0},
    {"240.0.0.0/4", REFUSE, "it is reserved or broadcast", 0},
    {"::ffff:0:0/96", PUBLIC, NULL, 0}, /* every other IPv4 address, mapped or not */
    {"::/128", REFUSE, "it is unspecified", 0},
    {"::1/128", REFUSE, "it is loopback", 0},
    {"::/96", REFUSE, "it is an IPv4-compatible address", 0},
    {"64:ff9b::/96", EMBEDS, NULL, 12}, /* NAT64 */
    {"2001::/23", REFUSE, "it is reserved for protocols (Teredo and others)", 0},
    {"2001:db8::/32", REFUSE, "it is for documentation", 0},
    {"2002::/16", EMBEDS, NULL, 2}, /* 6to4 */
    {"3fff::/20", REFUSE, "it is for documentation", 0},
    {"2000::/3", PUBLIC, NULL, 0}, /* global unicast */
    {"fc00::/7", REFUSE, "it is private", 0},
    {"fe80::/10", REFUSE, "it is link-local", 0},
    {"ff00::/8", REFUSE, "it is multicast", 0},
    {"::/0", REFUSE, "it is not a public address", 0},
};

static void map_v4(uint8_t out[16], const void *v4) {
  memset(out, 0, 10);
  memset(out + 10, 0xff, 2);
  memcpy(out + 12, v4, 4);
}

/* A prefix length of at most `most`, the whole text. -1: none. */
static int read_prefix(const char *text, int most) {
  char *end;
  if (*text < '0' || *text > '9') return -1;
  long n = strtol(text, &end, 10);
  return *end || n > most ? -1 : (int)n;
}

static bool has_host_bits(const struct netpolicy_range *r) {
  for (unsigned bit = r->prefix; bit < 128; bit++)
    if (r->address[bit / 8] & (0x80 >> bit % 8)) return true;
  return false;
}

const char *netpolicy_parse(struct netpolicy_range *out, const char *cidr) {
  char text[INET6_ADDRSTRLEN];
  uint8_t v4[4];
  const char *slash = strchr(cidr, '/');
  size_t n = slash ? (size_t)(slash - cidr) : strlen(cidr);
  *out = (struct netpolicy_range){.port = 0};
  if (n >= sizeof text) return "is not an IP address";
  memcpy(text, cidr, n);
  text[n] = 0;
  bool is_v4 = inet_pton(AF_INET, text, v4) == 1;
  if (is_v4)
    map_v4(out->address, v4);
  else if (inet_pton(AF_INET6, text, out->address) != 1)
    return "is not an IP address";
  int most = is_v4 ? 32 : 128, prefix = slash ? read_prefix(slash + 1, most) : most;
  if (prefix < 0) return is_v4 ? "needs a prefix from /0 to /32" : "needs a prefix from /0 to /128";
  out->prefix = (uint8_t)(is_v4 ? 96 + prefix : prefix);
  return has_host_bits(out) ? "has bits set after its prefix" : NULL;
}

static bool contains(const struct netpolicy_range *r, const uint8_t address[16]) {
  unsigned whole = r->prefix / 8, rest = r->prefix % 8;
  if (memcmp(r->address, address, whole) != 0) return false;
  return !rest || !((r->address[whole] ^ address[whole]) >> (8 - rest));
}

/* The ranges of the table, read once. */
static const struct netpolicy_range *ranges(void) {
  static struct netpolicy_range parsed[sizeof table / sizeof *table];
  static bool done;
  for (size_t i = 0; !done && i < sizeof table / sizeof *table; i++)
    if (netpolicy_parse(&parsed[i], table[i].cidr)) abort(); /* a row of the table; a test parses them all */
  done = true;
  return parsed;
}

static const char *judge(const uint8_t address[16]) {
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    const struct row *row = &table[i];
    uint8_t inner[16];
    if (!contains(&ranges()[i], address)) continue;
    if (row->verdict != EMBEDS) return row->verdict == PUBLIC ? NULL : row->why;
    map_v4(inner, address + row->embedded_at);
    return judge(inner);
  }
  return "it is not a public address";
}

/* The address as 16 bytes, and its port. False: of a family that nobody may use. */
static bool read_address(uint8_t out[16], uint16_t *port, const struct sockaddr *to) {
  const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)to;
  const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)to;
  if (to->sa_family == AF_INET) {
    map_v4(out, &v4->sin_addr);
    *port = ntohs(v4->sin_port);
  } else if (to->sa_family == AF_INET6) {
    memcpy(out, &v6->sin6_addr, 16);
    *port = ntohs(v6->sin6_port);
  }
  return to->sa_family == AF_INET || to->sa_family == AF_INET6;
}

const char *netpolicy_refuses(const struct sockaddr *to) {
  uint8_t address[16];
  uint16_t port;
  return read_address(address, &port, to) ? judge(address) : "it is not an internet address";
}

bool netpolicy_contains(const struct netpolicy_range *range, const struct sockaddr *to) {
  uint8_t address[16];
  uint16_t port;
  return read_address(address, &port, to) && (!range->port || range->port == port) && contains(range, address);
}

bool netpolicy_address(struct sockaddr_storage *out, const char *text, uint16_t port) {
  struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)out;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)out;
  memset(out, 0, sizeof *out);
  if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
  } else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
  }
  return out->ss_family != 0;
}

void netpolicy_print(char *out, size_t size, const struct sockaddr *to) {
  char text[INET6_ADDRSTRLEN] = "an address that is not of the internet";
  uint8_t address[16];
  uint16_t port = 0;
  bool known = read_address(address, &port, to), v6 = to->sa_family == AF_INET6;
  if (known) inet_ntop(to->sa_family, v6 ? address : address + 12, text, sizeof text);
  snprintf(out, size, v6 ? "[%s] port %u" : "%s port %u", text, port);
}
