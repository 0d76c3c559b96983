// Async iteration of a ReadableStream, and ReadableStream.from().
import { checks } from "../checks.js";

const all = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
};

export default checks([
  async () => { const s = new ReadableStream({ start(c) { c.enqueue(1); c.close(); } }); for await (const x of s.values({ preventCancel: true })) break; return [s.locked, await s.getReader().read()]; },
  async () => { let why = "none"; const s = new ReadableStream({ start(c) { c.enqueue(1); }, cancel(r) { why = r; } }); for await (const x of s) break; return [s.locked, why]; },
  async () => { let why = "none"; const s = new ReadableStream({ start(c) { c.enqueue(1); }, cancel(r) { why = r; } }); try { for await (const x of s) throw new RangeError("out"); } catch {} return [s.locked, why]; },
  async () => { const i = ReadableStream.from([1, 2]).values(); return [await i.next(), await i.return("z"), await i.next()]; },
  async () => { const i = ReadableStream.from([1, 2, 3]).values(); return Promise.all([i.next(), i.next(), i.next(), i.next()]); },
  () => ReadableStream.from(1),
  () => ReadableStream.from(),
  () => ReadableStream.from(null),
  () => ReadableStream.from({}),
  async () => all(ReadableStream.from("häj")),
  async () => all(ReadableStream.from([Promise.resolve(1), 2])),
  async () => all(ReadableStream.from((async function* () { yield 1; throw new RangeError("gen"); })())),
  async () => { let done = 0; const g = (function* () { try { yield 1; yield 2; } finally { done++; } })(); const s = ReadableStream.from(g); const r = s.getReader(); await r.read(); await r.cancel("x"); return done; },
  async () => all(ReadableStream.from({ [Symbol.asyncIterator]: () => ({ next: () => 5 }) })),
  async () => all(ReadableStream.from(new ReadableStream({ start(c) { c.enqueue("in"); c.close(); } }))),
]);
