// The Worker model: what the modules of a Worker see. Each case runs as the host Worker's code would, in a dynamic
// Worker, and what it returns is compared with what workerd returns.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { load, open, request, serve, serveDispatch, sleep } from "./harness.mjs";

let server;
before(async () => (server = await serveDispatch()));
after(async () => assert.deepEqual(await server.stop(), { code: 0, signal: null }));

/** A Worker whose fetch() returns the JSON of this expression (which may await). */
const json = (expression, before = "") =>
  `${before}\nexport default { async fetch(request, env, ctx) { return Response.json(await (async () => (${expression}))()); } };`;

async function value(expression, before, spec = {}) {
  const answer = await load(server, { ...spec, code: { ...spec.code, modules: { "m.js": json(expression, before), ...spec.modules } } });
  assert.equal(answer.error, undefined, JSON.stringify(answer.error));
  return JSON.parse(answer.text);
}

test("modules: relative imports, up and down, cycles, re-exports, namespaces", async () => {
  const modules = {
    "lib/a.js": 'import { b } from "./deep/b.js"; export const a = () => "a" + b(); export { top } from "../top.js";',
    "lib/deep/b.js": 'import { a } from "../a.js"; export const b = () => "b" + typeof a;',
    "top.js": 'export const top = "top"; export default 7;',
  };
  const before = 'import { a, top } from "./lib/a.js"; import seven, * as all from "./top.js";';
  assert.deepEqual(await value("[a(), top, seven, Object.keys(all)]", before, { modules }), ["abfunction", "top", 7, ["default", "top"]]);
});

test("modules: dynamic import, also of what was not imported yet", async () => {
  const modules = { "x.js": "globalThis.loaded = (globalThis.loaded ?? 0) + 1; export const x = 'dyn';" };
  const expression = "[globalThis.loaded ?? 0, (await import('./x.js')).x, (await import('./x.js')).x, globalThis.loaded]";
  assert.deepEqual(await value(expression, "", { modules }), [0, "dyn", "dyn", 1]);
  assert.match(await value("await import('./y.js').catch((e) => e.message)"), /^No such module "y\.js"\./);
});

test("modules: text and json", async () => {
  const modules = { "t.txt": { text: "hi" }, "j.json": { json: { a: [1] } } };
  const before = "import t from './t.txt'; import j from './j.json';";
  assert.deepEqual(await value("[t, j]", before, { modules }), ["hi", { a: [1] }]);
});

test("modules: top-level await, import.meta, strict mode", async () => {
  assert.deepEqual(await value("[x, typeof import.meta, (function () { return this === undefined })()]", "const x = await Promise.resolve(5);"), [5, "object", true]);
});

test("env holds plain values, cloned", async () => {
  const env = { s: "x", n: 1.5, o: { a: [null, true] } };
  assert.deepEqual(await value("env", "", { code: { env } }), env);
});

test("named entrypoints, class form, props", async () => {
  const code = {
    env: { E: 1 },
    modules: {
      "m.js": `import { WorkerEntrypoint } from "cloudflare:workers";
        export class Classy extends WorkerEntrypoint {
          fetch(request) { return Response.json(["class", this.env.E, this.ctx.props, typeof this.ctx.waitUntil, request.url]); }
        }
        export const plain = { fetch(request, env, ctx) { return Response.json(["plain", env.E, ctx.props]); } };
        export default { fetch(request, env, ctx) { return Response.json(["default", env.E, ctx.props]); } };`,
    },
  };
  const options = { props: { who: "me", deep: [1, { a: 2 }] } };
  const call = async (entrypoint, options) => JSON.parse((await load(server, { code, entrypoint, options }, "/p")).text);
  assert.deepEqual((await call("Classy", options)).slice(0, 4), ["class", 1, options.props, "function"]);
  assert.deepEqual(await call("plain", options), ["plain", 1, options.props]);
  assert.deepEqual(await call(undefined, options), ["default", 1, options.props]);
  assert.deepEqual(await call(undefined, undefined), ["default", 1, {}]);
  const { error } = await load(server, { code, entrypoint: "Nope" });
  assert.equal(error.message, "Worker has no such entrypoint: Nope");
});

