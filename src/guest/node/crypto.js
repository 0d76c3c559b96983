// crypto.js: node:crypto, as much as needs no key objects: hashes, codes, keys from passwords, random values.
// Over the hashes of web/crypto.js and Node.js's own library (library.js): its Transform, validators and errors.

const {
  ERR_CRYPTO_HASH_FINALIZED, ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE,
  ERR_OUT_OF_RANGE,
} = nodeErrors;
const {
  validateBoolean, validateFunction, validateInt32, validateInteger, validateObject, validateString, validateUint32,
} = nodeValidators;
const NODE_LENGTH_MAX = 2147483647;

// As Node.js's, but for how workerd words the range.
function checkUint32(value, name) {
  if (MathTrunc(value) === value && (value < 0 || value > 4294967295)) {
    throw new ERR_OUT_OF_RANGE(name, '>= 0 && < 4294967296', value);
  }
  validateUint32(value, name);
}

function nodeMissing(name) {
  const error = new ErrorConstructor(`The ${name} method is not implemented`);
  error.code = 'ERR_METHOD_NOT_IMPLEMENTED';
  return error;
}

// ---- names of hashes: in small letters, or all in capitals, or as a signature's

const NODE_HASHES = ['md4', 'md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'md5-sha1', 'RSA-MD5', 'RSA-SHA1',
  'RSA-SHA224', 'RSA-SHA256', 'RSA-SHA384', 'RSA-SHA512', 'DSA-SHA', 'DSA-SHA1', 'ecdsa-with-SHA1'];
const NODE_HASH_KINDS = { __proto__: null };
for (const [names, ...kinds] of [
  ['md4 MD4', 'md4'], ['md5 MD5 RSA-MD5', 'md5'], ['sha1 SHA1 RSA-SHA1 DSA-SHA DSA-SHA1 ecdsa-with-SHA1', 'sha-1'],
  ['sha224 SHA224 RSA-SHA224', 'sha-224'], ['sha256 SHA256 RSA-SHA256', 'sha-256'],
  ['sha384 SHA384 RSA-SHA384', 'sha-384'], ['sha512 SHA512 RSA-SHA512', 'sha-512'],
  ['md5-sha1 MD5-SHA1', 'md5', 'sha-1'],
]) {
  for (const name of names.split(' ')) NODE_HASH_KINDS[name] = kinds.map((kind) => HASHES[kind]);
}

// The hashes that a name stands for, one or two side by side.
function nodeHashKinds(name) {
  const kinds = NODE_HASH_KINDS[name];
  if (kinds === undefined) throw new ErrorConstructor('Digest method not supported');
  return kinds;
}

// For what is built on one hash in the host.
function nodeHashKind(name, message) {
  const kinds = NODE_HASH_KINDS[name];
  if (kinds === undefined || kinds.length > 1) throw new TypeError(message);
  return kinds[0];
}

// A hash in progress, of one or two HashStates.
class NodeHashState {
  constructor(states) {
    this.states = states;
  }
  static start(kinds) {
    const states = [];
    for (let i = 0; i < kinds.length; i++) states[i] = new HashState(kinds[i]);
    return new NodeHashState(states);
  }
  copy() {
    const states = [];
    for (let i = 0; i < this.states.length; i++) states[i] = this.states[i].copy();
    return new NodeHashState(states);
  }
  update(bytes) {
    for (let i = 0; i < this.states.length; i++) this.states[i].update(bytes);
  }
  final() {
    const digests = [];
    for (let i = 0; i < this.states.length; i++) digests[i] = this.states[i].final();
    return bytesJoin(...digests);
  }
}

// RFC 2104, over any of the above.
class NodeHmacState {
  constructor(kinds, key) {
    const { block } = kinds[0];
    const pad = new Uint8ArrayConstructor(block);
    let used = key;
    if (TypedArrayGetByteLength(key) > block) {
      const shortened = NodeHashState.start(kinds);
      shortened.update(key);
      used = shortened.final();
    }
    TypedArrayPrototypeSet(pad, used);
    this.inner = this.keyed(kinds, pad, 0x36);
    this.outer = this.keyed(kinds, pad, 0x36 ^ 0x5c);
  }
  // The pad is changed from one use to the next.
  keyed(kinds, pad, change) {
    for (let i = 0; i < kinds[0].block; i++) pad[i] ^= change;
    const state = NodeHashState.start(kinds);
    state.update(pad);
    return state;
  }
  update(bytes) {
    this.inner.update(bytes);
  }
  final() {
    this.outer.update(this.inner.final());
    return this.outer.final();
  }
}

