/* guest.h: the one isolate that this linear memory is, as its C sees it. Every isolate has a copy of these statics,
 * taken from the image; there is one thread and no other caller, so there are no locks. */
#ifndef MAYFLY_GUEST_GUEST_H
#define MAYFLY_GUEST_GUEST_H

#include "base/buf.h"
#include "base/frame.h"
#include "guest/clone.h"
#include "guest/engine.h"

/* What the platform's JavaScript (worker/worker.js) gives to C: one function per thing that can happen. */
#define HANDLERS(HANDLER)                                                                                            \
  HANDLER(load)      /* (main, env, bindings [kind, name, channel, …], outbound, date, flags) */                   \
  HANDLER(event)     /* (stream, entrypoint, props|undefined, method, url, headers, length, inline, hasBody, end) */ \
  HANDLER(test)      /* (stream, entrypoint) */                                                                      \
  HANDLER(head)      /* (stream, status, statusText, headers, length, inline, hasBody, end) */                       \
  HANDLER(body)      /* (stream, Uint8Array, end) */                                                                 \
  HANDLER(window)    /* (stream, credit) */                                                                          \
  HANDLER(message)   /* (stream, Uint8Array, text, more) */                                                          \
  HANDLER(shut)      /* (stream, code, reason) */                                                                    \
  HANDLER(cancel)    /* (stream) */                                                                                  \
  HANDLER(error)     /* (stream, code, name, message, stack, thrown, enum thrown_by) */                              \
  HANDLER(tail)      /* as event: its body is a record (gateway/tail.h) */                                           \
  HANDLER(scheduled) /* as event: method is the time, url the cron */                                                \
  HANDLER(log)       /* (stream, level, time, JSON): what a callee logged */                                         \
  HANDLER(need)      /* (stub) */                                                                                    \
  HANDLER(timer)     /* () -> one ran */                                                                             \
  HANDLER(rejection) /* (promise, reason, handled) */                                                                \
  HANDLER(uncaught)  /* (error): a job or handler threw */                                                           \
  HANDLER(module)    /* (specifier) -> {name, exports} of the platform, or undefined */                              \
  HANDLER(commonjs)  /* (name) -> what that CommonJS module exports */                                               \
  HANDLER(idle)      /* () -> it did something: the end of a turn */

enum handler {
#define HANDLER(name) HANDLER_##name,
  HANDLERS(HANDLER)
#undef HANDLER
      HANDLER_COUNT
};

struct guest {
  JSRuntime *rt;
  JSContext *ctx;
  JSValue handler[HANDLER_COUNT];
  uint32_t stack_kb;
  bool seeded;
};

extern struct guest guest;

/* Calls a handler with arguments that it takes over. An exception goes to `uncaught`. Whether it returned true. */
bool guest_call(enum handler which, int argc, JSValue *argv);

/* natives.c: the object that the platform is called with. */
JSValue natives_new(JSContext *ctx);
enum { ENTRYPOINT_MAX = 1024 }; /* bytes of an entrypoint's name that are sent */
/* out.c: frames out; adds its functions to the natives. */
void out_init(JSContext *ctx, JSValueConst native);
/* The processor time and flags of an event, with the further limits that a stub gives it: [cpuMs, wallMs, subRequests]
 * as in CODE (base/frame.h), or null. */
void out_limits(struct buf *b, JSValueConst limits, uint32_t flags);
/* Sends the frame that begins at `mark` and ends with the buffer, in pieces if need be. What is in it is lost. */
void out_pieces(struct buf *b, size_t mark, uint8_t flags);
/* text.c: UTF-8 and structured clone for the platform. */
void text_init(JSContext *ctx, JSValueConst native);
/* Text of any bytes, with U+FFFD for what is ill-formed. */
JSValue text_decode_utf8(JSContext *ctx, const uint8_t *p, size_t n);
/* Copies what fits of the engine's UTF-8 without cutting a character. How much. */
size_t text_fit_utf8(uint8_t *to, size_t room, const char *s, size_t n);
/* bytes.c: the encodings of Node's Buffer. */
void bytes_init(JSContext *ctx, JSValueConst native);
/* values.c: what kind of value something is. */
void values_init(JSContext *ctx, JSValueConst native);
/* lists.c, headers.c: header lists and the class Headers. */
void lists_init(JSContext *ctx, JSValueConst native);
void headers_init(JSContext *ctx, JSValueConst native);
/* modules.c: the modules of the Worker's code. Names and contents are borrowed for the isolate's life. */
void modules_init(JSContext *ctx, JSValueConst native);
bool modules_add(uint8_t kind, const char *name, size_t name_length, const uint8_t *content, size_t length);
/* code.c: LOAD in, CODE out. */
void code_init(JSContext *ctx, JSValueConst native);
void code_piece(const struct frame_header *h, const uint8_t *payload);
/* encodings.c: TextDecoder's encodings other than UTF-8. */
void encodings_init(JSContext *ctx, JSValueConst native);
/* zlib.c: compression. */
void zlib_init(JSContext *ctx, JSValueConst native);
/* brotli.c: brotli. */
void brotli_init(JSContext *ctx, JSValueConst native);
/* crypto.c: the host's cryptography. */
void crypto_init(JSContext *ctx, JSValueConst native);
/* collate.c: the order of text. */
void collate_init(JSContext *ctx, JSValueConst native);
/* url.cc: URL parsing by Ada. */
void url_init(JSContext *ctx, JSValueConst native);
/* url_pattern.cc: patterns of URLs, by Ada. */
void url_pattern_init(JSContext *ctx, JSValueConst native);

#endif
