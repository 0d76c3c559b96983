/* test_cell_loop.c: the loop of a cell (src/cell) between a gateway and guests that this file plays: what is done with
 * frames, turns, processor time, wake-ups and isolates that end badly. The isolate layer is replaced as a whole, so
 * that a "guest" does exactly what its event's method says. */
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/errors.h"
#include "play_gateway.h"

/* ---- guests ---- */

struct slot_pool {
  int taken, given, kept;
};
static struct slot_pool pool;
static atomic_int inside[1 << 16]; /* turns in an isolate now, by a hash of its number */
static atomic_int spinning;        /* turns that were begun and spin */

int image_open(struct image **out, int fd, off_t at, char *err, size_t size) {
  (void)out, (void)fd, (void)at, (void)err, (void)size;
  return -1;
}
void image_free(struct image **image) { *image = NULL; }

int slot_pool_new(struct slot_pool **out, const struct image *image, char *err, size_t size) {
  (void)image, (void)err, (void)size;
  pool = (struct slot_pool){0};
  *out = &pool;
  return 0;
}
void slot_pool_free(struct slot_pool **p) { *p = NULL; }
struct slot *slot_take(struct slot_pool *p, bool kept, uint32_t limit_pages) {
  struct slot *slot = calloc(1, sizeof *slot);
  slot->kept = kept;
  slot->limit_pages = limit_pages;
  p->taken++;
  p->kept += kept;
  return slot;
}
void slot_reset(struct slot *slot) { slot->fresh = true; }
void slot_give(struct slot_pool *p, struct slot **slot) {
  p->given++;
  free(*slot);
  *slot = NULL;
}
int slot_keep(struct slot *slot) {
  slot->kept = true;
  return 0;
}
void slot_trim(struct slot *slot) { slot->pages = 1; }
size_t slot_private_bytes(const struct slot *slot) { return (size_t)slot->pages << 20; }

/* What a template did is in its slot's pages: a copy begins with as many. */
struct snapshot {
  atomic_int references;
  uint32_t pages;
};
static atomic_int snapshots;
struct snapshot *snapshot_take(const struct slot *slot) {
  struct snapshot *s = calloc(1, sizeof *s);
  s->references = 1;
  s->pages = slot->pages;
  atomic_fetch_add(&snapshots, 1);
  return s;
}
struct snapshot *snapshot_share(struct snapshot *s) {
  atomic_fetch_add(&s->references, 1);
  return s;
}
void snapshot_release(struct snapshot **s) {
  if (*s && atomic_fetch_sub(&(*s)->references, 1) == 1) {
    free(*s);
    atomic_fetch_sub(&snapshots, 1);
  }
  *s = NULL;
}
int snapshot_put(const struct snapshot *s, struct slot *slot) {
  slot->pages = s->pages;
  return 0;
}

