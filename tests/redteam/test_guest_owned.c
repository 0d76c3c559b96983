/* test_guest_owned.c: the engine is owned (RED-TEAM G1-G4, G7, G9, G10): guests/owned.wat does what the records of a
 * turn say, and whatever that is, the lane comes back, the next isolate is the image byte for byte, and a fault that is
 * not the guest's kills the process.
 *
 * All tests run on one lane thread. cmocka puts its own handlers over ours before each test, so each test begins by
 * putting ours back (begin()).
 */
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/frame.h"
#include "guest/abi.h"
#include "isolate/lane.h"
#include "isolate/snapshot.h"

enum op {
  NOTHING,
  WRITE_ALL,
  GROW,
  LOAD_FAR,
  STORE_FAR,
  CALL_PLAIN,
  RECURSE,
  STRIDE,
  SEND,
  RANDOM,
  WAKE,
  LOOP,
  LOOP_IMPORTS,
  UNREACHABLE,
  DIVIDE,
  TELL,
  STORE,
  LOAD,
  RECURSE_RANDOM,
  FILL,
  SCATTER,
  CALL_WIDE,
  RECURSE_HUGE,
  CRYPTO,
  LOOP_CRYPTO,
};

struct record {
  uint32_t op, a, b, c;
};

enum { LIMIT = 64, ROOM_WORD = 64, NOTE_WORD = 68, FREE_SPACE = 4096, TELL_FRAME = sizeof(struct frame_header) + 5 };

static struct image *image;
static struct slot_pool *pool;
static struct lane *lane;
static char err[512];
static const int handled[] = {SIGSEGV, SIGBUS, SIGFPE, SIGUSR2};
static struct sigaction ours[4];

static void begin(void) {
  for (int i = 0; i < 4; i++) sigaction(handled[i], &ours[i], NULL);
  buf_clear(&lane->out);
}

static enum turn_end turn_on(struct lane *on, struct slot *slot, const struct record *records, size_t count) {
  return lane_turn(on, slot, (const uint8_t *)records, count * sizeof *records);
}

static enum turn_end turn(struct slot *slot, enum op op, uint32_t a, uint32_t b, uint32_t c) {
  struct record record = {op, a, b, c};
  return turn_on(lane, slot, &record, 1);
}

/* One isolate, one operation. */
static enum turn_end once(enum op op, uint32_t a, uint32_t b) {
  struct slot *slot = slot_take(pool, false, LIMIT);
  assert_non_null(slot);
  enum turn_end end = turn(slot, op, a, b, 0);
  slot_give(pool, &slot);
  return end;
}

static uint32_t noted(struct slot *slot) {
  uint32_t value;
  buf_clear(&lane->out);
  assert_int_equal(turn(slot, TELL, 0, 0, 0), TURN_OK);
  assert_int_equal(lane->out.len, TELL_FRAME);
  memcpy(&value, lane->out.data + sizeof(struct frame_header) + 1, sizeof value);
  buf_clear(&lane->out);
  return value;
}

static size_t image_bytes(void) { return (size_t)image->pages * SLOT_PAGE; }

static uint32_t pages_differing(const struct slot *slot) {
  uint32_t n = 0;
  for (size_t at = 0; at < image_bytes(); at += IMAGE_PAGE)
    n += memcmp(slot->base + at, image->base + at, IMAGE_PAGE) != 0;
  return n;
}

static void assert_next_is_fresh(bool kept) {
  struct slot *slot = slot_take(pool, kept, LIMIT);
  assert_non_null(slot);
  assert_int_equal(slot->pages, image->pages);
  assert_int_equal(pages_differing(slot), 0);
  assert_int_not_equal(slot_grow(slot, 5), UINT32_MAX);
  for (size_t i = 0; i < (size_t)5 * SLOT_PAGE; i += 8) {
    uint64_t word;
    memcpy(&word, slot->base + image_bytes() + i, sizeof word);
    assert_int_equal(word, 0);
  }
  slot_give(pool, &slot);
}

/* ---- G9 ---- */

static void every_page_written(void **state) {
  (void)state;
  begin();
  for (int round = 0; round < 12; round++) {
    bool kept = round % 2, next_kept = round / 2 % 2;
    struct slot *slot = slot_take(pool, kept, LIMIT);
    assert_non_null(slot);
    assert_int_equal(turn(slot, GROW, 5, 0, 0), TURN_OK);
    assert_int_equal(turn(slot, WRITE_ALL, 0, 0, 0), TURN_OK);
    assert_int_equal(pages_differing(slot), image->pages * 16);
    assert_int_equal(slot->base[image_bytes() + 5 * SLOT_PAGE - 1], 0x5A);
    slot_give(pool, &slot);
    assert_next_is_fresh(next_kept);
  }
}

