/* exchange_parts.h: what exchange.c and session.c share of an exchange; for these two files only. */
#ifndef MAYFLY_GATEWAY_EXCHANGE_PARTS_H
#define MAYFLY_GATEWAY_EXCHANGE_PARTS_H

#include "gateway/exchange.h"

/* After every step: lets go of a caller that has all it can get, and of the exchange when nobody is left. */
void exchange_settle(struct exchange *x);
/* Its wall time begins. -1: out of memory. */
int exchange_set_wall(struct exchange *x);
/* A frame to the callee; held while there is none yet. */
void exchange_to_callee(struct exchange *x, uint8_t type, uint8_t flags, const void *payload, size_t length);
/* A frame to the caller's isolate, if it is one. */
void exchange_tell_caller(struct exchange *x, uint8_t type, uint8_t flags, const void *payload, size_t length);
/* The caller's outcome, unless it has one. */
void exchange_deliver_error(struct exchange *x, const uint8_t *payload, size_t length);
/* A WebSocket or session is over for its caller: what the callee still does takes wall time again. */
void exchange_end_open(struct exchange *x);

/* session.c */
bool session_has(uint8_t type, bool from_callee);
const char *session_up(struct exchange *x, const struct frame_header *h, const uint8_t *payload);
const char *session_down(struct exchange *x, const struct frame_header *h, const uint8_t *payload);
/* A held CAPS frame, whose entries are in x->caps from `at` on: how many they were. */
uint32_t session_send_held(struct exchange *x, const uint8_t *payload, uint32_t at);
void session_done(struct exchange *x);
/* Begins its trace, if there is to be one (trace.h). */
void session_trace(struct exchange *x);

#endif
