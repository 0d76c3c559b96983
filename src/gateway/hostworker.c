/* hostworker.c: see hostworker.h. */
#include "gateway/hostworker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/frame.h"

enum { DEPTH_MAX = 32, CODE_OVERHEAD = 1 << 20 };

struct scan {
  const struct config *config;
  const struct config_worker *worker;
  struct buf modules;
  uint32_t count;
  uint64_t bytes, most;
  char root[PATH_MAX]; /* main's directory, resolved */
  char *err;
  size_t err_size;
};

static int kind_of(const char *name) {
  static const struct {
    const char *suffix;
    int kind;
  } kinds[] = {{".js", MODULE_JS},    {".mjs", MODULE_JS},    {".cjs", MODULE_CJS},
               {".txt", MODULE_TEXT}, {".html", MODULE_TEXT}, {".sql", MODULE_TEXT},
               {".md", MODULE_TEXT},  {".json", MODULE_JSON}, {".bin", MODULE_DATA}};
  const char *dot = strrchr(name, '.');
  for (size_t i = 0; dot && i < sizeof kinds / sizeof *kinds; i++)
    if (!strcmp(dot, kinds[i].suffix)) return kinds[i].kind;
  return 0;
}

static int fail(struct scan *s, const char *path, const char *what) {
  snprintf(s->err, s->err_size, "%s: %s", path, what);
  return -1;
}

static int read_all(struct scan *s, int fd, const char *path, size_t size) {
  buf_put_u32(&s->modules, (uint32_t)size);
  uint8_t *to = buf_room(&s->modules, size);
  if (!to) return fail(s, path, "out of memory");
  for (size_t got = 0; got < size;) {
    ssize_t n = read(fd, to + got, size - got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(s, path, strerror(errno));
    if (n == 0) return fail(s, path, "became shorter while it was read");
    got += (size_t)n;
  }
  return 0;
}

/* Adds one file, under its name relative to the root. */
static int add_file(struct scan *s, const char *path, const char *name, int kind) {
  struct stat st;
  int rc = -1, fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &st)) {
    fail(s, path, strerror(errno));
  } else if (!S_ISREG(st.st_mode)) {
    fail(s, path, "is not a file");
  } else if ((s->bytes += (uint64_t)st.st_size) > s->most) {
    snprintf(s->err, s->err_size, "%s: the modules together are larger than limits.code_mb (%u MiB)", path,
             s->config->limits.value[LIMIT_CODE_MB]);
  } else {
    buf_put_u8(&s->modules, (uint8_t)kind);
    buf_put_cstr(&s->modules, name);
    s->count++;
    rc = read_all(s, fd, path, (size_t)st.st_size);
  }
  if (fd >= 0) close(fd);
  return rc;
}

static bool is_passed_over(const char *name) {
  return name[0] == '.' || !strcmp(name, "node_modules") || !strncmp(name, "wrangler.", 9);
}

/* A link may lead anywhere, and only what is below the root was meant. */
static bool leads_outside(const struct scan *s, const char *path) {
  char real[PATH_MAX];
  size_t n = strlen(s->root);
  if (!realpath(path, real)) return true;
  return strncmp(real, s->root, n) != 0 || (real[n] != '/' && n > 1);
}

static int scan_directory(struct scan *s, const char *relative, const char *main_name, int depth);

static int scan_entry(struct scan *s, const char *name, const char *main_name, int depth) {
  char path[PATH_MAX];
  struct stat st;
  if (snprintf(path, sizeof path, "%s/%s", s->root, name) >= (int)sizeof path) return fail(s, name, "path too long");
  if (!strcmp(name, main_name)) return 0; /* is there already */
  if (lstat(path, &st)) return 0;         /* gone meanwhile */
  if (S_ISLNK(st.st_mode) && (leads_outside(s, path) || stat(path, &st) || S_ISDIR(st.st_mode))) return 0;
  if (S_ISDIR(st.st_mode)) return depth < DEPTH_MAX ? scan_directory(s, name, main_name, depth + 1) : 0;
  int kind = kind_of(name);
  return S_ISREG(st.st_mode) && kind ? add_file(s, path, name, kind) : 0;
}

