// loader.get(): names, callbacks of every kind, what they give, who gets their error, who shares a Worker.
import { checks } from "../checks.js";

const COUNT = `let n = 0; export default { fetch() { return new Response(String(++n)); } };`;
const code = (source = COUNT) => ({ compatibilityDate: "2026-11-01", mainModule: "main.js", modules: { "main.js": source } });
const call = async (worker) => await (await worker.getEntrypoint().fetch("http://x/")).text();
const told = (promise) => promise.then((v) => v, (e) => `${e?.name}: ${e?.message}`);
const both = async ({ env }, name, other = name) => [await told(call(env.LOADER.get(name, () => code()))), await told(call(env.LOADER.get(other, () => code())))];
let unique = 0;
const fresh = () => `unique ${++unique}`;

export default checks({
  "no argument": ({ env }) => env.LOADER.get(),
  "no callback": ({ env }) => env.LOADER.get(fresh()),
  "a callback that is none: undefined": ({ env }) => env.LOADER.get(fresh(), undefined),
  "a callback that is none: null": ({ env }) => env.LOADER.get(fresh(), null),
  "a callback that is none: code": ({ env }) => env.LOADER.get(fresh(), code()),
  "a callback that is none: a text": ({ env }) => env.LOADER.get(fresh(), "x"),
  "a name that throws": ({ env }) => env.LOADER.get({ toString() { throw new RangeError("mine"); } }, () => code()),
  "a name that throws, and no callback": ({ env }) => env.LOADER.get({ toString() { throw new RangeError("mine"); } }, 5),
  "a symbol": ({ env }) => env.LOADER.get(Symbol("s"), () => code()),
  "what it is": ({ env }) => String(env.LOADER.get(fresh(), () => code())),
  "its length and name": ({ env }) => [env.LOADER.get.name, env.LOADER.load.name, Object.getOwnPropertyNames(env.LOADER), String(env.LOADER)],
  "without its receiver": ({ env }) => (0, env.LOADER.get)("x", () => code()),
  "load and get make the same": ({ env }) => Object.getPrototypeOf(env.LOADER.load(code())) === Object.getPrototypeOf(env.LOADER.get(fresh(), () => code())),
  "its constructor": ({ env }) => new (env.LOADER.load(code()).constructor)(),
  "the loader's constructor": ({ env }) => new env.LOADER.constructor(),

  "name: a text": (t) => both(t, "get: a text"),
  "name: null": (t) => both(t, null),
  "name: undefined": (t) => both(t, undefined),
  "name: null and undefined": (t) => both(t, null, undefined),
  "name: an empty text": (t) => both(t, ""),
  "name: a number and its text": (t) => both(t, 5, "5"),
  "name: true and its text": (t) => both(t, true, "true"),
  "name: null's text": (t) => both(t, "null"),
  "name: undefined's text": (t) => both(t, "undefined"),
  "name: an object and its text": (t) => both(t, { toString: () => "get: object" }, "get: object"),
  "name: an array": (t) => both(t, ["a", "b"], "a,b"),
  "name: a bigint": (t) => both(t, 77n, "77"),
  "name: upper case": (t) => both(t, "get: case", "get: CASE"),
  "name: spaces": (t) => both(t, "get: space", " get: space "),
  "name: a zero byte": (t) => both(t, "get: zero\0a", "get: zero\0b"),
  "name: letters": (t) => both(t, "get: ü\u{1f600}"),
  "name: composed and decomposed": (t) => both(t, "get: \u00fc", "get: u\u0308"),
  "name: of Object.prototype": (t) => both(t, "__proto__", "constructor"),
  "name: long": (t) => both(t, "n".repeat(10000), `${"n".repeat(9999)}m`),

  "callback: its arguments and receiver": async ({ env }) => {
    let seen;
    await call(env.LOADER.get(fresh(), function () {
      "use strict";
      seen = [arguments.length, this === undefined || this === globalThis];
      return code();
    }));
    return seen[0];
  },
  "callback: when it runs": async ({ env }) => {
    const log = [], name = fresh();
    const worker = env.LOADER.get(name, () => (log.push("callback"), code()));
    log.push("get");
    await null;
    log.push("job");
    const entrypoint = worker.getEntrypoint();
    log.push("entrypoint");
    const answer = entrypoint.fetch("http://x/");
    log.push("fetch");
    await answer;
    return log.filter((line) => line !== "callback").length + (log.indexOf("callback") > 0 ? " later" : " at once");
  },
  "callback: runs once": async ({ env }) => {
    let calls = 0;
    const name = fresh(), get = () => call(env.LOADER.get(name, () => (calls++, code())));
    return [await get(), await get(), await get(), calls];
  },
  "callback: runs once for many at once": async ({ env }) => {
    let calls = 0;
    const name = fresh();
    const get = () => call(env.LOADER.get(name, async () => {
      calls++;
      await scheduler.wait(10);
      return code();
    }));
    const answers = await Promise.all(Array.from({ length: 10 }, get));
    return [answers.sort((a, b) => a - b), calls];
  },
  "callback: of the first, not of a later one": async ({ env }) => {
    const name = fresh();
    const source = (text) => `export default { fetch() { return new Response("${text}"); } };`;
    return [await call(env.LOADER.get(name, () => code(source("first")))), await call(env.LOADER.get(name, () => code(source("second"))))];
  },
  "callback: async": async ({ env }) => await call(env.LOADER.get(fresh(), async () => code())),
  "callback: gives a promise's promise": async ({ env }) => await call(env.LOADER.get(fresh(), () => Promise.resolve(Promise.resolve(code())))),
  "callback: gives a thenable": async ({ env }) => await call(env.LOADER.get(fresh(), () => ({ then: (resolve) => resolve(code()) }))),
  "callback: a class": ({ env }) => told(call(env.LOADER.get(fresh(), class {}))).then((s) => s.split(":")[0]),
  "callback: a Proxy": async ({ env }) => await call(env.LOADER.get(fresh(), new Proxy(() => code(), {}))),
  "callback: a bound function": async ({ env }) => await call(env.LOADER.get(fresh(), code.bind(null, COUNT))),
  "callback: a generator": ({ env }) => told(call(env.LOADER.get(fresh(), function* () { yield code(); }))),
  "callback: one for two names": async ({ env }) => {
    let calls = 0;
    const callback = () => (calls++, code());
    return [await call(env.LOADER.get(fresh(), callback)), await call(env.LOADER.get(fresh(), callback)), calls];
  },
  "callback: with I/O": async ({ env }) => await call(env.LOADER.get(fresh(), async () => {
    const inner = env.LOADER.load(code("export default { fetch() { return new Response('1 + 1'); } };"));
    return code(`export default { fetch() { return new Response(String(${await call(inner)})); } };`);
  })),

  "gives undefined": ({ env }) => told(call(env.LOADER.get(fresh(), () => {}))),
  "gives null": ({ env }) => told(call(env.LOADER.get(fresh(), () => null))),
  "gives a number": ({ env }) => told(call(env.LOADER.get(fresh(), () => 5))),
  "gives a text": ({ env }) => told(call(env.LOADER.get(fresh(), () => "x"))),
  "gives a promise of a number": ({ env }) => told(call(env.LOADER.get(fresh(), async () => 5))),
  "gives a promise of nothing": ({ env }) => told(call(env.LOADER.get(fresh(), async () => {}))),
  "gives an empty object": ({ env }) => told(call(env.LOADER.get(fresh(), () => ({})))),
  "gives an array": ({ env }) => told(call(env.LOADER.get(fresh(), () => [code()]))),
  "gives a Worker": ({ env }) => told(call(env.LOADER.get(fresh(), () => env.LOADER.load(code())))),
  "gives no modules": ({ env }) => told(call(env.LOADER.get(fresh(), () => ({ ...code(), modules: {} })))),
  "gives a wrong date": ({ env }) => told(call(env.LOADER.get(fresh(), () => ({ ...code(), compatibilityDate: "x" })))),
  "gives an unknown flag": ({ env }) => told(call(env.LOADER.get(fresh(), () => ({ ...code(), compatibilityFlags: ["x"] })))),
  "gives a wrong limit": ({ env }) => told(call(env.LOADER.get(fresh(), () => ({ ...code(), limits: { cpuMs: -1 } })))),
  "gives a wrong env": ({ env }) => told(call(env.LOADER.get(fresh(), () => ({ ...code(), env: { f() {} } })))),
  "gives a getter that throws": ({ env }) => told(call(env.LOADER.get(fresh(), () => ({ ...code(), get env() { throw new RangeError("mine"); } })))),

  "throws an Error": ({ env }) => told(call(env.LOADER.get(fresh(), () => { throw new RangeError("mine"); }))),
  "throws a class of its own": ({ env }) => told(call(env.LOADER.get(fresh(), () => { throw new (class Mine extends Error { name = "Mine"; })("m"); }))),
  "throws a DOMException": ({ env }) => told(call(env.LOADER.get(fresh(), () => { throw new DOMException("m", "AbortError"); }))),
  "throws a text": ({ env }) => told(call(env.LOADER.get(fresh(), () => { throw "text"; }))),
  "throws undefined": ({ env }) => told(call(env.LOADER.get(fresh(), () => { throw undefined; }))),
  "throws an object": ({ env }) => told(call(env.LOADER.get(fresh(), () => { throw { a: 1 }; }))),
  "throws null": ({ env }) => told(call(env.LOADER.get(fresh(), () => { throw null; }))),
  "rejects": ({ env }) => told(call(env.LOADER.get(fresh(), () => Promise.reject(new TypeError("mine"))))),
  "rejects late": ({ env }) => told(call(env.LOADER.get(fresh(), () => scheduler.wait(5).then(() => { throw new TypeError("mine"); })))),
  "is it the same error?": async ({ env }) => {
    const error = Object.assign(new RangeError("mine"), { code: 7, list: [1] });
    return await call(env.LOADER.get(fresh(), () => { throw error; })).catch((e) => [e === error, e.constructor.name, e.message, e.code, e.list, e.remote]);
  },
  "its properties": async ({ env }) => await call(env.LOADER.get(fresh(), () => { throw Object.assign(new Error("m"), { code: 7, deep: { a: [1] }, retryable: true }); })).catch((e) => [e.code, e.deep, e.retryable, e.remote]),
  "its cause": async ({ env }) => await call(env.LOADER.get(fresh(), () => { throw new Error("m", { cause: new TypeError("c") }); })).catch((e) => [e.message, e.cause?.name, e.cause?.message]),
  "its properties, by RPC": async ({ env }) => await env.LOADER.get(fresh(), () => { throw Object.assign(new Error("m"), { code: 7 }); }).getEntrypoint().anything().catch((e) => [e.name, e.message, e.code, e.remote]),
  "a class of its own": async ({ env }) => await call(env.LOADER.get(fresh(), () => { throw Object.assign(new (class Mine extends Error {})("m"), { code: 7, name: "Named" }); })).catch((e) => [e.constructor.name, e.name, e.message, e.code]),
  "each caller gets it": async ({ env }) => {
    const name = fresh();
    let calls = 0;
    const get = () => env.LOADER.get(name, async () => {
      calls++;
      await scheduler.wait(10);
      throw Object.assign(new RangeError("mine"), { code: 7 });
    }).getEntrypoint();
    const results = await Promise.allSettled([get().fetch("http://x/"), get().method(), get().fetch("http://x/"), get().a.b.c()]);
    return [results.map(({ reason: e }) => [e.name, e.message, e.code].join()), calls];
  },
  "each call on one stub gets it": async ({ env }) => {
    const worker = env.LOADER.get(fresh(), () => { throw new RangeError("mine"); });
    return [await told(call(worker)), await told(call(worker)), await told(worker.getEntrypoint().method())];
  },
  "two calls on one stub at once": async ({ env }) => {
    const worker = env.LOADER.get(fresh(), () => { throw new RangeError("mine"); });
    return await Promise.all([told(call(worker)), told(worker.getEntrypoint().method())]);
  },
  "an unnamed one too": async ({ env }) => {
    const worker = env.LOADER.get(null, () => { throw Object.assign(new RangeError("mine"), { code: 7 }); });
    return await call(worker).catch((e) => [e.name, e.message, e.code]);
  },
  "a failed start is told to each call on one stub": async ({ env }) => {
    const worker = env.LOADER.get(fresh(), () => code("throw new TypeError('top');"));
    return [await told(call(worker)), await told(call(worker)), await told(worker.getEntrypoint().method()), await told(worker.getEntrypoint("other").fetch("http://x/"))];
  },
  "a failed start is told to each get()": async ({ env }) => {
    const name = fresh(), get = () => env.LOADER.get(name, () => code("throw new TypeError('top');"));
    return [await told(call(get())), await told(call(get())), await told(get().getEntrypoint().method())];
  },
  "a failed start of load()": async ({ env }) => {
    const worker = env.LOADER.load(code("throw new TypeError('top');"));
    return [await told(call(worker)), await told(call(worker)), await told(worker.getEntrypoint().method())];
  },
  "a get() in the callback of another": async ({ env }) => await call(env.LOADER.get(fresh(), async () => {
    const inner = await call(env.LOADER.get(fresh(), () => code()));
    return code(`export default { fetch() { return new Response("inner ${inner}"); } };`);
  })),
  "nobody asks it": async ({ env }) => {
    let calls = 0;
    env.LOADER.get(fresh(), () => (calls++, code()));
    await scheduler.wait(10);
    return calls < 2;
  },
});
