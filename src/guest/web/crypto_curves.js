// crypto_curves.js: ECDSA, ECDH, Ed25519 and X25519.
// A key's material is { curve, point, scalar }: the host's number for the curve, the public key as it is exported raw,
// and for private keys the private one.

const CURVES = {
  __proto__: null,
  'p-256': { name: 'P-256', code: 0, size: 32, alg: 'ES256' },
  'p-384': { name: 'P-384', code: 1, size: 48, alg: 'ES384' },
  'p-521': { name: 'P-521', code: 2, size: 66, alg: 'ES512' },
};
const CURVE_LIST = [CURVES['p-256'], CURVES['p-384'], CURVES['p-521']];

function curveNamed(name) {
  const curve = CURVES[StringPrototypeToLowerCase(name)];
  if (curve !== undefined) return curve;
  throw failure('NotSupportedError', `Unrecognized or unimplemented EC curve "${name}" requested.`);
}

const keyMaterial = (curve, point, scalar = undefined) => ({ __proto__: null, curve, point, scalar });
const bytesOrNothing = (result) => (typeof result === 'number' ? undefined : result);

// The point, uncompressed, if it is on the curve.
const ecPoint = ({ code, size }, bytes) => (TypedArrayGetByteLength(bytes) > 2 * size + 1 ? undefined :
  bytesOrNothing(hostCrypto(CODES.EC_POINT, code, 0, 0, 2 * size + 1, bytes)));
const ecPublic = ({ code, size }, scalar) =>
  bytesOrNothing(hostCrypto(CODES.EC_PUBLIC, code, 0, 0, 2 * size + 1, scalar));

// As long as the curve's scalars; undefined: too large.
function ecScalar({ size }, bytes) {
  let from = 0;
  const given = TypedArrayGetByteLength(bytes);
  while (from < given - size && bytes[from] === 0) from++;
  if (given - from > size) return undefined;
  const scalar = new Uint8ArrayConstructor(size);
  TypedArrayPrototypeSet(scalar, bytesPart(bytes, from), size - (given - from));
  return scalar;
}

// ---- DER

function ecReadPublic(bytes, code) {
  const point = ecPoint(CURVE_LIST[code], bytes);
  return point && keyMaterial(code, point);
}

// ECPrivateKey, RFC 5915. The public key may be missing, and must be the right one otherwise.
function ecReadPrivate(bytes, code) {
  const curve = CURVE_LIST[code];
  const reader = derInside(derReader(bytes), DER_SEQUENCE);
  const given = derTakeSmall(reader, 1) ? derTake(reader, DER_BYTES) : undefined;
  const scalar = given && ecScalar(curve, given);
  if (scalar === undefined) return undefined;
  if (!derAtEnd(reader) && reader.bytes[reader.at] === DER_TAGGED_0 &&
    derTakeOid(derInside(reader, DER_TAGGED_0)) !== OIDS_CURVES[code]) {
    return undefined;
  }
  const point = ecPublic(curve, scalar);
  if (point !== undefined && !derAtEnd(reader)) {
    const told = derTakeBits(derInside(reader, DER_TAGGED_1));
    const same = told && ecPoint(curve, told);
    if (same === undefined || !native.sameBytes(point, same)) return undefined;
  }
  return point && keyMaterial(code, point, scalar);
}

function ecWritePrivate({ scalar, point }) {
  return der(DER_SEQUENCE, derSmall(1), der(DER_BYTES, scalar), der(DER_TAGGED_1, derBits(point)));
}

function okpReadPublic(bytes, code) {
  return TypedArrayGetByteLength(bytes) === 32 ? keyMaterial(code, bytes) : undefined;
}

function okpReadPrivate(bytes, code) {
  const reader = derReader(bytes);
  const scalar = derTake(reader, DER_BYTES);
  return scalar && derAtEnd(reader) && TypedArrayGetByteLength(scalar) === 32 ? okpFromScalar(code, scalar) : undefined;
}

const okpFromScalar = (code, scalar) =>
  keyMaterial(code, hostCrypto(CODES.OKP_PUBLIC, code, 0, 0, 32, scalar), scalar);

// ---- the NIST curves

// Why bytes are no point, as workerd appends it to its messages.
function pointFault({ size }, bytes) {
  const given = TypedArrayGetByteLength(bytes);
  if (given === 0) return '.';
  if (given === 2 * size + 1 && bytes[0] === 4) return ': Point is not on curve..';
  if (given === size + 1 && (bytes[0] === 2 || bytes[0] === 3)) return ': Invalid compressed point..';
  return ': Invalid point encoding..';
}

