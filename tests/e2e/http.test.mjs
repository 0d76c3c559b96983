// HTTP at the edge: what a client sees, what a bad client gets, and that bodies stream with back-pressure both ways.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import http from "node:http";
import net from "node:net";
import { once } from "node:events";
import { Readable } from "node:stream";
import test, { after, before } from "node:test";
import { load, loadInit, open, raw, request, serve, serveDirectory, serveDispatch, settled, sleep, directory, DATE } from "./harness.mjs";

const worker = `
let produced = 0, cancelled = 0, release = false, aborted = 0;
const endless = () => new ReadableStream({
  pull(controller) {
    produced += 65536;
    controller.enqueue(new Uint8Array(65536));
  },
  cancel() { cancelled++; },
});
export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    switch (url.pathname) {
      case "/echo": return new Response(request.body, { headers: { "content-type": request.headers.get("content-type") ?? "" } });
      case "/text": return new Response(await request.text());
      case "/length": return new Response(String((await request.arrayBuffer()).byteLength));
      case "/head": return Response.json({ method: request.method, url: request.url, headers: [...request.headers] });
      case "/endless": return new Response(endless());
      case "/counts": return Response.json({ produced, cancelled });
      case "/held": {
        while (!release) await new Promise((resolve) => setTimeout(resolve, 5));
        release = false;
        return new Response(String((await request.arrayBuffer()).byteLength));
      }
      case "/release": release = true; return new Response("released");
      case "/unread": return new Response("did not look");
      case "/chunks": {
        const text = ["one ", "two ", "three"];
        return new Response(new ReadableStream({
          async pull(controller) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            if (text.length) controller.enqueue(new TextEncoder().encode(text.shift()));
            else controller.close();
          },
        }));
      }
      case "/breaks": return new Response(new ReadableStream({
        start(controller) { controller.enqueue(new TextEncoder().encode("begun")); },
        async pull(controller) { await new Promise((resolve) => setTimeout(resolve, 1)); controller.error(new Error("broke in the middle")); },
      }));
      case "/status": return new Response(null, { status: Number(url.searchParams.get("s")) });
      case "/headers": return new Response("x", { headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"], ["X-Mixed", "v"],
        ["connection", "close"], ["transfer-encoding", "chunked"], ["keep-alive", "timeout=1"]] });
      case "/throw": throw new TypeError("thrown on purpose");
      case "/reject": await null; throw new RangeError("rejected on purpose");
      case "/number": return 3;
      case "/big": return new Response("x".repeat(Number(url.searchParams.get("n"))));
      default: return new Response("hello");
    }
  },
};`;
const limits = { body_mb: 2, head_kb: 8, headers: 20, head_ms: 300, connections: 200 };
let server, dev;
before(async () => {
  server = await serve({ "index.js": worker }, { limits });
  dev = await serve({ "index.js": worker }, {}, ["--dev"]);
});
after(async () => {
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.deepEqual(await dev.stop(), { code: 0, signal: null });
});
const alive = async () => assert.equal((await request(server, "/")).text, "hello");

test("the request as the Worker sees it", async () => {
  const { text } = await request(server, "/head?a=%20b&c", { method: "OPTIONS", headers: { "X-Some": "v", host: "example.com" } });
  const seen = JSON.parse(text);
  assert.equal(seen.method, "OPTIONS");
  assert.equal(seen.url, "http://example.com/head?a=%20b&c");
  const headers = Object.fromEntries(seen.headers);
  assert.equal(headers["x-some"], "v");
  assert.equal(headers.host, "example.com");
});

test("keep-alive: many requests on one connection", async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < 20; i++) {
    const answer = await request(server, "/text", { method: "POST", body: "n" + i, agent });
    assert.equal(answer.text, "n" + i);
    assert.equal(answer.reused, i > 0);
  }
  agent.destroy();
});

