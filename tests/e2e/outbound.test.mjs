// outbound.test.mjs: fetch() to the network, seen from both ends: streaming with back-pressure, what is refused, upstreams
// that are hostile, and everything that may end in the middle.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import net from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import { DATE, directory, open, request, serve, settled, sleep } from "./harness.mjs";

// ---- the upstream: an HTTP server, and a bare one that writes what it is told

const MB = 1 << 20;
const seen = new Map(); // path -> { request, response, closed: promise }
let upstream, bare, base, bareBase;
let bareScript = () => {};

function noteRequest(request, response) {
  const closed = new Promise((resolve) => response.on("close", resolve));
  seen.set(request.url, { request, response, closed });
  waiters.get(request.url)?.();
}
const waiters = new Map();
const arrived = (url) =>
  seen.has(url) ? Promise.resolve() : new Promise((resolve) => waiters.set(url, resolve));

const routes = {
  "/hello": (request, response) => response.end("hello"),
  "/forever": (request, response) => response.write("x"),
  "/silent": () => {},
  "/big": (request, response) => {
    const piece = Buffer.alloc(65536, "b");
    let left = 100 * MB;
    const more = () => {
      while (left > 0) {
        left -= piece.length;
        sent += piece.length;
        if (!response.write(piece)) return void response.once("drain", more);
      }
      response.end();
    };
    sent = 0;
    more();
  },
  "/count": async (request, response) => {
    let n = 0;
    for await (const piece of request) n += piece.length;
    response.end(String(n));
  },
  "/stuck": (request, response) => response.flushHeaders(), // never reads the body
  "/away": (request, response) => response.writeHead(302, { location: request.headers["x-to"] }).end(),
  "/seen": (request, response) => response.end(JSON.stringify(request.rawHeaders)),
};
let sent = 0;

before(async () => {
  upstream = http.createServer((request, response) => {
    request.on("error", () => {});
    response.on("error", () => {});
    noteRequest(request, response);
    (routes[request.url.split("?")[0]] ?? routes["/hello"])(request, response);
  });
  bare = net.createServer((socket) => {
    socket.on("error", () => {});
    bareScript(socket);
  });
  for (const server of [upstream, bare]) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  base = `http://127.0.0.1:${upstream.address().port}`;
  bareBase = `http://127.0.0.1:${bare.address().port}`;
});
after(() => {
  upstream.closeAllConnections();
  upstream.close();
  bare.close();
});

// The Worker fetches what the header x-url names, and passes the answer on, or the error as JSON.
const WORKER = `
export default {
  async fetch(request, env, ctx) {
    const url = request.headers.get("x-url"), how = request.headers.get("x-how");
    try {
      if (how === "text") return new Response(await (await fetch(url)).text());
      if (how === "dynamic") {
        const code = \`export default { async fetch(request) {
          try { return await fetch(request.headers.get("x-url")); } catch (e) { return Response.json(String(e)); } } }\`;
        const worker = env.LOADER.load({ compatibilityDate: "${DATE}", mainModule: "m.js", modules: { "m.js": code } });
        return await worker.getEntrypoint().fetch("http://x/", { headers: { "x-url": url } });
      }
      if (how === "slowly") {
        const reader = (await fetch(url)).body.getReader();
        let n = (await reader.read()).value.length;
        await new Promise((resolve) => setTimeout(resolve, 1500));
        for (let r; !(r = await reader.read()).done; ) n += r.value.length;
        return new Response(String(n));
      }
      const init = { method: request.method, headers: { "x-to": request.headers.get("x-to") ?? "" } };
      if (request.method !== "GET") init.body = request.body;
      return await fetch(url, init);
    } catch (e) {
      return Response.json({ name: e.name, message: e.message }, { status: 599 });
    }
  },
};`;

const ALLOW = [{ cidr: "127.0.0.1/32" }];
const start = (config = {}) =>
  serve({ "index.js": WORKER }, { worker_loaders: [{ binding: "LOADER" }], outbound: { allow: ALLOW }, ...config });
