// CommonJS modules of dynamic Workers: module, exports, require() among modules of all kinds, cycles, errors.
import { checks } from "../checks.js";

const DATE = "2026-11-01";

// Loads a Worker whose main module says what `source` returns.
async function run(env, source, modules = {}, flags = []) {
  const main = `${modules.imports ?? ""}
    export default { async fetch() {
      const value = await (async () => { ${source} })();
      return Response.json(value === undefined ? "undefined" : value);
    } };`;
  const { imports, ...rest } = modules;
  const worker = env.LOADER.load({ compatibilityDate: DATE, compatibilityFlags: flags, mainModule: "main.js",
    modules: { "main.js": main, ...rest } });
  const told = (e) => `${e.name}: ${e.message.replace(/\n    at .*/gs, "")}`;
  try {
    return await (await worker.getEntrypoint().fetch("http://x/")).json();
  } catch (e) {
    return told(e);
  }
}
const cjs = (source) => ({ cjs: source });
const imports = (list) => list.map((name, i) => `import ${name};`).join("\n");

export default checks({
  "default is module.exports": ({ env }) =>
    run(env, "return [a, typeof a];", { imports: 'import a from "a";', a: cjs("module.exports = { one: 1 };") }),
  "exports of a file by its name": ({ env }) =>
    run(env, "return a;", { imports: 'import a from "./lib/a.cjs";', "lib/a.cjs": cjs("exports.x = 1; exports.y = 2;") }),
  "named imports": ({ env }) =>
    run(env, "return [x, ns.default, Object.keys(ns)];", {
      imports: 'import { x } from "a"; import * as ns from "a";', a: cjs("exports.x = 1; exports.y = 2;") }),
  "the namespace": ({ env }) =>
    run(env, "return [Object.keys(ns), typeof ns.default, ns.x === undefined];", {
      imports: 'import * as ns from "a";', a: cjs("exports.x = 1; exports.y = 2;") }),
  "a function as exports": ({ env }) =>
    run(env, "return [f(2), f.z];", { imports: 'import f from "a";', a: cjs("module.exports = (n) => n * 2; module.exports.z = 5;") }),
  "a number as exports": ({ env }) => run(env, "return f;", { imports: 'import f from "a";', a: cjs("module.exports = 7;") }),
  "null as exports": ({ env }) => run(env, "return f;", { imports: 'import f from "a";', a: cjs("module.exports = null;") }),
  "undefined as exports": ({ env }) => run(env, "return f;", { imports: 'import f from "a";', a: cjs("module.exports = undefined;") }),
  "exports replaced": ({ env }) => run(env, "return f;", { imports: 'import f from "a";', a: cjs("exports = { lost: 1 };") }),
  "what is in scope": ({ env }) =>
    run(env, "return f;", { imports: 'import f from "a";',
      a: cjs("module.exports = [typeof module, typeof exports, typeof require, typeof __filename, typeof __dirname, typeof process, typeof Buffer, typeof global, this === module.exports, this === undefined, this === globalThis];") }),
  "what is in scope with nodejs_compat": ({ env }) =>
    run(env, "return f;", { imports: 'import f from "a";',
      a: cjs("module.exports = [typeof module, typeof exports, typeof require, typeof __filename, typeof __dirname, typeof process, typeof Buffer, typeof global];") }, ["nodejs_compat"]),
  "names of the file": ({ env }) =>
    run(env, "return f;", { imports: 'import f from "./lib/deep/a.cjs";',
      "lib/deep/a.cjs": cjs("module.exports = [typeof __filename === 'undefined' ? 0 : __filename, typeof __dirname === 'undefined' ? 0 : __dirname];") }),
  "module and require": ({ env }) =>
    run(env, "return f;", { imports: 'import f from "./x/a";',
      "x/a": cjs("const d = Object.getOwnPropertyDescriptor(module, 'path'), p = Object.getPrototypeOf(module); module.exports = [module.path, d && Object.keys(d), d?.writable, module.constructor.name, Object.getOwnPropertyNames(p), Object.getPrototypeOf(p) === Object.prototype, Object.prototype.toString.call(require), require.prototype === undefined, JSON.stringify(module)];") }),
  "own properties of module": ({ env }) =>
    run(env, "return f;", { imports: 'import f from "a";',
      a: cjs("const p = []; for (const k in module) p.push(k); module.exports = [p, Object.getOwnPropertyNames(module), Object.prototype.toString.call(module), typeof require.resolve, Object.keys(require), require.name, require.length];") }),
  "sloppy mode": ({ env }) =>
    run(env, "return [f, typeof undeclared];", { imports: 'import f from "a";', a: cjs("undeclared = 5; module.exports = (function () { return this === globalThis; })();") }),
  "its own scope": ({ env }) =>
    run(env, "return [typeof hidden, f];", { imports: 'import f from "a";', a: cjs("var hidden = 1; function g() {} module.exports = [hidden, typeof g];") }),
  "return at top": ({ env }) => run(env, "return f;", { imports: 'import f from "a";', a: cjs("exports.a = 1; return; exports.b = 2;") }),
  "a hashbang": ({ env }) => run(env, "return f;", { imports: 'import f from "a";', a: cjs("#!/usr/bin/env node\nmodule.exports = 1;") }),
  "import() in it": ({ env }) =>
    run(env, "return (await f()).default;", { imports: 'import f from "a";', a: cjs("module.exports = () => import('b');"), b: { js: "export default 'esm';" } }),
  "require of another": ({ env }) =>
    run(env, "return f;", { imports: 'import f from "a";', a: cjs("module.exports = require('b') + 1;"), b: cjs("module.exports = 41;") }),
  "require by a path": ({ env }) =>
    run(env, "return f;", { imports: 'import f from "./lib/a";',
      "lib/a": cjs("module.exports = [require('./b'), require('../c'), require('/c'), require('b')];"), "lib/b": cjs("module.exports = 'lib/b';"), c: cjs("module.exports = 'c';") }),
  "require without the ending": ({ env }) =>
    run(env, "return f;", { imports: 'import f from "a.cjs";', "a.cjs": cjs("module.exports = require('./b');"), "b.cjs": cjs("module.exports = 1;") }),
  "require of a folder": ({ env }) =>
    run(env, "return f;", { imports: 'import f from "a.cjs";', "a.cjs": cjs("module.exports = require('./b');"), "b/index.js": cjs("module.exports = 1;") }),
  "require twice is one module": ({ env }) =>
    run(env, "return f;", { imports: 'import f from "a";', a: cjs("require('b').n++; require('./b').n++; module.exports = require('b').n;"), b: cjs("exports.n = 1;") }),
  "one module for import and require": ({ env }) =>
    run(env, "return [a.b === b, b.count];", { imports: 'import a from "a"; import b from "b";', a: cjs("exports.b = require('b'); exports.b.count++;"), b: cjs("exports.count = 0;") }),
  "a cycle": ({ env }) =>
    run(env, "return [a, b];", { imports: 'import a from "a"; import b from "b";',
      a: cjs("exports.early = 1; const b = require('b'); exports.saw = { ...b }; exports.late = 2;"), b: cjs("const a = require('a'); exports.saw = { ...a }; exports.done = 1;") }),
  "a cycle with module.exports": ({ env }) =>
    run(env, "return a;", { imports: 'import a from "a";', a: cjs("const b = require('b'); module.exports = { b };"), b: cjs("const a = require('a'); module.exports = Object.keys(a);") }),
  "itself": ({ env }) => run(env, "return a;", { imports: 'import a from "a";', a: cjs("exports.x = 1; exports.same = require('a') === exports;") }).then((v) => JSON.stringify(v)),
  "require of an ES module": ({ env }) =>
    run(env, "return a;", { imports: 'import a from "a";', a: cjs("const b = require('b'); module.exports = [Object.keys(b), b.x, b.default, String(b)];"), b: { js: "export const x = 1; export default 2;" } }),
  "require of an ES module that awaits": ({ env }) =>
    run(env, "return a;", { imports: 'import a from "a";', a: cjs("module.exports = require('b').x;"), b: { js: "export const x = await Promise.resolve(1);" } }),
  "require of an ES module that awaits long": ({ env }) =>
    run(env, "return a;", { imports: 'import a from "a";', a: cjs("module.exports = require('b').x;"), b: { js: "export const x = await new Promise(() => {});" } }),
  "require of an ES module that throws": ({ env }) =>
    run(env, "return a;", { imports: 'import a from "a";', a: cjs("try { require('b'); } catch (e) { module.exports = [e.name, e.message]; }"), b: { js: "throw new RangeError('in b');" } }),
  "require of text, data, json": ({ env }) =>
    run(env, "return a;", { imports: 'import a from "a";',
      a: cjs("const d = require('d'); module.exports = [require('t'), d instanceof ArrayBuffer ? d.byteLength : typeof d, require('j'), require('j') === require('j')];"),
      t: { text: "text" }, d: { data: new Uint8Array(5).buffer }, j: { json: { a: [1] } } }),
  "require of the platform's": ({ env }) =>
    run(env, "return a;", { imports: 'import a from "a";', a: cjs("const w = require('cloudflare:workers'); module.exports = [typeof w.WorkerEntrypoint, typeof w.default];") }),
  "require of node's": ({ env }) =>
    run(env, "return a;", { imports: 'import a from "a";', a: cjs("module.exports = [require('node:path').join('a', 'b'), require('path').join('c', 'd'), typeof require('node:buffer').Buffer, require('events').name, typeof require('events').EventEmitter, typeof require('assert'), typeof require('util').inspect];") }, ["nodejs_compat"]),
  "require of node's without nodejs_compat": ({ env }) =>
    run(env, "return a;", { imports: 'import a from "a";', a: cjs("module.exports = [typeof require('node:path')];") }, ["no_nodejs_compat", "no_nodejs_compat_v2"]),
  "require of what is not there": ({ env }) =>
    run(env, "return a;", { imports: 'import a from "a";', a: cjs("try { require('./absent'); } catch (e) { module.exports = [e.name, e.message, e.code ?? 'none']; }") }),
  "require of what is not there, uncaught": ({ env }) => run(env, "return a;", { imports: 'import a from "a";', a: cjs("require('./absent');") }),
  "require() of nothing": ({ env }) =>
    run(env, "return a;", { imports: 'import a from "a";', a: cjs("const t = (f) => { try { return String(f()); } catch (e) { return e.name + ': ' + e.message; } }; module.exports = [t(() => require()), t(() => require(null)), t(() => require(5)), t(() => require({ toString: () => 'b' })), t(() => require('../../b')), t(() => require(Symbol()))];"), b: cjs("module.exports = 'b';") }),
  "a module that throws": ({ env }) => run(env, "return a;", { imports: 'import a from "a";', a: cjs("throw new RangeError('thrown');") }),
  "a module that throws, required twice": ({ env }) =>
    run(env, "return a;", { imports: 'import a from "a";',
      a: cjs("const t = () => { try { require('b'); return 'loaded'; } catch (e) { return e.name + ': ' + e.message; } }; module.exports = [t(), t(), typeof n === 'undefined' ? 0 : n];"), b: cjs("globalThis.n = (globalThis.n ?? 0) + 1; exports.x = 1; throw new RangeError('b fails');") }),
  "a module that does not parse": ({ env }) => run(env, "return 1;", { imports: 'import a from "a";', a: cjs("let let = ;") }).then((v) => String(v).split("\n")[0].slice(0, 60)),
  "import and export in it": ({ env }) => run(env, "return 1;", { imports: 'import a from "a";', a: cjs("export default 1;") }).then((v) => String(v).split("\n")[0].slice(0, 60)),
  "await at top": ({ env }) => run(env, "return 1;", { imports: 'import a from "a";', a: cjs("await 1;") }).then((v) => String(v).split("\n")[0].slice(0, 60)),
  "as the main module": async ({ env }) => {
    const worker = env.LOADER.load({ compatibilityDate: DATE, mainModule: "main.cjs", modules: { "main.cjs": cjs("module.exports = { fetch() { return new Response('cjs main'); } };") } });
    return await (await worker.getEntrypoint().fetch("http://x/")).text();
  },
  "as the main module, exports.default": async ({ env }) => {
    const worker = env.LOADER.load({ compatibilityDate: DATE, mainModule: "main.cjs", modules: { "main.cjs": cjs("exports.default = { fetch() { return new Response('default'); } }; exports.other = { fetch() { return new Response('other'); } };") } });
    const texts = [];
    for (const name of [undefined, "other"])
      texts.push(await worker.getEntrypoint(name).fetch("http://x/").then((r) => r.text(), (e) => e.message.split("\n")[0]));
    return texts;
  },
  "env at top": ({ env }) =>
    run(env, "return a;", { imports: 'import a from "a";', a: cjs("const { env } = require('cloudflare:workers'); module.exports = typeof env;") }),
  "a handler that requires later": ({ env }) =>
    run(env, "return a.later();", { imports: 'import a from "a";', a: cjs("exports.later = () => require('./b').x;"), b: cjs("exports.x = 'late';") }),
  "a getter in exports": ({ env }) =>
    run(env, "return [a.x, a.x];", { imports: 'import a from "a";', a: cjs("let n = 0; Object.defineProperty(exports, 'x', { get: () => ++n, enumerable: true });") }),
  "module.exports set later": ({ env }) =>
    run(env, "a.change(); return a.now();", { imports: 'import a from "a";', a: cjs("exports.change = () => { module.exports = 5; }; exports.now = () => [typeof module.exports, typeof require('a')];") }),
  "__esModule": ({ env }) =>
    run(env, "return [a, Object.keys(ns)];", { imports: 'import a from "a"; import * as ns from "a";', a: cjs("Object.defineProperty(exports, '__esModule', { value: true }); exports.default = 'd'; exports.x = 1;") }),
  "a cycle with an ES module": ({ env }) =>
    run(env, "return a;", { imports: 'import a from "a";', a: cjs("try { module.exports = typeof require('b'); } catch (e) { module.exports = `${e.name}: ${e.message}`; }"), b: { js: "import a from 'a'; export default a;" } }),
  "the main module, required": ({ env }) =>
    run(env, "return a;", { imports: 'import a from "a";', a: cjs("try { module.exports = typeof require('main.js'); } catch (e) { module.exports = `${e.name}: ${e.message}`; }") }),
  "main modules that are not code": async ({ env }) => {
    const texts = [];
    for (const module of [{ text: "t" }, { json: {} }, { data: new ArrayBuffer(1) }]) {
      const worker = env.LOADER.load({ compatibilityDate: DATE, mainModule: "m", modules: { m: module } });
      texts.push(await worker.getEntrypoint().fetch("http://x/").then((r) => r.text(), (e) => `${e.name}: ${e.message}`));
    }
    return texts;
  },
  "require of an ES module by date": async ({ env }) => {
    const got = [];
    for (const date of ["2025-06-01", "2026-01-21", "2026-01-22", "2026-06-01"]) {
      const worker = env.LOADER.load({ compatibilityDate: date, mainModule: "m.js", modules: {
        "m.js": "import a from 'a'; export default { fetch() { return Response.json(a); } };",
        a: cjs("const b = require('b'); module.exports = [typeof b, b.x ?? 0, typeof require('c')];"),
        b: { js: "export const x = 1; export default 2;" }, c: { js: "export const y = 1;" } } });
      got.push([date, await worker.getEntrypoint().fetch("http://x/").then((r) => r.json(), (e) => e.message)]);
    }
    return got;
  },
  "named cjs by string ending": async ({ env }) => {
    try {
      env.LOADER.load({ compatibilityDate: DATE, mainModule: "m.cjs", modules: { "m.cjs": "module.exports = 1;" } });
      return "taken";
    } catch (e) {
      return `${e.name}: ${e.message}`;
    }
  },
});
