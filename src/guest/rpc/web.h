/* web.h: Cap'n Web in the guest: what its files share. Protocol and semantics are those of the npm package `capnweb`,
 * so that programs written for it run unchanged, and so that what is on the wire, ids and releases included, is what it
 * would send.
 *
 * A *cap* is something that can be called: a value or target of this isolate (web_value.c), what a peer offers or owes
 * (web_session.c), a promise of one of these, an error, a variable of a function that map() records (map.c). Calls give
 * caps at once. Unlike a hook (rpc.h), a cap says what it has become (`final`) only when it is asked, since Cap'n Web
 * sends results only on demand; and what it holds is given up by its owners (`uses`), not when memory is. A *payload*
 * is a value with the caps in it: who disposes them depends on where it came from. A *web stub* (web_stub.c) is a cap
 * as the Worker sees it.
 *
 * Peers may be hostile: whatever they send ends their session at worst. Functions that return a pointer or a JSValue
 * return NULL or an exception when one is pending.
 */
#ifndef MAYFLY_GUEST_RPC_WEB_H
#define MAYFLY_GUEST_RPC_WEB_H

#include "guest/rpc/rpc.h"

enum {
  WEB_DEPTH_MAX = 256,
  WEB_MESSAGE_MAX = 32 << 20, /* UTF-16 units, of one that comes */
  WEB_BIGINT_MAX = 16384,     /* characters */
};

/* What kind of value Cap'n Web takes something for. */
enum web_type {
  WEB_UNSUPPORTED,
  WEB_PRIMITIVE,
  WEB_UNDEFINED,
  WEB_BIGINT,
  WEB_OBJECT,
  WEB_FUNCTION,
  WEB_ARRAY,
  WEB_DATE,
  WEB_BYTES,
  WEB_WRITABLE,
  WEB_READABLE,
  WEB_URL,
  WEB_HEADERS,
  WEB_REQUEST,
  WEB_RESPONSE,
  WEB_BLOB,
  WEB_STUB,
  WEB_PROMISE,
  WEB_TARGET,
  WEB_THENABLE,
  WEB_ERROR,
};
enum web_type web_type_of(JSValueConst v);
bool web_is_error(JSValueConst v);

/* Names (strings) and indices (numbers); borrowed. */
struct web_path {
  JSValueConst *parts;
  uint32_t count;
};

/* ---- payloads */

enum payload_source {
  PAYLOAD_PARAMS, /* the caller's values, lent: stubs in it are duplicated */
  PAYLOAD_RETURN, /* what a function gave: its stubs and targets are disposed with it */
  PAYLOAD_OWNED,  /* a copy, or what came from a peer: `stubs` and `places` are its own */
};
struct target_use {
  JSValue object;
  struct cap *cap;
};
struct payload {
  JSValue value;
  enum payload_source source;
  bool chunk;     /* of a stream: what is in it goes with it, if it is an object */
  JSValue stubs;  /* OWNED: array of the stubs and streams in it; undefined: none */
  JSValue places; /* OWNED: array of (parent, key, promise), where promises are to be put in; undefined: none */
  struct target_use *targets;
  uint32_t target_count;
};

/* Takes the value over. NULL: no memory, exception. */
struct payload *payload_new(JSValue value, enum payload_source source);
/* Disposes what it holds, and frees it. NULL is nothing. */
void payload_free(struct payload *p);
/* The call that it was for has been made. */
void payload_used(struct payload *p);
/* Disposes what it holds. */
void payload_dispose(struct payload *p);
/* Calls Symbol.dispose of it, if there is one. */
void web_call_disposer(JSValueConst target);
/* Takes what is in a payload's `stubs` out, and disposes it. */
void owned_dispose(JSValueConst stubs);
/* Frees it without disposal: its owner was collected. NULL is nothing. */
void payload_abandon(struct payload *p);
int payload_own_stub(struct payload *p, JSValueConst stub);
/* A promise that is to be put in at this place; parent undefined: it is the value itself. */
int payload_own_place(struct payload *p, JSValueConst parent, JSValueConst key, JSValueConst promise);
/* Both. */
int payload_own_promise(struct payload *p, JSValueConst parent, JSValueConst key, JSValueConst promise);
/* Makes it OWNED: plain data is copied, targets become stubs. */
int payload_copy(struct payload *p);
/* The cap of a function or target in it, as something to be sent: a new use. */
struct cap *payload_target(struct payload *p, JSValueConst target);
/* Gives the object a disposer for what the payload owns, unless it has one. */
void payload_give_disposer(struct payload *p, JSValueConst object);
/* Puts values in the place of its promises. 0: done; 1: *wait is a promise to wait for, then try again; -1: one of them
 * failed: the exception is pending. */
int payload_settle(struct payload *p, JSValue *wait);

/* ---- caps */

struct captures {
  struct cap **caps; /* uses */
  uint32_t count;
};
void captures_free(struct captures *c);
void captures_abandon(struct captures *c);

