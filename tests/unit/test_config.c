/* test_config.c: wrangler.jsonc, gateway/config.h: what is read, and what is said about what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/config.h"
#include "gateway/jsonc.h"

static struct config config;
static char err[4096], warnings[8192];

static void collect(void *arg, const char *message) {
  (void)arg;
  size_t n = strlen(warnings);
  snprintf(warnings + n, sizeof warnings - n, "%s\n", message);
}

static int parse_bytes(const char *text, size_t length) {
  warnings[0] = 0;
  return config_parse(&config, "wrangler.jsonc", text, length, collect, NULL, err, sizeof err);
}

static int parse(const char *text) { return parse_bytes(text, strlen(text)); }

/* The same with main and compatibility_date given, on lines of their own before `members`. */
static int parse_with(const char *members) {
  char text[4096];
  snprintf(text, sizeof text, "{\n\"main\": \"a.js\", \"compatibility_date\": \"2026-11-01\",\n%s\n}", members);
  return parse(text);
}

static void expect_error(const char *members, const char *expected) {
  assert_int_equal(parse_with(members), -1);
  assert_string_equal(err, expected);
}

static void expect_warning(const char *members, const char *expected) {
  assert_int_equal(parse_with(members), 0);
  assert_string_equal(warnings, expected);
  config_free(&config);
}

static const char full[] =
    "{\n"
    "  // a comment with \"quotes\" and { braces\n"
    "  \"$schema\": \"node_modules/wrangler/config-schema.json\",\n"
    "  \"name\": \"my-worker\", /* another,\n"
    "  over two lines */ \"main\": \"src/index.js\",\n"
    "  \"compatibility_date\": \"2026-11-01\",\n"
    "  \"compatibility_flags\": [\"nodejs_compat\", \"other\",],\n"
    "  \"vars\": {\"URL\": \"https://x//y\", \"N\": [1, {\"a\": null}], \"Q\": \"a\\\"//b\"},\n"
    "  \"worker_loaders\": [{\"binding\": \"LOADER\"}, {\"binding\": \"OTHER\", \"id\": \"shared\"},],\n"
    "  \"services\": [{\"binding\": \"USERS\", \"service\": \"users\", \"entrypoint\": \"E\", \"props\": {\"a\": "
    "[1]}},\n"
    "               {\"binding\": \"SELF\", \"service\": \"my-worker\"}],\n"
    "  \"workers\": [{\"name\": \"users\", \"main\": \"users/index.js\", \"vars\": {\"T\": 1},\n"
    "               \"worker_loaders\": [{\"binding\": \"L\", \"id\": \"shared\"}],\n"
    "               \"services\": [{\"binding\": \"API\", \"service\": \"my-worker\"}]},\n"
    "              {\"name\": \"old\", \"main\": \"old.js\", \"compatibility_date\": \"2024-01-01\",\n"
    "               \"compatibility_flags\": [\"x\"]}],\n"
    "  \"limits\": {\"cpu_ms\": 50, \"memory_mb\": 64},\n"
    "  \"dev\": {\"ip\": \"::1\", \"port\": 0,},\n"
    "}\n";

static void everything(void **state) {
  (void)state;
  assert_int_equal(parse(full), 0);
  assert_string_equal(warnings, "");
  assert_string_equal(config.workers->name, "my-worker");
  assert_string_equal(config.workers->main, "src/index.js");
  assert_string_equal(config.directory, ".");
  assert_string_equal(config.workers->compatibility_date, "2026-11-01");
  assert_int_equal(config.workers->flag_count, 2);
  assert_string_equal(config.workers->compatibility_flags[1], "other");
  assert_string_equal(config.workers->vars_json,
                      "{\"URL\": \"https://x//y\", \"N\": [1, {\"a\": null}], \"Q\": \"a\\\"//b\"}");
  assert_int_equal(config.workers->loader_count, 2);
  assert_string_equal(config.workers->loaders[0].binding, "LOADER");
  assert_null(config.workers->loaders[0].id);
  assert_string_equal(config.workers->loaders[1].id, "shared");
  assert_int_equal(config.limits.value[LIMIT_CPU_MS], 50);
  assert_int_equal(config.limits.value[LIMIT_MEMORY_MB], 64);
  assert_int_equal(config.limits.value[LIMIT_WALL_MS], limit_table[LIMIT_WALL_MS].standard);
  assert_string_equal(config.ip, "::1");
  assert_int_equal(config.port, 0);
  config_free(&config);
  assert_null(config.workers);
}

static void defaults(void **state) {
  (void)state;
  assert_int_equal(parse("{\"main\":\"a.js\",\"compatibility_date\":\"2026-11-01\"}"), 0);
  assert_string_equal(config.workers->name, "worker");
  assert_string_equal(config.workers->vars_json, "{}");
  assert_string_equal(config.ip, "127.0.0.1");
  assert_int_equal(config.port, 8787);
  assert_int_equal(config.workers->flag_count, 0);
  assert_int_equal(config.workers->loader_count, 0);
  config_free(&config);
}

