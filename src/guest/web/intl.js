// intl.js: Intl, in English only (locale.js says why): numbers, dates, order, plurals, lists and relative times.

function copyDefined(from, names) {
  const to = {};
  for (let i = 0; i < names.length; i++) if (from[names[i]] !== undefined) to[names[i]] = from[names[i]];
  return to;
}

const NUMBER_KEYS = ['locale', 'numberingSystem', 'style', 'currency', 'currencyDisplay', 'currencySign',
  'minimumIntegerDigits', 'minimumFractionDigits', 'maximumFractionDigits', 'minimumSignificantDigits',
  'maximumSignificantDigits', 'useGrouping', 'notation', 'compactDisplay', 'signDisplay', 'roundingIncrement',
  'roundingMode', 'roundingPriority', 'trailingZeroDisplay'];
const DATE_KEYS = ['locale', 'calendar', 'numberingSystem', 'timeZone', 'hourCycle', 'hour12', 'weekday', 'year',
  'month', 'day', 'hour', 'minute', 'second', 'fractionalSecondDigits', 'timeZoneName', 'dateStyle', 'timeStyle'];

class NumberFormat {
  #format;
  #bound;
  constructor(locales = undefined, options = undefined) {
    this.#format = numberFormat(locales, options, 'Intl.NumberFormat');
  }
  get format() {
    return (this.#bound ??= nameless((value) => joinParts(numberParts(this.#format, numericValue(value)))));
  }
  formatToParts(value) {
    return numberParts(this.#format, numericValue(value));
  }
  resolvedOptions() {
    return copyDefined({ ...this.#format, roundingIncrement: 1, roundingPriority: 'auto' }, NUMBER_KEYS);
  }
}

class DateTimeFormat {
  #format;
  #bound;
  constructor(locales = undefined, options = undefined) {
    this.#format = dateFormat(locales, options, 'any', 'date', 'Intl.DateTimeFormat');
  }
  get format() {
    return (this.#bound ??= nameless((date) => joinParts(this.#parts(date))));
  }
  formatToParts(date) {
    return this.#parts(date);
  }
  #parts(date) {
    const time = date === undefined ? dateNow() : DatePrototypeGetTime(new DateConstructor(+date));
    if (!(time === time)) throw new RangeError('Invalid time value');
    return dateParts(this.#format, time);
  }
  resolvedOptions() {
    const told = { ...this.#format };
    if (told.shown.hour === undefined) told.hourCycle = undefined;
    else told.hour12 = told.hourCycle === 'h12' || told.hourCycle === 'h11';
    return copyDefined(told, DATE_KEYS);
  }
}

class Collator {
  #collation;
  #flags;
  #bound;
  constructor(locales = undefined, options = undefined) {
    this.#collation = collation(locales, options, 'Intl.Collator');
    this.#flags = collationFlags(this.#collation);
  }
  get compare() {
    return (this.#bound ??= nameless((x, y) => compareText(this.#collation, this.#flags, `${x}`, `${y}`)));
  }
  resolvedOptions() {
    return { ...this.#collation };
  }
}

class PluralRules {
  #format;
  #type;
  constructor(locales = undefined, options = undefined) {
    options = optionsObject(options, 'Intl.PluralRules');
    this.#type = textOption(options, 'type', ['cardinal', 'ordinal'], 'cardinal', 'Intl.PluralRules');
    this.#format = { locale: chooseLocale(locales), notation: 'standard', style: 'decimal', useGrouping: false,
      signDisplay: 'never' };
    digitOptions(options, this.#format, 0, 3, 'Intl.PluralRules');
  }
  select(value) {
    const text = joinParts(numberParts(this.#format, +value));
    if (this.#type === 'cardinal') return text === '1' ? 'one' : 'other';
    const number = +text;
    const teen = number % 100 > 10 && number % 100 < 14;
    const last = teen ? 0 : number % 10;
    return last === 1 ? 'one' : last === 2 ? 'two' : last === 3 ? 'few' : 'other';
  }
  resolvedOptions() {
    const all = { ...this.#format, type: this.#type, roundingIncrement: 1, roundingPriority: 'auto',
      pluralCategories: this.#type === 'cardinal' ? ['one', 'other'] : ['few', 'one', 'two', 'other'] };
    return copyDefined(all, ['locale', 'type', 'notation', 'minimumIntegerDigits', 'minimumFractionDigits',
      'maximumFractionDigits', 'minimumSignificantDigits', 'maximumSignificantDigits', 'pluralCategories',
      'roundingIncrement', 'roundingMode', 'roundingPriority', 'trailingZeroDisplay']);
  }
}

class ListFormat {
  #options;
  constructor(locales = undefined, options = undefined) {
    const locale = chooseLocale(locales);
    options = optionsObject(options, 'Intl.ListFormat');
    const type = textOption(options, 'type', ['conjunction', 'disjunction', 'unit'], 'conjunction', 'Intl.ListFormat');
    const style = textOption(options, 'style', NAME_STYLES, 'long', 'Intl.ListFormat');
    this.#options = { locale, type, style };
  }
  #parts(list) {
    const items = [];
    for (const item of list ?? []) { // the Worker's
      if (typeof item !== 'string') throw new TypeError(`Iterable yielded ${String(item)} which is not a string`);
      items[items.length] = item;
    }
    const { type, style } = this.#options;
    const word = type === 'unit' || (type === 'conjunction' && style === 'narrow') ? ''
      : type === 'disjunction' ? 'or' : style === 'long' ? 'and' : '&';
    const comma = type === 'unit' && style === 'narrow' ? ' ' : ', ';
    const parts = [];
    for (let i = 0; i < items.length; i++) {
      const last = i > 0 && i === items.length - 1;
      if (last && word !== '') addPart(parts, 'literal', items.length === 2 ? ` ${word} ` : `, ${word} `);
      else if (i > 0) addPart(parts, 'literal', comma);
      parts[parts.length] = { type: 'element', value: items[i] };
    }
    return parts;
  }
  format(list) {
    return joinParts(this.#parts(list));
  }
  formatToParts(list) {
    return this.#parts(list);
  }
  resolvedOptions() {
    return { ...this.#options };
  }
}

// A unit: as it is long, short and narrow; [last, this, next] where there are words.
const UNITS = { __proto__: null,
  second: ['second', 'sec.', 's', [undefined, 'now', undefined]],
  minute: ['minute', 'min.', 'm', [undefined, 'this minute', undefined]],
  hour: ['hour', 'hr.', 'h', [undefined, 'this hour', undefined]],
  day: ['day', 'day', 'd', ['yesterday', 'today', 'tomorrow']],
  week: ['week', 'wk.', 'w'],
  month: ['month', 'mo.', 'mo'],
  quarter: ['quarter', 'qtr.', 'q'],
  year: ['year', 'yr.', 'y'] };

class RelativeTimeFormat {
  #options;
  #number;
  constructor(locales = undefined, options = undefined) {
    const locale = chooseLocale(locales);
    options = optionsObject(options, 'Intl.RelativeTimeFormat');
    const style = textOption(options, 'style', NAME_STYLES, 'long', 'Intl.RelativeTimeFormat');
    const numeric = textOption(options, 'numeric', ['always', 'auto'], 'always', 'Intl.RelativeTimeFormat');
    this.#options = { locale, style, numeric, numberingSystem: 'latn' };
    this.#number = numberFormat(locale, { __proto__: null, signDisplay: 'never' }, 'Intl.RelativeTimeFormat');
  }
  #parts(value, unit, method) {
    const number = +value;
    let name = `${unit}`;
    if (!(name in UNITS) && name[name.length - 1] === 's') name = StringPrototypeSlice(name, 0, -1);
    if (!(name in UNITS)) {
      throw new RangeError(`Invalid unit argument for Intl.RelativeTimeFormat.prototype.${method}() '${unit}'`);
    }
    if (!(number - number === 0)) throw new RangeError('Invalid time value');
    const { style, numeric } = this.#options;
    const { 0: long, 1: short, 2: narrow, 3: words } = UNITS[name];
    const shown = style === 'long' ? long : style === 'short' ? short : narrow;
    if (numeric === 'auto' && (number === -1 || number === 0 || number === 1)) {
      const word = words !== undefined ? words[number + 1] : `${['last', 'this', 'next'][number + 1]} ${shown}`;
      if (word !== undefined) return [{ type: 'literal', value: word }];
    }
    const past = number < 0 || ObjectIs(number, -0);
    const parts = past ? [] : [{ type: 'literal', value: 'in ' }];
    const digits = numberParts(this.#number, number);
    for (let i = 0; i < digits.length; i++) parts[parts.length] = { ...digits[i], unit: name };
    const counted = this.#counted(shown, name, joinParts(digits));
    addPart(parts, 'literal', `${style === 'narrow' ? '' : ' '}${counted}${past ? ' ago' : ''}`);
    return parts;
  }
  #counted(shown, name, digits) {
    if (digits === '1' || this.#options.style === 'narrow') return shown;
    if (this.#options.style === 'long' || name === 'day') return `${shown}s`;
    return name === 'quarter' ? 'qtrs.' : shown;
  }
  format(value, unit) {
    return joinParts(this.#parts(value, unit, 'format'));
  }
  formatToParts(value, unit) {
    return this.#parts(value, unit, 'formatToParts');
  }
  resolvedOptions() {
    return { ...this.#options };
  }
}

function nameless(method) {
  ObjectDefineProperty(method, 'name', { __proto__: null, value: '', configurable: true });
  return method;
}

function canonicalTag(tag) {
  const parts = RegExpPrototypeExec(/^([a-z]+)(?:-([a-z]{4}))?(?:-([a-z]{2}|\d{3}))?(-.*)?$/i, tag);
  let text = StringPrototypeToLowerCase(parts[1]);
  if (parts[2]) {
    text += `-${StringPrototypeToUpperCase(parts[2][0])}`;
    text += StringPrototypeToLowerCase(StringPrototypeSlice(parts[2], 1));
  }
  if (parts[3]) text += `-${StringPrototypeToUpperCase(parts[3])}`;
  return text + (parts[4] ? StringPrototypeToLowerCase(parts[4]) : '');
}

function canonicalLocales(locales) {
  const list = localeList(locales);
  const tags = [];
  for (let i = 0; i < list.length; i++) {
    const tag = canonicalTag(list[i]);
    let known = false;
    for (let j = 0; j < tags.length; j++) known ||= tags[j] === tag;
    if (!known) tags[tags.length] = tag;
  }
  return tags;
}

function supportedLocales(locales) {
  const tags = canonicalLocales(locales);
  const english = [];
  for (let i = 0; i < tags.length; i++) if (matches(ENGLISH, tags[i])) english[english.length] = tags[i];
  return english;
}

const Intl = {};
const intlPrototypes = [];

function isIntlPrototype(prototype) {
  for (let i = 0; i < intlPrototypes.length; i++) if (intlPrototypes[i] === prototype) return true;
  return false;
}

function defineIntl(Class, name, callable) {
  const exported = function (locales, options) {
    if (!callable && new.target === undefined) throw new TypeError(`Constructor Intl.${name} requires 'new'`);
    return new Class(locales, options);
  };
  const hidden = (object, key, value) =>
    ObjectDefineProperty(object, key, { __proto__: null, value, writable: true, configurable: true });
  ObjectDefineProperty(exported, 'name', { __proto__: null, value: name, configurable: true });
  ObjectDefineProperty(exported, 'length', { __proto__: null, value: 0, configurable: true });
  ObjectDefineProperty(exported, 'prototype', { __proto__: null, value: Class.prototype });
  replaceMethods(exported, { supportedLocalesOf: (locales) => supportedLocales(locales) });
  ObjectDefineProperty(Class.prototype, Symbol.toStringTag,
    { __proto__: null, value: `Intl.${name}`, configurable: true });
  hidden(Class.prototype, 'constructor', exported);
  intlPrototypes[intlPrototypes.length] = Class.prototype;
  hidden(Intl, name, exported);
}

defineIntl(NumberFormat, 'NumberFormat', true);
defineIntl(DateTimeFormat, 'DateTimeFormat', true);
defineIntl(Collator, 'Collator', true);
defineIntl(PluralRules, 'PluralRules', false);
defineIntl(ListFormat, 'ListFormat', false);
defineIntl(RelativeTimeFormat, 'RelativeTimeFormat', false);
replaceMethods(Intl, { getCanonicalLocales: (locales) => canonicalLocales(locales) });
ObjectDefineProperty(Intl, Symbol.toStringTag, { __proto__: null, value: 'Intl', configurable: true });
defineGlobal('Intl', Intl);
