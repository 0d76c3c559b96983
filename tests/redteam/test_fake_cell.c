/* test_fake_cell.c: the cell is owned (C1, C2, C3, C4, C6): a fake cell tells every lie that the link allows.
 *
 * This program is all three parties. As a test it forks a gateway (gateway_serve in a child) and talks HTTP to it. The
 * gateway starts its cells from /proc/self/exe, which is this program again, under the name CELL_ARGV0: the fake cell.
 * The fake cell serves honestly, except that the path of a request tells it to misbehave: /NAME in the host Worker's
 * cell; /via/NAME in the dynamic Workers' cell, to which the fake host Worker forwards it by GET, CODE and FETCH.
 * In each case: a lie ends the lying cell or isolate, with its reason in the log, and nobody else: what is asked
 * afterwards is answered, the other cell's work goes on, and every request has exactly one answer.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/frame.h"
#include "base/ring.h"
#include "cell/cell.h"
#include "gateway/gateway.h"
#include "gateway/websocket.h"

/* ---- the fake cell ---- */

enum { WRITTEN_AT = 0, READ_AT = 64, DATA_AT = 192, STUB = 0x10000, FETCH_1 = 1, SOCKET_FETCH = 7777, MAX_CALLS = 64 };

struct fake {
  struct ring to_cell, to_gateway;
  uint8_t *memory;
  uint32_t last_event_isolate; /* in the dynamic cell */
  uint32_t next;
  struct {
    uint32_t event, fetch, isolate;
  } calls[MAX_CALLS]; /* host: fetches in progress and whose event they serve */
  char socket_lie[16];
  uint8_t payload[FRAME_PAYLOAD_MAX];
};

static void say(struct fake *f, uint8_t type, uint8_t flags, uint32_t isolate, uint32_t stream, const void *payload,
                size_t length) {
  struct frame_header h = {
      .length = (uint32_t)length, .type = type, .flags = flags, .isolate = isolate, .stream = stream};
  while (!ring_put(&f->to_gateway, &h, payload)) {
    ring_publish(&f->to_gateway);
    usleep(100);
  }
}

static void answer(struct fake *f, uint32_t isolate, uint32_t stream, const char *text) {
  struct buf b;
  buf_init(&b, FRAME_PAYLOAD_MAX);
  buf_put_u16(&b, 200);
  buf_put_cstr(&b, "");
  buf_put_u16(&b, 0);
  buf_put_u64(&b, strlen(text));
  buf_put(&b, text, strlen(text));
  say(f, FRAME_HEAD, FRAME_HAS_BODY | FRAME_END, isolate, stream, b.data, b.len);
  say(f, FRAME_DONE, 0, isolate, stream, NULL, 0);
  buf_free(&b);
}

/* A header as it comes, rules or not. */
static void say_raw(struct fake *f, struct frame_header h) {
  uint8_t *ring = f->memory + ring_link_size() / 2;
  uint64_t at = f->to_gateway.mine;
  for (size_t i = 0; i < sizeof h; i++) ring[DATA_AT + ((at + i) & (RING_DATA - 1))] = ((uint8_t *)&h)[i];
  f->to_gateway.mine = at + sizeof h;
  ring_publish(&f->to_gateway);
}

static _Atomic uint64_t *counter_at(const struct fake *f, size_t ring, size_t at) {
  return (_Atomic uint64_t *)(void *)(f->memory + ring * (ring_link_size() / 2) + at);
}

static void wake_gateway(void) {
  uint64_t one = 1;
  if (write(CELL_FD_GATEWAY, &one, sizeof one) < 0) exit(3);
}

/* And then nothing more, so that the lie stands until it is found. */
static void move_written(struct fake *f, uint64_t by) {
  ring_publish(&f->to_gateway);
  atomic_fetch_add(counter_at(f, 1, WRITTEN_AT), by);
  for (wake_gateway();;) pause();
}

/* Answers, then claims to have read what was never sent. */
static void read_ahead(struct fake *f, uint32_t isolate, uint32_t stream) {
  answer(f, isolate, stream, "hello");
  ring_publish(&f->to_gateway);
  for (atomic_fetch_add(counter_at(f, 0, READ_AT), 1ull << 30);;) pause();
}

struct noise {
  struct fake *fake;
  uint64_t from;
};

/* Changes what was sent while it is being read. */
static void *make_noise(void *arg) {
  struct noise *n = arg;
  uint8_t *data = n->fake->memory + ring_link_size() / 2 + DATA_AT;
  for (uint32_t x = 1;; x = x * 1664525u + 1013904223u)
    data[(n->from + (x >> 8) % 65536) & (RING_DATA - 1)] ^= (uint8_t)x;
  return NULL;
}

static void change_while_read(struct fake *f, uint32_t isolate) {
  struct noise noise = {f, f->to_gateway.mine};
  pthread_t thread;
  pthread_create(&thread, NULL, make_noise, &noise);
  for (;;) {
    say(f, FRAME_LOG, 0, isolate, 0, "\2some text that is changed under way", 36);
    ring_publish(&f->to_gateway);
  }
}

static void flood(struct fake *f, uint32_t isolate) {
  static uint8_t text[4096] = "\2";
  memset(text + 1, 'x', sizeof text - 1);
  for (int i = 0; i < 20000; i++) {
    say(f, FRAME_LOG, 0, isolate, 0, text, sizeof text);
    ring_publish(&f->to_gateway);
    wake_gateway();
  }
}

/* ---- an isolate that lies on the network's exchanges ---- */

/* A FETCH on channel 0, with one header of any bytes. */
static void fetch_with(struct fake *f, uint32_t isolate, uint32_t fetch, uint8_t flags, const char *method,
                       const char *url, const char *name, const char *value) {
  struct buf b;
  buf_init(&b, FRAME_PAYLOAD_MAX);
  buf_put_u32(&b, 0);
  buf_put_u8(&b, 1);
  buf_put_u32(&b, 0);
  buf_put_u32(&b, 0);
  buf_put_cstr(&b, "");
  buf_put_cstr(&b, "");
  buf_put_cstr(&b, method);
  buf_put_cstr(&b, url);
  buf_put_u16(&b, 1);
  buf_put_cstr(&b, name);
  buf_put_cstr(&b, value);
  buf_put_u64(&b, 3);
  say(f, FRAME_FETCH, flags, isolate, STREAM_GUEST | fetch, b.data, b.len);
  buf_free(&b);
}

