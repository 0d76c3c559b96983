/* snapshot.c: see snapshot.h. Of the image's part, the pages that differ from it; of what was grown, those that are not
 * zero. The stack below the stack pointer is left out: nothing in it is alive between turns. */
#include "isolate/snapshot.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SNAPSHOT_MAGIC 0x50414e53u

struct snapshot {
  uint32_t magic;
  _Atomic uint32_t references;
  uint32_t wasm_pages;  /* the memory's size */
  uint32_t count, room; /* of the pages here */
  uint32_t *page;       /* ascending, system pages */
  uint8_t *bytes;       /* theirs, IMAGE_PAGE each */
};

static int add(struct snapshot *s, uint32_t page, const uint8_t *bytes) {
  if (s->count == s->room) {
    uint32_t room = s->room ? 2 * s->room : 128;
    uint32_t *pages = realloc(s->page, room * sizeof *pages);
    if (pages) s->page = pages;
    uint8_t *all = pages ? realloc(s->bytes, (size_t)room * IMAGE_PAGE) : NULL;
    if (!all) return -1;
    s->bytes = all;
    s->room = room;
  }
  memcpy(s->bytes + (size_t)s->count * IMAGE_PAGE, bytes, IMAGE_PAGE);
  s->page[s->count++] = page;
  return 0;
}

static int collect(struct snapshot *s, const struct slot *slot) {
  const uint32_t per = SLOT_PAGE / IMAGE_PAGE, image = slot->image->pages * per, all = slot->pages * per;
  for (uint32_t page = slot->image->stack_pointer / IMAGE_PAGE; page < image; page++) {
    if (slot_page_differs(slot, page) && add(s, page, slot->base + (size_t)page * IMAGE_PAGE)) return -1;
  }
  for (uint32_t page = image; page < all; page++) {
    if (!image_page_is_zero(slot->base, page) && add(s, page, slot->base + (size_t)page * IMAGE_PAGE)) return -1;
  }
  return 0;
}

struct snapshot *snapshot_take(const struct slot *slot) {
  struct snapshot *s = calloc(1, sizeof *s);
  if (!s) return NULL;
  s->magic = SNAPSHOT_MAGIC;
  s->references = 1;
  s->wasm_pages = slot->pages;
  if (collect(s, slot)) snapshot_release(&s);
  return s;
}

struct snapshot *snapshot_share(struct snapshot *snapshot) {
  atomic_fetch_add(&snapshot->references, 1);
  return snapshot;
}

void snapshot_release(struct snapshot **snapshot) {
  struct snapshot *gone = *snapshot;
  *snapshot = NULL;
  if (!gone || atomic_fetch_sub(&gone->references, 1) > 1) return;
  gone->magic = 0;
  free(gone->page);
  free(gone->bytes);
  free(gone);
}

int snapshot_put(const struct snapshot *s, struct slot *slot) {
  if (slot_grow(slot, s->wasm_pages - slot->pages) == UINT32_MAX) return -1;
  for (uint32_t i = 0; i < s->count; i++) {
    if (!slot_open_page(slot, s->page[i])) return -1;
    memcpy(slot->base + (size_t)s->page[i] * IMAGE_PAGE, s->bytes + (size_t)i * IMAGE_PAGE, IMAGE_PAGE);
  }
  return 0;
}