const ask = (server, url, headers = {}, init = {}) => request(server, "/", { ...init, headers: { "x-url": url, ...headers } });
// The gateway has not grown by more than what its windows hold. (The address sanitizer keeps what was freed.)
function assertGrew(server, before) {
  if (process.env.MAYFLY_BIN?.includes("/asan/")) return;
  assert.ok(rss(server.pid) - before < 40, `the gateway grew from ${before} to ${rss(server.pid)} MB`);
}
const rss = (pid) => Number(/VmRSS:\s*(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
const error = (answer) => {
  assert.equal(answer.status, 599, answer.text);
  return JSON.parse(answer.text);
};

// ---- plain

test("an answer passes through, and the connection is kept", async () => {
  const server = await start();
  for (let i = 0; i < 3; i++) assert.equal((await ask(server, `${base}/hello`)).text, "hello");
  const ports = new Set([seen.get("/hello").request.socket.remotePort]);
  await ask(server, `${base}/hello?2`);
  ports.add(seen.get("/hello?2").request.socket.remotePort);
  assert.equal(ports.size, 1);
  await server.stop();
});

test("a dynamic Worker inherits its parent's outbound", async () => {
  const server = await start();
  assert.equal((await ask(server, `${base}/hello`, { "x-how": "dynamic" })).text, "hello");
  await server.stop();
});

test("a dynamic Worker is under the same policy", async () => {
  const server = await start({ outbound: {} });
  assert.match((await ask(server, `${base}/hello`, { "x-how": "dynamic" })).text, /not permitted to access this address/);
  await server.logged(/Worker \(loaded\): refused to connect to 127\.0\.0\.1 port \d+ \(127\.0\.0\.1\): it is loopback/);
  await server.stop();
});

test("nothing that a gateway adds of itself goes out", async () => {
  process.env.http_proxy = "http://127.0.0.1:1";
  const server = await start();
  delete process.env.http_proxy;
  const raw = JSON.parse((await ask(server, `${base}/seen`)).text);
  const names = raw.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
  assert.deepEqual(names.sort(), ["host", "x-to"]);
  await server.stop();
});

test("subrequests are counted", async () => {
  const source = `export default { async fetch() {
    let n = 0;
    try { for (; n < 10; n++) await (await fetch("${base}/hello")).text(); } catch (e) { return new Response(n + " " + e.message); }
    return new Response("all");
  } }`;
  const server = await serve({ "index.js": source }, { outbound: { allow: ALLOW }, limits: { subrequests: 5 } });
  assert.equal((await request(server)).text, "5 Too many subrequests.");
  await server.stop();
});

test("requests in progress are limited, and 200 at once are fine", async () => {
  const source = `export default { async fetch(request) {
    const n = Number(new URL(request.url).searchParams.get("n"));
    const all = await Promise.allSettled(Array.from({ length: n }, () => fetch("${base}/hello").then((r) => r.text())));
    return Response.json([all.filter((r) => r.value === "hello").length, all.find((r) => r.reason)?.reason.message ?? null]);
  } }`;
  const limits = { outbound_requests: 200, outbound_connections: 40 };
  const server = await serve({ "index.js": source }, { outbound: { allow: ALLOW }, limits });
  assert.deepEqual(JSON.parse((await request(server, "/?n=200")).text), [200, null]);
  assert.deepEqual(JSON.parse((await request(server, "/?n=220")).text), [200, "Too many requests to the network at once"]);
  assert.deepEqual(JSON.parse((await request(server, "/?n=200")).text), [200, null]);
  await server.stop();
});

// ---- streaming

test("100 MB to a client that does not read: the upstream is stopped, and memory stays", async () => {
  const server = await start();
  await ask(server, `${base}/hello`);
  const before = rss(server.pid);
  const response = await open(server, "/", { headers: { "x-url": `${base}/big` } });
  const stopped = await settled(() => sent);
  assert.ok(stopped < 40 * MB, `${stopped} bytes were sent to nobody`);
  assertGrew(server, before);
  let n = 0;
  for await (const piece of response) n += piece.length;
  assert.equal(n, 100 * MB);
  assertGrew(server, before);
  await server.stop();
});

test("100 MB to a Worker that reads slowly", async () => {
  const server = await start();
  assert.equal((await ask(server, `${base}/big`, { "x-how": "slowly" })).text, String(100 * MB));
  await server.stop();
});

test("100 MB from a client to the upstream", async () => {
  const server = await start();
  const before = rss(server.pid);
  const answer = await ask(server, `${base}/count`, {}, { method: "POST", body: Buffer.alloc(100 * MB - 1, "a") });
  assert.equal(answer.text, String(100 * MB - 1));
  assertGrew(server, before);
  await server.stop();
});

test("an upstream that does not read stops the client", async () => {
  const server = await start();
  const before = rss(server.pid);
  const client = http.request({ host: "127.0.0.1", port: server.port, method: "POST", headers: { "x-url": `${base}/stuck` } });
  client.on("error", () => {});
  client.on("response", (response) => response.resume());
  let taken = 0;
  const more = () => {
    while (taken < 90 * MB) {
      taken += 65536;
      if (!client.write(Buffer.alloc(65536))) return void client.once("drain", more);
    }
  };
  more();
  assert.ok((await settled(() => taken)) < 40 * MB);
  assertGrew(server, before);
  client.socket.resetAndDestroy();
  assert.equal((await ask(server, `${base}/hello`)).text, "hello");
  assert.equal((await server.stop()).code, 0);
  assert.doesNotMatch(server.log, /given up/);
});

// ---- refusals

test("addresses that may not be reached, in every spelling", async () => {
  const server = await start({ outbound: {} });
  const { port } = upstream.address();
  const hosts = ["127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001",
    "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]",
    "0.0.0.0", "0", "[::]", "localhost", "LOCALHOST", "localhost.", "169.254.169.254", "10.0.0.1", "172.16.0.1",
    "192.168.0.1", "100.64.0.1", "[fe80::1]", "[fd00::1]", "[ff02::1]", "224.0.0.1", "255.255.255.255", "127.0.0.2",
    "%31%32%37.0.0.1", "\u{ff11}27.0.0.1", "127\u30020\u30020\u30021"];
  for (const host of hosts) {
    const said = error(await ask(server, `http://${encodeURI(host).replaceAll("%25", "%").replaceAll("%5B", "[").replaceAll("%5D", "]")}:${port}/hello?refused`));
    // a system's resolver may know the name or not
    const expected = host === "localhost." ? /not permitted to access this address|is not known/ : /not permitted to access this address/;
    assert.match(said.message, expected, host);
  }
  assert.ok(!seen.has("/hello?refused"));
  assert.doesNotMatch(server.log, /Worker worker: refused to connect to (?!127\.|0\.|10\.|169\.|172\.|192\.|100\.|224\.|255\.|\[)/);
  await server.stop();
});

test("a redirect to what may not be reached", async () => {
  const server = await start({ outbound: { allow: [{ cidr: "127.0.0.1/32", port: upstream.address().port }] } });
  for (const to of [`${bareBase}/`, "http://127.0.0.2/", "http://[::1]/", "http://169.254.169.254/latest/meta-data/"]) {
    const said = error(await ask(server, `${base}/away`, { "x-to": to }));
    assert.match(said.message, /^This worker is not permitted to access this address$/, to);
  }
  await server.logged(/refused to connect to 169\.254\.169\.254 port 80 \(169\.254\.169\.254\): it is link-local/);
  assert.equal((await ask(server, `${base}/away`, { "x-to": "/hello" })).text, "hello");
  await server.stop();
});

test("an allowed port, and no other", async () => {
  const server = await start({ outbound: { allow: [{ cidr: "127.0.0.0/8", port: upstream.address().port }] } });
  assert.equal((await ask(server, `${base}/hello`)).text, "hello");
  assert.match(error(await ask(server, `${bareBase}/hello`)).message, /not permitted/);
  await server.stop();
});

const NO_ADDRESS = "This worker is not permitted to access this address";
const NO_REQUEST = "This worker is not permitted to make this request";

test("rules by host, method and path, at every hop", async () => {
  const { port } = upstream.address();
  const local = { cidr: "127.0.0.1/32", port };
  const server = await start({
    outbound: {
      public: false,
      allow: [
        { ...local, host: "127.0.0.1", methods: ["get"], path: "/hello*" },
        { ...local, host: "127.0.0.1", path: "/away" },
        { ...local, host: "*.localhost", methods: ["POST"] },
      ],
      deny: [{ path: "/hello/secret*" }],
    },
  });
  const said = async (url, headers, init) => error(await ask(server, url, headers, init)).message;
  assert.equal((await ask(server, `${base}/hello?query=/hello/secret`)).text, "hello");
  assert.equal(await said(`${base}/hello/secret`), NO_REQUEST);
  assert.equal(await said(`${base}/hello/%73ecret`), NO_REQUEST);
  assert.equal(await said(`${base}/hello/..%2fother`), NO_REQUEST);
  assert.equal(await said(`${base}/hello`, {}, { method: "POST" }), NO_REQUEST);
  assert.equal(await said(`${base}/other`), NO_REQUEST);
  assert.equal(await said(`http://localhost:${port}/hello`), NO_REQUEST);
  assert.equal(await said("http://192.0.2.1/hello"), NO_REQUEST);
  assert.equal((await ask(server, `${base}/away`, { "x-to": "/hello" })).text, "hello");
  assert.equal(await said(`${base}/away`, { "x-to": "/other" }), NO_REQUEST);
  assert.equal(await said(`${base}/away`, { "x-to": `http://localhost:${port}/hello` }), NO_REQUEST);
  assert.equal(await said(`${base}/away`, { "x-to": `${bareBase}/hello` }), NO_REQUEST);
  assert.ok(!seen.has("/other"));
  await server.stop();
});

test("a rule without addresses reaches public ones only, and closes the list", async () => {
  const server = await start({ outbound: { allow: [{ host: "127.0.0.1" }, { host: "localhost" }] } });
  assert.equal(error(await ask(server, `${base}/hello`)).message, NO_ADDRESS);
  assert.equal(error(await ask(server, `http://localhost:${upstream.address().port}/`)).message, NO_ADDRESS);
  assert.equal(error(await ask(server, "http://example.com/")).message, NO_REQUEST);
  await server.stop();
});

test("a rule that denies goes before one that allows, also by address", async () => {
  const server = await start({ outbound: { allow: ALLOW, deny: [{ cidr: "127.0.0.0/8", port: bare.address().port }] } });
  assert.equal((await ask(server, `${base}/hello`)).text, "hello");
  assert.equal(error(await ask(server, `${bareBase}/`)).message, NO_ADDRESS);
  await server.logged(/refused to connect to 127\.0\.0\.1 port \d+ \(127\.0\.0\.1\): rule config\.deny\[0\]/);
  await server.stop();
});

test("requests go through the proxy of the configuration, which gets names; addresses are judged", async () => {
  const asked = [];
  const proxy = http.createServer((request, response) => {
    asked.push(request.url);
    response.end("by the proxy");
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const server = await start({
    outbound: { proxy: `http://127.0.0.1:${proxy.address().port}`, deny: [{ host: "denied.example" }] },
  });
  assert.equal((await ask(server, "http://name.invalid/path?query")).text, "by the proxy");
  assert.equal(error(await ask(server, "http://denied.example/")).message, NO_REQUEST);
  for (const host of ["127.0.0.1", "[::1]", "0x7f.1", "169.254.169.254", "[::ffff:10.0.0.1]"])
    assert.equal(error(await ask(server, `http://${host}/`)).message, NO_ADDRESS, host);
  assert.deepEqual(asked, ["http://name.invalid/path?query"]);
  proxy.closeAllConnections();
  proxy.close();
  await server.stop();
});

test("refusals do not flood the log", async () => {
  const source = `export default { async fetch() {
    for (let i = 0; i < 20; i++) await Promise.allSettled(Array.from({ length: 50 }, () => fetch("http://127.0.0.1/")));
    return new Response("done");
  } }`;
  const server = await serve({ "index.js": source }, { limits: { log_lines: 10 } });
  assert.equal((await request(server)).text, "done");
  assert.ok(server.log.match(/refused to connect/g).length <= 100, server.log.length);
  await server.stop();
});

// ---- hostile upstreams

test("upstreams that do not speak HTTP", async () => {
  const server = await start();
  const cases = [
    ["garbage", "\x00\x01\x02\x03 garbage \xff\xfe\r\n\r\n"],
    ["HTTP/0.9", "<html>hello</html>"],
    ["a NUL in a header", "HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 2\r\n\r\nok"],
    ["a bare CR in a header", "HTTP/1.1 200 OK\r\nx: a\rb\r\ncontent-length: 2\r\n\r\nok"],
    ["a control in a status text", "HTTP/1.1 200 \x01\r\ncontent-length: 2\r\n\r\nok"],
    ["a name that is no token", "HTTP/1.1 200 OK\r\nx y: a\r\ncontent-length: 2\r\n\r\nok"],
    ["no name", "HTTP/1.1 200 OK\r\n: a\r\ncontent-length: 2\r\n\r\nok"],
    ["status 000", "HTTP/1.1 000 OK\r\ncontent-length: 2\r\n\r\nok"],
    ["status 99", "HTTP/1.1 99 OK\r\ncontent-length: 2\r\n\r\nok"],
    ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok"],
    ["a length that is none", "HTTP/1.1 200 OK\r\ncontent-length: 2x\r\n\r\nok"],
    ["a length beyond 2^63", "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\nok"],
    ["an unasked 101", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"],
    ["a giant status line", `HTTP/1.1 200 ${"x".repeat(200000)}\r\n\r\n`],
    ["a giant header", `HTTP/1.1 200 OK\r\nx: ${"x".repeat(200000)}\r\n\r\n`],
    ["many headers", `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(2000)}\r\n`],
    ["many informational heads", "HTTP/1.1 103 Early\r\nlink: x\r\n\r\n".repeat(20000)],
    ["nothing", ""],
  ];
  for (const [name, text] of cases) {
    bareScript = (socket) => socket.once("data", () => socket.end(text, "latin1"));
    const said = error(await ask(server, bareBase));
    assert.match(said.message, /^(The request to the network failed: |Network connection lost\.)/, name);
    assert.equal((await ask(server, `${base}/hello`)).text, "hello", name);
  }
  await server.stop();
});

test("headers without end, a body that is cut, a chunk without end", async () => {
  const server = await start({ limits: { outbound_idle_ms: 2000 } });
  bareScript = (socket) => {
    socket.write("HTTP/1.1 200 OK\r\n");
    const more = () => {
      while (socket.writable && socket.write(`x-${Math.random()}: ${"y".repeat(1000)}\r\n`));
      if (socket.writable) socket.once("drain", more);
    };
    more();
  };
  assert.match(error(await ask(server, bareBase)).message, /headers/);
  bareScript = (socket) => socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort"));
  await assert.rejects(ask(server, bareBase));
  assert.equal(error(await ask(server, bareBase, { "x-how": "text" })).message, "Network connection lost.");
  bareScript = (socket) => socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc"));
  assert.match(error(await ask(server, bareBase, { "x-how": "text" })).message, /lost|failed/);
  await server.stop();
});

test("an upstream that says nothing is given up; one that is slow is not", async () => {
  const server = await start({ limits: { outbound_idle_ms: 600 } });
  assert.match(error(await ask(server, `${base}/silent`)).message, /nothing came for too long/);
  await seen.get("/silent").closed;
  bareScript = (socket) =>
    socket.once("data", async () => {
      for (const byte of "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok") {
        socket.write(byte);
        await sleep(30);
      }
      socket.end();
    });
  assert.equal((await ask(server, bareBase)).text, "ok");
  await server.stop();
});

test("a connection that is not accepted is given up", async () => {
  const server = await start({ limits: { outbound_connect_ms: 300 }, outbound: { allow: [{ cidr: "127.0.0.1/32" }, { cidr: "192.0.2.0/24" }] } });
  assert.match(error(await ask(server, "http://192.0.2.1/")).message, /too long to connect|Network connection lost/);
  await server.stop();
});

// ---- ends in the middle

test("a client that goes away ends the upstream's request", async () => {
  const server = await start();
  const response = await open(server, "/", { headers: { "x-url": `${base}/forever?client` } });
  response.destroy();
  await seen.get("/forever?client").closed;
  assert.equal((await ask(server, `${base}/hello`)).text, "hello");
  await server.stop();
});

test("a cell that is killed ends its requests, and is replaced", async () => {
  const server = await start();
  const pending = ask(server, `${base}/silent?cell`);
  await arrived("/silent?cell");
  for (const pid of server.cells()) process.kill(pid, "SIGKILL");
  assert.equal((await pending).status, 503);
  await seen.get("/silent?cell").closed;
  let answer;
  do answer = await ask(server, `${base}/hello`);
  while (answer.status === 503);
  assert.equal(answer.text, "hello");
  await server.stop();
});

test("a Worker that is over its limit ends its requests", async () => {
  const source = `export default { async fetch() { fetch("${base}/silent?cpu"); await fetch("${base}/hello"); for (;;); } }`;
  const server = await serve({ "index.js": source }, { outbound: { allow: ALLOW }, limits: { cpu_ms: 50 } });
  assert.equal((await request(server)).status, 503);
  await seen.get("/silent?cpu").closed;
  await server.stop();
});

test("an event that is over ends the requests that it does not wait for", async () => {
  const source = `export default { async fetch() { fetch("${base}/silent?over"); await fetch("${base}/hello"); return new Response("x"); } }`;
  const server = await serve({ "index.js": source }, { outbound: { allow: ALLOW } });
  assert.equal((await request(server)).text, "x");
  await seen.get("/silent?over").closed;
  await server.stop();
});

test("the gateway stops with requests in progress", async () => {
  const server = await start({ limits: { drain_ms: 300 } });
  const pending = ["a", "b", "c"].map((key) => ask(server, `${base}/silent?${key}`).catch(() => "cut"));
  await Promise.all(["a", "b", "c"].map((key) => arrived(`/silent?${key}`)));
  const { code, signal } = await server.stop();
  assert.deepEqual([code, signal], [0, null], server.log);
  await Promise.all(pending);
  for (const key of ["a", "b", "c"]) await seen.get(`/silent?${key}`).closed;
});

test("the gateway lets a request finish before it stops", async () => {
  const server = await start();
  const pending = ask(server, `${base}/silent?drain`);
  await arrived("/silent?drain");
  const stopping = server.stop();
  await server.logged(/finishing the requests/);
  seen.get("/silent?drain").response.end("late");
  assert.equal((await pending).text, "late");
  assert.equal((await stopping).code, 0);
});

// ---- TLS

test("TLS: a certificate of nobody is refused, of the operator's authority it is not", async () => {
  const made = directory({});
  const pem = (name) => path.join(made, name);
  const openssl = (...args) => execFileSync("openssl", args, { stdio: "ignore", cwd: made });
  openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout", "ca.key",
    "-out", "ca.pem", "-subj", "/CN=test authority");
  openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem", "-out", "req.pem",
    "-subj", "/CN=localhost");
  fs.writeFileSync(pem("ext"), "subjectAltName=DNS:localhost\n");
  openssl("x509", "-req", "-in", "req.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-out",
    "cert.pem", "-extfile", "ext");
  const options = { key: fs.readFileSync(pem("key.pem")), cert: fs.readFileSync(pem("cert.pem")) };
  const answer = async (request, response) => {
    let n = 0;
    for await (const piece of request) n += piece.length;
    response.end(`${request.httpVersion} ${request.method} ${n} ${"x".repeat(request.url.length > 1 ? 3 * MB : 0)}`);
  };
  const [tls, two] = [https.createServer(options, answer), http2.createSecureServer(options, answer)];
  for (const each of [tls, two]) {
    each.listen(0, "127.0.0.1");
    await once(each, "listening");
  }
  const { port } = tls.address(), second = two.address().port;
  const strict = await start();
  assert.match(error(await ask(strict, `https://localhost:${port}/`)).message, /certificate is not trusted/);
  await strict.stop();
  process.env.SSL_CERT_FILE = pem("ca.pem");
  const trusting = await start();
  delete process.env.SSL_CERT_FILE;
  assert.equal((await ask(trusting, `https://localhost:${port}/`)).text, "1.1 GET 0 ");
  assert.equal((await ask(trusting, `https://localhost:${second}/`)).text, "2.0 GET 0 ");
  const post = { method: "POST", body: Buffer.alloc(3 * MB) };
  const together = await Promise.all([1, 2, 3, 4].map(() => ask(trusting, `https://localhost:${second}/`, {}, post)));
  for (const { text } of together) assert.equal(text, `2.0 POST ${3 * MB} `);
  assert.equal((await ask(trusting, `https://localhost:${second}/long`)).text.length, 3 * MB + 10);
  assert.match(error(await ask(trusting, `https://127.0.0.1:${port}/`)).message, /certificate is not trusted/);
  await trusting.stop();
  tls.closeAllConnections();
  tls.close();
  two.close();
});
