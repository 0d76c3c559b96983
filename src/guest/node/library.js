// library.js: runs Node.js's library and makes its modules, as workerd exports them.

const nodeOurs = {
  URL, URLSearchParams, URLPattern: globalThis.URLPattern, AbortController, AbortSignal, EventTarget, Blob, File,
  TextEncoder, TextDecoder, ReadableStream, WritableStream: globalThis.WritableStream, AsyncResource,
  queueMicrotask: runAsMicrotask,
  builtInNames, inspectorOf, entriesOf,
  resolveObjectURL(id) { throw new ErrorConstructor('resolveObjectURL is not implemented'); },
};

// The library's own copies of the built-ins that it uses. It copies all there are, also those that are not here.
function primordialsOfLibrary() {
  const all = {};
  const names = nodePrimordials(all, { __proto__: globalThis, Atomics: {}, SharedArrayBuffer: class SharedArrayBuffer {} });
  const wanted = { __proto__: null };
  for (const name of names.split(' ')) wanted[name] = all[name];
  wanted.SafeMap = ImageMap;
  wanted.SafeSet = ImageSet;
  return wanted;
}

const nodeLib = nodeLibrary(primordialsOfLibrary(), internalBinding, nodeProcess, nodeOurs);
const nodeErrors = nodeLib.errors.codes;
const nodeValidators = nodeLib.validators;
completeProcess();

const notImplementedError = (what) => new ErrorConstructor(`${what} is not implemented`);
const pick = (from, names) => {
  const object = {};
  for (const name of names.split(' ')) object[name] = from[name];
  return object;
};

// ---- buffer

const { Buffer } = nodeLib.buffer;
Buffer.poolSize = 0;
delete Buffer.copyBytesFrom;
ObjectDefineProperty(Buffer, 'name', { __proto__: null, value: 'Buffer', configurable: true });

function transcode(source, from, to) {
  if (bytesBorrow(source) === null) throw new nodeErrors.ERR_INVALID_ARG_TYPE('source', ['Buffer', 'Uint8Array'], source);
  const { 0: reads, 1: writes } = [from, to].map((name) => TRANSCODABLE[StringPrototypeToLowerCase(`${name}`)]);
  if (reads === undefined || writes === undefined) {
    throw new nodeErrors.ERR_INVALID_ARG_VALUE('encoding', reads === undefined ? from : to);
  }
  const text = native.bytesToText(bytesBorrow(source), reads, 0, undefined);
  return Buffer.from(text, BUFFER_ENCODINGS[writes]);
}

nodeModule('buffer', { ...pick(nodeLib.buffer, 'constants INSPECT_MAX_BYTES kMaxLength kStringMaxLength Buffer'),
  SlowBuffer: nodeLib.buffer.SlowBuffer, Blob, File, ...base64Functions, isAscii, isUtf8,
  resolveObjectURL: nodeOurs.resolveObjectURL, transcode });

// ---- the rest

const { assert } = nodeLib;
nodeModule('assert', assert, assert);
nodeModule('assert/strict', assert, assert);

nodeModule('diagnostics_channel', nodeLib.diagnosticsChannel, pick(nodeLib.diagnosticsChannel,
  'hasSubscribers channel subscribe unsubscribe tracingChannel Channel'));

const { events } = nodeLib;
nodeModule('events', { ...pick(events, 'EventEmitter EventEmitterAsyncResource addAbortListener captureRejectionSymbol ' +
  'captureRejections defaultMaxListeners errorMonitor getEventListeners getMaxListeners listenerCount on once ' +
  'setMaxListeners usingDomains') }, events);

for (const path of [nodeLib.path.posix, nodeLib.path.win32]) delete path._makeLong;
for (const [name, path] of [['path', nodeLib.path], ['path/posix', nodeLib.path.posix], ['path/win32', nodeLib.path.win32]])
  nodeModule(name, path);
nodeModule('punycode', pick(nodeLib.punycode, 'decode encode toASCII toUnicode ucs2 version'), undefined, '2025-12-04');
nodeModule('querystring', pick(nodeLib.querystring, 'decode encode escape parse stringify unescape unescapeBuffer'));
nodeModule('string_decoder', { StringDecoder: nodeLib.stringDecoder.StringDecoder });
nodeModule('url', { ...pick(nodeLib.url, 'Url domainToASCII domainToUnicode fileURLToPath format parse ' +
  'resolve resolveObject urlToHttpOptions'), URL, URLSearchParams, ...pick(nodeLib.internalUrl, 'pathToFileURL toPathIfFileURL') });

