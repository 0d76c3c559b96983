/* exchange.c: see exchange.h. */
#include "gateway/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/channel.h"
#include "gateway/exchange_parts.h"
#include "gateway/isolate.h"
#include "gateway/log.h"
#include "gateway/tail.h"
#include "gateway/trace.h"

enum {
  EXCHANGE_MAGIC = 0x47484358,
  CREDIT_MAX = 2 * STREAM_WINDOW + FRAME_PAYLOAD_MAX, /* more than a receiver can honestly have granted */
  HELD_MAX = 2 * STREAM_WINDOW + FRAME_PAYLOAD_MAX,
  HELD_KEEP = 4096,
  DETAIL_MAX = 512,
  TLS_NAME_MAX = 255,
  EVENT_CPU_AT = 1,      /* where the processor time is in an EVENT's payload */
  UNREAD_MAX = 64 << 20, /* bytes; half of what a cell lets wait for an isolate */
};

/* ---- errors as payloads ---- */

void error_payload_verbatim(struct buf *out, enum error_code code, const char *message) {
  buf_put_u8(out, (uint8_t)code);
  buf_put_cstr(out, error_name(code));
  buf_put_cstr(out, message);
  buf_put_cstr(out, "");
}

void error_payload(struct buf *out, enum error_code code, const char *detail) {
  char text[DETAIL_MAX + 256];
  snprintf(text, sizeof text, "%s%s%s", error_message(code), detail && *detail ? ": " : "", detail ? detail : "");
  error_payload_verbatim(out, code, text);
}

struct failure failure_read(const uint8_t *payload, size_t length) {
  struct failure f;
  struct reader r = reader_over(payload, length);
  f.code = read_u8(&r);
  f.name = read_str_borrow(&r, &f.name_length);
  f.message = read_str_borrow(&r, &f.message_length);
  f.stack = read_str_borrow(&r, &f.stack_length);
  return f;
}

void failure_log(const char *worker, const char *what, const struct failure *why) {
  char text[1024];
  int n = snprintf(text, sizeof text, "%s%.*s: %.*s", what, (int)why->name_length, why->name, (int)why->message_length,
                   why->message);
  size_t length = n < (int)sizeof text ? (size_t)n : sizeof text - 1;
  log_error(worker, text, length, why->stack, why->stack_length);
}

/* ---- life ---- */

static struct exchange *exchange_new(struct registry *r, struct worker *w, uint8_t *event, size_t length,
                                     uint8_t flags) {
  struct exchange *x = r->pool;
  if (x)
    r->pool = x->next;
  else if (!(x = calloc(1, sizeof *x)))
    return NULL;
  struct buf held = x->held;
  struct loop_timer wall = x->wall;
  *x = (struct exchange){.magic = EXCHANGE_MAGIC, .registry = r, .worker = w, .held = held, .wall = wall};
  x->held.max = HELD_MAX + length;
  x->request_credit = x->answer_credit = STREAM_WINDOW;
  x->event_borrow = event;
  x->event_length = (uint32_t)length;
  x->session = event && event[0] == EVENT_RPC;
  x->event_flags = flags & (x->session ? FRAME_ASKS : FRAME_END | FRAME_HAS_BODY);
  x->request_over = !(x->event_flags & FRAME_HAS_BODY) || (flags & FRAME_END);
  if (w) worker_hold(w);
  r->exchanges++;
  return x;
}

void exchange_was_read(struct exchange *x) {
  if (!x->unread) return;
  x->worker->unread_bytes -= x->unread;
  x->unread = 0;
}

/* Of events as long as a frame there are never too many; longer ones are counted. False: too many wait. */
static bool count_unread(struct exchange *x) {
  struct worker *w = x->worker;
  if (x->event_length <= FRAME_PAYLOAD_MAX) return true;
  if (w->unread_bytes + x->event_length > UNREAD_MAX) return false;
  x->unread = x->event_length;
  w->unread_bytes += x->unread;
  return true;
}

static void exchange_free(struct exchange *x) {
  struct registry *r = x->registry;
  struct worker *w = x->worker;
  exchange_was_read(x);
  trace_free(x->trace);
  tail_free(&x->tail);
  loop_timer_clear(r->loop, &x->wall);
  buf_shrink(&x->held, HELD_KEEP);
  if (x->caps.list) caps_free(&x->caps);
  x->magic = 0;
  x->next = r->pool;
  r->pool = x;
  r->exchanges--;
  if (w) worker_release(w);
}

