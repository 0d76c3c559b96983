/* entry.c: see entry.h. */
#include "gateway/entry.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/registry.h"
#include "gateway/rules.h"

enum { ENTRY_MAGIC = 0x59525445, CAPS_FIRST = 4 };

size_t entry_size(const struct entry *e) {
  return sizeof *e + e->entrypoint_length + e->props_length + e->caps.cap * sizeof *e->caps.list + e->weight;
}

struct entry *entry_new(struct worker *worker, const struct entry_text *text, struct caps *caps) {
  struct entry *e = malloc(sizeof *e + text->entrypoint_length + text->props_length);
  if (!e) return NULL;
  *e = (struct entry){.magic = ENTRY_MAGIC,
                      .references = 1,
                      .worker = worker,
                      .entrypoint_length = (uint32_t)text->entrypoint_length,
                      .props_length = (uint32_t)text->props_length};
  memcpy(e->bytes, text->entrypoint, text->entrypoint_length);
  memcpy(e->bytes + text->entrypoint_length, text->props, text->props_length);
  if (caps) {
    e->caps = *caps;
    *caps = (struct caps){0};
  }
  worker_hold(worker);
  worker->entry_bytes += entry_size(e);
  return e;
}

/* Why the rules cannot be kept within what holds for the Worker; NULL: they can. */
static const char *nests(const struct worker *worker) {
  unsigned depth = 1;
  for (const struct entry *e = worker->outbound_entry; e; e = e->within) {
    if (!e->rules) return "the Worker that made these rules has an outbound that is not the network";
    if (++depth > ENTRY_RULES_MAX) return "there are more than 4 rules within rules";
  }
  return NULL;
}

struct entry *entry_new_rules(struct worker *worker, struct rules *rules, size_t length) {
  static const struct entry_text none = {.entrypoint = "", .props = ""};
  const char *why = nests(worker);
  if (why && rules_break(rules, why)) return NULL;
  struct entry *e = entry_new(worker, &none, NULL);
  if (!e) return NULL;
  e->rules = rules;
  e->nowhere = !worker->outbound;
  if (!why && (e->within = worker->outbound_entry)) entry_hold(e->within);
  e->weight = (uint32_t)(8 * length + sizeof *rules);
  worker->entry_bytes += e->weight;
  return e;
}

void entry_hold(struct entry *e) { e->references++; }

/* The release of what it refers to may end more entries; those are only put on the list then. */
static void bury(struct entry *e) {
  struct worker *w = e->worker;
  w->entry_bytes -= entry_size(e);
  caps_free(&e->caps);
  rules_release(e->rules);
  entry_release(e->within);
  e->magic = 0;
  free(e);
  worker_release(w);
}

void entry_release(struct entry *e) {
  if (!e || --e->references) return;
  struct registry *r = e->worker->registry;
  e->next = r->dead_entries;
  r->dead_entries = e;
  if (r->burying) return;
  r->burying = true;
  while ((e = r->dead_entries)) {
    r->dead_entries = e->next;
    bury(e);
  }
  r->burying = false;
}

static int make_room(struct caps *caps, uint32_t more) {
  uint32_t cap = caps->cap ? caps->cap : CAPS_FIRST;
  while (cap < caps->count + more) cap *= 2;
  if (cap == caps->cap) return 0;
  struct entry **list = realloc(caps->list, cap * sizeof *list);
  if (!list) return -1;
  caps->list = list;
  caps->cap = cap;
  return 0;
}

int caps_add(struct caps *caps, struct entry *e) {
  if (make_room(caps, 1)) return -1;
  entry_hold(e);
  caps->list[caps->count++] = e;
  return 0;
}

int caps_add_all(struct caps *caps, const struct caps *more) {
  if (!more->count) return 0;
  if (make_room(caps, more->count)) return -1;
  for (uint32_t i = 0; i < more->count; i++) {
    entry_hold(more->list[i]);
    caps->list[caps->count++] = more->list[i];
  }
  return 0;
}

void caps_free(struct caps *caps) {
  for (uint32_t i = 0; i < caps->count; i++) entry_release(caps->list[i]);
  free(caps->list);
  *caps = (struct caps){0};
}
