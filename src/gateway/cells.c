/* cells.c: see cells.h. */
#include "gateway/cells.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/ring.h"
#include "base/spin.h"
#include "cell/cell.h"
#include "gateway/log.h"
#include "gateway/process.h"

enum {
  CELL_MAGIC = 0x4c4c4543,
  SLOTS = 1 << CELL_INDEX_BITS,
  FRAMES_PER_TURN = 512,
  BYTES_PER_TURN = 1 << 20,
  SPILL_MAX = 256 << 20, /* many times the windows of a busy cell and the largest Worker */
  SPILL_KEEP = 1 << 20,
  RESTART_MS = 50, /* doubled with each failure */
  RESTART_MAX_MS = 5000,
};

struct slot {
  struct isolate *isolate; /* NULL: free */
  uint32_t generation;     /* of the current, or the last, number; 0: never opened */
  uint32_t next_free;
  bool wrapped; /* all generations were in use once */
};

struct cell {
  uint32_t magic;
  enum cell_kind kind;
  unsigned index;
  struct cells *cells;
  struct process process;
  bool running, ready, ever_ready;
  const char *doomed; /* why it is to be dropped at the next safe place */
  struct ring to, from;
  struct buf spill;
  size_t spill_at; /* what was sent of it */
  struct slot *slots;
  uint32_t slots_used, free_head, live; /* free_head: index + 1 */
  struct loop_watch notified, ended;
  struct loop_timer restart;
  unsigned failures;
};

struct cells {
  struct loop *loop;
  struct cells_owner owner;
  struct process_plan plan;
  unsigned count;
  struct cell *cell; /* [0] is the host Worker's */
  struct spin spin;
  uint8_t payload[FRAME_PAYLOAD_MAX];
};

static void cell_start(struct cell *c);

static const char *cell_label(const struct cell *c, char *out, size_t size) {
  if (c->kind == CELL_HOST)
    snprintf(out, size, "the host Worker's cell");
  else
    snprintf(out, size, "cell %u", c->index);
  return out;
}

/* ---- numbers ---- */

static uint32_t slot_number(const struct cell *c, const struct slot *s) {
  return s->generation << CELL_INDEX_BITS | (uint32_t)(s - c->slots);
}

/* The isolate behind a number that the cell said; NULL and *lie false: it was closed meanwhile. */
static struct isolate *slot_find(const struct cell *c, uint32_t number, bool *lie) {
  uint32_t index = number & (SLOTS - 1), generation = number >> CELL_INDEX_BITS;
  const struct slot *s = &c->slots[index];
  if (index < c->slots_used && s->isolate && s->generation == generation) return s->isolate;
  *lie = index >= c->slots_used || !generation || (generation > s->generation && !s->wrapped);
  return NULL;
}

static struct slot *slot_new(struct cell *c) {
  struct slot *s;
  if (c->free_head) {
    s = &c->slots[c->free_head - 1];
    c->free_head = s->next_free;
  } else if (c->slots_used < SLOTS) {
    s = &c->slots[c->slots_used++];
  } else {
    return NULL;
  }
  s->generation = (s->generation + 1) & (UINT32_MAX >> CELL_INDEX_BITS);
  if (!s->generation) {
    s->wrapped = true;
    s->generation = 1;
  }
  c->live++;
  return s;
}

static void slot_free(struct cell *c, struct slot *s) {
  s->isolate = NULL;
  s->next_free = c->free_head;
  c->free_head = (uint32_t)(s - c->slots) + 1;
  c->live--;
}

struct cell *cells_open(struct cells *cells, enum cell_kind kind, struct isolate *isolate, uint32_t *number) {
  struct cell *best = NULL;
  for (unsigned i = 0; i < cells->count; i++) {
    struct cell *c = &cells->cell[i];
    if (c->kind == kind && c->running && !c->doomed && (!best || c->live < best->live)) best = c;
  }
  return best && cell_open(best, isolate, number) ? best : NULL;
}

bool cell_open(struct cell *c, struct isolate *isolate, uint32_t *number) {
  struct slot *s = c->running && !c->doomed ? slot_new(c) : NULL;
  if (!s) return false;
  s->isolate = isolate;
  *number = slot_number(c, s);
  return true;
}

void cell_close(struct cell *c, uint32_t number, bool tell) {
  struct slot *s = &c->slots[number & (SLOTS - 1)];
  if (!s->isolate || slot_number(c, s) != number) return;
  slot_free(c, s);
  struct frame_header h = {.type = FRAME_CLOSE, .isolate = number};
  if (tell) cell_put(c, &h, NULL);
}

