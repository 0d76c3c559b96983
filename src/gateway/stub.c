/* stub.c: the channels by which an isolate holds Workers: GET, NEED, CODE, RELEASE, FETCH. See registry.h.
 *
 * The code of a Worker comes on the stub that is its source. It is passed on piece by piece as it comes; what nobody
 * wants any more (its Worker was refused, or died meanwhile) is swallowed to its end, for the isolate cannot know.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/isolate.h"
#include "gateway/outbound.h"
#include "gateway/registry.h"

enum { STUB_MAGIC = 0x42555453, CODE_HEAD = 28, CODE_SLACK = 64 << 10 };

static uint32_t limit(const struct isolate *isolate, enum limit_id id) {
  return isolate->registry->config->limits.value[id];
}

static void bind(struct stub *stub, struct worker *w) {
  stub->worker = w; /* takes over the reference */
  w->stubs++;
}

static void unbind(struct stub *stub) {
  struct worker *w = stub->worker;
  stub->worker = NULL;
  w->stubs--;
  if (w->source == stub) {
    if (w->isolate)
      isolate_end_code(w->isolate, true, ERROR_GONE, "its code did not come");
    else
      worker_fail_code(w, ERROR_GONE, "its code did not come");
  }
  worker_check_idle(w);
  worker_release(w);
}

static void need(struct stub *stub) {
  stub->worker->state = WORKER_WAITING;
  stub->worker->source = stub;
  stub->code_due = stub->asked = true;
  isolate_send(stub->holder, FRAME_NEED, stub->number, NULL, 0);
}

/* Binds to the named Worker of the table, or to a new one whose code this stub's isolate is asked for. */
static int bind_named(struct stub *stub, const char *name, size_t length) {
  struct registry *r = stub->holder->registry;
  struct worker *w = worker_find(r, stub->loader, name, length);
  bool is_new = !w;
  if (w)
    worker_hold(w);
  else
    w = worker_new(r, WORKER_NAMED, stub->loader, name, length);
  if (!w) return -1;
  if (stub->worker) unbind(stub);
  bind(stub, w);
  if (is_new) need(stub);
  return 0;
}

static int bind_once(struct stub *stub) {
  static const char name[] = "(loaded)";
  struct worker *w = worker_new(stub->holder->registry, WORKER_ONCE, stub->loader, name, sizeof name - 1);
  if (!w) return -1;
  bind(stub, w);
  w->state = WORKER_WAITING;
  w->source = stub;
  stub->code_due = true;
  return 0;
}

static struct stub *stub_new(struct isolate *isolate, uint32_t number) {
  struct stub *stub = calloc(1, sizeof *stub);
  if (!stub || table_put(&isolate->stubs, number, stub)) {
    free(stub);
    return NULL;
  }
  stub->magic = STUB_MAGIC;
  stub->number = number;
  stub->holder = isolate;
  return stub;
}

static void stub_free(struct stub *stub) {
  table_remove(&stub->holder->stubs, stub->number);
  if (stub->worker) unbind(stub);
  stub->magic = 0;
  free(stub);
}

const char *stub_get(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload) {
  struct reader r = reader_over(payload, h->length);
  uint32_t loader = read_u32(&r);
  bool named = read_u8(&r);
  size_t length;
  const char *name = read_str_borrow(&r, &length);
  if (r.bad || r.left) return "GET that is not well formed";
  if (!loader || loader > isolate->loader_count) return "a loader that is not in its table";
  if (h->stream <= isolate->loader_count || (h->stream & (STREAM_GUEST | STREAM_EVENT)) ||
      table_get(&isolate->stubs, h->stream))
    return "a stub whose number is not new";
  if (isolate->stubs.count >= limit(isolate, LIMIT_STUBS)) return "more stubs than it may hold";
  struct stub *stub = stub_new(isolate, h->stream);
  if (!stub) return "out of memory";
  stub->loader = isolate->registry->loader_family[loader - 1];
  if (!(named ? bind_named(stub, name, length) : bind_once(stub))) return NULL;
  stub_free(stub);
  return "out of memory";
}

const char *stub_release(struct isolate *isolate, uint32_t number) {
  struct stub *stub = table_get(&isolate->stubs, number);
  if (stub) stub_free(stub);
  return NULL;
}

void stubs_drop(struct isolate *isolate) {
  struct stub *stub;
  for (uint32_t at = 0; (stub = table_next(&isolate->stubs, &at)); at = 0) {
    struct worker *w = stub->worker;
    worker_hold(w);
    stub_free(stub);
    if (w->kind == WORKER_ONCE && !w->stubs && w->isolate) isolate_end_code(w->isolate, true, ERROR_GONE, "");
    worker_release(w);
  }
}

