/* web_session.h: the sessions of Cap'n Web, for the files that make them: web_session.c, web_receive.c, web_life.c,
 * web_socket.c, web_batch.c. See web.h. */
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
  struct buf *batch;         /* when they are lines of an answer */
  struct web_session *next, *prev;
};

struct web_export {
  struct cap *cap; /* a use */
  double count;    /* how often it was introduced */
  bool pulled, released_when_told;
  JSValue readable; /* of a pipe, until it is taken; else undefined */
};

/* What the peer has, or owes. */
struct web_import {
  struct cap cap;
  struct web_session *session; /* memory */
  int32_t id;
  uint32_t introduced; /* how often, to be released; 0: it was */
  bool main, pulled, disposed, listed;
  struct cap *resolution;   /* a use */
  JSValue promise, resolve; /* of whom waits for it; undefined: nobody */
  JSValue broken;           /* array of indices of the session's callbacks; undefined: none */
};

static inline uint32_t web_key(int32_t id) { return (uint32_t)id ^ 0x80000000u; }
static inline void *web_find(const struct table *t, int32_t id) {
  return id == INT32_MIN ? NULL : table_get(t, web_key(id));
}

/* ---- web_session.c */

/* A message: begun, and after web_send() or in its place ended. */
struct sink web_message(struct web_session *s);
void web_message_end(struct sink *message);
/* Gives it to the transport, whatever the session's state. */
void web_transmit(struct web_session *s, struct sink *message);
/* Throws why the session ended. -1. */
int web_rethrow(struct web_session *s);
/* Takes the cap's use over. NULL: exception. */
struct web_export *web_export_put(struct web_session *s, int32_t id, struct cap *c);
int web_export_release(struct web_session *s, int32_t id, double n);
struct web_import *web_import_new(struct web_session *s, int32_t id);
/* It has become this (a use, taken over). */
void web_import_resolve(struct web_import *i, struct cap *resolution);
void web_import_abort(struct web_import *i, JSValueConst error);
void web_import_unlist(struct web_import *i);
/* Is it this session's, and nothing yet? */
int web_is_own(struct web_session *s, struct cap *c);
struct exporter web_exporting(struct web_session *s);
struct importer web_importing(struct web_session *s);
/* [a, b] */
JSValue web_pair(JSValue a, JSValue b);
JSValue native_web_stream(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv);
/* Sends a message, which it takes. */
void web_send(struct web_session *s, struct sink *message);

/* ---- web_receive.c */

/* The peer is told what an export of ours has become, now or when it has. */
void web_answer(struct web_session *s, int32_t id, struct web_export *e);
/* One thing less to be answered. */
void web_pull_done(struct web_session *s);
/* One message has come, as text or as a value, which is taken over; 0, or it was the last. */
void web_receive(struct web_session *s, JSValue message);
void web_receive_text(struct web_session *s, const char *text, size_t n); /* text[n] is 0 */
/* UTF-16 units in UTF-8, or in a part of it. */
uint64_t web_units(const char *text, size_t n);
/* What comes is more than may: the session ends. */
void web_too_long(struct web_session *s);

/* ---- web_life.c */

/* The session ends; takes the error over. */
void web_abort(struct web_session *s, JSValue error, bool tell);
struct web_session *web_session_of(JSValueConst box);

/* ---- web_batch.c */

void batch_send(struct web_session *s, const uint8_t *p, size_t n);
void batch_free(struct web_session *s);
void web_batch_init(JSContext *ctx, JSValueConst native);

/* ---- web_socket.c */

void socket_send(struct web_socket *w, const uint8_t *p, size_t n, bool text);
/* Sends what there is credit for, and nothing more. */
void socket_shut(struct web_socket *w);
/* What there is goes out, as far as there is credit. */
void socket_flush(struct web_socket *w);
void socket_free(struct web_socket *w);
void web_socket_init(JSContext *ctx, JSValueConst native);

#endif
