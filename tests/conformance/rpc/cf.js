// services: SELF=self#Main, WHOLE=self, OBJECT=self#object, PEER=peer#Main
// `cf` of requests to other Workers: which values arrive, as what, and over which ways.
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

const SHOW = `
  const type = (v) => v === null ? "null" : Array.isArray(v) ? "array" : typeof v;
  export const look = (request) => ({
    type: type(request.cf), json: JSON.stringify(request.cf), same: request.cf === request.cf,
    proto: request.cf == null ? null : Object.getPrototypeOf(request.cf) === Object.prototype,
    keys: request.cf == null ? [] : Object.keys(request.cf),
  });
`;
const type = (v) => (v === null ? "null" : Array.isArray(v) ? "array" : typeof v);
const look = (request) => ({
  type: type(request.cf),
  json: JSON.stringify(request.cf),
  same: request.cf === request.cf,
  proto: request.cf == null ? null : Object.getPrototypeOf(request.cf) === Object.prototype,
  keys: request.cf == null ? [] : Object.keys(request.cf),
});

export class Main extends WorkerEntrypoint {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/on") return this.env.OBJECT.fetch(request);
    if (pathname === "/plain") return this.env.OBJECT.fetch(request.url);
    if (pathname === "/copy") return this.env.OBJECT.fetch(new Request(request));
    if (pathname === "/init") return this.env.OBJECT.fetch(request, { method: "PUT" });
    if (pathname === "/other") return this.env.OBJECT.fetch(request, { cf: { other: 1 } });
    if (pathname === "/clone") return Response.json([look(request), look(request.clone()), look(new Request(request)), look(new Request("http://b/", request))]);
    if (pathname === "/own") {
      const copy = request.clone(), made = new Request(request), cf = request.cf;
      return Response.json([cf === copy.cf, cf === made.cf, copy.cf === copy.cf]);
    }
    if (pathname === "/size") return Response.json(JSON.stringify(request.cf).length);
    if (pathname === "/frozen") {
      const early = request.clone(), { cf } = request, late = new Request(request);
      return Response.json([cf, cf.o, cf.o.list, early.cf, early.cf.o, late.cf, new Request("http://b/", request).cf]
        .map(Object.isFrozen));
    }
    if (pathname === "/change") return Response.json([await failure(() => { request.cf.added = 1; }), await failure(() => { request.cf = {}; }), request.cf]);
    if (pathname === "/change-clone") {
      const copy = request.clone();
      copy.cf.added = { b: [1] };
      delete copy.cf.a;
      return this.env.OBJECT.fetch(copy);
    }
    if (pathname === "/headers") return Response.json([[...request.headers], request.cf, request.cache ?? null]);
    if (pathname === "/response") return new Response("", { cf: { a: 1 } });
    if (pathname === "/body") return Response.json([look(request), await request.text()]);
    return Response.json(look(request));
  }
  async method(request) {
    return { ...look(request), frozen: Object.isFrozen(request.cf) };
  }
  give(cf) {
    return new Request("http://given/", { cf });
  }
  giveOn(request) {
    return request;
  }
  async call(service, url, init) {
    return (await service.fetch(url, init)).json();
  }
}
export const object = { fetch: (request) => Response.json({ ...look(request), method: request.method }) };
export class Forward extends WorkerEntrypoint {
  fetch(request) {
    return Response.json({ way: "outbound", ...look(request) });
  }
}

