// compression.js: CompressionStream and DecompressionStream over the guest's zlib (zlib.c).
// What is written is worked on at once, in steps that each give at most one piece of output. Output waits for its
// reader up to OUTPUT_MAX; then the write waits too, so that a few bytes that would become gigabytes cannot. A pipe
// writes the next chunk only when less than OUTPUT_PIPED waits.

const COMPRESSION_FORMATS = { __proto__: null, gzip: 0, deflate: 1, 'deflate-raw': 2 };
const OUTPUT_MAX = 16 * 1024 * 1024;
const OUTPUT_PIPED = 256 * 1024;
const OUTPUT_READ = 64 * 1024; // what one read joins at most
const CODEC_MORE = 1;
const CODEC_ENDED = 2;

// A source (sources.js) and a sink (sinks.js) in one, as Channel.
class Codec {
  constructor(format, compresses) {
    this.zlib = native.zlibNew(format, compresses);
    this.compresses = compresses;
    this.input = new Uint8ArrayConstructor(0);
    this.at = 0;
    this.closing = this.over = false; // over: all output was made
    this.output = new Queue();
    this.size = 0; // of the output
    this.reader = null; // the promise of a read that waits
    this.stalled = null; // of a write that waits
    this.drainedPromise = null;
    this.failure = null; // [reason]
    this.inline = null;
    this.readable = readableOfSource(this);
    this.writable = new SinkWritable(this, undefined);
  }

  // ---- the sink
  write(bytes) {
    if (this.over) throw this.fail(new TypeError('Trailing bytes after end of compressed data'));
    this.input = bytes;
    this.at = 0;
    return this.work();
  }
  close() {
    this.closing = true;
    if (!this.compresses && !this.over) {
      throw this.fail(new TypeError('Called close() on a decompression stream with incomplete data'));
    }
    return this.work();
  }
  abort(reason) {
    this.fail(carriedReason(reason, 'undefined'));
  }
  drained() {
    if (this.size < OUTPUT_PIPED || this.failure !== null) return undefined;
    this.drainedPromise ??= deferred();
    return this.drainedPromise.promise;
  }
  // undefined: the input is used up; a promise of that: too much output waits.
  work() {
    try {
      while (!this.over && this.step()) {
        if (this.size < OUTPUT_MAX) continue;
        this.stalled = deferred();
        return this.stalled.promise;
      }
    } catch (error) {
      throw this.fail(error);
    } finally {
      this.wake();
    }
    return undefined;
  }
  // True: there is more to do.
  step() {
    const { 0: output, 1: at, 2: outcome } = native.zlibStep(this.zlib, this.input, this.at, this.closing && this.compresses);
    const size = TypedArrayGetByteLength(output);
    if (size > 0) this.output.put(output);
    this.size += size;
    this.at = at;
    if (outcome === CODEC_ENDED) {
      this.over = true;
      native.zlibEnd(this.zlib);
      if (at < TypedArrayGetByteLength(this.input)) throw new TypeError('Trailing bytes after end of compressed data');
    }
    return outcome === CODEC_MORE;
  }
  fail(error) {
    if (this.failure !== null) return error;
    this.failure = [error];
    this.over = true;
    this.output = new Queue();
    this.size = 0;
    native.zlibEnd(this.zlib);
    this.wake();
    this.relieve();
    this.stalled?.reject(error);
    this.stalled = null;
    return error;
  }
  relieve() {
    if (this.drainedPromise === null || this.size >= OUTPUT_PIPED) return;
    this.drainedPromise.resolve();
    this.drainedPromise = null;
  }

  // ---- the source
  read() {
    if (this.failure !== null) return promiseRejected(this.failure[0]);
    if (this.size > 0) return promiseResolved(this.take());
    if (this.over && this.closing) return promiseResolved(null);
    this.reader = deferred();
    return this.reader.promise;
  }
  take() {
    const pieces = [];
    let total = 0;
    while (this.output.length && (total === 0 || total + TypedArrayGetByteLength(this.output.peek()) <= OUTPUT_READ)) {
      const piece = this.output.take();
      pieces[pieces.length] = piece;
      total += TypedArrayGetByteLength(piece);
    }
    this.size -= total;
    this.relieve();
    if (this.stalled !== null && this.size < OUTPUT_PIPED) this.resume();
    return bytesConcat(pieces, total);
  }
  resume() {
    const stalled = this.stalled;
    this.stalled = null;
    let result;
    try {
      result = this.work();
    } catch (error) {
      stalled.reject(error);
      return;
    }
    stalled.resolve(result);
  }
  wake() {
    const { reader } = this;
    if (reader === null) return;
    if (this.failure !== null) reader.reject(this.failure[0]);
    else if (this.size > 0) reader.resolve(this.take());
    else if (this.over && this.closing) reader.resolve(null);
    else return;
    this.reader = null;
  }
  cancel(reason) {
    const error = this.fail(carriedReason(reason, 'Stream was cancelled.'));
    this.writable.fail(error);
  }
}

function newCodec(format, type, compresses, target) {
  if (format === undefined) throw wrongParameter(type, 1, 'string');
  const known = COMPRESSION_FORMATS[`${format}`];
  if (known === undefined) {
    throw new TypeError("The compression format must be either 'deflate', 'deflate-raw' or 'gzip'.");
  }
  return newTransformStream(new Codec(known, compresses), target);
}

class CompressionStream {
  constructor(format = undefined) {
    return newCodec(format, 'CompressionStream', true, new.target);
  }
}
exposeTransform(CompressionStream);

class DecompressionStream {
  constructor(format = undefined) {
    return newCodec(format, 'DecompressionStream', false, new.target);
  }
}
exposeTransform(DecompressionStream);
