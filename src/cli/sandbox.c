/* sandbox.c: `mayfly sandbox`: what a cell is locked into on this machine. */
#include <stdio.h>

#include "cli/cli.h"

static int sandbox(int argc, char **argv) {
  static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
  int c = next_option(&verb_sandbox, argc, argv, ":h", options);
  if (c == 'h') return verb_help.run(2, (char *[]){"help", "sandbox", NULL});
  if (c != -1) return EXIT_USAGE;
  if (optind < argc) return usage_error(&verb_sandbox, "no argument expected, got \"%s\"", argv[optind]);
  char missing[1024], plan[8192];
  unsigned offered = jail_offered(missing, sizeof missing);
  jail_describe(offered, plan, sizeof plan);
  fputs(plan, stdout);
  if (missing[0]) printf("not offered by this system: %s\n", missing);
  return 0;
}

const struct verb verb_sandbox = {
    "sandbox", sandbox, "print what sandboxes this machine can offer a cell",
    "usage: mayfly sandbox\n"
    "\n"
    "Lists the steps that lock a cell down, in order, and what this system does not offer.\n"};