const EC_XY = 'Invalid EC key; public key coordinates "x" and "y" are invalid';

function readEcJwk(jwk, wanted, name) {
  const curve = curveNamed(need(wanted, 'namedCurve'));
  if (jwk.kty !== 'EC') {
    throw failure('DataError', 'Elliptic curve "jwk" key import requires a JSON Web Key with Key Type parameter ' +
      `"kty" ("${jwk.kty}") equal to "EC".`);
  }
  if (name === 'ECDSA' && jwk.alg !== undefined) checkEcAlg(jwk.alg, curve);
  const x = ecScalar(curve, jwkBytes(jwk, 'x', 'Invalid EC key in JSON Web Key; missing "x".'));
  const y = ecScalar(curve, jwkBytes(jwk, 'y', 'Invalid EC key in JSON Web Key; missing "y".'));
  if (x === undefined || y === undefined) throw failure('OperationError', `${EC_XY}.`);
  const given = bytesJoin(byteList([4]), x, y);
  const point = ecPoint(curve, given);
  if (point === undefined) throw failure('OperationError', EC_XY + pointFault(curve, given));
  if (jwk.d === undefined) return keyMaterial(curve.code, point);
  const scalar = ecScalar(curve, jwkBytes(jwk, 'd',
    'Invalid EC key in JSON Web Key; missing or invalid private key component ("d").'));
  const own = scalar && ecPublic(curve, scalar);
  if (own === undefined) throw failure('OperationError', 'Invalid EC key; private key component "d" is invalid.');
  if (!native.sameBytes(own, point)) throw failure('DataError', 'Invalid EC key in JSON Web Key.');
  return keyMaterial(curve.code, point, scalar);
}

function checkEcAlg(alg, curve) {
  for (let i = 0; i < CURVE_LIST.length; i++) {
    if (CURVE_LIST[i].alg !== alg) continue;
    if (CURVE_LIST[i] === curve) return;
    throw failure('DataError', `JSON Web Key Algorithm parameter "alg" ("${alg}") does not match requested curve.`);
  }
  throw failure('NotSupportedError',
    `Unrecognized or unimplemented algorithm "${alg}" listed in JSON Web Key Algorithm parameter.`);
}

function ecAlgorithm(name, usages, publicUsages, notThis, comma) {
  const details = (curve) => ({ show: (shown) => { shown.namedCurve = curve.name; } });
  return {
    __proto__: null,
    name,
    kind: 'ec',
    usages,
    publicUsages,
    importKey(format, data, wanted, extractable, list) {
      curveNamed(need(wanted, 'namedCurve'));
      return importPair(this, format, data, wanted, extractable, list);
    },
    exportKey: exportPair,
    readJwk: (jwk, wanted) => readEcJwk(jwk, wanted, name),
    readRaw(data, wanted) {
      const curve = curveNamed(need(wanted, 'namedCurve'));
      const point = ecPoint(curve, data);
      if (point === undefined) {
        throw failure('DataError', `Failed to import raw EC key data${pointFault(curve, data)}`);
      }
      return keyMaterial(curve.code, point);
    },
    finish({ kind, material }, wanted) {
      const curve = curveNamed(wanted.namedCurve);
      if (kind !== 'ec') throw failure('DataError', notThis);
      if (material.curve === curve.code) return details(curve);
      throw failure('DataError', `"algorithm.namedCurve" "${wanted.namedCurve}"${comma} does not match the curve ` +
        'specified by the input key data.');
    },
    writeJwk({ material }) {
      const curve = CURVE_LIST[material.curve];
      return {
        kty: 'EC',
        crv: curve.name,
        x: base64urlEncode(bytesPart(material.point, 1, 1 + curve.size)),
        y: base64urlEncode(bytesPart(material.point, 1 + curve.size)),
        d: material.scalar && base64urlEncode(material.scalar),
      };
    },
    exportRaw({ type, material }) {
      if (type === 'public') return bytesCopy(material.point);
      throw failure('InvalidAccessError', 'Raw export of elliptic curve keys is only allowed for public keys.');
    },
    generateKey(wanted, extractable, list) {
      const bits = generateBits(this, list);
      const curve = curveNamed(need(wanted, 'namedCurve'));
      requireEvent();
      const pair = hostCrypto(CODES.EC_GENERATE, curve.code, 0, 0, 3 * curve.size + 1);
      const scalar = bytesCopy(bytesPart(pair, 0, curve.size));
      const point = bytesCopy(bytesPart(pair, curve.size));
      return pairOf(this, extractable, bits, keyMaterial(curve.code, point, scalar), keyMaterial(curve.code, point),
        details(curve));
    },
  };
}

