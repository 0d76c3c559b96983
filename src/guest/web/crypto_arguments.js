// crypto_arguments.js: what the methods of SubtleCrypto make of their arguments: algorithms, JSON Web Keys, usages.
// A dictionary is read whole, in the order of its fields, before anything is looked at; that order and the conversions
// are workerd's, and so are the words of the errors.

const failure = (name, message) => new DOMExceptionConstructor(message, name);

const NOTHING = new Uint8ArrayConstructor(0);

// The bytes of a BufferSource, where they lie; null: it is none. A detached buffer has no bytes.
function bufferSource(value) {
  if (isObject(value) && isArrayBuffer(value) && ArrayBufferGetByteLength(value) === 0) return NOTHING;
  const bytes = bytesBorrow(value);
  return bytes !== null && TypedArrayGetByteLength(bytes) === 0 ? NOTHING : bytes;
}

function toText(value) {
  if (typeof value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
  return `${value}`;
}

function toInt(value) {
  if (typeof value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a number');
  if (typeof value === 'bigint') throw new TypeError('Cannot convert a BigInt value to a number');
  const number = MathTrunc(+value);
  if (number !== number || number === Infinity || number === -Infinity) return 0;
  if (number < -2147483648 || number > 2147483647) {
    throw new TypeError('Value out of range. Must be between -2147483648 and 2147483647 (inclusive).');
  }
  return number | 0;
}

// What is in a field, or undefined: of the wrong type.
const FIELD_KINDS = {
  __proto__: null,
  text: toText,
  int: toInt,
  flag: (value) => !!value,
  bytes: (value) => bufferSource(value) ?? undefined,
  key: (value) => keyState(value) ?? undefined,
  texts: (value) => (ArrayIsArray(value) ? convertAll(value, toText) : undefined),
  primes: (value) => (ArrayIsArray(value) ? convertAll(value, toPrime) : undefined),
  hash: (value) => readAlgorithm(HASH_ALGORITHM, value).name,
};
const FIELD_TYPES = { __proto__: null, bytes: 'BufferSource', key: 'CryptoKey', texts: 'Array', primes: 'Array' };

function convertAll(array, convert) {
  const list = [];
  for (let i = 0; i < array.length; i++) list[i] = convert(array[i], i);
  return list;
}

function toPrime(value, i) {
  if (isObject(value)) return value;
  throw new TypeError(
    `Incorrect type for array element ${i}: the provided value is not of type 'RsaOtherPrimesInfo'.`);
}

const dictionary = (type, ...fields) => ({ __proto__: null, type, fields });
const HASH_ALGORITHM = dictionary('HashAlgorithm', 'name', 'text');
const ENCRYPT_ALGORITHM = dictionary('EncryptAlgorithm', 'name', 'text', 'iv', 'bytes', 'additionalData', 'bytes',
  'tagLength', 'int', 'counter', 'bytes', 'length', 'int', 'label', 'bytes');
const SIGN_ALGORITHM = dictionary('SignAlgorithm', 'name', 'text', 'hash', 'hash', 'dataLength', 'int',
  'saltLength', 'int', 'context', 'bytes');
const GENERATE_ALGORITHM = dictionary('GenerateKeyAlgorithm', 'name', 'text', 'hash', 'hash', 'modulusLength', 'int',
  'publicExponent', 'bytes', 'length', 'int', 'namedCurve', 'text');
const DERIVE_ALGORITHM = dictionary('DeriveKeyAlgorithm', 'name', 'text', 'salt', 'bytes', 'iterations', 'int',
  'hash', 'hash', 'public', 'key', 'info', 'bytes');
const IMPORT_ALGORITHM = dictionary('ImportKeyAlgorithm', 'name', 'text', 'hash', 'hash', 'length', 'int',
  'namedCurve', 'text', 'compressed', 'flag');
const JSON_WEB_KEY = dictionary('JsonWebKey', 'kty', 'text', 'use', 'text', 'key_ops', 'texts', 'alg', 'text',
  'ext', 'flag', 'crv', 'text', 'x', 'text', 'y', 'text', 'd', 'text', 'n', 'text', 'e', 'text', 'p', 'text',
  'q', 'text', 'dp', 'text', 'dq', 'text', 'qi', 'text', 'oth', 'primes', 'k', 'text', 'pub', 'text', 'priv', 'text');

function readDictionary({ type, fields }, value) {
  if (value === undefined || value === null) {
    throw new TypeError(`Cannot initialize N7workerd3api12SubtleCrypto${type.length}${type}E with required members ` +
      'from an undefined or null value.');
  }
  const found = { __proto__: null };
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i];
    const given = value[name];
    if (given === undefined && i > 0) continue; // only the first is required
    const field = FIELD_KINDS[fields[i + 1]](given);
    if (field === undefined) throw wrongField(type, name, FIELD_TYPES[fields[i + 1]]);
    found[name] = field;
  }
  return found;
}

