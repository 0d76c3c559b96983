// limits of load(), of get() and of getEntrypoint(): the lowest holds, and what the caller is told when it is reached.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { request, serve } from "./harness.mjs";

const MAIN = `
import { WorkerEntrypoint } from "cloudflare:workers";
export class Echo extends WorkerEntrypoint {
  fetch() { return new Response("x"); }
  echo(v) { return v; }
}
const SOURCE = \`
  import { WorkerEntrypoint } from "cloudflare:workers";
  export default class extends WorkerEntrypoint {
    async subRequests(n) {
      let done = 0;
      try { for (; done < n; done++) await (await this.env.ECHO.fetch("http://x/")).text(); } catch (e) { return [done, e.message]; }
      return [done];
    }
    async calls(n) {
      let done = 0;
      try { for (; done < n; done++) await this.env.ECHO.echo(1); } catch (e) { return [done, e.message]; }
      return [done];
    }
    spin() { for (;;); }
    wait() { return new Promise((resolve) => setTimeout(resolve, 1e6)); }
    grow() { const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1)); }
    async fetch(request) { return Response.json((await this[new URL(request.url).pathname.slice(1)](10)) ?? null); }
  }\`;
const told = (e) => e.name + ": " + e.message;
export default {
  async fetch(request, env, ctx) {
    const { how, method, code, entrypoint, twice } = JSON.parse(await request.text());
    const whole = { compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": SOURCE }, env: { ECHO: ctx.exports.Echo({}) }, limits: code };
    try {
      const worker = how === "load" ? env.LOADER.load(whole) : env.LOADER.get(crypto.randomUUID(), async () => (await scheduler.wait(5), whole));
      const stub = worker.getEntrypoint(null, { limits: entrypoint });
      const call = () => (how === "fetch" ? stub.fetch("http://x/" + method).then((r) => r.json()) : stub[method](10)).catch(told);
      const first = await call();
      return Response.json(twice ? [first, await call()] : first);
    } catch (e) {
      return Response.json(told(e));
    }
  },
};`;
let server;
before(async () => (server = await serve({ "index.js": MAIN }, { worker_loaders: [{ binding: "LOADER" }], limits: { subrequests: 8, memory_mb: 48 } })));
after(async () => assert.deepEqual(await server.stop(), { code: 0, signal: null }));
const ask = async (method, code, entrypoint, more) => {
  const all = [];
  for (const how of ["load", "get", "fetch"]) all.push(JSON.parse((await request(server, "/", { method: "POST", body: JSON.stringify({ how, method, code, entrypoint, ...more }) })).text));
  for (const each of all) assert.deepEqual(each, all[0], "load(), get() and fetch() alike");
  return all[0];
};
const LOW = { cpuMs: 40, wallMs: 60 }, HIGH = { cpuMs: 5000, wallMs: 5000 };

for (const [key, method, error] of [
  ["cpuMs", "spin", "ExceededCpuError: Worker exceeded CPU time limit."],
  ["wallMs", "wait", "ExceededWallTimeError: Worker exceeded wall time limit."],
]) {
  test(`${key}: the lower one, of the code or of the entrypoint`, async () => {
    const [low, high] = [{ [key]: LOW[key] }, { [key]: HIGH[key] }];
    for (const pair of [[low, undefined], [undefined, low], [low, high], [high, low], [{ ...HIGH, ...low }, {}]]) {
      const start = performance.now();
      assert.equal(await ask(method, ...pair), error);
      assert.ok(performance.now() - start < 3 * HIGH[key], "the lower one");
    }
  });
}

test("subRequests: the lowest, of the configuration, the code and the entrypoint", async () => {
  const most = (n) => [n, "Too many subrequests."];
  for (const method of ["subRequests", "calls"]) {
    assert.deepEqual(await ask(method), most(8));
    assert.deepEqual(await ask(method, { subRequests: 100 }), most(8));
    assert.deepEqual(await ask(method, { subRequests: 3 }), most(3));
    assert.deepEqual(await ask(method, undefined, { subRequests: 3 }), most(3));
    assert.deepEqual(await ask(method, { subRequests: 5 }, { subRequests: 3 }), most(3));
    assert.deepEqual(await ask(method, { subRequests: 3 }, { subRequests: 5 }), most(3));
    assert.deepEqual(await ask(method, { subRequests: 0 }), most(0));
    assert.deepEqual(await ask(method, undefined, { subRequests: 0 }), most(0));
  }
});

test("each event has its own", async () => {
  assert.deepEqual(await ask("calls", { subRequests: 5 }, { subRequests: 3 }, { twice: true }), Array(2).fill([3, "Too many subrequests."]));
});

test("memoryMb: of the code, and of nothing else", async () => {
  const error = "ExceededMemoryError: Worker exceeded memory limit.";
  assert.equal(await ask("grow"), error);
  assert.equal(await ask("grow", { memoryMb: 16 }), error);
  assert.equal(await ask("grow", { memoryMb: 100000 }), error);
  assert.match(await ask("calls", undefined, { memoryMb: 16 }), /^TypeError: .*memoryMb/);
  assert.deepEqual(await ask("calls", { memoryMb: 1 }), [8, "Too many subrequests."], "no less than the smallest there is");
});
