/* test_cell_guest.c: the loop of a cell with real guests: Workers are loaded, run, killed and thrown away. The image is
 * the program's. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

#include "base/errors.h"
#include "cell/stored.h"
#include "play_gateway.h"

static struct image *image;

/* cmocka takes the signals for itself at the start of every test; the lanes need them back. */
static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
static struct sigaction ours[sizeof signals / sizeof *signals];

static struct bench *start(unsigned lanes) {
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &ours[i], NULL);
  return start_cell(image, lanes);
}

static int set_up(void **state) {
  (void)state;
  char err[512];
  int failed = lane_setup(NULL, err, sizeof err);
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], NULL, &ours[i]);
  failed = failed || stored_open(&image, open("/proc/self/exe", O_RDONLY | O_CLOEXEC), err, sizeof err);
  if (failed) print_error("%s\n", err);
  return failed ? -1 : 0;
}

static int tear_down(void **state) {
  (void)state;
  image_free(&image);
  return 0;
}

static void load(struct bench *b, uint32_t isolate, uint32_t cpu_ms, uint32_t flags, const char *source) {
  struct buf p;
  buf_init(&p, FRAME_PAYLOAD_MAX);
  buf_put_u32(&p, WORKER_CODE_MAGIC);
  buf_put_u32(&p, 256);
  buf_put_cstr(&p, "2026-01-01");
  buf_put_u16(&p, 0);
  buf_put_cstr(&p, "main.js");
  buf_put_u32(&p, 1);
  buf_put_u8(&p, MODULE_JS);
  buf_put_cstr(&p, "main.js");
  buf_put_cstr(&p, source);
  buf_put_u8(&p, ENV_JSON);
  buf_put_cstr(&p, "{}");
  buf_put_u16(&p, 0);
  buf_put_u8(&p, OUTBOUND_NONE);
  open_flags(b, isolate, 32, cpu_ms, flags);
  put(b, FRAME_LOAD, isolate, 0, &p);
  buf_free(&p);
}

/* Waits for the end of the event: its answer's body, or NULL: the isolate is dead. What else comes is passed over. */
static const char *result_of(struct bench *b, uint32_t isolate) {
  static char text[1000];
  text[0] = 0;
  for (;;) {
    uint8_t type = next(b);
    if (b->h.isolate != isolate) continue;
    struct reader r = reader_over(b->payload, b->h.length);
    size_t n;
    if (type == FRAME_DEAD) return NULL;
    if (type == FRAME_DONE) return text;
    if (type != FRAME_HEAD) continue;
    assert_int_equal(read_u16(&r), 200);
    read_str_borrow(&r, &n);
    for (uint32_t headers = read_u16(&r); headers; headers--) {
      read_str_borrow(&r, &n);
      read_str_borrow(&r, &n);
    }
    read_u64(&r);
    snprintf(text, sizeof text, "%.*s", (int)r.left, (const char *)r.p);
  }
}

static void test_fresh_isolates(void **state) {
  (void)state;
  struct bench *b = start(1);
  for (uint32_t i = 1; i <= 300; i++) {
    char source[200], expected[20];
    uint32_t number = i << CELL_INDEX_BITS | i % 3;
    snprintf(source, sizeof source,
             "globalThis.count = (globalThis.count ?? 0) + 1;"
             "export default { fetch() { return new Response('%u:' + globalThis.count); } };",
             i);
    snprintf(expected, sizeof expected, "%u:1", i);
    load(b, number, 10000, i % 2 ? OPEN_KEPT : 0, source);
    event(b, number, 1, "GET");
    const char *result = result_of(b, number);
    assert_non_null(result);
    assert_string_equal(result, expected); /* and nothing of the one before */
    put(b, FRAME_CLOSE, number, 0, NULL);
  }
  end_cell(b, NULL);
}

static void test_state_stays_between_events(void **state) {
  (void)state;
  struct bench *b = start(2);
  load(b, 5, 10000, OPEN_KEPT, "let n = 0; export default { fetch() { return new Response(String(++n)); } };");
  for (uint32_t i = 1; i <= 500; i++) {
    char expected[20];
    snprintf(expected, sizeof expected, "%u", i);
    event(b, 5, i, "GET");
    assert_string_equal(result_of(b, 5), expected);
  }
  end_cell(b, NULL);
}

static void test_timer(void **state) {
  (void)state;
  struct bench *b = start(1);
  load(b, 5, 10000, 0,
       "export default { async fetch() { const before = Date.now(); await new Promise((r) => setTimeout(r, 15));"
       " return new Response(Date.now() - before >= 15 ? 'late enough' : 'early'); } };");
  event(b, 5, 1, "GET");
  assert_string_equal(result_of(b, 5), "late enough");
  end_cell(b, NULL);
}

static void test_bad_ends(void **state) {
  (void)state;
  static const struct {
    const char *body;
    enum error_code code;
  } cases[] = {
      {"for (;;);", ERROR_CPU},
      {"for (;;) { try { for (;;); } finally { continue; } }", ERROR_CPU},
      {"const spin = () => Promise.resolve().then(spin); await spin();", ERROR_CPU},
      {"/(a+)+$/.test('a'.repeat(100) + 'b');", ERROR_CPU},
      {"const all = []; for (;;) { try { all.push(new Uint8Array(100000).fill(1)); } catch {} }", ERROR_MEMORY},
  };
  struct bench *b = start(1);
  load(b, 1, 10000, OPEN_KEPT, "export default { fetch() { return new Response('alive'); } };");
  for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char source[400];
    uint32_t number = (i + 1) << CELL_INDEX_BITS | 2;
    snprintf(source, sizeof source, "export default { async fetch() { %s return new Response('?'); } };",
             cases[i].body);
    load(b, number, cases[i].code == ERROR_CPU ? 30 : 3600000, 0, source);
    event(b, number, 1, "GET");
    assert_null(result_of(b, number));
    assert_int_equal(b->payload[0], cases[i].code);
    event(b, 1, i + 1, "GET");
    assert_string_equal(result_of(b, 1), "alive");
  }
  end_cell(b, NULL);
}

static void test_close_in_a_turn(void **state) {
  (void)state;
  struct bench *b = start(1);
  for (uint32_t i = 1; i <= 30; i++) {
    uint32_t hog = i << CELL_INDEX_BITS | 1;
    load(b, hog, 3600000, 0, "export default { fetch() { for (;;); } };");
    event(b, hog, 1, "GET");
    load(b, hog + 1, 10000, 0, "export default { fetch() { return new Response('neighbour'); } };");
    event(b, hog + 1, 1, "GET");
    assert_string_equal(result_of(b, hog + 1), "neighbour");
    put(b, FRAME_CLOSE, hog, 0, NULL);
    put(b, FRAME_CLOSE, hog + 1, 0, NULL);
  }
  end_cell(b, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_fresh_isolates),  cmocka_unit_test(test_state_stays_between_events),
      cmocka_unit_test(test_timer),           cmocka_unit_test(test_bad_ends),
      cmocka_unit_test(test_close_in_a_turn),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
