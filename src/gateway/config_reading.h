/* config_reading.h: a configuration being read, by tables of keys.
 *
 * Every error and warning is a line "FILE:LINE:COLUMN: what is wrong; what to do". Reading goes on after an error, so
 * that one run shows all of them.
 */
#ifndef MAYFLY_GATEWAY_CONFIG_READING_H
#define MAYFLY_GATEWAY_CONFIG_READING_H

#include <stdbool.h>

#include "gateway/config.h"
#include "gateway/jsonc.h"

struct reading {
  struct config *config;
  struct config_worker *worker; /* whose keys are read now */
  const char *path, *text;      /* text: as it was given; places in it are places in doc */
  struct jsonc doc;
  config_warn *warn;
  void *warn_arg;
  char *err;
  size_t err_size, err_length;
  bool failed;
  int outbound_public; /* 1: "public": true; -1: false; 0: not said */
  /* seen, even if wrong: then one message is enough */
  bool has_main, has_name, has_date, has_binding, has_service;
};

struct key {
  const char *name;
  void (*read)(struct reading *r, uint32_t node); /* NULL: known, and nothing to do */
};

struct table {
  const char *where; /* for messages: "" or " in dev" */
  const struct key *keys;
  size_t key_count;
  const char *const *ignored; /* names that another program knows */
  size_t ignored_count;
};

/* `at`: a place in the text, as reading_at gives it. */
__attribute__((format(printf, 3, 4))) void reading_error(struct reading *r, size_t at, const char *format, ...);
void reading_no_memory(struct reading *r);
size_t reading_at(const struct reading *r, uint32_t node);
size_t reading_count(const struct reading *r, uint32_t node); /* of its children */

/* False after an error: it is of another kind (jsonc_kind). */
bool reading_expect(struct reading *r, uint32_t node, char kind, const char *what);
/* An owned copy, or NULL after an error. */
char *reading_string(struct reading *r, uint32_t node, const char *what);
/* A whole number from low to high; -1 after an error. */
int64_t reading_number(struct reading *r, uint32_t node, const char *what, uint32_t low, uint32_t high,
                       const char *unit);
/* The last of several members with one name counts, as in JavaScript; each repetition is warned about. Returns the
 * names' last nodes as a set that maps a name to its node. NULL: out of memory. */
json_t *reading_members(struct reading *r, uint32_t object);
/* Each member by its row of the table. */
void reading_object(struct reading *r, uint32_t object, const struct table *t);

#endif
