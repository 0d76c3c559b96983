/* play_cells.h: tests of the gateway's registry with the test in the place of all cells (gateway/cells.h): what
 * isolates say is put in by hand, what they are told is looked at. Each function is used by some of the tests. */
#ifndef MAYFLY_TESTS_PLAY_CELLS_H
#define MAYFLY_TESTS_PLAY_CELLS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/channel.h"
#include "gateway/config.h"
#include "gateway/isolate.h"
#include "gateway/tail.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"

/* ---- in the place of cells.c ---- */

enum { ISOLATES_MAX = 1 << 16, TOLD_MAX = 1 << 16 };

struct cell {
  int unused;
};

struct told {
  struct frame_header h;
  uint8_t *payload;
};

static struct {
  struct cell cell;
  struct isolate *isolate[ISOLATES_MAX]; /* by number; NULL: closed */
  uint32_t opened;
  struct told told[TOLD_MAX]; /* since forget() */
  size_t count;
  bool deaf; /* nothing is noted */
} cells;

struct cell *cells_open(struct cells *unused, enum cell_kind kind, struct isolate *isolate, uint32_t *number) {
  (void)unused;
  (void)kind;
  return cell_open(&cells.cell, isolate, number) ? &cells.cell : NULL;
}

bool cell_open(struct cell *cell, struct isolate *isolate, uint32_t *number) {
  assert_ptr_equal(cell, &cells.cell);
  *number = cells.opened = cells.opened % (ISOLATES_MAX - 1) + 1;
  cells.isolate[*number] = isolate;
  return true;
}

void cell_close(struct cell *cell, uint32_t number, bool tell) {
  (void)cell;
  (void)tell;
  cells.isolate[number] = NULL;
}

void cell_put(struct cell *cell, const struct frame_header *h, const void *payload) {
  (void)cell;
  assert_null(frame_check(h, FROM_GATEWAY));
  if (cells.deaf || cells.count == TOLD_MAX) return;
  struct told *t = &cells.told[cells.count++];
  t->h = *h;
  t->payload = malloc(h->length + 1);
  memcpy(t->payload, payload ? payload : "", h->length);
}

size_t cell_waiting(const struct cell *cell) {
  (void)cell;
  return 0;
}

void cells_expect(struct cells *unused) { (void)unused; }

static void forget(void) {
  while (cells.count) free(cells.told[--cells.count].payload);
}

/* The first frame of this type to the isolate of this number since forget(). */
static const struct told *told(uint32_t number, uint8_t type) {
  for (size_t i = 0; i < cells.count; i++)
    if (cells.told[i].h.isolate == number && cells.told[i].h.type == type) return &cells.told[i];
  return NULL;
}

static size_t told_at(const struct told *t) { return (size_t)(t - cells.told); }

/* ---- a world: two host Workers, "a" and "b", and a client's event in a ---- */

static struct {
  struct loop *loop;
  struct config config;
  struct registry registry;
  struct exchange *client;
  uint32_t a, b; /* numbers of isolates */
} world;

static int on_head(void *arg, const uint8_t *payload, size_t length, uint8_t flags) {
  (void)arg;
  (void)payload;
  (void)length;
  (void)flags;
  return 0;
}
static void on_body(void *arg, const uint8_t *bytes, size_t length, bool end) {
  (void)arg;
  (void)bytes;
  (void)length;
  (void)end;
}
static void on_failed(void *arg, const struct failure *why) {
  (void)arg;
  (void)why;
}
static void on_credit(void *arg, uint32_t bytes) {
  (void)arg;
  (void)bytes;
}
static void on_released(void *arg) { (void)arg; }
static const struct exchange_client client = {
    .head = on_head, .body = on_body, .failed = on_failed, .credit = on_credit, .released = on_released};

/* One frame from the isolate. True: it was no lie. */
static bool say(uint32_t from, uint8_t type, uint8_t flags, uint32_t stream, const void *payload, size_t length) {
  static uint8_t copy[FRAME_PAYLOAD_MAX];
  struct isolate *isolate = cells.isolate[from];
  struct frame_header h = {.length = (uint32_t)length, .type = type, .flags = flags, .isolate = from, .stream = stream};
  assert_non_null(isolate);
  assert_null(frame_check(&h, FROM_GUEST));
  memcpy(copy, payload ? payload : "", length);
  registry_frame(&world.registry, isolate, &h, copy);
  return cells.isolate[from] == isolate;
}

static bool say_number(uint32_t from, uint8_t type, uint32_t stream, uint32_t number) {
  return say(from, type, 0, stream, &number, sizeof number);
}

static uint32_t number_of(const char *name) {
  for (uint32_t i = 0; i < world.registry.host_count; i++)
    if (!strcmp(world.registry.hosts[i].worker->name, name)) return world.registry.hosts[i].worker->isolate->number;
  return 0;
}

static void put_event_head(struct buf *b, uint8_t kind, const char *entrypoint, const char *props) {
  buf_put_u8(b, kind);
  buf_put_u32(b, 0);
  buf_put_u32(b, 0);
  buf_put_cstr(b, entrypoint);
  buf_put_cstr(b, props);
}

/* An event of a client, so that a may make requests. */
static void begin_event(void) {
  struct buf b;
  buf_init(&b, FRAME_PAYLOAD_MAX);
  put_event_head(&b, EVENT_FETCH, "", "");
  assert_int_equal(exchange_start_client(&world.registry, world.registry.host, &client, NULL, &world.client, b.data,
                                         b.len, FRAME_END),
                   0);
  buf_free(&b);
}

