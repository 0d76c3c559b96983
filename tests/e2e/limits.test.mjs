// Limits: each hit is an exception at the caller with a stable name and message; the isolate is gone, others go on.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { load, request, serve, serveDispatch } from "./harness.mjs";

const CPU = { name: "ExceededCpuError", message: "Worker exceeded CPU time limit." };
const MEMORY = { name: "ExceededMemoryError", message: "Worker exceeded memory limit." };
const WALL = { name: "ExceededWallTimeError", message: "Worker exceeded wall time limit." };

let server;
before(async () => (server = await serveDispatch()));
after(async () => assert.deepEqual(await server.stop(), { code: 0, signal: null }));

const counter = { get: "neighbour", code: "let n = 0; export default { fetch() { return new Response(String(++n)); } };" };
let expected = 0;

/** The Worker dies of this limit, and a neighbour that was there before goes on where it was. */
async function dies(source, limits, error) {
  assert.equal((await load(server, counter)).text, String(++expected));
  const answer = await load(server, { code: { modules: { "m.js": source }, limits } });
  assert.ok(answer.error, answer.text.slice(0, 200));
  assert.deepEqual({ name: answer.error.name, message: answer.error.message }, error);
  assert.equal((await load(server, counter)).text, String(++expected));
}

const fetching = (body) => `export default { async fetch(request) { ${body}; return new Response("survived"); } };`;

const loops = {
  "an endless loop": "for (;;);",
  "J7: try, catch and finally do not swallow it": "for (;;) { try { for (;;); } catch { continue; } finally { continue; } }",
  "J7: nor does a generator's finally": "function* g() { try { yield 1; } finally { for (;;); } } for (const x of g()) break;",
  "J7: nor does a promise's": "const spin = () => { for (;;); }; await new Promise(spin).catch(spin).finally(spin);",
  "J6: a regular expression that backtracks for ever": "/^(a+)+$/.test('a'.repeat(40) + 'b')",
  "J6: microtasks that make microtasks": "const again = () => Promise.resolve().then(again); await again().then(() => new Promise(() => {}));",
  "J6: queueMicrotask without end": "const again = () => queueMicrotask(again); again(); await new Promise(() => {});",
  "J6: BigInt": "let x = 3n; for (;;) x *= x;",
  "J6: sorting with a comparison that never ends": "[3, 1, 2].sort(() => { for (;;); });",
  "J6: JSON.stringify over a getter that never ends": "JSON.stringify({ get a() { for (;;); } });",
  "J6: an error whose message never ends": "throw { get message() { for (;;); }, get stack() { for (;;); } };",
  "J6: string search": "const s = 'a'.repeat(1 << 20); for (;;) s.indexOf('a'.repeat(1000) + 'b');",
  "J6: Array.from without end": "Array.from({ get length() { for (;;); } });",
  "J6: a proxy's traps": "const p = new Proxy({}, { get: () => { for (;;); } }); p.x;",
  "J6: a thenable that never settles and never yields": "await { then(f) { for (;;); } };",
};
for (const [name, body] of Object.entries(loops)) {
  test(`processor time: ${name}`, () => dies(fetching(body), { cpuMs: 60 }, CPU));
}

test("processor time: while the modules are evaluated", () =>
  dies("for (;;);\nexport default {};", { cpuMs: 60 }, CPU));

test("processor time: in a timer and in waitUntil", async () => {
  await dies(fetching("await new Promise(() => setTimeout(() => { for (;;); }, 1))"), { cpuMs: 60 }, CPU);
  const spec = { code: { modules: { "m.js": "export default { fetch(r, e, ctx) { ctx.waitUntil(new Promise(() => setTimeout(() => { for (;;); }, 20))); return new Response('early'); } };" }, limits: { cpuMs: 60 } } };
  assert.equal((await load(server, spec)).text, "early");
  assert.equal((await load(server, counter)).text, String(++expected));
});

