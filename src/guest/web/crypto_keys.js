// crypto_keys.js: CryptoKey, and what importing and exporting have in common.
//
// What a key is lies in its state, which only the platform sees; the properties that a Worker sees are a copy. By kind
// of algorithm the state's material is
//   secret  bytes
//   rsa     { n, e } or { n, e, d, p, q, dp, dq, qi }: big-endian numbers; the last five may be missing
//   ec      { curve, point } or with a scalar; curve: the host's number for it
//   okp     { curve, point } or with a scalar: Ed25519 and X25519

const CODES = native.cryptoCodes;
const CRYPTO_FAILED = -1;

// One operation of the host: bytes, or a negative number if it failed; without room, a number.
const hostCrypto = native.crypto;

let keyState; // of a CryptoKey; null when it is none

class CryptoKey {
  #state;
  constructor(token, state, algorithm) {
    if (token !== INTERNAL) throw new TypeError('Illegal constructor');
    this.#state = state;
    defineReadOnly(this, 'usages', usageNames(state.usages));
    defineReadOnly(this, 'algorithm', algorithm);
    defineReadOnly(this, 'extractable', state.extractable);
    defineReadOnly(this, 'type', state.type);
  }
  static {
    keyState = (value) => (isObject(value) && #state in value ? value.#state : null);
  }
}
exposeIllegal(CryptoKey);

function defineReadOnly(object, name, value) {
  ObjectDefineProperty(object, name, { __proto__: null, value, writable: false, enumerable: true, configurable: true });
}

// details: what the algorithm property shows beside the name, and what else the algorithm keeps in the state.
function newKey(algorithm, type, extractable, usages, material, details = undefined) {
  const shown = { name: algorithm.name };
  const state = { __proto__: null, algorithm, type, extractable, usages, material, hash: undefined };
  if (details?.hash) state.hash = details.hash;
  if (details?.show) details.show(shown);
  return new CryptoKey(INTERNAL, state, shown);
}

// ---- JSON Web Keys

// With every field that there could be, in the dictionary's order.
function newJwk(state, { kty, alg, crv, x, y, d, n, e, p, q, dp, dq, qi, k }) {
  return { kty, use: undefined, key_ops: usageNames(state.usages), alg, ext: true, crv, x, y, d, n, e, p, q, dp, dq, qi,
    oth: undefined, k, pub: undefined, priv: undefined };
}

// The bytes of a field; missing or not base64url: an error with this message.
function jwkBytes(jwk, field, message) {
  const bytes = jwk[field] === undefined ? undefined : base64urlDecode(jwk[field]);
  if (bytes === undefined) throw failure('DataError', message);
  return bytes;
}

function includes(list, value) {
  return indexOf(list, value) >= 0;
}

function firstTwice(list) {
  const sorted = ArrayPrototypeSort(arrayCopy(list));
  for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) return sorted[i];
  return undefined;
}

// What `use` and `key_ops` may say about a pair's key of this algorithm.
function jwkPurpose(name) {
  if (name === 'RSA-OAEP') return ['enc', 'encrypt', 'wrapKey'];
  if (name === 'ECDH' || name === 'X25519') return ['enc', 'unused', 'unused'];
  return ['sig', 'sign', 'verify'];
}

function checkJwkUse(jwk, name, usages) {
  const { 0: use, 1: first, 2: second } = jwkPurpose(name);
  if (usages.length > 0 && jwk.use !== undefined && jwk.use !== use) {
    throw failure('DataError', 'Asymmetric "jwk" key import with usages requires a JSON Web Key with ' +
      `Public Key Use parameter "use" ("${jwk.use}") equal to "sig".`);
  }
  const operations = jwk.key_ops;
  if (operations === undefined) return;
  if (firstTwice(operations) !== undefined) {
    throw failure('DataError',
      'A JSON Web Key\'s Key Operations parameter ("key_ops") must not contain duplicates.');
  }
  if (jwk.use !== undefined) checkJwkConsistent(jwk, name, use, first, second);
  for (let i = 0; i < usages.length; i++) {
    if (includes(operations, usages[i])) continue;
    throw failure('DataError', 'All specified key usages must be present in the JSON ' +
      'Web Key\'s Key Operations parameter ("key_ops").');
  }
}

