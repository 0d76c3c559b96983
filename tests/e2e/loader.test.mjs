// env.LOADER: load(), get() with its cache, what a loaded Worker may reach, and the errors of bad code.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { load, request, serve, serveDispatch, sleep } from "./harness.mjs";

let server;
before(async () => (server = await serveDispatch()));
after(async () => assert.deepEqual(await server.stop(), { code: 0, signal: null }));

const counter = "let n = 0; export default { fetch() { return new Response(String(++n)); } };";
const hello = 'export default { fetch() { return new Response("hello"); } };';
const calls = async (on = server) => JSON.parse((await request(on, "/")).text).calls;

test("load() makes a Worker that has never existed before", async () => {
  for (let i = 0; i < 5; i++) assert.equal((await load(server, counter)).text, "1");
});

test("get() keeps the Worker under its name, and asks for its code once", async () => {
  for (let i = 1; i <= 5; i++) assert.equal((await load(server, { get: "kept", code: counter })).text, String(i));
  assert.equal((await calls()).kept, 1);
  assert.equal((await load(server, { get: "kept too", code: counter })).text, "1");
});

test("concurrent get()s share one callback", async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => load(server, { get: "shared", pause: 50, code: counter })));
  assert.deepEqual(answers.map((a) => Number(a.text)).sort((a, b) => a - b), Array.from({ length: 20 }, (_, i) => i + 1));
  assert.equal((await calls()).shared, 1);
});

test("an error of the callback reaches each caller, and the next get() starts anew", async () => {
  const spec = { get: "fails", pause: 50, fail: "no code today", code: counter };
  const answers = await Promise.all(Array.from({ length: 5 }, () => load(server, spec)));
  for (const { error } of answers) {
    assert.equal(error.name, "RangeError");
    assert.equal(error.message, "no code today");
  }
  assert.equal((await load(server, { ...spec, fail: undefined })).text, "1");
});

test("two loaders with different ids do not share names", async () => {
  assert.equal((await load(server, { get: "name", code: counter })).text, "1");
  assert.equal((await load(server, { get: "name", loader: "OTHER", code: counter })).text, "1");
  assert.equal((await load(server, { get: "name", code: counter })).text, "2");
});

test("a cached Worker that crashes is loaded anew", async () => {
  const code = `let n = 0; export default { fetch(r) { if (r.url.endsWith("/die")) for (;;); return new Response(String(++n)); } };`;
  const spec = { get: "dies", code: { modules: { "m.js": code }, limits: { cpuMs: 50 } } };
  assert.equal((await load(server, spec)).text, "1");
  assert.equal((await load(server, spec, "/die")).error.name, "ExceededCpuError");
  assert.equal((await load(server, spec)).text, "1");
  assert.equal((await calls()).dies, 2);
});

test("a Worker that does not start says so to each call on its stub", async () => {
  const host = await serve(
    {
      "index.js": `export default { async fetch(request, env) {
        const code = { compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": "throw new RangeError('at top');" } };
        const said = [];
        for (const worker of [env.LOADER.get("broken", () => code), env.LOADER.get("broken", () => code), env.LOADER.load(code)])
          for (let i = 0; i < 3; i++) said.push(await worker.getEntrypoint().fetch("http://x/").catch((e) => e.message));
        return Response.json([said, (await env.LOADER.list()).length]);
      } };`,
    },
    { worker_loaders: [{ binding: "LOADER" }] },
  );
  const [said, listed] = JSON.parse((await request(host, "/")).text);
  assert.deepEqual(said, Array(9).fill("Failed to start Worker:\nUncaught RangeError: at top\n  at m.js:1:7"));
  assert.equal(listed, 0);
  assert.equal((await host.stop()).code, 0);
});

test("a cached Worker that throws stays", async () => {
  const code = `let n = 0; export default { fetch(r) { n++; if (r.url.endsWith("/throw")) throw new Error("x"); return new Response(String(n)); } };`;
  const spec = { get: "throws", code };
  assert.equal((await load(server, spec)).text, "1");
  assert.equal((await load(server, spec, "/throw")).error.message, "x");
  assert.equal((await load(server, spec)).text, "3");
});

test("no network without globalOutbound", async () => {
  const { error } = await load(server, 'export default { fetch: () => fetch("http://example.com/") };');
  assert.equal(error.name, "Error");
  assert.match(error.message, /^This worker is not permitted to access the internet via global functions like fetch\(\)\./);
});

