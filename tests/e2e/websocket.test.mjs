// WebSockets of clients, with npm's ws and with frames written by hand: messages, closing, pressure, rules broken.
import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { mayfly, request, serve, sleep } from "./harness.mjs";

const DYNAMIC = `export default { fetch(request) {
  const { 0: a, 1: b } = new WebSocketPair();
  b.accept();
  b.binaryType = "arraybuffer";
  b.addEventListener("message", (e) => {
    if (e.data === "spin") for (;;);
    if (e.data === "work") for (let i = 0; i < 200000; i++);
    b.send(e.data);
  });
  return new Response(null, { status: 101, webSocket: a });
} };`;

const WORKER = `
const log = [];
function note(b) {
  b.addEventListener("close", (e) => log.push("close " + e.code + " " + e.reason + " " + e.wasClean));
  b.addEventListener("error", (e) => log.push("error " + e.message));
}
export default { async fetch(request, env) {
  const url = new URL(request.url);
  if (url.pathname === "/log") return Response.json(log.splice(0));
  if (url.pathname === "/plain") return new Response("plain " + request.headers.get("upgrade"));
  if (url.pathname === "/dynamic") {
    const limits = { cpuMs: 50 };
    const code = { compatibilityDate: "2026-11-01", mainModule: "m.js", modules: { "m.js": ${JSON.stringify(DYNAMIC)} }, limits };
    return env.LOADER.get("d", () => code).getEntrypoint().fetch(request);
  }
  const { 0: a, 1: b } = new WebSocketPair();
  note(b);
  b.accept({ allowHalfOpen: url.pathname === "/half" });
  b.binaryType = "arraybuffer";
  if (url.pathname === "/half") b.addEventListener("close", () => { b.send("after"); b.close(4002, "later"); });
  b.addEventListener("message", (e) => {
    if (url.pathname === "/closer") b.close(4001, "as you wish");
    else if (url.pathname === "/spin") for (;;);
    else if (url.pathname === "/flood") { for (let i = 0; i < 16; i++) b.send(new Uint8Array(1 << 20)); }
    else b.send(e.data);
  });
  const protocol = request.headers.get("sec-websocket-protocol");
  const headers = protocol ? { "sec-websocket-protocol": protocol.split(",")[0] } : {};
  return new Response(null, { status: 101, webSocket: a, headers });
} };`;

let server;
before(async () => {
  server = await serve({ "index.js": WORKER }, { worker_loaders: [{ binding: "LOADER" }], limits: { message_mb: 2 } });
});
after(() => server.stop());

const workerLog = async () => JSON.parse((await request(server, "/log")).text);

async function logged(pattern) {
  for (const all = []; ; await sleep(10)) {
    all.push(...(await workerLog()));
    const found = all.find((line) => pattern.test(line));
    if (found) return found;
  }
}

