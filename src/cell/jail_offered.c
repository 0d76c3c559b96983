/* jail_offered.c: what this system lets us have, found by trying it, best first.
 *
 * What a kernel, a container or an administrator allows cannot be read anywhere as one answer; so a child is started
 * for each combination until one works. The answer is kept: it is asked for before every cell.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cell/jail_plan.h"

/* Best first; each is tried with another identity before it is tried without. */
static const unsigned offered_sets[] = {
    JAIL_USER | JAIL_NAMESPACES | JAIL_ROOT,
    JAIL_USER | JAIL_NAMESPACES,
    JAIL_NAMESPACES | JAIL_ROOT,
    JAIL_NAMESPACES,
    0,
};

struct offered_name {
  unsigned step;
  const char *name;
};
static const struct offered_name offered_names[] = {
    {JAIL_USER, "user namespace"},
    {JAIL_NAMESPACES, "pid, net, mount, ipc, uts and cgroup namespaces"},
    {JAIL_ROOT, "empty root directory"},
    {JAIL_NOBODY, "unprivileged user id"},
};

static void append(char *out, size_t size, const char *a, const char *b) {
  size_t used = strlen(out);
  snprintf(out + used, size - used, "%s%s", a, b);
}

/* The best set that works; the first failure, that of the best set, in why. */
static unsigned offered_find(unsigned nobody, char *why, size_t why_size) {
  for (size_t i = 0; i < sizeof offered_sets / sizeof offered_sets[0]; i++)
    for (int with = nobody ? 1 : 0; with >= 0; with--) {
      unsigned set = offered_sets[i] | (with ? nobody : 0);
      char reason[256];
      if (!set || jail_spawn_try(set, reason, sizeof reason) == 0) return set;
      if (!why[0]) snprintf(why, why_size, "%s", reason);
    }
  return 0;
}

static void offered_explain(unsigned missing, const char *why, char *out, size_t size) {
  const char *separator = "this system offers no ";
  for (size_t i = 0; i < sizeof offered_names / sizeof offered_names[0]; i++)
    if (missing & offered_names[i].step) {
      append(out, size, separator, offered_names[i].name);
      separator = ", no ";
    }
  if (out[0]) append(out, size, " (", why), append(out, size, ")", "");
}

static unsigned offered_ask(char *missing, size_t size) {
  char why[256] = "";
  unsigned nobody = geteuid() == 0 ? JAIL_NOBODY : 0;
  unsigned set = offered_find(nobody, why, sizeof why);
  missing[0] = 0;
  offered_explain((offered_sets[0] | nobody) & ~set, why, missing, size);
  if (jail_landlock_version() >= 1) return set | JAIL_LANDLOCK | JAIL_ALWAYS;
  append(missing, size, missing[0] ? ", and no Landlock (" : "this system offers no Landlock (",
         strerrordesc_np(errno));
  append(missing, size, ")", "");
  return set | JAIL_ALWAYS;
}

unsigned jail_offered(char *missing, size_t missing_size) {
  static unsigned known;
  static char known_missing[512];
  if (!known) known = offered_ask(known_missing, sizeof known_missing);
  if (missing_size) snprintf(missing, missing_size, "%s", known_missing);
  return known;
}
