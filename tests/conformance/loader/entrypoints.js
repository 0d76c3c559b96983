// WorkerStub.getEntrypoint() and getDurableObjectClass(): names, options, props.
import { WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

const MAIN = `import { WorkerEntrypoint, RpcTarget, DurableObject } from "cloudflare:workers";
const named = (name) => ({ fetch(request, env, ctx) { return new Response(name + " " + JSON.stringify(ctx.props)); } });
export default named("default");
export const a = named("a");
export const ü = named("ü");
export { a as "with space", a as "", a as "null", a as "5" };
export class Class extends WorkerEntrypoint { fetch() { return new Response("Class " + JSON.stringify(this.ctx.props)); } props() { return this.ctx.props; } }
export class Target extends RpcTarget { fetch() { return new Response("Target"); } }
export class Plain { fetch() { return new Response("Plain"); } }
export class Object_ extends DurableObject { fetch() { return new Response("Object"); } }
export const nothing = {};
export function f() {}
`;
const NONE = `export const a = { fetch() { return new Response("a"); } };`;
const load = ({ env }, source = MAIN) => env.LOADER.load({ compatibilityDate: "2026-11-01", mainModule: "main.js", modules: { "main.js": source } });
const fetchOf = async (entrypoint) => await (await entrypoint.fetch("http://x/")).text();
const told = (promise) => promise.then((v) => v, (e) => `${e?.name}: ${e?.message}`);
const named = (t, name, options) => told((async () => fetchOf(load(t).getEntrypoint(name, options)))());
const props = (t, value) => told((async () => JSON.stringify(await load(t).getEntrypoint("Class", { props: value }).props()))());

export class Main extends WorkerEntrypoint {
  hello() {
    return "hello";
  }
}
export default checks({
  "no argument": async (t) => await fetchOf(load(t).getEntrypoint()),
  "undefined": (t) => named(t, undefined),
  "null": (t) => named(t, null),
  "default": (t) => named(t, "default"),
  "an empty name": (t) => named(t, ""),
  "a": (t) => named(t, "a"),
  "letters": (t) => named(t, "ü"),
  "a space": (t) => named(t, "with space"),
  "a name like null": (t) => named(t, "null"),
  "a number": (t) => named(t, 5),
  "an object": (t) => named(t, { toString: () => "a" }),
  "an object that throws": (t) => named(t, { toString() { throw new RangeError("mine"); } }),
  "a symbol": (t) => named(t, Symbol("s")),
  "a class": (t) => named(t, "Class"),
  "a class of targets": (t) => named(t, "Target").then((s) => s.split("\n")[0]),
  "a plain class": (t) => named(t, "Plain"),
  "a class of Durable Objects": (t) => named(t, "Object_"),
  "an object without handlers": (t) => named(t, "nothing"),
  "a function": (t) => named(t, "f"),
  "absent": (t) => named(t, "absent"),
  "absent, by RPC": (t) => told((async () => await load(t).getEntrypoint("absent").m())()),
  "of Object.prototype": (t) => Promise.all([named(t, "constructor"), named(t, "toString"), named(t, "__proto__"), named(t, "then")]),
  "a long name": (t) => named(t, "n".repeat(300)),
  "spaces around": (t) => named(t, " a "),
  "another case": (t) => named(t, "A"),
  "a zero byte": (t) => named(t, "a\0"),
  "there is no default": async (t) => [await told(fetchOf(load(t, NONE).getEntrypoint())), await told(fetchOf(load(t, NONE).getEntrypoint("default"))), await told(fetchOf(load(t, NONE).getEntrypoint("a")))],
  "there is nothing": async (t) => [await told(fetchOf(load(t, "").getEntrypoint())), await told(fetchOf(load(t, "").getEntrypoint("a")))],
  "each call is another stub": (t) => { const w = load(t); return w.getEntrypoint() === w.getEntrypoint(); },
  "without its receiver": (t) => { const { getEntrypoint } = load(t); return getEntrypoint(); },
  "its members": (t) => { const w = load(t); return [Object.getOwnPropertyNames(Object.getPrototypeOf(w)).sort().filter((name) => name !== "logs"), w.getEntrypoint.name]; },

  "getDurableObjectClass": (t) => String(load(t).getDurableObjectClass("Object_")),

  "options: undefined": (t) => named(t, "a", undefined),
  "options: null": (t) => named(t, "a", null),
  "options: a number": (t) => named(t, "a", 5),
  "options: a text": (t) => named(t, "a", "x"),
  "options: a function": (t) => named(t, "a", () => 1),
  "options: an array": (t) => named(t, "a", []),
  "options: empty": (t) => named(t, "a", {}),
  "options: unknown": (t) => named(t, "a", { unknown: 1 }),
  "options: what is read": (t) => {
    const read = [];
    load(t).getEntrypoint("a", new Proxy({}, { get: (_, key) => { read.push(String(key)); } }));
    return read;
  },
  "options: a getter throws": (t) => named(t, "a", { get props() { throw new RangeError("mine"); } }),
  "options: the name is converted first": (t) => named(t, { toString() { throw new RangeError("name"); } }, { get props() { throw new RangeError("props"); } }),

  "props: undefined": (t) => props(t, undefined),
  "props: null": (t) => props(t, null),
  "props: a text": (t) => props(t, "x"),
  "props: a number": (t) => props(t, 0),
  "props: empty": (t) => props(t, {}),
  "props: an object": (t) => props(t, { a: [1, { b: null }] }),
  "props: an array": (t) => props(t, [1, 2]),
  "props: a Map": (t) => props(t, new Map([["a", 1]])),
  "props: a function": (t) => props(t, () => 1),
  "props: with a function": (t) => props(t, { f() {} }),
  "props: an instance": (t) => props(t, new (class Foreign {})()),
  "props: with an instance": (t) => props(t, { i: new (class Foreign {})() }),
  "props: with the loader": (t) => props(t, { l: t.env.LOADER }),
  "props: with a symbol": (t) => props(t, { s: Symbol("s") }),
  "props: with a getter": (t) => props(t, { get a() { return 5; } }),
  "props: with a getter that throws": (t) => props(t, { get a() { throw new RangeError("mine"); } }),
  "props: a cycle": async (t) => {
    const value = { a: 1 };
    value.self = value;
    const got = await load(t).getEntrypoint("Class", { props: value }).props();
    return [got.a, got.self.self.self.a];
  },
  "props: with a service": async (t) => {
    const got = await load(t).getEntrypoint("Class", { props: { s: t.ctx.exports.Main({}) } }).props();
    return await got.s.hello();
  },
  "props: with a dynamic Worker's entrypoint": (t) => props(t, { e: load(t).getEntrypoint() }),
  "props: changed after": async (t) => {
    const value = { a: 1 }, entrypoint = load(t).getEntrypoint("Class", { props: value });
    value.a = 2;
    return await entrypoint.props();
  },
  "props: they are the default's too": (t) => named(t, undefined, { props: { a: 1 } }),
  "props: each call gets its own copy": async (t) => {
    const entrypoint = load(t).getEntrypoint("Class", { props: { list: [1] } });
    const one = await entrypoint.props();
    one.list.push(2);
    return [one, await entrypoint.props()];
  },

  "an entrypoint of another event's Worker": async (t) => {
    const entrypoint = load(t).getEntrypoint();
    return [await fetchOf(entrypoint), await fetchOf(entrypoint)];
  },
  "before the Worker failed to start": async (t) => [await told(fetchOf(load(t, "throw new Error('top')").getEntrypoint("a"))), await told(fetchOf(load(t, "throw new Error('top')").getEntrypoint("absent")))],
  "what the constructor throws": async (t) => {
    const source = `import { WorkerEntrypoint } from "cloudflare:workers"; export default class extends WorkerEntrypoint { constructor(ctx, env) { super(ctx, env); throw new RangeError("constructed"); } fetch() {} };`;
    return [await told(fetchOf(load(t, source).getEntrypoint())), await told((async () => await load(t, source).getEntrypoint().m())())];
  },
});
