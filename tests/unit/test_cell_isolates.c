/* test_cell_isolates.c: the cell's table of isolates, its inboxes and pools of processor time, and the heap of
 * wake-ups: the parts of the loop that need no thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cell/isolates.h"
#include "cell/wakes.h"

static struct isolates t;
static uint8_t payload[FRAME_PAYLOAD_MAX];

static int set_up(void **state) {
  (void)state;
  return isolates_init(&t);
}
static int tear_down(void **state) {
  (void)state;
  isolates_clear(&t);
  return 0;
}

static struct isolate *opened(uint32_t number) {
  bool taken;
  struct isolate *isolate = isolates_open(&t, number, &taken);
  assert_non_null(isolate);
  isolate->cpu_limit_ns = 1000;
  return isolate;
}

static void put(struct isolate *isolate, uint8_t type, uint32_t stream, uint32_t length) {
  struct frame_header h = {.length = length, .type = type, .isolate = isolate->number, .stream = stream};
  memset(payload, (int)stream, length);
  if (type == FRAME_EVENT) memset(payload, 0, 5); /* kind and cpu_ms: the isolate's */
  assert_true(isolate_put(&t, isolate, &h, payload));
}

/* The streams of the frames that the next turn gets, as digits. */
static const char *taken_streams(struct isolate *isolate) {
  static char text[4096];
  struct buf in;
  buf_init(&in, ISOLATE_INBOX_MAX);
  isolate_take(&t, isolate, &in);
  size_t n = 0;
  for (size_t at = 0; at < in.len; n++) {
    struct frame_header h;
    memcpy(&h, in.data + at, sizeof h);
    text[n] = (char)('0' + h.stream % 10);
    at += sizeof h + h.length;
    if (h.length && h.type != FRAME_EVENT) assert_int_equal(in.data[at - 1], (uint8_t)h.stream);
  }
  text[n] = 0;
  isolate_give_buf(&t, &in);
  return text;
}

static void test_numbers(void **state) {
  (void)state;
  bool taken;
  struct isolate *isolate = opened(1 << CELL_INDEX_BITS | 3);
  assert_ptr_equal(isolates_find(&t, 1 << CELL_INDEX_BITS | 3), isolate);
  assert_null(isolates_find(&t, 2 << CELL_INDEX_BITS | 3));
  assert_null(isolates_find(&t, 1 << CELL_INDEX_BITS | 4));
  assert_null(isolates_open(&t, 2 << CELL_INDEX_BITS | 3, &taken));
  assert_true(taken);
  isolates_remove(&t, isolate);
  struct isolate *next = opened(2 << CELL_INDEX_BITS | 3);
  isolates_remove(&t, isolate); /* a second time, by its runner: the new one stays */
  assert_ptr_equal(isolates_find(&t, 2 << CELL_INDEX_BITS | 3), next);
  isolates_recycle(&t, &isolate);
  assert_null(isolate);
}

static void test_one_event_a_turn(void **state) {
  (void)state;
  struct isolate *isolate = opened(1);
  put(isolate, FRAME_LOAD, 0, 10);
  put(isolate, FRAME_EVENT, 1, 40);
  put(isolate, FRAME_BODY, 1, 5);
  put(isolate, FRAME_EVENT, 2, 40);
  put(isolate, FRAME_EVENT, 3, 40);
  put(isolate, FRAME_CANCEL, 1, 0);
  assert_string_equal(taken_streams(isolate), "011");
  assert_string_equal(taken_streams(isolate), "2");
  put(isolate, FRAME_CANCEL, 4, 0);
  assert_string_equal(taken_streams(isolate), "314");
  assert_false(isolate_has_frames(isolate));
  assert_string_equal(taken_streams(isolate), "");
}

/* The pieces of an event are one event, over as many turns as it takes, and pay once. */
static void test_event_in_pieces(void **state) {
  (void)state;
  struct isolate *isolate = opened(1);
  struct frame_header h = {.length = FRAME_PAYLOAD_MAX, .type = FRAME_EVENT, .isolate = 1, .stream = 1};
  memset(payload, 0, 5);
  for (int i = 0; i < 3; i++) {
    h.flags = i < 2 ? FRAME_MORE : 0;
    if (i == 2) h.length = 40;
    assert_true(isolate_put(&t, isolate, &h, payload));
    memset(payload, 0xff, 5);
  }
  put(isolate, FRAME_EVENT, 2, 40);
  assert_string_equal(taken_streams(isolate), "1");
  assert_int_equal(isolate->events, 1);
  assert_string_equal(taken_streams(isolate), "11");
  assert_int_equal(isolate->events, 1);
  assert_int_equal(isolate->pool_ns, 1000);
  assert_string_equal(taken_streams(isolate), "2");
  assert_int_equal(isolate->events, 2);
}

