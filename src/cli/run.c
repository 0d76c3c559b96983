/* run.c: `mayfly run`: one Worker, one request, the answer on standard output. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"

enum { OPTION_REQUEST = 'r', OPTION_SANDBOX = 's', OPTION_DEV = 'd', OPTION_HELP = 'h' };

static int check_url(const char *url) {
  if (!strncmp(url, "http://", 7) && url[7] && url[7] != '/') return 0;
  if (!strncmp(url, "https://", 8) && url[8] && url[8] != '/') return 0;
  return usage_error(&verb_run, "--request is an URL, as http://localhost/path, not \"%s\"", url);
}

static int read_options(int argc, char **argv, struct gateway_options *out, struct run_request *request) {
  static const struct option options[] = {{"request", required_argument, NULL, OPTION_REQUEST},
                                          {"sandbox", required_argument, NULL, OPTION_SANDBOX},
                                          {"dev", no_argument, NULL, OPTION_DEV},
                                          {"help", no_argument, NULL, OPTION_HELP},
                                          {0}};
  int c, rc = 0;
  while (rc == 0 && (c = next_option(&verb_run, argc, argv, ":r:h", options)) != -1) {
    switch (c) {
      case OPTION_REQUEST:
        request->url = optarg;
        rc = check_url(optarg);
        break;
      case OPTION_SANDBOX:
        rc = option_sandbox(&verb_run, optarg, &out->sandbox);
        break;
      case OPTION_DEV:
        out->dev = true;
        break;
      case OPTION_HELP:
        return -1;
      default:
        rc = EXIT_USAGE;
    }
  }
  return rc;
}

static int config_for_file(struct config *c, const char *file, char *err, size_t err_size) {
  static const char text[] = CONFIG_WITHOUT_FILE;
  if (config_parse(c, file, text, sizeof text - 1, NULL, NULL, err, err_size)) return -1;
  const char *slash = strrchr(file, '/');
  free(c->path);
  free(c->workers->main);
  c->path = NULL;
  c->workers->main = strdup(slash ? slash + 1 : file);
  if (c->workers->main) return 0;
  snprintf(err, err_size, "out of memory");
  config_free(c);
  return -1;
}

static bool is_configuration(const char *path) {
  struct stat st;
  if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) return true;
  const char *dot = strrchr(path, '.');
  return dot && (!strcmp(dot, ".jsonc") || !strcmp(dot, ".json"));
}

static int read_worker(struct config *c, const char *path, char *err, size_t err_size) {
  struct stat st;
  if (is_configuration(path)) return config_read(c, path, print_warning, NULL, err, err_size);
  if (stat(path, &st) == 0) return config_for_file(c, path, err, err_size);
  snprintf(err, err_size, "%s: %m", path);
  return -1;
}

static int run(int argc, char **argv) {
  struct gateway_options options = {.port = -1, .cells = 1};
  struct run_request request = {.url = "http://localhost/"};
  int rc = read_options(argc, argv, &options, &request);
  if (rc < 0) return verb_help.run(2, (char *[]){"help", "run", NULL});
  if (rc) return rc;
  if (argc - optind != 1) return usage_error(&verb_run, "which file?");
  struct config config;
  char err[4096];
  if (read_worker(&config, argv[optind], err, sizeof err)) {
    fprintf(stderr, "mayfly: %s\n", err);
    return 1;
  }
  rc = gateway_run(&config, &options, &request);
  config_free(&config);
  return rc;
}

const struct verb verb_run = {
    "run", run, "load one Worker, send it one request, print the response",
    "usage: mayfly run FILE [OPTION]...\n"
    "\n"
    "Loads FILE as the only module of a Worker, sends it one GET request, and prints the body of the response on\n"
    "standard output, its status and headers on standard error. FILE may also be a wrangler.jsonc, or its directory.\n"
    "\n"
    "  -r, --request URL       the request's URL (default: http://localhost/)\n"
    "  --sandbox auto|strict   as for 'mayfly serve'\n"
    "  --dev                   as for 'mayfly serve'\n"
    "\n"
    "Exit status: 0 when a response arrived, whatever its status; 1 when none did.\n"};
