/* hotset.h: which pages of a reusable slot are writable from the start, and how a pool finds out.
 *
 * A page fault with its repair costs microseconds, copying a page back a tenth of one. So a page that is written in
 * more than a few percent of the runs should be hot: writable, and copied back after every run whether it was written
 * or not. The image brings a first hot set; a pool's own workload is learned by census: in some runs the reset compares
 * with the image what could have changed, and after CENSUS_PERIOD of those the set is made anew. A hot page that is
 * written and then gets its old bytes back (a reference taken and dropped) looks unwritten, so what has joined stays
 * for a while before it must show itself again.
 *
 * A hotset never changes after it is made. It is counted by reference; the count is atomic because slots of one pool
 * are used by several threads. The learner belongs to the pool and is used under its owner's lock.
 */
#ifndef MAYFLY_ISOLATE_HOTSET_H
#define MAYFLY_ISOLATE_HOTSET_H

#include <stdatomic.h>
#include <stdbool.h>

#include "isolate/image.h"

/* 64 KiB of the image, 16 system pages: what one fault opens, and a bit a page in a mask. */
enum { CLUSTER_PAGES = 16, HOT_LEARNED_MAX = 512 };

struct hot_run {
  uint32_t page, count; /* system pages */
};

struct hotset {
  _Atomic uint32_t references;
  uint32_t clusters;
  uint32_t pages; /* all runs together */
  uint32_t run_count;
  uint16_t *mask;       /* by cluster */
  struct hot_run *runs; /* ascending, not adjacent; single cold pages between two hot ones are taken in */
};

struct hotset *hotset_make(const uint16_t *mask, uint32_t clusters); /* NULL: out of memory */
struct hotset *hotset_share(struct hotset *set);
void hotset_release(struct hotset **set);

struct learner {
  const struct image *image;
  uint32_t runs, census;
  uint8_t *hits; /* by page: in how many runs of this period it was seen to be written */
  uint8_t *stay; /* by page: for how many more periods it is hot in any case */
};

int learner_init(struct learner *learner, const struct image *image);
void learner_free(struct learner *learner);
/* Shall this run be looked at? At first every one, later one in CENSUS_EVERY. */
bool learner_wants(struct learner *learner);
/* written: a mask for each cluster. True: a period is over, ask learner_hotset. */
bool learner_note(struct learner *learner, const uint16_t *written);
/* The new set, or a share of `now` if nothing changed or memory is short. */
struct hotset *learner_hotset(struct learner *learner, struct hotset *now);

#endif