test("a class as default export", async () => {
  const source = `import { WorkerEntrypoint } from "cloudflare:workers";
    export default class extends WorkerEntrypoint { async fetch() { return new Response("from a class " + this.env.x); } }`;
  assert.equal((await load(server, { code: { env: { x: 3 }, modules: { "m.js": source } } })).text, "from a class 3");
});

test("the same Worker as the host, with named modules, vars and props", async () => {
  const host = await serve(
    { "index.js": json("[env.V, ctx.props, Object.keys(env), helper]", 'import { helper } from "./lib/h.js";'), "lib/h.js": "export const helper = 'h';" },
    { vars: { V: { a: 1 } } },
  );
  assert.deepEqual(JSON.parse((await request(host, "/")).text), [{ a: 1 }, {}, ["V"], "h"]);
  assert.equal((await host.stop()).code, 0);
});

test("waitUntil goes on after the response", async () => {
  const spec = {
    get: "waits",
    code: `let done = "no";
      export default { fetch(request, env, ctx) {
        if (request.url.endsWith("/look")) return new Response(done);
        ctx.waitUntil((async () => { await new Promise((r) => setTimeout(r, 30)); done = "yes"; })());
        ctx.waitUntil(Promise.reject(new Error("for the log")));
        return new Response("early");
      } };`,
  };
  assert.equal((await load(server, spec)).text, "early");
  while ((await load(server, spec, "/look")).text !== "yes") await sleep(5);
});

test("timers: order, intervals, clearing, arguments, microtasks first", async () => {
  const expression = `await new Promise((resolve) => {
    const seen = [];
    let ticks = 0;
    setTimeout(() => seen.push("late"), 20);
    setTimeout((a, b) => seen.push(a + b), 1, "x", "y");
    const never = setTimeout(() => seen.push("never"), 5);
    clearTimeout(never);
    queueMicrotask(() => seen.push("micro"));
    Promise.resolve().then(() => seen.push("then"));
    const interval = setInterval(() => { if (++ticks === 3) clearInterval(interval); }, 2);
    setTimeout(() => resolve([...seen, ticks]), 60);
    seen.push("sync");
  })`;
  assert.deepEqual(await value(expression), ["sync", "micro", "then", "xy", "late", 3]);
});

test("the clock stands still within a turn", async () => {
  assert.equal(await value("(() => { const a = Date.now(); for (let i = 0; i < 1e6; i++); return Date.now() - a; })()"), 0);
  assert.ok((await value("Math.abs(Date.now() - 1e12)")) > 1e11);
});

test("console and failed waitUntil() go to the log; control characters cannot forge lines", async () => {
  const other = await serveDispatch();
  const source = `export default { fetch(request, env, ctx) {
    console.log("plain", 1, { a: 2 });
    console.error("bad\\u001b[31m\\nmayfly: forged line");
    ctx.waitUntil(Promise.reject(new Error("failed later")));
    return new Response("x");
  } };`;
  assert.equal((await load(other, source)).text, "x");
  await other.stop();
  assert.match(other.log, /plain 1 \{ a: 2 \}/);
  assert.match(other.log, /bad/);
  assert.match(other.log, /failed later/);
  assert.doesNotMatch(other.log, /^mayfly: forged line/m);
  assert.ok(!other.log.includes("\x1b[31m"));
});

