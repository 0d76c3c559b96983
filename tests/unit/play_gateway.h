/* play_gateway.h: the gateway's side of a cell's link, for tests that run the loop of a cell in a thread. */
#ifndef MAYFLY_TESTS_PLAY_GATEWAY_H
#define MAYFLY_TESTS_PLAY_GATEWAY_H

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/ring.h"
#include "cell/core.h"
#include "cell/monitor.h"

struct bench {
  struct cell *cell;
  void *memory;
  struct ring out, in;
  int cell_wake, wake;
  pthread_t thread;
  int status;
  struct frame_header h; /* the last frame that came */
  uint8_t payload[FRAME_PAYLOAD_MAX + 1];
};

static void *run_cell(void *arg) {
  struct bench *b = arg;
  b->status = cell_run(b->cell);
  return NULL;
}

static struct bench *start_cell(const struct image *image, unsigned lanes) {
  char err[100];
  struct bench *b = calloc(1, sizeof *b);
  b->memory = aligned_alloc(64, ring_link_size());
  memset(b->memory, 0, ring_link_size());
  b->cell_wake = eventfd(0, EFD_NONBLOCK);
  b->wake = eventfd(0, EFD_NONBLOCK);
  ring_attach(&b->out, &b->in, b->memory, b->cell_wake, b->cell_wake);
  assert_int_equal(monitor_setup(err, sizeof err), 0);
  assert_int_equal(cell_new(&b->cell, image, b->memory, b->cell_wake, b->wake, lanes, err, sizeof err), 0);
  assert_int_equal(pthread_create(&b->thread, NULL, run_cell, b), 0);
  return b;
}

/* Ends the cell; reason: it ended by itself, saying this. */
static void end_cell(struct bench *b, const char *reason) {
  if (!reason) {
    pthread_mutex_lock(&b->cell->lock);
    cell_stop(b->cell, NULL);
    pthread_mutex_unlock(&b->cell->lock);
  }
  pthread_join(b->thread, NULL);
  assert_int_equal(b->status, reason ? -1 : 0);
  if (reason) assert_non_null(strstr(b->cell->reason, reason));
  cell_free(&b->cell);
  close(b->cell_wake);
  close(b->wake);
  free(b->memory);
  free(b);
}

static void put(struct bench *b, uint8_t type, uint32_t isolate, uint32_t stream, const struct buf *payload) {
  struct frame_header h = {.type = type, .isolate = isolate, .stream = stream};
  if (payload) h.length = (uint32_t)payload->len;
  assert_true(ring_put(&b->out, &h, payload ? payload->data : NULL));
}

static void open_flags(struct bench *b, uint32_t isolate, uint32_t memory_mb, uint32_t cpu_ms, uint32_t flags) {
  struct buf p;
  buf_init(&p, 100);
  buf_put_u32(&p, memory_mb);
  buf_put_u32(&p, cpu_ms);
  buf_put_u32(&p, flags);
  buf_put_u32(&p, 0);
  put(b, FRAME_OPEN, isolate, 0, &p);
  buf_free(&p);
}

static void put_event(struct bench *b, uint32_t isolate, uint32_t n, const char *what, uint32_t cpu_ms) {
  struct buf p;
  buf_init(&p, 1000);
  buf_put_u8(&p, EVENT_FETCH);
  buf_put_u32(&p, cpu_ms);
  buf_put_u32(&p, 0);
  buf_put_cstr(&p, "");
  buf_put_cstr(&p, "");
  buf_put_cstr(&p, what);
  buf_put_cstr(&p, "http://x/");
  buf_put_u16(&p, 0);
  buf_put_u64(&p, 0);
  put(b, FRAME_EVENT, isolate, STREAM_EVENT | n, &p);
  buf_free(&p);
}

static void event(struct bench *b, uint32_t isolate, uint32_t n, const char *what) {
  put_event(b, isolate, n, what, 0);
  ring_publish(&b->out);
}

/* Waits for the next frame. */
static uint8_t next(struct bench *b) {
  const char *why = NULL;
  int got;
  while (!(got = ring_get(&b->in, FROM_GUEST | FROM_CELL, &b->h, b->payload, &why))) {
    struct pollfd p = {.fd = b->wake, .events = POLLIN};
    uint64_t count;
    if (!ring_consumer_may_sleep(&b->in)) continue;
    poll(&p, 1, -1);
    if (read(b->wake, &count, sizeof count) < 0) continue;
  }
  assert_int_equal(got, 1);
  ring_taken(&b->in);
  b->payload[b->h.length] = 0;
  return b->h.type;
}

#endif
