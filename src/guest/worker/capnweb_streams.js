// capnweb_streams.js: streams over Cap'n Web, and how objects of the platform are written and read (guest/rpc/json.c).

const WINDOW_FIRST = 256 * 1024, WINDOW_MAX = 1024 * 1024 * 1024, WINDOW_MIN = 64 * 1024; // bytes in flight
const GROWTH_STARTING = 2, GROWTH_STEADY = 1.25, DECAY = 0.9;
const CLOCK_STEP = 1; // ms; a shorter time is none
const ROUNDS_WITHOUT_GROWTH = 3; // then it is no longer starting
const ignoreResult = () => {};

const StreamPipeTo = uncurryThis(ReadableStream.prototype.pipeTo);
const StreamGetWriter = uncurryThis(WritableStream.prototype.getWriter);
const {
  write: WriterWrite, close: WriterClose, abort: WriterAbort, releaseLock: WriterReleaseLock,
} = ObjectGetOwnPropertyMethods(WritableStreamDefaultWriter.prototype);

function ObjectGetOwnPropertyMethods(prototype) {
  const methods = { __proto__: null };
  const names = ReflectOwnKeys(prototype);
  for (let i = 0; i < names.length; i++) {
    const { value } = ReflectGetOwnPropertyDescriptor(prototype, names[i]);
    if (typeof value === "function") methods[names[i]] = uncurryThis(value);
  }
  return methods;
}
const quietly = (promise) => PromisePrototypeThen(promise, ignoreResult, ignoreResult);

