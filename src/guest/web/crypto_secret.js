// crypto_secret.js: algorithms whose key is bytes: AES, HMAC, HKDF, PBKDF2.
// Each is an object whose methods are the operations that it has; crypto.js finds it by name and calls them.

function randomBytes(size) {
  requireEvent();
  const bytes = new Uint8ArrayConstructor(size);
  native.random(bytes);
  return bytes;
}

// ---- AES

const AES_CODES = { __proto__: null, 'AES-CBC': 0, 'AES-CTR': 1, 'AES-GCM': 2, 'AES-KW': 3 };
const AES_LENGTHS = { __proto__: null, 128: true, 192: true, 256: true };
const GCM_TAGS = { __proto__: null, 32: true, 64: true, 96: true, 104: true, 112: true, 120: true, 128: true };
const GCM_IV_MAX = 128; // the host's

function aesKey(algorithm, extractable, usages, bytes) {
  const length = TypedArrayGetByteLength(bytes) * 8;
  return newKey(algorithm, 'secret', extractable, usages, bytes,
    { show: (shown) => { shown.length = length; } });
}

function checkAesJwk(algorithm, jwk, usages, extractable) {
  if (jwk.kty !== 'oct') {
    throw failure('DataError', 'Symmetric "jwk" key import requires a JSON Web Key with Key Type parameter ' +
      `"kty" equal to "oct" (encountered "${jwk.kty}").`);
  }
  const bytes = jwkBytes(jwk, 'k', 'Symmetric "jwk" key import requires a base64Url encoding of the key.');
  checkAesLength(bytes);
  const expected = `A${TypedArrayGetByteLength(bytes) * 8}${StringPrototypeSlice(algorithm.name, 4)}`;
  if (jwk.alg !== undefined && jwk.alg !== expected) {
    throw failure('DataError',
      `Symmetric "jwk" key contains invalid "alg" value "${jwk.alg}", expected "${expected}".`);
  }
  if (usages.length !== 0 && jwk.use !== undefined && jwk.use !== 'enc') {
    throw failure('DataError', `Symmetric "jwk" key must have a "use" of "enc", not "${jwk.use}".`);
  }
  if (jwk.key_ops !== undefined) checkAesOperations(jwk.key_ops, usages);
  if (jwk.ext === false && extractable) {
    throw failure('DataError', '"jwk" key has value "false", for "ext" that is incompatible ' +
      'with import extractability value "true".');
  }
  return bytes;
}

function checkAesOperations(operations, usages) {
  const twice = firstTwice(operations);
  if (twice !== undefined) {
    throw failure('DataError', `Symmetric "jwk" key contains duplicate value "${twice}", in "key_op".`);
  }
  for (let i = 0; i < usages.length; i++) {
    if (!includes(operations, usages[i])) {
      throw failure('DataError', `"jwk" key missing usage "${usages[i]}", in "key_ops".`);
    }
  }
}

function checkAesLength(bytes) {
  const length = TypedArrayGetByteLength(bytes) * 8;
  if (AES_LENGTHS[length]) return;
  throw failure('DataError', `Imported AES key length must be 128, 192, or 256 bits but provided ${length}.`);
}

// The start of every AES algorithm; text(state, algorithm, data, encrypt) is the mode.
function aesAlgorithm(name, text) {
  const usages = WRAP_KEY | UNWRAP_KEY | (name === 'AES-KW' ? 0 : ENCRYPT | DECRYPT);
  return {
    __proto__: null,
    name,
    importKey(format, data, wanted, extractable, list) {
      const bits = usageBits(name, 'import secret', list, usages);
      if (format === 'jwk') return aesKey(this, extractable, bits, checkAesJwk(this, data, list, extractable));
      if (format !== 'raw') unknownImportFormat(format);
      checkAesLength(data);
      return aesKey(this, extractable, bits, data);
    },
    generateKey(wanted, extractable, list) {
      const bits = usageBits(name, 'generate', list, usages);
      const length = need(wanted, 'length');
      if (!AES_LENGTHS[length]) {
        throw failure('OperationError',
          `Generated AES key length must be 128, 192, or 256 bits but requested ${length}.`);
      }
      return aesKey(this, extractable, bits, randomBytes(length / 8));
    },
    exportKey(state, format) {
      if (format === 'raw') return bytesCopy(state.material);
      if (format !== 'jwk') {
        throw failure('NotSupportedError',
          `${name} key only supports exporting "raw", "raw-secret" & "jwk", not "${format}".`);
      }
      const alg = `A${TypedArrayGetByteLength(state.material) * 8}${StringPrototypeSlice(name, 4)}`;
      return newJwk(state, { kty: 'oct', alg, k: base64urlEncode(state.material) });
    },
    encrypt: name === 'AES-KW' ? undefined : (state, algorithm, data) => text(state.material, algorithm, data, true),
    decrypt: name === 'AES-KW' ? undefined : (state, algorithm, data) => text(state.material, algorithm, data, false),
    wrapKey: (state, algorithm, data) => text(state.material, algorithm, data, true),
    unwrapKey: (state, algorithm, data) => text(state.material, algorithm, data, false),
  };
}

