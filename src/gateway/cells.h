/* cells.h: the cell processes, their links, and the numbers of the isolates in them.
 *
 * Cells of two kinds: one for the host Worker, the others for dynamic Workers; they never mix. A cell is started with
 * nothing but its link, two eventfds and the program's own file, and is replaced when it ends, whatever the reason.
 *
 * Trust. A cell may be anybody. Who speaks is known from the ring. A frame is copied, then checked; its isolate must be
 * one that was opened in this very cell. A number that was open once and is closed by now is a race and dropped; a
 * number that never was is a lie, and like any other lie of a cell it ends the cell: killed, replaced, reason logged.
 * What is read from one cell in one turn of the loop is bounded, so that no cell starves the others.
 *
 * Sending never blocks and never fails: what the ring has no room for waits in a bounded spill buffer; a cell that
 * lets it overflow is dropped.
 */
#ifndef MAYFLY_GATEWAY_CELLS_H
#define MAYFLY_GATEWAY_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/frame.h"
#include "base/layer.h"
#include "cell/jail.h"
#include "gateway/loop.h"
#if LAYER < LAYER_GATEWAY
#error "cells.h belongs to the gateway"
#endif

struct isolate;
struct cell;
struct cells;

enum cell_kind { CELL_HOST, CELL_DYNAMIC };

/* The owner's part. Called in the loop, never from within one of the functions below. */
struct cells_owner {
  void *arg;
  /* A checked frame of one of its isolates; payload may be changed in place. */
  void (*frame)(void *arg, struct isolate *isolate, const struct frame_header *h, uint8_t *payload);
  /* The cell of this isolate is no more. The isolate's number is free already. */
  void (*lost)(void *arg, struct isolate *isolate);
  /* A cell serves; all of them do. */
  void (*ready)(void *arg);
  /* The very first start of a cell failed; what it had to say is in the log already. */
  void (*failed)(void *arg);
};

struct cells_options {
  unsigned dynamic; /* cells for dynamic Workers */
  unsigned lanes;   /* 0: one for each two processors */
  enum sandbox_mode sandbox;
};

/* Starts the cells. 0, or -1 with a message. */
int cells_new(struct cells **out, struct loop *loop, const struct cells_options *options,
              const struct cells_owner *owner, char *err, size_t err_size);
/* Kills the cells and waits for their end. */
void cells_free(struct cells **cells);
/* The two hooks of the loop: what arrived is read and handed on, and what was written is shown to the cells. */
bool cells_read(void *cells);
bool cells_publish(void *cells);

/* A number for a new isolate in a cell of this kind; the least busy one. *number is never 0. NULL: no cell runs, or
 * all their numbers are taken. `isolate` stays the caller's. */
struct cell *cells_open(struct cells *cells, enum cell_kind kind, struct isolate *isolate, uint32_t *number);
/* The same in this cell. False: it does not run, or all its numbers are taken. */
bool cell_open(struct cell *cell, struct isolate *isolate, uint32_t *number);
/* The number is not used any more; nothing of this isolate will be heard again. With `tell` the cell closes it. */
void cell_close(struct cell *cell, uint32_t number, bool tell);
void cell_put(struct cell *cell, const struct frame_header *h, const void *payload);
/* An answer of a cell may come soon; it is not slept before it is there, for a moment. */
void cells_expect(struct cells *cells);
/* Bytes that wait for room in this cell's ring. */
size_t cell_waiting(const struct cell *cell);

#endif
