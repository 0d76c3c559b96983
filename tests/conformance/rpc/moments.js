// services: SELF=self#Main, PEER=peer#Main
// Workers RPC: when things happen: disposers beside answers, the end of callers, signals whose sender is gone.
// flags: enable_abortsignal_rpc
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

const log = [];
class Resource extends RpcTarget {
  constructor(name, log) {
    super();
    this.name = name;
    this.log = log;
  }
  use() {
    this.log.push(`used ${this.name}`);
  }
  [Symbol.dispose]() {
    this.log.push(`disposed ${this.name}`);
  }
}
class Host extends RpcTarget {
  lines = [];
  constructor(ctx) {
    super();
    this.ctx = ctx;
  }
  resource(name) {
    return new Resource(name, this.lines);
  }
  note(text) {
    this.lines.push(text);
  }
  all() {
    return this.lines.splice(0);
  }
  async use(stub) {
    await stub.use();
  }
  async useDuring(stub, ms) {
    await stub.use();
    await scheduler.wait(ms);
  }
  async noteLater(text, ms) {
    await scheduler.wait(ms);
    this.lines.push(text);
  }
}
export class Main extends WorkerEntrypoint {
  host() {
    return new Host(this.ctx);
  }
  async slow(ms) {
    await scheduler.wait(ms);
    log.push("slow is over");
    return "slow";
  }
  slowWaiting(ms) {
    this.ctx.waitUntil(scheduler.wait(ms).then(() => log.push("waited")));
    return scheduler.wait(ms).then(() => "slow");
  }
  all() {
    return log.splice(0);
  }
  // Calls the host and ends without waiting.
  leave(host, method, ...args) {
    host[method](...args);
    return "left";
  }
  async leaveSoon(host, method, ...args) {
    host[method](...args);
    await scheduler.wait(20);
    return "left";
  }
  async leaveService() {
    this.env.SELF.slow(30);
    await scheduler.wait(10);
    return "left";
  }
  async leaveServiceWaiting() {
    this.env.SELF.slowWaiting(30);
    await scheduler.wait(10);
    return "left";
  }
  async leaveSignal(host) {
    const controller = new AbortController();
    await host.signal(controller.signal);
    return "left";
  }
  async abortSignal(host) {
    const controller = new AbortController();
    await host.signal(controller.signal);
    this.ctx.abort(new RangeError("aborted"));
  }
  async leaveStream(service) {
    await service.pull(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(1)) }));
    return "left";
  }
  async abortStream(service) {
    await service.pull(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(1)) }));
    this.ctx.abort(new RangeError("aborted"));
  }
  async fail(host) {
    host.noteLater("noted all the same", 20);
    throw new Error("failed");
  }
  // What is sent here is used after the call.
  signal(signal) {
    signal.addEventListener("abort", () => log.push(`${signal.reason?.name}: ${signal.reason?.message}`));
    this.ctx.waitUntil(scheduler.wait(60));
  }
  pull(stream) {
    const reader = stream.getReader();
    this.ctx.waitUntil(scheduler.wait(60));
    this.ctx.waitUntil(reader.read().then(() => reader.read()).then((r) => log.push(`read ${r.done}`), (e) => log.push(`${e.name}: ${e.message}`)));
  }
}
async function logOf(host, n) {
  const lines = [];
  for (let i = 0; i < (n ? 200 : 1) && (!n || lines.length < n); i++) {
    await scheduler.wait(n ? 5 : 80);
    lines.push(...(await host.all()));
  }
  return lines;
}

const list = {
  "a disposed stub's disposer beside later calls": async (host) => {
    const r = await host.resource("r");
    host.note(1);
    r[Symbol.dispose]();
    await host.note(2);
    return (await logOf(host, 3)).sort();
  },
  "an argument's disposer runs after the call": async (host) => {
    const mine = [];
    await host.use(new Resource("argument", mine));
    const first = mine[0];
    await scheduler.wait(20);
    return [first, mine];
  },
  "an argument's disposer does not run before the method returned": async (host) => {
    const mine = [];
    const p = host.useDuring(new Resource("argument", mine), 30);
    await scheduler.wait(15);
    const during = [...mine];
    await p;
    await scheduler.wait(20);
    return [during, mine];
  },
  "dispose() returns nothing": async (host) => (await host.resource("r"))[Symbol.dispose](),
  "dispose() is not synchronous": async (host) => {
    const mine = [];
    const { RpcStub } = await import("cloudflare:workers");
    const s = new RpcStub(new Resource("mine", mine));
    s[Symbol.dispose]();
    const at = [mine.length];
    await null;
    at.push(mine.length);
    await scheduler.wait(10);
    return [...at, mine];
  },
  "disposers run in the order of dispose()": async (host) => {
    const stubs = await Promise.all(["a", "b", "c", "d"].map((name) => host.resource(name)));
    for (const i of [2, 0, 3, 1]) stubs[i][Symbol.dispose]();
    return (await logOf(host, 4)).length;
  },
  "a stub's call whose caller ended": async (host, env) => [await env.PEER.leaveSoon(host, "noteLater", "noted", 40), await logOf(host, 0)],
  "a call that was sent is carried out": async (host, env) => [await env.PEER.leaveSoon(host, "note", "noted"), await logOf(host, 1)],
  "a service's call whose caller ended": async (host, env) => [await env.PEER.leaveService(), await logOf(env.SELF, 0)],
  "a service's call whose caller ended, waitUntil": async (host, env) => [await env.PEER.leaveServiceWaiting(), await logOf(env.SELF, 0)],
  "a call by a method that fails": async (host, env) => [await env.PEER.fail(host).catch((e) => e.message), await logOf(host, 0)],
  "a signal whose sender ended": async (host, env) => [await env.PEER.leaveSignal(env.SELF), await logOf(env.SELF, 0)],
  "a signal whose sender aborted": async (host, env) => [await env.PEER.abortSignal(env.SELF).catch((e) => e.message), await logOf(env.SELF, 0)],
  "a stream whose sender ended": async (host, env) => [await env.PEER.leaveStream(env.SELF), await logOf(env.SELF, 0)],
  "a stream whose sender aborted": async (host, env) => [await env.PEER.abortStream(env.SELF).catch((e) => e.message), await logOf(env.SELF, 0)],
};
for (const [name, check] of Object.entries(list)) {
  list[name] = async ({ env }) => {
    using host = await env.SELF.host();
    return await check(host, env);
  };
}
export default checks(list);
