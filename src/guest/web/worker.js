// worker.js: the Worker model: modules, events, timers, subrequests, the Worker Loader. Last file of the platform; it
// returns the handlers that the guest's C calls (guest.h) and the modules that a Worker may import.
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

const worker = { namespace: null, failure: null, waiting: [], env: {}, outbound: 0 };
const endpoints = new Map(); // stream -> Event or Call
let eventCount = 0; // in progress
let current = null;
let io = 0;
let nextStream = 1;
let nextStub = FIRST_STUB;

function requireEvent() {
  if (current === null) throw new Error(GLOBAL_SCOPE);
  return current;
}

// ---- errors as they cross ----

function text(value) {
  try {
    return `${value}`;
  } catch {
    return "";
  }
}

function property(object, name) {
  try {
    const v = object[name];
    return v === undefined || v === null ? "" : text(v);
  } catch {
    return "";
  }
}

// A stack without the platform's own frames.
function workerFrames(stack) {
  return stack.split("\n").filter((line) => !line.includes("(mayfly:platform:") && !line.endsWith("(native)")).join("\n");
}

// What was thrown as [name, message, stack]; never throws, whatever it is.
function describe(thrown) {
  if (typeof thrown === "object" && thrown !== null) {
    const name = property(thrown, "name"), message = property(thrown, "message");
    if (name !== "" || message !== "") return [name || "Error", message, workerFrames(property(thrown, "stack"))];
  }
  return ["Error", typeof thrown === "symbol" ? "Symbol()" : text(thrown), ""];
}