function connect(target = "/echo", protocols = [], options = {}) {
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}${target}`, protocols, { perMessageDeflate: false, ...options });
  ws.closed = new Promise((resolve) => ws.on("close", (code, reason) => resolve([code, String(reason)])));
  ws.next = () => new Promise((resolve) => ws.once("message", (data, binary) => resolve(binary ? data : String(data))));
  ws.on("error", () => {});
  return new Promise((resolve, reject) => {
    ws.on("open", () => resolve(ws));
    ws.on("unexpected-response", (_, response) => reject(new Error(`status ${response.statusCode}`)));
  });
}

async function echo(ws, data) {
  const answer = ws.next();
  ws.send(data);
  return answer;
}

test("text, bytes, nothing, and large messages", async () => {
  const ws = await connect();
  assert.equal(await echo(ws, "grüße"), "grüße");
  assert.deepEqual(await echo(ws, Buffer.from([0, 1, 255])), Buffer.from([0, 1, 255]));
  assert.equal(await echo(ws, ""), "");
  assert.equal((await echo(ws, Buffer.alloc(0))).length, 0);
  for (const size of [125, 126, 65535, 65536, 65537, 300000, 1 << 20, 2 << 20]) {
    const bytes = Buffer.alloc(size, size & 255);
    assert.ok(bytes.equals(await echo(ws, bytes)), `${size} bytes`);
  }
  const text = "é😀".repeat(100000);
  assert.equal(await echo(ws, text), text);
  ws.terminate();
  assert.match(await logged(/close/), /close 1006 WebSocket disconnected without sending Close frame. false/);
});

test("a message in fragments, with a ping between them", async () => {
  const ws = await connect();
  const answer = ws.next();
  const pong = new Promise((resolve) => ws.once("pong", (data) => resolve(String(data))));
  ws.send("one ", { fin: false });
  ws.ping("hello");
  ws.send("two ", { fin: false });
  ws.send("three", { fin: true });
  assert.equal(await pong, "hello");
  assert.equal(await answer, "one two three");
  ws.terminate();
});

test("subprotocol, and what a Worker that does not upgrade answers", async () => {
  const ws = await connect("/echo", ["x", "y"]);
  assert.equal(ws.protocol, "x");
  ws.terminate();
  await assert.rejects(connect("/plain"), /status 200/);
});

test("closing, from both sides", async () => {
  let ws = await connect();
  ws.close(3000, "bye");
  assert.deepEqual(await ws.closed, [3000, "bye"]);
  assert.equal(await logged(/3000/), "close 3000 bye true");
  ws = await connect();
  ws.close();
  assert.deepEqual(await ws.closed, [1005, ""]);
  ws = await connect("/closer");
  ws.send("x");
  assert.deepEqual(await ws.closed, [4001, "as you wish"]);
  assert.equal(await logged(/4001/), "close 4001 as you wish true");
  ws = await connect("/half");
  const last = ws.next();
  ws.close(3001, "half");
  assert.equal(await last, "after");
  assert.deepEqual(await ws.closed, [4002, "later"]);
});

test("500 at once", async () => {
  const all = await Promise.all(Array.from({ length: 500 }, () => connect()));
  const answers = await Promise.all(all.map((ws, i) => echo(ws, `n${i}`)));
  answers.forEach((answer, i) => assert.equal(answer, `n${i}`));
  for (const ws of all) ws.close(1000);
  await Promise.all(all.map((ws) => ws.closed));
});

test("a client that does not read costs little memory in the gateway", async () => {
  const rss = () => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${server.pid}/status`, "utf8"))[1]);
  const before = rss();
  const sockets = await Promise.all(Array.from({ length: 4 }, () => connect("/flood", [], { maxPayload: 1 << 27 })));
  for (const ws of sockets) {
    ws.pause();
    ws.send("go");
  }
  await sleep(500);
  if (!mayfly.includes("/asan/")) assert.ok(rss() - before < 20000, `${rss() - before} kB more`);
  assert.equal((await request(server, "/plain")).status, 200);
  const counts = sockets.map((ws) => new Promise((resolve) => {
    let n = 0;
    ws.on("message", (data) => { if (data.length === 1 << 20 && ++n === 16) resolve(n); });
    ws.resume();
  }));
  assert.deepEqual(await Promise.all(counts), [16, 16, 16, 16]);
  for (const ws of sockets) ws.terminate();
});

test("a dynamic Worker behind the host Worker", async () => {
  const ws = await connect("/dynamic");
  assert.equal(await echo(ws, "through"), "through");
  const bytes = Buffer.alloc(1 << 20, 7);
  assert.ok(bytes.equals(await echo(ws, bytes)));
  ws.close(3000, "bye");
  assert.deepEqual(await ws.closed, [3000, "bye"]);
  const worker = await connect("/dynamic");
  for (let i = 0; i < 40; i++) assert.equal(await echo(worker, "work"), "work"); // more than one event may, together
  worker.terminate();
  const doomed = await connect("/dynamic");
  doomed.send("spin");
  assert.equal((await doomed.closed)[0], 1011);
});

// ---- by hand

const HANDSHAKE = "GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

