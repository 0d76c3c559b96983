// WebSockets of Workers to servers, seen from both ends: what is refused, messages that pass through, pressure, servers
// that are hostile, and everything that may end in the middle.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import https from "node:https";
import net from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import WebSocket, { WebSocketServer } from "ws";
import { DATE, directory, request, serve, settled, sleep } from "./harness.mjs";

// ---- the server: npm's ws, and a bare one that writes frames by hand

const MB = 1 << 20;
const arrivals = new Map(); // path -> { promise, resolve }: the WebSocket that came for it
let upstream, base, bare, bareBase;
let bareScript = () => {};

function arrival(url) {
  if (!arrivals.has(url)) {
    let resolve;
    arrivals.set(url, { promise: new Promise((done) => (resolve = done)), resolve });
  }
  return arrivals.get(url);
}
const arrived = (url) => arrival(url).promise;

function onSocket(ws, { url }) {
  ws.on("error", () => {});
  ws.closed = new Promise((resolve) => ws.on("close", (code, reason) => resolve([code, String(reason)])));
  arrival(url).resolve(ws);
  const [what] = url.slice(1).split("?");
  if (what === "flood") {
    ws.once("message", () => {
      for (let i = 0; i < 64; i++) ws.send(Buffer.alloc(MB, i));
    });
  } else if (what === "stuck") {
    ws.pause();
  } else if (what === "closer") {
    ws.on("message", () => ws.close(4001, "as you wish"));
  } else {
    ws.on("message", (data, binary) => ws.send(data, { binary }));
  }
}

// A handshake, then what bareScript does with the connection.
function onBare(socket) {
  socket.on("error", () => {});
  let head = "";
  const more = (data) => {
    head += data.toString("latin1");
    if (!head.includes("\r\n\r\n")) return;
    socket.off("data", more);
    const key = /sec-websocket-key: (\S+)/i.exec(head)?.[1];
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    const answer = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
    bareScript(socket, answer);
  };
  socket.on("data", more);
}

before(async () => {
  upstream = new WebSocketServer({ host: "127.0.0.1", port: 0, maxPayload: 1 << 27 });
  upstream.on("connection", onSocket);
  bare = net.createServer(onBare).listen(0, "127.0.0.1");
  await Promise.all([once(upstream, "listening"), once(bare, "listening")]);
  base = `ws://127.0.0.1:${upstream.address().port}`;
  bareBase = `ws://127.0.0.1:${bare.address().port}`;
});
after(() => {
  for (const ws of upstream.clients) ws.terminate();
  upstream.close();
  bare.close();
});

// Paths: /pass passes the client on to the server that x-url names; /dial connects, says "hi" and tells what happens
// until the end; /leave connects and is through; /null has a dynamic Worker without network dial.
const DIAL = `function dial(url) {
  return new Promise((resolve) => {
    const log = [];
    const s = new WebSocket(url);
    s.binaryType = "arraybuffer";
    s.addEventListener("open", () => { log.push("open"); s.send("hi"); });
    s.addEventListener("message", (e) => log.push("message " + (e.data.byteLength ?? e.data)));
    s.addEventListener("error", (e) => { log.push("error " + e.message); setTimeout(resolve, 30, log); });
    s.addEventListener("close", (e) => { log.push("close " + e.code + " " + e.reason); setTimeout(resolve, 10, log); });
  });
}`;
const WORKER = `${DIAL}
export default { async fetch(request, env) {
  const url = request.headers.get("x-url"), { pathname } = new URL(request.url);
  if (pathname === "/dial") return Response.json(await dial(url));
  if (pathname === "/pass") return fetch(url.replace("ws", "http"), { headers: { Upgrade: "websocket" } });
  if (pathname === "/leave") return new Response(String((await fetch(url.replace("ws", "http"), { headers: { Upgrade: "websocket" } })).status));
  if (pathname === "/null") {
    const code = ${JSON.stringify(`${DIAL}\nexport default { async fetch(r) { return Response.json(await dial(r.headers.get("x-url"))); } };`)};
    const worker = env.LOADER.load({ compatibilityDate: "${DATE}", mainModule: "m.js", modules: { "m.js": code }, globalOutbound: null });
    return worker.getEntrypoint().fetch(request);
  }
  return new Response("fine");
} };`;

const ALLOW = [{ cidr: "127.0.0.1/32" }];
const start = (config = {}) =>
  serve({ "index.js": WORKER }, { worker_loaders: [{ binding: "LOADER" }], outbound: { allow: ALLOW }, ...config });
