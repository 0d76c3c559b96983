/* image.c: boots a guest, keeps its bytes; see image.h.
 *
 * In the memfd: the linear memory from 0, then one page of trailer. Pages of zeros are never written, so they stay
 * holes of the file. Whoever opens an image trusts it as far as its seals and its trailer's plain bounds: it comes from
 * the gateway.
 */
#include "isolate/image.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "isolate/hotset.h"
#include "isolate/inside.h"

#define IMAGE_MAGIC 0x494d4731u /* also the trailer's */
enum { SEALS = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL, BOOT_PAGES_MAX = 4096, CALIBRATE_RUNS = 6 };

struct trailer {
  uint32_t magic, pages, stack_pointer, hot_count;
  uint32_t hot[IMAGE_HOT_MAX];
};
_Static_assert(sizeof(struct trailer) <= IMAGE_PAGE, "the trailer is one page");

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

static int map_base(struct image *image, char *err, size_t err_size) {
  void *p = mmap(NULL, memory_bytes(image), PROT_READ, MAP_PRIVATE, image->fd, 0);
  if (p == MAP_FAILED) return fail_errno("map", err, err_size);
  image->base = p;
  return 0;
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

static int write_memory(const struct image *image, const uint8_t *memory, char *err, size_t err_size) {
  static const uint8_t zeros[IMAGE_PAGE];
  if (ftruncate(image->fd, (off_t)(memory_bytes(image) + IMAGE_PAGE))) return fail_errno("size", err, err_size);
  for (size_t at = 0; at < memory_bytes(image); at += IMAGE_PAGE) {
    if (!memcmp(memory + at, zeros, IMAGE_PAGE)) continue;
    if (write_at(image->fd, memory + at, IMAGE_PAGE, (off_t)at)) return fail_errno("write", err, err_size);
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

int image_build(struct image **out, int fd, const char *platform, size_t length, char *err, size_t err_size) {
  *out = NULL;
  if (fd < 0) fd = memfd_create("mayfly-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
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

/* ---- sealing and opening ---- */

int image_seal(struct image *image, char *err, size_t err_size) {
  struct trailer trailer = {IMAGE_MAGIC, image->pages, image->stack_pointer, image->hot_count, {0}};
  memcpy(trailer.hot, image->hot, image->hot_count * sizeof image->hot[0]);
  if (write_at(image->fd, &trailer, sizeof trailer, (off_t)memory_bytes(image)))
    return fail_errno("write", err, err_size);
  return fcntl(image->fd, F_ADD_SEALS, SEALS) ? fail_errno("seal", err, err_size) : 0;
}

/* NULL, or what is wrong with it. */
static const char *adopt(struct image *image, const struct trailer *trailer, off_t size) {
  if (trailer->magic != IMAGE_MAGIC) return "not an image";
  if (!trailer->pages || trailer->pages > SLOT_PAGES_MAX) return "impossible size";
  if (size != (off_t)trailer->pages * SLOT_PAGE + IMAGE_PAGE) return "size and trailer disagree";
  if (trailer->hot_count > IMAGE_HOT_MAX) return "hot set too large";
  for (uint32_t i = 0; i < trailer->hot_count; i++) {
    if (trailer->hot[i] >= trailer->pages * CLUSTER_PAGES) return "hot page outside memory";
    if (i && trailer->hot[i] <= trailer->hot[i - 1]) return "hot set out of order";
  }
  image->pages = trailer->pages;
  image->stack_pointer = trailer->stack_pointer;
  image->hot_count = trailer->hot_count;
  memcpy(image->hot, trailer->hot, trailer->hot_count * sizeof image->hot[0]);
  return NULL;
}

static int check_and_read(struct image *image, char *err, size_t err_size) {
  struct trailer trailer;
  struct stat st;
  int seals = fcntl(image->fd, F_GET_SEALS);
  const char *wrong = "not sealed";
  if (seals < 0 || fstat(image->fd, &st)) return fail_errno("descriptor", err, err_size);
  if ((seals & SEALS) == SEALS) {
    ssize_t n = pread(image->fd, &trailer, sizeof trailer, st.st_size - IMAGE_PAGE);
    wrong = n == (ssize_t)sizeof trailer ? adopt(image, &trailer, st.st_size) : "too short";
  }
  if (wrong) snprintf(err, err_size, "image: %s", wrong);
  return wrong ? -1 : 0;
}

int image_open(struct image **out, int fd, char *err, size_t err_size) {
  *out = NULL;
  struct image *image = image_new(fd);
  if (!image) {
    snprintf(err, err_size, "image: no memory");
    return -1;
  }
  if (check_and_read(image, err, err_size) || map_base(image, err, err_size)) {
    image_free(&image);
    return -1;
  }
  *out = image;
  return 0;
}
