/* jsonc.h: JSON with comments and trailing commas, and the place of every value in it.
 *
 * Comments and trailing commas are blanked in a copy, byte for byte, so that every place stays what it was; the copy
 * is then checked by jansson, and its outer levels are noted as nodes: what a message must point to. Values are decoded
 * from their bytes when they are asked for. Input is bounded in size and depth.
 *
 * Node 0 is the document; 0 also means "none" where a child or a sibling is asked for.
 */
#ifndef MAYFLY_GATEWAY_JSONC_H
#define MAYFLY_GATEWAY_JSONC_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/layer.h"
#if LAYER < LAYER_GATEWAY
#error "jsonc.h belongs to the gateway"
#endif

enum {
  JSONC_SIZE_MAX = 1 << 20, /* bytes */
  JSONC_DEPTH_MAX = 100,
  JSONC_NODE_DEPTH = 5, /* levels that become nodes; deeper values are only checked */
};

struct jsonc_node {
  char *key;      /* of an object's member, decoded; NULL in an array. Owned */
  size_t key_at;  /* where the key stands; for an element, where the value stands */
  size_t at, end; /* the value's bytes */
  uint32_t next;  /* the next sibling; 0: none */
  uint32_t depth;
};

struct jsonc {
  char *text; /* blanked; owned */
  size_t length;
  struct jsonc_node *nodes; /* in the order of the text; owned */
  uint32_t count, room;
};

/* 0; or -1 with a message, and its place in *where. */
int jsonc_read(struct jsonc *out, const char *text, size_t length, size_t *where, char *err, size_t err_size);
void jsonc_free(struct jsonc *doc);
/* Line and column of a byte, both from 1; columns count characters. */
void jsonc_place(const char *text, size_t length, size_t at, unsigned *line, unsigned *column);

uint32_t jsonc_first(const struct jsonc *doc, uint32_t node);
static inline uint32_t jsonc_next(const struct jsonc *doc, uint32_t node) { return doc->nodes[node].next; }
/* The first byte of the value, which says its type: { [ " t f n, or a digit or minus. */
static inline char jsonc_kind(const struct jsonc *doc, uint32_t node) { return doc->text[doc->nodes[node].at]; }
/* The value, a new reference; NULL: out of memory, or a number that fits no type. */
json_t *jsonc_value(const struct jsonc *doc, uint32_t node);

#endif
