/* web_socket.c: Cap'n Web over a WebSocket whose other end is outside: its frames go straight to the session and back,
 * without an event in JavaScript for each. How the WebSocket opens and closes is worker/sockets.js's affair. See web.h.
 */
#include <stdlib.h>
#include <string.h>

#include "guest/host.h"
#include "guest/rpc/web_session.h"

#define BINARY 0x80000000u
enum { INCOMING_MAX = 4 * WEB_MESSAGE_MAX };

struct web_socket {
  struct web_session *session; /* which has it */
  uint32_t stream, credit, owed;
  bool dirty, shut;
  struct buf out; /* messages: u32 length, BINARY or not, their bytes */
  size_t sent;    /* bytes of the first one that went */
  uint64_t units; /* of UTF-16, that it is so far */
  struct buf in;  /* pieces of the one that is coming */
  struct web_socket *next_dirty;
};

static struct table sockets; /* by stream */
static struct web_socket *dirty;
static struct buf frames;

static void put_frame(struct web_socket *w, const uint8_t *p, size_t n, uint8_t flags) {
  struct frame_header h = {.length = (uint32_t)n, .type = FRAME_MESSAGE, .flags = flags, .stream = w->stream};
  buf_clear(&frames);
  buf_put(&frames, &h, sizeof h);
  buf_put(&frames, p, n);
  if (!frames.bad) host_send(frames.data, (uint32_t)frames.len);
  w->credit -= (uint32_t)n + MESSAGE_COST;
}

void socket_flush(struct web_socket *w) {
  size_t at = 0;
  uint32_t length;
  while (at < w->out.len) {
    memcpy(&length, w->out.data + at, sizeof length);
    uint8_t text = length & BINARY ? 0 : FRAME_TEXT;
    length &= ~BINARY;
    while (w->credit > MESSAGE_COST && w->sent < length) {
      size_t n = length - w->sent, most = w->credit - MESSAGE_COST;
      if (n > most) n = most;
      if (n > FRAME_PAYLOAD_MAX) n = FRAME_PAYLOAD_MAX;
      const uint8_t *p = w->out.data + at + sizeof length + w->sent;
      put_frame(w, p, n, text | (w->sent + n < length ? FRAME_MORE : 0));
      w->sent += n;
    }
    if (w->sent < length) break;
    at += sizeof length + length;
    w->sent = 0;
  }
  if (at == w->out.len)
    buf_shrink(&w->out, STREAM_WINDOW);
  else if (at)
    buf_drop_front(&w->out, at);
}

void socket_shut(struct web_socket *w) {
  socket_flush(w);
  w->shut = true;
  buf_clear(&w->out);
}

void socket_send(struct web_socket *w, const uint8_t *p, size_t n, bool text) {
  if (w->shut) return;
  buf_put_u32(&w->out, (uint32_t)n | (text ? 0 : BINARY));
  buf_put(&w->out, p, n);
  if (w->dirty) return;
  w->dirty = true;
  w->next_dirty = dirty;
  dirty = w;
}

void web_flush(void) {
  while (dirty) {
    struct web_socket *w = dirty;
    dirty = w->next_dirty;
    w->dirty = false;
    if (w->out.bad) {
      JS_ThrowRangeError(guest.ctx, "Too much is waiting to be sent in this RPC session.");
      buf_clear(&w->out);
      w->sent = 0;
      web_abort(w->session, JS_GetException(guest.ctx), false);
    } else {
      socket_flush(w);
    }
  }
}

void socket_free(struct web_socket *w) {
  table_remove(&sockets, w->stream);
  for (struct web_socket **at = &dirty; *at; at = &(*at)->next_dirty)
    if (*at == w) {
      *at = w->next_dirty;
      break;
    }
  buf_free(&w->out);
  buf_free(&w->in);
  free(w);
}

