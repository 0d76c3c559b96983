// locale_dates.js: dates as text, with the options of Intl.DateTimeFormat, in UTC or at a fixed offset from it.

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October',
  'November', 'December'];
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const NAME_STYLES = ['narrow', 'short', 'long'];
const DIGIT_STYLES = ['2-digit', 'numeric'];
const DATE_FIELDS = ['weekday', 'year', 'month', 'day'];
const TIME_FIELDS = ['hour', 'minute', 'second', 'fractionalSecondDigits'];
const DATE_STYLES = { __proto__: null,
  full: { weekday: 'long', month: 'long', day: 'numeric', year: 'numeric' },
  long: { month: 'long', day: 'numeric', year: 'numeric' },
  medium: { month: 'short', day: 'numeric', year: 'numeric' },
  short: { month: 'numeric', day: 'numeric', year: '2-digit' } };
const TIME_STYLES = { __proto__: null,
  full: { hour: 'numeric', minute: '2-digit', second: '2-digit', timeZoneName: 'long' },
  long: { hour: 'numeric', minute: '2-digit', second: '2-digit', timeZoneName: 'short' },
  medium: { hour: 'numeric', minute: '2-digit', second: '2-digit' },
  short: { hour: 'numeric', minute: '2-digit' } };
const UTC_NAME = /^(utc|gmt|uct|zulu|universal|gmt[+-]?0|etc\/(utc|gmt|uct|zulu|universal|gmt[+-]?0))$/i;
const OFFSET = /^([+-])([01]\d|2[0-3])(?::?([0-5]\d))?$/;

const DateConstructor = Date;
const DatePrototypeGetTime = uncurryThis(Date.prototype.getTime);
const dateNow = Date.now;
const utc = { __proto__: null };
for (const field of ['FullYear', 'Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds', 'Milliseconds']) {
  utc[field] = uncurryThis(Date.prototype[`getUTC${field}`]);
}

const twoDigits = (number) => (number < 10 ? `0${number}` : `${number}`);

// ---- options

// { timeZone: its name, offset: minutes }
function timeZone(name) {
  if (name === undefined) return { timeZone: 'UTC', offset: 0 };
  const text = `${name}`;
  if (matches(UTC_NAME, text)) return { timeZone: 'UTC', offset: 0 };
  const match = RegExpPrototypeExec(OFFSET, text);
  if (match === null) throw new RangeError(`Invalid time zone specified: ${text}`);
  const minutes = +match[2] * 60 + +(match[3] ?? 0);
  return { timeZone: `${match[1]}${match[2]}:${match[3] ?? '00'}`, offset: match[1] === '-' ? -minutes : minutes };
}

function dateFields(options, s, owner) {
  s.weekday = textOption(options, 'weekday', NAME_STYLES, undefined, owner);
  s.year = textOption(options, 'year', DIGIT_STYLES, undefined, owner);
  s.month = textOption(options, 'month', ['2-digit', 'numeric', 'narrow', 'short', 'long'], undefined, owner);
  s.day = textOption(options, 'day', DIGIT_STYLES, undefined, owner);
  s.hour = textOption(options, 'hour', DIGIT_STYLES, undefined, owner);
  s.minute = textOption(options, 'minute', DIGIT_STYLES, undefined, owner);
  s.second = textOption(options, 'second', DIGIT_STYLES, undefined, owner);
  s.fractionalSecondDigits = numberOption(options, 'fractionalSecondDigits', 1, 3, undefined);
  s.timeZoneName = textOption(options, 'timeZoneName',
    ['short', 'long', 'shortOffset', 'longOffset', 'shortGeneric', 'longGeneric'], undefined, owner);
  if (options.era !== undefined || options.dayPeriod !== undefined) {
    throw new RangeError('The options era and dayPeriod are not supported.');
  }
}

const anyOf = (s, names) => {
  for (let i = 0; i < names.length; i++) if (s[names[i]] !== undefined) return true;
  return false;
};

