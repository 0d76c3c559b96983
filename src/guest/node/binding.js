// binding.js: what Node.js's library (node/lib, bundle-node.mjs) asks of its native side, as far as its code that runs
// here does: primordials, and internalBinding(name).

// ---- Map and Set that may be filled while the image is made. The image can have no Map that is not empty (its order of
// hashes would be every isolate's), so until a Worker is there their contents are a list.

class ImageMap {
  #list = []; // key, value, ...
  #map = null;
  constructor(entries = undefined) {
    if (entries != null) for (const [key, value] of entries) this.set(key, value);
  }
  #at(key) {
    const list = this.#list;
    for (let i = 0; i < list.length; i += 2) if (ObjectIs(list[i], key)) return i;
    return -1;
  }
  // The Map proper, once there is a Worker.
  #real() {
    if (this.#map === null && worker.date !== '') {
      this.#map = new Map();
      for (let i = 0; i < this.#list.length; i += 2) MapSet(this.#map, this.#list[i], this.#list[i + 1]);
      this.#list = null;
    }
    return this.#map;
  }
  get size() {
    const map = this.#real();
    return map === null ? this.#list.length / 2 : MapGetSize(map);
  }
  get(key) {
    const map = this.#real();
    if (map !== null) return MapGet(map, key);
    const at = this.#at(key);
    return at < 0 ? undefined : this.#list[at + 1];
  }
  has(key) {
    const map = this.#real();
    return map === null ? this.#at(key) >= 0 : MapHas(map, key);
  }
  set(key, value) {
    const map = this.#real();
    if (map !== null) {
      MapSet(map, key, value);
      return this;
    }
    let at = this.#at(key);
    if (at < 0) at = this.#list.length;
    this.#list[at] = key;
    this.#list[at + 1] = value;
    return this;
  }
  delete(key) {
    const map = this.#real();
    if (map !== null) return MapDelete(map, key);
    const at = this.#at(key);
    if (at >= 0) arrayCut(this.#list, at, 2);
    return at >= 0;
  }
  clear() {
    this.#list = [];
    this.#map = null;
  }
  *entries() {
    const map = this.#real();
    if (map === null) for (let i = 0; i < this.#list.length; i += 2) yield [this.#list[i], this.#list[i + 1]];
    else for (let all = MapEntries(map), step = MapIteratorNext(all); !step.done; step = MapIteratorNext(all)) yield step.value;
  }
  *keys() {
    for (const entry of this.entries()) yield entry[0];
  }
  *values() {
    for (const entry of this.entries()) yield entry[1];
  }
  forEach(callback, receiver) {
    for (const [key, value] of this.entries()) ReflectApply(callback, receiver, [value, key, this]);
  }
  [SymbolIterator]() {
    return this.entries();
  }
}
const MapGet = uncurryThis(Map.prototype.get);
const MapSet = uncurryThis(Map.prototype.set);
const MapHas = uncurryThis(Map.prototype.has);
const MapDelete = uncurryThis(Map.prototype.delete);
const MapGetSize = getterOf(Map.prototype, 'size');
const MapEntries = uncurryThis(Map.prototype.entries);
const MapIteratorNext = uncurryThis(ObjectGetPrototypeOf(new Map().entries()).next);
const SetValues = uncurryThis(Set.prototype.values);
const SetIteratorNext = uncurryThis(ObjectGetPrototypeOf(new Set().values()).next);

class ImageSet extends ImageMap {
  constructor(values = undefined) {
    super();
    if (values != null) for (const value of values) this.add(value);
  }
  add(value) {
    return this.set(value, value);
  }
  *entries() {
    for (const value of super.keys()) yield [value, value];
  }
  [SymbolIterator]() {
    return this.keys();
  }
}

// ---- kinds of values

const classIs = (name) => (value) => native.classOf(value) === name;
const classIn = (...names) => (value) => ArrayPrototypeIncludes(names, native.classOf(value));

const typesBinding = {
  isExternal: () => false,
  isDate: classIs('Date'),
  isArgumentsObject: classIs('Arguments'),
  isBigIntObject: classIs('BigInt'),
  isBooleanObject: classIs('Boolean'),
  isNumberObject: classIs('Number'),
  isStringObject: classIs('String'),
  isSymbolObject: classIs('Symbol'),
  isBoxedPrimitive: classIn('Number', 'String', 'Boolean', 'Symbol', 'BigInt'),
  isNativeError: classIs('Error'),
  isRegExp: classIs('RegExp'),
  isAsyncFunction: classIn('AsyncFunction', 'AsyncGeneratorFunction'),
  isGeneratorFunction: classIn('GeneratorFunction', 'AsyncGeneratorFunction'),
  isGeneratorObject: classIn('Generator', 'AsyncGenerator'),
  isPromise: classIs('Promise'),
  isMap: classIs('Map'),
  isSet: classIs('Set'),
  isMapIterator: classIs('Map Iterator'),
  isSetIterator: classIs('Set Iterator'),
  isWeakMap: classIs('WeakMap'),
  isWeakSet: classIs('WeakSet'),
  isArrayBuffer: classIs('ArrayBuffer'),
  isDataView: classIs('DataView'),
  isSharedArrayBuffer: classIs('SharedArrayBuffer'),
  isProxy: (value) => native.proxyDetails(value) !== undefined,
  isModuleNamespaceObject: classIs('Module'),
  isAnyArrayBuffer: classIn('ArrayBuffer', 'SharedArrayBuffer'),
};

const PROPERTY_FILTER = { __proto__: null, ALL_PROPERTIES: 0, ONLY_WRITABLE: 1, ONLY_ENUMERABLE: 2, ONLY_CONFIGURABLE: 4,
  SKIP_STRINGS: 8, SKIP_SYMBOLS: 16 };

function getOwnNonIndexProperties(object, filter) {
  const keys = [];
  const own = ReflectOwnKeys(object);
  for (let i = 0; i < own.length; i++) {
    const key = own[i];
    if (typeof key === 'string' && `${key >>> 0}` === key && key >>> 0 !== 0xffffffff) continue;
    if (filter & PROPERTY_FILTER.SKIP_SYMBOLS && typeof key === 'symbol') continue;
    if (filter & PROPERTY_FILTER.ONLY_ENUMERABLE && !ObjectPrototypePropertyIsEnumerable(object, key)) continue;
    keys[keys.length] = key;
  }
  return keys;
}

function previewEntries(object, withKind = false) {
  const found = native.preview(object);
  if (found !== undefined) return withKind ? found : found[0];
  const list = [];
  const kind = native.classOf(object);
  if (kind === 'Map') {
    const entries = MapEntries(object);
    for (let step = MapIteratorNext(entries); !step.done; step = MapIteratorNext(entries)) {
      list[list.length] = step.value[0];
      list[list.length] = step.value[1];
    }
  } else if (kind === 'Set') {
    const values = SetValues(object);
    for (let step = SetIteratorNext(values); !step.done; step = SetIteratorNext(values)) list[list.length] = step.value;
  }
  return withKind ? [list, kind === 'Map'] : list;
}

const CALL_SITE = /^\s*at (.*?) ?\(?([^()]*):(\d+):(\d+)\)?$/;

function getCallSites(count) {
  const sites = [];
  for (const line of new ErrorConstructor().stack.split('\n')) {
    const found = RegExpPrototypeExec(CALL_SITE, line);
    if (found === null || sites.length > count) continue;
    const column = +found[4];
    const name = found[1] === '<anonymous>' ? '' : found[1].slice(found[1].lastIndexOf('.') + 1);
    sites.push({ functionName: name, scriptName: found[2], lineNumber: +found[3],
      columnNumber: column, column });
  }
  return sites.slice(1); // without who asks
}

// A .env file as dotenv reads it.
const ENV_LINE = /^\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$/gm;

function parseEnv(content) {
  const values = {};
  const lines = new RegExp(ENV_LINE.source, 'gm');
  for (let found = RegExpPrototypeExec(lines, content); found !== null; found = RegExpPrototypeExec(lines, content)) {
    let value = (found[2] ?? '').trim();
    const quote = value[0];
    if (quote === '"' || quote === "'" || quote === '`') {
      value = value.slice(1, -1);
      if (quote === '"') value = value.replaceAll('\\n', '\n').replaceAll('\\r', '\r');
    }
    values[found[1]] = value;
  }
  return values;
}

const utilBinding = {
  constants: { ...PROPERTY_FILTER, kPending: 0, kFulfilled: 1, kRejected: 2 },
  privateSymbols: {
    arrow_message_private_symbol: Symbol('arrow_message'),
    decorated_private_symbol: Symbol('decorated'),
    untransferable_object_private_symbol: Symbol('untransferable'),
  },
  getOwnNonIndexProperties,
  getPromiseDetails: native.promiseDetails,
  getProxyDetails(value, both = true) {
    const found = native.proxyDetails(value);
    return found === undefined || both ? found : found[0];
  },
  previewEntries,
  getConstructorName: (object) => constructorName(object) ?? 'Object',
  getExternalValue: () => 0n,
  getCallSites,
  parseEnv,
  isInsideNodeModules: () => false,
  defineLazyProperties(target, id, names, enumerable = true) {
    for (const name of names) {
      ObjectDefineProperty(target, name,
        { __proto__: null, value: nodeOurs[name], writable: true, enumerable, configurable: true });
    }
  },
  constructSharedArrayBuffer() {
    throw new ErrorConstructor('SharedArrayBuffer is not supported here.');
  },
  guessHandleType: () => 'UNKNOWN',
  sleep() {},
  isArrayBufferDetached: (buffer) => buffer.detached,
};

// ---- the system's names

const SYSTEM_ERRORS = 'E2BIG 7 argument list too long|EACCES 13 permission denied|EADDRINUSE 98 address already in use|' +
  'EADDRNOTAVAIL 99 address not available|EAFNOSUPPORT 97 address family not supported|' +
  'EAGAIN 11 resource temporarily unavailable|EAI_ADDRFAMILY 3000 address family not supported|' +
  'EAI_AGAIN 3001 temporary failure|EAI_BADFLAGS 3002 bad ai_flags value|EAI_BADHINTS 3013 invalid value for hints|' +
  'EAI_CANCELED 3003 request canceled|EAI_FAIL 3004 permanent failure|EAI_FAMILY 3005 ai_family not supported|' +
  'EAI_MEMORY 3006 out of memory|EAI_NODATA 3007 no address|EAI_NONAME 3008 unknown node or service|' +
  'EAI_OVERFLOW 3009 argument buffer overflow|EAI_PROTOCOL 3014 resolved protocol is unknown|' +
  'EAI_SERVICE 3010 service not available for socket type|EAI_SOCKTYPE 3011 socket type not supported|' +
  'EALREADY 114 connection already in progress|EBADF 9 bad file descriptor|EBUSY 16 resource busy or locked|' +
  'ECANCELED 125 operation canceled|ECHARSET 4080 invalid Unicode character|' +
  'ECONNABORTED 103 software caused connection abort|ECONNREFUSED 111 connection refused|' +
  'ECONNRESET 104 connection reset by peer|EDESTADDRREQ 89 destination address required|EEXIST 17 file already exists|' +
  'EFAULT 14 bad address in system call argument|EFBIG 27 file too large|EHOSTUNREACH 113 host is unreachable|' +
  'EINTR 4 interrupted system call|EINVAL 22 invalid argument|EIO 5 i/o error|EISCONN 106 socket is already connected|' +
  'EISDIR 21 illegal operation on a directory|ELOOP 40 too many symbolic links encountered|' +
  'EMFILE 24 too many open files|EMSGSIZE 90 message too long|ENAMETOOLONG 36 name too long|' +
  'ENETDOWN 100 network is down|ENETUNREACH 101 network is unreachable|ENFILE 23 file table overflow|' +
  'ENOBUFS 105 no buffer space available|ENODEV 19 no such device|ENOENT 2 no such file or directory|' +
  'ENOMEM 12 not enough memory|ENONET 64 machine is not on the network|ENOPROTOOPT 92 protocol not available|' +
  'ENOSPC 28 no space left on device|ENOSYS 38 function not implemented|ENOTCONN 107 socket is not connected|' +
  'ENOTDIR 20 not a directory|ENOTEMPTY 39 directory not empty|ENOTSOCK 88 socket operation on non-socket|' +
  'ENOTSUP 95 operation not supported on socket|EOVERFLOW 75 value too large for defined data type|' +
  'EPERM 1 operation not permitted|EPIPE 32 broken pipe|EPROTO 71 protocol error|' +
  'EPROTONOSUPPORT 93 protocol not supported|EPROTOTYPE 91 protocol wrong type for socket|' +
  'ERANGE 34 result too large|EROFS 30 read-only file system|ESHUTDOWN 108 cannot send after transport endpoint ' +
  'shutdown|ESPIPE 29 invalid seek|ESRCH 3 no such process|ETIMEDOUT 110 connection timed out|ETXTBSY 26 text file is ' +
  'busy|EXDEV 18 cross-device link not permitted|UNKNOWN 4094 unknown error|EOF 4095 end of file|' +
  'ENXIO 6 no such device or address|EMLINK 31 too many links|EHOSTDOWN 112 host is down|' +
  'EREMOTEIO 121 remote I/O error|ENOTTY 25 inappropriate ioctl for device|EFTYPE 4028 inappropriate file type or ' +
  'format|EILSEQ 84 illegal byte sequence|' +
  'ESOCKTNOSUPPORT 94 socket type not supported|ENODATA 61 no data available|' +
  'EUNATCH 49 protocol driver not attached|ENOEXEC 8 exec format error';

function systemErrors() {
  return SYSTEM_ERRORS.split('|').map((line) => {
    const [name, number, ...message] = line.split(' ');
    return [-number, [name, message.join(' ')]];
  });
}

const uvBinding = {
  getErrorMap: () => new Map(systemErrors()),
  errname: (code) => systemErrors().find(({ 0: number }) => number === code)?.[1][0] ?? `Unknown system error ${code}`,
  getErrorMessage: (code) => systemErrors().find(({ 0: number }) => number === code)?.[1][1] ?? `Unknown system error ${code}`,
};

const SIGNALS = 'HUP 1 INT 2 QUIT 3 ILL 4 TRAP 5 ABRT 6 BUS 7 FPE 8 KILL 9 USR1 10 SEGV 11 USR2 12 PIPE 13 ALRM 14 TERM 15 ' +
  'CHLD 17 STKFLT 16 CONT 18 STOP 19 TSTP 20 TTIN 21 TTOU 22 URG 23 XCPU 24 XFSZ 25 VTALRM 26 PROF 27 WINCH 28 IO 29 ' +
  'POLL 29 PWR 30 SYS 31';

function signalNumbers() {
  const numbers = { __proto__: null };
  const words = SIGNALS.split(' ');
  for (let i = 0; i < words.length; i += 2) numbers[`SIG${words[i]}`] = +words[i + 1];
  return numbers;
}

// ---- internationalized names, by the platform's URL

function domainToASCII(domain) {
  try {
    return new URL(`ws://${domain}`).hostname;
  } catch {
    return '';
  }
}

const domainToUnicode = (domain) => nodeLib.punycode.toUnicode(domainToASCII(domain));

const bindings = {
  __proto__: null,
  buffer: bufferBinding,
  config: { hasIntl: false, hasInspector: false, noBrowserGlobals: false },
  constants: { os: { signals: signalNumbers() } },
  encoding_binding: { toASCII: domainToASCII, toUnicode: domainToUnicode },
  errors: { triggerUncaughtException: reportException, exitCodes: { kNoFailure: 0, kGenericUserError: 1 } },
  messaging: { DOMException: DOMExceptionConstructor },
  os: { getOSInformation: () => ['Linux', '', '', 'x86_64'] },
  string_decoder: decoderBinding,
  types: typesBinding,
  url: {
    format(href, fragment, unicode, search, auth) {
      const url = new URL(href);
      if (!fragment) url.hash = '';
      if (!search) url.search = '';
      if (!auth) url.username = url.password = '';
      return unicode && url.host ? url.href.replace(url.hostname, domainToUnicode(url.hostname)) : url.href;
    },
  },
  url_pattern: { URLPattern: globalThis.URLPattern },
  util: utilBinding,
  uv: uvBinding,
};

function internalBinding(name) {
  const found = bindings[name];
  if (found === undefined) throw new ErrorConstructor(`No such binding: ${name}`);
  return found;
}
