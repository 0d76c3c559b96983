/* rpc_lies.c: messages of RPC sessions written by hand, each with what must come of it: ids that are guessed, given back
 * or nobody's; counts and lengths that are more than there is, or wrap; nesting; names that every object has. The guest's
 * C is compiled for this machine with sanitizers (guest_host.h); each case has a process of its own, and after it the
 * isolate must still answer.
 *
 *     rpc_lies platform.js lies_worker.js
 */
#include <stdarg.h>

#include "guest_host.h"

/* ---- messages in a notation: words, with a space between
 *
 *     (KIND  (KIND/FLAGS  (KIND/FLAGS/CHANNELS    a message begins
 *     )  )N                                       it ends; its head says that it has N bytes
 *     :N  .N  #N                                  u8, u16, u32
 *     "text                                       str
 *     'text                                       the bytes
 *     iN  sTEXT  [N  {N                           a number, a text, a list and an object, without what is in them
 *     Nxword                                      the word N times
 *     ^  ^N                                       from here on in the next frame, which N channels come before
 *     ~                                           the guest has a turn; from here on in the next frame
 */
enum { CALL = 1, SETTLE, PULL, RELEASE }; /* as in guest/rpc/binary.c */
enum { EXPORTED = 1 };
enum { T_UNDEFINED = 1, T_INT = 5, T_LATIN1 = 8, T_OBJECT = 11, T_DENSE = 13, T_ERROR = 20, T_MORE = 24 }; /* clone_parts.h */
enum { HEAD_BYTES = 8 };

static size_t mark; /* of the message that has begun */

static void put_int(struct buf *b, const char *text, int bytes) {
  uint64_t v = (uint64_t)strtoll(text, NULL, 0);
  buf_put(b, &v, (size_t)bytes);
}

static void begin(struct buf *b, const char *p) {
  char *end;
  unsigned long parts[3] = {strtoul(p, &end, 0)};
  for (int i = 1; *end == '/' && i < 3; i++) parts[i] = strtoul(end + 1, &end, 0);
  mark = b->len;
  buf_put_u32(b, 0);
  buf_put_u8(b, (uint8_t)parts[0]);
  buf_put_u8(b, (uint8_t)parts[1]);
  buf_put_u16(b, (uint16_t)parts[2]);
}

static void end(struct buf *b, const char *p) {
  uint32_t length = *p ? (uint32_t)strtoul(p, NULL, 0) : (uint32_t)(b->len - mark - HEAD_BYTES);
  memcpy(b->data + mark, &length, sizeof length);
}

static void put_word(struct buf *b, const char *p) {
  char *rest;
  unsigned long times = strtoul(p, &rest, 10);
  if (times && *rest == 'x') {
    while (times--) put_word(b, rest + 1);
    return;
  }
  switch (*p++) {
    case '(':
      begin(b, p);
      break;
    case ')':
      end(b, p);
      break;
    case ':':
      put_int(b, p, 1);
      break;
    case '.':
      put_int(b, p, 2);
      break;
    case '#':
      put_int(b, p, 4);
      break;
    case '"':
      buf_put_cstr(b, p);
      break;
    case '\'':
      buf_put(b, p, strlen(p));
      break;
    case 'i':
      buf_put_u8(b, T_INT);
      put_int(b, p, 4);
      break;
    case 's':
      buf_put_u8(b, T_LATIN1);
      buf_put_cstr(b, p);
      break;
    case '[':
      buf_put_u8(b, T_DENSE);
      put_int(b, p, 4);
      break;
    case '{':
      buf_put_u8(b, T_OBJECT);
      put_int(b, p, 4);
      break;
    default:
      fprintf(stderr, "what is %s\n", p - 1);
      _exit(2);
  }
}

/* Until the notation's end, or a '^' or '~': where it stands. */
static const char *write_messages(struct buf *b, const char *p) {
  char word[256];
  while (*p) {
    size_t n = strcspn(p, " ");
    if (*p == '^' || *p == '~') return p;
    if (n && n < sizeof word) {
      memcpy(word, p, n);
      word[n] = 0;
      put_word(b, word);
    }
    p += n + (p[n] == ' ');
  }
  return p;
}

/* ---- what the guest says, as text */

static char text[1 << 16];
static size_t text_length;

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...) {
  va_list args;
  va_start(args, format);
  int n = vsnprintf(text + text_length, sizeof text - text_length, format, args);
  va_end(args);
  if (n > 0 && text_length + (size_t)n < sizeof text) text_length += (size_t)n;
}

static void note_text(struct reader *r) {
  size_t n;
  uint8_t tag = read_u8(r);
  const char *p = read_str_borrow(r, &n);
  note("%s%.*s", tag == T_LATIN1 ? "" : "?", (int)(n < 200 ? n : 200), p);
}

