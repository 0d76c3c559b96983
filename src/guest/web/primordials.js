// primordials.js: the language's own functions, kept before any Worker runs.
// A Worker may replace Array.prototype.push or Promise.prototype.then; what the platform does inside must not change
// for it, and above all must not hand internal objects to the replacement. So the platform calls these, and syntax
// (indexing, literals, template strings, object patterns) elsewhere; scripts/guard.mjs sees to it. Files of this folder
// share one scope: names here are theirs too.

// The globals as they were, so that their names in these files are not looked up.
const {
  AggregateError, Array, ArrayBuffer, BigInt, DataView, Date, DOMException, Error, EvalError, FinalizationRegistry,
  Function, Map, Math, Number, Object, Promise, Proxy, RangeError, ReferenceError, RegExp, Set, String, Symbol,
  SuppressedError, SyntaxError, TypeError, Uint8Array, URIError, WeakMap, WeakRef,
} = globalThis;

const globalObject = globalThis;

const uncurryThis = Function.prototype.bind.bind(Function.prototype.call);

const {
  apply: ReflectApply,
  construct: ReflectConstruct,
  ownKeys: ReflectOwnKeys,
  getOwnPropertyDescriptor: ReflectGetOwnPropertyDescriptor,
} = Reflect;
const {
  defineProperty: ObjectDefineProperty,
  getPrototypeOf: ObjectGetPrototypeOf,
  setPrototypeOf: ObjectSetPrototypeOf,
  keys: ObjectKeys,
  freeze: ObjectFreeze,
  is: ObjectIs,
} = Object;
const ObjectPrototypeToString = uncurryThis(Object.prototype.toString);
const ObjectPrototypeIsPrototypeOf = uncurryThis(Object.prototype.isPrototypeOf);
const ObjectPrototypePropertyIsEnumerable = uncurryThis(Object.prototype.propertyIsEnumerable);
const ObjectHasOwn = Object.hasOwn;
const FunctionPrototypeToString = uncurryThis(Function.prototype.toString);

const ArrayIsArray = Array.isArray;
const ArrayPrototypeSort = uncurryThis(Array.prototype.sort);
const ArrayPrototypeIncludes = uncurryThis(Array.prototype.includes);
const ArrayPrototypeJoin = uncurryThis(Array.prototype.join);

const StringPrototypeSlice = uncurryThis(String.prototype.slice);
const StringPrototypeIndexOf = uncurryThis(String.prototype.indexOf);
const StringPrototypeLastIndexOf = uncurryThis(String.prototype.lastIndexOf);
const StringPrototypeIncludes = uncurryThis(String.prototype.includes);
const StringPrototypeStartsWith = uncurryThis(String.prototype.startsWith);
const StringPrototypeEndsWith = uncurryThis(String.prototype.endsWith);
const StringPrototypeToUpperCase = uncurryThis(String.prototype.toUpperCase);
const StringPrototypeToLowerCase = uncurryThis(String.prototype.toLowerCase);
const StringPrototypeCharCodeAt = uncurryThis(String.prototype.charCodeAt);
const StringPrototypeTrimEnd = uncurryThis(String.prototype.trimEnd);
const StringPrototypeRepeat = uncurryThis(String.prototype.repeat);
const StringPrototypePadEnd = uncurryThis(String.prototype.padEnd);
const StringPrototypePadStart = uncurryThis(String.prototype.padStart);
const StringPrototypeIsWellFormed = uncurryThis(String.prototype.isWellFormed);
const StringPrototypeToWellFormed = uncurryThis(String.prototype.toWellFormed);
const StringPrototypeReplaceAll = uncurryThis(String.prototype.replaceAll);
const StringPrototypeValueOf = uncurryThis(String.prototype.valueOf);
const StringFromCharCode = String.fromCharCode;

// The built-in test() and replace() look up exec on the prototype; exec itself does not.
const RegExpPrototypeExec = uncurryThis(RegExp.prototype.exec);
const matches = (regexp, string) => RegExpPrototypeExec(regexp, string) !== null;