static void left_at_any_point(void **state) {
  static const enum op ends[] = {NOTHING, UNREACHABLE, DIVIDE, LOAD_FAR, CALL_PLAIN, RECURSE, SEND};
  (void)state;
  begin();
  srand(1);
  for (int round = 0; round < 140; round++) {
    bool kept = rand() % 4 == 0;
    struct record records[] = {{GROW, (uint32_t)rand() % 3, 0, 0},
                               {SCATTER, (uint32_t)rand(), (uint32_t)rand() % 60, 0},
                               {ends[round % 7], 0, 0, 0}};
    struct slot *slot = slot_take(pool, kept, LIMIT);
    assert_non_null(slot);
    assert_int_equal(turn_on(lane, slot, records, 3) == TURN_OK, ends[round % 7] == NOTHING);
    if (rand() % 5 == 0) assert_int_equal(slot_keep(slot), 0);
    slot_give(pool, &slot);
    slot = slot_take(pool, rand() % 4 == 0, LIMIT);
    assert_int_equal(pages_differing(slot), 0);
    slot_give(pool, &slot);
  }
  assert_next_is_fresh(false);
}

static void work(struct slot_pool *of, int runs, enum op op, uint32_t pages) {
  for (int i = 0; i < runs; i++) {
    struct slot *slot = slot_take(of, false, LIMIT);
    assert_non_null(slot);
    assert_int_equal(turn(slot, op, 1000000, 7, pages), TURN_OK);
    slot_give(of, &slot);
    if (i % 1000 >= 50) continue;
    slot = slot_take(of, false, LIMIT);
    assert_int_equal(pages_differing(slot), 0);
    slot_give(of, &slot);
  }
}

static void hot_pages_follow_the_work(void **state) {
  struct slot_pool *fresh;
  (void)state;
  begin();
  assert_int_equal(slot_pool_new(&fresh, image, err, sizeof err), 0);
  uint32_t before = slot_pool_hot(fresh);
  assert_true(before >= image->hot_count && image->hot_count >= 5);
  work(fresh, 100, STRIDE, 40);
  assert_true(slot_pool_hot(fresh) >= before + 39);
  work(fresh, 40000, NOTHING, 0); /* they stay for a good while: 200 censuses of 128 runs */
  assert_int_equal(slot_pool_hot(fresh), before);
  slot_pool_free(&fresh);
}

/* ---- G1, G2, G3 ---- */

static void far_addresses(void **state) {
  static const uint32_t at[] = {0, 1, 0x7fffffff, 0xfffffffc, 0xffffffff};
  (void)state;
  begin();
  for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
    assert_int_equal(once(LOAD_FAR, at[i], 0), TURN_TRAP);
    assert_int_equal(once(STORE_FAR, at[i], 0), TURN_TRAP);
  }
  uint32_t end = image->pages * SLOT_PAGE;
  assert_int_equal(once(STORE, end - 4, 1), TURN_OK);
  assert_int_equal(once(STORE, end - 3, 1), TURN_TRAP);
  assert_int_equal(once(LOAD, end, 0), TURN_TRAP);
  assert_int_equal(once(FILL, end - 8, 9), TURN_TRAP);
  assert_int_equal(once(FILL, 0xfffffff0u, 0xfffffff0u), TURN_TRAP);
}

static void indirect_calls(void **state) {
  static const uint32_t bad[] = {0, 2, 3, 7, 8, 0x7fffffff, 0xffffffff};
  (void)state;
  begin();
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_int_equal(once(CALL_PLAIN, bad[i], 0), TURN_TRAP);
  assert_string_equal(lane->detail, "bad indirect call");
  assert_int_equal(once(CALL_WIDE, 1, 0), TURN_TRAP);
  assert_int_equal(once(CALL_PLAIN, 1, 0), TURN_OK);
  struct slot *slot = slot_take(pool, false, LIMIT);
  assert_int_equal(turn(slot, CALL_WIDE, 2, 0, 0), TURN_OK);
  assert_int_equal(noted(slot), 42);
  slot_give(pool, &slot);
}

static void *recurse_on_a_lane(void *arg) {
  static const enum op ops[] = {RECURSE, RECURSE_RANDOM, RECURSE_HUGE};
  struct lane *mine = NULL;
  struct slot_pool *my_pool = NULL;
  char why[256];
  size_t *good = arg;
  if (lane_enter(&mine, image, why, sizeof why) || slot_pool_new(&my_pool, image, why, sizeof why)) return NULL;
  for (int i = 0; i < 3; i++) {
    struct record record = {ops[i % 3], 0, 0, 0}, nothing = {NOTHING, 0, 0, 0};
    struct slot *slot = slot_take(my_pool, i % 2, LIMIT);
    if (slot && turn_on(mine, slot, &record, 1) == TURN_STACK) ++*good;
    slot_give(my_pool, &slot);
    slot = slot_take(my_pool, i % 2, LIMIT);
    if (slot && turn_on(mine, slot, &nothing, 1) == TURN_OK) ++*good;
    slot_give(my_pool, &slot);
  }
  slot_pool_free(&my_pool);
  lane_leave(&mine);
  return NULL;
}

