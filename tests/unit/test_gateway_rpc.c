/* test_gateway_rpc.c: sessions, entries and channels in the gateway, with this program in the place of all cells
 * (gateway/cells.h): what isolates say is put in by hand, what they are told is looked at. */
#include "play_cells.h"

#include <fcntl.h>

#include "gateway/log.h"

/* A session from a to b; its stream in b. */
static uint32_t open_session(void) {
  assert_true(fetch(world.a, STREAM, SERVICE, EVENT_RPC, FRAME_ASKS, "first", 5));
  const struct told *event = told(world.b, FRAME_EVENT);
  assert_non_null(event);
  return event->h.stream;
}

static void assert_event(const struct told *t, uint8_t kind, const char *entrypoint, const char *props,
                         const char *rest) {
  struct reader r = reader_over(t->payload, t->h.length);
  size_t n;
  assert_int_equal(read_u8(&r), kind);
  read_u64(&r);
  const char *text = read_str_borrow(&r, &n);
  assert_int_equal(n, strlen(entrypoint));
  assert_memory_equal(text, entrypoint, n);
  text = read_str_borrow(&r, &n);
  assert_int_equal(n, strlen(props));
  assert_memory_equal(text, props, n);
  assert_int_equal(r.left, strlen(rest));
  assert_memory_equal(r.p, rest, r.left);
}

/* ---- sessions ---- */

static void test_session_from_start_to_end(void **state) {
  uint32_t stream = open_session();
  (void)state;
  assert_event(told(world.b, FRAME_EVENT), EVENT_RPC, "E", "{\"p\": 1}", "first");
  assert_int_equal(told(world.b, FRAME_EVENT)->h.flags, FRAME_ASKS);
  assert_true(say(world.b, FRAME_MESSAGE, FRAME_ASKS, stream, "back", 4));
  const struct told *t = told(world.a, FRAME_MESSAGE);
  assert_int_equal(t->h.stream, STREAM);
  assert_int_equal(t->h.flags, FRAME_ASKS);
  assert_memory_equal(t->payload, "back", 4);
  assert_true(say(world.a, FRAME_MESSAGE, 0, STREAM, "there", 5));
  assert_int_equal(told(world.b, FRAME_MESSAGE)->h.stream, stream);
  assert_true(say_number(world.a, FRAME_WINDOW, STREAM, 20));
  assert_true(say_number(world.b, FRAME_WINDOW, stream, 21));
  assert_int_equal(cap(told(world.b, FRAME_WINDOW), 0), 20);
  assert_int_equal(cap(told(world.a, FRAME_WINDOW), 0), 21);
  assert_true(say(world.b, FRAME_DONE, 0, stream, NULL, 0));
  assert_int_equal(told(world.a, FRAME_DONE)->h.stream, STREAM);
  assert_int_equal(world.registry.exchanges, 1);
  forget(); /* what crossed the end is dropped */
  assert_true(say(world.a, FRAME_MESSAGE, 0, STREAM, "late", 4));
  assert_true(say(world.a, FRAME_CANCEL, 0, STREAM, NULL, 0));
  assert_true(say(world.b, FRAME_MESSAGE, 0, stream, "late", 4));
  assert_true(say(world.b, FRAME_DONE, 0, stream, NULL, 0));
  assert_int_equal(cells.count, 0);
}

static void test_session_that_its_caller_cancels(void **state) {
  uint32_t stream = open_session();
  (void)state;
  assert_true(say(world.a, FRAME_CANCEL, 0, STREAM, NULL, 0));
  assert_int_equal(told(world.b, FRAME_CANCEL)->h.stream, stream);
  forget();
  assert_true(say(world.b, FRAME_MESSAGE, 0, stream, "x", 1)); /* goes on, unheard */
  assert_true(say_number(world.b, FRAME_WINDOW, stream, 5));
  assert_int_equal(cells.count, 0);
  assert_int_equal(world.registry.exchanges, 2);
  assert_true(say(world.b, FRAME_DONE, 0, stream, NULL, 0));
  assert_int_equal(world.registry.exchanges, 1);
  assert_int_equal(cells.count, 0);
}

static void test_session_that_breaks(void **state) {
  uint32_t stream = open_session();
  (void)state;
  assert_true(say(world.b, FRAME_ERROR, 0, stream, "\0\0\0\0\0\0\0\0\0\0\0\0\0", 13));
  assert_error(told(world.a, FRAME_ERROR), ERROR_THROWN);
  assert_true(say(world.b, FRAME_DONE, 0, stream, NULL, 0));
  assert_null(told(world.a, FRAME_DONE));
  assert_int_equal(world.registry.exchanges, 1);
}

static void test_session_whose_callee_dies(void **state) {
  open_session();
  (void)state;
  isolate_end_code(cells.isolate[world.b], true, ERROR_CPU, "");
  assert_error(told(world.a, FRAME_ERROR), ERROR_CPU);
  forget();
  assert_true(fetch(world.a, STREAM, SERVICE, EVENT_RPC, 0, "again", 5)); /* and b is started again */
  world.b = number_of("b");
  assert_true(told_at(told(world.b, FRAME_LOAD)) < told_at(told(world.b, FRAME_EVENT)));
}

static void test_session_whose_caller_dies(void **state) {
  uint32_t stream = open_session();
  (void)state;
  isolate_end_code(cells.isolate[world.a], true, ERROR_CPU, "");
  assert_int_equal(told(world.b, FRAME_CANCEL)->h.stream, stream);
  assert_true(say(world.b, FRAME_DONE, 0, stream, NULL, 0));
}

static bool wall_counts(void) {
  const struct exchange *x = table_get(&cells.isolate[world.a]->fetches, STREAM);
  return x->wall.place;
}

static void test_wall_time_counts_while_an_answer_is_due(void **state) {
  uint32_t stream = open_session();
  (void)state;
  assert_true(wall_counts());
  say(world.b, FRAME_MESSAGE, 0, stream, "x", 1);
  assert_false(wall_counts());
  say(world.a, FRAME_MESSAGE, 0, STREAM, "x", 1);
  assert_false(wall_counts());
  say(world.a, FRAME_MESSAGE, FRAME_ASKS, STREAM, "x", 1);
  assert_true(wall_counts());
  say(world.a, FRAME_MESSAGE, 0, STREAM, "x", 1);
  assert_true(wall_counts());
  say(world.b, FRAME_MESSAGE, FRAME_ASKS, stream, "x", 1);
  assert_false(wall_counts());
  const struct exchange *x = table_get(&cells.isolate[world.b]->events, stream);
  say(world.a, FRAME_CANCEL, 0, STREAM, NULL, 0);
  assert_true(x->wall.place);
}

