// hostile_upstream.test.mjs: answers that are lies about their own form, or never end (C7): what the sandbox is told, byte
// for byte what it gets, and that the gateway's memory, its other requests and other sandboxes do not notice.
import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, test } from "node:test";
import zlib from "node:zlib";
import { settled } from "./harness.mjs";
import { Bare, ok } from "./hostile/bare.mjs";
import { go, sandbox, serveSandboxes, told } from "./hostile/sandboxes.mjs";

const MB = 1 << 20;
let bare, good, server;
before(async () => {
  [bare, good] = [await Bare.start(), await Bare.start()];
  server = await serveSandboxes({ outbound: { allow: [{ cidr: "127.0.0.1/32" }] }, limits: { outbound_idle_ms: 2000, headers: 100 } });
});
after(async () => {
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  bare.stop();
  good.stop();
});

const FAILED = "Error: The request to the network failed: ";
let count = 0;
const answers = new Map();
/** What a sandbox sees of this answer: status, text, headers and body, or its error. */
async function seen(answer) {
  const path = `/${++count}`;
  answers.set(path, typeof answer === "function" ? answer : (request, socket) => void socket.end(answer, "latin1"));
  bare.answer = (request, socket) => answers.get(request.target)(request, socket);
  const run = `async () => {
    const response = await fetch("${bare.url}${path}");
    return [response.status, response.statusText, Object.fromEntries(response.headers), await response.text()];
  }`;
  const { text } = await sandbox(server, null, run);
  assert.equal(await go(server, null, "fetch", `${good.url}/good`), "/good");
  return text.startsWith("[") ? JSON.parse(text) : text;
}
const head = (...lines) => `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
const rss = () => Number(/VmRSS:\s*(\d+)/.exec(fs.readFileSync(`/proc/${server.pid}/status`, "utf8"))[1]) / 1024;
const sanitized = process.env.MAYFLY_BIN?.includes("/asan/");

test("lengths that contradict each other or themselves", async () => {
  for (const lines of [
    ["content-length: 2", "content-length: 3"], ["content-length: 2, 3"], ["content-length: 2, 2"], ["content-length: +2"], ["content-length: -1"], ["content-length: 0x2"], ["content-length: 2 2"],
    ["content-length:"], ["content-length: 2;x"], ["content-length: 18446744073709551618"], ["content-length: 9223372036854775808"], ["content-length: \u00b2"], ["content-length: 2", " 0"], ["content-length:", " 2"],
  ]) {
    const said = await seen(`${head(...lines)}ok`);
    assert.ok([`${FAILED}its content-length is not valid`, `${FAILED}one of its headers is not valid`, `${FAILED}the answer is not valid HTTP`].includes(said), `${lines}: ${said}`);
  }
  for (const lines of [["content-length: 2", "content-length: 2"], ["Content-LENGTH:2"], ["content-length:\t2 \t"]]) assert.equal((await seen(`${head(...lines)}ok`))[3], "ok", lines);
});

test("codings that are not known, are given twice, or are hidden", async () => {
  const body = "2\r\nok\r\n0\r\n\r\n";
  for (const lines of [
    ["transfer-encoding: gzip"], ["transfer-encoding: gzip, chunked"], ["transfer-encoding: chunked, gzip"], ["transfer-encoding: identity"], ["transfer-encoding: xchunked"], ["transfer-encoding: chunked, chunked"],
    ["transfer-encoding: chunked", "transfer-encoding: chunked"], ["transfer-encoding: chunked", "transfer-encoding: gzip"], ["transfer-encoding:"], ["transfer-encoding: \"chunked\""], ["transfer-encoding: chunked;q=1"],
    ["transfer-encoding:", " chunked"], ["transfer-encoding: chunked", "\tgzip"],
  ]) {
    const said = await seen(head(...lines) + body);
    assert.match(String(said), /^Error: The request to the network failed: (its transfer-encoding is not known|one of its headers is not valid)$/, lines.join());
  }
  for (const lines of [["Transfer-Encoding: Chunked"], ["transfer-encoding: chunked", "content-length: 7"], ["content-length: 1", "transfer-encoding: chunked"]])
    assert.equal((await seen(head(...lines) + body))[3], "ok", lines);
});

test("chunks that are none", async () => {
  const chunked = head("transfer-encoding: chunked");
  for (const body of ["x\r\nok\r\n0\r\n\r\n", "-2\r\nok\r\n0\r\n\r\n", "ffffffffffffffffff\r\nok", "10000000000000000\r\nok\r\n0\r\n\r\n", "2\r\nokk\r\n0\r\n\r\n", "2\r\nok0\r\n\r\n", "\r\n2\r\nok\r\n0\r\n\r\n", "2\r\nok\r\n", "2\r\no"])
    assert.match(String(await seen(chunked + body)), /^Error: (Network connection lost\.|The request to the network failed: )/, JSON.stringify(body));
  assert.equal((await seen(`${chunked}0002;a=b\r\nok\r\n000\r\nx: y\r\n\r\n`))[3], "ok");
});

test("heads: what a header may be, and how many", async () => {
  const bad = [
    "x: a\0b", "x: a\rb", "x\0: a", "x : a", "x\t: a", ": a", "x", "x y: a", "x\u00e9: a", "x: \x01", "x: \x7f", "(x): a", "x: a\r\nx\x01: b",
  ];
  for (const line of bad) assert.match(String(await seen(`${head(line, "content-length: 2")}ok`)), /^Error: The request to the network failed: (one of its headers is not valid|the answer is not valid HTTP)/, JSON.stringify(line));
  const [, statusText, headers] = await seen(`HTTP/1.1 200 \t <b>\u00e9\x80"\t \r\nX-A: a\r\nx-a: \r\n b\r\nx-b: \t c \t\r\nX-C:\r\ncontent-length: 0\r\n\r\n`);
  assert.deepEqual([headers["x-a"], headers["x-b"], headers["x-c"]], ["a, b", "c", ""]);
  assert.doesNotMatch(statusText, /[\0-\x08\n-\x1f]/);
  assert.equal(await seen(head(...Array.from({ length: 101 }, (_, i) => `x-${i}: y`))), `${FAILED}it has too many headers`);
  assert.equal((await seen(head(...Array.from({ length: 99 }, (_, i) => `x-${i}: y`), "content-length: 0")))[0], 200);
  assert.equal(await seen(head(...Array.from({ length: 10 }, (_, i) => `x-${i}: ${"y".repeat(4000)}`))), `${FAILED}its headers are too large`);
});

