/* main.c: which verb runs. The same program is also a cell, when the gateway starts it under that name. */
#include <stdio.h>
#include <string.h>

#include "cell/cell.h"
#include "cli/cli.h"

const struct verb *const verbs[] = {&verb_serve, &verb_run, &verb_test, &verb_limits, &verb_sandbox, &verb_help, NULL};

static int print_version(void) {
  puts("mayfly " MAYFLY_VERSION " (QuickJS-ng " ENGINE_VERSION ")");
  return 0;
}

static int no_such_verb(const char *name) {
  fprintf(stderr, "mayfly: there is no \"%s\"; the verbs are", name);
  for (const struct verb *const *v = verbs; *v; v++) fprintf(stderr, "%s %s", v == verbs ? "" : ",", (*v)->name);
  fputs("\nTry 'mayfly --help'.\n", stderr);
  return EXIT_USAGE;
}

int main(int argc, char **argv) {
  if (argc > 0 && !strcmp(argv[0], CELL_ARGV0)) return cell_main(argc, argv);
  const char *first = argc > 1 ? argv[1] : "";
  if (!strcmp(first, "--version") || !strcmp(first, "-V")) return print_version();
  if (!strcmp(first, "--help") || !strcmp(first, "-h")) return verb_help.run(1, argv + 1);
  if (argc < 2) {
    verb_help.run(0, NULL);
    return EXIT_USAGE;
  }
  const struct verb *verb = verb_find(first);
  return verb ? verb->run(argc - 1, argv + 1) : no_such_verb(first);
}
