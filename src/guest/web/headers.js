// headers.js: Headers: what headers.c leaves of it, and lists filled from what a Worker gave.
// A list of headers is flat, [name, value, name, value, ...], names in lower case, in the order of insertion, repeated
// names kept (lists.h). Request and Response hold such a list and make the Headers object over it only when asked.

const { listGet, listHas, listAppend, listSet, listDelete, headerName, headerValue, headersNew, headersList,
  headersImmutable } = native;

function listAppendSequence(list, init) {
  for (const pair of init) { // the Worker's
    if (!isObject(pair) || pair[SymbolIterator] == null) {
      throw new TypeError("Incorrect type: the provided value is not of type 'Sequence'.");
    }
    const [...items] = pair; // the Worker's
    if (items.length !== 2) {
      throw new TypeError(
        'To initialize a Headers object from a sequence, each inner sequence must have exactly two elements.');
    }
    const name = `${items[0]}`;
    const value = headerValue(items[1]); // before the name is looked at
    listAppend(list, headerName(name), value);
  }
}

// Can this be headers: Headers, pairs, or a record?
const canFill = isObject;

// A new list from such.
function listFill(list, init) {
  const other = headersList(init);
  if (other !== null) {
    for (let i = 0; i < other.length; i++) list[i] = other[i];
  } else if (init[SymbolIterator] != null) {
    listAppendSequence(list, init);
  } else {
    const keys = ObjectKeys(init);
    for (let i = 0; i < keys.length; i++) {
      const value = headerValue(init[keys[i]]);
      listAppend(list, headerName(keys[i]), value);
    }
  }
}

// Sorted by name, repeated names joined except Set-Cookie: what iteration shows.
function listSorted(list) {
  const names = [];
  for (let i = 0; i < list.length; i += 2) names[names.length] = list[i];
  ArrayPrototypeSort(names);
  const sorted = [];
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    if (i > 0 && names[i - 1] === name) continue;
    if (name !== 'set-cookie') {
      listAppend(sorted, name, listGet(list, name));
      continue;
    }
    for (let j = 0; j < list.length; j += 2) if (list[j] === name) listAppend(sorted, name, list[j + 1]);
  }
  return sorted;
}

const HeadersIterator = makePairIterator('Headers');
const Headers = native.headersClass((list, init) => {
  if (!canFill(init)) throw wrongParameter('Headers', 1, 'Headers or Sequence or object');
  listFill(list, init);
});

function listOf(headers) {
  const list = headersList(headers);
  if (list === null) native.illegalInvocation();
  return list;
}

// Methods, for they have no prototype of their own and cannot be constructed.
const headersMethods = {
  getAll(name) {
    const list = listOf(this);
    needArguments(arguments.length, 1, 'getAll', 'Headers');
    if (headerName(name) !== 'set-cookie') {
      throw new TypeError('getAll() can only be used with the header name "Set-Cookie".');
    }
    return listAll(list, 'set-cookie');
  },
  getSetCookie() {
    return listAll(listOf(this), 'set-cookie');
  },
  forEach(callback, thisArg = undefined) {
    const sorted = listSorted(listOf(this));
    if (typeof callback !== 'function') needArguments(0, 1, 'forEach', 'Headers', 'function');
    for (let i = 0; i < sorted.length; i += 2) ReflectApply(callback, thisArg, [sorted[i + 1], sorted[i], this]);
  },
  entries() {
    return new HeadersIterator(listSorted(listOf(this)), 2);
  },
  keys() {
    return new HeadersIterator(listSorted(listOf(this)), 0);
  },
  values() {
    return new HeadersIterator(listSorted(listOf(this)), 1);
  },
};
for (const name of ObjectKeys(headersMethods)) {
  ObjectDefineProperty(Headers.prototype, name, ReflectGetOwnPropertyDescriptor(headersMethods, name));
}
ObjectDefineProperty(Headers.prototype, SymbolIterator,
  { __proto__: null, value: Headers.prototype.entries, writable: true, enumerable: false, configurable: true });
exposeInterface(Headers);