static void test_long_messages_in_parts(void **state) {
  (void)state;
  struct isolate *isolate = opened(1);
  uint32_t sent = 0, got = 0;
  for (int round = 0; round < 50; round++) {
    for (int i = 0; i < 7; i++) put(isolate, FRAME_BODY, sent++, FRAME_PAYLOAD_MAX);
    const char *streams = taken_streams(isolate);
    assert_in_range(strlen(streams), 1, ISOLATE_TURN_BYTES / FRAME_PAYLOAD_MAX);
    for (; *streams; streams++) assert_int_equal(*streams, '0' + got++ % 10);
  }
  while (isolate_has_frames(isolate))
    for (const char *streams = taken_streams(isolate); *streams; streams++)
      assert_int_equal(*streams, '0' + got++ % 10);
  assert_int_equal(got, sent);
}

static void test_inbox_is_bounded(void **state) {
  (void)state;
  struct isolate *isolate = opened(1);
  struct frame_header h = {.length = FRAME_PAYLOAD_MAX, .type = FRAME_BODY, .isolate = 1};
  size_t count = 0;
  while (isolate_put(&t, isolate, &h, payload)) count++;
  assert_int_equal(count, ISOLATE_INBOX_MAX / (sizeof h + FRAME_PAYLOAD_MAX));
  isolates_remove(&t, isolate);
  assert_null(isolate->inbox.data);
  isolates_recycle(&t, &isolate);
}

static void test_processor_time(void **state) {
  (void)state;
  struct isolate *isolate = opened(1);
  assert_int_equal(isolate_allowance(isolate), ISOLATE_GRACE_NS); /* nobody pays */
  put(isolate, FRAME_LOAD, 0, 0);
  taken_streams(isolate);
  assert_int_equal(isolate_allowance(isolate), 1000);
  isolate_charge(isolate, 400, 0, false);
  assert_int_equal(isolate_allowance(isolate), 600);
  put(isolate, FRAME_EVENT, 1, 40);
  taken_streams(isolate);
  assert_int_equal(isolate_allowance(isolate), 1000); /* 1600 in the pool, but one turn gets one limit */
  isolate_charge(isolate, 5000, 0, true);
  assert_int_equal(isolate_allowance(isolate), 0);
  put(isolate, FRAME_EVENT, 2, 40);
  taken_streams(isolate);
  isolate_charge(isolate, 100, 1, false);
  assert_int_equal(isolate_allowance(isolate), 900);
  isolate_charge(isolate, 100, 7, false); /* more DONE than events: a lie that gains nothing */
  assert_int_equal(isolate->events, 0);
  assert_int_equal(isolate->pool_ns, 0);
  assert_int_equal(isolate->cpu_ns, 400 + 5000 + 100 + 100);
}

static void test_rest_list(void **state) {
  (void)state;
  struct isolate *a = opened(1), *b = opened(2), *c = opened(3);
  isolates_rest(&t, a);
  isolates_rest(&t, b);
  isolates_rest(&t, c);
  isolates_rest(&t, a);
  assert_ptr_equal(t.rest_oldest, b);
  isolates_remove(&t, b);
  assert_ptr_equal(t.rest_oldest, c);
  isolates_unrest(&t, c);
  isolates_unrest(&t, c);
  assert_ptr_equal(t.rest_oldest, a);
  assert_ptr_equal(t.rest_newest, a);
  isolates_unrest(&t, a);
  assert_null(t.rest_oldest);
  assert_null(t.rest_newest);
  isolates_recycle(&t, &b);
}

static void test_wakes_in_order(void **state) {
  (void)state;
  enum { COUNT = 500 };
  struct wakes w = {0};
  static struct isolate isolates[COUNT];
  unsigned seed = 1;
  for (int round = 0; round < 20; round++) {
    size_t expected = 0;
    for (size_t i = 0; i < COUNT; i++) {
      assert_true(wakes_set(&w, &isolates[i], (uint64_t)rand_r(&seed) % 1000));
      if (rand_r(&seed) % 4 == 0) assert_true(wakes_set(&w, &isolates[i], (uint64_t)rand_r(&seed) % 1000));
    }
    for (size_t i = 0; i < COUNT; i++) {
      if (rand_r(&seed) % 3 == 0) wakes_drop(&w, &isolates[i]);
      expected += isolates[i].wake_at != 0;
    }
    assert_int_equal(w.count, expected);
    uint64_t last = 0;
    for (struct isolate *isolate; (isolate = wakes_pop(&w, 2000)); expected--) {
      assert_true(isolate->due_ns >= last);
      assert_int_equal(isolate->wake_at, 0);
      last = isolate->due_ns;
    }
    assert_int_equal(expected, 0);
  }
  assert_int_equal(wakes_next_ns(&w), UINT64_MAX);
  assert_true(wakes_set(&w, &isolates[0], 100));
  assert_null(wakes_pop(&w, 99));
  assert_ptr_equal(wakes_pop(&w, 100), &isolates[0]);
  wakes_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_numbers, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_one_event_a_turn, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_event_in_pieces, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_long_messages_in_parts, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_inbox_is_bounded, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_processor_time, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_rest_list, set_up, tear_down),
      cmocka_unit_test(test_wakes_in_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
