/* test_gateway_parts.c: the gateway's parts that need no cell: number tables, timers, escaping, error payloads, the
 * host Worker's modules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/table.h"
#include "gateway/exchange.h"
#include "gateway/hostworker.h"
#include "gateway/jsontext.h"
#include "gateway/log.h"
#include "gateway/loop.h"

/* Random puts and removals beside a plain array: every key is found with its value, no other is. */
static void test_table_agrees_with_an_array(void **state) {
  enum { KEYS = 512, STEPS = 200000 };
  static char there[KEYS];
  struct table t = {0};
  uint32_t x = 7, count = 0;
  (void)state;
  for (int i = 0; i < STEPS; i++) {
    x = x * 1664525u + 1013904223u;
    uint32_t key = x >> 9 & (KEYS - 1);
    uint32_t number = key * 0x10001u + 1; /* never 0 */
    if (there[key]) {
      assert_ptr_equal(table_get(&t, number), &there[key]);
      table_remove(&t, number);
      count--;
    } else {
      assert_null(table_get(&t, number));
      assert_int_equal(table_put(&t, number, &there[key]), 0);
      count++;
    }
    there[key] = !there[key];
    assert_int_equal(t.count, count);
  }
  uint32_t at = 0, seen = 0;
  while (table_next(&t, &at)) seen++;
  assert_int_equal(seen, count);
  assert_true(t.cap <= 4 * KEYS);
  assert_null(table_get(&t, 0));
  table_free(&t);
}

/* A table is emptied while the loop's body puts and removes others; and a large one in no more steps than it has room.
 */
static void test_table_is_drained(void **state) {
  enum { KEYS = 1 << 20 };
  struct table t = {0};
  uint32_t x = 3, at = 0, left = 1000;
  void *value;
  (void)state;
  for (uint32_t i = 1; i <= 500; i++) assert_int_equal(table_put(&t, i, (void *)(uintptr_t)i), 0);
  while ((value = table_drain(&t, &at))) {
    table_remove(&t, (uint32_t)(uintptr_t)value);
    x = x * 1664525u + 1013904223u;
    table_remove(&t, x % 1500 + 1);
    if (left-- > 500) assert_int_equal(table_put(&t, 1000 + left, (void *)(uintptr_t)(1000 + left)), 0);
    if (!left) break;
  }
  assert_int_equal(t.count, 0);
  for (uint32_t i = 1; i <= KEYS; i++) assert_int_equal(table_put(&t, i, (void *)(uintptr_t)i), 0);
  uint32_t moved = 0, before = at = 0;
  for (; (value = table_drain(&t, &at)); before = at) {
    moved += at > before ? at - before : t.cap - before + at;
    table_remove(&t, (uint32_t)(uintptr_t)value);
  }
  assert_true(moved <= 3 * t.cap);
  assert_int_equal(t.count, 0);
  table_free(&t);
}

struct ticks {
  struct loop *loop;
  struct loop_timer timer[50];
  int order[50], fired;
};

static struct ticks ticks;

static void on_tick(void *arg) {
  int i = (int)(intptr_t)arg;
  ticks.order[ticks.fired++] = i;
  if (i == 10) loop_timer_clear(ticks.loop, &ticks.timer[11]);
  if (i == 49) loop_stop(ticks.loop);
}

static bool no_wait(void *arg) {
  (void)arg;
  return false;
}

static void test_timers_fire_in_order(void **state) {
  char err[128];
  (void)state;
  assert_int_equal(loop_new(&ticks.loop, err, sizeof err), 0);
  assert_int_equal(loop_hook_add(ticks.loop, no_wait, NULL), 0);
  for (int i = 0; i < 50; i++) {
    int k = i * 37 % 50; /* set in another order than due */
    ticks.timer[k] = (struct loop_timer){.fire = on_tick, .arg = (void *)(intptr_t)k};
    assert_int_equal(loop_timer_set(ticks.loop, &ticks.timer[k], (uint64_t)(3 * k)), 0);
  }
  loop_timer_clear(ticks.loop, &ticks.timer[20]);
  loop_timer_clear(ticks.loop, &ticks.timer[20]);
  assert_int_equal(loop_timer_set(ticks.loop, &ticks.timer[30], 1), 0); /* moved to the front */
  assert_int_equal(loop_run(ticks.loop), 0);
  assert_int_equal(ticks.fired, 48);
  assert_int_equal(ticks.order[0], 0);
  assert_int_equal(ticks.order[1], 30);
  for (int i = 3; i < ticks.fired; i++) assert_true(ticks.order[i] > ticks.order[i - 1]);
  for (int i = 0; i < ticks.fired; i++) assert_true(ticks.order[i] != 11 && ticks.order[i] != 20);
  loop_free(&ticks.loop);
  assert_null(ticks.loop);
}