static void fetch_out(struct fake *f, uint32_t isolate, uint32_t fetch, uint8_t flags, const char *method,
                      const char *url, const char *header) {
  fetch_with(f, isolate, fetch, flags, method, url, header, header);
}

/* `how` is a kind and the port of an upstream that never answers. False: no such lie. */
static bool lie_outbound(struct fake *f, const char *how, uint32_t isolate) {
  static const uint8_t bytes[FRAME_PAYLOAD_MAX];
  static const uint32_t much = 0x40000000, none = 0;
  const char *port = strrchr(how, '-');
  char kind[64] = "", url[64];
  if (strncmp(how, "out-", 4) != 0 || port < how + 4) return false;
  snprintf(kind, sizeof kind, "%.*s", (int)(port - how - 4), how + 4);
  snprintf(url, sizeof url, "http://127.0.0.1:%s/", port + 1);
  fetch_out(f, isolate, 7, FRAME_HAS_BODY, "POST", url, "a");
  if (!strcmp(kind, "body"))
    for (int i = 0; i < 6; i++) say(f, FRAME_BODY, 0, isolate, STREAM_GUEST | 7, bytes, sizeof bytes);
  else if (!strcmp(kind, "credit"))
    say(f, FRAME_WINDOW, 0, isolate, STREAM_GUEST | 7, &much, sizeof much);
  else if (!strcmp(kind, "nothing"))
    say(f, FRAME_WINDOW, 0, isolate, STREAM_GUEST | 7, &none, sizeof none);
  else if (!strcmp(kind, "again"))
    fetch_out(f, isolate, 7, 0, "GET", url, "a");
  else if (!strcmp(kind, "head"))
    say(f, FRAME_HEAD, 0, isolate, STREAM_GUEST | 7, bytes, 16);
  else if (!strcmp(kind, "empty"))
    say(f, FRAME_BODY, 0, isolate, STREAM_GUEST | 7, NULL, 0);
  else if (!strcmp(kind, "message"))
    say(f, FRAME_MESSAGE, 0, isolate, STREAM_GUEST | 7, "x", 1);
  else if (!strcmp(kind, "shut"))
    say(f, FRAME_SHUT, 0, isolate, STREAM_GUEST | 7, "\xe8\3", 2);
  else if (!strcmp(kind, "name")) {
    snprintf(url, sizeof url, "tcp://127.0.0.1:%s", port + 1);
    fetch_out(f, isolate, 8, FRAME_HAS_BODY, "CONNECT", url, "a");
    say(f, FRAME_MESSAGE, 0, isolate, STREAM_GUEST | 8, bytes, 256);
  } else
    return false;
  return true;
}

/* Requests that cannot be made, and frames about requests that are over: not one of them is answered with more than an
 * error on its own stream. */
static void tease_outbound(struct fake *f, uint32_t isolate, const char *port) {
  static const char *const urls[] = {"",
                                     "http://",
                                     "x",
                                     "file:///etc/passwd",
                                     "gopher://127.0.0.1/_x",
                                     "http://a b/",
                                     "http://127.0.0.1\r\nHost: x/",
                                     "//127.0.0.1/",
                                     "http:/\\/x",
                                     "unix:///run/x",
                                     "http://[::1",
                                     "http://127.0.0.1:99999/",
                                     "http://\xff\xfe/",
                                     "telnet://127.0.0.1:1/"};
  static const char *const heads[] = {"",     "a\r\nb: c",         "a\nb", "a b", "a\r", "\xff",
                                      "host", "transfer-encoding", ":",    "a:b"};
  static const char *const methods[] = {"",        "GE T",      "GET\r\n",
                                        "CONNECT", "get /\r\n", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGH"};
  char url[64];
  uint32_t next = 1000;
  snprintf(url, sizeof url, "http://127.0.0.1:%s/", port);
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
    fetch_out(f, isolate, next++, FRAME_END | FRAME_HAS_BODY, "GET", urls[i], "a");
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) fetch_out(f, isolate, next++, 0, "GET", url, heads[i]);
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) fetch_out(f, isolate, next++, 0, methods[i], url, "a");
  for (uint32_t i = 1000; i < next; i++) {
    say(f, FRAME_BODY, FRAME_END, isolate, STREAM_GUEST | i, "abc", 3);
    say(f, FRAME_ERROR, 0, isolate, STREAM_GUEST | i, "\0\0\0\0\0\0\0\0\0\0\0\0\0", 13);
    say(f, FRAME_CANCEL, 0, isolate, STREAM_GUEST | i, NULL, 0);
    say(f, FRAME_CANCEL, 0, isolate, STREAM_GUEST | i, NULL, 0);
  }
  /* more than was announced, less, nothing, and then away in the middle */
  for (uint32_t i = 0; i < 4; i++) fetch_out(f, isolate, next + i, FRAME_HAS_BODY, "POST", url, "a");
  say(f, FRAME_BODY, FRAME_END, isolate, STREAM_GUEST | next, "abcdef", 6);
  say(f, FRAME_BODY, FRAME_END, isolate, STREAM_GUEST | (next + 1), "a", 1);
  say(f, FRAME_BODY, FRAME_END, isolate, STREAM_GUEST | (next + 2), NULL, 0);
  say(f, FRAME_BODY, 0, isolate, STREAM_GUEST | (next + 3), "abc", 3);
}

/* What nobody may say on a WebSocket. */
static void lie_on_socket(struct fake *f, const char *how, uint32_t isolate, uint32_t stream) {
  static uint8_t bytes[FRAME_PAYLOAD_MAX];
  static const uint8_t code[] = {0xe8, 3}, bad_code[] = {0xee, 3};
  if (!strcmp(how, "kinds")) {
    say(f, FRAME_MESSAGE, FRAME_MORE | FRAME_TEXT, isolate, stream, "x", 1);
    say(f, FRAME_MESSAGE, 0, isolate, stream, "x", 1);
  }
  if (!strcmp(how, "nothing")) say(f, FRAME_MESSAGE, FRAME_MORE, isolate, stream, NULL, 0);
  for (int i = 0; i < 5 && !strcmp(how, "much"); i++) say(f, FRAME_MESSAGE, 0, isolate, stream, bytes, sizeof bytes);
  for (int i = 0; i < STREAM_WINDOW / MESSAGE_COST + 1 && !strcmp(how, "many"); i++)
    say(f, FRAME_MESSAGE, 0, isolate, stream, NULL, 0);
  for (int i = 0; i < 1000 && !strcmp(how, "flood"); i++)
    say(f, FRAME_MESSAGE, 0, isolate, stream, bytes, sizeof bytes);
  if (!strcmp(how, "code")) say(f, FRAME_SHUT, 0, isolate, stream, bad_code, sizeof bad_code);
  if (!strcmp(how, "reason")) say(f, FRAME_SHUT, 0, isolate, stream, bytes, 3 + SHUT_REASON_MAX);
  if (!strcmp(how, "late") || !strcmp(how, "twice")) say(f, FRAME_SHUT, 0, isolate, stream, code, sizeof code);
  if (!strcmp(how, "late")) say(f, FRAME_MESSAGE, 0, isolate, stream, "x", 1);
  if (!strcmp(how, "twice")) say(f, FRAME_SHUT, 0, isolate, stream, code, sizeof code);
}

