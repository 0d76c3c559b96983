// services: SELF=self#Main, PEER=peer#Main
// Workers RPC: the life of the contexts that calls run in: what holds them, what ends them, use from another request.
import { RpcStub, RpcTarget, WorkerEntrypoint, waitUntil } from "cloudflare:workers";
import { checks } from "../checks.js";

const log = [];
let kept;
let keptPromise;
let globalWaitUntil;
try {
  waitUntil(Promise.resolve());
  globalWaitUntil = "allowed";
} catch (e) {
  globalWaitUntil = `${e.name}: ${e.message.slice(0, 60)}`;
}
class Resource extends RpcTarget {
  constructor(name, ctx) {
    super();
    this.name = name;
    this.ctx = ctx;
  }
  use() {
    return `used ${this.name}`;
  }
  async slow() {
    await scheduler.wait(30);
    return `slow ${this.name}`;
  }
  never() {
    return new Promise(() => {});
  }
  abort(text) {
    this.ctx.abort(new RangeError(text));
    return "aborted";
  }
  wait() {
    this.ctx.waitUntil(scheduler.wait(30).then(() => log.push(`waited in ${this.name}`)));
  }
}
class Disposable extends Resource {
  [Symbol.dispose]() {
    log.push(`disposed ${this.name}`);
  }
}

export class Main extends WorkerEntrypoint {
  made = 0;
  resource(name) {
    return new Resource(name, this.ctx);
  }
  disposable(name) {
    return new Disposable(name, this.ctx);
  }
  disposableHeld(name) {
    this.ctx.waitUntil(scheduler.wait(100));
    return new Disposable(name, this.ctx);
  }
  withDisposer() {
    return { value: 1, [Symbol.dispose]: () => log.push("disposed the result") };
  }
  object() {
    return { value: 1, f: () => 1 };
  }
  count() {
    return ++this.made;
  }
  counter() {
    return () => ++this.made;
  }
  keep(stub) {
    kept = stub.dup();
  }
  keepRaw(stub) {
    kept = stub;
  }
  keepOwn() {
    kept = new RpcStub(new Resource("kept"));
  }
  keepTarget() {
    kept = new Resource("kept target");
  }
  giveKept() {
    return kept;
  }
  async useKept() {
    return await kept.use();
  }
  useKeptNow() {
    const p = kept.use();
    return p.constructor.name;
  }
  dupKept() {
    return kept.dup().constructor.name;
  }
  disposeKept() {
    kept[Symbol.dispose]();
  }
  keepPromise() {
    keptPromise = this.env.SELF.resource("promised");
  }
  async callPromise() {
    return await keptPromise.use();
  }
  keepService() {
    kept = this.env.SELF;
  }
  async useService() {
    return await kept.count();
  }
  async keepResult() {
    kept = await this.env.SELF.object();
  }
  disposeResult() {
    kept[Symbol.dispose]();
    return kept.value;
  }
  note(text) {
    log.push(text);
  }
  takeLog() {
    return log.splice(0);
  }
  timer() {
    setTimeout(() => log.push("timer ran"), 10);
    return "plain";
  }
  timerHeld() {
    setTimeout(() => log.push("timer ran"), 10);
    return () => 1;
  }
  timerWaited() {
    this.ctx.waitUntil(scheduler.wait(30));
    setTimeout(() => log.push("timer ran"), 10);
    return "plain";
  }
  timerWaitedGlobal() {
    waitUntil(scheduler.wait(30));
    setTimeout(() => log.push("timer ran"), 10);
    return "plain";
  }
  timerDisposer() {
    setTimeout(() => log.push("timer ran"), 10);
    return { [Symbol.dispose]() {} };
  }
  timerArgument(f, dup) {
    if (dup) kept = f.dup();
    setTimeout(() => log.push("timer ran"), 10);
    return "plain";
  }
  timerArgumentDisposed(f) {
    f.dup()[Symbol.dispose]();
    setTimeout(() => log.push("timer ran"), 10);
    return "plain";
  }
  timerArgumentDisposedLater(f) {
    const d = f.dup();
    setTimeout(() => (log.push("first timer ran"), d[Symbol.dispose]()), 10);
    setTimeout(() => log.push("second timer ran"), 30);
    return "plain";
  }
  timerStream() {
    setTimeout(() => log.push("timer ran"), 10);
    return new ReadableStream({ pull: (c) => scheduler.wait(40).then(() => c.close()) });
  }
  microtask() {
    Promise.resolve().then(() => log.push("microtask ran"));
    return "plain";
  }
  fireAndForget() {
    this.env.SELF.note("fired");
    return "plain";
  }
  fireSlowly() {
    scheduler.wait(10).then(() => this.env.SELF.note("fired slowly"));
    return "plain";
  }
  waitUntilRejects() {
    this.ctx.waitUntil(Promise.reject(new Error("rejected")));
    return "plain";
  }
  waitUntilReturns() {
    return typeof this.ctx.waitUntil(Promise.resolve());
  }
  waitUntilValue() {
    this.ctx.waitUntil(5);
    return "taken";
  }
  globalWaitUntil() {
    return globalWaitUntil;
  }
  never() {
    return new Promise(() => {});
  }
  neverHeld() {
    setTimeout(() => {}, 1000000);
    return new Promise(() => {});
  }
  async neverSlowly() {
    await scheduler.wait(10);
    await new Promise(() => {});
  }
  async neverInside() {
    return await this.env.PEER.never();
  }
  async callbackNever(f) {
    return await f();
  }
  abort(text) {
    this.ctx.abort(new RangeError(text));
    return "after";
  }
  abortValue(value) {
    this.ctx.abort(value);
    return "after";
  }
  abortNothing() {
    this.ctx.abort();
    return "after";
  }
  async abortLater() {
    scheduler.wait(10).then(() => this.ctx.abort(new RangeError("later")));
    await scheduler.wait(1000);
    return "after";
  }
  async abortWhileCalled(f) {
    scheduler.wait(10).then(() => this.ctx.abort(new RangeError("while called")));
    return await f();
  }
  abortWaiting() {
    this.ctx.waitUntil(scheduler.wait(20).then(() => log.push("waited")));
    this.ctx.abort(new RangeError("waiting"));
  }
  giveCallback(f) {
    const d = f.dup();
    this.ctx.waitUntil(scheduler.wait(60).then(() => d()).then((v) => log.push(`callback: ${v}`), (e) => log.push(`callback: ${e.name}: ${e.message}`)));
  }
  // Gives a function of this context to SELF, and ends.
  async leaveCallback() {
    await this.env.SELF.giveCallback(() => "called");
    return "left";
  }
  async leaveCallbackWaiting() {
    await this.env.SELF.giveCallback(() => "called");
    this.ctx.waitUntil(scheduler.wait(120));
    return "left";
  }
}

