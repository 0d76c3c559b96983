/* sample.h: the Worker that the image's hot set is found with. */
#ifndef MAYFLY_BUILDER_SAMPLE_H
#define MAYFLY_BUILDER_SAMPLE_H

#include "base/buf.h"

/* The frames of one turn (LOAD and EVENT) of a small Worker that is like many. */
void sample_frames(struct buf *out);

#endif
