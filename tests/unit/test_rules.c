/* test_rules.c: which requests rules let out: what each member of a rule fits, in which order rules decide, spellings
 * of hosts and paths that would get around one, and rules of guests that are not well formed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/frame.h"
#include "gateway/rules.h"

static struct rules *read_rules(const char *json) {
  struct rules *rules = rules_from_guest(json, strlen(json));
  assert_non_null(rules);
  return rules;
}

/* "GET https://host:port/path"; the address is where that leads, or NULL. */
static struct rules_verdict ask(const struct rules *rules, const char *method, const char *scheme, const char *host,
                                uint16_t port, const char *path, const char *address) {
  struct sockaddr_storage to;
  char *usual = rules_host(host), *decoded = path ? rules_decode(path) : NULL;
  struct rule_request rq = {
      .scheme = scheme, .host = usual, .method = method, .path = path, .decoded = decoded, .port = port};
  char *walked = decoded && rules_climbs(decoded) ? rules_walk(decoded) : NULL;
  rq.walked = walked;
  if (address) assert_true(netpolicy_address(&to, address, port));
  struct rules_verdict v = rules_judge(rules, &rq, address ? (struct sockaddr *)&to : NULL);
  free(usual);
  free(decoded);
  free(walked);
  return v;
}

static bool gets(const struct rules *rules, const char *host, const char *path) {
  return ask(rules, "GET", "https", host, 443, path, NULL).allowed;
}

/* One rule that allows; whether a GET of this is. */
static bool fits(const char *rule, const char *host, const char *path) {
  char json[1024];
  snprintf(json, sizeof json, "{\"allow\": [%s]}", rule);
  struct rules *rules = read_rules(json);
  assert_null(rules->wrong);
  bool allowed = gets(rules, host, path);
  rules_release(rules);
  return allowed;
}

static void test_hosts(void **state) {
  (void)state;
  const char *one = "{\"host\": \"api.example.com\"}", *below = "{\"host\": \"*.example.com\"}";
  assert_true(fits(one, "api.example.com", "/"));
  assert_true(fits(one, "API.Example.com.", "/"));
  assert_false(fits(one, "api.example.com.evil.example", "/"));
  assert_false(fits(one, "xapi.example.com", "/"));
  assert_false(fits(one, "a.api.example.com", "/"));
  assert_false(fits(one, "api.example.co", "/"));
  assert_true(fits(below, "a.example.com", "/"));
  assert_true(fits(below, "a.b.EXAMPLE.com.", "/"));
  assert_false(fits(below, "example.com", "/"));
  assert_false(fits(below, "aexample.com", "/"));
  assert_true(fits("{\"host\": \"*\"}", "anything", "/"));
  assert_true(fits("{\"host\": \"[2001:DB8:0::1]\"}", "[2001:db8::1]", "/"));
  assert_true(fits("{\"host\": \"192.0.2.1\"}", "192.0.2.1", "/"));
  assert_false(fits("{\"host\": \"192.0.2.1\"}", "192.0.2.10", "/"));
}

