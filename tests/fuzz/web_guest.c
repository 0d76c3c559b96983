/* web_guest.c: fuzzes Cap'n Web in the guest with sanitizers: one isolate with a session on a WebSocket, one after the
 * other, and this file as its peer. What it says is made up by the protocol's grammar, with ids that mean something, or
 * is what the isolate itself said; and it is changed on the way: numbers, tags and names become others, parts are
 * dropped, doubled and put into other messages, bytes flip.
 *
 *     web_guest platform.js worker.js ROUNDS [SEED]
 */
#include <stdarg.h>

#include "guest_host.h"

enum { KEPT_MAX = 64, STEPS_MAX = 60, TEXT_MAX = 1 << 16, IDS_MAX = 256, DEPTH_MAX = 5 };

struct text {
  uint32_t length;
  const char *p;
};
static struct {
  uint32_t length;
  char p[4096];
} kept[KEPT_MAX]; /* of what the isolate said */
static uint32_t kept_count;

/* The session: what each side has told the other. */
static uint32_t stream = STREAM_EVENT | 1;
static bool shut;
static int pushed, exported;   /* by us; ids of the latest, the second negated */
static bool released[IDS_MAX]; /* of what we pushed */
static int their_pushed, their_exported;

/* ---- messages ---- */

static char made[TEXT_MAX + 4096];
static uint32_t made_length;

