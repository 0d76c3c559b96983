/* binary.c: the messages of RPC sessions between isolates. See rpc.h.
 *
 * A message is a head (struct head), then as its kind says; ids are as the sender of the message sees them, integers
 * little-endian, values and `str` as in clone_parts.h and base/frame.h.
 *
 *     CALL     i32 id, u16 count of names, each str, u8 whether it is a read, else the arguments as an array.
 *     SETTLE   i32 id, u8 whether it failed, u8 whether the sender keeps something for it, value
 *     PULL     i32 id
 *     RELEASE  i32 id, u32 how often
 *
 * Values hold besides data: EXPORTED i32 (a new object of the sender's), NAMED i32 (one of the receiver's), CHANNEL
 * (the next of those that came with the message: a service stub), CALLABLE (the same, as an RpcStub), and objects of
 * the platform (worker/rpc.js). A stream among these takes the sender's next call's id, as does the call itself after
 * its arguments. What comes is an isolate's, which may be hostile: every number is checked, and the session ends at the
 * first lie.
 *
 * Flags: HEAD_ASKS, and HEAD_STREAM when it is forgotten once it is answered, of a CALL; from bit HEAD_PIPES on how
 * many streams there are in the message, for whom that reads along (gateway/trace.h).
 */
#include <stdlib.h>
#include <string.h>

#include "guest/rpc/rpc.h"

enum kind { CALL = 1, SETTLE, PULL, RELEASE };
enum part { EXPORTED = 1, NAMED, CHANNEL, CALLABLE };
enum { HEAD_ASKS = 1, HEAD_STREAM = 2, HEAD_PIPES = 2, PIPES_MAX = 63, NAMES_MAX = 65535 };

struct head {
  uint32_t length; /* of what follows */
  uint8_t kind, flags;
  uint16_t channels;
};

/* By the Worker's compatibility date: errors without properties; stubs as arguments are handed over. */
static bool bare_errors, hands_over;

static JSValue native_dates(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  bare_errors = JS_ToBool(ctx, argv[0]);
  hands_over = JS_ToBool(ctx, argv[1]);
  return JS_UNDEFINED;
}

/* ---- writing ---- */

struct writing {
  struct session *s;
  bool arguments;
  JSValue stubs; /* written ones that are handed over with the value; undefined: none */
};

static int refuse(const char *text) {
  JS_ThrowDOMException(guest.ctx, "DataCloneError", "%s", text);
  return -1;
}

static int put_id(struct writing *w, struct buf *out, struct hook *h) {
  bool theirs;
  int32_t id = session_export(w->s, h, &theirs);
  if (!id && !theirs) return -1;
  buf_put_u8(out, theirs ? NAMED : EXPORTED);
  buf_put_u32(out, (uint32_t)id);
  return 1;
}

/* A function or RpcTarget among the arguments may say itself how it is duplicated. */
static JSValue duplicate(JSValueConst v, int receiver) {
  bool proxy = engine_class(guest.ctx, v) == CLASS_PROXY;
  JSValue dup = JS_GetPropertyStr(guest.ctx, v, "dup");
  if (JS_IsException(dup)) return dup;
  if (!JS_IsFunction(guest.ctx, dup) || receiver == RECEIVER_PLAIN) {
    JS_FreeValue(guest.ctx, dup);
    return JS_DupValue(guest.ctx, v);
  }
  JSValue copy = JS_Call(guest.ctx, dup, v, 0, NULL);
  JS_FreeValue(guest.ctx, dup);
  if (JS_IsException(copy) || receiver_of(copy) == receiver) return copy;
  JS_FreeValue(guest.ctx, copy);
  const char *what = proxy ? "Proxy" : receiver == RECEIVER_CLASS ? "RcpTarget" : "function";
  const char *want = proxy ? "the same underlying type (RpcTarget or Function) as the Proxy itself represents"
                     : receiver == RECEIVER_CLASS ? "another RpcTarget"
                                                  : "another function";
  const char *is = receiver == RECEIVER_CLASS ? "an RpcTarget" : "a function";
  rpc_throw(RPC_DATA_CLONE_ERROR,
            "Couldn't create a stub for the %s because it has a dup() method which did not return %s. Either "
            "remove the dup() method or make sure it returns %s.",
            what, want, is);
  return JS_EXCEPTION;
}

