/* log.h: the operator's log: lines on stderr.
 *
 * What comes from a Worker is escaped and bounded, so that it can neither forge a line nor drive a terminal.
 */
#ifndef MAYFLY_GATEWAY_LOG_H
#define MAYFLY_GATEWAY_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/layer.h"
#if LAYER < LAYER_GATEWAY
#error "log.h belongs to the gateway"
#endif

/* "mayfly: ..." */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "LEVEL WORKER: text", further lines of the text indented; level is one of enum log_level. */
void log_worker(unsigned level, const char *worker, const char *text, size_t length);
/* The same for an error and its stack. */
void log_error(const char *worker, const char *text, size_t length, const char *stack, size_t stack_length);
/* Text made harmless: control characters escaped, cut to fit. Newlines too, unless `indent` is to follow each.
 * Returns the length; out is NUL-terminated. */
size_t log_escape(char *out, size_t size, const char *text, size_t length, const char *indent);

#endif
