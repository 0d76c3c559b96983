// readable.js: ReadableStream, its readers, the controller of values, tee, iteration, from().
// A reader asks with a request, an object with chunk(value), close(value) and error(reason), one of which is called
// once; the platform's own readers need no promise for a chunk.

const LOCKED_READABLE = 'This ReadableStream is currently locked to a reader.';
const RELEASED_READER = 'This ReadableStream reader has been released.';
const CLOSED_READABLE = 'This ReadableStream is closed.';
const EMPTY_VIEW = 'You must call read() on a "byob" reader with a positive-sized TypedArray object.';

let readableInside; // ReadableStream -> Readable
let isReadableStream;

class Readable {
  constructor() {
    this.state = 'readable';
    this.failure = undefined;
    this.reader = null;
    this.disturbed = false;
    this.controller = null;
  }
  close() {
    this.state = 'closed';
    const reader = this.reader;
    if (reader === null) return;
    reader.closed?.resolve();
    if (!reader.byob) while (reader.requests.length) reader.requests.take().close(undefined);
  }
  error(reason) {
    if (this.state !== 'readable') return;
    this.state = 'errored';
    this.failure = reason;
    this.controller.forget();
    this.reader?.fail(reason);
  }
  cancel(reason) {
    this.disturbed = true;
    if (this.state === 'closed') return promiseResolved(undefined);
    if (this.state === 'errored') return promiseRejected(this.failure);
    const waiting = this.reader?.byob ? this.reader.requests : null;
    this.close();
    while (waiting?.length) waiting.take().close(undefined);
    return PromisePrototypeThen(this.controller.cancel(reason), () => {});
  }
}

// ---- readers

class Reader {
  constructor(stream, byob) {
    if (stream.reader !== null) throw new TypeError(LOCKED_READABLE);
    if (byob && stream.controller.readInto === undefined) {
      throw new TypeError('This ReadableStream does not support BYOB reads.');
    }
    this.stream = stream;
    this.byob = byob;
    this.requests = new Queue();
    this.closed = null;
    stream.reader = this;
  }
  closedPromise() {
    if (this.closed === null) {
      const { stream, closed } = this;
      this.closed = deferred();
      ignoreRejection(this.closed.promise);
      if (stream === null) this.closed.reject(new TypeError(RELEASED_READER));
      else if (stream.state === 'closed') this.closed.resolve();
      else if (stream.state === 'errored') this.closed.reject(stream.failure);
    }
    return this.closed.promise;
  }
  fail(reason) {
    this.closed?.reject(reason);
    while (this.requests.length) this.requests.take().error(reason);
  }
  // False: there is nothing to read any more, and the request was told.
  begin(request) {
    const stream = this.stream;
    if (stream === null) request.error(new TypeError(RELEASED_READER));
    else if (stream.state === 'errored') request.error(stream.failure);
    else return true;
    return false;
  }
  read(request) {
    if (!this.begin(request)) return;
    this.stream.disturbed = true;
    if (this.stream.state === 'closed') request.close(undefined);
    else this.stream.controller.read(request);
  }
  // into: viewParts() of a view whose buffer is taken over
  readInto(into, least, request) {
    if (!this.begin(request)) return;
    this.stream.disturbed = true;
    into.buffer = ArrayBufferPrototypeTransfer(into.buffer);
    if (this.stream.state === 'closed') request.close(this.stream.controller.emptyView(into));
    else this.stream.controller.readInto(into, least, request);
  }
  cancel(reason) {
    return this.stream === null ? promiseRejected(new TypeError(RELEASED_READER)) : this.stream.cancel(reason);
  }
  release() {
    const stream = this.stream;
    if (stream === null) return;
    stream.controller.release();
    stream.reader = null;
    this.stream = null;
    const error = new TypeError(RELEASED_READER);
    if (this.closed !== null && stream.state === 'readable') this.closed.reject(error);
    else this.closed = null;
    while (this.requests.length) this.requests.take().error(error);
  }
}

class PromiseRequest {
  constructor() {
    const { promise, resolve, reject } = deferred();
    this.promise = promise;
    this.resolve = resolve;
    this.error = reject;
  }
  chunk(value) {
    this.resolve({ value, done: false });
  }
  close(value) {
    this.resolve({ value, done: true });
  }
}

