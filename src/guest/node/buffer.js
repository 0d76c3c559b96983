// buffer.js: what Node.js's Buffer and StringDecoder do natively there, over the guest's bytes.c.

const BUFFER_ENCODINGS = ['ascii', 'utf8', 'base64', 'utf16le', 'latin1', 'hex', 'buffer', 'base64url'];
const [ENC_ASCII, ENC_UTF8, ENC_BASE64, ENC_UTF16, ENC_LATIN1, ENC_HEX, , ENC_BASE64URL] = [0, 1, 2, 3, 4, 5, 6, 7];

const TypedArrayPrototypeFill = uncurryThis(TypedArrayPrototype.fill);
const TypedArrayPrototypeCopyWithin = uncurryThis(TypedArrayPrototype.copyWithin);
const TypedArrayPrototypeIndexOf = uncurryThis(TypedArrayPrototype.indexOf);
const TypedArrayPrototypeLastIndexOf = uncurryThis(TypedArrayPrototype.lastIndexOf);

const toNumber = (value) => (typeof value === 'number' || value === undefined ? value : +value);
const slicer = (encoding) => (buffer, start, end) =>
  native.bytesToText(bytesBorrow(buffer), encoding, toNumber(start), toNumber(end));
const writer = (encoding) => (buffer, string, offset, length) =>
  native.textToBytes(`${string}`, encoding, bytesBorrow(buffer), toNumber(offset), toNumber(length));

function textBytes(text, encoding) {
  const bytes = new Uint8ArrayConstructor(encoding === ENC_UTF16 ? text.length * 2 : text.length * 3);
  return bytesPart(bytes, 0, native.textToBytes(text, encoding, bytes, 0, undefined));
}

// -1: no such value; -2: the bounds are wrong (Node's own numbers)
function fillBytes(buffer, value, start, end, encoding) {
  const bytes = bytesBorrow(buffer);
  const size = TypedArrayGetByteLength(bytes);
  if (start < 0 || end > size) return -2;
  if (start >= end) return undefined;
  if (typeof value === 'number' || typeof value === 'boolean') {
    TypedArrayPrototypeFill(bytes, value & 255, start, end);
    return undefined;
  }
  const number = encodingNumber(encoding);
  const pattern = typeof value === 'string' ? textBytes(value, number) : bytesBorrow(value);
  if (number === ENC_HEX && typeof value === 'string' && TypedArrayGetByteLength(pattern) * 2 !== value.length) {
    throw new TypeError('The text is not valid hex');
  }
  let have = MathMin(TypedArrayGetByteLength(pattern), end - start);
  if (have === 0) return -1;
  TypedArrayPrototypeSet(bytes, bytesPart(pattern, 0, have), start);
  while (start + have < end) {
    const more = MathMin(have, end - start - have);
    TypedArrayPrototypeCopyWithin(bytes, start + have, start, start + more);
    have += more;
  }
  return undefined;
}

function encodingNumber(encoding) {
  switch (typeof encoding === 'string' ? StringPrototypeToLowerCase(encoding) : 'utf8') {
    case 'ascii': return ENC_ASCII;
    case 'base64': return ENC_BASE64;
    case 'base64url': return ENC_BASE64URL;
    case 'hex': return ENC_HEX;
    case 'latin1': case 'binary': return ENC_LATIN1;
    case 'ucs2': case 'ucs-2': case 'utf16le': case 'utf-16le': return ENC_UTF16;
    default: return ENC_UTF8;
  }
}

// Where to begin to look: negative offsets count from the end. -1: nowhere.
function searchStart(size, needle, offset, forward) {
  if (offset < 0) offset += size;
  if (offset < 0) return forward ? 0 : -1;
  if (offset > size - needle) return forward ? -1 : size - needle;
  return offset;
}

const upTo = (buffer, end) => {
  const bytes = bytesBorrow(buffer);
  return end < TypedArrayGetByteLength(bytes) ? bytesPart(bytes, 0, MathMax(end, 0)) : bytes;
};

