// services: SELF=self#Main
// What fetch() of another Worker throws, at its caller: own properties, causes, what is no error.
import { WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

class Own extends Error {
  name = "Own";
}
const thrown = {
  "an Error": () => new Error("m"),
  "a RangeError": () => new RangeError("m"),
  "own properties": () => Object.assign(new TypeError("m"), { code: 7, deep: { a: [1, new Map([[1, 2]])] } }),
  "a cause": () => new Error("m", { cause: new RangeError("c", { cause: "text" }) }),
  "an AggregateError": () => new AggregateError([new Error("a"), 5], "m"),
  "a class of its own": () => new Own("m"),
  "a class of its own with properties": () => Object.assign(new Own("m"), { code: 1 }),
  "a DOMException": () => new DOMException("m", "AbortError"),
  "retryable": () => Object.assign(new Error("m"), { retryable: true, overloaded: true }),
  "a name": () => Object.assign(new Error("m"), { name: "Named" }),
  "a message that is no text": () => Object.assign(new Error(), { message: 5 }),
  "a property that cannot be sent": () => Object.assign(new Error("m"), { f() {}, code: 7 }),
  "a getter": () => Object.defineProperty(new Error("m"), "code", { get: () => 9, enumerable: true }),
  "a getter that throws": () => Object.defineProperty(new Error("m"), "code", { get() { throw new Error("inner"); }, enumerable: true }),
  "not enumerable": () => Object.defineProperty(new Error("m"), "code", { value: 9 }),
  "a large property": () => Object.assign(new Error("m"), { big: "x".repeat(5000) }),
  "a text": () => "text",
  "a number": () => 5,
  "null": () => null,
  "undefined": () => undefined,
  "a symbol": () => Symbol("s"),
  "an object": () => ({ a: 1, b: [2] }),
  "an array": () => [1, 2],
  "a function": () => () => 1,
  "an instance": () => new (class Foreign { a = 1; })(),
  "Headers": () => new Headers({ a: "b" }),
};
export class Main extends WorkerEntrypoint {
  fetch(request) {
    throw thrown[decodeURIComponent(new URL(request.url).pathname.slice(1))]();
  }
}
const CODE = `export default { fetch() { throw Object.assign(new RangeError("inside"), { code: 7 }); } };`;
const told = (e) => (typeof e !== "object" || e === null ? [typeof e, String(e)] : [e.constructor.name, e.name, e.message, e.code, e.deep?.a[1]?.get(1), e.a, e.cause?.message, e.cause?.cause, e.errors?.length, e.retryable, e.overloaded, e.big?.length, e.remote, typeof e.stack]);

export default checks({
  ...Object.fromEntries(Object.keys(thrown).map((name) => [name, ({ env }) => env.SELF.fetch(`http://x/${encodeURIComponent(name)}`).catch(told)])),
  "of a dynamic Worker": ({ env }) => env.LOADER.load({ compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": CODE } }).getEntrypoint().fetch("http://x/").catch(told),
  "of one with an old date": ({ env }) => env.LOADER.load({ compatibilityDate: "2026-01-01", mainModule: "m.js", modules: { "m.js": CODE } }).getEntrypoint().fetch("http://x/").catch(told),
  "of one that passes it on": ({ env }) => env.LOADER.load({ compatibilityDate: "2026-11-01", mainModule: "m.js", env: { S: env.SELF }, modules: { "m.js": `export default { fetch: (r, env) => env.S.fetch("http://x/own%20properties") };` } }).getEntrypoint().fetch("http://x/").catch(told),
});