function aesFailed(name, size, out) {
  return failure('OperationError', 'Decryption failed. This could be due to a ciphertext authentication failure, ' +
    'bad padding, incorrect CryptoKey, or another algorithm-specific reason. ' +
    `Input length was ${size}, output length expected to be ${out} for ${name}`);
}

function aesGcm(key, algorithm, data, encrypt) {
  const iv = need(algorithm, 'iv');
  if (TypedArrayGetByteLength(iv) === 0) throw failure('OperationError', 'AES-GCM IV must not be empty.');
  const tagLength = algorithm.tagLength ?? 128;
  if (!GCM_TAGS[tagLength]) throw failure('OperationError', `Invalid AES-GCM tag length ${tagLength}.`);
  if (TypedArrayGetByteLength(iv) > GCM_IV_MAX) {
    throw failure('OperationError', `AES-GCM IV must not be longer than ${GCM_IV_MAX} bytes.`);
  }
  const tag = tagLength / 8;
  const size = TypedArrayGetByteLength(data);
  if (!encrypt && size < tag) {
    throw failure('OperationError', `Ciphertext length of ${size * 8} bits must be greater than or equal to the size ` +
      `of the AES-GCM tag length of ${tagLength} bits.`);
  }
  const result = aesRun(encrypt, 'AES-GCM', tag, key, data, iv, encrypt ? size + tag : size - tag,
    algorithm.additionalData);
  if (result === null) throw aesFailed('AES-GCM', size - tag, size - tag);
  return result;
}

// null: it failed. A result of no bytes is asked for with room for one, because no room means that none is wanted.
function aesRun(encrypt, name, tag, key, data, iv, size, additional = undefined) {
  const operation = encrypt ? CODES.AES_ENCRYPT : CODES.AES_DECRYPT;
  const result = hostCrypto(operation, AES_CODES[name], tag, 0, size || 1, key, data, iv, additional);
  return typeof result === 'number' ? null : result;
}

function aesCbc(key, algorithm, data, encrypt) {
  const iv = need(algorithm, 'iv');
  const ivSize = TypedArrayGetByteLength(iv);
  if (ivSize !== 16) {
    throw failure('OperationError',
      `AES-CBC IV must be 16 bytes long (provided ${ivSize}${encrypt ? ' bytes' : ''}).`);
  }
  const size = TypedArrayGetByteLength(data);
  const result = aesRun(encrypt, 'AES-CBC', 0, key, data, iv, encrypt ? size + 16 - size % 16 : size);
  if (result !== null) return result;
  throw aesFailed('AES-CBC', size, size % 16 ? size - size % 16 : MathMax(0, size - 16));
}

// The counter is the last `length` bits of the block; the host counts in all 128, so a counter that starts again from
// zero makes two parts.
function aesCtr(key, algorithm, data) {
  if (algorithm.counter === undefined) throw new TypeError('Missing "counter" member in "algorithm".');
  const counter = algorithm.counter;
  if (TypedArrayGetByteLength(counter) !== 16) {
    throw failure('OperationError',
      `Counter must have length of 16 bytes (provided ${TypedArrayGetByteLength(counter)}).`);
  }
  if (algorithm.length === undefined) throw new TypeError('Missing "length" member in "algorithm".');
  const length = algorithm.length;
  if (length <= 0 || length > 128) {
    throw failure('OperationError', `Invalid counter of ${length} bits length provided.`);
  }
  const size = TypedArrayGetByteLength(data);
  const blocks = MathFloor((size + 15) / 16);
  const left = blocksUntilZero(counter, length, blocks);
  if (length < 53 && blocks > 2 ** length) throw failure('OperationError', 'Counter block values will repeat.');
  if (left >= blocks) return aesRun(true, 'AES-CTR', 0, key, data, counter, size);
  const cut = left * 16;
  const zeroed = bytesCopy(counter);
  for (let bit = 0; bit < length; bit++) zeroed[15 - (bit >> 3)] &= ~(1 << (bit & 7));
  return bytesJoin(
    aesRun(true, 'AES-CTR', 0, key, bytesPart(data, 0, cut), counter, cut),
    aesRun(true, 'AES-CTR', 0, key, bytesPart(data, cut), zeroed, size - cut));
}

