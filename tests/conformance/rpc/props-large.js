// services: SELF=self#Main, PEER=peer#Main
// Props larger than a frame: of ctx.exports and of dynamic Workers' entrypoints, by fetch() and by methods, with binary
// data and with stubs, passed on, kept, and together with a large `cf` or body.
import { WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

const K = 1024;
const size = (v) => v.byteLength ?? v.size ?? v.length;
// What arrives, shortly: sizes, and a sum that tells whether it is the same.
const sum = (bytes) => bytes.reduce((s, b) => (s * 31 + b) >>> 0, 7);
const told = (props) => Object.entries(props).map(([name, v]) =>
  `${name} ${v?.constructor?.name} ${typeof v === "object" || typeof v === "string" ? size(v) ?? "" : ""}${v instanceof Uint8Array ? ` ${sum(v)}` : ""}`);

export class Main extends WorkerEntrypoint {
  told() {
    return told(this.ctx.props);
  }
  fetch(request) {
    return new Response(told(this.ctx.props).join("; "));
  }
  async echo(text) {
    return [told(this.ctx.props), text.length];
  }
  async use() {
    return [told({ ...this.ctx.props, stub: undefined }), await this.ctx.props.stub.told()];
  }
  async ask(stub) {
    return [await stub.told(), await (await stub.fetch("http://a/")).text()];
  }
  async keep(stub) {
    return this.ctx.exports.Main({ props: { stub, pad: "p".repeat(80 * K) } });
  }
  big(n) {
    return this.ctx.exports.Main({ props: { from: "x".repeat(n) } });
  }
  async body(request) {
    return (await request.text()).length;
  }
}
export class Reader extends WorkerEntrypoint {
  async fetch(request) {
    const text = await request.text();
    return Response.json([size(this.ctx.props.b), text.length, request.cf ? request.cf.a.length : null, request.headers.get("x")?.length ?? null]);
  }
}
const bytes = (n) => Uint8Array.from({ length: n }, (_, i) => (i * 7) & 255);
const E = (ctx, props) => ctx.exports.Main({ props });
const code = `
  import { WorkerEntrypoint } from "cloudflare:workers";
  const size = (v) => v.byteLength ?? v.size ?? v.length;
  export default class extends WorkerEntrypoint {
    size() { return size(this.ctx.props.b); }
    fetch(request) { return new Response(size(this.ctx.props.b) + (request.cf ? " " + request.cf.a.length : "")); }
    async ask() { return await this.ctx.props.stub.told(); }
    async env() { return await this.env.STUB.told(); }
    async own(n) { return await this.ctx.exports.Own({ props: { b: "y".repeat(n) } }).size(); }
    loop(n) { return n === 0 ? size(this.ctx.props.b) : this.ctx.exports.default({ props: this.ctx.props }).loop(n - 1); }
  }
  export class Own extends WorkerEntrypoint { size() { return size(this.ctx.props.b); } }`;
const load = (env, more) => env.LOADER.load({ compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": code }, ...more });
const D = (env, props) => load(env).getEntrypoint(undefined, { props });
const sizes = [10, 60, 64, 65, 100, 127, 128, 129, 500, 1000, 1023];

export default checks([
  async ({ ctx }) => Promise.all(sizes.map(async (n) => (await E(ctx, { b: "x".repeat(n * K) }).told())[0])),
  async ({ ctx }) => Promise.all(sizes.map(async (n) => await (await E(ctx, { b: bytes(n * K) }).fetch("http://a/")).text())),
  async ({ env }) => Promise.all(sizes.map(async (n) => await D(env, { b: "x".repeat(n * K) }).size())),
  async ({ env }) => Promise.all(sizes.map(async (n) => await (await D(env, { b: bytes(n * K) }).fetch("http://a/")).text())),
  // every length around that of a frame
  async ({ ctx }) => { const seen = []; for (let n = 65_350; n < 65_600; n += 7) seen.push(size((await E(ctx, { b: bytes(n) }).told())[0])); return new Set(seen).size; },
  async ({ ctx }) => { for (let n = 131_072 - 150; n < 131_072 + 50; n += 3) { const [t] = await E(ctx, { b: bytes(n) }).told(); if (!t.startsWith(`b Uint8Array ${n} `)) return n; } return "all"; },
  // of all kinds
  async ({ ctx }) => await E(ctx, { u8: bytes(100 * K), buffer: bytes(50 * K).buffer, map: new Map(Array.from({ length: 5000 }, (_, i) => [i, `v${i}`])), set: new Set(Array.from({ length: 9000 }, (_, i) => `s${i}`)), text: "é".repeat(40 * K), f: new Float64Array(9000), date: [new Date(0)], n: 5 }).told(),
  async ({ ctx }) => { const props = { d: new Date(86400000), list: Array.from({ length: 20_000 }, (_, i) => ({ i })) }; props.self = props; return await E(ctx, props).told(); },
  async ({ env, ctx }) => await E(ctx, { b: bytes(100 * K), stub: env.PEER }).use(),
  async ({ ctx }) => await E(ctx, { b: bytes(100 * K), stub: E(ctx, { inner: bytes(200 * K) }) }).use(),
  async ({ ctx }) => { let stub = E(ctx, { end: bytes(70 * K) }); for (let i = 0; i < 5; i++) stub = E(ctx, { stub, pad: bytes(70 * K + i) }); return await stub.use(); },
  async ({ env, ctx }) => await D(env, { b: bytes(300 * K), stub: E(ctx, { x: bytes(90 * K) }) }).ask(),
  async ({ env, ctx }) => await load(env, { env: { STUB: E(ctx, { x: bytes(900 * K) }) } }).getEntrypoint().env(),
  async ({ env }) => await load(env).getEntrypoint().own(200 * K),
  async ({ env }) => await D(env, { b: "z".repeat(150 * K) }).loop(4),
  // passed on, to where it is used more than once
  async ({ env, ctx }) => await env.PEER.ask(E(ctx, { b: bytes(120 * K) })),
  async ({ env, ctx }) => { const kept = await env.PEER.keep(E(ctx, { b: bytes(120 * K) })); return [await kept.use(), await kept.use()]; },
  async ({ env }) => { const stub = await env.PEER.big(500 * K); return [await stub.told(), await env.SELF.ask(stub)]; },
  async ({ env }) => await env.PEER.big(300 * K).told(),
  async ({ ctx }) => { const stub = E(ctx, { b: bytes(200 * K) }); return (await Promise.all(Array.from({ length: 20 }, () => stub.told()))).filter((t) => t[0].startsWith("b Uint8Array 204800 ")).length; },
  async ({ env }) => { const stub = D(env, { b: bytes(200 * K) }); return await Promise.all(Array.from({ length: 10 }, (_, i) => (i % 2 ? stub.size() : stub.fetch("http://a/").then((r) => r.text())))); },
  async ({ ctx }) => { for (let i = 0; i < 30; i++) await E(ctx, { b: bytes(500 * K) }).told(); return "done"; },
  // with much beside them
  async ({ ctx }) => await E(ctx, { b: bytes(100 * K) }).echo("t".repeat(300 * K)),
  async ({ ctx }) => await (await ctx.exports.Reader({ props: { b: bytes(100 * K) } }).fetch("http://a/", { method: "POST", body: "b".repeat(10) })).json(),
  async ({ ctx }) => await (await ctx.exports.Reader({ props: { b: bytes(100 * K) } }).fetch("http://a/", { method: "POST", body: "b".repeat(700 * K), headers: { x: "h".repeat(30 * K) } })).json(),
  async ({ ctx }) => await (await ctx.exports.Reader({ props: { b: bytes(60 * K) } }).fetch("http://a/", { method: "POST", body: "b".repeat(60 * K) })).json(),
  async ({ ctx }) => await (await ctx.exports.Reader({ props: { b: bytes(900 * K) } }).fetch("http://a/", { method: "POST", body: new Blob(["b".repeat(400 * K)]).stream(), cf: { a: "c".repeat(900 * K) } })).json(),
  async ({ env }) => await (await D(env, { b: bytes(700 * K) }).fetch("http://a/", { cf: { a: "c".repeat(700 * K) } })).text(),
  // what cannot be sent
  async ({ ctx }) => await E(ctx, { b: bytes(100 * K), f: Symbol("s") }),
  async ({ env }) => await D(env, { b: bytes(100 * K), w: new WeakMap() }).size(),
  async ({ env }) => { const none = load(env).getEntrypoint("None", { props: { b: bytes(100 * K) } }); return [await none.size().catch((e) => e.message), await none.fetch("http://a/").catch((e) => e.message)]; },
  // beyond what is allowed
  async ({ ctx }) => (await E(ctx, { b: "x".repeat(1024 * K) }).told())[0],
  async ({ env }) => await D(env, { b: new Uint8Array(1100 * K) }).size(),
]);