test("processor time counts over the turns of one event, and starts anew with the next", async () => {
  const spin = "const spin = () => { let x = 0; for (let i = 0; i < 3e5; i++) x += i; return x; };";
  const many = fetching(`${spin} for (;;) { spin(); await new Promise((r) => setTimeout(r, 0)); }`);
  await dies(many, { cpuMs: 80 }, CPU);
  const kept = { get: "spins", code: { modules: { "m.js": fetching(`${spin} for (let i = 0; i < 5; i++) { spin(); await 0; }`) }, limits: { cpuMs: 1000 } } };
  for (let i = 0; i < 10; i++) assert.equal((await load(server, kept)).text, "survived");
});

test("the limit of getEntrypoint() lowers that of load()", async () => {
  const source = fetching("if (request.url.endsWith('/spin')) for (let i = 0; i < 2e7; i++)");
  const spec = { get: "lowered", code: source };
  const lowered = { ...spec, options: { limits: { cpuMs: 50 } } };
  assert.equal((await load(server, lowered)).text, "survived");
  assert.equal((await load(server, spec, "/spin")).text, "survived");
  const { error, text } = await load(server, lowered, "/spin");
  assert.deepEqual({ name: error?.name, message: error?.message }, CPU, text);
});

test("the limit of getEntrypoint() holds for a Worker's first event too", async () => {
  const code = { modules: { "m.js": fetching("for (let i = 0; i < 2e7; i++);") }, limits: { cpuMs: 60000 } };
  assert.equal((await load(server, { code })).text, "survived");
  const { error, text } = await load(server, { code, options: { limits: { cpuMs: 50 } } });
  assert.deepEqual({ name: error?.name, message: error?.message }, CPU, text);
});

test("the configuration's limit cannot be raised by load()", async () => {
  const strict = await serveDispatch({ cpu_ms: 60 });
  const { error } = await load(strict, { code: { modules: { "m.js": fetching("for (;;);") }, limits: { cpuMs: 3600000 } } });
  assert.equal(error.name, CPU.name);
  assert.equal((await strict.stop()).code, 0);
});

test("neighbours of an endless loop are served while it runs", async () => {
  let over = false;
  const loop = load(server, { code: { modules: { "m.js": fetching("for (;;);") }, limits: { cpuMs: 1500 } } }).then((a) => ((over = true), a));
  let served = 0;
  while (!over) {
    assert.equal((await load(server, counter)).text, String(++expected));
    if (!over) served++;
  }
  assert.equal((await loop).error.name, CPU.name);
  assert.ok(served >= 10, `${served} requests were served beside the loop`);
});

const bombs = {
  "arrays": "const a = []; for (;;) a.push(new Array(1000).fill(a.length));",
  "typed arrays": "const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1));",
  "ArrayBuffers that are never touched": "const a = []; for (;;) a.push(new ArrayBuffer(1 << 20));",
  "a doubling string": "let s = 'x'; const kept = []; for (let i = 0; ; i++) kept.push((s + i).repeat(1000));",
  "objects that are caught": "const a = []; for (;;) { try { for (;;) a.push({ n: a.length }); } catch {} }",
  "closures": "let f = () => 0; for (;;) { const g = f, x = new Array(100).fill(1); f = () => g() + x.length; }",
  "a Map": "const m = new Map(); for (let i = 0; ; i++) m.set(i, String(i));",
  "microtasks that pile up": "for (;;) Promise.resolve(new Array(100)).then(() => 1);",
  "timers that pile up": "for (;;) setTimeout(() => new Array(10), 1e6);",
  "a stream that is never read": "new ReadableStream({ start(c) { for (;;) c.enqueue(new Uint8Array(65536)); } });",
};
for (const [name, body] of Object.entries(bombs)) {
  test(`memory (J8): ${name}`, () => dies(fetching(body), { memoryMb: 24, cpuMs: 60000 }, MEMORY));
}

