// Several Workers that call each other by RPC: the configuration's services, stubs that outlive isolates, and what
// becomes of calls when an isolate or a caller ends. What the calls themselves do is in conformance/rpc.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import test, { after, before } from "node:test";
import { directory, request, run, serve, settled, sleep } from "./harness.mjs";

const MAIN = `
import { WorkerEntrypoint, RpcTarget } from "cloudflare:workers";
const DATE = "2026-11-01";
const UNREAD = \`
  import { WorkerEntrypoint, RpcTarget } from "cloudflare:workers";
  class Thing extends RpcTarget { three() { return 3; } }
  let calls = 0;
  export default class extends WorkerEntrypoint {
    make() { return { thing: new Thing(), adder: this.env.ADDER, call: (f) => f() }; }
    give() { return this.env.KEEPER.keep(this.env.ADDER); }
    count() { return ++calls; }
    loop() { for (;;); }
    async flood() {
      const all = await Promise.allSettled(Array.from({ length: 400 }, (_, i) => this.env.ADDER.add(i)));
      const failed = all.filter((one) => one.status === "rejected").map((one) => String(one.reason));
      return [all.every((one, i) => one.status === "rejected" || one.value === i + 10), failed.length, new Set(failed).size, failed[0]];
    }
    async hoard() { // J5: stubs that are never disposed
      const counter = await this.env.KEEPER.counter(0), kept = [];
      try {
        for (;;) kept.push(...await Promise.all(Array.from({ length: 500 }, () => counter.next())));
      } catch (e) {
        return [kept.length, e.name + ": " + e.message];
      }
    }
    async chain() { // J5: each call on the result of the one before
      let last = this.env.KEEPER.counter(0);
      try {
        for (let i = 0; i < 100000; i++) last = last.next();
        return [await last.value()];
      } catch (e) {
        return [e.name + ": " + e.message];
      }
    }
  }\`;
const unread = (env, ctx) => ({ compatibilityDate: DATE, mainModule: "m.js", modules: { "m.js": UNREAD },
  env: { ADDER: ctx.exports.Adder({ props: { by: 10, pad: PAD } }), KEEPER: env.KEEPER }, limits: { cpuMs: 50 } });
const PAD = new Uint8Array(900 << 10).fill(1);
const told = (promise) => promise.then((v) => "gave " + v, (e) => e.name + ": " + e.message);
let turns = 0;

export class Adder extends WorkerEntrypoint {
  add(n) { return n + this.ctx.props.by + (this.ctx.props.pad.length - (900 << 10)); }
  turns() { return ++turns; }
}

const paths = {
  async "/several"(request, env) {
    return [await env.USERS.find("ada"), await env.READER.find("ada"), await env.READER.write("ada").catch((e) => e.message),
      await (await env.USERS.fetch(request)).text(), await env.SELF.turns() > 0, await env.USERS.pair().left.double(4),
      (await env.USERS.viaPeer("x")).length];
  },
  async "/ended"(request, env, ctx) {
    const worker = env.LOADER.load(unread(env, ctx)).getEntrypoint();
    const { thing, adder, call } = await worker.make();
    const before = [await thing.three(), await adder.add(1), await call(() => "called")];
    const loop = await told(worker.loop());
    return [...before, loop, await told(thing.three()), await told(adder.add(2)), await told(call(() => "called")), await told(worker.count())];
  },
  async "/give"(request, env, ctx) {
    await env.LOADER.load(unread(env, ctx)).getEntrypoint().give();
    return "given";
  },
  async "/flood"(request, env, ctx) {
    const worker = env.LOADER.load({ ...unread(env, ctx), limits: { cpuMs: 60000 } }).getEntrypoint();
    return [await worker.flood(), await ctx.exports.Adder({ props: { by: 1, pad: PAD } }).add(1)];
  },
  async "/hoard"(request, env, ctx) {
    const code = { ...unread(env, ctx), limits: { cpuMs: 60000 } };
    const worker = env.LOADER.load(code).getEntrypoint();
    return [await told(worker.hoard().then(String)), await env.KEEPER.repeat("still here "), await told(worker.count())];
  },
  async "/deep"(request, env, ctx) {
    const worker = env.LOADER.load({ ...unread(env, ctx), limits: { cpuMs: 60000 } }).getEntrypoint();
    return [await told(worker.chain().then(String)), await env.KEEPER.repeat("x")];
  },
  "/use": (request, env) => env.KEEPER.use(5),
  async "/die"() { turns = 1000; for (;;); },
  "/turns": (request, env) => env.SELF.turns(),
  "/count": (request, env) => told(env.USERS.count()),
  "/users-die": (request, env) => told(env.USERS.die()),
  async "/slow"(request, env) { return await env.USERS.slow(new URL(request.url).searchParams.get("how")); },
  "/log": (request, env) => env.KEEPER.logged(),
  async "/chain"(request, env) {
    const n = Number(new URL(request.url).searchParams.get("n"));
    const counters = Array.from({ length: 20 }, (_, i) => env.USERS.chain(n + i));
    return await Promise.all(counters.map((counter) => counter.next().next().value()));
  },
};
export default {
  async fetch(request, env, ctx) {
    const result = await paths[new URL(request.url).pathname](request, env, ctx);
    return Response.json(result);
  },
};`;

