// Cap'n Web and Workers RPC in one Worker: stubs of one in values of the other, both ways, and what disposal does.
// services: SELF=self#Entry
import { RpcStub, RpcTarget } from "capnweb";
import { RpcStub as WorkersStub, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";
import { Api, pair, settle } from "../sessions.js";

class Thing extends RpcTarget {
  #n = 10;
  add(k) { return this.#n += k; }
  get n() { return this.#n; }
  child() { return new Thing(); }
  echo(v) { return v; }
  fail() { throw new RangeError("from there"); }
}
export class Entry extends WorkerEntrypoint {
  add(a, b) { return a + b; }
  thing() { return new Thing(); }
  things() { return { a: new Thing(), b: [new Thing()], s: "text" }; }
  function() { return (x) => x * 3; }
  data() { return { d: new Date(5), b: new Uint8Array([1, 2]), big: 5n }; }
  fail(text) { throw new TypeError(text); }
  async call(f, ...args) { return await f(...args); }
  async use(stub) { return [await stub.add(5), await stub.n]; }
  async useChild(stub) { return await stub.child().add(7); }
  async child(stub) { return await stub.child(); }
  echo(v) { return v; }
  async error(stub) { try { await stub.fail("mine"); } catch (e) { return [e.name, e.message]; } }
  async type(v) { return `${typeof v} ${v.constructor?.name}`; }
}

// A session whose main object uses Workers RPC.
class Front extends RpcTarget {
  #env;
  constructor(env) { super(); this.#env = env; }
  add(a, b) { return this.#env.SELF.add(a, b); }
  thing() { return this.#env.SELF.thing(); }
  async awaited() { return await this.#env.SELF.thing(); }
  things() { return this.#env.SELF.things(); }
  function() { return this.#env.SELF.function(); }
  data() { return this.#env.SELF.data(); }
  fail(text) { return this.#env.SELF.fail(text); }
  service() { return this.#env.SELF; }
  inObject() { return { service: this.#env.SELF, n: 1 }; }
  property() { return this.#env.SELF.thing().n; }
  local() { return new WorkersStub(new Thing()); }
  async pass(stub) { return await this.#env.SELF.use(stub); }
  async passChild(stub) { return await this.#env.SELF.useChild(stub); }
  async call(f, ...args) { return await this.#env.SELF.call(f, ...args); }
  async back(stub) { return await this.#env.SELF.child(stub); }
  async error(stub) { return await this.#env.SELF.error(stub); }
  async echo(v) { return await this.#env.SELF.echo(v); }
  async object(v) { return await this.#env.SELF.use(v.stub); }
}
const scene = (act) => async ({ env }) => {
  const p = pair(new Front(env));
  let result;
  try {
    result = await act(p.api, p, env);
  } catch (e) {
    result = `threw ${e.name}: ${e.message}`;
  }
  await settle(6);
  // Messages of the two kinds of RPC overtake each other, and a callee's context lets go of what it had when it ends.
  return [result, ...(await p.said()).filter((line) => !/^< ."release",-/.test(line)).sort()];
};

export default checks({
  "a call that goes on": scene((api) => api.add(1, 2)),
  "data": scene((api) => api.data()),
  "an error": scene((api) => api.fail("x")),
  "a promise of a target": scene((api) => api.thing().add(5)),
  "a target": scene(async (api) => { const t = await api.awaited(); const r = [await t.add(1), await t.n, await t.child().add(2)]; t[Symbol.dispose](); return r; }),
  "a target, by a promise": scene(async (api) => { const t = await api.thing(); const r = [await t.add(1), await t.n]; t[Symbol.dispose](); return r; }),
  "targets in an object": scene(async (api) => { const t = await api.things(); const r = [await t.a.add(1), await t.b[0].add(2), t.s]; t[Symbol.dispose](); return r; }),
  "a function": scene(async (api) => { const f = await api.function(); return await f(5); }),
  "a property's promise": scene((api) => api.property()),
  "a local stub": scene(async (api) => { const t = await api.local(); return [await t.add(1), await t.child().n]; }),
  "a service": scene(async (api) => { const s = await api.service(); return [await s.add(1, 2), await s.thing().add(1)]; }),
  "a service in an object": scene(async (api) => { const o = await api.inObject(); return [await o.service.add(1, 2), o.n]; }),
  "pipelined on a service": scene((api) => api.service().add(3, 4)),
  "a callback": scene((api) => api.call((x) => x + 1, 5)),
  "a callback that fails": scene((api) => api.call(() => { throw new TypeError("mine"); })),
  "a callback with an object": scene((api) => api.call((o) => o.a[1], { a: [1, "two"] })),
  "a stub as an argument": scene((api) => api.pass(new Api())),
  "a stub as an argument, pipelined": scene((api) => api.passChild(new Api())),
  "a stub in an object": scene((api) => api.object({ stub: new Api() })),
  "a stub that fails": scene((api) => api.error(new Api())),
  "what a stub gave": scene(async (api) => { const c = await api.back(new Api()); return await c.add(4); }),
  "a local stub of the package": async ({ env }) => await env.SELF.use(new RpcStub(new Thing())),
  "a local stub of the package, its type": async ({ env }) => await env.SELF.type(new RpcStub(new Thing())),
  "a stub of a session": scene(async (api, p, env) => { using t = await api.awaited(); return await env.SELF.use(t); }),
  "a promise of a session": scene(async (api, p, env) => await env.SELF.use(api.thing())),
  "a stub of a session comes back": scene(async (api, p, env) => { const t = await api.awaited(); const u = await env.SELF.echo(t); return await u.add(3); }),
  "a stub of a session, in an object": scene(async (api, p, env) => { const t = await api.awaited(); const u = await env.SELF.echo({ t }); return await u.t.add(3); }),
});
