/* table.c: see table.h. */
#include "base/table.h"

#include <stdlib.h>

static uint32_t home(const struct table *t, uint32_t key) { return (key * 2654435769u >> 7) & (t->cap - 1); }

void table_free(struct table *t) {
  free(t->entries);
  *t = (struct table){0};
}

static struct table_entry *find(const struct table *t, uint32_t key) {
  uint32_t i = home(t, key);
  while (t->entries[i].key && t->entries[i].key != key) i = (i + 1) & (t->cap - 1);
  return &t->entries[i];
}

void *table_get(const struct table *t, uint32_t key) { return t->cap && key ? find(t, key)->value : NULL; }

static int grow(struct table *t) {
  struct table bigger = {.cap = t->cap ? 2 * t->cap : 16, .count = t->count};
  bigger.entries = calloc(bigger.cap, sizeof *bigger.entries);
  if (!bigger.entries) return -1;
  for (uint32_t i = 0; i < t->cap; i++)
    if (t->entries[i].key) *find(&bigger, t->entries[i].key) = t->entries[i];
  free(t->entries);
  *t = bigger;
  return 0;
}

int table_put(struct table *t, uint32_t key, void *value) {
  if (t->count >= t->cap / 2 && grow(t)) return -1;
  *find(t, key) = (struct table_entry){key, value};
  t->count++;
  return 0;
}

/* Every follower that may not be reached over the hole is moved into it. */
static void close_hole(struct table *t, uint32_t hole) {
  uint32_t mask = t->cap - 1;
  for (uint32_t i = (hole + 1) & mask; t->entries[i].key; i = (i + 1) & mask) {
    uint32_t from_home = (i - home(t, t->entries[i].key)) & mask;
    if (from_home < ((i - hole) & mask)) continue;
    t->entries[hole] = t->entries[i];
    hole = i;
  }
  t->entries[hole] = (struct table_entry){0};
}

void table_remove(struct table *t, uint32_t key) {
  if (!t->cap || !key) return;
  struct table_entry *e = find(t, key);
  if (!e->key) return;
  t->count--;
  close_hole(t, (uint32_t)(e - t->entries));
}

void *table_next(const struct table *t, uint32_t *at) {
  while (*at < t->cap) {
    const struct table_entry *e = &t->entries[(*at)++];
    if (e->key) return e->value;
  }
  return NULL;
}

void *table_drain(const struct table *t, uint32_t *at) {
  if (*at) --*at; /* where the last one was, there may be a follower now */
  void *value = table_next(t, at);
  if (value || !t->count) return value;
  *at = 0;
  return table_next(t, at);
}
