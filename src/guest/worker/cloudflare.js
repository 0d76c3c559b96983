// cloudflare.js: what cloudflare:workers and cloudflare:workflows export besides WorkerEntrypoint and RpcTarget
// (context.js). env and exports follow the code that withEnv() and its like call, also over an await: they are kept in
// the frame (node/async.js).

const ENV_KEY = ObjectFreeze({ __proto__: null });
const EXPORTS_KEY = ObjectFreeze({ __proto__: null });

function inFrame(key, otherwise) {
  const frame = native.frame();
  if (frame !== undefined) {
    for (let i = 0; i < frame.length; i += 2) if (frame[i] === key) return isObject(frame[i + 1]) ? frame[i + 1] : otherwise;
  }
  return otherwise;
}

// An object that stands for the one that current() gives.
function standIn(current) {
  return new Proxy({}, {
    __proto__: null,
    get: (_, key) => current()[key],
    set: (_, key, value) => ReflectSet(current(), key, value),
    has: (_, key) => key in current(),
    deleteProperty: (_, key) => ReflectDeleteProperty(current(), key),
    ownKeys: () => ReflectOwnKeys(current()),
    getOwnPropertyDescriptor: (_, key) => {
      const found = ReflectGetOwnPropertyDescriptor(current(), key);
      if (found !== undefined) found.configurable = true; // else it would have to be the stand-in's own
      return found;
    },
    defineProperty: (_, key, descriptor) => ReflectDefineProperty(current(), key, descriptor),
    getPrototypeOf: () => ObjectGetPrototypeOf(current()),
  });
}
const { set: ReflectSet, deleteProperty: ReflectDeleteProperty, defineProperty: ReflectDefineProperty } = Reflect;

class DurableObject {
  constructor(ctx, env) {
    throw new TypeError("Failed to construct 'DurableObjectBase': constructor parameter 1 is not of type 'DurableObjectState'.");
  }
}
defineInterface(DurableObject, 'DurableObjectBase');

class WorkflowEntrypoint extends EntrypointBase {
  constructor(ctx, env) {
    if (!(ctx instanceof ExecutionContext)) throw wrongParameter('WorkflowEntrypoint', 1, 'ExecutionContext');
    super(ctx, env, 'WorkflowEntrypoint');
  }
}
defineInterface(WorkflowEntrypoint);

// A span that records nothing, as where nobody traces.
class Span {
  isTraced = false;
  spanContext() {}
  setAttribute() {}
  setAttributes() {}
  recordException() {}
  updateName() {}
  setStatus() {}
  end() {}
}

function withSpan(callback, args) {
  const given = [new Span()];
  for (let i = 0; i < args.length; i++) given[i + 1] = args[i];
  return ReflectApply(callback, undefined, given);
}

class Tracing {
  enterSpan(name, callback, ...args) {
    return withSpan(callback, args);
  }
  startActiveSpan(name, callback, ...args) {
    return withSpan(callback, args);
  }
  startSpan() {
    return new Span();
  }
  getActiveSpan() {
    return new Span();
  }
  withActiveSpan(span, callback, ...args) {
    return ReflectApply(callback, undefined, args);
  }
}
defineInterface(Tracing);

function needCallback(callback, method, index) {
  needFunction(callback, method, 'EnvModule', index, 'function');
}

const withBoth = (env, exports, callback) =>
  callIn(frameWith(frameWith(native.frame(), ENV_KEY, env), EXPORTS_KEY, exports), callback, globalObject, []);

class NonRetryableError extends Error {
  constructor(message, name = 'NonRetryableError') {
    super(message);
    this.name = name;
  }
}

platformModule('cloudflare:workflows', { __proto__: null, NonRetryableError });
platformModule('cloudflare:workers', {
  __proto__: null,
  DurableObject,
  RpcPromise,
  RpcProperty,
  RpcStub,
  RpcTarget,
  ServiceStub: Fetcher,
  WorkerEntrypoint,
  WorkflowEntrypoint,
  abortIsolate(reason) {
    native.abort(reason === undefined ? '' : text(reason));
  },
  cache: {},
  env: standIn(() => inFrame(ENV_KEY, worker.env)),
  exports: standIn(() => inFrame(EXPORTS_KEY, workerExports())),
  restore: Symbol('cloudflare:workers:restore'),
  tracing: new Tracing(),
  waitUntil(promise) {
    needArguments(arguments.length, 1, 'waitUntil', 'EntrypointsModule', 'Promise');
    waitFor(requireEvent(), promise);
  },
  withEnv(env, callback) {
    needCallback(callback, 'withEnv', 2);
    return callIn(frameWith(native.frame(), ENV_KEY, env), callback, globalObject, []);
  },
  withEnvAndExports(env, exports, callback) {
    needCallback(callback, 'withEnvAndExports', 3);
    return withBoth(env, exports, callback);
  },
  withExports(exports, callback) {
    needCallback(callback, 'withExports', 2);
    return callIn(frameWith(native.frame(), EXPORTS_KEY, exports), callback, globalObject, []);
  },
});
