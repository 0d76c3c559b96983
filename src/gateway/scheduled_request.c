/* scheduled_request.c: a scheduled() event by hand, as `wrangler dev` offers it (mayfly serve --test-scheduled):
 *     GET /cdn-cgi/handler/scheduled?cron=*+*+*+*+*&time=1767225600000
 * runs scheduled() of the host Worker and is answered with the outcome as text: 200 "ok", or 500 and what went wrong.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/connection.h"
#include "gateway/cron.h"
#include "gateway/httptext.h"
#include "gateway/schedule.h"
#include "gateway/tail.h"

#define DATE_MAX 8640000000000000 /* ms, of a Date */

static const char path[] = "/cdn-cgi/handler/scheduled";

/* The target as text: it has no NUL, and this is no larger than a head. */
static size_t target_is(const struct connection *c, const char *with) {
  size_t n = strlen(with);
  return c->target.len >= n && !memcmp(c->target.data, with, n) ? n : 0;
}

bool scheduled_asked(const struct connection *c) {
  size_t n = target_is(c, path);
  return n && (c->target.len == n || c->target.data[n] == '?');
}

/* The value of a query's parameter, decoded, cut to fit; "": there is none. */
static size_t parameter(const struct connection *c, const char *name, char *out, size_t size) {
  const char *p = (const char *)c->target.data + strlen(path), *end = (const char *)c->target.data + c->target.len;
  size_t n = strlen(name), used = 0;
  while (p < end && !((size_t)(end - p) > n + 1 && !memcmp(p + 1, name, n) && p[n + 1] == '=')) {
    const char *next = memchr(p + 1, '&', (size_t)(end - p - 1));
    p = next ? next : end;
  }
  for (p = p < end ? p + n + 2 : end; p < end && *p != '&' && used + 1 < size; p++) {
    int high = *p == '%' && end - p > 2 ? http_hex(p[1]) : -1, low = high < 0 ? -1 : http_hex(p[2]);
    out[used++] = low < 0 ? (char)(*p == '+' ? ' ' : *p) : (char)(high << 4 | low);
    if (low >= 0) p += 2;
  }
  out[used] = 0;
  return used;
}

int scheduled_build(struct connection *c, struct buf *event) {
  char cron[CRON_TEXT_MAX + 1], text[32], *end;
  size_t length = parameter(c, "cron", cron, sizeof cron);
  int64_t time = (int64_t)wall_clock_ms();
  if (parameter(c, "time", text, sizeof text)) {
    errno = 0;
    time = strtoll(text, &end, 10);
    if (errno || *end || time > DATE_MAX || time < -DATE_MAX) return c->refused = 400, -1;
  }
  if (c->has_body) return c->refused = 400, -1;
  schedule_event(event, time, cron, length);
  return 0;
}

static void answer(struct connection *c, const char *outcome) {
  response_plain(c, strcmp(outcome, "ok") ? 500 : 200, NULL, outcome, strlen(outcome), false);
}

static int on_head(void *arg, const uint8_t *payload, size_t length, uint8_t flags) {
  struct reader r = reader_over(payload, length);
  answer(arg, read_u16(&r) < SCHEDULED_EXCEPTION ? "ok" : "exception");
  return flags & FRAME_HAS_BODY ? -1 : 0;
}

static void on_failed(void *arg, const struct failure *why) {
  struct connection *c = arg;
  failure_log(connection_worker(c), "", why);
  if (!c->headed) answer(c, why->code ? tail_outcome(why->code) : "exception");
}

static void on_released(void *arg) { connection_mark(arg); }

const struct exchange_client scheduled_client = {.head = on_head, .failed = on_failed, .released = on_released};