static void directories(void **state) {
  (void)state;
  static const char text[] = "{\"main\":\"a.js\",\"compatibility_date\":\"2026-11-01\"}";
  static const char *const rows[][2] = {{"/wrangler.json", "/"}, {"a/b/wrangler.jsonc", "a/b"}, {"x.jsonc", "."}};
  for (int i = 0; i < 3; i++) {
    assert_int_equal(config_parse(&config, rows[i][0], text, sizeof text - 1, NULL, NULL, err, sizeof err), 0);
    assert_string_equal(config.directory, rows[i][1]);
    assert_string_equal(config.path, rows[i][0]);
    config_free(&config);
  }
}

static void broken_json(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"{\n  \"main\": \"a.js\"\n  \"name\": \"b\"\n}",
       "wrangler.jsonc:3:3: not valid JSON: '}' expected near '\"name\"'"},
      {"{\"main\": index}", "wrangler.jsonc:1:10: not valid JSON: invalid token near 'index'"},
      {"{\n\"a\": 1,,\n}", "wrangler.jsonc:2:8: not valid JSON: string or '}' expected near ','"},
      {"[,]", "wrangler.jsonc:1:2: not valid JSON: unexpected token near ','"},
      {"{,}", "wrangler.jsonc:1:2: not valid JSON: string or '}' expected near ','"},
      {"{\n", "wrangler.jsonc:2:1: not valid JSON: it ends too early"},
      {"", "wrangler.jsonc:1:1: not valid JSON: it ends too early"},
      {"{ // only a comment }", "wrangler.jsonc:1:22: not valid JSON: it ends too early"},
      {"{}\n{}", "wrangler.jsonc:2:1: not valid JSON: end of file expected near '{'"},
      {"{\n /* never closed }", "wrangler.jsonc:2:2: this comment is never closed; end it with */"},
      {"{ / }", "wrangler.jsonc:1:3: a single '/' is neither a comment nor JSON"},
      {"/", "wrangler.jsonc:1:1: a single '/' is neither a comment nor JSON"},
      {"{\"a\": \"\xff\"}", NULL},
      {"{\"a\": \"x\n\"}", NULL},
      {"{'a': 1}", NULL},
      {"{a: 1}", NULL},
      {"\"text\"", NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(parse(rows[i][0]), -1);
    if (rows[i][1]) assert_string_equal(err, rows[i][1]);
    assert_non_null(strstr(err, "wrangler.jsonc:1:")   ? err
                    : strstr(err, "wrangler.jsonc:2:") ? err
                                                       : strstr(err, ":3:"));
  }
}

static void columns_count_characters(void **state) {
  (void)state;
  assert_int_equal(parse("{ /* \xc3\xa4\xe2\x82\xac */ \"main\": x}"), -1);
  assert_string_equal(err, "wrangler.jsonc:1:20: not valid JSON: invalid token near 'x'");
  expect_error("/* \xc3\xa4\xe2\x82\xac */ \"name\": 3", "wrangler.jsonc:3:18: name must be a string, not a number");
}

static void byte_order_mark(void **state) {
  (void)state;
  assert_int_equal(parse("\xef\xbb\xbf{\"main\":\"a.js\",\"compatibility_date\":\"2026-11-01\"}"), 0);
  config_free(&config);
}

static void not_an_object(void **state) {
  (void)state;
  assert_int_equal(parse("[1]"), -1);
  assert_string_equal(err, "wrangler.jsonc:1:1: the configuration must be an object, not an array");
}

static void missing_keys(void **state) {
  (void)state;
  assert_int_equal(parse("\n {}"), -1);
  assert_string_equal(err,
                      "wrangler.jsonc:2:2: \"main\" is missing; add \"main\": \"index.js\", the file of the Worker\n"
                      "wrangler.jsonc:2:2: \"compatibility_date\" is missing; add today's date, as "
                      "\"compatibility_date\": \"2026-11-01\"");
}

static void wrong_types(void **state) {
  (void)state;
  expect_error("\"name\": 3", "wrangler.jsonc:3:9: name must be a string, not a number");
  expect_error("\"name\": \"\"", "wrangler.jsonc:3:9: name must not be empty");
  expect_error("\"name\": \"a b\"", "wrangler.jsonc:3:9: name must be at most 63 letters, digits, '-' and '_'");
  expect_error("\"vars\": [1]", "wrangler.jsonc:3:9: vars must be an object, not an array");
  expect_error("\"limits\": null", "wrangler.jsonc:3:11: limits must be an object, not null");
  expect_error("\"dev\": true", "wrangler.jsonc:3:8: dev must be an object, not a boolean");
  expect_error("\"worker_loaders\": {}", "wrangler.jsonc:3:19: worker_loaders must be an array, not an object");
  expect_error("\"worker_loaders\": [\"A\"]",
               "wrangler.jsonc:3:20: an entry of worker_loaders must be an object, not a string");
  expect_error("\"compatibility_flags\": \"x\"",
               "wrangler.jsonc:3:24: compatibility_flags must be an array, not a string");
  expect_error("\"compatibility_flags\": [\"x\", 1]",
               "wrangler.jsonc:3:30: an entry of compatibility_flags must be a string, not a number");
  expect_error("\"name\": \"a\\u0000b\"", "wrangler.jsonc:3:9: name must not contain a NUL character");
  expect_error("\"main\": \"/etc/x.js\"",
               "wrangler.jsonc:3:9: main must be a path relative to the configuration, not /etc/x.js");
}

