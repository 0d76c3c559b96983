// scheduled.js: events that are scheduled, and a service stub's scheduled(). Such an event is over, and answered, when all
// that its waitUntil() holds is over too. What it throws goes to the log and to its tails; who asked for it learns whether
// something was thrown, and whether noRetry() was called.

const SCHEDULED_OK = 200, SCHEDULED_EXCEPTION = 500; // frame.h
const LAST_DATE_MS = 9223372036854; // as nanoseconds they fit 64 bits
const NO_SCHEDULED = "Handler does not export a scheduled() function";
const NO_SCHEDULED_HINT =
  "Received a ScheduledEvent but we lack a handler for ScheduledEvents (a.k.a. Cron Triggers). Did you remember to " +
  "export a scheduled() function?";
let hinted = false;

function hintScheduled() {
  if (hinted) return;
  hinted = true;
  emit(LOG_WARN, NO_SCHEDULED_HINT);
}

class ScheduledEvent_ extends HandlerEvent {
  constructor(stream) {
    super(stream);
    this.noRetry = false;
  }
  tell() {
    const status = (this.failed ? SCHEDULED_EXCEPTION : SCHEDULED_OK) + (this.noRetry ? 1 : 0);
    native.head(this.stream, status, "", [], 0, null, false);
  }
  threw(error, prefix) {
    this.failed = true;
    super.threw(error, prefix);
  }
  abort(error) {
    this.threw(error, "Uncaught ");
    this.waits = 0;
    this.finish();
  }
  // It never began.
  refuse(error) {
    sendError(this.stream, error);
    native.done(this.stream);
    this.end();
  }
}

class ScheduledController {
  #event;
  constructor(token, event, time, cron) {
    if (token !== native) throw new TypeError("Illegal constructor");
    this.#event = event;
    ObjectDefineProperty(this, "cron", { __proto__: null, value: cron, enumerable: true, configurable: true });
    ObjectDefineProperty(this, "scheduledTime", { __proto__: null, value: time, enumerable: true, configurable: true });
  }
  noRetry() {
    this.#event.noRetry = true;
  }
}
defineInterface(ScheduledController);

// Without a handler it fails, and is not to be tried again.
function callScheduled(event, entry, props, time, cron) {
  const ctx = new ExecutionContext(native, event, props), handler = handlerOf(entry, ctx);
  if (typeof handler.scheduled !== "function") {
    event.noRetry = true;
    hintScheduled();
    throw new ErrorConstructor(NO_SCHEDULED);
  }
  const controller = new ScheduledController(native, event, time, cron);
  return entry.isClass ? handler.scheduled(controller, undefined, undefined) : handler.scheduled(controller, worker.env, ctx);
}

function beginScheduled(event, name, props, time, cron) {
  current = event;
  if (event.over) return;
  let entry;
  try {
    if (worker.failure !== null) throw worker.failure;
    entry = entrypointOf(name);
  } catch (e) {
    event.refuse(e);
    return;
  }
  try {
    const called = PromiseResolve(callScheduled(event, entry, props, time, cron));
    PromisePrototypeThen(called, () => event.finish(), (e) => event.fail(e));
  } catch (e) {
    event.fail(e);
  }
}

function onScheduled(stream, name, props, time, cron) {
  const event = new ScheduledEvent_(stream);
  current = event;
  endpoints.put(stream, event);
  eventCount++;
  if (worker.namespace === null && worker.failure === null)
    whenStarted(() => beginScheduled(event, name, props, +time, cron));
  else beginScheduled(event, name, props, +time, cron);
}

// ---- the caller's side

function dateField(value) {
  if (value === undefined) return dateNow();
  let ms = value;
  if (typeof value !== "number") {
    if (native.classOf(value) !== "Date")
      throw new TypeError(
        "Incorrect type for the 'scheduledTime' field on 'ScheduledOptions': the provided value is not of type 'date'.");
    ms = DatePrototypeGetTime(value);
  }
  if (!(ms - ms === 0)) throw new TypeError("The value cannot be converted because it is not a valid Date.");
  if (ms > LAST_DATE_MS) throw new TypeError("This API doesn't support dates after 2189.");
  if (ms < -LAST_DATE_MS) throw new TypeError("This API doesn't support dates before 1687.");
  return MathTrunc(ms);
}

function scheduledOptions(given) {
  const options = given ?? {};
  if (!isObject(options) && typeof options !== "function")
    throw new TypeError("Failed to execute 'scheduled' on 'Fetcher': parameter 1 is not of type 'ScheduledOptions'.");
  const time = dateField(options.scheduledTime), cron = options.cron;
  return { time, cron: cron === undefined ? "" : `${cron}` };
}

// What ends a Worker's isolate is told like what its handler throws (enum error_code).
const LIMIT_OUTCOMES = { __proto__: null, [native.ERROR_CPU]: "exceededCpu", [native.ERROR_MEMORY]: "exceededMemory",
  [native.ERROR_WALL]: "exceededWallTime" };

function sendScheduled(target, { time, cron }) {
  const event = requireEvent();
  return new NativePromise((resolve, reject) => {
    const answer = ({ status }) =>
      resolve({ outcome: status < SCHEDULED_EXCEPTION ? "ok" : "exception", noRetry: status % 2 === 1 });
    const call = new Call(event, target, answer, reject);
    call.failed = (code) => {
      if (LIMIT_OUTCOMES[code] !== undefined) resolve({ outcome: LIMIT_OUTCOMES[code], noRetry: false });
    };
    if (target.logs !== undefined) collectLogs(event, call.stream, target.logs);
    try {
      if (target.channels !== undefined) native.sendChannels(call.stream, target.channels);
      native.scheduled(call.stream, target.channel, target.limits, target.entrypoint, target.props, `${time}`, cron);
    } catch (e) {
      call.close();
      reject(e);
    }
  });
}

const extraHandlers = {
  scheduled() {
    const target = fetcherTarget(this), options = arguments[0];
    if (target === null) native.illegalInvocation();
    return new NativePromise((resolve) => resolve(sendScheduled(target, scheduledOptions(options))));
  },
  queue() {
    if (fetcherTarget(this) === null) native.illegalInvocation();
    return promiseRejected(new ErrorConstructor("Queues are not supported here."));
  },
};

function addExtraHandlers() {
  const names = ["queue", "scheduled"];
  for (let i = 0; i < names.length; i++)
    ObjectDefineProperty(Fetcher.prototype, names[i],
      { __proto__: null, value: extraHandlers[names[i]], writable: true, enumerable: true, configurable: true });
}
