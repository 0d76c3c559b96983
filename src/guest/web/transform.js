// transform.js: TransformStream over a Worker's own transformer.

const NO_LONGER_READABLE = 'The readable side of this TransformStream is no longer readable.';

class Transform {
  // transform(chunk, this), flush(this), cancel(reason) return promises
  constructor(algorithms, writableMark, writableSize, readableMark, readableSize) {
    this.algorithms = algorithms;
    this.pressed = true; // the readable side does not want any
    this.relief = deferred(); // resolved when that changes
    this.finishing = null; // the promise of the end, whichever side asked for it
    this.readable = new Readable();
    new ValueController(this.readable, () => this.pull(), (reason) => this.end('cancel', reason), readableMark,
      readableSize);
    this.writable = new Writable({
      __proto__: null,
      write: (chunk) => this.write(chunk),
      close: () => this.end('flush', undefined),
      abort: (reason) => this.end('abort', reason),
    }, writableMark, writableSize);
  }
  start(result) {
    this.readable.controller.start(result);
    this.writable.start(result);
  }
  press(pressed) {
    this.relief.resolve();
    this.relief = deferred();
    this.pressed = pressed;
  }
  pull() {
    this.press(false);
    return this.relief.promise;
  }
  write(chunk) {
    if (!this.pressed) return this.transform(chunk);
    return PromisePrototypeThen(this.relief.promise, () => {
      if (this.writable.state === 'erroring') throw this.writable.failure;
      return this.transform(chunk);
    });
  }
  transform(chunk) {
    return PromisePrototypeThen(this.algorithms.transform(chunk), undefined, (reason) => {
      this.error(reason);
      throw reason;
    });
  }
  enqueue(chunk) {
    const controller = this.readable.controller;
    if (!controller.open()) throw new TypeError(NO_LONGER_READABLE);
    try {
      controller.enqueue(chunk);
    } catch (error) {
      this.failWritable(error);
      throw this.readable.failure;
    }
    if (!controller.wanted() && !this.pressed) this.press(true);
  }
  error(reason) {
    this.readable.error(reason);
    this.failWritable(reason);
  }
  failWritable(reason) {
    this.algorithms = null;
    this.writable.error(reason);
    if (this.pressed) this.press(false);
  }
  terminate() {
    const controller = this.readable.controller;
    if (controller.open()) controller.close();
    this.failWritable(new TypeError('The transform stream has been terminated'));
  }
  // flush: the writable side was closed; abort: it was aborted; cancel: the readable side was cancelled.
  end(how, reason) {
    if (this.finishing !== null) return this.finishing.promise;
    const finishing = this.finishing = deferred();
    const { algorithms } = this;
    this.algorithms = null;
    const other = how === 'cancel' ? this.writable : this.readable;
    const step = tryPromise(() => (how === 'flush' ? algorithms?.flush() : algorithms?.cancel(reason)));
    const fail = (error) => {
      if (how === 'cancel') this.failWritable(error);
      else this.readable.error(error);
    };
    PromisePrototypeThen(promiseResolved(step), () => {
      if (other.state === 'errored') {
        finishing.reject(other.failure);
        return;
      }
      if (how !== 'flush') fail(reason);
      else if (this.readable.controller.open()) this.readable.controller.close();
      finishing.resolve();
    }, (error) => {
      fail(error);
      finishing.reject(error);
    });
    return finishing.promise;
  }
}

class TransformStreamDefaultController {
  #inside;
  constructor(token, inside) {
    if (token !== INTERNAL) throw new TypeError('Illegal constructor');
    this.#inside = inside;
  }
  get desiredSize() {
    return this.#inside.readable.controller.desiredSize();
  }
  enqueue(chunk = undefined) {
    this.#inside.enqueue(chunk);
  }
  error(reason = undefined) {
    this.#inside.error(reason);
  }
  terminate() {
    this.#inside.terminate();
  }
}

function startTransform(transformer, writableStrategy, readableStrategy) {
  checkOptions(transformer, 'TransformStream', 1, 'Transformer');
  if (transformer?.readableType !== undefined) throw new TypeError('transformer.readableType must be undefined.');
  if (transformer?.writableType !== undefined) throw new TypeError('transformer.writableType must be undefined.');
  const option = (name) => functionOption(transformer, name, 'Transformer');
  const start = option('start');
  const transform = option('transform');
  const flush = option('flush');
  const cancel = option('cancel');
  const writing = readStrategy(writableStrategy, 'TransformStream', 2, 1);
  const reading = readStrategy(readableStrategy, 'TransformStream', 3, 0);
  let controller;
  const call = (method, list) => method && callForPromise(method, transformer, list);
  const inside = new Transform({
    __proto__: null,
    transform(chunk) {
      if (transform !== undefined) return callForPromise(transform, transformer, [chunk, controller]);
      return tryPromise(() => promiseResolved(inside.enqueue(chunk)));
    },
    flush: () => call(flush, [controller]),
    cancel: (reason) => call(cancel, [reason]),
  }, writing.mark, writing.size, reading.mark, reading.size);
  controller = new TransformStreamDefaultController(INTERNAL, inside);
  inside.start(start && callForPromise(start, transformer, [controller]));
  return inside;
}

let transformInside; // TransformStream -> what has its two sides: { readable, writable }

class TransformStream {
  #inside;
  #readable;
  #writable;
  constructor(transformer = undefined, writableStrategy = undefined, readableStrategy = undefined) {
    const inside = transformer === INTERNAL ? writableStrategy :
      startTransform(transformer, writableStrategy, readableStrategy);
    this.#inside = inside;
    this.#readable = new ReadableStream(INTERNAL, inside.readable);
    this.#writable = new WritableStream(INTERNAL, inside.writable);
  }
  static {
    transformInside = (stream) => stream.#inside;
  }
  get readable() {
    return this.#readable;
  }
  get writable() {
    return this.#writable;
  }
}
exposeInterface(TransformStream);
exposeIllegal(TransformStreamDefaultController);

// Classes whose instances are TransformStreams although their constructors inherit nothing: the constructor returns
// newTransformStream(inside, new.target).
function newTransformStream(inside, target) {
  return ReflectConstruct(TransformStream, [INTERNAL, inside], target);
}

function exposeTransform(constructor, base = TransformStream) {
  ObjectSetPrototypeOf(constructor.prototype, base.prototype);
  exposeInterface(constructor);
}

// A transform of the platform's own over values: transform(chunk, enqueue), flush(enqueue), both synchronous.
function newTransform(transform, flush) {
  const enqueue = (chunk) => inside.enqueue(chunk);
  const inside = new Transform({
    __proto__: null,
    transform: (chunk) => tryPromise(() => promiseResolved(transform(chunk, enqueue))),
    flush: () => flush(enqueue),
    cancel: () => undefined,
  }, 1, undefined, 0, undefined);
  inside.start(undefined);
  return inside;
}
