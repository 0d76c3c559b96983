/* tail.c: see tail.h. */
#include "gateway/tail.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/channel.h"
#include "gateway/isolate.h"
#include "gateway/jsontext.h"
#include "gateway/log.h"

enum {
  END_BYTES = 1024,         /* kept free for the last items */
  RECORDS_BYTES = 64 << 20, /* of all records together */
  RPC_HEAD = 8,             /* of a message of guest/rpc/binary.c */
  RPC_CALL = 1,
  PATH_MAX_NAMES = 64,
};

struct tail {
  struct registry *registry;
  struct worker *worker; /* whose tails get it; a reference */
  struct buf record;
  uint64_t began_ms, cpu_ns; /* at the beginning */
  size_t counted;            /* of registry->tail_bytes */
  unsigned depth, status;
  const char *outcome;
  bool truncated, settled, scheduled;
  struct tail *next; /* due */
};

static void put_number(struct buf *b, uint64_t n) {
  char text[24];
  snprintf(text, sizeof text, "%" PRIu64, n);
  json_put(b, text);
}

/* ---- items: written whole, or not at all ---- */

static void count(struct tail *t, size_t bytes) {
  t->counted += bytes;
  t->registry->tail_bytes += bytes;
}

static void say_truncated(struct tail *t) {
  static const char text[] =
      ",[\"log\",3,%" PRIu64
      ",\"[[\\\"Log size limit exceeded: More than 240KB of data (across console.log statements, exception, request "
      "metadata and headers) was logged during a single request. Subsequent data for this request will not be recorded "
      "in logs, appear when tailing this Worker's logs, or in Tail Workers.\\\"]]\"]";
  char line[sizeof text + 32];
  int n = snprintf(line, sizeof line, text, wall_clock_ms());
  t->truncated = true;
  buf_put(&t->record, line, (size_t)n);
}

/* How much more there may be. */
static size_t room(const struct tail *t) {
  size_t own = TAIL_BYTES - END_BYTES, all = RECORDS_BYTES;
  own = t->record.len < own ? own - t->record.len : 0;
  all = t->registry->tail_bytes < all ? (size_t)(all - t->registry->tail_bytes) : 0;
  return own < all ? own : all;
}

/* False: it is left out, unread. Once a record is not whole nothing is written to see whether it fits. */
static bool item_may_fit(struct tail *t, size_t length) {
  enum { ESCAPED = 6 }; /* what a byte may take */
  if (length <= room(t) && (!t->truncated || length * ESCAPED <= room(t))) return true;
  if (!t->truncated) say_truncated(t);
  return false;
}

static void item_end(struct tail *t, size_t begin) {
  size_t added = t->record.len - begin;
  t->record.len = begin;
  if (!t->record.bad && added <= room(t)) {
    t->record.len += added;
    count(t, added);
    return;
  }
  t->record.bad = false;
  if (!t->truncated) say_truncated(t);
}

/* ---- the event ---- */

static void put_str(struct buf *b, struct reader *r) {
  size_t n;
  const char *p = read_str_borrow(r, &n);
  json_put_string(b, p, n);
}

static void put_fetch(struct buf *b, struct reader *r) {
  json_put(b, ",\"method\":");
  put_str(b, r);
  json_put(b, ",\"url\":");
  put_str(b, r);
  json_put(b, ",\"headers\":[");
  for (unsigned left = 2u * read_u16(r), i = 0; left && !r->bad; left--, i++) {
    if (i) json_put(b, ",");
    put_str(b, r);
  }
  json_put(b, "]");
}

static void put_scheduled(struct buf *b, struct reader *r) {
  json_put(b, ",\"scheduledTime\":");
  put_str(b, r);
  json_put(b, ",\"cron\":");
  put_str(b, r);
}

/* "method", "users.find": what the first call of a session names, as far as its first bytes say. */
static void put_rpc(struct buf *b, struct reader *r) {
  const uint8_t *head = read_bytes_borrow(r, RPC_HEAD);
  if (!head || head[4] != RPC_CALL || read_u32(r)) return;
  struct buf path;
  buf_init(&path, FRAME_PAYLOAD_MAX);
  unsigned count = read_u16(r);
  for (unsigned i = 0; i < count && i < PATH_MAX_NAMES && !r->bad; i++) {
    size_t n;
    const char *p = read_str_borrow(r, &n);
    if (i) buf_put_u8(&path, '.');
    buf_put(&path, p, n);
  }
  if (!r->bad && !path.bad) {
    json_put(b, ",\"rpcMethod\":");
    json_put_string(b, (const char *)path.data, path.len);
  }
  buf_free(&path);
}

