// Tails: what they get of each event, for every way in which one ends; bounds; tails that fail, and tails of tails. And
// logs: "collect", which brings what was logged back to the caller.
import assert from "node:assert/strict";
import { test } from "node:test";
import { request, serve } from "./harness.mjs";

// Runs the body of a function (env, ctx, load, seen, until) and answers with what it returns.
const HOST = `import { WorkerEntrypoint } from "cloudflare:workers";
const seen = [];
export class Tail extends WorkerEntrypoint {
  tail(events) { for (const event of events) seen.push({ props: this.ctx.props, event }); }
}
export class Bad extends WorkerEntrypoint { tail() { throw new Error("the tail threw\\nmayfly: forged"); } }
export default { async fetch(request, env, ctx) {
  const run = new Function("env", "ctx", "load", "seen", "until", "code", SOURCE);
} };`;

const CODE = `import { WorkerEntrypoint } from "cloudflare:workers";
export default { async fetch(request, env, ctx) {
  const path = new URL(request.url).pathname;
  console.log("path", path, { a: 1 });
  if (path === "/throw") throw new TypeError("thrown");
  if (path === "/spin") { const t = Date.now(); for (let i = 0; i < 3e6; i++) Math.sqrt(i); }
  if (path === "/endless") for (;;);
  if (path === "/later-endless") { ctx.waitUntil((async () => { await scheduler.wait(1); for (;;); })()); return new Response("early"); }
  if (path === "/memory") { const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1)); }
  if (path === "/slow") await scheduler.wait(60000);
  if (path === "/reject") ctx.waitUntil(Promise.reject(new RangeError("waited")));
  if (path === "/flood") for (let i = 0; i < 1000; i++) console.log("x".repeat(1000), i);
  if (path === "/line") { console.log("y".repeat(1 << 20)); console.log("after"); }
  if (path === "/hostile") {
    Array.prototype.toJSON = Object.prototype.toJSON = () => "forged";
    JSON.stringify = () => { throw new Error("stringify"); };
    Object.prototype[Symbol.toPrimitive] = () => { throw 1; };
    console.log({ plain: true }, ["list"], new Date(0), { get x() { throw 1; } }, "\\"],[1,\\"");
    console.log("\\u0000\\u2028\\ud800");
  }
  return new Response("ok", { status: path === "/418" ? 418 : 200 });
} };
export class Calls extends WorkerEntrypoint {
  add(a, b) { console.log("adding", a, b); return a + b; }
  async later() { console.warn("before"); this.ctx.waitUntil(scheduler.wait(20).then(() => console.log("after"))); return "done"; }
  fail() { console.error("failing"); throw new Error("failed"); }
  flood() { for (let i = 0; i < 1000; i++) console.log("x".repeat(1000), i); return "flooded"; }
}`;

// One server for a body of the host's handler: what it returns, as JSON.
async function host(body, limits = {}, check = () => {}) {
  const source = HOST.replace(/  const run = .*/, `
    const CODE = ${JSON.stringify(CODE)};
    const load = (more, code = CODE) => env.LOADER.load({ compatibilityDate: "2026-11-01", mainModule: "m.js",
      modules: { "m.js": code }, ...more });
    const until = async (count) => { for (let i = 0; i < 300 && seen.length < count; i++) await scheduler.wait(10); };
    const get = async (worker, path, init) => {
      try { const r = await worker.getEntrypoint().fetch("http://x" + path, init); return [r.status, await r.text()]; }
      catch (e) { return [e.name, e.message]; }
    };
    return Response.json(await (async () => { ${body} })());`);
  const server = await serve({ "index.js": source }, { worker_loaders: [{ binding: "LOADER" }], limits });
  try {
    const { text, status } = await request(server);
    assert.equal(status, 200, text + server.log);
    await check(server);
    return JSON.parse(text);
  } finally {
    await server.stop();
  }
}

// The items that one tail got of requests to these paths, each answered before the next.
const traced = (paths, limits = {}, more = "") => host(`
  const results = [];
  const worker = () => load({ tails: [ctx.exports.Tail({ props: { tenant: 7 } })] ${more} });
  for (const path of ${JSON.stringify(paths)}) { results.push(await get(worker(), path)); await until(results.length); }
  return { results, seen };`, limits);

test("an event that went well", async () => {
  const before = Date.now();
  const { results, seen } = await traced(["/hello?token=1", "/418"]);
  assert.deepEqual(results, [[200, "ok"], [418, "ok"]]);
  assert.equal(seen.length, 2);
  const { props, event } = seen[0];
  assert.deepEqual(props, { tenant: 7 });
  assert.equal(event.outcome, "ok");
  assert.equal(event.truncated, false);
  assert.deepEqual(event.event, { response: { status: 200 }, request: { headers: {}, method: "GET", url: "http://x/hello?token=1" } });
  assert.deepEqual(event.logs.map(({ level, message }) => [level, message]), [["log", ["path", "/hello", { a: 1 }]]]);
  assert.deepEqual(event.exceptions, []);
  for (const time of [event.eventTimestamp, event.logs[0].timestamp]) assert.ok(time >= before && time <= Date.now());
  assert.equal(seen[1].event.event.response.status, 418);
});

