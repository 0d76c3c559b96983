// How imports find modules: paths, the platform's modules, import(), attributes, and what compatibility dates and flags
// make of Node's modules and globals. Each check loads a Worker of its own.
import { checks } from "../checks.js";

const main = (imports, expression) => ({
  "main.js": `${imports};
export default { async fetch(request, env) {
  try { return new Response(String(await (${expression}))); } catch (e) { return new Response("threw " + e.name + ": " + e.message); }
} };`,
});

const load = (modules, flags = [], date = "2026-11-01", mainModule = "main.js") => async ({ env }) => {
  const worker = env.LOADER.load({ compatibilityDate: date, compatibilityFlags: flags, mainModule, modules, env: { V: "v" } });
  return (await worker.getEntrypoint().fetch("http://a/")).text();
};

const VERSIONS = [
  ["2023-01-01", []], ["2023-01-01", ["nodejs_als"]], ["2023-01-01", ["nodejs_compat"]], ["2024-09-22", ["nodejs_compat"]],
  ["2024-09-23", ["nodejs_compat"]], ["2023-01-01", ["nodejs_compat_v2"]], ["2026-08-03", []], ["2026-08-04", []],
  ["2026-11-01", ["no_nodejs_compat"]], ["2026-11-01", ["no_nodejs_compat", "no_nodejs_compat_v2"]],
  ["2026-11-01", ["nodejs_als", "no_nodejs_compat"]], ["2026-11-01", ["nodejs_compat"]], ["2025-06-01", ["nodejs_compat"]],
];
const ASKED = {
  "node:async_hooks": main('import { AsyncLocalStorage } from "node:async_hooks"', "typeof AsyncLocalStorage"),
  "import(node:async_hooks)": main("", 'import("node:async_hooks").then((m) => Object.keys(m))'),
  "node:path": main('import { join } from "node:path"', "typeof join"),
  "path": main('import { join } from "path"', "typeof join"),
  "node:punycode": main("", 'import("node:punycode").then((m) => typeof m.default)'),
  "globals": main("", "[typeof Buffer, typeof process, typeof global, typeof setImmediate, typeof clearImmediate, globalThis.Buffer?.name]"),
  "timers": main("", "[typeof setTimeout(() => {})]"),
};
const byVersion = VERSIONS.flatMap(([date, flags]) => Object.entries(ASKED).map(([name, modules]) =>
  [`${date} ${flags} ${name}`, load(modules, flags, date)]));

