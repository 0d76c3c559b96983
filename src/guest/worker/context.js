// context.js: an isolate's events and the one that is current. First file of the Worker model (the others of this folder
// use what it declares).
//
// An isolate has many events in progress, and one current: the one that the frame in hand belongs to. Everything that
// runs until the job queue is empty belongs to it: timers, subrequests and stubs made then are its own, and end with it.
// `io` counts what may still come from outside (timers, answers, body bytes, credit). When nothing may, whatever is
// unfinished never will be: it gets the error that workerd gives for a hung Worker, instead of silence.

const STREAM_GUEST = 0x80000000;
const WINDOW = 256 * 1024; // a body's first credit (frame.h)
const ACKNOWLEDGE = 64 * 1024; // credit is given back in portions of at least this
const FIRST_STUB = 0x10000; // below: the loaders' channels
const NO_BYTES = new Uint8Array(0);
const HUNG =
  "The Workers runtime canceled this request because it detected that your Worker's code had hung and would never " +
  "generate a response. Refer to: https://developers.cloudflare.com/workers/observability/errors/";
const GLOBAL_SCOPE =
  "Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or connect()), setting a timeout, " +
  "and generating random values are not allowed within global scope. To fix this error, perform this operation " +
  "within a handler. https://developers.cloudflare.com/workers/runtime-apis/handlers/";

// A status text with a DEL is none in HTTP.
const statusTextOf = (text) => (StringPrototypeIncludes(text, "\x7f") ? "" : text);

const worker = { namespace: null, failure: null, starting: false, waiting: [], entryName: null, entry: null, env: {},
  outbound: 0, date: "", nodeCompat: false, nodeLevel: 0, sendsSignals: false, experimental: false, edge: false,
  dynamic: false };
const endpoints = new KeptMap(); // stream -> Event or Call
let eventCount = 0; // in progress
let current = null;
let io = 0;
let nextStream = 1;
let nextStub = FIRST_STUB;

function requireEvent() {
  if (current === null) throw new Error(GLOBAL_SCOPE);
  return current;
}

// What is to run by itself, after all that runs already and before the turn ends: a task. One at a time, each with the
// jobs that it makes.
const TASKS_PER_TURN = 256; // then other isolates have their turn
const tasks = []; // { event, callback }
let taskAt = 0; // those before it ran
let turnTasks = 0;

function queueTask(event, callback) {
  tasks[tasks.length] = { __proto__: null, event, callback, frame: native.frame() };
}

const hasTasks = () => taskAt < tasks.length;

// True: it ran one.
function runTask() {
  if (!hasTasks() || turnTasks >= TASKS_PER_TURN) {
    turnTasks = 0;
    return false;
  }
  turnTasks++;
  const { event, callback, frame } = tasks[taskAt];
  tasks[taskAt++] = undefined;
  if (taskAt === tasks.length) tasks.length = taskAt = 0;
  if (event.over) return true;
  current = event;
  native.enter(frame); // guest.c leaves it
  callback();
  return true;
}

// Runs a step once the modules are evaluated, or could not be.
function whenStarted(step) {
  worker.waiting[worker.waiting.length] = step;
}

const abandonCall = (call) => call.abandon();

