/* ring.h: one direction of the link between the gateway and a cell: a ring of frames in shared memory.
 *
 * One producer and one consumer, in different processes that do not trust each other. The shared page holds two
 * counters of bytes, each written by one side only, a flag by which each side says that it is about to sleep, and
 * the data. Each side keeps its own counter privately and never believes what it reads back; the other's counter
 * is checked against its own on every look, and frames are copied out before they are checked (mistake 14 of the
 * red team's list: shared memory read twice).
 *
 * Sleeping: a side that found nothing to do sets its flag, looks once more, and then sleeps on its own eventfd.
 * Whoever changes a counter afterwards sees the flag and writes to that eventfd. So a busy link makes no system
 * calls at all.
 *
 * Threads: one thread at a time on each side; the caller sees to it.
 */
#ifndef MAYFLY_BASE_RING_H
#define MAYFLY_BASE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/frame.h"

enum { RING_DATA = 1 << 20 }; /* bytes of data; a power of two, many times the largest frame */

struct ring_shared; /* what lies in shared memory */

struct ring {
  struct ring_shared *shared;
  uint64_t mine; /* this side's counter: bytes ever written (producer), ever read (consumer) */
  int peer_wake; /* the peer's eventfd; not owned */
};

/* The memory of a link: two rings. to_cell first, then to_gateway. */
size_t ring_link_size(void);
void ring_attach(struct ring *to_cell, struct ring *to_gateway, void *memory, int cell_wake, int gateway_wake);

/* Producer. A frame (header and payload) that is whole goes in whole or not at all: false, no room.
 * Nothing is seen by the consumer before ring_publish. */
bool ring_put(struct ring *r, const struct frame_header *h, const void *payload);
bool ring_room(const struct ring *r, size_t payload);
void ring_publish(struct ring *r);

/* Consumer. 1: a frame, copied into *h and payload (FRAME_PAYLOAD_MAX bytes); 0: none now; -1: the producer lied,
 * *why says how. ring_taken gives the space back (call it after a batch). */
int ring_get(struct ring *r, enum frame_from from, struct frame_header *h, uint8_t *payload, const char **why);
void ring_taken(struct ring *r);

bool ring_waiting(const struct ring *r); /* something is there */
/* Before sleeping: true, go to sleep; false, there is something to read (consumer) or room (producer). */
bool ring_consumer_may_sleep(struct ring *r);
bool ring_producer_may_sleep(struct ring *r, size_t payload);
void ring_consumer_awake(struct ring *r);

#endif
