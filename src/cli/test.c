/* test.c: `mayfly test`: runs the tests in files, each file as a Worker of its own. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"

enum { OPTION_FILTER = 't', OPTION_SANDBOX = 's', OPTION_HELP = 'h', EXIT_INTERRUPTED = 130, DEPTH_MAX = 32 };

struct paths {
  char **list;
  size_t count;
};

static int fail(const char *path, const char *what) {
  fprintf(stderr, "mayfly: %s: %s\n", path, what);
  return EXIT_USAGE;
}

/* ---- which files ---- */

static int add_path(struct paths *p, const char *path) {
  char **more = realloc(p->list, (p->count + 1) * sizeof *more);
  if (more) p->list = more;
  char *copy = more ? strdup(path) : NULL;
  if (!copy) return fail(path, strerror(ENOMEM));
  p->list[p->count++] = copy;
  return 0;
}

static void paths_free(struct paths *p) {
  for (size_t i = 0; i < p->count; i++) free(p->list[i]);
  free(p->list);
}

static bool has_suffix(const char *name, const char *suffix) {
  size_t n = strlen(name), s = strlen(suffix);
  return n > s && !strcmp(name + n - s, suffix);
}

static bool is_test_file(const char *name) {
  return has_suffix(name, ".test.js") || has_suffix(name, ".test.mjs") || has_suffix(name, ".spec.js") ||
         has_suffix(name, ".spec.mjs");
}

static int find_tests(struct paths *found, const char *directory, int depth);

static int find_in_entry(struct paths *found, const char *directory, const char *name, int depth) {
  char path[PATH_MAX];
  struct stat st;
  const char *slash = has_suffix(directory, "/") || !strcmp(directory, "/") ? "" : "/";
  if (name[0] == '.' || !strcmp(name, "node_modules")) return 0;
  if (snprintf(path, sizeof path, "%s%s%s", directory, slash, name) >= (int)sizeof path)
    return fail(directory, strerror(ENAMETOOLONG));
  if (lstat(path, &st)) return 0; /* gone meanwhile */
  if (S_ISDIR(st.st_mode)) return depth < DEPTH_MAX ? find_tests(found, path, depth + 1) : 0;
  return S_ISREG(st.st_mode) && is_test_file(name) ? add_path(found, path) : 0;
}

