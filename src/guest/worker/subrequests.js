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
    this.closed = false;
    io++;
    endpoints.set(this.stream, this);
    (event.calls ??= new Set()).add(this);
  }
  close() {
    if (this.closed) return;
    this.closed = true;
    if (!this.answered) io--;
    this.answered = true;
    if (this.sender !== null) this.sender.stop();
    endpoints.delete(this.stream);
    this.event.calls.delete(this);
  }
  abandon() {
    if (this.closed) return;
    native.cancel(this.stream);
    if (this.incoming !== null) {
      this.incoming.cancelled = true;
      this.incoming.fail(new Error("The request that made this subrequest has ended."));
    }
    this.close();
  }
}

function callOnce(target, parts) {
  const event = requireEvent();
  return new NativePromise((resolve, reject) => {
    const call = new Call(event, target, resolve, reject);
    const { now, source } = split(parts.body);
    try {
      const length = source !== null && source.length !== undefined ? source.length : -1;
      const rest = native.fetch(call.stream, target.channel, target.cpuMs, target.entrypoint, target.props, parts.method,
        parts.url, parts.headers, length, now, source !== null);
      if (source !== null || rest !== undefined) {
        call.sender = new Sender(call.stream);
        pump(call.sender, rest, source);
      }
    } catch (e) {
      call.close();
      reject(e);
      return;
    }
    if (parts.signal) {
      const abort = () => {
        if (call.answered) return;
        call.abandon();
        reject(parts.signal.reason);
      };
      if (parts.signal.aborted) abort();
      else parts.signal.addEventListener("abort", abort);
    }
  });
}

const MAX_REDIRECTS = 20;
function isRedirect(status) {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

async function callFetch(target, input, init) {
  const request = new Request(input, init);
  let parts = requestParts(request);
  for (let hops = 0; ; hops++) {
    const replay = parts.body === null || typeof parts.body === "string" || parts.body instanceof Uint8Array;
    const response = await callOnce(target, parts);
    if (!isRedirect(response.status) || parts.redirect === "manual") return response;
    const location = response.headers.get("location");
    if (location === null) return response;
    if (parts.redirect === "error") throw new TypeError("Redirect mode is \"error\" and the response is a redirect.");
    if (hops >= MAX_REDIRECTS) throw new TypeError("Too many redirects.");
    const drop = response.status === 303 ? parts.method !== "HEAD"
      : (response.status === 301 || response.status === 302) && parts.method === "POST";
    if (!drop && !replay) throw new TypeError("A request with a one-time-use body (it was initialized from a stream, not " +
      "a buffer) encountered a redirect requiring the body to be retransmitted.");
    parts = { ...parts, url: new URL(location, parts.url).href };
    if (drop) parts = { ...parts, method: parts.method === "HEAD" ? "HEAD" : "GET", body: null };
  }
}

function onHead(stream, status, statusText, headers, length, inline, hasBody, end) {
  const call = endpoints.get(stream);
  if (call === undefined || call.answered) return;
  current = call.event;
  const body = hasBody ? new NetBody(stream, length, inline, end) : null;
  call.incoming = body;
  call.answered = true;
  io--;
  if (body === null || end) call.close();
  call.resolve(responseFromNet(status, statusText, headers, body));
}

function onBody(stream, chunk, end) {
  const endpoint = endpoints.get(stream);
  if (endpoint === undefined || endpoint.incoming === null) return;
  current = endpoint.event ?? endpoint;
  endpoint.incoming.push(chunk, end);
  if (end && endpoint instanceof Call) endpoint.close();
}

function onWindow(stream, credit) {
  const endpoint = endpoints.get(stream);
  if (endpoint === undefined || endpoint.sender === null) return;
  current = endpoint.event ?? endpoint;
  endpoint.sender.add(credit);
}

// To an event: its caller is gone. To a call: the callee wants no more of the request's body.
function onCancel(stream) {
  const endpoint = endpoints.get(stream);
  if (endpoint === undefined) return;
  current = endpoint.event ?? endpoint;
  if (endpoint instanceof Call) {
    if (endpoint.sender !== null) endpoint.sender.stop();
    return;
  }
  if (endpoint.sender !== null) endpoint.sender.stop();
  endpoint.answered = true;
  endpoint.finished = true;
  if (endpoint.incoming !== null) endpoint.incoming.fail(new Error("The client disconnected."));
  endpoint.settle();
}

function onError(stream, code, name, message, stack) {
  const endpoint = endpoints.get(stream);
  if (endpoint === undefined) return;
  const error = rebuild(name, message, stack);
  current = endpoint.event ?? endpoint;
  if (endpoint.incoming !== null) endpoint.incoming.fail(error);
  if (!(endpoint instanceof Call)) return;
  if (!endpoint.answered) endpoint.reject(error);
  endpoint.close();
}
