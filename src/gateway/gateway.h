/* gateway.h: the one process with sockets, files and configuration; what the command line needs of it.
 *
 * Each function runs a whole gateway in the calling thread until it is over: it starts the cells, loads the Worker,
 * serves, and ends the cells again. Signals: SIGINT and SIGTERM are blocked and read from a signalfd meanwhile, SIGPIPE
 * is ignored. One gateway per process at a time. `config` and the options stay the caller's.
 * Messages go to stderr, whole lines that begin with "mayfly: ".
 */
#ifndef MAYFLY_GATEWAY_GATEWAY_H
#define MAYFLY_GATEWAY_GATEWAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/layer.h"
#include "cell/jail.h"
#include "gateway/config.h"
#if LAYER < LAYER_GATEWAY
#error "gateway.h belongs to the gateway"
#endif

struct gateway_options {
  const char *ip;            /* numeric address to listen on; NULL: the configuration's */
  int port;                  /* 0: any free one; -1: the configuration's */
  enum sandbox_mode sandbox; /* of the cells */
  unsigned cells;            /* for dynamic Workers; 0: one */
  unsigned lanes;            /* threads of a cell that may be busy at once; 0: the cell decides */
  bool dev;                  /* a Worker's error and stack are shown to the client */
  bool test_scheduled;       /* clients may make scheduled() events (scheduled_request.c) */
  bool log_json;             /* the log's lines are JSON */
  bool trace_rpc;            /* a line is printed for each call of an RPC session */
};

/* `mayfly serve`. Prints "mayfly: listening on http://ADDR:PORT" when the Worker is loaded and requests are accepted.
 * Returns the exit status: 0 after SIGTERM or SIGINT (requests in progress were finished, or LIMIT_DRAIN_MS passed);
 * 1 when it could not start (taken port, Worker that does not load, sandbox): the reason was printed. */
int gateway_serve(const struct config *config, const struct gateway_options *options);

struct run_request {
  const char *url; /* http://... ; NULL: http://localhost/ */
};

/* `mayfly run FILE`: loads one Worker (config->directory and its main name the file; when config->path is NULL the
 * file is its only module, otherwise as for serve), sends it one GET, prints the status line and headers to stderr and
 * the body to stdout. Returns the exit status: 0, whatever the answer's status; 1 when there was no whole answer:
 * the error's message and stack were printed. ip, port and cells of the options are not used. */
int gateway_run(const struct config *config, const struct gateway_options *options, const struct run_request *request);

/* What `mayfly test` knows of its tests, over all files. */
struct test_run {
  const char *filter; /* only tests whose name contains it; NULL: all */
  unsigned passed, failed;
};

/* `mayfly test`: loads one Worker as for serve and runs test() of each of its exports, one after the other, each as an
 * event; prints them and what the Worker logs to stdout, and counts them. `title` is what the Worker is called there.
 * A Worker that does not start, or has no tests, counts as one that failed. 0; or -1: interrupted by a signal. */
int gateway_test(const struct config *config, const struct gateway_options *options, const char *title,
                 struct test_run *run);

#endif
