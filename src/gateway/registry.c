/* registry.c: Workers and their isolates; see registry.h. Channels are in channel.c and stub.c, isolates' frames in
 * isolate.c. */
#include "gateway/registry.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/edge.h"
#include "gateway/isolate.h"
#include "gateway/log.h"
#include "gateway/outbound.h"
#include "gateway/tail.h"

enum { WORKER_MAGIC = 0x4b524f57, ERROR_MAX = FRAME_PAYLOAD_MAX };

static void on_evict(void *arg);

void registry_init(struct registry *r, struct loop *loop, const struct config *config) {
  *r = (struct registry){.loop = loop, .config = config};
  r->evict = (struct loop_timer){.fire = on_evict, .arg = r};
  tails_init(r);
}

static uint32_t limit(const struct registry *r, enum limit_id id) { return r->config->limits.value[id]; }

/* ---- Workers ---- */

static struct worker **bucket_of(struct registry *r, uint32_t loader, const char *name, size_t length) {
  uint32_t hash = 2166136261u ^ loader;
  for (size_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)name[i]) * 16777619u;
  return &r->named[(hash ^ hash >> 16) % NAMED_BUCKETS];
}

static bool has_key(const struct worker *w, uint32_t loader, bool fresh, const char *name, size_t length) {
  return w->loader == loader && w->fresh == fresh && w->name_length == length && !memcmp(w->name, name, length);
}

struct worker *worker_find(struct registry *r, uint32_t loader, bool fresh, const char *name, size_t length) {
  struct worker *w = *bucket_of(r, loader, name, length);
  while (w && !has_key(w, loader, fresh, name, length)) w = w->bucket_next;
  return w;
}

static void list(struct worker *w) {
  struct worker **bucket = bucket_of(w->registry, w->loader, w->name, w->name_length);
  w->bucket_next = *bucket;
  *bucket = w;
  w->listed = true;
  worker_hold(w);
}

static void unlist(struct worker *w) {
  if (!w->listed) return;
  struct worker **p = bucket_of(w->registry, w->loader, w->name, w->name_length);
  while (*p != w) p = &(*p)->bucket_next;
  *p = w->bucket_next;
  w->listed = false;
  worker_release(w);
}

static void set_limits(struct worker *w) {
  w->cpu_ms = limit(w->registry, LIMIT_CPU_MS);
  w->wall_ms = limit(w->registry, LIMIT_WALL_MS);
  w->memory_mb = limit(w->registry, LIMIT_MEMORY_MB);
  w->subrequests = limit(w->registry, LIMIT_SUBREQUESTS);
}

struct worker *worker_new(struct registry *r, enum worker_kind kind, uint32_t loader, const char *name, size_t length) {
  struct worker *w = calloc(1, sizeof *w);
  if (w) w->name = malloc(length + 1);
  if (!w || !w->name) {
    free(w);
    return NULL;
  }
  memcpy(w->name, name, length);
  w->name[length] = 0;
  w->name_length = length;
  w->magic = WORKER_MAGIC;
  w->references = 1; /* the caller's */
  w->registry = r;
  w->id = ++r->workers;
  w->kind = kind;
  w->loader = loader;
  w->last = &w->waiting;
  buf_init(&w->error, ERROR_MAX);
  set_limits(w);
  if (kind == WORKER_NAMED) list(w);
  return w;
}

void worker_hold(struct worker *w) { w->references++; }

void worker_own(struct worker *owner, struct worker *w) {
  w->owner = owner;
  w->owned_next = owner->owned;
  w->owned_slot = &owner->owned;
  if (w->owned_next) w->owned_next->owned_slot = &w->owned_next;
  owner->owned = w;
  if (w->isolate) owner->owned_isolates++;
}

static void disown(struct worker *w) {
  if (!w->owner) return;
  if (w->isolate) w->owner->owned_isolates--;
  *w->owned_slot = w->owned_next;
  if (w->owned_next) w->owned_next->owned_slot = w->owned_slot;
  w->owner = NULL;
}

void worker_end_owned(struct worker *owner) {
  for (struct worker *w; (w = owner->owned);) {
    worker_hold(w);
    disown(w);
    if (w->isolate) isolate_end_code(w->isolate, true, ERROR_GONE, "");
    worker_release(w);
  }
}

