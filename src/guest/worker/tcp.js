// tcp.js: connections (Sockets of cloudflare:sockets). One is a request of the method CONNECT (frame.h): what is written
// is the request's body, what is read is the answer's. The network answers it (gateway/outbound.h), or a Worker's
// connect() (connect.js), where it is the other way round.

const CONNECT_FAILED = "proxy request failed, cannot connect to the specified address";
const CLOSING_READ = "This ReadableStream belongs to an object that is closing.";
const CLOSING_WRITE = "This WritableStream belongs to an object that is closing.";
const LOCKED_TO_READER = "The ReadableStream has been locked to a reader.";

// What is written: the source of the body. A write is done when its bytes were taken.
class TcpOut {
  constructor() {
    this.gone = deferred(); // all of it was taken
    this.pending = null; // { bytes, result }
    this.reader = null;
    this.ended = false;
    this.lost = false; // nobody takes anything any more
    this.idle = null; // called when all that was written was sent
    this.halves = 0; // of the two that a connection has, how many have ended
  }
  write(bytes) {
    if (this.ended) throw new TypeError(CLOSING_WRITE);
    if (this.lost) throw new ErrorConstructor(CONNECTION_LOST);
    const result = deferred();
    this.pending = { __proto__: null, bytes, result };
    this.give();
    return result.promise;
  }
  close() {
    this.ended = true;
    this.give();
  }
  abort() {
    this.pending = null;
  }
  give() {
    if (this.reader === null || (this.pending === null && !this.ended)) return;
    const { reader, pending } = this;
    this.reader = this.pending = null;
    io--;
    reader.resolve(pending === null ? null : pending.bytes);
    if (pending === null) this.gone.resolve();
    pending?.result.resolve();
  }
  read() {
    this.reader = deferred();
    io++;
    const { promise } = this.reader;
    this.give();
    if (this.reader !== null && this.pending === null) this.rest();
    return promise;
  }
  rest() {
    const { idle } = this;
    this.idle = null;
    idle?.();
  }
  whenIdle(callback) {
    this.idle = callback;
    if (this.reader !== null && this.pending === null) this.rest();
  }
  cancel() {
    this.lost = true;
    if (this.pending !== null) this.pending.result.reject(new ErrorConstructor(CONNECTION_LOST));
    this.pending = null;
    this.gone.resolve();
    if (this.reader === null) return;
    const { reader } = this;
    this.reader = null;
    io--;
    reader.resolve(null);
  }
  // True: it was the second half.
  half() {
    return ++this.halves === 2;
  }
}

// The sink of a connection's writable side: nothing is written before it is there.
class TcpSink {
  constructor(connection) {
    this.connection = connection;
  }
  write(bytes) {
    const { out, isOpen, ready } = this.connection;
    return isOpen ? out.write(bytes) : PromisePrototypeThen(ready.promise, () => out.write(bytes));
  }
  close() {
    const { out, isOpen, ready } = this.connection;
    if (!isOpen) return PromisePrototypeThen(ready.promise, () => out.close());
    out.close();
  }
  abort() {
    this.connection.out.abort();
  }
}

// What is read.
class TcpIn {
  constructor(connection) {
    this.connection = connection;
  }
  async read() {
    const { connection } = this;
    await connection.ready.promise;
    if (connection.closing) throw new TypeError(CLOSING_READ);
    const chunk = connection.body === null ? null : await connection.body.read();
    if (connection.closing) throw new TypeError(CLOSING_READ);
    if (chunk === null && connection.body !== null) connection.ended();
    return chunk;
  }
  cancel() {
    this.connection.drop();
  }
}

const handled = (promise) => PromisePrototypeThen(promise, () => {}, () => {});

// Until everything that a sink was given so far has been taken.
function sinkFlushed(sink) {
  const { items, head } = sink.queue;
  return items.length > head ? items[items.length - 1].result.promise : promiseResolved(undefined);
}

class Connection {
  // `about`: { address, host, secure, halfOpen, mark }
  constructor(out, about) {
    this.out = out;
    this.about = about;
    this.endpoint = null; // the Call or Event_ whose stream this is
    this.body = null;
    this.plain = null; // while TLS begins, the connection that it was
    this.isOpen = this.closing = this.isClosed = this.replaced = this.upgraded = this.dropped = this.waits = false;
    this.ready = deferred();
    this.opened = deferred();
    this.closed = deferred();
    handled(this.ready.promise);
    handled(this.opened.promise);
    handled(this.closed.promise);
    this.readable = streamOfSource(new TcpIn(this));
    this.sink = new SinkWritable(new TcpSink(this), about.mark);
    this.writable = new WritableStream(INTERNAL, this.sink);
  }
  belongTo(endpoint) {
    this.endpoint = endpoint;
    endpoint.tunnel = this;
  }
  // It is there. `info`: remoteAddress and localAddress
  began(body, info) {
    this.body = body;
    if (this.dropped) body.drop();
    this.isOpen = true;
    this.opened.resolve(info);
    this.ready.resolve();
  }
  // It never will be.
  failed(error) {
    this.opened.reject(error);
    this.closed.reject(error);
    this.sink.fail(error);
    this.ready.resolve();
  }
  // It was there, and broke.
  broke(error) {
    if (this.waits) {
      this.unwait();
      this.opened.reject(error);
      this.ready.reject(error);
    }
    this.closed.reject(error);
    this.sink.fail(error);
  }
  // Its peer takes nothing more.
  unwanted() {
    this.out.cancel();
    this.closed.resolve();
  }
  // The endpoint is no more.
  over() {
    this.unwait();
    this.out.cancel();
  }
  // The peer sends nothing more.
  ended() {
    if (this.about.halfOpen) return;
    const { sink } = this;
    if (sink.state !== "writable" || sink.ending) this.closed.resolve();
    else PromisePrototypeThen(sink.close(), () => this.closed.resolve(), () => {});
  }
  // Nobody reads it any more.
  drop() {
    this.dropped = true;
    this.body?.drop();
  }
  close() {
    if (this.replaced) return promiseResolved(undefined);
    if (this.closing) return this.closed.promise;
    this.closing = true;
    const { out, sink } = this;
    const flushed = () => sinkFlushed(sink);
    const finish = () => {
      if (this.replaced) return undefined;
      out.close();
      this.drop();
      return out.gone.promise;
    };
    const done = () => {
      this.isClosed = true;
      this.closed.resolve();
    };
    const opened = PromisePrototypeThen(this.opened.promise, flushed);
    return PromisePrototypeThen(PromisePrototypeThen(opened, finish), done, () => {});
  }

