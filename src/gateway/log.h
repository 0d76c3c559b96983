/* log.h: the operator's log: lines on stderr, of text, or each of them a JSON object (--log-format json).
 *
 * What comes from a Worker is escaped and bounded, so that it can neither forge a line nor drive a terminal.
 */
#ifndef MAYFLY_GATEWAY_LOG_H
#define MAYFLY_GATEWAY_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/layer.h"
#if LAYER < LAYER_GATEWAY
#error "log.h belongs to the gateway"
#endif

/* Another descriptor than that of stderr from now on. */
void log_to(int fd);
/* "mayfly: ..." */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* From now on: {"time", "level", "message"}, and of a Worker's lines "worker" and "id". */
void log_as_json(bool json);

/* Whose a line is: its name (of get()), and a number that no other Worker of this process has; 0: none. */
struct log_worker {
  const char *name;
  size_t name_length;
  uint64_t id;
};

/* "LEVEL WORKER: text", further lines of the text indented; level is one of enum log_level. */
void log_worker(unsigned level, const struct log_worker *worker, const char *text, size_t length);
const char *log_level_name(unsigned level);
/* The same for an error and its stack. */
void log_error(const char *worker, const char *text, size_t length, const char *stack, size_t stack_length);
/* A request to the network that is over. Texts are bounded by the caller. */
struct log_outbound {
  struct log_worker worker;
  const char *method, *url, *rule; /* rule "": none decided */
  const char *error;               /* NULL: none */
  unsigned status;                 /* 0: no answer */
  uint64_t sent, received, ms;     /* bytes of bodies */
};
void log_outbound(const struct log_outbound *request);
/* Text made harmless: control characters and those that deceive (utf8.h) escaped, cut to fit. Newlines too, unless
 * `indent` is to follow each. Returns the length; out is NUL-terminated. */
size_t log_escape(char *out, size_t size, const char *text, size_t length, const char *indent);

#endif
