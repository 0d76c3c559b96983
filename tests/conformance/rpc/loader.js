// services: SELF=self#Main, PEER=peer#Main
// memory: 512
// Workers RPC with dynamic Workers: entrypoints, props, env with stubs, the outbound, the names that share an isolate.
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

const log = [];
export class Main extends WorkerEntrypoint {
  greet(name) {
    return `${this.ctx.props.greeting ?? "Hello"}, ${name}`;
  }
  async fetch(request) {
    return new Response(`main got ${request.method} ${request.url} with ${JSON.stringify(this.ctx.props)}`);
  }
  async call(stub, method, ...args) {
    return await stub[method](...args);
  }
  note(text) {
    log.push(text);
  }
  echo(v) {
    return v;
  }
  load(code) {
    return this.env.LOADER.load(code).getEntrypoint();
  }
}
export class Outbound extends WorkerEntrypoint {
  async fetch(request) {
    return new Response(`outbound ${this.ctx.props.who}: ${request.method} ${request.url} ${await request.text()}`);
  }
}
export const outboundObject = { fetch: (request) => new Response(`object ${request.url}`) };
class Counter extends RpcTarget {
  n = 0;
  next() {
    return ++this.n;
  }
}

const CODE = `
import { WorkerEntrypoint, RpcTarget } from "cloudflare:workers";
let loads = 0;
class Counter extends RpcTarget {
  n = 0;
  next(by = 1) { return (this.n += by); }
  child() { return new Counter(); }
}
export default class extends WorkerEntrypoint {
  add(a, b) { return a + b; }
  counter() { return new Counter(); }
  props() { return this.ctx.props; }
  envKeys() { return Object.keys(this.env).sort(); }
  envKinds() { return Object.entries(this.env).map(([k, v]) => k + " " + typeof v + " " + v?.constructor?.name); }
  envValue(name) { return this.env[name]; }
  async callEnv(name, method, ...args) { return await this.env[name][method](...args); }
  async fetchEnv(name, url, init) { return await (await this.env[name].fetch(url, init)).text(); }
  async call(f, ...args) { return await f(...args); }
  async callMethod(o, m, ...args) { return await o[m](...args); }
  async pipelined(o) { return await o.make().child().next(); }
  async outside(url, init) { return await (await fetch(url, init)).text(); }
  async outsideError(url) { return await fetch(url).then(() => "answered", (e) => e.name + ": " + e.message); }
  echo(v) { return v; }
  kind(v) { return [typeof v, v?.constructor?.name]; }
  fail() { throw Object.assign(new RangeError("failed inside"), { code: 7 }); }
  count() { return ++loads; }
  exportNames() { return Object.keys(this.ctx.exports).sort(); }
  async exported(...args) { return await this.ctx.exports.Named({ props: { a: 1 } }).tell(...args); }
  self() { return this.ctx.exports.Named({ props: { a: 2 } }); }
  stream(...parts) { return new Blob(parts).stream(); }
  async read(s) { return await new Response(s).text(); }
  fetch(request) { return new Response("fetched " + request.url + " " + JSON.stringify(this.ctx.props)); }
}
export class Named extends WorkerEntrypoint {
  tell(...args) { return ["named", this.ctx.props, ...args]; }
  get name() { return "Named"; }
}
export const object = {
  one(arg, env, ctx) { return [arg, ctx.props, Object.keys(env).length]; },
};
export const number = { value: 5 };
`;
const base = { compatibilityDate: "2026-11-01", mainModule: "main.js", modules: { "main.js": CODE } };
const load = ({ env }, more = {}) => env.LOADER.load({ ...base, ...more });
const entry = (t, more) => load(t, more).getEntrypoint();
const one = (code, more) => ({ ...base, modules: { "main.js": code }, ...more });

