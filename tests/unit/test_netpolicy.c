/* test_netpolicy.c: which addresses a sandbox may reach: the edges of every row of the table, the forms in which IPv6
 * embeds IPv4, what the operator allows, and what is no CIDR. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "gateway/netpolicy.h"

static struct sockaddr_storage address_of(const char *text, uint16_t port) {
  struct sockaddr_storage out = {0};
  struct sockaddr_in *v4 = (struct sockaddr_in *)&out;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out;
  if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
  } else {
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1) fail_msg("%s is no address", text);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
  }
  return out;
}

/* Public, or in one of these ranges. */
static const char *judge(const char *text, const struct netpolicy_range *allowed, size_t count, uint16_t port) {
  struct sockaddr_storage to = address_of(text, port);
  for (size_t i = 0; i < count; i++)
    if (netpolicy_contains(&allowed[i], (struct sockaddr *)&to)) return NULL;
  return netpolicy_refuses((struct sockaddr *)&to);
}

static void assert_refused(const char *text, const char *why) {
  const char *reason = judge(text, NULL, 0, 80);
  if (!reason) fail_msg("%s may be reached", text);
  if (!strstr(reason, why)) fail_msg("%s: %s, not %s", text, reason, why);
}

static void assert_public(const char *text) {
  const char *reason = judge(text, NULL, 0, 80);
  if (reason) fail_msg("%s is refused: %s", text, reason);
}

/* First and last address of each range that is refused, and its neighbours that are public. */
static void test_v4(void **state) {
  static const struct {
    const char *first, *last, *why, *before, *after;
  } ranges[] = {
      {"0.0.0.0", "0.255.255.255", "unspecified", NULL, "1.0.0.0"},
      {"10.0.0.0", "10.255.255.255", "private", "9.255.255.255", "11.0.0.0"},
      {"100.64.0.0", "100.127.255.255", "carrier-grade", "100.63.255.255", "100.128.0.0"},
      {"127.0.0.0", "127.255.255.255", "loopback", "126.255.255.255", "128.0.0.0"},
      {"168.63.129.16", "168.63.129.16", "metadata", "168.63.129.15", "168.63.129.17"},
      {"169.254.0.0", "169.254.255.255", "link-local", "169.253.255.255", "169.255.0.0"},
      {"172.16.0.0", "172.31.255.255", "private", "172.15.255.255", "172.32.0.0"},
      {"192.0.0.0", "192.0.0.255", "protocols", "191.255.255.255", "192.0.1.0"},
      {"192.0.2.0", "192.0.2.255", "documentation", "192.0.1.255", "192.0.3.0"},
      {"192.88.99.0", "192.88.99.255", "6to4", "192.88.98.255", "192.88.100.0"},
      {"192.168.0.0", "192.168.255.255", "private", "192.167.255.255", "192.169.0.0"},
      {"198.18.0.0", "198.19.255.255", "benchmarks", "198.17.255.255", "198.20.0.0"},
      {"198.51.100.0", "198.51.100.255", "documentation", "198.51.99.255", "198.51.101.0"},
      {"203.0.113.0", "203.0.113.255", "documentation", "203.0.112.255", "203.0.114.0"},
      {"224.0.0.0", "239.255.255.255", "multicast", "223.255.255.255", NULL},
      {"240.0.0.0", "255.255.255.255", "broadcast", NULL, NULL},
  };
  (void)state;
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
    assert_refused(ranges[i].first, ranges[i].why);
    assert_refused(ranges[i].last, ranges[i].why);
    if (ranges[i].before) assert_public(ranges[i].before);
    if (ranges[i].after) assert_public(ranges[i].after);
  }
}

static const char *const refused_v4[] = {"0.0.0.0",         "10.1.2.3",        "100.100.100.200", "127.0.0.1",
                                         "169.254.169.254", "172.16.0.1",      "192.168.1.1",     "198.18.0.1",
                                         "224.0.0.1",       "255.255.255.255", "192.0.2.1",       "168.63.129.16"};
