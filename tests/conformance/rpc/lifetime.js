// services: SELF=self#Main, PEER=peer#Main
// Workers RPC: who disposes a stub, when its disposer runs, and what happens to those who use it afterwards.
import { RpcStub, RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { checks } from "../checks.js";

const log = [];
class Resource extends RpcTarget {
  constructor(name) {
    super();
    this.name = name;
  }
  use() {
    return `used ${this.name}`;
  }
  another(name) {
    return new Resource(name);
  }
  async slow() {
    await scheduler.wait(30);
    return `slow ${this.name}`;
  }
  [Symbol.dispose]() {
    log.push(`disposed ${this.name}`);
  }
}
class Duplicable extends Resource {
  copies = 0;
  dup() {
    log.push(`dup ${this.name}`);
    return new Resource(`${this.name}'s copy ${++this.copies}`);
  }
}
class BadDup extends Resource {
  dup() {
    return 5;
  }
}
class ThrowingDup extends Resource {
  dup() {
    throw new RangeError("no copy");
  }
}
class ThrowingDispose extends Resource {
  [Symbol.dispose]() {
    log.push(`disposing ${this.name}`);
    throw new Error("in the disposer");
  }
}
class AsyncDispose extends Resource {
  async [Symbol.dispose]() {
    await null;
    log.push(`disposed later ${this.name}`);
  }
}
class OnlyAsyncDispose extends RpcTarget {
  use() {}
  async [Symbol.asyncDispose]() {
    log.push("asyncDispose");
  }
}
function disposableFunction(name) {
  return Object.assign(() => `called ${name}`, { [Symbol.dispose]: () => log.push(`disposed function ${name}`) });
}

// The callee. As long as a stub of it is held, so is the context in which all its methods run.
class Host extends RpcTarget {
  constructor(ctx) {
    super();
    this.ctx = ctx;
  }
  resource(name) {
    return new Resource(name);
  }
  async slowResource(name) {
    await scheduler.wait(20);
    return new Resource(name);
  }
  special(kind, name) {
    return new { ThrowingDispose, AsyncDispose, OnlyAsyncDispose, Duplicable }[kind](name);
  }
  func(name) {
    return disposableFunction(name);
  }
  several() {
    return { a: new Resource("a"), list: [new Resource("b"), disposableFunction("c")] };
  }
  twice() {
    const r = new Resource("shared");
    return [r, r];
  }
  withDisposer() {
    return { value: 1, f: () => "f", [Symbol.dispose]: () => log.push("disposed the result") };
  }
  plainWithDisposer() {
    return { value: 1, [Symbol.dispose]: () => log.push("disposed the plain result") };
  }
  disposerAndStub() {
    return { r: new Resource("inside"), [Symbol.dispose]: () => log.push("disposed the outside") };
  }
  nestedDisposer() {
    return { inner: { value: 1, [Symbol.dispose]: () => log.push("disposed the inner") } };
  }
  arrayWithDisposer() {
    return Object.assign([1, 2], { [Symbol.dispose]: () => log.push("disposed the array") });
  }
  disposerNoFunction() {
    return { value: 1, [Symbol.dispose]: 5 };
  }
  plain() {
    return { value: 1 };
  }
  map() {
    return new Map([["r", new Resource("in a map")]]);
  }
  async callSoon(f) {
    return await f();
  }
  async useSoon(r) {
    return await r.use();
  }
  ignore() {
    return "ignored";
  }
  later(f) {
    this.ctx.waitUntil(scheduler.wait(20).then(() => f()).then((v) => log.push(`later: ${v}`), (e) => log.push(`later: ${e.name}: ${e.message}`)));
    return "called later";
  }
  laterDup(f) {
    const d = f.dup();
    this.ctx.waitUntil(scheduler.wait(20).then(() => d()).then((v) => log.push(`later: ${v}`)).then(() => d[Symbol.dispose]()));
    return "called later";
  }
  echo(stub) {
    return stub;
  }
  echoDup(stub) {
    return stub.dup();
  }
  echoNested(stub) {
    return { stub };
  }
  dispose(stub) {
    stub[Symbol.dispose]();
    return "disposed there";
  }
  fail(stub) {
    throw new RangeError("failed");
  }
  note(text) {
    log.push(text);
  }
  takeLog() {
    return log.splice(0);
  }
}

export class Main extends WorkerEntrypoint {
  host() {
    return new Host(this.ctx);
  }
  async leak(host) {
    await host.resource("leaked");
    return "leaked";
  }
  leakPending(host) {
    host.slowResource("leaked while pending");
    return "leaked";
  }
  async leakAndWait(host) {
    await host.resource("leaked slowly");
    const d = host.dup();
    this.ctx.waitUntil(scheduler.wait(50).then(() => d.note("waited")));
    return "leaked";
  }
  async own(host) {
    using r = await host.resource("own");
    return await r.use();
  }
}

// The callee's log once it has n lines; with none awaited, after a while.
async function logOf(env, n) {
  const lines = [];
  for (let i = 0; i < (n ? 200 : 1) && (!n || lines.length < n); i++) {
    await scheduler.wait(n ? 5 : 60);
    lines.push(...(await env.SELF.takeLog()));
  }
  return lines;
}

// In the checks env.SELF is the host.
const list = {
  "a stub that is disposed": async ({ env }) => {
    const r = await env.SELF.resource("one");
    const used = await r.use();
    r[Symbol.dispose]();
    return [used, await logOf(env, 1)];
  },
  "using": async ({ env }) => {
    {
      using r = await env.SELF.resource("in a block");
      await r.use();
    }
    return await logOf(env, 1);
  },
  "not before it is disposed": async ({ env }) => {
    const r = await env.SELF.resource("patient");
    const before = await logOf(env, 0);
    r[Symbol.dispose]();
    return [before, await logOf(env, 1)];
  },
  "disposed twice": async ({ env }) => {
    const r = await env.SELF.resource("twice");
    r[Symbol.dispose]();
    r[Symbol.dispose]();
    return [await logOf(env, 1), await logOf(env, 0)];
  },
  "use after dispose: a call": async ({ env }) => {
    const r = await env.SELF.resource("x");
    r[Symbol.dispose]();
    await logOf(env, 1);
    return await r.use();
  },
  "use after dispose: thrown at once?": async ({ env }) => {
    const r = await env.SELF.resource("x");
    r[Symbol.dispose]();
    await logOf(env, 1);
    const p = r.use();
    p.catch(() => {});
    return p.constructor.name;
  },
  "use after dispose: a property": async ({ env }) => {
    const r = await env.SELF.resource("x");
    r[Symbol.dispose]();
    await logOf(env, 1);
    return await r.name;
  },
  "use after dispose: a call of itself": async ({ env }) => {
    const f = await env.SELF.func("f");
    f[Symbol.dispose]();
    return [await logOf(env, 1), await f().catch((e) => e)];
  },
  "use after dispose: as an argument": async ({ env }) => {
    const r = await env.SELF.resource("x");
    r[Symbol.dispose]();
    await logOf(env, 1);
    return await env.SELF.useSoon(r);
  },
  "use after dispose: a property taken before": async ({ env }) => {
    const r = await env.SELF.resource("x");
    const { use } = r;
    r[Symbol.dispose]();
    await logOf(env, 1);
    return await use();
  },
  "dup": async ({ env }) => {
    const r = await env.SELF.resource("dup");
    const d = r.dup();
    r[Symbol.dispose]();
    const used = [await d.use(), await logOf(env, 0)];
    d[Symbol.dispose]();
    return [d === r, d.constructor.name, used, await logOf(env, 1)];
  },
  "dup, the copy first": async ({ env }) => {
    const r = await env.SELF.resource("dup");
    r.dup()[Symbol.dispose]();
    const used = [await r.use(), await logOf(env, 0)];
    r[Symbol.dispose]();
    return [used, await logOf(env, 1)];
  },
  "a call in flight": async ({ env }) => {
    const r = await env.SELF.resource("busy");
    const slow = r.slow();
    r[Symbol.dispose]();
    return [await slow, await logOf(env, 1)];
  },
  "a function with a disposer": async ({ env }) => {
    const f = await env.SELF.func("f");
    const called = await f();
    f[Symbol.dispose]();
    return [called, await logOf(env, 1)];
  },
  "a disposer that throws": async ({ env }) => {
    (await env.SELF.special("ThrowingDispose", "bad"))[Symbol.dispose]();
    return [await logOf(env, 1), await env.SELF.ignore()];
  },
  "a disposer that is async": async ({ env }) => {
    (await env.SELF.special("AsyncDispose", "slow"))[Symbol.dispose]();
    return await logOf(env, 1);
  },
  "Symbol.asyncDispose": async ({ env }) => {
    const r = await env.SELF.special("OnlyAsyncDispose", "x");
    const kind = typeof r[Symbol.asyncDispose];
    r[Symbol.dispose]();
    return [kind, await logOf(env, 0)];
  },
  "an object of several stubs": async ({ env }) => {
    const o = await env.SELF.several();
    const used = await o.list[0].use();
    o[Symbol.dispose]();
    return [used, (await logOf(env, 3)).sort(), await o.a.use().catch((e) => e), await o.list[1]().catch((e) => e)];
  },
  "an object of several stubs, one disposed alone": async ({ env }) => {
    const o = await env.SELF.several();
    o.a[Symbol.dispose]();
    const first = await logOf(env, 1);
    o[Symbol.dispose]();
    return [first, (await logOf(env, 2)).sort()];
  },
  "an object of several stubs, one dup'ed": async ({ env }) => {
    const o = await env.SELF.several();
    const d = o.a.dup();
    o[Symbol.dispose]();
    const first = [(await logOf(env, 2)).sort(), await d.use()];
    d[Symbol.dispose]();
    return [...first, await logOf(env, 1)];
  },
  "an object disposed twice": async ({ env }) => {
    const o = await env.SELF.several();
    o[Symbol.dispose]();
    o[Symbol.dispose]();
    return [(await logOf(env, 3)).length, await logOf(env, 0)];
  },
  "one target twice in a result": async ({ env }) => {
    const [a, b] = await env.SELF.twice();
    a[Symbol.dispose]();
    const first = [a === b, await logOf(env, 0)];
    b[Symbol.dispose]();
    return [...first, await logOf(env, 0)];
  },
  "a disposer of a result": async ({ env }) => {
    const o = await env.SELF.withDisposer();
    const first = [o.value, await o.f(), await logOf(env, 0)];
    o[Symbol.dispose]();
    return [...first, await logOf(env, 1)];
  },
  "a disposer of a plain result": async ({ env }) => {
    const o = await env.SELF.plainWithDisposer();
    const first = [o.value, Object.keys(o), await logOf(env, 0)];
    o[Symbol.dispose]();
    return [...first, await logOf(env, 1)];
  },
  "a disposer and a stub": async ({ env }) => {
    const o = await env.SELF.disposerAndStub();
    o[Symbol.dispose]();
    return await logOf(env, 2);
  },
  "a disposer and a stub, the stub alone": async ({ env }) => {
    const o = await env.SELF.disposerAndStub();
    o.r[Symbol.dispose]();
    const first = await logOf(env, 0);
    o[Symbol.dispose]();
    return [first, await logOf(env, 1)];
  },
  "a disposer deep in a result": async ({ env }) => {
    const o = await env.SELF.nestedDisposer();
    const kinds = [typeof o[Symbol.dispose], typeof o.inner[Symbol.dispose]];
    o[Symbol.dispose]?.();
    return [kinds, await logOf(env, 0)];
  },
  "a disposer of an array": async ({ env }) => {
    const a = await env.SELF.arrayWithDisposer();
    const kind = typeof a[Symbol.dispose];
    a[Symbol.dispose]?.();
    return [kind, await logOf(env, 0)];
  },
  "a disposer that is no function": async ({ env }) => {
    const o = await env.SELF.disposerNoFunction();
    return [typeof o[Symbol.dispose], o.value];
  },
  "which results have a disposer": async ({ env }) => {
    const kinds = [];
    for (const name of ["plain", "several", "map", "twice", "ignore", "note"]) kinds.push(typeof (await env.SELF[name]())?.[Symbol.dispose]);
    await logOf(env, 0);
    return kinds;
  },
  "a Map's disposer": async ({ env }) => {
    const m = await env.SELF.map();
    m[Symbol.dispose]?.();
    return await logOf(env, 0);
  },
  "not awaited": async ({ env }) => {
    env.SELF.withDisposer();
    return await logOf(env, 0);
  },
  "a promise disposed while pending": async ({ env }) => {
    const p = env.SELF.slowResource("future");
    p[Symbol.dispose]();
    return await logOf(env, 1);
  },
  "a promise disposed while pending, then awaited": async ({ env }) => {
    const p = env.SELF.slowResource("future");
    p[Symbol.dispose]();
    const result = await Promise.race([p.then((r) => r.constructor.name, (e) => e), scheduler.wait(100).then(() => "nothing")]);
    return [result, await logOf(env, 0)];
  },
  "a promise disposed while pending, then called": async ({ env }) => {
    const p = env.SELF.slowResource("future");
    p[Symbol.dispose]();
    const result = await p.use().catch((e) => e);
    return [result, await logOf(env, 0)];
  },
  "a pipelined call, then disposed": async ({ env }) => {
    const p = env.SELF.slowResource("future");
    const used = p.use();
    p[Symbol.dispose]();
    return [await used, await logOf(env, 1)];
  },
  "a promise disposed after it was awaited": async ({ env }) => {
    const p = env.SELF.resource("both");
    const r = await p;
    p[Symbol.dispose]();
    const first = [await logOf(env, 0), await r.use().catch((e) => e)];
    r[Symbol.dispose]();
    return [...first, await logOf(env, 0)];
  },
  "only pipelined on": async ({ env }) => {
    const used = await env.SELF.resource("pipelined").use();
    return [used, await logOf(env, 0)];
  },
  "a property of a promise": async ({ env }) => {
    const p = env.SELF.several();
    const a = await p.a;
    const first = [await a.use(), await logOf(env, 0)];
    a[Symbol.dispose]();
    const second = (await logOf(env, 0)).sort();
    (await p)[Symbol.dispose]();
    return [...first, second, (await logOf(env, 0)).sort()];
  },
  "using of a promise": async ({ env }) => {
    {
      using p = env.SELF.resource("promised");
      await p.use();
    }
    return await logOf(env, 1);
  },
  "a property has no disposer": ({ env }) => typeof env.SELF.several[Symbol.dispose],
  "an argument is disposed after the call": async ({ env }) => {
    const result = await env.SELF.useSoon(new Resource("argument"));
    return [result, await logOf(env, 1)];
  },
  "an argument that is not used": async ({ env }) => {
    await env.SELF.ignore(new Resource("unused"));
    return await logOf(env, 1);
  },
  "an argument of a call that fails": async ({ env }) => {
    await env.SELF.fail(new Resource("of a failure")).catch(() => {});
    return await logOf(env, 1);
  },
  "an argument of a method that is absent": async ({ env }) => {
    await env.SELF.absent(new Resource("of no method")).catch(() => {});
    return await logOf(env, 1);
  },
  "an argument beside one that cannot be sent": async ({ env }) => {
    await env.SELF.ignore(new Resource("beside"), Symbol("s")).catch(() => {});
    return await logOf(env, 0);
  },
  "the same argument in two calls": async ({ env }) => {
    const r = new Resource("two calls");
    await env.SELF.useSoon(r);
    const first = await logOf(env, 1);
    await env.SELF.useSoon(r);
    return [first, await logOf(env, 1)];
  },
  "the same argument twice in a call": async ({ env }) => {
    const r = new Resource("twice");
    await env.SELF.ignore(r, r);
    return [await logOf(env, 1), await logOf(env, 0)];
  },
  "a function argument with a disposer": async ({ env }) => {
    await env.SELF.callSoon(disposableFunction("argument"));
    return await logOf(env, 1);
  },
  "a plain argument with a disposer": async ({ env }) => {
    await env.SELF.ignore({ [Symbol.dispose]: () => log.push("disposed plain argument") });
    return await logOf(env, 0);
  },
  "a stub as argument stays the caller's": async ({ env }) => {
    const r = await env.SELF.resource("stays");
    const used = [await env.SELF.useSoon(r), await r.use(), await logOf(env, 0)];
    r[Symbol.dispose]();
    return [...used, await logOf(env, 1)];
  },
  "a stub as argument, disposed there": async ({ env }) => {
    const r = await env.SELF.resource("stays");
    await env.SELF.dispose(r);
    const used = [await r.use(), await logOf(env, 0)];
    r[Symbol.dispose]();
    return [...used, await logOf(env, 1)];
  },
  "a stub as argument, disposed here during the call": async ({ env }) => {
    const r = await env.SELF.resource("meanwhile");
    const p = env.SELF.useSoon(r);
    r[Symbol.dispose]();
    return [await p, await logOf(env, 1)];
  },
  "RpcStub as argument": async ({ env }) => {
    const s = new RpcStub(new Resource("wrapped"));
    await env.SELF.useSoon(s);
    const first = [await logOf(env, 0), await s.use()];
    s[Symbol.dispose]();
    return [...first, await logOf(env, 1)];
  },
  "kept after the call": async ({ env }) => {
    const result = await env.SELF.later(disposableFunction("kept"));
    return [result, (await logOf(env, 2)).sort()];
  },
  "kept after the call by dup": async ({ env }) => {
    const result = await env.SELF.laterDup(disposableFunction("kept"));
    return [result, await logOf(env, 2)];
  },
  "an argument returned": async ({ env }) => {
    const s = await env.SELF.echo(new Resource("returned"));
    const first = [await s.use(), await logOf(env, 0)];
    s[Symbol.dispose]();
    return [...first, await logOf(env, 1)];
  },
  "an argument's dup returned": async ({ env }) => {
    const s = await env.SELF.echoDup(new Resource("returned"));
    const first = [await s.use(), await logOf(env, 0)];
    s[Symbol.dispose]();
    return [...first, await logOf(env, 1)];
  },
  "an argument returned in an object": async ({ env }) => {
    const o = await env.SELF.echoNested(new Resource("returned"));
    const first = [await o.stub.use().catch((e) => e), await logOf(env, 0)];
    o[Symbol.dispose]();
    return [...first, await logOf(env, 0)];
  },
  "dup() of an argument": async ({ env }) => {
    const d = new Duplicable("original");
    await env.SELF.useSoon(d);
    return await logOf(env, 2);
  },
  "dup() of an argument, which is used": async ({ env }) => {
    const result = await env.SELF.useSoon(new Duplicable("original"));
    await logOf(env, 2);
    return result;
  },
  "dup() of an argument that returns none": async ({ env }) => await env.SELF.useSoon(new BadDup("bad")),
  "dup() of an argument that throws": async ({ env }) => await env.SELF.useSoon(new ThrowingDup("bad")),
  "dup() of a function that returns none": async ({ env }) => await env.SELF.callSoon(Object.assign(() => 1, { dup: () => 5 })),
  "dup() of a function": async ({ env }) => await env.SELF.callSoon(Object.assign(() => 1, { dup: () => () => 2 })),
  "dup() of a proxy": async ({ env }) => await env.SELF.useSoon(new Proxy(new BadDup("bad"), {})),
  "dup that is no function": async ({ env }) => await env.SELF.callSoon(Object.assign(() => 1, { dup: 5 })),
  "dup() of a result is not called": async ({ env }) => {
    const r = await env.SELF.special("Duplicable", "result");
    r[Symbol.dispose]();
    return await logOf(env, 1);
  },
  "new RpcStub() does not call dup()": async ({ env }) => {
    const s = new RpcStub(new Duplicable("wrapped"));
    const used = await s.use();
    s.dup()[Symbol.dispose]();
    s[Symbol.dispose]();
    return [used, await logOf(env, 1)];
  },
  "what a callee leaks is disposed with its context": async ({ env }) => [await env.PEER.leak(env.SELF), await logOf(env, 1)],
  "what a callee leaks while it is pending": async ({ env }) => [await env.PEER.leakPending(env.SELF), await logOf(env, 0)],
  "what a callee leaks, while it waits": async ({ env }) => [await env.PEER.leakAndWait(env.SELF), await logOf(env, 2)],
  "using in a callee": async ({ env }) => [await env.PEER.own(env.SELF), await logOf(env, 1)],
  "nothing is left": async ({ env }) => await logOf(env, 0),
};
for (const [name, check] of Object.entries(list)) {
  list[name] = async ({ env }) => {
    using host = await env.SELF.host();
    return await check({ env: { SELF: host, PEER: env.PEER } });
  };
}
export default checks(list);