  // ---- TLS on a connection that began without

  // The connection in the place of this one.
  secured(host) {
    const next = new Connection(this.out, { __proto__: null, ...this.about, secure: "on" });
    const error = this.handOver();
    this.replaced = true;
    if (error !== null) {
      next.cannotBegin(error);
      return next;
    }
    handled(PromisePrototypeThen(this.opened.promise, () => {
      this.upgraded = true;
    }));
    const flushed = () => sinkFlushed(this.sink);
    const begin = () => this.out.whenIdle(() => this.beginTls(next, host));
    PromisePrototypeThen(PromisePrototypeThen(this.opened.promise, flushed), begin, () => {});
    return next;
  }
  // Locks both streams. What is against it, or null.
  handOver() {
    const { sink } = this;
    if (sink.writer !== null) return new TypeError(LOCKED_WRITABLE);
    if (sink.state === "errored") return sink.failure;
    if (sink.state === "closed" || sink.ending) return new TypeError(CLOSED_WRITABLE);
    const inside = readableInside(this.readable);
    if (inside.reader !== null) return new TypeError(LOCKED_TO_READER);
    new Writer(sink);
    new Reader(inside, false);
    return null;
  }
  // As workerd: nobody is told that it never opens.
  cannotBegin(error) {
    this.closed.reject(error);
    this.ready.reject(error);
    this.sink.fail(error);
  }
  beginTls(next, host) {
    const { endpoint } = this;
    this.closed.resolve();
    next.belongTo(endpoint);
    next.plain = this;
    next.waits = true;
    io++;
    if (endpoint.closed || this.body.ended) {
      next.broke(new ErrorConstructor(CONNECTION_LOST));
      return;
    }
    const name = native.utf8Encode(host);
    native.message(endpoint.stream, name, 0, TypedArrayGetByteLength(name), true, false);
  }
  unwait() {
    if (this.waits) io--;
    this.waits = false;
  }
  // The last of what is read has come.
  lastCame() {
    if (this.waits) this.broke(new ErrorConstructor(CONNECTION_LOST));
  }
  // From here on what comes was encrypted. What came before that and was not read is nobody's to take for it.
  onTls() {
    if (!this.waits) return;
    const { plain, endpoint } = this;
    const { body } = plain;
    if (body.queue.length > 0 || readableInside(plain.readable).controller.rest !== null) {
      this.broke(new ErrorConstructor("The server sent something before TLS began."));
      endpoint.abandon();
      return;
    }
    this.unwait();
    this.plain = null;
    this.began(body, { remoteAddress: this.about.address, localAddress: undefined });
  }
}

class Socket {
  #connection;
  constructor(token, connection) {
    if (token !== INTERNAL) throw new TypeError("Illegal constructor");
    this.#connection = connection;
  }
  get readable() {
    return this.#connection.readable;
  }
  get writable() {
    return this.#connection.writable;
  }
  get closed() {
    return this.#connection.closed.promise;
  }
  get opened() {
    return this.#connection.opened.promise;
  }
  get upgraded() {
    return this.#connection.upgraded;
  }
  get secureTransport() {
    return this.#connection.about.secure;
  }
  close() {
    return this.#connection.close();
  }
  startTls(options = undefined) {
    const connection = this.#connection;
    let { host } = connection.about;
    if (options !== undefined && options !== null) {
      if (!isObject(options))
        throw new TypeError("Failed to execute 'startTls' on 'Socket': parameter 1 is not of type 'TlsOptions'.");
      const expected = options.expectedServerHostname;
      if (expected !== undefined) host = `${expected}`;
    }
    const { secure } = connection.about;
    if (secure === "on") throw new TypeError("Cannot startTls on a TLS socket.");
    if (secure !== "starttls")
      throw new TypeError("The `secureTransport` socket option must be set to 'starttls' for startTls to be used.");
    if (connection.isClosed || connection.replaced)
      throw new TypeError("The connection was closed before startTls could be started.");
    return new Socket(INTERNAL, connection.secured(host));
  }
}
defineInterface(Socket);