int lane_setup(const struct image *image, char *err, size_t size) {
  (void)image, (void)err, (void)size;
  return 0;
}
int lane_thread(void *(*run)(void *), void *arg, unsigned long *thread, char *err, size_t size) {
  (void)err, (void)size;
  return pthread_create(thread, NULL, run, arg);
}
int lane_enter(struct lane **out, const struct image *image, char *err, size_t size) {
  (void)image, (void)err, (void)size;
  *out = calloc(1, sizeof **out);
  buf_init(&(*out)->out, 8 << 20);
  pthread_getcpuclockid(pthread_self(), &(*out)->clock);
  return 0;
}
void lane_leave(struct lane **lane) {
  buf_free(&(*lane)->out);
  free(*lane);
  *lane = NULL;
}
void lane_kill(struct lane *lane, uint64_t turn, enum turn_end why) {
  atomic_store(&lane->kill, turn << 8 | (uint64_t)why);
}
uint64_t lane_current(const struct lane *lane) { return atomic_load(&lane->current); }
uint64_t lane_cpu_ns(const struct lane *lane) {
  struct timespec ts;
  clock_gettime(lane->clock, &ts);
  return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void send_from(struct lane *lane, uint8_t type, uint32_t stream, const void *p, size_t n) {
  size_t mark = buf_frame_begin(&lane->out, type, 0, lane->isolate, stream);
  buf_put(&lane->out, p, n);
  buf_frame_end(&lane->out, mark);
}
static void answer(struct lane *lane, uint32_t stream, const char *text) {
  send_from(lane, FRAME_BODY, stream, text, strlen(text));
  send_from(lane, FRAME_DONE, stream, NULL, 0);
}
static bool killed(const struct lane *lane, enum turn_end *why) {
  uint64_t kill = atomic_load(&lane->kill);
  *why = (enum turn_end)(kill & 0xff);
  return kill >> 8 == atomic_load(&lane->current);
}
static enum turn_end spin(const struct lane *lane) {
  enum turn_end why;
  atomic_fetch_add(&spinning, 1);
  for (volatile unsigned i = 0;; i++)
    if (!(i & 1023) && killed(lane, &why)) return why;
}
static void flood(struct lane *lane, uint32_t stream) {
  uint8_t bytes[1000];
  for (uint32_t i = 0; i < 4000; i++) {
    memset(bytes, (int)i, sizeof bytes);
    send_from(lane, FRAME_BODY, stream, bytes, sizeof bytes);
  }
  answer(lane, stream, "flooded");
}

static enum turn_end on_event(struct lane *lane, struct slot *slot, uint32_t stream, const char *what,
                              uint32_t events) {
  char text[80];
  if (!strcmp(what, "spin")) {
    send_from(lane, FRAME_LOG, 0, "\2spinning", 9);
    send_from(lane, FRAME_BODY, stream, "never seen", 10);
    return spin(lane);
  }
  if (!strcmp(what, "trap")) return strcpy(lane->detail, "unreachable"), TURN_TRAP;
  if (!strcmp(what, "stack")) return TURN_STACK;
  if (!strcmp(what, "memory")) return TURN_MEMORY;
  if (!strcmp(what, "grow")) slot->pages = 5;
  if (!strcmp(what, "pages")) return send_from(lane, FRAME_LOG, 0, slot->pages == 9 ? "\2nine" : "\2other", 5), TURN_OK;
  if (!strcmp(what, "sleep")) {
    lane->wake_ms = lane->now_ms + 20;
    return TURN_OK;
  }
  if (!strcmp(what, "flood")) return flood(lane, stream), TURN_OK;
  snprintf(text, sizeof text, "%s %u limit %u", what, events, slot->limit_pages);
  answer(lane, stream, text);
  return TURN_OK;
}

enum turn_end lane_turn(struct lane *lane, struct slot *slot, const uint8_t *frames, size_t length) {
  atomic_int *here = &inside[lane->isolate * 2654435761u >> 16];
  if (atomic_fetch_add(here, 1)) abort(); /* one isolate is in one lane */
  atomic_store(&lane->current, ++lane->turns);
  enum turn_end end = TURN_OK;
  uint32_t events = 0;
  char what[16];
  for (size_t at = 0; at < length && end == TURN_OK;) {
    struct frame_header h;
    memcpy(&h, frames + at, sizeof h);
    struct reader r = reader_over(frames + at + sizeof h, h.length);
    at += sizeof h + h.length;
    if (h.type == FRAME_SEED && at == sizeof h) send_from(lane, FRAME_LOG, 0, "\2seed", 5);
    if (h.type == FRAME_LOAD && r.left) slot->pages = 9;
    if (h.type == FRAME_LOAD) send_from(lane, FRAME_LOADED, 0, "\1", 1);
    if (h.type != FRAME_EVENT) continue;
    events++;
    read_bytes_borrow(&r, 17);
    size_t n;
    const char *method = read_str_borrow(&r, &n);
    snprintf(what, sizeof what, "%.*s", (int)n, method);
    end = on_event(lane, slot, h.stream, what, events);
  }
  if (!length) {
    lane->wake_ms = INFINITY;
    answer(lane, STREAM_EVENT | 1, "awake");
  }
  atomic_store(&lane->current, 0);
  atomic_fetch_sub(here, 1);
  return end;
}

/* ---- the gateway ---- */

static struct bench *start(unsigned lanes) { return start_cell(NULL, lanes); }
static void open_isolate(struct bench *b, uint32_t isolate) { open_flags(b, isolate, 8, 10000, 0); }
static void end(struct bench *b, const char *reason) {
  end_cell(b, reason);
  assert_int_equal(pool.taken, pool.given);
}

static void expect_answer(struct bench *b, uint32_t isolate, uint32_t n, const char *text) {
  assert_int_equal(next(b), FRAME_BODY);
  assert_int_equal(b->h.isolate, isolate);
  assert_int_equal(b->h.stream, STREAM_EVENT | n);
  assert_string_equal((char *)b->payload, text);
  assert_int_equal(next(b), FRAME_DONE);
}

static void expect_dead(struct bench *b, uint32_t isolate, enum error_code code, const char *detail) {
  assert_int_equal(next(b), FRAME_DEAD);
  assert_int_equal(b->h.isolate, isolate);
  assert_int_equal(b->payload[0], code);
  assert_string_equal((char *)b->payload + 5, detail);
}

/* ---- tests ---- */

static void test_load_event_close(void **state) {
  (void)state;
  struct bench *b = start(1);
  for (uint32_t generation = 1; generation <= 50; generation++) {
    uint32_t number = generation << CELL_INDEX_BITS | 7;
    open_isolate(b, number);
    put(b, FRAME_LOAD, number, 0, NULL);
    event(b, number, 1, "hello");
    assert_int_equal(next(b), FRAME_LOADED);
    assert_int_equal(b->h.isolate, number);
    expect_answer(b, number, 1, "hello 1 limit 128");
    put(b, FRAME_CLOSE, number, 0, NULL);
    event(b, number, 2, "silence"); /* of a generation that is gone */
  }
  end(b, NULL);
}

static void open_copy(struct bench *b, uint32_t isolate, uint32_t template) {
  struct buf p;
  buf_init(&p, 100);
  for (int i = 0; i < 3; i++) buf_put_u32(&p, i < 2 ? 8 : 0);
  buf_put_u32(&p, template);
  put(b, FRAME_OPEN, isolate, 0, &p);
  buf_free(&p);
}

static void expect_log(struct bench *b, uint32_t isolate, const char *text) {
  while (next(b) == FRAME_USAGE) continue;
  assert_int_equal(b->h.type, FRAME_LOG);
  assert_int_equal(b->h.isolate, isolate);
  assert_int_equal(b->h.length, 1 + strlen(text));
  assert_memory_equal(b->payload + 1, text, strlen(text));
}

static void test_copies(void **state) {
  (void)state;
  enum { TEMPLATE = 1 << CELL_INDEX_BITS | 3 };
  struct bench *b = start(2);
  struct buf code;
  buf_init(&code, 10);
  buf_put_u8(&code, 1);
  open_flags(b, TEMPLATE, 8, 10000, OPEN_TEMPLATE);
  put(b, FRAME_LOAD, TEMPLATE, 0, &code);
  ring_publish(&b->out);
  assert_int_equal(next(b), FRAME_LOADED);
  for (uint32_t i = 10; i < 60; i++) {
    uint32_t number = 1 << CELL_INDEX_BITS | i;
    open_copy(b, number, TEMPLATE);
    event(b, number, 1, "pages");
    expect_log(b, number, "seed");
    expect_log(b, number, "nine");
    if (i % 2) put(b, FRAME_CLOSE, number, 0, NULL);
  }
  put(b, FRAME_CLOSE, TEMPLATE, 0, NULL);
  open_copy(b, 1 << CELL_INDEX_BITS | 100, TEMPLATE);
  event(b, 1 << CELL_INDEX_BITS | 100, 1, "hello");
  while (next(b) != FRAME_DEAD) assert_int_equal(b->h.type, FRAME_USAGE);
  assert_int_equal(b->h.isolate, 1 << CELL_INDEX_BITS | 100);
  assert_int_equal(b->payload[0], ERROR_GONE);
  buf_free(&code);
  end(b, NULL);
  assert_int_equal(atomic_load(&snapshots), 0);
}

static void test_one_event_a_turn(void **state) {
  (void)state;
  struct bench *b = start(1);
  open_isolate(b, 1 << CELL_INDEX_BITS);
  for (uint32_t i = 1; i <= 200; i++) put_event(b, 1 << CELL_INDEX_BITS, i, "hello", 0);
  ring_publish(&b->out);
  for (uint32_t i = 1; i <= 200; i++) expect_answer(b, 1 << CELL_INDEX_BITS, i, "hello 1 limit 128");
  end(b, NULL);
}

static void test_many_isolates_many_lanes(void **state) {
  (void)state;
  struct bench *b = start(3);
  enum { ISOLATES = 40, ROUNDS = 100 };
  uint32_t got[ISOLATES] = {0};
  for (uint32_t i = 0; i < ISOLATES; i++) open_flags(b, 1 << CELL_INDEX_BITS | i, 8, 1000, i % 2 ? OPEN_KEPT : 0);
  for (uint32_t round = 1; round <= ROUNDS; round++) {
    for (uint32_t i = 0; i < ISOLATES; i++) put_event(b, 1 << CELL_INDEX_BITS | i, round, "hello", 0);
    ring_publish(&b->out);
    for (uint32_t i = 0; i < ISOLATES; i++) {
      assert_int_equal(next(b), FRAME_BODY);
      got[b->h.isolate & 0xff]++;
      while (b->h.type != FRAME_DONE) next(b);
    }
  }
  for (uint32_t i = 0; i < ISOLATES; i++) assert_int_equal(got[i], ROUNDS);
  assert_int_equal(pool.kept, ISOLATES / 2);
  end(b, NULL);
}

static void test_bad_ends(void **state) {
  (void)state;
  static const struct {
    const char *what, *detail;
    enum error_code code;
  } cases[] = {{"trap", "unreachable", ERROR_TRAP}, {"stack", "stack", ERROR_TRAP}, {"memory", "", ERROR_MEMORY}};
  struct bench *b = start(1);
  open_isolate(b, 9);
  for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    open_isolate(b, 1 << CELL_INDEX_BITS | i);
    event(b, 1 << CELL_INDEX_BITS | i, 1, cases[i].what);
    event(b, 1 << CELL_INDEX_BITS | i, 2, "too late"); /* dropped with the isolate, or of a number that is gone */
    expect_dead(b, 1 << CELL_INDEX_BITS | i, cases[i].code, cases[i].detail);
    event(b, 9, i + 1, "hello");
    expect_answer(b, 9, i + 1, "hello 1 limit 128");
  }
  end(b, NULL);
}

