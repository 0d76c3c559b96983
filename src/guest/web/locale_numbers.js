// locale_numbers.js: numbers as text, with the options of Intl.NumberFormat. A number is rounded as it is written
// (1.005 to two digits is 1.01), in decimal digits: { digits, point } is 0.DIGITS times ten to the power of point.

const CURRENCY_DIGITS = { __proto__: null, JPY: 0, KRW: 0, VND: 0, CLP: 0, ISK: 0, PYG: 0, UGX: 0, XAF: 0, XOF: 0,
  XPF: 0, RWF: 0, KMF: 0, GNF: 0, DJF: 0, BIF: 0, VUV: 0, BHD: 3, IQD: 3, JOD: 3, KWD: 3, LYD: 3, OMR: 3, TND: 3 };
const CURRENCY_SYMBOLS = { __proto__: null, USD: '$', EUR: '€', GBP: '£', JPY: '¥', INR: '₹', CNY: 'CN¥', KRW: '₩',
  BRL: 'R$', MXN: 'MX$', AUD: 'A$', CAD: 'CA$', NZD: 'NZ$', HKD: 'HK$', ILS: '₪', VND: '₫', TWD: 'NT$', PHP: '₱',
  XAF: 'FCFA', XOF: 'F\u202fCFA', XCD: 'EC$', XPF: 'CFPF' };
const NARROW_SYMBOLS = { __proto__: null, CNY: '¥', MXN: '$', AUD: '$', CAD: '$', NZD: '$', HKD: '$', TWD: '$',
  XCD: '$', SGD: '$', ARS: '$', CLP: '$', COP: '$', SEK: 'kr', NOK: 'kr', DKK: 'kr', RUB: '₽', PLN: 'zł', TRY: '₺',
  UAH: '₴', CZK: 'Kč', HUF: 'Ft', NGN: '₦', THB: '฿', KZT: '₸' };
const COMPACT_SHORT = ['', 'K', 'M', 'B', 'T'];
const COMPACT_LONG = ['', 'thousand', 'million', 'billion', 'trillion'];
const ROUNDING_MODES = ['ceil', 'floor', 'expand', 'trunc', 'halfCeil', 'halfFloor', 'halfExpand', 'halfTrunc',
  'halfEven'];
const SIGN_DISPLAYS = ['auto', 'never', 'always', 'exceptZero', 'negative'];
const NBSP = '\u00a0';
const DECIMAL = /^\s*([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d{1,4}))?\s*$/i;

// ---- decimal digits

function decimalOf(text) {
  const { 2: int, 3: fraction, 4: exponent } = RegExpPrototypeExec(DECIMAL, text);
  return trimmed(int + fraction, int.length + (exponent === undefined ? 0 : +exponent));
}

function trimmed(digits, point) {
  let start = 0;
  let end = digits.length;
  while (start < end && digits[start] === '0') start++;
  while (end > start && digits[end - 1] === '0') end--;
  return { digits: StringPrototypeSlice(digits, start, end), point: start === end ? 0 : point - start };
}

// Does rounding take the last kept digit up? `half`: what is dropped, compared with one half.
function roundsUp(mode, negative, half, odd) {
  switch (mode) {
    case 'ceil': return !negative;
    case 'floor': return negative;
    case 'expand': return true;
    case 'trunc': return false;
  }
  if (half !== 0) return half > 0;
  switch (mode) {
    case 'halfCeil': return !negative;
    case 'halfFloor': return negative;
    case 'halfTrunc': return false;
    case 'halfEven': return odd;
  }
  return true;
}

// Keeps that many digits; less than none when all lie beyond.
function roundDecimal(d, keep, mode, negative) {
  const { digits, point } = d;
  if (keep >= digits.length) return d;
  let half = -1;
  if (keep >= 0 && digits[keep] >= '5') half = digits[keep] === '5' && keep + 1 === digits.length ? 0 : 1;
  const odd = keep > 0 && +digits[keep - 1] % 2 === 1;
  const kept = keep > 0 ? StringPrototypeSlice(digits, 0, keep) : '';
  if (!roundsUp(mode, negative, half, odd)) return trimmed(kept, point);
  let i = kept.length;
  while (i > 0 && kept[i - 1] === '9') i--;
  if (i === 0) return { digits: '1', point: keep > 0 ? point + 1 : point - keep + 1 };
  return { digits: StringPrototypeSlice(kept, 0, i - 1) + (+kept[i - 1] + 1), point };
}

// ---- options

