// IdentityTransformStream: writes done when read, BYOB reads, ends, locks.
import { checks } from "../checks.js";

const all = async (stream) => {
  const sizes = [];
  for await (const chunk of stream) sizes.push(chunk.length);
  return sizes;
};
const U = (...list) => new Uint8Array(list);
const pause = () => new Promise((resolve) => setTimeout(() => resolve("waits"), 5));
const state = (promise) => Promise.race([Promise.resolve(promise).then((v) => ["ok", v], (e) => ["bad", e]), pause()]);
const identity = () => {
  const transform = new IdentityTransformStream();
  return { r: transform.readable, w: transform.writable.getWriter(), t: transform };
};

export default checks([
  async () => { const { r, w } = identity(); w.write(new Uint8Array(10000)); w.close(); return all(r); },
  async () => { const { r, w } = identity(); w.write(U(1)); w.write(U(2)); w.close(); return all(r); },
  async () => { const { r, w } = identity(); return [await state(w.ready), await state(w.write(U(1))), w.desiredSize]; },
  async () => { const { r, w } = identity(); const p = w.write(U(1, 2)); const d = r.getReader(); const x = await d.read(); return [x, await state(p)]; },
  async () => { const { r, w } = identity(); const p = w.write(U(1, 2, 3)); const d = r.getReader({ mode: "byob" }); const x = await d.read(U(0, 0)); const s = await state(p); const y = await d.read(U(0, 0)); return [x, s, y, await state(p)]; },
  async () => { const { r, w } = identity(); const d = r.getReader({ mode: "byob" }); const p = d.readAtLeast(3, new Uint8Array(5)); await w.write(U(1, 2)); await w.write(U(3, 4)); return p; },
  async () => { const { r, w } = identity(); const d = r.getReader({ mode: "byob" }); const p = d.read(new Uint8Array(5), { min: 3 }); await w.write(U(1, 2)); await w.write(U(3, 4)); return p; },
  async () => { const { r, w } = identity(); const d = r.getReader({ mode: "byob" }); const p = d.readAtLeast(3, new Uint8Array(5)); await w.write(U(1, 2)); await w.close(); return [await p, await d.read(new Uint8Array(1))]; },
  async () => { const { r, w } = identity(); const d = r.getReader({ mode: "byob" }); return d.readAtLeast(0, new Uint8Array(5)); },
  async () => { const { r, w } = identity(); const d = r.getReader({ mode: "byob" }); return d.readAtLeast(6, new Uint8Array(5)); },
  async () => { const { r, w } = identity(); const d = r.getReader({ mode: "byob" }); return d.read(new Uint8Array(0)); },
  async () => { const { r, w } = identity(); const d = r.getReader({ mode: "byob" }); return d.read(); },
  async () => { const { r, w } = identity(); const d = r.getReader({ mode: "byob" }); return d.read("x"); },
  async () => { const { r, w } = identity(); w.close(); const d = r.getReader({ mode: "byob" }); const x = await d.read(new Uint8Array(4)); return [x.done, x.value?.byteLength, x.value?.buffer.byteLength]; },
  async () => { const { r, w } = identity(); w.close(); const d = r.getReader({ mode: "byob" }); const x = await d.read(new Uint16Array(4)); return [x.done, x.value]; },
  async () => { const { r, w } = identity(); w.write(U(1, 2, 3)).catch(() => {}); const d = r.getReader({ mode: "byob" }); const x = await d.read(new Uint16Array(4)); return [x.done, x.value]; },
  async () => { const { r, w } = identity(); const p = state(w.write(U())); return [await p]; },
  async () => { const { r, w } = identity(); const p = state(w.close()); return [await p, await r.getReader().read()]; },
  async () => { const { r, w } = identity(); const p = w.close(); const x = await r.getReader().read(); return [x, await state(p), await state(w.closed)]; },
  async () => { const { r, w } = identity(); w.closed.catch(() => {}); const p = w.abort(new RangeError("stop")); return [await state(p), await state(r.getReader().read()), await state(w.closed), await state(w.write(U(1)))]; },
  async () => { const { r, w } = identity(); w.closed.catch(() => {}); const p = w.write(U(1)); await r.cancel(new RangeError("enough")); return [await state(p), await state(w.write(U(1))), await state(w.closed)]; },
  async () => { const { r, w } = identity(); w.closed.catch(() => {}); await r.cancel(); return [await state(w.write(U(1)))]; },
  async () => { const { r, w } = identity(); w.closed.catch(() => {}); await w.abort(); return [await state(r.getReader().read())]; },
  async () => { const { r, w } = identity(); return w.write(1); },
  async () => { const { r, w } = identity(); const p = w.write("häj"); const d = r.getReader(); return d.read(); },
  async () => { const { r, w } = identity(); w.write(U(1)); const d = r.getReader(); return [await state(d.read()), await state(d.read())]; },
  async () => { const { r, w } = identity(); const d = r.getReader(); d.read(); return d.read(); },
  async () => { const { r, w } = identity(); const d = r.getReader(); const p = d.read().catch((e) => e); d.releaseLock(); return state(p); },
  async () => { const { r, w } = identity(); const d = r.getReader(); d.releaseLock(); return d.read(); },
  async () => { const { r, w } = identity(); const d = r.getReader(); d.releaseLock(); return d.closed; },
  async () => { const { r, w } = identity(); w.releaseLock(); return w.write(U(1)); },
  async () => { const { r, w } = identity(); w.releaseLock(); return w.closed; },
  async () => { const { r, w } = identity(); w.releaseLock(); return w.desiredSize; },
  async () => { const { r, w } = identity(); w.releaseLock(); return w.close(); },
  async () => { const { r, w } = identity(); w.releaseLock(); return w.abort(); },
  async () => { const { t } = identity(); return t.writable.getWriter(); },
  async () => { const { t } = identity(); return t.writable.close(); },
  async () => { const { t } = identity(); return t.writable.abort(); },
  async () => { const { r } = identity(); r.getReader(); return r.getReader(); },
  async () => { const { r } = identity(); r.getReader(); return r.cancel(); },
  async () => { const { r } = identity(); r.getReader(); return r.tee(); },
  async () => { const { r } = identity(); r.getReader(); return r.pipeTo(new WritableStream()); },
  async () => { const { r } = identity(); r.getReader(); return r.pipeThrough(new TransformStream()); },
  async () => { const { r } = identity(); r.getReader(); for await (const x of r) return x; },
  async () => { const { r } = identity(); return r.getReader({ mode: "x" }); },
  async () => { const { r } = identity(); return r.getReader("byob"); },
  async () => { const { r, w } = identity(); await state(w.close()); return w.close(); },
  async () => { const { r, w } = identity(); const [a, b] = r.tee(); w.write(U(1, 2)); w.close(); return [await all(a), await all(b)]; },
  async () => { const t = new IdentityTransformStream({ highWaterMark: 10 }); const w = t.writable.getWriter(); const a = w.desiredSize; w.write(new Uint8Array(4)); const b = w.desiredSize; w.write(new Uint8Array(8)); return [a, b, w.desiredSize, await state(w.ready)]; },
]);