static void test_glob(void **state) {
  static const struct {
    const char *pattern, *text;
    bool fits;
  } cases[] = {{"/a", "/a", true},         {"/a", "/a/", false},         {"/a*", "/a", true},
               {"/a*", "/abc/d", true},    {"/a*", "/b", false},         {"*", "", true},
               {"*", "/x", true},          {"**", "/x", true},           {"/*/b", "/a/b", true},
               {"/*/b", "/a/c/b", true},   {"/*/b", "/b", false},        {"/a*a", "/a", false},
               {"/a*a", "/aa", true},      {"/*x*y", "/1x2y", true},     {"/*x*y", "/1y2x", false},
               {"/ab*bc", "/abc", false},  {"/*ab*ab", "/abab", true},   {"/*ab*ab", "/ab", false},
               {"/a*b*", "/a-b-c", true},  {"/*.json", "/x.json", true}, {"/*.json", "/.json", true},
               {"/*.json", "/x.js", false}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    if (rules_glob(cases[i].pattern, cases[i].text) != cases[i].fits)
      fail_msg("%s %s", cases[i].pattern, cases[i].text);
}

/* Matching a long path against many stars takes no time to speak of. */
static void test_glob_linear(void **state) {
  char pattern[1001], *text = malloc(65537);
  (void)state;
  for (size_t i = 0; i < 1000; i++) pattern[i] = i % 2 ? 'a' : '*';
  strcpy(pattern + 998, "*b");
  memset(text, 'a', 65536);
  text[65536] = 0;
  for (int i = 0; i < 100; i++) assert_false(rules_glob(pattern, text));
  free(text);
}

static void test_paths(void **state) {
  const char *repos = "{\"path\": \"/repos/*\"}";
  static const char *const around[] = {"/repos/../admin",
                                       "/repos/%2e%2e/admin",
                                       "/repos/..%2fadmin",
                                       "/repos/%2E%2E%2Fadmin",
                                       "/repos/a/..",
                                       "/repos/..%5cadmin",
                                       "/repos/..\\admin",
                                       "/repos/./../admin",
                                       "/Repos/x",
                                       "/%72epos/x",
                                       "/repos",
                                       "/admin/repos/x",
                                       "//repos/x"};
  (void)state;
  assert_true(fits(repos, "x", "/repos/"));
  assert_true(fits(repos, "x", "/repos/a/b%20c"));
  assert_true(fits(repos, "x", "/repos/..a/b..c/..."));
  for (size_t i = 0; i < sizeof around / sizeof *around; i++)
    if (fits(repos, "x", around[i])) fail_msg("%s", around[i]);
  struct rules *rules = read_rules("{\"deny\": [{\"path\": \"/admin*\"}]}");
  static const char *const denied[] = {
      "/admin",   "/admin/x",         "/%61dmin",         "//admin",           "/%2fadmin",
      "/\\admin", "/%5cadmin",        "/a/..%2fadmin",    "/a/%2e%2e/admin/x", "/a/b/../../admin",
      "/./admin", "/..%2f..%5cadmin", "/a/..%2F%2Fadmin", "/admin/.",          "/a/.%2e/%61dmin"};
  for (size_t i = 0; i < sizeof denied / sizeof *denied; i++)
    if (gets(rules, "x", denied[i])) fail_msg("%s", denied[i]);
  assert_true(gets(rules, "x", "/a"));
  rules_release(rules);
}

static void test_methods_ports_schemes(void **state) {
  struct rules *rules = read_rules(
      "{\"allow\": [{\"methods\": [\"get\", \"HEAD\"]}, {\"port\": 8080}, "
      "{\"scheme\": \"http\", \"host\": \"plain\"}]}");
  (void)state;
  assert_true(ask(rules, "GET", "https", "x", 443, "/", NULL).allowed);
  assert_true(ask(rules, "HEAD", "https", "x", 443, "/", NULL).allowed);
  assert_false(ask(rules, "get", "https", "x", 443, "/", NULL).allowed);
  assert_false(ask(rules, "POST", "https", "x", 443, "/", NULL).allowed);
  assert_true(ask(rules, "POST", "https", "x", 8080, "/", NULL).allowed);
  assert_true(ask(rules, "POST", "http", "plain", 80, "/", NULL).allowed);
  assert_false(ask(rules, "POST", "https", "plain", 443, "/", NULL).allowed);
  rules_release(rules);
  rules = read_rules("{\"deny\": [{\"methods\": [\"PATCH\"]}]}");
  assert_false(ask(rules, "PATCH", "https", "x", 443, "/", NULL).allowed);
  assert_false(ask(rules, "patch", "https", "x", 443, "/", NULL).allowed);
  assert_true(ask(rules, "POST", "https", "x", 443, "/", NULL).allowed);
  rules_release(rules);
}

static void test_walks(void **state) {
  static const char *const cases[][2] = {
      {"/a/../b", "/b"},  {"/a/./b", "/a/b"},       {"/..", "/"}, {"/../../a/", "/a/"},
      {"/a/b/..", "/a/"}, {"/a/b/.", "/a/b/"},      {"/.", "/"},  {"/a/..b/.c/...", "/a/..b/.c/..."},
      {"a/../b", "/b"},   {"/a/b/../../../c", "/c"}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *walked = rules_walk(cases[i][0]);
    assert_string_equal(walked, cases[i][1]);
    free(walked);
  }
}

/* A connection has no path and no method but CONNECT. */
static void test_connections(void **state) {
  struct rules *rules = read_rules(
      "{\"allow\": [{\"host\": \"a\"}, {\"host\": \"b\", \"methods\": [\"GET\"]}, "
      "{\"host\": \"c\", \"path\": \"/*\"}, {\"host\": \"d\", \"methods\": [\"CONNECT\"]}, "
      "{\"host\": \"e\", \"headers\": {\"a\": \"b\"}}]}");
  (void)state;
  assert_true(ask(rules, "CONNECT", "tcp", "a", 22, NULL, NULL).allowed);
  assert_false(ask(rules, "CONNECT", "tcp", "b", 22, NULL, NULL).allowed);
  assert_false(ask(rules, "CONNECT", "tcp", "c", 22, NULL, NULL).allowed);
  assert_true(ask(rules, "CONNECT", "tcp", "d", 22, NULL, NULL).allowed);
  assert_false(ask(rules, "CONNECT", "tcp", "e", 22, NULL, NULL).allowed);
  rules_release(rules);
}

static void test_order(void **state) {
  struct rules *rules = read_rules(
      "{\"allow\": [{\"host\": \"*\"}, {\"host\": \"a\"}, {\"host\": \"b\", \"headers\": {\"k\": \"v\"}}], "
      "\"deny\": [{\"host\": \"c\"}, {\"path\": \"/no\"}]}");
  (void)state;
  assert_string_equal(ask(rules, "GET", "https", "a", 443, "/", NULL).name, "allow[0]");
  assert_string_equal(ask(rules, "GET", "https", "b", 443, "/", NULL).name, "allow[2]");
  assert_string_equal(ask(rules, "GET", "https", "b", 443, "/no", NULL).name, "deny[1]");
  assert_string_equal(ask(rules, "GET", "https", "c", 443, "/no", NULL).name, "deny[0]");
  rules_release(rules);
}

/* Headers do not go in the clear, but to this machine, or where the rule says so. */
static void test_headers_scheme(void **state) {
  struct rules *rules = read_rules(
      "{\"allow\": [{\"host\": \"*\", \"headers\": {\"k\": \"v\"}}, "
      "{\"host\": \"clear\", \"scheme\": \"http\", \"headers\": {\"k\": \"v\"}}]}");
  (void)state;
  assert_true(ask(rules, "GET", "https", "a", 443, "/", NULL).allowed);
  assert_false(ask(rules, "GET", "http", "a", 80, "/", NULL).allowed);
  assert_true(ask(rules, "GET", "http", "clear", 80, "/", NULL).allowed);
  assert_true(ask(rules, "GET", "http", "127.0.0.5", 80, "/", NULL).allowed);
  assert_true(ask(rules, "GET", "http", "[::1]", 80, "/", NULL).allowed);
  assert_true(ask(rules, "GET", "http", "x.localhost", 80, "/", NULL).allowed);
  assert_false(ask(rules, "GET", "http", "xlocalhost", 80, "/", NULL).allowed);
  assert_false(ask(rules, "GET", "http", "127.0.0.1.example.com", 80, "/", NULL).allowed);
  rules_release(rules);
}

static bool reaches(const struct rules *rules, const char *host, const char *address) {
  return ask(rules, "GET", "https", host, 443, "/", address).allowed;
}

static void test_addresses(void **state) {
  struct rules *rules = read_rules(
      "{\"allow\": [{\"host\": \"a\"}, {\"cidr\": \"10.0.0.0/8\"}], "
      "\"deny\": [{\"cidr\": \"10.9.0.0/16\"}]}");
  (void)state;
  assert_true(reaches(rules, "a", "10.1.1.1")); /* a sandbox's rules only take away: the operator's come on top */
  assert_true(reaches(rules, "b", NULL));
  assert_true(reaches(rules, "b", "10.1.1.1"));
  assert_true(reaches(rules, "b", "::ffff:10.1.1.1"));
  assert_false(reaches(rules, "b", "1.1.1.1"));
  assert_false(reaches(rules, "a", "10.9.1.1"));
  rules->operators = true;
  assert_true(reaches(rules, "a", "1.1.1.1"));
  assert_true(reaches(rules, "a", "10.1.1.1"));
  assert_false(reaches(rules, "a", "192.168.0.1"));
  assert_false(reaches(rules, "b", "1.1.1.1"));
  rules->closed = false;
  assert_true(reaches(rules, "b", "1.1.1.1"));
  assert_false(reaches(rules, "b", "192.168.0.1"));
  assert_string_equal(ask(rules, "GET", "https", "b", 443, "/", "127.0.0.1").why, "it is loopback");
  rules_release(rules);
}

static void test_no_address(void **state) {
  struct rules *rules = read_rules("{\"allow\": [{\"cidr\": \"10.0.0.0/8\"}, {\"host\": \"a\"}]}");
  struct rule_request rq = {.scheme = "https", .host = "b", .method = "GET", .path = "/", .decoded = "/", .port = 443};
  (void)state;
  assert_true(rules_judge(rules, &rq, NULL).allowed);
  rq.no_address = true;
  assert_false(rules_judge(rules, &rq, NULL).allowed);
  rq.host = "a";
  assert_string_equal(rules_judge(rules, &rq, NULL).name, "allow[1]");
  rules_release(rules);
}

static void test_open_and_closed(void **state) {
  static const struct {
    const char *json;
    bool open;
  } cases[] = {{"{}", true}, {"{\"allow\": []}", false}, {"{\"deny\": []}", true}, {"{\"redact\": true}", true}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct rules *rules = read_rules(cases[i].json);
    assert_int_equal(gets(rules, "x", "/"), cases[i].open);
    rules_release(rules);
  }
}

/* Whatever is wrong with them: nothing goes out, and somebody can say why. */
static void test_wrong(void **state) {
  static const char *const wrong[] = {"",
                                      "[]",
                                      "null",
                                      "{",
                                      "{\"allow\": {}}",
                                      "{\"allow\": [1]}",
                                      "{\"allow\": [{}]}",
                                      "{\"allow\": null}",
                                      "{\"deny\": [{\"host\": \"a\", \"hosts\": 1}]}",
                                      "{\"deny\": [{\"host\": \"a\", \"headers\": {\"a\": \"b\"}}]}",
                                      "{\"allow\": [{\"host\": \"a b\"}]}",
                                      "{\"allow\": [{\"host\": \"*.\"}]}",
                                      "{\"allow\": [{\"host\": \"a*\"}]}",
                                      "{\"allow\": [{\"host\": \"\\u0000\"}]}",
                                      "{\"allow\": [{\"port\": 65536}]}",
                                      "{\"allow\": [{\"port\": 1.5}]}",
                                      "{\"allow\": [{\"cidr\": \"10.0.0.1/8\"}]}",
                                      "{\"allow\": [{\"host\": \"a\", \"headers\": []}]}",
                                      "{\"allow\": [{\"host\": \"a\", \"headers\": {\"a\": \"b\\r\\nc: d\"}}]}",
                                      "{\"allow\": [{\"host\": \"a\", \"headers\": {\"a b\": \"c\"}}]}",
                                      "{\"allow\": [{\"host\": \"a\", \"headers\": {\"Host\": \"c\"}}]}",
                                      "{\"allow\": [{\"host\": \"a\", \"headers\": {\"a\": 1}}]}",
                                      "{\"allow\": [{\"cidr\": \"::1\", \"headers\": {\"a\": \"b\"}}]}"};
  (void)state;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    struct rules *rules = read_rules(wrong[i]);
    if (!rules->wrong || !*rules->wrong) fail_msg("%s is taken", wrong[i]);
    assert_false(gets(rules, "a", "/"));
    rules_release(rules);
  }
}

