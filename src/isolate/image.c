/* image.c: boots a guest, keeps its bytes; see image.h.
 *
 * Whoever opens an image trusts what it says as far as plain bounds: it is a part of the program, as the guest's code
 * is.
 */
#include "isolate/image.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "isolate/hotset.h"
#include "isolate/inside.h"

#define IMAGE_MAGIC 0x494d4732u /* also the header's */
enum { BOOT_PAGES_MAX = 4096, CALIBRATE_RUNS = 6 };

struct header {
  uint32_t magic, pages, first, stored, stack_pointer, hot_count;
  uint32_t hot[IMAGE_HOT_MAX];
};
union header_page {
  struct header header;
  uint8_t bytes[IMAGE_PAGE];
};
_Static_assert(sizeof(union header_page) == IMAGE_PAGE, "the header is one page");

static int fail_errno(const char *step, char *err, size_t err_size) {
  snprintf(err, err_size, "image: %s: %s", step, strerror(errno));
  return -1;
}

static size_t memory_bytes(const struct image *image) { return (size_t)image->pages * SLOT_PAGE; }

static struct image *image_new(int fd) {
  struct image *image = calloc(1, sizeof *image);
  if (image)
    *image = (struct image){.magic = IMAGE_MAGIC, .fd = fd};
  else if (fd >= 0)
    close(fd);
  return image;
}

void image_free(struct image **image) {
  struct image *gone = *image;
  *image = NULL;
  if (!gone) return;
  if (gone->base) munmap((void *)(uintptr_t)gone->base, memory_bytes(gone));
  if (gone->fd >= 0) close(gone->fd);
  gone->magic = 0;
  free(gone);
}

int image_map(const struct image *image, uint8_t *to, int protection) {
  size_t first = (size_t)image->first * IMAGE_PAGE, stored = (size_t)image->stored * IMAGE_PAGE;
  if (mprotect(to, memory_bytes(image), protection)) return -1;
  if (first) madvise(to, first, MADV_NOHUGEPAGE); /* refused by kernels that have no large pages: as good */
  if (!stored) return 0;
  void *p = mmap(to + first, stored, protection, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, image->fd, image->offset);
  return p == MAP_FAILED ? -1 : 0;
}

