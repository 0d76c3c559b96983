// connect.js: connect() of cloudflare:sockets and of service stubs, and a Worker's own connect(socket), which gets the
// connections that others make through it: as the target of connect(), or as a sandbox's globalOutbound.

const SOCKET_TRANSPORTS = ["off", "on", "starttls"];
const CONNECT_TLS = "Incoming CONNECT with TLS not supported";

// ---- making one

function tcpPort(value) {
  const port = typeof value === "number" ? value : +value;
  if (!(port === port)) throw new TypeError("The value cannot be converted because it is not an integer.");
  return MathTrunc(port);
}

// "host:port", or { hostname, port }: what was given, host and port.
function tcpAddress(address) {
  if (isObject(address)) {
    const hostname = `${address.hostname}`, port = tcpPort(address.port);
    return { __proto__: null, text: `${hostname}:${port}`, hostname, port };
  }
  if (address === undefined || address === null)
    throw new TypeError("Cannot initialize N7workerd3api13SocketAddressE with required members from an undefined or null value.");
  const text = `${address}`;
  return { __proto__: null, text, hostname: null, port: 0 };
}

function splitAddress(given) {
  const { text } = given;
  if (given.hostname !== null) return given;
  const found = RegExpPrototypeExec(/^(\[[^\]]*\]|[^:/]*):(\d+)$/, text);
  if (text === "") throw new TypeError("Specified address is missing hostname.");
  if (found === null) throw new TypeError("Specified address is missing port.");
  return { __proto__: null, text, hostname: found[1], port: +found[2] };
}

// The host as a URL would have it.
function tcpHost(host, port) {
  if (StringPrototypeIndexOf(host, ":") >= 0 && host[0] !== "[") host = `[${host}]`;
  const parsed = port >= 0 && port <= 65535 && !matches(/[/?#@\\]/, host) ? native.urlParse(`ws://${host}:1/`) : null;
  const found = parsed === null ? null : RegExpPrototypeExec(/^ws:\/\/([^/]+):1\/$/, parsed[0]);
  if (found === null) throw new TypeError("Specified address could not be parsed.");
  return found[1];
}

function socketOptions(options, owner) {
  if (options === null)
    throw new TypeError("Cannot initialize N7workerd3api13SocketOptionsE with required members from an undefined or null value.");
  if (options !== undefined && !isObject(options))
    throw new TypeError(`Failed to execute 'connect' on '${owner}': parameter 2 is not of type 'SocketOptions'.`);
  const transport = options?.secureTransport;
  const secure = transport === undefined ? "off" : `${transport}`;
  const halfOpen = !!options?.allowHalfOpen;
  const mark = options?.highWaterMark;
  return { __proto__: null, secure, halfOpen, mark: mark === undefined ? undefined : wholeNumber(mark) };
}

function tcpConnect(target, address, options, owner) {
  const given = tcpAddress(address);
  const { secure, halfOpen, mark } = socketOptions(options, owner);
  const { text, hostname, port } = splitAddress(given);
  const host = tcpHost(hostname, port);
  if (!ArrayPrototypeIncludes(SOCKET_TRANSPORTS, secure))
    throw new TypeError(`Unsupported value in secureTransport socket option: ${secure}`);
  const out = new TcpOut();
  const about = { __proto__: null, address: text, host: matches(/^\[/, host) ? StringPrototypeSlice(host, 1, -1) : host,
    secure, halfOpen, mark };
  const connection = new Connection(out, about);
  const parts = { __proto__: null, method: "CONNECT", url: `${secure === "on" ? "tls" : "tcp"}://${host}:${port}`,
    headers: matches(/^[!-~]*$/, text) ? ["host", text] : [], body: out, redirect: "manual", signal: null };
  const answer = callOnce(target, parts, false, (call) => connection.belongTo(call));
  PromisePrototypeThen(answer, (response) => {
    connection.began(bodyTake(response, ""), { remoteAddress: text, localAddress: undefined });
  }, (error) => connection.failed(error));
  return new Socket(INTERNAL, connection);
}

// The error of a connection that was not made: whatever a Worker said on the way is its own affair.
function connectError(code, error) {
  const lost = error.message === CONNECTION_LOST || (code === 0 && error.message !== CONNECT_TLS);
  return lost ? new ErrorConstructor(CONNECT_FAILED) : error;
}

// ---- getting one

const isConnect = (method, url) => method === "CONNECT" && matches(/^t(?:cp|ls):/, url);

function connectHandler(name, url, ctx) {
  if (worker.failure !== null) throw worker.failure;
  if (matches(/^tls:/, url)) throw new ErrorConstructor(CONNECT_TLS);
  const handler = handlerOf(entrypointOf(name), ctx);
  const { connect } = handler;
  if (typeof connect !== "function") throw new ErrorConstructor("Handler does not export a connect() function.");
  return { __proto__: null, handler, connect };
}

function acceptConnection(event, address) {
  const out = new TcpOut();
  const about = { __proto__: null, address, host: "", secure: "off", halfOpen: true, mark: undefined };
  const connection = new Connection(out, about);
  native.head(event.stream, 200, "", [], -1, null, true);
  event.answered = true;
  event.sender = new Sender(event.stream);
  connection.belongTo(event);
  connection.began(event.incoming, { remoteAddress: undefined, localAddress: address });
  PromisePrototypeThen(pump(event.sender, undefined, out), () => halfOver(event, out));
  return connection;
}

// What is sent has ended, or the handler has.
function halfOver(event, out) {
  if (!out.half()) return;
  event.finished = true;
  event.settle();
}

function handlerOver(event, connection) {
  const { incoming } = event;
  if (event.over) return;
  connection.out.close();
  if (!incoming.ended) {
    native.cancel(event.stream);
    incoming.fail(new TypeError("Can't read from request stream because client disconnected."));
    incoming.cancelled = true;
  }
  halfOver(event, connection.out);
}

function beginConnect(event, name, props, method, url, headers) {
  current = event;
  if (event.over) return;
  let found, result;
  const ctx = new ExecutionContext(native, event, props);
  try {
    found = connectHandler(name, url, ctx);
  } catch (e) {
    event.fail(e);
    return;
  }
  const connection = acceptConnection(event, headerOf(headers, "host") ?? StringPrototypeSlice(url, 6));
  try {
    const given = [new Socket(INTERNAL, connection), worker.env, ctx];
    result = promiseResolved(ReflectApply(found.connect, found.handler, given));
  } catch (e) {
    result = promiseRejected(e);
  }
  PromisePrototypeThen(result, () => handlerOver(event, connection), (e) => {
    event.threw(e, "Uncaught ");
    handlerOver(event, connection);
  });
}

const connectOf = { connect(address, options) {
  return tcpConnect(OUTBOUND, address, options, "SocketsModule");
} };

platformModule("cloudflare:sockets", { __proto__: null, connect: connectOf.connect });
