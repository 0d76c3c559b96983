/* local.c: sessions within the isolate: `new RpcStub(target)`. Both ends are here; messages go from one to the other in
 * a job, so that a local stub behaves as a remote one does: values are copied, calls are answered later. See rpc.h. */
#include "guest/rpc/rpc.h"

static const struct carrier local_carrier;

static void on_close(struct session *s) {
  struct session *peer = s->link;
  s->link = NULL;
  if (peer) {
    peer->link = NULL;
    session_close(peer, JS_DupValue(guest.ctx, s->why));
  }
  session_release(s);
}

/* (box of the session): its messages reach the other end */
static JSValue carry(JSContext *ctx, int argc, JSValueConst *argv) {
  struct session *s = session_of_box(argv[0]), *peer = s->link;
  s->dirty = false;
  if (s->closed || !peer) return JS_UNDEFINED;
  struct buf messages = s->out;
  buf_init(&s->out, messages.max);
  JSValue channels = s->channels_out;
  s->channels_out = JS_UNDEFINED;
  session_hold(peer);
  int bad = session_take_channels(peer, channels);
  rpc_enter(peer->event);
  for (size_t at = 0; !bad && !peer->closed && at < messages.len;) {
    size_t need = binary_need(messages.data + at, messages.len - at);
    bad = binary_message(peer, messages.data + at, need);
    at += need;
  }
  buf_free(&messages);
  JS_FreeValue(ctx, channels);
  if (bad) session_close(peer, JS_GetException(ctx));
  if (!peer->closed && !s->closed) session_check(s->server ? peer : s);
  session_release(peer);
  return JS_UNDEFINED;
}

static void on_dirty(struct session *s) {
  JSValue box = session_box(s);
  s->dirty = true;
  JS_EnqueueJob(guest.ctx, carry, 1, (JSValueConst *)&box);
  JS_FreeValue(guest.ctx, box);
}

static const struct carrier local_carrier = {on_dirty, on_close};

struct hook *local_hook(JSValueConst event, struct hook *target) {
  struct session *client = session_new(&binary_codec, &local_carrier, NULL, event);
  struct session *server = client ? session_new(&binary_codec, &local_carrier, client, event) : NULL;
  if (!server) {
    if (client) session_release(client);
    hook_release(target);
    return hook_failed();
  }
  client->link = server;
  server->server = server->local = client->local = true;
  session_serve(server, target);
  return session_main(client);
}
