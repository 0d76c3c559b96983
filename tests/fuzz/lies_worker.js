// lies_worker.js: the Worker that rpc_lies.c speaks to by hand: as the caller of Main, and as the Worker that SELF is.
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";

class Counter extends RpcTarget {
  value = 0;
  next(n = 1) {
    return (this.value += n);
  }
}
class Base extends RpcTarget {
  inherited() {
    return "inherited";
  }
}
class Derived extends Base {
  own() {
    return "own";
  }
}

export class Main extends WorkerEntrypoint {
  #kept = null;
  add(a, b) {
    return a + b;
  }
  echo(value) {
    return value;
  }
  kind(value) {
    return `${Object.prototype.toString.call(value)} ${Reflect.ownKeys(Object(value)).map(String)}`;
  }
  none() {}
  counter() {
    return new Counter();
  }
  derived() {
    return new Derived();
  }
  plain() {
    return { f: () => "f", n: 1 };
  }
  proxied() {
    return new Proxy({ f: () => "f", n: 1 }, {});
  }
  proxiedTarget() {
    return new Proxy(new Derived(), {});
  }
  function() {
    return Object.assign(() => "called", { member: 1 });
  }
  call(f, ...args) {
    return f(...args);
  }
  keep(stub) {
    this.#kept = stub.dup();
  }
  never() {
    return new Promise(() => {});
  }
  async read(stream) {
    return (await new Response(stream).bytes()).length;
  }
  untouched() {
    return Reflect.ownKeys(Object.prototype).length + ({}.polluted ?? 0);
  }
}

const scenes = {
  add: (S) => S.add(1, 2),
  counter: async (S) => (await S.counter()).next(),
  pipelined: (S) => S.counter().next(),
  give: (S) => S.call(() => "mine"),
  two: async (S) => {
    const counter = await S.counter();
    return Promise.all([counter.next(), counter.next()]);
  },
  read: (S) => S.read(new Blob(["some bytes"]).stream()),
};
const told = (value) => (typeof value === "object" || typeof value === "function" ? Object.prototype.toString.call(value) : `${value}`);

export default {
  async fetch(request, env) {
    const scene = scenes[new URL(request.url).pathname.slice(1)];
    const first = await scene(env.SELF).then(told, (e) => `${e?.name}: ${e?.message}`);
    const { polluted } = {};
    return new Response(polluted === undefined ? first : "polluted");
  },
};
