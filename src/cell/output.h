/* output.h: frames from the cell to the gateway. A turn's frames are gathered in one buffer and published together;
 * when the ring is full the sender waits for the gateway, which always drains. */
#ifndef MAYFLY_CELL_OUTPUT_H
#define MAYFLY_CELL_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/errors.h"

struct cell;

/* Sends all frames in `out` and publishes once. Not under the cell's lock. */
void output_send(struct cell *cell, const struct buf *out);
/* How many DONE frames are in `out`, and whether a LOADED one is. */
/* It says that its modules were evaluated. */
bool output_loaded(const struct buf *out);
uint32_t output_count(const struct buf *out, bool *loaded);
/* Drops all frames but LOG: what is left of a turn that went wrong. */
void output_keep_logs(struct buf *out);
/* The cell's own frames, added to `out`. DEAD pushes everything else out if there is no room. */
void output_dead(struct buf *out, uint32_t isolate, enum error_code code, const char *detail);
void output_usage(struct buf *out, uint32_t isolate, uint64_t bytes, uint64_t cpu_ns);
/* The same, ahead of what is in `out`. */
void output_usage_first(struct buf *out, uint32_t isolate, uint64_t bytes, uint64_t cpu_ns);
/* READY and NOTE, sent at once. */
void output_ready(struct cell *cell, const char *sandbox);
void output_note(struct cell *cell, const char *text);

#endif