// 2^length - counter, or `enough` if that is more.
function blocksUntilZero(counter, length, enough) {
  let left = 1;
  for (let bit = length - 1; bit >= 0; bit--) {
    left = left * 2 - ((counter[15 - (bit >> 3)] >> (bit & 7)) & 1);
    if (left > enough + 1) return enough; // it only grows from here
  }
  return left;
}

function aesKw(key, algorithm, data, wrap) {
  const size = TypedArrayGetByteLength(data);
  if (wrap) {
    if (size % 8) {
      throw failure('OperationError', 'Unwrapped key bit length must be a multiple of 64 bits but unwrapped key has ' +
        `a length of ${size * 8} bits.`);
    }
    if (size < 16) {
      throw failure('OperationError', `Unwrapped key has length ${size} bytes but it should be greater than or ` +
        'equal to 16 and less than or equal to 18446744073709551607');
    }
  } else {
    if (size % 8) {
      throw failure('OperationError',
        `Provided a wrapped key to unwrap that is ${size * 8} bits which isn't a multiple of 64 bits.`);
    }
    if (size < 24) {
      throw failure('OperationError', `Provided a wrapped key to unwrap this is ${size * 8} bits that is less than ` +
        'the minimal length of 192 bits.');
    }
  }
  const result = size > KW_MAX ? null : aesRun(wrap, 'AES-KW', 0, key, data, undefined, wrap ? size + 8 : size);
  if (result === null) throw failure('OperationError', `AES-KW key ${wrap ? '' : 'un'}wrapping failed.`);
  return result;
}
const KW_MAX = 1 << 20;

// ---- HMAC

function hmacKey(algorithm, extractable, usages, bytes, hash, length) {
  const unused = TypedArrayGetByteLength(bytes) * 8 - length;
  if (unused > 0) bytes[TypedArrayGetByteLength(bytes) - 1] &= 0xff << unused;
  return newKey(algorithm, 'secret', extractable, usages, bytes, {
    hash,
    show(shown) {
      shown.hash = { name: hash.name };
      shown.length = length & 0xffff;
    },
  });
}

function readHmacJwk(jwk, hashName) {
  if (jwk.kty !== 'oct') {
    throw failure('DataError', 'HMAC "jwk" key import requires a JSON Web Key with Key Type parameter ' +
      `("kty") equal to "oct" (encountered "${jwk.kty}").`);
  }
  const bytes = jwkBytes(jwk, 'k', 'HMAC "jwk" key import requires a base64Url encoding of the key');
  if (jwk.alg === undefined) return bytes;
  if (!StringPrototypeStartsWith(hashName, 'SHA-')) {
    throw failure('NotSupportedError', `Unrecognized or unimplemented hash algorithm requested${jwk.alg}`);
  }
  const expected = `HS${StringPrototypeSlice(hashName, 4)}`;
  if (jwk.alg !== expected) {
    throw failure('DataError', 'HMAC "jwk" key import specifies "alg" that is incompatible with the hash name ' +
      `(encountered "${jwk.alg}", expected "${expected}").`);
  }
  return bytes;
}

const hmac = (key, hash, data) => hostCrypto(CODES.HMAC, hash.code, 0, 0, hash.size, key, data);