// How errors name what was asked of a key.
function requireType(type, wanted, message) {
  if (type !== wanted) throw failure('InvalidAccessError', message);
}

const NEEDS_PRIVATE = 'Asymmetric signing requires a private key.';
const NEEDS_PUBLIC = 'Asymmetric verification requires a public key.';

function ecdsaHash(algorithm) {
  if (algorithm.hash !== undefined) return hashNamed(algorithm.hash);
  throw new TypeError('Missing "hash" in AlgorithmIdentifier. (ECDSA requires that the hash algorithm be ' +
    'specified at call time rather than on the key. This differs from other WebCrypto ' +
    'algorithms for historical reasons.)');
}

const ECDSA = {
  __proto__: null,
  ...ecAlgorithm('ECDSA', SIGN | VERIFY, VERIFY, 'Input was not an EC key.', ''),
  sign({ type, material }, algorithm, data) {
    requireType(type, 'private', NEEDS_PRIVATE);
    const { code, size } = CURVE_LIST[material.curve];
    return hostCrypto(CODES.ECDSA_SIGN, code, ecdsaHash(algorithm).code, 0, 2 * size, material.scalar, data);
  },
  verify({ type, material }, algorithm, signature, data) {
    requireType(type, 'public', NEEDS_PUBLIC);
    const { code, size } = CURVE_LIST[material.curve];
    const hash = ecdsaHash(algorithm);
    if (TypedArrayGetByteLength(signature) !== 2 * size) return false;
    return hostCrypto(CODES.ECDSA_VERIFY, code, hash.code, 0, 0, material.point, data, signature) === 1;
  },
};

// ---- secrets that two keys have in common

// The peer's state, if the two fit.
function agreement(state, algorithm) {
  const { name } = state.algorithm;
  if (state.type !== 'private') {
    throw failure('InvalidAccessError',
      `The deriveBits operation is only valid for a private key, not "${state.type}".`);
  }
  const peer = need(algorithm, 'public', 'derivedKeyParams');
  if (peer.type !== 'public') {
    throw failure('InvalidAccessError', `The provided key has type "${peer.type}", not "public"`);
  }
  if (peer.algorithm === state.algorithm) return peer;
  const theirs = peer.algorithm.name;
  if (peer.algorithm.kind !== state.algorithm.kind) {
    throw failure('InvalidAccessError', `Base ${name} private key cannot be used to derive a key from a peer ` +
      `${theirs} public key`);
  }
  throw failure('InvalidAccessError',
    `Private key for derivation is using "${name}" while public key is using "${theirs}".`);
}

// The first `length` bits; null: all.
function firstBits(secret, length) {
  const all = TypedArrayGetByteLength(secret) * 8;
  if (length === null) return secret;
  if (length > all) {
    throw failure('OperationError', `Derived key length (${length} bits) is too long (should be at most ${all} bits).`);
  }
  const size = MathFloor((length + 7) / 8);
  const bits = bytesCopy(bytesPart(secret, 0, size));
  if (length % 8) bits[size - 1] &= 0xff << (8 - length % 8);
  return bits;
}

const ECDH = {
  __proto__: null,
  ...ecAlgorithm('ECDH', DERIVATION, 0, 'Input was not an EC public key nor a DH key.', ','),
  deriveBits(state, algorithm, length) {
    const peer = agreement(state, algorithm);
    const own = CURVE_LIST[state.material.curve];
    const theirs = CURVE_LIST[peer.material.curve];
    if (own !== theirs) {
      throw failure('InvalidAccessError', `Private key for derivation is using curve "${own.name}" while public key ` +
        `is using "${theirs.name}".`);
    }
    const secret = hostCrypto(CODES.ECDH, own.code, 0, 0, own.size, state.material.scalar, undefined,
      peer.material.point);
    if (typeof secret === 'number') throw failure('OperationError', 'Failed to generate shared ECDH secret.');
    return firstBits(secret, length);
  },
};

// ---- Ed25519 and X25519

const ED25519_CODE = 0;
const X25519_CODE = 1;
const OKP_NAMES = ['Ed25519', 'X25519'];