void exchange_pool_free(struct registry *r) {
  while (r->pool) {
    struct exchange *x = r->pool;
    r->pool = x->next;
    buf_free(&x->held);
    free(x);
  }
}

/* Both directions carry messages. */
static bool is_open(const struct exchange *x) { return x->socket || x->session; }

static bool attached(const struct exchange *x) { return x->caller || x->client; }

static void detach_caller(struct exchange *x) {
  if (x->caller) table_remove(&x->caller->fetches, x->caller_stream);
  x->caller = NULL;
  if (!x->client) return;
  const struct exchange_client *client = x->client;
  x->client = NULL;
  *x->handle = NULL;
  if (!x->tail_depth) worker_request_over(x->worker);
  client->released(x->client_arg);
}

void exchange_settle(struct exchange *x) {
  if (x->answered && (x->request_over || x->state == EXCHANGE_OVER)) detach_caller(x);
  if (!attached(x) && x->state == EXCHANGE_OVER) exchange_free(x);
}

static void on_wall(void *arg) {
  struct exchange *x = arg;
  if (x->state == EXCHANGE_RUNNING) {
    isolate_wall(x->callee, x);
  } else {
    worker_forget_waiting(x->worker, x);
    exchange_fail(x, ERROR_WALL, "it was not loaded in time");
  }
}

int exchange_set_wall(struct exchange *x) {
  return loop_timer_set(x->registry->loop, &x->wall,
                        limits_lower(LIMIT_WALL_MS, x->limits.wall_ms, x->worker->wall_ms));
}

static int exchange_start(struct exchange *x) {
  x->wall.fire = on_wall;
  x->wall.arg = x;
  session_trace(x);
  if (x->session) cells_expect(x->registry->cells);
  if ((!x->session || (x->event_flags & FRAME_ASKS)) && exchange_set_wall(x)) return -1;
  if (count_unread(x))
    worker_take(x->worker, x);
  else
    exchange_fail(x, ERROR_EVENTS, "with more than 64 KiB of props and cf each");
  return 0;
}

int exchange_start_tail(struct registry *registry, struct worker *worker, const struct exchange_client *client,
                        void *arg, struct exchange **handle, uint8_t *event, size_t length, uint8_t flags,
                        struct caps *caps, unsigned depth) {
  struct exchange *x = exchange_new(registry, worker, event, length, flags);
  if (!x) return -1;
  x->client = client;
  x->client_arg = arg;
  x->handle = handle;
  x->tail_depth = depth;
  x->caps = *caps;
  x->event_caps = caps->count;
  *caps = (struct caps){0};
  *handle = x;
  if (!exchange_start(x)) return 0;
  *handle = NULL;
  exchange_free(x);
  return -1;
}

int exchange_start_client(struct registry *registry, struct worker *worker, const struct exchange_client *client,
                          void *arg, struct exchange **handle, uint8_t *event, size_t length, uint8_t flags) {
  struct caps none = {0};
  return exchange_start_tail(registry, worker, client, arg, handle, event, length, flags, &none, 0);
}

/* Whether it asks for a connection (connect()) and not for an answer. */
static bool is_connection(const uint8_t *event, size_t length) {
  static const char connect[] = "CONNECT";
  struct reader r = reader_over(event, length);
  size_t n;
  if (read_u8(&r) != EVENT_FETCH) return false;
  read_u32(&r);
  read_u32(&r);
  read_str_borrow(&r, &n);
  read_str_borrow(&r, &n);
  const char *method = read_str_borrow(&r, &n);
  return !r.bad && n == sizeof connect - 1 && !memcmp(method, connect, n);
}

void exchange_start_isolate(struct registry *registry, struct worker *worker, struct isolate *caller, uint32_t stream,
                            uint8_t *event, size_t length, uint8_t flags, struct caps *caps,
                            const struct event_limits *limits) {
  struct exchange *x = exchange_new(registry, worker, event, length, flags);
  if (x) {
    x->caller_stream = stream;
    x->connects = is_connection(event, length);
    x->limits = *limits;
    x->caps = *caps;
    x->event_caps = caps->count;
    *caps = (struct caps){0};
    if (!table_put(&caller->fetches, stream, x)) {
      x->caller = caller;
      if (!exchange_start(x)) return;
      table_remove(&caller->fetches, stream);
    }
    exchange_free(x);
  }
  isolate_send_error(caller, stream, ERROR_EVENTS, "out of memory");
}

