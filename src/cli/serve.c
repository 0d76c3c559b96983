/* serve.c: `mayfly serve`: the configured Worker behind an HTTP server. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

enum {
  OPTION_LISTEN = 'l',
  OPTION_SANDBOX = 's',
  OPTION_CELLS = 'c',
  OPTION_DEV = 'd',
  OPTION_LOG_FORMAT = 'g',
  OPTION_TEST_SCHEDULED = 'T',
  OPTION_TRACE_RPC = 't',
  OPTION_RPC = 'r',
  OPTION_RPC_TOKEN_FILE = 'f',
  OPTION_RPC_EVERYWHERE = 'e',
  OPTION_HELP = 'h'
};

/* What the command line says of rpc, which goes before the configuration. */
struct rpc_options {
  const char *path, *token_file;
  bool everywhere;
};

static int read_options(int argc, char **argv, struct gateway_options *out, struct rpc_options *rpc) {
  static const struct option options[] = {{"listen", required_argument, NULL, OPTION_LISTEN},
                                          {"sandbox", required_argument, NULL, OPTION_SANDBOX},
                                          {"cells", required_argument, NULL, OPTION_CELLS},
                                          {"dev", no_argument, NULL, OPTION_DEV},
                                          {"test-scheduled", no_argument, NULL, OPTION_TEST_SCHEDULED},
                                          {"log-format", required_argument, NULL, OPTION_LOG_FORMAT},
                                          {"trace-rpc", no_argument, NULL, OPTION_TRACE_RPC},
                                          {"rpc", required_argument, NULL, OPTION_RPC},
                                          {"rpc-token-file", required_argument, NULL, OPTION_RPC_TOKEN_FILE},
                                          {"rpc-everywhere", no_argument, NULL, OPTION_RPC_EVERYWHERE},
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
      case OPTION_TEST_SCHEDULED:
        out->test_scheduled = true;
        break;
      case OPTION_LOG_FORMAT:
        rc = option_log_format(&verb_serve, optarg, &out->log_json);
        break;
      case OPTION_TRACE_RPC:
        out->trace_rpc = true;
        break;
      case OPTION_RPC:
        rpc->path = optarg;
        break;
      case OPTION_RPC_TOKEN_FILE:
        rpc->token_file = optarg;
        break;
      case OPTION_RPC_EVERYWHERE:
        rpc->everywhere = true;
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

static int apply(struct config *config, const struct rpc_options *rpc) {
  const char *wrong = rpc->path ? config_rpc_path(config, rpc->path) : NULL;
  if (wrong) return usage_error(&verb_serve, "--rpc %s", wrong);
  if (!config->rpc.path && (rpc->token_file || rpc->everywhere))
    return usage_error(&verb_serve, "nothing is offered by RPC; add --rpc /rpc");
  config->rpc.everywhere |= rpc->everywhere;
  if (!rpc->token_file) return 0;
  free(config->rpc.token_file);
  config->rpc.token_file = strdup(rpc->token_file);
  if (config->rpc.token_file) return 0;
  fprintf(stderr, "mayfly: out of memory\n");
  return 1;
}

/* With --rpc there need not be a Worker: without a path, and without a configuration where it is looked for. */
static int read_config(struct config *config, const char *path, const struct rpc_options *rpc) {
  char err[4096];
  if (!path && rpc->path && access("wrangler.jsonc", F_OK) && access("wrangler.json", F_OK)) {
    if (!config_none(config)) return 0;
    snprintf(err, sizeof err, "out of memory");
  } else if (!config_read(config, path ? path : ".", print_warning, NULL, err, sizeof err)) {
    return 0;
  }
  fprintf(stderr, "mayfly: %s\n", err);
  return 1;
}

static int serve(int argc, char **argv) {
  struct gateway_options options = {.port = -1, .cells = 1};
  struct rpc_options rpc = {0};
  int rc = read_options(argc, argv, &options, &rpc);
  if (rc < 0) return verb_help.run(2, (char *[]){"help", "serve", NULL});
  if (rc || (rc = check_ip(options.ip))) return rc;
  if (argc - optind > 1) return usage_error(&verb_serve, "one directory or file at a time");
  struct config config;
  if (read_config(&config, optind < argc ? argv[optind] : NULL, &rpc)) return 1;
  rc = apply(&config, &rpc);
  if (!rc) rc = gateway_serve(&config, &options);
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
    "  --test-scheduled        clients may run scheduled(): GET /cdn-cgi/handler/scheduled?cron=...&time=...\n"
    "  --log-format text|json  what the log's lines are (default: text); json: an object each\n"
    "  --rpc PATH              offer the runtime itself as a Cap'n Web object at this path, to clients that show the\n"
    "                          token: MAYFLY_TOKEN, or one that is made and printed; no Worker is needed then\n"
    "  --rpc-token-file FILE   the token is the first line of FILE\n"
    "  --rpc-everywhere        offer it on other addresses than loopback's too\n"
    "  --trace-rpc             print a line for each call between Workers: who, what, bytes, time, how it ended\n"
    "\n"
    "SIGTERM and SIGINT finish the requests in progress, then end.\n"};