function readOkpJwk(jwk, code) {
  const curve = OKP_NAMES[code];
  if (jwk.kty !== 'OKP') {
    throw failure('DataError', `${curve} "jwk" key imports requires a JSON Web Key with Key Type parameter ` +
      `"kty" ("${jwk.kty}") equal to "OKP".`);
  }
  if (jwk.crv === undefined) throw failure('DataError', `Missing field "crv" for ${curve} key.`);
  if (jwk.crv !== curve) {
    throw failure('NotSupportedError', `Only ${curve} is supported but "${jwk.crv}" was requested.`);
  }
  if (code === ED25519_CODE && jwk.alg !== undefined && jwk.alg !== 'EdDSA') {
    throw failure('DataError',
      `JSON Web Key Algorithm parameter "alg" ("${jwk.alg}") does not match requested Ed25519 curve.`);
  }
  const point = jwkBytes(jwk, 'x',
    `Invalid ${curve} key in JSON WebKey; missing or invalid public key component ("x").`);
  checkOkpSize(point, 'public');
  if (jwk.d === undefined) return keyMaterial(code, point);
  const scalar = jwkBytes(jwk, 'd',
    `Invalid ${curve} key in JSON Web Key; missing or invalid private key component ("d").`);
  checkOkpSize(scalar, 'private');
  return okpFromScalar(code, scalar);
}

function checkOkpSize(bytes, type) {
  const size = TypedArrayGetByteLength(bytes);
  if (size !== 32) throw failure('DataError', `Invalid length ${size} for ${type} key`);
}

function okpAlgorithm(name, code, usages, publicUsages) {
  const curve = OKP_NAMES[code];
  const details = name === curve ? undefined : { show: (shown) => { shown.namedCurve = name; } };
  const checkCurve = (wanted) => {
    if (name === curve) return;
    const given = need(wanted, 'namedCurve');
    if (given !== name) throw failure('NotSupportedError', `EDDSA curve "${given}" isn't supported.`);
  };
  return {
    __proto__: null,
    name,
    kind: 'okp',
    usages,
    publicUsages,
    importKey(format, data, wanted, extractable, list) {
      checkCurve(wanted);
      return importPair(this, format, data, wanted, extractable, list);
    },
    exportKey: exportPair,
    readJwk: (jwk) => readOkpJwk(jwk, code),
    readRaw(data) {
      const size = TypedArrayGetByteLength(data);
      if (size !== 32) throw failure('DataError', `${curve} raw keys must be exactly 32-bytes (provided ${size}).`);
      return keyMaterial(code, data);
    },
    finish({ kind, material }) {
      if (kind === 'okp' && material.curve === code) return details;
      throw failure('DataError', `Input was not a ${curve} key`);
    },
    writeJwk({ material }) {
      return {
        kty: 'OKP',
        crv: curve,
        alg: name === 'Ed25519' ? 'EdDSA' : undefined,
        x: base64urlEncode(material.point),
        d: material.scalar && base64urlEncode(material.scalar),
      };
    },
    exportRaw({ type, material }) {
      if (type === 'public') return bytesCopy(material.point);
      throw failure('InvalidAccessError', `Raw export of ${name} keys is only allowed for public keys.`);
    },
    generateKey(wanted, extractable, list) {
      const bits = generateBits(this, list);
      checkCurve(wanted);
      const material = okpFromScalar(code, randomBytes(32));
      return pairOf(this, extractable, bits, material, keyMaterial(code, material.point), details);
    },
  };
}

const ed25519Algorithm = (name) => ({
  __proto__: null,
  ...okpAlgorithm(name, ED25519_CODE, SIGN | VERIFY, VERIFY),
  sign({ type, material }, algorithm, data) {
    requireType(type, 'private', NEEDS_PRIVATE);
    return hostCrypto(CODES.ED25519_SIGN, 0, 0, 0, 64, material.scalar, data);
  },
  verify({ type, material }, algorithm, signature, data) {
    requireType(type, 'public', NEEDS_PUBLIC);
    const size = TypedArrayGetByteLength(signature);
    if (size !== 64) throw failure('OperationError', `Invalid ${name} signature length ${size}`);
    return hostCrypto(CODES.ED25519_VERIFY, 0, 0, 0, 0, material.point, data, signature) === 1;
  },
});
const ED25519 = ed25519Algorithm('Ed25519');
const NODE_ED25519 = ed25519Algorithm('NODE-ED25519');

const X25519 = {
  __proto__: null,
  ...okpAlgorithm('X25519', X25519_CODE, DERIVATION, 0),
  deriveBits(state, algorithm, length) {
    const peer = agreement(state, algorithm);
    if (length !== null && length > 256) firstBits(new Uint8ArrayConstructor(32), length);
    const secret = hostCrypto(CODES.X25519, 0, 0, 0, 32, state.material.scalar, undefined, peer.material.point);
    if (typeof secret === 'number') {
      throw failure('OperationError', 'Failed to derive EDDH key: public key routines INVALID_PEER_KEY.');
    }
    return firstBits(secret, length);
  },
};