static void test_spin_is_killed_and_neighbours_go_on(void **state) {
  (void)state;
  struct bench *b = start(1);
  open_flags(b, 1, 8, 20, 0);
  open_isolate(b, 2);
  event(b, 1, 1, "spin");
  uint32_t answered = 0;
  for (bool dead = false; !dead; answered++) { /* neighbours are answered all the while */
    event(b, 2, answered + 1, "hello");
    while (next(b) != FRAME_DONE) {
      if (b->h.isolate == 2) continue;
      assert_true(b->h.type == FRAME_LOG || b->h.type == FRAME_DEAD);
      if (b->h.type == FRAME_DEAD) dead = b->payload[0] == ERROR_CPU;
    }
  }
  assert_true(answered > 10);
  end(b, NULL);
}

static void test_event_has_its_own_limit(void **state) {
  (void)state;
  struct bench *b = start(1);
  open_flags(b, 1, 8, 3600000, 0); /* were this the limit, the test would not end */
  put_event(b, 1, 1, "spin", 5);
  ring_publish(&b->out);
  assert_int_equal(next(b), FRAME_LOG);
  expect_dead(b, 1, ERROR_CPU, "");
  end(b, NULL);
}

static void test_many_hogs(void **state) {
  (void)state;
  struct bench *b = start(1);
  enum { HOGS = RUNNERS_MAX + 10 };
  for (uint32_t i = 1; i <= HOGS; i++) {
    open_flags(b, i, 8, 20, 0);
    event(b, i, 1, "spin");
  }
  for (uint32_t i = 0; i < HOGS; i++) {
    while (next(b) == FRAME_LOG) continue;
    assert_int_equal(b->h.type, FRAME_DEAD);
    assert_int_equal(b->payload[0], ERROR_CPU);
  }
  open_isolate(b, 9999);
  event(b, 9999, 1, "hello");
  expect_answer(b, 9999, 1, "hello 1 limit 128");
  end(b, NULL);
}

