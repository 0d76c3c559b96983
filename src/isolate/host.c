/* host.c: the guest's imports (guest/abi.h) but for crypto, which has files of its own.
 *
 * Each is entered with whatever numbers the guest likes. The order is always the same: host_enter, check the range in
 * 64 bits, copy between the guest's memory and ours once, look only at our copy, host_leave. A lie ends the turn with
 * TURN_PROTOCOL. No lock is held while the turn can be left, since it cannot be left between enter and leave but by
 * trap_leave right here.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/random.h>

#include "base/frame.h"
#include "guest/abi.h"
#include "isolate/inside.h"

/* The import's first argument, which wasm2c passes through untouched: the lane. */
struct Z_mayfly_instance_t;
void Z_mayflyZ_send(struct Z_mayfly_instance_t *self, uint32_t at, uint32_t length);
double Z_mayflyZ_now(struct Z_mayfly_instance_t *self);
void Z_mayflyZ_random(struct Z_mayfly_instance_t *self, uint32_t at, uint32_t length);
void Z_mayflyZ_wake(struct Z_mayfly_instance_t *self, double at_ms);

/* A guest may call at the very end of its stack; what follows must not run into the guard as host code. */
void host_enter(struct lane *lane) {
  if ((uintptr_t)__builtin_frame_address(0) < lane->stack + HOST_STACK) {
    trap_leave(lane, TURN_STACK, "native stack exhausted");
  }
  lane->in_guest = 0;
  atomic_signal_fence(memory_order_seq_cst);
}

void host_leave(struct lane *lane) {
  atomic_signal_fence(memory_order_seq_cst);
  lane->in_guest = 1;
  atomic_signal_fence(memory_order_seq_cst);
  trap_check(lane);
}

uint8_t *host_range(struct lane *lane, uint32_t at, uint32_t length) {
  if ((uint64_t)at + length > (uint64_t)lane->slot->pages * SLOT_PAGE) {
    trap_leave(lane, TURN_PROTOCOL, "pointer outside memory");
  }
  return lane->slot->base + at;
}

static _Noreturn void refuse(struct lane *lane, size_t mark, const char *why) {
  lane->out.len = mark;
  lane->out.bad = false;
  trap_leave(lane, TURN_PROTOCOL, why);
}

static void send_frame(struct lane *lane, uint32_t at, uint32_t length) {
  const uint8_t *from = host_range(lane, at, length);
  size_t mark = lane->out.len;
  struct frame_header header;
  if (lane->booting) refuse(lane, mark, "frame sent while booting");
  if (length < sizeof header || length > sizeof header + FRAME_PAYLOAD_MAX) refuse(lane, mark, "frame of a bad length");
  uint8_t *copy = buf_room(&lane->out, length);
  if (!copy) refuse(lane, mark, "too much sent in one turn");
  memcpy(copy, from, length);
  memcpy(&header, copy, sizeof header);
  const char *wrong = frame_check(&header, FROM_GUEST);
  if (wrong) refuse(lane, mark, wrong);
  if (header.length != length - sizeof header) refuse(lane, mark, "frame's length is not its own");
  header.isolate = lane->isolate;
  memcpy(copy, &header, sizeof header);
}

void Z_mayflyZ_send(struct Z_mayfly_instance_t *self, uint32_t at, uint32_t length) {
  struct lane *lane = (struct lane *)(void *)self;
  host_enter(lane);
  send_frame(lane, at, length);
  host_leave(lane);
}

double Z_mayflyZ_now(struct Z_mayfly_instance_t *self) { return ((struct lane *)(void *)self)->now_ms; }

/* The kernel must not write to the guest's memory itself: it does not take our faults, it fails on read-only pages. */
static bool fill(uint8_t *to, size_t length) {
  while (length) {
    ssize_t n = getrandom(to, length, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    to += n;
    length -= (size_t)n;
  }
  return true;
}

/* Bytes are wiped as they are handed out, so that none is ever seen twice. */
static bool random_small(struct lane *lane, uint8_t *to, uint32_t length) {
  if (lane->pool_left < length) {
    if (!fill(lane->pool, sizeof lane->pool)) return false;
    lane->pool_left = sizeof lane->pool;
  }
  uint8_t *from = lane->pool + (sizeof lane->pool - lane->pool_left);
  memcpy(to, from, length);
  explicit_bzero(from, length);
  lane->pool_left -= length;
  return true;
}

static bool random_large(uint8_t *to, uint32_t length) {
  uint8_t chunk[4096];
  while (length) {
    uint32_t n = length < sizeof chunk ? length : (uint32_t)sizeof chunk;
    if (!fill(chunk, n)) return false;
    memcpy(to, chunk, n);
    to += n;
    length -= n;
  }
  explicit_bzero(chunk, sizeof chunk);
  return true;
}

void Z_mayflyZ_random(struct Z_mayfly_instance_t *self, uint32_t at, uint32_t length) {
  struct lane *lane = (struct lane *)(void *)self;
  host_enter(lane);
  uint8_t *to = host_range(lane, at, length);
  if (lane->booting) trap_leave(lane, TURN_PROTOCOL, "random bytes asked for while booting");
  if (length > GUEST_RANDOM_MAX) trap_leave(lane, TURN_PROTOCOL, "too many random bytes asked for");
  if (!(length <= 64 ? random_small(lane, to, length) : random_large(to, length))) {
    trap_leave(lane, TURN_TRAP, "no random bytes from the system");
  }
  host_leave(lane);
}

void Z_mayflyZ_wake(struct Z_mayfly_instance_t *self, double at_ms) {
  ((struct lane *)(void *)self)->wake_ms = isnan(at_ms) ? INFINITY : at_ms;
}
