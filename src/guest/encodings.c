/* encodings.c: the decoders of the Encoding standard for TextDecoder, all but UTF-8 (text.c), byte by byte as the
 * standard writes them. What is kept from chunk to chunk is a few bytes that the platform holds as a Uint8Array: it may
 * contain anything, and every use of it is checked. The tables come from scripts/encodings.mjs. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "encodings.h"
#include "guest/guest.h"

/* In the order of encodings.mjs. */
enum kind { UTF8, UTF16LE, UTF16BE, GBK, GB18030, BIG5, EUC_JP, ISO_2022_JP, SHIFT_JIS, EUC_KR, SINGLE };
enum jis { ASCII, ROMAN, KATAKANA, LEAD, TRAIL, ESCAPE_START, ESCAPE };
enum { COUNT = sizeof encoding_names / sizeof *encoding_names, NOTHING = 0 };

struct decoder {
  /* kept between chunks */
  uint8_t first, second, third; /* bytes of a character that is not complete */
  uint8_t mode, out_mode, said; /* iso-2022-jp */
  uint16_t high;                /* utf-16: a high surrogate */
  /* of one call */
  uint8_t kind;
  bool fatal, failed, full;
  uint16_t *out;
  size_t n, cap;
};
enum { KEPT = offsetof(struct decoder, kind) };

static void feed(struct decoder *d, uint8_t b);

static void put(struct decoder *d, uint32_t unit) {
  if (d->n == d->cap) {
    size_t cap = d->cap * 2 + 64;
    uint16_t *more = cap > d->cap ? realloc(d->out, cap * sizeof *more) : NULL;
    if (!more) {
      d->full = true;
      return;
    }
    d->out = more;
    d->cap = cap;
  }
  d->out[d->n++] = (uint16_t)unit;
}

static void put_code(struct decoder *d, uint32_t code) {
  if (code >= 0x10000) {
    put(d, 0xD800 + ((code - 0x10000) >> 10));
    code = 0xDC00 + ((code - 0x10000) & 0x3FF);
  }
  put(d, code);
}

static void error(struct decoder *d) {
  d->failed |= d->fatal;
  put(d, 0xFFFD);
}

/* A code from an index; without one an error, and a byte of ASCII is read again. */
static void put_or_error(struct decoder *d, uint32_t code, uint8_t b) {
  if (code) {
    put_code(d, code);
    return;
  }
  error(d);
  if (b < 0x80) feed(d, b);
}

static bool in(uint8_t b, uint8_t low, uint8_t high) { return b >= low && b <= high; }

#define INDEX(table, pointer) ((pointer) < sizeof(table) / sizeof *(table) ? (table)[pointer] : NOTHING)

/* ---- utf-16 */

static void utf16_unit(struct decoder *d, uint16_t unit) {
  uint16_t high = d->high;
  d->high = 0;
  if (high && unit >= 0xDC00 && unit <= 0xDFFF) {
    put(d, high);
    put(d, unit);
    return;
  }
  if (high) error(d);
  if (unit >= 0xD800 && unit <= 0xDBFF)
    d->high = unit;
  else if (unit >= 0xDC00 && unit <= 0xDFFF)
    error(d);
  else
    put(d, unit);
}

static void utf16(struct decoder *d, uint8_t b) {
  if (!d->said) { /* whether there is a first byte: it may be 0 */
    d->first = b;
    d->said = 1;
    return;
  }
  d->said = 0;
  utf16_unit(d, (uint16_t)(d->kind == UTF16LE ? d->first | b << 8 : d->first << 8 | b));
}

/* ---- Chinese */

