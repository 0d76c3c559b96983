// rpc_worker.js: the Worker whose calls to itself rpc_guest.c changes on their way: every kind of value, stubs both ways,
// pipelining, disposal, errors, several calls at once, streams and signals.
import { RpcStub, RpcTarget, WorkerEntrypoint } from "cloudflare:workers";

class Counter extends RpcTarget {
  value = 0;
  next(n = 1) {
    return (this.value += n);
  }
  get current() {
    return this.value;
  }
  another() {
    return new Counter();
  }
  async later() {
    await scheduler.wait(5);
    return this;
  }
  [Symbol.dispose]() {}
}

export class Main extends WorkerEntrypoint {
  add(a, b) {
    return a + b;
  }
  echo(...values) {
    return values;
  }
  counter() {
    return new Counter();
  }
  several() {
    return { a: new Counter(), list: [new Counter(), () => 1], map: new Map([["f", () => 2]]), [Symbol.dispose]() {} };
  }
  async call(f, ...args) {
    return await f(...args);
  }
  async keep(stub) {
    const copy = stub.dup();
    this.ctx.waitUntil(scheduler.wait(3).then(() => copy.next()).catch(() => {}).then(() => copy[Symbol.dispose]()));
  }
  fail() {
    throw Object.assign(new RangeError("failed", { cause: new Error("cause") }), { code: 5 });
  }
  never() {
    return new Promise(() => {});
  }
  through() {
    return this.env.SELF.counter();
  }
  async read(stream) {
    return (await new Response(stream).bytes()).length;
  }
  readable() {
    return ReadableStream.from([new Uint8Array(3000), new Uint8Array(1)]);
  }
  async write(stream) {
    const writer = stream.getWriter();
    await writer.write(new Uint8Array(100));
    await writer.close();
  }
  signal(signal) {
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));
  }
}

const bytes = (n) => new Blob([new Uint8Array(n)]).stream();

async function streams(S) {
  const left = S.readable();
  await Promise.allSettled([S.read(bytes(70000)), S.readable().then((r) => new Response(r).bytes()),
    S.write(new WritableStream({ write() {} })), S.write(new WritableStream({ write() { throw new Error("full"); } })),
    left.then((r) => r.cancel("enough"))]);
  const abort = new AbortController();
  const answers = Promise.allSettled([S.signal(abort.signal), S.echo(AbortSignal.abort("early")),
    S.echo(new Request("http://a/", { method: "POST", body: bytes(5000), signal: abort.signal }), new Response("text"))]);
  await scheduler.wait(1);
  abort.abort({ reason: 5 });
  await answers;
}

const cyclic = {};
cyclic.self = [cyclic];
const VALUES = [1, -0, 1.5, "text", "\u20ac", 2n ** 80n, null, undefined, true, new Date(0), /a/gi, new Error("e"), cyclic,
  new Map([[1, { a: 2 }]]), new Set(["x"]), new Uint8Array(300), new DataView(new ArrayBuffer(9), 1), [1, , 3],
  new Headers({ a: "b" }), Object(5)];

async function work(env) {
  const S = env.SELF;
  await Promise.allSettled([S.add(1, 2), S.echo(...VALUES), S.absent.x.y(), S.fail(), S.counter().another().next(3)]);
  await Promise.allSettled([S.call((a, f) => f(a), 5, (x) => x * 2), S.keep(new Counter()), S.through().next(4), S.never()]);
  const several = await S.several();
  await Promise.allSettled([several.a.next(), several.list[1](), several.map.get("f")(), several.a.later()]);
  several[Symbol.dispose]();
  const counter = await S.counter();
  const copy = counter.dup();
  counter[Symbol.dispose]();
  await Promise.allSettled([copy.next(), copy.current, S.echo(copy, copy), S.call(copy.another), copy.later().later().next()]);
  const local = new RpcStub(new Counter());
  await Promise.allSettled([local.next(), S.echo({ local }), local.later().next(2)]);
  const calls = [];
  for (let i = 0; i < 40; i++) calls.push(S.add(i, "x".repeat(i * 50)));
  await Promise.allSettled(calls);
}

export default {
  async fetch(request, env) {
    for (let i = 0; i < 3; i++) {
      await work(env).catch(() => {});
      await streams(env.SELF).catch(() => {});
    }
    return new Response("done");
  },
};