const told = async (server, url, target = "/dial") =>
  JSON.parse((await request(server, target, { headers: { "x-url": url } })).text);
const rss = (pid) => Number(/VmRSS:\s*(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
const descriptors = (pid) => fs.readdirSync(`/proc/${pid}/fd`).length;
const isAsan = process.env.MAYFLY_BIN?.includes("/asan/");

// A client of a Worker that passes it on to this URL.
function pass(server, url) {
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}/pass`, { headers: { "x-url": url }, maxPayload: 1 << 27 });
  ws.closed = new Promise((resolve) => ws.on("close", (code, reason) => resolve([code, String(reason)])));
  ws.next = () => new Promise((resolve) => ws.once("message", (data, binary) => resolve(binary ? data : String(data))));
  ws.on("error", () => {});
  return once(ws, "open").then(() => ws);
}

// ---- what is refused

const NOT_PERMITTED = ["error Uncaught Error: This worker is not permitted to access this address", "close 1006 Failed to establish websocket connection"];

test("addresses that may not be reached", async () => {
  const server = await start({ outbound: {} });
  const { port } = upstream.address();
  for (const host of ["127.0.0.1", "localhost", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254"]) {
    assert.deepEqual(await told(server, `ws://${host}:${port}/refused`), NOT_PERMITTED, host);
    assert.deepEqual(await told(server, `wss://${host}:${port}/refused`), NOT_PERMITTED, host);
  }
  assert.equal((await request(server, "/leave", { headers: { "x-url": `${base}/refused` } })).status, 500);
  await server.logged(/Worker worker: refused to connect to 127\.0\.0\.1 port \d+ \(127\.0\.0\.1\): it is loopback/);
  assert.ok(!arrivals.has("/refused"));
  await server.stop();
});

test("a Worker without network", async () => {
  const server = await start();
  const log = await told(server, `${base}/null`, "/null");
  assert.match(log[0], /^error Uncaught Error: This worker is not permitted to access the internet/);
  assert.ok(!arrivals.has("/null"));
  await server.stop();
});

test("it counts as a request to the network", async () => {
  const server = await start({ limits: { outbound_requests: 2 } });
  const open = [await pass(server, `${base}/count?1`), await pass(server, `${base}/count?2`)];
  assert.deepEqual(await told(server, `${base}/count?3`), ["error Uncaught OverloadedError: Too many requests to the network at once", "close 1006 Failed to establish websocket connection"]);
  open[0].close();
  await open[0].closed;
  const ws = await pass(server, `${base}/count?4`);
  for (const each of [ws, open[1]]) each.terminate();
  await server.stop();
});

test("it takes one of the connections, and gives it back", async () => {
  const server = await start({ limits: { outbound_connections: 2 } });
  const open = [await pass(server, `${base}/taken?1`), await pass(server, `${base}/taken?2`)];
  const third = told(server, `${base}/closer?third`);
  const echo = open[0].next();
  open[0].send("still here");
  assert.equal(await echo, "still here");
  assert.ok(!arrivals.has("/closer?third"));
  open[0].terminate();
  assert.deepEqual(await third, ["open", "close 4001 as you wish"]);
  open[1].terminate();
  await server.stop();
});

// ---- messages

async function echoes(ws) {
  const echo = (data) => {
    const answer = ws.next();
    ws.send(data);
    return answer;
  };
  assert.equal(await echo("grüße"), "grüße");
  assert.equal(await echo(""), "");
  for (const size of [0, 1, 125, 126, 65535, 65536, 300000, MB, 8 * MB]) {
    const bytes = Buffer.alloc(size, size & 255);
    assert.ok(bytes.equals(await echo(bytes)), `${size} bytes`);
  }
}

test("text, bytes, nothing, and large messages", async () => {
  const server = await start();
  const ws = await pass(server, `${base}/echo`);
  await echoes(ws);
  ws.close(3000, "bye");
  assert.deepEqual(await ws.closed, [3000, "bye"]);
  assert.deepEqual(await (await arrived("/echo")).closed, [3000, "bye"]);
  const other = await pass(server, `${base}/closer`);
  other.send("x");
  assert.deepEqual(await other.closed, [4001, "as you wish"]);
  assert.deepEqual(await (await arrived("/closer")).closed, [4001, "as you wish"]);
  await server.stop();
});