static void all_errors_at_once(void **state) {
  (void)state;
  assert_int_equal(parse("{\"main\": 1,\n\"compatibility_date\": 2}"), -1);
  assert_string_equal(err,
                      "wrangler.jsonc:1:10: main must be a string, not a number\n"
                      "wrangler.jsonc:2:23: compatibility_date must be a string, not a number");
}

static void dates(void **state) {
  (void)state;
  static const char *const good[] = {"2024-02-29", "2000-02-29", "2026-12-31", "1999-01-01"};
  static const char *const bad[] = {"2026-02-29", "1900-02-29", "2026-13-01",  "2026-00-10",
                                    "2026-01-00", "2026-4-1",   "2026-04-31",  "20260401",
                                    "2026/04/01", "today",      "2026-04-010", "2026-04-0x"};
  char text[128];
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    snprintf(text, sizeof text, "{\"main\":\"a\",\"compatibility_date\":\"%s\"}", good[i]);
    assert_int_equal(parse(text), 0);
    config_free(&config);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    snprintf(text, sizeof text, "{\"main\":\"a\",\"compatibility_date\":\"%s\"}", bad[i]);
    assert_int_equal(parse(text), -1);
    assert_non_null(strstr(err, "1:34: compatibility_date must be a date, written YYYY-MM-DD"));
  }
}

static void limits_in_range(void **state) {
  (void)state;
  for (int i = 0; i < LIMIT_COUNT; i++) {
    const struct limit_row *row = &limit_table[i];
    const int64_t values[] = {row->smallest, row->largest, (int64_t)row->smallest - 1, (int64_t)row->largest + 1};
    for (int v = 0; v < 4; v++) {
      char text[128], expected[256];
      snprintf(text, sizeof text, "\"limits\": {\"%s\": %lld}", row->key, (long long)values[v]);
      snprintf(expected, sizeof expected, "wrangler.jsonc:3:%zu: limits.%s must be a whole number from %u to %u %s",
               strlen(row->key) + 16, row->key, row->smallest, row->largest, row->unit);
      if (v >= 2) {
        expect_error(text, expected);
        continue;
      }
      assert_int_equal(parse_with(text), 0);
      assert_int_equal(config.limits.value[i], values[v]);
      config_free(&config);
    }
  }
}

static void limits_of_wrong_kinds(void **state) {
  (void)state;
  static const char *const bad[] = {"1.5", "1e2", "99999999999999999999", "-1", "4294967297"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char text[64];
    snprintf(text, sizeof text, "\"limits\": {\"cpu_ms\": %s}", bad[i]);
    expect_error(text, "wrangler.jsonc:3:22: limits.cpu_ms must be a whole number from 1 to 3600000 ms");
  }
  expect_error("\"limits\": {\"cpu_ms\": \"5\"}", "wrangler.jsonc:3:22: limits.cpu_ms must be a number, not a string");
}

static void addresses(void **state) {
  (void)state;
  static const char *const good[][2] = {
      {"localhost", "127.0.0.1"}, {"*", "0.0.0.0"}, {"10.0.0.1", "10.0.0.1"}, {"fe80::1", "fe80::1"}};
  for (size_t i = 0; i < 4; i++) {
    char text[64];
    snprintf(text, sizeof text, "\"dev\": {\"ip\": \"%s\"}", good[i][0]);
    assert_int_equal(parse_with(text), 0);
    assert_string_equal(config.ip, good[i][1]);
    config_free(&config);
  }
  expect_error(
      "\"dev\": {\"ip\": \"example.com\"}",
      "wrangler.jsonc:3:15: dev.ip must be an IPv4 or IPv6 address, \"localhost\" or \"*\", not \"example.com\"");
  expect_error("\"dev\": {\"port\": 65536}", "wrangler.jsonc:3:17: dev.port must be a whole number from 0 to 65535");
}

static void loaders(void **state) {
  (void)state;
  expect_error("\"worker_loaders\": [{\"id\": \"x\"}]",
               "wrangler.jsonc:3:20: an entry of worker_loaders needs \"binding\", the loader's name in env");
  expect_error("\"worker_loaders\": [{\"binding\": 7}]", "wrangler.jsonc:3:32: binding must be a string, not a number");
  expect_error("\"worker_loaders\": [{\"binding\": \"A\"}, {\"binding\": \"A\"}]",
               "wrangler.jsonc:3:50: two worker_loaders have the binding \"A\"; give each its own");
  expect_error("\"worker_loaders\": [{\"binding\": \"A\"}], \"vars\": {\"A\": 1}",
               "wrangler.jsonc:1:1: \"A\" is both in vars and in worker_loaders; rename one");
}