test("status lines", async () => {
  for (const line of ["HTTP/1.1 000 x", "HTTP/1.1 099 x", "HTTP/1.1 20 x", "HTTP/1.1 2x0 x", "HTTP/1.1 -20 x", "HTTP/1.1 200\u00e9", "HTTP/1.1  200 x", "HTTP/9.9 200 x", "HTTP/1.1", "HTTP 200 OK", "ICY 200 OK", "HTTP/1.1 200 a\0b", "HTTP/1.1 200 \x1b[2J"])
    assert.match(String(await seen(`${line}\r\ncontent-length: 0\r\n\r\n`)), /^(Range)?Error: |^200,/, JSON.stringify(line));
  for (const line of ["HTTP/1.1 200 \x1b[2J", "HTTP/1.1 200 a\0b", "HTTP/1.1 099 x"]) assert.match(String(await seen(`${line}\r\ncontent-length: 0\r\n\r\n`)), /^Error: /, JSON.stringify(line));
  for (const status of [600, 999]) assert.match(String(await seen(`HTTP/1.1 ${status} x\r\ncontent-length: 0\r\n\r\n`)), /^((Range|Type)?Error: |[69])/);
});

// ---- without end

const ENDLESS = {
  "informational heads": ["HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n", `${FAILED}its headers are too large`],
  "interim 100s": ["HTTP/1.1 100 Continue\r\n\r\n", `${FAILED}its headers are too large`],
  "headers": ["x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n", `${FAILED}it has too many headers`, "HTTP/1.1 200 OK\r\n"],
  "one header": ["yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy", /^Error: The request to the network failed: (its headers are too large|the answer is not valid HTTP)|^Error: Network connection lost/, "HTTP/1.1 200 OK\r\nx: "],
  "a folded header": [" yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n", `${FAILED}its headers are too large`, "HTTP/1.1 200 OK\r\nx: y\r\n"],
  "a status line": ["yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy", /^Error: The request to the network failed: (its headers are too large|the answer is not valid HTTP)|^Error: Network connection lost/, "HTTP/1.1 200 "],
  "empty lines": ["\r\n", /^Error: /],
  "trailers": ["x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n", /^Error: (The request to the network failed: its headers are too large|Network connection lost)/, `${head("transfer-encoding: chunked")}2\r\nok\r\n0\r\n`],
  "a chunk's size": ["0", /^Error: /, head("transfer-encoding: chunked")],
  "a chunk's extension": ["y", /^Error: /, `${head("transfer-encoding: chunked")}2;`],
};
for (const [name, [piece, expected, start = ""]] of Object.entries(ENDLESS))
  test(`without end: ${name}`, async () => {
    const before = rss();
    const said = await seen((request, socket) => {
      const block = piece.repeat(Math.ceil(16384 / piece.length));
      const more = () => {
        while (socket.writable && socket.write(block));
        if (socket.writable) socket.once("drain", more);
      };
      socket.write(start);
      more();
    });
    if (typeof expected === "string") assert.equal(said, expected);
    else assert.match(String(said), expected);
    if (!sanitized) assert.ok(rss() - before < 30, `the gateway grew from ${before} to ${rss()} MB`);
  });

