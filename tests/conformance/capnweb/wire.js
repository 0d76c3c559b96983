// What two sessions of Cap'n Web write to each other in the usual scenes: messages, ids, releases.
import { RpcPromise, RpcStub, RpcTarget } from "capnweb";
import { checks } from "../checks.js";
import { Api, pair, settle } from "../sessions.js";

// The scene's messages, and what it gave.
const scene = (act, clientMain) => async () => {
  const log = [];
  const p = pair(new Api(log), clientMain);
  let result;
  try {
    result = await act(p.api, p);
  } catch (e) {
    result = `threw ${e.name}: ${e.message}`;
  }
  const lines = await p.said();
  return [result, ...lines, ...log, p.near.getStats(), p.far.getStats()];
};

export default checks({
  "a call": scene((api) => api.add(2)),
  "a call that nobody waits for": scene((api) => { api.add(2); }),
  "a call that nobody waits for, disposed": scene((api) => { api.add(2)[Symbol.dispose](); }),
  "three calls": scene((api) => Promise.all([api.add(1), api.add(2), api.add(3)])),
  "one after the other": scene(async (api) => [await api.add(1), await api.add(2)]),
  "awaited twice": scene(async (api) => { const p = api.add(1); return [await p, await p]; }),
  "a property": scene((api) => api.n),
  "a property of a property": scene((api) => api.data.a[1].b),
  "a property, twice": scene(async (api) => { const p = api.data; return [await p.s, await p.a]; }),
  "the main object": scene((api) => api),
  "an error": scene((api) => api.fail("no")),
  "an error that nobody waits for": scene((api) => { api.fail("no"); }),
  "a method that is not there": scene((api) => api.missing(1)),
  "pipelined on a result": scene((api) => api.child().add(3)),
  "pipelined twice": scene((api) => { const c = api.child(); return Promise.all([c.add(1), c.child().add(5), c.n]); }),
  "pipelined on an error": scene((api) => api.fail("no").a.b(1)),
  "a result as an argument": scene((api) => api.add(api.add(3))),
  "a result within an argument": scene((api) => api.echo({ x: [api.add(3), api.data.s] })),
  "a failed result as an argument": scene((api) => api.echo(api.fail("no"))),
  "a stub as a result": scene(async (api) => { const c = await api.child(); return [await c.add(1), await c.add(2)]; }),
  "a stub as a result, disposed": scene(async (api) => { const c = await api.child(); await c.add(1); c[Symbol.dispose](); }),
  "a stub that was waited for, its promise disposed": scene(async (api) => { const p = api.child(); await p; p[Symbol.dispose](); }),
  "stubs in a result": scene(async (api) => { const list = await api.children(2); await list[1].add(1); list[Symbol.dispose](); return typeof list[Symbol.dispose]; }),
  "stubs in a result, one by one": scene(async (api) => { const list = await api.children(2); list[1][Symbol.dispose](); await settle(); list[0][Symbol.dispose](); }),
  "a duplicate": scene(async (api) => { const c = await api.child(), d = c.dup(); c[Symbol.dispose](); const r = await d.add(1); d[Symbol.dispose](); return r; }),
  "a duplicate of a promise": scene(async (api) => { const c = api.child(), d = c.dup(); c[Symbol.dispose](); const r = await d.add(1); d[Symbol.dispose](); return r; }),
  "a duplicate of a property": scene(async (api) => { const d = api.data.dup(); const r = await d.s; d[Symbol.dispose](); return r; }),
  "a callback": scene((api) => api.call((x) => x * 2, 4)),
  "a callback, later": scene((api) => api.callLater((x) => x * 2, 4)),
  "a callback that fails": scene((api) => api.call(() => { throw new TypeError("mine"); })),
  "a callback that is kept": scene(async (api) => {
    await api.keep((x) => `kept ${x}`);
    const r = await api.useKept(1);
    await api.dropKept();
    return r;
  }),
  "one function twice": scene((api) => { const f = (x) => x + 1; return api.callLater(f, api.call(f, 1)); }),
  "one stub twice": scene(async (api) => { const s = new RpcStub((x) => x + 1); const r = await api.both(s, s); s[Symbol.dispose](); return r.length; }),
  "a stub of ours comes back": scene(async (api) => { const s = new RpcStub((x) => x + 1); const back = await api.echo(s); return [back === s, await back(1)]; }),
  "a target of ours comes back": scene(async (api) => { const back = await api.echo(new Api()); return await back.add(4); }),
  "a stub of theirs goes back": scene(async (api) => { const c = await api.child(); return await (await api.echo(c)).add(1); }),
  "a promise of theirs goes back": scene(async (api) => (await api.echo(api.child())).add(1)),
  "a promise of ours": scene((api) => api.echo(new RpcPromise(Promise.resolve(5)))),
  "a promise of ours that fails": scene((api) => api.echo(new RpcPromise(Promise.reject(new Error("mine"))))),
  "a promise of ours for a stub": scene(async (api) => (await api.echo(new RpcPromise(Promise.resolve(new Api())))).add(3)),
  "an object with a function": scene(async (api) => { const o = await api.echo({ f: (x) => x + 1 }); const r = await o.f(1); o[Symbol.dispose](); return r; }),
  "a local stub of an object": scene(async (api) => api.call(new RpcStub({ f: () => 7 }).f)),
  "the client's main object": scene(async (api, { back }) => back.add(7), new Api()),
  "both call": scene(async (api, { back }) => Promise.all([api.add(1), back.add(2)]), new Api()),
  "without a main object": scene(async (api, { back }) => back.add(7)),
  "an undefined result": scene((api) => api.none()),
  "no arguments": scene((api) => api.echo()),
  "undefined as an argument": scene((api) => api.echo(undefined, 1, undefined)),
  "a function as a result": scene(async (api) => { const f = await api.function(); const r = await f(1); f[Symbol.dispose](); return r; }),
  "the method itself": scene(async (api) => typeof await api.add),
  "disposed before it came": scene(async (api) => { const p = api.later(new Api()); const q = p.then((v) => v, (e) => e.message); p[Symbol.dispose](); return q; }),
  "disposed main": scene(async (api) => { api[Symbol.dispose](); return api.add(1); }),
  "calls in flight when main goes": scene(async (api) => { const p = api.never(); const q = p.then(null, (e) => e.message); await settle(); api[Symbol.dispose](); return q; }),
  "what cannot be sent": scene((api) => api.echo(Symbol("x"))),
  "what cannot be sent, with what can": scene((api) => api.echo(() => 1, Symbol("x"))),
  "a result that cannot be sent": scene((api) => api.call(() => new Map())),
  "order of calls": scene(async (api) => { api.add(1); api.add(10); const r = api.n; api.add(100); return r; }),
  "map": scene((api) => api.list().map((x) => api.echo(x))),
});
