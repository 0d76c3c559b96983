// crypto_rsa.js: RSASSA-PKCS1-v1_5, RSA-PSS and RSA-OAEP.
// A key's material is its numbers, { n, e } or { n, e, d, p, q, dp, dq, qi }, big-endian without leading zeros; the
// last five of these may be missing. The host takes them packed, and holds them to bounds that are checked here first
// (abi.h).

const RSA_PUBLIC = ['n', 'e'];
const RSA_PRIVATE = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'];
const RSA_BITS_MAX = 16384;
const RSA_PRIVATE_BITS_MAX = 8192;
const RSA_LABEL_MAX = 65536;

function rsaTrim(bytes) {
  let from = 0;
  const size = TypedArrayGetByteLength(bytes);
  while (from < size && bytes[from] === 0) from++;
  return bytesPart(bytes, from);
}

function rsaPack(material) {
  const names = material.d ? RSA_PRIVATE : RSA_PUBLIC;
  const parts = [];
  for (let i = 0; i < names.length; i++) {
    const number = material[names[i]] ?? NOTHING;
    const size = TypedArrayGetByteLength(number);
    parts[2 * i] = byteList([size & 255, size >> 8, 0, 0]);
    parts[2 * i + 1] = number;
  }
  return ReflectApply(bytesJoin, undefined, parts);
}

function rsaUnpack(bytes) {
  const material = { __proto__: null };
  let at = 0;
  for (let i = 0; i < RSA_PRIVATE.length; i++) {
    const size = bytes[at] | (bytes[at + 1] << 8);
    material[RSA_PRIVATE[i]] = bytesCopy(bytesPart(bytes, at + 4, at + 4 + size));
    at += 4 + size;
  }
  return material;
}

// The numbers are small enough for the host.
function rsaFits(material) {
  for (let i = 0; i < RSA_PRIVATE.length; i++) {
    const number = material[RSA_PRIVATE[i]];
    if (number !== undefined && TypedArrayGetByteLength(number) * 8 > RSA_BITS_MAX) return false;
  }
  return true;
}

// Packed once, with the key.
const rsaFinished = (material) => {
  material.packed = rsaPack(material);
  return material;
};

function rsaChecked(material) {
  if (!rsaFits(material)) return undefined;
  rsaFinished(material);
  return hostCrypto(CODES.RSA_CHECK, 0, 0, 0, 0, material.packed) === 0 ? material : undefined;
}

// ---- DER: RFC 8017, A.1

function rsaReadPublic(bytes) {
  const outer = derReader(bytes);
  const reader = derInside(outer, DER_SEQUENCE);
  const n = derTakeNumber(reader);
  const e = n && derTakeNumber(reader);
  return e && derAtEnd(reader) && derAtEnd(outer) ? rsaChecked({ __proto__: null, n, e }) : undefined;
}

function rsaReadPrivate(bytes) {
  const outer = derReader(bytes);
  const reader = derInside(outer, DER_SEQUENCE);
  const material = { __proto__: null };
  if (!derTakeSmall(reader, 0)) return undefined;
  for (let i = 0; i < RSA_PRIVATE.length; i++) {
    const number = derTakeNumber(reader);
    if (number === undefined) return undefined;
    material[RSA_PRIVATE[i]] = number;
  }
  return derAtEnd(reader) && derAtEnd(outer) ? rsaChecked(material) : undefined;
}

function rsaWritePublic({ n, e }) {
  return der(DER_SEQUENCE, derNumber(n), derNumber(e));
}

function rsaWritePrivate(material) {
  const numbers = [];
  for (let i = 0; i < RSA_PRIVATE.length; i++) {
    const number = material[RSA_PRIVATE[i]];
    if (number === undefined) throw failure('OperationError', 'Private key export failed.');
    numbers[i] = derNumber(number);
  }
  return der(DER_SEQUENCE, derSmall(0), ReflectApply(bytesJoin, undefined, numbers));
}

// ---- JSON Web Keys: RFC 7518, 6.3

const RSA_FACTORS = ['p', 'q', 'dp', 'dq', 'qi'];
const RSA_MISSING = { __proto__: null, n: 'Modulus parameter ("n")', e: 'Exponent parameter ("e")',
  d: 'Private Exponent parameter ("d")' };
