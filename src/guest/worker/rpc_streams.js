// rpc_streams.js: streams, signals, requests and responses in values of RPC. guest/rpc/stream.c carries them: what is
// written to an outlet arrives at a sink of the other side, an object here with receive(method, value, id), which
// returns what answers the write: undefined, a promise, or true: it answers later by the id.
// Streams are bytes, and what went wrong with one is not told to the other side, as in workerd.

const SINK_WRITE = 0, SINK_CLOSE = 1, SINK_ABORT = 2, SINK_GONE = 3; // stream.c: what a sink is told
const ROOM = 0, TAKEN = 1, CLOSED = 2; // and the owner of an outlet; 3: it failed
const LATER = true;
const STREAM_PIECE = 64 * 1024; // bytes of one write
const WAITING_MOST = 2 * 1024 * 1024; // bytes that a peer may have on their way; its window is at most half of it
const INLINE_MOST = 64 * 1024; // a body that is no longer goes along with its message
const LOST = "Network connection lost.";
const READABLE_LOST = "ReadableStream received over RPC disconnected prematurely.";
const WRITABLE_LOST =
  "WritableStream received over RPC was disconnected because the remote execution context has ended.";
const SIGNAL_LOST =
  "An AbortSignal received over RPC was implicitly aborted because the connection back to its trigger was lost.";

const isOver = (event) => event !== null && event.over;

// ---- a ReadableStream goes

// What a pipe's chunks come from: read() gives them, null at the end.
function pipeSource(stream) {
  const inside = readableInside(stream);
  if (inside.reader !== null) throw new TypeError("The ReadableStream has been locked to a reader.");
  const source = takeSource(inside);
  if (source === undefined) return streamToNetReader(stream);
  return isStatic(source) ? onceSource(staticBytes(source)) : source;
}

function onceSource(bytes) {
  let rest = bytes;
  return {
    __proto__: null,
    read() {
      const chunk = rest;
      rest = null;
      return promiseResolved(chunk);
    },
    cancel() {},
  };
}

class Outflow {
  constructor(stream) {
    this.event = current;
    this.source = pipeSource(stream);
    this.waiter = null;
    this.over = false;
    const { 0: id, 1: outlet } = native.rpcPipe((what) => this.hear(what), false);
    this.id = id;
    this.outlet = outlet;
  }
  hear(what) {
    if (what === ROOM) {
      this.wake();
      return;
    }
    if (this.over || isOver(this.event)) return;
    this.over = true;
    this.wake();
    if (what !== CLOSED) this.source.cancel(new ErrorConstructor(LOST));
  }
  wake() {
    const waiter = this.waiter;
    this.waiter = null;
    waiter?.();
  }
  room() {
    return new NativePromise((resolve) => { this.waiter = resolve; });
  }
  async run() {
    try {
      for (;;) {
        const chunk = await this.source.read();
        if (this.over) return;
        if (chunk === null) break;
        const length = TypedArrayGetByteLength(chunk);
        for (let at = 0; at < length && !this.over; at += STREAM_PIECE)
          if (!native.rpcWrite(this.outlet, chunk, at, MathMin(length, at + STREAM_PIECE)) && !this.over)
            await this.room();
        if (this.over) return;
      }
      native.rpcClose(this.outlet);
    } catch {
      if (this.over) return;
      this.over = true;
      native.rpcAbort(this.outlet, undefined);
    }
  }
}

function readableOut(stream) {
  const flow = new Outflow(stream);
  flow.run();
  return ["ReadableStream", flow.id];
}

// ---- a ReadableStream comes: a source (web/sources.js) and a sink