// Sends this after the handshake; what came back after the head until the server closed.
function byHand(bytes, handshake = HANDSHAKE) {
  return new Promise((resolve) => {
    const socket = net.connect(server.port, "127.0.0.1");
    let got = Buffer.alloc(0);
    let sent = false;
    socket.on("data", (data) => {
      got = Buffer.concat([got, data]);
      if (!sent && got.includes("\r\n\r\n")) {
        sent = true;
        socket.write(bytes);
      }
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(got.subarray(got.indexOf("\r\n\r\n") + 4)));
    socket.write(handshake);
  });
}

const frame = (...bytes) => Buffer.from(bytes.flat());
const MASK = [0, 0, 0, 0];
const HOSTILE = {
  "no mask": [1002, frame(0x81, 0x01, 0x61)],
  "reserved bits": [1002, frame(0xc1, 0x81, MASK, 0x61)],
  "an opcode that is not there": [1002, frame(0x83, 0x81, MASK, 0x61)],
  "a control opcode that is not there": [1002, frame(0x8b, 0x80, MASK)],
  "a control frame in fragments": [1002, frame(0x09, 0x80, MASK)],
  "a long control frame": [1002, frame(0x89, 0xfe, 0, 126, MASK, Array(126).fill(1))],
  "text that is not UTF-8": [1007, frame(0x81, 0x82, MASK, 0xc3, 0x28)],
  "text that ends in a character": [1007, frame(0x81, 0x82, MASK, 0xe2, 0x82)],
  "a surrogate in UTF-8": [1007, frame(0x81, 0x83, MASK, 0xed, 0xa0, 0x80)],
  "a continuation of nothing": [1002, frame(0x80, 0x81, MASK, 0x61)],
  "a message in a message": [1002, frame(0x01, 0x81, MASK, 0x61, 0x81, 0x81, MASK, 0x62)],
  "a negative length": [1002, frame(0x82, 0xff, Array(8).fill(0xff), MASK, 1)],
  "a terabyte": [1009, frame(0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, MASK, 1)],
  "a length in too many bytes": [1002, frame(0x81, 0xfe, 0, 1, MASK, 0x61)],
  "half a close code": [1002, frame(0x88, 0x81, MASK, 3)],
  "a close code of nobody's": [1002, frame(0x88, 0x82, MASK, 3, 0xed)],
  "a close reason that is not UTF-8": [1007, frame(0x88, 0x84, MASK, 3, 0xe8, 0xff, 0xff)],
  "a close in a message": [1002, frame(0x01, 0x81, MASK, 0x61, 0x88, 0x80, MASK)],
};
for (const [name, [code, bytes]] of Object.entries(HOSTILE)) {
  test(`hostile: ${name}`, async () => {
    const neighbour = await connect();
    const got = await byHand(bytes);
    assert.equal(got[0], 0x88, `a close frame, not ${got.toString("hex")}`);
    assert.equal(got.readUInt16BE(2), code);
    assert.match(await logged(/^error/), new RegExp(`protocolError.statusCode = ${code};`));
    assert.equal(await echo(neighbour, "fine"), "fine");
    neighbour.terminate();
  });
}

test("handshakes that are none", async () => {
  const status = (handshake) => new Promise((resolve) => {
    const socket = net.connect(server.port, "127.0.0.1", () => socket.write(handshake));
    socket.once("data", (data) => { resolve(String(data).split(" ")[1]); socket.destroy(); });
  });
  assert.equal(await status(HANDSHAKE.replace(/Sec-WebSocket-Key.*\r\n/, "")), "400");
  assert.equal(await status(HANDSHAKE.replace("Version: 13", "Version: 8")), "426");
  assert.equal(await status(HANDSHAKE.replace("GET", "POST")), "400");
  assert.equal(await status(HANDSHAKE.replace("Upgrade: websocket\r\n", "")), "500");
  assert.equal(await status(HANDSHAKE), "101");
});

let state = 0x1234567;
function random(below) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

test("fuzz: frames at random", async () => {
  const rounds = 200 * Number(process.env.FUZZ_ROUNDS ?? 1);
  const opcode = () => [0, 1, 2, 8, 9, 10, random(16)][random(7)];
  const one = () => {
    const body = Array.from({ length: random(10) }, () => random(random(3) ? 128 : 256));
    const length = random(8) ? body.length : random(128);
    return frame((random(4) ? 0x80 : 0) | (random(20) ? 0 : random(8) << 4) | opcode(), (random(20) ? 0x80 : 0) | length, MASK, body);
  };
  for (let round = 0; round < rounds; round += 20) {
    const all = Array.from({ length: 20 }, () => Buffer.concat([...Array.from({ length: 1 + random(6) }, one), frame(0xff)]));
    await Promise.all(all.map((bytes) => Promise.race([byHand(bytes), sleep(50)])));
    const ws = await connect();
    assert.equal(await echo(ws, "fine"), "fine");
    ws.terminate();
  }
  assert.doesNotMatch(server.log, /is dropped|protocol error:/);
});

test("a quiet client is asked whether it is there", async (t) => {
  const quiet = await serve({ "index.js": WORKER }, { limits: { idle_ms: 1000, wall_ms: 500 } });
  t.after(() => quiet.stop());
  const ws = new WebSocket(`ws://127.0.0.1:${quiet.port}/echo`);
  const dead = new WebSocket(`ws://127.0.0.1:${quiet.port}/echo`, { autoPong: false });
  const gone = new Promise((resolve) => dead.on("close", resolve));
  await new Promise((resolve) => ws.on("open", resolve));
  await new Promise((resolve) => ws.on("ping", resolve));
  assert.equal(await gone, 1006);
  const answer = new Promise((resolve) => ws.on("message", (data) => resolve(String(data))));
  ws.send("still here"); // and no wall time counts
  assert.equal(await answer, "still here");
  ws.terminate();
});

test("a cell that is killed, and the gateway's end", async () => {
  const ws = await connect("/dynamic");
  assert.equal(await echo(ws, "x"), "x");
  const plain = await connect();
  for (const pid of server.cells()) process.kill(pid, "SIGKILL");
  assert.equal((await ws.closed)[0], 1011);
  assert.equal((await plain.closed)[0], 1011);
  while ((await request(server, "/plain")).status !== 200) await sleep(50);
  const last = await connect();
  const ended = server.stop();
  assert.equal((await last.closed)[0], 1001);
  assert.equal((await ended).code, 0);
});
