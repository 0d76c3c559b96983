// headers.js: Headers.
// A list of headers is flat, [name, value, name, value, ...], names in lower case, in the order of insertion, repeated
// names kept: the form in which they come and go, so that a message passed on is never rebuilt. Request and Response
// hold such a list and make the Headers object over it only when it is asked for.

// Lower case and valid, without looking: most names that a Worker writes are among these.
const KNOWN_HEADERS = { __proto__: null };
for (const name of ['Accept', 'Accept-Encoding', 'Accept-Language', 'Authorization', 'Cache-Control', 'Connection',
  'Content-Encoding', 'Content-Length', 'Content-Type', 'Cookie', 'Date', 'ETag', 'Host', 'Location', 'Origin',
  'Referer', 'Server', 'Set-Cookie', 'User-Agent', 'Vary', 'X-Request-Id', 'Access-Control-Allow-Origin',
  'Access-Control-Allow-Methods', 'Access-Control-Allow-Headers', 'CF-Connecting-IP', 'X-Forwarded-For']) {
  KNOWN_HEADERS[name] = KNOWN_HEADERS[StringPrototypeToLowerCase(name)] = StringPrototypeToLowerCase(name);
}

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]*$/;
const HEADER_VALUE_BAD = /[\0\r\n]/;
const HEADER_VALUE_SPACE = /^[\t\n\r ]|[\t\n\r ]$/;
const HEADER_VALUE_TRIMMED = /[^\t\n\r ](?:[^]*[^\t\n\r ])?/;

function headerName(name) {
  if (typeof name !== 'string') name = `${name}`;
  const known = KNOWN_HEADERS[name];
  if (known !== undefined) return known;
  if (!matches(HEADER_NAME, name)) throw new TypeError('Invalid header name.');
  return StringPrototypeToLowerCase(name);
}

function headerValue(value) {
  if (typeof value !== 'string') value = `${value}`;
  if (matches(HEADER_VALUE_SPACE, value)) value = RegExpPrototypeExec(HEADER_VALUE_TRIMMED, value)?.[0] ?? '';
  if (matches(HEADER_VALUE_BAD, value)) throw new TypeError('Invalid header value.');
  return value;
}

// The value of a name (lower case) in a list, repeated ones joined; null when absent.
function listGet(list, name) {
  let value = null;
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === name) value = value === null ? list[i + 1] : `${value}, ${list[i + 1]}`;
  }
  return value;
}

function listHas(list, name) {
  for (let i = 0; i < list.length; i += 2) if (list[i] === name) return true;
  return false;
}

function listDelete(list, name) {
  let to = 0;
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === name) continue;
    list[to] = list[i];
    list[to + 1] = list[i + 1];
    to += 2;
  }
  list.length = to;
}

function listSet(list, name, value) {
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] !== name) continue;
    list[i + 1] = value;
    for (let j = i + 2; j < list.length; j += 2) {
      if (list[j] === name) {
        const rest = ArrayPrototypeSlice(list, j);
        listDelete(rest, name);
        list.length = j;
        for (let k = 0; k < rest.length; k++) list[j + k] = rest[k];
        return;
      }
    }
    return;
  }
  listAppend(list, name, value);
}

function listAppend(list, name, value) {
  const at = list.length;
  list[at] = name;
  list[at + 1] = value;
}

function listAppendSequence(list, init) {
  for (const pair of init) {
    if (!isObject(pair) || pair[SymbolIterator] == null) {
      throw wrongParameter('Headers', 1, 'Headers or Sequence or object');
    }
    const [...items] = pair;
    if (items.length !== 2) {
      throw new TypeError(
        'To initialize a Headers object from a sequence, each inner sequence must have exactly two elements.');
    }
    listAppend(list, headerName(items[0]), headerValue(items[1]));
  }
}

// A new list from what a Worker gave: Headers, pairs, or a record. False when it is none of these.
function listFill(list, init) {
  if (typeof init !== 'object' || init === null) return false;
  const other = headersList(init);
  if (other !== null) {
    for (let i = 0; i < other.length; i++) list[i] = other[i];
  } else if (init[SymbolIterator] != null) {
    listAppendSequence(list, init);
  } else {
    const keys = ObjectKeys(init);
    for (let i = 0; i < keys.length; i++) listAppend(list, headerName(keys[i]), headerValue(init[keys[i]]));
  }
  return true;
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
let headersImmutable;
let headersList; // the list of a Headers object, shared and not copied; null when it is not one

class Headers {
  #list;
  #immutable = false;

  constructor(init = undefined, list = undefined, immutable = false) {
    if (init === INTERNAL) {
      this.#list = list;
      this.#immutable = immutable;
      return;
    }
    this.#list = [];
    if (init !== undefined && !listFill(this.#list, init)) {
      throw wrongParameter('Headers', 1, 'Headers or Sequence or object');
    }
  }

  static {
    headersImmutable = (headers) => headers.#immutable;
    headersList = (value) => (#list in value ? value.#list : null);
  }

  #mutable() {
    if (this.#immutable) throw new TypeError("Can't modify immutable headers.");
    return this.#list;
  }

  append(name, value) {
    needArguments(arguments.length, 2, 'append', 'Headers');
    listAppend(this.#mutable(), headerName(name), headerValue(value));
  }
  set(name, value) {
    needArguments(arguments.length, 2, 'set', 'Headers');
    listSet(this.#mutable(), headerName(name), headerValue(value));
  }
  delete(name) {
    needArguments(arguments.length, 1, 'delete', 'Headers');
    listDelete(this.#mutable(), headerName(name));
  }
  get(name) {
    needArguments(arguments.length, 1, 'get', 'Headers');
    return listGet(this.#list, headerName(name));
  }
  has(name) {
    needArguments(arguments.length, 1, 'has', 'Headers');
    return listHas(this.#list, headerName(name));
  }
  getAll(name) {
    needArguments(arguments.length, 1, 'getAll', 'Headers');
    if (headerName(name) !== 'set-cookie') {
      throw new TypeError('getAll() can only be used with the header name "Set-Cookie".');
    }
    return this.getSetCookie();
  }
  getSetCookie() {
    const list = this.#list;
    const values = [];
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === 'set-cookie') values[values.length] = list[i + 1];
    }
    return values;
  }
  forEach(callback, thisArg = undefined) {
    if (typeof callback !== 'function') needArguments(0, 1, 'forEach', 'Headers', 'function');
    const sorted = listSorted(this.#list);
    for (let i = 0; i < sorted.length; i += 2) ReflectApply(callback, thisArg, [sorted[i + 1], sorted[i], this]);
  }
  entries() {
    return new HeadersIterator(listSorted(this.#list), 2);
  }
  keys() {
    return new HeadersIterator(listSorted(this.#list), 0);
  }
  values() {
    return new HeadersIterator(listSorted(this.#list), 1);
  }
}
ObjectDefineProperty(Headers.prototype, SymbolIterator,
  { __proto__: null, value: Headers.prototype.entries, writable: true, enumerable: false, configurable: true });
exposeInterface(Headers);
