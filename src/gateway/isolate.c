/* isolate.c: see isolate.h. */
#include "gateway/isolate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "gateway/channel.h"
#include "gateway/log.h"
#include "gateway/outbound.h"

enum { ISOLATE_MAGIC = 0x4c4f5349, ERROR_SMALLEST = 13 };

static void tell_dropped(struct worker *w);

/* ---- life ---- */

static void send_open(struct isolate *isolate) {
  const struct worker *w = isolate->worker;
  uint32_t flags = w->fresh ? OPEN_TEMPLATE : w->kind == WORKER_ONCE ? 0 : OPEN_KEPT;
  if (worker_is_traced(w)) flags |= OPEN_TRACED;
  uint32_t open[] = {w->memory_mb, w->cpu_ms, flags, w->origin ? w->origin->isolate->number : 0};
  isolate_send(isolate, FRAME_OPEN, 0, open, sizeof open);
}

static void link_in(struct registry *r, struct isolate *isolate) {
  isolate->next = r->first;
  if (r->first) r->first->prev = isolate;
  r->first = isolate;
  if (worker_is_trusted(isolate->worker)) return;
  r->isolates++;
  if (isolate->worker->owner) isolate->worker->owner->owned_isolates++;
}

static void link_out(struct registry *r, struct isolate *isolate) {
  *(isolate->prev ? &isolate->prev->next : &r->first) = isolate->next;
  if (isolate->next) isolate->next->prev = isolate->prev;
  if (worker_is_trusted(isolate->worker)) return;
  r->isolates--;
  if (isolate->worker->owner) isolate->worker->owner->owned_isolates--;
  r->memory -= isolate->memory;
}

static void on_load_wall(void *arg) { isolate_end_code(arg, true, ERROR_WALL, "it was not loaded in time"); }

/* A copy is where its template is. */
static struct cell *find_cell(struct isolate *isolate, const struct worker *w) {
  if (!w->origin)
    return cells_open(w->registry->cells, worker_is_trusted(w) ? CELL_HOST : CELL_DYNAMIC, isolate, &isolate->number);
  struct cell *cell = w->origin->isolate->cell;
  return cell_open(cell, isolate, &isolate->number) ? cell : NULL;
}

struct isolate *isolate_new(struct worker *w) {
  struct registry *r = w->registry;
  struct isolate *isolate = calloc(1, sizeof *isolate);
  if (!isolate) return NULL;
  isolate->cell = find_cell(isolate, w);
  isolate->load_wall = (struct loop_timer){.fire = on_load_wall, .arg = isolate};
  isolate->magic = ISOLATE_MAGIC;
  isolate->registry = r;
  isolate->worker = w;
  if (!isolate->cell || channels_begin(isolate) || loop_timer_set(r->loop, &isolate->load_wall, w->wall_ms)) {
    if (isolate->cell) cell_close(isolate->cell, isolate->number, false);
    channels_drop(isolate);
    table_free(&isolate->channels);
    free(isolate);
    return NULL;
  }
  worker_hold(w);
  link_in(r, isolate);
  send_open(isolate);
  return isolate;
}

static void end_exchanges(struct isolate *isolate, const uint8_t *error, size_t length) {
  struct exchange *x;
  for (uint32_t at = 0; (x = table_drain(&isolate->events, &at));) exchange_callee_gone(x, error, length);
  for (uint32_t at = 0; (x = table_drain(&isolate->fetches, &at));) exchange_caller_gone(x);
}

void isolate_end(struct isolate *isolate, bool tell, const uint8_t *error, size_t length) {
  struct worker *w = isolate->worker;
  cell_close(isolate->cell, isolate->number, tell);
  loop_timer_clear(isolate->registry->loop, &isolate->load_wall);
  link_out(isolate->registry, isolate);
  w->isolate = NULL;
  w->state = WORKER_NONE;
  end_exchanges(isolate, error, length);
  channels_drop(isolate);
  buf_free(&isolate->pieces);
  worker_end_owned(w);
  outbound_forget(isolate->registry->outbound, isolate);
  tell_dropped(w);
  worker_fail(w, error, length);
  table_free(&isolate->events);
  table_free(&isolate->fetches);
  table_free(&isolate->channels);
  isolate->magic = 0;
  free(isolate);
  worker_release(w);
}

void isolate_end_code(struct isolate *isolate, bool tell, enum error_code code, const char *detail) {
  struct buf error;
  buf_init(&error, FRAME_PAYLOAD_MAX);
  error_payload(&error, code, detail);
  isolate_end(isolate, tell, error.data, error.len);
  buf_free(&error);
}

static void on_soon(void *arg) { isolate_end_code(arg, true, ERROR_GONE, ""); }

