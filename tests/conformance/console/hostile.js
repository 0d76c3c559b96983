// log: compare
// console.log: what a Worker made to throw, to lie or to go on for ever.
import { logged } from "../checks.js";

const custom = Symbol.for("nodejs.util.inspect.custom");
const thrower = (what) => ({ [custom]() { throw what; } });

export default logged([
  () => [thrower("text")],
  () => [thrower(undefined), 1],
  () => [thrower(Object.assign(new Error("m"), { stack: "STACK" }))],
  () => [thrower({ toString() { return "thrown object"; } })],
  () => [{ get [Symbol.toStringTag]() { throw "tag"; } }],
  () => [{ get constructor() { throw "constructor"; } }],
  () => [Object.defineProperty({}, "x", { enumerable: true, get() { throw "getter"; } })],
  () => { const f = () => {}; Object.defineProperty(f, "name", { get() { throw "name"; } }); return [f]; },
  () => { const e = new Error("x"); Object.defineProperty(e, "stack", { get() { throw "stack"; } }); return [e]; },
  () => { const e = new Error("x"); Object.defineProperty(e, "message", { get() { throw "message"; } }); return [Object.keys(e)]; },
  () => ["%s", { toString() { throw "toString"; } }],
  () => ["%d", { valueOf() { throw "valueOf"; } }],
  () => ["%j", { toJSON() { throw "toJSON"; } }],
  () => ["%s", new Proxy({}, { get() { throw "trap"; } })],
  () => [Object.create(new Proxy({}, { get(t, k) { return typeof k === "symbol" ? undefined : t[k]; } }))],
  () => [{ [custom]() { return { [custom]() { return { [custom]: () => "third" }; } }; } }],
  () => { let n = 0; const o = { [custom]() { return n++ < 5 ? { [custom]: o[custom] } : n; } }; return [o]; },
  () => [new (class { static get [Symbol.hasInstance]() { throw "hasInstance"; } })()],
  () => [Object.defineProperty(new Map([[1, 2]]), "size", { value: 9 }), Object.defineProperty(new Set([1]), "size", { value: "x" })],
  () => [Object.assign(new Map([[1, 2]]), { entries() { throw 1; }, keys() { throw 2; } })],
  () => [Object.assign(new Date(0), { toISOString() { return "lie"; } }), Object.assign(/x/, { toString() { return "lie"; } })],
  () => [Object.defineProperty(new Uint8Array(2), "length", { value: 1e9 })],
  () => { const d = {}; let at = d; for (let i = 0; i < 20000; i++) at = at.d = {}; return [d]; },
  () => { let c = new Error("0"); c.stack = "0"; for (let i = 1; i < 6; i++) c = Object.assign(new Error(`${i}`, { cause: c }), { stack: `${i}` }); return [c]; },
]);