static uint32_t gb18030_range(uint32_t pointer) {
  size_t low = 0, high = sizeof gb18030_ranges / sizeof *gb18030_ranges;
  if ((pointer > 39419 && pointer < 189000) || pointer > 1237575) return NOTHING;
  if (pointer == 7457) return 0xE7C7;
  while (high - low > 1) {
    size_t middle = (low + high) / 2;
    if (gb18030_ranges[middle][0] <= pointer)
      low = middle;
    else
      high = middle;
  }
  return gb18030_ranges[low][1] + pointer - gb18030_ranges[low][0];
}

static void gb18030_fourth(struct decoder *d, uint8_t b) {
  uint8_t first = d->first, second = d->second, third = d->third;
  d->first = d->second = d->third = 0;
  uint32_t code = NOTHING;
  if (in(b, 0x30, 0x39))
    code = gb18030_range(((first - 0x81u) * 10 + second - 0x30) * 1260 + (third - 0x81u) * 10 + b - 0x30);
  if (code) {
    put_code(d, code);
    return;
  }
  error(d);
  if (in(b, 0x30, 0x39)) return;
  feed(d, second);
  feed(d, third);
  feed(d, b);
}

static void gb18030(struct decoder *d, uint8_t b) {
  if (d->third) {
    gb18030_fourth(d, b);
  } else if (d->second) {
    if (in(b, 0x81, 0xFE)) {
      d->third = b;
      return;
    }
    uint8_t second = d->second;
    d->first = d->second = 0;
    error(d);
    feed(d, second);
    feed(d, b);
  } else if (d->first) {
    if (in(b, 0x30, 0x39)) {
      d->second = b;
      return;
    }
    uint32_t pointer = (d->first - 0x81u) * 190 + b - (b < 0x7F ? 0x40 : 0x41);
    bool valid = in(b, 0x40, 0x7E) || in(b, 0x80, 0xFE);
    d->first = 0;
    put_or_error(d, valid ? INDEX(index_gb18030, pointer) : NOTHING, b);
  } else if (in(b, 0x81, 0xFE)) {
    d->first = b;
  } else if (b == 0x80) {
    put(d, 0x20AC);
  } else {
    error(d);
  }
}

static void big5(struct decoder *d, uint8_t b) {
  if (!d->first) {
    if (in(b, 0x81, 0xFE))
      d->first = b;
    else
      error(d);
    return;
  }
  uint32_t pointer = (d->first - 0x81u) * 157 + b - (b < 0x7F ? 0x40 : 0x62);
  bool valid = in(b, 0x40, 0x7E) || in(b, 0xA1, 0xFE);
  uint32_t units = valid ? INDEX(index_big5, pointer) : NOTHING; /* one, or two in one number */
  d->first = 0;
  if (units > 0xFFFF) put(d, units >> 16);
  put_or_error(d, units > 0xFFFF ? (units & 0xFFFF) : units, b);
}

/* ---- Japanese */

static void euc_jp(struct decoder *d, uint8_t b) {
  uint8_t lead = d->first;
  if (!lead) {
    if (b == 0x8E || b == 0x8F || in(b, 0xA1, 0xFE))
      d->first = b;
    else
      error(d);
    return;
  }
  if (lead == 0x8F && in(b, 0xA1, 0xFE)) {
    d->second = 1; /* jis0212 follows */
    d->first = b;
    return;
  }
  bool jis0212 = d->second;
  d->first = d->second = 0;
  if (lead == 0x8E && in(b, 0xA1, 0xDF)) {
    put(d, 0xFEC0 + b);
    return;
  }
  uint32_t pointer = (lead - 0xA1u) * 94 + b - 0xA1;
  bool valid = in(lead, 0xA1, 0xFE) && in(b, 0xA1, 0xFE);
  uint32_t code = jis0212 ? INDEX(index_jis0212, pointer) : INDEX(index_jis0208, pointer);
  put_or_error(d, valid ? code : NOTHING, b);
}

