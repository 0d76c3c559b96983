// worker_code.js: a WorkerCode that a Worker gives to its loader, read as workerd reads it: each field once, in this
// order, converted or refused by its type; only then is looked at what it says. So a getter can neither give two answers
// nor change what was read before it.

const MODULE_KINDS = { __proto__: null, js: 1, cjs: 2, text: 3, data: 4, json: 5 };
const UINT32_MAX = 0xffffffff;

// ---- conversions

// A text as it crosses: in UTF-8 lone surrogates are three bytes that are none.
const crossing = (text) =>
  StringPrototypeIsWellFormed(text) ? text : StringPrototypeReplaceAll(StringPrototypeToWellFormed(text), "\ufffd", "\ufffd\ufffd\ufffd");

function uint32(value) {
  if (typeof value === "bigint") throw new TypeError("Cannot convert a BigInt value to a number");
  if (typeof value === "symbol") throw new TypeError("Cannot convert a Symbol value to a number");
  const number = MathTrunc(+value);
  if (number !== number || number === Infinity || number === -Infinity)
    throw new TypeError("The value cannot be converted because it is not an integer.");
  if (number < 0)
    throw new TypeError("The value cannot be converted because it is negative and this API expects a positive number.");
  if (number > UINT32_MAX) throw new TypeError(`Value out of range. Must be less than or equal to ${UINT32_MAX}.`);
  return number;
}

// As they cross: 0, when it is not given, or one more.
const limitOf = (value) => (value === undefined || value === null ? 0 : MathMin(uint32(value) + 1, UINT32_MAX));

const NO_LIMITS = ObjectFreeze({ __proto__: null, cpuMs: 0, subRequests: 0, wallMs: 0, memoryMb: 0 });

function readLimits(value, type) {
  if (value === undefined || value === null) return NO_LIMITS;
  if (!isObject(value)) throw wrongField(type, "limits", "ResourceLimits");
  return {
    __proto__: null,
    cpuMs: limitOf(value.cpuMs),
    subRequests: limitOf(value.subRequests),
    wallMs: limitOf(value.wallMs),
    memoryMb: limitOf(value.memoryMb),
  };
}

// Those that a stub gives to each event, as native.fetch() wants them. The processor time is as it is in an EVENT.
function ofEvent({ cpuMs, wallMs, subRequests, memoryMb }) {
  if (memoryMb !== 0) throw new TypeError("limits.memoryMb is a Worker's: it cannot be given for one of its entrypoints.");
  return cpuMs + wallMs + subRequests === 0 ? null : [cpuMs === 0 ? 0 : MathMax(cpuMs - 1, 1), wallMs, subRequests];
}

function readArray(value, field, convert) {
  if (value === undefined) return [];
  if (!isArray(value)) throw wrongField("WorkerCode", field, "Array");
  const list = [];
  for (let i = 0; i < value.length; i++) list[i] = convert(value[i], i);
  return list;
}

function readService(value, index) {
  const target = fetcherTarget(value);
  if (target === null)
    throw new TypeError(`Incorrect type for array element ${index}: the provided value is not of type 'Fetcher'.`);
  return target;
}

// ---- modules: a text, or [kind, content, how many kinds there were]

function readBytes(value, field, type) {
  const isGone = isObject(value) && isArrayBuffer(value) && ArrayBufferGetByteLength(value) === 0;
  const bytes = isGone ? NO_BYTES : bytesBorrow(value);
  if (bytes === null) throw wrongField("Module", field, type);
  return bytes;
}

function readKinds(module) {
  let kind = "", content, count = 0;
  const found = (name, value) => {
    kind = name;
    content = value;
    count++;
  };
  if (module === undefined || module === null) return [kind, content, count];
  const { js } = module;
  if (js !== undefined) found("js", `${js}`);
  const { cjs } = module;
  if (cjs !== undefined) found("cjs", `${cjs}`);
  const { text } = module;
  if (text !== undefined) found("text", `${text}`);
  const { data } = module;
  if (data !== undefined) found("data", readBytes(data, "data", "Array"));
  const { json } = module;
  if (json !== undefined) found("json", json);
  const { py } = module;
  if (py !== undefined) found("py", `${py}`);
  const { wasm } = module;
  if (wasm !== undefined) found("wasm", readBytes(wasm, "wasm", "Array or WasmModuleObject"));
  return [kind, content, count];
}

const readModule = (module) =>
  module === undefined || module === null || isObject(module) ? readKinds(module) : `${module}`;

// [name, module, name, module, …]
function readModules(modules) {
  if (!isObject(modules) || isArray(modules)) throw wrongField("WorkerCode", "modules", "object");
  const names = ObjectKeys(modules), list = [];
  for (let i = 0; i < names.length; i++) {
    list[2 * i] = crossing(names[i]);
    list[2 * i + 1] = readModule(modules[names[i]]);
  }
  return list;
}

function readCode(code) {
  if (code === undefined || code === null)
    throw new TypeError("Cannot initialize N7workerd3api12WorkerLoader10WorkerCodeE with required members from an " +
      "undefined or null value.");
  const read = {
    __proto__: null,
    date: crossing(`${code.compatibilityDate}`),
    flags: readArray(code.compatibilityFlags, "compatibilityFlags", (flag) => crossing(`${flag}`)),
    allowsExperimental: !!code.allowExperimental,
    limits: readLimits(code.limits, "WorkerCode"),
    main: crossing(`${code.mainModule}`),
    modules: readModules(code.modules),
    env: code.env,
    outbound: undefined,
    outboundTarget: null,
    tails: null,
    streamingTails: null,
  };
  if (read.env !== undefined && !isObject(read.env)) throw wrongField("WorkerCode", "env", "Object");
  read.outbound = code.globalOutbound;
  if (read.outbound !== undefined && read.outbound !== null) {
    read.outboundTarget = fetcherTarget(read.outbound);
    if (read.outboundTarget === null) throw wrongField("WorkerCode", "globalOutbound", "Fetcher");
  }
  read.tails = readArray(code.tails, "tails", readService);
  const { streamingTails } = code;
  if (streamingTails !== undefined) read.streamingTails = readArray(streamingTails, "streamingTails", readService);
  return read;
}

