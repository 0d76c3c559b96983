// streams_base.js: what the streams' files share: promises to settle later, queues, views of buffers, options.
// A stream, reader, writer or controller that a Worker holds has one private field: its inside, an object of the
// platform that no Worker can reach. All algorithms work on insides; they are those of the Streams standard, and where
// workerd differs from it, workerd's.

const PromiseConstructor = Promise;
const PromiseWithResolvers = uncurryThis(Promise.withResolvers);
const PromiseRejected = uncurryThis(Promise.reject);
const PromiseResolved = uncurryThis(Promise.resolve);
const deferred = () => PromiseWithResolvers(PromiseConstructor);
const promiseRejected = (error) => PromiseRejected(PromiseConstructor, error);
const promiseResolved = (value) => PromiseResolved(PromiseConstructor, value);

// Calls a Worker's function; what it throws is a rejection.
function callForPromise(callback, thisArgument, list) {
  try {
    return promiseResolved(ReflectApply(callback, thisArgument, list));
  } catch (error) {
    return promiseRejected(error);
  }
}

function tryPromise(step) {
  try {
    return step();
  } catch (error) {
    return promiseRejected(error);
  }
}

class Queue {
  constructor() {
    this.items = [];
    this.head = 0;
  }
  get length() {
    return this.items.length - this.head;
  }
  put(item) {
    this.items[this.items.length] = item;
  }
  peek() {
    return this.items[this.head];
  }
  take() {
    const items = this.items;
    const item = items[this.head];
    items[this.head++] = undefined;
    if (this.head === items.length) {
      items.length = this.head = 0;
    } else if (this.head > 1000 && 2 * this.head > items.length) {
      this.items = arrayCopy(items, this.head);
      this.head = 0;
    }
    return item;
  }
}

// ---- options

const NOT_INTEGER = 'The value cannot be converted because it is not an integer.';
const NEGATIVE = 'The value cannot be converted because it is negative and this API expects a positive bigint.';
const NOT_UNSIGNED = 'The value cannot be converted because it is either negative and this API expects a positive ' +
  'bigint, or the value would be truncated.';

// An unsigned 64-bit integer, as workerd converts what a Worker gives.
function wholeNumber(value) {
  if (typeof value === 'bigint') {
    if (value < 0n || value >= 0x10000000000000000n) throw new TypeError(NOT_UNSIGNED);
    return NumberConstructor(value);
  }
  const number = +value;
  if (number - number !== 0) throw new TypeError(NOT_INTEGER);
  if (number < 0) throw new TypeError(NEGATIVE);
  return MathTrunc(number);
}
const NumberConstructor = Number;

function checkOptions(options, type, index, kind) {
  if (options != null && !isObject(options)) throw wrongParameter(type, index, kind);
}

function functionOption(options, field, dictionary) {
  const value = options?.[field];
  if (value !== undefined && typeof value !== 'function') throw wrongField(dictionary, field, 'function');
  return value;
}

// A queuing strategy: { mark, size }, size undefined when each chunk counts as one.
function readStrategy(strategy, type, index, mark) {
  checkOptions(strategy, type, index, 'StreamQueuingStrategy');
  const given = strategy?.highWaterMark;
  const size = functionOption(strategy, 'size', 'StreamQueuingStrategy');
  return { __proto__: null, mark: given === undefined ? mark : wholeNumber(given), size };
}

// ---- views

const VIEW_CONSTRUCTORS = { __proto__: null, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array,
  Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array };
if (globalThis.Float16Array) VIEW_CONSTRUCTORS.Float16Array = globalThis.Float16Array;
const DataViewConstructor = DataView;

// What a view is of: { buffer, offset, length, constructor, unit }.
function viewParts(view) {
  const tag = TypedArrayGetTag(view);
  if (tag === undefined) {
    return { __proto__: null, buffer: DataViewGetBuffer(view), offset: DataViewGetByteOffset(view),
      length: DataViewGetByteLength(view), constructor: DataViewConstructor, unit: 1 };
  }
  const constructor = VIEW_CONSTRUCTORS[tag];
  return { __proto__: null, buffer: TypedArrayGetBuffer(view), offset: TypedArrayGetByteOffset(view),
    length: TypedArrayGetByteLength(view), constructor, unit: constructor.BYTES_PER_ELEMENT };
}

const bytesAt = (buffer, offset, length) => new Uint8ArrayConstructor(buffer, offset, length);
