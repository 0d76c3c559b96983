// Streams.
import { checks } from "../checks.js";

export default checks([
  async () => { const s = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.close(); } }); const r = []; for await (const x of s) r.push(x); return r; },
  async () => { const s = ReadableStream.from(["a", "b"]); const r = []; for await (const x of s) r.push(x); return r; },
  async () => { let n = 0; const s = new ReadableStream({ pull(c) { c.enqueue(n++); if (n === 3) c.close(); } }); const d = s.getReader(); const r = []; for (;;) { const { done, value } = await d.read(); if (done) break; r.push(value); } return r; },
  async () => { let why; const s = new ReadableStream({ cancel(r) { why = r; } }); await s.cancel("x"); return why; },
  async () => { const s = new ReadableStream({ start(c) { c.error(new RangeError("bad")); } }); return s.getReader().read(); },
  async () => { const t = new TransformStream({ transform(x, c) { c.enqueue(x * 2); } }); const w = t.writable.getWriter(); w.write(4); w.close(); const r = []; for await (const x of t.readable) r.push(x); return r; },
  async () => { const got = []; await ReadableStream.from([1, 2]).pipeTo(new WritableStream({ write(x) { got.push(x); }, close() { got.push("end"); } })); return got; },
  async () => { const [a, b] = ReadableStream.from([1, 2]).tee(); const r = []; for await (const x of a) r.push(x); for await (const x of b) r.push(x); return r; },
  async () => { const s = new ReadableStream({ type: "bytes", start(c) { c.enqueue(new Uint8Array([1, 2, 3])); c.close(); } }); const r = s.getReader({ mode: "byob" }); const x = await r.read(new Uint8Array(2)); return [...x.value]; },
  async () => { const s = new IdentityTransformStream(); const w = s.writable.getWriter(); w.write(new Uint8Array([1, 2])); w.close(); return [...(await new Response(s.readable).bytes())]; },
  async () => { const s = new FixedLengthStream(2); const w = s.writable.getWriter(); w.write(new Uint8Array([1, 2])); w.close(); return (await new Response(s.readable).bytes()).length; },
  () => { const s = new ReadableStream(); s.getReader(); return s.locked; },
  () => new ByteLengthQueuingStrategy({ highWaterMark: 5 }).size(new Uint8Array(3)),
  () => [ReadableStream.name, WritableStream.name, TransformStream.name, Object.prototype.toString.call(new ReadableStream())],
]);