/* Asks an upstream for a WebSocket; the lie follows its answer. `how`: ws-KIND-PORT. */
static bool ask_socket(struct fake *f, const char *how, uint32_t isolate) {
  const char *port = strrchr(how, '-');
  char url[64];
  if (strncmp(how, "ws-", 3) != 0 || port < how + 3) return false;
  snprintf(f->socket_lie, sizeof f->socket_lie, "%.*s", (int)(port - how - 3), how + 3);
  snprintf(url, sizeof url, "http://127.0.0.1:%s/", port + 1);
  fetch_with(f, isolate, SOCKET_FETCH, 0, "GET", url, "upgrade", "websocket");
  return true;
}

/* Answers with a WebSocket, and then lies on it. */
static bool misuse_socket(struct fake *f, const char *how, uint32_t isolate, uint32_t stream) {
  static const uint8_t head[16] = {HEAD_SOCKET};
  if (strncmp(how, "socket-", 7)) return false;
  how += 7;
  if (!strcmp(how, "first")) {
    say(f, FRAME_MESSAGE, 0, isolate, stream, "x", 1);
    return true;
  }
  say(f, FRAME_HEAD, strcmp(how, "body") ? 0 : FRAME_HAS_BODY, isolate, stream, head, sizeof head);
  if (!strcmp(how, "again")) say(f, FRAME_HEAD, 0, isolate, stream, head, sizeof head);
  if (!strcmp(how, "bytes")) say(f, FRAME_BODY, 0, isolate, stream, "x", 1);
  if (!strcmp(how, "done")) say(f, FRAME_DONE, 0, isolate, stream, NULL, 0);
  lie_on_socket(f, how, isolate, stream);
  return true;
}

/* ---- an isolate that lies on a session of RPC, at either of its ends ---- */

/* A session to itself, by a channel that it makes. Its other end lies as the entrypoint says. */
static void open_session(struct fake *f, const char *entrypoint, uint32_t isolate) {
  struct buf b;
  buf_init(&b, FRAME_PAYLOAD_MAX);
  buf_put_cstr(&b, entrypoint);
  buf_put_cstr(&b, "");
  say(f, FRAME_MAKE, 0, isolate, 2 * STUB, b.data, b.len);
  buf_clear(&b);
  buf_put_u32(&b, 2 * STUB);
  buf_put_u8(&b, EVENT_RPC);
  for (int i = 0; i < 4; i++) buf_put_u32(&b, 0);
  say(f, FRAME_FETCH, FRAME_ASKS, isolate, STREAM_GUEST | 8, b.data, b.len);
  buf_free(&b);
}

static const uint8_t nothing[FRAME_PAYLOAD_MAX];

static bool lie_as_caller(struct fake *f, const char *how, uint32_t isolate) {
  static const uint32_t unknown = 0x4321, made = 2 * STUB, none = 0;
  if (strncmp(how, "rpc-", 4)) return false;
  how += 4;
  uint32_t stream = STREAM_GUEST | 8;
  open_session(f, how, isolate);
  if (!strcmp(how, "unknown")) say(f, FRAME_CAPS, 0, isolate, stream, &unknown, 4);
  if (!strcmp(how, "outbound")) say(f, FRAME_CAPS, 0, isolate, stream, &none, 4);
  if (!strcmp(how, "ahead")) say(f, FRAME_CAPS, 0, isolate, STREAM_GUEST | 99, &unknown, 4);
  if (!strcmp(how, "odd")) say(f, FRAME_CAPS, 0, isolate, stream, nothing, 7);
  if (!strcmp(how, "many")) say(f, FRAME_CAPS, 0, isolate, stream, nothing, 4 * (CAPS_MAX + 1));
  if (!strcmp(how, "again")) say(f, FRAME_MAKE, 0, isolate, made, nothing, 8);
  if (!strcmp(how, "given")) say(f, FRAME_MAKE, 0, isolate, CHANNEL_GIVEN | 7, nothing, 8);
  if (!strcmp(how, "body")) say(f, FRAME_BODY, FRAME_END, isolate, stream, nothing, 7);
  for (int i = 0; i < 5 && !strcmp(how, "much"); i++)
    say(f, FRAME_MESSAGE, 0, isolate, stream, nothing, sizeof nothing);
  return true;
}

/* The other end. It is the one session of an isolate that is about to be closed. */
static void lie_as_callee(struct fake *f, const char *how, uint32_t isolate, uint32_t stream) {
  static const uint32_t unknown = 0x4321;
  if (!strcmp(how, "back")) say(f, FRAME_CAPS, 0, isolate, stream, &unknown, 4);
  if (!strcmp(how, "head")) say(f, FRAME_HEAD, 0, isolate, stream, nothing, 16);
  if (!strcmp(how, "cancel")) say(f, FRAME_CANCEL, 0, isolate, stream, NULL, 0);
  if (!strcmp(how, "late")) {
    say(f, FRAME_ERROR, 0, isolate, stream, nothing, 13);
    say(f, FRAME_MESSAGE, 0, isolate, stream, "x", 1);
  }
  for (int i = 0; i <= STREAM_WINDOW / MESSAGE_COST && !strcmp(how, "empty"); i++)
    say(f, FRAME_MESSAGE, 0, isolate, stream, NULL, 0);
}

