/* builder.c: the program of the build that boots the guest and writes its image (isolate/image.h), which is then linked
 * into Mayfly. Of one guest it makes one image, wherever it runs.
 * usage: builder OUT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/frame.h"
#include "builder/sample.h"
#include "isolate/image.h"

extern const char _binary_platform_js_start[], _binary_platform_js_end[];

static int make(struct image **image, const struct buf *frames, int fd, char *err, size_t err_size) {
  size_t length = (size_t)(_binary_platform_js_end - _binary_platform_js_start);
  if (image_build(image, _binary_platform_js_start, length, err, err_size)) return -1;
  if (image_calibrate(*image, frames->data, frames->len, err, err_size)) return -1;
  return image_write(*image, fd, err, err_size);
}

int main(int argc, char **argv) {
  char err[4096];
  struct image *image = NULL;
  struct buf frames;
  if (argc != 2) {
    fputs("usage: builder OUT\n", stderr);
    return 2;
  }
  int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) {
    fprintf(stderr, "builder: %s: %s\n", argv[1], strerror(errno));
    return 1;
  }
  buf_init(&frames, FRAME_PAYLOAD_MAX);
  sample_frames(&frames);
  int failed = make(&image, &frames, fd, err, sizeof err);
  if (failed) fprintf(stderr, "builder: the guest's image cannot be made: %s\n", err);
  image_free(&image);
  buf_free(&frames);
  if (close(fd)) failed = -1;
  return failed ? 1 : 0;
}
