// services: SELF=self, NAMED=self#Named, OBJECT=self#object, PEER=peer, PEER_NAMED=peer#Named, PEER_OBJECT=peer#object
// Workers RPC: service bindings between the Workers of one configuration: whose state, whose env, one through the other.
import { RpcTarget, WorkerEntrypoint, env as importedEnv } from "cloudflare:workers";
import { checks } from "../checks.js";

let state = 0;
const names = ["SELF", "NAMED", "OBJECT", "PEER", "PEER_NAMED", "PEER_OBJECT"];
class Cell extends RpcTarget {
  get() {
    return state;
  }
  add(n) {
    return (state += n);
  }
}
export class Named extends WorkerEntrypoint {
  increment() {
    return ++state;
  }
  cell() {
    return new Cell();
  }
  has() {
    return names.map((name) => typeof this.env[name]).concat(typeof this.env.UPSTREAM, typeof this.env.LOADER);
  }
  imported() {
    return [importedEnv === this.env, Object.keys(importedEnv).filter((name) => names.includes(name)).length];
  }
  // Calls the method at the end of a path of bindings.
  async through(path, method, ...args) {
    const [first, ...rest] = path;
    return rest.length ? await this.env[first].through(rest, method, ...args) : await this.env[first][method](...args);
  }
  throughNotAwaited(path, method, ...args) {
    const [first, ...rest] = path;
    return rest.length ? this.env[first].throughNotAwaited(rest, method, ...args) : this.env[first][method](...args);
  }
  async fetchThrough(path) {
    const [first, ...rest] = path;
    if (rest.length) return await this.env[first].fetchThrough(rest);
    const response = await this.env[first].fetch("http://h/through");
    return `${response.status} ${await response.text()}`;
  }
  give(name) {
    return this.env[name];
  }
  giveAll() {
    return Object.fromEntries(names.map((name) => [name, this.env[name]]));
  }
  call(f, ...args) {
    return f(...args);
  }
  fail() {
    throw Object.assign(new RangeError("failed"), { at: "the end" });
  }
  async stream() {
    return new Blob(["streamed"]).stream();
  }
  read(stream) {
    return new Response(stream).text();
  }
  props() {
    return this.ctx.props;
  }
  async fetch(request) {
    return new Response(`named ${new URL(request.url).pathname} ${state > 0}`);
  }
}
export const object = {
  hello(arg, env, ctx) {
    return `hello ${arg} ${typeof env.PEER}`;
  },
  fetch() {
    return new Response("object");
  },
};

const P = "PEER_NAMED";
const N = "NAMED";
export default checks([
  async ({ env }) => { state = 10; return [await env.NAMED.increment(), state]; },
  async ({ env }) => { state = 20; const n = await env.PEER_NAMED.increment(); return [n, state]; },
  async ({ env }) => { state = 30; using c = await env.NAMED.cell(); await c.add(5); return [state, await c.get()]; },
  async ({ env }) => { state = 40; using c = await env.PEER_NAMED.cell(); await c.add(5); return [state, await c.get()]; },
  async ({ env }) => [await env.NAMED.has(), await env.PEER_NAMED.has()],
  async ({ env }) => [await env.NAMED.imported(), await env.PEER_NAMED.imported()],
  async ({ env }) => [env.NAMED === env.NAMED, importedEnv.NAMED === env.NAMED, env.NAMED === env.SELF],
  async ({ env }) => [await env.OBJECT.hello("a"), await env.PEER_OBJECT.hello("b")],
  async ({ env }) => await (await env.PEER_NAMED.fetch("http://a/x")).text(),
  async ({ env }) => await (await env.PEER_OBJECT.fetch("http://a/x")).text(),
  async ({ env }) => [await env.NAMED.props(), await env.PEER_NAMED.props()],
  async ({ env }) => await env.NAMED.through([P], "increment"),
  async ({ env }) => { state = 50; return [await env.PEER_NAMED.through([N], "increment"), state]; },
  async ({ env }) => { state = 60; return [await env.NAMED.through([P, N, P, N], "increment"), state]; },
  async ({ env }) => { state = 70; return [await env.NAMED.throughNotAwaited([P, N, P, N], "increment"), state]; },
  async ({ env }) => { state = 80; return [await env.NAMED.throughNotAwaited([P, N, P, N], "cell").add(3), state]; },
  async ({ env }) => { state = 80; using c = await env.NAMED.through([P, N, P, N], "cell"); return [await c.add(4), state]; },
  async ({ env }) => await env.NAMED.through([P, N, P], "fail").catch((e) => [e.constructor.name, e.message, e.at, e.remote]),
  async ({ env }) => await env.NAMED.throughNotAwaited([P, N, P], "fail").a.b().catch((e) => [e.constructor.name, e.message, e.at, e.remote]),
  async ({ env }) => await env.NAMED.through([P, N, P], "absent").catch((e) => e.message),
  async ({ env }) => { let calls = 0; return [await env.NAMED.through([P, N, P], "call", (x) => (calls++, `called with ${x}`), 5), calls]; },
  async ({ env }) => await new Response(await env.NAMED.through([P, N, P], "stream")).text(),
  async ({ env }) => await env.NAMED.through([P, N, P], "read", new Blob(["read there"]).stream()),
  async ({ env }) => [await env.NAMED.fetchThrough([P]), await env.PEER_NAMED.fetchThrough([P, N, "OBJECT"])],
  async ({ env }) => { state = 90; const s = await env.PEER_NAMED.give("NAMED"); return [await s.increment(), state, s.constructor.name]; },
  async ({ env }) => { state = 100; return [await env.PEER_NAMED.give("NAMED").increment(), state]; },
  async ({ env }) => { state = 110; return [await env.PEER_NAMED.giveAll().NAMED.increment(), state]; },
  async ({ env }) => { const all = await env.PEER_NAMED.giveAll(); return [Object.keys(all).length, await all.OBJECT.hello("c"), await (await all.PEER_OBJECT.fetch("http://a/")).text()]; },
  async ({ env }) => { const all = await env.PEER_NAMED.giveAll(); return [typeof all[Symbol.dispose], all[Symbol.dispose](), await all.OBJECT.hello("after dispose")]; },
  async ({ env }) => { state = 0; await Promise.all(Array.from({ length: 50 }, () => env.NAMED.increment())); return state; },
  async ({ env }) => { const all = await Promise.all(Array.from({ length: 50 }, () => env.PEER_NAMED.increment())); return all.at(-1) - all[0]; },
]);
