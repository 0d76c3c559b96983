/* wakes.c: see wakes.h. */
#include "cell/wakes.h"

#include <stdlib.h>

void wakes_free(struct wakes *w) {
  free(w->heap);
  *w = (struct wakes){0};
}

static void place(struct wakes *w, size_t i, struct isolate *isolate) {
  w->heap[i] = isolate;
  isolate->wake_at = i + 1;
}

static void sift_up(struct wakes *w, size_t i, struct isolate *isolate) {
  while (i > 0) {
    size_t parent = (i - 1) / 2;
    if (w->heap[parent]->due_ns <= isolate->due_ns) break;
    place(w, i, w->heap[parent]);
    i = parent;
  }
  place(w, i, isolate);
}

static void sift_down(struct wakes *w, size_t i, struct isolate *isolate) {
  for (;;) {
    size_t child = 2 * i + 1;
    if (child >= w->count) break;
    if (child + 1 < w->count && w->heap[child + 1]->due_ns < w->heap[child]->due_ns) child++;
    if (w->heap[child]->due_ns >= isolate->due_ns) break;
    place(w, i, w->heap[child]);
    i = child;
  }
  sift_up(w, i, isolate);
}

static bool grow(struct wakes *w) {
  size_t cap = w->cap ? w->cap * 2 : 64;
  struct isolate **heap = realloc(w->heap, cap * sizeof *heap);
  if (!heap) return false;
  w->heap = heap;
  w->cap = cap;
  return true;
}

bool wakes_set(struct wakes *w, struct isolate *isolate, uint64_t due_ns) {
  if (isolate->wake_at && isolate->due_ns == due_ns) return true;
  wakes_drop(w, isolate);
  if (w->count == w->cap && !grow(w)) return false;
  isolate->due_ns = due_ns;
  sift_up(w, w->count++, isolate);
  return true;
}

void wakes_drop(struct wakes *w, struct isolate *isolate) {
  if (!isolate->wake_at) return;
  size_t i = isolate->wake_at - 1;
  isolate->wake_at = 0;
  struct isolate *last = w->heap[--w->count];
  if (last != isolate) sift_down(w, i, last);
}

struct isolate *wakes_pop(struct wakes *w, uint64_t now_ns) {
  if (!w->count || w->heap[0]->due_ns > now_ns) return NULL;
  struct isolate *first = w->heap[0];
  wakes_drop(w, first);
  return first;
}

uint64_t wakes_next_ns(const struct wakes *w) { return w->count ? w->heap[0]->due_ns : UINT64_MAX; }
