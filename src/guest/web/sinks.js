// sinks.js: writable sides as workerd's own transforms have them, the channel of bytes, IdentityTransformStream and
// FixedLengthStream. What is written to a channel is what a read gets: there is no queue in between, and a write is
// done when all of its bytes were read.

const NOT_BYTES_WRITTEN = 'This TransformStream is being used as a byte stream, but received an object of ' +
  'non-ArrayBuffer/ArrayBufferView type on its writable side.';

// A reason as it comes out at the other side of a channel.
function carriedReason(reason, absent) {
  if (isObject(reason)) return reason;
  return new ErrorConstructor(reason === undefined ? absent : `${reason}`);
}

// The writable side. The sink has write(bytes), close(), abort(reason), each undefined or a promise, and drained().
class SinkWritable {
  constructor(sink, mark) {
    this.sink = sink;
    this.mark = mark; // undefined: a writer is always ready
    this.state = 'writable';
    this.failure = undefined;
    this.told = false; // the failure was the result of a write
    this.writer = null;
    this.queue = new Queue(); // { bytes (null: close), result }
    this.total = 0;
    this.busy = this.ending = false;
  }
  get expectsBytes() {
    return true;
  }
  closing() {
    return this.ending;
  }
  blocked() {
    return this.mark !== undefined && this.total >= this.mark;
  }
  desiredSize() {
    if (this.state === 'errored') return null;
    if (this.state === 'closed' || this.ending) return 0;
    return this.mark === undefined ? 1 : this.mark - this.total;
  }
  drained() {
    return promiseResolved(this.sink.drained?.());
  }
  check() {
    if (this.state === 'errored' && !this.told) {
      this.told = true;
      throw this.failure;
    }
    if (this.state !== 'writable' || this.ending) throw new TypeError(CLOSED_WRITABLE);
  }
  write(chunk) {
    this.check();
    if (chunk === undefined) return promiseResolved(undefined);
    const borrowed = typeof chunk === 'string' ? null : bytesBorrow(chunk);
    if (borrowed === null && typeof chunk !== 'string') throw new TypeError(NOT_BYTES_WRITTEN);
    const bytes = borrowed === null ? native.utf8Encode(chunk) : bytesCopy(borrowed);
    if (TypedArrayGetByteLength(bytes) === 0) return promiseResolved(undefined);
    return this.put(bytes);
  }
  close() {
    this.check();
    this.ending = true;
    return this.put(null);
  }
  put(bytes) {
    const result = deferred();
    this.queue.put({ __proto__: null, bytes, result });
    if (bytes !== null) this.add(TypedArrayGetByteLength(bytes));
    this.advance();
    return result.promise;
  }
  add(size) {
    const blocked = this.blocked();
    this.total += size;
    if (this.state === 'writable' && blocked !== this.blocked()) this.writer?.blocked(!blocked);
  }
  advance() {
    if (this.busy || this.queue.length === 0 || this.state !== 'writable') return;
    const { bytes } = this.queue.peek();
    this.busy = true;
    let result;
    try {
      result = bytes === null ? this.sink.close() : this.sink.write(bytes);
    } catch (error) {
      this.fail(error);
      return;
    }
    if (result === undefined) this.done();
    else PromisePrototypeThen(result, () => this.done(), (error) => this.fail(error));
  }
  done() {
    if (this.state !== 'writable') return;
    this.busy = false;
    const { bytes, result } = this.queue.take();
    if (bytes !== null) {
      this.add(-TypedArrayGetByteLength(bytes));
    } else {
      this.state = 'closed';
      this.writer?.end();
    }
    result.resolve();
    this.advance();
  }
  fail(error) {
    if (this.state !== 'writable') return;
    this.state = 'errored';
    this.failure = error;
    this.told = this.queue.length > 0;
    while (this.queue.length) this.queue.take().result.reject(error);
    this.writer?.failing(error);
    this.writer?.fail(error);
  }
  abort(reason) {
    if (this.state === 'writable') {
      this.fail(reason);
      this.told = true;
      this.sink.abort(reason);
    }
    return promiseResolved(undefined);
  }
  released(error) {
    const { items, head } = this.queue;
    for (let i = head; i < items.length; i++) items[i].result.reject(error);
  }
  // Instead of a pipe: a stream that nobody has read becomes what the readable side gives. undefined: not possible.
  lend(source) {
    if (this.state !== 'writable' || this.queue.length > 0 || this.ending || !this.sink.borrow) return undefined;
    const body = takeSource(source);
    if (body === undefined) return undefined;
    const result = deferred();
    const writer = new Writer(this);
    this.busy = true;
    this.sink.borrow(body, (failure) => {
      source.reader = null;
      if (source.state === 'readable') source.close();
      this.busy = false;
      if (failure === null) this.state = 'closed';
      else this.fail(failure[0]);
      writer.release();
      if (failure === null) result.resolve();
      else result.reject(failure[0]);
    });
    return result.promise;
  }
}

