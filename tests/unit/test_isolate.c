/* test_isolate.c: the real guest in isolates, without a cell around it: seeds, exact resets, and hostile JavaScript
 * (RED-TEAM J6-J9, mistake 11) on a lane's own stack. What a guest of another kind can do is in
 * tests/redteam/test_guest_owned.c.
 *
 * All tests run on one lane thread; begin() takes back the signals that cmocka has put its own handlers on.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/frame.h"
#include "builder/sample.h"
#include "cell/stored.h"
#include "isolate/hotset.h"
#include "isolate/inside.h"

extern const char _binary_platform_js_start[], _binary_platform_js_end[];

enum { LIMIT = 128 * 16 };

static struct image *image;
static struct slot_pool *pool;
static struct lane *lane;
static char err[4096], answer[65536];
static const int handled[] = {SIGSEGV, SIGBUS, SIGFPE, LANE_SIGNAL};
static struct sigaction ours[4];

static void begin(void) {
  for (int i = 0; i < 4; i++) sigaction(handled[i], &ours[i], NULL);
  buf_clear(&lane->out);
  lane->now_ms = 1700000000000.0;
}

static void put_load(struct buf *out, const char *source) {
  size_t mark = buf_frame_begin(out, FRAME_LOAD, 0, 1, 0);
  buf_put_u32(out, WORKER_CODE_MAGIC);
  buf_put_u32(out, 1024);
  buf_put_cstr(out, "2026-01-01");
  buf_put_u16(out, 0);
  buf_put_cstr(out, "index.js");
  buf_put_u32(out, 1);
  buf_put_u8(out, MODULE_JS);
  buf_put_cstr(out, "index.js");
  buf_put_cstr(out, source);
  buf_put_u8(out, ENV_JSON);
  buf_put_cstr(out, "{}");
  buf_put_u16(out, 0);
  buf_put_u8(out, OUTBOUND_NONE);
  buf_frame_end(out, mark);
}

static void put_event(struct buf *out) {
  size_t mark = buf_frame_begin(out, FRAME_EVENT, FRAME_END, 1, STREAM_EVENT | 1);
  buf_put_u8(out, EVENT_FETCH);
  buf_put_u32(out, 0);
  buf_put_u32(out, 0);
  buf_put_cstr(out, "");
  buf_put_cstr(out, "");
  buf_put_cstr(out, "GET");
  buf_put_cstr(out, "http://localhost/");
  buf_put_u16(out, 0);
  buf_put_u64(out, 0);
  buf_frame_end(out, mark);
}

/* The answer's inline body, or the message of an error, as a string in `answer`. */
static void read_answer(void) {
  struct reader r = reader_over(lane->out.data, lane->out.len);
  answer[0] = 0;
  while (r.left) {
    struct frame_header h;
    const uint8_t *p = read_bytes_borrow(&r, sizeof h);
    assert_non_null(p);
    memcpy(&h, p, sizeof h);
    p = read_bytes_borrow(&r, h.length);
    assert_non_null(p);
    struct reader in = reader_over(p, h.length);
    size_t n;
    if (h.type == FRAME_HEAD) {
      read_u16(&in);
      read_str_borrow(&in, &n);
      for (unsigned left = 2u * read_u16(&in); left; left--) read_str_borrow(&in, &n);
      read_u64(&in);
      assert_false(in.bad);
      snprintf(answer, sizeof answer, "%.*s", (int)in.left, (const char *)in.p);
    } else if (h.type == FRAME_ERROR || (h.type == FRAME_LOADED && p[0] == 0)) {
      if (h.type == FRAME_LOADED) read_u8(&in);
      read_u8(&in);
      read_str_borrow(&in, &n);
      const char *message = read_str_borrow(&in, &n);
      snprintf(answer, sizeof answer, "error: %.*s", (int)n, message);
    }
  }
}