static void deep_recursion_on_every_lane(void **state) {
  enum { LANES = 3 };
  unsigned long threads[LANES];
  size_t good[LANES] = {0};
  (void)state;
  begin();
  for (int i = 0; i < LANES; i++) {
    assert_int_equal(lane_thread(recurse_on_a_lane, &good[i], &threads[i], err, sizeof err), 0);
  }
  for (int i = 0; i < LANES; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < LANES; i++) assert_int_equal(good[i], 6);
}

static void stack_bounds_are_glibcs(void **state) {
  pthread_attr_t attr;
  void *low;
  size_t size;
  (void)state;
  begin();
  assert_int_equal(pthread_getattr_np(pthread_self(), &attr), 0);
  assert_int_equal(pthread_attr_getstack(&attr, &low, &size), 0);
  pthread_attr_destroy(&attr);
  assert_true(lane->stack >= (uintptr_t)low);
  assert_true(lane->stack < (uintptr_t)low + 128 * 1024);
  assert_true(lane->guard >= (uintptr_t)low - LANE_GUARD);
}

/* ---- G4, G7 ---- */

static void wrapping_pointers(void **state) {
  uint32_t end = image->pages * SLOT_PAGE;
  const uint32_t ranges[][2] = {{0xffffffff, 16}, {0xfffffff0, 16}, {0xfffffff0, 17},  {end - 15, 16},
                                {end, 16},        {0, 0xffffffff},  {16, 0xfffffff0u}, {0x80000000, 0x80000000},
                                {0, end + 1}};
  (void)state;
  begin();
  for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
    assert_int_equal(once(SEND, ranges[i][0], ranges[i][1]), TURN_PROTOCOL);
    assert_int_equal(once(RANDOM, ranges[i][0], ranges[i][1]), TURN_PROTOCOL);
    assert_int_equal(lane->out.len, 0);
  }
  assert_int_equal(once(RANDOM, 65536, 65537), TURN_PROTOCOL);
  assert_int_equal(once(RANDOM, 65536, 65536), TURN_OK);
  assert_int_equal(once(RANDOM, end - 1, 1), TURN_OK);
  assert_int_equal(once(RANDOM, end, 0), TURN_OK);
}

static void hostile_room(void **state) {
  uint32_t end = image->pages * SLOT_PAGE;
  const uint32_t rooms[] = {0xffffffff, 0xfffffff0, end, end - 15};
  (void)state;
  begin();
  for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
    struct slot *slot = slot_take(pool, false, LIMIT);
    assert_int_equal(turn(slot, STORE, ROOM_WORD, rooms[i], 0), TURN_OK);
    assert_int_equal(turn(slot, NOTHING, 0, 0, 0), TURN_PROTOCOL);
    slot_give(pool, &slot);
  }
  struct slot *slot = slot_take(pool, false, LIMIT);
  assert_int_equal(turn(slot, STORE, ROOM_WORD, 0, 0), TURN_OK);
  assert_int_equal(turn(slot, NOTHING, 0, 0, 0), TURN_MEMORY);
  slot_give(pool, &slot);
}

static enum turn_end send_header(struct frame_header header, uint32_t length) {
  uint32_t word[4];
  memcpy(word, &header, sizeof header);
  struct slot *slot = slot_take(pool, false, LIMIT);
  struct record records[5];
  for (uint32_t i = 0; i < 4; i++) records[i] = (struct record){STORE, FREE_SPACE + 4 * i, word[i], 0};
  records[4] = (struct record){SEND, FREE_SPACE, length, 0};
  enum turn_end end = turn_on(lane, slot, records, 5);
  slot_give(pool, &slot);
  return end;
}

static void frames_that_lie(void **state) {
  struct frame_header good = {.type = FRAME_DONE, .isolate = 99, .stream = 7}, bad;
  (void)state;
  begin();
  lane->isolate = 4711;
  assert_int_equal(send_header(good, 16), TURN_OK);
  struct frame_header sent;
  assert_int_equal(lane->out.len, sizeof sent);
  memcpy(&sent, lane->out.data, sizeof sent);
  assert_int_equal(sent.isolate, 4711);
  assert_int_equal(sent.stream, 7);
  buf_clear(&lane->out);
  assert_int_equal(send_header(good, 15), TURN_PROTOCOL);
  assert_int_equal(send_header(good, 17), TURN_PROTOCOL);
  assert_int_equal(send_header(good, 0), TURN_PROTOCOL);
  bad = good, bad.length = 0xffffffff;
  assert_int_equal(send_header(bad, 16), TURN_PROTOCOL);
  assert_int_equal(send_header(bad, 15), TURN_PROTOCOL);
  bad = good, bad.type = FRAME_OPEN;
  assert_int_equal(send_header(bad, 16), TURN_PROTOCOL);
  bad = good, bad.type = 255;
  assert_int_equal(send_header(bad, 16), TURN_PROTOCOL);
  bad = good, bad.zero = 1;
  assert_int_equal(send_header(bad, 16), TURN_PROTOCOL);
  assert_int_equal(lane->out.len, 0);
}

