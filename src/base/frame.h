/* frame.h: everything that crosses a boundary of Mayfly is a frame, and this is their only description.
 *
 * A frame is a fixed header and at most FRAME_PAYLOAD_MAX bytes. Frames travel
 *     guest <-> cell      through the imports and exports of the guest (guest/abi.h)
 *     cell  <-> gateway   through a pair of rings in shared memory (base/ring.h)
 * and a frame to or from an isolate is the same bytes on both legs.
 *
 * Trust. A guest may write anything; so may a cell that was taken over. A reader copies the header out of
 * shared memory, checks the copy against FRAME_TABLE, copies the payload, and closes the link on the first lie.
 * Who sent a frame is known from the ring (which cell) and, for a guest, from the lane that runs it: the cell
 * stamps `isolate` over whatever the guest wrote there.
 *
 * Exchanges. An exchange is one request and its answer, between a caller and a callee, either of which may be
 * an isolate. `stream` names it within one isolate: the gateway numbers those that it opens (EVENT) with
 * STREAM_EVENT set; a guest numbers those that it opens (FETCH) with STREAM_GUEST set, and its stubs with neither, so
 * that an ERROR says by its stream alone what it is about. On one stream then travel
 *     caller to callee:  BODY* (request body), ERROR (that body broke), WINDOW (credit for the answer's body),
 *                        CANCEL (the caller is gone: stop)
 *     callee to caller:  HEAD, BODY* (answer's body), ERROR (no answer, or its body broke),
 *                        WINDOW (credit for the request's body), CANCEL (wants no more of the request's body)
 * A body's sender starts with STREAM_WINDOW bytes of credit beyond the bytes inline in EVENT, FETCH or HEAD,
 * and never has more than its credit in flight. FRAME_END marks the last bytes of a body.
 * WebSockets. A HEAD of status 101 has no body and makes the stream a WebSocket. Then travel
 *     both ways:         MESSAGE*, then SHUT (nothing more comes this way), or ERROR (it broke: nothing more comes at
 *                        all), WINDOW (credit for the other way's messages), and CANCEL from the caller
 * Each direction starts anew with STREAM_WINDOW bytes of credit; a MESSAGE takes its bytes and MESSAGE_COST, so that
 * empty ones are not free. A message may be cut into pieces anywhere. When both directions are shut the exchange is
 * answered.
 * Connections. A FETCH of the method CONNECT to "tcp://HOST:PORT" or "tls://HOST:PORT" asks for a connection: its body
 * is what is written there, the answer's (status 200) what is read, and each may end before the other. Then may travel
 *     caller to callee:  MESSAGE, once: from here on TLS, with a server of this name
 *     callee to caller:  MESSAGE, empty: from here on what is read came so. Instead: ERROR
 * Sessions. An EVENT or FETCH of the kind EVENT_RPC opens an RPC session: no HEAD, no bodies. What the two isolates say
 * to each other is their own affair (guest/rpc): a sequence of bytes each way, which starts behind the FETCH's fields.
 * Then travel
 *     both ways:         MESSAGE (the next bytes; FRAME_ASKS: an answer is waited for), CAPS, WINDOW
 *     caller to callee:  CANCEL (the caller is through, or gone)
 *     callee to caller:  ERROR (the session broke: DONE follows, which the caller is not told then), DONE
 * under the credit of a WebSocket; a CAPS takes its bytes and MESSAGE_COST too. Wall time counts from a frame with
 * FRAME_ASKS until the callee's next MESSAGE, and from CANCEL or ERROR until DONE. A session that passes more channels
 * on than their receiver may hold is broken for both: ERROR to the caller, CANCEL to the callee.
 * CAPS. Values carry channels by position: the n-th channel of a value is the n-th of the CAPS frames of its stream
 * that came before the frame with the value's last byte, and that no value before it took. The gateway puts in the
 * place of each channel of the sender one of the receiver's, which is the receiver's until it says RELEASE. A CAPS goes
 * before a MESSAGE of a session, before a FETCH or EVENT (its stream's first frame, for props), before a MAKE (props)
 * and before CODE or LOAD (env; in CODE then tails and globalOutbound, which the new isolate is not told of). Those of
 * a FETCH, MAKE or CODE stand right before it: the sender's next FETCH, MAKE, CODE or CAPS is of the same stream, or
 * they are forgotten. Only a channel of CAPS, MAKE, RULES or the configuration may be passed on: no loader, no stub of
 * GET, not 0.
 * DONE comes from the callee when the event is over, with all that waitUntil() held: nothing follows it. The caller of
 * a session is told so too.
 *
 * Integers are little-endian. str = u32 length, then bytes (UTF-8; in headers whatever was on
 * the wire). bytes = the same without a charset. headers = u16 count, then count times (str name, str value).
 * A FETCH, MAKE or EVENT that is longer than a frame comes in pieces with FRAME_MORE, cut as frame_piece() says, whose
 * other flags are those of the last. Its sender sends no other FETCH or MAKE amid them. What a guest sends so has at
 * most EVENT_MAX bytes, an EVENT at most twice as many.
 */
