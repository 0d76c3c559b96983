// env.LOADER.list() and delete(): which named Workers there are, and the end of one.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { request, serve } from "./harness.mjs";

const MAIN = `
const DATE = "2026-11-01";
const COUNTER = "let n = 0; export default { async fetch(request) {" +
  "if (request.url.endsWith('/slow')) await new Promise((r) => setTimeout(r, 1e6)); return new Response(String(++n)); } };";
const code = (source = COUNTER) => ({ compatibilityDate: DATE, mainModule: "m.js", modules: { "m.js": source } });
let callbacks = 0;
const told = (e) => e.name + ": " + e.message;
const paths = {
  async get(env, name, path) {
    const worker = env.ONE.get(name, () => { callbacks++; return code(); });
    return await (await worker.getEntrypoint().fetch("http://x/" + (path ?? ""))).text();
  },
  async copy(env, name, path) {
    const worker = env.ONE.get(name, () => code(), { fresh: true });
    return await (await worker.getEntrypoint().fetch("http://x/" + (path ?? ""))).text();
  },
  list: (env, which) => env[which].list(),
  delete: (env, which, name) => env[which].delete(name),
  bare: (env) => env.ONE.delete().catch(told),
  callbacks: () => callbacks,
  async during(env, fresh) {
    const stub = env.ONE.get("during", () => code(), { fresh: fresh === "fresh" }).getEntrypoint();
    const slow = stub.fetch("http://x/slow").catch(told);
    await stub.fetch("http://x/");
    const before = (await env.ONE.list()).find(({ id }) => id === "during");
    const deleted = await env.ONE.delete("during");
    return [before.events, before.fresh, deleted, await slow];
  },
  async waiting(env) {
    let give;
    const stub = env.ONE.get("waiting", () => new Promise((resolve) => { give = resolve; })).getEntrypoint();
    const answer = stub.fetch("http://x/").then((r) => r.text(), told);
    await scheduler.wait(1);
    const [listed] = (await env.ONE.list()).filter(({ id }) => id === "waiting");
    const deleted = await env.ONE.delete("waiting");
    give(code());
    return [listed.loaded, deleted, await answer, await env.ONE.delete("waiting")];
  },
  async many(env, n) {
    const names = Array.from({ length: Number(n) }, (_, i) => "n" + i + "/" + "\\u00e9".repeat(300));
    await Promise.all(names.map((name) => env.ONE.get(name, () => code()).getEntrypoint().fetch("http://x/")));
    const listed = new Set((await env.ONE.list()).map(({ id }) => id));
    const gone = await Promise.all(names.map((name) => env.ONE.delete(name)));
    return [names.every((name) => listed.has(name)), gone.every(Boolean), (await env.ONE.list()).length];
  },
};
export default {
  async fetch(request, env) {
    const [, name, ...rest] = new URL(request.url).pathname.split("/").map(decodeURIComponent);
    try {
      return Response.json(await paths[name](env, ...rest));
    } catch (e) {
      return Response.json(told(e), { status: 500 });
    }
  },
};`;

let server;
before(async () => {
  const loaders = [{ binding: "ONE", id: "one" }, { binding: "SAME", id: "one" }, { binding: "OTHER" }];
  server = await serve({ "index.js": MAIN }, { worker_loaders: loaders });
});
after(async () => assert.deepEqual(await server.stop(), { code: 0, signal: null }));
const ask = async (...path) => JSON.parse((await request(server, "/" + path.map(encodeURIComponent).join("/"))).text);

test("a name is listed once it was got, with what is known of it", async () => {
  assert.deepEqual(await ask("list", "ONE"), []);
  assert.equal(await ask("get", "a ü \u{1f600}"), "1");
  const [only, ...more] = await ask("list", "ONE");
  assert.deepEqual(more, []);
  const { idleMs, memory, ...rest } = only;
  assert.deepEqual(rest, { id: "a ü \u{1f600}", fresh: false, loaded: true, events: 0 });
  assert.equal(typeof idleMs, "number");
  assert.ok(memory > 0, memory);
});

test("two bindings of one id share names, others do not", async () => {
  assert.deepEqual((await ask("list", "SAME")).map(({ id }) => id), ["a ü \u{1f600}"]);
  assert.deepEqual(await ask("list", "OTHER"), []);
  assert.equal(await ask("delete", "OTHER", "a ü \u{1f600}"), false);
  assert.equal(await ask("delete", "SAME", "a ü \u{1f600}"), true);
  assert.deepEqual(await ask("list", "ONE"), []);
});

test("a deleted Worker is loaded anew by the next get()", async () => {
  const before = await ask("callbacks");
  assert.equal(await ask("get", "again"), "1");
  assert.equal(await ask("get", "again"), "2");
  assert.equal(await ask("delete", "ONE", "again"), true);
  assert.equal(await ask("delete", "ONE", "again"), false);
  assert.equal(await ask("get", "again"), "1");
  assert.equal((await ask("callbacks")) - before, 2);
});

test("what is in progress ends with it", async () => {
  for (const how of ["warm", "fresh"]) {
    const [events, fresh, deleted, slow] = await ask("during", how);
    assert.deepEqual([events, fresh, deleted], [1, how === "fresh", true]);
    assert.match(slow, /deleted/);
  }
});

test("one that waits for its code", async () => {
  const [loaded, deleted, answer, again] = await ask("waiting");
  assert.deepEqual([loaded, deleted, again], [false, true, false]);
  assert.match(answer, /deleted/);
});

test("both of a name, with and without fresh, are deleted together", async () => {
  assert.equal(await ask("get", "both"), "1");
  assert.equal(await ask("copy", "both"), "1");
  assert.deepEqual((await ask("list", "ONE")).filter(({ id }) => id === "both").map(({ fresh }) => fresh).sort(), [false, true]);
  assert.equal(await ask("delete", "ONE", "both"), true);
  assert.deepEqual((await ask("list", "ONE")).filter(({ id }) => id === "both"), []);
});

test("a list longer than a frame", async () => {
  for (const { id } of await ask("list", "ONE")) await ask("delete", "ONE", id);
  assert.deepEqual(await ask("many", "300"), [true, true, 0]);
});

test("delete() without a name", async () => {
  assert.match(await ask("bare"), /^TypeError: .*parameter 1/);
});