static void put(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void put(const char *format, ...) {
  va_list args;
  va_start(args, format);
  if (made_length < TEXT_MAX) made_length += (uint32_t)vsnprintf(made + made_length, 4096, format, args);
  va_end(args);
}

#define PICK(list) ((list)[rnd(sizeof(list) / sizeof *(list))])
static const char *const methods[] = {"add",    "child",    "children",  "echo",    "fail",     "never",
                                      "later",  "call",     "callTwice", "keep",    "useKept",  "dropKept",
                                      "broken", "list",     "mapped",    "mapOwn",  "promise",  "read",
                                      "give",   "writable", "write",     "request", "throwing", "error"};
static const char *const names[] = {"n", "data", "a", "b", "s", "f", "x", "0", "then", "constructor", "length"};

/* Something of theirs: 0, what was pushed, what they exported. */
static int some_id(void) {
  if (!rnd(3)) return 0;
  if (their_exported && !rnd(3)) return -(int)rnd((uint32_t)their_exported) - 1;
  return pushed ? 1 + (int)rnd((uint32_t)pushed) : 0;
}

static void put_value(int depth);

static void put_path(bool call) {
  put("[");
  if (call && rnd(6)) {
    put("\"%s\"", PICK(methods));
  } else {
    for (uint32_t i = rnd(3); i; i--) put(i > 1 ? "\"%s\"," : "\"%s\"", PICK(names));
  }
  put("]");
}

static void put_list(int depth) {
  uint32_t n = rnd(4);
  put("[");
  for (uint32_t i = 0; i < n; i++) {
    if (i) put(",");
    put_value(depth + 1);
  }
  put("]");
}

static void put_call(int depth) {
  put("[\"pipeline\",%d,", some_id());
  bool call = rnd(4);
  put_path(call);
  if (call) {
    put(",");
    put_list(depth);
  }
  put("]");
}

static void put_remap(int depth) {
  uint32_t captures = rnd(3), steps = rnd(4) + 1;
  put("[\"remap\",%d,[],[", some_id());
  for (uint32_t i = 0; i < captures; i++)
    put("%s[\"%s\",%d]", i ? "," : "", rnd(4) ? "import" : "export", rnd(4) ? some_id() : -++exported);
  put("],[");
  for (uint32_t i = 0; i < steps; i++) {
    if (i) put(",");
    int of = (int)rnd(captures + i + 1) - (int)captures;
    if (rnd(4)) {
      put("[\"pipeline\",%d,", of);
      put_path(true);
      put(",[[\"pipeline\",%d]]]", (int)rnd(i + 1));
    } else {
      put_value(depth + 1);
    }
  }
  put("]]");
}

static void put_value(int depth) {
  static const char *const plain[] = {"0",
                                      "1",
                                      "-5",
                                      "1.5",
                                      "null",
                                      "true",
                                      "\"text\"",
                                      "\"\\u0000\\ud800\"",
                                      "[\"undefined\"]",
                                      "[\"inf\"]",
                                      "[\"nan\"]",
                                      "[\"bigint\",\"123\"]",
                                      "[\"date\",5]",
                                      "[\"bytes\",\"AQIDBA\"]",
                                      "[\"bytes\",\"AQIDBA\",\"Uint16Array\"]",
                                      "[\"url\",\"http://a/\"]",
                                      "[\"headers\",[[\"a\",\"1\"]]]",
                                      "[\"error\",\"TypeError\",\"x\"]",
                                      "[[]]",
                                      "{}"};
  switch (depth > DEPTH_MAX ? 0 : rnd(18)) {
    default:
      put("%s", PICK(plain));
      return;
    case 1:
      put("[");
      put_list(depth);
      put("]");
      return;
    case 2:
      put("{\"%s\":", PICK(names));
      put_value(depth + 1);
      put(",\"k\":");
      put_value(depth + 1);
      put("}");
      return;
    case 3:
    case 4:
      put("[\"export\",%d]", exported && rnd(2) ? -(int)rnd((uint32_t)exported) - 1 : -++exported);
      return;
    case 5:
      put("[\"promise\",%d]", -++exported);
      return;
    case 6:
    case 7:
      put_call(depth);
      return;
    case 8:
      put("[\"import\",%d]", some_id());
      return;
    case 9:
      put("[\"readable\",%d]", some_id());
      return;
    case 10:
      put("[\"writable\",%d]", -++exported);
      return;
    case 11:
      put_remap(depth);
      return;
    case 12:
      put("[\"error\",\"AggregateError\",\"x\",null,{\"errors\":");
      put_value(depth + 1);
      put(",\"cause\":");
      put_value(depth + 1);
      put("}]");
      return;
    case 13:
      put("[\"response\",null,{\"status\":20%u}]", rnd(8));
      return;
    case 14:
      put("[\"blob\",\"a/b\",[\"readable\",%d]]", some_id());
      return;
  }
}

static struct text some_message(void) {
  made_length = 0;
  uint32_t what = rnd(20);
  if (kept_count && what == 0) {
    uint32_t i = rnd(kept_count);
    return (struct text){kept[i].length, kept[i].p};
  }
  if (what < 8) {
    put("[\"%s\",", rnd(5) ? "push" : "stream");
    if (rnd(8))
      put_call(0);
    else
      put_value(0);
    put("]");
    pushed++;
  } else if (what < 12 && pushed) {
    put("[\"pull\",%d]", 1 + (int)rnd((uint32_t)pushed));
  } else if (what < 14 && pushed) {
    int id = 1 + (int)rnd((uint32_t)pushed);
    if (id < IDS_MAX && !released[id]) {
      released[id] = true;
      put("[\"release\",%d,1]", id);
    } else if (their_exported) {
      put("[\"release\",%d,1]", -(int)rnd((uint32_t)their_exported) - 1);
    }
  } else if (what < 18) {
    int id = their_pushed && rnd(2) ? 1 + (int)rnd((uint32_t)their_pushed)
             : exported             ? -(int)rnd((uint32_t)exported) - 1
                                    : 0;
    put("[\"%s\",%d,", rnd(3) ? "resolve" : "reject", id);
    put_value(0);
    put("]");
  } else if (what == 18) {
    put("[\"pipe\"]");
    pushed++;
  }
  if (!made_length) put("[\"pull\",0]");
  return (struct text){made_length, made};
}

/* ---- changes ---- */

/* The end of the JSON value at p + at; of what is none: one byte on. */
static uint32_t value_end(const char *p, uint32_t n, uint32_t at) {
  uint32_t depth = 0;
  for (uint32_t i = at; i < n; i++) {
    if (p[i] == '"') {
      while (++i < n && p[i] != '"') i += p[i] == '\\';
    } else if (p[i] == '[' || p[i] == '{') {
      depth++;
    } else if (p[i] == ']' || p[i] == '}') {
      if (!depth) return i > at ? i : at + 1;
      depth--;
    } else if (p[i] == ',' || p[i] == ':') {
      if (!depth) return i > at ? i : at + 1;
      continue;
    } else {
      continue;
    }
    if (!depth) return i + 1 < n ? i + 1 : n;
  }
  return n;
}

/* Where some value of the message begins. */
static uint32_t some_value(const char *p, uint32_t n) {
  uint32_t at = rnd(n ? n : 1);
  while (at && p[at - 1] != '[' && p[at - 1] != ',' && p[at - 1] != ':' && p[at - 1] != '{') at--;
  return at;
}

/* Puts q in the place of p[from, to). */
static uint32_t put_in(char *p, uint32_t n, uint32_t from, uint32_t to, const char *q, uint32_t m) {
  if (from > to || to > n || n - (to - from) + m > TEXT_MAX) return n;
  char *copy = malloc(m + 1);
  memcpy(copy, q, m);
  memmove(p + from + m, p + to, n - to);
  memcpy(p + from, copy, m);
  free(copy);
  return n - (to - from) + m;
}

static uint32_t spoil(char *p, uint32_t n) {
  static const char *const words[] = {"0",
                                      "1",
                                      "2",
                                      "3",
                                      "-1",
                                      "-2",
                                      "-3",
                                      "5",
                                      "1.5",
                                      "-0",
                                      "1e300",
                                      "2147483648",
                                      "-2147483648",
                                      "null",
                                      "true",
                                      "[]",
                                      "{}",
                                      "[[]]",
                                      "\"push\"",
                                      "\"pull\"",
                                      "\"resolve\"",
                                      "\"reject\"",
                                      "\"release\"",
                                      "\"stream\"",
                                      "\"pipe\"",
                                      "\"abort\"",
                                      "\"pipeline\"",
                                      "\"import\"",
                                      "\"export\"",
                                      "\"promise\"",
                                      "\"remap\"",
                                      "\"readable\"",
                                      "\"writable\"",
                                      "\"error\"",
                                      "\"bytes\"",
                                      "\"bigint\"",
                                      "\"date\"",
                                      "\"request\"",
                                      "\"response\"",
                                      "\"headers\"",
                                      "\"blob\"",
                                      "\"url\"",
                                      "\"undefined\"",
                                      "\"inf\"",
                                      "\"nan\"",
                                      "\"__proto__\"",
                                      "\"constructor\"",
                                      "\"then\"",
                                      "\"toJSON\"",
                                      "\"length\"",
                                      "\"add\"",
                                      "\"child\"",
                                      "\"echo\"",
                                      "\"call\"",
                                      "\"keep\"",
                                      "\"read\"",
                                      "\"data\"",
                                      "\"n\"",
                                      "\"write\"",
                                      "\"close\"",
                                      "\"AQID\"",
                                      "\"Uint16Array\"",
                                      "[\"export\",-1]",
                                      "[\"promise\",-2]",
                                      "[\"import\",0]",
                                      "[\"pipeline\",1]",
                                      "[\"pipeline\",0,[\"child\"],[]]",
                                      "[\"readable\",1]",
                                      "[\"writable\",-1]",
                                      "[\"export\",-9]",
                                      "[\"error\",\"AggregateError\",\"x\",null,{\"errors\":[[1]]}]",
                                      "[\"bigint\",\"-99999999999999999999\"]"};
  if (!n) return 0;
  uint32_t from = some_value(p, n), to = value_end(p, n, from);
  const char *word = words[rnd(sizeof words / sizeof *words)];
  struct text other = {n, p};
  if (kept_count) {
    uint32_t i = rnd(kept_count);
    other = (struct text){kept[i].length, kept[i].p};
  }
  switch (rnd(8)) {
    case 0:
    case 1:
    case 2:
      return put_in(p, n, from, to, word, (uint32_t)strlen(word));
    case 3: { /* a part of another message */
      uint32_t at = some_value(other.p, other.length);
      return put_in(p, n, from, to, other.p + at, value_end(other.p, other.length, at) - at);
    }
    case 4: /* out */
      return put_in(p, n, from, to + (to < n && p[to] == ','), "", 0);
    case 5: /* twice */
      return put_in(p, put_in(p, n, from, from, ",", 1), from, from, p + from, to - from);
    case 6: { /* nested more */
      n = put_in(p, n, to, to, "]]", 2);
      return put_in(p, n, from, from, "[[", 2);
    }
    default:
      p[rnd(n)] = (char)rnd(128);
      return n;
  }
}

/* ---- the client ---- */

static void put_upgrade(struct buf *out) {
  size_t mark = buf_frame_begin(out, FRAME_EVENT, FRAME_END, 1, stream);
  buf_put_u8(out, EVENT_FETCH);
  buf_put_u32(out, 0);
  buf_put_u32(out, 0);
  buf_put_cstr(out, "");
  buf_put_cstr(out, "");
  buf_put_cstr(out, "GET");
  buf_put_cstr(out, "http://a/");
  buf_put_u16(out, 1);
  buf_put_cstr(out, "upgrade");
  buf_put_cstr(out, "websocket");
  buf_put_u64(out, 0);
  buf_frame_end(out, mark);
}

static void put_message(struct buf *out, const char *p, uint32_t n) {
  uint8_t text = change && !rnd(400) ? 0 : FRAME_TEXT;
  uint32_t piece = change && !rnd(8) ? rnd(n) + 1 : FRAME_PAYLOAD_MAX;
  uint32_t at = 0;
  do {
    uint32_t left = n - at, k = left < piece ? left : piece;
    struct frame_header h = {
        .length = k, .type = FRAME_MESSAGE, .flags = text | (k < left ? FRAME_MORE : 0), .stream = stream};
    buf_put(out, &h, sizeof h);
    buf_put(out, p + at, k);
    at += k;
  } while (at < n);
}

static void put_window(struct buf *out, uint32_t bytes) {
  size_t mark = buf_frame_begin(out, FRAME_WINDOW, 0, 1, stream);
  buf_put_u32(out, bytes);
  buf_frame_end(out, mark);
}

static void say(struct buf *out, struct text message) {
  static char copy[TEXT_MAX];
  if (message.length > TEXT_MAX) return;
  uint32_t n = message.length;
  memcpy(copy, message.p, n);
  bool spoiled = change && !rnd(change);
  for (uint32_t i = spoiled ? rnd(3) + 1 : 0; i; i--) n = spoil(copy, n);
  counts->passed++;
  counts->changed += spoiled;
  put_message(out, copy, n);
}

/* The lowest id that is introduced in what they said, or 0. */
static int lowest(const char *p, uint32_t n, const char *tag) {
  int least = 0;
  size_t k = strlen(tag);
  for (uint32_t i = 0; i + k < n; i++)
    if (!memcmp(p + i, tag, k) && atoi(p + i + k) < least) least = atoi(p + i + k);
  return least;
}

static void heard(const uint8_t *bytes, uint32_t n) {
  char p[sizeof kept->p + 1];
  if (n > sizeof kept->p) return;
  memcpy(p, bytes, n);
  p[n] = 0;
  if (!memcmp(p, "[\"resolve\",", 11)) answered = true;
  if (!memcmp(p, "[\"push\"", 7) || !memcmp(p, "[\"stream\"", 9) || !memcmp(p, "[\"pipe\"", 7)) their_pushed++;
  int a = -lowest(p, n, "[\"export\","), b = -lowest(p, n, "[\"promise\",");
  if (a > their_exported) their_exported = a;
  if (b > their_exported) their_exported = b;
  uint32_t at = kept_count < KEPT_MAX ? kept_count++ : rnd(KEPT_MAX);
  kept[at].length = n;
  memcpy(kept[at].p, p, n);
}

static void hear(void) {
  struct reader r = reader_over(sent.data, sent.len);
  while (r.left) {
    struct frame_header h;
    const uint8_t *p = read_bytes_borrow(&r, sizeof h);
    memcpy(&h, p, sizeof h);
    p = read_bytes_borrow(&r, h.length);
    if (h.stream != stream) continue;
    if (h.type == FRAME_SHUT || h.type == FRAME_DONE || h.type == FRAME_ERROR) shut = true;
    if (h.type == FRAME_MESSAGE) heard(p, h.length);
  }
}

/* One turn; what waits for a timer runs as well. */
static void step(struct buf *frames) {
  turn(frames);
  buf_clear(frames);
  hear();
  now += 1;
  if (wake_at > now) return;
  wake_at = INFINITY;
  turn(frames);
  hear();
}

/* The client goes, in one of the ways there are. */
static void leave(struct buf *frames) {
  bool well = rnd(2);
  size_t mark = buf_frame_begin(frames, well ? FRAME_SHUT : FRAME_CANCEL, 0, 1, stream);
  if (well) buf_put_u16(frames, 1000);
  buf_frame_end(frames, mark);
  step(frames);
  step(frames);
}

static void begin(struct buf *frames) {
  shut = false;
  pushed = exported = their_pushed = their_exported = 0;
  memset(released, 0, sizeof released);
  put_upgrade(frames);
  step(frames);
}

static void run_round(void) {
  struct buf frames;
  buf_init(&frames, 1 << 26);
  begin(&frames);
  if (!change) {
    static const char call[] = "[\"push\",[\"pipeline\",0,[\"add\"],[1]]]", pull[] = "[\"pull\",1]";
    say(&frames, (struct text){sizeof call - 1, call});
    say(&frames, (struct text){sizeof pull - 1, pull});
    step(&frames);
  }
  for (uint32_t i = rnd(STEPS_MAX) + 20; i && change; i--) {
    for (uint32_t k = rnd(6) + 1; k; k--) say(&frames, some_message());
    put_window(&frames, 1 << 16);
    step(&frames);
    if (!shut) continue;
    leave(&frames);
    stream++;
    begin(&frames);
  }
  leave(&frames);
  buf_free(&frames);
}

int main(int argc, char **argv) { return fuzz_main(argc, argv, "web_guest platform.js worker.js ROUNDS [SEED]"); }