/* A Worker whose fetch() is this body, loaded and asked once in a slot of its own. */
static enum turn_end ask_in(struct slot *slot, const char *body) {
  char *source = NULL;
  struct buf frames;
  buf_init(&frames, 1 << 20);
  assert_true(asprintf(&source, "export default { async fetch(request) { %s } };", body) > 0);
  put_load(&frames, source);
  put_event(&frames);
  free(source);
  assert_false(frames.bad);
  buf_clear(&lane->out);
  enum turn_end end = lane_turn(lane, slot, frames.data, frames.len);
  buf_free(&frames);
  read_answer();
  return end;
}

static enum turn_end ask(const char *body) {
  struct slot *slot = slot_take(pool, false, LIMIT);
  assert_non_null(slot);
  enum turn_end end = ask_in(slot, body);
  slot_give(pool, &slot);
  return end;
}

static void assert_all_well(void) {
  assert_int_equal(ask("return new Response([1, 2, 3].map((n) => n * 2).join());"), TURN_OK);
  assert_string_equal(answer, "2,4,6");
}

static void answers_and_is_reset(void **state) {
  (void)state;
  begin();
  for (int i = 0; i < 40; i++) {
    assert_all_well();
    struct slot *slot = slot_take(pool, i % 3 == 0, LIMIT);
    assert_memory_equal(slot->base, image->base, (size_t)image->pages * SLOT_PAGE);
    slot_give(pool, &slot);
  }
}

/* What the image was calibrated with costs no fault in the first slot of a new pool. */
static void calibrated_pages_do_not_fault(void **state) {
  struct slot_pool *fresh;
  struct buf frames;
  (void)state;
  begin();
  buf_init(&frames, FRAME_PAYLOAD_MAX);
  sample_frames(&frames);
  assert_int_equal(slot_pool_new(&fresh, image, err, sizeof err), 0);
  struct slot *slot = slot_take(fresh, false, LIMIT);
  assert_int_equal(lane_turn(lane, slot, frames.data, frames.len), TURN_OK);
  assert_true(image->hot_count > 0);
  assert_true(slot->open_count <= 2);
  slot_give(fresh, &slot);
  slot_pool_free(&fresh);
  buf_free(&frames);
}

/* The program's image is the one that was booted just now, byte for byte. */
static void stored_image_is_the_booted_one(void **state) {
  struct image *stored = NULL;
  (void)state;
  begin();
  assert_int_equal(stored_open(&stored, open("/proc/self/exe", O_RDONLY | O_CLOEXEC), err, sizeof err), 0);
  assert_int_equal(stored->pages, image->pages);
  assert_int_equal(stored->stack_pointer, image->stack_pointer);
  assert_int_equal(stored->first, image->first);
  assert_int_equal(stored->stored, image->stored);
  assert_memory_equal(stored->base, image->base, (size_t)image->pages * SLOT_PAGE);
  assert_in_range(stored->hot_count, 1, 100);
  image_free(&stored);
  assert_int_equal(stored_open(&stored, open("/bin/sh", O_RDONLY | O_CLOEXEC), err, sizeof err), -1);
  assert_null(stored);
  assert_string_equal(err, "image: not this program's file");
}

/* Neither the stack nor the free end of the heap is stored: what an isolate does not touch of them is nowhere. */
static void zeros_are_not_stored(void **state) {
  static const uint8_t zeros[IMAGE_PAGE];
  (void)state;
  uint32_t pages = image->pages * CLUSTER_PAGES, end = image->first + image->stored;
  assert_true(image->first >= image->stack_pointer / IMAGE_PAGE);
  assert_true(end < pages);
  for (uint32_t page = 0; page < pages; page++) {
    if (page == image->first) page = end;
    assert_memory_equal(image->base + (size_t)page * IMAGE_PAGE, zeros, IMAGE_PAGE);
  }
}

static void read_seed(struct lane *on, void *arg) { *(uint32_t *)arg = Z_engineZ_hash_seed(on->instance); }