void worker_release(struct worker *w) {
  if (--w->references) return;
  w->magic = 0;
  disown(w);
  if (w->origin) {
    w->origin->copies--;
    worker_release(w->origin);
  }
  entry_release(w->outbound_entry);
  caps_free(&w->tails);
  buf_free(&w->error);
  free(w->name);
  free(w);
}

/* ---- idle ones, least recently used first ---- */

static void idle_leave(struct worker *w) {
  struct registry *r = w->registry;
  if (!w->idle) return;
  *(w->idle_prev ? &w->idle_prev->idle_next : &r->idle_first) = w->idle_next;
  *(w->idle_next ? &w->idle_next->idle_prev : &r->idle_last) = w->idle_prev;
  w->idle_next = w->idle_prev = NULL;
  w->idle = false;
}

static void idle_enter(struct worker *w) {
  struct registry *r = w->registry;
  if (w->idle) return;
  w->idle = true;
  w->idle_since = loop_now(r->loop);
  w->idle_prev = r->idle_last;
  *(r->idle_last ? &r->idle_last->idle_next : &r->idle_first) = w;
  r->idle_last = w;
  if (!r->evict.place) loop_timer_set(r->loop, &r->evict, limit(r, LIMIT_ISOLATE_IDLE_MS));
}

static void evict_first(struct registry *r) {
  isolate_end_code(r->idle_first->isolate, true, ERROR_GONE, "it was idle and made room");
}

static void on_evict(void *arg) {
  struct registry *r = arg;
  uint64_t keep = limit(r, LIMIT_ISOLATE_IDLE_MS), now = loop_now(r->loop);
  while (r->idle_first && now - r->idle_first->idle_since >= keep) evict_first(r);
  if (r->idle_first) loop_timer_set(r->loop, &r->evict, r->idle_first->idle_since + keep - now);
}

void registry_memory_changed(struct registry *r) {
  while (r->memory > (uint64_t)limit(r, LIMIT_ISOLATES_MB) << 20 && r->idle_first) evict_first(r);
}

void worker_check_idle(struct worker *w) {
  bool busy = w->waiting_count || (w->isolate && w->isolate->events.count);
  if (busy || w->state == WORKER_NONE) return;
  if (w->kind == WORKER_NAMED && w->listed && w->state == WORKER_LIVE) idle_enter(w);
  if (!w->stubs && (w->kind == WORKER_ONCE || (w->kind == WORKER_NAMED && !w->listed))) {
    if (w->isolate)
      isolate_end_code(w->isolate, true, ERROR_GONE, "");
    else
      worker_fail_code(w, ERROR_GONE, "");
  }
}

/* ---- start and end ---- */

struct isolate *worker_open(struct worker *w) {
  struct registry *r = w->registry;
  if (w->owner && w->owner->owned_isolates >= limit(r, LIMIT_CLIENT_ISOLATES)) {
    worker_fail_code(w, ERROR_ISOLATES, "this client has as many as client_isolates allows");
    return NULL;
  }
  if (!worker_is_trusted(w)) {
    if (r->isolates >= limit(r, LIMIT_ISOLATES) && r->idle_first) evict_first(r);
    if (r->isolates >= limit(r, LIMIT_ISOLATES)) {
      worker_fail_code(w, ERROR_ISOLATES, "");
      return NULL;
    }
  }
  w->isolate = isolate_new(w);
  if (!w->isolate) {
    worker_fail_code(w, ERROR_CELL, "its replacement is not running yet");
    return NULL;
  }
  w->state = WORKER_LOADING;
  return w->isolate;
}

static struct worker *copy_of(struct worker *w) {
  struct worker *copy = worker_new(w->registry, WORKER_ONCE, w->loader, w->name, w->name_length);
  if (!copy) return NULL;
  copy->cpu_ms = w->cpu_ms;
  copy->wall_ms = w->wall_ms;
  copy->memory_mb = w->memory_mb;
  copy->subrequests = w->subrequests;
  copy->outbound = w->outbound;
  if (w->outbound_entry) entry_hold(copy->outbound_entry = w->outbound_entry);
  copy->collects = w->collects;
  if (caps_add_all(&copy->tails, &w->tails)) {
    worker_release(copy);
    return NULL;
  }
  worker_hold(copy->origin = w);
  if (w->owner) worker_own(w->owner, copy);
  w->copies++;
  return copy;
}

