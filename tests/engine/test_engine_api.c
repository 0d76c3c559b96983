/* test_engine_api.c: the guest's build loses nothing of the engine: every test of the engine's own api-test.c passes
 * inside an isolate, each in a fresh one (guest.c is that guest, and says how it is told which).
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/frame.h"
#include "isolate/lane.h"

enum { LIMIT = 4096 }; /* 256 MiB */

static struct image *image;
static struct slot_pool *pool;
static struct lane *lane;
static char err[512];

static const char *const names[] = {
#define API_TEST(name) #name,
#include "api-tests.def"
#undef API_TEST
};
enum { COUNT = sizeof names / sizeof names[0] };

static void run(void **state) {
  uint32_t number = (uint32_t)(uintptr_t)*state;
  struct slot *slot = slot_take(pool, true, LIMIT); /* kept: takes no faults, which are cmocka's here */
  assert_non_null(slot);
  enum turn_end end = lane_turn(lane, slot, (const uint8_t *)&number, sizeof number);
  slot_give(pool, &slot);
  const size_t head = sizeof(struct frame_header) + 1;
  if (lane->out.len > head) print_error("%.*s\n", (int)(lane->out.len - head), (const char *)lane->out.data + head);
  if (end != TURN_OK) print_error("the turn ended with %d: %s\n", (int)end, lane->detail);
  buf_clear(&lane->out);
  assert_int_equal(end, TURN_OK);
}

static void *on_the_lane(void *arg) {
  static int failed = 1;
  struct CMUnitTest tests[COUNT];
  (void)arg;
  if (lane_enter(&lane, image, err, sizeof err) || slot_pool_new(&pool, image, err, sizeof err)) {
    fprintf(stderr, "%s\n", err);
    return &failed;
  }
  for (uintptr_t i = 0; i < COUNT; i++) {
    tests[i] = (struct CMUnitTest){.name = names[i], .test_func = run, .initial_state = (void *)i};
  }
  failed = cmocka_run_group_tests(tests, NULL, NULL);
  slot_pool_free(&pool);
  lane_leave(&lane);
  return &failed;
}

int main(void) {
  unsigned long thread;
  void *failed = NULL;
  if (image_build(&image, "x", 1, err, sizeof err) || lane_setup(image, err, sizeof err) ||
      lane_thread(on_the_lane, NULL, &thread, err, sizeof err)) {
    fprintf(stderr, "%s\n", err);
    return 1;
  }
  pthread_join(thread, &failed);
  image_free(&image);
  return *(int *)failed != 0;
}