const { stream } = nodeLib;
const streamPromises = pick(nodeLib.streamPromises, 'finished pipeline');
ObjectDefineProperty(stream, 'promises', { __proto__: null, value: streamPromises, enumerable: true, writable: true,
  configurable: true });
nodeModule('stream', { ...pick(stream, 'Duplex PassThrough Readable Stream Transform Writable _isArrayBufferView ' +
  '_isUint8Array _uint8ArrayToBuffer addAbortSignal compose destroy duplexPair finished getDefaultHighWaterMark ' +
  'isDestroyed isDisturbed isErrored isReadable isWritable pipeline promises setDefaultHighWaterMark') }, stream);
nodeModule('stream/promises', { ...streamPromises, promises: streamPromises }, streamPromises);
nodeModule('stream/web', pick(globalThis, 'ByteLengthQueuingStrategy CompressionStream CountQueuingStrategy ' +
  'DecompressionStream ReadableByteStreamController ReadableStream ReadableStreamBYOBReader ReadableStreamBYOBRequest ' +
  'ReadableStreamDefaultController ReadableStreamDefaultReader TextDecoderStream TextEncoderStream TransformStream ' +
  'TransformStreamDefaultController WritableStream WritableStreamDefaultController WritableStreamDefaultWriter'));

async function chunksOf(source) {
  const chunks = [];
  for await (const chunk of source) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : bytesBorrow(chunk));
  return Buffer.concat(chunks);
}

const consumers = {
  async arrayBuffer(source) {
    const bytes = await chunksOf(source);
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  },
  async blob(source) {
    return new Blob([await chunksOf(source)]);
  },
  async buffer(source) {
    return chunksOf(source);
  },
  async json(source) {
    return JSONParse(await consumers.text(source));
  },
  async text(source) {
    return native.utf8Decode(bytesBorrow(await chunksOf(source)), false, false);
  },
};
nodeModule('stream/consumers', consumers);

// ---- util

const { util, types } = nodeLib;
const deprecatedKinds = {
  isArray: ArrayIsArray,
  isBoolean: (value) => typeof value === 'boolean',
  isBuffer: (value) => Buffer.isBuffer(value),
  isDate: (value) => types.isDate(value),
  isError: (value) => value instanceof ErrorConstructor || types.isNativeError(value),
  isFunction: (value) => typeof value === 'function',
  isNull: (value) => value === null,
  isNullOrUndefined: (value) => value === null || value === undefined,
  isNumber: (value) => typeof value === 'number',
  isObject: (value) => typeof value === 'object' && value !== null,
  isPrimitive: (value) => !isObject(value),
  isRegExp: (value) => types.isRegExp(value),
  isString: (value) => typeof value === 'string',
  isSymbol: (value) => typeof value === 'symbol',
  isUndefined: (value) => value === undefined,
};

function debuglog(set) {
  const log = (...args) => console.log(`${StringPrototypeToUpperCase(`${set}`)}: ${util.format(...args)}`);
  log.enabled = true;
  return log;
}

const utilModule = {
  types,
  ...pick(util, 'callbackify promisify inspect format formatWithOptions stripVTControlCharacters inherits _extend'),
  ...pick(nodeLib.mime, 'MIMEParams MIMEType'),
  toUSVString: util.toUSVString,
  log(...args) { console.log('%s - %s', new Date().toLocaleTimeString(), util.format(...args)); },
  async aborted(signal, resource) {
    nodeValidators.validateAbortSignal(signal, 'signal');
    nodeValidators.validateObject(resource, 'resource');
    return new NativePromise((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  },
  debuglog,
  debug: debuglog,
  ...pick(util, 'deprecate getSystemErrorMap getSystemErrorMessage getSystemErrorName'),
  TextEncoder,
  TextDecoder,
  parseArgs() { throw notImplementedError('node:util parseArgs'); },
  ...pick(util, 'parseEnv styleText'),
  transferableAbortController() { return new AbortController(); },
  transferableAbortSignal(signal) { return signal; },
  getCallSite: util.getCallSites,
  ...pick(util, 'getCallSites isDeepStrictEqual convertProcessSignalToExitCode'),
  setTraceSigInt() { throw notImplementedError('node:util setTraceSigInt'); },
  diff: nodeLib.diff.diff,
  ...pick(util, '_errnoException _exceptionWithHostPort'),
  ...deprecatedKinds,
};
nodeModule('util', utilModule);
nodeModule('sys', utilModule);
nodeModule('util/types', types);
nodeModule('process', nodeProcess, nodeProcess);
