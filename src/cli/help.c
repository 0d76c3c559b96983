/* help.c: `mayfly help [VERB]`. The text of a verb stands beside its code. */
#include <stdio.h>

#include "cli/cli.h"

static void print_overview(void) {
  puts(
      "Mayfly runs code that nobody has read: dynamic Workers, each in a sandbox of its own.\n"
      "\n"
      "usage: mayfly VERB [OPTION]...\n");
  for (const struct verb *const *v = verbs; *v; v++) printf("  %-9s %s\n", (*v)->name, (*v)->summary);
  puts(
      "\n"
      "  --version  the version of Mayfly and of its engine\n"
      "  --help     this\n"
      "\n"
      "'mayfly help VERB' says more about one of them.");
}

static int help(int argc, char **argv) {
  if (argc < 2) {
    print_overview();
    return 0;
  }
  const struct verb *verb = verb_find(argv[1]);
  if (!verb) return usage_error(&verb_help, "there is no \"%s\"", argv[1]);
  printf("%s - %s\n\n%s", verb->name, verb->summary, verb->help);
  return 0;
}

const struct verb verb_help = {"help", help, "explain Mayfly, or one verb", "usage: mayfly help [VERB]\n"};
