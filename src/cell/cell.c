/* cell.c: see cell.h and core.h: how a cell begins and ends, and what its parts share. */
#include "cell/cell.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "cell/core.h"
#include "cell/jail.h"
#include "cell/monitor.h"
#include "cell/output.h"
#include "cell/runner.h"
#include "cell/stored.h"

#define CELL_MAGIC 0xce11ce11u
#define MEMORY_MAX (UINT64_C(1) << 40) /* what the isolates may hold together is the gateway's to limit */
enum { EXIT_FAULT = 1, EXIT_LOCKDOWN = 2 };

uint64_t cell_now_ns(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int cell_new(struct cell **out, const struct image *image, void *memory, int wake_fd, int gateway_fd, unsigned lanes,
             char *err, size_t err_size) {
  struct cell *cell = calloc(1, sizeof *cell);
  if (!cell) {
    snprintf(err, err_size, "out of memory");
    return -1;
  }
  *cell = (struct cell){.magic = CELL_MAGIC, .image = image, .wake_fd = wake_fd};
  cell->active_max = lanes < 1 ? 1 : lanes > RUNNERS_MAX / 2 ? RUNNERS_MAX / 2 : lanes;
  pthread_mutex_init(&cell->lock, NULL);
  pthread_mutex_init(&cell->out_lock, NULL);
  pthread_mutex_init(&cell->pool_lock, NULL);
  pthread_cond_init(&cell->idle, NULL);
  pthread_cond_init(&cell->monitor, NULL);
  ring_attach(&cell->to_cell, &cell->to_gateway, memory, gateway_fd, gateway_fd); /* the peer on both is the gateway */
  cell->payload = malloc(FRAME_PAYLOAD_MAX);
  *out = cell;
  if (cell->payload && !isolates_init(&cell->isolates)) return slot_pool_new(&cell->pool, image, err, err_size);
  snprintf(err, err_size, "out of memory");
  return -1;
}

void cell_free(struct cell **cell) {
  struct cell *c = *cell;
  if (!c) return;
  *cell = NULL;
  while (cell_pop_ready(c)) continue; /* discards those that were closed; the others are in the table */
  for (size_t i = 0; c->isolates.table && i < (size_t)1 << CELL_INDEX_BITS; i++)
    if (c->isolates.table[i] && c->isolates.table[i]->slot) slot_give(c->pool, &c->isolates.table[i]->slot);
  while (c->garbage) {
    struct slot *slot = c->garbage;
    c->garbage = slot->next;
    slot_give(c->pool, &slot);
  }
  isolates_clear(&c->isolates);
  wakes_free(&c->wakes);
  if (c->pool) slot_pool_free(&c->pool);
  free(c->payload);
  pthread_mutex_destroy(&c->lock);
  pthread_mutex_destroy(&c->out_lock);
  pthread_mutex_destroy(&c->pool_lock);
  pthread_cond_destroy(&c->idle);
  pthread_cond_destroy(&c->monitor);
  c->magic = 0;
  free(c);
}

int cell_run(struct cell *cell) {
  char err[160] = "";
  pthread_mutex_lock(&cell->lock);
  int failed = 0;
  for (unsigned i = 0; i < cell->active_max && !failed; i++) failed = runner_start(cell, err, sizeof err);
  if (failed) cell_stop(cell, err);
  pthread_mutex_unlock(&cell->lock);
  monitor_run(cell);
  return cell->reason[0] ? -1 : 0;
}

void cell_stop(struct cell *cell, const char *reason) {
  if (reason && !cell->reason[0]) snprintf(cell->reason, sizeof cell->reason, "%s", reason);
  atomic_store(&cell->stop, true);
  uint64_t one = 1;
  pthread_cond_signal(&cell->monitor);
  if (write(cell->wake_fd, &one, sizeof one) < 0) return; /* a full eventfd is awake already */
}

void cell_push_ready(struct cell *cell, struct isolate *isolate) {
  isolate->state = ISOLATE_READY;
  isolate->next = NULL;
  if (cell->ready_last)
    cell->ready_last->next = isolate;
  else
    cell->ready_first = isolate;
  cell->ready_last = isolate;
}

static struct isolate *pop(struct cell *cell) {
  struct isolate *isolate = cell->ready_first;
  if (!isolate) return NULL;
  cell->ready_first = isolate->next;
  if (!cell->ready_first) cell->ready_last = NULL;
  isolate->next = NULL;
  return isolate;
}

struct isolate *cell_pop_ready(struct cell *cell) {
  for (;;) {
    struct isolate *isolate = pop(cell);
    if (!isolate || !isolate->closed) return isolate;
    cell_discard(cell, &isolate);
  }
}

void cell_discard_slot(struct cell *cell, struct isolate *isolate) {
  struct slot *slot = isolate->slot;
  if (!slot) return;
  isolate->slot = NULL;
  slot->next = cell->garbage;
  cell->garbage = slot;
  cell->garbage_count++;
}

void cell_discard(struct cell *cell, struct isolate **isolate) {
  cell_discard_slot(cell, *isolate);
  wakes_drop(&cell->wakes, *isolate);
  isolates_recycle(&cell->isolates, isolate);
}

/* Everything that needs files or privileges, up to the point where only READY is left to say. */
static int set_up(struct cell **cell, struct image **image, unsigned lanes, char *err, size_t size) {
  void *memory = mmap(NULL, ring_link_size(), PROT_READ | PROT_WRITE, MAP_SHARED, CELL_FD_LINK, 0);
  if (memory == MAP_FAILED) {
    snprintf(err, size, "link: %s", strerror(errno));
    return -1;
  }
  close(CELL_FD_LINK);
  if (stored_open(image, CELL_FD_IMAGE, err, size) || lane_setup(*image, err, size)) return -1;
  return cell_new(cell, *image, memory, CELL_FD_WAKE, CELL_FD_GATEWAY, lanes, err, size);
}

static int serve(unsigned offered, unsigned lanes) {
  char err[256] = "", text[8192];
  struct cell *cell = NULL;
  struct image *image = NULL;
  int status = EXIT_FAULT;
  /* One arena: to shrink another one, glibc opens /proc/sys/vm/overcommit_memory, which is death in the jail. */
  mallopt(M_ARENA_MAX, 1);
  if (set_up(&cell, &image, lanes, err, sizeof err) || monitor_setup(err, sizeof err)) {
    fprintf(stderr, "mayfly: a cell cannot start: %s\n", err);
    goto out;
  }
  jail_describe(offered, text, sizeof text);
  if (jail_enter(offered, MEMORY_MAX, err, sizeof err)) {
    status = EXIT_LOCKDOWN;
    snprintf(text, sizeof text, "the cell cannot lock down: %s", err);
    output_note(cell, text);
    goto out;
  }
  output_ready(cell, text);
  status = cell_run(cell) ? EXIT_FAULT : 0;
  if (status) output_note(cell, cell->reason);
out:
  cell_free(&cell); /* the image stays: a locked-down cell cannot close a descriptor */
  return status;
}

static bool read_number(const char *text, unsigned *out) {
  char *end;
  errno = 0;
  unsigned long value = strtoul(text, &end, 10);
  *out = (unsigned)value;
  return !errno && end != text && !*end && value <= UINT32_MAX;
}

/* The mode is the gateway's business: under "strict" it starts no cell where something is missing. */
int cell_main(int argc, char **argv) {
  unsigned offered, lanes;
  if (argc == 4 && read_number(argv[2], &offered) && read_number(argv[3], &lanes)) return serve(offered, lanes);
  fprintf(stderr, "mayfly: %s is started by mayfly itself\n", CELL_ARGV0);
  return EXIT_FAULT;
}
