// More corners that calls made up at random found: relative URLs on opaque bases, what constructors make of odd values and
// in what order they read their options, what cannot be cloned.
import { checks } from "../checks.js";

const list = {};
function readBy(make) {
  const log = [];
  make((name) => new Proxy({}, { get: (_, key) => void log.push(name + String(key)) }));
  return log;
}

const RELATIVE = ["x", "x#y", "^é\\#/-<", "^", "é", "\\", "\\#", "^#", "#a", " #a", "\t#a\n", " x", "", "?a", "?a#b", "//h", "a/b", "c:d", "c:d#e", "http:x", "\n"];
for (const url of RELATIVE) {
  for (const base of ["a:b", "mailto:x@y?z", "data:text/plain,x#y", "a:/b", "a://b/c"]) {
    list[`${url} on ${base}`] = () => [URL.canParse(url, base), URL.parse(url, base)?.href, new URL(url, base).href];
  }
}

for (const [name, value] of [["x y", "\0"], ["x y", "a"], ["a", "\0"], ["é", "\0"], ["", "\0"]]) {
  const call = JSON.stringify([name, value]);
  list[`append ${call}`] = () => new Headers().append(name, value);
  list[`set ${call}`] = () => new Headers().set(name, value);
  list[`a record ${call}`] = () => new Headers({ [name]: value });
  list[`pairs ${call}`] = () => new Headers([[name, value]]);
}

list["CustomEvent.detail"] = () => [undefined, null, {}, { detail: undefined }, { detail: null }, { detail: 0 }].map((init) => new CustomEvent("x", init).detail);
const { port1 } = new MessageChannel();
const MESSAGES = {
  "no source": { source: null },
  "a source": { source: port1 },
  "a number as source": { source: 5, ports: 5 },
  "no ports": { ports: [] },
  "a port": { ports: [port1] },
  "a number among ports": { ports: [port1, 5] },
  "null as ports": { ports: null },
  "something like an array": { ports: { length: 1, 0: port1 } },
  "a set of ports": { ports: new Set([port1]) },
};
for (const [name, init] of Object.entries(MESSAGES)) {
  list[`MessageEvent, ${name}`] = () => {
    const e = new MessageEvent("x", init);
    return [e.source === port1, e.source === null, Array.isArray(e.ports), e.ports.map((p) => p === port1), e.ports === e.ports];
  };
}
for (const number of [0, 65536, -1, 70000, 2 ** 31, -(2 ** 31), NaN, "5", null, 1.9, Infinity, {}, 5n]) {
  list[`CloseEvent, code ${String(number)}`] = () => new CloseEvent("x", { code: number }).code;
  list[`ErrorEvent, lineno ${String(number)}`] = () => new ErrorEvent("x", { lineno: number }).lineno;
  list[`ErrorEvent, colno ${String(number)}`] = () => new ErrorEvent("x", { colno: number }).colno;
}

list["File, name undefined or null"] = () => [new File([], undefined).name, new File([], undefined, {}).name, new File([], null).name];
list["File, no name"] = () => new File([]);
list["File, nothing"] = () => new File();
list["File, no parts"] = () => new File(undefined, "x").size;
for (const time of [1.5, "7", null, NaN, Infinity, {}, -0, 8.64e15 + 1]) {
  list[`File, lastModified ${String(time)}`] = () => new File([], "x", { lastModified: time }).lastModified;
}

for (const status of [Infinity, -Infinity, NaN, 2 ** 31, 2 ** 32 + 200]) {
  list[`Response.json, ${status}`] = () => Response.json(1, { status }).status;
  list[`Response, ${status}`] = () => new Response(1, { status }).status;
  list[`Response.redirect, ${status}`] = () => Response.redirect("http://a", status).status;
}

list["TextDecoder, both wrong"] = () => new TextDecoder("nope", 5);
const STREAMS = {
  "ReadableStream, type and mark": () => new ReadableStream({ type: "x" }, { highWaterMark: "a" }),
  "ReadableStream, type and strategy": () => new ReadableStream({ type: "x" }, 5),
  "ReadableStream, type": () => new ReadableStream({ type: "x" }),
  "ReadableStream, type null": () => new ReadableStream({ type: null }),
  "ReadableStream, chunk size and mark": () => new ReadableStream({ type: "bytes", autoAllocateChunkSize: "a" }, { highWaterMark: "b" }),
  "ReadableStream, start and mark": () => new ReadableStream({ start: 5 }, { highWaterMark: "b" }),
  "WritableStream, type and mark": () => new WritableStream({ type: "x" }, { highWaterMark: "a" }),
  "WritableStream, type": () => String(new WritableStream({ type: "x" })),
  "WritableStream, start and mark": () => new WritableStream({ start: 5 }, { highWaterMark: "b" }),
};
Object.assign(list, STREAMS);

list["MessageEvent reads"] = () => readBy((p) => new MessageEvent("x", p("")));
list["CloseEvent reads"] = () => readBy((p) => new CloseEvent("x", p("")));
list["ErrorEvent reads"] = () => readBy((p) => new ErrorEvent("x", p("")));
list["File reads"] = () => readBy((p) => new File([], "x", p("")));
list["Blob reads"] = () => readBy((p) => new Blob([], p("")));
list["WritableStream reads"] = () => readBy((p) => new WritableStream(p("sink "), p("strategy ")));
list["TextDecoder reads"] = () => readBy((p) => new TextDecoder("utf-8", p("")));

const UNCLONED = [
  (function* () {})(), globalThis, new WeakMap(), Promise.resolve(), async () => {}, class A {}, Symbol("q"), new WeakRef({}), (async function* () {})(),
  [][Symbol.iterator](), new Map().entries(), Iterator.from([]), new Proxy({}, {}), new FinalizationRegistry(() => {}), new DisposableStack(),
  (function () { return arguments; })(1), Math, JSON, Atomics, Object.create(null), new (class B { #a = 1; })(), { __proto__: { constructor: 5 } },
  { __proto__: { get constructor() { throw new Error("looked at"); }, [Symbol.toStringTag]: "T" }, f() {} },
];
UNCLONED.forEach((value, i) => {
  list[`clone ${i}: ${Object.prototype.toString.call(value)}`] = () => Object.prototype.toString.call(structuredClone(value));
});
export default checks(list);