static void assert_escaped(const char *text, size_t n, const char *expected) {
  char out[64];
  assert_int_equal(log_escape(out, sizeof out, text, n, NULL), strlen(expected));
  assert_string_equal(out, expected);
}

static void test_log_text_is_harmless(void **state) {
  char out[16];
  (void)state;
  assert_escaped("plain \xc3\xa4", 8, "plain \xc3\xa4");
  assert_escaped("a\nmayfly: b", 11, "a\\nmayfly: b");
  assert_escaped("\x1b[31m\0\x7f", 7, "\\x1b[31m\\x00\\x7f");
  assert_escaped("\xc2\x9b", 2, "\\xc2\\x9b"); /* C1, the other way to begin an escape sequence */
  assert_escaped("\x9b\xff\xc3", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* no characters */
  assert_escaped("\r\t", 2, "\\x0d\t");
  assert_int_equal(log_escape(out, sizeof out, "a\nb", 3, "  "), 5);
  assert_string_equal(out, "a\n  b");
  assert_true(log_escape(out, sizeof out, "0123456789abcdefghij", 20, NULL) < sizeof out);
}

static void assert_json(const char *text, const char *expected) {
  struct buf out;
  buf_init(&out, 256);
  json_put_string(&out, text, strlen(text));
  buf_put_u8(&out, 0);
  assert_false(out.bad);
  assert_string_equal((const char *)out.data, expected);
  buf_free(&out);
}

/* What ends a line, turns the direction of writing, or is not seen; and their neighbours, which are harmless. */
static void test_text_that_deceives(void **state) {
  static const struct {
    const char *text, *in_text, *in_json;
  } cases[] = {
      {u8"a\u202eb", "a\\u202eb", "\"a\\u202eb\""},
      {u8"\u2028\u2029\u202a", "\\u2028\\u2029\\u202a", "\"\\u2028\\u2029\\u202a\""},
      {u8"\u2066\u2069\u206f", "\\u2066\\u2069\\u206f", "\"\\u2066\\u2069\\u206f\""},
      {u8"\u200b\u200f\u061c", "\\u200b\\u200f\\u061c", "\"\\u200b\\u200f\\u061c\""},
      {u8"\ufeff\u00ad\u3164", "\\ufeff\\u00ad\\u3164", "\"\\ufeff\\u00ad\\u3164\""},
      {u8"\U000e0041\U000e0fff", "\\u{e0041}\\u{e0fff}", "\"\\udb40\\udc41\\udb43\\udfff\""},
      {u8"\u00ae\u061b\u061d\u200a\u2010", u8"\u00ae\u061b\u061d\u200a\u2010", u8"\"\u00ae\u061b\u061d\u200a\u2010\""},
      {u8"\u2027\u202f\u205f\u2070\u2764\ufe0f", u8"\u2027\u202f\u205f\u2070\u2764\ufe0f",
       u8"\"\u2027\u202f\u205f\u2070\u2764\ufe0f\""},
      {u8"\U0001f600\U000dffff\U000e1000", u8"\U0001f600\U000dffff\U000e1000", u8"\"\U0001f600\U000dffff\U000e1000\""},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_escaped(cases[i].text, strlen(cases[i].text), cases[i].in_text);
    assert_json(cases[i].text, cases[i].in_json);
  }
}

static void test_errors_as_payloads(void **state) {
  struct buf b;
  (void)state;
  buf_init(&b, 4096);
  error_payload(&b, ERROR_CPU, "more");
  struct failure f = failure_read(b.data, b.len);
  assert_int_equal(f.code, ERROR_CPU);
  assert_memory_equal(f.name, "ExceededCpuError", f.name_length);
  assert_memory_equal(f.message, "Worker exceeded CPU time limit.: more", f.message_length);
  assert_int_equal(f.stack_length, 0);
  for (size_t n = 0; n < b.len; n++) failure_read(b.data, n); /* cut anywhere: no read past the end */
  buf_free(&b);
}

/* ---- modules ---- */

static char root[] = "/tmp/mayfly-modules-XXXXXX";

static void put_file(const char *name, const char *text) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", root, name);
  int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  close(fd);
}

static void put_directory(const char *name) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", root, name);
  assert_int_equal(mkdir(path, 0700), 0);
}

static int make_modules(void **state) {
  char link[256];
  (void)state;
  if (!mkdtemp(root)) return -1;
  put_directory("src");
  put_directory("src/lib");
  put_directory("src/node_modules");
  put_directory("src/.git");
  put_file("outside.js", "outside");
  put_file("src/index.js", "main");
  put_file("src/lib/a.mjs", "a");
  put_file("src/lib/b.cjs", "b");
  put_file("src/c.txt", "c");
  put_file("src/d.json", "{}");
  put_file("src/e.bin", "e");
  put_file("src/f.png", "f");
  put_file("src/wrangler.json", "{}");
  put_file("src/.hidden.js", "h");
  put_file("src/node_modules/n.js", "n");
  put_file("src/.git/g.js", "g");
  snprintf(link, sizeof link, "%s/src/link.js", root);
  if (symlink("../outside.js", link)) return -1;
  snprintf(link, sizeof link, "%s/src/inside.js", root);
  return symlink("lib/a.mjs", link);
}