test("memory (J8): sorting a sparse giant, and a proxy with a giant's keys, end the isolate or throw", async () => {
  const giants = [
    "const a = []; a.length = 2 ** 30; a.sort();",
    "const a = []; a[2 ** 31] = 1; a.reverse(); a.fill(1);",
    "Reflect.ownKeys(new Proxy({}, { ownKeys: () => ({ length: 2 ** 31 }) }));",
    "new Array(2 ** 32 - 1).fill(0);",
    "'x'.repeat(2 ** 29).padEnd(2 ** 30);",
    "'x'.repeat(2 ** 31);",
    "structuredClone(new Array(2 ** 28).fill(1));",
    "JSON.stringify(new Array(2 ** 26).fill('xxxxxxxxxxxxxxxx'));",
  ];
  for (const body of giants) {
    const answer = await load(server, { code: { modules: { "m.js": fetching(body) }, limits: { memoryMb: 24, cpuMs: 200 } } });
    const allowed = ["ExceededMemoryError", "ExceededCpuError", "RangeError", "InternalError", "TypeError"];
    assert.ok(allowed.includes(answer.error?.name), `${body} ${answer.text.slice(0, 200)}`);
    assert.equal((await load(server, counter)).text, String(++expected));
  }
});

test("one buffer beyond all bounds is a RangeError that can be caught", async () => {
  const source = fetching("try { new ArrayBuffer(2 ** 31); } catch (e) { return new Response(e.name); }");
  assert.equal((await load(server, { code: { modules: { "m.js": source }, limits: { memoryMb: 24 } } })).text, "RangeError");
});

test("memory is the isolate's own: many Workers each use a good part of theirs", async () => {
  const source = fetching("const a = new Uint8Array(12 << 20).fill(7); return new Response(String(a[a.length - 1]))");
  const answer = await load(server, { many: 20, code: { modules: { "m.js": source }, limits: { memoryMb: 24 } } });
  assert.deepEqual(JSON.parse(answer.text), Array.from({ length: 20 }, () => ({ value: "7" })));
});

const recursions = {
  "a function": "function f() { f(); } f();",
  "JSON.parse": "JSON.parse('['.repeat(1e6));",
  "JSON.stringify": "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; JSON.stringify(a);",
  "a regular expression": "new RegExp('('.repeat(1e6) + ')'.repeat(1e6));",
  "proxies": "let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); p.x;",
  "getters": "const o = { get a() { return this.a; } }; o.a;",
  "toString": "const o = { toString() { return `${this}`; } }; String(o);",
  "a spread of too much": "Math.max(...new Array(1e6));",
  "array flattening": "const a = []; a[0] = a; a.flat(Infinity);",
  "structuredClone": "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; structuredClone(a);",
};
for (const [name, body] of Object.entries(recursions)) {
  test(`stack: ${name}: an exception that can be caught`, async () => {
    const source = fetching(`try { ${body} } catch (e) { return new Response("caught " + e.name); }`);
    const { text, error } = await load(server, { code: { modules: { "m.js": source }, limits: { memoryMb: 128, cpuMs: 20000 } } });
    assert.equal(error, undefined, text);
    assert.match(text, /^caught (RangeError|InternalError|SyntaxError)$|^survived$/);
  });
}

test("stack: plain recursion is a RangeError", async () => {
  const source = fetching("function f() { f(); } try { f(); } catch (e) { return new Response(e.name + ': ' + e.message); }");
  assert.equal((await load(server, source)).text, "RangeError: Maximum call stack size exceeded");
});

test("wall time: a Worker that waits too long", () =>
  dies(fetching("await new Promise((r) => setTimeout(r, 1e8))"), { wallMs: 100 }, WALL));

test("wall time: a response body that never ends", async () => {
  const source = "export default { fetch: () => new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array(1)); } })) };";
  await assert.rejects(load(server, { code: { modules: { "m.js": source }, limits: { wallMs: 100 } } }));
  assert.equal((await load(server, counter)).text, String(++expected));
});

