// node:assert as workerd has it: loose and strict comparisons are the same, and the messages are those of its own.
'use strict';

const { ObjectAssign, ObjectIs, ObjectKeys, ObjectPrototypeIsPrototypeOf, ReflectApply, RegExpPrototypeExec,
  StringPrototypeIncludes, StringPrototypeReplace, StringPrototypeSplit } = primordials;
const { codes: { ERR_AMBIGUOUS_ARGUMENT, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_INVALID_RETURN_VALUE,
  ERR_MISSING_ARGS } } = require('internal/errors');
const AssertionError = require('internal/assert/assertion_error');
const { inspect } = require('internal/util/inspect');
const { isPromise, isRegExp } = require('internal/util/types');
const { isError } = require('internal/util');
const { myersDiff } = require('internal/assert/myers_diff');

const comparisons = () => require('internal/util/comparisons');
const deepEqualStrictly = (a, b) => comparisons().isDeepStrictEqual(a, b);

// ---- messages

const show = (value) => inspect(value, { depth: Infinity, sorted: true, maxArrayLength: Infinity, breakLength: Infinity,
  getters: true });

const escapeLine = (text) => StringPrototypeReplace(text, /\r\n|\r|\n|[\b\f\t\v]/g, (c) =>
  ({ '__proto__': null, '\r': '\\r', '\n': '\\n\n', '\r\n': '\\r\\n\r\n', '\b': '\\b', '\f': '\\f', '\t': '\\t', '\v': '\\v' })[c]);

// The lines of both, marked; what is in neither order is told by the shortest script of changes.
function markedLines(actual, expected) {
  const steps = myersDiff(actual, expected);
  const lines = [];
  let removed = [], added = [];
  const flush = () => {
    lines.push(...removed, ...added);
    removed = [];
    added = [];
  };
  for (let i = steps.length - 1; i >= 0; i--) {
    const [kind, line] = steps[i];
    if (kind === 0) {
      flush();
      lines.push(`    ${line}`);
    } else if (kind === 1) removed.push(`-   ${line}`);
    else added.push(`+   ${line}`);
  }
  flush();
  return lines;
}

function diffMessage(actual, expected, actualText, expectedText) {
  const head = ['', '', '[Diff] Actual / Expected', '', ''];
  if (typeof actual === 'string' && typeof expected === 'string') {
    const lines = (text) => `${escapeLine(text)}\n`.match(/[^\n]*\n/g);
    return [...head, markedLines(lines(actual), lines(expected)).join(''), ''].join('\n');
  }
  const split = (text) => StringPrototypeSplit(text, '\n');
  return [...head, ...markedLines(split(actualText), split(expectedText)), ''].join('\n');
}

function unequalMessage(actual, expected) {
  const actualText = show(actual), expectedText = show(expected);
  if (actualText === expectedText) {
    const text = StringPrototypeSplit(actualText, '\n').map((line) => `    ${line}`).join('\n');
    return `Values have the same structure but are not reference-equal:\n\n${text}\n`;
  }
  return `Values are not strictly equal:\n${diffMessage(actual, expected, actualText, expectedText)}`;
}

function deepUnequalMessage(actual, expected) {
  const line = (value) => inspect(value, { compact: 3, customInspect: false, depth: 1000, maxArrayLength: Infinity,
    showHidden: false, showProxy: false, sorted: true, getters: true, breakLength: Infinity });
  const a = line(actual), b = line(expected);
  const head = 'Expected values to be strictly deep-equal:\n';
  if (a === b) return `Values have same structure but are not reference-equal:\n\n${a}\n`;
  if (!StringPrototypeIncludes(a, '\n') && !StringPrototypeIncludes(b, '\n')) {
    const simple = (typeof actual !== 'object' || actual === null) && (typeof expected !== 'object' || expected === null);
    if (simple && a.length + b.length <= 12 && actual !== 0 && expected !== 0) return `${head}\n${a} !== ${b}\n`;
    let at = 0;
    while (a[at] === b[at]) at++;
    const mark = at > 2 ? `\n${' '.repeat(at + 2)}^` : '';
    return `${head}+ actual - expected\n\n+ ${a}\n- ${b}${mark}`;
  }
  const lines = markedLines(StringPrototypeSplit(b, '\n'), StringPrototypeSplit(a, '\n'));
  return `${head}+ actual - expected\n\n${lines.map((l) => l.slice(0, 2) + l.slice(4)).join('\n')}`;
}

// ---- failing

function raise(details, message) {
  if (message instanceof Error) throw message;
  throw new AssertionError({ ...details, message: message ?? details.message });
}

function assert(actual, message) {
  if (arguments.length === 0) {
    throw new AssertionError({ message: 'No value argument passed to `assert.ok()`', actual, expected: true,
      operator: '==', stackStartFn: assert });
  }
  if (actual) return;
  raise({ message: `${show(actual)} == true`, actual, expected: true, operator: '==', stackStartFn: assert },
    message instanceof Error ? `${message}` : message);
}