const JWK_EITHER = 'A JSON Web Key should have either a Public Key Use parameter ("use") or a Key ' +
  'Operations parameter ("key_ops"); otherwise, the parameters must be consistent with each other. ';

function checkJwkConsistent(jwk, name, use, first, second) {
  if (jwk.use !== use) {
    throw failure('DataError', 'Asymmetric "jwk" import requires a JSON Web Key with Public Key Use ' +
      `"use" ("${jwk.use}") equal to "${use}".`);
  }
  const operations = ArrayPrototypeSort(arrayCopy(jwk.key_ops));
  for (let i = 0; i < operations.length; i++) {
    if (first === 'unused') {
      throw failure('DataError', `${JWK_EITHER}For public ${name} keys, there are no valid usages,` +
        'so keys with a non-empty "key_ops" parameter are not allowed.');
    }
    if (operations[i] !== first && operations[i] !== second) {
      throw failure('DataError', `${JWK_EITHER}A Public Key Use for ${name} would allow a Key Operations array ` +
        `with only "${first}" and/or "${second}" values (not "${operations[i]}").`);
    }
  }
}

// ---- the keys of pairs, in any format. An algorithm with pairs has, beside its name,
//   kind           'rsa', 'ec' or 'okp'
//   usages         all that its keys may have
//   publicUsages   those of public keys
//   readJwk(jwk, wanted) -> material
//   finish(imported, wanted) -> details for newKey, after checks

function importPair(algorithm, format, data, wanted, extractable, usages) {
  const imported = format === 'jwk' ? importJwkPair(algorithm, data, wanted, extractable, usages) :
    format === 'spki' ? importSpki(algorithm, data, usages) :
      format === 'pkcs8' ? importPkcs8(algorithm, data, usages) :
        format === 'raw' && algorithm.readRaw ?
          importRawPublic(algorithm, data, wanted, usages) : unknownImportFormat(format);
  const details = algorithm.finish(imported, wanted);
  return newKey(algorithm, imported.type, extractable, imported.bits, imported.material, details);
}

function unknownImportFormat(format) {
  throw failure('NotSupportedError', `Unrecognized key import format "${format}".`);
}

const imported = (type, bits, kind, material) => ({ __proto__: null, type, bits, kind, material });

function importJwkPair(algorithm, jwk, wanted, extractable, usages) {
  const type = jwk.d === undefined ? 'public' : 'private';
  const bits = usageBits(algorithm.name, `import ${type}`, usages,
    type === 'public' ? algorithm.publicUsages : algorithm.usages & PRIVATE_USAGES);
  if (type === 'private' && jwk.oth !== undefined) {
    throw failure('NotSupportedError', 'Multi-prime private keys not supported.');
  }
  checkJwkUse(jwk, algorithm.name, usages);
  if (jwk.ext === false && extractable) {
    throw failure('DataError', 'Cannot create an extractable CryptoKey from an unextractable JSON Web Key.');
  }
  return imported(type, bits, algorithm.kind, algorithm.readJwk(jwk, wanted));
}

const PUBLIC_READERS = { __proto__: null, rsa: rsaReadPublic, ec: ecReadPublic, okp: okpReadPublic };
const PRIVATE_READERS = { __proto__: null, rsa: rsaReadPrivate, ec: ecReadPrivate, okp: okpReadPrivate };

function checkTrailing(reader, what) {
  if (derAtEnd(reader)) return;
  throw failure('DataError', `Invalid ${reader.end - reader.at} trailing bytes after ${what} input.`);
}

