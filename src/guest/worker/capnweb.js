// capnweb.js: the module `capnweb`: Cap'n Web with the names, semantics and error texts of the npm package, for Workers
// that are written for it. Stubs, sessions and messages are in C (guest/rpc/web.h); here are its transports.

const [WebStub, WebPromise] = native.webStubs(Symbol.dispose);
ObjectSetPrototypeOf(WebStub.prototype, RpcTarget.prototype);
ObjectSetPrototypeOf(WebStub, RpcTarget);
ObjectSetPrototypeOf(WebPromise.prototype, WebStub.prototype);
ObjectSetPrototypeOf(WebPromise, WebStub);

const LEVELS = ["string", "jsonCompatible", "jsonCompatibleWithBytes", "structuredClonable"];
const CLOSE_CODE = 3000;
const DEFAULT_LIMITS = { maxBigIntDigits: 16384, maxDepth: 256, maxMessageSize: 32 * 1024 * 1024 };

const isErrorObject = (value) => ObjectPrototypeIsPrototypeOf(ErrorConstructor.prototype, value);

// -> [session, stub of the peer's main object]
function openSession(main, level, send, abort, options = {}) {
  const { onSendError, limits } = options;
  const rewrite = typeof onSendError === "function" ? (error) => options.onSendError(error) : undefined;
  if (current !== null) current.opened = true;
  return native.webSession(current ?? undefined, main, !!main, level, send, abort, rewrite, limits);
}

// ---- sessions over any transport

async function readMessages(session, transport) {
  try {
    while (!native.webAborted(session)) native.webReceive(session, await transport.receive());
  } catch (e) {
    native.webAbort(session, e, true);
  }
}