void isolate_end_soon(struct isolate *isolate) {
  isolate->load_wall.fire = on_soon;
  if (loop_timer_set(isolate->registry->loop, &isolate->load_wall, 0)) log_line("no memory to end an isolate now");
}

void registry_lost(void *arg, struct isolate *isolate) {
  (void)arg;
  isolate_end_code(isolate, false, ERROR_CELL, "");
}

/* ---- sending ---- */

void isolate_send(struct isolate *isolate, uint8_t type, uint32_t stream, const void *payload, size_t length) {
  struct frame_header h = {.length = (uint32_t)length, .type = type, .isolate = isolate->number, .stream = stream};
  cell_put(isolate->cell, &h, payload);
}

void isolate_send_error(struct isolate *isolate, uint32_t stream, enum error_code code, const char *detail) {
  struct buf error;
  buf_init(&error, FRAME_PAYLOAD_MAX);
  error_payload(&error, code, detail);
  if (!error.bad) isolate_send(isolate, FRAME_ERROR, stream, error.data, error.len);
  buf_free(&error);
}

/* ---- events ---- */

void isolate_event_begins(struct isolate *isolate, uint32_t subrequests) { isolate->subrequests_left += subrequests; }

/* What finished events left over does not add up for those that remain. */
void isolate_event_ends(struct isolate *isolate) {
  uint64_t most = (uint64_t)isolate->worker->subrequests * isolate->events.count;
  if (isolate->subrequests_left > most) isolate->subrequests_left = most;
  if (!isolate->events.count) worker_check_idle(isolate->worker);
}

void isolate_wall(struct isolate *isolate, struct exchange *guilty) {
  struct buf error;
  log_line("Worker %s: %s", isolate->worker->name, error_message(ERROR_WALL));
  buf_init(&error, FRAME_PAYLOAD_MAX);
  error_payload(&error, ERROR_WALL, "");
  exchange_callee_gone(guilty, error.data, error.len);
  buf_free(&error);
  isolate_end_code(isolate, true, ERROR_GONE, "another event in it exceeded the wall time limit");
}

/* ---- frames ---- */

static const char *on_loaded(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload) {
  struct worker *w = isolate->worker;
  if (w->state != WORKER_LOADING || !isolate->code_over) return "LOADED without code";
  if (payload[0]) {
    worker_live(w);
  } else if (h->length < 1 + ERROR_SMALLEST) {
    return "LOADED without a reason";
  } else if (w->kind == WORKER_HOST) {
    isolate_end(isolate, true, payload + 1, h->length - 1);
  } else {
    worker_broken(w);
  }
  return NULL;
}

static void on_dead(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload) {
  char detail[256];
  size_t length;
  struct reader r = reader_over(payload, h->length);
  unsigned code = read_u8(&r);
  const char *text = read_str_borrow(&r, &length);
  log_escape(detail, sizeof detail, text, length, NULL);
  if (code == ERROR_THROWN || code >= ERROR_CODES) code = ERROR_TRAP;
  if (worker_may_log(isolate->worker, strlen(detail)))
    log_line("Worker %s: %s%s%s", isolate->worker->name, error_message(code), *detail ? ": " : "", detail);
  isolate_end_code(isolate, false, code, detail);
}

/* Its callers are told as workerd tells them; the reason goes to the log. */
static void on_abort(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload) {
  char reason[256], text[80];
  uint64_t random[2] = {0};
  struct buf error;
  if (getrandom(random, sizeof random, 0) != sizeof random) random[0] = isolate->number;
  snprintf(text, sizeof text, "internal error; reference = %016" PRIx64 "%010" PRIx64, random[0], random[1] >> 24);
  log_escape(reason, sizeof reason, (const char *)payload, h->length, NULL);
  if (worker_may_log(isolate->worker, strlen(reason)))
    log_line("Worker %s: aborted itself: %s (%s)", isolate->worker->name, reason, text);
  buf_init(&error, FRAME_PAYLOAD_MAX);
  error_payload_verbatim(&error, ERROR_ABORTED, text);
  isolate_end(isolate, true, error.data, error.len);
  buf_free(&error);
}

static void on_usage(struct isolate *isolate, const uint8_t *payload) {
  struct registry *r = isolate->registry;
  uint64_t memory;
  memcpy(&memory, payload, sizeof memory);
  memcpy(&isolate->cpu_ns, payload + sizeof memory, sizeof isolate->cpu_ns);
  if (memory > UINT32_MAX) memory = UINT32_MAX; /* no isolate has more: a cell that lies about it gains nothing */
  if (worker_is_trusted(isolate->worker)) return;
  r->memory += memory - isolate->memory;
  isolate->memory = memory;
  registry_memory_changed(r);
}

static void tell_dropped(struct worker *w) {
  char name[256];
  if (!w->log.dropped) return;
  log_escape(name, sizeof name, w->name, w->name_length, NULL);
  log_line("Worker %s: %u lines dropped", name, w->log.dropped);
  w->log.dropped = 0;
}

