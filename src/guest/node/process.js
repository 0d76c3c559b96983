// process.js: node:process and the global process. An isolate has no process: most of it is constants.

const NODE_VERSION = '22.23.4'; // what workerd says it is like
const NO_VERSIONS = 'v8 modules zlib brotli zstd ares napi llhttp nghttp2 acorn ada simdutf nbytes ncrypto uvwasi uv ' +
  'openssl sqlite icu undici simdjson unicode cldr tz cjs_module_lexer amaro merve';

function processVersions() {
  const versions = { node: NODE_VERSION };
  for (const name of NO_VERSIONS.split(' ')) versions[name] = '';
  return versions;
}

function notImplemented(name) {
  return new nodeErrors.ERR_METHOD_NOT_IMPLEMENTED(name);
}

function refused(name) {
  return { [name]() { throw notImplemented(`process.${name}`); } }[name];
}

function systemError(code, message) {
  const error = new ErrorConstructor(message);
  error.code = code;
  return error;
}

const forbidden = (name) => ({ [name](id) { throw systemError('EPERM', 'operation not permitted'); } }[name]);
const constant = (name, value) => ({ [name]() { return value; } }[name]);

const processState = { __proto__: null, env: null };

// process.env: the Worker's bindings that are text, copied when it is first asked for; values become text.
function processEnv() {
  if (processState.env !== null) return processState.env;
  const own = {};
  for (const key of ObjectKeys(worker.env)) {
    const value = worker.env[key];
    if (typeof value === 'string') own[key] = value;
    else if (!isObject(value) || isPlainData(value)) own[key] = JSONStringify(value);
  }
  processState.env = new Proxy(own, {
    __proto__: null,
    set(target, key, value) {
      return ReflectSet(target, key, `${value}`);
    },
    defineProperty(target, key, descriptor) {
      if (ObjectHasOwn(descriptor, 'value')) descriptor.value = `${descriptor.value}`;
      return ReflectDefineProperty(target, key, descriptor);
    },
  });
  return processState.env;
}

function isPlainData(value) {
  return ArrayIsArray(value) || ObjectGetPrototypeOf(value) === Object.prototype;
}

function exitEvent(code) {
  throw new ErrorConstructor(`The Node.js process.exit(${code ?? 0}) API was called. Canceling the request.`);
}

function hrtime(previous = undefined) {
  const now = native.now();
  const seconds = MathTrunc(now / 1000), nanoseconds = MathTrunc((now % 1000) * 1e6);
  if (previous === undefined) return [seconds, nanoseconds];
  if (!ArrayIsArray(previous)) throw new nodeErrors.ERR_INVALID_ARG_TYPE('time', 'tuple of integers', previous);
  if (previous.length !== 2) throw new nodeErrors.ERR_OUT_OF_RANGE('time', 2, previous.length);
  const borrow = nanoseconds < previous[1] ? 1 : 0;
  return [seconds - previous[0] - borrow, nanoseconds - previous[1] + borrow * 1e9];
}
hrtime.bigint = function bigint() {
  return BigInt(MathTrunc(native.now())) * 1000000n;
};

function memoryUsage() {
  return { rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 };
}
memoryUsage.rss = function rss() {
  return 0;
};

const RESOURCES = 'userCPUTime systemCPUTime maxRSS sharedMemorySize unsharedDataSize unsharedStackSize minorPageFault ' +
  'majorPageFault swappedOut fsRead fsWrite ipcSent ipcReceived signalsCount voluntaryContextSwitches ' +
  'involuntaryContextSwitches';

// A stream that writes lines to the log.
function outputStream(fd, level) {
  const { Writable } = nodeLib.stream;
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, encoding, callback) {
      const text = typeof chunk === 'string' ? chunk : native.utf8Decode(bytesBorrow(chunk), false, true);
      logAll(level, [text[text.length - 1] === '\n' ? StringPrototypeSlice(text, 0, -1) : text]);
      callback();
    },
  });
  stream.fd = fd;
  stream._isStdio = true;
  return stream;
}

