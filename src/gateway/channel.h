/* channel.h: an isolate's table of channels, and the frames about them: MAKE, RULES, CAPS, RELEASE, FETCH. See
 * registry.h.
 *
 * Numbers are the isolate's own (GET, MAKE), or given by the gateway with CHANNEL_GIVEN set (CAPS); a number means
 * nothing in another isolate. What is on its way is held as entries, never as numbers.
 * CAPS that belong to a FETCH, MAKE or CODE come right before it and wait in the isolate, for one stream at a time:
 * those of another stream, or before another of these frames, are forgotten.
 */
#ifndef MAYFLY_GATEWAY_CHANNEL_H
#define MAYFLY_GATEWAY_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/registry.h"

/* The channels that it has from its start: its services. 0, or -1: out of memory. */
int channels_begin(struct isolate *isolate);
void channels_drop(struct isolate *isolate);
uint32_t isolate_loaders(const struct isolate *isolate);

/* A channel with a number of the isolate's choice, leading nowhere yet; NULL and in *lie what is wrong. */
struct channel *channel_new_own(struct isolate *isolate, uint32_t number, const char **lie);
void channel_free(struct channel *channel);
/* Puts all into the isolate's table and tells it their numbers, on this stream. -1: more than it may hold. */
int channels_give(struct isolate *to, uint32_t stream, struct entry *const *list, uint32_t count);
/* The caps that came ahead of a frame of this stream. The caller's. */
struct caps channel_take_pending(struct isolate *isolate, uint32_t stream);

/* Frames of the isolate. NULL, or in what way it is a lie. */
const char *channel_make(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload);
const char *channel_rules(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload);
const char *channel_caps(struct isolate *isolate, const struct frame_header *h, const uint8_t *payload);
const char *channel_release(struct isolate *isolate, uint32_t number);
const char *channel_fetch(struct isolate *isolate, const struct frame_header *h, uint8_t *payload);
/* loader.c: the payload of an EVENT for a loader. */
const char *loader_fetch(struct isolate *isolate, uint32_t stream, uint32_t loader, const uint8_t *event,
                         size_t length);

/* An event of the gateway's for an entry, with what goes where the entry has its entrypoint and props left empty. As
 * exchange_start_tail; NULL, or what is wrong. */
const char *channel_tail(struct registry *r, const struct entry *entry, const struct exchange_client *client, void *arg,
                         struct exchange **handle, const uint8_t *event, size_t length, unsigned depth);

#endif