function readAlgorithm(kind, value) {
  return isObject(value) || value === undefined || value === null ? readDictionary(kind, value) :
    { __proto__: null, name: toText(value) };
}

function need(algorithm, field, where = 'algorithm') {
  if (algorithm[field] === undefined) throw new TypeError(`Missing field "${field}" in "${where}".`);
  return algorithm[field];
}

// ---- a method's arguments, one after the other

function wrongArgument(method, index, kind) {
  return new TypeError(
    `Failed to execute '${method}' on 'SubtleCrypto': parameter ${index + 1} is not of type '${kind}'.`);
}

function takeAlgorithm(method, args, index, kind) {
  if (index >= args.length) throw wrongArgument(method, index, `string or ${kind.type}`);
  return readAlgorithm(kind, args[index]);
}

function takeBytes(method, args, index) {
  const bytes = bufferSource(args[index]);
  if (bytes === null) throw wrongArgument(method, index, 'BufferSource');
  return bytes;
}

function takeKey(method, args, index) {
  const key = keyState(args[index]);
  if (key === null) throw wrongArgument(method, index, 'CryptoKey');
  return key;
}

function takeText(method, args, index) {
  if (index >= args.length) throw wrongArgument(method, index, 'string');
  return toText(args[index]);
}

function takeFlag(method, args, index) {
  if (index >= args.length) throw wrongArgument(method, index, 'boolean');
  return !!args[index];
}

function takeUsages(method, args, index) {
  if (!ArrayIsArray(args[index])) throw wrongArgument(method, index, 'Array');
  return convertAll(args[index], toText);
}

// ---- usages: a set of bits, in the order in which a key shows them

const USAGES = ['encrypt', 'decrypt', 'sign', 'verify', 'deriveKey', 'deriveBits', 'wrapKey', 'unwrapKey'];
const [ENCRYPT, DECRYPT, SIGN, VERIFY, DERIVE_KEY, DERIVE_BITS, WRAP_KEY, UNWRAP_KEY] = [1, 2, 4, 8, 16, 32, 64, 128];
const DERIVATION = DERIVE_KEY | DERIVE_BITS;
const PRIVATE_USAGES = DECRYPT | SIGN | DERIVATION | UNWRAP_KEY;
const PUBLIC_USAGES = ENCRYPT | VERIFY | WRAP_KEY;

function usageBit(usage) {
  for (let i = 0; i < USAGES.length; i++) if (USAGES[i] === usage) return 1 << i;
  return 0;
}

// what: 'generate', 'import secret', 'import public' or 'import private'.
function usageBits(name, what, usages, allowed) {
  let bits = 0;
  for (let i = 0; i < usages.length; i++) {
    const bit = usageBit(usages[i]);
    if (!(bit & allowed)) {
      throw failure('SyntaxError', `Attempt to ${what} ${name} key with invalid usage "${usages[i]}".`);
    }
    bits |= bit;
  }
  return bits;
}

function usageNames(bits) {
  const names = [];
  for (let i = 0; i < USAGES.length; i++) if (bits & (1 << i)) names[names.length] = USAGES[i];
  return names;
}

// ---- hashes: what the host calls them (abi.h)

const HASHES = {
  __proto__: null,
  md4: { name: 'MD4', code: 0, size: 16, block: 64 },
  md5: { name: 'MD5', code: 1, size: 16, block: 64 },
  'sha-1': { name: 'SHA-1', code: 2, size: 20, block: 64 },
  'sha-224': { name: 'SHA-224', code: 3, size: 28, block: 64 },
  'sha-256': { name: 'SHA-256', code: 4, size: 32, block: 64 },
  'sha-384': { name: 'SHA-384', code: 5, size: 48, block: 128 },
  'sha-512': { name: 'SHA-512', code: 6, size: 64, block: 128 },
};

// Those of WebCrypto, and MD5.
function hashNamed(name) {
  const hash = HASHES[StringPrototypeToLowerCase(name)];
  if (hash === undefined || hash === HASHES.md4 || hash === HASHES['sha-224']) {
    throw failure('NotSupportedError', 'Unrecognized or unimplemented digest algorithm requested.');
  }
  return hash;
}
