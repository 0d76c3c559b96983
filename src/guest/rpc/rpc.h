/* rpc.h: object-capability RPC in the guest: what its files share.
 *
 * A *hook* is something that can be called: a value here (target.c), a promise for one, what the other side of a
 * session offers (session.c), another Worker's entrypoint (channel.c), an error. Calls on it give hooks at once, so
 * that calls on results need not wait for them: pipelining. A *stub* (stub.c) is a hook as the Worker sees it: RpcStub,
 * RpcPromise, RpcProperty, Fetcher. A *session* (session.c) is two tables and a stream of messages, after the model of
 * Cap'n Web; what its messages look like is its codec's affair (binary.c between isolates, json.c towards the world),
 * how they travel its carrier's (wire.c: frames; local.c: within the isolate).
 *
 * The other side of a session may be hostile: it gets an error, or the session ends; nothing else of the isolate is
 * touched. Hooks are counted by hand; they are in no cycle that the collector could see, and what a Worker leaks of
 * them lives until its event ends, which is when the session ends that they come from. One thread. Functions that
 * return a JSValue or -1 leave an exception pending when they fail; those that return a hook never fail: what goes
 * wrong is a hook that has the error.
 */
#ifndef MAYFLY_GUEST_RPC_RPC_H
#define MAYFLY_GUEST_RPC_RPC_H

#include "base/buf.h"
#include "base/table.h"
#include "guest/guest.h"

enum {
  RPC_PATH_MAX = 64,          /* names in a property path; Workers' figure */
  RPC_VALUE_MAX = 32 << 20,   /* bytes of one value; Workers' figure */
  RPC_MESSAGE_MAX = 33 << 20, /* bytes of one message, with what is around its value */
  RPC_ENTRIES_MAX = 100000,   /* in each table of a session */
};

/* ---- paths and arguments ---- */

struct path {
  const JSAtom *names; /* borrowed */
  uint32_t count;
};

/* Of a call: values that are lent, and `owned`, which is handed over: an array of the stubs among them that are to be
 * disposed when the call is over; undefined: none. A read has `count` -1. */
struct arguments {
  int count;
  JSValueConst *values;
  JSValue owned;
};
static inline bool is_read(const struct arguments *a) { return a->count < 0; }

/* ---- hooks ---- */

struct hook;
struct hook_type {
  struct hook *(*call)(struct hook *hook, const struct path *path, const struct arguments *arguments);
  JSValue (*pull)(struct hook *hook); /* the value, or a promise of it */
  void (*release)(struct hook *hook); /* the last reference is disposed */
  void (*abandon)(struct hook *hook); /* the last reference is gone without disposal: collected */
};
struct hook {
  const struct hook_type *type;
  uint32_t references;
};

static inline struct hook *hook_hold(struct hook *h) { return h->references++, h; }
static inline void hook_release(struct hook *h) {
  if (!--h->references) h->type->release(h);
}
static inline void hook_abandon(struct hook *h) {
  if (!--h->references) h->type->abandon(h);
}
static inline struct hook *hook_call(struct hook *h, const struct path *path, const struct arguments *a) {
  return h->type->call(h, path, a);
}

/* What went wrong: the error is taken over; hook_failed takes the pending exception. */
struct hook *hook_error(JSValue error);
struct hook *hook_failed(void);
/* A hook as an object for closures: takes the reference over, released with the object. */
JSValue hook_box(struct hook *h);
/* The same, but the reference is released at the end of the turn in which the object went. */
JSValue hook_box_released(struct hook *h);
/* At the end of a turn. Whether there was anything. */
bool hooks_release(void);
struct hook *hook_of_box(JSValueConst box);
/* Takes the hook out, without touching its references. */
void box_empty(JSValueConst box);
/* Runs the disposers of the stubs in `owned` (an array or undefined) and frees it. */
void stubs_dispose(JSValue owned);

/* ---- target.c: values of this isolate ---- */

enum value_kind {
  VALUE_TARGET,   /* what a stub was made of: its disposer is called at the end */
  VALUE_RESULT,   /* what a call gave: its stubs and its disposer go at the end */
  VALUE_HANDLER,  /* a Worker's exported object: methods take (argument, env, ctx) */
  VALUE_INSTANCE, /* of an entrypoint's class, whatever its constructor returned: nothing happens at the end */
  VALUE_BORROWED  /* nothing happens at the end */
};
/* The value is taken over. `event`: in which its methods run. */
struct hook *target_hook(JSValueConst event, JSValue value, enum value_kind kind, JSValue owned);
/* The same for what a call returned, which may be a promise or a stub. */
struct hook *result_hook(JSValueConst event, JSValue value, JSValue owned);
void target_set_handler(struct hook *h, JSValueConst env, JSValueConst context);
/* The value has been delivered: the arguments that it was made from are given back, and the stubs in it (taken over)
 * with the hook. */
