/* cron.c: see cron.h. */
#include "gateway/cron.h"

#include <string.h>
#include <strings.h>
#include <time.h>

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };
enum {
  DAY_MINUTES = 24 * 60,
  DIGITS_MAX = 4,
  DAYS_AHEAD = 41 * 366, /* a fifth Thursday in February: at most 40 years */
};

static const struct {
  uint8_t low, high;
  const char *wrong;
  const char *names; /* three letters each, the first is `low` */
} fields[FIELDS] = {
    [MINUTE] = {0, 59, "a minute is 0 to 59", NULL},
    [HOUR] = {0, 23, "an hour is 0 to 23", NULL},
    [DAY] = {1, 31, "a day of the month is 1 to 31", NULL},
    [MONTH] = {1, 12, "a month is 1 to 12, or JAN to DEC", "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"},
    [WEEKDAY] = {1, 7, "a day of the week is 1 (Sunday) to 7, or SUN to SAT", "SUNMONTUEWEDTHUFRISAT"},
};

struct text {
  const char *p;
  const char *wrong; /* NULL: nothing is, so far */
};

static unsigned fail(struct text *t, const char *wrong) {
  if (!t->wrong) t->wrong = wrong;
  return 0;
}

static bool take(struct text *t, char c) {
  if (t->wrong || *t->p != c) return false;
  t->p++;
  return true;
}

/* Decimal digits from low to high. */
static unsigned number(struct text *t, unsigned low, unsigned high, const char *wrong) {
  unsigned n = 0, digits = 0;
  while (t->p[digits] >= '0' && t->p[digits] <= '9' && digits < DIGITS_MAX)
    n = n * 10 + (unsigned)(t->p[digits++] - '0');
  if (!digits || digits == DIGITS_MAX || n < low || n > high) return fail(t, wrong);
  t->p += digits;
  return n;
}

static unsigned value(struct text *t, int field) {
  const char *names = fields[field].names;
  for (unsigned n = fields[field].low; names && *names; names += 3, n++) {
    if (strncasecmp(t->p, names, 3) != 0) continue;
    t->p += 3;
    return n;
  }
  return number(t, fields[field].low, fields[field].high, fields[field].wrong);
}

/* The values from first to last, perhaps around the end, each step-th. */
static uint64_t span(int field, unsigned first, unsigned last, unsigned step) {
  unsigned low = fields[field].low, count = fields[field].high - low + 1u;
  unsigned length = (last + count - first) % count;
  uint64_t set = 0;
  for (unsigned i = 0; i <= length; i += step) set |= 1ull << ((first - low + i) % count + low);
  return set;
}

static unsigned step(struct text *t, int field) {
  return number(t, 1, fields[field].high - fields[field].low, "a step is at least 1 and smaller than its field");
}

/* What follows a value: -last, /step, or nothing. */
static uint64_t item_after(struct text *t, int field, unsigned first) {
  unsigned last = first;
  if (take(t, '-'))
    last = value(t, field);
  else if (*t->p == '/')
    last = fields[field].high;
  unsigned each = take(t, '/') ? step(t, field) : 1;
  return t->wrong ? 0 : span(field, first, last, each);
}

static uint64_t item(struct text *t, int field) {
  if (!take(t, '*')) return item_after(t, field, value(t, field));
  if (!take(t, '/')) return fail(t, "\"*\" stands alone, or has a step");
  unsigned each = step(t, field);
  return t->wrong ? 0 : span(field, fields[field].low, fields[field].high, each);
}

static uint64_t more_items(struct text *t, int field, uint64_t set) {
  while (take(t, ',')) set |= item(t, field);
  return set;
}

static bool is_end(const struct text *t) { return !*t->p || *t->p == ' ' || *t->p == '\t'; }

/* "*" alone. */
static bool take_all(struct text *t) {
  if (*t->p != '*' || t->p[1] == '/') return false;
  t->p++;
  return true;
}

static uint64_t plain(struct text *t, int field) {
  if (take_all(t)) return span(field, fields[field].low, fields[field].high, 1);
  return more_items(t, field, item(t, field));
}

static void day_from_end(struct cron *c, struct text *t) {
  c->day = CRON_DAY_FROM_END;
  if (take(t, '-')) c->day_number = (uint8_t)number(t, 1, 30, "L- is followed by a number of days, 1 to 30");
  c->nearest = take(t, 'W');
}

static void day(struct cron *c, struct text *t) {
  if (take_all(t)) return;
  if (take(t, 'L')) {
    day_from_end(c, t);
    return;
  }
  c->day = CRON_DAY_SET;
  if (*t->p == '*') {
    c->days = more_items(t, DAY, item(t, DAY));
    return;
  }
  unsigned first = value(t, DAY);
  if (take(t, 'W')) {
    c->day = CRON_DAY_NUMBER;
    c->day_number = (uint8_t)first;
    c->nearest = true;
  } else {
    c->days = more_items(t, DAY, item_after(t, DAY, first));
  }
}

