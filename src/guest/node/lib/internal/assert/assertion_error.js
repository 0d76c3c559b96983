// AssertionError: its message is what it is given, or made of what was compared.
'use strict';

const { Error, ErrorCaptureStackTrace, ObjectDefineProperty } = primordials;
const { inspect } = require('internal/util/inspect');
const { validateObject } = require('internal/validators');

const WORDS = {
  '__proto__': null,
  'strictEqual': 'Expected values to be strictly equal:',
  'deepStrictEqual': 'Expected values to be strictly deep-equal:',
  'notStrictEqual': 'Expected "actual" to be strictly unequal to:',
  'notDeepStrictEqual': 'Expected "actual" not to be strictly deep-equal to:',
};

function messageOf({ actual, expected, operator }) {
  const words = WORDS[operator];
  if (words === undefined) return `${inspect(actual)} ${operator} ${inspect(expected)}`;
  if (operator.startsWith('not')) return `${words} ${inspect(expected)}`;
  return `${words}\n\n${inspect(actual)} !== ${inspect(expected)}\n`;
}

class AssertionError extends Error {
  constructor(options) {
    validateObject(options, 'options');
    const { message, operator, stackStartFn, actual, expected } = options;
    super(message != null ? `${message}` : messageOf(options));
    this.generatedMessage = !message;
    ObjectDefineProperty(this, 'name', { __proto__: null, value: 'AssertionError', enumerable: false, writable: true,
      configurable: true });
    this.code = 'ERR_ASSERTION';
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
    ErrorCaptureStackTrace(this, stackStartFn);
  }
  toString() {
    return `${this.name} [${this.code}]: ${this.message}`;
  }
}

module.exports = AssertionError;