static void test_close_ends_a_turn(void **state) {
  (void)state;
  struct bench *b = start(1);
  for (uint32_t i = 1; i <= 20; i++) {
    open_flags(b, i << CELL_INDEX_BITS, 8, 3600000, 0);
    int before = atomic_load(&spinning);
    event(b, i << CELL_INDEX_BITS, 1, "spin");
    while (atomic_load(&spinning) == before) sched_yield();
    put(b, FRAME_CLOSE, i << CELL_INDEX_BITS, 0, NULL);
    ring_publish(&b->out);
  }
  open_isolate(b, 21 << CELL_INDEX_BITS); /* the index is free at once */
  event(b, 21 << CELL_INDEX_BITS, 1, "hello");
  expect_answer(b, 21 << CELL_INDEX_BITS, 1, "hello 1 limit 128"); /* and nothing comes of the others */
  end(b, NULL);
}

static void test_wake_up(void **state) {
  (void)state;
  struct bench *b = start(2);
  for (uint32_t i = 1; i <= 5; i++) {
    open_isolate(b, i);
    event(b, i, 1, "sleep");
  }
  for (uint32_t i = 1; i <= 5; i++) {
    assert_int_equal(next(b), FRAME_BODY);
    assert_string_equal((char *)b->payload, "awake");
    assert_int_equal(next(b), FRAME_DONE);
  }
  end(b, NULL);
}