// Members that do not need the library. It looks some of them up while it is made, so this is the object it is given;
// completeProcess() adds the rest.
const nodeProcess = {
  assert: undefined, // completeProcess()
  version: `v${NODE_VERSION}`,
  versions: processVersions(),
  title: 'workerd',
  argv: ['workerd'],
  argv0: 'workerd',
  execArgv: [],
  arch: 'x64',
  platform: 'linux',
  config: { target_defaults: {}, variables: {} },
  pid: 1,
  ppid: 0,
  getegid: constant('getegid', 0),
  getgid: constant('getgid', 0),
  getgroups() { return [0]; },
  geteuid: constant('geteuid', 0),
  getuid: constant('getuid', 0),
  setegid: forbidden('setegid'),
  setgid: forbidden('setgid'),
  setgroups: forbidden('setgroups'),
  seteuid: forbidden('seteuid'),
  setuid: forbidden('setuid'),
  initgroups(user, group) { throw systemError('EPERM', 'operation not permitted'); },
  setSourceMapsEnabled(enabled, options) {},
  getSourceMapsSupport() { return { enabled: false, nodeModules: false, generatedCode: false }; },
  nextTick(callback, ...args) {
    runAsMicrotask(() => ReflectApply(callback, undefined, args));
  },
  emitWarning(warning, type, code, ctor) {
    if (typeof warning !== 'string' && !(warning instanceof ErrorConstructor)) {
      throw new nodeErrors.ERR_INVALID_ARG_TYPE('warning', 'string or Error', warning);
    }
    let error = warning;
    if (typeof warning === 'string') {
      const options = isObject(type) ? type : { type, code };
      error = new ErrorConstructor(warning);
      error.name = options.type ?? 'Warning';
      if (options.code !== undefined) error.code = options.code;
      if (options.detail !== undefined) error.detail = options.detail;
    }
    nodeProcess.nextTick(() => nodeProcess.emit('warning', error));
  },
  get env() { return processEnv(); },
  exit(code) { exitEvent(code); },
  abort() { exitEvent(1); },
  getBuiltinModule(id) {
    const found = findModule(`${id}`);
    return found !== undefined && StringPrototypeStartsWith(found.name, 'node:') ? found.exports.default : undefined;
  },
  features: { cached_builtins: true, debug: false, inspector: false, ipv6: true, openssl_is_boringssl: true,
    require_module: false, tls: true, tls_alpn: true, tls_ocsp: true, tls_sni: true, typescript: false, uv: true },
  allowedNodeEnvironmentFlags: new Set(),
  kill(pid, signal) { throw notImplemented('process.kill'); },
  ref() {},
  unref() {},
  chdir(directory) {
    nodeValidators.validateString(directory, 'directory');
    const path = StringPrototypeStartsWith(directory, '/') ? StringPrototypeSlice(directory, 1) : directory;
    throw systemError('ENOENT', `no such file or directory, chdir '${path}'`);
  },
  cwd() { return '/bundle'; },
  umask(mask) { return 18; },
  hrtime,
  uptime() { return 0; },
  loadEnvFile() { throw systemError('ENOENT', "no such file or directory, readAll '/bundle/.env'"); },
  exitCode: undefined,
  channel: null,
  connected: false,
  binding: refused('binding'),
  debugPort: 0,
  dlopen: refused('dlopen'),
  finalization: {},
  getActiveResourcesInfo: refused('getActiveResourcesInfo'),
  setUncaughtExceptionCaptureCallback: refused('setUncaughtExceptionCaptureCallback'),
  hasUncaughtExceptionCaptureCallback: refused('hasUncaughtExceptionCaptureCallback'),
  memoryUsage,
  noDeprecation: false,
  permission: {},
  release: { name: 'node', lts: true, sourceUrl: '', headersUrl: '' },
  report: { compact: false, directory: '', filename: '', reportOnFatalError: false, reportOnSignal: false,
    reportOnUncaughtException: false, excludeNetwork: false, excludeEnv: false, signal: 'SIGUSR2' },
  resourceUsage() {
    const usage = {};
    for (const name of RESOURCES.split(' ')) usage[name] = 0;
    return usage;
  },
  send(message, handle) { return false; },
  traceDeprecation: false,
  throwDeprecation: false,
  sourceMapsEnabled: false,
  threadCpuUsage: refused('threadCpuUsage'),
  cpuUsage: refused('cpuUsage'),
  execPath: '',
  constrainedMemory() { return 0; },
  availableMemory() { return 0; },
  execve: refused('execve'),
  _rawDebug() {},
  moduleLoadList: [],
  _linkedBinding: refused('_linkedBinding'),
  domain: null,
  _exiting: false,
  _getActiveRequests() { return []; },
  _getActiveHandles() { return []; },
  reallyExit(code) { exitEvent(code); },
  _kill(pid, signal) { throw notImplemented('process._kill'); },
  _fatalException(error) {},
  _tickCallback() {},
  _debugProcess(pid) {},
  _debugEnd() {},
  _startProfilerIdleNotifier() {},
  _stopProfilerIdleNotifier() {},
  _preload_modules: [],
  _disconnect: undefined,
  _handleQueue: undefined,
  _pendingMessage: undefined,
  _channel: undefined,
  _send: undefined,
};

function lazyMember(object, name, make) {
  ObjectDefineProperty(object, name, {
    __proto__: null,
    enumerable: true,
    configurable: true,
    get() {
      const value = make();
      ObjectDefineProperty(object, name, { __proto__: null, value, enumerable: true, configurable: true, writable: true });
      return value;
    },
    set(value) {
      ObjectDefineProperty(object, name, { __proto__: null, value, enumerable: true, configurable: true, writable: true });
    },
  });
}

// The rest: it is an EventEmitter, and has streams.
function completeProcess() {
  const { EventEmitter } = nodeLib.events;
  ObjectSetPrototypeOf(nodeProcess, ObjectCreate(EventEmitter.prototype));
  ReflectApply(EventEmitter, nodeProcess, []);
  const checks = { 'bound assert'(actual, message) { ReflectApply(nodeLib.assert, undefined, arguments); } };
  nodeProcess.assert = checks['bound assert'];
  ObjectDefineProperty(nodeProcess, Symbol.toStringTag,
    { __proto__: null, value: 'process', writable: false, enumerable: false, configurable: true });
  lazyMember(nodeProcess, 'stdin', () => new nodeLib.stream.Readable({ read() { this.push(null); } }));
  lazyMember(nodeProcess, 'stdout', () => outputStream(1, LOG_LOG));
  lazyMember(nodeProcess, 'stderr', () => outputStream(2, LOG_ERROR));
  nodeProcess.openStdin = function openStdin() { return nodeProcess.stdin; };
}
const ObjectCreate = Object.create;