static void triggers(void **state) {
  (void)state;
  assert_int_equal(parse_with("\"triggers\": {\"crons\": [\"*/5 * * * *\", \"0 18 * * FRIL\",],},\n"
                              "\"workers\": [{\"name\": \"b\", \"main\": \"b.js\", \"triggers\": {\"crons\": []}}]"),
                   0);
  assert_string_equal(warnings, "");
  assert_int_equal(config.workers[0].cron_count, 2);
  assert_string_equal(config.workers[0].crons[1].text, "0 18 * * FRIL");
  assert_true(cron_fits(&config.workers[0].crons[0].cron, 35) && !cron_fits(&config.workers[0].crons[0].cron, 36));
  assert_int_equal(config.workers[1].cron_count, 0);
  config_free(&config);
  expect_error("\"triggers\": {\"crons\": [\"* * * * *\", \"0 24 * * *\",\n\"0 0\", 5]}",
               "wrangler.jsonc:3:40: \"0 24 * * *\" is no cron expression: an hour is 0 to 23\n"
               "wrangler.jsonc:4:5: \"0 0\" is no cron expression: there are five fields: minute, hour, day of the "
               "month, month, day of the week\n"
               "wrangler.jsonc:4:8: an entry of triggers.crons must be a string, not a number");
  expect_error("\"triggers\": {\"crons\": \"* * * * *\"}",
               "wrangler.jsonc:3:23: triggers.crons must be an array, not a string");
  expect_error("\"triggers\": []", "wrangler.jsonc:3:13: triggers must be an object, not an array");
  expect_warning("\"triggers\": {\"cron\": []}",
                 "wrangler.jsonc:3:14: unknown key \"cron\" in triggers was ignored; did you mean \"crons\"?\n");
}

static void unknown_keys(void **state) {
  (void)state;
  expect_warning("\"nmae\": \"x\"", "wrangler.jsonc:3:1: unknown key \"nmae\" was ignored; did you mean \"name\"?\n");
  expect_warning("\"compatability_flags\": []",
                 "wrangler.jsonc:3:1: unknown key \"compatability_flags\" was ignored; did you mean "
                 "\"compatibility_flags\"?\n");
  expect_warning("\"zzzzzzzz\": 1", "wrangler.jsonc:3:1: unknown key \"zzzzzzzz\" was ignored\n");
  expect_warning("\"limits\": {\n \"ram\": 3}", "wrangler.jsonc:4:2: unknown key \"ram\" in limits was ignored\n");
  expect_warning("\"limits\": {\"cpums\": 3}",
                 "wrangler.jsonc:3:12: unknown key \"cpums\" in limits was ignored; did you mean \"cpu_ms\"?\n");
  expect_warning("\"dev\": {\"prot\": 3}",
                 "wrangler.jsonc:3:9: unknown key \"prot\" in dev was ignored; did you mean \"port\"?\n");
  expect_warning(
      "\"worker_loaders\": [{\"binding\": \"A\", \"bnding\": 1}]",
      "wrangler.jsonc:3:37: unknown key \"bnding\" in worker_loaders was ignored; did you mean \"binding\"?\n");
  expect_warning("\"rotues\": []",
                 "wrangler.jsonc:3:1: unknown key \"rotues\" was ignored; did you mean \"routes\"?\n");
}

static void wranglers_own_keys(void **state) {
  (void)state;
  expect_warning("\"kv_namespaces\": [{\"binding\": \"KV\"}]",
                 "wrangler.jsonc:3:1: \"kv_namespaces\" is not supported yet and was ignored\n");
  expect_warning("\"assets\": {}, \"routes\": []",
                 "wrangler.jsonc:3:1: \"assets\" is not supported yet and was ignored\n"
                 "wrangler.jsonc:3:15: \"routes\" is not supported yet and was ignored\n");
  expect_warning("\"dev\": {\"inspector_port\": 1}",
                 "wrangler.jsonc:3:9: \"inspector_port\" in dev is not supported yet and was ignored\n");
}

static void duplicate_keys(void **state) {
  (void)state;
  assert_int_equal(parse_with("\"name\": \"a\", \"name\": \"b\""), 0);
  assert_string_equal(warnings, "wrangler.jsonc:3:14: duplicate key \"name\": the last one counts\n");
  assert_string_equal(config.workers->name, "b");
  config_free(&config);
  expect_warning("\"vars\": {\"A\": 1, \"A\": 2}", "wrangler.jsonc:3:18: duplicate key \"A\": the last one counts\n");
  assert_int_equal(parse_with("\"name\": \"a\", \"n\\u0061me\": \"c\""), 0); /* the same key, spelt otherwise */
  assert_string_equal(config.workers->name, "c");
  config_free(&config);
}

