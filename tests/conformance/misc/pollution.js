// The platform when a Worker has replaced the language's own functions (they throw).
import { checks } from "../checks.js";

export default checks([
  () => polluted(() => { const h = new Headers({ "X-A": "1", c: "2" }); h.append("x-a", "3"); h.set("c", "4"); h.delete("q"); return `${h.get("X-A")}|${h.has("c")}|${h.getSetCookie().length}`; }),
  () => polluted(() => new Response("abc", { status: 201, headers: { a: "b" } }).text()),
  () => polluted(() => new Response("{}", { headers: { "content-type": "x/y" } }).json().then.name),
  () => polluted(() => Response.json([1]).status),
  () => polluted(() => new Request("http://a/b", { method: "POST", body: "q" }).text()),
  ({ request }) => polluted(() => new Request(request, { headers: { a: "b" } }).headers.get("a")),
  () => polluted(() => new URL("/x?y=1#z", "http://a:8/").searchParams.get("y")),
  () => polluted(() => { const u = new URL("http://a/"); u.searchParams.set("k", "v w"); u.hash = "h"; return u.href; }),
  () => polluted(() => new TextDecoder("utf-8").decode(new TextEncoder().encode("é"))),
  () => polluted(() => new TextDecoder("latin1").decode(new Uint8Array([0x80, 0x41]))),
  () => polluted(() => { const t = new EventTarget(); let n = 0; t.addEventListener("a", () => n++); t.dispatchEvent(new Event("a")); return n; }),
  () => polluted(() => { const c = new AbortController(); c.abort(1); return c.signal.reason; }),
  () => polluted(() => crypto.randomUUID().length),
  () => polluted(() => new Blob(["ab", "c"]).slice(1).size),
  () => polluted(() => { const f = new FormData(); f.append("a", "1"); f.set("a", "2"); return f.get("a"); }),
  () => polluted(() => btoa(atob("YQ=="))),
  () => setters(() => new Response("abc", { status: 201, headers: { a: "b" } }).text()),
  () => setters(() => new Response(new Response("abc").body).text()),
  () => setters(() => { const t = new EventTarget(); let n = 0; t.addEventListener("a", () => n++); t.dispatchEvent(new Event("a")); return n; }),
]);

const OWNERS = [
  [Array.prototype, ["push", "slice", "splice", "map", "forEach", "join", "sort", "indexOf", "includes"]],
  [String.prototype, ["slice", "indexOf", "toLowerCase", "replace", "split", "charCodeAt", "startsWith", "trim"]],
  [RegExp.prototype, ["exec", "test"]],
  [Promise.prototype, ["then", "catch", "finally"]],
  [Object.getPrototypeOf(Uint8Array.prototype), ["set", "subarray", "slice"]],
  [Function.prototype, ["call", "apply", "bind"]],
  [Reflect, ["apply", "ownKeys"]],
  [Object, ["keys", "defineProperty", "getPrototypeOf"]],
  [JSON, ["parse", "stringify"]],
];
const defineProperty = Reflect.defineProperty;

// Runs a function while everything above throws; what it began to wait for is awaited afterwards.
async function polluted(run) {
  const undo = [];
  for (const [owner, names] of OWNERS) {
    for (const name of names) {
      const value = owner[name];
      undo[undo.length] = () => defineProperty(owner, name, { value, writable: true, configurable: true });
    }
  }
  let result;
  try {
    for (const [owner, names] of OWNERS) {
      for (const name of names) owner[name] = () => { throw new Error(`called ${name}`); };
    }
    result = run();
  } finally {
    for (let i = 0; i < undo.length; i++) undo[i]();
  }
  return result;
}

// Runs a function while Object.prototype has accessors for names that dictionaries use.
async function setters(run) {
  const names = ["type", "pull", "start", "highWaterMark", "size", "inline", "read", "length", "mode", "url", "error"];
  const seen = [];
  for (const name of names) {
    defineProperty(Object.prototype, name, {
      __proto__: null, configurable: true, get() { seen[seen.length] = name; }, set() { seen[seen.length] = name; },
    });
  }
  try {
    return [await run(), seen.length];
  } finally {
    for (const name of names) delete Object.prototype[name];
  }
}