test("too many live isolates", async () => {
  const small = await serveDispatch({ isolates: 4 });
  const code = 'export default { async fetch() { await new Promise((r) => setTimeout(r, 200)); return new Response("ok"); } };';
  const results = JSON.parse((await load(small, { many: 8, code })).text);
  const refused = results.filter((r) => r.error);
  assert.equal(results.filter((r) => r.value === "ok").length, 4);
  assert.equal(refused.length, 4);
  for (const { error } of refused) {
    assert.equal(error.name, "OverloadedError");
    assert.match(error.message, /^Too many live isolates/);
  }
  assert.equal((await load(small, code)).text, "ok");
  assert.equal((await small.stop()).code, 0);
});

test("idle named Workers make room for new ones", async () => {
  const small = await serveDispatch({ isolates: 4 });
  for (let i = 0; i < 12; i++) assert.equal((await load(small, { ...counter, get: "n" + i })).text, "1");
  assert.equal((await small.stop()).code, 0);
});

test("too many events in one Worker", async () => {
  const small = await serveDispatch({ events: 3 });
  const code = 'export default { async fetch() { await new Promise((r) => setTimeout(r, 200)); return new Response("ok"); } };';
  const results = JSON.parse((await load(small, { many: 6, get: "one", code })).text);
  assert.equal(results.filter((r) => r.value === "ok").length, 3);
  for (const { error } of results.filter((r) => r.error)) {
    assert.equal(error.name, "OverloadedError");
    assert.match(error.message, /^Too many events at once in one Worker/);
  }
  assert.equal((await small.stop()).code, 0);
});

test("code that is too large", async () => {
  const small = await serveDispatch({ code_mb: 1 });
  const hello = "export default { fetch: () => new Response('hello') };";
  const { error } = await load(small, { code: hello, repeat: 3 << 20 });
  assert.match(error.message, /^Dynamic Worker code is larger than allowed/);
  assert.equal((await load(small, { code: hello, repeat: 1 << 19 })).text, "hello");
  assert.equal((await small.stop()).code, 0);
});

test("too many subrequests", async () => {
  const host = await serve(
    {
      "index.js": `export default { async fetch(request, env) {
        const worker = env.LOADER.get("w", () => ({ compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": "export default { fetch: () => new Response('x') };" } }));
        let done = 0;
        try { for (let i = 0; i < 10; i++) { await (await worker.getEntrypoint().fetch("http://x/")).text(); done++; } }
        catch (error) { return Response.json([done, error.message]); }
        return Response.json([done]);
      } };`,
    },
    { worker_loaders: [{ binding: "LOADER" }], limits: { subrequests: 5 } },
  );
  for (let i = 0; i < 3; i++) assert.deepEqual(JSON.parse((await request(host, "/")).text), [5, "Too many subrequests."]);
  assert.equal((await host.stop()).code, 0);
});

test("the host Worker's own limits: an error for the client, and it is there again", async () => {
  const host = await serve(
    { "index.js": "let n = 0; export default { fetch(r) { if (r.url.endsWith('/spin')) for (;;); return new Response(String(++n)); } };" },
    { limits: { cpu_ms: 60 } },
  );
  assert.equal((await request(host, "/")).text, "1");
  const answer = await request(host, "/spin");
  assert.equal(answer.status, 503);
  assert.match(answer.headers["x-mayfly-error"], /Worker exceeded CPU time limit\./);
  assert.equal((await request(host, "/")).text, "1");
  assert.equal((await host.stop()).code, 0);
});

test("many endless loops at once: each dies at its limit, the polite are served", async () => {
  const answers = await Promise.all([
    ...Array.from({ length: 16 }, () => load(server, { code: { modules: { "m.js": fetching("for (;;);") }, limits: { cpuMs: 60 } } })),
    ...Array.from({ length: 16 }, () => load(server, 'export default { fetch: () => new Response("polite") };')),
  ]);
  for (const { error } of answers.slice(0, 16)) assert.equal(error.name, CPU.name);
  for (const { text } of answers.slice(16)) assert.equal(text, "polite");
});