const HMAC = {
  __proto__: null,
  name: 'HMAC',
  importKey(format, data, wanted, extractable, list) {
    const bits = usageBits('HMAC', 'import secret', list, SIGN | VERIFY);
    const hashName = need(wanted, 'hash');
    if (format !== 'jwk' && format !== 'raw') unknownImportFormat(format);
    const bytes = format === 'jwk' ? readHmacJwk(data, hashName) : data;
    const size = TypedArrayGetByteLength(bytes) * 8;
    const length = wanted.length ?? size;
    if (length === 0 || length > size || length <= size - 8) {
      throw failure('DataError', `Imported HMAC key length (${length}) must be a non-zero value up to 7 bits less ` +
        `than, and no greater than, the bit length of the raw key data (${size}).`);
    }
    return hmacKey(this, extractable, bits, bytes, hashNamed(hashName), length);
  },
  generateKey(wanted, extractable, list) {
    const hash = hashNamed(need(wanted, 'hash'));
    const bits = usageBits('HMAC', 'generate', list, SIGN | VERIFY);
    const length = wanted.length ?? hash.block * 8;
    if (length <= 0) {
      throw failure('OperationError',
        `HMAC key length must be a non-zero unsigned long integer (requested ${length}).`);
    }
    return hmacKey(this, extractable, bits, randomBytes(MathFloor((length + 7) / 8)), hash, length);
  },
  exportKey(state, format) {
    if (format === 'raw') return bytesCopy(state.material);
    if (format !== 'jwk') throw failure('NotSupportedError', `Unimplemented key export format "${format}".`);
    const { name } = state.hash;
    if (!StringPrototypeStartsWith(name, 'SHA-')) {
      throw failure('NotSupportedError', `Unimplemented JWK key export format for key algorithm "${name}".`);
    }
    return newJwk(state, { kty: 'oct', alg: `HS${StringPrototypeSlice(name, 4)}`, k: base64urlEncode(state.material) });
  },
  sign: (state, algorithm, data) => hmac(state.material, state.hash, data),
  verify(state, algorithm, signature, data) {
    return native.sameBytes(hmac(state.material, state.hash, data), signature);
  },
};

// ---- keys from keys and passwords

const KDF_MAX = 1 << 20; // bytes, the host's

function kdfLength(name, length) {
  if (length === null) throw failure('OperationError', `${name} cannot derive a key with null length.`);
  if (length % 8) {
    throw failure('OperationError',
      `${name} requires a derived key length that is a multiple of eight (requested ${length}).`);
  }
  return length / 8;
}

function kdfAlgorithm(name, formatEnd, deriveBits) {
  return {
    __proto__: null,
    name,
    importKey(format, data, wanted, extractable, list) {
      const bits = usageBits(name, 'import secret', list, DERIVATION);
      if (extractable) throw failure('SyntaxError', `${name} key cannot be extractable.`);
      if (format !== 'raw') {
        throw failure('NotSupportedError',
          `${name} key must be imported in "raw" format (requested "${format}")${formatEnd}`);
      }
      return newKey(this, 'secret', false, bits, data);
    },
    deriveBits,
  };
}

function hkdf(hash, key, salt, info, size) {
  if (size > 255 * hash.size) return null;
  if (size === 0) return new Uint8ArrayConstructor(0);
  const result = hostCrypto(CODES.HKDF, hash.code, 0, 0, size, key, undefined, salt, info);
  return typeof result === 'number' ? null : result;
}

const HKDF = kdfAlgorithm('HKDF', '', (state, algorithm, length) => {
  const hash = hashNamed(need(algorithm, 'hash'));
  const salt = need(algorithm, 'salt');
  const info = need(algorithm, 'info');
  const bits = hkdf(hash, state.material, salt, info, kdfLength('HKDF', length));
  if (bits === null) throw failure('OperationError', 'HKDF deriveBits failed.');
  return bits;
});

function pbkdf2(hash, password, salt, iterations, size) {
  if (size > KDF_MAX) throw new RangeError('Pbkdf2 failed: derived key length exceeds maximum for this hash');
  if (size === 0) return new Uint8ArrayConstructor(0);
  return hostCrypto(CODES.PBKDF2, hash.code, iterations, 0, size, password, undefined, salt);
}

const PBKDF2 = kdfAlgorithm('PBKDF2', '.', (state, algorithm, length) => {
  const hash = hashNamed(need(algorithm, 'hash'));
  const salt = need(algorithm, 'salt');
  const iterations = need(algorithm, 'iterations');
  const size = kdfLength('PBKDF2', length);
  if (iterations <= 0) {
    throw failure('OperationError', `PBKDF2 requires a positive iteration count (requested ${iterations}).`);
  }
  return pbkdf2(hash, state.material, salt, iterations, size);
});
