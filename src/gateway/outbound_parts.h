/* outbound_parts.h: one request to the network: shared by outbound.c (libcurl on the loop, beginning and end),
 * outbound_request.c (what is sent), outbound_answer.c (what comes), and for a request that asks for a WebSocket
 * outbound_websocket.c (its connection) and outbound_handshake.c (the request and the answer on it).
 *
 * A request is owned by the list of its outbound from outbound_fetch until its transfer is over. `exchange` is non-NULL
 * until the outcome was told. A request that was cancelled while libcurl looks up a name stays, without an exchange,
 * until the thread that does so is through: so threads are as few as requests, and are never waited for.
 * For a WebSocket libcurl only connects, after which `websocket` is non-NULL: the handle stays, as what bytes are sent
 * and received through, encrypted or not. For a connection of connect() too (outbound_tunnel.c); there TLS is ours.
 */
#ifndef MAYFLY_GATEWAY_OUTBOUND_PARTS_H
#define MAYFLY_GATEWAY_OUTBOUND_PARTS_H

#include <llhttp.h>

#include "base/buf.h"
#include "base/errors.h"
#include "gateway/exchange.h"
#include "gateway/outbound.h"
#include "gateway/outbound_curl.h"
#include "gateway/redact.h"
#include "gateway/tls.h"
#include "gateway/websocket.h"

enum {
  OUTBOUND_MAGIC = 0x4e55424f,
  OUTBOUND_REQUEST_MAGIC = 0x5145524f,
  UPLOAD_KEEP = FRAME_PAYLOAD_MAX,
  METHOD_MAX = 32,
  POLICIES_MAX = 1 + ENTRY_RULES_MAX,
  SOCKET_PIECE = CURL_MAX_WRITE_SIZE, /* bytes read at once */
  SOCKET_FULL = 2 * STREAM_WINDOW,    /* bytes that wait to be sent: no more are taken */
};

struct outbound_websocket;
struct outbound_kept;

struct outbound {
  uint32_t magic;
  struct registry *registry;
  struct loop *loop;
  const struct config *config;
  struct rules *rules;               /* the operator's; a reference */
  const struct curl_functions *curl; /* NULL until the first request */
  CURLM *multi;
  struct loop_timer timer;
  bool due; /* libcurl wants to be called in this turn */
  struct outbound_request *first, *dirty;
  unsigned count;
  struct buf piece;           /* of a WebSocket's message */
  struct outbound_kept *kept; /* the sockets of all connections */
};

struct outbound_request {
  uint32_t magic;
  struct outbound *outbound;
  struct outbound_request *next, *prev, *dirty_next;
  struct exchange *exchange;
  struct isolate *isolate; /* whose it counts as; NULL: that is gone */
  CURL *easy;
  CURLU *url;
  struct curl_slist *headers;
  struct loop_timer idle;
  uint64_t moved_at;
  bool dirty, in_multi;
  bool resolving; /* libcurl looks up a name */
  bool cancelled; /* nobody wants the answer */
  bool upgrade;   /* it asks for a WebSocket */
  bool tunnel;    /* it asks for a connection (connect()): the bodies are what goes over it */
  bool tls;       /* with TLS, from the start */
  struct outbound_websocket *websocket;

  /* what it is judged by (outbound_rules.c) */
  struct rules *policies[POLICIES_MAX]; /* references: the operator's, then those of its sandbox */
  unsigned policy_count;
  struct rule_request asked; /* its strings, but the method, are owned */
  char method[METHOD_MAX];
  char rule[40];                           /* which one decided */
  const struct rule *adding[POLICIES_MAX]; /* whose headers are added */
  unsigned adding_count;
  bool redirected;

  /* for its line in the log (outbound_audit.c) */
  char worker[64];
  size_t worker_length;
  uint64_t worker_id, began_at, sent_bytes, received_bytes;

  struct redact *redact; /* what the answer must not show; NULL: nothing */

