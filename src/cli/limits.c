/* limits.c: `mayfly limits`: the table of base/limits.def, for people and for docs/limits.md. */
#include <stdio.h>

#include "base/limits.h"
#include "cli/cli.h"

static const char markdown_head[] =
    "# Limits\n"
    "\n"
    "Made by `mayfly limits --markdown`; a test compares. The keys of the first table stand under `limits` in\n"
    "`wrangler.jsonc`. Those of the second stand under `limits` in the code given to `env.LOADER.load()` and `get()`\n"
    "and, but for `memoryMb`, in the options of `getEntrypoint()`. They can only lower what the configuration allows;\n"
    "the lowest holds.\n"
    "\n"
    "An event that reaches a limit ends with an exception at its caller, with a name that does not change\n"
    "(`ExceededCpuError`, `ExceededWallTimeError`, `ExceededMemoryError`, `OverloadedError`); the isolate is thrown\n"
    "away, and no other Worker notices.\n";

static void print_markdown(void) {
  puts(markdown_head);
  puts("| key in `wrangler.jsonc` | default | from | to | unit | what it limits |\n|---|---|---|---|---|---|");
  for (int i = 0; i < LIMIT_COUNT; i++) {
    const struct limit_row *r = &limit_table[i];
    printf("| `%s` | %u | %u | %u | %s | %s |\n", r->key, r->standard, r->smallest, r->largest, r->unit, r->meaning);
  }
  puts("\n| key of `load()` | lowers |\n|---|---|");
  for (int i = 0; i < LIMIT_COUNT; i++)
    if (*limit_table[i].load_key) printf("| `%s` | `%s` |\n", limit_table[i].load_key, limit_table[i].key);
}

static void print_table(void) {
  printf("%-16s %-12s %10s  %-11s %s\n", "wrangler.jsonc", "load()", "default", "unit", "what it limits");
  for (int i = 0; i < LIMIT_COUNT; i++) {
    const struct limit_row *r = &limit_table[i];
    printf("%-16s %-12s %10u  %-11s %s\n", r->key, r->load_key, r->standard, r->unit, r->meaning);
  }
}

static int limits(int argc, char **argv) {
  static const struct option options[] = {{"markdown", no_argument, NULL, 'm'}, {"help", no_argument, NULL, 'h'}, {0}};
  bool markdown = false;
  int c;
  while ((c = next_option(&verb_limits, argc, argv, ":h", options)) != -1) {
    if (c == 'h') return verb_help.run(2, (char *[]){"help", "limits", NULL});
    if (c == '?') return EXIT_USAGE;
    markdown = true;
  }
  if (optind < argc) return usage_error(&verb_limits, "no argument expected, got \"%s\"", argv[optind]);
  if (markdown)
    print_markdown();
  else
    print_table();
  return 0;
}

const struct verb verb_limits = {"limits", limits, "print every limit, its default and its range",
                                 "usage: mayfly limits [--markdown]\n"
                                 "\n"
                                 "  --markdown  as docs/limits.md has it, with smallest and largest values\n"};