/* ---- sending ---- */

size_t cell_waiting(const struct cell *c) { return c->spill.len - c->spill_at; }

static void spill(struct cell *c, const struct frame_header *h, const void *payload) {
  if (cell_waiting(c) + sizeof *h + h->length > SPILL_MAX) {
    c->doomed = "it does not take what is sent to it";
    return;
  }
  buf_put(&c->spill, h, sizeof *h);
  buf_put(&c->spill, payload, h->length);
  if (c->spill.bad) c->doomed = "no memory for what is sent to it";
}

void cell_put(struct cell *c, const struct frame_header *h, const void *payload) {
  if (!c->running || c->doomed) return;
  if (cell_waiting(c) || !ring_put(&c->to, h, payload)) spill(c, h, payload);
}

static void spill_send(struct cell *c) {
  while (cell_waiting(c)) {
    struct frame_header h;
    memcpy(&h, c->spill.data + c->spill_at, sizeof h);
    if (!ring_put(&c->to, &h, c->spill.data + c->spill_at + sizeof h)) break;
    c->spill_at += sizeof h + h.length;
  }
  if (c->spill_at == c->spill.len) {
    buf_shrink(&c->spill, SPILL_KEEP);
    c->spill_at = 0;
  } else if (c->spill_at > c->spill.len / 2) {
    buf_drop_front(&c->spill, c->spill_at);
    c->spill_at = 0;
  }
}

/* ---- the end of a cell ---- */

/* A killed process takes a while to die (it has much memory); it is reaped by its own watch meanwhile. */
struct corpse {
  struct process process;
  struct loop *loop;
  struct loop_watch ended;
};

static void corpse_ended(void *arg, uint32_t events) {
  (void)events;
  struct corpse *corpse = arg;
  char how[96];
  loop_unwatch(corpse->loop, &corpse->ended);
  process_reap(&corpse->process, how, sizeof how);
  free(corpse);
}

static void bury(struct cell *c) {
  char how[96];
  struct corpse *corpse = malloc(sizeof *corpse);
  if (corpse) {
    *corpse = (struct corpse){.process = c->process, .loop = c->cells->loop};
    corpse->ended = (struct loop_watch){.fd = c->process.pidfd, .ready = corpse_ended, .arg = corpse};
    if (!loop_watch(c->cells->loop, &corpse->ended, EPOLLIN)) return;
    free(corpse);
  }
  process_reap(&c->process, how, sizeof how);
}

static void disconnect(struct cell *c) {
  c->running = c->ready = false;
  c->doomed = NULL;
  loop_unwatch(c->cells->loop, &c->notified);
  loop_unwatch(c->cells->loop, &c->ended);
  process_unlink(&c->process);
  buf_shrink(&c->spill, 0);
  c->spill_at = 0;
}

static void tell_lost(struct cell *c) {
  for (uint32_t i = 0; i < c->slots_used; i++) {
    struct isolate *isolate = c->slots[i].isolate;
    if (!isolate) continue;
    slot_free(c, &c->slots[i]);
    c->cells->owner.lost(c->cells->owner.arg, isolate);
  }
}

/* A cell that served is replaced at once; one that dies before it is ready, again and again, after longer and longer
 * times. */
static void restart_later(struct cell *c) {
  uint64_t in = (uint64_t)RESTART_MS << (c->failures < 8 ? c->failures : 8);
  c->failures++;
  loop_timer_set(c->cells->loop, &c->restart, in < RESTART_MAX_MS ? in : RESTART_MAX_MS);
}

static void after_end(struct cell *c, bool served) {
  tell_lost(c);
  if (!c->ever_ready)
    c->cells->owner.failed(c->cells->owner.arg);
  else if (served)
    cell_start(c);
  else
    restart_later(c);
}

static bool read_some(struct cell *c);

static void on_ended(void *arg, uint32_t events) {
  (void)events;
  struct cell *c = arg;
  char how[96], label[32];
  while (!c->doomed && read_some(c)) continue; /* its last words count */
  bool served = c->ready;
  disconnect(c);
  process_reap(&c->process, how, sizeof how);
  log_line("%s ended: %s", cell_label(c, label, sizeof label), how);
  after_end(c, served);
}

static void drop(struct cell *c) {
  char label[32];
  log_line("%s is dropped: %s", cell_label(c, label, sizeof label), c->doomed);
  bool served = c->ready;
  process_kill(&c->process);
  disconnect(c);
  bury(c);
  after_end(c, served);
}

