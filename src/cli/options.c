/* options.c: what the verbs share, see cli.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

const struct verb *verb_find(const char *name) {
  for (const struct verb *const *v = verbs; *v; v++)
    if (!strcmp((*v)->name, name)) return *v;
  return NULL;
}

int usage_error(const struct verb *verb, const char *format, ...) {
  va_list args;
  fprintf(stderr, "mayfly: %s: ", verb->name);
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fprintf(stderr, "\nTry 'mayfly help %s'.\n", verb->name);
  return EXIT_USAGE;
}

int next_option(const struct verb *verb, int argc, char **argv, const char *letters, const struct option *options) {
  opterr = 0;
  int at = optind;
  int c = getopt_long(argc, argv, letters, options, NULL);
  const char *given = argv[optind > at ? optind - 1 : at];
  if (c == ':')
    usage_error(verb, "%s needs a value", given);
  else if (c == '?' && optopt && !strncmp(given, "--", 2))
    usage_error(verb, "%s: this option takes no value", given);
  else if (c == '?')
    usage_error(verb, "there is no option %s", given);
  return c == ':' ? '?' : c;
}

int option_sandbox(const struct verb *verb, const char *text, enum sandbox_mode *out) {
  if (!strcmp(text, "auto"))
    *out = SANDBOX_AUTO;
  else if (!strcmp(text, "strict"))
    *out = SANDBOX_STRICT;
  else
    return usage_error(verb, "--sandbox is auto or strict, not \"%s\"", text);
  return 0;
}

int option_log_format(const struct verb *verb, const char *text, bool *json) {
  *json = !strcmp(text, "json");
  if (*json || !strcmp(text, "text")) return 0;
  return usage_error(verb, "--log-format is text or json, not \"%s\"", text);
}

int option_count(const struct verb *verb, const char *name, const char *text, unsigned max, unsigned *out) {
  char *end;
  unsigned long n = strtoul(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end || n < 1 || n > max)
    return usage_error(verb, "%s is a number from 1 to %u, not \"%s\"", name, max, text);
  *out = (unsigned)n;
  return 0;
}

int option_listen(const struct verb *verb, char *text, const char **ip, int *port) {
  char *colon = strrchr(text, ':'), *digits = colon ? colon + 1 : text, *end;
  unsigned long n = strtoul(digits, &end, 10);
  if (digits[0] < '0' || digits[0] > '9' || *end || n > 65535)
    return usage_error(verb, "--listen is ADDR:PORT, as 127.0.0.1:8787 or [::1]:8787, not \"%s\"", text);
  *port = (int)n;
  *ip = NULL;
  if (!colon || colon == text) return 0;
  size_t length = (size_t)(colon - text);
  if (text[0] == '[' && colon[-1] == ']') {
    colon[-1] = 0;
    *ip = text + 1;
    return 0;
  }
  if (memchr(text, ':', length))
    return usage_error(verb, "an IPv6 address needs brackets: --listen [%.*s]:%s", (int)length, text, digits);
  *colon = 0;
  *ip = !strcmp(text, "localhost") ? "127.0.0.1" : text;
  return 0;
}

void print_warning(void *unused, const char *message) {
  (void)unused;
  fprintf(stderr, "mayfly: warning: %s\n", message);
}