// required: which fields must be asked for ('date', 'time', 'any'), else those of `defaults` are added ('all': both).
function fillFields(s, required, defaults) {
  if (s.dateStyle !== undefined || s.timeStyle !== undefined) {
    if (anyOf(s, DATE_FIELDS) || anyOf(s, TIME_FIELDS) || s.timeZoneName !== undefined) {
      throw new TypeError('Invalid option : option');
    }
    if (required === 'date' && s.timeStyle !== undefined) throw new TypeError('Invalid option : timeStyle');
    if (required === 'time' && s.dateStyle !== undefined) throw new TypeError('Invalid option : dateStyle');
    s.shown = { ...DATE_STYLES[s.dateStyle], ...TIME_STYLES[s.timeStyle] };
    return;
  }
  s.shown = s;
  if ((required !== 'time' && anyOf(s, DATE_FIELDS)) || (required !== 'date' && anyOf(s, TIME_FIELDS))) return;
  if (defaults !== 'time') s.year = s.month = s.day = 'numeric';
  if (defaults !== 'date') {
    s.hour = 'numeric';
    s.minute = s.second = '2-digit';
  }
}

function dateFormat(locales, options, required, defaults, owner) {
  const s = { locale: chooseLocale(locales), calendar: 'gregory', numberingSystem: 'latn' };
  options = optionsObject(options, owner);
  const hour12 = flagOption(options, 'hour12', undefined);
  const hourCycle = textOption(options, 'hourCycle', ['h11', 'h12', 'h23', 'h24'], 'h12', owner);
  const zone = timeZone(options.timeZone);
  s.timeZone = zone.timeZone;
  s.offset = zone.offset;
  dateFields(options, s, owner);
  const styles = ['full', 'long', 'medium', 'short'];
  s.dateStyle = textOption(options, 'dateStyle', styles, undefined, owner);
  s.timeStyle = textOption(options, 'timeStyle', styles, undefined, owner);
  fillFields(s, required, defaults);
  s.hourCycle = hour12 === undefined ? hourCycle : hour12 ? 'h12' : 'h23';
  return s;
}

// ---- a date's parts

function named(names, index, how) {
  const name = names[index];
  return how === 'long' ? name : StringPrototypeSlice(name, 0, how === 'short' ? 3 : 1);
}

function yearText(year, how) {
  const shown = year > 0 ? year : 1 - year;
  return how === '2-digit' ? twoDigits(shown % 100) : `${shown}`;
}

const numeral = (number, how) => (how === '2-digit' ? twoDigits(number) : `${number}`);

// The parts of the date, and what stands between it and a time.
function addDate(parts, f, at) {
  const weekday = f.weekday === undefined ? '' : named(WEEKDAYS, utc.Day(at), f.weekday);
  const day = f.day === undefined ? '' : numeral(utc.Date(at), f.day);
  const year = f.year === undefined ? '' : yearText(utc.FullYear(at), f.year);
  const word = f.month === 'long' || f.month === 'short' || f.month === 'narrow';
  const month = f.month === undefined ? ''
    : word ? named(MONTHS, utc.Month(at), f.month) : numeral(utc.Month(at) + 1, f.month);
  const after = weekday !== '' && (day === '') === (month === '') ? ', ' : '';
  if (after !== '' && day !== '') {
    addPart(parts, 'weekday', weekday);
    addPart(parts, 'literal', after);
  }
  if (month === '' && year !== '' && day !== '') {
    addPart(parts, 'year', year);
    addPart(parts, 'literal', ' (day: ');
    addPart(parts, 'day', day);
    addPart(parts, 'literal', ')');
  } else {
    addPart(parts, 'month', month);
    if (month !== '' && day !== '') addPart(parts, 'literal', word ? ' ' : '/');
    addPart(parts, 'day', day);
    if (month !== '' && year !== '') addPart(parts, 'literal', !word ? '/' : day !== '' ? ', ' : ' ');
    addPart(parts, 'year', year);
  }
  if (weekday !== '' && (after === '' || day === '')) {
    if (parts.length > 0) addPart(parts, 'literal', ' ');
    addPart(parts, 'weekday', weekday);
  }
  if (f.month === 'long') return ' at ';
  return weekday !== '' && parts.length === 1 ? ' ' : ', ';
}

