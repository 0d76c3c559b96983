/* test_ring.c: one direction of a link, base/ring.h: honest traffic, sleeping, and a peer that lies about counters and
 * changes bytes. The layout of struct ring_shared is mirrored here, because a liar knows it. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ring.h"

struct liar {
  _Alignas(64) _Atomic uint64_t written;
  _Alignas(64) _Atomic uint64_t read;
  _Alignas(64) _Atomic uint32_t consumer_sleeps;
  _Atomic uint32_t producer_sleeps;
  _Alignas(64) uint8_t data[RING_DATA];
};

struct link {
  void *memory;
  int cell_wake, gateway_wake;
  struct ring gateway_out, gateway_in, cell_in, cell_out;
};

static uint8_t payload[FRAME_PAYLOAD_MAX];

static int set_up(void **state) {
  struct link *l = calloc(1, sizeof *l);
  l->memory = aligned_alloc(64, ring_link_size());
  memset(l->memory, 0, ring_link_size());
  l->cell_wake = eventfd(0, EFD_NONBLOCK);
  l->gateway_wake = eventfd(0, EFD_NONBLOCK);
  /* each side wakes the other, whichever ring it is about */
  ring_attach(&l->gateway_out, &l->gateway_in, l->memory, l->cell_wake, l->cell_wake);
  ring_attach(&l->cell_in, &l->cell_out, l->memory, l->gateway_wake, l->gateway_wake);
  *state = l;
  return 0;
}

static int tear_down(void **state) {
  struct link *l = *state;
  close(l->cell_wake);
  close(l->gateway_wake);
  free(l->memory);
  free(l);
  return 0;
}

static struct liar *shared_of(struct link *l) { return l->memory; }

static uint64_t woken(int fd) {
  uint64_t n = 0;
  return read(fd, &n, sizeof n) == sizeof n ? n : 0;
}

static int get(struct ring *r, struct frame_header *h, const char **why) {
  return ring_get(r, FROM_GATEWAY, h, payload, why);
}

static void layout_is_known(void **state) {
  struct link *l = *state;
  assert_int_equal(2 * sizeof(struct liar), ring_link_size());
  struct frame_header h = {.type = FRAME_CLOSE, .isolate = 5};
  assert_true(ring_put(&l->gateway_out, &h, NULL));
  ring_publish(&l->gateway_out);
  assert_int_equal(shared_of(l)->written, sizeof h);
}

static void nothing_before_publish(void **state) {
  struct link *l = *state;
  struct frame_header h = {.type = FRAME_BODY, .length = 3, .isolate = 5, .stream = 6}, got;
  const char *why;
  assert_true(ring_put(&l->gateway_out, &h, "abc"));
  assert_int_equal(get(&l->cell_in, &got, &why), 0);
  ring_publish(&l->gateway_out);
  assert_int_equal(get(&l->cell_in, &got, &why), 1);
  assert_memory_equal(&h, &got, sizeof h);
  assert_memory_equal(payload, "abc", 3);
  assert_int_equal(get(&l->cell_in, &got, &why), 0);
}

static void fill(uint8_t *p, size_t n, uint32_t seed) {
  for (size_t i = 0; i < n; i++) p[i] = (uint8_t)(seed + i * 7);
}

/* Many times around the ring with every length class, the wrap included. */
static void around_and_around(void **state) {
  struct link *l = *state;
  static uint8_t sent[FRAME_PAYLOAD_MAX];
  struct frame_header got;
  const char *why;
  for (uint32_t i = 0; i < 2000; i++) {
    struct frame_header h = {.type = FRAME_BODY, .length = (i * 2654435761u) % (FRAME_PAYLOAD_MAX + 1), .stream = i};
    fill(sent, h.length, i);
    assert_true(ring_put(&l->gateway_out, &h, sent));
    ring_publish(&l->gateway_out);
    assert_int_equal(get(&l->cell_in, &got, &why), 1);
    assert_memory_equal(&h, &got, sizeof h);
    assert_memory_equal(sent, payload, h.length);
    ring_taken(&l->cell_in);
  }
  assert_true(l->gateway_out.mine > 10 * (uint64_t)RING_DATA);
}

