// scheduled(): events by hand (--test-scheduled), crons of the configuration, limits, and what is in the log and in the
// items of tails. At which minutes crons fire is tested in tests/unit (test_cron.c, test_gateway_events.c).
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { DATE, directory, request, root, run, serve, serveDirectory } from "./harness.mjs";

const PATH = "/cdn-cgi/handler/scheduled";
const WORKER = `
let events = [];
export default {
  async fetch(request) {
    if (new URL(request.url).pathname === "/events") return Response.json(events.splice(0));
    return new Response("fetch " + new URL(request.url).pathname + " " + request.method);
  },
  async scheduled(controller, env, ctx) {
    const { cron, scheduledTime } = controller;
    events.push([cron, scheduledTime, typeof env, typeof ctx.waitUntil]);
    console.log("scheduled", cron);
    if (cron === "throw") throw new TypeError("it threw\\nmayfly: forged");
    if (cron === "later") ctx.waitUntil(scheduler.wait(10).then(() => { throw new Error("late"); }));
    if (cron === "spin") for (;;);
    if (cron === "slow") await scheduler.wait(60000);
    if (cron === "memory") { const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1)); }
    if (cron === "hang") await new Promise(() => {});
    if (cron === "noRetry") controller.noRetry();
  },
};`;

const limits = { cpu_ms: 2000, wall_ms: 8000, memory_mb: 64 };

test("by hand, when it was asked for", async () => {
  const server = await serve({ "index.js": WORKER }, { limits }, ["--test-scheduled"]);
  const hand = async (query, init) => {
    const { status, text } = await request(server, PATH + query, init);
    return [status, text];
  };
  const events = async () => JSON.parse((await request(server, "/events")).text);
  assert.deepEqual(await hand("?cron=*+*+*%20*+*&time=1767225600000"), [200, "ok"]);
  assert.deepEqual(await events(), [["* * * * *", 1767225600000, "object", "function"]]);
  assert.deepEqual(await hand("?time=-5&x=y&cron=%E2%82%AC%zz%"), [200, "ok"]);
  assert.deepEqual(await events(), [["€%zz%", -5, "object", "function"]]);
  const before = Date.now();
  assert.deepEqual(await hand(""), [200, "ok"]);
  const [[cron, time]] = await events();
  assert.equal(cron, "");
  assert.ok(time >= before && time <= Date.now());
  assert.deepEqual(await hand("?xcron=1&cron"), [200, "ok"]);
  assert.deepEqual((await events())[0][0], "");
  assert.deepEqual(await hand(`?cron=${"a".repeat(3000)}`), [200, "ok"]);
  assert.equal((await events())[0][0].length, 256);
  assert.deepEqual(await hand("?cron=noRetry"), [200, "ok"]);
  assert.deepEqual(await hand("?cron=throw"), [500, "exception"]);
  assert.deepEqual(await hand("?cron=later"), [500, "exception"]);
  assert.deepEqual(await hand("?cron=hang"), [500, "exception"]);
  assert.deepEqual(await hand("?cron=spin"), [500, "exceededCpu"]);
  assert.deepEqual(await hand("?cron=slow"), [500, "exceededWallTime"]);
  assert.deepEqual(await hand("?cron=memory"), [500, "exceededMemory"]);
  for (const time of ["x", "1x", "99999999999999999999", "8640000000000001"])
    assert.equal((await hand(`?time=${time}`))[0], 400, time);
  assert.equal((await hand("", { method: "POST", body: "x" }))[0], 400);
  assert.deepEqual(await hand("", { method: "POST" }), [200, "ok"]);
  assert.deepEqual(await hand("s"), [200, `fetch ${PATH}s GET`]);
  assert.deepEqual(await hand("/"), [200, `fetch ${PATH}/ GET`]);
  await server.logged(/^log worker: scheduled throw$/m);
  await server.logged(/^error worker: Uncaught TypeError: it threw\n {4}mayfly: forged/m);
  await server.logged(/^error worker: waitUntil\(\) rejected: Error: late/m);
  await server.logged(/^error worker: .*ExceededCpuError/m);
  await server.stop();
});

test("not by hand otherwise: the Worker answers", async () => {
  const server = await serve({ "index.js": WORKER }, { triggers: { crons: ["0 0 1 1 *"] } });
  const { status, text } = await request(server, PATH);
  assert.deepEqual([status, text], [200, `fetch ${PATH} GET`]);
  assert.doesNotMatch(server.log, /not supported/);
  const { code } = await server.stop();
  assert.equal(code, 0);
});

test("a Worker without scheduled()", async () => {
  const server = await serve({ "index.js": "export default { fetch() { return new Response('x'); } }" }, {}, ["--test-scheduled"]);
  const { status, text } = await request(server, PATH);
  assert.deepEqual([status, text], [500, "exception"]);
  await server.logged(/^error worker: Uncaught Error: Handler does not export a scheduled\(\) function$/m);
  await server.logged(/^warn worker: Received a ScheduledEvent but we lack a handler for ScheduledEvents /m);
  await server.stop();
});

