// encoding.js: TextEncoder, TextDecoder and their streams. UTF-8 is decoded by text.c, everything else by encodings.c.

const UTF8 = 0; // the kind of the encoding, as encodings.c counts
const LAST_UNICODE = 2; // of the kinds that may begin with a byte order mark: utf-8, utf-16le, utf-16be
const LABEL = /^[\t\n\f\r ]*([^]*?)[\t\n\f\r ]*$/;

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

class TextDecoder {
  #encoding;
  #kind;
  #fatal;
  #ignoreBOM;
  #pending = null; // while streaming: bytes of an incomplete sequence of UTF-8, or what encodings.c keeps
  #started = false; // the byte order mark is behind

  constructor(label = 'utf-8', options = undefined) {
    const wanted = `${label}`;
    if (options != null && !isObject(options)) throw wrongParameter('TextDecoder', 2, 'ConstructorOptions');
    const found = native.encodingOf(StringPrototypeToLowerCase(RegExpPrototypeExec(LABEL, wanted)[1]));
    if (found === undefined) throw new RangeError(`"${wanted}" is not a valid encoding.`);
    this.#encoding = found[0];
    this.#kind = found[1];
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

  #utf8(bytes, more) {
    const pending = this.#pending;
    if (pending !== null) {
      this.#pending = null;
      bytes = bytesConcat([pending, bytes], TypedArrayGetByteLength(pending) + TypedArrayGetByteLength(bytes));
    }
    const hold = more ? utf8Incomplete(bytes) : 0;
    if (hold > 0) {
      const length = TypedArrayGetByteLength(bytes);
      this.#pending = bytesCopy(bytesPart(bytes, length - hold));
      bytes = bytesPart(bytes, 0, length - hold);
    }
    try {
      return native.utf8Decode(bytes, this.#fatal, true);
    } catch (error) {
      if (this.#fatal) throw decodeFailure();
      throw error;
    }
  }
  decode(input = undefined, options = undefined) {
    let bytes = NO_INPUT;
    if (input !== undefined) {
      bytes = bytesBorrow(input);
      if (bytes === null) needArguments(0, 1, 'decode', 'TextDecoder', 'Array');
    }
    const more = !!options?.stream;
    let started = this.#started;
    this.#started = false;
    let text;
    if (this.#kind === UTF8) text = this.#utf8(bytes, more);
    else text = native.legacyDecode(this.#kind, bytes, (this.#pending ??= new Uint8ArrayConstructor(8)), this.#fatal, more);
    if (!started && text !== '') {
      started = true;
      const mark = this.#kind <= LAST_UNICODE && StringPrototypeCharCodeAt(text, 0) === 0xfeff;
      if (mark && !this.#ignoreBOM) text = StringPrototypeSlice(text, 1);
    }
    this.#started = more && started;
    return text;
  }
}
const NO_INPUT = new Uint8Array(0);
exposeInterface(TextDecoder);

class TextEncoder {
  #own = true;
  get encoding() {
    this.#own;
    return 'utf-8';
  }
  encode(input = '') {
    this.#own;
    return native.utf8Encode(`${input}`);
  }
  encodeInto(source, destination) {
    this.#own;
    needArguments(arguments.length, 2, 'encodeInto', 'TextEncoder', ['string', 'Uint8Array']);
    if (!ArrayBufferIsView(destination) || TypedArrayGetTag(destination) !== 'Uint8Array') {
      needArguments(1, 2, 'encodeInto', 'TextEncoder', ['string', 'Uint8Array']);
    }
    const { 0: read, 1: written } = native.utf8EncodeInto(`${source}`, destination);
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
    transformInside(this);
    return 'utf-8';
  }
}
exposeTransform(TextEncoderStream);
