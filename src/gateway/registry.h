/* registry.h: Workers, the isolates that run them, and the channels by which isolates reach them.
 *
 * A Worker is code with limits under a name; an isolate is one living copy of it in a cell. Five kinds of owner keep a
 * Worker: the stubs bound to it, the entries that lead to it, the exchanges with it, the table of named Workers, and
 * (the Workers of the configuration) the gateway.
 *     NONE -> WAITING (for code) -> LOADING -> LIVE -> NONE (its isolate was closed, was evicted, or died)
 * Events are sent from the moment when the last piece of the code was sent; the isolate lets them wait for its modules.
 * A named Worker leaves the table when it has no isolate any more; the next GET starts anew, and so does a stub that
 * was bound to it. An unnamed one cannot be started anew: calls after its end get the error that ended it.
 * A host Worker's code is here, so it goes from NONE to LOADING by itself. So does, once, the Worker of an edge
 * connection (edge.h), which ends when its client's request does.
 * A *fresh* Worker's isolate is a template: once it is LIVE, each exchange gets a copy of the Worker, with an isolate
 * that begins as the template was. A copy is a Worker of its own, which nobody else can reach, and ends with its
 * exchange; what it makes with MAKE leads to the fresh Worker.
 *
 * Authority: what an isolate may reach is in its table here and nowhere else: 0, its global outbound (an entry, or the
 * network under the operator's policy, or nothing: a Worker has its parent's, unless it was given another or none);
 * 1..n, its loaders; then its services; further numbers: the stubs that it made with GET, the entries that it made with
 * MAKE and those that it was given. Any other number is a lie, and the isolate is closed.
 * Only what leads to an entry may be passed on. An entry does not keep an isolate alive, but when a host Worker holds
 * it.
 */
#ifndef MAYFLY_GATEWAY_REGISTRY_H
#define MAYFLY_GATEWAY_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/frame.h"
#include "base/layer.h"
#include "base/table.h"
#include "gateway/cells.h"
#include "gateway/config.h"
#include "gateway/entry.h"
#include "gateway/exchange.h"
#include "gateway/loop.h"
#if LAYER < LAYER_GATEWAY
#error "registry.h belongs to the gateway"
#endif

enum worker_kind { WORKER_HOST, WORKER_NAMED, WORKER_ONCE, WORKER_EDGE };
enum worker_state { WORKER_NONE, WORKER_WAITING, WORKER_LOADING, WORKER_LIVE };
enum { NAMED_BUCKETS = 4096 };

struct channel;
struct edge;

/* What a Worker of the configuration is started from. */
struct host {
  struct worker *worker; /* a reference */
  struct buf code;
  uint32_t *loader_family; /* of its channel i + 1; owned */
  uint32_t loader_count;
  struct caps services; /* its channels from loader_count + 1 on */
};

/* What was logged in the current second. */
struct log_rate {
  uint64_t second, bytes;
  uint32_t lines, dropped;
};

struct worker {
  uint32_t magic;
  struct registry *registry;
  unsigned references, stubs;
  enum worker_kind kind;
  enum worker_state state;
  const struct host *host; /* of a WORKER_HOST or WORKER_EDGE */
  bool loaded_once;
  bool fresh;            /* each exchange has a copy of its own */
  bool broken;           /* its modules failed */
  struct worker *origin; /* a reference; of a copy: what it is one of */
  uint32_t copies;
  uint32_t loader; /* of which family of loaders; with the name and `fresh` it is the key */
  char *name;      /* for messages; of a named one its name, name_length bytes; owned */
  size_t name_length;
  uint64_t id; /* its number, for the log */
  struct log_rate log;
  uint32_t cpu_ms, wall_ms, memory_mb, subrequests;
  bool outbound;                /* its channel 0 leads somewhere: */
  struct entry *outbound_entry; /* a reference; NULL: to the network */
  struct caps tails;            /* which get a record of each event */
  bool collects;                /* what an event logs goes to its caller */
  uint64_t entry_bytes;         /* what the entries that lead to it take */
  uint64_t unread_bytes;        /* of its events that are longer than a frame and were not begun, as far as is known */
  struct isolate *isolate;      /* LOADING, LIVE */
  struct channel *source;       /* WAITING, LOADING: who sends the code */
  struct exchange *waiting, **last; /* for its code */
  uint32_t waiting_count;
  struct buf error;                     /* ERROR payload: what ended it */
  struct worker *bucket_next;           /* in the table of named ones */
  struct worker *idle_next, *idle_prev; /* named, LIVE, nothing to do: least recently used first */
  bool idle, listed;
  uint64_t idle_since;
  struct worker *owned;                            /* of an edge Worker: all that it loaded */
  uint32_t owned_isolates;                         /* of these */
  struct worker *owner, *owned_next, **owned_slot; /* such a one: of whom; not a reference */
};

struct isolate {
  uint32_t magic;
  struct registry *registry;
  struct worker *worker;
  struct cell *cell;
  uint32_t number;
  struct table events, fetches, channels; /* struct exchange (as callee, as caller), struct channel */
  uint32_t next_event, next_given;
  uint32_t pending_stream; /* what the caps belong to that came ahead of their frame */
  struct caps pending;
  struct buf pieces; /* what came of a FETCH or MAKE that is longer than a frame; empty: nothing */
  uint32_t pieces_stream;
  uint8_t pieces_type;
  uint64_t subrequests_left;  /* of the events in progress together */
  uint64_t memory;            /* bytes, as the cell says */
  uint64_t cpu_ns;            /* the same; exact when it is traced */
  uint32_t outbound_requests; /* in progress; outbound.c counts them */
  bool code_over;             /* the last piece of its code was sent */
  struct loop_timer load_wall;
  struct isolate *next, *prev; /* all of the registry */
};

