/* entry.h: what a channel that may be passed on leads to: which Worker, which of its entrypoints, with which props; or
 * the network, under rules.
 *
 * An entry is immutable and counted: channel tables, exchanges, other entries' props and the configuration refer to it.
 * It outlives the isolate that made it, and every isolate of its Worker. It is made of entries that are there already,
 * and of a Worker whose own are older still, so references have no cycles. Ends are worked off in a list: a chain of
 * entries as long as memory permits is freed without recursion.
 */
#ifndef MAYFLY_GATEWAY_ENTRY_H
#define MAYFLY_GATEWAY_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/layer.h"
#if LAYER < LAYER_GATEWAY
#error "entry.h belongs to the gateway"
#endif

struct entry;
struct registry;
struct rules;
struct worker;

enum { ENTRY_RULES_MAX = 4 }; /* rules within rules */

/* References to entries, in order. Zeroed is empty. */
struct caps {
  struct entry **list; /* owned, and one reference each */
  uint32_t count, cap;
};

struct entry {
  uint32_t magic;
  uint32_t references;
  struct worker *worker; /* a reference */
  struct caps caps;      /* which the props name */
  struct rules *rules;   /* a reference; non-NULL: to the network, under these rules; `worker` made them */
  struct entry *within;  /* a reference: whose rules hold besides; NULL: none */
  bool nowhere;          /* its maker may not reach the network */
  uint32_t weight;       /* bytes that the rules take, about */
  uint32_t entrypoint_length, props_length;
  struct entry *next; /* among those to be freed */
  uint8_t bytes[];    /* entrypoint, props */
};

/* What goes into one. Borrowed. */
struct entry_text {
  const void *entrypoint, *props;
  size_t entrypoint_length, props_length;
};

/* With one reference, the caller's; takes over the caps. NULL: out of memory, and the caps are the caller's still. */
struct entry *entry_new(struct worker *worker, const struct entry_text *text, struct caps *caps);
/* Takes over the rules, which came as so many bytes, and leads to where the Worker's own outbound does. NULL: out of
 * memory, and they are the caller's still. */
struct entry *entry_new_rules(struct worker *worker, struct rules *rules, size_t length);
void entry_hold(struct entry *e);
void entry_release(struct entry *e); /* or NULL */
/* What it takes of memory, bytes. */
size_t entry_size(const struct entry *e);

/* One more reference at the end. -1: out of memory. */
int caps_add(struct caps *caps, struct entry *e);
int caps_add_all(struct caps *caps, const struct caps *more);
void caps_free(struct caps *caps);

#endif