const NATIVE_ERRORS = { __proto__: null, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const DOM_ERRORS = ["AbortError", "DataCloneError", "InvalidStateError", "NotSupportedError", "OperationError",
  "QuotaExceededError", "TimeoutError", "InvalidAccessError", "NetworkError", "SyntaxError"];

function rebuild(name, message, stack) {
  const domError = name !== "SyntaxError" && DOM_ERRORS.includes(name);
  const error = domError ? new DOMException(message, name) : new (NATIVE_ERRORS[name] ?? Error)(message);
  if (!domError && error.name !== name) define(error, "name", name);
  if (stack !== "") define(error, "stack", stack);
  return error;
}

function define(object, name, value) {
  Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
}

function sendError(stream, thrown) {
  const [name, message, stack] = describe(thrown);
  native.error(stream, 0, name, message, stack);
}

// ---- bodies ----

// A body that arrives in BODY frames. `inline` is all of it when it came whole with its head.
class NetBody {
  constructor(stream, length, inline, end) {
    this.stream = stream;
    this.length = length;
    this.inline = end ? inline : null;
    this.queue = inline.length ? [inline] : [];
    this.free = inline.length; // bytes at the front of the queue that took no credit
    this.ended = end;
    this.error = null;
    this.waiter = null;
    this.eaten = 0;
    this.cancelled = false;
  }
  read() {
    if (this.queue.length) return Promise.resolve(this.take());
    if (this.error !== null) return Promise.reject(this.error);
    if (this.ended) return Promise.resolve(null);
    io++;
    return new Promise((resolve, reject) => { this.waiter = { resolve, reject }; });
  }
  take() {
    const chunk = this.queue.shift();
    const free = chunk.length < this.free ? chunk.length : this.free;
    this.free -= free;
    this.eaten += chunk.length - free;
    if (this.eaten >= ACKNOWLEDGE && !this.ended) {
      native.window(this.stream, this.eaten);
      this.eaten = 0;
    }
    return chunk;
  }
  settle(chunk, error) {
    const waiter = this.waiter;
    this.waiter = null;
    if (waiter === null) return false;
    io--;
    if (error !== null) waiter.reject(error);
    else waiter.resolve(chunk);
    return true;
  }
  push(chunk, end) {
    if (this.cancelled || this.ended) return;
    this.ended = end;
    if (chunk.length) {
      this.queue.push(chunk);
      if (this.waiter !== null) this.settle(this.take(), null);
    }
    if (end && !this.queue.length) this.settle(null, null);
  }
  fail(error) {
    if (this.ended || this.error !== null) return;
    this.error = error;
    this.settle(null, error);
  }
  cancel() {
    if (this.cancelled || this.ended) return;
    this.cancelled = true;
    this.queue.length = 0;
    this.settle(null, null);
    native.cancel(this.stream);
  }
}

// The sending end of a body, within its credit.
class Sender {
  constructor(stream) {
    this.stream = stream;
    this.credit = WINDOW;
    this.waiter = null;
    this.stopped = false;
  }
  room() {
    if (this.credit > 0 || this.stopped) return undefined;
    io++;
    return new Promise((resolve) => { this.waiter = resolve; });
  }
  wake() {
    const waiter = this.waiter;
    this.waiter = null;
    if (waiter === null) return;
    io--;
    waiter();
  }
  add(credit) {
    this.credit += credit;
    this.wake();
  }
  stop() {
    this.stopped = true;
    this.wake();
  }
  async send(chunk) {
    for (let at = 0; at < chunk.length && !this.stopped;) {
      if (this.credit <= 0) await this.room();
      if (this.stopped) return;
      const n = Math.min(this.credit, chunk.length - at);
      native.body(this.stream, chunk, at, n, false);
      this.credit -= n;
      at += n;
    }
  }
}

// Sends what did not fit the head, then everything that `source` gives, then the end.
async function pump(sender, rest, source) {
  try {
    if (rest !== undefined) await sender.send(rest);
    while (source !== null && !sender.stopped) {
      const chunk = await source.read();
      if (chunk === null) break;
      await sender.send(chunk);
    }
    if (!sender.stopped) native.body(sender.stream, NO_BYTES, 0, 0, true);
    else if (source !== null) source.cancel(undefined);
  } catch (e) {
    if (!sender.stopped) sendError(sender.stream, e);
  }
}

// A body as responseParts and requestParts give it: what goes along with the head, and what is read afterwards.
function split(body) {
  if (body === null || typeof body === "string" || body instanceof Uint8Array) return { now: body, source: null };
  if (body instanceof NetBody) {
    if (body.inline !== null) return { now: body.inline, source: null };
    return { now: null, source: body };
  }
  return { now: null, source: streamToNetReader(body) };
}

// ---- events ----

class Event_ {
  constructor(stream) {
    this.stream = stream;
    this.incoming = null; // NetBody of the request
    this.sender = null; // of the answer's body
    this.answered = false;
    this.finished = false; // the answer's body is out
    this.waits = 0; // of waitUntil
    this.over = false;
    this.calls = null; // Set of Call
    this.stubs = null; // Set of numbers
    this.timers = null; // Set of timers
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
    endpoints.delete(this.stream);
    eventCount--;
    if (this.incoming !== null) {
      this.incoming.settle(null, null);
      this.incoming.ended = true;
    }
    if (this.sender !== null) this.sender.stop();
    if (this.timers !== null) for (const timer of this.timers) dropTimer(timer);
    if (this.calls !== null) for (const call of this.calls) call.abandon();
    if (this.stubs !== null) for (const stub of this.stubs) dropStub(stub);
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
    } catch (e) {
      this.fail(e);
      return;
    }
    const { now, source } = split(parts.body);
    this.answered = true;
    let rest;
    try {
      const length = source !== null && source.length !== undefined ? source.length : -1;
      rest = native.head(this.stream, parts.status, parts.statusText, parts.headers, length, now, source !== null);
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
    pump(this.sender, rest, source).then(() => {
      this.finished = true;
      this.settle();
    });
  }
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
    return this.#props;
  }
  waitUntil(promise) {
    const event = this.#event;
    if (event.over) return;
    event.waits++;
    const done = () => {
      event.waits--;
      event.settle();
    };
    PromiseResolve(promise).then(done, (e) => {
      logUncaught(e, "waitUntil() rejected: ");
      done();
    });
  }
  passThroughOnException() {}
}

