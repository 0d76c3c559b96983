/* test_redact.c: secrets in a stream that is cut anywhere: against a plain search of the whole, with secrets that
 * overlap and begin as they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/redact.h"

static struct redact *with(const char *const *secrets, size_t count) {
  struct redact *r = redact_new();
  assert_non_null(r);
  for (size_t i = 0; i < count; i++) assert_int_equal(redact_add(r, secrets[i]), 0);
  return r;
}

/* The stream in pieces of `size` bytes; what is shown. */
static void assert_shown(struct redact *r, const char *text, size_t size, const char *expected) {
  char shown[4096];
  size_t n = strlen(text), got = 0;
  for (size_t i = 0; i < n; i += size) {
    const struct buf *b = redact_take(r, text + i, n - i < size ? n - i : size);
    assert_non_null(b);
    if (b->len) memcpy(shown + got, b->data, b->len);
    got += b->len;
  }
  const struct buf *b = redact_end(r);
  if (b->len) memcpy(shown + got, b->data, b->len);
  got += b->len;
  shown[got] = 0;
  if (strcmp(shown, expected)) fail_msg("in pieces of %zu: \"%s\", not \"%s\"", size, shown, expected);
}

static void test_pieces(void **state) {
  static const struct {
    const char *text, *expected;
  } cases[] = {
      {"", ""},
      {"nothing of it", "nothing of it"},
      {"token", "*****"},
      {"toketoken", "toke*****"},
      {"tokentoken!", "**********!"},
      {"toke", "toke"},
  };
  static const char *const secrets[] = {"token"};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (size_t size = 1; size < 12; size++) {
      struct redact *r = with(secrets, 1);
      assert_shown(r, cases[i].text, size, cases[i].expected);
      redact_free(&r);
    }
  }
}

static void test_value_and_token(void **state) {
  static const char *const secrets[] = {"  Bearer   abcdef  ", "abc"};
  struct redact *r = with(secrets, 2);
  (void)state;
  assert_shown(r, "Bearer   abcdef|abcdef|Bearer|abc", 3, "***************|******|Bearer|abc");
  redact_free(&r);
}

static void test_whole(void **state) {
  static const char *const secrets[] = {"aaaa"};
  struct redact *r = with(secrets, 1);
  char text[] = "aaa aaaa aaaaa aaa";
  (void)state;
  redact_whole(r, (uint8_t *)text, strlen(text));
  assert_string_equal(text, "aaa **** ***** aaa");
  redact_free(&r);
}

/* Every byte that belongs to a secret anywhere, by plain comparison. */
static void plain(char *out, const char *text, const char *const *secrets, size_t count) {
  strcpy(out, text);
  for (size_t k = 0; k < count; k++)
    for (const char *at = text; (at = strstr(at, secrets[k])); at++) memset(out + (at - text), '*', strlen(secrets[k]));
}

static void test_anything(void **state) {
  unsigned seed = 1;
  (void)state;
  for (int round = 0; round < 3000; round++) {
    char text[200], expected[200], words[3][9];
    const char *secrets[3] = {words[0], words[1], words[2]};
    for (size_t k = 0; k < 3; k++) {
      size_t n = REDACT_SHORTEST + (size_t)rand_r(&seed) % 4;
      for (size_t i = 0; i < n; i++) words[k][i] = "ab"[rand_r(&seed) % 2];
      words[k][n] = 0;
    }
    size_t length = (size_t)rand_r(&seed) % 199;
    for (size_t i = 0; i < length; i++) text[i] = "aabbc"[rand_r(&seed) % 5];
    text[length] = 0;
    plain(expected, text, secrets, 3);
    struct redact *r = with(secrets, 3);
    assert_shown(r, text, 1 + (size_t)rand_r(&seed) % 20, expected);
    redact_free(&r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pieces),
      cmocka_unit_test(test_value_and_token),
      cmocka_unit_test(test_whole),
      cmocka_unit_test(test_anything),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
