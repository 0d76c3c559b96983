// log: compare
// console.log: primitives alone and in containers, strings and their quotes, numbers, boxed values, dates, expressions.
import { logged } from "../checks.js";

console.log("while the module is evaluated", { a: 1 });

export default logged([
  () => [],
  () => [undefined, null, true, false, 0, -0, 1.5, 1e21, NaN, Infinity, 5n, -5n, "s", "", Symbol("x"), Symbol(), Symbol.iterator],
  () => [[undefined, null, true, -0, 1e-7, 5n, "s", "", Symbol("x"), Symbol(), NaN]],
  () => ["two\nlines", "tab\there"],
  () => [["two\nlines", "tab\t", "\0\x1b\x7f\x9f", "\b\f\r\v", "\\", "\u2028", "\ufeff"]],
  () => [["it's", '"', `it's "`, "it's \"`", "it's \"${", "`", "${x}"]],
  () => [["\ud800", "a\udc00b", "😀", "é漢"], { "\ud83d": 1 }],
  () => ["\ud800"],
  () => [["x".repeat(10001), "y".repeat(10003)].map((s) => ({ s }))].map((l) => l.map((o) => Object.keys(o))),
  () => ["z".repeat(300)],
  () => { console.log(`${"a".repeat(3000)}`); },
  () => [Object(1), Object(-0), Object("ab"), Object(true), Object(5n), Object(Symbol("q")), Object("it's")],
  () => [Object.assign(Object("ab"), { x: 1 }), Object.assign(Object(1), { [Symbol("k")]: 2 })],
  () => [Object.setPrototypeOf(Object(1), null), Object.setPrototypeOf(Object("s"), Array.prototype)],
  () => [new (class Num extends Number {})(3), new (class Str extends String {})("t")],
  () => [new Date(0), new Date(NaN), new Date(8.64e15), new Date(-1)],
  () => [Object.assign(new Date(0), { x: 1 }), new (class D extends Date {})(0), Object.setPrototypeOf(new Date(0), null)],
  () => [[new Date(0)], { d: new Date(NaN) }],
  () => [/x/gi, /[/]\n/u, new RegExp("/"), new RegExp("")],
  () => [Object.assign(/x/, { y: 1 }), new (class R extends RegExp {})("a"), Object.setPrototypeOf(/n/, null)],
  () => [globalThis === self, typeof globalThis],
  () => [Math, JSON, Reflect, Atomics === undefined],
  () => [Intl],
  () => [1, "a", [1], { a: 1 }, null],
  () => ["a", "b", { c: "d" }, "e"],
  () => [{ a: 1n, b: -0, c: "x", d: undefined }],
]);