/* Sessions opened and cancelled, and frames about them when they are over; none is a lie. */
static void tease_sessions(struct fake *f, uint32_t isolate) {
  static const uint32_t made = 2 * STUB;
  for (int i = 0; i < 300; i++) {
    open_session(f, "", isolate);
    say(f, FRAME_CAPS, 0, isolate, STREAM_GUEST | 8, &made, 4);
    say(f, FRAME_MESSAGE, FRAME_ASKS, isolate, STREAM_GUEST | 8, "x", 1);
    for (int k = 0; k < 2; k++) say(f, FRAME_CANCEL, 0, isolate, STREAM_GUEST | 8, NULL, 0);
    say(f, FRAME_CAPS, 0, isolate, STREAM_GUEST | 8, &made, 4);
    say(f, FRAME_MESSAGE, 0, isolate, STREAM_GUEST | 8, "x", 1);
    say(f, FRAME_RELEASE, 0, isolate, made, NULL, 0);
    say(f, FRAME_RELEASE, 0, isolate, made, NULL, 0);
  }
}

/* True: the request was dealt with (or never will be). */
static bool misbehave(struct fake *f, const char *how, uint32_t isolate, uint32_t stream) {
  struct frame_header raw = {.type = FRAME_LOG, .length = 8, .isolate = isolate};
  static const uint32_t much = 0x40000000;
  if (!strcmp(how, "written"))
    move_written(f, 1ull << 40);
  else if (!strcmp(how, "written-back"))
    move_written(f, (uint64_t)-64);
  else if (!strcmp(how, "written-odd"))
    move_written(f, 3);
  else if (!strcmp(how, "type-0"))
    raw.type = 0, say_raw(f, raw);
  else if (!strcmp(how, "type-200"))
    raw.type = 200, say_raw(f, raw);
  else if (!strcmp(how, "type-of-gateway"))
    raw.type = FRAME_OPEN, say_raw(f, raw);
  else if (!strcmp(how, "too-long"))
    raw.length = FRAME_PAYLOAD_MAX + 1, say_raw(f, raw);
  else if (!strcmp(how, "huge"))
    raw.length = UINT32_MAX, say_raw(f, raw);
  else if (!strcmp(how, "longer-than-written"))
    raw.length = 4096, say_raw(f, raw);
  else if (!strcmp(how, "too-short"))
    raw.type = FRAME_HEAD, raw.length = 0, say_raw(f, raw);
  else if (!strcmp(how, "reserved"))
    raw.zero = 1, raw.type = FRAME_DONE, say_raw(f, raw);
  else if (!strcmp(how, "flags"))
    raw.flags = 0x80, say_raw(f, raw);
  else if (!strcmp(how, "isolate-0"))
    say(f, FRAME_DONE, 0, 0, stream, NULL, 0);
  else if (!strcmp(how, "isolate-never"))
    say(f, FRAME_DONE, 0, isolate + 5, stream, NULL, 0);
  else if (!strcmp(how, "isolate-future"))
    say(f, FRAME_DONE, 0, isolate + (1u << CELL_INDEX_BITS), stream, NULL, 0);
  else if (!strcmp(how, "isolate-max"))
    say(f, FRAME_DONE, 0, UINT32_MAX, stream, NULL, 0);
  else if (!strcmp(how, "ready-twice"))
    say(f, FRAME_READY, 0, 0, 0, "\0\0\0\0", 4);
  else if (!strcmp(how, "exit"))
    _exit(7);
  else if (!strcmp(how, "crash"))
    __builtin_trap();
  else if (!strcmp(how, "noise"))
    change_while_read(f, isolate);
  /* lies of an isolate */
  else if (!strcmp(how, "done-first"))
    say(f, FRAME_DONE, 0, isolate, stream, NULL, 0);
  else if (!strcmp(how, "body-first"))
    say(f, FRAME_BODY, 0, isolate, stream, "x", 1);
  else if (!strcmp(how, "much-credit"))
    say(f, FRAME_WINDOW, 0, isolate, stream, &much, 4);
  else if (!strcmp(how, "channel"))
    say(f, FRAME_FETCH, 0, isolate, STREAM_GUEST | 9,
        "\x99\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);
  else if (!strcmp(how, "loader"))
    say(f, FRAME_GET, 0, isolate, 77, "\x99\0\0\0\0\0\0\0\0", 9);
  else if (!strcmp(how, "rules"))
    say(f, FRAME_RULES, 0, isolate, STREAM_GUEST | 9, "{}", 2);
  else if (!strcmp(how, "loaded-again"))
    say(f, FRAME_LOADED, 0, isolate, 0, "\0", 1);
  else if (lie_outbound(f, how, isolate) || ask_socket(f, how, isolate) || lie_as_caller(f, how, isolate))
    return true;
  else if (!strcmp(how, "stream"))
    say(f, FRAME_HEAD, 0, isolate, 5, "................", 16);
  else
    return misuse_socket(f, how, isolate, stream);
  return true;
}

/* What is no JSON, no exception, of no event, and much of it, from a Worker that has a tail. */
static void tease_logs(struct fake *f, uint32_t isolate, uint32_t stream) {
  static const struct {
    const char *payload;
    size_t length;
  } odd[] = {{"\x80", 1},
             {"\xff\xff\xff", 3},
             {"\x82\"],[\"exception\"", 15},
             {"\x87\0\x1b[2J\xc2\x9b\xed\xa0\x80", 11},
             {"\5", 1},
             {"\5\xff\xff\xff\xff", 5},
             {"\5\1\0\0\0N\xff\xff\xff\x7f", 10}};
  static uint8_t large[FRAME_PAYLOAD_MAX] = {LOG_VALUES};
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
    say(f, FRAME_LOG, 0, isolate, stream, odd[i].payload, odd[i].length);
    say(f, FRAME_LOG, 0, isolate, stream + 1, odd[i].payload, odd[i].length);
    say(f, FRAME_LOG, 0, isolate, STREAM_GUEST | 3, odd[i].payload, odd[i].length);
  }
  memset(large + 1, 1, sizeof large - 1);
  for (int i = 0; i < 2000; i++) {
    say(f, FRAME_LOG, 0, isolate, stream, large, sizeof large);
    ring_publish(&f->to_gateway);
    wake_gateway();
  }
}

