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
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/frame.h"
#include "guest/abi.h"

void *guest_room(uint32_t length);
const char *guest_boot(const char *platform, uint32_t length);
void guest_turn(const uint8_t *frames, uint32_t length);

/* ---- the host ---- */

static struct buf sent; /* frames of this turn */
static double now = 1.7e12, wake_at = INFINITY;
static uint64_t state;

static uint32_t rnd(uint32_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return below ? (uint32_t)(state >> 32) % below : 0;
}

void host_send(const void *frame, uint32_t length) { buf_put(&sent, frame, length); }
double host_now(void) { return now; }
void host_random(void *to, uint32_t length) {
  for (uint32_t i = 0; i < length; i++) ((uint8_t *)to)[i] = (uint8_t)rnd(256);
}
void host_wake(double at_ms) { wake_at = at_ms; }
int32_t host_crypto(const struct guest_crypto *call) {
  (void)call;
  return CRYPTO_FAILED;
}

/* What is left out of the engine here: there is no image. */
const char *engine_seal(void *ctx) {
  (void)ctx;
  return NULL;
}

/* ---- the gateway ---- */

enum { SERVICE = 1, PAIRS_MAX = 4096, KEPT_MAX = 64, TURNS_MAX = 4000, FRAME_MAX = FRAME_PAYLOAD_MAX };

static struct { uint32_t caller, callee; } pairs[PAIRS_MAX];
static uint32_t pair_count, next_event = 2;
static uint32_t change; /* one frame in so many is changed; 0: none */
static bool answered;
static struct {
  uint32_t length;
  uint8_t bytes[FRAME_MAX];
} kept[KEPT_MAX];
static uint32_t kept_count;

static struct { uint64_t passed, changed, answered; } * counts; /* of all rounds */

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

static void put_load(struct buf *out, const char *source, size_t length) {
  size_t mark = buf_frame_begin(out, FRAME_LOAD, 0, 1, 0);
  buf_put_u32(out, WORKER_CODE_MAGIC);
  buf_put_u32(out, 0);
  buf_put_cstr(out, "2026-11-01");
  buf_put_u16(out, 1);
  buf_put_cstr(out, "enable_abortsignal_rpc");
  buf_put_cstr(out, "index.js");
  buf_put_u32(out, 1);
  buf_put_u8(out, MODULE_JS);
  buf_put_cstr(out, "index.js");
  buf_put_str(out, source, length);
  buf_put_u8(out, ENV_JSON);
  buf_put_cstr(out, "{}");
  buf_put_u16(out, 1);
  buf_put_u8(out, BINDING_SERVICE);
  buf_put_cstr(out, "SELF");
  buf_put_u32(out, SERVICE);
  buf_put_u8(out, OUTBOUND_NONE);
  buf_frame_end(out, mark);
}

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

static void turn(const struct buf *frames) {
  buf_clear(&sent);
  void *room = guest_room((uint32_t)frames->len);
  memcpy(room, frames->data, frames->len);
  guest_turn(room, (uint32_t)frames->len);
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

static char *read_file(const char *path, size_t *length) {
  FILE *f = fopen(path, "rb");
  if (!f) return NULL;
  fseek(f, 0, SEEK_END);
  *length = (size_t)ftell(f);
  rewind(f);
  char *p = malloc(*length + 1);
  if (p && fread(p, 1, *length, f) == *length) p[*length] = 0;
  fclose(f);
  return p;
}

static int one(uint64_t seed, uint32_t one_in) {
  pid_t pid = fork();
  if (!pid) {
    alarm(20); /* a round that never ends is a finding */
    state = seed * 0x9e3779b97f4a7c15u + 1;
    change = one_in;
    run_round();
    counts->answered += answered;
    _exit(!one_in && !answered ? 3 : 0);
  }
  int status;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv) {
  size_t n, m;
  char *platform = argc > 3 ? read_file(argv[1], &n) : NULL, *worker = platform ? read_file(argv[2], &m) : NULL;
  if (!worker) return fprintf(stderr, "usage: rpc_guest platform.js worker.js ROUNDS [SEED]\n"), 2;
  uint64_t rounds = strtoull(argv[3], NULL, 10), first = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
  counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  buf_init(&sent, 1 << 26);
  state = 1;
  const char *error = guest_boot(platform, (uint32_t)n);
  if (error) return fprintf(stderr, "boot: %s\n", error), 1;
  struct buf load;
  buf_init(&load, 1 << 22);
  put_load(&load, worker, m);
  turn(&load);
  unsigned failed = 0;
  for (uint64_t seed = first; seed < first + rounds; seed++) {
    static const uint32_t rates[] = {40, 12, 5, 2};
    int status = one(seed, seed ? rates[seed % 4] : 0);
    if (!status) continue;
    fprintf(stderr, "round %llu ended with %d\n", (unsigned long long)seed, status);
    failed++;
  }
  printf("%llu rounds, %u failed; %llu frames, %llu of them changed; %llu answers\n", (unsigned long long)rounds,
         failed, (unsigned long long)counts->passed, (unsigned long long)counts->changed,
         (unsigned long long)counts->answered);
  return failed || !counts->passed || (rounds > 1 && !counts->changed);
}