function ok(...args) {
  ReflectApply(assert, undefined, args);
}

function fail(message) {
  raise({ message: 'Failed', operator: 'fail', stackStartFn: fail }, message);
}

function needTwo(count, names = ['actual', 'expected']) {
  if (count < 2) throw new ERR_MISSING_ARGS(...names);
}

function strictEqual(actual, expected, message) {
  needTwo(arguments.length);
  if (ObjectIs(actual, expected)) return;
  raise({ message: unequalMessage(actual, expected), actual, expected, operator: 'strictEqual', stackStartFn: strictEqual },
    message);
}

function notStrictEqual(actual, expected, message) {
  needTwo(arguments.length);
  if (!ObjectIs(actual, expected)) return;
  raise({ message: 'Expected actual to be strictly unequal to expected', actual, expected, operator: 'notStrictEqual',
    stackStartFn: notStrictEqual }, message);
}

function deepStrictEqual(actual, expected, message) {
  needTwo(arguments.length);
  if (deepEqualStrictly(actual, expected)) return;
  raise({ message: deepUnequalMessage(actual, expected), actual, expected, operator: 'deepStrictEqual',
    stackStartFn: deepStrictEqual }, message);
}

function notDeepStrictEqual(actual, expected, message) {
  needTwo(arguments.length);
  if (!deepEqualStrictly(actual, expected)) return;
  raise({ message: 'Expected actual to not be deeply strictly equal to expected', actual, expected,
    operator: 'notDeepStrictEqual', stackStartFn: notDeepStrictEqual }, message);
}

function partialDeepStrictEqual(actual, expected, message) {
  needTwo(arguments.length);
  if (comparisons().isPartialStrictEqual(actual, expected)) return;
  raise({ message: 'Expected actual to be partially deeply strictly equal to expected', actual, expected,
    operator: 'partialDeepStrictEqual', stackStartFn: partialDeepStrictEqual }, message);
}

const equal = (actual, expected, message) => strictEqual(actual, expected, message);
const notEqual = (actual, expected, message) => notStrictEqual(actual, expected, message);
const deepEqual = (actual, expected, message) => deepStrictEqual(actual, expected, message);
const notDeepEqual = (actual, expected, message) => notDeepStrictEqual(actual, expected, message);

function matchText(text, regexp, message, wanted, name) {
  if (!isRegExp(regexp)) throw new ERR_INVALID_ARG_TYPE('regexp', 'RegExp', regexp);
  if (typeof text === 'string' && (RegExpPrototypeExec(regexp, text) !== null) === wanted) return;
  raise({ message: `actual: "${text}" expected to ${wanted ? '' : 'not '}match: "${regexp}"`, actual: text,
    expected: regexp, operator: name, stackStartFn: assert[name] }, message);
}

function match(actual, expected, message) {
  matchText(actual, expected, message, true, 'match');
}

function doesNotMatch(actual, expected, message) {
  matchText(actual, expected, message, false, 'doesNotMatch');
}

function ifError(value) {
  if (value === null || value === undefined) return;
  let message = 'ifError got unwanted exception: ';
  if (typeof value === 'object' && typeof value.message === 'string') {
    message += value.message.length === 0 && value.constructor ? value.constructor.name : value.message;
  } else message += inspect(value);
  throw new AssertionError({ message, actual: value, expected: null, operator: 'ifError', stackStartFn: ifError });
}

// ---- throws() and its like

function compareKeys(actual, expected, message, stackStartFn) {
  const keys = isError(expected) ? [...ObjectKeys(expected), 'name', 'message'] : ObjectKeys(expected);
  if (keys.length === 0) throw new ERR_INVALID_ARG_VALUE('error', expected, 'may not be an empty object');
  for (const key of keys) {
    if (typeof actual[key] === 'string' && isRegExp(expected[key]) &&
        RegExpPrototypeExec(expected[key], actual[key]) !== null) continue;
    if (key in actual && deepEqualStrictly(actual[key], expected[key])) continue;
    const a = {}, b = {};
    for (const each of keys) {
      if (each in actual) a[each] = actual[each];
      b[each] = isRegExp(expected[each]) && typeof actual[each] === 'string' &&
        RegExpPrototypeExec(expected[each], actual[each]) !== null ? actual[each] : expected[each];
    }
    raise({ message: deepUnequalMessage(a, b), actual, expected, operator: 'throws', stackStartFn }, message);
  }
}