static void shift_jis(struct decoder *d, uint8_t b) {
  uint8_t lead = d->first;
  if (!lead) {
    if (b == 0x80)
      put(d, b);
    else if (in(b, 0xA1, 0xDF))
      put(d, 0xFEC0 + b);
    else if (in(b, 0x81, 0x9F) || in(b, 0xE0, 0xFC))
      d->first = b;
    else
      error(d);
    return;
  }
  d->first = 0;
  uint32_t pointer = (lead - (lead < 0xA0 ? 0x81u : 0xC1u)) * 188 + b - (b < 0x7F ? 0x40 : 0x41);
  bool valid = in(b, 0x40, 0x7E) || in(b, 0x80, 0xFC);
  bool user = valid && pointer >= 8836 && pointer <= 10715;
  put_or_error(d, user ? 0xE000 - 8836 + pointer : valid ? INDEX(index_jis0208, pointer) : NOTHING, b);
}

static void jis_escape(struct decoder *d, uint8_t b) {
  uint8_t lead = d->first;
  int mode = lead == 0x28 && b == 0x42                  ? ASCII
             : lead == 0x28 && b == 0x4A                ? ROMAN
             : lead == 0x28 && b == 0x49                ? KATAKANA
             : lead == 0x24 && (b == 0x40 || b == 0x42) ? LEAD
                                                        : -1;
  d->first = 0;
  if (mode < 0) {
    d->said = 0;
    d->mode = d->out_mode;
    error(d);
    feed(d, lead);
    feed(d, b);
    return;
  }
  bool said = d->said;
  d->mode = d->out_mode = (uint8_t)mode;
  d->said = 1;
  if (said) error(d);
}

static void jis_character(struct decoder *d, uint8_t b) {
  d->said = 0;
  if (d->mode == LEAD) {
    if (!in(b, 0x21, 0x7E)) {
      error(d);
      return;
    }
    d->first = b;
    d->mode = TRAIL;
  } else if (d->mode == TRAIL) {
    uint32_t pointer = (d->first - 0x21u) * 94 + b - 0x21;
    d->mode = LEAD;
    uint32_t code = in(b, 0x21, 0x7E) ? INDEX(index_jis0208, pointer) : NOTHING;
    if (code)
      put(d, code);
    else
      error(d);
  } else if (d->mode == KATAKANA) {
    if (in(b, 0x21, 0x5F))
      put(d, 0xFF40 + b);
    else
      error(d);
  } else if (b > 0x7F || b == 0x0E || b == 0x0F) {
    error(d);
  } else {
    put(d, d->mode == ROMAN && b == 0x5C ? 0xA5 : d->mode == ROMAN && b == 0x7E ? 0x203E : b);
  }
}

static void iso_2022_jp(struct decoder *d, uint8_t b) {
  if (d->mode == ESCAPE) {
    jis_escape(d, b);
  } else if (d->mode == ESCAPE_START) {
    if (b == 0x24 || b == 0x28) {
      d->first = b;
      d->mode = ESCAPE;
      return;
    }
    d->said = 0;
    d->mode = d->out_mode;
    error(d);
    feed(d, b);
  } else if (b == 0x1B) {
    if (d->mode == TRAIL) {
      d->said = 0;
      error(d);
    }
    d->mode = ESCAPE_START;
  } else {
    jis_character(d, b);
  }
}

/* ---- Korean */

static void euc_kr(struct decoder *d, uint8_t b) {
  if (!d->first) {
    if (in(b, 0x81, 0xFE))
      d->first = b;
    else
      error(d);
    return;
  }
  uint32_t pointer = (d->first - 0x81u) * 190 + b - 0x41;
  d->first = 0;
  put_or_error(d, in(b, 0x41, 0xFE) ? INDEX(index_euc_kr, pointer) : NOTHING, b);
}

/* ---- one byte, the end, a chunk */