static void note_value(struct reader *r) {
  uint8_t tag = read_u8(r);
  switch (tag) {
    case T_UNDEFINED:
      note("undefined");
      break;
    case T_INT:
      note("%d", (int32_t)read_u32(r));
      break;
    case T_LATIN1:
      r->p--;
      r->left++;
      note_text(r);
      break;
    case T_ERROR:
      note_text(r);
      note(": ");
      note_text(r);
      break;
    case T_MORE:
      tag = read_u8(r);
      note(tag == EXPORTED ? "object %d" : "part %d", tag == EXPORTED ? (int32_t)read_u32(r) : tag);
      break;
    default:
      note("tag %d", tag);
  }
}

static void note_message(struct reader *r, uint8_t kind) {
  int32_t id = (int32_t)read_u32(r);
  if (text_length) note("; ");
  if (kind == SETTLE) {
    bool failed = read_u8(r);
    read_u8(r);
    note("%d%s ", id, failed ? "!" : " =");
    note_value(r);
  } else if (kind == RELEASE) {
    note("release %d %u", id, read_u32(r));
  } else if (kind == CALL) {
    size_t n;
    note("call %d", id);
    for (unsigned count = read_u16(r); count && !r->bad; count--) {
      const char *p = read_str_borrow(r, &n);
      note(".%.*s", (int)n, p);
    }
  } else {
    note("kind %d of %d", kind, id);
  }
}

/* Messages that are whole; the rest stays. */
static void note_messages(struct buf *in) {
  uint32_t length;
  while (in->len >= HEAD_BYTES) {
    memcpy(&length, in->data, sizeof length);
    if (in->len - HEAD_BYTES < length) return;
    struct reader r = reader_over(in->data + HEAD_BYTES, length);
    note_message(&r, in->data[4]);
    buf_drop_front(in, HEAD_BYTES + length);
  }
}

static void note_error(struct reader *r) {
  size_t n[2];
  const char *p[2];
  uint8_t code = read_u8(r);
  for (int i = 0; i < 2; i++) p[i] = read_str_borrow(r, &n[i]);
  if (text_length) note("; ");
  note("broke");
  if (code) note(" with %d", code);
  note(" %.*s: %.*s", (int)n[0], p[0], (int)n[1], p[1]);
}

/* ---- the guest as one end of a session, this program as the other */

static uint32_t stream;      /* of the session that is looked at */
static uint32_t opened;      /* by the guest: the last one */
static bool over;
static struct buf heard, body;

static void look(void) {
  struct reader r = reader_over(sent.data, sent.len);
  while (r.left) {
    struct frame_header h;
    memcpy(&h, read_bytes_borrow(&r, sizeof h), sizeof h);
    struct reader payload = reader_over(read_bytes_borrow(&r, h.length), h.length);
    if (h.type == FRAME_FETCH) {
      opened = h.stream;
    } else if (h.type == FRAME_HEAD && h.stream != stream) {
      size_t n;
      read_u16(&payload);
      read_str_borrow(&payload, &n);
      for (unsigned count = 2 * (unsigned)read_u16(&payload); count; count--) read_str_borrow(&payload, &n);
      read_u64(&payload);
      buf_put(&body, payload.p, payload.left);
    } else if (h.type == FRAME_BODY) {
      buf_put(&body, payload.p, payload.left);
    }
    if (h.stream != stream) continue;
    if (h.type == FRAME_MESSAGE) {
      buf_put(&heard, payload.p, payload.left);
      note_messages(&heard);
    } else if (h.type == FRAME_ERROR) {
      note_error(&payload);
    } else if (h.type == FRAME_CANCEL || h.type == FRAME_DONE) {
      over = true;
    }
  }
}

enum { TURNS_MAX = 100 };

/* Turns, until nothing is to be done without us; `frames` is taken. */
static void run(struct buf *frames) {
  wake_at = INFINITY;
  for (int i = 0; i < TURNS_MAX && (frames->len || wake_at < INFINITY); i++) {
    now += 1;
    if (!frames->len) {
      now = wake_at > now ? wake_at : now;
      wake_at = INFINITY;
    }
    turn(frames);
    buf_clear(frames);
    look();
  }
}

static void put_event(struct buf *b, uint32_t on, uint8_t kind, const char *entrypoint) {
  buf_frame_begin(b, FRAME_EVENT, kind == EVENT_RPC ? FRAME_ASKS : FRAME_END, 1, on);
  buf_put_u8(b, kind);
  buf_put_u64(b, 0);
  buf_put_cstr(b, entrypoint);
  buf_put_cstr(b, "");
}