static void nothing_random_is_baked_in(void **state) {
  enum { ISOLATES = 12 };
  static char seen[ISOLATES][256];
  uint32_t seeds[ISOLATES];
  (void)state;
  begin();
  for (int i = 0; i < ISOLATES; i++) {
    struct slot *slot = slot_take(pool, i % 2, LIMIT);
    assert_int_equal(ask_in(slot, "return new Response(Math.random() + ' ' + crypto.randomUUID());"), TURN_OK);
    snprintf(seen[i], sizeof seen[i], "%.200s", answer);
    assert_true(strlen(answer) > 40);
    assert_int_equal(lane_run(lane, slot, read_seed, &seeds[i]), TURN_OK);
    slot_give(pool, &slot);
  }
  int same_seeds = 0;
  for (int i = 0; i < ISOLATES; i++) {
    for (int j = 0; j < i; j++) {
      assert_int_not_equal(strtod(seen[i], NULL) == strtod(seen[j], NULL), 1);
      assert_string_not_equal(strchr(seen[i], ' '), strchr(seen[j], ' '));
      same_seeds += seeds[i] == seeds[j];
    }
  }
  assert_true(same_seeds < 2);
}

/* Every kind of recursion ends in an exception that the Worker can catch, never in the lane's guard. */
static void recursion_is_an_exception(void **state) {
  static const char *const kinds[] = {
      "function f() { return f() + 1; } f();",
      "const a = []; let b = a; for (let i = 0; i < 1e5; i++) b = [b]; JSON.stringify(b);",
      "JSON.parse('['.repeat(1e5) + ']'.repeat(1e5));",
      "const p = new Proxy({}, { get(t, k, r) { return r[k]; } }); p.x;",
      "const o = { get x() { return this.x; } }; o.x;",
      "const o = { toString() { return '' + this; } }; '' + o;",
      "new RegExp('('.repeat(1e5) + ')'.repeat(1e5)).test('x');",
      "[2, 1].sort(function s() { return [2, 1].sort(s); });",
      "structuredClone((() => { let b = []; for (let i = 0; i < 1e5; i++) b = [b]; return b; })());",
      "let f = () => 0; for (let i = 0; i < 1e5; i++) f = ((g) => () => g())(f); f();",
      "let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); Object.getPrototypeOf(p); p.x; 'x' in p;",
      "let b = []; for (let i = 0; i < 1e5; i++) b = [b]; b.flat(Infinity); String(b);",
  };
  (void)state;
  begin();
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    char *body = NULL;
    assert_true(asprintf(&body, "try { %s } catch (e) { return new Response('caught'); } return new Response('none');",
                         kinds[i]) > 0);
    enum turn_end end = ask(body);
    if (end != TURN_OK) print_message("%s\n  ended with %d: %s\n", body, end, lane->detail);
    free(body);
    assert_int_equal(end, TURN_OK);
  }
  assert_all_well();
}

static void parser_nesting_is_an_exception(void **state) {
  static const char opening[] = "([{!-`";
  (void)state;
  begin();
  for (const char *c = opening; *c; c++) {
    char body[40000];
    memset(body, *c, sizeof body - 1);
    body[sizeof body - 1] = 0;
    assert_int_equal(ask(body), TURN_OK);
    assert_memory_equal(answer, "error: ", 7);
  }
  assert_all_well();
}

static void *kill_soon(void *arg) {
  _Atomic bool *stop = arg;
  while (!atomic_load(stop)) {
    uint64_t turn = lane_current(lane);
    struct timespec wait = {.tv_nsec = 30000000};
    nanosleep(&wait, NULL);
    if (turn) lane_kill(lane, turn, TURN_CPU); /* only if it is still the same turn */
  }
  return NULL;
}

