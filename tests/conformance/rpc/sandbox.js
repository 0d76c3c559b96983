// services: PEER=peer#Main
// Workers RPC: a dynamic Worker and the capabilities that its host gives it: calls, callbacks, streams, errors, ends.
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

const log = [];
const stores = {};
class Cursor extends RpcTarget {
  #rows;
  constructor(rows) {
    super();
    this.#rows = rows;
  }
  next() {
    return this.#rows.shift();
  }
  get left() {
    return this.#rows.length;
  }
  [Symbol.dispose]() {
    log.push("cursor disposed");
  }
}
export class Store extends WorkerEntrypoint {
  #all() {
    return (stores[this.ctx.props.user] ??= {});
  }
  put(key, value) {
    this.#all()[key] = value;
  }
  get(key) {
    return this.#all()[key];
  }
  keys() {
    return Object.keys(this.#all()).sort();
  }
  update(key, change) {
    return Promise.resolve(change(this.#all()[key])).then((value) => (this.#all()[key] = value));
  }
  query(n) {
    return new Cursor(Array.from({ length: n }, (_, i) => ({ i })));
  }
  async each(n, callback) {
    for (let i = 0; i < n; i++) await callback(i);
    return n;
  }
  sub(user) {
    return this.ctx.exports.Store({ props: { user: `${this.ctx.props.user}/${user}` } });
  }
  fail() {
    throw Object.assign(new RangeError("the host failed"), { code: "HOST" });
  }
  large() {
    return new Blob(["x".repeat(500000)]).stream();
  }
  async upload(stream) {
    let n = 0;
    for await (const part of stream) n += part.byteLength;
    return n;
  }
  async fetch(request) {
    return new Response(`${this.ctx.props.user} ${request.method} ${new URL(request.url).pathname}`);
  }
}
export class Main extends WorkerEntrypoint {
  hello(name) {
    return `hello ${name}`;
  }
}
export class Gate extends WorkerEntrypoint {
  async fetch(request) {
    const { hostname, pathname } = new URL(request.url);
    if (hostname !== "allowed") return new Response("refused", { status: 403 });
    return new Response(`gate for ${this.ctx.props.user}: ${request.method} ${pathname} ${request.headers.get("x") ?? ""} ${await request.text()}`);
  }
}

// A dynamic Worker whose method run() has this body, with everything that a host would give it.
function run({ env, ctx }, body, { args = [], user = "u", ...more } = {}) {
  const main = `import { WorkerEntrypoint, RpcTarget } from "cloudflare:workers";
let state = 0;
class Counter extends RpcTarget { n = 0; next() { return ++this.n; } get count() { return this.n; } }
export default class extends WorkerEntrypoint {
  async run(...args) { const { STORE, PEER } = this.env; ${body} }
}`;
  const worker = env.LOADER.load({
    compatibilityDate: "2026-11-01",
    mainModule: "main.js",
    modules: { "main.js": main },
    env: { STORE: ctx.exports.Store({ props: { user } }), PEER: env.PEER },
    globalOutbound: ctx.exports.Gate({ props: { user } }),
    ...more,
  });
  return worker.getEntrypoint().run(...args);
}
const short = (e) => (e instanceof Error ? `${e.name}: ${e.message}` : e);

export default checks({
  "puts and gets": async (t) => await run(t, `await STORE.put("k", new Map([[1, { a: [1n] }]])); return (await STORE.get("k")).get(1).a[0];`),
  "each sees its own": async (t) => {
    await run(t, `await STORE.put("mine", 1);`, { user: "a" });
    return [await run(t, `return await STORE.keys();`, { user: "a" }), await run(t, `return await STORE.keys();`, { user: "b" })];
  },
  "it cannot change its props": async (t) => await run(t, `this.ctx.props.user = "b"; STORE.props = { user: "b" }; return await STORE.keys();`, { user: "a" }),
  "it cannot reach the host's private method": async (t) => await run(t, `return await STORE["#all"]();`),
  "it cannot reach the host's ctx or env": async (t) => await run(t, `return [await STORE.ctx.catch((e) => e.message), await STORE.env.LOADER.catch((e) => e.message)];`),
  "a callback": async (t) => await run(t, `await STORE.put("n", 1); await STORE.update("n", (n) => n + 1); await STORE.update("n", async (n) => n * 10); return await STORE.get("n");`),
  "a callback that throws": async (t) => await run(t, `return await STORE.update("n", () => { throw Object.assign(new TypeError("inside"), { code: 1 }); }).catch((e) => [e.name, e.message, e.code, e.remote]);`),
  "many callbacks": async (t) => await run(t, `const seen = []; await STORE.each(100, (i) => { seen.push(i); }); return [seen.length, seen[99]];`),
  "a cursor": async (t) => {
    const result = await run(t, `using c = await STORE.query(3); const rows = []; for (let row; (row = await c.next()); ) rows.push(row.i); return [rows, await c.left];`);
    return result;
  },
  "a pipelined cursor": async (t) => await run(t, `return [await STORE.query(3).next().i, await STORE.query(5).left];`),
  "a store of a store": async (t) => await run(t, `const s = await STORE.sub("deep"); await s.put("x", 1); return [await s.keys(), await STORE.sub("deep").get("x"), await STORE.get("x")];`),
  "an error of the host": async (t) => await run(t, `return await STORE.fail().catch((e) => [e instanceof RangeError, e.message, e.code, e.remote]);`),
  "an error of the host, not caught": async (t) => await run(t, `await STORE.fail();`).catch((e) => [e.name, e.message, e.code]),
  "an error of its own": async (t) => await run(t, `class Own extends Error { name = "Own"; } throw new Own("mine");`).catch((e) => [e.name, e.message]),
  "streams in": async (t) => await run(t, `let n = 0; for await (const part of await STORE.large()) n += part.byteLength; return n;`),
  "streams out": async (t) => await run(t, `return await STORE.upload(new Blob(["y".repeat(400000)]).stream());`),
  "a stream through it": async (t) => await new Response(await run(t, `return (await STORE.large()).pipeThrough(new TransformStream({ transform: (b, c) => c.enqueue(b.slice(0, 1)) }));`)).text().then((s) => /^x+$/.test(s)),
  "fetch of a binding": async (t) => await run(t, `return await (await STORE.fetch("http://any/path", { method: "PUT", body: "b" })).text();`),
  "fetch through the outbound": async (t) => await run(t, `const r = await fetch("http://allowed/p", { method: "POST", body: "b", headers: { x: "y" } }); return [r.status, await r.text()];`),
  "fetch that the outbound refuses": async (t) => await run(t, `const r = await fetch("http://other/p"); return [r.status, await r.text()];`),
  "no outbound": async (t) => short(await run(t, `return await fetch("http://allowed/");`, { globalOutbound: null }).catch((e) => e)),
  "a Worker of the configuration": async (t) => await run(t, `return await PEER.hello("from inside");`),
  "the host's function": async (t) => await run(t, `return await args[0](await args[0](1));`, { args: [(x) => x + 1] }),
  "the host's target": async (t) => {
    class Api extends RpcTarget {
      nested = { hidden: true };
      get api() {
        return { v1: { add: (a, b) => a + b } };
      }
    }
    return await run(t, `const api = args[0]; return [await api.api.v1.add(1, 2), await api.nested.catch((e) => e.message)];`, { args: [new Api()] });
  },
  "it returns its own target": async (t) => {
    using c = await run(t, `return new Counter();`);
    return [await c.next(), await c.next(), await c.count];
  },
  "its target in the host's store": async (t) => await run(t, `return await STORE.put("t", new Counter()).then(() => STORE.get("t")).then((c) => c.next());`).catch((e) => short(e).slice(0, 50)),
  "two Workers talk through the host": async (t) => {
    using c = await run(t, `return new Counter();`);
    return [await run(t, `return await args[0].next();`, { args: [c] }), await run(t, `return await args[0].next();`, { args: [c] })];
  },
  "two Workers talk, pipelined": async (t) => {
    const [a, b] = await Promise.all([run(t, `return (f) => f("a");`), run(t, `return (f) => f("b");`)]);
    return await a((x) => b((y) => x + y));
  },
  "it keeps a function and calls it later": async (t) => {
    const called = new Promise((resolve) => {
      run(t, `const f = args[0].dup(); this.ctx.waitUntil(scheduler.wait(10).then(() => f("later"))); return 1;`, { args: [resolve] });
    });
    return await called;
  },
  "it calls after it ended": async (t) => {
    let calls = 0;
    await run(t, `const f = args[0].dup(); scheduler.wait(10).then(() => f()); return 1;`, { args: [() => calls++] });
    await scheduler.wait(60);
    return calls;
  },
  "it hangs": async (t) => short(await run(t, `await new Promise(() => {});`).catch((e) => e)),
  "it aborts its context": async (t) => short(await run(t, `this.ctx.abort(new RangeError("gave up")); await scheduler.wait(10);`).catch((e) => e)),
  "its leaks are disposed": async (t) => {
    log.length = 0;
    class Leaky extends RpcTarget {
      make() {
        return new Cursor([]);
      }
    }
    await run(t, `await args[0].make(); await args[0].make(); return 1;`, { args: [new Leaky()] });
    await scheduler.wait(50);
    return log;
  },
  "a class instance out": async (t) => short(await run(t, `return new (class Foreign {})();`).catch((e) => e)),
  "its env is a copy": async (t) => {
    const settings = { list: [1] };
    const result = await run(t, `this.env.SETTINGS.list.push(2); return this.env.SETTINGS.list;`, { env: { SETTINGS: settings } });
    return [result, settings.list];
  },
});