const see = async (service, init, path = "/") => await (await service.fetch(`http://a${path}`, init)).json();
const made = async (service, init, path = "/") => await (await service.fetch(new Request(`http://a${path}`, init))).json();
const bare = (o) => Object.assign(Object.create(null), o);
const failure = async (what) => {
  try {
    await (typeof what === "function" ? what() : what);
    return "none";
  } catch (e) {
    return e.name;
  }
};
// Which of the steps of making such a Request are taken, before it fails.
const steps = (init) => {
  const seen = [];
  try {
    new Request(init.url ?? "http://a/", { ...init, cf: { toJSON() { seen.push("toJSON"); return {}; } } });
  } catch (e) {
    seen.push(e.message.slice(0, 20));
  }
  return seen;
};
class Named { constructor() { this.own = 1; } get inherited() { return 2; } }
const source = `import { look } from "./look.js";
  export default { async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/out") return fetch(request);
    if (pathname === "/out-own") return fetch("http://out/", { cf: { mine: [1, 2] } });
    if (pathname === "/bound") return env.BOUND.fetch(request);
    return Response.json({ way: "dynamic", ...look(request) });
  } };
  export class Named { fetch(request) { return Response.json({ way: "named", ...look(request) }); } }`;
const dynamic = ({ env, ctx }) => env.LOADER.load({
  compatibilityDate: "2026-11-01", mainModule: "m.js",
  modules: { "m.js": source, "look.js": SHOW },
  env: { BOUND: ctx.exports.Main({ props: {} }) },
  globalOutbound: ctx.exports.Forward({ props: {} }),
}).getEntrypoint();

