// CompressionStream and DecompressionStream: formats, both ends, corrupt, cut and trailing data, garbage, bombs.
import { checks } from "../checks.js";

const all = async (stream) => {
  const sizes = [];
  for await (const chunk of stream) sizes.push(chunk.length);
  return sizes;
};
const bytes = async (stream) => new Uint8Array(await new Response(stream).arrayBuffer());
const feed = (transform, ...chunks) => {
  const writer = transform.writable.getWriter();
  for (const chunk of chunks) writer.write(chunk).catch(() => {});
  writer.close().catch(() => {});
  return transform.readable;
};
const gz = (format, ...chunks) => bytes(feed(new CompressionStream(format), ...chunks));
const un = (format, ...chunks) => bytes(feed(new DecompressionStream(format), ...chunks));
const U = (...list) => new Uint8Array(list);
const E = new TextEncoder();

// Bytes that are the same on every run.
function noise(length, seed) {
  const list = new Uint8Array(length);
  for (let i = 0, x = seed; i < length; i++) list[i] = (x = (x * 1103515245 + 12345) & 0x7fffffff) >> 16;
  return list;
}

// How inputs of noise end, some behind an honest beginning.
async function garbage(format, rounds) {
  const ends = {};
  const honest = await gz(format, E.encode("honest beginning of something longer"));
  for (let i = 0; i < rounds; i++) {
    const bad = noise(300, i + 1);
    if (i % 2) bad.set(honest.subarray(0, honest.length - 12));
    const end = await un(format, bad).then((b) => "some bytes", (e) => e.name);
    ends[end] = (ends[end] ?? 0) + 1;
  }
  return Object.keys(ends);
}

const broken = (format) => {
  const transform = new DecompressionStream(format);
  const writer = transform.writable.getWriter();
  writer.closed.catch(() => {});
  writer.write(noise(100, 7)).catch(() => {});
  return { r: transform.readable };
};
const count = (stream) => new Response(stream).bytes().then((b) => b.length);

async function roundTrip(format, length) {
  const plain = noise(length, 3).map((x) => x & 15);
  const pieces = [];
  for (let at = 0, size = 1; at < length; at += size, size = (size * 3) % 70001 + 1) {
    pieces.push(plain.subarray(at, at + size));
  }
  const packed = await gz(format, ...pieces);
  const back = await un(format, packed.subarray(0, 1000), packed.subarray(1000));
  return [packed.length < length, back.length, back.every((x, i) => x === plain[i])];
}

