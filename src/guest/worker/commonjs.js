// commonjs.js: CommonJS modules among the modules of a Worker: `module`, `exports` and require(), as workerd has them.
// A module runs once, when it is first imported or required. Meanwhile it may be required again, by itself or in a
// cycle, and gives what it exports by then; afterwards what it exported when it ended, or what it threw. Of an ES
// module, and of one of the platform's, require() gives the default export.

const KIND_JS = 1, KIND_CJS = 2; // frame.h: enum module_kind; 0: not of the Worker's

let required = null; // name -> { module, value, state }
const RUNNING = 0, DONE = 1, FAILED = 2;

class CommonJsModuleObject {
  constructor(token, path) {
    if (token !== native) throw new TypeError("Illegal constructor");
    ObjectDefineProperty(this, "path", { __proto__: null, value: path, writable: false, enumerable: true, configurable: true });
    this.exports = {};
  }
}
defineInterface(CommonJsModuleObject);

function commonjsExports(name) {
  required ??= { __proto__: null };
  const found = required[name];
  if (found === undefined) return runCommonjs(name);
  if (found.state === FAILED) throw found.value;
  return found.state === DONE ? found.value : found.module.exports;
}

function runCommonjs(name) {
  const path = `/${name}`;
  const module = new CommonJsModuleObject(native, path);
  const record = (required[name] = { __proto__: null, module, value: undefined, state: RUNNING });
  try {
    const folder = StringPrototypeSlice(path, 0, StringPrototypeLastIndexOf(path, "/"));
    ReflectApply(native.moduleFunction(name), globalObject, [module, module.exports, requireOf(name), path, folder]);
    record.value = module.exports;
    record.state = DONE;
    return record.value;
  } catch (e) {
    record.value = e;
    record.state = FAILED;
    throw e;
  }
}

function requireValue(name) {
  required ??= { __proto__: null };
  required[name] ??= { __proto__: null, module: null, value: native.moduleValue(name), state: DONE };
  return required[name].value;
}

// What a specifier in the module `base` (a name; "": at the top) leads to.
function requireFrom(base, specifier) {
  const name = native.moduleResolve(base, specifier);
  const kind = native.moduleKind(name);
  if (kind === KIND_CJS) return commonjsExports(name);
  if (kind === KIND_JS) return native.moduleRequire(name).default;
  return kind === 0 ? findModule(name).exports.default : requireValue(name);
}

function requireOf(base) {
  const { require } = {
    require(...given) {
      if (given.length === 0)
        throw new TypeError("Failed to execute 'require' on 'CommonJsModuleContext': parameter 1 is not of type 'string'.");
      return requireFrom(base, `${given[0]}`);
    },
  };
  return require;
}
