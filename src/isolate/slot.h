/* slot.h: places for isolates. A slot is 4 GiB of address space for a linear memory and 4 GiB of guard after it, so
 * that no 32-bit address plus 32-bit offset leaves it.
 *
 * Two modes, by what happens at the end:
 *   reusable  hot pages writable and copied back; all others read-only until the first write to one faults: slot_fault
 *             opens the 64 KiB around it and notes that; the reset puts back exactly what could have changed
 *   kept      for long-lived isolates: one writable mapping, no faults of ours; the reset drops all private pages
 * A reset is exact: after it not one byte of the previous isolate can be read by the next. A slot that cannot be reset
 * (the kernel refuses) is unmapped instead of reused.
 *
 * The hot set starts as the image's and follows the pool's workload: pages that many runs write join it (their cost is
 * then a copy instead of a fault), pages that few write leave it again. It is immutable once made (struct hotset, in
 * hotset.h) and counted by reference, so slots of one pool may have different ones for a while.
 *
 * Mappings are counted over all pools of the process; slot_take refuses before the kernel would (vm.max_map_count).
 *
 * Threads: slot_take and slot_give are used under the pool owner's lock; everything else by the one thread that has the
 * slot. slot_fault runs in a signal handler on the thread that is in the slot.
 */
#ifndef MAYFLY_ISOLATE_SLOT_H
#define MAYFLY_ISOLATE_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "isolate/image.h"

enum { SLOT_PAGE = 65536, SLOT_PAGES_MAX = 65535 }; /* wasm pages: bytes, and how many fit into a 32-bit size */
#define SLOT_RESERVE ((size_t)8 << 30)

struct hotset;

struct slot {
  uint32_t magic;
  bool kept;
  bool fresh;           /* equal to the image; set by slot_reset, cleared by slot_take */
  bool census;          /* this run is looked at, to learn the hot set */
  bool all_open;        /* reusable: too many clusters were opened, now everything is writable */
  uint8_t *base;        /* of the reservation, SLOT_RESERVE bytes */
  uint32_t pages;       /* wasm pages now */
  uint32_t limit_pages; /* wasm pages allowed */
  struct slot *next;    /* in the pool's free list */

  /* slot.c's own */
  const struct image *image; /* NULL: boot memory, not a pool's */
  struct hotset *hot;        /* the pages that are writable from the start; one reference */
  uint8_t *open;             /* one byte per cluster (wasm page) of the image: it was opened */
  uint16_t *opened;          /* the open ones in order of opening */
  uint32_t *touched;         /* the system pages whose first write opened them */
  uint16_t *written;         /* by cluster: the pages that a run wrote, if it was looked at */
  uint32_t open_count;
  uint32_t private_pages; /* kept: system pages of the image part that are believed to differ */
  uint32_t mappings;      /* that it may have now */
};

struct slot_pool;

/* The pool borrows the image, which must outlive it. */
int slot_pool_new(struct slot_pool **out, const struct image *image, char *err, size_t err_size);
void slot_pool_free(struct slot_pool **pool); /* and its free slots; those taken must have been given back */
/* A fresh isolate's memory, or NULL: no address space or mappings left. */
struct slot *slot_take(struct slot_pool *pool, bool kept, uint32_t limit_pages);
/* Ends the isolate. Resets the slot unless slot_reset has been called. */
void slot_give(struct slot_pool *pool, struct slot **slot);
/* The expensive part of slot_give, which needs no lock. Afterwards only slot_give may be called. */
void slot_reset(struct slot *slot);
/* A reusable slot whose isolate turns out to live long becomes a kept one, with its contents. 0, or -1: no change. */
int slot_keep(struct slot *slot);
/* A kept slot that is idle gives back the pages that are equal to the image again. Reads all of the image. */
void slot_trim(struct slot *slot);
/* Bytes that the slot holds for itself: what was grown and the pages that may differ from the image. Of a kept slot the
 * latter are an estimate until slot_trim has counted them. */
size_t slot_private_bytes(const struct slot *slot);
/* From the SIGSEGV handler: the fault was the first write to a page of a reusable slot, and is mended. */
bool slot_fault(struct slot *slot, uintptr_t address);
/* Makes a system page writable before it is written; true: it is. Below slot->pages all others are already. */
bool slot_open_page(struct slot *slot, uint32_t page);
/* Does a system page of the image's part differ from the image? Looks only where it could. */
bool slot_page_differs(const struct slot *slot, uint32_t page);
/* Grows by delta wasm pages; the old size, or UINT32_MAX. */
uint32_t slot_grow(struct slot *slot, uint32_t delta);
/* The hot set's size now, pages; for tests and figures. */
uint32_t slot_pool_hot(const struct slot_pool *pool);

/* Not of a pool: `pages` of zeroed, writable memory at the start of a reservation, to boot a guest in. */
int slot_blank(struct slot *slot, uint32_t pages, uint32_t limit_pages);
void slot_blank_free(struct slot *slot);

#endif