static void test_a_hundred_thousand_sessions(void **state) {
  (void)state;
  cells.deaf = true;
  struct isolate *a = cells.isolate[world.a], *b = cells.isolate[world.b];
  for (uint32_t i = 1; i <= 100000; i++) {
    a->subrequests_left = 1;
    assert_true(fetch(world.a, STREAM_GUEST | i, SERVICE, EVENT_RPC, 0, "x", 1));
    assert_true(say(world.a, FRAME_CANCEL, 0, STREAM_GUEST | i, NULL, 0));
    if (b->events.count == world.config.limits.value[LIMIT_EVENTS]) { /* more are refused until b is through */
      a->subrequests_left = 1;
      assert_true(fetch(world.a, STREAM, SERVICE, EVENT_RPC, 0, "x", 1));
      assert_null(table_get(&a->fetches, STREAM));
      uint32_t at = 0;
      for (struct exchange *x; (x = table_next(&b->events, &at)); at = 0)
        assert_true(say(world.b, FRAME_DONE, 0, x->callee_stream, NULL, 0));
    }
  }
  assert_int_equal(a->fetches.count, 0);
  assert_true(a->fetches.cap <= 64 && b->events.cap <= 4096);
  assert_true(b->subrequests_left <= (uint64_t)b->worker->subrequests * b->events.count);
}

/* ---- channels ---- */

static void test_channel_passed_on(void **state) {
  uint32_t stream = open_session();
  (void)state;
  assert_true(make(world.a, MINE, "X", "mine", 4));
  uint32_t both[] = {MINE, SERVICE};
  assert_true(say(world.a, FRAME_CAPS, 0, STREAM, both, sizeof both));
  const struct told *caps = told(world.b, FRAME_CAPS);
  assert_int_equal(caps->h.stream, stream);
  assert_int_equal(caps->h.length, 8);
  uint32_t x = cap(caps, 0), self = cap(caps, 1);
  assert_true((x & CHANNEL_GIVEN) && x < STREAM_EVENT && x != self);
  assert_true(say_number(world.a, FRAME_RELEASE, MINE, 0)); /* its own number is its own affair */
  forget();
  assert_true(fetch(world.b, STREAM, x, EVENT_RPC, 0, "hi", 2));
  assert_event(told(world.a, FRAME_EVENT), EVENT_RPC, "X", "mine", "hi");
  assert_true(fetch(world.b, STREAM + 1, self, EVENT_RPC, 0, "me", 2));
  assert_event(told(world.b, FRAME_EVENT), EVENT_RPC, "E", "{\"p\": 1}", "me");
  forget();
  assert_true(say_number(world.b, FRAME_CAPS, stream, x)); /* and back */
  assert_int_equal(told(world.a, FRAME_CAPS)->h.stream, STREAM);
  assert_true(cap(told(world.a, FRAME_CAPS), 0) & CHANNEL_GIVEN);
  assert_true(say(world.b, FRAME_RELEASE, 0, x, NULL, 0));
  assert_false(fetch(world.b, STREAM + 2, x, EVENT_RPC, 0, "hi", 2));
  assert_error(told(world.a, FRAME_ERROR), ERROR_PROTOCOL);
}

