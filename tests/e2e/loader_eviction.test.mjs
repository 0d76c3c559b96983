// Which named Workers make room for others: idle ones, the least recently used first, and never one that is in use.
import assert from "node:assert/strict";
import test from "node:test";
import { request, serve } from "./harness.mjs";

// A Worker that is kept in use in one way until it is told to let go. Its id says whether it is still the same.
const USED = `
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
let let_go = false, id, n = 0;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function held() {
  while (!let_go) await wait(2);
}
class Counter extends RpcTarget {
  n = 0;
  next() { return ++this.n; }
}
export default class extends WorkerEntrypoint {
  who() { return (id ??= crypto.randomUUID()); }
  letGo() { let_go = true; }
  event() { return held().then(() => "event"); }
  counter() { return new Counter(); }
  call(f) { this.ctx.waitUntil(held().then(() => f.dup())); return "kept"; }
  bytes() { return new ReadableStream({ type: "bytes", async pull(c) { c.enqueue(new Uint8Array(1)); await held(); c.close(); } }); }
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/event") await held();
    if (pathname === "/later") this.ctx.waitUntil(held());
    if (pathname === "/stream") return new Response(new ReadableStream({ async start(c) { c.enqueue(new TextEncoder().encode("a")); await held(); c.close(); } }));
    if (pathname === "/upload") return new Response(String((await request.arrayBuffer()).byteLength));
    if (pathname === "/socket") {
      const [client, server] = Object.values(new WebSocketPair());
      server.accept();
      server.addEventListener("message", ({ data }) => server.send("got " + data));
      return new Response(null, { status: 101, webSocket: client });
    }
    return new Response(pathname);
  }
}`;
const MAIN = `
import USED from "./used.txt";
const told = (e) => e.name + ": " + e.message;
const code = (source, env) => ({ compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": source }, env });
const OTHER = "export default { fetch: (r, env) => new Response(env.NAME) };";
const BIG = "const held = new Uint8Array(6 << 20).fill(1);" + OTHER;
const get = (env, name, source = USED) => env.LOADER.get(name, () => code(source, { NAME: name })).getEntrypoint();
const text = async (answer) => (await answer).text();
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// way -> (entrypoint) => what finishes the use, once the Worker lets go.
const uses = {
  async event(used) {
    const answer = text(used.fetch("http://x/event"));
    return () => answer;
  },
  async call(used) {
    const answer = used.event();
    answer.then(() => {});
    await wait(5);
    return () => answer;
  },
  async stream(used) {
    const reader = (await used.fetch("http://x/stream")).body.getReader();
    await reader.read();
    return async () => (await reader.read()).done && "stream";
  },
  async upload(used) {
    const { readable, writable } = new TransformStream(), writer = writable.getWriter();
    const answer = text(used.fetch("http://x/upload", { method: "POST", body: readable }));
    await writer.write(new Uint8Array(5));
    return async () => {
      await writer.close();
      return await answer;
    };
  },
  async socket(used) {
    const { webSocket } = await used.fetch("http://x/socket", { headers: { upgrade: "websocket" } });
    webSocket.accept();
    const ask = () => new Promise((resolve) => {
      webSocket.addEventListener("message", ({ data }) => resolve(data), { once: true });
      webSocket.send("hello");
    });
    await ask();
    return async () => {
      const answer = await ask();
      webSocket.close();
      return answer;
    };
  },
  async waitUntil(used) {
    await text(used.fetch("http://x/later"));
    return () => "later";
  },
  async stub(used) {
    const counter = await used.counter();
    await counter.next();
    return async () => {
      const n = await counter.next();
      counter[Symbol.dispose]();
      return n;
    };
  },
  async callback(used) {
    const answer = await used.call(() => 1);
    return () => answer;
  },
  async bytes(used) {
    const reader = (await used.bytes()).getReader();
    await reader.read();
    return async () => (await reader.read()).done && "bytes";
  },
};

const paths = {
  // One place is taken by the Worker in use; six others follow each other in the second one.
  async use(env, way, source) {
    const used = get(env, "used"), who = await used.who(), finish = await uses[way](used);
    const others = [];
    for (let i = 0; i < 6; i++) others.push(await text(get(env, "other " + i, source === "big" ? BIG : OTHER).fetch("http://x/")).catch(told));
    const same = (await get(env, "used").who()) === who;
    await used.letGo();
    return { others, same, finished: await finish() };
  },
  // When all places are in use: an error at once. When one is idle again: room.
  async full(env) {
    const [a, b] = [get(env, "a"), get(env, "b")];
    const running = [a.event(), b.event()];
    for (const each of running) each.then(() => {});
    await wait(5);
    const refused = [await text(get(env, "c", OTHER).fetch("http://x/")).catch(told), await get(env, "d").who().catch(told),
      await text(env.LOADER.load(code(OTHER, { NAME: "e" })).getEntrypoint().fetch("http://x/")).catch(told)];
    await a.letGo();
    await running[0];
    await wait(5);
    const again = await text(get(env, "c", OTHER).fetch("http://x/"));
    await b.letGo();
    return { refused, again, listed: (await env.LOADER.list()).map(({ id }) => id).sort(), last: await running[1] };
  },
  // Three places: a, b, c; a is used again; d comes.
  async order(env) {
    for (const name of ["a", "b", "c", "a", "d"]) await text(get(env, name, OTHER).fetch("http://x/"));
    return (await env.LOADER.list()).map(({ id }) => id).sort();
  },
};
export default {
  async fetch(request, env) {
    const [path, ...args] = new URL(request.url).pathname.slice(1).split("/");
    return Response.json(await paths[path](env, ...args));
  },
};`;
const start = (limits) => serve({ "index.js": MAIN, "used.txt": USED }, { worker_loaders: [{ binding: "LOADER" }], limits });
const ask = async (server, path) => JSON.parse((await request(server, path)).text);
const OTHERS = Array.from({ length: 6 }, (_, i) => `other ${i}`);
const finished = { event: "/event", call: "event", stream: "stream", upload: "5", socket: "got hello", waitUntil: "later", stub: 2, callback: "kept", bytes: "bytes" };

for (const [way, value] of Object.entries(finished)) {
  test(`one that is in use stays while others come and go: ${way}`, async () => {
    const server = await start({ isolates: 2 });
    assert.deepEqual(await ask(server, `/use/${way}`), { others: OTHERS, same: true, finished: value });
    assert.equal((await server.stop()).code, 0);
  });
}

test("it stays when memory is short as well", async () => {
  for (const way of ["event", "waitUntil", "stub"]) {
    const server = await start({ isolates_mb: 16 });
    assert.deepEqual(await ask(server, `/use/${way}/big`), { others: OTHERS, same: true, finished: finished[way] });
    assert.equal((await server.stop()).code, 0);
  }
});

test("when all are in use, the next one is told so, and nobody is thrown away", async () => {
  const server = await start({ isolates: 2 });
  const { refused, again, listed, last } = await ask(server, "/full");
  assert.deepEqual(refused, Array(3).fill("OverloadedError: Too many live isolates"));
  assert.equal(again, "c");
  assert.deepEqual(listed, ["b", "c"]);
  assert.equal(last, "event");
  assert.equal((await server.stop()).code, 0);
});

test("the least recently used goes first", async () => {
  const server = await start({ isolates: 3 });
  assert.deepEqual(await ask(server, "/order"), ["a", "c", "d"]);
  assert.equal((await server.stop()).code, 0);
});