/* ---- G4: the import for cryptography ---- */

enum { WORDS = sizeof(struct guest_crypto) / 4, CALL = FREE_SPACE, KEY = FREE_SPACE + 1024, TO = 70000 };

static enum turn_end crypto_with(struct slot *slot, struct guest_crypto call, enum op op) {
  uint32_t word[WORDS];
  struct record records[WORDS + 1];
  memcpy(word, &call, sizeof call);
  for (uint32_t i = 0; i < WORDS; i++) records[i] = (struct record){STORE, CALL + 4 * i, word[i], 0};
  records[WORDS] = (struct record){op, CALL, 0, 0};
  return turn_on(lane, slot, records, WORDS + 1);
}

static enum turn_end crypto_once(struct guest_crypto call) {
  struct slot *slot = slot_take(pool, false, LIMIT);
  enum turn_end end = crypto_with(slot, call, CRYPTO);
  slot_give(pool, &slot);
  return end;
}

static const struct guest_crypto sha256 = {.operation = CRYPTO_HASH_FINAL, .a = HASH_SHA256, .out = {TO, 32}};

static void crypto_works(void **state) {
  (void)state;
  begin();
  struct slot *slot = slot_take(pool, false, LIMIT);
  assert_int_equal(crypto_with(slot, sha256, CRYPTO), TURN_OK);
  assert_int_equal(noted(slot), 32);
  assert_memory_equal(slot->base + TO, "\xe3\xb0\xc4\x42\x98\xfc\x1c\x14", 8); /* of nothing */
  slot_give(pool, &slot);
}

static void crypto_wrapping_pointers(void **state) {
  uint32_t end = image->pages * SLOT_PAGE;
  const struct guest_bytes bad[] = {{0xffffffff, 16}, {0xfffffff0, 17}, {end - 15, 16}, {end, 1},
                                    {end + 1, 0},     {0, 0xffffffff},  {0, end + 1},   {0x80000000, 0x80000000}};
  (void)state;
  begin();
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct guest_crypto call = {.operation = CRYPTO_HKDF, .a = HASH_SHA256, .out = {TO, 32}}, wrong;
    assert_int_equal(crypto_once(call), TURN_OK);
    wrong = call, wrong.key = bad[i];
    assert_int_equal(crypto_once(wrong), TURN_PROTOCOL);
    wrong = call, wrong.data = bad[i];
    assert_int_equal(crypto_once(wrong), TURN_PROTOCOL);
    wrong = call, wrong.aside = bad[i];
    assert_int_equal(crypto_once(wrong), TURN_PROTOCOL);
    wrong = call, wrong.extra = bad[i];
    assert_int_equal(crypto_once(wrong), TURN_PROTOCOL);
    wrong = call, wrong.out = bad[i];
    assert_int_equal(crypto_once(wrong), TURN_PROTOCOL);
    assert_int_equal(once(CRYPTO, end - (uint32_t)i, 0), TURN_PROTOCOL); /* the call itself */
    assert_int_equal(once(CRYPTO, 0xffffffffu - (uint32_t)i, 0), TURN_PROTOCOL);
  }
}

static void crypto_outside_the_table(void **state) {
  static const uint32_t operations[] = {0, 25, 26, 255, 0x7fffffff, 0x80000000, 0xffffffff};
  (void)state;
  begin();
  for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
    struct guest_crypto call = sha256;
    call.operation = operations[i];
    assert_int_equal(crypto_once(call), TURN_PROTOCOL);
  }
  for (uint32_t number = 1; number <= 24; number++) { /* numbers too large for any of them */
    struct guest_crypto call = {.operation = number, .a = 0xffffffff, .out = {TO, 4096}};
    assert_int_equal(crypto_once(call), TURN_PROTOCOL);
    call = (struct guest_crypto){.operation = number, .c = 0xffffffff, .out = {TO, 4096}};
    assert_int_equal(crypto_once(call), TURN_PROTOCOL);
  }
  struct guest_crypto small = sha256;
  small.out.length = 31;
  assert_int_equal(crypto_once(small), TURN_PROTOCOL);
  struct guest_crypto kept = sha256;
  kept.aside = (struct guest_bytes){KEY, 39}; /* half a state */
  assert_int_equal(crypto_once(kept), TURN_PROTOCOL);
}

