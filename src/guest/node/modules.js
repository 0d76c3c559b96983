// modules.js: the modules that a Worker may import without having them: Node's, and cloudflare:*. Which of Node's there
// are depends on the compatibility date and flags; what they export is in the image and is looked up by name.

const NODE_COMPAT_V2 = '2024-09-23'; // from here nodejs_compat also means nodejs_compat_v2
const NODE_DEFAULT = '2026-08-04'; // from here both are on unless switched off

// Nothing; node:async_hooks; all by their whole names; also by their short names, with globals.
const NODE_NONE = 0, NODE_ALS = 1, NODE_NAMED = 2, NODE_ALL = 3;

const platformModules = { __proto__: null }; // whole name -> { name, exports, since }

// Which flags are on. `flags` are those of the Worker; they are known to be well-formed.
function setNodeLevel(date, flags) {
  const has = (name) => ArrayPrototypeIncludes(flags, name);
  const byDefault = date >= NODE_DEFAULT;
  const compat = has('nodejs_compat') || (byDefault && !has('no_nodejs_compat'));
  const v2 = has('nodejs_compat_v2') ||
    ((byDefault || (has('nodejs_compat') && date >= NODE_COMPAT_V2)) && !has('no_nodejs_compat_v2'));
  worker.date = date;
  worker.nodeCompat = compat;
  worker.nodeLevel = v2 ? NODE_ALL : compat ? NODE_NAMED : has('nodejs_als') ? NODE_ALS : NODE_NONE;
}

// Adds node:<name>. Its exports are the own properties of `exports`, and `default`, which is `exports` itself unless
// given. since: it needs nodejs_compat and this date. The other way to have it is its own flag, see below.
function nodeModule(name, exports, whole = exports, since = '') {
  const values = { __proto__: null };
  const keys = ObjectKeys(exports);
  for (let i = 0; i < keys.length; i++) { // getters stay getters, until somebody imports
    ObjectDefineProperty(values, keys[i], ReflectGetOwnPropertyDescriptor(exports, keys[i]));
  }
  values.default = whole;
  platformModules[`node:${name}`] = { __proto__: null, name: `node:${name}`, exports: values, since };
}

function platformModule(name, exports) {
  platformModules[name] = { __proto__: null, name, exports, since: '' };
}

function nodeModuleThere(found) {
  if (worker.nodeLevel === NODE_ALS) return found.name === 'node:async_hooks';
  if (worker.nodeLevel < NODE_NAMED) return false;
  return found.since === '' || (worker.nodeCompat && worker.date >= found.since);
}

// What a specifier names, or undefined. "path" is "node:path"; its name is then the whole one.
function findModule(specifier) {
  let found = platformModules[specifier];
  if (found === undefined) {
    if (worker.nodeLevel < NODE_ALL) return undefined;
    found = platformModules[`node:${specifier}`];
    if (found === undefined) return undefined;
  }
  const node = StringPrototypeStartsWith(found.name, 'node:');
  return !node || nodeModuleThere(found) ? found : undefined;
}

nodeModule('async_hooks', asyncHooks);
