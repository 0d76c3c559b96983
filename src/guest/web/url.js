// url.js: URL and URLSearchParams. The parsing is url.cc's; a URL here is the array that it gives.

const URL_PROTOCOL = 0, URL_USERNAME = 1, URL_PASSWORD = 2, URL_HOST = 3, URL_HOSTNAME = 4, URL_PORT = 5,
  URL_PATHNAME = 6, URL_SEARCH = 7, URL_HASH = 8;
// Places in the array: href, then offsets into it
const AT_HREF = 0, AT_PROTOCOL = 1, AT_USERNAME = 2, AT_HOST = 3, AT_HOST_END = 4, AT_PORT = 5, AT_PATHNAME = 6,
  AT_SEARCH = 7, AT_HASH = 8;

const SearchParamsIterator = makePairIterator('URLSearchParams');
let searchParamsList; // the flat list of a URLSearchParams; null when it is not one
let searchParamsOf; // (url, list) -> a URLSearchParams that writes to that URL
let searchParamsReplace; // (params, list): the URL's search was set
let urlSetSearch; // (url, search)

const usv = (value) => StringPrototypeToWellFormed(`${value}`);

function formQuery(text) {
  return native.formParse(StringPrototypeStartsWith(text, '?') ? StringPrototypeSlice(text, 1) : text);
}

function paramsFromSequence(init) {
  const list = [];
  for (const pair of init) { // the Worker's
    if (!isObject(pair) || pair[SymbolIterator] == null) throw new TypeError('Invalid URL search params sequence.');
    const items = [...pair]; // the Worker's
    if (items.length !== 2) throw new TypeError('Invalid URL search params sequence.');
    listAppend(list, usv(items[0]), usv(items[1]));
  }
  return list;
}

function paramsFromInit(init) {
  if (init === undefined) return [];
  if (!isObject(init)) return formQuery(`${init}`);
  const other = searchParamsList(init);
  if (other !== null) return arrayCopy(other);
  if (init[SymbolIterator] != null) return paramsFromSequence(init);
  const list = [];
  const keys = ObjectKeys(init);
  for (let i = 0; i < keys.length; i++) listSet(list, usv(keys[i]), usv(init[keys[i]]));
  return list;
}

