// tail.js: logs as values. What a Worker logs that has tails, or whose logs are collected, leaves as JSON (logValues);
// what happened in another Worker comes to a tail as trace items (onTail); and what a callee logged comes back to whoever
// asked for it (onLog). What is in a record is the other Worker's claim: it is only ever read as text and as JSON.

const OUTBOUND_MODE = 0x7f, LOGS_AS_VALUES = 0x80, LOG_VALUES = 0x80; // frame.h
const LOG_LEVELS = ["debug", "info", "log", "warn", "error"];

// ---- leaving

const PlainPrototype = Object.prototype;

// What becomes JSON by itself; anything else is its text.
function isJson(value) {
  if (!isObject(value)) return typeof value !== "bigint" && typeof value !== "symbol";
  return ArrayIsArray(value) || ObjectGetPrototypeOf(value) === PlainPrototype || typeof value.toJSON === "function";
}

function jsonOf(value) {
  try {
    return (isJson(value) ? JSONStringify(value) : JSONStringify(`${value}`)) ?? "null";
  } catch {
    return "{}";
  }
}

function errorJson(value) {
  if (native.classOf(value) !== "Error") return "null";
  const { 0: name, 1: message, 2: stack } = describe(value);
  return JSONStringify({ __proto__: null, name, message, stack });
}

const listJson = (values, toJson) => {
  let all = "";
  for (let i = 0; i < values.length; i++) all += (i === 0 ? "" : ",") + toJson(values[i]);
  return `[${all}]`;
};

function hasError(values) {
  for (let i = 0; i < values.length; i++) if (isObject(values[i]) && native.classOf(values[i]) === "Error") return true;
  return false;
}

// The list of values, and beside it what is known of errors among them.
function logValues(level, values) {
  if (current === null) {
    native.log(level, formatLog(values));
    return;
  }
  const errors = hasError(values) ? `,${listJson(values, errorJson)}` : "";
  native.log(level | LOG_VALUES, `[${listJson(values, jsonOf)}${errors}]`, current.stream);
}

// What is thrown beside an event's answer. True: its tails are told.
function traceException(event, error) {
  if (consoleState.tell === null) return false;
  const { 0: name, 1: message, 2: stack } = describe(error);
  native.exception(event.stream, name, message, stack);
  return true;
}

// ---- trace items

class TraceItem {}
class TraceLog {}
class TraceException {}
class FetchEventInfo {}
class JsRpcEventInfo {}
class ScheduledEventInfo {}
class TailEventInfo {}
class TailItem {}
const traceResponse = class Response {};
const traceRequest = class Request {
  #clear;
  constructor(fields, clear) {
    fill(this, fields);
    this.#clear = clear;
  }
  getUnredacted() {
    return this.#clear ?? this;
  }
};

for (const constructor of [TraceItem, TraceLog, TraceException, FetchEventInfo, JsRpcEventInfo, ScheduledEventInfo,
  TailEventInfo, TailItem, traceResponse, traceRequest]) defineInterface(constructor);

function fill(object, fields, writable = false) {
  const names = ObjectKeys(fields);
  for (let i = 0; i < names.length; i++)
    ObjectDefineProperty(object, names[i],
      { __proto__: null, value: fields[names[i]], writable, enumerable: true, configurable: true });
  return object;
}

const SECRET_HEADER = /auth|key|secret|token|^(set-)?cookie$/;
const REDACTED = "REDACTED";

const isSecret = (name) => RegExpPrototypeExec(SECRET_HEADER, name) !== null;

// What looks like an id in hexadecimal or base64.
function isId(run) {
  let hex = 0, digits = 0, upper = 0, lower = 0, others = 0, marks = 0;
  for (let i = 0; i < run.length; i++) {
    const c = run[i];
    if (c >= "0" && c <= "9") digits++, hex++;
    else if (c >= "a" && c <= "z") lower++, c <= "f" ? hex++ : others++;
    else if (c >= "A" && c <= "Z") upper++, c <= "F" ? hex++ : others++;
    else marks++;
  }
  return (hex >= 32 && others === 0) || (run.length - marks >= 21 && upper >= 2 && lower >= 2 && digits >= 2);
}

