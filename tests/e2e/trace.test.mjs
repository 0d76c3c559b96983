// --trace-rpc: a line for each call between Workers.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { request, serve, sleep } from "./harness.mjs";

const FILES = {
  "main.js": `
    import { WorkerEntrypoint } from "cloudflare:workers";
    const stream = (text) => new Blob([text]).stream();
    const scenes = {
      plain: (env) => env.USERS.find("x".repeat(1000)),
      path: (env) => env.USERS.inner.add(1, 2),
      read: (env) => env.USERS.size,
      function: (env) => env.USERS.back((n) => n + 1),
      object: async (env) => (await env.USERS.make()).add(3, 4),
      pipelined: (env) => env.USERS.make().add(3, 4),
      throws: (env) => env.USERS.fail().catch((e) => e.message),
      odd: (env) => env.USERS["a\\n\\u001b[31mrpc: forged"]().catch((e) => e.name),
      long: (env) => env.USERS["m".repeat(500)]().catch((e) => e.name),
      streams: async (env) => {
        const users = await env.USERS.make();
        return [await users.text([stream("a"), stream("b")]), await users.add(1, 1), await users.text([stream("c")])];
      },
      dies: (env) => env.USERS.spin().catch((e) => e.name),
      many: async (env) => (await Promise.all(Array.from({ length: 50 }, (_, i) => env.USERS.number(i)))).length,
    };
    export default {
      async fetch(request, env) {
        return Response.json((await scenes[new URL(request.url).pathname.slice(1)](env)) ?? null);
      },
    };`,
  "users/index.js": `
    import { WorkerEntrypoint, RpcTarget } from "cloudflare:workers";
    const text = async (list) => (await Promise.all(list.map((each) => new Response(each).text()))).join("");
    class Adder extends RpcTarget {
      add(a, b) { return a + b; }
      text(list) { return text(list); }
    }
    export class Directory extends WorkerEntrypoint {
      get size() { return 7; }
      get inner() { return new Adder(); }
      find(name) { return name.length; }
      number(n) { return n; }
      async back(f) { return f(await f(1)); }
      make() { return new Adder(); }
      fail() { throw new RangeError("no"); }
      spin() { for (;;); }
    }`,
};
const CONFIG = {
  name: "front",
  main: "main.js",
  limits: { cpu_ms: 100 },
  services: [{ binding: "USERS", service: "users", entrypoint: "Directory" }],
  workers: [{ name: "users", main: "users/index.js" }],
};
const server = await serve(FILES, CONFIG, ["--trace-rpc"]);
const silent = await serve(FILES, CONFIG);
after(() => Promise.all([server, silent].map((each) => each.stop())));

// What a scene answers and prints: [answer, lines], the figures cut off; as soon as there are so many lines.
async function scene(name, count) {
  const from = server.log.length;
  const answer = JSON.parse((await request(server, "/" + name)).text);
  const lines = () => server.log.slice(from).split("\n").slice(0, -1).filter((line) => line.startsWith("mayfly: rpc: "));
  while (lines().length < count) await sleep(5);
  return [answer, lines()];
}
const FIGURES = /, (\d+) bytes there, (\d+) back, (\d+\.\d{3}) ms: /;
const cut = (line) => line.replace(FIGURES, " = ").replace("mayfly: rpc: ", "");

const scenes = {
  plain: [1000, ["front -> users#Directory: find = done"]],
  path: [3, ["front -> users#Directory: inner.add = done"]],
  read: [7, ["front -> users#Directory: get size = done"]],
  function: [
    3,
    [
      "users#Directory -> front: (-1)() = done",
      "users#Directory -> front: (-1)() = done",
      "front -> users#Directory: back = done",
    ],
  ],
  object: [7, ["front -> users#Directory: make = done", "front -> users#Directory: (-1).add = done"]],
  pipelined: [7, ["front -> users#Directory: make = done", "front -> users#Directory: (1).add = done"]],
  throws: ["no", ["front -> users#Directory: fail = threw"]],
  dies: ["ExceededCpuError", ["front -> users#Directory: spin = ExceededCpuError"]],
};
for (const [name, [answer, lines]] of Object.entries(scenes))
  test(`lines: ${name}`, async () => {
    const [got, printed] = await scene(name, lines.length);
    assert.deepEqual([got, printed.map(cut)], [answer, lines]);
  });

test("bytes there and back, and time", async () => {
  const [, [line]] = await scene("plain", 1);
  const [, there, back, ms] = FIGURES.exec(line).map(Number);
  assert.ok(there > 1000 && there < 1100 && back > 10 && back < 100, line);
  assert.ok(ms >= 0 && ms < 60000, line);
});

test("streams take ids too, and no call is mistaken for another", async () => {
  const [answer, lines] = await scene("streams", 4);
  assert.deepEqual(answer, ["ab", 2, "c"]);
  const ours = lines.map(cut).filter((line) => line.startsWith("front -> "));
  for (const name of ["make", "(-1).add"]) assert.ok(ours.includes(`front -> users#Directory: ${name} = done`), lines.join("\n"));
  assert.equal(ours.filter((line) => line === "front -> users#Directory: (-1).text = done").length, 2, lines.join("\n"));
});

test("what a method is called can neither forge a line nor fill the log", async () => {
  const [, [odd]] = await scene("odd", 1);
  assert.match(odd, /: a\\n\\x1b\[31mrpc: forged, \d+ bytes there/);
  const [, [long]] = await scene("long", 1);
  assert.ok(long.length < 300, long);
  assert.match(long, /: m{60,}/);
});

test("50 calls, 50 lines; none when nobody asked", async () => {
  assert.equal((await scene("many", 50))[1].length, 50);
  await request(silent, "/many");
  assert.equal(silent.log.includes("rpc:"), false);
});
