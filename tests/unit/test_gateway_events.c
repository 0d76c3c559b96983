/* test_gateway_events.c: events that nobody asked for, in the gateway: scheduled ones at the minutes of crons, and
 * those of tails; what is recorded for them, also of isolates that lie about what they log. */
#include "play_cells.h"

#include <fcntl.h>
#include <jansson.h>

#include "gateway/log.h"
#include "gateway/schedule.h"

/* ---- crons ---- */

static struct schedule schedule;

static int setup_crons(void **state) {
  (void)state;
  start_world("}, \"triggers\": {\"crons\": [\"*/5 * * * *\", \"3 * * * *\"]");
  assert_int_equal(schedule_start(&schedule, &world.registry), 0);
  schedule.minute = 59;
  return 0;
}

static int teardown_crons(void **state) {
  schedule_free(&schedule);
  return teardown(state) || schedule.run_count ? -1 : 0;
}

static size_t count_events(uint32_t number) {
  size_t n = 0;
  for (size_t i = 0; i < cells.count; i++)
    n += cells.told[i].h.isolate == number && cells.told[i].h.type == FRAME_EVENT;
  return n;
}

static void assert_scheduled(const struct told *t, const char *time, const char *cron) {
  assert_non_null(t);
  struct reader r = reader_over(t->payload, t->h.length);
  size_t n;
  assert_int_equal(read_u8(&r), EVENT_SCHEDULED);
  read_u64(&r);
  read_str_borrow(&r, &n);
  read_str_borrow(&r, &n);
  const char *text = read_str_borrow(&r, &n);
  assert_int_equal(n, strlen(time));
  assert_memory_equal(text, time, n);
  text = read_str_borrow(&r, &n);
  assert_int_equal(n, strlen(cron));
  assert_memory_equal(text, cron, n);
  assert_int_equal(read_u16(&r), 0);
  assert_true(read_u64(&r) == 0 && !r.left && !r.bad);
  assert_int_equal(t->h.flags & FRAME_HAS_BODY, 0);
}

static void end_event(uint32_t number, uint32_t stream, uint8_t status_low, uint8_t status_high) {
  uint8_t head[16] = {status_low, status_high};
  assert_true(say(number, FRAME_HEAD, 0, stream, head, sizeof head));
  assert_true(say(number, FRAME_DONE, 0, stream, NULL, 0));
}

static void test_crons_fire(void **state) {
  (void)state;
  schedule_tick(&schedule, 60 * 60000 - 1);
  assert_int_equal(cells.count, 0);
  schedule_tick(&schedule, 60 * 60000);
  assert_int_equal(count_events(world.a), 1);
  const struct told *event = told(world.a, FRAME_EVENT);
  assert_scheduled(event, "3600000", "*/5 * * * *");
  schedule_tick(&schedule, 60 * 60000 + 59999);
  schedule_tick(&schedule, 62 * 60000);
  assert_int_equal(count_events(world.a), 1);
  assert_int_equal(schedule.run_count, 1);
  end_event(world.a, event->h.stream, 200, 0);
  assert_int_equal(schedule.run_count, 0);
  forget();
  schedule_tick(&schedule, 63 * 60000 + 1);
  assert_scheduled(told(world.a, FRAME_EVENT), "3780000", "3 * * * *");
  end_event(world.a, told(world.a, FRAME_EVENT)->h.stream, 501 & 255, 501 >> 8);
  assert_int_equal(schedule.run_count, 0);
}

static void test_crons_and_clocks(void **state) {
  (void)state;
  schedule_tick(&schedule, 64 * 60000); /* five minutes at once */
  assert_int_equal(count_events(world.a), 2);
  schedule_tick(&schedule, 100 * 60000); /* more of them: only the last five */
  assert_int_equal(count_events(world.a), 3);
  schedule_tick(&schedule, 90 * 60000); /* a little back: nothing comes twice */
  schedule_tick(&schedule, 100 * 60000);
  assert_int_equal(count_events(world.a), 3);
  schedule_tick(&schedule, 9 * 60000); /* far back: that is the time now */
  assert_int_equal(count_events(world.a), 3);
  schedule_tick(&schedule, 10 * 60000);
  assert_int_equal(count_events(world.a), 4);
  schedule_tick(&schedule, UINT64_MAX);
  schedule_tick(&schedule, 0);
}

