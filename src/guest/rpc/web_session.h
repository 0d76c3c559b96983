/* web_session.h: the sessions of Cap'n Web, for web_session.c and web_socket.c. See web.h. */
#ifndef MAYFLY_GUEST_RPC_WEB_SESSION_H
#define MAYFLY_GUEST_RPC_WEB_SESSION_H

#include "guest/rpc/web.h"

struct web_socket;

struct web_session {
  struct hook memory;
  JSValue event;                   /* in which it was made; undefined: none */
  JSValue send, abort, send_error; /* functions of its transport: (message); (error); its option, or undefined */
  enum web_level level;
  struct table exports, imports;
  int32_t next_call, next_export, next_taken; /* ids: of our next call, our next export, the peer's next call */
  struct table errors;                        /* ids of exported errors, by cap */
  uint32_t pulls;                             /* of the peer that were not answered yet */
  JSValue drained[3];                         /* who waits for that: promise, resolve, reject; or undefined */
  JSValue broken;                             /* array of callbacks, undefined: none; holes are undefined */
  uint32_t last_imports, last_exports;        /* how many there were when it ended */
  uint32_t broken_at; /* 1 + the place in `broken` that the next callback is to take; 0: the end */
  bool aborted;
  JSValue why;
  double message_max, depth_max, bigint_max;
  struct web_socket *socket; /* when messages go as frames */
  struct web_session *next, *prev;
};

/* Sends a message, which it takes. */
void web_send(struct web_session *s, struct sink *message);
/* One message has come, as text or as a value, which is taken over; 0, or it was the last. */
void web_receive(struct web_session *s, JSValue message);
void web_receive_text(struct web_session *s, const char *text, size_t n); /* text[n] is 0 */
/* The session ends; takes the error over. */
void web_abort(struct web_session *s, JSValue error, bool tell);
struct web_session *web_session_of(JSValueConst box);

/* ---- web_socket.c */

void socket_send(struct web_socket *w, const uint8_t *p, size_t n, bool text);
/* Sends what there is credit for, and nothing more. */
void socket_shut(struct web_socket *w);
/* What there is goes out, as far as there is credit. */
void socket_flush(struct web_socket *w);
void socket_free(struct web_socket *w);
void web_socket_init(JSContext *ctx, JSValueConst native);

#endif
