// services: SELF=self#Main, PEER=peer#Main
// Workers RPC: functions, RpcTargets and plain objects with functions, sent either way; RpcStub's constructor; proxies.
import { RpcStub, RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

class Counter extends RpcTarget {
  constructor(value = 0) {
    super();
    this.value = value;
  }
  next(by = 1) {
    return (this.value += by);
  }
  get current() {
    return this.value;
  }
  self() {
    return this;
  }
  compare(other) {
    return other === this;
  }
  adder() {
    return (n) => this.next(n);
  }
}
class Extended extends Counter {
  next(by) {
    return super.next(by) * 10;
  }
}
const kept = new Counter(100);

export class Main extends WorkerEntrypoint {
  counter(value) {
    return new Counter(value);
  }
  extended() {
    return new Extended();
  }
  kept() {
    return kept;
  }
  pair() {
    const c = new Counter();
    return { a: c, b: c, list: [c], map: new Map([["c", c]]) };
  }
  makeAdder(n) {
    return (x) => x + n;
  }
  asyncAdder(n) {
    return async (x) => {
      await null;
      return x + n;
    };
  }
  curry() {
    return (a) => (b) => (c) => a + b + c;
  }
  async call(f, ...args) {
    return await f(...args);
  }
  async callMethod(o, name, ...args) {
    return await o[name](...args);
  }
  async callBack(f) {
    return await f((x) => x * 2);
  }
  kind(v) {
    return [typeof v, v?.constructor?.name];
  }
  echo(v) {
    return v;
  }
  async echoKinds(o) {
    return Object.entries(o).map(([k, v]) => `${k} ${typeof v} ${v?.constructor?.name}`);
  }
  async twice(a, b) {
    return [a === b, await a.next(), await b.next()];
  }
  async get(o, ...path) {
    for (const name of path) o = await o[name];
    return o;
  }
  hold(f) {
    const d = f.dup();
    return { run: (...args) => d(...args) };
  }
  async relay(...args) {
    return await this.env.PEER.call(...args);
  }
  giveRelay(f) {
    return this.env.PEER.hold(f);
  }
  array() {
    return [() => 1, () => 2];
  }
  deep() {
    return { a: { b: { c: { f: (x) => x } } } };
  }
  mixed() {
    return { n: 1, f: () => "f", s: new Set([() => "in set"]), m: new Map([["f", () => "in map"]]), nested: { g: () => "g" } };
  }
  boundMethod() {
    return new Counter(5).next.bind(new Counter(7));
  }
  classItself() {
    return Counter;
  }
  proxied(kind) {
    const target = { plain: { a: 1 }, func: () => "func", target: new Counter(3), array: [1], date: new Date(0), instance: new (class Foreign {})(), entry: this, map: new Map() }[kind];
    return new Proxy(target, {});
  }
  trapped() {
    return new Proxy({}, { get: (o, name) => (name === "then" ? undefined : `got ${String(name)}`), has: () => true, getOwnPropertyDescriptor: (o, name) => ({ value: `described ${String(name)}`, configurable: true, enumerable: true }) });
  }
  trappedTarget() {
    return new Proxy(new Counter(), { get: (o, name) => (name === "then" ? undefined : typeof name === "symbol" ? o[name] : () => `trapped ${name}`) });
  }
  own() {
    return this;
  }
  stub() {
    return new RpcStub(new Counter(50));
  }
  stubInside() {
    return { stub: new RpcStub(() => "wrapped") };
  }
  async promises(f) {
    return Promise.all([1, 2, 3].map((x) => f(x)));
  }
}

export default checks([
  async ({ env }) => { const c = await env.SELF.counter(); return [await c.next(), await c.next(5), await c.current]; },
  async ({ env }) => { using c = await env.SELF.counter(3); return await c.next(); },
  async ({ env }) => { const c = await env.SELF.extended(); return [await c.next(1), await c.current]; },
  async ({ env }) => { const [a, b] = [await env.SELF.kept(), await env.SELF.kept()]; return [a === b, await a.next(), await b.next()]; },
  async ({ env }) => { const p = await env.SELF.pair(); return [p.a === p.b, await p.a.next(), await p.b.next(), await p.list[0].next(), await p.map.get("c").next()]; },
  async ({ env }) => { const f = await env.SELF.makeAdder(5); return [await f(1), await f(2)]; },
  async ({ env }) => await (await env.SELF.asyncAdder(5))(1),
  async ({ env }) => await (await (await (await env.SELF.curry())(1))(2))(3),
  async ({ env }) => await env.SELF.curry()(1)(2)(3),
  async ({ env }) => await env.SELF.call((a, b) => a - b, 5, 3),
  async ({ env }) => await env.SELF.call(async (a) => ({ a })),
  async ({ env }) => await env.SELF.call(function () { return typeof this; }),
  async ({ env }) => { const f = function () { return this === f; }; return await env.SELF.call(f); },
  async ({ env }) => await env.SELF.call(function () { "use strict"; return this === undefined; }),
  async ({ env }) => await env.SELF.call((...args) => args.length, 1, 2, 3),
  async ({ env }) => await env.SELF.call(() => new Map([[1, 2]])),
  async ({ env }) => await env.SELF.call(() => {}),
  async ({ env }) => await env.SELF.callBack(async (double) => (await double(4)) + 1),
  async ({ env }) => await env.SELF.callMethod({ m: (x) => `m ${x}` }, "m", 1),
  async ({ env }) => await env.SELF.callMethod(new Counter(9), "next", 2),
  async ({ env }) => { const c = new Counter(1); await env.SELF.callMethod(c, "next"); await env.SELF.callMethod(c, "next"); return c.value; },
  async ({ env }) => { const c = new Counter(1); return await env.SELF.twice(c, c); },
  async ({ env }) => await env.SELF.callMethod(await env.SELF.counter(20), "next"),
  async ({ env }) => { const c = await env.SELF.counter(30); return await env.PEER.callMethod(c, "next"); },
  async ({ env }) => { const c = await env.SELF.counter(30); const d = await env.SELF.echo(c); return [c === d, await d.next(), await c.next()]; },
  async ({ env }) => { const c = new Counter(1); const d = await env.SELF.echo(c); return [c === d, d.constructor.name, await d.next(), c.value]; },
  async ({ env }) => { const f = () => "mine"; const g = await env.SELF.echo(f); return [f === g, g.constructor.name, await g()]; },
  async ({ env }) => await env.SELF.kind(() => 1),
  async ({ env }) => await env.SELF.kind(new Counter()),
  async ({ env }) => await env.SELF.kind({ f: () => 1 }),
  async ({ env }) => await env.SELF.kind(class {}),
  async ({ env }) => await env.SELF.kind(async () => {}),
  async ({ env }) => await env.SELF.kind(function* () {}),
  async ({ env }) => await env.SELF.kind(async function* () {}),
  async ({ env }) => await env.SELF.kind(Math.max),
  async ({ env }) => await env.SELF.kind((() => 1).bind(null)),
  async ({ env }) => await env.SELF.kind(Object.assign(() => 1, { a: 1 })),
  async ({ env }) => await env.SELF.kind(Object.setPrototypeOf(() => 1, null)),
  async ({ env }) => await env.SELF.kind(Object.setPrototypeOf(() => 1, class Foreign {}.prototype)),
  async ({ env }) => await env.SELF.kind(env.PEER),
  async ({ env }) => await env.SELF.echoKinds({ f: () => 1, c: new Counter(), o: {}, a: [], s: env.PEER }),
  async ({ env }) => await env.SELF.call(Math.max, 1, 5, 3),
  async ({ env }) => await env.SELF.call(class { m() {} }).catch((e) => e.name),
  async ({ env }) => await env.SELF.call(5).catch((e) => e.name),
  async ({ env }) => await env.SELF.get({ a: { b: () => 1 } }, "a", "b"),
  async ({ env }) => await env.SELF.get(new Counter(4), "current"),
  async ({ env }) => { const h = await env.SELF.hold((x) => x * 3); return [await h.run(2), await h.run(3)]; },
  async ({ env }) => await env.SELF.relay((a) => `relayed ${a}`, 1),
  async ({ env }) => { const h = await env.SELF.giveRelay((x) => x * 3); return await h.run(4); },
  async ({ env }) => { const a = await env.SELF.array(); return [await a[0](), await a[1](), Array.isArray(a)]; },
  async ({ env }) => [await env.SELF.deep().a.b.c.f(1), await (await env.SELF.deep()).a.b.c.f(2)],
  async ({ env }) => { const m = await env.SELF.mixed(); const [g] = m.s; return [m.n, await m.f(), await g(), await m.m.get("f")(), await m.nested.g()]; },
  async ({ env }) => await (await env.SELF.boundMethod())(2),
  async ({ env }) => await (await env.SELF.classItself())().catch((e) => e.name),
  async ({ env }) => { const c = await env.SELF.classItself(); return c.constructor.name; },
  async ({ env }) => { const c = await env.SELF.counter(); const d = await c.self(); return [c === d, await d.next(), await c.next(), await c.compare(c), await c.compare(d)]; },
  async ({ env }) => { const c = new Counter(); return await env.SELF.call(c.compare.bind(c), c); },
  async ({ env }) => { const c = await env.SELF.counter(); const add = await c.adder(); return [await add(5), await c.current]; },
  async ({ env }) => { const p = await env.SELF.proxied("plain"); return [typeof p, p.constructor.name, await p.a]; },
  async ({ env }) => { const p = await env.SELF.proxied("func"); return [p.constructor.name, await p()]; },
  async ({ env }) => { const p = await env.SELF.proxied("target"); return [p.constructor.name, await p.next()]; },
  async ({ env }) => await env.SELF.proxied("array"),
  async ({ env }) => await env.SELF.proxied("date"),
  async ({ env }) => await env.SELF.proxied("instance"),
  async ({ env }) => await env.SELF.proxied("entry"),
  async ({ env }) => await env.SELF.proxied("map"),
  async ({ env }) => { const p = await env.SELF.trapped(); return [await p.anything, await p.other]; },
  async ({ env }) => { const p = await env.SELF.trappedTarget(); return [await p.next(), await p.absent()]; },
  async ({ env }) => await env.SELF.kind(new Proxy({ a: 1 }, {})),
  async ({ env }) => await env.SELF.kind({ inside: new Proxy({ a: 1 }, {}) }),
  async ({ env }) => await env.SELF.get(new Proxy({ a: 1 }, {}), "a"),
  async ({ env }) => await env.SELF.kind(new Proxy(Object.create(null), {})),
  async ({ env }) => await env.SELF.kind(new Proxy(new Headers(), {})),
  async ({ env }) => await env.SELF.kind(new Proxy({}, { getPrototypeOf: () => Array.prototype })),
  async ({ env }) => await env.SELF.kind(new Proxy(new (class Foreign {})(), { getPrototypeOf: () => RpcTarget.prototype })),
  async ({ env }) => { const r = Proxy.revocable({}, {}); r.revoke(); return await env.SELF.kind(r.proxy).catch((e) => e.name); },
  async ({ env }) => await env.SELF.kind(new Proxy({}, { getPrototypeOf() { throw new RangeError("trap"); } })),
  async ({ env }) => await env.SELF.own(),
  async ({ env }) => { const s = await env.SELF.stub(); return [s.constructor.name, await s.next()]; },
  async ({ env }) => { const s = await env.SELF.stubInside(); return await s.stub(); },
  async ({ env }) => await env.SELF.promises(async (x) => x * x),
  async () => { const s = new RpcStub(new Counter(5)); return [await s.next(), await s.current, await s.self().next()]; },
  async () => { const s = new RpcStub((x) => x + 1); return await s(1); },
  async () => { const o = { a: 1, f: () => "f", deep: { g: () => "g" } }; const s = new RpcStub(o); return [await s.a, await s.f(), await s.deep.g()]; },
  async () => { const o = { list: [1] }; const s = new RpcStub(() => o); const r = await s(); return [r === o, r.list === o.list]; },
  async () => { const s = new RpcStub({ a: 1 }); return await s(); },
  async () => { const s = new RpcStub(new Counter()); return await s.absent(); },
  async () => { const s = new RpcStub(() => { throw new RangeError("mine"); }); return await s().catch((e) => [e.name, e.message, e.remote]); },
  async () => { const order = []; const s = new RpcStub(() => order.push("called")); const p = s(); order.push("after"); await p; return order; },
  async () => { const c = new Counter(5); const s = new RpcStub(c); c.value = 7; return await s.current; },
  async ({ env }) => { const s = new RpcStub(new Counter(60)); return [await env.SELF.callMethod(s, "next"), await s.next()]; },
  async ({ env }) => { const s = new RpcStub(await env.SELF.counter(1)); return [s.constructor.name, await s.next()]; },
  () => new RpcStub(5),
  () => new RpcStub("text"),
  () => new RpcStub(null),
  () => new RpcStub([]),
  () => new RpcStub(new Date(0)),
  () => new RpcStub(new (class Foreign {})()),
  () => new RpcStub(Object.create(null)),
  () => new RpcStub(new Headers()),
  () => new RpcStub(new Map()),
  () => new RpcStub(Promise.resolve({})),
  () => new RpcStub(new RpcStub(() => 1)).constructor.name,
  ({ env }) => new RpcStub(env.SELF).constructor.name,
  ({ env }) => new RpcStub(env.SELF.counter).constructor.name,
  () => new RpcStub(new Proxy({}, {})).constructor.name,
  () => new RpcStub(new Proxy([], {})).constructor.name,
  () => new RpcStub(class {}).constructor.name,
  async ({ env }) => { const s = new RpcStub(new Counter(1)).dup(); return [s.constructor.name, await s.next()]; },
]);
