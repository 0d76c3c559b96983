// rpc.js: RPC as far as it is JavaScript: the events of sessions, service stubs, ctx.exports, and which objects of the
// platform cross. The sessions themselves are in C (guest/rpc).

const { RpcStub, RpcPromise, RpcProperty, Fetcher, LoopbackServiceStub, dispose: disposeStub } = native.stubClasses();
const STUB_STUB = 0, STUB_SERVICE = 3, STUB_LOOPBACK = 4; // rpc.h

function defineStub(constructor, tag, disposable) {
  defineInterface(constructor, tag);
  if (disposable)
    ObjectDefineProperty(constructor.prototype, Symbol.dispose,
      { __proto__: null, value: disposeStub, writable: true, enumerable: false, configurable: true });
}
defineStub(RpcStub, "JsRpcStub", true);
defineStub(RpcPromise, "JsRpcPromise", true);
defineStub(RpcProperty, "JsRpcProperty", false);
defineStub(LoopbackServiceStub, "LoopbackServiceStub", false);

// ---- service stubs: { channel, handle, entrypoint, props, channels, cpuMs, held }

const serviceOn = (channel) =>
  native.service({ channel, handle: null, entrypoint: "", props: undefined, channels: undefined, cpuMs: 0, held: undefined });

// What a service stub leads to; null: it is none.
function fetcherTarget(value) {
  const kind = native.stubKind(value);
  if (kind === STUB_SERVICE || kind === STUB_STUB) return native.stubTarget(value);
  return kind === STUB_LOOPBACK ? loopbackTarget(native.stubTarget(value)) : null;
}

const fetcherMethods = {
  fetch(input, init) {
    const target = fetcherTarget(this);
    if (target === null) native.illegalInvocation();
    return callFetch(target, input, init);
  },
  connect() {
    if (fetcherTarget(this) === null) native.illegalInvocation();
    throw new ErrorConstructor("connect() is not supported here.");
  },
};
for (const name of ["fetch", "connect"])
  ObjectDefineProperty(Fetcher.prototype, name,
    { __proto__: null, value: fetcherMethods[name], writable: true, enumerable: true, configurable: true });
defineStub(Fetcher, "Fetcher", false);
ObjectSetPrototypeOf(LoopbackServiceStub.prototype, Fetcher.prototype);

const CANNOT_TRANSFER =
  "Entrypoints to dynamically-loaded workers cannot be transferred to other Workers, because the system does not know " +
  "how to reload this Worker from scratch. Instead, have the parent Worker expose an entrypoint which constructs the " +
  "dynamic worker and forwards to it.";

function channelOf(fetcher) {
  const target = native.stubTarget(fetcher);
  if (target.handle !== null) throw cannotClone(CANNOT_TRANSFER);
  return target.channel;
}

// Channels are named now and sent later: what keeps those that are counted; undefined: nothing.
function heldChannels(channels) {
  let held;
  for (let i = 0; i < channels.length; i++)
    if (native.holdsChannel(channels[i]))
      (held ??= [])[held.length] = native.callable(serviceOn(channels[i]), channels[i]);
  return held;
}

// ---- ctx.exports

// A channel to an entrypoint of this Worker.
function makeChannel(name, props) {
  const channel = nextStub++;
  const channels = [];
  native.make(channel, name, props === undefined ? undefined : native.plainWrite(props, channels), channels);
  return channel;
}

function loopbackTarget(loopback) {
  loopback.channel ??= makeChannel(loopback.name, undefined);
  return { channel: loopback.channel, handle: null, entrypoint: "", props: undefined, channels: undefined, cpuMs: 0, held: undefined };
}

function makeLoopback(loopback, options) {
  if (options !== undefined && !isObject(options))
    throw new TypeError("Failed to execute 'LoopbackServiceStub': parameter 1 is not of type 'Options'.");
  const channel = makeChannel(loopback.name, options?.props);
  const service = serviceOn(channel);
  return worker.edge && options.callable ? native.callable(service, channel) : service;
}

