// services: SELF=self#Main, PEER=peer#Main, PEER_OBJECT=peer#object
// Workers RPC in a Worker that changed its own built-ins: the platform does not notice, and exposes nothing of theirs.
import { RpcStub, RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

class Target extends RpcTarget {
  method() {
    return "method";
  }
}
export class Main extends WorkerEntrypoint {
  echo(v) {
    return v;
  }
  target() {
    return new Target();
  }
  func() {
    return () => "func";
  }
  plain() {
    return () => ({ f: () => "f", n: 1 });
  }
  object() {
    return { f: () => "f", n: 1 };
  }
  fail() {
    throw new RangeError("failed");
  }
  // Gives the Worker's prototype a member more, or takes it away again.
  pollute(name, kind) {
    const owner = { Object, Function, RpcTarget, WorkerEntrypoint, Array }[name].prototype;
    if (kind === "method") owner.polluted = () => "polluted";
    else if (kind === "getter") Object.defineProperty(owner, "polluted", { configurable: true, get: () => "polluted" });
    else delete owner.polluted;
  }
  async call(f, ...args) {
    return await f(...args);
  }
}
export const object = { method: (arg, env, ctx) => arg };

// Runs the function while owner's property is what is given.
async function changed(owner, name, descriptor, run) {
  const before = getOwnPropertyDescriptor(owner, name);
  defineProperty(owner, name, { configurable: true, ...descriptor });
  try {
    return await run();
  } finally {
    if (before) defineProperty(owner, name, before);
    else delete owner[name];
  }
}
const broken = (owner, ...names) => async (run) => {
  let all = run;
  for (let i = 0; i < names.length; i++) {
    const inner = all, name = names[i];
    all = async () => await changed(owner, name, { value() { throw new Error("a method was called"); } }, inner);
  }
  return await all();
};
const iteratorOf = (iterable) => Object.getPrototypeOf(iterable[Symbol.iterator]());
const { getPrototypeOf, getOwnPropertyDescriptor, defineProperty, deleteProperty } = Reflect;
// Runs the function while these globals are not there.
async function missing(names, run) {
  const undo = [];
  for (let scope = globalThis; scope !== null; scope = getPrototypeOf(scope))
    for (let i = 0; i < names.length; i++) {
      const owner = scope, before = getOwnPropertyDescriptor(owner, names[i]);
      if (before !== undefined && deleteProperty(owner, names[i])) undo[undo.length] = () => defineProperty(owner, names[i], before);
    }
  try {
    return await run();
  } finally {
    for (let i = 0; i < undo.length; i++) undo[i]();
  }
}
const VALUE = { a: [1, 2], m: new Map([[1, new Set([2])]]), d: new Date(5), b: new Uint8Array([7]), r: /x/g };
async function tour(env) {
  const f = await env.SELF.func();
  const o = await env.SELF.object();
  const v = await env.SELF.echo(VALUE);
  return [await f(), await o.f(), await env.SELF.target().method(), v.a.length, v.m.size, v.d.getTime(), v.b[0], v.r.source, await env.SELF.call((x) => x, 5), await env.SELF.fail().catch((e) => e.message)];
}
// What can be seen of a member that PEER's prototype of that name got.
async function seen(env, name, kind) {
  const { PEER, PEER_OBJECT } = env;
  await PEER.pollute(name, kind);
  const [t, f, o] = [await PEER.target(), await PEER.func(), await PEER.object()];
  const found = [PEER.polluted, t.polluted, t.polluted.more, t.method.polluted, f.polluted, f.polluted(), o.f.polluted, PEER.object().polluted, PEER.plain()().polluted, PEER_OBJECT.polluted];
  const result = await Promise.all(found.map((p) => p.then((v) => (typeof v === "function" ? v() : v), (e) => e.message.replace("The RPC receiver does not implement the method", "no"))));
  await PEER.pollute(name);
  return result;
}

export default checks({
  "as it is": async ({ env }) => await tour(env),
  "Object.prototype has a method more": async ({ env }) => await seen(env, "Object", "method"),
  "Object.prototype has a getter more": async ({ env }) => await seen(env, "Object", "getter"),
  "Function.prototype has a method more": async ({ env }) => await seen(env, "Function", "method"),
  "RpcTarget.prototype has a method more": async ({ env }) => await seen(env, "RpcTarget", "method"),
  "RpcTarget.prototype has a getter more": async ({ env }) => await seen(env, "RpcTarget", "getter"),
  "WorkerEntrypoint.prototype has a method more": async ({ env }) => await seen(env, "WorkerEntrypoint", "method"),
  "RpcStub.prototype has a method more": async ({ env }) => await changed(RpcStub.prototype, "polluted", { value: () => "polluted" }, async () => {
    const s = await env.SELF.target();
    return [s.polluted(), await env.SELF.echo(s).polluted().catch((e) => e.message)];
  }),
  "Object.prototype.then": async ({ env }) => await changed(Object.prototype, "then", { get() { throw new Error("then was read"); } }, async () => await env.SELF.echo(5)),
  "Object.prototype's Symbol.dispose": async ({ env }) => {
    let calls = 0;
    await changed(Object.prototype, Symbol.dispose, { value: () => calls++ }, async () => {
      const o = await env.SELF.object();
      o[Symbol.dispose]();
      await scheduler.wait(20);
    });
    return calls;
  },
  "Object.prototype.dup": async ({ env }) => await changed(Object.prototype, "dup", { value: () => 5 }, () => env.SELF.call(() => "called")).catch((e) => e.message.slice(0, 40)),
  "setters on Object.prototype": async ({ env }) => {
    let calls = 0;
    const setter = { set: () => calls++, get: () => undefined };
    const value = await changed(Object.prototype, "a", setter, () => changed(Object.prototype, "0", setter, () => env.SELF.echo({ a: 1, list: [2] })));
    return [calls, value];
  },
  "Function.prototype": async ({ env }) => await broken(Function.prototype, "call", "apply", "bind")(async () => [await env.SELF.call(() => 1), await env.SELF.target().method()]),
  "Symbol.toPrimitive and toString": async ({ env }) => await broken(Object.prototype, "toString", "valueOf", "toJSON", "hasOwnProperty")(() => tour(env)),
  "Error.prototype": async ({ env }) => await changed(Error.prototype, "name", { get() { throw new Error("name was read"); } }, () => env.SELF.fail().catch((e) => [e.constructor === RangeError, e.message])),
  "RegExp.prototype and Date.prototype": async ({ env }) => await broken(RegExp.prototype, "exec", "toString")(() => broken(Date.prototype, "getTime", "valueOf", "toISOString")(async () => {
    const v = await env.SELF.echo([/a/g, new Date(5)]);
    return [v[0] instanceof RegExp, v[1] instanceof Date];
  })),
  "Array.prototype": async ({ env }) => await broken(Array.prototype, Symbol.iterator, "push", "shift", "map", "slice", "splice", "includes", "forEach", "values", "concat")(() => tour(env)),
  "the iterators of arrays, maps and sets": async ({ env }) => await broken(iteratorOf([]), "next")(() => broken(iteratorOf(new Map()), "next")(() => broken(iteratorOf(new Set()), "next")(() => tour(env)))),
  "Map.prototype and Set.prototype": async ({ env }) => await broken(Map.prototype, "get", "set", "has", "delete", "forEach", "entries", Symbol.iterator)(() => broken(Set.prototype, "add", "has", "delete", "forEach", "values", Symbol.iterator)(() => tour(env))),
  "Promise.prototype": async ({ env }) => await broken(Promise.prototype, "then", "catch", "finally")(() => tour(env)),
  "then() of a call's result": async ({ env }) => await broken(Promise.prototype, "then")(async () => {
    let got;
    env.SELF.echo(5).then((v) => (got = v));
    await env.SELF.echo(6);
    return got;
  }),
  "catch() of a call's result": async ({ env }) => await broken(Promise.prototype, "then", "catch")(async () => {
    let got;
    env.SELF.fail().catch((e) => (got = e.message));
    await env.SELF.echo(6);
    return got;
  }),
  "finally() of a call's result": async ({ env }) => await broken(Promise.prototype, "finally")(async () => {
    env.SELF.echo(5).finally(() => {});
    return await env.SELF.echo(6);
  }),
  "the prototypes of bytes": async ({ env }) => await broken(Object.getPrototypeOf(Uint8Array.prototype), "set", "subarray", "slice")(() => changed(Object.getPrototypeOf(Uint8Array.prototype), "length", { get() { throw new Error("length was read"); } }, async () => (await env.SELF.echo(VALUE)).b[0])),
  "constructors without species": async ({ env }) => await changed(Array.prototype, "constructor", { get() { throw new Error("constructor was read"); } }, () => changed(Uint8Array.prototype, "constructor", { get() { throw new Error("constructor was read"); } }, () => tour(env))),
  "no globals": async ({ env }) => await missing(["Array", "ArrayBuffer", "BigInt", "DataView", "Date", "Error", "Function", "JSON", "Map", "Math", "Number", "Object", "Promise", "Proxy", "RangeError", "Reflect", "RegExp", "Set", "String", "Symbol", "TypeError", "Uint8Array", "WeakMap", "WeakRef"], () => tour(env)),
  "other globals": async ({ env }) => await changed(globalThis, "TypeError", { value: class extends Error {} }, async () => await env.SELF.echo(new WeakMap()).catch((e) => e.name)),
  "no interfaces": async ({ env }) => await missing(["AbortSignal", "Blob", "DOMException", "Event", "Headers", "ReadableStream", "Request", "Response", "URL", "WritableStream"], async () => [await tour(env), await env.SELF.nothing().catch((e) => e.message)]),
  "a target whose prototype is a proxy": async ({ env }) => {
    const asked = [];
    const prototype = new Proxy(RpcTarget.prototype, { get: (o, name, self) => (asked.push(String(name)), name === "x" ? () => "x of the proxy" : Reflect.get(o, name, self)) });
    const target = Object.create(prototype);
    return await env.SELF.call((t) => t, 1).then(() => env.SELF.echo(new Proxy(new Target(), { getPrototypeOf: () => prototype }))).then((s) => s.x?.()).catch((e) => e.message);
  },
  "a getter that changes what is sent": async ({ env }) => {
    const o = { get a() { this.c = 3; delete this.b; return 1; }, b: 2 };
    return await env.SELF.echo(o);
  },
  "a getter that lengthens a list": async ({ env }) => {
    const list = [0, 1];
    Object.defineProperty(list, 0, { enumerable: true, get: () => (list.push(5), "got") });
    return await env.SELF.echo(list);
  },
  "a getter that shortens a list": async ({ env }) => {
    const list = [0, 1, 2];
    Object.defineProperty(list, 0, { enumerable: true, get: () => ((list.length = 1), "got") });
    return await env.SELF.echo(list);
  },
  "a getter that calls": async ({ env }) => {
    let inner;
    const result = await env.SELF.echo({ get a() { inner = env.SELF.echo("inner"); return "outer"; } });
    return [result.a, await inner];
  },
  "a Map that grows": async ({ env }) => {
    const m = new Map();
    m.set("a", { get x() { m.set("b", 1); return 1; } });
    return [(await env.SELF.echo(m)).size, m.size];
  },
  "a getter that detaches": async ({ env }) => {
    const buffer = new ArrayBuffer(8);
    return await env.SELF.echo({ get a() { buffer.transfer(); return 1; }, buffer }).catch((e) => e.name);
  },
  "everything still works": async ({ env }) => await tour(env),
});