static void several_workers(void **state) {
  (void)state;
  assert_int_equal(parse(full), 0);
  assert_int_equal(config.worker_count, 3);
  const struct config_worker *w = config.workers;
  assert_int_equal(w[0].service_count, 2);
  assert_string_equal(w[0].services[0].binding, "USERS");
  assert_string_equal(w[0].services[0].entrypoint, "E");
  assert_string_equal(w[0].services[0].props_json, "{\"a\": [1]}");
  assert_int_equal(w[0].services[0].worker, 1);
  assert_null(w[0].services[1].entrypoint);
  assert_null(w[0].services[1].props_json);
  assert_int_equal(w[0].services[1].worker, 0);
  assert_string_equal(w[1].name, "users");
  assert_string_equal(w[1].main, "users/index.js");
  assert_string_equal(w[1].compatibility_date, "2026-11-01"); /* the main one's */
  assert_int_equal(w[1].flag_count, 2);
  assert_string_equal(w[1].compatibility_flags[0], "nodejs_compat");
  assert_string_equal(w[1].vars_json, "{\"T\": 1}");
  assert_string_equal(w[1].loaders[0].id, "shared");
  assert_int_equal(w[1].services[0].worker, 0);
  assert_string_equal(w[2].compatibility_date, "2024-01-01");
  assert_int_equal(w[2].flag_count, 1);
  assert_string_equal(w[2].vars_json, "{}");
  config_free(&config);
}

static void services_and_workers(void **state) {
  (void)state;
  expect_error(
      "\"services\": [{\"binding\": \"A\"}]",
      "wrangler.jsonc:3:14: an entry of services needs \"service\", the name of a Worker of this configuration");
  expect_error("\"services\": [{\"service\": \"worker\"}]",
               "wrangler.jsonc:3:14: an entry of services needs \"binding\", the service's name in env");
  expect_error(
      "\"services\": [{\"binding\": \"A\", \"service\": \"b\"}], \"workers\": [{\"name\": \"c\", \"main\": \"c.js\"}]",
      "wrangler.jsonc:3:42: no Worker of this configuration is named \"b\"; add it to \"workers\", or name one "
      "of \"worker\", \"c\"");
  expect_error("\"services\": [{\"binding\": \"A\", \"service\": \"worker\", \"props\": 1}]",
               "wrangler.jsonc:3:61: props must be an object, not a number");
  expect_error(
      "\"services\": [{\"binding\": \"A\", \"service\": \"worker\"}, {\"binding\": \"A\", \"service\": \"worker\"}]",
      "wrangler.jsonc:3:65: two services have the binding \"A\"; give each its own");
  expect_error("\"vars\": {\"A\": 1}, \"services\": [{\"binding\": \"A\", \"service\": \"worker\"}]",
               "wrangler.jsonc:3:44: \"A\" is both in vars and in services; rename one");
  expect_error(
      "\"worker_loaders\": [{\"binding\": \"A\"}], \"services\": [{\"binding\": \"A\", \"service\": \"worker\"}]",
      "wrangler.jsonc:3:64: \"A\" is both in worker_loaders and in services; rename one");
  expect_error("\"workers\": [{\"name\": \"worker\", \"main\": \"c.js\"}]",
               "wrangler.jsonc:3:13: two Workers have the name \"worker\"; give each its own");
  expect_error("\"workers\": [{\"main\": \"c.js\"}, {\"name\": \"c\"}]",
               "wrangler.jsonc:3:13: an entry of workers needs \"name\", by which services lead to it\n"
               "wrangler.jsonc:3:31: an entry of workers needs \"main\", the file of the Worker");
  expect_error("\"workers\": {}", "wrangler.jsonc:3:12: workers must be an array, not an object");
  expect_warning("\"workers\": [{\"name\": \"c\", \"main\": \"c.js\", \"dev\": {}}]",
                 "wrangler.jsonc:3:43: unknown key \"dev\" in workers was ignored\n");
  expect_warning("\"services\": [{\"binding\": \"A\", \"service\": \"worker\", \"environment\": \"x\"}]",
                 "wrangler.jsonc:3:52: \"environment\" in services is not supported yet and was ignored\n");
}

static void depth_and_size(void **state) {
  (void)state;
  char *text = malloc(JSONC_SIZE_MAX + 2);
  memset(text, '[', 1000);
  assert_int_equal(parse_bytes(text, 1000), -1);
  assert_string_equal(err, "wrangler.jsonc:1:101: nested too deeply");
  memset(text, ' ', JSONC_SIZE_MAX + 1);
  assert_int_equal(parse_bytes(text, JSONC_SIZE_MAX + 1), -1);
  assert_string_equal(err, "wrangler.jsonc:1:1: larger than 1048576 bytes");
  static const char small[] = "{\"main\":\"a\",\"compatibility_date\":\"2026-11-01\"}";
  memcpy(text, small, sizeof small - 1);
  assert_int_equal(parse_bytes(text, JSONC_SIZE_MAX), 0);
  config_free(&config);
  free(text);
}