function isEntrypoint(value) {
  return isObject(value) || typeof value === "function";
}

let exportsOfWorker = null;

function workerExports() {
  if (exportsOfWorker !== null) return exportsOfWorker;
  const made = {};
  const names = ObjectKeys(worker.namespace);
  ArrayPrototypeSort(names, (a, b) => (a === "default" ? -1 : b === "default" ? 1 : 0));
  for (let i = 0; i < names.length; i++)
    if (isEntrypoint(worker.namespace[names[i]]))
      made[names[i]] = native.loopback({ name: names[i] === "default" ? "" : names[i], channel: null });
  return (exportsOfWorker = made);
}

// ---- events of sessions

const sessionEvents = new Set(); // those in progress

function onSession(stream) {
  const event = new Event_(stream);
  event.session = true;
  event.answered = true;
  endpoints.set(stream, event);
  sessionEvents.add(event);
  eventCount++;
  return event;
}

function beginSession(event, name, props) {
  current = event;
  if (event.over) return;
  try {
    if (worker.failure !== null) throw worker.failure;
    const ctx = new ExecutionContext(native, event, props ?? {});
    const target = entrypointOf(name);
    const isClass = typeof target === "function" && isEntrypointClass(target);
    if (isClass) native.rpcServe(event.stream, new target(ctx, worker.env), false);
    else native.rpcServe(event.stream, target, true, worker.env, ctx);
  } catch (e) {
    native.rpcRefuse(event.stream, e);
  }
}

function onSessionBegin(stream, name, props) {
  const event = endpoints.get(stream);
  if (event === undefined) return;
  if (worker.namespace === null && worker.failure === null)
    worker.waiting.push(() => beginSession(event, name, props));
  else beginSession(event, name, props);
}

// Nothing of the event's is held by its peer any more, or the peer is gone.
function sessionDone(event) {
  if (!isObject(event)) return;
  event.finished = true;
  event.settle();
}

function sessionBroke(event, error) {
  sendError(event.stream, error);
  event.finished = true;
  event.settle();
}

// Calls that nothing will ever answer.
function failHungSessions() {
  const hung = native.rpcHung();
  if (hung === undefined) return;
  for (const event of hung) {
    if (event.over || event.waits > 0 || (event.timers !== null && event.timers.size > 0)) continue;
    if (event.calls !== null && event.calls.size > 0) continue;
    sessionBroke(event, new Error(HUNG));
  }
}

// ---- objects of the platform in values

function rpcOut(object) {
  if (native.stubKind(object) >= 0) throw cannotSerialize(object);
  const made = (native.rpcWriting() ? hostOut(object) : undefined) ?? cloneOut(object);
  if (made !== undefined) return made;
  if (native.classOf(object) !== "Object") return undefined;
  throw cannotSerialize(object);
}

function rpcIn(value) {
  return hostIn(value) ?? cloneIn(value);
}

native.rpcClasses(RpcTarget.prototype, [WorkerEntrypoint.prototype], Object.prototype);
native.rpcHooks({
  enter(event) {
    current = event;
  },
  current: requireEvent,
  owner() {
    requireEvent().opened = true;
    return current;
  },
  connect: () => (STREAM_GUEST | nextStream++) >>> 0,
  loopback: loopbackTarget,
  out: rpcOut,
  in: rpcIn,
  done: sessionDone,
  uncaught: (error) => logUncaught(error, "Uncaught "),
  make: makeLoopback,
  service: serviceOn,
  rebuild,
  fail(kind, text) {
    throw kind === 0 ? new ErrorConstructor(text) : kind === 1 ? new TypeError(text) : cannotClone(text);
  },
  event: onSession,
  begin: onSessionBegin,
  broke: sessionBroke,
  sink: (object, method, value, id) => object.receive(method, value, id),
  channel: channelOf,
}, Symbol.dispose);