const NativePromise = Promise;
function PromiseResolve(value) {
  return new NativePromise((resolve) => resolve(value));
}

function logUncaught(error, prefix) {
  const [name, message, stack] = describe(error);
  native.log(4, `${prefix}${name}: ${message}${stack === "" ? "" : "\n" + stack}`);
}

// cloudflare:workers
class WorkerEntrypoint {
  constructor(ctx, env) {
    this.ctx = ctx;
    this.env = env;
  }
}
class RpcTarget {}

function entrypointOf(name) {
  const isDefault = name === "" || name === "default";
  const found = worker.namespace[isDefault ? "default" : name];
  const usable = (typeof found === "object" && found !== null) || typeof found === "function";
  if (usable) return found;
  throw new Error(isDefault ? "Worker has no default entrypoint." : `Worker has no such entrypoint: ${name}`);
}

function invoke(name, request, ctx) {
  const target = entrypointOf(name);
  const isClass = typeof target === "function" && target.prototype instanceof WorkerEntrypoint;
  const handler = isClass ? new target(ctx, worker.env) : target;
  if (typeof handler.fetch !== "function") throw new Error("Handler does not export a fetch() function.");
  return isClass ? handler.fetch(request) : handler.fetch(request, worker.env, ctx);
}

function begin(event, name, props, method, url, headers) {
  current = event;
  if (event.over) return;
  if (worker.failure !== null) {
    event.fail(worker.failure);
    return;
  }
  try {
    const request = requestFromNet(method, url, headers, event.incoming);
    const result = invoke(name, request, new ExecutionContext(native, event, props ?? {}));
    if (result instanceof Response) event.answer(result);
    else PromiseResolve(result).then((response) => event.answer(response), (e) => event.fail(e));
  } catch (e) {
    event.fail(e);
  }
}

function onEvent(stream, name, props, method, url, headers, length, inline, hasBody, end) {
  const event = new Event_(stream);
  current = event;
  endpoints.set(stream, event);
  eventCount++;
  if (hasBody) event.incoming = new NetBody(stream, length, inline, end);
  if (worker.namespace === null && worker.failure === null)
    worker.waiting.push(() => begin(event, name, props, method, url, headers));
  else begin(event, name, props, method, url, headers);
}

// ---- loading ----

function startupFailure(error) {
  const [name, message, stack] = describe(error);
  const trace = stack.trimEnd();
  return new Error(`Failed to start Worker:\nUncaught ${name}: ${message}${trace === "" ? "" : "\n" + trace}`);
}

function onLoad(main, env, loaders, outbound) {
  current = null;
  worker.env = env;
  worker.outbound = outbound;
  for (let i = 0; i < loaders.length; i += 2) env[loaders[i]] = new WorkerLoader(native, loaders[i + 1]);
  builtins["cloudflare:workers"].env = env;
  try {
    const result = native.import(main);
    if (result instanceof NativePromise) result.then(() => started(native.namespace()), failStart);
    else started(result);
  } catch (e) {
    failStart(e);
  }
}

function started(namespace) {
  worker.namespace = namespace;
  native.loaded();
  if (worker.waiting.length) flushWaiting();
}

function failStart(error) {
  const [name, message, stack] = describe(error);
  worker.failure = startupFailure(error);
  native.loaded(name, message, stack);
  flushWaiting();
}

function flushWaiting() {
  const waiting = worker.waiting;
  worker.waiting = [];
  for (const start of waiting) start();
}

// ---- subrequests ----

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

// ---- the Worker Loader ----

const MODULE_KINDS = { __proto__: null, js: 1, cjs: 2, text: 3, data: 4, json: 5 };
const KNOWN_KINDS = ["js", "cjs", "text", "data", "json", "py", "wasm"];
const needs = new Map(); // stub -> {callback, event}