const USERS = `
import { WorkerEntrypoint, RpcTarget } from "cloudflare:workers";
class Doubler extends RpcTarget { double(n) { return 2 * n; } }
let calls = 0;
export class Directory extends WorkerEntrypoint {
  find(name) { return name + " of " + this.env.TABLE; }
  write(name) {
    if (this.ctx.props.readOnly) throw new Error("only reading");
    return name;
  }
  pair() { return { left: new Doubler(), right: new Doubler() }; }
  viaPeer(text) { return this.env.KEEPER.repeat(text); }
  fetch(request) { return new Response("users got " + new URL(request.url).pathname); }
  count() { return ++calls; }
  die() { for (;;); }
  chain(n) { return this.env.KEEPER.counter(n); }
  async slow(how) {
    const work = async () => {
      await this.env.KEEPER.log(how + " began");
      await scheduler.wait(200);
      await this.env.KEEPER.log(how + " ended");
      return how;
    };
    if (!how.startsWith("held")) return await work();
    const working = work();
    this.ctx.waitUntil(working);
    return await working;
  }
}`;

const KEEPER = `
import { WorkerEntrypoint, RpcTarget } from "cloudflare:workers";
let kept;
const lines = [];
class Counter extends RpcTarget {
  constructor(n) { super(); this.n = n; }
  next() { return new Counter(this.n + 1); }
  value() { return this.n; }
}
export default class extends WorkerEntrypoint {
  keep(stub) { kept = stub; }
  use(n) { return kept.add(n); }
  repeat(text) { return text.repeat(7); }
  log(line) { lines.push(line); }
  logged() { return lines; }
  counter(n) { return new Counter(n); }
}`;

let server;
before(async () => {
  server = await serve(
    { "main/index.js": MAIN, "users/index.js": USERS, "keeper/index.js": KEEPER },
    {
      name: "main",
      main: "main/index.js",
      worker_loaders: [{ binding: "LOADER" }],
      limits: { cpu_ms: 300 },
      services: [
        { binding: "USERS", service: "users", entrypoint: "Directory" },
        { binding: "READER", service: "users", entrypoint: "Directory", props: { readOnly: true } },
        { binding: "KEEPER", service: "keeper" },
        { binding: "SELF", service: "main", entrypoint: "Adder" },
      ],
      workers: [
        { name: "users", main: "users/index.js", vars: { TABLE: "people" }, services: [{ binding: "KEEPER", service: "keeper" }] },
        { name: "keeper", main: "keeper/index.js" },
      ],
    },
  );
});
after(async () => assert.deepEqual(await server.stop(), { code: 0, signal: null }));

const ask = async (path) => JSON.parse((await request(server, path)).text);

test("Workers of one configuration call each other by their entrypoints", async () => {
  assert.deepEqual(await ask("/several"), ["ada of people", "ada of people", "only reading", "users got /several", true, 8, 7]);
});

test("when an isolate ends its objects are gone, and service stubs that it gave are not", async () => {
  const gone = "Error: The execution context which hosts this callback is no longer running.";
  const [three, eleven, called, loop, thing, adder, call, count] = await ask("/ended");
  assert.deepEqual([three, eleven, called], [3, 11, "called"]);
  assert.match(loop, /^ExceededCpuError: /);
  for (const one of [thing, call]) assert.ok(one === gone || one === loop, one);
  assert.equal(adder, "gave 12");
  assert.notEqual(count, "gave 1", "a loaded Worker that ended is not started again");
});

