/* test_trace.c: the lines of --trace-rpc (gateway/trace.h), from messages that come in any pieces and are anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "gateway/registry.h"
#include "gateway/trace.h"

enum { CALL = 1, SETTLE = 2, RELEASE = 4 };

static struct worker from = {.name = (char *)"a", .name_length = 1}, to = {.name = (char *)"b", .name_length = 1};

static struct trace *begin(void) {
  struct trace *t = trace_new(&from, &to, "E", 1);
  assert_non_null(t);
  return t;
}

/* What is printed meanwhile, without figures of time. */
static char printed[1 << 20];
static FILE *file;
static int was;

static void listen(void) {
  fflush(stderr);
  file = tmpfile();
  assert_non_null(file);
  was = dup(2);
  dup2(fileno(file), 2);
}

static void heard(void) {
  fflush(stderr);
  dup2(was, 2);
  close(was);
  rewind(file);
  size_t n = fread(printed, 1, sizeof printed - 1, file);
  printed[n] = 0;
  fclose(file);
}

static size_t count_lines(void) {
  size_t n = 0;
  for (const char *p = printed; (p = strchr(p, '\n')); p++) n++;
  return n;
}

static void put_call(struct buf *out, int32_t target, const char *name, uint8_t pipes, uint32_t more) {
  buf_put_u32(out, (uint32_t)(4 + 2 + 4 + strlen(name) + 1) + more);
  buf_put_u8(out, CALL);
  buf_put_u8(out, (uint8_t)(1 | pipes << 2));
  buf_put_u16(out, 0);
  buf_put_u32(out, (uint32_t)target);
  buf_put_u16(out, 1);
  buf_put_cstr(out, name);
  buf_put_u8(out, 0);
  while (more--) buf_put_u8(out, 0xee);
}

static void put_settle(struct buf *out, uint32_t id, uint8_t failed) {
  buf_put_u32(out, 7);
  buf_put_u8(out, SETTLE);
  buf_put_u8(out, 0);
  buf_put_u16(out, 0);
  buf_put_u32(out, id);
  buf_put_u8(out, failed);
  buf_put_u16(out, 0);
}

static void in_pieces(struct trace *t, bool from_callee, const struct buf *b, size_t piece) {
  for (size_t at = 0; at < b->len; at += piece)
    trace_bytes(t, from_callee, b->data + at, piece < b->len - at ? piece : b->len - at);
}

static void any_pieces(void **state) {
  (void)state;
  struct buf calls, answers;
  buf_init(&calls, SIZE_MAX / 2);
  buf_init(&answers, SIZE_MAX / 2);
  put_call(&calls, 0, "small", 0, 0);
  put_call(&calls, -2, "large", 0, 100000);
  put_call(&calls, 1, "streams", 2, 300);
  put_call(&calls, 0, "last", 0, 0);
  static const uint32_t ids[] = {6, 5, 2, 1, 77};
  for (size_t i = 0; i < 5; i++) put_settle(&answers, ids[i], ids[i] == 2);
  static const size_t pieces[] = {1, 7, 8, 9, 263, 264, 265, 100000};
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
    listen();
    struct trace *t = begin();
    in_pieces(t, false, &calls, pieces[i]);
    in_pieces(t, true, &answers, pieces[i]);
    trace_free(t);
    heard();
    assert_int_equal(count_lines(), 4);
    static const char *const lines[] = {
        "rpc: a -> b#E: last, 23 bytes there, 15 back, ", "rpc: a -> b#E: (1).streams, 326 bytes there, 15 back, ",
        "rpc: a -> b#E: (-2).large, 100024 bytes there, 15 back, ", "rpc: a -> b#E: small, 24 bytes there, 15 back, "};
    const char *at = printed;
    for (int k = 0; k < 4; k++) {
      at = strstr(at, lines[k]);
      assert_non_null(at);
      assert_non_null(strstr(at, k == 2 ? " ms: threw\n" : " ms: done\n"));
    }
  }
  buf_free(&calls);
  buf_free(&answers);
}

static void the_end(void **state) {
  (void)state;
  struct buf calls;
  buf_init(&calls, SIZE_MAX / 2);
  for (int i = 0; i < 5000; i++) put_call(&calls, 0, "f", 0, 0);
  listen();
  struct trace *t = begin();
  in_pieces(t, false, &calls, calls.len);
  trace_outcome(t, "first", 5);
  trace_outcome(t, "second", 6);
  trace_free(t);
  trace_free(NULL);
  heard();
  assert_int_equal(count_lines(), 1000); /* as many as are remembered */
  assert_non_null(strstr(printed, "f, 20 bytes there, 0 back, "));
  assert_non_null(strstr(printed, "ms: first\n"));
  assert_null(strstr(printed, "second"));
  buf_free(&calls);
}

/* Whatever comes, it is at most so many lines, each of its length. */
static void anything(void **state) {
  (void)state;
  static uint8_t bytes[4096];
  srandom(1);
  listen();
  for (int round = 0; round < 300; round++) {
    struct trace *t = begin();
    for (int turn = 0; turn < 20; turn++) {
      size_t n = (size_t)random() % sizeof bytes;
      for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)(random() % 4 ? random() % 9 : random());
      trace_bytes(t, turn & 1, bytes, n);
    }
    trace_outcome(t, (const char *)bytes, sizeof bytes);
    trace_free(t);
  }
  heard();
  for (const char *p = printed, *end; (end = strchr(p, '\n')); p = end + 1) {
    assert_memory_equal(p, "mayfly: rpc: ", 13);
    assert_true(end - p < 600);
    for (const char *c = p; c < end; c++) assert_true((unsigned char)*c >= 0x20 || *c == 0x09);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(any_pieces), cmocka_unit_test(the_end),
                                     cmocka_unit_test(anything)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