static int put_target(struct writing *w, struct buf *out, JSValueConst v, int receiver) {
  JSValue copy = w->arguments && !hands_over ? duplicate(v, receiver) : JS_DupValue(guest.ctx, v);
  if (JS_IsException(copy)) return -1;
  return put_id(w, out, target_hook(w->s->event, copy, VALUE_TARGET, JS_UNDEFINED));
}

/* The service stub that a stub stands for; undefined: none. */
static JSValueConst service_in(JSValueConst v, int kind) {
  if (kind == STUB_SERVICE) return v;
  const struct hook *h = kind == STUB_STUB ? stub_peek(v) : NULL;
  return h ? service_of_hook(h) : JS_UNDEFINED;
}

/* A channel, whose number goes along with the message. */
static int put_channel(struct writing *w, struct buf *out, JSValueConst v, enum part part) {
  JSValue number = rpc_hook_call(RPC_channel, 1, &v);
  if (JS_IsException(number)) return -1;
  if (!JS_IsObject(w->s->channels_out)) w->s->channels_out = JS_NewArray(guest.ctx);
  if (engine_array_push(guest.ctx, w->s->channels_out, number)) return -1;
  buf_put_u8(out, (uint8_t)part);
  return 1;
}

static int put_stub(struct writing *w, struct buf *out, JSValueConst v, int kind) {
  JSValueConst service = service_in(v, kind);
  if (!JS_IsUndefined(service)) return put_channel(w, out, service, kind == STUB_SERVICE ? CHANNEL : CALLABLE);
  if (kind != STUB_STUB) return 0;
  struct hook *h = stub_hook(v);
  if (!h) return -1;
  if (!w->arguments || hands_over) {
    if (!JS_IsObject(w->stubs)) w->stubs = JS_NewArray(guest.ctx);
    engine_array_push(guest.ctx, w->stubs, JS_DupValue(guest.ctx, v));
  }
  return put_id(w, out, h);
}

static int put_more(void *arg, struct buf *out, JSValueConst v) {
  struct writing *w = arg;
  int kind = stub_kind(v);
  if (kind >= 0) return put_stub(w, out, v, kind);
  int receiver = receiver_of(v);
  if (receiver < 0) return -1;
  if (receiver == RECEIVER_FUNCTION || receiver == RECEIVER_CLASS || receiver == RECEIVER_PLAIN)
    return put_target(w, out, v, receiver);
  if (engine_class(guest.ctx, v) == CLASS_PROXY)
    return refuse(
        "Proxy could not be serialized because it is not a valid RPC receiver type. The Proxy must emulate "
        "either a plain object or an RpcTarget, as indicated by the Proxy's prototype chain.");
  return 0;
}

/* ---- env and props ---- */

static int put_plain(void *arg, struct buf *out, JSValueConst v) {
  JSValueConst *channels = arg;
  int kind = stub_kind(v);
  JSValueConst service = service_in(v, kind);
  if (JS_IsUndefined(service) && kind == STUB_STUB)
    return refuse("RpcStub cannot be serialized in this context because it is not a persistent stub.");
  if (JS_IsUndefined(service)) return 0;
  JSValue number = rpc_hook_call(RPC_channel, 1, &service);
  if (JS_IsException(number) || engine_array_push(guest.ctx, *channels, number)) return -1;
  buf_put_u8(out, kind == STUB_SERVICE ? CHANNEL : CALLABLE);
  return 1;
}

int plain_write(struct buf *out, JSValueConst value, JSValueConst channels) {
  struct clone_more more = {.put = put_plain, .out = rpc_hooks[RPC_out], .in = rpc_hooks[RPC_in], .arg = &channels};
  return clone_write(guest.ctx, out, value, &more);
}

