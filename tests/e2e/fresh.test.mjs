// fresh: true of load() and get(): each event runs in a new copy of the Worker as its modules left it.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { request, serve, settled, sleep } from "./harness.mjs";

const MAIN = `
import { WorkerEntrypoint } from "cloudflare:workers";
const DATE = "2026-11-01";
const UNREAD = \`
  import { WorkerEntrypoint, exports } from "cloudflare:workers";
  let count = 0;
  const seen = new Map([["first", 1], ["second", 2]]), objects = new WeakMap(), big = new Uint8Array(3 << 20).fill(7);
  const drawn = Math.random(), evaluated = [];
  const later = await new Promise((resolve) => Promise.resolve(5).then(resolve));
  evaluated.push(later);
  export default {
    async fetch(request, env, ctx) {
      const path = new URL(request.url).pathname;
      if (path === "/loop") for (;;);
      if (path === "/throw") throw new RangeError("no " + ++count);
      if (path === "/grow") { globalThis.kept = new Uint8Array(20 << 20).fill(1); return new Response(String(++count)); }
      if (path === "/wait") { ctx.waitUntil(scheduler.wait(20).then(() => env.SINK.add("waited " + ++count))); return new Response("soon"); }
      if (path === "/stream") {
        let n = 0;
        return new Response(new ReadableStream({ pull(c) { if (n++ < 5) c.enqueue(new TextEncoder().encode(String(++count))); else c.close(); } }));
      }
      if (path === "/random") return Response.json([Math.random(), crypto.randomUUID(), drawn]);
      if (path === "/body") return new Response(String((await request.text()).length));
      if (path === "/caps") return Response.json([await env.SINK.add("from " + ++count), await ctx.exports.Other({ props: { p: 1 } }).bump(), await ctx.exports.Other({ props: { p: 2 } }).bump(), count]);
      seen.set(path, count);
      Array.prototype.polluted = (Array.prototype.polluted ?? 0) + 1;
      objects.set(seen, path);
      return Response.json([++count, seen.size, seen.get("second"), [].polluted, big[3 << 19], evaluated, objects.get(seen)]);
    },
  };
  export class Other extends WorkerEntrypoint {
    bump() { return [++count, this.ctx.props.p]; }
    async twice() { return [await this.self(), count]; }
    self() { return ++count; }
    object() { return { next: () => ++count, env: typeof this.env.SINK }; }
  }\`;
const added = [];
export class Sink extends WorkerEntrypoint {
  add(line) { return added.push(line); }
}
let callbacks = 0, mine = 0;
const code = (ctx, more) => ({ compatibilityDate: DATE, mainModule: "m.js", modules: { "m.js": UNREAD }, env: { SINK: ctx.exports.Sink() },
  limits: { cpuMs: 100, memoryMb: 64 }, ...more });
export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url), [, how, ...rest] = url.pathname.split("/");
    const get = (name, options = { fresh: true }) => env.LOADER.get(name, () => { callbacks++; return code(ctx); }, options);
    const path = "http://x/" + rest.join("/");
    try {
      if (how === "get") return await get("kept").getEntrypoint().fetch(path, request);
      if (how === "plain") return await get("kept", {}).getEntrypoint().fetch(path, request);
      if (how === "callbacks") return Response.json(callbacks);
      if (how === "added") return Response.json(added);
      if (how === "load") {
        const worker = env.LOADER.load(code(ctx, { fresh: true })).getEntrypoint();
        return Response.json([await (await worker.fetch(path)).json(), await (await worker.fetch(path)).json()]);
      }
      if (how === "rpc") {
        const other = get("kept").getEntrypoint("Other", { props: { p: 9 } });
        const object = await other.object();
        return Response.json([await other.bump(), await other.bump(), await other.twice(), await object.next(), await object.next(), object.env, await other.bump()]);
      }
      if (how === "broken") {
        const worker = env.LOADER.get("broken" + ++mine, () => code(ctx, { modules: { "m.js": "let a = 1;\\nthrow new TypeError('at top');" } }), { fresh: true });
        const told = (e) => e.name + ": " + e.message + " " + /m\\.js:2/.test(e.stack);
        return Response.json(await Promise.all([1, 2, 3].map(() => worker.getEntrypoint().fetch(path).catch(told))));
      }
      if (how === "misplaced") return await env.LOADER.get("misplaced", () => code(ctx, { fresh: true })).getEntrypoint().fetch(path);
      if (how === "many") {
        const all = await Promise.all(Array.from({ length: 200 }, async () => (await (await get("kept").getEntrypoint().fetch("http://x/")).json())[0]));
        return Response.json(all);
      }
    } catch (e) {
      return Response.json({ name: e.name, message: e.message }, { status: 500 });
    }
  },
};`;

