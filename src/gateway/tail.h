/* tail.h: what is recorded of an event of a Worker that has tails, and how they get it.
 *
 * A record begins when the event is sent and is over with it. It is one list in JSON, of what happened in the order in
 * which it did; guest/worker/tail.js reads it. Outcome, times and processor time are what the gateway saw; what was
 * logged is the Worker's own claim, as a string that only the tail's isolate reads. A record has at most TAIL_BYTES;
 * what is over is left out, and the record says so.
 * Each tail gets it as an event of its own (EVENT_TAIL) whose body is the record. Nobody waits for that event; it fails
 * with a line in the log. Events of tails are recorded like others, but not deeper than TAIL_DEPTH: Workers that tail
 * each other come to rest.
 */
#ifndef MAYFLY_GATEWAY_TAIL_H
#define MAYFLY_GATEWAY_TAIL_H

#include <stddef.h>
#include <stdint.h>

#include "base/frame.h"
#include "gateway/exchange.h"
#include "gateway/registry.h"

enum {
  TAIL_BYTES = 240 * 1024, /* with what goes around it less than a body's first credit */
  TAIL_DEPTH = 3,
  TAILS_MAX = 64, /* of one Worker */
};

struct tail;

void tails_init(struct registry *r);
/* NULL: this event is not recorded. `event` is the EVENT's payload. */
struct tail *tail_new(const struct exchange *x, const uint8_t *event, size_t length);
/* A LOG frame of LOG_VALUES or LOG_EXCEPTION. */
void tail_log(struct tail *t, const uint8_t *payload, size_t length);
void tail_status(struct tail *t, unsigned status);
/* The event failed: `by_worker`, or for a reason of the gateway's. The first one counts. */
void tail_failed(struct tail *t, const struct failure *why, bool by_worker);
void tail_canceled(struct tail *t);
/* What an event is said to have come to that ended with this enum error_code. */
const char *tail_outcome(unsigned code);
/* The event is over: the tails get the record with the next turn of the loop. */
void tail_end(struct tail **t, uint64_t cpu_ns);
/* The registry ends: those that are due are not sent any more. */
void tails_drop(struct registry *r);
/* Nobody gets it. NULL is allowed. */
void tail_free(struct tail **t);

#endif