static JSValue get_service(uint8_t part, JSValueConst number) {
  JSValue service = rpc_hook_call(RPC_service, 1, &number);
  if (part == CHANNEL || JS_IsException(service)) return service;
  uint32_t channel = 0;
  JS_ToUint32(guest.ctx, &channel, number);
  return stub_new(STUB_STUB, service_hook(service, channel));
}

struct plain {
  JSValueConst channels;
  uint32_t at;
};

static JSValue get_plain(void *arg, struct reader *in) {
  struct plain *p = arg;
  JSValue *list;
  uint32_t n = JS_IsObject(p->channels) ? engine_array(p->channels, &list) : 0;
  uint8_t part = read_u8(in);
  if ((part == CHANNEL || part == CALLABLE) && p->at < n) return get_service(part, list[p->at++]);
  in->bad = true;
  return JS_ThrowTypeError(guest.ctx, "A serialized value names a channel that did not come with it.");
}

JSValue plain_read(struct reader *in, JSValueConst channels) {
  struct plain p = {.channels = channels};
  struct clone_more more = {.get = get_plain, .out = rpc_hooks[RPC_out], .in = rpc_hooks[RPC_in], .arg = &p};
  return clone_read(guest.ctx, in, &more);
}

JSValue props_read(struct reader *in, JSValueConst channels) {
  if (!in->left || in->p[0] != '{') return plain_read(in, channels);
  char *text = js_strndup(guest.ctx, (const char *)in->p, in->left);
  JSValue v = text ? JS_ParseJSON(guest.ctx, text, in->left, "props") : JS_EXCEPTION;
  js_free(guest.ctx, text);
  return v;
}

/* ---- messages ---- */

struct message {
  struct session *s;
  size_t mark;
  int32_t next_export, next_call;
  uint32_t channels;
};

static uint32_t channels_of(const struct session *s) {
  JSValue *list;
  return JS_IsObject(s->channels_out) ? engine_array(s->channels_out, &list) : 0;
}

static struct message begin(struct session *s, enum kind kind, uint8_t flags, int32_t id) {
  struct message m = {s, s->out.len, s->next_export, s->next_call, channels_of(s)};
  struct head head = {.kind = (uint8_t)kind, .flags = flags};
  buf_put(&s->out, &head, sizeof head);
  buf_put_u32(&s->out, (uint32_t)id);
  return m;
}

/* What a message that is not sent introduced is taken back. */
static int drop(struct message *m) {
  JSValue error = JS_GetException(guest.ctx);
  bool had = m->s->out.bad;
  m->s->out.bad = false;
  if (!had) m->s->out.len = m->mark;
  for (int32_t id = m->next_export; id > m->s->next_export; id--)
    if (session_released(m->s, id, 1)) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  session_unpipe(m->s, m->next_call);
  if (JS_IsObject(m->s->channels_out)) engine_array_truncate(guest.ctx, m->s->channels_out, m->channels);
  JS_Throw(guest.ctx, error);
  return -1;
}

static int finish(struct message *m, int r) {
  struct buf *out = &m->s->out;
  size_t n = out->len - m->mark - sizeof(struct head);
  if (!r && !out->bad && n > RPC_VALUE_MAX) {
    JS_ThrowPlainError(guest.ctx,
                       "Serialized RPC arguments or return values are limited to 32MiB, but the size of this "
                       "value was: %llu bytes.",
                       (unsigned long long)n);
    r = -1;
  }
  if (out->bad && !JS_HasException(guest.ctx)) JS_ThrowOutOfMemory(guest.ctx);
  if (r || out->bad) return drop(m);
  struct head *head = (struct head *)(void *)(out->data + m->mark);
  uint16_t channels = (uint16_t)(channels_of(m->s) - m->channels);
  uint32_t length = (uint32_t)n;
  memcpy(&head->length, &length, sizeof length);
  memcpy(&head->channels, &channels, sizeof channels);
  int32_t pipes = m->s->next_call - m->next_call;
  head->flags |= (uint8_t)((pipes < PIPES_MAX ? pipes : PIPES_MAX) << HEAD_PIPES);
  session_dirty(m->s);
  return 0;
}