struct exchange *exchange_start_served(struct registry *registry, struct isolate *caller, uint32_t stream,
                                       uint8_t flags, const struct exchange_server *server, void *server_arg) {
  struct exchange *x = exchange_new(registry, NULL, NULL, 0, flags);
  if (!x) return NULL;
  x->state = EXCHANGE_RUNNING;
  x->server = server;
  x->server_arg = server_arg;
  x->caller_stream = stream;
  if (!table_put(&caller->fetches, stream, x)) {
    x->caller = caller;
    return x;
  }
  exchange_free(x);
  return NULL;
}

/* ---- towards the callee ---- */

void exchange_to_callee(struct exchange *x, uint8_t type, uint8_t flags, const void *payload, size_t length) {
  struct frame_header h = {.length = (uint32_t)length, .type = type, .flags = flags};
  if (x->state == EXCHANGE_WAITING) {
    buf_put(&x->held, &h, sizeof h);
    buf_put(&x->held, payload, length);
    return;
  }
  if (x->state != EXCHANGE_RUNNING) return;
  if (x->server) {
    x->server->frame(x->server_arg, &h, payload);
    return;
  }
  h.isolate = x->callee->number;
  h.stream = x->callee_stream;
  cell_put(x->callee->cell, &h, payload);
}

int exchange_hold(struct exchange *x) {
  buf_put(&x->held, x->event_borrow, x->event_length);
  x->event_borrow = NULL;
  return x->held.bad ? -1 : 0;
}

static void clamp_cpu(struct exchange *x, uint8_t *event) {
  uint32_t asked, allowed = x->worker->cpu_ms;
  memcpy(&asked, event + EVENT_CPU_AT, sizeof asked);
  if (asked > allowed) memcpy(event + EVENT_CPU_AT, &allowed, sizeof allowed);
}

static void send_event(struct exchange *x, const uint8_t *event) {
  struct frame_header h = {.type = FRAME_EVENT, .isolate = x->callee->number, .stream = x->callee_stream};
  for (size_t left = x->event_length; left; event += h.length) {
    h.length = frame_piece(left);
    left -= h.length;
    h.flags = left ? FRAME_MORE : x->event_flags;
    cell_put(x->callee->cell, &h, event);
  }
}

static void send_held(struct exchange *x) {
  size_t at = x->event_length;
  uint32_t caps_at = x->event_caps;
  while (at < x->held.len && !x->silent) {
    struct frame_header h;
    memcpy(&h, x->held.data + at, sizeof h);
    at += sizeof h;
    if (h.type == FRAME_CAPS)
      caps_at += session_send_held(x, x->held.data + at, caps_at);
    else
      exchange_to_callee(x, h.type, h.flags, x->held.data + at, h.length);
    at += h.length;
  }
  buf_shrink(&x->held, HELD_KEEP);
  if (x->silent) exchange_settle(x); /* more was passed on than the callee may hold */
}

void exchange_run(struct exchange *x, struct isolate *callee) {
  uint32_t stream;
  do stream = STREAM_EVENT | (callee->next_event++ & (STREAM_EVENT - 1));
  while (table_get(&callee->events, stream));
  if (x->event_caps && channels_give(callee, stream, x->caps.list, x->event_caps)) {
    exchange_fail(x, ERROR_CHANNELS, "");
    return;
  }
  if (table_put(&callee->events, stream, x)) {
    exchange_fail(x, ERROR_EVENTS, "out of memory");
    return;
  }
  uint8_t *event = x->event_borrow ? x->event_borrow : x->held.data;
  x->state = EXCHANGE_RUNNING;
  x->callee = callee;
  x->callee_stream = stream;
  clamp_cpu(x, event);
  if (!x->event_borrow && x->wall.place) exchange_set_wall(x); /* now its code has said what it may take */
  if (x->worker->tails.count) x->tail = tail_new(x, event, x->event_length);
  send_event(x, event);
  if (x->event_borrow)
    x->event_borrow = NULL;
  else
    send_held(x);
  caps_free(&x->caps);
  isolate_event_begins(callee, limits_lower(LIMIT_SUBREQUESTS, x->limits.subrequests, x->worker->subrequests));
}

uint32_t exchange_request_credit(const struct exchange *x) {
  return x->request_over && !is_open(x) ? UINT32_MAX : x->request_credit;
}

