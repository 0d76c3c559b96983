// hostile_requests.test.mjs: sandboxes that try to write their own bytes into requests (C7), and connections that are kept
// after answers that do not end where they should: what an upstream receives, byte for byte, and that nobody gets the
// answer to another's request.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { sleep } from "./harness.mjs";
import { Bare, ok } from "./hostile/bare.mjs";
import { sandbox, serveSandboxes, told } from "./hostile/sandboxes.mjs";

let bare, server;
before(async () => {
  bare = await Bare.start();
  server = await serveSandboxes({ outbound: { allow: [{ cidr: "127.0.0.1/32" }] }, limits: { outbound_idle_ms: 3000 } });
});
after(async () => {
  await server.stop();
  bare.stop();
});

const send = (target, init = "{}") => told(server, null, `async () => (await fetch(${JSON.stringify(bare.url)} + ${JSON.stringify(target)}, ${init})).text()`);
const requestLine = (method, target) => `${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1:${bare.port}\r\n`;

test("what cannot stand in a head is refused before anything is sent", async () => {
  const bad = ["a\r\nx: y", "a\nx: y", "a\rx", "a\0b", "a\r\n\r\nGET /evil HTTP/1.1\r\n\r\n"];
  for (const value of bad) assert.match(await send("/", JSON.stringify({ headers: { x: value } })), /^TypeError: /, JSON.stringify(value));
  assert.match(await send("/", JSON.stringify({ headers: { "": "v" } })), /^Error: The request to the network failed: a header is not valid/);
  for (const name of ["a b", "a:", ":a", "a\r", "a\n", "a\0", "\u00e9", "a\r\nb", "(a)", "a,b", '"a"', "a;", "{a}"])
    assert.match(await send("/", JSON.stringify({ headers: { [name]: "v" } })), /^TypeError: /, JSON.stringify(name));
  for (const method of ["", "A B", "GET /evil HTTP/1.1\r\nx:", "G\nT", "G\0T", "\u00c9", "GET\r\n", "CONNECT", "connect"])
    assert.match(await send("/", JSON.stringify({ method })), /^TypeError: /, JSON.stringify(method));
  assert.deepEqual(bare.take(), []);
});

test("a URL is one word, whatever is in it", async () => {
  for (const [target, sent] of [
    ["/a\r\nb", "/ab"], ["/a b", "/a%20b"], ["/a HTTP/1.1\r\nx: y", "/a%20HTTP/1.1x:%20y"], ["/%0d%0aX:%20y", "/%0d%0aX:%20y"], ["/?a\tb c#d e", "/?ab%20c"], ["/\0x", "/%00x"],
    ["/\u00e9\u2028", "/%C3%A9%E2%80%A8"], ["/?\u00e9", "/?%C3%A9"], ["/../..//x/./y/%2e%2E/z", "//x/z"], ["/a|b<c>\"`{}^", "/a|b%3Cc%3E%22%60%7B%7D%5E"], ["/?\"<>'|", "/?%22%3C%3E%27|"], ["", "/"], ["?q", "/?q"], ["/%", "/%"], ["/\x7f", "/%7F"],
  ]) {
    await send(target);
    assert.deepEqual(bare.take(), [`${requestLine("GET", sent)}\r\n`], target);
  }
});

test("headers that frame a request, or say where it goes, are not the sandbox's to say", async () => {
  const headers = {
    host: "evil.test", "content-length": "3", "transfer-encoding": "chunked", connection: "close, x-a", "keep-alive": "timeout=1", te: "trailers", trailer: "x", upgrade: "h2c",
    "http2-settings": "AAMAAABkAAQAAP__", expect: "100-continue", "proxy-connection": "close", "x-a": " \t kept\t ", "x-empty": "",
  };
  const kept = "x-a: kept\r\nx-empty:\r\n";
  await send("/get", JSON.stringify({ headers }));
  assert.deepEqual(bare.take(), [`${requestLine("GET", "/get")}${kept}\r\n`]);
  await send("/post", JSON.stringify({ method: "POST", headers, body: "0\r\n\r\nGET /evil HTTP/1.1\r\n\r\n" }));
  const [post] = bare.take();
  assert.equal(post, `${requestLine("POST", "/post")}${kept}content-type: text/plain;charset=UTF-8\r\nContent-Length: 27\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\n\r\n`);
  assert.equal(await send("/empty", JSON.stringify({ method: "POST", headers })), "/empty");
  assert.match(bare.take()[0], /\r\ncontent-length: 0\r\n/i);
});

