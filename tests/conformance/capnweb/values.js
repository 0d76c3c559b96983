// What values become in Cap'n Web: serialize() and deserialize(), and through a session, as text and in its other forms.
import { RpcStub, RpcTarget, deserialize, serialize } from "capnweb";
import { checks } from "../checks.js";
import { pair, played, settle } from "../sessions.js";

const back = (v) => deserialize(serialize(v));
const kind = (v) => `${Object.prototype.toString.call(v)} ${v?.constructor?.name}`;
class Plain { a = 1; }
class OwnError extends TypeError { constructor(m) { super(m); this.name = "OwnError"; this.code = 7; } }
const nest = (n, leaf = 1) => { for (let i = 0; i < n; i++) leaf = [leaf]; return leaf; };
const nestObject = (n, leaf = 1) => { for (let i = 0; i < n; i++) leaf = { a: leaf }; return leaf; };
const views = { Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array, Float32Array, Float64Array, DataView };
const BYTES = Uint8Array.from({ length: 16 }, (_, i) => 250 + i);

class Main extends RpcTarget {
  echo(v) { return v; }
  kind(v) { return kind(v); }
  async text(v) { return [kind(v), await v.text()]; }
  async request(r) { return [r.method, r.url, [...r.headers], r.redirect, await r.text()]; }
  async response(r) { return [r.status, r.statusText, [...r.headers], await r.text()]; }
}
// Through a session; what came back, and the messages.
const through = (method, make, level) => async () => {
  const p = pair(new Main(), undefined, { level });
  let result;
  try {
    result = await p.api[method](make());
    if (result instanceof Request || result instanceof Response) result = `${kind(result)} ${result.status ?? result.url}`;
  } catch (e) {
    result = `threw ${e.name}: ${e.message}`;
  }
  return [result, ...await p.said()];
};
// What a session writes for a value at this level: the message itself, not as text.
const written = (make, level) => async () => {
  const p = played(new Main(), { level });
  p.api.echo(make()).then(() => {}, () => {});
  await settle(1);
  return show(p.transport.sent[0]);
};
const show = (v) => {
  if (Array.isArray(v)) return `[${v.map(show).join(",")}]`;
  if (v instanceof Uint8Array) return `${v.constructor.name}(${[...v]})`;
  if (v instanceof Date) return `Date(${v.getTime()})`;
  if (v && typeof v === "object" && Object.getPrototypeOf(v) === Object.prototype) return `{${Object.keys(v).map((k) => `${k}:${show(v[k])}`)}}`;
  return typeof v === "bigint" ? `${v}n` : typeof v === "string" ? JSON.stringify(v) : Object.is(v, -0) ? "-0" : String(v);
};