void exchange_request_body(struct exchange *x, const uint8_t *bytes, size_t length, bool end) {
  if (x->request_over) return;
  do {
    size_t n = length < FRAME_PAYLOAD_MAX ? length : FRAME_PAYLOAD_MAX;
    exchange_to_callee(x, FRAME_BODY, end && n == length ? FRAME_END : 0, bytes, n);
    x->request_credit -= n < x->request_credit ? (uint32_t)n : x->request_credit;
    bytes += n;
    length -= n;
  } while (length);
  x->request_over = end;
  exchange_settle(x);
}

void exchange_request_broke(struct exchange *x, const char *message) {
  struct buf error;
  if (x->request_over) return;
  buf_init(&error, FRAME_PAYLOAD_MAX);
  error_payload(&error, ERROR_CANCELED, message);
  if (!error.bad) exchange_to_callee(x, FRAME_ERROR, 0, error.data, error.len);
  buf_free(&error);
  x->request_over = true;
  exchange_settle(x);
}

void exchange_answer_credit(struct exchange *x, uint32_t bytes) {
  x->answer_credit += bytes;
  if (!x->answered) exchange_to_callee(x, FRAME_WINDOW, 0, &bytes, sizeof bytes);
}

void exchange_end_open(struct exchange *x) {
  if (x->answered || !is_open(x)) return;
  x->answered = true;
  if (x->state == EXCHANGE_RUNNING && x->worker) exchange_set_wall(x);
}

void exchange_caller_gone(struct exchange *x) {
  bool waits = x->state == EXCHANGE_WAITING;
  if (waits) worker_forget_waiting(x->worker, x);
  if (!waits) exchange_to_callee(x, FRAME_CANCEL, 0, NULL, 0);
  if (waits) x->state = EXCHANGE_OVER;
  exchange_end_open(x);
  if (x->tail && !x->answered) tail_canceled(x->tail);
  if (x->trace) trace_outcome(x->trace, "canceled", 8);
  x->silent = x->answered = x->request_over = true;
  exchange_settle(x);
}

void exchange_cancel(struct exchange *x) {
  *x->handle = NULL;
  x->client = NULL;
  if (!x->tail_depth) worker_request_over(x->worker);
  exchange_caller_gone(x);
}

/* ---- a WebSocket, towards the callee ---- */

bool exchange_may_shut_with(unsigned code) {
  return code >= 1000 && code < 5000 && code != 1004 && code != 1006 && code != 1015;
}

static void shut(struct exchange *x, struct exchange_way *way) {
  way->shut = true;
  if (x->up.shut && x->down.shut) exchange_end_open(x);
}

void exchange_message(struct exchange *x, const uint8_t *bytes, size_t length, uint8_t flags) {
  uint32_t cost = (uint32_t)length + MESSAGE_COST;
  exchange_to_callee(x, FRAME_MESSAGE, flags, bytes, length);
  x->request_credit -= cost < x->request_credit ? cost : x->request_credit;
}

void exchange_shut(struct exchange *x, unsigned code, const uint8_t *reason, size_t length) {
  uint8_t payload[2 + SHUT_REASON_MAX] = {(uint8_t)code, (uint8_t)(code >> 8)};
  if (x->up.shut) return;
  if (length > SHUT_REASON_MAX) length = SHUT_REASON_MAX;
  memcpy(payload + 2, reason, length);
  exchange_to_callee(x, FRAME_SHUT, 0, payload, 2 + length);
  shut(x, &x->up);
  exchange_settle(x);
}

void exchange_break(struct exchange *x, const char *message) {
  struct buf error;
  buf_init(&error, FRAME_PAYLOAD_MAX);
  error_payload_verbatim(&error, ERROR_SOCKET, message);
  if (!error.bad && !x->up.shut) exchange_to_callee(x, FRAME_ERROR, 0, error.data, error.len);
  buf_free(&error);
  exchange_cancel(x);
}

/* ---- towards the caller ---- */

void exchange_tell_caller(struct exchange *x, uint8_t type, uint8_t flags, const void *payload, size_t length) {
  if (!x->caller) return;
  struct frame_header h = {.length = (uint32_t)length,
                           .type = type,
                           .flags = flags,
                           .isolate = x->caller->number,
                           .stream = x->caller_stream};
  cell_put(x->caller->cell, &h, payload);
}

