/* log.c: see log.h. A line is one write(2) as far as a pipe takes it whole, so that lines of processes do not mix. */
#include "gateway/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/frame.h"

enum { LINE_MAX_BYTES = 8192, PATIENCE_MS = 50 };
#define INDENT "    " /* of the further lines of one text: what begins a line is the gateway's */

/* A reader that does not read must not stop the gateway: it gets a moment, and then its lines are lost and counted. */
static bool may_write(int patience_ms) {
  struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
  int n;
  do n = poll(&p, 1, patience_ms);
  while (n < 0 && errno == EINTR);
  return n > 0 && p.revents & POLLOUT;
}

/* False: some of it was not written. */
static bool write_out(const char *text, size_t length, int patience_ms) {
  while (length && may_write(patience_ms)) {
    ssize_t n = write(STDERR_FILENO, text, length < PIPE_BUF ? length : PIPE_BUF);
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

void log_line(const char *format, ...) {
  char line[LINE_MAX_BYTES];
  int n = snprintf(line, sizeof line, "mayfly: ");
  va_list args;
  va_start(args, format);
  int m = vsnprintf(line + n, sizeof line - (size_t)n - 1, format, args);
  va_end(args);
  size_t length = strlen(line);
  if (m > 0) line[length++] = '\n';
  put(line, length);
}

/* C0, DEL, and C1 in its UTF-8 form. */
static bool is_control(const char *text, size_t left) {
  unsigned char c = (unsigned char)text[0];
  if (c < 0x20 || c == 0x7f) return true;
  return c == 0xc2 && left > 1 && (unsigned char)text[1] >= 0x80 && (unsigned char)text[1] < 0xa0;
}

static size_t escape_one(char *out, size_t room, const char *text, size_t left, const char *indent) {
  int n;
  if (*text == '\n' && indent)
    n = snprintf(out, room, "\n%s", indent);
  else if (*text == '\n')
    n = snprintf(out, room, "\\n");
  else if (*text == '\t' || !is_control(text, left))
    n = snprintf(out, room, "%c", *text);
  else
    n = snprintf(out, room, "\\x%02x", (unsigned char)*text);
  return n > 0 && (size_t)n < room ? (size_t)n : 0;
}

size_t log_escape(char *out, size_t size, const char *text, size_t length, const char *indent) {
  size_t used = 0;
  out[0] = 0;
  for (size_t i = 0; i < length; i++) {
    size_t n = escape_one(out + used, size - used, text + i, length - i, indent);
    if (!n) break;
    used += n;
  }
  out[used] = 0;
  return used;
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

void log_worker(unsigned level, const char *worker, const char *text, size_t length) {
  static const char *const names[] = {"debug", "info", "log", "warn", "error"};
  worker_line(names[level <= LOG_ERROR ? level : LOG_LOG], worker, text, length, INDENT);
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
  worker_line("error", worker, both, length + stack_length, INDENT);
}