/* Keys that are none, with everything else right: an error, and the guest goes on. */
static void crypto_garbage_keys(void **state) {
  const struct guest_crypto calls[] = {
      {.operation = CRYPTO_EC_POINT, .key = {KEY, 65}, .out = {TO, 65}},
      {.operation = CRYPTO_RSA_CHECK, .key = {KEY, 600}},
      {.operation = CRYPTO_RSA_SIGN, .b = HASH_SHA256, .key = {KEY, 600}, .out = {TO, 2048}},
      {.operation = CRYPTO_RSA_DECRYPT, .b = HASH_SHA256, .key = {KEY, 600}, .data = {KEY, 128}, .out = {TO, 2048}},
      {.operation = CRYPTO_AES_DECRYPT,
       .a = AES_CBC,
       .key = {KEY, 16},
       .aside = {KEY, 16},
       .data = {KEY, 33},
       .out = {TO, 64}},
  };
  (void)state;
  begin();
  for (unsigned seed = 0; seed < 30; seed++) {
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
      struct slot *slot = slot_take(pool, false, LIMIT);
      for (uint32_t at = 0; at < 600; at += 4)
        assert_int_equal(turn(slot, STORE, KEY + at, (uint32_t)rand() * 3u >> (seed % 30), 0), TURN_OK);
      assert_int_equal(crypto_with(slot, calls[i], CRYPTO), TURN_OK);
      assert_int_equal(noted(slot), (uint32_t)CRYPTO_FAILED);
      slot_give(pool, &slot);
    }
  }
}

static uint64_t milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void *kill_soon(void *arg) {
  (void)arg;
  while (!lane_current(lane)) __asm__ volatile("pause");
  nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
  lane_kill(lane, lane_current(lane), TURN_CPU);
  return NULL;
}

/* The longest that each can be made to work: ends soon after the kill. */
static void crypto_killed(void **state) {
  const struct guest_crypto calls[] = {
      {.operation = CRYPTO_PBKDF2, .a = HASH_SHA512, .b = CRYPTO_ITERATIONS_MAX, .out = {TO, CRYPTO_KDF_MAX}},
      {.operation = CRYPTO_SCRYPT, .a = 1 << 17, .b = 8, .c = 1, .out = {TO, 64}},
      {.operation = CRYPTO_SCRYPT, .a = 2, .b = 1024, .c = 512, .out = {TO, CRYPTO_KDF_MAX}},
      {.operation = CRYPTO_RSA_GENERATE, .a = CRYPTO_RSA_PRIVATE_BITS_MAX, .b = 65537, .out = {TO, 65536}},
      {.operation = CRYPTO_HASH_FINAL, .a = HASH_MD5, .data = {0, 2500000}, .out = {TO, 32}},
      {.operation = CRYPTO_HKDF, .a = HASH_MD5, .extra = {0, 2500000}, .out = {TO, 255 * 16}},
  };
  (void)state;
  begin();
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
    pthread_t thread;
    struct slot *slot = slot_take(pool, i % 2, LIMIT);
    assert_int_equal(pthread_create(&thread, NULL, kill_soon, NULL), 0);
    uint64_t before = milliseconds();
    assert_int_equal(crypto_with(slot, calls[i], LOOP_CRYPTO), TURN_CPU);
    assert_true(milliseconds() - before < 5000);
    pthread_join(thread, NULL);
    slot_give(pool, &slot);
  }
  assert_int_equal(crypto_once(sha256), TURN_OK);
  assert_next_is_fresh(false);
}

struct killer {
  struct lane *lane;
  uint64_t turns;                /* numbers below this may be killed */
  _Atomic unsigned char *killed; /* by turn: a kill was tried */
  _Atomic bool stop;
};

static void *kill_all(void *arg) {
  struct killer *killer = arg;
  unsigned seed = 7;
  while (!atomic_load(&killer->stop)) {
    uint64_t now = lane_current(killer->lane);
    for (int wait = rand_r(&seed) % 2000; wait > 0; wait--) __asm__ volatile("pause");
    if (!now || now >= killer->turns) continue;
    atomic_store(&killer->killed[now], 1);
    lane_kill(killer->lane, now, TURN_CPU);
  }
  return NULL;
}

static void kill_start(struct killer *killer, uint64_t turns, pthread_t *thread) {
  *killer = (struct killer){.lane = lane, .turns = lane->turns + turns + 1};
  killer->killed = calloc(killer->turns, 1);
  assert_non_null(killer->killed);
  assert_int_equal(pthread_create(thread, NULL, kill_all, killer), 0);
}

static void kill_end(struct killer *killer, pthread_t thread) {
  atomic_store(&killer->stop, true);
  pthread_join(thread, NULL);
  free((void *)killer->killed);
}

