/* hotset.c: see hotset.h. */
#include "isolate/hotset.h"

#include <stdlib.h>
#include <string.h>

enum {
  CENSUS_PERIOD = 16, /* censuses after which the set is made anew */
  CENSUS_FIRST = 32,  /* runs of a new pool that are all looked at */
  CENSUS_EVERY = 8,   /* afterwards one in so many */
  HITS_TO_JOIN = 4,   /* of CENSUS_PERIOD */
  HITS_TO_STAY = 2,
  PERIODS_TO_STAY = 200, /* after a page has joined */
};

static bool in_mask(const uint16_t *mask, uint32_t page) {
  return mask[page / CLUSTER_PAGES] >> (page % CLUSTER_PAGES) & 1;
}

static void mask_add(uint16_t *mask, uint32_t page) {
  mask[page / CLUSTER_PAGES] = (uint16_t)(mask[page / CLUSTER_PAGES] | 1u << (page % CLUSTER_PAGES));
}

static void close_gaps(uint16_t *mask, uint32_t pages) {
  for (uint32_t page = 1; page + 1 < pages; page++) {
    if (in_mask(mask, page - 1) && in_mask(mask, page + 1)) mask_add(mask, page);
  }
}

static void find_runs(struct hotset *set) {
  uint32_t pages = set->clusters * CLUSTER_PAGES;
  for (uint32_t page = 0; page < pages; page++) {
    if (!in_mask(set->mask, page)) continue;
    uint32_t first = page;
    while (page < pages && in_mask(set->mask, page)) page++;
    set->runs[set->run_count++] = (struct hot_run){.page = first, .count = page - first};
    set->pages += page - first;
  }
}

struct hotset *hotset_make(const uint16_t *mask, uint32_t clusters) {
  struct hotset *set = calloc(1, sizeof *set);
  if (!set) return NULL;
  *set = (struct hotset){.references = 1, .clusters = clusters};
  set->mask = malloc((clusters + 1) * sizeof *set->mask);
  set->runs = malloc((clusters * CLUSTER_PAGES / 2 + 1) * sizeof *set->runs);
  if (!set->mask || !set->runs) {
    hotset_release(&set);
    return NULL;
  }
  memcpy(set->mask, mask, clusters * sizeof *mask);
  close_gaps(set->mask, clusters * CLUSTER_PAGES);
  find_runs(set);
  return set;
}

struct hotset *hotset_share(struct hotset *set) {
  atomic_fetch_add(&set->references, 1);
  return set;
}

void hotset_release(struct hotset **set) {
  struct hotset *gone = *set;
  *set = NULL;
  if (!gone || atomic_fetch_sub(&gone->references, 1) != 1) return;
  free(gone->mask);
  free(gone->runs);
  free(gone);
}

int learner_init(struct learner *learner, const struct image *image) {
  *learner = (struct learner){.image = image};
  learner->hits = calloc(image->pages, CLUSTER_PAGES);
  learner->stay = calloc(image->pages, CLUSTER_PAGES);
  return learner->hits && learner->stay ? 0 : -1;
}

void learner_free(struct learner *learner) {
  free(learner->hits);
  free(learner->stay);
  learner->hits = learner->stay = NULL;
}

bool learner_wants(struct learner *learner) {
  uint32_t run = learner->runs++;
  return run < CENSUS_FIRST || run % CENSUS_EVERY == 0;
}

bool learner_note(struct learner *learner, const uint16_t *written) {
  for (uint32_t cluster = 0; cluster < learner->image->pages; cluster++) {
    for (uint32_t left = written[cluster]; left; left &= left - 1) {
      learner->hits[cluster * CLUSTER_PAGES + (uint32_t)__builtin_ctz(left)]++;
    }
  }
  return ++learner->census % CENSUS_PERIOD == 0;
}

/* The image's own hot pages always stay. */
static void choose(struct learner *learner, const struct hotset *now, uint16_t *mask) {
  uint32_t learned = 0;
  for (uint32_t i = 0; i < learner->image->hot_count; i++) mask_add(mask, learner->image->hot[i]);
  for (uint32_t page = 0; page < learner->image->pages * CLUSTER_PAGES && learned < HOT_LEARNED_MAX; page++) {
    bool hot = in_mask(now->mask, page);
    if (learner->stay[page]) learner->stay[page]--;
    if (learner->hits[page] < (hot ? HITS_TO_STAY : HITS_TO_JOIN) && !(hot && learner->stay[page])) continue;
    if (!hot) learner->stay[page] = PERIODS_TO_STAY;
    if (!in_mask(mask, page)) learned++;
    mask_add(mask, page);
  }
  close_gaps(mask, learner->image->pages * CLUSTER_PAGES);
}

struct hotset *learner_hotset(struct learner *learner, struct hotset *now) {
  uint32_t clusters = learner->image->pages;
  struct hotset *next = NULL;
  uint16_t *mask = calloc(clusters + 1, sizeof *mask);
  if (mask) {
    choose(learner, now, mask);
    if (memcmp(mask, now->mask, clusters * sizeof *mask)) next = hotset_make(mask, clusters);
  }
  free(mask);
  memset(learner->hits, 0, (size_t)clusters * CLUSTER_PAGES);
  return next ? next : hotset_share(now);
}
