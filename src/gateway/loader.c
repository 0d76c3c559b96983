/* loader.c: what a Worker asks its loader about the named Workers of it: list() and delete(). It asks by a FETCH on the
 * loader's channel, GET or DELETE with the name as entrypoint, and is answered at once, so that there is no exchange.
 *
 * The answer to GET is, for each Worker: str name, u8 fresh, u8 loaded, u32 events in progress, u64 bytes of memory of
 * its isolates, u64 ms since its last event (0: one is in progress). To DELETE: a u8, whether there was one.
 */
#include <string.h>

#include "gateway/channel.h"
#include "gateway/isolate.h"

enum { ANSWER_MAX = 16 << 20, INLINE_MAX = FRAME_PAYLOAD_MAX - 64 };

static uint64_t memory_of(const struct worker *w) {
  uint64_t bytes = w->isolate ? w->isolate->memory : 0;
  if (!w->copies) return bytes;
  for (const struct isolate *i = w->registry->first; i; i = i->next)
    if (i->worker->origin == w) bytes += i->memory;
  return bytes;
}

static void put_worker(struct buf *out, const struct worker *w) {
  buf_put_str(out, w->name, w->name_length);
  buf_put_u8(out, w->fresh);
  buf_put_u8(out, w->state == WORKER_LIVE);
  buf_put_u32(out, (w->isolate ? w->isolate->events.count : 0) + w->copies);
  buf_put_u64(out, memory_of(w));
  buf_put_u64(out, w->idle ? loop_now(w->registry->loop) - w->idle_since : 0);
}

static void list(struct buf *out, struct registry *r, uint32_t family) {
  for (size_t i = 0; i < NAMED_BUCKETS; i++)
    for (const struct worker *w = r->named[i]; w; w = w->bucket_next)
      if (w->loader == family) put_worker(out, w);
}

static void end_worker(struct worker *w) {
  static const char why[] = "it was deleted";
  worker_hold(w);
  for (struct isolate *i = w->registry->first; i;) {
    bool is_copy = i->worker->origin == w;
    if (is_copy) isolate_end_code(i, true, ERROR_GONE, why);
    i = is_copy ? w->registry->first : i->next; /* others may have gone with it */
  }
  if (w->isolate)
    isolate_end_code(w->isolate, true, ERROR_GONE, why);
  else if (w->state != WORKER_NONE)
    worker_fail_code(w, ERROR_GONE, why);
  worker_release(w);
}

static bool delete_named(struct registry *r, uint32_t family, const char *name, size_t length) {
  bool found = false;
  for (int fresh = 0; fresh < 2; fresh++) {
    struct worker *w = worker_find(r, family, fresh, name, length);
    found |= w != NULL;
    if (w) end_worker(w);
  }
  return found;
}

static void answer(struct isolate *isolate, uint32_t stream, const struct buf *body) {
  struct buf head;
  buf_init(&head, FRAME_PAYLOAD_MAX);
  size_t at = body->len < INLINE_MAX ? body->len : INLINE_MAX;
  buf_put_u16(&head, 200);
  buf_put_u32(&head, 0);
  buf_put_u16(&head, 0);
  buf_put_u64(&head, body->len);
  buf_put(&head, body->data, at);
  struct frame_header h = {.length = (uint32_t)head.len,
                           .type = FRAME_HEAD,
                           .flags = FRAME_HAS_BODY | (at == body->len ? FRAME_END : 0),
                           .isolate = isolate->number,
                           .stream = stream};
  if (!head.bad) cell_put(isolate->cell, &h, head.data);
  h.type = FRAME_BODY;
  for (; at < body->len && !head.bad; at += h.length) {
    h.length = (uint32_t)(body->len - at < FRAME_PAYLOAD_MAX ? body->len - at : FRAME_PAYLOAD_MAX);
    h.flags = at + h.length == body->len ? FRAME_END : 0;
    cell_put(isolate->cell, &h, body->data + at);
  }
  buf_free(&head);
}

const char *loader_fetch(struct isolate *isolate, uint32_t stream, uint32_t loader, const uint8_t *event,
                         size_t length) {
  struct reader r = reader_over(event, length);
  size_t name_length, method_length, n;
  if (read_u8(&r) != EVENT_FETCH) return "an event of an unknown kind";
  read_u64(&r);
  const char *name = read_str_borrow(&r, &name_length);
  read_str_borrow(&r, &n);
  const char *method = read_str_borrow(&r, &method_length);
  bool lists = method_length == 3 && !memcmp(method, "GET", 3);
  if (r.bad || (!lists && (method_length != 6 || memcmp(method, "DELETE", 6) != 0))) return "nothing to ask a loader";
  uint32_t family = isolate->worker->host->loader_family[loader - 1];
  struct registry *registry = isolate->registry;
  struct buf body;
  buf_init(&body, ANSWER_MAX);
  if (lists)
    list(&body, registry, family);
  else
    buf_put_u8(&body, delete_named(registry, family, name, name_length));
  if (body.bad)
    isolate_send_error(isolate, stream, ERROR_LIST_SIZE, "");
  else
    answer(isolate, stream, &body);
  buf_free(&body);
  return NULL;
}