// ---- Hash and Hmac: functions that may be called without new, as in Node.js

const nodeStates = new WeakMap(); // Hash or Hmac -> { state, digest }
const { Transform: NodeTransform } = nodeLib.stream;
const bufferFrom = (bytes) => Buffer.from(TypedArrayGetBuffer(bytes), TypedArrayGetByteOffset(bytes),
  TypedArrayGetByteLength(bytes));
const inEncoding = (bytes, encoding) => {
  const buffer = bufferFrom(bytes);
  return encoding !== undefined && encoding !== 'buffer' ? buffer.toString(encoding) : buffer;
};

function stateOf(object) {
  const state = WeakMapGet(nodeStates, object);
  if (state === undefined) throw new TypeError('Illegal invocation');
  return state;
}

function becomes(object, state, options) {
  WeakMapSet(nodeStates, object, { __proto__: null, state, finished: false });
  ReflectApply(NodeTransform, object, [options]);
  return object;
}

function checkLength(kinds, length) {
  let size = 0;
  for (let i = 0; i < kinds.length; i++) size += kinds[i].size;
  if (length !== undefined && length !== size) throw new ErrorConstructor('invalid digest size');
}

function Hash(algorithm, options) {
  if (!new.target) return new Hash(algorithm, options);
  const length = typeof options === 'object' ? options?.outputLength : undefined;
  if (length !== undefined) checkUint32(length, 'options.outputLength');
  validateString(algorithm, 'algorithm');
  const kinds = nodeHashKinds(algorithm);
  checkLength(kinds, length);
  return becomes(this, NodeHashState.start(kinds), options);
}

function Hmac(hmac, key, options) {
  if (!new.target) return new Hmac(hmac, key, options);
  validateString(hmac, 'hmac');
  const encoding = options?.encoding;
  if (encoding !== undefined) validateString(encoding, 'options.encoding');
  const bytes = hmacKeyBytes(key, encoding);
  return becomes(this, new NodeHmacState(nodeHashKinds(hmac), bytes), options);
}

function hmacKeyBytes(key, encoding) {
  const state = keyState(key);
  if (state !== null) {
    if (state.type === 'secret') return state.material;
    throw new ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE(state.type, 'secret');
  }
  if (typeof key === 'string') return Buffer.from(key, encoding === 'buffer' ? 'utf8' : encoding);
  const bytes = bufferSource(key);
  if (bytes !== null) return bytes;
  throw new ERR_INVALID_ARG_TYPE('key',
    ['ArrayBuffer', 'Buffer', 'ArrayBufferView', 'string', 'KeyObject', 'CryptoKey'], key);
}

function dataBytes(data, encoding) {
  if (typeof data === 'string') return Buffer.from(data, encoding);
  if (ArrayBufferIsView(data)) return bufferSource(data);
  throw new ERR_INVALID_ARG_TYPE('data', ['string', 'Buffer', 'TypedArray', 'DataView'], data);
}

const hashMethods = {
  update(data, encoding = 'utf8') {
    const held = stateOf(this);
    if (held.finished) throw new ERR_CRYPTO_HASH_FINALIZED();
    held.state.update(dataBytes(data, encoding === 'buffer' ? undefined : encoding));
    return this;
  },
  _transform(chunk, encoding, callback) {
    stateOf(this).state.update(dataBytes(chunk, encoding ?? 'utf8'));
    callback();
  },
  _flush(callback) {
    this.push(bufferFrom(stateOf(this).state.final()));
    callback();
  },
};

function makeTransform(constructor, methods) {
  ObjectSetPrototypeOf(constructor.prototype, NodeTransform.prototype);
  ObjectSetPrototypeOf(constructor, NodeTransform);
  for (const name of ObjectKeys(methods)) constructor.prototype[name] = methods[name];
}

makeTransform(Hash, {
  ...hashMethods,
  copy(options) {
    const held = stateOf(this);
    if (held.finished) throw new ERR_CRYPTO_HASH_FINALIZED();
    return becomes(ObjectCreate(Hash.prototype), held.state.copy(), options);
  },
  digest(outputEncoding) {
    const held = stateOf(this);
    if (held.finished) throw new ERR_CRYPTO_HASH_FINALIZED();
    held.finished = true;
    return inEncoding(held.state.final(), outputEncoding);
  },
});

