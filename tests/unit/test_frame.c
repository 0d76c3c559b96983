/* test_frame.c: the static rules of base/frame.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/frame.h"

static const struct {
  const char *name;
  uint8_t number, from;
  uint32_t smallest;
} rows[] = {
#define FRAME(name, number, from, smallest) {#name, number, from, smallest},
    FRAME_TABLE(FRAME)
#undef FRAME
};
enum { ROWS = sizeof rows / sizeof *rows };

static void header_is_packed(void **state) {
  (void)state;
  assert_int_equal(sizeof(struct frame_header), 16);
  assert_int_equal(offsetof(struct frame_header, stream), 12);
}

static void numbers_are_unique(void **state) {
  (void)state;
  for (int i = 0; i < ROWS; i++) {
    assert_string_equal(frame_name(rows[i].number), rows[i].name);
    for (int j = 0; j < i; j++) assert_int_not_equal(rows[i].number, rows[j].number);
  }
  assert_string_equal(frame_name(0), "?");
  assert_string_equal(frame_name(FRAME_TYPE_LAST + 1), "?");
  assert_string_equal(frame_name(UINT32_MAX), "?");
}

static void every_type_from_every_side(void **state) {
  (void)state;
  static const enum frame_from sides[] = {FROM_GATEWAY, FROM_GUEST, FROM_CELL};
  for (int i = 0; i < ROWS; i++) {
    struct frame_header h = {.length = rows[i].smallest, .type = rows[i].number};
    for (int s = 0; s < 3; s++) {
      const char *wrong = frame_check(&h, sides[s]);
      if (rows[i].from & sides[s])
        assert_null(wrong);
      else
        assert_non_null(wrong);
    }
  }
}

static void unknown_types(void **state) {
  (void)state;
  for (unsigned type = 0; type < 256; type++) {
    struct frame_header h = {.length = 1000, .type = (uint8_t)type};
    bool known = type >= 1 && type <= FRAME_TYPE_LAST;
    assert_int_equal(known, frame_check(&h, FROM_GATEWAY | FROM_GUEST | FROM_CELL) == NULL);
  }
}

static void lengths(void **state) {
  (void)state;
  for (int i = 0; i < ROWS; i++) {
    struct frame_header h = {.length = FRAME_PAYLOAD_MAX, .type = rows[i].number};
    assert_null(frame_check(&h, (enum frame_from)rows[i].from));
    h.length = FRAME_PAYLOAD_MAX + 1;
    assert_non_null(frame_check(&h, (enum frame_from)rows[i].from));
    h.length = UINT32_MAX;
    assert_non_null(frame_check(&h, (enum frame_from)rows[i].from));
    h.length = rows[i].smallest - 1;
    if (rows[i].smallest) assert_non_null(frame_check(&h, (enum frame_from)rows[i].from));
  }
}

static void reserved_bits(void **state) {
  (void)state;
  for (int bit = 0; bit < 8; bit++) {
    struct frame_header h = {.type = FRAME_BODY, .flags = (uint8_t)(1u << bit)};
    assert_int_equal((1u << bit) <= FRAME_ASKS, frame_check(&h, FROM_GUEST) == NULL);
  }
  struct frame_header h = {.type = FRAME_BODY, .zero = 1};
  assert_non_null(frame_check(&h, FROM_GUEST));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(header_is_packed),
      cmocka_unit_test(numbers_are_unique),
      cmocka_unit_test(every_type_from_every_side),
      cmocka_unit_test(unknown_types),
      cmocka_unit_test(lengths),
      cmocka_unit_test(reserved_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
