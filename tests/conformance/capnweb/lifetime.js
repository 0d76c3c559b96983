// Who disposes what in Cap'n Web: arguments, results, duplicates, values put in; and what is told when something breaks.
import { RpcPromise, RpcStub, RpcTarget } from "capnweb";
import { checks } from "../checks.js";
import { Api, pair, settle } from "../sessions.js";

let log = [];
class Noted extends RpcTarget {
  constructor(name) { super(); this.name_ = name; }
  name() { return this.name_; }
  [Symbol.dispose]() { log.push(`${this.name_} disposed`); }
}
class Dupped extends Noted {
  dup() { log.push(`${this.name_} dup`); return new Noted(`${this.name_}'`); }
}
class Main extends RpcTarget {
  #kept;
  make(name) { return new Noted(name); }
  makeObject(name) { return { t: new Noted(name), f() { return 1; } }; }
  makeTwice() { const t = new Noted("twice"); return [t, t]; }
  same = undefined;
  stub(name) { return new RpcStub(new Noted(name)); }
  stubTwice() { const s = new RpcStub(new Noted("s")); return [s, s]; }
  keep(v) { this.#kept = v.dup ? v.dup() : v; return "kept"; }
  keepRaw(v) { this.#kept = v; return "kept"; }
  async useKept() { try { return await this.#kept.name(); } catch (e) { return e.message; } }
  dropKept() { this.#kept[Symbol.dispose](); }
  give(v) { return v.dup(); }
  giveRaw(v) { return v; }
  giveObject(v) { return { v: v.dup() }; }
  take(...v) { return v.length; }
  async late(v) { await settle(1); return await v.name(); }
  fail(v) { throw new Error("no"); }
  failDispose() { return { t: new (class extends RpcTarget { [Symbol.dispose]() { log.push("throwing"); throw new Error("in a disposer"); } })() }; }
  asyncMake(name) { return settle(1).then(() => new Noted(name)); }
  disposable() { return { [Symbol.dispose]() { log.push("object disposed"); }, a: 1 }; }
  never() { return new Promise(() => {}); }
}
const scene = (act) => async () => {
  log = [];
  const p = pair(new Main());
  let result;
  try {
    result = await act(p.api, p);
  } catch (e) {
    result = `threw ${e.name}: ${e.message}`;
  }
  const said = await p.said();
  const before = log.splice(0);
  p.api[Symbol.dispose]();
  await settle();
  return [result, before, `end: ${log}`, p.near.getStats(), said.filter((line) => line.includes("release"))];
};
const here = (act) => async () => {
  log = [];
  let result;
  try {
    result = await act(new RpcStub(new Main()));
  } catch (e) {
    result = `threw ${e.name}: ${e.message}`;
  }
  await settle();
  return [result, log];
};
const broken = (make, end) => async () => {
  log = [];
  const p = pair(new Main());
  const stub = await make(p.api, p);
  stub.onRpcBroken((e) => log.push(`broken: ${e?.message ?? e}`));
  await settle();
  log.push("then");
  await end(p, stub);
  await settle();
  return log;
};
const abort = (p) => p.client.fail(new Error("gone"));
const both = (list) => Object.fromEntries(Object.entries(list).flatMap(([name, act]) => [[name, scene(act)], [`${name}, here`, here(act)]]));

export default checks({
  "one target twice in a result": scene(async (api) => { const l = await api.makeTwice(); l[0][Symbol.dispose](); log.push("first"); await settle(); l[1][Symbol.dispose](); return l[0] === l[1]; }),
  "one stub twice in a result": scene(async (api) => { const l = await api.stubTwice(); l[0][Symbol.dispose](); log.push("first"); await settle(); l[1][Symbol.dispose](); return "ok"; }),
  "one stub twice in a result, here": async () => { const l = await new RpcStub(new Main()).stubTwice(); return Promise.all(l.map((s) => s.name())); },
  "a result that comes after its promise's end": async (a) => (await scene(async (api) => { const p = api.asyncMake("a"); const q = p.then(() => "came", (e) => e.message); p[Symbol.dispose](); const r = await q; await settle(); return r; })(a)).slice(0, 4),
  ...both({
    "a target as an argument": (api) => api.take(new Noted("a")),
    "a target twice": (api) => { const a = new Noted("a"); return api.take(a, a); },
    "a target that duplicates itself": (api) => api.take(new Dupped("a")),
    "a target that duplicates itself, kept": async (api) => { await api.keep(new Dupped("a")); const r = await api.useKept(); await api.dropKept(); return r; },
    "a target in an object": (api) => api.take({ x: [new Noted("a")] }),
    "a stub as an argument": async (api) => { const s = new RpcStub(new Noted("a")); await api.take(s); log.push("after"); const r = await s.name(); s[Symbol.dispose](); return r; },
    "a stub that is kept": async (api) => { const s = new RpcStub(new Noted("a")); await api.keep(s); s[Symbol.dispose](); log.push("after"); const r = await api.useKept(); await api.dropKept(); return r; },
    "a stub that is kept without a duplicate": async (api) => { const s = new RpcStub(new Noted("a")); await api.keepRaw(s); const r = await api.useKept(); s[Symbol.dispose](); return r; },
    "a target that is kept without a duplicate": async (api) => { await api.keepRaw(new Noted("a")); return api.useKept(); },
    "an argument that is used late": async (api) => { const r = api.late(new Noted("a")); log.push("called"); return await r; },
    "an argument of a call that fails": (api) => api.fail(new Noted("a")).then(null, (e) => e.message),
    "an argument of a method that is not there": (api) => api.missing(new Noted("a")).then(null, (e) => e.message),
    "an argument with one that cannot be sent": async (api) => { try { return await api.take(new Noted("a"), Symbol("x")); } catch (e) { return e.message; } },
    "an argument that comes back": async (api) => { const s = await api.give(new Noted("a")); const r = await s.name(); s[Symbol.dispose](); return r; },
    "an argument that comes back in an object": async (api) => { const o = await api.giveObject(new Noted("a")); const r = await o.v.name(); o[Symbol.dispose](); return r; },
    "an argument that comes back as it is": async (api) => { const s = await api.giveRaw(new Noted("a")); return await s.name(); },
    "a result": async (api) => { const t = await api.make("a"); t[Symbol.dispose](); return "ok"; },
    "a result that is not waited for": (api) => { api.make("a"); return "ok"; },
    "a result that is not waited for, disposed": async (api) => { api.make("a")[Symbol.dispose](); await settle(); return "ok"; },
    "a result, its promise disposed": async (api) => { const p = api.make("a"); const t = await p; p[Symbol.dispose](); await settle(); try { return await t.name(); } catch (e) { return e.message; } },
    "an object as a result": async (api) => { const o = await api.makeObject("a"); o[Symbol.dispose](); try { return await o.t.name(); } catch (e) { return e.message; } },
    "an object as a result, one of it": async (api) => { const o = await api.makeObject("a"); o.t[Symbol.dispose](); log.push("one"); o[Symbol.dispose](); return "ok"; },
    "an object with a disposer": async (api) => { const o = await api.disposable(); o[Symbol.dispose](); return Object.keys(o); },
    "a stub as a result": async (api) => { const s = await api.stub("a"); const r = await s.name(); s[Symbol.dispose](); return r; },
    "a property of a result": async (api) => { const p = api.makeObject("a"); const t = await p.t; p[Symbol.dispose](); await settle(); log.push("p"); const r = await t.name(); t[Symbol.dispose](); return r; },
    "pipelined": async (api) => { const p = api.make("a"); const r = await p.name(); p[Symbol.dispose](); return r; },
    "a duplicate of a result": async (api) => { const t = await api.make("a"), d = t.dup(); t[Symbol.dispose](); await settle(); log.push("t"); const r = await d.name(); d[Symbol.dispose](); return r; },
    "disposed twice": async (api) => { const t = await api.make("a"); t[Symbol.dispose](); t[Symbol.dispose](); return "ok"; },
    "used after its end": async (api) => { const t = await api.make("a"); t[Symbol.dispose](); return await t.name(); },
    "a property used after its end": async (api) => { const t = await api.make("a"), m = t.name; t[Symbol.dispose](); return await m(); },
    "a duplicate after its end": async (api) => { const t = await api.make("a"); t[Symbol.dispose](); return await t.dup().name(); },
    "sent after its end": async (api) => { const t = await api.make("a"); t[Symbol.dispose](); return await api.take(t); },
    "a disposer that throws": async (api) => { const o = await api.failDispose(); o[Symbol.dispose](); await settle(); return "ok"; },
    "using": async (api) => { { using t = await api.make("a"); await t.name(); } log.push("out"); return "ok"; },
    "a promise as an argument, disposed": async (api) => { const p = api.make("a"); const r = api.take(p); p[Symbol.dispose](); return await r; },
    "a local promise as an argument": async (api) => { const p = new RpcPromise(Promise.resolve(new Noted("a"))); const r = await api.take(p); p[Symbol.dispose](); return r; },
    "a promise of an object as an argument": async (api) => { const p = new RpcPromise(Promise.resolve({ t: new Noted("a") })); const r = await api.take(p); log.push("after"); p[Symbol.dispose](); return r; },
    "a callback that gets a target": async (api) => { return await new RpcStub((t) => t.name())(new Noted("a")); },
  }),
  "a stub of a promise's value": async () => { log = []; const p = new RpcPromise(Promise.resolve({ t: new Noted("a") })); const v = await p; v[Symbol.dispose](); await settle(); return log; },
  "broken: the main object": broken((api) => api, abort),
  "broken: a stub": broken((api) => api.make("a"), abort),
  "broken: a stub that was waited for": broken(async (api) => { const t = await api.make("a"); return t; }, abort),
  "broken: a promise": broken((api) => new RpcStub({ p: api.never() }), abort),
  "broken: a promise in flight": broken((api, p) => { const n = api.never(); n.onRpcBroken((e) => log.push(`flight: ${e.message}`)); return api; }, abort),
  "broken: a promise of what fails": broken((api, p) => { const n = api.fail(); n.onRpcBroken((e) => log.push(`fails: ${e.message}`)); n.then(null, () => {}); return api; }, abort),
  "broken: a value": broken((api, p) => { const n = api.take(1); n.onRpcBroken((e) => log.push(`value: ${e.message}`)); n.then(); return api; }, abort),
  "broken: a result with a stub": broken((api, p) => { const n = api.make("a"); n.onRpcBroken((e) => log.push(`result: ${e.message}`)); n.then(); return api; }, abort),
  "broken: a property": broken((api) => { const m = api.make("a").name; m.onRpcBroken((e) => log.push(`property: ${e.message}`)); return api; }, abort),
  "broken: disposed before": broken((api) => api.make("a"), async (p, stub) => { stub[Symbol.dispose](); await settle(); abort(p); }),
  "broken: by disposal of the main object": broken((api) => api.make("a"), (p) => p.api[Symbol.dispose]()),
  "broken: told twice": broken((api) => { api.onRpcBroken((e) => log.push(`1: ${e.message}`)); api.onRpcBroken((e) => log.push(`2: ${e.message}`)); return api; }, abort),
  "broken: a callback that throws": broken((api) => { api.onRpcBroken(() => { log.push("throws"); throw new Error("mine"); }); return api; }, abort),
  "broken: after it broke": broken((api) => api, async (p) => { abort(p); await settle(); p.api.onRpcBroken((e) => log.push(`late: ${e.message}`)); }),
  "broken: with undefined": broken((api) => api, (p) => p.client.fail(undefined)),
  "broken: with a text": broken((api) => api, (p) => p.client.fail("text")),
  "broken: local": async () => { log = []; const s = new RpcStub(new Noted("a")); s.onRpcBroken((e) => log.push(e.message)); s[Symbol.dispose](); await settle(); return log; },
  "broken: a local promise that fails": async () => { log = []; const s = new RpcPromise(Promise.reject(new Error("x"))); s.onRpcBroken((e) => log.push(e.message)); await settle(); return log; },
  "broken: a local promise of a session's stub": async () => { log = []; const p = pair(new Main()); const s = new RpcPromise(p.api.make("a")); s.onRpcBroken((e) => log.push(e.message)); await settle(); abort(p); await settle(); return log; },
  "calls after it broke": async () => { const p = pair(new Main()); const t = await p.api.make("a"); abort(p); await settle(); try { return await t.name(); } catch (e) { return e.message; } },
  "calls in flight when it breaks": async () => { const p = pair(new Main()); const c = p.api.never(); const q = c.then(null, (e) => e.message), r = c.x.then(null, (e) => e.message); await settle(); abort(p); return Promise.all([q, r]); },
  "what the other side holds when it breaks": async () => { log = []; const p = pair(new Main()); await p.api.keep(new Noted("mine")); const t = await p.api.make("theirs"); abort(p); p.server.fail(new Error("gone too")); await settle(); return [log, await t.name().then(null, (e) => e.message)]; },
  "drain": async () => { const p = pair(new Main()); const r = p.api.late(new Noted("a")); await p.near.drain(); await r; await p.far.drain(); return "drained"; },
  "drain while something is pulled": async () => { log = []; const p = pair(new Main()); const r = p.api.asyncMake("a"); r.then((t) => log.push("came")); await settle(0); p.far.drain().then(() => log.push("drained")); log.push("asked"); await r; await settle(); return log; },
  "drain of a session that broke": async () => { const p = pair(new Main()); abort(p); await settle(); return p.near.drain(); },
  "drain when it breaks": async () => { const p = pair(new Main()); p.api.never().then(null, () => {}); await settle(); const d = p.far.drain().then(() => "drained", (e) => e.message); p.server.fail(new Error("gone")); return d; },
});
