/* spin.c: see spin.h. */
#include "base/spin.h"

#include <time.h>

#define SPIN_NS 50000u
#define LONG_NS 100000u /* away for so long: somebody else is using the processor */
#define REST_NS 500000u
enum { VAIN_MAX = 16, RESTS_MAX = 8, FOUND_PAYS = 100 };

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void spin_expect(struct spin *s) {
  uint64_t now = now_ns();
  if (now >= s->rest_ns) s->until_ns = now + SPIN_NS;
}

static bool rest(struct spin *s, uint64_t now) {
  s->until_ns = 0;
  s->vain = s->found = 0;
  s->rest_ns = now + ((uint64_t)REST_NS << s->rests);
  if (s->rests < RESTS_MAX) s->rests++;
  return false;
}

bool spin_more(struct spin *s) {
  if (!s->until_ns) return false;
  uint64_t now = now_ns();
  if (now < s->until_ns) return true;
  if (now > s->until_ns + LONG_NS || ++s->vain == VAIN_MAX) return rest(s, now);
  s->until_ns = 0;
  return false;
}

void spin_found(struct spin *s) {
  s->vain = 0;
  if (++s->found >= FOUND_PAYS) s->rests = 0;
}