export default checks([
  ({ request }) => Object.keys(request.cf ?? {}),
  async ({ request, env }) => (await (await env.SELF.fetch(request)).json()).keys,
  async ({ env }) => await see(env.SELF),
  async ({ env }) => await see(env.SELF, {}),
  async ({ env }) => await see(env.SELF, { cf: undefined }),
  async ({ env }) => await see(env.SELF, { cf: null }),
  async ({ env }) => await see(env.SELF, { cf: "text" }),
  async ({ env }) => await see(env.SELF, { cf: {} }),
  async ({ env }) => await see(env.SELF, { cf: { a: 1, b: "two", c: [3, { d: null }], e: true, f: 1.5, g: -0 } }),
  async ({ env }) => await made(env.SELF, { cf: { a: 1 } }),
  async ({ env }) => await see(env.PEER, { cf: { a: 1 } }),
  async ({ env }) => await see(env.OBJECT, { cf: { a: 1 } }),
  async ({ env }) => await see(env.SELF, { cf: { z: 1, a: 2, 5: 3, 1: 4, b: 5 } }),
  async ({ env }) => await see(env.SELF, { cf: { u: undefined, n: NaN, i: Infinity, d: new Date(0), f: () => 1, s: Symbol("x"), m: new Map([[1, 2]]), r: /x/g, b: new Uint8Array([1, 2]), e: new Error("no") } }),
  async ({ env }) => await see(env.SELF, { cf: { list: [undefined, () => 1, Symbol("x"), , 1] } }),
  async ({ env }) => await see(env.SELF, { cf: [1, 2] }),
  async ({ env }) => await see(env.SELF, { cf: new Map([[1, 2]]) }),
  async ({ env }) => await see(env.SELF, { cf: new Named() }),
  async ({ env }) => await see(env.SELF, { cf: bare({ a: 1 }) }),
  async ({ env }) => await see(env.SELF, { cf: { toJSON: () => ({ other: 1 }) } }),
  async ({ env }) => await see(env.SELF, { cf: { a: { toJSON: (key) => key } } }),
  async ({ env }) => await see(env.SELF, { cf: { __proto__: { up: 1 }, own: 2 } }),
  async ({ env }) => await see(env.SELF, { cf: JSON.parse('{"__proto__": {"up": 1}, "own": 2}') }),
  async ({ env }) => await see(env.SELF, { cf: { "\u0000 \u2028 \ud83d\ude00 ü": "\ud800 lone \u0000 \"quoted\\" } }),
  async ({ env }) => await see(env.SELF, { cf: new Proxy({ a: 1, b: 2 }, { ownKeys: () => ["b"] }) }),
  // what cannot be JSON fails where the request is made
  () => new Request("http://a/", { cf: () => 1 }),
  () => new Request("http://a/", { cf: { toJSON: () => undefined } }),
  () => new Request("http://a/", { cf: { get a() { return "got"; }, get b() { throw new RangeError("getter"); } } }),
  () => new Request("http://a/", { cf: { toJSON() { throw new RangeError("toJSON"); } } }),
  async () => { const cf = { a: 1 }; cf.self = cf; return await failure(() => new Request("http://a/", { cf })); },
  async () => await failure(() => new Request("http://a/", { cf: { big: 5n } })),
  async ({ env }) => await env.SELF.fetch("http://a/", { cf: { toJSON() { throw 5; } } }).catch((e) => e === 5),
  // when it is read, and what its object is
  async ({ env }) => { let n = 0; await see(env.SELF, { get cf() { n++; return { a: n }; } }); return n; },
  async ({ env }) => { let n = 0; const r = await see(env.SELF, { cf: { get a() { return ++n; } } }); return [n, r.json]; },
  async ({ env }) => { const cf = { a: 1 }; const request = new Request("http://a/", { cf }); cf.a = 2; cf.b = 3; return [request.cf === cf, request.cf, await (await env.SELF.fetch(request)).json()]; },
  async ({ env }) => { const cf = { a: 1 }; const p = see(env.SELF, { cf }); cf.a = 2; return (await p).json; },
  async ({ env }) => { const r = new Request("http://a/", { cf: { a: 1 } }); r.cf.b = { c: 2 }; delete r.cf.a; return [r.cf, r.clone().cf, new Request(r).cf, (await (await env.SELF.fetch(r)).json()).json]; },
  () => { const r = new Request("http://a/", { cf: { a: 1 } }); const c = r.clone(); c.cf.a = 2; return [r.cf, c.cf, r.cf === c.cf, r.cf === r.cf]; },
  () => { const r = new Request("http://a/", { cf: { a: 1 } }); const c = new Request(r); c.cf.a = 2; return [r.cf, c.cf, r.cf === c.cf]; },
  () => { const r = new Request("http://a/", { cf: { a: 1, d: new Date(0), u: undefined } }); return [r.cf, r.clone().cf, new Request(r).cf]; },
  () => { const r = new Request("http://a/", { cf: { f: () => 1 } }); return [typeof r.cf.f, typeof r.clone().cf.f, Object.isFrozen(r.cf)]; },
  () => { const r = new Request("http://a/", { cf: { a: 1 } }); return new Request(r, { cf: { b: 2 } }).cf; },
  () => { const r = new Request("http://a/", { cf: { a: 1 } }); return new Request(r, { cf: undefined }).cf; },
  () => { const r = new Request("http://a/", { cf: { a: 1 } }); return new Request(r, { method: "PUT" }).cf; },
  () => { const r = new Request("http://a/", { cf: { a: 1 } }); return new Request("http://b/", r).cf; },
  () => structuredClone(new Request("http://a/", { cf: { a: [1] } })).cf,
  () => steps({ method: "bad" }),
  () => steps({ headers: { "bad name": "x" } }),
  () => steps({ integrity: "bad" }),
  () => steps({ redirect: "bad" }),
  () => steps({ body: "x" }),
  () => steps({ url: "bad" }),
  // further on
  async ({ env }) => await see(env.SELF, { cf: { a: 1 } }, "/on"),
  async ({ env }) => await see(env.SELF, { cf: { a: 1 } }, "/plain"),
  async ({ env }) => await see(env.SELF, { cf: { a: 1 } }, "/copy"),
  async ({ env }) => await see(env.SELF, { cf: { a: 1 } }, "/init"),
  async ({ env }) => await see(env.SELF, { cf: { a: 1 } }, "/other"),
  async ({ env }) => await see(env.SELF, { cf: { a: 1 } }, "/clone"),
  async ({ env }) => await see(env.SELF, { cf: { a: 1 } }, "/own"),
  async ({ env }) => await see(env.SELF, { cf: { o: { list: [1] } } }, "/frozen"),
  async ({ env }) => await see(env.SELF, { cf: { a: 1, b: 2 } }, "/change"),
  async ({ env }) => await see(env.SELF, { cf: { a: 1, c: 2 } }, "/change-clone"),
  async ({ env }) => await see(env.SELF, { method: "POST", body: "the body", cf: { a: 1 } }, "/body"),
  async ({ env }) => await see(env.SELF, { method: "POST", body: new Blob(["x".repeat(200_000)]).stream(), cf: { a: 1 } }, "/body").then(([l, t]) => [l.json, t.length]),
  async ({ env }) => await env.SELF.method(new Request("http://a/", { cf: { a: 1, d: new Date(0) } })),
  async ({ env }) => await env.SELF.method(new Request("http://a/")),
  async ({ env }) => { using r = await env.SELF.give({ a: 1, m: [2] }); return look(r); },
  async ({ env }) => look(await env.SELF.giveOn(new Request("http://a/", { cf: { a: 1 } }))),
  async ({ env }) => await see({ fetch: async (u, i) => env.SELF.fetch(await env.SELF.giveOn(new Request(u, i))) }, { cf: { a: 1 } }),
  async ({ env }) => await env.SELF.call(env.PEER, "http://a/", { cf: { a: 1 } }),
  async ({ ctx }) => await see(ctx.exports.Main, { cf: { a: 1 } }),
  async ({ ctx }) => await see(ctx.exports.Main({ props: { p: 1 } }), { cf: { a: 1 } }),
  async (t) => await see(dynamic(t), { cf: { a: 1 } }),
  async (t) => await see(dynamic(t)),
  async (t) => await see(dynamic(t), { cf: { a: 1 } }, "/out"),
  async (t) => await see(dynamic(t), {}, "/out"),
  async (t) => await see(dynamic(t), { cf: { a: 1 } }, "/out-own"),
  async (t) => await see(dynamic(t), { cf: { a: 1 } }, "/bound"),
  async ({ env }) => await (await env.SELF.fetch("http://a/", { cf: { a: 1 }, headers: { Upgrade: "websocket" } })).json(),
  async ({ env }) => (await fetch(`${env.UPSTREAM}/echo`, { cf: { a: "x".repeat(100_000) } })).status,
  // sizes
  async ({ env }) => await see(env.SELF, { cf: { a: "x".repeat(60_000) } }, "/size"),
  async ({ env }) => await see(env.SELF, { cf: { a: "x".repeat(70_000) } }, "/size"),
  async ({ env }) => await see(env.SELF, { cf: { a: "x".repeat(1_000_000) } }, "/size"),
  async (t) => await see(dynamic(t), { cf: { a: "x".repeat(500_000) } }, "/out").then((seen) => seen.json.length),
  async ({ env }) => await see(env.SELF, { method: "POST", body: "b".repeat(100_000), cf: { a: "x".repeat(100_000) } }, "/body").then(([l, t]) => [l.json.length, t.length]),
  async ({ env }) => await see(env.SELF, { cf: { a: "x".repeat(1_100_000) } }, "/size"),
  // a response's is its own
  () => { const cf = { a: 1, d: new Date(0), u: undefined, f() {} }; const r = new Response("", { cf }); return [r.cf, r.cf === cf, r.cf === r.cf, Object.isFrozen(r.cf)]; },
  () => { const r = new Response("", { cf: { a: 1 } }); const c = r.clone(); c.cf.b = 2; return [r.cf, c.cf, new Response("", c).cf]; },
  () => new Response("", { cf: () => 1 }),
  () => new Response("", { cf: [1] }).cf,
  async () => { const cf = {}; cf.self = cf; return await failure(() => new Response("", { cf })); },
  async ({ env }) => (await env.SELF.fetch("http://a/response")).cf,
]);