/* The entry outlives the isolate that passed it. */
static void test_channel_outlives_its_maker(void **state) {
  open_session();
  (void)state;
  assert_true(make(world.a, MINE, "X", "", 0));
  assert_true(say_number(world.a, FRAME_CAPS, STREAM, MINE));
  uint32_t x = cap(told(world.b, FRAME_CAPS), 0);
  isolate_end_code(cells.isolate[world.a], true, ERROR_CPU, "");
  forget();
  assert_true(fetch(world.b, STREAM, x, EVENT_FETCH, FRAME_END,
                    "\3\0\0\0GET\1\0\0\0u\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 22));
  world.a = number_of("a");
  assert_true(told_at(told(world.a, FRAME_LOAD)) < told_at(told(world.a, FRAME_EVENT)));
}

static void test_props_name_channels(void **state) {
  open_session();
  (void)state;
  assert_true(make(world.a, MINE, "X", "", 0));
  uint32_t both[] = {MINE, SERVICE};
  assert_true(say(world.a, FRAME_CAPS, 0, MINE + 1, both, sizeof both));
  assert_true(make(world.a, MINE + 1, "Y", "p", 1));
  assert_true(say_number(world.a, FRAME_CAPS, STREAM, MINE + 1));
  uint32_t y = cap(told(world.b, FRAME_CAPS), 0);
  forget();
  assert_true(fetch(world.b, STREAM, y, EVENT_RPC, 0, "", 0));
  const struct told *caps = told(world.a, FRAME_CAPS), *event = told(world.a, FRAME_EVENT);
  assert_int_equal(caps->h.length, 8);
  assert_int_equal(caps->h.stream, event->h.stream);
  assert_true(told_at(caps) < told_at(event));
  uint32_t x = cap(caps, 0);
  forget();
  assert_true(fetch(world.a, STREAM + 5, x, EVENT_RPC, 0, "", 0));
  assert_event(told(world.a, FRAME_EVENT), EVENT_RPC, "X", "", "");
}

/* Caps before a FETCH go to its event; those before nothing, or before another frame, to nobody. */
static void test_caps_ahead_of_their_frame(void **state) {
  (void)state;
  assert_true(make(world.a, MINE, "X", "", 0));
  assert_true(say_number(world.a, FRAME_CAPS, STREAM + 7, MINE));
  assert_true(say_number(world.a, FRAME_CAPS, STREAM, MINE));
  assert_true(say(world.a, FRAME_GET, 0, OWN + 9, "\1\0\0\0\0\0\0\0\0", 9));
  assert_true(fetch(world.a, STREAM, OWN + 9, EVENT_RPC, 0, "", 0)); /* waits for its code */
  assert_true(fetch(world.a, STREAM + 7, SERVICE, EVENT_RPC, 0, "", 0));
  assert_null(told(world.b, FRAME_CAPS));
  assert_true(say_number(world.a, FRAME_CAPS, STREAM + 8, MINE));
  assert_true(fetch(world.a, STREAM + 9, SERVICE, EVENT_RPC, 0, "", 0));
  assert_true(fetch(world.a, STREAM + 8, SERVICE, EVENT_RPC, 0, "", 0));
  assert_null(told(world.b, FRAME_CAPS));
  assert_true(say_number(world.a, FRAME_CAPS, STREAM_EVENT | 0x777, MINE)); /* of an event that is over */
}

/* What comes for a Worker that is being loaded is kept, in order, and channels as entries. */
static void test_session_that_waits_for_code(void **state) {
  (void)state;
  get(OWN + 9);
  assert_true(make(world.a, MINE, "X", "", 0));
  assert_true(say_number(world.a, FRAME_CAPS, STREAM, MINE));
  assert_true(fetch(world.a, STREAM, OWN + 9, EVENT_RPC, 0, "1", 1));
  assert_true(say_number(world.a, FRAME_CAPS, STREAM, MINE));
  assert_true(say(world.a, FRAME_MESSAGE, 0, STREAM, "2", 1));
  assert_true(say(world.a, FRAME_RELEASE, 0, MINE, NULL, 0));
  forget();
  uint32_t n = send_code(OWN + 9, OUTBOUND_INHERIT);
  static const uint8_t types[] = {FRAME_OPEN, FRAME_LOAD, FRAME_CAPS, FRAME_EVENT, FRAME_CAPS, FRAME_MESSAGE};
  assert_int_equal(cells.count, sizeof types);
  for (size_t i = 0; i < sizeof types; i++) {
    assert_int_equal(cells.told[i].h.type, types[i]);
    assert_int_equal(cells.told[i].h.isolate, n);
  }
  uint32_t stream = cells.told[3].h.stream, x = cap(&cells.told[4], 0);
  assert_int_equal(cells.told[2].h.stream, stream);
  assert_int_not_equal(cap(&cells.told[2], 0), x);
  forget();
  assert_true(fetch(n, STREAM, x, EVENT_RPC, 0, "", 0));
  assert_event(told(world.a, FRAME_EVENT), EVENT_RPC, "X", "", "");
  forget();
  isolate_end_code(cells.isolate[n], true, ERROR_MEMORY, "");
  assert_error(told(world.a, FRAME_ERROR), ERROR_MEMORY);
}

static void test_session_whose_code_does_not_come(void **state) {
  (void)state;
  get(OWN + 9);
  assert_true(make(world.a, MINE, "X", "", 0));
  assert_true(fetch(world.a, STREAM, OWN + 9, EVENT_RPC, 0, "1", 1));
  assert_true(say_number(world.a, FRAME_CAPS, STREAM, MINE));
  assert_true(say(world.a, FRAME_RELEASE, 0, OWN + 9, NULL, 0));
  assert_error(told(world.a, FRAME_ERROR), ERROR_GONE);
}

static void test_env_and_outbound_of_a_dynamic_worker(void **state) {
  (void)state;
  get(OWN + 9);
  assert_true(make(world.a, MINE, "Outbound", "o", 1));
  uint32_t both[] = {SERVICE, MINE};
  assert_true(say(world.a, FRAME_CAPS, 0, OWN + 9, both, sizeof both));
  assert_true(fetch(world.a, STREAM, OWN + 9, EVENT_RPC, 0, "1", 1) && cells.isolate[world.a]);
  assert_true(say(world.a, FRAME_CAPS, 0, OWN + 9, both, sizeof both)); /* the FETCH was between: forgotten */
  forget();
  uint32_t n = send_code(OWN + 9, OUTBOUND_CHANNEL);
  assert_int_equal(told(n, FRAME_CAPS)->h.length, 4);
  assert_int_equal(told(n, FRAME_CAPS)->h.stream, 0);
  assert_true(told_at(told(n, FRAME_CAPS)) < told_at(told(n, FRAME_LOAD)));
  uint32_t service = cap(told(n, FRAME_CAPS), 0);
  assert_true(say(world.a, FRAME_RELEASE, 0, MINE, NULL, 0));
  forget();
  assert_true(fetch(n, STREAM, service, EVENT_RPC, 0, "", 0));
  assert_event(told(world.b, FRAME_EVENT), EVENT_RPC, "E", "{\"p\": 1}", "");
  const char request[] = "\3\0\0\0GET\1\0\0\0u\0\0\0\0\0\0\0\0\0";
  assert_true(fetch(n, STREAM + 1, 0, EVENT_FETCH, FRAME_END | FRAME_HAS_BODY, request, 22));
  struct reader r = reader_over(told(world.a, FRAME_EVENT)->payload, 100);
  size_t length;
  read_bytes_borrow(&r, 9);
  assert_memory_equal(read_str_borrow(&r, &length), "Outbound", 8);
  assert_false(fetch(n, STREAM + 2, 0, EVENT_RPC, 0, "", 0));
}

/* Each event of a fresh Worker has an isolate of its own, which has the template's channels and nothing of the others'.
 */
static void test_copies_of_a_fresh_worker(void **state) {
  (void)state;
  assert_true(say(world.a, FRAME_GET, 0, OWN + 9, "\1\0\0\0\2\0\0\0\0", 9));
  assert_true(say_number(world.a, FRAME_CAPS, OWN + 9, SERVICE));
  uint32_t template = send_code(OWN + 9, OUTBOUND_INHERIT), copies[2], open[4];
  uint32_t service = cap(told(template, FRAME_CAPS), 0);
  assert_true(fetch(world.a, STREAM, OWN + 9, EVENT_RPC, 0, "1", 1));
  assert_null(told(template, FRAME_EVENT));
  for (uint32_t i = 0; i < 2; i++) {
    forget();
    if (i)
      assert_true(fetch(world.a, STREAM + 1, OWN + 9, EVENT_RPC, 0, "1", 1));
    else
      load(template);
    copies[i] = cells.opened;
    assert_int_not_equal(copies[i], template);
    memcpy(open, told(copies[i], FRAME_OPEN)->payload, sizeof open);
    assert_int_equal(open[3], template);
    assert_non_null(told(copies[i], FRAME_EVENT));
    assert_null(told(copies[i], FRAME_LOAD));
  }
  forget();
  assert_true(fetch(copies[0], STREAM, service, EVENT_RPC, 0, "", 0));
  assert_event(told(world.b, FRAME_EVENT), EVENT_RPC, "E", "{\"p\": 1}", "");
  assert_true(say(copies[0], FRAME_RELEASE, 0, service, NULL, 0));
  assert_true(fetch(copies[1], STREAM, service, EVENT_RPC, 0, "", 0));
  assert_true(make(copies[1], MINE, "X", "", 0));
  forget();
  assert_true(fetch(copies[1], STREAM + 1, MINE, EVENT_RPC, 0, "", 0));
  uint32_t third = cells.opened;
  assert_true(third != copies[0] && third != copies[1] && third != template);
  assert_event(told(third, FRAME_EVENT), EVENT_RPC, "X", "", "");
  assert_false(fetch(copies[0], STREAM + 1, service, EVENT_RPC, 0, "", 0)); /* it gave that one back */
  isolate_end_code(cells.isolate[template], true, ERROR_GONE, "");
  assert_true(fetch(copies[1], STREAM + 2, service, EVENT_RPC, 0, "", 0));
}

/* What came in frames of this type, as one: its length, or -1 if they are not pieces of one. */
static long whole_length(uint32_t isolate, uint8_t type) {
  long length = 0;
  bool more = true;
  for (size_t i = 0; i < cells.count; i++) {
    const struct told *t = &cells.told[i];
    if (t->h.isolate != isolate || t->h.type != type) continue;
    if (!more || t->h.length < PIECE_SMALLEST) return -1;
    more = t->h.flags & FRAME_MORE;
    if (more && t->h.flags != FRAME_MORE) return -1;
    length += t->h.length;
  }
  return more ? -1 : length;
}

/* Props and a request that fill a frame each: together they go in pieces. */
static void test_event_longer_than_a_frame(void **state) {
  static char props[FRAME_PAYLOAD_MAX - 100], body[FRAME_PAYLOAD_MAX - 200];
  struct buf b;
  (void)state;
  open_session();
  assert_true(make(world.b, MINE, "X", props, sizeof props));
  assert_true(say_number(world.b, FRAME_CAPS, told(world.b, FRAME_EVENT)->h.stream, MINE));
  uint32_t x = cap(told(world.a, FRAME_CAPS), 0);
  forget();
  assert_true(fetch(world.a, STREAM + 1, x, EVENT_RPC, FRAME_ASKS, body, sizeof body));
  assert_int_equal(whole_length(world.b, FRAME_EVENT), 17 + 1 + sizeof props + sizeof body);
  forget();
  buf_init(&b, FRAME_PAYLOAD_MAX);
  buf_put_cstr(&b, "POST");
  buf_put_cstr(&b, "http://x/");
  buf_put_u16(&b, 0);
  buf_put_u64(&b, 5000);
  buf_put(&b, body, 5000);
  assert_true(fetch(world.a, STREAM + 2, x, EVENT_FETCH, FRAME_HAS_BODY | FRAME_END, b.data, b.len));
  assert_int_equal(whole_length(world.b, FRAME_EVENT), 17 + 1 + sizeof props + b.len);
  assert_int_equal(cells.isolate[world.b]->worker->unread_bytes, 2 * (17 + 1 + sizeof props) + sizeof body + b.len);
  buf_free(&b);
}

/* A frame in pieces of the given sizes, of zeros but for its beginning. False: the isolate was closed. */
static bool say_pieces(uint8_t type, uint32_t stream, const struct buf *head, uint32_t piece, uint32_t count) {
  static uint8_t bytes[FRAME_PAYLOAD_MAX];
  memset(bytes, 0, sizeof bytes);
  memcpy(bytes, head->data, head->len);
  for (uint32_t i = 0; i < count; i++) {
    if (!say(world.a, type, i + 1 < count ? FRAME_MORE : 0, stream, bytes, piece)) return false;
    memset(bytes, 0, head->len);
  }
  return true;
}

static struct buf make_head(uint32_t props_length) {
  struct buf b;
  buf_init(&b, 64);
  buf_put_cstr(&b, "X");
  buf_put_u32(&b, props_length);
  return b;
}

/* A MAKE in pieces, as large as it may be, and its event; then one that is larger. */
static void test_make_in_pieces(void **state) {
  enum { PIECE = (PROPS_MAX + 9) / 17 };
  (void)state;
  struct buf head = make_head(17 * PIECE - 9);
  assert_true(say_pieces(FRAME_MAKE, MINE, &head, PIECE, 17));
  assert_int_equal(cells.isolate[world.a]->pieces.len, 0);
  assert_true(cells.isolate[world.a]->worker->entry_bytes > 17 * PIECE - 9);
  forget();
  assert_true(fetch(world.a, STREAM, MINE, EVENT_RPC, FRAME_ASKS, "m", 1));
  assert_int_equal(whole_length(world.a, FRAME_EVENT), 17 + 1 + 17 * PIECE - 9 + 1);
  buf_free(&head);
  head = make_head(18 * PIECE - 9);
  assert_false(say_pieces(FRAME_MAKE, MINE + 1, &head, PIECE, 18));
  buf_free(&head);
}

/* Pieces that never end, of a sum that is wrong, amid others, of a number that is in use, or whose isolate dies. */
static void test_lies_about_pieces(void **state) {
  for (int i = 0; i < 8; i++) {
    setup(state);
    struct buf head = make_head(i == 1 ? UINT32_MAX : 2 * 1000 - 9);
    bool ok = true;
    if (i == 0) ok = say_pieces(FRAME_MAKE, MINE, &head, FRAME_PAYLOAD_MAX, EVENT_MAX / FRAME_PAYLOAD_MAX + 2);
    if (i == 1 || i == 2) ok = say_pieces(FRAME_MAKE, MINE, &head, 1000, 2);
    if (i == 2) ok = ok && !say_pieces(FRAME_MAKE, MINE, &head, 1000, 2); /* its number is not new */
    if (i > 2) assert_true(say(world.a, FRAME_MAKE, FRAME_MORE, MINE, head.data, head.len));
    if (i == 3) ok = say(world.a, FRAME_MAKE, 0, MINE + 1, "\0\0\0\0\0\0\0\0", 8);
    if (i == 4) ok = fetch(world.a, STREAM, SERVICE, EVENT_RPC, 0, "", 0);
    if (i == 5) isolate_end_code(cells.isolate[world.a], true, ERROR_GONE, "");
    if (i == 6) ok = say(world.a, FRAME_LOG, 0, 0, "\2x", 2) && say(world.a, FRAME_WINDOW, 0, STREAM, "\1\0\0\0", 4);
    if (i == 7) ok = say(world.a, FRAME_MAKE, 0, MINE, "\0\0\0\0\0\0\0\0", 8);
    assert_int_equal(ok, i == 2 || i == 5 || i == 6);
    buf_free(&head);
    assert_int_equal(teardown(state), 0);
  }
}

/* Long events that nobody begins are refused at some point, and go on when they were begun. */
static void test_long_events_are_counted(void **state) {
  enum { PIECE = (PROPS_MAX + 9) / 17, MOST = 63 };
  (void)state;
  struct buf head = make_head(17 * PIECE - 9);
  assert_true(say_pieces(FRAME_MAKE, MINE, &head, PIECE, 17));
  buf_free(&head);
  for (uint32_t i = 0; i <= MOST; i++) {
    forget();
    cells.isolate[world.a]->subrequests_left = 10;
    assert_true(fetch(world.a, STREAM + i, MINE, EVENT_RPC, 0, "", 0));
    if (i < MOST) assert_non_null(told(world.a, FRAME_EVENT));
  }
  assert_error(told(world.a, FRAME_ERROR), ERROR_EVENTS);
  for (uint32_t i = 0; i < MOST; i++) assert_true(say(world.a, FRAME_CANCEL, 0, STREAM + i, NULL, 0));
  assert_true(cells.isolate[world.a]->worker->unread_bytes > MOST * PROPS_MAX - MOST * 32);
  struct exchange *x;
  for (uint32_t at = 0; (x = table_next(&cells.isolate[world.a]->events, &at));)
    if (x->unread) break;
  assert_non_null(x);
  assert_true(say(world.a, FRAME_DONE, 0, x->callee_stream, NULL, 0));
  forget();
  cells.isolate[world.a]->subrequests_left = 10;
  assert_true(fetch(world.a, STREAM + MOST + 1, MINE, EVENT_RPC, 0, "", 0));
  assert_non_null(told(world.a, FRAME_EVENT));
}

/* Each entry's props name the one before. Nothing but the last is held, and then that is released. */
static void test_long_chain_of_props(void **state) {
  enum { LENGTH = 300000 };
  (void)state;
  cells.deaf = true;
  assert_true(make(world.a, MINE, "", "", 0));
  for (uint32_t i = 1; i < LENGTH; i++) {
    assert_true(say_number(world.a, FRAME_CAPS, MINE + i, MINE + i - 1));
    assert_true(make(world.a, MINE + i, "", "", 0));
    assert_true(say(world.a, FRAME_RELEASE, 0, MINE + i - 1, NULL, 0));
  }
  assert_int_equal(cells.isolate[world.a]->channels.count, 2 + 1);
  assert_true(cells.isolate[world.a]->worker->entry_bytes > LENGTH * sizeof(struct entry));
  assert_true(say(world.a, FRAME_RELEASE, 0, MINE + LENGTH - 1, NULL, 0));
  assert_int_equal(cells.isolate[world.a]->worker->entry_bytes, 0);
}

/* The same through Workers: the outbound of each leads to the one before. */
static void test_long_chain_of_outbounds(void **state) {
  enum { LENGTH = 20000 };
  (void)state;
  cells.deaf = true;
  assert_true(make(world.a, MINE, "", "", 0));
  uint32_t given = MINE;
  for (uint32_t i = 0; i < LENGTH; i++) {
    cells.isolate[world.a]->subrequests_left = 1;
    get(OWN + 9);
    assert_true(fetch(world.a, STREAM, OWN + 9, EVENT_RPC, 0, "", 0));
    assert_true(say_number(world.a, FRAME_CAPS, OWN + 9, given));
    uint32_t n = send_code(OWN + 9, OUTBOUND_CHANNEL);
    assert_true(say(world.a, FRAME_RELEASE, 0, given, NULL, 0));
    assert_true(make(n, MINE, "", "", 0)); /* handed back to a */
    assert_true(say_number(n, FRAME_CAPS, STREAM_EVENT | 0, MINE));
    given = CHANNEL_GIVEN | cells.isolate[world.a]->next_given;
    assert_true(say(world.a, FRAME_CANCEL, 0, STREAM, NULL, 0));
    isolate_end_code(cells.isolate[n], true, ERROR_GONE, "");
    assert_true(say(world.a, FRAME_RELEASE, 0, OWN + 9, NULL, 0));
  }
  assert_true(say(world.a, FRAME_RELEASE, 0, given, NULL, 0));
  assert_int_equal(world.registry.hosts[0].worker->entry_bytes, 0);
}

/* An entry that is nowhere yet has no number, so that its own props cannot name it. */
static void test_no_cycles(void **state) {
  (void)state;
  assert_false(say_number(world.a, FRAME_CAPS, MINE, MINE));
}

/* ---- limits ---- */

static int setup_small(void **state) {
  (void)state;
  start_world("\"stubs\": 8");
  return 0;
}

/* The session is at an end, its isolates are not. */
static void test_more_channels_than_the_receiver_may_hold(void **state) {
  uint32_t stream = open_session(), nine[9];
  (void)state;
  for (int i = 0; i < 9; i++) nine[i] = SERVICE;
  assert_true(say(world.a, FRAME_CAPS, 0, STREAM, nine, 8 * sizeof *nine));
  assert_int_equal(told(world.b, FRAME_CAPS)->h.length, 32);
  assert_true(say(world.a, FRAME_CAPS, 0, STREAM, nine, 1 * sizeof *nine));
  assert_error(told(world.a, FRAME_ERROR), ERROR_CHANNELS);
  assert_int_equal(told(world.b, FRAME_CANCEL)->h.stream, stream);
  assert_true(say(world.b, FRAME_MESSAGE, 0, stream, "late", 4));
  assert_true(say(world.b, FRAME_DONE, 0, stream, NULL, 0));
  assert_int_equal(world.registry.exchanges, 1);
  assert_int_equal(cells.isolate[world.b]->channels.count, 8);
  forget();
  assert_true(make(world.a, MINE, "", "", 0)); /* props that name one */
  assert_true(say_number(world.a, FRAME_CAPS, STREAM, SERVICE));
  get(OWN + 9);
  assert_true(fetch(world.a, STREAM, OWN + 9, EVENT_RPC, 0, "", 0));
}

static void test_pending_caps_are_bounded(void **state) {
  (void)state;
  for (int i = 0; i < 8; i++) assert_true(say_number(world.a, FRAME_CAPS, STREAM, SERVICE));
  assert_false(say_number(world.a, FRAME_CAPS, STREAM, SERVICE));
}

static void test_channels_are_bounded(void **state) {
  (void)state;
  for (uint32_t i = 0; i < 6; i++) assert_true(make(world.a, MINE + i, "", "", 0));
  assert_false(make(world.a, MINE + 6, "", "", 0));
}

static void test_props_are_bounded(void **state) {
  static char props[60000];
  uint32_t i = 0;
  (void)state;
  get(OWN + 9);
  assert_true(fetch(world.a, STREAM, OWN + 9, EVENT_RPC, 0, "", 0));
  uint32_t n = send_code(OWN + 9, OUTBOUND_NONE);
  while (i < 1000 && make(n, MINE + i, "", props, sizeof props)) i++;
  assert_int_equal(i, (4 << 20) / (sizeof(struct entry) + sizeof props));
  assert_non_null(cells.isolate[world.a]);
}

static void test_session_passes_too_much_while_it_waits(void **state) {
  uint32_t three[] = {SERVICE, SERVICE, SERVICE};
  (void)state;
  get(OWN + 9);
  assert_true(fetch(world.a, STREAM, OWN + 9, EVENT_RPC, 0, "", 0));
  for (int i = 0; i < 3; i++) assert_true(say(world.a, FRAME_CAPS, 0, STREAM, three, sizeof three));
  assert_true(say(world.a, FRAME_MESSAGE, 0, STREAM, "x", 1));
  forget();
  uint32_t n = send_code(OWN + 9, OUTBOUND_NONE);
  assert_error(told(world.a, FRAME_ERROR), ERROR_CHANNELS);
  assert_non_null(told(n, FRAME_CANCEL));
  assert_null(told(n, FRAME_MESSAGE));
  assert_true(say(n, FRAME_DONE, 0, told(n, FRAME_EVENT)->h.stream, NULL, 0));
}

/* ---- lies ---- */

static bool much(uint32_t from, uint32_t stream, uint8_t type, const void *payload, size_t length) {
  static const uint8_t bytes[FRAME_PAYLOAD_MAX];
  for (size_t cost = 0; cost <= STREAM_WINDOW; cost += length + MESSAGE_COST)
    if (!say(from, type, 0, stream, payload ? payload : bytes, length))
      return cost + length + MESSAGE_COST > STREAM_WINDOW;
  return false;
}

static void test_lies(void **state) {
  enum { FROM_A, FROM_B };
  static const uint32_t unknown = 0x12345, loader = LOADER, none = 0, stub = OWN + 9;
  static const uint8_t zeros[1025 * 4];
  static const struct {
    uint8_t from, type;
    uint32_t stream; /* 0: of the session */
    const void *payload;
    size_t length;
  } lies[] = {
      {FROM_A, FRAME_CAPS, STREAM, &unknown, 4},
      {FROM_A, FRAME_CAPS, STREAM, &loader, 4},
      {FROM_A, FRAME_CAPS, STREAM, &none, 4},
      {FROM_A, FRAME_CAPS, STREAM, &stub, 4},
      {FROM_A, FRAME_CAPS, STREAM + 1, &unknown, 4},
      {FROM_A, FRAME_CAPS, STREAM_EVENT | 99, &unknown, 4},
      {FROM_A, FRAME_CAPS, STREAM_EVENT | 0, "\2\0\0\0", 4}, /* of the client's event */
      {FROM_A, FRAME_CAPS, STREAM, zeros, 5},
      {FROM_A, FRAME_CAPS, STREAM, zeros, sizeof zeros},
      {FROM_B, FRAME_CAPS, 0, &unknown, 4},
      {FROM_A, FRAME_MAKE, stub, zeros, 8},
      {FROM_A, FRAME_MAKE, 1, zeros, 8},
      {FROM_A, FRAME_MAKE, SERVICE, zeros, 8},
      {FROM_A, FRAME_MAKE, 0x9999, zeros, 9},
      {FROM_A, FRAME_MAKE, 0x9999, "\377\377\377\377\0\0\0\0", 8},
      {FROM_A, FRAME_MAKE, CHANNEL_GIVEN, zeros, 8},
      {FROM_A, FRAME_MAKE, STREAM_EVENT, zeros, 8},
      {FROM_A, FRAME_MAKE, STREAM_GUEST, zeros, 8},
      {FROM_A, FRAME_MAKE, 0, zeros, 8},
      {FROM_A, FRAME_RULES, stub, "{}", 2},
      {FROM_A, FRAME_RULES, 1, "{}", 2},
      {FROM_A, FRAME_RULES, SERVICE, "{}", 2},
      {FROM_A, FRAME_RULES, CHANNEL_GIVEN, "{}", 2},
      {FROM_A, FRAME_RULES, STREAM_EVENT, "{}", 2},
      {FROM_A, FRAME_RULES, STREAM_GUEST, "{}", 2},
      {FROM_A, FRAME_RULES, 0, "{}", 2},
      {FROM_A, FRAME_GET, CHANNEL_GIVEN | 5, "\1\0\0\0\0\0\0\0\0", 9},
      {FROM_A, FRAME_BODY, STREAM, zeros, 1},
      {FROM_A, FRAME_SHUT, STREAM, zeros, 2},
      {FROM_A, FRAME_ERROR, STREAM, zeros, 13},
      {FROM_A, FRAME_DONE, STREAM, NULL, 0},
      {FROM_A, FRAME_HEAD, STREAM, zeros, 16},
      {FROM_A, FRAME_WINDOW, STREAM, "\377\377\377\177", 4},
      {FROM_B, FRAME_BODY, 0, zeros, 1},
      {FROM_B, FRAME_SHUT, 0, zeros, 2},
      {FROM_B, FRAME_HEAD, 0, zeros, 16},
      {FROM_B, FRAME_CANCEL, 0, NULL, 0},
      {FROM_B, FRAME_WINDOW, 0, "\377\377\377\177", 4},
  };
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    setup(state);
    get(stub);
    uint32_t stream = open_session(), liar = lies[i].from == FROM_A ? world.a : world.b;
    bool ok = say(liar, lies[i].type, 0, lies[i].stream ? lies[i].stream : stream, lies[i].payload, lies[i].length);
    if (ok) print_message("lie %zu was believed\n", i);
    assert_false(ok);
    assert_non_null(cells.isolate[lies[i].from == FROM_A ? world.b : world.a]); /* nobody else is hurt */
    assert_int_equal(teardown(state), 0);
  }
}

/* Rules that cannot be read are no lie: nothing goes out by them. */
static void test_odd_rules(void **state) {
  static const char *const odd[] = {"",
                                    "{",
                                    "[]",
                                    "null",
                                    "{\"allow\":{}}",
                                    "{\"allow\":[5]}",
                                    "{\"allow\":[{\"host\":5}]}",
                                    "{\"allow\":[{\"hosts\":[]}]}",
                                    "{\"deny\":[{\"cidr\":\"1.2.3.4/99\"}]}",
                                    "{\"deny\":[{\"headers\":{}}]}",
                                    "{\"allow\":[{\"methods\":[]}]}",
                                    "{\"allow\":[{\"port\":65536}]}",
                                    "{\"allow\":[{\"headers\":{\"a\\nb\":\"c\"}}]}",
                                    "{\"allow\":[{\"host\":\"a\\u0000b\"}]}",
                                    "{\"allow\":[\xff]}",
                                    "{}{}"};
  static char deep[OUTBOUND_RULES_MAX], large[OUTBOUND_RULES_MAX + 1];
  uint32_t number = MINE;
  (void)state;
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
    assert_true(say(world.a, FRAME_RULES, 0, number++, odd[i], strlen(odd[i])));
  memset(deep, '[', sizeof deep);
  assert_true(say(world.a, FRAME_RULES, 0, number++, deep, sizeof deep));
  memset(large, ' ', sizeof large);
  memcpy(large, "{}", 2);
  assert_true(say(world.a, FRAME_RULES, 0, number++, large, sizeof large));
  for (uint32_t i = MINE; i < number; i++) {
    const struct channel *channel = table_get(&cells.isolate[world.a]->channels, i);
    assert_non_null(channel->entry->rules->wrong);
    assert_true(say(world.a, FRAME_RELEASE, 0, i, NULL, 0));
  }
  assert_int_equal(cells.isolate[world.a]->worker->entry_bytes, 0);
}

static void test_rules_are_bounded(void **state) {
  static char text[OUTBOUND_RULES_MAX];
  uint32_t i = 0;
  (void)state;
  memset(text, ' ', sizeof text);
  memcpy(text, "{}", 2);
  get(OWN + 9);
  assert_true(fetch(world.a, STREAM, OWN + 9, EVENT_RPC, 0, "", 0));
  uint32_t n = send_code(OWN + 9, OUTBOUND_NONE);
  while (i < 1000 && say(n, FRAME_RULES, 0, MINE + i, text, sizeof text)) i++;
  assert_in_range(i, 10, 20);
  assert_non_null(cells.isolate[world.a]);
}

static void test_more_than_the_credit(void **state) {
  static uint32_t services[CAPS_MAX];
  for (int i = 0; i < CAPS_MAX; i++) services[i] = SERVICE;
  for (int i = 0; i < 4; i++) {
    start_world("\"stubs\": 1000000");
    uint32_t stream = open_session();
    if (i == 0) assert_true(much(world.a, STREAM, FRAME_MESSAGE, NULL, FRAME_PAYLOAD_MAX));
    if (i == 1) assert_true(much(world.b, stream, FRAME_MESSAGE, NULL, 0));
    if (i == 2) assert_true(much(world.a, STREAM, FRAME_CAPS, services, sizeof services));
    if (i == 3) {
      say(world.b, FRAME_ERROR, 0, stream, "\0\0\0\0\0\0\0\0\0\0\0\0\0", 13);
      assert_false(say(world.b, FRAME_MESSAGE, 0, stream, "x", 1));
    }
    assert_int_equal(teardown(state), 0);
  }
}

/* A FETCH with EVENT_LIMITS, and what is behind its flags. */
static bool fetch_limited(uint32_t channel, const void *rest, size_t length) {
  struct buf b;
  buf_init(&b, FRAME_PAYLOAD_MAX);
  buf_put_u32(&b, channel);
  buf_put_u8(&b, EVENT_FETCH);
  buf_put_u32(&b, 0);
  buf_put_u32(&b, EVENT_LIMITS);
  buf_put(&b, rest, length);
  bool ok = say(world.a, FRAME_FETCH, FRAME_END, STREAM, b.data, b.len);
  buf_free(&b);
  return ok;
}

/* Limits are a stub's, and are there; what they are taken out of is an event like any. */
static void test_lies_about_limits(void **state) {
  static const uint8_t rest[8 + 8 + 8 + 2 + 8] = {1, 0, 0, 0, 4, 0, 0, 0};
  static const uint32_t others[] = {0, LOADER, SERVICE, OWN + 5};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    setup(state);
    assert_false(fetch_limited(others[i], rest, sizeof rest));
    assert_int_equal(teardown(state), 0);
  }
  for (size_t n = 8; n <= sizeof rest; n += sizeof rest - 8) {
    setup(state);
    struct buf b;
    buf_init(&b, FRAME_PAYLOAD_MAX);
    buf_put_u32(&b, LOADER);
    buf_put_u8(&b, 0);
    buf_put_cstr(&b, "");
    assert_true(say(world.a, FRAME_GET, 0, OWN, b.data, b.len));
    buf_free(&b);
    assert_int_equal(fetch_limited(OWN, rest, n), n > 8);
    assert_int_equal(teardown(state), 0);
  }
}

