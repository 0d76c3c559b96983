/* log.c: see log.h. A line is one write(2) as far as a pipe takes it whole, so that lines of processes do not mix. */
#include "gateway/log.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/frame.h"
#include "gateway/jsontext.h"
#include "gateway/utf8.h"

enum { LINE_MAX_BYTES = 8192, PATIENCE_MS = 50 };
#define INDENT "    " /* of the further lines of one text: what begins a line is the gateway's */

static int log_fd = STDERR_FILENO;

void log_to(int fd) { log_fd = fd; }

/* A reader that does not read must not stop the gateway: it gets a moment, and then its lines are lost and counted. */
static bool may_write(int patience_ms) {
  struct pollfd p = {.fd = log_fd, .events = POLLOUT};
  int n;
  do n = poll(&p, 1, patience_ms);
  while (n < 0 && errno == EINTR);
  return n > 0 && p.revents & POLLOUT;
}

/* False: some of it was not written. */
static bool write_out(const char *text, size_t length, int patience_ms) {
  while (length && may_write(patience_ms)) {
    ssize_t n = write(log_fd, text, length < PIPE_BUF ? length : PIPE_BUF);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text += n;
    length -= (size_t)n;
  }
  return !length;
}

static void put(const char *text, size_t length) {
  static unsigned lost; /* of the process, as stderr is */
  char line[64];
  if (lost) {
    int n = snprintf(line, sizeof line, "mayfly: %u log lines lost\n", lost);
    if (write_out(line, (size_t)n, 0)) lost = 0;
  }
  if (!write_out(text, length, lost ? 0 : PATIENCE_MS)) lost++;
}

/* ---- --log-format json ---- */

static bool as_json; /* of the process, as stderr is */

void log_as_json(bool json) { as_json = json; }

static void put_time(struct buf *line) {
  struct timespec now;
  struct tm tm;
  char text[40], whole[80];
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &tm);
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
  snprintf(whole, sizeof whole, "{\"time\":\"%s.%03uZ\"", text, (unsigned)(now.tv_nsec / 1000000) % 1000);
  json_put(line, whole);
}

/* `worker` NULL: mayfly itself. */
static void json_line(const char *level, const struct log_worker *worker, const char *text, size_t length) {
  char id[32];
  struct buf line;
  buf_init(&line, 2 * LINE_MAX_BYTES);
  put_time(&line);
  json_put(&line, ",\"level\":\"");
  json_put(&line, level);
  if (worker) {
    json_put(&line, "\",\"worker\":");
    json_put_cut(&line, worker->name, worker->name_length, LINE_MAX_BYTES / 4);
    snprintf(id, sizeof id, ",\"id\":%" PRIu64, worker->id);
    json_put(&line, id);
  } else {
    json_put(&line, "\"");
  }
  json_put(&line, ",\"message\":");
  json_put_cut(&line, text, length, LINE_MAX_BYTES);
  json_put(&line, "}\n");
  if (!line.bad) put((const char *)line.data, line.len);
  buf_free(&line);
}

/* ---- lines ---- */

/* C0, DEL, C1, and what is no character at all (n is 0 then). */
static bool is_harmful(const char *text, size_t n) {
  unsigned char c = (unsigned char)text[0];
  return !n || c < 0x20 || c == 0x7f || (n == 2 && c == 0xc2 && (unsigned char)text[1] < 0xa0);
}

static size_t escape_one(char *out, size_t room, const char *text, size_t length, const char *indent) {
  int n;
  uint32_t code = utf8_deceives(text, length);
  if (code)
    n = snprintf(out, room, code < 0x10000 ? "\\u%04" PRIx32 : "\\u{%" PRIx32 "}", code);
  else if (*text == '\n')
    n = snprintf(out, room, "%s%s", indent ? "\n" : "\\n", indent ? indent : "");
  else if (length == 2 && is_harmful(text, length))
    n = snprintf(out, room, "\\x%02x\\x%02x", (unsigned char)text[0], (unsigned char)text[1]);
  else if (!length && (unsigned char)*text >= 0x80)
    n = snprintf(out, room, "\xef\xbf\xbd"); /* U+FFFD for each such byte, as in workerd */
  else if (*text != '\t' && is_harmful(text, length))
    n = snprintf(out, room, "\\x%02x", (unsigned char)*text);
  else
    n = snprintf(out, room, "%.*s", (int)length, text);
  return n > 0 && (size_t)n < room ? (size_t)n : 0;
}

