/* isolate.c: what a fresh isolate costs inside a cell, without processes and HTTP around it.
 *
 * Boots the image, opens the one that is stored in the program and calibrates it for a ten-line Worker, then again and
 * again: a slot, one turn with LOAD and EVENT of that Worker, whose text is different each time (so nothing can be
 * remembered), the reset. Prints `name value` lines:
 *   median_us   all of it          turn_us   the turn alone        reset_us   take and give without a turn
 *   hot_pages   pages copied back  image_kb  an isolate's memory   stored_kb  what of it is in the program
 *   boot_us     the image booted   open_us   opened                again_us   one more EVENT for a loaded Worker
 *   static_us   one more EVENT for a loaded Worker that returns a static Response
 */
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/frame.h"
#include "cell/stored.h"
#include "isolate/image.h"
#include "isolate/lane.h"
#include "isolate/slot.h"

enum { RUNS = 4000, WARM = 500, LIMIT_PAGES = 2048 };

extern const char _binary_platform_js_start[], _binary_platform_js_end[];

static const char snippet[] =
    "export default {\n"
    "  async fetch(request, env) {\n"
    "    const prices = [3, 5, 8, 13];\n"
    "    const total = prices.map((p) => p * env.factor).reduce((a, b) => a + b, 0);\n"
    "    const who = new URL(request.url).searchParams.get(\"who\") ?? \"world\";\n"
    "    const answer = { who, total, words: \"the quick brown fox\".split(\" \").length };\n"
    "    return new Response(JSON.stringify(answer));\n"
    "  },\n"
    "};// %d\n";
static const char fixed[] = "export default { fetch() { return new Response(\"hello\"); } };// %d\n";

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *list, size_t n) {
  qsort(list, n, sizeof *list, by_value);
  return list[n / 2];
}

static void put_load(struct buf *b, const char *worker, int number) {
  char text[sizeof snippet + 16];
  snprintf(text, sizeof text, worker, number);
  size_t mark = buf_frame_begin(b, FRAME_LOAD, 0, 1, 0);
  buf_put_u32(b, WORKER_CODE_MAGIC);
  buf_put_u32(b, 1024);
  buf_put_cstr(b, "2026-11-01");
  buf_put_u16(b, 0);
  buf_put_cstr(b, "main.js");
  buf_put_u32(b, 1);
  buf_put_u8(b, MODULE_JS);
  buf_put_cstr(b, "main.js");
  buf_put_cstr(b, text);
  buf_put_u8(b, ENV_JSON);
  buf_put_cstr(b, "{\"factor\":2}");
  buf_put_u16(b, 0);
  buf_put_u8(b, OUTBOUND_NONE);
  buf_frame_end(b, mark);
}

static void put_event(struct buf *b, uint32_t stream) {
  size_t mark = buf_frame_begin(b, FRAME_EVENT, FRAME_END, 1, STREAM_EVENT | stream);
  buf_put_u8(b, EVENT_FETCH);
  buf_put_u32(b, 0);
  buf_put_u32(b, 0);
  buf_put_cstr(b, "");
  buf_put_cstr(b, "");
  buf_put_cstr(b, "GET");
  buf_put_cstr(b, "http://localhost/cold?who=you");
  buf_put_u16(b, 0);
  buf_put_u64(b, 0);
  buf_frame_end(b, mark);
}

static void check(struct lane *lane, enum turn_end end, const char *expected) {
  bool found = false;
  for (size_t i = 0, n = strlen(expected); !found && i + n <= lane->out.len; i++)
    found = !memcmp(lane->out.data + i, expected, n);
  if (end != TURN_OK || !found) {
    fprintf(stderr, "the turn ended with %d %s and %zu bytes without the answer\n", (int)end, lane->detail,
            lane->out.len);
    exit(1);
  }
  buf_clear(&lane->out);
}