class URLSearchParams {
  #list;
  #url = null;
  constructor(init = undefined) {
    this.#list = paramsFromInit(init);
  }
  static {
    searchParamsList = (value) => (#list in value ? value.#list : null);
    searchParamsOf = (url, list) => {
      const params = new URLSearchParams();
      params.#list = list;
      params.#url = url;
      return params;
    };
    searchParamsReplace = (params, list) => {
      params.#list = list;
    };
  }
  #changed() {
    if (this.#url !== null) urlSetSearch(this.#url, native.formSerialize(this.#list));
  }
  get size() {
    return this.#list.length / 2;
  }
  append(name, value) {
    needArguments(arguments.length, 2, 'append', 'URLSearchParams', 'USVString');
    listAppend(this.#list, usv(name), usv(value));
    this.#changed();
  }
  delete(name, value = undefined) {
    needArguments(arguments.length, 1, 'delete', 'URLSearchParams', 'USVString');
    const key = usv(name);
    if (value === undefined) listDelete(this.#list, key);
    else listDeletePair(this.#list, key, usv(value));
    this.#changed();
  }
  get(name) {
    needArguments(arguments.length, 1, 'get', 'URLSearchParams', 'USVString');
    return listFirst(this.#list, usv(name));
  }
  getAll(name) {
    needArguments(arguments.length, 1, 'getAll', 'URLSearchParams', 'USVString');
    return listAll(this.#list, usv(name));
  }
  has(name, value = undefined) {
    needArguments(arguments.length, 1, 'has', 'URLSearchParams', 'USVString');
    const key = usv(name);
    if (value === undefined) return listHas(this.#list, key);
    return listHasPair(this.#list, key, usv(value));
  }
  set(name, value) {
    needArguments(arguments.length, 2, 'set', 'URLSearchParams', 'USVString');
    listSet(this.#list, usv(name), usv(value));
    this.#changed();
  }
  sort() {
    listSort(this.#list);
    this.#changed();
  }
  forEach(callback, thisArg = undefined) {
    this.#list;
    if (typeof callback !== 'function') needArguments(0, 1, 'forEach', 'URLSearchParams', 'function');
    for (let i = 0; i < this.#list.length; i += 2) {
      ReflectApply(callback, thisArg, [this.#list[i + 1], this.#list[i], this]);
    }
  }
  entries() {
    return new SearchParamsIterator(this.#list, 2);
  }
  keys() {
    return new SearchParamsIterator(this.#list, 0);
  }
  values() {
    return new SearchParamsIterator(this.#list, 1);
  }
  toString() {
    return native.formSerialize(this.#list);
  }
}
ObjectDefineProperty(URLSearchParams.prototype, SymbolIterator,
  { __proto__: null, value: URLSearchParams.prototype.entries, writable: true, enumerable: false, configurable: true });
exposeInterface(URLSearchParams);

class URL {
  #parts;
  #params = null;

  constructor(url, base = undefined) {
    if (arguments.length < 1) throw wrongParameter('URL', 1, 'USVString');
    const parts = native.urlParse(url, base);
    if (parts === null) throw new TypeError('Invalid URL string.');
    this.#parts = parts;
  }

  static {
    urlSetSearch = (url, search) => {
      url.#parts = native.urlSet(url.#parts[AT_HREF], URL_SEARCH, search);
    };
  }

  #cut(from, to) {
    return StringPrototypeSlice(this.#parts[AT_HREF], from, to);
  }
  #set(part, value) {
    this.#parts = native.urlSet(this.#parts[AT_HREF], part, value);
  }
  #refreshParams() {
    if (this.#params !== null) searchParamsReplace(this.#params, this.#query());
  }
  #query() {
    const parts = this.#parts;
    if (parts[AT_SEARCH] < 0) return [];
    return native.formParse(this.#cut(parts[AT_SEARCH] + 1, parts[AT_HASH] < 0 ? undefined : parts[AT_HASH]));
  }
  // where the host's text starts, after the @ of the credentials
  #hostStart() {
    const start = this.#parts[AT_HOST];
    return this.#parts[AT_HREF][start] === '@' ? start + 1 : start;
  }

  get origin() {
    return native.urlOrigin(this.#parts[AT_HREF]);
  }
  get href() {
    return this.#parts[AT_HREF];
  }
  set href(value) {
    const parts = native.urlParse(value);
    if (parts === null) {
      throw new TypeError(
        "Failed to set the 'href' property on 'URL': the provided value is not of type 'valid URL string'.");
    }
    this.#parts = parts;
    this.#refreshParams();
  }
  get protocol() {
    return this.#cut(0, this.#parts[AT_PROTOCOL]);
  }
  set protocol(value) {
    this.#set(URL_PROTOCOL, value);
  }
  get username() {
    const parts = this.#parts;
    return parts[AT_PROTOCOL] + 2 < parts[AT_USERNAME] ? this.#cut(parts[AT_PROTOCOL] + 2, parts[AT_USERNAME]) : '';
  }
  set username(value) {
    this.#set(URL_USERNAME, value);
  }
  get password() {
    const parts = this.#parts;
    return parts[AT_HOST] - parts[AT_USERNAME] > 0 ? this.#cut(parts[AT_USERNAME] + 1, parts[AT_HOST]) : '';
  }
  set password(value) {
    this.#set(URL_PASSWORD, value);
  }
  get host() {
    const parts = this.#parts;
    const start = this.#hostStart();
    return start === parts[AT_HOST_END] ? '' : this.#cut(start, this.#hostEnd());
  }
  // the end of host:port; a path that starts with // is kept apart from an absent host by /.
  #hostEnd() {
    const parts = this.#parts;
    const end = parts[AT_HOST_END];
    return parts[AT_PORT] < 0 ? end : end + 1 + `${parts[AT_PORT]}`.length;
  }
  set host(value) {
    this.#set(URL_HOST, value);
  }
  get hostname() {
    return this.#cut(this.#hostStart(), this.#parts[AT_HOST_END]);
  }
  set hostname(value) {
    this.#set(URL_HOSTNAME, value);
  }
  get port() {
    return this.#parts[AT_PORT] < 0 ? '' : `${this.#parts[AT_PORT]}`;
  }
  set port(value) {
    this.#set(URL_PORT, value);
  }
  get pathname() {
    const parts = this.#parts;
    const end = parts[AT_SEARCH] >= 0 ? parts[AT_SEARCH] : parts[AT_HASH];
    return this.#cut(parts[AT_PATHNAME], end < 0 ? undefined : end);
  }
  set pathname(value) {
    this.#set(URL_PATHNAME, value);
  }
  get search() {
    const parts = this.#parts;
    if (parts[AT_SEARCH] < 0) return '';
    const search = this.#cut(parts[AT_SEARCH], parts[AT_HASH] < 0 ? undefined : parts[AT_HASH]);
    return search === '?' ? '' : search;
  }
  set search(value) {
    this.#set(URL_SEARCH, value);
    this.#refreshParams();
  }
  get hash() {
    if (this.#parts[AT_HASH] < 0) return '';
    const hash = this.#cut(this.#parts[AT_HASH]);
    return hash === '#' ? '' : hash;
  }
  set hash(value) {
    this.#set(URL_HASH, value);
  }
  get searchParams() {
    return (this.#params ??= searchParamsOf(this, this.#query()));
  }
  toJSON() {
    return this.#parts[AT_HREF];
  }
  toString() {
    return this.#parts[AT_HREF];
  }

  static canParse(url, base = undefined) {
    needArguments(arguments.length, 1, 'canParse', 'URL', 'USVString');
    return native.urlCanParse(url, base);
  }
  static parse(url, base = undefined) {
    needArguments(arguments.length, 1, 'parse', 'URL', 'USVString');
    return native.urlCanParse(url, base) ? new URL(url, base) : null;
  }
  static createObjectURL() {
    throw new ErrorConstructor('URL.createObjectURL() is not implemented');
  }
  static revokeObjectURL() {
    throw new ErrorConstructor('URL.revokeObjectURL() is not implemented');
  }
}
exposeInterface(URL);