/* ---- reading ---- */

static void on_notified(void *arg, uint32_t events) {
  (void)arg;
  (void)events; /* edge-triggered and never read; the hook looks at the ring */
}

static void on_ready(struct cell *c) {
  c->ready = c->ever_ready = true;
  c->failures = 0;
  for (unsigned i = 0; i < c->cells->count; i++)
    if (!c->cells->cell[i].ready) return;
  c->cells->owner.ready(c->cells->owner.arg);
}

static void on_note(struct cell *c, const uint8_t *text, size_t length) {
  char label[32], line[1024];
  log_escape(line, sizeof line, (const char *)text, length, NULL);
  log_line("%s: %s", cell_label(c, label, sizeof label), line);
}

static const char *from_cell(struct cell *c, const struct frame_header *h, const uint8_t *payload) {
  if (h->type == FRAME_NOTE)
    on_note(c, payload, h->length);
  else if (h->type == FRAME_READY && !c->ready)
    on_ready(c);
  else
    return "a frame that needs an isolate, without one";
  return NULL;
}

static const char *handle(struct cell *c, const struct frame_header *h, uint8_t *payload) {
  bool lie = false;
  if (!h->isolate) return from_cell(c, h, payload);
  if (h->type == FRAME_READY || h->type == FRAME_NOTE) return "an isolate that speaks for its cell";
  struct isolate *isolate = slot_find(c, h->isolate, &lie);
  if (lie) return "an isolate that was never opened in it";
  if (isolate) c->cells->owner.frame(c->cells->owner.arg, isolate, h, payload);
  return NULL;
}

/* One bounded batch. True: there may be more. */
static bool read_some(struct cell *c) {
  size_t frames = 0, bytes = 0;
  int got = 0;
  while (!c->doomed && frames < FRAMES_PER_TURN && bytes < BYTES_PER_TURN) {
    struct frame_header h;
    const char *why = NULL;
    got = ring_get(&c->from, FROM_GUEST | FROM_CELL, &h, c->cells->payload, &why);
    if (got < 0) c->doomed = why;
    if (got <= 0) break;
    frames++;
    bytes += h.length;
    why = handle(c, &h, c->cells->payload);
    if (why) c->doomed = why;
  }
  ring_taken(&c->from);
  return got > 0;
}

bool cells_read(void *arg) {
  struct cells *cells = arg;
  bool more = false;
  for (unsigned i = 0; i < cells->count; i++) {
    struct cell *c = &cells->cell[i];
    if (!c->running) continue;
    ring_publish(&c->to); /* a cell works on what this turn brought while its answers are read */
    more |= read_some(c);
    if (c->doomed) drop(c);
  }
  return more;
}

static bool may_sleep(struct cell *c) {
  if (!ring_consumer_may_sleep(&c->from)) return false;
  if (!cell_waiting(c)) return true;
  struct frame_header h;
  memcpy(&h, c->spill.data + c->spill_at, sizeof h);
  return ring_producer_may_sleep(&c->to, h.length);
}

void cells_expect(struct cells *cells) { spin_expect(&cells->spin); }

static bool any_waiting(const struct cells *cells) {
  for (unsigned i = 0; i < cells->count; i++)
    if (cells->cell[i].running && ring_waiting(&cells->cell[i].from)) return true;
  return false;
}

/* A few looks; then whatever else the loop watches gets its turn. */
static bool look_longer(struct cells *cells) {
  enum { LOOKS = 8 };
  if (!cells->spin.until_ns) return false;
  for (int i = 0; i < LOOKS; i++) {
    if (any_waiting(cells)) {
      spin_found(&cells->spin);
      return true;
    }
    sched_yield();
    if (!spin_more(&cells->spin)) return false;
  }
  return true;
}

bool cells_publish(void *arg) {
  struct cells *cells = arg;
  bool more = false;
  for (unsigned i = 0; i < cells->count; i++) {
    struct cell *c = &cells->cell[i];
    if (!c->running) continue;
    if (cell_waiting(c)) spill_send(c);
    ring_publish(&c->to);
    more |= c->doomed != NULL;
  }
  if (more || look_longer(cells)) return true;
  for (unsigned i = 0; i < cells->count; i++)
    if (cells->cell[i].running && !may_sleep(&cells->cell[i])) more = true;
  return more;
}

/* ---- the start ---- */