async function logOf(env, n) {
  const lines = [];
  for (let i = 0; i < (n ? 200 : 1) && (!n || lines.length < n); i++) {
    await scheduler.wait(n ? 5 : 60);
    lines.push(...(await env.SELF.takeLog()));
  }
  return lines;
}
const short = (e) => (e instanceof Error ? `${e.name}: ${e.message.replace(/reference = .*/, "reference = ...")}` : e);

export default checks({
  "each call has a context of its own": async ({ env }) => [await env.SELF.count(), await env.SELF.count()],
  "a function keeps its context": async ({ env }) => {
    using f = await env.SELF.counter();
    return [await f(), await f(), await env.SELF.count()];
  },
  "the last stub of a context": async ({ env }) => {
    (await env.SELF.disposable("last"))[Symbol.dispose]();
    return await logOf(env, 0);
  },
  "the last stub of a context that waits": async ({ env }) => {
    (await env.SELF.disposableHeld("last"))[Symbol.dispose]();
    return await logOf(env, 1);
  },
  "the last disposer of a context": async ({ env }) => {
    (await env.SELF.withDisposer())[Symbol.dispose]();
    return await logOf(env, 0);
  },
  "a timer after a plain result": async ({ env }) => [await env.SELF.timer(), await logOf(env, 0)],
  "a timer after a result with a stub": async ({ env }) => {
    const f = await env.SELF.timerHeld();
    const lines = await logOf(env, 1);
    f[Symbol.dispose]();
    return lines;
  },
  "a timer after the stub was disposed": async ({ env }) => {
    (await env.SELF.timerHeld())[Symbol.dispose]();
    return await logOf(env, 0);
  },
  "a timer while waitUntil waits": async ({ env }) => [await env.SELF.timerWaited(), await logOf(env, 1)],
  "a timer while the module's waitUntil waits": async ({ env }) => [await env.SELF.timerWaitedGlobal(), await logOf(env, 1)],
  "a timer after a result with a disposer": async ({ env }) => {
    const o = await env.SELF.timerDisposer();
    const lines = await logOf(env, 1);
    o[Symbol.dispose]();
    return lines;
  },
  "a timer after a call with a stub among its arguments": async ({ env }) => [await env.SELF.timerArgument(() => 1), await logOf(env, 0)],
  "a timer while a copy of an argument is held": async ({ env }) => [await env.SELF.timerArgument(() => 1, true), await logOf(env, 0)],
  "a timer after a copy of an argument was disposed": async ({ env }) => [await env.SELF.timerArgumentDisposed(() => 1), await logOf(env, 0)],
  "a timer after a copy of an argument was disposed, later": async ({ env }) => [await env.SELF.timerArgumentDisposedLater(() => 1), await logOf(env, 0)],
  "a timer while a stream is read": async ({ env }) => {
    const stream = await env.SELF.timerStream();
    const text = await new Response(stream).text();
    return [text, await logOf(env, 1)];
  },
  "a microtask after a plain result": async ({ env }) => [await env.SELF.microtask(), await logOf(env, 1)],
  "a call that is not awaited": async ({ env }) => [await env.PEER.fireAndForget(), await logOf(env, 1)],
  "a call made too late": async ({ env }) => [await env.PEER.fireSlowly(), await logOf(env, 0)],
  "waitUntil": async ({ env }) => [await env.SELF.waitUntilRejects(), await env.SELF.waitUntilReturns(), await env.SELF.waitUntilValue()],
  "waitUntil in a method of a stub": async ({ env }) => {
    using r = await env.SELF.resource("stub");
    await r.wait();
    return await logOf(env, 1);
  },
  "waitUntil outlives the stub": async ({ env }) => {
    const r = await env.SELF.disposable("stub");
    await r.wait();
    r[Symbol.dispose]();
    return (await logOf(env, 2)).sort();
  },
  "waitUntil in global scope": async ({ env }) => await env.SELF.globalWaitUntil(),
  "a stub kept for another request": async ({ env }) => {
    await env.SELF.keep(new Disposable("kept"));
    return [short(await env.SELF.useKept().catch((e) => e)), await logOf(env, 0)];
  },
  "an argument kept for another request": async ({ env }) => {
    await env.SELF.keepRaw(new Disposable("kept raw"));
    return [short(await env.SELF.useKept().catch((e) => e)), await logOf(env, 1)];
  },
  "a stub of one's own kept for another request": async ({ env }) => {
    await env.SELF.keepOwn();
    return [await env.SELF.useKept().catch((e) => e.message.slice(0, 60)), await env.SELF.useKeptNow().catch((e) => e.message.slice(0, 60))];
  },
  "dup of a kept stub": async ({ env }) => {
    await env.SELF.keepOwn();
    return await env.SELF.dupKept().catch((e) => e.message.slice(-30));
  },
  "a kept stub given on by another request": async ({ env }) => {
    await env.SELF.keepOwn();
    return await env.SELF.giveKept().then((s) => s.constructor.name, (e) => e.message.slice(-30));
  },
  "a kept stub disposed by another request": async ({ env }) => {
    await env.SELF.keepOwn();
    return [await env.SELF.disposeKept().then(() => "disposed", (e) => e), await logOf(env, 0)];
  },
  "a target is no stub: given by another request": async ({ env }) => {
    await env.SELF.keepTarget();
    using s = await env.SELF.giveKept();
    return await s.use();
  },
  "a service stub may be used from another request": async ({ env }) => {
    await env.SELF.keepService();
    return await env.SELF.useService();
  },
  "a result kept for another request": async ({ env }) => {
    await env.SELF.keepResult();
    return await env.SELF.disposeResult().catch((e) => e.message.slice(0, 60));
  },
  "a promise called by another request": async ({ env }) => {
    await env.SELF.keepPromise();
    return await env.SELF.callPromise().catch((e) => e.message);
  },
  "a call that never ends": async ({ env }) => await env.SELF.never(),
  "a call that never ends, after a while": async ({ env }) => await env.SELF.neverSlowly(),
  "a call that never ends, inside another": async ({ env }) => await env.SELF.neverInside(),
  "a call that never ends, with a property": async ({ env }) => await env.SELF.never().a,
  "a call that never ends, with a timer": async ({ env }) => await Promise.race([env.SELF.neverHeld(), scheduler.wait(60).then(() => "still waiting")]),
  "a call of a stub that never ends": async ({ env }) => {
    using r = await env.SELF.resource("r");
    return await Promise.race([r.never(), scheduler.wait(60).then(() => "still waiting")]);
  },
  "a callback that never ends": async ({ env }) => await Promise.race([env.SELF.callbackNever(() => new Promise(() => {})), scheduler.wait(60).then(() => "still waiting")]),
  "abort": async ({ env }) => short(await env.SELF.abort("reason").catch((e) => e)),
  "abort with no error": async ({ env }) => short(await env.SELF.abortValue("text").catch((e) => e)),
  "abort without a reason": async ({ env }) => short(await env.SELF.abortNothing().catch((e) => e)),
  "abort later": async ({ env }) => short(await env.SELF.abortLater().catch((e) => e)),
  "abort: what the error has": async ({ env }) => {
    const e = await env.SELF.abort("reason").catch((e) => e);
    return [e.constructor.name, e.remote, Object.keys(e).sort()];
  },
  "abort while a callback is called": async ({ env }) => short(await env.SELF.abortWhileCalled(() => scheduler.wait(40).then(() => "called")).catch((e) => e)),
  "abort: waitUntil": async ({ env }) => [short(await env.SELF.abortWaiting().catch((e) => e)), await logOf(env, 0)],
  "abort in a method of a stub": async ({ env }) => {
    const r = await env.SELF.resource("aborted");
    const pending = r.slow().catch((e) => e);
    const aborted = await r.abort("of the stub").catch((e) => e);
    const later = await r.use().catch((e) => e);
    return [short(await pending), short(aborted), short(later), await logOf(env, 0)];
  },
  "after an abort the next call is served": async ({ env }) => await env.SELF.count(),
  "a callback whose context is over": async ({ env }) => [await env.PEER.leaveCallback(), await logOf(env, 1)],
  "a callback whose context waits": async ({ env }) => [await env.PEER.leaveCallbackWaiting(), await logOf(env, 1)],
  "nothing is left": async ({ env }) => await logOf(env, 0),
});