export default checks({
  ...Object.fromEntries([0, -0, 1.5, -1e-7, 1e21, 2 ** 53, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, NaN, Infinity, -Infinity, true, null, undefined, "", "text",
    "é€😀", "\u0000\u0007\b\t\n\v\f\r\u001f\u007f\"\\/", "\u2028\u2029\ufeff", "\ud800", "a\udc00b", "\udc00\ud800", 5n, -5n, 2n ** 70n].map((v, i) => [`plain ${i}`, () => serialize(v)])),
  ...Object.fromEntries([[], [1, [2, []]], {}, { a: { b: {} } }, { 2: 1, 1: 2, z: 3 }, { "": 1, "a b": 2, "\n": 3, "é": 4 }, { toJSON: 1 }, { __proto__: null }, { a: undefined }, [undefined, , 1], Object.assign([1], { x: 2 })].map((v, i) => [`structure ${i}`, () => serialize(v)])),
  "an object's symbols and hidden properties": () => serialize(Object.defineProperty({ [Symbol("x")]: 1, a: 1 }, "h", { value: 1 })),
  "an object with a getter": () => serialize({ get a() { return 5; } }),
  "an object whose getter throws": () => serialize({ get a() { throw new RangeError("mine"); } }),
  "a toJSON method": () => serialize({ toJSON() { return 1; } }),
  "an object that inherits": () => serialize(Object.create({ a: 1 })),
  "an object of a class": () => serialize(new Plain()),
  "an object of a class that says what it is": () => serialize(new (class { toString() { return "x".repeat(300); } })()),
  "an object without toString": () => serialize(Object.create({ toString: null, valueOf: null })),
  "an array of a class": () => serialize(new (class extends Array {})()),
  ...Object.fromEntries(Object.entries({ map: new Map(), set: new Set(), regexp: /x/, symbol: Symbol("s"), promise: Promise.resolve(1), weak: new WeakMap(), boxed: Object(1), boxedText: Object("x"), generator: (function* () {})(), arguments: (function () { return arguments; })(1), proxy: new Proxy(new Map(), {}), global: globalThis.crypto, url: new URLSearchParams("a=1"), signal: AbortSignal.abort(), form: new FormData(), file: new File(["x"], "n") }).map(([k, v]) => [`not: ${k}`, () => serialize(v)])),
  "a function": () => serialize(() => {}),
  "an async function": () => serialize(async () => {}),
  "a generator function": () => serialize(function* () {}),
  "a class": () => serialize(class {}),
  "a target": () => serialize(new Main()),
  "a stub": () => serialize(new RpcStub(() => {})),
  "a readable": () => serialize(new ReadableStream()),
  "a writable": () => serialize(new WritableStream()),
  "a blob": () => serialize(new Blob(["x"])),
  "a proxy of an object": () => serialize(new Proxy({ a: 1 }, {})),
  "a proxy of an array": () => serialize(new Proxy([1, 2], {})),
  "a cycle": () => { const o = {}; o.o = o; return serialize(o); },
  "an array that holds itself": () => { const a = []; a.push(a); return serialize(a); },
  "the same twice": () => { const o = { a: 1 }; return serialize([o, o]); },
  "255 arrays": () => serialize(nest(255)).length,
  "256 arrays": () => serialize(nest(256)).length,
  "255 objects": () => serialize(nestObject(255)).length,
  "256 objects": () => serialize(nestObject(256)).length,
  "255 empty arrays": () => serialize(nest(255, [])).length,
  "dates": () => [new Date(0), new Date(-1), new Date(8.64e15), new Date(NaN), new Date(1.5)].map(serialize),
  "a date of a class": () => serialize(new (class extends Date {})(0)),
  "a date with properties": () => serialize(Object.assign(new Date(0), { a: 1 })),
  ...Object.fromEntries(Object.keys(views).map((name) => [`bytes: ${name}`, () => [serialize(new views[name](BYTES.buffer)), kind(back(new views[name](BYTES.buffer))), serialize(new views[name](BYTES.buffer, 8, 1))]])),
  "an ArrayBuffer": () => [serialize(BYTES.buffer), kind(back(BYTES.buffer)), [...new Uint8Array(back(BYTES.buffer))]],
  "empty bytes": () => [serialize(new Uint8Array()), serialize(new ArrayBuffer()), serialize(new DataView(new ArrayBuffer())), back(new Uint8Array()).length],
  "bytes of every length": () => [1, 2, 3, 4, 5].map((n) => serialize(BYTES.slice(0, n))),
  "bytes in a larger buffer": () => serialize(BYTES.subarray(3, 6)),
  "a Buffer": () => [serialize(Buffer.from("abc")), kind(back(Buffer.from("abc")))],
  "a Uint8Array comes as": () => [kind(back(new Uint8Array(2))), [...back(new Uint8Array([1, 2, 255]))]],
  "bytes of a class": () => serialize(new (class extends Uint8Array {})(2)),
  "detached bytes": () => { const b = new Uint8Array(4); structuredClone(b.buffer, { transfer: [b.buffer] }); return serialize(b); },
  "an error": () => serialize(new Error("x")),
  "errors by class": () => [new EvalError("1"), new RangeError("2"), new ReferenceError("3"), new SyntaxError("4"), new TypeError("5"), new URIError("6"), new AggregateError([1], "7")].map(serialize),
  "an error of a class": () => [serialize(new OwnError("x")), kind(back(new OwnError("x"))), back(new OwnError("x")).code, back(new OwnError("x")).name],
  "a DOMException": () => serialize(new DOMException("m", "AbortError")),
  "an error with a cause": () => [serialize(new Error("x", { cause: new TypeError("y") })), kind(back(new Error("x", { cause: new TypeError("y") })).cause)],
  "an error with an undefined cause": () => serialize(new Error("x", { cause: undefined })),
  "an error with own properties": () => serialize(Object.assign(new Error("x"), { a: 1, f: () => 1, s: Symbol("x"), name: "N", stack: "s", message: "m" })),
  "an error whose getter throws": () => serialize(Object.defineProperty(new Error("x"), "a", { enumerable: true, get() { throw 1; } })),
  "an error that holds itself": () => { const e = new Error("x"); e.e = e; return serialize(e).length; },
  "an error with a message that is none": () => { const e = new Error("x"); e.message = { a: 1 }; return serialize(e); },
  "an error with a name that is none": () => { const e = new Error("x"); e.name = 5; return serialize(e); },
  "an error with undefined as its name": () => { const e = new Error("x"); e.name = undefined; return serialize(e); },
  "an aggregate of errors": () => { const e = back(new AggregateError([new TypeError("1"), 2], "m")); return [kind(e), e.errors.length, kind(e.errors[0]), Object.keys(e)]; },
  "an error's stack": () => typeof back(new Error("x")).stack,
  "an error that comes, its own keys": () => Reflect.ownKeys(back(Object.assign(new Error("x"), { a: 1 }))).map(String).sort(),
  "a URL": () => [serialize(new URL("http://a/b c?d#e")), kind(back(new URL("http://a/")))],
  "headers": () => [serialize(new Headers([["b", "2"], ["A", "1"], ["b", "3"], ["set-cookie", "x"], ["set-cookie", "y"]])), kind(back(new Headers())), [...back(new Headers({ a: "1" }))]],
  "a request": () => [serialize(new Request("http://a/b#c")), serialize(new Request("http://a/", { method: "PUT", headers: { b: "1" }, redirect: "manual" }))],
  "a request that comes": () => { const r = back(new Request("http://a/", { method: "DELETE", headers: { b: "1" }, redirect: "manual" })); return [kind(r), r.method, r.url, [...r.headers], r.redirect, r.body]; },
  "a request with a body": () => serialize(new Request("http://a/", { method: "POST", body: "x" })),
  "a response": () => [serialize(new Response()), serialize(new Response(null, { status: 204, statusText: "No", headers: { a: "1" } }))],
  "a response that comes": () => { const r = back(new Response(null, { status: 404, statusText: "No", headers: { a: "1" } })); return [kind(r), r.status, r.statusText, [...r.headers], r.body]; },
  "a response with a body": () => serialize(new Response("x")),
  "a response with a WebSocket": () => serialize(new Response(null, { status: 101, webSocket: new WebSocketPair()[0] })),
  "without an argument": () => serialize(),
  "deserialize text": () => [deserialize("1"), deserialize('"x"'), deserialize("[[1,[[2]]]]"), deserialize('{"a":["undefined"]}')],
  "deserialize twice": () => { const t = serialize({ a: [1] }); return deserialize(t) === deserialize(t); },
  "deserialize what is no text": () => deserialize(5),
  "deserialize nothing": () => { try { return deserialize(); } catch (e) { return e.name; } },
  "deserialize what is no JSON": () => { try { return deserialize("["); } catch (e) { return e.name; } },
  "deserialize an array": () => deserialize("[1]"),
  "deserialize an export": () => deserialize('["export",-1]'),
  "deserialize a promise": () => deserialize('["promise",-1]'),
  "deserialize a pipeline": () => deserialize('["pipeline",0]'),
  "deserialize a readable": () => deserialize('["readable",1]'),
  "deserialize a writable": () => deserialize('["writable",-1]'),
  "deserialize a remap": () => deserialize('["remap",0,[],[],[1]]'),
  "deserialize keys of every object": () => Object.keys(deserialize('{"a":1,"toString":2,"__proto__":{"b":1},"constructor":3,"toJSON":4,"hasOwnProperty":5}')),
  "deserialize numbers": () => ["1e400", "-0", "1E2", "0.1e1"].map((t) => deserialize(t)),
  "deserialize duplicate keys": () => deserialize('{"a":1,"a":2}'),
  "deserialize a large array": () => deserialize(`[[${"1,".repeat(9999)}1]]`).length,
  "through: undefined in an object": through("echo", () => ({ a: undefined, b: [undefined] })),
  "through: every plain value": through("echo", () => [null, true, 1, "x", 5n, new Date(1), NaN, -Infinity, undefined, -0]),
  "through: a blob": through("text", () => new Blob(["some text"], { type: "Text/Plain" })),
  "through: an empty blob": through("text", () => new Blob([])),
  "through: a blob back": async () => { const p = pair(new Main()); const b = await p.api.echo(new Blob(["abc"], { type: "x/y" })); return [kind(b), b.type, b.size, await b.text()]; },
  "through: a request": through("request", () => new Request("http://a/b", { method: "POST", headers: { x: "1" }, body: "the body" })),
  "through: a request without a body": through("request", () => new Request("http://a/b", { headers: { x: "1" } })),
  "through: a response": through("response", () => new Response("the body", { status: 201, statusText: "Made", headers: { x: "1" } })),
  "through: a response without a body": through("response", () => new Response(null, { status: 204 })),
  "through: a request with bytes": through("request", () => new Request("http://a/b", { method: "POST", body: new Uint8Array([65, 66]) })),
  "through: headers": through("echo", () => new Headers({ a: "1" })),
  "through: a URL": through("echo", () => new URL("http://a/")),
  "through: an error as a value": through("echo", () => new OwnError("x")),
  "through: an error with a stub": async () => { const p = pair(new Main()); const e = await p.api.echo(Object.assign(new Error("x"), { f: () => 5 })); try { return [Object.keys(e), await e.f()]; } catch (x) { return x.name; } },
  "through: a thenable": through("echo", () => ({ then: 5 })),
  "through: a promise": through("echo", () => Promise.resolve(1)),
  ...Object.fromEntries(["jsonCompatible", "jsonCompatibleWithBytes", "structuredClonable"].flatMap((level) => [
    [`${level}: plain`, written(() => [null, true, 1, "x", -0, { a: [1] }], level)],
    [`${level}: special`, written(() => [undefined, NaN, Infinity, -Infinity, 5n, new Date(5), new Date(NaN)], level)],
    [`${level}: bytes`, written(() => [new Uint8Array([1, 2]), new ArrayBuffer(2), new Uint16Array([1]), new DataView(new ArrayBuffer(1)), Buffer.from("a")], level)],
    [`${level}: errors`, written(() => [new TypeError("x", { cause: 5n })], level)],
    [`${level}: others`, written(() => [new URL("http://a/"), new Headers({ a: "1" }), () => 1], level)],
    [`${level}: there and back`, async () => show(await pair(new Main(), undefined, { level }).api.echo([undefined, NaN, 5n, new Date(5), new Uint16Array([1, 2]), { a: [[]] }, "x"]))],
    [`${level}: bytes there`, async () => { const v = await pair(new Main(), undefined, { level }).api.echo(new Uint8Array([1, 2])); return [kind(v), [...v]]; }],
  ])),
  "an unknown level": () => pair(new Main(), undefined, { level: "what" }),
  "a level that is null": () => pair(new Main(), undefined, { level: null }),
});