const RSA_INVALID = { __proto__: null, p: 'First Prime Factor parameter ("p")',
  q: 'Second Prime Factor parameter ("q")',
  dp: 'First Factor CRT Exponent parameter ("dp")', dq: 'Second Factor CRT Exponent parameter ("dq")',
  qi: 'First CRT Coefficient parameter ("qi")' };

function readRsaJwk(jwk) {
  const material = { __proto__: null };
  const names = jwk.d === undefined ? RSA_PUBLIC : ['n', 'e', 'd'];
  for (let i = 0; i < names.length; i++) {
    material[names[i]] = rsaTrim(jwkBytes(jwk, names[i],
      `Invalid RSA key in JSON Web Key; missing or invalid ${RSA_MISSING[names[i]]}.`));
  }
  if (jwk.d !== undefined) readRsaFactors(jwk, material);
  if (!rsaFits(material)) throw failure('DataError', 'Invalid RSA key in JSON Web Key; a parameter is too long.');
  return rsaFinished(material);
}

function readRsaFactors(jwk, material) {
  let present = 0;
  for (let i = 0; i < RSA_FACTORS.length; i++) present += jwk[RSA_FACTORS[i]] !== undefined;
  if (present === 0) return;
  if (present !== RSA_FACTORS.length) {
    throw failure('DataError', 'Invalid RSA private key in JSON Web Key; if one Prime ' +
      'Factor or CRT Exponent/Coefficient parameter is present, then they must all be ' +
      'present ("p", "q", "dp", "dq", "qi").');
  }
  for (let i = 0; i < RSA_FACTORS.length; i++) {
    const name = RSA_FACTORS[i];
    material[name] = rsaTrim(jwkBytes(jwk, name, `Invalid RSA key in JSON Web Key; invalid ${RSA_INVALID[name]}.`));
  }
}

// 'RS256', 'PS1', 'RSA-OAEP-512', ...; SHA-1 has no number in OAEP's.
function rsaAlg(prefix, hash) {
  const number = StringPrototypeSlice(hash.name, 4);
  return prefix !== 'RSA-OAEP' ? prefix + number : number === '1' ? prefix : `${prefix}-${number}`;
}

function checkRsaAlg(alg, prefix, wanted) {
  const names = ['sha-1', 'sha-256', 'sha-384', 'sha-512'];
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    if (rsaAlg(prefix, HASHES[name]) !== alg) continue;
    if (HASHES[name] === wanted) return;
    throw failure('DataError',
      `JSON Web Key Algorithm parameter "alg" ("${alg}") does not match requested hash algorithm "${alg}".`);
  }
  throw failure('NotSupportedError',
    `Unrecognized or unimplemented algorithm "${alg}" listed in JSON Web Key Algorithm parameter.`);
}

// ---- what the three have in common

const RSA_EXPONENTS = { __proto__: null, 3: true, 17: true, 37: true, 65537: true };

function rsaBits(n) {
  return TypedArrayGetByteLength(n) * 8;
}

// An exponent as a number; null: more than 32 bits.
function rsaExponent(bytes) {
  const e = rsaTrim(bytes);
  if (TypedArrayGetByteLength(e) > 4) return null;
  let number = 0;
  for (let i = 0; i < TypedArrayGetByteLength(e); i++) number = number * 256 + e[i];
  return number;
}

const RSA_LARGE = 'The "publicExponent" must be either 3 or 65537, but got a number larger than 2^32.';

function checkRsaLength(bits) {
  if (bits % 8 === 0 && bits >= 256 && bits <= RSA_BITS_MAX) return;
  throw failure('OperationError',
    `The modulus length must be a multiple of 8 and between 256 and 16k, but ${bits} was requested.`);
}

function checkRsaImport({ n, e, d }) {
  const bits = rsaBits(n);
  checkRsaLength(bits);
  const exponent = rsaExponent(e);
  if (exponent === null) throw failure('OperationError', RSA_LARGE);
  if (!RSA_EXPONENTS[exponent]) {
    throw failure('OperationError', `Imported RSA key has invalid publicExponent ${exponent}.`);
  }
  if (d !== undefined && bits > RSA_PRIVATE_BITS_MAX) {
    throw failure('OperationError', `A private RSA key must not have more than ${RSA_PRIVATE_BITS_MAX} bits.`);
  }
}

