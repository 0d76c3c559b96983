// WritableStream: construction, writers, backpressure, abort, failures.
import { checks } from "../checks.js";

const pause = () => new Promise((resolve) => setTimeout(() => resolve("waits"), 5));
const state = (promise) => Promise.race([Promise.resolve(promise).then((v) => ["ok", v], (e) => ["bad", e]), pause()]);
const make = (sink = {}, strategy) => {
  let controller;
  const stream = new WritableStream({ start(given) { controller = given; }, ...sink }, strategy);
  return [stream, controller];
};
const never = () => new Promise(() => {});

export default checks([
  () => new WritableStream(1),
  () => new WritableStream(null).locked,
  () => new WritableStream({ type: "bytes" }),
  () => new WritableStream({ write: 1 }),
  () => new WritableStream({ start() { throw new RangeError("s"); } }),
  async () => { const w = new WritableStream({ start() { throw new RangeError("s"); } }).getWriter(); return [await state(w.closed), await state(w.ready), await state(w.write(1))]; },
  () => new WritableStream({}, { highWaterMark: -1 }),
  () => new WritableStream({}, 1),
  () => { const [s] = make(); return [s.locked, s.getWriter().constructor.name, s.locked]; },
  () => { const [s] = make(); s.getWriter(); s.getWriter(); },
  () => { const [s] = make(); s.getWriter(); new WritableStreamDefaultWriter(s); },
  async () => { const [s] = make(); s.getWriter(); return s.close(); },
  async () => { const [s] = make(); s.getWriter(); return s.abort(); },
  async () => { const [s] = make(); await s.close(); return s.close(); },
  async () => { const [s] = make(); const w = s.getWriter(); await w.close(); return [await state(w.close()), await state(w.write(1)), await state(w.closed), await state(w.ready), w.desiredSize, await state(w.abort())]; },
  async () => { const [s] = make(); const w = s.getWriter(); w.close(); return [await state(w.write(1))]; },
  async () => { const [s] = make({ close: never }); const w = s.getWriter(); w.close(); return [await state(w.close()), await state(w.write(1)), w.desiredSize, await state(w.ready)]; },
  async () => { const [s] = make({ write: never }, { highWaterMark: 3, size: (x) => x }); const w = s.getWriter(); w.write(2); const b = w.desiredSize; const r = await state(w.ready); w.write(2); return [b, r, w.desiredSize, await state(w.ready)]; },
  async () => { const got = []; const [s] = make({ write(x, c) { got.push(x, c instanceof WritableStreamDefaultController); }, close() { got.push("closed", arguments.length); } }); const w = s.getWriter(); w.write("a"); w.write("b"); await w.close(); return got; },
  async () => { const got = []; const [s] = make({ write(x) { got.push("start" + x); return pause().then(() => got.push("end" + x)); }, close() { got.push("close"); } }); const w = s.getWriter(); w.write(1); w.write(2); await w.close(); return got; },
  async () => { const [s] = make({ write() { throw new RangeError("w"); } }); const w = s.getWriter(); const p = w.write(1); w.closed.catch(() => {}); w.ready.catch(() => {}); return [await state(p), await state(w.write(2)), await state(w.closed), await state(w.close()), w.desiredSize, await state(w.ready)]; },
  async () => { const [s] = make({ close() { throw new RangeError("c"); } }); const w = s.getWriter(); w.closed.catch(() => {}); return [await state(w.close()), await state(w.closed)]; },
  async () => { let why; const [s, c] = make({ abort(r) { why = r; } }); const w = s.getWriter(); w.closed.catch(() => {}); w.ready.catch(() => {}); const p = w.abort("stop"); return [await state(p), why, await state(w.closed), await state(w.write(1)), await state(w.ready), w.desiredSize, c.signal.aborted, c.signal.reason]; },
  async () => { const [s, c] = make({ abort() { throw new RangeError("a"); } }); return state(s.abort("x")); },
  async () => { const [s, c] = make(); return [await state(s.abort("x")), await state(s.abort("y"))]; },
  async () => { const [s, c] = make({ write: never }); const w = s.getWriter(); w.closed.catch(() => {}); w.ready.catch(() => {}); const p = state(w.write(1)); const q = state(w.write(2)); const a = state(w.abort("x")); return [c.signal.aborted, await p, await q, await a]; },
  async () => { const [s, c] = make(); const w = s.getWriter(); w.closed.catch(() => {}); w.ready.catch(() => {}); c.error(new RangeError("e")); return [await state(w.write(1)), await state(w.closed), await state(w.close()), await state(w.abort("z")), w.desiredSize]; },
  async () => { const [s, c] = make(); const w = s.getWriter(); c.error(1); c.error(2); return state(w.closed); },
  async () => { const [s, c] = make(); return [c.signal instanceof AbortSignal, c.signal.aborted, c.signal === c.signal]; },
  async () => { const [s] = make(); const w = s.getWriter(); w.releaseLock(); return [s.locked, await state(w.write(1)), await state(w.closed), await state(w.ready), await state(w.close()), await state(w.abort())]; },
  async () => { const [s] = make(); const w = s.getWriter(); w.releaseLock(); return w.desiredSize; },
  async () => { const [s] = make(); const w = s.getWriter(); const p = w.closed; w.releaseLock(); w.releaseLock(); return p; },
  async () => { const [s] = make({ write: never }); const w = s.getWriter(); const p = w.write(1); w.releaseLock(); return state(p); },
  async () => { const [s] = make({ start: never }); const w = s.getWriter(); const p = w.write(1); return [await state(p), w.desiredSize]; },
  async () => { const [s] = make({ start: () => pause().then(() => { throw new RangeError("late"); }) }); const w = s.getWriter(); return w.closed; },
  async () => { const [s] = make({}, { size() { throw new RangeError("size"); } }); const w = s.getWriter(); w.closed.catch(() => {}); w.ready.catch(() => {}); return [await state(w.write(1)), await state(w.closed)]; },
]);