static void test_crons_whose_isolate_ends(void **state) {
  (void)state;
  schedule_tick(&schedule, 60 * 60000);
  isolate_end_code(cells.isolate[world.a], true, ERROR_CPU, "");
  assert_int_equal(schedule.run_count, 0);
  schedule_tick(&schedule, 63 * 60000); /* and starts it anew */
  world.a = number_of("a");
  assert_true(told_at(told(world.a, FRAME_LOAD)) < told_at(told(world.a, FRAME_EVENT)));
  assert_true(say(world.a, FRAME_LOADED, 0, 0, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 14) == false);
  assert_int_equal(schedule.run_count, 0);
  schedule_tick(&schedule, 65 * 60000);
  assert_int_equal(schedule.run_count, 1); /* given up at the end */
}

static void test_crons_are_bounded(void **state) {
  (void)state;
  cells.deaf = true;
  for (uint64_t minute = 60; minute < 6000; minute++) schedule_tick(&schedule, minute * 60000);
  assert_int_equal(schedule.run_count, 256);
}

static void test_a_body_is_no_answer_of_scheduled(void **state) {
  static const uint8_t head[16] = {200};
  (void)state;
  schedule_tick(&schedule, 60 * 60000);
  uint32_t stream = told(world.a, FRAME_EVENT)->h.stream;
  assert_true(say(world.a, FRAME_HEAD, FRAME_HAS_BODY, stream, head, sizeof head));
  assert_int_equal(told(world.a, FRAME_CANCEL)->h.stream, stream);
  for (int i = 0; i < 10; i++) say(world.a, FRAME_BODY, 0, stream, head, sizeof head);
  assert_true(say(world.a, FRAME_DONE, 0, stream, NULL, 0));
}

/* A FETCH of scheduled() goes where others go. */
static void test_scheduled_by_a_guest(void **state) {
  static const char rest[] =
      "\1\0\0\0"
      "5"
      "\1\0\0\0"
      "c"
      "\0\0"
      "\0\0\0\0\0\0\0";
  (void)state;
  assert_true(fetch(world.a, STREAM, SERVICE, EVENT_SCHEDULED, FRAME_END, rest, sizeof rest));
  const struct told *event = told(world.b, FRAME_EVENT);
  assert_scheduled(event, "5", "c");
  end_event(world.b, event->h.stream, 201, 0);
  assert_int_equal(told(world.a, FRAME_HEAD)->payload[0], 201);
  assert_false(fetch(world.a, STREAM, 0, EVENT_SCHEDULED, FRAME_END, rest, sizeof rest)); /* not to the network */
}

static void test_kinds_that_no_guest_may_send(void **state) {
  static const uint8_t kinds[] = {0, EVENT_TEST, EVENT_TAIL, 6, 255};
  for (size_t i = 0; i < sizeof kinds; i++) {
    start_world("");
    assert_false(fetch(world.a, STREAM, SERVICE, kinds[i], FRAME_END, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 18));
    assert_int_equal(teardown(state), 0);
  }
}

/* ---- tails ---- */

/* A dynamic Worker with that many tails in a, each of them the entrypoint Tail with its props. */
static uint32_t load_with_tails(uint32_t stub, uint32_t count, uint32_t more) {
  for (uint32_t i = 0; i < count; i++) {
    if (!table_get(&cells.isolate[world.a]->channels, MINE)) assert_true(make(world.a, MINE, "Tail", "props", 5));
    assert_true(say_number(world.a, FRAME_CAPS, stub, MINE));
  }
  uint32_t n = send_code(stub, OUTBOUND_NONE | more | count << CODE_TAILS_SHIFT);
  return n;
}

