// crypto.js: crypto: random values, SubtleCrypto over the algorithms of the other files, DigestStream.
// An operation is done before its method returns, so that inputs are used where they lie; only its promise comes later.

// ---- hashing

const digest = (hash, data) => hostCrypto(CODES.HASH_FINAL, hash.code, 0, 0, hash.size, undefined, data);

// A hash in progress: what it has taken in whole blocks is a state of the host's making, the rest waits in `pending`.
class HashState {
  constructor(hash) {
    this.hash = hash;
    this.state = undefined;
    this.pending = new Uint8ArrayConstructor(hash.block);
    this.waiting = 0;
  }
  copy() {
    const other = new HashState(this.hash);
    other.state = this.state; // never changed, only replaced
    TypedArrayPrototypeSet(other.pending, this.pending);
    other.waiting = this.waiting;
    return other;
  }
  take(blocks) {
    this.state = hostCrypto(CODES.HASH_UPDATE, this.hash.code, 0, 0, 72, undefined, blocks, this.state);
  }
  update(bytes) {
    const { block } = this.hash;
    const size = TypedArrayGetByteLength(bytes);
    let at = 0;
    if (this.waiting > 0) {
      at = MathMin(size, block - this.waiting);
      TypedArrayPrototypeSet(this.pending, bytesPart(bytes, 0, at), this.waiting);
      this.waiting += at;
      if (this.waiting < block) return;
      this.take(this.pending);
      this.waiting = 0;
    }
    const whole = size - (size - at) % block;
    if (whole > at) this.take(bytesPart(bytes, at, whole));
    TypedArrayPrototypeSet(this.pending, bytesPart(bytes, whole));
    this.waiting = size - whole;
  }
  final() {
    return hostCrypto(CODES.HASH_FINAL, this.hash.code, 0, 0, this.hash.size, undefined,
      bytesPart(this.pending, 0, this.waiting), this.state);
  }
}

// ---- SubtleCrypto

const ALGORITHMS = {
  __proto__: null,
  'aes-ctr': aesAlgorithm('AES-CTR', aesCtr),
  'aes-cbc': aesAlgorithm('AES-CBC', aesCbc),
  'aes-gcm': aesAlgorithm('AES-GCM', aesGcm),
  'aes-kw': aesAlgorithm('AES-KW', aesKw),
  hmac: HMAC,
  pbkdf2: PBKDF2,
  hkdf: HKDF,
  'rsassa-pkcs1-v1_5': RSASSA,
  'rsa-pss': RSA_PSS,
  'rsa-oaep': RSA_OAEP,
  ecdsa: ECDSA,
  ecdh: ECDH,
  'node-ed25519': NODE_ED25519,
  ed25519: ED25519,
  x25519: X25519,
};

// The key's algorithm, if the one that was asked for is it and the key may be used so.
function permitted(key, requested, usage) {
  const { name } = key.algorithm;
  if (StringPrototypeToLowerCase(requested) !== StringPrototypeToLowerCase(name)) {
    throw failure('InvalidAccessError',
      `Requested algorithm "${requested}" does not match this CryptoKey's algorithm "${name}".`);
  }
  if (!(key.usages & usage)) {
    throw failure('InvalidAccessError',
      `Requested key usage "${usageNames(usage)[0]}" does not match any usage listed in this CryptoKey.`);
  }
  return key.algorithm;
}

const bufferOf = (bytes) => TypedArrayGetBuffer(bytes);

const BYTE_FORMATS = { __proto__: null, raw: true, pkcs8: true, spki: true };
const MODERN_FORMATS = { __proto__: null, 'raw-public': true, 'raw-private': true, 'raw-seed': true,
  'raw-secret': true };

function checkFormat(format) {
  if (!MODERN_FORMATS[format]) return;
  throw failure('NotSupportedError', `Key format "${format}" requires the webcrypto_modern_algorithms flag.`);
}

