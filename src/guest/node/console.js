// console.js: node:console and node:module.

const { assign: ObjectAssign } = Object;

// A console that writes to streams.
class Console {
  #out;
  #error;
  #indent = '';
  constructor(options, error = undefined) {
    const given = typeof options?.write === 'function' ? { stdout: options, stderr: error } : options;
    if (typeof given?.stdout?.write !== 'function') throw new nodeErrors.ERR_CONSOLE_WRITABLE_STREAM('stdout');
    this.#out = given.stdout;
    this.#error = given.stderr ?? given.stdout;
    for (const name of ['log', 'info', 'debug', 'warn', 'error', 'dir', 'group', 'groupEnd', 'assert']) {
      this[name] = (...args) => this.#call(name, args);
    }
  }
  #call(name, args) {
    if (name === 'groupEnd') this.#indent = StringPrototypeSlice(this.#indent, 2);
    else if (name === 'assert') {
      if (!args[0]) this.#write(this.#error, `Assertion failed${args.length > 1 ? `: ${nodeLib.util.format(...args.slice(1))}` : ''}`);
    } else {
      const text = name === 'dir' ? nodeLib.util.inspect(args[0], { customInspect: false, ...args[1] }) : nodeLib.util.format(...args);
      this.#write(name === 'warn' || name === 'error' ? this.#error : this.#out, text);
      if (name === 'group') this.#indent += '  ';
    }
  }
  #write(stream, text) {
    stream.write(`${this.#indent}${StringPrototypeReplaceAll(text, '\n', `\n${this.#indent}`)}\n`);
  }
}

// The global console gets the rest when somebody imports the module, as in workerd.
const moreConsole = {
  createTask(name) { throw notImplementedError('console.createTask'); },
  Console,
};
nodeModule('console', { ...consoleMethods, ...moreConsole }, undefined, '2025-09-21');
ObjectDefineProperty(platformModules['node:console'].exports, 'default', {
  __proto__: null,
  enumerable: true,
  configurable: true,
  get() {
    return ObjectAssign(consoleMethods, moreConsole);
  },
});

// ---- module: require() of what import would find, of the platform's modules only

function createRequire(path) {
  const url = typeof path === 'object' && path !== null ? path.href : path;
  if (typeof url !== 'string' || !(StringPrototypeStartsWith(url, '/') || StringPrototypeStartsWith(url, 'file:'))) {
    throw new nodeErrors.ERR_INVALID_ARG_VALUE('path', `${path}`, 'The argument must be a file URL object, a file URL string, ' +
      'or an absolute path string.');
  }
  return function require(id) {
    const found = findModule(`${id}`);
    if (found === undefined) throw new ErrorConstructor(`No such module "${id}".`);
    return found.exports.default ?? found.exports;
  };
}

function builtinNames() {
  const names = [];
  for (const name of ObjectKeys(platformModules)) {
    if (StringPrototypeStartsWith(name, 'node:')) names[names.length] = StringPrototypeSlice(name, 5);
  }
  return ArrayPrototypeSort(names);
}

function Module() {}
const moduleMembers = {
  createRequire,
  isBuiltin: (id) => {
    const found = findModule(`${id}`);
    return found !== undefined && StringPrototypeStartsWith(found.name, 'node:');
  },
  Module,
};
for (const name of ObjectKeys(moduleMembers)) Module[name] = moduleMembers[name];
lazyMember(Module, 'builtinModules', builtinNames);
nodeModule('module', { ...moduleMembers, get builtinModules() { return builtinNames(); } }, Module);
