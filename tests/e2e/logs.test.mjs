// What Workers log, in the server's log: text or JSON, bounded, and never able to forge a line.
import assert from "node:assert/strict";
import { test } from "node:test";
import { request, serve } from "./harness.mjs";

// Loads the code of the request's body and passes the request on, to a Worker with the name of ?name, if there is one.
const LOADING = `export default { async fetch(request, env) {
  const name = new URL(request.url).searchParams.get("name");
  const code = { compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": await request.text() } };
  const worker = name === null ? env.LOADER.load(code) : env.LOADER.get(name, () => code);
  return worker.getEntrypoint().fetch("http://x/");
} }`;
const start = (limits = {}, args = []) =>
  serve({ "index.js": LOADING }, { worker_loaders: [{ binding: "LOADER" }], limits }, args);
const logging = (statements) => `export default { fetch() { ${statements}; return new Response("ok"); } }`;
const run = async (server, statements, target = "/") =>
  assert.equal((await request(server, target, { method: "POST", body: logging(statements) })).text, "ok");
const json = (server) => server.log.trimEnd().split("\n").map((line) => JSON.parse(line));

// The server's whole log, after it ended.
async function logOf(server) {
  await server.stop();
  return server.log;
}

test("text: level, Worker and message, further lines indented", async () => {
  const server = await start();
  await run(server, `console.log("one\\ntwo"); console.warn("three", { four: 4 })`);
  await run(server, `console.error("five")`, "/?name=tenant");
  const log = await logOf(server);
  assert.match(log, /^log \(loaded\): one\n {4}two\nwarn \(loaded\): three \{ four: 4 \}$/m);
  assert.match(log, /^error tenant: five$/m);
});

test("json: each line an object, with the Worker's name and number", async () => {
  const server = await start({}, ["--log-format", "json"]);
  await run(server, `console.log("one\\ntwo \\u2028 \\"q\\" \\\\"); console.debug("d")`);
  await run(server, `console.info("again")`);
  await run(server, `console.error("five")`, "/?name=tenant");
  await server.stop();
  const lines = json(server), logged = lines.filter((line) => line.worker !== undefined);
  for (const line of lines) assert.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(logged.map(({ level, worker, message }) => [level, worker, message]), [
    ["log", "(loaded)", `one\ntwo \u2028 "q" \\`],
    ["debug", "(loaded)", "d"],
    ["info", "(loaded)", "again"],
    ["error", "tenant", "five"],
  ]);
  assert.equal(logged[0].id, logged[1].id);
  assert.equal(new Set(logged.map(({ id }) => id)).size, 3, "each Worker has a number of its own");
  assert.ok(lines.some(({ worker, message }) => worker === undefined && /^listening on /.test(message)));
});

const named = (name) => `/?name=${encodeURIComponent(name.toWellFormed())}`;
const FORGERIES = [
  "\r\nmayfly: forged",
  "\n{\"time\":\"now\",\"message\":\"forged\"}",
  "x\u2028mayfly: forged",
  "\x1b[2J\x1b]0;title\x07\x9b1m\x85",
  "\x00\x08\x7f\ud800",
  "\",\"worker\":\"other\",\"x\":\"",
  "\u202egnihtemos\u2066 \u2069\u200e\u061c",
  "ten\u200bant\ufeff\u2060-\u{e0031}\u00ad",
];
const DECEIVING = /[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e0fff}]/u;

test("json: nothing that is logged, or is a name, forges a line or drives a terminal", async () => {
  const server = await start({}, ["--log-format", "json"]);
  for (const text of FORGERIES) await run(server, `console.log(${JSON.stringify(text)})`, named(text));
  await server.stop();
  const logged = json(server).filter((line) => line.worker !== undefined);
  assert.deepEqual(logged.map(({ message }) => message), FORGERIES.map((text) => text.toWellFormed().replaceAll("\ufffd", "\ufffd\ufffd\ufffd")));
  assert.ok(logged.every((line) => Object.keys(line).join() === "time,level,worker,id,message"));
  assert.doesNotMatch(server.log, /[^\n -\x7e\ufffd]/, "only printable characters");
});

test("text: nothing that is logged, or is a name, forges a line or drives a terminal", async () => {
  const server = await start({ cpu_ms: 50 });
  for (const text of FORGERIES) await run(server, `console.log(${JSON.stringify(text)})`, named(text));
  for (const text of FORGERIES) {
    const endless = "export default { fetch() { for (;;); } }"; // the gateway has to say about this one
    await request(server, named(`e${text}`), { method: "POST", body: endless });
  }
  const log = await logOf(server);
  assert.equal(log.match(/^mayfly: Worker e/gm).length, FORGERIES.length);
  assert.doesNotMatch(log, /\n(mayfly: forged|\{)/);
  assert.doesNotMatch(log, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  assert.doesNotMatch(log, DECEIVING);
  assert.ok(log.includes("\\u202egnihtemos\\u2066 \\u2069\\u200e\\u061c") && log.includes("ten\\u200bant\\ufeff\\u2060-\\u{e0031}\\u00ad"));
});

test("lines and bytes of a Worker per second are bounded, and what was dropped is told", async () => {
  for (const [limits, statement, most] of [
    [{ log_lines: 10 }, `for (let i = 0; i < 1000; i++) console.log("flood", i)`, 20],
    [{ log_kb: 16 }, `for (let i = 0; i < 100; i++) console.log("flood" + "x".repeat(4000))`, 8],
  ]) {
    const server = await start(limits);
    await run(server, statement);
    await run(server, `console.log("the other is heard")`);
    const log = await logOf(server), kept = log.match(/flood/g).length;
    assert.ok(kept <= most && kept > 0, `${kept} lines`);
    const dropped = [...log.matchAll(/Worker \(loaded\): (\d+) lines dropped/g)];
    assert.equal(dropped.reduce((sum, [, n]) => sum + Number(n), 0) + kept, statement.includes("1000") ? 1000 : 100);
    assert.match(log, /the other is heard/);
  }
});

test("the copies of a fresh Worker share one allowance", async () => {
  const source = LOADING.replace("() => code)", "() => code, { fresh: true })");
  const server = await serve({ "index.js": source }, { worker_loaders: [{ binding: "LOADER" }], limits: { log_lines: 10 } });
  for (let i = 0; i < 5; i++) await run(server, `for (let i = 0; i < 100; i++) console.log("flood", i)`, "/?name=f");
  assert.ok((await logOf(server)).match(/flood/g).length <= 20);
});

test("a long line is cut", async () => {
  const server = await start({}, ["--log-format", "json"]);
  await run(server, `console.log("\\u{1F600}".repeat(10000))`);
  await server.stop();
  const [line] = json(server).filter(({ worker }) => worker !== undefined);
  assert.match(line.message, /^(\u{1F600})+$/u);
  assert.ok(line.message.length < 5000);
});