  /* the request's body */
  struct buf upload;                    /* from upload_at: what libcurl has not taken */
  size_t upload_at, upload_high;        /* high: the furthest that it came; credit was given back up to there */
  size_t upload_free;                   /* bytes that took no credit, not yet taken */
  uint64_t upload_total, upload_length; /* length: as announced, UINT64_MAX: unknown */
  uint32_t upload_owed;                 /* bytes taken and not granted anew */
  bool upload_end, upload_paused, upload_trimmed;

  /* the answer */
  struct buf head; /* a HEAD's payload; body bytes follow while it is not sent */
  size_t count_at;
  unsigned status, header_count;
  size_t head_bytes, value_at;
  uint64_t length; /* of the body, as announced */
  bool has_length, coded, headed, sent, bodyless;
  bool unbroken; /* the last header may not go on in another line */
  uint32_t credit;
  bool paused;
  bool ended; /* of a tunnel: the answer's body, while the request's goes on */

  /* why there is no answer */
  struct buf error;       /* an ERROR's payload, given by the caller */
  const char *bad;        /* the answer's fault */
  bool refused, too_idle; /* its address; timed out */
  bool forbidden;         /* by a rule, before there was an address */
  bool retry;             /* an address was refused: libcurl is to try the next */
  unsigned refusals;      /* of addresses */

  uint16_t own_port; /* of the connection that it is on; 0: none yet */
  bool stale;        /* that was kept, and is of no use: another is to be made */
};

/* A connection that is to be a WebSocket, or is one: `frames`; or a tunnel. */
struct outbound_websocket {
  struct outbound_request *request;
  struct loop_watch watch;
  struct loop_timer again; /* there is more to read, in another turn */
  bool readable, deaf;     /* deaf: what is sent arrives nowhere */
  bool over;               /* its outcome is `result` */
  CURLcode result;
  struct buf out;     /* bytes to send, when `sending` is sent */
  struct buf sending; /* from sent_at; it stays where it is, as TLS demands of bytes that had to wait */
  size_t sent_at;

  /* the handshake */
  char key[WEBSOCKET_KEY + 1];
  llhttp_t parser;
  struct buf line;            /* of the answer's head: the one that comes */
  size_t name_length, fed;    /* of its name; bytes given to the parser before the end of the head */
  struct buf upgrade, accept; /* what the answer says about a WebSocket */
  bool extended;

  /* the WebSocket */
  struct websocket *frames;
  struct buf left; /* bytes received and not taken yet */
  uint32_t owed;   /* of messages sent on and not granted anew */
  bool pinged;     /* and nothing was heard since */

  /* the tunnel (outbound_tunnel.c) */
  bool shut, told_end; /* nothing more is sent; and the server was told so */
  struct tls *tls;
  char tls_name[256]; /* TLS begins, with this server, when all that came before was sent; "": not */
};

/* outbound.c */
void outbound_mark(struct outbound_request *r); /* outbound_flush is to look at it */
void outbound_moved(struct outbound_request *r);
void outbound_tell(struct outbound_request *r, uint8_t type, uint8_t flags, const void *payload, size_t length);
/* The outcome is told; the transfer ends now, or when it is through with looking up a name. */
void outbound_end(struct outbound_request *r, CURLcode result);

/* outbound_rules.c */
/* The request's parts, its URL and method being there. NULL, or why it cannot be made. */
const char *outbound_ask(struct outbound_request *r);
/* Whether it may be made at all: false, and r->forbidden or r->refused. */
bool outbound_judge(struct outbound_request *r);
/* The same on the address that a connection is about to be made to, or was made to. */
bool outbound_judge_address(struct outbound_request *r, const struct sockaddr *to);
int outbound_judge_connection(void *request, char *ip, char *own_ip, int port, int own_port);
void outbound_unask(struct outbound_request *r);
/* Why it may not be made, for its Worker; "": that says enough. */
const char *outbound_refusal(const struct outbound_request *r);
/* Whether a header of this name is replaced by one of the rules; and those. -1: out of memory. */
bool outbound_replaces(const struct outbound_request *r, const char *name, size_t n);
int outbound_add_headers(struct outbound_request *r);

