/* slot.h: places for isolates. A slot is 4 GiB of address space for a linear memory and 4 GiB of guard after it, so
 * that no 32-bit address plus 32-bit offset leaves it, and the state that the engine's instance struct needs.
 *
 * Two modes, by what happens at the end:
 *   reusable  hot pages writable, all others read-only until the first write to one faults (slot_fault notes it);
 *             slot_give puts back exactly the pages that could have changed, and the slot is fresh again
 *   kept      for long-lived isolates: one writable mapping, no faults of ours; slot_give maps the image anew
 * A reset is exact: after slot_give not one byte of the previous isolate can be read by the next.
 *
 * Threads: a pool is used under its owner's lock; a slot by one thread at a time. slot_fault runs in a signal handler
 * on the thread that is in the slot.
 */
#ifndef MAYFLY_ISOLATE_SLOT_H
#define MAYFLY_ISOLATE_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "isolate/image.h"

struct slot {
  uint32_t magic;
  bool kept;
  uint8_t *base;        /* of the reservation, SLOT_RESERVE bytes */
  uint32_t pages;       /* wasm pages now */
  uint32_t limit_pages; /* wasm pages allowed */
  struct slot *next;    /* in the pool's free list */
  /* further fields: which regions were made writable, what was grown */
};

struct slot_pool;

#define SLOT_RESERVE ((size_t)8 << 30)

int slot_pool_new(struct slot_pool **out, const struct image *image, char *err, size_t err_size);
void slot_pool_free(struct slot_pool **pool);
/* A fresh isolate's memory, or NULL: no address space or mappings left. */
struct slot *slot_take(struct slot_pool *pool, bool kept, uint32_t limit_pages);
void slot_give(struct slot_pool *pool, struct slot **slot);
/* A reusable slot whose isolate turns out to live long becomes a kept one, with its contents. */
int slot_keep(struct slot *slot);
/* A kept slot that is idle gives back the pages that are equal to the image again. */
void slot_trim(struct slot *slot);
/* Bytes that the slot holds for itself: pages that differ, or may differ, from the image. */
size_t slot_private_bytes(const struct slot *slot);
/* From the SIGSEGV handler: the fault was the first write to a page of a reusable slot, and is mended. */
bool slot_fault(struct slot *slot, uintptr_t address);
/* Grows by delta wasm pages; the old size, or UINT32_MAX. */
uint32_t slot_grow(struct slot *slot, uint32_t delta);

#endif
