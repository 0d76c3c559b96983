// loader.js: the Worker Loader: code out of a Worker, stubs of the Workers made from it, and their entrypoints.

const needs = new KeptMap(); // stub -> {callback, handle}

function collects(options) {
  const logs = isObject(options) ? options.logs : undefined;
  if (logs === undefined || logs === null || logs === "collect") return logs === "collect";
  throw new TypeError("'logs' is \"collect\", or absent.");
}

// A stub lives as long as its handle, which the WorkerStub, its entrypoints and the calls on them hold, and at most as
// long as its event: a loop that loads a thousand Workers does not hold a thousand isolates.
const FinalizationRegistryRegister = uncurryThis(FinalizationRegistry.prototype.register);
const forgotten = new FinalizationRegistry(({ event, stub }) => {
  if (event.stubs?.drop(stub)) dropStub(stub);
});

function newStub(channel, name, options) {
  const event = requireEvent(), fresh = isFresh(options);
  const handle = { stub: nextStub++, event, collects: collects(options) };
  native.get(handle.stub, channel, name, fresh);
  (event.stubs ??= new KeptSet()).put(handle.stub);
  FinalizationRegistryRegister(forgotten, handle, { event, stub: handle.stub });
  return handle;
}

function dropStub(stub) {
  needs.drop(stub);
  native.release(stub);
}

function forgetStub({ event, stub }) {
  if (event.stubs?.drop(stub)) dropStub(stub);
}

const THROWN_BY_CALLBACK = 1; // frame.h

function runCallback({ stub, collects }, callback) {
  const fail = (e) => {
    const { 0: name, 1: message, 2: stack } = describe(e);
    native.error(stub, 0, name, message, stack, e, THROWN_BY_CALLBACK);
  };
  const event = current;
  const wanted = () => !event.over && event.stubs.holds(stub); // it may have been dropped meanwhile
  const deliver = (code) => {
    if (isPrimitive(code)) throw new TypeError("Incorrect type for Promise: the Promise did not resolve to 'WorkerCode'.");
    if (isObject(code) && code.fresh === true) throw new TypeError("'fresh' is an option of get(), not of the code that its callback gives.");
    const read = readCode(code);
    if (wanted()) sendCode(stub, read, collects);
  };
  const given = tryPromise(() => {
    const promise = ReflectApply(callback, globalObject, []);
    if (isPrimitive(promise)) throw new TypeError("Callback returned incorrect type; expected 'Promise'");
    return PromiseResolve(promise);
  });
  PromisePrototypeThen(PromisePrototypeThen(given, deliver), undefined, (e) => {
    if (wanted()) fail(e);
  });
}

// Neither code nor what is told of its absence.
const isPrimitive = (value) => value !== undefined && value !== null && !isObject(value);

function onNeed(stub) {
  const need = needs.lookup(stub);
  if (need === undefined) return;
  needs.drop(stub);
  current = need.handle.event;
  runCallback(need.handle, need.callback);
}

// Ends it before its handle is forgotten; nothing of it may be used afterwards.
let dropWorker;

class WorkerStub {
  #handle;
  static {
    dropWorker = (worker) => {
      forgetStub(worker.#handle);
    };
  }
  constructor(token, handle) {
    if (token !== native) throw new TypeError("Illegal constructor");
    this.#handle = handle;
  }
  getEntrypoint(name, options) {
    const handle = this.#handle;
    const entrypoint = name === undefined || name === null ? "" : `${name}` || EMPTY_NAME;
    if (isPrimitive(options)) needArguments(1, 2, "getEntrypoint", "WorkerStub", ["string", "EntrypointOptions"]);
    const channels = [], given = options?.props;
    if (given !== undefined && !isObject(given)) throw wrongField("EntrypointOptions", "props", "Object");
    const limits = readLimits(options?.limits, "EntrypointOptions");
    const props = given === undefined ? undefined : native.plainWrite(given, channels, true);
    const target = { channel: handle.stub, handle, entrypoint, props, channels, limits: ofEvent(limits),
      held: heldChannels(channels) };
    return handle.collects ? collectingService(target) : native.service(target);
  }
  getDurableObjectClass() {
    throw new Error("Durable Objects in dynamic Workers are not supported here.");
  }
}

defineInterface(WorkerStub);

// Ours: each event runs in a copy of its own of the Worker as it was when its modules had been evaluated.
const isFresh = (options) => isObject(options) && !!options.fresh;

const loaderAnswer = uncurryThis(Body.prototype.bytes);

async function askLoader(channel, method, name) {
  const target = { channel, handle: null, entrypoint: name, props: undefined, channels: undefined, limits: null };
  return await loaderAnswer(await callFetch(target, "http://loader/", { method }));
}

// Of gateway/loader.c's answer.
function readListed(bytes) {
  const listed = [], total = TypedArrayGetByteLength(bytes);
  const u32 = (at) => (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24) >>> 0;
  const u64 = (at) => u32(at) + u32(at + 4) * 2 ** 32;
  for (let at = 0; at < total; at += 22) {
    const length = u32(at);
    const id = utf8Text(bytesPart(bytes, at + 4, at + 4 + length));
    at += 4 + length;
    listed[listed.length] = { id, fresh: bytes[at] === 1, loaded: bytes[at + 1] === 1, events: u32(at + 2),
      memory: u64(at + 6), idleMs: u64(at + 14) };
  }
  return listed;
}

class WorkerLoader {
  #channel;
  constructor(token, channel) {
    if (token !== native) throw new TypeError("Illegal constructor");
    this.#channel = channel;
  }
  load(code) {
    const channel = this.#channel;
    if (arguments.length === 0 || isPrimitive(code))
      needArguments(0, 1, "load", "WorkerLoader", "WorkerCode");
    const read = readCode(code), handle = newStub(channel, null, code);
    try {
      sendCode(handle.stub, read, handle.collects);
    } catch (e) {
      forgetStub(handle);
      throw e;
    }
    return new WorkerStub(native, handle);
  }
  get(name, callback, options) {
    const channel = this.#channel;
    needArguments(arguments.length, 1, "get", "WorkerLoader", "string");
    const unnamed = name === undefined || name === null, text = unnamed ? null : `${name}`;
    if (typeof callback !== "function") needArguments(1, 2, "get", "WorkerLoader", ["string", "function"]);
    const handle = newStub(channel, text, options);
    if (unnamed) runCallback(handle, callback);
    else needs.put(handle.stub, { callback, handle });
    return new WorkerStub(native, handle);
  }
  // ours: the named Workers that have an isolate, or wait for their code; and the end of one
  async list() {
    return readListed(await askLoader(this.#channel, "GET", ""));
  }
  async delete(name) {
    if (arguments.length === 0)
      throw new TypeError("Failed to execute 'delete' on 'WorkerLoader': parameter 1 is not of type 'string'.");
    return (await askLoader(this.#channel, "DELETE", `${name}`))[0] === 1;
  }
}
defineInterface(WorkerLoader);
