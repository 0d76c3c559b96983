/* isolates.c: see isolates.h. */
#include "cell/isolates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "isolate/snapshot.h"

static size_t index_of(uint32_t number) { return number & ((1u << CELL_INDEX_BITS) - 1); }

int isolates_init(struct isolates *t) {
  *t = (struct isolates){0};
  t->table = calloc((size_t)1 << CELL_INDEX_BITS, sizeof(struct isolate *));
  return t->table ? 0 : -1;
}

static void free_record(struct isolate *isolate) {
  buf_free(&isolate->inbox);
  snapshot_release(&isolate->snapshot);
  isolate->magic = 0;
  free(isolate);
}

void isolates_clear(struct isolates *t) {
  for (size_t i = 0; t->table && i < (size_t)1 << CELL_INDEX_BITS; i++)
    if (t->table[i]) free_record(t->table[i]);
  while (t->free) {
    struct isolate *isolate = t->free;
    t->free = isolate->next;
    free_record(isolate);
  }
  while (t->spare_count) buf_free(&t->spares[--t->spare_count]);
  free(t->table);
  *t = (struct isolates){0};
}

struct isolate *isolates_find(const struct isolates *t, uint32_t number) {
  struct isolate *isolate = t->table[index_of(number)];
  return isolate && isolate->number == number ? isolate : NULL;
}

struct isolate *isolates_open(struct isolates *t, uint32_t number, bool *taken) {
  *taken = t->table[index_of(number)] != NULL;
  if (*taken) return NULL;
  struct isolate *isolate = t->free;
  if (isolate)
    t->free = isolate->next;
  else if (!(isolate = malloc(sizeof *isolate)))
    return NULL;
  *isolate = (struct isolate){.magic = ISOLATE_MAGIC, .number = number, .wake_ms = INFINITY};
  buf_init(&isolate->inbox, ISOLATE_INBOX_MAX);
  t->table[index_of(number)] = isolate;
  return isolate;
}

void isolates_remove(struct isolates *t, struct isolate *isolate) {
  if (!isolate->closed) t->table[index_of(isolate->number)] = NULL;
  isolate->closed = true;
  isolate->inbox_head = 0;
  isolate_give_buf(t, &isolate->inbox);
  isolates_unrest(t, isolate);
}

void isolates_recycle(struct isolates *t, struct isolate **isolate) {
  snapshot_release(&(*isolate)->snapshot);
  (*isolate)->next = t->free;
  t->free = *isolate;
  *isolate = NULL;
}

void isolates_rest(struct isolates *t, struct isolate *isolate) {
  isolates_unrest(t, isolate);
  isolate->resting = true;
  isolate->newer = NULL;
  isolate->older = t->rest_newest;
  if (t->rest_newest)
    t->rest_newest->newer = isolate;
  else
    t->rest_oldest = isolate;
  t->rest_newest = isolate;
}

void isolates_unrest(struct isolates *t, struct isolate *isolate) {
  if (!isolate->resting) return;
  isolate->resting = false;
  if (isolate->older)
    isolate->older->newer = isolate->newer;
  else
    t->rest_oldest = isolate->newer;
  if (isolate->newer)
    isolate->newer->older = isolate->older;
  else
    t->rest_newest = isolate->older;
}

static void take_spare(struct isolates *t, struct isolate *isolate) {
  if (isolate->inbox.data || !t->spare_count) return;
  isolate->inbox = t->spares[--t->spare_count];
}

void isolate_give_buf(struct isolates *t, struct buf *b) {
  if (b->cap > ISOLATE_SPARE_BYTES || t->spare_count == ISOLATE_SPARES) buf_free(b);
  if (b->data) {
    buf_clear(b);
    b->max = ISOLATE_INBOX_MAX;
    t->spares[t->spare_count++] = *b;
  }
  buf_init(b, ISOLATE_INBOX_MAX);
}

/* The taken front is given up when it is at least half of a full buffer: each byte moves at most once on average. */
static void compact(struct isolate *isolate, size_t more) {
  struct buf *b = &isolate->inbox;
  if (b->len + more <= b->cap || isolate->inbox_head < b->len / 2) return;
  buf_drop_front(b, isolate->inbox_head);
  isolate->inbox_head = 0;
}