let server;
before(async () => {
  server = await serve({ "index.js": MAIN }, { worker_loaders: [{ binding: "LOADER" }], limits: { isolates: 300 } });
});
after(async () => assert.deepEqual(await server.stop(), { code: 0, signal: null }));

const ask = async (path, init) => JSON.parse((await request(server, path, init)).text);
const AS_NEW = [1, 3, 2, 1, 7, [5], "/"];

test("nothing of one request is seen in the next, and the modules are evaluated once", async () => {
  for (let i = 0; i < 20; i++) assert.deepEqual(await ask("/get/"), AS_NEW);
  assert.equal(await ask("/callbacks"), 1);
});

test("load() does the same for its own Worker", async () => {
  assert.deepEqual(await ask("/load/"), [AS_NEW, AS_NEW]);
});

test("the same name without fresh is another Worker, and keeps its state", async () => {
  assert.deepEqual(await ask("/plain/"), AS_NEW);
  assert.equal((await ask("/plain/"))[0], 2);
  assert.deepEqual(await ask("/get/"), AS_NEW);
});

test("two hundred at once are two hundred copies", async () => {
  assert.deepEqual(await ask("/many/"), Array(200).fill(1));
});

test("copies draw different random numbers; what the modules drew is the same in all", async () => {
  const all = [];
  for (let i = 0; i < 50; i++) all.push(await ask("/get/random"));
  assert.equal(new Set(all.map(([number]) => number)).size, 50);
  assert.equal(new Set(all.map(([, uuid]) => uuid)).size, 50);
  assert.equal(new Set(all.map(([, , drawn]) => drawn)).size, 1);
});

test("a copy that loops, throws or grows harms no other", async () => {
  assert.equal((await ask("/get/loop")).name, "ExceededCpuError");
  assert.deepEqual(await ask("/get/throw"), { name: "RangeError", message: "no 1" });
  assert.deepEqual(await ask("/get/throw"), { name: "RangeError", message: "no 1" });
  for (let i = 0; i < 5; i++) assert.equal(await ask("/get/grow"), 1);
  assert.deepEqual(await ask("/get/"), AS_NEW);
  assert.equal(await ask("/callbacks"), 2, "fresh and not fresh, once each");
});

test("a copy lives as long as its answer's body and waitUntil()", async () => {
  assert.equal((await request(server, "/get/stream")).text, "12345");
  assert.equal((await request(server, "/get/wait")).text, "soon");
  while (!(await ask("/added")).includes("waited 1")) await sleep(20);
  assert.equal((await request(server, "/get/body", { method: "POST", body: "x".repeat(300000) })).text, "300000");
});

test("bindings work in every copy, and ctx.exports leads to new ones", async () => {
  for (let i = 0; i < 3; i++) {
    const [n, first, second, count] = await ask("/get/caps");
    assert.equal(typeof n, "number");
    assert.deepEqual([first, second, count], [[1, 1], [1, 2], 1]);
  }
});

test("an RPC session is an event: a call on the entrypoint has its own copy, an object stays in the copy that made it", async () => {
  assert.deepEqual(await ask("/rpc/"), [[1, 9], [1, 9], [1, 1], 1, 2, "object", [1, 9]]);
});

test("modules that throw: each event gets their error", async () => {
  const error = "Error: Failed to start Worker:\nUncaught TypeError: at top\n  at m.js:2:7 true";
  assert.deepEqual(await ask("/broken/"), [error, error, error]);
});

test("fresh in what the callback of get() gives is an error", async () => {
  const { name, message } = await ask("/misplaced/");
  assert.equal(name, "TypeError");
  assert.match(message, /option of get\(\)/);
});

test("a template that was evicted is made anew, and copies in progress go on", async () => {
  const small = await serve({ "index.js": MAIN }, { worker_loaders: [{ binding: "LOADER" }], limits: { isolate_idle_ms: 20 } });
  const once = async () => JSON.parse((await request(small, "/get/")).text);
  const callbacks = async () => JSON.parse((await request(small, "/callbacks")).text);
  assert.deepEqual(await once(), AS_NEW);
  while ((await callbacks()) < 3) {
    await settled(callbacks, 4);
    const slow = request(small, "/get/wait");
    assert.deepEqual(await once(), AS_NEW);
    assert.equal((await slow).text, "soon");
  }
  while (!(await request(small, "/added")).text.includes("waited 1")) await sleep(20);
  assert.equal((await small.stop()).code, 0);
});
