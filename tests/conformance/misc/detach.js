// Buffers that a getter, a toString or a later line detaches or resizes in the middle of a call: an error or the bytes as
// they were, never bytes of something else.
import { checks } from "../checks.js";

const bytes = (...list) => new Uint8Array(list);
const detach = (view) => view.buffer.transfer();
const detacher = (view, text) => ({ toString() { detach(view); return text; } });

export default checks([
  () => { const b = bytes(1, 2, 3); return [new TextEncoder().encodeInto(detacher(b, "abc"), b), b.length]; },
  () => { const b = bytes(65, 66); detach(b); return new TextDecoder().decode(b); },
  async () => { const b = bytes(65, 66, 67); const r = new Response(b); b.fill(90); return r.text(); },
  async () => { const b = bytes(65, 66, 67); const r = new Response(b); detach(b); return r.text(); },
  async () => { const b = bytes(65, 66, 67); detach(b); return (await new Response(b).bytes()).length; },
  async () => { const b = bytes(65, 66, 67); const r = new Request("http://a/", { method: "POST", body: b, get headers() { detach(b); return {}; } }); return (await r.bytes()).length; },
  async () => { const b = bytes(65, 66); const blob = new Blob([b]); b.fill(0); return blob.text(); },
  () => { const b = new ArrayBuffer(4, { maxByteLength: 8 }); const v = new Uint8Array(b, 2); b.resize(1); return new TextDecoder().decode(v); },
  async () => { const b = new ArrayBuffer(4, { maxByteLength: 8 }); new Uint8Array(b).fill(65); const r = new Response(new Uint8Array(b)); b.resize(0); return r.text(); },
  () => { const b = bytes(1, 2, 3); return structuredClone({ b, get a() { detach(b); return 1; } }).b; },
  () => { const b = bytes(1, 2, 3); return structuredClone([b, b.buffer], { transfer: [b.buffer] }).map((x) => x.byteLength).concat(b.length); },
  async () => {
    const b = bytes(1, 2, 3);
    const s = new ReadableStream({ type: "bytes", start(c) { c.enqueue(b); } });
    return [b.length, (await s.getReader().read()).value];
  },
  async () => { const s = new ReadableStream({ type: "bytes", start(c) { const b = bytes(1); detach(b); c.enqueue(b); } }); return s.getReader().read(); },
  async () => {
    const s = new ReadableStream({ type: "bytes", pull(c) { c.byobRequest.respondWithNewView(new Uint8Array(8)); } });
    return s.getReader({ mode: "byob" }).read(bytes(0, 0));
  },
  async () => { const b = bytes(0, 0); detach(b); return new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" }).read(b); },
  async () => {
    const t = new IdentityTransformStream(), w = t.writable.getWriter(), b = bytes(1, 2, 3);
    const written = w.write(b).catch(() => {});
    b.fill(9);
    const { value } = await t.readable.getReader().read();
    await written;
    return value.length;
  },
  () => { const b = bytes(1, 2, 3); crypto.getRandomValues(b); detach(b); return crypto.getRandomValues(b).length; },
  () => new URL(detacher(bytes(1), "http://a/b")).href,
  () => new Headers([[{ toString: () => "a" }, { toString: () => "b" }]]).get("a"),
  () => { const list = [["a", "b"], ["c", "d"]]; list[0][Symbol.iterator] = function* () { list.length = 1; yield "x"; yield "y"; }; return [...new Headers(list)]; },
  () => { const h = new Headers({ a: "1" }); const seen = []; for (const [k] of h) { seen.push(k); h.delete("a"); h.append("b", "2"); if (seen.length > 4) break; } return seen; },
  () => { const p = new URLSearchParams("a=1"); p.forEach((v, k, self) => { if (self.size < 5) self.append(k, v); }); return p.size; },
]);
