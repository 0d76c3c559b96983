/* cli.h: the verbs of the command line, one file each, and what they share.
 *
 * A verb gets argv from its own name on, reads its options with getopt_long (which starts anew for each verb), and
 * returns the program's exit status: 0; 1 for what went wrong; 2 for a command line that makes no sense.
 */
#ifndef MAYFLY_CLI_CLI_H
#define MAYFLY_CLI_CLI_H

#include <getopt.h>
#include <stddef.h>

#include "base/layer.h"
#include "gateway/gateway.h"
#if LAYER < LAYER_CLI
#error "cli.h belongs to the command line"
#endif

enum { EXIT_USAGE = 2 };

struct verb {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *summary; /* one line */
  const char *help;    /* printed by `mayfly help VERB`; begins with the usage */
};

extern const struct verb verb_serve, verb_run, verb_test, verb_limits, verb_sandbox, verb_help;
extern const struct verb *const verbs[]; /* ends with NULL */

const struct verb *verb_find(const char *name);

/* Prints "mayfly: VERB: message" and where to read more; returns EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int usage_error(const struct verb *verb, const char *format, ...);
/* The next option, as getopt_long; '?' after a message of ours. `letters` as in getopt. */
int next_option(const struct verb *verb, int argc, char **argv, const char *letters, const struct option *options);

/* Options that several verbs have. 0, or EXIT_USAGE after a message. */
int option_sandbox(const struct verb *verb, const char *text, enum sandbox_mode *out);
/* ADDR:PORT, [ADDR]:PORT, :PORT or PORT. Writes into text; *ip is NULL when no address was given. */
int option_log_format(const struct verb *verb, const char *text, bool *json);
int option_listen(const struct verb *verb, char *text, const char **ip, int *port);
int option_count(const struct verb *verb, const char *name, const char *text, unsigned max, unsigned *out);

/* A configuration where there is no file of one. The compatibility date is the newest there is. */
#define CONFIG_WITHOUT_FILE "{\"main\": \"index.js\", \"compatibility_date\": \"2026-11-01\"}"

/* A warning of config_read, on standard error. */
void print_warning(void *unused, const char *message);

#endif