// A WritableStream as a peer calls it.
class WritableEnd extends RpcTarget {
  #writer;
  #closed = false;
  constructor(stream) {
    super();
    this.#writer = StreamGetWriter(stream);
  }
  write(chunk) {
    return WriterWrite(this.#writer, chunk);
  }
  close() {
    this.#closed = true;
    return WriterClose(this.#writer);
  }
  abort(reason) {
    this.#closed = true;
    return WriterAbort(this.#writer, reason);
  }
  [Symbol.dispose]() {
    if (!this.#closed)
      quietly(WriterAbort(this.#writer, new Error("WritableStream RPC stub was disposed without calling close()")));
    WriterReleaseLock(this.#writer);
  }
}

// How much may be in flight: bandwidth times the shortest round trip, times what it may grow.
class FlowController {
  constructor() {
    this.window = WINDOW_FIRST;
    this.inFlight = 0;
    this.starting = true;
    this.delivered = 0;
    this.deliveredAt = 0;
    this.firstAt = 0;
    this.firstDelivered = 0;
    this.roundTrip = Infinity;
    this.rounds = 0;
    this.lastWindow = 0;
    this.roundAt = 0;
  }
  send(size) {
    this.inFlight += size;
    return { __proto__: null, at: performanceNow(), size, delivered: this.delivered, deliveredAt: this.deliveredAt,
      window: this.window, full: this.inFlight >= this.window };
  }
  failed(token) {
    this.inFlight -= token.size;
  }
  // True: there is room again.
  acknowledged(token) {
    const now = performanceNow();
    this.delivered += token.size;
    this.deliveredAt = now;
    this.inFlight -= token.size;
    this.roundTrip = MathMin(this.roundTrip, now - token.at);
    if (this.firstAt === 0) {
      this.firstAt = now;
      this.firstDelivered = this.delivered;
    } else {
      this.resize(token, now);
    }
    return this.inFlight < this.window;
  }
  resize(token, now) {
    const isFirst = token.deliveredAt === 0;
    const since = isFirst ? this.firstAt : token.deliveredAt, before = isFirst ? this.firstDelivered : token.delivered;
    const growth = this.starting ? GROWTH_STARTING : GROWTH_STEADY;
    const bandwidth = (this.delivered - before) / MathMax(now - since, CLOCK_STEP);
    const wanted = bandwidth * MathMax(this.roundTrip, CLOCK_STEP) * growth;
    const grown = MathMin(wanted, token.window * growth);
    const window = token.full ? MathMax(grown, token.window * DECAY) : MathMax(grown, this.window);
    this.window = MathMax(MathMin(window, WINDOW_MAX), WINDOW_MIN);
    if (!this.starting || token.at < this.roundAt) return;
    if (this.window > this.lastWindow * GROWTH_STEADY) this.rounds = 0;
    else if (++this.rounds >= ROUNDS_WITHOUT_GROWTH) this.starting = false;
    this.roundAt = now;
    this.lastWindow = this.window;
  }
}
const performanceNow = () => native.now();

// A WritableStream whose chunks are calls on what the stub stands for.
class WebWritable {
  constructor(stub) {
    this.stub = stub;
    this.flow = new FlowController();
    this.error = null; // { error }
    this.room = null; // { resolve, reject }: of a write that waits for it
    this.disposed = false;
  }
  dispose() {
    if (this.disposed) return;
    this.disposed = true;
    this.stub[Symbol.dispose]();
  }
  fail(error, controller) {
    if (this.error === null) {
      this.error = { error };
      controller.error(error);
      this.dispose();
    }
    this.endWait((room) => room.reject(error));
  }
  endWait(how) {
    const { room } = this;
    this.room = null;
    if (room !== null) how(room);
  }
  write(chunk, controller) {
    if (this.error !== null) throw this.error.error;
    const { 0: promise, 1: size } = native.webStream(this.stub, "write", [chunk]);
    if (size < 0)
      return PromisePrototypeThen(promise, ignoreResult, (error) => {
        this.error ??= { error };
        throw error;
      });
    const token = this.flow.send(size);
    PromisePrototypeThen(promise, () => {
      if (this.flow.acknowledged(token)) this.endWait((room) => room.resolve());
    }, (error) => {
      this.flow.failed(token);
      this.fail(error, controller);
    });
    if (!token.full) return undefined;
    return new NativePromise((resolve, reject) => {
      this.room = { resolve, reject };
    });
  }
  async close() {
    try {
      if (this.error !== null) throw this.error.error;
      await native.webStream(this.stub, "close", [])[0];
    } catch (e) {
      throw this.error === null ? e : this.error.error;
    } finally {
      this.dispose();
    }
  }
  abort(reason) {
    if (this.error !== null) return;
    const error = reason ?? new Error("WritableStream was aborted");
    this.error = { error };
    this.endWait((room) => room.reject(error));
    const done = () => this.dispose();
    PromisePrototypeThen(native.webStream(this.stub, "abort", [reason])[0], done, done);
  }
}

async function jobsLater() {
  for (let i = 0; i < 3; i++) await undefined;
}

// `start`: what is to happen before the first chunk goes.
function writableTo(stub, start) {
  const remote = new WebWritable(stub);
  return new WritableStream({
    __proto__: null,
    start,
    write: (chunk, controller) => remote.write(chunk, controller),
    close: () => remote.close(),
    abort: (reason) => remote.abort(reason),
  });
}

function dropStream(stream) {
  if (stream.locked) return;
  if (isReadableStream(stream)) {
    quietly(StreamCancel(stream, new Error("ReadableStream RPC stub was disposed without being consumed")));
    return;
  }
  new WritableEnd(stream)[Symbol.dispose]();
}

// ---- objects of the platform

// In the form of an object: a value.
class Hole {
  constructor(value) {
    this.value = value;
  }
}
native.webHole(Hole.prototype);

function webRequestOut(request) {
  const init = {};
  const headers = pairsOf(listSorted(requestList(request)));
  const { body, cf } = request;
  if (request.method !== "GET") init.method = request.method;
  if (headers.length > 0) init.headers = headers;
  if (body !== null) {
    init.body = new Hole(body);
    init.duplex = "half";
  }
  if (request.cache && request.cache !== "default") init.cache = request.cache;
  if (request.redirect !== "follow") init.redirect = request.redirect;
  if (request.integrity) init.integrity = request.integrity;
  if (request.keepalive) init.keepalive = request.keepalive;
  if (cf) init.cf = cf;
  return ["request", request.url, init];
}

function webResponseOut(response) {
  const init = {};
  const headers = pairsOf(listSorted(responseList(response)));
  if (responseSocket(response)) throw new TypeError("Can't serialize a Response containing a webSocket.");
  if (response.status !== 200) init.status = response.status;
  if (response.statusText) init.statusText = response.statusText;
  if (headers.length > 0) init.headers = headers;
  if (response.cf) init.cf = response.cf;
  return ["response", new Hole(response.body), init];
}

function webOut(object) {
  if (isRequest(object)) return webRequestOut(object);
  if (isResponse(object)) return webResponseOut(object);
  const headers = headersList(object);
  if (headers !== null) return ["headers", pairsOf(listSorted(headers))];
  if (blobBytes(object) !== null) return ["blob", blobType(object), new Hole(object.stream())];
  return ["url", object.href];
}

const isBody = (body) => body === null || typeof body === "string" || TypedArrayGetTag(body) === "Uint8Array" ||
  isReadableStream(body);

function checkBody(what, body, headers) {
  if (!isBody(body)) throw new TypeError(`${what} body must be of type ReadableStream.`);
  if (headers && !ArrayIsArray(headers)) throw new TypeError("Request headers must be serialized as an array of pairs.");
}

function webRequestIn(url, init) {
  if (init.body) checkBody("Request", init.body, undefined);
  if (init.signal && !isAbortSignal(init.signal)) throw new TypeError("Request siganl must be of type AbortSignal.");
  checkBody("Request", null, init.headers);
  return new Request(url, init);
}

function webResponseIn(body, init) {
  checkBody("Response", body, undefined);
  if (init.webSocket) throw new TypeError("Can't deserialize a Response containing a webSocket.");
  checkBody("Response", null, init.headers);
  return new Response(body, init);
}

async function webBlobIn(type, content) {
  return new Blob(INTERNAL, await readToEnd(streamToNetReader(content, false)), type);
}

function webIn(kind, a, b) {
  if (kind === "url") return new URL(a);
  if (kind === "headers") return new Headers(a);
  if (kind === "request") return webRequestIn(a, b);
  if (kind === "response") return webResponseIn(a, b);
  if (!isReadableStream(b)) throw new TypeError("Blob content must be serialized as a ReadableStream.");
  return webBlobIn(a, b);
}

function webCopy(object) {
  if (isRequest(object)) return new Request(object);
  return isResponse(object) ? new Response(object.body, object) : new Headers(object);
}

const webPrototypes = [
  Object, Function, (async () => {}).constructor, Array, Date, Uint8Array, WritableStream, ReadableStream, URL, Headers,
  Request, Response, Blob, RpcStub, RpcPromise, RpcProperty, ArrayBuffer, DataView, Int8Array, Uint8ClampedArray,
  Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array, Float32Array, Float64Array,
];
for (let i = 0; i < webPrototypes.length; i++) webPrototypes[i] = webPrototypes[i].prototype;
native.webClasses(webPrototypes, RpcTarget.prototype, Fetcher.prototype, Error.prototype, {
  out: webOut,
  in: webIn,
  copy: webCopy,
  sink: (stream) => new WritableEnd(stream),
  drop: dropStream,
  writable: writableTo,
  // What is said about the message that names the stream goes first.
  pump: (readable, stub) => quietly(StreamPipeTo(readable, writableTo(stub, jobsLater))),
  pipe() {
    const { readable, writable } = new TransformStream();
    return [new WritableEnd(writable), readable];
  },
  buffer: (bytes) => (worker.nodeLevel < NODE_ALL ? bytes : ObjectSetPrototypeOf(bytes, Buffer.prototype)),
}, Symbol.dispose);
native.webBuffer(Buffer.prototype);
native.webErrors({ __proto__: null, Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError,
  AggregateError }, BigInt);
