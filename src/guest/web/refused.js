// refused.js: what a Worker may look for and does not get: WebAssembly of bytes (there is no code generation at run time),
// shared memory. Atomics works on what is not shared, where it is plain arithmetic: an isolate has one thread.

function refusedError(name) {
  const kind = class extends ErrorConstructor {
    constructor(message = undefined, options = undefined) {
      super(message, options);
    }
  };
  const named = (object, writable) => ObjectDefineProperty(object, 'name',
    { __proto__: null, value: name, writable, enumerable: false, configurable: true });
  named(kind, false);
  named(kind.prototype, true);
  return kind;
}

const CompileError = refusedError('CompileError');
const isBufferSource = (value) => bytesBorrow(value) !== null;

// A module of bytes, if it could be made.
function refuseBytes(what, bytes, needsBytes) {
  if (needsBytes && !isBufferSource(bytes)) throw new TypeError(`${what}: Argument 0 must be a buffer source`);
  throw new CompileError(`${what}: Wasm code generation disallowed by embedder`);
}

function refusedClass(name, refuse) {
  const kind = {
    [name]: function (...args) {
      if (!new.target) throw new TypeError(`WebAssembly.${name}(): WebAssembly.${name} must be invoked with 'new'`);
      refuse(args[0]);
    },
  }[name];
  ObjectDefineProperty(kind.prototype, Symbol.toStringTag,
    { __proto__: null, value: `WebAssembly.${name}`, writable: false, enumerable: false, configurable: true });
  return kind;
}

const webAssembly = {
  async compile(bytes) {
    refuseBytes('WebAssembly.compile()', bytes, false);
  },
  async instantiate(bytes) {
    refuseBytes('WebAssembly.instantiate()', bytes, true);
  },
  validate(bytes) {
    if (!isBufferSource(bytes)) throw new TypeError('WebAssembly.validate(): Argument 0 must be a buffer source');
    return false;
  },
  Module: refusedClass('Module', (bytes) => refuseBytes('WebAssembly.Module()', bytes, true)),
  Instance: refusedClass('Instance', () => {
    throw new TypeError('WebAssembly.Instance(): Argument 0 must be a WebAssembly.Module');
  }),
  CompileError,
  LinkError: refusedError('LinkError'),
  RuntimeError: refusedError('RuntimeError'),
};

const ELEMENTS = { __proto__: null, Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array,
  BigUint64Array };

function elementsLike(array) {
  return ELEMENTS[TypedArrayGetTagOf(integerElements(array))];
}

function integerElements(array) {
  const tag = TypedArrayGetTagOf(array);
  if (tag !== 'Uint8ClampedArray' && INTEGER_ARRAYS[tag]) return array;
  throw new TypeError(`${ObjectPrototypeToString(array)} is not an integer typed array.`);
}
const TypedArrayGetTagOf = (value) => (ArrayBufferIsView(value) ? TypedArrayGetTag(value) : undefined);

const toBigInt = BigInt;
const TypedArrayGetLength = getterOf(TypedArrayPrototype, 'length');

// The array's element `index` becomes change(old, operand); the old one.
function atomicChange(array, index, operand, change) {
  integerElements(array);
  const big = TypedArrayGetTag(array) === 'BigInt64Array' || TypedArrayGetTag(array) === 'BigUint64Array';
  const at = MathTrunc(+index) || 0;
  if (!(at >= 0 && at < TypedArrayGetLength(array))) throw new RangeError('Invalid atomic access index');
  const value = big ? toBigInt(operand) : MathTrunc(+operand) || 0;
  const old = array[at];
  array[at] = change(old, value);
  return old;
}

const atomics = {
  add: (array, index, value) => atomicChange(array, index, value, (a, b) => a + b),
  sub: (array, index, value) => atomicChange(array, index, value, (a, b) => a - b),
  and: (array, index, value) => atomicChange(array, index, value, (a, b) => a & b),
  or: (array, index, value) => atomicChange(array, index, value, (a, b) => a | b),
  xor: (array, index, value) => atomicChange(array, index, value, (a, b) => a ^ b),
  exchange: (array, index, value) => atomicChange(array, index, value, (a, b) => b),
  load: (array, index) => atomicChange(array, index, 0, (a) => a),
  store(array, index, value) {
    atomicChange(array, index, value, (a, b) => b);
    return typeof value === 'bigint' ? value : MathTrunc(+value) || 0;
  },
  compareExchange(array, index, expected, value) {
    const wanted = new (elementsLike(array))([expected])[0];
    return atomicChange(array, index, value, (a, b) => (a === wanted ? b : a));
  },
  isLockFree: (size) => +size === 1 || +size === 2 || +size === 4 || +size === 8,
  notify(array, index, count = undefined) {
    atomicChange(array, index, 0, (a) => a);
    return 0;
  },
  pause() {},
};

for (const [name, members] of [['WebAssembly', webAssembly], ['Atomics', atomics]]) {
  const namespace = {};
  for (const key of ObjectKeys(members)) {
    ObjectDefineProperty(namespace, key,
      { __proto__: null, value: members[key], writable: true, enumerable: false, configurable: true });
  }
  ObjectDefineProperty(namespace, Symbol.toStringTag,
    { __proto__: null, value: name, writable: false, enumerable: false, configurable: true });
  defineGlobal(name, namespace);
}
delete globalThis.SharedArrayBuffer;
delete globalThis.InternalError;