struct cap_type {
  /* Takes the arguments over; NULL: a read. NULL: exception. */
  struct cap *(*call)(struct cap *c, const struct web_path *path, struct payload *arguments);
  /* Takes the captures over. */
  struct cap *(*map)(struct cap *c, const struct web_path *path, struct captures *captures, JSValueConst instructions);
  /* The value or error that it has become, borrowed; NULL: not yet. */
  struct cap *(*final)(struct cap *c);
  /* A promise that is fulfilled when it may have become something. */
  JSValue (*when)(struct cap *c);
  void (*dispose)(struct cap *c);                       /* the last use is over */
  void (*broken)(struct cap *c, JSValueConst callback); /* may leave an exception pending: it cannot be asked that */
  const char *disposed;                                 /* what using it afterwards is called */
};
struct cap {
  struct hook memory; /* its memory: boxes and tables refer to it */
  const struct cap_type *type;
  uint32_t uses;
};
void cap_init(struct cap *c, const struct hook_type *memory, const struct cap_type *type);
static inline struct cap *cap_use(struct cap *c) {
  hook_hold(&c->memory);
  c->uses++;
  return c;
}
void cap_release(struct cap *c);
/* A use is over without disposal: collected. */
void cap_abandon(struct cap *c);
static inline JSValue cap_box(struct cap *c) { return hook_box(hook_hold(&c->memory)); }
static inline struct cap *cap_of_box(JSValueConst box) { return (struct cap *)hook_of_box(box); }
static inline struct cap *cap_read(struct cap *c, const struct web_path *path) { return c->type->call(c, path, NULL); }
/* A use of the same cap, as a value of its own. */
struct cap *cap_dup(struct cap *c);

struct cap *error_cap(JSValue error);       /* takes the error over */
struct cap *failed_cap(void);               /* the pending exception's */
JSValueConst cap_error(struct cap *c);      /* its error; uninitialized: it is none */
struct cap *value_cap(struct payload *p);   /* takes the payload over */
struct payload *cap_payload(struct cap *c); /* of a value; NULL: it is none */
enum target_kind { TARGET_PLAIN, TARGET_THENABLE, TARGET_WRITABLE /* what the platform makes for a stream */ };
struct cap *target_cap(JSValueConst target, enum target_kind kind);
/* Throws that this is no value and will be none. -1. */
int not_a_value(struct cap *c);
/* A cap for what a promise of a cap's box, or (result) of a value, gives. Takes the promise over, and the payload,
 * which goes when it is there. */
struct cap *promise_cap(JSValue promise, bool result, struct payload *arguments);
/* `c` waits; when it is there, it is called: (NULL payload: read). Everything but the cap is taken over. */
struct cap *call_later(struct cap *c, const struct web_path *path, struct payload *arguments);
struct cap *map_later(struct cap *c, const struct web_path *path, struct captures *captures, JSValueConst instructions);
/* Calls a function with these arguments, once their promises are in. */
struct cap *deliver_call(JSValueConst function, JSValueConst this, struct payload *arguments);
/* A promise of what may be one, or thenable. */
JSValue promise_of(JSValueConst v);
/* A promise of the value for the Worker. */
JSValue cap_deliver(struct cap *c);
/* Is the name one that every object has? */
bool web_is_common(JSValueConst name);
bool web_is_common_atom(JSAtom name);
/* Where a path in a value leads. */
struct followed {
  struct cap *cap; /* to this, with `rest` left to follow; a use. NULL: to `value` */
  JSValue *rest;
  uint32_t rest_count;
  JSValue value, parent;
  struct payload *owner; /* whose the value is; NULL: nobody's */
};
int web_follow(JSValueConst value, struct payload *owner, const struct web_path *path, struct followed *out);
void followed_free(struct followed *f);
/* A value below another, with duplicates of what is in it. NULL: exception. */
struct cap *web_copy(JSValueConst value, struct payload *owner);

/* ---- stubs: web_stub.c */

enum web_stub_kind { WEB_NO_STUB, WEB_RPC_STUB, WEB_RPC_PROMISE };
enum web_stub_kind web_stub_kind(JSValueConst v);
/* Takes the cap's use over. */
JSValue web_stub_new(struct cap *c, bool promise);
/* Its cap, borrowed, and the path from there. NULL: disposed, exception. */
struct cap *web_stub_cap(JSValueConst v, struct web_path *path);
/* A use of what it stands for. */
struct cap *web_stub_dup(JSValueConst v);
/* Takes its use away, which is then the caller's. NULL: it has none. */
struct cap *web_stub_take(JSValueConst v);
/* What was taken and is in use, borrowed; or NULL. */
struct cap *web_stub_taken(JSValueConst v);
void web_stub_release(JSValueConst v);

/* ---- map.c */

/* Is a function for map() being recorded? Then calls of caps are recorded. */
bool map_recording(void);
struct cap *map_call(struct cap *c, const struct web_path *path, struct payload *arguments);
JSValue map_send(struct cap *c, const struct web_path *path, JSValueConst function);
/* Runs instructions on a value that a path led to; takes the captures over. */
struct cap *map_apply(struct followed *input, struct captures *captures, JSValueConst instructions);

