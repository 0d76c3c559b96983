/* slot.c: the memory of isolates; see slot.h for the two modes and what a reset promises.
 *
 * Layout of a reservation: [image part: the image's pages][grown part: up to slot->pages][nothing, to 8 GiB]. The image
 * part is a private mapping of the image (image_map), the rest anonymous and inaccessible until slot_grow.
 *
 * Invariants between runs of a reusable slot: exactly the pages of slot->hot are writable, open_count is 0, nothing is
 * accessible beyond the image part. A page that is not writable has the image's bytes. slot_fault is the only way in
 * which a further page becomes writable, and it notes the cluster first. So a reset has to look at hot and opened
 * pages only.
 *
 * The steps of a reset that fails leave `fresh` unset, and slot_give then unmaps the slot.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "isolate/hotset.h"
#include "isolate/slot.h"

#define SLOT_MAGIC 0x534c4f54u
#define POOL_MAGIC 0x504f4f4cu

enum {
  OPEN_MAX = 24,         /* clusters opened one by one; the next opens all of the image part */
  MAPPINGS_KEPT = 4,     /* the stack, what is stored of the image, the heap's end with what was grown, the rest */
  MAPPINGS_OURS = 2048,  /* left to everything else in the process */
  MAPPINGS_USUAL = 65530 /* Linux's default */
};

struct slot_pool {
  uint32_t magic;
  const struct image *image;
  struct hotset *hot; /* what slots should have */
  struct learner learner;
  struct slot *free[2]; /* by kept */
};

static _Atomic uint32_t mappings;
static uint32_t mappings_max;

static bool mappings_get(uint32_t n) {
  if (atomic_fetch_add(&mappings, n) + n <= mappings_max) return true;
  atomic_fetch_sub(&mappings, n);
  return false;
}

static void mappings_find_max(void) {
  unsigned long max = MAPPINGS_USUAL;
  FILE *f = fopen("/proc/sys/vm/max_map_count", "re");
  if (f) {
    if (fscanf(f, "%lu", &max) != 1) max = MAPPINGS_USUAL;
    fclose(f);
  }
  if (max > INT32_MAX) max = INT32_MAX;
  mappings_max = max > MAPPINGS_OURS ? (uint32_t)max - MAPPINGS_OURS : 0;
}

static size_t image_bytes(const struct slot *slot) { return slot->image ? (size_t)slot->image->pages * SLOT_PAGE : 0; }

static int protect(const struct slot *slot, uint32_t page, uint32_t count, int prot) {
  return mprotect(slot->base + (size_t)page * IMAGE_PAGE, (size_t)count * IMAGE_PAGE, prot);
}