// data: as it was given, a Uint8Array or the fields of a JSON Web Key.
function importKey(format, data, wanted, extractable, usages) {
  checkFormat(format);
  if (BYTE_FORMATS[format]) {
    if (!ArrayBufferIsView(data)) {
      throw new TypeError('Import data provided for buffer-based import formats must be a buffer source.');
    }
    data = bytesCopy(data);
  } else if (format === 'jwk') {
    if (ArrayBufferIsView(data)) {
      throw new TypeError('Import data provided for "jwk" import format must be a JsonWebKey.');
    }
    if (data.ext === false && extractable) {
      throw failure('DataError', `JWK ext field for "${wanted.name}" is set to false but extractable is true`);
    }
  } else unknownImportFormat(format);
  const algorithm = ALGORITHMS[StringPrototypeToLowerCase(wanted.name)];
  if (algorithm === undefined) {
    throw failure('NotSupportedError', `Unrecognized key import algorithm "${wanted.name}" requested.`);
  }
  const key = algorithm.importKey(format, data, wanted, extractable, usages);
  checkSomeUsage(key);
  return key;
}

function checkSomeUsage(key) {
  const { usages, type } = keyState(key);
  if (usages === 0 && type !== 'public') {
    throw failure('SyntaxError', 'Secret/private CryptoKeys must have at least one usage.');
  }
}

// Bytes, or a JSON Web Key.
function exportKey(format, key) {
  const { name, exportKey: write } = key.algorithm;
  checkFormat(format);
  if (!key.extractable) throw failure('InvalidAccessError', `Attempt to export non-extractable ${name} key.`);
  if (write === undefined) throw notHere('exportKey', name);
  return write(key, format);
}

const notHere = (operation, name) =>
  failure('NotSupportedError', `The ${operation} operation is not implemented for "${name}".`);

// Bits of the key that shall be derived; null: what there is.
function derivedLength(wanted) {
  const name = StringPrototypeToLowerCase(wanted.name);
  if (name === 'hkdf' || name === 'pbkdf2') return null;
  if (StringPrototypeStartsWith(name, 'aes-') && ALGORITHMS[name]) {
    const length = need(wanted, 'length', 'derivedKeyParams');
    if (AES_LENGTHS[length]) return length;
    throw failure('OperationError',
      `Derived AES key must be 128, 192, or 256 bits in length but provided ${length}.`);
  }
  if (name !== 'hmac') {
    throw failure('NotSupportedError', `Unrecognized derived key type "${wanted.name}" requested.`);
  }
  if (wanted.length === undefined) return hashNamed(need(wanted, 'hash', 'derivedKeyParams')).block * 8;
  if (wanted.length > 0) return wanted.length;
  throw new TypeError('HMAC key length must be a non-zero unsigned long integer.');
}

function parseJwk(bytes) {
  let value;
  try {
    value = JSONParse(native.utf8Decode(bytes, false, false));
  } catch (error) {
    throw new SyntaxError(error.message);
  }
  if (!isObject(value)) throw failure('DataError', 'Missing "kty" field or corrupt JSON unwrapping key?');
  return readDictionary(JSON_WEB_KEY, value);
}