export default checks({
  "a method": async (t) => await entry(t).add(1, 2),
  "what an entrypoint is": async (t) => { const e = entry(t); return [typeof e, e.constructor.name, String(e), typeof e.add, typeof e.then]; },
  "what a stub of a Worker is": async (t) => { const w = load(t); return [typeof w, w.constructor.name, String(w), Object.keys(w), typeof w.fetch]; },
  "a stub and pipelining": async (t) => {
    const e = entry(t);
    using c = await e.counter();
    return [await c.next(), await c.child().next(5), await e.counter().child().next()];
  },
  "an error": async (t) => await entry(t).fail().catch((e) => [e.constructor.name, e.message, e.code, e.remote]),
  "no such method": async (t) => await entry(t).absent(),
  "functions both ways": async (t) => [await entry(t).call((a) => a * 2, 4), await entry(t).callMethod(new Counter(), "next")],
  "pipelined in the Worker": async (t) => await entry(t).pipelined({ make: () => ({ child: () => new Counter() }) }),
  "a stub of one Worker in another": async (t) => {
    const [a, b] = [entry(t), entry(t)];
    using c = await a.counter();
    return [await b.callMethod(c, "next"), await b.callMethod(c, "next"), await c.next()];
  },
  "streams": async (t) => [await new Response(await entry(t).stream("a", "b")).text(), await entry(t).read(new Blob(["c"]).stream())],
  "a stream from one Worker to another": async (t) => await entry(t).read(await entry(t).stream("across")),
  "values": async (t) => {
    const v = await entry(t).echo({ m: new Map([[1, new Set([2])]]), d: new Date(5), b: new Uint8Array([1]), n: 5n });
    return [v.m.get(1).has(2), v.d.getTime(), v.b, v.n];
  },
  "a class instance": async (t) => await entry(t).echo(new (class Foreign {})()),
  "a named entrypoint": async (t) => await load(t).getEntrypoint("Named").tell(1),
  "a named entrypoint's property": async (t) => await load(t).getEntrypoint("Named").name,
  "an object": async (t) => await load(t).getEntrypoint("object").one("arg"),
  "an object and two arguments": async (t) => await load(t).getEntrypoint("object").one(1, 2).catch((e) => e.message.slice(0, 70)),
  "names of the default": async (t) => {
    const w = load(t);
    return await Promise.all([w.getEntrypoint(), w.getEntrypoint(undefined), w.getEntrypoint(null), w.getEntrypoint("default")].map((e) => e.add(1, 1)));
  },
  "the name is text": async (t) => await load(t).getEntrypoint({ toString: () => "Named" }).tell(),
  "no such entrypoint": async (t) => await load(t).getEntrypoint("Absent").tell(),
  "no such entrypoint: fetch": async (t) => await load(t).getEntrypoint("Absent").fetch("http://a/"),
  "no such entrypoint: when?": (t) => load(t).getEntrypoint("Absent").constructor.name,
  "names of Object.prototype": async (t) => await load(t).getEntrypoint("toString").m(),
  "an empty name": async (t) => await load(t).getEntrypoint("").m().catch((e) => e.message),
  "props": async (t) => [
    await load(t).getEntrypoint(null, { props: { a: 1, nested: { list: [2] } } }).props(),
    await load(t).getEntrypoint("Named", { props: { b: new Date(3) } }).tell().then((r) => r[1].b.getTime()),
    await load(t).getEntrypoint("object", { props: { c: 1 } }).one(1),
    await load(t).getEntrypoint(undefined, {}).props(),
    await load(t).getEntrypoint(undefined, undefined).props(),
  ],
  "props: fetch": async (t) => await (await load(t).getEntrypoint(null, { props: { a: 1 } }).fetch("http://a/b")).text(),
  "props of two entrypoints of a Worker": async (t) => {
    const w = load(t);
    const [a, b] = [1, 2].map((n) => w.getEntrypoint(null, { props: { n } }));
    return [await a.props(), await b.props(), await a.count(), await b.count()];
  },
  "props: service stub": async (t) => {
    const props = { s: t.ctx.exports.Main({ props: { greeting: "Hi" } }), p: t.env.PEER };
    const p = await load(t).getEntrypoint(null, { props }).props();
    return [await p.s.greet("props"), await p.p.greet("peer")];
  },
  "props: a function": (t) => load(t).getEntrypoint(null, { props: { f: () => 1 } }),
  "props: a target": (t) => load(t).getEntrypoint(null, { props: { c: new Counter() } }),
  "props: no object": (t) => load(t).getEntrypoint(null, { props: 5 }),
  "props: entrypoint of a dynamic Worker": (t) => t.ctx.exports.Main({ props: { e: entry(t) } }),
  "an entrypoint of a dynamic Worker as argument": async (t) => await t.env.SELF.call(entry(t), "add", 1, 2),
  "an entrypoint of a dynamic Worker to another Worker": async (t) => await t.env.PEER.call(entry(t), "add", 1, 2),
  "an entrypoint of a dynamic Worker to another dynamic Worker": async (t) => await entry(t).callMethod(entry(t), "add", 1, 2),
  "an entrypoint of a dynamic Worker as result": async (t) => await t.env.SELF.load(base),
  "an entrypoint of a dynamic Worker in env": async (t) => await entry(t, { env: { E: entry(t) } }).callEnv("E", "add", 1, 2),
  "a dynamic Worker's ctx.exports": async (t) => [await entry(t).exportNames(), await entry(t).exported("x")],
  "a dynamic Worker's own stub as result": async (t) => await entry(t).self(),
  "env: values": async (t) => {
    const e = entry(t, { env: { TEXT: "t", N: 5, O: { a: [1] }, D: new Date(5), M: new Map([[1, 2]]), U: undefined, B: new Uint8Array([1]) } });
    return [await e.envKeys(), await e.envKinds()];
  },
  "env: absent": async (t) => await entry(t).envKeys(),
  "env: service stubs": async (t) => {
    const e = entry(t, { env: { S: t.env.SELF, P: t.env.PEER, X: t.ctx.exports.Main({ props: { greeting: "Props" } }) } });
    return [await e.envKinds(), await e.callEnv("S", "greet", "a"), await e.callEnv("P", "greet", "b"), await e.callEnv("X", "greet", "c")];
  },
  "env: service stub deep inside": async (t) => {
    const e = entry(t, { env: { DEEP: { list: [t.env.SELF] } } });
    const deep = await e.envValue("DEEP");
    return await deep.list[0].greet("deep");
  },
  "env: fetch of a service stub": async (t) => {
    const e = entry(t, { env: { X: t.ctx.exports.Main({ props: { a: 1 } }) } });
    return await e.fetchEnv("X", "http://h/p?q", { method: "POST", body: "b" });
  },
  "env: a bare export": (t) => load(t, { env: { X: t.ctx.exports.Main } }),
  "env: a function": (t) => load(t, { env: { F: () => 1 } }),
  "env: a target": (t) => load(t, { env: { C: new Counter() } }),
  "env: a stub": async (t) => {
    using c = await entry(t).counter();
    return load(t, { env: { c } });
  },
  "env: a stream": (t) => load(t, { env: { S: new ReadableStream() } }),
  "env: a loader": (t) => load(t, { env: { L: t.env.LOADER } }),
  "env: an instance": (t) => load(t, { env: { I: new (class Foreign {})() } }),
  "env: Headers": async (t) => await entry(t, { env: { H: new Headers({ a: "b" }) } }).envKinds(),
  "env: no object": (t) => load(t, { env: 5 }),
  "env: a cycle": async (t) => {
    const O = { a: 1 };
    O.self = O;
    return (await entry(t, { env: { O } }).envValue("O")).self.a;
  },
  "env: what is sent back is a service stub": async (t) => {
    const s = await entry(t, { env: { X: t.ctx.exports.Main({ props: { greeting: "Back" } }) } }).envValue("X");
    return [s.constructor.name, await s.greet("again")];
  },
  "env: order of calls": async (t) => {
    log.length = 0;
    const e = entry(t, one(`import { WorkerEntrypoint } from "cloudflare:workers";
      export default class extends WorkerEntrypoint { async run() { const all = []; for (let i = 0; i < 5; i++) all.push(this.env.S.note(i)); await Promise.all(all); } }`, { env: { S: t.env.SELF } }));
    await e.run();
    return log.length;
  },
  "globalOutbound: null": async (t) => await entry(t, { globalOutbound: null }).outsideError("http://a/"),
  "globalOutbound: absent": async (t) => await entry(t).outside(`${t.env.UPSTREAM}/status/200`),
  "globalOutbound: undefined": async (t) => await entry(t, { globalOutbound: undefined }).outside(`${t.env.UPSTREAM}/status/200`),
  "globalOutbound: an export": async (t) => await entry(t, { globalOutbound: t.ctx.exports.Outbound({ props: { who: "me" } }) }).outside("http://a/b", { method: "PUT", body: "x" }),
  "globalOutbound: a bare export": async (t) => await entry(t, { globalOutbound: t.ctx.exports.Outbound }).outside("http://a/b"),
  "globalOutbound: an object export": async (t) => await entry(t, { globalOutbound: t.ctx.exports.outboundObject({}) }).outside("http://a/b"),
  "globalOutbound: a binding": async (t) => await entry(t, { globalOutbound: t.env.PEER }).outside("http://a/b"),
  "globalOutbound: a plain object": (t) => load(t, { globalOutbound: {} }),
  "globalOutbound: text": (t) => load(t, { globalOutbound: "x" }),
  "globalOutbound: an entrypoint of a dynamic Worker": async (t) => await entry(t, { globalOutbound: entry(t) }).outside("http://a/b"),
  "get: shared by name": async (t) => {
    let calls = 0;
    const get = () => t.env.LOADER.get("shared", () => (calls++, base)).getEntrypoint();
    return [await get().count(), await get().count(), await get().count(), calls];
  },
  "get: another name": async (t) => await t.env.LOADER.get("another", () => base).getEntrypoint().count(),
  "get: null is nobody's name": async (t) => {
    const get = () => t.env.LOADER.get(null, () => base).getEntrypoint();
    return [await get().count(), await get().count()];
  },
  "get: async": async (t) => await t.env.LOADER.get("async", async () => {
    await scheduler.wait(5);
    return base;
  }).getEntrypoint().add(1, 2),
  "get: the callback runs later": async (t) => {
    const order = [];
    const w = t.env.LOADER.get("later", () => (order.push("callback"), base));
    order.push("returned");
    const e = w.getEntrypoint();
    order.push("entrypoint");
    await e.add(1, 2);
    return order;
  },
  "get: the callback fails": async (t) => await t.env.LOADER.get("failing", () => { throw new RangeError("Code loader failed!"); }).getEntrypoint().add(1, 2),
  "get: the callback rejects, for each that waits": async (t) => {
    const w = () => t.env.LOADER.get("rejecting", async () => {
      await scheduler.wait(5);
      throw new RangeError("Code loader failed!");
    }).getEntrypoint();
    const results = await Promise.allSettled([w().add(1, 2), w().add(1, 2), w().fetch("http://a/")]);
    return results.map((r) => `${r.reason?.name}: ${r.reason?.message}`);
  },
  "get: the callback returns nothing": async (t) => await t.env.LOADER.get("nothing", () => {}).getEntrypoint().add(1, 2).catch((e) => e.name),
  "a module that throws": async (t) => await load(t, one(`throw new RangeError("intentional startup error");`)).getEntrypoint().m().catch((e) => [e.name, e.message.includes("intentional startup error"), e.message.includes("internal error")]),
  "a module that cannot be parsed": async (t) => await load(t, one("export default {")).getEntrypoint().m().catch((e) => [e.name, e.message.split("\n")[0]]),
  "several calls of a Worker that does not start": async (t) => {
    const e = load(t, one(`throw new Error("intentional startup error");`)).getEntrypoint();
    const results = await Promise.allSettled([e.a(), e.b().c(), e.fetch("http://a/")]);
    return results.map((r) => r.reason?.message.includes("intentional startup error"));
  },
  "env too large": async (t) => {
    try {
      await load(t, { env: { BIG: "x".repeat(1048576) } }).getEntrypoint().add(1, 2);
    } catch (e) {
      return e.message.replace(/\(\d{7}/, "(N");
    }
  },
  "env of just under the limit": async (t) => await entry(t, { env: { BIG: "x".repeat(1048000) } }).envValue("BIG").then((v) => v.length),
  "code too large": async (t) => await load(t, one(`/*${"x".repeat(67108864)}*/`)).getEntrypoint().add(1, 2),
  "no modules": (t) => load(t, { modules: {} }),
  "main module absent": async (t) => await load(t, { mainModule: "absent.js" }).getEntrypoint().add(1, 2).catch((e) => e.message.split("\n")[0]),
  "module of unknown kind": (t) => load(t, { modules: { "main.js": CODE, "a.css": "x" } }),
  "module in TypeScript": (t) => load(t, { modules: { "main.js": CODE, "a.ts": "x" } }),
  "module of two kinds": (t) => load(t, { modules: { "main.js": CODE, a: { text: "x", json: {} } } }),
  "module of no kind": (t) => load(t, { modules: { "main.js": CODE, a: {} } }),
  "module in Python": (t) => load(t, { modules: { "main.js": CODE, "foo.py": { py: "" } } }),
  "module with a JavaScript extension for text": async (t) => await load(t, { modules: { "main.js": `import t from "./t.txt"; import j from "./j.json"; import d from "./d.bin"; import { WorkerEntrypoint } from "cloudflare:workers"; export default class extends WorkerEntrypoint { m() { return [t, j, d]; } }`, "t.txt": { text: "text" }, "j.json": { json: { a: 1 } }, "d.bin": { data: new Uint8Array([1, 2]).buffer } } }).getEntrypoint().m(),
  "no compatibility date": (t) => load(t, { compatibilityDate: undefined }),
  "a compatibility date that is none": async (t) => await entry(t, { compatibilityDate: "yesterday" }).add(1, 2).catch((e) => e.name),
  "no main module": (t) => load(t, { mainModule: undefined }),
  "no code": (t) => t.env.LOADER.load(),
  "get: no callback": (t) => t.env.LOADER.get("none"),
  "experimental": (t) => load(t, { allowExperimental: true }).constructor.name,
  "a Worker that is gone: use of its stub": async (t) => {
    using c = await entry(t).counter();
    await scheduler.wait(20);
    return await c.next();
  },
});