test("times are the gateway's: processor and wall time", async () => {
  const { seen } = await traced(["/hello", "/spin"]);
  const [quick, spun] = seen.map(({ event }) => event);
  assert.ok(quick.cpuTime < 50, `${quick.cpuTime} ms`);
  assert.ok(spun.cpuTime >= 20 && spun.cpuTime <= spun.wallTime + 1, `${spun.cpuTime} of ${spun.wallTime} ms`);
});

test("each way in which an event ends", async () => {
  const paths = ["/throw", "/endless", "/later-endless", "/memory", "/slow", "/reject"];
  const limits = ", limits: { cpuMs: 200, wallMs: 1500, memoryMb: 32 }";
  const { results, seen } = await traced(paths, {}, limits);
  const outcomes = seen.map(({ event }) => event.outcome);
  assert.deepEqual(outcomes, ["exception", "exceededCpu", "exceededCpu", "exceededMemory", "exceededWallTime", "ok"]);
  assert.deepEqual(results.map(([first]) => first),
    ["TypeError", "ExceededCpuError", 200, "ExceededMemoryError", "ExceededWallTimeError", 200]);
  const exceptions = seen.map(({ event }) => event.exceptions.map(({ name, message }) => [name, message]));
  assert.deepEqual(exceptions[0], [["TypeError", "thrown"]]);
  assert.match(seen[0].event.exceptions[0].stack, /^ {4}at .*m\.js:\d+:\d+/);
  assert.deepEqual(exceptions[1], [["ExceededCpuError", "Worker exceeded CPU time limit."]]);
  assert.deepEqual(exceptions[5], [["RangeError", "waited"]]);
  assert.ok(seen[1].event.cpuTime >= 190, `${seen[1].event.cpuTime} ms`);
  assert.ok(seen.every(({ event }) => event.logs.length === 1), "what was logged before it died is there");
});

test("canceled by its caller", async () => {
  const { result, seen } = await host(`
    const result = await get(load({ tails: [ctx.exports.Tail({})] }), "/slow", { signal: AbortSignal.timeout(100) });
    await until(1);
    return { result, seen };`);
  assert.equal(result[0], "TimeoutError");
  assert.equal(seen[0].event.outcome, "canceled");
  assert.equal(seen[0].event.event.response, undefined);
});

test("RPC: an event for each call, with its method", async () => {
  const { sum, failed, seen } = await host(`
    const calls = load({ tails: [ctx.exports.Tail({})] }).getEntrypoint("Calls");
    const sum = await calls.add(1, 2), failed = await calls.fail().catch((e) => e.message);
    await until(2);
    return { sum, failed, seen };`);
  assert.deepEqual([sum, failed], [3, "failed"]);
  assert.deepEqual(seen.map(({ event }) => [event.entrypoint, event.event.rpcMethod, event.outcome, event.logs[0].message]),
    [["Calls", "add", "ok", ["adding", 1, 2]], ["Calls", "fail", "ok", ["failing"]]]);
});

test("what is over is left out, and the record says so", async () => {
  const { results, seen } = await traced(["/flood", "/line", "/hello"]);
  assert.deepEqual(results.map(([status]) => status), [200, 200, 200]);
  const [flood, line, hello] = seen.map(({ event }) => event);
  assert.equal(flood.truncated, true);
  assert.ok(flood.logs.length > 100 && flood.logs.length < 300, `${flood.logs.length} logs`);
  assert.match(flood.logs.at(-1).message[0], /^Log size limit exceeded/);
  assert.equal(flood.logs.at(-1).level, "warn");
  assert.equal(line.truncated, true);
  assert.deepEqual(line.logs.at(-1).message, ["after"]);
  assert.equal(hello.truncated, false);
});

test("a Worker that breaks its own primitives only spoils its own values", async () => {
  const { seen } = await traced(["/hostile"]);
  const { logs, event, outcome } = seen[0].event;
  assert.equal(outcome, "ok");
  assert.equal(event.request.url, "http://x/hostile");
  assert.equal(logs.length, 3);
  assert.equal(logs[1].message.length, 5);
  assert.equal(logs[1].message[4], "\"],[1,\"");
});

test("several tails, one that throws, one that is none", async () => {
  const { result, seen } = await host(`
    const tails = [ctx.exports.Bad({}), ctx.exports.Tail({ props: { n: 1 } }), ctx.exports.default, ctx.exports.Tail({ props: { n: 2 } })];
    const result = await get(load({ tails }), "/");
    await until(2);
    await scheduler.wait(50);
    return { result, seen };`, {}, async (server) => {
    await server.logged(/^mayfly: Worker \(loaded\): a tail did not take what it was sent: the tail threw\\nmayfly: forged$/m);
    await server.logged(/a tail did not take what it was sent: Handler does not export a tail\(\) function/);
  });
  assert.deepEqual(result, [200, "ok"]);
  assert.deepEqual(seen.map(({ props }) => props.n).sort(), [1, 2]);
});