// Methods take their arguments as they come (...args), because what is missing differs from what is undefined, and
// their length is 0 as in workerd.
class SubtleCrypto {
  #brand;
  constructor(token) {
    if (token !== INTERNAL) throw new TypeError('Illegal constructor');
    this.#brand = true;
  }
  async encrypt(...args) {
    this.#brand;
    const algorithm = takeAlgorithm('encrypt', args, 0, ENCRYPT_ALGORITHM);
    const key = takeKey('encrypt', args, 1);
    const data = takeBytes('encrypt', args, 2);
    return bufferOf(permitted(key, algorithm.name, ENCRYPT).encrypt(key, algorithm, data));
  }
  async decrypt(...args) {
    this.#brand;
    const algorithm = takeAlgorithm('decrypt', args, 0, ENCRYPT_ALGORITHM);
    const key = takeKey('decrypt', args, 1);
    const data = takeBytes('decrypt', args, 2);
    return bufferOf(permitted(key, algorithm.name, DECRYPT).decrypt(key, algorithm, data));
  }
  async sign(...args) {
    this.#brand;
    const algorithm = takeAlgorithm('sign', args, 0, SIGN_ALGORITHM);
    const key = takeKey('sign', args, 1);
    const data = takeBytes('sign', args, 2);
    return bufferOf(permitted(key, algorithm.name, SIGN).sign(key, algorithm, data));
  }
  async verify(...args) {
    this.#brand;
    const algorithm = takeAlgorithm('verify', args, 0, SIGN_ALGORITHM);
    const key = takeKey('verify', args, 1);
    const signature = takeBytes('verify', args, 2);
    const data = takeBytes('verify', args, 3);
    return permitted(key, algorithm.name, VERIFY).verify(key, algorithm, signature, data);
  }
  async digest(...args) {
    this.#brand;
    const algorithm = takeAlgorithm('digest', args, 0, HASH_ALGORITHM);
    const data = takeBytes('digest', args, 1);
    return bufferOf(digest(hashNamed(algorithm.name), data));
  }
  async generateKey(...args) {
    this.#brand;
    const wanted = takeAlgorithm('generateKey', args, 0, GENERATE_ALGORITHM);
    const extractable = takeFlag('generateKey', args, 1);
    const usages = takeUsages('generateKey', args, 2);
    const algorithm = ALGORITHMS[StringPrototypeToLowerCase(wanted.name)];
    if (algorithm?.generateKey === undefined) {
      throw failure('NotSupportedError', `Unrecognized key generation algorithm "${wanted.name}" requested.`);
    }
    const made = algorithm.generateKey(wanted, extractable, usages);
    if (keyState(made) !== null) checkSomeUsage(made);
    else if (keyState(made.privateKey).usages === 0) {
      throw failure('SyntaxError', 'Attempt to generate asymmetric keys with no valid private key usages.');
    }
    return made;
  }
  async deriveKey(...args) {
    this.#brand;
    const algorithm = takeAlgorithm('deriveKey', args, 0, DERIVE_ALGORITHM);
    const key = takeKey('deriveKey', args, 1);
    const wanted = takeAlgorithm('deriveKey', args, 2, IMPORT_ALGORITHM);
    const extractable = takeFlag('deriveKey', args, 3);
    const usages = takeUsages('deriveKey', args, 4);
    const own = permitted(key, algorithm.name, DERIVE_KEY);
    const length = derivedLength(wanted);
    return importKey('raw', own.deriveBits(key, algorithm, length), wanted, extractable, usages);
  }
  async deriveBits(...args) {
    this.#brand;
    const algorithm = takeAlgorithm('deriveBits', args, 0, DERIVE_ALGORITHM);
    const key = takeKey('deriveBits', args, 1);
    const length = args[2] === undefined || args[2] === null ? null : toInt(args[2]);
    if (length < 0) throw new TypeError('deriveBits length must be an unsigned long integer.');
    return bufferOf(permitted(key, algorithm.name, DERIVE_BITS).deriveBits(key, algorithm, length));
  }
  async importKey(...args) {
    this.#brand;
    const format = takeText('importKey', args, 0);
    const given = args[1];
    const bytes = bufferSource(given);
    if (bytes === null && (args.length < 2 || (given !== null && given !== undefined && !isObject(given)))) {
      throw wrongArgument('importKey', 1, 'BufferSource or JsonWebKey');
    }
    const data = bytes ?? readDictionary(JSON_WEB_KEY, given);
    const algorithm = takeAlgorithm('importKey', args, 2, IMPORT_ALGORITHM);
    const extractable = takeFlag('importKey', args, 3);
    const usages = takeUsages('importKey', args, 4);
    return importKey(format, data, algorithm, extractable, usages);
  }
  async exportKey(...args) {
    this.#brand;
    const format = takeText('exportKey', args, 0);
    const result = exportKey(format, takeKey('exportKey', args, 1));
    return format === 'jwk' ? result : bufferOf(result);
  }
  async wrapKey(...args) {
    this.#brand;
    const format = takeText('wrapKey', args, 0);
    const key = takeKey('wrapKey', args, 1);
    const wrapping = takeKey('wrapKey', args, 2);
    const algorithm = takeAlgorithm('wrapKey', args, 3, ENCRYPT_ALGORITHM);
    const own = permitted(wrapping, algorithm.name, WRAP_KEY);
    const exported = exportKey(format, key);
    const bytes = format === 'jwk' ? native.utf8Encode(JSONStringify(exported)) : exported;
    return bufferOf(own.wrapKey(wrapping, algorithm, bytes));
  }
  async unwrapKey(...args) {
    this.#brand;
    const format = takeText('unwrapKey', args, 0);
    const wrapped = takeBytes('unwrapKey', args, 1);
    const wrapping = takeKey('unwrapKey', args, 2);
    const algorithm = takeAlgorithm('unwrapKey', args, 3, ENCRYPT_ALGORITHM);
    const wanted = takeAlgorithm('unwrapKey', args, 4, IMPORT_ALGORITHM);
    const extractable = takeFlag('unwrapKey', args, 5);
    const usages = takeUsages('unwrapKey', args, 6);
    const bytes = permitted(wrapping, algorithm.name, UNWRAP_KEY).unwrapKey(wrapping, algorithm, wrapped);
    return importKey(format, format === 'jwk' ? parseJwk(bytes) : bytes, wanted, extractable, usages);
  }
  timingSafeEqual(...args) {
    this.#brand;
    const a = takeBytes('timingSafeEqual', args, 0);
    const b = takeBytes('timingSafeEqual', args, 1);
    if (TypedArrayGetByteLength(a) !== TypedArrayGetByteLength(b)) {
      throw new TypeError('Input buffers must have the same byte length.');
    }
    return native.sameBytes(a, b);
  }
}
exposeIllegal(SubtleCrypto);
const subtle = new SubtleCrypto(INTERNAL);

