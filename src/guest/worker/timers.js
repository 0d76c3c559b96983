// timers.js: setTimeout and setInterval. A binary heap by time, then by order of creation.

const heap = [];
const timersById = new KeptMap();
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
  const top = heap[0], n = heap.length - 1, last = heap[n];
  heap.length = n;
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
  timersById.drop(timer.id);
  timer.event.timers.drop(timer);
}

function addTimer(name, callback, delay, args, repeats) {
  if (typeof callback !== "function")
    throw new TypeError(`Failed to execute '${name}' on 'ServiceWorkerGlobalScope': parameter 1 is not of type 'Function'.`);
  const event = requireEvent();
  const ms = MathMax(0, MathMin(Number(delay) || 0, 2 ** 31 - 1));
  const frame = native.frame();
  const timer = { id: nextTimer++, at: native.now() + ms, ms, callback, args, repeats, event, frame, dead: false };
  io++;
  timersById.put(timer.id, timer);
  (event.timers ??= new KeptSet()).put(timer);
  heapPush(timer);
  return timer.id;
}

function clearTimer(id) {
  const timer = timersById.lookup(Number(id));
  if (timer !== undefined) dropTimer(timer);
}

// Runs one timer that is due; true: there may be another (jobs run in between).
function onTimer() {
  if (runTask()) return true; // what was there before comes first
  while (heap.length && heap[0].dead) heapPop();
  if (!heap.length || heap[0].at > native.now()) return false;
  const timer = heapPop();
  current = timer.event;
  if (timer.repeats) {
    timer.at = native.now() + MathMax(1, timer.ms);
    heapPush(timer);
  } else {
    dropTimer(timer);
  }
  native.enter(timer.frame); // guest.c leaves it
  try {
    ReflectApply(timer.callback, globalObject, timer.args);
  } catch (e) {
    timer.event.threw(e, "Uncaught ");
  }
  return true;
}

function setWake() {
  while (heap.length && heap[0].dead) heapPop();
  const at = hasTasks() ? native.now() : heap.length ? heap[0].at : Infinity;
  if (at === wakeAt) return;
  wakeAt = at;
  native.wake(at);
}

// ---- scheduler.wait(): a timer as a promise

class Scheduler {
  #own = true;
  constructor(token) {
    if (token !== INTERNAL) throw new TypeError("Illegal constructor");
  }
  async wait(delay, options = undefined) {
    if (!this.#own) return;
    needArguments(arguments.length, 1, "wait", "Scheduler", "number");
    if (options != null && !isObject(options)) needArguments(1, 2, "wait", "Scheduler", ["number", "WaitOptions"]);
    const signal = options?.signal;
    if (signal !== undefined && !isAbortSignal(signal)) throw wrongField("WaitOptions", "signal", "AbortSignal");
    if (signal !== undefined && AbortSignalGetAborted(signal)) throw AbortSignalGetReason(signal);
    await new NativePromise((resolve, reject) => {
      const id = addTimer("wait", resolve, delay, [], false);
      if (signal === undefined) return;
      signalAddAlgorithm(signal, (reason) => {
        clearTimer(id);
        reject(reason);
      });
    });
  }
}
defineInterface(Scheduler);
exposeOwn("scheduler", new Scheduler(INTERNAL));

// The global timers as they are without Node's compatibility (node/timers.js).
const plainTimers = {
  setTimeout(callback, delay, ...args) {
    requireGlobal(this);
    return addTimer("setTimeout", callback, delay, args, false);
  },
  setInterval(callback, delay, ...args) {
    requireGlobal(this);
    return addTimer("setInterval", callback, delay, args, true);
  },
  clearTimeout(id) {
    requireGlobal(this);
    clearTimer(id);
  },
  clearInterval(id) {
    requireGlobal(this);
    clearTimer(id);
  },
};
for (const name of ObjectKeys(plainTimers)) exposeInherited(name, plainTimers[name]);