/* Errors longer than the caller's buffer are cut, not written beyond it. */
static void small_error_buffer(void **state) {
  (void)state;
  char small[24];
  memset(small, 'x', sizeof small);
  for (size_t n = 1; n < sizeof small; n++) {
    assert_int_equal(config_parse(&config, "w", "{\"name\":1}", 10, NULL, NULL, small, n), -1);
    assert_int_equal(strlen(small), n - 1);
    assert_int_equal(small[n], 'x');
  }
}

static void every_truncation(void **state) {
  (void)state;
  for (size_t n = 0; n < sizeof full - 1; n++) {
    char *exact = malloc(n + 1); /* so that the sanitizer sees a read behind the end */
    memcpy(exact, full, n);
    int rc = parse_bytes(exact, n);
    if (n < sizeof full - 2) {
      assert_int_equal(rc, -1);
      assert_true(strlen(err) > strlen("wrangler.jsonc:"));
    }
    if (rc == 0) config_free(&config);
    free(exact);
  }
}

/* One byte of a good file replaced by each of a set of troublemakers, everywhere: an error or a success, no crash. */
static void every_byte_changed(void **state) {
  (void)state;
  static const char bytes[] = "{}[],:\"\\/*-0e\n\xff";
  char text[sizeof full];
  unsigned good = 0, bad = 0;
  for (size_t i = 0; i < sizeof full - 1; i++)
    for (size_t b = 0; b < sizeof bytes; b++) {
      memcpy(text, full, sizeof full);
      text[i] = bytes[b];
      if (parse_bytes(text, sizeof full - 1) == 0) {
        good++;
        config_free(&config);
      } else {
        bad++;
        assert_true(*err);
      }
    }
  assert_true(good > 0 && bad > 0);
}

/* Files */

static char directory[64];

static int make_directory(void **state) {
  (void)state;
  strcpy(directory, "/tmp/test_config.XXXXXX");
  return mkdtemp(directory) ? 0 : -1;
}

static void write_file(const char *name, const char *text) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static int remove_directory(void **state) {
  (void)state;
  static const char *const names[] = {"wrangler.jsonc", "wrangler.json", "wrangler.toml", "a.js", "other.jsonc"};
  char path[256];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(path, sizeof path, "%s/%s", directory, names[i]);
    unlink(path);
  }
  return rmdir(directory);
}

static int read_path(const char *name) {
  char path[256];
  snprintf(path, sizeof path, "%s%s", directory, name);
  warnings[0] = 0;
  return config_read(&config, path, collect, NULL, err, sizeof err);
}

static const char minimal[] = "{\"main\":\"a.js\",\"compatibility_date\":\"2026-11-01\"}";

static void finds_the_file(void **state) {
  (void)state;
  char expected[256];
  write_file("a.js", "");
  write_file("wrangler.json", minimal);
  assert_int_equal(read_path(""), 0);
  snprintf(expected, sizeof expected, "%s/wrangler.json", directory);
  assert_string_equal(config.path, expected);
  assert_string_equal(config.directory, directory);
  config_free(&config);
  write_file("wrangler.jsonc", minimal); /* goes first */
  assert_int_equal(read_path("///"), 0);
  snprintf(expected, sizeof expected, "%s/wrangler.jsonc", directory);
  assert_string_equal(config.path, expected);
  config_free(&config);
  write_file("other.jsonc", minimal);
  assert_int_equal(read_path("/other.jsonc"), 0);
  config_free(&config);
}

static void missing_files(void **state) {
  (void)state;
  assert_int_equal(read_path(""), -1);
  assert_non_null(strstr(err, "looked for wrangler.jsonc and wrangler.json"));
  assert_int_equal(read_path("/none.jsonc"), -1);
  assert_non_null(strstr(err, "none.jsonc: No such file or directory"));
  write_file("wrangler.toml", "");
  assert_int_equal(read_path(""), -1);
  assert_non_null(strstr(err, "wrangler.toml: TOML is not read; write the same as wrangler.jsonc"));
}

static void missing_main_file(void **state) {
  (void)state;
  char expected[256];
  write_file("wrangler.jsonc", minimal);
  assert_int_equal(read_path(""), -1);
  snprintf(expected, sizeof expected, "%s/wrangler.jsonc: main is \"a.js\", but there is no file %s/a.js", directory,
           directory);
  assert_string_equal(err, expected);
}

