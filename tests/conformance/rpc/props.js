// services: SELF=self#Main, PEER=peer#Main
// Workers RPC: ctx.props and ctx.exports: entrypoints with properties of their own, and what these may hold.
import { RpcTarget, WorkerEntrypoint, exports } from "cloudflare:workers";
import { checks } from "../checks.js";

export class Main extends WorkerEntrypoint {
  props() {
    return this.ctx.props;
  }
  kinds() {
    return Object.entries(this.ctx.props).map(([k, v]) => `${k} ${typeof v} ${v?.constructor?.name}`);
  }
  async callProp(name, method, ...args) {
    return await this.ctx.props[name][method](...args);
  }
  async fetchProp(name) {
    return await (await this.ctx.props[name].fetch("http://a/path")).text();
  }
  giveProp(name) {
    return this.ctx.props[name];
  }
  change() {
    this.ctx.props.a = 2;
    return this.ctx.props.a;
  }
  frozen() {
    return [Object.isFrozen(this.ctx.props), this.ctx.props === this.ctx.props];
  }
  async call(service, method, ...args) {
    return await service[method](...args);
  }
  kind(v) {
    return [typeof v, v?.constructor?.name];
  }
  make(props) {
    return this.ctx.exports.Greeter({ props });
  }
  makeFactory() {
    return (props) => this.ctx.exports.Greeter({ props });
  }
  bare() {
    return this.ctx.exports.Greeter;
  }
  exportNames() {
    return Object.keys(this.ctx.exports).sort();
  }
  async fetch(request) {
    return new Response(`fetched ${new URL(request.url).pathname} with ${JSON.stringify(this.ctx.props)}`);
  }
}
export class Greeter extends WorkerEntrypoint {
  greet(name) {
    return `${this.ctx.props.greeting ?? "Hello"}, ${name}`;
  }
  get name() {
    return this.ctx.props.name;
  }
  async fetch() {
    return new Response(this.greet("fetch"));
  }
}
class Target extends RpcTarget {}
export const object = {
  props(arg, env, ctx) {
    return ctx.props;
  },
  fetch(request, env, ctx) {
    return new Response(JSON.stringify(ctx.props));
  },
};
export const empty = {};
export const handlerLess = { value: 1 };
export const list = [1];
export const date = new Date(0);

const M = ({ ctx }, props) => ctx.exports.Main({ props });

