// sources.js: streams over a source of bytes: bodies, and the readable sides of the byte channels (sinks.js).
// A source is a string, bytes, or an object with read() -> promise of bytes or null at the end, cancel(reason), and
// perhaps: inline, all of it as bytes; length, how many bytes it will give; consumed(), told when a chunk is used up;
// whole, true when a chunk is given as it came rather than in pieces.
// As long as nobody has read from such a stream it can be handed on whole (new Response(request.body)): the source
// goes on and the bytes never pass through a stream.

const PIECE = 4096; // what a read gives at most, as in workerd
const SINGLE_READ = 'This ReadableStream only supports a single pending read request at a time.';
const OUTSTANDING = 'Cannot call releaseLock() on a reader with outstanding read promises.';

const isStatic = (source) => typeof source === 'string' || ArrayBufferIsView(source) || source.inline != null;

// All the bytes of a source that has them already.
function staticBytes(source) {
  if (typeof source === 'string') return native.utf8Encode(source);
  return ArrayBufferIsView(source) ? source : source.inline;
}

class SourceController {
  constructor(stream, source) {
    this.stream = stream;
    this.source = source;
    this.rest = null; // of the chunk at hand
    this.waiting = null; // the one request, with { into, filled, least } when it brought a buffer
    stream.controller = this;
  }
  emptyView(into) {
    return bytesAt(into.buffer, into.offset, 0);
  }
  // How many bytes are to come, if that is known.
  knownLength() {
    const { source } = this;
    if (source === null) return undefined;
    return isStatic(source) ? TypedArrayGetByteLength(staticBytes(source)) : source.length;
  }
  read(request) {
    this.ask({ __proto__: null, request, into: null, filled: 0, least: 0 });
  }
  readInto(into, least, request) {
    this.ask({ __proto__: null, request, into, filled: 0, least });
  }
  ask(waiting) {
    if (this.waiting !== null) {
      waiting.request.error(new TypeError(SINGLE_READ));
      return;
    }
    this.waiting = waiting;
    this.advance();
  }
  advance() {
    const source = this.source;
    if (this.rest !== null) {
      this.deliver();
    } else if (source === null) {
      this.end();
    } else if (isStatic(source)) {
      this.source = null;
      this.take(staticBytes(source));
    } else {
      PromisePrototypeThen(source.read(), (chunk) => {
        if (chunk === null) this.end();
        else this.take(chunk);
      }, (error) => this.stream.error(error));
    }
  }
  take(chunk) {
    if (this.stream.state !== 'readable') return;
    this.rest = chunk;
    if (TypedArrayGetByteLength(chunk) === 0) this.used();
    if (this.waiting !== null) this.advance();
  }
  used() {
    this.rest = null;
    this.source?.consumed?.();
  }
  deliver() {
    const { request, into } = this.waiting;
    if (into !== null) {
      this.deliverInto();
      return;
    }
    const rest = this.rest;
    this.waiting = null;
    if (request.whole || this.source?.whole || TypedArrayGetByteLength(rest) <= PIECE) {
      this.used();
      request.chunk(bytesOwn(rest));
    } else {
      this.rest = bytesPart(rest, PIECE);
      request.chunk(bytesCopy(bytesPart(rest, 0, PIECE)));
    }
  }
  deliverInto() {
    const waiting = this.waiting;
    const { into, request } = waiting;
    const length = TypedArrayGetByteLength(this.rest);
    const count = MathMin(length, into.length - waiting.filled);
    TypedArrayPrototypeSet(bytesAt(into.buffer, into.offset + waiting.filled, count),
      bytesPart(this.rest, 0, count));
    waiting.filled += count;
    if (count === length) this.used();
    else this.rest = bytesPart(this.rest, count);
    if (waiting.filled < waiting.least) {
      this.advance();
    } else {
      this.waiting = null;
      request.chunk(bytesAt(into.buffer, into.offset, waiting.filled));
    }
  }
  end() {
    const waiting = this.waiting;
    this.waiting = null;
    this.source = null;
    if (waiting !== null && waiting.filled > 0) {
      waiting.request.chunk(bytesAt(waiting.into.buffer, waiting.into.offset, waiting.filled));
      return;
    }
    if (this.stream.state === 'readable') this.stream.close();
    waiting?.request.close(waiting.into === null ? undefined : this.emptyView(waiting.into));
  }
  forget() {
    const waiting = this.waiting;
    this.waiting = this.rest = this.source = null;
    waiting?.request.error(this.stream.failure);
  }
  cancel(reason) {
    const { source, waiting } = this;
    this.waiting = this.rest = this.source = null;
    waiting?.request.close(undefined);
    if (source !== null && !isStatic(source)) source.cancel(reason);
    return promiseResolved(undefined);
  }
  release(force = false) {
    if (this.waiting !== null && !force) throw new TypeError(OUTSTANDING);
    this.waiting = null;
  }
}

