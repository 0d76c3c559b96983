/* test_cron.c: cron expressions, gateway/cron.h: which minutes they name, and where a wrong one is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "gateway/cron.h"

static struct cron parsed(const char *text) {
  struct cron c;
  size_t at;
  const char *wrong = cron_parse(&c, text, &at);
  if (wrong) print_error("\"%s\": %s at %zu\n", text, wrong, at);
  assert_null(wrong);
  return c;
}

static uint64_t minute_of(const char *text) {
  struct tm tm = {0};
  assert_non_null(strptime(text, "%Y-%m-%d %H:%M", &tm));
  return (uint64_t)timegm(&tm) / 60;
}

static void show(uint64_t minute, char *out, size_t size) {
  time_t seconds = (time_t)(minute * 60);
  struct tm tm;
  gmtime_r(&seconds, &tm);
  strftime(out, size, "%Y-%m-%d %H:%M", &tm);
}

/* The times that follow each other, from `from` on, with commas. */
static void expect_times(const char *text, const char *from, const char *expected) {
  struct cron c = parsed(text);
  char all[512] = "", one[32];
  size_t count = 1;
  for (const char *p = expected; *p; p++) count += *p == ',';
  uint64_t minute = minute_of(from) - 1;
  for (size_t i = 0; i < count; i++) {
    minute = cron_next(&c, minute);
    assert_true(minute && cron_fits(&c, minute));
    show(minute, one, sizeof one);
    snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", one);
  }
  if (strcmp(all, expected) != 0) print_error("\"%s\":\n", text);
  assert_string_equal(all, expected);
}

static void test_fields(void **state) {
  (void)state;
  expect_times("* * * * *", "2026-11-26 23:58", "2026-11-26 23:58, 2026-11-26 23:59, 2026-11-27 00:00");
  expect_times("*/30 * * * *", "2026-11-26 00:01", "2026-11-26 00:30, 2026-11-26 01:00, 2026-11-26 01:30");
  expect_times("45 * * * *", "2026-11-26 00:45", "2026-11-26 00:45, 2026-11-26 01:45");
  expect_times("5,10-12,50/4 3 * * *", "2026-11-26 00:00",
               "2026-11-26 03:05, 2026-11-26 03:10, 2026-11-26 03:11, 2026-11-26 03:12, 2026-11-26 03:50, "
               "2026-11-26 03:54, 2026-11-26 03:58, 2026-11-27 03:05");
  expect_times("0 22-2/2 * * *", "2026-11-26 03:00", "2026-11-26 22:00, 2026-11-27 00:00, 2026-11-27 02:00");
  expect_times("58-1 0 * * *", "2026-11-26 00:01", "2026-11-26 00:01, 2026-11-26 00:58, 2026-11-26 00:59");
  expect_times("0 0 1 */3 *", "2026-11-26 00:00", "2027-01-01 00:00, 2027-04-01 00:00, 2027-07-01 00:00");
  expect_times("0 0 1 nov-Jan *", "2026-11-26 00:00", "2026-12-01 00:00, 2027-01-01 00:00, 2027-11-01 00:00");
  expect_times("0 0 1 FEB,7 *", "2026-11-26 00:00", "2027-02-01 00:00, 2027-07-01 00:00");
  expect_times("*/7,*/10\t05 1-31/30  * *", "2026-11-30 00:00",
               "2026-12-01 05:00, 2026-12-01 05:07, 2026-12-01 05:10, 2026-12-01 05:14");
  expect_times("0 0 29 2 *", "2026-01-01 00:00", "2028-02-29 00:00, 2032-02-29 00:00");
  expect_times("0 0 29 2 *", "2096-03-01 00:00", "2104-02-29 00:00");
  expect_times("0 0 31 * *", "2026-08-31 00:01", "2026-10-31 00:00, 2026-12-31 00:00, 2027-01-31 00:00");
}

