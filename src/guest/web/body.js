// body.js: Body, what Request and Response have in common.
// A body is kept as it came: nothing (null), a string, bytes, or a net object (see worker.js) as its source; it becomes
// a ReadableStream only when the Worker asks for one. From then on the stream is the body and the source is null.
// Used: the source is USED, or the stream was read from.

const USED = Symbol('used');
const USED_MESSAGE =
  'Body has already been used. It can only be used once. Use tee() first if you need to read it twice.';
const TEXT_TYPE = 'text/plain;charset=UTF-8';
const FORM_TYPE = 'application/x-www-form-urlencoded;charset=UTF-8';

// The content type that the last extractBody() call found for its argument; null: none.
let extractedType = null;

function checkStreamBody(stream) {
  if (streamLocked(stream)) {
    throw new TypeError('This ReadableStream is locked to a reader, and cannot be used as a body.');
  }
  if (streamDisturbed(stream)) {
    throw new TypeError(
      'This ReadableStream is disturbed (has already been read from), and cannot be used as a body.');
  }
}

function isStringObject(body) {
  try {
    StringPrototypeValueOf(body);
    return true;
  } catch {
    return false;
  }
}

// What a Worker gave as a body: a string, bytes or a ReadableStream.
function extractBody(body) {
  extractedType = TEXT_TYPE;
  if (typeof body === 'string') return body;
  if (!isObject(body)) return `${body}`;
  extractedType = null;
  if (isReadableStream(body)) {
    checkStreamBody(body);
    return body;
  }
  const bytes = bytesBorrow(body);
  if (bytes !== null) return bytesCopy(bytes);
  const blob = blobBytes(body);
  if (blob !== null) {
    extractedType = blobType(body) || null;
    return bytesCopy(blob);
  }
  if (searchParamsList(body) !== null) {
    extractedType = FORM_TYPE;
    return native.formSerialize(searchParamsList(body));
  }
  if (formDataList(body) !== null) return extractForm(body);
  const iterable = body[SymbolAsyncIterator] != null || body[SymbolIterator] != null;
  if (iterable && !isStringObject(body)) return readableFrom(body);
  extractedType = TEXT_TYPE;
  return `${body}`;
}

function extractForm(form) {
  const boundary = formBoundary();
  extractedType = `multipart/form-data; boundary=${boundary}`;
  return formSerializeMultipart(formDataList(form), boundary);
}

const utf8Text = (bytes) => native.utf8Decode(bytes, false, false);

// A string as it would come back from UTF-8: no byte order mark, no lone surrogates.
function textOfString(string) {
  if (string !== '' && StringPrototypeCharCodeAt(string, 0) === 0xfeff) string = StringPrototypeSlice(string, 1);
  return StringPrototypeIsWellFormed(string) ? string : StringPrototypeToWellFormed(string);
}

// All the bytes of what takeBody() gave, in an array that belongs to the caller.
async function bytesOfTaken(taken) {
  if (taken === null) return new Uint8ArrayConstructor(0);
  if (typeof taken === 'string') return native.utf8Encode(taken);
  if (ArrayBufferIsView(taken)) return taken;
  return await readToEnd(isReadableStream(taken) ? streamToNetReader(taken, false) : taken);
}

let bodyTake; // (body, locked message) -> null | string | Uint8Array | net | ReadableStream, and the body is used
let bodyClone; // body -> the same kinds, for a second body; throws when the first is used or locked
let bodyIsUsed;
let bodyIsEmpty;
let bodyDropEmpty; // true: it had no bytes, and now it is none

class Body {
  #source = null;
  #stream = null;

  // content: null, a source, or a ReadableStream
  constructor(token, content) {
    if (token !== INTERNAL) throw new TypeError('Illegal constructor');
    if (typeof content !== 'string' && isReadableStream(content)) this.#stream = content;
    else this.#source = content;
  }

  static {
    bodyIsUsed = (body) => body.#source === USED || (body.#stream !== null && streamDisturbed(body.#stream));
    bodyIsEmpty = (body) => body.#source === null && body.#stream === null;
    bodyDropEmpty = (body) => {
      const source = body.#source;
      const empty = source === '' || (ArrayBufferIsView(source) && TypedArrayGetByteLength(source) === 0);
      if (empty) body.#source = null;
      return empty;
    };
    bodyTake = (body, lockedMessage) => {
      const source = body.#source;
      const stream = body.#stream;
      if (stream === null) {
        if (source === USED) throw new TypeError(USED_MESSAGE);
        if (source !== null) body.#source = USED;
        return source;
      }
      if (source === USED || streamDisturbed(stream)) throw new TypeError(USED_MESSAGE);
      if (streamLocked(stream)) throw new TypeError(lockedMessage);
      body.#source = USED;
      return streamTakeSource(stream) ?? stream;
    };
    bodyClone = (body) => {
      if (bodyIsUsed(body) || (body.#stream !== null && streamLocked(body.#stream))) {
        throw new TypeError('This ReadableStream is currently locked to a reader,');
      }
      if (body.#stream === null) {
        const source = body.#source;
        if (source === null || typeof source === 'string') return source;
        if (ArrayBufferIsView(source)) return bytesCopy(source);
        if (source.inline) return bytesCopy(source.inline);
        body.#stream = streamOfSource(source);
        body.#source = null;
      }
      const { 0: mine, 1: other } = readableTee(readableInside(body.#stream));
      body.#stream = mine;
      return other;
    };
  }

  get body() {
    if (this.#stream === null) {
      if (this.#source === null) return null;
      if (this.#source === USED) {
        this.#stream = streamUsedUp();
      } else {
        this.#stream = streamOfSource(this.#source);
        this.#source = null;
      }
    }
    return this.#stream;
  }
  get bodyUsed() {
    return bodyIsUsed(this);
  }
  // These return the promise of an async function as it is: a second promise around it would look up its then.
  async arrayBuffer() {
    return TypedArrayGetBuffer(await bodyBytes(this));
  }
  bytes() {
    return bodyBytes(this);
  }
  text() {
    return bodyText(this);
  }
  async json() {
    return JSONParse(await bodyText(this));
  }
  async blob() {
    const type = bodyContentType(this) ?? '';
    return new Blob(INTERNAL, await bodyBytes(this), type);
  }
  formData() {
    return parseForm(bodyContentType(this), () => bodyBytes(this));
  }
}
exposeIllegal(Body);

const LOCKED_MESSAGE = 'This ReadableStream is currently locked to a reader.';

async function bodyText(body) {
  const taken = bodyTake(body, LOCKED_MESSAGE);
  if (taken === null) return '';
  return typeof taken === 'string' ? textOfString(taken) : utf8Text(await bytesOfTaken(taken));
}

async function bodyBytes(body) {
  return bytesOwn(await bytesOfTaken(bodyTake(body, LOCKED_MESSAGE)));
}

function bodyContentType(body) {
  return listGet(isRequest(body) ? requestList(body) : responseList(body), 'content-type');
}