export default checks([
  () => new CompressionStream(),
  () => new CompressionStream("br"),
  () => new CompressionStream("GZIP"),
  () => new CompressionStream({ toString() { return "gzip"; } }).readable instanceof ReadableStream,
  () => new DecompressionStream(),
  () => new DecompressionStream("zip"),
  () => [CompressionStream.length, CompressionStream.name, DecompressionStream.length],
  () => Object.prototype.toString.call(new CompressionStream("gzip")),
  () => [Object.getPrototypeOf(CompressionStream) === TransformStream, new CompressionStream("gzip") instanceof TransformStream],
  () => Object.getOwnPropertyNames(new CompressionStream("gzip")),
  () => { const c = new CompressionStream("gzip"); return [c.readable === c.readable, c.writable.locked, c.readable.locked]; },
  async () => [...(await gz("gzip", E.encode("hello")))],
  async () => [...(await gz("deflate", E.encode("hello")))],
  async () => [...(await gz("deflate-raw", E.encode("hello")))],
  async () => [...(await gz("gzip"))],
  async () => [...(await gz("deflate"))],
  async () => [...(await gz("deflate-raw"))],
  async () => (await gz("gzip", new Uint8Array(100000))).length,
  async () => all(feed(new CompressionStream("gzip"), crypto.getRandomValues(new Uint8Array(20000)))),
  async () => all(feed(new DecompressionStream("gzip"), await gz("gzip", new Uint8Array(20000)))),
  async () => { const d = new DecompressionStream("gzip"); const w = d.writable.getWriter(); w.write(await gz("gzip", new Uint8Array(20000))); w.close(); const r = d.readable.getReader({ mode: "byob" }); const x = await r.read(new Uint8Array(10000)); return x.value.length; },
  async () => new TextDecoder().decode(await un("gzip", await gz("gzip", E.encode("one"), E.encode("two")))),
  async () => new TextDecoder().decode(await un("gzip", ...[...(await gz("gzip", E.encode("one by one")))].map((b) => U(b)))),
  async () => un("gzip", U(1, 2, 3)),
  async () => un("deflate", U(1, 2, 3)),
  async () => un("deflate-raw", U(7, 2, 3)),
  async () => un("gzip"),
  async () => un("deflate"),
  async () => un("deflate-raw"),
  async () => un("gzip", (await gz("gzip", E.encode("hello"))).subarray(0, 15)),
  async () => un("deflate", (await gz("deflate", E.encode("hello"))).subarray(0, 8)),
  async () => un("gzip", await gz("gzip", E.encode("hello")), U(0)),
  async () => un("gzip", U(...(await gz("gzip", E.encode("hello"))), 0)),
  async () => un("deflate", U(...(await gz("deflate", E.encode("hello"))), 1, 2)),
  async () => un("deflate-raw", U(...(await gz("deflate-raw", E.encode("hello"))), 1, 2)),
  async () => un("gzip", U(...(await gz("gzip", E.encode("hello"))), ...(await gz("gzip", E.encode("hello"))))),
  async () => { const x = await gz("gzip", E.encode("hello")); x[x.length - 5] ^= 1; return un("gzip", x); },
  async () => { const x = await gz("gzip", E.encode("hello")); x[x.length - 1] ^= 1; return un("gzip", x); },
  async () => { const x = await gz("deflate", E.encode("hello")); x[x.length - 1] ^= 1; return un("deflate", x); },
  async () => un("gzip", await gz("deflate", E.encode("hello"))),
  async () => { const w = new CompressionStream("gzip").writable.getWriter(); return w.write("text"); },
  async () => { const w = new CompressionStream("gzip").writable.getWriter(); return w.write(1); },
  async () => { const w = new CompressionStream("gzip").writable.getWriter(); return w.write(null); },
  async () => { const w = new CompressionStream("gzip").writable.getWriter(); return w.write(undefined); },
  async () => { const w = new CompressionStream("gzip").writable.getWriter(); return w.write({}); },
  async () => { const c = new CompressionStream("gzip"); const w = c.writable.getWriter(); w.write("text"); w.close(); return [...(await bytes(c.readable))]; },
  async () => { const c = new CompressionStream("deflate-raw"); const w = c.writable.getWriter(); w.write(new Uint16Array([97, 98])); w.write(new DataView(new ArrayBuffer(1))); w.write(U(1, 2).buffer); w.close(); return un("deflate-raw", await bytes(c.readable)); },
  async () => { const w = new DecompressionStream("gzip").writable.getWriter(); return w.write(U(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)); },
  async () => { const w = new DecompressionStream("gzip").writable.getWriter(); await w.write(U(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)).catch(() => {}); return w.closed; },
  async () => { const d = new DecompressionStream("gzip"); const w = d.writable.getWriter(); w.write(U(1, 2, 3, 4)).catch(() => {}); w.closed.catch(() => {}); return d.readable.getReader().read(); },
  async () => { const w = new CompressionStream("gzip").writable.getWriter(); const a = w.desiredSize; await w.write(new Uint8Array(100000)); return [a, w.desiredSize]; },
  async () => { const w = new CompressionStream("gzip").writable.getWriter(); await w.close(); return w.desiredSize; },
  async () => { const w = new CompressionStream("gzip").writable.getWriter(); await w.ready; return "ready"; },
  async () => { const c = new CompressionStream("gzip"); const w = c.writable.getWriter(); await w.abort(new RangeError("stop")); return c.readable.getReader().read(); },
  async () => { const c = new CompressionStream("gzip"); const w = c.writable.getWriter(); await c.readable.cancel("enough"); return w.write(U(1)); },
  async () => { const c = new CompressionStream("gzip"); const w = c.writable.getWriter(); await w.write(U(1)); await w.close(); return w.write(U(1)); },
  async () => new Response(new Blob([E.encode("x".repeat(1000))]).stream().pipeThrough(new CompressionStream("gzip")).pipeThrough(new DecompressionStream("gzip"))).text().then((t) => t.length),
  async () => new Response(new Response("pi").body.pipeThrough(new CompressionStream("gzip")).pipeThrough(new DecompressionStream("deflate"))).text(),
  // garbage: whatever it is, an error and nothing else
  async () => garbage("gzip", 100),
  async () => garbage("deflate", 100),
  async () => garbage("deflate-raw", 100),
  async () => { const { r } = broken("gzip"); return count(r); },
  // a megabyte and back, in pieces of odd sizes
  async () => roundTrip("gzip", 1000003),
  async () => roundTrip("deflate", 77777),
  async () => roundTrip("deflate-raw", 262144),
  // one after the other
  async () => { const twice = new Response("a".repeat(5000)).body.pipeThrough(new CompressionStream("gzip")).pipeThrough(new CompressionStream("deflate")); return new Response(twice.pipeThrough(new DecompressionStream("deflate")).pipeThrough(new DecompressionStream("gzip"))).text().then((t) => t.length); },
  async () => { const bomb = await gz("gzip", new Uint8Array(4 << 20)); return [bomb.length < 5000, (await un("gzip", bomb)).length]; },
  async () => { const [a, b] = new Response("tee").body.pipeThrough(new CompressionStream("gzip")).tee(); return (await bytes(a)).length === (await bytes(b)).length; },
  async () => { const d = new DecompressionStream("gzip"); new Response(await gz("gzip", new Uint8Array(100))).body.pipeTo(d.writable); return new Response(d.readable).bytes().then((b) => b.length); },
  async () => { const d = new DecompressionStream("gzip"); const p = new Response("not gzip").body.pipeTo(d.writable); const q = new Response(d.readable).bytes(); return [await p.catch((e) => e), await q.catch((e) => e)]; },
]);