static void load(uint32_t number) { assert_true(say(number, FRAME_LOADED, 0, 0, "\1", 1)); }

static void start_world(const char *limits) {
  char text[1024], err[512];
  snprintf(text, sizeof text,
           "{\"name\": \"a\", \"main\": \"a.js\", \"compatibility_date\": \"2026-11-01\", \"limits\": {%s},"
           "\"worker_loaders\": [{\"binding\": \"L\"}],"
           "\"services\": [{\"binding\": \"B\", \"service\": \"b\", \"entrypoint\": \"E\", \"props\": {\"p\": 1}},"
           "               {\"binding\": \"C\", \"service\": \"b\"}],"
           "\"workers\": [{\"name\": \"b\", \"main\": \"b.js\"}]}",
           limits);
  memset(&world, 0, sizeof world);
  assert_int_equal(config_parse(&world.config, "x", text, strlen(text), NULL, NULL, err, sizeof err), 0);
  assert_int_equal(loop_new(&world.loop, err, sizeof err), 0);
  registry_init(&world.registry, world.loop, &world.config);
  assert_int_equal(registry_hosts(&world.registry, 2), 0);
  struct host *a = &world.registry.hosts[0];
  struct entry_text texts[] = {{"E", "{\"p\": 1}", 1, 8}, {"", "", 0, 0}};
  for (int i = 0; i < 2; i++) {
    struct entry *e = entry_new(world.registry.hosts[1].worker, &texts[i], NULL);
    assert_int_equal(caps_add(&a->services, e), 0);
    entry_release(e);
  }
  a->loader_family = calloc(1, sizeof *a->loader_family);
  a->loader_count = 1;
  registry_start(&world.registry);
  world.a = number_of("a");
  world.b = number_of("b");
  load(world.a);
  load(world.b);
  begin_event();
  forget();
}

static int setup(void **state) {
  (void)state;
  start_world("");
  return 0;
}

/* Whatever was said, nothing is left. */
static int teardown(void **state) {
  (void)state;
  cells.deaf = false;
  while (world.registry.first) isolate_end_code(world.registry.first, true, ERROR_GONE, "");
  if (world.client) exchange_cancel(world.client);
  tails_drop(&world.registry);
  int rc = world.registry.exchanges || world.registry.isolates || world.registry.dead_entries ? -1 : 0;
  for (uint32_t i = 0; i < world.registry.host_count; i++) {
    struct host *host = &world.registry.hosts[i];
    caps_free(&host->services);
    if (host->worker->references != 1 || host->worker->entry_bytes || host->worker->stubs) rc = -1;
  }
  registry_free(&world.registry);
  loop_free(&world.loop);
  config_free(&world.config);
  forget();
  return rc;
}

/* Timers that are due, and what they set off. */
static void stop(void *arg) {
  (void)arg;
  loop_stop(world.loop);
}

static void run_loop(void) {
  struct loop_timer timer = {.fire = stop};
  assert_int_equal(loop_timer_set(world.loop, &timer, 0), 0);
  assert_int_equal(loop_run(world.loop), 0);
}

enum { LOADER = 1, SERVICE = 2, PLAIN_SERVICE = 3, OWN = 0x10000, MINE = OWN + 1, STREAM = STREAM_GUEST | 1 };

static bool fetch(uint32_t from, uint32_t stream, uint32_t channel, uint8_t kind, uint8_t flags, const void *rest,
                  size_t length) {
  struct buf b;
  buf_init(&b, FRAME_PAYLOAD_MAX);
  buf_put_u32(&b, channel);
  put_event_head(&b, kind, "", "");
  buf_put(&b, rest, length);
  assert_false(b.bad);
  bool ok = say(from, FRAME_FETCH, flags, stream, b.data, b.len);
  buf_free(&b);
  return ok;
}

static bool make(uint32_t from, uint32_t number, const char *entrypoint, const void *props, size_t length) {
  struct buf b;
  buf_init(&b, FRAME_PAYLOAD_MAX);
  buf_put_cstr(&b, entrypoint);
  buf_put_str(&b, props, length);
  assert_false(b.bad);
  bool ok = say(from, FRAME_MAKE, 0, number, b.data, b.len);
  buf_free(&b);
  return ok;
}

static uint32_t cap(const struct told *t, int i) {
  uint32_t number;
  assert_non_null(t);
  memcpy(&number, t->payload + i * 4, sizeof number);
  return number;
}

static void assert_error(const struct told *t, enum error_code code) {
  assert_non_null(t);
  assert_int_equal(t->payload[0], code);
}

static uint32_t send_code(uint32_t stub, uint32_t outbound) {
  struct buf b;
  buf_init(&b, 256);
  buf_put_u64(&b, 4);
  for (int i = 0; i < 4; i++) buf_put_u32(&b, 0);
  buf_put_u32(&b, outbound);
  buf_put(&b, "code", 4);
  bool ok = say(world.a, FRAME_CODE, 0, stub, b.data, b.len);
  buf_free(&b);
  return ok ? cells.opened : 0;
}

static void get(uint32_t stub) { assert_true(say(world.a, FRAME_GET, 0, stub, "\1\0\0\0\0\0\0\0\0", 9)); }

#pragma GCC diagnostic pop

#endif
