// services: SELF=self#Main, WHOLE=self, OBJECT=self#object, PEER=peer#Main
// Workers RPC: fetch() of service stubs beside their methods, and of targets that have a method of that name.
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

class Target extends RpcTarget {
  fetch(...args) {
    return args.map((a) => `${typeof a} ${a?.constructor?.name}`);
  }
}
export class Main extends WorkerEntrypoint {
  async fetch(...args) {
    const [request] = args;
    if (new URL(request.url).pathname === "/fail") throw Object.assign(new RangeError("fetch failed"), { code: 5 });
    if (new URL(request.url).pathname === "/nothing") return undefined;
    const body = request.body ? await request.text() : null;
    return Response.json([args.length, request instanceof Request, request.method, request.url, [...request.headers], body, request.redirect, this instanceof Main, request.cf?.x ?? null]);
  }
  target() {
    return new Target();
  }
  async fetchIt(service, ...args) {
    const response = await service.fetch(...args);
    return [response.constructor.name, response.status, await response.text()];
  }
  plain() {
    return { fetch: (...args) => args.length };
  }
  func() {
    return Object.assign(() => 1, { fetch: () => "own fetch" });
  }
  pass(service) {
    return service;
  }
}
export const object = {
  fetch(request, env, ctx) {
    return new Response(`${request.method} ${typeof env.SELF} ${typeof ctx.waitUntil}`, { status: 201, headers: { x: "y" } });
  },
  method(arg, env, ctx) {
    return arg;
  },
};
const json = async (p) => await (await p).json();

export default checks([
  async ({ env }) => await json(env.SELF.fetch("http://a/b?c")),
  async ({ env }) => await json(env.SELF.fetch("http://a/", { method: "POST", body: "text", headers: { "X-Y": "z" } })),
  async ({ env }) => await json(env.SELF.fetch(new Request("http://a/", { method: "PUT", body: "r" }))),
  async ({ env }) => await json(env.SELF.fetch(new Request("http://a/", { method: "PUT", body: "r" }), { headers: { a: "b" } })),
  async ({ env }) => await json(env.SELF.fetch(new URL("http://a/url"))),
  async ({ env }) => await json(env.SELF.fetch({ toString: () => "http://a/object" })),
  async ({ env }) => await json(env.SELF.fetch("http://a/", { cf: { x: 1 } })),
  async ({ env }) => await json(env.SELF.fetch("http://a/", { redirect: "follow" })),
  async ({ env }) => await json(env.SELF.fetch("https://example.com:8443/x")),
  async ({ env }) => await env.SELF.fetch("relative").catch((e) => [e.name, e.message]),
  async ({ env }) => await env.SELF.fetch(),
  async ({ env }) => await env.SELF.fetch("http://a/fail").catch((e) => [e.constructor.name, e.message, e.code, e.remote]),
  async ({ env }) => await env.SELF.fetch("http://a/nothing").catch((e) => [e.name, e.message]),
  async ({ env }) => { const p = env.SELF.fetch("http://a/"); return [p.constructor.name, p instanceof Promise, (await p).constructor.name]; },
  async ({ env }) => { const { fetch } = env.SELF; return await fetch("http://a/"); },
  async ({ env }) => await json(env.PEER.fetch("http://a/peer")),
  async ({ env }) => { const r = await env.OBJECT.fetch("http://a/"); return [r.status, r.headers.get("x"), await r.text()]; },
  async ({ env }) => [await env.OBJECT.method("m"), typeof env.OBJECT.fetch, typeof env.OBJECT.method],
  async ({ env }) => [env.SELF.fetch.name, env.SELF.fetch === env.PEER.fetch],
  async ({ env }) => await env.SELF.target().fetch("http://a/", { method: "POST" }),
  async ({ env }) => { using t = await env.SELF.target(); return await t.fetch(new Request("http://a/"), 5); },
  async ({ env }) => { using t = await env.SELF.target(); return await t.fetch(); },
  async ({ env }) => await env.SELF.plain().fetch(1, 2, 3),
  async ({ env }) => { using o = await env.SELF.plain(); return await o.fetch(1, 2); },
  async ({ env }) => { using f = await env.SELF.func(); return await f.fetch(); },
  async ({ env }) => await env.SELF.fetchIt(env.PEER, "http://a/passed"),
  async ({ env }) => await env.SELF.fetchIt({ fetch: () => new Response("mine") }, "http://a/"),
  async ({ env }) => await (await env.SELF.pass(env.PEER).fetch("http://a/pipelined")).text(),
  async ({ env }) => await (await (await env.SELF.pass(env.OBJECT)).fetch("http://a/")).text(),
  async ({ env }) => await env.SELF.pass(env.OBJECT).method("pipelined"),
]);
