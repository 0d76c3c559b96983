/* stored.c: see stored.h.
 *
 * The image is a section that the program is loaded with (src/builder/stored.S), so the program's headers, as they are
 * in memory, tell where in the file it is. While a program runs nobody can write to its file, and what is put in its
 * place is another file.
 */
#include "cell/stored.h"

#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern const uint8_t stored_image[];

/* The first that is reported is the program; the others are its libraries. */
static int find(struct dl_phdr_info *info, size_t size, void *out) {
  uintptr_t at = (uintptr_t)stored_image - info->dlpi_addr;
  (void)size;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    if (part->p_type == PT_LOAD && at >= part->p_vaddr && at - part->p_vaddr < part->p_filesz)
      *(off_t *)out = (off_t)(part->p_offset + (at - part->p_vaddr));
  }
  return 1;
}

static const char *check(int fd, off_t at) {
  uint8_t page[IMAGE_PAGE];
  if (at < 0) return "not in the program's file";
  ssize_t n = pread(fd, page, sizeof page, at);
  if (n < 0) return strerror(errno);
  return n != (ssize_t)sizeof page || memcmp(page, stored_image, sizeof page) ? "not this program's file" : NULL;
}

int stored_open(struct image **out, int fd, char *err, size_t err_size) {
  off_t at = -1;
  dl_iterate_phdr(find, &at);
  const char *wrong = check(fd, at);
  if (!wrong) return image_open(out, fd, at, err, err_size);
  *out = NULL;
  snprintf(err, err_size, "image: %s", wrong);
  close(fd);
  return -1;
}
