// memory: 1024
// How large the code of a dynamic Worker may be: 64 MiB of all modules, counted as the bytes that they take.
import { checks } from "../checks.js";

const MAX = 64 << 20, MAIN = `export default { fetch() { return new Response("ran"); } };`;
const load = ({ env }, modules, more) => env.LOADER.load({ compatibilityDate: "2026-11-01", mainModule: "main.js", modules: { "main.js": MAIN, ...modules }, ...more });
const run = async (t, modules) => await (await load(t, modules).getEntrypoint().fetch("http://x/")).text();
const rest = MAX - MAIN.length;

export default checks({
  "text: just as much": (t) => run(t, { a: { text: "x".repeat(rest) } }),
  "text: one more": (t) => load(t, { a: { text: "x".repeat(rest + 1) } }),
  "text: much more": (t) => load(t, { a: { text: "x".repeat(rest + 5000000) } }),
  "text: of three bytes": (t) => load(t, { a: { text: "\u20ac".repeat(25000000) } }),
  "text: of Latin letters": (t) => load(t, { a: { text: "ü".repeat(MAX / 2) } }),
  "data: one more": (t) => load(t, { a: { data: new Uint8Array(rest + 1) } }),
  "data: a part": (t) => run(t, { a: { data: new Uint8Array(MAX + 10).subarray(0, 10) } }),
  "json: as text": (t) => load(t, { a: { json: "x".repeat(rest - 1) } }),
  "js: one more": (t) => load(t, { "a.js": `//${"x".repeat(rest - 1)}` }),
  "cjs: one more": (t) => load(t, { a: { cjs: `//${"x".repeat(rest - 1)}` } }),
  "py does not count first": (t) => load(t, { "a.py": "x".repeat(rest + 1) }),
  "many together": (t) => load(t, Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`m${i}`, { data: new Uint8Array(1 << 20) }]))),
  "twice the same buffer": (t) => {
    const data = new Uint8Array(33 << 20);
    return load(t, { a: { data }, b: { data } });
  },
  "names do not count": (t) => run(t, { ["n".repeat(100000)]: { text: "x".repeat(rest) } }),
  "after a kind": (t) => load(t, { a: { data: new Uint8Array(rest + 1) }, b: {} }),
  "before env": (t) => load(t, { a: { data: new Uint8Array(rest + 1) } }, { env: { f() {} } }),
  "get": async ({ env }) => await env.LOADER.get("too large", () => ({ compatibilityDate: "2026-11-01", mainModule: "main.js", modules: { "main.js": MAIN, a: { data: new Uint8Array(rest + 1) } } })).getEntrypoint().fetch("http://x/"),
  "env: one byte more than fits": (t) => {
    try {
      load(t, {}, { env: { A: "x".repeat(1 << 20) } });
    } catch (e) {
      return e.message.replace(/\d{7} bytes\)/, "N bytes)");
    }
  },
  "env: much more": (t) => {
    try {
      load(t, {}, { env: { A: new Uint8Array(5 << 20) } });
    } catch (e) {
      return e.message.replace(/\d{7} bytes\)/, "N bytes)");
    }
  },
  "env: nearly as much": async (t) => await run({ env: { LOADER: { load: (code) => t.env.LOADER.load({ ...code, env: { A: "x".repeat((1 << 20) - 100) } }) } } }, {}),
});