function importSpki(algorithm, data, usages) {
  const reader = derReader(data);
  const found = spkiRead(reader);
  const material = found && PUBLIC_READERS[found.kind](found.content, found.curve);
  if (material === undefined) throw failure('DataError', 'Invalid SPKI input.');
  checkTrailing(reader, 'SPKI');
  const bits = usageBits(algorithm.name, 'import public', usages, algorithm.publicUsages);
  return imported('public', bits, found.kind, material);
}

// Also the older forms, as workerd does: RSAPrivateKey (RFC 8017) and ECPrivateKey (RFC 5915) by themselves.
function importPkcs8(algorithm, data, usages) {
  const reader = derReader(data);
  const content = derTake(derReader(data), DER_SEQUENCE);
  const found = pkcs8Read(reader) ?? olderPrivate(reader, content);
  const material = found && PRIVATE_READERS[found.kind](found.content, found.curve);
  if (material === undefined) throw failure('DataError', 'Invalid PKCS8 input.');
  checkTrailing(reader, 'PKCS8');
  const bits = usageBits(algorithm.name, 'import private', usages, algorithm.usages & PRIVATE_USAGES);
  return imported('private', bits, found.kind, material);
}

function olderPrivate(reader, content) {
  reader.at = 0;
  if (derTake(reader, DER_SEQUENCE) === undefined) return undefined;
  const whole = bytesPart(reader.bytes, 0, reader.at);
  const inside = derReader(content);
  if (derTakeSmall(inside, 0)) return { __proto__: null, kind: 'rsa', curve: 0, content: whole };
  inside.at = 0;
  if (!derTakeSmall(inside, 1) || derTake(inside, DER_BYTES) === undefined) return undefined;
  const curve = indexOf(OIDS_CURVES, derTakeOid(derInside(inside, DER_TAGGED_0)));
  return curve < 0 ? undefined : { __proto__: null, kind: 'ec', curve, content: whole };
}

function importRawPublic(algorithm, data, wanted, usages) {
  const bits = usageBits(algorithm.name, 'import public', usages, algorithm.publicUsages);
  return imported('public', bits, algorithm.kind, algorithm.readRaw(data, wanted));
}

const PUBLIC_WRITERS = { __proto__: null, rsa: rsaWritePublic, ec: (m) => m.point, okp: (m) => m.point };
const PRIVATE_WRITERS = { __proto__: null, rsa: rsaWritePrivate, ec: ecWritePrivate,
  okp: (m) => der(DER_BYTES, m.scalar) };

function exportPair(state, format) {
  const { algorithm, material, type } = state;
  const { kind, name } = algorithm;
  if (format === 'pkcs8') {
    if (type !== 'private') {
      throw failure('InvalidAccessError', `Asymmetric pkcs8 export requires private key (not "${type}").`);
    }
    return pkcs8Write(kind, material.curve, PRIVATE_WRITERS[kind](material));
  }
  if (format === 'spki') {
    if (type !== 'public') {
      throw failure('InvalidAccessError', `Asymmetric spki export requires public key (not "${type}").`);
    }
    return spkiWrite(kind, material.curve, PUBLIC_WRITERS[kind](material));
  }
  if (format === 'jwk') return newJwk(state, algorithm.writeJwk(state));
  if (format === 'raw') return algorithm.exportRaw(state);
  throw failure('InvalidAccessError', `Cannot export "${name}" in "${format}" format.`);
}

function pairOf(algorithm, extractable, bits, material, publicMaterial, details) {
  return {
    publicKey: newKey(algorithm, 'public', true, bits & algorithm.publicUsages, publicMaterial, details),
    privateKey: newKey(algorithm, 'private', extractable, bits & algorithm.usages & PRIVATE_USAGES, material, details),
  };
}

function generateBits(algorithm, usages) {
  return usageBits(algorithm.name, 'generate', usages, algorithm.usages);
}
