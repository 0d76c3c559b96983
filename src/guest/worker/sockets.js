// sockets.js: WebSockets whose other end is not in this isolate: MESSAGE and SHUT frames on the stream of an event (a
// client, or the isolate that asked) or of a call (an isolate or a server that was asked).
//
// A Worker that passes a response on as it came is not in the way: its two streams are joined, and frames and credit go
// through as they are.

const MESSAGE_COST = 16; // credit that a frame takes besides its bytes (frame.h)
const FRAME_MAX = 64 * 1024;
const OUTBOUND = { channel: 0, handle: null, entrypoint: "", props: undefined, channels: undefined, limits: null };

class Wire {
  // `endpoint`: the Event_ or Call whose stream this is; `end`: the SocketEnd at it, or null when it is joined
  constructor(endpoint, end) {
    this.stream = endpoint.stream;
    this.endpoint = endpoint;
    this.event = endpoint.event ?? endpoint;
    this.end = end;
    this.joined = null; // another Wire
    this.credit = WINDOW;
    this.queue = new Queue(); // items that wait for credit
    this.sent = 0; // bytes of the first one that went
    this.early = []; // what came before it was accepted: pieces of messages { kind, bytes, text, more } and items
    this.parts = []; // pieces of the message that is coming
    this.size = 0;
    this.eaten = 0;
    this.shutIn = false;
    this.shutOut = false;
    this.over = false;
    this.holds = false; // it keeps its event in progress
    this.session = null; // of Cap'n Web, when its messages do not come by here
  }

  hold() {
    if (this.holds || this.over) return;
    this.holds = true;
    this.event.waits++;
    io++;
  }
  accept() {
    this.hold();
    const early = this.early;
    this.early = [];
    for (let i = 0; i < early.length; i++) {
      const item = early[i].kind === MESSAGE_ITEM ? this.assemble(early[i]) : early[i];
      if (item !== null) this.end.receive(item);
    }
  }

  // ---- out

  send(item) {
    this.queue.put(item);
    this.flush();
  }
  flush() {
    while (this.queue.length && !this.over && !this.shutOut) {
      const item = this.queue.peek();
      if (item.kind === CLOSE_ITEM) this.sendShut(item);
      else if (!this.sendMessage(item)) return;
      this.queue.take();
    }
  }
  sendShut(item) {
    if (this.session !== null) native.webShut(this.session);
    native.shut(this.stream, item.code, item.reason);
    this.shutOut = true;
    this.check();
  }
  // True: all of it went.
  sendMessage(item) {
    const text = typeof item.data === "string";
    if (this.session !== null) {
      native.webForward(this.session, item.bytes, text);
      item.from.buffered -= item.size;
      return true;
    }
    do {
      const left = item.size - this.sent;
      const n = MathMin(this.credit - MESSAGE_COST, FRAME_MAX, left);
      if (n < 0 || (n === 0 && left > 0)) return false;
      native.message(this.stream, item.bytes, this.sent, n, text, n < left);
      this.credit -= n + MESSAGE_COST;
      this.sent += n;
      item.from.buffered -= n;
    } while (this.sent < item.size);
    this.sent = 0;
    return true;
  }
  grant(credit) {
    if (this.joined !== null) {
      native.window(this.joined.stream, credit);
      return;
    }
    this.credit += credit;
    this.flush();
  }

  // What comes from now on is the session's, and so is the credit. False: something is on its way here.
  attach(session) {
    if (this.queue.length || this.size > 0 || this.early.length || this.shutIn || this.shutOut || this.over) return false;
    if (!native.webAttach(session, this.stream, this.credit)) return false;
    this.session = session;
    if (this.eaten > 0) native.window(this.stream, this.eaten);
    this.eaten = 0;
    return true;
  }

  // ---- in

