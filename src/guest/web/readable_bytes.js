// readable_bytes.js: the controller of bytes: streams of type "bytes", their queue, and reads into a reader's buffer.

const REQUEST_INVALID = 'This ReadableStreamBYOBRequest has been invalidated.';
const NOTHING_TO_RESPOND = 'Cannot respond with a zero-length or detached view';

class ByteController extends ValueController {
  constructor(stream, pull, cancel, mark, allocate) {
    super(stream, pull, cancel, mark, undefined);
    this.allocate = allocate;
    this.pending = []; // buffers that wait to be filled: viewParts() and { filled, least, kind: byob, default or none }
    this.request = null; // the ReadableStreamBYOBRequest in use
  }
  emptyView(into) {
    if (ArrayBufferGetByteLength(into.buffer) === 0) return new into.constructor(new ArrayBufferConstructor(0));
    return new into.constructor(into.buffer, into.offset, 0);
  }
  invalidate(ended = false) {
    if (this.request !== null) invalidateRequest(this.request, ended);
    this.request = null;
  }
  forget() {
    super.forget();
    this.invalidate(true);
    this.pending = [];
  }
  release() {
    const first = this.pending[0];
    if (first === undefined) return;
    first.kind = 'none';
    this.pending = [first];
  }

  // ---- reading
  read(request) {
    if (this.total > 0) {
      request.chunk(this.takeChunk());
      return;
    }
    if (this.allocate !== undefined) {
      this.pending[this.pending.length] = { __proto__: null, buffer: new ArrayBufferConstructor(this.allocate),
        offset: 0, length: this.allocate, constructor: Uint8ArrayConstructor, unit: 1, filled: 0, least: 1,
        kind: 'default' };
    }
    this.stream.reader.requests.put(request);
    this.pull();
  }
  takeChunk() {
    const { buffer, offset, length } = this.queue.take();
    this.total -= length;
    this.drained();
    return bytesAt(buffer, offset, length);
  }
  drained() {
    if (this.total === 0 && this.closing) this.finish();
    else this.pull();
  }
  readInto(into, least, request) {
    into.filled = 0;
    into.least = least;
    into.kind = 'byob';
    if (this.pending.length === 0 && this.total > 0) {
      if (this.fill(into)) {
        this.drained();
        request.chunk(this.filledView(into));
        return;
      }
      if (this.closing) {
        this.finish();
        request.close(this.emptyView(into));
        return;
      }
    }
    this.pending[this.pending.length] = into;
    this.stream.reader.requests.put(request);
    this.pull();
  }
  // Moves bytes from the queue into a buffer. True: it has as many as were asked for at least.
  fill(into) {
    let most = MathMin(this.total, into.length - into.filled);
    const aligned = into.filled + most - (into.filled + most) % into.unit;
    const ready = aligned >= into.least;
    if (ready) most = aligned - into.filled;
    while (most > 0) {
      const head = this.queue.peek();
      const count = MathMin(most, head.length);
      TypedArrayPrototypeSet(bytesAt(into.buffer, into.offset + into.filled, count),
        bytesAt(head.buffer, head.offset, count));
      if (head.length === count) this.queue.take();
      head.offset += count;
      head.length -= count;
      this.total -= count;
      into.filled += count;
      most -= count;
    }
    return ready;
  }
  filledView(into) {
    return new into.constructor(into.buffer, into.offset, MathFloor(into.filled / into.unit));
  }
  commit(into) {
    const request = this.stream.reader.requests.take();
    if (this.stream.state === 'readable' || into.filled > 0) request.chunk(this.filledView(into));
    else request.close(into.kind === 'default' ? undefined : this.emptyView(into));
  }
  fillPending() {
    while (this.pending.length > 0 && this.total > 0 && this.fill(this.pending[0])) {
      this.commit(this.takePending());
    }
  }

  takePending() {
    const first = this.pending[0];
    arrayCut(this.pending, 0, 1);
    return first;
  }