bool worker_may_log(struct worker *w, size_t bytes) {
  if (w->origin) w = w->origin;
  const uint32_t *limits = w->registry->config->limits.value;
  uint64_t second = loop_now(w->registry->loop) / 1000;
  if (second != w->log.second) {
    tell_dropped(w);
    w->log = (struct log_rate){.second = second};
  }
  w->log.lines++;
  w->log.bytes += bytes;
  if (w->log.lines <= limits[LIMIT_LOG_LINES] && w->log.bytes <= (uint64_t)limits[LIMIT_LOG_KB] << 10) return true;
  w->log.dropped++;
  return false;
}

static void on_log(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload) {
  if (worker_is_traced(isolate->worker) && (payload[0] & LOG_VALUES || payload[0] == LOG_EXCEPTION)) {
    struct exchange *x = table_get(&isolate->events, h->stream);
    if (x) exchange_logged(x, payload, h->length);
    return;
  }
  const struct worker *w = isolate->worker->origin ? isolate->worker->origin : isolate->worker;
  struct log_worker who = {.name = w->name, .name_length = w->name_length, .id = w->id};
  if (worker_may_log(isolate->worker, h->length))
    log_worker(payload[0], &who, (const char *)payload + 1, h->length - 1);
}

/* A frame about a stream: of an event, of a fetch, or (an ERROR only) of a stub. A stream that is not there any more
 * is a race with its end, and the frame is dropped. */
static const char *on_stream(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload) {
  struct exchange *x = NULL;
  if (h->stream & STREAM_GUEST) {
    x = table_get(&isolate->fetches, h->stream);
    return x ? exchange_from_caller(x, h, payload) : NULL;
  }
  if (h->stream & STREAM_EVENT) {
    x = table_get(&isolate->events, h->stream);
    return x ? exchange_from_callee(x, h, payload) : NULL;
  }
  return h->type == FRAME_ERROR ? stub_error(isolate, h, payload) : "a stream that nobody opened";
}

static const char *take_whole(struct isolate *isolate, const struct frame_header *h, uint8_t *payload) {
  return h->type == FRAME_FETCH ? channel_fetch(isolate, h, payload) : channel_make(isolate, h, payload);
}

/* A FETCH or MAKE, or a piece of one. */
static const char *take_piece(struct isolate *isolate, const struct frame_header *h, uint8_t *payload) {
  struct buf *b = &isolate->pieces;
  bool more = h->flags & FRAME_MORE;
  if (!b->len) {
    if (!more) return take_whole(isolate, h, payload);
    buf_init(b, EVENT_MAX);
    isolate->pieces_type = h->type;
    isolate->pieces_stream = h->stream;
  }
  if (h->type != isolate->pieces_type || h->stream != isolate->pieces_stream) return "a frame amid another's pieces";
  buf_put(b, payload, h->length);
  if (b->bad) return "more pieces than a frame may have";
  if (more) return NULL;
  struct frame_header all = *h;
  struct buf taken = *b;
  *b = (struct buf){0};
  all.length = (uint32_t)taken.len;
  const char *lie = take_whole(isolate, &all, taken.data);
  buf_free(&taken);
  return lie;
}

static const char *dispatch(struct isolate *isolate, const struct frame_header *h, uint8_t *payload) {
  switch (h->type) {
    case FRAME_LOADED:
      return on_loaded(isolate, h, payload);
    case FRAME_DEAD:
      on_dead(isolate, h, payload);
      return NULL;
    case FRAME_ABORT:
      on_abort(isolate, h, payload);
      return NULL;
    case FRAME_USAGE:
      on_usage(isolate, payload);
      return NULL;
    case FRAME_LOG:
      on_log(isolate, h, payload);
      return NULL;
    case FRAME_FETCH:
    case FRAME_MAKE:
      return take_piece(isolate, h, payload);
    case FRAME_CAPS:
      return channel_caps(isolate, h, payload);
    case FRAME_RULES:
      return channel_rules(isolate, h, payload);
    case FRAME_GET:
      return stub_get(isolate, h, payload);
    case FRAME_CODE:
      return stub_code(isolate, h, payload);
    case FRAME_RELEASE:
      return channel_release(isolate, h->stream);
    default:
      return on_stream(isolate, h, payload);
  }
}

void registry_frame(void *arg, struct isolate *isolate, const struct frame_header *h, uint8_t *payload) {
  (void)arg;
  const char *lie = dispatch(isolate, h, payload);
  if (!lie) return;
  log_line("Worker %s: closed for a protocol error: %s (%s)", isolate->worker->name, lie, frame_name(h->type));
  isolate_end_code(isolate, true, ERROR_PROTOCOL, lie);
}
