/* ring.c: see ring.h. */
#include "base/ring.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

struct ring_shared {
  _Alignas(64) _Atomic uint64_t written; /* producer's */
  _Alignas(64) _Atomic uint64_t read;    /* consumer's */
  _Alignas(64) _Atomic uint32_t consumer_sleeps;
  _Atomic uint32_t producer_sleeps;
  _Alignas(64) uint8_t data[RING_DATA];
};

size_t ring_link_size(void) { return 2 * sizeof(struct ring_shared); }

void ring_attach(struct ring *to_cell, struct ring *to_gateway, void *memory, int cell_wake, int gateway_wake) {
  struct ring_shared *shared = memory;
  *to_cell = (struct ring){.shared = &shared[0]};
  *to_gateway = (struct ring){.shared = &shared[1]};
  /* each ring wakes the other side: the gateway's ends carry the cell's eventfd and the other way round */
  to_cell->peer_wake = cell_wake;
  to_gateway->peer_wake = gateway_wake;
}

static void wake(int fd) {
  uint64_t one = 1;
  if (write(fd, &one, sizeof one) < 0) return; /* a full eventfd is awake already */
}

static void copy_in(struct ring_shared *s, uint64_t at, const void *p, size_t n) {
  size_t off = at & (RING_DATA - 1), first = RING_DATA - off;
  if (first > n) first = n;
  memcpy(s->data + off, p, first);
  memcpy(s->data, (const uint8_t *)p + first, n - first);
}

static void copy_out(const struct ring_shared *s, uint64_t at, void *p, size_t n) {
  size_t off = at & (RING_DATA - 1), first = RING_DATA - off;
  if (first > n) first = n;
  memcpy(p, s->data + off, first);
  memcpy((uint8_t *)p + first, s->data, n - first);
}

/* A consumer that claims to have read what was never written, or to have unread something, gets no room. */
bool ring_room(const struct ring *r, size_t payload) {
  uint64_t used = r->mine - atomic_load_explicit(&r->shared->read, memory_order_acquire);
  return used <= RING_DATA && RING_DATA - used >= sizeof(struct frame_header) + payload;
}

bool ring_put(struct ring *r, const struct frame_header *h, const void *payload) {
  if (!ring_room(r, h->length)) return false;
  copy_in(r->shared, r->mine, h, sizeof *h);
  if (h->length) copy_in(r->shared, r->mine + sizeof *h, payload, h->length);
  r->mine += sizeof *h + h->length;
  return true;
}

void ring_publish(struct ring *r) {
  if (atomic_load_explicit(&r->shared->written, memory_order_relaxed) == r->mine) return;
  atomic_store(&r->shared->written, r->mine);
  if (atomic_load(&r->shared->consumer_sleeps) && atomic_exchange(&r->shared->consumer_sleeps, 0)) wake(r->peer_wake);
}

int ring_get(struct ring *r, enum frame_from from, struct frame_header *h, uint8_t *payload, const char **why) {
  uint64_t there = atomic_load_explicit(&r->shared->written, memory_order_acquire) - r->mine;
  if (there == 0) return 0;
  *why = "ring counter out of range";
  if (there > RING_DATA || there < sizeof *h) return -1;
  copy_out(r->shared, r->mine, h, sizeof *h);
  *why = frame_check(h, from);
  if (*why) return -1;
  *why = "frame longer than what was written";
  if (there - sizeof *h < h->length) return -1;
  copy_out(r->shared, r->mine + sizeof *h, payload, h->length);
  r->mine += sizeof *h + h->length;
  return 1;
}

void ring_taken(struct ring *r) {
  if (atomic_load_explicit(&r->shared->read, memory_order_relaxed) == r->mine) return;
  atomic_store(&r->shared->read, r->mine);
  if (atomic_load(&r->shared->producer_sleeps) && atomic_exchange(&r->shared->producer_sleeps, 0)) wake(r->peer_wake);
}

bool ring_waiting(const struct ring *r) {
  return atomic_load_explicit(&r->shared->written, memory_order_acquire) != r->mine;
}

bool ring_consumer_may_sleep(struct ring *r) {
  atomic_store(&r->shared->consumer_sleeps, 1);
  if (atomic_load(&r->shared->written) == r->mine) return true;
  atomic_store(&r->shared->consumer_sleeps, 0);
  return false;
}

void ring_consumer_awake(struct ring *r) { atomic_store(&r->shared->consumer_sleeps, 0); }

bool ring_producer_may_sleep(struct ring *r, size_t payload) {
  atomic_store(&r->shared->producer_sleeps, 1);
  if (!ring_room(r, payload)) return true;
  atomic_store(&r->shared->producer_sleeps, 0);
  return false;
}
