/* config_triggers.c: "triggers" of a Worker: the cron expressions that say when its scheduled() runs; see config.h. */
#include <stdlib.h>

#include "gateway/config_worker.h"

static void read_cron(struct reading *r, uint32_t node) {
  struct config_worker *w = r->worker;
  struct config_cron *cron = &w->crons[w->cron_count];
  char *text = reading_string(r, node, "an entry of triggers.crons");
  size_t at;
  const char *wrong = text ? cron_parse(&cron->cron, text, &at) : NULL;
  if (wrong) {
    reading_error(r, reading_at(r, node) + 1 + at, "\"%.100s\" is no cron expression: %s", text, wrong);
    free(text);
  } else if (text) {
    cron->text = text;
    w->cron_count++;
  }
}

static void read_crons(struct reading *r, uint32_t node) {
  struct config_worker *w = r->worker;
  if (!reading_expect(r, node, '[', "triggers.crons")) return;
  size_t count = reading_count(r, node);
  if (count > CONFIG_CRONS_MAX) {
    reading_error(r, reading_at(r, node), "triggers.crons has more than %d entries", CONFIG_CRONS_MAX);
    return;
  }
  w->crons = calloc(count + 1, sizeof *w->crons);
  if (!w->crons) {
    reading_no_memory(r);
    return;
  }
  for (uint32_t i = jsonc_first(&r->doc, node); i; i = jsonc_next(&r->doc, i)) read_cron(r, i);
}

void config_read_triggers(struct reading *r, uint32_t node) {
  static const struct key keys[] = {{"crons", read_crons}};
  static const struct table table = {" in triggers", keys, 1, NULL, 0};
  if (reading_expect(r, node, '{', "triggers")) reading_object(r, node, &table);
}

void config_free_crons(struct config_worker *w) {
  for (size_t i = 0; i < w->cron_count; i++) free(w->crons[i].text);
  free(w->crons);
}
