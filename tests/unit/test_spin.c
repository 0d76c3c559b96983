/* test_spin.c: how long a side of a link looks on before it sleeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "base/spin.h"

static uint64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000;
}

/* Looks in vain until it is time to sleep. */
static void look(struct spin *s) {
  do sched_yield();
  while (spin_more(s));
}

static void nothing_expected(void **state) {
  struct spin s = {0};
  (void)state;
  assert_false(spin_more(&s));
}

static void looks_on_for_a_moment(void **state) {
  struct spin s = {0};
  (void)state;
  uint64_t start = now_us();
  spin_expect(&s);
  look(&s);
  assert_true(now_us() - start >= 50);
  assert_false(spin_more(&s));
}

/* In vain again and again: it rests, longer each time, whatever is expected. */
static void rests_when_it_does_not_pay(void **state) {
  struct spin s = {0};
  (void)state;
  for (unsigned i = 1; i <= 5; i++) {
    uint64_t start = now_us();
    while (s.rests < i) {
      spin_expect(&s);
      look(&s);
    }
    assert_true(s.rest_ns / 1000 >= start + (500u << (i - 1)));
    spin_expect(&s);
    assert_true(!s.until_ns || now_us() >= s.rest_ns / 1000);
    s.until_ns = 0;
    while (now_us() <= s.rest_ns / 1000) usleep(100);
  }
}

static void away_for_long(void **state) {
  struct spin s = {0};
  (void)state;
  spin_expect(&s);
  usleep(2000); /* the processor was somebody else's */
  assert_false(spin_more(&s));
  assert_int_equal(s.rests, 1);
}

static void pays_again(void **state) {
  struct spin s = {.rests = 5};
  (void)state;
  for (int i = 0; i < 100; i++) {
    spin_expect(&s);
    spin_found(&s);
  }
  assert_int_equal(s.rests, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_expected),
      cmocka_unit_test(looks_on_for_a_moment),
      cmocka_unit_test(rests_when_it_does_not_pay),
      cmocka_unit_test(away_for_long),
      cmocka_unit_test(pays_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