/* A RPC session on channel 0, and caps on a stream that is not a session. */
static void test_lies_about_fetches(void **state) {
  setup(state);
  assert_false(fetch(world.a, STREAM, 0, EVENT_RPC, 0, "", 0));
  assert_int_equal(teardown(state), 0);
  setup(state);
  assert_false(fetch(world.a, STREAM, SERVICE, 3, 0, "", 0));
  assert_int_equal(teardown(state), 0);
  setup(state);
  assert_true(fetch(world.a, STREAM, SERVICE, EVENT_FETCH, FRAME_HAS_BODY, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 18));
  assert_false(say_number(world.a, FRAME_CAPS, STREAM, SERVICE));
  assert_int_equal(teardown(state), 0);
}

/* ---- anything at all ---- */

static uint32_t seed;
static uint32_t any(uint32_t below) {
  seed = seed * 1664525u + 1013904223u;
  return (seed >> 8) % below;
}

/* Of those in the table, most of the time. */
static uint32_t any_of(const struct table *t, uint32_t otherwise) {
  uint32_t at = t->cap ? any(t->cap) : 0;
  for (uint32_t i = 0; i < t->cap && any(50); i++, at = (at + 1) % t->cap)
    if (t->entries[at].key) return t->entries[at].key;
  return any(20) ? otherwise : 0;
}

