// services: SELF=self#Main
// What `cache` of a request, and `cacheTtl` and `cacheControl` of its `cf`, become: headers, and `cf` where it arrives.
import { WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

export class Main extends WorkerEntrypoint {
  fetch(request) {
    return Response.json([Object.fromEntries(request.headers), request.cf, request.cache ?? null]);
  }
}
const see = async (env, init) => await (await env.SELF.fetch("http://a/", init)).json();
const ttl = (env, cacheTtl) => see(env, { cf: { cacheTtl, a: 1 } });
const echo = async (env, init) => (await (await fetch(`${env.UPSTREAM}/echo`, init)).json()).headers;

export default checks([
  ({ env }) => see(env, { cache: "no-store" }),
  ({ env }) => see(env, { cache: "no-cache" }),
  ({ env }) => see(env, { cache: "reload" }),
  ({ env }) => see(env, { cache: "no-store", cf: { a: 1 } }),
  ({ env }) => see(env, { cache: "no-cache", cf: { a: 1 } }),
  ({ env }) => see(env, { cache: "no-cache", cf: { cacheLevel: "x", cacheForceRevalidate: false } }),
  ({ env }) => see(env, { cache: "no-store", cf: { cacheLevel: "x", cacheTtl: -1, cacheForceRevalidate: false } }),
  ({ env }) => see(env, { cache: "no-store", cf: [1] }),
  ({ env }) => see(env, { cache: "no-store", headers: { Pragma: "x", "Cache-Control": "y" } }),
  ({ env }) => see(env, { cache: "no-cache", headers: { "Cache-Control": "y" } }),
  ({ env }) => see(env, { cache: "no-cache", headers: { Pragma: "" } }),
  ({ env }) => see(env, { cache: "no-cache", headers: { "Cache-Control": "" } }),
  () => [...new Request("http://a/", { cache: "no-store" }).headers],
  ({ env }) => echo(env, { cache: "no-store" }),
  ({ env }) => echo(env, { cache: "no-cache", headers: { "Cache-Control": "y" } }),
  ({ env }) => echo(env, { cf: { cacheTtl: 5 } }),
  // one with the other
  ({ env }) => see(env, { cache: "no-store", cf: { cacheTtl: 5 } }),
  ({ env }) => see(env, { cache: "no-store", cf: { cacheTtl: "-1" } }),
  ({ env }) => see(env, { cache: "no-store", cf: { cacheTtl: null } }),
  ({ env }) => see(env, { cache: "no-store", cf: { cacheTtl: {} } }),
  ({ env }) => see(env, { cache: "no-store", cf: { cacheTtl: [] } }),
  ({ env }) => see(env, { cache: "no-store", cf: { cacheTtl: undefined, cacheControl: undefined } }),
  ({ env }) => see(env, { cache: "no-cache", cf: { cacheTtl: 5 } }),
  ({ env }) => see(env, { cache: "no-store", cf: { cacheControl: "x" } }),
  ({ env }) => see(env, { cache: "no-cache", cf: { cacheControl: null } }),
  ({ env }) => see(env, { cache: "no-cache", cf: { cacheControl: "x", cacheTtl: 5 } }),
  ({ env }) => see(env, { cf: { cacheControl: "x", cacheTtl: 5 } }),
  ({ env }) => see(env, { cf: { cacheControl: null, cacheTtl: null } }),
  ({ env }) => see(env, { cf: { cacheControl: {} } }),
  ({ env }) => echo(env, { cf: { cacheControl: "x", cacheTtl: 5 } }),
  ({ env }) => echo(env, { cache: "no-store", cf: { cacheTtl: 5 } }),
  ({ env }) => see(env, { cf: { text: 'says "cacheTtl"', cacheControl: "x" } }),
  ({ env }) => see(env, { cf: { inner: { cacheTtl: 5, cacheControl: "x" } } }),
  ({ env }) => see(env, { cf: { cacheTtl: 5, cacheTtlByStatus: { 200: 6 }, cacheEverything: true } }),
  ({ env }) => see(env, { cf: Object.assign([1], { cacheTtl: 5, cacheControl: "x" }) }),
  () => new Request("http://a/", { cf: { cacheControl: "x", cacheTtl: 5 } }).cf,
  () => new Request("http://a/", { cf: { cacheControl: undefined, cacheTtl: 5 } }).cf,
  () => new Request("http://a/", { cf: { cacheControl: "x", cacheTtl: { toJSON() {} } } }).cf,
  () => new Request("http://a/", { cf: Object.create({ cacheControl: "x", cacheTtl: 5 }) }).cf,
  () => new Request("http://a/", { cf: { toJSON: () => ({ cacheControl: "x", cacheTtl: 5 }) } }).cf,
  () => new Request("http://a/", { cache: "no-store", cf: { cacheControl: "x" } }).cf,
  () => new Request("http://a/", { cache: "no-store", cf: { cacheTtl: 5 } }).cf,
  () => new Request(new Request("http://a/", { cf: { cacheControl: "x" } }), { cache: "no-store" }).cf,
  () => new Request(new Request("http://a/", { cache: "no-store" }), { cf: { cacheControl: "x" } }).cf,
  () => { const seen = []; try { new Request("http://a/", { cf: { get cacheControl() { seen.push("control"); return "x"; }, get cacheTtl() { seen.push("ttl"); return 5; }, toJSON() { seen.push("toJSON"); return {}; } } }); } catch (e) { seen.push(e.name); } return seen; },
  () => { const seen = []; new Request("http://a/", { cf: { get cacheControl() { seen.push("control"); }, get cacheTtl() { seen.push("ttl"); }, toJSON() { seen.push("toJSON"); return {}; } } }); return seen; },
  () => { const seen = []; try { new Request("http://a/", { headers: { "bad name": "x" }, cf: { get cacheControl() { seen.push("control"); } } }); } catch (e) { seen.push(e.name); } return seen; },
  () => { const seen = []; try { new Request("http://a/", { method: "bad", cf: { get cacheControl() { seen.push("control"); } } }); } catch (e) { seen.push(e.name); } return seen; },
  () => { const seen = []; try { new Request("http://a/", { get signal() { seen.push("signal"); }, cf: { get cacheControl() { seen.push("control"); } } }); } catch (e) { seen.push(e.name); } return seen; },
  () => new Response("", { cf: { cacheControl: "x", cacheTtl: 5 } }).cf,
  async ({ env }) => await (await env.SELF.fetch(new Request(new Request("http://a/", { cf: { cacheControl: "x" } }), { cache: "no-store" }))).json(),
  async ({ env }) => await (await env.SELF.fetch(new Request(new Request("http://a/", { cache: "no-store" }), { cf: { cacheControl: "x" } }))).json(),
  async ({ env }) => { const r = new Request("http://a/", { cf: { cacheTtl: 5 } }); r.cf.cacheControl = "x"; return await (await env.SELF.fetch(r)).json(); },
  async ({ env }) => { const r = new Request("http://a/", { cf: { cacheTtl: 5 } }); r.cf.cacheControl = "x"; return await (await env.SELF.fetch(r, {})).json(); },
  () => { const r = new Request("http://a/", { cf: { cacheTtl: 5 } }); r.cf.cacheControl = "x"; return [r.clone().cf, new Request(r).cf]; },
  // a time to live as a directive
  ({ env }) => ttl(env, 0),
  ({ env }) => ttl(env, -0),
  ({ env }) => ttl(env, -1),
  ({ env }) => ttl(env, -2),
  ({ env }) => ttl(env, 1.5),
  ({ env }) => ttl(env, 2 ** 31 - 1),
  ({ env }) => ttl(env, 2 ** 31),
  ({ env }) => ttl(env, -(2 ** 31)),
  ({ env }) => ttl(env, "5"),
  ({ env }) => ttl(env, true),
  ({ env }) => ttl(env, null),
  ({ env }) => ttl(env, [5]),
  ({ env }) => ttl(env, undefined),
  ({ env }) => ttl(env, new Number(5)),
  // a request that is used again is as it was
  async ({ env }) => { const r = new Request("http://a/", { cache: "no-store", cf: { a: 1 } }); return [await see(env, r).catch(String), await (await env.SELF.fetch(r)).json(), r.cf, r.cache, [...r.headers]]; },
  async ({ env }) => { const r = new Request("http://a/", { cache: "no-store", cf: { a: 1 } }); return await (await env.SELF.fetch(r.clone())).json(); },
  async ({ env }) => { const r = new Request("http://a/", { cache: "no-store", cf: { a: 1 } }); return await (await env.SELF.fetch(new Request(r, { cache: "no-cache" }))).json(); },
  async ({ env }) => { const r = new Request("http://a/", { cache: "no-store", cf: { a: 1 } }); return await (await env.SELF.fetch(r, { cf: { b: 1 } })).json(); },
  async ({ env }) => { const r = new Request("http://a/", { cf: { cacheTtl: 5 } }); r.cf.cacheTtl = 6; return await (await env.SELF.fetch(r)).json(); },
]);
