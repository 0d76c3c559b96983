/* outbound_parts.h: one request to the network: shared by outbound.c (libcurl on the loop, beginning and end),
 * outbound_request.c (what is sent) and outbound_answer.c (what comes).
 *
 * A request is owned by the list of its outbound from outbound_fetch until its transfer is over. `exchange` is non-NULL
 * until the outcome was told. A request that was cancelled while libcurl looks up a name stays, without an exchange,
 * until the thread that does so is through: so threads are as few as requests, and are never waited for.
 */
#ifndef MAYFLY_GATEWAY_OUTBOUND_PARTS_H
#define MAYFLY_GATEWAY_OUTBOUND_PARTS_H

#include "base/buf.h"
#include "base/errors.h"
#include "gateway/exchange.h"
#include "gateway/outbound.h"
#include "gateway/outbound_curl.h"

enum { OUTBOUND_MAGIC = 0x4e55424f, OUTBOUND_REQUEST_MAGIC = 0x5145524f, UPLOAD_KEEP = FRAME_PAYLOAD_MAX };

struct outbound {
  uint32_t magic;
  struct registry *registry;
  struct loop *loop;
  const struct config *config;
  const struct curl_functions *curl; /* NULL until the first request */
  CURLM *multi;
  struct loop_timer timer;
  bool due; /* libcurl wants to be called in this turn */
  struct outbound_request *first, *dirty;
  unsigned count;
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
  uint32_t credit;
  bool paused;

  /* why there is no answer */
  struct buf error;       /* an ERROR's payload, given by the caller */
  const char *bad;        /* the answer's fault */
  bool refused, too_idle; /* by the policy; timed out */
};

/* outbound.c */
void outbound_mark(struct outbound_request *r); /* outbound_flush is to look at it */
void outbound_moved(struct outbound_request *r);
void outbound_tell(struct outbound_request *r, uint8_t type, uint8_t flags, const void *payload, size_t length);

/* outbound_request.c: NULL, or why this request cannot be made. */
const char *outbound_build(struct outbound_request *r, const uint8_t *event, size_t length, uint8_t flags);
void outbound_upload(struct outbound_request *r, const uint8_t *bytes, size_t length, bool end);

/* outbound_answer.c */
int outbound_expect_answer(struct outbound_request *r);
void outbound_send_head(struct outbound_request *r, bool end);
/* The transfer is over: the rest of the answer, or the error. */
void outbound_conclude(struct outbound_request *r, CURLcode result);

#endif
