// crypto_encoding.js: how keys are written: base64url (JWK) and DER (SubjectPublicKeyInfo, PrivateKeyInfo). The host is
// given numbers and points only, so that no encoding that a Worker made is read outside its isolate.

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function base64urlEncode(bytes) {
  const size = TypedArrayGetByteLength(bytes);
  let text = '';
  for (let i = 0; i < size; i += 3) {
    const three = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += BASE64URL[three >> 18] + BASE64URL[(three >> 12) & 63];
    if (i + 1 < size) text += BASE64URL[(three >> 6) & 63];
    if (i + 2 < size) text += BASE64URL[three & 63];
  }
  return text;
}

function base64Digit(code) {
  if (code >= 65 && code <= 90) return code - 65;
  if (code >= 97 && code <= 122) return code - 71;
  if (code >= 48 && code <= 57) return code + 4;
  if (code === 45 || code === 43) return 62;
  return code === 95 || code === 47 ? 63 : -1;
}

// With either alphabet, padded or not; undefined: it is none.
function base64urlDecode(text) {
  let length = text.length;
  if (length % 4 === 0 && length > 0 && text[length - 1] === '=') length -= text[length - 2] === '=' ? 2 : 1;
  if (length % 4 === 1) return undefined;
  const bytes = new Uint8ArrayConstructor(length * 3 >> 2);
  let bits = 0;
  let at = 0;
  for (let i = 0; i < length; i++) {
    const digit = base64Digit(StringPrototypeCharCodeAt(text, i));
    if (digit < 0) return undefined;
    bits = (bits << 6) | digit;
    if (i % 4 !== 0) bytes[at++] = bits >> (6 - 2 * (i % 4));
  }
  return bytes;
}

// ---- DER, written

const DER_INTEGER = 2;
const DER_BITS = 3;
const DER_BYTES = 4;
const DER_NULL = 5;
const DER_OID = 6;
const DER_SEQUENCE = 0x30;
const DER_TAGGED_0 = 0xa0;
const DER_TAGGED_1 = 0xa1;

function bytesJoin(...parts) {
  let total = 0;
  for (let i = 0; i < parts.length; i++) total += TypedArrayGetByteLength(parts[i]);
  const all = new Uint8ArrayConstructor(total);
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    TypedArrayPrototypeSet(all, parts[i], at);
    at += TypedArrayGetByteLength(parts[i]);
  }
  return all;
}

function der(tag, ...parts) {
  const content = ReflectApply(bytesJoin, undefined, parts);
  const size = TypedArrayGetByteLength(content);
  const head = size < 128 ? [tag, size] : size < 256 ? [tag, 0x81, size] : [tag, 0x82, size >> 8, size & 255];
  return bytesJoin(byteList(head), content);
}

function byteList(list) {
  const bytes = new Uint8ArrayConstructor(list.length);
  for (let i = 0; i < list.length; i++) bytes[i] = list[i];
  return bytes;
}

const derSmall = (number) => byteList([DER_INTEGER, 1, number]);
const derNumber = (bytes) => (bytes[0] & 0x80 ? der(DER_INTEGER, byteList([0]), bytes) : der(DER_INTEGER, bytes));
const derBits = (bytes) => der(DER_BITS, byteList([0]), bytes);

// ---- DER, read: a place in bytes that moves; anything that is not DER, or not what is looked for, is undefined

const derReader = (bytes) => ({ __proto__: null, bytes, at: 0, end: TypedArrayGetByteLength(bytes) });

function derLength(reader) {
  const { bytes } = reader;
  const first = bytes[reader.at++];
  if (first < 128) return first;
  const count = first & 127;
  if (count < 1 || count > 3 || reader.at + count > reader.end || bytes[reader.at] === 0) return -1;
  let length = 0;
  for (let i = 0; i < count; i++) length = length * 256 + bytes[reader.at++];
  return length < 128 ? -1 : length;
}

// The content of the next element, if it has this tag.
function derTake(reader, tag) {
  if (reader === undefined || reader.end - reader.at < 2 || reader.bytes[reader.at] !== tag) return undefined;
  reader.at++;
  const length = derLength(reader);
  if (length < 0 || length > reader.end - reader.at) return undefined;
  const content = bytesPart(reader.bytes, reader.at, reader.at + length);
  reader.at += length;
  return content;
}

function derInside(reader, tag) {
  const content = derTake(reader, tag);
  return content && derReader(content);
}

