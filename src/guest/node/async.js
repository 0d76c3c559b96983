// async.js: AsyncLocalStorage and AsyncResource (node:async_hooks).
// What the storages hold is a frame: an array [storage, value, ...] that is never changed, only replaced. The engine
// hands the current one on to every job, so that it follows the code across promises and awaits (guest/engine.c);
// timers keep theirs themselves. Code that the host starts has none.

const NOT_IMPLEMENTED = 'is not implemented';

function frameWith(frame, storage, value) {
  const next = [];
  if (frame !== undefined) for (let i = 0; i < frame.length; i++) next[i] = frame[i];
  let at = 0;
  while (at < next.length && next[at] !== storage) at += 2;
  next[at] = storage;
  next[at + 1] = value;
  return next;
}

// Calls a function in another frame; what the function does to the frame ends with it.
function callIn(frame, callback, receiver, args) {
  const before = native.enter(frame);
  try {
    return ReflectApply(callback, receiver, args);
  } finally {
    native.enter(before);
  }
}

function needFunction(value, method, type, index, kind) {
  if (typeof value !== 'function') {
    throw new TypeError(`Failed to execute '${method}' on '${type}': parameter ${index} is not of type '${kind}'.`);
  }
}

// The functions below are made by methods so that they have no name and no length, as workerd's.
function bindFrame(callback) {
  const frame = native.frame();
  const bound = (() => function (...args) { return callIn(frame, callback, globalThis, args); })();
  return bound;
}

class AsyncLocalStorage {
  #initial;
  #name;
  constructor(options = undefined) {
    this.#initial = options?.defaultValue;
    this.#name = options?.name === undefined ? '' : `${options.name}`;
  }
  get name() {
    return this.#name;
  }
  getStore() {
    const frame = native.frame();
    if (frame !== undefined) {
      for (let i = 0; i < frame.length; i += 2) if (frame[i] === this) return frame[i + 1];
    }
    return this.#initial;
  }
  run(store, callback, ...args) {
    needArguments(arguments.length, 1, 'run', 'AsyncLocalStorage', 'Value');
    needFunction(callback, 'run', 'AsyncLocalStorage', 2, 'function');
    return callIn(frameWith(native.frame(), this, store), callback, globalThis, args);
  }
  exit(callback, ...args) {
    needFunction(callback, 'exit', 'AsyncLocalStorage', 1, 'function');
    return callIn(frameWith(native.frame(), this, undefined), callback, globalThis, args);
  }
  enterWith() {
    throw new ErrorConstructor(`asyncLocalStorage.enterWith() ${NOT_IMPLEMENTED}`);
  }
  disable() {
    throw new ErrorConstructor(`asyncLocalStorage.disable() ${NOT_IMPLEMENTED}`);
  }
  static bind(callback) {
    needFunction(callback, 'bind', 'AsyncLocalStorage', 1, 'Function');
    return bindFrame(callback);
  }
  static snapshot() {
    const frame = native.frame();
    return (() => function (...args) {
      const callback = args[0];
      if (typeof callback !== 'function') throw new TypeError('The first argument must be a function');
      return callIn(frame, callback, globalThis, arrayCopy(args, 1));
    })();
  }
}
defineInterface(AsyncLocalStorage);
ObjectDefineProperty(AsyncLocalStorage.prototype, 'name', { __proto__: null, enumerable: true });

class AsyncResource {
  #frame = native.frame();
  constructor(type = undefined, options = undefined) {
    if (options?.triggerAsyncId !== undefined) {
      throw new ErrorConstructor(`The 'triggerAsyncId' field on 'Options' ${NOT_IMPLEMENTED}.`);
    }
  }
  asyncId() {
    return 0;
  }
  triggerAsyncId() {
    return 0;
  }
  emitDestroy() {}
  runInAsyncScope(callback, receiver = undefined, ...args) {
    needFunction(callback, 'runInAsyncScope', 'AsyncResource', 1, 'function');
    return callIn(this.#frame, callback, receiver, args);
  }
  bind(callback, receiver = globalThis) {
    needFunction(callback, 'bind', 'AsyncResource', 1, 'Function');
    const frame = this.#frame;
    const bound = (() => function (...args) { return callIn(frame, callback, receiver, args); })();
    bound.asyncResource = this;
    return bound;
  }
  static bind(callback, type = undefined, receiver = globalThis) {
    return new AsyncResource(type ?? '').bind(callback, receiver);
  }
}
defineInterface(AsyncResource);

const ASYNC_PROVIDERS = 'NONE DIRHANDLE DNSCHANNEL ELDHISTOGRAM FILEHANDLE FILEHANDLECLOSEREQ BLOBREADER FSEVENTWRAP ' +
  'FSREQCALLBACK FSREQPROMISE GETADDRINFOREQWRAP GETNAMEINFOREQWRAP HEAPSNAPSHOT HTTP2SESSION HTTP2STREAM HTTP2PING ' +
  'HTTP2SETTINGS HTTPINCOMINGMESSAGE HTTPCLIENTREQUEST LOCKS JSSTREAM JSUDPWRAP MESSAGEPORT PIPECONNECTWRAP ' +
  'PIPESERVERWRAP PIPEWRAP PROCESSWRAP PROMISE QUERYWRAP QUIC_ENDPOINT QUIC_LOGSTREAM QUIC_SESSION QUIC_STREAM ' +
  'QUIC_UDP SHUTDOWNWRAP SIGNALWRAP STATWATCHER STREAMPIPE TCPCONNECTWRAP TCPSERVERWRAP TCPWRAP TTYWRAP UDPSENDWRAP ' +
  'UDPWRAP SIGINTWATCHDOG WORKER WORKERCPUPROFILE WORKERCPUUSAGE WORKERHEAPPROFILE WORKERHEAPSNAPSHOT ' +
  'WORKERHEAPSTATISTICS WRITEWRAP ZLIB CHECKPRIMEREQUEST PBKDF2REQUEST KEYPAIRGENREQUEST KEYGENREQUEST ' +
  'KEYEXPORTREQUEST ARGON2REQUEST CIPHERREQUEST DERIVEBITSREQUEST HASHREQUEST RANDOMBYTESREQUEST RANDOMPRIMEREQUEST ' +
  'SCRYPTREQUEST SIGNREQUEST TLSWRAP VERIFYREQUEST QUIC_PACKET';

function asyncProviders() {
  const providers = { __proto__: null };
  for (const name of ASYNC_PROVIDERS.split(' ')) providers[name] = 0;
  return providers;
}

// Hooks that never run: there are no numbered resources.
class AsyncHook {
  enable() {
    return this;
  }
  disable() {
    return this;
  }
}

const asyncHooks = {
  AsyncLocalStorage,
  AsyncResource,
  asyncWrapProviders: asyncProviders(),
  createHook() {
    return new AsyncHook();
  },
  executionAsyncId() {
    return 0;
  },
  executionAsyncResource() {
    return { __proto__: null };
  },
  triggerAsyncId() {
    return 0;
  },
};