test("console works in a Worker that replaced the language's own functions, and cannot be made to fail it", async () => {
  const other = await serveDispatch();
  const source = `export default { fetch() {
    const { log } = console, answer = new Response("x");
    const values = [{ a: [1, "it's"] }, [new Uint8Array(2), "a\\nb", Symbol("s")], new Error("e", { cause: "c" }).cause, Promise.resolve(1),
      new Headers({ a: "b" }), new URLSearchParams("a=1"), Buffer.from("hi"), new Proxy({}, {}), class A extends Map {}, () => {}];
    const { getOwnPropertyNames, defineProperty } = Object;
    for (const owner of [Array, String, Number, Symbol, RegExp, Map, Set, WeakMap, Error, Date, Function, Headers, Object.getPrototypeOf(Uint8Array)]) {
      for (const name of getOwnPropertyNames(owner.prototype)) {
        if (name === "constructor" || typeof Reflect.getOwnPropertyDescriptor(owner.prototype, name).value !== "function") continue;
        defineProperty(owner.prototype, name, { __proto__: null, value() { throw new Error(name + " was called"); } });
      }
    }
    for (const name of ["value", "get", "depth", "circular"]) defineProperty(Object.prototype, name, { __proto__: null, set() { throw name; } });
    for (let i = 0; i < values.length; i++) log(i, values[i]);
    log("%s|%d|%j|%O", "text", 1, { a: 1 }, [1]);
    log({ [Symbol.for("nodejs.util.inspect.custom")]() { throw { toString() { throw 1; } }; } });
    console.table([{ a: 1 }]);
    return answer;
  } };`;
  assert.equal((await load(other, source)).text, "x");
  await other.stop();
  for (const text of ["0 { a: [ 1, \"it's\" ] }", "1 [ Uint8Array(2) [ 0, 0 ], 'a\\nb', Symbol(s) ]", "2 c", "3 Promise { 1 }",
    "4 Headers(1) { 'a' => 'b', [immutable]: false }", "5 URLSearchParams(1) { 'a' => '1' }", "6 <Buffer 68 69>", "7 Proxy({})",
    "8 [class A extends Map]", "9 [Function (anonymous)]", 'text|1|{"a":1}|[ 1 ]', "<Formatting threw", "│ (index) │ a │"]) {
    assert.ok(other.log.includes(`: ${text}`) || other.log.includes(`    ${text}`), `${text} in ${other.log}`);
  }
});

test("what a Worker logs is shown over several lines and cut at a limit", async () => {
  const other = await serveDispatch();
  const source = `export default { fetch() {
    console.log({ a: "x".repeat(70), b: { c: 1 } });
    console.log(Array.from({ length: 100 }, () => "y".repeat(5000)));
    return new Response("x");
  } };`;
  assert.equal((await load(other, source)).text, "x");
  await other.stop();
  assert.match(other.log, /^log \S+: \{\n {6}a: 'x{70}',\n {6}b: \{ c: 1 \}\n {4}\}\n/m);
  assert.ok(other.log.length < 20000, `${other.log.length}`);
});

test("Request, Response, Headers, URL", async () => {
  const expression = `await (async () => {
    const r = new Response("body", { status: 201, headers: { A: "b" } });
    const c = r.clone();
    const url = new URL("../x?y=1#z", "http://h:8080/a/b/c");
    url.searchParams.append("q", "ü &");
    const rq = new Request("http://x/", { method: "POST", body: "in" });
    return [r.status, r.headers.get("a"), await r.text(), await c.text(), r.bodyUsed, (await Response.json({ a: 1 }).json()).a,
      url.href, [...url.searchParams], rq.method, await rq.text(), new Headers([["b", "2"], ["a", "1"], ["a", "3"]]).get("A"),
      await new Response(new Uint8Array([104, 105])).text(), (await new Response("xyz").arrayBuffer()).byteLength];
  })()`;
  assert.deepEqual(await value(expression), [
    201, "b", "body", "body", true, 1, "http://h:8080/a/x?y=1&q=%C3%BC+%26#z", [["y", "1"], ["q", "ü &"]], "POST", "in", "1, 3", "hi", 3,
  ]);
});

test("encoders, structuredClone, base64, random values", async () => {
  const expression = `(() => {
    const m = structuredClone(new Map([[1, new Set(["x"])]]));
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    return [[...new TextEncoder().encode("ä€")], new TextDecoder().decode(new Uint8Array([0xe2, 0x82, 0xac])), m.get(1).has("x"),
      btoa("hi"), atob("aGk="), bytes.some((b) => b), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())];
  })()`;
  assert.deepEqual(await value(expression), [[195, 164, 226, 130, 172], "€", true, "aGk=", "hi", true, true]);
});