const derAtEnd = (reader) => reader.at === reader.end;

// A number that is not negative, without leading zeros (zero is one byte).
function derTakeNumber(reader) {
  const bytes = derTake(reader, DER_INTEGER);
  const size = bytes && TypedArrayGetByteLength(bytes);
  if (!size || bytes[0] & 0x80) return undefined;
  if (size > 1 && bytes[0] === 0) return bytes[1] & 0x80 ? bytesPart(bytes, 1) : undefined;
  return bytes;
}

function derTakeSmall(reader, wanted) {
  const bytes = derTakeNumber(reader);
  return bytes !== undefined && TypedArrayGetByteLength(bytes) === 1 && bytes[0] === wanted;
}

function derTakeBits(reader) {
  const bytes = derTake(reader, DER_BITS);
  return bytes && bytes[0] === 0 ? bytesPart(bytes, 1) : undefined;
}

// ---- object identifiers, as the hexadecimal digits of their content

const OID_RSA = '2a864886f70d010101';
const OID_EC = '2a8648ce3d0201';
const OIDS_OKP = ['2b6570', '2b656e'];
const OIDS_CURVES = ['2a8648ce3d030107', '2b81040022', '2b81040023'];

function hexEncode(bytes) {
  const size = TypedArrayGetByteLength(bytes);
  let text = '';
  for (let i = 0; i < size; i++) text += HEX[bytes[i] >> 4] + HEX[bytes[i] & 15];
  return text;
}

function derOid(hex) {
  const bytes = new Uint8ArrayConstructor(hex.length / 2);
  for (let i = 0; i < hex.length; i++) bytes[i >> 1] = (bytes[i >> 1] << 4) | StringPrototypeIndexOf(HEX, hex[i]);
  return der(DER_OID, bytes);
}

function derTakeOid(reader) {
  const bytes = derTake(reader, DER_OID);
  return bytes && hexEncode(bytes);
}

// ---- the two containers: { kind: 'rsa' | 'ec' | 'okp', curve, content }, or undefined

function derTakeAlgorithm(reader) {
  const inside = derInside(reader, DER_SEQUENCE);
  const oid = derTakeOid(inside);
  if (oid === OID_RSA) {
    const parameters = derTake(inside, DER_NULL);
    return parameters && TypedArrayGetByteLength(parameters) === 0 && derAtEnd(inside) ?
      { __proto__: null, kind: 'rsa', curve: 0 } : undefined;
  }
  if (oid === OID_EC) {
    const curve = indexOf(OIDS_CURVES, derTakeOid(inside));
    return curve >= 0 && derAtEnd(inside) ? { __proto__: null, kind: 'ec', curve } : undefined;
  }
  const curve = indexOf(OIDS_OKP, oid);
  return curve >= 0 && derAtEnd(inside) ? { __proto__: null, kind: 'okp', curve } : undefined;
}

function indexOf(list, value) {
  for (let i = 0; i < list.length; i++) if (list[i] === value) return i;
  return -1;
}

function spkiRead(reader) {
  const inside = derInside(reader, DER_SEQUENCE);
  const found = derTakeAlgorithm(inside);
  const content = found && derTakeBits(inside);
  return content && derAtEnd(inside) ? { __proto__: null, kind: found.kind, curve: found.curve, content } : undefined;
}

// Attributes, which may follow, say nothing.
function pkcs8Read(reader) {
  const inside = derInside(reader, DER_SEQUENCE);
  if (!derTakeSmall(inside, 0)) return undefined;
  const found = derTakeAlgorithm(inside);
  const content = found && derTake(inside, DER_BYTES);
  return content && { __proto__: null, kind: found.kind, curve: found.curve, content };
}

const derAlgorithm = (kind, curve) => (kind === 'rsa' ? der(DER_SEQUENCE, derOid(OID_RSA), der(DER_NULL)) :
  kind === 'ec' ? der(DER_SEQUENCE, derOid(OID_EC), derOid(OIDS_CURVES[curve])) :
    der(DER_SEQUENCE, derOid(OIDS_OKP[curve])));
const spkiWrite = (kind, curve, content) => der(DER_SEQUENCE, derAlgorithm(kind, curve), derBits(content));
const pkcs8Write = (kind, curve, content) =>
  der(DER_SEQUENCE, derSmall(0), derAlgorithm(kind, curve), der(DER_BYTES, content));
