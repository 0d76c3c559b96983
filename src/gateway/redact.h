/* redact.h: secrets blotted out of what an upstream sends: each of their bytes becomes a '*', so that lengths stay.
 *
 * A stream of bytes comes in pieces that may be cut anywhere; what could be the beginning of a secret is held back
 * until it is clear whether it is one. A secret is found as it is written; no other form of it (base64, percent-codes,
 * one half of it) is looked for. Takes time linear in the bytes, whatever the secrets are.
 */
#ifndef MAYFLY_GATEWAY_REDACT_H
#define MAYFLY_GATEWAY_REDACT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/layer.h"
#if LAYER < LAYER_GATEWAY
#error "redact.h belongs to the gateway"
#endif

enum { REDACT_SHORTEST = 4 }; /* what is shorter is no secret */

struct redact;

struct redact *redact_new(void); /* NULL: out of memory */
void redact_free(struct redact **redact);
/* A header's value; of "Bearer TOKEN" the token by itself too. -1: out of memory. */
int redact_add(struct redact *redact, const char *value);
/* In place, of a text that is whole. */
void redact_whole(struct redact *redact, uint8_t *bytes, size_t length);
/* The next bytes of the stream. What of it may be shown now: the callee's, until it is called again. NULL: out of
 * memory. */
const struct buf *redact_take(struct redact *redact, const void *bytes, size_t length);
size_t redact_held(const struct redact *redact); /* bytes */
/* The stream is over: what was held back. */
const struct buf *redact_end(struct redact *redact);

#endif