test("a service stub outlives the isolate that passed it, and the one that last served it", async () => {
  assert.equal(await ask("/give"), "given");
  assert.equal(await ask("/use"), 15);
  await ask("/turns");
  assert.ok((await ask("/turns")) >= 2);
  assert.equal((await request(server, "/die")).status, 503);
  assert.equal(await ask("/use"), 15);
  assert.equal(await ask("/turns"), 1, "it is a new isolate");
});

test("more calls with large props at once than their Worker can take are refused, and the others are not", async () => {
  await ask("/turns");
  const before = await ask("/turns");
  const [[right, failed, kinds, first], after] = await ask("/flood");
  assert.ok(right);
  assert.ok(failed > 0 && failed < 400, `${failed} failed`);
  assert.equal(kinds, 1);
  assert.equal(first, "OverloadedError: Too many events at once in one Worker: with more than 64 KiB of props and cf each");
  assert.equal(after, 2);
  assert.equal(await ask("/turns"), before + 1, "it is the same isolate");
});

test("a Worker whose isolate ended is started again by the next call", async () => {
  assert.equal(await ask("/count"), "gave 1");
  assert.equal(await ask("/count"), "gave 2");
  assert.match(await ask("/users-die"), /^ExceededCpuError: /);
  assert.equal(await ask("/count"), "gave 1");
});

test("a call whose caller is gone is cancelled, unless its callee waits for it", async () => {
  for (const how of ["left", "held"]) {
    const answer = request(server, "/slow?how=" + how);
    const client = http.get(server.url + "/slow?how=" + how + "-gone", { agent: false });
    const error = once(client, "error");
    while (!(await ask("/log")).includes(how + "-gone began")) await sleep(10);
    client.socket.resetAndDestroy(); // a client that only closes may still read
    await error;
    assert.equal((await answer).text, JSON.stringify(how));
  }
  const log = await settled(async () => JSON.stringify(await ask("/log")));
  const lines = JSON.parse(log);
  for (const line of ["left ended", "held ended", "held-gone ended"]) assert.ok(lines.includes(line), log);
  assert.ok(!lines.includes("left-gone ended"), log);
});

test("pipelines through three isolates, many at once", async () => {
  const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => ask("/chain?n=" + n)));
  answers.forEach((list, n) => assert.deepEqual(list, Array.from({ length: 20 }, (_, i) => n + i + 2)));
});

test("J5: stubs that are never disposed, and calls on results of calls without end, meet a limit of their own", async () => {
  const many = "RangeError: Too many objects are shared in this RPC session.";
  const [hoarded, keeper, alive] = await ask("/hoard");
  assert.equal(hoarded, "gave 99000," + many);
  assert.equal(keeper, "still here ".repeat(7));
  assert.equal(alive, "gave 1");
  assert.deepEqual(await ask("/deep"), ["gave " + many, "x".repeat(7)]);
});

const broken = {
  "a service that is no Worker": [{ services: [{ binding: "A", service: "nobody" }] }, /nobody/],
  "two Workers of one name": [{ workers: [{ name: "main", main: "index.js" }] }, /main/],
  "a Worker without a name": [{ workers: [{ main: "index.js" }] }, /name/],
  "two bindings of one name": [{ vars: { A: 1 }, services: [{ binding: "A", service: "main" }] }, /"A"|A/],
  "props that are no object": [{ services: [{ binding: "A", service: "main", props: 5 }] }, /props/],
  "a Worker whose file is missing": [{ workers: [{ name: "b", main: "missing.js" }] }, /missing\.js/],
};
for (const [what, [config, text]] of Object.entries(broken))
  test(`a configuration with ${what} is refused`, async () => {
    const made = directory({
      "wrangler.jsonc": JSON.stringify({ name: "main", main: "index.js", compatibility_date: "2026-11-01", ...config }),
      "index.js": "export default {};",
    });
    const { code, err, signal } = await run(["serve", made, "--listen", "127.0.0.1:0"]);
    assert.equal(signal, null);
    assert.notEqual(code, 0);
    assert.match(err, text);
  });
