/* httptext.c: see httptext.h. */
#include "gateway/httptext.h"

#include <string.h>
#include <strings.h>

bool http_is_token(const char *text, size_t n) {
  static const char others[] = "!#$%&'*+-.^_`|~";
  for (size_t i = 0; i < n; i++) {
    char ch = text[i];
    bool letter = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '-';
    if (!letter && (!ch || !strchr(others, ch))) return false;
  }
  return n > 0;
}

bool http_is_value(const char *text, size_t n) {
  for (size_t i = 0; i < n; i++) {
    unsigned char ch = (unsigned char)text[i];
    if ((ch < ' ' && ch != '\t') || ch == 0x7f) return false;
  }
  return true;
}

bool http_is(const char *text, size_t n, const char *word) { return n == strlen(word) && !strncasecmp(text, word, n); }

bool http_is_number(const char *text, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (text[i] < '0' || text[i] > '9') return false;
  return n > 0 && n < 19;
}

uint64_t http_number(const char *text, size_t n) {
  uint64_t value = 0;
  for (size_t i = 0; i < n; i++) value = 10 * value + (uint64_t)(text[i] - '0');
  return value;
}

int http_hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 32;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
