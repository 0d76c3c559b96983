/* image.h: the booted guest as bytes.
 *
 * An image is a memfd that holds the linear memory of a guest right after boot(), sealed against any change, plus
 * the few facts that are not in memory (its size and stack pointer). Every isolate starts as a private, copy-on-write
 * mapping of it. It is built once, in a process of its own, and passed to the cells as a descriptor.
 *
 * Nothing in an image is random and nothing is secret: the guest asks for its seeds on its first turn.
 * An image is read-only after it is made; any thread may use it.
 */
#ifndef MAYFLY_ISOLATE_IMAGE_H
#define MAYFLY_ISOLATE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/layer.h"
#if LAYER < LAYER_ISOLATE
#error "image.h belongs to the isolate layer"
#endif

struct image {
  int fd;              /* memfd, sealed (F_SEAL_WRITE, SHRINK, GROW, SEAL); owned; -1 once a cell has mapped it */
  const uint8_t *base; /* the same bytes mapped read-only; owned */
  uint32_t pages;      /* wasm pages of 64 KiB */
  uint32_t stack_pointer;
  uint32_t hot_count;  /* system pages that every run writes, ascending, found by running a small Worker */
  uint32_t *hot;       /* owned */
};

/* Boots the guest with the platform's source, takes the image, seals it. 0, or -1 with a message in err. */
int image_build(struct image **out, const char *platform, size_t length, char *err, size_t err_size);
/* The image behind a descriptor that image_build made in another process. Takes over fd. 0, or -1 with a message. */
int image_open(struct image **out, int fd, char *err, size_t err_size);
void image_free(struct image **image);

#endif