void exchange_deliver_error(struct exchange *x, const uint8_t *payload, size_t length) {
  if (x->answered) return;
  exchange_end_open(x);
  x->answered = true;
  exchange_tell_caller(x, FRAME_ERROR, 0, payload, length);
  struct failure f = failure_read(payload, length);
  if (x->trace) trace_outcome(x->trace, f.name, f.name_length);
  if (!x->client) return;
  x->client->failed(x->client_arg, &f);
}

void exchange_fail_verbatim(struct exchange *x, const uint8_t *error, size_t length) {
  x->state = EXCHANGE_OVER;
  exchange_was_read(x);
  exchange_deliver_error(x, error, length);
  exchange_settle(x);
}

void exchange_fail(struct exchange *x, enum error_code code, const char *detail) {
  struct buf error;
  buf_init(&error, FRAME_PAYLOAD_MAX);
  error_payload(&error, code, detail);
  exchange_fail_verbatim(x, error.data, error.len);
  buf_free(&error);
}

void exchange_callee_gone(struct exchange *x, const uint8_t *error, size_t length) {
  struct failure why = failure_read(error, length);
  table_remove(&x->callee->events, x->callee_stream);
  if (x->tail) tail_failed(x->tail, &why, false);
  if (x->tail) tail_end(&x->tail, x->callee->cpu_ns);
  x->callee = NULL;
  exchange_fail_verbatim(x, error, length);
}

/* ---- the frames of isolates ---- */

static void begin_socket(struct exchange *x) {
  x->socket = x->request_over = true;
  x->request_credit = x->answer_credit = STREAM_WINDOW;
  loop_timer_clear(x->registry->loop, &x->wall);
}

static const char *on_head(struct exchange *x, const struct frame_header *h, const uint8_t *payload) {
  uint16_t status;
  memcpy(&status, payload, sizeof status);
  if (x->silent) return NULL;
  if (x->headed || x->answered) return "a second answer to one event";
  if (status == HEAD_SOCKET && (h->flags & (FRAME_HAS_BODY | FRAME_END))) return "a WebSocket with a body";
  x->headed = true;
  if (x->tail) tail_status(x->tail, status);
  exchange_tell_caller(x, FRAME_HEAD, h->flags, payload, h->length);
  if (status == HEAD_SOCKET)
    begin_socket(x);
  else
    x->answered = !(h->flags & FRAME_HAS_BODY) || (h->flags & FRAME_END);
  if (x->client && x->client->head(x->client_arg, payload, h->length, h->flags)) {
    exchange_to_callee(x, FRAME_CANCEL, 0, NULL, 0);
    exchange_end_open(x);
    x->silent = x->answered = x->request_over = true;
  }
  return NULL;
}

static const char *on_body(struct exchange *x, const struct frame_header *h, const uint8_t *payload) {
  bool end = h->flags & FRAME_END;
  if (x->silent) return NULL;
  if (!x->headed || x->answered || x->socket) return "a body outside of an answer";
  if (h->length > x->answer_credit) return "a body beyond its credit";
  if (!h->length && !end) return "an empty piece of a body";
  x->answer_credit -= h->length;
  x->answered = end;
  exchange_tell_caller(x, FRAME_BODY, h->flags & FRAME_END, payload, h->length);
  if (x->client && x->client->body) x->client->body(x->client_arg, payload, h->length, end);
  return NULL;
}

static const char *check_message(const struct frame_header *h, struct exchange_way *way, uint32_t *credit) {
  bool text = h->flags & FRAME_TEXT, more = h->flags & FRAME_MORE;
  if (way->shut) return "a message after the close";
  if (way->amid && text != way->text) return "a message of two kinds";
  if (more && !h->length) return "an empty piece of a message";
  if (h->length + MESSAGE_COST > *credit) return "a message beyond its credit";
  *credit -= h->length + MESSAGE_COST;
  way->amid = more;
  way->text = text;
  return NULL;
}

static const char *check_shut(const struct frame_header *h, const uint8_t *payload, const struct exchange_way *way) {
  if (way->shut) return "a second close";
  if (way->amid) return "a close amid a message";
  if (h->length > 2 + SHUT_REASON_MAX) return "a close with too long a reason";
  return exchange_may_shut_with(payload[0] | (unsigned)payload[1] << 8) ? NULL : "a close with a code of nobody's";
}

