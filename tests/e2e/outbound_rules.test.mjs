// outbound_rules.test.mjs: mayfly:outbound: sandboxes under rules of their own, with headers that they never see: what
// goes out, what an upstream that echoes may show them, redirects, rules within rules, and programs that try to get around
// them.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import zlib from "node:zlib";
import { after, before, test } from "node:test";
import { DATE, request, serve } from "./harness.mjs";

const SECRET = "s3cr3t-T0ken/with+more==";
let upstream, other, port, base, otherBase;

const routes = {
  "/echo": (request, response) => {
    response.setHeader("x-echo", request.headers.authorization ?? "none");
    response.statusMessage = `OK ${request.headers.authorization ?? ""}`;
    response.end(JSON.stringify(request.headers));
  },
  // the token, in pieces of every length, between what looks like it
  "/pieces": async (request, response) => {
    const token = request.headers.authorization.split(" ")[1];
    const text = `${token.slice(0, -1)}|${token}${token}|s3cr3t-s3cr3t-T0ken|${token}`;
    for (let size = 1; size < 30; size++)
      for (let i = 0; i < text.length; i += size) {
        response.write(text.slice(i, i + size));
        if (size % 7 === 0 || i === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    response.end(token.slice(0, 5));
  },
  "/long": (request, response) => {
    const token = request.headers.authorization.split(" ")[1];
    response.end(Buffer.from(`${"x".repeat(1000)}${token}`.repeat(3000)));
  },
  "/length": (request, response) => {
    const body = `token: ${request.headers.authorization}`;
    response.writeHead(200, { "content-length": body.length }).end(body);
  },
  "/gzip": (request, response) =>
    response.writeHead(200, { "content-encoding": "gzip" }).end(zlib.gzipSync(JSON.stringify(request.headers))),
  "/away": (request, response) =>
    response.writeHead(302, { location: new URL(request.url, "http://x").searchParams.get("to") }).end(),
};

before(async () => {
  const answer = (request, response) => {
    request.on("error", () => {});
    request.resume();
    const handler = routes[new URL(request.url, "http://x").pathname];
    if (handler === undefined) response.end(`${request.method} ${request.url}`);
    else handler(request, response);
  };
  upstream = http.createServer(answer);
  other = http.createServer(answer);
  for (const server of [upstream, other]) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  port = upstream.address().port;
  base = `http://127.0.0.1:${port}`;
  otherBase = `http://127.0.0.1:${other.address().port}`;
});
after(() => {
  for (const server of [upstream, other]) {
    server.closeAllConnections();
    server.close();
  }
});

// The host: runs the body of the request as a sandbox's fetch(), under the rules that x-rules names.
const HOST = `
import { outbound } from "mayfly:outbound";
export default {
  async fetch(request, env) {
    const rules = JSON.parse(request.headers.get("x-rules"), (key, value) => (value === "SECRET" ? "Bearer " + env.TOKEN : value === "LONG" ? "x".repeat(33000) : value));
    const code = "export default { async fetch(request, env, ctx) { try { return await run(request, env, ctx); } catch (e) {" +
      " return new Response(e.name + ': ' + e.message); } } };\\n" + await request.text();
    let globalOutbound;
    try { globalOutbound = outbound(rules); } catch (e) { return new Response(e.name + ": " + e.message); }
    const worker = env.LOADER.load({ compatibilityDate: "${DATE}", mainModule: "m.js", modules: { "m.js": code }, globalOutbound,
      env: { SECOND: outbound({ allow: [{ path: "/second" }] }), LOADER: null } });
    return worker.getEntrypoint().fetch("http://sandbox/");
  },
};`;

const start = (config = {}) =>
  serve({ "index.js": HOST }, {
    worker_loaders: [{ binding: "LOADER" }], vars: { TOKEN: SECRET }, outbound: { allow: [{ cidr: "127.0.0.1/32" }] }, ...config,
  });

// What the sandbox answered to this program, `run(request, env, ctx)`.
const sandbox = (server, rules, run) =>
  request(server, "/", { method: "POST", headers: { "x-rules": JSON.stringify(rules) }, body: `const run = ${run};` });
const get = (server, rules, url, init = "{}") =>
  sandbox(server, rules, `async () => fetch(${JSON.stringify(url)}, ${init})`).then(({ text }) => text);

const NO_REQUEST = "Error: This worker is not permitted to make this request";
const NO_ADDRESS = "Error: This worker is not permitted to access this address";
const withSecret = (more = {}) => ({ allow: [{ host: "127.0.0.1", headers: { authorization: "SECRET" }, ...more }] });

test("only what a rule allows goes out", async () => {
  const server = await start();
  const rules = { allow: [{ host: "127.0.0.1", port, methods: ["GET"], path: "/repos/*" }], deny: [{ path: "*/private" }] };
  assert.equal(await get(server, rules, `${base}/repos/a?b`), "GET /repos/a?b");
  for (const url of [`${base}/`, `${base}/repos`, `${base}/repos/private`, `${base}/repos/..%2fx`, `${otherBase}/repos/a`, "http://example.com/repos/a"])
    assert.equal(await get(server, rules, url), NO_REQUEST, url);
  assert.equal(await get(server, rules, `${base}/repos/a`, "{ method: 'POST' }"), NO_REQUEST);
  assert.equal(await get(server, { allow: [] }, `${base}/`), NO_REQUEST);
  assert.equal(await get(server, { deny: [{ path: "/x" }] }, `${base}/y`), "GET /y");
  await server.stop();
});

test("a sandbox's rules allow nothing that the configuration does not", async () => {
  const server = await start({ outbound: { deny: [{ path: "/repos/secret" }] } });
  assert.equal(await get(server, { allow: [{ host: "*" }, { cidr: "0.0.0.0/0" }] }, `${base}/`), NO_ADDRESS);
  assert.equal(await get(server, { allow: [{ host: "*" }] }, `${base}/repos/secret`), NO_REQUEST);
  await server.stop();
});

test("rules by address, with connections that are kept", async () => {
  const server = await start();
  assert.equal(await get(server, { allow: [{ cidr: "127.0.0.0/8" }] }, `${base}/a`), "GET /a");
  assert.equal(await get(server, { allow: [{ cidr: "10.0.0.0/8" }] }, `${base}/a`), NO_ADDRESS);
  assert.equal(await get(server, { deny: [{ cidr: "127.0.0.1" }] }, `${base}/a`), NO_ADDRESS);
  assert.equal(await get(server, { deny: [{ cidr: "127.0.0.2" }] }, `${base}/a`), "GET /a");
  await server.stop();
});

test("headers are added, in the place of the sandbox's own", async () => {
  const server = await start();
  const raw = JSON.parse(await get(server, withSecret(), `${base}/echo`, "{ headers: { Authorization: 'mine', 'x-a': 'b' } }"));
  assert.equal(raw.authorization, `Bearer ${SECRET}`);
  assert.equal(raw["x-a"], "b");
  const plain = JSON.parse(await get(server, { allow: [{ host: "127.0.0.1" }] }, `${base}/echo`));
  assert.equal(plain.authorization, undefined);
  await server.stop();
});

test("redacted: head and body, whole and in pieces", async () => {
  const server = await start();
  const rules = { ...withSecret(), redact: true };
  const { text } = await sandbox(server, rules, `async () => {
    const response = await fetch("${base}/echo", { headers: { "accept-encoding": "gzip", range: "bytes=5-9" } });
    return Response.json([response.statusText, [...response.headers], await response.text()]);
  }`);
  assert.doesNotMatch(text, /s3cr3t/);
  const [statusText, headers, body] = JSON.parse(text);
  assert.equal(statusText, `OK ${"*".repeat(7 + SECRET.length)}`);
  assert.equal(new Map(headers).get("x-echo"), "*".repeat(7 + SECRET.length));
  assert.equal(JSON.parse(body).authorization, "*".repeat(7 + SECRET.length));
  assert.equal(JSON.parse(body)["accept-encoding"], "identity");
  assert.equal(JSON.parse(body).range, undefined);
  const stars = "*".repeat(SECRET.length);
  const once = `${SECRET.slice(0, -1)}|${stars}${stars}|s3cr3t-s3cr3t-T0ken|${stars}`;
  assert.equal(await get(server, rules, `${base}/pieces`), once.repeat(29) + SECRET.slice(0, 5));
  assert.equal(await get(server, rules, `${base}/long`), `${"x".repeat(1000)}${stars}`.repeat(3000));
  assert.equal(await get(server, rules, `${base}/length`), `token: ${"*".repeat(7 + SECRET.length)}`);
  assert.match(await get(server, rules, `${base}/gzip`), /^Error: The request to the network failed: its answer is compressed/);
  assert.match(await sandbox(server, rules, `async () => fetch("${base}/", { headers: { upgrade: "websocket" } })`).then((r) => r.text),
    /a WebSocket cannot be redacted/);
  await server.stop();
});

test("without headers nothing is redacted, nor asked for otherwise", async () => {
  const server = await start();
  const seen = JSON.parse(await get(server, { allow: [{ host: "*" }], redact: true }, `${base}/echo`, "{ headers: { 'accept-encoding': 'gzip' } }"));
  assert.equal(seen["accept-encoding"], "gzip");
  await server.stop();
});

test("a redirect to another origin gets no headers any more, nor one that comes back", async () => {
  const server = await start();
  const to = (...urls) => urls.reduceRight((next, url) => `${url}/away?to=${encodeURIComponent(next)}`);
  const authorization = async (url) => JSON.parse(await get(server, withSecret(), url)).authorization;
  assert.equal(await authorization(to(base, "/echo")), `Bearer ${SECRET}`);
  assert.equal(await authorization(to(base, `${otherBase}/echo`)), undefined);
  assert.equal(await authorization(to(base, otherBase, `${base}/echo`)), undefined);
  assert.equal(await get(server, withSecret({ port }), to(base, `${otherBase}/echo`)), NO_REQUEST);
  await server.stop();
});

test("an outbound is a service stub: in env, with fetch(), without methods", async () => {
  const server = await start();
  const run = (body) => sandbox(server, { allow: [] }, body).then(({ text }) => text);
  assert.equal(await run(`async (request, env) => env.SECOND.fetch("${base}/second")`), "GET /second");
  assert.equal(await run(`async (request, env) => env.SECOND.fetch("${base}/third")`), NO_REQUEST);
  assert.equal(await run("async (request, env) => new Response(await env.SECOND.anything())"),
    `${NO_REQUEST}: an outbound has fetch() and connect() and nothing else`);
  await server.stop();
});

// A Worker with a loader makes rules for its own sandboxes, within those that it is under.
test("rules within rules: all of them hold, and each adds its headers", async () => {
  const host = `
    import { outbound } from "mayfly:outbound";
    import { WorkerEntrypoint } from "cloudflare:workers";
    const leaf = "export default { async fetch(r) { try { return await fetch(r.headers.get('x-url')); } catch (e) { return new Response(e.message); } } };";
    const middle = \`import { outbound } from "mayfly:outbound";
      export default { fetch(request, env) { return env.HOST.run(request.headers.get("x-url"), outbound({ allow: [{ host: "127.0.0.1", path: "/e*", headers: { "x-inner": "inner" } }] })); } };\`;
    const load = (env, code, globalOutbound, more) => env.LOADER.load({ compatibilityDate: "${DATE}", mainModule: "m.js", modules: { "m.js": code }, globalOutbound, env: more }).getEntrypoint();
    export class Runner extends WorkerEntrypoint {
      async run(url, out) { return (await load(this.env, leaf, out, {}).fetch("http://x/", { headers: { "x-url": url } })); }
    }
    export default {
      async fetch(request, env, ctx) {
        const how = new URL(request.url).pathname;
        const out = how === "/none" ? null : how === "/service" ? ctx.exports.Runner({}) : outbound({ allow: [{ host: "127.0.0.1", path: "*o", headers: { "x-outer": "outer" } }] });
        const worker = load(env, middle, out, { HOST: ctx.exports.Runner({}) });
        return worker.fetch("http://x/", { headers: { "x-url": request.headers.get("x-url") } });
      },
    };`;
  const server = await serve({ "index.js": host },
    { worker_loaders: [{ binding: "LOADER" }], outbound: { allow: [{ cidr: "127.0.0.1/32" }] } });
  const ask = (how, url) => request(server, how, { headers: { "x-url": url } }).then(({ text }) => text);
  const seen = JSON.parse(await ask("/", `${base}/echo`));
  assert.deepEqual([seen["x-inner"], seen["x-outer"]], ["inner", "outer"]);
  assert.equal(await ask("/", `${base}/exho`), "GET /exho");
  assert.equal(`Error: ${await ask("/", `${base}/e`)}`, NO_REQUEST);
  assert.equal(`Error: ${await ask("/", `${base}/o`)}`, NO_REQUEST);
  assert.match(await ask("/none", `${base}/echo`), /^This worker is not permitted to access the internet via global functions/);
  assert.equal(`Error: ${await ask("/service", `${base}/echo`)}`,
    `${NO_REQUEST}: the Worker that made these rules has an outbound that is not the network`);
  await server.stop();
});

test("rules that are wrong", async () => {
  const server = await start();
  const said = (rules) => get(server, rules, `${base}/`);
  const cases = [
    [null, "the argument is not an object"],
    [{ allows: [] }, "the argument has no member 'allows'"],
    [{ allow: {} }, "allow is not an array"],
    [{ allow: [{}] }, 'allow[0] names nothing; { host: "*" } is every host'],
    [{ allow: ["a"] }, "allow[0] is not an object"],
    [{ allow: [{ hosts: "a" }] }, "allow[0] has no member 'hosts'"],
    [{ deny: [{ host: "a", headers: {} }] }, "deny[0] has no member 'headers'"],
    [{ allow: [{ host: 1 }] }, "allow[0].host is not a string"],
    [{ allow: [{ port: "80" }] }, "allow[0].port is not a whole number from 1 to 65535"],
    [{ allow: [{ methods: "GET" }] }, "allow[0].methods is not an array"],
    [{ allow: [{ methods: [1] }] }, "allow[0].methods[0] is not a string"],
    [{ allow: Array(65).fill({ port: 1 }) }, "allow has more than 64 entries"],
    [{ allow: [{ host: "*", headers: { a: "LONG" } }] }, "the rules are longer than 32768 bytes"],
  ];
  for (const [rules, what] of cases) assert.equal(await said(rules), `TypeError: Failed to execute 'outbound': ${what}.`);
  const late = [
    [{ allow: [{ host: "a b" }] }, /^Error: This worker is not permitted to make this request: host must be a name/],
    [{ allow: [{ cidr: "10.0.0.1/8" }] }, /has bits set after its prefix/],
    [{ deny: [{ path: "x" }] }, /path must begin with/],
    [{ allow: [{ host: "*", headers: { host: "a" } }] }, /"host" cannot be added/],
  ];
  for (const [rules, what] of late) assert.match(await said(rules), what);
  await server.stop();
});

test("the log has a line for each request, and no secrets", async () => {
  const server = await start();
  await get(server, { ...withSecret(), redact: true }, `http://user:pass@127.0.0.1:${port}/echo/a%0Ab?key=value&bare&x=`, "{ method: 'POST', body: 'four' }");
  await server.logged(new RegExp(`^mayfly: outbound POST http://127\\.0\\.0\\.1:${port}/echo/a%0Ab\\?key=\u2026&\u2026&x= status=200 rule=sandbox\\.allow\\[0\\] sent=4 received=\\d+ ms=\\d+ id=\\d+ worker=\\(loaded\\)$`, "m"));
  await get(server, { allow: [] }, `${base}/no?secret`);
  await server.logged(/^mayfly: outbound GET \S+\/no\?\u2026 status=0 rule=- sent=0 received=0 ms=\d+ error="refused" id=\d+ worker=/m);
  await get(server, { deny: [{ path: "/no" }] }, `${base}/no`);
  await server.logged(/^mayfly: outbound GET \S+\/no status=0 rule=sandbox\.deny\[0\] .* error="refused"/m);
  await get(server, {}, `${base}/${"long/".repeat(1000)}`);
  await server.logged(/^mayfly: outbound GET \S+long\S*\u2026 status=200/m);
  assert.doesNotMatch(server.log, /s3cr3t|value|pass|user/);
  await server.stop();
});

test("the log of requests: refused ones only, none, with queries, as JSON", async () => {
  const allow = [{ cidr: "127.0.0.1/32" }];
  const server = await start({ outbound: { allow, log: "refused" } });
  await get(server, {}, `${base}/made`);
  await get(server, { allow: [] }, `${base}/not`);
  await server.logged(/outbound GET \S+\/not /);
  assert.doesNotMatch(server.log, /\/made/);
  await server.stop();
  const silent = await start({ outbound: { allow, log: "none" } });
  await get(silent, { allow: [] }, `${base}/not`);
  await silent.stop();
  assert.doesNotMatch(silent.log, /outbound GET/);
  const all = await start({ outbound: { allow, log_query: true } });
  await get(all, {}, `${base}/made?a=b`);
  await all.logged(/outbound GET \S+\/made\?a=b /);
  await all.stop();
});
