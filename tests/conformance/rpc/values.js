// services: SELF=self#Main
// Workers RPC: plain values as arguments and results: every type of the structured clone.
import { WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

export class Main extends WorkerEntrypoint {
  echo(value) {
    return value;
  }
  all(...values) {
    return values;
  }
  count() {
    return arguments.length;
  }
  kind(value) {
    return Object.prototype.toString.call(value);
  }
  kinds(...values) {
    return values.map((value) => Object.prototype.toString.call(value)).join();
  }
  same(a, b) {
    return [a === b, a.x === b.x];
  }
  self(value) {
    return value.self === value;
  }
  mutate(value) {
    value.changed = true;
    return Object.keys(value);
  }
  nothing() {}
  map(value) {
    return [...value].map(([k, v]) => `${typeof k} ${k}: ${typeof v} ${v}`);
  }
}
const e = ({ env }, value) => env.SELF.echo(value);

export default checks([
  async (t) => [await e(t, undefined), await e(t, null), await e(t, true), await e(t, false)],
  async (t) => [await e(t, 0), await e(t, -0), await e(t, 1.5), await e(t, NaN), await e(t, Infinity), await e(t, -Infinity), await e(t, 2 ** 53), await e(t, 2 ** 31), await e(t, -(2 ** 31))],
  async (t) => [await e(t, 0n), await e(t, -1n), await e(t, 2n ** 200n), await e(t, -(2n ** 64n))],
  async (t) => [await e(t, ""), await e(t, "a\0b"), await e(t, "é"), await e(t, "€ 😀")],
  async (t) => (await e(t, "\ud800")).charCodeAt(0),
  async (t) => (await e(t, "x".repeat(100000))).length,
  async ({ env }) => [await env.SELF.nothing(), await env.SELF.count(), await env.SELF.count(undefined), await env.SELF.count(1, undefined), await env.SELF.count(...Array(300))],
  async ({ env }) => await env.SELF.all(1, "a", null, undefined, [2]),
  async (t) => await e(t, { a: 1, b: { c: [1, 2, { d: null }] }, "": 0, 5: "five" }),
  async (t) => Object.keys(await e(t, { b: 1, a: 2, 1: 3, 0: 4 })),
  async (t) => Object.keys(await e(t, { u: undefined })),
  async (t) => Object.keys(await e(t, { [Symbol("s")]: 1, a: 2 })).length,
  async (t) => Object.keys(await e(t, Object.defineProperty({ a: 1 }, "hidden", { value: 2 }))),
  async (t) => await e(t, { get a() { return 1; }, set b(v) {} }),
  async (t) => await e(t, { get a() { throw new RangeError("mine"); } }),
  async (t) => await e(t, { get a() { throw "text"; } }),
  async (t) => { const o = await e(t, JSON.parse('{"__proto__": {"x": 1}, "constructor": 2, "toString": 3, "then": 4}')); return [Object.keys(o), Object.getPrototypeOf(o) === Object.prototype]; },
  async (t) => Object.isFrozen(await e(t, Object.freeze({ a: 1 }))),
  async (t) => { const o = { a: 1 }; return [await e(t, o) === o, await t.env.SELF.mutate(o), Object.keys(o)]; },
  async (t) => { const a = await e(t, [1, , 3]); return [a.length, 1 in a]; },
  async (t) => (await e(t, new Array(1000))).length,
  async (t) => { const a = await e(t, Object.assign([1], { x: 2 })); return [a.length, a.x, Array.isArray(a)]; },
  async (t) => { const o = { a: [] }; o.self = o; o.a.push(o); const r = await e(t, o); return [r.self === r, r.a[0] === r, await t.env.SELF.self(o)]; },
  async ({ env }) => { const x = {}; const a = { x }; const b = { x }; return [await env.SELF.same(a, a), await env.SELF.same(a, b)]; },
  async ({ env }) => { const x = {}; const [a, b] = await env.SELF.all(x, x); return a === b; },
  async (t) => { let o = {}; for (let i = 0; i < 500; i++) o = { o }; let d = 0; for (let r = await e(t, o); r; r = r.o) d++; return d; },
  async (t) => { const a = []; a[5000000] = 1; a[7] = 2; const k = await e(t, a); return [k.length, Object.keys(k)]; },
  async (t) => { const o = {}; for (let i = 0; i < 10000; i++) o[`k${i}`] = i; const k = await e(t, o); return [Object.keys(k).length, k.k9999]; },
  async (t) => { const k = await e(t, Array.from({ length: 100000 }, (_, i) => i)); return [k.length, k[99999]]; },
  async (t) => Object.keys(await e(t, { "é": 1, "€": 2, "a b": 3, "-1": 4, "1.5": 5, "4294967295": 6, "4294967294": 7 })),
  async (t) => Object.keys(await e(t, { "\ud800": 1 }))[0].charCodeAt(0),
  async (t) => { const a = Object.assign([], { "-1": 1, "1.5": 2, x: 3 }); const k = await e(t, a); return [k.length, Object.keys(k)]; },
  async (t) => (await e(t, new Date(123))).getTime(),
  async (t) => [(await e(t, new Date(NaN))).getTime(), (await e(t, new Date(8.64e15))).toISOString()],
  async (t) => { const r = /a(b)?/dgimsuy; r.lastIndex = 3; const k = await e(t, r); return [k.source, k.flags, k.lastIndex, k instanceof RegExp]; },
  async (t) => { const m = await e(t, new Map([[1, "a"], ["k", { x: 1 }], [null, undefined], [NaN, 0]])); return [m instanceof Map, m.size, [...m.keys()], m.get("k").x]; },
  async (t) => { const m = new Map(); m.set(m, m).set("o", { m }); const k = await e(t, m); return [k.get(k) === k, k.get("o").m === k]; },
  async (t) => { const s = await e(t, new Set([1, "a", [2]])); return [s instanceof Set, s.size, [...s]]; },
  async (t) => { const s = new Set(); s.add(s); const k = await e(t, s); return k.has(k); },
  async ({ env }) => await env.SELF.map(new Map([[1n, true], ["a", 2]])),
  async (t) => { const k = {}; const r = await e(t, { k, m: new Map([[k, 1]]) }); return r.m.get(r.k); },
  async (t) => (await e(t, [new Number(1), new String("s"), new Boolean(false), Object(5n)])).map((x) => [typeof x, x.valueOf()]),
  async (t) => await e(t, new Uint8Array([1, 2, 255]).buffer),
  async (t) => (await e(t, [new Int8Array([-1]), new Uint8ClampedArray([300]), new Int16Array([-2]), new Uint16Array([65535]), new Int32Array([-3]), new Uint32Array([2 ** 32 - 1]), new Float32Array([1.5]), new Float64Array([0.1]), new BigInt64Array([-4n]), new BigUint64Array([5n])])),
  async (t) => { const v = await e(t, new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)); return [v.byteLength, v.byteOffset, v.getUint8(0), v.buffer.byteLength]; },
  async (t) => { const v = await e(t, new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 3)); return [v, v.byteOffset, v.buffer.byteLength]; },
  async (t) => { const b = new ArrayBuffer(8); const [x, y] = await e(t, [new Uint8Array(b, 1, 2), new Uint16Array(b)]); return [x.buffer === y.buffer, x.byteOffset, y.length]; },
  async (t) => { const b = new ArrayBuffer(8); await e(t, b); return b.byteLength; },
  async (t) => { const b = new ArrayBuffer(8); b.transfer(); return await e(t, b); },
  async (t) => { const b = await e(t, new ArrayBuffer(8, { maxByteLength: 16 })); return [b.byteLength, b.resizable, b.maxByteLength]; },
  async (t) => { const v = await e(t, new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 }), 2)); return [v.length, v.byteOffset, v.buffer.resizable]; },
  async (t) => (await e(t, new Float16Array([1.5, -0.1]))),
  async (t) => { const b = await e(t, Buffer.from("abc")); return [b.constructor.name, b]; },
  async (t) => (await e(t, new Uint8Array(0))).length,
  async (t) => { const v = await e(t, new Uint8Array(1 << 20).fill(7)); return [v.length, v[0], v[v.length - 1]]; },
  async ({ env }) => await env.SELF.kinds(1, "", null, undefined, 1n, [], {}, new Map(), new Set(), new Date(0), /a/, new Error("x"), new Uint8Array(1), new ArrayBuffer(1), new Number(1)),
  async ({ env }) => await env.SELF.kind((function () { return arguments; })(1, 2)),
  async (t) => { const x = { a: 1 }; const r = await e(t, { m: new Map([["x", x]]), s: new Set([x]), l: [x], x }); return [r.m.get("x") === r.x, r.s.has(r.x), r.l[0] === r.x]; },
  async (t) => await e(t, Promise.resolve(5)),
  async ({ env }) => await env.SELF.kind(Promise.resolve({ a: 1 })),
  async (t) => await e(t, { p: Promise.resolve(6) }),
  async (t) => await e(t, [Promise.resolve(6)]),
  async (t) => await e(t, Promise.reject(new RangeError("no"))),
  async (t) => await e(t, { then(f) { f(7); } }),
  async (t) => await e(t, Math),
  async (t) => await e(t, globalThis.process && 1),
  async (t) => Object.keys(await e(t, Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true } }))),
  async (t) => { const o = new (class Object {})(); return await e(t, o); },
  async (t) => await e(t, new Proxy([1, 2], {})),
]);
