// services: SELF=self#Main, WHOLE=self, PEER=peer#Main
// Workers RPC: what stubs, promises and properties look like from outside, and what the classes hold.
import { RpcPromise, RpcProperty, RpcStub, RpcTarget, ServiceStub, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

class Counter extends RpcTarget {
  value = 0;
  next() {
    return ++this.value;
  }
  get current() {
    return this.value;
  }
}
export class Main extends WorkerEntrypoint {
  one() {
    return 1;
  }
  get two() {
    return 2;
  }
  counter() {
    return new Counter();
  }
  fn() {
    return (a, b) => a + b;
  }
  object() {
    return { a: { b: 1 }, list: [1, 2], f: () => 3 };
  }
}
// workerd's own symbols are not part of what it offers.
const INTERNAL = ["Symbol(cloudflare:internal-class)", "Symbol(kResourceTypeInspect)"];
const names = (o) => Reflect.ownKeys(o).map(String).filter((name) => !INTERNAL.includes(name)).sort();
const counter = ({ env }) => env.SELF.counter();

export default checks([
  () => [typeof RpcPromise, typeof RpcProperty, typeof RpcStub, typeof RpcTarget, typeof ServiceStub],
  () => [RpcPromise.name, RpcProperty.name, RpcStub.name, RpcTarget.name, ServiceStub.name, WorkerEntrypoint.name],
  () => names(RpcStub.prototype),
  () => names(RpcPromise.prototype),
  () => names(RpcProperty.prototype),
  () => names(RpcTarget.prototype),
  () => names(ServiceStub.prototype),
  () => names(WorkerEntrypoint.prototype),
  () => [RpcStub, RpcPromise, RpcProperty, ServiceStub].map((c) => Object.getPrototypeOf(c.prototype).constructor.name),
  () => [RpcStub, RpcPromise, RpcProperty, RpcTarget, ServiceStub].map((c) => c.prototype[Symbol.toStringTag]),
  () => RpcStub.prototype.dup.name,
  () => Object.getOwnPropertyNames(RpcStub),
  () => new RpcPromise(),
  () => new RpcProperty(),
  () => new ServiceStub(),
  () => new RpcStub(),
  () => RpcStub(() => 1),
  () => RpcTarget(),
  () => names(new RpcTarget()),
  () => String(new RpcTarget()),
  () => globalThis.RpcStub,
  () => globalThis.RpcTarget,
  ({ env }) => [env.SELF, env.WHOLE, env.PEER].map((s) => typeof s),
  ({ env }) => [env.SELF.constructor.name, env.WHOLE.constructor.name],
  ({ env }) => String(env.SELF),
  ({ env }) => Object.prototype.toString.call(env.SELF),
  ({ env }) => [env.SELF instanceof ServiceStub, env.SELF instanceof RpcStub],
  ({ env }) => names(env.SELF),
  ({ env }) => names(Object.getPrototypeOf(env.SELF)),
  ({ env }) => JSON.stringify(env.SELF),
  ({ env }) => ["one", "fetch", "connect", "nothing", "then", "dup", "constructor", "toString"].map((n) => n in env.SELF),
  ({ env }) => ["one", "fetch", "connect", "nothing", "then", "get", "put", "delete", "queue", "scheduled"].map((n) => typeof env.SELF[n]),
  ({ env }) => typeof env.SELF.nothing.further.down,
  ({ env }) => env.SELF.one.constructor.name,
  ({ env }) => env.SELF.one instanceof RpcProperty,
  ({ env }) => env.SELF.one === env.SELF.one,
  ({ env }) => String(env.SELF.one),
  ({ env }) => Object.prototype.toString.call(env.SELF.one),
  ({ env }) => names(env.SELF.one),
  ({ env }) => [env.SELF.one.constructor.name, env.SELF.one instanceof Function, env.SELF.one instanceof RpcPromise],
  ({ env }) => ["then", "catch", "finally", "dup", "call", "apply", "bind", "name", "length", "a"].map((n) => typeof env.SELF.one[n]),
  async ({ env }) => [await env.SELF.two, typeof (await env.SELF.one)],
  async ({ env }) => await env.SELF.two.then((x) => x + 1),
  async ({ env }) => await env.SELF.nothing.catch((e) => e),
  async ({ env }) => await env.SELF.two.finally(() => 5),
  async ({ env }) => await env.SELF.two(),
  async ({ env }) => await env.SELF.one.call(null),
  async ({ env }) => await env.SELF.one.apply(null, []),
  async ({ env }) => await env.SELF.one.bind(null),
  async ({ env }) => await env.SELF.fn.length,
  async ({ env }) => await new env.SELF.one(),
  async ({ env }) => { const { one } = env.SELF; return await one(); },
  async ({ env }) => await Reflect.apply(env.SELF.one, undefined, []),
  async ({ env }) => { env.SELF.one = 5; return [env.SELF.one, names(env.SELF)]; },
  async ({ env }) => { const p = env.SELF.object; p.x = 5; return [p.x, names(p)]; },
  ({ env }) => delete env.SELF.one,
  async ({ env }) => [typeof env.SELF[Symbol.iterator], typeof env.SELF[Symbol.asyncIterator], typeof env.SELF[Symbol.toPrimitive], typeof env.SELF[Symbol("x")]],
  async ({ env }) => [typeof env.SELF[0], await env.SELF[0]],
  async ({ env }) => { const p = env.SELF.one(); return [typeof p, p.constructor.name, p instanceof RpcPromise, p instanceof Promise, names(p), await p]; },
  async ({ env }) => { const p = env.SELF.one(); const s = [String(p), Object.prototype.toString.call(p)]; await p; return s; },
  async ({ env }) => { const p = env.SELF.object(); const s = ["then", "catch", "finally", "a", "dup", "map", "onRpcBroken", "name"].map((n) => typeof p[n]); await p; return s; },
  async ({ env }) => { const p = env.SELF.one(); return [p.then === p.then, p.then.name, typeof p.then((x) => x), (await p.then((x) => x)), p.then((x) => x) instanceof Promise]; },
  async ({ env }) => await env.SELF.one().then(),
  async ({ env }) => await env.SELF.one().then(null, null),
  async ({ env }) => await env.SELF.one().then(undefined, () => 2),
  async ({ env }) => await env.SELF.nothing().then(() => 1, (e) => e.name),
  async ({ env }) => await env.SELF.nothing().finally(() => 5).catch((e) => e.message),
  async ({ env }) => { const p = env.SELF.one(); return [await p, await p, await p.then((x) => x)]; },
  async ({ env }) => { const p = env.SELF.object(); return [(await p) === (await p)]; },
  async ({ env }) => { const p = env.SELF.counter(); return [(await p) === (await p)]; },
  async ({ env }) => { const p = Promise.resolve(env.SELF.one()); return [p instanceof Promise, await p]; },
  async ({ env }) => await Promise.all([env.SELF.one(), env.SELF.two, env.PEER.one()]),
  async (t) => { const s = await counter(t); return [typeof s, s.constructor.name, s instanceof RpcStub, s instanceof RpcTarget, s instanceof Counter, s instanceof Function]; },
  async (t) => { const s = await counter(t); return [String(s), Object.prototype.toString.call(s), names(s), Object.keys(s), JSON.stringify(s)]; },
  async (t) => { const s = await counter(t); return ["next", "value", "nothing", "then", "dup", "constructor", "toString", "onRpcBroken"].map((n) => n in s); },
  async (t) => { const s = await counter(t); return ["next", "value", "then", "dup", "catch", "name", "length", "call", "map", "onRpcBroken", "toString", "hasOwnProperty"].map((n) => typeof s[n]); },
  async (t) => { const s = await counter(t); return (await s) === s; },
  async (t) => { const s = await counter(t); return [await s.next(), await s.current, await s.next()]; },
  async (t) => structuredClone(await counter(t)),
  async (t) => structuredClone(counter(t)),
  async ({ env }) => structuredClone(env.SELF.one),
  async ({ env }) => structuredClone(env.SELF),
  () => structuredClone(new RpcTarget()),
  () => structuredClone(new RpcStub(() => 1)),
  async ({ env }) => { const f = await env.SELF.fn(); return [typeof f, f.constructor.name, typeof f.name, typeof f.length, await f(1, 2)]; },
  async ({ env }) => { const f = await env.SELF.fn(); return await f.call(null, 1, 2); },
  async ({ env }) => { const f = await env.SELF.fn(); return await f.name; },
  async ({ env }) => { const f = await env.SELF.fn(); return await f.length; },
  async ({ env }) => { const f = await env.SELF.fn(); return await Function.prototype.call.call(f, null, 1, 2); },
  async ({ env }) => { const f = await env.SELF.fn(); return await Function.prototype.bind.call(f, null, 1)(5); },
  async ({ env }) => { const f = await env.SELF.fn(); return [1, 2].map(f).map((p) => p.constructor.name); },
  async ({ env }) => { const o = await env.SELF.object(); return [names(o), Object.keys(o), o.f.constructor.name, o.constructor === Object, typeof o[Symbol.dispose]]; },
  async ({ env }) => { const d = Object.getOwnPropertyDescriptor(await env.SELF.object(), Symbol.dispose); return [d.enumerable, d.writable, d.configurable, typeof d.value, d.value.name, d.value.length]; },
  async ({ env }) => await env.SELF.object().list.length,
  async ({ env }) => await env.SELF.object().list[1],
  () => { const f = () => 1; const s = new RpcStub(f); return [s === f, typeof s, s instanceof RpcStub, s.constructor.name]; },
  () => { class Sub extends RpcStub {} return new Sub(() => 1).constructor.name; },
  () => Object.getPrototypeOf(RpcStub.prototype) === RpcTarget.prototype,
  () => RpcStub.prototype.dup.call({}),
  () => RpcStub.prototype[Symbol.dispose].call({}),
  () => RpcPromise.prototype.then.call({}),
  () => RpcProperty.prototype.then.call(Promise.resolve()),
  ({ ctx }) => Object.getPrototypeOf(ctx.exports) === Object.prototype,
  ({ ctx }) => names(ctx.exports),
  ({ ctx }) => Object.keys(ctx.exports),
  ({ ctx }) => [typeof ctx.exports.Main, ctx.exports.Main.constructor.name, String(ctx.exports.Main), names(ctx.exports.Main)],
  ({ ctx }) => [typeof ctx.exports.default, ctx.exports.default.constructor.name],
  ({ ctx }) => [ctx.exports === ctx.exports, ctx.exports.Main === ctx.exports.Main],
  ({ ctx }) => { const s = ctx.exports.Main({}); return [typeof s, s.constructor.name, String(s), names(s), s instanceof ServiceStub]; },
  ({ ctx }) => [typeof ctx.props, JSON.stringify(ctx.props)],
]);