static int compare(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static int scan_directory(struct scan *s, const char *relative, const char *main_name, int depth) {
  char path[PATH_MAX];
  struct dirent **entries;
  int rc = 0;
  if (snprintf(path, sizeof path, "%s/%s", s->root, relative) >= (int)sizeof path)
    return fail(s, relative, "path too long");
  int count = scandir(path, &entries, NULL, compare);
  if (count < 0) return fail(s, path, strerror(errno));
  for (int i = 0; i < count; i++) {
    char name[PATH_MAX];
    int n = snprintf(name, sizeof name, "%s%s%s", relative, *relative ? "/" : "", entries[i]->d_name);
    if (!rc && n < (int)sizeof name && !is_passed_over(entries[i]->d_name)) rc = scan_entry(s, name, main_name, depth);
    free(entries[i]);
  }
  free(entries);
  return rc;
}

static int find_root(struct scan *s, const char *root) {
  return realpath(root, s->root) ? 0 : fail(s, root, strerror(errno));
}

/* main's full path, its directory (or the root that it has) in s->root, and its name there. */
static int find_main(struct scan *s, char *path, size_t size, const char **name) {
  const struct config *c = s->config;
  const char *file = s->worker->main, *root = s->worker->root;
  if (root) {
    *name = file;
    if (snprintf(path, size, "%s/%s", root, file) >= (int)size) return fail(s, file, "path too long");
    return find_root(s, root);
  }
  int n = file[0] == '/' ? snprintf(path, size, "%s", file)
                         : snprintf(path, size, "%s/%s", *c->directory ? c->directory : ".", file);
  if (n < 0 || (size_t)n >= size) return fail(s, file, "path too long");
  char *slash = strrchr(path, '/');
  *name = slash + 1;
  *slash = 0;
  int rc = find_root(s, slash == path ? "/" : path);
  *slash = '/';
  return rc;
}

static int read_modules(struct scan *s, const char **main_name, char *path, size_t size) {
  if (find_main(s, path, size, main_name)) return -1;
  int kind = kind_of(*main_name);
  if (add_file(s, path, *main_name, kind ? kind : MODULE_JS)) return -1;
  return s->config->path ? scan_directory(s, "", *main_name, 0) : 0;
}

static void put_bindings(struct buf *code, const struct config_worker *w) {
  uint32_t channel = 1;
  buf_put_u16(code, (uint16_t)(w->loader_count + w->service_count));
  for (size_t i = 0; i < w->loader_count; i++) {
    buf_put_u8(code, BINDING_LOADER);
    buf_put_cstr(code, w->loaders[i].binding);
    buf_put_u32(code, channel++);
  }
  for (size_t i = 0; i < w->service_count; i++) {
    buf_put_u8(code, BINDING_SERVICE);
    buf_put_cstr(code, w->services[i].binding);
    buf_put_u32(code, channel++);
  }
}

static void put_code(struct buf *code, const struct scan *s, const char *main_name) {
  const struct config_worker *w = s->worker;
  buf_put_u32(code, WORKER_CODE_MAGIC);
  buf_put_u32(code, s->config->limits.value[LIMIT_STACK_KB]);
  buf_put_cstr(code, w->compatibility_date ? w->compatibility_date : "");
  buf_put_u16(code, (uint16_t)w->flag_count);
  for (size_t i = 0; i < w->flag_count; i++) buf_put_cstr(code, w->compatibility_flags[i]);
  buf_put_cstr(code, main_name);
  buf_put_u32(code, s->count);
  buf_put(code, s->modules.data, s->modules.len);
  buf_put_u8(code, ENV_JSON);
  buf_put_cstr(code, w->vars_json ? w->vars_json : "{}");
  put_bindings(code, w);
  buf_put_u8(code, OUTBOUND_INHERIT);
}

int hostworker_read(struct buf *code, const struct config *config, size_t which, char *err, size_t err_size) {
  char path[PATH_MAX];
  const char *main_name;
  struct scan s = {.config = config, .worker = &config->workers[which], .err = err, .err_size = err_size};
  s.most = (uint64_t)config->limits.value[LIMIT_CODE_MB] << 20;
  buf_init(&s.modules, s.most + CODE_OVERHEAD);
  int rc = read_modules(&s, &main_name, path, sizeof path);
  if (!rc) put_code(code, &s, main_name);
  if (!rc && (code->bad || s.modules.bad)) rc = fail(&s, s.worker->main, "too many modules, or out of memory");
  buf_free(&s.modules);
  return rc;
}

/* The first loader of this id in the configuration, counted over all Workers. */
static uint32_t first_of_id(const struct config *config, const char *id) {
  uint32_t n = 0;
  for (size_t w = 0; w < config->worker_count; w++)
    for (size_t i = 0; i < config->workers[w].loader_count; i++, n++)
      if (config->workers[w].loaders[i].id && !strcmp(config->workers[w].loaders[i].id, id)) return n;
  return n;
}

void hostworker_families(uint32_t *families, const struct config *config, size_t which) {
  uint32_t n = 0;
  for (size_t w = 0; w < which; w++) n += (uint32_t)config->workers[w].loader_count;
  for (size_t i = 0; i < config->workers[which].loader_count; i++) {
    const char *id = config->workers[which].loaders[i].id;
    families[i] = id ? first_of_id(config, id) : n + (uint32_t)i;
  }
}