static int map_base(struct image *image, char *err, size_t err_size) {
  void *p = mmap(NULL, memory_bytes(image), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return fail_errno("address space", err, err_size);
  image->base = p;
  return image_map(image, p, PROT_READ) ? fail_errno("map", err, err_size) : 0;
}

static int write_at(int fd, const void *bytes, size_t length, off_t at) {
  const uint8_t *p = bytes;
  while (length) {
    ssize_t n = pwrite(fd, p, length, at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return -1;
    p += n;
    at += n;
    length -= (size_t)n;
  }
  return 0;
}

bool image_page_is_zero(const uint8_t *memory, uint32_t page) {
  static const uint8_t zeros[IMAGE_PAGE];
  return !memcmp(memory + (size_t)page * IMAGE_PAGE, zeros, IMAGE_PAGE);
}

/* The stack is empty when the boot is over; what it left there is nothing. */
static void find_stored(struct image *image, const uint8_t *memory) {
  uint32_t first = image->stack_pointer / IMAGE_PAGE, end = image->pages * CLUSTER_PAGES;
  while (first < end && image_page_is_zero(memory, first)) first++;
  while (end > first && image_page_is_zero(memory, end - 1)) end--;
  image->first = first;
  image->stored = end > first ? end - first : 0;
}

/* Pages of zeros are not written: holes of the file. */
static int write_memory(const struct image *image, const uint8_t *memory, char *err, size_t err_size) {
  if (ftruncate(image->fd, (off_t)image->stored * IMAGE_PAGE)) return fail_errno("size", err, err_size);
  for (uint32_t i = 0; i < image->stored; i++) {
    if (image_page_is_zero(memory, image->first + i)) continue;
    const uint8_t *page = memory + (size_t)(image->first + i) * IMAGE_PAGE;
    if (write_at(image->fd, page, IMAGE_PAGE, (off_t)i * IMAGE_PAGE)) return fail_errno("write", err, err_size);
  }
  return 0;
}

/* ---- booting ---- */

struct boot {
  struct image *image;
  const char *platform;
  uint32_t length;
  char *err;
  size_t err_size;
  uint32_t complaint; /* where in the guest's memory it says what went wrong */
  int result;
};

static void boot_body(struct lane *lane, void *arg) {
  struct boot *boot = arg;
  Z_engineZ__initialize(lane->instance);
  uint32_t at = Z_engineZ_room(lane->instance, boot->length + 1); /* the engine wants a NUL behind it */
  host_enter(lane);
  if (!at || (uint64_t)at + boot->length + 1 > (uint64_t)lane->slot->pages * SLOT_PAGE) {
    trap_leave(lane, TURN_MEMORY, "no room for the platform");
  }
  memcpy(lane->slot->base + at, boot->platform, boot->length);
  lane->slot->base[at + boot->length] = 0;
  host_leave(lane);
  boot->complaint = Z_engineZ_boot(lane->instance, at, boot->length);
}

/* The guest's C string, as far as it is one. */
static void complain(const struct boot *boot, const struct slot *memory) {
  size_t size = (size_t)memory->pages * SLOT_PAGE;
  size_t room = boot->complaint < size ? size - boot->complaint : 0;
  const char *text = room ? (const char *)memory->base + boot->complaint : "";
  snprintf(boot->err, boot->err_size, "image: the platform failed: %.*s", (int)strnlen(text, room > 4000 ? 4000 : room),
           text);
}

static int boot_lane(struct boot *boot, struct lane *lane, struct slot *memory) {
  enum turn_end end = lane_run(lane, memory, boot_body, boot);
  if (end != TURN_OK) {
    snprintf(boot->err, boot->err_size, "image: booting the guest failed: %s", lane->detail);
    return -1;
  }
  if (boot->complaint) {
    complain(boot, memory);
    return -1;
  }
  boot->image->pages = memory->pages;
  boot->image->stack_pointer = *Z_engineZ___stack_pointer(lane->instance);
  find_stored(boot->image, memory->base);
  return write_memory(boot->image, memory->base, boot->err, boot->err_size);
}

static void *boot_thread(void *arg) {
  struct boot *boot = arg;
  struct lane *lane = NULL;
  struct slot memory;
  boot->result = lane_enter_blank(&lane, &memory, BOOT_PAGES_MAX, boot->err, boot->err_size);
  if (boot->result == 0) boot->result = boot_lane(boot, lane, &memory);
  lane_leave(&lane);
  slot_blank_free(&memory);
  return NULL;
}

static int run_thread(void *(*run)(void *), void *arg, char *err, size_t err_size) {
  unsigned long thread;
  if (lane_setup(NULL, err, err_size) || lane_thread(run, arg, &thread, err, err_size)) return -1;
  int wrong = pthread_join(thread, NULL);
  if (wrong) snprintf(err, err_size, "image: join: %s", strerror(wrong));
  return wrong ? -1 : 0;
}

int image_build(struct image **out, const char *platform, size_t length, char *err, size_t err_size) {
  *out = NULL;
  int fd = memfd_create("mayfly-image", MFD_CLOEXEC);
  if (fd < 0) return fail_errno("memfd", err, err_size);
  struct image *image = image_new(fd);
  struct boot boot = {image, platform, (uint32_t)length, err, err_size, 0, -1};
  if (!image || length > INT32_MAX) {
    snprintf(err, err_size, "image: no memory");
  } else if (run_thread(boot_thread, &boot, err, err_size) == 0 && boot.result == 0 &&
             map_base(image, err, err_size) == 0) {
    *out = image;
    return 0;
  }
  image_free(&image);
  return -1;
}

/* ---- the hot set ---- */

struct calibration {
  struct image *image;
  const uint8_t *frames;
  size_t length;
  char *err;
  size_t err_size;
  uint8_t *hits; /* by page: in how many runs it was written */
  int result;
};

/* A page that was written is a private copy, also when its bytes are the image's again, as after a reference that was
 * taken and dropped. The kernel knows (Documentation/admin-guide/mm/pagemap.rst); where it does not say, pages that
 * differ must do. */
static void count_written(const struct calibration *c, const struct slot *slot) {
  enum { PRESENT = 63, OF_FILE = 61 };
  uint32_t pages = c->image->pages * CLUSTER_PAGES;
  uint64_t entry[CLUSTER_PAGES];
  int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  for (uint32_t page = 0; page < pages; page++) {
    size_t at = (size_t)page * IMAGE_PAGE;
    off_t where = (off_t)(((uintptr_t)slot->base / IMAGE_PAGE + page) * sizeof *entry);
    uint32_t in_cluster = page % CLUSTER_PAGES;
    if (!in_cluster && pread(fd, entry, sizeof entry, where) != sizeof entry) memset(entry, 0, sizeof entry);
    bool copied = entry[in_cluster] >> PRESENT & ~(entry[in_cluster] >> OF_FILE) & 1;
    if (copied || memcmp(slot->base + at, c->image->base + at, IMAGE_PAGE)) c->hits[page]++;
  }
  if (fd >= 0) close(fd);
}

static int calibrate_once(const struct calibration *c, struct lane *lane, struct slot_pool *pool) {
  struct slot *slot = slot_take(pool, true, SLOT_PAGES_MAX);
  if (!slot) {
    snprintf(c->err, c->err_size, "calibration: no slot");
    return -1;
  }
  enum turn_end end = lane_turn(lane, slot, c->frames, c->length);
  if (end == TURN_OK)
    count_written(c, slot);
  else
    snprintf(c->err, c->err_size, "calibration: the guest failed: %s", lane->detail);
  buf_clear(&lane->out);
  slot_give(pool, &slot);
  return end == TURN_OK ? 0 : -1;
}

static void *calibrate_thread(void *arg) {
  struct calibration *c = arg;
  struct lane *lane = NULL;
  struct slot_pool *pool = NULL;
  c->result = -1;
  if (lane_enter(&lane, c->image, c->err, c->err_size)) return NULL;
  if (slot_pool_new(&pool, c->image, c->err, c->err_size)) goto out;
  for (int run = 0; run < CALIBRATE_RUNS; run++) {
    if (calibrate_once(c, lane, pool)) goto out;
  }
  c->result = 0;
out:
  slot_pool_free(&pool);
  lane_leave(&lane);
  return NULL;
}

static void choose_hot(struct image *image, const uint8_t *hits) {
  image->hot_count = 0;
  for (uint32_t page = 0; page < image->pages * CLUSTER_PAGES && image->hot_count < IMAGE_HOT_MAX; page++) {
    if (hits[page] == CALIBRATE_RUNS) image->hot[image->hot_count++] = page;
  }
}

int image_calibrate(struct image *image, const uint8_t *frames, size_t length, char *err, size_t err_size) {
  struct calibration c = {image, frames, length, err, err_size, calloc(image->pages, CLUSTER_PAGES), -1};
  if (!c.hits)
    snprintf(err, err_size, "calibration: no memory");
  else if (run_thread(calibrate_thread, &c, err, err_size) == 0 && c.result == 0)
    choose_hot(image, c.hits);
  free(c.hits);
  return c.result;
}

/* ---- writing and opening ---- */

int image_write(const struct image *image, int fd, char *err, size_t err_size) {
  union header_page page = {.bytes = {0}};
  page.header = (struct header){.magic = IMAGE_MAGIC,
                                .pages = image->pages,
                                .first = image->first,
                                .stored = image->stored,
                                .stack_pointer = image->stack_pointer,
                                .hot_count = image->hot_count};
  memcpy(page.header.hot, image->hot, image->hot_count * sizeof image->hot[0]);
  const uint8_t *stored = image->base + (size_t)image->first * IMAGE_PAGE;
  if (write_at(fd, &page, sizeof page, 0) || write_at(fd, stored, (size_t)image->stored * IMAGE_PAGE, sizeof page))
    return fail_errno("write", err, err_size);
  return 0;
}

/* NULL, or what is wrong with it. */
static const char *adopt(struct image *image, const struct header *header) {
  if (header->magic != IMAGE_MAGIC) return "not an image";
  if (!header->pages || header->pages > SLOT_PAGES_MAX) return "impossible size";
  uint32_t pages = header->pages * CLUSTER_PAGES;
  if (header->first > pages || header->stored > pages - header->first) return "stored pages outside memory";
  if (header->stack_pointer / IMAGE_PAGE > header->first) return "stored pages in the stack";
  if (header->hot_count > IMAGE_HOT_MAX) return "hot set too large";
  for (uint32_t i = 0; i < header->hot_count; i++) {
    if (header->hot[i] >= pages) return "hot page outside memory";
    if (i && header->hot[i] <= header->hot[i - 1]) return "hot set out of order";
  }
  image->pages = header->pages;
  image->first = header->first;
  image->stored = header->stored;
  image->stack_pointer = header->stack_pointer;
  image->hot_count = header->hot_count;
  memcpy(image->hot, header->hot, header->hot_count * sizeof image->hot[0]);
  return NULL;
}

static int check_and_read(struct image *image, off_t at, char *err, size_t err_size) {
  union header_page page;
  ssize_t n = pread(image->fd, &page, sizeof page, at);
  if (n < 0) return fail_errno("read", err, err_size);
  const char *wrong = n == (ssize_t)sizeof page ? adopt(image, &page.header) : "too short";
  if (!wrong) return 0;
  snprintf(err, err_size, "image: %s", wrong);
  return -1;
}

int image_open(struct image **out, int fd, off_t at, char *err, size_t err_size) {
  *out = NULL;
  struct image *image = image_new(fd);
  if (!image) {
    snprintf(err, err_size, "image: no memory");
    return -1;
  }
  image->offset = at + IMAGE_PAGE;
  if (check_and_read(image, at, err, err_size) || map_base(image, err, err_size)) {
    image_free(&image);
    return -1;
  }
  *out = image;
  return 0;
}
