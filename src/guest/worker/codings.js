// codings.js: bodies with a content-encoding, as workerd treats them. What comes in is decoded when it is read, and goes out
// as it came when it is handed on unread under the same encoding. What a Worker answers with is encoded as its headers
// say, unless its encodeBody is "manual". Only the very words "gzip" and "br" count.

const GZIP = 0; // of compression.js's formats
const ENCODES = true;

const CODINGS = {
  __proto__: null,
  gzip: {
    open: (encodes) => native.zlibNew(GZIP, encodes),
    step: native.zlibStep,
    end: native.zlibEnd,
    failed: "Gzip decompression failed.",
    cut: "Gzip compressed stream ended prematurely.",
  },
  br: {
    open: native.brotliNew,
    step: native.brotliStep,
    end: native.brotliEnd,
    failed: "Brotli decompression failed.",
    cut: "Brotli compressed stream ended prematurely.",
  },
};
const codingOf = (headers) => CODINGS[listGet(headers, "content-encoding") ?? ""];

// Runs the bytes of `inner` (a source) through a codec, one piece of output for each read.
class CodedBody {
  constructor(coding, inner, encodes) {
    this.coding = coding;
    this.inner = inner;
    this.encodes = encodes;
    this.length = -1;
    this.inline = null;
    this.whole = true;
    this.codec = null;
    this.input = null; // the chunk at hand
    this.at = 0;
    this.inputOver = false;
    this.over = false;
  }
  get started() {
    return this.codec !== null;
  }
  async read() {
    this.codec ??= this.coding.open(this.encodes);
    for (;;) {
      if (this.inner.error) throw this.inner.error;
      if (this.over) return null;
      if (this.input === null && !this.inputOver) await this.fill();
      const output = this.step();
      if (output !== null) return output;
    }
  }
  async fill() {
    const inner = this.inner;
    if (inner.inline) {
      if (this.input === null && this.at === 0) {
        this.input = inner.inline;
        this.inputOver = true;
      }
      return;
    }
    this.input = await inner.read();
    this.at = 0;
    this.inputOver = this.input === null;
  }
  // The next output; null: none yet.
  step() {
    const input = this.input ?? NO_BYTES;
    let result;
    try {
      result = this.coding.step(this.codec, input, this.at, this.encodes && this.inputOver);
    } catch {
      throw this.fail(this.coding.failed);
    }
    const output = result[0], outcome = result[2];
    this.at = result[1];
    if (outcome === CODEC_ENDED) {
      this.ended(input);
    } else if (outcome !== CODEC_MORE) {
      if (this.inputOver && !this.encodes) throw this.fail(this.coding.cut);
      this.input = null;
    }
    return TypedArrayGetByteLength(output) > 0 ? output : null;
  }
  // The end of a gzip member or of a brotli stream; another may follow.
  ended(input) {
    this.coding.end(this.codec);
    if (this.encodes || this.at >= TypedArrayGetByteLength(input)) this.over = true;
    else this.codec = this.coding.open(false);
  }
  fail(message) {
    this.cancel(undefined);
    return new TypeError(message);
  }
  cancel(reason) {
    this.over = true;
    if (this.codec !== null) this.coding.end(this.codec);
    if (!this.inner.inline) this.inner.cancel(reason);
  }
}

// The body of an answer with these headers.
function decoded(headers, body) {
  const coding = body === null ? undefined : codingOf(headers);
  return coding === undefined ? body : new CodedBody(coding, body, !ENCODES);
}

// The body to send with these parts (responseParts), and perhaps other headers.
function encoded(parts) {
  const { body, headers } = parts;
  if (body === null || parts.manual) return body;
  const coding = codingOf(headers);
  if (coding === undefined) return body;
  if (body instanceof CodedBody && body.coding === coding && !body.started) return body.inner;
  return new CodedBody(coding, asSource(body), ENCODES);
}

function asSource(body) {
  if (typeof body === "string") return { __proto__: null, inline: native.utf8Encode(body) };
  if (ArrayBufferIsView(body)) return { __proto__: null, inline: body };
  return isReadableStream(body) ? streamToNetReader(body) : body;
}
