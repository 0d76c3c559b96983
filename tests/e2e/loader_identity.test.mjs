// Who gets which isolate: never one that was made for another loader, another end of a name's life, or with other limits.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { load, request, serve, serveDispatch, sleep } from "./harness.mjs";

// What is loaded tells who made it and how often it was called. `made` counts what was made, over all host Workers' calls.
const MAIN = `
import { abortIsolate } from "cloudflare:workers";
const SOURCE = \`
  import { abortIsolate } from "cloudflare:workers";
  let n = 0;
  export default { async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/abort") abortIsolate("enough");
    if (pathname === "/spin") for (;;);
    if (pathname === "/out") return await fetch("http://any/");
    if (pathname === "/wait") await new Promise((resolve) => setTimeout(resolve, 1e6));
    return Response.json({ ...env, n: ++n });
  } };\`;
const START = "for (let i = 0; i < 4e7; i++);";
const told = (e) => e.name + ": " + e.message;
let made = 0;
const code = (who, more) => ({ compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": SOURCE }, env: { who, made: ++made }, limits: { cpuMs: 100 }, ...more });
const call = async (worker, path = "/") => await worker.getEntrypoint().fetch("http://x" + path).then((r) => r.json(), told);
const ways = {
  get: (env, who, loader, name) => call(env[loader].get(name, () => code(who))),
  // Ends the Worker of a name in this way, and asks for it again by the old stub, by another one of before, and by a new one.
  async end(env, who, way) {
    const name = "end " + way, get = () => env.ONE.get(name, () => code(who));
    const first = get(), second = get(), before = [await call(first), await call(second)];
    const ended = way === "delete" ? await env.ONE.delete(name) : await call(second, "/" + way);
    const said = await call(first);
    return { before, ended, said, second: await call(second), again: await call(get()), other: await call(second) };
  },
  async deleteDuringStart(env, who, how) {
    const name = "starts " + how;
    const slow = () => code(who, { modules: { "m.js": START + SOURCE }, limits: {} });
    const worker = env.ONE.get(name, how === "callback" ? () => new Promise((resolve) => setTimeout(() => resolve(slow()), 60)) : slow);
    const answers = [call(worker), call(env.ONE.get(name, slow))];
    await new Promise((resolve) => setTimeout(resolve, 20));
    const listed = (await env.ONE.list()).find(({ id }) => id === name);
    const deleted = await env.ONE.delete(name);
    return { listed, deleted, answers: await Promise.all(answers), left: (await env.ONE.list()).some(({ id }) => id === name),
      again: await call(env.ONE.get(name, () => code(who))), twice: await env.ONE.delete(name) };
  },
  async deleteDuringEvent(env, who) {
    const worker = env.ONE.get("runs", () => code(who)), running = call(worker, "/wait");
    await call(worker);
    const deleted = await env.ONE.delete("runs");
    return { deleted, running: await running, again: await call(env.ONE.get("runs", () => code(who))) };
  },
  async unnamed(env, who) {
    const answers = [];
    for (const name of [null, undefined, null]) answers.push((await call(env.ONE.get(name, () => code(who)))).n);
    for (let i = 0; i < 2; i++) answers.push((await call(env.ONE.load(code(who)))).n);
    return [answers, (await env.ONE.list()).filter(({ id }) => id === "null" || id === "undefined" || id === "(loaded)").length];
  },
  // The same name in two loaders, each with its own env, outbound and limits.
  async apart(env, who) {
    const open = env.ONE.get("apart", () => code("open", { globalOutbound: env.SELF }));
    const closed = env.TWO.get("apart", () => code("closed", { globalOutbound: null, limits: { cpuMs: 30 } }));
    return [await call(open), await call(closed), await call(open, "/out"), await call(closed, "/out"), await call(open), await call(closed)];
  },
  // The first callback makes the Worker; a later one does not change what it may do.
  async first(env, who) {
    const closed = env.ONE.get("first", () => code("closed", { globalOutbound: null }));
    const answers = [await call(closed)];
    const open = env.ONE.get("first", () => code("open", { globalOutbound: env.SELF }));
    return [...answers, await call(open), await call(open, "/out")];
  },
};
const serveAs = (who) => ({
  async fetch(request, env) {
    const { host, pathname } = new URL(request.url);
    if (host === "any") return Response.json("outbound of " + who);
    const [way, ...args] = pathname.slice(1).split("/").map(decodeURIComponent);
    if (way === "peer") return await env.PEER.fetch("http://peer/" + args.map(encodeURIComponent).join("/"));
    return Response.json(await ways[way](env, who, ...args));
  },
});
`;
const LOADERS = [{ binding: "ONE", id: "shared" }, { binding: "TWO" }, { binding: "OTHER", id: "other" }];

