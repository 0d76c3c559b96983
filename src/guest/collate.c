/* collate.c: text in the order in which people sort it: String.prototype.localeCompare and Intl.Collator.
 *
 * It follows the root collation of Unicode's CLDR where that can be had without its tables: exactly for ASCII and for
 * Latin letters with their marks; letters of other scripts come after the Latin ones, in the order of their code
 * points. A string becomes a sequence of elements with three weights; strings are compared by all primary weights, then
 * by all secondary (accents), then by all tertiary ones (case), where a weight of zero does not count.
 */
#include <stdlib.h>
#include <string.h>

#include "guest/guest.h"
#include "libunicode.h"

#define countof(a) (sizeof(a) / sizeof *(a))

enum { BY_ACCENT = 1, BY_CASE = 2, NUMERIC = 4, UPPER_FIRST = 8 }; /* the flags that the platform gives */

struct element {
  uint32_t primary;
  uint16_t secondary;
  uint8_t tertiary;
};

struct elements {
  struct element *list;
  size_t count, room;
  bool failed;
};

/* What sorts before the letters, in order; digits and letters follow. */
static const char before_digits[] = "\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~";
enum {
  SYMBOLS = 64,
  CURRENCY,
  NUMBERS,
  DIGITS,
  LATIN = DIGITS + 10,
  OTHERS = LATIN + 27,
  PLAIN = 1, /* secondary and tertiary weight of what has no accent and is small */
  CAPITAL = 2,
  VARIANT = 3,
};
#define PRIMARY(place) ((uint32_t)(place) << 21) /* room for any code point after each */

/* Accents in their order. */
static const uint16_t marks[] = {0x301, 0x300, 0x306, 0x302, 0x30C, 0x30A, 0x308, 0x30B, 0x303,
                                 0x307, 0x338, 0x335, 0x327, 0x328, 0x304, 0x323, 0x309, 0x31B};

/* Latin letters that do not decompose: the letters that they sort as, and the mark that tells them apart. */
static const struct {
  uint16_t c;
  char as[3];
  uint16_t mark;
} latin[] = {{0xDF, "ss", 0},    {0xC6, "AE", 0x338}, {0xE6, "ae", 0x338}, {0x152, "OE", 0x338}, {0x153, "oe", 0x338},
             {0xD8, "O", 0x338}, {0xF8, "o", 0x338},  {0x110, "D", 0x335}, {0x111, "d", 0x335},  {0xD0, "D", 0x338},
             {0xF0, "d", 0x338}, {0x141, "L", 0x335}, {0x142, "l", 0x335}, {0x126, "H", 0x335},  {0x127, "h", 0x335},
             {0x1E9E, "SS", 0},  {0xFB01, "fi", 0},   {0xFB02, "fl", 0},   {0xFB00, "ff", 0}};

/* Punctuation and signs beyond ASCII, and the ASCII character that they sort right after. */
static const struct {
  uint16_t c;
  char after;
} signs[] = {{0xA0, ' '},   {0x2010, '-'}, {0x2011, '-'}, {0x2012, '-'},  {0x2013, '-'},  {0x2014, '-'},  {0x2026, '.'},
             {0xA1, '!'},   {0xBF, '?'},   {0xB7, '.'},   {0x2018, '\''}, {0x2019, '\''}, {0x201A, '\''}, {0x201C, '"'},
             {0x201D, '"'}, {0x201E, '"'}, {0xAB, '"'},   {0xBB, '"'},    {0xA7, '@'},    {0xB6, '@'},    {0x2022, '&'},
             {0xB0, '`'},   {0xA9, '`'},   {0xAE, '`'},   {0xB1, '+'},    {0xF7, '+'},    {0xD7, '+'}};

static void add(struct elements *e, uint32_t primary, uint32_t secondary, uint32_t tertiary) {
  if (e->count == e->room) {
    size_t room = e->room ? e->room * 2 : 64;
    struct element *list = realloc(e->list, room * sizeof *list);
    if (!list) {
      e->failed = true;
      return;
    }
    e->list = list;
    e->room = room;
  }
  e->list[e->count++] = (struct element){primary, (uint16_t)secondary, (uint8_t)tertiary};
}

static void add_ascii(struct elements *e, uint32_t c) {
  const char *p;
  if (c >= 'a' && c <= 'z')
    add(e, PRIMARY(LATIN + c - 'a'), PLAIN, PLAIN);
  else if (c >= 'A' && c <= 'Z')
    add(e, PRIMARY(LATIN + c - 'A'), PLAIN, CAPITAL);
  else if (c >= '0' && c <= '9')
    add(e, PRIMARY(DIGITS + c - '0'), PLAIN, PLAIN);
  else if (c == '$')
    add(e, PRIMARY(CURRENCY), PLAIN, PLAIN);
  else if (c && (p = strchr(before_digits, (int)c)))
    add(e, PRIMARY(1 + (p - before_digits)), PLAIN, PLAIN); /* other control characters do not count */
}

static void add_mark(struct elements *e, uint32_t c) {
  uint32_t weight = 64 + (c & 0xfff);
  for (size_t i = 0; i < countof(marks); i++)
    if (marks[i] == c) weight = PLAIN + 1 + (uint32_t)i;
  add(e, 0, weight, 0);
}

static bool is_mark(uint32_t c) {
  return (c >= 0x300 && c <= 0x36F) || (c >= 0x1AB0 && c <= 0x1AFF) || (c >= 0x1DC0 && c <= 0x1DFF) ||
         (c >= 0x20D0 && c <= 0x20FF) || (c >= 0x591 && c <= 0x5BD) || (c >= 0x64B && c <= 0x65F);
}