// The server believes that a minute ends in four seconds.
test("the clock runs it", async () => {
  const shim = path.join(directory({}), "clock.so");
  execFileSync("cc", ["-shared", "-fPIC", "-o", shim, path.join(root, "tests/e2e/shifted_clock.c"), "-ldl"]);
  const made = directory({ "index.js": WORKER, "wrangler.jsonc": JSON.stringify({ main: "index.js", compatibility_date: DATE,
    triggers: { crons: ["* * * * *", "0 0 29 2 *"] }, workers: [{ name: "second", main: "index.js", triggers: { crons: ["*/1 * * * *"] } }] }) });
  const env = { ...process.env, LD_PRELOAD: shim, CLOCK_SHIFT_MS: `${56000 - (Date.now() % 60000) + 120000}`,
    ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ""}:verify_asan_link_order=0` };
  const server = await serveDirectory(made, [], { env });
  await server.logged(/^log worker: scheduled \* \* \* \* \*$/m);
  await server.logged(/^log second: scheduled \*\/1 \* \* \* \*$/m);
  const events = JSON.parse((await request(server, "/events")).text);
  assert.equal(events.length, 1);
  assert.equal(events[0][1] % 60000, 0);
  await server.stop();
});

test("a wrong cron is refused at the start, with its place", async () => {
  const made = directory({ "index.js": WORKER,
    "wrangler.jsonc": `{ "main": "index.js", "compatibility_date": "${DATE}",\n  "triggers": { "crons": ["*/5 * * * *", "0 25 * * *"] } }` });
  const { code, err } = await run(["serve", made, "--listen", "127.0.0.1:0"]);
  assert.equal(code, 1);
  assert.match(err, /wrangler\.jsonc:2:45: "0 25 \* \* \*" is no cron expression: an hour is 0 to 23/);
});

const SANDBOX = `
export default { async scheduled({ cron, scheduledTime }, env, ctx) {
  console.log("in", cron);
  if (cron === "spin") for (;;);
  if (cron === "throw") throw new RangeError("thrown");
  if (cron === "twice") for (let i = 0; i < 2; i++) await env.ECHO.fetch("http://echo/");
  if (cron === "both") { ctx.waitUntil(Promise.reject(new Error("late"))); throw new Error("first"); }
} };`;
const HOST = `import { WorkerEntrypoint } from "cloudflare:workers";
const seen = [];
export class Tail extends WorkerEntrypoint { tail(events) { seen.push(...events); } }
export class Echo extends WorkerEntrypoint { fetch() { return new Response("echo"); } }
export default { async fetch(request, env, ctx) {
  const sandbox = env.LOADER.load({ compatibilityDate: "${DATE}", mainModule: "m.js", limits: { cpuMs: 100 },
    modules: { "m.js": ${JSON.stringify(SANDBOX)} }, tails: [ctx.exports.Tail], env: { ECHO: ctx.exports.Echo({}) } });
  const { searchParams } = new URL(request.url), cron = searchParams.get("cron");
  const limits = JSON.parse(searchParams.get("limits") ?? "{}");
  const result = await sandbox.getEntrypoint(null, { limits }).scheduled({ cron, scheduledTime: new Date(1e12) });
  for (let i = 0; i < 300 && !seen.length; i++) await scheduler.wait(10);
  const [{ outcome, event, logs, exceptions }] = seen.splice(0);
  return Response.json({ result, outcome, event, kind: event.constructor.name, logs: logs.map((l) => l.message),
    exceptions: exceptions.map((e) => e.message) });
} };`;

test("of dynamic Workers: the outcome at the caller, and what tails get", async () => {
  const server = await serve({ "index.js": HOST },
    { worker_loaders: [{ binding: "LOADER" }], compatibility_flags: ["service_binding_extra_handlers"] });
  const ask = async (cron) => JSON.parse((await request(server, `/?cron=${cron}`)).text);
  const expected = (cron, outcome, exceptions) => ({ result: { outcome, noRetry: false }, outcome,
    event: { cron, scheduledTime: 1e12 }, kind: "ScheduledEventInfo", logs: [["in", cron]], exceptions });
  assert.deepEqual(await ask("ok"), expected("ok", "ok", []));
  assert.deepEqual(await ask("throw"), expected("throw", "exception", ["thrown"]));
  assert.deepEqual((await ask("both")).exceptions.sort(), ["first", "late"]);
  assert.deepEqual(await ask("twice"), expected("twice", "ok", []));
  const [refused] = (await ask('twice&limits={"subRequests":1}')).exceptions;
  assert.match(refused, /subrequests/i, "the limits of getEntrypoint() hold");
  assert.deepEqual(await ask("spin"), expected("spin", "exceededCpu", ["Worker exceeded CPU time limit."]));
  await server.stop();
});
