/* connection.h: one client connection: shared by http.c (sockets), request.c (what comes), response.c (what goes) and
 * upgrade.c (a connection that became a WebSocket).
 *
 * A connection is at one request at a time:
 *     HEAD      its head is being read, or awaited
 *     BUSY      the head is complete; the exchange runs, the rest of the body is read, the answer written
 *     OPEN      it is a WebSocket, from the answer 101 on
 *     CLOSING   the last answer is written; then what still comes is thrown away until the client closes
 * `exchange` is non-NULL while the registry knows of it. Callbacks of the exchange only note and write to `out`; what
 * follows from it (sending, the next request) is done in http_flush, so that no exchange is begun within another's end.
 */
#ifndef MAYFLY_GATEWAY_CONNECTION_H
#define MAYFLY_GATEWAY_CONNECTION_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/layer.h"
#include "base/limits.h"
#include "gateway/exchange.h"
#include "gateway/loop.h"
#include "gateway/websocket.h"
#if LAYER < LAYER_GATEWAY
#error "connection.h belongs to the gateway"
#endif

enum connection_state { CONNECTION_HEAD, CONNECTION_BUSY, CONNECTION_OPEN, CONNECTION_CLOSING };
enum { RECEIVE_MAX = 64 * 1024, ERROR_TEXT_MAX = 16 * 1024, KEY_MAX = 64 };

struct http;

struct connection {
  uint32_t magic;
  struct http *http;
  struct connection *next, *prev, *dirty_next;
  struct loop_watch watch;
  struct loop_timer timer;
  int fd;
  uint64_t deadline; /* when the client must have done something; UINT64_MAX: it is not its turn */
  enum connection_state state;
  llhttp_t parser;
  struct buf left; /* bytes received and not parsed yet */
  struct buf out;  /* bytes to send; from out_at */
  size_t out_at;
  bool dirty, gone, eof;

  /* the request */
  struct buf target, headers; /* headers: as in an EVENT */
  size_t name_at, value_at;   /* of the header being read: where its length goes */
  bool in_name;
  uint32_t head_bytes;
  uint16_t header_count, headers_kept;
  unsigned hosts, lengths, encodings, origins; /* how often that header came */
  bool host_bad, encoding_bad, expects_continue, expects_odd;
  size_t host_at, host_length;     /* in headers */
  size_t origin_at, origin_length; /* likewise */
  bool rpc;                        /* it is for the edge (edge.h) */
  bool scheduled;                  /* it asks for a scheduled() event (scheduled_request.c) */
  int refused;                     /* the status with which the parser was stopped; 0: not */
  uint64_t body_bytes;
  bool building;           /* the EVENT is in http->event and not sent yet */
  bool has_body, received; /* received: the whole request */
  bool keep;               /* the connection outlives this request */
  struct {                 /* what it says about a WebSocket */
    bool asked, version13;
    uint8_t key_length;
    char key[KEY_MAX];
  } upgrade;

  /* the answer */
  struct exchange *exchange;
  bool headed, answered, chunked, bodyless, by_close;
  bool counted;                /* the answer's length was announced */
  uint64_t answer_left;        /* of it, bytes to come */
  uint32_t owed;               /* bytes of the answer sent on and not granted anew */
  struct websocket *websocket; /* OPEN */
  bool pinged;                 /* and nothing was heard since */
};

struct http {
  struct loop *loop;
  struct registry *registry;
  bool dev, test_scheduled, draining;
  int fd, spare;
  struct loop_watch watch;
  struct connection *first, *dirty;
  unsigned count;
  char address[96];
  struct buf event; /* the EVENT being built */
  struct buf piece; /* of a WebSocket's message */
  uint64_t date_second;
  char date[40];
  llhttp_settings_t settings;
  uint8_t received[RECEIVE_MAX];
};

/* http.c */
void connection_mark(struct connection *c); /* http_flush is to look at it */
uint32_t http_limit(const struct http *http, enum limit_id id);

/* The Worker that answers, for messages. */
const char *connection_worker(const struct connection *c);

/* request.c */
void request_settings(llhttp_settings_t *settings);
void request_begin(struct connection *c); /* ready for the next one */
/* Parses as much as can be taken now. The number of bytes taken, or -1: refused (c->refused is the status). */
ssize_t request_parse(struct connection *c, const uint8_t *bytes, size_t length);

/* scheduled_request.c */
bool scheduled_asked(const struct connection *c);
/* The EVENT. -1: refused. */
int scheduled_build(struct connection *c, struct buf *event);
extern const struct exchange_client scheduled_client;

/* response.c */
extern const struct exchange_client response_client;
/* An answer of our own; the connection is closed after it when `close`. */
void response_plain(struct connection *c, int status, const char *header, const char *text, size_t length, bool close);
void response_refuse(struct connection *c, int status);
/* For upgrade.c: the headers at this place of a HEAD, as lines. -1: not valid HTTP. */
int response_headers(struct connection *c, struct reader *r);

/* upgrade.c */
/* The head is complete and asks for a WebSocket: 0, or the status that refuses it. Adds what the Worker is to see. */
int upgrade_check(struct connection *c);
/* The HEAD says 101. -1: this connection did not ask for it. */
int upgrade_begin(struct connection *c, const uint8_t *payload, size_t length);
void upgrade_message(struct connection *c, const uint8_t *bytes, size_t length, uint8_t flags);
void upgrade_shut(struct connection *c, unsigned code, const uint8_t *reason, size_t length);
void upgrade_failed(struct connection *c, const struct failure *why);
/* Bytes of the client: how many could be taken now. */
ssize_t upgrade_parse(struct connection *c, const uint8_t *bytes, size_t length);
/* Nothing was heard for a while. False: the client is given up. */
bool upgrade_quiet(struct connection *c);
/* The gateway ends: the client is told. */
void upgrade_drain(struct connection *c);

#endif
