/* trace.c: see trace.h. */
#include "gateway/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/frame.h"
#include "base/table.h"
#include "gateway/log.h"
#include "gateway/registry.h"

/* As in guest/rpc/binary.c */
enum { CALL = 1, SETTLE, PULL, RELEASE };
enum { HEAD_BYTES = 8, PIPES_SHIFT = 2, PIPES_MAX = 63 };

enum {
  KEPT = 256,         /* bytes of a message that are looked at */
  PENDING_MAX = 1000, /* calls of one side that are remembered; others get no line */
  TEXT = 80,
};

/* A call without its answer yet. */
struct call {
  uint64_t start_ns;
  uint32_t bytes;
  char what[TEXT];
};

/* The messages of one side. */
struct way {
  uint8_t kept[HEAD_BYTES + KEPT];
  uint32_t have, skip; /* bytes in `kept`; bytes of the message still to come that are not kept */
  uint32_t next_call;  /* the id that its next call takes */
  bool lost;           /* it took more ids than a message can tell */
  struct table calls;
};

struct trace {
  struct way ways[2]; /* the caller's, the callee's */
  char from[TEXT], to[2 * TEXT], outcome[TEXT];
};

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct trace *trace_new(const struct worker *from, const struct worker *to, const char *entrypoint, size_t length) {
  struct trace *t = calloc(1, sizeof *t);
  if (!t) return NULL;
  t->ways[0].next_call = t->ways[1].next_call = 1;
  if (from) log_escape(t->from, sizeof t->from, from->name, from->name_length, NULL);
  size_t n = log_escape(t->to, TEXT, to->name, to->name_length, NULL);
  t->to[n++] = '#';
  if (!length) entrypoint = "default", length = strlen("default");
  log_escape(t->to + n, TEXT, entrypoint, length, NULL);
  return t;
}

/* ---- lines ---- */

static void print(const struct trace *t, bool from_callee, const struct call *call, uint32_t back, const char *how) {
  log_line("rpc: %s -> %s: %s, %u bytes there, %u back, %.3f ms: %s", from_callee ? t->to : t->from,
           from_callee ? t->from : t->to, call->what, call->bytes, back, (double)(now_ns() - call->start_ns) / 1e6,
           how);
}

/* The call is over. */
static void over(struct trace *t, bool from_callee, uint32_t id, uint32_t back, const char *how) {
  struct way *way = &t->ways[from_callee];
  struct call *call = id ? table_get(&way->calls, id) : NULL;
  if (!call) return;
  print(t, from_callee, call, back, how);
  table_remove(&way->calls, id);
  free(call);
}

void trace_outcome(struct trace *t, const char *text, size_t length) {
  if (!t->outcome[0]) log_escape(t->outcome, sizeof t->outcome, text, length, NULL);
}

void trace_free(struct trace *t) {
  if (!t) return;
  for (int i = 0; i < 2; i++) {
    struct call *call;
    for (uint32_t at = 0; (call = table_next(&t->ways[i].calls, &at));) {
      print(t, i, call, 0, t->outcome);
      free(call);
    }
    table_free(&t->ways[i].calls);
  }
  free(t);
}

/* ---- messages ---- */

struct text {
  char bytes[2 * TEXT];
  size_t length;
};

static void add(struct text *text, const char *p, size_t n) {
  size_t room = sizeof text->bytes - text->length;
  if (n > room) n = room;
  memcpy(text->bytes + text->length, p, n);
  text->length += n;
}

static void add_text(struct text *text, const char *p) { add(text, p, strlen(p)); }

/* A name, or as much of it as was kept. */
static void add_name(struct text *text, struct reader *r) {
  uint32_t n = read_u32(r);
  size_t have = n < r->left ? n : r->left;
  if (have) add(text, (const char *)read_bytes_borrow(r, have), have);
  r->bad |= have < n;
}

/* "post", "users.find", "get size"; of an object other than the main one "(3).add", of a function "(3)()". */
static void name(char (*out)[TEXT], struct reader *r) {
  struct text text = {.length = 0}, path = {.length = 0};
  char object[16];
  int32_t target = (int32_t)read_u32(r);
  if (target) {
    snprintf(object, sizeof object, "(%d)", target);
    add_text(&path, object);
  }
  unsigned count = read_u16(r);
  for (unsigned i = 0; i < count && !r->bad; i++) {
    if (path.length) add_text(&path, ".");
    add_name(&path, r);
  }
  bool read = read_u8(r) && !r->bad;
  if (read) add_text(&text, "get ");
  add(&text, path.bytes, path.length);
  if (!count && !read) add_text(&text, "()");
  log_escape(*out, sizeof *out, text.bytes, text.length, NULL);
}

static void called(struct way *way, struct reader *r, uint32_t bytes, uint32_t id) {
  if (way->lost || way->calls.count >= PENDING_MAX || table_get(&way->calls, id)) return;
  struct call *call = calloc(1, sizeof *call);
  if (!call || table_put(&way->calls, id, call)) {
    free(call);
    return;
  }
  call->start_ns = now_ns();
  call->bytes = bytes;
  name(&call->what, r);
}

static void message(struct trace *t, bool from_callee, uint32_t length) {
  struct way *way = &t->ways[from_callee];
  struct reader r = reader_over(way->kept + HEAD_BYTES, way->have - HEAD_BYTES);
  uint8_t kind = way->kept[4], pipes = way->kept[5] >> PIPES_SHIFT;
  uint32_t bytes = length + HEAD_BYTES;
  way->lost |= pipes == PIPES_MAX;
  way->next_call += pipes;
  if (kind == CALL) {
    called(way, &r, bytes, way->next_call++);
  } else if (kind == SETTLE) {
    uint32_t id = read_u32(&r);
    bool failed = read_u8(&r);
    over(t, !from_callee, id, bytes, failed ? "threw" : "done");
  } else if (kind == RELEASE) {
    over(t, from_callee, read_u32(&r), 0, "disposed");
  }
}

static uint32_t length_of(const struct way *way) {
  uint32_t length;
  memcpy(&length, way->kept, sizeof length);
  return length;
}

/* How many bytes the message that has begun is to have in `kept`. */
static uint32_t wanted(const struct way *way) {
  if (way->have < HEAD_BYTES) return HEAD_BYTES;
  uint32_t length = length_of(way);
  return HEAD_BYTES + (length < KEPT ? length : KEPT);
}

void trace_bytes(struct trace *t, bool from_callee, const uint8_t *p, size_t n) {
  struct way *way = &t->ways[from_callee];
  while (n) {
    uint32_t more = way->skip ? way->skip : wanted(way) - way->have;
    if (more > n) more = (uint32_t)n;
    if (way->skip)
      way->skip -= more;
    else
      memcpy(way->kept + way->have, p, more), way->have += more;
    p += more;
    n -= more;
    if (way->have < HEAD_BYTES || way->have < wanted(way)) continue;
    uint32_t length = length_of(way);
    message(t, from_callee, length);
    way->skip = length - (way->have - HEAD_BYTES);
    way->have = 0;
  }
}