static uint32_t any_channel(const struct isolate *isolate) { return any_of(&isolate->channels, OWN + any(8)); }

/* A stream or number that such a frame may have; now and then one that it may not. */
static uint32_t any_stream(const struct isolate *isolate, uint8_t type) {
  static const uint32_t kinds[] = {STREAM_GUEST, STREAM_EVENT, OWN, CHANNEL_GIVEN, 0};
  if (!any(300)) return kinds[any(5)] + any(6);
  if (type == FRAME_FETCH) return STREAM_GUEST | any(1 << 20);
  if (type == FRAME_MAKE || type == FRAME_GET || type == FRAME_RULES) return OWN + any(1 << 20);
  if (type == FRAME_CODE || type == FRAME_RELEASE) return any_of(&isolate->channels, OWN);
  if (type == FRAME_DONE) return any_of(&isolate->events, STREAM_EVENT | 999);
  if (type == FRAME_CANCEL) return any_of(&isolate->fetches, STREAM_GUEST | 999);
  return any(2) ? any_of(&isolate->events, STREAM_EVENT | 999) : any_of(&isolate->fetches, STREAM_GUEST | 999);
}

static void any_frame(const struct isolate *isolate) {
  static const uint8_t types[] = {FRAME_FETCH, FRAME_FETCH,   FRAME_CAPS,    FRAME_CAPS,    FRAME_MAKE, FRAME_MAKE,
                                  FRAME_GET,   FRAME_RELEASE, FRAME_MESSAGE, FRAME_MESSAGE, FRAME_DONE, FRAME_CANCEL,
                                  FRAME_ERROR, FRAME_CODE,    FRAME_WINDOW,  FRAME_LOG,     FRAME_RULES};
  uint8_t type = types[any(sizeof types)];
  uint32_t from = isolate->number, stream = any_stream(isolate, type);
  struct buf b;
  buf_init(&b, FRAME_PAYLOAD_MAX);
  if (!any(4) && isolate->pending.count && type != FRAME_CAPS) stream = isolate->pending_stream;
  if (type == FRAME_CAPS && !any(2)) stream = any_stream(isolate, any(2) ? FRAME_MAKE : FRAME_FETCH);
  if (type == FRAME_FETCH) {
    buf_put_u32(&b, any_channel(isolate));
    put_event_head(&b, any(4) ? EVENT_RPC : any(2) ? EVENT_SCHEDULED : EVENT_FETCH, "", "");
    if (!any(100)) b.data[4 + 1 + 4] = EVENT_LIMITS;
    if (!any(10)) b.data[4 + 1 + 4] = EVENT_CF;
    if (any(2)) buf_put(&b, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 18);
  } else if (type == FRAME_CAPS) {
    for (uint32_t i = any(4); i < 4; i++) buf_put_u32(&b, any_channel(isolate));
  } else if (type == FRAME_RULES) {
    const char *text = any(2) ? "{}" : "{\"allow\":[{}],\"deny\":5}";
    buf_put(&b, text, strlen(text));
  } else if (type == FRAME_MAKE) {
    buf_put_cstr(&b, "E");
    buf_put_cstr(&b, "props");
  } else if (type == FRAME_GET) {
    buf_put_u32(&b, LOADER);
    buf_put_u8(&b, (uint8_t)any(2));
    buf_put_cstr(&b, any(2) ? "n" : "m");
  } else if (type == FRAME_CODE) {
    buf_put_u64(&b, 4);
    for (int i = 0; i < 4; i++) buf_put_u32(&b, 0);
    buf_put_u32(&b, any(3) | any(2) << CODE_TAILS_SHIFT | (any(3) ? 0 : CODE_COLLECT));
    buf_put(&b, "code", 4);
  } else {
    for (int i = 0; i < 13; i++) buf_put_u8(&b, 0);
    if (type == FRAME_WINDOW) b.data[0] = 1;
    if (type == FRAME_LOG) b.data[0] = (uint8_t)(any(2) ? LOG_VALUES | any(8) : any(8));
  }
  uint8_t flags = (uint8_t)any(FRAME_FLAGS + 1);
  if (any(8)) flags &= (uint8_t)~FRAME_MORE;
  if (isolate->pieces.len && any(10)) {
    type = isolate->pieces_type;
    stream = isolate->pieces_stream;
    while (b.len < PIECE_SMALLEST) buf_put_u8(&b, (uint8_t)any(3));
  }
  say(from, type, flags, stream, b.data, b.len);
  buf_free(&b);
}

