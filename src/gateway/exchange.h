/* exchange.h: one request and its answer, between a caller and a callee.
 *
 * The callee is an event in an isolate of `worker`, or a server of the gateway's own: a request to the network
 * (outbound.h). The caller is either a fetch of another isolate, or a client: a connection of http.c, or the one
 * request of `mayfly run`.
 *
 * States. WAITING: the Worker has no isolate that takes events yet; what the caller sends is held. RUNNING: the event
 * was sent. OVER: the callee is through with it (DONE) or gone.
 * Exactly one outcome reaches the caller: the answer's last bytes, or an error; or the caller went away first, and then
 * none does. After the outcome the caller stays attached only while its request's body is still on its way to the
 * callee. An exchange with neither caller nor callee is freed at once.
 * Bodies pass through in their frames and are not stored: each side sends no more than the other has granted. An
 * isolate that sends more is lying, and the gateway closes it.
 * A WebSocket (frame.h) has its outcome when both directions are shut, or it broke. While it is open no wall time
 * counts: a connection lasts as long as its two ends like.
 * A session (frame.h; session.c) has its outcome when its callee is done, or it broke. Wall time counts from a frame
 * that asks to the next message of the callee. What is passed on while it waits is kept as entries.
 */
#ifndef MAYFLY_GATEWAY_EXCHANGE_H
#define MAYFLY_GATEWAY_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/errors.h"
#include "base/frame.h"
#include "base/layer.h"
#include "gateway/entry.h"
#include "gateway/loop.h"
#if LAYER < LAYER_GATEWAY
#error "exchange.h belongs to the gateway"
#endif

struct exchange;
struct isolate;
struct registry;
struct tail;
struct trace;
struct worker;

/* What a caller is told of an ERROR frame. Borrowed from the frame. */
struct failure {
  unsigned code; /* enum error_code, or a number that we do not know */
  const char *name, *message, *stack;
  size_t name_length, message_length, stack_length;
};

/* A caller that is not an isolate. Calls come in the loop; none of them may call back into the exchange. */
struct exchange_client {
  /* The HEAD's payload. -1: this cannot be an answer; the exchange is cancelled. */
  int (*head)(void *arg, const uint8_t *payload, size_t length, uint8_t flags);
  void (*body)(void *arg, const uint8_t *bytes, size_t length, bool end); /* NULL: it is not wanted */
  void (*failed)(void *arg, const struct failure *why);
  void (*credit)(void *arg, uint32_t bytes); /* for the request's body, or for messages; NULL: there are none */
  /* Of a WebSocket: a piece of a message (flags: FRAME_TEXT, FRAME_MORE), and the end of this direction. NULL in a
   * client whose `head` refuses status 101. */
  void (*message)(void *arg, const uint8_t *bytes, size_t length, uint8_t flags);
  void (*shut)(void *arg, unsigned code, const uint8_t *reason, size_t length);
  void (*released)(void *arg); /* last call: the exchange is not this client's any more; send it nothing */
};

/* A callee that is not an isolate. It is told in the frames that an isolate would get for an event (after EVENT), and
 * answers through exchange_from_callee in those that an isolate would send, until DONE. Calls come in the loop; none of
 * them may call back into the exchange. */
struct exchange_server {
  void (*frame)(void *arg, const struct frame_header *h, const uint8_t *payload);
};

enum exchange_state { EXCHANGE_WAITING, EXCHANGE_RUNNING, EXCHANGE_OVER };

/* One direction of a WebSocket. */
struct exchange_way {
  bool shut;
  bool amid, text; /* a message has begun and goes on; it is text */
};

/* What its caller allows an event, below what its Worker allows: 0, or one more than the limit. */
struct event_limits {
  uint32_t wall_ms, subrequests;
};

struct exchange {
  uint32_t magic;
  enum exchange_state state;
  struct registry *registry;
  struct worker *worker; /* a reference; NULL: the callee is `server` */
  struct isolate *callee, *caller;
  uint32_t callee_stream, caller_stream;
  const struct exchange_client *client;
  void *client_arg;
  const struct exchange_server *server;
  void *server_arg;
  uint32_t request_credit, answer_credit;
  bool request_over; /* no more of the request's body is wanted */
  bool headed;
  bool session;                 /* of RPC */
  bool socket;                  /* it became a WebSocket */
  bool connects;                /* it asks for a connection */
  struct exchange_way up, down; /* of it: from the caller, from the callee */
  bool answered;                /* the caller has its outcome, or went away */
  bool silent;                  /* the caller went away: what the callee still says is dropped */
  uint8_t event_flags;
  struct event_limits limits;
  uint8_t *event_borrow; /* the EVENT's payload, while the exchange is being started */
  uint32_t event_length;
  uint32_t unread;  /* bytes of worker->unread_bytes */
  struct buf held;  /* while WAITING: the EVENT's payload, then frames */
  struct caps caps; /* until it runs: of the event, then those of held CAPS frames */
  uint32_t event_caps;
  struct tail *tail;        /* owned; NULL: nothing is recorded */
  unsigned tail_depth;      /* it is a tail's event, of the event of so many others */
  uint32_t collected;       /* bytes of logs that its caller got */
  struct trace *trace;      /* owned; NULL: nobody wants to know */
  struct exchange **handle; /* the client's pointer to this; cleared when it is released */
  struct loop_timer wall;
  struct exchange *next; /* waiting for the Worker; or in the pool */
};