test("TLS, also when it has to wait", async () => {
  const made = directory({});
  const pem = (name) => path.join(made, name);
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout",
    "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], { stdio: "ignore", cwd: made });
  const tls = https.createServer({ key: fs.readFileSync(pem("key.pem")), cert: fs.readFileSync(pem("cert.pem")) });
  const secure = new WebSocketServer({ server: tls, maxPayload: 1 << 27 });
  secure.on("connection", onSocket);
  await once(tls.listen(0, "127.0.0.1"), "listening");
  const url = `wss://localhost:${tls.address().port}`;
  const strict = await start();
  assert.deepEqual(await told(strict, url), ["error Uncaught Error: The request to the network failed: the server's certificate is not trusted", "close 1006 Failed to establish websocket connection"]);
  await strict.stop();
  process.env.SSL_CERT_FILE = pem("cert.pem");
  const server = await start();
  delete process.env.SSL_CERT_FILE;
  const ws = await pass(server, `${url}/echo?tls`);
  await echoes(ws);
  const slow = await pass(server, `${url}/stuck?tls`);
  const peer = await arrived("/stuck?tls");
  for (let i = 0; i < 64; i++) slow.send(Buffer.alloc(MB, i));
  await settled(() => slow.bufferedAmount);
  let n = 0;
  const all = new Promise((resolve) => peer.on("message", (data) => {
    assert.ok(data.length === MB && data[0] === n && data[MB - 1] === n);
    if (++n === 64) resolve();
  }));
  peer.resume();
  await all;
  for (const each of [ws, slow]) each.close();
  await Promise.all([ws.closed, slow.closed]);
  await server.stop();
  secure.close();
  tls.close();
});

test("300 at once, and nothing is left of them", async () => {
  const server = await start({ limits: { outbound_requests: 400 } });
  (await pass(server, `${base}/echo?first`)).terminate();
  await settled(() => descriptors(server.pid));
  const before = descriptors(server.pid);
  const all = await Promise.all(Array.from({ length: 300 }, (_, i) => pass(server, `${base}/echo?${i}`)));
  const answers = all.map((ws) => ws.next());
  all.forEach((ws, i) => ws.send(`n${i}`));
  (await Promise.all(answers)).forEach((answer, i) => assert.equal(answer, `n${i}`));
  all.forEach((ws, i) => (i % 3 ? ws.close(1000) : ws.terminate()));
  await Promise.all(all.map((ws) => ws.closed));
  assert.ok((await settled(() => descriptors(server.pid))) <= before + 2, `${before} descriptors, then ${descriptors(server.pid)}`);
  await server.stop();
});

// ---- pressure

test("a server that floods a client that does not read is stopped", async () => {
  const server = await start();
  const ws = await pass(server, `${base}/flood`);
  const before = rss(server.pid);
  const peer = await arrived("/flood");
  ws.pause();
  ws.send("go");
  await once(peer, "message");
  const left = await settled(() => peer.bufferedAmount);
  assert.ok(left > 40 * MB, `${left} bytes are left`);
  if (!isAsan) assert.ok(rss(server.pid) - before < 20, `the gateway grew from ${before} to ${rss(server.pid)} MB`);
  let n = 0;
  const all = new Promise((resolve) => ws.on("message", (data) => data[0] === n && ++n === 64 && resolve()));
  ws.resume();
  await all;
  ws.terminate();
  await server.stop();
});

test("a client that floods a server that does not read is stopped", async () => {
  const server = await start();
  const ws = await pass(server, `${base}/stuck`);
  const before = rss(server.pid);
  const peer = await arrived("/stuck");
  for (let i = 0; i < 64; i++) ws.send(Buffer.alloc(MB, i));
  const left = await settled(() => ws.bufferedAmount);
  assert.ok(left > 40 * MB, `${left} bytes are left`);
  if (!isAsan) assert.ok(rss(server.pid) - before < 20, `the gateway grew from ${before} to ${rss(server.pid)} MB`);
  let n = 0;
  const all = new Promise((resolve) => peer.on("message", (data) => data[0] === n && ++n === 64 && resolve()));
  peer.resume();
  await all;
  ws.terminate();
  await server.stop();
});

test("a server that sends pings without end", async () => {
  const server = await start();
  const before = rss(server.pid);
  bareScript = (socket, answer) => {
    socket.write(answer);
    const many = Buffer.concat(Array.from({ length: 1000 }, () => Buffer.from([0x89, 10, ..."0123456789"])));
    const more = () => {
      while (socket.writable && socket.write(many));
      if (socket.writable) socket.once("drain", more);
    };
    more(); // and reads nothing
    socket.pause();
  };
  const log = told(server, bareBase).catch(() => {});
  for (let i = 0; i < 20; i++) assert.equal((await request(server)).text, "fine");
  if (!isAsan) assert.ok(rss(server.pid) - before < 20, `the gateway grew from ${before} to ${rss(server.pid)} MB`);
  await server.stop("SIGKILL");
  await log;
});