function rsaDetails(bits, e, hash) {
  return {
    hash,
    show(shown) {
      shown.modulusLength = bits;
      shown.publicExponent = bytesCopy(e);
      shown.hash = { name: hash.name };
    },
  };
}

function generateRsa(algorithm, wanted, extractable, list) {
  const e = need(wanted, 'publicExponent');
  const hashName = need(wanted, 'hash');
  const bits = need(wanted, 'modulusLength');
  if (bits <= 0) {
    throw failure('OperationError', `modulusLength must be greater than zero (requested ${bits}).`);
  }
  const hash = hashNamed(hashName);
  const usages = generateBits(algorithm, list);
  checkRsaLength(bits);
  const exponent = rsaExponent(e);
  if (exponent === null) throw failure('OperationError', RSA_LARGE);
  if (exponent !== 3 && exponent !== 65537) {
    throw failure('OperationError', `The "publicExponent" must be either 3 or 65537, but got ${exponent}.`);
  }
  if (bits % 128) {
    throw failure('OperationError', "Can't generate key: RSA key size is required to be a multiple of 128");
  }
  requireEvent();
  const numbers = bits > RSA_PRIVATE_BITS_MAX ? CRYPTO_FAILED :
    hostCrypto(CODES.RSA_GENERATE, bits, exponent, 0, RSA_PRIVATE.length * (4 + bits / 8));
  if (typeof numbers === 'number') throw failure('OperationError', 'Error generating RSA key.');
  const material = rsaFinished(rsaUnpack(numbers));
  const open = rsaFinished({ __proto__: null, n: material.n, e: material.e });
  return pairOf(algorithm, extractable, usages, material, open, rsaDetails(bits, e, hash));
}

function rsaAlgorithm(name, jwkPrefix, usages) {
  return {
    __proto__: null,
    name,
    kind: 'rsa',
    usages,
    publicUsages: usages & PUBLIC_USAGES,
    importKey(format, data, wanted, extractable, list) {
      hashNamed(need(wanted, 'hash'));
      return importPair(this, format, data, wanted, extractable, list);
    },
    exportKey: exportPair,
    readJwk(jwk, wanted) {
      if (jwk.kty !== 'RSA') {
        throw failure('DataError', 'RSASSA-PKCS1-v1_5 "jwk" key import requires a JSON Web Key with Key Type ' +
          `parameter "kty" ("${jwk.kty}") equal to "RSA".`);
      }
      if (jwk.alg !== undefined) checkRsaAlg(jwk.alg, jwkPrefix, hashNamed(wanted.hash));
      return readRsaJwk(jwk);
    },
    finish({ kind, material }, wanted) {
      if (kind !== 'rsa') throw failure('DataError', 'Input was not an RSA key.');
      checkRsaImport(material);
      return rsaDetails(rsaBits(material.n), material.e, hashNamed(wanted.hash));
    },
    writeJwk({ material, hash }) {
      if (!StringPrototypeStartsWith(hash.name, 'SHA')) {
        throw failure('NotSupportedError', `JWK export not supported for hash algorithm "${hash.name}".`);
      }
      const jwk = { kty: 'RSA', alg: rsaAlg(jwkPrefix, hash) };
      for (let i = 0; i < RSA_PRIVATE.length; i++) {
        const number = material[RSA_PRIVATE[i]];
        if (number !== undefined) jwk[RSA_PRIVATE[i]] = base64urlEncode(number);
      }
      return jwk;
    },
    exportRaw() {
      throw failure('InvalidAccessError', `Cannot export "${name}" in "raw" format.`);
    },
    generateKey(wanted, extractable, list) {
      return generateRsa(this, wanted, extractable, list);
    },
  };
}

// ---- signatures

const RSA_PKCS1_CODE = 0;
const RSA_PSS_CODE = 1;

function rsaSign({ material, hash }, padding, salt, data) {
  const signature = hostCrypto(CODES.RSA_SIGN, padding, hash.code, salt, TypedArrayGetByteLength(material.n),
    material.packed, data);
  if (typeof signature === 'number') throw failure('OperationError', 'RSA signing failed.');
  return signature;
}