static void whole_or_not_at_all(void **state) {
  struct link *l = *state;
  struct frame_header h = {.type = FRAME_BODY, .length = FRAME_PAYLOAD_MAX}, got;
  const char *why;
  unsigned n = 0;
  while (ring_put(&l->gateway_out, &h, payload)) n++;
  assert_int_equal(n, RING_DATA / (FRAME_PAYLOAD_MAX + sizeof h));
  uint64_t before = l->gateway_out.mine;
  assert_false(ring_put(&l->gateway_out, &h, payload));
  assert_true(l->gateway_out.mine == before);
  ring_publish(&l->gateway_out);
  for (unsigned i = 0; i < n; i++) assert_int_equal(get(&l->cell_in, &got, &why), 1);
  assert_false(ring_put(&l->gateway_out, &h, payload)); /* not given back yet */
  ring_taken(&l->cell_in);
  assert_true(ring_put(&l->gateway_out, &h, payload));
}

static void sleeping_consumer_is_woken_once(void **state) {
  struct link *l = *state;
  struct frame_header h = {.type = FRAME_CLOSE}, got;
  const char *why;
  assert_true(ring_consumer_may_sleep(&l->cell_in));
  ring_put(&l->gateway_out, &h, NULL);
  assert_int_equal(woken(l->cell_wake), 0);
  ring_publish(&l->gateway_out);
  ring_put(&l->gateway_out, &h, NULL);
  ring_publish(&l->gateway_out);
  assert_int_equal(woken(l->cell_wake), 1);
  assert_false(ring_consumer_may_sleep(&l->cell_in)); /* there is something to read */
  assert_int_equal(get(&l->cell_in, &got, &why), 1);
  ring_put(&l->gateway_out, &h, NULL);
  ring_publish(&l->gateway_out); /* awake: no system call */
  assert_int_equal(woken(l->cell_wake), 0);
}

static void awake_again_is_not_woken(void **state) {
  struct link *l = *state;
  struct frame_header h = {.type = FRAME_CLOSE};
  assert_true(ring_consumer_may_sleep(&l->cell_in));
  ring_consumer_awake(&l->cell_in);
  ring_put(&l->gateway_out, &h, NULL);
  ring_publish(&l->gateway_out);
  assert_int_equal(woken(l->cell_wake), 0);
}

static void sleeping_producer_is_woken(void **state) {
  struct link *l = *state;
  struct frame_header h = {.type = FRAME_BODY, .length = FRAME_PAYLOAD_MAX}, got;
  const char *why;
  assert_false(ring_producer_may_sleep(&l->gateway_out, h.length)); /* there is room */
  while (ring_put(&l->gateway_out, &h, payload)) continue;
  ring_publish(&l->gateway_out);
  assert_true(ring_producer_may_sleep(&l->gateway_out, h.length));
  assert_int_equal(get(&l->cell_in, &got, &why), 1);
  ring_taken(&l->cell_in);
  assert_int_equal(woken(l->gateway_wake), 1);
  assert_true(ring_room(&l->gateway_out, h.length));
}

/* C1: counters that no honest producer writes. */
static void lying_written_counter(void **state) {
  struct link *l = *state;
  static const uint64_t lies[] = {1, sizeof(struct frame_header) - 1, (uint64_t)RING_DATA + 1, UINT64_MAX, 1ull << 63};
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    struct frame_header got;
    const char *why = NULL;
    l->cell_in.mine = 0;
    shared_of(l)->written = lies[i];
    assert_int_equal(get(&l->cell_in, &got, &why), -1);
    assert_non_null(why);
  }
}

static void counter_that_goes_back(void **state) {
  struct link *l = *state;
  struct frame_header h = {.type = FRAME_CLOSE}, got;
  const char *why;
  ring_put(&l->gateway_out, &h, NULL);
  ring_publish(&l->gateway_out);
  assert_int_equal(get(&l->cell_in, &got, &why), 1);
  shared_of(l)->written = 0;
  assert_int_equal(get(&l->cell_in, &got, &why), -1);
}

static void lying_read_counter_gives_no_room(void **state) {
  struct link *l = *state;
  struct frame_header h = {.type = FRAME_CLOSE};
  static const uint64_t lies[] = {17, 1ull << 63, UINT64_MAX - RING_DATA};
  ring_put(&l->gateway_out, &h, NULL); /* 16 bytes are written */
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    shared_of(l)->read = lies[i];
    assert_false(ring_room(&l->gateway_out, 0));
    assert_false(ring_put(&l->gateway_out, &h, NULL));
  }
}

static void frame_longer_than_written(void **state) {
  struct link *l = *state;
  struct frame_header h = {.type = FRAME_BODY, .length = 100}, got;
  const char *why;
  memcpy(shared_of(l)->data, &h, sizeof h);
  shared_of(l)->written = sizeof h + 99;
  assert_int_equal(get(&l->cell_in, &got, &why), -1);
}