makeTransform(Hmac, {
  ...hashMethods,
  digest(outputEncoding) {
    const held = stateOf(this);
    if (held.finished) return inEncoding(NOTHING, outputEncoding);
    held.finished = true;
    return inEncoding(held.state.final(), outputEncoding);
  },
});

const createHash = (algorithm, options) => new Hash(algorithm, options);
const createHmac = (hmac, key, options) => new Hmac(hmac, key, options);

function nodeHash(algorithm, data, outputEncoding = 'hex') {
  validateString(algorithm, 'algorithm');
  const bytes = dataBytes(data, 'utf8');
  validateString(outputEncoding, 'outputEncoding');
  const state = NodeHashState.start(nodeHashKinds(algorithm));
  state.update(bytes);
  return inEncoding(state.final(), outputEncoding);
}

// ---- keys from passwords

// The bytes of a string or of a BufferSource.
function inputBytes(value, name, kinds = ['string', 'ArrayBuffer', 'Buffer', 'TypedArray', 'DataView']) {
  const bytes = typeof value === 'string' ? Buffer.from(value) : bufferSource(value);
  if (bytes === null) throw new ERR_INVALID_ARG_TYPE(name, kinds, value);
  return bytes;
}

// Calls back later with what make() returns, or throws.
function later(make, callback) {
  PromisePrototypeThen(promiseResolved(undefined), () => {
    let value;
    try {
      value = make();
    } catch (error) {
      callback(error);
      return;
    }
    callback(null, value);
  });
}

function readPbkdf2(password, salt, iterations, keylen, digestName) {
  validateString(digestName, 'digest');
  const secret = inputBytes(password, 'password'), grain = inputBytes(salt, 'salt');
  validateInt32(iterations, 'iterations', 1);
  validateInt32(keylen, 'keylen', 0);
  return () => {
    const kind = nodeHashKind(digestName, `Invalid Pbkdf2 digest: ${digestName}.`);
    return bufferFrom(pbkdf2(kind, secret, grain, iterations, keylen));
  };
}

const pbkdf2Sync = (password, salt, iterations, keylen, digestName) =>
  readPbkdf2(password, salt, iterations, keylen, digestName)();

function nodePbkdf2(password, salt, iterations, keylen, digestName, callback) {
  if (typeof digestName === 'function') validateString(undefined, 'digest');
  validateFunction(callback, 'callback');
  later(readPbkdf2(password, salt, iterations, keylen, digestName), callback);
}

const HKDF_INPUTS = ['string', 'ArrayBuffer', 'TypedArray', 'DataView', 'Buffer'];

function readHkdf(digestName, ikm, salt, info, length) {
  validateString(digestName, 'digest');
  const key = inputBytes(ikm, 'ikm', ['string', 'SecretKeyObject', 'ArrayBuffer', 'TypedArray', 'DataView', 'Buffer']);
  const grain = inputBytes(salt, 'salt', HKDF_INPUTS), more = inputBytes(info, 'info', HKDF_INPUTS);
  validateInteger(length, 'length', 0, NODE_LENGTH_MAX);
  const size = TypedArrayGetByteLength(more);
  if (size > 1024) throw new ERR_OUT_OF_RANGE('info', 'must not contain more than 1024 bytes', size);
  return () => {
    const bits = hkdf(nodeHashKind(digestName, `Invalid Hkdf digest: ${digestName}`), key, grain, more, length);
    if (bits === null) throw new RangeError('Invalid Hkdf key length');
    return bufferOf(bits);
  };
}

const hkdfSync = (digestName, ikm, salt, info, length) => readHkdf(digestName, ikm, salt, info, length)();

function nodeHkdf(digestName, ikm, salt, info, length, callback) {
  const make = readHkdf(digestName, ikm, salt, info, length);
  validateFunction(callback, 'callback');
  later(make, callback);
}

const SCRYPT_DEFAULTS = { __proto__: null, N: 16384, r: 8, p: 1, maxmem: 32 << 20 };
const SCRYPT_MAX = 1 << 20; // N r p, the host's

