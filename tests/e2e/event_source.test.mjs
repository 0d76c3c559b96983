// event_source.test.mjs: EventSource against servers that mean harm, and what close() does at the server.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { after, before, test } from "node:test";
import { request, serve } from "./harness.mjs";

const MB = 1 << 20;
const open = new Map(); // path -> { closed: promise, sent: bytes }
let upstream, base, server;

// Writes PIECE until the client is gone.
function pump(response, seen, piece) {
  const more = () => {
    while (!response.destroyed) {
      seen.sent += piece.length;
      if (!response.write(piece)) return void response.once("drain", more);
    }
  };
  more();
}
const streams = {
  "/line": (response, seen) => pump(response, seen, Buffer.alloc(65536, "x")),
  "/message": (response, seen) => pump(response, seen, Buffer.from("data: more\n".repeat(5000))),
  "/comments": (response, seen) => pump(response, seen, Buffer.from(":\n".repeat(30000))),
  "/one": (response) => response.write("data: one\n\n"),
};

const WORKER = `
export default {
  async fetch(request) {
    const to = request.headers.get("x-url"), how = request.headers.get("x-how");
    const source = new EventSource(to);
    if (how === "early") {
      await scheduler.wait(100);
      source.close();
      return new Response(String(source.readyState));
    }
    const said = await new Promise((resolve) => {
      source.onmessage = (e) => resolve(e.data);
      source.onerror = (e) => resolve(String(e.error));
      if (how === "open") source.onopen = () => resolve("open");
    });
    source.close();
    await scheduler.wait(20);
    return Response.json([said, source.readyState]);
  },
};`;

before(async () => {
  upstream = http.createServer((request, response) => {
    response.on("error", () => {});
    const seen = { sent: 0, closed: once(response, "close") };
    open.set(request.url, seen);
    if (request.url === "/silent") return;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    streams[request.url](response, seen);
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  base = `http://127.0.0.1:${upstream.address().port}`;
  server = await serve({ "index.js": WORKER }, { outbound: { allow: [{ cidr: "127.0.0.1/32" }] }, limits: { cpu_ms: 2000 } });
});
after(async () => {
  upstream.closeAllConnections();
  upstream.close();
  await server.stop();
});

const ask = async (path, how = "") => (await request(server, "/", { headers: { "x-url": base + path, "x-how": how } })).text;

for (const [path, what] of [["/line", "a line"], ["/message", "a message"]]) {
  test(`${what} without end is an error, and the server is left`, async () => {
    assert.equal(await ask(path), '["Error: A message of the event stream is too long.",2]');
    await open.get(path).closed;
    assert.ok(open.get(path).sent < 16 * MB, `the server could send ${open.get(path).sent} bytes`);
  });
}
test("comments without end are no message: the stream goes on until it is closed", async () => {
  assert.equal(await ask("/comments", "open"), '["open",2]');
  await open.get("/comments").closed;
});
test("close() of an open one ends the request at the server", async () => {
  assert.equal(await ask("/one"), '["one",2]');
  await open.get("/one").closed;
});
test("close() before the answer ends the request at the server", async () => {
  assert.equal(await ask("/silent", "early"), "2");
  await open.get("/silent").closed;
});