#ifndef MAYFLY_BASE_FRAME_H
#define MAYFLY_BASE_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum {
  FRAME_PAYLOAD_MAX = 64 * 1024, /* bytes after the header */
  STREAM_WINDOW = 256 * 1024,    /* a body's first credit, bytes */
  MESSAGE_COST = 16,             /* credit that a MESSAGE takes besides its bytes */
  SHUT_REASON_MAX = 123,         /* bytes */
  OUTBOUND_RULES_MAX = 32 << 10, /* bytes */
  CAPS_MAX = 1024,               /* channels in one CAPS frame */
  PROPS_MAX = 1 << 20,           /* bytes */
  CF_MAX = 1 << 20,              /* bytes */
  EVENT_MAX = PROPS_MAX + CF_MAX + 2 * FRAME_PAYLOAD_MAX,
  PIECE_SMALLEST = 32, /* no type's smallest payload is longer */
  SHUT_NO_CODE = 1005,
  HEAD_SOCKET = 101, /* the status that makes a stream a WebSocket */
};
#define STREAM_GUEST 0x80000000u  /* set in the streams that a guest opened */
#define STREAM_EVENT 0x40000000u  /* set in the streams that the gateway opened */
#define CHANNEL_GIVEN 0x20000000u /* set in the channels that the gateway numbered: those that came in CAPS */

struct frame_header {
  uint32_t length;  /* of the payload, bytes */
  uint8_t type;     /* enum frame_type */
  uint8_t flags;    /* FRAME_END, ... */
  uint16_t zero;    /* 0 */
  uint32_t isolate; /* the gateway's number for the isolate in this cell; 0: the cell itself */
  uint32_t stream;  /* exchange, or stub for GET, NEED, CODE, RELEASE; else 0 */
};

enum frame_flag {
  FRAME_END = 1,      /* EVENT, FETCH, HEAD, BODY: the body ends with these bytes */
  FRAME_MORE = 2,     /* LOAD, CODE, MESSAGE, FETCH, MAKE, EVENT: it goes on in the next of this type and stream */
  FRAME_HAS_BODY = 4, /* EVENT, FETCH, HEAD: there is a body (perhaps empty); without it the body is null */
  FRAME_TEXT = 8,     /* MESSAGE: text in UTF-8, in all pieces of the message; without it bytes */
  FRAME_ASKS = 16,    /* MESSAGE of a session, FETCH and EVENT of one: an answer is waited for, wall time counts */
};

enum { FRAME_FLAGS = FRAME_END | FRAME_MORE | FRAME_HAS_BODY | FRAME_TEXT | FRAME_ASKS };

/* Who may send a type. */
enum frame_from { FROM_GATEWAY = 1, FROM_GUEST = 2, FROM_CELL = 4 };

/* Whose exception it is at the caller: another Worker's, or of its own loader's callback. */
enum thrown_by { THROWN_BY_WORKER, THROWN_BY_CALLBACK };