/* TLS on a connection. Only the network can do that. */
static const char *begin_tls(struct exchange *x, const struct frame_header *h, const uint8_t *payload) {
  struct buf error;
  if (h->length > TLS_NAME_MAX || h->flags & FRAME_MORE) return "TLS with too long a name";
  if (x->server) {
    exchange_to_callee(x, FRAME_MESSAGE, 0, payload, h->length);
    return NULL;
  }
  buf_init(&error, FRAME_PAYLOAD_MAX);
  error_payload_verbatim(&error, ERROR_SOCKET, "startTls() is not supported on this connection.");
  if (!error.bad) exchange_deliver_error(x, error.data, error.len);
  buf_free(&error);
  exchange_caller_gone(x);
  return NULL;
}

/* A frame that only a WebSocket has, from the callee. */
static const char *on_down(struct exchange *x, const struct frame_header *h, const uint8_t *payload) {
  if (x->silent) return NULL;
  if (x->connects && x->server && h->type == FRAME_MESSAGE && !h->length) {
    exchange_tell_caller(x, FRAME_MESSAGE, 0, NULL, 0);
    return NULL;
  }
  if (!x->socket || x->answered) return "a message outside of a WebSocket";
  bool is_message = h->type == FRAME_MESSAGE;
  const char *lie = is_message ? check_message(h, &x->down, &x->answer_credit) : check_shut(h, payload, &x->down);
  if (lie) return lie;
  exchange_tell_caller(x, h->type, h->flags & (FRAME_TEXT | FRAME_MORE), payload, h->length);
  if (x->client && is_message)
    x->client->message(x->client_arg, payload, h->length, h->flags);
  else if (x->client)
    x->client->shut(x->client_arg, payload[0] | (unsigned)payload[1] << 8, payload + 2, h->length - 2);
  if (!is_message) shut(x, &x->down);
  return NULL;
}

/* The same, from the caller. */
static const char *on_up(struct exchange *x, const struct frame_header *h, const uint8_t *payload) {
  if (!x->socket) return "a message outside of a WebSocket";
  bool is_message = h->type == FRAME_MESSAGE;
  const char *lie = is_message ? check_message(h, &x->up, &x->request_credit) : check_shut(h, payload, &x->up);
  if (lie) return lie;
  exchange_to_callee(x, h->type, h->flags & (FRAME_TEXT | FRAME_MORE), payload, h->length);
  if (!is_message) shut(x, &x->up);
  return NULL;
}

/* Adds what a receiver grants. False: more than it can have to give. */
static bool add_credit(uint32_t *credit, const uint8_t *payload, uint32_t *bytes) {
  memcpy(bytes, payload, sizeof *bytes);
  if (!*bytes || *bytes > CREDIT_MAX || *credit + *bytes > CREDIT_MAX) return false;
  *credit += *bytes;
  return true;
}

static const char *on_request_window(struct exchange *x, const uint8_t *payload) {
  uint32_t bytes;
  if (!add_credit(&x->request_credit, payload, &bytes)) return "credit that it cannot have";
  if (x->request_over && !is_open(x)) return NULL;
  exchange_tell_caller(x, FRAME_WINDOW, 0, &bytes, sizeof bytes);
  if (x->client && x->client->credit) x->client->credit(x->client_arg, bytes);
  return NULL;
}

/* The callee wants no more of the request's body. */
static void on_request_unwanted(struct exchange *x) {
  if (x->request_over) return;
  x->request_over = true;
  exchange_tell_caller(x, FRAME_CANCEL, 0, NULL, 0);
  if (x->client && x->client->credit) x->client->credit(x->client_arg, 0);
}

static const char *on_done(struct exchange *x) {
  struct isolate *callee = x->callee;
  if (x->session) session_done(x);
  if (!x->answered) return "an event that is done without an answer";
  if (callee) table_remove(&callee->events, x->callee_stream);
  if (x->tail) tail_end(&x->tail, callee->cpu_ns);
  x->callee = NULL;
  x->state = EXCHANGE_OVER;
  if (!x->request_over) exchange_tell_caller(x, FRAME_CANCEL, 0, NULL, 0);
  exchange_settle(x);
  if (callee) isolate_event_ends(callee);
  return NULL;
}

static void note_error(struct exchange *x, const uint8_t *payload, size_t length) {
  struct failure why = failure_read(payload, length);
  if (x->tail) tail_failed(x->tail, &why, true);
}