/* Not lies: the request is answered all the same. */
static void tease(struct fake *f, const char *how, uint32_t isolate, uint32_t stream) {
  if (!strcmp(how, "flood")) flood(f, isolate);
  if (!strcmp(how, "logs")) tease_logs(f, isolate, stream);
  if (!strcmp(how, "late")) {
    say(f, FRAME_DONE, 0, isolate, stream | 0x100000, NULL, 0);
    say(f, FRAME_BODY, 0, isolate, STREAM_GUEST | 0x1234, "x", 1);
    say(f, FRAME_RELEASE, 0, isolate, 0x9999, NULL, 0);
  }
  if (!strncmp(how, "tease-", 6)) tease_outbound(f, isolate, how + 6);
  if (!strcmp(how, "sessions")) tease_sessions(f, isolate);
  if (!strcmp(how, "read-ahead")) read_ahead(f, isolate, stream);
  if (!strcmp(how, "shrink") && !ftruncate(CELL_FD_LINK, 4096)) _exit(9);
}

/* Ahead of CODE: an entrypoint of the host Worker's, which will be the dynamic one's tail. */
static uint32_t give_tail(struct fake *f, uint32_t isolate, uint32_t stub) {
  uint32_t number = 2 * STUB + stub;
  say(f, FRAME_MAKE, 0, isolate, number, "\4\0\0\0Tail\0\0\0\0", 12);
  say(f, FRAME_CAPS, 0, isolate, stub, &number, sizeof number);
  return CODE_COLLECT | 1u << CODE_TAILS_SHIFT;
}

/* The host Worker: asks a new dynamic Worker, whose answer will be its own. */
static void forward(struct fake *f, const uint8_t *event, size_t length, uint32_t isolate, uint32_t stream,
                    bool traced) {
  struct buf b;
  uint32_t n = f->next++, stub = STUB + n, fetch = STREAM_GUEST | n;
  buf_init(&b, FRAME_PAYLOAD_MAX);
  say(f, FRAME_GET, 0, isolate, stub, "\1\0\0\0\0\0\0\0\0", 9);
  buf_put_u64(&b, 4);
  for (int i = 0; i < 4; i++) buf_put_u32(&b, 0);
  buf_put_u32(&b, traced ? give_tail(f, isolate, stub) : 0);
  buf_put(&b, "code", 4);
  say(f, FRAME_CODE, 0, isolate, stub, b.data, b.len);
  buf_clear(&b);
  buf_put_u32(&b, stub);
  buf_put(&b, event, length);
  f->calls[n % MAX_CALLS].event = stream;
  f->calls[n % MAX_CALLS].fetch = fetch;
  f->calls[n % MAX_CALLS].isolate = isolate;
  say(f, FRAME_FETCH, FRAME_END, isolate, fetch, b.data, b.len);
  buf_free(&b);
}

/* The dynamic Worker's answer or error, passed on to the client. */
static void forwarded(struct fake *f, const struct frame_header *h) {
  for (int i = 0; i < MAX_CALLS; i++) {
    if (f->calls[i].fetch != h->stream || f->calls[i].isolate != h->isolate) continue;
    f->calls[i].fetch = 0;
    say(f, h->type, h->flags, h->isolate, f->calls[i].event, f->payload, h->length);
    say(f, FRAME_DONE, 0, h->isolate, f->calls[i].event, NULL, 0);
    say(f, FRAME_RELEASE, 0, h->isolate, STUB + (h->stream & ~STREAM_GUEST), NULL, 0);
  }
}

static void on_event(struct fake *f, const struct frame_header *h) {
  char path[256] = "";
  size_t n;
  struct reader r = reader_over(f->payload, h->length);
  unsigned kind = read_u8(&r);
  read_bytes_borrow(&r, 8);
  const char *entrypoint = read_str_borrow(&r, &n);
  if (kind == EVENT_RPC) {
    snprintf(path, sizeof path, "%.*s", (int)n, entrypoint);
    lie_as_callee(f, path, h->isolate, h->stream);
    return;
  }
  if (kind == EVENT_TAIL) {
    say(f, FRAME_LOG, 0, h->isolate, 0, "\2a record came", 14);
    answer(f, h->isolate, h->stream, "");
    return;
  }
  for (int i = 0; i < 2; i++) read_str_borrow(&r, &n);
  const char *url = read_str_borrow(&r, &n);
  snprintf(path, sizeof path, "%.*s", (int)n, url);
  char *slash = strchr(path + 7, '/');
  const char *how = slash + 1;
  bool via = !strncmp(how, "via/", 4);
  if (via) {
    /* the dynamic cell sees the path without "via/" */
    struct buf b;
    buf_init(&b, FRAME_PAYLOAD_MAX);
    size_t head = (size_t)((const uint8_t *)url - f->payload) - 4;
    char shorter[256];
    snprintf(shorter, sizeof shorter, "http://x/%s", how + 4);
    buf_put(&b, f->payload, head);
    buf_put_cstr(&b, shorter);
    buf_put(&b, r.p, r.left);
    forward(f, b.data, b.len, h->isolate, h->stream, !strcmp(how, "via/logs"));
    buf_free(&b);
  } else if (!misbehave(f, how, h->isolate, h->stream)) {
    tease(f, how, h->isolate, h->stream);
    answer(f, h->isolate, h->stream, how);
  }
}

static void on_frame(struct fake *f, const struct frame_header *h) {
  if (h->type == FRAME_LOAD && !(h->flags & FRAME_MORE)) say(f, FRAME_LOADED, 0, h->isolate, 0, "\1", 1);
  if (h->type == FRAME_EVENT) on_event(f, h);
  if (h->type == FRAME_CANCEL && h->stream & STREAM_EVENT) say(f, FRAME_DONE, 0, h->isolate, h->stream, NULL, 0);
  if (h->type == FRAME_HEAD && h->stream == (STREAM_GUEST | SOCKET_FETCH))
    lie_on_socket(f, f->payload[0] == HEAD_SOCKET ? f->socket_lie : "", h->isolate, h->stream);
  if (h->type == FRAME_HEAD || (h->type == FRAME_ERROR && h->stream & STREAM_GUEST)) forwarded(f, h);
}