/* 2026-11-26 is a Thursday. */
static void test_days_of_the_week(void **state) {
  (void)state;
  expect_times("0 17 * * 1", "2026-11-26 00:00", "2026-11-29 17:00, 2026-12-06 17:00");
  expect_times("0 17 * * sun", "2026-11-26 00:00", "2026-11-29 17:00");
  expect_times("10 7 * * mon-fri", "2026-11-26 08:00", "2026-11-27 07:10, 2026-11-30 07:10");
  expect_times("10 7 * * 2-6", "2026-11-26 08:00", "2026-11-27 07:10, 2026-11-30 07:10");
  expect_times("0 0 * * FRI-SUN", "2026-11-26 00:00",
               "2026-11-27 00:00, 2026-11-28 00:00, 2026-11-29 00:00, "
               "2026-12-04 00:00");
  expect_times("0 0 * * */3", "2026-11-26 00:00", "2026-11-28 00:00, 2026-11-29 00:00, 2026-12-02 00:00");
  expect_times("0 0 * * L", "2026-11-26 00:00", "2026-11-28 00:00, 2026-12-05 00:00");
  expect_times("0 18 * * friL", "2026-11-01 00:00", "2026-11-27 18:00, 2026-12-25 18:00, 2027-01-29 18:00");
  expect_times("0 18 * * 6L", "2026-11-01 00:00", "2026-11-27 18:00");
  expect_times("0 0 * * MON#1", "2026-11-03 00:00", "2026-12-07 00:00, 2027-01-04 00:00");
  expect_times("0 0 * 2 5#5", "2026-01-01 00:00", "2052-02-29 00:00");
  /* either of the two */
  expect_times("0 0 13 * FRI", "2026-11-26 00:00",
               "2026-11-27 00:00, 2026-12-04 00:00, 2026-12-11 00:00, "
               "2026-12-13 00:00, 2026-12-18 00:00");
}

static void test_days_of_the_month(void **state) {
  (void)state;
  expect_times("0 15 1 * *", "2026-11-26 00:00", "2026-12-01 15:00, 2027-01-01 15:00");
  expect_times("0 0 L * *", "2027-01-15 00:00", "2027-01-31 00:00, 2027-02-28 00:00, 2027-03-31 00:00");
  expect_times("0 0 L 2 *", "2028-01-01 00:00", "2028-02-29 00:00");
  expect_times("0 0 L-3 * *", "2027-02-01 00:00", "2027-02-25 00:00, 2027-03-28 00:00");
  expect_times("0 0 L-30 * *", "2027-02-01 00:00", "2027-03-01 00:00, 2027-05-01 00:00");
  /* the last day of October 2026 is a Saturday, of January 2027 a Sunday */
  expect_times("59 23 LW * *", "2026-10-01 00:00",
               "2026-10-30 23:59, 2026-11-30 23:59, 2026-12-31 23:59, "
               "2027-01-29 23:59");
  /* 15 August 2026 is a Saturday, 15 November a Sunday; 1 August a Saturday, 1 November a Sunday */
  expect_times("0 0 15W * *", "2026-08-01 00:00",
               "2026-08-14 00:00, 2026-09-15 00:00, 2026-10-15 00:00, "
               "2026-11-16 00:00");
  expect_times("0 0 1W * *", "2026-08-01 00:00",
               "2026-08-03 00:00, 2026-09-01 00:00, 2026-10-01 00:00, "
               "2026-11-02 00:00");
  expect_times("0 0 31W * *", "2026-09-01 00:00",
               "2026-10-30 00:00, 2026-12-31 00:00, 2027-01-29 00:00, "
               "2027-03-31 00:00");
  expect_times("0 0 L-1W * *", "2026-10-01 00:00", "2026-10-30 00:00, 2026-11-30 00:00, 2026-12-30 00:00");
}