class Event_ {
  constructor(stream) {
    this.stream = stream;
  }
  settle() {
    if (!this.finished || this.waits > 0 || this.over) return;
    native.done(this.stream);
    this.end();
  }
  // Nothing of this event goes on.
  end() {
    if (this.over) return;
    this.over = true;
    this.finished = true;
    endpoints.drop(this.stream);
    eventCount--;
    if (this.incoming !== null) {
      this.incoming.settle(null, null);
      this.incoming.ended = true;
    }
    if (this.sender !== null) this.sender.stop();
    if (this.socket !== null) this.socket.drop();
    if (this.tunnel !== null) this.tunnel.over();
    if (this.session) sessionCount--;
    if (this.session || this.opened) native.rpcEnd(this, this.stream, this.opened);
    if (this.timers !== null) this.timers.each(dropTimer);
    if (this.calls !== null) this.calls.each(abandonCall);
    if (this.collecting !== null) forgetCollecting(this);
    if (this.stubs !== null) this.stubs.each(dropStub);
  }
  abort(error) {
    if (!this.finished) sendError(this.stream, error);
    native.done(this.stream);
    this.end();
  }
  // It never would be over.
  hang() {
    this.settle();
  }
  // Beside what answers it.
  threw(error, prefix) {
    if (!traceException(this, error)) logUncaught(error, prefix);
  }
  fail(error) {
    if (this.finished) return;
    this.answered = true;
    this.finished = true;
    if (this.sender !== null) this.sender.stop();
    sendError(this.stream, error);
    this.settle();
  }
  answer(response) {
    if (this.answered || this.over) return;
    let parts;
    try {
      parts = responseParts(response);
      if (parts.status === SOCKET_STATUS) {
        answerSocket(this, parts, responseSocket(response));
        this.answered = true;
        return;
      }
    } catch (e) {
      this.fail(e);
      return;
    }
    const { now, source } = split(encoded(parts));
    this.answered = true;
    let rest;
    try {
      const length = source !== null && source.length !== undefined ? source.length : -1;
      const text = parts.statusText === "" ? "" : statusTextOf(parts.statusText);
      rest = native.head(this.stream, parts.status, text, parts.headers, length, now, source !== null);
    } catch (e) {
      this.answered = false;
      this.fail(e);
      return;
    }
    if (source === null && rest === undefined) {
      this.finished = true;
      this.settle();
      return;
    }
    this.sender = new Sender(this.stream);
    PromisePrototypeThen(pump(this.sender, rest, source), () => {
      this.finished = true;
      this.settle();
    });
  }
}

// What an event begins with; it gets fields of its own as they change, which few do in most.
const EVENT_FIELDS = {
  headers: null, // of the request
  socket: null, // Wire, when the answer was a WebSocket
  tunnel: null, // Connection, when it is one
  session: false, // it is one of RPC
  opened: false, // it has opened such sessions
  incoming: null, // NetBody of the request
  sender: null, // of the answer's body
  answered: false,
  finished: false, // the answer's body is out
  waits: 0, // of waitUntil
  over: false,
  calls: null, // Set of Call
  stubs: null, // Set of numbers
  timers: null, // Set of timers
  collecting: null, // streams of its own whose logs come back
};
for (const name of ObjectKeys(EVENT_FIELDS)) Event_.prototype[name] = EVENT_FIELDS[name];

// An event without an answer of its own: it is over, and its outcome told, when its handler is through and all that
// waitUntil() holds.
class HandlerEvent extends Event_ {
  constructor(stream) {
    super(stream);
    this.failed = false;
  }
  settle() {
    if (!this.finished || this.waits > 0 || this.over) return;
    this.tell();
    native.done(this.stream);
    this.end();
  }
  hang() {
    this.threw(new ErrorConstructor(HUNG), "Uncaught ");
    this.settle();
  }
  fail(error) {
    if (this.finished) return;
    this.threw(error, "Uncaught ");
    this.finish();
  }
  finish() {
    this.answered = true;
    this.finished = true;
    this.settle();
  }
}

function waitFor(event, promise) {
  if (event.over) return;
  event.waits++;
  const done = () => {
    event.waits--;
    event.settle();
  };
  PromisePrototypeThen(PromiseResolve(promise), done, (e) => {
    event.threw(e, "waitUntil() rejected: ");
    done();
  });
}

