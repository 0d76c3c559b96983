// log: compare
// console.log: functions and classes of every kind.
import { logged } from "../checks.js";

class A { static s = 1; static m() {} }
class B extends A {}

export default logged([
  () => [() => {}, function () {}, function named() {}, async () => {}, async function af() {}, function* g() {}, async function* ag() {}],
  () => [[() => {}, function named() {}], { f() {}, g: () => {}, async h() {}, *i() {}, async *j() {}, ["k" + 1]: () => {} }],
  () => [class {}, class Named {}, class extends A {}, A, B, class extends null {}, [A, B]],
  () => [class X { static a = 1; }, class Y extends (class {}) {}, class Z extends Array {}],
  () => [Object.assign(function f() {}, { a: 1, b: { c: 1 } }), Object.assign(() => {}, { [Symbol("s")]: 1 })],
  () => [Object.defineProperty(() => {}, "name", { value: "other" }), Object.defineProperty(function f() {}, "name", { value: 5 })],
  () => [Object.defineProperty(class Q {}, "name", { value: "" }), Object.setPrototypeOf(function f() {}, null)],
  () => [Object.setPrototypeOf(function f() {}, A.prototype), Object.setPrototypeOf(class C {}, null), Object.setPrototypeOf(() => {}, Map)],
  () => [Object, Array, Math.max, Symbol, Proxy, Function.prototype, Promise.resolve, parseInt],
  () => [Request, Headers, URL, fetch, structuredClone, Response.json, AbortSignal.timeout],
  () => [A.m, new A().constructor, (() => {}).bind(), function b() {}.bind(null)],
  () => [{ get: Object.getOwnPropertyDescriptor(Map.prototype, "size").get }, Object.getOwnPropertyDescriptor({ get x() { return 1; } }, "x")],
  () => [{ a: { b: { c: () => {}, d: class D {}, e: Object.assign(() => {}, { x: 1 }) } } }],
  () => [class /* comment */ Foo /* { */ extends A {}, class Bar{}, class
    Baz {}],
  () => [async () => {}, (async () => {}).constructor, (function* () {}).constructor, (function* () {}).prototype],
  () => [{ [Symbol("m")]() {}, get [Symbol("g")]() { return 1; } }],
  () => [Object.getPrototypeOf(Uint8Array), Object.getPrototypeOf(function* () {}), Object.getPrototypeOf([][Symbol.iterator]())],
]);