/* outbound_kept.c */
curl_socket_t outbound_kept_open(struct outbound *o, const struct curl_sockaddr *to);
int outbound_kept_close(void *outbound, curl_socket_t fd);
/* Whether nothing came on the connections from this port of ours, which are to be used again. */
bool outbound_kept_is_clean(struct outbound *o, uint16_t port);
/* They speak HTTP/2. */
void outbound_kept_numbered(struct outbound *o, uint16_t port);

/* outbound_audit.c */
void outbound_audit_begin(struct outbound_request *r);
/* It is over. error NULL: well. */
void outbound_audit(struct outbound_request *r, const char *error);

/* outbound_request.c: NULL, or why this request cannot be made. */
/* libcurl's form of a header. -1: out of memory. */
int outbound_put_header(struct outbound_request *r, const char *name, size_t n, const char *value, size_t v);
const char *outbound_build(struct outbound_request *r, const uint8_t *event, size_t length, uint8_t flags);
void outbound_upload(struct outbound_request *r, const uint8_t *bytes, size_t length, bool end);
/* The next bytes of the body, as libcurl asks for them. */
size_t outbound_read_upload(char *to, size_t size, size_t count, void *request);

/* outbound_answer.c */
int outbound_expect_answer(struct outbound_request *r);
void outbound_send_head(struct outbound_request *r, bool end);
/* The transfer is over: the rest of the answer, or the error. */
void outbound_conclude(struct outbound_request *r, CURLcode result);
/* For an answer that libcurl does not read: a line of its head, bytes of its body (of which there must be credit for as
 * many). -1: it is at fault, or out of memory. */
int outbound_take_line(struct outbound_request *r, const char *line, size_t n);
int outbound_take_body(struct outbound_request *r, const char *bytes, size_t n);

/* outbound_websocket.c */
/* libcurl has connected. -1: out of memory. */
int outbound_websocket_begin(struct outbound_request *r);
void outbound_websocket_free(struct outbound_websocket **websocket);
/* From the exchange; done in outbound_websocket_flush. */
void outbound_websocket_message(struct outbound_request *r, const uint8_t *bytes, size_t length, uint8_t flags);
void outbound_websocket_shut(struct outbound_request *r, unsigned code, const uint8_t *reason, size_t length);
/* Reads, writes, and when it is over ends the request. */
void outbound_websocket_flush(struct outbound_request *r);
/* Of a tunnel whose Worker is through: what it wrote, as far as that takes no waiting. */
void outbound_tunnel_send(struct outbound_request *r);
/* Nothing was heard for a while. False: it is given up. */
bool outbound_websocket_quiet(struct outbound_request *r);

static inline size_t outbound_unsent(const struct outbound_websocket *ws) {
  return ws->out.len + ws->sending.len - ws->sent_at;
}

/* outbound_tunnel.c */
void outbound_tunnel_begin(struct outbound_websocket *ws);
/* What the Worker wrote goes to what is sent; after its end, when all was sent, the server is told. */
void outbound_tunnel_fill(struct outbound_websocket *ws);
void outbound_tunnel_shut(struct outbound_websocket *ws);
/* From the server. */
bool outbound_tunnel_may_read(const struct outbound_websocket *ws);
void outbound_tunnel_take(struct outbound_websocket *ws, const uint8_t *bytes, size_t length);
void outbound_tunnel_eof(struct outbound_websocket *ws, CURLcode e);
/* Both ways have ended. */
bool outbound_tunnel_over(const struct outbound_websocket *ws);
/* From the exchange: TLS with the server of this name. */
void outbound_tunnel_secure(struct outbound_request *r, const uint8_t *name, size_t length);
bool outbound_tunnel_shakes(const struct outbound_websocket *ws);

/* outbound_handshake.c */
/* Writes the request. -1: it cannot be made. */
int outbound_handshake_ask(struct outbound_websocket *ws);
void outbound_handshake_expect(struct outbound_websocket *ws);
/* Takes bytes of the answer. How many, when it ended with them in status 101; else all, and ws->over when it ended. */
size_t outbound_handshake_take(struct outbound_websocket *ws, const uint8_t *bytes, size_t length);
/* The connection ended. */
void outbound_handshake_eof(struct outbound_websocket *ws);

#endif
