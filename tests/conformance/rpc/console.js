// services: SELF=self#Main
// log: compare
// console.log of Workers RPC's objects: stubs, promises, properties, service stubs, entrypoints, contexts.
import { RpcPromise, RpcProperty, RpcStub, RpcTarget, ServiceStub, WorkerEntrypoint } from "cloudflare:workers";
import { logged } from "../checks.js";

class Target extends RpcTarget {
  own = 1;
  method() {}
}
export class Main extends WorkerEntrypoint {
  extra = 1;
  target() {
    return new Target();
  }
  func() {
    return () => 1;
  }
  object() {
    return { n: 1, f: () => 1, list: [new Target()] };
  }
  fail() {
    throw Object.assign(new RangeError("failed"), { code: 5 });
  }
  one() {
    return 1;
  }
}

export default logged([
  ({ env }) => [env.SELF],
  ({ env }) => [{ s: env.SELF }, [env.SELF]],
  ({ env }) => [env.SELF.method, { p: env.SELF.a.b }],
  async ({ env }) => { const p = env.SELF.one(); await p; return [p, { p }]; },
  async ({ env }) => [await env.SELF.target()],
  async ({ env }) => { const s = await env.SELF.target(); return [{ s }, [s]]; },
  async ({ env }) => [await env.SELF.func()],
  async ({ env }) => [await env.SELF.object()],
  () => [new RpcStub(() => 1), new RpcStub({})],
  () => [new Target(), new RpcTarget()],
  () => [RpcStub, RpcPromise, RpcProperty, RpcTarget, ServiceStub, WorkerEntrypoint, Main],
  ({ ctx }) => [ctx.exports.Main, ctx.exports.Main({})],
  ({ ctx }) => [ctx.props],
  ({ env }) => ["%s %s", env.SELF.method, 1],
  ({ env }) => ["%o", env.SELF],
]);
