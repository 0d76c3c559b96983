/* builder.h: the process that makes the guest's image, for all cells to come. */
#ifndef MAYFLY_CELL_BUILDER_H
#define MAYFLY_CELL_BUILDER_H

#include "base/buf.h"

/* Fills the empty memfd `fd` with the image and seals it. The exit status; errors go to stderr. */
int builder_run(int fd);
/* The frames of one turn (LOAD and EVENT) of a small Worker that is like many. */
void builder_frames(struct buf *out);

#endif
