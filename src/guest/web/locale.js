// locale.js: what depends on a language, in the one that there is, English as in the United States: locales, options,
// and the order of text (collate.c). Numbers are in locale_numbers.js, dates in locale_dates.js, Intl in intl.js.
// The data of other languages would be larger than the engine. A locale that is not English is answered as ECMA-402
// answers one that it does not support: with the default. What cannot be done right (a time zone by name) throws.

const LOCALE = 'en-US';
const LANGUAGE_TAG = new RegExp('^([a-z]{2,3}|[a-z]{5,8})(-[a-z]{4})?(-([a-z]{2}|\\d{3}))?' +
  '(-([a-z\\d]{5,8}|\\d[a-z\\d]{3}))*(-[a-wyz\\d](-[a-z\\d]{2,8})+)*(-x(-[a-z\\d]{1,8})+)?$', 'i');
const ENGLISH = /^en(-us)?(-u-.*)?$/i;

function checkTag(tag) {
  if (typeof tag !== 'string' && !isObject(tag)) throw new TypeError('Incorrect locale information provided');
  const text = `${tag}`;
  if (!matches(LANGUAGE_TAG, text)) throw new RangeError(`Invalid language tag: ${text}`);
  return text;
}

// The tags that were asked for, checked.
function localeList(locales) {
  if (locales === undefined) return [];
  if (locales === null) throw new TypeError('Cannot convert undefined or null to object');
  if (typeof locales === 'string') return [checkTag(locales)];
  const list = [];
  const length = locales.length >>> 0;
  for (let i = 0; i < length; i++) if (i in locales) list[list.length] = checkTag(locales[i]);
  return list;
}

function chooseLocale(locales) {
  const list = localeList(locales);
  for (let i = 0; i < list.length; i++) {
    const match = RegExpPrototypeExec(ENGLISH, list[i]);
    if (match !== null) return match[1] === undefined ? 'en' : LOCALE;
  }
  return LOCALE;
}

function optionsObject(options, owner) {
  if (options === undefined) return { __proto__: null };
  if (options === null) throw new TypeError(`${owner} called on null or undefined`);
  return options;
}

// A text among those of `allowed` (an array; undefined: any text).
function textOption(options, name, allowed, fallback, owner) {
  const value = options[name];
  if (value === undefined) return fallback;
  const text = `${value}`;
  if (allowed === undefined) return text;
  for (let i = 0; i < allowed.length; i++) if (allowed[i] === text) return text;
  throw new RangeError(`Value ${text} out of range for ${owner} options property ${name}`);
}

function flagOption(options, name, fallback) {
  const value = options[name];
  return value === undefined ? fallback : !!value;
}

function numberOption(options, name, least, most, fallback) {
  const value = options[name];
  if (value === undefined) return fallback;
  const number = +value;
  if (!(number >= least && number <= most)) throw new RangeError(`${name} value is out of range.`);
  return MathFloor(number);
}

function joinParts(parts) {
  let text = '';
  for (let i = 0; i < parts.length; i++) text += parts[i].value;
  return text;
}

function addPart(parts, type, value) {
  if (value !== '') parts[parts.length] = { type, value };
}

// ---- the order of text

const BY_ACCENT = 1;
const BY_CASE = 2;
const BY_NUMBER = 4;
const UPPER_FIRST = 8;
const SENSITIVITY = { __proto__: null, base: 0, accent: BY_ACCENT, case: BY_CASE, variant: BY_ACCENT | BY_CASE };
const PUNCTUATION = /[\p{P}\s]/u;

function collation(locales, options, owner) {
  const locale = chooseLocale(locales);
  options = optionsObject(options, owner);
  const usage = textOption(options, 'usage', ['sort', 'search'], 'sort', owner);
  const numeric = flagOption(options, 'numeric', false);
  const caseFirst = textOption(options, 'caseFirst', ['upper', 'lower', 'false'], 'false', owner);
  const sensitivity = textOption(options, 'sensitivity', ['base', 'accent', 'case', 'variant'], 'variant', owner);
  const ignorePunctuation = flagOption(options, 'ignorePunctuation', false);
  return { locale, usage, sensitivity, ignorePunctuation, collation: 'default', numeric, caseFirst };
}

function collationFlags(c) {
  return SENSITIVITY[c.sensitivity] | (c.numeric ? BY_NUMBER : 0) | (c.caseFirst === 'upper' ? UPPER_FIRST : 0);
}

function compareText(c, flags, x, y) {
  if (c.ignorePunctuation) {
    x = withoutPunctuation(x);
    y = withoutPunctuation(y);
  }
  return native.collate(x, y, flags);
}

function withoutPunctuation(text) {
  let kept = '';
  for (let i = 0; i < text.length; i++) {
    const unit = text[i];
    if (!matches(PUNCTUATION, unit)) kept += unit;
  }
  return kept;
}

// ---- toLocaleString and its relatives

function replaceMethods(prototype, methods) {
  const names = ObjectKeys(methods);
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    const method = methods[name];
    const length = name === 'localeCompare' ? 1 : 0;
    ObjectDefineProperty(method, 'length', { __proto__: null, value: length, configurable: true });
    ObjectDefineProperty(prototype, name, { __proto__: null, value: method, writable: true, configurable: true });
  }
}

replaceMethods(String.prototype, {
  localeCompare(that, locales, options) {
    if (this === null || this === undefined) {
      throw new TypeError('String.prototype.localeCompare called on null or undefined');
    }
    const x = `${this}`;
    const y = `${that}`;
    if (locales === undefined && options === undefined) return native.collate(x, y, BY_ACCENT | BY_CASE);
    const c = collation(locales, options, 'String.prototype.localeCompare');
    return compareText(c, collationFlags(c), x, y);
  },
});
