// worker.js: a Worker's start, the end of its turns, and its own globals. Last file of the platform; it returns the
// handlers that the guest's C calls (guest.h) and the modules that a Worker may import.

// "    at A.f (m.js:1:2)" as workerd has it in the message of a failed start: "  at m.js:1:2 in f". Nothing here may be
// the Worker's.
function startupFrame(line) {
  const from = StringPrototypeIndexOf(line, "at ") + 3, open = StringPrototypeIndexOf(line, " (");
  if (open < 0) return `\n  at ${StringPrototypeSlice(line, from)}`;
  const name = StringPrototypeSlice(line, from, open);
  const last = MathMax(StringPrototypeLastIndexOf(name, "."), StringPrototypeLastIndexOf(name, " "));
  return `\n  at ${StringPrototypeSlice(line, open + 2, -1)} in ${StringPrototypeSlice(name, last + 1)}`;
}

function startupFailure(error) {
  const { 0: name, 1: message, 2: stack } = describe(error);
  let frames = "";
  for (let at = 0; at < stack.length;) {
    const end = StringPrototypeIndexOf(stack, "\n", at), line = StringPrototypeSlice(stack, at, end < 0 ? stack.length : end);
    if (line !== "") frames += startupFrame(line);
    at += line.length + 1;
  }
  return new ErrorConstructor(`Failed to start Worker:\nUncaught ${name}: ${message}${frames}`);
}

function checkExports(namespace) {
  const names = ObjectKeys(namespace);
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    if (namespace[name] === undefined || namespace[name] === null)
      throw new TypeError("Cannot initialize N7workerd3api15ExportedHandlerE with required members from an undefined or null value.");
    if (!isEntrypoint(namespace[name]))
      throw new TypeError(`Incorrect type for map entry '${name}': the provided value is not of type 'function or ExportedHandler'.`);
  }
}

const BINDING_LOADER = 1, BINDING_EDGE = 3; // frame.h

// main: undefined, when `env` is an error: the code could not be read.
function onLoad(main, env, bindings, outbound, date, flags, dynamic) {
  current = null;
  if (main === undefined) {
    failStart(env);
    return;
  }
  setNodeLevel(date, flags);
  setRpcDates(date, flags);
  worker.dynamic = dynamic;
  worker.experimental = ArrayPrototypeIncludes(flags, "experimental");
  setNodeGlobals();
  worker.env = env = dynamic ? { ...env } : env; // a plain object, whatever the parent gave
  worker.outbound = outbound & OUTBOUND_MODE;
  if (outbound & LOGS_AS_VALUES) consoleState.tell = logValues;
  for (let i = 0; i < bindings.length; i += 3) {
    const kind = bindings[i], name = bindings[i + 1], channel = bindings[i + 2];
    if (kind === BINDING_EDGE) beEdge(name, env);
    else env[name] = kind === BINDING_LOADER ? new WorkerLoader(native, channel) : serviceOn(channel);
  }
  try {
    const result = native.import(main);
    if (result instanceof NativePromise) {
      worker.starting = true;
      PromisePrototypeThen(result, () => started(native.namespace()), failStart);
    } else started(result);
  } catch (e) {
    failStart(e);
  }
}

// The gateway's own Worker, one isolate for each client (gateway/edge.h): its events are all of that client. So they may
// use each other's sessions and WebSockets, and wait for each other. And it says when a sandbox ends.
function beEdge(name, env) {
  env[name] = dropWorker;
  worker.edge = true;
  native.rpcShare();
}

function started(namespace) {
  worker.starting = false;
  try {
    checkExports(namespace);
  } catch (e) {
    if (e instanceof TypeError) e.stack = "";
    failStart(e);
    return;
  }
  worker.namespace = namespace;
  native.loaded();
  if (worker.waiting.length) flushWaiting();
}

function failStart(error) {
  worker.starting = false;
  const { 0: name, 1: message, 2: stack } = describe(error);
  worker.failure = startupFailure(error);
  native.loaded(name, message, stack);
  flushWaiting();
}

function flushWaiting() {
  const waiting = worker.waiting;
  worker.waiting = [];
  for (let i = 0; i < waiting.length; i++) {
    waiting[i]();
    native.enter(undefined); // whatever that event left
  }
}

