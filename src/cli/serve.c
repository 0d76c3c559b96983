/* serve.c: `mayfly serve`: the configured Worker behind an HTTP server. */
#include <arpa/inet.h>
#include <stdio.h>

#include "cli/cli.h"

enum {
  OPTION_LISTEN = 'l',
  OPTION_SANDBOX = 's',
  OPTION_CELLS = 'c',
  OPTION_DEV = 'd',
  OPTION_TRACE_RPC = 't',
  OPTION_HELP = 'h'
};

static int read_options(int argc, char **argv, struct gateway_options *out) {
  static const struct option options[] = {{"listen", required_argument, NULL, OPTION_LISTEN},
                                          {"sandbox", required_argument, NULL, OPTION_SANDBOX},
                                          {"cells", required_argument, NULL, OPTION_CELLS},
                                          {"dev", no_argument, NULL, OPTION_DEV},
                                          {"trace-rpc", no_argument, NULL, OPTION_TRACE_RPC},
                                          {"help", no_argument, NULL, OPTION_HELP},
                                          {0}};
  int c, rc = 0;
  while (rc == 0 && (c = next_option(&verb_serve, argc, argv, ":l:h", options)) != -1) {
    switch (c) {
      case OPTION_LISTEN:
        rc = option_listen(&verb_serve, optarg, &out->ip, &out->port);
        break;
      case OPTION_SANDBOX:
        rc = option_sandbox(&verb_serve, optarg, &out->sandbox);
        break;
      case OPTION_CELLS:
        rc = option_count(&verb_serve, "--cells", optarg, 64, &out->cells);
        break;
      case OPTION_DEV:
        out->dev = true;
        break;
      case OPTION_TRACE_RPC:
        out->trace_rpc = true;
        break;
      case OPTION_HELP:
        return -1;
      default:
        rc = EXIT_USAGE;
    }
  }
  return rc;
}

static int check_ip(const char *ip) {
  unsigned char address[sizeof(struct in6_addr)];
  if (!ip || inet_pton(AF_INET, ip, address) == 1 || inet_pton(AF_INET6, ip, address) == 1) return 0;
  return usage_error(&verb_serve, "\"%s\" is not an IP address", ip);
}

static int serve(int argc, char **argv) {
  struct gateway_options options = {.port = -1, .cells = 1};
  int rc = read_options(argc, argv, &options);
  if (rc < 0) return verb_help.run(2, (char *[]){"help", "serve", NULL});
  if (rc || (rc = check_ip(options.ip))) return rc;
  if (argc - optind > 1) return usage_error(&verb_serve, "one directory or file at a time");
  struct config config;
  char err[4096];
  if (config_read(&config, optind < argc ? argv[optind] : ".", print_warning, NULL, err, sizeof err)) {
    fprintf(stderr, "mayfly: %s\n", err);
    return 1;
  }
  rc = gateway_serve(&config, &options);
  config_free(&config);
  return rc;
}

const struct verb verb_serve = {
    "serve", serve, "serve a Worker over HTTP",
    "usage: mayfly serve [DIR | wrangler.jsonc] [OPTION]...\n"
    "\n"
    "Loads the Worker that DIR/wrangler.jsonc describes (default: the current directory) and answers HTTP requests\n"
    "with it. Through a worker_loaders binding it can load other Workers, each into a sandbox of its own.\n"
    "\n"
    "  -l, --listen ADDR:PORT  where to listen: 127.0.0.1:8787, [::1]:8787, :8787 (default: the configuration's\n"
    "                          dev.ip and dev.port, else 127.0.0.1:8787; port 0: any free one, which is printed)\n"
    "  --sandbox auto|strict   auto (default): use what this system offers, and warn once about what is missing;\n"
    "                          strict: refuse to start unless everything is there\n"
    "  --cells N               processes for dynamic Workers (default: 1)\n"
    "  --dev                   show a Worker's errors and stacks in the response\n"
    "  --trace-rpc             print a line for each session of calls between Workers: who, bytes, time, outcome\n"
    "\n"
    "SIGTERM and SIGINT finish the requests in progress, then end.\n"};
