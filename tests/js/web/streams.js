// Streams. Expected lines are what workerd prints.
const tests = [
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
];

async function line(test) {
  const source = test.toString().replace(/^(async )?\(\) => /, "");
  try {
    const value = await test();
    return `${source} = ${typeof value === "string" ? JSON.stringify(value) : Array.isArray(value) ? JSON.stringify(value) : String(value)}`;
  } catch (e) {
    return `${source} throws ${e?.name}: ${e?.message}`;
  }
}

export default {
  async fetch(request) {
    globalThis.request = request;
    const lines = [];
    for (const test of tests) lines.push(await line(test));
    return new Response(lines.join("\n") + "\n");
  },
};

// expect: { const s = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.close(); } }); const r = []; for await (const x of s) r.push(x); return r; } = [1,2]
// expect: { const s = ReadableStream.from(["a", "b"]); const r = []; for await (const x of s) r.push(x); return r; } = ["a","b"]
// expect: { let n = 0; const s = new ReadableStream({ pull(c) { c.enqueue(n++); if (n === 3) c.close(); } }); const d = s.getReader(); const r = []; for (;;) { const { done, value } = await d.read(); if (done) break; r.push(value); } return r; } = [0,1,2]
// expect: { let why; const s = new ReadableStream({ cancel(r) { why = r; } }); await s.cancel("x"); return why; } = "x"
// expect: { const s = new ReadableStream({ start(c) { c.error(new RangeError("bad")); } }); return s.getReader().read(); } throws RangeError: bad
// expect: { const t = new TransformStream({ transform(x, c) { c.enqueue(x * 2); } }); const w = t.writable.getWriter(); w.write(4); w.close(); const r = []; for await (const x of t.readable) r.push(x); return r; } = [8]
// expect: { const got = []; await ReadableStream.from([1, 2]).pipeTo(new WritableStream({ write(x) { got.push(x); }, close() { got.push("end"); } })); return got; } = [1,2,"end"]
// expect: { const [a, b] = ReadableStream.from([1, 2]).tee(); const r = []; for await (const x of a) r.push(x); for await (const x of b) r.push(x); return r; } = [1,2,1,2]
// expect: { const s = new ReadableStream({ type: "bytes", start(c) { c.enqueue(new Uint8Array([1, 2, 3])); c.close(); } }); const r = s.getReader({ mode: "byob" }); const x = await r.read(new Uint8Array(2)); return [...x.value]; } = [1,2]
// expect: { const s = new IdentityTransformStream(); const w = s.writable.getWriter(); w.write(new Uint8Array([1, 2])); w.close(); return [...(await new Response(s.readable).bytes())]; } = [1,2]
// expect: { const s = new FixedLengthStream(2); const w = s.writable.getWriter(); w.write(new Uint8Array([1, 2])); w.close(); return (await new Response(s.readable).bytes()).length; } = 2
// expect: { const s = new ReadableStream(); s.getReader(); return s.locked; } = true
// expect: new ByteLengthQueuingStrategy({ highWaterMark: 5 }).size(new Uint8Array(3)) = 3
// expect: [ReadableStream.name, WritableStream.name, TransformStream.name, Object.prototype.toString.call(new ReadableStream())] = ["ReadableStream","WritableStream","TransformStream","[object ReadableStream]"]