static void loops_are_killed(void **state) {
  static const char *const loops[] = {
      "for (;;);",
      "/(a+)+b/.test('a'.repeat(60));",
      "for (;;) { try { for (;;); } catch {} finally { continue; } }",
      "function again() { Promise.resolve().then(again); } again(); await new Promise(() => {});",
      "const a = new Array(1000).fill(0); for (;;) a.sort(() => Math.random() - 0.5);",
      "for (;;) JSON.parse(JSON.stringify({ a: [1, 2, { get b() { return 1; } }] }));",
  };
  _Atomic bool stop = false;
  pthread_t thread;
  (void)state;
  begin();
  assert_int_equal(pthread_create(&thread, NULL, kill_soon, &stop), 0);
  for (size_t i = 0; i < sizeof loops / sizeof loops[0]; i++) {
    enum turn_end end = ask(loops[i]);
    if (end != TURN_CPU) print_message("%s\n  ended with %d: %s\n", loops[i], end, lane->detail);
    assert_int_equal(end, TURN_CPU);
  }
  atomic_store(&stop, true);
  pthread_join(thread, NULL);
  assert_all_well();
}

static void memory_bombs(void **state) {
  static const char *const bombs[] = {
      "const a = []; for (;;) a.push(new Uint8Array(1 << 20));",
      "const a = []; for (;;) { try { a.push(new Uint8Array(1 << 20)); } catch {} finally { continue; } }",
      "const a = []; for (;;) a.push({ a });",
      "let s = 'xy'; const a = []; for (;;) a.push(s.repeat(100000));",
  };
  (void)state;
  begin();
  for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++) {
    enum turn_end end = ask(bombs[i]);
    if (end != TURN_MEMORY) print_message("%s\n  ended with %d: %s %s\n", bombs[i], end, lane->detail, answer);
    assert_int_equal(end, TURN_MEMORY);
  }
  assert_int_equal(ask("try { new ArrayBuffer(2 ** 31 - 1); } catch (e) { return new Response(e.name); }"), TURN_OK);
  assert_true(!strcmp(answer, "RangeError") || !strcmp(answer, "InternalError"));
  assert_all_well();
}

static void broken_platforms_are_told(void **state) {
  struct image *none = NULL;
  (void)state;
  begin();
  assert_int_equal(image_build(&none, "(function", 9, err, sizeof err), -1);
  assert_null(none);
  assert_non_null(strstr(err, "image: "));
  static const char random[] = "(function (native) { throw new Error('no luck'); })";
  assert_int_equal(image_build(&none, random, sizeof random - 1, err, sizeof err), -1);
  assert_non_null(strstr(err, "no luck"));
}

static void *on_the_lane(void *arg) {
  static int failed = 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_and_is_reset),
      cmocka_unit_test(calibrated_pages_do_not_fault),
      cmocka_unit_test(stored_image_is_the_booted_one),
      cmocka_unit_test(zeros_are_not_stored),
      cmocka_unit_test(nothing_random_is_baked_in),
      cmocka_unit_test(recursion_is_an_exception),
      cmocka_unit_test(parser_nesting_is_an_exception),
      cmocka_unit_test(loops_are_killed),
      cmocka_unit_test(memory_bombs),
      cmocka_unit_test(broken_platforms_are_told),
  };
  (void)arg;
  for (int i = 0; i < 4; i++) sigaction(handled[i], NULL, &ours[i]);
  if (lane_enter(&lane, image, err, sizeof err) || slot_pool_new(&pool, image, err, sizeof err)) {
    fprintf(stderr, "%s\n", err);
    return &failed;
  }
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  slot_pool_free(&pool);
  lane_leave(&lane);
  return &failed;
}

int main(void) {
  size_t length = (size_t)(_binary_platform_js_end - _binary_platform_js_start);
  unsigned long thread;
  void *failed = NULL;
  struct buf frames;
  buf_init(&frames, FRAME_PAYLOAD_MAX);
  sample_frames(&frames);
  if (image_build(&image, _binary_platform_js_start, length, err, sizeof err) ||
      image_calibrate(image, frames.data, frames.len, err, sizeof err) || lane_setup(image, err, sizeof err) ||
      lane_thread(on_the_lane, NULL, &thread, err, sizeof err)) {
    fprintf(stderr, "%s\n", err);
    return 1;
  }
  buf_free(&frames);
  pthread_join(thread, &failed);
  image_free(&image);
  return *(int *)failed != 0;
}