static void killed_in_an_import(void **state) {
  struct killer killer;
  pthread_t thread;
  (void)state;
  begin();
  kill_start(&killer, 200, &thread);
  int wrong = 0;
  for (int i = 0; i < 200; i++) wrong += once(i % 2 ? LOOP_IMPORTS : LOOP, 0, 0) != TURN_CPU;
  kill_end(&killer, thread);
  assert_int_equal(wrong, 0);
  assert_int_equal(once(RANDOM, 4096, 32), TURN_OK);
  assert_next_is_fresh(false);
}

/* Never a turn that was not meant, and never a turn that was left halfway and told as whole. */
static void kills_hit_their_own_turn(void **state) {
  enum { TURNS = 6000 };
  struct killer killer;
  pthread_t thread;
  int wrong = 0, hit = 0, whole = 0;
  (void)state;
  begin();
  kill_start(&killer, TURNS, &thread);
  for (uint32_t i = 0; i < TURNS; i++) {
    struct slot *slot = slot_take(pool, true, LIMIT);
    struct record records[] = {{SCATTER, i, i % 64, 0}, {RANDOM, 8192, 16, 0}, {STORE, FREE_SPACE, ~i, 0}};
    enum turn_end end = turn_on(lane, slot, records, 3);
    uint32_t last;
    memcpy(&last, slot->base + FREE_SPACE, sizeof last);
    if (end == TURN_OK)
      whole++, wrong += last != ~i;
    else if (end == TURN_CPU)
      hit++, wrong += !atomic_load(&killer.killed[lane->turns]);
    else
      wrong++;
    slot_give(pool, &slot);
  }
  kill_end(&killer, thread);
  assert_int_equal(wrong, 0);
  assert_true(hit > 0);
  assert_true(whole > 0);
  lane_kill(lane, lane->turns, TURN_CPU);     /* over */
  lane_kill(lane, lane->turns + 1, TURN_CPU); /* not begun */
  assert_int_equal(once(NOTHING, 0, 0), TURN_OK);
}

/* ---- G10 ---- */

static volatile uintptr_t low_address = 8;

static void host_fault(void) { *(volatile int *)low_address = 1; }

/* As if slot->pages were wrong: the host writes to the guard behind the memory. */
static void host_fault_in_a_turn(void) {
  struct slot *slot = slot_take(pool, false, LIMIT);
  turn(slot, STORE, ROOM_WORD, 0x7fff0000, 0);
  slot->pages = 0x8000;
  turn(slot, NOTHING, 0, 0, 0);
}

/* As if the guest had reached what is not its own: the lane believes itself in another slot. */
static void *move_slot(void *arg) {
  struct slot *other = arg;
  while (!lane_current(lane)) __asm__ volatile("pause");
  for (int i = 0; i < 1000000; i++) __asm__ volatile("pause");
  lane->slot = other;
  return NULL;
}

static void guest_fault_elsewhere(void) {
  static struct slot other;
  struct slot *slot = slot_take(pool, true, LIMIT);
  pthread_t thread;
  if (slot_blank(&other, 1, 1)) _exit(0);
  /* the first goes on until the lane has moved, however long the other thread waits for a processor */
  struct record records[] = {{SCATTER, 1, 2000000000, 0}, {LOAD_FAR, 0, 0, 0}};
  if (pthread_create(&thread, NULL, move_slot, &other)) _exit(0);
  turn_on(lane, slot, records, 2);
}

static void *send_fault(void *arg) {
  pthread_t victim = *(pthread_t *)arg;
  while (!lane_current(lane)) __asm__ volatile("pause");
  pthread_kill(victim, SIGSEGV);
  return NULL;
}

static void fault_that_was_sent(void) {
  pthread_t thread, self = pthread_self();
  if (pthread_create(&thread, NULL, send_fault, &self)) _exit(0);
  once(LOOP, 0, 0);
}

static void dies(void (*attack)(void)) {
  int status;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    int null = open("/dev/null", O_WRONLY);
    dup2(null, 2);
    attack();
    _exit(0);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
#ifdef MAYFLY_ASAN
  assert_true(status != 0); /* the sanitizer reports and exits */
#else
  assert_true(WIFSIGNALED(status));
  assert_int_equal(WTERMSIG(status), SIGSEGV);
#endif
}

static void faults_outside_are_death(void **state) {
  (void)state;
  begin();
  dies(host_fault);
  dies(host_fault_in_a_turn);
  dies(guest_fault_elsewhere);
  dies(fault_that_was_sent);
  assert_int_equal(once(NOTHING, 0, 0), TURN_OK);
}

/* ---- limits and modes ---- */

static void memory_limit(void **state) {
  (void)state;
  begin();
  for (int kept = 0; kept < 2; kept++) {
    struct slot *slot = slot_take(pool, kept, image->pages + 2);
    assert_int_equal(turn(slot, GROW, 2, 0, 0), TURN_OK);
    assert_int_equal(noted(slot), image->pages);
    assert_int_equal(turn(slot, GROW, image->pages + 3, 0, 0), TURN_OK);
    assert_int_equal(noted(slot), 0xffffffff);
    assert_int_equal(turn(slot, GROW, 0xffffffff, 0, 0), TURN_OK);
    assert_int_equal(noted(slot), 0xffffffff);
    assert_int_equal(turn(slot, GROW, 1, 0, 0), TURN_MEMORY);
    slot_give(pool, &slot);
  }
}