test("an answer that comes by single bytes is an answer; one that stops is given up", async () => {
  const text = `HTTP/1.1 103 Early Hints\r\n\r\n${head("x: y", "transfer-encoding: chunked")}2\r\nok\r\n0\r\nz: z\r\n\r\n`;
  const drip = (upto) => async (request, socket) => {
    for (const byte of text.slice(0, upto)) {
      socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  assert.deepEqual((await seen(drip(text.length)))[3], "ok");
  const inHead = [0, 5, 30, 50, text.indexOf("\r\n\r\n", 40) + 2], inBody = [text.indexOf("ok") + 1, text.length - 7, text.length - 1];
  const said = await Promise.all([...inHead, ...inBody].map((upto) => seen(drip(upto))));
  for (const one of said.slice(0, inHead.length)) assert.equal(one, `${FAILED}nothing came for too long`);
  for (const one of said.slice(inHead.length)) assert.match(one, /^Error: (Network connection lost\.|The request to the network failed: )/);
});

// ---- bodies

test("a compressed bomb is as long as who reads it wants it to be", async () => {
  const bomb = zlib.gzipSync(Buffer.alloc(300 * MB), { level: 9 }); // 300 KB
  bare.answer = (request, socket) => {
    socket.write(head("content-encoding: gzip", `content-length: ${bomb.length}`));
    socket.write(bomb);
  };
  const before = rss();
  const count = `async () => { let n = 0; for await (const piece of (await fetch("${bare.url}/")).body) n += piece.length; return String(n); }`;
  assert.equal(await told(server, null, count), String(300 * MB));
  const part = `async () => { const reader = (await fetch("${bare.url}/")).body.getReader(); const { value } = await reader.read(); await reader.cancel(); return String(value.length < 1e6); }`;
  assert.equal(await told(server, null, part), "true");
  const whole = await sandbox(server, null, `async () => (await fetch("${bare.url}/")).text()`);
  assert.notEqual(whole.status, 200, "its isolate is out of memory");
  assert.equal(await go(server, null, "fetch", `${good.url}/good`), "/good");
  if (!sanitized) assert.ok(rss() - before < 40, `the gateway grew from ${before} to ${rss()} MB`);
  for (const bytes of [bomb.subarray(0, 1000), Buffer.alloc(1000, 7), Buffer.concat([bomb.subarray(0, 100), Buffer.alloc(1000, 255)])]) {
    bare.answer = (request, socket) => void socket.end(Buffer.concat([Buffer.from(head("content-encoding: gzip", "connection: close")), bytes]));
    assert.match(await told(server, null, `async () => (await fetch("${bare.url}/")).text()`), /^(Type)?Error: /);
  }
});

test("a body without end, to who does not read, and to who reads for ever", async () => {
  let sent = 0;
  bare.answer = (request, socket) => {
    const more = () => {
      while (socket.writable && socket.write(Buffer.alloc(65536, "x"))) sent += 65536;
      if (socket.writable) socket.once("drain", more);
    };
    socket.write(head());
    more();
  };
  const before = rss();
  const pending = told(server, null, `async () => { const r = await fetch("${bare.url}/"); await new Promise((f) => setTimeout(f, 1500)); await r.body.cancel(); return "left"; }`);
  assert.ok((await settled(() => sent)) < 40 * MB, `${sent} bytes were sent to nobody`);
  assert.equal(await pending, "left");
  const some = `async () => { let n = 0; for await (const piece of (await fetch("${bare.url}/")).body) if ((n += piece.length) > ${50 * MB}) break; return "enough"; }`;
  assert.equal(await told(server, null, some), "enough");
  if (!sanitized) assert.ok(rss() - before < 40);
});
