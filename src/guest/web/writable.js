// writable.js: WritableStream, its writer, and the controller of a Worker's own sinks.
// Two insides have the same methods: Writable, after the standard, and SinkWritable (sinks.js), as workerd's own sinks
// behave: write(chunk), close(), abort(reason) -> promise; desiredSize(); blocked(): a writer's ready waits; closing();
// state, failure, writer.

const LOCKED_WRITABLE = 'This WritableStream is currently locked to a writer.';
const RELEASED_WRITER = 'This WritableStream writer has been released.';
const CLOSED_WRITABLE = 'This WritableStream has been closed.';
const CLOSE = { __proto__: null };

let writableInside; // WritableStream -> Writable or SinkWritable
let isWritableStream;

// ---- writers

class Writer {
  constructor(stream) {
    if (stream.writer !== null) throw new TypeError(LOCKED_WRITABLE);
    this.stream = stream;
    this.closed = null; // made when asked for, as ready
    this.ready = null;
    stream.writer = this;
  }
  failed() {
    if (this.stream === null) return { __proto__: null, reason: new TypeError(RELEASED_WRITER) };
    const { state, failure } = this.stream;
    return state === 'errored' || state === 'erroring' ? { __proto__: null, reason: failure } : null;
  }
  closedPromise() {
    if (this.closed === null) {
      this.closed = deferred();
      ignoreRejection(this.closed.promise);
      const state = this.stream?.state;
      if (state === 'closed') this.closed.resolve();
      else if (state === undefined || state === 'errored') this.closed.reject(this.failed().reason);
    }
    return this.closed.promise;
  }
  readyPromise() {
    if (this.ready === null) {
      this.ready = deferred();
      ignoreRejection(this.ready.promise);
      const failed = this.failed();
      if (failed !== null) this.ready.reject(failed.reason);
      else if (!this.stream.blocked()) this.ready.resolve();
    }
    return this.ready.promise;
  }
  // What the stream tells its writer.
  blocked(blocked) {
    if (blocked) this.ready = null;
    else this.ready?.resolve();
  }
  failing(reason) {
    this.ready?.reject(reason);
    this.ready = null;
  }
  fail(reason) {
    this.closed?.reject(reason);
  }
  end() {
    this.ready?.resolve();
    this.closed?.resolve();
  }
  release() {
    const stream = this.stream;
    if (stream === null) return;
    const error = new TypeError(RELEASED_WRITER);
    this.failing(error);
    this.closed?.reject(error);
    this.closed = null;
    this.stream = stream.writer = null;
    stream.released(error);
  }
}

