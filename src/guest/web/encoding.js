// encoding.js: TextEncoder, TextDecoder and their streams: UTF-8, UTF-16 both ways, windows-1252.

// What bytes 80 to 9F are in windows-1252; all others are the character of the same number.
const WINDOWS_1252 = '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f' +
  '\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178';

const ENCODINGS = { __proto__: null };
for (const [encoding, labels] of [
  ['utf-8', 'unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8'],
  ['utf-16le', 'csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le'],
  ['utf-16be', 'unicodefffe utf-16be'],
  ['windows-1252', 'ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 ' +
    'iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252'],
]) {
  for (const label of labels.split(' ')) ENCODINGS[label] = encoding;
}

const LABEL = /^[\t\n\f\r ]*([^]*?)[\t\n\f\r ]*$/;
const CHUNK = 4096; // characters made by one call of String.fromCharCode

function stringOfCodes(codes) {
  if (codes.length <= CHUNK) return ReflectApply(StringFromCharCode, undefined, codes);
  let text = '';
  for (let i = 0; i < codes.length; i += CHUNK) {
    text += ReflectApply(StringFromCharCode, undefined, TypedArrayPrototypeSubarray(codes, i, i + CHUNK));
  }
  return text;
}

// table: the characters of 80 to 9F; null: Latin-1
function decodeSingleByte(bytes, table) {
  if (table === null) return stringOfCodes(bytes);
  const codes = new Uint16Array(bytes.length);
  TypedArrayPrototypeSet(codes, bytes);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code >= 0x80 && code < 0xa0) codes[i] = StringPrototypeCharCodeAt(table, code - 0x80);
  }
  return stringOfCodes(codes);
}

// How many bytes at the end begin a UTF-8 sequence that is not complete and may yet become one.
function utf8Incomplete(bytes) {
  const length = TypedArrayGetByteLength(bytes);
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back];
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const need = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return byte >= 0xc2 && byte <= 0xf4 && back < need && secondByteFits(byte, bytes, length - back + 1) ? back : 0;
  }
  return 0;
}

function secondByteFits(first, bytes, at) {
  if (at >= TypedArrayGetByteLength(bytes)) return true;
  const second = bytes[at];
  if (first === 0xe0) return second >= 0xa0;
  if (first === 0xed) return second < 0xa0;
  if (first === 0xf0) return second >= 0x90;
  if (first === 0xf4) return second < 0x90;
  return true;
}

const decodeFailure = () => new TypeError('Failed to decode input.');

function decodeUtf16(bytes, bigEndian, fatal) {
  const units = new Uint16Array(bytes.length >> 1);
  const low = bigEndian ? 1 : 0;
  for (let i = 0; i < units.length; i++) units[i] = bytes[2 * i + low] | (bytes[2 * i + 1 - low] << 8);
  const text = stringOfCodes(units);
  if (StringPrototypeIsWellFormed(text)) return text;
  if (fatal) throw decodeFailure();
  return StringPrototypeToWellFormed(text);
}

// How many bytes at the end of UTF-16 wait for more: half a unit, and a high surrogate.
function utf16Incomplete(bytes, bigEndian) {
  const length = TypedArrayGetByteLength(bytes);
  const odd = length & 1;
  const high = length - odd - (bigEndian ? 2 : 1);
  return high >= 0 && bytes[high] >= 0xd8 && bytes[high] < 0xdc ? odd + 2 : odd;
}

class TextDecoder {
  #encoding;
  #fatal;
  #ignoreBOM;
  #pending = null; // bytes of an incomplete sequence, while streaming
  #started = false; // the byte order mark is behind

  constructor(label = 'utf-8', options = undefined) {
    const wanted = `${label}`;
    const encoding = ENCODINGS[StringPrototypeToLowerCase(RegExpPrototypeExec(LABEL, wanted)[1])];
    if (encoding === undefined) throw new RangeError(`"${wanted}" is not a valid encoding.`);
    if (options != null && !isObject(options)) throw wrongParameter('TextDecoder', 2, 'ConstructorOptions');
    this.#encoding = encoding;
    this.#fatal = !!options?.fatal;
    this.#ignoreBOM = !!options?.ignoreBOM;
  }
  get encoding() {
    return this.#encoding;
  }
  get fatal() {
    return this.#fatal;
  }
  get ignoreBOM() {
    return this.#ignoreBOM;
  }