test("pipelined requests are answered in order", async () => {
  const one = (n) => `POST /text HTTP/1.1\r\nHost: x\r\nContent-Length: ${n.length}\r\n\r\n${n}`;
  const answer = await raw(server, one("first") + one("second") + "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  assert.equal(answer.match(/HTTP\/1\.1 200/g).length, 3);
  assert.match(answer, /first[^]*second[^]*hello$/);
});

test("HTTP/1.0 and Connection: close end the connection", async () => {
  assert.match(await raw(server, "GET / HTTP/1.0\r\nHost: x\r\n\r\n"), /^HTTP\/1\.[01] 200[^]*hello$/);
  assert.match(await raw(server, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), /^HTTP\/1\.1 200[^]*hello$/);
});

test("a chunked request body, a chunked response body", async () => {
  const answer = await request(server, "/text", { method: "POST", body: Readable.from(["ab", "cd", "ef"]) });
  assert.equal(answer.text, "abcdef");
  const chunked = await request(server, "/chunks");
  assert.equal(chunked.text, "one two three");
  assert.equal(chunked.headers["transfer-encoding"], "chunked");
});

test("a known length is told", async () => {
  const answer = await request(server, "/big?n=100000");
  assert.equal(answer.headers["content-length"], "100000");
  assert.equal(answer.text.length, 100000);
});

test("HEAD has the head and no body", async () => {
  const answer = await raw(server, "HEAD /big?n=10 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  assert.match(answer, /^HTTP\/1\.1 200/);
  assert.match(answer, /content-length: 10\r\n/i);
  assert.match(answer, /\r\n\r\n$/);
});

test("204 and 304 have no body", async () => {
  for (const status of [204, 304]) {
    const answer = await raw(server, `GET /status?s=${status} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status}[^]*\\r\\n\\r\\n$`));
    assert.doesNotMatch(answer, /transfer-encoding/i);
  }
});

test("Expect: 100-continue", async () => {
  const answer = await raw(
    server,
    "POST /text HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
  );
  assert.match(answer, /^HTTP\/1\.1 100 [^]*HTTP\/1\.1 200[^]*hi$/);
});

test("an h2c upgrade offer is passed over", async () => {
  const answer = await raw(
    server,
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n" +
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
  );
  assert.equal(answer.match(/HTTP\/1\.1 200/g)?.length, 2, answer);
});

test("response headers: repeated set-cookie stays, hop-by-hop ones are the server's own", async () => {
  const { headers } = await request(server, "/headers");
  assert.deepEqual(headers["set-cookie"], ["a=1", "b=2"]);
  assert.equal(headers["x-mixed"], "v");
  assert.notEqual(headers["keep-alive"], "timeout=1");
  assert.equal(headers["content-length"], "1");
});

const bytes = crypto.randomBytes(1_500_000);
const hash = (data) => crypto.createHash("sha256").update(data).digest("hex");

test("a body streams through unchanged, with a length and chunked", async () => {
  const plain = await request(server, "/echo", { method: "POST", body: bytes });
  assert.equal(hash(plain.body), hash(bytes));
  const pieces = [];
  for (let i = 0; i < bytes.length; i += 10007) pieces.push(bytes.subarray(i, i + 10007));
  const chunked = await request(server, "/echo", { method: "POST", body: Readable.from(pieces) });
  assert.equal(hash(chunked.body), hash(bytes));
});

test("a body that nobody reads does not hold up the next request", async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < 3; i++) {
    const answer = await request(server, "/unread", { method: "POST", body: bytes, agent });
    assert.equal(answer.text, "did not look");
  }
  agent.destroy();
});

test("a slow reader stops the producer", async () => {
  const response = await open(server, "/endless");
  response.pause();
  const counts = async () => JSON.parse((await request(server, "/counts")).text);
  const produced = await settled(async () => (await counts()).produced);
  assert.ok(produced > 0 && produced < 64 << 20, `${produced} bytes were produced for a reader that reads none`);
  let got = 0;
  await new Promise((resolve) => response.on("data", (d) => (got += d.length) > produced + (8 << 20) && resolve()).resume());
  assert.ok((await counts()).produced > produced, "reading on lets it go on");
  response.destroy();
  while ((await counts()).cancelled === 0) await sleep(5);
});