// A source (sources.js) and a sink in one.
class Channel {
  constructor(length, mark) {
    this.length = length; // how many bytes must pass; -1: any number
    this.left = length;
    this.chunk = null; // of the write in progress
    this.write_ = null; // its promise
    this.reader = null; // the promise of a read that waits
    this.ended = false;
    this.failure = null; // [reason]
    this.inline = null;
    this.lender = null; // a source whose bytes pass instead of writes
    this.returned = null; // told when the lender is through
    this.readable = readableOfSource(this);
    this.writable = new SinkWritable(this, mark);
  }

  // ---- the source
  read() {
    this.consumed();
    if (this.lender !== null) return this.readLender();
    if (this.failure !== null) return promiseRejected(this.failure[0]);
    if (this.chunk === null && !this.ended) {
      this.reader = deferred();
      return this.reader.promise;
    }
    return tryPromise(() => promiseResolved(this.give()));
  }
  give() {
    if (this.ended) {
      if (this.left > 0) throw new TypeError('FixedLengthStream did not see all expected bytes before close().');
      return null;
    }
    const chunk = this.chunk;
    this.chunk = null;
    return this.count(chunk);
  }
  count(chunk) {
    if (this.length < 0) return chunk;
    const size = TypedArrayGetByteLength(chunk);
    if (size <= this.left) {
      this.left -= size;
      return chunk;
    }
    const error = new TypeError('Attempt to write too many bytes through a FixedLengthStream.');
    this.failure = [error];
    this.writable.fail(error);
    throw error;
  }
  consumed() {
    if (this.chunk !== null || this.write_ === null) return;
    const write = this.write_;
    this.write_ = null;
    write.resolve();
  }
  cancel(reason) {
    const error = carriedReason(reason, 'Stream was cancelled.');
    this.failure = [error];
    if (this.lender !== null) this.giveBack([error], true);
    else this.writable.fail(error);
  }

  // ---- the sink
  write(bytes) {
    this.chunk = bytes;
    this.write_ = deferred();
    this.wake();
    return this.write_.promise;
  }
  close() {
    this.ended = true;
    this.wake();
  }
  abort(reason) {
    this.failure = [carriedReason(reason, 'undefined')];
    this.chunk = null;
    this.reader?.reject(this.failure[0]);
    this.reader = null;
  }
  wake() {
    const reader = this.reader;
    if (reader === null) return;
    this.reader = null;
    try {
      reader.resolve(this.give());
    } catch (error) {
      reader.reject(error);
    }
  }

  // ---- lending
  borrow(source, returned) {
    this.lender = source;
    this.returned = returned;
    if (this.reader === null) return;
    const reader = this.reader;
    this.reader = null;
    reader.resolve(this.readLender());
  }
  async readLender() {
    const lender = this.lender;
    let chunk = null;
    try {
      if (!isStatic(lender)) {
        chunk = await lender.read();
      } else if (lender !== '') {
        chunk = staticBytes(lender);
        this.lender = '';
      }
      if (chunk !== null) return this.count(chunk);
      this.ended = true;
      this.giveBack(null, false);
      return this.give();
    } catch (error) {
      this.failure = [error];
      this.giveBack(this.failure, false);
      throw error;
    }
  }
  giveBack(failure, cancel) {
    const { lender, returned } = this;
    this.lender = this.returned = null;
    if (cancel && lender !== null && !isStatic(lender)) lender.cancel(failure[0]);
    returned?.(failure);
  }
}

const channelMark = (options) => (options?.highWaterMark === undefined ? undefined : wholeNumber(options.highWaterMark));

class IdentityTransformStream {
  constructor(options = undefined) {
    checkOptions(options, 'IdentityTransformStream', 1, 'QueuingStrategy');
    return newTransformStream(new Channel(-1, channelMark(options)), new.target);
  }
}
exposeTransform(IdentityTransformStream);

class FixedLengthStream {
  constructor(length = undefined, options = undefined) {
    if (length === undefined) throw wrongParameter('FixedLengthStream', 1, 'bigint');
    const bytes = wholeNumber(length);
    if (bytes > 2 ** 53 - 1) {
      throw new TypeError('FixedLengthStream requires an integer expected length less than 2^53.');
    }
    checkOptions(options, 'FixedLengthStream', 2, 'QueuingStrategy');
    return newTransformStream(new Channel(bytes, channelMark(options)), new.target);
  }
}
exposeTransform(FixedLengthStream, IdentityTransformStream);