/* Starts an exchange: the EVENT's payload (whose limit is patched in place) goes to the Worker's isolate now or when
 * there is one. 0, or -1: out of memory. *handle is the client's pointer to the exchange, set here and cleared when
 * the exchange is released, which may be before this returns. */
int exchange_start_client(struct registry *registry, struct worker *worker, const struct exchange_client *client,
                          void *arg, struct exchange **handle, uint8_t *event, size_t length, uint8_t flags);
/* The same, of an event about another one; takes the caps over. */
int exchange_start_tail(struct registry *registry, struct worker *worker, const struct exchange_client *client,
                        void *arg, struct exchange **handle, uint8_t *event, size_t length, uint8_t flags,
                        struct caps *caps, unsigned depth);
/* As exchange_start_client; if it fails, the caller is told. Takes the caps over, which go ahead of the event. */
void exchange_start_isolate(struct registry *registry, struct worker *worker, struct isolate *caller, uint32_t stream,
                            uint8_t *event, size_t length, uint8_t flags, struct caps *caps,
                            const struct event_limits *limits);
/* Towards a server, which has the EVENT already. The exchange lives until the server says DONE; NULL: out of
 * memory. */
struct exchange *exchange_start_served(struct registry *registry, struct isolate *caller, uint32_t stream,
                                       uint8_t flags, const struct exchange_server *server, void *server_arg);
void exchange_pool_free(struct registry *registry);

/* From the client. */
uint32_t exchange_request_credit(const struct exchange *x); /* bytes that exchange_request_body takes now */
void exchange_request_body(struct exchange *x, const uint8_t *bytes, size_t length, bool end);
void exchange_request_broke(struct exchange *x, const char *message);
void exchange_answer_credit(struct exchange *x, uint32_t bytes);
void exchange_cancel(struct exchange *x); /* the client is gone; the exchange is not its any more */
/* Of a WebSocket. A piece takes its bytes and MESSAGE_COST of exchange_request_credit. */
void exchange_message(struct exchange *x, const uint8_t *bytes, size_t length, uint8_t flags);
void exchange_shut(struct exchange *x, unsigned code, const uint8_t *reason, size_t length);
void exchange_break(struct exchange *x, const char *message); /* and the exchange is not the client's any more */
/* A code that may be in a SHUT, or in a close frame. */
bool exchange_may_shut_with(unsigned code);

/* From the caller's or the callee's isolate: one frame. NULL, or in what way it is a lie. */
const char *exchange_from_caller(struct exchange *x, const struct frame_header *h, const uint8_t *payload);
const char *exchange_from_callee(struct exchange *x, const struct frame_header *h, const uint8_t *payload);

/* A LOG of its callee, who is traced. */
void exchange_logged(struct exchange *x, const uint8_t *payload, size_t length);

/* Channels on the stream of a session, as entries. */
const char *exchange_caps(struct exchange *x, const struct caps *caps, bool from_callee);

/* From the registry. The Worker has no isolate yet: the event is copied. -1: out of memory. */
int exchange_hold(struct exchange *x);
/* Its callee has begun it, or it never will be begun in its Worker. */
void exchange_was_read(struct exchange *x);
/* The Worker is ready: the event is sent, or refused with an error. */
void exchange_run(struct exchange *x, struct isolate *callee);
void exchange_fail(struct exchange *x, enum error_code code, const char *detail);
void exchange_fail_verbatim(struct exchange *x, const uint8_t *error, size_t length);
void exchange_caller_gone(struct exchange *x);
void exchange_callee_gone(struct exchange *x, const uint8_t *error, size_t length);

/* The payload of an ERROR frame: with the code's message and a detail after it, or with another message. */
void error_payload(struct buf *out, enum error_code code, const char *detail);
void error_payload_verbatim(struct buf *out, enum error_code code, const char *message);
struct failure failure_read(const uint8_t *payload, size_t length);
/* In the operator's log, cut to a kilobyte; `what` goes before it. */
void failure_log(const char *worker, const char *what, const struct failure *why);

#endif