/* clang-format off */
/* FRAME(name, number, from, smallest payload)
 *
 * OPEN     make an isolate: u32 memory_mb, u32 cpu_ms (for LOAD and for events that name none), u32 flags (enum
 *          open_flag), u32 template: an isolate of this cell with OPEN_TEMPLATE that was LOADED, to begin as a copy of
 *          (there is no LOAD then), or 0
 * CLOSE    throw the isolate away; nothing comes from it afterwards
 * LOAD     the Worker's code, see worker_code below; first frame of an isolate, in pieces with FRAME_MORE
 * LOADED   its modules were evaluated. u8 1; or u8 0 and an error as in ERROR
 * EVENT    u8 kind (enum event_kind), u32 cpu_ms (0: the isolate's), u32 enum event_flag, str entrypoint, bytes props
 *          (guest/clone.h; or JSON, which begins with '{'; empty: {}); EVENT_FETCH: str method, str url, headers,
 *          with EVENT_CF bytes cf (JSON; any bytes), u64 content length (~0: unknown), then inline body bytes;
 *          EVENT_RPC: then the session's first bytes;
 *          EVENT_TEST (never in FETCH): nothing more. It runs test() of the entrypoint, with all that waitUntil() holds,
 *          and is answered with a HEAD of status 204, or ERROR; with no entrypoint ("default" names that one), with a
 *          HEAD and a body, a JSON list of the entrypoints that have test(); EVENT_TAIL (never in FETCH): as
 *          EVENT_FETCH, but only the body counts (gateway/tail.h); EVENT_SCHEDULED: as EVENT_FETCH without headers and
 *          body, the method is the time (ms since 1970, in decimal), the url what the event is called ("cron"). It runs
 *          scheduled(), with all that waitUntil() holds, and is answered with a HEAD without a body of enum
 *          scheduled_status, or ERROR
 * FETCH    u32 channel, then as EVENT. A loader's channel answers for itself (gateway/loader.c). A channel that is not
 *          the isolate's is a lie. Where the channel says which entrypoint and props (one made with MAKE, or of the
 *          configuration), those here are empty. No EVENT_RPC or EVENT_SCHEDULED on channel 0
 * HEAD     u16 status, str status text, headers, u64 content length (~0: unknown), then inline body bytes
 * BODY     body bytes
 * WINDOW   u32 credit: bytes more that the receiver may send
 * CANCEL   nothing
 * ERROR    u8 code (enum error_code; 0: thrown by a Worker), str name, str message, str stack; perhaps what was thrown:
 *          u8 enum thrown_by, then the value (guest/clone.h)
 * DONE     nothing
 * GET      stub: u32 loader channel, u8 flags (enum get_flag), str name: from now on `stub` is a channel to that Worker
 * NEED     stub: run the callback of get() and send CODE, or ERROR
 * CODE     stub: u64 size of the worker_code, u32 cpu_ms, u32 wall_ms, u32 memory_mb, u32 subrequests
 *          (0: the default; else one more than the limit), u32 outbound (enum outbound_mode; with CODE_COLLECT: its
 *          logs go to its callers; from CODE_TAILS_SHIFT on the number of its tails), then the worker_code, in pieces
 *          with FRAME_MORE. ERROR instead: the callback threw
 * RELEASE  stub: the isolate forgets this channel
 * LOG      u8 level (enum log_level), text. Of an event (stream) of a Worker with LOGS_AS_VALUES: u8 level with
 *          LOG_VALUES, then JSON: a list of the list of values and perhaps of what is known of errors among them;
 *          nothing: it was too long. Or u8 LOG_EXCEPTION, then name, message and stack as in ERROR. To the caller's
 *          isolate, about its fetch or session (stream), when the Worker's logs are collected: u8 level, u64 time in
 *          ms, the same JSON
 * DEAD     the isolate is gone: u8 code (enum error_code), str detail
 * USAGE    u64 bytes of memory that the isolate holds for itself, u64 processor time so far, ns
 * READY    the cell is locked down and serves: str what the sandbox consists of
 * NOTE     text for the operator's log, from the cell itself
 * MESSAGE  a message of a WebSocket, or a piece of one
 * CAPS     u32 channel, 1 to CAPS_MAX times
 * MAKE     stream: a new channel's number. str entrypoint, bytes props: from now on it leads to this entrypoint of the
 *          isolate's own Worker (ctx.exports)
 * RULES    stream: a new channel's number. JSON of at most OUTBOUND_RULES_MAX bytes, { allow, deny, redact }: from now
 *          on it leads to where the isolate's channel 0 does, under these rules too (gateway/rules.h)
 * SHUT     u16 code (SHUT_NO_CODE: none), then the reason in UTF-8, at most SHUT_REASON_MAX bytes
 * ABORT    text, a reason: the isolate is to end, with all that is in progress in it (abortIsolate())
 * SEED     draw new random numbers: the cell says it, first of all, to the guest of an isolate that began as a copy
 */
/* clang-format on */
#define FRAME_TABLE(FRAME)                         \
  FRAME(OPEN, 1, FROM_GATEWAY, 16)                 \
  FRAME(CLOSE, 2, FROM_GATEWAY, 0)                 \
  FRAME(LOAD, 3, FROM_GATEWAY, 0)                  \
  FRAME(LOADED, 4, FROM_GUEST, 1)                  \
  FRAME(EVENT, 5, FROM_GATEWAY, 17)                \
  FRAME(FETCH, 6, FROM_GUEST, 21)                  \
  FRAME(HEAD, 7, FROM_GATEWAY | FROM_GUEST, 16)    \
  FRAME(BODY, 8, FROM_GATEWAY | FROM_GUEST, 0)     \
  FRAME(WINDOW, 9, FROM_GATEWAY | FROM_GUEST, 4)   \
  FRAME(CANCEL, 10, FROM_GATEWAY | FROM_GUEST, 0)  \
  FRAME(ERROR, 11, FROM_GATEWAY | FROM_GUEST, 13)  \
  FRAME(DONE, 12, FROM_GATEWAY | FROM_GUEST, 0)    \
  FRAME(GET, 13, FROM_GUEST, 9)                    \
  FRAME(NEED, 14, FROM_GATEWAY, 0)                 \
  FRAME(CODE, 15, FROM_GUEST, 0)                   \
  FRAME(RELEASE, 16, FROM_GUEST, 0)                \
  FRAME(LOG, 17, FROM_GATEWAY | FROM_GUEST, 1)     \
  FRAME(DEAD, 18, FROM_CELL, 5)                    \
  FRAME(USAGE, 19, FROM_CELL, 16)                  \
  FRAME(READY, 20, FROM_CELL, 4)                   \
  FRAME(NOTE, 21, FROM_CELL, 0)                    \
  FRAME(MESSAGE, 22, FROM_GATEWAY | FROM_GUEST, 0) \
  FRAME(SHUT, 23, FROM_GATEWAY | FROM_GUEST, 2)    \
  FRAME(CAPS, 24, FROM_GATEWAY | FROM_GUEST, 4)    \
  FRAME(MAKE, 25, FROM_GUEST, 8)                   \
  FRAME(SEED, 26, FROM_GATEWAY, 0)                 \
  FRAME(RULES, 27, FROM_GUEST, 0)                  \
  FRAME(ABORT, 28, FROM_GUEST, 0)

