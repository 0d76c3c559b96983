/* test_buf.c: the writer and the reader of wire bytes, base/buf.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/frame.h"

static void put_and_read_back(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, 1000);
  buf_put_u8(&b, 1);
  buf_put_u16(&b, 0x0203);
  buf_put_u32(&b, 0x04050607);
  buf_put_u64(&b, 0x08090a0b0c0d0e0f);
  buf_put_cstr(&b, "hello");
  buf_put_str(&b, NULL, 0);
  assert_false(b.bad);
  assert_int_equal(b.len, 1 + 2 + 4 + 8 + 9 + 4);
  assert_memory_equal(b.data, "\x01\x03\x02\x07\x06\x05\x04", 7);
  struct reader r = reader_over(b.data, b.len);
  size_t n;
  assert_int_equal(read_u8(&r), 1);
  assert_int_equal(read_u16(&r), 0x0203);
  assert_int_equal(read_u32(&r), 0x04050607);
  assert_true(read_u64(&r) == 0x08090a0b0c0d0e0f);
  const char *s = read_str_borrow(&r, &n);
  assert_int_equal(n, 5);
  assert_memory_equal(s, "hello", 5);
  assert_non_null(read_str_borrow(&r, &n));
  assert_int_equal(n, 0);
  assert_int_equal(r.left, 0);
  assert_false(r.bad);
  buf_free(&b);
  assert_null(b.data);
}

static void full_is_for_good(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, 10);
  buf_put_u64(&b, 1);
  buf_put_u32(&b, 2);
  assert_true(b.bad);
  assert_int_equal(b.len, 8);
  buf_put_u8(&b, 3); /* would fit, but the first failure stands */
  assert_int_equal(b.len, 8);
  assert_null(buf_room(&b, 1));
  buf_clear(&b);
  assert_false(b.bad);
  buf_put(&b, "0123456789", 10);
  assert_false(b.bad);
  assert_int_equal(b.len, 10);
  buf_free(&b);
}

static void huge_room_does_not_wrap(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, 100);
  buf_put_u8(&b, 1);
  assert_null(buf_room(&b, SIZE_MAX));
  assert_true(b.bad);
  assert_int_equal(b.len, 1);
  buf_clear(&b);
  buf_put_str(&b, "x", (size_t)UINT32_MAX + 1); /* a length that no u32 holds */
  assert_true(b.bad);
  buf_free(&b);
}

static void drop_front(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, 100);
  buf_put(&b, "abcdef", 6);
  buf_drop_front(&b, 2);
  assert_int_equal(b.len, 4);
  assert_memory_equal(b.data, "cdef", 4);
  buf_drop_front(&b, 0);
  assert_int_equal(b.len, 4);
  buf_drop_front(&b, 99);
  assert_int_equal(b.len, 0);
  buf_free(&b);
}

static void shrink_gives_memory_back(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, 100000);
  assert_non_null(buf_room(&b, 5000));
  buf_shrink(&b, 100000);
  assert_non_null(b.data);
  assert_int_equal(b.len, 0);
  buf_shrink(&b, 1000);
  assert_null(b.data);
  assert_int_equal(b.cap, 0);
  buf_put_cstr(&b, "again");
  assert_false(b.bad);
  buf_free(&b);
}

static void growth_keeps_contents(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, 4000);
  for (uint32_t i = 0; i < 1000; i++) buf_put_u32(&b, i);
  assert_false(b.bad);
  assert_true(b.cap <= 4000);
  struct reader r = reader_over(b.data, b.len);
  for (uint32_t i = 0; i < 1000; i++) assert_int_equal(read_u32(&r), i);
  buf_free(&b);
}

static void frame_in_place(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, 2 * FRAME_PAYLOAD_MAX + 100);
  buf_put_cstr(&b, "before");
  size_t mark = buf_frame_begin(&b, FRAME_HEAD, FRAME_END, 7, 9);
  buf_put_cstr(&b, "payload");
  buf_frame_end(&b, mark);
  struct frame_header h;
  memcpy(&h, b.data + mark, sizeof h);
  assert_int_equal(h.length, 11);
  assert_int_equal(h.type, FRAME_HEAD);
  assert_int_equal(h.flags, FRAME_END);
  assert_int_equal(h.zero, 0);
  assert_int_equal(h.isolate, 7);
  assert_int_equal(h.stream, 9);
  mark = buf_frame_begin(&b, FRAME_BODY, 0, 0, 0);
  assert_non_null(buf_room(&b, FRAME_PAYLOAD_MAX));
  buf_frame_end(&b, mark);
  assert_false(b.bad);
  buf_free(&b);
}

static void frame_too_long_is_bad(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, 2 * FRAME_PAYLOAD_MAX);
  size_t mark = buf_frame_begin(&b, FRAME_BODY, 0, 0, 0);
  assert_non_null(buf_room(&b, FRAME_PAYLOAD_MAX + 1));
  buf_frame_end(&b, mark);
  assert_true(b.bad);
  buf_free(&b);
}

static void short_reads_are_zeros(void **state) {
  (void)state;
  static const uint8_t bytes[] = {1, 2, 3};
  struct reader r = reader_over(bytes, sizeof bytes);
  assert_int_equal(read_u32(&r), 0);
  assert_true(r.bad);
  assert_int_equal(read_u8(&r), 0); /* stays bad, though three bytes were there */
  assert_null(read_bytes_borrow(&r, 0));
  assert_int_equal(r.left, 0);
}

/* Every lie about a length in a 32-byte message is found, and nothing outside is read (the sanitizer watches). */
static void lying_lengths(void **state) {
  (void)state;
  static const uint32_t lies[] = {29, 1000, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff};
  uint8_t bytes[32] = {0};
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    memcpy(bytes, &lies[i], sizeof lies[i]);
    struct reader r = reader_over(bytes, sizeof bytes);
    size_t n = 99;
    assert_string_equal(read_str_borrow(&r, &n), "");
    assert_int_equal(n, 0);
    assert_true(r.bad);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(put_and_read_back),        cmocka_unit_test(full_is_for_good),
      cmocka_unit_test(huge_room_does_not_wrap),  cmocka_unit_test(drop_front),
      cmocka_unit_test(shrink_gives_memory_back), cmocka_unit_test(growth_keeps_contents),
      cmocka_unit_test(frame_in_place),           cmocka_unit_test(frame_too_long_is_bad),
      cmocka_unit_test(short_reads_are_zeros),    cmocka_unit_test(lying_lengths),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