function digitOptions(options, s, leastDefault, mostDefault, owner) {
  s.minimumIntegerDigits = numberOption(options, 'minimumIntegerDigits', 1, 21, 1);
  const least = options.minimumFractionDigits;
  const most = options.maximumFractionDigits;
  const leastSignificant = options.minimumSignificantDigits;
  const mostSignificant = options.maximumSignificantDigits;
  s.roundingMode = textOption(options, 'roundingMode', ROUNDING_MODES, 'halfExpand', owner);
  s.trailingZeroDisplay = textOption(options, 'trailingZeroDisplay', ['auto', 'stripIfInteger'], 'auto', owner);
  if (leastSignificant !== undefined || mostSignificant !== undefined) {
    const given = { __proto__: null, minimumSignificantDigits: leastSignificant,
      maximumSignificantDigits: mostSignificant };
    s.minimumSignificantDigits = numberOption(given, 'minimumSignificantDigits', 1, 21, 1);
    s.maximumSignificantDigits = numberOption(given, 'maximumSignificantDigits', s.minimumSignificantDigits, 21, 21);
    return;
  }
  if (s.notation === 'compact' && least === undefined && most === undefined) {
    s.compactRounding = true;
    s.minimumFractionDigits = s.maximumFractionDigits = 0;
    return;
  }
  const given = { __proto__: null, minimumFractionDigits: least, maximumFractionDigits: most };
  let min = numberOption(given, 'minimumFractionDigits', 0, 100, undefined);
  let max = numberOption(given, 'maximumFractionDigits', 0, 100, undefined);
  if (min === undefined) min = MathMin(leastDefault, max ?? leastDefault);
  if (max === undefined) max = MathMax(mostDefault, min);
  if (min > max) throw new RangeError('maximumFractionDigits value is out of range.');
  s.minimumFractionDigits = min;
  s.maximumFractionDigits = max;
}

function groupingOption(options, s, owner) {
  const value = options.useGrouping;
  if (value === undefined) return s.notation === 'compact' ? 'min2' : 'auto';
  if (value === true) return 'always';
  if (value === false || value === null || value === 0 || value === '') return false;
  const text = `${value}`;
  if (text === 'true' || text === 'false') return s.notation === 'compact' ? 'min2' : 'auto';
  return textOption({ __proto__: null, useGrouping: text }, 'useGrouping', ['min2', 'auto', 'always'], 'auto', owner);
}

function currencyOptions(options, s, owner) {
  const currency = textOption(options, 'currency', undefined, undefined, owner);
  if (currency !== undefined && !matches(/^[a-z]{3}$/i, currency)) {
    throw new RangeError(`Invalid currency code : ${currency}`);
  }
  const display = textOption(options, 'currencyDisplay', ['code', 'symbol', 'narrowSymbol', 'name'], 'symbol', owner);
  const sign = textOption(options, 'currencySign', ['standard', 'accounting'], 'standard', owner);
  if (s.style !== 'currency') return;
  if (currency === undefined) throw new TypeError('Currency code is required with currency style.');
  if (display === 'name') throw new RangeError('The names of currencies are not supported.');
  s.currency = StringPrototypeToUpperCase(currency);
  s.currencyDisplay = display;
  s.currencySign = sign;
}

function numberFormat(locales, options, owner) {
  const s = { locale: chooseLocale(locales), numberingSystem: 'latn' };
  options = optionsObject(options, owner);
  s.style = textOption(options, 'style', ['decimal', 'percent', 'currency', 'unit'], 'decimal', owner);
  if (s.style === 'unit') throw new RangeError('Numbers with a unit are not supported.');
  currencyOptions(options, s, owner);
  s.notation = textOption(options, 'notation', ['standard', 'scientific', 'engineering', 'compact'], 'standard', owner);
  if (s.notation === 'scientific' || s.notation === 'engineering') {
    throw new RangeError(`The notation "${s.notation}" is not supported.`);
  }
  const digits = s.style === 'currency' ? CURRENCY_DIGITS[s.currency] ?? 2 : 0;
  digitOptions(options, s, digits, s.style === 'currency' ? digits : s.style === 'percent' ? 0 : 3, owner);
  const display = textOption(options, 'compactDisplay', ['short', 'long'], 'short', owner);
  if (s.notation === 'compact') s.compactDisplay = display;
  s.useGrouping = groupingOption(options, s, owner);
  s.signDisplay = textOption(options, 'signDisplay', SIGN_DISPLAYS, 'auto', owner);
  return s;
}

// ---- a number's parts

function roundFor(s, d, negative) {
  const keep = s.maximumSignificantDigits ??
    (s.compactRounding ? MathMax(d.point, 2) : d.point + s.maximumFractionDigits);
  return roundDecimal(d, keep, s.roundingMode, negative);
}

// The thousands that the number is told in, after rounding: 999,999 is 1M.
function compactStep(s, d, negative) {
  let step = MathMax(0, MathMin(4, MathFloor((d.point - 1) / 3)));
  for (;;) {
    const rounded = roundFor(s, { digits: d.digits, point: d.point - 3 * step }, negative);
    if (rounded.point <= 3 || step === 4) return { step, rounded };
    step++;
  }
}