static void bad_frames_are_refused(void **state) {
  struct link *l = *state;
  static const struct frame_header lies[] = {
      {.type = 0},
      {.type = FRAME_TYPE_LAST + 1},
      {.type = 255},
      {.type = FRAME_DEAD, .length = 8}, /* not the gateway's to send */
      {.type = FRAME_BODY, .length = FRAME_PAYLOAD_MAX + 1u},
      {.type = FRAME_BODY, .length = UINT32_MAX},
      {.type = FRAME_BODY, .zero = 1},
      {.type = FRAME_BODY, .flags = 0x80},
      {.type = FRAME_WINDOW, .length = 3},
  };
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    struct frame_header got;
    const char *why = NULL;
    l->cell_in.mine = 0;
    memcpy(shared_of(l)->data, &lies[i], sizeof lies[i]);
    shared_of(l)->written = RING_DATA;
    assert_int_equal(get(&l->cell_in, &got, &why), -1);
    assert_non_null(why);
  }
}

enum { FLIPS = 20000 };

static void *flip(void *arg) {
  struct liar *s = arg;
  struct frame_header h;
  for (uint32_t i = 0; i < FLIPS; i++) {
    h = (struct frame_header){.type = FRAME_BODY, .length = i % 2 ? 4 : UINT32_MAX - i};
    memcpy(s->data, &h, sizeof h);
    atomic_store(&s->written, i % 3 ? 64 : (uint64_t)i << 40);
  }
  return NULL;
}

/* C1: bytes changed while they are read: whatever is accepted obeys the rules in the copy. */
static void bytes_changed_while_read(void **state) {
  struct link *l = *state;
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, flip, shared_of(l)), 0);
  for (int i = 0; i < FLIPS; i++) {
    struct frame_header got;
    const char *why;
    l->cell_in.mine = 0;
    if (get(&l->cell_in, &got, &why) != 1) continue;
    assert_null(frame_check(&got, FROM_GATEWAY));
    assert_true(l->cell_in.mine <= 64);
  }
  pthread_join(thread, NULL);
}

enum { FRAMES = 20000 };

static void wait_on(int fd) {
  uint64_t n;
  while (read(fd, &n, sizeof n) < 0) usleep(50);
}

static void *produce(void *arg) {
  struct link *l = arg;
  static uint8_t bytes[3000];
  for (uint32_t i = 0; i < FRAMES; i++) {
    struct frame_header h = {.type = FRAME_BODY, .length = i % 3000, .stream = i};
    fill(bytes, h.length, i);
    while (!ring_put(&l->gateway_out, &h, bytes)) {
      ring_publish(&l->gateway_out);
      if (ring_producer_may_sleep(&l->gateway_out, h.length)) wait_on(l->gateway_wake);
    }
    if (i % 5 == 0) ring_publish(&l->gateway_out);
  }
  ring_publish(&l->gateway_out);
  return NULL;
}

/* Two threads, both sleeping when there is nothing to do: no frame is lost and no wake-up is missed. */
static void two_sides_at_once(void **state) {
  struct link *l = *state;
  static uint8_t expected[3000];
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, produce, l), 0);
  for (uint32_t i = 0; i < FRAMES;) {
    struct frame_header got;
    const char *why;
    int rc = get(&l->cell_in, &got, &why);
    assert_true(rc >= 0);
    if (rc == 0) {
      ring_taken(&l->cell_in);
      if (ring_consumer_may_sleep(&l->cell_in)) wait_on(l->cell_wake);
      continue;
    }
    fill(expected, got.length, i);
    assert_int_equal(got.stream, i);
    assert_int_equal(got.length, i % 3000);
    assert_memory_equal(payload, expected, got.length);
    i++;
  }
  pthread_join(thread, NULL);
}

int main(void) {
#define RING_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      RING_TEST(layout_is_known),
      RING_TEST(nothing_before_publish),
      RING_TEST(around_and_around),
      RING_TEST(whole_or_not_at_all),
      RING_TEST(sleeping_consumer_is_woken_once),
      RING_TEST(awake_again_is_not_woken),
      RING_TEST(sleeping_producer_is_woken),
      RING_TEST(lying_written_counter),
      RING_TEST(counter_that_goes_back),
      RING_TEST(lying_read_counter_gives_no_room),
      RING_TEST(frame_longer_than_written),
      RING_TEST(bad_frames_are_refused),
      RING_TEST(bytes_changed_while_read),
      RING_TEST(two_sides_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