size_t log_escape(char *out, size_t size, const char *text, size_t length, const char *indent) {
  size_t used = 0;
  out[0] = 0;
  for (size_t i = 0; i < length;) {
    size_t n = utf8_character(text + i, length - i);
    size_t written = escape_one(out + used, size - used, text + i, n, indent);
    if (!written) break;
    used += written;
    i += n ? n : 1;
  }
  out[used] = 0;
  return used;
}

/* Texts of Workers and of peers are among what it is given. */
void log_line(const char *format, ...) {
  char text[LINE_MAX_BYTES], line[LINE_MAX_BYTES + 2] = "mayfly: ";
  va_list args;
  va_start(args, format);
  int m = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  size_t length = m < 0 ? 0 : strlen(text), used = strlen(line);
  if (as_json) {
    json_line("info", NULL, text, length);
    return;
  }
  used += log_escape(line + used, LINE_MAX_BYTES - used, text, length, INDENT);
  line[used++] = '\n';
  put(line, used);
}

static void worker_line(const char *level, const char *worker, const char *text, size_t length, const char *indent) {
  char line[LINE_MAX_BYTES + 2];
  int n = snprintf(line, LINE_MAX_BYTES / 4, "%s %s: ", level, worker);
  if (n < 0) return;
  size_t used = strlen(line);
  used += log_escape(line + used, LINE_MAX_BYTES - used, text, length, indent);
  line[used++] = '\n';
  put(line, used);
}

const char *log_level_name(unsigned level) {
  static const char *const names[] = {"debug", "info", "log", "warn", "error"};
  return names[level <= LOG_ERROR ? level : LOG_LOG];
}

void log_worker(unsigned level, const struct log_worker *worker, const char *text, size_t length) {
  char name[LINE_MAX_BYTES / 4];
  if (as_json) {
    json_line(log_level_name(level), worker, text, length);
    return;
  }
  log_escape(name, sizeof name, worker->name, worker->name_length, NULL);
  worker_line(log_level_name(level), name, text, length, INDENT);
}

void log_error(const char *worker, const char *text, size_t length, const char *stack, size_t stack_length) {
  char both[LINE_MAX_BYTES];
  if (length > sizeof both / 2) length = sizeof both / 2;
  memcpy(both, text, length);
  if (stack_length > sizeof both - length - 1) stack_length = sizeof both - length - 1;
  if (stack_length) {
    both[length++] = '\n';
    memcpy(both + length, stack, stack_length);
  }
  struct log_worker who = {.name = worker, .name_length = strlen(worker)};
  if (as_json)
    json_line("error", &who, both, length + stack_length);
  else
    worker_line("error", worker, both, length + stack_length, INDENT);
}

static void json_outbound(const struct log_outbound *q) {
  char numbers[160];
  struct buf line;
  buf_init(&line, 2 * LINE_MAX_BYTES);
  put_time(&line);
  json_put(&line, ",\"level\":\"info\",\"worker\":");
  json_put_cut(&line, q->worker.name, q->worker.name_length, LINE_MAX_BYTES / 4);
  snprintf(numbers, sizeof numbers, ",\"id\":%" PRIu64 ",\"message\":\"outbound\",\"method\":", q->worker.id);
  json_put(&line, numbers);
  json_put_cut(&line, q->method, strlen(q->method), LINE_MAX_BYTES / 4);
  json_put(&line, ",\"url\":");
  json_put_cut(&line, q->url, strlen(q->url), LINE_MAX_BYTES / 2);
  json_put(&line, ",\"rule\":");
  json_put_cut(&line, q->rule, strlen(q->rule), LINE_MAX_BYTES / 4);
  if (q->error) {
    json_put(&line, ",\"error\":");
    json_put_cut(&line, q->error, strlen(q->error), LINE_MAX_BYTES / 4);
  }
  snprintf(numbers, sizeof numbers,
           ",\"status\":%u,\"sent\":%" PRIu64 ",\"received\":%" PRIu64 ",\"ms\":%" PRIu64 "}\n", q->status, q->sent,
           q->received, q->ms);
  json_put(&line, numbers);
  if (!line.bad) put((const char *)line.data, line.len);
  buf_free(&line);
}

/* The Worker's name comes last: it may have any character, blanks too. */
void log_outbound(const struct log_outbound *q) {
  if (as_json)
    json_outbound(q);
  else
    log_line("outbound %s %s status=%u rule=%s sent=%" PRIu64 " received=%" PRIu64 " ms=%" PRIu64 "%s%s%s id=%" PRIu64
             " worker=%.*s",
             q->method, q->url, q->status, *q->rule ? q->rule : "-", q->sent, q->received, q->ms,
             q->error ? " error=\"" : "", q->error ? q->error : "", q->error ? "\"" : "", q->worker.id,
             (int)q->worker.name_length, q->worker.name);
}