// ---- hostile servers

const frame = (...bytes) => Buffer.from(bytes.flat());
const HOSTILE = {
  "a masked frame": [1002, frame(0x81, 0x81, 0, 0, 0, 0, 0x61)],
  "reserved bits": [1002, frame(0xf1, 0x01, 0x61)],
  "an opcode that is not there": [1002, frame(0x83, 0x01, 0x61)],
  "a control frame in fragments": [1002, frame(0x09, 0x00)],
  "a long control frame": [1002, frame(0x89, 0x7e, 0, 126, Array(126).fill(1))],
  "text that is not UTF-8": [1007, frame(0x81, 0x02, 0xc3, 0x28)],
  "a continuation of nothing": [1002, frame(0x80, 0x01, 0x61)],
  "a negative length": [1002, frame(0x82, 0x7f, Array(8).fill(0xff), 1)],
  "a terabyte": [1009, frame(0x82, 0x7f, 0, 0, 1, 0, 0, 0, 0, 0, 1)],
  "a little more than may be, in pieces": [1009, frame(0x02, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0, Array(65536).fill(1), 0x80, 0x7f, 0, 0, 0, 0, 0, 15, 0, 1, 1)],
  "a close code of nobody's": [1002, frame(0x88, 0x02, 3, 0xed)],
};

// The close frame that the client sends, unmasked: [code, reason].
function closeFrame(got) {
  for (let at = 0; at + 6 <= got.length; ) {
    const length = got[at + 1] & 127, mask = got.subarray(at + 2, at + 6);
    const body = got.subarray(at + 6, at + 6 + length).map((b, i) => b ^ mask[i & 3]);
    if (got[at] === 0x88) return [body.readUInt16BE(0), String(body.subarray(2))];
    at += 6 + length;
  }
  return undefined;
}

test("hostile: frames", async () => {
  const server = await start({ limits: { message_mb: 1 } });
  const neighbour = await pass(server, `${base}/echo?neighbour`);
  for (const [name, [code, bytes]] of Object.entries(HOSTILE)) {
    const got = [];
    const closed = new Promise((resolve) => {
      bareScript = (socket, answer) => {
        socket.on("data", (data) => got.push(data));
        socket.on("close", resolve);
        socket.write(Buffer.concat([Buffer.from(answer), bytes]));
      };
    });
    const log = await told(server, bareBase);
    assert.match(log.join("; "), new RegExp(`^open; error Uncaught Error: WebSocket protocol error; protocolError.statusCode = ${code}; protocolError.description = `), name);
    await closed;
    assert.equal(closeFrame(Buffer.concat(got))?.[0], code, name);
    const answer = neighbour.next();
    neighbour.send(name);
    assert.equal(await answer, name);
  }
  neighbour.terminate();
  await server.stop();
});

test("hostile: answers to the handshake", async () => {
  const server = await start({ limits: { outbound_idle_ms: 1000 } });
  const cases = [
    ["garbage", "\x00\x01\x02 garbage\r\n\r\n", /not valid HTTP/],
    ["HTTP/0.9", "<html>hello</html>", /not valid HTTP/],
    ["a NUL in a header", "HTTP/1.1 101 OK\r\nx: a\0b\r\n\r\n", /not valid/],
    ["a bare CR in a header", "HTTP/1.1 101 OK\r\nx: a\rb\r\n\r\n", /not valid/],
    ["a name that is no token", "HTTP/1.1 101 OK\r\nx y: a\r\n\r\n", /not valid/],
    ["status 000", "HTTP/1.1 000 OK\r\n\r\n", /not valid/],
    ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok", /not valid/],
    ["a giant status line", `HTTP/1.1 101 ${"x".repeat(200000)}\r\n\r\n`, /too large/],
    ["a giant header", `HTTP/1.1 101 OK\r\nx: ${"x".repeat(200000)}\r\n\r\n`, /too large/],
    ["a giant name", `HTTP/1.1 101 OK\r\n${"x".repeat(200000)}: x\r\n\r\n`, /too large/],
    ["many headers", `HTTP/1.1 101 OK\r\n${"a: b\r\n".repeat(2000)}\r\n`, /too (many|large)/],
    ["many informational heads", "HTTP/1.1 103 Early\r\nlink: x\r\n\r\n".repeat(20000), /too large/],
    ["lines without end", "\r\n".repeat(100000), /too large|not valid|lost/],
    ["nothing", "", /Network connection lost/],
    ["half a head", "HTTP/1.1 101 Switching", /Network connection lost/],
    ["an accept that is too long", `HTTP/1.1 101 OK\r\nupgrade: websocket\r\nsec-websocket-accept: ${"x".repeat(20000)}\r\n\r\n`, /received 502/],
    ["no answer", null, /nothing came for too long/],
  ];
  for (const [name, text, expected] of cases) {
    bareScript = (socket) => text !== null && socket.end(text, "latin1");
    const log = await told(server, bareBase);
    assert.match(log[0], expected, name);
    assert.equal(log[1], "close 1006 Failed to establish websocket connection", name);
  }
  await server.stop();
});