// ---- what it says

const pythonModule = (name) =>
  new TypeError(`Module "${name}" is a Python module, but the main module isn't a Python module.`);

// The kind of what is a text, by its name.
function kindByName(name, isPython) {
  if (StringPrototypeEndsWith(name, ".py")) return "py";
  if (StringPrototypeEndsWith(name, ".js")) return "js";
  if (isPython && StringPrototypeStartsWith(name, "python_modules/")) return "text";
  const typescript = matches(/\.(ts|tsx|jsx)$/, name)
    ? ". If you're trying to load TypeScript, bundle it first with '@cloudflare/worker-bundler' and pass the generated JavaScript modules."
    : "";
  throw new TypeError("Module name must end with '.js' or '.py' (or the content must be an object indicating the type " +
    `explicitly). Got: ${name}${typescript}`);
}

function checkKinds(names, kinds, isPython) {
  for (let i = 0; i < kinds.length; i++) {
    if (isPython && (kinds[i] === "js" || kinds[i] === "cjs"))
      throw new TypeError(`Module "${names[i]}" is a JS module, but the main module is a Python module.`);
    if (!isPython && kinds[i] === "py") throw pythonModule(names[i]);
  }
  for (let i = 0; i < kinds.length; i++)
    if (MODULE_KINDS[kinds[i]] === undefined)
      throw new TypeError(`Modules of type '${kinds[i]}' are not supported here. Module: '${names[i]}'.`);
}

// [kind, name, content, …], as native.code() wants it.
function modulesOf(read) {
  const given = read.modules, list = [], names = [], kinds = [];
  if (given.length === 0) throw new TypeError("Dynamic Worker code must contain at least one module.");
  const isPython = StringPrototypeEndsWith(read.main, ".py");
  for (let i = 0, at = 0; i < given.length; i += 2, at++) {
    const name = given[i], module = given[i + 1], isText = typeof module === "string";
    if (!isText && module[2] !== 1)
      throw new TypeError("Each module must contain exactly one of 'js', 'cjs', 'text', 'data', 'json', 'py', or 'wasm'. " +
        `Module '${name}' contained ${module[2]} properties.`);
    const kind = isText ? kindByName(name, isPython) : module[0];
    const content = isText ? module : kind === "json" ? `${JSONStringify(module[1])}` : module[1];
    names[at] = name;
    kinds[at] = kind;
    list[3 * at] = MODULE_KINDS[kind];
    list[3 * at + 1] = name;
    list[3 * at + 2] = typeof content === "string" ? crossing(content) : content;
  }
  checkKinds(names, kinds, isPython);
  return list;
}

// enum outbound_mode (frame.h), and the channel that it names.
const OUTBOUND_INHERIT = 0, OUTBOUND_NONE = 1, OUTBOUND_CHANNEL = 2;
const TAILS_MAX = 64, CODE_COLLECT = 0x100, CODE_TAILS_SHIFT = 16; // frame.h, gateway/tail.h

function outboundMode(read) {
  if (read.outboundTarget !== null) return OUTBOUND_CHANNEL;
  return read.outbound === null || worker.outbound === OUTBOUND_NONE ? OUTBOUND_NONE : OUTBOUND_INHERIT;
}

// The channels of tails and outbound, in this order. What they may not be is said after what env may not be.
function givenChannels(read) {
  const channels = [], targets = arrayCopy(read.tails);
  let refused = null;
  if (read.outboundTarget !== null) targets[targets.length] = read.outboundTarget;
  for (let i = 0; i < targets.length; i++) {
    if (targets[i].handle !== null) refused ??= cannotClone(CANNOT_TRANSFER);
    channels[i] = targets[i].channel;
  }
  if (read.tails.length > TAILS_MAX) refused ??= new RangeError(`A Worker can have ${TAILS_MAX} tails.`);
  if (read.streamingTails !== null) refused ??= refuseStreamingTails(read);
  if (refused === null) return channels;
  if (read.env !== undefined) native.plainWrite(read.env, []);
  throw refused;
}

function refuseStreamingTails(read) {
  if (!read.allowsExperimental)
    return new ErrorConstructor("Streaming tail workers are experimental. You must pass the option 'allowExperimental: " +
      "true' to the worker loader to use them");
  return read.streamingTails.length === 0 ? null : new TypeError("Streaming tail Workers are not supported here.");
}

// Sends what readCode() gave to the gateway, as the code of this stub.
function sendCode(stub, read, isCollecting) {
  const modules = modulesOf(read), { limits } = read;
  if (read.allowsExperimental && !worker.experimental)
    throw new ErrorConstructor("'allowExperimental' is only allowed when the calling worker has the 'experimental' compat flag set.");
  checkCompatibility(read.date, read.flags, read.allowsExperimental);
  const given = givenChannels(read);
  const logs = read.tails.length << CODE_TAILS_SHIFT | (isCollecting ? CODE_COLLECT : 0);
  native.code(stub, limits.cpuMs, limits.wallMs, limits.memoryMb, limits.subRequests, read.date, read.flags, read.main,
    modules, read.env ?? {}, outboundMode(read) | logs, given, []);
}