static void put_rest(struct buf *frames, const uint8_t *p, size_t n) {
  while (n) {
    size_t part = n < FRAME_PAYLOAD_MAX ? n : FRAME_PAYLOAD_MAX;
    size_t at = buf_frame_begin(frames, FRAME_MESSAGE, 0, 1, stream);
    buf_put(frames, p, part);
    buf_frame_end(frames, at);
    p += part;
    n -= part;
  }
}

/* Says it on the stream. */
static void say(struct buf *frames, const char *messages) {
  struct buf b;
  buf_init(&b, 1u << 27);
  while (*messages) {
    messages = write_messages(&b, messages);
    put_rest(frames, b.data, b.len);
    buf_clear(&b);
    if (!*messages) break;
    if (*messages == '~') run(frames);
    char *rest;
    unsigned long channels = strtoul(messages + 1, &rest, 10);
    messages = rest;
    if (!channels) continue;
    size_t at = buf_frame_begin(frames, FRAME_CAPS, 0, 1, stream);
    for (unsigned long i = 0; i < channels; i++) buf_put_u32(frames, CHANNEL_GIVEN | (uint32_t)(100 + i));
    buf_frame_end(frames, at);
  }
  buf_free(&b);
}

static void begin_session(struct buf *frames, uint32_t on) {
  stream = on;
  text_length = 0;
  text[0] = 0;
  over = false;
  buf_clear(&heard);
  size_t at = frames->len;
  put_event(frames, on, EVENT_RPC, "Main");
  buf_frame_end(frames, at);
}

static int compare(const char *name, const char *should) {
  if (!strcmp(text, should)) return 0;
  fprintf(stderr, "%s:\n  is:     %s\n  should: %s\n", name, text, should);
  return 1;
}

#define ADD "(1/1 #0 .1 \"add :0 [2 i1 i2 )"

/* Is it as if nothing had been? */
static int answers(const char *name, struct buf *frames) {
  begin_session(frames, STREAM_EVENT | 2);
  say(frames, ADD " (1/1 #0 .1 \"untouched :0 [0 )");
  run(frames);
  return compare(name, "1 = 3; 2 = 12");
}

struct lie {
  const char *name, *messages, *should;
};

/* The guest is the callee. */
static int to_callee(const struct lie *lie) {
  struct buf frames;
  buf_init(&frames, 1u << 28);
  begin_session(&frames, STREAM_EVENT | 1);
  say(&frames, lie->messages);
  run(&frames);
  int bad = compare(lie->name, lie->should);
  bad |= answers(lie->name, &frames);
  if (bad && text_length == 0) fprintf(stderr, "%s: nothing was said\n", lie->name);
  return bad;
}

/* The guest is the caller: of a scene of the Worker's, whose name is the case's first word. */
static int to_caller(const struct lie *lie) {
  struct buf frames;
  char url[64] = "http://a/";
  buf_init(&frames, 1u << 28);
  strncat(url, lie->name, strcspn(lie->name, ":"));
  stream = 0;
  size_t at = frames.len;
  put_event(&frames, STREAM_EVENT | 1, EVENT_FETCH, "");
  buf_put_cstr(&frames, "GET");
  buf_put_cstr(&frames, url);
  buf_put_u16(&frames, 0);
  buf_put_u64(&frames, 0);
  buf_frame_end(&frames, at);
  run(&frames);
  stream = opened;
  text_length = 0;
  say(&frames, lie->messages);
  run(&frames);
  text_length = 0;
  note("%.*s", (int)body.len, (const char *)body.data);
  int bad = compare(lie->name, lie->should);
  return bad | answers(lie->name, &frames);
}

#include "rpc_lies.h"

/* ---- all of them */

static void run_round(void) {}

int main(int argc, char **argv) {
  enum { CALLEE = sizeof lies_to_callee / sizeof *lies_to_callee, CALLER = sizeof lies_to_caller / sizeof *lies_to_caller };
  unsigned failed = 0, passed = 0;
  if (argc != 3 || guest_load(argv[1], argv[2])) return 2;
  buf_init(&heard, 1u << 27);
  buf_init(&body, 1u << 20);
  for (unsigned i = 0; i < CALLEE + CALLER; i++) {
    const struct lie *lie = i < CALLEE ? &lies_to_callee[i] : &lies_to_caller[i - CALLEE];
    pid_t pid = fork();
    if (!pid) {
      alarm(60);
      state = i + 1;
      _exit(i < CALLEE ? to_callee(lie) : to_caller(lie));
    }
    int status;
    waitpid(pid, &status, 0);
    if (WIFSIGNALED(status)) fprintf(stderr, "%s: signal %d\n", lie->name, WTERMSIG(status));
    if (status)
      failed++;
    else
      passed++;
  }
  printf("%u passed, %u failed\n", passed, failed);
  return failed != 0;
}
