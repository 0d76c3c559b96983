/* cell.h: the process that holds isolates, and nothing else.
 *
 * The gateway starts a cell as a new program image (`mayfly` with argv[0] "mayfly-cell", so that nothing of the
 * gateway's memory is in it), with exactly these descriptors, and talks to it through a link (base/ring.h):
 *   0, 1, 2  /dev/null, /dev/null, the operator's log (the latter closed too once the cell is locked down)
 *   CELL_FD_LINK    memfd of ring_link_size() bytes, sealed against shrinking and growing
 *   CELL_FD_WAKE    eventfd on which the cell sleeps
 *   CELL_FD_GATEWAY eventfd on which the gateway sleeps
 *   CELL_FD_IMAGE   the program's own file, for reading: the guest's image is in it. Stays open, to be mapped again
 *                   (privately) when a slot is made anew
 *   JAIL_FD_PARENT  pidfd of the gateway (jail.h), closed by jail_enter
 * Its first frame is READY, sent after the jail is shut; a cell that cannot lock down sends NOTE with the step and
 * the reason, and exits with status 2.
 */
#ifndef MAYFLY_CELL_CELL_H
#define MAYFLY_CELL_CELL_H

#include "base/layer.h"
#if LAYER < LAYER_CELL
#error "cell.h belongs to the cell layer"
#endif

enum { CELL_FD_LINK = 3, CELL_FD_WAKE = 4, CELL_FD_GATEWAY = 5, CELL_FD_IMAGE = 6, CELL_FD_LAST = 6 };
#define CELL_ARGV0 "mayfly-cell"
#define CELL_INDEX_BITS 14 /* an isolate's number: its index in the cell's table, and a generation above that */

/* The whole life of a cell process. argv: CELL_ARGV0, sandbox mode ("auto", "strict"), what jail_offered gave the
 * gateway (decimal), number of lanes that may be busy at once. Returns the exit status. */
int cell_main(int argc, char **argv);

#endif
