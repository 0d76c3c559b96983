/* output.c: see output.h. */
#include "cell/output.h"

#include <string.h>
#include <time.h>

#include "cell/core.h"

enum { WAIT_NS = 200000 }; /* how often a full ring is looked at again */

/* The bodies' credit keeps what is in flight far below the ring's size, so waiting is rare, and looking again every
 * now and then is simpler than a wake-up shared with the poller. */
static bool wait_for_room(struct cell *cell, size_t payload) {
  while (!ring_room(&cell->to_gateway, payload)) {
    if (atomic_load(&cell->stop)) return false;
    ring_publish(&cell->to_gateway);
    struct timespec pause = {.tv_nsec = WAIT_NS};
    nanosleep(&pause, NULL);
  }
  return true;
}

void output_send(struct cell *cell, const struct buf *out) {
  if (!out->len) return;
  pthread_mutex_lock(&cell->out_lock);
  for (size_t at = 0; at < out->len;) {
    struct frame_header h;
    memcpy(&h, out->data + at, sizeof h);
    if (!wait_for_room(cell, h.length)) break;
    ring_put(&cell->to_gateway, &h, out->data + at + sizeof h);
    at += sizeof h + h.length;
  }
  ring_publish(&cell->to_gateway);
  pthread_mutex_unlock(&cell->out_lock);
}

bool output_loaded(const struct buf *out) {
  for (size_t at = 0; at < out->len;) {
    struct frame_header h;
    memcpy(&h, out->data + at, sizeof h);
    at += sizeof h;
    if (h.type == FRAME_LOADED && h.length && out->data[at]) return true;
    at += h.length;
  }
  return false;
}

uint32_t output_count(const struct buf *out, bool *loaded) {
  uint32_t done = 0;
  for (size_t at = 0; at < out->len;) {
    struct frame_header h;
    memcpy(&h, out->data + at, sizeof h);
    if (h.type == FRAME_DONE) done++;
    if (h.type == FRAME_LOADED) *loaded = true;
    at += sizeof h + h.length;
  }
  return done;
}

void output_keep_logs(struct buf *out) {
  size_t kept = 0;
  for (size_t at = 0; at < out->len;) {
    struct frame_header h;
    memcpy(&h, out->data + at, sizeof h);
    size_t size = sizeof h + h.length;
    if (h.type == FRAME_LOG) {
      memmove(out->data + kept, out->data + at, size);
      kept += size;
    }
    at += size;
  }
  out->len = kept;
}

static void put_dead(struct buf *out, uint32_t isolate, enum error_code code, const char *detail) {
  size_t mark = buf_frame_begin(out, FRAME_DEAD, 0, isolate, 0);
  buf_put_u8(out, (uint8_t)code);
  buf_put_cstr(out, detail);
  buf_frame_end(out, mark);
}

void output_dead(struct buf *out, uint32_t isolate, enum error_code code, const char *detail) {
  put_dead(out, isolate, code, detail);
  if (!out->bad) return;
  buf_clear(out);
  put_dead(out, isolate, code, detail);
}

void output_usage(struct buf *out, uint32_t isolate, uint64_t bytes, uint64_t cpu_ns) {
  uint64_t payload[2] = {bytes, cpu_ns};
  uint8_t frame[sizeof(struct frame_header) + sizeof payload];
  struct frame_header h = {.length = sizeof payload, .type = FRAME_USAGE, .isolate = isolate};
  memcpy(frame, &h, sizeof h);
  memcpy(frame + sizeof h, payload, sizeof payload);
  if (out->max - out->len >= sizeof frame) buf_put(out, frame, sizeof frame); /* else: told after another turn */
}

void output_usage_first(struct buf *out, uint32_t isolate, uint64_t bytes, uint64_t cpu_ns) {
  uint8_t frame[sizeof(struct frame_header) + 2 * sizeof(uint64_t)];
  size_t before = out->len;
  output_usage(out, isolate, bytes, cpu_ns);
  if (out->len == before) return;
  memcpy(frame, out->data + before, sizeof frame);
  memmove(out->data + sizeof frame, out->data, before);
  memcpy(out->data, frame, sizeof frame);
}

static void send_text(struct cell *cell, uint8_t type, const char *text) {
  struct buf out;
  buf_init(&out, FRAME_PAYLOAD_MAX);
  size_t mark = buf_frame_begin(&out, type, 0, 0, 0);
  if (type == FRAME_READY)
    buf_put_cstr(&out, text);
  else
    buf_put(&out, text, strlen(text));
  buf_frame_end(&out, mark);
  if (!out.bad) output_send(cell, &out);
  buf_free(&out);
}

void output_ready(struct cell *cell, const char *sandbox) { send_text(cell, FRAME_READY, sandbox); }
void output_note(struct cell *cell, const char *text) { send_text(cell, FRAME_NOTE, text); }
