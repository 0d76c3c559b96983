/* guest.c: the engine's own test of its interface, api-test.c as it comes with the engine's sources, as a guest.
 *
 * It is linked with the very objects that the real guest is made of, translated and compiled as that is, and answers
 * the same imports and exports (src/guest/abi.h). A turn is given one u32, the number of a test in api-tests.def, which
 * engine.mk takes from api-test.c's main(). An assertion that fails is told in a LOG frame, and the turn traps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/frame.h"
#include "guest/engine.h"
#include "guest/host.h"

/* The isolates' allocator, in place of the engine's own. */
#define JS_NewRuntime engine_new_runtime
#define main api_test_main
#include "api-tests.c"
#undef main

typedef void api_test(void);
static api_test *const tests[] = {
#define API_TEST(name) name,
#include "api-tests.def"
#undef API_TEST
};

EXPORT("boot") const char *guest_boot(const char *platform, uint32_t length);
EXPORT("room") void *guest_room(uint32_t length);
EXPORT("turn") void guest_turn(const uint32_t *number, uint32_t length);
EXPORT("hash_seed") uint32_t guest_hash_seed(void);

const char *guest_boot(const char *platform, uint32_t length) { return (void)platform, (void)length, NULL; }
void *guest_room(uint32_t length) { return malloc(length); }
void guest_turn(const uint32_t *number, uint32_t length) {
  host_wake(host_now());
  if (length == sizeof *number && *number < countof(tests)) tests[*number]();
}
uint32_t guest_hash_seed(void) { return (void)api_test_main, 0; }

_Noreturn void __assert_fail(const char *what, const char *file, int line, const char *function) {
  struct {
    struct frame_header header;
    uint8_t level;
    char text[500];
  } __attribute__((packed)) frame = {{0, FRAME_LOG, 0, 0, 0, 0}, LOG_ERROR, ""};
  snprintf(frame.text, sizeof frame.text, "%s:%d: %s: %s", file, line, function, what);
  frame.header.length = (uint32_t)(1 + strlen(frame.text));
  host_send(&frame, sizeof frame.header + frame.header.length);
  __builtin_trap();
}

/* One test prints a report to a temporary file; here there are no files. */
FILE *tmpfile(void) {
  static char *text;
  static size_t length;
  return open_memstream(&text, &length);
}

/* What quickjs-libc.c wants of WASI and the real guest does not have (guest/libc.c has the rest). */
enum { WASI_OK = 0, WASI_BADF = 8, WASI_NOSYS = 52 };
#define WASI(name, ...)                                          \
  int32_t __imported_wasi_snapshot_preview1_##name(__VA_ARGS__); \
  int32_t __imported_wasi_snapshot_preview1_##name(__VA_ARGS__)

WASI(environ_get, int32_t a, int32_t b) { return (void)a, (void)b, WASI_OK; }
WASI(environ_sizes_get, int32_t count, int32_t size) {
  *(uint32_t *)(uintptr_t)count = *(uint32_t *)(uintptr_t)size = 0;
  return WASI_OK;
}
WASI(fd_fdstat_set_flags, int32_t a, int32_t b) { return (void)a, (void)b, WASI_BADF; }
WASI(fd_prestat_get, int32_t a, int32_t b) { return (void)a, (void)b, WASI_BADF; }
WASI(fd_prestat_dir_name, int32_t a, int32_t b, int32_t c) { return (void)a, (void)b, (void)c, WASI_BADF; }
WASI(fd_read, int32_t a, int32_t b, int32_t c, int32_t d) { return (void)a, (void)b, (void)c, (void)d, WASI_BADF; }
WASI(path_open, int32_t a, int32_t b, int32_t c, int32_t d, int32_t e, int64_t f, int64_t g, int32_t h, int32_t i) {
  return (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h, (void)i, WASI_NOSYS;
}
WASI(poll_oneoff, int32_t a, int32_t b, int32_t c, int32_t d) { return (void)a, (void)b, (void)c, (void)d, WASI_NOSYS; }
