// loader.js: the Worker Loader: code out of a Worker, stubs of the Workers made from it, and their entrypoints.

const MODULE_KINDS = { __proto__: null, js: 1, cjs: 2, text: 3, data: 4, json: 5 };
const KNOWN_KINDS = ["js", "cjs", "text", "data", "json", "py", "wasm"];
const needs = new Map(); // stub -> {callback, handle}

const pythonModule = (name) =>
  new TypeError(`Module "${name}" is a Python module, but the main module isn't a Python module.`);

function moduleFromString(name, source) {
  if (name.endsWith(".js")) return [1, name, source];
  if (name.endsWith(".py")) throw pythonModule(name);
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
  if (kind === "py") throw pythonModule(name);
  if (kind === "wasm")
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


// enum outbound_mode (frame.h), and the channel that it names.
const OUTBOUND_INHERIT = 0, OUTBOUND_NONE = 1, OUTBOUND_CHANNEL = 2;

function outboundOf(value) {
  if (value === undefined) return [worker.outbound === OUTBOUND_NONE ? OUTBOUND_NONE : OUTBOUND_INHERIT, 0];
  if (value === null) return [OUTBOUND_NONE, 0];
  const target = fetcherTarget(value);
  if (target === null)
    throw new TypeError(
      "Incorrect type for the 'globalOutbound' field on 'WorkerCode': the provided value is not of type 'Fetcher'.");
  if (target.handle !== null) throw cannotClone(CANNOT_TRANSFER);
  return [OUTBOUND_CHANNEL, target.channel];
}

const TAILS_MAX = 64, CODE_COLLECT = 0x100, CODE_TAILS_SHIFT = 16; // frame.h, gateway/tail.h

function tailsOf(tails) {
  if (tails === undefined || tails === null) return [];
  if (!Array.isArray(tails))
    throw new TypeError("Incorrect type for the 'tails' field on 'WorkerCode': the provided value is not of type 'Array'.");
  const channels = [];
  for (let i = 0; i < tails.length; i++) {
    const target = fetcherTarget(tails[i]);
    if (target === null)
      throw new TypeError(`Incorrect type for array element ${i}: the provided value is not of type 'Fetcher'.`);
    if (target.handle !== null) throw cannotClone(CANNOT_TRANSFER);
    channels.push(target.channel);
  }
  if (channels.length > TAILS_MAX) throw new RangeError(`A Worker can have ${TAILS_MAX} tails.`);
  return channels;
}

function collects(options) {
  const logs = isObject(options) ? options.logs : undefined;
  if (logs === undefined || logs === null || logs === "collect") return logs === "collect";
  throw new TypeError("'logs' is \"collect\", or absent.");
}

function sendCode(stub, code, isCollecting) {
  if (typeof code !== "object" || code === null)
    throw new TypeError("Incorrect type for Promise: the Promise did not resolve to 'WorkerCode'.");
  const date = `${code.compatibilityDate}`, main = `${code.mainModule}`;
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) throw new Error(`Invalid compatibility date: ${date}`);
  if (code.allowExperimental)
    throw new Error("'allowExperimental' is only allowed when the calling worker has the 'experimental' compat flag set.");
  if (code.env !== undefined && !isObject(code.env)) throw wrongField("WorkerCode", "env", "Object");
  const modules = listModules(code.modules ?? {});
  if (modules.length === 0) throw new TypeError("Dynamic Worker code must contain at least one module.");
  const [outbound, channel] = outboundOf(code.globalOutbound);
  const given = tailsOf(code.tails);
  const logs = given.length << CODE_TAILS_SHIFT | (isCollecting ? CODE_COLLECT : 0);
  if (outbound === OUTBOUND_CHANNEL) given.push(channel);
  const limits = code.limits;
  const flags = [...(code.compatibilityFlags ?? [])].map(String);
  native.code(stub, limit(limits, "cpuMs"), limit(limits, "wallMs"), limit(limits, "memoryMb"),
    limit(limits, "subRequests"), date, flags, main, modules, code.env ?? {}, outbound | logs, given, []);
}