function addInteger(parts, int, s) {
  const grouped = s.useGrouping !== false && (s.useGrouping !== 'min2' || int.length > 4);
  let at = grouped ? int.length % 3 || 3 : int.length;
  addPart(parts, 'integer', StringPrototypeSlice(int, 0, at));
  for (; at < int.length; at += 3) {
    addPart(parts, 'group', ',');
    addPart(parts, 'integer', StringPrototypeSlice(int, at, at + 3));
  }
}

function addDigits(parts, { digits, point }, s) {
  let int = point > 0 ? StringPrototypePadEnd(StringPrototypeSlice(digits, 0, point), point, '0') : '';
  let fraction = point > 0 ? StringPrototypeSlice(digits, point) : StringPrototypeRepeat('0', -point) + digits;
  if (digits === '') fraction = '';
  int = StringPrototypePadStart(int, s.minimumIntegerDigits, '0');
  let least = s.minimumFractionDigits ?? 0;
  if (s.minimumSignificantDigits !== undefined) {
    least = s.minimumSignificantDigits - (digits === '' ? 1 : point);
  }
  if (fraction.length < least && !(s.trailingZeroDisplay === 'stripIfInteger' && fraction === '')) {
    fraction = StringPrototypePadEnd(fraction, least, '0');
  }
  addInteger(parts, int, s);
  if (fraction !== '') {
    addPart(parts, 'decimal', '.');
    addPart(parts, 'fraction', fraction);
  }
}

function signOf(s, negative, zero) {
  switch (s.signDisplay) {
    case 'never': return '';
    case 'always': return negative ? '-' : '+';
    case 'exceptZero': return zero ? '' : negative ? '-' : '+';
    case 'negative': return negative && !zero ? '-' : '';
  }
  return negative ? '-' : '';
}

function addCurrency(parts, s) {
  let symbol = s.currency;
  if (s.currencyDisplay !== 'code') symbol = CURRENCY_SYMBOLS[s.currency] ?? symbol;
  if (s.currencyDisplay === 'narrowSymbol') symbol = NARROW_SYMBOLS[s.currency] ?? symbol;
  addPart(parts, 'currency', symbol);
  if (matches(/[a-z]$/i, symbol)) addPart(parts, 'literal', NBSP);
}

// value: a number, a bigint, or the text of a decimal number.
function numberParts(s, value) {
  const infinite = value === Infinity || value === -Infinity;
  const nan = typeof value === 'number' && !(value === value);
  const text = `${value}`;
  const negative = ObjectIs(value, -0) || text[0] === '-';
  let d = nan || infinite ? { digits: '1', point: 1 } : decimalOf(text);
  if (s.style === 'percent' && d.digits !== '') d = { digits: d.digits, point: d.point + 2 };
  let step = 0;
  if (s.notation === 'compact' && !nan && !infinite) ({ step, rounded: d } = compactStep(s, d, negative));
  else if (!nan && !infinite) d = roundFor(s, d, negative);
  const sign = signOf(s, negative, nan || d.digits === '');
  const accounting = sign === '-' && s.currencySign === 'accounting';
  const parts = [];
  if (accounting) addPart(parts, 'literal', '(');
  else if (sign !== '') addPart(parts, sign === '-' ? 'minusSign' : 'plusSign', sign);
  if (s.style === 'currency') addCurrency(parts, s);
  if (nan) addPart(parts, 'nan', 'NaN');
  else if (infinite) addPart(parts, 'infinity', '∞');
  else addDigits(parts, d, s);
  if (step > 0) {
    if (s.compactDisplay === 'long') addPart(parts, 'literal', ' ');
    addPart(parts, 'compact', s.compactDisplay === 'long' ? COMPACT_LONG[step] : COMPACT_SHORT[step]);
  }
  if (s.style === 'percent') addPart(parts, 'percentSign', '%');
  if (accounting) addPart(parts, 'literal', ')');
  return parts;
}

// What Intl's formatters take for a number.
function numericValue(value) {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  if (typeof value === 'string' && matches(DECIMAL, value) && matches(/\d/, value)) return value;
  return +value;
}

const PLAIN_NUMBER = numberFormat(undefined, undefined, '');

function localeNumber(value, locales, options, owner) {
  const plain = locales === undefined && options === undefined;
  return joinParts(numberParts(plain ? PLAIN_NUMBER : numberFormat(locales, options, owner), value));
}

const NumberPrototypeValueOf = uncurryThis(Number.prototype.valueOf);
const BigIntPrototypeValueOf = uncurryThis(BigInt.prototype.valueOf);

replaceMethods(Number.prototype, {
  toLocaleString(locales, options) {
    return localeNumber(NumberPrototypeValueOf(this), locales, options, 'Number.prototype.toLocaleString');
  },
});
replaceMethods(BigInt.prototype, {
  toLocaleString(locales, options) {
    return localeNumber(BigIntPrototypeValueOf(this), locales, options, 'BigInt.prototype.toLocaleString');
  },
});