function hourText(hour, cycle, how) {
  if (cycle === 'h23') return twoDigits(hour);
  if (cycle === 'h24') return twoDigits(hour || 24);
  const short = cycle === 'h11' ? hour % 12 : hour % 12 || 12;
  return numeral(short, how);
}

function addTime(parts, f, at, cycle) {
  const { hour, minute, second, fractionalSecondDigits: digits } = f;
  if (hour !== undefined) addPart(parts, 'hour', hourText(utc.Hours(at), cycle, hour));
  if (minute !== undefined) {
    if (hour !== undefined) addPart(parts, 'literal', ':');
    const both = hour !== undefined || second !== undefined;
    addPart(parts, 'minute', both ? twoDigits(utc.Minutes(at)) : `${utc.Minutes(at)}`);
  }
  if (second !== undefined) {
    const both = hour !== undefined || minute !== undefined;
    if (both) addPart(parts, 'literal', ':');
    addPart(parts, 'second', both ? twoDigits(utc.Seconds(at)) : `${utc.Seconds(at)}`);
  }
  if (digits !== undefined) {
    if (second !== undefined) addPart(parts, 'literal', '.');
    const milliseconds = StringPrototypePadStart(`${utc.Milliseconds(at)}`, 3, '0');
    addPart(parts, 'fractionalSecond', StringPrototypeSlice(milliseconds, 0, digits));
  }
  if (hour !== undefined && (cycle === 'h12' || cycle === 'h11')) {
    addPart(parts, 'literal', ' ');
    addPart(parts, 'dayPeriod', utc.Hours(at) < 12 ? 'AM' : 'PM');
  }
}

function zoneName(s, how) {
  if (s.timeZone === 'UTC' && how === 'short') return 'UTC';
  if (s.timeZone === 'UTC' && how === 'long') return 'Coordinated Universal Time';
  if (s.offset === 0) return 'GMT';
  const long = how === 'long' || how === 'longOffset' || how === 'longGeneric';
  const minutes = s.offset < 0 ? -s.offset : s.offset;
  const hours = MathFloor(minutes / 60);
  const rest = minutes % 60;
  return `GMT${s.offset < 0 ? '-' : '+'}${long ? twoDigits(hours) : hours}${long || rest ? `:${twoDigits(rest)}` : ''}`;
}

function dateParts(s, time) {
  const f = s.shown;
  const at = new DateConstructor(time + s.offset * 60000);
  const parts = [];
  const join = anyOf(f, DATE_FIELDS) ? addDate(parts, f, at) : '';
  const timed = anyOf(f, TIME_FIELDS);
  if (timed || f.timeZoneName !== undefined) addPart(parts, 'literal', join);
  addTime(parts, f, at, s.hourCycle);
  if (f.timeZoneName !== undefined) {
    if (timed) addPart(parts, 'literal', ' ');
    addPart(parts, 'timeZoneName', zoneName(s, f.timeZoneName));
  }
  return parts;
}

function localeDate(date, locales, options, required, defaults, owner) {
  const time = DatePrototypeGetTime(date);
  const s = dateFormat(locales, options, required, defaults, owner);
  return time === time ? joinParts(dateParts(s, time)) : 'Invalid Date';
}

replaceMethods(Date.prototype, {
  toLocaleString(locales, options) {
    return localeDate(this, locales, options, 'any', 'all', 'Date.prototype.toLocaleString');
  },
  toLocaleDateString(locales, options) {
    return localeDate(this, locales, options, 'date', 'date', 'Date.prototype.toLocaleDateString');
  },
  toLocaleTimeString(locales, options) {
    return localeDate(this, locales, options, 'time', 'time', 'Date.prototype.toLocaleTimeString');
  },
});
