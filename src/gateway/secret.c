/* secret.c: see secret.h. */
#include "gateway/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As much as there is room for; -1 with errno. */
static ssize_t read_start(char *out, size_t size, const char *file) {
  int fd = open(file, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, out, size);
  int why = errno;
  if (fd >= 0) close(fd);
  errno = why;
  return n;
}

int secret_read(char *out, size_t size, const char *file, const char *variable, const char *what, char *err,
                size_t err_size) {
  const char *given = file ? NULL : getenv(variable);
  if (!file && !given) return 0;
  ssize_t n = file ? read_start(out, size, file) : (ssize_t)strnlen(given, size);
  if (n < 0) {
    snprintf(err, err_size, "%s: %s: %s", what, file, strerror(errno));
    return -1;
  }
  if (given) memcpy(out, given, (size_t)n);
  size_t line = 0;
  while (line < (size_t)n && !strchr("\r\n", out[line])) line++; /* strchr finds a NUL too */
  if (line == size) {
    snprintf(err, err_size, "%s: what %s has is longer than %zu characters", what, file ? file : variable, size - 1);
    return -1;
  }
  out[line] = 0;
  return 1;
}