function readableOfSource(source) {
  const stream = new Readable();
  new SourceController(stream, source);
  return stream;
}

// Bytes that may be handed over with their buffer: itself when it fills its buffer, else a copy.
function bytesOwn(bytes) {
  return TypedArrayGetByteLength(bytes) === ArrayBufferGetByteLength(TypedArrayGetBuffer(bytes)) ? bytes :
    bytesCopy(bytes);
}

// ---- for bodies

const streamOfSource = (source) => new ReadableStream(INTERNAL, readableOfSource(source));
const streamDisturbed = (stream) => readableInside(stream).disturbed;
const streamLocked = (stream) => readableInside(stream).reader !== null;

// The source of a stream that nobody has read, leaving the stream locked and disturbed; undefined when it has none.
function takeSource(inside) {
  if (inside.disturbed || inside.reader !== null || inside.state !== 'readable') return undefined;
  const controller = inside.controller;
  if (!(controller instanceof SourceController) || controller.source === null) return undefined;
  const source = controller.source;
  new Reader(inside, false);
  inside.disturbed = true;
  controller.source = null;
  return source;
}

const streamTakeSource = (stream) => takeSource(readableInside(stream));

// A body that was used up, for those who ask for its stream afterwards.
function streamUsedUp() {
  const stream = readableOfSource('');
  stream.cancel(undefined);
  new Reader(stream, false);
  return new ReadableStream(INTERNAL, stream);
}

// A request of the platform's own: chunks come whole and as they are, and no result objects are made.
class WholeRequest {
  constructor(resolve, reject) {
    this.resolve = resolve;
    this.error = reject;
    this.whole = true;
  }
  chunk(value) {
    this.resolve({ __proto__: null, done: false, value });
  }
  close() {
    this.resolve({ __proto__: null, done: true, value: undefined });
  }
}

// A source over any stream: read() gives a Uint8Array, null at the end; it rejects when the stream fails or yields
// something that is not bytes. Strings are let through as UTF-8 when textToo is true.
function streamToNetReader(stream, textToo = true) {
  const reader = new Reader(readableInside(stream), false);
  const nextChunk = () => new PromiseConstructor((resolve, reject) => reader.read(new WholeRequest(resolve, reject)));
  return {
    __proto__: null,
    inline: null,
    length: -1,
    whole: true,
    async read() {
      for (;;) {
        const { done, value } = await nextChunk();
        if (done) return null;
        const bytes = textToo && typeof value === 'string' ? native.utf8Encode(value) : bytesBorrow(value);
        if (bytes === null) {
          const error = new TypeError('This ReadableStream did not return bytes.');
          ignoreRejection(reader.cancel(error));
          throw error;
        }
        if (TypedArrayGetByteLength(bytes) > 0) return bytes;
      }
    },
    cancel(reason) {
      ignoreRejection(reader.cancel(reason));
    },
  };
}

// All the bytes of a source with read(), as one array that the caller may keep.
async function readToEnd(source) {
  if (source.inline) return source.inline;
  const chunks = [];
  let total = 0;
  for (;;) {
    const chunk = await source.read();
    if (chunk === null) break;
    chunks[chunks.length] = chunk;
    total += TypedArrayGetByteLength(chunk);
  }
  return bytesConcat(chunks, total);
}
