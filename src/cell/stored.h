/* stored.h: the image of the guest that is a part of this program. */
#ifndef MAYFLY_CELL_STORED_H
#define MAYFLY_CELL_STORED_H

#include <stddef.h>

#include "isolate/image.h"

/* fd: the file of this program, for reading; taken over, also on failure. 0, or -1 with a message. */
int stored_open(struct image **out, int fd, char *err, size_t err_size);

#endif
