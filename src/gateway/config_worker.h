/* config_worker.h: the keys of a Worker: those of the configuration itself, and those of an entry of "workers". */
#ifndef MAYFLY_GATEWAY_CONFIG_WORKER_H
#define MAYFLY_GATEWAY_CONFIG_WORKER_H

#include "gateway/config_reading.h"

/* They read into r->worker. */
void config_read_name(struct reading *r, uint32_t node);
void config_read_main(struct reading *r, uint32_t node);
void config_read_date(struct reading *r, uint32_t node);
void config_read_flags(struct reading *r, uint32_t node);
void config_read_vars(struct reading *r, uint32_t node);
void config_read_loaders(struct reading *r, uint32_t node);
void config_read_services(struct reading *r, uint32_t node);
void config_read_triggers(struct reading *r, uint32_t node); /* config_triggers.c */
void config_free_crons(struct config_worker *w);
/* clang-format off */
#define CONFIG_WORKER_KEYS                       \
  {"name", config_read_name},                    \
  {"main", config_read_main},                    \
  {"compatibility_date", config_read_date},      \
  {"compatibility_flags", config_read_flags},    \
  {"vars", config_read_vars},                    \
  {"worker_loaders", config_read_loaders},       \
  {"services", config_read_services},            \
  {"triggers", config_read_triggers}
/* clang-format on */

void config_read_workers(struct reading *r, uint32_t node);
void config_replace(char **field, char *owned);
/* The path of a file that the configuration names, which is relative to it. The caller's; NULL: out of memory. */
char *config_beside(const struct config *c, const char *file);

/* After all was read: what the main Worker lacks; then defaults, names, and what the services lead to. */
void config_check_main(struct reading *r);
void config_check_workers(struct reading *r);
void config_free_workers(struct config *c);

#endif