static const char *const public_v4[] = {"1.1.1.1", "8.8.8.8", "93.184.216.34", "172.32.0.1", "223.255.255.254"};

/* An IPv4 address in each form in which IPv6 carries one. */
static void embed(char *out, size_t size, const char *form, const char *v4) {
  uint8_t a[4];
  assert_int_equal(inet_pton(AF_INET, v4, a), 1);
  snprintf(out, size, form, a[0] << 8 | a[1], a[2] << 8 | a[3]);
}

static void test_embedded_v4(void **state) {
  static const char *const judged_inside[] = {"::ffff:%x:%x", "64:ff9b::%x:%x", "2002:%x:%x::", "2002:%x:%x:1234::1"};
  static const char *const never[] = {"::%x:%x", "::ffff:0:%x:%x", "64:ff9b:1::%x:%x",
                                      "2001:0:%x:%x::", "fe80::5efe:%x:%x"};
  char text[64];
  (void)state;
  for (size_t f = 0; f < sizeof judged_inside / sizeof *judged_inside; f++) {
    for (size_t i = 0; i < sizeof refused_v4 / sizeof *refused_v4; i++) {
      embed(text, sizeof text, judged_inside[f], refused_v4[i]);
      assert_refused(text, "it is ");
      assert_string_equal(judge(text, NULL, 0, 80), judge(refused_v4[i], NULL, 0, 80));
    }
    for (size_t i = 0; i < sizeof public_v4 / sizeof *public_v4; i++) {
      embed(text, sizeof text, judged_inside[f], public_v4[i]);
      assert_public(text);
    }
  }
  for (size_t f = 0; f < sizeof never / sizeof *never; f++)
    for (size_t i = 0; i < sizeof public_v4 / sizeof *public_v4; i++) {
      embed(text, sizeof text, never[f], public_v4[i]);
      assert_refused(text, "it is ");
    }
}

