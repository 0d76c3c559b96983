// tails: what they get of each event of a dynamic Worker: of fetch(), RPC, scheduled() and of tails themselves, however it
// ends; what is redacted; how values are logged; and what may be a tail.
// flags: service_binding_extra_handlers
import { checks } from "../checks.js";
import { WorkerEntrypoint } from "cloudflare:workers";

let seen = [];
export class Tail extends WorkerEntrypoint {
  tail(...args) { for (const item of args[0]) seen.push({ item, args, props: this.ctx.props, self: this }); }
}
export class Throws extends WorkerEntrypoint {
  tail() { seen.push({}); throw new Error("tail"); }
}
export class Never extends WorkerEntrypoint {
  tail() { seen.push({}); return new Promise(() => {}); }
}
export class Not extends WorkerEntrypoint {}
export const Plain = { tail(...args) { for (const item of args[0]) seen.push({ item, args, self: this }); } };

const CODE = `import { WorkerEntrypoint, RpcTarget } from "cloudflare:workers";
const ways = {
  log: () => { console.log("a", 1, { b: [2] }); console.warn("w"); console.error("e"); console.debug("d"); console.info("i"); },
  throw: () => { throw new TypeError("thrown"); },
  throwText: () => { throw "a text"; },
  throwObject: () => { throw { name: "N", message: "M" }; },
  throwNothing: () => { throw undefined; },
  later: (ctx) => { ctx.waitUntil(scheduler.wait(15).then(() => console.log("later"))); },
  reject: (ctx) => { console.log("before"); ctx.waitUntil(Promise.reject(new RangeError("waited"))); },
  rejectLater: (ctx) => { ctx.waitUntil(scheduler.wait(5).then(() => { throw new RangeError("waited"); })); },
  hang: () => new Promise(() => {}),
  abort: (ctx) => ctx.abort(new Error("aborted")),
  wrong: () => "no response",
  stream: () => { let i = 0; return new Response(new ReadableStream({ async pull(c) { await scheduler.wait(1); console.log("pull", i); if (i++ === 2) c.close(); else c.enqueue(new Uint8Array(1)); } })); },
  broken: () => new Response(new ReadableStream({ async pull(c) { await scheduler.wait(1); throw new Error("broke"); } })),
  values: () => { for (const v of VALUES) console.log(v); },
  args: () => { console.log(); console.log(undefined, null); console.log([], {}, ""); console.log("%s is %d", "x", 5, {}); console.log("a\\nb\\t\\u0000\\u2028"); },
  errors: () => { class Own extends Error { name = "Own"; extra = 1; } console.log(new Own("m")); console.error("text", new RangeError("r", { cause: new Error("c") })); console.log({ e: new Error("in") }); },
  self: async (ctx) => { console.log("outer"); await ctx.exports.default.fetch("http://x/log"); console.log("after"); },
  call: async (ctx) => { const e = ctx.exports.Calls(); console.log(await e.add(1, 2)); },
};
const VALUES = [undefined, null, true, 0, -0, NaN, Infinity, 1e21, 5n, "s", Symbol("y"), () => 1, function named() {}, class K {},
  new Date(0), new Map([[1, 2]]), new Set([1]), [undefined, () => 1, , 3], /x/g, new Uint8Array(3), new ArrayBuffer(2),
  new (class Foo { b = 1; })(), { toJSON() { return "j"; } }, { toJSON() { throw new Error("t"); } }, { get a() { throw new Error("g"); } },
  Object.create(null), new Proxy({ p: 1 }, {}), new (class T { toString() { return "ts"; } })(), Promise.resolve(1), new WeakMap(),
  Object(1), Object("s"), new Headers({ a: "b" }), new URL("http://u/"), new Error("boo"), { n: { m: { o: { p: 1 } } } }, "\\u{1F600}é"];
export default {
  async fetch(request, env, ctx) {
    const way = ways[new URL(request.url).pathname.slice(1)];
    const answer = await way?.(ctx);
    return answer ?? new Response("ok", { status: request.method === "PUT" ? 418 : 200, headers: { secret: "1" } });
  },
  async scheduled(controller, env, ctx) { console.log("scheduled"); await ways[controller.cron]?.(ctx); },
};
export class Calls extends WorkerEntrypoint {
  add(a, b) { console.log("adding", a); return a + b; }
  fail() { throw new RangeError("failed"); }
  get prop() { console.log("getter"); return 7; }
  nested = { deep: () => 1 };
  async object() { console.log("made"); return new (class extends RpcTarget { f() { console.log("in f"); return 1; } })(); }
  fetch() { return new Response("of a class"); }
  scheduled() { console.log("of a class"); }
}
export class Boom extends WorkerEntrypoint { constructor(c, e) { super(c, e); throw new Error("made"); } add() {} fetch() {} }
export const Object_ = { hello() { console.log("hello"); return "h"; } };
console.log("at start");`;