  take(bytes, text, more) {
    if (this.over || this.shutIn) return;
    if (this.joined !== null) {
      native.message(this.joined.stream, bytes, 0, bytes.length, text, more);
      return;
    }
    const piece = { __proto__: null, kind: MESSAGE_ITEM, bytes, text, more };
    if (this.end.state === SOCKET_WAITING) {
      this.early[this.early.length] = piece;
      return;
    }
    const item = this.assemble(piece);
    if (item !== null) this.hand(item);
  }
  // The message that this piece is the last of; null: there is more to come. Its room is given back.
  assemble({ bytes, text, more }) {
    this.eaten += bytes.length + MESSAGE_COST;
    if (this.eaten >= ACKNOWLEDGE && !this.over) {
      native.window(this.stream, this.eaten);
      this.eaten = 0;
    }
    if (more || this.size > 0) {
      this.parts[this.parts.length] = bytes;
      this.size += bytes.length;
      if (more) return null;
      bytes = bytesConcat(this.parts, this.size);
      this.parts = [];
      this.size = 0;
    }
    const data = text ? native.utf8Decode(bytes, false, true) : bytes;
    return { __proto__: null, kind: MESSAGE_ITEM, data, bytes, size: 0, from: null };
  }
  // Now, or behind what waits already.
  hand(item) {
    const end = this.end;
    if (end.state === SOCKET_WAITING) this.early[this.early.length] = item;
    else if (end.state === SOCKET_ACCEPTED && end.inbox.length === 0) end.deliver(item);
    else end.receive(item);
  }
  shut(code, reason) {
    if (this.over || this.shutIn) return;
    this.shutIn = true;
    const item = { __proto__: null, kind: CLOSE_ITEM, code, reason };
    if (this.joined !== null) this.joined.sendShut(item);
    else this.hand(item);
    this.check();
  }
  // The other side is gone, or broke. `error`: why, when the Worker is to know; `cut`: then it hears a close as well.
  lost(error, cut) {
    if (this.over) return;
    const { end, joined } = this;
    this.shutIn = this.shutOut = true;
    this.check();
    if (joined !== null) {
      joined.fail(error ?? new Error(CONNECTION_LOST));
    } else if (error !== null && end.state === SOCKET_ACCEPTED) {
      end.fail(error);
      if (cut) end.dispatchClose(1006, LOST_REASON, false);
    } else {
      this.hand({ __proto__: null, kind: LOST_ITEM });
    }
  }

  // ---- the end

  // This side broke.
  fail(error) {
    if (this.over) return;
    if (!(this.shutIn && this.shutOut)) sendError(this.stream, error);
    this.finish();
  }
  // Closed both ways: over, when what that led to has been done.
  check() {
    if (this.shutIn && this.shutOut) queueTask(this.event, () => this.finish());
  }
  finish() {
    if (this.over) return;
    this.over = true;
    this.queue = new Queue();
    if (this.end !== null) this.end.buffered = 0;
    if (this.holds) {
      this.event.waits--;
      io--;
    }
    if (this.endpoint === this.event) this.event.finished = true;
    else this.endpoint.close();
    this.event.settle();
  }
  // The event ends, whatever the socket is at.
  drop() {
    if (this.over) return;
    this.over = true;
    if (this.holds) io--;
    if (this.end === null) return;
    this.end.aborted = true;
    this.end.state = SOCKET_RELEASED;
  }
}

// ---- a response with a WebSocket, to an event

const SOCKET_STATUS = 101;

function wantsSocket(headers) {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === "upgrade") return StringPrototypeToLowerCase(headers[i + 1]) === "websocket";
  }
  return false;
}

function checkAnswer(event, socket) {
  if (!wantsSocket(event.headers))
    throw new TypeError("Worker tried to return a WebSocket in a response to a request which did not contain the header " +
      '"Upgrade: websocket".');
  if (socket === null) throw new TypeError("A response with status 101 has no WebSocket.");
  const end = endOf(socket);
  if (end.event !== event) throw new Error(CROSS_REQUEST);
  if (end.state === SOCKET_CONNECTING)
    throw new TypeError("Can't return WebSocket in a Response if it was created with `new WebSocket()`");
  if (end.state === SOCKET_RELEASED) throw new TypeError("Can't return WebSocket that was already used in a response.");
  if (end.state === SOCKET_ACCEPTED)
    throw new TypeError("Can't return WebSocket in a Response after calling accept().");
}

