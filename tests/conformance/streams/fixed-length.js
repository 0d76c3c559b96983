// FixedLengthStream: too many bytes, too few, and how a length is given.
import { checks } from "../checks.js";

const U = (...list) => new Uint8Array(list);
const pause = () => new Promise((resolve) => setTimeout(() => resolve("waits"), 5));
const state = (promise) => Promise.race([Promise.resolve(promise).then((v) => ["ok", v], (e) => ["bad", e]), pause()]);

export default checks([
  () => [new IdentityTransformStream() instanceof TransformStream, new FixedLengthStream(1) instanceof IdentityTransformStream, new TextEncoderStream() instanceof TransformStream, new TextDecoderStream() instanceof TransformStream],
  async () => { const t = new FixedLengthStream(4); const w = t.writable.getWriter(); w.closed.catch(() => {}); const p = w.write(new Uint8Array(5)); return [await state(p), await state(t.readable.getReader().read())]; },
  async () => { const t = new FixedLengthStream(4); const w = t.writable.getWriter(); w.closed.catch(() => {}); w.write(new Uint8Array(3)); const p = w.close(); const d = t.readable.getReader(); return [await state(d.read()), await state(p), await state(d.read())]; },
  async () => { const t = new FixedLengthStream(4n); const w = t.writable.getWriter(); w.write(new Uint8Array(4)); const p = w.close(); const d = t.readable.getReader(); return [await state(d.read()), await state(d.read()), await state(p)]; },
  async () => { const t = new FixedLengthStream(4); const w = t.writable.getWriter(); w.write(new Uint8Array(4)); const d = t.readable.getReader(); return [await state(d.read()), await state(d.read())]; },
  async () => { const t = new FixedLengthStream(0); return state(t.readable.getReader().read()); },
  () => new FixedLengthStream(),
  () => new FixedLengthStream("x"),
  () => new FixedLengthStream("12").readable.locked,
  () => new FixedLengthStream(-1),
  () => new FixedLengthStream(1.5),
  () => new FixedLengthStream(NaN),
  () => new FixedLengthStream(2n ** 70n),
  () => new FixedLengthStream(2 ** 60).readable.locked,
  () => new FixedLengthStream(null),
  async () => { const t = new FixedLengthStream(3); const r = new Response(t.readable); return [...r.headers]; },
]);