static int compare(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static int find_tests(struct paths *found, const char *directory, int depth) {
  struct dirent **entries;
  int rc = 0, count = scandir(directory, &entries, NULL, compare);
  if (count < 0) return fail(directory, strerror(errno));
  for (int i = 0; i < count; i++) {
    if (!rc) rc = find_in_entry(found, directory, entries[i]->d_name, depth);
    free(entries[i]);
  }
  free(entries);
  return rc;
}

static int find_files(struct paths *found, const char *path) {
  struct stat st;
  if (stat(path, &st)) return fail(path, strerror(errno));
  if (!S_ISDIR(st.st_mode)) return S_ISREG(st.st_mode) ? add_path(found, path) : fail(path, "is not a file");
  size_t before = found->count;
  int rc = find_tests(found, path, 0);
  if (rc || found->count > before) return rc;
  return fail(path, "no tests: no file below it is named *.test.js, *.test.mjs, *.spec.js or *.spec.mjs");
}

/* ---- the configuration of one file ---- */

static bool is_in(const char *directory, const char *name, char *path, size_t size) {
  struct stat st;
  int n = snprintf(path, size, "%s/%s", directory, name);
  return n > 0 && (size_t)n < size && !stat(path, &st) && S_ISREG(st.st_mode);
}

/* The nearest configuration upwards, in `config`. `directory` becomes where it is. */
static bool find_config(char *directory, char *config, size_t size) {
  for (;;) {
    const char *shown = *directory ? directory : "/";
    if (is_in(shown, "wrangler.jsonc", config, size) || is_in(shown, "wrangler.json", config, size)) return true;
    char *slash = strrchr(directory, '/');
    if (!slash) return false;
    *slash = 0;
  }
}

static char *directory_of(const char *file, char *directory, size_t size) {
  snprintf(directory, size, "%s", file);
  char *slash = strrchr(directory, '/');
  *slash = 0;
  return directory;
}

/* The test takes the place of the main Worker, and finds all modules below the configuration. */
static int put_test(struct config *c, const char *file, const char *root) {
  struct config_worker *w = c->workers;
  const char *name = file + strlen(root) + (strcmp(root, "/") != 0);
  free(w->main);
  free(w->root);
  w->main = strdup(name);
  w->root = strdup(root);
  if (w->main && w->root) return 0;
  config_free(c);
  return fail(file, strerror(ENOMEM));
}

/* `last` is the configuration that was read before, whose warnings were shown. */
static int read_config(struct config *c, const char *file, char *last, size_t size) {
  char directory[PATH_MAX], path[PATH_MAX], err[4096];
  int rc;
  if (find_config(directory_of(file, directory, sizeof directory), path, sizeof path)) {
    config_warn *warn = strcmp(path, last) ? print_warning : NULL;
    rc = config_read(c, path, warn, NULL, err, sizeof err);
    snprintf(last, size, "%s", path);
  } else {
    directory_of(file, directory, sizeof directory);
    snprintf(path, sizeof path, "%s", file);
    rc = config_parse(c, path, CONFIG_WITHOUT_FILE, sizeof CONFIG_WITHOUT_FILE - 1, NULL, NULL, err, sizeof err);
  }
  if (rc) {
    fprintf(stderr, "mayfly: %s\n", err);
    return EXIT_USAGE;
  }
  if (!c->worker_count) return config_free(c), fail(path, "it has no Worker (\"main\") that a test could run as");
  return put_test(c, file, *directory ? directory : "/");
}

/* ---- the verb ---- */

static int run_file(const char *shown, const struct gateway_options *options, struct test_run *run, char *last,
                    size_t size) {
  char file[PATH_MAX];
  struct config config;
  if (!realpath(shown, file)) return fail(shown, strerror(errno));
  int rc = read_config(&config, file, last, size);
  if (rc) return rc;
  rc = gateway_test(&config, options, shown, run);
  config_free(&config);
  return rc ? EXIT_INTERRUPTED : 0;
}

static int run_files(const struct paths *files, const struct gateway_options *options, struct test_run *run) {
  char last[PATH_MAX] = "";
  int rc = 0;
  for (size_t i = 0; i < files->count && !rc; i++) rc = run_file(files->list[i], options, run, last, sizeof last);
  if (rc) return rc;
  if (!run->passed && !run->failed) fprintf(stderr, "mayfly: no tests: no name contains \"%s\"\n", run->filter);
  printf("%u passed, %u failed\n", run->passed, run->failed);
  return run->failed || !run->passed;
}

static int read_options(int argc, char **argv, struct gateway_options *out, struct test_run *test) {
  static const struct option options[] = {{"filter", required_argument, NULL, OPTION_FILTER},
                                          {"sandbox", required_argument, NULL, OPTION_SANDBOX},
                                          {"help", no_argument, NULL, OPTION_HELP},
                                          {0}};
  int c, rc = 0;
  while (rc == 0 && (c = next_option(&verb_test, argc, argv, ":t:h", options)) != -1) {
    if (c == OPTION_FILTER)
      test->filter = optarg;
    else if (c == OPTION_SANDBOX)
      rc = option_sandbox(&verb_test, optarg, &out->sandbox);
    else
      rc = c == OPTION_HELP ? -1 : EXIT_USAGE;
  }
  return rc;
}

static int test(int argc, char **argv) {
  struct gateway_options options = {.port = -1, .cells = 1};
  struct test_run run = {.filter = NULL};
  struct paths files = {NULL, 0};
  int rc = read_options(argc, argv, &options, &run);
  if (rc < 0) return verb_help.run(2, (char *[]){"help", "test", NULL});
  if (rc) return rc;
  if (optind >= argc) return usage_error(&verb_test, "which file or directory?");
  for (int i = optind; i < argc && !rc; i++) rc = find_files(&files, argv[i]);
  if (!rc) rc = run_files(&files, &options, &run);
  paths_free(&files);
  return rc;
}

const struct verb verb_test = {
    "test", test, "run the tests that JavaScript modules export",
    "usage: mayfly test FILE|DIR... [OPTION]...\n"
    "\n"
    "Runs each exported object, and each exported WorkerEntrypoint class, that has test(controller, env, ctx), one\n"
    "after the other. A test fails when it throws or rejects, or when what it gave to ctx.waitUntil() does. FILE is a\n"
    "module; in DIR and below, the files named *.test.js, *.test.mjs, *.spec.js and *.spec.mjs are taken. Each file "
    "is\n"
    "a Worker of its own, with the bindings and limits of the nearest wrangler.jsonc upwards.\n"
    "\n"
    "  -t, --filter TEXT       only tests whose name contains TEXT\n"
    "  --sandbox auto|strict   as for 'mayfly serve'\n"
    "\n"
    "Exit status: 0 when all passed; 1 when one failed or none ran; 2 for a command line or configuration that makes\n"
    "no sense.\n"};