static void put_event(struct tail *t, const uint8_t *event, size_t length) {
  static const char *const kinds[] = {
      [EVENT_FETCH] = "fetch", [EVENT_RPC] = "rpc", [EVENT_TAIL] = "tail", [EVENT_SCHEDULED] = "scheduled"};
  struct reader r = reader_over(event, length);
  struct buf *b = &t->record;
  size_t n;
  uint8_t kind = read_u8(&r);
  read_u64(&r);
  const char *entrypoint = read_str_borrow(&r, &n);
  json_put(b, "[{\"timestamp\":");
  put_number(b, t->began_ms);
  json_put(b, ",\"entrypoint\":");
  json_put_cut(b, entrypoint, n, 1024);
  size_t rest = b->len;
  json_put(b, ",\"kind\":\"");
  json_put(b, kind < sizeof kinds / sizeof *kinds && kinds[kind] ? kinds[kind] : "");
  json_put(b, "\"");
  read_str_borrow(&r, &n);
  if (kind == EVENT_FETCH) put_fetch(b, &r);
  if (kind == EVENT_RPC) put_rpc(b, &r);
  if (kind == EVENT_SCHEDULED) put_scheduled(b, &r);
  t->scheduled = kind == EVENT_SCHEDULED;
  json_put(b, "}");
  if (b->bad || b->len > TAIL_BYTES - END_BYTES) {
    b->len = rest;
    b->bad = false;
    t->truncated = true;
    json_put(b, "}");
  }
  count(t, b->len);
}

struct tail *tail_new(const struct exchange *x, const uint8_t *event, size_t length) {
  if (!x->worker->tails.count || x->worker->broken || x->tail_depth >= TAIL_DEPTH) return NULL;
  struct tail *t = calloc(1, sizeof *t);
  if (!t) return NULL;
  t->registry = x->registry;
  t->depth = x->tail_depth + 1;
  t->began_ms = wall_clock_ms();
  t->cpu_ns = x->callee->cpu_ns;
  worker_hold(t->worker = x->worker);
  buf_init(&t->record, TAIL_BYTES);
  put_event(t, event, length);
  return t;
}

/* ---- what happens ---- */

static void put_exception(struct tail *t, const struct failure *f) {
  struct buf *b = &t->record;
  size_t begin = t->record.len;
  json_put(b, ",[\"exception\",");
  put_number(b, wall_clock_ms());
  json_put(b, ",");
  json_put_string(b, f->name, f->name_length);
  json_put(b, ",");
  json_put_string(b, f->message, f->message_length);
  json_put(b, ",");
  json_put_string(b, f->stack, f->stack_length);
  json_put(b, "]");
  item_end(t, begin);
}

void tail_log(struct tail *t, const uint8_t *payload, size_t length) {
  if (!item_may_fit(t, length)) return;
  if (payload[0] == LOG_EXCEPTION) {
    struct failure f = failure_read(payload, length);
    put_exception(t, &f);
    return;
  }
  struct buf *b = &t->record;
  size_t begin = t->record.len;
  json_put(b, ",[\"log\",");
  put_number(b, payload[0] & 7u);
  json_put(b, ",");
  put_number(b, wall_clock_ms());
  json_put(b, ",");
  json_put_string(b, (const char *)payload + 1, length - 1);
  json_put(b, "]");
  if (length == 1) b->bad = true; /* it was too long to be sent */
  item_end(t, begin);
}

void tail_status(struct tail *t, unsigned status) {
  t->status = status;
  if (t->scheduled && status >= SCHEDULED_EXCEPTION && !t->outcome) t->outcome = "exception";
}

const char *tail_outcome(unsigned code) {
  switch (code) {
    case ERROR_CPU:
      return "exceededCpu";
    case ERROR_MEMORY:
      return "exceededMemory";
    case ERROR_WALL:
      return "exceededWallTime";
    case ERROR_GONE:
      return "canceled";
    default:
      return "internalError";
  }
}

void tail_failed(struct tail *t, const struct failure *why, bool by_worker) {
  if (t->settled) return;
  t->settled = true;
  t->outcome = by_worker ? "exception" : tail_outcome(why->code);
  put_exception(t, why);
}

void tail_canceled(struct tail *t) {
  if (!t->settled) t->outcome = "canceled";
  t->settled = true;
}

/* ---- to the tails ---- */

