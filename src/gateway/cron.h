/* cron.h: the minutes that a cron expression names, in UTC, as Cloudflare reads them.
 *
 * Five fields with blanks between them: minute 0-59, hour 0-23, day of the month 1-31, month 1-12 or JAN-DEC, day of
 * the week 1-7 or SUN-SAT (1 is Sunday). A field is "*", or a list, with commas, of values and of ranges a-b, which may
 * go around (FRI-SUN). A range, "*", or a value (from there to the end) may have a step, /n. In the place of a list a
 * day of the month may be L (the last one), L-n (n days before that), nW, LW or L-nW: the day from Monday to Friday
 * that is nearest, in the same month. A day of the week may be L (Saturday), dL (the last such day of the month) or d#n
 * (its n-th). A day fits when both of its fields do; when neither of them is "*", when one does.
 */
#ifndef MAYFLY_GATEWAY_CRON_H
#define MAYFLY_GATEWAY_CRON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/layer.h"
#if LAYER < LAYER_GATEWAY
#error "cron.h belongs to the gateway"
#endif

enum cron_day { CRON_DAY_ANY, CRON_DAY_SET, CRON_DAY_NUMBER, CRON_DAY_FROM_END };
enum cron_weekday { CRON_WEEKDAY_ANY, CRON_WEEKDAY_SET, CRON_WEEKDAY_LAST, CRON_WEEKDAY_NTH };

struct cron {
  uint64_t minutes, hours, days, months, weekdays; /* bit n: the value n */
  enum cron_day day;
  enum cron_weekday weekday;
  uint8_t day_number; /* CRON_DAY_NUMBER; or how many days before the last */
  bool nearest;       /* of Monday to Friday */
  uint8_t the_weekday, nth;
};

enum { CRON_TEXT_MAX = 256 };

/* NULL; or what is wrong, and its place in *at. */
const char *cron_parse(struct cron *out, const char *text, size_t *at);
/* A minute since 1970. */
bool cron_fits(const struct cron *c, uint64_t minute);
/* The first minute after this one that fits; 0: there never is one. */
uint64_t cron_next(const struct cron *c, uint64_t minute);

#endif
