/* config_file.c: finds and reads the file behind config_read (config.h). */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/config.h"
#include "gateway/jsonc.h"
#include "gateway/secret.h"

enum { PROXY_AUTH_MAX = 4096 };

static bool is_file(const char *directory, const char *name, char *path, size_t size) {
  struct stat st;
  int n = snprintf(path, size, "%s/%s", directory, name);
  return n > 0 && (size_t)n < size && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The configuration's file: `path` itself, or the one in that directory. */
static int find_file(const char *path, char *file, size_t size, char *err, size_t err_size) {
  struct stat st;
  if (stat(path, &st)) {
    snprintf(err, err_size, "%s: %s", path, strerror(errno));
    return -1;
  }
  if (!S_ISDIR(st.st_mode)) {
    snprintf(file, size, "%s", path);
    return 0;
  }
  size_t n = strlen(path);
  char directory[4096];
  while (n > 1 && path[n - 1] == '/') n--;
  snprintf(directory, sizeof directory, "%.*s", (int)n, path);
  if (is_file(directory, "wrangler.jsonc", file, size) || is_file(directory, "wrangler.json", file, size)) return 0;
  if (is_file(directory, "wrangler.toml", file, size))
    snprintf(err, err_size, "%s: TOML is not read; write the same as wrangler.jsonc", file);
  else
    snprintf(err, err_size,
             "%s: no configuration here; looked for wrangler.jsonc and wrangler.json. A small one is\n"
             "  { \"main\": \"index.js\", \"compatibility_date\": \"2026-11-01\" }",
             directory);
  return -1;
}

/* At most one byte more than is allowed, so that config_parse sees that it is too long. */
static int read_file(const char *path, char **text, size_t *length, char *err, size_t err_size) {
  FILE *f = fopen(path, "re");
  *text = malloc(JSONC_SIZE_MAX + 1);
  if (!f || !*text) goto bad;
  *length = fread(*text, 1, JSONC_SIZE_MAX + 1, f);
  if (ferror(f)) goto bad;
  fclose(f);
  return 0;
bad:
  snprintf(err, err_size, "%s: %s", path, strerror(errno));
  if (f) fclose(f);
  free(*text);
  *text = NULL;
  return -1;
}

static int check_mains(const struct config *c, char *err, size_t err_size) {
  char path[8192];
  for (size_t i = 0; i < c->worker_count; i++) {
    if (is_file(c->directory, c->workers[i].main, path, sizeof path)) continue;
    snprintf(err, err_size, "%s: main is \"%s\", but there is no file %s", c->path, c->workers[i].main, path);
    return -1;
  }
  return 0;
}

/* What the proxy is shown, of a file or of the environment: so that it need not stand in the configuration. */
static int read_proxy_auth(struct config *c, char *err, size_t err_size) {
  static const char variable[] = "MAYFLY_PROXY_AUTH";
  struct config_outbound *o = &c->outbound;
  char text[PROXY_AUTH_MAX + 1];
  int found =
      o->proxy ? secret_read(text, sizeof text, o->proxy_auth_file, variable, "outbound.proxy", err, err_size) : 0;
  if (found <= 0) return found;
  if (!strchr(text, ':')) {
    snprintf(err, err_size, "%s: must be USER:PASSWORD", o->proxy_auth_file ? o->proxy_auth_file : variable);
    return -1;
  }
  o->proxy_auth = strdup(text);
  explicit_bzero(text, sizeof text);
  if (!o->proxy_auth) snprintf(err, err_size, "out of memory");
  return o->proxy_auth ? 0 : -1;
}

int config_read(struct config *out, const char *path, config_warn *warn, void *arg, char *err, size_t err_size) {
  char file[8192], *text;
  size_t length;
  *out = (struct config){0};
  if (find_file(path, file, sizeof file, err, err_size)) return -1;
  const char *shown = strncmp(file, "./", 2) ? file : file + 2;
  if (read_file(file, &text, &length, err, err_size)) return -1;
  int rc = config_parse(out, shown, text, length, warn, arg, err, err_size);
  free(text);
  if (rc == 0 && (check_mains(out, err, err_size) || read_proxy_auth(out, err, err_size))) {
    config_free(out);
    rc = -1;
  }
  return rc;
}
