// tcp.js: connect() of cloudflare:sockets: a connection as a request of the method CONNECT (gateway/outbound.h), whose
// body is what is written, and whose answer's body is what is read.

const CONNECT_FAILED = "proxy request failed, cannot connect to the specified address";
const CLOSING_READ = "This ReadableStream belongs to an object that is closing.";
const CLOSING_WRITE = "This WritableStream belongs to an object that is closing.";
const SOCKET_TRANSPORTS = ["off", "on", "starttls"];

// What is written: the sink of the writable side, and the source of the request's body. A write is done when the
// connection is there and its bytes were taken.
class TcpOut {
  constructor() {
    this.open = false;
    this.gone = deferred(); // all of it was taken
    this.pending = null; // { bytes, result }
    this.reader = null;
    this.ended = false;
  }
  write(bytes) {
    if (this.ended) throw new TypeError(CLOSING_WRITE);
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
    this.close();
  }
  give() {
    if (this.reader === null || !(this.open || this.ended) || (this.pending === null && !this.ended)) return;
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
    return promise;
  }
  cancel() {
    this.ended = true;
    if (this.pending !== null) this.pending.result.reject(new Error(CONNECTION_LOST));
    this.pending = null;
    this.gone.resolve();
    this.give();
  }
}

// What is read: of the answer's body, when it is there.
class TcpIn {
  constructor(connection) {
    this.connection = connection;
  }
  async read() {
    const { connection } = this;
    await connection.ready;
    if (connection.closing) throw new TypeError(CLOSING_READ);
    const chunk = connection.body === null ? null : await connection.body.read();
    if (connection.closing) throw new TypeError(CLOSING_READ);
    if (chunk === null) connection.ended();
    return chunk;
  }
  cancel() {
    this.connection.body?.cancel();
  }
}

class Connection {
  constructor(target, address, secure) {
    this.secure = secure;
    this.out = new TcpOut();
    this.body = null;
    this.closing = false;
    this.opened = deferred();
    this.closed = deferred();
    const parts = { __proto__: null, method: "CONNECT", url: `${this.secure === "on" ? "tls" : "tcp"}://${address}`,
      headers: [], body: this.out, redirect: "manual", signal: null };
    this.ready = PromisePrototypeThen(callOnce(target, parts, false), (response) => this.began(response), (e) => this.failed(e));
    handled(this.ready);
    handled(this.opened.promise);
    handled(this.closed.promise);
    this.readable = streamOfSource(new TcpIn(this));
    this.sink = new SinkWritable(this.out, 1);
    this.writable = new WritableStream(INTERNAL, this.sink);
  }
  began(response) {
    this.body = bodyTake(response, "");
    this.out.open = true;
    this.out.give();
    const info = { remoteAddress: responseStatusText(response), localAddress: undefined };
    this.opened.resolve(info);
    if (this.closing) this.body?.cancel();
  }
  failed(e) {
    const error = e?.message === CONNECTION_LOST ? new ErrorConstructor(CONNECT_FAILED) : e;
    this.opened.reject(error);
    this.closed.reject(error);
    this.sink.fail(error);
    throw error;
  }
  // The server sends nothing more.
  ended() {
    this.sink.ending = true;
    if (!this.out.ended) this.out.close();
    this.closed.resolve();
  }
  close() {
    if (!this.closing) {
      this.closing = true;
      this.out.close();
      PromisePrototypeThen(this.out.gone.promise, () => this.closed.resolve());
    }
    return this.closed.promise;
  }
}
const handled = (promise) => PromisePrototypeThen(promise, () => {}, () => {});

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
    return false;
  }
  get secureTransport() {
    return this.#connection.secure;
  }
  close() {
    return this.#connection.close();
  }
  startTls() {
    if (this.#connection.secure === "on") throw new TypeError("Cannot startTls on a TLS socket.");
    throw new TypeError("The `secureTransport` socket option must be set to 'starttls' for startTls to be used.");
  }
}
defineInterface(Socket);

function tcpPort(value) {
  const port = typeof value === "number" ? value : +value;
  if (!(port === port)) throw new TypeError("The value cannot be converted because it is not an integer.");
  return MathTrunc(port);
}

// "host:port", or { hostname, port }.
function tcpAddress(address) {
  if (isObject(address)) {
    const { hostname, port } = address;
    return tcpText(`${hostname}`, tcpPort(port));
  }
  if (address === undefined || address === null)
    throw new TypeError("Cannot initialize N7workerd3api13SocketAddressE with required members from an undefined or null value.");
  const text = `${address}`;
  const found = RegExpPrototypeExec(/^(\[[^\]]*\]|[^:/]*):(\d+)$/, text);
  if (text === "") throw new TypeError("Specified address is missing hostname.");
  if (found === null) throw new TypeError("Specified address is missing port.");
  return tcpText(found[1], +found[2]);
}

// As a URL would have it.
function tcpText(host, port) {
  if (StringPrototypeIndexOf(host, ":") >= 0 && host[0] !== "[") host = `[${host}]`;
  const parsed = port >= 0 && port <= 65535 && !matches(/[/?#@\\]/, host) ? native.urlParse(`ws://${host}:1/`) : null;
  const found = parsed === null ? null : RegExpPrototypeExec(/^ws:\/\/([^/]+):1\/$/, parsed[0]);
  if (found === null) throw new TypeError("Specified address could not be parsed.");
  return `${found[1]}:${port}`;
}

function tcpConnect(target, address, options) {
  const where = tcpAddress(address);
  const secureTransport = options?.secureTransport === undefined ? "off" : `${options.secureTransport}`;
  if (!ArrayPrototypeIncludes(SOCKET_TRANSPORTS, secureTransport))
    throw new TypeError(`Unsupported value in secureTransport socket option: ${secureTransport}`);
  if (secureTransport === "starttls") throw new TypeError("secureTransport 'starttls' is not supported here.");
  return new Socket(INTERNAL, new Connection(target, where, secureTransport));
}

const connectOf = { connect(address, options) {
  return tcpConnect(OUTBOUND, address, options);
} };

platformModule("cloudflare:sockets", { __proto__: null, connect: connectOf.connect });
