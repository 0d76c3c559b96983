// events.js: Event and its kinds, EventTarget, AbortController and AbortSignal.
// Listeners are kept in a plain list that exists only where somebody listens.

const EVENT_PHASES = { __proto__: null, NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 };
let eventState; // event -> its state; throws when it is none
let isEvent;
let newTrustedEvent;

// What a dispatch changes in an event.
function newEventState(type, init) {
  return {
    __proto__: null,
    type,
    bubbles: !!init?.bubbles,
    cancelable: !!init?.cancelable,
    composed: !!init?.composed,
    trusted: false,
    target: undefined,
    phase: 0,
    dispatching: false,
    prevented: false,
    passive: false,
    stopped: false,
    stoppedNow: false,
  };
}

class Event {
  #state;
  constructor(type, init = undefined) {
    if (arguments.length < 1) throw wrongParameter('Event', 1, 'string');
    if (init != null && !isObject(init)) throw wrongParameter(new.target.name, 2, 'Init');
    this.#state = newEventState(`${type}`, init);
  }
  static {
    isEvent = (value) => isObject(value) && #state in value;
    eventState = (event) => event.#state;
    newTrustedEvent = (type) => {
      const event = new Event(type);
      event.#state.trusted = true;
      return event;
    };
  }
  get type() {
    return this.#state.type;
  }
  get eventPhase() {
    return this.#state.phase;
  }
  get composed() {
    return this.#state.composed;
  }
  get bubbles() {
    return this.#state.bubbles;
  }
  get cancelable() {
    return this.#state.cancelable;
  }
  get defaultPrevented() {
    return this.#state.prevented;
  }
  get returnValue() {
    return !this.#state.prevented;
  }
  get currentTarget() {
    return this.#state.target;
  }
  get target() {
    return this.#state.target;
  }
  get srcElement() {
    return this.#state.target;
  }
  get timeStamp() {
    this.#state;
    return 0;
  }
  get isTrusted() {
    return this.#state.trusted;
  }
  get cancelBubble() {
    return this.#state.stopped;
  }
  set cancelBubble(value) {
    if (value) this.#state.stopped = true;
  }
  stopImmediatePropagation() {
    this.#state.stopped = this.#state.stoppedNow = true;
  }
  preventDefault() {
    const state = this.#state;
    if (state.cancelable && !state.passive) state.prevented = true;
  }
  stopPropagation() {
    this.#state.stopped = true;
  }
  composedPath() {
    return this.#state.dispatching ? [this.#state.target] : [];
  }
}
for (const name of ObjectKeys(EVENT_PHASES)) {
  const descriptor = { __proto__: null, value: EVENT_PHASES[name], writable: false, enumerable: true };
  ObjectDefineProperty(Event, name, descriptor);
  ObjectDefineProperty(Event.prototype, name, descriptor);
}
exposeInterface(Event);

class CustomEvent extends Event {
  #detail;
  constructor(type, init = undefined) {
    if (arguments.length < 1) throw wrongParameter(new.target.name, 1, 'string');
    super(type, init);
    this.#detail = init?.detail;
  }
  get detail() {
    return this.#detail;
  }
}
exposeInterface(CustomEvent);

class ErrorEvent extends Event {
  #message;
  #filename;
  #lineno;
  #colno;
  #error;
  constructor(type, init = undefined) {
    if (arguments.length < 1) throw wrongParameter(new.target.name, 1, 'string');
    super(type, init);
    this.#message = `${init?.message ?? ''}`;
    this.#filename = `${init?.filename ?? ''}`;
    const lineno = init?.lineno;
    this.#lineno = lineno === undefined ? 0 : toInteger(lineno);
    const colno = init?.colno;
    this.#colno = colno === undefined ? 0 : toInteger(colno);
    this.#error = init?.error;
  }
  get filename() {
    return this.#filename;
  }
  get message() {
    return this.#message;
  }
  get lineno() {
    return this.#lineno;
  }
  get colno() {
    return this.#colno;
  }
  get error() {
    return this.#error;
  }
}
exposeInterface(ErrorEvent);

class MessageEvent extends Event {
  #data;
  #origin;
  #lastEventId;
  #source;
  #ports = null;
  constructor(type, init = undefined) {
    if (arguments.length < 1) throw wrongParameter(new.target.name, 1, 'string');
    super(type, init);
    this.#data = init?.data ?? null;
    const origin = init?.origin;
    this.#origin = origin === INTERNAL ? null : origin === undefined ? '' : `${origin}`; // INTERNAL: it has none
    this.#lastEventId = `${init?.lastEventId ?? ''}`;
    const source = init?.source;
    if (source != null && !isMessagePort(source)) throw wrongField('Initializer', 'source', 'MessagePort');
    this.#source = source ?? null;
    const ports = init?.ports;
    if (ports !== undefined) this.#ports = messagePorts(ports);
  }
  get ports() {
    const ports = this.#ports;
    return ports === null ? [] : arrayCopy(ports);
  }
  get source() {
    return this.#source;
  }
  get lastEventId() {
    return this.#lastEventId;
  }
  get origin() {
    return this.#origin;
  }
  get data() {
    return this.#data;
  }
}
exposeInterface(MessageEvent);