static void add_other(struct elements *e, uint32_t c) {
  for (size_t i = 0; i < countof(latin); i++) {
    if (latin[i].c != c) continue;
    for (const char *p = latin[i].as; *p; p++) add_ascii(e, (uint8_t)*p);
    if (latin[i].mark)
      add_mark(e, latin[i].mark);
    else if (e->count)
      e->list[e->count - 1].tertiary = VARIANT;
    return;
  }
  for (size_t i = 0; i < countof(signs); i++) {
    if (signs[i].c != c) continue;
    add_ascii(e, (uint8_t)signs[i].after);
    if (e->count) e->list[e->count - 1].primary += 1 + (uint32_t)i;
    return;
  }
  uint32_t lower[3];
  if (c == 0xFEFF || (c >= 0x200B && c <= 0x200F) || (c >= 0x7F && c < 0xA0)) return;
  if (is_mark(c))
    add_mark(e, c);
  else if ((c >= 0xA2 && c <= 0xA5) || (c >= 0x20A0 && c <= 0x20CF))
    add(e, PRIMARY(CURRENCY) + c, PLAIN, PLAIN);
  else if (!lre_is_id_continue(c))
    add(e, PRIMARY(SYMBOLS) + c, PLAIN, PLAIN);
  else if (lre_case_conv(lower, c, 1) >= 1)
    add(e, PRIMARY(OTHERS) + lower[0], PLAIN, lower[0] == c ? PLAIN : CAPITAL);
}

/* A number counts as one: its length without leading zeros, then its digits. Returns where it ends. */
static size_t add_number(struct elements *e, const uint32_t *s, size_t at, size_t n) {
  while (at + 1 < n && s[at] == '0' && s[at + 1] >= '0' && s[at + 1] <= '9') at++;
  size_t end = at;
  while (end < n && s[end] >= '0' && s[end] <= '9') end++;
  add(e, PRIMARY(NUMBERS) + (uint32_t)(end - at < 0xffff ? end - at : 0xffff), PLAIN, PLAIN);
  for (; at < end; at++) add_ascii(e, s[at]);
  return end;
}

static void add_all(struct elements *e, const uint32_t *s, size_t n, int flags) {
  for (size_t at = 0; at < n && !e->failed;) {
    uint32_t c = s[at];
    if ((flags & NUMERIC) && c >= '0' && c <= '9') {
      at = add_number(e, s, at, n);
      continue;
    }
    if (c < 0x7F)
      add_ascii(e, c);
    else
      add_other(e, c);
    at++;
  }
}

/* The code points of a string, decomposed; NULL: out of memory. Free with js_free. */
static uint32_t *code_points(JSContext *ctx, JSValueConst v, size_t *count) {
  size_t n;
  const char *s = JS_ToCStringLen(ctx, &n, v);
  if (!s) return NULL;
  uint32_t *points = js_malloc(ctx, (n + 1) * sizeof *points), *normal;
  bool ascii = true;
  size_t length = 0;
  for (const uint8_t *p = (const uint8_t *)s, *end = p + n; points && p < end;) {
    uint32_t c = *p++;
    if (c >= 0x80) {
      int more = c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
      c &= 0x3Fu >> more;
      for (; more && p < end; more--) c = c << 6 | (*p++ & 0x3F);
      ascii = false;
    }
    points[length++] = c;
  }
  JS_FreeCString(ctx, s);
  *count = length;
  if (!points || ascii) return points;
  int normalized =
      unicode_normalize(&normal, points, (int)length, UNICODE_NFD, ctx, (void *(*)(void *, void *, size_t))js_realloc);
  js_free(ctx, points);
  if (normalized < 0) return NULL;
  *count = (size_t)normalized;
  return normal;
}

static uint32_t weight(const struct element *x, int level, int flags) {
  if (level == 0) return x->primary;
  if (level == 1) return x->secondary;
  return (flags & UPPER_FIRST) && x->tertiary <= CAPITAL ? 3u - x->tertiary : x->tertiary;
}

static int compare_level(const struct elements *a, const struct elements *b, int level, int flags) {
  for (size_t i = 0, j = 0;; i++, j++) {
    while (i < a->count && !weight(&a->list[i], level, flags)) i++;
    while (j < b->count && !weight(&b->list[j], level, flags)) j++;
    uint32_t x = i < a->count ? weight(&a->list[i], level, flags) : 0;
    uint32_t y = j < b->count ? weight(&b->list[j], level, flags) : 0;
    if (x != y) return x < y ? -1 : 1;
    if (!x) return 0;
  }
}

static JSValue collate(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  struct elements e[2] = {{0}, {0}};
  int32_t flags = 0;
  int order = 0;
  if (JS_ToInt32(ctx, &flags, argv[2])) return JS_EXCEPTION;
  bool failed = false;
  for (int i = 0; i < 2 && !failed; i++) {
    size_t n;
    uint32_t *points = code_points(ctx, argv[i], &n);
    if (points) add_all(&e[i], points, n, flags);
    failed = !points || e[i].failed;
    js_free(ctx, points);
  }
  if (!failed) {
    order = compare_level(&e[0], &e[1], 0, flags);
    if (!order && (flags & BY_ACCENT)) order = compare_level(&e[0], &e[1], 1, flags);
    if (!order && (flags & BY_CASE)) order = compare_level(&e[0], &e[1], 2, flags);
  }
  free(e[0].list);
  free(e[1].list);
  if (failed) return JS_HasException(ctx) ? JS_EXCEPTION : JS_ThrowOutOfMemory(ctx);
  return JS_NewInt32(ctx, order);
}

void collate_init(JSContext *ctx, JSValueConst native) {
  JS_SetPropertyStr(ctx, native, "collate", JS_NewCFunction(ctx, collate, "collate", 3));
}