static void rpc(void **state) {
  (void)state;
  assert_int_equal(parse_with("\"rpc\": {\"path\": \"/rpc\", \"origins\": [\"https://a.example\"], "
                              "\"token_file\": \"token\", \"everywhere\": true}"),
                   0);
  assert_string_equal(config.rpc.path, "/rpc");
  assert_int_equal(config.rpc.origin_count, 1);
  assert_string_equal(config.rpc.origins[0], "https://a.example");
  assert_string_equal(config.rpc.token_file, "./token");
  assert_true(config.rpc.everywhere);
  assert_int_equal(config.worker_count, 1);
  config_free(&config);
  assert_int_equal(parse("{\"rpc\": {\"path\": \"/a\"}}"), 0); /* needs no Worker */
  assert_int_equal(config.worker_count, 0);
  assert_false(config.rpc.everywhere);
  assert_null(config.rpc.token_file);
  config_free(&config);
  expect_error("\"rpc\": true", "wrangler.jsonc:3:8: rpc must be an object, not a boolean");
  expect_error("\"rpc\": {}", "wrangler.jsonc:3:8: rpc needs \"path\", where it is offered; write \"path\": \"/rpc\"");
  expect_error("\"rpc\": {\"path\": \"rpc\"}",
               "wrangler.jsonc:3:17: rpc.path must be a path that begins with '/', as \"/rpc\"");
  expect_error("\"rpc\": {\"path\": \"/rpc?a\"}",
               "wrangler.jsonc:3:17: rpc.path must be a path that begins with '/', as \"/rpc\"");
  expect_error("\"rpc\": {\"path\": \"/\", \"origins\": [1]}",
               "wrangler.jsonc:3:34: an entry of rpc.origins must be a string, not a number");
  expect_error("\"rpc\": {\"path\": \"/\", \"everywhere\": 1}",
               "wrangler.jsonc:3:36: rpc.everywhere must be true or false");
}

static void outbound(void **state) {
  (void)state;
  assert_int_equal(
      parse_with("\"outbound\": {\"allow\": [{\"cidr\": \"10.1.0.0/16\"}, {\"port\": 443, \"cidr\": \"fd00::1\"}]}"),
      0);
  assert_string_equal(warnings, "");
  const struct rule_list *allow = &config.outbound.rules->allow;
  assert_int_equal(allow->count, 2);
  assert_int_equal(allow->list[0].range.prefix, 112);
  assert_int_equal(allow->list[0].range.port, 0);
  assert_int_equal(allow->list[1].range.prefix, 128);
  assert_int_equal(allow->list[1].range.port, 443);
  assert_false(config.outbound.rules->closed);
  assert_int_equal(config.outbound.log, CONFIG_LOG_ALL);
  assert_null(config.outbound.proxy);
  config_free(&config);
  assert_int_equal(parse_with("\"outbound\": {\"allow\": []}"), 0);
  config_free(&config);
  expect_error("\"outbound\": []", "wrangler.jsonc:3:13: outbound must be an object, not an array");
  expect_error("\"outbound\": {\"allow\": {}}", "wrangler.jsonc:3:23: outbound.allow must be an array, not an object");
  expect_error("\"outbound\": {\"allow\": [1]}",
               "wrangler.jsonc:3:24: an entry of outbound.allow must be an object, not a number");
  expect_error("\"outbound\": {\"allow\": [{\"cidr\": \"10.0.0.1/8\"}]}",
               "wrangler.jsonc:3:33: cidr \"10.0.0.1/8\" has bits set after its prefix; write it as \"10.1.0.0/16\" or "
               "\"fd00::/8\"");
  expect_error("\"outbound\": {\"allow\": [{\"cidr\": \"localhost\"}]}",
               "wrangler.jsonc:3:33: cidr \"localhost\" is not an IP address; write it as \"10.1.0.0/16\" or "
               "\"fd00::/8\"");
  expect_error("\"outbound\": {\"allow\": [{\"cidr\": \"::1\", \"port\": 0}]}",
               "wrangler.jsonc:3:48: port must be a whole number from 1 to 65535");
  expect_warning("\"outbound\": {\"allows\": []}",
                 "wrangler.jsonc:3:14: unknown key \"allows\" in outbound was ignored; did you mean \"allow\"?\n");
}

static bool closed_by(const char *outbound) {
  char text[512];
  snprintf(text, sizeof text, "\"outbound\": {%s}", outbound);
  assert_int_equal(parse_with(text), 0);
  assert_string_equal(warnings, "");
  bool closed = config.outbound.rules->closed;
  config_free(&config);
  return closed;
}

