/* image.h: the booted guest as bytes.
 *
 * An image is a memfd that holds the linear memory of a guest right after boot(), and after that a trailer with the
 * few facts that are not in memory: its size, its stack pointer, and the hot set, the system pages that every run
 * writes. Once sealed it can never change again. Every isolate starts as a private, copy-on-write mapping of it.
 * It is made once, in a process of its own, in three steps, and passed to the cells as a descriptor:
 *
 *   image_build      boots the guest and writes its memory
 *   image_calibrate  (may be left out) finds the hot set by running a small Worker a few times
 *   image_seal       writes the trailer and seals; image_open takes nothing that is not sealed
 *
 * Nothing in an image is random and nothing is secret: the guest asks for its seeds on its first turn, and a guest
 * that asks for random bytes while booting is refused.
 * A sealed image is read-only; any thread may use it. Slots map the descriptor, so it stays open.
 */
#ifndef MAYFLY_ISOLATE_IMAGE_H
#define MAYFLY_ISOLATE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/layer.h"
#if LAYER < LAYER_ISOLATE
#error "image.h belongs to the isolate layer"
#endif

enum {
  IMAGE_PAGE = 4096,    /* a system page */
  IMAGE_HOT_MAX = 1000, /* pages in the hot set: the trailer is one page */
};

struct image {
  uint32_t magic;
  int fd;              /* memfd; owned */
  const uint8_t *base; /* the same bytes mapped read-only; owned */
  uint32_t pages;      /* wasm pages of 64 KiB */
  uint32_t stack_pointer;
  uint32_t hot_count; /* system pages that every run writes, ascending */
  uint32_t hot[IMAGE_HOT_MAX];
};

/* Boots the guest with the platform's source and writes its memory to fd, an empty memfd that allows sealing; -1: one
 * is made. Takes over fd, also on failure. 0, or -1 with a message in err. Starts a thread and waits for it. */
int image_build(struct image **out, int fd, const char *platform, size_t length, char *err, size_t err_size);
/* Hands `frames` (one turn's worth: LOAD and EVENT of a small Worker) to several fresh isolates and takes the pages
 * that they write as the hot set. Before image_seal. 0, or -1 with a message. */
int image_calibrate(struct image *image, const uint8_t *frames, size_t length, char *err, size_t err_size);
int image_seal(struct image *image, char *err, size_t err_size);

/* The sealed image behind a descriptor, made in another process. Takes over fd, also on failure. 0, or -1 and why. */
int image_open(struct image **out, int fd, char *err, size_t err_size);
void image_free(struct image **image);

#endif