function moduleFromString(name, source) {
  if (name.endsWith(".js")) return [1, name, source];
  if (name.endsWith(".py")) throw new TypeError("Python modules are not supported here.");
  const typescript = /\.(ts|tsx|jsx)$/.test(name)
    ? ". If you're trying to load TypeScript, bundle it first with '@cloudflare/worker-bundler' and pass the generated JavaScript modules."
    : "";
  throw new TypeError("Module name must end with '.js' or '.py' (or the content must be an object indicating the type " +
    `explicitly). Got: ${name}${typescript}`);
}

function bytesOf(name, data) {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw new TypeError(`The 'data' of module '${name}' is not an ArrayBuffer or a view of one.`);
}

function moduleFromObject(name, module) {
  const given = KNOWN_KINDS.filter((kind) => module[kind] !== undefined);
  if (given.length !== 1)
    throw new TypeError("Each module must contain exactly one of 'js', 'cjs', 'text', 'data', 'json', 'py', or 'wasm'. " +
      `Module '${name}' contained ${given.length} properties.`);
  const kind = given[0];
  if (kind === "py" || kind === "wasm" || kind === "cjs")
    throw new TypeError(`Modules of type '${kind}' are not supported here. Module: '${name}'.`);
  if (kind === "data") return [MODULE_KINDS.data, name, bytesOf(name, module.data)];
  if (kind === "json") return [MODULE_KINDS.json, name, JSON.stringify(module.json)];
  return [MODULE_KINDS[kind], name, `${module[kind]}`];
}

function listModules(modules) {
  const list = [];
  for (const name of Object.keys(modules)) {
    const module = modules[name];
    list.push(...(typeof module === "object" && module !== null ? moduleFromObject(name, module)
      : moduleFromString(name, `${module}`)));
  }
  return list;
}

function limit(limits, name) {
  const value = limits?.[name];
  if (value === undefined || value === null) return 0;
  if (typeof value !== "number" || !(value > 0)) throw new TypeError(`limits.${name} must be a positive number.`);
  return Math.min(Math.ceil(value), 0xffffffff);
}

function requireString(code, field) {
  if (typeof code[field] !== "string")
    throw new TypeError(`Incorrect type for the '${field}' field on 'WorkerCode': the provided value is not of type 'string'.`);
  return code[field];
}

function sendCode(stub, code) {
  if (typeof code !== "object" || code === null)
    throw new TypeError("Incorrect type for Promise: the Promise did not resolve to 'WorkerCode'.");
  const date = requireString(code, "compatibilityDate"), main = requireString(code, "mainModule");
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) throw new Error(`Invalid compatibility date: ${date}`);
  const modules = listModules(code.modules ?? {});
  if (modules.length === 0) throw new TypeError("Dynamic Worker code must contain at least one module.");
  const outbound = code.globalOutbound;
  if (outbound !== null && outbound !== undefined)
    throw new TypeError("globalOutbound can only be null (no network) or left out here.");
  const limits = code.limits;
  const flags = [...(code.compatibilityFlags ?? [])].map(String);
  native.code(stub, limit(limits, "cpuMs"), limit(limits, "wallMs"), limit(limits, "memoryMb"),
    limit(limits, "subRequests"), date, flags, main, modules, code.env ?? {}, outbound === null ? 1 : worker.outbound);
}

// A stub lives as long as its handle, which the WorkerStub, its entrypoints and the calls on them hold, and at most as
// long as its event: a loop that loads a thousand Workers does not hold a thousand isolates.
const forgotten = new FinalizationRegistry(({ event, stub }) => {
  if (event.stubs?.delete(stub)) dropStub(stub);
});

function newStub(channel, name) {
  const event = requireEvent();
  const handle = { stub: nextStub++ };
  native.get(handle.stub, channel, name);
  (event.stubs ??= new Set()).add(handle.stub);
  forgotten.register(handle, { event, stub: handle.stub });
  return handle;
}

function dropStub(stub) {
  needs.delete(stub);
  native.release(stub);
}

function runCallback(stub, callback) {
  const fail = (e) => {
    const [name, message, stack] = describe(e);
    native.error(stub, 0, name, message, stack);
  };
  const event = current;
  const wanted = () => !event.over && event.stubs.has(stub); // it may have been dropped meanwhile
  const deliver = (code) => {
    if (wanted()) sendCode(stub, code);
  };
  new NativePromise((resolve) => resolve(callback())).then(deliver).catch((e) => {
    if (wanted()) fail(e);
  });
}