const isOfId = (c) =>
  (c >= "0" && c <= "9") || (c >= "a" && c <= "z") || (c >= "A" && c <= "Z") || c === "+" || c === "-" || c === "_";

function redactedUrl(url) {
  let all = "", run = "";
  for (let i = 0; i <= url.length; i++) {
    if (i < url.length && isOfId(url[i])) {
      run += url[i];
      continue;
    }
    all += (isId(run) ? REDACTED : run) + (i < url.length ? url[i] : "");
    run = "";
  }
  return all;
}

function headersOf(pairs, redacts) {
  const values = { __proto__: null };
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const name = StringPrototypeToLowerCase(pairs[i]);
    values[name] = values[name] === undefined ? pairs[i + 1] : `${values[name]}, ${pairs[i + 1]}`;
  }
  const sorted = { __proto__: null }, names = ArrayPrototypeSort(ObjectKeys(values));
  for (let i = 0; i < names.length; i++)
    sorted[names[i]] = redacts && isSecret(names[i]) ? REDACTED : values[names[i]];
  return fill({}, sorted, true);
}

const CREDENTIALS = /^([a-z]+:\/\/)[^\/?#]*@/;

function requestOf(head, redacts) {
  const found = RegExpPrototypeExec(CREDENTIALS, head.url);
  const url = found === null ? head.url : found[1] + StringPrototypeSlice(head.url, found[0].length);
  const fields = { __proto__: null, url: redacts ? redactedUrl(url) : url, method: head.method,
    headers: headersOf(head.headers, redacts), cf: undefined };
  return new traceRequest(fields, redacts ? requestOf(head, false) : undefined);
}

function eventInfo(head, end) {
  if (head.kind === "fetch" && head.headers !== undefined) {
    const response = end.status === 0 || end.status === SOCKET_STATUS ? undefined
      : fill(new traceResponse(), { __proto__: null, status: end.status });
    return fill(new FetchEventInfo(), { __proto__: null, request: requestOf(head, true), response });
  }
  if (head.kind === "rpc")
    return fill(new JsRpcEventInfo(), { __proto__: null, rpcMethod: head.rpcMethod ?? "" });
  if (head.kind === "scheduled" && head.cron !== undefined)
    return fill(new ScheduledEventInfo(), { __proto__: null, cron: head.cron, scheduledTime: +head.scheduledTime });
  if (head.kind !== "tail") return null;
  const item = fill(new TailItem(), { __proto__: null, scriptName: null });
  return fill(new TailEventInfo(), { __proto__: null, consumedEvents: [item] });
}

function parsed(text) {
  try {
    const list = JSONParse(text);
    return ArrayIsArray(list) && ArrayIsArray(list[0]) ? list : [[text]];
  } catch {
    return [[text]];
  }
}

function traceLog(level, timestamp, text) {
  const list = parsed(text), message = list[0], errorInfo = list[1];
  return fill(new TraceLog(), { __proto__: null, errorInfo, message, level: LOG_LEVELS[level] ?? "log", timestamp });
}

function traceThrown(timestamp, name, message, stack) {
  return fill(new TraceException(), { __proto__: null, stack: stack === "" ? undefined : stack, name, message, timestamp });
}

function traceItem(record) {
  const head = record[0], end = record[record.length - 1], logs = [], exceptions = [];
  for (let i = 1; i < record.length - 1; i++) {
    const entry = record[i];
    if (entry[0] === "log") logs[logs.length] = traceLog(entry[1], entry[2], entry[3]);
    else exceptions[exceptions.length] = traceThrown(entry[1], entry[2], entry[3], entry[4]);
  }
  return fill(new TraceItem(), { __proto__: null, wallTime: end.wallTime, cpuTime: end.cpuTime, truncated: end.truncated,
    executionModel: "stateless", outcome: end.outcome, durableObjectId: undefined, preview: undefined,
    tailAttributes: undefined, scriptTags: undefined, dispatchNamespace: undefined, scriptVersion: undefined,
    entrypoint: head.entrypoint === "" ? undefined : head.entrypoint, scriptName: null, diagnosticsChannelEvents: [],
    exceptions, logs, eventTimestamp: head.timestamp, event: eventInfo(head, end) });
}

function callTail(name, items, ctx) {
  const entry = entrypointOf(name), handler = handlerOf(entry, ctx);
  if (typeof handler.tail !== "function") throw new Error("Handler does not export a tail() function.");
  return entry.isClass ? handler.tail(items, undefined, undefined) : handler.tail(items, worker.env, ctx);
}

const textOfRequest = Request.prototype.text;

function runTail(event, name, props) {
  current = event;
  if (event.over) return;
  if (worker.failure !== null) {
    event.fail(worker.failure);
    return;
  }
  const request = requestFromNet("POST", "http://tail/", [], event.incoming);
  const ctx = new ExecutionContext(native, event, props);
  const called = PromisePrototypeThen(ReflectApply(textOfRequest, request, []),
    (text) => callTail(name, [traceItem(JSONParse(text))], ctx));
  PromisePrototypeThen(called, () => event.answer(responseFromNet(204, "", [], null)), (e) => event.fail(e));
}

function onTail(stream, name, props, method, url, headers, length, inline, hasBody, end) {
  const event = new Event_(stream);
  current = event;
  endpoints.put(stream, event);
  eventCount++;
  event.incoming = new NetBody(stream, length, inline, end);
  if (worker.namespace === null && worker.failure === null) whenStarted(() => runTail(event, name, props));
  else runTail(event, name, props);
}

// ---- coming back

const COLLECTED_MAX = 1 << 20; // characters of JSON that wait for logs(), with what a line costs
const LINE_COST = 64;

let collecting = null; // Map: stream of a call or session -> { lines, size, lost } of the stub that it went through

function collectLogs(event, stream, logs) {
  collecting ??= new KeptMap();
  collecting.put(stream, logs);
  const streams = (event.collecting ??= []);
  streams[streams.length] = stream;
}

function forgetCollecting(event) {
  for (let i = 0; i < event.collecting.length; i++) collecting.drop(event.collecting[i]);
}

function onLog(stream, level, timestamp, text) {
  const logs = collecting === null ? undefined : collecting.lookup(stream);
  if (logs === undefined) return;
  logs.size += text.length + LINE_COST;
  if (logs.size > COLLECTED_MAX) logs.lost++;
  else logs.lines[logs.lines.length] = { __proto__: null, level, timestamp, text };
}

function takeLogs(logs) {
  const taken = [];
  for (let i = 0; i < logs.lines.length; i++) {
    const { level, timestamp, text } = logs.lines[i];
    taken[i] = { level: LOG_LEVELS[level] ?? "log", message: parsed(text)[0], timestamp };
  }
  if (logs.lost > 0)
    taken[taken.length] = { level: "warn", message: [`${logs.lost} more were dropped.`], timestamp: native.now() };
  logs.lines = [];
  logs.size = logs.lost = 0;
  return taken;
}

const collectingMethods = {
  logs() {
    const target = fetcherTarget(this);
    if (target === null || target.logs === undefined) native.illegalInvocation();
    return takeLogs(target.logs);
  },
};
let collectingPrototype = null;

function collectingService(target) {
  target.logs = { __proto__: null, lines: [], size: 0, lost: 0 };
  collectingPrototype ??= fill({ __proto__: Fetcher.prototype }, collectingMethods, true);
  const stub = native.service(target);
  ObjectSetPrototypeOf(stub, collectingPrototype);
  return stub;
}
