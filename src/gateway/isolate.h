/* isolate.h: one living copy of a Worker in a cell: its frames, its exchanges, its end. See registry.h. */
#ifndef MAYFLY_GATEWAY_ISOLATE_H
#define MAYFLY_GATEWAY_ISOLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/registry.h"

/* Opens one for the Worker; NULL: no cell has a place, or out of memory. Its Worker owns it. */
struct isolate *isolate_new(struct worker *w);
/* Closes it: its events and whoever waits for it get the error, its fetches are cancelled, its channels released; then
 * it is freed. `tell`: its cell does not know yet. */
void isolate_end(struct isolate *isolate, bool tell, const uint8_t *error, size_t length);
/* With the next turn of the loop, so within anything that happens to it. */
void isolate_end_soon(struct isolate *isolate);
void isolate_end_code(struct isolate *isolate, bool tell, enum error_code code, const char *detail);
/* A frame to it about one of its own streams or stubs. */
void isolate_send(struct isolate *isolate, uint8_t type, uint32_t stream, const void *payload, size_t length);
void isolate_send_error(struct isolate *isolate, uint32_t stream, enum error_code code, const char *detail);
/* Whether one more line of the Worker, or about it, of so many bytes goes to the log in this second; otherwise it is
 * counted, and told later. */
bool worker_may_log(struct worker *w, size_t bytes);

#endif
