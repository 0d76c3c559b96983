// ReadableStream: construction, controller, readers, cancel, tee.
import { checks } from "../checks.js";

const pause = () => new Promise((resolve) => setTimeout(() => resolve("waits"), 5));
const state = (promise) => Promise.race([Promise.resolve(promise).then((v) => ["ok", v], (e) => ["bad", e]), pause()]);
const make = (source = {}, strategy) => {
  let controller;
  const stream = new ReadableStream({ start(given) { controller = given; }, ...source }, strategy);
  return [stream, controller];
};

export default checks([
  () => new ReadableStream(1),
  () => new ReadableStream(null),
  () => new ReadableStream({ type: "x" }),
  () => new ReadableStream({ pull: 1 }),
  () => new ReadableStream({ start() { throw new RangeError("s"); } }),
  () => new ReadableStream({}, { highWaterMark: -1 }),
  () => new ReadableStream({}, { highWaterMark: NaN }),
  () => new ReadableStream({}, { size: 1 }),
  () => new ReadableStream({}, 1),
  () => make()[1].desiredSize,
  () => make({}, { highWaterMark: 5 })[1].desiredSize,
  () => { const [, c] = make(); c.close(); return c.desiredSize; },
  () => { const [, c] = make(); c.error(1); return c.desiredSize; },
  () => { const [, c] = make(); c.close(); c.close(); },
  () => { const [, c] = make(); c.close(); c.enqueue(1); },
  () => { const [, c] = make(); c.error(new RangeError("e")); c.enqueue(1); },
  () => { const [, c] = make(); c.error(new RangeError("e")); c.close(); },
  () => { const [, c] = make(); c.error(1); return c.error(2); },
  () => new ReadableStreamDefaultController(),
  () => new ReadableByteStreamController(),
  () => new WritableStreamDefaultController(),
  () => new TransformStreamDefaultController(),
  () => new ReadableStreamDefaultReader(),
  () => new ReadableStreamDefaultReader({}),
  () => new WritableStreamDefaultWriter(),
  () => new WritableStreamDefaultWriter({}),
  () => new ReadableStream().getReader({ mode: "byob" }),
  () => new ReadableStream().getReader({ mode: "x" }),
  () => new ReadableStream().getReader(null).constructor.name,
  () => { const s = new ReadableStream(); s.getReader(); s.getReader(); },
  () => { const s = new ReadableStream(); s.getReader(); s.tee(); },
  () => { const s = new ReadableStream(); s.getReader(); return s.cancel(); },
  () => { const s = new ReadableStream(); s.getReader(); new ReadableStreamDefaultReader(s); },
  async () => { const r = new ReadableStream().getReader(); r.releaseLock(); return r.read(); },
  async () => { const r = new ReadableStream().getReader(); r.releaseLock(); return r.closed; },
  async () => { const r = new ReadableStream().getReader(); r.releaseLock(); return r.cancel(); },
  async () => { const r = new ReadableStream().getReader(); const p = r.read(); r.releaseLock(); return p; },
  async () => { const r = new ReadableStream().getReader(); const p = r.closed; r.releaseLock(); return p; },
  async () => { const s = new ReadableStream({ pull() { throw new RangeError("p"); } }); return s.getReader().read(); },
  async () => { const s = new ReadableStream({ async pull() { throw new RangeError("p"); } }); return s.getReader().closed; },
  async () => { const s = new ReadableStream({ cancel() { throw new RangeError("c"); } }); return s.cancel(); },
  async () => { const s = new ReadableStream({ cancel() { return 5; } }); return s.cancel(); },
  async () => { const [s, c] = make(); c.enqueue(1); await s.cancel(); return s.getReader().read(); },
  async () => { const [s, c] = make(); await s.cancel(); c.enqueue(1); },
  async () => { const log = []; const s = new ReadableStream({ pull(c) { log.push("pull" + c.desiredSize); } }, { highWaterMark: 0 }); await state(new Promise(() => {})); log.push("read"); state(s.getReader().read()); await state(new Promise(() => {})); return log; },
  async () => { let n = 0; const s = new ReadableStream({ pull(c) { c.enqueue(n++); } }, { highWaterMark: 3 }); await state(new Promise(() => {})); return n; },
  async () => { const s = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); } }, { highWaterMark: 1, size() { throw new RangeError("size"); } }); return s.getReader().read(); },
  async () => { const s = new ReadableStream({ start(c) { c.enqueue(1); } }, { size() { return -1; } }); },
  async () => { const [a, b] = new ReadableStream({ start(c) { c.enqueue({ x: 1 }); c.close(); } }).tee(); const x = (await a.getReader().read()).value, y = (await b.getReader().read()).value; return x === y; },
  async () => { let why; const s = new ReadableStream({ cancel(r) { why = r; } }); const [a, b] = s.tee(); const p = a.cancel("one"); const first = await state(p); await b.cancel("two"); return [first, await state(p), why]; },
  async () => { const [s, c] = make(); const [a, b] = s.tee(); c.error(new RangeError("e")); return [await state(a.getReader().read()), await state(b.getReader().closed)]; },
  async () => { const r = new ReadableStream({ start(c) { c.error("plain"); } }).getReader(); return [await state(r.read()), await state(r.closed), await state(r.cancel())]; },
  async () => { const r = new ReadableStream({ start(c) { c.close(); } }).getReader(); return [await state(r.read()), await state(r.closed), await state(r.cancel())]; },
  () => { const s = new ReadableStream(); return [Object.keys(s), Object.getOwnPropertyNames(s)]; },
]);