  // ---- writing
  put(buffer, offset, length) {
    this.queue.put({ __proto__: null, buffer, offset, length });
    this.total += length;
  }
  putCopy(buffer, offset, length) {
    this.put(TypedArrayGetBuffer(bytesCopy(bytesAt(buffer, offset, length))), 0, length);
  }
  enqueue(view) {
    const { offset, length, buffer: old } = viewParts(view);
    const buffer = ArrayBufferPrototypeTransfer(old);
    const reader = this.stream.reader;
    const first = this.pending[0];
    if (first !== undefined) {
      this.invalidate();
      first.buffer = ArrayBufferPrototypeTransfer(first.buffer);
      if (first.kind === 'none') this.orphan();
    }
    if (reader !== null && !reader.byob && reader.requests.length > 0) {
      if (this.pending.length > 0) arrayCut(this.pending, 0, 1);
      reader.requests.take().chunk(bytesAt(buffer, offset, length));
    } else {
      this.put(buffer, offset, length);
      if (reader?.byob) this.fillPending();
    }
    this.pull();
  }
  // A buffer whose reader has gone: what is in it goes to the queue.
  orphan() {
    const into = this.takePending();
    if (into.filled > 0) this.putCopy(into.buffer, into.offset, into.filled);
  }
  respond(count) {
    const first = this.pending[0];
    if (count <= 0) throw new TypeError('The bytesWritten must be more than zero while the stream is open.');
    if (first.filled + count > first.length) {
      throw new RangeError(`Too many bytes [${count}] in response to a BYOB read request.`);
    }
    first.buffer = ArrayBufferPrototypeTransfer(first.buffer);
    this.filled(first, count);
  }
  respondWith(view) {
    const first = this.pending[0];
    const { buffer, offset, length } = viewParts(view);
    if (length === 0) throw new TypeError('The view byte length must be more than zero while the stream is open.');
    if (offset !== first.offset + first.filled) throw new RangeError('The given view has an invalid byte offset.');
    if (ArrayBufferGetByteLength(buffer) !== ArrayBufferGetByteLength(first.buffer)) {
      throw new RangeError('The underlying ArrayBuffer is not the correct length.');
    }
    if (first.filled + length > first.length) throw new RangeError('The view is not the correct length.');
    first.buffer = ArrayBufferPrototypeTransfer(buffer);
    this.filled(first, length);
  }
  filled(into, count) {
    this.invalidate();
    into.filled += count;
    if (into.kind === 'none') {
      this.orphan();
      this.fillPending();
    } else if (into.filled >= into.least) {
      arrayCut(this.pending, 0, 1);
      const odd = into.filled % into.unit;
      if (odd > 0) this.putCopy(into.buffer, into.offset + into.filled - odd, odd);
      into.filled -= odd;
      this.commit(into);
      this.fillPending();
    }
    this.pull();
  }
  close() {
    this.closing = true;
    if (this.total > 0) return;
    const first = this.pending[0];
    if (first !== undefined && first.filled % first.unit !== 0) {
      const error = new TypeError('Insufficient bytes to fill elements in the given buffer');
      this.stream.error(error);
      throw error;
    }
    this.finish();
  }
  finish() {
    const pending = this.pending;
    this.forget();
    this.stream.close();
    if (!this.stream.reader?.byob) return;
    for (let i = 0; i < pending.length; i++) if (pending[i].kind === 'byob') this.commit(pending[i]);
  }
  byobRequest() {
    if (this.request === null && this.pending.length > 0) {
      const { buffer, offset, length, filled, least } = this.pending[0];
      const view = bytesAt(buffer, offset + filled, length - filled);
      this.request = new ReadableStreamBYOBRequest(INTERNAL, this, view, MathMax(least - filled, 1));
    }
    return this.request;
  }
}
const ArrayBufferConstructor = ArrayBuffer;

let invalidateRequest; // (request, ended): ended, when that is because its stream has
const ENDED = { __proto__: null };

// True: the stream has ended, and nothing was answered, as it must be then.
function checkRequest(controller, count, what) {
  if (controller === null) throw new TypeError(REQUEST_INVALID);
  if (controller === ENDED && count !== 0) throw new TypeError(`The ${what} must be zero after the stream is closed.`);
  return controller === ENDED;
}

class ReadableStreamBYOBRequest {
  #controller;
  #view;
  #least;
  constructor(token, controller, view, least) {
    if (token !== INTERNAL) throw new TypeError('Illegal constructor');
    this.#controller = controller;
    this.#view = view;
    this.#least = least;
  }
  static {
    invalidateRequest = (request, ended) => {
      request.#controller = ended ? ENDED : null;
      request.#view = request.#least = null;
    };
  }
  get view() {
    return this.#view;
  }
  respond(bytesWritten) {
    if (bytesWritten === undefined) needArguments(0, 1, 'respond', 'ReadableStreamBYOBRequest', 'integer');
    const count = MathTrunc(+bytesWritten) || 0;
    if (checkRequest(this.#controller, count, 'bytesWritten')) return;
    if (TypedArrayGetByteLength(this.#view) === 0) throw new TypeError(NOTHING_TO_RESPOND);
    this.#controller.respond(count);
  }
  respondWithNewView(view) {
    if (!ArrayBufferIsView(view)) {
      needArguments(0, 1, 'respondWithNewView', 'ReadableStreamBYOBRequest', 'BufferSource');
    }
    if (checkRequest(this.#controller, viewParts(view).length, 'view byte length')) return;
    this.#controller.respondWith(view);
  }
  get atLeast() {
    return this.#least;
  }
}
exposeIllegal(ReadableStreamBYOBRequest);

class ReadableByteStreamController {
  #inside;
  constructor(token, inside) {
    if (token !== INTERNAL) throw new TypeError('Illegal constructor');
    this.#inside = inside;
  }
  get byobRequest() {
    return this.#inside.byobRequest();
  }
  get desiredSize() {
    return this.#inside.desiredSize();
  }
  close() {
    if (!this.#inside.open()) throw new TypeError(CLOSED_READABLE);
    this.#inside.close();
  }
  enqueue(chunk) {
    const bytes = bytesBorrow(chunk);
    if (bytes === null) needArguments(0, 1, 'enqueue', 'ReadableByteStreamController', 'BufferSource');
    if (TypedArrayGetByteLength(bytes) === 0) throw new TypeError('Cannot enqueue a zero-length ArrayBuffer.');
    if (!this.#inside.open()) throw new TypeError('This ReadableByteStreamController is closed.');
    this.#inside.enqueue(bytes);
  }
  error(reason = undefined) {
    this.#inside.stream.error(reason);
  }
}
exposeIllegal(ReadableByteStreamController);

// A stream of the platform's own over bytes, to be filled with controller.enqueue(view), which takes the buffer.
function newByteReadable(pull, cancel) {
  const stream = new Readable();
  new ByteController(stream, pull, cancel, 0, undefined).start(undefined);
  return stream;
}