const load = (env, tails, code = CODE) => env.LOADER.load({ compatibilityDate: "2026-01-01",
  mainModule: "m.js", modules: { "m.js": code }, tails });
// Until that many items came, and a little longer.
async function wait(count) {
  for (let i = 0; i < 400 && seen.length < count; i++) await scheduler.wait(5);
  await scheduler.wait(count === 0 ? 100 : 10);
}
async function run(env, ctx, use, count = 1, tails = [ctx.exports.Tail]) {
  seen = [];
  let result;
  try { result = await use(load(env, tails)); } catch (e) { result = `${e.name}: ${e.message}`; }
  await wait(count);
  return result;
}
const get = (path, init) => async (w) => { const r = await w.getEntrypoint().fetch(`http://x/${path}`, init); return [r.status, await r.text()]; };
const line = (text) => String(text).split("\n")[0];
const brief = ({ item }) => [item.outcome, item.event?.constructor.name ?? null, item.logs.map((l) => [l.level, l.message]),
  item.exceptions.map((e) => [e.name, e.message])];
const by = (path, init, count) => async ({ env, ctx }) => [await run(env, ctx, get(path, init), count), ...seen.map(brief)];
const calls = (use, count) => async ({ env, ctx }) => [await run(env, ctx, (w) => use(w.getEntrypoint("Calls"), w), count),
  ...seen.map((s) => [s.item.event?.rpcMethod, s.item.entrypoint, ...brief(s)])];
const url = (path) => async ({ env, ctx }) => { await run(env, ctx, get(path)); const { request } = seen[0].item.event; return [request.url, request.getUnredacted().url]; };

