// codings.test.mjs: bodies with a content-encoding, seen by clients and sent by servers that mean harm.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { after, before, test } from "node:test";
import zlib from "node:zlib";
import { request, serve } from "./harness.mjs";

const MB = 1 << 20;
const decode = { br: zlib.brotliDecompressSync, gzip: zlib.gunzipSync };
const bombs = {
  br: zlib.brotliCompressSync(Buffer.alloc(200 * MB), { params: { [zlib.constants.BROTLI_PARAM_LGWIN]: 24, [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } }),
  gzip: zlib.gzipSync(Buffer.alloc(200 * MB)),
};

const WORKER = `
let seed = 1;
const noise = (n) => Uint8Array.from({ length: n }, () => (seed = (seed * 48271) % 2147483647) & (seed >> 8));
export default {
  async fetch(request, env) {
    const url = new URL(request.url), coding = url.searchParams.get("coding");
    const headers = { "content-encoding": coding, "content-type": "text/plain" };
    if (url.pathname === "/text") return new Response("text ".repeat(1000), { headers });
    if (url.pathname === "/empty") return new Response("", { headers });
    if (url.pathname === "/noise") return new Response(noise(1 << 20), { headers });
    if (url.pathname === "/stream") {
      let left = 64;
      const pull = (c) => (left-- ? c.enqueue(noise(16384)) : c.close());
      return new Response(new ReadableStream({ pull }), { headers });
    }
    const bomb = await fetch(env.UPSTREAM + "/" + coding);
    if (url.pathname === "/on") return bomb;
    if (url.pathname === "/all") return new Response(String((await bomb.bytes()).length));
    let n = 0;
    for await (const piece of bomb.body) n += piece.length;
    return new Response(String(n));
  },
};`;

let upstream, server;
before(async () => {
  upstream = http.createServer((incoming, response) => {
    const coding = incoming.url.slice(1);
    response.writeHead(200, { "content-encoding": coding }).end(bombs[coding]);
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  server = await serve({ "index.js": WORKER }, {
    vars: { UPSTREAM: `http://127.0.0.1:${upstream.address().port}` },
    outbound: { allow: [{ cidr: "127.0.0.1/32" }] },
    limits: { memory_mb: 64, cpu_ms: 20000 },
  });
});
after(async () => {
  upstream.closeAllConnections();
  upstream.close();
  await server.stop();
});

for (const coding of ["br", "gzip"]) {
  for (const [path, size] of [["/text", 5000], ["/empty", 0], ["/noise", MB], ["/stream", MB]]) {
    test(`${coding}: the client of ${path} gets it encoded`, async () => {
      const { headers, body } = await request(server, `${path}?coding=${coding}`);
      assert.equal(headers["content-encoding"], coding);
      assert.equal(decode[coding](body).length, size);
    });
  }
  test(`${coding}: what is handed on unread stays as it came`, async () => {
    const { headers, body } = await request(server, `/on?coding=${coding}`);
    assert.equal(headers["content-encoding"], coding);
    assert.ok(body.equals(bombs[coding]));
  });
  test(`${coding}: 200 MB from ${bombs[coding].length} bytes, piece by piece, within 64 MB`, async () => {
    assert.equal((await request(server, `/pieces?coding=${coding}`)).text, String(200 * MB));
  });
  test(`${coding}: 200 MB from ${bombs[coding].length} bytes at once end the isolate, not the server`, async () => {
    assert.equal((await request(server, `/all?coding=${coding}`)).status, 503);
    assert.equal((await request(server, `/text?coding=${coding}`)).status, 200);
  });
}
