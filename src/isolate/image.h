/* image.h: the booted guest as bytes.
 *
 * An image is the linear memory of a guest right after boot(), and the few facts that are not in memory: its size, its
 * stack pointer, and the hot set, the system pages that every run writes. Every isolate starts as a private,
 * copy-on-write mapping of it.
 *
 * It is made when Mayfly is built (src/builder) and linked into the program, so that a cell maps it from the file of
 * the program that it runs:
 *
 *   image_build      boots the guest
 *   image_calibrate  (may be left out) finds the hot set by running a small Worker a few times
 *   image_write      writes it: a page with the facts, then the stored pages
 *   image_open       takes what was written
 *
 * Stored are the pages from the first to the last that is not zero. What lies before them, which is the stack (abi.h:
 * __stack_pointer), and after them, which is the heap's free end, is anonymous memory in every mapping: it is in no
 * file, and takes room only where an isolate writes.
 *
 * Nothing in an image is random and nothing is secret: whoever has the program has it, and each boot of one guest
 * gives the same bytes, which a test compares with the stored ones. The guest asks for its seeds (the hash tables',
 * Math.random's, crypto's) on the first turn of each isolate, and a guest that asks for random bytes while booting is
 * refused.
 *
 * Any thread may use an image. Slots map the descriptor, so it stays open.
 */
#ifndef MAYFLY_ISOLATE_IMAGE_H
#define MAYFLY_ISOLATE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/layer.h"
#if LAYER < LAYER_ISOLATE
#error "image.h belongs to the isolate layer"
#endif

enum {
  IMAGE_PAGE = 4096,    /* a system page */
  IMAGE_HOT_MAX = 1000, /* pages in the hot set: the header is one page */
};

struct image {
  uint32_t magic;
  int fd;                 /* of the stored pages; owned */
  off_t offset;           /* of the first of them in fd */
  const uint8_t *base;    /* all of the memory, mapped read-only; owned */
  uint32_t pages;         /* wasm pages of 64 KiB */
  uint32_t first, stored; /* the stored system pages: the first, and how many */
  uint32_t stack_pointer;
  uint32_t hot_count; /* system pages that every run writes, ascending */
  uint32_t hot[IMAGE_HOT_MAX];
};

/* Boots the guest with the platform's source. 0, or -1 with a message in err. Starts a thread and waits for it. */
int image_build(struct image **out, const char *platform, size_t length, char *err, size_t err_size);
/* Hands `frames` (one turn's worth: LOAD and EVENT of a small Worker) to several fresh isolates and takes the pages
 * that they write as the hot set. 0, or -1 with a message. */
int image_calibrate(struct image *image, const uint8_t *frames, size_t length, char *err, size_t err_size);
/* To the beginning of an empty file. 0, or -1 with a message. */
int image_write(const struct image *image, int fd, char *err, size_t err_size);

/* What image_write wrote, at an offset that is a multiple of IMAGE_PAGE. Takes over fd, which is read only, also on
 * failure. 0, or -1 and why. */
int image_open(struct image **out, int fd, off_t at, char *err, size_t err_size);
void image_free(struct image **image);

/* Of a memory: is this system page all zeros? */
bool image_page_is_zero(const uint8_t *memory, uint32_t page);

/* Maps all of the memory, privately, over an inaccessible anonymous mapping. 0, or -1 with errno. */
int image_map(const struct image *image, uint8_t *to, int protection);

#endif