let server;
before(async () => {
  server = await serve(
    { "index.js": `${MAIN}export default serveAs("main");`, "peer.js": `${MAIN}export default serveAs("peer");` },
    {
      name: "main",
      worker_loaders: LOADERS,
      services: [{ binding: "PEER", service: "peer" }, { binding: "SELF", service: "main" }],
      workers: [{ name: "peer", main: "peer.js", worker_loaders: LOADERS }],
    },
  );
});
after(async () => assert.deepEqual(await server.stop(), { code: 0, signal: null }));
const ask = async (...parts) => JSON.parse((await request(server, `/${parts.map(encodeURIComponent).join("/")}`)).text);

test("two host Workers share the names of a loader id, and no others", async () => {
  assert.deepEqual((await ask("get", "ONE", "a")).n, 1);
  const shared = await ask("peer", "get", "ONE", "a");
  assert.deepEqual([shared.who, shared.n], ["main", 2]);
  for (const [loader, owner] of [["TWO", "peer"], ["OTHER", "peer"]]) {
    const theirs = await ask("peer", "get", loader, "a");
    assert.deepEqual([theirs.who, theirs.n], [owner, 1], loader);
    const ours = await ask("get", loader, "a");
    assert.deepEqual([ours.who, ours.n], loader === "TWO" ? ["main", 1] : ["peer", 2], loader);
  }
});

test("unnamed ones are never shared, and never listed", async () => assert.deepEqual(await ask("unnamed"), [[1, 1, 1, 1, 1], 0]));

test("one name in two loaders: each has its own env, outbound and limits", async () => {
  const [open, closed, out, none, ...again] = await ask("apart");
  assert.deepEqual([open.who, closed.who, open.n, closed.n], ["open", "closed", 1, 1]);
  assert.equal(out, "outbound of main");
  assert.match(none, /^Error: This worker is not permitted to access the internet/);
  assert.deepEqual(again.map(({ who, n }) => [who, n]), [["open", 2], ["closed", 2]]);
});

test("whose callback came first decides what a Worker may do", async () => {
  const [one, two, out] = await ask("first");
  assert.deepEqual([one.who, one.n, two.who, two.n, one.made === two.made], ["closed", 1, "closed", 2, true]);
  assert.match(out, /^Error: This worker is not permitted to access the internet/);
});

for (const [way, ended] of [
  ["delete", /^true$/],
  ["abort", /^Error: internal error; reference = \w+$/],
  ["spin", /^ExceededCpuError: /],
]) {
  test(`what was ended by ${way} is never resumed`, async () => {
    const told = await ask("end", way);
    assert.match(String(told.ended), ended);
    assert.deepEqual(told.before.map(({ n }) => n), [1, 2]);
    const made = told.before[0].made;
    const later = [told.said, told.second, told.again, told.other].filter((answer) => typeof answer === "object");
    for (const answer of later) assert.ok(answer.made > made, "made anew");
    assert.ok(later.length >= 3, JSON.stringify(told));
    assert.deepEqual(later.map(({ n }) => n), later.map((_, i) => i + 1), "and since then the same");
  });
}

test("what was evicted is made anew, with the env of now", async () => {
  const short = await serveDispatch({ isolate_idle_ms: 20 });
  const spec = (n) => ({ get: "evicted", code: { env: { n }, modules: { "m.js": "let c = 0; export default { fetch: (r, env) => Response.json([env.n, ++c]) };" } } });
  const once = async (n) => JSON.parse((await load(short, spec(n))).text);
  assert.deepEqual(await once(1), [1, 1]);
  for (let n = 2, last = 1; last === 1; n++) {
    await sleep(60);
    const [env, count] = await once(n);
    if (env !== 1) assert.deepEqual([env, count], [n, 1]);
    last = env;
  }
  assert.equal((await short.stop()).code, 0);
});

for (const how of ["callback", "modules"]) {
  test(`delete() and list() while it starts: its ${how}`, async () => {
    const { listed, deleted, answers, left, again, twice } = await ask("deleteDuringStart", how);
    assert.deepEqual([listed.loaded, deleted, left, twice], [false, true, false, true]);
    for (const answer of answers) assert.match(answer, /^Error: .*it was deleted$/);
    assert.equal(again.n, 1);
  });
}

test("delete() while an event runs", async () => {
  const { deleted, running, again } = await ask("deleteDuringEvent");
  assert.equal(deleted, true);
  assert.match(running, /it was deleted$/);
  assert.equal(again.n, 1);
});

test("after the cell was lost, the next get() makes a new one", async () => {
  const own = await serveDispatch();
  const spec = { get: "lost", code: "let n = 0; export default { fetch: () => new Response(String(++n)) };" };
  assert.equal((await load(own, spec)).text, "1");
  assert.equal((await load(own, spec)).text, "2");
  for (const pid of own.cells()) process.kill(pid, "SIGKILL");
  let answer;
  do answer = (await load(own, spec)).text;
  while (!/^\d+$/.test(answer));
  assert.equal(answer, "1");
  assert.equal((await own.stop()).code, 0);
});