static void test_more_than_the_ring_holds(void **state) {
  (void)state;
  struct bench *b = start(1);
  open_isolate(b, 1);
  event(b, 1, 1, "flood");
  for (uint32_t i = 0; i < 4000; i++) {
    assert_int_equal(next(b), FRAME_BODY);
    assert_int_equal(b->h.length, 1000);
    assert_int_equal(b->payload[999], (uint8_t)i);
  }
  expect_answer(b, 1, 1, "flooded");
  end(b, NULL);
}

static void test_usage_is_told(void **state) {
  (void)state;
  struct bench *b = start(1);
  open_flags(b, 1, 8, 1000, OPEN_KEPT);
  event(b, 1, 1, "grow");
  expect_answer(b, 1, 1, "grow 1 limit 128");
  assert_int_equal(next(b), FRAME_USAGE);
  struct reader r = reader_over(b->payload, b->h.length);
  assert_int_equal(read_u64(&r), 5 << 20);
  assert_int_equal(next(b), FRAME_USAGE); /* it rested: its slot was trimmed */
  r = reader_over(b->payload, b->h.length);
  assert_int_equal(read_u64(&r), 1 << 20);
  end(b, NULL);
}

static void test_bad_frames_stop_the_cell(void **state) {
  (void)state;
  struct bench *b = start(1);
  open_isolate(b, 5);
  open_isolate(b, 5);
  ring_publish(&b->out);
  end(b, "its index is in use");

  b = start(2);
  open_isolate(b, 5);
  put_event(b, 5, 1, "spin", 3600000); /* a turn that nothing else would end */
  put(b, FRAME_MAKE, 5, 0, NULL);
  ring_publish(&b->out);
  end(b, "not allowed from this side");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_load_event_close),
      cmocka_unit_test(test_one_event_a_turn),
      cmocka_unit_test(test_many_isolates_many_lanes),
      cmocka_unit_test(test_bad_ends),
      cmocka_unit_test(test_spin_is_killed_and_neighbours_go_on),
      cmocka_unit_test(test_event_has_its_own_limit),
      cmocka_unit_test(test_many_hogs),
      cmocka_unit_test(test_close_ends_a_turn),
      cmocka_unit_test(test_wake_up),
      cmocka_unit_test(test_copies),
      cmocka_unit_test(test_more_than_the_ring_holds),
      cmocka_unit_test(test_usage_is_told),
      cmocka_unit_test(test_bad_frames_stop_the_cell),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