class WritableStreamDefaultWriter {
  #inside;
  constructor(stream) {
    if (!isWritableStream(stream)) throw wrongParameter('WritableStreamDefaultWriter', 1, 'WritableStream');
    this.#inside = new Writer(writableInside(stream));
  }
  #stream() {
    const stream = this.#inside.stream;
    if (stream === null) throw new TypeError(RELEASED_WRITER);
    return stream;
  }
  get closed() {
    return this.#inside.closedPromise();
  }
  get ready() {
    return this.#inside.readyPromise();
  }
  get desiredSize() {
    return this.#stream().desiredSize();
  }
  abort(reason = undefined) {
    return tryPromise(() => this.#stream().abort(reason));
  }
  close() {
    return tryPromise(() => this.#stream().close());
  }
  write(chunk = undefined) {
    return tryPromise(() => this.#stream().write(chunk));
  }
  releaseLock() {
    this.#inside.release();
  }
}

// ---- the standard's stream

class Writable {
  // write(chunk), close(), abort(reason) return promises; size(chunk) a number, undefined: 1
  constructor(sink, mark, size) {
    this.state = 'writable'; // erroring, errored, closed
    this.failure = undefined;
    this.writer = null;
    this.sink = sink;
    this.mark = mark;
    this.size = size;
    this.started = false;
    this.queue = new Queue(); // { chunk, size } and CLOSE
    this.total = 0;
    this.writes = new Queue(); // promises of those in the queue
    this.inFlight = null; // the promise of the write in progress
    this.closeRequest = null;
    this.closeInFlight = false;
    this.aborting = null; // { promise, reason, wasErroring }
    this.pressed = mark <= 0;
    this.controller = null; // AbortController of the signal, made when asked for
  }
  start(result) {
    PromisePrototypeThen(promiseResolved(result), () => {
      this.started = true;
      this.advance();
    }, (reason) => {
      this.started = true;
      this.deal(reason);
    });
  }
  closing() {
    return this.closeRequest !== null;
  }
  blocked() {
    return this.pressed && this.closeRequest === null;
  }
  desiredSize() {
    if (this.state === 'writable') return this.mark - this.total;
    return this.state === 'closed' ? 0 : null;
  }
  press() {
    const pressed = this.mark - this.total <= 0;
    if (pressed === this.pressed) return;
    this.pressed = pressed;
    if (this.state === 'writable' && !this.closing()) this.writer?.blocked(pressed);
  }
  write(chunk) {
    let size = 1;
    if (this.size !== undefined && this.state === 'writable') {
      try {
        size = +this.size(chunk);
        if (!(size >= 0 && size < Infinity)) throw new RangeError('The size of a chunk must be a number, not negative.');
      } catch (error) {
        this.error(error);
      }
    }
    if (this.state === 'errored' || this.state === 'erroring') throw this.failure;
    if (this.state === 'closed') throw new TypeError(CLOSED_WRITABLE);
    if (this.closing()) throw new TypeError(CLOSED_READABLE);
    const request = deferred();
    this.writes.put(request);
    this.queue.put({ __proto__: null, chunk, size });
    this.total += size;
    this.press();
    this.advance();
    return request.promise;
  }
  close() {
    if (this.state === 'closed') throw new TypeError(CLOSED_WRITABLE);
    if (this.closing()) throw new TypeError('Cannot close a writer that is already being closed');
    if (this.state === 'errored') throw this.failure;
    this.closeRequest = deferred();
    if (this.pressed && this.state === 'writable') this.writer?.blocked(false);
    this.queue.put(CLOSE);
    this.advance();
    return this.closeRequest.promise;
  }
  abort(reason) {
    if (this.state === 'closed' || this.state === 'errored') return promiseResolved(undefined);
    const controller = this.abortController();
    if (!AbortSignalGetAborted(controller.signal)) signalAbort(controller.signal, reason);
    if (this.state === 'closed' || this.state === 'errored') return promiseResolved(undefined);
    if (this.aborting !== null) return this.aborting.promise;
    const wasErroring = this.state === 'erroring';
    this.aborting = deferred();
    this.aborting.reason = reason;
    this.aborting.wasErroring = wasErroring;
    const { promise } = this.aborting;
    this.inFlight?.reject(reason); // its end is not waited for
    this.inFlight = null;
    if (!wasErroring) this.startErroring(reason);
    else if (this.started) this.finishErroring();
    return promise;
  }
  abortController() {
    return (this.controller ??= new AbortController());
  }
  // The controller's error().
  error(reason) {
    if (this.state === 'writable') this.startErroring(reason);
  }
  deal(reason) {
    if (this.state === 'writable') this.startErroring(reason);
    else if (this.state === 'erroring') this.finishErroring();
  }
  startErroring(reason) {
    this.state = 'erroring';
    this.failure = reason;
    this.writer?.failing(reason);
    if (this.inFlight === null && !this.closeInFlight && this.started) this.finishErroring();
  }
  finishErroring() {
    this.state = 'errored';
    const { failure, aborting, sink } = this;
    this.queue = new Queue();
    this.sink = null;
    while (this.writes.length) this.writes.take().reject(failure);
    this.aborting = null;
    if (aborting === null || aborting.wasErroring) {
      aborting?.reject(failure);
      this.finishFailed();
      return;
    }
    PromisePrototypeThen(sink.abort(aborting.reason), () => {
      aborting.resolve();
      this.finishFailed();
    }, (reason) => {
      aborting.reject(reason);
      this.finishFailed();
    });
  }
  finishFailed() {
    this.closeRequest?.reject(this.failure);
    this.closeRequest = null;
    this.writer?.fail(this.failure);
  }
  released(error) {
    this.inFlight?.reject(error);
    const { items, head } = this.writes;
    for (let i = head; i < items.length; i++) items[i].reject(error);
  }
  advance() {
    if (!this.started || this.inFlight !== null || this.closeInFlight) return;
    if (this.state === 'erroring') this.finishErroring();
    if (this.state !== 'writable' || this.queue.length === 0) return;
    if (this.queue.peek() === CLOSE) this.doClose();
    else this.doWrite();
  }
  doWrite() {
    const request = this.inFlight = this.writes.take();
    const finished = () => {
      const aborted = this.inFlight !== request;
      if (!aborted) this.inFlight = null;
      return aborted;
    };
    PromisePrototypeThen(this.sink.write(this.queue.peek().chunk), () => {
      request.resolve();
      if (finished()) return;
      if (this.state === 'writable') {
        this.total -= this.queue.take().size;
        if (this.queue.length === 0) this.total = 0;
        this.press();
      }
      this.advance();
    }, (reason) => {
      request.reject(reason);
      if (!finished()) this.deal(reason);
    });
  }
  doClose() {
    this.closeInFlight = true;
    this.queue.take();
    PromisePrototypeThen(this.sink.close(), () => {
      this.closeInFlight = false;
      this.closeRequest.resolve();
      this.state = 'closed';
      this.aborting?.resolve();
      this.aborting = null;
      this.writer?.end();
    }, (reason) => {
      this.closeInFlight = false;
      this.closeRequest.reject(reason);
      this.closeRequest = null;
      this.aborting?.reject(reason);
      this.aborting = null;
      this.deal(reason);
    });
  }
}

class WritableStreamDefaultController {
  #inside;
  constructor(token, inside) {
    if (token !== INTERNAL) throw new TypeError('Illegal constructor');
    this.#inside = inside;
  }
  get signal() {
    return AbortControllerGetSignal(this.#inside.abortController());
  }
  error(reason = undefined) {
    this.#inside.error(reason);
  }
}
const AbortControllerGetSignal = getterOf(AbortController.prototype, 'signal');

function startWritable(sink, strategy) {
  checkOptions(sink, 'WritableStream', 1, 'UnderlyingSink');
  const option = (name) => functionOption(sink, name, 'UnderlyingSink');
  sink?.type; // read, and of no effect
  const start = option('start');
  const write = option('write');
  const abort = option('abort');
  const close = option('close');
  const { mark, size } = readStrategy(strategy, 'WritableStream', 2, 1);
  let controller;
  const call = (method, list) => (method === undefined ? promiseResolved(undefined) :
    callForPromise(method, sink, list));
  const inside = new Writable({
    __proto__: null,
    write: (chunk) => call(write, [chunk, controller]),
    close: () => call(close, []),
    abort: (reason) => call(abort, [reason]),
  }, mark, size && ((chunk) => size(chunk)));
  controller = new WritableStreamDefaultController(INTERNAL, inside);
  inside.start(start && callForPromise(start, sink, [controller]));
  return inside;
}

class WritableStream {
  #inside;
  constructor(sink = undefined, strategy = undefined) {
    this.#inside = sink === INTERNAL ? strategy : startWritable(sink, strategy);
  }
  static {
    isWritableStream = (value) => isObject(value) && #inside in value;
    writableInside = (stream) => stream.#inside;
  }
  #unlocked() {
    if (this.#inside.writer !== null) throw new TypeError(LOCKED_WRITABLE);
    return this.#inside;
  }
  get locked() {
    return this.#inside.writer !== null;
  }
  abort(reason = undefined) {
    return tryPromise(() => this.#unlocked().abort(reason));
  }
  close() {
    return tryPromise(() => this.#unlocked().close());
  }
  getWriter() {
    this.#inside;
    return new WritableStreamDefaultWriter(this);
  }
}
exposeInterface(WritableStream);
exposeInterface(WritableStreamDefaultWriter);
exposeIllegal(WritableStreamDefaultController);
