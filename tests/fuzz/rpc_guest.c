/* rpc_guest.c: fuzzes the guest's RPC with sanitizers: the guest's C compiled for this machine, one isolate that calls
 * itself. This file is its host and the gateway between: a FETCH that opens a session becomes an EVENT of the same
 * isolate, and what the two ends say to each other is changed on the way: bytes, lengths, order, frames twice or not at
 * all, and messages made up from those that went by.
 *
 *     rpc_guest platform.js worker.js ROUNDS [SEED]
 *
 * Each round runs in a process of its own, forked from one that has the Worker loaded, so a round needs no boot and the
 * seed that it prints is all there is to know. Without a change (round 0) the Worker's request must be answered.
 */
#include "guest_host.h"

/* ---- the gateway ---- */

enum { PAIRS_MAX = 4096, KEPT_MAX = 64, TURNS_MAX = 4000, FRAME_MAX = FRAME_PAYLOAD_MAX };

static struct { uint32_t caller, callee; } pairs[PAIRS_MAX];
static uint32_t pair_count, next_event = 2;
static struct {
  uint32_t length;
  uint8_t bytes[FRAME_MAX];
} kept[KEPT_MAX];
static uint32_t kept_count;

static uint32_t other_end(uint32_t stream) {
  for (uint32_t i = 0; i < pair_count; i++) {
    if (pairs[i].caller == stream) return pairs[i].callee;
    if (pairs[i].callee == stream) return pairs[i].caller;
  }
  return 0;
}

static void put_frame(struct buf *to, struct frame_header h, const uint8_t *payload) {
  buf_put(to, &h, sizeof h);
  buf_put(to, payload, h.length);
}

static void keep(const uint8_t *p, uint32_t n) {
  uint32_t at = kept_count < KEPT_MAX ? kept_count++ : rnd(KEPT_MAX);
  kept[at].length = n;
  memcpy(kept[at].bytes, p, n);
}

/* One change to a payload, in place. */
static uint32_t spoil(uint8_t *p, uint32_t n) {
  static const uint32_t odd[] = {0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 100000, 0x10000};
  if (!n) return 0;
  switch (rnd(7)) {
    case 0:
      p[rnd(n)] ^= (uint8_t)(1 << rnd(8));
      return n;
    case 1:
      p[rnd(n)] = (uint8_t)rnd(256);
      return n;
    case 2:
      if (n >= 4) memcpy(p + rnd(n - 3), &odd[rnd(sizeof odd / sizeof *odd)], 4);
      return n;
    case 3:
      return rnd(n) + 1;
    case 4: { /* a part moves */
      uint32_t from = rnd(n), to = rnd(n), most = n - (from > to ? from : to);
      memmove(p + to, p + from, rnd(most) + 1);
      return n;
    }
    case 5:
      if (kept_count) { /* another message, or part of one */
        uint32_t i = rnd(kept_count), k = rnd(kept[i].length + 1), at = rnd(n);
        if (at + k <= FRAME_MAX) memcpy(p + at, kept[i].bytes, k), n = at + k > n ? at + k : n;
      }
      return n;
    default:
      for (uint32_t i = rnd(8) + 1; i; i--) p[rnd(n)] = (uint8_t)rnd(32);
      return n;
  }
}

static void pass_message(struct buf *to, struct frame_header h, const uint8_t *payload) {
  static uint8_t copy[FRAME_MAX + 16];
  memcpy(copy, payload, h.length);
  if (h.type == FRAME_MESSAGE) keep(payload, h.length);
  bool spoiled = change && !rnd(change);
  counts->passed++;
  counts->changed += spoiled;
  if (spoiled && !rnd(12)) return; /* lost */
  if (spoiled) h.length = spoil(copy, h.length);
  put_frame(to, h, copy);
  if (spoiled && !rnd(8)) put_frame(to, h, copy);
  if (spoiled && !rnd(16)) {
    h.type = rnd(2) ? FRAME_CANCEL : FRAME_DONE;
    h.length = 0;
    put_frame(to, h, copy);
  }
}

/* A FETCH that opens a session: the same as an EVENT of this isolate's entrypoint Main. */
static void open_session(struct buf *to, const struct frame_header *h, const uint8_t *payload) {
  struct reader r = reader_over(payload, h->length);
  size_t n;
  read_u32(&r);
  uint8_t kind = read_u8(&r);
  if (kind != EVENT_RPC || pair_count == PAIRS_MAX) return;
  read_u32(&r);
  read_u32(&r);
  read_str_borrow(&r, &n);
  const char *props = read_str_borrow(&r, &n);
  uint32_t stream = STREAM_EVENT | next_event++;
  pairs[pair_count].caller = h->stream;
  pairs[pair_count++].callee = stream;
  size_t mark = buf_frame_begin(to, FRAME_EVENT, FRAME_ASKS, 1, stream);
  buf_put_u8(to, EVENT_RPC);
  buf_put_u32(to, 0);
  buf_put_u32(to, 0);
  buf_put_cstr(to, "Main");
  buf_put_str(to, props, n);
  static uint8_t copy[FRAME_MAX + 16];
  uint32_t left = (uint32_t)r.left;
  memcpy(copy, r.p, left);
  keep(r.p, left);
  if (change && !rnd(change)) left = spoil(copy, left);
  buf_put(to, copy, left);
  buf_frame_end(to, mark);
}

/* What the isolate sent becomes what it gets next. */
static void route(struct buf *to) {
  struct reader r = reader_over(sent.data, sent.len);
  while (r.left) {
    struct frame_header h;
    const uint8_t *p = read_bytes_borrow(&r, sizeof h);
    memcpy(&h, p, sizeof h);
    p = read_bytes_borrow(&r, h.length);
    uint32_t other = other_end(h.stream);
    if (h.type == FRAME_HEAD && h.stream == (STREAM_EVENT | 1)) answered = true;
    if (h.type == FRAME_FETCH) open_session(to, &h, p);
    bool passes = h.type == FRAME_MESSAGE || h.type == FRAME_CAPS || h.type == FRAME_WINDOW || h.type == FRAME_CANCEL ||
                  h.type == FRAME_DONE || h.type == FRAME_ERROR;
    if (!other || !passes) continue;
    h.stream = other;
    pass_message(to, h, p);
  }
}

/* ---- a round ---- */

static void put_request(struct buf *out) {
  size_t mark = buf_frame_begin(out, FRAME_EVENT, FRAME_END, 1, STREAM_EVENT | 1);
  buf_put_u8(out, EVENT_FETCH);
  buf_put_u32(out, 0);
  buf_put_u32(out, 0);
  buf_put_cstr(out, "");
  buf_put_cstr(out, "");
  buf_put_cstr(out, "GET");
  buf_put_cstr(out, "http://a/");
  buf_put_u16(out, 0);
  buf_put_u64(out, 0);
  buf_frame_end(out, mark);
}

static void run_round(void) {
  struct buf frames;
  buf_init(&frames, 1 << 26);
  put_request(&frames);
  for (int i = 0; i < TURNS_MAX && (frames.len || wake_at < INFINITY); i++) {
    now += 1;
    if (!frames.len) {
      now = wake_at > now ? wake_at : now;
      wake_at = INFINITY;
    }
    turn(&frames);
    buf_clear(&frames);
    route(&frames);
    if (frames.bad) break; /* what grows without end has been seen */
  }
  buf_free(&frames);
}

int main(int argc, char **argv) { return fuzz_main(argc, argv, "rpc_guest platform.js worker.js ROUNDS [SEED]"); }