test("a fresh Worker's copies have its tails", async () => {
  const { seen } = await traced(["/hello", "/hello"], {}, ", fresh: true");
  assert.equal(seen.length, 2);
});

test("logs that were collected do not go to the server's log; those of the start do", async () => {
  await host(`
    const worker = load({ logs: "collect" }, 'console.log("starting"); export default { fetch() { console.log("private"); return new Response("x"); } }');
    return get(worker, "/");`, {}, async (server) => {
    await server.logged(/^log \(loaded\): starting$/m);
    assert.doesNotMatch(server.log, /private/);
  });
});

test("collected logs: of fetch and of RPC, since the last time", async () => {
  const { first, second, third, other, after } = await host(`
    const worker = load({ logs: "collect" }), calls = worker.getEntrypoint("Calls"), fetcher = worker.getEntrypoint();
    const sum = await calls.add(1, 2), first = calls.logs();
    await calls.fail().catch(() => {});
    const second = calls.logs(), third = calls.logs();
    await fetcher.fetch("http://x/a");
    const other = fetcher.logs();
    await calls.later();
    await scheduler.wait(100);
    return { first, second, third, other, after: calls.logs() };`);
  const brief = (logs) => logs.map(({ level, message }) => [level, ...message]);
  assert.deepEqual(brief(first), [["log", "adding", 1, 2]]);
  assert.ok(Math.abs(first[0].timestamp - Date.now()) < 60000);
  assert.deepEqual(brief(second), [["error", "failing"]]);
  assert.deepEqual(third, []);
  assert.deepEqual(brief(other), [["log", "path", "/a", { a: 1 }]]);
  assert.deepEqual(brief(after)[0], ["warn", "before"]);
});

test("collected logs are bounded, for a call and for who never takes them", async () => {
  const { once, many } = await host(`
    const calls = load({ logs: "collect" }).getEntrypoint("Calls");
    await calls.flood();
    const once = calls.logs();
    for (let i = 0; i < 30; i++) await calls.flood();
    return { once, many: calls.logs() };`);
  assert.ok(once.length > 30 && once.length < 80, `${once.length} lines`);
  assert.match(once.at(-1).message[0], /^Log size limit exceeded/);
  assert.ok(JSON.stringify(many).length < 2 << 20);
  assert.match(many.at(-1).message[0], /were dropped/);
});

test("what tails and logs may be", async () => {
  const errors = await host(`
    const errors = [];
    for (const more of [{ tails: 5 }, { tails: [{}] }, { tails: Array(65).fill(ctx.exports.Tail({})) }, { logs: "all" },
      { tails: [load({}).getEntrypoint()] }])
      try { load(more); errors.push("taken"); } catch (e) { errors.push(e.name + ": " + e.message.slice(0, 60)); }
    const plain = load({}).getEntrypoint("Calls");
    errors.push(await plain.logs().catch((e) => e.message));
    return errors;`);
  assert.deepEqual(errors, [
    "TypeError: Incorrect type for the 'tails' field on 'WorkerCode': the pr",
    "TypeError: Incorrect type for array element 0: the provided value is no",
    "RangeError: A Worker can have 64 tails.",
    "TypeError: 'logs' is \"collect\", or absent.",
    "DataCloneError: Entrypoints to dynamically-loaded workers cannot be transfer",
    "The RPC receiver does not implement the method \"logs\".",
  ]);
});

test("a host Worker that dies ends what it loaded; the record comes to its next isolate, and harms nobody", async () => {
  const source = `import { WorkerEntrypoint } from "cloudflare:workers";
    const seen = [];
    export class Tail extends WorkerEntrypoint { tail(events) { for (const e of events) { seen.push(e.outcome); console.log("tail", e.outcome); } } }
    const CODE = "export default { async fetch() { console.log('begun'); await scheduler.wait(60000); } }";
    export default { async fetch(request, env, ctx) {
      if (new URL(request.url).pathname === "/seen") return Response.json(seen);
      const sandbox = env.LOADER.load({ compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": CODE }, tails: [ctx.exports.Tail] });
      sandbox.getEntrypoint().fetch("http://x/").catch(() => {});
      await scheduler.wait(50);
      for (;;);
    } };`;
  const server = await serve({ "index.js": source }, { worker_loaders: [{ binding: "LOADER" }], limits: { cpu_ms: 100 } });
  for (let i = 1; i <= 3; i++) {
    assert.equal((await request(server, "/die")).status, 503);
    await server.logged(new RegExp(`(log worker: tail canceled[^]*){${i}}`));
    assert.deepEqual(JSON.parse((await request(server, "/seen")).text), ["canceled"]);
  }
  assert.doesNotMatch(server.log, /protocol/);
  await server.stop();
});