/* ---- json_sink.c, json.c, json_read.c: values and messages as JSON, or as values that can be cloned */

enum web_level { LEVEL_STRING, LEVEL_JSON, LEVEL_JSON_BYTES, LEVEL_CLONABLE };

/* Where what is written goes: text, or a tree of values. */
struct sink {
  enum web_level level;
  struct buf text;
  bool comma;
  JSValue *stack; /* open arrays and objects */
  JSValue key, root;
  uint32_t depth, room;
  bool bad; /* an exception is pending */
};
void sink_init(struct sink *s, enum web_level level);
void sink_free(struct sink *s);
/* The whole, as a value (text: a string). */
JSValue sink_value(struct sink *s);
void sink_open(struct sink *s, char bracket);
void sink_close(struct sink *s, char bracket);
void sink_cstr(struct sink *s, const char *text);
void sink_string(struct sink *s, JSValueConst v);
/* A finite number, boolean, null or string. */
void sink_plain(struct sink *s, JSValueConst v);
void sink_key(struct sink *s, JSAtom name);
/* Text: a comma, if there is to be one; what is then put into `text` is a value. */
void sink_before(struct sink *s);
/* Text: JSON as it is. */
void sink_literal(struct sink *s, const char *text);
/* A tree: takes the value over. */
void sink_put(struct sink *s, JSValue v);
void sink_int(struct sink *s, int64_t n);
void sink_path(struct sink *s, const struct web_path *path);
/* Plain JSON, as it is; objects of the platform's class Hole are values. */
void sink_raw(struct sink *s, JSValueConst v);

struct web_session;
/* Who numbers the caps in what is written. */
struct exporter {
  void *arg;
  int (*import)(void *arg, struct cap *c, int32_t *id);               /* 1: the reader's own; 0: no; -1 */
  int (*export)(void *arg, struct cap *c, bool promise, int32_t *id); /* takes the use over */
  void (*unexport)(void *arg, int32_t id);
  int (*pipe)(void *arg, JSValueConst readable, int32_t *id);
  int (*send_error)(void *arg, JSValueConst error, JSValue *rewritten);
};
/* -1: exception, what was exported is taken back. `p`: whose caps they are; NULL: there may be none. */
int web_write(struct sink *out, const struct exporter *to, JSValueConst value, struct payload *p);
/* The same for the elements of an array only, with its brackets. */
int web_write_list(struct sink *out, const struct exporter *to, JSValueConst array, struct payload *p);

struct importer {
  void *arg;
  struct cap *(*import)(void *arg, int32_t id, bool promise); /* a use */
  struct cap *(*named)(void *arg, double id);                 /* borrowed; NULL, no exception: none */
  JSValue (*readable)(void *arg, int32_t id);
  uint32_t depth_max, bigint_max;
  enum web_level level;
};
/* A payload of what came, which is changed in place. Takes the value over. */
struct payload *web_read(const struct importer *from, JSValue value);
/* A call's expression, without a payload around the cap: NULL and *other: it is none, read it. */
struct cap *web_read_call(const struct importer *from, JSValueConst expression, bool *other);

/* ---- web_session.c */

void web_session_end_all(JSValueConst event);
/* A frame of a session's WebSocket was handled. */
bool web_frame(const struct frame_header *h, struct reader *r);
/* The end of a turn. */
void web_flush(void);

/* ---- what the platform's JavaScript gives (worker/capnweb.js) */

#define WEB_HOOKS(HOOK)                                                                \
  HOOK(buffer)   /* (Uint8Array that came) -> itself, or what it is for this Worker */ \
  HOOK(out)      /* (object) -> what stands for an object of the platform */           \
  HOOK(in)       /* (kind, a, b) -> the object, or a promise of it */                  \
  HOOK(copy)     /* (Headers, Request or Response) -> a copy */                        \
  HOOK(sink)     /* (WritableStream) -> a target for it */                             \
  HOOK(drop)     /* (stream): nobody will use it */                                    \
  HOOK(writable) /* (stub) -> WritableStream to what it stands for */                  \
  HOOK(pump)     /* (ReadableStream, stub): sends it through */                        \
  HOOK(pipe)     /* () -> [target, ReadableStream] */
enum web_hook {
#define HOOK(name) WEB_HOOK_##name,
  WEB_HOOKS(HOOK)
#undef HOOK
      WEB_HOOK_COUNT
};
JSValue web_hook_call(enum web_hook which, int argc, JSValueConst *argv);

void web_value_init(JSContext *ctx, JSValueConst native);
void web_stub_init(JSContext *ctx, JSValueConst native);
void web_session_init(JSContext *ctx, JSValueConst native);
void web_json_init(JSContext *ctx, JSValueConst native);
void web_read_init(JSContext *ctx, JSValueConst native);

#endif
