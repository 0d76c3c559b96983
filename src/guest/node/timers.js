// timers.js: node:timers, node:timers/promises, and the global timers as they are with Node's compatibility: they give
// objects, not numbers.

const NODE_TIMERS = '2026-02-10'; // from here nodejs_compat makes the global timers Node's

let timeoutClose; // (Timeout)
let isTimeout;

class Timeout {
  #id;
  #callback;
  #delay;
  #args;
  #repeats;
  #referenced = true;
  constructor(callback, delay, args, repeats) {
    nodeValidators.validateFunction(callback, 'callback');
    this.#callback = callback;
    this.#delay = delay;
    this.#args = args;
    this.#repeats = repeats;
    this.#id = this.#start();
  }
  #start() {
    return addTimer(this.#repeats ? 'setInterval' : 'setTimeout', this.#callback, this.#delay, this.#args, this.#repeats);
  }
  refresh() {
    clearTimer(this.#id);
    this.#id = this.#start();
    return this;
  }
  unref() {
    this.#referenced = false;
    return this;
  }
  ref() {
    this.#referenced = true;
    return this;
  }
  hasRef() {
    return this.#referenced;
  }
  close() {
    clearTimer(this.#id);
    return this;
  }
  [Symbol.dispose]() {
    clearTimer(this.#id);
  }
  [Symbol.toPrimitive]() {
    return this.#id;
  }
  static {
    isTimeout = (value) => isObject(value) && #id in value;
    timeoutClose = (timeout) => clearTimer(timeout.#id);
  }
}

let immediateId; // (Immediate) -> number; undefined: none

class Immediate {
  #id;
  #referenced = true;
  constructor(token, callback, args) {
    if (token !== INTERNAL) throw new TypeError('Illegal constructor');
    this.#id = addTimer('setImmediate', callback, 0, args, false);
  }
  ref() {
    this.#referenced = true;
  }
  unref() {
    this.#referenced = false;
  }
  hasRef() {
    return this.#referenced;
  }
  [Symbol.dispose]() {
    clearTimer(this.#id);
  }
  static {
    immediateId = (value) => (isObject(value) && #id in value ? value.#id : undefined);
  }
}

function clearEither(timer) {
  if (isTimeout(timer)) timeoutClose(timer);
  else if (typeof timer === 'number') clearTimer(timer);
}

const nodeTimers = {
  setTimeout(callback, delay, ...args) {
    return new Timeout(callback, delay, args, false);
  },
  clearTimeout(timer) {
    clearEither(timer);
  },
  setImmediate(callback, ...args) {
    if (typeof callback !== 'function') needArguments(0, 1, 'setImmediate', 'ServiceWorkerGlobalScope', 'function');
    return new Immediate(INTERNAL, callback, args);
  },
  clearImmediate(immediate) {
    const id = immediateId(immediate);
    if (id === undefined) needArguments(0, 1, 'clearImmediate', 'TimersUtil', 'Immediate');
    clearTimer(id);
  },
  setInterval(callback, delay, ...args) {
    return new Timeout(callback, delay, args, true);
  },
  clearInterval(timer) {
    clearEither(timer);
  },
};

// A promise that a timer or a signal settles.
function promiseOfTimer(start, value, options) {
  const signal = options?.signal;
  if (options !== undefined) {
    try {
      nodeValidators.validateObject(options, 'options');
      if (signal !== undefined) nodeValidators.validateAbortSignal(signal, 'options.signal');
      if (options.ref !== undefined) nodeValidators.validateBoolean(options.ref, 'options.ref');
    } catch (error) {
      return NativePromise.reject(error);
    }
  }
  const aborted = () => new nodeLib.errors.AbortError(undefined, { cause: signal.reason });
  if (signal?.aborted) return NativePromise.reject(aborted());
  return new NativePromise((resolve, reject) => {
    const clear = start(() => resolve(value));
    signal?.addEventListener('abort', () => {
      clear();
      reject(aborted());
    });
  });
}

const timersPromises = {
  setTimeout(delay, value, options = undefined) {
    try {
      if (delay !== undefined) nodeValidators.validateNumber(delay, 'delay');
    } catch (error) {
      return NativePromise.reject(error);
    }
    return promiseOfTimer((done) => {
      const id = addTimer('setTimeout', done, delay, [], false);
      return () => clearTimer(id);
    }, value, options);
  },
  setImmediate(value, options = undefined) {
    return promiseOfTimer((done) => {
      const id = addTimer('setImmediate', done, 0, [], false);
      return () => clearTimer(id);
    }, value, options);
  },
  async *setInterval(delay, value, options = undefined) {
    if (delay !== undefined) nodeValidators.validateNumber(delay, 'delay');
    const signal = options?.signal;
    if (signal?.aborted) throw new nodeLib.errors.AbortError(undefined, { cause: signal.reason });
    let due = 0;
    let wake = () => {};
    const id = addTimer('setInterval', () => { due++; wake(); }, delay, [], true);
    signal?.addEventListener('abort', () => wake());
    try {
      for (;;) {
        if (due === 0 && !signal?.aborted) await new NativePromise((resolve) => { wake = resolve; });
        if (signal?.aborted) throw new nodeLib.errors.AbortError(undefined, { cause: signal.reason });
        for (; due > 0; due--) yield value;
      }
    } finally {
      clearTimer(id);
    }
  },
  scheduler: {
    wait: (delay, options) => timersPromises.setTimeout(delay, undefined, options),
    yield: () => timersPromises.setImmediate(),
  },
};

nodeModule('timers/promises', timersPromises);
const timersModule = {
  promises: { ...timersPromises },
  ...nodeTimers,
  active(timer) {},
  unenroll(timer) { clearEither(timer); },
  enroll(timer, delay) { throw new ErrorConstructor('Not implemented. Please use setTimeout() instead.'); },
};
nodeModule('timers', { ...timersModule, Timeout }, timersModule);

// ---- globals: as with compatibility in the image, so that the usual Worker changes nothing

const immediates = {
  setImmediate(callback, ...args) {
    requireGlobal(this);
    return nodeTimers.setImmediate(callback, ...args);
  },
  clearImmediate(immediate) {
    requireGlobal(this);
    if (immediate != null) nodeTimers.clearImmediate(immediate);
  },
};
for (const name of ObjectKeys(immediates)) exposeInherited(name, immediates[name]);
const OWN_TIMERS = ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval']; // before plainTimers
for (let i = 0; i < OWN_TIMERS.length; i++) exposeOwn(OWN_TIMERS[i], nodeTimers[OWN_TIMERS[i]]);
exposeOwn('Buffer', Buffer);
exposeOwn('process', nodeProcess);
exposeOwn('global', globalThis);

// What a Worker with other flags finds instead.
function setNodeGlobals() {
  if (worker.nodeLevel < NODE_ALL) {
    for (const name of ['Buffer', 'process', 'global']) delete globalThis[name];
    for (const name of ObjectKeys(immediates)) delete scopePrototype[name];
  }
  if (!worker.nodeCompat || worker.date < NODE_TIMERS) {
    for (const name of ObjectKeys(plainTimers)) delete globalThis[name];
  }
}
