// services: SELF=self#Main
// Workers RPC: values that cannot be sent, as arguments and as results; the call rejects, nothing is thrown at once.
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

class Plain {
  a = 1;
}
class Derived extends Plain {}
const anonymous = (() => class {})();
class List extends Array {}
class Dict extends Map {}
class Bytes extends Uint8Array {}
class When extends Date {}
class Mine extends Error {}
class Later extends Promise {}

const unsendable = {
  instance: () => new Plain(),
  derived: () => new Derived(),
  anonymous: () => new anonymous(),
  nullPrototype: () => Object.create(null),
  nullPrototypeDeep: () => Object.create(Object.create(null)),
  objectCreate: () => Object.create({ a: 1 }),
  objectWithConstructor: () => Object.create({ constructor: { name: "Fake" } }),
  objectWithGetter: () => Object.create({ get constructor() { throw new Error("got"); } }),
  renamed: () => Object.setPrototypeOf({}, class Renamed { static name = 5; }.prototype),
  symbol: () => Symbol("s"),
  wellKnown: () => Symbol.iterator,
  boxedSymbol: () => Object(Symbol("s")),
  weakMap: () => new WeakMap(),
  weakSet: () => new WeakSet(),
  weakRef: () => new WeakRef({}),
  generator: () => (function* () {})(),
  generatorFunction: () => function* g() {},
  iterator: () => [][Symbol.iterator](),
  list: () => new List(1, 2),
  dict: () => new Dict([[1, 2]]),
  bytes: () => new Bytes(2),
  when: () => new When(5),
  mine: () => new Mine("m"),
  later: () => new Later((f) => f(1)),
  nestedInstance: () => ({ a: [new Plain()] }),
  nestedInMap: () => new Map([["k", new Plain()]]),
  nestedSymbol: () => ({ a: Symbol("s") }),
  nestedPromise: () => ({ a: Promise.resolve(1) }),
  module: () => import("./refused.js"),
  json: () => JSON,
  reflect: () => Reflect,
  intl: () => Intl,
  collator: () => new Intl.NumberFormat("en"),
  event: () => new Event("x"),
  eventTarget: () => new EventTarget(),
  url: () => new URL("http://a/"),
  params: () => new URLSearchParams("a=b"),
  formData: () => new FormData(),
  encoder: () => new TextEncoder(),
  pattern: () => new URLPattern({ pathname: "/a" }),
  controller: () => new AbortController(),
  channel: () => new MessageChannel().port1,
  pair: () => Object.keys(new WebSocketPair()).length,
  socket: () => new WebSocketPair()[0],
  transform: () => new TransformStream(),
  identity: () => new IdentityTransformStream(),
  reader: () => new ReadableStream().getReader(),
  rpcTargetPrototype: () => RpcTarget.prototype,
  entrypointInstance: (t) => t.instance,
  ctx: (t) => t.ctx,
  env: (t) => t.env,
  exports: (t) => t.ctx.exports,
};

export class Main extends WorkerEntrypoint {
  kind(value) {
    return Object.prototype.toString.call(value);
  }
  give(name) {
    return unsendable[name]({ env: this.env, ctx: this.ctx, instance: this });
  }
  async giveLater(name) {
    await null;
    return unsendable[name]({ env: this.env, ctx: this.ctx, instance: this });
  }
}

const list = {};
for (const [name, make] of Object.entries(unsendable)) {
  list[`argument: ${name}`] = async (t) => await t.env.SELF.kind(make(t));
  list[`result: ${name}`] = async (t) => {
    const value = await t.env.SELF.give(name);
    return value?.constructor?.name ?? value;
  };
}

export default checks({
  ...list,
  "result of an async method": async ({ env }) => await env.SELF.giveLater("instance"),
  "nothing is thrown at once": ({ env }) => {
    const promise = env.SELF.kind(new Plain());
    promise.catch(() => {});
    return promise.constructor.name;
  },
  "the name of a promise among the arguments": async ({ env }) => await env.SELF.kind({ p: env.SELF.kind(1) }),
  "a property among the arguments": async ({ env }) => await env.SELF.kind({ p: env.SELF.kind }),
  "a CryptoKey": async ({ env }) => await env.SELF.kind(await crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt"])),
  "a Response with a WebSocket": async ({ env }) => await env.SELF.kind(new Response(null, { status: 101, webSocket: new WebSocketPair()[0] })),
  "in a list": async ({ env }) => await env.SELF.kind([env.SELF.kind(1)]),
  "class of the error": async ({ env }) => {
    const e = await env.SELF.kind(new Plain()).catch((e) => e);
    return [e instanceof DOMException, e instanceof Error, e.name, e.code];
  },
  "class of the error of a result": async ({ env }) => {
    const e = await env.SELF.give("instance").catch((e) => e);
    return [e instanceof DOMException, e instanceof Error, e.name, e.code, e.remote];
  },
  "pipelined on a result that cannot be sent": async ({ env }) => await env.SELF.give("instance").a,
  "called on a result that cannot be sent": async ({ env }) => await env.SELF.give("nestedInstance").a(),
  "the first of two that cannot be sent is named": async ({ env }) => await env.SELF.kind({ a: new Plain(), b: new Derived() }),
  "earlier members are read first": async ({ env }) => {
    const order = [];
    const get = (name) => ({ enumerable: true, get: () => (order.push(name), 1) });
    const value = Object.defineProperties({}, { a: get("a"), b: { enumerable: true, get: () => new Plain() }, c: get("c") });
    await env.SELF.kind(value).catch(() => {});
    return order;
  },
  "later calls still work": async ({ env }) => await env.SELF.kind(1),
});