class Inflow {
  constructor(id) {
    this.event = current;
    this.session = native.rpcInlet(id, this);
    this.id = id;
    this.length = -1;
    this.inline = null;
    this.whole = true;
    this.queue = new Queue(); // { chunk, id, size }
    this.size = 0;
    this.waiter = null; // of a read
    this.ended = false;
    this.failure = null;
    // After what else came with the chunk, which may say that the stream failed: then the chunk is lost.
    this.wake = () => {
      if (this.waiter !== null && this.queue.length) this.tell(this.take());
    };
  }
  // ---- the sink
  receive(method, value, id) {
    if (isOver(this.event)) return undefined;
    if (method === SINK_WRITE) return this.write(value, id);
    if (method === SINK_CLOSE) this.close();
    else this.fail(new ErrorConstructor(READABLE_LOST));
    return undefined;
  }
  write(value, id) {
    if (this.ended || this.failure !== null) throw new ErrorConstructor(LOST);
    const chunk = isObject(value) && isArrayBuffer(value) ? new Uint8ArrayConstructor(value) : null;
    if (chunk === null) this.refuse(new TypeError("This ReadableStream did not return bytes."));
    const size = TypedArrayGetByteLength(chunk);
    if (this.size + size > WAITING_MOST) this.refuse(new RangeError("The stream's sender does not wait for its reader."));
    this.queue.put({ __proto__: null, chunk, id, size });
    this.size += size;
    if (this.waiter !== null && this.queue.length === 1) PromisePrototypeThen(promiseResolved(undefined), this.wake);
    return LATER;
  }
  refuse(error) {
    this.fail(error);
    throw error;
  }
  close() {
    this.ended = true;
    if (this.waiter !== null && this.queue.length === 0) this.tell(null);
  }
  fail(error) {
    if (this.ended || this.failure !== null) return;
    this.failure = [error];
    this.drop(error);
    const waiter = this.waiter;
    this.waiter = null;
    waiter?.reject(error);
  }
  drop(error) {
    this.size = 0;
    while (this.queue.length) this.answer(this.queue.take().id, error, true);
  }
  answer(id, value, failed) {
    if (id > 0) native.rpcAnswer(this.session, id, value, failed);
  }
  tell(chunk) {
    const waiter = this.waiter;
    this.waiter = null;
    waiter.resolve(chunk);
  }
  // ---- the source
  take() {
    const { chunk, id, size } = this.queue.take();
    this.size -= size;
    this.answer(id, undefined, false);
    return chunk;
  }
  read() {
    if (this.queue.length) return promiseResolved(this.take());
    if (this.failure !== null) return promiseRejected(this.failure[0]);
    if (this.ended) return promiseResolved(null);
    this.waiter = deferred();
    return this.waiter.promise;
  }
  cancel() {
    if (this.failure !== null) return;
    const error = new ErrorConstructor(LOST);
    const open = !this.ended;
    this.ended = true;
    this.failure = [error];
    this.drop(error);
    if (open) this.answer(this.id, error, true);
  }
}

const readableIn = (id) => streamOfSource(new Inflow(id));

// ---- a WritableStream goes: what the peer writes is written to it

class Offer {
  constructor(stream) {
    this.event = current;
    this.inside = writableInside(stream);
    this.writer = new Writer(this.inside);
    this.size = 0;
    this.ended = false;
  }
  receive(method, value) {
    if (isOver(this.event)) return undefined;
    if (method === SINK_WRITE) return this.write(value);
    if (this.ended) return undefined;
    this.ended = true;
    if (method === SINK_CLOSE) return tryPromise(() => this.inside.close());
    this.abort(new ErrorConstructor(WRITABLE_LOST));
    return undefined;
  }
  abort(reason) {
    this.ended = true;
    ignoreRejection(tryPromise(() => this.inside.abort(reason)));
  }
  write(value) {
    if (this.ended) throw new TypeError(CLOSED_WRITABLE);
    if (!isObject(value) || !isArrayBuffer(value)) throw new TypeError(NOT_BYTES_WRITTEN);
    const size = ArrayBufferGetByteLength(value);
    if (this.size + size > WAITING_MOST) {
      this.abort(new ErrorConstructor(WRITABLE_LOST));
      throw new RangeError("The stream's writer does not wait for it.");
    }
    this.size += size;
    const written = tryPromise(() => this.inside.write(value));
    const done = () => { this.size -= size; };
    PromisePrototypeThen(written, done, done);
    return written;
  }
}

const writableOut = (stream) => ["WritableStream", native.rpcOffer(new Offer(stream))];

// ---- a WritableStream comes

class RemoteWritable extends SinkWritable {
  constructor(id) {
    super(null, undefined);
    this.event = current;
    this.drained = undefined; // a pipe need not wait for each write
    this.sent = 0; // of the queue, those of which all is sent
    this.room = true;
    this.outlet = native.rpcOutlet(id, (what, value) => this.hear(what, value));
    this.sink = this;
  }
  hear(what, value) {
    if (isOver(this.event)) return;
    if (what === ROOM) {
      this.setRoom(true);
      this.advance();
    } else if (what === TAKEN) {
      this.taken();
    } else if (what === CLOSED) {
      while (this.queue.length) this.done();
    } else {
      this.fail(value);
    }
  }
  taken() {
    if (this.queue.length === 0) return;
    const item = this.queue.peek();
    if (--item.unanswered > 0 || this.sent === 0) return;
    this.sent--;
    this.done();
  }
  setRoom(room) {
    if (this.room === room) return;
    this.room = room;
    if (this.state === "writable") this.writer?.blocked(!room);
  }
  blocked() {
    return !this.room;
  }
  advance() {
    try {
      while (this.state === "writable" && this.room && this.sent < this.queue.length)
        this.send(this.queue.items[this.queue.head + this.sent]);
    } catch (error) {
      this.fail(error);
    }
  }
  send(item) {
    if (item.bytes === null) {
      this.sent++;
      native.rpcClose(this.outlet);
      return;
    }
    const from = item.from ?? 0, length = TypedArrayGetByteLength(item.bytes);
    const to = MathMin(length, from + STREAM_PIECE);
    item.from = to;
    item.unanswered = (item.unanswered ?? 0) + 1;
    if (to === length) this.sent++;
    this.setRoom(native.rpcWrite(this.outlet, item.bytes, from, to));
  }
  abort(reason) {
    if (this.state === "writable") {
      this.fail(reason);
      this.told = true;
      native.rpcAbort(this.outlet, undefined);
    }
    return promiseResolved(undefined);
  }
}