static struct clone_more more_of(struct writing *w) {
  return (struct clone_more){
      .put = put_more, .out = rpc_hooks[RPC_out], .in = rpc_hooks[RPC_in], .arg = w, .bare_errors = bare_errors};
}

static int put_path(struct buf *out, const struct path *path) {
  buf_put_u16(out, (uint16_t)path->count);
  for (uint32_t i = 0; i < path->count; i++) {
    size_t n;
    const char *name = JS_AtomToCStringLen(guest.ctx, &n, path->names[i]);
    if (!name) return -1;
    buf_put_str(out, name, n);
    JS_FreeCString(guest.ctx, name);
  }
  return 0;
}

static int put_call(struct session *s, int32_t target, const struct path *path, const struct arguments *a,
                    uint8_t flags) {
  struct writing w = {.s = s, .arguments = true, .stubs = JS_UNDEFINED};
  struct clone_more more = more_of(&w);
  struct message m = begin(s, CALL, flags, target);
  int r = put_path(&s->out, path);
  buf_put_u8(&s->out, is_read(a));
  session_writing = s;
  if (!r && !is_read(a)) r = clone_write_list(guest.ctx, &s->out, a->count, a->values, &more);
  session_writing = NULL;
  r = finish(&m, r);
  if (r)
    JS_FreeValue(guest.ctx, w.stubs);
  else
    stubs_dispose(w.stubs);
  return r;
}

static int write_call(struct session *s, int32_t target, const struct path *path, const struct arguments *a) {
  return put_call(s, target, path, a, HEAD_ASKS);
}

static int write_stream(struct session *s, int32_t target, const struct path *path, const struct arguments *a) {
  return put_call(s, target, path, a, HEAD_ASKS | HEAD_STREAM);
}

/* What failed is data only. */
static int write_settle(struct session *s, int32_t id, JSValueConst value, bool failed, JSValue *stubs) {
  struct writing w = {.s = s, .stubs = JS_UNDEFINED};
  struct clone_more more = more_of(&w);
  more.plain = failed;
  if (failed) more.out = rpc_hooks[RPC_outError];
  struct message m = begin(s, SETTLE, 0, id);
  size_t at = s->out.len + 1;
  buf_put_u8(&s->out, failed);
  buf_put_u8(&s->out, 0);
  session_writing = s;
  int r = clone_write(guest.ctx, &s->out, value, &more);
  session_writing = NULL;
  if (!r && !s->out.bad)
    s->out.data[at] = m.next_export != s->next_export || JS_IsObject(w.stubs) ||
                      (receiver_of(value) == RECEIVER_PLAIN && has_disposer(value));
  *stubs = w.stubs;
  return finish(&m, r);
}

static int write_resolve(struct session *s, int32_t id, JSValueConst value, JSValue *stubs) {
  return write_settle(s, id, value, false, stubs);
}

static bool sent_whole(JSValueConst error) {
  return JS_IsObject(error) && (!bare_errors || engine_class(guest.ctx, error) != CLASS_ERROR);
}

static int write_told(struct buf *out, JSValueConst error) {
  struct clone_more more = {.out = rpc_hooks[RPC_outError], .plain = true};
  JSValue told = rpc_hook_call(RPC_thrown, 1, &error);
  if (JS_IsException(told)) return -1;
  int r = clone_write(guest.ctx, out, told, &more);
  JS_FreeValue(guest.ctx, told);
  return r;
}

bool thrown_write(struct buf *out, JSValueConst error) {
  struct clone_more more = {.out = rpc_hooks[RPC_outError], .plain = true};
  if (sent_whole(error) && !clone_write(guest.ctx, out, error, &more)) return !out->bad;
  JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  if (out->bad) return false;
  buf_clear(out);
  if (!write_told(out, error)) return !out->bad;
  JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  return false;
}