static void test_v6(void **state) {
  static const struct {
    const char *address, *why;
  } refused[] = {
      {"::", "unspecified"},
      {"::1", "loopback"},
      {"::2", "IPv4-compatible"},
      {"::ffff:ffff", "IPv4-compatible"},
      {"100::", "not a public"},
      {"100::1", "not a public"},
      {"64:ff9b:1::", "not a public"},
      {"64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "not a public"},
      {"2001::", "protocols"},
      {"2001:2::1", "protocols"},
      {"2001:1ff:ffff::", "protocols"},
      {"2001:db8::", "documentation"},
      {"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"},
      {"3fff::", "documentation"},
      {"3fff:fff:ffff::", "documentation"},
      {"4000::", "not a public"},
      {"5f00::1", "not a public"},
      {"1fff:ffff::", "not a public"},
      {"fc00::", "private"},
      {"fd00:ec2::254", "private"},
      {"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "private"},
      {"fe80::", "link-local"},
      {"fe80::a9fe:a9fe", "link-local"},
      {"febf:ffff::", "link-local"},
      {"fec0::1", "not a public"},
      {"ff00::", "multicast"},
      {"ff02::1", "multicast"},
      {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"},
  };
  static const char *const public[] = {"2000::",       "2001:200::", "2001:db7:ffff::", "2001:db9::", "2606:4700::1111",
                                       "2a00:1450::1", "3ffe::",     "3fff:1000::",     "2003::1"};
  (void)state;
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) assert_refused(refused[i].address, refused[i].why);
  for (size_t i = 0; i < sizeof public / sizeof *public; i++) assert_public(public[i]);
}

static void test_other_families(void **state) {
  struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/run/docker.sock"};
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  struct netpolicy_range all = {.prefix = 0};
  (void)state;
  assert_non_null(netpolicy_refuses((struct sockaddr *)&local));
  assert_non_null(netpolicy_refuses(&none));
  assert_false(netpolicy_contains(&all, (struct sockaddr *)&local));
  assert_false(netpolicy_contains(&all, &none));
}

static void test_allowed(void **state) {
  static const char *const cidrs[] = {"127.0.0.1/32", "10.20.0.0/16", "fd00:1234::/32", "::1", "192.168.0.128/25"};
  struct netpolicy_range allowed[5];
  (void)state;
  for (size_t i = 0; i < 5; i++) assert_null(netpolicy_parse(&allowed[i], cidrs[i]));
  allowed[0].port = 8080;
  assert_null(judge("127.0.0.1", allowed, 5, 8080));
  assert_non_null(judge("127.0.0.1", allowed, 5, 8081));
  assert_non_null(judge("127.0.0.2", allowed, 5, 8080));
  assert_null(judge("::ffff:127.0.0.1", allowed, 5, 8080));
  assert_non_null(judge("::ffff:127.0.0.1", allowed, 5, 80));
  assert_null(judge("10.20.0.0", allowed, 5, 1));
  assert_null(judge("10.20.255.255", allowed, 5, 65535));
  assert_non_null(judge("10.21.0.0", allowed, 5, 1));
  assert_non_null(judge("10.19.255.255", allowed, 5, 1));
  assert_null(judge("fd00:1234:ffff::1", allowed, 5, 443));
  assert_non_null(judge("fd00:1235::1", allowed, 5, 443));
  assert_null(judge("::1", allowed, 5, 443));
  assert_non_null(judge("::2", allowed, 5, 443));
  assert_null(judge("192.168.0.128", allowed, 5, 443));
  assert_null(judge("192.168.0.255", allowed, 5, 443));
  assert_non_null(judge("192.168.0.127", allowed, 5, 443));
  /* not by the way of a gateway that translates */
  assert_non_null(judge("64:ff9b::a14:1", allowed, 5, 443));
  assert_non_null(judge("2002:a14:1::", allowed, 5, 443));
  /* what is public stays so */
  assert_null(judge("1.1.1.1", allowed, 5, 443));
}

static void test_parse(void **state) {
  static const char *const bad[] = {"",
                                    "a",
                                    "localhost",
                                    "127.1",
                                    "0x7f000001",
                                    "2130706433",
                                    "127.0.0.1/",
                                    "127.0.0.1/33",
                                    "127.0.0.1/-1",
                                    "127.0.0.1/+8",
                                    "127.0.0.1/8x",
                                    "127.0.0.1 /8",
                                    "10.0.0.1/8",
                                    "::/129",
                                    "::1/127",
                                    "::g",
                                    "[::1]/128",
                                    "1.2.3.4.5/8",
                                    "010.0.0.0/8",
                                    "1.2.3.4/08a",
                                    "/8",
                                    "fe80::1%lo",
                                    "1234567890123456789012345678901234567890123456789012345678901234567890/8"};
  struct netpolicy_range r;
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (!netpolicy_parse(&r, bad[i])) fail_msg("\"%s\" is taken for a CIDR", bad[i]);
  assert_null(netpolicy_parse(&r, "0.0.0.0/0"));
  assert_int_equal(r.prefix, 96);
  assert_null(netpolicy_parse(&r, "::/0"));
  assert_int_equal(r.prefix, 0);
  assert_null(netpolicy_parse(&r, "192.0.2.7"));
  assert_int_equal(r.prefix, 128);
  assert_int_equal(r.port, 0);
  assert_null(netpolicy_parse(&r, "::ffff:10.0.0.0/104"));
  assert_int_equal(r.prefix, 104);
}

static void test_print(void **state) {
  char text[96];
  struct sockaddr_storage v4 = address_of("192.0.2.1", 80), v6 = address_of("2001:db8::1", 443);
  (void)state;
  netpolicy_print(text, sizeof text, (struct sockaddr *)&v4);
  assert_string_equal(text, "192.0.2.1 port 80");
  netpolicy_print(text, sizeof text, (struct sockaddr *)&v6);
  assert_string_equal(text, "[2001:db8::1] port 443");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_v4),      cmocka_unit_test(test_embedded_v4),    cmocka_unit_test(test_v6),
      cmocka_unit_test(test_allowed), cmocka_unit_test(test_other_families), cmocka_unit_test(test_parse),
      cmocka_unit_test(test_print),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
