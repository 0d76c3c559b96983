/* jsontext.h: JSON's strings, written. What comes from a Worker may be any bytes: what is not UTF-8 becomes U+FFFD. */
#ifndef MAYFLY_GATEWAY_JSONTEXT_H
#define MAYFLY_GATEWAY_JSONTEXT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/layer.h"
#if LAYER < LAYER_GATEWAY
#error "jsontext.h belongs to the gateway"
#endif

/* The text with its quotes. */
void json_put_string(struct buf *out, const char *text, size_t length);
/* The same of at most so many bytes, quotes not counted; what is over is cut between characters. */
void json_put_cut(struct buf *out, const char *text, size_t length, size_t most);
/* Bytes as they are: punctuation, names. */
void json_put(struct buf *out, const char *text);

#endif
