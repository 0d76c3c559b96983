// error.stack: its first line, the frames' form, names of classes and methods, columns, async callers
import { checks } from "../checks.js";

const arrow = () => new Error("boom");
function named() { return new TypeError("t"); }
class Plain extends Error {}
class Named extends Error { constructor(message) { super(message); this.name = "Named"; } }
class ByPrototype extends Error {}
ByPrototype.prototype.name = "ByPrototype";
class Getter extends TypeError { get name() { return "Getter"; } }
class Late extends Error { constructor(m) { super(m); this.first = this.stack; this.name = "Late"; this.message = "new"; } }
function Old(message) { const e = new Error(message); Object.setPrototypeOf(e, Old.prototype); return e; }
Old.prototype = Object.create(Error.prototype);
Old.prototype.name = "Old";
class C {
  method() { return new Error("m"); }
  static build() { return new Error("s"); }
  get value() { return new Error("g"); }
  #hidden() { return new Error("p"); }
  open() { return this.#hidden(); }
  constructor(fail) { if (fail) this.error = new Error("c"); }
}
const object = {
  method() { return new Error("m"); },
  arrow: () => new Error("a"),
  nested: { deep() { return named("x", { y: 1 }); } },
};
async function deep() { await null; throw new Error("async"); }
async function outer() { await deep(); }
async function returns() { return outer(); }
function* generator() { yield new Error("g"); }

const first = (e) => e.stack.split("\n")[0];
const frames = (e) => e.stack.split("\n").slice(1).filter((l) => !l.includes("checks.js")).map((l) => l.trim());
const caught = (f) => { try { f(); } catch (e) { return e; } };
const failed = async (f) => { try { await f(); } catch (e) { return e; } };

export default checks({
  "a function": () => frames(arrow()),
  "a subclass": () => frames(named()),
  "the whole text": () => new Error("x").stack.split("\n").slice(0, 2).join("|"),
  "no message": () => first(new Error()),
  "message of two lines": () => new Error("a\nb").stack.split("\n").slice(0, 2),
  "message is converted": () => first(new Error({ toString: () => "text" })),
  "class without a name": () => [first(new Plain("x")), ...frames(new Plain("x"))],
  "name set after super": () => [first(new Named("x")), ...frames(new Named("x"))],
  "name of the prototype": () => first(new ByPrototype("x")),
  "name by a getter": () => first(new Getter("x")),
  "stack read before the name is set": () => [first(new Late("x")), new Late("x").first.split("\n")[0]],
  "constructor function": () => first(Old("x")),
  "name changed before the first look": () => { const e = new Error("a"); e.name = "N"; e.message = "M"; return first(e); },
  "name changed after it": () => { const e = new Error("a"); e.stack; e.name = "N"; return first(e); },
  "prototype null": () => first(Object.setPrototypeOf(new RangeError("r"), null)),
  "method of a class": () => frames(new C().method()),
  "static method": () => frames(C.build()),
  "getter": () => frames(new C().value)[0],
  "private method": () => frames(new C().open())[0],
  "constructor": () => frames(new C(true).error),
  "method of an object": () => frames(object.method()),
  "arrow in an object": () => frames(object.arrow()),
  "nested calls with arguments": () => frames(object.nested.deep()),
  "callback of a built-in": () => frames([1].map(() => new Error("x"))[0]),
  "sort": () => frames(caught(() => [2, 1].sort(() => { throw new Error("x"); })))[1],
  "JSON.parse with a reviver": () => frames(caught(() => JSON.parse("[1]", () => { throw new Error("x"); })))[1],
  "JSON.parse fails": () => frames(caught(() => JSON.parse("{"))).slice(0, 2),
  "undeclared": () => [String(caught(() => undeclared)), frames(caught(() => undeclared))[0]],
  "property of null": () => frames(caught(() => null.x))[0],
  "chain over lines": () => frames(caught(() => [1]
    .map((x) => x)
    .forEach(() => { throw new Error("x"); }))).slice(0, 3),
  "new in an argument": () => frames(caught(() => String(Symbol.iterator, new Plain("a"), named(), undefined.x)))[0],
  "spread call": () => frames(((...all) => named(...all))(1, 2)).slice(0, 2),
  "tagged template": () => frames(((f) => f`a${1}b`)((s) => new Error("x"))).slice(0, 2),
  "optional call": () => frames(object?.method?.()).slice(0, 2),
  "new without parentheses": () => frames(new (class extends Error {}))[0],
  "async callers": async () => frames(await failed(outer)),
  "async callers through a returned promise": async () => frames(await failed(returns)).slice(0, 2),
  "async arrow": async () => frames(await failed(async () => { await outer(); })).slice(0, 3),
  "through Promise.all": async () => frames(await failed(() => Promise.all([outer()]))).filter((l) => !l.includes("Promise.all")).slice(0, 2),
  "timer": async () => frames(await new Promise((resolve) => setTimeout(() => resolve(new Error("x")), 1))),
  "microtask": async () => frames(await new Promise((resolve) => queueMicrotask(() => resolve(new Error("x"))))),
  "then": async () => frames(await Promise.resolve().then(() => new Error("x")))[0],
  "generator": () => frames(generator().next().value)[0],
  "proxy trap": () => frames(caught(() => new Proxy({}, { get() { throw new Error("x"); } }).y)).slice(0, 2),
  "event listener": () => {
    const target = new EventTarget();
    let error;
    target.addEventListener("x", function listener() { error = new Error("x"); });
    target.dispatchEvent(new Event("x"));
    return frames(error)[0];
  },
  "error of the platform": () => [first(caught(() => new URL("nope"))), frames(caught(() => new URL("nope")))[0]],
  "DOMException": () => [first(new DOMException("m", "AbortError")), frames(new DOMException("m", "AbortError"))[0]],
  "of a signal": () => frames(AbortSignal.abort().reason)[0],
  "AggregateError": () => first(new AggregateError([], "m")),
  "called as a function": () => frames(Error("x"))[0],
  "Reflect.construct": () => frames(Reflect.construct(Error, ["x"], Plain))[0],
  "ten frames": () => { const f = (n) => (n ? f(n - 1) : new Error("x")); return f(20).stack.split("\n").length; },
});
