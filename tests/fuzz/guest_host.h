/* guest_host.h: what the fuzz programs of the guest share: the host of a guest that is compiled for this machine, and
 * rounds in processes of their own. A program includes it, says what a round is and what it counts, and calls
 * fuzz_main(). Each round is forked from a process that has the Worker loaded, so it needs no boot and the seed that is
 * printed is all there is to know. Round 0 changes nothing and must be answered.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/frame.h"
#include "guest/abi.h"

void *guest_room(uint32_t length);
const char *guest_boot(const char *platform, uint32_t length);
void guest_turn(const uint8_t *frames, uint32_t length);

enum { SERVICE = 1 };

static struct { uint64_t passed, changed, answered; } * counts; /* of all rounds */
static uint32_t change;                                         /* one message in so many is changed; 0: none */
static bool answered;
static void run_round(void);

/* ---- the host ---- */

static struct buf sent; /* frames of this turn */
static double now = 1.7e12, wake_at = INFINITY;
static uint64_t state;

static uint32_t rnd(uint32_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return below ? (uint32_t)(state >> 32) % below : 0;
}

void host_send(const void *frame, uint32_t length) { buf_put(&sent, frame, length); }
double host_now(void) { return now; }
void host_random(void *to, uint32_t length) {
  for (uint32_t i = 0; i < length; i++) ((uint8_t *)to)[i] = (uint8_t)rnd(256);
}
void host_wake(double at_ms) { wake_at = at_ms; }
int32_t host_crypto(const struct guest_crypto *call) {
  (void)call;
  return CRYPTO_FAILED;
}

/* What is left out of the engine here: there is no image. */
const char *engine_seal(void *ctx) {
  (void)ctx;
  return NULL;
}

/* ---- rounds ---- */

static void put_load(struct buf *out, const char *source, size_t length) {
  size_t mark = buf_frame_begin(out, FRAME_LOAD, 0, 1, 0);
  buf_put_u32(out, WORKER_CODE_MAGIC);
  buf_put_u32(out, 0);
  buf_put_cstr(out, "2026-11-01");
  buf_put_u16(out, 1);
  buf_put_cstr(out, "enable_abortsignal_rpc");
  buf_put_cstr(out, "index.js");
  buf_put_u32(out, 1);
  buf_put_u8(out, MODULE_JS);
  buf_put_cstr(out, "index.js");
  buf_put_str(out, source, length);
  buf_put_u8(out, ENV_JSON);
  buf_put_cstr(out, "{}");
  buf_put_u16(out, 1);
  buf_put_u8(out, BINDING_SERVICE);
  buf_put_cstr(out, "SELF");
  buf_put_u32(out, SERVICE);
  buf_put_u8(out, OUTBOUND_NONE);
  buf_frame_end(out, mark);
}

static void turn(const struct buf *frames) {
  buf_clear(&sent);
  void *room = guest_room((uint32_t)frames->len);
  memcpy(room, frames->data, frames->len);
  guest_turn(room, (uint32_t)frames->len);
}

static char *read_file(const char *path, size_t *length) {
  FILE *f = fopen(path, "rb");
  if (!f) return NULL;
  fseek(f, 0, SEEK_END);
  *length = (size_t)ftell(f);
  rewind(f);
  char *p = malloc(*length + 1);
  if (p && fread(p, 1, *length, f) == *length) p[*length] = 0;
  fclose(f);
  return p;
}

static inline int one(uint64_t seed, uint32_t one_in) {
  pid_t pid = fork();
  if (!pid) {
    alarm(20); /* a round that never ends is a finding */
    state = seed * 0x9e3779b97f4a7c15u + 1;
    change = one_in;
    run_round();
    counts->answered += answered;
    _exit(!one_in && !answered ? 3 : 0);
  }
  int status;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Boots the guest from the platform's module, with the Worker. */
static int guest_load(const char *platform_path, const char *worker_path) {
  size_t n, m;
  char *platform = read_file(platform_path, &n), *worker = platform ? read_file(worker_path, &m) : NULL;
  if (!worker) return fprintf(stderr, "no %s\n", platform ? worker_path : platform_path), 2;
  buf_init(&sent, 1 << 26);
  state = 1;
  const char *error = guest_boot(platform, (uint32_t)n);
  if (error) return fprintf(stderr, "boot: %s\n", error), 1;
  struct buf load;
  buf_init(&load, 1 << 22);
  put_load(&load, worker, m);
  turn(&load);
  return 0;
}

static inline int fuzz_main(int argc, char **argv, const char *usage) {
  if (argc < 4) return fprintf(stderr, "usage: %s\n", usage), 2;
  uint64_t rounds = strtoull(argv[3], NULL, 10), first = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
  counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int bad = guest_load(argv[1], argv[2]);
  if (bad) return bad;
  unsigned failed = 0;
  for (uint64_t seed = first; seed < first + rounds; seed++) {
    static const uint32_t rates[] = {40, 12, 5, 2};
    int status = one(seed, seed ? rates[seed % 4] : 0);
    if (!status) continue;
    fprintf(stderr, "round %llu ended with %d\n", (unsigned long long)seed, status);
    failed++;
  }
  printf("%llu rounds, %u failed; %llu messages, %llu of them changed; %llu answers\n", (unsigned long long)rounds,
         failed, (unsigned long long)counts->passed, (unsigned long long)counts->changed,
         (unsigned long long)counts->answered);
  return failed || !counts->passed || (rounds > 1 && !counts->changed);
}