struct delivery {
  unsigned references; /* the exchange's, and that of who starts it */
  struct exchange *exchange;
  struct worker *of; /* whose events it is about; a reference */
};

static int on_head(void *arg, const uint8_t *payload, size_t length, uint8_t flags) {
  (void)arg, (void)payload, (void)length, (void)flags;
  return 0;
}

static void tell_failed(struct worker *of, const char *text, size_t length) {
  char why[512];
  log_escape(why, sizeof why, text, length, NULL);
  if (worker_may_log(of, length)) log_line("Worker %s: a tail did not take what it was sent: %s", of->name, why);
}

static void on_failed(void *arg, const struct failure *why) {
  const struct delivery *d = arg;
  tell_failed(d->of, why->message, why->message_length);
}

static void on_released(void *arg) {
  struct delivery *d = arg;
  if (--d->references) return;
  worker_release(d->of);
  free(d);
}

static const struct exchange_client client = {.head = on_head, .failed = on_failed, .released = on_released};

/* The event without entrypoint and props, which are the entry's. */
static void put_head(struct buf *b, size_t body) {
  buf_put_u8(b, EVENT_TAIL);
  buf_put_u64(b, 0);
  for (int i = 0; i < 4; i++) buf_put_u32(b, 0); /* entrypoint, props, method, url */
  buf_put_u16(b, 0);
  buf_put_u64(b, body);
}

static void deliver(const struct tail *t, const struct entry *entry) {
  struct delivery *d = calloc(1, sizeof *d);
  struct buf all;
  buf_init(&all, TAIL_BYTES + END_BYTES);
  put_head(&all, t->record.len);
  buf_put(&all, t->record.data, t->record.len);
  if (d) {
    d->references = 2;
    worker_hold(d->of = t->worker);
  }
  const char *wrong = !d || all.bad ? "out of memory" : NULL;
  if (!wrong) wrong = channel_tail(t->registry, entry, &client, d, &d->exchange, all.data, all.len, t->depth);
  buf_free(&all);
  if (wrong) tell_failed(t->worker, wrong, strlen(wrong));
  if (!d) return;
  if (wrong) d->references--; /* no exchange took it */
  on_released(d);
}

static void put_end(struct tail *t, uint64_t cpu_ns) {
  char text[256];
  uint64_t cpu_ms = cpu_ns > t->cpu_ns ? (cpu_ns - t->cpu_ns) / 1000000 : 0, now = wall_clock_ms();
  snprintf(text, sizeof text,
           ",{\"outcome\":\"%s\",\"status\":%u,\"cpuTime\":%" PRIu64 ",\"wallTime\":%" PRIu64 ",\"truncated\":%s}]",
           t->outcome ? t->outcome : "ok", t->settled ? 0 : t->status, cpu_ms,
           now > t->began_ms ? now - t->began_ms : 0, t->truncated ? "true" : "false");
  json_put(&t->record, text);
}

void tail_free(struct tail **tail) {
  struct tail *t = *tail;
  if (!t) return;
  *tail = NULL;
  t->registry->tail_bytes -= t->counted;
  buf_free(&t->record);
  worker_release(t->worker);
  free(t);
}

static struct tail *next_due(struct registry *r) {
  struct tail *t = r->tails_due;
  if (!t) return NULL;
  r->tails_due = t->next;
  if (!t->next) r->tails_last = NULL;
  r->exchanges--;
  return t;
}

static void on_due(void *arg) {
  for (struct tail *t; (t = next_due(arg)); tail_free(&t))
    for (uint32_t i = 0; !t->worker->broken && i < t->worker->tails.count; i++) deliver(t, t->worker->tails.list[i]);
}

/* Not at once: what ends an event may be the end of an isolate, and the tail's be the next to end with it. */
void tail_end(struct tail **tail, uint64_t cpu_ns) {
  struct tail *t = *tail;
  struct registry *r = t->registry;
  *tail = NULL;
  put_end(t, cpu_ns);
  if (loop_timer_set(r->loop, &r->tails, 0)) {
    tail_free(&t);
    return;
  }
  if (r->tails_last)
    r->tails_last->next = t;
  else
    r->tails_due = t;
  r->tails_last = t;
  r->exchanges++;
}

void tails_init(struct registry *r) { r->tails = (struct loop_timer){.fire = on_due, .arg = r}; }

void tails_drop(struct registry *r) {
  loop_timer_clear(r->loop, &r->tails);
  for (struct tail *t; (t = next_due(r));) tail_free(&t);
}