/* What it logs goes to its caller too, as long as there is one; never more than its answer might have been. */
static void collect(struct exchange *x, const uint8_t *payload, size_t length) {
  enum { COLLECT_BYTES = FRAME_PAYLOAD_MAX };
  static const char full[] = "[[\"Log size limit exceeded: more than 64 KiB were logged during a single request.\"]]";
  uint64_t now = wall_clock_ms();
  struct buf log;
  if (x->collected > COLLECT_BYTES) return;
  x->collected += (uint32_t)(length + sizeof now);
  bool over = x->collected > COLLECT_BYTES || length == 1;
  if (over) x->collected = COLLECT_BYTES + 1;
  buf_init(&log, FRAME_PAYLOAD_MAX);
  buf_put_u8(&log, over ? LOG_WARN : payload[0] & (uint8_t)~LOG_VALUES);
  buf_put_u64(&log, now);
  if (over)
    buf_put(&log, full, sizeof full - 1);
  else
    buf_put(&log, payload + 1, length - 1);
  if (!log.bad) exchange_tell_caller(x, FRAME_LOG, 0, log.data, log.len);
  buf_free(&log);
}

void exchange_logged(struct exchange *x, const uint8_t *payload, size_t length) {
  if (x->tail) tail_log(x->tail, payload, length);
  if (x->worker->collects && x->caller && payload[0] & LOG_VALUES) collect(x, payload, length);
}

const char *exchange_from_callee(struct exchange *x, const struct frame_header *h, const uint8_t *payload) {
  const char *lie = NULL;
  exchange_was_read(x);
  if (x->session && !session_has(h->type, true)) return "a frame that no session sends";
  switch (h->type) {
    case FRAME_HEAD:
      lie = on_head(x, h, payload);
      break;
    case FRAME_BODY:
      lie = on_body(x, h, payload);
      break;
    case FRAME_WINDOW:
      lie = on_request_window(x, payload);
      break;
    case FRAME_CANCEL:
      on_request_unwanted(x);
      break;
    case FRAME_MESSAGE:
    case FRAME_SHUT:
      lie = x->session ? session_down(x, h, payload) : on_down(x, h, payload);
      break;
    case FRAME_ERROR:
      note_error(x, payload, h->length);
      exchange_deliver_error(x, payload, h->length);
      break;
    case FRAME_DONE:
      return on_done(x);
    default:
      return "a frame that no event sends";
  }
  if (!lie) exchange_settle(x);
  return lie;
}

static const char *on_request_body(struct exchange *x, const struct frame_header *h, const uint8_t *payload) {
  if (x->request_over) return NULL; /* it crossed the callee's CANCEL */
  if (h->length > x->request_credit) return "a body beyond its credit";
  if (!h->length && !(h->flags & FRAME_END)) return "an empty piece of a body";
  x->request_credit -= h->length;
  x->request_over = h->flags & FRAME_END;
  exchange_to_callee(x, FRAME_BODY, h->flags & FRAME_END, payload, h->length);
  return x->held.bad ? "more than a request that waits may hold" : NULL;
}

static const char *on_answer_window(struct exchange *x, const uint8_t *payload) {
  uint32_t bytes;
  if (!add_credit(&x->answer_credit, payload, &bytes)) return "credit that it cannot have";
  if (!x->answered) exchange_to_callee(x, FRAME_WINDOW, 0, &bytes, sizeof bytes);
  return NULL;
}

const char *exchange_from_caller(struct exchange *x, const struct frame_header *h, const uint8_t *payload) {
  const char *lie = NULL;
  if (x->session && !session_has(h->type, false)) return "a frame that no session sends";
  switch (h->type) {
    case FRAME_BODY:
      lie = on_request_body(x, h, payload);
      break;
    case FRAME_WINDOW:
      lie = on_answer_window(x, payload);
      break;
    case FRAME_CANCEL:
      exchange_caller_gone(x);
      return NULL;
    case FRAME_MESSAGE:
      if (x->connects) return begin_tls(x, h, payload);
      lie = x->session ? session_up(x, h, payload) : on_up(x, h, payload);
      break;
    case FRAME_SHUT:
      lie = x->session ? session_up(x, h, payload) : on_up(x, h, payload);
      break;
    case FRAME_ERROR:
      if (!x->request_over || x->socket) exchange_to_callee(x, FRAME_ERROR, 0, payload, h->length);
      x->request_over = true;
      if (!x->socket) break;
      exchange_caller_gone(x);
      return NULL;
    default:
      return "a frame that no fetch sends";
  }
  if (!lie) exchange_settle(x);
  return lie;
}