function checkError(actual, expected, message, stackStartFn) {
  const details = { actual, expected, operator: stackStartFn.name, stackStartFn };
  if (isRegExp(expected)) {
    if (RegExpPrototypeExec(expected, `${actual}`) !== null) return;
    raise({ ...details, message:
      `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(`${actual}`)}\n` }, message);
  }
  if (typeof expected === 'object') {
    if (typeof actual !== 'object' || actual === null) {
      raise({ ...details, message: deepUnequalMessage(actual, expected) }, message);
    }
    compareKeys(actual, expected, message, stackStartFn);
    return;
  }
  if (expected.prototype !== undefined && actual instanceof expected) return;
  if (ObjectPrototypeIsPrototypeOf(Error, expected) || expected === Error) {
    const got = isError(actual) ? actual.constructor?.name ?? actual.name : inspect(actual, { depth: -1 });
    raise({ ...details, message: `The error is expected to be an instance of "${expected.name}". Received "${got}"` +
      (isError(actual) && actual.message ? `\n\nError message:\n\n${actual.message}` : '') }, message);
  }
  const verdict = ReflectApply(expected, {}, [actual]);
  if (verdict === true) return;
  const name = expected.name ? `"${expected.name}" ` : '';
  raise({ ...details, message: `The ${name}validation function is expected to return "true". Received ${inspect(verdict)}` +
    (isError(actual) ? `\n\nCaught error:\n\n${actual}` : '') }, message);
}

const NOTHING = Symbol('nothing thrown');

function thrownBy(run) {
  if (typeof run !== 'function') throw new ERR_INVALID_ARG_TYPE('fn', 'Function', run);
  try {
    run();
  } catch (error) {
    return error;
  }
  return NOTHING;
}

async function rejectedBy(promise) {
  let given = promise;
  if (typeof promise === 'function') {
    given = promise();
    if (!isPromise(given) && typeof given?.then !== 'function') {
      throw new ERR_INVALID_RETURN_VALUE('instance of Promise', 'promiseFn', given);
    }
  } else if (!isPromise(promise) && typeof promise?.then !== 'function') {
    throw new ERR_INVALID_ARG_TYPE('promiseFn', ['Function', 'Promise'], promise);
  }
  try {
    await given;
  } catch (error) {
    return error;
  }
  return NOTHING;
}

function expectError(stackStartFn, actual, error, message) {
  if (typeof error === 'string') {
    if (message !== undefined) throw new ERR_INVALID_ARG_TYPE('error', ['Object', 'Error', 'Function', 'RegExp'], error);
    if (actual?.message === error || actual === error) {
      throw new ERR_AMBIGUOUS_ARGUMENT('error/message', `The error message "${error}" is identical to the message.`);
    }
    message = error;
    error = undefined;
  } else if (error !== undefined && error !== null && typeof error !== 'object' && typeof error !== 'function') {
    throw new ERR_INVALID_ARG_TYPE('error', ['Object', 'Error', 'Function', 'RegExp'], error);
  }
  if (actual === NOTHING) {
    let details = error?.name ? ` (${error.name})` : '';
    details += message ? `: ${message}` : '.';
    const kind = stackStartFn === rejects ? 'rejection' : 'exception';
    raise({ actual: undefined, expected: error, operator: stackStartFn.name, stackStartFn,
      message: `Missing expected ${kind}${details}` });
  }
  if (error) checkError(actual, error, message, stackStartFn);
}

function expectNone(stackStartFn, actual, error, message) {
  if (actual === NOTHING) return;
  if (typeof error === 'string') {
    message = error;
    error = undefined;
  }
  if (error && !(isRegExp(error) ? RegExpPrototypeExec(error, `${actual}`) !== null : actual instanceof error)) throw actual;
  raise({ actual, expected: error, operator: stackStartFn.name, stackStartFn,
    message: `Got unwanted exception${message ? `: ${message}` : '.'}\nActual message: "${actual?.message}"` });
}

function throws(run, ...args) {
  expectError(throws, thrownBy(run), ...args);
}

function doesNotThrow(run, ...args) {
  expectNone(doesNotThrow, thrownBy(run), ...args);
}

async function rejects(promise, ...args) {
  expectError(rejects, await rejectedBy(promise), ...args);
}

async function doesNotReject(promise, ...args) {
  expectNone(doesNotReject, await rejectedBy(promise), ...args);
}

class Assert {
  constructor(options = undefined) {
    this.diff = options?.diff ?? 'simple';
    this.strict = options?.strict ?? true;
  }
}

const methods = { AssertionError, deepEqual, deepStrictEqual, doesNotMatch, doesNotReject, doesNotThrow, equal, fail,
  ifError, match, notDeepEqual, notDeepStrictEqual, notEqual, notStrictEqual, ok, partialDeepStrictEqual, rejects,
  strictEqual, throws };
ObjectAssign(Assert.prototype, methods);
const strict = (...args) => ok(...args);
ObjectAssign(strict, methods, { Assert });
strict.strict = strict;
ObjectAssign(assert, methods, { Assert, strict });

module.exports = assert;
