// The contents of modules of WorkerCode: each kind, what is converted to it, what is refused, several kinds at once.
import { checks } from "../checks.js";

const SHOW = `
const show = (v) => v === undefined ? "undefined" : v instanceof ArrayBuffer ? "ArrayBuffer " + new Uint8Array(v) + (v.resizable ? " resizable" : "")
  : typeof v === "object" || typeof v === "string" ? JSON.stringify(v) : typeof v + " " + String(v);
`;
// A Worker with a module "m" of this content; what it gives to who imports it, as text.
const using = ({ env }, content, name = "m") => {
  const main = `import * as ns from ${JSON.stringify("./" + name)};${SHOW}
    export default { fetch() { return new Response(Object.keys(ns) + ": " + show(ns.default)); } };`;
  const worker = env.LOADER.load({ compatibilityDate: "2026-11-01", mainModule: "main.js", modules: { "main.js": main, [name]: content } });
  return worker.getEntrypoint().fetch("http://x/").then((r) => r.text());
};
const text = (value) => ({ toString: () => value });
const throwing = { toString() { throw new RangeError("mine"); }, valueOf() { throw new RangeError("mine"); } };
const bytes = new Uint8Array([1, 2, 3, 4]);
const detached = () => {
  const buffer = new ArrayBuffer(4);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
};
const cycle = () => {
  const object = {};
  object.self = object;
  return object;
};
const invalid = (name) => ({ undefined: undefined, null: null, "a number": 5, true: true, "a bigint": 5n, "a symbol": Symbol("s"), "an object": {}, "an array": ["export default 1"], "a function": () => 1,
  "an object with a text": text("export default 7"), "an object that throws": throwing, "bytes": bytes, "a String": new String("export default 8"), "lone surrogates": "export default '\ud800'" }[name]);
const wrong = ["undefined", "null", "a number", "true", "a bigint", "a symbol", "an object", "an array", "a function", "an object with a text", "an object that throws", "bytes", "a String", "lone surrogates"];

const list = {};
for (const name of wrong) {
  list[`m.js: ${name}`] = (t) => using(t, invalid(name), "m.js").catch((e) => { throw name === "an object" || /^Failed/.test(e.message) ? new Error(e.message.split("\n")[0]) : e; });
  for (const kind of ["js", "cjs", "text", "data", "json", "py", "wasm"]) {
    list[`${kind}: ${name}`] = (t) => using(t, { [kind]: invalid(name) }).catch((e) => { throw /^Failed/.test(e.message) ? new Error(e.message.split("\n")[0]) : e; });
  }
}
const buffers = { ArrayBuffer: () => bytes.buffer, Uint8Array: () => bytes, "a part": () => bytes.subarray(1, 3), Uint16Array: () => new Uint16Array([258, 3]), Float64Array: () => new Float64Array([1]),
  DataView: () => new DataView(bytes.buffer, 2), empty: () => new ArrayBuffer(0), "a detached buffer": detached, "a view of a detached buffer": () => {
    const view = new Uint8Array(4);
    structuredClone(view.buffer, { transfer: [view.buffer] });
    return view;
  },
  resizable: () => new ArrayBuffer(4, { maxByteLength: 8 }), "a view of a resizable one": () => new Uint8Array(new ArrayBuffer(4, { maxByteLength: 8 })),
  "a view out of bounds": () => {
    const buffer = new ArrayBuffer(8, { maxByteLength: 8 }), view = new Uint8Array(buffer, 4, 4);
    buffer.resize(2);
    return view;
  },
  Blob: () => new Blob(["x"]), "an array of numbers": () => [1, 2], "a text": () => "text", Buffer: () => Buffer.from("ab"), "a large one": () => new Uint8Array(70000).fill(7).subarray(69998) };