// A stub lives as long as its handle, which the WorkerStub, its entrypoints and the calls on them hold, and at most as
// long as its event: a loop that loads a thousand Workers does not hold a thousand isolates.
const forgotten = new FinalizationRegistry(({ event, stub }) => {
  if (event.stubs?.delete(stub)) dropStub(stub);
});

function newStub(channel, name, options) {
  const event = requireEvent(), fresh = isFresh(options);
  const handle = { stub: nextStub++, event, collects: collects(options) };
  native.get(handle.stub, channel, name, fresh);
  (event.stubs ??= new Set()).add(handle.stub);
  forgotten.register(handle, { event, stub: handle.stub });
  return handle;
}

function dropStub(stub) {
  needs.delete(stub);
  native.release(stub);
}

function runCallback({ stub, collects }, callback) {
  const fail = (e) => {
    const [name, message, stack] = describe(e);
    native.error(stub, 0, name, message, stack);
  };
  const event = current;
  const wanted = () => !event.over && event.stubs.has(stub); // it may have been dropped meanwhile
  const deliver = (code) => {
    if (isFresh(code)) throw new TypeError("'fresh' is an option of get(), not of the code that its callback gives.");
    if (wanted()) sendCode(stub, code, collects);
  };
  new NativePromise((resolve) => resolve(callback())).then(deliver).catch((e) => {
    if (wanted()) fail(e);
  });
}

function onNeed(stub) {
  const need = needs.get(stub);
  if (need === undefined) return;
  needs.delete(stub);
  current = need.handle.event;
  runCallback(need.handle, need.callback);
}

// Ends it before its handle is forgotten; nothing of it may be used afterwards.
let dropWorker;

class WorkerStub {
  #handle;
  static {
    dropWorker = (worker) => {
      const { event, stub } = worker.#handle;
      if (event.stubs?.delete(stub)) dropStub(stub);
    };
  }
  constructor(token, handle) {
    if (token !== native) throw new TypeError("Illegal constructor");
    this.#handle = handle;
  }
  getEntrypoint(name, options) {
    const channels = [], given = options?.props;
    if (given !== undefined && !isObject(given)) throw wrongField("EntrypointOptions", "props", "Object");
    const props = given === undefined ? undefined : native.plainWrite(given, channels);
    const entrypoint = name === undefined || name === null ? "" : `${name}` || EMPTY_NAME;
    const cpuMs = limit(options?.limits, "cpuMs");
    const target = { channel: this.#handle.stub, handle: this.#handle, entrypoint, props, channels, cpuMs,
      held: heldChannels(channels) };
    return this.#handle.collects ? collectingService(target) : native.service(target);
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
  const target = { channel, handle: null, entrypoint: name, props: undefined, channels: undefined, cpuMs: 0 };
  return await loaderAnswer(await callFetch(target, "http://loader/", { method }));
}

// Of gateway/loader.c's answer.
function readListed(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), listed = [];
  const u64 = (at) => view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
  for (let at = 0; at < view.byteLength; at += 22) {
    const length = view.getUint32(at, true);
    const id = utf8Text(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
    listed.push({ id, fresh: view.getUint8(at) === 1, loaded: view.getUint8(at + 1) === 1, events: view.getUint32(at + 2, true),
      memory: u64(at + 6), idleMs: u64(at + 14) });
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
    if (!isObject(code)) needArguments(0, 1, "load", "WorkerLoader", "WorkerCode");
    const handle = newStub(this.#channel, null, code);
    sendCode(handle.stub, code, handle.collects);
    return new WorkerStub(native, handle);
  }
  get(name, callback, options) {
    if (typeof callback !== "function") needArguments(1, 2, "get", "WorkerLoader", ["string", "function"]);
    const unnamed = name === undefined || name === null;
    const handle = newStub(this.#channel, unnamed ? null : `${name}`, options);
    if (unnamed) runCallback(handle, callback);
    else needs.set(handle.stub, { callback, handle });
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