/* ---- code ---- */

static uint32_t lower(uint32_t asked, uint32_t allowed) { return asked && asked < allowed ? asked : allowed; }

/* The first piece: size and limits. False: the code is not wanted. */
static bool code_begins(struct stub *stub, struct reader *r) {
  struct worker *w = stub->worker;
  uint64_t most = ((uint64_t)limit(stub->holder, LIMIT_CODE_MB) << 20) +
                  ((uint64_t)limit(stub->holder, LIMIT_ENV_KB) << 10) + CODE_SLACK;
  stub->code_size = read_u64(r);
  stub->code_got = 0;
  w->cpu_ms = lower(read_u32(r), w->cpu_ms);
  w->wall_ms = lower(read_u32(r), w->wall_ms);
  w->memory_mb = lower(read_u32(r), w->memory_mb);
  w->subrequests = lower(read_u32(r), w->subrequests);
  w->outbound = stub->holder->worker->outbound && read_u32(r) == OUTBOUND_INHERIT;
  if (stub->code_size <= most) return worker_open(w) != NULL;
  worker_fail_code(w, ERROR_CODE_SIZE, "");
  return false;
}

const char *stub_code(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload) {
  struct stub *stub = table_get(&isolate->stubs, h->stream);
  struct reader r = reader_over(payload, h->length);
  if (!stub) return NULL; /* it crossed the end of the stub's Worker */
  if (!stub->receiving) {
    if (!stub->code_due) return "code that nobody asked for";
    if (h->length < CODE_HEAD) return "code without its head";
    stub->code_due = false;
    stub->receiving = true;
    stub->unwanted = stub->worker->source != stub || !code_begins(stub, &r);
  } else {
    stub->unwanted |= stub->worker->source != stub || stub->worker->state != WORKER_LOADING;
  }
  bool more = h->flags & FRAME_MORE;
  stub->receiving = more;
  stub->code_got += r.left;
  if (stub->unwanted) return NULL;
  if (stub->code_got > stub->code_size || (!more && stub->code_got != stub->code_size))
    return "code of another size than announced";
  worker_load(stub->worker, r.p, r.left, more);
  return NULL;
}

const char *stub_error(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload) {
  struct stub *stub = table_get(&isolate->stubs, h->stream);
  if (!stub || !stub->code_due) return NULL;
  stub->code_due = false;
  if (stub->worker->source == stub && stub->worker->state == WORKER_WAITING)
    worker_fail(stub->worker, payload, h->length);
  return NULL;
}

/* ---- fetch ---- */

/* The Worker behind a stub. A named one that has ended is bound anew, unless its code came on this very stub: an
 * isolate runs the callback of a get() once, and what ended the Worker is the answer then. */
static struct worker *stub_worker(struct stub *stub) {
  struct worker *w = stub->worker;
  if (w->kind != WORKER_NAMED || w->listed || stub->asked) return w;
  worker_hold(w);
  int bound = bind_named(stub, w->name, w->name_length);
  worker_release(w);
  return bound ? NULL : stub->worker;
}

const char *stub_fetch(struct isolate *isolate, const struct frame_header *h, uint8_t *payload) {
  uint32_t channel;
  memcpy(&channel, payload, sizeof channel);
  if (!(h->stream & STREAM_GUEST) || table_get(&isolate->fetches, h->stream)) return "a fetch whose number is not new";
  if (payload[sizeof channel] != EVENT_FETCH) return "an event of an unknown kind";
  if (!channel && !isolate->worker->outbound) {
    isolate_send_error(isolate, h->stream, ERROR_NO_OUTBOUND, "");
    return NULL;
  }
  struct stub *stub = table_get(&isolate->stubs, channel);
  if (channel && !stub) return "a channel that is not in its table";
  if (!isolate->subrequests_left) {
    isolate_send_error(isolate, h->stream, ERROR_SUBREQUESTS, "");
    return NULL;
  }
  isolate->subrequests_left--;
  payload += sizeof channel;
  uint32_t length = h->length - (uint32_t)sizeof channel;
  if (!channel) {
    outbound_fetch(isolate->registry->outbound, isolate, h->stream, payload, length, h->flags);
    return NULL;
  }
  struct worker *w = stub_worker(stub);
  if (!w || exchange_start_isolate(isolate->registry, w, isolate, h->stream, payload, length, h->flags))
    isolate_send_error(isolate, h->stream, ERROR_EVENTS, "out of memory");
  return NULL;
}
