// loader_types.test.mjs: what the loader has beyond workerd's (logs, fresh, limits.wallMs and memoryMb, list(), delete())
// with every kind of value: converted, or refused in words that name the member. What workerd has too is compared with it:
// tests/conformance/loader/matrix.js.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DATE, request, serve } from "./harness.mjs";

const HOST = `
const throwing = (what) => { throw new RangeError("mine: " + what); };
const revoked = () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; };
const values = {
  undefined, null: null, false: false, true: true, zero: 0, one: 1, minus: -1, half: 1.5, large: 2 ** 32, NaN, Infinity, bigint: 5n, empty: "", text: "text", digits: " 7 ", collect: "collect", Collect: "Collect",
  symbol: Symbol("s"), object: {}, bare: Object.create(null), array: [], arrow: () => 1, String: new String("collect"), Number: new Number(7), revoked: revoked(),
  proxy: new Proxy({}, { get: (o, k) => throwing(String(k)) }), throws: { toString: () => throwing("toString"), valueOf: () => throwing("valueOf") }, primitive: { [Symbol.toPrimitive]: (hint) => (hint === "number" ? 60000 : "as " + hint) },
};
const code = (more) => ({ compatibilityDate: "${DATE}", mainModule: "m.js", modules: { "m.js": "export default { fetch() { console.log('said'); return new Response('ran'); } };" }, ...more });
const roomy = (v) => (v === 0 || v === 1 || v === 1.5 || typeof v === "boolean" || v === "" || v === " 7 " || Array.isArray(v) || v instanceof Number ? 60000 : v);
let unique = 0;
const name = () => "types " + ++unique;
const run = async (worker, options) => {
  const stub = worker.getEntrypoint(null, options), text = await (await stub.fetch("http://x/")).text();
  const logs = stub.logs(); // of one that does not collect it is a method of its Worker, which has none
  if (!Array.isArray(logs)) await logs.catch(() => {});
  return text + (Array.isArray(logs) ? " " + logs[0].message : "");
};
const fields = {
  logs: (L, v) => run(L.load(code({ logs: v }))),
  "options.logs": (L, v) => run(L.get(name(), () => code(), { logs: v })),
  "options.fresh": async (L, v) => { const id = name(), out = await run(L.get(id, () => code(), { fresh: v })); return out + ((await L.list()).find((each) => each.id === id)?.fresh ? " fresh" : ""); },
  options: (L, v) => run(L.get(name(), () => code(), v)),
  "fresh of the code": (L, v) => run(L.load(code({ fresh: v }))),
  "fresh of a callback's code": (L, v) => run(L.get(name(), () => code({ fresh: v }))),
  wallMs: (L, v) => run(L.load(code({ limits: { wallMs: roomy(v) } }))),
  memoryMb: (L, v) => run(L.load(code({ limits: { memoryMb: v } }))),
  "wallMs of an entrypoint": (L, v) => run(L.load(code()), { limits: { wallMs: roomy(v) } }),
  "memoryMb of an entrypoint": (L, v) => run(L.load(code()), { limits: { memoryMb: v } }),
  "delete()": async (L, v) => await L.delete(v),
};
export default {
  async fetch(request, env) {
    const use = fields[await request.text()], results = {};
    for (const key of Object.keys(values)) {
      try { results[key] = await use(env.LOADER, values[key]); } catch (e) { results[key] = e.name + ": " + e.message; }
    }
    return Response.json(results);
  },
};`;
let server;
before(async () => (server = await serve({ "index.js": HOST }, { worker_loaders: [{ binding: "LOADER" }] })));
after(async () => assert.deepEqual(await server.stop(), { code: 0, signal: null }));
const all = async (field) => JSON.parse((await request(server, "/", { method: "POST", body: field })).text);

const ABSENT = ["undefined", "null"], FALSY = [...ABSENT, "false", "zero", "NaN", "empty"];
const NO_INTEGER = "TypeError: The value cannot be converted because it is not an integer.";
const NUMBERS = {
  minus: "TypeError: The value cannot be converted because it is negative and this API expects a positive number.",
  large: "TypeError: Value out of range. Must be less than or equal to 4294967295.",
  bigint: "TypeError: Cannot convert a BigInt value to a number", symbol: "TypeError: Cannot convert a Symbol value to a number",
  proxy: "RangeError: mine: Symbol(Symbol.toPrimitive)", throws: "RangeError: mine: valueOf",
  ...Object.fromEntries(["NaN", "Infinity", "text", "collect", "Collect", "object", "arrow", "String"].map((key) => [key, NO_INTEGER])),
};
const ENGINES = { bare: /^TypeError: /, revoked: /^TypeError: / }; // its own words
/** Every value, as `usual` says unless it is among `others`; `odd`: what the engine refuses. */
async function expects(field, usual, others = {}, odd = {}) {
  for (const [key, said] of Object.entries(await all(field))) {
    if (odd[key]) assert.match(said, odd[key], `${field}: ${key}`);
    else assert.equal(said, key in others ? others[key] : usual(key), `${field}: ${key}`);
  }
}

test("logs, of the code and of get()", async () => {
  const refused = `TypeError: 'logs' is "collect", or absent.`;
  for (const field of ["logs", "options.logs"])
    await expects(field, (key) => (ABSENT.includes(key) ? "ran" : key === "collect" ? "ran said" : refused));
});

test("fresh is whatever is true, of get() alone", async () => {
  await expects("options.fresh", (key) => (FALSY.includes(key) ? "ran" : "ran fresh"));
  await expects("fresh of the code", () => "ran");
  await expects("fresh of a callback's code", () => "ran", { true: "TypeError: 'fresh' is an option of get(), not of the code that its callback gives." });
});

test("options that are no object are none, as further arguments are to workerd", async () => {
  await expects("options", () => "ran", { proxy: "RangeError: mine: fresh" }, { revoked: ENGINES.revoked });
});

test("wallMs and memoryMb are numbers as workerd's limits are", async () => {
  await expects("wallMs", () => "ran", NUMBERS, ENGINES);
  await expects("memoryMb", () => "ran", NUMBERS, ENGINES);
  await expects("wallMs of an entrypoint", () => "ran", NUMBERS, ENGINES);
  await expects("memoryMb of an entrypoint", (key) => (ABSENT.includes(key) ? "ran" : "TypeError: limits.memoryMb is a Worker's: it cannot be given for one of its entrypoints."), NUMBERS, ENGINES);
});

test("delete() of whatever has a text", async () => {
  await expects("delete()", () => false, { symbol: "TypeError: Cannot convert a Symbol value to a string", proxy: "RangeError: mine: Symbol(Symbol.toPrimitive)", throws: "RangeError: mine: toString" }, ENGINES);
});
