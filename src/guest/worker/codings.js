// codings.js: bodies with a content-encoding, as workerd treats them. What comes in is decoded when it is read, and goes out
// as it came when it is handed on unread under the same encoding. What a Worker answers with is encoded as its headers
// say, unless its encodeBody is "manual". Only the very word "gzip" counts.

const GZIP = 0; // of compression.js's formats
const ENCODES = true;

// Runs the bytes of `inner` (a source) through zlib, one piece of output for each read.
class CodedBody {
  constructor(inner, encodes) {
    this.inner = inner;
    this.encodes = encodes;
    this.length = -1;
    this.inline = null;
    this.whole = true;
    this.zlib = null;
    this.input = null; // the chunk at hand
    this.at = 0;
    this.inputOver = false;
    this.over = false;
  }
  get started() {
    return this.zlib !== null;
  }
  async read() {
    this.zlib ??= native.zlibNew(GZIP, this.encodes);
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
      result = native.zlibStep(this.zlib, input, this.at, this.encodes && this.inputOver);
    } catch {
      throw this.fail("Gzip decompression failed.");
    }
    const output = result[0], outcome = result[2];
    this.at = result[1];
    if (outcome === CODEC_ENDED) {
      this.ended(input);
    } else if (outcome !== CODEC_MORE) {
      if (this.inputOver && !this.encodes) throw this.fail("Gzip compressed stream ended prematurely.");
      this.input = null;
    }
    return TypedArrayGetByteLength(output) > 0 ? output : null;
  }
  // The end of a gzip member; another may follow.
  ended(input) {
    native.zlibEnd(this.zlib);
    if (this.encodes || this.at >= TypedArrayGetByteLength(input)) this.over = true;
    else this.zlib = native.zlibNew(GZIP, false);
  }
  fail(message) {
    this.cancel(undefined);
    return new TypeError(message);
  }
  cancel(reason) {
    this.over = true;
    if (this.zlib !== null) native.zlibEnd(this.zlib);
    if (!this.inner.inline) this.inner.cancel(reason);
  }
}

// The body of an answer with these headers.
function decoded(headers, body) {
  if (body === null || listGet(headers, "content-encoding") !== "gzip") return body;
  return new CodedBody(body, !ENCODES);
}

// The body to send with these parts (responseParts), and perhaps other headers.
function encoded(parts) {
  const { body, headers } = parts;
  if (body === null || parts.manual) return body;
  const coding = listGet(headers, "content-encoding");
  if (coding === "gzip") {
    if (body instanceof CodedBody && !body.started) return body.inner;
    return new CodedBody(asSource(body), ENCODES);
  }
  // it cannot be encoded so here: it goes out plain, and says so
  if (coding === "br") {
    parts.headers = ArrayPrototypeSlice(headers);
    listDelete(parts.headers, "content-encoding");
  }
  return body;
}

function asSource(body) {
  if (typeof body === "string") return { __proto__: null, inline: native.utf8Encode(body) };
  if (ArrayBufferIsView(body)) return { __proto__: null, inline: body };
  return isReadableStream(body) ? streamToNetReader(body) : body;
}