/* One more event for a kept isolate that runs `worker`, median; *kept_kb: what it holds afterwards. */
static double measure_event(struct lane *lane, struct slot_pool *pool, const char *worker, const char *answer,
                            double *kept_kb) {
  static double event[RUNS];
  struct buf frames;
  buf_init(&frames, 1 << 20);
  put_load(&frames, worker, 0);
  struct slot *slot = slot_take(pool, true, LIMIT_PAGES);
  lane_turn(lane, slot, frames.data, frames.len);
  for (int i = 0; i < RUNS; i++) {
    buf_clear(&frames);
    put_event(&frames, (uint32_t)i + 1);
    double began = now_us();
    enum turn_end end = lane_turn(lane, slot, frames.data, frames.len);
    event[i] = now_us() - began;
    check(lane, end, answer);
  }
  slot_trim(slot);
  *kept_kb = (double)slot_private_bytes(slot) / 1024;
  slot_give(pool, &slot);
  buf_free(&frames);
  return median(event, RUNS);
}

static void measure(struct lane *lane, struct slot_pool *pool) {
  static double all[RUNS], turn[RUNS], reset[RUNS];
  struct buf frames;
  buf_init(&frames, 1 << 20);
  for (int i = -WARM; i < RUNS; i++) {
    buf_clear(&frames);
    put_load(&frames, snippet, i);
    put_event(&frames, 1);
    double began = now_us();
    struct slot *slot = slot_take(pool, false, LIMIT_PAGES);
    double taken = now_us();
    enum turn_end end = lane_turn(lane, slot, frames.data, frames.len);
    double turned = now_us();
    slot_give(pool, &slot);
    double given = now_us();
    check(lane, end, "{\"who\":\"you\",\"total\":58,\"words\":4}");
    if (i < 0) continue;
    all[i] = given - began;
    turn[i] = turned - taken;
    reset[i] = given - turned + taken - began;
  }
  double kept_kb, unused;
  printf("median_us %.2f\nturn_us %.2f\nreset_us %.2f\nhot_pages %u\n", median(all, RUNS), median(turn, RUNS),
         median(reset, RUNS), slot_pool_hot(pool));
  printf("again_us %.2f\n", measure_event(lane, pool, snippet, "\"total\":58", &kept_kb));
  printf("static_us %.2f\n", measure_event(lane, pool, fixed, "hello", &unused));
  printf("kept_kb %.0f\n", kept_kb);
  buf_free(&frames);
}

struct job {
  const struct image *image;
  int status;
};

static void *run(void *arg) {
  struct job *job = arg;
  char err[512];
  struct lane *lane = NULL;
  struct slot_pool *pool = NULL;
  job->status = 1;
  if (lane_enter(&lane, job->image, err, sizeof err) || slot_pool_new(&pool, job->image, err, sizeof err)) {
    fprintf(stderr, "%s\n", err);
    return NULL;
  }
  lane->now_ms = 1.8e12;
  lane->wake_ms = INFINITY;
  lane->isolate = 1;
  measure(lane, pool);
  slot_pool_free(&pool);
  lane_leave(&lane);
  job->status = 0;
  return NULL;
}

int main(void) {
  char err[512];
  struct image *image = NULL;
  struct buf frames;
  unsigned long thread;
  size_t length = (size_t)(_binary_platform_js_end - _binary_platform_js_start);
  double began = now_us();
  if (image_build(&image, _binary_platform_js_start, length, err, sizeof err)) goto fail;
  printf("boot_us %.0f\n", now_us() - began);
  image_free(&image);
  began = now_us();
  if (stored_open(&image, open("/proc/self/exe", O_RDONLY | O_CLOEXEC), err, sizeof err)) goto fail;
  printf("open_us %.0f\nimage_kb %u\nstored_kb %u\n", now_us() - began, image->pages * 64, image->stored * 4);
  buf_init(&frames, 1 << 20);
  put_load(&frames, snippet, 0);
  put_event(&frames, 1);
  if (image_calibrate(image, frames.data, frames.len, err, sizeof err)) goto fail;
  struct job job = {.image = image};
  if (lane_setup(image, err, sizeof err) || lane_thread(run, &job, &thread, err, sizeof err)) goto fail;
  pthread_join(thread, NULL);
  image_free(&image);
  buf_free(&frames);
  return job.status;
fail:
  fprintf(stderr, "%s\n", err);
  return 1;
}