void result_delivered(struct hook *h, JSValue stubs);
/* The value could not be delivered: what is called on it from now on gets the error. A new reference; the old one is
 * taken. */
struct hook *result_refused(struct hook *h, JSValueConst error);
bool has_disposer(JSValueConst value);
/* Takes the function over. */
int put_disposer(JSValueConst value, JSValue f);
/* Calls a value's disposer, if it has one, as a job in its event. */
void dispose_later(JSValueConst event, JSValueConst value);
enum receiver { RECEIVER_NONE, RECEIVER_PLAIN, RECEIVER_FUNCTION, RECEIVER_CLASS, RECEIVER_ENTRYPOINT, RECEIVER_STUB };
/* In what way a value can be called into. Exceptions of a proxy's traps: -1. */
int receiver_of(JSValueConst value);

/* ---- stub.c: stubs ---- */

enum stub_kind { STUB_STUB, STUB_PROMISE, STUB_PROPERTY, STUB_SERVICE, STUB_LOOPBACK, STUB_KINDS };
/* Takes the hook over. */
JSValue stub_new(enum stub_kind kind, struct hook *h);
/* The kind, or -1: no stub. */
int stub_kind(JSValueConst v);
/* A new reference to what a stub stands for, as far as it is known without a call (of a property: a read is made).
 * NULL: disposed, an exception is pending. */
struct hook *stub_hook(JSValueConst v);
/* The same without a reference or a check; NULL also of a property. */
const struct hook *stub_peek(JSValueConst v);
void stub_dispose(JSValueConst v);
/* A hook for a service stub (taken over) on this channel, so that an RpcStub can stand for it: one that can be called,
 * and passed on like the service stub. The channel is released with the last such hook for it. And back: the service
 * stub, or undefined when it is another hook. */
struct hook *service_hook(JSValue service, uint32_t channel);
JSValueConst service_of_hook(const struct hook *h);
/* A call or read on a stub, from within the isolate that holds it. */
struct hook *stub_call(JSValueConst v, const struct path *path, const struct arguments *a);
/* What the platform knows of a service stub (of its class or of ctx.exports); null: it is none. */
JSValue stub_target(JSValueConst v);
/* A promise of a hook's value: never an exception. */
JSValue hook_promise(struct hook *h);
JSValue promise_then(JSValueConst promise, JSValue fulfilled, JSValue rejected);

/* ---- session.c: sessions ---- */

struct session;
struct import;
struct outlet;

/* Writes messages. Each returns 0, or -1 with an exception pending and nothing written. `stream` is a call that is
 * asked for at once, on which nothing can be called, and which is forgotten when it is answered. */
struct codec {
  int (*call)(struct session *s, int32_t target, const struct path *path, const struct arguments *a);
  int (*resolve)(struct session *s, int32_t id, JSValueConst value, JSValue *stubs); /* stubs: those in the value */
  int (*reject)(struct session *s, int32_t id, JSValueConst error);
  int (*pull)(struct session *s, int32_t id);
  int (*release)(struct session *s, int32_t id, uint32_t count);
  int (*stream)(struct session *s, int32_t target, const struct path *path, const struct arguments *a);
  bool asks;         /* a call asks for its result at once */
  double window_max; /* bytes of a stream on their way */
};
struct carrier {
  void (*dirty)(struct session *s); /* there is something in `out` */
  void (*close)(struct session *s); /* the session is over */
};

struct session {
  const struct codec *codec;
  const struct carrier *carrier;
  void *link;    /* the carrier's */
  JSValue event; /* to which it belongs; undefined: to none */
  JSValue keep;  /* what must live as long */
  struct table exports, imports;
  int32_t next_call, next_export, next_taken; /* ids: of our next call, our next export, the peer's next call */
  uint32_t pending;                           /* calls of the peer that it waits for */
  uint32_t waiting;                           /* of ours that we wait for */
  uint32_t pipes, signals;                    /* streams and signals of ours that the peer has */
  uint32_t inlets;                            /* exports that are the peer's streams and signals */
  struct buf out;                             /* messages to go */
  JSValue channels_out;                       /* array of channels that these name, or undefined */
  uint32_t *channels_in;                      /* those that came and that no value took yet */
  uint32_t channels_in_count;
  bool server, served; /* its main object is ours; and is there */
  bool local;          /* both ends are in this isolate */
  bool broken;         /* at its end: the peer failed */
  bool closed;
  bool dirty;
  JSValue why; /* of the end: what later calls get */
  uint32_t references;
  struct session *next, *prev;
};