export default checks([
  ({ ctx }) => Object.keys(ctx.exports).sort(),
  ({ ctx }) => Object.entries(ctx.exports).map(([k, v]) => `${k} ${typeof v} ${v?.constructor?.name}`).sort(),
  async ({ env }) => await env.PEER.exportNames(),
  ({ ctx }) => Object.keys(exports).sort().join() === Object.keys(ctx.exports).sort().join(),
  async ({ ctx }) => await ctx.exports.Greeter.greet("you"),
  async ({ ctx }) => await ctx.exports.Main.props(),
  async ({ ctx }) => await exports.Greeter.greet("module"),
  async ({ ctx }) => await (await ctx.exports.Main.fetch("http://a/x")).text(),
  async ({ ctx }) => await ctx.exports.object.props(1),
  async ({ ctx }) => await ctx.exports.absent?.greet(),
  ({ ctx }) => [ctx.exports.absent, "absent" in ctx.exports, "Main" in ctx.exports],
  ({ ctx }) => { const { Main } = ctx.exports; ctx.exports.Main = 5; const changed = typeof ctx.exports.Main; ctx.exports.Main = Main; return changed; },
  ({ ctx }) => { ctx.exports.other = 5; return ctx.exports.other; },
  async (t) => await M(t, { a: 1, list: [1, { b: null }], nested: { c: "d" } }).props(),
  async (t) => await M(t, {}).props(),
  async ({ ctx }) => await ctx.exports.Main({}).props(),
  async ({ ctx }) => await ctx.exports.Main({ props: undefined }).props(),
  ({ ctx }) => ctx.exports.Main({ props: null }),
  ({ ctx }) => ctx.exports.Main({ props: 5 }),
  ({ ctx }) => ctx.exports.Main({ props: "text" }),
  async ({ ctx }) => await ctx.exports.Main({ props: [1, 2] }).props(),
  ({ ctx }) => ctx.exports.Main(),
  ({ ctx }) => ctx.exports.Main(5),
  async ({ ctx }) => await ctx.exports.Main({ other: 1 }).props(),
  ({ ctx }) => new ctx.exports.Main({ props: {} }).constructor.name,
  async (t) => { const p = await M(t, { m: new Map([[1, new Set([2])]]), d: new Date(5), r: /a/g, n: 5n, u: undefined, b: new Uint8Array([1, 2]) }).props(); return [p.m.get(1).has(2), p.d.getTime(), String(p.r), p.n, "u" in p, p.b]; },
  async (t) => { const o = { a: 1 }; o.self = o; const p = await M(t, o).props(); return [p.a, p.self === p]; },
  async (t) => { const o = { a: 1 }; const m = M(t, o); o.a = 2; return (await m.props()).a; },
  async (t) => { const m = M(t, { a: 1 }); return [await m.change(), await m.props()]; },
  async (t) => await M(t, { a: 1 }).frozen(),
  (t) => M(t, { f: () => 1 }),
  (t) => M(t, { t: new Target() }),
  (t) => M(t, { s: Symbol("s") }),
  (t) => M(t, { i: new (class Foreign {})() }),
  (t) => M(t, { p: Promise.resolve(1) }),
  (t) => M(t, { h: new Headers() }),
  (t) => M(t, { r: new Response("") }),
  (t) => M(t, { s: new ReadableStream() }),
  (t) => M(t, { l: t.env.LOADER }),
  (t) => M(t, { e: t.ctx.exports.Greeter }),
  async (t) => { try { M(t, { p: t.env.SELF.props }); return "taken"; } catch (e) { return `${e.name}: ${e.message}`; } },
  async (t) => { using s = await t.env.SELF.makeFactory(); return M(t, { s }); },
  async (t) => { const e = await M(t, { e: new RangeError("m") }).props(); return [e.e.name, e.e.message]; },
  async (t) => await M(t, { big: "x".repeat(1 << 20) }).props().then((p) => p.big.length),
  async (t) => await M(t, { s: t.env.PEER, g: t.ctx.exports.Greeter({ props: { greeting: "Hi" } }) }).kinds(),
  async (t) => await M(t, { g: t.ctx.exports.Greeter({ props: { greeting: "Hi" } }) }).callProp("g", "greet", "you"),
  async (t) => await M(t, { g: t.ctx.exports.Greeter({}) }).callProp("g", "greet", "you"),
  async (t) => await M(t, { s: t.env.PEER }).callProp("s", "props"),
  async (t) => await M(t, { deep: { list: [t.env.SELF] } }).props().then((p) => p.deep.list[0].constructor.name),
  async (t) => await M(t, { deep: { list: [t.env.SELF] } }).props().then((p) => p.deep.list[0].props()),
  async (t) => await M(t, { m: M(t, { m: M(t, { depth: 3 }) }) }).props().then((p) => p.m.props()).then((p) => p.m.props()),
  async (t) => await M(t, { g: t.ctx.exports.Greeter({ props: { greeting: "Hi" } }) }).fetchProp("g"),
  async (t) => await M(t, { s: t.env.SELF }).giveProp("s").props(),
  async (t) => await (await M(t, { g: t.ctx.exports.Greeter({ props: { greeting: "Given" } }) }).giveProp("g")).greet("you"),
  async (t) => await (await M(t, { a: 1 }).fetch("http://a/p")).text(),
  async ({ ctx }) => await ctx.exports.object({ props: { a: 1 } }).props(1),
  async ({ ctx }) => await (await ctx.exports.object({ props: { a: 1 } }).fetch("http://a/")).text(),
  async ({ ctx }) => await ctx.exports.Greeter({ props: { name: "named" } }).name,
  async ({ env, ctx }) => await env.SELF.call(ctx.exports.Greeter({ props: { greeting: "Passed" } }), "greet", "you"),
  async ({ env, ctx }) => await env.PEER.call(ctx.exports.Greeter({ props: { greeting: "Passed to another" } }), "greet", "you"),
  async ({ env, ctx }) => await env.SELF.call(ctx.exports.Greeter, "greet", "you"),
  async ({ env }) => await env.SELF.bare(),
  async ({ env }) => await env.SELF.make({ greeting: "Made" }).greet("you"),
  async ({ env }) => { const g = await env.PEER.make({ greeting: "Made there" }); return [g.constructor.name, await g.greet("you"), await g.greet("again")]; },
  async ({ env }) => { using f = await env.SELF.makeFactory(); return [await f({ greeting: "A" }).greet("x"), await (await f({ greeting: "B" })).greet("y")]; },
  async ({ env }) => { const g = await env.PEER.make({ greeting: "On" }); return await env.SELF.call(g, "greet", "you"); },
  async ({ env, ctx }) => { const g = await env.PEER.make({ greeting: "In props" }); return await ctx.exports.Main({ props: { g } }).callProp("g", "greet", "you"); },
  async ({ env }) => [await env.SELF.kind(env.PEER), await env.SELF.kind(await env.PEER.make({}))],
  async ({ ctx }) => await ctx.exports.default.fetch.constructor.name,
  async ({ ctx }) => await ctx.exports.empty.anything(1),
  async ({ ctx }) => await ctx.exports.handlerLess?.value,
]);