/* A channel of one isolate: to an entry; or (GET) a stub of a Worker, and then also the way by which its code comes. */
struct channel {
  uint32_t magic, number;
  struct isolate *holder;
  struct entry *entry;      /* a reference; NULL: a stub, and the rest is its */
  struct worker *worker;    /* a reference */
  bool asked;               /* NEED was sent on it */
  bool code_due;            /* CODE or ERROR is to come on it */
  bool receiving, unwanted; /* amid a CODE message; whose rest nobody wants any more */
  uint64_t code_size, code_got;
  uint32_t loader; /* what it was made from, to be bound anew */
  bool fresh;
};

struct registry {
  struct loop *loop;
  struct cells *cells;
  struct outbound *outbound;
  const struct config *config;
  struct worker *host; /* the one that clients' requests go to: the first of `hosts`; NULL: there is none */
  struct edge *edge;   /* owned; NULL: not offered */
  struct host *hosts;
  uint32_t host_count, hosts_loading;
  struct worker *named[NAMED_BUCKETS];
  struct worker *idle_first, *idle_last;
  struct loop_timer evict;
  struct isolate *first;
  uint64_t workers;                    /* that there ever were */
  uint32_t isolates;                   /* dynamic ones */
  uint64_t memory;                     /* theirs, bytes */
  uint64_t exchanges;                  /* in being, and records that are due */
  uint64_t tail_bytes;                 /* what the records take */
  struct tail *tails_due, *tails_last; /* tail.h */
  struct loop_timer tails;
  struct exchange *pool;
  struct entry *dead_entries; /* entry.c */
  bool burying;
  bool trace_rpc;
  /* Told once: when all host Workers serve (`error` NULL), or when the first load of one of them failed. */
  void (*host_loaded)(void *arg, const struct worker *worker, const struct failure *error);
  void *host_loaded_arg;
};

void registry_init(struct registry *r, struct loop *loop, const struct config *config);
void registry_free(struct registry *r);
/* Room for that many host Workers, empty. 0, or -1: out of memory. */
int registry_hosts(struct registry *r, uint32_t count);
/* Starts loading them: their code, loaders and services are there. */
void registry_start(struct registry *r);

/* The owner's part of cells.h. */
void registry_frame(void *registry, struct isolate *isolate, const struct frame_header *h, uint8_t *payload);
void registry_lost(void *registry, struct isolate *isolate);

/* For exchange.c. */
void worker_hold(struct worker *w);
void worker_release(struct worker *w);
/* Runs the exchange now or lets it wait; or it fails. */
void worker_take(struct worker *w, struct exchange *x);
void worker_forget_waiting(struct worker *w, struct exchange *x);
void isolate_event_begins(struct isolate *isolate, uint32_t subrequests);
void isolate_event_ends(struct isolate *isolate);
void isolate_wall(struct isolate *isolate, struct exchange *guilty);

/* For stub.c. */
struct worker *worker_new(struct registry *r, enum worker_kind kind, uint32_t loader, const char *name, size_t length);
/* The named Worker of this key that has, or waits for, an isolate; NULL: none. */
struct worker *worker_find(struct registry *r, uint32_t loader, bool fresh, const char *name, size_t length);
/* An isolate for its code, which follows; or it fails. */
struct isolate *worker_open(struct worker *w);
void worker_load(struct worker *w, const uint8_t *piece, size_t length, bool more);
/* It will have no isolate, or not any more: everybody who waits gets this error. */
void worker_fail(struct worker *w, const uint8_t *error, size_t length);
void worker_fail_code(struct worker *w, enum error_code code, const char *detail);
void worker_check_idle(struct worker *w);
/* The gateway's own code or the operator's: it runs in the trusted cell. */
static inline bool worker_is_trusted(const struct worker *w) {
  return w->kind == WORKER_HOST || w->kind == WORKER_EDGE;
}
/* Its logs come as values. */
static inline bool worker_is_traced(const struct worker *w) { return w->tails.count || w->collects; }
/* The request of an edge Worker is over: so is, with the next turn of the loop, its isolate. */
void worker_request_over(struct worker *w);
/* It ends at the latest when its owner's isolate does, whatever it still has to do. */
void worker_own(struct worker *owner, struct worker *w);
void worker_end_owned(struct worker *owner);
/* Its modules were evaluated. */
void worker_live(struct worker *w);
/* They failed. The isolate stays as long as somebody asks it: it alone knows how to say what went wrong. */
void worker_broken(struct worker *w);
void registry_memory_changed(struct registry *r);

/* stub.c: an isolate's own frames about stubs. NULL, or in what way it is a lie. */
const char *stub_get(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload);
const char *stub_code(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload);
const char *stub_error(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload);
void stub_unbind(struct channel *stub);
/* The Worker behind it; NULL: out of memory. */
struct worker *stub_worker(struct channel *stub);

#endif
