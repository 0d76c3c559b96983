// TransformStream: construction, backpressure, both ends, failures on either side.
import { checks } from "../checks.js";

const all = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
};
const pause = () => new Promise((resolve) => setTimeout(() => resolve("waits"), 5));
const state = (promise) => Promise.race([Promise.resolve(promise).then((v) => ["ok", v], (e) => ["bad", e]), pause()]);

export default checks([
  () => new TransformStream(1),
  () => new TransformStream(null).readable.locked,
  () => new TransformStream({ readableType: "bytes" }),
  () => new TransformStream({ writableType: "bytes" }),
  () => new TransformStream({ transform: 1 }),
  () => new TransformStream({ start() { throw new RangeError("s"); } }),
  () => new TransformStream({}, { highWaterMark: -1 }),
  () => [new TransformStream() instanceof IdentityTransformStream, Object.prototype.toString.call(new TransformStream())],
  () => { const t = new TransformStream(); return [t.readable === t.readable, t.readable instanceof ReadableStream, t.writable instanceof WritableStream]; },
  async () => { const t = new TransformStream(); const w = t.writable.getWriter(); const o = { x: 1 }; w.write(o); return (await t.readable.getReader().read()).value === o; },
  async () => { const t = new TransformStream(); const w = t.writable.getWriter(); return [w.desiredSize, await state(w.ready), await state(w.write(1)), w.desiredSize]; },
  async () => { const t = new TransformStream({}, undefined, { highWaterMark: 2 }); const w = t.writable.getWriter(); return [w.desiredSize, await state(w.write(1)), await state(w.write(2)), await state(w.write(3))]; },
  async () => { const t = new TransformStream({ transform(x, c) { c.enqueue(x); c.enqueue(x); }, flush(c) { c.enqueue("end"); } }); const w = t.writable.getWriter(); w.write("a"); w.close(); return all(t.readable); },
  async () => { let c; const t = new TransformStream({ start(x) { c = x; x.enqueue("first"); } }); const a = c.desiredSize; const x = await t.readable.getReader().read(); return [a, x, c.desiredSize, c.constructor.name]; },
  async () => { const t = new TransformStream({ transform() { throw new RangeError("t"); } }); const w = t.writable.getWriter(); w.closed.catch(() => {}); w.ready.catch(() => {}); const r = t.readable.getReader(); r.closed.catch(() => {}); const p = state(r.read()); return [await state(w.write(1)), await p, await state(w.closed), await state(r.closed)]; },
  async () => { const t = new TransformStream({ flush() { throw new RangeError("f"); } }); const w = t.writable.getWriter(); w.closed.catch(() => {}); const r = t.readable.getReader(); r.closed.catch(() => {}); return [await state(w.close()), await state(r.read())]; },
  async () => { let c; const t = new TransformStream({ start(x) { c = x; } }); const w = t.writable.getWriter(); w.closed.catch(() => {}); c.error(new RangeError("e")); return [await state(t.readable.getReader().read()), await state(w.write(1)), await state((async () => c.enqueue(1))())]; },
  async () => { let c; const t = new TransformStream({ start(x) { c = x; } }); const w = t.writable.getWriter(); w.closed.catch(() => {}); w.ready.catch(() => {}); c.terminate(); return [await state(t.readable.getReader().read()), await state(w.write(1)), await state(w.closed), await state((async () => c.enqueue(1))())]; },
  async () => { let why; const t = new TransformStream({ cancel(r) { why = r; } }); const w = t.writable.getWriter(); w.closed.catch(() => {}); w.ready.catch(() => {}); await t.readable.cancel("no"); return [why, await state(w.write(1)), await state(w.closed)]; },
  async () => { let why; const t = new TransformStream({ cancel(r) { why = r; } }); await t.writable.abort("no"); return [why, await state(t.readable.getReader().read())]; },
  async () => { const t = new TransformStream(); await t.writable.close(); return t.readable.getReader().read(); },
  async () => { const t = new TransformStream({}, { highWaterMark: 5 }, { highWaterMark: 3 }); return [t.writable.getWriter().desiredSize]; },
  async () => { const t = new TransformStream({ transform(x, c) { c.enqueue(x); } }); const w = t.writable.getWriter(); w.write(1); w.write("b"); w.close(); return state(new Response(t.readable).text()); },
]);