static int drop_modules(void **state) {
  char command[64];
  (void)state;
  snprintf(command, sizeof command, "rm -r %s", root);
  return system(command);
}

/* The modules' kinds and names, in order. */
static void list_modules(const struct buf *code, char *out, size_t size) {
  size_t n, used = 0;
  struct reader r = reader_over(code->data, code->len);
  assert_int_equal(read_u32(&r), WORKER_CODE_MAGIC);
  read_u32(&r);
  read_str_borrow(&r, &n);
  for (unsigned flags = read_u16(&r); flags; flags--) read_str_borrow(&r, &n);
  read_str_borrow(&r, &n);
  for (uint32_t count = read_u32(&r); count && !r.bad; count--) {
    unsigned kind = read_u8(&r);
    const char *name = read_str_borrow(&r, &n);
    used += (size_t)snprintf(out + used, size - used, "%u:%.*s ", kind, (int)n, name);
    read_str_borrow(&r, &n);
  }
  assert_false(r.bad);
}

static struct config module_config(void) {
  static struct config_worker worker;
  worker = (struct config_worker){.main = (char *)"src/index.js"};
  struct config c = {.path = (char *)"x", .directory = root, .workers = &worker, .worker_count = 1};
  limits_standard(&c.limits);
  return c;
}

static void test_modules_of_the_host_worker(void **state) {
  struct config c = module_config();
  struct buf code;
  char err[256], names[512];
  (void)state;
  buf_init(&code, 1 << 20);
  assert_int_equal(hostworker_read(&code, &c, 0, err, sizeof err), 0);
  list_modules(&code, names, sizeof names);
  assert_string_equal(names, "1:index.js 3:c.txt 5:d.json 4:e.bin 1:inside.js 1:lib/a.mjs 2:lib/b.cjs ");
  c.path = NULL; /* `mayfly run FILE` */
  buf_clear(&code);
  assert_int_equal(hostworker_read(&code, &c, 0, err, sizeof err), 0);
  list_modules(&code, names, sizeof names);
  assert_string_equal(names, "1:index.js ");
  buf_free(&code);
}

static void test_modules_that_cannot_be_read(void **state) {
  struct config c = module_config();
  struct buf code;
  char err[256];
  (void)state;
  buf_init(&code, 1 << 20);
  c.workers->main = (char *)"src/missing.js";
  assert_int_equal(hostworker_read(&code, &c, 0, err, sizeof err), -1);
  assert_non_null(strstr(err, "src/missing.js: No such file"));
  c.workers->main = (char *)"nowhere/index.js";
  assert_int_equal(hostworker_read(&code, &c, 0, err, sizeof err), -1);
  assert_non_null(strstr(err, "nowhere"));
  c.workers->main = (char *)"src";
  assert_int_equal(hostworker_read(&code, &c, 0, err, sizeof err), -1);
  assert_non_null(strstr(err, "is not a file"));
  c = module_config();
  c.limits.value[LIMIT_CODE_MB] = 0;
  assert_int_equal(hostworker_read(&code, &c, 0, err, sizeof err), -1);
  assert_non_null(strstr(err, "limits.code_mb"));
  buf_free(&code);
}

static void test_loaders_with_one_id_are_one_family(void **state) {
  struct config_loader loaders[] = {
      {(char *)"A", NULL}, {(char *)"B", (char *)"x"}, {(char *)"C", NULL}, {(char *)"D", (char *)"x"}};
  struct config_worker workers[] = {{.loaders = loaders, .loader_count = 4}, {.loaders = loaders, .loader_count = 2}};
  struct config c = {.workers = workers, .worker_count = 2};
  uint32_t families[4], others[2];
  (void)state;
  hostworker_families(families, &c, 0);
  hostworker_families(others, &c, 1);
  assert_int_equal(families[1], families[3]);
  assert_true(families[0] != families[1] && families[0] != families[2] && families[1] != families[2]);
  assert_int_equal(others[1], families[1]);
  for (int i = 0; i < 4; i++) assert_int_not_equal(others[0], families[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_table_agrees_with_an_array),
      cmocka_unit_test(test_table_is_drained),
      cmocka_unit_test(test_timers_fire_in_order),
      cmocka_unit_test(test_log_text_is_harmless),
      cmocka_unit_test(test_text_that_deceives),
      cmocka_unit_test(test_errors_as_payloads),
      cmocka_unit_test(test_modules_of_the_host_worker),
      cmocka_unit_test(test_modules_that_cannot_be_read),
      cmocka_unit_test(test_loaders_with_one_id_are_one_family),
  };
  return cmocka_run_group_tests(tests, make_modules, drop_modules);
}