// One of the numbers that scrypt takes, under either of its names; 0: as usual.
function scryptNumber(options, short, long) {
  const given = options[short];
  if (given !== undefined) checkUint32(given, short);
  const other = options[long];
  if (other !== undefined) {
    if (given !== undefined) throw new ERR_INVALID_ARG_VALUE(long, other);
    checkUint32(other, long);
  }
  return (other ?? given) || SCRYPT_DEFAULTS[short];
}

function readScrypt(password, salt, keylen, options) {
  const secret = inputBytes(password, 'password'), grain = inputBytes(salt, 'salt');
  validateInteger(keylen, 'keylen', 0, NODE_LENGTH_MAX);
  const wanted = options ?? {};
  const N = scryptNumber(wanted, 'N', 'cost');
  const r = scryptNumber(wanted, 'r', 'blockSize');
  const p = scryptNumber(wanted, 'p', 'parallelization');
  if (wanted.maxmem !== undefined) validateInteger(wanted.maxmem, 'maxmem', 0);
  const maxmem = wanted.maxmem || SCRYPT_DEFAULTS.maxmem;
  return () => scryptBytes(secret, grain, keylen, N, r, p, maxmem);
}

function scryptBytes(secret, grain, keylen, N, r, p, maxmem) {
  if (maxmem > 4294967295) throw new TypeError('Value out of range. Must be less than or equal to 4294967295.');
  if (N * r * p > SCRYPT_MAX) throw new RangeError(`Scrypt failed: cost exceeds maximum (${SCRYPT_MAX}).`);
  const sound = N > 1 && (N & (N - 1)) === 0 && N < 2 ** MathMin(16 * r, 32) && 128 * r * (N + p + 2) <= maxmem &&
    keylen <= KDF_MAX && TypedArrayGetByteLength(secret) <= KDF_MAX && TypedArrayGetByteLength(grain) <= KDF_MAX;
  const bytes = !sound ? CRYPTO_FAILED : keylen === 0 ? NOTHING :
    hostCrypto(CODES.SCRYPT, N, r, p, keylen, secret, undefined, grain);
  if (typeof bytes === 'number') throw new ErrorConstructor('Scrypt failed');
  return bufferFrom(bytes);
}

const scryptSync = (password, salt, keylen, options) => readScrypt(password, salt, keylen, options)();

function nodeScrypt(password, salt, keylen, options, callback = undefined) {
  const wanted = callback === undefined ? undefined : options, done = callback === undefined ? options : callback;
  const make = readScrypt(password, salt, keylen, wanted);
  validateFunction(done, 'callback');
  later(make, done);
}

// ---- random values

const webCrypto = globalThis.crypto;
const getRandomValues = (array) => CryptoGetRandomValues(webCrypto, array);
const CryptoGetRandomValues = uncurryThis(Crypto.prototype.getRandomValues);
const CryptoRandomUUID = uncurryThis(Crypto.prototype.randomUUID);

function nodeRandomBytes(size, callback = undefined) {
  validateInteger(size, 'size', 0, NODE_LENGTH_MAX);
  const buffer = Buffer.alloc(size);
  if (callback === undefined) {
    randomFillSync(buffer);
    return buffer;
  }
  randomFill(buffer, callback);
  return undefined;
}

const RANDOM_TARGETS = ['TypedArray', 'DataView', 'ArrayBuffer', 'SharedArrayBuffer'];

function fillTarget(buffer) {
  if (bufferSource(buffer) === null) throw new ERR_INVALID_ARG_TYPE('buffer', RANDOM_TARGETS, buffer);
  return buffer.length;
}

function randomFillSync(buffer, offset = 0, size = undefined) {
  const length = fillTarget(buffer);
  validateInteger(offset, 'offset', 0, NODE_LENGTH_MAX);
  if (size !== undefined) validateInteger(size, 'size', 0, length - offset);
  const target = ArrayBufferIsView(buffer) ? buffer : Buffer.from(buffer);
  return getRandomValues(target.subarray(offset, offset + (size ?? length)));
}

function randomFill(buffer, offset, size, callback) {
  const length = fillTarget(buffer);
  let from = 0, count = length, done = callback;
  if (typeof callback === 'function') {
    validateInteger(offset, 'offset', 0, length);
    validateInteger(size, 'size', 0, length - offset);
    from = offset;
    count = size;
  } else if (typeof size === 'function') {
    validateInteger(offset, 'offset', 0, length);
    from = offset;
    count = length - offset;
    done = size;
  } else if (typeof offset === 'function') {
    done = offset;
  }
  validateFunction(done, 'callback');
  later(() => {
    randomFillSync(buffer, from, count);
    return buffer;
  }, done);
}