struct session *session_new(const struct codec *codec, const struct carrier *carrier, void *link, JSValueConst event);
static inline struct session *session_hold(struct session *s) { return s->references++, s; }
void session_release(struct session *s);
/* Our main object; takes the hook over. */
void session_serve(struct session *s, struct hook *main);
/* The peer's main object. */
struct hook *session_main(struct session *s);
/* From now on events may use each other's sessions: they are all of one client. */
void sessions_share(void);
/* All sessions of an event end. */
void session_end_all(JSValueConst event);
/* Does any event wait for something that a peer of its own sessions may send? */
bool sessions_active(void);
/* Events that only keep their peers waiting, with nothing left, as far as RPC goes, by which they could go on: an
 * array, or undefined. */
JSValue sessions_hung(void);
/* For closures. */
JSValue session_box(struct session *s);
struct session *session_of_box(JSValueConst box);
/* Channels (an array or undefined) came for the values of the messages that follow. -1: exception. */
int session_take_channels(struct session *s, JSValueConst channels);
/* It ends: everything that waits for the peer gets `why` (taken over; undefined: that the other context is gone), what
 * it holds of ours is disposed. */
void session_close(struct session *s, JSValue why);
/* The session that is being closed is broken. */
extern bool session_broken;
/* After a turn's work: ends a session that nobody needs any more. */
void session_check(struct session *s);

/* May the current event use it? -1: exception. */
int hook_check(const struct hook *h);

/* For codecs, reading. 0, or -1 with an exception pending: the peer broke the protocol, abort. */
int session_called(struct session *s, int32_t target, const struct path *path, const struct arguments *a, bool asked);
int session_pulled(struct session *s, int32_t id);
int session_settled(struct session *s, int32_t id, JSValue value, JSValue stubs, bool failed, bool holds);
int session_released(struct session *s, int32_t id, uint32_t count);
/* The peer's object or promise of this id (negative): a new reference. NULL: exception. */
struct hook *session_import(struct session *s, int32_t id);
/* Ours, when the peer names it: a new reference. NULL: exception. */
struct hook *session_named(struct session *s, int32_t id);
/* For codecs, writing: the id under which the peer may use a hook (taken over), or 0: exception. *theirs: the id is of
 * an object of the peer's own. */
int32_t session_export(struct session *s, struct hook *h, bool *theirs);
/* Of a stream: for codecs. */
int session_streamed(struct session *s, int32_t target, const struct path *path, const struct arguments *a);
/* The peer's pipe, whose other end is the object (taken over). */
int session_piped(struct session *s, JSValue object);
/* Takes our pipes with ids from `from` on back, whose message is not sent. */
void session_unpipe(struct session *s, int32_t from);
/* Marks what was written as to be sent. */
void session_dirty(struct session *s);

/* ---- binary.c: between isolates ---- */

extern const struct codec binary_codec;
/* One message. -1: the session is to be aborted with the pending exception. */
int binary_message(struct session *s, const uint8_t *p, size_t n);
/* How long the message is that starts here; 0: not known yet. */
size_t binary_need(const uint8_t *p, size_t n);
/* The session whose value is being written or read; for what the platform puts into it. */
extern struct session *session_writing, *session_reading;
/* env and props: data and service stubs, whose channels are added to the array. */
int plain_write(struct buf *out, JSValueConst value, JSValueConst channels);
JSValue plain_read(struct reader *in, JSValueConst channels);
/* What was thrown, as data: whatever of it can be sent. False: nothing. */
bool thrown_write(struct buf *out, JSValueConst error);
/* undefined: there is none, or it is malformed. */
JSValue thrown_read(struct reader *in);
/* Props are the same, or of the configuration: JSON. */
JSValue props_read(struct reader *in, JSValueConst channels);
void binary_init(JSContext *ctx, JSValueConst native);

/* ---- stream.c: streams ----
 *
 * An outlet is where we write to: a pipe of ours, or a WritableStream of the peer's; what is on its way has a window. A
 * sink is what the peer writes to, an object of the platform (worker/rpc_streams.js). */

struct sent { /* one write on its way */
  double at, window;
  uint64_t delivered;
  uint32_t size;
};
struct outlet *outlet_hold(struct outlet *o);
void outlet_release(struct outlet *o);
void outlet_answered(struct outlet *o, const struct sent *sent, JSValueConst value, bool failed);
/* The peer cannot or will not take any more. */
void outlet_failed(struct outlet *o, JSValueConst why);
/* Takes the object over. */
struct hook *sink_hook(JSValueConst event, JSValue object);
/* A write by a stream: false: no sink. *r: NULL when the sink answers it later. */
bool sink_write(struct hook *h, const struct path *path, const struct arguments *a, int32_t id, struct hook **r);
/* A new pipe: what is written to, and its id. NULL: exception. */
struct hook *session_pipe(struct session *s, struct outlet *o, int32_t *id);
/* The outlet, or none, is told what becomes of an import. False: it is no import, or has another. */
bool import_tell(struct hook *h, struct outlet *o);
int import_write(struct hook *h, const struct path *path, const struct arguments *a, struct outlet *o,
                 struct sent *sent); /* its size is filled in */
