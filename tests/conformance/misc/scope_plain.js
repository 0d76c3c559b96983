// flags: no_nodejs_compat
// The global scope without Node's compatibility: its timers are numbers, on the prototype, and take no other this.
import { checks } from "../checks.js";

export default checks([
  () => ["setTimeout", "setInterval", "clearTimeout", "clearInterval", "setImmediate", "clearImmediate"].map((name) => [name, typeof globalThis[name], Object.hasOwn(globalThis, name)]),
  () => ["Buffer", "process", "global"].map((name) => [name, name in globalThis]),
  () => Object.keys(globalThis).filter((name) => name !== "Cloudflare").sort(),
  () => { const id = setTimeout(() => {}, 5); clearTimeout(id); return typeof id; },
  () => setTimeout.call({}, () => {}),
  () => setInterval.call(5, () => {}),
  () => clearTimeout.call({}, 1),
  () => clearInterval.call([], 1),
  () => clearTimeout.call(undefined, 1),
]);
