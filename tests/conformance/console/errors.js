// log: compare
// console.log: errors: stacks, causes, aggregates, own properties, changed names and messages, errors in containers.
import { logged } from "../checks.js";

Error.stackTraceLimit = 1; // the place itself: V8 names functions in an array after what came before them

class MyError extends Error { constructor(m, o) { super(m, o); this.code = "E_MY"; } }
class Renamed extends Error { get name() { return "Other"; } }
class Plain extends TypeError {}
function make(message, options, Class = Error) { return new Class(message, options); }
function caught(f) { try { f(); } catch (e) { return e; } }
const bare = (error, stack) => Object.assign(error, { stack: stack ?? `${error}` });
const of = (error) => Object.defineProperty(error, "stack", { value: `${error.name}: ${error.message}\n    at f (x.js:1:1)`, configurable: true, writable: true });

export default logged([
  () => [make("m")],
  () => [make("inner")],
  () => [make("")],
  () => [make()],
  () => [make("two\nlines")],
  () => [make("t", {}, TypeError), make("r", {}, RangeError)],
  () => [[make("in array")], { e: make("in object") }],
  () => [{ a: { b: { c: make("deep") } } }, { a: { b: make("deep") } }],
  () => [make("mine", {}, MyError)],
  () => [make("x", {}, Renamed), make("y", {}, Plain)],
  () => { const e = make("x"); e.name = "Changed"; return [e]; },
  () => { const e = make("x"); e.message = "changed"; return [e]; },
  () => { const e = make("x", {}, MyError); e.name = "MyName"; return [e]; },
  () => { const e = make("x"); delete e.stack; return [e, [e]]; },
  () => { const e = make("x"); e.stack = undefined; return [e]; },
  () => { const e = make("x"); e.stack = ""; return [e]; },
  () => { const e = make("x"); e.stack = 5; return [e]; },
  () => { const e = make("x"); e.stack = "no frames here"; return [e, [e]]; },
  () => { const e = make("x"); e.stack = { a: 1 }; return [e]; },
  () => { const e = make("x"); Object.defineProperty(e, "stack", { get() { return "Error: got\n    at g (y.js:2:2)"; } }); return [e]; },
  () => { const e = make("x"); Object.defineProperty(e, "stack", { value: "s", enumerable: true }); return [e]; },
  () => { const e = make("x"); Object.defineProperty(e, "name", { value: 5 }); return [e]; },
  () => { const e = make("x"); Object.defineProperty(e, "name", { value: "N", enumerable: true }); return [e]; },
  () => { const e = make("x"); Object.defineProperty(e, "message", { value: "M", enumerable: true }); return [e]; },
  () => [Object.assign(make("props"), { code: "C", errno: -2, info: { a: [1] }, [Symbol("s")]: 1 })],
  () => [make("outer", { cause: make("inner", {}, RangeError) })],
  () => [make("outer", { cause: "text" }), make("o", { cause: { a: 1 } }), make("o", { cause: undefined })],
  () => [bare(new Error("1", { cause: bare(new Error("2", { cause: bare(new Error("3", { cause: bare(new Error("4")) })) })) }))],
  () => { const e = bare(new Error("self")); e.cause = e; return [e]; },
  () => [of(new AggregateError([of(new Error("a")), of(new TypeError("b")), "c", { d: 1 }], "many"))],
  () => [of(new AggregateError([])), [of(new AggregateError([1], "m"))]],
  () => [of(new AggregateError([of(new Error("a"))], "m", { cause: of(new Error("c")) }))],
  () => [Promise.any([Promise.reject(1), Promise.reject(2)]).catch((e) => console.log(e.errors))],
  () => [of(new SuppressedError(of(new Error("a")), of(new Error("b")), "m"))],
  () => [Object.setPrototypeOf(of(new Error("n")), null), Object.setPrototypeOf(of(new Error("n")), MyError.prototype)],
  () => [Object.create(new Error("p")).message, Object.create(Error.prototype), Error.prototype, TypeError.prototype],
  () => [Object.defineProperty(of(new Error("tag")), Symbol.toStringTag, { value: "Tag" })],
  () => [of(new (class extends Error {})("anonymous")), of(new (class ValidationError extends Error {})("named"))],
  () => [of(new (class A extends Error { constructor(m) { super(m); this.name = "A"; } })("own name"))],
  () => [of(new (class NotAnErr extends Error { constructor(m) { super(m); this.name = "Foo"; } })("x"))],
  () => { const e = new (class HttpError extends Error { status = 404; body = { a: 1 }; })("h"); return [of(e)]; },
  () => [make("m", "AbortError", DOMException)],
  () => [make("m", undefined, DOMException), make(undefined, undefined, DOMException)],
  () => [[make("in array", "DataCloneError", DOMException)]],
  () => [caught(function clone() { structuredClone(() => {}); })],
  () => [caught(function url() { new URL("bad"); })],
  async () => { const later = async () => { await null; throw new Error("after await"); }; try { await later(); } catch (e) { return [e]; } },
  () => { class Part extends Error {} Part.prototype.cause = "inherited"; Part.prototype.errors = [1]; return [of(new Part("p"))]; },
  () => { function deeper(n) { return n ? deeper(n - 1) : new Error("deep stack"); } Error.stackTraceLimit = 30; const e = deeper(25); Error.stackTraceLimit = 1; e.stack = e.stack.split("\n").slice(0, 26).join("\n"); return [e]; },
  () => { const c = new AbortController(); c.abort(); return [c.signal.reason.name, c.signal.reason.message]; },
  () => ["%s|%s|%s", of(new Error("in format")), of(new MyError("x")), { e: of(new Error("y")) }],
  () => ["%O %d", of(new Error("o")), of(new Error("d"))],
  () => { console.error(make("to stderr")); },
  () => { console.error("text", of(new Error("after")), "more"); },
  () => { const e = of(new Error("x")); e.self = e; return [e]; },
  () => [of(new Error("m".repeat(100))), { e: of(new Error("long", { cause: "x".repeat(80) })) }],
  () => { const e = make("lines\n    at fake (z.js:1:1)"); return [{ a: [e] }]; },
  () => [{ a: 1, e: bare(new Error("b"), "Error: b") }, [bare(new TypeError("c"), "TypeError: c"), 1]],
]);