static void keep_and_trim(void **state) {
  (void)state;
  begin();
  struct slot *slot = slot_take(pool, false, LIMIT);
  assert_int_equal(turn(slot, STRIDE, 500000, 77, 10), TURN_OK);
  assert_int_equal(turn(slot, GROW, 1, 0, 0), TURN_OK);
  assert_int_equal(slot_keep(slot), 0);
  assert_true(slot->kept);
  assert_int_equal(turn(slot, STRIDE, 1500000, 78, 3), TURN_OK);
  uint8_t *before = malloc(image_bytes());
  assert_non_null(before);
  memcpy(before, slot->base, image_bytes());
  slot_trim(slot);
  assert_memory_equal(slot->base, before, image_bytes());
  free(before);
  assert_int_equal(slot_private_bytes(slot), pages_differing(slot) * IMAGE_PAGE + SLOT_PAGE);
  assert_int_equal(turn(slot, LOAD, 500000, 0, 0), TURN_OK);
  assert_int_equal(noted(slot), 77);
  slot_give(pool, &slot);
  assert_next_is_fresh(true);
  assert_next_is_fresh(false);
}

/* What another isolate's snapshot brings is there to the last byte, and nothing of it in the next. */
static void snapshot_is_exact(void **state) {
  (void)state;
  begin();
  for (int round = 0; round < 16; round++) {
    bool kept = round % 2, copy_kept = round / 2 % 2, all = round / 4 % 2, grown = round / 8 % 2;
    struct slot *slot = slot_take(pool, kept, LIMIT);
    if (grown) assert_int_equal(turn(slot, GROW, 3, 0, 0), TURN_OK);
    assert_int_equal(turn(slot, all ? WRITE_ALL : STRIDE, 500000, 77, 10), TURN_OK);
    if (grown) slot->base[image_bytes() + 2 * SLOT_PAGE + 5] = 0x33;
    struct snapshot *snapshot = snapshot_take(slot);
    assert_non_null(snapshot);
    for (int copies = 0; copies < 2; copies++) {
      struct slot *copy = slot_take(pool, copy_kept, LIMIT);
      assert_int_equal(snapshot_put(snapshot, copy), 0);
      assert_int_equal(copy->pages, slot->pages);
      size_t stack = image->stack_pointer / IMAGE_PAGE * IMAGE_PAGE, bytes = (size_t)slot->pages * SLOT_PAGE;
      assert_memory_equal(copy->base + stack, slot->base + stack, bytes - stack);
      assert_int_equal(turn(copy, STRIDE, 700000, 5, 20), TURN_OK);
      slot_give(pool, &copy);
      assert_next_is_fresh(copy_kept);
    }
    snapshot_release(&snapshot);
    assert_null(snapshot);
    slot_give(pool, &slot);
  }
  struct slot *slot = slot_take(pool, false, LIMIT);
  assert_int_equal(turn(slot, GROW, 3, 0, 0), TURN_OK);
  struct snapshot *snapshot = snapshot_take(slot);
  struct slot *small = slot_take(pool, false, image->pages + 2);
  assert_int_equal(snapshot_put(snapshot, small), -1);
  slot_give(pool, &small);
  slot_give(pool, &slot);
  snapshot_release(&snapshot);
  assert_next_is_fresh(false);
}

static void random_bytes_differ(void **state) {
  enum { ISOLATES = 40 };
  uint32_t seen[ISOLATES];
  (void)state;
  begin();
  for (int i = 0; i < ISOLATES; i++) {
    struct slot *slot = slot_take(pool, false, LIMIT);
    assert_int_equal(turn(slot, RANDOM, NOTE_WORD, 4, 0), TURN_OK);
    seen[i] = noted(slot);
    slot_give(pool, &slot);
  }
  int same = 0;
  for (int i = 0; i < ISOLATES; i++) {
    for (int j = 0; j < i; j++) same += seen[i] == seen[j];
  }
  assert_true(same < 2); /* two equal words of 32 bits: once in five million runs */
}

static void clock_and_wake(void **state) {
  (void)state;
  begin();
  struct slot *slot = slot_take(pool, false, LIMIT);
  lane->wake_ms = INFINITY;
  assert_int_equal(turn(slot, WAKE, 12345, 0, 0), TURN_OK);
  assert_true(lane->wake_ms == 12345.0);
  assert_int_equal(lane_turn(lane, slot, NULL, 0), TURN_OK);
  assert_int_equal(lane_current(lane), 0);
  assert_true(lane_cpu_ns(lane) > 0);
  slot_give(pool, &slot);
}