static uint32_t begin_traced(uint32_t *stream) {
  get(OWN + 9);
  uint32_t n = load_with_tails(OWN + 9, 1, 0);
  load(n);
  assert_true(fetch(world.a, STREAM, OWN + 9, EVENT_FETCH, FRAME_END,
                    "\3\0\0\0GET\1\0\0\0u\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 22));
  *stream = told(n, FRAME_EVENT)->h.stream;
  forget();
  return n;
}

/* The record that a tail's event brings to the isolate: what is in its frames. */
static char record[1 << 20];

static uint32_t told_record(uint32_t number) {
  const struct told *event = told(number, FRAME_EVENT);
  size_t n, length = 0;
  assert_non_null(event);
  struct reader r = reader_over(event->payload, event->h.length);
  assert_int_equal(read_u8(&r), EVENT_TAIL);
  read_u64(&r);
  const char *entrypoint = read_str_borrow(&r, &n);
  assert_true(n == 4 && !memcmp(entrypoint, "Tail", 4));
  const char *props = read_str_borrow(&r, &n);
  assert_true(n == 5 && !memcmp(props, "props", 5));
  for (int i = 0; i < 2; i++) read_str_borrow(&r, &n);
  read_u16(&r);
  read_u64(&r);
  memcpy(record, r.p, length = r.left);
  for (size_t i = told_at(event) + 1; i < cells.count; i++) {
    const struct told *t = &cells.told[i];
    if (t->h.type != FRAME_BODY || t->h.isolate != number || t->h.stream != event->h.stream) continue;
    assert_true(length + t->h.length < sizeof record);
    memcpy(record + length, t->payload, t->h.length);
    length += t->h.length;
  }
  record[length] = 0;
  json_error_t error;
  json_t *json = json_loadb(record, length, JSON_ALLOW_NUL, &error);
  if (!json) print_error("%s at %d: %.60s\n", error.text, error.position, record + error.position - 30);
  assert_true(json_is_array(json));
  json_decref(json);
  return event->h.stream;
}

static void answer_traced(uint32_t n, uint32_t stream) {
  static const uint8_t head[16] = {200};
  assert_true(say(n, FRAME_HEAD, 0, stream, head, sizeof head));
  assert_true(say(n, FRAME_DONE, 0, stream, NULL, 0));
  run_loop();
}

static void test_a_record(void **state) {
  uint32_t stream, n = begin_traced(&stream);
  (void)state;
  assert_true(say(n, FRAME_LOG, 0, stream, "\x82[[\"hi\"]]", 9));
  answer_traced(n, stream);
  uint32_t tail = told_record(world.a);
  assert_non_null(strstr(record, ",\"kind\":\"fetch\",\"method\":\"GET\",\"url\":\"u\",\"headers\":[]}"));
  assert_non_null(strstr(record, ",\"[[\\\"hi\\\"]]\"]"));
  assert_non_null(strstr(record, "\"outcome\":\"ok\",\"status\":200"));
  answer_traced(world.a, tail);
  assert_int_equal(world.registry.tail_bytes, 0);
}

static void test_records_go_when_the_worker_is_gone(void **state) {
  uint32_t stream, n = begin_traced(&stream);
  (void)state;
  assert_true(say(world.a, FRAME_RELEASE, 0, OWN + 9, NULL, 0));
  isolate_end_code(cells.isolate[n], true, ERROR_CPU, "");
  run_loop();
  told_record(world.a);
  assert_non_null(strstr(record, "\"outcome\":\"exceededCpu\""));
}

/* The isolate whose tail it is ends, and with it what it loaded: the record begins it anew, once, and is no part of its
 * end. */
static void test_tail_whose_isolate_ends_first(void **state) {
  uint32_t stream, n = begin_traced(&stream);
  (void)state;
  isolate_end_code(cells.isolate[world.a], true, ERROR_CPU, "");
  assert_null(cells.isolate[n]);
  assert_null(told(world.a, FRAME_EVENT));
  run_loop();
  world.a = number_of("a");
  load(world.a);
  told_record(world.a);
  assert_non_null(strstr(record, "\"outcome\":\"canceled\""));
  assert_int_equal(world.registry.exchanges, 1);
}

static void get_named(uint32_t stub) { assert_true(say(world.a, FRAME_GET, 0, stub, "\1\0\0\0\1\1\0\0\0n", 10)); }

/* A Worker of a name gets as its tail what an earlier one of that name had passed on: itself. */
static void test_tails_of_tails_come_to_rest(void **state) {
  static const uint8_t head[16] = {204};
  (void)state;
  get_named(OWN + 9);
  uint32_t n = send_code(OWN + 9, OUTBOUND_NONE), events = 0;
  load(n);
  assert_true(fetch(world.a, STREAM, OWN + 9, EVENT_RPC, 0, "", 0));
  assert_true(make(n, MINE, "Tail", "", 0));
  assert_true(say_number(n, FRAME_CAPS, told(n, FRAME_EVENT)->h.stream, MINE));
  uint32_t given = cap(told(world.a, FRAME_CAPS), 0);
  isolate_end_code(cells.isolate[n], true, ERROR_TRAP, "");
  forget();
  get_named(OWN + 10);
  assert_true(say_number(world.a, FRAME_CAPS, OWN + 10, given));
  n = send_code(OWN + 10, OUTBOUND_NONE | 1u << CODE_TAILS_SHIFT);
  load(n);
  assert_true(fetch(world.a, STREAM + 1, OWN + 10, EVENT_FETCH, FRAME_END,
                    "\3\0\0\0GET\1\0\0\0u\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 22));
  for (const struct told *event; (event = told(n, FRAME_EVENT)) && events < 100; events++) {
    uint32_t stream = event->h.stream;
    assert_int_equal(event->payload[0], events ? EVENT_TAIL : EVENT_FETCH);
    forget();
    assert_true(say(n, FRAME_HEAD, 0, stream, head, sizeof head));
    assert_true(say(n, FRAME_DONE, 0, stream, NULL, 0));
    run_loop();
  }
  assert_int_equal(events, 1 + TAIL_DEPTH);
}

/* All cells are gone. */
static void test_records_at_the_end_of_all(void **state) {
  uint32_t stream, n = begin_traced(&stream);
  (void)state;
  isolate_end_code(cells.isolate[n], true, ERROR_CELL, "");
  assert_int_equal(world.registry.exchanges, 1 + (world.client != NULL)); /* it waits for the loop */
}

static void test_tail_that_dies(void **state) {
  uint32_t stream, n = begin_traced(&stream);
  (void)state;
  answer_traced(n, stream);
  told_record(world.a);
  isolate_end_code(cells.isolate[world.a], true, ERROR_TRAP, "");
  run_loop();
  assert_int_equal(world.registry.exchanges, 0);
  assert_int_equal(world.registry.tail_bytes, 0);
}

/* ---- lies ---- */

static bool log_frame(uint32_t n, uint32_t stream, const void *payload, size_t length) {
  return say(n, FRAME_LOG, 0, stream, payload, length);
}

/* None of them ends anybody: what is no JSON is text, what is no exception has no text, and a stream that is no event's
 * is passed over. The record stays well formed. */
static void test_odd_logs(void **state) {
  static const struct {
    const char *payload;
    size_t length;
  } odd[] = {
      {"\x80", 1},
      {"\xff", 1},
      {"\x82not JSON", 9},
      {"\x82\"],[\"exception\",0,\"a\",\"b\",\"c\"]", 31},
      {"\x87\xff\xfe\x80\0\x1b[31m\xc2\x9b\xe2\x80\xa8\xed\xa0\x80\xf4\x90\x80\x80", 20},
      {"\5", 1},
      {"\5\4\0\0\0Name", 9},
      {"\5\xff\xff\xff\xff", 5},
      {"\5\1\0\0\0N\xff\xff\xff\x7fm", 11},
      {"\5\1\0\0\0N\1\0\0\0m\0\0\0\0extra", 20},
      {"\5\0\0\0\0\0\0\0\0\0\0\0\0", 13},
      {"\6text", 5},
  };
  static uint8_t large[FRAME_PAYLOAD_MAX] = {LOG_LOG | LOG_VALUES};
  uint32_t stream, n = begin_traced(&stream);
  (void)state;
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
    assert_true(log_frame(n, stream, odd[i].payload, odd[i].length));
    assert_true(log_frame(n, stream ^ 1, odd[i].payload, odd[i].length));
    assert_true(log_frame(n, STREAM_GUEST | 5, odd[i].payload, odd[i].length));
    assert_true(log_frame(n, 0, odd[i].payload, odd[i].length));
  }
  memset(large + 1, 1, sizeof large - 1); /* six bytes each, when they are escaped */
  for (int i = 0; i < 100; i++) assert_true(log_frame(n, stream, large, sizeof large));
  memset(large + 1, 'x', sizeof large - 1);
  for (int i = 0; i < 100; i++) assert_true(log_frame(n, stream, large, sizeof large));
  answer_traced(n, stream);
  told_record(world.a);
  assert_true(strlen(record) <= TAIL_BYTES);
  assert_non_null(strstr(record, "\"truncated\":true"));
  assert_non_null(strstr(record, "\"outcome\":\"ok\""));
}

/* What they say of an event that is over, or of another's, is in no record. */
static void test_logs_of_others(void **state) {
  uint32_t stream, n = begin_traced(&stream);
  (void)state;
  assert_true(log_frame(world.a, STREAM_EVENT | 0, "\x82[[\"of a\"]]", 11));
  assert_true(log_frame(world.a, STREAM, "\x82[[\"of a\"]]", 11)); /* its fetch */
  answer_traced(n, stream);
  assert_true(log_frame(n, stream, "\x82[[\"late\"]]", 11));
  told_record(world.a);
  assert_null(strstr(record, "of a"));
  assert_null(strstr(record, "late"));
}

/* Many events at once, each with as much as fits: what is over is left out. */
static void test_records_are_bounded_together(void **state) {
  static uint8_t large[60000] = {LOG_LOG | LOG_VALUES};
  uint32_t stream, n = begin_traced(&stream);
  (void)state;
  cells.deaf = true;
  memset(large + 1, 'x', sizeof large - 1);
  for (uint32_t i = 1; i < 400; i++) {
    cells.isolate[world.a]->subrequests_left = 10;
    assert_true(fetch(world.a, STREAM + i, OWN + 9, EVENT_RPC, 0, "", 0));
  }
  uint32_t at = 0;
  for (const struct exchange *x; (x = table_next(&cells.isolate[n]->events, &at));)
    for (int k = 0; k < 5; k++) assert_true(log_frame(n, x->callee_stream, large, sizeof large));
  assert_true(world.registry.tail_bytes <= 64 << 20);
  assert_true(world.registry.tail_bytes > 50 << 20);
  isolate_end_code(cells.isolate[n], true, ERROR_CPU, "");
  run_loop();
  assert_int_equal(world.registry.tail_bytes, 0);
}

static void test_tails_that_are_not_there(void **state) {
  static const uint32_t words[] = {1u << CODE_TAILS_SHIFT, 65u << CODE_TAILS_SHIFT, 0xffffu << CODE_TAILS_SHIFT,
                                   OUTBOUND_CHANNEL | 1u << CODE_TAILS_SHIFT, 0xffffffffu};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    start_world("");
    get(OWN + 9);
    if (words[i] & OUTBOUND_CHANNEL) assert_true(say_number(world.a, FRAME_CAPS, OWN + 9, SERVICE));
    assert_int_equal(send_code(OWN + 9, words[i]), 0);
    assert_int_equal(teardown(state), 0);
  }
}

static void test_more_tails_than_there_may_be(void **state) {
  (void)state;
  get(OWN + 9);
  assert_int_equal(load_with_tails(OWN + 9, TAILS_MAX + 1, 0), 0);
}

/* ---- logs that come back ---- */

static uint32_t begin_collected(uint32_t *stream) {
  get(OWN + 9);
  uint32_t n = send_code(OWN + 9, OUTBOUND_NONE | CODE_COLLECT);
  load(n);
  assert_true(fetch(world.a, STREAM, OWN + 9, EVENT_RPC, FRAME_ASKS, "", 0));
  *stream = told(n, FRAME_EVENT)->h.stream;
  forget();
  return n;
}

static void test_collected_logs(void **state) {
  static uint8_t large[60000] = {LOG_LOG | LOG_VALUES};
  uint32_t stream, n = begin_collected(&stream);
  size_t bytes = 0;
  (void)state;
  assert_true(log_frame(n, stream, "\x84[[1]]", 6));
  const struct told *t = told(world.a, FRAME_LOG);
  assert_int_equal(t->h.stream, STREAM);
  assert_int_equal(t->payload[0], LOG_ERROR);
  assert_memory_equal(t->payload + 9, "[[1]]", 5);
  assert_true(log_frame(n, stream, "\5\0\0\0\0\0\0\0\0\0\0\0\0", 13)); /* exceptions are not logs */
  for (int i = 0; i < 100; i++) assert_true(log_frame(n, stream, large, sizeof large));
  for (size_t i = 0; i < cells.count; i++)
    if (cells.told[i].h.type == FRAME_LOG) bytes += cells.told[i].h.length;
  assert_true(bytes < 80000);
  forget();
  assert_true(say(world.a, FRAME_CANCEL, 0, STREAM, NULL, 0)); /* nobody waits any more */
  assert_true(log_frame(n, stream, "\x84[[1]]", 6));
  assert_null(told(world.a, FRAME_LOG));
}

#define CRONS(test) cmocka_unit_test_setup_teardown(test, setup_crons, teardown_crons)
#define WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
  log_to(open("/dev/null", O_WRONLY));
  const struct CMUnitTest tests[] = {
      CRONS(test_crons_fire),
      CRONS(test_crons_and_clocks),
      CRONS(test_crons_whose_isolate_ends),
      CRONS(test_crons_are_bounded),
      CRONS(test_a_body_is_no_answer_of_scheduled),
      WORLD(test_scheduled_by_a_guest),
      cmocka_unit_test(test_kinds_that_no_guest_may_send),
      WORLD(test_a_record),
      WORLD(test_records_go_when_the_worker_is_gone),
      WORLD(test_tail_whose_isolate_ends_first),
      WORLD(test_tails_of_tails_come_to_rest),
      WORLD(test_records_at_the_end_of_all),
      WORLD(test_tail_that_dies),
      WORLD(test_odd_logs),
      WORLD(test_logs_of_others),
      WORLD(test_records_are_bounded_together),
      cmocka_unit_test(test_tails_that_are_not_there),
      WORLD(test_more_tails_than_there_may_be),
      WORLD(test_collected_logs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
