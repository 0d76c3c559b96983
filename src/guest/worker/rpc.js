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

// ---- service stubs: { channel, handle, entrypoint, props, channels, limits, held }

const serviceOn = (channel) =>
  native.service({ channel, handle: null, entrypoint: "", props: undefined, channels: undefined, limits: null, held: undefined });

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
    if (arguments.length > 0) return callFetch(target, input, init);
    return new NativePromise(() => needArguments(0, 1, "fetch", "Fetcher", "Request or string"));
  },
  connect(address, options) {
    const target = fetcherTarget(this);
    if (target === null) native.illegalInvocation();
    return tcpConnect(target, address, options, "Fetcher");
  },
};
for (const name of ["fetch", "connect"])
  ObjectDefineProperty(Fetcher.prototype, name,
    { __proto__: null, value: fetcherMethods[name], writable: true, enumerable: true, configurable: true });
defineStub(Fetcher, "Fetcher", false);
ObjectSetPrototypeOf(LoopbackServiceStub.prototype, Fetcher.prototype);

// Before service stubs had RPC: no property but their methods; and further methods.
const shortcuts = {
  async get(url, type = "text") {
    const response = await this.fetch(url, { method: "GET" });
    if (type === "stream") return response.body;
    if (type !== "text" && type !== "arrayBuffer" && type !== "json")
      throw new TypeError("Unknown response type. Possible types are \"text\", \"arrayBuffer\", \"json\", and \"stream\".");
    return await response[type]();
  },
  async put(url, body, options = undefined) {
    await this.fetch(url, { ...options, method: "PUT", body });
  },
  async delete(url) {
    await this.fetch(url, { method: "DELETE" });
  },
};

// What depends on the Worker's compatibility date or flags: from this date or with this flag on, unless the other is set.
function setRpcDates(date, flags) {
  const has = (since, on, off) =>
    ArrayPrototypeIncludes(flags, on) || (date >= since && !ArrayPrototypeIncludes(flags, off));
  worker.sendsSignals = ArrayPrototypeIncludes(flags, "enable_abortsignal_rpc");
  native.rpcDates(!has("2026-04-21", "enhanced_error_serialization", "legacy_error_serialization"),
    !has("2026-01-20", "rpc_params_dup_stubs", "rpc_params_transfer_stubs"));
  if (!has("2025-11-17", "enable_ctx_exports", "disable_ctx_exports")) delete ExecutionContext.prototype.exports;
  if (!has("2024-04-03", "rpc", "no_rpc")) native.noProperties();
  if (ArrayPrototypeIncludes(flags, "service_binding_extra_handlers")) addExtraHandlers();
  if (has("2024-03-26", "fetcher_no_get_put_delete", "fetcher_has_get_put_delete")) return;
  const names = ObjectKeys(shortcuts);
  for (let i = 0; i < names.length; i++)
    ObjectDefineProperty(Fetcher.prototype, names[i],
      { __proto__: null, value: shortcuts[names[i]], writable: true, enumerable: true, configurable: true });
}

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
  native.make(channel, name, props === undefined ? undefined : native.plainWrite(props, channels, true), channels);
  return channel;
}

function loopbackTarget(loopback) {
  loopback.channel ??= makeChannel(loopback.name, undefined);
  return { channel: loopback.channel, handle: null, entrypoint: "", props: undefined, channels: undefined, limits: null, held: undefined };
}

const OWN = { __proto__: null }; // the handle of a dynamic Worker's own entrypoints

function makeLoopback(loopback, options) {
  if (!isObject(options)) needArguments(0, 1, "(called as function)", "LoopbackServiceStub", "Options");
  const { props } = options;
  if (props !== undefined && !isObject(props)) throw wrongField("Options", "props", "Object");
  const channel = makeChannel(loopback.name, props);
  const service = serviceOn(channel);
  if (worker.dynamic) native.stubTarget(service).handle = OWN;
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

let sessionCount = 0; // of those in progress

// An Event_, made in half the steps of a derived class.
function SessionEvent(stream) {
  this.stream = stream;
}
SessionEvent.prototype = { __proto__: Event_.prototype, session: true, answered: true };

function onSession(stream) {
  const event = new SessionEvent(stream);
  endpoints.put(stream, event);
  sessionCount++;
  eventCount++;
  return event;
}

function beginSession(event, name, props) {
  current = event;
  if (event.over) return;
  try {
    if (worker.failure !== null) throw worker.failure;
    const ctx = new ExecutionContext(native, event, props), entry = entrypointOf(name);
    if (entry.isClass) native.rpcServe(event.stream, handlerOf(entry, ctx), false);
    else native.rpcServe(event.stream, entry.target, true, worker.env, ctx);
  } catch (e) {
    native.rpcRefuse(event.stream, e);
  }
}

function onSessionBegin(event, name, props) {
  if (worker.namespace === null && worker.failure === null)
    whenStarted(() => beginSession(event, name, props));
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
  for (let i = 0; i < hung.length; i++) {
    const event = hung[i];
    if (event.over || event.waits > 0 || (event.timers !== null && event.timers.count > 0)) continue;
    if (event.calls !== null && event.calls.count > 0) continue;
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

// ---- errors

const AggregateErrorConstructor = AggregateError;
const SENT_BY_NAME = { __proto__: null, Error, RangeError, TypeError, SyntaxError, ReferenceError, AggregateError };
const FLAGS_OF_ERRORS = ["retryable", "overloaded", "durableObjectReset"];

function withoutErrors(error) {
  delete error.errors;
  return error;
}

function textOf(thrown) {
  if (typeof thrown === "symbol") return SymbolPrototypeToString(thrown);
  if (typeof thrown === "function") return FunctionPrototypeToString(thrown);
  return isObject(thrown) ? `#<${constructorName(thrown) ?? "Object"}>` : `${thrown}`;
}

// What can be told in an error of what was thrown and cannot be sent.
function thrown(value) {
  try {
    if (!isObject(value) || !isInstance(ErrorPrototype, value)) return new ErrorConstructor(textOf(value));
    const name = `${value.name}`, message = `${value.message}`;
    const constructor = SENT_BY_NAME[name];
    if (constructor === AggregateErrorConstructor) return withoutErrors(new constructor(NOTHING_TO_ITERATE, message));
    const error = new (constructor ?? ErrorConstructor)(constructor !== undefined || name === "" ? message
      : message === "" ? name : `${name}: ${message}`);
    for (let i = 0; i < FLAGS_OF_ERRORS.length; i++)
      if (value[FLAGS_OF_ERRORS[i]] === true) error[FLAGS_OF_ERRORS[i]] = true;
    return error;
  } catch {
    return new ErrorConstructor("An error was thrown that cannot be described.");
  }
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
  connect(target) {
    const stream = (STREAM_GUEST | nextStream++) >>> 0;
    if (target.logs !== undefined) collectLogs(requireEvent(), stream, target.logs);
    return stream;
  },
  loopback: loopbackTarget,
  out: rpcOut,
  in: rpcIn,
  outError: cloneOut,
  thrown,
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