class ExecutionContext {
  #event;
  #props;
  constructor(token, event, props) {
    if (token !== native) throw new TypeError("Illegal constructor");
    this.#event = event;
    this.#props = props;
  }
  get props() {
    return (this.#props ??= {});
  }
  get exports() {
    return workerExports();
  }
  waitUntil(promise) {
    waitFor(this.#event, promise);
  }
  passThroughOnException() {}
  abort(reason) {
    abortEvent(this.#event, reason);
  }
}

// The event ends at once, and with it all that waits for it.
function abortEvent(event, reason) {
  if (event.over) return;
  const error = reason === undefined ? new Error("Worker execution was aborted due to call to ctx.abort().")
    : isObject(reason) ? reason : new Error(text(reason));
  event.abort(error);
}

const NativePromise = Promise;
const PromiseResolve = native.promiseOf;

function logUncaught(error, prefix) {
  const { 0: name, 1: message, 2: stack } = describe(error);
  native.log(4, `${prefix}${name}: ${message}${stack === "" ? "" : "\n" + stack}`);
}

// cloudflare:workers; cloudflare.js has the rest
class EntrypointBase {
  constructor(ctx, env, name) {
    if (!isObject(ctx)) throw wrongParameter(name, 1, "Object");
    this.ctx = ctx;
    this.env = env;
  }
}
class WorkerEntrypoint extends EntrypointBase {
  constructor(ctx, env) {
    super(ctx, env, "WorkerEntrypoint");
  }
}
function RpcTarget() {
  if (new.target === undefined)
    throw new TypeError("Failed to construct 'JsRpcTarget': Please use the 'new' operator, this object constructor " +
      "cannot be called as a function.");
}
defineInterface(WorkerEntrypoint);
defineInterface(RpcTarget, "JsRpcTarget");

const EMPTY_NAME = "\0"; // "" in frames is the default

// { target, isClass: made anew for each event }. The last one is remembered.
function entrypointOf(named) {
  if (worker.entryName === named) return worker.entry;
  const isDefault = named === "" || named === "default";
  const name = named === EMPTY_NAME ? "" : named;
  const found = worker.namespace[isDefault ? "default" : name];
  if (!isEntrypoint(found))
    throw new Error(isDefault ? "Worker has no default entrypoint." : `Worker has no such entrypoint: ${name}`);
  worker.entry = { target: found, isClass: isEntrypointClass(found) };
  worker.entryName = named;
  return worker.entry;
}

const isEntrypointClass = (target) => typeof target === "function" && target.prototype instanceof WorkerEntrypoint;
const handlerOf = (entry, ctx) => (entry.isClass ? new entry.target(ctx, worker.env) : entry.target);

function invoke(name, request, ctx) {
  const entry = entrypointOf(name), handler = handlerOf(entry, ctx);
  if (typeof handler.fetch !== "function") throw new Error("Handler does not export a fetch() function.");
  if (entry.isClass && worker.edge) return handler.fetch(request); // it may be a client's stub
  return handler.fetch(request, worker.env, ctx);
}

function begin(event, name, props, method, url, headers, cf) {
  current = event;
  if (event.over) return;
  if (worker.failure !== null) {
    event.fail(worker.failure);
    return;
  }
  try {
    event.headers = headers;
    const rest = cf === undefined ? undefined : { __proto__: null, cfText: cf, cfFixed: true };
    const request = requestFromNet(method, url, headers, event.incoming, rest);
    const result = invoke(name, request, new ExecutionContext(native, event, props));
    if (result instanceof Response) event.answer(result);
    else PromisePrototypeThen(PromiseResolve(result), (response) => event.answer(response), (e) => event.fail(e));
  } catch (e) {
    event.fail(e);
  }
}

function onEvent(stream, name, props, method, url, headers, length, inline, hasBody, end, cf) {
  const event = new Event_(stream);
  current = event;
  endpoints.put(stream, event);
  eventCount++;
  if (hasBody) event.incoming = new NetBody(stream, length, inline, end);
  const start = isConnect(method, url) ? beginConnect : begin;
  if (worker.namespace === null && worker.failure === null)
    whenStarted(() => start(event, name, props, method, url, headers, cf));
  else start(event, name, props, method, url, headers, cf);
}
