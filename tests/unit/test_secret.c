/* test_secret.c: secrets in files and in the environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/secret.h"

static const char variable[] = "MAYFLY_TEST_SECRET";
static char out[8], err[128];

static int from_file(const char *content, size_t length) {
  char path[] = "/tmp/mayfly-secret-XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0 && write(fd, content, length) == (ssize_t)length);
  close(fd);
  int found = secret_read(out, sizeof out, path, variable, "it", err, sizeof err);
  unlink(path);
  return found;
}

static void test_the_first_line_counts(void **state) {
  (void)state;
  assert_int_equal(from_file("word", 4), 1);
  assert_string_equal(out, "word");
  assert_int_equal(from_file("seven77\r\nand more, which is not read", 35), 1);
  assert_string_equal(out, "seven77");
  assert_int_equal(from_file("a\0b", 3), 1);
  assert_string_equal(out, "a");
  assert_int_equal(from_file("", 0), 1);
  assert_string_equal(out, "");
}

static void test_what_does_not_fit_is_refused(void **state) {
  (void)state;
  assert_int_equal(from_file("eight888", 8), -1);
  assert_non_null(strstr(err, "is longer than 7 characters"));
  assert_null(strstr(err, "eight"));
  setenv(variable, "eight888", 1);
  assert_int_equal(secret_read(out, sizeof out, NULL, variable, "it", err, sizeof err), -1);
  assert_string_equal(err, "it: what MAYFLY_TEST_SECRET has is longer than 7 characters");
  unsetenv(variable);
}

static void test_the_file_goes_before_the_environment(void **state) {
  (void)state;
  assert_int_equal(secret_read(out, sizeof out, NULL, variable, "it", err, sizeof err), 0);
  setenv(variable, "given", 1);
  assert_int_equal(secret_read(out, sizeof out, NULL, variable, "it", err, sizeof err), 1);
  assert_string_equal(out, "given");
  assert_int_equal(from_file("word", 4), 1);
  assert_string_equal(out, "word");
  assert_int_equal(secret_read(out, sizeof out, "/nowhere/at/all", variable, "it", err, sizeof err), -1);
  assert_string_equal(err, "it: /nowhere/at/all: No such file or directory");
  unsetenv(variable);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_first_line_counts),
      cmocka_unit_test(test_what_does_not_fit_is_refused),
      cmocka_unit_test(test_the_file_goes_before_the_environment),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