static int connect_link(struct cell *c) {
  struct process *p = &c->process;
  ring_attach(&c->to, &c->from, p->memory, p->wake, p->wake); /* either way, it is the cell that is woken */
  c->notified = (struct loop_watch){.fd = p->notified, .ready = on_notified, .arg = c};
  c->ended = (struct loop_watch){.fd = p->pidfd, .ready = on_ended, .arg = c};
  if (loop_watch(c->cells->loop, &c->notified, EPOLLIN | EPOLLET)) return -1;
  if (!loop_watch(c->cells->loop, &c->ended, EPOLLIN)) return 0;
  loop_unwatch(c->cells->loop, &c->notified);
  return -1;
}

static int try_start(struct cell *c, char *err, size_t err_size) {
  char how[96];
  if (process_start(&c->process, &c->cells->plan, err, err_size)) return -1;
  if (!connect_link(c)) {
    c->running = true;
    return 0;
  }
  snprintf(err, err_size, "cannot watch a cell");
  process_kill(&c->process);
  process_unlink(&c->process);
  process_reap(&c->process, how, sizeof how);
  return -1;
}

static void cell_start(struct cell *c) {
  char err[256];
  if (!try_start(c, err, sizeof err)) return;
  log_line("%s", err);
  restart_later(c);
}

static void on_restart(void *arg) { cell_start(arg); }

static int cell_setup(struct cells *cells, unsigned i, char *err, size_t err_size) {
  struct cell *c = &cells->cell[i];
  *c = (struct cell){.magic = CELL_MAGIC, .kind = i ? CELL_DYNAMIC : CELL_HOST, .index = i, .cells = cells};
  c->restart = (struct loop_timer){.fire = on_restart, .arg = c};
  buf_init(&c->spill, SIZE_MAX / 2);
  c->slots = calloc(SLOTS, sizeof *c->slots); /* touched only as far as they are used */
  if (!c->slots) {
    snprintf(err, err_size, "out of memory");
    return -1;
  }
  return try_start(c, err, err_size);
}

static int check_sandbox(struct cells *cells, char *err, size_t err_size) {
  char missing[1024] = "";
  cells->plan.offered = jail_offered(missing, sizeof missing);
  if (!missing[0]) return 0;
  if (cells->plan.sandbox == SANDBOX_STRICT) {
    snprintf(err, err_size, "--sandbox=strict, but %s", missing);
    return -1;
  }
  log_line("warning: weaker sandbox: %s", missing);
  return 0;
}

static unsigned default_lanes(void) {
  long cpus = sysconf(_SC_NPROCESSORS_ONLN);
  return cpus > 3 ? (unsigned)cpus / 2 : 1;
}

int cells_new(struct cells **out, struct loop *loop, const struct cells_options *options,
              const struct cells_owner *owner, char *err, size_t err_size) {
  struct cells *cells = calloc(1, sizeof *cells);
  unsigned count = 1 + options->dynamic;
  snprintf(err, err_size, "out of memory");
  if (!cells) return -1;
  cells->loop = loop;
  cells->owner = *owner;
  cells->plan = (struct process_plan){.sandbox = options->sandbox, .lanes = options->lanes, .image = -1};
  if (!cells->plan.lanes) cells->plan.lanes = default_lanes();
  cells->cell = calloc(count, sizeof *cells->cell);
  if (!cells->cell) goto fail;
  if (check_sandbox(cells, err, err_size)) goto fail;
  cells->plan.image = process_open_image(err, err_size);
  if (cells->plan.image < 0) goto fail;
  while (cells->count < count)
    if (cell_setup(cells, cells->count++, err, err_size)) goto fail;
  *out = cells;
  return 0;
fail:
  cells_free(&cells);
  return -1;
}

void cells_free(struct cells **cells) {
  char how[96];
  if (!*cells) return;
  for (unsigned i = 0; i < (*cells)->count; i++)
    if ((*cells)->cell[i].running) process_kill(&(*cells)->cell[i].process);
  for (unsigned i = 0; i < (*cells)->count; i++) {
    struct cell *c = &(*cells)->cell[i];
    bool running = c->running;
    loop_timer_clear((*cells)->loop, &c->restart);
    if (running) {
      disconnect(c);
      process_reap(&c->process, how, sizeof how);
    }
    buf_free(&c->spill);
    free(c->slots);
  }
  if ((*cells)->plan.image >= 0) close((*cells)->plan.image);
  free((*cells)->cell);
  free(*cells);
  *cells = NULL;
}