const RANDOM_MAX = 0xffffffffffff;

// A number of 48 random bits that is below limit.
function randomBelow(limit) {
  for (;;) {
    const bytes = randomBytes(6);
    let number = 0;
    for (let i = 0; i < 6; i++) number = number * 256 + bytes[i];
    if (number < limit) return number;
  }
}

function drawInt(min, max) {
  const range = max - min;
  if (!(range <= RANDOM_MAX)) throw new ERR_OUT_OF_RANGE(max ? 'max' : 'max - min', `<= ${RANDOM_MAX}`, range);
  return min + randomBelow(RANDOM_MAX - RANDOM_MAX % range) % range;
}

// randomInt([min,] max[, callback])
function randomInt(...args) {
  const callback = typeof args[args.length - 1] === 'function' && args.length > 1 ? args[args.length - 1] : undefined;
  const numbers = callback === undefined ? args.length : args.length - 1;
  const min = numbers > 1 ? args[0] : 0;
  const max = numbers > 1 ? args[1] : args[0];
  if (numbers > 1) validateInteger(min, 'min');
  validateInteger(max, 'max');
  if (min >= max) throw new ERR_OUT_OF_RANGE('min', 'min < max', min);
  if (callback === undefined) return drawInt(min, max);
  later(() => drawInt(min, max), callback);
  return undefined;
}

function nodeRandomUUID(options = undefined) {
  if (options !== undefined) {
    validateObject(options, 'options');
    if (options.disableEntropyCache !== undefined) {
      validateBoolean(options.disableEntropyCache, 'options.disableEntropyCache');
    }
  }
  return CryptoRandomUUID(webCrypto);
}

const SubtleTimingSafeEqual = uncurryThis(SubtleCrypto.prototype.timingSafeEqual);

const nodeCrypto = {
  constants: {},
  getRandomValues,
  pseudoRandomBytes: nodeRandomBytes,
  randomBytes: nodeRandomBytes,
  randomFillSync,
  randomFill,
  randomInt,
  randomUUID: nodeRandomUUID,
  Hash,
  Hmac,
  createHash,
  createHmac,
  getHashes: () => arrayCopy(NODE_HASHES),
  hash: nodeHash,
  hkdf: nodeHkdf,
  hkdfSync,
  pbkdf2: nodePbkdf2,
  pbkdf2Sync,
  scrypt: nodeScrypt,
  scryptSync,
  getCurves: () => ['secp224r1', 'prime256v1', 'secp384r1', 'secp521r1'],
  secureHeapUsed: () => ({ total: 0, used: 0, utilization: 0, min: 0 }),
  setEngine() { throw nodeMissing('setEngine'); },
  timingSafeEqual: (...args) => SubtleTimingSafeEqual(subtle, ...args),
  getFips: () => true,
  setFips() { throw nodeMissing('setFips'); },
  fips: true,
  subtle,
  webcrypto: webCrypto,
  CryptoKey,
};

// What a program may import without calling it: what needs keys as objects, and what is built on them.
const NODE_CRYPTO_MISSING = 'Certificate Cipher Cipheriv Decipher Decipheriv DiffieHellman DiffieHellmanGroup ECDH ' +
  'KeyObject PrivateKeyObject PublicKeyObject SecretKeyObject Sign Verify X509Certificate checkPrime checkPrimeSync ' +
  'createCipher createCipheriv createDecipher createDecipheriv createDiffieHellman createDiffieHellmanGroup ' +
  'createECDH createPrivateKey createPublicKey createSecretKey createSign createVerify diffieHellman generateKey ' +
  'generateKeyPair generateKeyPairSync generateKeySync generatePrime generatePrimeSync getCipherInfo getCiphers ' +
  'getDiffieHellman privateDecrypt privateEncrypt publicDecrypt publicEncrypt sign verify';
for (const name of NODE_CRYPTO_MISSING.split(' ')) {
  nodeCrypto[name] = function () { throw nodeMissing(name); };
  ObjectDefineProperty(nodeCrypto[name], 'name', { __proto__: null, value: name, configurable: true });
}
nodeModule('crypto', nodeCrypto);
