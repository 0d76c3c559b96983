/* wakes.h: which isolate is to be called when: a binary heap over isolate.due_ns (monotonic).
 * An isolate is in it at most once; isolate.wake_at is its place. Under the cell's lock. */
#ifndef MAYFLY_CELL_WAKES_H
#define MAYFLY_CELL_WAKES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cell/isolates.h"

struct wakes {
  struct isolate **heap; /* owned; heap[0] is due first */
  size_t count, cap;
};

void wakes_free(struct wakes *w);
/* Puts it in, or moves it. false: out of memory. */
bool wakes_set(struct wakes *w, struct isolate *isolate, uint64_t due_ns);
void wakes_drop(struct wakes *w, struct isolate *isolate);
/* The first that is due at `now`, taken out; or NULL. */
struct isolate *wakes_pop(struct wakes *w, uint64_t now_ns);
uint64_t wakes_next_ns(const struct wakes *w); /* UINT64_MAX: never */

#endif