static void test_wrong_ones(void **state) {
  static const char five[] = "there are five fields: minute, hour, day of the month, month, day of the week";
  static const char minute[] = "a minute is 0 to 59", odd[] = "this does not belong here";
  static const char step[] = "a step is at least 1 and smaller than its field";
  static const char weekday[] = "a day of the week is 1 (Sunday) to 7, or SUN to SAT";
  static const struct {
    const char *text;
    size_t at;
    const char *wrong;
  } wrong[] = {
      {"", 0, minute},
      {"*", 1, five},
      {"* * * *", 7, five},
      {"* * * * ", 8, five},
      {"* * * * * ", 10, five},
      {"* * * * * *", 10, five},
      {" * * * * *", 0, minute},
      {"60 * * * *", 0, minute},
      {"-1 * * * *", 0, minute},
      {"1- * * * *", 2, minute},
      {"1,60 * * * *", 2, minute},
      {"1,, * * * *", 2, minute},
      {"00001 * * * *", 0, minute},
      {"99999999999999999999 * * * *", 0, minute},
      {"*/0 * * * *", 2, step},
      {"*/60 * * * *", 2, step},
      {"1/ * * * *", 2, step},
      {"** * * * *", 1, odd},
      {"1,* * * * *", 3, "\"*\" stands alone, or has a step"},
      {"*,1 * * * *", 1, odd},
      {"*-5 * * * *", 1, odd},
      {"1-2-3 * * * *", 3, odd},
      {"1x * * * *", 1, odd},
      {"JAN * * * *", 0, minute},
      {"* 24 * * *", 2, "an hour is 0 to 23"},
      {"* * 0 * *", 4, "a day of the month is 1 to 31"},
      {"* * 32 * *", 4, "a day of the month is 1 to 31"},
      {"* * L-31 * *", 6, "L- is followed by a number of days, 1 to 30"},
      {"* * L-0 * *", 6, "L- is followed by a number of days, 1 to 30"},
      {"* * L,1 * *", 5, odd},
      {"* * 1W,2 * *", 6, odd},
      {"* * 1,2W * *", 7, odd},
      {"* * W * *", 4, "a day of the month is 1 to 31"},
      {"* * ? * *", 4, "a day of the month is 1 to 31"},
      {"* * * 13 *", 6, "a month is 1 to 12, or JAN to DEC"},
      {"* * * 0 *", 6, "a month is 1 to 12, or JAN to DEC"},
      {"* * * JANUARY *", 9, odd},
      {"* * * * 0", 8, weekday},
      {"* * * * 8", 8, weekday},
      {"* * * * MO", 8, weekday},
      {"* * * * FRI#6", 12, "\"#\" is followed by 1 to 5"},
      {"* * * * FRI#0", 12, "\"#\" is followed by 1 to 5"},
      {"* * * * FRIL,2", 12, odd},
      {"* * * * 1#1,2", 11, odd},
      {"@daily", 0, minute},
      {"* * * * *\n", 9, odd},
      {"0 0 30 2 *", 0, "there is no such day"},
      {"0 0 31 4,6,9,11 *", 0, "there is no such day"},
      {"0 0 L-30 2 *", 0, "there is no such day"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    struct cron c;
    size_t at = 99;
    const char *said = cron_parse(&c, wrong[i].text, &at);
    if (!said || strcmp(said, wrong[i].wrong) != 0 || at != wrong[i].at) print_error("\"%s\":\n", wrong[i].text);
    assert_non_null(said);
    assert_string_equal(said, wrong[i].wrong);
    assert_int_equal(at, wrong[i].at);
  }
}

/* Whatever it is: refused, or names a minute that it fits; nothing is read beyond its end. */
static void test_anything(void **state) {
  static const char *const pieces[] = {"*",   "*/5", "1",   "L",  "W",  "#",  ",",   "-",   "/",     " ",  " ",
                                       "FRI", "JAN", "LW",  "31", "59", "0",  "15W", "L-3", "5#3",   "2L", "\t",
                                       "9",   "x",   "SUN", "2",  "29", "**", "1-5", "*/2", "22-3/4"};
  uint32_t seed = 1, good = 0;
  (void)state;
  for (int i = 0; i < 200000; i++) {
    char text[64] = "";
    size_t at;
    struct cron c;
    for (int k = 0; k < 9 || (seed >> 20 & 3); k++) {
      seed = seed * 1664525u + 1013904223u;
      const char *piece = k % 2 ? " " : pieces[(seed >> 8) % (sizeof pieces / sizeof *pieces)];
      if (strlen(text) + strlen(piece) < sizeof text) strcat(text, piece);
    }
    char *exact = strdup(text);
    if (!cron_parse(&c, exact, &at)) {
      good++;
      uint64_t minute = cron_next(&c, 29000000);
      assert_true(minute > 29000000 && cron_fits(&c, minute));
    } else {
      assert_true(at <= strlen(text));
    }
    free(exact);
  }
  assert_true(good > 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_fields),
      cmocka_unit_test(test_days_of_the_week),
      cmocka_unit_test(test_days_of_the_month),
      cmocka_unit_test(test_wrong_ones),
      cmocka_unit_test(test_anything),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