function rsaVerify({ type, material, hash }, padding, salt, signature, data) {
  requireType(type, 'public', NEEDS_PUBLIC);
  if (TypedArrayGetByteLength(signature) !== TypedArrayGetByteLength(material.n)) return false;
  return hostCrypto(CODES.RSA_VERIFY, padding, hash.code, salt, 0, material.packed, data, signature) === 1;
}

const RSASSA = {
  __proto__: null,
  ...rsaAlgorithm('RSASSA-PKCS1-v1_5', 'RS', SIGN | VERIFY),
  sign(state, algorithm, data) {
    requireType(state.type, 'private', NEEDS_PRIVATE);
    const needed = state.hash.size + 32;
    if (needed > TypedArrayGetByteLength(state.material.n)) {
      throw failure('OperationError',
        `key too small for signing with given digest, need at least ${8 * needed}bits.`);
    }
    return rsaSign(state, RSA_PKCS1_CODE, 0, data);
  },
  verify: (state, algorithm, signature, data) => rsaVerify(state, RSA_PKCS1_CODE, 0, signature, data),
};

const NO_SALT = 'Failed to provide salt for RSA-PSS key operation which requires a salt';

function saltLength(algorithm, signing) {
  const salt = algorithm.saltLength;
  if (salt === undefined) throw signing ? failure('DataError', NO_SALT) : new TypeError(NO_SALT);
  if (salt >= 0) return salt;
  throw failure('DataError', `SaltLength for RSA-PSS must be non-negative (provided ${salt}).`);
}

const RSA_PSS = {
  __proto__: null,
  ...rsaAlgorithm('RSA-PSS', 'PS', SIGN | VERIFY),
  sign(state, algorithm, data) {
    requireType(state.type, 'private', NEEDS_PRIVATE);
    const salt = saltLength(algorithm, true);
    const size = TypedArrayGetByteLength(state.material.n);
    if (state.hash.size + 2 > size) throw failure('OperationError', 'key too small for signing with given digest');
    if (salt > size - state.hash.size - 2) {
      throw failure('OperationError', 'key too small for signing with given digest and salt length');
    }
    return rsaSign(state, RSA_PSS_CODE, salt, data);
  },
  verify(state, algorithm, signature, data) {
    requireType(state.type, 'public', NEEDS_PUBLIC);
    const salt = saltLength(algorithm, false);
    return salt <= RSA_BITS_MAX / 8 && rsaVerify(state, RSA_PSS_CODE, salt, signature, data);
  },
};

// ---- secrets

function rsaOaep(operation, { material, hash }, algorithm, data) {
  const label = algorithm.label ?? NOTHING;
  const size = TypedArrayGetByteLength(material.n);
  const fits = TypedArrayGetByteLength(data) <= size && TypedArrayGetByteLength(label) <= RSA_LABEL_MAX;
  const result = !fits ? CRYPTO_FAILED :
    hostCrypto(operation, 0, hash.code, 0, size, material.packed, data, undefined, label);
  if (typeof result === 'number') {
    const odd = operation === CODES.RSA_DECRYPT && TypedArrayGetByteLength(data) !== size;
    throw failure('OperationError', `RSA-OAEP failed encrypt/decrypt${odd ? ': Invalid RSA signature..' : '.'}`);
  }
  return result;
}

function oaepEncrypt(state, algorithm, data) {
  requireType(state.type, 'public',
    `Encryption/key wrapping only works with public keys, not "${state.type}".`);
  return rsaOaep(CODES.RSA_ENCRYPT, state, algorithm, data);
}

function oaepDecrypt(state, algorithm, data) {
  requireType(state.type, 'private',
    `Decryption/key unwrapping only works with private keys, not "${state.type}".`);
  return rsaOaep(CODES.RSA_DECRYPT, state, algorithm, data);
}

const RSA_OAEP = {
  __proto__: null,
  ...rsaAlgorithm('RSA-OAEP', 'RSA-OAEP', ENCRYPT | DECRYPT | WRAP_KEY | UNWRAP_KEY),
  encrypt: oaepEncrypt,
  decrypt: oaepDecrypt,
  wrapKey: oaepEncrypt,
  unwrapKey: oaepDecrypt,
};