static uint8_t *reserve(void) {
  void *p = mmap(NULL, SLOT_RESERVE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? NULL : p;
}

/* ---- making and destroying ---- */

static void slot_free(struct slot **slot) {
  struct slot *gone = *slot;
  *slot = NULL;
  if (!gone) return;
  if (gone->base) munmap(gone->base, SLOT_RESERVE);
  atomic_fetch_sub(&mappings, gone->mappings);
  hotset_release(&gone->hot);
  free(gone->open);
  free(gone->opened);
  free(gone->touched);
  free(gone->written);
  gone->magic = 0;
  free(gone);
}

/* A kept slot, fresh. */
static struct slot *slot_make(const struct slot_pool *pool) {
  const struct image *image = pool->image;
  if (!mappings_get(MAPPINGS_KEPT)) return NULL;
  struct slot *slot = calloc(1, sizeof *slot);
  if (!slot) {
    atomic_fetch_sub(&mappings, MAPPINGS_KEPT);
    return NULL;
  }
  *slot = (struct slot){.magic = SLOT_MAGIC, .kept = true, .fresh = true, .pages = image->pages, .image = image};
  slot->mappings = MAPPINGS_KEPT;
  slot->hot = hotset_share(pool->hot);
  slot->open = calloc(image->pages, 1);
  slot->opened = calloc(OPEN_MAX, sizeof *slot->opened);
  slot->touched = calloc(OPEN_MAX, sizeof *slot->touched);
  slot->written = calloc(image->pages, sizeof *slot->written);
  slot->base = reserve();
  if (!slot->open || !slot->opened || !slot->touched || !slot->written || !slot->base ||
      image_map(image, slot->base, PROT_READ | PROT_WRITE)) {
    slot_free(&slot);
  }
  return slot;
}

static uint32_t mappings_of(const struct hotset *hot) { return MAPPINGS_KEPT + 2 * hot->run_count; }

/* A fresh slot, whatever its protection is now, becomes reusable with this hot set. */
static int become_reusable(struct slot *slot, struct hotset *hot) {
  uint32_t need = mappings_of(hot), have = slot->mappings;
  if (need > have && !mappings_get(need - have)) return -1;
  if (need < have) atomic_fetch_sub(&mappings, have - need);
  slot->mappings = need;
  hotset_release(&slot->hot);
  slot->hot = hotset_share(hot);
  if (mprotect(slot->base, image_bytes(slot), PROT_READ)) return -1;
  for (uint32_t i = 0; i < hot->run_count; i++) {
    if (protect(slot, hot->runs[i].page, hot->runs[i].count, PROT_READ | PROT_WRITE)) return -1;
  }
  slot->kept = slot->all_open = false;
  return 0;
}

/* One writable mapping. Can only join mappings, so it needs none. */
static int become_open(struct slot *slot) { return mprotect(slot->base, image_bytes(slot), PROT_READ | PROT_WRITE); }

static void forget_opened(struct slot *slot) {
  for (uint32_t i = 0; i < slot->open_count; i++) slot->open[slot->opened[i]] = 0;
  slot->open_count = 0;
}

static int become_kept(struct slot *slot) {
  if (become_open(slot)) return -1;
  uint32_t spare = slot->mappings - MAPPINGS_KEPT;
  slot->private_pages =
      (uint32_t)(slot_private_bytes(slot) / IMAGE_PAGE) - (slot->pages - slot->image->pages) * CLUSTER_PAGES;
  atomic_fetch_sub(&mappings, spare);
  slot->mappings -= spare;
  forget_opened(slot);
  slot->kept = true;
  slot->all_open = slot->census = false;
  return 0;
}

/* ---- pools ---- */

static struct hotset *first_hotset(const struct image *image) {
  uint16_t *mask = calloc(image->pages + 1, sizeof *mask);
  if (!mask) return NULL;
  for (uint32_t i = 0; i < image->hot_count; i++) {
    uint32_t cluster = image->hot[i] / CLUSTER_PAGES;
    mask[cluster] = (uint16_t)(mask[cluster] | 1u << image->hot[i] % CLUSTER_PAGES);
  }
  struct hotset *set = hotset_make(mask, image->pages);
  free(mask);
  return set;
}

int slot_pool_new(struct slot_pool **out, const struct image *image, char *err, size_t err_size) {
  *out = NULL;
  if (!mappings_max) mappings_find_max();
  struct slot_pool *pool = calloc(1, sizeof *pool);
  if (!pool) goto fail;
  pool->magic = POOL_MAGIC;
  pool->image = image;
  pool->hot = first_hotset(image);
  if (!pool->hot || learner_init(&pool->learner, image)) goto fail;
  *out = pool;
  return 0;
fail:
  snprintf(err, err_size, "no memory for a pool of slots");
  slot_pool_free(&pool);
  return -1;
}

void slot_pool_free(struct slot_pool **pool) {
  struct slot_pool *gone = *pool;
  *pool = NULL;
  if (!gone) return;
  for (int kept = 0; kept < 2; kept++) {
    while (gone->free[kept]) {
      struct slot *slot = gone->free[kept];
      gone->free[kept] = slot->next;
      slot_free(&slot);
    }
  }
  hotset_release(&gone->hot);
  learner_free(&gone->learner);
  gone->magic = 0;
  free(gone);
}

uint32_t slot_pool_hot(const struct slot_pool *pool) { return pool->hot->pages; }

static struct slot *pop(struct slot_pool *pool, bool kept) {
  struct slot *slot = pool->free[kept];
  if (!slot) kept = !kept, slot = pool->free[kept];
  if (!slot) return slot_make(pool);
  pool->free[kept] = slot->next;
  slot->next = NULL;
  return slot;
}

/* A slot that cannot be made reusable, for want of mappings, is kept: slower to reset, as good otherwise. */
static int change_mode(struct slot_pool *pool, struct slot *slot, bool kept) {
  if (kept) return slot->kept ? 0 : become_kept(slot);
  if (!slot->kept && slot->hot == pool->hot) return 0;
  if (become_reusable(slot, pool->hot) == 0) return 0;
  slot->kept = false;
  return become_kept(slot);
}

struct slot *slot_take(struct slot_pool *pool, bool kept, uint32_t limit_pages) {
  struct slot *slot = pop(pool, kept);
  if (!slot) return NULL;
  if (change_mode(pool, slot, kept)) {
    slot_free(&slot);
    return NULL;
  }
  if (limit_pages > SLOT_PAGES_MAX) limit_pages = SLOT_PAGES_MAX;
  slot->limit_pages = limit_pages > pool->image->pages ? limit_pages : pool->image->pages;
  slot->private_pages = slot->kept ? slot->hot->pages : 0;
  slot->census = !slot->kept && learner_wants(&pool->learner);
  slot->fresh = false;
  return slot;
}

static void learn(struct slot_pool *pool, const struct slot *slot) {
  if (!learner_note(&pool->learner, slot->written)) return;
  struct hotset *next = learner_hotset(&pool->learner, pool->hot);
  hotset_release(&pool->hot);
  pool->hot = next;
}

void slot_give(struct slot_pool *pool, struct slot **given) {
  struct slot *slot = *given;
  *given = NULL;
  if (!slot) return;
  if (!slot->fresh) slot_reset(slot);
  if (!slot->fresh) {
    slot_free(&slot);
    return;
  }
  if (slot->census) learn(pool, slot);
  slot->census = false;
  slot->next = pool->free[slot->kept];
  pool->free[slot->kept] = slot;
}

/* ---- the reset ---- */

static bool page_differs(const struct slot *slot, uint32_t page) {
  size_t at = (size_t)page * IMAGE_PAGE;
  return memcmp(slot->base + at, slot->image->base + at, IMAGE_PAGE) != 0;
}

/* Notes in slot->written what this run wrote, for the learner. */
static void take_census(struct slot *slot) {
  for (uint32_t cluster = 0; cluster < slot->image->pages; cluster++) {
    uint32_t look = slot->all_open || slot->open[cluster] ? 0xffff : slot->hot->mask[cluster], found = 0;
    for (; look; look &= look - 1) {
      uint32_t bit = (uint32_t)__builtin_ctz(look);
      if (page_differs(slot, cluster * CLUSTER_PAGES + bit)) found |= 1u << bit;
    }
    slot->written[cluster] = (uint16_t)found;
  }
  for (uint32_t i = 0; i < slot->open_count; i++) {
    uint16_t *mask = &slot->written[slot->touched[i] / CLUSTER_PAGES];
    *mask = (uint16_t)(*mask | 1u << slot->touched[i] % CLUSTER_PAGES);
  }
}

/* Drops what was written to these pages and shuts them. */
static int restore_range(const struct slot *slot, uint32_t page, uint32_t count) {
  if (protect(slot, page, count, PROT_READ)) return -1;
  return madvise(slot->base + (size_t)page * IMAGE_PAGE, (size_t)count * IMAGE_PAGE, MADV_DONTNEED);
}

/* Opened, and not hot: such pages come in ranges, often across clusters. */
static int restore_opened(struct slot *slot) {
  uint32_t first = 0, count = 0;
  for (uint32_t cluster = 0; cluster < slot->image->pages; cluster++) {
    uint32_t shut = slot->open[cluster] ? slot->hot->mask[cluster] : 0xffff;
    for (uint32_t bit = 0; bit < CLUSTER_PAGES; bit++) {
      if (!(shut >> bit & 1)) {
        if (!count++) first = cluster * CLUSTER_PAGES + bit;
      } else if (count) {
        if (restore_range(slot, first, count)) return -1;
        count = 0;
      }
    }
  }
  return count ? restore_range(slot, first, count) : 0;
}

static void restore_hot(const struct slot *slot) {
  const struct hotset *hot = slot->hot;
  for (uint32_t i = 0; i < hot->run_count; i++) {
    size_t at = (size_t)hot->runs[i].page * IMAGE_PAGE;
    memcpy(slot->base + at, slot->image->base + at, (size_t)hot->runs[i].count * IMAGE_PAGE);
  }
}

static int drop_all(const struct slot *slot) { return madvise(slot->base, image_bytes(slot), MADV_DONTNEED); }

/* A mapping over it drops the grown part, its page tables and its accessibility in one call. */
static int drop_grown(struct slot *slot) {
  uint32_t grown = slot->pages - slot->image->pages;
  if (!grown) return 0;
  void *p = mmap(slot->base + image_bytes(slot), (size_t)grown * SLOT_PAGE, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  if (p == MAP_FAILED) return -1;
  slot->pages = slot->image->pages;
  return 0;
}

static int reset_reusable(struct slot *slot) {
  if (slot->census) take_census(slot);
  if (slot->all_open) {
    forget_opened(slot);
    return drop_all(slot) || become_reusable(slot, slot->hot) ? -1 : 0;
  }
  if (slot->open_count) {
    if (restore_opened(slot)) return -1;
    uint32_t spare = 2 * slot->open_count;
    atomic_fetch_sub(&mappings, spare);
    slot->mappings -= spare;
    forget_opened(slot);
  }
  restore_hot(slot);
  return 0;
}

void slot_reset(struct slot *slot) {
  if (drop_grown(slot)) return;
  if (slot->kept ? drop_all(slot) : reset_reusable(slot)) return;
  slot->fresh = true;
}

/* ---- during a run ---- */

/* For want of room in the list or of mappings, all of the image part is opened at once. */
static bool open_all(struct slot *slot) {
  if (become_open(slot)) return false;
  slot->all_open = true;
  return true;
}

static bool is_open(const struct slot *slot, uint32_t page) {
  uint32_t cluster = page / CLUSTER_PAGES;
  return slot->kept || slot->all_open || page >= slot->image->pages * CLUSTER_PAGES || slot->open[cluster] ||
         slot->hot->mask[cluster] >> page % CLUSTER_PAGES & 1;
}

static bool open_cluster(struct slot *slot, uint32_t page) {
  uint32_t cluster = page / CLUSTER_PAGES;
  if (slot->open_count == OPEN_MAX || !mappings_get(2)) return open_all(slot);
  slot->mappings += 2;
  slot->open[cluster] = 1;
  slot->opened[slot->open_count] = (uint16_t)cluster;
  slot->touched[slot->open_count++] = page;
  if (protect(slot, cluster * CLUSTER_PAGES, CLUSTER_PAGES, PROT_READ | PROT_WRITE) == 0) return true;
  return open_all(slot);
}

bool slot_fault(struct slot *slot, uintptr_t address) {
  uintptr_t at = address - (uintptr_t)slot->base;
  if (at >= image_bytes(slot)) return false;
  uint32_t page = (uint32_t)(at / IMAGE_PAGE);
  return !is_open(slot, page) && open_cluster(slot, page);
}

bool slot_open_page(struct slot *slot, uint32_t page) { return is_open(slot, page) || open_cluster(slot, page); }

bool slot_page_differs(const struct slot *slot, uint32_t page) {
  return is_open(slot, page) && page_differs(slot, page);
}

uint32_t slot_grow(struct slot *slot, uint32_t delta) {
  uint32_t old = slot->pages;
  if ((uint64_t)old + delta > slot->limit_pages) return UINT32_MAX;
  if (delta && mprotect(slot->base + (size_t)old * SLOT_PAGE, (size_t)delta * SLOT_PAGE, PROT_READ | PROT_WRITE)) {
    return UINT32_MAX;
  }
  slot->pages += delta;
  return old;
}

int slot_keep(struct slot *slot) { return slot->kept ? 0 : become_kept(slot); }

/* Between turns the stack is empty: it goes unread. The comparison maps all of the image, which is undone. */
void slot_trim(struct slot *slot) {
  if (!slot->kept) return;
  uint32_t stack = slot->image->stack_pointer / IMAGE_PAGE;
  uint32_t pages = slot->image->pages * CLUSTER_PAGES, differing = 0;
  if (stack) madvise(slot->base, (size_t)stack * IMAGE_PAGE, MADV_DONTNEED);
  for (uint32_t page = stack; page < pages; page++) {
    uint32_t first = page;
    while (page < pages && !page_differs(slot, page)) page++;
    if (page > first) {
      madvise(slot->base + (size_t)first * IMAGE_PAGE, (size_t)(page - first) * IMAGE_PAGE, MADV_DONTNEED);
    }
    if (page < pages) differing++;
  }
  madvise((void *)(uintptr_t)slot->image->base, image_bytes(slot), MADV_DONTNEED);
  slot->private_pages = differing;
}

size_t slot_private_bytes(const struct slot *slot) {
  size_t grown = (size_t)(slot->pages - slot->image->pages) * SLOT_PAGE;
  if (slot->kept) return grown + (size_t)slot->private_pages * IMAGE_PAGE;
  if (slot->all_open) return grown + image_bytes(slot);
  return grown + ((size_t)slot->hot->pages + (size_t)slot->open_count * CLUSTER_PAGES) * IMAGE_PAGE;
}

/* ---- memory to boot in ---- */

int slot_blank(struct slot *slot, uint32_t pages, uint32_t limit_pages) {
  *slot = (struct slot){.magic = SLOT_MAGIC, .kept = true, .limit_pages = limit_pages, .base = reserve()};
  if (!slot->base) return -1;
  if (slot_grow(slot, pages) != UINT32_MAX) return 0;
  slot_blank_free(slot);
  return -1;
}

void slot_blank_free(struct slot *slot) {
  if (slot->base) munmap(slot->base, SLOT_RESERVE);
  *slot = (struct slot){0};
}
