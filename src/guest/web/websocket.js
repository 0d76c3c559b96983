// websocket.js: WebSocket and WebSocketPair.
//
// What a WebSocket does is its end (SocketEnd), which no Worker sees. An end has a peer, the other end of a pair in this
// isolate, or a wire (worker/sockets.js), a stream to another isolate, a client or a server; or neither any more. What
// comes to an end waits in its inbox until it is accepted, then becomes events, one task each, of the event (request) in
// which the end was made.

const SOCKET_CONNECTING = 0; // new WebSocket(), no answer yet
const SOCKET_WAITING = 1; // for accept(), or to be the webSocket of a response
const SOCKET_ACCEPTED = 2;
const SOCKET_RELEASED = 3; // it is over, or somebody else's

const MESSAGE_ITEM = 0; // { kind, data: string | Uint8Array, bytes: the same as bytes, size, from: SocketEnd | null }
const CLOSE_ITEM = 1; // { kind, code, reason }
const LOST_ITEM = 2; // { kind }: no more will come, and no close came

const NO_CLOSE_CODE = 1005;
const CLOSE_REASON_MAX = 123;
const ATTACHMENT_MAX = 16 * 1024;
const LOST_REASON = 'WebSocket disconnected without sending Close frame.';
const CONNECTION_LOST = 'Network connection lost.';
const NOT_ACCEPTED =
  'You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages.';
const CROSS_REQUEST =
  'Cannot perform I/O on behalf of a different request. I/O objects (such as streams, request/response bodies, and ' +
  "others) created in the context of one request handler cannot be accessed from a different request's handler. This " +
  'is a limitation of Cloudflare Workers which allows us to improve overall performance. (I/O type: Native)';

// Each lone surrogate becomes three U+FFFD, as it does in workerd: one for each byte that it has outside of Unicode.
function socketText(string) {
  if (StringPrototypeIsWellFormed(string)) return string;
  let text = '';
  for (let i = 0; i < string.length; i++) {
    const unit = StringPrototypeCharCodeAt(string, i);
    const next = i + 1 < string.length ? StringPrototypeCharCodeAt(string, i + 1) : 0;
    if (unit < 0xd800 || unit > 0xdfff) {
      text += string[i];
    } else if (unit < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) {
      text += string[i] + string[++i];
    } else {
      text += '\ufffd\ufffd\ufffd';
    }
  }
  return text;
}

function trustedEvent(event) {
  eventState(event).trusted = true;
  return event;
}

class SocketEnd {
  constructor(event, state) {
    this.event = event;
    this.state = state;
    this.socket = null;
    this.peer = null;
    this.wire = null;
    this.connection = null; // CONNECTING: the call
    this.rpc = null; // what takes its messages instead of events (worker/capnweb.js)
    this.inbox = new Queue();
    this.closedIn = false;
    this.closedOut = false;
    this.aborted = false; // what is sent goes nowhere
    this.failed = false;
    this.halfOpen = false;
    this.buffered = 0;
    this.binaryType = 'blob';
    this.url = null;
    this.protocol = '';
    this.extensions = '';
  }

  readyState() {
    if (this.failed || (this.closedIn && this.closedOut)) return 3;
    if (this.closedIn || this.closedOut) return 2;
    return this.state === SOCKET_CONNECTING ? 0 : 1;
  }

  // ---- what a Worker does

  accept(halfOpen) {
    if (this.state === SOCKET_ACCEPTED) return;
    this.halfOpen = halfOpen;
    this.state = SOCKET_ACCEPTED;
    for (let i = 0; i < this.inbox.length; i++) socketTask(this);
    if (this.wire !== null) this.wire.accept();
  }

  // data: string or bytes of its own
  send(data) {
    const text = typeof data === 'string' ? socketText(data) : data;
    const bytes = typeof text === 'string' ? native.utf8Encode(text) : text;
    const size = TypedArrayGetByteLength(bytes);
    this.buffered += size;
    this.put({ __proto__: null, kind: MESSAGE_ITEM, data: text, bytes, size, from: this });
  }

  close(code, reason) {
    this.closedOut = true;
    this.put({ __proto__: null, kind: CLOSE_ITEM, code, reason });
    this.checkOver();
  }