for (const [name, make] of Object.entries(buffers)) list[`data: ${name}`] = (t) => using(t, { data: make() });
list["data is a copy"] = async (t) => {
  const data = new Uint8Array([1, 2]);
  const answer = using(t, { data });
  data[0] = 9;
  return await answer;
};
list["data that is resized later"] = async (t) => {
  const data = new ArrayBuffer(4, { maxByteLength: 8 });
  const answer = using(t, { data });
  data.resize(0);
  return await answer;
};
const json = { "an object": { a: [1, { b: null }] }, "a text": "text", "a number": -0, true: true, NaN: NaN, "an array": [undefined, () => 1, Symbol("s")], "toJSON": { toJSON: () => ({ from: "toJSON" }) },
  "toJSON gives undefined": { toJSON: () => undefined }, "a Date": new Date(0), "a Map": new Map([[1, 2]]), "of undefined": { a: undefined }, "__proto__": JSON.parse('{"__proto__":{"a":1}}'), "lone surrogates": "\ud800",
  "a Number": new Number(5), "numbers": [1e21, 1e-7, 0.1, 2 ** 53], "a Proxy": new Proxy({ a: 1 }, {}), "keys in order": { b: 1, a: 2, 1: 3 } };
for (const [name, value] of Object.entries(json)) list[`json: value: ${name}`] = (t) => using(t, { json: value });
const unclear = { "a bigint inside": () => ({ a: 5n }), "a cycle": cycle, "toJSON throws": () => ({ toJSON() { throw new RangeError("mine"); } }), "a getter throws": () => ({ get a() { throw new RangeError("mine"); } }) };
for (const [name, make] of Object.entries(unclear)) list[`json: value: ${name}`] = (t) => using(t, { json: make() }).catch((e) => e.name + (name.includes("t") && e.name === "RangeError" ? e.message : ""));

Object.assign(list, {
  "no kind": (t) => using(t, {}),
  "an unknown kind": (t) => using(t, { html: "x" }),
  "all undefined": (t) => using(t, { js: undefined, text: undefined }),
  "two": (t) => using(t, { js: "", text: "" }),
  "two, one undefined": (t) => using(t, { js: undefined, text: "t" }),
  "two, one null": (t) => using(t, { js: null, text: "t" }),
  "three": (t) => using(t, { js: "", cjs: "", text: "" }),
  "all": (t) => using(t, { js: "", cjs: "", text: "", data: bytes, json: 1, py: "", wasm: bytes }),
  "of the prototype": (t) => using(t, Object.create({ text: "inherited" })),
  "a kind that is not enumerable": (t) => using(t, Object.defineProperty({}, "text", { value: "hidden" })),
  "an instance": (t) => using(t, new (class { text = "of an instance"; })()),
  "a function with a kind": (t) => using(t, Object.assign(() => 1, { text: "of a function" })),
  "an array with a kind": (t) => using(t, Object.assign([], { text: "of an array" })),
  "a Map": (t) => using(t, new Map([["text", "x"]])),
  "text is any text": (t) => using(t, { text: "\u0000 ü \u{1f600} \r\n \ufeff" }),
  "an empty text": (t) => using(t, { text: "" }),
  "text in a module whose name ends in .js": (t) => using(t, { text: "not code" }, "m.js"),
  "code in a module without an extension": (t) => using(t, { js: "export default 1; export const a = 2;" }),
  "cjs in a module without an extension": (t) => using(t, { cjs: "module.exports = { a: 1 };" }),
  "json in a module named .txt": (t) => using(t, { json: [1] }, "m.txt"),
  "py beside JavaScript": (t) => using(t, { py: "x = 1" }),
  "m.py as text": (t) => using(t, "x = 1", "m.py"),
  "m.ts as text": (t) => using(t, "let x: number;", "m.ts"),
  "m.tsx as text": (t) => using(t, "let x: number;", "m.tsx"),
  "m.jsx as text": (t) => using(t, "<a/>", "m.jsx"),
  "m.mjs as text": (t) => using(t, "", "m.mjs"),
  "m.cjs as text": (t) => using(t, "", "m.cjs"),
  "m.json as text": (t) => using(t, "{}", "m.json"),
  "m.JS as text": (t) => using(t, "", "m.JS"),
  ".js as text": (t) => using(t, "export default 1", ".js"),
  "m.js.map as text": (t) => using(t, "", "m.js.map"),
  "an empty name as text": (t) => using(t, "", ""),
});

export default checks(list);