enum frame_type {
#define FRAME(name, number, from, smallest) FRAME_##name = number,
  FRAME_TABLE(FRAME)
#undef FRAME
      FRAME_TYPE_LAST = FRAME_ABORT
};

enum open_flag {
  OPEN_KEPT = 1, /* it will live long: the host Worker, a Worker got by name. Without it: one event, then thrown away */
  OPEN_TEMPLATE = 2, /* it only loads, and is then what others begin as copies of; no event, unless it fails to load */
  OPEN_TRACED = 4,   /* USAGE comes with each turn, ahead of what the turn sent */
};
enum get_flag {
  GET_NAMED = 1,
  GET_FRESH = 2, /* each event in a copy of its own of the Worker as it was when it was LOADED */
};
enum event_kind { EVENT_FETCH = 1, EVENT_RPC, EVENT_TEST, EVENT_TAIL, EVENT_SCHEDULED };
/* Odd: noRetry() was called. */
enum scheduled_status { SCHEDULED_OK = 200, SCHEDULED_EXCEPTION = 500 };
enum event_flag {
  EVENT_REDIRECTED = 1, /* FETCH: it follows a redirect to another origin: headers of rules are not added any more */
  EVENT_LIMITS = 2,     /* FETCH to a stub: behind this word are u32 wall_ms and u32 subrequests, as in CODE */
  EVENT_CF = 4,         /* of an EVENT_FETCH: its request has `cf`; the only flag that is passed on */
};
enum log_level { LOG_DEBUG, LOG_INFO, LOG_LOG, LOG_WARN, LOG_ERROR, LOG_EXCEPTION };
#define LOG_VALUES 0x80u /* a level with it: values rather than text */

/* worker_code: what LOAD and CODE carry. Written by the gateway for the host Worker (gateway/hostworker.c), by a
 * guest for a dynamic one (guest/code.c); read only in guests (guest/code.c). The gateway never looks inside.
 *     u32 WORKER_CODE_MAGIC, u32 stack_kb, str compatibility date, u16 count of flags, count times str,
 *     str main module, u32 count of modules, count times (u8 enum module_kind, str name, bytes content),
 *     u8 env form (enum env_form), bytes env, u16 count of bindings, count times (u8 enum binding_kind, str binding,
 *     u32 channel), u8 outbound (enum outbound_mode, perhaps with LOGS_AS_VALUES)
 */
#define WORKER_CODE_MAGIC 0x3243574du /* "MWC2" */
enum module_kind { MODULE_JS = 1, MODULE_CJS, MODULE_TEXT, MODULE_DATA, MODULE_JSON };
enum env_form { ENV_JSON = 1, ENV_CLONE = 2 };
/* BINDING_EDGE: the Worker is the gateway's own (gateway/edge.h), its events are all of one client; a function. */
enum binding_kind { BINDING_LOADER = 1, BINDING_SERVICE, BINDING_EDGE };
enum outbound_mode { OUTBOUND_INHERIT = 0, OUTBOUND_NONE = 1, OUTBOUND_CHANNEL = 2 };
enum { OUTBOUND_MODE = 0x7f, LOGS_AS_VALUES = 0x80, CODE_COLLECT = 0x100, CODE_TAILS_SHIFT = 16 };

/* The static rules of a type that `from` (one of enum frame_from) sends: 0, or what is wrong with it. */
const char *frame_check(const struct frame_header *h, enum frame_from from);
const char *frame_name(unsigned type);

/* How many bytes of a message, of which so many are left, its next frame has. */
static inline uint32_t frame_piece(size_t left) {
  if (left <= FRAME_PAYLOAD_MAX) return (uint32_t)left;
  return left - FRAME_PAYLOAD_MAX < PIECE_SMALLEST ? FRAME_PAYLOAD_MAX - PIECE_SMALLEST : FRAME_PAYLOAD_MAX;
}

#endif
