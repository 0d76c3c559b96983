// services: SELF=self#Main
// env of WorkerCode: what arrives as what, what is refused and in which words.
import { RpcTarget, RpcStub, WorkerEntrypoint, WorkflowEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

export class Main extends WorkerEntrypoint {
  hello() {
    return "hello";
  }
  target() {
    return new Target();
  }
}
class Target extends RpcTarget {}
class Foreign {}

const SHOW = `
const show = (v) => v === null ? "null" : typeof v !== "object" ? typeof v + " " + String(v) : v instanceof ArrayBuffer ? "ArrayBuffer " + new Uint8Array(v) + (v.resizable ? " of " + v.maxByteLength : "")
  : ArrayBuffer.isView(v) ? v.constructor.name + " " + (v instanceof DataView ? v.byteLength : String(v)) + " at " + v.byteOffset + " of " + v.buffer.byteLength
  : v instanceof Map ? "Map " + [...v].map(([k, w]) => show(k) + " => " + show(w)) : v instanceof Set ? "Set " + [...v].map(show)
  : v instanceof Error ? v.constructor.name + " " + v.name + ": " + v.message + " " + v.code + (v.cause ? " because " + show(v.cause) : "") : v instanceof Date ? "Date " + v.getTime()
  : v instanceof RegExp ? "RegExp " + String(v) + v.lastIndex : Array.isArray(v) ? "[" + v.length + ": " + Object.keys(v).map((k) => k + " " + show(v[k])) + "]"
  : [Number, String, Boolean].some((c) => v instanceof c) ? v.constructor.name + " " + v
  : Object.getPrototypeOf(v) === Object.prototype ? "{" + Object.keys(v).map((k) => k + ": " + show(v[k])) + "}" : "a " + v?.constructor?.name;
`;
const run = async ({ env }, values, body = "return show(env);") => {
  const main = `${SHOW} export default { async fetch(request, env) { const result = await (async () => { ${body} })(); return new Response(result); } };`;
  const worker = env.LOADER.load({ compatibilityDate: "2026-11-01", mainModule: "main.js", modules: { "main.js": main }, env: values });
  return await (await worker.getEntrypoint().fetch("http://x/")).text();
};
const one = (t, X) => run(t, { X }, "return show(env.X);");

const values = {
  "undefined": () => undefined, "null": () => null, "true": () => true, "a number": () => 1.5, "-0": () => -0, "NaN": () => NaN, "a bigint": () => -(2n ** 70n), "a text": () => "ü\u{1f600}\u0000", "a lone surrogate": () => "\ud800",
  "an empty object": () => ({}), "nested": () => ({ a: { b: [{ c: null }] } }), "an array": () => [1, , undefined], "an array with a property": () => Object.assign([1], { a: 2 }), "a sparse array": () => { const a = []; a[5] = 1; return a; },
  "a Date": () => new Date(5), "an invalid Date": () => new Date(NaN), "a RegExp": () => /a+/giu, "a RegExp in use": () => { const r = /a/g; r.exec("aa"); return r; },
  "a Map": () => new Map([[{ a: 1 }, new Map()], [1, "x"]]), "a Set": () => new Set([1, [2], new Set()]), "a Number": () => new Number(5), "a String": () => new String("s"), "a Boolean": () => new Boolean(false), "a BigInt object": () => Object(5n),
  "a Symbol object": () => Object(Symbol("s")), "an ArrayBuffer": () => new Uint8Array([1, 2]).buffer, "a resizable ArrayBuffer": () => new ArrayBuffer(2, { maxByteLength: 8 }), "a Uint8Array": () => new Uint8Array([1, 2, 3]).subarray(1), "a Float64Array": () => new Float64Array([1.5]),
  "a DataView": () => new DataView(new ArrayBuffer(8), 2, 3), "a BigInt64Array": () => new BigInt64Array([5n]), "a Buffer": () => Buffer.from("ab"), "an Error": () => new Error("m"), "a TypeError with a cause": () => new TypeError("m", { cause: new RangeError("c") }),
  "an Error with properties": () => Object.assign(new Error("m"), { code: 5, name: "Mine" }), "an AggregateError": () => new AggregateError([new Error("a")], "m"), "a class of Error": () => new (class Own extends Error { name = "Own"; })("m"), "a DOMException": () => new DOMException("m", "AbortError"),
  "a getter": () => ({ get a() { return "got"; } }), "not enumerable": () => Object.defineProperty({ a: 1 }, "b", { value: 2 }), "a symbol key": () => ({ a: 1, [Symbol("s")]: 2 }), "an inherited property": () => Object.create({ a: 1 }), "__proto__": () => JSON.parse('{"__proto__": {"a": 1}}'),
  "a null prototype": () => Object.create(null), "an instance": () => new Foreign(), "an arguments object": () => (function () { return arguments; })(1, 2), "a function": () => function f() {}, "an arrow function": () => () => 1, "a class": () => class A {}, "an async function": () => async () => {}, "a symbol": () => Symbol("s"),
  "a Promise": () => Promise.resolve(1), "a WeakMap": () => new WeakMap(), "a WeakRef": () => new WeakRef({}), "a generator": () => (function* () {})(), "a module": () => import("cloudflare:workers"), "globalThis": () => globalThis, "a Proxy of an object": () => new Proxy({ a: 1 }, {}),
  "Headers": () => new Headers({ a: "b" }), "a Request": () => new Request("http://a/"), "a Request with a body": () => new Request("http://a/", { method: "POST", body: "x" }), "a Request without one": () => new Request("http://a/", { method: "PUT", headers: { a: "b" } }), "a Response": () => new Response("x"), "a Response without a body": () => new Response(null, { status: 204 }), "a Blob": () => new Blob(["x"]), "a File": () => new File(["x"], "f"), "FormData": () => new FormData(), "a URL": () => new URL("http://a/"), "URLSearchParams": () => new URLSearchParams("a=b"),
  "a ReadableStream": () => new ReadableStream(), "a WritableStream": () => new WritableStream(), "a TransformStream": () => new TransformStream(), "an AbortSignal": () => new AbortController().signal, "an AbortController": () => new AbortController(), "an Event": () => new Event("x"), "an EventTarget": () => new EventTarget(), "a WebSocket": () => new WebSocketPair()[0],
  "a TextEncoder": () => new TextEncoder(), "performance": () => performance, "crypto": () => crypto, "caches": () => caches.default, "a MessagePort": () => new MessageChannel().port1,
  "a target": () => new Target(), "a stub of a target": () => new RpcStub(new Target()), "a stub of a function": () => new RpcStub(() => 1), "an entrypoint": () => WorkerEntrypoint, "a class of entrypoints": () => Main, "WorkflowEntrypoint": () => WorkflowEntrypoint,
};
const late = {
  "the loader": (t) => one(t, t.env.LOADER),
  "the env": (t) => run(t, t.env),
  "the ctx": (t) => one(t, t.ctx),
  "the request": (t) => one(t, t.request),
  "ctx.exports": (t) => one(t, t.ctx.exports),
  "ctx.exports.Main": (t) => one(t, t.ctx.exports.Main),
  "ctx.exports.Main({})": (t) => run(t, { S: t.ctx.exports.Main({}) }, "return await env.S.hello();"),
  "a service binding": (t) => run(t, { S: t.env.SELF }, "return [await env.S.hello(), env.S.constructor.name, typeof env.S.fetch].join();"),
  "a service binding, deep": (t) => run(t, { a: [{ m: new Map([["s", t.env.SELF]]) }] }, "return await env.a[0].m.get('s').hello();"),
  "a service binding twice": (t) => run(t, { A: t.env.SELF, B: t.env.SELF }, "return [env.A === env.B, await env.A.hello(), await env.B.hello()].join();"),
  "a service binding as key": (t) => run(t, { m: new Map([[t.env.SELF, 1]]) }, "return await [...env.m.keys()][0].hello();"),
  "a method of a service binding": (t) => one(t, t.env.SELF.hello),
  "a promise of a call": (t) => one(t, t.env.SELF.hello()),
  "what a call gave": async (t) => one(t, await t.env.SELF.target()),
  "a stub of a Worker": (t) => one(t, t.env.LOADER.load({ compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": "" } })),
  "an entrypoint of a dynamic Worker": (t) => one(t, t.env.LOADER.load({ compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": "" } }).getEntrypoint()),
  "a cycle": (t) => { const a = {}; a.a = a; return run(t, { a }, "return String(env.a === env.a.a);"); },
  "a cycle of env itself": (t) => { const a = {}; a.a = a; return run(t, a, "return String(env === env.a);"); },
  "one object twice": (t) => { const o = { n: 1 }; return run(t, { a: o, b: [o] }, "return String(env.a === env.b[0]);"); },
  "one buffer of two views": (t) => { const b = new ArrayBuffer(4); return run(t, { a: new Uint8Array(b), b: new Uint16Array(b) }, "return String(env.a.buffer === env.b.buffer);"); },
  "what a Request is": (t) => run(t, { X: new Request("http://a/b", { method: "PUT", headers: { a: "b" }, redirect: "manual" }) }, "const { X } = env; return [X.url, X.method, X.headers.get('a'), X.redirect, X.body].join();"),
  "what a Response is": (t) => run(t, { X: new Response(null, { status: 404, statusText: "Gone", headers: { a: "b" } }) }, "const { X } = env; return [X.status, X.statusText, X.headers.get('a'), X.body, X.ok].join();"),
  "what Response.error() is": (t) => run(t, { X: Response.error() }, "return [env.X.status, env.X.type].join();"),
  "what Headers are": (t) => run(t, { X: new Headers([["set-cookie", "a"], ["set-cookie", "b"]]) }, "return env.X.getSetCookie().join();"),
  "what a Blob is": (t) => run(t, { X: new Blob(["ab"], { type: "text/plain" }) }, "return await env.X.text() + env.X.type;"),
  "keys in order": (t) => run(t, { b: 1, a: 2, 2: 3, 1: 4, "": 5, "a b": 6, "ü": 7 }, "return Object.keys(env).join('|');"),
  "keys of Object.prototype": (t) => run(t, JSON.parse('{"constructor":1,"toString":2,"hasOwnProperty":3}'), "return JSON.stringify(env);"),
  "the key __proto__": (t) => run(t, JSON.parse('{"__proto__":{"polluted":1},"a":2}'), "return JSON.stringify([env.polluted, Object.keys(env), {}.polluted]);"),
  "many keys": (t) => run(t, Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, i])), "return String(Object.keys(env).length + env.k4999);"),
  "deep": (t) => { let v = 1; for (let i = 0; i < 400; i++) v = [v]; return run(t, { v }, "let n = 0; for (let v = env.v; Array.isArray(v); v = v[0]) n++; return String(n);"); },
  "of an array": (t) => run(t, [1, 2], "return Array.isArray(env) + JSON.stringify(env);"),
  "of a Map": (t) => run(t, new Map([["a", 1]]), "return show(env);"),
  "of an instance": (t) => run(t, new Foreign()),
  "of a null prototype": (t) => run(t, Object.assign(Object.create(null), { a: 1 })),
  "it is a copy for each Worker": async (t) => {
    const values = { list: [1] };
    return [await run(t, values, "env.list.push(2); return String(env.list);"), await run(t, values, "env.list.push(3); return String(env.list);"), values.list];
  },
  "it can be changed": (t) => run(t, { a: 1 }, "env.a = 2; env.b = 3; delete env.c; return JSON.stringify([env, Object.isFrozen(env), Object.isExtensible(env)]);"),
  "it is cloudflare:workers' env": (t) => run(t, { a: { b: 1 } }, `const { env: other } = await import("cloudflare:workers"); return [other.a === env.a, other.a.b].join();`),
  "it is one for all events": async ({ env }) => {
    const main = "export default { fetch(request, env) { env.n = (env.n ?? 0) + 1; return new Response(String(env.n)); } };";
    const e = env.LOADER.load({ compatibilityDate: "2026-11-01", mainModule: "main.js", modules: { "main.js": main }, env: {} }).getEntrypoint();
    return [await (await e.fetch("http://x/")).text(), await (await e.fetch("http://x/")).text()];
  },
};

export default checks({ ...Object.fromEntries(Object.entries(values).map(([name, make]) => [name, async (t) => {
  const X = name === "a module" ? await make() : make();
  return await one(t, X);
}])), ...late });