class ReadableStreamDefaultReader {
  #inside;
  constructor(stream) {
    if (!isReadableStream(stream)) throw wrongParameter('ReadableStreamDefaultReader', 1, 'ReadableStream');
    this.#inside = new Reader(readableInside(stream), false);
  }
  get closed() {
    return this.#inside.closedPromise();
  }
  cancel(reason = undefined) {
    return this.#inside.cancel(reason);
  }
  read() {
    const request = new PromiseRequest();
    this.#inside.read(request);
    return request.promise;
  }
  releaseLock() {
    this.#inside.release();
  }
}

function readIntoPromise(reader, view, least, method) {
  if (!ArrayBufferIsView(view)) needArguments(0, 1, method, 'ReadableStreamBYOBReader', 'ArrayBufferView');
  const into = viewParts(view);
  if (into.length === 0) throw new TypeError(EMPTY_VIEW);
  if (least < 1) throw new TypeError(`Requested invalid minimum number of bytes to read (${least}).`);
  if (least * into.unit > into.length) {
    throw new TypeError(`Minimum bytes to read (${least * into.unit}) exceeds size of buffer (${into.length}).`);
  }
  const request = new PromiseRequest();
  reader.readInto(into, least * into.unit, request);
  return request.promise;
}

class ReadableStreamBYOBReader {
  #inside;
  constructor(stream) {
    if (!isReadableStream(stream)) throw wrongParameter('ReadableStreamBYOBReader', 1, 'ReadableStream');
    this.#inside = new Reader(readableInside(stream), true);
  }
  get closed() {
    return this.#inside.closedPromise();
  }
  cancel(reason = undefined) {
    return this.#inside.cancel(reason);
  }
  read(view, options = undefined) {
    return tryPromise(() => readIntoPromise(this.#inside, view, MathTrunc(+(options?.min ?? 1)), 'read'));
  }
  releaseLock() {
    this.#inside.release();
  }
  readAtLeast(minimum, view) {
    return tryPromise(() => readIntoPromise(this.#inside, view, MathTrunc(+minimum), 'readAtLeast'));
  }
}

// ---- the controller of values

class ValueController {
  // pull() and cancel(reason) return promises; size(value) a number; undefined: there is none
  constructor(stream, pull, cancel, mark, size) {
    this.stream = stream;
    this.queue = new Queue();
    this.total = 0;
    this.mark = mark;
    this.size = size;
    this.pullSource = pull;
    this.cancelSource = cancel;
    this.started = this.pulling = this.again = this.closing = false;
    stream.controller = this;
  }
  start(result) {
    PromisePrototypeThen(promiseResolved(result), () => {
      this.started = true;
      this.pull();
    }, (reason) => this.stream.error(reason));
  }
  desiredSize() {
    if (this.stream.state === 'readable') return this.mark - this.total;
    return this.stream.state === 'closed' ? 0 : null;
  }
  open() {
    return this.stream.state === 'readable' && !this.closing;
  }
  wanted() {
    if (!this.started || !this.open()) return false;
    return (this.stream.reader?.requests.length ?? 0) > 0 || this.total < this.mark;
  }
  pull() {
    if (this.pullSource === undefined || !this.wanted()) return;
    if (this.pulling) {
      this.again = true;
      return;
    }
    this.pulling = true;
    PromisePrototypeThen(this.pullSource(), () => {
      this.pulling = false;
      if (!this.again) return;
      this.again = false;
      this.pull();
    }, (reason) => this.stream.error(reason));
  }
  enqueue(value) {
    const requests = this.stream.reader?.requests;
    if (requests?.length) {
      requests.take().chunk(value);
    } else {
      const size = this.measure(value);
      this.queue.put({ __proto__: null, value, size });
      this.total += size;
    }
    this.pull();
  }
  measure(value) {
    if (this.size === undefined) return 1;
    try {
      const size = +this.size(value);
      if (!(size >= 0 && size < Infinity)) throw new RangeError('The size of a chunk must be a number, not negative.');
      return size;
    } catch (error) {
      this.stream.error(error);
      throw error;
    }
  }
  close() {
    this.closing = true;
    if (this.queue.length === 0) this.finish();
  }
  finish() {
    this.forget();
    this.stream.close();
  }
  forget() {
    this.queue = new Queue();
    this.total = 0;
    this.pullSource = this.cancelSource = this.size = undefined;
  }
  cancel(reason) {
    const cancel = this.cancelSource;
    this.forget();
    return cancel === undefined ? promiseResolved(undefined) : cancel(reason);
  }
  read(request) {
    if (this.queue.length === 0) {
      this.stream.reader.requests.put(request);
      this.pull();
      return;
    }
    const { value, size } = this.queue.take();
    this.total -= size;
    if (this.queue.length === 0) this.total = 0;
    if (this.closing && this.queue.length === 0) this.finish();
    else this.pull();
    request.chunk(value);
  }
  release() {}
}

class ReadableStreamDefaultController {
  #inside;
  constructor(token, inside) {
    if (token !== INTERNAL) throw new TypeError('Illegal constructor');
    this.#inside = inside;
  }
  get desiredSize() {
    return this.#inside.desiredSize();
  }
  close() {
    if (!this.#inside.open()) throw new TypeError(CLOSED_READABLE);
    this.#inside.close();
  }
  enqueue(chunk = undefined) {
    if (!this.#inside.open()) throw new TypeError('Unable to enqueue');
    this.#inside.enqueue(chunk);
  }
  error(reason = undefined) {
    this.#inside.stream.error(reason);
  }
}

// ---- ReadableStream

function readSource(source) {
  checkOptions(source, 'ReadableStream', 1, 'UnderlyingSource');
  const type = source?.type;
  const chunk = source?.autoAllocateChunkSize;
  const start = functionOption(source, 'start', 'UnderlyingSource');
  const pull = functionOption(source, 'pull', 'UnderlyingSource');
  const cancel = functionOption(source, 'cancel', 'UnderlyingSource');
  const allocate = chunk === undefined ? undefined : wholeNumber(chunk);
  if (allocate === 0) throw new TypeError('The autoAllocateChunkSize option cannot be zero.');
  return { __proto__: null, type: type === undefined ? '' : `${type}`, allocate, start, pull, cancel };
}

function startReadable(stream, source, strategy) {
  const given = readSource(source);
  const { type } = given;
  const { mark, size } = readStrategy(strategy, 'ReadableStream', 2, type === 'bytes' ? 0 : 1);
  if (type !== '' && type !== 'bytes') throw new TypeError(`"${type}" is not a valid type of ReadableStream.`);
  let object;
  const { start, pull, cancel } = given;
  const doPull = pull && (() => callForPromise(pull, source, [object]));
  const doCancel = cancel && ((reason) => callForPromise(cancel, source, [reason]));
  let controller;
  if (type === 'bytes') {
    controller = new ByteController(stream, doPull, doCancel, mark, given.allocate);
    object = new ReadableByteStreamController(INTERNAL, controller);
  } else {
    controller = new ValueController(stream, doPull, doCancel, mark, size && ((value) => size(value)));
    object = new ReadableStreamDefaultController(INTERNAL, controller);
  }
  controller.start(start && callForPromise(start, source, [object]));
}

class ReadableStream {
  #inside;
  constructor(source = undefined, strategy = undefined) {
    if (source === INTERNAL) {
      this.#inside = strategy;
      return;
    }
    const inside = new Readable();
    startReadable(inside, source, strategy);
    this.#inside = inside;
  }
  static {
    isReadableStream = (value) => isObject(value) && #inside in value;
    readableInside = (stream) => stream.#inside;
  }
  get locked() {
    return this.#inside.reader !== null;
  }
  cancel(reason = undefined) {
    return tryPromise(() => {
      if (this.#inside.reader !== null) throw new TypeError(LOCKED_READABLE);
      return this.#inside.cancel(reason);
    });
  }
  getReader(options = undefined) {
    this.#inside;
    if (options != null && !isObject(options)) {
      needArguments(0, 1, 'getReader', 'ReadableStream', 'GetReaderOptions');
    }
    const mode = options?.mode;
    if (mode === undefined) return new ReadableStreamDefaultReader(this);
    if (`${mode}` !== 'byob') throw new TypeError("mode must be undefined or 'byob' in call to getReader().");
    return new ReadableStreamBYOBReader(this);
  }
  pipeThrough(transform, options = undefined) {
    this.#inside;
    if (!isObject(transform)) needArguments(0, 1, 'pipeThrough', 'ReadableStream', 'Transform');
    const { readable, writable } = transform;
    if (!isReadableStream(readable)) throw wrongField('Transform', 'readable', 'ReadableStream');
    if (!isWritableStream(writable)) throw wrongField('Transform', 'writable', 'WritableStream');
    const how = readPipeOptions(options, 'pipeThrough');
    if (this.#inside.reader !== null) throw new TypeError(LOCKED_READABLE);
    if (writableInside(writable).writer !== null) throw new TypeError(LOCKED_WRITABLE);
    ignoreRejection(pipe(this.#inside, writableInside(writable), how));
    return readable;
  }
  pipeTo(destination, options = undefined) {
    return tryPromise(() => {
      this.#inside;
      if (!isWritableStream(destination)) needArguments(0, 1, 'pipeTo', 'ReadableStream', 'WritableStream');
      const how = readPipeOptions(options, 'pipeTo');
      if (this.#inside.reader !== null) throw new TypeError(LOCKED_READABLE);
      if (writableInside(destination).writer !== null) {
        throw new TypeError('This WritableStream is currently locked to a writer');
      }
      return pipe(this.#inside, writableInside(destination), how);
    });
  }
  tee() {
    return readableTee(this.#inside);
  }
  values(options = undefined) {
    return new ReadableStreamAsyncIterator(INTERNAL, new Reader(this.#inside, false), !!options?.preventCancel);
  }
  static from(iterable) {
    return readableFrom(iterable);
  }
}
exposeInterface(ReadableStream);
exposeInterface(ReadableStreamDefaultReader);
exposeInterface(ReadableStreamBYOBReader);
exposeIllegal(ReadableStreamDefaultController);
ObjectDefineProperty(ReadableStream.prototype, SymbolAsyncIterator,
  { __proto__: null, value: ReadableStream.prototype.values, writable: true, enumerable: false, configurable: true });

// A stream of the platform's own over values.
function newReadable(pull, cancel, mark) {
  const stream = new Readable();
  new ValueController(stream, pull, cancel, mark, undefined).start(undefined);
  return stream;
}

// ---- iteration

class IterationRequest {
  constructor(iterator) {
    const { promise, resolve, reject } = deferred();
    this.promise = promise;
    this.resolve = resolve;
    this.reject = reject;
    this.iterator = iterator;
  }
  chunk(value) {
    this.iterator.settled();
    this.resolve({ done: false, value });
  }
  close() {
    this.iterator.settled();
    this.iterator.end();
    this.resolve({ done: true, value: undefined });
  }
  error(reason) {
    this.iterator.settled();
    this.iterator.end();
    this.reject(reason);
  }
}

const AsyncIteratorPrototype = ObjectGetPrototypeOf(ObjectGetPrototypeOf(async function* () {}.prototype));

class Iteration {
  constructor(reader, preventCancel) {
    this.reader = reader;
    this.preventCancel = preventCancel;
    this.last = null; // of the promises given out, unless all are settled: each step waits for the one before
    this.waiting = 0;
    this.over = false;
  }
  settled() {
    if (--this.waiting === 0) this.last = null;
  }
  end() {
    this.over = true;
    if (this.reader.stream?.reader === this.reader) this.reader.release();
  }
  enqueue(step) {
    this.waiting++;
    const promise = this.last === null ? step() : PromisePrototypeThen(this.last, step, step);
    if (this.waiting > 0) this.last = promise;
    return promise;
  }
  step() {
    if (this.over) {
      this.settled();
      return promiseResolved({ done: true, value: undefined });
    }
    const request = new IterationRequest(this);
    this.reader.read(request);
    return request.promise;
  }
  finish(value) {
    const result = { done: true, value };
    if (this.over) return promiseResolved(result);
    if (this.preventCancel) {
      this.end();
      return promiseResolved(result);
    }
    const cancelled = this.reader.cancel(value);
    this.end();
    return PromisePrototypeThen(cancelled, () => result);
  }
}

class ReadableStreamAsyncIterator {
  #iteration;
  constructor(token, reader, preventCancel) {
    if (token !== INTERNAL) throw new TypeError('Illegal constructor');
    this.#iteration = new Iteration(reader, preventCancel);
  }
  next() {
    const iteration = this.#iteration;
    return iteration.enqueue(() => iteration.step());
  }
  return(value = undefined) {
    const iteration = this.#iteration;
    return iteration.enqueue(() => iteration.finish(value));
  }
}
ObjectSetPrototypeOf(ReadableStreamAsyncIterator.prototype, AsyncIteratorPrototype);
defineInterface(ReadableStreamAsyncIterator);

// ---- from()

function getIterator(iterable) {
  const asyncMethod = isObject(iterable) ? iterable[SymbolAsyncIterator] : undefined;
  const method = asyncMethod ?? iterable?.[SymbolIterator];
  if (typeof method !== 'function') needArguments(0, 1, 'from', 'ReadableStream', 'AsyncGenerator');
  return ReflectApply(method, iterable, []);
}

function readableFrom(iterable) {
  const iterator = getIterator(iterable);
  const next = iterator.next;
  const stream = newReadable(async () => {
    const step = ReflectApply(next, iterator, []);
    if (!isObject(step)) throw new TypeError("Callback returned incorrect type; expected 'Promise'");
    const result = await step;
    if (!isObject(result)) throw new TypeError("Callback returned incorrect type; expected 'Promise'");
    if (result.done) stream.controller.close();
    else stream.controller.enqueue(await result.value);
  }, async (reason) => {
    const method = iterator.return;
    if (method != null) await ReflectApply(method, iterator, [reason]);
  }, 0);
  return new ReadableStream(INTERNAL, stream);
}

// ---- tee

// Two streams over one reader. `make(pull, cancel)` makes a branch, `copy(chunk)` what the second one gets.
class Tee {
  constructor(stream, make, copy) {
    this.reader = new Reader(stream, false);
    this.copy = copy;
    this.reading = this.again = false;
    this.reason = undefined;
    this.branches = [];
    for (let i = 0; i < 2; i++) {
      this.branches[i] = make(() => this.pull(), (reason) => this.cancel(i, reason));
      this.branches[i].cancelled = false;
    }
    const failed = (reason) => this.error(reason);
    PromisePrototypeThen(this.reader.closedPromise(), () => this.close(), failed);
  }
  pull() {
    if (this.reading) this.again = true;
    else this.read();
    return promiseResolved(undefined);
  }
  read() {
    this.reading = true;
    this.again = false;
    this.reader.read(this);
  }
  chunk(value) {
    this.reading = false;
    const { 0: first, 1: second } = this.branches;
    if (!second.cancelled && second.state === 'readable') second.controller.enqueue(this.copy(value));
    if (!first.cancelled && first.state === 'readable') first.controller.enqueue(value);
    if (this.again) this.read();
  }
  close() {
    this.reading = false;
    for (let i = 0; i < 2; i++) {
      const { controller, cancelled } = this.branches[i];
      if (!cancelled && controller.open()) controller.close();
    }
  }
  error(reason) {
    this.reading = false;
    for (let i = 0; i < 2; i++) this.branches[i].error(reason);
  }
  cancel(index, reason) {
    this.branches[index].cancelled = true;
    if (this.branches[1 - index].cancelled) return this.reader.cancel(reason);
    return promiseResolved(undefined);
  }
}

function teeCopy(bytes) {
  const { buffer, offset, length } = viewParts(bytes);
  return bytesCopy(bytesAt(buffer, offset, length));
}

function readableTee(stream) {
  if (stream.reader !== null) throw new TypeError('This ReadableStream is currently locked to a reader,');
  const values = stream.controller.readInto === undefined;
  const { branches } = values ? new Tee(stream, (pull, cancel) => newReadable(pull, cancel, 0), (value) => value) :
    new Tee(stream, newByteReadable, teeCopy);
  return [new ReadableStream(INTERNAL, branches[0]), new ReadableStream(INTERNAL, branches[1])];
}

// ---- queuing strategies

function strategyMark(init, type) {
  if (!isObject(init)) throw wrongParameter(type, 1, 'QueuingStrategyInit');
  return +init.highWaterMark;
}

class ByteLengthQueuingStrategy {
  #mark;
  constructor(init) {
    this.#mark = strategyMark(init, 'ByteLengthQueuingStrategy');
  }
  get highWaterMark() {
    return this.#mark;
  }
  get size() {
    this.#mark;
    return [(chunk) => chunk?.byteLength][0]; // the Worker's
  }
}
exposeInterface(ByteLengthQueuingStrategy);

class CountQueuingStrategy {
  #mark;
  constructor(init) {
    this.#mark = strategyMark(init, 'CountQueuingStrategy');
  }
  get highWaterMark() {
    return this.#mark;
  }
  get size() {
    this.#mark;
    return [() => 1][0];
  }
}
exposeInterface(CountQueuingStrategy);
