// log: compare
// console's methods other than those that print their arguments, and what they return.
import { logged } from "../checks.js";

const rows = [{ a: 1, b: { c: [1, 2, 3, 4] } }, { b: "x" }, 5, "it's"];

export default logged([
  () => { console.debug("a"); console.info("b"); console.log("c"); console.warn("d"); console.error("e"); },
  () => { console.error({ a: 1 }); console.log({ b: 2 }); console.error([3]); },
  () => { console.log(); console.error(); console.log(""); console.log("\n"); console.log("a\n"); },
  () => { console.log(console.log("x"), console.error.length, console.log.name); },
  () => { const { log, warn } = console; log("unbound"); warn.call(null, "null"); log.apply({}, ["object"]); },
  () => { [1, 2].forEach(console.log); },
  () => [["debug", "error", "info", "log", "warn"].map((name) => Reflect.getOwnPropertyDescriptor(console, name))],
  () => [Object.prototype.toString.call(console), typeof console.context, Object.getPrototypeOf(Object.getPrototypeOf(console)) === Object.prototype],
  () => { const before = console.log; console.log = () => before("replaced"); console.log("x"); console.log = before; },
  () => { console.dir({ a: { b: { c: { d: 1 } } } }); console.dir({ a: { b: 1 } }, { depth: 0 }); },
  () => { console.dirxml({ a: 1 }, "x"); },
  () => { console.table(rows); },
  () => { console.table({ x: { v: 1 }, y: { v: 2 } }); console.table([[1, 2], [3]]); },
  () => { console.table(new Map([["k", { v: 1 }]])); console.table(new Set([1, "a"])); console.table(5); },
  () => { console.group("outer", { a: 1 }); console.log("in\nside"); console.groupCollapsed(); console.log("deeper"); console.groupEnd(); console.groupEnd(); console.log("out"); },
  () => { console.groupEnd(); console.groupEnd(); console.log("still"); },
  () => { console.count(); console.count("x"); console.count("x"); console.countReset("x"); console.count("x"); console.countReset("none"); },
  () => { console.assert(true, "no"); console.assert(false); console.assert(false, "with %s", "text"); console.assert(0, { a: 1 }); },
  () => { console.time("t"); console.time("t"); console.timeEnd("none"); console.timeLog("none"); },
  () => { function place() { console.trace("here", 1); } place(); },
  () => { console.clear(); console.profile(); console.profileEnd(); console.timeStamp("x"); },
  () => { for (const name of ["table", "group", "count", "trace"]) console.log(console[name].name); },
]);