  put(item) {
    if (this.wire !== null) this.wire.send(item);
    else if (this.peer !== null) this.peer.receive(item);
  }

  // ---- what comes

  receive(item) {
    if (this.state === SOCKET_RELEASED) return;
    this.inbox.put(item);
    if (this.state === SOCKET_ACCEPTED) socketTask(this);
  }

  deliver(item) {
    if (item.kind === MESSAGE_ITEM && item.from !== null) item.from.buffered -= item.size;
    if (this.failed || this.closedIn) {
      if (item.kind === LOST_ITEM) this.aborted = true;
      return;
    }
    if (item.kind === MESSAGE_ITEM) this.deliverMessage(item.data);
    else if (item.kind === CLOSE_ITEM) this.deliverClose(item);
    else this.deliverLost();
  }

  deliverMessage(data) {
    if (this.rpc !== null) {
      this.rpc.message(data);
      return;
    }
    if (typeof data !== 'string') {
      data = this.binaryType === 'blob' ? new Blob(INTERNAL, data, '') : TypedArrayGetBuffer(data);
    }
    const thrown = targetDeliver(this.socket, trustedEvent(new MessageEvent('message', { __proto__: null, data })));
    if (thrown !== null) this.break(thrown.error);
  }

  deliverClose(item) {
    this.closedIn = true;
    if (!this.halfOpen && !this.closedOut && !this.aborted) this.close(item.code, item.reason);
    this.checkOver();
    this.dispatchClose(item.code, item.reason, true);
  }

  deliverLost() {
    this.aborted = true;
    this.dispatchClose(1006, LOST_REASON, false);
    this.closedIn = true;
    this.state = SOCKET_RELEASED;
  }

  dispatchClose(code, reason, wasClean) {
    if (this.rpc !== null) this.rpc.closed(code, reason);
    targetDeliver(this.socket, trustedEvent(new CloseEvent('close', { __proto__: null, code, reason, wasClean })));
  }

  // Both directions are closed: nothing more happens to it.
  checkOver() {
    if (!this.closedIn || !this.closedOut) return;
    this.state = SOCKET_RELEASED;
    this.peer = null;
    if (this.wire === null) this.buffered = 0;
  }

  // The first error of this end: it sends nothing more.
  fail(thrown) {
    if (this.failed) return;
    const error = isError(thrown) ? thrown : new ErrorConstructor(`${typeof thrown === 'symbol' ? '' : thrown}`);
    const { 0: name, 1: text } = describe(error);
    this.failed = this.aborted = this.closedIn = true;
    this.state = SOCKET_RELEASED;
    const message = `Uncaught ${name}: ${text}`;
    if (this.rpc !== null) this.rpc.failed();
    targetDeliver(this.socket, trustedEvent(new ErrorEvent('error', { __proto__: null, message, error })));
  }

  // A listener threw: the connection ends as if it had been cut.
  break(error) {
    if (this.failed) return;
    const peer = this.peer;
    this.peer = null;
    this.fail(error);
    if (this.wire !== null) this.wire.fail(error);
    if (peer === null) return;
    peer.peer = null;
    const unsent = peer.buffered > 0;
    if (peer.state === SOCKET_ACCEPTED) queueTask(peer.event, () => peer.cut(unsent));
    else peer.receive({ __proto__: null, kind: LOST_ITEM });
  }

  // The other end of the pair broke; what was on its way there is an error.
  cut(unsent) {
    if (unsent) this.fail(new ErrorConstructor(CONNECTION_LOST));
    this.deliverLost();
  }

  connected(wire, protocol, extensions) {
    this.wire = wire;
    this.connection = null;
    this.protocol = protocol;
    this.extensions = extensions;
    this.state = SOCKET_WAITING;
    this.accept(false);
    if (this.rpc !== null) this.rpc.opened();
    targetDeliver(this.socket, newTrustedEvent('open'));
  }

  notConnected(error) {
    this.connection = null;
    this.fail(error);
    this.dispatchClose(1006, 'Failed to establish websocket connection', false);
  }
}

const isError = (value) => ObjectPrototypeIsPrototypeOf(ErrorConstructor.prototype, value) ||
  ObjectPrototypeIsPrototypeOf(DOMExceptionConstructor.prototype, value);