const TypedArrayPrototype = ObjectGetPrototypeOf(Uint8Array.prototype);
const getterOf = (object, name) => uncurryThis(ReflectGetOwnPropertyDescriptor(object, name).get);
const TypedArrayGetTag = getterOf(TypedArrayPrototype, Symbol.toStringTag);
const TypedArrayGetBuffer = getterOf(TypedArrayPrototype, 'buffer');
const TypedArrayGetByteOffset = getterOf(TypedArrayPrototype, 'byteOffset');
const TypedArrayGetByteLength = getterOf(TypedArrayPrototype, 'byteLength');
const TypedArrayPrototypeSet = uncurryThis(TypedArrayPrototype.set);
const DataViewGetBuffer = getterOf(DataView.prototype, 'buffer');
const DataViewGetByteOffset = getterOf(DataView.prototype, 'byteOffset');
const DataViewGetByteLength = getterOf(DataView.prototype, 'byteLength');
const ArrayBufferGetByteLength = getterOf(ArrayBuffer.prototype, 'byteLength');
const ArrayBufferPrototypeTransfer = uncurryThis(ArrayBuffer.prototype.transfer);
const ArrayBufferIsView = ArrayBuffer.isView;
const Uint8ArrayConstructor = Uint8Array;

// Maps and Sets of the platform's own: their methods have names that the language's do not have, and are their own.
function keep(constructor, methods) {
  const kept = class extends constructor {};
  const own = kept.prototype;
  ObjectSetPrototypeOf(own, null);
  delete own.constructor;
  const names = ObjectKeys(methods);
  for (let i = 0; i < names.length; i++) own[names[i]] = constructor.prototype[methods[names[i]]];
  ObjectDefineProperty(own, 'count', ReflectGetOwnPropertyDescriptor(constructor.prototype, 'size'));
  return kept;
}
const KeptMap = keep(Map,
  { lookup: 'get', put: 'set', drop: 'delete', holds: 'has', each: 'forEach', wipe: 'clear' });
const KeptSet = keep(Set, { put: 'add', drop: 'delete', holds: 'has', each: 'forEach', wipe: 'clear' });

const PromisePrototypeThen = native.then; // makes a promise of the language's, whatever the species
const WeakMapGet = uncurryThis(WeakMap.prototype.get);
const WeakMapSet = uncurryThis(WeakMap.prototype.set);
const BigIntOf = BigInt;
const ignoreRejection = (promise) => PromisePrototypeThen(promise, undefined, () => {});

const { parse: JSONParse, stringify: JSONStringify } = JSON;
const { trunc: MathTrunc, floor: MathFloor, min: MathMin, max: MathMax } = Math;
const SymbolPrototypeToString = uncurryThis(Symbol.prototype.toString);
const ErrorConstructor = Error;
const ErrorPrototype = Error.prototype;
const DOMExceptionConstructor = DOMException;
const ILLEGAL_INVOCATION = 'Illegal invocation: function called with incorrect `this` reference. See ' +
  'https://developers.cloudflare.com/workers/observability/errors/#illegal-invocation-errors for details.';
const IteratorPrototype = ObjectGetPrototypeOf(ObjectGetPrototypeOf([][Symbol.iterator]()));
const SymbolIterator = Symbol.iterator;
const SymbolAsyncIterator = Symbol.asyncIterator;

const NOTHING_TO_ITERATE = {
  __proto__: null,
  [SymbolIterator]: () => ({ __proto__: null, next: () => ({ __proto__: null, done: true }) }),
};

// Passed as the first argument to a constructor by the platform itself; no Worker can name it.
const INTERNAL = Symbol('internal');

const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';
// As V8's own functions have it: a proxy of one is none.
const isArray = (value) => native.proxyDetails(value) === undefined && ArrayIsArray(value);

function isArrayBuffer(value) {
  try {
    ArrayBufferGetByteLength(value);
    return true;
  } catch {
    return false;
  }
}

// The bytes of an ArrayBuffer or a view, not copied: none, when its buffer is gone; null when it is neither.
function bytesBorrow(value) {
  if (ArrayBufferIsView(value)) {
    if (TypedArrayGetTag(value) === 'Uint8Array') {
      return TypedArrayGetByteLength(value) === 0 ? new Uint8ArrayConstructor(0) : value;
    }
    if (TypedArrayGetTag(value) !== undefined) {
      return new Uint8ArrayConstructor(
        TypedArrayGetBuffer(value), TypedArrayGetByteOffset(value), TypedArrayGetByteLength(value));
    }
    return new Uint8ArrayConstructor(
      DataViewGetBuffer(value), DataViewGetByteOffset(value), DataViewGetByteLength(value));
  }
  if (typeof value === 'object' && value !== null && isArrayBuffer(value)) return new Uint8ArrayConstructor(value);
  return null;
}

// The rest make what they give by themselves: slice(), splice() and subarray() ask the constructor's species.