// ---- the end of a turn ----

const rejected = new KeptMap(); // promise -> reason, not handled yet

let handledLate = []; // promises whose rejection was reported before it was handled, while somebody listens for that

function onRejection(promise, reason, handled) {
  if (!handled) rejected.put(promise, reason);
  else if (!rejected.drop(promise) && targetListens(globalTarget, "rejectionhandled"))
    handledLate[handledLate.length] = promise;
}

// True: listeners ran, and may have made jobs.
function reportRejections() {
  const unhandled = [], late = handledLate;
  let heard = false;
  rejected.each((reason, promise) => {
    unhandled[unhandled.length] = { promise, reason };
  });
  rejected.wipe();
  handledLate = [];
  for (let i = 0; i < unhandled.length; i++) {
    const { promise, reason } = unhandled[i];
    if (reportRejection("unhandledrejection", promise, reason)) heard = true;
    else logUncaught(reason, "Uncaught (in promise) ");
  }
  for (let i = 0; i < late.length; i++) if (reportRejection("rejectionhandled", late[i], undefined)) heard = true;
  return heard;
}

function failHung() {
  const events = [];
  endpoints.each((endpoint) => {
    if (endpoint instanceof Event_ && !endpoint.session) events[events.length] = endpoint;
  });
  for (let i = 0; i < events.length; i++) {
    events[i].waits = 0;
    if (events[i].finished) events[i].hang();
    else events[i].fail(new Error(HUNG));
  }
}

// True: something was done, and there may be more.
function onIdle() {
  if (runTask()) return true;
  if ((rejected.count || handledLate.length) && reportRejections()) return true;
  if (io === 0 && !hasTasks()) {
    if (worker.starting)
      failStart(new Error("The Worker's modules never finished their evaluation (top-level await)."));
    else if (eventCount > sessionCount && !native.rpcActive()) failHung();
  }
  if (sessionCount && !worker.edge && !hasTasks()) failHungSessions();
  setWake();
  current = null;
  return false;
}

// ---- globals ----

const fetchMethod = {
  fetch(input, init) {
    requireGlobal(this);
    try {
      needArguments(arguments.length, 1, "fetch", "ServiceWorkerGlobalScope", "Request or string");
      requireEvent();
    } catch (e) {
      return promiseRejected(e);
    }
    return callFetch(OUTBOUND, input, init);
  },
};
exposeInherited("fetch", fetchMethod.fetch);

// What every event makes, or most.
const sampleEvent = new Event_(0);
const sampleBody = new NetBody(0, 0, NO_BYTES, true);
native.samples(sampleEvent, new SessionEvent(0), sampleBody, new Sender(0), new ExecutionContext(native, sampleEvent, {}), new Call(sampleEvent),
  serviceOn(0), { channel: 0, handle: null, entrypoint: "", props: undefined, channels: undefined, limits: null, held: undefined }, { stub: 0, event: sampleEvent },
  new WorkerStub(native, null),
  { now: null, source: null }, requestFromNet("GET", "http://a/", [], null), responseFromNet(200, "", [], null),
  new Response(""), new Request("http://a/", { method: "POST", body: "" }), new Headers(), new URL("http://a/"),
  new URLSearchParams(), requestParts(new Request("http://a/")), responseParts(new Response("")), () => {},
  async () => {}, function () {}, async function () {}, class {}, { value: undefined, done: false }, new Error(""),
  Promise.resolve(), Promise.withResolvers().resolve);
endpoints.wipe();
sampleEvent.calls.wipe();
io = 0;

return {
  load: onLoad,
  event: onEvent,
  test: onTest,
  head: onHead,
  body: onBody,
  window: onWindow,
  message: onMessage,
  shut: onShut,
  cancel: onCancel,
  error: onError,
  tail: onTail,
  scheduled: onScheduled,
  log: onLog,
  need: onNeed,
  timer: onTimer,
  rejection: onRejection,
  uncaught: (error) => logUncaught(error, "Uncaught "),
  idle: onIdle,
  module: findModule,
  commonjs: commonjsExports,
};