// The next thing in the inbox of this end, as a task of its own.
function socketTask(end) {
  queueTask(end.event, () => {
    if (end.inbox.length) end.deliver(end.inbox.take());
  });
}

// ---- WebSocket

const isProtocolToken = (token) => matches(/^[!#$%&'*+\-.0-9A-Z^_`a-z|~"]+$/, token);

// The Sec-WebSocket-Protocol header for the constructor's second argument; null: none.
function protocolsHeader(protocols) {
  const bad = (text) => new DOMExceptionConstructor(`WebSocket Constructor: ${text}`, 'SyntaxError');
  if (protocols === undefined) return null;
  if (!isObject(protocols) || protocols[SymbolIterator] == null) {
    const token = `${protocols}`;
    if (!isProtocolToken(token)) throw bad('The protocol header token is invalid.');
    return token;
  }
  const list = [...protocols]; // the Worker's
  const seen = { __proto__: null };
  for (let i = 0; i < list.length; i++) {
    list[i] = `${list[i]}`;
    if (!isProtocolToken(list[i])) throw bad('One of the protocol header tokens is invalid.');
    if (seen[list[i]]) throw bad('The protocols header cannot have repeating values.');
    seen[list[i]] = true;
  }
  return list.length ? ArrayPrototypeJoin(list, ', ') : null;
}

// What to connect to: an http: or https: URL.
function socketUrl(url) {
  const bad = (text) => new DOMExceptionConstructor(`WebSocket Constructor: ${text}`, 'SyntaxError');
  const parsed = native.urlParse(url);
  if (parsed === null) throw bad('The url is invalid.');
  const href = parsed[0];
  if (!StringPrototypeStartsWith(href, 'ws:') && !StringPrototypeStartsWith(href, 'wss:')) {
    throw bad('The url scheme must be ws or wss.');
  }
  if (StringPrototypeIncludes(href, '#')) throw bad('The url fragment must be empty.');
  return `http${StringPrototypeSlice(href, 2)}`;
}

let isWebSocket;
let endOf; // WebSocket -> SocketEnd

class WebSocket extends EventTarget {
  #end;
  #attachment = null;

  constructor(url, protocols = undefined) {
    if (url === INTERNAL) {
      super();
      this.#end = protocols;
      protocols.socket = this;
      return;
    }
    if (url === undefined) throw wrongParameter('WebSocket', 1, 'string');
    const text = `${url}`;
    const end = new SocketEnd(requireEvent(), SOCKET_CONNECTING);
    const target = socketUrl(text);
    const header = protocolsHeader(protocols);
    super();
    this.#end = end;
    end.socket = this;
    end.url = text;
    socketConnect(end, target, header);
  }

  static {
    isWebSocket = (value) => isObject(value) && #end in value;
    endOf = (socket) => socket.#end;
  }

  accept(options = undefined) {
    if (options != null && !isObject(options)) {
      needArguments(0, 1, 'accept', 'WebSocket', 'AcceptOptions');
    }
    const halfOpen = !!options?.allowHalfOpen;
    const end = this.#end;
    checkSocketEvent(end);
    if (end.state === SOCKET_CONNECTING) {
      throw new TypeError("Websockets obtained from the 'new WebSocket()' constructor cannot call accept");
    }
    if (end.state === SOCKET_RELEASED) {
      throw new TypeError("Can't accept() WebSocket that was already used in a response.");
    }
    end.accept(halfOpen);
  }

  send(message) {
    if (arguments.length === 0) {
      needArguments(0, 1, 'send', 'WebSocket', 'ArrayBuffer or ArrayBufferView or string');
    }
    const end = this.#end;
    const borrowed = bytesBorrow(message);
    const data = borrowed === null ? `${message}` : bytesCopy(borrowed);
    checkSocketEvent(end);
    if (end.closedOut) throw new TypeError("Can't call WebSocket send() after close().");
    if (end.aborted || end.state === SOCKET_RELEASED) return;
    if (end.state !== SOCKET_ACCEPTED) throw new TypeError(NOT_ACCEPTED);
    end.send(data);
  }

  close(code = undefined, reason = undefined) {
    const end = this.#end;
    const number = code === undefined ? undefined : toInteger(code);
    const text = reason === undefined ? '' : socketText(`${reason}`);
    checkClose(number, reason !== undefined, text);
    checkSocketEvent(end);
    if (end.state === SOCKET_CONNECTING) {
      socketGiveUp(end);
      return;
    }
    if (end.closedOut || end.aborted || end.state === SOCKET_RELEASED) return;
    if (end.state !== SOCKET_ACCEPTED) throw new TypeError(NOT_ACCEPTED);
    end.close(number ?? NO_CLOSE_CODE, text);
  }

  serializeAttachment(attachment) {
    this.#attachment;
    if (arguments.length === 0) needArguments(0, 1, 'serializeAttachment', 'WebSocket', 'Value');
    const bytes = native.serialize(attachment);
    const size = ArrayBufferGetByteLength(bytes);
    if (size > ATTACHMENT_MAX) {
      throw new ErrorConstructor(`A WebSocket 'attachment' cannot be larger than ${ATTACHMENT_MAX} bytes.` +
        `'attachment' was ${size} bytes.`);
    }
    this.#attachment = bytes;
  }
  deserializeAttachment() {
    return this.#attachment === null ? null : native.deserialize(this.#attachment);
  }

  get readyState() {
    return this.#end.readyState();
  }
  get bufferedAmount() {
    return this.#end.buffered;
  }
  get url() {
    return this.#end.url;
  }
  get protocol() {
    return this.#end.protocol;
  }
  get extensions() {
    return this.#end.extensions;
  }
  get binaryType() {
    return this.#end.binaryType;
  }
  set binaryType(value) {
    const type = `${value}`;
    if (type === 'blob' || type === 'arraybuffer') this.#end.binaryType = type;
  }
}

function checkSocketEvent(end) {
  if (requireEvent() !== end.event && !worker.edge) throw new ErrorConstructor(CROSS_REQUEST);
}

function checkClose(code, hasReason, reason) {
  const bad = (text, name) => new DOMExceptionConstructor(text, name);
  if (code !== undefined) {
    if (code < 1000 || code >= 5000 || code === 1004 || code === 1005 || code === 1006 || code === 1015) {
      throw bad(`Invalid WebSocket close code: ${code}.`, 'InvalidAccessError');
    }
  } else if (hasReason) {
    throw bad('If you specify a WebSocket close reason, you must also specify a code.', 'InvalidAccessError');
  }
  if (reason.length > CLOSE_REASON_MAX || native.utf8Encode(reason).length > CLOSE_REASON_MAX) {
    throw bad('WebSocket close reason must not be longer than 123 bytes when UTF-8 encoded.', 'SyntaxError');
  }
}

const SOCKET_STATES = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];
for (let i = 0; i < SOCKET_STATES.length; i++) {
  const descriptor = { __proto__: null, value: i, writable: false, enumerable: true, configurable: true };
  for (const object of [WebSocket, WebSocket.prototype]) {
    ObjectDefineProperty(object, `READY_STATE_${SOCKET_STATES[i]}`, descriptor);
    ObjectDefineProperty(object, SOCKET_STATES[i], descriptor);
  }
}
exposeInterface(WebSocket);

// ---- WebSocketPair

class WebSocketPair {
  constructor() {
    const event = requireEvent();
    const ends = [new SocketEnd(event, SOCKET_WAITING), new SocketEnd(event, SOCKET_WAITING)];
    for (let i = 0; i < 2; i++) {
      ends[i].peer = ends[1 - i];
      const value = new WebSocket(INTERNAL, ends[i]);
      ObjectDefineProperty(this, i, { __proto__: null, value, writable: false, enumerable: true, configurable: true });
    }
  }
}
exposeInterface(WebSocketPair);

class PairIterator {
  #pair;
  #at = 0;
  constructor(token, pair) {
    if (token !== INTERNAL) throw new TypeError('Illegal constructor');
    this.#pair = pair;
  }
  next() {
    if (this.#at === 2) return { done: true, value: undefined };
    return { done: false, value: this.#pair[this.#at++] };
  }
}
ObjectSetPrototypeOf(PairIterator.prototype, IteratorPrototype);
defineInterface(PairIterator);
ObjectDefineProperty(WebSocketPair.prototype, SymbolIterator, {
  __proto__: null, writable: true, enumerable: false, configurable: true,
  value: { entries() { return new PairIterator(INTERNAL, this); } }.entries,
});