static void feed(struct decoder *d, uint8_t b) {
  switch (d->kind) {
    case UTF16LE:
    case UTF16BE:
      utf16(d, b);
      return;
    case ISO_2022_JP:
      iso_2022_jp(d, b);
      return;
    default:
      break;
  }
  if (b < 0x80 && !d->first) {
    put(d, b);
    return;
  }
  switch (d->kind) {
    case GBK:
    case GB18030:
      gb18030(d, b);
      break;
    case BIG5:
      big5(d, b);
      break;
    case EUC_JP:
      euc_jp(d, b);
      break;
    case SHIFT_JIS:
      shift_jis(d, b);
      break;
    case EUC_KR:
      euc_kr(d, b);
      break;
    default:
      put_or_error(d, single_bytes[d->kind - SINGLE][b & 0x7F], 0xFF);
  }
}

static void end(struct decoder *d) {
  if (d->kind == ISO_2022_JP) {
    uint8_t mode = d->mode, lead = d->first;
    d->mode = d->out_mode;
    if (mode >= TRAIL) error(d);
    if (mode == ESCAPE) feed(d, lead);
    if (d->mode == TRAIL) error(d);
  } else if (d->kind <= UTF16BE ? d->said || d->high : d->first) {
    error(d);
  }
}

/* legacyDecode(kind, bytes, kept: Uint8Array, fatal, more) -> string */
static JSValue legacy_decode(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t n, kept;
  uint32_t kind;
  const uint8_t *p = JS_GetUint8Array(ctx, &n, argv[1]);
  if (!p && JS_HasException(ctx)) return JS_EXCEPTION;
  uint8_t *state = JS_GetUint8Array(ctx, &kept, argv[2]);
  if (!state || JS_ToUint32(ctx, &kind, argv[0])) return JS_EXCEPTION;
  if (kind == UTF8 || kind >= COUNT || kept < KEPT) return JS_ThrowRangeError(ctx, "not a decoder");
  struct decoder d = {0};
  memcpy(&d, state, KEPT);
  d.kind = (uint8_t)kind;
  d.fatal = JS_ToBool(ctx, argv[3]);
  d.cap = n + 4;
  d.out = malloc(d.cap * sizeof *d.out);
  if (!d.out) return JS_ThrowOutOfMemory(ctx);
  for (size_t i = 0; i < n && !d.failed && !d.full; i++) feed(&d, p[i]);
  bool more = JS_ToBool(ctx, argv[4]);
  if (!more) end(&d);
  if (more && !d.failed)
    memcpy(state, &d, KEPT);
  else
    memset(state, 0, KEPT);
  JSValue v = d.full     ? JS_ThrowOutOfMemory(ctx)
              : d.failed ? JS_ThrowTypeError(ctx, "Failed to decode input.")
                         : JS_NewStringUTF16(ctx, d.out, d.n);
  free(d.out);
  return v;
}

/* encodingOf(label in lower case) -> [name, kind], or undefined */
static JSValue encoding_of(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
  size_t n;
  const char *label = JS_ToCStringLen(ctx, &n, argv[0]);
  JSValue v = label ? JS_UNDEFINED : JS_EXCEPTION;
  for (size_t i = 0; label && i < sizeof encoding_labels / sizeof *encoding_labels; i++) {
    uint8_t kind = encoding_labels[i].kind;
    if (strlen(encoding_labels[i].label) != n || memcmp(label, encoding_labels[i].label, n)) continue;
    JSValue pair[] = {JS_NewString(ctx, encoding_names[kind]), JS_NewInt32(ctx, kind)};
    v = JS_NewArrayFrom(ctx, 2, pair);
    break;
  }
  JS_FreeCString(ctx, label);
  return v;
}

void encodings_init(JSContext *ctx, JSValueConst native) {
  JS_SetPropertyStr(ctx, native, "legacyDecode", JS_NewCFunction(ctx, legacy_decode, "legacyDecode", 5));
  JS_SetPropertyStr(ctx, native, "encodingOf", JS_NewCFunction(ctx, encoding_of, "encodingOf", 1));
}
