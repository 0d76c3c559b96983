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
enum { OFFERED_SETS = 5 };
static const unsigned offered_sets[OFFERED_SETS] = {
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

/* The trials that failed, in their order. */
struct offered_failures {
  struct {
    unsigned set;
    char why[160];
  } trial[2 * OFFERED_SETS];
  size_t count;
};

/* The best set that works. */
static unsigned offered_find(unsigned nobody, struct offered_failures *failures) {
  for (size_t i = 0; i < OFFERED_SETS; i++)
    for (int with = nobody ? 1 : 0; with >= 0; with--) {
      unsigned set = offered_sets[i] | (with ? nobody : 0);
      char *why = failures->trial[failures->count].why;
      if (!set || jail_spawn_try(set, why, sizeof failures->trial[0].why) == 0) return set;
      failures->trial[failures->count++].set = set;
    }
  return 0;
}

/* Why `step` is not in `set`: what happened when it was tried in addition, else what happened first. */
static const char *offered_why(const struct offered_failures *failures, unsigned set, unsigned step) {
  for (size_t i = 0; i < failures->count; i++)
    if (failures->trial[i].set == (set | step)) return failures->trial[i].why;
  return failures->trial[0].why;
}

static void say_missing(char *out, size_t size, const char *name, const char *why) {
  size_t used = strlen(out);
  snprintf(out + used, size - used, "%s %s (%s)", used ? ", no" : "this system offers no", name, why);
}

static unsigned offered_ask(char *missing, size_t size) {
  struct offered_failures failures = {.count = 0};
  unsigned nobody = geteuid() == 0 ? JAIL_NOBODY : 0;
  unsigned set = offered_find(nobody, &failures);
  unsigned wanted = offered_sets[0] | nobody;
  missing[0] = 0;
  for (size_t i = 0; i < sizeof offered_names / sizeof offered_names[0]; i++) {
    unsigned step = offered_names[i].step;
    if (wanted & ~set & step) say_missing(missing, size, offered_names[i].name, offered_why(&failures, set, step));
  }
  if (jail_landlock_version() >= 1) return set | JAIL_LANDLOCK | JAIL_ALWAYS;
  say_missing(missing, size, "Landlock", strerrordesc_np(errno));
  return set | JAIL_ALWAYS;
}

unsigned jail_offered(char *missing, size_t missing_size) {
  static unsigned known;
  static char known_missing[1024];
  if (!known) known = offered_ask(known_missing, sizeof known_missing);
  if (missing_size) snprintf(missing, missing_size, "%s", known_missing);
  return known;
}
