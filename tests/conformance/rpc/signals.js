// services: SELF=self#Main
// flags: enable_abortsignal_rpc
// Workers RPC: AbortSignal as argument and result.
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

const log = [];
const text = (r) => (r instanceof Error || r instanceof DOMException ? `${r.constructor.name} ${r.name}: ${r.message}` : r);
class Controlled extends RpcTarget {
  controller = new AbortController();
  signal() {
    return this.controller.signal;
  }
  abort(reason) {
    this.controller.abort(reason);
  }
}

export class Main extends WorkerEntrypoint {
  state(signal) {
    return [signal.constructor.name, signal.aborted, text(signal.reason)];
  }
  async waitFor(signal) {
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    return [signal.aborted, text(signal.reason), signal.reason?.constructor?.name];
  }
  async waitHandler(signal) {
    return await new Promise((resolve) => {
      signal.onabort = (event) => resolve([event.type, event.target === signal, event.isTrusted]);
    });
  }
  async waitTwo(a, b) {
    const same = a === b;
    await Promise.all([a, b].map((s) => new Promise((resolve) => s.addEventListener("abort", resolve))));
    return [same, a.aborted, b.aborted];
  }
  async fetchNever(signal) {
    return await scheduler.wait(100000, { signal });
  }
  async any(signal) {
    const s = AbortSignal.any([signal, new AbortController().signal]);
    await new Promise((resolve) => s.addEventListener("abort", resolve));
    return text(s.reason);
  }
  async throwIfAborted(signal) {
    await scheduler.wait(20);
    signal.throwIfAborted();
    return "not aborted";
  }
  async poll(signal) {
    let n = 0;
    while (!signal.aborted && n++ < 1000) await scheduler.wait(1);
    return signal.aborted;
  }
  note(signal) {
    signal.addEventListener("abort", () => log.push(`aborted: ${text(signal.reason)}`));
    this.ctx.waitUntil(scheduler.wait(60));
    return "noted";
  }
  async options({ signal, value }) {
    await scheduler.wait(10);
    return [signal.aborted, value];
  }
  echo(signal) {
    return signal;
  }
  aborted(reason) {
    return AbortSignal.abort(reason);
  }
  timeout() {
    return AbortSignal.timeout(20);
  }
  controlled() {
    return new Controlled();
  }
  later() {
    const controller = new AbortController();
    this.ctx.waitUntil(scheduler.wait(20).then(() => controller.abort(new RangeError("there"))));
    return controller.signal;
  }
  never() {
    return AbortSignal.timeout(1000000);
  }
  fresh() {
    return new AbortController().signal;
  }
  request(request) {
    return [request.signal.constructor.name, request.signal.aborted];
  }
  async requestWait(request) {
    await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
    return text(request.signal.reason);
  }
  takeLog() {
    return log.splice(0);
  }
}
const soon = (reason) => {
  const controller = new AbortController();
  scheduler.wait(10).then(() => controller.abort(reason));
  return controller.signal;
};
async function end(signal) {
  if (!signal.aborted) await Promise.race([new Promise((resolve) => signal.addEventListener("abort", resolve)), scheduler.wait(200)]);
  return [signal.aborted, text(signal.reason)];
}

export default checks([
  async ({ env }) => await env.SELF.state(new AbortController().signal),
  async ({ env }) => await env.SELF.state(AbortSignal.abort()),
  async ({ env }) => await env.SELF.state(AbortSignal.abort("text")),
  async ({ env }) => await env.SELF.state(AbortSignal.abort(new RangeError("mine"))),
  async ({ env }) => await env.SELF.state(AbortSignal.abort({ a: 1 })),
  async ({ env }) => await env.SELF.state(AbortSignal.abort(null)),
  async ({ env }) => await env.SELF.state(AbortSignal.abort(Symbol("s"))),
  async ({ env }) => await env.SELF.state(AbortSignal.abort(() => 1)),
  async ({ env }) => await env.SELF.waitFor(soon()),
  async ({ env }) => await env.SELF.waitFor(soon("text")),
  async ({ env }) => await env.SELF.waitFor(soon(new RangeError("mine"))),
  async ({ env }) => await env.SELF.waitFor(soon(Object.assign(new TypeError("mine"), { code: 5 }))),
  async ({ env }) => await env.SELF.waitFor(soon(new DOMException("d", "DataError"))),
  async ({ env }) => await env.SELF.waitFor(AbortSignal.timeout(10)),
  async ({ env }) => await env.SELF.waitFor(AbortSignal.any([soon("any")])),
  async ({ env }) => await env.SELF.waitHandler(soon()),
  async ({ env }) => { const s = soon(); return await env.SELF.waitTwo(s, s); },
  async ({ env }) => await env.SELF.fetchNever(soon()),
  async ({ env }) => await env.SELF.fetchNever(soon(new RangeError("mine"))),
  async ({ env }) => await env.SELF.any(soon("through any")),
  async ({ env }) => await env.SELF.throwIfAborted(soon(new RangeError("thrown"))),
  async ({ env }) => await env.SELF.throwIfAborted(new AbortController().signal),
  async ({ env }) => await env.SELF.poll(soon()),
  async ({ env }) => await env.SELF.options({ signal: new AbortController().signal, value: 1 }),
  async ({ env }) => { const s = new AbortController(); const p = env.SELF.state(s.signal); s.abort(); return await p; },
  async ({ env }) => { const s = new AbortController(); await env.SELF.state(s.signal); s.abort(); return s.signal.aborted; },
  async ({ env }) => { const s = new AbortController(); await env.SELF.note(s.signal); s.abort("after"); await scheduler.wait(40); return await env.SELF.takeLog(); },
  async ({ env }) => { const s = await env.SELF.echo(soon("echo")); return [s.constructor.name, await end(s)]; },
  async ({ env }) => { const s = await env.SELF.aborted("reason"); return [s.constructor.name, s.aborted, s.reason, s instanceof AbortSignal]; },
  async ({ env }) => { const s = await env.SELF.aborted(); return [s.aborted, text(s.reason)]; },
  async ({ env }) => await end(await env.SELF.timeout()),
  async ({ env }) => await end(await env.SELF.later()),
  async ({ env }) => { using c = await env.SELF.controlled(); const s = await c.signal(); const before = s.aborted; await c.abort("controlled"); return [before, await end(s)]; },
  async ({ env }) => { using c = await env.SELF.controlled(); const [a, b] = await Promise.all([c.signal(), c.signal()]); await c.abort("both"); return [a === b, await end(a), await end(b)]; },
  async ({ env }) => { const s = await env.SELF.fresh(); return [s.aborted, await end(s)]; },
  async ({ env }) => { const s = await env.SELF.fresh(); await scheduler.wait(20); return await env.SELF.state(s); },
  async ({ env }) => await env.SELF.request(new Request("http://a/", { signal: new AbortController().signal })),
  async ({ env }) => await env.SELF.request(new Request("http://a/", { signal: AbortSignal.abort() })),
  async ({ env }) => await env.SELF.requestWait(new Request("http://a/", { signal: soon(new RangeError("of a request")) })),
]);