test("streams: transform, tee, async iteration, cancel", async () => {
  const expression = `await (async () => {
    const upper = new TransformStream({ transform(chunk, c) { c.enqueue(chunk.toUpperCase()); } });
    const source = new ReadableStream({ start(c) { c.enqueue("a"); c.enqueue("b"); c.close(); } });
    const out = [];
    for await (const chunk of source.pipeThrough(upper)) out.push(chunk);
    const [x, y] = new Response("tee").body.tee();
    return [out, await new Response(x).text(), await new Response(y).text()];
  })()`;
  assert.deepEqual(await value(expression), [["A", "B"], "tee", "tee"]);
});

test("code generation from strings is refused", async () => {
  const probe = (code) => value(`(() => { try { ${code}; return "ran"; } catch (e) { return e.name + ": " + e.message; } })()`);
  const refused = "EvalError: Code generation from strings disallowed for this context";
  assert.equal(await probe("eval('1')"), refused);
  assert.equal(await probe("new Function('return 1')()"), refused);
  assert.equal(await probe("(async function () {}).constructor('1')"), refused);
  assert.equal(await probe("(function* () {}).constructor('1')"), refused);
});

test("no ambient authority: nothing of a host system is in reach", async () => {
  const names = ["require", "std", "os", "Deno", "Bun", "fs", "native", "__native", "scriptArgs", "print", "Worker", "bjson"];
  assert.deepEqual(await value(`${JSON.stringify(names)}.filter((n) => n in globalThis)`), []);
});

test("errors keep class, message and stack with module, line, column", async () => {
  const source = 'class MyError extends Error { constructor(m) { super(m); this.name = "MyError"; } }\nexport default {\n  fetch() {\n    throw new MyError("mine");\n  }\n};';
  const { error } = await load(server, source);
  assert.equal(error.name, "MyError");
  assert.equal(error.message, "mine");
  assert.match(await value("(() => { try { null.x } catch (e) { return e.stack } })()"), /m\.js:2:\d+/);
  const range = await load(server, "export default { fetch() { throw new RangeError('r') } }");
  assert.equal(range.error.name, "RangeError");
});

test("whatever is thrown arrives as an error", async () => {
  const text = async (thrown) => (await load(server, `export default { fetch() { throw ${thrown} } }`)).error.message;
  assert.equal(await text('"a string"'), "a string");
  assert.equal(await text("null"), "null");
  assert.equal((await load(server, "export default { fetch() { throw { get message() { throw 1 } } } }")).status, 500);
  assert.equal((await load(server, "export default { fetch() { throw new Proxy({}, { get() { throw 1 } }) } }")).status, 500);
});

test("a handler that returns no Response is a TypeError at the caller", async () => {
  for (const returned of ["3", "undefined", "({})", "Promise.resolve('x')"]) {
    const { error } = await load(server, `export default { fetch() { return ${returned} } }`);
    assert.equal(error.name, "TypeError", returned);
  }
});

test("a request body and its headers reach the Worker, and its answer the client", async () => {
  const source = `export default { async fetch(request) {
    return new Response((await request.text()).toUpperCase(), { status: 202, statusText: "Fine", headers: { "x-in": request.headers.get("x-out"), "x-url": request.url } });
  } };`;
  const answer = await load(server, source, "/a%20b?c", { method: "PATCH", body: "shout", headers: { "x-out": "1" } });
  assert.equal(answer.status, 202);
  assert.equal(answer.text, "SHOUT");
  assert.equal(answer.headers["x-in"], "1");
  assert.equal(answer.headers["x-url"], `${server.url}/a%20b?c`);
});

test("a status text goes out as it is, or not at all", async () => {
  const server = await serve({
    "index.js": `const TEXTS = { "/plain": "Fine so far", "/latin1": "\\u00e9", "/del": "a\\x7f" };
      export default { fetch: (request) => new Response("x", { statusText: TEXTS[new URL(request.url).pathname] }) };`,
  });
  const told = [];
  for (const path of ["/plain", "/latin1", "/del"]) {
    const response = await open(server, path);
    told.push(Buffer.from(response.statusMessage, "latin1").toString());
    response.resume();
  }
  assert.deepEqual(told, ["Fine so far", "é", "OK"]);
  await server.stop();
});