function indexOfBytes(buffer, needle, offset, encoding, forward, end) {
  const bytes = upTo(buffer, end);
  const size = TypedArrayGetByteLength(bytes), length = TypedArrayGetByteLength(needle);
  if (length === 0) return MathMin(MathMax(offset < 0 ? offset + size : offset, 0), size);
  const from = searchStart(size, length, offset, forward);
  if (from < 0 || size === 0) return -1;
  const step = encoding === ENC_UTF16 ? 2 : 1;
  return native.findBytes(bytes, needle, from - from % step, forward, step);
}

function indexOfNumber(buffer, number, offset, forward, end) {
  const bytes = upTo(buffer, end);
  const size = TypedArrayGetByteLength(bytes);
  const from = searchStart(size, 1, offset, forward);
  if (from < 0 || size === 0) return -1;
  return forward ? TypedArrayPrototypeIndexOf(bytes, number & 255, from) :
    TypedArrayPrototypeLastIndexOf(bytes, number & 255, from);
}

function swapBytes(buffer, width) {
  const bytes = bytesBorrow(buffer);
  for (let at = 0; at + width <= bytes.length; at += width) {
    for (let i = 0; i < width / 2; i++) {
      const other = at + width - 1 - i;
      const byte = bytes[at + i];
      bytes[at + i] = bytes[other];
      bytes[other] = byte;
    }
  }
  return buffer;
}

function isUtf8(value) {
  const bytes = bytesBorrow(value);
  if (bytes === null) needArguments(0, 1, 'isUtf8', 'BufferUtil', 'Uint8Array');
  try {
    native.utf8Decode(bytes, true, true);
    return true;
  } catch {
    return false;
  }
}

// Of node:buffer, whatever they are called on.
const base64Functions = {
  atob(data) { return ReflectApply(functions.atob, undefined, arguments); },
  btoa(data) { return ReflectApply(functions.btoa, undefined, arguments); },
};

function isAscii(value) {
  const bytes = bytesBorrow(value);
  if (bytes === null) needArguments(0, 1, 'isAscii', 'BufferUtil', 'Uint8Array');
  for (let i = 0; i < bytes.length; i++) if (bytes[i] > 127) return false;
  return true;
}

const bufferBinding = {
  __proto__: null,
  kMaxLength: 2147483647,
  kStringMaxLength: 536870888,
  asciiSlice: slicer(ENC_ASCII),
  base64Slice: slicer(ENC_BASE64),
  base64urlSlice: slicer(ENC_BASE64URL),
  latin1Slice: slicer(ENC_LATIN1),
  hexSlice: slicer(ENC_HEX),
  ucs2Slice: slicer(ENC_UTF16),
  utf8Slice: slicer(ENC_UTF8),
  asciiWriteStatic: writer(ENC_LATIN1),
  base64Write: writer(ENC_BASE64),
  base64urlWrite: writer(ENC_BASE64URL),
  latin1WriteStatic: writer(ENC_LATIN1),
  hexWrite: writer(ENC_HEX),
  ucs2Write: writer(ENC_UTF16),
  utf8WriteStatic: writer(ENC_UTF8),
  createUnsafeArrayBuffer: (size) => new ArrayBuffer(size),
  setDetachKey() {},
  byteLengthUtf8: (text) => native.utf8Length(text),
  compare: (a, b) => native.compareBytes(bytesBorrow(a), bytesBorrow(b)),
  compareOffset(a, b, bStart, aStart, bEnd, aEnd) {
    return native.compareBytes(bytesPart(bytesBorrow(a), aStart, aEnd),
      bytesPart(bytesBorrow(b), bStart, bEnd));
  },
  copy(source, target, targetStart, sourceStart, count) {
    TypedArrayPrototypeSet(bytesBorrow(target),
      bytesPart(bytesBorrow(source), sourceStart, sourceStart + count), targetStart);
    return count;
  },
  fill: fillBytes,
  isAscii,
  isUtf8,
  indexOfBuffer: (buffer, value, offset, encoding, forward, end) =>
    indexOfBytes(buffer, bytesBorrow(value), offset, encoding, forward, end),
  indexOfNumber,
  indexOfString: (buffer, text, offset, encoding, forward, end) =>
    indexOfBytes(buffer, textBytes(text, encoding), offset, encoding, forward, end),
  swap16: (buffer) => swapBytes(buffer, 2),
  swap32: (buffer) => swapBytes(buffer, 4),
  swap64: (buffer) => swapBytes(buffer, 8),
  ...base64Functions,
};