static int fake_cell(int argc, char **argv) {
  static struct fake f;
  const char *why;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (argc > 1 && !strcmp(argv[1], "image"))
    return fcntl(CELL_FD_IMAGE, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) ? 1 : 0;
  f.memory = mmap(NULL, ring_link_size(), PROT_READ | PROT_WRITE, MAP_SHARED, CELL_FD_LINK, 0);
  if (f.memory == MAP_FAILED) return 1;
  ring_attach(&f.to_cell, &f.to_gateway, f.memory, CELL_FD_GATEWAY, CELL_FD_GATEWAY);
  f.next = FETCH_1;
  say(&f, FRAME_READY, 0, 0, 0, "\4\0\0\0fake", 8);
  for (;;) {
    struct frame_header h;
    int got;
    while ((got = ring_get(&f.to_cell, FROM_GATEWAY, &h, f.payload, &why)) > 0) on_frame(&f, &h);
    if (got < 0) return 4;
    ring_taken(&f.to_cell);
    ring_publish(&f.to_gateway);
    struct pollfd p = {.fd = CELL_FD_WAKE, .events = POLLIN};
    uint64_t count;
    if (!ring_consumer_may_sleep(&f.to_cell)) continue;
    poll(&p, 1, -1);
    if (read(CELL_FD_WAKE, &count, sizeof count) < 0) continue;
  }
}

/* ---- the gateway, in a child ---- */

static struct {
  pid_t pid;
  int log;    /* its stderr: memory, so that it never waits for us */
  off_t from; /* what came before is forgotten */
  char text[1 << 20];
  uint16_t port;
} gateway;

static void gateway_child(int log_fd) {
  struct config config = {0};
  char err[512];
  char path[] = "/tmp/mayfly-fake-XXXXXX", file[64];
  static const char text[] =
      "{\"name\": \"fake\", \"main\": \"index.js\", \"compatibility_date\": \"2026-01-01\","
      " \"worker_loaders\": [{\"binding\": \"LOADER\"}], \"limits\": {\"drain_ms\": 100},"
      " \"outbound\": {\"allow\": [{\"cidr\": \"127.0.0.1/32\"}]}}";
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(log_fd, STDERR_FILENO);
  if (!mkdtemp(path)) _exit(90);
  snprintf(file, sizeof file, "%s/index.js", path);
  close(open(file, O_CREAT | O_WRONLY, 0600));
  char where[64];
  snprintf(where, sizeof where, "%s/wrangler.jsonc", path);
  if (config_parse(&config, where, text, sizeof text - 1, NULL, NULL, err, sizeof err)) {
    fprintf(stderr, "%s\n", err);
    _exit(91);
  }
  struct gateway_options options = {.ip = "127.0.0.1", .port = 0, .cells = 1};
  int status = gateway_serve(&config, &options);
  config_free(&config);
  unlink(file);
  rmdir(path);
  _exit(status);
}

static bool log_says(const char *text) {
  ssize_t n = pread(gateway.log, gateway.text, sizeof gateway.text - 1, gateway.from);
  gateway.text[n > 0 ? n : 0] = 0;
  return strstr(gateway.text, text);
}

/* False: the gateway ended without saying it. */
static bool log_wait(const char *text) {
  while (!log_says(text)) {
    siginfo_t info = {0};
    waitid(P_PID, (id_t)gateway.pid, &info, WEXITED | WNOHANG | WNOWAIT);
    if (info.si_pid) return log_says(text);
    usleep(1000);
  }
  return true;
}

static void log_forget(void) { gateway.from = lseek(gateway.log, 0, SEEK_END); }

static int start_gateway(void **state) {
  (void)state;
  gateway.log = memfd_create("log", MFD_CLOEXEC);
  gateway.from = 0;
  if (gateway.log < 0 || fcntl(gateway.log, F_SETFL, O_APPEND)) return -1;
  gateway.pid = fork();
  if (!gateway.pid) gateway_child(gateway.log);
  if (!log_wait("listening on http://127.0.0.1:")) return -1;
  gateway.port = (uint16_t)atoi(strstr(gateway.text, "127.0.0.1:") + 10);
  log_forget();
  return 0;
}

static int stop_gateway(void **state) {
  int status;
  (void)state;
  kill(gateway.pid, SIGTERM);
  close(gateway.log);
  return waitpid(gateway.pid, &status, 0) == gateway.pid && WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -1;
}

/* ---- the client ---- */

static int ask(const char *path) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(gateway.port)};
  char request[512];
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
  assert_int_equal(write(fd, request, (size_t)n), n);
  return fd;
}

/* The whole answer; its status is returned. */
static int hear(int fd, char *out, size_t size) {
  size_t used = 0;
  ssize_t n;
  while (used < size - 1 && (n = read(fd, out + used, size - 1 - used)) > 0) used += (size_t)n;
  out[used] = 0;
  close(fd);
  return used > 12 ? atoi(out + 9) : -1;
}

static void assert_serves(const char *path) {
  char text[4096];
  int status = hear(ask(path), text, sizeof text);
  if (status != 200) print_message("%s: %s\n", path, text);
  assert_int_equal(status, 200);
  assert_non_null(strstr(text, "\r\n\r\nhello"));
}

/* After a lie the cell is being replaced; then everything works again. */
static void assert_recovers(const char *path) {
  char text[4096];
  while (hear(ask(path), text, sizeof text) == 503) log_forget();
  assert_serves(path);
}

static void lie(const char *where, const char *how, const char *said) {
  char path[128], text[4096];
  snprintf(path, sizeof path, "%s%s", where, how);
  log_forget();
  int status = hear(ask(path), text, sizeof text);
  if (status != 503) print_message("%s: %s\n", path, text);
  assert_int_equal(status, 503);
  assert_non_null(strstr(text, "x-mayfly-error: "));
  assert_true(log_wait(said));
  if (!strcmp(where, "/via/")) assert_null(strstr(gateway.text, "host Worker's cell"));
}

static const struct {
  const char *how, *said;
} cell_lies[] = {
    {"written", "ring counter out of range"},
    {"written-back", "ring counter out of range"},
    {"written-odd", "ring counter out of range"},
    {"type-0", "unknown frame type"},
    {"type-200", "unknown frame type"},
    {"type-of-gateway", "not allowed from this side"},
    {"too-long", "frame too long"},
    {"huge", "frame too long"},
    {"longer-than-written", "frame longer than what was written"},
    {"too-short", "frame too short"},
    {"reserved", "reserved bits"},
    {"flags", "reserved bits"},
    {"isolate-0", "without one"},
    {"isolate-never", "an isolate that was never opened in it"},
    {"isolate-future", "an isolate that was never opened in it"},
    {"isolate-max", "an isolate that was never opened in it"},
    {"ready-twice", "without one"},
    {"exit", "it exited with status 7"},
    {"crash", " ended: "},
};