/* Slots run out before the kernel's mappings do, and everything goes on. */
static void slots_are_refused_in_time(void **state) {
  enum { MANY = 70000 };
  struct slot **slots = calloc(MANY, sizeof *slots);
  size_t taken = 0;
  (void)state;
  begin();
  assert_non_null(slots);
  while (taken < MANY && (slots[taken] = slot_take(pool, taken % 2, LIMIT))) taken++;
  assert_in_range(taken, 1000, MANY - 1);
  assert_int_equal(turn(slots[0], WRITE_ALL, 0, 0, 0), TURN_OK);
  assert_int_equal(turn(slots[taken - 1], WRITE_ALL, 0, 0, 0), TURN_OK);
  void *p = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_ptr_not_equal(p, MAP_FAILED);
  munmap(p, 1 << 20);
  for (size_t i = 0; i < taken; i++) slot_give(pool, &slots[i]);
  free(slots);
  assert_next_is_fresh(false);
}

/* ---- images ---- */

static int written(const void *bytes, size_t size) {
  int fd = memfd_create("image", MFD_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(pwrite(fd, bytes, size, 0), size);
  return fd;
}

static void written_and_opened(void **state) {
  struct image *opened = NULL;
  (void)state;
  begin();
  int fd = written("", 0);
  assert_int_equal(image_write(image, fd, err, sizeof err), 0);
  assert_int_equal(image_open(&opened, fd, 0, err, sizeof err), 0);
  assert_memory_equal(opened->base, image->base, image_bytes());
  assert_int_equal(opened->hot_count, image->hot_count);
  assert_memory_equal(opened->hot, image->hot, sizeof image->hot);
  image_free(&opened);
}

/* The header's words: magic, pages, first, stored, stack_pointer, hot_count, hot[]. */
static void broken_headers_are_refused(void **state) {
  static const struct {
    int word;
    uint32_t value;
  } broken[] = {{0, 0}, {1, 0}, {1, 65536}, {2, 641}, {3, 641}, {3, 0xffffffff}, {4, 0x10000000}, {5, 1001}, {6, 640}};
  uint32_t header[IMAGE_PAGE / 4];
  struct image *opened = NULL;
  (void)state;
  begin();
  int fd = written("", 0);
  assert_int_equal(image_write(image, fd, err, sizeof err), 0);
  assert_int_equal(image->pages, 40);
  for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
    assert_int_equal(pread(fd, header, sizeof header, 0), sizeof header);
    header[broken[i].word] = broken[i].value;
    assert_int_equal(image_open(&opened, written(header, sizeof header), 0, err, sizeof err), -1);
    assert_null(opened);
  }
  assert_int_equal(image_open(&opened, written(header, 100), 0, err, sizeof err), -1);
  close(fd);
}

/* ---- */

static void *on_the_lane(void *arg) {
  static int failed = 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_page_written),
      cmocka_unit_test(left_at_any_point),
      cmocka_unit_test(hot_pages_follow_the_work),
      cmocka_unit_test(far_addresses),
      cmocka_unit_test(indirect_calls),
      cmocka_unit_test(deep_recursion_on_every_lane),
      cmocka_unit_test(stack_bounds_are_glibcs),
      cmocka_unit_test(wrapping_pointers),
      cmocka_unit_test(hostile_room),
      cmocka_unit_test(frames_that_lie),
      cmocka_unit_test(crypto_works),
      cmocka_unit_test(crypto_wrapping_pointers),
      cmocka_unit_test(crypto_outside_the_table),
      cmocka_unit_test(crypto_garbage_keys),
      cmocka_unit_test(crypto_killed),
      cmocka_unit_test(killed_in_an_import),
      cmocka_unit_test(kills_hit_their_own_turn),
      cmocka_unit_test(faults_outside_are_death),
      cmocka_unit_test(memory_limit),
      cmocka_unit_test(keep_and_trim),
      cmocka_unit_test(snapshot_is_exact),
      cmocka_unit_test(random_bytes_differ),
      cmocka_unit_test(clock_and_wake),
      cmocka_unit_test(slots_are_refused_in_time),
      cmocka_unit_test(written_and_opened),
      cmocka_unit_test(broken_headers_are_refused),
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
  const struct record usual[] = {{STRIDE, 200000, 1, 5}};
  unsigned long thread;
  void *failed = NULL;
  if (image_build(&image, "x", 1, err, sizeof err) ||
      image_calibrate(image, (const uint8_t *)usual, sizeof usual, err, sizeof err) ||
      lane_setup(image, err, sizeof err) || lane_thread(on_the_lane, NULL, &thread, err, sizeof err)) {
    fprintf(stderr, "%s\n", err);
    return 1;
  }
  pthread_join(thread, &failed);
  image_free(&image);
  return *(int *)failed != 0;
}
