/* limits.c: see limits.def. */
#include "base/limits.h"

const struct limit_row limit_table[LIMIT_COUNT] = {
#define LIMIT(id, key, load_key, unit, standard, smallest, largest, meaning) \
  [LIMIT_##id] = {key, load_key, unit, meaning, standard, smallest, largest},
#include "base/limits.def"
#undef LIMIT
};

void limits_standard(struct limits *l) {
  for (int i = 0; i < LIMIT_COUNT; i++) l->value[i] = limit_table[i].standard;
}

uint32_t limits_lower(enum limit_id id, uint32_t asked, uint32_t allowed) {
  if (!asked || --asked >= allowed) return allowed;
  return asked > limit_table[id].smallest ? asked : limit_table[id].smallest;
}
