/* limits.h: the limits of limits.def as a struct of u32, one field per id, and its table. */
#ifndef MAYFLY_BASE_LIMITS_H
#define MAYFLY_BASE_LIMITS_H

#include <stdint.h>

enum limit_id {
#define LIMIT(id, key, load_key, unit, standard, smallest, largest, meaning) LIMIT_##id,
#include "base/limits.def"
#undef LIMIT
  LIMIT_COUNT
};

struct limit_row {
  const char *key, *load_key, *unit, *meaning;
  uint32_t standard, smallest, largest;
};

extern const struct limit_row limit_table[LIMIT_COUNT];

struct limits {
  uint32_t value[LIMIT_COUNT];
};

void limits_standard(struct limits *l);
/* A limit as it crosses (CODE, EVENT_LIMITS in frame.h): 0, or one more than what is asked for. It can only lower what
 * is allowed, and never below the smallest that there is. */
uint32_t limits_lower(enum limit_id id, uint32_t asked, uint32_t allowed);

#endif