static void test_anything(void **state) {
  for (uint32_t round = 0; round < 100; round++) {
    seed = round;
    start_world("\"stubs\": 12, \"events\": 5, \"isolates\": 4");
    cells.deaf = true;
    for (int i = 0; i < 2; i++) world.registry.hosts[i].worker->outbound = false; /* there is no network here */
    for (int i = 0; i < 2000; i++) {
      uint32_t living[8], n = 0;
      for (struct isolate *isolate = world.registry.first; isolate && n < 8; isolate = isolate->next)
        living[n++] = isolate->number;
      if (!n || !world.client) begin_event();
      if (n) {
        struct isolate *isolate = cells.isolate[living[any(n)]];
        isolate->subrequests_left = 10;
        any_frame(isolate);
        if (!any(50)) run_loop();
      }
    }
    assert_int_equal(teardown(state), 0);
  }
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define SMALL(test) cmocka_unit_test_setup_teardown(test, setup_small, teardown)

int main(void) {
  log_to(open("/dev/null", O_WRONLY));
  const struct CMUnitTest tests[] = {
      WORLD(test_session_from_start_to_end),
      WORLD(test_session_that_its_caller_cancels),
      WORLD(test_session_that_breaks),
      WORLD(test_session_whose_callee_dies),
      WORLD(test_session_whose_caller_dies),
      WORLD(test_wall_time_counts_while_an_answer_is_due),
      WORLD(test_a_hundred_thousand_sessions),
      WORLD(test_channel_passed_on),
      WORLD(test_channel_outlives_its_maker),
      WORLD(test_props_name_channels),
      WORLD(test_caps_ahead_of_their_frame),
      WORLD(test_session_that_waits_for_code),
      WORLD(test_session_whose_code_does_not_come),
      WORLD(test_env_and_outbound_of_a_dynamic_worker),
      WORLD(test_copies_of_a_fresh_worker),
      WORLD(test_event_longer_than_a_frame),
      WORLD(test_make_in_pieces),
      cmocka_unit_test(test_lies_about_pieces),
      WORLD(test_long_events_are_counted),
      WORLD(test_long_chain_of_props),
      WORLD(test_long_chain_of_outbounds),
      WORLD(test_no_cycles),
      SMALL(test_more_channels_than_the_receiver_may_hold),
      SMALL(test_pending_caps_are_bounded),
      SMALL(test_channels_are_bounded),
      WORLD(test_props_are_bounded),
      SMALL(test_session_passes_too_much_while_it_waits),
      cmocka_unit_test(test_lies),
      WORLD(test_odd_rules),
      WORLD(test_rules_are_bounded),
      cmocka_unit_test(test_more_than_the_credit),
      cmocka_unit_test(test_lies_about_fetches),
      cmocka_unit_test(test_lies_about_limits),
      cmocka_unit_test(test_anything),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