test("a body without a length comes in chunks, and its bytes are nothing else", async () => {
  const evil = "0\r\n\r\nGET /evil HTTP/1.1\r\nhost: x\r\n\r\n";
  const seen = [];
  bare.answer = ({ text, target }) => (seen.push(text), ok(target));
  const run = `async () => {
    const { readable, writable } = new TransformStream();
    const answer = fetch("${bare.url}/stream", { method: "POST", body: readable }), writer = writable.getWriter();
    for (let i = 0; i < 3; i++) await writer.write(new TextEncoder().encode(${JSON.stringify("x" + evil)}));
    await writer.close();
    return (await answer).text();
  }`;
  assert.equal(await told(server, null, run), "/stream");
  const whole = bare.take().join("");
  const [head, ...rest] = whole.split("\r\n\r\n");
  assert.match(head, /\r\ntransfer-encoding: chunked/i);
  assert.doesNotMatch(head, /content-length/i);
  let body = rest.join("\r\n\r\n"), text = "";
  for (let size; (size = parseInt(body, 16)); ) {
    const at = body.indexOf("\r\n") + 2;
    text += body.slice(at, at + size);
    body = body.slice(at + size + 2);
  }
  assert.equal(body, "0\r\n\r\n");
  assert.equal(text, `x${evil}`.repeat(3));
});

test("a body of another length than announced ends its connection", async () => {
  bare.answer = ({ target }) => ok(target);
  for (const [length, pieces] of [[10, ["short"]], [10, []]]) {
    const run = `async () => {
      const { readable, writable } = new FixedLengthStream(${length}), writer = writable.getWriter();
      const answer = fetch("${bare.url}/announced", { method: "POST", body: readable });
      answer.catch(() => {});
      for (const piece of ${JSON.stringify(pieces)}) await writer.write(new TextEncoder().encode(piece));
      await writer.close().catch(() => {});
      await writer.abort().catch(() => {});
      return (await answer).text();
    }`;
    assert.match(await told(server, null, run), /^(Type)?Error: /);
    assert.equal(await send("/after"), "/after");
    for (const text of bare.take()) assert.ok(!text.includes("/announced") || !text.includes("/after"), "on one connection");
  }
});

// ---- what is left on a connection

const POISON = ok("POISON");
const LEFTOVERS = {
  "an answer too many, at once": () => ok("first") + POISON,
  "an answer too many, later": (request, socket) => {
    socket.write(ok("first"));
    setImmediate(() => socket.write(POISON));
  },
  "half an answer too many": (request, socket) => {
    socket.write(ok("first") + POISON.slice(0, 20));
    setImmediate(() => socket.write(POISON.slice(20)));
  },
  "a body longer than announced": () => `HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfirst${POISON}`,
  "204 with a body": () => `HTTP/1.1 204 No Content\r\ncontent-length: ${POISON.length}\r\n\r\n${POISON}`,
  "304 with a body": () => `HTTP/1.1 304 Not Modified\r\ncontent-length: ${POISON.length}\r\n\r\n${POISON}`,
  "204 in chunks": () => `HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n${POISON.length.toString(16)}\r\n${POISON}\r\n0\r\n\r\n`,
  "both lengths": () => `HTTP/1.1 200 OK\r\ncontent-length: ${POISON.length + 20}\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n${POISON}`,
  "both lengths, the other way round": () => `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n5\r\nfirst\r\n0\r\n\r\n${POISON}`,
  "an answer before its request": ({ first }, socket) => {
    socket.write(ok("first"));
    setTimeout(() => socket.writable && socket.write(POISON), 5);
  },
  "after the last chunk": () => `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\nx: y\r\n\r\n${POISON}`,
  "HTTP/1.0 that keeps alive": () => `HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 5\r\n\r\nfirst${POISON}`,
};

test("nobody gets what was left on a connection", async () => {
  for (const [name, leave] of Object.entries(LEFTOVERS))
    for (const method of ["GET", "HEAD", "POST"]) {
      bare.answer = (request, socket) => (request.target.startsWith("/first") ? leave(request, socket) : ok(`mine ${request.target}`));
      const first = sandbox(server, null, `async () => { const r = await fetch("${bare.url}/first", { method: "${method}" }); return r.text(); }`);
      assert.doesNotMatch((await first).text, /POISON/, name);
      await sleep(50); // what comes when the next request is on its way is the answer to it, as far as anybody can tell
      for (let i = 0; i < 3; i++) assert.equal(await send(`/next${i}`), `mine /next${i}`, `${name}, ${method}`);
    }
  bare.take();
});

test("an answer that comes before the body was sent", async () => {
  bare.server.once("connection", (socket) => socket.once("data", () => socket.write(ok("early"))));
  bare.answer = ({ target }) => (target === "/early" ? undefined : ok(`mine ${target}`));
  for (const { socket } of bare.connections) socket.destroy();
  bare.take();
  const run = `async () => {
    const { readable, writable } = new TransformStream(), writer = writable.getWriter();
    const answer = await fetch("${bare.url}/early", { method: "POST", body: readable });
    await writer.write(new TextEncoder().encode("GET /evil HTTP/1.1\\r\\n\\r\\n"));
    await writer.close();
    return answer.text();
  }`;
  assert.equal(await told(server, null, run), "early");
  for (let i = 0; i < 3; i++) assert.equal(await send(`/next${i}`), `mine /next${i}`);
  assert.ok(bare.take().some((text) => text.includes("\r\n\r\n16\r\nGET /evil HTTP/1.1\r\n\r\n\r\n0\r\n\r\n")), "it is a chunk and no request");
});