function arrayCopy(list, from = 0, to = list.length) {
  const copy = [];
  for (let i = from; i < to; i++) copy[i - from] = list[i];
  return copy;
}

function arrayCut(list, at, count) {
  const length = list.length - count;
  for (let i = at; i < length; i++) list[i] = list[i + count];
  list.length = length;
}

// A view of a part of the bytes.
function bytesPart(bytes, from, to = undefined) {
  const length = TypedArrayGetByteLength(bytes);
  const end = to === undefined ? length : MathMin(to, length), start = MathMin(from, end);
  return new Uint8ArrayConstructor(TypedArrayGetBuffer(bytes), TypedArrayGetByteOffset(bytes) + start, end - start);
}

// A copy with a buffer of its own, of exactly this length.
function bytesCopy(bytes) {
  const copy = new Uint8ArrayConstructor(TypedArrayGetByteLength(bytes));
  TypedArrayPrototypeSet(copy, bytes);
  return copy;
}

function bytesConcat(chunks, total) {
  if (chunks.length === 1) return chunks[0];
  const all = new Uint8ArrayConstructor(total);
  let at = 0;
  for (let i = 0; i < chunks.length; i++) {
    TypedArrayPrototypeSet(all, chunks[i], at);
    at += TypedArrayGetByteLength(chunks[i]);
  }
  return all;
}

// ---- classes as WebIDL wants them

function needArguments(count, needed, method, type, kinds) {
  if (count < needed) {
    const kind = typeof kinds === 'string' ? kinds : kinds?.[count] ?? 'string';
    throw new TypeError(
      `Failed to execute '${method}' on '${type}': parameter ${count + 1} is not of type '${kind}'.`);
  }
}

function wrongParameter(type, index, kind) {
  return new TypeError(`Failed to construct '${type}': constructor parameter ${index} is not of type '${kind}'.`);
}

function wrongField(dictionary, field, kind) {
  return new TypeError(
    `Incorrect type for the '${field}' field on '${dictionary}': the provided value is not of type '${kind}'.`);
}

function makeEnumerable(object) {
  const keys = ReflectOwnKeys(object);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (typeof key !== 'string' || key === 'constructor' || key === 'prototype' || key === 'length' || key === 'name') {
      continue;
    }
    const descriptor = ReflectGetOwnPropertyDescriptor(object, key);
    descriptor.enumerable = true;
    ObjectDefineProperty(object, key, descriptor);
  }
}

// The prototypes of the platform's interfaces, by which console knows its own.
const platformPrototypes = [];

function isPlatformPrototype(prototype) {
  for (let i = 0; i < platformPrototypes.length; i++) if (platformPrototypes[i] === prototype) return true;
  return false;
}

const isInstance = (prototype, value) => ObjectPrototypeIsPrototypeOf(prototype, value);

const nameInSource = (constructor) =>
  RegExpPrototypeExec(/^(?:class|function)\s+([\w$]+)/, FunctionPrototypeToString(constructor))?.[1];

// The name of what made an object; null when its prototype chain has none.
function constructorName(object) {
  for (let at = object; at !== null; at = ObjectGetPrototypeOf(at)) {
    const descriptor = ReflectGetOwnPropertyDescriptor(at, 'constructor');
    if (descriptor !== undefined && typeof descriptor.value === 'function') {
      const own = ReflectGetOwnPropertyDescriptor(descriptor.value, 'name')?.value;
      const name = typeof own === 'string' ? own : nameInSource(descriptor.value);
      const made = isInstance(descriptor.value.prototype ?? ErrorPrototype, object);
      if (made && typeof name === 'string' && name !== '') return name;
    }
  }
  return null;
}

// Makes a class an interface: members enumerable, a tag. Not yet a global.
function defineInterface(constructor, tag = constructor.name) {
  platformPrototypes[platformPrototypes.length] = constructor.prototype;
  makeEnumerable(constructor);
  makeEnumerable(constructor.prototype);
  ObjectDefineProperty(constructor.prototype, Symbol.toStringTag,
    { __proto__: null, value: tag, writable: false, enumerable: false, configurable: true });
  return constructor;
}

// ---- the global scope. As in workerd, interfaces and most functions are on the prototype of globalThis, and the
// WorkerGlobalScope and EventTarget further up its chain are not those that a Worker finds by name.

const scopePrototype = {};