function messagePorts(ports) {
  if (!ArrayIsArray(ports)) throw wrongField('Initializer', 'ports', 'Array');
  const list = arrayCopy(ports);
  for (let i = 0; i < list.length; i++) {
    if (!isMessagePort(list[i])) {
      throw new TypeError(`Incorrect type for array element ${i}: the provided value is not of type 'MessagePort'.`);
    }
  }
  return list;
}

class CloseEvent extends Event {
  #wasClean;
  #code;
  #reason;
  constructor(type, init = undefined) {
    if (arguments.length < 1) throw wrongParameter(new.target.name, 1, 'string');
    super(type, init);
    const code = init?.code;
    this.#code = code === undefined ? 0 : toInteger(code);
    this.#reason = `${init?.reason ?? ''}`;
    this.#wasClean = !!init?.wasClean;
  }
  get wasClean() {
    return this.#wasClean;
  }
  get reason() {
    return this.#reason;
  }
  get code() {
    return this.#code;
  }
}
exposeInterface(CloseEvent);

class PromiseRejectionEvent extends Event {
  #promise;
  #reason;
  constructor(type, init = undefined) {
    if (arguments.length < 1) throw wrongParameter(new.target.name, 1, 'string');
    super(type, init);
    this.#promise = init?.promise;
    this.#reason = init?.reason;
  }
  get promise() {
    return this.#promise;
  }
  get reason() {
    return this.#reason;
  }
}
exposeIllegal(PromiseRejectionEvent);

// ---- EventTarget

let targetDispatch; // (target, event) -> not prevented
let targetDeliver; // (target, event) -> null, or { error } of the first listener that threw
let targetHasAttribute; // (target, type): its on… for this type is an accessor that listens by itself
let targetListens; // (target, type) -> somebody does

function listenerOptions(options) {
  if (typeof options !== 'object' || options === null) {
    if (options) throw new TypeError('addEventListener(): useCapture must be false.');
    return undefined;
  }
  if (options.capture) throw new TypeError('addEventListener(): options.capture must be false.');
  return options;
}

function callListener(listener, target, event) {
  const callback = listener.callback;
  if (typeof callback === 'function') return ReflectApply(callback, target, [event]);
  const handler = callback.handleEvent;
  if (typeof handler !== 'function') throw new TypeError('EventListener.handleEvent is not a function');
  return ReflectApply(handler, callback, [event]);
}

// What a Worker keeps under `on` and the event's type, on any target, is called first.
function callHandler(target, event, type) {
  const handler = target[`on${type}`];
  if (typeof handler !== 'function') return null;
  try {
    ReflectApply(handler, globalObject, [event]);
    return null;
  } catch (error) {
    reportException(error);
    return { __proto__: null, error };
  }
}

class EventTarget {
  #listeners = null; // [{ type, callback, once, passive, removed }]
  #attribute = null; // the type whose on… listens by itself

  static {
    targetHasAttribute = (target, type) => {
      target.#attribute = type;
    };
    targetListens = (target, type) => {
      const listeners = target.#listeners ?? [];
      for (let i = 0; i < listeners.length; i++) if (listeners[i].type === type) return true;
      return target === globalTarget && typeof globalObject[`on${type}`] === 'function';
    };
    targetDispatch = (target, event) => {
      targetDeliver(target, event);
      return !eventState(event).prevented;
    };
    targetDeliver = (target, event) => {
      const state = eventState(event);
      state.target = target === globalTarget ? globalObject : target;
      state.phase = 2;
      state.dispatching = true;
      try {
        return target.#run(event, state);
      } finally {
        state.phase = 0;
        state.dispatching = false;
        state.stopped = state.stoppedNow = state.passive = false;
      }
    };
  }