static void weekday(struct cron *c, struct text *t) {
  if (take_all(t)) return;
  c->weekday = CRON_WEEKDAY_SET;
  if (take(t, 'L')) {
    c->weekdays = 1ull << fields[WEEKDAY].high;
    return;
  }
  if (*t->p == '*') {
    c->weekdays = more_items(t, WEEKDAY, item(t, WEEKDAY));
    return;
  }
  unsigned first = value(t, WEEKDAY);
  c->the_weekday = (uint8_t)first;
  if (take(t, 'L')) {
    c->weekday = CRON_WEEKDAY_LAST;
  } else if (take(t, '#')) {
    c->weekday = CRON_WEEKDAY_NTH;
    c->nth = (uint8_t)number(t, 1, 5, "\"#\" is followed by 1 to 5");
  } else {
    c->weekdays = more_items(t, WEEKDAY, item_after(t, WEEKDAY, first));
  }
}

static void field_end(struct text *t, int field) {
  if (t->wrong) return;
  if (!is_end(t)) {
    fail(t, "this does not belong here");
    return;
  }
  const char *blank = t->p;
  while (*t->p == ' ' || *t->p == '\t') t->p++;
  if (field == WEEKDAY && t->p == blank) return;
  if (field == WEEKDAY || !*t->p)
    fail(t, "there are five fields: minute, hour, day of the month, month, day of the week");
}

const char *cron_parse(struct cron *out, const char *text, size_t *at) {
  struct text t = {.p = text};
  *at = CRON_TEXT_MAX;
  if (strlen(text) > CRON_TEXT_MAX) return "it is too long";
  *out = (struct cron){.day = CRON_DAY_ANY, .weekday = CRON_WEEKDAY_ANY};
  for (int field = 0; field < FIELDS && !t.wrong; field++) {
    if (field == MINUTE) out->minutes = plain(&t, field);
    if (field == HOUR) out->hours = plain(&t, field);
    if (field == DAY) day(out, &t);
    if (field == MONTH) out->months = plain(&t, field);
    if (field == WEEKDAY) weekday(out, &t);
    field_end(&t, field);
  }
  *at = (size_t)(t.p - text);
  if (t.wrong) return t.wrong;
  *at = 0;
  return cron_next(out, 0) ? NULL : "there is no such day";
}

/* ---- days ---- */

static int days_in_month(const struct tm *date) {
  static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int year = date->tm_year + 1900;
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return days[date->tm_mon] + (date->tm_mon == 1 && leap);
}

/* The day from Monday to Friday that is nearest to `wanted`, in the month of `date`. */
static int nearest(const struct tm *date, int wanted, int last) {
  int weekday = ((date->tm_wday + wanted - date->tm_mday) % 7 + 7) % 7;
  if (weekday == 6) return wanted > 1 ? wanted - 1 : wanted + 2;
  if (weekday == 0) return wanted < last ? wanted + 1 : wanted - 2;
  return wanted;
}

static bool day_fits(const struct cron *c, const struct tm *date) {
  int last = days_in_month(date), wanted = c->day_number;
  if (c->day == CRON_DAY_SET) return c->days >> date->tm_mday & 1;
  if (c->day == CRON_DAY_FROM_END) wanted = last - wanted;
  if (wanted < 1 || wanted > last) return false;
  return date->tm_mday == (c->nearest ? nearest(date, wanted, last) : wanted);
}

static bool weekday_fits(const struct cron *c, const struct tm *date) {
  if (c->weekday == CRON_WEEKDAY_SET) return c->weekdays >> (date->tm_wday + 1) & 1;
  if (date->tm_wday + 1 != c->the_weekday) return false;
  if (c->weekday == CRON_WEEKDAY_LAST) return date->tm_mday + 7 > days_in_month(date);
  return (date->tm_mday - 1) / 7 + 1 == c->nth;
}

static bool date_fits(const struct cron *c, uint64_t day_number) {
  time_t seconds = (time_t)(day_number * DAY_MINUTES * 60);
  struct tm date;
  if (!gmtime_r(&seconds, &date) || !(c->months >> (date.tm_mon + 1) & 1)) return false;
  if (c->day == CRON_DAY_ANY) return c->weekday == CRON_WEEKDAY_ANY || weekday_fits(c, &date);
  return day_fits(c, &date) || (c->weekday != CRON_WEEKDAY_ANY && weekday_fits(c, &date));
}

static bool time_fits(const struct cron *c, unsigned minute) {
  return (c->hours >> (minute / 60) & 1) && (c->minutes >> (minute % 60) & 1);
}

bool cron_fits(const struct cron *c, uint64_t minute) {
  return time_fits(c, (unsigned)(minute % DAY_MINUTES)) && date_fits(c, minute / DAY_MINUTES);
}

uint64_t cron_next(const struct cron *c, uint64_t minute) {
  uint64_t today = ++minute / DAY_MINUTES;
  for (uint64_t day = today; day < today + DAYS_AHEAD; day++) {
    if (!date_fits(c, day)) continue;
    for (unsigned m = day == today ? (unsigned)(minute % DAY_MINUTES) : 0; m < DAY_MINUTES; m++)
      if (time_fits(c, m)) return day * DAY_MINUTES + m;
  }
  return 0;
}
