/* isolates.h: the cell's table of isolates: what is known of each between its turns.
 *
 * An isolate's number is the gateway's: an index into the table, and above CELL_INDEX_BITS a generation. A number
 * that is not in the table (any more) is answered with silence, because the gateway may not have heard yet that the
 * isolate is gone.
 *
 * Inbox. Frames wait as they came, header and payload, one after the other. A turn takes them in order, at most one
 * EVENT and about ISOLATE_TURN_BYTES at a time (of a longer EVENT a piece), so that processor time can be told apart by
 * event and a long message is never in the guest twice as a whole. Buffers come from the table's spares: an idle
 * isolate holds none.
 *
 * Processor time. An isolate has a pool of it: LOAD and each EVENT add their limit, each turn draws what it used.
 * One turn never gets more than the largest single limit among them. With the last active event the pool is gone.
 * A message of a WebSocket fills the pool up to that limit, as its event lasts as long as the connection.
 *
 * Clock. What an isolate sees is the wall clock as it was when it last had no timer waiting, and monotonic from
 * there: a clock that is set back or forth never makes a timer late or early.
 *
 * Threads: under the cell's lock, except that a RUNNING isolate's slot, snapshot, told_bytes and cpu_ns belong to its
 * runner.
 */
#ifndef MAYFLY_CELL_ISOLATES_H
#define MAYFLY_CELL_ISOLATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/frame.h"
#include "cell/cell.h"

enum {
  ISOLATE_TURN_BYTES = 128 * 1024, /* frames for one turn: what a guest has room for without asking (guest/guest.c) */
  ISOLATE_INBOX_MAX = 128 << 20,
  ISOLATE_SPARES = 64, /* inbox buffers kept for the next isolate */
  ISOLATE_SPARE_BYTES = 64 * 1024,
};
#define ISOLATE_MAGIC 0x150a7e00u
#define ISOLATE_GRACE_NS 20000000u /* processor time for a turn that no event pays for: late frames */

struct slot;
struct snapshot;
struct runner;

enum isolate_state { ISOLATE_IDLE, ISOLATE_READY, ISOLATE_RUNNING };

struct isolate {
  uint32_t magic;
  uint32_t number;
  enum isolate_state state;
  bool kept;                 /* OPEN_KEPT */
  bool closed;               /* not in the table any more; to be thrown away by its runner */
  bool loading;              /* LOAD was given, LOADED has not come */
  bool flooded;              /* its inbox ran over: it dies at its next turn */
  bool traced;               /* OPEN_TRACED */
  bool template;             /* OPEN_TEMPLATE */
  bool amid_event;           /* the pieces of an EVENT that were taken are not all */
  bool orphan;               /* a copy of one that is gone: it dies at its first turn */
  struct slot *slot;         /* owned; NULL before the first turn, and of a template that was loaded */
  struct snapshot *snapshot; /* a reference: of a template what it was when it was LOADED; of a copy, until its first
                                turn, what it begins with */
  uint32_t limit_pages;
  uint64_t opened_ns;

  struct buf inbox;
  size_t inbox_head; /* bytes of inbox that were taken already */

  uint64_t cpu_limit_ns; /* for LOAD and for events without their own */
  uint64_t pool_ns, turn_max_ns;
  uint32_t events; /* begun and not DONE */

  double wake_ms;   /* what the guest asked for, its clock; INFINITY: nothing */
  int64_t clock_ns; /* its wall clock minus the monotonic one */
  uint64_t due_ns;  /* when wakes.c calls, monotonic */
  size_t wake_at;   /* its place in the heap, 1-based; 0: not there */

  uint64_t told_bytes, cpu_ns;   /* last USAGE; processor time so far */
  uint64_t rest_ns;              /* end of its last turn */
  struct isolate *next;          /* in the ready queue or the free list */
  struct isolate *older, *newer; /* in the list of isolates whose slot is to be tended when they rest */
  bool resting;
};

struct isolates {
  struct isolate **table; /* 1 << CELL_INDEX_BITS entries */
  struct isolate *free;
  struct isolate *rest_oldest, *rest_newest;
  struct buf spares[ISOLATE_SPARES];
  size_t spare_count;
};

int isolates_init(struct isolates *t);
void isolates_clear(struct isolates *t);
struct isolate *isolates_find(const struct isolates *t, uint32_t number);
/* NULL: out of memory, or *taken: the index is in use. */
struct isolate *isolates_open(struct isolates *t, uint32_t number, bool *taken);
/* Out of the table, its inbox dropped; the record stays until isolates_recycle. */
void isolates_remove(struct isolates *t, struct isolate *isolate);
void isolates_recycle(struct isolates *t, struct isolate **isolate);

/* The list of resting isolates, the one that rests longest first. */
void isolates_rest(struct isolates *t, struct isolate *isolate);
void isolates_unrest(struct isolates *t, struct isolate *isolate);

/* false: the inbox is full. */
bool isolate_put(struct isolates *t, struct isolate *isolate, const struct frame_header *h, const uint8_t *payload);
bool isolate_has_frames(const struct isolate *isolate);
/* Moves the frames of the next turn into `in` (empty before) and adds the time that they bring to the pool. */
void isolate_take(struct isolates *t, struct isolate *isolate, struct buf *in);
/* What a turn left empty goes back. */
void isolate_give_buf(struct isolates *t, struct buf *b);
/* Processor time that a turn may use now; 0: the isolate has used up all it had. */
uint64_t isolate_allowance(const struct isolate *isolate);
/* After a turn: what it used, and how many DONE and LOADED frames it sent. */
void isolate_charge(struct isolate *isolate, uint64_t used_ns, uint32_t done, bool loaded);

#endif