const writableIn = (id) => new WritableStream(INTERNAL, new RemoteWritable(id));

// ---- signals

function signalOut(signal) {
  if (!worker.sendsSignals) throw cannotClone("AbortSignal serialization is not enabled.");
  if (AbortSignalGetAborted(signal)) return ["AbortSignal", 0, AbortSignalGetReason(signal)];
  const { 0: id, 1: outlet } = native.rpcPipe(() => {}, true);
  signalAddAlgorithm(signal, (reason) => {
    try {
      native.rpcAbort(outlet, reason);
    } catch {
      native.rpcAbort(outlet, new DOMExceptionConstructor("The operation was aborted", "AbortError"));
    }
  });
  return ["AbortSignal", id];
}

class SignalSink {
  constructor(signal) {
    this.event = current;
    this.signal = signal;
  }
  receive(method, value) {
    if (isOver(this.event)) return undefined;
    if (method === SINK_ABORT) signalAbort(this.signal, value);
    else if (method === SINK_GONE && value) signalAbort(this.signal, new DOMExceptionConstructor(SIGNAL_LOST, "AbortError"));
    return undefined;
  }
}

function signalIn(id, reason) {
  const signal = new AbortSignal(INTERNAL);
  if (id === 0) signalAbort(signal, reason);
  else native.rpcInlet(id, new SignalSink(signal));
  return signal;
}

// ---- requests and responses

// The body of a Request or Response as a value: null, text, bytes or a stream.
function bodyOut(body) {
  if (body === null || isReadableStream(body)) return body;
  if (!isStatic(body)) return streamOfSource(body);
  if (typeof body === "string") return body.length <= INLINE_MOST ? body : streamOfSource(body);
  const bytes = staticBytes(body);
  return TypedArrayGetByteLength(bytes) <= INLINE_MOST ? bytesOwn(bytes) : streamOfSource(bytes);
}

function needUnused(body) {
  if (bodyIsUsed(body)) throw new TypeError("The ReadableStream has been locked to a reader.");
}

function requestRpcOut(request) {
  needUnused(request);
  const { redirect, cache, signal, bare } = requestRest(request), cf = requestCf(request);
  const given = signal === null || bare ? null : signal;
  if (given !== null && !worker.sendsSignals) throw cannotClone("AbortSignal serialization is not enabled.");
  const { method, url, headers, body } = requestParts(request);
  return ["Request", url, method, headers, bodyOut(body), redirect, cache, cf, given];
}

function responseOut(response) {
  if (responseSocket(response) !== null)
    throw cannotClone('Could not serialize object of type "WebSocket". This type does not support serialization.');
  needUnused(response);
  const { status, statusText, headers, body, manual } = responseParts(response);
  return ["Response", status, statusText, headers, bodyOut(body), responseCf(response), manual];
}

// A body that brings no type of its own.
function bodyIn(body) {
  if (typeof body === "string") return native.utf8Encode(body);
  if (body === null || isReadableStream(body) || ArrayBufferIsView(body)) return body;
  throw cannotClone("The serialized value is malformed.");
}

function requestIn(value) {
  return new Request(`${value[1]}`, { __proto__: null, method: value[2], headers: headersIn(value[3]),
    body: bodyIn(value[4]), redirect: value[5], cache: value[6], cf: value[7], signal: value[8] });
}

function responseIn(value) {
  if (value[1] === 0) return responseError();
  return new Response(bodyIn(value[4]), { __proto__: null, status: value[1], statusText: value[2],
    headers: headersIn(value[3]), cf: value[5], encodeBody: value[6] ? "manual" : "automatic" });
}
const responseError = Response.error;

// ---- the hooks

// [kind, …] of an object that can only be sent by RPC.
function hostOut(object) {
  if (isReadableStream(object)) return readableOut(object);
  if (isWritableStream(object)) return writableOut(object);
  if (isAbortSignal(object)) return signalOut(object);
  if (isRequest(object)) return requestRpcOut(object);
  if (isResponse(object)) return responseOut(object);
  return undefined;
}

function idIn(value) {
  if (typeof value === "number") return value;
  throw cannotClone("The serialized value is malformed.");
}

function hostIn(value) {
  switch (value[0]) {
    case "ReadableStream":
      return readableIn(idIn(value[1]));
    case "WritableStream":
      return writableIn(idIn(value[1]));
    case "AbortSignal":
      return signalIn(idIn(value[1]), value[2]);
    case "Request":
      return requestIn(value);
    case "Response":
      return responseIn(value);
    default:
      return undefined;
  }
}