  #join(bytes) {
    const pending = this.#pending;
    if (pending === null) return bytes;
    this.#pending = null;
    return bytesConcat([pending, bytes], pending.length + TypedArrayGetByteLength(bytes));
  }
  #incomplete(bytes) {
    if (this.#encoding === 'utf-8') return utf8Incomplete(bytes);
    return this.#encoding === 'windows-1252' ? 0 : utf16Incomplete(bytes, this.#encoding === 'utf-16be');
  }
  #text(bytes, last) {
    switch (this.#encoding) {
      case 'utf-8':
        try {
          return native.utf8Decode(bytes, this.#fatal, true);
        } catch (error) {
          if (this.#fatal) throw decodeFailure();
          throw error;
        }
      case 'windows-1252':
        return decodeSingleByte(bytes, WINDOWS_1252);
      default: {
        const text = decodeUtf16(bytes, this.#encoding === 'utf-16be', this.#fatal);
        if (!last || (bytes.length & 1) === 0) return text;
        if (this.#fatal) throw decodeFailure();
        return `${text}\ufffd`;
      }
    }
  }
  decode(input = undefined, options = undefined) {
    let bytes = new Uint8ArrayConstructor(0);
    if (input !== undefined) {
      bytes = bytesBorrow(input);
      if (bytes === null && input instanceof SharedArrayBufferConstructor) bytes = new Uint8ArrayConstructor(input);
      if (bytes === null) needArguments(0, 1, 'decode', 'TextDecoder', 'Array');
    }
    const stream = !!options?.stream;
    bytes = this.#join(bytes);
    if (stream) {
      const hold = this.#incomplete(bytes);
      if (hold > 0) {
        const length = TypedArrayGetByteLength(bytes);
        this.#pending = bytesCopy(TypedArrayPrototypeSubarray(bytes, length - hold));
        bytes = TypedArrayPrototypeSubarray(bytes, 0, length - hold);
      }
    }
    let started = this.#started;
    this.#started = false;
    let text = this.#text(bytes, !stream);
    if (!started && text !== '') {
      started = true;
      const mark = StringPrototypeCharCodeAt(text, 0) === 0xfeff && this.#encoding !== 'windows-1252';
      if (mark && !this.#ignoreBOM) text = StringPrototypeSlice(text, 1);
    }
    this.#started = stream && started;
    return text;
  }
}
exposeInterface(TextDecoder);

class TextEncoder {
  get encoding() {
    return 'utf-8';
  }
  encode(input = '') {
    return native.utf8Encode(`${input}`);
  }
  encodeInto(source, destination) {
    needArguments(arguments.length, 2, 'encodeInto', 'TextEncoder', ['string', 'Uint8Array']);
    if (!ArrayBufferIsView(destination) || TypedArrayGetTag(destination) !== 'Uint8Array') {
      needArguments(1, 2, 'encodeInto', 'TextEncoder', ['string', 'Uint8Array']);
    }
    const [read, written] = native.utf8EncodeInto(`${source}`, destination);
    return { read, written };
  }
}
exposeInterface(TextEncoder);

const TextDecoderDecode = uncurryThis(TextDecoder.prototype.decode);
const STREAMING = ObjectFreeze({ __proto__: null, stream: true });

class TextDecoderStream {
  constructor(label = 'utf-8', options = undefined) {
    const decoder = new TextDecoder(label, options);
    const emit = (enqueue, text) => {
      if (text !== '') enqueue(text);
    };
    const inside = newTransform((chunk, enqueue) => {
      if (bytesBorrow(chunk) === null) {
        throw new TypeError(
          'This TransformStream is being used as a byte stream, but received a value that is not a BufferSource.');
      }
      emit(enqueue, TextDecoderDecode(decoder, chunk, STREAMING));
    }, (enqueue) => emit(enqueue, TextDecoderDecode(decoder)));
    inside.decoder = decoder;
    return newTransformStream(inside, new.target);
  }
  get encoding() {
    return TextDecoderGetEncoding(transformInside(this).decoder);
  }
  get fatal() {
    return TextDecoderGetFatal(transformInside(this).decoder);
  }
  get ignoreBOM() {
    return TextDecoderGetIgnoreBOM(transformInside(this).decoder);
  }
}
const TextDecoderGetEncoding = getterOf(TextDecoder.prototype, 'encoding');
const TextDecoderGetFatal = getterOf(TextDecoder.prototype, 'fatal');
const TextDecoderGetIgnoreBOM = getterOf(TextDecoder.prototype, 'ignoreBOM');
exposeTransform(TextDecoderStream);

class TextEncoderStream {
  constructor() {
    let held = ''; // a high surrogate that waits for its other half
    return newTransformStream(newTransform((chunk, enqueue) => {
      let text = held + `${chunk}`;
      const last = text === '' ? 0 : StringPrototypeCharCodeAt(text, text.length - 1);
      held = last >= 0xd800 && last < 0xdc00 ? text[text.length - 1] : '';
      if (held !== '') text = StringPrototypeSlice(text, 0, -1);
      if (text !== '') enqueue(native.utf8Encode(text));
    }, (enqueue) => {
      if (held !== '') enqueue(native.utf8Encode(held));
    }), new.target);
  }
  get encoding() {
    return 'utf-8';
  }
}
exposeTransform(TextEncoderStream);