static void run_copy(struct worker *w, struct exchange *x) {
  idle_leave(w); /* the copy may need the place of an idle one, and this one was used */
  struct worker *copy = copy_of(w);
  if (!copy) {
    exchange_fail(x, ERROR_EVENTS, "out of memory");
  } else if (!worker_open(copy)) {
    exchange_fail_verbatim(x, copy->error.data, copy->error.len);
  } else {
    copy->isolate->code_over = true;
    copy->state = WORKER_LIVE;
    loop_timer_clear(w->registry->loop, &copy->isolate->load_wall);
    exchange_was_read(x);
    worker_hold(x->worker = copy);
    exchange_run(x, copy->isolate);
    worker_check_idle(copy);
    worker_release(w);
  }
  if (copy) worker_release(copy);
  worker_check_idle(w);
}

static void run_in(struct worker *w, struct exchange *x) {
  if (w->fresh && !w->broken)
    run_copy(w, x);
  else
    exchange_run(x, w->isolate);
}

/* Takes the first exchange off the queue of those that wait. */
static struct exchange *next_waiting(struct worker *w) {
  struct exchange *x = w->waiting;
  if (!x) return NULL;
  w->waiting = x->next;
  if (!w->waiting) w->last = &w->waiting;
  w->waiting_count--;
  x->next = NULL;
  return x;
}

/* The isolate itself lets events wait for its modules; that of a template gets none. */
static void run_waiting(struct worker *w) {
  struct exchange *x;
  if (w->fresh && w->state == WORKER_LOADING) return;
  while (w->isolate && (x = next_waiting(w))) run_in(w, x);
}

void worker_load(struct worker *w, const uint8_t *piece, size_t length, bool more) {
  do {
    size_t n = length < FRAME_PAYLOAD_MAX ? length : FRAME_PAYLOAD_MAX;
    length -= n;
    struct frame_header h = {.length = (uint32_t)n,
                             .type = FRAME_LOAD,
                             .flags = more || length ? FRAME_MORE : 0,
                             .isolate = w->isolate->number};
    cell_put(w->isolate->cell, &h, piece);
    piece += n;
  } while (length);
  if (more) return;
  w->isolate->code_over = true;
  w->source = NULL;
  run_waiting(w);
}

static void host_start(struct worker *w) {
  if (worker_open(w)) worker_load(w, w->host->code.data, w->host->code.len, false);
}

int registry_hosts(struct registry *r, uint32_t count) {
  if (!count) return 0;
  r->hosts = calloc(count, sizeof *r->hosts);
  if (!r->hosts) return -1;
  r->host_count = count;
  for (uint32_t i = 0; i < count; i++) {
    const char *name = r->config->workers[i].name;
    struct worker *w = worker_new(r, WORKER_HOST, 0, name, strlen(name));
    if (!w) return -1;
    w->host = &r->hosts[i];
    w->outbound = true;
    r->hosts[i].worker = w;
    buf_init(&r->hosts[i].code, SIZE_MAX / 2);
  }
  r->host = r->hosts[0].worker;
  return 0;
}

void registry_start(struct registry *r) {
  r->hosts_loading = r->host_count;
  if (!r->host_count) r->host_loaded(r->host_loaded_arg, NULL, NULL);
  for (uint32_t i = 0; i < r->host_count; i++)
    if (r->hosts[i].worker->state == WORKER_NONE) host_start(r->hosts[i].worker);
}

/* The first time that one of them was loaded, or was not. */
static void tell_host_loaded(struct worker *w, const uint8_t *error, size_t length) {
  struct registry *r = w->registry;
  if (w->loaded_once || !r->host_loaded) return;
  w->loaded_once = !error;
  if (!error && --r->hosts_loading) return;
  void (*tell)(void *, const struct worker *, const struct failure *) = r->host_loaded;
  struct failure f = failure_read(error, length);
  r->host_loaded = NULL;
  tell(r->host_loaded_arg, w, error ? &f : NULL);
}

void worker_live(struct worker *w) {
  w->state = WORKER_LIVE;
  loop_timer_clear(w->registry->loop, &w->isolate->load_wall);
  if (w->kind == WORKER_HOST) tell_host_loaded(w, NULL, 0);
  if (w->fresh) run_waiting(w);
  worker_check_idle(w);
}