static void test_lies_of_the_host_cell(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cell_lies / sizeof *cell_lies; i++) {
    lie("/", cell_lies[i].how, cell_lies[i].said);
    assert_recovers("/hello");
  }
}

/* The host Worker's cell is not touched by what a dynamic Worker's cell does, nor are its requests. */
static void test_lies_of_a_dynamic_cell(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cell_lies / sizeof *cell_lies; i++) {
    lie("/via/", cell_lies[i].how, cell_lies[i].said);
    assert_serves("/hello");
    assert_recovers("/via/hello");
    log_forget();
  }
}

static void test_lies_of_an_isolate(void **state) {
  static const struct {
    const char *how, *said;
  } lies[] = {
      {"done-first", "done without an answer"},        {"body-first", "a body outside of an answer"},
      {"much-credit", "credit that it cannot have"},   {"channel", "a channel that is not in its table"},
      {"loader", "a loader that is not in its table"}, {"loaded-again", "LOADED without code"},
      {"stream", "a stream that nobody opened"},       {"rules", "a channel whose number is not new"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    lie("/via/", lies[i].how, lies[i].said);
    assert_serves("/hello"); /* at once: no cell was replaced */
    assert_serves("/via/hello");
    lie("/", lies[i].how, lies[i].said);
    assert_serves("/hello");
    assert_false(log_says("is dropped"));
  }
}

/* Two thousand logs that do not fit a record, and odd ones: each request is answered, its record comes, and nobody
 * waits long for it. */
static void test_odd_logs(void **state) {
  char text[4096];
  (void)state;
  for (int i = 0; i < 3; i++) {
    log_forget();
    assert_int_equal(hear(ask("/via/logs"), text, sizeof text), 200);
    assert_true(log_wait("a record came"));
    assert_serves("/hello");
    assert_serves("/via/hello");
    assert_false(log_says("protocol error"));
    assert_false(log_says("did not take"));
  }
}

/* The host Worker passes the 101 on to a client that did not ask for it; the lie behind it ends the isolate alone. */
static void test_lies_on_a_websocket(void **state) {
  static const struct {
    const char *how, *said;
  } lies[] = {
      {"first", "a message outside of a WebSocket"},
      {"body", "a WebSocket with a body"},
      {"again", "a second answer to one event"},
      {"bytes", "a body outside of an answer"},
      {"kinds", "a message of two kinds"},
      {"nothing", "an empty piece of a message"},
      {"much", "a message beyond its credit"},
      {"many", "a message beyond its credit"},
      {"code", "a close with a code of nobody's"},
      {"reason", "a close with too long a reason"},
      {"late", "a message after the close"},
      {"twice", "a second close"},
      {"done", "done without an answer"},
  };
  char path[64], text[4096];
  (void)state;
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    snprintf(path, sizeof path, "/via/socket-%s", lies[i].how);
    log_forget();
    assert_true(hear(ask(path), text, sizeof text) >= 500);
    assert_true(log_wait(lies[i].said));
    assert_serves("/hello");
    assert_serves("/via/hello");
    assert_false(log_says("is dropped"));
  }
}

static void test_lies_on_a_session(void **state) {
  static const struct {
    const char *how, *said;
  } lies[] = {
      {"unknown", "a channel that is not in its table"}, {"outbound", "a channel that is not in its table"},
      {"ahead", "a channel that is not in its table"},   {"odd", "CAPS that are not well formed"},
      {"many", "CAPS that are not well formed"},         {"again", "a channel whose number is not new"},
      {"given", "a channel whose number is not new"},    {"body", "a frame that no session sends"},
      {"much", "a message beyond its credit"},           {"back", "a channel that is not in its table"},
      {"head", "a frame that no session sends"},         {"cancel", "a frame that no session sends"},
      {"late", "a message after the session's end"},     {"empty", "a message beyond its credit"},
  };
  char how[64], text[4096];
  (void)state;
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    snprintf(how, sizeof how, "rpc-%s", lies[i].how);
    lie("/via/", how, lies[i].said);
    assert_serves("/hello");
    assert_serves("/via/hello");
    lie("/", how, lies[i].said);
    assert_serves("/hello");
    assert_false(log_says("is dropped"));
  }
  log_forget();
  for (int i = 0; i < 5; i++) {
    assert_int_equal(hear(ask(i % 2 ? "/via/sessions" : "/sessions"), text, sizeof text), 200);
    assert_serves("/hello");
    assert_serves("/via/hello");
  }
  assert_false(log_says("protocol error"));
}

/* An upstream that takes connections and never answers. */
static int silent_upstream(uint16_t *port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof at;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(listen(fd, 256), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
  *port = ntohs(at.sin_port);
  return fd;
}

/* An upstream, in a child, that agrees to every WebSocket and then reads nothing. */
static pid_t agreeing_upstream(uint16_t *port) {
  int listener = silent_upstream(port);
  pid_t pid = fork();
  if (pid) {
    close(listener);
    return pid;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) {
    char head[2048] = "", answer[512], accept_key[WEBSOCKET_ACCEPT + 1];
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    ssize_t n = read(fd, head, sizeof head - 1);
    const char *key = n > 0 ? strstr(head, "Sec-WebSocket-Key: ") : NULL;
    if (!key) continue;
    websocket_accept_key(accept_key, key + strlen("Sec-WebSocket-Key: "), WEBSOCKET_KEY);
    int length = snprintf(answer, sizeof answer,
                          "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                          "Sec-WebSocket-Accept: %s\r\n\r\n",
                          accept_key);
    if (write(fd, answer, (size_t)length) != length) _exit(1);
  }
}

static void test_lies_on_a_websocket_to_the_network(void **state) {
  static const struct {
    const char *how, *said;
  } lies[] = {
      {"kinds", "a message of two kinds"},
      {"nothing", "an empty piece of a message"},
      {"flood", "a message beyond its credit"},
      {"code", "a close with a code of nobody's"},
      {"reason", "a close with too long a reason"},
      {"late", "a message after the close"},
      {"twice", "a second close"},
  };
  uint16_t port;
  char how[64];
  (void)state;
  pid_t upstream = agreeing_upstream(&port);
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    snprintf(how, sizeof how, "ws-%s-%u", lies[i].how, port);
    lie("/via/", how, lies[i].said);
    assert_serves("/via/hello");
    lie("/", how, lies[i].said);
    assert_serves("/hello");
    assert_false(log_says("is dropped"));
  }
  kill(upstream, SIGKILL);
  waitpid(upstream, NULL, 0);
}