bool isolate_put(struct isolates *t, struct isolate *isolate, const struct frame_header *h, const uint8_t *payload) {
  take_spare(t, isolate);
  compact(isolate, sizeof *h + h->length);
  uint8_t *at = buf_room(&isolate->inbox, sizeof *h + h->length);
  if (!at) return false;
  memcpy(at, h, sizeof *h);
  memcpy(at + sizeof *h, payload, h->length);
  return true;
}

bool isolate_has_frames(const struct isolate *isolate) { return isolate->inbox_head < isolate->inbox.len; }

static void add_time(struct isolate *isolate, uint64_t limit_ns) {
  isolate->pool_ns += limit_ns;
  if (limit_ns > isolate->turn_max_ns) isolate->turn_max_ns = limit_ns;
}

/* What taking this frame means for the processor time. */
static void begin(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload) {
  if (h->type == FRAME_LOAD && !isolate->loading) {
    isolate->loading = true;
    add_time(isolate, isolate->cpu_limit_ns);
  } else if (h->type == FRAME_EVENT && !isolate->amid_event) {
    struct reader r = reader_over(payload, h->length);
    read_u8(&r);
    uint64_t cpu_ms = read_u32(&r);
    isolate->events++;
    add_time(isolate, cpu_ms ? cpu_ms * 1000000 : isolate->cpu_limit_ns);
    /* the first event often shares its turn with LOAD: a limit of its own then holds for both */
    if (cpu_ms && isolate->loading && isolate->events == 1) isolate->turn_max_ns = cpu_ms * 1000000;
  } else if (h->type == FRAME_MESSAGE && !(h->flags & FRAME_MORE) && isolate->pool_ns < isolate->turn_max_ns) {
    isolate->pool_ns = isolate->turn_max_ns;
  }
}

/* How many bytes the next turn takes. */
static size_t measure(struct isolate *isolate) {
  size_t at = isolate->inbox_head;
  bool event = false;
  while (at < isolate->inbox.len) {
    struct frame_header h;
    memcpy(&h, isolate->inbox.data + at, sizeof h);
    size_t size = sizeof h + h.length;
    if (h.type == FRAME_EVENT && event && !isolate->amid_event) break;
    if (at > isolate->inbox_head && at - isolate->inbox_head + size > ISOLATE_TURN_BYTES) break;
    begin(isolate, &h, isolate->inbox.data + at + sizeof h);
    event = event || h.type == FRAME_EVENT;
    if (h.type == FRAME_EVENT) isolate->amid_event = h.flags & FRAME_MORE;
    at += size;
  }
  return at - isolate->inbox_head;
}

void isolate_take(struct isolates *t, struct isolate *isolate, struct buf *in) {
  struct buf *inbox = &isolate->inbox;
  size_t n = measure(isolate);
  if (isolate->inbox_head == 0 && n == inbox->len) {
    isolate_give_buf(t, in);
    *in = *inbox;
    buf_init(inbox, ISOLATE_INBOX_MAX);
    return;
  }
  buf_put(in, inbox->data + isolate->inbox_head, n);
  isolate->inbox_head += n;
  if (isolate->inbox_head < inbox->len) return;
  isolate->inbox_head = 0;
  isolate_give_buf(t, inbox);
}

uint64_t isolate_allowance(const struct isolate *isolate) {
  if (!isolate->events && !isolate->loading) return ISOLATE_GRACE_NS;
  return isolate->pool_ns < isolate->turn_max_ns ? isolate->pool_ns : isolate->turn_max_ns;
}

void isolate_charge(struct isolate *isolate, uint64_t used_ns, uint32_t done, bool loaded) {
  isolate->cpu_ns += used_ns;
  isolate->pool_ns -= used_ns < isolate->pool_ns ? used_ns : isolate->pool_ns;
  isolate->events -= done < isolate->events ? done : isolate->events;
  if (loaded) isolate->loading = false;
  if (!isolate->events && !isolate->loading) isolate->pool_ns = isolate->turn_max_ns = 0;
}