JSValue thrown_read(struct reader *in) {
  struct clone_more more = {.out = rpc_hooks[RPC_outError], .in = rpc_hooks[RPC_in], .plain = true};
  if (!in->left) return JS_UNDEFINED;
  JSValue v = clone_read(guest.ctx, in, &more);
  if (!JS_IsException(v)) return v;
  JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  return JS_UNDEFINED;
}

/* Of what is no object, or cannot be sent: an error that tells of it. */
static int write_reject(struct session *s, int32_t id, JSValueConst error) {
  JSValue stubs = JS_UNDEFINED;
  bool whole = sent_whole(error);
  if (whole && !write_settle(s, id, error, true, &stubs)) return 0;
  if (whole) JS_FreeValue(guest.ctx, JS_GetException(guest.ctx));
  struct message m = begin(s, SETTLE, 0, id);
  buf_put_u8(&s->out, true);
  buf_put_u8(&s->out, 0);
  return finish(&m, write_told(&s->out, error));
}

static int write_pull(struct session *s, int32_t id) {
  struct message m = begin(s, PULL, 0, id);
  return finish(&m, 0);
}

static int write_release(struct session *s, int32_t id, uint32_t count) {
  struct message m = begin(s, RELEASE, 0, id);
  buf_put_u32(&s->out, count);
  return finish(&m, 0);
}

const struct codec binary_codec = {.call = write_call,
                                   .resolve = write_resolve,
                                   .reject = write_reject,
                                   .pull = write_pull,
                                   .release = write_release,
                                   .stream = write_stream,
                                   .asks = true,
                                   .window_max = 1 << 20};

/* ---- reading ---- */

struct reading {
  struct session *s;
  JSValue stubs;     /* those in the value, an array; undefined: none */
  uint32_t channels; /* left of the message's own */
};

static int malformed(void) {
  if (!JS_HasException(guest.ctx)) JS_ThrowTypeError(guest.ctx, "An RPC message is malformed.");
  return -1;
}

static JSValue get_more(void *arg, struct reader *in) {
  struct reading *r = arg;
  struct session *s = r->s;
  uint8_t part = read_u8(in);
  if (part == CHANNEL || part == CALLABLE) {
    if (!r->channels || !s->channels_in_count) return malformed(), JS_EXCEPTION;
    r->channels--;
    JSValue number = JS_NewUint32(guest.ctx, s->channels_in[0]);
    memmove(s->channels_in, s->channels_in + 1, --s->channels_in_count * sizeof *s->channels_in);
    return get_service(part, number);
  }
  int32_t id = (int32_t)read_u32(in);
  if (in->bad || (part != EXPORTED && part != NAMED)) return malformed(), JS_EXCEPTION;
  struct hook *h = part == EXPORTED ? session_import(s, id) : session_named(s, id);
  JSValue v = h ? stub_new(STUB_STUB, h) : JS_EXCEPTION;
  if (JS_IsException(v)) return v;
  if (!JS_IsObject(r->stubs)) r->stubs = JS_NewArray(guest.ctx);
  engine_array_push(guest.ctx, r->stubs, JS_DupValue(guest.ctx, v));
  return v;
}

static JSValue get_value(struct reading *r, struct reader *in) {
  struct clone_more more = {.get = get_more, .out = rpc_hooks[RPC_out], .in = rpc_hooks[RPC_in], .arg = r};
  session_reading = r->s;
  JSValue v = clone_read(guest.ctx, in, &more);
  session_reading = NULL;
  if (!JS_IsException(v)) return v;
  stubs_dispose(r->stubs);
  r->stubs = JS_UNDEFINED;
  return v;
}