// The event's stream takes the place of this WebSocket; its peer stays with the Worker.
function answerSocket(event, parts, socket) {
  checkAnswer(event, socket);
  native.head(event.stream, parts.status, parts.statusText, parts.headers, -1, null, false);
  const end = endOf(socket);
  const { peer, wire, inbox } = end;
  end.state = SOCKET_RELEASED;
  end.peer = end.wire = null;
  end.inbox = new Queue();
  event.socket = new Wire(event, peer);
  event.socket.hold();
  if (wire !== null) {
    joinWires(wire, event.socket);
    return;
  }
  if (peer === null) return;
  peer.peer = null;
  peer.wire = event.socket;
  while (inbox.length) {
    const item = inbox.take();
    if (item.kind === LOST_ITEM) event.socket.fail(new Error(CONNECTION_LOST));
    else event.socket.send(item);
  }
  if (peer.rpc !== null) peer.rpc.attach(event.socket);
}

function joinWires(a, b) {
  const { early } = a;
  a.end = b.end = null;
  a.joined = b;
  b.joined = a;
  a.early = [];
  a.hold();
  for (let i = 0; i < early.length; i++) {
    const item = early[i];
    if (item.kind === MESSAGE_ITEM) native.message(b.stream, item.bytes, 0, item.bytes.length, item.text, item.more);
    else if (item.kind === CLOSE_ITEM) b.sendShut(item);
    else b.fail(new Error(CONNECTION_LOST));
  }
}

// ---- a WebSocket that was asked for

function socketOfCall(call) {
  const end = new SocketEnd(call.event, SOCKET_WAITING);
  end.wire = call.socket = new Wire(call, end);
  return new WebSocket(INTERNAL, end);
}

function headerOf(list, name) {
  for (let i = 0; i < list.length; i += 2) if (list[i] === name) return list[i + 1];
  return null;
}

// The connection of new WebSocket().
function socketConnect(end, url, protocols) {
  const headers = ["upgrade", "websocket"];
  if (protocols !== null) headers[2] = "sec-websocket-protocol", headers[3] = protocols;
  const parts = { __proto__: null, method: "GET", url, headers, body: null, redirect: "manual", signal: null };
  const refused = (e) => {
    if (end.connection !== null) end.notConnected(e);
  };
  const answered = (response) => {
    const socket = responseSocket(response);
    if (socket === null) {
      refused(new TypeError("Failed to establish the WebSocket connection: expected server to reply with HTTP status code " +
        `101 (switching protocols), but received ${responseStatus(response)} instead.`));
      return;
    }
    const list = responseList(response);
    const { wire } = endOf(socket);
    wire.end = end;
    end.connected(wire, headerOf(list, "sec-websocket-protocol"), headerOf(list, "sec-websocket-extensions"));
  };
  const promise = callOnce(OUTBOUND, parts, false, (call) => { end.connection = call; });
  PromisePrototypeThen(promise, answered, refused);
}

// close() before the connection is there.
function socketGiveUp(end) {
  const call = end.connection;
  end.state = SOCKET_RELEASED;
  if (call === null) return;
  queueTask(end.event, () => {
    if (end.connection === null) return;
    end.notConnected(new Error(CONNECTION_LOST));
  });
  call.abandon();
}

// ---- frames

function onMessage(stream, bytes, text, more) {
  const endpoint = endpoints.lookup(stream);
  if (endpoint === undefined) return;
  current = endpoint.event ?? endpoint;
  if (endpoint.socket !== null) endpoint.socket.take(bytes, text, more);
  else if (endpoint.tunnel !== null) endpoint.tunnel.onTls();
}

function onShut(stream, code, reason) {
  const endpoint = endpoints.lookup(stream);
  if (endpoint === undefined || endpoint.socket === null) return;
  current = endpoint.event ?? endpoint;
  endpoint.socket.shut(code, reason);
}

// An ERROR on the stream of a socket. One that the Worker at the other end threw is its own affair.
function onSocketError(endpoint, code, error) {
  endpoint.socket.lost(code === 0 ? null : error, code !== native.ERROR_SOCKET);
}
