/* table.h: numbers to pointers: the streams and channels of one isolate, the ids of one RPC session. Linear probing, no
 * tombstones (a removal moves its followers up), so that a table in steady use neither grows nor slows down. Key 0 is
 * not allowed. Iterate with table_next; do not change the table while iterating.
 */
#ifndef MAYFLY_BASE_TABLE_H
#define MAYFLY_BASE_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_entry {
  uint32_t key;
  void *value;
};

struct table {
  struct table_entry *entries; /* owned; the values are not */
  uint32_t count, cap;         /* cap is 0 or a power of two */
};

void table_free(struct table *t);
void *table_get(const struct table *t, uint32_t key);
/* The key must be new. 0, or -1: out of memory. */
int table_put(struct table *t, uint32_t key, void *value);
void table_remove(struct table *t, uint32_t key);
/* For a loop that removes what it gets, and may change the table otherwise: any value, NULL when it is empty. Start
 * with 0. It does not begin anew with each, which would be quadratic. */
void *table_drain(const struct table *t, uint32_t *at);
/* The first value at *at or after it, and *at moved behind it; NULL: no more. Start with 0. */
void *table_next(const struct table *t, uint32_t *at);

#endif