// Of globalThis itself and not enumerable, as what is the language's own is.
function defineGlobal(name, value) {
  ObjectDefineProperty(globalObject, name,
    { __proto__: null, value, writable: true, enumerable: false, configurable: true });
}

function exposeOwn(name, value, writable = true) {
  ObjectDefineProperty(globalObject, name, { __proto__: null, value, writable, enumerable: true, configurable: true });
}

function exposeInherited(name, value) {
  delete globalObject[name]; // the engine's
  ObjectDefineProperty(scopePrototype, name,
    { __proto__: null, value, writable: true, enumerable: true, configurable: true });
}

function exposeInterface(constructor) {
  exposeInherited(constructor.name, defineInterface(constructor));
}

// Makes what the platform alone makes an interface: what a Worker finds as its constructor throws, with `new` and
// without.
function hideConstructor(constructor) {
  const shown = {
    [constructor.name]: function () {
      throw new TypeError('Illegal constructor');
    },
  }[constructor.name];
  defineInterface(constructor);
  const keys = ReflectOwnKeys(constructor);
  for (let i = 0; i < keys.length; i++) {
    if (keys[i] !== 'length' && keys[i] !== 'name') {
      ObjectDefineProperty(shown, keys[i], ReflectGetOwnPropertyDescriptor(constructor, keys[i]));
    }
  }
  ObjectDefineProperty(constructor.prototype, 'constructor',
    { __proto__: null, value: shown, writable: true, enumerable: false, configurable: true });
  ObjectSetPrototypeOf(shown, ObjectGetPrototypeOf(constructor));
  return shown;
}

function exposeIllegal(constructor) {
  exposeInherited(constructor.name, hideConstructor(constructor));
}

// The methods of the global scope are called without a this, or with it.
function requireGlobal(value) {
  if (value !== undefined && value !== null && value !== globalObject) throw new TypeError(ILLEGAL_INVOCATION);
}

const pairIteratorKinds = []; // of each class: iterator -> kind, or undefined

// The name that workerd has for such an iterator's class.
function pairIteratorName(object) {
  for (let i = 0; i < pairIteratorKinds.length; i++) {
    const kind = pairIteratorKinds[i](object);
    if (kind !== undefined) return kind === 0 ? 'KeyIterator' : kind === 1 ? 'ValueIterator' : 'EntryIterator';
  }
  return undefined;
}

// A pair iterator's class: over a flat list [key, value, ...], its kind 0 keys, 1 values, 2 entries.
function makePairIterator(tag) {
  class PairIterator {
    #list;
    #kind;
    #at = 0;
    constructor(list, kind) {
      this.#list = list;
      this.#kind = kind;
    }
    static {
      pairIteratorKinds[pairIteratorKinds.length] = (object) => (#kind in object ? object.#kind : undefined);
    }
    next() {
      const list = this.#list;
      const at = this.#at;
      if (at >= list.length) return { value: undefined, done: true };
      this.#at = at + 2;
      if (this.#kind === 2) return { value: [list[at], list[at + 1]], done: false };
      return { value: list[at + this.#kind], done: false };
    }
  }
  ObjectSetPrototypeOf(PairIterator.prototype, IteratorPrototype);
  delete PairIterator.prototype.constructor;
  defineInterface(PairIterator, `${tag} Iterator`);
  return PairIterator;
}

// ---- flat lists [name, value, ...] of URLSearchParams and FormData (headers.js has what Headers needs besides)

function listFirst(list, name) {
  for (let i = 0; i < list.length; i += 2) if (list[i] === name) return list[i + 1];
  return null;
}

function listAll(list, name) {
  const values = [];
  for (let i = 0; i < list.length; i += 2) if (list[i] === name) values[values.length] = list[i + 1];
  return values;
}

function listHasPair(list, name, value) {
  for (let i = 0; i < list.length; i += 2) if (list[i] === name && list[i + 1] === value) return true;
  return false;
}

function listDeletePair(list, name, value) {
  for (let i = list.length - 2; i >= 0; i -= 2) {
    if (list[i] === name && list[i + 1] === value) arrayCut(list, i, 2);
  }
}

// By name, in UTF-16 code units, equal names in their order.
function listSort(list) {
  const pairs = [];
  for (let i = 0; i < list.length; i += 2) pairs[pairs.length] = [list[i], list[i + 1]];
  ArrayPrototypeSort(pairs, (a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  for (let i = 0; i < pairs.length; i++) {
    list[2 * i] = pairs[i][0];
    list[2 * i + 1] = pairs[i][1];
  }
}