// ---- random values

const UUID_DASHES = { __proto__: null, 4: true, 6: true, 8: true, 10: true };
const INTEGER_ARRAYS = { __proto__: null, Int8Array: true, Uint8Array: true, Uint8ClampedArray: true, Int16Array: true,
  Uint16Array: true, Int32Array: true, Uint32Array: true, BigInt64Array: true, BigUint64Array: true };

class Crypto {
  #own = true;
  get subtle() {
    this.#own;
    return subtle;
  }
  getRandomValues(array) {
    this.#own;
    if (!ArrayBufferIsView(array)) needArguments(0, 1, 'getRandomValues', 'Crypto', 'ArrayBufferView');
    if (!INTEGER_ARRAYS[TypedArrayGetTag(array)]) {
      throw failure('TypeMismatchError',
        'ArrayBufferView argument to getRandomValues() must be an integer-typed view.');
    }
    const bytes = bytesBorrow(array);
    const size = TypedArrayGetByteLength(bytes);
    if (size > 65536) {
      throw failure('QuotaExceededError',
        `getRandomValues() only accepts buffers of size <= 64K but provided ${size} bytes.`);
    }
    requireEvent();
    native.random(bytes);
    return array;
  }
  randomUUID() {
    this.#own;
    const bytes = randomBytes(16);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let uuid = '';
    for (let i = 0; i < 16; i++) {
      if (UUID_DASHES[i]) uuid += '-';
      uuid += HEX[bytes[i] >> 4] + HEX[bytes[i] & 15];
    }
    return uuid;
  }
}

// ---- DigestStream

const NOT_DIGESTIBLE = 'DigestStream is a byte stream but received an object of ' +
  'non-ArrayBuffer/ArrayBufferView/string type on its writable side.';

class DigestStream extends WritableStream {
  #digest;
  #written = 0n;
  constructor(...args) {
    if (args.length === 0) throw wrongParameter('DigestStream', 1, 'string or HashAlgorithm');
    const hash = new HashState(hashNamed(readAlgorithm(HASH_ALGORITHM, args[0]).name));
    const { promise, resolve, reject } = deferred();
    super({
      __proto__: null,
      write: (chunk) => {
        const bytes = typeof chunk === 'string' ? native.utf8Encode(chunk) : bytesBorrow(chunk);
        if (bytes === null) throw new TypeError(NOT_DIGESTIBLE);
        hash.update(bytes);
        this.#written += BigIntOf(TypedArrayGetByteLength(bytes));
      },
      close: () => resolve(bufferOf(hash.final())),
      abort: (reason) => reject(reason),
    });
    this.#digest = promise;
  }
  get digest() {
    return this.#digest;
  }
  get bytesWritten() {
    return this.#written;
  }
}
defineInterface(DigestStream);

exposeIllegal(Crypto);
ObjectDefineProperty(Crypto.prototype, 'DigestStream',
  { __proto__: null, value: DigestStream, writable: true, enumerable: true, configurable: true });
exposeOwn('crypto', new Crypto());