// ---- StringDecoder. Its state is a Buffer: 0-3 the bytes of a character begun, 4 how many are missing, 5 how many are
// there, 6 the encoding.

const DECODER_MISSING = 4, DECODER_HAVE = 5, DECODER_ENCODING = 6;

// How many bytes the character takes that begins with this byte.
const utf8Width = (byte) => (byte >= 0xf0 && byte < 0xf5 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1);

// How many bytes at the end belong to a character that is not whole, and how many it still wants.
function unfinished(bytes, encoding) {
  const size = bytes.length;
  if (encoding === ENC_UTF8) {
    for (let back = 1; back <= 3 && back <= size; back++) {
      const byte = bytes[size - back];
      if ((byte & 0xc0) === 0x80) continue;
      const width = byte < 0xf5 ? utf8Width(byte) : 1;
      return width > back ? [back, width - back] : [0, 0];
    }
    return [0, 0];
  }
  if (encoding === ENC_UTF16) {
    if (size % 2 === 1) return [1, 1];
    if (size >= 2 && (bytes[size - 1] & 0xfc) === 0xd8) return [2, 2];
    return [0, 0];
  }
  const rest = size % 3;
  return rest === 0 ? [0, 0] : [rest, 3 - rest];
}

const splitsCharacters = (encoding) =>
  encoding === ENC_UTF8 || encoding === ENC_UTF16 || encoding === ENC_BASE64 || encoding === ENC_BASE64URL;

function decodeText(state, chunk) {
  const encoding = state[DECODER_ENCODING];
  let bytes = bytesBorrow(chunk);
  if (!splitsCharacters(encoding)) return native.bytesToText(bytes, encoding, 0, undefined);
  const have = state[DECODER_HAVE];
  if (have > 0) {
    const joined = new Uint8ArrayConstructor(have + bytes.length);
    for (let i = 0; i < have; i++) joined[i] = state[i];
    TypedArrayPrototypeSet(joined, bytes, have);
    bytes = joined;
  }
  const { 0: left, 1: missing } = unfinished(bytes, encoding);
  const end = bytes.length - left;
  for (let i = 0; i < left; i++) state[i] = bytes[end + i];
  state[DECODER_HAVE] = left;
  state[DECODER_MISSING] = missing;
  return native.bytesToText(bytes, encoding, 0, end);
}

function flushText(state) {
  const encoding = state[DECODER_ENCODING];
  let have = state[DECODER_HAVE];
  if (encoding === ENC_UTF16 && have % 2 === 1) have--;
  state[DECODER_HAVE] = 0;
  state[DECODER_MISSING] = 0;
  return native.bytesToText(bytesBorrow(state), encoding, 0, have);
}

const decoderBinding = {
  __proto__: null,
  encodings: BUFFER_ENCODINGS,
  kIncompleteCharactersStart: 0,
  kIncompleteCharactersEnd: 4,
  kMissingBytes: DECODER_MISSING,
  kBufferedBytes: DECODER_HAVE,
  kEncodingField: DECODER_ENCODING,
  kNumFields: 7,
  kSize: 7,
  decode: decodeText,
  flush: flushText,
};

// ---- transcode(): between these only

const TRANSCODABLE = { __proto__: null, 'ascii': ENC_ASCII, 'us-ascii': ENC_ASCII, 'utf8': ENC_UTF8, 'utf-8': ENC_UTF8,
  'latin1': ENC_LATIN1, 'binary': ENC_LATIN1, 'ucs2': ENC_UTF16, 'ucs-2': ENC_UTF16, 'utf16le': ENC_UTF16,
  'utf-16le': ENC_UTF16 };
