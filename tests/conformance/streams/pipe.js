// pipeTo() and pipeThrough(): ends, failures, the prevent options, signals, streams of both kinds.
import { checks } from "../checks.js";

const all = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
};
const U = (...list) => new Uint8Array(list);
const pause = () => new Promise((resolve) => setTimeout(() => resolve("waits"), 5));
const state = (promise) => Promise.race([Promise.resolve(promise).then((v) => ["ok", v], (e) => ["bad", e]), pause()]);

export default checks([
  async () => { const out = []; const w = new WritableStream({ write(x) { out.push(x); } }); const p = await ReadableStream.from([1, 2]).pipeTo(w); return [p, out, w.locked]; },
  async () => { const w = new WritableStream({ write() { throw new RangeError("w"); } }); let why; const s = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(r) { why = r; } }); return [await state(s.pipeTo(w)), why]; },
  async () => { const w = new WritableStream({ write() { throw new RangeError("w"); } }); let why = "not"; const s = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(r) { why = r; } }); return [await state(s.pipeTo(w, { preventCancel: true })), why, s.locked]; },
  async () => { let why = "not"; const w = new WritableStream({ abort(r) { why = r; } }); const s = new ReadableStream({ start(c) { c.error(new RangeError("s")); } }); return [await state(s.pipeTo(w)), why]; },
  async () => { let why = "not"; const w = new WritableStream({ abort(r) { why = r; } }); const s = new ReadableStream({ start(c) { c.error(new RangeError("s")); } }); return [await state(s.pipeTo(w, { preventAbort: true })), why, w.locked]; },
  async () => { let closed = 0; const w = new WritableStream({ close() { closed++; } }); await ReadableStream.from([1]).pipeTo(w, { preventClose: true }); return [closed, w.locked, await state(w.getWriter().write(1))]; },
  async () => { let r, w0; const s = new ReadableStream({ cancel(x) { r = x; } }); const w = new WritableStream({ abort(x) { w0 = x; } }); return [await state(s.pipeTo(w, { signal: AbortSignal.abort() })), String(r), String(w0)]; },
  async () => new ReadableStream().pipeTo(),
  async () => new ReadableStream().pipeTo({}),
  async () => new ReadableStream().pipeTo(new WritableStream(), { signal: 1 }),
  async () => { const w = new WritableStream(); w.getWriter(); return new ReadableStream().pipeTo(w); },
  async () => { const s = new ReadableStream(); s.getReader(); return s.pipeTo(new WritableStream()); },
  () => new ReadableStream().pipeThrough(),
  () => new ReadableStream().pipeThrough({}),
  () => new ReadableStream().pipeThrough({ readable: new ReadableStream() }),
  () => { const t = new TransformStream(); t.writable.getWriter(); return new ReadableStream().pipeThrough(t); },
  () => { const t = new TransformStream(); t.readable.getReader(); return new ReadableStream().pipeThrough(t) === t.readable; },
  () => { const s = new ReadableStream(); s.getReader(); return s.pipeThrough(new TransformStream()); },
  async () => { const w = new WritableStream(); await w.close(); let why; const s = new ReadableStream({ cancel(r) { why = r; } }); return [await state(s.pipeTo(w)), why]; },
  async () => all(ReadableStream.from(["a", "b"]).pipeThrough(new TransformStream({ transform(x, c) { c.enqueue(x + x); } })).pipeThrough(new TransformStream())),
  async () => { const s = ReadableStream.from([U(1, 2), "x"]); const t = new IdentityTransformStream(); const p = state(s.pipeTo(t.writable)); return [(await new Response(t.readable).bytes()).length, await p]; },
  async () => { const t = new IdentityTransformStream(); const p = state(new Response("hello").body.pipeTo(t.writable)); return [await new Response(t.readable).text(), await p]; },
  async () => { const out = []; await new Response("hello").body.pipeTo(new WritableStream({ write(x) { out.push(x.length); } })); return out; },
  async () => { const t = new IdentityTransformStream(); const p = state(new ReadableStream({ start(c) { c.error(new RangeError("s")); } }).pipeTo(t.writable)); return [await state(t.readable.getReader().read()), await p]; },
]);