/* Answers a stream's write. */
void session_answer(struct session *s, int32_t id, JSValueConst value, bool failed);
void stream_init(JSContext *ctx, JSValueConst native);

/* ---- wire.c: sessions over frames ---- */

/* What came on a stream was taken: `cost` more is owed, and granted anew once that is worth a frame. */
void wire_acknowledge(uint32_t stream, uint32_t *owed, uint32_t cost);
/* A frame of a session's stream, or one of CAPS, was handled. False: it is neither. */
bool wire_frame(const struct frame_header *h, struct reader *r);
/* An EVENT that opens a session, after its kind. */
void wire_event(const struct frame_header *h, struct reader *r);
/* The channels that came ahead of a frame of this stream, as an array or undefined; they are taken. */
JSValue wire_channels(uint32_t stream);
/* Sends channels ahead of a frame of this stream. */
void wire_send_channels(uint32_t stream, JSValueConst channels);
/* Channels that hooks hold are counted; one that none holds any more is released at the end of the turn. */
void wire_hold(uint32_t channel);
void wire_release(uint32_t channel);
/* The end of a turn: what there is to send goes out. */
void wire_flush(void);
void wire_init(JSContext *ctx, JSValueConst native);
/* A Worker's call on another's entrypoint: its main object in a new session. */
struct hook *wire_connect(JSValueConst target);

/* ---- local.c: sessions within the isolate ---- */

/* A stub's hook for a value of this isolate; calls go through messages like any. */
struct hook *local_hook(JSValueConst event, struct hook *target);

/* ---- what the platform's JavaScript gives (worker/rpc.js) ---- */

/* clang-format off */
#define RPC_HOOKS(HOOK)                                                                             \
  HOOK(enter)    /* (event): it is current now */                                                   \
  HOOK(owner)    /* () -> the current event, which will have sessions; throws in global scope */    \
  HOOK(current)  /* () -> the current event; throws in global scope */                              \
  HOOK(connect)  /* (where it goes to) -> the number of a new stream */                             \
  HOOK(out)      /* (object) -> [kind, …] of an object of the platform, or undefined */             \
  HOOK(in)       /* ([kind, …]) -> the object */                                                    \
  HOOK(outError) /* as out, of what was thrown */                                                   \
  HOOK(thrown)   /* (value) -> an error of data only that tells what was thrown */                  \
  HOOK(done)     /* (event): the peer holds nothing of it any more */                               \
  HOOK(uncaught) /* (error): of a disposer */                                                       \
  HOOK(make)     /* (loopback, options) -> Fetcher: ctx.exports.X({props}) */                       \
  HOOK(fail)     /* (enum rpc_error, text): throws it */                                            \
  HOOK(loopback) /* (what ctx.exports.X knows) -> {channel, limits, entrypoint, props, channels} */ \
  HOOK(service)  /* (channel) -> Fetcher */                                                         \
  HOOK(rebuild)  /* (name, message, stack, thrown) -> what came in an ERROR */                      \
  HOOK(event)    /* (stream) -> the event of a session that a peer opens */                         \
  HOOK(begin)    /* (event, entrypoint, props): find its main object and give it to rpcServe() */   \
  HOOK(broke)    /* (event, error): the session of an event broke */                                \
  HOOK(sink)     /* (object, what, value, id): the peer writes to it (rpc_streams.js) */            \
  HOOK(channel)  /* (Fetcher) -> its channel, to be passed on; throws when it cannot be */
/* clang-format on */

enum rpc_hook {
#define HOOK(name) RPC_##name,
  RPC_HOOKS(HOOK)
#undef HOOK
      RPC_HOOK_COUNT
};
extern JSValue rpc_hooks[RPC_HOOK_COUNT];
JSValue rpc_hook_call(enum rpc_hook which, int argc, JSValueConst *argv);
/* Throws an error of any length, which the engine's own functions do not. -1. */
enum rpc_error { RPC_ERROR, RPC_TYPE_ERROR, RPC_DATA_CLONE_ERROR };
int rpc_throw(enum rpc_error kind, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Makes the event current, when it is one. */
void rpc_enter(JSValueConst event);

void target_init(JSContext *ctx, JSValueConst native);
void stub_init(JSContext *ctx, JSValueConst native);
void rpc_init(JSContext *ctx, JSValueConst native);

#endif
