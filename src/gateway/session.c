/* session.c: an exchange that is a session of RPC (base/frame.h): what its two ends say passes through unread, under
 * credit; channels are given to their receiver on the way. */
#include <string.h>

#include "gateway/channel.h"
#include "gateway/exchange_parts.h"
#include "gateway/isolate.h"
#include "gateway/log.h"
#include "gateway/trace.h"

/* What may travel on the stream of a session, after the FETCH or EVENT. */
bool session_has(uint8_t type, bool from_callee) {
  switch (type) {
    case FRAME_MESSAGE:
    case FRAME_WINDOW:
      return true;
    case FRAME_CANCEL:
      return !from_callee;
    case FRAME_ERROR:
    case FRAME_DONE:
      return from_callee;
    default:
      return false;
  }
}

void session_trace(struct exchange *x) {
  size_t n;
  if (!x->session || !x->registry->trace_rpc) return;
  struct reader r = reader_over(x->event_borrow, x->event_length);
  read_u8(&r);
  read_u64(&r);
  const char *entrypoint = read_str_borrow(&r, &n);
  x->trace = trace_new(x->caller ? x->caller->worker : NULL, x->worker, entrypoint, n);
  read_str_borrow(&r, &n);
  if (x->trace) trace_bytes(x->trace, false, r.p, r.left);
}

/* ---- messages ---- */

static bool pay(uint32_t *credit, size_t bytes) {
  if (bytes + MESSAGE_COST > *credit) return false;
  *credit -= (uint32_t)bytes + MESSAGE_COST;
  return true;
}

/* Its end for both: the gateway cannot carry it any further. */
static void session_break(struct exchange *x, enum error_code code) {
  struct buf error;
  buf_init(&error, FRAME_PAYLOAD_MAX);
  error_payload(&error, code, "");
  exchange_deliver_error(x, error.data, error.len);
  buf_free(&error);
  exchange_to_callee(x, FRAME_CANCEL, 0, NULL, 0);
  x->silent = true;
}

const char *session_up(struct exchange *x, const struct frame_header *h, const uint8_t *payload) {
  uint8_t asks = h->flags & FRAME_ASKS;
  if (!pay(&x->request_credit, h->length)) return "a message beyond its credit";
  if (asks && !x->wall.place && exchange_set_wall(x)) return "out of memory";
  exchange_to_callee(x, FRAME_MESSAGE, asks, payload, h->length);
  cells_expect(x->registry->cells);
  if (x->trace) trace_bytes(x->trace, false, payload, h->length);
  return x->held.bad ? "more than a session that waits may hold" : NULL;
}

const char *session_down(struct exchange *x, const struct frame_header *h, const uint8_t *payload) {
  if (x->silent) return NULL;
  if (x->answered) return "a message after the session's end";
  if (!pay(&x->answer_credit, h->length)) return "a message beyond its credit";
  loop_timer_clear(x->registry->loop, &x->wall);
  exchange_tell_caller(x, FRAME_MESSAGE, h->flags & FRAME_ASKS, payload, h->length);
  cells_expect(x->registry->cells);
  if (x->trace) trace_bytes(x->trace, true, payload, h->length);
  return NULL;
}

void session_done(struct exchange *x) {
  if (x->answered) return;
  x->answered = true;
  if (x->trace) trace_outcome(x->trace, "the session ended", 17);
  exchange_tell_caller(x, FRAME_DONE, 0, NULL, 0);
}

/* ---- channels ---- */

static int hold_caps(struct exchange *x, const struct caps *caps) {
  if (caps_add_all(&x->caps, caps)) return -1;
  exchange_to_callee(x, FRAME_CAPS, 0, &caps->count, sizeof caps->count);
  return x->held.bad ? -1 : 0;
}

const char *exchange_caps(struct exchange *x, const struct caps *caps, bool from_callee) {
  if (!x->session) return "channels outside of a session";
  if (x->silent) return NULL;
  if (x->answered) return "channels after the session's end";
  if (!pay(from_callee ? &x->answer_credit : &x->request_credit, caps->count * sizeof(uint32_t)))
    return "channels beyond their credit";
  if (x->state == EXCHANGE_WAITING) return hold_caps(x, caps) ? "more than a session that waits may hold" : NULL;
  struct isolate *to = from_callee ? x->caller : x->callee;
  uint32_t stream = from_callee ? x->caller_stream : x->callee_stream;
  if (!to || !channels_give(to, stream, caps->list, caps->count)) return NULL;
  session_break(x, ERROR_CHANNELS);
  exchange_settle(x);
  return NULL;
}

uint32_t session_send_held(struct exchange *x, const uint8_t *payload, uint32_t at) {
  uint32_t count;
  memcpy(&count, payload, sizeof count);
  if (channels_give(x->callee, x->callee_stream, x->caps.list + at, count)) session_break(x, ERROR_CHANNELS);
  return count;
}
