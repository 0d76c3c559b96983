/* test_limits.c: base/limits.def and base/errors.def hold together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/errors.h"
#include "base/limits.h"

static void defaults_are_in_range(void **state) {
  (void)state;
  struct limits l;
  memset(&l, 0xff, sizeof l);
  limits_standard(&l);
  for (int i = 0; i < LIMIT_COUNT; i++) {
    const struct limit_row *r = &limit_table[i];
    assert_int_equal(l.value[i], r->standard);
    assert_true(r->smallest <= r->standard && r->standard <= r->largest);
    assert_true(*r->key && *r->unit && *r->meaning);
  }
}

static void keys_are_unique(void **state) {
  (void)state;
  for (int i = 0; i < LIMIT_COUNT; i++)
    for (int j = 0; j < i; j++) {
      assert_string_not_equal(limit_table[i].key, limit_table[j].key);
      if (*limit_table[i].load_key) assert_string_not_equal(limit_table[i].load_key, limit_table[j].load_key);
    }
}

/* What programs may count on. */
static void promised_defaults(void **state) {
  (void)state;
  assert_int_equal(limit_table[LIMIT_MEMORY_MB].standard, 128);
  assert_string_equal(limit_table[LIMIT_CPU_MS].load_key, "cpuMs");
  assert_string_equal(limit_table[LIMIT_SUBREQUESTS].load_key, "subRequests");
}

static void errors_have_names_and_messages(void **state) {
  (void)state;
  assert_string_equal(error_name(ERROR_THROWN), "Error");
  for (unsigned i = 1; i < ERROR_CODES; i++) {
    assert_true(*error_name(i));
    assert_true(*error_message(i));
  }
  assert_string_equal(error_name(ERROR_CPU), "ExceededCpuError");
  assert_string_equal(error_message(ERROR_CPU), "Worker exceeded CPU time limit.");
  assert_string_equal(error_name(ERROR_CODES), "Error");
  assert_string_equal(error_name(UINT32_MAX), "Error");
  assert_string_equal(error_message(UINT32_MAX), "unknown error");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(defaults_are_in_range),
      cmocka_unit_test(keys_are_unique),
      cmocka_unit_test(promised_defaults),
      cmocka_unit_test(errors_have_names_and_messages),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