  #run(event, state) {
    const self = this === globalTarget ? globalObject : this;
    let thrown = state.type === this.#attribute ? null : callHandler(self, event, state.type);
    if (this.#listeners === null) return thrown;
    const listeners = arrayCopy(this.#listeners);
    for (let i = 0; i < listeners.length && !state.stoppedNow; i++) {
      const listener = listeners[i];
      if (listener.type !== state.type || listener.removed) continue;
      if (listener.once) this.#remove(listener.type, listener.callback);
      state.passive = listener.passive;
      try {
        callListener(listener, self, event);
      } catch (error) {
        reportException(error);
        thrown ??= { __proto__: null, error };
      }
    }
    return thrown;
  }

  #remove(type, callback) {
    const listeners = this.#listeners;
    if (listeners === null) return;
    for (let i = 0; i < listeners.length; i++) {
      if (listeners[i].type !== type || listeners[i].callback !== callback) continue;
      listeners[i].removed = true;
      arrayCut(listeners, i, 1);
      return;
    }
  }

  addEventListener(type, callback, options = undefined) {
    this.#listeners;
    needArguments(arguments.length, 2, 'addEventListener', 'EventTarget', ['string', 'function or HandlerObject']);
    if (callback != null && !isObject(callback)) {
      needArguments(1, 2, 'addEventListener', 'EventTarget', ['string', 'function or HandlerObject']);
    }
    const given = listenerOptions(options);
    if (callback == null) return;
    const signal = given?.signal;
    if (signal !== undefined && !isAbortSignal(signal)) {
      throw wrongField('AddEventListenerOptions', 'signal', 'AbortSignal');
    }
    if (signal !== undefined && AbortSignalGetAborted(signal)) return;
    const name = `${type}`;
    const listeners = (this.#listeners ??= []);
    for (let i = 0; i < listeners.length; i++) {
      if (listeners[i].type === name && listeners[i].callback === callback) return;
    }
    listeners[listeners.length] =
      { __proto__: null, type: name, callback, once: !!given?.once, passive: !!given?.passive, removed: false };
    if (signal !== undefined) signalAddAlgorithm(signal, () => this.#remove(name, callback));
  }
  removeEventListener(type, callback, options = undefined) {
    this.#listeners;
    needArguments(arguments.length, 2, 'removeEventListener', 'EventTarget', ['string', 'function or HandlerObject']);
    this.#remove(`${type}`, callback);
  }
  dispatchEvent(event) {
    this.#listeners;
    if (!isEvent(event)) needArguments(0, 1, 'dispatchEvent', 'EventTarget', 'Event');
    if (eventState(event).dispatching) {
      throw new DOMExceptionConstructor('The event is already being dispatched.', 'InvalidStateError');
    }
    eventState(event).trusted = false;
    return targetDispatch(this, event);
  }
}
defineInterface(EventTarget); // exposed further up the global scope's chain (below)

// ---- AbortSignal

let isAbortSignal;
let signalAbort; // (signal, reason)
let signalAddAlgorithm; // (signal, function): run at the abort, before the event; never when already aborted

const abortError = () => new DOMExceptionConstructor('The operation was aborted', 'AbortError');

class AbortSignal extends EventTarget {
  #aborted = false;
  #reason = undefined;
  #handler = null;
  #listening = false;
  #algorithms = null;

  constructor(token) {
    if (token !== INTERNAL) throw new TypeError('Illegal constructor');
    super();
    targetHasAttribute(this, 'abort');
  }

  static {
    isAbortSignal = (value) => isObject(value) && #aborted in value;
    signalAddAlgorithm = (signal, algorithm) => {
      if (signal.#aborted) return;
      const list = (signal.#algorithms ??= []);
      list[list.length] = algorithm;
    };
    signalAbort = (signal, reason) => {
      if (signal.#aborted) return;
      signal.#aborted = true;
      signal.#reason = reason === undefined ? abortError() : reason;
      const algorithms = signal.#algorithms ?? [];
      signal.#algorithms = null;
      for (let i = 0; i < algorithms.length; i++) algorithms[i](signal.#reason);
      targetDispatch(signal, newTrustedEvent('abort'));
    };
  }

  get aborted() {
    return this.#aborted;
  }
  get reason() {
    return this.#reason;
  }
  get onabort() {
    return this.#handler;
  }
  set onabort(value) {
    this.#handler = isObject(value) ? value : null;
    if (this.#listening || this.#handler === null) return;
    this.#listening = true;
    EventTargetAdd(this, 'abort', (event) => {
      if (typeof this.#handler === 'function') ReflectApply(this.#handler, this, [event]);
    });
  }
  throwIfAborted() {
    if (this.#aborted) throw this.#reason;
  }

  static abort(reason = undefined) {
    const signal = new AbortSignal(INTERNAL);
    signal.#aborted = true;
    signal.#reason = reason === undefined ? abortError() : reason;
    return signal;
  }
  static timeout(milliseconds) {
    needArguments(arguments.length, 1, 'timeout', 'AbortSignal', 'number');
    const signal = new AbortSignal(INTERNAL);
    const fire = () => signalAbort(signal,
      new DOMExceptionConstructor('The operation was aborted due to timeout', 'TimeoutError'));
    const frame = native.enter(undefined); // its listeners run in none
    addTimer('timeout', fire, +milliseconds, [], false);
    native.enter(frame);
    return signal;
  }
  static any(signals) {
    if (!isObject(signals) || signals[SymbolIterator] == null) needArguments(0, 1, 'any', 'AbortSignal', 'Array');
    const sources = [...signals]; // the Worker's
    const result = new AbortSignal(INTERNAL);
    for (let i = 0; i < sources.length; i++) {
      if (!isAbortSignal(sources[i])) {
        throw new TypeError(
          `Incorrect type for array element ${i}: the provided value is not of type 'AbortSignal'.`);
      }
    }
    for (let i = 0; i < sources.length && !result.#aborted; i++) {
      if (sources[i].#aborted) {
        result.#aborted = true;
        result.#reason = sources[i].#reason;
      } else {
        signalAddAlgorithm(sources[i], (reason) => signalAbort(result, reason));
      }
    }
    return result;
  }
}
const EventTargetAdd = uncurryThis(EventTarget.prototype.addEventListener);
exposeIllegal(AbortSignal);

class AbortController {
  #signal = new AbortSignal(INTERNAL);
  get signal() {
    return this.#signal;
  }
  abort(reason = undefined) {
    signalAbort(this.#signal, reason);
  }
}
exposeInterface(AbortController);

// ---- the global scope as a target (primordials.js says what its chain is)

const globalTarget = new EventTarget();

// A link of the global scope's chain, before PARENT.
function chainLink(link, name, parent) {
  const constructor = {
    [name]: function () {
      throw new TypeError('Illegal constructor');
    },
  }[name];
  ObjectDefineProperty(constructor, 'prototype', { __proto__: null, value: link, writable: false });
  ObjectDefineProperty(link, 'constructor',
    { __proto__: null, value: constructor, writable: true, enumerable: false, configurable: true });
  defineInterface(constructor);
  ObjectSetPrototypeOf(link, parent);
  return constructor;
}

const globalMethods = {};
for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent']) {
  const method = EventTarget.prototype[name];
  globalMethods[name] = {
    [name](...args) {
      requireGlobal(this);
      return ReflectApply(method, globalTarget, args);
    },
  }[name];
}
const globalWorker = { EventTarget };
chainLink(globalMethods, 'EventTarget', Object.prototype);
chainLink(globalWorker, 'WorkerGlobalScope', globalMethods);
exposeOwn('ServiceWorkerGlobalScope', chainLink(scopePrototype, 'ServiceWorkerGlobalScope', globalWorker));
exposeInherited('WorkerGlobalScope', chainLink({ EventTarget }, 'WorkerGlobalScope', EventTarget.prototype));
exposeInherited('DOMException', DOMExceptionConstructor);
ObjectSetPrototypeOf(globalThis, scopePrototype);
delete globalThis[Symbol.toStringTag];

const FRAME_PLACE = /\n    at (?:.* \()?([^\n]*?):(\d+):(\d+)\)?(?:\n|$)/;

// [file, line, column] of the first frame of a stack; columns of events begin at 0, as in workerd.
function placeOf(stack) {
  const found = typeof stack === 'string' ? RegExpPrototypeExec(FRAME_PLACE, StringPrototypeSlice(stack, 0, 4096)) : null;
  return found === null ? ['', 0, 0] : [found[1], +found[2], +found[3] - 1];
}

let reportingException = false;

// An exception nobody catches: an error event, and the log unless the event was prevented. What a listener of that event
// throws is only logged.
function reportException(error) {
  if (reportingException) {
    logUncaught(error, 'Uncaught ');
    return;
  }
  const isError = isObject(error);
  const { 0: name, 1: text } = describe(error);
  const message = isError ? `Uncaught ${name}: ${text}` : `Uncaught ${text}`;
  let stack;
  try {
    stack = isError ? error.stack : new ErrorConstructor().stack;
  } catch {
    stack = '';
  }
  const { 0: filename, 1: lineno, 2: colno } = placeOf(stack);
  const event = new ErrorEvent('error', { __proto__: null, message, filename, lineno, colno, error });
  eventState(event).trusted = true;
  reportingException = true;
  try {
    if (targetDispatch(globalTarget, event)) logUncaught(error, 'Uncaught ');
  } finally {
    reportingException = false;
  }
}

// unhandledrejection or rejectionhandled; false: nobody listens.
function reportRejection(type, promise, reason) {
  if (!targetListens(globalTarget, type)) return false;
  const event = new PromiseRejectionEvent(type, { __proto__: null, promise, reason });
  const state = eventState(event);
  state.trusted = true;
  targetDispatch(globalTarget, event);
  return true;
}