static void test_lies_about_the_network(void **state) {
  static const struct {
    const char *how, *said;
  } lies[] = {
      {"body", "a body beyond its credit"},      {"credit", "credit that it cannot have"},
      {"nothing", "credit that it cannot have"}, {"again", "a fetch whose number is not new"},
      {"head", "a frame that no fetch sends"},   {"empty", "an empty piece of a body"},
      {"message", "outside of a WebSocket"},     {"shut", "outside of a WebSocket"},
      {"name", "TLS with too long a name"},
  };
  uint16_t port;
  char how[64];
  (void)state;
  int fd = silent_upstream(&port);
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    snprintf(how, sizeof how, "out-%s-%u", lies[i].how, port);
    lie("/via/", how, lies[i].said);
    assert_serves("/hello");
    assert_serves("/via/hello");
    lie("/", how, lies[i].said);
    assert_serves("/hello");
    assert_false(log_says("is dropped"));
  }
  log_forget();
  for (int i = 0; i < 3; i++) {
    char text[4096];
    snprintf(how, sizeof how, "%stease-%u", i ? "/via/" : "/", port);
    assert_int_equal(hear(ask(how), text, sizeof text), 200);
    assert_serves("/hello");
    assert_serves("/via/hello");
  }
  assert_false(log_says("protocol error"));
  close(fd);
}

/* Races, floods, a consumer that claims to be ahead, memory made smaller: none of them costs anybody an answer. */
static void test_what_is_not_a_lie(void **state) {
  static const char *const how[] = {"/late", "/via/late", "/flood", "/via/flood", "/shrink", "/via/shrink"};
  char text[4096];
  (void)state;
  log_forget();
  for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
    int fd = ask(how[i]);
    for (int k = 0; k < 4 && strstr(how[i], "via"); k++) assert_serves("/hello");
    assert_int_equal(hear(fd, text, sizeof text), 200);
    log_forget();
  }
}

/* A counter of the other direction that claims what was never sent: the ring has no room for ever, so the gateway keeps
 * what it would send, bounded, and the other cell does not notice. */
static void test_claims_to_have_read_ahead(void **state) {
  char text[4096];
  (void)state;
  assert_int_equal(hear(ask("/via/read-ahead"), text, sizeof text), 200);
  int stuck = ask("/via/hello");
  for (int i = 0; i < 20; i++) assert_serves("/hello");
  lie("/", "exit", "it exited with status 7"); /* its caller gone, the stuck one is answered too: with an error */
  assert_int_equal(hear(stuck, text, sizeof text), 503);
}

/* Bytes that change while they are read: whatever comes out is a valid frame or ends the cell. */
static void test_bytes_that_change(void **state) {
  char text[4096];
  (void)state;
  log_forget();
  int fd = ask("/via/noise");
  while (!log_says("is dropped")) assert_serves("/hello");
  assert_int_equal(hear(fd, text, sizeof text), 503);
  assert_recovers("/via/hello");
}

/* The operator's log goes to a pipe that is full: lines are lost, requests are not. */
static void test_log_that_nobody_reads(void **state) {
  int fds[2];
  char text[4096];
  (void)state;
  gateway.text[0] = 0;
  assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
  gateway.pid = fork();
  if (!gateway.pid) gateway_child(fds[1]);
  close(fds[1]);
  gateway.log = fds[0];
  size_t used = 0;
  while (!strchr(gateway.text, '\n')) {
    ssize_t n = read(fds[0], gateway.text + used, 1);
    assert_int_equal(n, 1);
    gateway.text[++used] = 0;
    if (!strstr(gateway.text, "listening") && gateway.text[used - 1] == '\n') gateway.text[used = 0] = 0;
  }
  gateway.port = (uint16_t)atoi(strstr(gateway.text, "127.0.0.1:") + 10);
  assert_int_equal(hear(ask("/via/flood"), text, sizeof text), 200);
  assert_serves("/hello");
  assert_int_equal(stop_gateway(state), 0);
}

/* Many requests are in a cell that dies: each has one answer, and it says what happened. */
static void test_each_request_has_one_answer(void **state) {
  enum { MANY = 40 };
  char text[4096];
  int fds[MANY], errors = 0;
  (void)state;
  for (int i = 0; i < MANY; i++) fds[i] = ask(i == MANY / 2 ? "/via/crash" : "/via/hello");
  for (int i = 0; i < MANY; i++) {
    int status = hear(fds[i], text, sizeof text);
    assert_true(status == 200 || status == 503);
    if (status == 503) assert_non_null(strstr(text, "The process that ran this Worker ended"));
    errors += status == 503;
  }
  assert_true(errors > 0);
  assert_recovers("/via/hello");
}

int main(int argc, char **argv) {
  if (!strcmp(argv[0], CELL_ARGV0)) return fake_cell(argc, argv);
  if (argc > 1 && !strcmp(argv[1], "serve")) gateway_child(STDERR_FILENO); /* to look at it by hand */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_lies_of_the_host_cell, start_gateway, stop_gateway),
      cmocka_unit_test_setup_teardown(test_lies_of_a_dynamic_cell, start_gateway, stop_gateway),
      cmocka_unit_test_setup_teardown(test_lies_of_an_isolate, start_gateway, stop_gateway),
      cmocka_unit_test_setup_teardown(test_odd_logs, start_gateway, stop_gateway),
      cmocka_unit_test_setup_teardown(test_lies_on_a_websocket, start_gateway, stop_gateway),
      cmocka_unit_test_setup_teardown(test_lies_on_a_session, start_gateway, stop_gateway),
      cmocka_unit_test_setup_teardown(test_lies_on_a_websocket_to_the_network, start_gateway, stop_gateway),
      cmocka_unit_test_setup_teardown(test_lies_about_the_network, start_gateway, stop_gateway),
      cmocka_unit_test_setup_teardown(test_what_is_not_a_lie, start_gateway, stop_gateway),
      cmocka_unit_test_setup_teardown(test_claims_to_have_read_ahead, start_gateway, stop_gateway),
      cmocka_unit_test_setup_teardown(test_bytes_that_change, start_gateway, stop_gateway),
      cmocka_unit_test_setup_teardown(test_each_request_has_one_answer, start_gateway, stop_gateway),
      cmocka_unit_test(test_log_that_nobody_reads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
