// Byte streams: BYOB readers and requests, readAtLeast(), autoAllocateChunkSize, tee.
import { checks } from "../checks.js";

const U = (...list) => new Uint8Array(list);
const pause = () => new Promise((resolve) => setTimeout(() => resolve("waits"), 5));
const state = (promise) => Promise.race([Promise.resolve(promise).then((v) => ["ok", v], (e) => ["bad", e]), pause()]);
const make = (source = {}, strategy) => {
  let controller;
  const stream = new ReadableStream({ start(given) { controller = given; }, ...source }, strategy);
  return [stream, controller];
};

export default checks([
  () => new ReadableStream({ type: "bytes" }, { size() { return 1; } }),
  () => new ReadableStream({ type: "bytes", autoAllocateChunkSize: 0 }),
  () => make({ type: "bytes" })[1].desiredSize,
  () => { const [, c] = make({ type: "bytes" }); c.enqueue(1); },
  () => { const [, c] = make({ type: "bytes" }); c.enqueue(U()); },
  () => { const [, c] = make({ type: "bytes" }); c.enqueue("x"); },
  () => { const [, c] = make({ type: "bytes" }); c.enqueue(); },
  () => { const [, c] = make({ type: "bytes" }); const u = U(1, 2); c.enqueue(u); return u.byteLength; },
  () => { const [, c] = make({ type: "bytes" }); return c.byobRequest; },
  () => { const [, c] = make({ type: "bytes" }); c.close(); c.enqueue(U(1)); },
  () => { const [, c] = make({ type: "bytes" }); c.close(); c.close(); },
  () => new ReadableStreamBYOBRequest(),
  () => new ReadableStreamBYOBReader(new ReadableStream()),
  () => { const s = new ReadableStream({ type: "bytes" }); s.getReader(); new ReadableStreamBYOBReader(s); },
  async () => { const r = new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" }); const p = r.read(U(1)); r.releaseLock(); return p; },
  async () => { const r = new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" }); r.releaseLock(); return r.read(U(1)); },
  async () => { const r = new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" }); return r.read(new Uint8Array(0)); },
  async () => { const r = new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" }); return r.read(new ArrayBuffer(3)); },
  async () => { const r = new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" }); return r.read(U(1), { min: 0 }); },
  async () => { const r = new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" }); return r.read(U(1), { min: 2 }); },
  async () => { const r = new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" }); return r.readAtLeast(2, U(1)); },
  async () => { const r = new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" }); const b = new Uint8Array(2); structuredClone(b.buffer, { transfer: [b.buffer] }); return r.read(b); },
  async () => { let n = 0; const r = new ReadableStream({ type: "bytes", pull(c) { c.enqueue(U(++n)); } }).getReader({ mode: "byob" }); return r.readAtLeast(3, new Uint8Array(4)); },
  async () => { let n = 0; const r = new ReadableStream({ type: "bytes", pull(c) { c.enqueue(U(++n)); } }).getReader({ mode: "byob" }); return r.read(new Uint8Array(4), { min: 3 }); },
  async () => { let v; const r = new ReadableStream({ type: "bytes", pull(c) { v = [c.byobRequest.view.byteLength, c.byobRequest.atLeast, c.byobRequest.view.constructor.name]; c.byobRequest.view[0] = 7; c.byobRequest.respond(1); } }).getReader({ mode: "byob" }); return [await r.read(new Uint8Array(4)), v]; },
  async () => { let v; const r = new ReadableStream({ type: "bytes", pull(c) { c.byobRequest.respond(0); } }).getReader({ mode: "byob" }); return r.read(new Uint8Array(4)); },
  async () => { let v; const r = new ReadableStream({ type: "bytes", pull(c) { c.byobRequest.respond(5); } }).getReader({ mode: "byob" }); return r.read(new Uint8Array(4)); },
  async () => { const r = new ReadableStream({ type: "bytes", pull(c) { c.byobRequest.respondWithNewView(U(1, 2, 3, 4, 5)); } }).getReader({ mode: "byob" }); return r.read(new Uint8Array(4)); },
  async () => { const r = new ReadableStream({ type: "bytes", pull(c) { c.close(); c.byobRequest.respond(0); } }).getReader({ mode: "byob" }); return r.read(new Uint8Array(4)); },
  async () => { const r = new ReadableStream({ type: "bytes", pull(c) { const q = c.byobRequest; q.respond(1); return q.view; } }).getReader({ mode: "byob" }); return r.read(new Uint8Array(4)); },
  async () => { let q; const r = new ReadableStream({ type: "bytes", pull(c) { q = c.byobRequest; q.respond(1); } }).getReader({ mode: "byob" }); await r.read(new Uint8Array(4)); return [q.view, await state((async () => q.respond(1))())]; },
  async () => { let v; const r = new ReadableStream({ type: "bytes", autoAllocateChunkSize: 10, pull(c) { v = c.byobRequest.view.byteLength; c.byobRequest.view[0] = 9; c.byobRequest.respond(1); } }).getReader(); return [await r.read(), v]; },
  async () => { const r = new ReadableStream({ type: "bytes", start(c) { c.enqueue(new Uint16Array([1, 2])); c.close(); } }).getReader(); return r.read(); },
  async () => { const [s, c] = make({ type: "bytes" }); c.enqueue(U(1, 2, 3)); const r = s.getReader({ mode: "byob" }); const x = await r.read(new Uint16Array(2)); return x; },
  async () => { const [s, c] = make({ type: "bytes" }); c.enqueue(U(1, 2, 3)); c.close(); const r = s.getReader({ mode: "byob" }); const x = await r.read(new Uint16Array(2)); return [x, await state(r.read(new Uint16Array(2)))]; },
  async () => { const [s, c] = make({ type: "bytes" }); const r = s.getReader({ mode: "byob" }); const p = r.read(new Uint8Array(2)); c.close(); return [await state(p), c.byobRequest?.view.byteLength]; },
  async () => { const [a, b] = new ReadableStream({ type: "bytes", start(c) { c.enqueue(U(1, 2)); c.close(); } }).tee(); const x = (await a.getReader({ mode: "byob" }).read(new Uint8Array(2))).value, y = (await b.getReader().read()).value; return [x, y, x === y]; },
]);
