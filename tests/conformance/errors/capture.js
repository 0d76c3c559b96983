// Error.captureStackTrace, stackTraceLimit, prepareStackTrace, and what kind of property the stack is
import { checks } from "../checks.js";

const first = (o) => o.stack.split("\n")[0];
const count = (o) => o.stack.split("\n    at ").length - 1;
const withLimit = (limit, f) => {
  Error.stackTraceLimit = limit;
  try { return f(); } finally { Error.stackTraceLimit = 10; }
};
const prepared = (prepare, f) => {
  Error.prepareStackTrace = prepare;
  try { return f(); } finally { delete Error.prepareStackTrace; }
};
function one(f) { return two(f); }
function two(f) { return three(f); }
function three(f) { return f(); }
class Assertion { constructor(message) { this.message = message; Error.captureStackTrace(this, Assertion); } }
Assertion.prototype.name = "Assertion";

export default checks({
  "on an object": () => { const o = {}; Error.captureStackTrace(o); return [first(o), /\n    at on an object \(errors\/capture\.js:\d+:\d+\)/.test(o.stack)]; },
  "name and message of the object": () => { const o = { name: "N", message: "M" }; Error.captureStackTrace(o); return first(o); },
  "name by a getter": () => { const o = { get name() { return "G"; } }; Error.captureStackTrace(o); return first(o); },
  "toString is not asked": () => { const o = { toString: () => "mine" }; Error.captureStackTrace(o); return first(o); },
  "above a function": () => one(() => { const o = {}; Error.captureStackTrace(o, two); return o.stack.split("\n")[1].trim().split(" ")[1]; }),
  "above a function that was not called": () => { const o = {}; Error.captureStackTrace(o, () => {}); return o.stack; },
  "in a constructor": () => [first(new Assertion("m")), new Assertion("m").stack.includes("new Assertion")],
  "of an error again": () => { const e = new Error("x"); one(() => Error.captureStackTrace(e)); return e.stack.includes("at two "); },
  "returns": () => Error.captureStackTrace({}),
  "not enumerable": () => { const o = {}; Error.captureStackTrace(o); return Object.keys(o); },
  "length": () => Error.captureStackTrace.length,
  "limit": () => Object.getOwnPropertyDescriptor(Error, "stackTraceLimit"),
  "limit 0": () => withLimit(0, () => new Error("x").stack),
  "limit 1": () => withLimit(1, () => count(new Error("x"))),
  "limit 2.9": () => withLimit(2.9, () => count(one(() => new Error("x")))),
  "limit negative": () => withLimit(-1, () => count(new Error("x"))),
  "limit 3 of many": () => withLimit(3, () => count(one(() => new Error("x")))),
  "limit 30": () => withLimit(30, () => { const f = (n) => (n ? f(n - 1) : new Error("x")); return count(f(50)); }),
  "limit not a number": () => withLimit("5", () => [new Error("x").stack, Object.hasOwn(new Error("x"), "stack")]),
  "limit of capture": () => withLimit(1, () => { const o = {}; Error.captureStackTrace(o); return count(o); }),
  "limit deleted": () => {
    delete Error.stackTraceLimit;
    try { return new Error("x").stack; } finally { Error.stackTraceLimit = 10; }
  },
  "no prepareStackTrace": () => ["prepareStackTrace" in Error, Error.prepareStackTrace],
  "prepare": () => prepared((e, sites) => `${e.message} ${sites.length > 1} ${Array.isArray(sites)}`, () => new Error("x").stack),
  "prepare: a site": () => prepared((e, [site]) => [site.getFunctionName(), site.getFileName(), site.getLineNumber() > 0,
    site.getColumnNumber() > 0, site.isNative(), site.isConstructor(), site.isEval(), site.isAsync()], () => three(() => new Error("x")).stack),
  "prepare: names": () => prepared((e, sites) => sites.map((s) => s.getFunctionName()).slice(0, 4), () => one(() => new Error("x")).stack),
  "prepare: a site as text": () => prepared((e, sites) => sites, () => String(one(() => new Error("x")).stack[1]).replace(/\d+/g, "N")),
  "prepare: script name": () => prepared((e, [site]) => site.getScriptNameOrSourceURL(), () => new Error("x").stack),
  "prepare: what it is not told": () => prepared((e, [site]) => [site.getThis(), site.getFunction()], () => new Error("x").stack),
  "prepare: any value": () => prepared(() => 5, () => new Error("x").stack),
  "prepare: of captureStackTrace": () => prepared((o, sites) => [o.mark, sites.length > 0], () => { const o = { mark: 7 }; Error.captureStackTrace(o); return o.stack; }),
  "prepare: not a function": () => prepared(5, () => first(new Error("x"))),
  "prepare: makes an error itself": () => prepared((e) => `${e.message} ${typeof new Error("inner").stack}`, () => new Error("x").stack),
  "not enumerable of an error": () => [Object.keys(new Error("x")), new Error("x").propertyIsEnumerable("stack")],
  "own": () => [Object.hasOwn(new Error("x"), "stack"), "stack" in Error.prototype],
  "can be set": () => { const e = new Error("x"); e.stack = 5; return e.stack; },
  "can be set after a look": () => { const e = new Error("x"); e.stack; e.stack = "mine"; return e.stack; },
  "can be deleted": () => { const e = new Error("x"); return [delete e.stack, e.stack]; },
  "deleted, then thrown": () => { const e = new Error("x"); delete e.stack; try { throw e; } catch (c) { return c.stack; } },
  "inherited": () => Object.create(new Error("x")).stack,
  "copied": () => ({ ...new Error("x") }).stack,
  "thrown again": () => { const e = new Error("x"); const before = e.stack; try { throw e; } catch (c) { return c.stack === before; } },
  "frozen": () => { const e = Object.freeze(new Error("x")); return first(e); },
  "what is thrown need not be an error": () => { try { throw { a: 1 }; } catch (e) { return e.stack; } },
});
