/* testing.c: `mayfly test`: a gateway for the tests of one Worker; see gateway.h.
 *
 * The Worker is asked for its tests, then gets an event (frame.h, EVENT_TEST) for each, the next when the one before is
 * over. What ends its isolate is the failure of the test that was running, and the next one starts a new isolate.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/core.h"
#include "gateway/gateway.h"
#include "gateway/log.h"

enum { LIST_MAX = 1 << 20 };

struct testing {
  struct core core;
  struct test_run *run;
  const char *title;
  struct exchange *exchange;
  struct buf list; /* the names, as JSON */
  json_t *names;   /* NULL: not known yet */
  size_t next;     /* of them */
  unsigned ran;
  uint32_t owed;
  struct timespec start;
  bool asked, listed, answered, failed, interrupted;
};

/* ---- what is printed: text of a Worker never as it is ---- */

enum { TEXT_MAX = 16384 };

static void print_text(const char *text, size_t length, const char *indent) {
  char line[TEXT_MAX];
  log_escape(line, sizeof line, text, length, indent);
  fputs(line, stdout);
}

static double passed_ms(const struct timespec *since) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)(now.tv_sec - since->tv_sec) * 1e3 + (double)(now.tv_nsec - since->tv_nsec) / 1e6;
}

static json_t *current_name(const struct testing *t) { return json_array_get(t->names, t->next); }

/* One line for the test that is over, and the count. */
static void print_outcome(struct testing *t) {
  const json_t *name = current_name(t);
  fputs(t->failed ? "  FAIL  " : "  ok    ", stdout);
  print_text(json_string_value(name), json_string_length(name), NULL);
  printf(" (%.1f ms)\n", passed_ms(&t->start));
  if (t->failed)
    t->run->failed++;
  else
    t->run->passed++;
}

static void print_failure(const struct failure *why) {
  static const char indent[] = "        ";
  fputs(indent, stdout);
  print_text(why->name, why->name_length, indent);
  if (why->message_length) fputs(": ", stdout);
  print_text(why->message, why->message_length, indent);
  if (why->stack_length) printf("\n%s", indent);
  size_t length = why->stack_length;
  while (length && why->stack[length - 1] == '\n') length--;
  print_text(why->stack, length, indent);
  putchar('\n');
}

/* The Worker as a whole failed. */
static void fail_file(struct testing *t, const char *what) {
  if (!t->ran) printf("%s\n", t->title);
  printf("  FAIL  %s\n", what);
  t->run->failed++;
}

/* ---- one exchange ---- */

static int on_head(void *arg, const uint8_t *payload, size_t length, uint8_t flags) {
  struct testing *t = arg;
  size_t n;
  struct reader r = reader_over(payload, length);
  if (read_u16(&r) == HEAD_SOCKET) return -1;
  read_str_borrow(&r, &n);
  for (unsigned i = read_u16(&r); i && !r.bad; i--) {
    read_str_borrow(&r, &n);
    read_str_borrow(&r, &n);
  }
  read_u64(&r);
  if (r.bad) return -1;
  buf_put(&t->list, r.p, r.left);
  t->answered = !(flags & FRAME_HAS_BODY) || (flags & FRAME_END);
  return 0;
}

static void on_body(void *arg, const uint8_t *bytes, size_t length, bool end) {
  struct testing *t = arg;
  buf_put(&t->list, bytes, length);
  t->owed += (uint32_t)length;
  t->answered = end;
}

static void on_failed(void *arg, const struct failure *why) {
  struct testing *t = arg;
  t->failed = t->answered = true;
  if (t->names) print_outcome(t);
  print_failure(why);
}

static void on_released(void *arg) { (void)arg; }

static const struct exchange_client client = {
    .head = on_head, .body = on_body, .failed = on_failed, .released = on_released};