static int get_path(struct reader *in, JSAtom *names, uint32_t *count) {
  uint32_t n = read_u16(in);
  *count = 0;
  if (n > RPC_PATH_MAX) return malformed();
  while (*count < n) {
    size_t length;
    const char *p = read_str_borrow(in, &length);
    if (in->bad) return malformed();
    names[*count] = JS_NewAtomLen(guest.ctx, p, length);
    if (names[*count] == JS_ATOM_NULL) return -1;
    (*count)++;
  }
  return 0;
}

static int read_call(struct reading *r, struct reader *in, const struct head *head) {
  JSAtom names[RPC_PATH_MAX];
  JSValue list = JS_UNDEFINED, *values = NULL;
  struct path path = {names, 0};
  struct arguments a = {.count = -1};
  int32_t target = (int32_t)read_u32(in);
  int bad = get_path(in, names, &path.count);
  bool read = read_u8(in);
  if (!bad && in->bad) bad = malformed();
  if (!bad && !read) {
    list = get_value(r, in);
    if (JS_IsException(list)) bad = -1;
    if (!bad && engine_class(guest.ctx, list) != CLASS_ARRAY) bad = malformed();
    if (!bad) a.count = (int)engine_array(list, &values);
  }
  a.values = (JSValueConst *)values;
  a.owned = r->stubs;
  if (!bad && head->flags & HEAD_STREAM)
    bad = session_streamed(r->s, target, &path, &a);
  else if (!bad)
    bad = session_called(r->s, target, &path, &a, head->flags & HEAD_ASKS);
  for (uint32_t i = 0; i < path.count; i++) JS_FreeAtom(guest.ctx, names[i]);
  JS_FreeValue(guest.ctx, list);
  return bad;
}

static int read_settle(struct reading *r, struct reader *in) {
  int32_t id = (int32_t)read_u32(in);
  bool failed = read_u8(in), holds = read_u8(in);
  JSValue v = get_value(r, in);
  if (JS_IsException(v)) {
    if (in->bad) return -1;
    v = JS_GetException(guest.ctx); /* it came, but could not be made here */
    failed = true;
  } else if (failed && JS_IsObject(v)) {
    JS_DefinePropertyValueStr(guest.ctx, v, "remote", JS_TRUE, JS_PROP_C_W_E);
  }
  return session_settled(r->s, id, v, r->stubs, failed, holds);
}

int binary_message(struct session *s, const uint8_t *p, size_t n) {
  struct head head;
  struct reader in = reader_over(p, n);
  const uint8_t *at = read_bytes_borrow(&in, sizeof head);
  if (!at) return malformed();
  memcpy(&head, at, sizeof head);
  struct reading r = {.s = s, .stubs = JS_UNDEFINED, .channels = head.channels};
  int bad = -1;
  switch (head.kind) {
    case CALL:
      bad = read_call(&r, &in, &head);
      break;
    case SETTLE:
      bad = read_settle(&r, &in);
      break;
    case PULL:
      bad = session_pulled(s, (int32_t)read_u32(&in));
      break;
    case RELEASE: {
      int32_t id = (int32_t)read_u32(&in);
      uint32_t count = read_u32(&in);
      bad = in.bad ? malformed() : session_released(s, id, count);
      break;
    }
    default:
      break;
  }
  while (!bad && r.channels--) { /* of a value that was not taken */
    if (!s->channels_in_count) return malformed();
    memmove(s->channels_in, s->channels_in + 1, --s->channels_in_count * sizeof *s->channels_in);
  }
  return bad || in.bad ? malformed() : 0;
}

size_t binary_need(const uint8_t *p, size_t n) {
  uint32_t length;
  if (n < sizeof(struct head)) return 0;
  memcpy(&length, p, sizeof length);
  return length > RPC_MESSAGE_MAX ? SIZE_MAX : sizeof(struct head) + (size_t)length; /* the sum wraps in a guest */
}

void binary_init(JSContext *ctx, JSValueConst native) {
  JS_SetPropertyStr(ctx, native, "rpcDates", JS_NewCFunction(ctx, native_dates, "rpcDates", 2));
}
