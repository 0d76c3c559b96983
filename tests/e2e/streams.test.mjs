// Streams through the whole program: bodies passed on in every way, lengths, decompression bombs.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { createHash } from "node:crypto";
import zlib from "node:zlib";
import { load, request, serve, serveDispatch } from "./harness.mjs";

const worker = `
const ways = {
  body: (request) => request.body,
  identity: (request) => request.body.pipeThrough(new IdentityTransformStream()),
  piped(request) {
    const { readable, writable } = new IdentityTransformStream();
    request.body.pipeTo(writable);
    return readable;
  },
  transform: (request) => request.body.pipeThrough(new TransformStream()),
  tee: (request) => request.body.tee()[0].pipeThrough(new TransformStream()),
  rewrapped: (request) => new Response(new Response(request.body).body).body,
  iterated: (request) => ReadableStream.from(request.body),
  copied(request) {
    const { readable, writable } = new IdentityTransformStream();
    const copy = async () => {
      const writer = writable.getWriter();
      for await (const chunk of request.body) await writer.write(chunk);
      await writer.close();
    };
    copy();
    return readable;
  },
  byob(request) {
    const reader = request.body.getReader({ mode: "byob" });
    return new ReadableStream({
      type: "bytes",
      async pull(controller) {
        const { done, value } = await reader.readAtLeast(1000, new Uint8Array(3000));
        if (value.byteLength) controller.enqueue(value);
        if (done) controller.close();
      },
    });
  },
  gzip: (request) => request.body.pipeThrough(new CompressionStream("gzip")).pipeThrough(new DecompressionStream("gzip")),
};
export default {
  fetch(request) {
    const name = new URL(request.url).pathname.slice(1);
    if (name === "fixed") {
      const { readable, writable } = new FixedLengthStream(Number(request.headers.get("content-length")));
      request.body.pipeTo(writable);
      return new Response(readable);
    }
    return new Response(ways[name](request));
  },
};`;

const sent = Buffer.alloc(3_000_001);
for (let i = 0, x = 1; i < sent.length; i++) sent[i] = (x = (x * 1103515245 + 12345) & 0x7fffffff) >> 16;
const hash = (bytes) => createHash("sha1").update(bytes).digest("hex");

let server, loader;
before(async () => ([server, loader] = await Promise.all([serve({ "index.js": worker }), serveDispatch()])));
after(() => Promise.all([server.stop(), loader.stop()]));

for (const way of ["body", "identity", "piped", "transform", "tee", "rewrapped", "iterated", "copied", "byob", "gzip", "fixed"]) {
  test(`a body of 3 MB passes: ${way}`, async () => {
    const answer = await request(server, `/${way}`, { method: "POST", body: sent });
    assert.equal(answer.status, 200);
    assert.equal(answer.body.length, sent.length);
    assert.equal(hash(answer.body), hash(sent));
    assert.equal(answer.headers["content-length"], way === "fixed" ? String(sent.length) : answer.headers["content-length"]);
  });
}

const MB = 1 << 20;
const bomb = zlib.gzipSync(Buffer.alloc(200 * MB), { level: 9 });
const post = { method: "POST", body: bomb };
const limited = (body, memoryMb) => ({
  code: { modules: { "m.js": `export default { async fetch(request) { ${body} } };` }, limits: { memoryMb, cpuMs: 20000 } },
});

test("a decompression bomb that is piped needs little memory", async () => {
  const source = `
    let size = 0;
    const count = new WritableStream({ write(chunk) { size += chunk.length; } });
    await request.body.pipeThrough(new DecompressionStream("gzip")).pipeTo(count);
    return new Response(String(size));`;
  const answer = await load(loader, limited(source, 40), "/", post);
  assert.equal(answer.text, String(200 * MB));
});

test("a decompression bomb that is kept whole ends its isolate, and only that", async () => {
  const source = `
    const bytes = await new Response(request.body.pipeThrough(new DecompressionStream("gzip"))).bytes();
    return new Response(String(bytes.length));`;
  const answer = await load(loader, limited(source, 40), "/", post);
  assert.equal(answer.error?.name, "ExceededMemoryError");
  const next = await load(loader, "export default { fetch: () => new Response('well') };");
  assert.equal(next.text, "well");
});

test("what a writer decompresses waits for its reader", async () => {
  const source = `
    const { readable, writable } = new DecompressionStream("gzip");
    const writer = writable.getWriter();
    let written = false;
    writer.write(await request.bytes()).then(() => (written = true));
    await new Promise((resolve) => setTimeout(resolve, 10));
    const early = written;
    let size = 0;
    for await (const chunk of readable) {
      size += chunk.length;
      if (written) break;
    }
    return new Response(JSON.stringify([early, written, size > ${180 * MB}]));`;
  const answer = await load(loader, limited(source, 64), "/", post);
  assert.equal(answer.text, "[false,true,true]");
});