let state = 0x1234567;
function random(below) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

test("fuzz: frames at random", async () => {
  const rounds = 100 * Number(process.env.FUZZ_ROUNDS ?? 1);
  const server = await start();
  const opcode = () => [0, 1, 2, 8, 9, 10, random(16)][random(7)];
  const one = () => {
    const body = Array.from({ length: random(10) }, () => random(random(3) ? 128 : 256));
    const length = random(8) ? body.length : random(128);
    return frame((random(4) ? 0x80 : 0) | (random(20) ? 0 : random(8) << 4) | opcode(), (random(20) ? 0 : 0x80) | length, body);
  };
  bareScript = async (socket, answer) => {
    const bytes = Buffer.concat([Buffer.from(answer), ...Array.from({ length: 1 + random(6) }, one)]);
    for (let at = 0; at < bytes.length; at += 1 + random(200)) {
      socket.write(bytes.subarray(at, (at += 1 + random(200))));
      if (!random(3)) await sleep(1);
    }
    socket.end();
  };
  for (let round = 0; round < rounds; round += 10) {
    const logs = await Promise.all(Array.from({ length: 10 }, () => told(server, bareBase)));
    for (const log of logs) assert.match(log.at(-1), /^(close|error)/);
  }
  assert.doesNotMatch(server.log, /is dropped|protocol error:|outbound:/);
  assert.deepEqual((await told(server, `${base}/closer?fuzz`)).slice(0, 2), ["open", "close 4001 as you wish"]);
  await server.stop();
});

// ---- ends in the middle

test("a quiet server is asked whether it is there", async () => {
  const server = await start({ limits: { outbound_idle_ms: 600 } });
  const ws = await pass(server, `${base}/echo?quiet`);
  const peer = await arrived("/echo?quiet");
  await once(peer, "ping");
  await once(peer, "ping");
  const answer = ws.next();
  ws.send("still here");
  assert.equal(await answer, "still here");
  bareScript = (socket, text) => socket.write(text); // answers no ping
  assert.deepEqual(await told(server, bareBase), ["open", "error Uncaught Error: The request to the network failed: nothing came for too long", "close 1006 WebSocket disconnected without sending Close frame."]);
  ws.terminate();
  await server.stop();
});

test("a client that goes away, and a Worker that does not want it", async () => {
  const server = await start();
  const ws = await pass(server, `${base}/echo?gone`);
  ws.terminate();
  assert.equal((await (await arrived("/echo?gone")).closed)[0], 1006);
  assert.equal((await request(server, "/leave", { headers: { "x-url": `${base}/echo?left` } })).text, "101");
  assert.equal((await (await arrived("/echo?left")).closed)[0], 1006);
  await server.stop();
});

test("a server that goes away ends the client's connection", async () => {
  const server = await start();
  const ws = await pass(server, `${base}/echo?dies`);
  (await arrived("/echo?dies")).terminate();
  assert.equal((await ws.closed)[0], 1011);
  await server.stop();
});

test("a cell that is killed, and the gateway's end", async () => {
  const server = await start({ limits: { drain_ms: 200 } });
  const ws = await pass(server, `${base}/echo?cell`);
  for (const pid of server.cells()) process.kill(pid, "SIGKILL");
  await (await arrived("/echo?cell")).closed;
  await ws.closed;
  while ((await request(server)).status !== 200) await sleep(50);
  await pass(server, `${base}/echo?end`);
  assert.equal((await server.stop()).code, 0, server.log);
  await (await arrived("/echo?end")).closed;
});