function onNeed(stub) {
  const need = needs.get(stub);
  if (need === undefined) return;
  needs.delete(stub);
  current = need.event;
  runCallback(stub, need.callback);
}

// A Worker's entrypoint, as an object with fetch().
class Fetcher {
  #target;
  constructor(token, target) {
    if (token !== native) throw new TypeError("Illegal constructor");
    this.#target = target;
  }
  fetch(input, init) {
    return callFetch(this.#target, input, init);
  }
}

class WorkerStub {
  #handle;
  constructor(token, handle) {
    if (token !== native) throw new TypeError("Illegal constructor");
    this.#handle = handle;
  }
  getEntrypoint(name, options) {
    const props = options?.props === undefined ? undefined : native.serialize(options.props);
    const entrypoint = name === undefined || name === null ? "" : `${name}`;
    const cpuMs = limit(options?.limits, "cpuMs");
    return new Fetcher(native, { channel: this.#handle.stub, handle: this.#handle, entrypoint, props, cpuMs });
  }
  getDurableObjectClass() {
    throw new Error("Durable Objects in dynamic Workers are not supported here.");
  }
}

class WorkerLoader {
  #channel;
  constructor(token, channel) {
    if (token !== native) throw new TypeError("Illegal constructor");
    this.#channel = channel;
  }
  load(code) {
    const handle = newStub(this.#channel, null);
    sendCode(handle.stub, code);
    return new WorkerStub(native, handle);
  }
  get(name, callback) {
    if (typeof callback !== "function")
      throw new TypeError("Failed to execute 'get' on 'WorkerLoader': parameter 2 is not of type 'Function'.");
    const unnamed = name === undefined || name === null;
    const handle = newStub(this.#channel, unnamed ? null : `${name}`);
    if (unnamed) runCallback(handle.stub, callback);
    else needs.set(handle.stub, { callback, event: current });
    return new WorkerStub(native, handle);
  }
}

// ---- timers: a binary heap by time, then by order of creation ----

const heap = [];
const timersById = new Map();
let nextTimer = 1;
let wakeAt = Infinity;

function before(a, b) {
  return a.at < b.at || (a.at === b.at && a.id < b.id);
}

function heapPush(timer) {
  let i = heap.length;
  heap[i] = timer;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!before(timer, heap[parent])) break;
    heap[i] = heap[parent];
    i = parent;
  }
  heap[i] = timer;
}

function heapPop() {
  const top = heap[0], last = heap.pop(), n = heap.length;
  if (n === 0) return top;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= n) break;
    if (child + 1 < n && before(heap[child + 1], heap[child])) child++;
    if (!before(heap[child], last)) break;
    heap[i] = heap[child];
    i = child;
  }
  heap[i] = last;
  return top;
}

function dropTimer(timer) {
  if (timer.dead) return;
  timer.dead = true;
  io--;
  timersById.delete(timer.id);
  timer.event.timers.delete(timer);
}

function addTimer(name, callback, delay, args, repeats) {
  if (typeof callback !== "function")
    throw new TypeError(`Failed to execute '${name}' on 'ServiceWorkerGlobalScope': parameter 1 is not of type 'Function'.`);
  const event = requireEvent();
  const ms = Math.max(0, Math.min(Number(delay) || 0, 2 ** 31 - 1));
  const timer = { id: nextTimer++, at: native.now() + ms, ms, callback, args, repeats, event, dead: false };
  io++;
  timersById.set(timer.id, timer);
  (event.timers ??= new Set()).add(timer);
  heapPush(timer);
  return timer.id;
}

function clearTimer(id) {
  const timer = timersById.get(Number(id));
  if (timer !== undefined) dropTimer(timer);
}

// Runs one timer that is due; true: there may be another (jobs run in between).
function onTimer() {
  while (heap.length && heap[0].dead) heapPop();
  if (!heap.length || heap[0].at > native.now()) return false;
  const timer = heapPop();
  current = timer.event;
  if (timer.repeats) {
    timer.at = native.now() + Math.max(1, timer.ms);
    heapPush(timer);
  } else {
    dropTimer(timer);
  }
  try {
    timer.callback(...timer.args);
  } catch (e) {
    logUncaught(e, "Uncaught ");
  }
  return true;
}

function setWake() {
  while (heap.length && heap[0].dead) heapPop();
  const at = heap.length ? heap[0].at : Infinity;
  if (at === wakeAt) return;
  wakeAt = at;
  native.wake(at);
}

// ---- the end of a turn ----

const rejected = new Map(); // promise -> reason, not handled yet

function onRejection(promise, reason, handled) {
  if (handled) rejected.delete(promise);
  else rejected.set(promise, reason);
}

function reportRejections() {
  for (const reason of rejected.values()) logUncaught(reason, "Uncaught (in promise) ");
  rejected.clear();
}

function failHung() {
  for (const event of [...endpoints.values()]) {
    if (!(event instanceof Event_)) continue;
    event.waits = 0;
    if (event.finished) event.settle();
    else event.fail(new Error(HUNG));
  }
}

function onIdle() {
  if (rejected.size) reportRejections();
  if (io === 0 && eventCount > 0) {
    if (worker.namespace === null && worker.failure === null)
      failStart(new Error("The Worker's modules never finished their evaluation (top-level await)."));
    else failHung();
  }
  setWake();
  current = null;
}

// ---- globals ----

function expose(name, value) {
  define(globalThis, name, value);
}

expose("setTimeout", function setTimeout(callback, delay, ...args) { return addTimer("setTimeout", callback, delay, args, false); });
expose("setInterval", function setInterval(callback, delay, ...args) { return addTimer("setInterval", callback, delay, args, true); });
expose("clearTimeout", function clearTimeout(id) { clearTimer(id); });
expose("clearInterval", function clearInterval(id) { clearTimer(id); });
expose("fetch", function fetch(input, init) {
  try {
    requireEvent();
  } catch (e) {
    return NativePromise.reject(e);
  }
  return callFetch({ channel: 0, handle: null, entrypoint: "", props: undefined, cpuMs: 0 }, input, init);
});

const builtins = {
  __proto__: null,
  "cloudflare:workers": {
    WorkerEntrypoint,
    RpcTarget,
    env: {},
    waitUntil(promise) { new ExecutionContext(native, requireEvent(), {}).waitUntil(promise); },
  },
};

// What every event makes, or most.
const sampleEvent = new Event_(0);
const sampleBody = new NetBody(0, 0, NO_BYTES, true);
native.samples(sampleEvent, sampleBody, new Sender(0), new ExecutionContext(native, sampleEvent, {}), new Call(sampleEvent),
  new Fetcher(native, {}), { channel: 0, handle: null, entrypoint: "", props: undefined, cpuMs: 0 }, { stub: 0 },
  new WorkerStub(native, null),
  { now: null, source: null }, requestFromNet("GET", "http://a/", [], null), responseFromNet(200, "", [], null),
  new Response(""), new Request("http://a/", { method: "POST", body: "" }), new Headers(), new URL("http://a/"),
  new URLSearchParams(), requestParts(new Request("http://a/")), responseParts(new Response("")), () => {},
  async () => {}, function () {}, async function () {}, class {}, { value: undefined, done: false }, new Error(""),
  Promise.resolve(), Promise.withResolvers().resolve);
endpoints.clear();
sampleEvent.calls.clear();
io = 0;

return {
  load: onLoad,
  event: onEvent,
  head: onHead,
  body: onBody,
  window: onWindow,
  cancel: onCancel,
  error: onError,
  need: onNeed,
  timer: onTimer,
  rejection: onRejection,
  uncaught: (error) => logUncaught(error, "Uncaught "),
  idle: onIdle,
  builtins,
};