export default checks({
  "bare path with own module path": load({ ...main('import p from "path"', "typeof p + p"), "path": { js: "export default 'own'" } }),
  "bare path with own module path.js": load({ ...main('import p from "path.js"', "typeof p + p"), "path.js": "export default 'own'" }),
  "own module capnweb": load({ ...main('import p from "capnweb"', "typeof p + p"), "capnweb": { js: "export default 'own'" } }),
  "own module node:path": load({ ...main('import p from "node:path"', "typeof p"), "node:path": { js: "export default 'own'" } }),
  "own module cloudflare:workers": load({ ...main('import * as p from "cloudflare:workers"', "typeof p.env + p.default"), "cloudflare:workers": { js: "export default 'own'" } }),
  "from folder": load({ "lib/main.js": main('import p from "path"', "typeof p.join")["main.js"] }, [], undefined, "lib/main.js"),
  "missing bare": load(main('import p from "nothing"', "1")),
  "missing ./": load(main('import p from "./nothing.js"', "1")),
  "missing node": load(main('import p from "node:nothing"', "1")),
  "missing cf": load(main('import p from "cloudflare:nothing"', "1")),
  "internal": load(main('import p from "node-internal:process"', "1")),
  "cf-internal": load(main('import p from "cloudflare-internal:workers"', "1")),
  "https": load(main('import p from "https://a/b.js"', "1")),
  "file": load(main('import p from "file:///main.js"', "1")),
  "dyn missing": load(main('', "import('./x.js')")),
  "dyn missing node": load(main('', "import('node:nothing')")),
  "dyn ok": load({ ...main('', "import('./b.js').then(x => x.a + Object.keys(x))"), "b.js": "export const a = 1" }),
  "dyn global": load({ ...main('const q = await import("./b.js")', "q.a"), "b.js": "export const a = 1" }),
  "dyn throws": load({ ...main('', "import('./b.js')"), "b.js": "throw new RangeError('q')" }),
  "dyn throws twice same": load({ ...main('', "import('./b.js').catch(a => import('./b.js').catch(b => a === b))"), "b.js": "throw new RangeError('q')" }),
  "dyn non-string": load({ ...main('', "import({ toString() { return './b.js' } }).then(x => x.a)"), "b.js": "export const a = 1" }),
  "meta": load(main('', "JSON.stringify(Object.getOwnPropertyNames(import.meta)) + import.meta.url + import.meta.main + typeof import.meta.resolve")),
  "meta proto": load(main('', "Object.getPrototypeOf(import.meta) === null")),
  "json attr": load({ ...main('import j from "./j.json" with { type: "json" }', "JSON.stringify(j)"), "j.json": { json: { a: 1 } } }),
  "json no attr": load({ ...main('import j from "./j.json"', "JSON.stringify(j)"), "j.json": { json: { a: 1 } } }),
  "json frozen": load({ ...main('import j from "./j.json"', "Object.isFrozen(j)"), "j.json": { json: { a: 1 } } }),
  "text attr": load({ ...main('import j from "./j.txt" with { type: "text" }', "j"), "j.txt": { text: "hello" } }),
  "json attr on text": load({ ...main('import j from "./j.txt" with { type: "json" }', "j"), "j.txt": { text: "hello" } }),
  "bytes attr": load({ ...main('import j from "./j.bin" with { type: "bytes" }', "j"), "j.bin": { data: new Uint8Array([1]) } }),
  "attr unknown": load({ ...main('import j from "./j.json" with { foo: "json" }', "j"), "j.json": { json: 1 } }),
  "attr type bad": load({ ...main('import j from "./j.json" with { type: "css" }', "j"), "j.json": { json: 1 } }),
  "dyn attr json": load({ ...main('', "import('./j.json', { with: { type: 'json' } }).then(x => JSON.stringify(x))"), "j.json": { json: { a: 1 } } }),
  "dyn attr bad": load({ ...main('', "import('./j.json', { with: { type: 'x' } }).then(x => JSON.stringify(x))"), "j.json": { json: { a: 1 } } }),
  "dyn attr key": load({ ...main('', "import('./j.json', { with: { k: 'x' } }).then(x => JSON.stringify(x))"), "j.json": { json: { a: 1 } } }),
  "self import": load(main('import * as self from "./main.js"', "Object.keys(self)")),
  "cycle": load({ ...main('import { a } from "./a.js"', "a()"), "a.js": "import { b } from './b.js'; export const a = () => b() + 1; export const z = 1;", "b.js": "import { z } from './a.js'; export const b = () => z;" }),
  "parent of root": load({ ...main('import { a } from "../../a.js"', "a"), "a.js": "export const a = 1;" }),
  "abs": load({ ...main('import { a } from "/a.js"', "a"), "a.js": "export const a = 1;" }),
  "query": load({ ...main('import { a } from "./a.js?x"', "a"), "a.js": "export const a = 1;" }),
  "ns": load({ ...main('import * as a from "./a.js"', "[Object.prototype.toString.call(a), Object.keys(a), Object.isFrozen(a), Object.isSealed(a), Object.getPrototypeOf(a)]"), "a.js": "export const b = 1; export let a = 2; export default 3" }),
  "ns node": load(main('import * as a from "node:path"', "[Object.prototype.toString.call(a), a.default.join === a.join, Object.isFrozen(a.default)]")),
  "node same": load(main('import a from "node:path"; import b from "path"', "a === b")),
  "mutate": load(main('import a, { join } from "node:path"; a.join = 5', "typeof join + a.join")),
  "cwmod": load(main('import { env } from "cloudflare:workers"; const top = env.V', "top + env.V")),
  ...Object.fromEntries(byVersion),
});