class RpcSession {
  #session;
  #main;
  constructor(transport, localMain, options = {}) {
    const name = "encodingLevel" in transport ? transport.encodingLevel : undefined;
    let level = 0;
    if (name !== undefined) {
      while (level < LEVELS.length && LEVELS[level] !== name) level++;
      if (level === LEVELS.length) throw new TypeError(`Unknown transport encodingLevel: ${StringConstructor(name)}`);
    }
    const abort = (reason) => {
      if (transport.abort) transport.abort(reason);
    };
    const made = openSession(localMain, level, (message) => transport.send(message), abort, options);
    this.#session = made[0];
    this.#main = made[1];
    readMessages(made[0], transport);
  }
  getRemoteMain() {
    return this.#main;
  }
  getStats() {
    return native.webStats(this.#session);
  }
  drain() {
    return native.webDrain(this.#session);
  }
}
const StringConstructor = String;

// What comes and waits to be received, or the reverse.
class Inbox {
  constructor() {
    this.queue = new Queue();
    this.waiting = null; // { resolve, reject }
    this.error = undefined;
    this.failed = false;
  }
  put(message) {
    const { waiting } = this;
    if (this.failed) return;
    if (waiting === null) {
      this.queue.put(message);
      return;
    }
    this.waiting = null;
    waiting.resolve(message);
  }
  take() {
    if (this.queue.length) return PromiseResolve(this.queue.take());
    return new NativePromise((resolve, reject) => {
      if (this.failed) reject(this.error);
      else this.waiting = { resolve, reject };
    });
  }
  fail(error) {
    const { waiting } = this;
    if (this.failed) return;
    this.failed = true;
    this.error = error;
    this.waiting = null;
    if (waiting !== null) waiting.reject(error);
  }
}

// ---- WebSocket

// The reason of a Close frame: at most 123 bytes, no half character.
function closeReason(reason) {
  const bytes = native.utf8Encode(socketText(isErrorObject(reason) ? `${reason.message}` : `${reason}`));
  const length = TypedArrayGetByteLength(bytes);
  let n = MathMin(length, CLOSE_REASON_MAX);
  if (n < length) while (n > 0 && (bytes[n] & 0xc0) === 0x80) n--;
  return native.utf8Decode(bytesCopy(bytesPart(bytes, 0, n)), false, true);
}

const unexpectedMessage = () => new TypeError("Received unexpected message type from WebSocket.");
const socketClosed = (code, reason) => new Error(`Peer closed WebSocket: ${code} ${reason}`);
const socketFailed = () => new Error("WebSocket connection failed.");

// A session on a WebSocket of the platform: no events.
class SocketSession {
  constructor(end, main, options) {
    this.end = end;
    this.queue = end.state === SOCKET_CONNECTING ? [] : null; // what waits for the connection
    const made = openSession(main, 0, (text) => this.send(text), (reason) => this.close(reason), options);
    this.session = made[0];
    this.main = made[1];
    end.rpc = this;
    if (end.wire !== null) this.attach(end.wire);
  }
  attach(wire) {
    if (this.end.state === SOCKET_ACCEPTED && this.end.inbox.length === 0) wire.attach(this.session);
  }
  send(text) {
    const { end } = this;
    if (this.queue !== null) this.queue[this.queue.length] = text;
    else if (end.closedOut) throw new TypeError("Can't call WebSocket send() after close().");
    else if (end.aborted || end.state === SOCKET_RELEASED) return;
    else if (end.state !== SOCKET_ACCEPTED) throw new TypeError(NOT_ACCEPTED);
    else end.send(text);
  }
  close(reason) {
    const { end } = this;
    if (end.state === SOCKET_CONNECTING) socketGiveUp(end);
    else if (end.state === SOCKET_ACCEPTED && !end.closedOut && !end.aborted) end.close(CLOSE_CODE, closeReason(reason));
  }

  // ---- what its end tells it

  opened() {
    const waiting = this.queue;
    this.queue = null;
    for (let i = 0; i < waiting.length; i++) this.send(waiting[i]);
    this.attach(this.end.wire);
  }
  message(data) {
    if (typeof data === "string") native.webReceive(this.session, data);
    else native.webAbort(this.session, unexpectedMessage(), true);
  }
  closed(code, reason) {
    native.webAbort(this.session, socketClosed(code, reason), true);
  }
  failed() {
    native.webAbort(this.session, socketFailed(), true);
  }
}

function newWebSocketRpcSession(webSocket, localMain, options) {
  if (typeof webSocket === "string") webSocket = new WebSocket(webSocket);
  if (!isWebSocket(webSocket)) return new RpcSession(new WebSocketTransport(webSocket), localMain, options).getRemoteMain();
  const end = endOf(webSocket);
  end.binaryType = "arraybuffer";
  return new SocketSession(end, localMain, options).main;
}

class WebSocketTransport {
  #socket;
  #inbox = new Inbox();
  #queue; // what waits for the connection; undefined: it is there
  constructor(webSocket) {
    this.#socket = webSocket;
    webSocket.binaryType = "arraybuffer";
    if (webSocket.readyState === WebSocket.CONNECTING) {
      this.#queue = [];
      webSocket.addEventListener("open", () => {
        const waiting = this.#queue;
        this.#queue = undefined;
        try {
          for (let i = 0; i < waiting.length; i++) webSocket.send(waiting[i]);
        } catch (e) {
          this.#inbox.fail(e);
        }
      });
    }
    webSocket.addEventListener("message", ({ data }) => {
      if (typeof data === "string" || isArrayBuffer(data)) this.#inbox.put(data);
      else this.#inbox.fail(unexpectedMessage());
    });
    webSocket.addEventListener("close", ({ code, reason }) => this.#inbox.fail(socketClosed(code, reason)));
    webSocket.addEventListener("error", () => this.#inbox.fail(socketFailed()));
  }
  send(message) {
    if (this.#queue === undefined) this.#socket.send(message);
    else this.#queue[this.#queue.length] = message;
  }
  receive() {
    return this.#inbox.take();
  }
  abort(reason) {
    this.#socket.close(CLOSE_CODE, closeReason(reason));
    this.#inbox.fail(reason);
  }
}

const textResponse = (text, status) => new Response(text, { status });

const wantsWebSocket = (request) => {
  const upgrade = request.headers.get("Upgrade"); // the Worker's
  return upgrade !== null && upgrade !== undefined && StringPrototypeToLowerCase(upgrade) === "websocket";
};

function newWorkersWebSocketRpcResponse(request, localMain, options) {
  if (!wantsWebSocket(request)) return textResponse("This endpoint only accepts WebSocket requests.", 400);
  const pair = new WebSocketPair();
  endOf(pair[0]).accept(false);
  newWebSocketRpcSession(pair[0], localMain, options);
  return new Response(null, { status: 101, webSocket: pair[1] });
}

// ---- HTTP batches

// The messages in a body.
function splitBatch(text) {
  const lines = [];
  if (text === "") return lines;
  for (let from = 0; ;) {
    const to = StringPrototypeIndexOf(text, "\n", from);
    if (to < 0) {
      lines[lines.length] = StringPrototypeSlice(text, from);
      return lines;
    }
    lines[lines.length] = StringPrototypeSlice(text, from, to);
    from = to + 1;
  }
}

function newHttpBatchRpcSession(urlOrRequest, options) {
  let batch = []; // null: it is sent
  let aborted = false, why;
  const { 0: session, 1: main } = openSession(undefined, 0, (text) => {
    if (batch !== null) batch[batch.length] = text;
  }, (reason) => {
    aborted = true;
    why = reason;
  }, options);
  const send = async () => {
    await new NativePromise((resolve) => addTimer("setTimeout", resolve, 0, [], false));
    if (aborted) throw why;
    const body = ArrayPrototypeJoin(batch, "\n");
    batch = null;
    const response = await callFetch(OUTBOUND, urlOrRequest, { method: "POST", body });
    if (!response.ok) {
      response.body?.cancel();
      throw new Error(`RPC request failed: ${response.status} ${response.statusText}`);
    }
    const lines = splitBatch(await response.text());
    for (let i = 0; i < lines.length && !aborted; i++) {
      native.webReceive(session, lines[i]);
      await undefined;
    }
    throw new Error("Batch RPC request ended.");
  };
  PromisePrototypeThen(send(), undefined, (e) => native.webAbort(session, e, true));
  return main;
}

// What peers sent, all of it; the answer's body, once everything that they pulled is there. A blank line is no message.
async function runBatch(text, localMain, options) {
  const { 0: session } = openSession(localMain, 0, undefined, undefined, options);
  native.webBatch(session, text);
  await native.webDrain(session);
  return native.webBatchAnswer(session);
}

async function newHttpBatchRpcResponse(request, localMain, options) {
  if (request.method !== "POST") return textResponse("This endpoint only accepts POST requests.", 405);
  return new Response(await runBatch(await request.text(), localMain, options));
}

async function nodeHttpBatchRpcResponse(request, response, localMain, options) {
  if (request.method !== "POST") {
    response.writeHead(405, "This endpoint only accepts POST requests.", options?.headers);
    response.end();
    return;
  }
  const text = await new NativePromise((resolve, reject) => {
    const chunks = [];
    request.on("data", (chunk) => {
      chunks[chunks.length] = chunk;
    });
    request.on("end", () => resolve(new Response(new Blob(chunks)).text()));
    request.on("error", reject);
  });
  const body = await runBatch(text, localMain, options);
  response.writeHead(200, options?.headers);
  response.end(body);
}

async function newWorkersRpcResponse(request, localMain, options) {
  if (request.method === "POST") {
    const response = await newHttpBatchRpcResponse(request, localMain, options);
    listSet(responseList(response), "access-control-allow-origin", "*");
    return response;
  }
  if (wantsWebSocket(request)) return newWorkersWebSocketRpcResponse(request, localMain, options);
  return textResponse("This endpoint only accepts POST or WebSocket requests.", 400);
}

// ---- MessagePort

class MessagePortTransport {
  encodingLevel = "structuredClonable";
  #port;
  #inbox = new Inbox();
  constructor(port) {
    this.#port = port;
    port.start();
    port.addEventListener("message", ({ data }) => {
      if (data === null) this.#inbox.fail(new Error("Peer closed MessagePort connection."));
      else this.#inbox.put(data);
    });
    port.addEventListener("messageerror", () => this.#inbox.fail(new Error("MessagePort message error.")));
  }
  send(message) {
    if (this.#inbox.failed) throw this.#inbox.error;
    this.#port.postMessage(message);
  }
  receive() {
    return this.#inbox.take();
  }
  abort(reason) {
    try {
      this.#port.postMessage(null);
    } catch {
      // it is closed already
    }
    this.#port.close();
    this.#inbox.fail(reason);
  }
}

function newMessagePortRpcSession(port, localMain, options) {
  return new RpcSession(new MessagePortTransport(port), localMain, options).getRemoteMain();
}

platformModule("capnweb", {
  __proto__: null,
  DEFAULT_LIMITS,
  DEFAULT_MAX_DEPTH: DEFAULT_LIMITS.maxDepth,
  RpcPromise: WebPromise,
  RpcSession,
  RpcStub: WebStub,
  RpcTarget,
  WebSocketTransport,
  deserialize: (value) => native.webDeserialize(value),
  newHttpBatchRpcResponse,
  newHttpBatchRpcSession,
  newMessagePortRpcSession,
  newWebSocketRpcSession,
  newWorkersRpcResponse,
  newWorkersWebSocketRpcResponse,
  nodeHttpBatchRpcResponse,
  serialize: (value) => native.webSerialize(value),
});
