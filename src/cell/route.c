/* route.c: see route.h. The gateway is trusted, so a bad frame is a bug: the cell says so and stops. */
#include "cell/route.h"

#include <stdio.h>

#include "cell/core.h"
#include "isolate/snapshot.h"

enum { BATCH_FRAMES = 64, BATCH_BYTES = 256 * 1024 }; /* taken at once, so that the lock is not held for long */

static void bad_frame(struct cell *cell, const struct frame_header *h, const char *why) {
  char text[128];
  snprintf(text, sizeof text, "bad frame from the gateway: %s for isolate %u: %s", frame_name(h->type), h->isolate,
           why);
  cell_stop(cell, text);
}

/* A template that died may still be asked for. */
static void begin_as_copy(struct cell *cell, struct isolate *isolate, uint32_t number) {
  const struct isolate *template = isolates_find(&cell->isolates, number);
  struct frame_header seed = {.type = FRAME_SEED, .isolate = isolate->number};
  if (template && template->template && template->snapshot)
    isolate->snapshot = snapshot_share(template->snapshot);
  else
    isolate->orphan = true;
  if (!isolate_put(&cell->isolates, isolate, &seed, cell->payload)) isolate->flooded = true;
}

static void open_isolate(struct cell *cell, const struct frame_header *h) {
  struct reader r = reader_over(cell->payload, h->length);
  uint64_t pages = (uint64_t)read_u32(&r) << 4; /* of 64 KiB */
  uint64_t cpu_ms = read_u32(&r);
  uint32_t flags = read_u32(&r), template = read_u32(&r);
  bool taken;
  struct isolate *isolate = isolates_open(&cell->isolates, h->isolate, &taken);
  if (!isolate) {
    bad_frame(cell, h, taken ? "its index is in use" : "out of memory");
    return;
  }
  isolate->limit_pages = pages < SLOT_PAGES_MAX ? (uint32_t)pages : SLOT_PAGES_MAX;
  isolate->cpu_limit_ns = cpu_ms * 1000000;
  isolate->kept = flags & OPEN_KEPT;
  isolate->traced = flags & OPEN_TRACED;
  isolate->template = flags & OPEN_TEMPLATE;
  isolate->opened_ns = cell_now_ns();
  if (template) begin_as_copy(cell, isolate, template);
}

static void kill_turn(struct cell *cell, const struct isolate *isolate) {
  for (size_t i = 0; i < RUNNERS_MAX; i++) {
    const struct runner *runner = &cell->runners[i];
    if (runner->isolate != isolate || !runner->lane) continue;
    uint64_t turn = lane_current(runner->lane);
    if (turn) lane_kill(runner->lane, turn, TURN_CLOSED); /* else the monitor does */
  }
}

static void close_isolate(struct cell *cell, struct isolate *isolate) {
  isolates_remove(&cell->isolates, isolate);
  wakes_drop(&cell->wakes, isolate);
  if (isolate->state == ISOLATE_IDLE)
    cell_discard(cell, &isolate);
  else if (isolate->state == ISOLATE_RUNNING)
    kill_turn(cell, isolate);
}

/* Is it of RPC between isolates, where the next message tends to come at once? Texts are a WebSocket's. */
static bool of_session(const struct frame_header *h, const uint8_t *payload) {
  if (h->type == FRAME_MESSAGE) return !(h->flags & FRAME_TEXT);
  return h->type == FRAME_EVENT && payload[0] == EVENT_RPC;
}

static void deliver(struct cell *cell, struct isolate *isolate, const struct frame_header *h) {
  if (isolate->template && isolate->snapshot && !isolate->slot) {
    bad_frame(cell, h, "it is a template");
    return;
  }
  if (!isolate_put(&cell->isolates, isolate, h, cell->payload)) isolate->flooded = true;
  if (isolate->state == ISOLATE_IDLE) cell_push_ready(cell, isolate);
  if (of_session(h, cell->payload)) spin_expect(&cell->spin);
}

static void dispatch(struct cell *cell, const struct frame_header *h) {
  if (!h->isolate) {
    bad_frame(cell, h, "no isolate");
    return;
  }
  if (h->type == FRAME_OPEN) {
    open_isolate(cell, h);
    return;
  }
  struct isolate *isolate = isolates_find(&cell->isolates, h->isolate);
  if (!isolate) return;
  if (h->type == FRAME_CLOSE)
    close_isolate(cell, isolate);
  else
    deliver(cell, isolate, h);
}

void route_drain(struct cell *cell) {
  size_t bytes = 0;
  for (int i = 0; i < BATCH_FRAMES && bytes < BATCH_BYTES; i++) {
    struct frame_header h = {0};
    const char *why = NULL;
    int got = ring_get(&cell->to_cell, FROM_GATEWAY, &h, cell->payload, &why);
    if (got < 0) bad_frame(cell, &h, why);
    if (got <= 0) break;
    dispatch(cell, &h);
    bytes += sizeof h + h.length;
  }
  ring_taken(&cell->to_cell);
}