static void receive(struct web_socket *w, bool text) {
  struct web_session *s = w->session;
  if (!text) {
    JS_ThrowTypeError(guest.ctx, "Received unexpected message type from WebSocket.");
    rpc_enter(s->event);
    web_abort(s, JS_GetException(guest.ctx), true);
    return;
  }
  buf_put_u8(&w->in, 0);
  if (w->in.bad) {
    JS_ThrowRangeError(guest.ctx, "Incoming message is too large.");
    rpc_enter(s->event);
    web_abort(s, JS_GetException(guest.ctx), true);
    return;
  }
  struct buf message = w->in;
  buf_init(&w->in, INCOMING_MAX);
  hook_hold(&s->memory);
  web_receive_text(s, (const char *)message.data, message.len - 1);
  if (s->socket == w && !w->in.cap && message.cap <= STREAM_WINDOW) { /* used again */
    w->in = message;
    buf_clear(&w->in);
  } else {
    buf_free(&message);
  }
  hook_release(&s->memory);
}

bool web_frame(const struct frame_header *h, struct reader *r) {
  struct web_socket *w = h->stream && sockets.count ? table_get(&sockets, h->stream) : NULL;
  if (!w) return false;
  if (h->type == FRAME_WINDOW) {
    w->credit += read_u32(r);
    socket_flush(w);
    return true;
  }
  if (h->type != FRAME_MESSAGE) return false;
  wire_acknowledge(w->stream, &w->owed, (uint32_t)r->left + MESSAGE_COST);
  if (w->session->aborted) return true;
  w->units += web_units((const char *)r->p, r->left);
  if (h->flags & FRAME_TEXT && (double)w->units > w->session->message_max) {
    rpc_enter(w->session->event);
    web_too_long(w->session);
    buf_shrink(&w->in, 0);
    return true;
  }
  buf_put(&w->in, r->p, r->left);
  if (h->flags & FRAME_MORE) return true;
  w->units = 0;
  receive(w, h->flags & FRAME_TEXT);
  return true;
}

/* webAttach(box, stream, credit): from now on this stream's messages are the session's */
static JSValue native_attach(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct web_session *s = web_session_of(argv[0]);
  struct web_socket *w = calloc(1, sizeof *w);
  if (!w) return JS_ThrowOutOfMemory(ctx);
  JS_ToUint32(ctx, &w->stream, argv[1]);
  JS_ToUint32(ctx, &w->credit, argv[2]);
  if (s->socket || s->aborted || !w->stream || table_get(&sockets, w->stream) || table_put(&sockets, w->stream, w)) {
    free(w);
    return JS_FALSE;
  }
  if (!frames.max) buf_init(&frames, sizeof(struct frame_header) + FRAME_PAYLOAD_MAX);
  buf_init(&w->out, 2 * (size_t)INCOMING_MAX);
  buf_init(&w->in, INCOMING_MAX);
  w->session = s;
  s->socket = w;
  return JS_TRUE;
}

/* webForward(box, bytes, text): a message that is none of the session's */
static JSValue native_forward(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct web_session *s = web_session_of(argv[0]);
  size_t n;
  const uint8_t *p = JS_GetUint8Array(ctx, &n, argv[1]);
  if (!p && JS_HasException(ctx)) return JS_EXCEPTION;
  if (s->socket) socket_send(s->socket, p, n, JS_ToBool(ctx, argv[2]));
  return JS_UNDEFINED;
}

/* webShut(box): nothing follows */
static JSValue native_shut(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct web_session *s = web_session_of(argv[0]);
  if (s->socket) socket_shut(s->socket);
  return JS_UNDEFINED;
}

void web_socket_init(JSContext *ctx, JSValueConst native) {
  JS_SetPropertyStr(ctx, native, "webForward", JS_NewCFunction(ctx, native_forward, "webForward", 3));
  JS_SetPropertyStr(ctx, native, "webShut", JS_NewCFunction(ctx, native_shut, "webShut", 1));
  JS_SetPropertyStr(ctx, native, "webAttach", JS_NewCFunction(ctx, native_attach, "webAttach", 3));
}