/* An event for this entrypoint; for none: which are there? */
static void ask(struct testing *t, const char *name, size_t length) {
  struct buf event;
  buf_init(&event, FRAME_PAYLOAD_MAX);
  buf_put_u8(&event, EVENT_TEST);
  buf_put_u32(&event, 0);
  buf_put_u32(&event, 0);
  buf_put_str(&event, name, length);
  buf_put_cstr(&event, "");
  t->answered = t->failed = false;
  clock_gettime(CLOCK_MONOTONIC, &t->start);
  t->asked = !event.bad && !exchange_start_client(&t->core.registry, t->core.registry.host, &client, t, &t->exchange,
                                                  event.data, event.len, FRAME_END);
  buf_free(&event);
  if (t->asked) return;
  fail_file(t, "an event could not be sent: out of memory, or a name that is too long");
  core_stop(&t->core, 0);
}

/* ---- one after the other ---- */

static bool is_wanted(const struct testing *t, const json_t *name) {
  const char *filter = t->run->filter;
  return !filter || memmem(json_string_value(name), json_string_length(name), filter, strlen(filter));
}

static void run_next(struct testing *t) {
  const json_t *name;
  while ((name = current_name(t)) && !is_wanted(t, name)) t->next++;
  if (!name) {
    core_stop(&t->core, 0);
    return;
  }
  if (!t->ran++) printf("%s\n", t->title);
  ask(t, json_string_value(name), json_string_length(name));
}

static bool all_strings(const json_t *list) {
  for (size_t i = 0; i < json_array_size(list); i++)
    if (!json_is_string(json_array_get(list, i))) return false;
  return json_is_array(list);
}

static void take_list(struct testing *t) {
  t->listed = true;
  json_t *names = t->list.bad ? NULL : json_loadb((const char *)t->list.data, t->list.len, JSON_ALLOW_NUL, NULL);
  if (!t->failed && all_strings(names) && json_array_size(names)) {
    t->names = names;
    return;
  }
  bool none = !t->failed && all_strings(names);
  json_decref(names);
  fail_file(t, none ? "no tests: nothing is exported that has test(controller, env, ctx)"
                    : "the Worker does not say which tests it has");
  core_stop(&t->core, 0);
}

static void take_answer(struct testing *t) {
  t->asked = false;
  if (!t->listed) {
    take_list(t);
    if (!t->names) return;
  } else {
    if (!t->failed) print_outcome(t);
    t->next++;
  }
  run_next(t);
}

static bool flush(void *arg) {
  struct testing *t = arg;
  if (t->exchange && !t->answered && t->owed >= STREAM_WINDOW / 4) {
    exchange_answer_credit(t->exchange, t->owed);
    t->owed = 0;
  }
  if (t->asked && !t->exchange) {
    if (!t->answered) t->failed = true; /* it was no answer, and the exchange was cancelled */
    take_answer(t);
    return true;
  }
  return false;
}

static void on_loaded(void *arg) { ask(arg, "", 0); }

static void on_signal(void *arg) {
  struct testing *t = arg;
  t->interrupted = true;
  core_stop(&t->core, 1);
}

int gateway_test(const struct config *config, const struct gateway_options *options, const char *title,
                 struct test_run *run) {
  struct testing t = {.run = run, .title = title};
  struct core_owner owner = {.arg = &t, .loaded = on_loaded, .signal = on_signal};
  char err[4096];
  buf_init(&t.list, LIST_MAX);
  setvbuf(stdout, NULL, _IOLBF, 0);
  log_to(STDOUT_FILENO);
  bool started = !core_new(&t.core, config, &owner, err, sizeof err) &&
                 !core_start(&t.core, options, core_cells_needed(config), flush, &t, err, sizeof err);
  if (!started) log_line("%s", err);
  if (started) core_run(&t.core);
  if (!t.core.loaded && !t.interrupted) fail_file(&t, "the Worker does not start");
  if (t.exchange) exchange_cancel(t.exchange);
  core_free(&t.core);
  json_decref(t.names);
  buf_free(&t.list);
  return t.interrupted ? -1 : 0;
}
