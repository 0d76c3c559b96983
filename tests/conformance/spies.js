// spies.js: every method and accessor that a Worker can replace, replaced by one that notes that it was called and then
// does what it did: those of the language's prototypes and constructors, and those of the platform's interfaces. So a
// script can see what the platform calls of them inside, which should be nothing.
//
// What runs spied uses no methods itself, but by call() and get(), and no syntax that does: no for-of, spread or array
// pattern.
const { apply, construct, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;

const SKIPPED = ["prototype", "name", "length"];
// Not the language's and not interfaces; or of Node.js's library, which workerd has in JavaScript too.
const isOwner = (name) => /^[A-Z]/.test(name) && !["Buffer", "HTMLRewriter", "Cloudflare", "WebAssembly",
  "ServiceWorkerGlobalScope", "WorkerGlobalScope"].includes(name);

function owners() {
  const found = new Map();
  const add = (name, object) => object && !found.has(object) && found.set(object, name);
  for (let scope = globalThis; scope !== null && scope !== Object.prototype; scope = getPrototypeOf(scope)) {
    for (const name of ownKeys(scope)) {
      if (typeof name !== "string" || !isOwner(name)) continue;
      const value = globalThis[name];
      if (typeof value === "function") add(name, value), add(`${name}.prototype`, value.prototype);
      else if (typeof value === "object") add(name, value);
    }
  }
  add("%TypedArray%.prototype", getPrototypeOf(Uint8Array.prototype));
  add("%ArrayIterator%", getPrototypeOf([][Symbol.iterator]()));
  add("%MapIterator%", getPrototypeOf(new Map()[Symbol.iterator]()));
  add("%SetIterator%", getPrototypeOf(new Set()[Symbol.iterator]()));
  add("%StringIterator%", getPrototypeOf(""[Symbol.iterator]()));
  add("%RegExpStringIterator%", getPrototypeOf("".matchAll(/x/g)));
  add("%Iterator%", getPrototypeOf(getPrototypeOf([][Symbol.iterator]())));
  add("%Generator%", getPrototypeOf(function* () {}).prototype);
  add("%AsyncGenerator%", getPrototypeOf(async function* () {}).prototype);
  add("%AsyncIterator%", getPrototypeOf(getPrototypeOf(async function* () {}).prototype));
  return found;
}

let seen = null, expected;

function note(name) {
  if (expected === name) expected = undefined;
  else if (seen !== null) seen[seen.length] = name;
}

function spy(name, original) {
  return function (...args) {
    note(name);
    return new.target ? construct(original, args, new.target) : apply(original, this, args);
  };
}

// The language reads the constructor of every promise that is awaited.
function placeConstructor(owner, ownerName, before, undo) {
  if (owner === Promise.prototype) return;
  undo.push(() => defineProperty(owner, "constructor", before));
  defineProperty(owner, "constructor", { configurable: true, get() { note(`${ownerName}.constructor`); return before.value; } });
}

function place(owner, ownerName, key, undo) {
  const before = getOwnPropertyDescriptor(owner, key);
  if (!before.configurable || SKIPPED.includes(key)) return;
  if (key === "constructor" && before.value) return placeConstructor(owner, ownerName, before, undo);
  const name = `${ownerName}.${String(key)}`;
  const after = { ...before };
  for (const part of ["get", "set", "value"])
    if (typeof before[part] === "function" && !/^class\b/.test(Function.prototype.toString.call(before[part])))
      after[part] = spy(part === "value" ? name : `${part} ${name}`, before[part]);
  undo.push(() => defineProperty(owner, key, before));
  defineProperty(owner, key, after);
}

// -> [what run returned, what of all that was called meanwhile]
export async function spied(run) {
  const undo = [];
  const all = [...owners()].map(([owner, name]) => [owner, name, ownKeys(owner)]);
  const notes = [];
  let result;
  for (const [owner, name, keys] of all) for (const key of keys) place(owner, name, key, undo);
  seen = notes;
  try {
    result = await run();
  } catch (e) {
    result = e;
  }
  seen = null;
  for (let i = 0; i < undo.length; i++) undo[i]();
  return [result, ...new Set(notes)];
}

// Calls a method that is spied: this call is not noted, what it calls is.
export function call(object, owner, name, ...args) {
  expected = `${owner}.prototype.${name}`;
  return apply(object[name], object, args);
}

export function get(object, owner, name) {
  expected = `get ${owner}.prototype.${name}`;
  return object[name];
}