export default { ...checks({
  "an event that went well": by("log"),
  "a status": by("", { method: "PUT" }),
  "what it throws": by("throw"),
  "a text that it throws": by("throwText"),
  "an object that it throws": async (a) => (await by("throwObject")(a)).slice(1),
  "nothing that it throws": by("throwNothing"),
  "what waitUntil() does after the answer": by("later"),
  "a rejection of waitUntil()": by("reject"),
  "a late rejection of waitUntil()": by("rejectLater"),
  "no answer ever": by("hang"),
  "ctx.abort()": by("abort"),
  "no Response": by("wrong"),
  "a body with logs": by("stream"),
  "a body that breaks": by("broken"),
  "a fetch to itself": by("self", undefined, 2),
  "a call to itself": by("call", undefined, 2),

  "an item": async ({ env, ctx }) => { await run(env, ctx, get("log")); const { item } = seen[0]; return [item.constructor.name, Object.keys(item), Object.prototype.toString.call(item)]; },
  "its plain members": async ({ env, ctx }) => { await run(env, ctx, get("log")); const { item } = seen[0]; return [item.truncated, item.executionModel, item.scriptName, item.entrypoint, item.durableObjectId, item.scriptTags, item.dispatchNamespace, item.scriptVersion, item.diagnosticsChannelEvents]; },
  "types of its times": async ({ env, ctx }) => { await run(env, ctx, get("log")); const { item } = seen[0]; return [typeof item.eventTimestamp, typeof item.wallTime, typeof item.cpuTime, typeof item.logs[0].timestamp]; },
  "a log": async ({ env, ctx }) => { await run(env, ctx, get("log")); const [log] = seen[0].item.logs; return [log.constructor.name, log.errorInfo, Object.keys(log), Array.isArray(log.message)]; },
  "an exception": async ({ env, ctx }) => { await run(env, ctx, get("throw")); const [e] = seen[0].item.exceptions; return [e.constructor.name, Object.keys(e), typeof e.timestamp, line(e.stack)]; },
  "what a request is": async ({ env, ctx }) => { await run(env, ctx, get("log?a=1", { method: "POST", body: "x" })); const { event } = seen[0].item; return [event.constructor.name, Object.keys(event), event.request.constructor.name, Object.keys(event.request), event.response.constructor.name, Object.keys(event.response), event.response.status]; },
  "no response": async ({ env, ctx }) => { await run(env, ctx, get("throw")); return seen[0].item.event.response; },
  "classes": async ({ env, ctx }) => { await run(env, ctx, get("throw")); const { event, exceptions } = seen[0].item; return [seen[0].item, event, event.request, event.request.getUnredacted(), event.request.headers, exceptions[0], exceptions].map((o) => [Object.prototype.toString.call(o), Object.keys(Object.getPrototypeOf(o))]); },
  "more classes": async ({ env, ctx }) => { await run(env, ctx, get("log")); const { event, logs } = seen[0].item; return [event.response, logs[0], logs, logs[0].message].map((o) => [Object.prototype.toString.call(o), Object.isFrozen(o), Object.isExtensible(o)]); },
  "what may be written": async ({ env, ctx }) => { await run(env, ctx, get("log", { headers: { a: "1" } })); const { item } = seen[0]; return [[item, "outcome"], [item.event, "request"], [item.event.request, "url"], [item.event.request, "headers"], [item.event.request.headers, "a"], [item.event.response, "status"], [item.logs[0], "message"], [item.logs, 0]].map(([o, k]) => { const d = Object.getOwnPropertyDescriptor(o, k); return [k, d.writable, d.enumerable, d.configurable]; }); },
  "clones": async ({ env, ctx }) => { await run(env, ctx, get("log")); const { item } = seen[0]; return [JSON.parse(JSON.stringify(item)).logs[1].message, Object.keys(JSON.parse(JSON.stringify(item.event))), (() => { try { return structuredClone(item).outcome; } catch (e) { return e.name; } })()]; },
  "arguments of a class": async ({ env, ctx }) => { await run(env, ctx, get("")); const { args, self } = seen[0]; return [args.length, Array.isArray(args[0]), args[0].length, args.slice(1).map((a) => typeof a), self.constructor.name]; },
  "arguments of an object": async ({ env, ctx }) => { await run(env, ctx, get(""), 1, [ctx.exports.Plain]); const { args, self } = seen[0]; return [args.length, args.slice(1).map((a) => a?.constructor?.name), self === Plain]; },
  "props of the tail": async ({ env, ctx }) => { await run(env, ctx, get(""), 1, [ctx.exports.Tail({ props: { tenant: 7 } })]); return seen[0].props; },

  "headers": async ({ env, ctx }) => {
    const headers = { Cookie: "a=b", "Set-Cookie": "c", Authorization: "Bearer x", "X-Api-Key": "k", "cf-access-token": "t", "x-auth": "1", "x-secret-x": "2", "User-Agent": "me", Accept: "y", "x-cookie": "3", "x-keyboard": "4" };
    await run(env, ctx, get("", { headers })); const { request } = seen[0].item.event; return [request.headers, request.getUnredacted().headers]; },
  "repeated headers": async ({ env, ctx }) => { await run(env, ctx, get("", { headers: [["a", "1"], ["A", "2"], ["b", "é"]] })); return seen[0].item.event.request.headers; },
  "a URL with credentials": async ({ env, ctx }) => { await run(env, ctx, (w) => w.getEntrypoint().fetch("http://user:pass@x/p?q#f").then((r) => r.text())); const { request } = seen[0].item.event; return [request.url, request.getUnredacted().url]; },
  "an id in hexadecimal": url("a/0123456789abcdef0123456789abcdef/b?token=0123456789ABCDEF0123456789ABCDEF"),
  "a shorter one": url("0123456789abcdef0123456789abcde"),
  "a UUID": url("01234567-89ab-cdef-0123-456789abcdef"),
  "an id in base64": url("abcABC123abcABC123abc_x"),
  "shorter or plainer ones": url("abcABC123abcABC123ab/abcabcabcabcabcabcabcabc12/ABCABCABCABCABCABCABCABC12/aA1aA1bbbbbbbbbbbbbbbbbbbbb"),
  "marks in it": url("aaAA11-aaAA11-aaAA11-aaa/aaAA11+aaAA11+aaAA11+aaaA/x=aaAA11aaAA11aaAA11aaAA&y=1"),
  "getUnredacted() of what is not": async ({ env, ctx }) => { await run(env, ctx, get("log")); const { request } = seen[0].item.event; const clear = request.getUnredacted(); return [clear.constructor.name, clear.getUnredacted().url, clear === request]; },

  "values": async ({ env, ctx }) => { await run(env, ctx, get("values")); return seen[0].item.logs.map((l) => JSON.stringify(l.message)); },
  "lists of arguments": async ({ env, ctx }) => { await run(env, ctx, get("args")); return seen[0].item.logs.map((l) => JSON.stringify(l.message)); },
  "errors among the values": async ({ env, ctx }) => { await run(env, ctx, get("errors")); return seen[0].item.logs.map((l) => [l.message.map((m) => typeof m === "string" ? line(m) : m), Array.isArray(l.errorInfo) ? l.errorInfo.map((i) => i && [i.name, i.message, typeof i.stack]) : l.errorInfo]); },

  "a method": calls((e) => e.add(1, 2)),
  "a method that throws": calls((e) => e.fail()),
  "a property": calls((e) => e.prop),
  "a property of a property": calls((e) => e.nested.deep()),
  "a method that is not there": calls((e) => e.nothing()),
  "fetch() of a class": calls((e) => e.fetch("http://x/").then((r) => r.text())),
  "two calls": calls(async (e) => [await e.add(1, 2), await e.add(3, 4)], 2),
  "an object that it gives": calls(async (e) => { const o = await e.object(); const r = await o.f(); o[Symbol.dispose](); return r; }),
  "pipelining": calls((e) => e.object().f()),
  "a method of an object": calls((e, w) => w.getEntrypoint("Object_").hello()),
  "a constructor that throws, RPC": calls((e, w) => w.getEntrypoint("Boom").add(), 1),
  "a constructor that throws, fetch": calls((e, w) => w.getEntrypoint("Boom").fetch("http://x/").then((r) => r.text())),

  "scheduled()": async ({ env, ctx }) => [await run(env, ctx, (w) => w.getEntrypoint().scheduled({ cron: "* * * * *", scheduledTime: new Date(1e12) })), ...seen.map(brief), Object.entries(seen[0].item.event), seen[0].item.event.scheduledTime],
  "scheduled() that throws": async ({ env, ctx }) => [await run(env, ctx, (w) => w.getEntrypoint().scheduled({ cron: "throw" })), ...seen.map(brief)],
  "scheduled() and waitUntil()": async ({ env, ctx }) => [await run(env, ctx, (w) => w.getEntrypoint().scheduled({ cron: "later" })), ...seen.map(brief)],
  "scheduled() whose waitUntil() rejects": async ({ env, ctx }) => [await run(env, ctx, (w) => w.getEntrypoint().scheduled({ cron: "rejectLater" })), ...seen.map(brief)],
  "scheduled() that aborts": async ({ env, ctx }) => [await run(env, ctx, (w) => w.getEntrypoint().scheduled({ cron: "abort" })), ...seen.map(brief)],
  "scheduled() of a class": async ({ env, ctx }) => [await run(env, ctx, (w) => w.getEntrypoint("Calls").scheduled({})), ...seen.map(brief), seen[0].item.entrypoint],
  "scheduled() that is not there": async ({ env, ctx }) => [await run(env, ctx, (w) => w.getEntrypoint("Object_").scheduled({})), ...seen.map(brief)],
  "scheduled() whose constructor throws": async ({ env, ctx }) => [await run(env, ctx, (w) => w.getEntrypoint("Boom").scheduled({})), ...seen.map(brief)],

  "a Worker that does not start": async ({ env, ctx }) => { seen = []; const w = load(env, [ctx.exports.Tail], "console.log(1); throw new Error('start')"); const error = await w.getEntrypoint().fetch("http://x/").catch((e) => line(e.message)); await wait(0); return [error, seen.length]; },
  "two tails, in order": async ({ env, ctx }) => { await run(env, ctx, get(""), 2, [ctx.exports.Tail({ props: { n: 1 } }), ctx.exports.Tail({ props: { n: 2 } })]); return seen.map((s) => s.props.n).sort(); },
  "the same tail twice": async ({ env, ctx }) => { await run(env, ctx, get(""), 2, [ctx.exports.Tail, ctx.exports.Tail]); return seen.length; },
  "a tail that throws beside one that does not": async ({ env, ctx }) => [await run(env, ctx, get(""), 2, [ctx.exports.Throws, ctx.exports.Tail]), seen.length],
  "a tail that never ends": async ({ env, ctx }) => [await run(env, ctx, get(""), 2, [ctx.exports.Never, ctx.exports.Tail]), seen.length],
  "a tail without tail()": async ({ env, ctx }) => [await run(env, ctx, get(""), 1, [ctx.exports.Not, ctx.exports.Tail]), seen.length],
  "no tails": async ({ env, ctx }) => [await run(env, ctx, get(""), 0, []), seen.length],
  "null": async ({ env, ctx }) => [await run(env, ctx, get(""), 0, null), seen.length],
  "undefined": async ({ env, ctx }) => [await run(env, ctx, get(""), 0, undefined).then((r) => r), seen.length > 1],
  "no list": ({ env }) => load(env, 5),
  "a text": ({ env }) => load(env, "ab"),
  "a Set": ({ env, ctx }) => load(env, new Set([ctx.exports.Tail])),
  "what is no stub": ({ env }) => load(env, [{}]),
  "a stub of a dynamic Worker": ({ env }) => load(env, [load(env).getEntrypoint()]),
}), tail(...args) { for (const item of args[0]) seen.push({ item, args, self: this }); } };
