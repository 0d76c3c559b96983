// What no client sends on purpose: requests changed at random, from a fixed seed, against a running server. It answers
// with HTTP or closes, keeps serving others, and its processes stay. FUZZ_ROUNDS multiplies the number (make fuzz).
import assert from "node:assert/strict";
import net from "node:net";
import test from "node:test";
import { request, serve } from "./harness.mjs";

const ROUNDS = 300 * Number(process.env.FUZZ_ROUNDS ?? 1);
const SEEDS = [
  "GET /a?b=c HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
  "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello world",
  "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: v\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n",
  "HEAD / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n",
];

let state = 0x2545f491;
function random(below) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

const changes = [
  (b) => { b[random(b.length)] ^= 1 << random(8); return b; },
  (b) => { b[random(b.length)] = [0, 10, 13, 32, 58, 127, 128, 255][random(8)]; return b; },
  (b) => b.subarray(0, random(b.length)),
  (b) => { const at = random(b.length); return Buffer.concat([b.subarray(0, at), b.subarray(random(at + 1))]); },
  (b) => Buffer.concat([b.subarray(0, 20), Buffer.from("X".repeat(random(70000))), b.subarray(20)]),
  (b) => Buffer.from(b.toString("latin1").replace(/\r\n/, `\r\n${"A: b\r\n".repeat(random(400))}`), "latin1"),
  (b) => Buffer.from(b.toString("latin1").replace(/\d+\r\n/, `${"f".repeat(1 + random(20))}\r\n`), "latin1"),
];

function mutate() {
  let bytes = Buffer.from(SEEDS[random(SEEDS.length)], "latin1");
  for (let i = 1 + random(3); i > 0 && bytes.length > 21; i--) bytes = changes[random(changes.length)](bytes);
  return bytes;
}

// Sends, closes its own side, and returns what came back until the server closed too.
function send(server, bytes) {
  return new Promise((resolve) => {
    const socket = net.connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
    let got = "";
    socket.on("data", (data) => (got += data.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => resolve(got));
    socket.on("end", () => socket.end());
    socket.end(bytes);
  });
}

test(`${ROUNDS} requests changed at random`, async (t) => {
  const source = "export default { async fetch(r) { return new Response(`${r.method} ${(await r.text()).length}\\n`); } };";
  const server = await serve({ "index.js": source });
  t.after(() => server.stop());
  const kinds = {};
  for (let round = 0; round < ROUNDS; round += 10) {
    const sent = Array.from({ length: 10 }, mutate);
    const answers = await Promise.all(sent.map((bytes) => send(server, bytes)));
    for (const [i, answer] of answers.entries()) {
      const status = answer === "" ? "closed" : /^HTTP\/1\.1 ([1-5]\d\d) /.exec(answer)?.[1];
      assert.ok(status, `to ${JSON.stringify(sent[i].toString("latin1"))}: ${answer.slice(0, 200)}`);
      kinds[status] = (kinds[status] ?? 0) + 1;
    }
    assert.equal((await request(server, "/", { method: "POST", body: "fine" })).text, "POST 4\n");
  }
  assert.ok(kinds[200] && kinds[400], `the changes are too tame or too wild: ${JSON.stringify(kinds)}`);
  assert.doesNotMatch(server.log, /cell .*(lost|died|ended|replaced)/i);
});
