// services: SELF=self#Main, PEER=peer#Main
// Workers RPC: names that mean something to the language or the platform, in paths, values and errors: they are refused
// or plain data, and whoever gets them has the prototypes that it had.
import { RpcStub, RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

const OBJECT = ["__proto__", "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toString",
  "toLocaleString", "valueOf", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"];
const OTHER = ["toJSON", "then", "catch", "finally", "prototype", "name", "length", "call", "apply", "bind", "arguments", "caller",
  "dup", "map", "onRpcBroken", "Symbol.iterator", "Symbol(Symbol.dispose)", "@@iterator", "#hidden", "_hidden", "hidden", "inspect",
  "default", "super", "this", "globalThis", "env", "ctx", "0", "-1", "", "stack", "message", "cause", "remote"];
const NAMES = [...OBJECT, ...OTHER];
const BEFORE = Reflect.ownKeys(Object.prototype).length;

class Base extends RpcTarget {
  inherited() { return "inherited"; }
}
class Target extends Base {
  #hidden = 1;
  hidden = 2;
  method() { return "method"; }
  get got() { return { a: 1 }; }
  list() { return [1, 2]; }
}
class Instance {
  own = 1;
}
// What it is, in words.
function told(v) {
  if (v === undefined || v === null || typeof v === "number" || typeof v === "boolean") return String(v);
  if (typeof v === "string") return JSON.stringify(v);
  return `${typeof v} ${Object.prototype.toString.call(v)}`;
}
function shape(v) {
  const prototype = Object.getPrototypeOf(v);
  const kind = [Object, Array, Map, Error, RangeError].find((c) => c.prototype === prototype)?.name ?? "odd";
  const own = Reflect.ownKeys(v).filter((key) => typeof key === "string" && !(v instanceof Error && key === "stack"));
  return [kind, ...own.map((key) => `${key}: ${told(Object.getOwnPropertyDescriptor(v, key).value)}`)];
}

export class Main extends WorkerEntrypoint {
  own = 1;
  target() { return new Target(); }
  get property() { return new Target(); }
  func() { return Object.assign(() => "func", { member: 1 }); }
  object() { return { f: () => "f", n: 1, inner: { g: () => "g" }, list: [() => "of a list"] }; }
  async plain() { return { n: 1 }; }
  text() { return "text"; }
  proxied() { return new Proxy(this.object(), {}); }
  proxiedFunction() { return new Proxy(this.func(), {}); }
  proxiedTarget() { return new Proxy(new Target(), {}); }
  shape(v) { return shape(v); }
  shapes(...values) { return values.map(shape); }
  echo(v) { return v; }
  make(name, value) { return JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)},"a":1}`); }
  define(name) { return Object.defineProperty({}, name, { value: () => "called", enumerable: true }); }
  fail(name) { throw failed(name); }
  failWith(name) { throw Object.defineProperty(new RangeError("m"), name, { value: { polluted: "x" }, enumerable: true }); }
  async call(f, ...args) { return await f(...args); }
  untouched() { return untouched(); }
  async using(f, name) { return told(await f[name]); }
  async calling(f, name) { return told(await f[name]()); }
}
const failed = (name) => Object.defineProperty(new RangeError("m"), name, { value: "mine", enumerable: true });
const untouched = () => [Reflect.ownKeys(Object.prototype).length - BEFORE, {}.polluted, (() => {}).polluted, [].polluted, new Error().polluted];

const answer = async (f) => {
  try {
    const result = await f();
    return Array.isArray(result) ? result : told(result);
  } catch (e) {
    return `${e?.name}: ${e?.message?.replace(/.*not a function/, "not a function")}`;
  }
};
const each = (names, f) => async (t) => {
  const lines = [];
  for (const name of names) lines.push(`${name}: ${await answer(() => f(t, name))}`);
  return lines;
};
const per = (prefix, f, names = NAMES) => Object.fromEntries(names.map((name) => [`${prefix} ${name}`, (t) => answer(() => f(t, name))]));
// Of the object's own names only what cannot be a member of a stub itself.
const REMOTE = NAMES.filter((name) => !(name in RpcStub.prototype) && !(name in (() => {})) && name !== "then" && name !== "");

export default checks({
  ...per("a call of the entrypoint's", ({ env }, name) => env.PEER[name](), REMOTE),
  ...per("a member of the entrypoint's", ({ env }, name) => env.PEER[name], REMOTE),
  ...per("a call below a method of the entrypoint's", ({ env }, name) => env.PEER.echo[name](), REMOTE),
  ...per("a call of a target's", async ({ env }, name) => (await env.PEER.target())[name](), REMOTE),
  ...per("a call of a promised target's", ({ env }, name) => env.PEER.target()[name](), REMOTE),
  ...per("a member of a promised target's", ({ env }, name) => env.PEER.target()[name], REMOTE),
  ...per("below a getter", ({ env }, name) => env.PEER.target().got[name], REMOTE),
  ...per("below a property", ({ env }, name) => env.PEER.property[name], REMOTE),
  ...per("a call of a promised function's", ({ env }, name) => env.PEER.func()[name](), REMOTE),
  ...per("a member of a promised object's", ({ env }, name) => env.PEER.object()[name], REMOTE),
  ...per("deep in a promised object", ({ env }, name) => env.PEER.object().inner[name](), REMOTE),
  ...per("a call of a promised proxy's", ({ env }, name) => env.PEER.proxied()[name](), REMOTE),
  ...per("a call of a promised proxy of a function's", ({ env }, name) => env.PEER.proxiedFunction()[name](), REMOTE),
  ...per("a call of a promised proxy of a target's", ({ env }, name) => env.PEER.proxiedTarget()[name](), REMOTE),
  ...per("a member of a proxy", async ({ env }, name) => (await env.PEER.proxied())[name], REMOTE),
  ...per("a member of a proxy of a function", async ({ env }, name) => (await env.PEER.proxiedFunction())[name], REMOTE),
  ...per("of a promised list", ({ env }, name) => env.PEER.object().list[name], REMOTE),
  ...per("of a promised text", ({ env }, name) => env.PEER.text()[name], REMOTE),
  "what a stub has itself": each(NAMES.filter((name) => !REMOTE.includes(name)), async ({ env }, name) => typeof (await env.PEER.target())[name]),
  "what a promise has itself": each(NAMES.filter((name) => !REMOTE.includes(name)), ({ env }, name) => typeof env.PEER.target()[name]),
  "what a service has itself": each(NAMES.filter((name) => !REMOTE.includes(name)), ({ env }, name) => typeof env.PEER[name]),
  ...per("an object with its own, there:", ({ env }, name) => env.PEER.shape(JSON.parse(`{${JSON.stringify(name)}:{"polluted":1},"a":1}`))),
  ...per("an object with its own, back:", async ({ env }, name) => {
    const v = await env.PEER.make(name, { polluted: 1 });
    return shape(v);
  }),
  ...per("a list with its own", ({ env }, name) => env.PEER.shape(Object.defineProperty([1], name, { value: 2, enumerable: true, writable: true, configurable: true })),
    NAMES.filter((name) => name !== "length")),
  ...per("a Map's key", async ({ env }, name) => [...(await env.PEER.echo(new Map([[name, { [name]: 1 }]]))).keys()].join()),
  ...per("an error with its own, there:", ({ env }, name) => env.PEER.shape(failed(name))),
  ...per("an error with its own, thrown:", ({ env }, name) => env.PEER.fail(name).then(() => "not thrown", shape)),
  ...per("an error with an object of its own, thrown:", ({ env }, name) => env.PEER.failWith(name).then(() => "not thrown", shape),
    NAMES.filter((name) => !["name", "message", "stack", "cause"].includes(name))),
  ...per("an error with a numbered one", ({ env }, name) => env.PEER.fail(name).then(() => "not thrown", shape), ["00", "01", "10", "1.5", "-0", "4294967294", "4294967295", "99999999999"]),
  ...per("a function called so, in a result:", async ({ env }, name) => {
    const o = await env.PEER.define(name);
    return `${typeof o} ${typeof o === "object" ? Object.keys(o) : o}`;
  }, NAMES.filter((name) => name !== "then")),
  ...per("a call of a function called so:", ({ env }, name) => env.PEER.define(name)[name](), REMOTE),
  "a function called then, in a result": async ({ env }) => {
    const p = env.PEER.echo({ then: (resolve) => resolve("by then") });
    return told(await Promise.race([p, scheduler.wait(50).then(() => "waits")]));
  },
  "then that is data": async ({ env }) => shape(await env.PEER.echo({ then: 5 })),
  "then in then": async ({ env }) => (await env.PEER.echo({ a: { then: { then: 1 } } })).a.then.then,
  "toJSON in what is sent": async ({ env }) => shape(await env.PEER.echo({ toJSON: "data", a: 1 })),
  "an object whose prototype is sent as data": async ({ env }) => await env.PEER.shape({ ["__proto__"]: { isAdmin: true } }),
  "an object with another prototype": async ({ env }) => await env.PEER.shape({ __proto__: { isAdmin: true } }),
  "an instance with a name of Object's": async ({ env }) => await env.PEER.shape(new Instance()).then(String, (e) => e.name),
  "nested __proto__": async ({ env }) => {
    const v = await env.PEER.echo(JSON.parse('{"a":{"__proto__":{"__proto__":{"polluted":1}}},"list":[{"__proto__":[1]}]}'));
    return [v.polluted, v.a.polluted, {}.polluted, Object.keys(v.a), Array.isArray(Object.getPrototypeOf(v.list[0])), JSON.stringify(v)];
  },
  "assigned over": async ({ env }) => {
    const v = await env.PEER.echo(JSON.parse('{"__proto__":{"polluted":1},"b":2}'));
    return [Object.assign({}, v).polluted, { ...v }.polluted, {}.polluted];
  },
  "a member of the caller's function": each(REMOTE, ({ env }, name) => env.PEER.using(Object.assign(() => 1, { member: 1 }), name)),
  "a call of a member of the caller's target": each(REMOTE, ({ env }, name) => env.PEER.calling(new Target(), name)),
  "props": async ({ ctx }) => {
    const stub = ctx.exports.Main({ props: JSON.parse('{"__proto__":{"polluted":1},"constructor":2,"toJSON":3}') });
    return [await stub.plain(), {}.polluted];
  },
  "nobody's prototypes were changed": async ({ env }) => [untouched(), await env.PEER.untouched(), await env.SELF.untouched()],
});