static void test_bounds(void **state) {
  static char json[OUTBOUND_RULES_MAX * 2];
  size_t n = (size_t)snprintf(json, sizeof json, "{\"deny\": [{\"port\": 1}");
  (void)state;
  for (int i = 1; i < RULES_OF_SANDBOX_MAX; i++) n += (size_t)snprintf(json + n, sizeof json - n, ", {\"port\": 1}");
  snprintf(json + n, sizeof json - n, "]}");
  struct rules *rules = read_rules(json);
  assert_null(rules->wrong);
  rules_release(rules);
  snprintf(json + n, sizeof json - n, ", {\"port\": 1}]}");
  rules = read_rules(json);
  assert_string_equal(rules->wrong, "there are more than 64 rules in a list");
  rules_release(rules);
  memset(json, ' ', sizeof json - 3);
  strcpy(json + sizeof json - 3, "{}");
  rules = read_rules(json);
  assert_non_null(rules->wrong);
  rules_release(rules);
  memset(json, '[', 30000); /* deep */
  json[30000] = 0;
  rules = read_rules(json);
  assert_non_null(rules->wrong);
  rules_release(rules);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_hosts),
      cmocka_unit_test(test_glob),
      cmocka_unit_test(test_glob_linear),
      cmocka_unit_test(test_paths),
      cmocka_unit_test(test_walks),
      cmocka_unit_test(test_connections),
      cmocka_unit_test(test_methods_ports_schemes),
      cmocka_unit_test(test_order),
      cmocka_unit_test(test_headers_scheme),
      cmocka_unit_test(test_addresses),
      cmocka_unit_test(test_no_address),
      cmocka_unit_test(test_open_and_closed),
      cmocka_unit_test(test_wrong),
      cmocka_unit_test(test_bounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
