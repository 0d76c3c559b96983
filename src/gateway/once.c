/* once.c: `mayfly run`: a gateway for one request; see gateway.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/core.h"
#include "gateway/gateway.h"
#include "gateway/log.h"

struct once {
  struct core core;
  const char *url;
  struct exchange *exchange;
  uint32_t owed;
  bool sent, answered, failed;
};

/* ---- the answer ---- */

static void write_all(int fd, const void *bytes, size_t length) {
  const char *p = bytes;
  while (length) {
    ssize_t n = write(fd, p, length);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return; /* the reader went away; there is nobody to tell */
    p += n;
    length -= (size_t)n;
  }
}

static void print_line(const char *name, size_t n, const char *between, const char *value, size_t v) {
  char line[8192];
  size_t used = log_escape(line, sizeof line / 4, name, n, NULL);
  used += (size_t)snprintf(line + used, sizeof line - used, "%s", between);
  used += log_escape(line + used, sizeof line - used - 1, value, v, NULL);
  line[used++] = '\n';
  write_all(STDERR_FILENO, line, used);
}

static int on_head(void *arg, const uint8_t *payload, size_t length, uint8_t flags) {
  struct once *o = arg;
  size_t n, v;
  char status[32];
  struct reader r = reader_over(payload, length);
  unsigned code = read_u16(&r);
  if (code == HEAD_SOCKET) { /* no WebSocket was asked for */
    o->answered = o->failed = true;
    return -1;
  }
  snprintf(status, sizeof status, "HTTP/1.1 %u", code);
  const char *text = read_str_borrow(&r, &n);
  print_line(status, strlen(status), n ? " " : "", text, n);
  for (unsigned i = read_u16(&r); i && !r.bad; i--) {
    const char *name = read_str_borrow(&r, &n), *value = read_str_borrow(&r, &v);
    print_line(name, n, ": ", value, v);
  }
  write_all(STDERR_FILENO, "\n", 1);
  read_u64(&r);
  write_all(STDOUT_FILENO, r.p, r.left);
  o->answered = !(flags & FRAME_HAS_BODY) || (flags & FRAME_END);
  return 0;
}

static void on_body(void *arg, const uint8_t *bytes, size_t length, bool end) {
  struct once *o = arg;
  write_all(STDOUT_FILENO, bytes, length);
  o->owed += (uint32_t)length;
  o->answered = end;
}

static void on_failed(void *arg, const struct failure *why) {
  struct once *o = arg;
  char text[4096];
  snprintf(text, sizeof text, "%.*s: %.*s", (int)why->name_length, why->name, (int)why->message_length, why->message);
  log_error("mayfly", text, strlen(text), why->stack, why->stack_length);
  o->answered = o->failed = true;
}

static void on_released(void *arg) { (void)arg; }

static const struct exchange_client client = {
    .head = on_head, .body = on_body, .failed = on_failed, .released = on_released};

/* ---- the request ---- */

static void build_event(struct buf *event, const char *url) {
  const char *host = strstr(url, "://");
  host = host ? host + 3 : url;
  buf_put_u8(event, EVENT_FETCH);
  buf_put_u32(event, 0);
  buf_put_u32(event, 0);
  buf_put_cstr(event, "");
  buf_put_cstr(event, "");
  buf_put_cstr(event, "GET");
  buf_put_cstr(event, url);
  buf_put_u16(event, 1);
  buf_put_cstr(event, "host");
  buf_put_str(event, host, strcspn(host, "/?#"));
  buf_put_u64(event, 0);
}

static void on_loaded(void *arg) {
  struct once *o = arg;
  struct buf event;
  buf_init(&event, FRAME_PAYLOAD_MAX);
  build_event(&event, o->url);
  o->sent = !event.bad && !exchange_start_client(&o->core.registry, o->core.registry.host, &client, o, &o->exchange,
                                                 event.data, event.len, FRAME_END);
  buf_free(&event);
  if (o->sent) return;
  log_line("the request is too long");
  core_stop(&o->core, 1);
}

static void on_signal(void *arg) {
  struct once *o = arg;
  core_stop(&o->core, 1);
}

/* Over when the event is, with all that waitUntil() held. */
static bool flush(void *arg) {
  struct once *o = arg;
  if (o->exchange && !o->answered && o->owed >= STREAM_WINDOW / 4) {
    exchange_answer_credit(o->exchange, o->owed);
    o->owed = 0;
  }
  if (o->sent && !o->core.registry.exchanges) core_stop(&o->core, o->failed || !o->answered);
  return false;
}

int gateway_run(const struct config *config, const struct gateway_options *options, const struct run_request *request) {
  struct once o = {.url = request->url ? request->url : "http://localhost/"};
  struct core_owner owner = {.arg = &o, .loaded = on_loaded, .signal = on_signal};
  char err[4096];
  int status = 1;
  if (core_new(&o.core, config, &owner, err, sizeof err) ||
      core_start(&o.core, options, core_cells_needed(config), flush, &o, err, sizeof err))
    log_line("%s", err);
  else
    status = core_run(&o.core);
  if (o.exchange) exchange_cancel(o.exchange);
  core_free(&o.core);
  return status;
}