static void outbound_rules(void **state) {
  (void)state;
  assert_int_equal(
      parse_with("\"outbound\": {\"allow\": [{\"host\": \"*.Example.COM\", \"methods\": [\"get\", \"HEAD\"], "
                 "\"path\": \"/a/*\", \"scheme\": \"https\"}], \"deny\": [{\"port\": 25}], \"log\": \"refused\", "
                 "\"log_query\": true, \"proxy\": \"http://127.0.0.1:3128\", \"proxy_auth_file\": \"secret\"}"),
      0);
  assert_string_equal(warnings, "");
  const struct rule *rule = config.outbound.rules->allow.list;
  assert_string_equal(rule->host, "*.example.com");
  assert_string_equal(rule->methods[0], "GET");
  assert_string_equal(rule->path, "/a/*");
  assert_string_equal(rule->scheme, "https");
  assert_int_equal(config.outbound.rules->deny.list[0].range.port, 25);
  assert_int_equal(config.outbound.log, CONFIG_LOG_REFUSED);
  assert_true(config.outbound.log_query);
  assert_string_equal(config.outbound.proxy, "http://127.0.0.1:3128");
  assert_string_equal(strrchr(config.outbound.proxy_auth_file, '/'), "/secret"); /* beside the configuration */
  assert_null(config.outbound.proxy_auth);
  config_free(&config);
  assert_true(closed_by("\"allow\": [{\"host\": \"a.example\"}]"));
  assert_true(closed_by("\"allow\": [{\"cidr\": \"::1\"}, {\"port\": 443}]"));
  assert_false(closed_by("\"allow\": [{\"cidr\": \"::1\", \"host\": \"a.example\"}]"));
  assert_false(closed_by("\"public\": true, \"allow\": [{\"host\": \"a.example\"}]"));
  assert_true(closed_by("\"public\": false, \"allow\": [{\"cidr\": \"::1\"}]"));
  assert_true(closed_by("\"public\": false"));
  assert_false(closed_by("\"deny\": [{\"host\": \"a.example\"}]"));
  expect_error("\"outbound\": {\"allow\": [{\"hosts\": \"a\"}]}",
               "wrangler.jsonc:3:34: a rule has no \"hosts\"; it has host, cidr, port, scheme, methods, path");
  expect_error("\"outbound\": {\"allow\": [{}]}",
               "wrangler.jsonc:3:24: a rule names nothing; \"host\": \"*\" is every host");
  expect_error("\"outbound\": {\"deny\": [{\"host\": \"https://a/\"}]}",
               "wrangler.jsonc:3:32: host must be a name or an address, perhaps with \"*.\" before it, or \"*\"; not "
               "\"https://a/\"");
  expect_error("\"outbound\": {\"deny\": [{\"host\": 1}]}", "wrangler.jsonc:3:32: host must be a string, not a number");
  expect_error("\"outbound\": {\"deny\": [{\"path\": \"a\"}]}",
               "wrangler.jsonc:3:32: path must begin with \"/\", not \"a\"");
  expect_error("\"outbound\": {\"deny\": [{\"path\": \"/a?b\"}]}",
               "wrangler.jsonc:3:32: path must be without a query: \"/a?b\"");
  expect_error("\"outbound\": {\"deny\": [{\"methods\": []}]}", "wrangler.jsonc:3:35: methods must be 1 to 16 names");
  expect_error("\"outbound\": {\"deny\": [{\"methods\": [\"a b\"]}]}", "wrangler.jsonc:3:35: \"a b\" is no method");
  expect_error("\"outbound\": {\"deny\": [{\"scheme\": \"ftp\"}]}",
               "wrangler.jsonc:3:34: scheme must be \"http\" or \"https\", not \"ftp\"");
  expect_error("\"outbound\": {\"allow\": [{\"host\": \"a\", \"headers\": {\"a\": \"b\"}}]}",
               "wrangler.jsonc:3:24: a rule here cannot have \"headers\"");
  expect_error("\"outbound\": {\"log\": \"some\"}",
               "wrangler.jsonc:3:21: outbound.log must be \"all\", \"refused\" or \"none\", not \"some\"");
  expect_error("\"outbound\": {\"log_query\": 1}", "wrangler.jsonc:3:27: outbound.log_query must be true or false");
  expect_error("\"outbound\": {\"proxy\": \"ftp://a\"}",
               "wrangler.jsonc:3:23: outbound.proxy must be a URL of the scheme http, https, socks5 or socks5h");
  expect_error("\"outbound\": {\"deny\": [{\"port\": 0}, {\"port\": \"a\"}]}",
               "wrangler.jsonc:3:32: port must be a whole number from 1 to 65535\n"
               "wrangler.jsonc:3:45: port must be a number, not a string");
}

int main(void) {
#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, make_directory, remove_directory)
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(everything),
      cmocka_unit_test(defaults),
      cmocka_unit_test(directories),
      cmocka_unit_test(broken_json),
      cmocka_unit_test(columns_count_characters),
      cmocka_unit_test(byte_order_mark),
      cmocka_unit_test(not_an_object),
      cmocka_unit_test(missing_keys),
      cmocka_unit_test(wrong_types),
      cmocka_unit_test(all_errors_at_once),
      cmocka_unit_test(dates),
      cmocka_unit_test(limits_in_range),
      cmocka_unit_test(limits_of_wrong_kinds),
      cmocka_unit_test(addresses),
      cmocka_unit_test(loaders),
      cmocka_unit_test(rpc),
      cmocka_unit_test(outbound),
      cmocka_unit_test(outbound_rules),
      cmocka_unit_test(triggers),
      cmocka_unit_test(unknown_keys),
      cmocka_unit_test(wranglers_own_keys),
      cmocka_unit_test(duplicate_keys),
      cmocka_unit_test(several_workers),
      cmocka_unit_test(services_and_workers),
      cmocka_unit_test(depth_and_size),
      cmocka_unit_test(small_error_buffer),
      cmocka_unit_test(every_truncation),
      cmocka_unit_test(every_byte_changed),
      FILE_TEST(finds_the_file),
      FILE_TEST(missing_files),
      FILE_TEST(missing_main_file),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
