// subrequests.js: requests that a Worker makes, and the frames that belong to them or to an event.

class Call {
  constructor(event, target, resolve, reject) {
    this.event = event;
    this.target = target; // holds the stub
    this.stream = (STREAM_GUEST | nextStream++) >>> 0;
    this.resolve = resolve;
    this.reject = reject;
    this.answered = false;
    this.incoming = null; // NetBody of the answer
    this.sender = null; // of the request's body
    this.source = null; // where that comes from
    this.url = "";
    this.redirected = false;
    this.upgrade = false; // a WebSocket is asked for
    this.socket = null; // Wire, when the answer is one
    this.tunnel = null; // Connection, when it asks for one
    this.closed = false;
    io++;
    endpoints.put(this.stream, this);
    (event.calls ??= new KeptSet()).put(this);
  }
  close() {
    if (this.closed) return;
    this.closed = true;
    if (!this.answered) io--;
    this.answered = true;
    if (this.sender !== null) this.sender.stop();
    if (this.tunnel !== null) this.tunnel.over();
    endpoints.drop(this.stream);
    this.event.calls.drop(this);
  }
  abandon() {
    if (this.closed) return;
    native.cancel(this.stream);
    if (this.socket !== null) this.socket.drop();
    if (this.incoming !== null) {
      this.incoming.cancelled = true;
      this.incoming.fail(new Error("The request that made this subrequest has ended."));
    }
    this.close();
  }
}

const EVENT_REDIRECTED = 1; // frame.h

// One request, without its redirects. parts.foreign: one before it went to another origin. `started`, when given, is told the Call.
function callOnce(target, parts, redirected, started = undefined) {
  const event = requireEvent();
  const signal = parts.signal;
  return new NativePromise((resolve, reject) => {
    if (signal !== null && AbortSignalGetAborted(signal)) {
      reject(AbortSignalGetReason(signal));
      return;
    }
    const call = new Call(event, target, resolve, reject);
    if (target.logs !== undefined) collectLogs(event, call.stream, target.logs);
    call.upgrade = wantsSocket(parts.headers);
    started?.(call);
    const { now, source } = split(parts.body);
    call.url = parts.url;
    call.redirected = redirected;
    call.source = source;
    try {
      const length = source !== null && source.length !== undefined ? source.length : -1;
      if (target.channels !== undefined) native.sendChannels(call.stream, target.channels);
      const rest = native.fetch(call.stream, target.channel, target.limits, target.entrypoint, target.props, parts.method,
        parts.url, parts.headers, length, now, source !== null, parts.foreign === true ? EVENT_REDIRECTED : 0, parts.cf);
      if (source !== null || rest !== undefined) {
        call.sender = new Sender(call.stream);
        const sent = pump(call.sender, rest, source, (e) => {
          if (!call.answered) reject(e);
        });
        if (call.tunnel !== null) PromisePrototypeThen(sent, () => callHalf(call));
      }
    } catch (e) {
      call.close();
      reject(e);
      return;
    }
    if (signal !== null) signalAddAlgorithm(signal, (reason) => abortCall(call, reason));
  });
}

// The signal of a request was aborted: before its answer, or while the answer's body is read.
function abortCall(call, reason) {
  const answered = call.answered;
  if (call.incoming !== null) call.incoming.abort(reason);
  if (call.closed) return;
  const source = call.source;
  call.abandon();
  if (source !== null) source.cancel(reason);
  if (!answered) call.reject(reason);
}

// One direction of a connection has ended.
function callHalf(call) {
  if (call.tunnel.out.half()) call.close();
}

function onHead(stream, status, statusText, headers, length, inline, hasBody, end) {
  const call = endpoints.lookup(stream);
  if (call === undefined || call.answered) return;
  current = call.event;
  if (status === SOCKET_STATUS && call.upgrade) {
    call.answered = true;
    io--;
    const rest = { __proto__: null, url: call.url, redirected: call.redirected, webSocket: socketOfCall(call) };
    call.resolve(responseFromNet(status, statusText, headers, null, rest));
    return;
  }
  const body = hasBody ? new NetBody(stream, length, inline, end) : null;
  call.incoming = body;
  call.answered = true;
  io--;
  if (body === null || end) {
    if (call.tunnel !== null) callHalf(call);
    else call.close();
  }
  const rest = { __proto__: null, url: call.url, redirected: call.redirected };
  call.resolve(responseFromNet(status, statusText, headers, decoded(headers, body), rest));
}

function onBody(stream, chunk, end) {
  const endpoint = endpoints.lookup(stream);
  if (endpoint === undefined || endpoint.incoming === null) return;
  current = endpoint.event ?? endpoint;
  endpoint.incoming.arrived(chunk, end);
  if (!end || !(endpoint instanceof Call)) return;
  if (endpoint.tunnel === null) {
    endpoint.close();
    return;
  }
  endpoint.tunnel.lastCame();
  callHalf(endpoint);
}

function onWindow(stream, credit) {
  const endpoint = endpoints.lookup(stream);
  if (endpoint === undefined) return;
  current = endpoint.event ?? endpoint;
  if (endpoint.socket !== null) endpoint.socket.grant(credit);
  else if (endpoint.sender !== null) endpoint.sender.grant(credit);
}

// To an event: its caller is gone. To a call: the callee wants no more of the request's body.
function onCancel(stream) {
  const endpoint = endpoints.lookup(stream);
  if (endpoint === undefined) return;
  current = endpoint.event ?? endpoint;
  if (endpoint instanceof Call) {
    if (endpoint.sender !== null) endpoint.sender.stop();
    if (endpoint.tunnel !== null) endpoint.tunnel.unwanted();
    return;
  }
  if (endpoint.socket !== null) {
    endpoint.socket.lost(null, false);
    return;
  }
  if (endpoint.sender !== null) endpoint.sender.stop();
  endpoint.answered = true;
  endpoint.finished = true;
  if (endpoint.incoming !== null) endpoint.incoming.fail(new Error("The client disconnected."));
  endpoint.settle();
}

function onError(stream, code, name, message, stack, thrown, thrownBy) {
  const endpoint = endpoints.lookup(stream);
  if (endpoint === undefined) return;
  const error = rebuild(name, message, stack, thrown);
  if (thrown === undefined && message === CONNECTION_LOST) error.retryable = true;
  current = endpoint.event ?? endpoint;
  if (endpoint.socket !== null) {
    onSocketError(endpoint, code, error);
    return;
  }
  if (endpoint.incoming !== null) endpoint.incoming.fail(error);
  if (!(endpoint instanceof Call)) return;
  endpoint.failed?.(code);
  if (code === 0 && thrownBy === 0 && endpoint.target.channel !== 0 && isObject(error)) error.remote = true;
  if (!endpoint.answered) endpoint.reject(endpoint.tunnel === null ? error : connectError(code, error));
  else if (endpoint.tunnel !== null) endpoint.tunnel.broke(error);
  endpoint.close();
}