test("a Worker that does not read stops the client", async () => {
  const size = 2 << 20;
  const many = [];
  for (let i = 0; i < 3; i++) {
    const socket = net.connect(server.port, "127.0.0.1");
    socket.write(`POST /held HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`);
    let sent = 0;
    const more = () => {
      while (sent < size && socket.write(Buffer.alloc(16384))) sent += 16384;
    };
    socket.on("drain", more);
    more();
    many.push({ socket, answer: new Promise((resolve) => { let all = ""; socket.on("data", (d) => (all += d)); socket.on("close", () => resolve(all)); }) });
    await settled(async () => sent, 5);
  }
  await alive();
  for (const { answer } of many) {
    let done = false;
    answer.then(() => (done = true));
    while (!done) {
      await request(server, "/release");
      await sleep(20);
    }
    assert.match(await answer, new RegExp(`200 OK[^]*\\r\\n\\r\\n[^]*${size}`));
  }
});

test("a response that breaks in the middle ends the connection, not politely", async () => {
  const answer = raw(server, "GET /breaks HTTP/1.1\r\nHost: x\r\n\r\n").catch((error) => error.code);
  assert.doesNotMatch(await answer, /\r\n0\r\n/); // no last chunk
  await alive();
});

// Bad requests, each with the answer that it gets
const bad = {
  "no HTTP at all": ["hello there\r\n\r\n", 400],
  "a broken request line": ["GET\r\n\r\n", 400],
  "a bad version": ["GET / HTTP/9.9\r\nHost: x\r\n\r\n", 400],
  "no Host": ["GET / HTTP/1.1\r\n\r\n", 400],
  "two Hosts": ["GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400],
  "both lengths": ["POST /text HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400],
  "two content lengths": ["POST /text HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400],
  "a negative length": ["POST /text HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400],
  "a length that overflows": ["POST /text HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400],
  "an unknown coding": ["POST /text HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", [400, 501]],
  "a bad chunk size": ["POST /text HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400],
  "a NUL in a header": ["GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", 400],
  "a bare CR in a header": ["GET / HTTP/1.1\r\nHost: x\r\nA: b\rc: d\r\n\r\n", 400],
  "a space before the colon": ["GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", 400],
  "a folded header": ["GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400],
  "a head that is too large": [`GET / HTTP/1.1\r\nHost: x\r\nA: ${"x".repeat(9000)}\r\n\r\n`, 431],
  "a target that is too long": [`GET /${"x".repeat(9000)} HTTP/1.1\r\nHost: x\r\n\r\n`, [414, 431]],
  "too many headers": [`GET / HTTP/1.1\r\nHost: x\r\n${"A: b\r\n".repeat(30)}\r\n`, 431],
  "a body over the limit, announced": ["POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 2097153\r\n\r\n", 413],
};
for (const [name, [bytes, statuses]] of Object.entries(bad)) {
  test(`bad request: ${name}`, async () => {
    const answer = await raw(server, bytes);
    const status = Number(answer.match(/^HTTP\/1\.1 (\d+)/)?.[1]);
    assert.ok([statuses].flat().includes(status), answer.slice(0, 200));
    assert.doesNotMatch(answer.slice(10), /HTTP\/1\.1 /, "one answer, then the connection is closed");
    await alive();
  });
}

test("a body over the limit that was not announced is 413 in the middle", async () => {
  const chunk = "10000\r\n" + "x".repeat(65536) + "\r\n";
  const answer = await raw(server, "POST /length HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk.repeat(33));
  assert.match(answer, /^HTTP\/1\.1 413/);
  await alive();
});

test("a body of just the limit is fine", async () => {
  const answer = await request(server, "/length", { method: "POST", body: Buffer.alloc(2 << 20) });
  assert.equal(answer.text, String(2 << 20));
});

test("a slow head is cut off; a slow body is not", async () => {
  const socket = net.connect(server.port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHos");
  socket.resume();
  await once(socket, "close");
  await alive();
});

test("clients that leave in the middle of anything do no harm", async () => {
  for (const bytes of ["", "GET", "POST /text HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n"])
    for (let i = 0; i < 20; i++) {
      const socket = net.connect(server.port, "127.0.0.1");
      socket.on("error", () => {});
      await once(socket, "connect");
      socket.write(bytes);
      await new Promise((resolve) => setImmediate(resolve));
      if (i % 2) socket.resetAndDestroy();
      else socket.destroy();
    }
  await alive();
});

test("connections over the limit get 503 and the others go on", async () => {
  const small = await serve({ "index.js": worker }, { limits: { connections: 3 } });
  const sockets = [];
  for (let i = 0; i < 3; i++) {
    const socket = net.connect(small.port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(socket, "data");
    sockets.push(socket);
  }
  assert.match(await raw(small, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), /^HTTP\/1\.1 503/);
  sockets[0].write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.match(String(await once(sockets[0], "data")), /200 OK/);
  for (const socket of sockets) socket.destroy();
  for (;;) {
    const answer = await raw(small, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    if (/^HTTP\/1\.1 200/.test(answer)) break;
  }
  assert.equal((await small.stop()).code, 0);
});

test("a Worker that throws: 500, the stack in the log and not in the response", async () => {
  const other = await serve({ "index.js": worker });
  for (const target of ["/throw", "/reject"]) {
    const answer = await request(other, target);
    assert.equal(answer.status, 500);
    assert.doesNotMatch(answer.text, /on purpose|index\.js/);
  }
  assert.equal((await request(other, "/")).text, "hello");
  assert.equal((await other.stop()).code, 0);
  assert.match(other.log, /TypeError: thrown on purpose\n?[^]*index\.js:\d+/);
  assert.match(other.log, /RangeError: rejected on purpose/);
});

test("--dev shows the error and its stack in the response", async () => {
  const answer = await request(dev, "/throw");
  assert.equal(answer.status, 500);
  assert.match(answer.text, /TypeError: thrown on purpose[^]*index\.js:\d+:\d+/);
});

test("a handler that returns no Response", async () => {
  const answer = await request(dev, "/number");
  assert.equal(answer.status, 500);
  assert.match(answer.text, /TypeError/);
});

test("a default export without fetch", async () => {
  const other = await serve({ "index.js": "export default { scheduled() {} };" }, {}, ["--dev"]);
  const answer = await request(other, "/");
  assert.equal(answer.status, 500);
  assert.match(answer.text, /Handler does not export a fetch\(\) function\./);
  assert.equal((await other.stop()).code, 0);
});

test("IPv6", async () => {
  const made = directory({ "wrangler.jsonc": JSON.stringify({ main: "i.js", compatibility_date: DATE }), "i.js": worker });
  const six = await serveDirectory(made, ["--listen", "[::1]:0"]);
  assert.match(six.url, /^http:\/\/\[::1\]:\d+/);
  const answer = await fetch(six.url + "/");
  assert.equal(await answer.text(), "hello");
  assert.equal((await six.stop()).code, 0);
});

test("through a dynamic Worker: bodies stream both ways, and back-pressure goes all the way", async () => {
  const d = await serveDispatch();
  const echo = "export default { fetch: (r) => new Response(r.body, { headers: { 'x-seen': r.method } }) }";
  const answer = await load(d, echo, "/", { method: "PUT", body: bytes });
  assert.equal(answer.headers["x-seen"], "PUT");
  assert.equal(hash(answer.body), hash(bytes));
  const endless = {
    get: "endless",
    code: `let produced = 0;
      export default { fetch(request) {
        if (request.url.endsWith("/count")) return new Response(String(produced));
        return new Response(new ReadableStream({ pull(c) { produced += 65536; c.enqueue(new Uint8Array(65536)); } }));
      } }`,
  };
  const response = await open(d, "/", loadInit(endless));
  response.pause();
  const produced = await settled(async () => Number((await load(d, endless, "/count")).text));
  assert.ok(produced > 0 && produced < 64 << 20, `${produced} bytes were produced for a reader that reads none`);
  response.destroy();
  assert.equal((await d.stop()).code, 0);
});