void worker_broken(struct worker *w) {
  w->broken = true;
  unlist(w); /* the next get() of this name starts anew */
  worker_live(w);
}

void worker_fail(struct worker *w, const uint8_t *error, size_t length) {
  struct exchange *x, *failing = w->waiting;
  worker_hold(w);
  idle_leave(w);
  unlist(w);
  w->state = WORKER_NONE;
  w->source = NULL;
  w->waiting = NULL;
  w->last = &w->waiting;
  w->waiting_count = 0;
  if (w->kind != WORKER_HOST && !w->error.len) buf_put(&w->error, error, length);
  while ((x = failing)) {
    failing = x->next;
    x->next = NULL;
    exchange_fail_verbatim(x, error, length);
  }
  if (w->kind == WORKER_HOST) tell_host_loaded(w, error, length);
  worker_release(w);
}

void worker_fail_code(struct worker *w, enum error_code code, const char *detail) {
  struct buf error;
  buf_init(&error, ERROR_MAX);
  error_payload(&error, code, detail);
  worker_fail(w, error.data, error.len);
  buf_free(&error);
}

/* ---- exchanges ---- */

static void wait(struct worker *w, struct exchange *x) {
  if (w->waiting_count >= limit(w->registry, LIMIT_EVENTS) || exchange_hold(x)) {
    exchange_fail(x, ERROR_EVENTS, "while it is being loaded");
    return;
  }
  x->next = NULL;
  *w->last = x;
  w->last = &x->next;
  w->waiting_count++;
}

/* An edge Worker has an event for each call that any of its client's sandboxes makes to the client. */
static uint32_t events_max(const struct worker *w) {
  enum { EDGE_EVENTS = 30000 };
  return w->kind == WORKER_EDGE ? EDGE_EVENTS : limit(w->registry, LIMIT_EVENTS);
}

static void run(struct worker *w, struct exchange *x) {
  enum { CELL_BUSY = 64 << 20 };
  if (w->isolate->events.count + w->copies >= events_max(w)) {
    exchange_fail(x, ERROR_EVENTS, "");
  } else if (cell_waiting(w->isolate->cell) > CELL_BUSY) {
    exchange_fail(x, ERROR_EVENTS, "its process does not keep up");
  } else {
    idle_leave(w);
    run_in(w, x);
  }
}

void worker_take(struct worker *w, struct exchange *x) {
  if (w->isolate && w->isolate->code_over && !(w->fresh && w->state == WORKER_LOADING)) {
    run(w, x);
  } else if (w->state != WORKER_NONE) {
    wait(w, x);
  } else if (w->kind == WORKER_HOST || (w->kind == WORKER_EDGE && !w->error.len)) {
    w->state = WORKER_WAITING;
    wait(w, x);
    host_start(w);
  } else if (w->error.len) {
    exchange_fail_verbatim(x, w->error.data, w->error.len);
  } else {
    exchange_fail(x, ERROR_GONE, "");
  }
}

void worker_request_over(struct worker *w) {
  if (w->kind == WORKER_EDGE && w->isolate) isolate_end_soon(w->isolate);
}

void worker_forget_waiting(struct worker *w, struct exchange *x) {
  struct exchange **p = &w->waiting;
  while (*p && *p != x) p = &(*p)->next;
  if (!*p) return;
  *p = x->next;
  if (w->last == &x->next) w->last = p;
  x->next = NULL;
  w->waiting_count--;
}

static void host_free(struct host *host) {
  caps_free(&host->services);
  buf_free(&host->code);
  free(host->loader_family);
  if (host->worker) worker_release(host->worker);
}

void registry_free(struct registry *r) {
  while (r->first) isolate_end_code(r->first, false, ERROR_GONE, "");
  tails_drop(r);
  for (uint32_t i = 0; i < r->host_count; i++) host_free(&r->hosts[i]);
  free(r->hosts);
  r->hosts = NULL;
  r->host_count = 0;
  r->host = NULL;
  edge_free(&r->edge);
  loop_timer_clear(r->loop, &r->evict);
  if (r->outbound) outbound_stop(r->outbound);
  exchange_pool_free(r);
}