test("a loaded Worker cannot see another's globals, or the host's", async () => {
  const leave = 'globalThis.secret = 1; Object.prototype.polluted = 1; export default { fetch: () => new Response("left") };';
  const look = 'export default { fetch: () => new Response(String(globalThis.secret) + {}.polluted + typeof calls) };';
  assert.equal((await load(server, leave)).text, "left");
  for (let i = 0; i < 5; i++) assert.equal((await load(server, look)).text, "undefinedundefinedundefined");
});

// Bad code: what is loaded, and what the caller is told: in the error's name, message and stack together
const bad = {
  "a module that does not parse: name, line, column": [
    { modules: { "m.js": "export default {\n fetch() { return new Response('a' } }" } },
    /SyntaxError: [^]*m\.js:2:\d+/,
  ],
  "an import that is not among modules": [
    { modules: { "m.js": 'import x from "./nope.js";' + hello } },
    /No such module "nope\.js"\.\n +imported from "m\.js"/,
  ],
  "an import of an import that is not among modules": [
    { modules: { "m.js": 'import "./a/b.js";' + hello, "a/b.js": 'import "../c.js";' } },
    /No such module "c\.js"\.\n +imported from "a\/b\.js"/,
  ],
  "a bare import": [{ modules: { "m.js": 'import "left-pad";' + hello } }, /No such module "left-pad"\.\n +imported from "m\.js"/],
  "a module that throws": [
    { modules: { "m.js": "\nthrow new TypeError('at top')" } },
    /TypeError: at top\n +at .*m\.js:2:\d+/,
  ],
  "a default export without fetch": [{ modules: { "m.js": "export default {}" } }, /: Handler does not export a fetch\(\) function\.\n/],
  "no modules": [{ modules: {} }, /: Dynamic Worker code must contain at least one module\.\n/],
  "a main module that is not there": [{ mainModule: "z.js", modules: { "m.js": hello } }, /No such module:? "?z\.js/],
  "no compatibility date": [{ compatibilityDate: "x", modules: { "m.js": hello } }, /: Invalid compatibility date: x\n/],
  "a module name without a type": [
    { mainModule: "m", modules: { m: hello } },
    /: Module name must end with '\.js' or '\.py' \(or the content must be an object indicating the type explicitly\)\. Got: m\n/,
  ],
  "a module of no type": [
    { modules: { "m.js": {} } },
    /: Each module must contain exactly one of 'js', 'cjs', 'text', 'data', 'json', 'py', or 'wasm'\. Module 'm\.js' contained 0 properties\.\n/,
  ],
  "a module of two types": [{ modules: { "m.js": { js: "1", text: "a" } } }, /contained 2 properties\.\n/],
};
for (const [name, [code, message]] of Object.entries(bad)) {
  test(`bad code: ${name}`, async () => {
    const { error, text } = await load(server, { code });
    assert.ok(error, text);
    assert.match(`${error.name}: ${error.message}\n${error.stack}`, message);
    assert.equal((await load(server, hello)).text, "hello");
  });
}

test("bad arguments of load() and get()", async () => {
  const host = await serve(
    {
      "index.js": `export default { async fetch(request, env) {
        const tries = {
          none: () => env.LOADER.load(), number: () => env.LOADER.load(3), noModules: () => env.LOADER.load({ compatibilityDate: "2026-11-01", mainModule: "m.js" }),
          noCallback: () => env.LOADER.get("x"), function: () => env.LOADER.load({ compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": "" }, env: { f() {} } }),
          badCode: () => env.LOADER.get("y", async () => undefined),
        };
        const out = {};
        for (const name in tries) {
          try { await tries[name]().getEntrypoint().fetch("http://x/"); out[name] = "no error"; }
          catch (error) { out[name] = error.name; }
        }
        return Response.json(out);
      } };`,
    },
    { worker_loaders: [{ binding: "LOADER" }] },
  );
  assert.deepEqual(JSON.parse((await request(host, "/")).text), {
    none: "TypeError", number: "TypeError", noModules: "TypeError", noCallback: "TypeError", function: "DataCloneError", badCode: "TypeError",
  });
  assert.equal((await host.stop()).code, 0);
});

test("one stub, many entrypoints", async () => {
  const host = await serve(
    {
      "index.js": `export default { async fetch(request, env) {
        const kept = env.LOADER.load({ compatibilityDate: "2026-11-01", mainModule: "m.js", globalOutbound: null, modules: { "m.js": \`
          let n = 0;
          export const other = { fetch: () => new Response("other" + ++n) };
          export default { fetch: () => new Response("default" + ++n) };\` } });
        const a = await (await kept.getEntrypoint().fetch("http://x/")).text();
        const b = await (await kept.getEntrypoint("other").fetch("http://x/")).text();
        return new Response(a + " " + b);
      } };`,
    },
    { worker_loaders: [{ binding: "LOADER" }] },
  );
  assert.equal((await request(host, "/")).text, "default1 other2");
  assert.equal((await request(host, "/")).text, "default1 other2");
  assert.equal((await host.stop()).code, 0);
});

test("eviction by age: an idle Worker is thrown away and loaded anew", async () => {
  const short = await serveDispatch({ isolate_idle_ms: 20 });
  const spec = { get: "old", code: counter };
  assert.equal((await load(short, spec)).text, "1");
  while ((await calls(short)).old < 2) {
    await sleep(100);
    await load(short, spec);
  }
  assert.equal((await short.stop()).code, 0);
});

test("a Worker is not thrown away for age while a request is in it", async () => {
  const short = await serveDispatch({ isolate_idle_ms: 20 });
  const code = "let n = 0; export default { async fetch() { await new Promise((r) => setTimeout(r, 300)); return new Response(String(++n)); } };";
  const answers = await Promise.all([load(short, { get: "busy", code }), load(short, { get: "busy", code })]);
  assert.deepEqual(answers.map((a) => a.text).sort(), ["1", "2"]);
  assert.equal((await short.stop()).code, 0);
});

test("eviction by memory: the least recently used go, and nobody gets an error", async () => {
  const small = await serveDispatch({ isolates_mb: 64 });
  const code = "const held = new Uint8Array(4 << 20).fill(1); let n = 0; export default { fetch() { return new Response(String(++n) + held[9]); } };";
  for (let i = 0; i < 40; i++) assert.equal((await load(small, { get: "big" + i, code })).text, "11");
  assert.equal((await load(small, { get: "big39", code })).text, "21", "the youngest is still there");
  assert.equal((await load(small, { get: "big0", code })).text, "11", "the oldest was thrown away");
  assert.equal((await calls(small)).big0, 2);
  assert.equal((await small.stop()).code, 0);
});

test("many Workers at once", async () => {
  const code = "export default { fetch: (r) => new Response(r.url) };";
  const answer = await load(server, { many: 200, code });
  const all = JSON.parse(answer.text);
  assert.equal(all.length, 200);
  all.forEach((one, i) => assert.equal(one.value, "http://many/" + i));
});

test("J9: hundreds of isolates of one image draw different random numbers", async () => {
  const code = "const early = Math.random(); export default { fetch: () => Response.json([early, Math.random(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint32Array(4))].join()]) };";
  const all = JSON.parse((await load(server, { many: 300, code })).text).map((one) => JSON.parse(one.value));
  for (let i = 0; i < 4; i++) assert.equal(new Set(all.map((one) => one[i])).size, 300, `column ${i}`);
  assert.equal(new Set(all.flatMap((one) => one.slice(0, 2))).size, 600);
});

test("a stub that is forgotten before its code came disturbs nobody", async (t) => {
  const source = `
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const code = (fails) => async () => {
      await wait(5);
      if (fails) throw new Error("late");
      return { compatibilityDate: "2026-11-01", mainModule: "m.js", globalOutbound: null,
               modules: { "m.js": "export default { fetch: () => new Response('here') };" } };
    };
    export default { async fetch(request, env) {
      for (const name of [null, "a", "b"]) for (const fails of [false, true]) env.LOADER.get(name, code(fails));
      for (let i = 0; i < 20; i++) env.LOADER.load(await code(false)());
      await wait(30);
      const answers = await Promise.all(["a", "b", null].map((name) => env.LOADER.get(name, code(false)).getEntrypoint().fetch("http://x/")));
      return new Response((await Promise.all(answers.map((a) => a.text()))).join());
    } };`;
  const own = await serve({ "index.js": source }, { worker_loaders: [{ binding: "LOADER" }] });
  t.after(() => own.stop());
  for (let i = 0; i < 5; i++) assert.equal((await request(own)).text, "here,here,here");
  assert.doesNotMatch(own.log, /crashed|protocol|lost/i);
});
