/* stub.c: the channels by which an isolate holds Workers that it loads: GET, NEED, CODE. See registry.h.
 *
 * The code of a Worker comes on the stub that is its source. It is passed on piece by piece as it comes; what nobody
 * wants any more (its Worker was refused, or died meanwhile) is swallowed to its end, for the isolate cannot know.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/channel.h"
#include "gateway/isolate.h"
#include "gateway/registry.h"
#include "gateway/tail.h"

enum { CODE_HEAD = 28, CODE_SLACK = 64 << 10 };

static uint32_t limit(const struct isolate *isolate, enum limit_id id) {
  return isolate->registry->config->limits.value[id];
}

static void bind(struct channel *stub, struct worker *w) {
  stub->worker = w; /* takes over the reference */
  w->stubs++;
}

void stub_unbind(struct channel *stub) {
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

static void need(struct channel *stub) {
  stub->worker->state = WORKER_WAITING;
  stub->worker->source = stub;
  stub->code_due = stub->asked = true;
  isolate_send(stub->holder, FRAME_NEED, stub->number, NULL, 0);
}

/* Binds to the named Worker of the table, or to a new one whose code this stub's isolate is asked for. */
static int bind_named(struct channel *stub, const char *name, size_t length) {
  struct registry *r = stub->holder->registry;
  struct worker *w = worker_find(r, stub->loader, stub->fresh, name, length);
  bool is_new = !w;
  if (w)
    worker_hold(w);
  else
    w = worker_new(r, WORKER_NAMED, stub->loader, name, length);
  if (!w) return -1;
  w->fresh = stub->fresh;
  if (stub->worker) stub_unbind(stub);
  bind(stub, w);
  if (is_new) need(stub);
  return 0;
}

static int bind_once(struct channel *stub) {
  static const char name[] = "(loaded)";
  struct worker *w = worker_new(stub->holder->registry, WORKER_ONCE, stub->loader, name, sizeof name - 1);
  if (!w) return -1;
  w->fresh = stub->fresh;
  if (stub->holder->worker->kind == WORKER_EDGE) worker_own(stub->holder->worker, w);
  bind(stub, w);
  w->state = WORKER_WAITING;
  w->source = stub;
  stub->code_due = true;
  return 0;
}

const char *stub_get(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload) {
  struct reader r = reader_over(payload, h->length);
  uint32_t loader = read_u32(&r);
  uint8_t flags = read_u8(&r);
  size_t length;
  const char *name = read_str_borrow(&r, &length);
  if (r.bad || r.left) return "GET that is not well formed";
  if (!loader || loader > isolate_loaders(isolate)) return "a loader that is not in its table";
  const char *lie;
  struct channel *stub = channel_new_own(isolate, h->stream, &lie);
  if (!stub) return lie;
  stub->loader = isolate->worker->host->loader_family[loader - 1];
  stub->fresh = flags & GET_FRESH;
  if (!(flags & GET_NAMED ? bind_named(stub, name, length) : bind_once(stub))) return NULL;
  channel_free(stub);
  return "out of memory";
}

/* ---- code ---- */

/* Where the new Worker's channel 0 leads to. The outbound that it was given is the last of its caps. */
static const char *set_outbound(struct channel *stub, uint32_t mode, struct caps *caps) {
  struct worker *w = stub->worker, *parent = stub->holder->worker;
  if (mode > OUTBOUND_CHANNEL) return "code with an outbound of no known kind";
  if (mode == OUTBOUND_CHANNEL && !caps->count) return "code whose outbound is not there";
  entry_release(w->outbound_entry);
  w->outbound_entry = NULL;
  w->outbound = mode == OUTBOUND_CHANNEL || (mode == OUTBOUND_INHERIT && parent->outbound);
  if (mode == OUTBOUND_CHANNEL)
    w->outbound_entry = caps->list[--caps->count]; /* and its reference */
  else if (w->outbound && parent->outbound_entry)
    entry_hold(w->outbound_entry = parent->outbound_entry);
  return NULL;
}

/* Who gets what the new Worker logs. Its tails are the last of the caps that are left. */
static const char *set_logs(struct worker *w, uint32_t word, struct caps *caps) {
  uint32_t count = word >> CODE_TAILS_SHIFT;
  if (count > caps->count || count > TAILS_MAX) return "code whose tails are not there";
  w->collects = word & CODE_COLLECT;
  caps_free(&w->tails);
  for (uint32_t i = caps->count - count; i < caps->count; i++)
    if (caps_add(&w->tails, caps->list[i])) return "out of memory";
  while (count--) entry_release(caps->list[--caps->count]);
  return NULL;
}

/* The first piece: size and limits, and the channels that env names. */
static const char *code_begins(struct channel *stub, struct reader *r, struct caps *caps) {
  struct worker *w = stub->worker;
  uint64_t most = ((uint64_t)limit(stub->holder, LIMIT_CODE_MB) << 20) +
                  ((uint64_t)limit(stub->holder, LIMIT_ENV_KB) << 10) + CODE_SLACK;
  stub->code_size = read_u64(r);
  stub->code_got = 0;
  stub->unwanted = w->source != stub;
  if (stub->unwanted) return NULL;
  w->cpu_ms = limits_lower(LIMIT_CPU_MS, read_u32(r), w->cpu_ms);
  w->wall_ms = limits_lower(LIMIT_WALL_MS, read_u32(r), w->wall_ms);
  w->memory_mb = limits_lower(LIMIT_MEMORY_MB, read_u32(r), w->memory_mb);
  w->subrequests = limits_lower(LIMIT_SUBREQUESTS, read_u32(r), w->subrequests);
  uint32_t word = read_u32(r);
  const char *lie = set_outbound(stub, word & OUTBOUND_MODE, caps);
  if (!lie) lie = set_logs(w, word, caps);
  if (lie) return lie;
  stub->unwanted = true;
  if (stub->code_size > most) {
    worker_fail_code(w, ERROR_CODE_SIZE, "");
  } else if (worker_open(w)) {
    stub->unwanted = channels_give(w->isolate, 0, caps->list, caps->count) != 0;
    if (stub->unwanted) isolate_end_code(w->isolate, true, ERROR_CHANNELS, "");
  }
  return NULL;
}

const char *stub_code(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload) {
  struct channel *stub = table_get(&isolate->channels, h->stream);
  struct reader r = reader_over(payload, h->length);
  if (!stub) return NULL; /* it crossed the end of the stub's Worker */
  if (!stub->receiving) {
    if (!stub->code_due) return "code that nobody asked for";
    if (h->length < CODE_HEAD) return "code without its head";
    stub->code_due = false;
    stub->receiving = true;
    struct caps caps = channel_take_pending(isolate, h->stream);
    const char *lie = code_begins(stub, &r, &caps);
    caps_free(&caps);
    if (lie) return lie;
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
  struct channel *stub = table_get(&isolate->channels, h->stream);
  if (!stub || !stub->code_due) return NULL;
  stub->code_due = false;
  if (stub->worker->source == stub && stub->worker->state == WORKER_WAITING)
    worker_fail(stub->worker, payload, h->length);
  return NULL;
}

/* The Worker behind a stub. A named one that has ended is bound anew, unless its code came on this very stub: an
 * isolate runs the callback of a get() once, and what ended the Worker is the answer then. */
struct worker *stub_worker(struct channel *stub) {
  struct worker *w = stub->worker;
  if (w->kind != WORKER_NAMED || w->listed || stub->asked) return w;
  worker_hold(w);
  int bound = bind_named(stub, w->name, w->name_length);
  worker_release(w);
  return bound ? NULL : stub->worker;
}
